/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 41 and 44: IKE SAs that are rekeyed, unknown, redundant, or whose start the capture
 * lacks.
 */
#include "ladder2.h"

#define CHAT IKE_SEVERITY_CHAT
#define NOTE IKE_SEVERITY_NOTE
#define WARN IKE_SEVERITY_WARN

#define UP "IKE_SA_INIT.req IKE_SA_INIT.resp IKE_AUTH.req IKE_AUTH.resp"
#define INFO "INFORMATIONAL.req INFORMATIONAL.resp"
#define CHILD "CREATE_CHILD_SA.req CREATE_CHILD_SA.resp"

static void info_req(ladder *l, ladder_side by, uint32_t id)
{
    v2_request(l, by, IKE_XCHG_V2_INFO, id, V2_INFO_LENGTH);
}

/* The capture goes on long enough for every verdict. */
static void long_after(ladder *l)
{
    after(l, 30);
    foreign(l);
}

/* ---- 41: rekey ---- */

static void expect_rekeyed(ladder *l)
{
    expect_sas(l, 2);
    expect_sa_of(l, 5, 0);
    expect_parent(l, 1, 0);
    expect_no_parent(l, 0);
    expect_state(l, 0, IKE_STATE_REKEYED);
    expect_state(l, 1, IKE_STATE_ESTABLISHED);
    expect_failed(l, 0, false);
    expect_failed(l, 1, false);
    expect_no_finding(l, "joined");
    expect_no_finding(l, "redundant_sa");
    expect_no_finding(l, "cookie_reused");
    expect_no_finding(l, "msgid_gap");
    expect_nothing_unanswered(l);
    expect_no_finding_above(l, CHAT, NULL);
}

/* The former responder rekeys: the flag I is its own from now on. */
static void rekeyed_by_the_responder(void)
{
    ladder l;
    v2_spis old;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 3600);
    old = v2_rekey(&l, RESPONDER, 0);
    v2_info(&l, RESPONDER, 0);
    v2_use(&l, old);
    v2_info(&l, RESPONDER, 1);
    long_after(&l);
    expect_labels(&l, UP " " CHILD " " INFO " " INFO " .");
    expect_rekeyed(&l);
    expect_sa_of(&l, 7, 1);
    expect_sa_of(&l, 9, 0);
    expect_pair(&l, 7, 8);
    expect_sender(&l, 5, IKE_ROLE_RESPONDER);
    expect_sender(&l, 7, IKE_ROLE_INITIATOR);
    expect_sender(&l, 8, IKE_ROLE_RESPONDER);
    expect_initiator(&l, 1, "10.2.0.2", 500);
    ladder_end(&l);
}

/* .. and the old SA is deleted before the new one is used. */
static void rekeyed_by_the_initiator(void)
{
    ladder l;
    v2_spis old, new;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 3600);
    old = v2_rekey(&l, INITIATOR, 2);
    new = v2_current(&l);
    v2_use(&l, old);
    v2_info(&l, INITIATOR, 3);
    v2_use(&l, new);
    after(&l, 20);
    v2_info(&l, RESPONDER, 0);
    v2_child(&l, INITIATOR, 0);
    long_after(&l);
    expect_labels(&l, UP " " CHILD " " INFO " " INFO " " CHILD " .");
    expect_rekeyed(&l);
    expect_sa_of(&l, 7, 0);
    expect_sa_of(&l, 9, 1);
    expect_sender(&l, 9, IKE_ROLE_RESPONDER);
    expect_initiator(&l, 1, "10.1.0.2", 500);
    ladder_end(&l);
}

