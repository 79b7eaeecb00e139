/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vector 44: notifies of IKEv2 outside of any protection.
 */
#include "ladder2.h"

/* ---- 44: INVALID_IKE_SPI ---- */

static void unknown_spi(void)
{
    ladder l;

    ladder_begin(&l);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_INFO, 7, V2_N_INVALID_IKE_SPI);
    long_after(&l);
    expect_labels(&l, "INFORMATIONAL.resp .");
    expect_live_labels(&l, "INFORMATIONAL.resp .");
    expect_sas(&l, 0);
    expect_no_sa_of(&l, 1);
    expect_one_finding(&l, "cookie_invalid", WARN);
    expect_finding_at(&l, 1, "cookie_invalid");
    expect_no_finding(&l, "joined");
    expect_no_finding(&l, "malformed");
    ladder_end(&l);
}

/* The peer restarted: the SA is there, and nothing more comes of it. */
static void known_spi(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 600);
    v2_info_req(&l, INITIATOR, 2);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_INFO, 2, V2_N_INVALID_IKE_SPI);
    long_after(&l);
    expect_labels(&l, UP " " INFO " .");
    expect_sas(&l, 1);
    expect_sa_of(&l, 6, 0);
    expect_no_response(&l, 5);
    expect_finding(&l, "cookie_invalid", WARN);
    expect_finding_at(&l, 6, "cookie_invalid");
    expect_no_finding(&l, "dpd_fail");
    expect_no_finding(&l, "malformed");
    expect_nothing_unanswered(&l);
    expect_established(&l, 0);
    ladder_end(&l);
}

/* Anybody can send it; the SA goes on. */
static void known_spi_goes_on(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info_req(&l, INITIATOR, 2);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_INFO, 2, V2_N_INVALID_IKE_SPI);
    v2_info_resp(&l, INITIATOR, 2);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_labels(&l, UP " " INFO " INFORMATIONAL.resp " INFO " .");
    expect_pair(&l, 5, 7);
    expect_finding(&l, "cookie_invalid", NOTE);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* In answer to IKE_AUTH it is no round, and ends the attempt. */
static void authentication_of_unknown_spi(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_AUTH, 1, V2_N_INVALID_IKE_SPI);
    long_after(&l);
    expect_labels(&l, UP " .");
    expect_number(&l, 4, 0);
    expect_no_response(&l, 3);
    expect_finding(&l, "cookie_invalid", WARN);
    expect_no_finding(&l, "auth_small");
    expect_no_finding(&l, "auth_failed");
    expect_nothing_unanswered(&l);
    expect_state(&l, 0, IKE_STATE_AUTHENTICATING);
    ladder_end(&l);
}

/* A delete is answered, the answer is lost after the capture point, and the delete comes again. */
static void deleted_before(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    after(&l, 4);
    v2_info_req(&l, INITIATOR, 2);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_INFO, 2, V2_N_INVALID_IKE_SPI);
    long_after(&l);
    expect_finding(&l, "cookie_invalid", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* Both sides delete an SA that was rekeyed; the second delete comes too late. */
static void rekeyed_before(void)
{
    ladder l;
    v2_spis old, new;

    ladder_begin(&l);
    v2_establish(&l);
    old = v2_rekey(&l, INITIATOR, 2);
    new = v2_current(&l);
    v2_info(&l, INITIATOR, 0);
    v2_use(&l, old);
    v2_info(&l, INITIATOR, 3);
    v2_info_req(&l, RESPONDER, 0);
    v2_clear_error(&l, RESPONDER, IKE_XCHG_V2_INFO, 0, V2_N_INVALID_IKE_SPI);
    v2_use(&l, new);
    v2_info(&l, INITIATOR, 1);
    long_after(&l);
    expect_finding(&l, "cookie_invalid", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- INVALID_SPI outside of any SA ---- */

/* Behind a marker the SPIs may be 0: that is no cookie of zeros here. */
static void unknown_esp_spi(void)
{
    ladder l;

    ladder_begin(&l);
    move_to_4500(&l);
    v2_invalid_spi(&l, RESPONDER, (v2_spis){ 0 }, 0x1000);
    expect_labels(&l, "INFORMATIONAL.req");
    expect_sas(&l, 0);
    expect_finding(&l, "spi_invalid", WARN);
    expect_finding_at(&l, 1, "spi_invalid");
    expect_no_findings(&l, "zero_cookie joined malformed");
    ladder_end(&l);
}

/* With SPIs that mean nothing it makes no SA, and nobody owes an answer. */
static void unknown_esp_spi_random(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_invalid_spi(&l, RESPONDER, (v2_spis){ .spi_i = 0x7777777777777701,
                                             .spi_r = 0x7777777777777702 }, 0x1000);
    long_after(&l);
    expect_labels(&l, UP " INFORMATIONAL.req .");
    expect_sas(&l, 1);
    expect_finding_at(&l, 5, "spi_invalid");
    expect_no_finding(&l, "joined");
    expect_nothing_unanswered(&l);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, WARN, NULL);
    ladder_end(&l);
}

static void no_clear_notify(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_labels(&l, UP " " INFO " " INFO " .");
    expect_no_findings(&l, "cookie_invalid spi_invalid auth_failed");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/44-unknown-spi", unknown_spi);
    g_test_add_func("/vector/44-known-spi", known_spi);
    g_test_add_func("/vector/44-known-spi-goes-on", known_spi_goes_on);
    g_test_add_func("/vector/44-authentication-of-unknown-spi", authentication_of_unknown_spi);
    g_test_add_func("/ikev2/clear/deleted-before", deleted_before);
    g_test_add_func("/ikev2/clear/rekeyed-before", rekeyed_before);
    g_test_add_func("/ikev2/clear/unknown-esp-spi", unknown_esp_spi);
    g_test_add_func("/ikev2/clear/unknown-esp-spi-random", unknown_esp_spi_random);
    g_test_add_func("/ikev2/clear/none", no_clear_notify);
    return g_test_run();
}
