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

/* Index of the first Quick Mode of each opener, by opener + 1, that still waits for an answer. */
typedef struct open_quick {
    guint first[3];
} open_quick;

static bool is_unanswered(const ike_exchange *exchange, ike_side opener)
{
    return exchange->mode == IKE_MODE_QUICK && exchange->highest == 1 && exchange->opener == opener;
}

/* Its QM1 was sent and not refused before this frame. */
static bool is_open(const ike_exchange *exchange, ike_side opener, uint32_t frame)
{
    return is_unanswered(exchange, opener) && ike_exchange_slot(exchange, 1)->note.frame < frame &&
           (exchange->more->failed_by == IKE_DIAG_NONE || exchange->more->failed_at->frame >= frame);
}

/* Another QM1 of the same side than that of the exchange at this place waited for its answer as well. */
static bool has_other_open(open_quick *open, const ike_list *exchanges, guint at, const ike_record *info)
{
    const ike_side opener = (ike_side)((const ike_exchange *)exchanges->pdata[at])->opener;
    guint *first = &open->first[opener + 1];

    while (*first < at && !is_open(exchanges->pdata[*first], opener, info->note.frame))
        (*first)++;
    if (*first < at)
        return true;
    for (guint i = at + 1; i < exchanges->len; i++)
        if (is_unanswered(exchanges->pdata[i], opener))
            return is_open(exchanges->pdata[i], opener, info->note.frame);
    return false;
}

/* That an Informational is about this QM1 only its time tells; where it names what is wrong with a Quick
 * Mode, or comes under the keys of the SA, that is beyond doubt. */
static void refuse_qm1(ike_tracker *t, ike_exchange *exchange, ike_record *info, bool has_other)
{
    const ike_diagnosis_id id = refusal_of_qm1(info);
    const bool is_sure = info->rare->notify_error != 0 && (id != IKE_DIAG_QM1_REJECT || info->is_decrypted) &&
                         (ike_judge_info_names(info, exchange) || !has_other);

    ike_judge_refuse(t, exchange->sa, id, ike_exchange_slot(exchange, 1), info, is_sure);
    ike_exchange_failed(exchange, id, &info->note, is_sure ? IKE_OBSERVED : IKE_INFERRED);
}

/* The peer does not know the SA, of which another finding tells. */
static void fail_unknown(ike_exchange *exchange, ike_record *info)
{
    if (info && ike_judge_knows_no_cookies(info) &&
        ike_judge_is_silent_after(exchange->sa, ike_judge_last_info(exchange->sa, info->side)))
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

static void judge_qm1(ike_tracker *t, ike_sa *sa, guint at, open_quick *open)
{
    ike_exchange *exchange = sa->more->exchanges.pdata[at];
    const ike_record *qm1 = ike_exchange_slot(exchange, 1);
    ike_record *info;

    if (exchange->mode != IKE_MODE_QUICK || !qm1 || exchange->highest > 1 ||
        qm1->side == IKE_SIDE_NONE)
        return;
    info = ike_judge_refusal(t, sa, qm1, exchange);
    if (info && refuses_qm1(t, exchange, info))
        refuse_qm1(t, exchange, info, has_other_open(open, &sa->more->exchanges, at, info));
    else if (!info)
        fail_unknown(exchange, ike_judge_info_after(sa, qm1, ike_side_other(qm1->side), IKE_REACTION));
}

/* What the opener says in place of QM3. It may say other things at that time: the responder has to ask again, or
 * nothing may follow at all. */
static bool refuses_qm2(const ike_tracker *t, const ike_exchange *exchange, const ike_record *info)
{
    const ike_record *qm1 = ike_exchange_slot(exchange, 1), *qm2 = ike_exchange_slot(exchange, 2);
    const ike_sa *sa = exchange->sa;

    if (ike_judge_info_names(info, exchange))
        return true;
    if (ike_judge_is_late(qm2, info) || !ike_judge_waited(t, info->note.time) ||
        ike_judge_has_new_flows(sa, ike_record_last_send(qm2)) || (qm1 && ike_judge_was_sent_after(qm1, info)))
        return false;
    return ike_judge_was_sent_after(qm2, info) ||
           (is_first_of_all(t, sa, exchange) && ike_judge_is_silent_after(sa, info) &&
            !ike_judge_has_esp_after(sa, qm2));
}

static void judge_qm2(ike_tracker *t, ike_sa *sa, ike_exchange *exchange)
{
    const ike_record *qm2 = ike_exchange_slot(exchange, 2);
    ike_record *info = exchange->mode == IKE_MODE_QUICK && exchange->highest == 2 && qm2->side != IKE_SIDE_NONE
                           ? ike_judge_refusal(t, sa, qm2, exchange) : NULL;
    bool is_sure;

    if (!info || !refuses_qm2(t, exchange, info))
        return;
    is_sure = info->rare->notify_error && info->is_decrypted;
    ike_judge_refuse(t, sa, IKE_DIAG_QM2_REJECT, qm2, info, is_sure);
    ike_exchange_failed(exchange, IKE_DIAG_QM2_REJECT, &info->note, is_sure ? IKE_OBSERVED : IKE_INFERRED);
}

void ike_judge_quick_refusals(ike_tracker *t, ike_sa *sa)
{
    open_quick open = { { 0 } };

    if (sa->is_failed)
        return;
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        judge_qm1(t, sa, i, &open);
        judge_qm2(t, sa, sa->more->exchanges.pdata[i]);
    }
}
