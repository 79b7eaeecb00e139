/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKE_AUTH with keys: what it says, refuses and gives.
 */
#include "readable.h"

/* ---- IKEv2 that works ---- */

static void expect_v2_tunnel(ladder *l)
{
    expect_labels(l, UP " esp esp");
    expect_nothing_wrong(l);
    expect_established(l, 0);
    expect_identities(l, "sun@example", "moon.example");
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
    expect_tied(l, TO_INITIATOR, 0);
    expect_tied(l, TO_RESPONDER, 0);
    expect_in_report(l, "sa", "10.1.0.0/16 <-> 10.2.0.0/16, tunnel");
    expect_in_report(l, "sa", "AES-GCM-16");
    expect_events(l, "4650I 4650R 5451I 5451R");
}

/* RFC 6023: the initiator asks for no Child SA. */
static void play_childless(ladder *l)
{
    v2_init(l);
    plain_of_auth_request(l, true, false);
    v2_ask(l);
    plain_of_auth_response(l, false, 0);
    v2_answer(l);
    long_after(l);
}

static void expect_childless(ladder *l)
{
    const ike_selection all = { .tracker = l->tracker };

    expect_nothing_wrong(l);
    expect_established(l, 0);
    ike_tracker_finish(l->tracker);
    g_assert_cmpuint(ike_totals_of(&all).children, ==, 0);
    expect_events(l, "4650I 4650R");
}

/* ---- IKEv2 that is refused ---- */

static void play_auth_failed(ladder *l)
{
    v2_init(l);
    auth_request_with_keys(l);
    with_notify(l, V2_N_AUTHENTICATION_FAILED);
    v2_answer(l);
}

static void expect_auth_failed(ladder *l)
{
    expect_finding(l, "auth_failed", ERROR);
    expect_observed(l, "auth_failed");
    expect_finding_says(l, "auth_failed", "the responder says AUTHENTICATION_FAILED");
    expect_failed(l, 0, true);
    expect_events(l, "4653I 4653R");
    expect_points(l, 4653, IKE_FAILED_PEER, IKE_FAILED_ME, 13801);
}

/* The initiator does not accept the responder, and says so under the keys (RFC 7296 2.21.2). */
static void play_auth_failed_mirrored(ladder *l)
{
    v2_tunnel(l);
    with_notify(l, V2_N_AUTHENTICATION_FAILED);
    v2_info_req(l, INITIATOR, 2);
    with_nothing(l);
    v2_info_resp(l, INITIATOR, 2);
}

static void expect_auth_failed_mirrored(ladder *l)
{
    expect_finding(l, "auth_failed", ERROR);
    expect_observed(l, "auth_failed");
    expect_finding_at(l, 5, "auth_failed");
    expect_finding_says(l, "auth_failed", "the initiator says AUTHENTICATION_FAILED");
    expect_failed(l, 0, true);
    expect_events(l, "4653I 4653R");
    expect_points(l, 4653, IKE_FAILED_ME, IKE_FAILED_PEER, 13801);
}

static void play_selectors_refused(ladder *l)
{
    v2_init(l);
    auth_request_with_keys(l);
    plain_of_auth_response(l, false, IKE_NOTIFY_V2_TS_UNACCEPTABLE);
    v2_answer(l);
    long_after(l);
}

static void expect_selectors_refused(ladder *l)
{
    expect_finding(l, "ts_mismatch", ERROR);
    expect_observed(l, "ts_mismatch");
    expect_finding_says(l, "ts_mismatch", "TS_UNACCEPTABLE; networks 10.1.0.0/16 and 10.2.0.0/16");
    expect_no_findings(l, "auth_small auth_failed child_fail");
    expect_established(l, 0);
    expect_identities(l, "sun@example", "moon.example");
    expect_events(l, "4650I 4650R 4654I 4654R");
    expect_points(l, 4654, IKE_FAILED_PEER, IKE_FAILED_ME, 0);
}

static void play_child_refused(ladder *l)
{
    v2_init(l);
    auth_request_with_keys(l);
    plain_of_auth_response(l, false, V2_N_NO_PROPOSAL_CHOSEN);
    v2_answer(l);
    long_after(l);
}

