/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 63 to 68, 73 and 74: what captures do to packets.
 */
#include "ladder.h"

/* ---- packets twice ---- */

/* Sends a message as the capture sees it before and after the NAT: one packet, two sources. */
static void on_both_sides(ladder *l, void (*send)(ladder *), ladder_side from)
{
    const ike_endpoint inner = { wire_addr("192.168.1.2"), l->marker ? 4500 : 500 };
    const ike_endpoint outer = { wire_addr("198.51.100.7"), l->marker ? 20001 : 20000 };

    l->hosts[INITIATOR].own = inner;
    l->hosts[INITIATOR].known = outer;
    l->hosts[INITIATOR].seen = from == INITIATOR ? inner : outer;
    send(l);
    after(l, 0.0003);
    l->ip_id[from]--;
    l->hosts[INITIATOR].seen = from == INITIATOR ? outer : inner;
    send(l);
}

static void both_sides_of_nat(void)
{
    ladder l;

    ladder_begin(&l);
    on_both_sides(&l, mm1, INITIATOR);
    on_both_sides(&l, mm2, RESPONDER);
    on_both_sides(&l, mm3, INITIATOR);
    on_both_sides(&l, mm4, RESPONDER);
    move_to_4500(&l);
    on_both_sides(&l, mm5, INITIATOR);
    on_both_sides(&l, mm6, RESPONDER);
    expect_labels(&l, "MM1 MM1= MM2 MM2= MM3 MM3= MM4 MM4= MM5 MM5= MM6 MM6=");
    expect_sas(&l, 1);
    expect_messages(&l, 6);
    expect_duplicate(&l, 2, 1);
    expect_duplicate(&l, 12, 11);
    expect_pair(&l, 1, 3);
    expect_pair(&l, 9, 11);
    expect_finding(&l, "dup_capture", CHAT);
    expect_no_findings(&l, "retrans nat_rebind nat_addrchg");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void port_mirroring(void)
{
    ladder l;

    ladder_begin(&l);
    mirrored(&l, mm1);
    mirrored(&l, mm2);
    mirrored(&l, mm3);
    mirrored(&l, mm4);
    mirrored(&l, mm5);
    mirrored(&l, mm6);
    expect_labels(&l, "MM1 MM1= MM2 MM2= MM3 MM3= MM4 MM4= MM5 MM5= MM6 MM6=");
    for (uint32_t frame = 2; frame <= 12; frame += 2)
        expect_duplicate(&l, frame, frame - 1);
    expect_messages(&l, 6);
    expect_pair(&l, 1, 3);
    expect_findings(&l, "dup_capture", 6);
    expect_no_finding(&l, "retrans");
    g_assert_cmpuint(ladder_sa(&l, 0)->sides[0].messages, ==, 3);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void no_ip_id(void)
{
    ladder l;

    ladder_begin(&l);
    l.zero_ip_id = true;
    mm1(&l);
    after(&l, 0.6);
    mm1(&l);
    after(&l, 0.003);
    mm1(&l);
    expect_labels(&l, "MM1 MM1+ MM1=");
    expect_retransmission(&l, 2, 1, 1);
    expect_duplicate(&l, 3, 2);
    expect_findings(&l, "retrans", 1);
    expect_findings(&l, "dup_capture", 1);
    g_assert_cmpuint(ike_record_sends(ladder_record(&l, 1)), ==, 2);
    ladder_end(&l);
}

/* The IP ID tells a packet that comes late from one that was sent again. */
static void same_ip_id_later(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    after(&l, 0.6);
    same_packet(&l);
    after(&l, 2);
    same_packet(&l);
    expect_labels(&l, "MM1 MM1= MM1+");
    ladder_end(&l);
}

/* A resent copy has another IP ID; within a moment it is still no retransmission. */
static void another_ip_id(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    after(&l, 0.003);
    mm1(&l);
    expect_labels(&l, "MM1 MM1=");
    ladder_end(&l);
}

/* The adapter feeds the innermost packet: the bare one and the one in a tunnel are alike. */
static void tunnel_beside_bare(void)
{
    ladder l;

    ladder_begin(&l);
    mirrored(&l, mm1);
    mirrored(&l, mm2);
    expect_labels(&l, "MM1 MM1= MM2 MM2=");
    expect_messages(&l, 2);
    expect_sas(&l, 1);
    expect_no_finding(&l, "retrans");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* .. also when one frame holds both. */
static void twice_in_a_frame(void)
{
    ladder l;
    const wire_ip ip = { wire_endpoint("10.1.0.2", 500), wire_endpoint("10.2.0.2", 500), 7, 0 };
    wire_message m;
    GByteArray *bytes, *packet;

    ladder_begin(&l);
    m = message(&l, IKE_XCHG_MAIN, 0, 0);
    wire_payload_sa(&m, l.offer, 1);
    bytes = wire_end(&m);
    packet = wire_udp(&ip, bytes->data, bytes->len);
    ike_tracker_frame(l.tracker, ++l.frame, l.now);
    ike_tracker_feed_ip(l.tracker, packet->data, packet->len);
    ike_tracker_feed_ip(l.tracker, packet->data, packet->len);
    ike_tracker_end_frame(l.tracker, true);
    expect_labels(&l, "MM2&MM2=");
    g_byte_array_unref(bytes);
    g_byte_array_unref(packet);
    ladder_end(&l);
}

/* ---- packets missing, cut, out of order ---- */

static void one_way(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    mm3(&l);
    mm5(&l);
    qm1(&l, 0xa1);
    qm3(&l, 0xa1);
    long_after(&l);
    expect_labels(&l, "MM1 MM3 MM5 QM1 QM3 .");
    expect_one_finding(&l, "oneway_capture", NOTE);
    expect_nothing_unanswered(&l);
    expect_no_finding(&l, "not_captured");
    expect_no_finding(&l, "pending");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, "oneway_capture");
    ladder_end(&l);
}

/* Resent messages change nothing about it. */
static void one_way_with_repeats(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    mm3(&l);
    after(&l, 1);
    mm3(&l);
    after(&l, 2);
    mm3(&l);
    after(&l, 4);
    mm3(&l);
    mm5(&l);
    long_after(&l);
    expect_labels(&l, "MM1 MM3 MM3+ MM3+ MM3+ MM5 .");
    expect_nothing_unanswered(&l);
    ladder_end(&l);
}

static void snapped(ladder *l)
{
    main_mode(l);
    quick_mode(l, 0xa1);
    after(l, 10);
    foreign(l);
    expect_labels(l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 .");
    expect_sas(l, 1);
    expect_finding(l, "truncated", NOTE);
    expect_nat(l, 0, IKE_ROLE_INITIATOR, IKE_NAT_UNKNOWN);
    expect_no_findings(l, "natt_detected malformed mm_extra");
    expect_pair(l, 1, 2);
    expect_pair(l, 3, 4);
    expect_pair(l, 7, 8);
    expect_state(l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(l, NOTE, NULL);
}

/* 60 bytes of IP: the ISAKMP header and four more. */
static void snaplen_60(void)
{
    ladder l;

    ladder_begin(&l);
    l.snaplen = 60;
    snapped(&l);
    ladder_end(&l);
}

/* 68 bytes of Ethernet, the old default of tcpdump: all of the header but half the length. */
static void snaplen_68_of_ethernet(void)
{
    ladder l;

    ladder_begin(&l);
    l.snaplen = 68 - 14;
    snapped(&l);
    ladder_end(&l);
}

static void snaplen_and_repeats(void)
{
    ladder l;

    ladder_begin(&l);
    l.snaplen = 60;
    mm1(&l);
    after(&l, 1);
    mm1(&l);
    mm2(&l);
    expect_labels(&l, "MM1 MM1+ MM2");
    ladder_end(&l);
}

/* NAT-D is not evaluated when it is cut, also when the rest is there. */
static void natd_cut(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    mm1(&l);
    mm2(&l);
    l.snaplen = 20 + 8 + 28 + 260 + 36 + 36 + 10;
    mm3(&l);
    mm4(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_UNKNOWN);
    expect_no_finding(&l, "natt_detected");
    ladder_end(&l);
}

static void answer_before_request(void)
{
    ladder l;

    ladder_begin(&l);
    at(&l, 1.02);
    mm2(&l);
    at(&l, 1);
    mm1(&l);
    at(&l, 1.04);
    mm3(&l);
    mm4(&l);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM2 MM1 MM3 MM4 MM5 MM6");
    expect_sas(&l, 1);
    expect_pair(&l, 2, 1);
    expect_sender(&l, 1, IKE_ROLE_RESPONDER);
    expect_sender(&l, 2, IKE_ROLE_INITIATOR);
    expect_no_finding(&l, "slow");
    expect_no_finding(&l, "cookie_reused");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void all_backwards(void)
{
    void (*const steps[])(ladder *) = { mm6, mm5, mm4, mm3, mm2, mm1 };
    ladder l;

    ladder_begin(&l);
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        at(&l, 1 - 0.02 * (double)i);
        steps[i](&l);
    }
    expect_labels(&l, "MM6 MM5 MM4 MM3 MM2 MM1");
    expect_sas(&l, 1);
    expect_pair(&l, 6, 5);
    expect_pair(&l, 4, 3);
    expect_pair(&l, 2, 1);
    expect_in_report(&l, "diag", "MM1 to MM6, frames 1-6");
    expect_no_finding(&l, "slow");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The start is in the file, only later. */
static void start_is_captured(void)
{
    ladder l;

    ladder_begin(&l);
    at(&l, 1.02);
    mm2(&l);
    at(&l, 1);
    mm1(&l);
    expect_labels(&l, "MM2 MM1");
    expect_pair(&l, 2, 1);
    expect_no_finding(&l, "joined");
    ladder_end(&l);
}

/* ---- 67: the capture holds no frame of one host ---- */

static void esp_one_direction(void)
{
    ladder l;

    ladder_begin(&l);
    for (uint32_t i = 1; i <= 20; i++) {
        at(&l, i);
        esp(&l, INITIATOR, 0x1000, i);
    }
    expect_no_finding(&l, "esp_oneway");
    expect_no_finding_above(&l, CHAT, NULL);
    expect_sas(&l, 0);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/63-both-sides-of-nat", both_sides_of_nat);
    g_test_add_func("/vector/64-port-mirroring", port_mirroring);
    g_test_add_func("/vector/65-no-ip-id", no_ip_id);
    g_test_add_func("/vector/65-same-ip-id-later", same_ip_id_later);
    g_test_add_func("/vector/65-another-ip-id", another_ip_id);
    g_test_add_func("/vector/66-one-way", one_way);
    g_test_add_func("/vector/66-one-way-with-repeats", one_way_with_repeats);
    g_test_add_func("/vector/67-esp-one-direction", esp_one_direction);
    g_test_add_func("/vector/68-snaplen-60", snaplen_60);
    g_test_add_func("/vector/68-snaplen-68-of-ethernet", snaplen_68_of_ethernet);
    g_test_add_func("/vector/68-repeats", snaplen_and_repeats);
    g_test_add_func("/vector/68-natd-cut", natd_cut);
    g_test_add_func("/vector/73-answer-before-request", answer_before_request);
    g_test_add_func("/vector/73-all-backwards", all_backwards);
    g_test_add_func("/vector/73-start-is-captured", start_is_captured);
    g_test_add_func("/vector/74-tunnel-beside-bare", tunnel_beside_bare);
    g_test_add_func("/vector/74-twice-in-a-frame", twice_in_a_frame);
    return g_test_run();
}
