/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The verdict on one negotiation: the finding that decides it, how it is known, the likeliest cause and
 * the next one, what to check, and what other tools would show meanwhile.
 */
#include "ike_report.h"

#include "ike_causes.h"

static void cause(const ike_report *report, const char *name, const char *evidence_name,
                  const ike_causes *causes, ike_cause which)
{
    GString *evidence = g_string_new(NULL);

    ike_report_fact(report, name, ike_cause_text(causes, which));
    ike_causes_append_evidence(evidence, causes, which);
    if (evidence->len)
        ike_report_fact(report, evidence_name, evidence->str);
    g_string_free(evidence, TRUE);
}

static void causes_of(const ike_report *report, const ike_causes *causes)
{
    GString *text = g_string_new(NULL);

    if (causes->is_close) {
        ike_report_fact(report, "cause", "cannot be distinguished in this capture:");
        cause(report, "  either", "    for it", causes, causes->best);
        cause(report, "  or", "    for it", causes, causes->next);
    } else {
        g_string_printf(text, "%s (inferred)", ike_cause_text(causes, causes->best));
        ike_report_fact(report, "best cause", text->str);
        g_string_truncate(text, 0);
        ike_causes_append_evidence(text, causes, causes->best);
        if (text->len)
            ike_report_fact(report, "  for it", text->str);
        g_string_printf(text, "%s: less likely, not excluded", ike_cause_text(causes, causes->next));
        ike_report_fact(report, "  next best", text->str);
    }
    g_string_free(text, TRUE);
}

static void advice(const ike_report *report, const ike_finding *finding)
{
    const ike_causes *causes = finding->causes;

    if (!causes) {
        ike_report_fact(report, "check next", ike_diagnosis_get(finding->id)->advice);
        return;
    }
    ike_report_fact(report, "check next", ike_cause_advice(causes, causes->best));
    if (causes->is_close)
        ike_report_fact(report, "", ike_cause_advice(causes, causes->next));
}

static bool is_told(const char *column)
{
    return column[0] != '-';
}

static void elsewhere(const ike_report *report, const ike_diagnosis *row)
{
    GString *text = g_string_new(NULL);

    if (is_told(row->cisco)) {
        g_string_printf(text, "Cisco state: %s", row->cisco);
        ike_report_fact(report, "elsewhere", text->str);
    }
    if (is_told(row->windows)) {
        g_string_printf(text, "Windows events: %s", row->windows);
        ike_report_fact(report, is_told(row->cisco) ? "" : "elsewhere", text->str);
    }
    g_string_free(text, TRUE);
}

void ike_report_verdict(const ike_report *report, const ike_finding *finding, unsigned times)
{
    ike_report_finding(report, finding, times);
    if (finding->causes)
        causes_of(report, finding->causes);
    advice(report, finding);
    elsewhere(report, ike_diagnosis_get(finding->id));
}
