/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Why a message that authenticates was not answered.
 */
#include "ike_causes.h"
#include "ike_sa.h"
#include "natt.h"

/* The initiator moves to UDP 4500, where the responder is never seen. */
static void port_4500(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    move_to_4500(&l);
    mm5_in_vain(&l);
    expect_finding_says(&l, "mm5_noresp", "probably UDP 4500 is blocked");
    expect_inferred(&l, "mm5_noresp");
    ladder_end(&l);
}

/* .. but another SA between the hosts works there. */
static void port_4500_works(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    move_to_4500(&l);
    mm5(&l);
    mm6(&l);
    host_is(&l, INITIATOR, "10.1.0.2", 500);
    host_is(&l, RESPONDER, "10.2.0.2", 500);
    l.marker = false;
    next_sa(&l);
    after(&l, 60);
    up_to_mm4(&l);
    move_to_4500(&l);
    mm5_in_vain(&l);
    expect_finding(&l, "mm5_noresp", WARN);
    g_assert_false(finding_says(&l, "mm5_noresp", "probably UDP 4500"));
    ladder_end(&l);
}

/* A short MM5 that passes on UDP 500, with a pre-shared key. */
static void keys_differ(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5_in_vain(&l);
    expect_finding_says(&l, "mm5_noresp", "probably the pre-shared keys differ");
    ladder_end(&l);
}

/* .. which are known to fit: another SA came up with them. */
static void keys_fit(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    after(&l, 100);
    next_sa(&l);
    up_to_mm4(&l);
    mm5_in_vain(&l);
    expect_finding(&l, "mm5_noresp", WARN);
    g_assert_false(finding_says(&l, "mm5_noresp", "probably the pre-shared keys differ"));
    ladder_end(&l);
}

/* .. while the responder sends MM4 again, which speaks for the keys, and for a loss as well. */
static void mm4_again(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 2);
    mm4(&l);
    after(&l, 2);
    mm5_in_vain(&l);
    expect_finding_says(&l, "mm5_noresp", "the responder sends MM4 again");
    ladder_end(&l);
}

/* A certificate in one packet on UDP 500: nothing tells. */
static void nothing_tells(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1200;
    l.choice.auth = l.offer[0].auth = 3;
    up_to_mm4(&l);
    mm5_in_vain(&l);
    expect_finding_says(&l, "mm5_noresp", "cannot be distinguished in this capture");
    ladder_end(&l);
}

/* In IKEv2 a refusal has an answer: silence is something else. */
static void ikev2_on_500(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    for (int i = 0; i < 4; i++) {
        v2_auth_req(&l, 1);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding_says(&l, "auth_noresp", "probably the responder is down or busy");
    ladder_end(&l);
}

/* ---- of an SA in use ---- */

static const ike_causes *causes_of(ladder *l, const char *name, ike_diagnosis_id id)
{
    expect_finding(l, name, WARN);
    return ike_sa_finding(ladder_sa(l, 0), id)->causes;
}

static void request_in_vain(ladder *l, ladder_side by, uint32_t id)
{
    for (int i = 0; i < 3; i++) {
        v2_info_req(l, by, id);
        after(l, 4);
    }
}

/* Fresh ESP of the peer shows that it is alive; that of one that is gone ends before the last request. */
static void esp_goes_on(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    esp(&l, RESPONDER, 0x22222222, 1);
    after(&l, 10);
    request_in_vain(&l, INITIATOR, 2);
    foreign(&l);
    g_assert_null(causes_of(&l, "dpd_fail", IKE_DIAG_DPD_FAIL));
    esp(&l, RESPONDER, 0x22222222, 2);
    foreign(&l);
    g_assert_nonnull(causes_of(&l, "dpd_fail", IKE_DIAG_DPD_FAIL));
    g_assert_cmpint(causes_of(&l, "dpd_fail", IKE_DIAG_DPD_FAIL)->best, ==, IKE_CAUSE_STATE);
    g_assert_false(causes_of(&l, "dpd_fail", IKE_DIAG_DPD_FAIL)->is_close);
    ladder_end(&l);
}

/* A peer behind a NAT that was silent for long may be forgotten there, not for less than RFC 4787 4.3 asks for. */
static void silent_behind_nat(void)
{
    static const int rows[] = { 100, 200 };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ladder l;

        ladder_begin(&l);
        nat_seen_outside(&l);
        v2_floats(&l);
        send_datagram(&l, INITIATOR, "\xff", 1); /* a keepalive: it has a mapping to keep */
        after(&l, rows[i]);
        request_in_vain(&l, RESPONDER, 0);
        foreign(&l);
        if (rows[i] < 120)
            g_assert_null(causes_of(&l, "dpd_fail", IKE_DIAG_DPD_FAIL));
        else
            g_assert_cmpint(causes_of(&l, "dpd_fail", IKE_DIAG_DPD_FAIL)->best, ==, IKE_CAUSE_MAPPING);
        ladder_end(&l);
    }
}

