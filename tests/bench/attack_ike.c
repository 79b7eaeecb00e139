/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attack.h"

enum { MESSAGES_OF_MAIN_MODE = 6, MESSAGES_OF_IKEV2 = 4, BODY = 48, OFFER = 128 /* of QM1 and QM2 */ };

/* DOI and situation, one proposal with one transform: AES-CBC-256, SHA2-256, pre-shared key, group 14. */
static const uint8_t sa_body[] = { 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 36, 1, 1, 0, 1, 0, 0, 0, 28, 1, 1, 0, 0, 0x80, 1, 0, 7,
                                   0x80, 14, 1, 0, 0x80, 2, 0, 4, 0x80, 3, 0, 1, 0x80, 4, 0, 14 };
/* One proposal of IKE: AES-CBC-256, PRF and integrity of SHA2-256, group 14. */
static const uint8_t v2_sa_body[] = { 0, 0, 0, 44, 1, 1, 0, 4, 3, 0, 0, 12, 1, 0, 0, 12, 0x80, 14, 1, 0, 3, 0, 0, 8,
                                      2, 0, 0, 5, 3, 0, 0, 8, 3, 0, 0, 12, 0, 0, 0, 8, 4, 0, 0, 14 };

static void fill(uint8_t *body, size_t n, uint64_t content)
{
    for (size_t i = 0; i < n; i++)
        body[i] = (uint8_t)((content * UINT64_C(0x9e3779b97f4a7c15)) >> (i % 8 * 8)) ^ (uint8_t)(content >> (i % 4 * 8));
}

static void put_filled(packet *p, uint8_t type, size_t n, uint64_t content)
{
    uint8_t body[256];

    fill(body, n, content);
    packet_payload(p, type, body, n);
}

static void between(packet *p, bool from_initiator, ike_addr initiator, ike_addr responder)
{
    packet_begin(p, IKE_IPPROTO_UDP, from_initiator ? initiator : responder, from_initiator ? responder : initiator);
    packet_udp(p, IKE_PORT, IKE_PORT);
}

void attack_main_message(packet *p, uint32_t i, const ike_head *cookies, ike_addr initiator, ike_addr responder)
{
    ike_head h = *cookies;
    uint8_t cipher[BODY];

    h.version = 0x10;
    h.exchange = IKE_XCHG_MAIN;
    h.spi_r = i == 0 ? 0 : h.spi_r;
    h.flags = i >= 4 ? IKE_FLAG_ENCRYPTED : 0;
    h.next = i >= 4 ? IKE_PL_ID : 0;
    between(p, i % 2 == 0, initiator, responder);
    packet_ike(p, &h);
    fill(cipher, sizeof cipher, h.spi_i + i);
    if (i < 2) {
        packet_payload(p, IKE_PL_SA, sa_body, sizeof sa_body);
    } else if (i < 4) {
        put_filled(p, IKE_PL_KE, 256, h.spi_i + i);
        put_filled(p, IKE_PL_NONCE, 16, h.spi_i + i);
    } else {
        for (size_t k = 0; k < sizeof cipher; k++)
            packet_put(p, cipher[k], 1);
    }
    packet_end(p);
}

bool attack_main_mode(packet *p, uint32_t i)
{
    const ike_head cookies = { .spi_i = 1, .spi_r = 2 };

    if (i < MESSAGES_OF_MAIN_MODE)
        attack_main_message(p, i, &cookies, packet_host(1), packet_host(2));
    return i < MESSAGES_OF_MAIN_MODE;
}

static void encrypted(packet *p, bool from_initiator, ike_head h, uint32_t content, size_t length)
{
    uint8_t cipher[256];

    between(p, from_initiator, packet_host(1), packet_host(2));
    if (h.version == 0x20)
        h.flags |= from_initiator ? IKE_FLAG_V2_INITIATOR : 0;
    packet_ike(p, &h);
    fill(cipher, length, content);
    if (h.version == 0x20)
        packet_payload(p, IKE_PL_V2_SK, cipher, length);
    else
        for (size_t k = 0; k < length; k++)
            packet_put(p, cipher[k], 1);
    packet_end(p);
}

void attack_encrypted(packet *p, bool from_initiator, ike_head h, uint32_t content)
{
    encrypted(p, from_initiator, h, content, BODY);
}

static const ike_head v1_head = { .spi_i = 1, .spi_r = 2, .version = 0x10, .flags = IKE_FLAG_ENCRYPTED, .next = IKE_PL_HASH };
static const ike_head v2_head = { .spi_i = 1, .spi_r = 2, .version = 0x20 };

