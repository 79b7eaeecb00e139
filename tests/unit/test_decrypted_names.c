/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Identities, distinguished names and traffic selectors as they are read.
 */
#include "harm.h"
#include "ike_identity.h"
#include "wire.h"

#include <string.h>

static void read_identity(const uint8_t *data, size_t n)
{
    harm_read_text(ike_identity_text, data, n);
}

static void read_selector(const uint8_t *data, size_t n)
{
    harm_read_text(ike_selector_of_identity, data, n);
}

static void read_selectors(const uint8_t *data, size_t n)
{
    harm_read_text(ike_selectors_text, data, n);
}

/* C=CH, O=strongSwan, CN=moon */
#define DN "302f 310b 3009 0603550406 13024348 3113 3011 060355040a 0c0a 7374726f6e675377616e" \
           "310b 3009 0603550403 0c02 6d6e"

static void identities(void)
{
    static const harm_row rows[] = {
        { "", NULL },
        { "01", NULL },
        { "010000", NULL },
        { "00000000", "ID type 0, 0 bytes" },
        { "01000000", "ID type 1, 0 bytes" },
        { "01000000 0a0100", "ID type 1, 3 bytes" },
        { "01000000 0a010002", "10.1.0.2" },
        { "01 11 01f4 0a010002", "10.1.0.2" }, /* IKEv1 names protocol and port */
        { "01000000 0a01000200", "ID type 1, 5 bytes" },
        { "02000000", "ID type 2, 0 bytes" },
        { "02000000 6d6f6f6e", "moon" },
        { "02000000 00", "?" },
        { "02000000 6d6f 0a 6f6e", "mo?on" },
        { "02000000 1b5b324a 07 7f 09 20 c3a4 9b", "?[2J???????" }, /* commands for a terminal */
        { "03000000 6d6540686f6d65", "me@home" },
        { "03000000", "ID type 3, 0 bytes" },
        { "04000000 0a010000 ffff0000", "ID type 4, 8 bytes" },
        { "05000000 20010db8 00000000 00000000 00000002", "2001:db8::2" },
        { "05000000 20010db8", "ID type 5, 4 bytes" },
        { "06000000 00", "ID type 6, 1 bytes" },
        { "09000000" DN, "C=CH, O=strongSwan, CN=mn" },
        { "09000000", "ID type 9, 0 bytes" },
        { "0a000000 3000", "ID type 10, 2 bytes" },
        { "0b000000 76706e", "key ID vpn" },
        { "0b000000 00ff", "key ID ??" },
        { "0b000000", "ID type 11, 0 bytes" },
        { "0c000000 00", "ID type 12, 1 bytes" },
        { "0d000000", "ID type 13, 0 bytes" }, /* RFC 7619 */
        { "ff000000", "ID type 255, 0 bytes" },
    };

    harm_rows(rows, G_N_ELEMENTS(rows), ike_identity_text, read_identity);
}

static void long_names(void)
{
    static const uint8_t types[] = { 2, 3, 11 };
    uint8_t *data = g_malloc(65535);

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        const size_t prefix = types[i] == 11 ? strlen("key ID ") : 0;
        char *text;

        memset(data, 'a', 65535);
        memset(data, 0, 4);
        data[0] = types[i];
        text = ike_identity_text(harm_exact(data, 65535), 65535);
        g_assert_cmpuint(strlen(text), ==, prefix + 200);
        g_free(text);
        text = ike_identity_text(harm_exact(data, 4 + 200), 4 + 200);
        g_assert_cmpuint(strlen(text), ==, prefix + 200);
        g_free(text);
        text = ike_identity_text(harm_exact(data, 4 + 199), 4 + 199);
        g_assert_cmpuint(strlen(text), ==, prefix + 199);
        g_free(text);
    }
    g_free(data);
}

/* ---- distinguished names ---- */

static char *dn_text(const uint8_t *data, size_t n)
{
    GString *text = g_string_new("> ");
    const bool is_name = ike_dn_append(text, data, n);

    g_assert_true(is_name == (text->len > 2)); /* nothing is appended for what is none */
    return g_string_free(text, FALSE);
}

