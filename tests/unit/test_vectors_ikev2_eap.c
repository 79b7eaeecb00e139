/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vector 35: EAP, in rounds of IKE_AUTH.
 */
#include "ladder2.h"

#define MEDIUM 112

/* Round `n` of EAP: the responder's identity comes with the first response, its proof in the long last one. */
static void eap_round(ladder *l, uint32_t n, size_t response)
{
    l->v2.inner = n == 1 ? 0 : IKE_PL_V2_EAP;
    v2_request(l, INITIATOR, IKE_XCHG_V2_AUTH, n, n == 1 ? V2_AUTH_LENGTH : MEDIUM);
    l->v2.inner = n == 1 ? 0 : response == V2_AUTH_LENGTH ? IKE_PL_V2_AUTH : IKE_PL_V2_EAP;
    v2_auth_resp(l, n, response);
}

/* IKE_SA_INIT and EAP as far as the inner method goes; three rounds. */
static void eap_begins(ladder *l)
{
    v2_init(l);
    eap_round(l, 1, V2_AUTH_LENGTH);
    eap_round(l, 2, MEDIUM);
}

/* EAP-Success is in the response of round 6, small as a refusal. */
static void seven_rounds(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    for (uint32_t n = 1; n <= 7; n++)
        eap_round(&l, n, n == 6 ? V2_SMALL_LENGTH : n == 1 || n == 7 ? V2_AUTH_LENGTH : MEDIUM);
    esp_both_ways(&l);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " " AUTH " " AUTH " " AUTH " " AUTH " " AUTH " " AUTH
                      " esp esp .");
    for (uint32_t n = 1; n <= 7; n++) {
        expect_number(&l, 2 * n + 1, n);
        expect_number(&l, 2 * n + 2, n);
        expect_pair(&l, 2 * n + 1, 2 * n + 2);
    }
    expect_no_finding(&l, "auth_small");
    expect_no_finding(&l, "eap_fail");
    expect_established(&l, 0);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* People type, and servers look things up: 25 s before a request, or 3 s before its response. */
static void slow_rounds(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    after(&l, 25);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_AUTH, 3, MEDIUM);
    after(&l, 3);
    v2_auth_resp(&l, 3, V2_SMALL_LENGTH);
    eap_round(&l, 4, V2_AUTH_LENGTH);
    esp_both_ways(&l);
    long_after(&l);
    expect_times(&l, 8, 3, 3);
    expect_established(&l, 0);
    expect_no_finding(&l, "slow");
    expect_no_finding(&l, "eap_fail");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* After the last round of EAP the SA is used like any other. */
static void information_after_eap(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    eap_round(&l, 3, V2_SMALL_LENGTH);
    eap_round(&l, 4, V2_AUTH_LENGTH);
    esp_both_ways(&l);
    after(&l, 20);
    v2_info(&l, INITIATOR, 5);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_no_finding(&l, "eap_fail");
    expect_established(&l, 0);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* RFC 4555 3.5: UPDATE_SA_ADDRESSES with NAT detection is no farewell. */
static void addresses_after_eap(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    eap_round(&l, 1, V2_AUTH_LENGTH);
    eap_round(&l, 2, MEDIUM);
    eap_round(&l, 3, V2_AUTH_LENGTH);
    after(&l, 1);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_INFO, 4, 160);
    v2_info_resp(&l, INITIATOR, 4);
    long_after(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    expect_established(&l, 0);
    ladder_end(&l);
}

/* AUTH comes after EAP-Success only: who leaves at once was not refused. */
static void leaves_after_auth(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    eap_round(&l, 3, V2_SMALL_LENGTH);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_AUTH, 4, MEDIUM);
    l.v2.inner = IKE_PL_V2_AUTH;
    v2_auth_resp(&l, 4, V2_AUTH_LENGTH);
    after(&l, 1);
    v2_info(&l, INITIATOR, 5);
    long_after(&l);
    expect_no_finding(&l, "eap_fail");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* ---- failures, and what looks like them ---- */

/* The last response holds no more than EAP-Failure, and nothing follows. */
static void eap_fails(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    eap_round(&l, 3, V2_SMALL_LENGTH);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " " AUTH " " AUTH " .");
    expect_number(&l, 8, 3);
    expect_one_finding(&l, "eap_fail", WARN);
    expect_finding_on_a_frame(&l, "eap_fail");
    expect_inferred(&l, "eap_fail");
    expect_no_finding(&l, "auth_small");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* The initiator tells that it gives up. */
static void eap_fails_with_a_message(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    eap_round(&l, 3, MEDIUM);
    l.v2.inner = IKE_PL_V2_NOTIFY;
    v2_info(&l, INITIATOR, 4);
    long_after(&l);
    expect_finding(&l, "eap_fail", WARN);
    expect_inferred(&l, "eap_fail");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* EAP-Success looks like EAP-Failure: a capture that ends there says nothing. */
static void capture_ends_at_eap_success(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    eap_round(&l, 3, V2_SMALL_LENGTH);
    expect_no_finding(&l, "eap_fail");
    expect_no_finding(&l, "auth_small");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Silence alone is no failure: somebody still looks for the password. */
static void silence_in_eap(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    long_after(&l);
    expect_state(&l, 0, IKE_STATE_AUTHENTICATING);
    expect_no_finding(&l, "eap_fail");
    expect_no_finding(&l, "auth_small");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* A liveness check after success is no goodbye, nor is a response that begins with the configuration a refusal. */
static void liveness_after_eap(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    eap_round(&l, 3, V2_SMALL_LENGTH);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_AUTH, 4, MEDIUM);
    l.v2.inner = IKE_PL_V2_CONFIG;
    v2_auth_resp(&l, 4, V2_AUTH_LENGTH);
    v2_info(&l, INITIATOR, 5);
    long_after(&l);
    expect_no_finding(&l, "eap_fail");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* The start of a method is as long as EAP-Failure, and the user looks for the card. */
static void user_takes_time(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    eap_round(&l, 1, V2_AUTH_LENGTH);
    eap_round(&l, 2, V2_SMALL_LENGTH);
    after(&l, 20);
    foreign(&l);
    expect_no_finding(&l, "eap_fail");
    v2_request(&l, INITIATOR, IKE_XCHG_V2_AUTH, 3, MEDIUM); /* and pushes a request to the phone */
    for (int i = 0; i < 3; i++) {
        after(&l, 4);
        v2_request(&l, INITIATOR, IKE_XCHG_V2_AUTH, 3, MEDIUM);
    }
    long_after(&l);
    expect_no_finding(&l, "auth_noresp");
    long_after(&l);
    expect_finding(&l, "auth_noresp", WARN);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/35-seven-rounds", seven_rounds);
    g_test_add_func("/vector/35-slow-rounds", slow_rounds);
    g_test_add_func("/ikev2/eap/information-after-it", information_after_eap);
    g_test_add_func("/ikev2/eap/addresses-after-it", addresses_after_eap);
    g_test_add_func("/ikev2/eap/leaves-after-auth", leaves_after_auth);
    g_test_add_func("/ikev2/eap/fails", eap_fails);
    g_test_add_func("/ikev2/eap/fails-with-a-message", eap_fails_with_a_message);
    g_test_add_func("/ikev2/eap/capture-ends-at-success", capture_ends_at_eap_success);
    g_test_add_func("/ikev2/eap/liveness-after-it", liveness_after_eap);
    g_test_add_func("/ikev2/eap/user-takes-time", user_takes_time);
    g_test_add_func("/ikev2/eap/silence", silence_in_eap);
    return g_test_run();
}
