/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 22 to 30: Quick Mode, Informational, Transaction.
 */
#include "ladder.h"

#define DPD_LENGTH 108 /* R-U-THERE under SHA2-256 and AES */
#define DELETE_LENGTH 92

/* Frames 1 to 9. */
static void begin_tunnel(ladder *l)
{
    ladder_begin(l);
    main_mode(l);
    quick_mode(l, 0xa1);
}

static void three_messages(void)
{
    ladder l;

    begin_tunnel(&l);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 .");
    expect_pair(&l, 7, 8);
    expect_no_response(&l, 9);
    expect_known_by(&l, 7, IKE_KNOWN_ORDER);
    expect_sender(&l, 7, IKE_ROLE_INITIATOR);
    expect_no_finding(&l, "qm4_missing");
    expect_no_finding_above(&l, CHAT, NULL);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    ladder_end(&l);
}

/* Libreswan does not care for the commit bit. */
static void connected_missing(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 0xa1);
    l.commit_from = 2;
    qm2(&l, 0xa1);
    l.commit_from = 0;
    qm3(&l, 0xa1);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 .");
    expect_finding(&l, "qm4_missing", NOTE);
    expect_finding_at(&l, 9, "qm4_missing");
    expect_no_finding_above(&l, CHAT, "qm4_missing");
    ladder_end(&l);
}

/* Phase 1 is there, so the first message that is seen looks like QM1, until QM3 answers it. */
static void first_missing(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm2(&l, 0xa1);
    qm3(&l, 0xa1);
    esp_both_ways(&l);
    long_after(&l);
    expect_live_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM3 esp esp .");
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM2 QM3 esp esp .");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);

    ladder_begin(&l); /* with the commit bit */
    main_mode(&l);
    l.commit_from = 2;
    qm2(&l, 0xa1);
    qm3(&l, 0xa1);
    qm4(&l, 0xa1);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM2 QM3 QM4");
    ladder_end(&l);
}

static void connected_in_informational(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 0xa1);
    l.commit_from = 2;
    qm2(&l, 0xa1);
    qm3(&l, 0xa1);
    info(&l, RESPONDER, 0xa1, DELETE_LENGTH);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 QM4 .");
    expect_pair(&l, 9, 10);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* A merge may put the CONNECTED notify before the message that asks for it. */
static void connected_first(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 0xa1);
    info(&l, RESPONDER, 0xa1, DELETE_LENGTH);
    l.commit_from = 2;
    qm2(&l, 0xa1);
    qm3(&l, 0xa1);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM4 QM2 QM3 .");
    ladder_end(&l);
}

static void opened_by_responder(void)
{
    ladder l;

    begin_tunnel(&l);
    after(&l, 3000);
    l.qm_opener = RESPONDER;
    quick_mode(&l, 0xb2);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 QM1 QM2 QM3");
    expect_sender(&l, 10, IKE_ROLE_RESPONDER);
    expect_sender(&l, 11, IKE_ROLE_INITIATOR);
    expect_sender(&l, 12, IKE_ROLE_RESPONDER);
    expect_pair(&l, 10, 11);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void interleaved(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 0xa1);
    qm1(&l, 0xb2);
    qm2(&l, 0xb2);
    qm2(&l, 0xa1);
    qm3(&l, 0xa1);
    qm3(&l, 0xb2);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM1 QM2 QM2 QM3 QM3");
    expect_pair(&l, 7, 10);
    expect_pair(&l, 8, 9);
    g_assert_cmpint(ladder_record(&l, 7)->note.exchange->child, ==, 0);
    g_assert_cmpint(ladder_record(&l, 8)->note.exchange->child, ==, 1);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void starts_at_qm3(void)
{
    static const size_t lengths[] = { 28 + 24, 28 + 32 };

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        ladder l;
        wire_message m;

        ladder_begin(&l);
        m = message(&l, IKE_XCHG_QUICK, IKE_FLAG_ENCRYPTED, 0xa1);
        wire_encrypted(&m, IKE_PL_HASH, lengths[i], 300);
        send_message(&l, INITIATOR, wire_end(&m));
        expect_labels(&l, "QM3");
        expect_known_by(&l, 1, IKE_KNOWN_GUESS);
        expect_finding(&l, "joined", CHAT);
        expect_no_finding_above(&l, CHAT, "oneway");
        ladder_end(&l);
    }
}

