/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 37 and 42: message IDs of both sides, and windows.
 */
#include "ladder2.h"

/* ---- 37: two spaces of message IDs ---- */

static void both_sides_at_once(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, RESPONDER, 0);
    v2_info(&l, RESPONDER, 1);
    v2_info_req(&l, INITIATOR, 2);
    v2_info(&l, RESPONDER, 2);
    v2_info_resp(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, UP " " INFO " " INFO " INFORMATIONAL.req INFORMATIONAL.req "
                      "INFORMATIONAL.resp INFORMATIONAL.resp .");
    expect_pair(&l, 5, 6);
    expect_pair(&l, 9, 12);
    expect_pair(&l, 10, 11);
    expect_sender(&l, 9, IKE_ROLE_INITIATOR);
    expect_sender(&l, 10, IKE_ROLE_RESPONDER);
    expect_sender(&l, 11, IKE_ROLE_INITIATOR);
    expect_sender(&l, 12, IKE_ROLE_RESPONDER);
    expect_number(&l, 9, 0);
    expect_number(&l, 12, 0);
    expect_messages(&l, 12);
    expect_no_findings(&l, "v2_msgid_reuse msgid_gap retrans reflect");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Both sides begin their own exchanges with the numbers that IKE_SA_INIT and IKE_AUTH had. */
