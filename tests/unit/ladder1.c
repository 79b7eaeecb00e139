/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Messages of IKEv1.
 */
#include "ladder.h"

/* Bytes of a message depend on what it is and on nothing else. */
static uint64_t seed(const ladder *l, unsigned what, uint32_t id)
{
    return (l->spi_i ^ l->spi_r << 8 ^ (uint64_t)id << 20) + what * UINT64_C(7919) +
           l->salt * UINT64_C(104729);
}

wire_message message(const ladder *l, uint8_t exchange, uint8_t flags, uint32_t id)
{
    const wire_header h = { l->spi_i, l->spi_r, 0x10, exchange, flags, id };

    return wire_begin(&h);
}

static wire_message first_message(const ladder *l, uint8_t exchange)
{
    const wire_header h = { l->spi_i, 0, 0x10, exchange, 0, l->mm_message_id };

    return wire_begin(&h);
}

static wire_message phase1(const ladder *l, uint8_t exchange, uint8_t flags)
{
    return message(l, exchange, flags, l->mm_message_id);
}

static void add_vendors(const ladder *l, wire_message *m, ladder_side from)
{
    uint8_t salt[8] = { 0 };

    for (const char *const *v = l->vendors[from]; *v; v++)
        wire_payload_hex(m, IKE_PL_VID, *v);
    if (l->salt) {
        wire_put32(salt + 4, (uint32_t)l->salt);
        wire_payload(m, IKE_PL_VID, salt, sizeof salt);
    }
}

static void add_natd(const ladder *l, wire_message *m, ladder_side from)
{
    ike_endpoint destination = l->hosts[1 - from].known, source = l->hosts[from].own;

    if (!l->natd)
        return;
    if (l->forced[from])
        destination.port = source.port = 0;
    wire_payload_natd(m, l->natd, l->natd_hash ? l->natd_hash : l->choice.hash, &destination);
    wire_payload_natd(m, l->natd, l->natd_hash ? l->natd_hash : l->choice.hash, &source);
}

static void add_key_exchange(const ladder *l, wire_message *m, unsigned what)
{
    const unsigned length = ike_group_ke_length(l->choice.group);

    wire_payload_random(m, IKE_PL_KE, length ? length : 256, seed(l, what, 1));
    wire_payload_random(m, IKE_PL_NONCE, 32, seed(l, what, 2));
}

void mm1(ladder *l)
{
    wire_message m = first_message(l, IKE_XCHG_MAIN);

    wire_payload_sa(&m, l->offer, l->n_offer);
    add_vendors(l, &m, INITIATOR);
    send_message(l, INITIATOR, wire_end(&m));
}

void mm2(ladder *l)
{
    wire_message m = phase1(l, IKE_XCHG_MAIN, 0);

    wire_payload_sa(&m, &l->choice, 1);
    add_vendors(l, &m, RESPONDER);
    send_message(l, RESPONDER, wire_end(&m));
}

static void key_exchange(ladder *l, ladder_side from)
{
    wire_message m = phase1(l, IKE_XCHG_MAIN, 0);

    add_key_exchange(l, &m, from == INITIATOR ? 3 : 4);
    add_natd(l, &m, from);
    send_message(l, from, wire_end(&m));
}

void mm3(ladder *l)
{
    key_exchange(l, INITIATOR);
}

void mm4(ladder *l)
{
    key_exchange(l, RESPONDER);
}

static void proof(ladder *l, ladder_side from, size_t length)
{
    wire_message m = phase1(l, IKE_XCHG_MAIN, IKE_FLAG_ENCRYPTED);

    ladder_encrypt(l, &m, IKE_PL_ID, length, seed(l, from == INITIATOR ? 5 : 6, 0));
    send_message(l, from, wire_end(&m));
}

void mm5(ladder *l)
{
    proof(l, INITIATOR, l->length_of_mm5);
}

void mm6(ladder *l)
{
    proof(l, RESPONDER, l->length_of_mm6);
}

void up_to_mm4(ladder *l)
{
    mm1(l);
    mm2(l);
    mm3(l);
    mm4(l);
}

void main_mode(ladder *l)
{
    up_to_mm4(l);
    mm5(l);
    mm6(l);
}

void mm5_in_vain(ladder *l)
{
    for (int i = 0; i < 4; i++) {
        mm5(l);
        after(l, 4);
    }
    long_after(l);
}

