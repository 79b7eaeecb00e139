/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How the other side shows in phase 1 that it does not go along: Informationals, teardown.
 */
#include "ike_judge.h"

static const char *info_content(const ike_record *info)
{
    return info->rare->notify ? info->rare->notify : info->is_encrypted ? "encrypted" : "no notify";
}

static const char *trust(const ike_record *info)
{
    return info->is_encrypted ? "" : " (unauthenticated)";
}

bool ike_judge_is_late(const ike_record *asked, const ike_record *info)
{
    return info->note.time - ike_record_last_before((ike_record *)asked, info)->note.time > IKE_REACTION;
}

static void append_refusal(GString *text, const ike_record *asked, const ike_record *info)
{
    ike_label_append(text, asked->label);
    g_string_append_printf(text, " answered by an Informational: %s%s", info_content(info), trust(info));
    if (ike_judge_is_late(asked, info)) {
        g_string_append(text, ", ");
        ike_seconds_append(text, info->note.time - ike_record_last_before((ike_record *)asked, info)->note.time);
        g_string_append(text, " s later");
    }
}

void ike_judge_refuse(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, const ike_record *asked, ike_record *info,
                      bool is_sure)
{
    const ike_diagnosis *row = ike_diagnosis_get(id);
    const ike_severity severity =
        !is_sure && row->severity == IKE_SEVERITY_ERROR ? IKE_SEVERITY_WARN : row->severity;
    GString *text = g_string_new(NULL);

    append_refusal(text, asked, info);
    ike_finding_known(ike_raise(t, sa, id, &info->note, severity, "%s", text->str), &info->note,
                      is_sure ? IKE_OBSERVED : IKE_INFERRED);
    g_string_free(text, TRUE);
}

bool ike_judge_is_readable(const ike_record *info)
{
    return info->rare->notify_error != 0 || info->is_decrypted;
}

/* What is refused in clear, before there are keys. `mode`, `notify`, 0: any; the first row that fits counts. In
 * Aggressive Mode the first message has the identity. */
static const struct clear_row {
    uint8_t mode, number; /* of the newest message */
    uint16_t notify;
    ike_diagnosis_id id;
} clear_rows[] = {
    { IKE_MODE_AGGRESSIVE, 1, IKE_NOTIFY_INVALID_ID_INFORMATION, IKE_DIAG_AM1_REJECT },
    { IKE_MODE_AGGRESSIVE, 1, IKE_NOTIFY_AUTHENTICATION_FAILED, IKE_DIAG_AM1_REJECT },
    { 0, 1, IKE_NOTIFY_INVALID_MAJOR_VERSION, IKE_DIAG_MM_VERSION },
    { 0, 1, IKE_NOTIFY_INVALID_MINOR_VERSION, IKE_DIAG_MM_VERSION },
    { 0, 1, 0, IKE_DIAG_MM1_REJECT },
    { IKE_MODE_MAIN, 2, 0, IKE_DIAG_MM2_REJECT },
    { IKE_MODE_MAIN, 3, IKE_NOTIFY_INVALID_KEY_INFORMATION, IKE_DIAG_MM3_BADKE },
    { IKE_MODE_MAIN, 3, 0, IKE_DIAG_MM3_REJECT },
    { IKE_MODE_MAIN, 4, 0, IKE_DIAG_MM4_REJECT },
};

static ike_diagnosis_id refusal_of(const ike_record *asked, const ike_record *info)
{
    for (size_t i = 0; i < G_N_ELEMENTS(clear_rows); i++)
        if ((!clear_rows[i].mode || clear_rows[i].mode == asked->label.mode) &&
            clear_rows[i].number == asked->label.number &&
            (!clear_rows[i].notify || clear_rows[i].notify == info->rare->notify_error))
            return clear_rows[i].id;
    return IKE_DIAG_NONE;
}

static void judge_clear(ike_tracker *t, ike_sa *sa)
{
    const ike_record *newest = ike_exchange_slot(sa->phase1, sa->phase1->highest);
    ike_record *info = newest ? ike_judge_refusal(t, sa, newest, NULL) : NULL;
    const ike_diagnosis_id id = info && info->rare->notify_error ? refusal_of(newest, info) : IKE_DIAG_NONE;

    if (id == IKE_DIAG_NONE || ike_judge_has_phase2(sa))
        return;
    ike_judge_refuse(t, sa, id, newest, info, true);
    ike_sa_fail(sa);
}

