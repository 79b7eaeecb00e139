/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How an SA that came up ends. Deletes are encrypted: what shows them is their place, their size and
 * that nothing follows. RFC 2408 3.15, RFC 7296 1.4.1.
 */
#include "ike_judge.h"

#define IN_FLIGHT (5 * IKE_SECOND)   /* both ends delete before they hear of each other */
#define LOOKED_AT 1024u              /* Informationals of one side */
#define LONGEST_DELETE 200u          /* bytes of an encrypted IKEv1 message */
#define BURST (1 * IKE_SECOND)       /* in which the deletes of an IKE SA and its IPsec SAs are sent */
#define NO_ANSWER (5 * IKE_SECOND)   /* a liveness check that is not answered was sent again by then */

/* ---- IKEv2 ---- */

/* Both ends delete the same Child SA at a time: then the answer is empty as well (RFC 7296 1.4.1). */
static bool crosses_delete(const ike_sa *sa, const ike_record *emptied)
{
    const ike_list *infos = &sa->more->infos[emptied->side];

    for (guint i = infos->len; i > 0 && infos->len - i < LOOKED_AT; i--) {
        const ike_record *other = infos->pdata[i - 1];

        if (emptied->note.time - other->note.time > IN_FLIGHT)
            break;
        if (other->inside == IKE_PL_V2_DELETE)
            return true;
    }
    return false;
}

const ike_record *ike_judge_emptied(const ike_sa *sa)
{
    const ike_record *emptied = sa->version == 2 ? sa->v2->emptied : NULL;

    if (!emptied || emptied->side == IKE_SIDE_NONE || !ike_judge_is_silent_after(sa, emptied) ||
        crosses_delete(sa, emptied))
        return NULL;
    return emptied;
}

/* ---- IKEv1 ---- */

static bool may_be_delete(const ike_record *info)
{
    if (info->is_decrypted)
        return false; /* it says what it is */
    return info->is_encrypted && !info->is_liveness && info->copy == IKE_COPY_NONE && ike_record_sends(info) == 1 &&
           info->length <= LONGEST_DELETE;
}

static const ike_record *last_of(const ike_list *infos)
{
    return infos->len ? infos->pdata[infos->len - 1] : NULL;
}

/* A delete of an IPsec SA goes before that of its IKE SA. */
static bool is_second_of_burst(const ike_list *infos, const ike_record *last)
{
    const ike_record *before = infos->len > 1 ? infos->pdata[infos->len - 2] : NULL;

    return before && may_be_delete(before) && last->note.time - before->note.time < BURST;
}

/* One Informational alone could be a notify: of a first contact before any Quick Mode, or a liveness check,
 * which would be sent again. */
static bool is_last_word(const ike_tracker *t, const ike_sa *sa, const ike_record *info)
{
    return sa->more->newest_child_frame && info->note.frame > sa->more->newest_child_frame &&
           t->span.last - info->note.time >= NO_ANSWER;
}

static const ike_record *deleted_v1(const ike_tracker *t, const ike_sa *sa)
{
    for (int side = 0; side < 2; side++) {
        const ike_record *last = last_of(&sa->more->infos[side]);

        if (last && may_be_delete(last) && ike_judge_is_silent_after(sa, last) &&
            !ike_judge_has_esp_after(sa, last) &&
            (is_second_of_burst(&sa->more->infos[side], last) || is_last_word(t, sa, last)))
            return last;
    }
    return NULL;
}

const ike_record *ike_judge_deleted(const ike_tracker *t, const ike_sa *sa)
{
    if (!ike_judge_came_up(sa))
        return NULL;
    if (sa->more->deleted)
        return sa->more->deleted;
    return sa->version == 2 ? ike_judge_emptied(sa) : deleted_v1(t, sa);
}