static ike_head with(ike_head h, uint8_t exchange, uint32_t id)
{
    h.exchange = exchange;
    h.id = id;
    return h;
}

static void first_v2(packet *p, const ike_head *h, bool response, ike_addr initiator, ike_addr responder)
{
    between(p, !response, initiator, responder);
    packet_ike(p, &(ike_head){ .spi_i = h->spi_i, .spi_r = response ? h->spi_r : 0, .version = 0x20,
                               .exchange = IKE_XCHG_V2_SA_INIT,
                               .flags = response ? IKE_FLAG_V2_RESPONSE : IKE_FLAG_V2_INITIATOR });
    packet_payload(p, IKE_PL_V2_SA, v2_sa_body, sizeof v2_sa_body);
    put_filled(p, IKE_PL_V2_KE, 64, h->spi_i + response);
    put_filled(p, IKE_PL_V2_NONCE, 32, h->spi_i + response);
    packet_end(p);
}

static bool ikev2(packet *p, uint32_t i)
{
    ike_head auth = with(v2_head, IKE_XCHG_V2_AUTH, 1);

    if (i < 2) {
        first_v2(p, &v2_head, i == 1, packet_host(1), packet_host(2));
    } else if (i < MESSAGES_OF_IKEV2) {
        auth.flags = i == 3 ? IKE_FLAG_V2_RESPONSE : 0;
        attack_encrypted(p, i == 2, auth, i);
    }
    return i < MESSAGES_OF_IKEV2;
}

/* ---- message IDs without end ---- */

static void quick_ids(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (!attack_main_mode(p, i))
        encrypted(p, true, with(v1_head, IKE_XCHG_QUICK, i), i, OFFER);
}

static void info_ids(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (!attack_main_mode(p, i))
        attack_encrypted(p, i % 2, with(v1_head, IKE_XCHG_INFO, i), i);
}

static void v2_ids(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    ike_head h = with(v2_head, IKE_XCHG_V2_INFO, i / 2);

    if (ikev2(p, i))
        return;
    h.flags = i % 2 ? IKE_FLAG_V2_RESPONSE : 0;
    attack_encrypted(p, i % 2 == 0, h, i);
}

static void v2_children(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    ike_head h = with(v2_head, IKE_XCHG_V2_CREATE_CHILD, i / 2);

    if (ikev2(p, i))
        return;
    h.flags = i % 2 ? IKE_FLAG_V2_RESPONSE : 0;
    attack_encrypted(p, i % 2 == 0, h, i);
}

static void phase1_messages(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    ike_head h = with(v1_head, IKE_XCHG_MAIN, 0);

    h.next = IKE_PL_ID;
    if (!attack_main_mode(p, i))
        attack_encrypted(p, i % 2, h, i);
}

/* Informationals of both sides, and Quick Modes with the commit bit: one of them may be the CONNECTED notify. */
static void commit_ids(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    ike_head h = with(v1_head, i % 2 ? IKE_XCHG_INFO : IKE_XCHG_QUICK, i);

    h.flags |= i % 2 ? 0 : IKE_FLAG_COMMIT;
    if (!attack_main_mode(p, i))
        encrypted(p, i % 4 < 2, h, i, OFFER);
}

/* Messages of ever new SPIs with message ID 0 between hosts with many SAs that made Child SAs: a rekeyed IKE SA? */
static void v2_strangers(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    ike_head h = with(v2_head, IKE_XCHG_V2_CREATE_CHILD, i % 20 / 2);

    h.spi_i = 0x100000 + (i < 2000 ? i / 20 : i);
    h.spi_r = 0x200000 + (i < 2000 ? i / 20 : i);
    h.id = i < 2000 ? h.id : 0;
    h.flags = i < 2000 && i % 2 ? IKE_FLAG_V2_RESPONSE : 0;
    encrypted(p, i < 2000 ? i % 2 == 0 : true, h, i, OFFER);
}

/* Half of the packets are Quick Modes that are over, the other half first messages that a clear notify refuses. */
static void refused_quick(packet *p, uint32_t i, uint32_t n)
{
    static const uint8_t refusal[] = { 0, 0, 0, 1, 1, 0, 0, 18 }; /* INVALID-ID-INFORMATION */

    if (attack_main_mode(p, i))
        return;
    if (i < n / 2) {
        encrypted(p, i % 3 != 1, with(v1_head, IKE_XCHG_QUICK, i / 3), i, i % 3 == 2 ? BODY : OFFER);
    } else if (i % 2 == 0) {
        encrypted(p, true, with(v1_head, IKE_XCHG_QUICK, i), i, OFFER);
    } else {
        between(p, false, packet_host(1), packet_host(2));
        packet_ike(p, &(ike_head){ .spi_i = 1, .spi_r = 2, .version = 0x10, .exchange = IKE_XCHG_INFO, .id = i });
        packet_payload(p, IKE_PL_NOTIFY, refusal, sizeof refusal);
        packet_end(p);
    }
}

