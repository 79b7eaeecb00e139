/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which IKE SA an IKEv2 message belongs to. The pair of SPIs names it (RFC 7296 2.6). Until the
 * responder has chosen its SPI, two peers behind one NAT may use the same initiator SPI (2.1), and
 * responses that only challenge or refuse carry no SPI that counts (2.6). A rekeyed IKE SA appears
 * with a new pair and no IKE_SA_INIT (2.18).
 */
#include "ike_agreement.h"
#include "ike_lookup.h"

#define PARENTS_TRIED 64 /* SAs between two hosts that may have been rekeyed */
#define EXCHANGES_TRIED 8 /* newest ones of such an SA */
#define OLD_SA_LIVES (60 * IKE_SECOND) /* after it was rekeyed, it is only deleted */

static bool is_response(const ike_lookup *l)
{
    return l->m->flags & IKE_FLAG_V2_RESPONSE;
}

static bool is_first_exchange(const ike_message *m)
{
    return m->exchange == IKE_XCHG_V2_SA_INIT || m->exchange == IKE_XCHG_V2_RESUME;
}

/* ---- the first request ---- */

static bool comes_from_initiator(const ike_sa *sa, const ike_lookup *l)
{
    return sa->initiator != IKE_SIDE_NONE &&
           ike_side_has_endpoint(&sa->sides[sa->initiator], &l->d->src) &&
           ike_lookup_same_hosts(sa, l);
}

/* All attempts of a negotiation have the same nonce, but for a peer that begins anew (RFC 7296 2.6). */
static bool is_same_negotiation(const ike_sa *sa, const ike_lookup *l, uint64_t nonce)
{
    const ike_time age = l->t->now - sa->last_time;

    if (ike_lookup_knows_digest(sa, l))
        return true;
    if (nonce && nonce == sa->v2->nonce)
        return ike_lookup_same_hosts(sa, l);
    return sa->spi_r == 0 && comes_from_initiator(sa, l) && age < IKE_FIRST_MESSAGE_AGE;
}

static ike_sa *first_request(ike_lookup *l)
{
    const uint64_t nonce = ike_v2_nonce(l->m);
    ike_sa *older = NULL, *sa = ike_lookup_late_first_message(l);
    int n = 0;

    if (sa)
        return sa;
    for (sa = ike_lookup_spi(l->t, l->m->spi_i); sa && n++ < IKE_MAX_SAME_SPI; sa = sa->same_spi) {
        if (sa->version != 2 || !ike_lookup_one_host(sa, l))
            continue;
        if (is_same_negotiation(sa, l, nonce))
            return sa;
        if (!older && comes_from_initiator(sa, l))
            older = sa;
    }
    sa = ike_lookup_make(l, IKE_SIDE_A);
    /* A merge can bring the first message after the answer to it: that is the same negotiation. Without
     * the older first message nothing tells whether this one differs. */
    if (sa && older && ike_exchange_slot(older->phase1, 1) && l->t->now >= older->last_time)
        ike_sa_more(sa)->reuses = older;
    return sa;
}

/* ---- the response to it ---- */

/* How well an SA fits as the one that is answered: by address and port, by hosts, by one of them on
 * the other side of a NAT. */
static int fitness(const ike_sa *sa, const ike_lookup *l)
{
    if (sa->initiator != IKE_SIDE_NONE && ike_lookup_same_hosts(sa, l) &&
        ike_side_has_endpoint(&sa->sides[sa->initiator], &l->d->dst))
        return 3;
    if (ike_lookup_same_hosts(sa, l))
        return 2;
    return ike_lookup_one_host(sa, l) ? 1 : 0;
}

/* The newest SA that fits best; `pending`: only those without a responder SPI. */
static ike_sa *best_fit(const ike_lookup *l, bool pending)
{
    ike_sa *best = NULL;
    int best_fitness = 0, n = 0;

    for (ike_sa *sa = ike_lookup_spi(l->t, l->m->spi_i); sa && n++ < IKE_MAX_SAME_SPI;
         sa = sa->same_spi) {
        const int fits = sa->version == 2 && (sa->spi_r == 0) == pending ? fitness(sa, l) : 0;

        if (fits > best_fitness) {
            best = sa;
            best_fitness = fits;
        }
    }
    return best;
}

