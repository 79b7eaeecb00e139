/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 35, 36 and 43: IKE_AUTH, EAP and IKE_INTERMEDIATE.
 */
#include "ladder2.h"

#define CHAT IKE_SEVERITY_CHAT
#define NOTE IKE_SEVERITY_NOTE
#define WARN IKE_SEVERITY_WARN
#define ERROR IKE_SEVERITY_ERROR

#define INIT "IKE_SA_INIT.req IKE_SA_INIT.resp"
#define AUTH "IKE_AUTH.req IKE_AUTH.resp"
#define INFO "INFORMATIONAL.req INFORMATIONAL.resp"
#define INTERMEDIATE "IKE_INTERMEDIATE.req IKE_INTERMEDIATE.resp"

#define SMALL 80 /* AES-CBC with SHA2-256: up to 15 bytes inside */
#define MEDIUM 112

static void init(ladder *l)
{
    v2_init_req(l, 14);
    v2_init_resp(l);
}

/* Round `n` of EAP. */
static void eap_round(ladder *l, uint32_t n, size_t response)
{
    v2_request(l, INITIATOR, IKE_XCHG_V2_AUTH, n, n == 1 ? V2_AUTH_LENGTH : MEDIUM);
    v2_auth_resp(l, n, response);
}

/* IKE_SA_INIT and EAP as far as the inner method goes; three rounds. */
static void eap_begins(ladder *l)
{
    init(l);
    eap_round(l, 1, V2_AUTH_LENGTH);
    eap_round(l, 2, MEDIUM);
}

static void esp_both_ways(ladder *l)
{
    esp(l, INITIATOR, 0x1000, 1);
    esp(l, RESPONDER, 0x2000, 1);
}

/* The capture goes on long enough for every verdict. */
static void long_after(ladder *l)
{
    after(l, 30);
    foreign(l);
}

/* ---- 35: EAP ---- */

/* EAP-Success is in the response of round 6, small as a refusal. */
static void seven_rounds(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    for (uint32_t n = 1; n <= 7; n++)
        eap_round(&l, n, n == 6 ? SMALL : n == 1 || n == 7 ? V2_AUTH_LENGTH : MEDIUM);
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
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* People type, and servers look things up: R2.2.2. */
static void slow_rounds(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    after(&l, 25);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_AUTH, 3, MEDIUM);
    after(&l, 3);
    v2_auth_resp(&l, 3, SMALL);
    eap_round(&l, 4, V2_AUTH_LENGTH);
    esp_both_ways(&l);
    long_after(&l);
    expect_no_finding(&l, "slow");
    expect_no_finding(&l, "eap_fail");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The last response holds no more than EAP-Failure, and nothing follows. */
static void eap_fails(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    eap_round(&l, 3, SMALL);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " " AUTH " " AUTH " .");
    expect_number(&l, 8, 3);
    expect_finding(&l, "eap_fail", WARN);
    expect_findings(&l, "eap_fail", 1);
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
    eap_round(&l, 3, SMALL);
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
    expect_state(&l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    expect_no_finding(&l, "eap_fail");
    expect_no_finding(&l, "auth_small");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* After the last round of EAP the SA is used like any other. */
static void information_after_eap(void)
{
    ladder l;

    ladder_begin(&l);
    eap_begins(&l);
    eap_round(&l, 3, SMALL);
    eap_round(&l, 4, V2_AUTH_LENGTH);
    esp_both_ways(&l);
    after(&l, 20);
    v2_info(&l, INITIATOR, 5);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_no_finding(&l, "eap_fail");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- 36: a small response ---- */

static void small_response(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, 76);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " .");
    expect_finding(&l, "auth_small", WARN);
    expect_findings(&l, "auth_small", 1);
    expect_finding_at(&l, 4, "auth_small");
    expect_finding_says(&l, "auth_small", "76");
    expect_inferred(&l, "auth_small");
    expect_no_finding(&l, "auth_failed");
    expect_no_finding(&l, "eap_fail");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void small_response_and_traffic(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, 76);
    v2_info(&l, INITIATOR, 2);
    esp_both_ways(&l);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " " INFO " esp esp .");
    expect_no_finding(&l, "auth_small");
    expect_no_finding(&l, "eap_fail");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* 28 + 4 + IV + roundup(17, block) + ICV: the longest response with 16 bytes inside, and the next
 * longer one that the cipher can make. */
static const struct {
    wire_v2_transform suite[3];
    size_t longest, longer;
} suites[] = {
    { { { WIRE_V2_ENCR, 20, 256 }, { WIRE_V2_PRF, 5, 0 }, { 0 } }, 73, 74 },
    { { { WIRE_V2_ENCR, 28, 0 }, { WIRE_V2_PRF, 5, 0 }, { 0 } }, 73, 74 },
    { { { WIRE_V2_ENCR, 3, 0 }, { WIRE_V2_PRF, 2, 0 }, { WIRE_V2_INTEG, 2, 0 } }, 76, 84 },
    { { { WIRE_V2_ENCR, 12, 128 }, { WIRE_V2_PRF, 2, 0 }, { WIRE_V2_INTEG, 2, 0 } }, 92, 108 },
    { { { WIRE_V2_ENCR, 12, 256 }, { WIRE_V2_PRF, 5, 0 }, { WIRE_V2_INTEG, 12, 0 } }, 96, 112 },
    { { { WIRE_V2_ENCR, 12, 256 }, { WIRE_V2_PRF, 6, 0 }, { WIRE_V2_INTEG, 13, 0 } }, 104, 120 },
    { { { WIRE_V2_ENCR, 12, 256 }, { WIRE_V2_PRF, 7, 0 }, { WIRE_V2_INTEG, 14, 0 } }, 112, 128 },
};

static void response_of(size_t suite, size_t length, bool is_small)
{
    ladder l;

    ladder_begin(&l);
    for (size_t i = 0; i < G_N_ELEMENTS(l.v2.suite); i++)
        l.v2.suite[i] = suites[suite].suite[i];
    init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, length);
    long_after(&l);
    g_test_message("suite %u, %u bytes", (unsigned)suite, (unsigned)length);
    if (is_small)
        expect_finding(&l, "auth_small", WARN);
    else
        expect_no_finding(&l, "auth_small");
    expect_failed(&l, 0, is_small);
    ladder_end(&l);
}