static void expect_child_refused(ladder *l)
{
    expect_finding(l, "child_fail", ERROR);
    expect_observed(l, "child_fail");
    expect_finding_says(l, "child_fail", "NO_PROPOSAL_CHOSEN");
    expect_established(l, 0);
    expect_in_report(l, "diag", "AES-GCM-16");
    expect_events(l, "4650I 4650R 4654I 4654R");
    expect_points(l, 4654, IKE_FAILED_PEER, IKE_FAILED_ME, 13868);
}

/* Without a proof of identity the same notify refuses all. */
static void play_all_refused(ladder *l)
{
    v2_init(l);
    auth_request_with_keys(l);
    with_notify(l, V2_N_NO_PROPOSAL_CHOSEN);
    v2_answer(l);
}

static void expect_all_refused(ladder *l)
{
    expect_observed(l, "auth_small");
    expect_failed(l, 0, true);
    expect_no_finding(l, "child_fail");
    expect_events(l, "4653I 4653R");
}

static void play_eap_failed(ladder *l)
{
    up_to_eap(l);
    eap(l, "04 01 0004");
    v2_auth_resp(l, 2, 0);
}

static void expect_eap_failed(ladder *l)
{
    expect_finding(l, "eap_fail", ERROR);
    expect_observed(l, "eap_fail");
    expect_finding_says(l, "eap_fail", "user carol");
    expect_failed(l, 0, true);
    expect_points(l, 4653, IKE_FAILED_PEER, IKE_FAILED_ME, 13801);
}

/* The capture ends before the second round: the responder has proved who it is, and nobody else. */
static void play_eap_cut(ladder *l)
{
    eap_asked(l);
}

static void expect_not_yet(ladder *l)
{
    expect_state(l, 0, IKE_STATE_AUTHENTICATING);
    expect_failed(l, 0, false);
    g_assert_null(ladder_sa(l, 0)->more->established);
    expect_identities(l, "sun@example", "moon.example");
    expect_events(l, "");
}

/* .. or the initiator, which has more to prove (RFC 4739 2.1). */
static void play_another_cut(ladder *l)
{
    wire_message c = inside();

    v2_init(l);
    in_identity(&c, IKE_PL_V2_IDI, 3, "sun@example");
    in_v2_auth(&c, 1);
    in_v2_child(&c, TO_INITIATOR);
    in_v2_selectors(&c);
    wire_payload_v2_plain_notify(&c, IKE_NOTIFY_V2_ANOTHER_AUTH_FOLLOWS);
    with_plain(l, &c);
    v2_ask(l);
    plain_of_auth_response(l, false, 0);
    v2_answer(l);
}

/* .. and does so. */
static void play_another(ladder *l)
{
    wire_message c = inside();

    play_another_cut(l);
    in_identity(&c, IKE_PL_V2_IDI, 3, "carol@example");
    in_v2_auth(&c, 2);
    with_plain(l, &c);
    v2_auth_req(l, 2);
    c = inside();
    in_v2_child(&c, TO_RESPONDER);
    in_v2_selectors(&c);
    in_v2_auth(&c, 1);
    with_plain(l, &c);
    v2_auth_resp(l, 2, 0);
    esp(l, INITIATOR, TO_RESPONDER, 1);
}

static void expect_another(ladder *l)
{
    expect_established(l, 0);
    expect_tied(l, TO_RESPONDER, 0);
    expect_events(l, "4650I 4650R 5451I 5451R");
}

static void play_eap(ladder *l)
{
    eap_to_the_end(l);
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, RESPONDER, TO_INITIATOR, 1);
}

/* The capture begins after the first round, which asked for the Child SA. */
static void play_late_eap(ladder *l)
{
    eap_last_round(l);
    esp(l, INITIATOR, TO_RESPONDER, 1);
}

static void expect_late_eap(ladder *l)
{
    expect_spis(l, 0, 0, TO_RESPONDER);
    expect_tied(l, TO_RESPONDER, 0);
}

static void expect_eap(ladder *l)
{
    expect_no_finding_above(l, CHAT, "weak");
    expect_established(l, 0);
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
    expect_tied(l, TO_INITIATOR, 0);
    expect_tied(l, TO_RESPONDER, 0);
    g_assert_cmpstr(ladder_sa(l, 0)->more->user, ==, "carol");
    expect_events(l, "4650I 4650R 5451I 5451R");
}

/* ---- more of IKEv2 ---- */

