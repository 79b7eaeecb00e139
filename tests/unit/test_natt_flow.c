/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ways through a NAT: ports, silence, mappings, two hosts under one mapping, Windows and
 * servers behind a NAT; each finding next to what looks like it and is none.
 */
#include "natt.h"

static const char *const windows[] = { VID_WINDOWS, VID_RFC3947, NULL };

static void responder_seen_as(ladder *l, const char *addr)
{
    l->hosts[RESPONDER].seen = l->hosts[RESPONDER].known = wire_endpoint(addr, 500);
}

static void keepalive(ladder *l, ladder_side from)
{
    const uint8_t byte = 0xff;

    send_datagram(l, from, &byte, 1);
}

/* ---- answers to another port ---- */

static void on_500(ladder *l)
{
    for (int i = 0; i < 2; i++)
        l->hosts[i].seen.port = l->hosts[i].own.port = l->hosts[i].known.port = IKE_PORT;
    l->marker = false;
}

static void wrong_port(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 4500);
    qm1(&l, 0xa1);
    on_500(&l);
    qm2(&l, 0xa1);
    expect_finding(&l, "natt_wrongport", ERROR);
    expect_finding_at(&l, 8, "natt_wrongport");
    expect_finding_says(&l, "natt_wrongport", "the responder");
    ladder_end(&l);
}

/* Exempt: what comes from 500 before the responder has used 4500, and a copy of what came
 * before. */
static void right_port(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    up_to_mm4(&l);
    move_to_4500(&l);
    mm5(&l);
    on_500(&l);
    info(&l, RESPONDER, 0xb1, 108);
    after(&l, 2);
    mm4(&l);
    end_without(&l, "natt_wrongport", "MM1 MM2 MM3 MM4 MM5 INFO MM4+");

    ladder_begin(&l); /* MM3 again, late, after the float */
    nat_seen_outside(&l);
    floats(&l, 4500);
    on_500(&l);
    after(&l, 2);
    mm3(&l);
    mm4(&l);
    end_without(&l, "natt_wrongport", "MM1 MM2 MM3 MM4 MM5 MM6 MM3+ MM4+");
}

static void old_port(double settled, bool wrong)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 61001);
    l.hosts[INITIATOR].seen.port = 61002;
    info(&l, INITIATOR, 0xb1, 108);
    after(&l, settled);
    qm1(&l, 0xa1);
    l.hosts[INITIATOR].seen.port = 61001;
    qm2(&l, 0xa1);
    if (wrong)
        expect_finding_at(&l, 9, "natt_wrongport");
    else
        expect_no_finding(&l, "natt_wrongport");
    ladder_end(&l);
}

/* A peer may not know a mapping yet that just changed. */
static void old_mapping(void)
{
    old_port(60, true);
    old_port(1, false);
}

/* RFC 7296 2.23: without a NAT either port may be used. */
/* RFC 7296 2.11, from the first response on; a copy of the request on port 500 excuses it. */
static void v2_answer_from_500(void)
{
    for (int is_excused = 0; is_excused < 2; is_excused++) {
        ladder l;

        ladder_begin(&l);
        v2_init(&l);
        move_to_4500(&l);
        v2_auth_req(&l, 1);
        on_500(&l);
        if (is_excused) {
            after(&l, 4);
            v2_auth_req(&l, 1);
        }
        v2_auth_resp(&l, 1, 220);
        if (is_excused) {
            expect_no_finding(&l, "natt_wrongport");
        } else {
            expect_finding_at(&l, 4, "natt_wrongport");
            expect_finding_says(&l, "natt_wrongport", "from port 500 to port 500 what went to port 4500 in frame 3");
        }
        ladder_end(&l);
    }
}

static void v2_either_port(void)
{
    ladder l;

    for (int natted = 0; natted < 2; natted++) {
        ladder_begin(&l);
        if (natted)
            nat_seen_outside(&l);
        v2_floats(&l);
        on_500(&l);
        v2_info(&l, INITIATOR, 2);
        if (natted)
            expect_finding_at(&l, 5, "natt_wrongport");
        else
            expect_no_finding(&l, "natt_wrongport");
        ladder_end(&l);
    }
}

/* ---- silence ---- */

static void silence(double seconds, uint16_t port, int severity)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 61001);
    keepalive(&l, INITIATOR);
    after(&l, seconds);
    l.hosts[INITIATOR].seen.port = port;
    info(&l, INITIATOR, 0xb1, 108);
    info(&l, RESPONDER, 0xb2, 108);
    g_test_message("%g seconds, then port %u", seconds, port);
    if (severity) {
        expect_finding(&l, "keepalive_gap", (ike_severity)severity);
        expect_finding_at(&l, 8, "keepalive_gap");
    } else {
        expect_no_finding(&l, "keepalive_gap");
    }
    ladder_end(&l);
}

static void gaps(void)
{
    silence(25, 61001, 0);
    silence(45, 61001, NOTE);
    silence(600, 61001, NOTE);
    silence(95, 61002, NOTE);
    silence(300, 61002, WARN);
}

