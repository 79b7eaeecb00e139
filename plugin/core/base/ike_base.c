/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_base.h"

#include "ike_hash.h"

#include <string.h>

ike_addr ike_addr_make(unsigned family, const uint8_t *bytes)
{
    ike_addr a = { .family = (uint8_t)family };

    memcpy(a.bytes, bytes, ike_addr_length(&a));
    return a;
}

size_t ike_addr_length(const ike_addr *a)
{
    return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

bool ike_addr_equal(const ike_addr *a, const ike_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool ike_endpoint_equal(const ike_endpoint *a, const ike_endpoint *b)
{
    return a->port == b->port && ike_addr_equal(&a->addr, &b->addr);
}

guint ike_addr_key_hash(gconstpointer addr)
{
    return ike_hash(addr, sizeof(ike_addr));
}

/* RFC 5952: the longest run of two or more zero groups becomes "::". */
static void append_ipv6(GString *out, const uint8_t *bytes)
{
    int best = -1, best_length = 1;

    for (int i = 0; i < 8; i++) {
        int n = 0;

        while (i + n < 8 && ike_be16(bytes + 2 * (i + n)) == 0)
            n++;
        if (n > best_length) {
            best = i;
            best_length = n;
        }
    }
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            g_string_append(out, "::");
            i += best_length - 1;
            continue;
        }
        if (i > 0 && (best < 0 || i != best + best_length))
            g_string_append_c(out, ':');
        g_string_append_printf(out, "%x", ike_be16(bytes + 2 * i));
    }
}

void ike_addr_append(GString *out, const ike_addr *a)
{
    if (a->family == 4)
        g_string_append_printf(out, "%u.%u.%u.%u", a->bytes[0], a->bytes[1], a->bytes[2],
                               a->bytes[3]);
    else if (a->family == 6)
        append_ipv6(out, a->bytes);
    else
        g_string_append_c(out, '-');
}

void ike_endpoint_append(GString *out, const ike_endpoint *e)
{
    if (e->addr.family == 6)
        g_string_append_c(out, '[');
    ike_addr_append(out, &e->addr);
    if (e->addr.family == 6)
        g_string_append_c(out, ']');
    g_string_append_printf(out, ":%u", e->port);
}

void ike_count_append(GString *out, uint64_t n, const char *one, const char *many)
{
    g_string_append_printf(out, "%" G_GUINT64_FORMAT " %s", n, n == 1 ? one : many);
}

void ike_number_append(GString *out, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    g_string_append_len(out, digits + at, (gssize)(sizeof digits - at));
}

void ike_seconds_append(GString *out, ike_time span)
{
    const uint64_t ms = (span < 0 ? -(uint64_t)span : (uint64_t)span) / (uint64_t)IKE_MILLISECOND;
    const unsigned rest = (unsigned)(ms % 1000);
    const char decimals[] = { '.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10), (char)('0' + rest % 10) };

    if (span < 0)
        g_string_append_c(out, '-');
    ike_number_append(out, ms / 1000);
    g_string_append_len(out, decimals, sizeof decimals);
}

void ike_text_append(GString *out, const uint8_t *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        g_string_append_c(out, g_ascii_isgraph((gchar)text[i]) ? (gchar)text[i] : '?');
}

const char *ike_known_by_name(ike_known_by known)
{
    static const char *const names[] = {
        [IKE_KNOWN_NOT] = "unknown",         [IKE_KNOWN_GUESS] = "guess",     [IKE_KNOWN_ORDER] = "order",
        [IKE_KNOWN_DIRECTION] = "direction", [IKE_KNOWN_CONTENT] = "content", [IKE_KNOWN_KEYS] = "keys",
    };

    return names[known];
}

const char *ike_role_name(ike_role role)
{
    static const char *const names[] = { "unknown", "initiator", "responder" };

    return names[role];
}

gboolean ike_addr_key_equal(gconstpointer a, gconstpointer b)
{
    return ike_addr_equal(a, b);
}

void ike_iso_append(GString *out, ike_time time)
{
    ike_time rest;
    GDateTime *utc = g_date_time_new_from_unix_utc(ike_time_seconds(time, &rest));
    char *text = utc ? g_date_time_format(utc, "%Y-%m-%dT%H:%M:%S") : NULL;

    if (text)
        g_string_append_printf(out, "%s.%06dZ", text, (int)(rest / 1000));
    g_free(text);
    if (utc)
        g_date_time_unref(utc);
}
