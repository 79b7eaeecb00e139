/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_agreement.h"
#include "ike_hash.h"
#include "ike_track.h"

#include <string.h>

/* ---- records ---- */

const ike_rare ike_no_rare;

#define AT_RARE UINT8_MAX

ike_rare *ike_record_rare(ike_record *r)
{
    if (r->rare == &ike_no_rare)
        r->rare = g_new0(ike_rare, 1);
    return (ike_rare *)r->rare;
}

void ike_record_set_notify(ike_record *r, GString *names)
{
    g_free(r->rare->notify);
    if (names->len || r->rare->notify)
        ike_record_rare(r)->notify = names->len ? g_strdup(names->str) : NULL;
    g_string_free(names, TRUE);
}

/* Where an SA has an endpoint: side and index. */
static uint8_t place_of(const ike_sa *sa, const ike_endpoint *endpoint)
{
    for (unsigned side = 0; sa && side < 2; side++)
        for (unsigned i = 0; i < sa->sides[side].n_endpoints; i++)
            if (ike_endpoint_equal(&sa->sides[side].endpoints[i], endpoint))
                return (uint8_t)(side * IKE_MAX_ENDPOINTS + i);
    return AT_RARE;
}

void ike_record_set_ends(ike_record *r, const ike_endpoint *src, const ike_endpoint *dst)
{
    r->src_at = place_of(r->note.sa, src);
    r->dst_at = place_of(r->note.sa, dst);
    if (r->src_at == AT_RARE)
        ike_record_rare(r)->src = *src;
    if (r->dst_at == AT_RARE)
        ike_record_rare(r)->dst = *dst;
}

static const ike_endpoint *endpoint_at(const ike_record *r, uint8_t place)
{
    return &r->note.sa->sides[place / IKE_MAX_ENDPOINTS].endpoints[place % IKE_MAX_ENDPOINTS];
}

const ike_endpoint *ike_record_src(const ike_record *r)
{
    return r->src_at == AT_RARE ? &r->rare->src : endpoint_at(r, r->src_at);
}

const ike_endpoint *ike_record_dst(const ike_record *r)
{
    return r->dst_at == AT_RARE ? &r->rare->dst : endpoint_at(r, r->dst_at);
}

void ike_record_set_spis(ike_record *r, uint64_t spi_i, uint64_t spi_r)
{
    const ike_sa *sa = r->note.sa;

    r->has_spi_i = spi_i != 0;
    r->has_spi_r = spi_r != 0;
    r->has_own_spis = (spi_i && (!sa || spi_i != sa->spi_i)) || (spi_r && (!sa || spi_r != sa->spi_r));
    if (!r->has_own_spis)
        return;
    ike_record_rare(r)->spi_i = spi_i;
    ike_record_rare(r)->spi_r = spi_r;
}

uint64_t ike_record_spi_i(const ike_record *r)
{
    return r->has_own_spis ? r->rare->spi_i : r->has_spi_i ? r->note.sa->spi_i : 0;
}

uint64_t ike_record_spi_r(const ike_record *r)
{
    return r->has_own_spis ? r->rare->spi_r : r->has_spi_r ? r->note.sa->spi_r : 0;
}

#define FEW 16 /* elements that are looked through one by one */

/* ---- exchanges by message ID ---- */

static guint exchange_hash(gconstpointer p)
{
    const ike_exchange *exchange = p;

    const uint32_t key[] = { exchange->message_id, exchange->space };

    return ike_hash(key, sizeof key);
}

static gboolean exchange_equal(gconstpointer a, gconstpointer b)
{
    const ike_exchange *x = a, *y = b;

    return x->message_id == y->message_id && x->space == y->space;
}

ike_exchange *ike_sa_exchange(const ike_sa *sa, unsigned space, uint32_t message_id)
{
    ike_exchange wanted; /* the rest of it is not looked at */

    wanted.space = (uint8_t)space;
    wanted.message_id = message_id;
    if (sa->by_message_id)
        return g_hash_table_lookup(sa->by_message_id, &wanted);
    for (guint i = 0; i < sa->exchanges.len; i++)
        if (exchange_equal(sa->exchanges.pdata[i], &wanted))
            return sa->exchanges.pdata[i];
    return NULL;
}

