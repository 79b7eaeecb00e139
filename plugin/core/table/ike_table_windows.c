/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows of the reports audit and stat.
 */
#include "ike_counter.h"
#include "ike_event.h"
#include "ike_report.h"
#include "ike_table.h"

/* ---- events ---- */

static void get_time(ike_cell *cell, const ike_row *row)
{
    ike_cell_time(cell, row->event->time);
}

static void get_frame(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->event->frame);
}

static void get_number(ike_cell *cell, unsigned id)
{
    if (id)
        ike_cell_count(cell, id);
}

static void get_event(ike_cell *cell, const ike_row *row)
{
    get_number(cell, row->event->id);
}

static void get_alternative(ike_cell *cell, const ike_row *row)
{
    get_number(cell, row->event->alternative);
}

static void get_legacy(ike_cell *cell, const ike_row *row)
{
    get_number(cell, row->event->legacy);
}

static void get_also(ike_cell *cell, const ike_row *row)
{
    get_number(cell, row->event->also);
}

static void get_text(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_event_text(row->event));
}

static void get_count(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->event->count);
}

static void get_mode(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_event_mode_name(row->event->mode));
}

static void get_module(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_event_module_name(row->sa));
}

static void get_role(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_role_name(ike_event_role(row->event, row->event->host)));
}

static void get_host(ike_cell *cell, const ike_row *row, ike_side side)
{
    const ike_endpoint *endpoint = ike_sa_endpoint_of(row->sa, side);

    if (endpoint)
        ike_addr_append(ike_cell_write(cell), &endpoint->addr);
}

static void get_port(ike_cell *cell, const ike_row *row, ike_side side)
{
    const ike_endpoint *endpoint = ike_sa_endpoint_of(row->sa, side);

    if (endpoint)
        ike_cell_count(cell, endpoint->port);
}

static void get_local(ike_cell *cell, const ike_row *row)
{
    get_host(cell, row, row->event->host);
}

static void get_local_port(ike_cell *cell, const ike_row *row)
{
    get_port(cell, row, row->event->host);
}

static void get_remote(ike_cell *cell, const ike_row *row)
{
    get_host(cell, row, ike_side_other(row->event->host));
}

static void get_remote_port(ike_cell *cell, const ike_row *row)
{
    get_port(cell, row, ike_side_other(row->event->host));
}

static void get_point(ike_cell *cell, const ike_row *row)
{
    static const char *const points[] = { NULL, "Me", "Peer" };

    ike_cell_text(cell, points[row->event->point]);
}

static void get_state(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->event->state);
}

static void get_reason(ike_cell *cell, const ike_row *row)
{
    get_number(cell, row->event->reason);
}

static void get_reason_text(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_reason_text(row->event->reason));
}

static void get_finding(ike_cell *cell, const ike_row *row)
{
    if (row->event->finding)
        ike_cell_text(cell, ike_diagnosis_get(row->event->finding)->id);
}

static void get_summary(ike_cell *cell, const ike_row *row)
{
    if (row->event->finding)
        ike_cell_text(cell, ike_diagnosis_summary(row->event->finding, row->event->evidence));
}

static void get_known_by(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_evidence_name(row->event->evidence));
}

static void get_cipher(ike_cell *cell, const ike_row *row)
{
    if (row->event->mode == IKE_EVENT_MAIN_MODE)
        ike_get_sa_encryption(cell, row);
}

static void get_integrity(ike_cell *cell, const ike_row *row)
{
    if (row->event->mode == IKE_EVENT_MAIN_MODE)
        ike_get_sa_integrity(cell, row);
}

static void get_group(ike_cell *cell, const ike_row *row)
{
    if (row->event->mode == IKE_EVENT_MAIN_MODE)
        ike_get_sa_group(cell, row);
}

static void get_authentication(ike_cell *cell, const ike_row *row)
{
    if (row->event->mode == IKE_EVENT_MAIN_MODE)
        ike_get_sa_authentication(cell, row);
}

static void get_minutes(ike_cell *cell, const ike_row *row)
{
    if (row->event->mode == IKE_EVENT_MAIN_MODE && row->sa->more->has_chosen && row->sa->more->chosen.life_seconds)
        ike_cell_count(cell, row->sa->more->chosen.life_seconds / 60);
}

/* The SPI of what this host sends is that of "Outbound SPI". */
static void get_spi(ike_cell *cell, const ike_row *row, bool outbound)
{
    const ike_event *event = row->event;
    const ike_flow *flow = NULL;

    if (event->mode == IKE_EVENT_QUICK_MODE && row->child && row->child->opener != IKE_SIDE_NONE)
        flow = ike_child_flow(row->child, outbound == (row->child->opener == event->host));
    if (event->spi && !outbound)
        g_string_append_printf(ike_cell_write(cell), "%08x", event->spi);
    else if (flow)
        g_string_append_printf(ike_cell_write(cell), "%08x", flow->spi);
}

static void get_inbound(ike_cell *cell, const ike_row *row)
{
    get_spi(cell, row, false);
}

static void get_outbound(ike_cell *cell, const ike_row *row)
{
    get_spi(cell, row, true);
}

static void get_host_only(ike_cell *cell, const ike_row *row)
{
    (void)cell;
    (void)row;
}

