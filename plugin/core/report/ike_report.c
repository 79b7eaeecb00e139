/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_report.h"

#include <string.h>

const ike_report_kind ike_report_kinds[] = {
    { "diag", "IKE diagnosis", ike_report_diag },
    { "sa", "IKE security associations", ike_report_sa },
    { NULL, NULL, NULL },
};

bool ike_report_covers(const ike_report *report, const ike_sa *sa)
{
    return !report->selected ||
           g_hash_table_contains(report->selected, GUINT_TO_POINTER(sa->number));
}

static void count_findings(const GPtrArray *distinct, ike_totals *totals)
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
    for (guint i = 0; i < sa->exchanges->len; i++)
        totals->children += ((const ike_exchange *)sa->exchanges->pdata[i])->leads_child;
    totals->messages += ike_sa_messages(sa);
    count_findings(sa->distinct, totals);
}

ike_totals ike_report_totals(const ike_report *report)
{
    const GPtrArray *sas = ike_tracker_sas(report->tracker);
    ike_totals totals = { 0 };

    for (guint i = 0; i < sas->len; i++)
        if (ike_report_covers(report, sas->pdata[i]))
            count_sa(sas->pdata[i], &totals);
    if (!report->selected)
        count_findings(ike_tracker_orphans(report->tracker), &totals);
    totals.has_data = report->selected ? totals.sas > 0 : ike_tracker_has_data(report->tracker);
    return totals;
}

static ike_result result_of(const ike_totals *totals)
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

    count_findings(sa->distinct, &totals);
    return result_of(&totals);
}

bool ike_report_has_setup_time(const ike_sa *sa)
{
    return sa->established && !sa->is_joined && !sa->is_failed &&
           sa->established->note.time >= sa->first_time;
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
                           ike_result_name(result_of(&totals)), totals.errors, totals.warnings, totals.notes,
                           totals.failed, totals.sas, totals.children, totals.messages);
}

void ike_report_write(ike_tracker *tracker, const ike_report_kind *kind, GHashTable *selected,
                      const char *filter, GString *out)
{
    const ike_report report = { tracker, selected, filter, out };

    kind->write(&report);
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

static void append_endpoint(GString *out, const ike_side_state *side, bool port)
{
    if (side->n_endpoints == 0)
        g_string_append_c(out, '-');
    else if (port)
        ike_endpoint_append(out, &side->endpoints[0]);
    else
        ike_addr_append(out, &side->endpoints[0].addr);
}

void ike_report_peers(GString *out, const ike_sa *sa, const char *arrow, bool ports)
{
    const ike_side first = sa->initiator == IKE_SIDE_NONE ? IKE_SIDE_A : sa->initiator;

    append_endpoint(out, &sa->sides[first], ports);
    g_string_append(out, sa->initiator == IKE_SIDE_NONE ? " <-> " : arrow);
    append_endpoint(out, &sa->sides[ike_side_other(first)], ports);
}
