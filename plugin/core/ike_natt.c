/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * NAT traversal: who is behind a NAT (RFC 3947 3.2, RFC 7296 2.23), when the initiator moves to port
 * 4500 (RFC 3947 4), and when a NAT gives a peer another address or port.
 */
#include "ike_track.h"

#include <string.h>

#define MAX_DIGEST 64

static const struct {
    uint32_t hash; /* IKE attribute 2 */
    GChecksumType type;
    uint16_t length;
} natd_hashes[] = {
    { IKE_HASH_MD5, G_CHECKSUM_MD5, 16 },       { IKE_HASH_SHA1, G_CHECKSUM_SHA1, 20 },
    { IKE_HASH_SHA256, G_CHECKSUM_SHA256, 32 }, { IKE_HASH_SHA384, G_CHECKSUM_SHA384, 48 },
    { IKE_HASH_SHA512, G_CHECKSUM_SHA512, 64 },
};

static void put_be64(uint8_t *p, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        p[i] = (uint8_t)value;
}

/* HASH(CKY-I | CKY-R | IP | Port), RFC 3947 3.2. The hash is the negotiated one, which the length
 * of the payload tells where MM2 is not in the capture. */
static bool matches(const ike_message *m, const uint8_t *hash, size_t length, const ike_endpoint *e,
                    uint16_t port)
{
    uint8_t input[34], digest[MAX_DIGEST];
    size_t n = 16;

    put_be64(input, m->spi_i);
    put_be64(input + 8, m->spi_r);
    memcpy(input + n, e->addr.bytes, ike_addr_length(&e->addr));
    n += ike_addr_length(&e->addr);
    input[n++] = (uint8_t)(port >> 8);
    input[n++] = (uint8_t)port;
    for (size_t i = 0; i < G_N_ELEMENTS(natd_hashes); i++) {
        GChecksum *checksum;
        gsize digest_length = sizeof digest;

        if (natd_hashes[i].length != length)
            continue;
        checksum = g_checksum_new(natd_hashes[i].type);
        g_checksum_update(checksum, input, (gssize)n);
        g_checksum_get_digest(checksum, digest, &digest_length);
        g_checksum_free(checksum);
        return memcmp(digest, hash, length) == 0;
    }
    return false;
}

static bool has_draft_04_vendor(const ike_sa *sa)
{
    for (int side = 0; side < 2; side++) {
        for (unsigned i = 0; i < sa->sides[side].n_vendors; i++)
            if (sa->sides[side].vendors[i]->natd_type == IKE_PL_NATD_DRAFT_04)
                return true;
    }
    return false;
}

static bool is_natd(const ike_sa *sa, const ike_payload *p)
{
    if (p->cut)
        return false;
    return p->type == IKE_PL_NATD || p->type == IKE_PL_NATD_DRAFT_00 ||
           (p->type == IKE_PL_NATD_DRAFT_04 && has_draft_04_vendor(sa));
}

/* The first payload is the destination as its sender sees it, all further ones are possible sources
 * of the sender. */
void ike_natt_detect(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_natd natd = { 0 };
    bool source_is_first = false, destination_is_later = false;
    unsigned n = 0;

    if (r->side == IKE_SIDE_NONE || r->note.sa->sides[r->side].natd.seen)
        return;
    for (unsigned i = 0; i < m->n_payloads; i++) {
        const ike_payload *p = &m->payloads[i];

        if (!is_natd(r->note.sa, p))
            continue;
        if (matches(m, p->body, p->length, &r->src, 0) || matches(m, p->body, p->length, &r->dst, 0))
            natd.forced = true;
        if (n++ == 0) {
            natd.destination_ok = matches(m, p->body, p->length, &r->dst, r->dst.port);
            source_is_first = matches(m, p->body, p->length, &r->src, r->src.port);
        } else {
            natd.source_ok |= matches(m, p->body, p->length, &r->src, r->src.port);
            destination_is_later |= matches(m, p->body, p->length, &r->dst, r->dst.port);
        }
    }
    if (n < 2)
        return;
    natd.wrong_order = !natd.destination_ok && !natd.source_ok &&
                       (source_is_first || destination_is_later);
    if (natd.wrong_order) {
        natd.destination_ok = destination_is_later;
        natd.source_ok = source_is_first;
    }
    if (natd.wrong_order)
        ike_raise(t, r->note.sa, IKE_DIAG_NATD_ORDER, &r->note, 0,
                  "the hashes match only with source and destination exchanged");
    natd.seen = true;
    natd.record = r;
    r->note.sa->sides[r->side].natd = natd;
}

