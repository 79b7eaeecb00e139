/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What became of Quick Modes and Child SAs, as far as bytes, packets and keys tell.
 */
#include "ike_child.h"
#include "ike_agreement.h"
#include "ike_ledger.h"

/* ---- what keys show ---- */

bool ike_child_is_rekey(const ike_exchange *child, unsigned before)
{
    const ike_agreement *a = ike_agreement_find(child);

    return a && a->protocol && child->sa->version == 2 ? a->is_rekey : before > 0;
}

bool ike_child_makes_ike_sa(const ike_exchange *child)
{
    const ike_agreement *a = ike_agreement_find(child);

    return a && a->protocol == IKE_PROTOCOL_ISAKMP;
}

bool ike_child_is_decrypted(const ike_exchange *child)
{
    const ike_agreement *a = ike_agreement_find(child);

    return a && a->protocol != 0;
}

/* ---- its messages and packets ---- */

const ike_endpoint *ike_child_host(const ike_exchange *exchange, bool opener)
{
    return ike_sa_endpoint_of(exchange->sa, opener ? exchange->opener : ike_side_other(exchange->opener));
}

unsigned ike_child_repeats(const ike_exchange *exchange)
{
    unsigned n = ike_exchange_lost_repeats(exchange);

    for (guint i = 0; i < exchange->records.len; i++)
        n += ike_record_sends(exchange->records.pdata[i]) - 1;
    return n;
}

const ike_record *ike_child_last(const ike_exchange *exchange)
{
    if (exchange->mode == IKE_MODE_AUTHIP_QUICK)
        return ike_exchange_slot(exchange, 2);
    if (exchange->sa->version == 1)
        return ike_exchange_slot(exchange, 3);
    return ike_exchange_slot(ike_exchange_end(exchange), IKE_RESPONSE);
}

/* -1 when time runs backwards, or one of the two is not there. */
static ike_time span_between(const ike_note *from, const ike_note *to)
{
    return from && to && to->time >= from->time ? to->time - from->time : -1;
}

static const ike_note *note_of(const ike_record *r)
{
    return r ? &r->note : NULL;
}

ike_time ike_child_setup(const ike_exchange *exchange)
{
    return span_between(note_of(ike_exchange_slot(exchange, 1)), note_of(ike_child_last(exchange)));
}

ike_time ike_child_first_packet(const ike_exchange *exchange)
{
    const ike_note *first = NULL;

    for (int i = 0; i < 2; i++) {
        const ike_flow *flow = ike_exchange_end(exchange)->more->flow[i];

        if (flow && flow->first && (!first || flow->first->note.frame < first->frame))
            first = &flow->first->note;
    }
    return span_between(note_of(ike_child_last(exchange)), first);
}

const ike_flow *ike_child_flow(const ike_exchange *exchange, bool from_opener)
{
    const ike_side side = from_opener ? exchange->opener : ike_side_other(exchange->opener);
    const ike_flow *flow = side == IKE_SIDE_NONE ? NULL : ike_exchange_end(exchange)->more->flow[side];

    return flow && flow->first ? flow : NULL;
}

uint32_t ike_child_spi(const ike_exchange *child, bool from_opener)
{
    const ike_agreement *a = ike_agreement_find(child);
    const ike_flow *flow = ike_child_flow(child, from_opener);

    if (flow)
        return flow->spi;
    return a && child->opener != IKE_SIDE_NONE ? a->spi[from_opener ? 1 - child->opener : child->opener] : 0;
}

const ike_record *ike_child_deleted(const ike_exchange *child)
{
    const ike_agreement *a = ike_agreement_find(child);

    if (!a || !a->protocol)
        return NULL;
    if (!a->ended[0] && !a->ended[1]) /* RFC 7296 1.4.1 */
        return child->sa->version == 2 ? ike_sa_heir(child->sa)->more->deleted : NULL;
    return a->ended[0] && (!a->ended[1] || a->ended[0]->note.frame <= a->ended[1]->note.frame) ? a->ended[0]
                                                                                             : a->ended[1];
}

/* ---- its state ---- */

/* True when packets of an IPsec SA that the exchange is taken to have made come from this side. */
static bool has_packets(const ike_exchange *exchange, ike_side from)
{
    return from != IKE_SIDE_NONE && exchange->more->flow[from] && exchange->more->flow[from]->first;
}

/* A message came after which none must follow. */
static bool is_complete(const ike_exchange *exchange)
{
    for (unsigned i = 1; i <= exchange->highest; i++) {
        const ike_record *r = ike_exchange_slot(exchange, i);
        const ike_step *step = r ? ike_step_find(r->label) : NULL;

        if (step && !step->next)
            return true;
    }
    return false;
}

