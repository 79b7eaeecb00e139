/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How far a negotiation came: the newest message that is known to have arrived, what came instead of an
 * answer, how it ended.
 */
#include "ike_report.h"

/* ---- what shows that a message arrived ---- */

/* An ICMP error of the host that this side is: what it quotes came there. Not so where pieces of it are
 * missing or it is too big for the path. */
static bool is_refusal_by(const ike_icmp *icmp, ike_side side)
{
    return icmp->quoted == ike_side_other(side) && ike_icmp_is_from_target(icmp) &&
           (icmp->is_v6 ? icmp->type == 1 : icmp->type == 3 && icmp->code != 4);
}

static const ike_note *first_icmp(const ike_sa *sa, ike_side from, uint32_t after)
{
    for (guint i = 0; i < sa->more->icmp.len; i++) {
        const ike_icmp *icmp = sa->more->icmp.pdata[i];

        if (icmp->note.frame > after && is_refusal_by(icmp, from))
            return &icmp->note;
    }
    return NULL;
}

static bool is_reaction(const ike_record *r)
{
    return r->note.kind == IKE_NOTE_PIECE ? !r->rare->message
                                          : r->label.mode == IKE_MODE_INFO || r->is_outside;
}

/* The first thing that the other side sent after a message without answering it: a piece of the next one,
 * an Informational, an error. Any of them proves that the message arrived. NULL when nothing came. */
static const ike_note *reaction(const ike_sa *sa, const ike_record *to)
{
    const ike_side from = ike_side_other(to->side);
    const ike_note *icmp;

    if (from == IKE_SIDE_NONE)
        return NULL;
    icmp = first_icmp(sa, from, to->note.frame);
    for (guint i = 0; i < sa->records.len; i++) {
        const ike_record *r = sa->records.pdata[i];

        if (icmp && r->note.frame > icmp->frame)
            break;
        if (r->note.frame > to->note.frame && r->side == from && is_reaction(r))
            return &r->note;
    }
    return icmp;
}

/* ---- the newest message that arrived ---- */

/* Frames of the newest thing that each side sent. */
static void newest_frames(const ike_sa *sa, uint32_t frames[2])
{
    frames[0] = frames[1] = 0;
    for (guint i = 0; i < sa->records.len; i++) {
        const ike_record *r = sa->records.pdata[i];

        if (r->side != IKE_SIDE_NONE && r->copy == IKE_COPY_NONE && !r->is_reflection)
            frames[r->side] = r->note.frame;
    }
    for (guint i = 0; i < sa->more->icmp.len; i++) {
        const ike_icmp *icmp = sa->more->icmp.pdata[i];
        const ike_side by = ike_side_other(icmp->quoted);

        if (by != IKE_SIDE_NONE && is_refusal_by(icmp, by))
            frames[by] = MAX(frames[by], icmp->note.frame);
    }
}

static bool is_of_phase1(const ike_record *r)
{
    return ike_record_is_message(r) && !r->is_outside && ike_modes[r->label.mode].is_phase1;
}

static ike_label proven_v2(const ike_sa *sa, const ike_record **record)
{
    uint32_t newest[2];

    newest_frames(sa, newest);
    for (guint i = sa->records.len; i > 0; i--) {
        const ike_record *r = sa->records.pdata[i - 1];

        if (is_of_phase1(r) && r->side != IKE_SIDE_NONE && newest[1 - r->side] > r->note.frame) {
            *record = r;
            return r->label;
        }
    }
    return (ike_label){ 0 };
}

ike_label ike_report_proven(const ike_sa *sa, const ike_record **record)
{
    const ike_exchange *phase1 = sa->phase1;
    const ike_record *newest = ike_exchange_slot(phase1, phase1->highest);
    ike_label label = { .mode = (uint8_t)phase1->mode };

    *record = NULL;
    if (sa->version == 2)
        return proven_v2(sa, record);
    if (newest)
        label.number = (uint8_t)(reaction(sa, newest) ? phase1->highest : phase1->highest - 1);
    if (label.number == 0)
        return (ike_label){ 0 };
    *record = ike_exchange_slot(phase1, label.number);
    return label;
}

/* ---- what is owed ---- */

/* Newest message of the first exchanges of IKEv2. */
static const ike_record *newest_v2(const ike_sa *sa)
{
    for (guint i = sa->records.len; i > 0; i--)
        if (is_of_phase1(sa->records.pdata[i - 1]))
            return sa->records.pdata[i - 1];
    return NULL;
}

