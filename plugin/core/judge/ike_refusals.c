/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How the other side shows that it does not go along: Informationals, teardown.
 */
#include "ike_decrypted.h"
#include "ike_judge.h"

#define INFOS_LOOKED_AT 1024u /* that follow a message */

bool ike_judge_is_info(const ike_record *r)
{
    return r->note.kind == IKE_NOTE_MESSAGE && r->label.mode == IKE_MODE_INFO && !r->is_reflection;
}

guint ike_judge_info_position(const ike_list *infos, uint32_t frame)
{
    guint low = 0, high = infos->len;

    while (low < high) {
        const guint middle = low + (high - low) / 2;

        if (((const ike_record *)infos->pdata[middle])->note.frame <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What was decrypted refuses something only with an error or by deleting the SA. */
static bool may_refuse(const ike_record *info)
{
    return !info->is_liveness && (!info->is_decrypted || info->rare->notify_error || info->told & IKE_TOLD_DELETE_SA);
}

/* The notify has the SPI that the initiator chose in this Quick Mode (RFC 2408 3.14), decrypted like it. */
static bool names(const ike_record *info, const ike_exchange *exchange)
{
    return info->rare->notify_spi && info->rare->notify_spi == ike_agreement_spi(exchange, exchange->opener);
}

/* .. or in another one. */
static bool names_another(const ike_record *info, const ike_exchange *exchange)
{
    return info->rare->notify_spi && ike_agreement_spi(exchange, exchange->opener) && !names(info, exchange);
}

/* First Informational that follows a message within `limit`, is no liveness check and about no other Quick Mode
 * than this one, if any. */
static ike_record *info_within(const ike_list *infos, const ike_record *copy, ike_time limit,
                               const ike_exchange *quick)
{
    const guint from = ike_judge_info_position(infos, copy->note.frame);

    for (guint i = from; i < infos->len && i - from < INFOS_LOOKED_AT; i++) {
        ike_record *info = infos->pdata[i];

        if (info->note.time - copy->note.time > limit)
            return NULL;
        if (info->label.mode == IKE_MODE_INFO && may_refuse(info) && info->note.time >= copy->note.time &&
            !(quick && names_another(info, quick)))
            return info;
    }
    return NULL;
}

static ike_record *info_after(const ike_sa *sa, ike_record *r, ike_side from, ike_time limit,
                              const ike_exchange *quick)
{
    ike_record *found = NULL;
    int n = 0;

    if (from == IKE_SIDE_NONE)
        return NULL;
    for (ike_record *copy = ike_record_last(r); copy && n++ < IKE_COPIES_LOOKED_AT; copy = copy->rare->older) {
        ike_record *info = info_within(&sa->more->infos[from], copy, limit, quick);

        if (info)
            found = info;
    }
    return found;
}

ike_record *ike_judge_info_after(const ike_sa *sa, ike_record *r, ike_side from, ike_time limit)
{
    return info_after(sa, r, from, limit, NULL);
}

bool ike_judge_info_since(const ike_sa *sa, const ike_record *r, ike_side from)
{
    return from != IKE_SIDE_NONE &&
           ike_judge_info_position(&sa->more->infos[from], r->note.frame) < sa->more->infos[from].len;
}

bool ike_judge_error_since(const ike_sa *sa, const ike_record *r, ike_side from)
{
    return from != IKE_SIDE_NONE && sa->sides[from].more->newest_outside_frame > r->note.frame;
}

static const char *info_content(const ike_record *info)
{
    return info->rare->notify ? info->rare->notify : info->is_encrypted ? "encrypted" : "no notify";
}

static const char *trust(const ike_record *info)
{
    return info->is_encrypted ? "" : " (unauthenticated)";
}

/* Raises a refusal by this Informational; one that is not sure is inferred and no error. */
static ike_finding *refuse(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_record *info,
                           const char *what, bool is_sure)
{
    const ike_diagnosis *row = ike_diagnosis_get(id);
    const ike_severity severity =
        !is_sure && row->severity == IKE_SEVERITY_ERROR ? IKE_SEVERITY_WARN : row->severity;
    ike_finding *finding = ike_raise(t, sa, id, &info->note, severity,
                                     "%s answered by an Informational: %s%s", what,
                                     info_content(info), trust(info));

    ike_finding_known(finding, &info->note, is_sure ? IKE_OBSERVED : IKE_INFERRED);
    return finding;
}

static bool is_readable(const ike_record *info)
{
    return info->rare->notify_error != 0 || info->is_decrypted;
}

static bool is_version_notify(const ike_record *info)
{
    return info->rare->notify_error == IKE_NOTIFY_INVALID_MAJOR_VERSION ||
           info->rare->notify_error == IKE_NOTIFY_INVALID_MINOR_VERSION;
}

static void judge_first_message(ike_tracker *t, ike_sa *sa)
{
    ike_record *first = ike_exchange_slot(sa->phase1, 1);
    ike_record *info;

    if (!first || sa->phase1->highest > 1)
        return;
    info = ike_judge_info_after(sa, first, ike_side_other(first->side), G_MAXINT64);
    if (!info || !info->rare->notify_error)
        return;
    refuse(t, sa, is_version_notify(info) ? IKE_DIAG_MM_VERSION : IKE_DIAG_MM1_REJECT, info,
           sa->phase1->mode == IKE_MODE_AGGRESSIVE ? "AM1" : "MM1", true);
    ike_sa_fail(sa);
}

static void judge_key_exchange(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm3 = ike_exchange_slot(sa->phase1, 3);
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm3 || sa->phase1->highest > 3)
        return;
    info = ike_judge_info_after(sa, mm3, ike_side_other(mm3->side), IKE_REACTION);
    if (info && info->rare->notify_error == IKE_NOTIFY_INVALID_KEY_INFORMATION)
        refuse(t, sa, IKE_DIAG_MM3_BADKE, info, "MM3", true);
    if (info && info->rare->notify_error)
        ike_sa_fail(sa);
}

static void judge_mm5(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm5 = ike_exchange_slot(sa->phase1, 5);
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm5 || ike_exchange_slot(sa->phase1, 6) ||
        ike_judge_has_phase2(sa))
        return;
    info = ike_judge_info_after(sa, mm5, ike_side_other(mm5->side), IKE_REACTION);
    /* an Informational of the initiator proves that it got MM6, which the capture lost */
    if (!info || (!info->rare->notify_error && ike_judge_info_since(sa, info, mm5->side)))
        return;
    refuse(t, sa, IKE_DIAG_MM5_REJECT, info, "MM5", is_readable(info));
    ike_sa_fail(sa);
}

static unsigned sends_after(const ike_record *first, const ike_record *after)
{
    unsigned n = 0;

    for (const ike_record *copy = ike_record_last(first); copy; copy = copy->rare->older)
        n += copy->copy == IKE_COPY_RETRANSMISSION && copy->note.frame > after->note.frame;
    return n;
}

bool ike_judge_is_silent_after(const ike_sa *sa, const ike_record *after)
{
    return sa->newest_frame <= after->note.frame;
}

bool ike_judge_has_esp_after(const ike_sa *sa, const ike_record *after)
{
    return sa->sides[0].more->newest_esp_frame > after->note.frame ||
           sa->sides[1].more->newest_esp_frame > after->note.frame;
}

static void judge_mm6(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm5 = ike_exchange_slot(sa->phase1, 5), *mm6 = ike_exchange_slot(sa->phase1, 6);
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm6 || ike_judge_has_phase2(sa))
        return;
    if (mm5 && sends_after(mm5, mm6) >= 2 &&
        !ike_judge_info_since(sa, mm6, ike_side_other(mm6->side))) {
        GString *text = g_string_new(NULL);

        ike_judge_append_dropped(text, sa, mm6);
        ike_raise(t, sa, IKE_DIAG_MM6_IGNORED, &ike_record_last_send(mm5)->note, 0,
                  "MM5 was sent %u times more after MM6 in frame %u%s", sends_after(mm5, mm6),
                  mm6->note.frame, text->str);
        g_string_free(text, TRUE);
        sa->is_failed = !sa->is_joined;
        return;
    }
    info = ike_judge_info_after(sa, mm6, ike_side_other(mm6->side), IKE_REACTION);
    if (info && ike_judge_is_silent_after(sa, info) && !ike_judge_has_esp_after(sa, info) &&
        !ike_judge_renews_another(t, sa) && ike_judge_waited(t, info->note.time)) {
        refuse(t, sa, IKE_DIAG_MM6_DELETE, info, "MM6", is_readable(info));
        sa->is_failed = !sa->is_joined;
    }
}