void disturbed_main_mode(ladder *l, ladder_stack stack, size_t size)
{
    mm1(l);
    after(l, 1);
    mm1(l);
    mm2(l);
    mm3(l);
    same_packet(l);
    mm4(l);
    move_to_4500(l);
    in_ip_fragments(l, 1480, NULL);
    mm5(l);
    after(l, 2);
    in_ike_fragments(l, stack, size, NULL);
    mm5(l);
    in_ip_fragments(l, 1480, "21");
    mm6(l);
}

void am1(ladder *l)
{
    wire_message m = first_message(l, IKE_XCHG_AGGRESSIVE);

    wire_payload_sa(&m, l->offer, l->n_offer);
    add_key_exchange(l, &m, 11);
    wire_payload_random(&m, IKE_PL_ID, 8, 77);
    add_vendors(l, &m, INITIATOR);
    send_message(l, INITIATOR, wire_end(&m));
}

void am2(ladder *l)
{
    wire_message m = phase1(l, IKE_XCHG_AGGRESSIVE, 0);

    wire_payload_sa(&m, &l->choice, 1);
    add_key_exchange(l, &m, 12);
    wire_payload_random(&m, IKE_PL_ID, 8, 78);
    wire_payload_random(&m, IKE_PL_HASH, 32, seed(l, 12, 3));
    add_vendors(l, &m, RESPONDER);
    add_natd(l, &m, RESPONDER);
    send_message(l, RESPONDER, wire_end(&m));
}

void am3(ladder *l, bool encrypted)
{
    wire_message m = phase1(l, IKE_XCHG_AGGRESSIVE, encrypted ? IKE_FLAG_ENCRYPTED : 0);

    if (encrypted)
        ladder_encrypt(l, &m, IKE_PL_HASH, 108, seed(l, 13, 0));
    else
        wire_payload_random(&m, IKE_PL_HASH, 32, seed(l, 13, 0));
    send_message(l, INITIATOR, wire_end(&m));
}

/* ISAKMP lengths under SHA2-256 and a block of 16 bytes. */
static void quick(ladder *l, unsigned n, uint32_t id)
{
    static const size_t lengths[] = { 0, 188, 188, 76, 92 };
    const ladder_side from = n % 2 ? l->qm_opener : (ladder_side)(1 - l->qm_opener);
    const bool commit = l->commit_from && n >= l->commit_from;
    wire_message m = message(l, IKE_XCHG_QUICK,
                             IKE_FLAG_ENCRYPTED | (commit ? IKE_FLAG_COMMIT : 0), id);

    ladder_encrypt(l, &m, IKE_PL_HASH, lengths[n], seed(l, 20 + n, id));
    send_message(l, from, wire_end(&m));
}

void qm1(ladder *l, uint32_t id)
{
    quick(l, 1, id);
}

void qm2(ladder *l, uint32_t id)
{
    quick(l, 2, id);
}

void qm3(ladder *l, uint32_t id)
{
    quick(l, 3, id);
}

void qm4(ladder *l, uint32_t id)
{
    quick(l, 4, id);
}

void quick_mode(ladder *l, uint32_t id)
{
    for (unsigned n = 1; n <= (l->commit_from ? 4 : 3); n++)
        quick(l, n, id);
}

void tr(ladder *l, unsigned n, uint32_t id)
{
    wire_message m = message(l, IKE_XCHG_TRANSACTION, IKE_FLAG_ENCRYPTED, id);

    ladder_encrypt(l, &m, IKE_PL_HASH, 108, seed(l, 30 + n, id));
    send_message(l, n % 2 ? RESPONDER : INITIATOR, wire_end(&m));
}

void info(ladder *l, ladder_side from, uint32_t id, size_t length)
{
    wire_message m = message(l, IKE_XCHG_INFO, IKE_FLAG_ENCRYPTED, id);

    ladder_encrypt(l, &m, IKE_PL_HASH, length, seed(l, 40u + from, id));
    send_message(l, from, wire_end(&m));
}

void refuse(ladder *l, ladder_side from, uint16_t notify)
{
    wire_message m = message(l, IKE_XCHG_INFO, 0, 0);

    wire_payload_notify(&m, notify);
    send_message(l, from, wire_end(&m));
}
