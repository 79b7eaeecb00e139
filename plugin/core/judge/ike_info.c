/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Informationals that follow a message: which of them may be a reaction to it, and which refuses it. IKEv1 says
 * nowhere to which message an Informational belongs (RFC 2408 4.8).
 */
#include "ike_decrypted.h"
#include "ike_judge.h"

#define INFOS_LOOKED_AT 1024u /* that follow a message */

/* A look-up of CRL or OCSP, or RADIUS, holds up an answer: Windows waits for revocation lists as long by default. */
#define LONGEST_LOOKUP (20 * IKE_SECOND)
#define BURST (1 * IKE_SECOND) /* in which a notify and a delete are sent */

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

bool ike_judge_info_names(const ike_record *info, const ike_exchange *exchange)
{
    return info->rare->notify_spi && info->rare->notify_spi == ike_agreement_spi(exchange, exchange->opener);
}

/* .. or in another one. */
static bool names_another(const ike_record *info, const ike_exchange *exchange)
{
    return info->rare->notify_spi && ike_agreement_spi(exchange, exchange->opener) &&
           !ike_judge_info_names(info, exchange);
}

/* Which Informationals are looked for: an error that names its reason only, and about no other Quick Mode than this
 * one, if any. */
typedef struct info_wanted {
    bool is_named;
    const ike_exchange *quick;
} info_wanted;

static bool fits(const info_wanted *wanted, const ike_record *info)
{
    return info->label.mode == IKE_MODE_INFO && may_refuse(info) && (!wanted->is_named || info->rare->notify_error) &&
           !(wanted->quick && names_another(info, wanted->quick));
}

/* First such Informational that follows a message within `limit`. */
static ike_record *info_within(const ike_list *infos, const ike_record *copy, ike_time limit, const info_wanted *wanted)
{
    const guint from = ike_judge_info_position(infos, copy->note.frame);

    for (guint i = from; i < infos->len && i - from < INFOS_LOOKED_AT; i++) {
        ike_record *info = infos->pdata[i];

        if (info->note.time - copy->note.time > limit)
            return NULL;
        if (fits(wanted, info) && info->note.time >= copy->note.time)
            return info;
    }
    return NULL;
}

static ike_record *info_after(const ike_sa *sa, const ike_record *r, ike_side from, ike_time limit,
                              const info_wanted *wanted)
{
    ike_record *found = NULL;
    int n = 0;

    if (from == IKE_SIDE_NONE)
        return NULL;
    for (ike_record *copy = ike_record_last(r); copy && n++ < IKE_COPIES_LOOKED_AT; copy = copy->rare->older) {
        ike_record *info = info_within(&sa->more->infos[from], copy, limit, wanted);

        if (info)
            found = info;
    }
    return found;
}

ike_record *ike_judge_info_after(const ike_sa *sa, const ike_record *r, ike_side from, ike_time limit)
{
    const info_wanted any = { false, NULL };

    return info_after(sa, r, from, limit, &any);
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


/* ---- refusals ---- */

bool ike_judge_knows_no_cookies(const ike_record *info)
{
    return info->rare->notify_error == IKE_NOTIFY_INVALID_COOKIE;
}

const ike_record *ike_judge_last_info(const ike_sa *sa, ike_side from)
{
    const ike_list *infos = from == IKE_SIDE_NONE ? NULL : &sa->more->infos[from];

    return infos && infos->len ? infos->pdata[infos->len - 1] : NULL;
}

void ike_judge_append_other_node(GString *text, const ike_record *answer, const ike_record *unknown)
{
    if (answer && answer->side == unknown->side && !answer->has_marker && unknown->has_marker)
        g_string_append(text, "; on UDP 500 it knew the SA: another node may answer on UDP 4500");
}

static const ike_record *first_info_since(const ike_sa *sa, const ike_record *r, ike_side from)
{
    const ike_list *infos = &sa->more->infos[from];
    const guint i = ike_judge_info_position(infos, r->note.frame);

    return i < infos->len ? infos->pdata[i] : NULL;
}

/* What came before a late Informational shows that the message was answered after all: its sender goes on, the other
 * side sent pieces of the answer, or what the SA protects. */
static bool was_answered_before(const ike_sa *sa, const ike_record *asked, const ike_record *info)
{
    const ike_record *went_on = first_info_since(sa, asked, asked->side);

    return (went_on && went_on->note.frame < info->note.frame) || ike_judge_has_esp_after(sa, asked) ||
           sa->sides[info->side].more->newest_piece_frame > asked->note.frame;
}

/* The Informational, alone or with those sent at once with it, is the last that was said on this SA, and it came
 * while somebody may still wait for an answer. */
static bool is_last_word(const ike_tracker *t, const ike_sa *sa, const ike_record *asked, const ike_record *info)
{
    const ike_record *last = ike_judge_last_info(sa, info->side);

    return info->note.time >= asked->note.time && last->note.time - info->note.time < BURST &&
           info->note.time - ike_record_last_before((ike_record *)asked, info)->note.time <= LONGEST_LOOKUP &&
           ike_judge_is_silent_after(sa, last) && !ike_judge_has_esp_after(sa, asked) &&
           ike_judge_waited(t, last->note.time) && !ike_judge_renews_another(t, sa);
}

static ike_record *late_refusal(const ike_tracker *t, const ike_sa *sa, const ike_record *asked,
                                const ike_exchange *quick)
{
    const ike_side from = ike_side_other(asked->side);
    const info_wanted named = { true, quick }, any = { false, quick };
    ike_record *info = info_after(sa, asked, from, G_MAXINT64, &named);

    if (info && (!quick || ike_judge_info_names(info, quick)) && !was_answered_before(sa, asked, info))
        return info;
    info = info_after(sa, asked, from, G_MAXINT64, &any);
    if (info && first_info_since(sa, asked, from) == info && is_last_word(t, sa, asked, info) &&
        !was_answered_before(sa, asked, info))
        return info;
    return NULL;
}

ike_record *ike_judge_refusal(const ike_tracker *t, const ike_sa *sa, const ike_record *asked,
                              const ike_exchange *quick)
{
    const info_wanted any = { false, quick };
    ike_record *info = info_after(sa, asked, ike_side_other(asked->side), IKE_REACTION, &any);

    if (!info && asked->side != IKE_SIDE_NONE)
        info = late_refusal(t, sa, asked, quick);
    return info && !ike_judge_knows_no_cookies(info) ? info : NULL;
}
