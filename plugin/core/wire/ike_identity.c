/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_identity.h"

#include <string.h>

enum { /* types of identities: RFC 2407 4.6.2.1, RFC 7296 3.5 */
    ID_IPV4 = 1,
    ID_FQDN = 2,
    ID_USER_FQDN = 3,
    ID_IPV4_SUBNET = 4,
    ID_IPV6 = 5,
    ID_IPV6_SUBNET = 6,
    ID_IPV4_RANGE = 7,
    ID_IPV6_RANGE = 8,
    ID_DN = 9,
    ID_GENERAL_NAME = 10,
    ID_KEY = 11
};

#define HEADER 4          /* type, and protocol and port or zeros */
#define LONGEST_TEXT 200u /* bytes of an identity that are shown */
#define MOST_SELECTORS 8u /* of a payload that are shown */

/* ---- distinguished names ---- */

typedef struct der {
    const uint8_t *data;
    size_t length;
} der;

enum { DER_OID = 0x06, DER_SEQUENCE = 0x30, DER_SET = 0x31 };

/* Takes the first value of this tag, 0 for any, off the front. */
static bool take(der *from, unsigned tag, der *value)
{
    size_t header = 2, length;

    if (from->length < 2 || (tag && from->data[0] != tag))
        return false;
    length = from->data[1];
    if (length & 0x80) {
        const size_t bytes = length & 0x7f;

        if (bytes == 0 || bytes > 2 || from->length < 2 + bytes)
            return false;
        length = bytes == 1 ? from->data[2] : ike_be16(from->data + 2);
        header += bytes;
    }
    if (length > from->length - header)
        return false;
    *value = (der){ from->data + header, length };
    from->data += header + length;
    from->length -= header + length;
    return true;
}

