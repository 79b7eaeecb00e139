/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ESP and AH: which negotiation they belong to, what sequence numbers say.
 */
#include "ladder2.h"
#include "natt.h"

enum { THERE = 0x11111111, BACK = 0x22222222, NEW_THERE = 0x33333333, NEW_BACK = 0x44444444 };

/* Main Mode and one Quick Mode. */
static void tunnel(ladder *l)
{
    ladder_begin(l);
    main_mode(l);
    quick_mode(l, 1);
}

static void expect_tied(ladder *l, uint32_t spi, int child, ike_tied_by by)
{
    const ike_flow *flow = flow_of(l, spi);

    g_assert_cmpint(flow->child ? flow->child->child : -1, ==, child);
    g_assert_cmpint(flow->tied_by, ==, by);
}

static void expect_packets(ladder *l, uint32_t spi, unsigned count)
{
    g_assert_cmpuint(flow_of(l, spi)->packets, ==, count);
}

/* ---- ties ---- */

static void only_candidate(void)
{
    ladder l;

    tunnel(&l);
    esp(&l, INITIATOR, THERE, 1);
    esp(&l, RESPONDER, BACK, 1);
    expect_tied(&l, THERE, 0, IKE_TIED_ONLY_CANDIDATE);
    expect_tied(&l, BACK, 0, IKE_TIED_ONLY_CANDIDATE);
    g_assert_true(flow_of(&l, THERE)->child == flow_of(&l, BACK)->child);
    expect_no_finding_above(&l, CHAT, "weak");
    ladder_end(&l);
}

/* Two Quick Modes at once: either could have made it. */
static void ambiguous(void)
{
    ladder l;

    tunnel(&l);
    quick_mode(&l, 2);
    esp(&l, INITIATOR, THERE, 1);
    expect_tied(&l, THERE, 1, IKE_TIED_AMBIGUOUS);
    esp(&l, INITIATOR, NEW_THERE, 1); /* what is left is the other */
    expect_tied(&l, NEW_THERE, 0, IKE_TIED_ONLY_CANDIDATE);
    ladder_end(&l);
}

/* IKE_FOLLOWUP_KE is part of the exchange before it (RFC 9370 2.2.4), and no negotiation of its own. */
static void followup(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    esp(&l, INITIATOR, THERE, 1);
    v2_child(&l, INITIATOR, 2);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_FOLLOWUP_KE, 3, 900);
    v2_response(&l, INITIATOR, IKE_XCHG_V2_FOLLOWUP_KE, 3, 880);
    esp(&l, INITIATOR, NEW_THERE, 1);
    expect_tied(&l, THERE, 0, IKE_TIED_ONLY_CANDIDATE);
    expect_tied(&l, NEW_THERE, 1, IKE_TIED_ONLY_CANDIDATE);
    g_assert_true(ike_child_flow(flow_of(&l, NEW_THERE)->child, true) == flow_of(&l, NEW_THERE));
    ladder_end(&l);
}

/* The SPI that is new after a rekey belongs to that, the old one stays where it was. */
static void rekey(void)
{
    ladder l;

    tunnel(&l);
    esp(&l, INITIATOR, THERE, 1);
    esp(&l, RESPONDER, BACK, 1);
    quick_mode(&l, 2);
    esp(&l, INITIATOR, NEW_THERE, 1);
    esp(&l, RESPONDER, BACK, 2);
    esp(&l, RESPONDER, NEW_BACK, 1);
    expect_tied(&l, THERE, 0, IKE_TIED_ONLY_CANDIDATE);
    expect_tied(&l, BACK, 0, IKE_TIED_ONLY_CANDIDATE);
    expect_tied(&l, NEW_THERE, 1, IKE_TIED_ONLY_CANDIDATE);
    expect_tied(&l, NEW_BACK, 1, IKE_TIED_ONLY_CANDIDATE);
    ladder_end(&l);
}

/* Nothing is known of an SPI that was there before the negotiation was over. */
static void before_the_end(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 1);
    esp(&l, INITIATOR, THERE, 1);
    qm2(&l, 1);
    qm3(&l, 1);
    esp(&l, INITIATOR, THERE, 2);
    expect_tied(&l, THERE, -1, IKE_TIED_NOT);
    expect_finding(&l, "esp_early", NOTE);
    expect_finding_at(&l, 8, "esp_early");
    ladder_end(&l);
}

/* .. a high number is that of an older SA, which is no surprise. */
static void older_sa(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 1);
    esp(&l, INITIATOR, THERE, 5000);
    qm2(&l, 1);
    qm3(&l, 1);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 esp QM2 QM3");
    expect_no_finding(&l, "esp_early");
    ladder_end(&l);
}

