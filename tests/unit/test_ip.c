/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPv4 and IPv6 headers: ike_ip.h.
 */
#include "ike_ip.h"
#include "wire.h"

#define IPV4 "45 00 001c 1234 0000 40 11 0000 0a010002 0a020002"
#define UDP "01f4 01f4 0008 0000"
#define IPV6_ADDRESSES "20010db8000000000000000000000002 20010db8000100000000000000000002"

static uint8_t *block;

/* Parses the packet of a hex text with blanks, from a block of exactly its size. */
static bool parse(ike_ip_packet *p, const char *text)
{
    GString *hex = g_string_new(NULL);
    GByteArray *bytes;
    guint n;

    for (; *text; text++)
        if (*text != ' ')
            g_string_append_c(hex, *text);
    bytes = wire_hex(hex->str);
    g_string_free(hex, TRUE);
    n = bytes->len;
    g_free(block);
    block = n ? g_memdup2(bytes->data, n) : g_malloc(1);
    g_byte_array_unref(bytes);
    return ike_ip_parse(block, n, p);
}

static void ipv4(void)
{
    ike_ip_packet p;
    const ike_addr src = wire_addr("10.1.0.2"), dst = wire_addr("10.2.0.2");

    g_assert_true(parse(&p, IPV4 UDP));
    g_assert_true(ike_addr_equal(&p.src, &src));
    g_assert_true(ike_addr_equal(&p.dst, &dst));
    g_assert_cmpuint(p.protocol, ==, IKE_IPPROTO_UDP);
    g_assert_cmpuint(p.ttl, ==, 64);
    g_assert_true(p.has_id);
    g_assert_cmphex(p.id, ==, 0x1234);
    g_assert_false(p.is_fragment);
    g_assert_cmpuint(p.length, ==, 8);
    g_assert_cmpuint(p.captured, ==, 8);
    g_assert_true(p.payload == block + 20);
}

