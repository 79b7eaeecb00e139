/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Child SAs of IKEv2 with keys, and the IKE SA that is renewed: CREATE_CHILD_SA and deletes.
 */
#include "readable.h"

/* ---- CREATE_CHILD_SA ---- */

static void play_child(ladder *l)
{
    play_v2_tunnel(l);
    child_request_with(l, INITIATOR, 2, NEW_TO_INITIATOR, TO_INITIATOR);
    child_response_with(l, INITIATOR, 2, NEW_TO_RESPONDER);
    esp(l, INITIATOR, NEW_TO_RESPONDER, 1);
    esp(l, RESPONDER, NEW_TO_INITIATOR, 1);
}

static void expect_child(ladder *l)
{
    expect_nothing_wrong(l);
    expect_spis(l, 1, NEW_TO_INITIATOR, NEW_TO_RESPONDER);
    expect_tied(l, NEW_TO_INITIATOR, 1);
    expect_tied(l, NEW_TO_RESPONDER, 1);
    expect_tied(l, TO_INITIATOR, 0);
    g_assert_true(child_of(l, 1)->more->agreement->is_rekey);
    g_assert_cmphex(child_of(l, 1)->more->agreement->rekeyed_spi, ==, TO_INITIATOR);
}

static void refused_child(ladder *l, uint16_t notify)
{
    play_v2_tunnel(l);
    child_request_with(l, INITIATOR, 2, NEW_TO_INITIATOR, TO_INITIATOR);
    refuse_child(l, INITIATOR, 2, notify);
    long_after(l);
}

static void play_temporary(ladder *l)
{
    refused_child(l, IKE_NOTIFY_V2_TEMPORARY_FAILURE);
}

static void expect_temporary(ladder *l)
{
    expect_finding(l, "child_fail", NOTE);
    expect_observed(l, "child_fail");
    expect_finding_says(l, "child_fail", "to renew a Child SA in frame 7 is answered by TEMPORARY_FAILURE");
}

static void play_no_more(ladder *l)
{
    refused_child(l, 35);
}

static void expect_no_more(ladder *l)
{
    expect_finding(l, "child_fail", NOTE);
    expect_observed(l, "child_fail");
    expect_finding_says(l, "child_fail", "NO_ADDITIONAL_SAS");
    expect_events(l, "4650I 4650R 5451I 5451R 4654I 4654R");
}

static void play_group_guessed(ladder *l)
{
    play_v2_tunnel(l);
    child_request_with(l, INITIATOR, 2, NEW_TO_INITIATOR, TO_INITIATOR);
    refuse_child(l, INITIATOR, 2, V2_N_INVALID_KE_PAYLOAD);
    child_request_with(l, INITIATOR, 3, NEW_TO_INITIATOR + 16, TO_INITIATOR);
    child_response_with(l, INITIATOR, 3, NEW_TO_RESPONDER);
    long_after(l);
}

static void expect_group_guessed(ladder *l)
{
    expect_no_findings(l, "wrong_group child_fail");
    expect_nothing_wrong(l);
}

/* The capture ends before it is clear whether the other group will do. */
static void play_group_tried(ladder *l)
{
    play_v2_tunnel(l);
    child_request_with(l, INITIATOR, 2, NEW_TO_INITIATOR, TO_INITIATOR);
    refuse_child(l, INITIATOR, 2, V2_N_INVALID_KE_PAYLOAD);
    child_request_with(l, INITIATOR, 3, NEW_TO_INITIATOR + 16, TO_INITIATOR);
    long_after(l);
}

static void expect_group_tried(ladder *l)
{
    expect_no_findings(l, "wrong_group child_fail");
    expect_no_finding_above(l, NOTE, "weak");
    g_assert_cmpint(ike_child_state_of(child_of(l, 1)), ==, IKE_CHILD_NOT_MADE);
    g_assert_cmpint(child_of(l, 1)->more->failed_by, ==, IKE_DIAG_NONE);
    expect_events(l, "4650I 4650R 5451I 5451R 4654I"); /* the other one is not answered */
    g_assert_cmpstr(ike_diagnosis_get(child_of(l, 2)->more->failed_by)->id, ==, "child_noresp");
}

static void play_group_refused(ladder *l)
{
    refused_child(l, V2_N_INVALID_KE_PAYLOAD);
}