static void how_small(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        response_of(i, suites[i].longest, true);
        response_of(i, suites[i].longer, false);
    }
}

/* The suite is not in the capture: what AES-CBC with SHA2-256 makes is the measure. A negotiation
 * whose start is not in the capture never failed (R6.1.5). */
static void suite_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, 96);
    long_after(&l);
    expect_finding(&l, "auth_small", WARN);
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

static void suite_not_captured_longer(void)
{
    ladder l;

    ladder_begin(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, 97);
    long_after(&l);
    expect_no_finding(&l, "auth_small");
    ladder_end(&l);
}

/* R6.1.1: a long response is a proof once no round of EAP can follow .. */
static void established_by_length(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    expect_state(&l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    long_after(&l);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* .. one of a middle size is none, but what follows it is. */
static void established_by_what_follows(void)
{
    ladder l;

    ladder_begin(&l);
    l.v2.suite[0] = (wire_v2_transform){ WIRE_V2_ENCR, 20, 256 };
    l.v2.suite[2] = (wire_v2_transform){ 0 };
    init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, 100);
    after(&l, 30);
    foreign(&l);
    expect_state(&l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    expect_failed(&l, 0, false);
    v2_info(&l, RESPONDER, 0);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    ladder_end(&l);
}

/* ---- refused in the clear ---- */

static void authentication_failed(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_AUTH, 1, V2_N_AUTHENTICATION_FAILED);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " .");
    expect_finding(&l, "auth_failed", ERROR);
    expect_finding_at(&l, 4, "auth_failed");
    expect_no_finding(&l, "auth_small");
    expect_no_finding(&l, "malformed");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* Nobody proves who sent it: the negotiation goes on. */
static void authentication_goes_on(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_AUTH, 1, V2_N_AUTHENTICATION_FAILED);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " IKE_AUTH.resp " INFO " .");
    expect_pair(&l, 3, 5);
    expect_number(&l, 4, 0);
    expect_number(&l, 5, 1);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, WARN, NULL);
    ladder_end(&l);
}

/* ---- nobody answers IKE_AUTH ---- */

static void unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    move_to_4500(&l);
    for (int i = 0; i < 4; i++) {
        v2_auth_req(&l, 1);
        after(&l, 1 << i);
    }
    long_after(&l);
    expect_labels(&l, INIT " IKE_AUTH.req IKE_AUTH.req+ IKE_AUTH.req+ IKE_AUTH.req+ .");
    expect_sas(&l, 1);
    expect_finding(&l, "auth_noresp", WARN);
    expect_findings(&l, "auth_noresp", 1);
    expect_finding_at(&l, 6, "auth_noresp");
    expect_no_finding(&l, "init_noreply");
    expect_no_finding(&l, "oneway_capture");
    expect_no_finding(&l, "auth_small");
    expect_state(&l, 0, IKE_STATE_AUTHENTICATING);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void unanswered_once(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    long_after(&l);
    expect_finding(&l, "auth_noresp", NOTE);
    ladder_end(&l);
}

