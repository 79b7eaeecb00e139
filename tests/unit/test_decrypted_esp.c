/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPsec SAs whose SPIs are known from decrypted negotiations.
 */
#include "readable.h"

/* ---- ESP ---- */

/* A merge puts the packets before the negotiation. */
static void play_esp_before(ladder *l)
{
    at(l, 10);
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, RESPONDER, TO_INITIATOR, 1);
    esp(l, INITIATOR, TO_RESPONDER, 2);
    at(l, 1);
    tunnel(l);
    at(l, 11);
    esp(l, INITIATOR, TO_RESPONDER, 3);
}

static void expect_esp_before(ladder *l)
{
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
    expect_tied(l, TO_INITIATOR, 0);
    expect_tied(l, TO_RESPONDER, 0);
    g_assert_cmpuint(flow_of(l, TO_RESPONDER)->packets, ==, 3);
}

static void play_v2_esp_before(ladder *l)
{
    at(l, 10);
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, RESPONDER, TO_INITIATOR, 1);
    at(l, 1);
    v2_tunnel(l);
}

static void expect_v2_esp_before(ladder *l)
{
    expect_tied(l, TO_INITIATOR, 0);
    expect_tied(l, TO_RESPONDER, 0);
}

/* .. and IKE_AUTH takes several rounds. */
static void play_eap_esp_before(ladder *l)
{
    at(l, 10);
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, RESPONDER, TO_INITIATOR, 1);
    at(l, 1);
    eap_to_the_end(l);
}

/* Two Quick Modes at once; the packets of the first come last. */
static void play_two(ladder *l)
{
    tunnel(l);
    quick_mode_with(l, 0xa2, NEW_TO_INITIATOR, NEW_TO_RESPONDER);
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, INITIATOR, NEW_TO_RESPONDER, 1);
    esp(l, RESPONDER, NEW_TO_INITIATOR, 1);
    esp(l, RESPONDER, TO_INITIATOR, 1);
}

static void expect_two(ladder *l)
{
    expect_tied(l, TO_RESPONDER, 0);
    expect_tied(l, NEW_TO_RESPONDER, 1);
    expect_tied(l, NEW_TO_INITIATOR, 1);
    expect_tied(l, TO_INITIATOR, 0);
    expect_nothing_wrong(l);
}

/* An SPI that no negotiation made does not take the place of one that is told. */
static void play_stranger(ladder *l)
{
    tunnel(l);
    esp(l, INITIATOR, FOREIGN, 1);
    esp(l, INITIATOR, TO_RESPONDER, 1);
}

static void expect_stranger(ladder *l)
{
    expect_tied(l, TO_RESPONDER, 0);
    g_assert_null(flow_of(l, FOREIGN)->child);
    g_assert_cmpint(flow_of(l, FOREIGN)->tied_by, ==, IKE_TIED_NOT);
}

static void play_only_stranger(ladder *l)
{
    tunnel(l);
    esp(l, INITIATOR, FOREIGN, 1);
}

static void expect_only_stranger(ladder *l)
{
    g_assert_null(flow_of(l, FOREIGN)->child);
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
}

/* ---- proposals with SPIs of their own ---- */

enum { NOT_CHOSEN = 0xc5000005, AH_TO_INITIATOR = 0xc6000006, AH_TO_RESPONDER = 0xc7000007 };

static const in_proposal two[] = { { 1, IKE_PROTOCOL_ESP, NOT_CHOSEN, 128, 3600 },
                                   { 2, IKE_PROTOCOL_ESP, TO_INITIATOR, 256, 3600 } };
static const in_proposal second = { 2, IKE_PROTOCOL_ESP, TO_RESPONDER, 256, 3600 };

static void use_both(ladder *l)
{
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, RESPONDER, TO_INITIATOR, 1);
    esp(l, RESPONDER, NOT_CHOSEN, 1);
}

static void play_v2_second_chosen(ladder *l)
{
    v2_init(l);
    auth_with_proposals(l, two, 2, &second);
    use_both(l);
}

