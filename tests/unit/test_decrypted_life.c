/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKE SAs of IKEv1 with keys, while they are up: liveness checks, deletes, XAUTH.
 */
#include "readable.h"

/* ---- liveness ---- */

static void play_dead(ladder *l)
{
    tunnel(l);
    for (uint32_t i = 0; i < 5; i++) {
        after(l, 10);
        info_with_notify(l, INITIATOR, 0xb1 + i, IKE_NOTIFY_R_U_THERE);
    }
    long_after(l);
}

static void expect_dead(ladder *l)
{
    expect_finding(l, "dpd_fail", WARN);
    expect_observed(l, "dpd_fail");
    expect_finding_says(l, "dpd_fail", "5 liveness checks");
}

static void expect_no_dpd_fail(ladder *l)
{
    expect_no_finding(l, "dpd_fail");
}

static void play_alive(ladder *l)
{
    tunnel(l);
    for (uint32_t i = 0; i < 5; i++) {
        after(l, 10);
        info_with_notify(l, INITIATOR, 0xb0 + 2 * i, IKE_NOTIFY_R_U_THERE);
        info_with_notify(l, RESPONDER, 0xb1 + 2 * i, IKE_NOTIFY_R_U_THERE_ACK);
    }
    long_after(l);
}

enum { CHECKS = 5 };

/* Checks of the initiator, or their acknowledgements; one each 10 s. */
static void checks(ladder *l, uint16_t notify, double from, uint32_t number)
{
    for (uint32_t i = 0; i < CHECKS; i++) {
        wire_message c = inside();

        at(l, from + 10 * i);
        in_hash(&c);
        in_alive(&c, notify, number + i);
        with_plain(l, &c);
        info(l, notify == IKE_NOTIFY_R_U_THERE ? INITIATOR : RESPONDER, notify * 0x100u + i, 92);
    }
}

/* Each direction has a file of its own, and a merge put one behind the other. */
static void play_acknowledged_before(ladder *l)
{
    tunnel(l);
    checks(l, IKE_NOTIFY_R_U_THERE_ACK, 10.1, 7000);
    checks(l, IKE_NOTIFY_R_U_THERE, 10, 7000);
    at(l, 60);
    long_after(l);
}

/* .. of checks that came earlier. */
static void play_others_acknowledged(ladder *l)
{
    tunnel(l);
    checks(l, IKE_NOTIFY_R_U_THERE_ACK, 10.1, 7000);
    checks(l, IKE_NOTIFY_R_U_THERE, 60, 7000 + CHECKS);
    long_after(l);
}

static void play_only_acknowledged(ladder *l)
{
    tunnel(l);
    checks(l, IKE_NOTIFY_R_U_THERE_ACK, 10.1, 7000);
    long_after(l);
}

/* They come as checks do, but they are none. */
static void play_no_checks(ladder *l)
{
    tunnel(l);
    for (uint32_t i = 0; i < 5; i++) {
        after(l, 10);
        info_with_delete(l, INITIATOR, 0xb1 + i, FOREIGN + i);
    }
    long_after(l);
}

/* ---- deletes of IKEv1 ---- */

static void play_deleted(ladder *l, double seconds)
{
    tunnel(l);
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, RESPONDER, TO_INITIATOR, 1);
    after(l, 20);
    info_with_delete(l, INITIATOR, 0xb1, TO_INITIATOR);
    after(l, seconds);
    esp(l, RESPONDER, TO_INITIATOR, 2);
    esp(l, INITIATOR, TO_RESPONDER, 2);
    long_after(l);
}

static void play_goes_on(ladder *l)
{
    play_deleted(l, 6);
}

static void expect_goes_on(ladder *l)
{
    expect_one_finding(l, "esp_after_delete", NOTE);
    expect_observed(l, "esp_after_delete");
    expect_finding_at(l, 13, "esp_after_delete");
    expect_finding_says(l, "esp_after_delete", "SPI c1000001");
    g_assert_nonnull(ike_child_deleted(child_of(l, 0)));
    g_assert_cmpuint(ike_child_deleted(child_of(l, 0))->note.frame, ==, 12);
    g_assert_null(ladder_sa(l, 0)->more->deleted);
    expect_in_report(l, "sa", "by the initiator, frame 12");
    expect_events(l, "4650I 4650R 5451I 5451R 5452I 5452R 4965I");
    expect_event_known(l, 5452, IKE_OBSERVED);
}

static void play_in_flight(ladder *l)
{
    play_deleted(l, 0.2);
}

/* The sender deletes what it receives: an SPI of its peer's names nothing. */
static void play_deleted_wrongly(ladder *l)
{
    play_tunnel(l);
    after(l, 20);
    info_with_delete(l, INITIATOR, 0xb1, TO_RESPONDER);
    info_with_delete(l, INITIATOR, 0xb2, FOREIGN);
    after(l, 10);
    esp(l, INITIATOR, TO_RESPONDER, 2);
}

