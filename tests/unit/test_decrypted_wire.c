/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Decrypted payloads as they are read: their chain, deletes, proposals.
 */
#include "harm.h"
#include "ike_esp_proposal.h"
#include "ike_proposal.h"
#include "inside.h"

#include <string.h>

/* ---- payloads ---- */

static ike_message outer(uint8_t version)
{
    return (ike_message){ .version = version, .is_encrypted = true, .length = 1000, .spi_i = 1, .spi_r = 2 };
}

/* A content with one payload as the parser gives it; its bytes are in the block. */
static bool one_payload(ike_message *clear, uint8_t version, uint8_t type, const uint8_t *body, size_t n)
{
    const ike_message m = outer(version);
    wire_message c = inside();
    GByteArray *bytes;
    bool is_read;

    wire_payload(&c, type, body, n);
    bytes = inside_bytes(&c);
    is_read = ike_message_decrypted(clear, &m, type, harm_exact(bytes->data, bytes->len), bytes->len);
    g_byte_array_unref(bytes);
    return is_read;
}

#define HASH16 "0000 0014 00112233445566778899aabbccddeeff"

static const struct payloads {
    uint8_t version, first;
    const char *hex;
    bool is_read;
    unsigned n;
} payload_rows[] = {
    { 1, 8, HASH16, true, 1 },
    { 1, 8, HASH16 "0000000000000000", true, 1 },
    { 1, 8, "0b00 0014 00112233445566778899aabbccddeeff 0000 0004 00000000", true, 2 },
    { 1, 8, HASH16 "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000", true, 1 },
    { 1, 8, HASH16 "00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00", false, 0 },
    { 1, 0, "", false, 0 },
    { 1, 0, "00000000", false, 0 },
    { 1, 8, "", false, 0 },
    { 1, 8, "0000 0003", false, 0 },
    { 1, 8, "0000 0000", false, 0 },
    { 1, 8, "0000 0005", false, 0 },
    { 1, 8, "0001 0004", false, 0 },  /* a reserved bit */
    { 1, 8, "0080 0004", false, 0 },  /* critical, which IKEv1 has not */
    { 1, 8, "0800 0004", false, 0 },  /* the chain goes on, the bytes do not */
    { 1, 33, "0000 0004", false, 0 }, /* of the other version */
    { 1, 99, "0000 0004", false, 0 },
    { 1, 132, "0000 0004", true, 1 },
    { 2, 0, "", true, 0 },
    { 2, 0, "00", false, 0 },
    { 2, 41, "0000 0008 00 00 4000", true, 1 },
    { 2, 41, "0080 0008 00 00 4000", true, 1 }, /* critical: RFC 7296 2.5 */
    { 2, 41, "0081 0008 00 00 4000", false, 0 },
    { 2, 41, "0000 0008 00 00 4000 00", false, 0 }, /* IKEv2 has no padding there */
    { 2, 41, "2900 0008 00 00 4000 0000 0008 00 00 4001", true, 2 },
    { 2, 41, "2e00 0008 00 00 4000 0000 0008 00 00 4001", false, 0 }, /* SK inside SK */
    { 2, 53, "0000 0008 00010001", false, 0 },
    { 2, 8, "0000 0004", false, 0 },
    { 2, 200, "0000 0004", false, 0 },
};

static void read_payloads_of(uint8_t version, const uint8_t *data, size_t n)
{
    const ike_message m = outer(version);
    ike_message clear;

    for (unsigned first = 0; first < 256; first += harm_below(8) + 1)
        if (ike_message_decrypted(&clear, &m, (uint8_t)first, data, n))
            for (unsigned i = 0; i < clear.n_payloads; i++) {
                const ike_payload *p = &clear.payloads[i];

                g_assert_true(p->body >= data + 4 && p->body + p->length <= data + n);
                g_assert_false(p->cut);
            }
}

static void read_v1_payloads(const uint8_t *data, size_t n)
{
    read_payloads_of(1, data, n);
}

static void read_v2_payloads(const uint8_t *data, size_t n)
{
    read_payloads_of(2, data, n);
}

