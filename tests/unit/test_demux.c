/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a packet holds: markers where they belong and where they do not, strange ports, and messages of which
 * only the host program knows the way.
 */
#include "ike_track.h"
#include "ladder.h"

static GByteArray *first_message_of(ladder *l)
{
    wire_message m = wire_begin(&(wire_header){ l->spi_i, 0, 0x10, IKE_XCHG_MAIN, 0, 0 });

    wire_payload_sa(&m, l->offer, l->n_offer);
    return wire_end(&m);
}

/* RFC 3948 2.2: the marker belongs to port 4500. */
static void marker_on_500(void)
{
    ladder l;

    ladder_begin(&l);
    l.marker = true;
    mm1(&l);
    expect_labels(&l, "MM1");
    expect_finding_at(&l, 1, "marker_on_500");
    ladder_end(&l);
}

static void no_marker_on_4500(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    move_to_4500(&l);
    l.marker = false;
    mm5(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5");
    expect_finding_at(&l, 5, "natt_nomarker");
    ladder_end(&l);
}

/* draft-ietf-ipsec-udp-encaps-00: ESP on port 500 after eight zero bytes. */
static void non_ike_marker(void)
{
    uint8_t packet[64] = { 0 };
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    wire_put32(packet + 8, 0xc1000001);
    wire_put32(packet + 12, 1);
    send_datagram(&l, INITIATOR, packet, sizeof packet);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 esp");
    g_assert_cmphex(flow_of(&l, 0xc1000001)->spi, ==, 0xc1000001);
    g_assert_cmpint(flow_of(&l, 0xc1000001)->encapsulation, ==, IKE_IN_UDP);
    g_assert_cmpuint(flow_of(&l, 0xc1000001)->bytes, ==, sizeof packet - 8);
    ladder_end(&l);
}

static void send_wireguard(ladder *l, uint32_t type, size_t length)
{
    uint8_t packet[256] = { 0 };

    wire_put32(packet, type);
    wire_put32(packet + 4, 7);
    send_datagram(l, INITIATOR, packet, length);
}

/* The receiver's index stands where ESP has its number. Of another length it is none. */
static void wireguard(void)
{
    static const struct { uint32_t type; size_t length; } sent[] = {
        { 0x01000000, 148 }, { 0x02000000, 92 }, { 0x03000000, 64 }, { 0x04000000, 32 }, { 0x04000000, 128 },
    };
    ladder l;

    ladder_begin(&l);
    move_to_4500(&l);
    l.marker = false;
    for (size_t i = 0; i < G_N_ELEMENTS(sent); i++)
        send_wireguard(&l, sent[i].type, sent[i].length);
    g_assert_cmpuint(ike_tracker_flows(l.tracker)->len, ==, 0);
    g_assert_cmpuint(ike_tracker_wireguard(l.tracker), ==, G_N_ELEMENTS(sent));
    g_assert_false(ike_tracker_has_data(l.tracker));
    for (size_t i = 0; i < G_N_ELEMENTS(sent); i++)
        send_wireguard(&l, sent[i].type, sent[i].length + 4);
    send_wireguard(&l, 0x05000000, 128);
    g_assert_cmpuint(ike_tracker_flows(l.tracker)->len, ==, 5);
    ladder_end(&l);
}

/* Between two strange ports only known cookies make a message, at the beginning or after a marker. */
static void strange_ports(void)
{
    ladder l;

    ladder_begin(&l);
    l.hosts[INITIATOR].seen.port = 7001;
    l.hosts[RESPONDER].seen.port = 7002;
    mm1(&l);
    expect_labels(&l, ".");
    ladder_end(&l);

    ladder_begin(&l);
    main_mode(&l);
    l.hosts[INITIATOR].seen.port = 7001;
    l.hosts[RESPONDER].seen.port = 7002;
    quick_mode(&l, 0xa1);
    l.marker = true;
    quick_mode(&l, 0xa2);
    send_datagram(&l, INITIATOR, "short", 5);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 QM1 QM2 QM3 .");
    ladder_end(&l);
}

/* Where there is no IP header to read, the host program gives message and ends. */
static void given_message(void)
{
    const ike_endpoint src = wire_endpoint("10.1.0.2", 500), dst = wire_endpoint("10.2.0.2", 500);
    ladder l;
    GByteArray *bytes;

    ladder_begin(&l);
    bytes = first_message_of(&l);
    ike_tracker_frame(l.tracker, ++l.frame, l.now);
    ike_tracker_feed_message(l.tracker, &src, &dst, bytes->data, bytes->len, bytes->len);
    ike_tracker_feed_message(l.tracker, &src, &dst, bytes->data, 10, 10); /* is none */
    ike_tracker_end_frame(l.tracker, true);
    g_byte_array_unref(bytes);
    expect_labels(&l, "MM1");
    expect_initiator(&l, 0, "10.1.0.2", 500);
    g_assert_true(ike_tracker_saw_pair(l.tracker, &src.addr, &dst.addr));
    g_assert_false(ike_tracker_saw_pair(l.tracker, &dst.addr, &src.addr));
    ladder_end(&l);
}

/* What does not end is read up to a bound, which is told. */
static void many_payloads(void)
{
    ladder l;
    wire_message m;

    ladder_begin(&l);
    m = wire_begin(&(wire_header){ l.spi_i, 0, 0x10, IKE_XCHG_MAIN, 0, 0 });
    wire_payload_sa(&m, l.offer, l.n_offer);
    for (int i = 0; i < IKE_MAX_PAYLOADS; i++)
        wire_payload_random(&m, IKE_PL_VID, 4, 1);
    send_message(&l, INITIATOR, wire_end(&m));
    expect_labels(&l, "MM1");
    expect_finding_says(&l, "limit", "more than 128 payloads");
    ladder_end(&l);
}

/* RFC 2408 3.1: the initiator's cookie is never zero. On port 500 such a message looks like ESP. */
static void zero_cookie(void)
{
    ladder l;

    ladder_begin(&l);
    l.spi_i = 0;
    move_to_4500(&l);
    mm5(&l);
    expect_finding_at(&l, 1, "zero_cookie");
    ladder_end(&l);
}

static void keepalives(void)
{
    const uint8_t keepalive = 0xff, other = 0xfe;
    ladder l;

    ladder_begin(&l);
    send_datagram(&l, INITIATOR, &keepalive, 1); /* of no SA */
    main_mode(&l);
    send_datagram(&l, INITIATOR, &keepalive, 1);
    send_datagram(&l, INITIATOR, &other, 1);
    expect_labels(&l, "ka MM1 MM2 MM3 MM4 MM5 MM6 ka .");
    g_assert_null(ike_tracker_notes(l.tracker, 1)->sa);
    g_assert_true(ike_tracker_notes(l.tracker, 8)->sa == ladder_sa(&l, 0));
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/demux/marker-on-500", marker_on_500);
    g_test_add_func("/demux/no-marker-on-4500", no_marker_on_4500);
    g_test_add_func("/demux/non-ike-marker", non_ike_marker);
    g_test_add_func("/demux/wireguard", wireguard);
    g_test_add_func("/demux/strange-ports", strange_ports);
    g_test_add_func("/demux/given-message", given_message);
    g_test_add_func("/demux/many-payloads", many_payloads);
    g_test_add_func("/demux/zero-cookie", zero_cookie);
    g_test_add_func("/demux/keepalives", keepalives);
    return g_test_run();
}
