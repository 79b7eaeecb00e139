/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 1 to 7, 16 to 21 and 71: Main Mode and Aggressive Mode.
 */
#include "ladder.h"

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
    expect_established(&l, 0);
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
    up_to_mm4(&l);
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

/* Only the first fragments of MM5 get through, four times: no word of keys, which nobody has tried. */
static void lost_fragments(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1652;
    up_to_mm4(&l);
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
    expect_finding_says(&l, "mm5_noresp", "IP fragments are lost");
    g_assert_false(finding_says(&l, "mm5_noresp", "key"));
    expect_no_finding(&l, "mm5_reject");
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
    expect_in_report(&l, "diag", "MM3 to MM4, frames 1-2");
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

/* Both encrypted halves, the answer at once. */
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
    expect_finding_says(&l, "not_captured", "MM2");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The capture begins after MM4: it is sent again by a responder that gets no valid MM5, which fixes the roles. */
static void starts_between_repeats(void)
{
    ladder l;

    ladder_begin(&l);
    mm5(&l);
    after(&l, 1);
    mm4(&l);
    after(&l, 9);
    mm5(&l);
    expect_labels(&l, "MM5/6 MM3/4 MM5/6+");
    after(&l, 1);
    mm4(&l);
    expect_labels(&l, "MM5 MM4 MM5+ MM4+");
    expect_known_by(&l, 2, IKE_KNOWN_ORDER);
    long_after(&l);
    expect_finding(&l, "mm5_noresp", WARN);
    ladder_end(&l);

    ladder_begin(&l); /* both sent one: that order decides nothing */
    mm6(&l);
    after(&l, 1);
    mm5(&l);
    after(&l, 5);
    mm3(&l);
    after(&l, 5);
    mm3(&l);
    expect_labels(&l, "MM5/6 MM5/6 MM3/4 MM3/4+");
    ladder_end(&l);
}

/* Quick Mode proves that MM5 was answered. */
static void mm6_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5(&l);
    quick_mode(&l, 0xa1);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 QM1 QM2 QM3 .");
    expect_nothing_unanswered(&l);
    expect_established(&l, 0);
    expect_no_finding_above(&l, CHAT, NULL);
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

/* One number for two methods: the vendor IDs tell which. */
static void begin_psk_or_gss(ladder *l, const char *const *vendors)
{
    ladder_begin(l);
    l->natd = 0;
    l->vendors[INITIATOR] = l->vendors[RESPONDER] = vendors;
    l->offer[0].auth = l->choice.auth = IKE_AUTH_XAUTH_PSK_OR_GSS;
}

static void kerberos(void)
{
    static const char *const vendors[] = { VID_GSS, NULL };
    ladder l;

    begin_psk_or_gss(&l, vendors);
    up_to_mm4(&l);
    gss_round(&l, INITIATOR, 200);
    gss_round(&l, RESPONDER, 201);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM-GSS1 MM-GSS2 MM5 MM6");
    expect_no_finding(&l, "mm_extra");
    expect_no_finding_above(&l, CHAT, NULL);
    expect_in_report(&l, "sa", "Kerberos");
    expect_not_in_report(&l, "sa", "XAUTH");
    ladder_end(&l);
}

static void xauth_or_kerberos(void)
{
    static const char *const vendors[] = { VID_XAUTH, NULL };
    ladder l;

    begin_psk_or_gss(&l, vendors);
    main_mode(&l);
    expect_in_report(&l, "sa", "XAUTH");
    expect_not_in_report(&l, "sa", "Kerberos");
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

/* ---- 71: wrong pre-shared key ---- */

static void refuse_mm5_in_clear(ladder *l)
{
    refuse(l, RESPONDER, 24);
}

static void refuse_mm5_encrypted(ladder *l)
{
    info(l, RESPONDER, 0xc3, 92);
}

static const struct refusal_of_mm5 {
    const char *name;
    void (*send)(ladder *);
    ike_severity severity; /* what is encrypted is a guess */
} refusals_of_mm5[] = {
    { "/vector/71-refused-clear", refuse_mm5_in_clear, ERROR },
    { "/vector/71-refused-encrypted", refuse_mm5_encrypted, WARN },
};

static void mm5_refused(gconstpointer data)
{
    const struct refusal_of_mm5 *refusal = data;
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5(&l);
    refusal->send(&l);
    long_after(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 INFO .");
    expect_finding(&l, "mm5_reject", refusal->severity);
    expect_finding_at(&l, 6, "mm5_reject");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void mm5_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    up_to_mm4(&l);
    move_to_4500(&l);
    for (int i = 0; i < 4; i++) {
        at(&l, 1 << i);
        mm5(&l);
    }
    long_after(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM5+ MM5+ MM5+ .");
    expect_finding(&l, "mm5_noresp", WARN);
    expect_no_finding(&l, "mm5_reject");
    expect_failed(&l, 0, true);
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
    g_test_add_func("/vector/16-message-id", message_id_in_main_mode);
    g_test_add_func("/vector/16-message-id-everywhere", message_id_everywhere);
    g_test_add_func("/vector/17-public-key-encryption", public_key_encryption);
    g_test_add_func("/vector/18-kerberos", kerberos);
    g_test_add_func("/vector/18-xauth-or-kerberos", xauth_or_kerberos);
    g_test_add_func("/vector/19-aggressive-mode-clear", aggressive_mode_clear);
    g_test_add_func("/vector/19-aggressive-mode-encrypted", aggressive_mode_encrypted);
    g_test_add_func("/vector/20-mm6-lost-once", mm6_lost_once);
    g_test_add_func("/vector/21-loopback", loopback);
    for (size_t i = 0; i < G_N_ELEMENTS(refusals_of_mm5); i++)
        g_test_add_data_func(refusals_of_mm5[i].name, &refusals_of_mm5[i], mm5_refused);
    g_test_add_func("/vector/71-unanswered", mm5_unanswered);
    g_test_add_func("/vector/starts-between-repeats", starts_between_repeats);
    return g_test_run();
}