static void no_ike(void)
{
    ladder l;

    ladder_begin(&l);
    esp(&l, INITIATOR, THERE, 1);
    expect_finding(&l, "esp_noike", CHAT);
    expect_no_finding_above(&l, CHAT, NULL);
    main_mode(&l);
    esp(&l, INITIATOR, THERE, 2); /* the hosts are known now */
    expect_no_finding(&l, "esp_noike");
    ladder_end(&l);
}

/* ---- one direction ---- */

static void many(ladder *l, ladder_side from, uint32_t spi, unsigned n, double step)
{
    for (unsigned i = 1; i <= n; i++) {
        esp(l, from, spi, i);
        after(l, step);
    }
}

static void one_way(void)
{
    ladder l;

    tunnel(&l);
    many(&l, INITIATOR, THERE, 6, 2.5);
    expect_finding(&l, "esp_oneway", WARN);
    esp(&l, RESPONDER, BACK, 1);
    expect_no_finding(&l, "esp_oneway");
    ladder_end(&l);
}

/* Of this SA the capture shows the initiator alone, whatever it shows of another. */
static void one_way_to_the_capture(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    next_sa(&l);
    mm1(&l);
    mm3(&l);
    mm5(&l);
    qm1(&l, 1);
    qm3(&l, 1);
    many(&l, INITIATOR, THERE, 6, 2.5);
    g_assert_nonnull(flow_of(&l, THERE)->child);
    expect_no_finding(&l, "esp_oneway");
    ladder_end(&l);
}

/* Packets each way in turns, then of the initiator only. */
static void silenced(ladder *l, unsigned turns, unsigned in_a_row, unsigned in_vain)
{
    uint32_t sequence = 0;

    for (unsigned i = 1; i <= turns; i++) {
        for (unsigned k = 0; k < in_a_row; k++)
            esp(l, INITIATOR, THERE, ++sequence);
        esp(l, RESPONDER, BACK, i);
        after(l, 1);
    }
    for (unsigned i = 0; i < in_vain; i++) {
        esp(l, INITIATOR, THERE, ++sequence);
        after(l, 2);
    }
}

static void return_stops(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    silenced(&l, 20, 1, 30);
    expect_no_finding(&l, "esp_oneway"); /* the capture may have lost that direction */
    v2_info(&l, INITIATOR, 2);
    expect_finding(&l, "esp_oneway", NOTE);
    expect_finding_says(&l, "esp_oneway", "30 packets in 58.000 s, while the receiver goes on with IKE");
    esp(&l, RESPONDER, NEW_BACK, 1);
    expect_no_finding(&l, "esp_oneway");
    ladder_end(&l);
}

/* Too few in vain, not used to answers, or to answers of many packets only. */
static void stream(void)
{
    static const unsigned rows[][3] = { { 20, 1, 15 }, { 10, 1, 60 }, { 20, 5, 60 } };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ladder l;

        ladder_begin(&l);
        v2_establish(&l);
        silenced(&l, rows[i][0], rows[i][1], rows[i][2]);
        v2_info(&l, INITIATOR, 2);
        expect_no_finding(&l, "esp_oneway");
        ladder_end(&l);
    }
}

/* An Informational of the receiver says more, unless it was answered or something was negotiated since. */
static void farewell(void)
{
    ladder l;

    tunnel(&l);
    silenced(&l, 20, 1, 0);
    info(&l, RESPONDER, 0xd1, 92);
    after(&l, 10);
    for (uint32_t i = 21; i <= 60; i++) {
        esp(&l, INITIATOR, THERE, i);
        after(&l, 2);
    }
    expect_finding(&l, "esp_oneway", WARN);
    expect_finding_says(&l, "esp_oneway", "may have deleted its SA");
    quick_mode(&l, 9);
    expect_finding(&l, "esp_oneway", NOTE);
    ladder_end(&l);
}

static void one_way_not_long_enough(void)
{
    ladder l;

    tunnel(&l);
    many(&l, INITIATOR, THERE, 40, 0.2);
    expect_packets(&l, THERE, 40);
    expect_no_finding(&l, "esp_oneway");
    ladder_end(&l);

    tunnel(&l);
    many(&l, INITIATOR, THERE, 4, 10);
    expect_packets(&l, THERE, 4);
    expect_no_finding(&l, "esp_oneway");
    ladder_end(&l);
}

/* ---- sequence numbers ---- */

static void numbers(ladder *l, const uint32_t *list, size_t n, double step)
{
    for (size_t i = 0; i < n; i++) {
        esp(l, INITIATOR, THERE, list[i]);
        esp(l, RESPONDER, BACK, (uint32_t)i + 1);
        after(l, step);
    }
}

