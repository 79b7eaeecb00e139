/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 37 and 42: message IDs of both sides, windows, and requests of an established SA
 * that nobody answers.
 */
#include "ladder2.h"

#define CHAT IKE_SEVERITY_CHAT
#define NOTE IKE_SEVERITY_NOTE
#define WARN IKE_SEVERITY_WARN
#define ERROR IKE_SEVERITY_ERROR

#define UP "IKE_SA_INIT.req IKE_SA_INIT.resp IKE_AUTH.req IKE_AUTH.resp"
#define INFO "INFORMATIONAL.req INFORMATIONAL.resp"
#define CHILD "CREATE_CHILD_SA.req CREATE_CHILD_SA.resp"

static void info_req(ladder *l, ladder_side by, uint32_t id)
{
    v2_request(l, by, IKE_XCHG_V2_INFO, id, V2_INFO_LENGTH);
}

static void info_resp(ladder *l, ladder_side by, uint32_t id)
{
    v2_response(l, by, IKE_XCHG_V2_INFO, id, V2_INFO_LENGTH);
}

/* The capture goes on long enough for every verdict. */
static void long_after(ladder *l)
{
    after(l, 30);
    foreign(l);
}

/* ---- 37: two spaces of message IDs ---- */

static void both_sides_at_once(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, RESPONDER, 0);
    v2_info(&l, RESPONDER, 1);
    info_req(&l, INITIATOR, 2);
    info_req(&l, RESPONDER, 2);
    info_resp(&l, RESPONDER, 2);
    info_resp(&l, INITIATOR, 2);
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
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding(&l, "msgid_gap");
    expect_no_finding(&l, "retrans");
    expect_no_finding(&l, "reflect");
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
    info_req(&l, RESPONDER, 1);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 2, V2_CHILD_LENGTH);
    info_resp(&l, RESPONDER, 1);
    v2_response(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 2, V2_CHILD_LENGTH);
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
    info_req(&l, INITIATOR, 2);
    long_after(&l);
    expect_finding(&l, "v2_msgid_reuse", ERROR);
    expect_findings(&l, "v2_msgid_reuse", 1);
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
    info_resp(&l, INITIATOR, 2);
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
    v2_init_req(&l, 14);
    v2_init_resp(&l);
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
    expect_finding(&l, "msgid_gap", NOTE);
    expect_findings(&l, "msgid_gap", 1);
    expect_finding_at(&l, 7, "msgid_gap");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* R1.8.10: up to 16 numbers further may just be lost. */
static void small_gap(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    v2_info(&l, INITIATOR, 18);
    long_after(&l);
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

/* R1.8.9: a window above 1, or a response that the capture lacks. */
static void later_request_is_answered(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    info_req(&l, INITIATOR, 2);
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
    info_req(&l, INITIATOR, 2);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 3, V2_CHILD_LENGTH);
    v2_response(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 3, V2_CHILD_LENGTH);
    info_resp(&l, INITIATOR, 2);
    long_after(&l);
    expect_pair(&l, 5, 8);
    expect_pair(&l, 6, 7);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* R2.3: with a window of 1 the next request alone proves the response. */
static void next_request_implies_the_response(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    for (int i = 0; i < 3; i++) {
        info_req(&l, INITIATOR, 2);
        after(&l, 3);
    }
    info_req(&l, INITIATOR, 3);
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
    v2_request(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 2, V2_CHILD_LENGTH);
    after(&l, 2);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 2, V2_CHILD_LENGTH);
    after(&l, 2);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 2, V2_CHILD_LENGTH);
    v2_request(&l, RESPONDER, IKE_XCHG_V2_CREATE_CHILD, 3, V2_CHILD_LENGTH);
    v2_response(&l, RESPONDER, IKE_XCHG_V2_CREATE_CHILD, 3, V2_CHILD_LENGTH);
    long_after(&l);
    expect_finding(&l, "child_noresp", WARN);
    expect_finding_at(&l, 7, "child_noresp");
    ladder_end(&l);
}

/* ---- liveness ---- */

