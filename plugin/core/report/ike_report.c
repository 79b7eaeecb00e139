/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_report.h"

#include <string.h>

static const ike_table *const diag_tables[] = { &ike_table_negotiation, &ike_table_finding, NULL };
static const ike_table *const sa_tables[] = { &ike_table_ike_sa, &ike_table_child_sa, &ike_table_ipsec_sa,
                                              NULL };
static const ike_table *const stat_tables[] = { &ike_table_counter, NULL };
static const ike_table *const audit_tables[] = { &ike_table_event, NULL };
static const ike_table *const log_tables[] = { &ike_table_message, NULL };
static const ike_table *const report_tables[] = { &ike_table_negotiation, &ike_table_finding,
                                                  &ike_table_ike_sa,      &ike_table_child_sa,
                                                  &ike_table_ipsec_sa,    &ike_table_counter,
                                                  NULL };

static void text_of_three(const ike_report *report)
{
    ike_report_diag(report);
    g_string_append_c(report->out, '\n');
    ike_report_sa(report);
    g_string_append_c(report->out, '\n');
    ike_report_stat(report);
}

static void rows_of_three(const ike_report *report)
{
    ike_rows_diag(report);
    ike_rows_sa(report);
    ike_rows_stat(report);
}

const ike_report_kind ike_report_kinds[] = {
    { "diag", "IKE diagnosis", ike_report_diag, ike_rows_diag, diag_tables },
    { "sa", "IKE security associations", ike_report_sa, ike_rows_sa, sa_tables },
    { "stat", "IKE statistics", ike_report_stat, ike_rows_stat, stat_tables },
    { "audit", "Windows audit events", ike_report_audit, ike_rows_audit, audit_tables },
    { "log", "IKE log", ike_report_log, ike_rows_log, log_tables },
    { "report", "IKE report", text_of_three, rows_of_three, report_tables },
    { NULL, NULL, NULL, NULL, NULL },
};

bool ike_report_covers(const ike_report *report, const ike_sa *sa)
{
    return !report->selected ||
           g_hash_table_contains(report->selected, GUINT_TO_POINTER(sa->number));
}

static void count_findings(const ike_list *distinct, ike_totals *totals)
{
    for (guint i = 0; i < distinct->len; i++) {
        const ike_finding *finding = distinct->pdata[i];

        totals->errors += finding->severity == IKE_SEVERITY_ERROR;
        totals->warnings += finding->severity == IKE_SEVERITY_WARN;
        totals->notes += finding->severity == IKE_SEVERITY_NOTE;
    }
}

static void count_sa(const ike_sa *sa, ike_totals *totals)
{
    totals->sas++;
    totals->failed += sa->is_failed;
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        totals->children += ((const ike_exchange *)sa->more->exchanges.pdata[i])->leads_child;
    totals->messages += ike_sa_messages(sa);
    count_findings(&sa->distinct, totals);
}

ike_totals ike_report_totals(const ike_report *report)
{
    const ike_list *sas = ike_tracker_sas(report->tracker);
    ike_totals totals = { 0 };

    for (guint i = 0; i < sas->len; i++)
        if (ike_report_covers(report, sas->pdata[i]))
            count_sa(sas->pdata[i], &totals);
    if (!report->selected) {
        count_findings(ike_tracker_orphans(report->tracker), &totals);
        totals.messages += ike_record_messages(ike_tracker_outside(report->tracker));
    }
    totals.has_data = report->selected ? totals.sas > 0 : ike_tracker_has_data(report->tracker);
    return totals;
}

ike_result ike_totals_result(const ike_totals *totals)
{
    if (!totals->has_data)
        return IKE_RESULT_NODATA;
    if (totals->errors || totals->failed)
        return IKE_RESULT_FAIL;
    return totals->warnings ? IKE_RESULT_WARN : totals->notes ? IKE_RESULT_NOTE : IKE_RESULT_OK;
}

