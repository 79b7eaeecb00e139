/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 36 and 43: IKE_AUTH and IKE_INTERMEDIATE.
 */
#include "ladder2.h"

/* ---- 36: a small response ---- */

static void small_response(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, 76);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " .");
    expect_one_finding(&l, "auth_small", WARN);
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
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, 76);
    v2_info(&l, INITIATOR, 2);
    esp_both_ways(&l);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " " INFO " esp esp .");
    expect_no_finding(&l, "auth_small");
    expect_no_finding(&l, "eap_fail");
    expect_established(&l, 0);
    expect_no_finding_above(&l, CHAT, NULL);
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
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, V2_SMALL_LENGTH);
    esp_both_ways(&l);
    long_after(&l);
    expect_finding(&l, "auth_small", WARN);
    expect_established(&l, 0);
    expect_failed(&l, 1, true);
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
    v2_init(&l);
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
 * whose start is not in the capture never failed. */
static void suite_not_captured(gconstpointer data)
{
    const size_t length = GPOINTER_TO_SIZE(data);
    ladder l;

    ladder_begin(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, length);
    long_after(&l);
    if (length <= 96)
        expect_finding(&l, "auth_small", WARN);
    else
        expect_no_finding(&l, "auth_small");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* A long response is a proof once no round of EAP can follow .. */
static void established_by_length(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    expect_state(&l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    long_after(&l);
    expect_established(&l, 0);
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
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, 100);
    long_after(&l);
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
    v2_init(&l);
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
    v2_init(&l);
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
    expect_established(&l, 0);
    expect_no_finding_above(&l, WARN, NULL);
    ladder_end(&l);
}

/* Libreswan answers a request that it cannot read by a clear error; it must not stay silent. */
static void refused_in_clear(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
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
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_AUTH, 1, V2_N_INVALID_SYNTAX);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    long_after(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* ---- nobody answers IKE_AUTH ---- */

static void unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    move_to_4500(&l);
    for (int i = 0; i < 4; i++) {
        v2_auth_req(&l, 1);
        after(&l, 1 << i);
    }
    long_after(&l);
    expect_labels(&l, INIT " IKE_AUTH.req IKE_AUTH.req+ IKE_AUTH.req+ IKE_AUTH.req+ .");
    expect_sas(&l, 1);
    expect_one_finding(&l, "auth_noresp", WARN);
    expect_finding_at(&l, 6, "auth_noresp");
    expect_no_findings(&l, "init_noreply oneway_capture auth_small");
    expect_state(&l, 0, IKE_STATE_AUTHENTICATING);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void unanswered_once(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    long_after(&l);
    expect_finding(&l, "auth_noresp", NOTE);
    ladder_end(&l);
}

static void pending(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    after(&l, 1);
    foreign(&l);
    expect_finding(&l, "pending", CHAT);
    expect_no_finding(&l, "auth_noresp");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The response is not in the capture, but what follows proves it. */
static void response_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    after(&l, 1);
    v2_auth_req(&l, 1);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, INIT " IKE_AUTH.req IKE_AUTH.req+ " INFO " .");
    expect_finding(&l, "not_captured", CHAT);
    expect_nothing_unanswered(&l);
    expect_established(&l, 0);
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
    v2_auth(&l);
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

/* The capture lost the response, but both sides use the Child SA. */
static void response_not_captured_esp(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    esp_both_ways(&l);
    long_after(&l);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    expect_established(&l, 0);
    ladder_end(&l);
}

static void ask_for_auth_twice(ladder *l)
{
    ladder_begin(l);
    v2_init(l);
    v2_auth_req(l, 1);
    after(l, 2);
    v2_auth_req(l, 1);
}

/* It was asked for twice, then both sides use IPsec SAs that were not there before. */
static void response_not_captured_new_esp(void)
{
    ladder l;

    ask_for_auth_twice(&l);
    after(&l, 1);
    esp_both_ways(&l);
    long_after(&l);
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    expect_established(&l, 0);
    ladder_end(&l);
}

/* Who asked has the answer when it begins an IPsec SA; who was asked may begin one whose answer is lost. */
static void response_not_captured_one_way(gconstpointer data)
{
    const ladder_side from = GPOINTER_TO_INT(data);
    ladder l;

    ask_for_auth_twice(&l);
    after(&l, 1);
    for (uint32_t i = 1; i < 4; i++)
        esp(&l, from, 0x1000, i);
    long_after(&l);
    if (from == INITIATOR) {
        expect_nothing_unanswered(&l);
        expect_established(&l, 0);
    } else {
        expect_finding(&l, "auth_noresp", WARN);
        expect_failed(&l, 0, true);
    }
    ladder_end(&l);
}

/* .. of an older SA, while the new one is asked for again and again. */
static void unanswered_beside_esp(void)
{
    ladder l;

    ask_for_auth_twice(&l);
    esp_both_ways(&l);
    after(&l, 4);
    v2_auth_req(&l, 1);
    esp_both_ways(&l);
    long_after(&l);
    expect_finding(&l, "auth_noresp", WARN);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* ---- 43: IKE_INTERMEDIATE ---- */

static void intermediate(void)
{
    ladder l;

    ladder_begin(&l);
    l.v2.intermediate = true;
    v2_init(&l);
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
    v2_init(&l);
    v2_intermediate(&l, 1);
    v2_auth_req(&l, 2);
    v2_auth_resp(&l, 2, V2_SMALL_LENGTH);
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
    v2_init(&l);
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/36-small-response", small_response);
    g_test_add_func("/vector/36-small-response-and-traffic", small_response_and_traffic);
    g_test_add_func("/ikev2/auth/small-beside-esp", small_beside_esp);
    g_test_add_func("/vector/36-how-small", how_small);
    g_test_add_data_func("/vector/36-suite-not-captured", GSIZE_TO_POINTER(96),
                         suite_not_captured);
    g_test_add_data_func("/vector/36-suite-not-captured-longer", GSIZE_TO_POINTER(97),
                         suite_not_captured);
    g_test_add_func("/vector/36-established-by-length", established_by_length);
    g_test_add_func("/vector/36-established-by-what-follows", established_by_what_follows);
    g_test_add_func("/ikev2/auth/failed", authentication_failed);
    g_test_add_func("/ikev2/auth/goes-on", authentication_goes_on);
    g_test_add_func("/ikev2/auth/refused-in-clear", refused_in_clear);
    g_test_add_func("/ikev2/auth/refused-in-clear-goes-on", refused_in_clear_goes_on);
    g_test_add_func("/ikev2/auth/unanswered", unanswered);
    g_test_add_func("/ikev2/auth/unanswered-once", unanswered_once);
    g_test_add_func("/ikev2/auth/pending", pending);
    g_test_add_func("/ikev2/auth/response-not-captured", response_not_captured);
    g_test_add_func("/ikev2/auth/init-response-not-captured", init_response_not_captured);
    g_test_add_func("/ikev2/auth/response-not-captured-esp", response_not_captured_esp);
    g_test_add_func("/ikev2/auth/response-not-captured-new-esp", response_not_captured_new_esp);
    g_test_add_data_func("/vector/42-response-not-captured-esp-of-the-initiator", GINT_TO_POINTER(INITIATOR),
                         response_not_captured_one_way);
    g_test_add_data_func("/vector/42-response-not-captured-esp-of-the-responder", GINT_TO_POINTER(RESPONDER),
                         response_not_captured_one_way);
    g_test_add_func("/ikev2/auth/unanswered-beside-esp", unanswered_beside_esp);
    g_test_add_func("/vector/43-intermediate", intermediate);
    g_test_add_func("/vector/43-small-response-after-it", small_response_after_intermediate);
    g_test_add_func("/vector/43-unanswered", intermediate_unanswered);
    return g_test_run();
}