static void read_dn(const uint8_t *data, size_t n)
{
    harm_read_text(dn_text, data, n);
}

static void distinguished_names(void)
{
    static const harm_row rows[] = {
        { DN, "> C=CH, O=strongSwan, CN=mn" },
        /* all names, one or two that nobody knows */
        { "301b 310b 3009 0603550405 13023132 310c 300a 0604 55040304 13023334", "> serialNumber=12, ?=34" },
        { "300d 310b 3009 0603550407 13024242", "> L=BB" },
        { "300d 310b 3009 0603550408 13024242", "> ST=BB" },
        { "300d 310b 3009 060355040b 13024242", "> OU=BB" },
        { "3014 3112 3010 060a 0992268993f22c640119 1602 6465", "> DC=de" },
        { "3014 3112 3010 060a 0992268993f22c640101 0c02 6d65", "> UID=me" },
        { "3013 3111 300f 0609 2a864886f70d010901 1602 4040", "> E=@@" },
        { "300b 3109 3007 0600 1303 414243", "> ?=ABC" },
        /* a value of any type, an empty one, one with commands for a terminal */
        { "300d 310b 3009 0603550403 1e020041", "> CN=?A" },
        { "300b 3109 3007 0603550403 1300", "> CN=" },
        { "300e 310c 300a 0603550403 0c03 1b5b48", "> CN=?[H" },
        /* two attributes in one set: the first */
        { "3018 3116 3009 0603550406 13024348 3009 0603550403 13024242", "> C=CH" },
        /* lengths in more bytes than needed: RFC 5280 wants DER, but nothing breaks */
        { "30810d 310b 3009 0603550406 13024348", "> C=CH" },
        { "3082000d 310b 3009 0603550406 13024348", "> C=CH" },
        { "300f 31820009 3007 0603550406 1300", NULL },
        /* no names */
        { "", NULL },
        { "30", NULL },
        { "3000", NULL }, /* an empty one names nobody */
        { "3080 310b 3009 0603550406 13024348 0000", NULL }, /* no length */
        { "308300000d 310b 3009 0603550406 13024348", NULL },
        { "30ff", NULL },
        { "3081", NULL },
        { "3082 ff", NULL },
        { "3082ffff 310b 3009 0603550406 13024348", NULL },
        { "300e 310b 3009 0603550406 13024348", NULL },
        { "300c 310b 3009 0603550406 13024348", NULL },
        { "300d 310b 3009 0603550406 13024348 00", NULL }, /* something behind it */
        { "310d 310b 3009 0603550406 13024348", NULL },
        { "300d 300b 3009 0603550406 13024348", NULL },
        { "300d 310b 3109 0603550406 13024348", NULL },
        { "300d 310b 3009 0503550406 13024348", NULL },
        { "300d 310b 3009 0603550406 13ff4348", NULL },
        { "300d 310b 3009 067f550406 13024348", NULL },
        { "3009 3107 3005 0603550406", NULL }, /* no value */
        { "3004 3102 3000", NULL },
        { "3002 3100", NULL },
        { "3002 0500", NULL },
        { "3012 310b 3009 0603550406 13024348 3103 3001 06", NULL }, /* the second is harmed: neither is told */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GByteArray *bytes = wire_hex(rows[i].hex);
        char *text = dn_text(harm_exact(bytes->data, bytes->len), bytes->len);

        g_assert_cmpstr(text, ==, rows[i].text ? rows[i].text : "> ");
        g_free(text);
        g_byte_array_unref(bytes);
        harm(read_dn, rows[i].hex);
    }
}

/* Puts a tag and a length of two bytes before. */
static void wrap(GByteArray *bytes, uint8_t tag)
{
    uint8_t head[4] = { tag, 0x82 };

    wire_put16(head + 2, bytes->len);
    g_byte_array_prepend(bytes, head, sizeof head);
}

static void deep_nesting(void)
{
    GByteArray *bytes = g_byte_array_new();

    for (int i = 0; i < 5000; i++) {
        char *text;

        wrap(bytes, i % 2 ? 0x31 : 0x30);
        if (i % 100)
            continue;
        text = dn_text(harm_exact(bytes->data, bytes->len), bytes->len);
        g_assert_cmpstr(text, ==, "> ");
        g_free(text);
    }
    g_byte_array_unref(bytes);
}

