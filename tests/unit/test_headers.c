/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IP headers of a frame of which the order of protocols is known: ike_headers.h.
 */
#include "ike_headers.h"
#include "ike_ip.h"
#include "wire.h"

#include <string.h>

#define GRE 47
#define ANY IKE_ANY_PROTOCOL
#define V4 { 4, false, false, ANY }
#define V6 { 6, false, false, ANY }
#define ETHERNET "020000000002 020000000001 0800"

/* A frame that is being written: headers whose lengths are not known yet begin at `open`. */
typedef struct frame {
    GByteArray *bytes;
    size_t open[IKE_MAX_LAYERS];
    unsigned n_open;
    size_t starts[IKE_MAX_LAYERS]; /* of all headers, in order */
    unsigned n;
} frame;

static void put(frame *f, const char *hex)
{
    GByteArray *bytes = wire_hex(hex);

    g_byte_array_append(f->bytes, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
}

static void put_zeros(frame *f, guint n)
{
    const guint before = f->bytes->len;

    g_byte_array_set_size(f->bytes, before + n);
    memset(f->bytes->data + before, 0, n);
}

static frame begin(const char *link)
{
    frame f = { .bytes = g_byte_array_new() };

    put(&f, link);
    return f;
}

static void put_header(frame *f, const char *hex, uint8_t protocol, size_t protocol_at)
{
    f->open[f->n_open++] = f->starts[f->n++] = f->bytes->len;
    put(f, hex);
    f->bytes->data[f->starts[f->n - 1] + protocol_at] = protocol;
}

/* From 10.0.0.FROM to 10.0.0.9, or 2001:db8::FROM to 2001:db8::9. */
static void put_ipv4(frame *f, uint8_t protocol, uint8_t from)
{
    put_header(f, "45 00 0000 1234 0000 40 00 0000 0a000000 0a000009", protocol, 9);
    f->bytes->data[f->bytes->len - 5] = from;
}

static void put_ipv6(frame *f, uint8_t protocol, uint8_t from)
{
    put_header(f, "60000000 0000 00 40 20010db8000000000000000000000000 20010db8000000000000000000000009", protocol, 6);
    f->bytes->data[f->bytes->len - 17] = from;
}

static void set_checksum(uint8_t *header)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < 20; i += 2)
        sum += ike_be16(header + i);
    sum = (sum & 0xffff) + (sum >> 16);
    wire_put16(header + 10, ~(sum + (sum >> 16)) & 0xffff);
}

/* Ends the innermost header that is open here. */
static void end_header(frame *f)
{
    uint8_t *header = f->bytes->data + f->open[--f->n_open];
    const size_t length = (size_t)(f->bytes->data + f->bytes->len - header);

    if (header[0] >> 4 == 4) {
        wire_put16(header + 2, (unsigned)length);
        set_checksum(header);
    } else {
        wire_put16(header + 4, (unsigned)length - 40);
    }
}

static void end_all(frame *f)
{
    while (f->n_open > 0)
        end_header(f);
}

/* ---- what is found ---- */

static ike_header found[IKE_MAX_LAYERS];
static size_t n_found;

static ike_bytes bytes_of(const frame *f)
{
    return (ike_bytes){ f->bytes->data, f->bytes->len, f->bytes->len };
}

/* The addresses of a header, pointing into the frame or copied as Wireshark copies those of IPv6. */
static ike_innermost innermost_of(const frame *f, size_t start)
{
    static uint8_t copy[32];
    const uint8_t *header = f->bytes->data + start;

    if (header[0] >> 4 == 4)
        return (ike_innermost){ 4, header + 12, header + 16 };
    memcpy(copy, header + 8, 32);
    return (ike_innermost){ 6, copy, copy + 16 };
}

static void find_with_hint(const frame *f, const ike_layer *layers, size_t n, size_t inner, size_t hint)
{
    const ike_bytes bytes = bytes_of(f);
    const ike_innermost innermost = innermost_of(f, inner);

    n_found = ike_headers_find(&bytes, 1, layers, n, &innermost, hint, found);
}

static void find(const frame *f, const ike_layer *layers, size_t n)
{
    find_with_hint(f, layers, n, f->starts[f->n - 1], IKE_NO_HINT);
}

static void expect_all(frame *f)
{
    g_assert_cmpuint(n_found, ==, f->n);
    for (size_t i = 0; i < n_found; i++) {
        g_assert_cmpuint(found[i].block, ==, 0);
        g_assert_cmpuint(found[i].start, ==, f->starts[i]);
    }
    g_byte_array_unref(f->bytes);
}

static void expect_one(frame *f, size_t number)
{
    g_assert_cmpuint(n_found, ==, 1);
    g_assert_cmpuint(found[0].start, ==, f->starts[number]);
    g_byte_array_unref(f->bytes);
}

