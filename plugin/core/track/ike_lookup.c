/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which IKE SA a message belongs to. The cookie pair names an SA (RFC 2408 2.5.3); before the
 * responder's cookie is known the initiator's cookie and the two hosts do. What IKEv2 does otherwise
 * is in ike_lookup_v2.c.
 */
#include "ike_lookup.h"

ike_sa *ike_lookup_spi(const ike_tracker *t, uint64_t spi_i)
{
    return g_hash_table_lookup(t->by_spi, &spi_i);
}

ike_sa *ike_lookup_pair(const ike_tracker *t, const ike_message *m)
{
    ike_sa cookies; /* the rest of it is not looked at */

    cookies.spi_i = m->spi_i;
    cookies.spi_r = m->spi_r;
    cookies.version = m->version;
    return g_hash_table_lookup(t->by_pair, &cookies);
}

ike_sa *ike_lookup_known(const ike_tracker *t, const ike_message *m, const ike_endpoint *src,
                         const ike_endpoint *dst)
{
    ike_sa *sa = ike_lookup_pair(t, m);
    int n = 0;

    if (sa)
        return sa;
    for (sa = ike_lookup_spi(t, m->spi_i); sa && n++ < IKE_MAX_SAME_SPI; sa = sa->same_spi)
        if ((sa->spi_r == 0 || m->spi_r == 0) && ike_sa_has_hosts(sa, &src->addr, &dst->addr))
            return sa;
    return NULL;
}

static void add_endpoint(ike_tracker *t, ike_sa *sa, ike_side side, const ike_endpoint *endpoint)
{
    if (!ike_sa_add_endpoint(sa, side, endpoint))
        ike_raise_limit(t, sa, IKE_LIMIT_ENDPOINTS, NULL);
}

static void set_sides(ike_tracker *t, ike_sa *sa, ike_side sender, const ike_datagram *d)
{
    if (sender == IKE_SIDE_NONE)
        return;
    add_endpoint(t, sa, sender, &d->src);
    add_endpoint(t, sa, ike_side_other(sender), &d->dst);
}

static void index_hosts(ike_tracker *t, ike_sa *sa, const ike_datagram *d)
{
    const ike_host_pair pair = ike_pair_of_hosts(&d->src.addr, &d->dst.addr);
    ike_hosts *hosts;
    guint position;

    for (guint i = 0; i < sa->hosts.len; i++)
        if (ike_pair_equal(&((const ike_hosts *)sa->hosts.pdata[i])->pair, &pair))
            return;
    hosts = g_hash_table_lookup(t->by_hosts, &pair);
    position = hosts ? ike_tracker_position(&hosts->sas, sa->number) : 0;
    if (ike_limit_reached(t, sa, IKE_LIMIT_PAIRS, NULL, sa->hosts.len) ||
        (hosts && ike_limit_reached(t, sa, IKE_LIMIT_NEWER_SAS, NULL, hosts->sas.len - position)))
        return;
    if (!hosts) {
        hosts = ike_arena_new(&t->arena, sizeof *hosts);
        hosts->pair = pair;
        g_hash_table_add(t->by_hosts, hosts);
    }
    ike_list_add(&sa->hosts, hosts);
    ike_list_insert(&hosts->sas, position, sa);
}

ike_sa *ike_lookup_make(ike_lookup *l, ike_side sender)
{
    ike_tracker *t = l->t;

    if (ike_limit_reached(t, NULL, IKE_LIMIT_SAS, NULL, t->sas.len))
        return NULL;

    ike_sa *sa = ike_sa_new(&t->arena, t->sas.len, l->m->version, l->m->spi_i, l->m->spi_r);

    sa->same_spi = ike_lookup_spi(t, sa->spi_i);
    sa->first_time = sa->last_time = t->now;
    sa->first_frame = sa->last_frame = t->frame;
    ike_list_add(&t->sas, sa);
    g_hash_table_replace(t->by_spi, &sa->spi_i, sa);
    if (sa->spi_r != 0)
        g_hash_table_replace(t->by_pair, sa, sa);
    set_sides(t, sa, sender, l->d);
    return sa;
}