static void expect_not_deleted(ladder *l)
{
    g_assert_null(ike_child_deleted(child_of(l, 0)));
    g_assert_null(ladder_sa(l, 0)->more->deleted);
    expect_no_finding(l, "esp_after_delete");
}

static void play_ended(ladder *l)
{
    tunnel(l);
    after(l, 20);
    info_with_end(l, RESPONDER, 0xb1, l->spi_i, l->spi_r);
    long_after(l);
}

static void expect_ended(ladder *l)
{
    expect_deleted_from(l, 10);
    expect_events(l, "4650I 4650R 5451I 5451R 5452I 5452R 4655I 4655R");
    expect_event_known(l, 4655, IKE_OBSERVED);
    expect_event_known(l, 5452, IKE_INFERRED); /* in IKEv1 they may live on */
}

/* An IKE SA may carry the end of another one (RFC 2408 3.15), of which this capture knows nothing. */
static void play_other_ended(ladder *l)
{
    tunnel(l);
    after(l, 20);
    info_with_end(l, RESPONDER, 0xb1, l->spi_i + 1, l->spi_r);
    after(l, 20);
    info_with_notify(l, INITIATOR, 0xb2, IKE_NOTIFY_R_U_THERE);
    info_with_notify(l, RESPONDER, 0xb3, IKE_NOTIFY_R_U_THERE_ACK);
    long_after(l);
}

static void expect_other_ended(ladder *l)
{
    g_assert_null(ladder_sa(l, 0)->more->deleted);
    expect_events(l, "4650I 4650R 5451I 5451R");
}

/* The IKE SA that ends is one of these hosts, and another one says so. */
static void play_ended_elsewhere(ladder *l)
{
    const uint64_t spi_i = l->spi_i, spi_r = l->spi_r;

    tunnel(l);
    after(l, 20);
    next_sa(l);
    main_mode_with_keys(l);
    info_with_end(l, RESPONDER, 0xb1, spi_i, spi_r);
    long_after(l);
}

static void expect_ended_elsewhere(ladder *l)
{
    g_assert_nonnull(ladder_sa(l, 0)->more->deleted);
    g_assert_cmpuint(ladder_sa(l, 0)->more->deleted->note.frame, ==, 16);
    g_assert_null(ladder_sa(l, 1)->more->deleted);
    g_assert_cmpstr(ladder_record(l, 16)->rare->notify, ==, "DELETE IKE SA 1111111111111101:2222222222222201");
    expect_established(l, 1);
}

/* .. but hosts that have nothing to do with it cannot end it. */
static void play_ended_by_strangers(ladder *l)
{
    const uint64_t spi_i = l->spi_i, spi_r = l->spi_r;

    tunnel(l);
    after(l, 20);
    next_sa(l);
    host_is(l, INITIATOR, "10.3.0.9", 500);
    host_is(l, RESPONDER, "10.4.0.9", 500);
    main_mode_with_keys(l);
    info_with_end(l, RESPONDER, 0xb1, spi_i, spi_r);
    long_after(l);
}

static void expect_not_ended(ladder *l)
{
    expect_sas(l, 2);
    g_assert_null(ladder_sa(l, 0)->more->deleted);
    g_assert_null(ladder_sa(l, 1)->more->deleted);
}

/* In IKEv1 what it made may go on (RFC 2409 5), and its packets show that it does. */
static void play_outlives(ladder *l)
{
    play_tunnel(l);
    after(l, 20);
    info_with_end(l, RESPONDER, 0xb1, l->spi_i, l->spi_r);
    after(l, 20);
    esp(l, INITIATOR, TO_RESPONDER, 2);
    long_after(l);
}

static void expect_outlives(ladder *l)
{
    g_assert_nonnull(ladder_sa(l, 0)->more->deleted);
    expect_no_finding(l, "esp_after_delete");
    expect_events(l, "4650I 4650R 5451I 5451R 4655I 4655R");
}

/* The other side makes a new IKE SA, and deletes under it what an older one has made. */
static void play_deleted_elsewhere(ladder *l)
{
    play_tunnel(l);
    after(l, 20);
    change_sides(l);
    next_sa(l);
    main_mode_with_keys(l);
    info_with_delete(l, INITIATOR, 0xb1, TO_RESPONDER); /* of packets to it: the responder of the first SA */
    after(l, 10);
    esp(l, RESPONDER, TO_RESPONDER, 2);
    esp(l, INITIATOR, TO_INITIATOR, 2); /* the other direction may go on */
    long_after(l);
}

