/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The bounds of ike_limits.def: what comes beyond one is dropped as its row says, and a finding names it.
 */
#include "ike_track.h"
#include "ladder2.h"

#define FEW 3u

/* ---- more than a few of something ---- */

static void many_sas(ladder *l)
{
    for (unsigned i = 0; i < 3 * FEW; i++) {
        mm1(l);
        next_sa(l);
    }
}

static guint sas(const ladder *l)
{
    return ike_tracker_sas(l->tracker)->len;
}

static void many_hosts(ladder *l)
{
    for (unsigned i = 0; i < 3 * FEW; i++) {
        char addr[16];

        g_snprintf(addr, sizeof addr, "10.5.0.%u", i + 1);
        host_is(l, INITIATOR, addr, 500);
        mm1(l);
        next_sa(l);
    }
}

static guint host_pairs(const ladder *l)
{
    return g_hash_table_size(l->tracker->pairs);
}

static void many_spis(ladder *l)
{
    for (unsigned i = 0; i < 3 * FEW; i++)
        esp(l, INITIATOR, 0x1000 + i, 1);
}

static guint flows(const ladder *l)
{
    return ike_tracker_flows(l->tracker)->len;
}

static void many_stray_errors(ladder *l)
{
    for (unsigned i = 0; i < 3 * FEW; i++)
        v2_invalid_spi(l, RESPONDER, (v2_spis){ 0, 0, INITIATOR }, 0x2000 + i);
}

static guint outside(const ladder *l)
{
    return l->tracker->outside.len;
}

static void many_messages(ladder *l)
{
    main_mode(l);
}

static guint records(const ladder *l)
{
    return ((const ike_sa *)ike_tracker_sas(l->tracker)->pdata[0])->records.len;
}

static void many_quick_modes(ladder *l)
{
    main_mode(l);
    for (unsigned i = 0; i < 3 * FEW; i++)
        quick_mode(l, 0xa0 + i);
}

static void many_v2_exchanges(ladder *l)
{
    v2_establish(l);
    for (unsigned i = 0; i < 3 * FEW; i++)
        v2_info(l, INITIATOR, 2 + i);
}

static guint exchanges(const ladder *l)
{
    return ((const ike_sa *)ike_tracker_sas(l->tracker)->pdata[0])->more->exchanges.len;
}

static void many_first_messages(ladder *l)
{
    for (unsigned i = 0; i < 3 * FEW; i++) {
        mm1(l);
        anew(l);
    }
}

static guint numbered(const ladder *l)
{
    return ((const ike_sa *)ike_tracker_sas(l->tracker)->pdata[0])->phase1->records.len;
}

static void many_icmp_errors(ladder *l)
{
    for (unsigned i = 0; i < 3 * FEW; i++) {
        mm1(l);
        icmp_error(l, INITIATOR, 3, 1, 576);
    }
}

static guint icmp_errors(const ladder *l)
{
    return ((const ike_sa *)ike_tracker_sas(l->tracker)->pdata[0])->more->icmp.len;
}

static void many_addresses(ladder *l)
{
    main_mode(l);
    for (unsigned i = 0; i < 20; i++) {
        char addr[16];

        g_snprintf(addr, sizeof addr, "10.6.0.%u", i + 1);
        host_is(l, INITIATOR, addr, 4500);
        l->marker = true;
        info(l, INITIATOR, 0xb0 + i, 108);
    }
}

/* A NAT that gives a new port each time: the address stays known. */
static void many_ports(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    l.marker = true;
    for (unsigned i = 0; i < 20; i++) {
        host_is(&l, INITIATOR, "10.6.0.1", (uint16_t)(1024 + i));
        info(&l, INITIATOR, 0xb0 + i, 108);
    }
    expect_no_finding(&l, "limit");
    ladder_end(&l);
}

/* That a side has been at many addresses says nothing of what phase 1 held. */
static void moved_without_natd(void)
{
    ladder l;

    ladder_begin(&l);
    l.natd = 0;
    many_addresses(&l);
    expect_finding(&l, "limit", NOTE);
    expect_finding(&l, "natd_missing", NOTE);
    ladder_end(&l);
}

