/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * NAT detection: what the NAT-D payloads (RFC 3947 3.2) and the NAT_DETECTION notifies (RFC 7296 2.23)
 * say of the addresses that the capture shows.
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

/* True of a hash whose function is known: Tiger and what is for private use cannot be tested. */
static bool is_testable(const ike_sa *sa, size_t length)
{
    bool known_length = false, known_hash = !sa->more->has_chosen;

    for (size_t i = 0; i < G_N_ELEMENTS(natd_hashes); i++) {
        known_length |= natd_hashes[i].length == length;
        known_hash |= natd_hashes[i].hash == sa->more->chosen.hash;
    }
    return known_length && known_hash;
}

/* Libreswan hashes port 0 to force encapsulation: in IKEv1 in both hashes, in IKEv2 in that of the
 * source only. The address is its own all the same, so a NAT still shows. */
static bool matches_or_forces(const ike_message *m, const ike_payload *p, const ike_endpoint *e,
                              bool *forced)
{
    if (matches(m, p->body, p->length, e, e->port))
        return true;
    if (!matches(m, p->body, p->length, e, 0))
        return false;
    *forced = true;
    return true;
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

typedef struct natd_order {
    bool source_is_first, destination_is_later, untestable;
} natd_order;

static void read_natd(ike_natd *natd, natd_order *order, const ike_record *r, const ike_message *m,
                      const ike_payload *p)
{
    order->untestable |= !is_testable(r->note.sa, p->length);
    if (!natd->hashes)
        natd->hashes = g_new(uint64_t, IKE_MAX_NATD);
    if (natd->payloads < IKE_MAX_NATD)
        natd->hashes[natd->payloads] = ike_bytes_digest(p->body, p->length);
    if (natd->payloads++ == 0) {
        natd->destination_ok = matches_or_forces(m, p, ike_record_dst(r), &natd->forced);
        order->source_is_first = matches_or_forces(m, p, ike_record_src(r), &natd->forced);
    } else {
        natd->source_ok |= matches_or_forces(m, p, ike_record_src(r), &natd->forced);
        order->destination_is_later |= matches_or_forces(m, p, ike_record_dst(r), &natd->forced);
    }
}

/* The first payload is the destination as its sender sees it, all further ones are possible sources
 * of the sender (RFC 3947 3.2). */
void ike_natt_detect(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_natd natd = { .record = r };
    natd_order order = { 0 };

    if (r->side == IKE_SIDE_NONE || r->note.sa->sides[r->side].more->natd.seen)
        return;
    for (unsigned i = 0; i < m->n_payloads; i++)
        if (is_natd(r->note.sa, &m->payloads[i]))
            read_natd(&natd, &order, r, m, &m->payloads[i]);
    if (natd.payloads == 0)
        return;
    g_free(r->note.sa->sides[r->side].more->natd.hashes);
    natd.seen = natd.payloads > 1 && !order.untestable;
    natd.wrong_order = natd.seen && !natd.destination_ok && !natd.source_ok &&
                       (order.source_is_first || order.destination_is_later);
    if (natd.wrong_order) {
        natd.destination_ok = order.destination_is_later;
        natd.source_ok = order.source_is_first;
        ike_raise(t, r->note.sa, IKE_DIAG_NATD_ORDER, &r->note, 0,
                  "the hashes match only with source and destination exchanged");
    }
    ike_side_more_of(&r->note.sa->sides[r->side])->natd = natd;
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
            const bool port_0 = matches(m, n.data, n.data_length, ike_record_src(r), 0);

            natd.seen = true;
            natd.payloads++;
            natd.forced |= port_0;
            natd.source_ok |= port_0 || matches(m, n.data, n.data_length, ike_record_src(r), ike_record_src(r)->port);
        } else if (n.type == IKE_NOTIFY_V2_NAT_DESTINATION) {
            has_destination = true;
            natd.destination_ok |= matches(m, n.data, n.data_length, ike_record_dst(r), ike_record_dst(r)->port);
        }
    }
    if (natd.seen && has_destination)
        ike_side_more_of(&r->note.sa->sides[r->side])->natd = natd;
}