static void expect_deleted_elsewhere(ladder *l)
{
    g_assert_nonnull(ike_child_deleted(child_of(l, 0)));
    expect_one_finding(l, "esp_after_delete", NOTE);
    expect_finding_says(l, "esp_after_delete", "SPI c2000002");
    expect_finding_at(l, 19, "esp_after_delete");
    expect_in_report(l, "sa", "by the responder, frame 18"); /* of the SA that made it */
}

/* ---- XAUTH ---- */

#define ALICE "4089 0005 616c696365 408a 0002 7077"

static void play_xauth(ladder *l, const char *status)
{
    main_mode_with_keys(l);
    tr_with(l, 1, 0xd1, 1, "4089 0000 408a 0000");
    tr_with(l, 2, 0xd1, 2, ALICE);
    tr_with(l, 1, 0xd2, 3, status);
    tr_with(l, 2, 0xd2, 4, "408f 0000");
    long_after(l);
}

static void play_xauth_failed(ladder *l)
{
    play_xauth(l, "c08f 0000");
}

static void expect_xauth_failed(ladder *l)
{
    expect_finding(l, "xauth_fail", WARN);
    expect_observed(l, "xauth_fail");
    expect_finding_at(l, 9, "xauth_fail");
    expect_finding_says(l, "xauth_fail", "for user alice");
    expect_labels(l, "MM1 MM2 MM3 MM4 MM5 MM6 TR1 TR2 TR1 TR2 .");
    g_assert_cmpstr(ladder_sa(l, 0)->more->user, ==, "alice");
}

static void play_xauth_accepted(ladder *l)
{
    play_xauth(l, "c08f 0001");
}

static void expect_xauth_accepted(ladder *l)
{
    expect_no_findings(l, "xauth_fail cfg_noaddr");
}

static void play_address(ladder *l)
{
    main_mode_with_keys(l);
    change_sides(l); /* tr() has the responder ask, here the client does */
    tr_with(l, 1, 0xd1, 1, "0001 0000");
    tr_with(l, 2, 0xd1, 2, "0001 0004 0a030007 0002 0004 ffffffff");
    change_sides(l);
    quick_mode_with(l, 0xa1, TO_INITIATOR, TO_RESPONDER);
}

static void expect_address(ladder *l)
{
    g_assert_cmpstr(ladder_sa(l, 0)->more->given_address, ==, "10.3.0.7");
    expect_nothing_wrong(l);
}

/* An address that is asked for is none that is given. */
static void play_address_wished(ladder *l)
{
    main_mode_with_keys(l);
    change_sides(l);
    tr_with(l, 1, 0xd1, 1, "0001 0004 0a030009");
    change_sides(l);
}

static void expect_no_given_address(ladder *l)
{
    expect_labels(l, "MM1 MM2 MM3 MM4 MM5 MM6 TR1");
    g_assert_cmpstr(ladder_sa(l, 0)->more->given_address, ==, NULL);
}

/* Without being asked, and the client only says that it has it. */
static void play_address_set(ladder *l)
{
    main_mode_with_keys(l);
    tr_with(l, 1, 0xd1, 3, "0001 0004 0a030007");
    tr_with(l, 2, 0xd1, 4, "0001 0004 00000000");
    quick_mode_with(l, 0xa1, TO_INITIATOR, TO_RESPONDER);
}

static const script scripts[] = {
    { "v1/dead", play_dead, expect_dead },
    { "v1/alive", play_alive, expect_no_dpd_fail },
    { "v1/acknowledged-before", play_acknowledged_before, expect_no_dpd_fail },
    { "v1/others-acknowledged", play_others_acknowledged, expect_dead },
    { "v1/only-acknowledged", play_only_acknowledged, expect_no_dpd_fail },
    { "v1/no-checks", play_no_checks, expect_no_dpd_fail },
    { "v1/goes-on-after-delete", play_goes_on, expect_goes_on },
    { "v1/in-flight-after-delete", play_in_flight, expect_in_flight },
    { "v1/deleted-wrongly", play_deleted_wrongly, expect_not_deleted },
    { "v1/ended", play_ended, expect_ended },
    { "v1/other-ended", play_other_ended, expect_other_ended },
    { "v1/ended-elsewhere", play_ended_elsewhere, expect_ended_elsewhere },
    { "v1/ended-by-strangers", play_ended_by_strangers, expect_not_ended },
    { "v1/outlives", play_outlives, expect_outlives },
    { "v1/xauth-failed", play_xauth_failed, expect_xauth_failed },
    { "v1/xauth-accepted", play_xauth_accepted, expect_xauth_accepted },
    { "v1/address", play_address, expect_address },
    { "v1/address-wished", play_address_wished, expect_no_given_address },
    { "v1/address-set", play_address_set, expect_address },
    { "v1/deleted-elsewhere", play_deleted_elsewhere, expect_deleted_elsewhere },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_scripts(scripts, G_N_ELEMENTS(scripts));
    return g_test_run();
}