static guint pairs(const ladder *l)
{
    return ((const ike_sa *)ike_tracker_sas(l->tracker)->pdata[0])->hosts.len;
}

static guint endpoints(const ladder *l)
{
    return ((const ike_sa *)ike_tracker_sas(l->tracker)->pdata[0])->sides[0].n_endpoints;
}

/* An SA that moves to hosts with newer SAs between them. */
static void move_behind_others(ladder *l)
{
    const uint64_t spi_i = l->spi_i, spi_r = l->spi_r;

    main_mode(l);
    host_is(l, INITIATOR, "10.7.0.1", 500);
    for (unsigned i = 0; i < 3 * FEW; i++) {
        next_sa(l);
        mm1(l);
    }
    l->spi_i = spi_i;
    l->spi_r = spi_r;
    info(l, INITIATOR, 0xb1, 108);
}

static guint newer_sas(const ladder *l)
{
    return ((const ike_sa *)ike_tracker_sas(l->tracker)->pdata[0])->hosts.len;
}

/* Messages in two IKE fragments of which the second is not there. */
static void many_open_messages(ladder *l)
{
    up_to_mm4(l);
    l->length_of_mm5 = 900;
    for (unsigned i = 0; i < 3 * FEW; i++) {
        anew(l);
        after(l, 100);
        in_ike_fragments(l, STRONGSWAN, 600, "1");
        mm5(l);
    }
}

static guint assemblies(const ladder *l)
{
    return ((const ike_sa *)ike_tracker_sas(l->tracker)->pdata[0])->more->n_assemblies;
}

static const struct row {
    const char *name;
    ike_limit_id id;
    uint32_t most; /* 0: as in the table */
    void (*send)(ladder *l);
    guint (*kept)(const ladder *l);
    guint left; /* of what `kept` counts */
    const char *says;
} rows[] = {
    { "sas", IKE_LIMIT_SAS, FEW, many_sas, sas, FEW, "more than 3 IKE SAs: later ones are not tracked" },
    { "host-pairs", IKE_LIMIT_HOST_PAIRS, FEW, many_hosts, host_pairs, FEW, "more than 3 pairs of hosts: " },
    { "flows", IKE_LIMIT_FLOWS, FEW, many_spis, flows, FEW, "more than 3 IPsec SAs: later ones are not told apart" },
    { "outside", IKE_LIMIT_OUTSIDE, FEW, many_stray_errors, outside, FEW, "more than 3 errors outside an SA" },
    { "messages", IKE_LIMIT_SA_RECORDS, FEW, many_messages, records, FEW, "more than 3 messages of one SA" },
    { "exchanges", IKE_LIMIT_EXCHANGES, FEW, many_quick_modes, exchanges, FEW, "more than 3 exchanges of one SA" },
    { "v2-exchanges", IKE_LIMIT_EXCHANGES, FEW, many_v2_exchanges, exchanges, FEW, "more than 3 exchanges of one SA" },
    { "numbered", IKE_LIMIT_NUMBERED, FEW, many_first_messages, numbered, FEW,
      "more than 3 different messages in one exchange: later ones have no label" },
    { "icmp", IKE_LIMIT_ICMP, FEW, many_icmp_errors, icmp_errors, FEW, "more than 3 ICMP errors about one SA" },
    { "endpoints", IKE_LIMIT_ENDPOINTS, 0, many_addresses, endpoints, 16,
      "more than 16 addresses and ports of one side of an SA" },
    { "pairs", IKE_LIMIT_PAIRS, 0, many_addresses, pairs, 8, "more than 8 pairs of hosts of one SA" },
    { "newer-sas", IKE_LIMIT_NEWER_SAS, FEW, move_behind_others, newer_sas, 1,
      "more than 3 newer SAs between the hosts that an SA moved to" },
    { "assemblies", IKE_LIMIT_ASSEMBLIES, FEW, many_open_messages, assemblies, FEW,
      "more than 3 messages in IKE fragments: later ones are not put together" },
};