static ike_sa *new_joined(ike_lookup *l)
{
    ike_sa *sa = ike_lookup_make(l, IKE_SIDE_A);

    if (sa)
        sa->is_joined = true;
    return sa;
}

/* RFC 5723 4.3.1: a response to IKE_SESSION_RESUME has no SA payload; its nonce accepts the ticket. */
static bool makes_sa(const ike_lookup *l)
{
    return l->m->spi_r != 0 &&
           (l->has_sa_payload ||
            (l->m->exchange == IKE_XCHG_V2_RESUME && ike_message_has(l->m, IKE_PL_V2_NONCE)));
}

static ike_sa *first_response(ike_lookup *l)
{
    ike_sa *sa = l->m->spi_r ? ike_lookup_pair(l->t, l->m) : NULL;
    ike_sa *promoted;

    if (sa)
        return sa;
    sa = best_fit(l, true);
    if (sa) {
        if (makes_sa(l))
            ike_lookup_promote(l, sa);
        return sa;
    }
    promoted = best_fit(l, false);
    if (promoted && !makes_sa(l))
        return promoted;
    if (promoted && ike_lookup_is_sibling(l, promoted))
        return ike_lookup_make_sibling(l, promoted);
    return new_joined(l);
}

/* ---- all later messages ---- */

/* What was decrypted of the exchange says whether it made this pair of SPIs. */
static bool may_have_made(const ike_exchange *exchange, const ike_message *m)
{
    const ike_agreement *a = ike_agreement_find(exchange);

    if (!a || a->protocol == 0)
        return !ike_exchange_slot(exchange, IKE_RESPONSE)->is_decrypted;
    if (a->protocol != IKE_PROTOCOL_ISAKMP)
        return false;
    return (!a->ike_spi[exchange->opener] || a->ike_spi[exchange->opener] == m->spi_i) &&
           (!a->ike_spi[1 - exchange->opener] || a->ike_spi[1 - exchange->opener] == m->spi_r);
}

static bool may_have_rekeyed(const ike_exchange *exchange, const ike_endpoint *initiator)
{
    return exchange->mode == IKE_MODE_V2_CREATE_CHILD && ike_exchange_slot(exchange, IKE_RESPONSE) &&
           !exchange->more->rekeyed_to && exchange->opener != IKE_SIDE_NONE &&
           ike_side_has_endpoint(&exchange->sa->sides[exchange->opener], initiator);
}

/* When the newest exchange of an SA began. */
static ike_time newest_begins(const ike_sa *sa)
{
    for (guint i = sa->more->exchanges.len; i > 0 && sa->more->exchanges.len - i < EXCHANGES_TRIED; i--) {
        const ike_list *records = &((const ike_exchange *)sa->more->exchanges.pdata[i - 1])->records;

        if (records->len)
            return ((const ike_record *)records->pdata[0])->note.time;
    }
    return sa->first_time;
}

/* The newest CREATE_CHILD_SA of this SA that may have made another IKE SA, whose initiator is the
 * sender of the message or its receiver (RFC 7296 2.18). Both sides may rekey at once, or rekey a Child
 * SA before the new IKE SA is used (2.8.1). An SA that goes on long after it was not rekeyed by it. */
static ike_exchange *rekeying(const ike_sa *sa, const ike_lookup *l)
{
    const ike_endpoint *initiator =
        l->m->flags & IKE_FLAG_V2_INITIATOR ? &l->d->src : &l->d->dst;
    const ike_list *list = &sa->more->exchanges;
    const ike_time newest = newest_begins(sa);

    if (!sa->v2->last_child || !ike_lookup_same_hosts(sa, l))
        return NULL;
    for (guint i = list->len; i > 0 && list->len - i < EXCHANGES_TRIED; i--) {
        ike_exchange *exchange = list->pdata[i - 1];

        if (may_have_rekeyed(exchange, initiator) && may_have_made(exchange, l->m) &&
            newest - ike_exchange_slot(exchange, IKE_RESPONSE)->note.time <= OLD_SA_LIVES)
            return exchange;
    }
    return NULL;
}

