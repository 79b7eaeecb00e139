/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The two sides of an SA: endpoints, vendors, and what a NAT sees of them.
 */
#include "ike_track.h"

#include <string.h>

G_STATIC_ASSERT(IKE_MAX_VENDORS <= UINT8_MAX);

const ike_side_more ike_no_side_more;

ike_side_more *ike_side_more_of(ike_side_state *side)
{
    ike_side_more *own = ike_apart(side->more, &ike_no_side_more, sizeof *own);

    side->more = own;
    return own;
}

static void free_more(ike_side_more *more)
{
    if (more == &ike_no_side_more)
        return;
    g_free(more->tail);
    g_free(more->identity);
    g_free(more->natd.hashes);
    g_free(more);
}

const ike_path *ike_side_path(const ike_side_state *side)
{
    static const ike_path unused = { .gaps = &ike_no_gaps };

    return side->path ? side->path : &unused;
}

ike_path *ike_side_make_path(ike_side_state *side, ike_arena *arena)
{
    if (!side->path) {
        side->path = ike_arena_new(arena, sizeof *side->path);
        side->path->gaps = &ike_no_gaps;
    }
    return side->path;
}

const ike_gaps ike_no_gaps;

ike_gaps *ike_path_gaps(ike_path *path)
{
    ike_gaps *own = ike_apart(path->gaps, &ike_no_gaps, sizeof *own);

    path->gaps = own;
    return own;
}

static bool is_power_of_two(unsigned n)
{
    return (n & (n - 1)) == 0;
}

/* Room for 1, 2, 4, .. */
void ike_side_add_endpoint(ike_side_state *side, ike_arena *arena, const ike_endpoint *endpoint)
{
    const unsigned n = side->n_endpoints;

    if (is_power_of_two(n))
        side->endpoints = ike_arena_grow(arena, side->endpoints, n * sizeof *endpoint, MAX(1, 2 * n) * sizeof *endpoint);
    side->endpoints[side->n_endpoints++] = *endpoint;
}

void ike_side_free(ike_side_state *side)
{
    g_free(side->vendors);
    free_more((ike_side_more *)side->more);
    if (side->path && side->path->gaps != &ike_no_gaps)
        g_free((ike_gaps *)side->path->gaps);
}

bool ike_side_has_endpoint(const ike_side_state *side, const ike_endpoint *endpoint)
{
    for (unsigned i = 0; i < side->n_endpoints; i++)
        if (ike_endpoint_equal(&side->endpoints[i], endpoint))
            return true;
    return false;
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
        return sa->sides[0].more->natd.seen && sa->sides[1].more->natd.seen ? &ikev2 : NULL;

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

    const ike_natd *own = &sa->sides[side].more->natd;
    const ike_natd *peer = &sa->sides[1 - side].more->natd;

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
    peer = &sa->sides[ike_side_other(side)].more->natd;
    return peer->seen && !peer->source_ok ? IKE_NAT_UNKNOWN : IKE_NAT_MAYBE;
}

static void keep_tail(ike_side_state *side, const ike_vendor *vendor, const uint8_t *tail, size_t n)
{
    ike_side_more *more = ike_side_more_of(side);

    g_free(more->tail);
    more->versioned = vendor;
    more->tail_length = (uint8_t)n;
    more->tail = g_memdup2(tail, n);
}

static void keep_version(ike_side_state *side, const ike_vendor *vendor, const ike_payload *p)
{
    const size_t n = ike_vendor_id_length(vendor);

    keep_tail(side, vendor, p->body + n, MIN(p->length - n, IKE_VENDOR_TAIL));
}

bool ike_side_add_vendor(ike_side_state *side, const ike_payload *p)
{
    const ike_vendor *vendor = ike_vendor_find(p->body, p->length);

    if (!vendor)
        return true;
    if (vendor->version && !side->more->versioned)
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
        ike_vendor_append(out, vendor, side->more->tail, vendor == side->more->versioned ? side->more->tail_length : 0);
    }
}

void ike_side_inherit(ike_side_state *side, ike_arena *arena, const ike_side_state *from)
{
    side->n_endpoints = 0;
    for (unsigned i = 0; i < from->n_endpoints; i++)
        ike_side_add_endpoint(side, arena, &from->endpoints[i]);
    g_free(side->vendors);
    side->vendors = g_memdup2(from->vendors, from->n_vendors * sizeof *from->vendors);
    side->n_vendors = from->n_vendors;
    if (from->more->versioned || side->more->versioned)
        keep_tail(side, from->more->versioned, from->more->tail, from->more->tail_length);
}

bool ike_sa_has_natted(const ike_sa *sa)
{
    return ike_sa_natted(sa, IKE_SIDE_A) >= IKE_NAT_MAYBE || ike_sa_natted(sa, IKE_SIDE_B) >= IKE_NAT_MAYBE;
}
