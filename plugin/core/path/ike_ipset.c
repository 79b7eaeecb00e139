/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_ipset.h"

#include "ike_hash.h"

#include <string.h>

guint ike_ip_key_hash(gconstpointer p)
{
    const ike_ip_key *key = p;

    const struct {
        ike_host_pair hosts;
        uint16_t id[2];
    } bytes = { { key->src, key->dst }, { (uint16_t)(key->id >> 16), (uint16_t)key->id } };

    G_STATIC_ASSERT(sizeof bytes == 38); /* no padding */
    return ike_hash(&bytes, sizeof bytes);
}

gboolean ike_ip_key_equal(gconstpointer a, gconstpointer b)
{
    const ike_ip_key *x = a, *y = b;

    return x->id == y->id && ike_addr_equal(&x->src, &y->src) && ike_addr_equal(&x->dst, &y->dst);
}

ike_ipset *ike_ipset_new(const ike_ip_key *key, ike_time now)
{
    ike_ipset *set = g_new0(ike_ipset, 1);

    set->key = *key;
    set->first = set->newest = now;
    set->pieces = g_array_new(FALSE, TRUE, sizeof(ike_ip_piece));
    return set;
}

void ike_ipset_drop_data(ike_ipset *set)
{
    for (guint i = 0; i < set->pieces->len; i++) {
        ike_ip_piece *p = ike_ipset_nth(set, i);

        g_free(p->data);
        p->data = NULL;
    }
}

void ike_ipset_free(gpointer data)
{
    ike_ipset *set = data;

    ike_ipset_drop_data(set);
    g_array_free(set->pieces, TRUE);
    g_free(set);
}

ike_ip_piece *ike_ipset_at(const ike_ipset *set, uint32_t offset)
{
    for (guint i = 0; i < set->pieces->len; i++)
        if (ike_ipset_nth(set, i)->offset == offset)
            return ike_ipset_nth(set, i);
    return NULL;
}

void ike_ipset_insert(ike_ipset *set, const ike_ip_piece *piece)
{
    guint i = 0;

    while (i < set->pieces->len && ike_ipset_nth(set, i)->offset < piece->offset)
        i++;
    g_array_insert_vals(set->pieces, i, piece, 1);
}

bool ike_ipset_is_complete(const ike_ipset *set)
{
    uint32_t end = 0;

    for (guint i = 0; i < set->pieces->len; i++) {
        const ike_ip_piece *p = ike_ipset_nth(set, i);

        if (p->offset != end)
            return false;
        end += p->length;
        if (p->is_last)
            return i + 1 == set->pieces->len;
    }
    return false;
}

/* ---- pieces that share bytes: RFC 791 3.2, RFC 5722 ---- */

static ike_overlap overlap_with(const ike_ip_piece *p, const ike_ip_packet *ip)
{
    const uint32_t from = MAX(p->offset, ip->offset);
    const uint32_t end = MIN(p->offset + p->length, ip->offset + (uint32_t)ip->length);
    const uint32_t known = MIN(p->offset + p->captured, ip->offset + (uint32_t)ip->captured);

    if (from >= end)
        return IKE_OVERLAP_NONE;
    if (!p->data || MIN(end, known) <= from)
        return IKE_OVERLAP_SAME;
    return memcmp(p->data + (from - p->offset), ip->payload + (from - ip->offset),
                  MIN(end, known) - from) == 0 ? IKE_OVERLAP_SAME : IKE_OVERLAP_OTHER;
}

ike_overlap ike_ipset_overlap(const ike_ipset *set, const ike_ip_packet *ip)
{
    ike_overlap worst = IKE_OVERLAP_NONE;

    for (guint i = 0; i < set->pieces->len; i++)
        worst = MAX(worst, overlap_with(ike_ipset_nth(set, i), ip));
    return worst;
}

bool ike_ipset_is_beyond_end(const ike_ipset *set, const ike_ip_packet *ip)
{
    const uint32_t end = ip->offset + (uint32_t)ip->length;
    const ike_ip_piece *last = set->pieces->len ? ike_ipset_nth(set, set->pieces->len - 1) : NULL;

    return last && ((last->is_last && ip->offset > last->offset) ||
                    (!ip->more_fragments && end < last->offset + last->length));
}

/* ---- what a set tells of its pieces ---- */

uint32_t ike_ipset_number(const ike_ipset *set, const ike_ip_piece *p)
{
    const ike_ip_piece *first = ike_ipset_at(set, 0);

    if (p->offset == 0)
        return 1;
    return first && first->length ? (p->offset + first->length - 1) / first->length + 1 : 0;
}

static uint32_t expected_pieces(const ike_ipset *set)
{
    const ike_ip_piece *first = ike_ipset_at(set, 0);

    return first && first->length && set->total ? (set->total + first->length - 1) / first->length
                                                : 0;
}

void ike_ipset_describe(ike_ipset *set)
{
    const uint32_t expected = expected_pieces(set);

    for (guint i = 0; i < set->pieces->len; i++) {
        ike_ip_piece *p = ike_ipset_nth(set, i);

        if (!p->record || set->done)
            continue;
        ike_record_rare(p->record)->fragment_number = ike_ipset_number(set, p);
        if (expected && p->record->rare->fragment_number > expected)
            ike_record_rare(p->record)->fragment_number = 0; /* the pieces contradict each other */
        ike_record_rare(p->record)->fragment_total = expected;
        ike_record_rare(p->record)->fragment_missing = expected > set->pieces->len ? expected - set->pieces->len : 0;
    }
}

static void append_range(GString *out, uint32_t from, uint32_t end)
{
    if (from < end)
        g_string_append_printf(out, "%s%u-%u", out->len ? ", " : "", from, end - 1);
}

void ike_ipset_append_missing(GString *out, const ike_ipset *set)
{
    uint32_t end = 0;

    for (guint i = 0; i < set->pieces->len; i++) {
        const ike_ip_piece *p = ike_ipset_nth(set, i);

        append_range(out, end, p->offset);
        end = p->offset + p->length;
    }
    append_range(out, end, set->total);
}