/* The new SA is rekeyed again: a chain. */
static void rekeyed_twice(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    for (int i = 0; i < 2; i++) {
        v2_spis old, new;

        after(&l, 3600);
        old = v2_rekey(&l, INITIATOR, i ? 1 : 2);
        new = v2_current(&l);
        v2_use(&l, old);
        v2_info(&l, INITIATOR, i ? 2 : 3);
        v2_use(&l, new);
        v2_info(&l, INITIATOR, 0);
    }
    long_after(&l);
    expect_sas(&l, 3);
    expect_parent(&l, 1, 0);
    expect_parent(&l, 2, 1);
    expect_state(&l, 0, IKE_STATE_REKEYED);
    expect_state(&l, 1, IKE_STATE_REKEYED);
    expect_state(&l, 2, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* A child was made or rekeyed: the IKE SA is what it was. */
static void child_only(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_child(&l, INITIATOR, 2);
    v2_info(&l, INITIATOR, 3);
    long_after(&l);
    expect_sas(&l, 1);
    expect_no_parent(&l, 0);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    ladder_end(&l);
}

/* Another SA of the same hosts, in the middle of its life, was not made here. */
static void not_a_rekey(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_child(&l, INITIATOR, 2);
    next_sa(&l);
    v2_info(&l, INITIATOR, 70);
    long_after(&l);
    expect_sas(&l, 2);
    expect_no_parent(&l, 1);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_finding(&l, "joined", CHAT);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Nor was one that nobody could have made: there was no CREATE_CHILD_SA. */
static void no_exchange_to_rekey(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    next_sa(&l);
    v2_info(&l, INITIATOR, 0);
    long_after(&l);
    expect_sas(&l, 2);
    expect_no_parent(&l, 1);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_finding(&l, "joined", CHAT);
    ladder_end(&l);
}

/* A full negotiation replaces an SA without a CREATE_CHILD_SA: no parent. */
static void reauthenticated(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 3600);
    v2_child(&l, INITIATOR, 2);
    next_sa(&l);
    v2_establish(&l);
    long_after(&l);
    expect_sas(&l, 2);
    expect_no_parent(&l, 1);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

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
    expect_finding(&l, "cookie_invalid", WARN);
    expect_findings(&l, "cookie_invalid", 1);
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
    info_req(&l, INITIATOR, 2);
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
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* R1.8.13: anybody can send it; the SA goes on. */
static void known_spi_goes_on(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    info_req(&l, INITIATOR, 2);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_INFO, 2, V2_N_INVALID_IKE_SPI);
    v2_response(&l, INITIATOR, IKE_XCHG_V2_INFO, 2, V2_INFO_LENGTH);
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
    v2_init_req(&l, 14);
    v2_init_resp(&l);
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

/* ---- INVALID_SPI outside of any SA ---- */

/* Behind a marker the SPIs may be 0: R1.2.7 does not count here. */
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
    expect_no_finding(&l, "zero_cookie");
    expect_no_finding(&l, "joined");
    expect_no_finding(&l, "malformed");
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
    expect_no_finding(&l, "cookie_invalid");
    expect_no_finding(&l, "spi_invalid");
    expect_no_finding(&l, "auth_failed");
    ladder_end(&l);
}

/* ---- captures that begin late ---- */

static void begins_at_authentication(void)
{
    ladder l;

    ladder_begin(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    long_after(&l);
    expect_labels(&l, "IKE_AUTH.req IKE_AUTH.resp .");
    expect_sas(&l, 1);
    expect_number(&l, 1, 1);
    expect_pair(&l, 1, 2);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_sender(&l, 2, IKE_ROLE_RESPONDER);
    expect_finding(&l, "joined", CHAT);
    expect_findings(&l, "joined", 1);
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The flag I is the other side's in a message of the responder. */
static void begins_at_a_response(void)
{
    ladder l;

    ladder_begin(&l);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, "IKE_AUTH.resp " INFO " .");
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_sender(&l, 1, IKE_ROLE_RESPONDER);
    expect_finding(&l, "joined", CHAT);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void begins_at_the_end_of_init(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_resp(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.resp IKE_AUTH.req IKE_AUTH.resp .");
    expect_sas(&l, 1);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_finding(&l, "joined", CHAT);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void begins_in_the_middle(void)
{
    ladder l;

    ladder_begin(&l);
    info_req(&l, RESPONDER, 5);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_sender(&l, 1, IKE_ROLE_RESPONDER);
    v2_response(&l, RESPONDER, IKE_XCHG_V2_INFO, 5, V2_INFO_LENGTH);
    v2_child(&l, INITIATOR, 300);
    long_after(&l);
    expect_labels(&l, INFO " " CHILD " .");
    expect_sas(&l, 1);
    expect_finding(&l, "joined", CHAT);
    expect_no_finding(&l, "msgid_gap");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* R6.1.5: what nobody answers is said, but an SA whose start is missing never failed. */
static void late_start_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_resp(&l);
    for (int i = 0; i < 3; i++) {
        v2_auth_req(&l, 1);
        after(&l, 2);
    }
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.resp IKE_AUTH.req IKE_AUTH.req+ IKE_AUTH.req+ .");
    expect_finding(&l, "auth_noresp", WARN);
    expect_finding(&l, "joined", CHAT);
    expect_no_finding(&l, "init_noresp");
    expect_no_finding(&l, "init_noreply");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* R1.10.4: the SPI of the responder came from somewhere, yet nothing of it is here. */
static void late_start_one_way(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 3; i++) {
        v2_auth_req(&l, 1);
        after(&l, 2);
    }
    long_after(&l);
    expect_finding(&l, "oneway_capture", NOTE);
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- several SAs of the same hosts ---- */

/* Both SAs live: each is used at its start and `later` seconds after it. */
static void two_sas(ladder *l, double later)
{
    v2_spis first, second;

    v2_establish(l);
    first = v2_current(l);
    after(l, 10);
    next_sa(l);
    v2_establish(l);
    second = v2_current(l);
    after(l, later);
    v2_use(l, first);
    v2_info(l, INITIATOR, 2);
    v2_use(l, second);
    v2_info(l, INITIATOR, 2);
    long_after(l);
}

static void redundant(void)
{
    ladder l;

    ladder_begin(&l);
    two_sas(&l, 90);
    expect_sas(&l, 2);
    expect_finding(&l, "redundant_sa", NOTE);
    expect_findings(&l, "redundant_sa", 1);
    expect_finding_on_a_frame(&l, "redundant_sa");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* For a short while two are normal. */
static void redundant_for_a_moment(void)
{
    ladder l;

    ladder_begin(&l);
    two_sas(&l, 20);
    expect_no_finding(&l, "redundant_sa");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Behind a NAT they may be two hosts. */
static void several_behind_a_nat(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    two_sas(&l, 90);
    expect_no_finding(&l, "redundant_sa");
    ladder_end(&l);
}

/* The older SA ends when the newer one begins. */
static void one_after_the_other(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 3600);
    next_sa(&l);
    v2_establish(&l);
    after(&l, 90);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_no_finding(&l, "redundant_sa");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Of two SAs, the one with the CREATE_CHILD_SA exchange is the parent. */
static void parent_of_two(void)
{
    ladder l;
    v2_spis first, second, child;

    ladder_begin(&l);
    v2_establish(&l);
    first = v2_current(&l);
    next_sa(&l);
    v2_establish(&l);
    second = v2_current(&l);
    v2_use(&l, first);
    v2_rekey(&l, INITIATOR, 2);
    child = v2_current(&l);
    v2_use(&l, second);
    v2_info(&l, INITIATOR, 2);
    v2_use(&l, child);
    v2_info(&l, INITIATOR, 0);
    long_after(&l);
    expect_sas(&l, 3);
    expect_parent(&l, 2, 0);
    expect_state(&l, 1, IKE_STATE_ESTABLISHED);
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
    info_req(&l, INITIATOR, 2);
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
    info_req(&l, RESPONDER, 0);
    v2_clear_error(&l, RESPONDER, IKE_XCHG_V2_INFO, 0, V2_N_INVALID_IKE_SPI);
    v2_use(&l, new);
    v2_info(&l, INITIATOR, 1);
    long_after(&l);
    expect_finding(&l, "cookie_invalid", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* RFC 7296 2.8.1: both sides rekey at once, and the loser is deleted. */
static void rekeyed_by_both(void)
{
    ladder l;
    v2_spis old, ours, theirs;

    ladder_begin(&l);
    v2_establish(&l);
    old = v2_current(&l);
    ours = (v2_spis){ old.spi_i + 0x10000, old.spi_r + 0x10000, INITIATOR };
    theirs = (v2_spis){ old.spi_i + 0x20000, old.spi_r + 0x20000, RESPONDER };
    v2_request(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 2, V2_CHILD_LENGTH);
    v2_request(&l, RESPONDER, IKE_XCHG_V2_CREATE_CHILD, 0, V2_CHILD_LENGTH);
    v2_response(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 2, V2_CHILD_LENGTH);
    v2_response(&l, RESPONDER, IKE_XCHG_V2_CREATE_CHILD, 0, V2_CHILD_LENGTH);
    v2_use(&l, ours);
    v2_info(&l, INITIATOR, 0);
    v2_use(&l, old);
    v2_info(&l, INITIATOR, 3);
    v2_use(&l, theirs);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_sas(&l, 3);
    expect_parent(&l, 1, 0);
    expect_parent(&l, 2, 0);
    expect_initiator(&l, 2, "10.2.0.2", 500);
    expect_no_finding_above(&l, CHAT, NULL);
    expect_no_finding(&l, "joined");
    ladder_end(&l);
}

/* Two tunnels between the same gateways, of one of which the capture lacks the start: its responder's
 * first request has message ID 0. The other one has rekeyed a Child SA and goes on. */
static void not_a_rekey_of_another(void)
{
    ladder l;
    v2_spis captured;

    ladder_begin(&l);
    v2_establish(&l);
    captured = v2_current(&l);
    v2_child(&l, INITIATOR, 2);
    after(&l, 90);
    v2_info(&l, RESPONDER, 0);
    next_sa(&l);
    after(&l, 10);
    v2_info(&l, RESPONDER, 0);
    v2_use(&l, captured);
    after(&l, 10);
    v2_child(&l, INITIATOR, 3);
    long_after(&l);
    expect_sas(&l, 2);
    expect_no_parent(&l, 1);
    expect_finding(&l, "joined", CHAT);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/41-rekeyed-by-the-responder", rekeyed_by_the_responder);
    g_test_add_func("/vector/41-rekeyed-by-the-initiator", rekeyed_by_the_initiator);
    g_test_add_func("/vector/41-rekeyed-twice", rekeyed_twice);
    g_test_add_func("/vector/41-child-only", child_only);
    g_test_add_func("/vector/41-not-a-rekey", not_a_rekey);
    g_test_add_func("/vector/41-no-exchange-to-rekey", no_exchange_to_rekey);
    g_test_add_func("/vector/41-reauthenticated", reauthenticated);
    g_test_add_func("/vector/44-unknown-spi", unknown_spi);
    g_test_add_func("/vector/44-known-spi", known_spi);
    g_test_add_func("/vector/44-known-spi-goes-on", known_spi_goes_on);
    g_test_add_func("/vector/44-authentication-of-unknown-spi", authentication_of_unknown_spi);
    g_test_add_func("/ikev2/clear/unknown-esp-spi", unknown_esp_spi);
    g_test_add_func("/ikev2/clear/unknown-esp-spi-random", unknown_esp_spi_random);
    g_test_add_func("/ikev2/clear/none", no_clear_notify);
    g_test_add_func("/ikev2/joined/at-authentication", begins_at_authentication);
    g_test_add_func("/ikev2/joined/at-a-response", begins_at_a_response);
    g_test_add_func("/ikev2/joined/at-the-end-of-init", begins_at_the_end_of_init);
    g_test_add_func("/ikev2/joined/in-the-middle", begins_in_the_middle);
    g_test_add_func("/ikev2/joined/unanswered", late_start_unanswered);
    g_test_add_func("/ikev2/joined/one-way", late_start_one_way);
    g_test_add_func("/ikev2/redundant/both-live", redundant);
    g_test_add_func("/ikev2/redundant/for-a-moment", redundant_for_a_moment);
    g_test_add_func("/ikev2/redundant/behind-a-nat", several_behind_a_nat);
    g_test_add_func("/ikev2/redundant/one-after-the-other", one_after_the_other);
    g_test_add_func("/vector/41-parent-of-two", parent_of_two);
    g_test_add_func("/ikev2/clear/deleted-before", deleted_before);
    g_test_add_func("/ikev2/clear/rekeyed-before", rekeyed_before);
    g_test_add_func("/vector/41-rekeyed-by-both", rekeyed_by_both);
    g_test_add_func("/vector/41-not-a-rekey-of-another-tunnel", not_a_rekey_of_another);
    return g_test_run();
}