/* IKEv2 names source and destination by notify type, and the hash is always SHA-1. What a peer hashes
 * to force encapsulation is port 0 in the source. */
void ike_natt_detect_v2(ike_record *r, const ike_message *m)
{
    ike_natd natd = { .record = r };
    bool has_destination = false;

    for (unsigned i = 0; i < m->n_payloads; i++) {
        ike_notify n;

        if (m->payloads[i].type != IKE_PL_V2_NOTIFY || m->payloads[i].cut ||
            !ike_payload_notify(m, &m->payloads[i], &n))
            continue;
        if (n.type == IKE_NOTIFY_V2_NAT_SOURCE) {
            natd.seen = true;
            natd.source_ok |= matches(m, n.data, n.data_length, &r->src, r->src.port);
            natd.forced |= matches(m, n.data, n.data_length, &r->src, 0);
        } else if (n.type == IKE_NOTIFY_V2_NAT_DESTINATION) {
            has_destination = true;
            natd.destination_ok |= matches(m, n.data, n.data_length, &r->dst, r->dst.port);
        }
    }
    if (natd.seen && has_destination)
        r->note.sa->sides[r->side].natd = natd;
}

static void raise_change(ike_tracker *t, ike_record *r, const ike_endpoint *old)
{
    const bool moved = !ike_addr_equal(&old->addr, &r->src.addr);
    GString *was = g_string_new(NULL), *is = g_string_new(NULL);

    ike_endpoint_append(was, old);
    ike_endpoint_append(is, &r->src);
    /* whether both sides support MOBIKE is encrypted (RFC 4555 3.1) */
    ike_raise(t, r->note.sa, moved ? IKE_DIAG_NAT_ADDRCHG : IKE_DIAG_NAT_REBIND, &r->note,
              moved && r->version == 2 ? IKE_SEVERITY_CHAT : IKE_SEVERITY_NONE, "%s is now %s", was->str,
              is->str);
    g_string_free(was, TRUE);
    r->mapping = g_string_free(is, FALSE);
}

/* The packet of one sender seen on both sides of a NAT: same IP ID, another source. */
static bool is_seen_across_nat(const ike_record *r)
{
    return r->copy == IKE_COPY_DUPLICATE && !ike_addr_equal(&r->src.addr, &r->doubles->src.addr);
}

/* A TCP connection has a port of its own, whatever the NAT does (RFC 9329 6.1). */
static bool is_at_new_place(const ike_side_state *side, const ike_record *r)
{
    if (r->is_tcp || side->current_is_tcp)
        return !ike_addr_equal(&side->current.addr, &r->src.addr);
    return !ike_endpoint_equal(&side->current, &r->src);
}

void ike_natt_endpoint(ike_tracker *t, ike_record *r)
{
    ike_side_state *side;
    ike_sa *sa = r->note.sa;

    if (r->side == IKE_SIDE_NONE || r->is_reflection || r->is_outside)
        return;
    side = &sa->sides[r->side];
    if (is_seen_across_nat(r))
        side->is_rewritten = true;
    if (r->copy == IKE_COPY_DUPLICATE)
        return;
    if (r->has_marker && !r->is_tcp && !sa->has_floated && sa->has_used_500) {
        r->floated = true;
        sa->has_floated = true;
    }
    if (side->has_current && r->has_marker && side->current_has_marker && !side->is_rewritten &&
        is_at_new_place(side, r))
        raise_change(t, r, &side->current);
    sa->has_used_500 |= !r->has_marker;
    side->current = r->src;
    side->current_has_marker = r->has_marker;
    side->current_is_tcp = r->is_tcp;
    side->has_current = true;
}
