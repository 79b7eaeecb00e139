/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of IPsec SAs: what passed on each SPI, and which negotiation is taken to have made it.
 */
#include "ike_null.h"
#include "ike_report.h"

#include <string.h>

#define SHOWN_FLOWS 200 /* of a report; a flood of SPIs is summed up */

const char *ike_flow_kind(const ike_flow *flow)
{
    static const char *const words[] = { [IKE_IN_IP] = "ESP", [IKE_IN_UDP] = "ESP/UDP",
                                         [IKE_IN_TCP] = "ESP/TCP" };

    return flow->is_ah ? "AH" : words[flow->encapsulation];
}

static void append_child(GString *out, const ike_flow *flow)
{
    if (flow->child)
        g_string_append_printf(out, "%d%s", flow->child->child,
                               flow->tied_by == IKE_TIED_AMBIGUOUS ? "?" : "");
    else
        g_string_append_c(out, '-');
}

/* "8 missing, 2 repeated" */
static void append_remarks(GString *out, const ike_flow *flow)
{
    const uint64_t missing = ike_flow_missing(flow);

    if (missing)
        g_string_append_printf(out, "%" G_GUINT64_FORMAT " missing", missing);
    if (flow->repeats)
        g_string_append_printf(out, "%s%" G_GUINT64_FORMAT " repeated", out->len ? ", " : "",
                               flow->repeats);
    if (flow->fragmented)
        g_string_append_printf(out, "%s%" G_GUINT64_FORMAT " fragmented", out->len ? ", " : "",
                               flow->fragmented);
    if (ike_null_is(flow))
        g_string_append_printf(out, "%sNULL: %s", out->len ? ", " : "", ike_null_content(flow));
    if (out->len == 0)
        g_string_append_c(out, '-');
}

static void row(const ike_report *report, const ike_flow *flow)
{
    GString *src = g_string_new(NULL), *dst = g_string_new(NULL), *child = g_string_new(NULL);
    GString *remarks = g_string_new(NULL), *head = g_string_new(NULL);

    ike_addr_append(src, &flow->src.addr);
    ike_addr_append(dst, &flow->dst.addr);
    append_child(child, flow);
    append_remarks(remarks, flow);
    g_string_printf(head, " %08x  %-7s %5s  ", flow->spi, ike_flow_kind(flow), child->str);
    if (strlen(src->str) > 15 || strlen(dst->str) > 15) {
        g_string_append_printf(report->out, "%s%s\n%26s%s\n", head->str, src->str, "", dst->str);
        g_string_printf(head, "%58s", "");
    } else {
        g_string_append_printf(head, "%-15s  %-15s", src->str, dst->str);
    }
    g_string_append_printf(head, " %8" G_GUINT64_FORMAT " %10" G_GUINT64_FORMAT "  ", flow->packets,
                           flow->bytes);
    ike_report_wrap(report->out, head->str, remarks->str);
    g_string_free(src, TRUE);
    g_string_free(dst, TRUE);
    g_string_free(child, TRUE);
    g_string_free(remarks, TRUE);
    g_string_free(head, TRUE);
}

void ike_report_flows(const ike_report *report)
{
    const ike_list *flows = ike_tracker_flows(report->of.tracker);
    unsigned n = 0;

    g_string_append(report->out, "\nIPsec SAs, by the packets in the capture\n");
    ike_report_rule(report->out, '-');
    g_string_append(report->out, " SPI       Kind    Child  From             To               "
                                 " Packets      Bytes  Remarks\n");
    for (guint i = 0; i < flows->len; i++)
        if (ike_selects_flow(&report->of, flows->pdata[i]) && n++ < SHOWN_FLOWS)
            row(report, flows->pdata[i]);
    if (n > SHOWN_FLOWS)
        g_string_append_printf(report->out, " and %u more\n", n - SHOWN_FLOWS);
    if (n == 0)
        g_string_append(report->out, "           none\n");
    else
        g_string_append(report->out, "           Bytes from the SPI on. Child?: one of several that "
                                     "could have made it.\n");
}