/* Any packet counts, and another SA on the same way too. */
static void no_gap(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 61001);
    for (int i = 0; i < 10; i++) {
        after(&l, 20);
        keepalive(&l, INITIATOR);
    }
    info(&l, INITIATOR, 0xb1, 108);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 ka ka ka ka ka ka ka ka ka ka INFO");
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_PROVEN);
    expect_no_finding(&l, "keepalive_gap");
    ladder_end(&l);
}

/* Nobody behind a NAT, the other side of it, or a file with IKE only. */
static void silent_without_nat(void)
{
    ladder l;

    ladder_begin(&l);
    floats(&l, 4500);
    keepalive(&l, RESPONDER);
    after(&l, 300);
    info(&l, INITIATOR, 0xb1, 108);
    end_without(&l, "keepalive_gap", "MM1 MM2 MM3 MM4 MM5 MM6 ka INFO");

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 61001);
    after(&l, 300);
    info(&l, INITIATOR, 0xb1, 108);
    end_without(&l, "keepalive_gap", "MM1 MM2 MM3 MM4 MM5 MM6 INFO");
}

static void gap_then_lost(void)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    floats(&l, 61001);
    keepalive(&l, INITIATOR);
    after(&l, 200);
    l.qm_opener = RESPONDER;
    for (int i = 0; i < 4; i++) {
        qm1(&l, 0xa1);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding(&l, "keepalive_gap", WARN);
    expect_finding_says(&l, "keepalive_gap", "not answered");
    ladder_end(&l);
}

/* ---- mappings seen from several sides (vector 63) ---- */

/* The newest message once more, as it looks elsewhere. */
static void seen_again(ladder *l, const char *addr, uint16_t port, void (*send)(ladder *), int from)
{
    const ike_endpoint was = l->hosts[INITIATOR].seen;

    l->ip_id[from]--;
    l->hosts[INITIATOR].seen = wire_endpoint(addr, port);
    send(l);
    l->hosts[INITIATOR].seen = was;
}

static void v2_5(ladder *l) { v2_info_req(l, INITIATOR, 2); }
static void v1_7(ladder *l) { info(l, INITIATOR, 0xb1, 108); }

static void several_views(int version, unsigned views, bool rebinds)
{
    static void (*const send[2][7])(ladder *) = {
        { mm1, mm2, mm3, mm4, mm5, mm6, v1_7 },
        { v2_offer, v2_init_resp, v2_ask, v2_answer, v2_5, NULL, NULL },
    };
    ladder l;

    ladder_begin(&l);
    nat_seen_inside(&l);
    for (int i = 0; i < 7 && send[version - 1][i]; i++) {
        const bool is_last = i == 6 || !send[version - 1][i + 1];
        const int floated = version == 1 ? 4 : 2;
        const uint16_t port = i < floated ? 1027 : is_last && rebinds ? 61002 : 61001;

        if (i == floated)
            move_to_4500(&l);
        send[version - 1][i](&l);
        seen_again(&l, "198.51.100.7", port, send[version - 1][i], i % 2);
        if (views > 2)
            seen_again(&l, "203.0.113.50", (uint16_t)(port + 7), send[version - 1][i], i % 2);
        if (is_last)
            break;
        after(&l, 1);
    }
    g_test_message("IKEv%d, %u views%s", version, views, rebinds ? ", rebinds" : "");
    expect_sas(&l, 1);
    expect_no_findings(&l, "retrans nat_addrchg natt_wrongport natt_nofloat");
    if (rebinds)
        expect_finding(&l, "nat_rebind", NOTE);
    else
        expect_no_finding(&l, "nat_rebind");
    ladder_end(&l);
}

static void both_sides_of_nats(void)
{
    for (int version = 1; version <= 2; version++)
        for (unsigned views = 2; views <= 3; views++) {
            several_views(version, views, false);
            several_views(version, views, true);
        }
}

/* ---- two hosts under one mapping ---- */

static void interleaved(ladder *l, uint16_t second)
{
    static void (*const steps[])(ladder *) = { mm1, mm2, mm3, mm4, mm5, mm6 };
    const uint64_t spi_i = l->spi_i, spi_r = l->spi_r;
    uint16_t ids[2] = { 1000, second };

    nat_seen_outside(l);
    for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (i == 4)
            move_to_4500(l);
        for (int host = 0; host < 2; host++) {
            l->spi_i = spi_i + (unsigned)host;
            l->spi_r = spi_r + (unsigned)host;
            l->salt = (unsigned)host;
            if (second)
                l->ip_id[INITIATOR] = ids[host];
            steps[i](l);
            ids[host] = l->ip_id[INITIATOR];
        }
    }
}