static void expect_group_refused(ladder *l)
{
    expect_finding(l, "wrong_group", ERROR);
    expect_observed(l, "wrong_group");
}

/* ---- deletes of IKEv2 ---- */

static void v2_deleted(ladder *l, double seconds)
{
    wire_message c = inside();

    play_v2_tunnel(l);
    after(l, 20);
    in_v2_delete_esp(&c, TO_INITIATOR);
    with_plain(l, &c);
    v2_info_req(l, INITIATOR, 2);
    c = inside();
    in_v2_delete_esp(&c, TO_RESPONDER);
    with_plain(l, &c);
    v2_info_resp(l, INITIATOR, 2);
    after(l, seconds);
    esp(l, INITIATOR, TO_RESPONDER, 2); /* both directions go */
    long_after(l);
}

static void play_v2_goes_on(ladder *l)
{
    v2_deleted(l, 6);
}

static void expect_v2_goes_on(ladder *l)
{
    expect_one_finding(l, "esp_after_delete", NOTE);
    expect_observed(l, "esp_after_delete");
    expect_finding_at(l, 9, "esp_after_delete");
    g_assert_cmpuint(ike_child_deleted(child_of(l, 0))->note.frame, ==, 7);
    expect_events(l, "4650I 4650R 5451I 5451R 5452I 5452R 4965R");
}

static void play_v2_in_flight(ladder *l)
{
    v2_deleted(l, 1);
}

static void play_v2_ended(ladder *l)
{
    play_v2_tunnel(l);
    after(l, 20);
    delete_ike_sa(l, RESPONDER, 0);
    long_after(l);
}

static void expect_v2_ended(ladder *l)
{
    expect_deleted_from(l, 5);
    expect_events(l, "4650I 4650R 5451I 5451R 5452I 5452R 4655I 4655R");
    expect_event_known(l, 4655, IKE_OBSERVED);
    expect_event_known(l, 5452, IKE_OBSERVED);
}

/* ---- the IKE SA is renewed ---- */

/* A Child SA is made after the IKE SA was renewed and before that is used: the newest exchange is not the one. */
static void play_rekey(ladder *l)
{
    const v2_spis first = { 0x3333333333333301, 0x4444444444444401, INITIATOR };

    play_v2_tunnel(l);
    rekey_with(l, INITIATOR, 2, first.spi_i, first.spi_r);
    child_request_with(l, INITIATOR, 3, NEW_TO_INITIATOR, 0);
    child_response_with(l, INITIATOR, 3, NEW_TO_RESPONDER);
    v2_use(l, first);
    v2_info(l, INITIATOR, 0);
}

static void expect_rekey(ladder *l)
{
    expect_sas(l, 2);
    expect_parent(l, 1, 0);
    g_assert_cmpuint(ladder_sa(l, 1)->more->made_by->message_id, ==, 2);
    expect_responder_spi(l, 1, 0x4444444444444401);
    g_assert_nonnull(ladder_sa(l, 1)->v2->choice);
    expect_spis(l, 1, NEW_TO_INITIATOR, NEW_TO_RESPONDER);
    expect_nothing_wrong(l);
}

/* .. with a choice of proposals, each with an SPI of its own (RFC 7296 3.3.1). */
static void play_rekey_second(ladder *l)
{
    const v2_spis new = { 0x3333333333333302, 0x4444444444444401, INITIATOR };
    const in_proposal offer[] = { { 1, IKE_PROTOCOL_ISAKMP, 0x3333333333333301, 128, 0 },
                                  { 2, IKE_PROTOCOL_ISAKMP, new.spi_i, 256, 0 } };
    const in_proposal choice = { 2, IKE_PROTOCOL_ISAKMP, new.spi_r, 256, 0 };

    play_v2_tunnel(l);
    rekey_with_proposals(l, INITIATOR, 2, offer, 2, &choice);
    v2_use(l, new);
    v2_info(l, INITIATOR, 0);
}

static void expect_rekey_second(ladder *l)
{
    const ike_exchange *made_by = ladder_sa(l, 1)->more->made_by;

    expect_sas(l, 2);
    expect_parent(l, 1, 0);
    expect_responder_spi(l, 1, 0x4444444444444401);
    g_assert_nonnull(made_by);
    g_assert_cmphex(made_by->more->agreement->ike_spi[made_by->opener], ==, 0x3333333333333302);
    expect_nothing_wrong(l);
}