static void index_exchange(ike_sa *sa, ike_exchange *exchange)
{
    if (sa->by_message_id)
        g_hash_table_add(sa->by_message_id, exchange);
    if (sa->by_message_id || sa->exchanges.len <= FEW)
        return;
    sa->by_message_id = g_hash_table_new(exchange_hash, exchange_equal);
    for (guint i = 0; i < sa->exchanges.len; i++)
        g_hash_table_add(sa->by_message_id, sa->exchanges.pdata[i]);
}

/* ---- first copies by digest ---- */

static guint digest_hash(gconstpointer p)
{
    return ike_digest_hash(&((const ike_record *)p)->digest);
}

static gboolean digest_equal(gconstpointer a, gconstpointer b)
{
    return ike_digest_equal(&((const ike_record *)a)->digest, &((const ike_record *)b)->digest);
}

ike_record *ike_sa_first_copy(const ike_sa *sa, const ike_digest *digest)
{
    ike_record wanted; /* the rest of it is not looked at */

    wanted.digest = *digest;
    if (sa->digests)
        return g_hash_table_lookup(sa->digests, &wanted);
    for (guint i = sa->records.len; i > 0; i--) {
        ike_record *r = sa->records.pdata[i - 1];

        if (r->is_found && ike_digest_equal(&r->digest, digest))
            return r;
    }
    return NULL;
}

void ike_sa_add_first_copy(ike_sa *sa, ike_record *r)
{
    r->is_found = true;
    if (sa->digests)
        g_hash_table_replace(sa->digests, r, r);
}

void ike_sa_add_record(ike_sa *sa, ike_record *r)
{
    ike_list_add(&sa->records, r);
    if (sa->digests || sa->records.len <= FEW)
        return;
    sa->digests = g_hash_table_new(digest_hash, digest_equal);
    for (guint i = 0; i < sa->records.len; i++) {
        ike_record *old = sa->records.pdata[i];

        if (old->is_found)
            g_hash_table_replace(sa->digests, old, old);
    }
}

ike_exchange *ike_exchange_new(ike_sa *sa, ike_mode mode, uint32_t message_id)
{
    ike_exchange *exchange = ike_arena_new(sa->arena, sizeof *exchange);

    exchange->sa = sa;
    exchange->mode = mode;
    exchange->message_id = message_id;
    exchange->opener = IKE_SIDE_NONE;
    exchange->child = -1;
    return exchange;
}

void ike_exchange_free(ike_exchange *exchange)
{
    if (!exchange)
        return;
    ike_list_clear(&exchange->records, NULL);
    g_free(exchange->slots);
    ike_v2frag_free(exchange->ledger[0]);
    ike_v2frag_free(exchange->ledger[1]);
    ike_agreement_free(exchange->agreement);
}

ike_exchange *ike_sa_add_exchange(ike_sa *sa, ike_mode mode, unsigned space, uint32_t message_id)
{
    ike_exchange *exchange = ike_exchange_new(sa, mode, message_id);

    exchange->space = (uint8_t)space;
    ike_list_add(&sa->exchanges, exchange);
    index_exchange(sa, exchange);
    return exchange;
}

void ike_exchange_put(ike_exchange *exchange, unsigned number, ike_record *r)
{
    if (number >= exchange->n_slots) {
        const unsigned room = number < 3 ? 3 : number < 7 ? 7 : IKE_MAX_STEPS + 1;

        exchange->slots = g_renew(ike_record *, exchange->slots, room);
        for (unsigned i = exchange->n_slots; i < room; i++)
            exchange->slots[i] = NULL;
        exchange->n_slots = (uint8_t)room;
    }
    exchange->slots[number] = r;
    if (r)
        exchange->highest = (uint8_t)MAX(exchange->highest, number);
}

void ike_exchange_empty(ike_exchange *exchange)
{
    for (unsigned i = 0; i < exchange->n_slots; i++)
        exchange->slots[i] = NULL;
    exchange->highest = 0;
}

ike_exchange *ike_exchange_lead(const ike_exchange *exchange)
{
    return exchange->lead ? exchange->lead : (ike_exchange *)exchange;
}

ike_exchange *ike_exchange_end(const ike_exchange *exchange)
{
    ike_exchange *last = exchange->sa->v2->last_auth;

    return exchange->mode == IKE_MODE_V2_AUTH && last ? last : (ike_exchange *)exchange;
}