/* Quick Modes that nobody answers, then liveness checks of both sides at once. */
static void checks_after_quick(packet *p, uint32_t i, uint32_t n)
{
    if (attack_main_mode(p, i))
        return;
    if (i < n / 2)
        encrypted(p, true, with(v1_head, IKE_XCHG_QUICK, i), i, OFFER);
    else
        attack_encrypted(p, i % 2, with(v1_head, IKE_XCHG_INFO, i), i);
}

/* ---- the same message again and again ---- */

static void copies(packet *p, uint32_t i G_GNUC_UNUSED, uint32_t n G_GNUC_UNUSED)
{
    attack_main_mode(p, 0);
}

static void v2_copies(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    ike_head h = with(v2_head, IKE_XCHG_V2_INFO, 2);

    if (!ikev2(p, i))
        attack_encrypted(p, true, h, 7);
}

static void on_4500(packet *p, ike_head h, bool from_initiator, uint32_t content)
{
    uint8_t cipher[BODY];

    packet_begin(p, IKE_IPPROTO_UDP, packet_host(from_initiator ? 1 : 2), packet_host(from_initiator ? 2 : 1));
    packet_udp(p, from_initiator ? 40000 : IKE_PORT_NATT, from_initiator ? IKE_PORT_NATT : 50000);
    h.flags |= from_initiator ? IKE_FLAG_V2_INITIATOR : IKE_FLAG_V2_RESPONSE;
    packet_ike(p, &h);
    fill(cipher, sizeof cipher, content);
    packet_payload(p, IKE_PL_V2_SK, cipher, sizeof cipher);
    packet_end(p);
}

/* One request many times, then many responses to it, all different and to a port where no copy came from. */
static void many_answers(packet *p, uint32_t i, uint32_t n)
{
    if (!ikev2(p, i))
        on_4500(p, with(v2_head, IKE_XCHG_V2_INFO, 2), i < n / 2, i < n / 2 ? 7 : i);
}

/* The answers first, then the request many times. */
static void answers_first(packet *p, uint32_t i, uint32_t n)
{
    if (!ikev2(p, i))
        on_4500(p, with(v2_head, IKE_XCHG_V2_INFO, 2), i == MESSAGES_OF_IKEV2 || i > n / 2,
                i == MESSAGES_OF_IKEV2 || i > n / 2 ? 7 : i);
}

/* ---- IKE fragments ---- */

static void v1_fragment(packet *p, uint32_t id, uint8_t number, bool last, uint32_t sa)
{
    uint8_t body[64];

    fill(body, sizeof body, id);
    body[0] = (uint8_t)(id >> 8);
    body[1] = (uint8_t)id;
    body[2] = number;
    body[3] = last;
    between(p, true, packet_host(1), packet_host(2));
    packet_ike(p, &(ike_head){ .spi_i = 1 + sa, .spi_r = 2 + sa, .version = 0x10, .exchange = IKE_XCHG_MAIN });
    packet_payload(p, IKE_PL_FRAGMENT, body, sizeof body);
    packet_end(p);
}

static void v1_fragments(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (!attack_main_mode(p, i))
        v1_fragment(p, i, (uint8_t)(1 + i % 3), false, 0);
}

/* One fragment of one message in each of many SAs. */
static void v1_fragment_each(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    v1_fragment(p, i, 1, false, i);
}

static void skf(packet *p, uint32_t id, uint16_t number, uint16_t total, uint32_t content)
{
    uint8_t body[64];

    fill(body, sizeof body, content);
    body[0] = (uint8_t)(number >> 8);
    body[1] = (uint8_t)number;
    body[2] = (uint8_t)(total >> 8);
    body[3] = (uint8_t)total;
    between(p, true, packet_host(1), packet_host(2));
    packet_ike(p, &(ike_head){ .spi_i = 1, .spi_r = 2, .version = 0x20, .exchange = IKE_XCHG_V2_INFO,
                               .flags = IKE_FLAG_V2_INITIATOR, .id = id });
    packet_payload(p, IKE_PL_V2_SKF, body, sizeof body);
    packet_end(p);
}

static void skf_messages(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (!ikev2(p, i))
        skf(p, i, 1, 2, i);
}