static void judge_am2(ike_tracker *t, ike_sa *sa)
{
    ike_record *am2 = ike_exchange_slot(sa->phase1, 2);
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_AGGRESSIVE || !am2 || ike_exchange_slot(sa->phase1, 3) ||
        ike_judge_has_phase2(sa))
        return;
    info = ike_judge_info_after(sa, am2, ike_side_other(am2->side), IKE_REACTION);
    if (!info)
        return;
    refuse(t, sa, IKE_DIAG_AM2_REJECT, info, "AM2", is_readable(info));
    ike_sa_fail(sa);
}

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
                         (names(info, exchange) || !has_other_open(open, exchange, info));
    ike_finding *finding = refuse(t, exchange->sa, id, info, "QM1", is_sure);

    ike_finding_known(finding, &info->note, is_sure ? IKE_OBSERVED : IKE_INFERRED);
    ike_exchange_failed(exchange, id, &info->note, is_sure ? IKE_OBSERVED : IKE_INFERRED);
}

static void judge_qm1(ike_tracker *t, ike_sa *sa, ike_exchange *exchange, const open_quick *open)
{
    ike_record *qm1 = ike_exchange_slot(exchange, 1);
    ike_record *info;

    if (exchange->mode != IKE_MODE_QUICK || !qm1 || exchange->highest > 1 ||
        qm1->side == IKE_SIDE_NONE)
        return;
    info = info_after(sa, qm1, ike_side_other(qm1->side), IKE_REACTION, exchange);
    if (info && (info->rare->notify_error || ike_judge_waited(t, info->note.time) || is_first_of_all(t, sa, exchange)))
        refuse_qm1(t, exchange, info, open);
}