/* Thousands of attributes, or one that is very long: a text has a bound. */
static void long_distinguished_name(void)
{
    GByteArray *many = g_byte_array_new(), *one = g_byte_array_new();
    GByteArray *attribute = wire_hex("310b 3009 0603550403 13024242"), *oid = wire_hex("0603550403");
    char *text;

    for (int i = 0; i < 5000; i++)
        g_byte_array_append(many, attribute->data, attribute->len);
    g_assert_cmpuint(many->len, <, 65536);
    wrap(many, 0x30);
    text = dn_text(harm_exact(many->data, many->len), many->len);
    g_assert_true(g_str_has_prefix(text, "> CN=BB, CN=BB, CN="));
    g_assert_true(g_str_has_suffix(text, ", CN=BB .."));
    g_assert_cmpuint(strlen(text), <, 300);
    g_free(text);

    g_byte_array_set_size(one, 60000);
    memset(one->data, 'x', one->len);
    wrap(one, 0x0c);
    g_byte_array_prepend(one, oid->data, oid->len);
    wrap(one, 0x30);
    wrap(one, 0x31);
    wrap(one, 0x30);
    text = dn_text(harm_exact(one->data, one->len), one->len);
    g_assert_cmpuint(strlen(text), ==, strlen("> CN=") + 200);
    g_free(text);
    g_byte_array_unref(many);
    g_byte_array_unref(one);
    g_byte_array_unref(attribute);
    g_byte_array_unref(oid);
}

/* ---- traffic selectors ---- */

static void selectors_of_quick_mode(void)
{
    static const harm_row rows[] = {
        { "", NULL },
        { "040000", NULL },
        { "01000000 0a010002", "10.1.0.2/32" },
        { "01 11 06a5 0a010002", "10.1.0.2/32 udp/1701" },
        { "01 06 0000 0a010002", "10.1.0.2/32 tcp" },
        { "01 84 0000 0a010002", "10.1.0.2/32 132" },
        { "01 00 0050 0a010002", "10.1.0.2/32 any/80" },
        { "04000000 0a010000 ffff0000", "10.1.0.0/16" },
        { "04000000 0a010203 ffff0000", "10.1.0.0/16" }, /* bits of the host do not count */
        { "04000000 00000000 00000000", "0.0.0.0/0" },
        { "04000000 0a010002 ffffffff", "10.1.0.2/32" },
        { "04000000 0a010002 ffff00ff", "10.1.0.2-10.1.255.2" }, /* a mask with a hole */
        { "05000000 20010db8 00000000 00000000 00000002", "2001:db8::2/128" },
        { "06 3a 0000 20010db8 00010000 00000000 00000000 ffffffff ffff0000 00000000 00000000",
          "2001:db8:1::/48 icmpv6" },
        { "06000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000", "::/0" },
        { "07000000 0a010005 0a010009", "10.1.0.5-10.1.0.9" },
        { "07000000 0a010000 0a0100ff", "10.1.0.0/24" },
        { "07000000 0a010009 0a010005", "10.1.0.9-10.1.0.5" },
        { "08000000 20010db8 00000000 00000000 00000002 20010db8 00000000 00000000 00000004",
          "2001:db8::2-2001:db8::4" },
        /* no addresses: told as identities */
        { "02000000 6d6f6f6e", "moon" },
        { "04000000 0a010000 ffff00", "ID type 4, 7 bytes" },
        { "07000000 0a010000 0a0100ff 00", "ID type 7, 9 bytes" },
        { "63000000", "ID type 99, 0 bytes" },
    };

    harm_rows(rows, G_N_ELEMENTS(rows), ike_selector_of_identity, read_selector);
}

#define NET "07 00 0010 0000 ffff 0a010000 0a01ffff"
#define EIGHT NET NET NET NET NET NET NET NET
#define NETS "10.1.0.0/16, 10.1.0.0/16, 10.1.0.0/16, 10.1.0.0/16, 10.1.0.0/16, 10.1.0.0/16, 10.1.0.0/16, 10.1.0.0/16"

