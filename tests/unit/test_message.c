/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The parser of IKE messages: ike_message.h.
 */
#include "ike_message.h"
#include "wire.h"

#include <string.h>

/* A message is parsed from a block of exactly its size, so a sanitizer sees reads beyond it. */
static uint8_t *block;

static bool parse_cut(ike_message *m, const GByteArray *bytes, size_t captured, size_t wire)
{
    g_free(block);
    block = captured ? g_memdup2(bytes->data, captured) : g_malloc(1);
    return ike_message_parse(m, block, captured, wire);
}

static bool parse(ike_message *m, const GByteArray *bytes)
{
    return parse_cut(m, bytes, bytes->len, bytes->len);
}

static wire_message begin(uint8_t version, uint8_t exchange, uint8_t flags)
{
    const wire_header h = { 0x0102030405060708, 0x1112131415161718, version, exchange, flags,
                            0x21222324 };

    return wire_begin(&h);
}

static GByteArray *plain(void)
{
    wire_message m = begin(0x10, IKE_XCHG_MAIN, 0);

    wire_payload_random(&m, IKE_PL_KE, 256, 1);
    wire_payload_random(&m, IKE_PL_NONCE, 32, 2);
    return wire_end(&m);
}

/* ---- header ---- */

static void header(void)
{
    GByteArray *bytes = plain();
    ike_message m;

    g_assert_true(parse(&m, bytes));
    g_assert_cmphex(m.spi_i, ==, 0x0102030405060708);
    g_assert_cmphex(m.spi_r, ==, 0x1112131415161718);
    g_assert_cmphex(m.message_id, ==, 0x21222324);
    g_assert_cmpint(m.version, ==, 1);
    g_assert_cmpint(m.exchange, ==, IKE_XCHG_MAIN);
    g_assert_cmpint(m.next_payload, ==, IKE_PL_KE);
    g_assert_cmpuint(m.length, ==, bytes->len);
    g_assert_cmpuint(m.n_payloads, ==, 2);
    g_assert_cmpuint(m.payloads[0].length, ==, 256);
    g_assert_cmpuint(m.payloads[1].type, ==, IKE_PL_NONCE);
    g_assert_false(m.truncated || m.is_malformed || m.is_encrypted || m.trailing);
    g_assert_nonnull(ike_message_find(&m, IKE_PL_NONCE));
    g_assert_null(ike_message_find(&m, IKE_PL_SA));
    g_byte_array_unref(bytes);
}

static void header_cut(void)
{
    GByteArray *bytes = plain();
    ike_message m;

    for (size_t captured = 0; captured < bytes->len; captured++) {
        if (!parse_cut(&m, bytes, captured, bytes->len)) {
            g_assert_cmpuint(captured, <, 24);
            continue;
        }
        g_assert_cmpuint(captured, >=, 24);
        g_assert_true(m.truncated);
        g_assert_cmpuint(m.length, ==, bytes->len);
        g_assert_cmpuint(m.captured, ==, captured);
        g_assert_false(m.is_malformed);
        if (captured < 28)
            g_assert_cmpuint(m.n_payloads, ==, 0);
        for (unsigned i = 0; i < m.n_payloads; i++)
            g_assert_true(m.payloads[i].body + m.payloads[i].length <= block + captured);
    }
    /* a datagram that is too short is no message, however much of it was captured */
    g_assert_false(parse_cut(&m, bytes, 24, 27));
    g_assert_false(parse_cut(&m, bytes, 27, 27));
    g_byte_array_unref(bytes);
}

static void length_field(void)
{
    static const uint32_t bad[] = { 0, 1, 4, 27, 0x7fffffff, 0x80000000, 0xffffffff };
    GByteArray *bytes = plain();
    const uint32_t length = bytes->len;
    ike_message m;

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        wire_put32(bytes->data + 24, bad[i]);
        g_assert_false(parse(&m, bytes));
    }
    wire_put32(bytes->data + 24, length + 1);
    g_assert_false(parse(&m, bytes));
    wire_put32(bytes->data + 24, 28);
    g_assert_true(parse(&m, bytes));
    g_assert_true(m.is_malformed); /* it announces a payload that is not inside */
    g_assert_cmpuint(m.n_payloads, ==, 0);
    g_assert_cmpuint(m.trailing, ==, length - 28);
    g_byte_array_unref(bytes);
}

