/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vector 45: addresses that change, and NAT detection of IKEv2.
 */
#include "natt.h"

/* ---- 45: addresses that change ---- */

static void mobike(void)
{
    ladder l;

    ladder_begin(&l);
    v2_floats(&l);
    after(&l, 600);
    host_is(&l, INITIATOR, "203.0.113.9", 4500);
    v2_info(&l, INITIATOR, 2);
    v2_info(&l, INITIATOR, 3);
    long_after(&l);
    expect_labels(&l, UP " " INFO " " INFO " .");
    expect_sas(&l, 1);
    expect_sa_of(&l, 5, 0);
    expect_one_finding(&l, "nat_addrchg", CHAT);
    expect_finding_at(&l, 5, "nat_addrchg");
    expect_pair(&l, 5, 6);
    expect_sender(&l, 5, IKE_ROLE_INITIATOR);
    expect_sender(&l, 6, IKE_ROLE_RESPONDER);
    expect_no_findings(&l, "nat_rebind joined reflect");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* A path is tried with the same request from another address. */
static void path_test(void)
{
    ladder l;

    ladder_begin(&l);
    move_to_4500(&l);
    v2_establish(&l);
    v2_info_req(&l, INITIATOR, 2);
    after(&l, 2);
    host_is(&l, INITIATOR, "203.0.113.9", 4500);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, UP " INFORMATIONAL.req INFORMATIONAL.req+ INFORMATIONAL.resp .");
    expect_sas(&l, 1);
    expect_retransmission(&l, 6, 5, 1);
    expect_pair(&l, 5, 7);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding(&l, "reflect");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void another_port(void)
{
    ladder l;

    ladder_begin(&l);
    move_to_4500(&l);
    v2_establish(&l);
    after(&l, 600);
    host_is(&l, INITIATOR, "10.1.0.2", 61002);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_sas(&l, 1);
    expect_finding(&l, "nat_rebind", NOTE);
    expect_no_finding(&l, "nat_addrchg");
    ladder_end(&l);
}

static void nobody_moves(void)
{
    ladder l;

    ladder_begin(&l);
    v2_floats(&l);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, UP " " INFO " .");
    expect_no_findings(&l, "nat_addrchg nat_rebind natt_detected");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- NAT ---- */

static void behind_a_nat(void (*view)(ladder *))
{
    ladder l;

    ladder_begin(&l);
    view(&l);
    v2_floats(&l);
    long_after(&l);
    expect_one_finding(&l, "natt_detected", CHAT);
    expect_finding_on_a_frame(&l, "natt_detected");
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    expect_no_finding(&l, "nat_rebind");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void nat_outside(void)
{
    behind_a_nat(nat_seen_outside);
}

static void nat_inside(void)
{
    ladder l;

    behind_a_nat(nat_seen_inside);
    ladder_begin(&l);
    nat_seen_inside(&l);
    v2_init(&l);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    ladder_end(&l);
}

static void no_nat_payloads(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    l.v2.natd[INITIATOR] = l.v2.natd[RESPONDER] = false;
    v2_establish(&l);
    long_after(&l);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_UNKNOWN);
    expect_no_finding(&l, "natt_detected");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* A client that moves where an older SA of its hosts is: it is not its own successor. */
static void moved_to_known_hosts(void)
{
    ladder l;
    v2_spis first;

    ladder_begin(&l);
    v2_establish(&l);
    first = v2_current(&l);
    after(&l, 10);
    next_sa(&l);
    host_is(&l, INITIATOR, "10.1.0.9", 500);
    v2_establish(&l);
    after(&l, 200);
    v2_use(&l, first);
    for (int i = 0; i < 4; i++) {
        v2_child_req(&l, INITIATOR, 2);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding(&l, "child_noresp", WARN);
    expect_no_finding(&l, "superseded");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/45-mobike", mobike);
    g_test_add_func("/vector/45-path-test", path_test);
    g_test_add_func("/vector/45-another-port", another_port);
    g_test_add_func("/vector/45-nobody-moves", nobody_moves);
    g_test_add_func("/ikev2/nat/outside", nat_outside);
    g_test_add_func("/ikev2/nat/inside", nat_inside);
    g_test_add_func("/ikev2/nat/no-payloads", no_nat_payloads);
    g_test_add_func("/ikev2/moved-to-known-hosts", moved_to_known_hosts);
    return g_test_run();
}