/* Both sides renew it at once. */
static void play_rekeys(ladder *l)
{
    const v2_spis old = v2_current(l);
    const v2_spis by_initiator = { 0x3333333333333301, 0x4444444444444401, INITIATOR };
    const v2_spis by_responder = { 0x5555555555555501, 0x6666666666666601, RESPONDER };

    v2_tunnel(l);
    rekey_with(l, INITIATOR, 2, by_initiator.spi_i, by_initiator.spi_r);
    rekey_with(l, INITIATOR, 3, 0x7777777777777701, 0x7777777777777702);
    rekey_with(l, RESPONDER, 0, by_responder.spi_i, by_responder.spi_r);
    v2_use(l, by_responder);
    v2_info(l, RESPONDER, 0);
    v2_use(l, by_initiator);
    v2_info(l, INITIATOR, 0);
    v2_use(l, old);
}

static void expect_rekeys(ladder *l)
{
    expect_sas(l, 3);
    expect_parent(l, 1, 0);
    expect_parent(l, 2, 0);
    g_assert_true(ladder_sa(l, 1)->more->made_by->opener != ladder_sa(l, 2)->more->made_by->opener);
    g_assert_cmpuint(ladder_sa(l, 2)->more->made_by->message_id, ==, 2);
}

/* ---- both sides at once ---- */

static void ask_at_once(ladder *l, bool renews, bool notify_first)
{
    static const ladder_side sides[] = { INITIATOR, RESPONDER };

    play_v2_tunnel(l);
    for (int half = 0; half < 2; half++)
        for (int i = 0; i < 2; i++) {
            const uint32_t id = sides[i] == INITIATOR ? 2 : 0, spi = NEW_TO_INITIATOR + 16u * (unsigned)(2 * half + i);
            wire_message c = inside();

            if (half == 0 && notify_first)
                wire_payload_v2_plain_notify(&c, 16394);
            in_v2_child(&c, spi);
            if (half == 0 && renews)
                in_v2_rekey(&c, i ? TO_RESPONDER : TO_INITIATOR);
            in_v2_selectors(&c);
            with_plain(l, &c);
            if (half == 0)
                v2_child_req(l, sides[i], id);
            else
                v2_child_resp(l, sides[i], id);
        }
}

/* The notify that says so need not come first. */
static void play_collision(ladder *l)
{
    ask_at_once(l, true, false);
}

static void expect_collision(ladder *l)
{
    expect_finding(l, "rekey_coll", NOTE);
}

/* .. and another one in its place says nothing of the kind. */
static void play_no_collision(ladder *l)
{
    ask_at_once(l, false, true);
}

static void expect_no_collision(ladder *l)
{
    expect_no_finding(l, "rekey_coll");
}

/* Both sides renew one at once: which they name. */
static void renew_at_once(ladder *l, uint32_t of_initiator, uint32_t of_responder)
{
    play_v2_tunnel(l);
    child_request_with(l, INITIATOR, 2, NEW_TO_INITIATOR, 0);
    child_response_with(l, INITIATOR, 2, NEW_TO_RESPONDER);
    child_request_with(l, INITIATOR, 3, 0xc5000005, of_initiator);
    child_request_with(l, RESPONDER, 0, 0xc6000006, of_responder);
    child_response_with(l, INITIATOR, 3, 0xc7000007);
    child_response_with(l, RESPONDER, 0, 0xc8000008);
}

static void play_same_renewed(ladder *l)
{
    renew_at_once(l, NEW_TO_INITIATOR, NEW_TO_RESPONDER);
}

/* There are two, and each renews another one. */
static void play_each_renewed(ladder *l)
{
    renew_at_once(l, TO_INITIATOR, NEW_TO_RESPONDER);
}

/* One of them was made before the capture began: it may be the same. */
static void play_unknown_renewed(ladder *l)
{
    renew_at_once(l, FOREIGN, NEW_TO_RESPONDER);
}

/* ---- refusals and deletes that follow ---- */