void ike_exchange_new_child(ike_exchange *exchange, unsigned *n_children)
{
    exchange->child = (int)(*n_children)++;
    exchange->leads_child = true;
}

ike_record *ike_record_last_before(ike_record *request, const ike_record *answer)
{
    unsigned n = 0;

    for (ike_record *copy = ike_record_last(request); copy && n < IKE_COPIES_WALKED; copy = copy->rare->older, n++)
        if (copy->copy != IKE_COPY_DUPLICATE && copy->note.frame < answer->note.frame)
            return copy;
    return request;
}

void ike_sa_fail_authentication(ike_sa *sa)
{
    if (sa->is_joined)
        return;
    sa->is_failed = true;
    sa->state = MIN(sa->state, IKE_STATE_AUTHENTICATING);
}

void ike_sa_fail(ike_sa *sa)
{
    if (!sa->is_joined && sa->state < IKE_STATE_PROBABLY_ESTABLISHED)
        sa->is_failed = true;
}

void ike_record_append_sends(GString *out, const ike_record *first)
{
    const ike_record *last = ike_record_last_send(first);

    ike_label_append(out, first->note.kind == IKE_NOTE_PIECE ? first->rare->part_of : first->label);
    if (ike_record_sends(first) == 1) {
        g_string_append_printf(out, " was sent once (frame %u)", first->note.frame);
        return;
    }
    g_string_append_printf(out, " was sent %u times in ", ike_record_sends(first));
    ike_seconds_append(out, last->note.time - first->note.time);
    g_string_append_printf(out, " s (frames %u to %u)", first->note.frame, last->note.frame);
}

bool ike_record_is_message(const ike_record *r)
{
    return r->note.kind == IKE_NOTE_MESSAGE && r->copy == IKE_COPY_NONE && !r->is_reflection;
}

unsigned ike_sa_messages(const ike_sa *sa)
{
    unsigned n = 0;

    for (guint i = 0; i < sa->records.len; i++)
        n += ike_record_is_message(sa->records.pdata[i]);
    return n;
}

bool ike_sa_goes_on_after(const ike_sa *sa, const ike_record *piece)
{
    return piece->side != IKE_SIDE_NONE &&
           sa->sides[1 - piece->side].newest_exchange_frame > piece->note.frame;
}

guint ike_digest_hash(gconstpointer digest)
{
    return ike_hash(digest, sizeof(ike_digest));
}

gboolean ike_digest_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(ike_digest)) == 0;
}

ike_sa *ike_sa_new(ike_arena *arena, uint32_t number, uint8_t version, uint64_t spi_i, uint64_t spi_r)
{
    static const ike_v2 without = { .sides = { { .highest_id = -1 }, { .highest_id = -1 } } };
    ike_sa *sa = ike_arena_new(arena, sizeof *sa);

    sa->arena = arena;
    sa->more = &ike_no_more;
    sa->number = number;
    sa->version = version;
    sa->spi_i = spi_i;
    sa->spi_r = spi_r;
    sa->initiator = IKE_SIDE_NONE;
    sa->phase1 = ike_exchange_new(sa, IKE_MODE_NONE, 0);
    if (version == 2)
        sa->v2 = g_memdup2(&without, sizeof without);
    else
        sa->v2 = (ike_v2 *)&without;
    return sa;
}

const ike_more ike_no_more;

ike_more *ike_sa_more(ike_sa *sa)
{
    if (sa->more == &ike_no_more)
        sa->more = g_new0(ike_more, 1);
    return (ike_more *)sa->more;
}

static void free_more(ike_more *more)
{
    if (more == &ike_no_more)
        return;
    ike_list_clear(&more->infos[0], NULL);
    ike_list_clear(&more->infos[1], NULL);
    ike_list_clear(&more->icmp, NULL);
    ike_list_clear(&more->flows, NULL);
    g_free(more->given_address);
    g_free(more->user);
    g_free(more);
}

const ike_path *ike_side_path(const ike_side_state *side)
{
    static const ike_path unused = { .gaps = &ike_no_gaps };

    return side->path ? side->path : &unused;
}

ike_path *ike_side_make_path(ike_side_state *side)
{
    if (!side->path) {
        side->path = g_new0(ike_path, 1);
        side->path->gaps = &ike_no_gaps;
    }
    return side->path;
}