static void losses(void)
{
    static const uint32_t list[] = { 1, 2, 3, 7, 5, 9 };
    ladder l;

    tunnel(&l);
    numbers(&l, list, G_N_ELEMENTS(list), 1);
    expect_finding(&l, "esp_loss", CHAT);
    g_assert_cmpuint(ike_flow_missing(flow_of(&l, THERE)), ==, 3);
    g_assert_cmpuint(ike_flow_missing(flow_of(&l, BACK)), ==, 0);
    expect_no_finding(&l, "esp_replay");
    ladder_end(&l);
}

/* 20 of 300 in one direction, or in both, as when the capture loses them. */
static void losses_one_way(void)
{
    for (int both = 0; both < 2; both++) {
        ladder l;

        tunnel(&l);
        for (uint32_t i = 1; i <= 300; i++) {
            if (i % 15)
                esp(&l, RESPONDER, BACK, i);
            if (!both || i % 15)
                esp(&l, INITIATOR, THERE, i);
            after(&l, 0.01);
        }
        expect_finding(&l, "esp_loss", both ? CHAT : NOTE);
        ladder_end(&l);
    }
}

static void repeats(void)
{
    static const uint32_t list[] = { 1, 2, 3, 2, 4, 3 };
    ladder l;

    tunnel(&l);
    numbers(&l, list, G_N_ELEMENTS(list), 1);
    expect_finding(&l, "esp_replay", NOTE);
    g_assert_cmpuint(flow_of(&l, THERE)->repeats, ==, 2);
    ladder_end(&l);
}

/* Five packets, each of which the capture holds twice. */
static void doubled_packets(ladder *l, double later)
{
    tunnel(l);
    esp(l, RESPONDER, BACK, 1);
    for (uint32_t i = 1; i <= 5; i++) {
        esp(l, INITIATOR, THERE, i);
        after(l, later);
        same_packet(l);
    }
    expect_no_finding(l, "esp_replay");
    expect_packets(l, THERE, 5);
}

/* The same packet twice in the capture is none. */
static void mirrored_packets(void)
{
    ladder l;

    doubled_packets(&l, 0);
    g_assert_cmpuint(ladder_sa(&l, 0)->sides[0].more->esp_packets +
                         ladder_sa(&l, 0)->sides[1].more->esp_packets, ==, 6);
    ladder_end(&l);
}

/* Merged from two captures whose clocks differ by three seconds. */
static void merged_packets(void)
{
    ladder l;

    doubled_packets(&l, 3);
    ladder_end(&l);
}

static void restart(void)
{
    ladder l;

    tunnel(&l);
    for (uint32_t i = 1; i <= 100; i++)
        esp(&l, INITIATOR, THERE, i);
    esp(&l, INITIATOR, THERE, 5); /* late, or again: no restart without a pause */
    expect_no_finding(&l, "spi_reuse");
    after(&l, 700);
    esp(&l, INITIATOR, THERE, 1);
    expect_finding(&l, "spi_reuse", WARN);
    ladder_end(&l);
}

static void near_the_end(void)
{
    static const uint32_t list[] = { 0xfffffff0u, 0xfffffff1u, 0xffffffffu };
    ladder l;

    tunnel(&l);
    numbers(&l, list, G_N_ELEMENTS(list), 0.1);
    expect_finding(&l, "esp_seq_wrap", WARN);
    esp(&l, INITIATOR, THERE, 0); /* extended numbers go on */
    expect_no_finding(&l, "esp_seq_wrap");
    expect_no_finding(&l, "spi_reuse");
    ladder_end(&l);
}

/* Extended numbers in a file that holds the packets in reverse. */
static void past_the_end_in_reverse(void)
{
    static const uint32_t list[] = { 1, 0, 0xffffffffu, 0xfffffffeu };
    ladder l;

    tunnel(&l);
    numbers(&l, list, G_N_ELEMENTS(list), 0.1);
    expect_packets(&l, THERE, G_N_ELEMENTS(list));
    expect_no_finding(&l, "esp_seq_wrap");
    expect_no_finding(&l, "esp_loss");
    ladder_end(&l);
}

/* QM2 came twice and the capture lacks QM3; new ESP both ways shows that the responder has it. */
static void quick_mode_without_qm3(bool both)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 1);
    qm2(&l, 1);
    after(&l, 1);
    qm1(&l, 1);
    qm2(&l, 1);
    esp(&l, INITIATOR, THERE, 1);
    if (both)
        esp(&l, RESPONDER, BACK, 1);
    long_after(&l);
    if (both)
        expect_no_finding_above(&l, NOTE, NULL);
    else
        expect_finding(&l, "qm2_noreply", WARN);
    ladder_end(&l);
}

static void proves_qm3(void)
{
    quick_mode_without_qm3(true);
    quick_mode_without_qm3(false);
}