static void limited(ladder *l, ike_limit_id id, uint32_t most)
{
    ike_options options = { 0 };

    options.limits[id] = most;
    ladder_begin(l);
    ike_tracker_free(l->tracker);
    l->tracker = ike_tracker_new(&options);
}

static void reach(gconstpointer data)
{
    const struct row *row = data;
    ladder l;

    limited(&l, row->id, row->most);
    row->send(&l);
    expect_findings(&l, "limit", 1);
    expect_finding_says(&l, "limit", row->says);
    g_assert_cmpuint(row->kept(&l), ==, row->left);
    ladder_end(&l);
}

/* Just as many as there may be are no finding. */
static void not_reached(void)
{
    ladder l;

    limited(&l, IKE_LIMIT_SAS, 3 * FEW);
    many_sas(&l);
    g_assert_cmpuint(sas(&l), ==, 3 * FEW);
    expect_no_finding(&l, "limit");
    ladder_end(&l);
}

/* Two bounds of the capture: one finding names both, once each. */
static void two_bounds(void)
{
    ike_options options = { 0 };
    ladder l;

    options.limits[IKE_LIMIT_SAS] = options.limits[IKE_LIMIT_FLOWS] = FEW;
    ladder_begin(&l);
    ike_tracker_free(l.tracker);
    l.tracker = ike_tracker_new(&options);
    many_sas(&l);
    many_spis(&l);
    many_sas(&l);
    expect_findings(&l, "limit", 1);
    expect_finding_says(&l, "limit", "more than 3 IKE SAs: later ones are not tracked; more than 3 IPsec SAs: later ones "
                                     "are not told apart");
    ladder_end(&l);
}

/* Fragments of one IP packet, none of which is the last. */
static void ip_pieces(void)
{
    enum { PIECE = 8 };
    static const uint8_t data[PIECE * 300];
    ladder l;
    const wire_ip ip = { .src = wire_endpoint("10.1.0.2", 500), .dst = wire_endpoint("10.2.0.2", 500) };
    const wire_header h = { 1, 2, 0x10, 2, 1, 0 };
    wire_message m = wire_begin(&h);
    GByteArray *message, *whole;

    wire_encrypted(&m, 5, sizeof data, 1);
    message = wire_end(&m);
    whole = wire_udp(&ip, message->data, message->len);
    ladder_begin(&l);
    send_packet(&l, wire_ip_fragment(whole, 1, 0, 64));
    for (unsigned i = 0; i < 200; i++)
        send_packet(&l, wire_ip_fragment(whole, 1, 64 + i * PIECE, 64 + (i + 1) * PIECE));
    expect_finding_says(&l, "limit", "more than 128 fragments of one IP packet: later ones are not used");
    g_byte_array_free(whole, TRUE);
    g_byte_array_free(message, TRUE);
    ladder_end(&l);
}

/* Every row has its words, and a value that a list can have. */
static void table(void)
{
    for (int i = 0; i < IKE_N_LIMITS; i++) {
        const ike_limit *limit = ike_limit_get((ike_limit_id)i);

        g_assert_cmpuint(limit->most, >, 0);
        g_assert_true(limit->what && *limit->what && limit->then && *limit->then);
        for (int k = 0; k < i; k++)
            g_assert_cmpstr(limit->what, !=, ike_limit_get((ike_limit_id)k)->what);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *path = g_strconcat("/limits/", rows[i].name, NULL);

        g_test_add_data_func(path, &rows[i], reach);
        g_free(path);
    }
    g_test_add_func("/limits/not-reached", not_reached);
    g_test_add_func("/limits/many-ports", many_ports);
    g_test_add_func("/limits/moved-without-natd", moved_without_natd);
    g_test_add_func("/limits/two", two_bounds);
    g_test_add_func("/limits/ip-pieces", ip_pieces);
    g_test_add_func("/limits/table", table);
    return g_test_run();
}