static void play_second_chosen(ladder *l)
{
    main_mode_with_keys(l);
    quick_mode_with_proposals(l, 0xa1, two, 2, &second, 1);
    use_both(l);
}

static void expect_second_chosen(ladder *l)
{
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
    expect_tied(l, TO_INITIATOR, 0);
    expect_tied(l, TO_RESPONDER, 0);
    g_assert_null(flow_of(l, NOT_CHOSEN)->child);
    g_assert_cmpint(flow_of(l, NOT_CHOSEN)->tied_by, ==, IKE_TIED_NOT);
}

/* Until it is answered nobody knows which it will be. */
static void play_not_chosen_yet(ladder *l)
{
    v2_init(l);
    auth_with_proposals(l, two, 2, NULL);
}

static void expect_not_chosen_yet(ladder *l)
{
    expect_spis(l, 0, 0, 0);
    g_assert_cmpuint(child_of(l, 0)->more->agreement->offered.n, ==, 2);
}

/* .. unless all have one SPI. */
static void play_one_spi(ladder *l)
{
    const in_proposal offer[] = { { 1, IKE_PROTOCOL_ESP, TO_INITIATOR, 128, 0 },
                                  { 2, IKE_PROTOCOL_ESP, TO_INITIATOR, 256, 0 } };

    v2_init(l);
    auth_with_proposals(l, offer, 2, NULL);
}

static void expect_one_spi(ladder *l)
{
    expect_spis(l, 0, TO_INITIATOR, 0);
}

/* ---- protocols that are used together: RFC 2408 4.2 ---- */

static void play_bundle(ladder *l)
{
    const in_proposal offer[] = { { 1, IKE_PROTOCOL_AH, AH_TO_INITIATOR, 0, 3600 },
                                  { 1, IKE_PROTOCOL_ESP, TO_INITIATOR, 256, 3600 } };
    const in_proposal choice[] = { { 1, IKE_PROTOCOL_AH, AH_TO_RESPONDER, 0, 3600 },
                                   { 1, IKE_PROTOCOL_ESP, TO_RESPONDER, 256, 3600 } };

    main_mode_with_keys(l);
    quick_mode_with_proposals(l, 0xa1, offer, 2, choice, 2);
}

/* Whichever is outside. */
static void play_ah_outside(ladder *l)
{
    play_bundle(l);
    ah(l, INITIATOR, AH_TO_RESPONDER, 1);
    ah(l, RESPONDER, AH_TO_INITIATOR, 1);
}

static void expect_bundle(ladder *l)
{
    const ike_agreement *agreement = child_of(l, 0)->more->agreement;
    const ike_side opener = child_of(l, 0)->opener;

    g_assert_cmpuint(agreement->protocol, ==, IKE_PROTOCOL_ESP);
    g_assert_cmpuint(agreement->chosen.protocol, ==, IKE_PROTOCOL_ESP);
    g_assert_cmphex(agreement->spi[opener], ==, TO_INITIATOR);
    g_assert_cmphex(agreement->spi[1 - opener], ==, TO_RESPONDER);
    g_assert_cmphex(agreement->ah_spi[opener], ==, AH_TO_INITIATOR);
    g_assert_cmphex(agreement->ah_spi[1 - opener], ==, AH_TO_RESPONDER);
    expect_in_report(l, "sa", "ESP AES-CBC-256 / HMAC-SHA2-256-128, tunnel, 3600 s");
}