/* One message in 1000 fragments, sent again and again, backwards. */
static void skf_again(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (!ikev2(p, i))
        skf(p, 2, (uint16_t)(1000 - i % 1000), 1000, i);
}

/* ---- SAs ---- */

static void half_open(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const ike_head cookies = { .spi_i = 0x100000 + i };

    attack_main_message(p, 0, &cookies, packet_host(3 + i), packet_host(2));
}

static void v2_half_open(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const ike_head spis = { .spi_i = 0x100000 + i / 2, .spi_r = 0x200000 + i / 2 };

    first_v2(p, &spis, i % 2, packet_host(3 + i / 2), packet_host(2));
}

/* Between two hosts: first messages and their answers. */
static void one_pair(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const ike_head cookies = { .spi_i = 0x100000 + i / 2, .spi_r = 0x200000 + i / 2 };

    attack_main_message(p, i % 2, &cookies, packet_host(1), packet_host(2));
}

static void whole_of_one_pair(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const ike_head cookies = { .spi_i = 0x100000 + i / 6, .spi_r = 0x200000 + i / 6 };

    attack_main_message(p, i % 6, &cookies, packet_host(1), packet_host(2));
}

/* The same initiator cookie from other hosts and with other content. */
static void one_cookie(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const ike_head cookies = { .spi_i = 0x100000, .spi_r = 0x200000 + i };

    attack_main_message(p, 1, &cookies, packet_host(3 + i), packet_host(0x800000 + i));
}

static void siblings(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const ike_head cookies = { .spi_i = 1, .spi_r = 1 + i };

    attack_main_message(p, i > 0, &cookies, packet_host(1), packet_host(2));
}

/* SAs of many hosts, which then all go on between the same two, the newest first. */
static void moving_sas(packet *p, uint32_t i, uint32_t n)
{
    const bool again = i >= n / 2;
    const uint32_t sa = again ? n - 1 - i : i;
    const ike_head cookies = { .spi_i = 0x100000 + sa, .spi_r = 0x200000 + sa };

    attack_main_message(p, again ? 2 : 1, &cookies, packet_host(again ? 1 : 3 + sa), packet_host(2));
}

/* ---- errors ---- */

static void icmp_of(packet *p, uint32_t about, bool many)
{
    packet quoted;
    const ike_head cookies = { .spi_i = many ? 0x100000 + about : 1, .spi_r = 2 };

    attack_main_message(&quoted, 0, &cookies, packet_host(many ? 3 + about : 1), packet_host(2));
    packet_begin(p, IKE_IPPROTO_ICMP, packet_host(9), packet_host(many ? 3 + about : 1));
    packet_put(p, 0x0301, 2);
    packet_zeros(p, 6);
    for (size_t k = 0; k < quoted.n; k++)
        packet_put(p, quoted.bytes[k], 1);
    packet_end(p);
}

static void icmp_of_one(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (!attack_main_mode(p, i))
        icmp_of(p, i, false);
}

static void icmp_of_all(packet *p, uint32_t i, uint32_t n)
{
    if (i % 2 == 0)
        half_open(p, i / 2, n);
    else
        icmp_of(p, i / 2, true);
}

/* A hundred notifies in each clear Informational. */
static void notifies(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    uint8_t body[] = { 0, 0, 0, 1, 1, 0, 0, 0 };

    if (attack_main_mode(p, i))
        return;
    between(p, i % 2, packet_host(1), packet_host(2));
    packet_ike(p, &(ike_head){ .spi_i = 1, .spi_r = 2, .version = 0x10, .exchange = IKE_XCHG_INFO, .id = i });
    for (uint8_t k = 0; k < 100; k++) {
        body[7] = (uint8_t)(1 + (k + i) % 30);
        packet_payload(p, IKE_PL_NOTIFY, body, sizeof body);
    }
    packet_end(p);
}