/* ---- 62: the initiator is behind a NAT ---- */

/* IKE goes to port 4500 for it, and ESP stays outside of UDP. */
static void not_in_udp(void)
{
    static void (*const views[])(ladder *) = { nat_seen_outside, nat_seen_inside };

    for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
        ladder l;

        ladder_begin(&l);
        views[i](&l);
        floats(&l, 4500);
        quick_mode(&l, 1);
        esp(&l, INITIATOR, THERE, 1);
        esp(&l, RESPONDER, BACK, 1);
        expect_one_finding(&l, "esp_notencap", WARN);
        expect_finding_at(&l, 10, "esp_notencap");
        ladder_end(&l);
    }
}

static void in_udp(void)
{
    const uint8_t packet[] = { 0x11, 0x11, 0x11, 0x11, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8 };
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 4500);
    quick_mode(&l, 1);
    send_datagram(&l, INITIATOR, packet, sizeof packet);
    expect_tied(&l, THERE, 0, IKE_TIED_ONLY_CANDIDATE);
    expect_no_finding(&l, "esp_notencap");
    ladder_end(&l);
}

/* The capture sees another address of the initiator than both peers, who find no NAT; and one who does. */
static void peers_see_none(void)
{
    for (int both = 0; both < 2; both++) {
        ladder l;

        ladder_begin(&l);
        l.hosts[INITIATOR].own = wire_endpoint("192.168.1.2", 500);
        if (both)
            l.hosts[INITIATOR].known = l.hosts[INITIATOR].own;
        main_mode(&l);
        quick_mode(&l, 1);
        esp(&l, INITIATOR, THERE, 1);
        esp(&l, RESPONDER, BACK, 1);
        if (both)
            expect_no_finding(&l, "esp_notencap");
        else
            expect_finding(&l, "esp_notencap", WARN);
        ladder_end(&l);
    }
}

/* Without a NAT ESP needs no UDP. */
static void needs_no_udp(void)
{
    ladder l;

    tunnel(&l);
    esp(&l, INITIATOR, THERE, 1);
    esp(&l, RESPONDER, BACK, 1);
    expect_tied(&l, THERE, 0, IKE_TIED_ONLY_CANDIDATE);
    expect_tied(&l, BACK, 0, IKE_TIED_ONLY_CANDIDATE);
    expect_no_finding(&l, "esp_notencap");
    ladder_end(&l);
}

/* ---- hostile ---- */

static void short_packets(void)
{
    static const uint8_t zero[24];
    ladder l;

    tunnel(&l);
    for (size_t n = 0; n <= sizeof zero; n++) {
        const wire_ip ip = { .src = l.hosts[INITIATOR].seen, .dst = l.hosts[RESPONDER].seen };

        send_packet(&l, wire_packet(&ip, IKE_IPPROTO_ESP, zero, n));
        send_packet(&l, wire_packet(&ip, IKE_IPPROTO_AH, zero, n));
    }
    expect_no_finding(&l, "esp_null");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esp/only-candidate", only_candidate);
    g_test_add_func("/esp/ambiguous", ambiguous);
    g_test_add_func("/esp/followup", followup);
    g_test_add_func("/esp/rekey", rekey);
    g_test_add_func("/esp/before-the-end", before_the_end);
    g_test_add_func("/esp/older-sa", older_sa);
    g_test_add_func("/esp/no-ike", no_ike);
    g_test_add_func("/esp/proves-qm3", proves_qm3);
    g_test_add_func("/esp/one-way", one_way);
    g_test_add_func("/esp/one-way-to-the-capture", one_way_to_the_capture);
    g_test_add_func("/esp/one-way-not-long-enough", one_way_not_long_enough);
    g_test_add_func("/esp/return-stops", return_stops);
    g_test_add_func("/esp/stream", stream);
    g_test_add_func("/esp/farewell", farewell);
    g_test_add_func("/esp/losses", losses);
    g_test_add_func("/esp/losses-one-way", losses_one_way);
    g_test_add_func("/esp/repeats", repeats);
    g_test_add_func("/esp/mirrored", mirrored_packets);
    g_test_add_func("/esp/merged", merged_packets);
    g_test_add_func("/esp/restart", restart);
    g_test_add_func("/esp/near-the-end", near_the_end);
    g_test_add_func("/esp/past-the-end-in-reverse", past_the_end_in_reverse);
    g_test_add_func("/vector/62-not-in-udp", not_in_udp);
    g_test_add_func("/vector/62-in-udp", in_udp);
    g_test_add_func("/vector/62-needs-no-udp", needs_no_udp);
    g_test_add_func("/vector/62-peers-see-none", peers_see_none);
    g_test_add_func("/esp/short-packets", short_packets);
    return g_test_run();
}
