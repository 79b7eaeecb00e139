/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ESP without encryption: how it is told from ciphertext, and what is in it.
 */
#include "ladder2.h"

#include "ike_null.h"

enum { THERE = 0x11111111 };

/* Main Mode and one Quick Mode. */
static void tunnel(ladder *l)
{
    ladder_begin(l);
    main_mode(l);
    quick_mode(l, 1);
}

static GByteArray *null_packet(uint32_t spi, uint32_t sequence, uint8_t protocol,
                               const GByteArray *content, unsigned icv)
{
    GByteArray *out = g_byte_array_new();
    const uint8_t padding = (uint8_t)((4 - (content->len + 2) % 4) % 4);
    uint8_t head[8], trailer[2] = { padding, protocol };

    wire_put32(head, spi);
    wire_put32(head + 4, sequence);
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, content->data, content->len);
    for (uint8_t i = 1; i <= padding; i++)
        g_byte_array_append(out, &i, 1);
    g_byte_array_append(out, trailer, sizeof trailer);
    wire_random(out, icv, 77 + sequence);
    return out;
}

/* A UDP datagram without checksum. */
static GByteArray *udp(uint16_t port, const void *data, size_t n)
{
    GByteArray *out = g_byte_array_new();
    uint8_t head[8] = { 0 };

    wire_put16(head, port);
    wire_put16(head + 2, port);
    wire_put16(head + 4, (unsigned)n + 8);
    g_byte_array_append(out, head, sizeof head);
    g_byte_array_append(out, data, (guint)n);
    return out;
}

static void send_null(ladder *l, uint32_t sequence, uint8_t protocol, GByteArray *content,
                      unsigned icv)
{
    GByteArray *packet = null_packet(THERE, sequence, protocol, content, icv);
    const wire_ip ip = { .src = l->hosts[INITIATOR].seen, .dst = l->hosts[RESPONDER].seen,
                         .id = 100 + sequence };

    send_packet(l, wire_packet(&ip, IKE_IPPROTO_ESP, packet->data, packet->len));
    g_byte_array_free(packet, TRUE);
    g_byte_array_free(content, TRUE);
}

/* Without a right checksum two packets must agree. */
static void null_by_agreement(void)
{
    static const unsigned icvs[] = { 12, 16, 24, 32 };

    for (size_t i = 0; i < G_N_ELEMENTS(icvs); i++) {
        ladder l;

        tunnel(&l);
        send_null(&l, 1, 17, udp(5000, "hello", 5), icvs[i]);
        expect_no_finding(&l, "esp_null");
        send_null(&l, 2, 17, udp(5000, "hello again", 11), icvs[i]);
        expect_finding(&l, "esp_null", CHAT);
        g_assert_cmpint(flow_of(&l, THERE)->null->verdict, ==, IKE_NULL_PROBABLY);
        g_assert_cmpstr(ike_null_content(flow_of(&l, THERE)), ==, "UDP");
        ladder_end(&l);
    }
}

/* An IPv4 header proves itself. */
static void null_by_checksum(void)
{
    const wire_ip ip = { .src = wire_endpoint("10.10.1.5", 4000),
                         .dst = wire_endpoint("10.10.2.9", 53) };
    ladder l;

    tunnel(&l);
    send_null(&l, 1, 4, wire_udp(&ip, (const uint8_t *)"query", 5), 16);
    expect_finding(&l, "esp_null", CHAT);
    g_assert_cmpint(flow_of(&l, THERE)->null->verdict, ==, IKE_NULL_YES);
    ladder_end(&l);
}

/* Writes the checksum of RFC 1071 at an offset; of `protocol` with a pseudo-header, 0: without. */
static void put_checksum(const ladder *l, GByteArray *content, size_t at_byte, uint8_t protocol)
{
    uint32_t sum = 0;

    for (guint i = 0; i + 1 < content->len; i += 2)
        sum += ike_be16(content->data + i);
    for (int side = 0; side < 2 && protocol; side++)
        for (size_t i = 0; i < ike_addr_length(&l->hosts[side].seen.addr); i += 2)
            sum += ike_be16(l->hosts[side].seen.addr.bytes + i);
    sum += protocol ? protocol + content->len : 0;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    wire_put16(content->data + at_byte, ~sum & 0xffff);
}

