/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * NAT traversal of both versions: what NAT detection says row by row, the float,
 * and each finding next to what looks like it and is none.
 */
#include "natt.h"

#define VID_DRAFT_00 "4485152d18b6bbcd0be8a8469579ddcc"

static const char *const without_natt[] = { VID_DPD, NULL };

/* ---- what the hashes of NAT detection match (RFC 3947 3.2, RFC 7296 2.23) ---- */

/* What one end says of itself (own) and the other of it (known), when the capture sees `seen`. */
typedef struct row {
    bool source_i, destination_i, source_r, destination_r;
    ike_natted initiator, responder;
} row;

static const row rows[] = {
    { 1, 1, 1, 1, IKE_NAT_NO, IKE_NAT_NO },
    { 0, 1, 1, 1, IKE_NAT_MAYBE, IKE_NAT_NO },
    { 1, 1, 1, 0, IKE_NAT_PROVEN, IKE_NAT_NO },
    { 1, 0, 1, 1, IKE_NAT_NO, IKE_NAT_PROVEN },
    { 1, 1, 0, 1, IKE_NAT_NO, IKE_NAT_MAYBE },
    { 0, 1, 0, 0, IKE_NAT_PROVEN, IKE_NAT_MAYBE },
    { 0, 1, 0, 1, IKE_NAT_MAYBE, IKE_NAT_MAYBE },
    { 0, 0, 1, 1, IKE_NAT_MAYBE, IKE_NAT_PROVEN },
    { 1, 0, 1, 0, IKE_NAT_PROVEN, IKE_NAT_PROVEN },
    { 0, 0, 0, 0, IKE_NAT_PROVEN, IKE_NAT_PROVEN },
};

static void set_up(ladder *l, const row *r)
{
    ladder_begin(l);
    if (!r->source_i)
        l->hosts[INITIATOR].own = wire_endpoint("192.168.1.2", 500);
    if (!r->destination_r)
        l->hosts[INITIATOR].known = wire_endpoint("198.51.100.7", 500);
    if (!r->source_r)
        l->hosts[RESPONDER].own = wire_endpoint("192.168.9.2", 500);
    if (!r->destination_i)
        l->hosts[RESPONDER].known = wire_endpoint("203.0.113.9", 500);
}

static void truth_table(gconstpointer data)
{
    const row *r = data;
    ladder l;

    for (int version = 1; version <= 2; version++) {
        g_test_message("IKEv%d", version);
        set_up(&l, r);
        if (version == 1) {
            up_to_mm4(&l);
        } else {
            v2_init(&l);
        }
        expect_nat(&l, 0, IKE_ROLE_INITIATOR, r->initiator);
        expect_nat(&l, 0, IKE_ROLE_RESPONDER, r->responder);
        if (r->initiator == IKE_NAT_NO && r->responder == IKE_NAT_NO)
            expect_no_finding(&l, "natt_detected");
        else
            expect_finding(&l, "natt_detected", CHAT);
        expect_no_finding(&l, "natd_missing");
        ladder_end(&l);
    }
}

/* Tiger cannot be computed here: nothing is claimed. */
static void untestable_hash(void)
{
    ladder l;

    ladder_begin(&l);
    l.offer[0].hash = l.choice.hash = 3;
    l.natd_hash = IKE_HASH_SHA256;
    main_mode(&l);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_UNKNOWN);
    expect_no_findings(&l, "natt_detected natd_missing natt_nofloat");
    ladder_end(&l);
}

/* Port 0 in the hash forces encapsulation; the address in it is true all the same. */
static void forced_and_natted(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    l.forced[RESPONDER] = true;
    floats(&l, 4500);
    expect_finding(&l, "natt_forced", NOTE);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    ladder_end(&l);
}

static void v2_forced(void)
{
    ladder l;

    ladder_begin(&l);
    l.hosts[INITIATOR].own.port = 0;
    v2_floats(&l);
    expect_finding(&l, "natt_forced", NOTE);
    expect_no_finding(&l, "natt_detected");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_NO);
    ladder_end(&l);
}

/* ---- Aggressive Mode: AM2 alone ---- */