/* ---- one packet ---- */

static void ipv4(void)
{
    static const ike_layer layers[] = { { 4, false, false, IKE_IPPROTO_UDP } };
    frame f = begin(ETHERNET);

    put_ipv4(&f, IKE_IPPROTO_UDP, 1);
    put_zeros(&f, 28);
    end_all(&f);
    find(&f, layers, 1);
    expect_all(&f);
}

static void ipv6_by_its_addresses(void)
{
    static const ike_layer layers[] = { { 6, false, false, IKE_IPPROTO_UDP } };
    frame f = begin("60000000 0002 60000000 0001 86dd");

    put_ipv6(&f, IKE_IPPROTO_UDP, 1);
    put_zeros(&f, 28);
    end_all(&f);
    find(&f, layers, 1);
    expect_all(&f);
}

/* RFC 8200 4.4: the destination of the packet is in the routing header. */
static void ipv6_with_another_destination(void)
{
    static const ike_layer layers[] = { V6 };
    frame f = begin(ETHERNET);
    ike_innermost innermost;
    ike_bytes bytes;

    put_ipv6(&f, 43, 1);
    put(&f, "1102000000000000 20010db800000000000000000000ffff");
    put_zeros(&f, 8);
    end_all(&f);
    innermost = innermost_of(&f, f.starts[0]);
    innermost.dst = f.bytes->data + f.starts[0] + 48;
    bytes = bytes_of(&f);
    n_found = ike_headers_find(&bytes, 1, layers, 1, &innermost, IKE_NO_HINT, found);
    expect_all(&f);
}

static void nothing(void)
{
    static const ike_layer layers[] = { V4 };
    const ike_bytes empty = { NULL, 0, 0 };
    const uint8_t header[20] = { 0x44 };
    const ike_bytes short_header = { header, sizeof header, sizeof header };

    g_assert_cmpuint(ike_headers_find(NULL, 0, layers, 1, &(ike_innermost){ 4, header + 12, header + 16 }, 0, found),
                     ==, 0);
    g_assert_cmpuint(ike_headers_find(&empty, 1, layers, 1, &(ike_innermost){ 4, header + 12, header + 16 }, 0, found),
                     ==, 0);
    g_assert_cmpuint(ike_headers_find(&short_header, 1, layers, 1, &(ike_innermost){ 4, header + 12, header + 16 },
                                      0, found), ==, 0);
    g_assert_cmpuint(ike_headers_find(&short_header, 1, layers, 1, &(ike_innermost){ 0, NULL, NULL }, 0, found), ==, 0);
    g_assert_cmpuint(ike_headers_find(&short_header, 1, layers, 0, &(ike_innermost){ 4, header + 12, header + 16 },
                                      0, found), ==, 0);
}

/* ---- tunnels ---- */

static void put_inner(frame *f)
{
    put_ipv4(f, IKE_IPPROTO_UDP, 1);
    put_zeros(f, 28);
}

static const ike_layer gre_layers[] = { { 4, false, false, GRE }, { 4, false, false, IKE_IPPROTO_UDP } };

static frame gre_frame(const char *link)
{
    frame f = begin(link);

    put_ipv4(&f, GRE, 7);
    put(&f, "00000800");
    put_inner(&f);
    end_all(&f);
    return f;
}

static void tunnel(void)
{
    frame f = gre_frame(ETHERNET);

    find(&f, gre_layers, 2);
    expect_all(&f);
}

/* What an earlier frame had is tried first, and no more than that. */
static void hints(void)
{
    static const size_t wrong[] = { 0, 3, 14, 15, 38, 39, 60, 1000, SIZE_MAX - 1, IKE_NO_HINT };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        frame f = gre_frame(ETHERNET);

        find_with_hint(&f, gre_layers, 2, f.starts[1], wrong[i]);
        expect_all(&f);
    }
}

/* Addresses of Ethernet that begin as a header does. */
static void link_like_a_header(void)
{
    static const ike_layer layers[] = { { 6, false, false, IKE_IPPROTO_IPIP }, V4 };
    static const char *const links[] = { "6a1100400401 3a1100400102 86dd", "600000000014 040000000000 86dd",
                                         "450000280000 000004000000 86dd" };

    for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
        frame f = begin(links[i]);

        put_ipv6(&f, IKE_IPPROTO_IPIP, 7);
        put_inner(&f);
        end_all(&f);
        find(&f, layers, 2);
        expect_all(&f);
    }
}

static void without_checksum(void)
{
    frame f = gre_frame(ETHERNET);

    wire_put16(f.bytes->data + f.starts[0] + 10, 0);
    wire_put16(f.bytes->data + f.starts[1] + 10, 0);
    find(&f, gre_layers, 2);
    expect_all(&f);
}