/* Large, so QM1 or QM2; a large answer decides. */
static void starts_at_qm1(void)
{
    ladder l;

    ladder_begin(&l);
    qm1(&l, 0xa1);
    expect_labels(&l, "QM1/2");
    qm2(&l, 0xa1);
    qm3(&l, 0xa1);
    expect_live_labels(&l, "QM1/2 QM2 QM3");
    expect_labels(&l, "QM1 QM2 QM3");
    expect_pair(&l, 1, 2);
    ladder_end(&l);
}

static void qm1_rejected(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 0xa1);
    after(&l, 0.005);
    info(&l, RESPONDER, 0xc3, DELETE_LENGTH);
    long_after(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 INFO .");
    expect_finding(&l, "qm1_reject", WARN);
    expect_inferred(&l, "qm1_reject");
    expect_no_finding(&l, "qm1_noresp");
    expect_nothing_unanswered(&l);
    ladder_end(&l);
}

static void qm1_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 0xa1);
    after(&l, 1);
    qm1(&l, 0xa1);
    long_after(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM1+ .");
    expect_finding(&l, "qm1_noresp", WARN);
    expect_finding_at(&l, 8, "qm1_noresp");
    expect_no_finding(&l, "qm1_reject");
    ladder_end(&l);
}

static void probe(ladder *l, uint32_t id, bool answered)
{
    info(l, INITIATOR, 2 * id, DPD_LENGTH);
    if (answered)
        info(l, RESPONDER, 2 * id + 1, DPD_LENGTH);
    after(l, 30);
}

static void expect_liveness(ladder *l, uint32_t frame, bool is_liveness)
{
    if (ladder_record(l, frame)->is_liveness != is_liveness) {
        g_test_message("frame %u is %s", frame, is_liveness ? "no liveness check" : "a liveness check");
        g_test_fail();
    }
}

static void peer_dies(void)
{
    ladder l;

    begin_tunnel(&l);
    for (uint32_t i = 0; i < 25; i++)
        probe(&l, 0x1000 + i, i < 20);
    foreign(&l);
    expect_one_finding(&l, "dpd_fail", WARN);
    expect_no_finding_above(&l, CHAT, "dpd_fail");
    expect_no_finding(&l, "retrans");
    ladder_end(&l);
}

/* The answer to the only probe that the peer sent is not counted as another one that nobody answers. */
static void peer_dies_after_asking(void)
{
    ladder l;

    begin_tunnel(&l);
    probe(&l, 0x1000, true);
    probe(&l, 0x1001, true);
    info(&l, RESPONDER, 0x2004, DPD_LENGTH);
    info(&l, INITIATOR, 0x2005, DPD_LENGTH);
    after(&l, 30);
    for (uint32_t i = 3; i < 6; i++)
        probe(&l, 0x1000 + i, false);
    foreign(&l);
    expect_one_finding(&l, "dpd_fail", WARN);
    expect_finding_says(&l, "dpd_fail", "3 liveness checks (frames 16 to 18) had no answer");
    ladder_end(&l);
}