/* Refusals are no negotiations that go round in circles, however long they are. */
static void play_refusals(ladder *l)
{
    play_v2_tunnel(l);
    for (uint32_t i = 0; i < 8; i++) {
        wire_message c = inside();

        child_request_with(l, INITIATOR, 2 + 2 * i, NEW_TO_INITIATOR + 16 * i, TO_INITIATOR);
        wire_payload_v2_plain_notify(&c, IKE_NOTIFY_V2_TEMPORARY_FAILURE);
        wire_payload_random(&c, IKE_PL_V2_VID, 150, i);
        with_plain(l, &c);
        v2_child_resp(l, INITIATOR, 2 + 2 * i);
        c = inside();
        in_v2_delete_esp(&c, FOREIGN + i);
        with_plain(l, &c);
        v2_info_req(l, INITIATOR, 3 + 2 * i);
        with_nothing(l);
        v2_info_resp(l, INITIATOR, 3 + 2 * i);
        after(l, 2);
    }
}

static void expect_refusals(ladder *l)
{
    expect_finding(l, "child_fail", NOTE);
    expect_no_finding(l, "rekey_loop");
}

/* A Child SA is deleted under the IKE SA that took it over (RFC 7296 2.8), whichever side renewed it. */
static void deleted_after_rekey(ladder *l, ladder_side by)
{
    const v2_spis renewed = { 0x3333333333333301, 0x4444444444444401, by };
    wire_message c = inside();

    play_v2_tunnel(l);
    rekey_with(l, by, by == INITIATOR ? 2 : 0, renewed.spi_i, renewed.spi_r);
    v2_use(l, renewed);
    after(l, 20);
    in_v2_delete_esp(&c, TO_RESPONDER);
    with_plain(l, &c);
    v2_info_req(l, RESPONDER, 0);
    c = inside();
    in_v2_delete_esp(&c, TO_INITIATOR);
    with_plain(l, &c);
    v2_info_resp(l, RESPONDER, 0);
    after(l, 10);
    esp(l, RESPONDER, TO_INITIATOR, 2);
    long_after(l);
}

static void play_deleted_after_rekey(ladder *l)
{
    deleted_after_rekey(l, INITIATOR);
}

static void play_deleted_after_other_rekey(ladder *l)
{
    deleted_after_rekey(l, RESPONDER);
}

static void expect_deleted_after_rekey(ladder *l)
{
    expect_parent(l, 1, 0);
    g_assert_nonnull(ike_child_deleted(child_of(l, 0)));
    g_assert_cmpuint(ike_child_deleted(child_of(l, 0))->note.frame, ==, 9);
    expect_one_finding(l, "esp_after_delete", NOTE);
    expect_observed(l, "esp_after_delete");
}

static const script scripts[] = {
    { "v2/child", play_child, expect_child },
    { "v2/temporary-failure", play_temporary, expect_temporary },
    { "v2/no-additional-sas", play_no_more, expect_no_more },
    { "v2/group-guessed", play_group_guessed, expect_group_guessed },
    { "v2/group-tried", play_group_tried, expect_group_tried },
    { "v2/group-refused", play_group_refused, expect_group_refused },
    { "v2/goes-on-after-delete", play_v2_goes_on, expect_v2_goes_on },
    { "v2/in-flight-after-delete", play_v2_in_flight, expect_in_flight },
    { "v2/ended", play_v2_ended, expect_v2_ended },
    { "v2/rekey", play_rekey, expect_rekey },
    { "v2/rekey-second", play_rekey_second, expect_rekey_second },
    { "v2/rekeys-at-once", play_rekeys, expect_rekeys },
    { "v2/collision", play_collision, expect_collision },
    { "v2/no-collision", play_no_collision, expect_no_collision },
    { "v2/same-renewed", play_same_renewed, expect_collision },
    { "v2/each-renewed", play_each_renewed, expect_no_collision },
    { "v2/unknown-renewed", play_unknown_renewed, expect_collision },
    { "v2/refusals", play_refusals, expect_refusals },
    { "v2/deleted-after-rekey", play_deleted_after_rekey, expect_deleted_after_rekey },
    { "v2/deleted-after-other-rekey", play_deleted_after_other_rekey, expect_deleted_after_rekey },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_scripts(scripts, G_N_ELEMENTS(scripts));
    return g_test_run();
}
