/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vector 41: IKE SAs that are rekeyed, or that the same hosts have several of.
 */
#include "ladder2.h"

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
    expect_no_findings(l, "joined redundant_sa cookie_reused msgid_gap");
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

typedef struct both {
    v2_spis old, ours, theirs;
} both;

/* RFC 7296 2.8.1: both sides rekey at once, and the loser is deleted. */
static both rekey_both(ladder *l)
{
    const v2_spis old = v2_current(l);
    const both b = { old,
                     { old.spi_i + 0x10000, old.spi_r + 0x10000, INITIATOR },
                     { old.spi_i + 0x20000, old.spi_r + 0x20000, RESPONDER } };

    v2_child_req(l, INITIATOR, 2);
    v2_child_req(l, RESPONDER, 0);
    v2_child_resp(l, INITIATOR, 2);
    v2_child_resp(l, RESPONDER, 0);
    return b;
}

static void rekeyed_by_both(void)
{
    ladder l;
    both b;

    ladder_begin(&l);
    v2_establish(&l);
    b = rekey_both(&l);
    v2_use(&l, b.ours);
    v2_info(&l, INITIATOR, 0);
    v2_use(&l, b.old);
    v2_info(&l, INITIATOR, 3);
    v2_use(&l, b.theirs);
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

/* The one that appears first loses: what the old SA had made goes on with the other. */
static void rekeyed_by_both_and_first_lost(void)
{
    ladder l;
    both b;

    ladder_begin(&l);
    v2_establish(&l);
    esp_both_ways(&l);
    b = rekey_both(&l);
    v2_use(&l, b.ours);
    l.v2.inner = IKE_PL_V2_DELETE;
    v2_info(&l, INITIATOR, 0);
    v2_use(&l, b.theirs);
    v2_info(&l, RESPONDER, 0);
    esp_both_ways(&l);
    long_after(&l);
    expect_parent(&l, 1, 0);
    expect_parent(&l, 2, 0);
    expect_events(&l, "4650I 4650R 5451I 5451R 4650I 4650R 4650R 4650I 4655I 4655R");
    g_assert_true(ladder_sa(&l, 0)->more->rekeyed_to == ladder_sa(&l, 2));
    expect_no_finding_above(&l, CHAT, NULL);
    l.v2.inner = IKE_PL_V2_DELETE; /* much later the other one ends, too */
    v2_info(&l, RESPONDER, 1);
    long_after(&l);
    ike_tracker_finish(l.tracker);
    g_assert_true(ladder_sa(&l, 0)->more->rekeyed_to == ladder_sa(&l, 2));
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

/* Two tunnels between the same gateways, of one of which the capture lacks the start: its
 * responder's first request has message ID 0. The other one has rekeyed a Child SA and goes on. */
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
    expect_one_finding(&l, "redundant_sa", NOTE);
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
    expect_sas(&l, 2);
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
    expect_sas(&l, 2);
    expect_nat(&l, 1, IKE_ROLE_INITIATOR, IKE_NAT_MAYBE);
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/41-rekeyed-by-the-responder", rekeyed_by_the_responder);
    g_test_add_func("/vector/41-rekeyed-by-the-initiator", rekeyed_by_the_initiator);
    g_test_add_func("/vector/41-rekeyed-twice", rekeyed_twice);
    g_test_add_func("/vector/41-rekeyed-by-both", rekeyed_by_both);
    g_test_add_func("/vector/41-rekeyed-by-both-and-first-lost", rekeyed_by_both_and_first_lost);
    g_test_add_func("/vector/41-child-only", child_only);
    g_test_add_func("/vector/41-not-a-rekey", not_a_rekey);
    g_test_add_func("/vector/41-no-exchange-to-rekey", no_exchange_to_rekey);
    g_test_add_func("/vector/41-not-a-rekey-of-another-tunnel", not_a_rekey_of_another);
    g_test_add_func("/vector/41-reauthenticated", reauthenticated);
    g_test_add_func("/ikev2/redundant/both-live", redundant);
    g_test_add_func("/ikev2/redundant/for-a-moment", redundant_for_a_moment);
    g_test_add_func("/ikev2/redundant/behind-a-nat", several_behind_a_nat);
    g_test_add_func("/ikev2/redundant/one-after-the-other", one_after_the_other);
    g_test_add_func("/vector/41-parent-of-two", parent_of_two);
    return g_test_run();
}