/* Another number than that of the protocol: Decode As. */
static void decoded_as(void)
{
    frame f = gre_frame(ETHERNET);

    f.bytes->data[f.starts[0] + 9] = 253;
    set_checksum(f.bytes->data + f.starts[0]);
    find(&f, gre_layers, 2);
    expect_all(&f);
}

static void same_addresses_inside(void)
{
    static const ike_layer layers[] = { { 6, false, false, IKE_IPPROTO_IPV6 }, { 6, false, false, IKE_IPPROTO_UDP } };
    frame f = begin(ETHERNET);

    put_ipv6(&f, IKE_IPPROTO_IPV6, 1);
    put_ipv6(&f, IKE_IPPROTO_UDP, 1);
    put_zeros(&f, 28);
    end_all(&f);
    find(&f, layers, 2);
    expect_all(&f);
}

static void ipv6_before_a_trailer(void)
{
    static const ike_layer layers[] = { { 6, false, false, IKE_IPPROTO_IPIP }, V4 };
    frame f = begin(ETHERNET);

    put_ipv6(&f, IKE_IPPROTO_IPIP, 7);
    put_inner(&f);
    end_all(&f);
    put_zeros(&f, 7);
    find(&f, layers, 2);
    expect_all(&f);
}

/* RFC 3032: a label, and no word on what follows. Wireshark notes the header or does not. */
static void optional_layers(void)
{
    static const ike_layer inside[] = { { IKE_ANY_VERSION, true, false, IKE_IPPROTO_IPIP }, V4 };
    static const ike_layer not_there[] = { { IKE_ANY_VERSION, true, false, IKE_IPPROTO_IPIP }, V4 };
    static const ike_layer itself[] = { { IKE_ANY_VERSION, true, false, IKE_IPPROTO_UDP } };
    static const ike_layer handed_on[] = { { 4, true, false, IKE_IPPROTO_IPV6 }, V6 };
    frame f = begin("020000000002 020000000001 8847 000101ff");

    put_ipv4(&f, IKE_IPPROTO_IPIP, 7);
    put_inner(&f);
    end_all(&f);
    find(&f, inside, 2);
    expect_all(&f);

    f = begin("020000000002 020000000001 8847 000101ff");
    put_inner(&f);
    end_all(&f);
    find(&f, itself, 1);
    g_assert_cmpuint(n_found, ==, 1);
    find(&f, not_there, 2);
    expect_all(&f);

    f = begin("");
    put_ipv6(&f, IKE_IPPROTO_UDP, 1);
    put_zeros(&f, 28);
    end_all(&f);
    find(&f, handed_on, 2);
    expect_all(&f);
}

/* ---- packets side by side ---- */

static void beside_each_other(void)
{
    static const ike_layer layers[] = { { 4, false, false, GRE }, V4, { 4, false, false, IKE_IPPROTO_UDP }, V4 };
    frame f = gre_frame("8801");

    put(&f, "aaaa030000000800");
    put_inner(&f);
    end_header(&f);
    put(&f, "aaaa030000000800");
    put_inner(&f);
    end_header(&f);
    find(&f, layers, 4);
    expect_all(&f);
}

static void in_a_later_block(void)
{
    static const ike_layer layers[] = { { 4, false, false, GRE }, { 4, false, false, IKE_IPPROTO_IPIP }, V4 };
    frame f = begin(ETHERNET), joined = begin("00000800");
    ike_innermost innermost;

    put_ipv4(&f, GRE, 7);
    put_zeros(&f, 30);
    end_all(&f);
    wire_put16(f.bytes->data + f.starts[0] + 6, 0x0004);
    set_checksum(f.bytes->data + f.starts[0]);
    put_ipv4(&joined, IKE_IPPROTO_IPIP, 6);
    put_inner(&joined);
    end_all(&joined);
    innermost = innermost_of(&joined, joined.starts[1]);

    const ike_bytes blocks[] = { bytes_of(&f), bytes_of(&joined) };

    n_found = ike_headers_find(blocks, 2, layers, 3, &innermost, 14, found);
    g_assert_cmpuint(n_found, ==, 3);
    g_assert_cmpuint(found[0].block, ==, 0);
    g_assert_cmpuint(found[0].start, ==, 14);
    g_assert_cmpuint(found[1].block, ==, 1);
    g_assert_cmpuint(found[1].start, ==, joined.starts[0]);
    g_assert_cmpuint(found[2].start, ==, joined.starts[1]);
    g_byte_array_unref(f.bytes);
    g_byte_array_unref(joined.bytes);
}

/* ---- damage ---- */

/* The inner header is none: the addresses are those of the outer one. */
static void no_header_inside(void)
{
    frame f = gre_frame(ETHERNET);

    f.bytes->data[f.starts[1]] = 0x44;
    find_with_hint(&f, gre_layers, 2, f.starts[0], IKE_NO_HINT);
    expect_one(&f, 0);
}