static void judge_mm5(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm5 = ike_exchange_slot(sa->phase1, 5);
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm5 || ike_exchange_slot(sa->phase1, 6) ||
        ike_judge_has_phase2(sa))
        return;
    info = ike_judge_refusal(t, sa, mm5, NULL);
    /* an Informational of the initiator proves that it got MM6, which the capture lost */
    if (!info || (!info->rare->notify_error && ike_judge_info_since(sa, info, mm5->side)))
        return;
    ike_judge_refuse(t, sa, IKE_DIAG_MM5_REJECT, mm5, info, ike_judge_is_readable(info));
    ike_sa_fail(sa);
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

bool ike_judge_ends_after(const ike_sa *sa, const ike_record *after)
{
    return ike_judge_is_silent_after(sa, after) && !ike_judge_has_esp_after(sa, after);
}

/* To check a pre-shared key takes no time; to look up whether a certificate is revoked does. */
static bool may_take_time(const ike_sa *sa)
{
    return sa->more->has_chosen && sa->more->chosen.auth != IKE_AUTH_PSK;
}

static bool tears_down(const ike_tracker *t, const ike_sa *sa, const ike_record *mm6, const ike_record *info)
{
    return (!ike_judge_is_late(mm6, info) || ike_judge_is_readable(info) || may_take_time(sa)) &&
           ike_judge_is_silent_after(sa, info) && !ike_judge_has_esp_after(sa, info) &&
           !ike_judge_renews_another(t, sa) && ike_judge_waited(t, info->note.time);
}

static void judge_mm6(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm5 = ike_exchange_slot(sa->phase1, 5), *mm6 = ike_exchange_slot(sa->phase1, 6);
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm6 || ike_judge_has_phase2(sa))
        return;
    if (mm5 && ike_judge_sends_after(mm5, mm6) >= 2 &&
        !ike_judge_info_since(sa, mm6, ike_side_other(mm6->side))) {
        GString *text = g_string_new(NULL);

        ike_judge_append_dropped(text, sa, mm6);
        ike_raise(t, sa, IKE_DIAG_MM6_IGNORED, &ike_record_last_send(mm5)->note, 0,
                  "MM5 was sent %u times more after MM6 in frame %u%s", ike_judge_sends_after(mm5, mm6),
                  mm6->note.frame, text->str);
        g_string_free(text, TRUE);
        sa->is_failed = !sa->is_joined;
        return;
    }
    info = ike_judge_refusal(t, sa, mm6, NULL);
    if (info && tears_down(t, sa, mm6, info)) {
        ike_judge_refuse(t, sa, IKE_DIAG_MM6_DELETE, mm6, info, ike_judge_is_readable(info));
        sa->is_failed = !sa->is_joined;
    }
}

/* The message of phase 1 that INVALID-COOKIE answers, NULL when it is about what came later. */
static const ike_record *unknown_phase1(const ike_sa *sa, const ike_record *info)
{
    const ike_record *newest = ike_exchange_slot(sa->phase1, sa->phase1->highest), *first;

    if (!newest || newest->side != ike_side_other(info->side) || ike_judge_has_phase2(sa))
        return NULL;
    first = ike_judge_info_after(sa, newest, info->side, IKE_REACTION);
    return first && ike_judge_knows_no_cookies(first) ? newest : NULL;
}

/* `ends`: the SA does with it, as far as who knows it not is concerned. */
static void judge_cookie(ike_tracker *t, ike_sa *sa, ike_record *info, bool ends)
{
    const ike_record *asked = ends ? unknown_phase1(sa, info) : NULL;
    GString *text = g_string_new("the peer ");

    if (asked) {
        ike_label_append(g_string_append(text, "answers "), asked->label);
        g_string_append(text, ": it ");
    }
    g_string_append_printf(text, "does not know this cookie pair%s", trust(info));
    if (asked) {
        ike_judge_append_other_node(text, ike_exchange_slot(sa->phase1, asked->label.number - 1u), info);
        ike_sa_fail_authentication(sa);
    }
    if (ends && !asked && !ike_judge_is_silent_after(sa, info))
        g_string_append(text, ", and the other side goes on with it");
    ike_raise(t, sa, IKE_DIAG_COOKIE_INVALID, &info->note, ends ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE, "%s",
              text->str);
    g_string_free(text, TRUE);
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

        if (ike_judge_is_info(r) && ike_judge_knows_no_cookies(r))
            judge_cookie(t, sa, r, ends_with(t, sa, r, keyed));
    }
}

void ike_judge_refusals(ike_tracker *t, ike_sa *sa)
{
    if (sa->version != 1)
        return;
    judge_clear(t, sa);
    judge_mm5(t, sa);
    judge_mm6(t, sa);
    ike_judge_aggressive(t, sa);
    ike_judge_quick_refusals(t, sa);
    judge_cookies(t, sa);
}