static void aggressive(bool natted, bool stays)
{
    ladder l;

    ladder_begin(&l);
    if (natted)
        nat_seen_inside(&l);
    am1(&l);
    am2(&l);
    if (!stays)
        move_to_4500(&l);
    am3(&l, true);
    long_after(&l);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, natted ? IKE_NAT_PROVEN : IKE_NAT_UNKNOWN);
    if (natted)
        expect_finding_says(&l, "natt_detected", "at least the initiator");
    else
        expect_no_finding(&l, "natt_detected");
    if (natted && stays)
        expect_finding_at(&l, 3, "natt_nofloat");
    else
        expect_no_finding(&l, "natt_nofloat");
    expect_no_finding(&l, "natd_missing");
    ladder_end(&l);
}

static void aggressive_mode(void)
{
    aggressive(true, false);
    aggressive(true, true);
    aggressive(false, true);
    aggressive(false, false);
}

/* AM3 goes to UDP 4500, which a capture of UDP 500 leaves out; without a NAT it would be there. */
static void aggressive_without_am3(void)
{
    static const struct {
        uint16_t port;
        ike_severity severity;
        bool failed;
    } cases[] = { { 1025, NOTE, false }, { 500, WARN, true } };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        ladder l;

        ladder_begin(&l);
        host_is(&l, INITIATOR, "203.0.113.7", cases[i].port);
        am1(&l);
        am2(&l);
        long_after(&l);
        expect_finding(&l, "am2_noreply", cases[i].severity);
        expect_failed(&l, 0, cases[i].failed);
        ladder_end(&l);
    }
}

/* One after the other between the same hosts, each goes on at UDP 4500. */
static void tunnels_on_port_500(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    up_to_mm4(&l);
    after(&l, 1);
    next_sa(&l);
    up_to_mm4(&l);
    long_after(&l);
    expect_finding(&l, "mm4_noreply", NOTE);
    expect_failed(&l, 0, false);
    expect_failed(&l, 1, false);
    ladder_end(&l);
}

/* ---- 58: no float ---- */

static void stays_on_500(void (*view)(ladder *), int version)
{
    ladder l;

    ladder_begin(&l);
    view(&l);
    if (version == 1)
        main_mode(&l);
    else
        v2_establish(&l);
    long_after(&l);
    expect_finding(&l, "natt_nofloat", WARN);
    expect_finding_says(&l, "natt_nofloat", "initiator");
    expect_finding_at(&l, version == 1 ? 5 : 3, "natt_nofloat");
    ladder_end(&l);
}

static void responder_inside(ladder *l)
{
    responder_known_as(l, "203.0.113.9");
}

static void nofloat(void)
{
    for (int version = 1; version <= 2; version++) {
        stays_on_500(nat_seen_outside, version);
        stays_on_500(nat_seen_inside, version);
        stays_on_500(responder_inside, version);
    }
}

/* The capture sees other addresses than either peer: they find no NAT, and may stay. */
static void nofloat_capture_elsewhere(void)
{
    ladder l;

    for (int version = 1; version <= 2; version++) {
        ladder_begin(&l);
        l.hosts[INITIATOR].own = l.hosts[INITIATOR].known = wire_endpoint("192.168.1.2", 500);
        if (version == 1)
            main_mode(&l);
        else
            v2_establish(&l);
        long_after(&l);
        expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
        expect_no_finding(&l, "natt_nofloat");
        ladder_end(&l);
    }
}