/* Keys or clear words say that it failed. */
static bool is_refused(const ike_exchange *exchange)
{
    return exchange->more->failed_by != IKE_DIAG_NONE && exchange->more->failed_known == IKE_OBSERVED;
}

/* With the commit bit the responder does not use its SA before it has sent CONNECTED (RFC 2408 3.1). */
static ike_child_state state_v1(const ike_exchange *exchange)
{
    if (is_refused(exchange))
        return IKE_CHILD_FAILED;
    if (!is_complete(exchange))
        return exchange->opener == IKE_SIDE_NONE ? IKE_CHILD_UNKNOWN_START : IKE_CHILD_UNFINISHED;
    if (exchange->commit && !ike_exchange_slot(exchange, 4) &&
        !has_packets(exchange, ike_side_other(exchange->opener)))
        return IKE_CHILD_NOT_CONNECTED;
    return IKE_CHILD_ESTABLISHED;
}

/* A response to IKE_AUTH that is too small for identity, proof, proposal and traffic selectors made no Child SA
 * (RFC 7296 1.2, RFC 6023). How long one in IKE fragments is does not show. */
static bool has_no_room(const ike_exchange *end)
{
    const ike_record *r = ike_exchange_slot(end, IKE_RESPONSE);

    return r->inside != IKE_PL_V2_EAP && r->fragment != IKE_FRAGMENT_V2 &&
           r->length < ike_v2_smallest_child(end->sa->v2->choice, r->label.number == 1);
}

static ike_child_state state_by_keys(const ike_record *answer, const ike_exchange *exchange)
{
    if (answer->told & IKE_TOLD_PROPOSAL)
        return ike_child_makes_ike_sa(exchange) ? IKE_CHILD_IS_IKE_SA : IKE_CHILD_ESTABLISHED;
    return answer->told & IKE_TOLD_EAP || answer->label.mode == IKE_MODE_V2_FOLLOWUP_KE ? IKE_CHILD_UNFINISHED
                                                                                         : IKE_CHILD_NOT_MADE;
}

/* What IKE_AUTH and CREATE_CHILD_SA made, or refused, is encrypted: only keys or its packets tell. */
static ike_child_state state_v2(const ike_exchange *exchange)
{
    const ike_exchange *end = ike_exchange_end(exchange);
    const bool is_first = exchange->mode == IKE_MODE_V2_AUTH;

    if (exchange->more->rekeyed_to)
        return IKE_CHILD_IS_IKE_SA;
    if (is_refused(exchange))
        return IKE_CHILD_FAILED;
    if (has_packets(end, IKE_SIDE_A) || has_packets(end, IKE_SIDE_B))
        return IKE_CHILD_ESTABLISHED;
    if (is_first && exchange->sa->is_failed)
        return IKE_CHILD_FAILED;
    if (!ike_exchange_slot(end, IKE_RESPONSE) ||
        (is_first && exchange->sa->state < IKE_STATE_PROBABLY_ESTABLISHED))
        return IKE_CHILD_UNFINISHED;
    if (ike_exchange_slot(end, IKE_RESPONSE)->is_decrypted)
        return state_by_keys(ike_exchange_slot(end, IKE_RESPONSE), exchange);
    return is_first && has_no_room(end) ? IKE_CHILD_NOT_MADE : IKE_CHILD_ANSWERED;
}

ike_child_state ike_child_state_of(const ike_exchange *exchange)
{
    return exchange->sa->version == 2 ? state_v2(exchange) : state_v1(exchange);
}

bool ike_child_is_up(const ike_exchange *child)
{
    const ike_child_state state = ike_child_state_of(child);

    return child->leads_child && (state == IKE_CHILD_ESTABLISHED || state == IKE_CHILD_ANSWERED) &&
           child->more->failed_by == IKE_DIAG_NONE;
}

const char *ike_child_state_word(const ike_exchange *child)
{
    return ike_child_is_up(child) && ike_child_deleted(child) ? "deleted"
                                                              : ike_child_state_name(ike_child_state_of(child));
}

const char *ike_child_state_name(ike_child_state state)
{
    static const char *const names[] = {
        [IKE_CHILD_UNKNOWN_START] = "unknown start", [IKE_CHILD_UNFINISHED] = "unfinished",
        [IKE_CHILD_NOT_CONNECTED] = "not connected", [IKE_CHILD_ESTABLISHED] = "established",
        [IKE_CHILD_ANSWERED] = "answered",           [IKE_CHILD_FAILED] = "failed",
        [IKE_CHILD_NOT_MADE] = "not made",
        [IKE_CHILD_IS_IKE_SA] = "IKE SA rekey",
    };

    return names[state];
}