/* The newest frame in which each side sends under the keys of the SA: anybody can send a clear error. */
static void find_keyed(const ike_sa *sa, uint32_t newest[2])
{
    newest[0] = sa->sides[0].more->newest_esp_frame;
    newest[1] = sa->sides[1].more->newest_esp_frame;
    for (guint i = 0; i < sa->records.len; i++) {
        const ike_record *r = sa->records.pdata[i];

        if (r->side != IKE_SIDE_NONE && r->is_encrypted)
            newest[r->side] = MAX(newest[r->side], r->note.frame);
    }
}

/* The SA ends with this error, or only the other side goes on with it: no SA of both has taken its place. */
static bool ends_with(const ike_tracker *t, const ike_sa *sa, const ike_record *r, const uint32_t keyed[2])
{
    const ike_record *asked = r->side == IKE_SIDE_NONE ? NULL : sa->sides[ike_side_other(r->side)].newest;

    if (ike_judge_is_silent_after(sa, r))
        return true;
    return asked && keyed[r->side] <= r->note.frame && ike_judge_waited(t, r->note.time) &&
           !ike_judge_successor(t, sa, asked, true) && !ike_judge_alive_beside(t, sa, asked);
}

static void judge_cookies(ike_tracker *t, ike_sa *sa)
{
    uint32_t keyed[2];

    find_keyed(sa, keyed);
    for (guint i = 0; i < sa->records.len; i++) {
        ike_record *r = sa->records.pdata[i];
        bool ends, goes_on;

        if (!ike_judge_is_info(r) || r->rare->notify_error != IKE_NOTIFY_INVALID_COOKIE)
            continue;
        ends = ends_with(t, sa, r, keyed);
        goes_on = ends && !ike_judge_is_silent_after(sa, r);
        ike_raise(t, sa, IKE_DIAG_COOKIE_INVALID, &r->note, ends ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
                  "the peer does not know this cookie pair%s%s", trust(r), goes_on ? ", and the other side goes on with it" : "");
    }
}

void ike_judge_refusals(ike_tracker *t, ike_sa *sa)
{
    open_quick open;

    if (sa->version != 1)
        return;
    open = find_open(sa);
    judge_first_message(t, sa);
    judge_key_exchange(t, sa);
    judge_mm5(t, sa);
    judge_mm6(t, sa);
    judge_am2(t, sa);
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        judge_qm1(t, sa, sa->more->exchanges.pdata[i], &open);
    judge_cookies(t, sa);
}
