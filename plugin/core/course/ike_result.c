/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How a negotiation, or a capture, is judged in one word.
 */
#include "ike_result.h"

/* Of the worst findings the first in the order of the table of diagnoses, which begins with silence and
 * refusals. */
const ike_finding *ike_result_deciding(const ike_list *findings)
{
    const ike_finding *best = NULL;

    for (guint i = 0; i < findings->len; i++) {
        const ike_finding *finding = findings->pdata[i];

        if (!best || finding->severity > best->severity ||
            (finding->severity == best->severity && finding->id < best->id))
            best = finding;
    }
    return best && best->severity >= IKE_SEVERITY_WARN ? best : NULL;
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

ike_totals ike_totals_of(const ike_selection *of)
{
    const ike_list *sas = ike_tracker_sas(of->tracker);
    ike_totals totals = { 0 };

    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(of, sas->pdata[i]))
            count_sa(sas->pdata[i], &totals);
    if (!of->sas) {
        count_findings(ike_tracker_orphans(of->tracker), &totals);
        totals.messages += ike_record_messages(ike_tracker_outside(of->tracker));
    }
    totals.has_data = of->sas ? totals.sas > 0 : ike_tracker_has_data(of->tracker);
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

ike_result ike_result_of(const ike_sa *sa)
{
    ike_totals totals = { .has_data = true, .failed = sa->is_failed };

    count_findings(&sa->distinct, &totals);
    return ike_totals_result(&totals);
}

ike_result ike_result_of_findings(const ike_list *findings)
{
    ike_totals totals = { .has_data = true };

    count_findings(findings, &totals);
    return ike_totals_result(&totals);
}

ike_evidence ike_sa_state_evidence(const ike_sa *sa)
{
    const ike_finding *deciding = ike_result_deciding(&sa->distinct);

    if (sa->is_failed)
        return deciding ? deciding->evidence : IKE_INFERRED;
    return sa->state == IKE_STATE_PROBABLY_ESTABLISHED ? IKE_INFERRED : IKE_OBSERVED;
}

const char *ike_result_name(ike_result result)
{
    static const char *const names[] = {
        [IKE_RESULT_NODATA] = "NODATA", [IKE_RESULT_OK] = "OK",     [IKE_RESULT_NOTE] = "NOTE",
        [IKE_RESULT_WARN] = "WARN",     [IKE_RESULT_FAIL] = "FAIL",
    };

    return names[result];
}

/* ---- the course of an IKE SA ---- */

const ike_record *ike_sa_establishment(const ike_sa *sa)
{
    const bool came_up = sa->state >= IKE_STATE_PROBABLY_ESTABLISHED && sa->state <= IKE_STATE_REKEYED;

    if (!came_up || sa->is_failed)
        return NULL;
    if (sa->more->parent)
        return ike_exchange_slot(sa->more->made_by, IKE_RESPONSE);
    if (sa->is_joined)
        return NULL;
    return sa->more->established ? sa->more->established : ike_exchange_slot(sa->phase1, sa->phase1->highest);
}

bool ike_sa_has_setup_time(const ike_sa *sa)
{
    return sa->more->established && !sa->is_joined && !sa->is_failed &&
           sa->more->established->note.time >= sa->first_time;
}