/* The request by which a side says where it is now (RFC 4555 3.5). */
static void from_new_address(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    v2_floats(&l);
    after(&l, 10);
    l.hosts[INITIATOR].seen = wire_endpoint("192.0.2.99", 4500);
    request_in_vain(&l, INITIATOR, 2);
    foreign(&l);
    g_assert_cmpint(causes_of(&l, "dpd_fail", IKE_DIAG_DPD_FAIL)->best, ==, IKE_CAUSE_NEW_PATH);
    ladder_end(&l);
}

/* What travelled in IP fragments only may be lost for that. */
static void in_fragments_only(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    for (int i = 0; i < 3; i++) {
        in_ip_fragments(&l, 400, NULL);
        v2_request(&l, INITIATOR, IKE_XCHG_V2_CREATE_CHILD, 2, 700);
        after(&l, 4);
    }
    esp(&l, RESPONDER, 0x22222222, 1);
    after(&l, 10);
    foreign(&l);
    g_assert_null(causes_of(&l, "child_noresp", IKE_DIAG_CHILD_NORESP));
    ladder_end(&l);
}

/* ---- of an answer ---- */

/* MM2 comes from another address, unless a copy of it does not. */
static void from_elsewhere(void)
{
    for (int is_excused = 0; is_excused < 2; is_excused++) {
        ladder l;

        ladder_begin(&l);
        for (int i = 0; i < 3; i++) {
            l.hosts[RESPONDER].seen = wire_endpoint("10.2.0.2", 500);
            mm1(&l);
            after(&l, 0.01);
            if (!is_excused || i < 2)
                l.hosts[RESPONDER].seen = wire_endpoint("10.2.0.3", 500);
            mm2(&l);
            after(&l, 4);
        }
        long_after(&l);
        if (is_excused) {
            g_assert_null(causes_of(&l, "mm2_noreply", IKE_DIAG_MM2_NOREPLY));
        } else {
            g_assert_cmpint(causes_of(&l, "mm2_noreply", IKE_DIAG_MM2_NOREPLY)->best, ==, IKE_CAUSE_OTHER_PLACE);
            expect_finding_says(&l, "mm2_noreply", "from 10.2.0.3:500, but its request went to 10.2.0.2:500");
        }
        ladder_end(&l);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/71-port-4500", port_4500);
    g_test_add_func("/vector/71-port-4500-works", port_4500_works);
    g_test_add_func("/vector/71-keys-differ", keys_differ);
    g_test_add_func("/causes/keys-fit", keys_fit);
    g_test_add_func("/causes/mm4-again", mm4_again);
    g_test_add_func("/vector/71-nothing-tells", nothing_tells);
    g_test_add_func("/causes/ikev2-on-500", ikev2_on_500);
    g_test_add_func("/causes/esp-goes-on", esp_goes_on);
    g_test_add_func("/causes/silent-behind-nat", silent_behind_nat);
    g_test_add_func("/causes/from-new-address", from_new_address);
    g_test_add_func("/causes/in-fragments-only", in_fragments_only);
    g_test_add_func("/causes/from-elsewhere", from_elsewhere);
    return g_test_run();
}