static void versions(void)
{
    GByteArray *bytes = plain();

    for (unsigned version = 0; version < 256; version++) {
        ike_message m;

        bytes->data[17] = (uint8_t)version;
        g_assert_true(parse(&m, bytes) == (version >> 4 == 1 || version >> 4 == 2));
    }
    g_byte_array_unref(bytes);
}

static void trailing(void)
{
    GByteArray *bytes = plain();
    const guint length = bytes->len;
    ike_message m;

    wire_random(bytes, 5, 3);
    g_assert_true(parse(&m, bytes));
    g_assert_cmpuint(m.trailing, ==, 5);
    g_assert_cmpuint(m.captured, ==, length);
    g_assert_false(m.is_malformed || m.truncated);
    g_byte_array_unref(bytes);
}

/* ---- payloads ---- */

static void payload_lengths(void)
{
    for (unsigned length = 0; length <= 4; length++) {
        wire_message w = begin(0x10, IKE_XCHG_MAIN, 0);
        GByteArray *bytes;
        ike_message m;

        wire_payload(&w, IKE_PL_VID, NULL, 0);
        bytes = wire_end(&w);
        wire_put16(bytes->data + 30, length);
        g_assert_true(parse(&m, bytes));
        g_assert_true(m.is_malformed == (length < 4));
        g_assert_cmpuint(m.n_payloads, ==, length < 4 ? 0 : 1);
        g_byte_array_unref(bytes);
    }
}

static void chain_beyond_end(void)
{
    GByteArray *bytes = plain();
    ike_message m;

    wire_put16(bytes->data + 28 + 260 + 2, 37); /* the nonce is one byte longer than the message */
    g_assert_true(parse(&m, bytes));
    g_assert_true(m.is_malformed);
    g_assert_cmpuint(m.n_payloads, ==, 1);
    wire_put16(bytes->data + 30, 0xffff);
    g_assert_true(parse(&m, bytes));
    g_assert_true(m.is_malformed);
    g_assert_cmpuint(m.n_payloads, ==, 0);
    g_byte_array_unref(bytes);
}

/* The last payload names another one, of which nothing or less than its header is there. */
static void chain_without_end(void)
{
    for (unsigned rest = 0; rest < 4; rest++) {
        GByteArray *bytes = plain();
        ike_message m;

        bytes->data[28 + 260] = IKE_PL_VID;
        wire_random(bytes, rest, 4);
        wire_put32(bytes->data + 24, bytes->len);
        g_assert_true(parse(&m, bytes));
        g_assert_true(m.is_malformed);
        g_assert_cmpuint(m.n_payloads, ==, 2);
        g_byte_array_unref(bytes);
    }
}

static void many_payloads(void)
{
    static const unsigned counts[] = { IKE_MAX_PAYLOADS - 1, IKE_MAX_PAYLOADS,
                                       IKE_MAX_PAYLOADS + 1, 200 };

    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        wire_message w = begin(0x10, IKE_XCHG_MAIN, 0);
        GByteArray *bytes;
        ike_message m;

        for (unsigned n = 0; n < counts[i]; n++)
            wire_payload(&w, IKE_PL_VID, NULL, 0);
        bytes = wire_end(&w);
        g_assert_true(parse(&m, bytes));
        g_assert_cmpuint(m.n_payloads, ==, MIN(counts[i], IKE_MAX_PAYLOADS));
        g_assert_true(m.payload_limit == (counts[i] > IKE_MAX_PAYLOADS));
        g_assert_false(m.is_malformed);
        g_byte_array_unref(bytes);
    }
}

static void payload_cut(void)
{
    GByteArray *bytes = plain();
    ike_message m;

    g_assert_true(parse_cut(&m, bytes, 28 + 4 + 100, bytes->len));
    g_assert_cmpuint(m.n_payloads, ==, 1);
    g_assert_true(m.payloads[0].cut);
    g_assert_cmpuint(m.payloads[0].length, ==, 100);
    g_assert_true(m.truncated);
    g_assert_false(m.is_malformed);
    g_byte_array_unref(bytes);
}

static void encrypted(void)
{
    wire_message w = begin(0x10, IKE_XCHG_MAIN, IKE_FLAG_ENCRYPTED);
    GByteArray *bytes;
    ike_message m;

    wire_encrypted(&w, IKE_PL_ID, 108, 5);
    bytes = wire_end(&w);
    g_assert_true(parse(&m, bytes));
    g_assert_true(m.is_encrypted);
    g_assert_false(m.is_malformed);
    g_assert_cmpuint(m.n_payloads, ==, 0);
    g_assert_true(ike_message_has(&m, IKE_PL_ID));
    g_byte_array_unref(bytes);
}