static void peer_lives(void)
{
    ladder l;

    begin_tunnel(&l);
    for (uint32_t i = 0; i < 20; i++)
        probe(&l, 0x1000 + i, true);
    foreign(&l);
    for (uint32_t frame = 10; frame < l.frame; frame++)
        expect_liveness(&l, frame, true);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void deleted(void)
{
    ladder l;

    begin_tunnel(&l);
    for (uint32_t i = 0; i < 20; i++)
        probe(&l, 0x1000 + i, true);
    info(&l, INITIATOR, 0xdead, DELETE_LENGTH);
    after(&l, 600);
    foreign(&l);
    expect_liveness(&l, l.frame - 2, true);
    expect_liveness(&l, l.frame - 1, false);
    expect_no_finding(&l, "dpd_fail");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Deletes of several SAs at once are no probes. */
static void delete_burst(void)
{
    ladder l;

    begin_tunnel(&l);
    probe(&l, 0x1000, true);
    for (uint32_t i = 0; i < 5; i++)
        info(&l, INITIATOR, 0xdead + i, DELETE_LENGTH);
    after(&l, 600);
    foreign(&l);
    expect_sas(&l, 1);
    expect_established(&l, 0);
    expect_no_finding(&l, "dpd_fail");
    ladder_end(&l);
}

static void xauth(ladder *l, uint32_t id)
{
    tr(l, 1, id);
    after(l, 3); /* somebody types */
    tr(l, 2, id);
    tr(l, 1, id + 1);
    tr(l, 2, id + 1);
}

static void xauth_fails(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    xauth(&l, 0x51);
    after(&l, 60);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 TR1 TR2 TR1 TR2 .");
    expect_sender(&l, 7, IKE_ROLE_RESPONDER);
    expect_pair(&l, 7, 8);
    expect_pair(&l, 9, 10);
    expect_finding(&l, "xauth_fail", WARN);
    expect_inferred(&l, "xauth_fail");
    expect_no_finding(&l, "slow");
    ladder_end(&l);
}

static void xauth_capture_ends(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    xauth(&l, 0x51);
    after(&l, 3);
    foreign(&l);
    expect_finding(&l, "xauth_fail", NOTE);
    expect_in_report(&l, "diag", "check next: ");
    ladder_end(&l);
}

static void xauth_succeeds(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    xauth(&l, 0x51);
    tr(&l, 1, 0x61); /* Mode-Config */
    tr(&l, 2, 0x61);
    quick_mode(&l, 0xa1);
    after(&l, 60);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 TR1 TR2 TR1 TR2 TR1 TR2 QM1 QM2 QM3 .");
    expect_no_finding(&l, "xauth_fail");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Some peers go on under the same message ID. */
static void xauth_one_message_id(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    tr(&l, 1, 0x51);
    tr(&l, 2, 0x51);
    tr(&l, 3, 0x51);
    tr(&l, 4, 0x51);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 TR1 TR2 TR3 TR4");
    expect_pair(&l, 9, 10);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/22-three-messages", three_messages);
    g_test_add_func("/vector/23-connected-missing", connected_missing);
    g_test_add_func("/vector/22-first-missing", first_missing);
    g_test_add_func("/vector/24-connected-in-informational", connected_in_informational);
    g_test_add_func("/vector/24-connected-first", connected_first);
    g_test_add_func("/vector/25-opened-by-responder", opened_by_responder);
    g_test_add_func("/vector/26-interleaved", interleaved);
    g_test_add_func("/vector/27-starts-at-qm3", starts_at_qm3);
    g_test_add_func("/vector/27-starts-at-qm1", starts_at_qm1);
    g_test_add_func("/vector/28-qm1-rejected", qm1_rejected);
    g_test_add_func("/vector/28-qm1-unanswered", qm1_unanswered);
    g_test_add_func("/vector/29-peer-dies", peer_dies);
    g_test_add_func("/quick/dpd/peer-dies-after-asking", peer_dies_after_asking);
    g_test_add_func("/vector/29-peer-lives", peer_lives);
    g_test_add_func("/vector/29-deleted", deleted);
    g_test_add_func("/vector/29-delete-burst", delete_burst);
    g_test_add_func("/vector/30-xauth-fails", xauth_fails);
    g_test_add_func("/vector/30-xauth-capture-ends", xauth_capture_ends);
    g_test_add_func("/vector/30-xauth-succeeds", xauth_succeeds);
    g_test_add_func("/vector/30-xauth-one-message-id", xauth_one_message_id);
    return g_test_run();
}
