/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Quick Modes that are refused: which one, and by whom.
 */
#include "ladder.h"

static void expect_failed_quick_modes(ladder *l, unsigned observed, unsigned inferred)
{
    const ike_sa *sa = ladder_sa(l, 0);
    unsigned n[2] = { 0, 0 };

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        if (exchange->more->failed_by != IKE_DIAG_NONE)
            n[exchange->more->failed_known == IKE_OBSERVED]++;
    }
    g_assert_cmpuint(n[1], ==, observed);
    g_assert_cmpuint(n[0], ==, inferred);
}

static void refuse_networks(ladder *l, uint32_t id)
{
    wire_message m = message(l, IKE_XCHG_INFO, 0, id);

    wire_payload_notify(&m, 18);
    send_message(l, RESPONDER, wire_end(&m));
}

/* Each is refused before the next begins. */
static void one_by_one(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    for (uint32_t id = 0xa1; id < 0xa5; id++) {
        qm1(&l, id);
        refuse_networks(&l, id + 0x10);
        after(&l, 5);
    }
    long_after(&l);
    expect_finding(&l, "ts_mismatch", ERROR);
    expect_failed_quick_modes(&l, 4, 0);
    ladder_end(&l);
}

/* Which of two that wait is refused the notify does not say. */
static void side_by_side(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 0xa1);
    qm1(&l, 0xa2);
    refuse_networks(&l, 0xb1);
    long_after(&l);
    expect_finding(&l, "ts_mismatch", ERROR);
    expect_inferred(&l, "ts_mismatch");
    expect_failed_quick_modes(&l, 0, 2);
    ladder_end(&l);
}

static void up_to_qm2(ladder *l)
{
    main_mode(l);
    qm1(l, 0xa1);
    qm2(l, 0xa1);
}

static void answer_refused(void)
{
    ladder l;

    ladder_begin(&l); /* the responder goes on asking for QM3 */
    up_to_qm2(&l);
    info(&l, INITIATOR, 0xb1, 92);
    after(&l, 4);
    qm2(&l, 0xa1);
    long_after(&l);
    expect_finding(&l, "qm2_reject", WARN);
    expect_inferred(&l, "qm2_reject");
    expect_nothing_unanswered(&l);
    expect_failed_quick_modes(&l, 0, 1);
    ladder_end(&l);

    ladder_begin(&l); /* nothing follows at all */
    up_to_qm2(&l);
    info(&l, INITIATOR, 0xb1, 92);
    long_after(&l);
    expect_finding(&l, "qm2_reject", WARN);
    ladder_end(&l);
}

/* The capture lacks QM3. */
static void answer_taken(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_qm2(&l);
    info(&l, INITIATOR, 0xb1, 92);
    info(&l, RESPONDER, 0xb2, 92);
    long_after(&l);
    expect_no_finding(&l, "qm2_reject");
    ladder_end(&l);

    ladder_begin(&l);
    up_to_qm2(&l);
    info(&l, INITIATOR, 0xb1, 92);
    esp_both_ways(&l);
    long_after(&l);
    expect_no_finding(&l, "qm2_reject");
    ladder_end(&l);

    ladder_begin(&l); /* a liveness check, much later */
    up_to_qm2(&l);
    after(&l, 10);
    info(&l, INITIATOR, 0xb1, 92);
    long_after(&l);
    expect_no_finding(&l, "qm2_reject");
    ladder_end(&l);

    ladder_begin(&l); /* it may be about the IPsec SA before */
    main_mode(&l);
    quick_mode(&l, 0xa1);
    qm1(&l, 0xa2);
    qm2(&l, 0xa2);
    info(&l, INITIATOR, 0xb1, 92);
    long_after(&l);
    expect_no_finding(&l, "qm2_reject");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refusals-quick/one-by-one", one_by_one);
    g_test_add_func("/refusals-quick/side-by-side", side_by_side);
    g_test_add_func("/refusals-quick/answer-refused", answer_refused);
    g_test_add_func("/refusals-quick/answer-taken", answer_taken);
    return g_test_run();
}
