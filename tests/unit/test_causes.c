/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Why a message that authenticates was not answered.
 */
#include "ladder2.h"

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
    return g_test_run();
}
