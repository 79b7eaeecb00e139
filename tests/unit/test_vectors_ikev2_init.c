/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 31 to 34: attempts and refusals of IKE_SA_INIT.
 */
#include "ladder2.h"

/* ---- a negotiation with nothing to say about ---- */

static void clean(void)
{
    static const unsigned numbers[] = { 1, 1, 1, 1, 0, 0 };
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " " INFO " .");
    expect_live_labels(&l, INIT " " AUTH " " INFO " .");
    for (uint32_t frame = 1; frame <= 6; frame++) {
        expect_number(&l, frame, numbers[frame - 1]);
        expect_sender(&l, frame, frame % 2 ? IKE_ROLE_INITIATOR : IKE_ROLE_RESPONDER);
        expect_known_by(&l, frame, IKE_KNOWN_CONTENT);
        expect_sa_of(&l, frame, 0);
    }
    expect_pair(&l, 1, 2);
    expect_pair(&l, 3, 4);
    expect_pair(&l, 5, 6);
    expect_times(&l, 4, 0.01, 0.01);
    expect_messages(&l, 6);
    expect_sas(&l, 1);
    expect_no_parent(&l, 0);
    expect_established(&l, 0);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_NO);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    expect_no_finding(&l, "joined");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The state after each message. */
static void states_in_turn(void)
{
    static const ike_state states[] = { IKE_STATE_OFFERED, IKE_STATE_CHOSEN,
                                        IKE_STATE_AUTHENTICATING };
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    expect_state(&l, 0, IKE_STATE_OFFERED);
    v2_init_resp(&l);
    expect_state(&l, 0, IKE_STATE_CHOSEN);
    v2_auth_req(&l, 1);
    expect_state(&l, 0, IKE_STATE_AUTHENTICATING);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    expect_state(&l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    v2_info(&l, INITIATOR, 2);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    for (uint32_t frame = 1; frame <= 3; frame++)
        expect_state_after(&l, frame, states[frame - 1]);
    ladder_end(&l);
}

/* ---- 31: COOKIE and INVALID_KE_PAYLOAD ---- */

static void cookie_then_group(void)
{
    static const unsigned numbers[] = { 1, 1, 2, 2, 3, 3, 1, 1 };
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_cookie(&l, 1);
    v2_retry(&l, 14, 1);
    v2_invalid_ke(&l, 19);
    v2_retry(&l, 19, 1);
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_labels(&l, INIT " " INIT " " INIT " " AUTH " .");
    for (uint32_t frame = 1; frame <= 8; frame++)
        expect_number(&l, frame, numbers[frame - 1]);
    expect_pair(&l, 1, 2);
    expect_pair(&l, 3, 4);
    expect_pair(&l, 5, 6);
    expect_sas(&l, 1);
    expect_messages(&l, 8);
    expect_finding(&l, "init_cookie", NOTE);
    expect_finding_on_a_frame(&l, "init_cookie");
    expect_finding(&l, "init_ke", CHAT);
    expect_finding_on_a_frame(&l, "init_ke");
    expect_no_findings(&l, "v2_msgid_reuse init_cookie_loop init_ke_loop cookie_reused retrans");
    expect_nothing_unanswered(&l);
    expect_established(&l, 0);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* A copy is no attempt of its own, and the time of an answer begins with its own attempt. */
static void copies_are_no_attempts(void)
{
    ladder l;

    ladder_begin(&l);
    at(&l, 0);
    v2_init_req(&l, 14);
    at(&l, 1);
    v2_init_req(&l, 14);
    at(&l, 1.1);
    v2_cookie(&l, 1);
    at(&l, 1.2);
    v2_retry(&l, 14, 1);
    at(&l, 2.2);
    v2_retry(&l, 14, 1);
    at(&l, 2.3);
    v2_init_resp(&l);
    expect_labels(&l, "IKE_SA_INIT.req IKE_SA_INIT.req+ IKE_SA_INIT.resp "
                      "IKE_SA_INIT.req IKE_SA_INIT.req+ IKE_SA_INIT.resp");
    expect_number(&l, 2, 1);
    expect_number(&l, 3, 1);
    expect_number(&l, 4, 2);
    expect_number(&l, 5, 2);
    expect_number(&l, 6, 2);
    expect_retransmission(&l, 2, 1, 1);
    expect_retransmission(&l, 5, 4, 1);
    expect_pair(&l, 1, 3);
    expect_pair(&l, 4, 6);
    expect_times(&l, 6, 1.1, 0.1);
    expect_messages(&l, 4);
    ladder_end(&l);
}

/* Another nonce is another attempt; not answered yet, it is the same SA. */
static void changed_offer(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    after(&l, 2);
    anew(&l);
    v2_establish(&l);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.req " INIT " " AUTH " .");
    expect_number(&l, 1, 1);
    expect_number(&l, 2, 2);
    expect_number(&l, 3, 2);
    expect_no_response(&l, 1);
    expect_pair(&l, 2, 3);
    expect_sas(&l, 1);
    expect_no_finding(&l, "cookie_reused");
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_nothing_unanswered(&l);
    ladder_end(&l);
}

static void group_once(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_invalid_ke(&l, 19);
    v2_init_req(&l, 19);
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_finding(&l, "init_ke", CHAT);
    expect_no_finding(&l, "init_ke_loop");
    expect_no_finding(&l, "init_reject");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void clean_asks_for_nothing(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " .");
    expect_no_findings(&l, "init_cookie init_cookie_loop init_ke init_ke_loop init_noprop init_reject "
                           "init_redirect init_noreply mm_version sibling simul");
    ladder_end(&l);
}

/* ---- 32: a group that nobody has ---- */

static void group_loop(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_invalid_ke(&l, 20);
    anew(&l);
    v2_init_req(&l, 14);
    v2_invalid_ke(&l, 20);
    long_after(&l);
    expect_labels(&l, INIT " " INIT " .");
    expect_number(&l, 4, 2);
    expect_one_finding(&l, "init_ke_loop", ERROR);
    expect_finding_on_a_frame(&l, "init_ke_loop");
    expect_finding_says(&l, "init_ke_loop", "20");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* One refusal is enough when the group was never offered .. */
static void group_not_offered(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_invalid_ke(&l, 20);
    long_after(&l);
    expect_finding(&l, "init_ke_loop", ERROR);
    expect_finding_at(&l, 2, "init_ke_loop");
    ladder_end(&l);
}

/* .. or when the retry keeps the refused one. */
static void group_kept(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_invalid_ke(&l, 19);
    anew(&l);
    v2_init_req(&l, 14);
    long_after(&l);
    expect_finding(&l, "init_ke_loop", ERROR);
    ladder_end(&l);
}

/* Refusals are counted for each SA. */
static void group_once_for_each_sa(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 3; i++) {
        v2_init_req(&l, 14);
        v2_invalid_ke(&l, 19);
        v2_init_req(&l, 19);
        v2_init_resp(&l);
        v2_auth(&l);
        after(&l, 10);
        next_sa(&l);
    }
    expect_sas(&l, 3);
    expect_findings(&l, "init_ke", 3);
    expect_no_finding(&l, "init_ke_loop");
    ladder_end(&l);
}

/* ---- 33: a cookie that never fits ---- */

/* A NAT gives each sending another port, and the cookie is a hash over it. */
static void cookie_loop_behind_nat(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    for (unsigned i = 0; i < 3; i++) {
        l.hosts[INITIATOR].seen.port = l.hosts[INITIATOR].known.port = (uint16_t)(20000 + i);
        v2_retry(&l, 14, i);
        v2_cookie(&l, i + 1);
    }
    long_after(&l);
    expect_labels(&l, INIT " " INIT " " INIT " .");
    expect_sas(&l, 1);
    expect_number(&l, 6, 3);
    expect_pair(&l, 5, 6);
    expect_one_finding(&l, "init_cookie_loop", ERROR);
    expect_finding_says(&l, "init_cookie_loop", "port");
    expect_finding_says(&l, "init_cookie_loop", "NAT");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void cookie_loop(void)
{
    ladder l;

    ladder_begin(&l);
    for (unsigned i = 0; i < 3; i++) {
        v2_retry(&l, 14, i);
        v2_cookie(&l, i + 1);
    }
    long_after(&l);
    expect_finding(&l, "init_cookie_loop", ERROR);
    expect_finding_at(&l, 6, "init_cookie_loop");
    ladder_end(&l);
}

/* A responder may change its secret in between. */
static void two_cookies(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_cookie(&l, 1);
    v2_retry(&l, 14, 1);
    v2_cookie(&l, 2);
    v2_retry(&l, 14, 2);
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_number(&l, 6, 3);
    expect_finding(&l, "init_cookie", NOTE);
    expect_no_finding(&l, "init_cookie_loop");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* Copies of one COOKIE response are one. */
static void copies_of_a_cookie(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 4; i++) {
        v2_init_req(&l, 14);
        v2_cookie(&l, 1);
        after(&l, 1);
    }
    v2_retry(&l, 14, 1);
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_no_finding(&l, "init_cookie_loop");
    expect_finding(&l, "init_cookie", NOTE);
    expect_nothing_unanswered(&l);
    ladder_end(&l);
}

/* ---- 34: answers that make no SA ---- */

static void cookie_without_spi(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_cookie(&l, 1);
    expect_labels(&l, INIT);
    expect_pair(&l, 1, 2);
    expect_sas(&l, 1);
    expect_sender(&l, 2, IKE_ROLE_RESPONDER);
    expect_no_finding(&l, "zero_cookie");
    expect_no_finding(&l, "joined");
    expect_state(&l, 0, IKE_STATE_OFFERED);
    expect_responder_spi(&l, 0, 0);
    ladder_end(&l);
}

/* Some responders put an SPI of their own there, another each time. */
static void refusals_with_spi(void)
{
    ladder l;
    const uint64_t own = UINT64_C(0x2222222222222201);

    ladder_begin(&l);
    l.v2.spi_in_errors = true;
    v2_init_req(&l, 14);
    l.spi_r = own + 0x100;
    v2_cookie(&l, 1);
    expect_responder_spi(&l, 0, 0);
    v2_retry(&l, 14, 1);
    l.spi_r = own + 0x200;
    v2_invalid_ke(&l, 19);
    expect_responder_spi(&l, 0, 0);
    v2_retry(&l, 19, 1);
    l.spi_r = own;
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_labels(&l, INIT " " INIT " " INIT " " AUTH " .");
    expect_sas(&l, 1);
    expect_pair(&l, 1, 2);
    expect_pair(&l, 3, 4);
    expect_pair(&l, 5, 6);
    expect_no_finding(&l, "sibling");
    expect_responder_spi(&l, 0, own);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- refusals ---- */

static void refused(uint16_t notify, bool with_spi, const char *id)
{
    ladder l;

    ladder_begin(&l);
    l.v2.spi_in_errors = with_spi;
    v2_init_req(&l, 14);
    v2_init_error(&l, notify);
    long_after(&l);
    g_test_message("notify %u", notify);
    expect_labels(&l, INIT " .");
    expect_sas(&l, 1);
    expect_pair(&l, 1, 2);
    expect_finding(&l, id, ERROR);
    expect_finding_at(&l, 2, id);
    expect_nothing_unanswered(&l);
    expect_no_finding(&l, "joined");
    expect_failed(&l, 0, true);
    expect_responder_spi(&l, 0, 0);
    ladder_end(&l);
}

static void no_proposal(void)
{
    refused(V2_N_NO_PROPOSAL_CHOSEN, false, "init_noprop");
    refused(V2_N_NO_PROPOSAL_CHOSEN, true, "init_noprop");
}

static void other_refusals(void)
{
    refused(V2_N_INVALID_SYNTAX, false, "init_reject");
    refused(V2_N_AUTHENTICATION_FAILED, true, "init_reject");
}

/* RFC 7296 2.21.1: nobody proves who sent the refusal; the initiator waits for a better answer. */
static void refused_then_answered(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_init_error(&l, V2_N_NO_PROPOSAL_CHOSEN);
    after(&l, 1);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, INIT " IKE_SA_INIT.req+ IKE_SA_INIT.resp " AUTH " " INFO " .");
    expect_sas(&l, 1);
    expect_established(&l, 0);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding_above(&l, WARN, NULL);
    ladder_end(&l);
}

static void redirect(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_redirect(&l, "10.9.0.9");
    host_is(&l, RESPONDER, "10.9.0.9", 500);
    next_sa(&l);
    v2_redirected_req(&l, "10.2.0.2");
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_labels(&l, INIT " " INIT " " AUTH " .");
    expect_sas(&l, 2);
    expect_finding(&l, "init_redirect", CHAT);
    expect_finding_at(&l, 2, "init_redirect");
    expect_finding_says(&l, "init_redirect", "10.9.0.9");
    expect_findings(&l, "init_redirect", 1);
    expect_state(&l, 0, IKE_STATE_REDIRECTED);
    expect_state(&l, 1, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The round trip takes longer than the timer of the initiator: a repeat is refused as well, after
 * the initiator has followed. */
static void late_repeat_of_a_refusal(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 19);
    at(&l, 0.5);
    v2_init_req(&l, 19);
    at(&l, 0.6);
    v2_invalid_ke(&l, 14);
    v2_init_req(&l, 14);
    at(&l, 1.1);
    v2_invalid_ke(&l, 14);
    at(&l, 7);
    expect_labels(&l, "IKE_SA_INIT.req IKE_SA_INIT.req+ IKE_SA_INIT.resp IKE_SA_INIT.req "
                      "IKE_SA_INIT.resp+");
    expect_no_finding(&l, "init_ke_loop");
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_pair(&l, 4, 6);
    expect_finding(&l, "init_ke", CHAT);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/clean", clean);
    g_test_add_func("/ikev2/states-in-turn", states_in_turn);
    g_test_add_func("/vector/31-cookie-then-group", cookie_then_group);
    g_test_add_func("/vector/31-copies-are-no-attempts", copies_are_no_attempts);
    g_test_add_func("/vector/31-changed-offer", changed_offer);
    g_test_add_func("/vector/31-group-once", group_once);
    g_test_add_func("/vector/31-clean-asks-for-nothing", clean_asks_for_nothing);
    g_test_add_func("/vector/32-group-loop", group_loop);
    g_test_add_func("/vector/32-group-not-offered", group_not_offered);
    g_test_add_func("/vector/32-group-kept", group_kept);
    g_test_add_func("/vector/32-group-once-for-each-sa", group_once_for_each_sa);
    g_test_add_func("/vector/33-cookie-loop-behind-nat", cookie_loop_behind_nat);
    g_test_add_func("/vector/33-cookie-loop", cookie_loop);
    g_test_add_func("/vector/33-two-cookies", two_cookies);
    g_test_add_func("/vector/33-copies-of-a-cookie", copies_of_a_cookie);
    g_test_add_func("/vector/34-cookie-without-spi", cookie_without_spi);
    g_test_add_func("/vector/34-refusals-with-spi", refusals_with_spi);
    g_test_add_func("/ikev2/refusal/no-proposal", no_proposal);
    g_test_add_func("/ikev2/refusal/others", other_refusals);
    g_test_add_func("/ikev2/refusal/then-answered", refused_then_answered);
    g_test_add_func("/ikev2/refusal/redirect", redirect);
    g_test_add_func("/ikev2/init/late-repeat-of-a-refusal", late_repeat_of_a_refusal);
    return g_test_run();
}
