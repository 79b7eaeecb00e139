/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 53 to 61, as far as they are about IKEv1: NAT traversal.
 */
#include "natt.h"

static void expect_floated(ladder *l, uint32_t frame)
{
    if (!ladder_record(l, frame)->floated) {
        g_test_message("frame %u does not float", frame);
        g_test_fail();
    }
}

static void seen_at_responder(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 4500);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_MAYBE);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    expect_finding(&l, "natt_detected", CHAT);
    expect_no_finding(&l, "natt_forced");
    expect_floated(&l, 5);
    expect_no_finding(&l, "nat_rebind");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* A rewritten port makes it a proof. */
static void seen_at_responder_port_rewritten(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    l.hosts[INITIATOR].seen.port = l.hosts[INITIATOR].known.port = 1027;
    main_mode(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    expect_finding(&l, "natt_detected", CHAT);
    ladder_end(&l);
}

static void seen_at_initiator(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    floats(&l, 4500);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    expect_finding(&l, "natt_detected", CHAT);
    expect_floated(&l, 5);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void encapsulation_forced(void)
{
    ladder l;

    ladder_begin(&l);
    l.forced[INITIATOR] = true;
    floats(&l, 4500);
    expect_one_finding(&l, "natt_forced", NOTE);
    expect_no_finding(&l, "natt_detected");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_NO);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    ladder_end(&l);
}

static void encapsulation_forced_by_both(void)
{
    ladder l;

    ladder_begin(&l);
    l.forced[INITIATOR] = l.forced[RESPONDER] = true;
    floats(&l, 4500);
    expect_finding(&l, "natt_forced", NOTE);
    expect_no_finding(&l, "natt_detected");
    ladder_end(&l);
}

/* The peer's hash proves a NAT whatever the side itself claims. */
static void encapsulation_forced_behind_nat(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    l.forced[INITIATOR] = true;
    floats(&l, 4500);
    expect_finding(&l, "natt_forced", NOTE);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    ladder_end(&l);
}

static const unsigned hashes[] = { IKE_HASH_MD5, IKE_HASH_SHA1, IKE_HASH_SHA256, IKE_HASH_SHA384,
                                   IKE_HASH_SHA512 };

static void every_hash(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hashes); i++) {
        ladder l;

        ladder_begin(&l);
        l.offer[0].hash = l.choice.hash = (uint16_t)hashes[i];
        nat_seen_inside(&l);
        floats(&l, 4500);
        expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
        expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
        ladder_end(&l);
    }
}

static void every_hash_without_mm2(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hashes); i++) {
        ladder l;

        ladder_begin(&l);
        l.offer[0].hash = l.choice.hash = (uint16_t)hashes[i];
        mm1(&l);
        mm3(&l);
        mm4(&l);
        expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_NO);
        expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
        ladder_end(&l);
    }
}

static void ipv6(void)
{
    ladder l;

    ladder_begin(&l);
    host_is(&l, INITIATOR, "2001:db8::2", 500);
    host_is(&l, RESPONDER, "2001:db8:1::2", 500);
    main_mode(&l);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_NO);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void draft(const char *vendor, uint8_t payload)
{
    const char *const vendors[] = { vendor, NULL };
    ladder l;

    ladder_begin(&l);
    l.vendors[INITIATOR] = l.vendors[RESPONDER] = vendors;
    l.natd = payload;
    nat_seen_inside(&l);
    floats(&l, 4500);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void draft_02(void)
{
    draft(VID_DRAFT_02N, IKE_PL_NATD_DRAFT_00);
}

static void draft_07(void)
{
    draft(VID_DRAFT_07, IKE_PL_NATD_DRAFT_04);
}

/* Payload 15 is GDOI's unless a draft 04 to 08 was announced. */
static void payload_15_of_nobody(void)
{
    ladder l;

    ladder_begin(&l);
    l.natd = IKE_PL_NATD_DRAFT_04;
    nat_seen_inside(&l);
    main_mode(&l);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_UNKNOWN);
    expect_no_finding(&l, "natt_detected");
    ladder_end(&l);
}