const ike_gaps ike_no_gaps;

ike_gaps *ike_path_gaps(ike_path *path)
{
    if (path->gaps == &ike_no_gaps)
        path->gaps = g_new0(ike_gaps, 1);
    return (ike_gaps *)path->gaps;
}

static void free_path(ike_path *path)
{
    if (!path)
        return;
    g_free(path->views);
    if (path->gaps != &ike_no_gaps)
        g_free((ike_gaps *)path->gaps);
    g_free(path);
}

static void free_side(ike_side_state *side)
{
    g_free(side->endpoints);
    g_free(side->vendors);
    g_free(side->tail);
    g_free(side->identity);
    g_free(side->natd.hashes);
    free_path(side->path);
}

void ike_sa_free(ike_sa *sa)
{
    ike_exchange_free(sa->phase1);
    ike_list_clear(&sa->exchanges, (GDestroyNotify)ike_exchange_free);
    if (sa->by_message_id)
        g_hash_table_destroy(sa->by_message_id);
    ike_list_clear(&sa->records, NULL);
    if (sa->digests)
        g_hash_table_destroy(sa->digests);
    ike_list_clear(&sa->findings, NULL);
    ike_list_clear(&sa->distinct, NULL);
    g_free(sa->offer);
    g_free(sa->v2->offer);
    g_free(sa->v2->choice);
    g_free(sa->v2->gateway);
    free_side(&sa->sides[0]);
    free_side(&sa->sides[1]);
    if (sa->version == 2)
        g_free(sa->v2);
    ike_list_clear(&sa->hosts, NULL);
    free_more((ike_more *)sa->more);
}

static bool side_has_addr(const ike_side_state *side, const ike_addr *addr)
{
    for (unsigned i = 0; i < side->n_endpoints; i++)
        if (ike_addr_equal(&side->endpoints[i].addr, addr))
            return true;
    return false;
}

bool ike_side_has_endpoint(const ike_side_state *side, const ike_endpoint *endpoint)
{
    for (unsigned i = 0; i < side->n_endpoints; i++)
        if (ike_endpoint_equal(&side->endpoints[i], endpoint))
            return true;
    return false;
}

static ike_side side_by_endpoint(const ike_sa *sa, const ike_endpoint *src, const ike_endpoint *dst)
{
    for (int side = 0; side < 2; side++)
        if (ike_side_has_endpoint(&sa->sides[side], src) ||
            ike_side_has_endpoint(&sa->sides[1 - side], dst))
            return (ike_side)side;
    return IKE_SIDE_NONE;
}

ike_side ike_sa_side(const ike_sa *sa, const ike_endpoint *src, const ike_endpoint *dst)
{
    bool source[2], target[2];

    if (ike_addr_equal(&src->addr, &dst->addr))
        return side_by_endpoint(sa, src, dst);
    for (int side = 0; side < 2; side++) {
        source[side] = side_has_addr(&sa->sides[side], &src->addr);
        target[side] = side_has_addr(&sa->sides[side], &dst->addr);
    }
    for (int side = 0; side < 2; side++)
        if (source[side] && target[1 - side] && !(source[1 - side] && target[side]))
            return (ike_side)side;
    for (int side = 0; side < 2; side++)
        if ((source[side] && !source[1 - side]) || (target[1 - side] && !target[side]))
            return (ike_side)side;
    return side_by_endpoint(sa, src, dst);
}

ike_side ike_record_side_in(const ike_record *r, const ike_sa *sa)
{
    return r->note.sa == sa ? r->side : ike_sa_side(sa, ike_record_src(r), ike_record_dst(r));
}

bool ike_sa_add_endpoint(ike_sa *sa, ike_side side, const ike_endpoint *endpoint)
{
    ike_side_state *state = &sa->sides[side];

    if (state->n_endpoints == IKE_MAX_ENDPOINTS || ike_side_has_endpoint(state, endpoint))
        return false;
    state->endpoints = g_renew(ike_endpoint, state->endpoints, state->n_endpoints + 1);
    state->endpoints[state->n_endpoints++] = *endpoint;
    return true;
}

