/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 1 to 21: Main Mode and Aggressive Mode.
 */
#include "ladder.h"

#include <string.h>

#define CHAT IKE_SEVERITY_CHAT
#define NOTE IKE_SEVERITY_NOTE
#define WARN IKE_SEVERITY_WARN
#define ERROR IKE_SEVERITY_ERROR

static void clean_main_mode(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 .");
    expect_live_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 .");
    expect_pair(&l, 1, 2);
    expect_pair(&l, 3, 4);
    expect_pair(&l, 5, 6);
    expect_times(&l, 2, 0.01, 0.01);
    for (uint32_t frame = 1; frame <= 6; frame++)
        expect_sender(&l, frame, frame % 2 ? IKE_ROLE_INITIATOR : IKE_ROLE_RESPONDER);
    expect_known_by(&l, 1, IKE_KNOWN_CONTENT);
    expect_known_by(&l, 2, IKE_KNOWN_CONTENT);
    expect_known_by(&l, 3, IKE_KNOWN_DIRECTION);
    expect_known_by(&l, 6, IKE_KNOWN_DIRECTION);
    expect_sas(&l, 1);
    expect_messages(&l, 6);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_NO);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* MM6 is the last frame: nothing proves that the initiator got it. */
static void clean_main_mode_ends(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    expect_state(&l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void outdated_algorithms(void)
{
    ladder l;

    ladder_begin(&l);
    l.offer[0] = l.choice = (wire_transform){ 5, 0, IKE_HASH_SHA1, IKE_AUTH_PSK, 2, 28800 };
    main_mode(&l);
    expect_finding(&l, "weak_3des", NOTE);
    expect_finding(&l, "weak_sha1", NOTE);
    expect_finding(&l, "weak_group", NOTE);
    expect_finding(&l, "weak_ikev1", CHAT);
    expect_no_finding_above(&l, CHAT, "weak");
    ladder_end(&l);
}

/* The negotiation that this project began with. */
static void seed_case(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = l.length_of_mm6 = 1652;
    mm1(&l);
    mm2(&l);
    mm3(&l);
    mm4(&l);
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    in_ip_fragments(&l, 1480, NULL);
    mm6(&l);
    l.commit_from = 1;
    quick_mode(&l, 0xa1);
    esp(&l, INITIATOR, 0x1000, 1);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ MM5 ~ MM6 QM1 QM2 QM3 QM4 esp .");
    expect_piece(&l, 5, 1, 2, 6);
    expect_piece(&l, 6, 2, 2, 6);
    expect_piece(&l, 7, 1, 2, 8);
    expect_piece(&l, 8, 2, 2, 8);
    expect_pair(&l, 6, 8);
    expect_times(&l, 8, 0.02, 0.02);
    expect_pair(&l, 9, 10);
    expect_pair(&l, 11, 12);
    expect_sa_of(&l, 5, 0);
    expect_sa_of(&l, 13, 0);
    expect_finding_at(&l, 6, "ipfrag");
    expect_finding_at(&l, 8, "ipfrag");
    expect_messages(&l, 10);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Only the first fragments of MM5 get through, four times. The likeliest cause is not asked. */
static void lost_fragments(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1652;
    mm1(&l);
    mm2(&l);
    mm3(&l);
    mm4(&l);
    for (int i = 0; i < 4; i++) {
        in_ip_fragments(&l, 1480, "1");
        mm5(&l);
        after(&l, 2 << i);
    }
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~ ~ ~ .");
    expect_piece(&l, 5, 1, 2, 0);
    expect_finding(&l, "ipfrag_loss", WARN);
    expect_finding(&l, "mm5_noresp", WARN);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void starts_at_mm3(void)
{
    ladder l;

    ladder_begin(&l);
    mm3(&l);
    expect_labels(&l, "MM3/4");
    expect_no_initiator(&l, 0);
    mm4(&l);
    expect_live_labels(&l, "MM3/4 MM4");
    expect_labels(&l, "MM3 MM4");
    expect_pair(&l, 1, 2);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_finding(&l, "joined", CHAT);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void starts_at_mm4(void)
{
    ladder l;

    ladder_begin(&l);
    mm4(&l);
    move_to_4500(&l);
    after(&l, 1);
    mm5(&l);
    expect_live_labels(&l, "MM3/4 MM5");
    expect_labels(&l, "MM4 MM5");
    expect_sender(&l, 1, IKE_ROLE_RESPONDER);
    expect_sender(&l, 2, IKE_ROLE_INITIATOR);
    expect_known_by(&l, 2, IKE_KNOWN_DIRECTION);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    ladder_end(&l);
}

static void starts_encrypted(void)
{
    ladder l;

    ladder_begin(&l);
    mm5(&l);
    after(&l, 1);
    qm1(&l, 0xa1);
    expect_labels(&l, "MM5/6 QM1/2");
    expect_no_initiator(&l, 0);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, "oneway_capture");
    ladder_end(&l);
}

/* R1.3.6: both encrypted halves, the answer at once. */
static void starts_at_mm5(void)
{
    ladder l;

    ladder_begin(&l);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM5 MM6");
    expect_pair(&l, 1, 2);
    expect_known_by(&l, 2, IKE_KNOWN_ORDER);
    ladder_end(&l);
}

static void mm2_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    mm3(&l);
    mm4(&l);
    mm5(&l);
    mm6(&l);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM3 MM4 MM5 MM6 .");
    expect_sas(&l, 1);
    expect_no_response(&l, 1);
    expect_finding(&l, "not_captured", CHAT);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* R2.3: Quick Mode proves that MM5 was answered. */
static void mm6_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    mm2(&l);
    mm3(&l);
    mm4(&l);
    mm5(&l);
    quick_mode(&l, 0xa1);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 QM1 QM2 QM3 .");
    expect_nothing_unanswered(&l);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void three_mm1(void)
{
    ladder l;

    ladder_begin(&l);
    at(&l, 0);
    mm1(&l);
    at(&l, 1);
    mm1(&l);
    at(&l, 3);
    mm1(&l);
    at(&l, 3.05);
    mm2(&l);
    expect_labels(&l, "MM1 MM1+ MM1+ MM2");
    expect_retransmission(&l, 2, 1, 1);
    expect_retransmission(&l, 3, 1, 2);
    expect_findings(&l, "retrans", 2);
    expect_finding(&l, "retrans", NOTE);
    expect_pair(&l, 1, 4);
    expect_times(&l, 4, 3.05, 0.05);
    expect_messages(&l, 2);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* R2.5.2: the capture goes on after the last sending .. */
static void mm1_unanswered(void)
{
    static const double times[] = { 0, 1, 3, 7, 15, 63 };
    ladder l;

    ladder_begin(&l);
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        at(&l, times[i]);
        mm1(&l);
    }
    at(&l, 73);
    foreign(&l);
    expect_labels(&l, "MM1 MM1+ MM1+ MM1+ MM1+ MM1+ .");
    expect_findings(&l, "retrans", 5);
    expect_finding(&l, "mm1_noresp", WARN);
    expect_findings(&l, "mm1_noresp", 1);
    expect_finding_at(&l, 6, "mm1_noresp");
    expect_no_finding(&l, "pending");
    expect_no_finding(&l, "oneway_capture");
    expect_state(&l, 0, IKE_STATE_OFFERED);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* .. or three sendings, and five seconds after the first. */
static void mm1_unanswered_capture_ends(void)
{
    ladder l;

    ladder_begin(&l);
    at(&l, 0);
    mm1(&l);
    at(&l, 2);
    mm1(&l);
    at(&l, 6);
    mm1(&l);
    expect_finding(&l, "mm1_noresp", WARN);
    expect_finding_at(&l, 3, "mm1_noresp");
    ladder_end(&l);
}

static void mm1_pending(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    after(&l, 0.5);
    foreign(&l);
    expect_finding(&l, "pending", CHAT);
    expect_no_finding(&l, "mm1_noresp");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* R2.5.3: the sender did not try again. */
static void mm1_once(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    after(&l, 30);
    foreign(&l);
    expect_finding(&l, "mm1_noresp", NOTE);
    ladder_end(&l);
}

static void mm1_port_unreachable(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    icmp_error(&l, INITIATOR, 3, 3, 576);
    after(&l, 30);
    foreign(&l);
    expect_labels(&l, "MM1 icmp .");
    expect_sas(&l, 1);
    expect_messages(&l, 1);
    expect_sa_of(&l, 2, 0);
    expect_finding(&l, "mm1_icmp", ERROR);
    expect_finding_at(&l, 2, "mm1_icmp");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* RFC 792 promises only the IP header and eight bytes. */
static void mm1_port_unreachable_short(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    icmp_error(&l, INITIATOR, 3, 3, 28);
    after(&l, 30);
    foreign(&l);
    expect_labels(&l, "MM1 icmp .");
    expect_finding(&l, "mm1_icmp", ERROR);
    expect_nothing_unanswered(&l);
    ladder_end(&l);
}

static void mm1_refused(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    after(&l, 30);
    foreign(&l);
    expect_labels(&l, "MM1 INFO .");
    expect_sas(&l, 1);
    expect_sender(&l, 2, IKE_ROLE_RESPONDER);
    expect_finding(&l, "mm1_reject", ERROR);
    expect_finding_at(&l, 2, "mm1_reject");
    expect_nothing_unanswered(&l);
    expect_no_finding(&l, "joined");
    expect_failed(&l, 0, true);
    g_assert_cmphex(ladder_sa(&l, 0)->spi_r, ==, 0);
    ladder_end(&l);
}

/* R1.2.1: the refusal has a cookie of its own, which is none of the SA's. */
static void mm1_refused_then_answered(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    l.spi_r += 0x100;
    refuse(&l, RESPONDER, 14);
    l.spi_r -= 0x100;
    after(&l, 1);
    mm1(&l);
    mm2(&l);
    mm3(&l);
    mm4(&l);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 INFO MM1+ MM2 MM3 MM4 MM5 MM6");
    expect_sas(&l, 1);
    expect_no_finding(&l, "sibling");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

static void siblings_go_on(ladder *l)
{
    mm3(l);
    mm4(l);
    mm5(l);
    mm6(l);
    after(l, 10);
    foreign(l);
    expect_sas(l, 2);
    expect_state(l, 0, IKE_STATE_ABANDONED);
    expect_state(l, 1, IKE_STATE_ESTABLISHED);
    expect_failed(l, 0, false);
    expect_failed(l, 1, false);
    expect_finding(l, "sibling", NOTE);
    expect_nothing_unanswered(l);
    expect_no_finding_above(l, NOTE, NULL);
}

/* Both copies of MM1 are answered, with two cookies; the second answer wins. */
static void siblings(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    after(&l, 1);
    mm1(&l);
    mm2(&l);
    l.spi_r += 0x100;
    mm2(&l);
    siblings_go_on(&l);
    expect_labels(&l, "MM1 MM1+ MM2 MM2 MM3 MM4 MM5 MM6 .");
    expect_sa_of(&l, 3, 0);
    expect_sa_of(&l, 4, 1);
    expect_sa_of(&l, 8, 1);
    ladder_end(&l);
}

/* The same, with the first answer between the copies. */
static void siblings_in_turn(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    mm2(&l);
    after(&l, 1);
    mm1(&l);
    l.spi_r += 0x100;
    mm2(&l);
    siblings_go_on(&l);
    expect_labels(&l, "MM1 MM2 MM1+ MM2 MM3 MM4 MM5 MM6 .");
    ladder_end(&l);
}

static void cookie_reused(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    after(&l, 3600);
    anew(&l);
    l.spi_r += 0x100;
    main_mode(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 MM1 MM2 MM3 MM4 MM5 MM6");
    expect_sas(&l, 2);
    expect_sa_of(&l, 7, 1);
    expect_sa_of(&l, 12, 1);
    expect_finding(&l, "cookie_reused", WARN);
    expect_findings(&l, "cookie_reused", 1);
    expect_no_finding(&l, "sibling");
    expect_no_finding(&l, "late_copy");
    ladder_end(&l);
}

/* DESIGN 2: ikex.diag.id stands on a frame. */
static void cookie_reused_on_a_frame(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    after(&l, 3600);
    anew(&l);
    l.spi_r += 0x100;
    main_mode(&l);
    expect_finding_at(&l, 7, "cookie_reused");
    ladder_end(&l);
}

/* R1.2.8: not answered yet, a changed offer is another attempt of the same SA. */
static void changed_offer(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    after(&l, 2);
    anew(&l);
    mm1(&l);
    mm2(&l);
    expect_sas(&l, 1);
    expect_no_finding(&l, "cookie_reused");
    ladder_end(&l);
}

static void both_initiate(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    change_sides(&l);
    next_sa(&l);
    mm1(&l);
    expect_labels(&l, "MM1 MM1");
    expect_sas(&l, 2);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_initiator(&l, 1, "10.2.0.2", 500);
    expect_finding(&l, "simul", NOTE);
    expect_findings(&l, "simul", 1);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void message_id_in_main_mode(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    mm2(&l);
    l.mm_message_id = 5;
    mm3(&l);
    l.mm_message_id = 0;
    mm4(&l);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6");
    expect_finding(&l, "mm_msgid", ERROR);
    expect_finding_at(&l, 3, "mm_msgid");
    expect_pair(&l, 3, 4);
    ladder_end(&l);
}

static void message_id_everywhere(void)
{
    ladder l;

    ladder_begin(&l);
    l.mm_message_id = 5;
    main_mode(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6");
    expect_sas(&l, 1);
    expect_finding(&l, "mm_msgid", ERROR);
    ladder_end(&l);
}

/* RFC 2409 5.2: the identity and the nonce are encrypted with the other's public key. */
static void key_exchange_encrypted(ladder *l, ladder_side from)
{
    wire_message m = message(l, IKE_XCHG_MAIN, 0, 0);

    wire_payload_random(&m, IKE_PL_KE, 256, 100u + from);
    wire_payload_random(&m, IKE_PL_ID, 128, 102u + from);
    wire_payload_random(&m, IKE_PL_NONCE, 128, 104u + from);
    send_message(l, from, wire_end(&m));
}

static void public_key_encryption(void)
{
    ladder l;

    ladder_begin(&l);
    l.offer[0].auth = l.choice.auth = IKE_AUTH_RSA_ENCRYPTION;
    mm1(&l);
    mm2(&l);
    key_exchange_encrypted(&l, INITIATOR);
    key_exchange_encrypted(&l, RESPONDER);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void gss_round(ladder *l, ladder_side from, uint64_t seed)
{
    wire_message m = message(l, IKE_XCHG_MAIN, 0, 0);

    wire_payload_random(&m, IKE_PL_GSS, 300, seed);
    send_message(l, from, wire_end(&m));
}

static void expect_in_report(ladder *l, const char *name, const char *text, bool is_there)
{
    GString *out = g_string_new(NULL);

    ike_tracker_finish(l->tracker);
    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++)
        if (strcmp(kind->name, name) == 0)
            ike_report_write(l->tracker, kind, NULL, NULL, out);
    if ((strstr(out->str, text) != NULL) != is_there) {
        g_test_message("report %s: \"%s\" %s", name, text, is_there ? "missing" : "unexpected");
        g_test_fail();
    }
    g_string_free(out, TRUE);
}

static void kerberos(void)
{
    static const char *const vendors[] = { VID_GSS, NULL };
    ladder l;

    ladder_begin(&l);
    l.natd = 0;
    l.vendors[INITIATOR] = l.vendors[RESPONDER] = vendors;
    l.offer[0].auth = l.choice.auth = IKE_AUTH_XAUTH_PSK_OR_GSS;
    mm1(&l);
    mm2(&l);
    mm3(&l);
    mm4(&l);
    gss_round(&l, INITIATOR, 200);
    gss_round(&l, RESPONDER, 201);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM-GSS1 MM-GSS2 MM5 MM6");
    expect_no_finding(&l, "mm_extra");
    expect_no_finding_above(&l, CHAT, NULL);
    expect_in_report(&l, "sa", "Kerberos", true);
    expect_in_report(&l, "sa", "XAUTH", false);
    ladder_end(&l);
}

static void xauth_or_kerberos(void)
{
    static const char *const vendors[] = { VID_XAUTH, NULL };
    ladder l;

    ladder_begin(&l);
    l.natd = 0;
    l.vendors[INITIATOR] = l.vendors[RESPONDER] = vendors;
    l.offer[0].auth = l.choice.auth = IKE_AUTH_XAUTH_PSK_OR_GSS;
    main_mode(&l);
    expect_in_report(&l, "sa", "XAUTH", true);
    expect_in_report(&l, "sa", "Kerberos", false);
    ladder_end(&l);
}

static void aggressive_mode_clear(void)
{
    ladder l;

    ladder_begin(&l);
    am1(&l);
    am2(&l);
    am3(&l, false);
    quick_mode(&l, 0xa1);
    expect_labels(&l, "AM1 AM2 AM3 QM1 QM2 QM3");
    expect_pair(&l, 1, 2);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_finding(&l, "weak_ampsk", NOTE);
    expect_no_finding_above(&l, CHAT, "weak_ampsk");
    ladder_end(&l);
}

static void aggressive_mode_encrypted(void)
{
    ladder l;

    ladder_begin(&l);
    l.offer[0].auth = l.choice.auth = 3;
    am1(&l);
    am2(&l);
    am3(&l, true);
    expect_labels(&l, "AM1 AM2 AM3");
    expect_state(&l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void mm6_lost_once(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    after(&l, 1);
    mm5(&l);
    mm6(&l);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 MM5+ MM6+ .");
    expect_retransmission(&l, 7, 5, 1);
    expect_retransmission(&l, 8, 6, 1);
    expect_findings(&l, "retrans", 2);
    expect_no_finding(&l, "mm_extra");
    expect_no_finding(&l, "mm6_ignored");
    expect_messages(&l, 6);
    expect_pair(&l, 5, 6);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void loopback(void)
{
    ladder l;

    ladder_begin(&l);
    l.natd = 0;
    for (int i = 0; i < 2; i++)
        l.hosts[i].seen = wire_endpoint("127.0.0.1", (uint16_t)(i ? 501 : 500));
    main_mode(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6");
    expect_sender(&l, 1, IKE_ROLE_INITIATOR);
    expect_sender(&l, 2, IKE_ROLE_RESPONDER);
    expect_sender(&l, 6, IKE_ROLE_RESPONDER);
    expect_initiator(&l, 0, "127.0.0.1", 500);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/01-clean-main-mode", clean_main_mode);
    g_test_add_func("/vector/01-clean-main-mode-ends", clean_main_mode_ends);
    g_test_add_func("/vector/01-outdated-algorithms", outdated_algorithms);
    g_test_add_func("/vector/02-seed-case", seed_case);
    g_test_add_func("/vector/03-lost-fragments", lost_fragments);
    g_test_add_func("/vector/04-starts-at-mm3", starts_at_mm3);
    g_test_add_func("/vector/05-starts-at-mm4", starts_at_mm4);
    g_test_add_func("/vector/06-starts-encrypted", starts_encrypted);
    g_test_add_func("/vector/06-starts-at-mm5", starts_at_mm5);
    g_test_add_func("/vector/07-mm2-not-captured", mm2_not_captured);
    g_test_add_func("/vector/07-mm6-not-captured", mm6_not_captured);
    g_test_add_func("/vector/08-three-mm1", three_mm1);
    g_test_add_func("/vector/09-mm1-unanswered", mm1_unanswered);
    g_test_add_func("/vector/09-mm1-unanswered-capture-ends", mm1_unanswered_capture_ends);
    g_test_add_func("/vector/10-mm1-pending", mm1_pending);
    g_test_add_func("/vector/10-mm1-once", mm1_once);
    g_test_add_func("/vector/11-mm1-port-unreachable", mm1_port_unreachable);
    g_test_add_func("/vector/11-mm1-port-unreachable-short", mm1_port_unreachable_short);
    g_test_add_func("/vector/12-mm1-refused", mm1_refused);
    g_test_add_func("/vector/12-refused-then-answered", mm1_refused_then_answered);
    g_test_add_func("/vector/13-siblings", siblings);
    g_test_add_func("/vector/13-siblings-in-turn", siblings_in_turn);
    g_test_add_func("/vector/14-cookie-reused", cookie_reused);
    g_test_add_func("/vector/14-cookie-reused-on-a-frame", cookie_reused_on_a_frame);
    g_test_add_func("/vector/14-changed-offer", changed_offer);
    g_test_add_func("/vector/15-both-initiate", both_initiate);
    g_test_add_func("/vector/16-message-id", message_id_in_main_mode);
    g_test_add_func("/vector/16-message-id-everywhere", message_id_everywhere);
    g_test_add_func("/vector/17-public-key-encryption", public_key_encryption);
    g_test_add_func("/vector/18-kerberos", kerberos);
    g_test_add_func("/vector/18-xauth-or-kerberos", xauth_or_kerberos);
    g_test_add_func("/vector/19-aggressive-mode-clear", aggressive_mode_clear);
    g_test_add_func("/vector/19-aggressive-mode-encrypted", aggressive_mode_encrypted);
    g_test_add_func("/vector/20-mm6-lost-once", mm6_lost_once);
    g_test_add_func("/vector/21-loopback", loopback);
    return g_test_run();
}