static void payloads(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(payload_rows); i++) {
        const struct payloads *r = &payload_rows[i];
        const ike_message m = outer(r->version);
        GByteArray *bytes = wire_hex(r->hex);
        ike_message clear;

        g_assert_true(ike_message_decrypted(&clear, &m, r->first, harm_exact(bytes->data, bytes->len), bytes->len) ==
                      r->is_read);
        if (r->is_read) {
            g_assert_cmpuint(clear.n_payloads, ==, r->n);
            g_assert_cmphex(clear.spi_r, ==, m.spi_r);
            g_assert_false(clear.is_encrypted);
            g_assert_true(ike_message_in_clear(&clear) == &clear);
        }
        g_byte_array_unref(bytes);
        harm(r->version == 1 ? read_v1_payloads : read_v2_payloads, r->hex);
    }
}

static void many_payloads(void)
{
    for (unsigned n = IKE_MAX_PAYLOADS - 1; n <= IKE_MAX_PAYLOADS + 1; n++) {
        const ike_message m = outer(2);
        wire_message c = inside();
        GByteArray *bytes;
        ike_message clear;

        for (unsigned i = 0; i < n; i++)
            wire_payload(&c, IKE_PL_V2_VID, NULL, 0);
        bytes = inside_bytes(&c);
        g_assert_true(ike_message_decrypted(&clear, &m, IKE_PL_V2_VID, harm_exact(bytes->data, bytes->len),
                                            bytes->len) == (n <= IKE_MAX_PAYLOADS));
        g_byte_array_unref(bytes);
    }
}