ike_result ike_report_result_of(const ike_sa *sa)
{
    ike_totals totals = { .has_data = true, .failed = sa->is_failed };

    count_findings(&sa->distinct, &totals);
    return ike_totals_result(&totals);
}

ike_result ike_report_result_of_findings(const ike_list *findings)
{
    ike_totals totals = { .has_data = true };

    count_findings(findings, &totals);
    return ike_totals_result(&totals);
}

ike_evidence ike_report_state_evidence(const ike_sa *sa)
{
    const ike_finding *deciding = ike_report_deciding(&sa->distinct);

    if (sa->is_failed)
        return deciding ? deciding->evidence : IKE_INFERRED;
    return sa->state == IKE_STATE_PROBABLY_ESTABLISHED ? IKE_INFERRED : IKE_OBSERVED;
}

bool ike_report_has_setup_time(const ike_sa *sa)
{
    return sa->more->established && !sa->is_joined && !sa->is_failed &&
           sa->more->established->note.time >= sa->first_time;
}

const char *ike_result_name(ike_result result)
{
    static const char *const names[] = {
        [IKE_RESULT_NODATA] = "NODATA", [IKE_RESULT_OK] = "OK",     [IKE_RESULT_NOTE] = "NOTE",
        [IKE_RESULT_WARN] = "WARN",     [IKE_RESULT_FAIL] = "FAIL",
    };

    return names[result];
}

static void closing_line(const ike_report *report)
{
    const ike_totals totals = ike_report_totals(report);

    g_string_append_printf(report->out,
                           "ikex: result=%s errors=%u warnings=%u notes=%u failed=%u sas=%u "
                           "children=%u messages=%u\n",
                           ike_result_name(ike_totals_result(&totals)), totals.errors, totals.warnings, totals.notes,
                           totals.failed, totals.sas, totals.children, totals.messages);
}

static void write_rows(ike_report *report, const ike_report_kind *kind, const ike_format *format)
{
    const ike_totals totals = ike_report_totals(report);
    const ike_row closing = { .tracker = report->tracker, .totals = &totals };

    report->writer = ike_writer_new(format, kind->tables, kind->title, report->filter, report->out);
    kind->rows(report);
    ike_writer_row(report->writer, &ike_table_result, &closing);
    ike_writer_free(report->writer);
}

void ike_report_write(ike_tracker *tracker, const ike_report_kind *kind, const ike_format *format,
                      GHashTable *selected, const char *filter, GString *out)
{
    ike_report report = { tracker, selected, filter, out, NULL };

    if (format) {
        write_rows(&report, kind, format);
        return;
    }
    kind->text(&report);
    closing_line(&report);
}

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
    const unsigned n = ike_tracker_cut(report->tracker);
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
    const uint64_t n = numbered_packets(report->tracker);

    g_string_append(report->out, "No IKE negotiation in this capture");
    if (n > 0)
        g_string_append_printf(report->out, ", but %" G_GUINT64_FORMAT " packets of ESP or AH, which the report sa lists",
                               n);
    g_string_append(report->out, ".\n");
}

static void no_data(const ike_report *report)
{
    const unsigned n = ike_tracker_wireguard(report->tracker);

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
    const bool cut = !report->selected && ike_tracker_cut(report->tracker) > 0;
    const bool none = ike_report_totals(report).sas == 0;

    if (cut)
        cut_datagrams(report);
    if (ike_tracker_span(report->tracker).frames == 0)
        g_string_append(report->out, "The capture has no packets.\n");
    else if (!ike_tracker_has_data(report->tracker) && !cut)
        no_data(report);
    else if (none && report->selected)
        g_string_append(report->out, "No negotiation matches the filter.\n");
    else if (none && !cut)
        no_negotiation(report);
}

bool ike_report_has_version(const ike_report *report, unsigned version)
{
    const ike_list *sas = ike_tracker_sas(report->tracker);

    for (guint i = 0; i < sas->len; i++)
        if (ike_report_covers(report, sas->pdata[i]) &&
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