static void inherit(ike_sa *sa, const ike_sa *parent)
{
    for (int side = 0; side < 2; side++) {
        ike_side_more *more;

        ike_side_inherit(&sa->sides[side], sa->arena, &parent->sides[side]);
        more = ike_side_more_of(&sa->sides[side]);
        more->natd = parent->sides[side].more->natd;
        more->natd.hashes = NULL; /* the parent's; IKEv2 keeps none */
        more->identity = g_strdup(parent->sides[side].more->identity);
        sa->v2->sides[side] = parent->v2->sides[side];
        sa->v2->sides[side].highest_id = -1;
    }
    sa->has_floated = parent->has_floated;
    ike_sa_more(sa)->user = g_strdup(parent->more->user);
    ike_sa_more(sa)->given_address = g_strdup(parent->more->given_address);
}

static ike_sa *make_child_of(ike_lookup *l, ike_exchange *exchange)
{
    ike_sa *parent = exchange->sa;
    ike_sa *sa = ike_lookup_make(l, IKE_SIDE_NONE);

    if (!sa)
        return NULL;
    ike_sa_more(sa)->parent = parent;
    ike_sa_more(sa)->made_by = exchange;
    if (!parent->more->rekeyed_to)
        ike_sa_more(parent)->rekeyed_to = sa;
    ike_exchange_more_of(exchange)->rekeyed_to = sa;
    inherit(sa, parent);
    if (ike_agreement_find(exchange) && ike_agreement_find(exchange)->choice_v2)
        sa->v2->choice = ike_v2_offer_copy(ike_agreement_find(exchange)->choice_v2);
    parent->tracked_state = parent->state = MAX(parent->tracked_state, IKE_STATE_REKEYED);
    sa->tracked_state = sa->state = IKE_STATE_ESTABLISHED;
    return sa;
}

/* Message IDs of a rekeyed IKE SA begin at 0 again. */
static ike_sa *rekeyed(ike_lookup *l)
{
    const ike_list *list =
        ike_tracker_sas_between(l->t, &l->d->src.addr, &l->d->dst.addr);
    ike_exchange *newest = NULL;

    if (l->m->message_id != 0 || l->m->spi_i == 0 || l->m->spi_r == 0)
        return NULL;
    for (guint i = list ? list->len : 0; i > 0 && list->len - i < PARENTS_TRIED; i--) {
        ike_exchange *exchange = rekeying(list->pdata[i - 1], l);

        if (exchange && (!newest || ike_exchange_slot(exchange, IKE_RESPONSE)->note.frame >
                                        ike_exchange_slot(newest, IKE_RESPONSE)->note.frame))
            newest = exchange;
    }
    return newest ? make_child_of(l, newest) : NULL;
}

ike_sa *ike_lookup_v2(ike_lookup *l)
{
    ike_sa *sa;

    if (is_first_exchange(l->m))
        return is_response(l) ? first_response(l) : first_request(l);
    sa = ike_lookup_pair(l->t, l->m);
    if (!sa && l->m->spi_r != 0 && (sa = best_fit(l, true))) /* the response is not in the capture */
        ike_lookup_promote(l, sa);
    if (!sa && l->m->spi_r == 0)
        sa = best_fit(l, true);
    if (!sa)
        sa = rekeyed(l);
    return sa ? sa : new_joined(l);
}

/* ---- who sent it ---- */

/* RFC 7296 3.1: the I flag says it. Addresses decide where it contradicts a message that is known:
 * that one came back from the other side, unless it goes to another host: a NAT that is itself the
 * responder's address passes it on. */
ike_side ike_lookup_sender(const ike_sa *sa, const ike_message *m, const ike_datagram *d)
{
    const ike_side by_address = ike_sa_side(sa, &d->src, &d->dst);
    ike_side by_flag;

    if (m->version == 1 || sa->version == 1 || sa->initiator == IKE_SIDE_NONE)
        return by_address;
    by_flag = m->flags & IKE_FLAG_V2_INITIATOR ? sa->initiator : ike_side_other(sa->initiator);
    if (by_address != IKE_SIDE_NONE && by_address != by_flag &&
        ike_sa_has_hosts(sa, &d->src.addr, &d->dst.addr) &&
        ike_sa_first_copy(sa, &d->digest))
        return by_address;
    return by_flag;
}