static void expect_ah_outside(ladder *l)
{
    expect_labels(l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 ah ah");
    expect_bundle(l);
    expect_tied(l, AH_TO_RESPONDER, 0);
    expect_tied(l, AH_TO_INITIATOR, 0);
}

static void play_esp_outside(ladder *l)
{
    play_bundle(l);
    use_both(l);
}

static void expect_esp_outside(ladder *l)
{
    expect_bundle(l);
    expect_tied(l, TO_RESPONDER, 0);
    expect_tied(l, TO_INITIATOR, 0);
}

/* Both, which no network shows: a negotiation has one flow of each side, the first. */
static void play_ah_beside_esp(ladder *l)
{
    play_bundle(l);
    use_both(l);
    ah(l, INITIATOR, AH_TO_RESPONDER, 1);
    ah(l, RESPONDER, TO_INITIATOR, 1);
}

static void expect_ah_beside_esp(ladder *l)
{
    expect_bundle(l);
    expect_tied(l, TO_RESPONDER, 0);
    expect_tied(l, TO_INITIATOR, 0);
    g_assert_null(flow_of(l, AH_TO_RESPONDER)->child);
    g_assert_cmpint(flow_of(l, AH_TO_RESPONDER)->tied_by, ==, IKE_TIED_NOT);
}

/* AH alone has the place of the other. */
static void play_only_ah(ladder *l)
{
    const in_proposal offer = { 1, IKE_PROTOCOL_AH, AH_TO_INITIATOR, 0, 3600 };
    const in_proposal choice = { 1, IKE_PROTOCOL_AH, AH_TO_RESPONDER, 0, 3600 };

    main_mode_with_keys(l);
    quick_mode_with_proposals(l, 0xa1, &offer, 1, &choice, 1);
    ah(l, INITIATOR, AH_TO_RESPONDER, 1);
}

static void expect_only_ah(ladder *l)
{
    expect_spis(l, 0, AH_TO_INITIATOR, AH_TO_RESPONDER);
    expect_tied(l, AH_TO_RESPONDER, 0);
    expect_in_report(l, "sa", "AH SHA2-256, tunnel, 3600 s");
}

/* What compresses comes first, and its SPI of two bytes is in no ESP header. */
static void play_compressed(ladder *l)
{
    const in_proposal offer[] = { { 1, IN_IPCOMP, 0x1234, 0, 3600 },
                                  { 1, IKE_PROTOCOL_ESP, TO_INITIATOR, 256, 3600 } };
    const in_proposal choice[] = { { 1, IN_IPCOMP, 0x5678, 0, 3600 },
                                   { 1, IKE_PROTOCOL_ESP, TO_RESPONDER, 256, 3600 } };

    main_mode_with_keys(l);
    quick_mode_with_proposals(l, 0xa1, offer, 2, choice, 2);
    use_both(l);
}

static void expect_compressed(ladder *l)
{
    g_assert_cmpuint(child_of(l, 0)->more->agreement->protocol, ==, IKE_PROTOCOL_ESP);
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
    expect_tied(l, TO_INITIATOR, 0);
    expect_tied(l, TO_RESPONDER, 0);
    expect_in_report(l, "sa", "ESP AES-CBC-256 / HMAC-SHA2-256-128, tunnel, 3600 s");
}

/* ---- after a delete ---- */

/* Each side deletes what it receives, the responder 20 s later; the other direction goes on for so long. */
static void each_deleted(ladder *l, double seconds)
{
    play_tunnel(l);
    after(l, 20);
    info_with_delete(l, INITIATOR, 0xb1, TO_INITIATOR);
    after(l, 10);
    esp(l, INITIATOR, TO_RESPONDER, 2);
    after(l, 10);
    info_with_delete(l, RESPONDER, 0xb2, TO_RESPONDER);
    after(l, seconds);
    esp(l, INITIATOR, TO_RESPONDER, 3);
    long_after(l);
}

static void play_second_goes_on(ladder *l)
{
    each_deleted(l, 6);
}

static void expect_second_goes_on(ladder *l)
{
    const ike_side opener = child_of(l, 0)->opener;

    expect_one_finding(l, "esp_after_delete", NOTE);
    expect_observed(l, "esp_after_delete");
    expect_finding_says(l, "esp_after_delete", "SPI c2000002");
    expect_finding_says(l, "esp_after_delete", "deleted in frame 14");
    g_assert_cmpuint(child_of(l, 0)->more->agreement->ended[opener]->note.frame, ==, 12);
    g_assert_cmpuint(child_of(l, 0)->more->agreement->ended[1 - opener]->note.frame, ==, 14);
    g_assert_cmpuint(ike_child_deleted(child_of(l, 0))->note.frame, ==, 12);
}

static void play_second_in_flight(ladder *l)
{
    each_deleted(l, 1);
}

/* The IKE SA goes, and with it what it made (RFC 7296 1.4.1). */
static void play_ike_sa_deleted(ladder *l)
{
    play_v2_tunnel(l);
    after(l, 20);
    delete_ike_sa(l, RESPONDER, 0);
    after(l, 6);
    esp(l, INITIATOR, TO_RESPONDER, 2);
    long_after(l);
}

static void expect_ike_sa_deleted(ladder *l)
{
    expect_one_finding(l, "esp_after_delete", NOTE);
    expect_observed(l, "esp_after_delete");
    expect_finding_says(l, "esp_after_delete", "SPI c2000002");
    expect_finding_says(l, "esp_after_delete", "deleted in frame 7");
}

static const v2_spis renewed = { 0x3333333333333301, 0x4444444444444401, INITIATOR };

/* .. or that of the one which renewed it; to delete the old one ends nothing. */
static void heir_deleted(ladder *l, bool new_too)
{
    const v2_spis old = v2_current(l);

    play_v2_tunnel(l);
    rekey_with(l, INITIATOR, 2, renewed.spi_i, renewed.spi_r);
    v2_use(l, renewed);
    v2_info(l, INITIATOR, 0);
    v2_use(l, old);
    delete_ike_sa(l, INITIATOR, 3);
    after(l, 20);
    esp(l, INITIATOR, TO_RESPONDER, 2);
    v2_use(l, renewed);
    if (new_too)
        delete_ike_sa(l, RESPONDER, 0);
    after(l, 6);
    esp(l, INITIATOR, TO_RESPONDER, 3);
    long_after(l);
}

static void play_heir_deleted(ladder *l)
{
    heir_deleted(l, true);
}

static void expect_heir_deleted(ladder *l)
{
    expect_parent(l, 1, 0);
    expect_one_finding(l, "esp_after_delete", NOTE);
    expect_observed(l, "esp_after_delete");
    expect_finding_says(l, "esp_after_delete", "deleted in frame 14");
}

static void play_old_deleted(ladder *l)
{
    heir_deleted(l, false);
}

static void expect_old_deleted(ladder *l)
{
    expect_parent(l, 1, 0);
    expect_no_finding(l, "esp_after_delete");
    g_assert_nonnull(ladder_sa(l, 0)->more->deleted);
    g_assert_null(ike_child_deleted(child_of(l, 0)));
}

static const script scripts[] = {
    { "esp/before", play_esp_before, expect_esp_before },
    { "esp/v2-before", play_v2_esp_before, expect_v2_esp_before },
    { "esp/eap-before", play_eap_esp_before, expect_v2_esp_before },
    { "esp/two", play_two, expect_two },
    { "esp/only-stranger", play_only_stranger, expect_only_stranger },
    { "esp/stranger", play_stranger, expect_stranger },
    { "esp/second-chosen", play_second_chosen, expect_second_chosen },
    { "esp/v2-second-chosen", play_v2_second_chosen, expect_second_chosen },
    { "esp/not-chosen-yet", play_not_chosen_yet, expect_not_chosen_yet },
    { "esp/one-spi", play_one_spi, expect_one_spi },
    { "esp/ah-outside", play_ah_outside, expect_ah_outside },
    { "esp/esp-outside", play_esp_outside, expect_esp_outside },
    { "esp/ah-beside-esp", play_ah_beside_esp, expect_ah_beside_esp },
    { "esp/only-ah", play_only_ah, expect_only_ah },
    { "esp/compressed", play_compressed, expect_compressed },
    { "esp/second-goes-on", play_second_goes_on, expect_second_goes_on },
    { "esp/second-in-flight", play_second_in_flight, expect_in_flight },
    { "esp/ike-sa-deleted", play_ike_sa_deleted, expect_ike_sa_deleted },
    { "esp/heir-deleted", play_heir_deleted, expect_heir_deleted },
    { "esp/old-deleted", play_old_deleted, expect_old_deleted },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_scripts(scripts, G_N_ELEMENTS(scripts));
    return g_test_run();
}