/* A clear Informational that refuses the first message carries a cookie of its own: it must not give
 * it to the SA. */
static bool makes_sa(const ike_lookup *l)
{
    return l->m->exchange != IKE_XCHG_INFO;
}

/* What both answers to a first message share. */
static void share_first_message(ike_sa *sa, const ike_sa *older)
{
    const ike_record *first = ike_exchange_slot(older->phase1, 1);

    sa->phase1->mode = older->phase1->mode;
    ike_exchange_put(sa->phase1, 1, ike_exchange_slot(older->phase1, 1));
    sa->phase1->opener = older->phase1->opener;
    if (first->side != IKE_SIDE_NONE) {
        sa->sides[first->side].messages = 1;
        if (older->version == 2)
            ike_side_more_of(&sa->sides[first->side])->natd = older->sides[first->side].more->natd;
    }
    if (older->offer)
        sa->offer = ike_offer_copy(older->offer);
    if (sa->version == 1)
        return;
    if (older->v2->offer)
        sa->v2->offer = ike_v2_offer_copy(older->v2->offer);
    if (older->initiator != IKE_SIDE_NONE)
        sa->v2->sides[older->initiator] = older->v2->sides[older->initiator];
    sa->v2->nonce = older->v2->nonce;
    sa->v2->attempts = older->v2->attempts;
}

/* A second responder cookie for a known first message makes a sibling SA, which shares that first
 * message (RFC 2408 2.5.3, RFC 7296 2.1). */
ike_sa *ike_lookup_make_sibling(ike_lookup *l, ike_sa *older)
{
    const ike_side sender = ike_sa_side(older, &l->d->src, &l->d->dst);
    ike_sa *sa = ike_lookup_make(l, IKE_SIDE_NONE);

    if (!sa)
        return NULL;
    for (int side = 0; side < 2; side++)
        ike_side_inherit(&sa->sides[side], sa->arena, &older->sides[side]);
    sa->initiator = older->initiator;
    sa->initiator_known = older->initiator_known;
    ike_sa_more(sa)->sibling_of = older;
    sa->first_time = older->first_time;
    if (ike_exchange_slot(older->phase1, 1))
        share_first_message(sa, older);
    else
        sa->is_joined = true;
    set_sides(l->t, sa, sender, l->d);
    return sa;
}

/* The answer to a first message goes between the same hosts. On the other side of a NAT one of them
 * has another address; only an answer that chooses a proposal is believed there. */
static bool fits_pending(const ike_sa *sa, const ike_lookup *l)
{
    return ike_lookup_same_hosts(sa, l) || (ike_lookup_one_host(sa, l) && l->has_sa_payload);
}

void ike_lookup_promote(ike_lookup *l, ike_sa *sa)
{
    sa->spi_r = l->m->spi_r;
    g_hash_table_replace(l->t->by_pair, sa, sa);
}

bool ike_lookup_is_sibling(const ike_lookup *l, const ike_sa *older)
{
    return l->has_sa_payload && l->t->now >= older->first_time &&
           l->t->now - older->first_time < IKE_FIRST_MESSAGE_AGE;
}

static ike_sa *by_responder_cookie(ike_lookup *l)
{
    ike_sa *sa = ike_lookup_pair(l->t, l->m);
    ike_sa *pending = NULL, *promoted = NULL;
    int n = 0;

    if (sa)
        return sa;
    for (sa = ike_lookup_spi(l->t, l->m->spi_i); sa && n++ < IKE_MAX_SAME_SPI; sa = sa->same_spi) {
        if (!fits_pending(sa, l) || sa->version != l->m->version)
            continue;
        if (sa->spi_r == 0 && !pending)
            pending = sa;
        else if (sa->spi_r != 0 && !promoted)
            promoted = sa;
    }
    if (!makes_sa(l) && (pending || promoted))
        return pending ? pending : promoted;
    if (pending) {
        ike_lookup_promote(l, pending);
        return pending;
    }
    if (promoted && ike_lookup_is_sibling(l, promoted))
        return ike_lookup_make_sibling(l, promoted);
    sa = ike_lookup_make(l, IKE_SIDE_A);
    if (sa)
        sa->is_joined = true;
    return sa;
}

