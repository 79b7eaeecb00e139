/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Events of SAs that came up, and of their ends.
 */
#include "ike_event_make.h"

/* ---- Main Mode ---- */

static bool has_extended_mode(const ike_sa *sa)
{
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        if (exchange->mode == IKE_MODE_AUTHIP_EXTENDED && ike_exchange_slot(exchange, 2))
            return true;
    }
    return false;
}

const ike_record *ike_event_lost_mm6(const ike_sa *sa)
{
    const ike_record *mm5 = ike_exchange_slot(sa->phase1, 5), *mm6 = ike_exchange_slot(sa->phase1, 6);

    if (!sa->is_failed || sa->phase1->mode != IKE_MODE_MAIN)
        return NULL;
    if (mm6 || !mm5)
        return mm6;
    for (guint i = 0; i < sa->records.len; i++) {
        const ike_record *r = sa->records.pdata[i];

        if (r->note.kind == IKE_NOTE_PIECE && !r->rare->message && r->side == ike_side_other(mm5->side) &&
            r->note.frame > mm5->note.frame)
            return r;
    }
    return NULL;
}

static void main_mode_up(ike_event_builder *b, const ike_sa *sa)
{
    const ike_record *made = ike_sa_establishment(sa), *lost = ike_event_lost_mm6(sa);
    ike_event event;

    if (!made && !lost)
        return;
    event = ike_event_of(sa, IKE_EVENT_MAIN_MODE, made ? &made->note : &lost->note);
    event.legacy = ike_event_legacy(sa, 541);
    event.evidence = !made || sa->state == IKE_STATE_PROBABLY_ESTABLISHED ? IKE_INFERRED : IKE_OBSERVED;
    if (ike_sa_is_authip(sa) && has_extended_mode(sa)) {
        event.id = 4979; /* 4980 to 4982 by how both modes authenticate */
        event.alternative = 4982;
    } else {
        ike_event_by_certificate(&event, 4650, 4651);
    }
    event.host = ike_sa_side_of(sa, IKE_ROLE_RESPONDER);
    if (made)
        ike_event_add_both(b, &event);
    else if (event.host != IKE_SIDE_NONE)
        ike_event_add(b, &event);
}

/* ---- Quick Mode ---- */

static void quick_mode_up(ike_event_builder *b, const ike_exchange *child)
{
    const ike_record *last = ike_child_last(child);
    ike_event event;

    if (!last || !ike_child_is_up(child))
        return;
    event = ike_event_of(child->sa, IKE_EVENT_QUICK_MODE, &last->note);
    event.id = 5451;
    event.legacy = ike_event_legacy(child->sa, 541);
    event.child = child;
    event.evidence = ike_child_state_of(child) == IKE_CHILD_ESTABLISHED ? IKE_OBSERVED : IKE_INFERRED;
    ike_event_add_both(b, &event);
}

void ike_event_established(ike_event_builder *b, const ike_sa *sa)
{
    main_mode_up(b, sa);
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        quick_mode_up(b, sa->more->exchanges.pdata[i]);
}

/* ---- ends ---- */

/* The newest packet of what the negotiation made. */
static const ike_note *newest_packet(const ike_exchange *child)
{
    const ike_note *newest = NULL;

    for (int i = 0; i < 2; i++) {
        const ike_flow *flow = ike_child_flow(child, i == 0);

        if (flow && (!newest || flow->newest->note.time > newest->time))
            newest = &flow->newest->note;
    }
    return newest;
}

static void quick_mode_ended(ike_event_builder *b, const ike_exchange *child, const ike_note *at, ike_evidence known)
{
    ike_event event = ike_event_of(child->sa, IKE_EVENT_QUICK_MODE, at);

    event.id = 5452;
    event.legacy = ike_event_legacy(child->sa, 542);
    event.also = 5049;
    event.child = child;
    event.evidence = known;
    ike_event_add_both(b, &event);
}

/* The Child SAs end with their IKE SA, which keys show deleted (RFC 7296 1.4.1); theirs they need not show. */
static bool ends_all(const ike_record *end)
{
    return end->version == 2 && end->told & IKE_TOLD_DELETE_SA;
}

/* In IKEv1 an IPsec SA may go on without its IKE SA (RFC 2409 5). */
static bool outlives(const ike_exchange *child, const ike_record *end)
{
    const ike_note *packet = end->version == 1 ? newest_packet(child) : NULL;

    return packet && packet->time > end->note.time && !ike_child_deleted(child);
}

/* One that was renewed ended before; its packets say when. */
static void quick_modes_ended(ike_event_builder *b, const ike_sa *sa, const ike_record *end)
{
    const ike_exchange *last = NULL;

    for (guint i = 0; i < sa->more->exchanges.len; i++)
        if (ike_child_is_up(sa->more->exchanges.pdata[i]))
            last = sa->more->exchanges.pdata[i];
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *child = sa->more->exchanges.pdata[i];
        const ike_note *packet = child == last ? NULL : newest_packet(child);

        if (!ike_child_is_up(child) || (end && outlives(child, end)))
            continue;
        if (ike_child_deleted(child))
            quick_mode_ended(b, child, &ike_child_deleted(child)->note, IKE_OBSERVED);
        else if (end && packet && packet->time < end->note.time)
            quick_mode_ended(b, child, packet, IKE_INFERRED);
        else if (end)
            quick_mode_ended(b, child, &end->note, ends_all(end) ? IKE_OBSERVED : IKE_INFERRED);
    }
}

/* On both hosts, or on one that asked in vain. */
static void main_mode_ended(ike_event_builder *b, const ike_sa *sa, const ike_note *end, ike_diagnosis_id why,
                            ike_side host)
{
    ike_event event = ike_event_of(sa, IKE_EVENT_MAIN_MODE, end);

    event.id = 4655;
    event.legacy = ike_event_legacy(sa, 543);
    event.evidence = sa->more->deleted && end == &sa->more->deleted->note ? IKE_OBSERVED : IKE_INFERRED;
    event.finding = why;
    if (host != IKE_SIDE_NONE) {
        event.host = host;
        ike_event_add(b, &event);
    } else {
        ike_event_add_both(b, &event);
    }
}

const ike_finding *ike_sa_given_up(const ike_sa *sa, ike_side *host)
{
    static const ike_diagnosis_id ids[] = { IKE_DIAG_DPD_FAIL, IKE_DIAG_INFO_NORESP };

    *host = IKE_SIDE_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        const ike_finding *lost = ike_sa_finding(sa, ids[i]);
        const ike_record *r = lost && lost->note ? ike_note_record(lost->note) : NULL;

        if (r && r->side != IKE_SIDE_NONE && lost->severity >= IKE_SEVERITY_WARN && ike_judge_came_up(sa)) {
            *host = r->side;
            return lost;
        }
    }
    return NULL;
}

void ike_event_ended(ike_event_builder *b, const ike_sa *sa)
{
    const ike_tracker *t = b->of->tracker;
    const ike_record *deleted = ike_judge_deleted(t, sa);
    const ike_record *inherited = ike_sa_heir(sa) == sa ? deleted : ike_judge_deleted(t, ike_sa_heir(sa));
    ike_side host;
    const ike_finding *lost = ike_sa_given_up(sa, &host);

    quick_modes_ended(b, sa, inherited);
    if (deleted)
        main_mode_ended(b, sa, &deleted->note, IKE_DIAG_NONE, IKE_SIDE_NONE);
    else if (lost)
        main_mode_ended(b, sa, lost->note, lost->id, host);
}