/* Whom the initiator wishes to talk to need not be who answers. */
static void play_wish(ladder *l)
{
    wire_message c = inside();

    v2_init(l);
    in_identity(&c, IKE_PL_V2_IDI, 3, "sun@example");
    in_identity(&c, IKE_PL_V2_IDR, 2, "wish.example");
    in_v2_auth(&c, 2);
    in_v2_child(&c, TO_INITIATOR);
    in_v2_selectors(&c);
    with_plain(l, &c);
    v2_ask(l);
    auth_response_with_keys(l);
}

static void expect_wish(ladder *l)
{
    expect_identities(l, "sun@example", "moon.example");
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
}

/* One of each family is given, or none is. */
static void configure(ladder *l, uint8_t kind, const char *attributes)
{
    wire_message c = inside();

    v2_init(l);
    in_identity(&c, IKE_PL_V2_IDI, 3, "sun@example");
    in_v2_auth(&c, 2);
    in_v2_config(&c, 1, "0001 0004 0a030009");
    in_v2_child(&c, TO_INITIATOR);
    in_v2_selectors(&c);
    with_plain(l, &c);
    v2_ask(l);
    c = inside();
    in_identity(&c, IKE_PL_V2_IDR, 2, "moon.example");
    in_v2_auth(&c, 2);
    if (kind)
        in_v2_config(&c, kind, attributes);
    in_v2_child(&c, TO_RESPONDER);
    in_v2_selectors(&c);
    with_plain(l, &c);
    v2_answer(l);
}

static void play_addresses(ladder *l)
{
    configure(l, 2, "0001 0004 0a030007 0003 0004 0a030001 0008 0011 20010db8000000000000000000000007 40");
}

static void expect_addresses(ladder *l)
{
    expect_established(l, 0);
    g_assert_cmpstr(ladder_sa(l, 0)->more->given_address, ==, "10.3.0.7, 2001:db8::7");
}

static void play_addresses_wished(ladder *l)
{
    configure(l, 0, NULL);
}

static void expect_no_addresses(ladder *l)
{
    expect_established(l, 0);
    g_assert_cmpstr(ladder_sa(l, 0)->more->given_address, ==, NULL);
}

/* No address is given, but the Child SA is made (RFC 7296 3.15.4). */
static void play_no_address(ladder *l)
{
    v2_init(l);
    auth_request_with_keys(l);
    plain_of_auth_response(l, true, 36);
    v2_answer(l);
    long_after(l);
}

static void expect_no_address(ladder *l)
{
    expect_no_findings(l, "child_fail ts_mismatch auth_small");
    expect_established(l, 0);
    g_assert_false(child_of(l, 0)->more->failed_by);
}

/* RFC 6023 in fragments. */
static void play_childless_fragments(ladder *l)
{
    v2_init(l);
    for (unsigned number = 1; number <= 2; number++) {
        plain_of_auth_request(l, true, false);
        v2_auth_piece(l, number, 2);
    }
    plain_of_auth_response(l, false, 0);
    v2_answer(l);
    long_after(l);
}

static const script scripts[] = {
    { "v2/tunnel", play_v2_tunnel, expect_v2_tunnel },
    { "v2/childless", play_childless, expect_childless },
    { "v2/authentication-failed", play_auth_failed, expect_auth_failed },
    { "v2/authentication-failed-mirrored", play_auth_failed_mirrored, expect_auth_failed_mirrored },
    { "v2/selectors-refused", play_selectors_refused, expect_selectors_refused },
    { "v2/child-refused", play_child_refused, expect_child_refused },
    { "v2/all-refused", play_all_refused, expect_all_refused },
    { "v2/eap-failed", play_eap_failed, expect_eap_failed },
    { "v2/eap-cut", play_eap_cut, expect_not_yet },
    { "v2/another-authentication-cut", play_another_cut, expect_not_yet },
    { "v2/another-authentication", play_another, expect_another },
    { "v2/eap", play_eap, expect_eap },
    { "v2/late-eap", play_late_eap, expect_late_eap },
    { "v2/wish", play_wish, expect_wish },
    { "v2/addresses", play_addresses, expect_addresses },
    { "v2/addresses-wished", play_addresses_wished, expect_no_addresses },
    { "v2/no-address", play_no_address, expect_no_address },
    { "v2/childless-fragments", play_childless_fragments, expect_childless },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_scripts(scripts, G_N_ELEMENTS(scripts));
    return g_test_run();
}