/* RFC 2408 2.5.3: a cookie is used once. A changed first message is a new attempt of the same SA
 * while nobody answered it, and another SA afterwards. */
static bool is_same_instance(const ike_sa *sa, const ike_lookup *l)
{
    const ike_time age = l->t->now - sa->last_time;

    if (ike_lookup_knows_digest(sa, l))
        return true;
    return sa->spi_r == 0 && ike_lookup_same_hosts(sa, l) && age < IKE_FIRST_MESSAGE_AGE;
}

static ike_sa *by_initiator_cookie(ike_lookup *l)
{
    ike_sa *older = NULL;
    int n = 0;

    for (ike_sa *sa = ike_lookup_spi(l->t, l->m->spi_i); sa && n++ < IKE_MAX_SAME_SPI;
         sa = sa->same_spi) {
        if (sa->version != l->m->version || !ike_lookup_one_host(sa, l))
            continue;
        if (is_same_instance(sa, l) || !l->has_sa_payload)
            return sa;
        if (!older && ike_lookup_same_hosts(sa, l))
            older = sa;
    }

    ike_sa *sa = ike_lookup_make(l, IKE_SIDE_A);

    if (!sa)
        return NULL;
    if (!l->has_sa_payload)
        sa->is_joined = true;
    /* A merge can bring the first message after the answer to it: that is the same negotiation. Without
     * the older first message nothing tells whether this one differs. */
    if (older && ike_exchange_slot(older->phase1, 1) && l->t->now >= older->last_time)
        ike_sa_more(sa)->reuses = older;
    return sa;
}

/* A merge or reordering can bring the first message after the answers to it; of a capture that begins
 * after it a repeat may be the first one seen. */
ike_sa *ike_lookup_late_first_message(ike_lookup *l)
{
    int n = 0;

    for (ike_sa *sa = ike_lookup_spi(l->t, l->m->spi_i); sa && n++ < IKE_MAX_SAME_SPI;
         sa = sa->same_spi)
        if (sa->version == l->m->version && sa->is_joined && ike_lookup_same_hosts(sa, l) &&
            !ike_exchange_slot(sa->phase1, 1) && l->t->now - sa->last_time < IKE_FIRST_MESSAGE_AGE) {
            sa->is_joined = false;
            sa->first_time = MIN(sa->first_time, l->t->now);
            return sa;
        }
    return NULL;
}

ike_sa *ike_lookup_sa(ike_tracker *t, const ike_message *m, ike_datagram *d, bool has_sa_payload)
{
    ike_lookup l = { t, m, d, has_sa_payload };
    ike_sa *sa;

    if (m->version == 2)
        sa = ike_lookup_v2(&l);
    else if (m->spi_r != 0)
        sa = by_responder_cookie(&l);
    else if (!(sa = ike_lookup_late_first_message(&l)))
        sa = by_initiator_cookie(&l);
    if (!sa)
        return NULL;
    d->sender = ike_lookup_sender(sa, m, d);
    set_sides(t, sa, d->sender, d);
    index_hosts(t, sa, d);
    return sa;
}

ike_sa *ike_lookup_by_ports(const ike_tracker *t, const ike_datagram *d, bool exactly)
{
    const ike_list *list = ike_tracker_sas_between(t, &d->src.addr, &d->dst.addr);

    if (!list)
        return NULL;
    for (guint i = list->len; i > 0 && list->len - i < IKE_NEWEST_SAS; i--) {
        ike_sa *sa = list->pdata[i - 1];
        const ike_side side = ike_sa_side(sa, &d->src, &d->dst);

        if (side != IKE_SIDE_NONE && ike_side_has_endpoint(&sa->sides[side], &d->src) &&
            ike_side_has_endpoint(&sa->sides[ike_side_other(side)], &d->dst))
            return sa;
    }
    return exactly ? NULL : list->pdata[list->len - 1];
}