static void small_numbers_of_both(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_child(&l, RESPONDER, 0);
    v2_info_req(&l, RESPONDER, 1);
    v2_child_req(&l, INITIATOR, 2);
    v2_info_resp(&l, RESPONDER, 1);
    v2_child_resp(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, UP " " CHILD " INFORMATIONAL.req CREATE_CHILD_SA.req INFORMATIONAL.resp "
                      "CREATE_CHILD_SA.resp .");
    expect_pair(&l, 7, 9);
    expect_pair(&l, 8, 10);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding(&l, "child_noresp");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- 42: message ID 0 in an established SA ---- */

static void first_request_of_the_responder(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_labels(&l, UP " " INFO " .");
    expect_pair(&l, 5, 6);
    expect_sender(&l, 5, IKE_ROLE_RESPONDER);
    expect_no_finding(&l, "msgid_gap");
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void first_request_after_a_rekey(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_rekey(&l, INITIATOR, 2);
    v2_child(&l, INITIATOR, 0);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_labels(&l, UP " " CHILD " " CHILD " " INFO " .");
    expect_pair(&l, 7, 8);
    expect_sa_of(&l, 7, 1);
    expect_no_finding(&l, "msgid_gap");
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* RFC 6311: after a fail-over one side says from where both count on. */
static void synchronisation(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    for (uint32_t id = 0; id < 3; id++)
        v2_info(&l, RESPONDER, id);
    after(&l, 60);
    anew(&l);
    v2_info(&l, RESPONDER, 0);
    v2_info(&l, RESPONDER, 40);
    long_after(&l);
    expect_labels(&l, UP " " INFO " " INFO " " INFO " " INFO " " INFO " .");
    expect_finding(&l, "msgid_gap", NOTE);
    expect_finding_at(&l, 11, "msgid_gap");
    expect_findings(&l, "msgid_gap", 1);
    expect_finding_says(&l, "msgid_gap", "possibly a synchronisation");
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_pair(&l, 11, 12);
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* The same bytes again are a repeat, not that. */
static void late_repeat_of_number_zero(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, RESPONDER, 0);
    v2_info(&l, RESPONDER, 1);
    after(&l, 2);
    v2_info(&l, RESPONDER, 0);
    expect_labels(&l, UP " " INFO " " INFO " INFORMATIONAL.req+ INFORMATIONAL.resp+");
    expect_no_finding(&l, "msgid_gap");
    expect_no_finding(&l, "v2_msgid_reuse");
    ladder_end(&l);
}

/* ---- a message ID twice ---- */

static void request_reuses_a_number(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    anew(&l);
    v2_info_req(&l, INITIATOR, 2);
    long_after(&l);
    expect_one_finding(&l, "v2_msgid_reuse", ERROR);
    expect_finding_at(&l, 7, "v2_msgid_reuse");
    expect_finding_says(&l, "v2_msgid_reuse", "2");
    ladder_end(&l);
}

static void response_differs(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    anew(&l);
    v2_info_resp(&l, INITIATOR, 2);
    expect_finding(&l, "v2_msgid_reuse", ERROR);
    expect_finding_at(&l, 7, "v2_msgid_reuse");
    ladder_end(&l);
}

/* One number for two exchanges of one requester. */
static void other_exchange_reuses_a_number(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    v2_child(&l, INITIATOR, 2);
    expect_finding(&l, "v2_msgid_reuse", ERROR);
    expect_finding_at(&l, 7, "v2_msgid_reuse");
    ladder_end(&l);
}

/* IKE_AUTH sent with another body under the same number. */
static void authentication_reuses_a_number(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    after(&l, 1);
    anew(&l);
    v2_auth_req(&l, 1);
    expect_finding(&l, "v2_msgid_reuse", ERROR);
    expect_finding_at(&l, 4, "v2_msgid_reuse");
    ladder_end(&l);
}

static void repeats_reuse_nothing(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    after(&l, 1);
    v2_info(&l, INITIATOR, 2);
    v2_info(&l, INITIATOR, 3);
    long_after(&l);
    expect_labels(&l, UP " " INFO " INFORMATIONAL.req+ INFORMATIONAL.resp+ " INFO " .");
    expect_retransmission(&l, 7, 5, 1);
    expect_retransmission(&l, 8, 6, 1);
    expect_pair(&l, 5, 6);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- numbers left out ---- */

static void gap(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    v2_info(&l, INITIATOR, 40);
    long_after(&l);
    expect_one_finding(&l, "msgid_gap", NOTE);
    expect_finding_at(&l, 7, "msgid_gap");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* Up to 16 numbers further may just be lost. */
static void small_gap(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    v2_info(&l, INITIATOR, 18);
    long_after(&l);
    expect_labels(&l, UP " " INFO " " INFO " .");
    expect_pair(&l, 7, 8);
    expect_no_finding(&l, "msgid_gap");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Where the capture begins in the middle, so do the numbers. */
static void no_gap_at_the_start(void)
{
    ladder l;

    ladder_begin(&l);
    v2_info(&l, INITIATOR, 500);
    v2_info(&l, RESPONDER, 900);
    v2_info(&l, INITIATOR, 501);
    long_after(&l);
    expect_no_finding(&l, "msgid_gap");
    expect_finding(&l, "joined", CHAT);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- windows, and what a number implies ---- */

/* A window above 1, or a response that the capture lacks. */
static void later_request_is_answered(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info_req(&l, INITIATOR, 2);
    v2_info(&l, INITIATOR, 3);
    long_after(&l);
    expect_labels(&l, UP " INFORMATIONAL.req " INFO " .");
    expect_no_response(&l, 5);
    expect_nothing_unanswered(&l);
    expect_no_finding(&l, "dpd_fail");
    expect_no_finding(&l, "msgid_gap");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void answers_in_another_order(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info_req(&l, INITIATOR, 2);
    v2_child(&l, INITIATOR, 3);
    v2_info_resp(&l, INITIATOR, 2);
    long_after(&l);
    expect_pair(&l, 5, 8);
    expect_pair(&l, 6, 7);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* With a window of 1 the next request alone proves the response. */
static void next_request_implies_the_response(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    for (int i = 0; i < 3; i++) {
        v2_info_req(&l, INITIATOR, 2);
        after(&l, 3);
    }
    v2_info_req(&l, INITIATOR, 3);
    expect_labels(&l, UP " INFORMATIONAL.req INFORMATIONAL.req+ INFORMATIONAL.req+ "
                      "INFORMATIONAL.req");
    expect_no_response(&l, 5);
    expect_nothing_unanswered(&l);
    expect_no_finding(&l, "dpd_fail");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* The other side's numbers prove nothing about it. */
static void other_side_implies_nothing(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_child_req(&l, INITIATOR, 2);
    after(&l, 2);
    v2_child_req(&l, INITIATOR, 2);
    after(&l, 2);
    v2_child_req(&l, INITIATOR, 2);
    v2_child(&l, RESPONDER, 3);
    long_after(&l);
    expect_finding(&l, "child_noresp", WARN);
    expect_finding_at(&l, 7, "child_noresp");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/37-both-sides-at-once", both_sides_at_once);
    g_test_add_func("/vector/37-small-numbers-of-both", small_numbers_of_both);
    g_test_add_func("/vector/42-first-request-of-the-responder", first_request_of_the_responder);
    g_test_add_func("/vector/42-first-request-after-a-rekey", first_request_after_a_rekey);
    g_test_add_func("/vector/42-synchronisation", synchronisation);
    g_test_add_func("/vector/42-late-repeat-of-number-zero", late_repeat_of_number_zero);
    g_test_add_func("/ikev2/reuse/request", request_reuses_a_number);
    g_test_add_func("/ikev2/reuse/response", response_differs);
    g_test_add_func("/ikev2/reuse/other-exchange", other_exchange_reuses_a_number);
    g_test_add_func("/ikev2/reuse/authentication", authentication_reuses_a_number);
    g_test_add_func("/ikev2/reuse/repeats", repeats_reuse_nothing);
    g_test_add_func("/ikev2/gap/large", gap);
    g_test_add_func("/ikev2/gap/small", small_gap);
    g_test_add_func("/ikev2/gap/at-the-start", no_gap_at_the_start);
    g_test_add_func("/ikev2/window/later-request-is-answered", later_request_is_answered);
    g_test_add_func("/ikev2/window/answers-in-another-order", answers_in_another_order);
    g_test_add_func("/ikev2/window/next-request-implies", next_request_implies_the_response);
    g_test_add_func("/ikev2/window/other-side-implies-nothing", other_side_implies_nothing);
    return g_test_run();
}