static void pending(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    after(&l, 1);
    foreign(&l);
    expect_finding(&l, "pending", CHAT);
    expect_no_finding(&l, "auth_noresp");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The response is not in the capture, but what follows proves it (R2.3). */
static void response_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    after(&l, 1);
    v2_auth_req(&l, 1);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, INIT " IKE_AUTH.req IKE_AUTH.req+ " INFO " .");
    expect_finding(&l, "not_captured", CHAT);
    expect_nothing_unanswered(&l);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* .. and so does IKE_AUTH for IKE_SA_INIT. */
static void init_response_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    after(&l, 1);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.req " AUTH " .");
    expect_sas(&l, 1);
    expect_no_response(&l, 1);
    expect_finding(&l, "not_captured", CHAT);
    expect_nothing_unanswered(&l);
    expect_no_finding(&l, "joined");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- 43: IKE_INTERMEDIATE ---- */

static void intermediate(void)
{
    ladder l;

    ladder_begin(&l);
    l.v2.intermediate = true;
    init(&l);
    v2_intermediate(&l, 1);
    v2_intermediate(&l, 2);
    v2_auth_req(&l, 3);
    v2_auth_resp(&l, 3, V2_AUTH_LENGTH);
    long_after(&l);
    expect_labels(&l, INIT " " INTERMEDIATE " " INTERMEDIATE " " AUTH " .");
    expect_number(&l, 3, 1);
    expect_number(&l, 4, 1);
    expect_number(&l, 5, 2);
    expect_number(&l, 6, 2);
    expect_number(&l, 7, 1);
    expect_number(&l, 8, 1);
    expect_pair(&l, 5, 6);
    expect_pair(&l, 7, 8);
    expect_state_after(&l, 4, IKE_STATE_KEYING);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding(&l, "int_noresp");
    expect_no_finding(&l, "auth_small");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The first round of IKE_AUTH is the one that a small response refuses, whatever its message ID. */
static void small_response_after_intermediate(void)
{
    ladder l;

    ladder_begin(&l);
    l.v2.intermediate = true;
    init(&l);
    v2_intermediate(&l, 1);
    v2_auth_req(&l, 2);
    v2_auth_resp(&l, 2, SMALL);
    long_after(&l);
    expect_number(&l, 6, 1);
    expect_finding(&l, "auth_small", WARN);
    expect_no_finding(&l, "eap_fail");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void intermediate_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    l.v2.intermediate = true;
    init(&l);
    v2_intermediate(&l, 1);
    for (int i = 0; i < 3; i++) {
        v2_request(&l, INITIATOR, IKE_XCHG_V2_INTERMEDIATE, 2, 900);
        after(&l, 2);
    }
    long_after(&l);
    expect_finding(&l, "int_noresp", WARN);
    expect_finding_at(&l, 7, "int_noresp");
    expect_no_finding(&l, "auth_noresp");
    expect_no_finding(&l, "init_noreply");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* ---- IP fragments ---- */

static void long_request(ladder *l, const char *pieces)
{
    in_ip_fragments(l, 1480, pieces);
    v2_request(l, INITIATOR, IKE_XCHG_V2_AUTH, 1, 1652);
}

static void ip_fragments(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    long_request(&l, NULL);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    long_after(&l);
    expect_labels(&l, INIT " ~ IKE_AUTH.req IKE_AUTH.resp .");
    expect_piece(&l, 3, 1, 2, 4);
    expect_pair(&l, 4, 5);
    expect_finding_at(&l, 4, "ipfrag");
    expect_no_finding(&l, "skf");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void lost_ip_fragments(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    for (int i = 0; i < 4; i++) {
        long_request(&l, "1");
        after(&l, 1 << i);
    }
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ ~ .");
    expect_finding(&l, "ipfrag_loss", WARN);
    expect_finding(&l, "auth_noresp", WARN);
    expect_findings(&l, "auth_noresp", 1);
    expect_no_finding(&l, "init_noreply");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* RFC 4555 3.5: UPDATE_SA_ADDRESSES with NAT detection is no farewell. */
static void addresses_after_eap(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    eap_round(&l, 1, V2_AUTH_LENGTH);
    eap_round(&l, 2, MEDIUM);
    eap_round(&l, 3, V2_AUTH_LENGTH);
    after(&l, 1);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_INFO, 4, 160);
    v2_response(&l, INITIATOR, IKE_XCHG_V2_INFO, 4, V2_INFO_LENGTH);
    long_after(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* The capture lost the response, but both sides use the Child SA. */
static void response_not_captured_esp(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    esp_both_ways(&l);
    long_after(&l);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* .. of an older SA, while the new one is asked for again and again. */
static void unanswered_beside_esp(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    after(&l, 2);
    v2_auth_req(&l, 1);
    esp_both_ways(&l);
    after(&l, 4);
    v2_auth_req(&l, 1);
    esp_both_ways(&l);
    long_after(&l);
    expect_finding(&l, "auth_noresp", WARN);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* Libreswan answers a request that it cannot read by a clear error; it must not stay silent. */
static void refused_in_clear(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_AUTH, 1, V2_N_INVALID_SYNTAX);
    long_after(&l);
    expect_finding(&l, "auth_small", WARN);
    expect_finding_says(&l, "auth_small", "INVALID_SYNTAX");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* What anybody may have sent changes nothing. */
static void refused_in_clear_goes_on(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_AUTH, 1, V2_N_INVALID_SYNTAX);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    long_after(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* Reauthentication fails while the older SA still carries ESP. */
static void small_beside_esp(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    esp_both_ways(&l);
    after(&l, 60);
    next_sa(&l);
    init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, SMALL);
    esp_both_ways(&l);
    long_after(&l);
    expect_finding(&l, "auth_small", WARN);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_failed(&l, 1, true);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/35-seven-rounds", seven_rounds);
    g_test_add_func("/vector/35-slow-rounds", slow_rounds);
    g_test_add_func("/ikev2/eap/fails", eap_fails);
    g_test_add_func("/ikev2/eap/fails-with-a-message", eap_fails_with_a_message);
    g_test_add_func("/ikev2/eap/capture-ends-at-success", capture_ends_at_eap_success);
    g_test_add_func("/ikev2/eap/silence", silence_in_eap);
    g_test_add_func("/ikev2/eap/information-after-it", information_after_eap);
    g_test_add_func("/vector/36-small-response", small_response);
    g_test_add_func("/vector/36-small-response-and-traffic", small_response_and_traffic);
    g_test_add_func("/vector/36-how-small", how_small);
    g_test_add_func("/vector/36-suite-not-captured", suite_not_captured);
    g_test_add_func("/vector/36-suite-not-captured-longer", suite_not_captured_longer);
    g_test_add_func("/vector/36-established-by-length", established_by_length);
    g_test_add_func("/vector/36-established-by-what-follows", established_by_what_follows);
    g_test_add_func("/ikev2/auth/failed", authentication_failed);
    g_test_add_func("/ikev2/auth/goes-on", authentication_goes_on);
    g_test_add_func("/ikev2/auth/unanswered", unanswered);
    g_test_add_func("/ikev2/auth/unanswered-once", unanswered_once);
    g_test_add_func("/ikev2/auth/pending", pending);
    g_test_add_func("/ikev2/auth/response-not-captured", response_not_captured);
    g_test_add_func("/ikev2/auth/init-response-not-captured", init_response_not_captured);
    g_test_add_func("/vector/43-intermediate", intermediate);
    g_test_add_func("/vector/43-small-response-after-it", small_response_after_intermediate);
    g_test_add_func("/vector/43-unanswered", intermediate_unanswered);
    g_test_add_func("/ikev2/ipfrag/complete", ip_fragments);
    g_test_add_func("/ikev2/ipfrag/lost", lost_ip_fragments);
    g_test_add_func("/ikev2/eap/addresses-after-it", addresses_after_eap);
    g_test_add_func("/ikev2/auth/response-not-captured-esp", response_not_captured_esp);
    g_test_add_func("/ikev2/auth/unanswered-beside-esp", unanswered_beside_esp);
    g_test_add_func("/ikev2/auth/refused-in-clear", refused_in_clear);
    g_test_add_func("/ikev2/auth/refused-in-clear-goes-on", refused_in_clear_goes_on);
    g_test_add_func("/ikev2/auth/small-beside-esp", small_beside_esp);
    return g_test_run();
}