/* RFC 7296 3.14: what follows SK is inside of it. */
static void v2_encrypted(void)
{
    static const uint8_t types[] = { IKE_PL_V2_SK, IKE_PL_V2_SKF };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        wire_message w = begin(0x20, IKE_XCHG_V2_AUTH, IKE_FLAG_V2_INITIATOR);
        GByteArray *bytes;
        ike_message m;

        wire_payload_random(&w, IKE_PL_V2_NOTIFY, 8, 6);
        wire_payload_random(&w, types[i], 60, 7);
        bytes = wire_end(&w);
        bytes->data[28 + 12] = 35; /* IDi, first inside */
        g_assert_true(parse(&m, bytes));
        g_assert_true(m.is_encrypted);
        g_assert_false(m.is_malformed);
        g_assert_cmpuint(m.n_payloads, ==, 2);
        g_byte_array_unref(bytes);
    }
}

/* ---- SA payloads ---- */

static const wire_transform aes = { 7, 256, IKE_HASH_SHA256, IKE_AUTH_PSK, 14, 28800 };

static bool offer_of(GByteArray *bytes, ike_offer *offer)
{
    ike_message m;
    const bool ok = parse(&m, bytes) && ike_message_offer(&m, offer);

    g_byte_array_unref(bytes);
    return ok;
}

static GByteArray *with_transforms(const wire_transform *transforms, unsigned n)
{
    wire_message w = begin(0x10, IKE_XCHG_MAIN, 0);

    wire_payload_sa(&w, transforms, n);
    return wire_end(&w);
}

static void offer(void)
{
    const wire_transform two[] = { aes, { 5, 0, IKE_HASH_SHA1, 3, 2, 0 } };
    ike_offer o;

    g_assert_true(offer_of(with_transforms(two, 2), &o));
    g_assert_cmpuint(o.n_proposals, ==, 1);
    g_assert_cmpuint(o.n_transforms, ==, 2);
    g_assert_false(o.is_malformed);
    g_assert_cmpuint(o.transforms[0].encryption, ==, 7);
    g_assert_cmpuint(o.transforms[0].key_length, ==, 256);
    g_assert_cmpuint(o.transforms[0].hash, ==, IKE_HASH_SHA256);
    g_assert_cmpuint(o.transforms[0].group, ==, 14);
    g_assert_cmpuint(o.transforms[0].life_seconds, ==, 28800);
    g_assert_cmpuint(o.transforms[1].auth, ==, 3);
    g_assert_cmpuint(o.transforms[1].life_seconds, ==, 0);
}

static void long_lifetime(void)
{
    const wire_transform t = { 7, 256, IKE_HASH_SHA256, IKE_AUTH_PSK, 14, 86400 };
    ike_offer o;

    g_assert_true(offer_of(with_transforms(&t, 1), &o));
    g_assert_cmpuint(o.transforms[0].life_seconds, ==, 86400);
}

static void many_transforms(void)
{
    wire_transform t[200];
    ike_offer o;

    for (size_t i = 0; i < G_N_ELEMENTS(t); i++)
        t[i] = aes;
    g_assert_true(offer_of(with_transforms(t, G_N_ELEMENTS(t)), &o));
    g_assert_cmpuint(o.n_transforms, ==, G_N_ELEMENTS(t));
    g_assert_cmpuint(o.transforms[IKE_MAX_TRANSFORMS - 1].group, ==, 14);
    g_assert_false(o.is_malformed);
}

/* An SA payload of one transform with these attributes. */
static GByteArray *with_attributes(const char *hex)
{
    wire_message w = begin(0x10, IKE_XCHG_MAIN, 0);
    GByteArray *attributes = wire_hex(hex), *body = wire_hex("0000000100000001"
                                                             "0000000001010001"
                                                             "0000000001010000");
    GByteArray *bytes;

    g_byte_array_append(body, attributes->data, attributes->len);
    wire_put16(body->data + 10, body->len - 8);
    wire_put16(body->data + 18, body->len - 16);
    wire_payload(&w, IKE_PL_SA, body->data, body->len);
    bytes = wire_end(&w);
    g_byte_array_unref(attributes);
    g_byte_array_unref(body);
    return bytes;
}