static void no_marker(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    up_to_mm4(&l);
    move_to_4500(&l);
    l.marker = false;
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6");
    expect_finding(&l, "natt_nomarker", ERROR);
    expect_finding_at(&l, 5, "natt_nomarker");
    expect_pair(&l, 5, 6);
    ladder_end(&l);
}

static void marker_on_500(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    l.marker = true;
    mm5(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5");
    expect_finding(&l, "marker_on_500", ERROR);
    expect_finding_at(&l, 5, "marker_on_500");
    ladder_end(&l);
}

static void rebind(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 4500);
    quick_mode(&l, 0xa1);
    after(&l, 95);
    l.hosts[INITIATOR].seen.port = 61002;
    info(&l, INITIATOR, 0xb2, 108);
    info(&l, RESPONDER, 0xb3, 108);
    after(&l, 5);
    info(&l, INITIATOR, 0xb4, 108);
    info(&l, RESPONDER, 0xb5, 108);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 INFO INFO INFO INFO");
    expect_sas(&l, 1);
    expect_sender(&l, 10, IKE_ROLE_INITIATOR);
    expect_sender(&l, 11, IKE_ROLE_RESPONDER);
    expect_one_finding(&l, "nat_rebind", NOTE);
    expect_finding_at(&l, 10, "nat_rebind");
    expect_finding_says(&l, "nat_rebind", "after 95.0");
    g_assert_cmpstr(ladder_record(&l, 10)->rare->mapping, ==, "198.51.100.7:61002");
    g_assert_null(ladder_record(&l, 12)->rare->mapping);
    expect_no_finding(&l, "nat_addrchg");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void address_changes(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 4500);
    quick_mode(&l, 0xa1);
    after(&l, 5);
    l.hosts[INITIATOR].seen = wire_endpoint("198.51.100.99", 4500);
    info(&l, INITIATOR, 0xb2, 108);
    expect_sas(&l, 1);
    expect_sender(&l, 10, IKE_ROLE_INITIATOR);
    expect_finding(&l, "nat_addrchg", NOTE);
    expect_no_finding(&l, "nat_rebind");
    ladder_end(&l);
}

static void keepalive_on_500(void)
{
    const uint8_t keepalive = 0xff, other = 0xfe;
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    send_datagram(&l, INITIATOR, &keepalive, 1);
    send_datagram(&l, INITIATOR, &other, 1);
    move_to_4500(&l);
    send_datagram(&l, INITIATOR, &keepalive, 1);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 ka . ka");
    expect_sa_of(&l, 7, 0);
    expect_sa_of(&l, 9, 0);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/53-seen-at-responder", seen_at_responder);
    g_test_add_func("/vector/53-port-rewritten", seen_at_responder_port_rewritten);
    g_test_add_func("/vector/54-seen-at-initiator", seen_at_initiator);
    g_test_add_func("/vector/55-forced", encapsulation_forced);
    g_test_add_func("/vector/55-forced-by-both", encapsulation_forced_by_both);
    g_test_add_func("/vector/55-forced-behind-nat", encapsulation_forced_behind_nat);
    g_test_add_func("/vector/56-every-hash", every_hash);
    g_test_add_func("/vector/56-every-hash-without-mm2", every_hash_without_mm2);
    g_test_add_func("/vector/56-ipv6", ipv6);
    g_test_add_func("/vector/57-draft-02", draft_02);
    g_test_add_func("/vector/57-draft-07", draft_07);
    g_test_add_func("/vector/57-payload-15-of-nobody", payload_15_of_nobody);
    g_test_add_func("/vector/59-no-marker", no_marker);
    g_test_add_func("/vector/59-marker-on-500", marker_on_500);
    g_test_add_func("/vector/60-rebind", rebind);
    g_test_add_func("/vector/60-address-changes", address_changes);
    g_test_add_func("/vector/61-keepalive-on-500", keepalive_on_500);
    return g_test_run();
}
