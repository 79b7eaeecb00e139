/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "harm.h"

#include "wire.h"

#include <string.h>

#define MUTATIONS 3000 /* of each input */

static uint8_t *block;

const uint8_t *harm_exact(const uint8_t *data, size_t n)
{
    g_free(block);
    block = g_malloc(MAX(n, 1));
    if (n)
        memcpy(block, data, n);
    return n ? block : block + 1;
}

static bool is_harmless(const char *text)
{
    for (; *text; text++)
        if (!g_ascii_isprint(*text))
            return false;
    return true;
}

void harm_free(void)
{
    g_free(block);
    block = NULL;
}

/* ---- every truncation, and many mutations ---- */

static uint64_t state;

size_t harm_below(size_t n)
{
    return n ? wire_next_random(&state) % n : 0;
}

static uint8_t interesting(void)
{
    static const uint8_t bytes[] = { 0, 1, 2, 3, 4, 7, 8, 16, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xff };

    return harm_below(2) ? bytes[harm_below(sizeof bytes)] : (uint8_t)wire_next_random(&state);
}

void harm(harm_reader read, const char *hex)
{
    GByteArray *whole = wire_hex(hex);

    state = 4711 + whole->len;
    for (size_t n = 0; n <= whole->len; n++)
        read(harm_exact(whole->data, n), n);
    for (unsigned i = 0; i < MUTATIONS && whole->len; i++) {
        GByteArray *bytes = g_byte_array_append(g_byte_array_new(), whole->data, whole->len);

        for (size_t k = harm_below(4) + 1; k > 0; k--)
            bytes->data[harm_below(bytes->len)] = interesting();
        g_byte_array_set_size(bytes, (guint)(harm_below(4) ? bytes->len : harm_below(bytes->len + 1u)));
        read(harm_exact(bytes->data, bytes->len), bytes->len);
        g_byte_array_unref(bytes);
    }
    g_byte_array_unref(whole);
}

void harm_read_text(harm_text text_of, const uint8_t *data, size_t n)
{
    char *text = text_of(data, n);

    g_assert_true(!text || (is_harmless(text) && strlen(text) <= LONGEST_TEXT));
    g_free(text);
}

void harm_rows(const harm_row *rows, size_t n, harm_text text_of, harm_reader read)
{
    for (size_t i = 0; i < n; i++) {
        GByteArray *bytes = wire_hex(rows[i].hex);
        char *text = text_of(harm_exact(bytes->data, bytes->len), bytes->len);

        g_assert_cmpstr(text, ==, rows[i].text);
        g_free(text);
        g_byte_array_unref(bytes);
        harm(read, rows[i].hex);
    }
}