static void attributes(void)
{
    static const struct {
        const char *hex;
        bool is_malformed;
        uint64_t life_seconds, life_kilobytes;
    } cases[] = {
        { "", false, 0, 0 },
        { "800b0001 000c0004 00015180", false, 86400, 0 },
        { "800b0001 000c0008 0000000100000000", false, UINT64_C(1) << 32, 0 },
        { "800b0002 000c0004 00100000", false, 0, 0x100000 },
        { "800b0001 800c7080 800b0002 000c0004 00100000", false, 28800, 0x100000 },
        { "800b0001 000c0000", false, 0, 0 },
        { "800b0001 000c0010 00000000000000000000000000000000", false, 0, 0 },
        { "000cffff 00000001", true, 0, 0 },   /* longer than the transform */
        { "000c0005 00000001", true, 0, 0 },
        { "800b0001 8001", true, 0, 0 },       /* half an attribute */
        { "ffff0001", false, 0, 0 },           /* unknown */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *hex = g_string_new(NULL);
        ike_offer o;

        for (const char *c = cases[i].hex; *c; c++)
            if (*c != ' ')
                g_string_append_c(hex, *c);
        offer_of(with_attributes(hex->str), &o);
        g_assert_true(o.is_malformed == cases[i].is_malformed);
        if (!cases[i].is_malformed) {
            g_assert_cmpuint(o.n_transforms, ==, 1);
            g_assert_cmpuint(o.transforms[0].life_seconds, ==, cases[i].life_seconds);
            g_assert_cmpuint(o.transforms[0].life_kilobytes, ==, cases[i].life_kilobytes);
        }
        g_string_free(hex, TRUE);
    }
}

/* Every byte of an SA payload that is a length or a count, with every value. */
static void absurd_lengths(void)
{
    const wire_transform two[] = { aes, aes };
    static const size_t offsets[] = {
        28 + 4 + 8 + 2, 28 + 4 + 8 + 3,   /* length of the proposal */
        28 + 4 + 8 + 6, 28 + 4 + 8 + 7,   /* length of its SPI, number of transforms */
        28 + 4 + 16 + 2, 28 + 4 + 16 + 3, /* length of the first transform */
        28 + 4 + 8, 28 + 4 + 16,          /* whether another one follows */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(offsets); i++)
        for (unsigned value = 0; value < 256; value++) {
            GByteArray *bytes = with_transforms(two, 2);
            ike_offer o;

            bytes->data[offsets[i]] = (uint8_t)value;
            if (offer_of(bytes, &o))
                g_assert_cmpuint(o.n_transforms, >, 0);
            g_assert_cmpuint(o.n_transforms, <=, 2);
        }
}

static void short_sa_payload(void)
{
    for (size_t n = 0; n < 24; n++) {
        wire_message w = begin(0x10, IKE_XCHG_MAIN, 0);
        GByteArray *bytes = with_transforms(&aes, 1);
        ike_offer o;

        wire_payload(&w, IKE_PL_SA, bytes->data + 32, n);
        g_byte_array_unref(bytes);
        g_assert_false(offer_of(wire_end(&w), &o));
    }
}

static void sa_payload_cut(void)
{
    GByteArray *bytes = with_transforms(&aes, 1);
    ike_message m;
    ike_offer o;

    g_assert_true(parse_cut(&m, bytes, bytes->len - 1, bytes->len));
    g_assert_false(ike_message_offer(&m, &o));
    g_byte_array_unref(bytes);
}

static void same_algorithms(void)
{
    ike_transform a = { .encryption = 7, .key_length = 256, .hash = 4, .auth = 1, .group = 14 };
    ike_transform b = a;

    b.life_seconds = 3600;
    g_assert_true(ike_transform_same_algorithms(&a, &b));
    b.key_length = 128;
    g_assert_false(ike_transform_same_algorithms(&a, &b));
}

/* ---- notifies ---- */