static void liveness_fails(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    after(&l, 60);
    for (int i = 0; i < 3; i++) {
        info_req(&l, INITIATOR, 3);
        after(&l, 2 << i);
    }
    long_after(&l);
    expect_labels(&l, UP " " INFO " INFORMATIONAL.req INFORMATIONAL.req+ INFORMATIONAL.req+ .");
    expect_finding(&l, "dpd_fail", WARN);
    expect_findings(&l, "dpd_fail", 1);
    expect_finding_at(&l, 9, "dpd_fail");
    expect_no_finding(&l, "info_noresp");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

static void liveness_of_the_responder_fails(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 60);
    for (int i = 0; i < 4; i++) {
        info_req(&l, RESPONDER, 0);
        after(&l, 2 << i);
    }
    long_after(&l);
    expect_finding(&l, "dpd_fail", WARN);
    expect_no_finding(&l, "info_noresp");
    expect_no_finding(&l, "oneway_capture");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* The third sending got through. */
static void liveness_recovers(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 60);
    for (int i = 0; i < 3; i++) {
        info_req(&l, INITIATOR, 2);
        after(&l, 2);
    }
    info_resp(&l, INITIATOR, 2);
    long_after(&l);
    expect_no_finding(&l, "dpd_fail");
    expect_nothing_unanswered(&l);
    expect_findings(&l, "retrans", 2);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void information_twice(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 60);
    info_req(&l, INITIATOR, 2);
    after(&l, 2);
    info_req(&l, INITIATOR, 2);
    long_after(&l);
    expect_finding(&l, "info_noresp", WARN);
    expect_findings(&l, "info_noresp", 1);
    expect_finding_at(&l, 6, "info_noresp");
    expect_no_finding(&l, "dpd_fail");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

static void information_once(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 60);
    info_req(&l, INITIATOR, 2);
    long_after(&l);
    expect_finding(&l, "info_noresp", NOTE);
    expect_finding_at(&l, 5, "info_noresp");
    expect_no_finding(&l, "dpd_fail");
    expect_no_finding(&l, "pending");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void information_pending(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 60);
    info_req(&l, INITIATOR, 2);
    after(&l, 1);
    foreign(&l);
    expect_finding(&l, "pending", CHAT);
    expect_no_finding(&l, "info_noresp");
    expect_no_finding(&l, "dpd_fail");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- CREATE_CHILD_SA and IKE_FOLLOWUP_KE ---- */

static void unanswered_child(uint8_t exchange)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_child(&l, INITIATOR, 2);
    after(&l, 60);
    for (int i = 0; i < 3; i++) {
        v2_request(&l, INITIATOR, exchange, 3, V2_CHILD_LENGTH);
        after(&l, 2);
    }
    long_after(&l);
    g_test_message("exchange %u", exchange);
    expect_finding(&l, "child_noresp", WARN);
    expect_findings(&l, "child_noresp", 1);
    expect_finding_at(&l, 9, "child_noresp");
    expect_no_finding(&l, "dpd_fail");
    expect_failed(&l, 0, false);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    ladder_end(&l);
}

static void child_unanswered(void)
{
    unanswered_child(IKE_XCHG_V2_CREATE_CHILD);
}

static void followup_unanswered(void)
{
    unanswered_child(IKE_XCHG_V2_FOLLOWUP_KE);
}

static void children(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_child(&l, INITIATOR, 2);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_FOLLOWUP_KE, 3, 900);
    v2_response(&l, INITIATOR, IKE_XCHG_V2_FOLLOWUP_KE, 3, 880);
    v2_child(&l, RESPONDER, 0);
    long_after(&l);
    expect_labels(&l, UP " " CHILD " IKE_FOLLOWUP_KE.req IKE_FOLLOWUP_KE.resp " CHILD " .");
    for (uint32_t frame = 5; frame <= 10; frame++)
        expect_number(&l, frame, 0);
    expect_sas(&l, 1);
    expect_no_finding(&l, "child_noresp");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Two tunnels between the same gateways: the newer is deleted, and the answer to that is lost. */
static void peer_goes_on_beside(void)
{
    ladder l;
    v2_spis older;

    ladder_begin(&l);
    v2_establish(&l);
    older = v2_current(&l);
    after(&l, 600);
    next_sa(&l);
    v2_establish(&l);
    after(&l, 600);
    info_req(&l, INITIATOR, 2);
    after(&l, 4);
    info_req(&l, INITIATOR, 2);
    after(&l, 7);
    info_req(&l, INITIATOR, 2);
    v2_use(&l, older);
    after(&l, 20);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_finding(&l, "dpd_fail", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* A second tunnel that came and went long before does not excuse a peer that is dead now. */
static void newer_sa_ended(void)
{
    ladder l;
    v2_spis older;

    ladder_begin(&l);
    v2_establish(&l);
    older = v2_current(&l);
    after(&l, 600);
    next_sa(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    v2_use(&l, older);
    after(&l, 600);
    v2_info(&l, INITIATOR, 2);
    after(&l, 30);
    info_req(&l, INITIATOR, 3);
    after(&l, 4);
    info_req(&l, INITIATOR, 3);
    after(&l, 7);
    info_req(&l, INITIATOR, 3);
    long_after(&l);
    expect_finding(&l, "dpd_fail", WARN);
    expect_no_finding(&l, "superseded");
    ladder_end(&l);
}

/* Make before break: the old SA is deleted eight seconds after the new one began, unanswered. */
static void newer_sa_began_before(void)
{
    ladder l;
    v2_spis older;

    ladder_begin(&l);
    v2_establish(&l);
    older = v2_current(&l);
    after(&l, 600);
    next_sa(&l);
    v2_establish(&l);
    v2_use(&l, older);
    after(&l, 8);
    info_req(&l, INITIATOR, 2);
    after(&l, 4);
    info_req(&l, INITIATOR, 2);
    after(&l, 7);
    info_req(&l, INITIATOR, 2);
    long_after(&l);
    expect_finding(&l, "superseded", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
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
    g_test_add_func("/ikev2/liveness/fails", liveness_fails);
    g_test_add_func("/ikev2/liveness/of-the-responder-fails", liveness_of_the_responder_fails);
    g_test_add_func("/ikev2/liveness/recovers", liveness_recovers);
    g_test_add_func("/ikev2/information/twice", information_twice);
    g_test_add_func("/ikev2/information/once", information_once);
    g_test_add_func("/ikev2/information/pending", information_pending);
    g_test_add_func("/ikev2/child/unanswered", child_unanswered);
    g_test_add_func("/ikev2/child/followup-unanswered", followup_unanswered);
    g_test_add_func("/ikev2/child/answered", children);
    g_test_add_func("/ikev2/info/peer-goes-on-beside", peer_goes_on_beside);
    g_test_add_func("/ikev2/info/newer-sa-ended", newer_sa_ended);
    g_test_add_func("/ikev2/info/newer-sa-began-before", newer_sa_began_before);
    return g_test_run();
}
