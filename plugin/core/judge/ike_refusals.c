/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How the other side shows that it does not go along: Informationals, teardown.
 */
#include "ike_judge.h"

#define COPIES_LOOKED_AT 64
#define OLDER_SAS 64

bool ike_judge_is_info(const ike_record *r)
{
    return r->note.kind == IKE_NOTE_MESSAGE && r->label.mode == IKE_MODE_INFO && !r->is_reflection;
}

guint ike_judge_info_position(const GPtrArray *infos, uint32_t frame)
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

/* First Informational that follows a message within `limit` and is no liveness check. */
static ike_record *info_within(const GPtrArray *infos, const ike_record *copy, ike_time limit)
{
    for (guint i = ike_judge_info_position(infos, copy->note.frame); i < infos->len; i++) {
        ike_record *info = infos->pdata[i];

        if (info->note.time - copy->note.time > limit)
            return NULL;
        if (info->label.mode == IKE_MODE_INFO && !info->is_liveness &&
            info->note.time >= copy->note.time)
            return info;
    }
    return NULL;
}

ike_record *ike_judge_info_after(const ike_sa *sa, ike_record *r, ike_side from, ike_time limit)
{
    ike_record *found = NULL;
    int n = 0;

    if (from == IKE_SIDE_NONE)
        return NULL;
    for (ike_record *copy = r->last; copy && n++ < COPIES_LOOKED_AT; copy = copy->older) {
        ike_record *info = info_within(sa->infos[from], copy, limit);

        if (info)
            found = info;
    }
    return found;
}

bool ike_judge_info_since(const ike_sa *sa, const ike_record *r, ike_side from)
{
    return from != IKE_SIDE_NONE &&
           ike_judge_info_position(sa->infos[from], r->note.frame) < sa->infos[from]->len;
}

bool ike_judge_error_since(const ike_sa *sa, const ike_record *r, ike_side from)
{
    const GPtrArray *infos = from == IKE_SIDE_NONE ? NULL : sa->infos[from];

    for (guint i = infos ? ike_judge_info_position(infos, r->note.frame) : 0; infos && i < infos->len; i++)
        if (((const ike_record *)infos->pdata[i])->is_outside)
            return true;
    return false;
}

static const char *info_content(const ike_record *info)
{
    return info->notify ? info->notify : info->is_encrypted ? "encrypted" : "no notify";
}

static const char *trust(const ike_record *info)
{
    return info->is_encrypted ? "" : " (unauthenticated)";
}

/* Raises a refusal by this Informational; what is encrypted is inferred and no error. */
static void refuse(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_record *info,
                   const char *what)
{
    const ike_diagnosis *row = ike_diagnosis_get(id);
    const bool clear = info->notify_error != 0;
    const ike_severity severity = !clear && row->severity == IKE_SEVERITY_ERROR ? IKE_SEVERITY_WARN
                                                                                : row->severity;
    ike_finding *finding = ike_raise(t, sa, id, &info->note, severity,
                                     "%s answered by an Informational: %s%s", what,
                                     info_content(info), trust(info));

    finding->evidence = clear ? IKE_OBSERVED : IKE_INFERRED;
}

static bool is_version_notify(const ike_record *info)
{
    return info->notify_error == 5 || info->notify_error == 6;
}

static void judge_first_message(ike_tracker *t, ike_sa *sa)
{
    ike_record *first = sa->phase1->slot[1];
    ike_record *info;

    if (!first || sa->phase1->highest > 1)
        return;
    info = ike_judge_info_after(sa, first, ike_side_other(first->side), G_MAXINT64);
    if (!info || !info->notify_error)
        return;
    refuse(t, sa, is_version_notify(info) ? IKE_DIAG_MM_VERSION : IKE_DIAG_MM1_REJECT, info,
           sa->phase1->mode == IKE_MODE_AGGRESSIVE ? "AM1" : "MM1");
    ike_sa_fail(sa);
}

static void judge_key_exchange(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm3 = sa->phase1->slot[3];
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm3 || sa->phase1->highest > 3)
        return;
    info = ike_judge_info_after(sa, mm3, ike_side_other(mm3->side), IKE_REACTION);
    if (info && info->notify_error == 17)
        refuse(t, sa, IKE_DIAG_MM3_BADKE, info, "MM3");
    if (info && info->notify_error)
        ike_sa_fail(sa);
}

static void judge_mm5(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm5 = sa->phase1->slot[5];
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm5 || sa->phase1->slot[6] ||
        ike_judge_has_phase2(sa))
        return;
    info = ike_judge_info_after(sa, mm5, ike_side_other(mm5->side), IKE_REACTION);
    /* an Informational of the initiator proves that it got MM6, which the capture lost */
    if (!info || (!info->notify_error && ike_judge_info_since(sa, info, mm5->side)))
        return;
    refuse(t, sa, IKE_DIAG_MM5_REJECT, info, "MM5");
    ike_sa_fail(sa);
}