/* One host with two tunnels counts its packets once. */
static void clash(void)
{
    ladder l;

    ladder_begin(&l);
    interleaved(&l, 30000);
    expect_sas(&l, 2);
    expect_finding(&l, "nat_clash", NOTE);
    expect_finding_says(&l, "nat_clash", "two hosts");
    ladder_end(&l);

    ladder_begin(&l);
    interleaved(&l, 0);
    expect_sas(&l, 2);
    expect_no_finding(&l, "nat_clash");
    ladder_end(&l);

    ladder_begin(&l);
    l.zero_ip_id = true;
    interleaved(&l, 0);
    expect_no_finding(&l, "nat_clash");
    ladder_end(&l);
}

/* ---- Windows and a server behind a NAT ---- */

static void windows_initiator(ladder *l, bool proven)
{
    ladder_begin(l);
    l->vendors[INITIATOR] = windows;
    if (proven)
        responder_known_as(l, "203.0.113.9");
    else
        responder_seen_as(l, "203.0.113.9");
}

static void win_natserver(void)
{
    ladder l;

    windows_initiator(&l, true); /* silent after MM6 */
    floats(&l, 4500);
    long_after(&l);
    expect_finding(&l, "win_natserver", WARN);
    expect_finding_at(&l, 6, "win_natserver");
    ladder_end(&l);

    windows_initiator(&l, true); /* silent after MM4 */
    up_to_mm4(&l);
    for (int i = 0; i < 3; i++) {
        after(&l, 2);
        mm4(&l);
    }
    long_after(&l);
    expect_finding(&l, "win_natserver", WARN);
    ladder_end(&l);

    windows_initiator(&l, true); /* deletes after Quick Mode */
    floats(&l, 4500);
    quick_mode(&l, 0xa1);
    after(&l, 5);
    info(&l, INITIATOR, 0xb1, 92);
    long_after(&l);
    expect_finding(&l, "win_natserver", WARN);
    expect_finding_at(&l, 10, "win_natserver");
    ladder_end(&l);
}

static void win_natserver_silent(void)
{
    ladder l;

    windows_initiator(&l, true); /* the registry is set: a tunnel with traffic, then its end */
    floats(&l, 4500);
    quick_mode(&l, 0xa1);
    esp(&l, INITIATOR, 0x1001, 1);
    info(&l, INITIATOR, 0xb1, 92);
    long_after(&l);
    end_without(&l, "win_natserver", "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 esp INFO .");

    windows_initiator(&l, true); /* Quick Mode follows and stays */
    floats(&l, 4500);
    quick_mode(&l, 0xa1);
    long_after(&l);
    end_without(&l, "win_natserver", "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 .");

    windows_initiator(&l, false); /* the responder may only force encapsulation */
    floats(&l, 4500);
    long_after(&l);
    end_without(&l, "win_natserver", "MM1 MM2 MM3 MM4 MM5 MM6 .");

    windows_initiator(&l, true); /* no Windows */
    l.vendors[INITIATOR] = l.vendors[RESPONDER];
    floats(&l, 4500);
    long_after(&l);
    end_without(&l, "win_natserver", "MM1 MM2 MM3 MM4 MM5 MM6 .");
}

/* ---- two clients behind one NAT ---- */

/* MM5 of the one is not answered while the other comes up. A client that begins anew from another port, as
 * after a restart, has given up before. */
static void neighbour_comes_up(bool gives_up)
{
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    l.hosts[INITIATOR].seen.port = l.hosts[INITIATOR].known.port = 1024;
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 1);
    if (gives_up)
        mm5(&l);
    next_sa(&l);
    l.hosts[INITIATOR].seen.port = l.hosts[INITIATOR].known.port = 1025;
    main_mode(&l);
    quick_mode(&l, 1);
    if (!gives_up) {
        l.spi_i--;
        l.spi_r--;
        l.hosts[INITIATOR].seen.port = l.hosts[INITIATOR].known.port = 1024;
        after(&l, 3);
        mm5(&l);
    }
    long_after(&l);
    expect_finding(&l, gives_up ? "superseded" : "mm5_noresp", gives_up ? NOTE : WARN);
    expect_no_finding(&l, gives_up ? "mm5_noresp" : "superseded");
    ladder_end(&l);
}

static void neighbour(void)
{
    neighbour_comes_up(false);
    neighbour_comes_up(true);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/natt/wrongport/shown", wrong_port);
    g_test_add_func("/natt/wrongport/silent", right_port);
    g_test_add_func("/natt/wrongport/old-mapping", old_mapping);
    g_test_add_func("/natt/wrongport/v2", v2_either_port);
    g_test_add_func("/natt/wrongport/v2-answer", v2_answer_from_500);
    g_test_add_func("/natt/gap/lengths", gaps);
    g_test_add_func("/natt/gap/keepalives", no_gap);
    g_test_add_func("/natt/gap/silent", silent_without_nat);
    g_test_add_func("/natt/gap/lost-answers", gap_then_lost);
    g_test_add_func("/natt/views", both_sides_of_nats);
    g_test_add_func("/natt/clash", clash);
    g_test_add_func("/natt/windows/shown", win_natserver);
    g_test_add_func("/natt/windows/silent", win_natserver_silent);
    g_test_add_func("/natt/neighbour", neighbour);
    return g_test_run();
}
