/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Aggressive Mode: whether AM3 arrived, and whether the responder accepts it.
 */
#include "ladder.h"

#include <string.h>

static void up_to_am3(ladder *l)
{
    am1(l);
    am2(l);
    am3(l, true);
}

static void refused_in_clear(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_am3(&l);
    refuse(&l, RESPONDER, 23);
    long_after(&l);
    expect_finding(&l, "am3_reject", ERROR);
    expect_observed(&l, "am3_reject");
    expect_failed(&l, 0, true);
    expect_state_after(&l, 4, IKE_STATE_FAILED);
    ladder_end(&l);

    ladder_begin(&l); /* the Quick Mode begins before the refusal comes */
    up_to_am3(&l);
    qm1(&l, 0xa1);
    refuse(&l, RESPONDER, 23);
    after(&l, 4);
    qm1(&l, 0xa1);
    long_after(&l);
    expect_finding(&l, "am3_reject", ERROR);
    expect_no_findings(&l, "qm1_reject qm1_noresp");
    expect_failed(&l, 0, true);
    ladder_end(&l);

    ladder_begin(&l); /* each copy is refused, under an ID of its own */
    up_to_am3(&l);
    for (uint32_t id = 0xb1; id < 0xb4; id++) {
        wire_message m = message(&l, IKE_XCHG_INFO, 0, id);

        wire_payload_notify(&m, 23);
        send_message(&l, RESPONDER, wire_end(&m));
        after(&l, 4);
        am3(&l, true);
    }
    long_after(&l);
    expect_finding(&l, "am3_reject", ERROR);
    ladder_end(&l);

    ladder_begin(&l); /* it is the Quick Mode that is refused */
    up_to_am3(&l);
    qm1(&l, 0xa1);
    refuse(&l, RESPONDER, 18);
    long_after(&l);
    expect_no_finding(&l, "am3_reject");
    expect_finding(&l, "ts_mismatch", ERROR);
    ladder_end(&l);

    ladder_begin(&l); /* nothing protects it, and all goes on */
    up_to_am3(&l);
    refuse(&l, RESPONDER, 23);
    quick_mode(&l, 0xa1);
    long_after(&l);
    expect_no_finding(&l, "am3_reject");
    expect_established(&l, 0);
    ladder_end(&l);
}

static void refused_encrypted(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_am3(&l);
    info(&l, RESPONDER, 0xb1, 92);
    long_after(&l);
    expect_finding(&l, "am3_reject", WARN);
    expect_inferred(&l, "am3_reject");
    expect_failed(&l, 0, true);
    ladder_end(&l);

    ladder_begin(&l); /* RESPONDER-LIFETIME or INITIAL-CONTACT */
    up_to_am3(&l);
    info(&l, RESPONDER, 0xb1, 92);
    after(&l, 20);
    quick_mode(&l, 0xa1);
    long_after(&l);
    expect_no_finding(&l, "am3_reject");
    expect_established(&l, 0);
    ladder_end(&l);

    ladder_begin(&l); /* the capture ends too soon to tell */
    up_to_am3(&l);
    info(&l, RESPONDER, 0xb1, 92);
    after(&l, 1);
    foreign(&l);
    expect_no_finding(&l, "am3_reject");
    ladder_end(&l);

    ladder_begin(&l); /* an older SA is renewed */
    main_mode(&l);
    quick_mode(&l, 0xa1);
    after(&l, 3000);
    next_sa(&l);
    up_to_am3(&l);
    info(&l, RESPONDER, 0xb1, 92);
    long_after(&l);
    expect_no_finding(&l, "am3_reject");
    ladder_end(&l);
}

/* The capture lacks AM3: both go on under keys that the responder has only with it. */
static void am3_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    am1(&l);
    am2(&l);
    info(&l, INITIATOR, 0xb1, 92);
    long_after(&l);
    expect_finding(&l, "am2_reject", WARN);
    info(&l, RESPONDER, 0xb2, 92);
    long_after(&l);
    expect_no_finding(&l, "am2_reject");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

static void lost(void)
{
    ladder_host on_500[2];
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    memcpy(on_500, l.hosts, sizeof on_500);
    am1(&l);
    am2(&l);
    move_to_4500(&l);
    am3(&l, true);
    qm1(&l, 0xa1);
    memcpy(l.hosts, on_500, sizeof on_500);
    l.marker = false;
    for (int i = 0; i < 3; i++) {
        after(&l, 4);
        am2(&l);
    }
    long_after(&l);
    expect_finding(&l, "am3_lost", WARN);
    expect_finding_says(&l, "am3_lost", "AM2 was sent 3 times more after AM3 in frame 3");
    expect_in_report(&l, "diag", "UDP 4500 is blocked between the peers");
    expect_no_finding(&l, "qm1_noresp");
    expect_failed(&l, 0, true);
    ladder_end(&l);

    ladder_begin(&l); /* on UDP 500: why is not to be seen */
    up_to_am3(&l);
    for (int i = 0; i < 3; i++) {
        after(&l, 4);
        am2(&l);
        am3(&l, true);
    }
    long_after(&l);
    expect_finding(&l, "am3_lost", WARN);
    expect_not_in_report(&l, "diag", "cause");
    ladder_end(&l);
}

static void lost_for_a_while(void)
{
    ladder l;

    ladder_begin(&l); /* a copy of AM2 crosses AM3 */
    up_to_am3(&l);
    am2(&l);
    long_after(&l);
    expect_no_finding(&l, "am3_lost");
    expect_failed(&l, 0, false);
    ladder_end(&l);

    ladder_begin(&l); /* a later copy of AM3 arrives */
    up_to_am3(&l);
    for (int i = 0; i < 3; i++) {
        after(&l, 4);
        am2(&l);
        am3(&l, true);
    }
    quick_mode(&l, 0xa1);
    long_after(&l);
    expect_no_finding(&l, "am3_lost");
    expect_established(&l, 0);
    ladder_end(&l);
}

/* AM2 does not come again, but nothing else does either: QM1 shows no more than AM3 whether the responder is there. */
static void unproven(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    am1(&l);
    am2(&l);
    move_to_4500(&l);
    am3(&l, true);
    for (int i = 0; i < 4; i++) {
        qm1(&l, 0xa1);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding(&l, "qm1_noresp", WARN);
    expect_in_report(&l, "diag", "nothing of the responder was seen there");
    expect_state(&l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/aggressive/refused-in-clear", refused_in_clear);
    g_test_add_func("/aggressive/refused-encrypted", refused_encrypted);
    g_test_add_func("/aggressive/am3-not-captured", am3_not_captured);
    g_test_add_func("/aggressive/lost", lost);
    g_test_add_func("/aggressive/lost-for-a-while", lost_for_a_while);
    g_test_add_func("/aggressive/unproven", unproven);
    return g_test_run();
}
