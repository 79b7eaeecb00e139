/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a single pass concludes, and in which frame it says so.
 */
#include "ladder2.h"

static void another_sa(ladder *l, double seconds)
{
    next_sa(l);
    after(l, seconds);
    mm1(l);
}

/* The bytes of the frame say it. */
static void refused(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    expect_said(&l, "2:mm1_reject");
    another_sa(&l, 20); /* it is not said again */
    expect_said(&l, "2:mm1_reject");
    ladder_end(&l);
}

/* What an encrypted message probably is, the next ones show. */
static void probably_refused(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5(&l);
    info(&l, RESPONDER, 0xc3, 92);
    another_sa(&l, 4);
    expect_said(&l, "");
    another_sa(&l, 2);
    expect_said(&l, "8:mm5_reject");
    ladder_end(&l);
}

static void not_refused(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5(&l);
    info(&l, RESPONDER, 0xc3, 92);
    after(&l, 0.5);
    mm6(&l);
    quick_mode(&l, 0xa1);
    another_sa(&l, 6);
    expect_said(&l, "");
    ladder_end(&l);
}

/* No frame of other hosts gets a finding of IKE. */
static void unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 1);
    mm5(&l);
    after(&l, 30);
    foreign(&l);
    expect_said(&l, "");
    esp(&l, RESPONDER, 0xc1000001, 1);
    expect_said(&l, "8:mm5_noresp");
    ladder_end(&l);
}

/* That the capture ends here is not known. */
static void not_pending(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    another_sa(&l, 1);
    for (guint i = 0; i < l.said->len; i++)
        g_assert_cmpuint(g_array_index(l.said, ladder_said, i).id, !=, IKE_DIAG_PENDING);
    expect_finding(&l, "pending", CHAT);
    ladder_end(&l);
}

/* The addresses that the peers see do not change: ESP goes, and no port had to. */
static void failure_refuted(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    esp_both_ways(&l);
    another_sa(&l, 6);
    expect_said(&l, "");
    ladder_end(&l);

    ladder_begin(&l); /* nothing refutes it */
    nat_seen_inside(&l);
    main_mode(&l);
    another_sa(&l, 6);
    expect_said(&l, "7:natt_nofloat");
    ladder_end(&l);
}

/* What got worse is said again: the packets that came twice were few at first. */
static void worse(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    for (uint32_t i = 1; i < 200; i++) {
        after(&l, 1);
        esp(&l, INITIATOR, 0xc1000001, i);
        esp(&l, RESPONDER, 0xc2000001, i);
        if (i == 4 || i > 150) {
            after(&l, 0.5);
            esp(&l, INITIATOR, 0xc1000001, i);
        }
    }
    another_sa(&l, 40);
    expect_finding(&l, "esp_replay", WARN);
    expect_said(&l, "23:esp_replay 453:esp_replay");
    ladder_end(&l);
}

static void nobody_looks(void)
{
    ladder l;

    ladder_begin(&l);
    l.is_hidden = true;
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    expect_said(&l, "");
    l.is_hidden = false; /* now somebody does: it is not too late */
    another_sa(&l, 1);
    expect_said(&l, "3:mm1_reject");
    ladder_end(&l);
}

/* Of a large capture conclusions are drawn less often; then all is said that was not. */
static void many(void)
{
    enum { SAS = 5000 };
    guint last = 0;
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < SAS; i++) {
        mm1(&l);
        refuse(&l, RESPONDER, 14);
        after(&l, 1);
        next_sa(&l);
    }
    g_assert_cmpuint(l.said->len, >=, 33 * 256 / 2 - 1); /* 256 messages, and 32 times as many */
    for (guint i = 0; i < l.said->len; i++) {
        const ladder_said *said = &g_array_index(l.said, ladder_said, i);

        g_assert_cmpuint(said->id, ==, IKE_DIAG_MM1_REJECT);
        g_assert_cmpint(said->sa, ==, i);
        g_assert_cmpuint(said->frame, >=, last);
        if (said->sa < 128)
            g_assert_cmpuint(said->frame, ==, 2 * said->sa + 2);
        last = said->frame;
    }
    g_assert_cmpuint(last, <=, 33 * 256 + 2); /* and no more */
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/live/refused", refused);
    g_test_add_func("/live/probably-refused", probably_refused);
    g_test_add_func("/live/not-refused", not_refused);
    g_test_add_func("/live/unanswered", unanswered);
    g_test_add_func("/live/not-pending", not_pending);
    g_test_add_func("/live/failure-refuted", failure_refuted);
    g_test_add_func("/live/worse", worse);
    g_test_add_func("/live/nobody-looks", nobody_looks);
    g_test_add_func("/live/many", many);
    return g_test_run();
}