static void selectors(void)
{
    static const harm_row rows[] = {
        { "", "" },
        { "010000", "" },
        { "00000000", "" },
        { "01000000" NET, "10.1.0.0/16" },
        { "01000000 07 00 0010 0000 ffff 0a010002 0a010002", "10.1.0.2/32" },
        { "01000000 07 11 0010 06a5 06a5 0a010002 0a010002", "10.1.0.2/32 udp/1701" },
        { "01000000 07 06 0010 0050 005a 0a010002 0a010004", "10.1.0.2-10.1.0.4 tcp/80-90" },
        { "01000000 07 11 0010 ffff 0000 0a010000 0a01ffff", "10.1.0.0/16 udp/opaque" },
        { "01000000 07 00 0010 ffff 0000 0a010000 0a01ffff", "10.1.0.0/16 any/opaque" },
        { "01000000 07 2f 0010 0000 ffff 00000000 ffffffff", "0.0.0.0/0 gre" },
        { "01000000 08 00 0028 0000 ffff 20010db8 00000000 00000000 00000000"
          "20010db8 0000ffff ffffffff ffffffff", "2001:db8::/48" },
        { "01000000 08 3a 0028 0000 ffff 00000000 00000000 00000000 00000000"
          "ffffffff ffffffff ffffffff ffffffff", "::/0 icmpv6" },
        { "02000000" NET "07 00 0010 0000 ffff 0a020000 0a02ffff", "10.1.0.0/16, 10.2.0.0/16" },
        { "08000000" EIGHT, NETS },
        { "09000000" EIGHT NET, NETS ", .." },
        { "09000000" EIGHT NET NET NET, NETS ", .." },
        /* kinds that are not known, among others: Fibre Channel (RFC 4595), a label (RFC 9478) */
        { "01000000 09 00 0008 0000 ffff", "another kind" },
        { "02000000 0a 00 000c 6162 6364 65666768" NET, "another kind, 10.1.0.0/16" },
        { "01000000 07 00 000c 0000 ffff 0a010000", "another kind" },
        { "01000000 08 00 0010 0000 ffff 0a010000 0a01ffff", "another kind" },
        /* cut off, or with lengths that cannot be */
        { "02000000" NET "07 00 0010 0000 ffff 0a02", "10.1.0.0/16" },
        { "02000000" NET "07 00 0010", "10.1.0.0/16" },
        { "01000000 07 00 0000 0000 ffff 0a010000 0a01ffff", "" },
        { "01000000 07 00 0007 0000 ffff 0a010000 0a01ffff", "" },
        { "01000000 07 00 ffff 0000 ffff 0a010000 0a01ffff", "" },
    };

    harm_rows(rows, G_N_ELEMENTS(rows), ike_selectors_text, read_selectors);
}

static void many_selectors(void)
{
    GByteArray *bytes = wire_hex("ff000000"), *one = wire_hex("09 00 0008 0000 ffff");
    char *text;

    for (int i = 0; i < 8000; i++)
        g_byte_array_append(bytes, one->data, one->len);
    text = ike_selectors_text(harm_exact(bytes->data, bytes->len), bytes->len);
    g_assert_true(g_str_has_suffix(text, "another kind, .."));
    g_assert_cmpuint(strlen(text), <, LONGEST_TEXT);
    g_free(text);
    g_byte_array_unref(bytes);
    g_byte_array_unref(one);
}

int main(int argc, char **argv)
{
    int status;

    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decrypted/names/identities", identities);
    g_test_add_func("/decrypted/names/long-names", long_names);
    g_test_add_func("/decrypted/names/distinguished-names", distinguished_names);
    g_test_add_func("/decrypted/names/deep-nesting", deep_nesting);
    g_test_add_func("/decrypted/names/long-distinguished-name", long_distinguished_name);
    g_test_add_func("/decrypted/names/selectors-of-quick-mode", selectors_of_quick_mode);
    g_test_add_func("/decrypted/names/selectors", selectors);
    g_test_add_func("/decrypted/names/many-selectors", many_selectors);
    status = g_test_run();
    harm_free();
    return status;
}
