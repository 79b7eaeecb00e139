/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * INVALID-COOKIE and INVALID_IKE_SPI: the peer refuses nothing, it does not know the SA.
 */
#include "ladder2.h"

static void behind_load_balancer(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    up_to_mm4(&l);
    move_to_4500(&l);
    for (int i = 0; i < 3; i++) {
        mm5(&l);
        refuse(&l, RESPONDER, 4);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding(&l, "cookie_invalid", WARN);
    expect_finding_says(&l, "cookie_invalid", "the peer answers MM5: it does not know this cookie pair "
                                              "(unauthenticated); on UDP 500 it knew the SA: another node may answer");
    expect_no_finding(&l, "mm5_reject");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, true);
    expect_events(&l, "4653I 4976R");
    ladder_end(&l);

    ladder_begin(&l); /* the negotiation goes on: whoever sent that is not the peer */
    up_to_mm4(&l);
    refuse(&l, INITIATOR, 4);
    mm5(&l);
    refuse(&l, RESPONDER, 4);
    mm6(&l);
    quick_mode(&l, 0xa1);
    long_after(&l);
    expect_finding(&l, "cookie_invalid", NOTE);
    expect_established(&l, 0);
    ladder_end(&l);
}

/* Each is answered under an ID of its own. */
static void answered_anew(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    for (uint32_t id = 0xb1; id < 0xb4; id++) {
        wire_message m = message(&l, IKE_XCHG_INFO, 0, id);

        mm5(&l);
        wire_payload_notify(&m, 4);
        send_message(&l, RESPONDER, wire_end(&m));
        after(&l, 4);
    }
    long_after(&l);
    expect_finding(&l, "cookie_invalid", WARN);
    expect_finding_says(&l, "cookie_invalid", "the peer answers MM5");
    expect_no_finding(&l, "mm5_reject");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void behind_load_balancer_v2(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    v2_init(&l);
    move_to_4500(&l);
    v2_auth_req(&l, 1);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_INFO, 1, V2_N_INVALID_IKE_SPI);
    long_after(&l);
    expect_finding_says(&l, "cookie_invalid", "on UDP 500 it knew the SA: another node may answer");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void quick_mode_of_lost_sa(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    after(&l, 3000);
    qm1(&l, 0xa2);
    refuse(&l, RESPONDER, 4);
    long_after(&l);
    expect_finding(&l, "cookie_invalid", WARN);
    expect_no_findings(&l, "qm1_reject qm1_noresp");
    expect_established(&l, 0);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refusals-cookie/load-balancer", behind_load_balancer);
    g_test_add_func("/refusals-cookie/answered-anew", answered_anew);
    g_test_add_func("/refusals-cookie/load-balancer-v2", behind_load_balancer_v2);
    g_test_add_func("/refusals-cookie/quick-mode", quick_mode_of_lost_sa);
    return g_test_run();
}
