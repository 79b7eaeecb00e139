/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Quick Modes that are refused.
 */
#include "ike_judge.h"

/* What QM1 is refused for, where that is said in clear (RFC 2408 3.14.1). */
static ike_diagnosis_id refusal_of_qm1(const ike_record *info)
{
    switch (info->rare->notify_error) {
    case IKE_NOTIFY_INVALID_KEY_INFORMATION: return IKE_DIAG_WRONG_GROUP;
    case IKE_NOTIFY_INVALID_ID_INFORMATION: return IKE_DIAG_TS_MISMATCH;
    default: return IKE_DIAG_QM1_REJECT;
    }
}

/* Nothing was up before this Quick Mode that a liveness check or a delete could be about. */
static bool is_first_of_all(const ike_tracker *t, const ike_sa *sa, const ike_exchange *exchange)
{
    return !sa->is_joined && sa->more->exchanges.pdata[0] == exchange && !ike_judge_renews_another(t, sa);
}

/* The two earliest QM1 of each opener that had no answer: what is to be known of all of them. */
typedef struct open_quick {
    const ike_record *first[3], *second[3]; /* by opener + 1 */
} open_quick;

static bool is_before(const ike_record *r, const ike_record *other)
{
    return !other || r->note.frame < other->note.frame;
}

static open_quick find_open(const ike_sa *sa)
{
    open_quick open = { { NULL }, { NULL } };

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];
        const int of = exchange->opener + 1;
        const ike_record *qm1 = ike_exchange_slot(exchange, 1);

        if (exchange->mode != IKE_MODE_QUICK || exchange->highest != 1)
            continue;
        if (is_before(qm1, open.first[of])) {
            open.second[of] = open.first[of];
            open.first[of] = qm1;
        } else if (is_before(qm1, open.second[of])) {
            open.second[of] = qm1;
        }
    }
    return open;
}

/* Another QM1 of the same side waited for its answer as well. */
static bool has_other_open(const open_quick *open, const ike_exchange *exchange, const ike_record *info)
{
    const int of = exchange->opener + 1;
    const ike_record *other = open->first[of] == ike_exchange_slot(exchange, 1) ? open->second[of] : open->first[of];

    return other && other->note.frame < info->note.frame;
}

/* That an Informational is about this QM1 only its time tells; where it names what is wrong with a Quick
 * Mode, or comes under the keys of the SA, that is beyond doubt. */
static void refuse_qm1(ike_tracker *t, ike_exchange *exchange, ike_record *info, const open_quick *open)
{
    const ike_diagnosis_id id = refusal_of_qm1(info);
    const bool is_sure = info->rare->notify_error != 0 && (id != IKE_DIAG_QM1_REJECT || info->is_decrypted) &&
                         (ike_judge_info_names(info, exchange) || !has_other_open(open, exchange, info));

    ike_judge_refuse(t, exchange->sa, id, ike_exchange_slot(exchange, 1), info, is_sure);
    ike_exchange_failed(exchange, id, &info->note, is_sure ? IKE_OBSERVED : IKE_INFERRED);
}

/* The peer does not know the SA, of which another finding tells. */
static void fail_unknown(ike_exchange *exchange, ike_record *info)
{
    if (info && ike_judge_knows_no_cookies(info) && ike_judge_is_silent_after(exchange->sa, info))
        ike_exchange_failed(exchange, IKE_DIAG_COOKIE_INVALID, &info->note, IKE_INFERRED);
}

/* A late one is about this QM1 where nothing else was begun and its sender takes it for the answer. */
static bool refuses_qm1(const ike_tracker *t, const ike_exchange *exchange, const ike_record *info)
{
    const ike_record *qm1 = ike_exchange_slot(exchange, 1);

    if (ike_judge_is_late(qm1, info) && !ike_judge_info_names(info, exchange))
        return is_first_of_all(t, exchange->sa, exchange) && !ike_judge_was_sent_after(qm1, info);
    return info->rare->notify_error || ike_judge_waited(t, info->note.time) ||
           is_first_of_all(t, exchange->sa, exchange);
}

static void judge_qm1(ike_tracker *t, ike_sa *sa, ike_exchange *exchange, const open_quick *open)
{
    ike_record *qm1 = ike_exchange_slot(exchange, 1);
    ike_record *info;

    if (exchange->mode != IKE_MODE_QUICK || !qm1 || exchange->highest > 1 ||
        qm1->side == IKE_SIDE_NONE)
        return;
    info = ike_judge_refusal(t, sa, qm1, exchange);
    if (info && refuses_qm1(t, exchange, info))
        refuse_qm1(t, exchange, info, open);
    else if (!info)
        fail_unknown(exchange, ike_judge_info_after(sa, qm1, ike_side_other(qm1->side), IKE_REACTION));
}

void ike_judge_quick_refusals(ike_tracker *t, ike_sa *sa)
{
    const open_quick open = find_open(sa);

    for (guint i = 0; i < sa->more->exchanges.len; i++)
        judge_qm1(t, sa, sa->more->exchanges.pdata[i], &open);
}