bool ike_sa_has_hosts(const ike_sa *sa, const ike_addr *a, const ike_addr *b)
{
    return (side_has_addr(&sa->sides[0], a) && side_has_addr(&sa->sides[1], b)) ||
           (side_has_addr(&sa->sides[1], a) && side_has_addr(&sa->sides[0], b));
}

bool ike_sa_has_host(const ike_sa *sa, const ike_addr *a, const ike_addr *b)
{
    for (int side = 0; side < 2; side++)
        if (side_has_addr(&sa->sides[side], a) || side_has_addr(&sa->sides[side], b))
            return true;
    return false;
}

ike_role ike_sa_role(const ike_sa *sa, ike_side side)
{
    if (side == IKE_SIDE_NONE || sa->initiator == IKE_SIDE_NONE)
        return IKE_ROLE_UNKNOWN;
    return side == sa->initiator ? IKE_ROLE_INITIATOR : IKE_ROLE_RESPONDER;
}

ike_side ike_sa_side_of(const ike_sa *sa, ike_role role)
{
    return role == IKE_ROLE_INITIATOR ? sa->initiator : ike_side_other(sa->initiator);
}

bool ike_sa_has_vendor(const ike_sa *sa, ike_side side, unsigned kind)
{
    if (side == IKE_SIDE_NONE)
        return false;
    for (unsigned i = 0; i < sa->sides[side].n_vendors; i++)
        if (sa->sides[side].vendors[i]->kind == kind)
            return true;
    return false;
}

const ike_vendor *ike_side_nat_method(const ike_side_state *side)
{
    const ike_vendor *best = NULL;

    for (unsigned i = 0; i < side->n_vendors; i++) {
        const ike_vendor *vendor = side->vendors[i];

        if (vendor->kind == IKE_VENDOR_NATT && (!best || vendor->nat_rank > best->nat_rank))
            best = vendor;
    }
    return best;
}

static bool side_has_vendor(const ike_side_state *side, const ike_vendor *vendor)
{
    for (unsigned i = 0; i < side->n_vendors; i++)
        if (side->vendors[i] == vendor)
            return true;
    return false;
}

const ike_vendor *ike_sa_nat_method(const ike_sa *sa)
{
    static const ike_vendor ikev2 = { .name = "RFC 7296", .kind = IKE_VENDOR_NATT };
    const ike_vendor *best = NULL;

    if (sa->version == 2)
        return sa->sides[0].natd.seen && sa->sides[1].natd.seen ? &ikev2 : NULL;

    for (unsigned i = 0; i < sa->sides[0].n_vendors; i++) {
        const ike_vendor *vendor = sa->sides[0].vendors[i];

        if (vendor->kind == IKE_VENDOR_NATT && side_has_vendor(&sa->sides[1], vendor) &&
            (!best || vendor->nat_rank > best->nat_rank))
            best = vendor;
    }
    return best;
}

/* A side whose source port on the float is not 4500, or before it not 500, is rewritten; the port of a
 * TCP connection is any. */
static bool has_rewritten_port(const ike_side_state *side)
{
    for (unsigned i = 0; i < side->n_endpoints; i++)
        if (side->endpoints[i].port != IKE_PORT && side->endpoints[i].port != IKE_PORT_NATT)
            return true;
    return false;
}

ike_natted ike_sa_natted(const ike_sa *sa, ike_side side)
{
    if (side == IKE_SIDE_NONE)
        return IKE_NAT_UNKNOWN;

    const ike_natd *own = &sa->sides[side].natd;
    const ike_natd *peer = &sa->sides[1 - side].natd;

    if (sa->sides[side].is_rewritten || (peer->seen && !peer->destination_ok))
        return IKE_NAT_PROVEN;
    if (own->seen && !own->source_ok)
        return !sa->has_used_tcp && has_rewritten_port(&sa->sides[side]) ? IKE_NAT_PROVEN
                                                                         : IKE_NAT_MAYBE;
    return own->seen && peer->seen ? IKE_NAT_NO : IKE_NAT_UNKNOWN;
}

ike_natted ike_sa_behind_nat(const ike_sa *sa, ike_side side)
{
    const ike_natted natted = ike_sa_natted(sa, side);
    const ike_natd *peer;

    if (natted != IKE_NAT_MAYBE)
        return natted;
    peer = &sa->sides[ike_side_other(side)].natd;
    return peer->seen && !peer->source_ok ? IKE_NAT_UNKNOWN : IKE_NAT_MAYBE;
}