/* A draft without a float; and a tunnel whose native ESP passes the NAT. */
static void nofloat_needs_none(void)
{
    const char *const draft_00[] = { VID_DRAFT_00, NULL };
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    l.vendors[0] = l.vendors[1] = draft_00;
    l.natd = IKE_PL_NATD_DRAFT_00;
    main_mode(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    expect_no_finding(&l, "natt_nofloat");
    ladder_end(&l);

    ladder_begin(&l);
    nat_seen_inside(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    esp(&l, INITIATOR, 0x1001, 1);
    esp(&l, RESPONDER, 0x2001, 1);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 esp esp");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    expect_no_finding(&l, "natt_nofloat");
    ladder_end(&l);
}

/* RFC 7296 2.23: an initiator of IKEv2 may use port 4500 whenever it likes, from the first message on
 * or from IKE_AUTH on. */
static void float_without_nat(void)
{
    for (int from_the_start = 0; from_the_start <= 1; from_the_start++) {
        ladder l;

        ladder_begin(&l);
        if (from_the_start) {
            move_to_4500(&l);
            v2_establish(&l);
        } else {
            v2_floats(&l);
        }
        v2_info(&l, INITIATOR, 2);
        long_after(&l);
        expect_labels(&l, UP " " INFO " .");
        expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_NO);
        expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
        expect_no_findings(&l, "natt_nofloat natt_unasked natt_wrongport natt_forced "
                               "natt_detected");
        expect_no_finding_above(&l, CHAT, NULL);
        ladder_end(&l);
    }
}

/* ---- a float that nobody asked for ---- */

static void unasked(void)
{
    ladder l;

    ladder_begin(&l);
    l.vendors[RESPONDER] = without_natt;
    l.natd = 0;
    floats(&l, 4500);
    expect_finding(&l, "natt_unasked", NOTE);
    expect_finding_at(&l, 5, "natt_unasked");
    expect_finding_says(&l, "natt_unasked", "the responder did not announce");
    ladder_end(&l);
}

static void unasked_is_unknown(void)
{
    ladder l;

    ladder_begin(&l); /* MM2 is not in the capture */
    l.vendors[RESPONDER] = without_natt;
    l.natd = 0;
    mm1(&l);
    mm3(&l);
    mm4(&l);
    move_to_4500(&l);
    mm5(&l);
    end_without(&l, "natt_unasked", "MM1 MM3 MM4 MM5");

    ladder_begin(&l); /* NAT-D without a vendor ID that is known: it was negotiated */
    l.vendors[RESPONDER] = without_natt;
    floats(&l, 4500);
    end_without(&l, "natt_unasked", "MM1 MM2 MM3 MM4 MM5 MM6");

    ladder_begin(&l); /* the capture cuts vendor IDs off */
    l.vendors[RESPONDER] = without_natt;
    l.natd = 0;
    l.snaplen = 120;
    floats(&l, 4500);
    end_without(&l, "natt_unasked", "MM1 MM2 MM3 MM4 MM5 MM6");
}

/* ---- detection that is missing ---- */

static void missing(void)
{
    ladder l;

    ladder_begin(&l);
    l.natd = 0;
    main_mode(&l);
    expect_finding(&l, "natd_missing", NOTE);
    expect_finding_says(&l, "natd_missing", "the initiator");
    ladder_end(&l);

    ladder_begin(&l);
    l.v2.natd[RESPONDER] = false;
    v2_establish(&l);
    expect_finding(&l, "natd_missing", NOTE);
    expect_finding_says(&l, "natd_missing", "the responder");
    expect_finding_at(&l, 2, "natd_missing");
    ladder_end(&l);
}

static void not_missing(void)
{
    ladder l;

    ladder_begin(&l); /* not announced by one side */
    l.vendors[RESPONDER] = without_natt;
    l.natd = 0;
    main_mode(&l);
    end_without(&l, "natd_missing", "MM1 MM2 MM3 MM4 MM5 MM6");

    ladder_begin(&l); /* nobody wants it in IKEv2 */
    l.v2.natd[INITIATOR] = l.v2.natd[RESPONDER] = false;
    v2_establish(&l);
    end_without(&l, "natd_missing", UP);

    ladder_begin(&l); /* a challenge takes no part */
    v2_init_req(&l, 14);
    v2_cookie(&l, 1);
    end_without(&l, "natd_missing", INIT);

    ladder_begin(&l); /* the capture cuts it off */
    l.snaplen = 200;
    main_mode(&l);
    end_without(&l, "natd_missing", "MM1 MM2 MM3 MM4 MM5 MM6");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const row *r = &rows[i];
        char *name = g_strdup_printf("/natt/truth-table/%d%d%d%d", r->source_i, r->destination_i,
                                     r->source_r, r->destination_r);

        g_test_add_data_func(name, r, truth_table);
        g_free(name);
    }
    g_test_add_func("/natt/untestable-hash", untestable_hash);
    g_test_add_func("/natt/forced-and-natted", forced_and_natted);
    g_test_add_func("/natt/v2-forced", v2_forced);
    g_test_add_func("/natt/aggressive", aggressive_mode);
    g_test_add_func("/natt/aggressive-without-am3", aggressive_without_am3);
    g_test_add_func("/natt/tunnels-on-port-500", tunnels_on_port_500);
    g_test_add_func("/vector/58-no-float", nofloat);
    g_test_add_func("/vector/58-capture-elsewhere", nofloat_capture_elsewhere);
    g_test_add_func("/vector/58-needs-no-float", nofloat_needs_none);
    g_test_add_func("/vector/58-float-without-nat", float_without_nat);
    g_test_add_func("/natt/unasked/shown", unasked);
    g_test_add_func("/natt/unasked/unknown", unasked_is_unknown);
    g_test_add_func("/natt/missing/shown", missing);
    g_test_add_func("/natt/missing/silent", not_missing);
    return g_test_run();
}