/* INVALID_SPI outside any SA (RFC 7296 1.5). */
static void stray_errors(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const uint8_t body[] = { 0, 0, 0, 11, (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };

    between(p, false, packet_host(3 + i), packet_host(2));
    packet_ike(p, &(ike_head){ .version = 0x20, .exchange = IKE_XCHG_V2_INFO, .id = 0 });
    packet_payload(p, IKE_PL_V2_NOTIFY, body, sizeof body);
    packet_end(p);
}

/* After 64 SAs with 64 Quick Modes each, which may all have made it. */
static void spi_after_many(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const uint32_t in_sa = 6 + 64 * 3, sa = i / in_sa, message = i % in_sa;
    const ike_head cookies = { .spi_i = 0x100000 + sa, .spi_r = 0x200000 + sa };
    ike_head quick = with(v1_head, IKE_XCHG_QUICK, message);

    quick.spi_i = cookies.spi_i;
    quick.spi_r = cookies.spi_r;
    quick.id = message / 3;
    if (sa >= 64)
        attack_esp(p, 1, 2, 0x10000 + i, 1);
    else if (message < 6)
        attack_main_message(p, message, &cookies, packet_host(1), packet_host(2));
    else
        encrypted(p, message % 3 != 1, quick, message, message % 3 == 2 ? BODY : OFFER);
}

#define MS IKE_MILLISECOND

const attack attacks_of_ike[] = {
    { "cookies", attack_cookies, 30000, MS, 0, "cookie pairs with one hash" },
    { "hosts", attack_hosts, 30000, MS, 0, "pairs of hosts with one hash" },
    { "fragment-keys", attack_fragment_keys, 6000, MS, 0, "IP fragments whose keys have one hash" },
    { "tcp-keys", attack_tcp_keys, 6000, MS, 0, "TCP connections with one hash" },
    { "ipsec-spis", attack_ipsec_spis, 6000, MS, 0, "SPIs of ESP with one place in the table" },
    { "message-ids", attack_message_ids, 6000, MS, 0, "message IDs with one place in the table" },
    { "digests", attack_digests, 6500, MS, 60, "cut messages whose digests have one hash" },
    { "quick-ids", quick_ids, 9000, MS * 10, 0, "Quick Modes of one SA without end" },
    { "info-ids", info_ids, 50000, MS, 0, "Informationals of one IKEv1 SA without end" },
    { "v2-ids", v2_ids, 18000, MS, 0, "INFORMATIONAL of one IKEv2 SA without end" },
    { "v2-children", v2_children, 18000, MS, 0, "CREATE_CHILD_SA of one SA without end" },
    { "phase1", phase1_messages, 20000, MS, 0, "different messages of one Main Mode" },
    { "commit", commit_ids, 15000, MS * 10, 0, "Quick Modes with the commit bit, and Informationals" },
    { "v2-strangers", v2_strangers, 20000, MS, 0, "messages of unknown SPIs that a rekey may have made" },
    { "refused-quick", refused_quick, 15000, MS, 0, "Quick Modes that are over, then refused ones" },
    { "checks", checks_after_quick, 15000, MS / 1000, 0, "liveness checks after open Quick Modes, at once" },
    { "copies", copies, 50000, MS, 0, "one MM1 again and again" },
    { "v2-copies", v2_copies, 50000, MS, 0, "one INFORMATIONAL request again and again" },
    { "many-answers", many_answers, 20000, MS, 0, "copies of a request, then different responses" },
    { "answers-first", answers_first, 20000, MS, 0, "different responses, then copies of the request" },
    { "v1-fragments", v1_fragments, 20000, MS, 0, "IKE fragments 132 of ever new messages" },
    { "v1-fragment-each", v1_fragment_each, 10000, MS, 0, "one fragment 132 in each of many SAs" },
    { "skf", skf_messages, 9000, MS * 10, 0, "fragments SKF of ever new messages" },
    { "skf-again", skf_again, 20000, MS * 2, 0, "one message in 1000 fragments SKF again and again" },
    { "half-open", half_open, 100000, MS, 0, "MM1 of ever new hosts" },
    { "v2-half-open", v2_half_open, 100000, MS, 0, "IKE_SA_INIT of ever new hosts, answered" },
    { "one-pair", one_pair, 50000, MS, 0, "half-open SAs between two hosts" },
    { "whole-pair", whole_of_one_pair, 60000, 100 * MS, 0, "SAs between two hosts that come up" },
    { "one-cookie", one_cookie, 20000, MS, 0, "SAs of many hosts with one initiator cookie" },
    { "siblings", siblings, 20000, MS, 0, "one first message, ever new responder cookies" },
    { "moving", moving_sas, 100000, MS, 0, "SAs that move to the same two hosts, the newest first" },
    { "icmp-one", icmp_of_one, 50000, MS, 0, "ICMP errors about one SA" },
    { "icmp-all", icmp_of_all, 50000, MS, 0, "ICMP errors about many SAs" },
    { "notifies", notifies, 5000, MS, 0, "clear Informationals with 100 notifies" },
    { "stray-errors", stray_errors, 10000, MS, 0, "INVALID_SPI outside any SA" },
    { "spi-after-many", spi_after_many, 30000, MS, 0, "ESP with ever new SPIs after 4096 Quick Modes" },
};
const size_t n_attacks_of_ike = G_N_ELEMENTS(attacks_of_ike);
