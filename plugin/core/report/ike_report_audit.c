/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -z ikex,audit: the events that Windows hosts would log. What both hosts log is one entry.
 */
#include "ike_event.h"
#include "ike_report.h"

static void line(const ike_report *report, GString *text)
{
    if (text->len)
        ike_report_wrap(report->out, IKE_REPORT_INDENT, text->str);
    g_string_truncate(text, 0);
}

static void append_number(GString *out, unsigned id)
{
    if (id)
        g_string_append_printf(out, "%u", id);
    else
        g_string_append_c(out, '-');
}

/* "4653 (or 4652) / 547 545": both generations. */
static void append_numbers(GString *out, const ike_event *event)
{
    const bool is_legacy = event->also && event->also < 1000;

    append_number(out, event->id);
    if (event->alternative)
        g_string_append_printf(out, " (or %u)", event->alternative);
    if (event->also && !is_legacy)
        g_string_append_printf(out, " %u", event->also);
    g_string_append(out, " / ");
    append_number(out, event->legacy);
    if (is_legacy)
        g_string_append_printf(out, " %u", event->also);
}

static void append_host(GString *out, const ike_event *event, ike_side side)
{
    const ike_endpoint *endpoint = ike_sa_endpoint_of(event->sa, side);

    g_string_append_printf(out, "%s ", ike_role_name(ike_event_role(event, side)));
    if (endpoint)
        ike_endpoint_append(out, endpoint);
    else
        g_string_append_c(out, '-');
}

static void hosts_line(const ike_report *report, const ike_event *event, bool both, GString *text)
{
    g_string_append(text, both ? "on both hosts: " : "on the ");
    append_host(text, event, event->host);
    g_string_append(text, both ? ", " : "; peer: ");
    append_host(text, event, ike_side_other(event->host));
    g_string_append_printf(text, ". SA %u", event->sa->number);
    if (event->child && event->child->child >= 0)
        g_string_append_printf(text, ", child %d", event->child->child);
    g_string_append_printf(text, ", frame %u (%s)", event->frame, ike_evidence_name(event->evidence));
    line(report, text);
}

/* What both generations of events name, and what joins them with a log. */
static void keys_line(const ike_report *report, const ike_event *event, GString *text)
{
    g_string_append_printf(text, "Initiator Cookie: %016" G_GINT64_MODIFIER "x, Responder Cookie: %016"
                           G_GINT64_MODIFIER "x", event->sa->spi_i, event->sa->spi_r);
    if (event->mode != IKE_EVENT_MAIN_MODE && event->child)
        g_string_append_printf(text, ", Message ID: %08x", event->child->message_id);
    line(report, text);
}

static void spi_line(const ike_report *report, const ike_event *event, GString *text)
{
    const ike_flow *from, *to;

    if (event->spi)
        g_string_append_printf(text, "Inbound SA SPI: %08x", event->spi);
    line(report, text);
    if (event->mode != IKE_EVENT_QUICK_MODE || !event->child)
        return;
    from = ike_child_flow(event->child, true);
    to = ike_child_flow(event->child, false);
    if (from)
        g_string_append_printf(text, "SPI: %08x from the initiator", from->spi);
    if (to)
        g_string_append_printf(text, "%s%08x to the initiator", from ? ", " : "SPI: ", to->spi);
    if (from || to)
        g_string_append_printf(text, " (%s)", ike_tied_by_name((from ? from : to)->tied_by));
    line(report, text);
}

static void failure_line(const ike_report *report, const ike_event *event, GString *text)
{
    const char *reason = ike_reason_text(event->reason);

    if (event->point == IKE_FAILED_NOWHERE)
        return;
    g_string_append_printf(text, "Mode: %s, Failure Point: %s, State: %s, Failure Reason: ",
                           ike_event_mode_name(event->mode), event->point == IKE_FAILED_ME ? "Me" : "Peer",
                           event->state ? event->state : "-");
    if (reason)
        g_string_append_printf(text, "%u %s", event->reason, reason);
    else
        g_string_append_c(text, '-');
    line(report, text);
}

/* Of a Main Mode SA that was established. */
static void parameters_line(const ike_report *report, const ike_event *event, GString *text)
{
    if (event->id == 4650 || event->id == 4651 || event->id == 4979)
        ike_report_chosen(text, event->sa);
    if (text->len)
        g_string_prepend(text, "Parameters: ");
    line(report, text);
}

static void finding_line(const ike_report *report, const ike_event *event, GString *text)
{
    if (event->finding)
        g_string_append_printf(text, "because of %s: %s", ike_diagnosis_get(event->finding)->id,
                               ike_diagnosis_summary(event->finding, event->evidence));
    line(report, text);
}

static void entry(const ike_report *report, const ike_event *event, bool both)
{
    GString *text = g_string_new(NULL), *head = g_string_new(NULL);

    ike_report_utc(head, event->time);
    g_string_append(head, "  ");
    append_numbers(text, event);
    g_string_append_printf(text, ": %s", ike_event_text(event));
    if (event->count > 1)
        g_string_append_printf(text, " (%u times)", event->count);
    ike_report_wrap(report->out, head->str, text->str);
    g_string_truncate(text, 0);
    hosts_line(report, event, both, text);
    keys_line(report, event, text);
    spi_line(report, event, text);
    failure_line(report, event, text);
    parameters_line(report, event, text);
    finding_line(report, event, text);
    g_string_free(head, TRUE);
    g_string_free(text, TRUE);
}

void ike_report_audit(const ike_report *report)
{
    GArray *events = ike_events_new(&report->of);

    ike_report_rule(report->out, '=');
    g_string_append(report->out, "Windows audit events, derived from packets, not copied from a Windows log\n");
    ike_report_wrap(report->out, "Filter: ", report->filter ? report->filter : "<none>");
    ike_report_wrap(report->out, "", "Each entry: time in UTC of the frame it follows from (a host logs a timeout "
                    "later), event of Windows Vista and later / of XP and 2003. Known to the host only: principal "
                    "names, filter IDs, SA IDs: -.");
    ike_report_rule(report->out, '-');
    for (guint i = 0; i < events->len; i++) {
        const ike_event *event = &g_array_index(events, ike_event, i);
        const bool both = i + 1 < events->len && ike_event_same(event, event + 1);

        entry(report, event, both);
        i += both;
    }
    if (events->len == 0 && ike_totals_of(&report->of).sas)
        g_string_append(report->out, "No event.\n");
    ike_report_absent(report);
    ike_report_rule(report->out, '=');
    g_array_free(events, TRUE);
}