/* What is outside is not where it must be: the innermost header is known all the same. */
static void no_header_outside(void)
{
    frame f = gre_frame(ETHERNET);

    f.bytes->data[f.starts[0]] = 0x44;
    find(&f, gre_layers, 2);
    expect_one(&f, 1);

    f = begin(ETHERNET);
    put_ipv4(&f, GRE, 7);
    put_ipv6(&f, IKE_IPPROTO_UDP, 1);
    put_zeros(&f, 28);
    end_all(&f);
    f.bytes->data[f.starts[0]] = 0x44;
    find(&f, (const ike_layer[]){ V4, V6 }, 2);
    expect_one(&f, 1);
}

static const ike_layer icmp_layers[] = { { 4, false, false, IKE_IPPROTO_ICMP }, { 4, false, true, IKE_IPPROTO_UDP } };

static frame icmp_frame(void)
{
    frame f = begin(ETHERNET);

    put_ipv4(&f, IKE_IPPROTO_ICMP, 7);
    put(&f, "0301000000000000");
    put_ipv4(&f, IKE_IPPROTO_UDP, 1);
    put_zeros(&f, 200);
    end_header(&f);
    g_byte_array_set_size(f.bytes, f.bytes->len - 192);
    end_header(&f);
    return f;
}

static void quotation(void)
{
    frame f = icmp_frame();

    find(&f, icmp_layers, 2);
    expect_all(&f);
}

/* A quotation was not sent by whom it names: it is never returned without the packet that it is in. */
static void quotation_alone(void)
{
    frame f = icmp_frame();

    f.bytes->data[f.starts[0]] = 0x44;
    find(&f, icmp_layers, 2);
    g_assert_cmpuint(n_found, ==, 0);
    g_byte_array_unref(f.bytes);

    f = icmp_frame();
    f.bytes->data[f.starts[1]] = 0x44;
    find(&f, icmp_layers, 2);
    expect_one(&f, 0);
}

/* Many headers in each other, of which none is sure: ends, whatever is found. */
static void hostile_frames(void)
{
    static ike_layer layers[IKE_MAX_LAYERS + 10];
    frame f = begin(ETHERNET);

    for (size_t i = 0; i < G_N_ELEMENTS(layers); i++)
        layers[i] = (ike_layer){ i % 3 ? 4 : IKE_ANY_VERSION, i % 2, false, i % 5 ? ANY : GRE };
    for (unsigned i = 0; i < IKE_MAX_LAYERS; i++) {
        if (i % 2)
            put_ipv4(&f, GRE, (uint8_t)i);
        else
            put_ipv6(&f, GRE, (uint8_t)i);
        for (unsigned j = 0; j < 190; j++)
            put(&f, "4560 4560");
    }
    end_all(&f);
    for (unsigned i = 1; i < IKE_MAX_LAYERS; i += 2)
        f.bytes->data[f.starts[i] + 10] ^= 1;
    for (size_t n = 1; n <= G_N_ELEMENTS(layers); n++) {
        find(&f, layers, n);
        g_assert_cmpuint(n_found, <=, IKE_MAX_LAYERS);
        g_assert_cmpuint(found[n_found - 1].start, ==, f.starts[f.n - 1]);
    }
    g_byte_array_unref(f.bytes);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/headers/ipv4", ipv4);
    g_test_add_func("/headers/ipv6-by-its-addresses", ipv6_by_its_addresses);
    g_test_add_func("/headers/ipv6-with-another-destination", ipv6_with_another_destination);
    g_test_add_func("/headers/nothing", nothing);
    g_test_add_func("/headers/tunnel", tunnel);
    g_test_add_func("/headers/hints", hints);
    g_test_add_func("/headers/link-like-a-header", link_like_a_header);
    g_test_add_func("/headers/without-checksum", without_checksum);
    g_test_add_func("/headers/decoded-as", decoded_as);
    g_test_add_func("/headers/same-addresses-inside", same_addresses_inside);
    g_test_add_func("/headers/ipv6-before-a-trailer", ipv6_before_a_trailer);
    g_test_add_func("/headers/optional-layers", optional_layers);
    g_test_add_func("/headers/beside-each-other", beside_each_other);
    g_test_add_func("/headers/in-a-later-block", in_a_later_block);
    g_test_add_func("/headers/no-header-inside", no_header_inside);
    g_test_add_func("/headers/no-header-outside", no_header_outside);
    g_test_add_func("/headers/quotation", quotation);
    g_test_add_func("/headers/quotation-alone", quotation_alone);
    g_test_add_func("/headers/hostile-frames", hostile_frames);
    return g_test_run();
}