static void keep_version(ike_side_state *side, const ike_vendor *vendor, const ike_payload *p)
{
    const size_t n = ike_vendor_id_length(vendor);

    side->versioned = vendor;
    side->tail_length = (uint8_t)MIN(p->length - n, IKE_VENDOR_TAIL);
    side->tail = g_memdup2(p->body + n, side->tail_length);
}

bool ike_side_add_vendor(ike_side_state *side, const ike_payload *p)
{
    const ike_vendor *vendor = ike_vendor_find(p->body, p->length);

    if (!vendor)
        return true;
    if (vendor->version && !side->versioned)
        keep_version(side, vendor, p);
    if (side_has_vendor(side, vendor))
        return true;
    if (side->n_vendors == IKE_MAX_VENDORS)
        return false;
    side->vendors = g_renew(const ike_vendor *, side->vendors, side->n_vendors + 1);
    side->vendors[side->n_vendors++] = vendor;
    return true;
}

static bool is_product(const ike_vendor *vendor)
{
    return vendor->kind == IKE_VENDOR_PRODUCT || vendor->kind == IKE_VENDOR_WINDOWS;
}

/* Several vendor IDs may name one product. */
static bool is_named_before(const ike_side_state *side, unsigned number)
{
    for (unsigned i = 0; i < number; i++)
        if (strcmp(side->vendors[i]->name, side->vendors[number]->name) == 0)
            return true;
    return false;
}

void ike_side_products_append(GString *out, const ike_side_state *side)
{
    for (unsigned i = 0; i < side->n_vendors; i++) {
        const ike_vendor *vendor = side->vendors[i];

        if (!is_product(vendor) || is_named_before(side, i))
            continue;
        g_string_append(out, out->len ? ", " : "");
        ike_vendor_append(out, vendor, side->tail, vendor == side->versioned ? side->tail_length : 0);
    }
}

const ike_endpoint *ike_sa_endpoint(const ike_sa *sa, ike_role role)
{
    const ike_side side = ike_sa_side_of(sa, role);

    if (side == IKE_SIDE_NONE)
        return ike_sa_endpoint_of(sa, role == IKE_ROLE_INITIATOR ? IKE_SIDE_A : IKE_SIDE_B);
    return ike_sa_endpoint_of(sa, side);
}

void ike_exchange_failed(ike_exchange *exchange, ike_diagnosis_id id, ike_note *note, ike_evidence known)
{
    if (exchange->failed_by != IKE_DIAG_NONE)
        return;
    exchange->failed_by = id;
    exchange->failed_at = note;
    exchange->failed_known = known;
}

ike_state ike_record_state(const ike_record *r)
{
    const ike_sa *sa = r->note.sa;

    if (sa && sa->more->deleted && r->note.frame >= sa->more->deleted->note.frame)
        return IKE_STATE_DELETED;
    if (sa && r->state == IKE_STATE_PROBABLY_ESTABLISHED && sa->state == IKE_STATE_ESTABLISHED)
        return IKE_STATE_ESTABLISHED;
    return r->state;
}

ike_state ike_sa_end_state(const ike_sa *sa)
{
    return sa->more->deleted ? IKE_STATE_DELETED : sa->state;
}

void ike_side_inherit(ike_side_state *side, const ike_side_state *from)
{
    g_free(side->endpoints);
    side->endpoints = g_memdup2(from->endpoints, from->n_endpoints * sizeof *from->endpoints);
    side->n_endpoints = from->n_endpoints;
    g_free(side->vendors);
    side->vendors = g_memdup2(from->vendors, from->n_vendors * sizeof *from->vendors);
    side->n_vendors = from->n_vendors;
    side->versioned = from->versioned;
    g_free(side->tail);
    side->tail = g_memdup2(from->tail, from->tail_length);
    side->tail_length = from->tail_length;
}

bool ike_sa_has_natted(const ike_sa *sa)
{
    return ike_sa_natted(sa, IKE_SIDE_A) >= IKE_NAT_MAYBE || ike_sa_natted(sa, IKE_SIDE_B) >= IKE_NAT_MAYBE;
}

ike_finding *ike_sa_finding(const ike_sa *sa, ike_diagnosis_id id)
{
    return ike_finding_find(&sa->distinct, id);
}