static unsigned sends_after(const ike_record *first, const ike_record *after)
{
    unsigned n = 0;

    for (const ike_record *copy = first->last; copy; copy = copy->older)
        n += copy->copy == IKE_COPY_RETRANSMISSION && copy->note.frame > after->note.frame;
    return n;
}

bool ike_judge_is_silent_after(const ike_sa *sa, const ike_record *after)
{
    return sa->newest_frame <= after->note.frame;
}

bool ike_judge_has_esp_after(const ike_sa *sa, const ike_record *after)
{
    return sa->sides[0].newest_esp_frame > after->note.frame ||
           sa->sides[1].newest_esp_frame > after->note.frame;
}

bool ike_judge_renews_another(const ike_tracker *t, const ike_sa *sa)
{
    const GPtrArray *list;

    if (sa->n_pairs == 0)
        return false;
    list = ike_tracker_sas_between(t, &sa->pairs[0].src, &sa->pairs[0].dst);
    for (guint i = 0; list && i < list->len && list->pdata[i] != sa && i < OLDER_SAS; i++)
        if (((const ike_sa *)list->pdata[i])->state == IKE_STATE_ESTABLISHED)
            return true;
    return false;
}

static void judge_mm6(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm5 = sa->phase1->slot[5], *mm6 = sa->phase1->slot[6];
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm6 || ike_judge_has_phase2(sa))
        return;
    if (mm5 && sends_after(mm5, mm6) >= 2 &&
        !ike_judge_info_since(sa, mm6, ike_side_other(mm6->side))) {
        GString *text = g_string_new(NULL);

        ike_judge_append_dropped(text, sa, mm6);
        ike_raise(t, sa, IKE_DIAG_MM6_IGNORED, &mm5->last_send->note, 0,
                  "MM5 was sent %u times more after MM6 in frame %u%s", sends_after(mm5, mm6),
                  mm6->note.frame, text->str);
        g_string_free(text, TRUE);
        sa->is_failed = !sa->is_joined;
        return;
    }
    info = ike_judge_info_after(sa, mm6, ike_side_other(mm6->side), IKE_REACTION);
    if (info && ike_judge_is_silent_after(sa, info) && !ike_judge_has_esp_after(sa, info) &&
        !ike_judge_renews_another(t, sa) && t->span.last - info->note.time >= t->options.patience) {
        refuse(t, sa, IKE_DIAG_MM6_DELETE, info, "MM6");
        sa->is_failed = !sa->is_joined;
    }
}

static void judge_am2(ike_tracker *t, ike_sa *sa)
{
    ike_record *am2 = sa->phase1->slot[2];
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_AGGRESSIVE || !am2 || sa->phase1->slot[3] ||
        ike_judge_has_phase2(sa))
        return;
    info = ike_judge_info_after(sa, am2, ike_side_other(am2->side), IKE_REACTION);
    if (!info)
        return;
    refuse(t, sa, IKE_DIAG_AM2_REJECT, info, "AM2");
    ike_sa_fail(sa);
}

static void judge_qm1(ike_tracker *t, ike_sa *sa, const ike_exchange *exchange)
{
    ike_record *qm1 = exchange->slot[1];
    ike_record *info;

    if (exchange->mode != IKE_MODE_QUICK || !qm1 || exchange->highest > 1 ||
        qm1->side == IKE_SIDE_NONE)
        return;
    info = ike_judge_info_after(sa, qm1, ike_side_other(qm1->side), IKE_REACTION);
    if (info)
        refuse(t, sa, IKE_DIAG_QM1_REJECT, info, "QM1");
}

static void judge_cookies(ike_tracker *t, ike_sa *sa)
{
    for (guint i = 0; i < sa->records->len; i++) {
        ike_record *r = sa->records->pdata[i];

        if (ike_judge_is_info(r) && r->notify_error == 4)
            ike_raise(t, sa, IKE_DIAG_COOKIE_INVALID, &r->note,
                      ike_judge_is_silent_after(sa, r) ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
                      "the peer does not know this cookie pair%s", trust(r));
    }
}

void ike_judge_refusals(ike_tracker *t, ike_sa *sa)
{
    if (sa->version != 1)
        return;
    judge_first_message(t, sa);
    judge_key_exchange(t, sa);
    judge_mm5(t, sa);
    judge_mm6(t, sa);
    judge_am2(t, sa);
    for (guint i = 0; i < sa->exchanges->len; i++)
        judge_qm1(t, sa, sa->exchanges->pdata[i]);
    judge_cookies(t, sa);
}
