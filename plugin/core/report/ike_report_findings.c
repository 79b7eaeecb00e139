/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Findings in words, the worst first.
 */
#include "ike_report.h"

static int by_severity(gconstpointer a, gconstpointer b)
{
    const ike_finding *x = *(ike_finding *const *)a, *y = *(ike_finding *const *)b;

    if (x->severity != y->severity)
        return x->severity > y->severity ? -1 : 1;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->note && y->note) ? (int)x->note->frame - (int)y->note->frame : 0;
}

/* Findings of one id that stand on several frames are one entry. */
static unsigned same_id(const GPtrArray *list, guint from)
{
    const ike_finding *first = list->pdata[from];
    unsigned n = 0;

    while (from + n < list->len && ((const ike_finding *)list->pdata[from + n])->id == first->id &&
           ((const ike_finding *)list->pdata[from + n])->severity == first->severity)
        n++;
    return n;
}

void ike_report_finding(const ike_report *report, const ike_finding *finding, unsigned times)
{
    const ike_diagnosis *row = ike_diagnosis_get(finding->id);
    GString *text = g_string_new(NULL);
    char head[48];

    g_snprintf(head, sizeof head, IKE_REPORT_INDENT "%-5s ", ike_severity_name(finding->severity));
    g_string_append_printf(text, "%s: %s (%s", row->id, ike_diagnosis_summary(finding->id, finding->evidence),
                           ike_evidence_name(finding->evidence));
    if (finding->note)
        ike_report_frames(text, ", ", finding->note->frame, finding->note->frame);
    g_string_append_c(text, ')');
    if (times > 1)
        g_string_append_printf(text, " x%u", times);
    ike_report_wrap(report->out, head, text->str);
    if (!row->summary_says_all)
        ike_report_wrap(report->out, IKE_REPORT_INDENT "      ", finding->text);
    g_string_free(text, TRUE);
}

/* With what to check next, for failures and violations, and what may be one to users. */
static void remark(const ike_report *report, const ike_finding *finding, unsigned times)
{
    GString *text;

    ike_report_finding(report, finding, times);
    if (finding->severity < IKE_SEVERITY_WARN && !ike_diagnosis_get(finding->id)->is_noticed)
        return;
    text = g_string_new(NULL);
    g_string_printf(text, "check next: %s", ike_diagnosis_get(finding->id)->advice);
    ike_report_wrap(report->out, IKE_REPORT_INDENT "      ", text->str);
    g_string_free(text, TRUE);
}

static unsigned times_of(const ike_list *all, const ike_finding *first, unsigned n)
{
    return first->id == IKE_DIAG_RETRANS ? ike_report_repeats(all) : MAX(n, first->count);
}

void ike_report_findings(const ike_report *report, const ike_list *found, const ike_finding *deciding,
                         unsigned max)
{
    GPtrArray *list = g_ptr_array_new();
    GString *rest = g_string_new(NULL);
    unsigned shown = 0;

    for (guint i = 0; i < found->len; i++)
        if (((const ike_finding *)found->pdata[i])->severity >= IKE_SEVERITY_NOTE)
            g_ptr_array_add(list, found->pdata[i]);
    g_ptr_array_sort(list, by_severity);
    for (guint i = 0, n; i < list->len; i += n) {
        const ike_finding *first = list->pdata[i];

        n = same_id(list, i);
        if (deciding && first->id == deciding->id)
            continue;
        if (shown++ < max)
            remark(report, first, times_of(found, first, n));
        else
            g_string_append_printf(rest, "%s%s", rest->len ? ", " : "", ike_diagnosis_get(first->id)->id);
    }
    if (rest->len)
        ike_report_fact(report, "and also", rest->str);
    g_string_free(rest, TRUE);
    g_ptr_array_free(list, TRUE);
}