static const ike_column event_columns[] = {
    { "time", IKE_CELL_TIME, "time of the frame it follows from; a host logs a timeout later", get_time },
    { "frame", IKE_CELL_COUNT, "that frame", get_frame },
    { "event", IKE_CELL_COUNT, "event of Windows Vista and later", get_event },
    { "event_alternative", IKE_CELL_COUNT, "the event instead of it, where what decides is encrypted",
      get_alternative },
    { "legacy_event", IKE_CELL_COUNT, "event of Windows XP and 2003", get_legacy },
    { "also", IKE_CELL_COUNT, "event that is logged with it: 544 to 546 in XP and 2003, 5049 in Vista and later",
      get_also },
    { "text", IKE_CELL_TEXT, "what the event says", get_text },
    { "count", IKE_CELL_COUNT, "how often: invalid packets are told once, with their number", get_count },
    { "mode", IKE_CELL_TEXT, "Main Mode, Quick Mode or Extended Mode; IPsec Driver for packets that were dropped", get_mode },
    { "module", IKE_CELL_TEXT, "keying module: IKEv1, AuthIP or IKEv2", get_module },
    { "role", IKE_CELL_TEXT, "role of the host that would log it: initiator or responder", get_role },
    { "local", IKE_CELL_TEXT, "address of this host", get_local },
    { "local_port", IKE_CELL_COUNT, "its port", get_local_port },
    { "remote", IKE_CELL_TEXT, "address of the other host", get_remote },
    { "remote_port", IKE_CELL_COUNT, "its port", get_remote_port },
    { "sa", IKE_CELL_COUNT, "number of the IKE SA: ikex.sa", ike_get_sa },
    { "child", IKE_CELL_COUNT, "number of the Quick Mode or Child SA negotiation: ikex.child", ike_get_child },
    { "initiator_cookie", IKE_CELL_TEXT, "initiator cookie, hexadecimal", ike_get_sa_spi_i },
    { "responder_cookie", IKE_CELL_TEXT, "responder cookie, hexadecimal", ike_get_sa_spi_r },
    { "message_id", IKE_CELL_TEXT, "message ID of the Quick Mode, hexadecimal", ike_get_child_message_id },
    { "inbound_spi", IKE_CELL_TEXT, "SPI of what this host receives, by its packets", get_inbound },
    { "outbound_spi", IKE_CELL_TEXT, "SPI of what this host sends, by its packets", get_outbound },
    { "failure_point", IKE_CELL_TEXT, "Me or Peer", get_point },
    { "failure_state", IKE_CELL_TEXT, "how far this host came", get_state },
    { "reason", IKE_CELL_COUNT, "system error code of the failure reason", get_reason },
    { "reason_text", IKE_CELL_TEXT, "its text", get_reason_text },
    { "finding", IKE_CELL_TEXT, "id of the finding that it follows from", get_finding },
    { "finding_summary", IKE_CELL_TEXT, "what that says", get_summary },
    { "cipher", IKE_CELL_TEXT, "of a Main Mode SA", get_cipher },
    { "integrity", IKE_CELL_TEXT, "of a Main Mode SA", get_integrity },
    { "group", IKE_CELL_TEXT, "of a Main Mode SA: Diffie-Hellman group", get_group },
    { "authentication", IKE_CELL_TEXT, "of a Main Mode SA: authentication method", get_authentication },
    { "lifetime_minutes", IKE_CELL_COUNT, "of a Main Mode SA", get_minutes },
    { "principal_name", IKE_CELL_TEXT, "known to the host only", get_host_only },
    { "filter_id", IKE_CELL_COUNT, "known to the host only", get_host_only },
    { "main_mode_sa_id", IKE_CELL_COUNT, "known to the host only", get_host_only },
    { "known_by", IKE_CELL_TEXT, "observed or inferred", get_known_by },
    { NULL, 0, NULL, NULL },
};

const ike_table ike_table_event = { "event", "Windows audit events", "An event that a Windows host would log; derived from packets.",
                                    event_columns };

/* ---- counters ---- */

static void get_counter_host(ike_cell *cell, const ike_row *row)
{
    if (row->counter->host)
        ike_addr_append(ike_cell_write(cell), row->counter->host);
    else
        ike_cell_text(cell, "total");
}

static void get_counter_group(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_counter_group_name(row->counter->info->group));
}

static void get_counter_module(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->counter->info->module);
}

static void get_counter_name(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->counter->info->name);
}

static void get_counter_value(ike_cell *cell, const ike_row *row)
{
    if (row->counter->is_known && row->counter->info->group != IKE_COUNTERS_TIME)
        ike_cell_count(cell, row->counter->count);
}

static void get_counter_seconds(ike_cell *cell, const ike_row *row)
{
    if (row->counter->is_known && row->counter->info->group == IKE_COUNTERS_TIME)
        ike_cell_span(cell, row->counter->span);
}

static void get_counter_trust(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_counter_trust_name(row->counter->info->trust));
}

static void get_counter_what(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->counter->info->what);
}

static const ike_column counter_columns[] = {
    { "host", IKE_CELL_TEXT, "address, or total", get_counter_host },
    { "group", IKE_CELL_TEXT, "Main Mode, Quick Mode, Key module, IPsec SAs, Dropped packets, Capture or Time to establish", get_counter_group },
    { "module", IKE_CELL_TEXT, "key module: IKEv1, AuthIP or IKEv2", get_counter_module },
    { "name", IKE_CELL_TEXT, "published name of the counter", get_counter_name },
    { "value", IKE_CELL_COUNT, "its value", get_counter_value },
    { "seconds", IKE_CELL_SECONDS, "its value, of a time", get_counter_seconds },
    { "availability", IKE_CELL_TEXT, "exact, approximate, or not in a capture", get_counter_trust },
    { "counts", IKE_CELL_TEXT, "what it counts here", get_counter_what },
    { NULL, 0, NULL, NULL },
};

const ike_table ike_table_counter = { "counter", "Statistics", "A counter of Windows, or of our own.", counter_columns };
