/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_report.h"

#include <string.h>

void ike_report_rule(GString *out, char c)
{
    for (int i = 0; i < IKE_REPORT_WIDTH; i++)
        g_string_append_c(out, c);
    g_string_append_c(out, '\n');
}

/* Bytes up to the next blank; a longer word is broken where the line ends. */
static size_t word_length(const char *text, size_t widest)
{
    return MIN(strcspn(text, " "), widest);
}

void ike_report_wrap(GString *out, const char *head, const char *text)
{
    const size_t indent = strlen(head);
    size_t column = indent;

    g_string_append(out, head);
    while (*text) {
        const size_t n = word_length(text, IKE_REPORT_WIDTH - indent);

        if (column > indent && column + 1 + n > IKE_REPORT_WIDTH) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (column > indent) {
            g_string_append_c(out, ' ');
            column++;
        }
        g_string_append_len(out, text, (gssize)n);
        column += n;
        text += n;
        while (*text == ' ')
            text++;
    }
    g_string_append_c(out, '\n');
}

static void append_endpoint(GString *out, const ike_endpoint *endpoint, bool port)
{
    if (!endpoint)
        g_string_append_c(out, '-');
    else if (port)
        ike_endpoint_append(out, endpoint);
    else
        ike_addr_append(out, &endpoint->addr);
}

void ike_report_peers(GString *out, const ike_sa *sa, const char *arrow, bool ports)
{
    append_endpoint(out, ike_sa_endpoint(sa, IKE_ROLE_INITIATOR), ports);
    g_string_append(out, sa->initiator == IKE_SIDE_NONE ? " <-> " : arrow);
    append_endpoint(out, ike_sa_endpoint(sa, IKE_ROLE_RESPONDER), ports);
}

/* ---- words ---- */

const char *ike_report_role(const ike_sa *sa, ike_side side)
{
    static const char *const words[] = { "the other side", "the initiator", "the responder" };

    return words[ike_sa_role(sa, side)];
}

void ike_report_utc(GString *out, ike_time time)
{
    const gsize from = out->len;

    ike_iso_append(out, time);
    if (out->len == from) {
        g_string_append_c(out, '-');
        return;
    }
    out->str[from + strlen("2012-11-02")] = ' ';
    g_string_truncate(out, out->len - 1);
}

void ike_report_frames(GString *out, const char *before, uint32_t first, uint32_t last)
{
    g_string_append(out, before);
    if (first == last)
        g_string_append_printf(out, "frame %u", first);
    else
        g_string_append_printf(out, "frames %u-%u", first, last);
}

void ike_report_natted(GString *out, const ike_sa *sa)
{
    const gsize before = out->len;

    for (int side = 0; side < 2 && sa->initiator != IKE_SIDE_NONE; side++) {
        const ike_natted natted = ike_sa_natted(sa, side);

        if (natted >= IKE_NAT_MAYBE)
            g_string_append_printf(out, "%s%s is behind a NAT%s", out->len > before ? "; " : "",
                                   ike_report_role(sa, side),
                                   natted == IKE_NAT_PROVEN ? " (observed)"
                                                            : ", or forces encapsulation (inferred)");
    }
}

unsigned ike_report_repeats(const ike_list *findings)
{
    unsigned whole = 0, pieces[2][UINT8_MAX + 1] = { 0 }, most[2] = { 0, 0 };

    for (guint i = 0; i < findings->len; i++) {
        const ike_finding *finding = findings->pdata[i];
        const ike_record *r = finding->note ? ike_note_record(finding->note) : NULL;

        if (finding->id != IKE_DIAG_RETRANS)
            continue;
        if (r && r->note.kind == IKE_NOTE_PIECE && r->side != IKE_SIDE_NONE) {
            const unsigned n = ++pieces[r->side][r->rare->fragment_number & UINT8_MAX];

            most[r->side] = MAX(most[r->side], n);
        } else {
            whole++;
        }
    }
    return whole + most[0] + most[1];
}

static void cut_datagrams(const ike_report *report)
{
    const unsigned n = ike_tracker_cut(report->of.tracker);
    GString *text = g_string_new(NULL);

    ike_count_append(text, n, "datagram", "datagrams");
    g_string_append_printf(text, " of UDP port 500 or 4500 %s cut by the capture, so that nothing could be "
                           "read of %s: capture with a larger snap length (tcpdump -s 0).",
                           n == 1 ? "was" : "were", n == 1 ? "it" : "them");
    ike_report_wrap(report->out, "", text->str);
    g_string_free(text, TRUE);
}

/* Packets of ESP or AH that count up: others may be none. */
static uint64_t numbered_packets(const ike_tracker *t)
{
    const ike_list *flows = ike_tracker_flows(t);
    uint64_t n = 0;

    for (guint i = 0; i < flows->len; i++) {
        const ike_flow *flow = flows->pdata[i];

        n += ike_flow_is_numbered(flow) ? flow->packets : 0;
    }
    return n;
}

static void no_negotiation(const ike_report *report)
{
    const uint64_t n = numbered_packets(report->of.tracker);

    g_string_append(report->out, "No IKE negotiation in this capture");
    if (n > 0)
        g_string_append_printf(report->out, ", but %" G_GUINT64_FORMAT " packets of ESP or AH, which the report sa lists",
                               n);
    g_string_append(report->out, ".\n");
}

static void no_data(const ike_report *report)
{
    const unsigned n = ike_tracker_wireguard(report->of.tracker);

    g_string_append(report->out, "No IKE, ESP, AH or piece of IKE in this capture");
    if (n > 0) {
        g_string_append(report->out, ", but ");
        ike_count_append(report->out, n, "packet", "packets");
        g_string_append(report->out, " of WireGuard on UDP 4500");
    }
    g_string_append(report->out, ".\n");
}

void ike_report_absent(const ike_report *report)
{
    const bool cut = !report->of.sas && ike_tracker_cut(report->of.tracker) > 0;
    const bool none = ike_totals_of(&report->of).sas == 0;

    if (cut)
        cut_datagrams(report);
    if (ike_tracker_span(report->of.tracker).frames == 0)
        g_string_append(report->out, "The capture has no packets.\n");
    else if (!ike_tracker_has_data(report->of.tracker) && !cut)
        no_data(report);
    else if (none && report->of.sas)
        g_string_append(report->out, "No negotiation matches the filter.\n");
    else if (none && !cut)
        no_negotiation(report);
}

bool ike_report_has_version(const ike_report *report, unsigned version)
{
    const ike_list *sas = ike_tracker_sas(report->of.tracker);

    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(&report->of, sas->pdata[i]) &&
            ((const ike_sa *)sas->pdata[i])->version == version)
            return true;
    return false;
}

void ike_report_two_columns(GString *out, const char *a, const char *b, int width, const char *indent)
{
    if ((int)strlen(a) < width && (int)strlen(b) < width)
        g_string_append_printf(out, "%-*s%-*s", width, a, width, b);
    else
        g_string_append_printf(out, "%s\n%s%s\n%s%*s", a, indent, b, indent, 2 * width, "");
}

void ike_report_fact(const ike_report *report, const char *name, const char *text)
{
    char head[32];

    g_snprintf(head, sizeof head, IKE_REPORT_INDENT "%-14s", name);
    ike_report_wrap(report->out, head, text);
}