static const struct {
    const char *oid; /* DER */
    uint8_t length;
    const char *name;
} attributes[] = { /* RFC 4519, RFC 2985 */
    { "\x55\x04\x03", 3, "CN" },
    { "\x55\x04\x05", 3, "serialNumber" },
    { "\x55\x04\x06", 3, "C" },
    { "\x55\x04\x07", 3, "L" },
    { "\x55\x04\x08", 3, "ST" },
    { "\x55\x04\x0a", 3, "O" },
    { "\x55\x04\x0b", 3, "OU" },
    { "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 10, "UID" },
    { "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10, "DC" },
    { "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9, "E" },
};

static const char *attribute_name(const der *oid)
{
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++)
        if (attributes[i].length == oid->length && memcmp(attributes[i].oid, oid->data, oid->length) == 0)
            return attributes[i].name;
    return "?";
}

static bool append_attribute(GString *out, der *set)
{
    der pair, oid, value;

    if (!take(set, DER_SEQUENCE, &pair) || !take(&pair, DER_OID, &oid) || !take(&pair, 0, &value))
        return false;
    g_string_append_printf(out, "%s=", attribute_name(&oid));
    ike_text_append(out, value.data, MIN(value.length, LONGEST_TEXT));
    return true;
}

bool ike_dn_append(GString *out, const uint8_t *data, size_t length)
{
    der from = { data, length }, name, set;
    const gsize begin = out->len;

    if (!take(&from, DER_SEQUENCE, &name) || from.length > 0)
        return false;
    while (name.length > 0) {
        if (out->len - begin > LONGEST_TEXT) {
            g_string_append(out, " ..");
            return true;
        }
        if (out->len > begin)
            g_string_append(out, ", ");
        if (!take(&name, DER_SET, &set) || !append_attribute(out, &set)) {
            g_string_truncate(out, begin);
            return false;
        }
    }
    return out->len > begin;
}

/* ---- identities ---- */

static void append_addr(GString *out, unsigned family, const uint8_t *bytes)
{
    const ike_addr addr = ike_addr_make(family, bytes);

    ike_addr_append(out, &addr);
}

static bool append_identity(GString *out, uint8_t type, const uint8_t *data, size_t length)
{
    switch (type) {
    case ID_IPV4:
    case ID_IPV6:
        if (length != (type == ID_IPV4 ? 4 : 16))
            return false;
        append_addr(out, type == ID_IPV4 ? 4 : 6, data);
        return true;
    case ID_FQDN:
    case ID_USER_FQDN:
        ike_text_append(out, data, MIN(length, LONGEST_TEXT));
        return length > 0;
    case ID_DN:
        return ike_dn_append(out, data, length);
    case ID_KEY: /* bytes of any kind, often text: a group name of Cisco */
        g_string_append(out, "key ID ");
        ike_text_append(out, data, MIN(length, LONGEST_TEXT));
        return length > 0;
    default:
        return false;
    }
}

char *ike_identity_text(const uint8_t *body, size_t length)
{
    GString *text;

    if (length < HEADER)
        return NULL;
    text = g_string_new(NULL);
    if (!append_identity(text, body[0], body + HEADER, length - HEADER))
        g_string_printf(text, "ID type %u, %zu bytes", body[0], length - HEADER);
    return g_string_free(text, FALSE);
}

/* ---- traffic selectors ---- */

/* Addresses, protocol and ports of packets. */
typedef struct selector {
    unsigned family;
    uint8_t from[16], to[16];
    uint8_t protocol;          /* 0: any */
    uint16_t port_from, port_to; /* 0 to 65535: any; 65535 to 0: none (RFC 7296 3.13.1) */
} selector;

static unsigned size_of(const selector *s)
{
    return s->family == 4 ? 4 : 16;
}

static bool bit(const uint8_t *bytes, unsigned n)
{
    return bytes[n / 8] >> (7 - n % 8) & 1;
}

/* Length of the prefix whose addresses these are; -1 when they are no prefix. */
static int prefix_of(const selector *s)
{
    const unsigned bits = 8 * size_of(s);
    unsigned n = 0;

    while (n < bits && bit(s->from, n) == bit(s->to, n))
        n++;
    for (unsigned i = n; i < bits; i++)
        if (bit(s->from, i) || !bit(s->to, i))
            return -1;
    return (int)n;
}

static void append_protocol(GString *out, const selector *s)
{
    static const ike_name names[] = { { 1, "icmp" }, { 6, "tcp" }, { 17, "udp" }, { 47, "gre" },
                                      { 58, "icmpv6" }, { 115, "l2tp" }, { 0, NULL } };
    const char *name = ike_name_find(names, s->protocol);
    const bool any = s->port_from == 0 && s->port_to == UINT16_MAX;

    if (s->protocol == 0 && any)
        return;
    g_string_append_c(out, ' ');
    if (name)
        g_string_append(out, name);
    else if (s->protocol)
        g_string_append_printf(out, "%u", s->protocol);
    else
        g_string_append(out, "any");
    if (s->port_from > s->port_to)
        g_string_append(out, "/opaque");
    else if (!any && s->port_from == s->port_to)
        g_string_append_printf(out, "/%u", s->port_from);
    else if (!any)
        g_string_append_printf(out, "/%u-%u", s->port_from, s->port_to);
}

static void append_selector(GString *out, const selector *s)
{
    const int prefix = prefix_of(s);

    append_addr(out, s->family, s->from);
    if (prefix >= 0) {
        g_string_append_printf(out, "/%d", prefix);
    } else {
        g_string_append_c(out, '-');
        append_addr(out, s->family, s->to);
    }
    append_protocol(out, s);
}

/* A mask in place of the last address. */
static void apply_mask(selector *s)
{
    for (unsigned i = 0; i < size_of(s); i++) {
        s->from[i] &= s->to[i];
        s->to[i] = (uint8_t)(s->from[i] | ~s->to[i]);
    }
}

static const struct {
    uint8_t type, family, addresses;
    bool has_mask;
} kinds[] = {
    { ID_IPV4, 4, 1, false },        { ID_IPV6, 6, 1, false },       { ID_IPV4_SUBNET, 4, 2, true },
    { ID_IPV6_SUBNET, 6, 2, true },  { ID_IPV4_RANGE, 4, 2, false }, { ID_IPV6_RANGE, 6, 2, false },
};

static bool read_identity(selector *s, const uint8_t *body, size_t length)
{
    const uint16_t port = ike_be16(body + 2);

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        *s = (selector){ .family = kinds[i].family, .protocol = body[1], .port_from = port,
                         .port_to = port ? port : UINT16_MAX };
        if (kinds[i].type != body[0] || length != HEADER + kinds[i].addresses * size_of(s))
            continue;
        memcpy(s->from, body + HEADER, size_of(s));
        memcpy(s->to, body + length - size_of(s), size_of(s));
        if (kinds[i].has_mask)
            apply_mask(s);
        return true;
    }
    return false;
}

char *ike_selector_of_identity(const uint8_t *body, size_t length)
{
    GString *text;
    selector s;

    if (length < HEADER)
        return NULL;
    if (!read_identity(&s, body, length))
        return ike_identity_text(body, length);
    text = g_string_new(NULL);
    append_selector(text, &s);
    return g_string_free(text, FALSE);
}

enum { TS_IPV4 = 7, TS_IPV6 = 8 }; /* RFC 7296 3.13.1 */

/* Takes one off the front. Returns false where nothing more can be read; `known`: it is one of addresses. */
static bool take_selector(const uint8_t **data, size_t *length, selector *s, bool *known)
{
    const uint8_t *d = *data;
    size_t size;

    if (*length < 8)
        return false;
    size = ike_be16(d + 2);
    *s = (selector){ .family = d[0] == TS_IPV4 ? 4 : 6, .protocol = d[1],
                     .port_from = ike_be16(d + 4), .port_to = ike_be16(d + 6) };
    if (size < 8 || size > *length)
        return false;
    *known = (d[0] == TS_IPV4 || d[0] == TS_IPV6) && size == 8 + 2 * size_of(s);
    if (*known) {
        memcpy(s->from, d + 8, size_of(s));
        memcpy(s->to, d + 8 + size_of(s), size_of(s));
    }
    *data += size;
    *length -= size;
    return true;
}

char *ike_selectors_text(const uint8_t *body, size_t length)
{
    GString *text = g_string_new(NULL);
    selector s;
    bool known;

    if (length < 4)
        return g_string_free(text, FALSE);
    body += 4;
    length -= 4;
    for (unsigned n = 0; take_selector(&body, &length, &s, &known); n++) {
        if (text->len)
            g_string_append(text, ", ");
        if (n == MOST_SELECTORS) {
            g_string_append(text, "..");
            break;
        }
        if (known)
            append_selector(text, &s);
        else
            g_string_append(text, "another kind");
    }
    return g_string_free(text, FALSE);
}