static void padding(void)
{
    static const struct {
        const char *hex;
        bool is_padded;
        size_t length;
    } rows[] = {
        { "", false, 0 },
        { "00", true, 0 },
        { "01", false, 0 },
        { "0001", true, 0 },
        { "aabb00", true, 2 },
        { "aabb0202", true, 1 }, /* what the padding holds does not count */
        { "aabb02", true, 0 },
        { "aabb03", false, 0 },
        { "ff", false, 0 },
        { "aabbccddeeff 000000000000000000 09", true, 6 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GByteArray *bytes = wire_hex(rows[i].hex);
        size_t length = bytes->len;

        g_assert_true(ike_plain_without_padding(harm_exact(bytes->data, bytes->len), &length) == rows[i].is_padded);
        if (rows[i].is_padded)
            g_assert_cmpuint(length, ==, rows[i].length);
        g_byte_array_unref(bytes);
    }
}

/* IKEv1 knows the length; in IKEv2 the vector and the ICV are 8 to 64 bytes together. */
static void lengths(void)
{
    ike_message v1 = outer(1), v2 = outer(2), empty = outer(2);

    v1.length = 108;
    v2.n_payloads = 1;
    v2.payloads[0] = (ike_payload){ .type = IKE_PL_V2_SK, .length = 100 };
    for (size_t n = 0; n < 200; n++) {
        g_assert_true(ike_message_is_length_of_plain(&v1, n) == (n == 80));
        g_assert_true(ike_message_is_length_of_plain(&v2, n) == (n >= 36 && n <= 92));
        g_assert_false(ike_message_is_length_of_plain(&empty, n));
    }
    g_assert_false(ike_message_is_length_of_plain(&v1, SIZE_MAX));
}

/* ---- deletes ---- */

static char *delete_text(uint8_t version, const uint8_t *body, size_t n)
{
    GString *text = g_string_new(NULL);
    ike_message clear;
    ike_delete d;

    if (one_payload(&clear, version, version == 1 ? IKE_PL_DELETE : IKE_PL_V2_DELETE, body, n) &&
        ike_payload_delete(&clear, &clear.payloads[0], &d)) {
        ike_delete_append(text, &clear, &d);
        g_assert_true(d.n_spis == 0 || d.spi_length == 0 ||
                      d.spis + (size_t)d.n_spis * d.spi_length <= clear.payloads[0].body + clear.payloads[0].length);
    }
    return text->len ? g_string_free(text, FALSE) : (g_string_free(text, TRUE), NULL);
}

static char *delete_v1(const uint8_t *body, size_t n)
{
    uint8_t *copy = g_memdup2(body, n); /* the parser gets the block */
    char *text = delete_text(1, copy, n);

    g_free(copy);
    return text;
}

static char *delete_v2(const uint8_t *body, size_t n)
{
    uint8_t *copy = g_memdup2(body, n);
    char *text = delete_text(2, copy, n);

    g_free(copy);
    return text;
}

static void read_delete_v1(const uint8_t *data, size_t n)
{
    harm_read_text(delete_v1, data, n);
}

static void read_delete_v2(const uint8_t *data, size_t n)
{
    harm_read_text(delete_v2, data, n);
}

static void deletes(void)
{
    static const harm_row v1[] = {
        { "00000001 03 04 0001 c5cd2433", "DELETE ESP c5cd2433" },
        { "00000001 02 04 0002 c5cd2433 0000000a", "DELETE AH c5cd2433,0000000a" },
        { "00000001 03 04 0004 00000001 00000002 00000003 00000004",
          "DELETE ESP 00000001,00000002,00000003,00000004" },
        { "00000001 03 04 0005 00000001 00000002 00000003 00000004 00000005",
          "DELETE ESP 00000001,00000002,00000003,00000004,.." },
        { "00000001 01 10 0001 0102030405060708 1112131415161718",
          "DELETE IKE SA 0102030405060708:1112131415161718" },
        { "00000001 03 08 0001 0102030405060708", "DELETE ESP" },
        { "00000001 03 04 0000", "DELETE ESP" },
        { "00000001 03 04 0001 c5cd2433 00", "DELETE ESP c5cd2433" },
        { "00000001 03 04 0002 c5cd2433", NULL },
        { "00000001 03 04 ffff c5cd2433", NULL },
        { "00000001 03 ff ffff c5cd2433", NULL },
        { "00000001 03 00 0001", NULL },
        { "00000001 03 04", NULL },
        { "", NULL },
    };
    static const harm_row v2[] = {
        { "01 00 0000", "DELETE IKE SA" },
        { "03 04 0001 c5cd2433", "DELETE ESP c5cd2433" },
        { "02 04 0001 c5cd2433", "DELETE AH c5cd2433" },
        { "03 04 0001 c5cd24", NULL },
        { "03 00 ffff", "DELETE ESP,.." },
        { "03 04 00", NULL },
        { "", NULL },
    };

    harm_rows(v1, G_N_ELEMENTS(v1), delete_v1, read_delete_v1);
    harm_rows(v2, G_N_ELEMENTS(v2), delete_v2, read_delete_v2);
}

/* ---- proposals of Quick Mode ---- */

/* All transforms, "|" between them; NULL where there is nothing to read. */
static char *offer_text(const uint8_t *body, size_t n)
{
    uint8_t *copy = g_memdup2(body, n);
    GString *text = g_string_new(NULL);
    ike_esp_offer offer, *kept;
    ike_message clear;
    bool is_read;

    g_assert_true(one_payload(&clear, 1, IKE_PL_SA, copy, n));
    g_free(copy);
    is_read = ike_esp_offer_read(&clear, &offer);
    g_assert_cmpuint(ike_esp_offer_size(&offer), <=, IKE_MAX_ESP_TRANSFORMS);
    g_assert_true(ike_esp_offer_size(&offer) == MIN(offer.n_transforms, IKE_MAX_ESP_TRANSFORMS));
    kept = ike_esp_offer_copy(&offer);
    for (unsigned i = 0; i < MIN(ike_esp_offer_size(kept), 8); i++) {
        g_string_append(text, i ? " | " : "");
        ike_esp_transform_append(text, &kept->transforms[i]);
        g_string_append_printf(text, " #%u %x", kept->transforms[i].number, kept->transforms[i].spi);
    }
    g_free(kept);
    return is_read ? g_string_free(text, FALSE) : (g_string_free(text, TRUE), NULL);
}

static void read_offer(const uint8_t *data, size_t n)
{
    harm_read_text(offer_text, data, n);
}

#define DOI "00000001 00000001"
#define ESP_ONE "00000028 01 03 04 01 c5cd2433 0000001c 01 0c 0000" \
                "80010001 80020e10 80040001 80050005 80060100"

static void proposals(void)
{
    static const harm_row rows[] = {
        { DOI ESP_ONE, "ESP AES-CBC-256 / HMAC-SHA2-256-128, tunnel, 3600 s #1 c5cd2433" },
        /* a lifetime in four bytes, then one in kilobytes; eight bytes; none that says its type */
        { DOI "00000034 01 03 04 01 00000001 00000028 01 03 0000"
              "80010001 00020004 00015180 80010002 00020004 00465000 80040002 80050002",
          "ESP 3DES-CBC / HMAC-SHA1-96, transport, 86400 s, 4608000 kB #1 1" },
        { DOI "00000028 01 03 04 01 00000001 0000001c 01 0c 0000 80010001 00020008 0000000100000000 80040001",
          "ESP AES-CBC, tunnel, 4294967296 s #1 1" },
        { DOI "00000028 01 03 04 01 00000001 0000001c 01 0c 0000 80010001 0002000c 000000000000000000000e10",
          "ESP AES-CBC #1 1" }, /* the first eight bytes of it */
        { DOI "00000018 01 03 04 01 00000001 0000000c 01 0c 0000 80020e10", "ESP AES-CBC, 3600 s #1 1" },
        { DOI "00000014 01 03 04 01 00000001 00000008 01 0c 0000", "ESP AES-CBC #1 1" },
        /* a group, modes in UDP, AH, names that are not known */
        { DOI "00000020 01 03 04 01 00000001 00000014 01 14 0000 8003000e 80040003 80060080",
          "ESP AES-GCM-16-128 / group 14 (MODP-2048), tunnel in UDP #1 1" },
        { DOI "0000001c 01 03 04 01 00000001 00000010 01 0c 0000 80030063 8004f003",
          "ESP AES-CBC / group 99, tunnel in UDP #1 1" },
        { DOI "0000001c 01 02 04 01 00000001 00000010 01 05 0000 80040002 80050005",
          "AH SHA2-256, transport #1 1" },
        { DOI "0000001c 01 03 04 01 00000001 00000010 01 ff 0000 800500ff 80040009",
          "ESP algorithm 255 / algorithm 255 #1 1" },
        { DOI "00000014 01 04 04 01 00000001 00000008 01 0c 0000", "AES-CBC #1 1" }, /* IPCOMP */
        { DOI "00000018 01 01 08 01 0000000000000001 00000008 01 01 0000", "DES-IV64 #1 0" },
        /* several proposals and transforms */
        { DOI "0200001c 01 03 04 02 00000005 03000008 01 0c 0000 00000008 02 03 0000"
              "00000014 02 02 04 01 00000006 00000008 01 03 0000",
          "ESP AES-CBC #1 5 | ESP 3DES-CBC #1 5 | AH SHA1 #2 6" },
        /* malformed: what could be read, or nothing */
        { DOI "02000014 01 03 04 01 00000001 00000008 01 0c 0000", "ESP AES-CBC #1 1" },
        { DOI "00000014 01 03 04 01 00000001 03000008 01 0c 0000", "ESP AES-CBC #1 1" },
        { DOI "00000014 01 03 04 01 00000001 00000009 01 0c 0000", NULL },
        { DOI "00000014 01 03 04 01 00000001 00000007 01 0c 0000", NULL },
        { DOI "00000014 01 03 04 01 00000001 00000000 01 0c 0000", NULL },
        { DOI "00000018 01 03 04 01 00000001 0000000c 01 0c 0000 00020001", NULL },
        { DOI "00000018 01 03 04 01 00000001 0000000c 01 0c 0000 0002ffff", NULL },
        { DOI "00000016 01 03 04 01 00000001 0000000a 01 0c 0000 8001", NULL },
        { DOI "00000015 01 03 04 01 00000001 00000008 01 0c 0000 00", "ESP AES-CBC #1 1" },
        { DOI "00000014 01 03 04 01 00000001 00000008 01 0c 0000 00", "ESP AES-CBC #1 1" },
        { DOI "00000008 01 03 ff 01", NULL },
        { DOI "0000000c 01 03 04 01 00000001", NULL },
        { DOI "00000000 01 03 04 01 00000001", NULL },
        { DOI "0000ffff 01 03 04 01 00000001 00000008 01 0c 0000", NULL },
        { DOI, NULL },
        { "00000001", NULL },
        { "", NULL },
    };

    harm_rows(rows, G_N_ELEMENTS(rows), offer_text, read_offer);
}

static void many_transforms(void)
{
    GByteArray *body = wire_hex(DOI "00000000 01 03 04 ff 00000001");
    GByteArray *transform = wire_hex("03000008 01 0c 0000");
    ike_esp_offer offer, *kept;
    ike_message clear;

    for (int i = 0; i < 200; i++)
        g_byte_array_append(body, transform->data, transform->len);
    body->data[body->len - 8] = 0;
    wire_put16(body->data + 10, body->len - 8);
    g_assert_true(one_payload(&clear, 1, IKE_PL_SA, body->data, body->len));
    g_assert_true(ike_esp_offer_read(&clear, &offer));
    g_assert_cmpuint(offer.n_transforms, ==, 200);
    g_assert_cmpuint(ike_esp_offer_size(&offer), ==, IKE_MAX_ESP_TRANSFORMS);
    kept = ike_esp_offer_copy(&offer);
    g_assert_cmpuint(kept->transforms[IKE_MAX_ESP_TRANSFORMS - 1].spi, ==, 1);
    g_assert_cmpuint(ike_esp_offer_size(NULL), ==, 0);
    g_free(kept);
    g_byte_array_unref(body);
    g_byte_array_unref(transform);
}

static void same_algorithms(void)
{
    const ike_esp_transform one = { .number = 1, .protocol = 3, .id = 12, .key_length = 256, .auth = 5, .mode = 1 };
    ike_esp_transform other = one;

    other.number = 2;
    other.life_seconds = 60;
    other.spi = 9;
    g_assert_true(ike_esp_same_algorithms(&one, &other));
    other.key_length = 128;
    g_assert_false(ike_esp_same_algorithms(&one, &other));
    other = one;
    other.mode = 2;
    g_assert_false(ike_esp_same_algorithms(&one, &other));
    g_assert_false(ike_esp_is_transport(&one));
    g_assert_true(ike_esp_is_transport(&other));
    other.mode = 61444;
    g_assert_true(ike_esp_is_transport(&other));
}

/* ---- the smallest message that makes a child ---- */

static void smallest_child(void)
{
    static const struct {
        ike_v2_transform suite[3];
        uint32_t first, later;
    } rows[] = {
        /* 28 + 4 + IV + content, padded + ICV; content 88 + proof, or 80 + proof */
        { { { 1, 1, 12, 256 }, { 1, 2, 5, 0 }, { 1, 3, 12, 0 } }, 28 + 4 + 16 + 128 + 16, 28 + 4 + 16 + 128 + 16 },
        { { { 1, 1, 20, 256 }, { 1, 2, 5, 0 }, { 0 } }, 28 + 4 + 8 + 121 + 16, 28 + 4 + 8 + 113 + 16 },
        { { { 1, 1, 28, 0 }, { 1, 2, 7, 0 }, { 0 } }, 28 + 4 + 8 + 145 + 16, 28 + 4 + 8 + 137 + 16 },
        { { { 1, 1, 3, 0 }, { 1, 2, 2, 0 }, { 1, 3, 2, 0 } }, 28 + 4 + 8 + 112 + 12, 28 + 4 + 8 + 104 + 12 },
        { { { 1, 1, 11, 0 }, { 1, 2, 1, 0 }, { 1, 3, 14, 0 } }, 28 + 4 + 105 + 32, 28 + 4 + 97 + 32 },
        { { { 1, 1, 12, 128 }, { 1, 2, 99, 0 }, { 1, 3, 2, 0 } }, 28 + 4 + 16 + 112 + 12, 28 + 4 + 16 + 112 + 12 },
        { { { 1, 1, 99, 0 }, { 1, 2, 5, 0 }, { 1, 3, 12, 0 } }, 0, 0 },
        { { { 1, 1, 12, 256 }, { 1, 2, 5, 0 }, { 1, 3, 99, 0 } }, 0, 0 },
        { { { 1, 2, 5, 0 }, { 1, 3, 12, 0 }, { 0 } }, 0, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ike_v2_offer choice = { .n_proposals = 1 };

        for (int k = 0; k < 3 && rows[i].suite[k].type; k++)
            choice.transforms[choice.n_transforms++] = rows[i].suite[k];
        g_assert_cmpuint(ike_v2_smallest_child(&choice, true), ==, rows[i].first);
        g_assert_cmpuint(ike_v2_smallest_child(&choice, false), ==, rows[i].later);
    }
    g_assert_cmpuint(ike_v2_smallest_child(NULL, true), ==, 0);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decrypted/wire/payloads", payloads);
    g_test_add_func("/decrypted/wire/many-payloads", many_payloads);
    g_test_add_func("/decrypted/wire/padding", padding);
    g_test_add_func("/decrypted/wire/lengths", lengths);
    g_test_add_func("/decrypted/wire/deletes", deletes);
    g_test_add_func("/decrypted/wire/proposals", proposals);
    g_test_add_func("/decrypted/wire/many-transforms", many_transforms);
    g_test_add_func("/decrypted/wire/same-algorithms", same_algorithms);
    g_test_add_func("/decrypted/wire/smallest-child", smallest_child);
    status = g_test_run();
    harm_free();
    return status;
}
