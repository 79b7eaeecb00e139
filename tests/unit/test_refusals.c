/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How a negotiation is refused: by an Informational, by silence after an answer, by an answer that is none.
 */
#include "ladder2.h"

/* ---- Main Mode ---- */

static void key_refused(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    mm2(&l);
    mm3(&l);
    refuse(&l, RESPONDER, 17);
    long_after(&l);
    expect_finding(&l, "mm3_badke", ERROR);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* Who refuses what, and what that is called. */
static void clear_refusals(void)
{
    static const struct {
        void (*messages[4])(ladder *l);
        ladder_side by;
        uint16_t notify;
        const char *id, *says;
    } rows[] = {
        { { mm1 }, RESPONDER, 14, "mm1_reject", "MM1 answered by an Informational: NO-PROPOSAL-CHOSEN" },
        { { mm1, mm2 }, INITIATOR, 14, "mm2_reject", "MM2 answered by an Informational: NO-PROPOSAL-CHOSEN" },
        { { mm1, mm2, mm3 }, RESPONDER, 24, "mm3_reject", "MM3 answered by an Informational: AUTHENTICATION-FAILED" },
        { { mm1, mm2, mm3, mm4 }, INITIATOR, 17, "mm4_reject",
          "MM4 answered by an Informational: INVALID-KEY-INFORMATION" },
        { { am1 }, RESPONDER, 18, "am1_reject", "AM1 answered by an Informational: INVALID-ID-INFORMATION" },
        { { am1 }, RESPONDER, 24, "am1_reject", "AM1 answered by an Informational: AUTHENTICATION-FAILED" },
        { { am1 }, RESPONDER, 14, "mm1_reject", "AM1 answered by an Informational: NO-PROPOSAL-CHOSEN" },
        { { am1 }, RESPONDER, 5, "mm_version", "AM1 answered by an Informational: INVALID-MAJOR-VERSION" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ladder l;

        ladder_begin(&l);
        for (size_t k = 0; k < G_N_ELEMENTS(rows[i].messages) && rows[i].messages[k]; k++)
            rows[i].messages[k](&l);
        refuse(&l, rows[i].by, rows[i].notify);
        long_after(&l);
        expect_finding(&l, rows[i].id, ERROR);
        expect_observed(&l, rows[i].id);
        expect_finding_says(&l, rows[i].id, rows[i].says);
        expect_nothing_unanswered(&l);
        expect_failed(&l, 0, true);
        ladder_end(&l);
    }
}

/* Nothing protects a notify in clear: the peers ignore one that others sent. */
static void refusals_ignored(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    mm2(&l);
    refuse(&l, INITIATOR, 14);
    mm3(&l);
    refuse(&l, RESPONDER, 24);
    mm4(&l);
    refuse(&l, INITIATOR, 17);
    mm5(&l);
    mm6(&l);
    quick_mode(&l, 0xa1);
    long_after(&l);
    expect_no_findings(&l, "mm2_reject mm3_reject mm4_reject");
    expect_established(&l, 0);
    ladder_end(&l);
}

/* RFC 2408 4.2: of an offer one transform of one proposal is chosen. */
static void two_chosen(void)
{
    ladder l;
    wire_message m;
    wire_transform both[2];

    ladder_begin(&l);
    both[0] = l.offer[0];
    both[1] = (wire_transform){ 5, 0, IKE_HASH_SHA1, IKE_AUTH_PSK, 2, 3600 };
    mm1(&l);
    m = message(&l, IKE_XCHG_MAIN, 0, 0);
    wire_payload_sa(&m, both, 2);
    send_message(&l, RESPONDER, wire_end(&m));
    expect_labels(&l, "MM1 MM2");
    expect_finding_says(&l, "mm2_badchoice", "1 proposal and 2 transforms instead of one");
    ladder_end(&l);
}

/* The initiator sends MM5 again and again: what MM6 brings does not reach it, or does not please it. */
static void last_message_ignored(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    for (int i = 0; i < 3; i++) {
        after(&l, 2 << i);
        mm5(&l);
        mm6(&l);
    }
    long_after(&l);
    expect_finding_says(&l, "mm6_ignored", "MM5 was sent 3 times more after MM6 in frame 6");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* Right after MM6 the initiator sends an Informational and nothing else: it deletes what it just made. */
static void deleted_at_once(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    info(&l, INITIATOR, 0xb1, 108);
    long_after(&l);
    expect_finding_at(&l, 7, "mm6_delete");
    expect_failed(&l, 0, true);
    ladder_end(&l);

    ladder_begin(&l); /* it goes on: that was something else */
    main_mode(&l);
    info(&l, INITIATOR, 0xb1, 108);
    quick_mode(&l, 0xa1);
    long_after(&l);
    expect_no_finding(&l, "mm6_delete");
    expect_established(&l, 0);
    ladder_end(&l);
}

/* ---- Aggressive Mode ---- */

static void answer_refused(void)
{
    ladder l;

    ladder_begin(&l);
    am1(&l);
    am2(&l);
    refuse(&l, INITIATOR, 24);
    long_after(&l);
    expect_finding(&l, "am2_reject", WARN);
    expect_finding_at(&l, 3, "am2_reject");
    expect_state_after(&l, 2, IKE_STATE_AUTHENTICATING);
    expect_state_after(&l, 3, IKE_STATE_FAILED);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* ---- later ---- */

/* More deletes in ten seconds than any renewal makes. */
static void storm(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    for (uint32_t i = 0; i < 60; i++)
        info(&l, INITIATOR, 0x1000 + i, 92);
    expect_findings(&l, "delete_storm", 1);
    ladder_end(&l);

    ladder_begin(&l); /* as many in hours */
    main_mode(&l);
    quick_mode(&l, 0xa1);
    for (uint32_t i = 0; i < 60; i++) {
        info(&l, INITIATOR, 0x1000 + i, 92);
        after(&l, 100);
    }
    expect_no_finding(&l, "delete_storm");
    ladder_end(&l);
}

/* A router answers in the host's place. */
static void filtered(void)
{
    const ike_addr router = wire_addr("192.0.2.1");
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    send_packet(&l, wire_icmp(&router, &l.hosts[INITIATOR].seen.addr, 3, 3, 0, l.packet, 576));
    long_after(&l);
    expect_finding(&l, "icmp_filtered", ERROR);
    expect_no_finding(&l, "icmp_unreach");
    ladder_end(&l);
}

/* What a router says of the way to the host, by family, type and code. */
static void unreachable(void)
{
    static const struct {
        const char *initiator, *responder, *router;
        uint8_t type, code;
        const char *says;
    } rows[] = {
        { "10.1.0.2", "10.2.0.2", "192.0.2.1", 3, 0, "192.0.2.1: network unreachable" },
        { "10.1.0.2", "10.2.0.2", "192.0.2.1", 3, 1, "192.0.2.1: host unreachable" },
        { "10.1.0.2", "10.2.0.2", "192.0.2.1", 3, 7, "192.0.2.1: destination host unknown" },
        { "10.1.0.2", "10.2.0.2", "192.0.2.1", 3, 12, "192.0.2.1: destination unreachable" },
        { "10.1.0.2", "10.2.0.2", "192.0.2.1", 11, 0, "192.0.2.1: time to live exceeded" },
        { "2001:db8::1", "2001:db8::2", "2001:db8::ff", 1, 0, "2001:db8::ff: no route to destination" },
        { "2001:db8::1", "2001:db8::2", "2001:db8::ff", 1, 3, "2001:db8::ff: address unreachable" },
        { "2001:db8::1", "2001:db8::2", "2001:db8::ff", 1, 7, "2001:db8::ff: destination unreachable" },
        { "2001:db8::1", "2001:db8::2", "2001:db8::ff", 3, 0, "2001:db8::ff: hop limit exceeded" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const ike_addr router = wire_addr(rows[i].router);
        ladder l;

        ladder_begin(&l);
        l.hosts[INITIATOR].seen = wire_endpoint(rows[i].initiator, 500);
        l.hosts[RESPONDER].seen = wire_endpoint(rows[i].responder, 500);
        mm1(&l);
        send_packet(&l, wire_icmp(&router, &l.hosts[INITIATOR].seen.addr, rows[i].type, rows[i].code, 0, l.packet, 576));
        long_after(&l);
        expect_finding(&l, "icmp_unreach", ERROR);
        expect_finding_says(&l, "icmp_unreach", rows[i].says);
        ladder_end(&l);
    }
}

/* RFC 7296 1.5: the receiver does not know the SPI, and the sender goes on. */
static void unknown_spi(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    esp(&l, INITIATOR, 0xc1000001, 1);
    v2_invalid_spi(&l, RESPONDER, (v2_spis){ 0, 0, INITIATOR }, 0xc1000001);
    for (uint32_t i = 2; i < 6; i++) {
        after(&l, 10);
        esp(&l, INITIATOR, 0xc1000001, i);
    }
    expect_finding_says(&l, "esp_after_delete", "the receiver said in frame 6 that it does not know it");
    ladder_end(&l);
}

/* INVALID-COOKIE in clear. What the other side sends on does not show that the SA lives, what its sender encrypts
 * does, or ESP of it. */
static void unknown_cookies(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 1);
    after(&l, 60);
    info(&l, INITIATOR, 0xd1, 92);
    refuse(&l, RESPONDER, 4);
    after(&l, 10);
    info(&l, INITIATOR, 0xd2, 92);
    after(&l, 10);
    foreign(&l);
    expect_finding(&l, "cookie_invalid", WARN);
    expect_finding_says(&l, "cookie_invalid", "the other side goes on with it");
    esp(&l, INITIATOR, 0x11111111, 1);
    expect_finding(&l, "cookie_invalid", WARN);
    esp(&l, RESPONDER, 0x22222222, 1);
    expect_finding(&l, "cookie_invalid", NOTE);
    ladder_end(&l);
}

/* .. nor has a new SA of both taken its place. */
static void unknown_cookies_replaced(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 1);
    after(&l, 60);
    info(&l, INITIATOR, 0xd1, 92);
    refuse(&l, RESPONDER, 4);
    after(&l, 1);
    info(&l, INITIATOR, 0xd2, 92);
    next_sa(&l);
    main_mode(&l);
    quick_mode(&l, 2);
    after(&l, 10);
    foreign(&l);
    expect_finding(&l, "cookie_invalid", NOTE);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refusals/key", key_refused);
    g_test_add_func("/refusals/clear", clear_refusals);
    g_test_add_func("/refusals/ignored", refusals_ignored);
    g_test_add_func("/refusals/two-chosen", two_chosen);
    g_test_add_func("/refusals/last-message-ignored", last_message_ignored);
    g_test_add_func("/refusals/deleted-at-once", deleted_at_once);
    g_test_add_func("/refusals/aggressive", answer_refused);
    g_test_add_func("/refusals/storm", storm);
    g_test_add_func("/refusals/filtered", filtered);
    g_test_add_func("/refusals/unreachable", unreachable);
    g_test_add_func("/refusals/unknown-spi", unknown_spi);
    g_test_add_func("/refusals/unknown-cookies", unknown_cookies);
    g_test_add_func("/refusals/unknown-cookies-replaced", unknown_cookies_replaced);
    return g_test_run();
}