/* The newest message of the SA's own exchanges; `next` gets what must follow it, if anything must. */
static const ike_record *newest_message(const ike_sa *sa, ike_label *next)
{
    const ike_record *r = sa->version == 2 ? newest_v2(sa) : ike_exchange_slot(sa->phase1, sa->phase1->highest);
    const ike_step *step = r && sa->version == 1 ? ike_step_find(r->label) : NULL;

    *next = (ike_label){ 0 };
    if (step && step->next)
        *next = (ike_label){ .mode = r->label.mode, .number = step->next };
    else if (r && sa->version == 2 && !r->response)
        *next = r->waiting_for;
    return r;
}

static void append_instead(GString *out, const ike_note *came)
{
    const ike_record *r = came->kind == IKE_NOTE_MESSAGE ? (const ike_record *)came : NULL;

    if (came->kind == IKE_NOTE_PIECE)
        g_string_append(out, "only pieces of it came");
    else
        g_string_append_printf(out, "%s came instead (frame %u)",
                               !r              ? "an ICMP error"
                               : r->is_outside ? "an error in clear"
                                               : "an Informational",
                               came->frame);
}

void ike_report_owed(GString *out, const ike_sa *sa)
{
    ike_label next;
    const ike_record *r = newest_message(sa, &next);
    const ike_note *came;

    if (next.mode == IKE_MODE_NONE || r->side == IKE_SIDE_NONE)
        return;
    ike_label_append(out, next);
    g_string_append_printf(out, " by %s: ", ike_report_role(sa, ike_side_other(r->side)));
    came = reaction(sa, r);
    if (came)
        append_instead(out, came);
    else
        ike_record_append_sends(out, r);
}

/* ---- how it ended ---- */

static void append_failed(GString *out, const ike_sa *sa)
{
    const ike_record *record;
    const ike_label newest = ike_report_proven(sa, &record);

    if (newest.mode == IKE_MODE_NONE) {
        g_string_append(out, "no answer to the first message");
        return;
    }
    g_string_append(out, "stopped after ");
    ike_label_append(out, newest);
}

static void append_established(GString *out, const ike_sa *sa)
{
    g_string_append(out, ike_state_name(MIN(sa->state, IKE_STATE_ESTABLISHED)));
    if (ike_sa_has_setup_time(sa)) {
        g_string_append(out, " in ");
        ike_seconds_append(out, sa->more->established->note.time - sa->first_time);
        g_string_append(out, " s");
    }
    if (sa->more->rekeyed_to)
        g_string_append_printf(out, ", renewed as SA %u", sa->more->rekeyed_to->number);
}

/* The newest message while the SA is not up; nothing when there is none. */
static bool append_unfinished(GString *out, const ike_sa *sa)
{
    ike_label next;
    const ike_record *r = newest_message(sa, &next);

    if (!r || sa->state >= IKE_STATE_PROBABLY_ESTABLISHED)
        return false;
    g_string_append(out, "unfinished, newest message ");
    ike_label_append(out, r->label);
    return true;
}

static void append_outcome(GString *out, const ike_sa *sa)
{
    if (sa->state == IKE_STATE_ABANDONED)
        g_string_append(out, "abandoned for another answer to the same first message");
    else if (sa->is_failed)
        append_failed(out, sa);
    else if (sa->more->established && sa->state >= IKE_STATE_PROBABLY_ESTABLISHED && !sa->is_joined)
        append_established(out, sa);
    else if (sa->more->parent)
        g_string_append_printf(out, "renews SA %u, %s", sa->more->parent->number, ike_state_name(sa->state));
    else if (sa->is_joined)
        g_string_append(out, sa->state >= IKE_STATE_ESTABLISHED
                                 ? "established before or outside this capture"
                                 : "the capture begins in the middle");
    else if (sa->v2->nack && sa->state < IKE_STATE_PROBABLY_ESTABLISHED)
        g_string_append(out, "ticket refused (TICKET_NACK)");
    else if (!append_unfinished(out, sa))
        g_string_append(out, ike_state_name(sa->state));
}

void ike_report_outcome(GString *out, const ike_sa *sa)
{
    append_outcome(out, sa);
    if (sa->more->deleted && !sa->is_failed)
        g_string_append_printf(out, ", deleted by the %s in frame %u",
                               ike_role_name(ike_sa_role(sa, ike_record_side_in(sa->more->deleted, sa))),
                               sa->more->deleted->note.frame);
}