static void notify(void)
{
    static const struct {
        uint8_t version;
        const char *body;
        bool ok;
        unsigned type, spi_length, data_length;
    } cases[] = {
        { 0x10, "000000010100000e", true, 14, 0, 0 },
        { 0x10, "0000000101100018" "00112233445566778899aabbccddeeff", true, 24, 16, 0 },
        { 0x10, "0000000101003039" "00003540", true, 12345, 0, 4 },
        { 0x10, "0000000101ff000e", false, 0, 0, 0 },
        { 0x10, "0000000101010000", false, 0, 0, 0 },
        { 0x10, "00000001010000", false, 0, 0, 0 },
        { 0x10, "", false, 0, 0, 0 },
        { 0x20, "0000000e", true, 14, 0, 0 },
        { 0x20, "00000011" "0013", true, 17, 0, 2 },
        { 0x20, "000000", false, 0, 0, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const uint8_t type = cases[i].version == 0x10 ? IKE_PL_NOTIFY : IKE_PL_V2_NOTIFY;
        wire_message w = begin(cases[i].version, 5, 0);
        GByteArray *bytes;
        ike_message m;
        ike_notify n;

        wire_payload_hex(&w, type, cases[i].body);
        bytes = wire_end(&w);
        g_assert_true(parse(&m, bytes));
        g_assert_true(ike_payload_notify(&m, ike_message_find(&m, type), &n) == cases[i].ok);
        if (cases[i].ok) {
            g_assert_cmpuint(n.type, ==, cases[i].type);
            g_assert_cmpuint(n.spi_length, ==, cases[i].spi_length);
            g_assert_cmpuint(n.data_length, ==, cases[i].data_length);
        }
        g_byte_array_unref(bytes);
    }
}

/* ---- fragments ---- */

static void fragment(void)
{
    static const uint8_t all_flags[] = { 0, IKE_FLAG_ENCRYPTED }; /* racoon sets E */

    for (size_t i = 0; i < G_N_ELEMENTS(all_flags); i++) {
        const wire_header h = { 1, 2, 0x10, IKE_XCHG_MAIN, all_flags[i], 0 };
        const uint8_t data[] = { 1, 2, 3, 4, 5 };
        GByteArray *bytes = wire_v1_fragment(&h, 0x0102, 3, true, data, sizeof data);
        ike_message m;
        ike_fragment f;

        g_assert_true(parse(&m, bytes));
        g_assert_false(m.is_encrypted);
        g_assert_true(ike_message_fragment(&m, &f));
        g_assert_cmpuint(f.id, ==, 0x0102);
        g_assert_cmpuint(f.number, ==, 3);
        g_assert_true(f.is_last);
        g_assert_cmpmem(f.data, f.length, data, sizeof data);
        g_assert_true(parse_cut(&m, bytes, bytes->len - 1, bytes->len));
        g_assert_false(ike_message_fragment(&m, &f));
        g_byte_array_unref(bytes);
    }
}

static void fragment_too_short(void)
{
    for (size_t n = 0; n <= 4; n++) {
        wire_message w = begin(0x10, IKE_XCHG_MAIN, 0);
        GByteArray *bytes;
        ike_message m;
        ike_fragment f;

        wire_payload_random(&w, IKE_PL_FRAGMENT, n, 8);
        bytes = wire_end(&w);
        g_assert_true(parse(&m, bytes));
        g_assert_true(ike_message_fragment(&m, &f) == (n == 4));
        if (n == 4)
            g_assert_cmpuint(f.length, ==, 0);
        g_byte_array_unref(bytes);
    }
}

int main(int argc, char **argv)
{
    int result;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/message/header", header);
    g_test_add_func("/message/header-cut", header_cut);
    g_test_add_func("/message/length-field", length_field);
    g_test_add_func("/message/versions", versions);
    g_test_add_func("/message/trailing", trailing);
    g_test_add_func("/message/payload-lengths", payload_lengths);
    g_test_add_func("/message/chain-beyond-end", chain_beyond_end);
    g_test_add_func("/message/chain-without-end", chain_without_end);
    g_test_add_func("/message/many-payloads", many_payloads);
    g_test_add_func("/message/payload-cut", payload_cut);
    g_test_add_func("/message/encrypted", encrypted);
    g_test_add_func("/message/v2-encrypted", v2_encrypted);
    g_test_add_func("/message/offer", offer);
    g_test_add_func("/message/long-lifetime", long_lifetime);
    g_test_add_func("/message/many-transforms", many_transforms);
    g_test_add_func("/message/attributes", attributes);
    g_test_add_func("/message/absurd-lengths", absurd_lengths);
    g_test_add_func("/message/short-sa-payload", short_sa_payload);
    g_test_add_func("/message/sa-payload-cut", sa_payload_cut);
    g_test_add_func("/message/same-algorithms", same_algorithms);
    g_test_add_func("/message/notify", notify);
    g_test_add_func("/message/fragment", fragment);
    g_test_add_func("/message/fragment-too-short", fragment_too_short);
    result = g_test_run();
    g_free(block);
    return result;
}