static void ipv4_lengths(void)
{
    static const struct {
        const char *text;
        bool ok;
        size_t length, captured;
    } cases[] = {
        { "", false, 0, 0 },
        { "45", false, 0, 0 },
        { "45 00 001c 1234 0000 40 11 0000 0a010002 0a0200", false, 0, 0 },
        { "46 00 0020 1234 0000 40 11 0000 0a010002 0a020002 01010101" UDP, true, 8, 8 },
        { "4f 00 0050 1234 0000 40 11 0000 0a010002 0a020002" UDP, false, 0, 0 }, /* options cut */
        { "44 00 001c 1234 0000 40 11 0000 0a010002 0a020002" UDP, false, 0, 0 },
        { "40 00 001c 1234 0000 40 11 0000 0a010002 0a020002" UDP, false, 0, 0 },
        { "45 00 0000 1234 0000 40 11 0000 0a010002 0a020002" UDP, true, 8, 8 }, /* offload */
        { "45 00 0013 1234 0000 40 11 0000 0a010002 0a020002" UDP, false, 0, 0 },
        { "45 00 0014 1234 0000 40 11 0000 0a010002 0a020002" UDP, true, 0, 0 },
        { "45 00 0018 1234 0000 40 11 0000 0a010002 0a020002" UDP, true, 4, 4 }, /* padded frame */
        { "45 00 0100 1234 0000 40 11 0000 0a010002 0a020002" UDP, true, 236, 8 }, /* cut */
        { "55 00 001c 1234 0000 40 11 0000 0a010002 0a020002" UDP, false, 0, 0 },
        { "05 00 001c 1234 0000 40 11 0000 0a010002 0a020002" UDP, false, 0, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        ike_ip_packet p;

        g_assert_true(parse(&p, cases[i].text) == cases[i].ok);
        if (cases[i].ok) {
            g_assert_cmpuint(p.length, ==, cases[i].length);
            g_assert_cmpuint(p.captured, ==, cases[i].captured);
        }
    }
}

static void ipv4_fragments(void)
{
    static const struct {
        const char *flags;
        bool is_fragment, more;
        uint32_t offset;
    } cases[] = {
        { "0000", false, false, 0 },   { "4000", false, false, 0 }, /* DF */
        { "2000", true, true, 0 },     { "20b9", true, true, 1480 },
        { "00b9", true, false, 1480 }, { "1fff", true, false, 65528 },
        { "8000", false, false, 0 },   { "6001", true, true, 8 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        char *text = g_strconcat("45 00 001c 1234 ", cases[i].flags,
                                 " 40 11 0000 0a010002 0a020002", UDP, NULL);
        ike_ip_packet p;

        g_assert_true(parse(&p, text));
        g_assert_true(p.is_fragment == cases[i].is_fragment);
        g_assert_true(p.more_fragments == cases[i].more);
        g_assert_cmpuint(p.offset, ==, cases[i].offset);
        g_free(text);
    }
}

static void ipv6(void)
{
    ike_ip_packet p;
    const ike_addr src = wire_addr("2001:db8::2"), dst = wire_addr("2001:db8:1::2");

    g_assert_true(parse(&p, "60000000 0008 11 40" IPV6_ADDRESSES UDP));
    g_assert_true(ike_addr_equal(&p.src, &src));
    g_assert_true(ike_addr_equal(&p.dst, &dst));
    g_assert_cmpuint(p.protocol, ==, IKE_IPPROTO_UDP);
    g_assert_cmpuint(p.ttl, ==, 64);
    g_assert_false(p.has_id || p.is_fragment);
    g_assert_cmpuint(p.length, ==, 8);
}

#define HOP "3c00010400000000"         /* hop-by-hop, then destination options */
#define DESTINATION "1100010400000000" /* destination options, then UDP */

static void ipv6_headers(void)
{
    static const struct {
        const char *text;
        bool ok;
        unsigned protocol;
        size_t length, captured;
    } cases[] = {
        { "60000000 0018 00 40" IPV6_ADDRESSES HOP DESTINATION UDP, true, 17, 8, 8 },
        { "60000000 0010 2b 40" IPV6_ADDRESSES DESTINATION UDP, true, 17, 8, 8 },  /* routing */
        { "60000000 0000 11 40" IPV6_ADDRESSES UDP, true, 17, 8, 8 },              /* no length */
        { "60000000 0004 11 40" IPV6_ADDRESSES UDP, true, 17, 4, 4 },              /* padded */
        { "60000000 0100 11 40" IPV6_ADDRESSES UDP, true, 17, 256, 8 },            /* cut */
        { "60000000 0008 3b 40" IPV6_ADDRESSES UDP, true, 59, 8, 8 }, /* no next header */
        { "60000000 0018 00 40" IPV6_ADDRESSES "3c00", false, 0, 0, 0 },
        { "60000000 0004 00 40" IPV6_ADDRESSES HOP, false, 0, 0, 0 },
        { "60000000 0010 00 40" IPV6_ADDRESSES "11ff010400000000" UDP, false, 0, 0, 0 },
        { "60000000 0010 00 40" IPV6_ADDRESSES "1101010400000000" UDP, true, 17, 0, 0 },
        { "60000000 0008 11 40 20010db8", false, 0, 0, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        ike_ip_packet p;

        g_assert_true(parse(&p, cases[i].text) == cases[i].ok);
        if (cases[i].ok) {
            g_assert_cmpuint(p.protocol, ==, cases[i].protocol);
            g_assert_cmpuint(p.length, ==, cases[i].length);
            g_assert_cmpuint(p.captured, ==, cases[i].captured);
        }
    }
}

static void ipv6_fragments(void)
{
    ike_ip_packet p;

    g_assert_true(parse(&p, "60000000 0010 2c 40" IPV6_ADDRESSES "1100 0001 deadbeef" UDP));
    g_assert_true(p.is_fragment && p.more_fragments && p.has_id);
    g_assert_cmphex(p.id, ==, 0xdeadbeef);
    g_assert_cmpuint(p.offset, ==, 0);
    g_assert_cmpuint(p.protocol, ==, IKE_IPPROTO_UDP);

    g_assert_true(parse(&p, "60000000 0010 2c 40" IPV6_ADDRESSES "1100 05c8 deadbeef" UDP));
    g_assert_true(p.is_fragment && !p.more_fragments);
    g_assert_cmpuint(p.offset, ==, 1480);
    g_assert_cmpuint(p.length, ==, 8);

    /* RFC 6946: an atomic fragment is a whole packet */
    g_assert_true(parse(&p, "60000000 0010 2c 40" IPV6_ADDRESSES "1100 0000 deadbeef" UDP));
    g_assert_false(p.is_fragment);
    g_assert_cmpuint(p.protocol, ==, IKE_IPPROTO_UDP);

    /* in a later fragment what looks like a header is data */
    g_assert_true(parse(&p, "60000000 0010 2c 40" IPV6_ADDRESSES "3c00 05c9 deadbeef"
                            "11ff000000000000"));
    g_assert_cmpuint(p.protocol, ==, 60);
    g_assert_cmpuint(p.length, ==, 8);
}

/* Extension headers without end: the parser gives up, and it does give up. */
static void ipv6_many_headers(void)
{
    GString *text = g_string_new("60000000 0000 3c 40" IPV6_ADDRESSES);
    ike_ip_packet p;

    for (int i = 0; i < 1000; i++)
        g_string_append(text, "3c00000000000000");
    g_assert_true(parse(&p, text->str));
    g_assert_cmpuint(p.protocol, !=, IKE_IPPROTO_UDP);
    g_string_free(text, TRUE);
}

/* Every packet of random bytes keeps to its block. */
static void random_bytes(void)
{
    uint64_t state = 42;

    for (int i = 0; i < 20000; i++) {
        const size_t n = wire_next_random(&state) % 120;
        uint8_t *bytes = g_malloc(n + 1);
        ike_ip_packet p;

        for (size_t k = 0; k < n; k++)
            bytes[k] = (uint8_t)(wire_next_random(&state) >> 40);
        if (n)
            bytes[0] = i % 2 ? 0x60 : (uint8_t)(0x40 | (bytes[0] & 15));
        if (n > 6 && i % 4 == 1)
            bytes[6] = 0;
        bytes = g_realloc(bytes, n ? n : 1);
        if (ike_ip_parse(bytes, n, &p)) {
            g_assert_true(p.payload >= bytes);
            g_assert_true(p.payload + p.captured <= bytes + n);
            g_assert_cmpuint(p.captured, <=, p.length);
        }
        g_free(bytes);
    }
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ip/ipv4", ipv4);
    g_test_add_func("/ip/ipv4-lengths", ipv4_lengths);
    g_test_add_func("/ip/ipv4-fragments", ipv4_fragments);
    g_test_add_func("/ip/ipv6", ipv6);
    g_test_add_func("/ip/ipv6-headers", ipv6_headers);
    g_test_add_func("/ip/ipv6-fragments", ipv6_fragments);
    g_test_add_func("/ip/ipv6-many-headers", ipv6_many_headers);
    g_test_add_func("/ip/random-bytes", random_bytes);
    result = g_test_run();
    g_free(block);
    return result;
}
