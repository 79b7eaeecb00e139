/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * XAUTH and Mode-Config that come to nothing.
 */
#include "ladder.h"

static const char *const xauth[] = { VID_XAUTH, NULL }, *const plain[] = { VID_DPD, NULL };

/* The gateway asks for the user once, and is answered. */
static void begin(ladder *l, const char *const *initiator, const char *const *responder)
{
    ladder_begin(l);
    l->vendors[INITIATOR] = initiator;
    l->vendors[RESPONDER] = responder;
    main_mode(l);
    tr(l, 1, 0x51);
    after(l, 6);
    tr(l, 2, 0x51);
}

static void no_verdict(void)
{
    ladder l;

    begin(&l, plain, xauth); /* the gateway ends it */
    after(&l, 30);
    info(&l, RESPONDER, 0xb1, 108);
    long_after(&l);
    expect_finding(&l, "xauth_fail", WARN);
    expect_finding_says(&l, "xauth_fail", "sent no verdict but an Informational, 30.000 s later: its AAA server");
    expect_no_finding(&l, "cfg_noaddr");
    ladder_end(&l);

    begin(&l, xauth, xauth); /* or says nothing */
    after(&l, 40);
    foreign(&l);
    expect_finding(&l, "xauth_fail", WARN);
    expect_no_finding(&l, "cfg_noaddr");
    ladder_end(&l);

    begin(&l, xauth, xauth); /* the capture ends */
    after(&l, 20);
    foreign(&l);
    expect_no_findings(&l, "xauth_fail cfg_noaddr");
    ladder_end(&l);
}

/* An Informational after both pairs may be a notify, as long as a Quick Mode may follow. */
static void capture_ends_at_informational(void)
{
    ladder l;

    begin(&l, xauth, xauth);
    tr(&l, 1, 0x52);
    tr(&l, 2, 0x52);
    after(&l, 0.5);
    info(&l, RESPONDER, 0xb1, 92);
    expect_finding(&l, "xauth_fail", NOTE);
    after(&l, 10);
    foreign(&l);
    expect_finding(&l, "xauth_fail", WARN);
    ladder_end(&l);
}

/* A configuration that the gateway pushes. */
static void pushed(void)
{
    ladder l;

    begin(&l, plain, plain);
    after(&l, 30);
    info(&l, RESPONDER, 0xb1, 108);
    long_after(&l);
    expect_no_finding(&l, "xauth_fail");
    expect_finding(&l, "cfg_noaddr", NOTE);
    ladder_end(&l);

    begin(&l, plain, xauth); /* the client need not know XAUTH for that, and the SA goes on */
    after(&l, 40);
    foreign(&l);
    expect_no_finding(&l, "xauth_fail");
    ladder_end(&l);

    begin(&l, xauth, xauth);
    quick_mode(&l, 0xa1);
    after(&l, 40);
    foreign(&l);
    expect_no_findings(&l, "xauth_fail cfg_noaddr");
    ladder_end(&l);
}

static void answer_lost(void)
{
    ladder l;

    begin(&l, plain, xauth);
    for (int i = 0; i < 3; i++) {
        after(&l, 8);
        tr(&l, 1, 0x51);
        tr(&l, 2, 0x51);
    }
    long_after(&l);
    expect_finding(&l, "tr_noresp", WARN);
    expect_finding_says(&l, "tr_noresp", "TR1 was sent 3 times more after TR2 in frame 8: the answer does not arrive");
    expect_no_findings(&l, "xauth_fail cfg_noaddr");
    ladder_end(&l);

    begin(&l, plain, xauth); /* the third copy arrives */
    for (int i = 0; i < 2; i++) {
        after(&l, 8);
        tr(&l, 1, 0x51);
        tr(&l, 2, 0x51);
    }
    tr(&l, 3, 0x52);
    tr(&l, 4, 0x52);
    quick_mode(&l, 0xa1);
    long_after(&l);
    expect_no_findings(&l, "tr_noresp xauth_fail cfg_noaddr");
    ladder_end(&l);
}

/* The peer waits for the user, not for a Quick Mode. */
static void quick_mode_before(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    tr(&l, 1, 0x51);
    for (int i = 0; i < 3; i++) {
        qm1(&l, 0xa1);
        after(&l, 4);
        tr(&l, 1, 0x51);
    }
    long_after(&l);
    expect_finding(&l, "tr_noresp", WARN);
    expect_finding(&l, "qm1_noresp", NOTE);
    expect_finding_says(&l, "qm1_noresp", "the peer waits for the answer to TR1 in frame 7");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xauth/no-verdict", no_verdict);
    g_test_add_func("/xauth/capture-ends-at-informational", capture_ends_at_informational);
    g_test_add_func("/xauth/pushed", pushed);
    g_test_add_func("/xauth/answer-lost", answer_lost);
    g_test_add_func("/xauth/quick-mode-before", quick_mode_before);
    return g_test_run();
}
