/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 8 to 15: how a Main Mode begins, or does not.
 */
#include "ladder.h"

/* ---- nobody answers ---- */

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

/* The capture goes on after the last sending .. */
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
    expect_one_finding(&l, "mm1_noresp", WARN);
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

/* The sender did not try again. */
static void mm1_once(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    long_after(&l);
    expect_finding(&l, "mm1_noresp", NOTE);
    ladder_end(&l);
}

/* `data`: how much of MM1 the error quotes. RFC 792 promises only the IP header and eight bytes. */
static void mm1_port_unreachable(gconstpointer data)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    icmp_error(&l, INITIATOR, 3, 3, GPOINTER_TO_SIZE(data));
    long_after(&l);
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

/* ---- refusals ---- */

static void mm1_refused(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    long_after(&l);
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

/* The refusal has a cookie of its own, which is none of the SA's. */
static void mm1_refused_then_answered(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    l.spi_r += 0x100;
    refuse(&l, RESPONDER, 14);
    l.spi_r -= 0x100;
    after(&l, 1);
    main_mode(&l);
    expect_labels(&l, "MM1 INFO MM1+ MM2 MM3 MM4 MM5 MM6");
    expect_sas(&l, 1);
    expect_no_finding(&l, "sibling");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* ---- which SA ---- */

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
    expect_one_finding(&l, "cookie_reused", WARN);
    expect_finding_at(&l, 7, "cookie_reused"); /* DESIGN 2: ikex.diag.id stands on a frame */
    expect_no_finding(&l, "sibling");
    expect_no_finding(&l, "late_copy");
    ladder_end(&l);
}

/* Not answered yet, a changed offer is another attempt of the same SA. */
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
    expect_one_finding(&l, "simul", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/08-three-mm1", three_mm1);
    g_test_add_func("/vector/09-mm1-unanswered", mm1_unanswered);
    g_test_add_func("/vector/09-mm1-unanswered-capture-ends", mm1_unanswered_capture_ends);
    g_test_add_func("/vector/10-mm1-pending", mm1_pending);
    g_test_add_func("/vector/10-mm1-once", mm1_once);
    g_test_add_data_func("/vector/11-mm1-port-unreachable", GSIZE_TO_POINTER(576),
                         mm1_port_unreachable);
    g_test_add_data_func("/vector/11-mm1-port-unreachable-short", GSIZE_TO_POINTER(28),
                         mm1_port_unreachable);
    g_test_add_func("/vector/12-mm1-refused", mm1_refused);
    g_test_add_func("/vector/12-refused-then-answered", mm1_refused_then_answered);
    g_test_add_func("/vector/13-siblings", siblings);
    g_test_add_func("/vector/13-siblings-in-turn", siblings_in_turn);
    g_test_add_func("/vector/14-cookie-reused", cookie_reused);
    g_test_add_func("/vector/14-changed-offer", changed_offer);
    g_test_add_func("/vector/15-both-initiate", both_initiate);
    return g_test_run();
}
