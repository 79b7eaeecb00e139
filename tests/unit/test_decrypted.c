/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conversations of IKEv1 with keys.
 */
#include "readable.h"

/* ---- IKEv1 that works ---- */

static void expect_tunnel(ladder *l)
{
    const ike_agreement *agreement = child_of(l, 0)->more->agreement;

    expect_labels(l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 esp esp");
    expect_nothing_wrong(l);
    expect_established(l, 0);
    expect_identities(l, "sun.example", "moon.example");
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
    expect_tied(l, TO_INITIATOR, 0);
    expect_tied(l, TO_RESPONDER, 0);
    g_assert_cmpuint(agreement->protocol, ==, IKE_PROTOCOL_ESP);
    g_assert_cmpstr(agreement->selectors[0], ==, "10.1.0.0/16");
    g_assert_cmpstr(agreement->selectors[1], ==, "10.2.0.0/16");
    g_assert_true(agreement->has_chosen);
    g_assert_cmpstr(ike_report_encapsulation(child_of(l, 0)), ==, "tunnel");
    expect_in_report(l, "sa", "10.1.0.0/16 <-> 10.2.0.0/16");
    expect_in_report(l, "sa", "ESP AES-CBC-256 / HMAC-SHA2-256-128, tunnel, 3600 s");
    expect_in_report(l, "sa", "moon.example");
    expect_events(l, "4650I 4650R 5451I 5451R");
}

/* Both SPIs are told although no packet uses them. */
static void play_unused(ladder *l)
{
    tunnel(l);
}

static void expect_unused(ladder *l)
{
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
    expect_in_report(l, "sa", "c1000001");
    expect_in_report(l, "sa", "c2000002");
}

#define KEEPS_900_S "00000001 03 04 6000 c2000002 80010001 00020004 00000384"

/* The responder keeps it for a shorter time, and says so (RFC 2407 4.6.3.1). */
static void play_lifetime(ladder *l)
{
    wire_message c = inside();

    main_mode_with_keys(l);
    qm1_with(l, 0xa1, TO_INITIATOR);
    in_hash(&c);
    in_esp(&c, TO_RESPONDER);
    wire_payload_random(&c, IKE_PL_NONCE, 32, 3);
    add_networks(&c);
    wire_payload_hex(&c, IKE_PL_NOTIFY, KEEPS_900_S);
    with_plain(l, &c);
    qm2(l, 0xa1);
    plain_of_quick(l, 3, 0);
    qm3(l, 0xa1);
}

static void expect_lifetime(ladder *l)
{
    expect_finding(l, "life_mismatch", NOTE);
    expect_finding_says(l, "life_mismatch", "offered 3600 s, the responder keeps it 900 s");
    g_assert_cmpuint(child_of(l, 0)->more->agreement->responder_seconds, ==, 900);
}

/* .. than what it chose was offered with; what else was offered does not matter. */
static void play_lifetimes(ladder *l, uint16_t first, uint16_t second, const char *notify)
{
    const in_proposal offer[] = { { 1, IKE_PROTOCOL_ESP, TO_INITIATOR, 128, first },
                                  { 2, IKE_PROTOCOL_ESP, TO_INITIATOR, 256, second } };
    const in_proposal choice = { 2, IKE_PROTOCOL_ESP, TO_RESPONDER, 256, second };
    wire_message c = inside();

    main_mode_with_keys(l);
    in_hash(&c);
    in_proposals(&c, offer, 2);
    wire_payload_random(&c, IKE_PL_NONCE, 32, 1);
    add_networks(&c);
    with_plain(l, &c);
    qm1(l, 0xa1);
    c = inside();
    in_hash(&c);
    in_proposals(&c, &choice, 1);
    wire_payload_random(&c, IKE_PL_NONCE, 32, 2);
    add_networks(&c);
    wire_payload_hex(&c, IKE_PL_NOTIFY, notify);
    with_plain(l, &c);
    qm2(l, 0xa1);
}

static void play_other_lifetime(ladder *l)
{
    play_lifetimes(l, 900, 1800, KEEPS_900_S);
}

static void expect_other_lifetime(ladder *l)
{
    expect_one_finding(l, "life_mismatch", NOTE);
    expect_finding_says(l, "life_mismatch", "offered 1800 s, the responder keeps it 900 s");
}

static void play_same_lifetime(ladder *l)
{
    play_lifetimes(l, 1800, 900, KEEPS_900_S);
}

static void expect_same_lifetime(ladder *l)
{
    expect_no_finding(l, "life_mismatch");
    g_assert_cmpuint(child_of(l, 0)->more->agreement->responder_seconds, ==, 900);
}

/* ---- copies ---- */

/* Wireshark goes on with the chain of vectors at a copy: it gets garbage, and says "malformed". */
static void play_copy(ladder *l)
{
    const ladder_keys keys = l->keys;

    main_mode_with_keys(l);
    qm1_with(l, 0xa1, TO_INITIATOR);
    after(l, 2);
    l->keys = keys == RIGHT_KEYS ? WRONG_KEYS : keys;
    qm1_with(l, 0xa1, TO_INITIATOR);
    l->keys = keys;
    plain_of_quick(l, 2, TO_RESPONDER);
    qm2(l, 0xa1);
    plain_of_quick(l, 3, 0);
    qm3(l, 0xa1);
}

static void expect_copy(ladder *l)
{
    expect_labels(l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM1+ QM2 QM3");
    expect_finding(l, "retrans", NOTE);
    expect_finding_says(l, "retrans", "are an artefact");
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
    expect_no_finding_above(l, NOTE, NULL);
}

static void play_good_copy(ladder *l)
{
    main_mode_with_keys(l);
    qm1_with(l, 0xa1, TO_INITIATOR);
    after(l, 2);
    qm1_with(l, 0xa1, TO_INITIATOR);
    plain_of_quick(l, 2, TO_RESPONDER);
    qm2(l, 0xa1);
}

static void expect_good_copy(ladder *l)
{
    expect_finding(l, "retrans", NOTE);
    g_assert_false(finding_says(l, "retrans", "artefact"));
}

/* In pieces of IP, and of IKE: the plaintext comes with the frame that completes the message. */
static void play_pieces(ladder *l)
{
    up_to_mm4(l);
    for (int side = 0; side < 2; side++) {
        wire_message c = inside();

        in_identity(&c, IKE_PL_ID, 2, side ? "moon.example" : "sun.example");
        wire_payload_random(&c, IKE_PL_CERT, 900, 1);
        in_hash(&c);
        with_plain(l, &c);
        if (side)
            in_ike_fragments(l, STRONGSWAN, 400, "132");
        else
            in_ip_fragments(l, 400, "321");
        if (side)
            mm6(l);
        else
            mm5(l);
    }
}

static void expect_pieces(ladder *l)
{
    expect_identities(l, "sun.example", "moon.example");
}

/* ---- more of IKEv1 ---- */

/* Quick Mode without phase 1: only keys tell QM3 with a notify from QM1. */
static void play_large_qm3(ladder *l)
{
    wire_message c = inside();

    in_hash(&c);
    in_notify(&c, INITIAL_CONTACT);
    in_notify(&c, INITIAL_CONTACT);
    with_plain(l, &c);
    qm3(l, 0xa1);
}

static void expect_large_qm3(ladder *l)
{
    expect_labels(l, "QM3");
}

/* No hash is as long as this one: it is garbage that happens to look well. */
static void play_odd_hash(ladder *l)
{
    wire_message c = inside();

    main_mode_with_keys(l);
    wire_payload_random(&c, IKE_PL_HASH, 24, 1);
    in_esp(&c, TO_INITIATOR);
    wire_payload_random(&c, IKE_PL_NONCE, 32, 1);
    with_plain(l, &c);
    qm1(l, 0xa1);
}

static void expect_odd_hash(ladder *l)
{
    expect_spis(l, 0, 0, 0);
    g_assert_false(ladder_record(l, l->frame)->is_decrypted);
    g_assert_true(ladder_record(l, l->frame)->is_misread);
}

/* ---- two messages in one frame ---- */

static GByteArray *quick_packet(const ladder *l, ladder_side from, uint32_t spi, GByteArray **plain)
{
    const wire_ip ip = { .src = l->hosts[from].seen, .dst = l->hosts[1 - from].seen, .id = 77u + from };
    wire_message c = inside(), m = message(l, IKE_XCHG_QUICK, IKE_FLAG_ENCRYPTED, 0xa1);
    GByteArray *bytes, *packet;

    in_hash(&c);
    in_esp(&c, spi);
    wire_payload_random(&c, IKE_PL_NONCE, 32, spi);
    *plain = inside_bytes(&c);
    wire_encrypted(&m, IKE_PL_HASH, 28 + (*plain)->len, spi);
    bytes = wire_end(&m);
    packet = wire_udp(&ip, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
    return packet;
}

/* Their contents have the same length, and come in their order. */
static void two_in_a_frame(void)
{
    GByteArray *packets[2], *plains[2];
    ladder l;

    ladder_begin(&l);
    main_mode_with_keys(&l);
    packets[0] = quick_packet(&l, INITIATOR, TO_INITIATOR, &plains[0]);
    packets[1] = quick_packet(&l, RESPONDER, TO_RESPONDER, &plains[1]);
    ike_tracker_frame(l.tracker, ++l.frame, l.now);
    for (int i = 0; i < 2; i++)
        ike_tracker_plain(l.tracker, 2, plains[i]->data, plains[i]->len); /* of the other version: not used */
    for (int i = 0; i < 2; i++)
        ike_tracker_plain(l.tracker, 1, plains[i]->data, plains[i]->len);
    for (int i = 0; i < 2; i++)
        ike_tracker_feed_ip(l.tracker, packets[i]->data, packets[i]->len);
    ike_tracker_end_frame(l.tracker, true);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1&QM2");
    expect_spis(&l, 0, TO_INITIATOR, TO_RESPONDER);
    for (int i = 0; i < 2; i++) {
        g_byte_array_unref(packets[i]);
        g_byte_array_unref(plains[i]);
    }
    ladder_end(&l);
}

static const script scripts[] = {
    { "v1/tunnel", play_tunnel, expect_tunnel },
    { "v1/unused", play_unused, expect_unused },
    { "v1/lifetime", play_lifetime, expect_lifetime },
    { "v1/other-lifetime", play_other_lifetime, expect_other_lifetime },
    { "v1/same-lifetime", play_same_lifetime, expect_same_lifetime },
    { "v1/copy", play_copy, expect_copy },
    { "v1/good-copy", play_good_copy, expect_good_copy },
    { "v1/pieces", play_pieces, expect_pieces },
    { "v1/odd-hash", play_odd_hash, expect_odd_hash },
    { "v1/large-qm3", play_large_qm3, expect_large_qm3 },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_scripts(scripts, G_N_ELEMENTS(scripts));
    g_test_add_func("/decrypted/two-in-a-frame", two_in_a_frame);
    return g_test_run();
}
