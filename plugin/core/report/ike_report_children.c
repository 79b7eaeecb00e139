/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of Quick Modes and Child SAs, in the spirit of "netsh ipsec dynamic show qmsas".
 */
#include "ike_ledger.h"
#include "ike_report.h"

static void addr_of(GString *out, const ike_exchange *exchange, bool opener)
{
    const ike_endpoint *endpoint = ike_child_host(exchange, opener);

    if (endpoint)
        ike_addr_append(out, &endpoint->addr);
    else
        g_string_append_c(out, '-');
}

#define LONG_SPAN (10000 * IKE_SECOND) /* has no room for decimals in a column of 8 */

static void append_span(GString *out, ike_time span)
{
    if (span < 0)
        g_string_append_c(out, '-');
    else if (span < LONG_SPAN)
        ike_seconds_append(out, span);
    else
        g_string_append_printf(out, "%" G_GINT64_FORMAT, span / IKE_SECOND);
}

/* What passed in one direction: "c5cd2433 (only candidate): 43 packets, 4128 bytes, in UDP" */
static void flow_line(const ike_report *report, const ike_exchange *exchange, bool from_opener)
{
    const ike_flow *flow = ike_child_flow(exchange, from_opener);
    GString *text;

    if (!flow)
        return;
    text = g_string_new(NULL);
    g_string_printf(text, "%s %08x (%s): ", ike_flow_kind(flow), flow->spi, ike_tied_by_name(flow->tied_by));
    ike_count_append(text, flow->packets, "packet", "packets");
    g_string_append_printf(text, ", %" G_GUINT64_FORMAT " bytes", flow->bytes);
    ike_report_wrap(report->out, from_opener ? "                        to the responder  "
                                             : "                        to the initiator  ", text->str);
    g_string_free(text, TRUE);
}

static void child_row(const ike_report *report, const ike_exchange *exchange)
{
    GString *i = g_string_new(NULL), *r = g_string_new(NULL), *times = g_string_new(NULL);

    addr_of(i, exchange, true);
    addr_of(r, exchange, false);
    g_string_append_printf(report->out, "%6d %3u  %08x    ", exchange->child,
                           exchange->sa->number, exchange->message_id);
    ike_report_two_columns(report->out, i->str, r->str, 17, "                        ");
    append_span(times, ike_child_setup(exchange));
    g_string_append_printf(report->out, "%-14s %4u %4u %8s", ike_child_state_word(exchange),
                           exchange->records.len, ike_child_repeats(exchange), times->str);
    g_string_truncate(times, 0);
    append_span(times, ike_child_first_packet(exchange));
    g_string_append_printf(report->out, " %8s\n", times->str);
    ike_report_agreement(report, exchange);
    flow_line(report, exchange, true);
    flow_line(report, exchange, false);
    g_string_free(i, TRUE);
    g_string_free(r, TRUE);
    g_string_free(times, TRUE);
}

static unsigned child_rows(const ike_report *report, const ike_sa *sa, unsigned *encrypted)
{
    unsigned n = 0;

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        if (!exchange->leads_child)
            continue;
        child_row(report, exchange);
        *encrypted += !ike_child_is_decrypted(exchange);
        n++;
    }
    return n;
}

/* IKEv2 has no modes: their names stand for what is in the tables while only IKEv1 is there. */
static const char *child_title(const ike_report *report)
{
    if (!ike_report_has_version(report, 2))
        return "Quick Mode";
    return ike_report_has_version(report, 1) ? "Quick Mode and Child" : "Child";
}

void ike_report_children(const ike_report *report)
{
    const ike_list *sas = ike_tracker_sas(report->of.tracker);
    unsigned n = 0, encrypted = 0;

    g_string_append_printf(report->out, "\nIKE %s Security Associations\n",
                           child_title(report));
    ike_report_rule(report->out, '-');
    g_string_append(report->out, " Child  SA  Message ID  Initiator        Responder        "
                                 "State          Msgs Retr  Setup s  1st pkt\n");
    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(&report->of, sas->pdata[i]))
            n += child_rows(report, sas->pdata[i], &encrypted);
    if (encrypted)
        g_string_append_printf(report->out, "        Proposal, SPIs and traffic selectors are encrypted%s.\n",
                               encrypted < n ? " where none are shown" : "");
    if (n == 0)
        g_string_append(report->out, "        none\n");
}