static const struct null_content {
    const char *name;
    uint8_t protocol, checksum_at; /* 0: has none */
    bool has_pseudo_header;
    const char *hex, *content;
} null_contents[] = {
    { "/esp/null-icmp", 1, 2, false, "08000000 12340001 6162636465666768", "ICMP" },
    { "/esp/null-icmpv6", 58, 2, true, "80000000 12340001 6162636465666768", "ICMPv6" },
    { "/esp/null-tcp", 6, 16, true, "c0000050 00000001 00000000 50022000 00000000", "TCP" },
    { "/esp/null-ipv6", 41, 0, false, "60000000 0008 3b40 20010db8000000000000000000000001 "
      "20010db8000000000000000000000002 0011223344556677", "IPv6" },
    { "/esp/null-l2tp-data", 17, 0, false, "06a506a5 0014 0000 0002 0005 0001 0002 ff03 c021", "L2TP data" },
};

/* What a checksum proves shows with one packet, other content when two packets agree. */
static void null_content(gconstpointer data)
{
    const struct null_content *row = data;
    ladder l;

    tunnel(&l);
    for (uint32_t i = 1; i <= 2; i++) {
        GByteArray *content = wire_hex(row->hex);

        if (row->checksum_at)
            put_checksum(&l, content, row->checksum_at, row->has_pseudo_header ? row->protocol : 0);
        send_null(&l, i, row->protocol, content, 12);
    }
    expect_finding(&l, "esp_null", CHAT);
    g_assert_cmpint(flow_of(&l, THERE)->null->verdict, ==, row->checksum_at ? IKE_NULL_YES : IKE_NULL_PROBABLY);
    g_assert_cmpstr(ike_null_content(flow_of(&l, THERE)), ==, row->content);
    expect_in_report(&l, "sa", "NULL: ");
    ladder_end(&l);
}

/* With a wrong checksum it is none. */
static void null_wrong_checksum(void)
{
    ladder l;

    tunnel(&l);
    send_null(&l, 1, 1, wire_hex("0800ffff 12340001 6162636465666768"), 12);
    send_null(&l, 2, 6, wire_hex("c0000050 00000001 00000000 50022000 ffff0000"), 12);
    expect_no_finding(&l, "esp_null");
    ladder_end(&l);
}

/* Ciphertext never is. */
static void encrypted(void)
{
    ladder l;

    tunnel(&l);
    for (uint32_t i = 1; i <= 3000; i++) {
        const wire_ip ip = { .src = l.hosts[INITIATOR].seen, .dst = l.hosts[RESPONDER].seen,
                             .id = i };

        send_packet(&l, wire_esp(&ip, 0x5000 + i / 3, i, 100 + i % 60));
    }
    g_assert_cmpuint(ike_tracker_flows(l.tracker)->len, ==, 1001);
    expect_no_finding(&l, "esp_null");
    ladder_end(&l);
}

/* RFC 2661 3.1: SCCRQ with the same number again and again. */
static void l2tp_unanswered(void)
{
    static const uint8_t sccrq[] = { 0xc8, 2, 0, 20, 0, 0, 0, 0, 0, 0,
                                     0, 0, 0x80, 8, 0, 0, 0, 0, 0, 1 };
    ladder l;

    tunnel(&l);
    for (uint32_t i = 1; i <= 4; i++) {
        send_null(&l, i, 17, udp(1701, sccrq, sizeof sccrq), 12);
        after(&l, 1 << i);
    }
    expect_finding(&l, "l2tp_hint", NOTE);
    g_assert_cmpstr(ike_null_content(flow_of(&l, THERE)), ==, "L2TP control");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esp/null-by-agreement", null_by_agreement);
    g_test_add_func("/esp/null-by-checksum", null_by_checksum);
    for (size_t i = 0; i < G_N_ELEMENTS(null_contents); i++)
        g_test_add_data_func(null_contents[i].name, &null_contents[i], null_content);
    g_test_add_func("/esp/null-wrong-checksum", null_wrong_checksum);
    g_test_add_func("/esp/encrypted", encrypted);
    g_test_add_func("/esp/l2tp-unanswered", l2tp_unanswered);
    return g_test_run();
}
