/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inside.h"

#include <string.h>

#define HEADER 28

wire_message inside(void)
{
    return wire_begin(&(wire_header){ .version = 0x10 });
}

uint8_t inside_first(const wire_message *content)
{
    return content->bytes->data[16];
}

GByteArray *inside_bytes(wire_message *content)
{
    return g_byte_array_remove_range(content->bytes, 0, HEADER);
}

static void payload(wire_message *c, uint8_t type, GByteArray *body)
{
    wire_payload(c, type, body->data, body->len);
    g_byte_array_unref(body);
}

static void append32(GByteArray *out, uint32_t value)
{
    uint8_t bytes[4];

    wire_put32(bytes, value);
    g_byte_array_append(out, bytes, sizeof bytes);
}

static void append64(GByteArray *out, uint64_t value)
{
    append32(out, (uint32_t)(value >> 32));
    append32(out, (uint32_t)value);
}

static void append_hex(GByteArray *out, const char *hex)
{
    GByteArray *bytes = wire_hex(hex);

    g_byte_array_append(out, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
}

/* ---- SA payloads: RFC 2408 3.5, RFC 7296 3.3.1 ---- */

/* The transforms are gone. */
static void append_proposal(GByteArray *out, const in_proposal *p, bool is_last, unsigned spi_length,
                            unsigned n_transforms, GByteArray *transforms)
{
    uint8_t head[8] = { is_last ? 0 : 2, 0, 0, 0, p->number, p->protocol, (uint8_t)spi_length, (uint8_t)n_transforms };

    wire_put16(head + 2, (unsigned)sizeof head + spi_length + transforms->len);
    g_byte_array_append(out, head, sizeof head);
    for (unsigned i = spi_length; i > 0; i--) {
        const uint8_t byte = (uint8_t)(p->spi >> 8 * (i - 1));

        g_byte_array_append(out, &byte, 1);
    }
    g_byte_array_append(out, transforms->data, transforms->len);
    g_byte_array_unref(transforms);
}

/* ---- IKEv1 ---- */

void in_hash(wire_message *c)
{
    wire_payload_random(c, IKE_PL_HASH, 32, 17);
}

void in_identity(wire_message *c, uint8_t type, uint8_t id_type, const char *text)
{
    const uint8_t head[4] = { id_type };
    GByteArray *body = g_byte_array_append(g_byte_array_new(), head, sizeof head);

    g_byte_array_append(body, (const uint8_t *)text, (guint)strlen(text));
    payload(c, type, body);
}

void in_selector(wire_message *c, const char *hex)
{
    wire_payload_hex(c, IKE_PL_ID, hex);
}

static GByteArray *transform_of(const in_proposal *p)
{
    GByteArray *out = wire_hex(p->protocol == IKE_PROTOCOL_ESP  ? "00000000 01 0c 0000"
                               : p->protocol == IKE_PROTOCOL_AH ? "00000000 01 05 0000" : "00000000 01 03 0000");

    append_hex(out, "80010001 80020000 80040001"); /* seconds, tunnel */
    wire_put16(out->data + 14, p->seconds);
    if (p->protocol != IN_IPCOMP)
        append_hex(out, "80050005"); /* HMAC-SHA2-256 */
    if (p->protocol == IKE_PROTOCOL_ESP) {
        append_hex(out, "80060000");
        wire_put16(out->data + out->len - 2, p->key_length);
    }
    wire_put16(out->data + 2, out->len);
    return out;
}

void in_proposals(wire_message *c, const in_proposal *proposals, unsigned n)
{
    GByteArray *body = wire_hex("00000001 00000001"); /* DOI, situation */

    for (unsigned i = 0; i < n; i++)
        append_proposal(body, &proposals[i], i + 1 == n, proposals[i].protocol == IN_IPCOMP ? 2 : 4, 1,
                        transform_of(&proposals[i]));
    payload(c, IKE_PL_SA, body);
}

void in_esp(wire_message *c, uint32_t spi)
{
    in_proposals(c, &(in_proposal){ 1, IKE_PROTOCOL_ESP, spi, 256, 3600 }, 1);
}

void in_notify(wire_message *c, uint16_t type)
{
    in_alive(c, type, 5000);
}

void in_alive(wire_message *c, uint16_t type, uint32_t number)
{
    GByteArray *body = wire_hex("00000001 01 10 0000");

    wire_put16(body->data + 6, type);
    wire_random(body, 16, 23);
    append32(body, number);
    payload(c, IKE_PL_NOTIFY, body);
}

void in_notify_esp(wire_message *c, uint16_t type, uint32_t spi)
{
    GByteArray *body = wire_hex("00000001 03 04 0000");

    wire_put16(body->data + 6, type);
    append32(body, spi);
    payload(c, IKE_PL_NOTIFY, body);
}

void in_delete_esp(wire_message *c, uint32_t spi)
{
    GByteArray *body = wire_hex("00000001 03 04 0001");

    append32(body, spi);
    payload(c, IKE_PL_DELETE, body);
}

void in_delete_ike(wire_message *c, uint64_t spi_i, uint64_t spi_r)
{
    GByteArray *body = wire_hex("00000001 01 10 0001");

    append64(body, spi_i);
    append64(body, spi_r);
    payload(c, IKE_PL_DELETE, body);
}

static void config(wire_message *c, uint8_t type, uint8_t kind, const char *attributes)
{
    const uint8_t head[4] = { kind };
    GByteArray *body = g_byte_array_append(g_byte_array_new(), head, sizeof head);

    append_hex(body, attributes);
    payload(c, type, body);
}

void in_config(wire_message *c, uint8_t kind, const char *attributes)
{
    config(c, IKE_PL_CONFIG, kind, attributes);
}

/* ---- IKEv2 ---- */

void in_v2_auth(wire_message *c, uint8_t method)
{
    const uint8_t head[4] = { method };
    GByteArray *body = g_byte_array_append(g_byte_array_new(), head, sizeof head);

    wire_random(body, 32, 29);
    payload(c, IKE_PL_V2_AUTH, body);
}

void in_v2_proposals(wire_message *c, const in_proposal *proposals, unsigned n)
{
    GByteArray *body = g_byte_array_new();

    for (unsigned i = 0; i < n; i++) {
        const bool is_ike = proposals[i].protocol == IKE_PROTOCOL_ISAKMP;
        GByteArray *transforms = wire_hex(is_ike ? "0300000c 01 00 000c 800e0000" : "0300000c 01 00 0014 800e0000");

        wire_put16(transforms->data + 10, proposals[i].key_length);
        append_hex(transforms, is_ike ? "03000008 02 00 0005" "03000008 03 00 000c" "00000008 04 00 000e"
                                      : "00000008 05 00 0000");
        append_proposal(body, &proposals[i], i + 1 == n, is_ike ? 8 : 4, is_ike ? 4 : 2, transforms);
    }
    payload(c, IKE_PL_V2_SA, body);
}

void in_v2_child(wire_message *c, uint32_t spi)
{
    in_v2_proposals(c, &(in_proposal){ 1, IKE_PROTOCOL_ESP, spi, 256, 0 }, 1);
}

void in_v2_ike(wire_message *c, uint64_t spi)
{
    in_v2_proposals(c, &(in_proposal){ 1, IKE_PROTOCOL_ISAKMP, spi, 256, 0 }, 1);
}

void in_v2_selectors(wire_message *c)
{
    wire_payload_hex(c, IKE_PL_V2_TSI, "01000000 07 00 0010 0000 ffff 0a010000 0a01ffff");
    wire_payload_hex(c, IKE_PL_V2_TSR, "01000000 07 00 0010 0000 ffff 0a020000 0a02ffff");
}

void in_v2_delete_esp(wire_message *c, uint32_t spi)
{
    GByteArray *body = wire_hex("03 04 0001");

    append32(body, spi);
    payload(c, IKE_PL_V2_DELETE, body);
}

void in_v2_delete_ike(wire_message *c)
{
    wire_payload_hex(c, IKE_PL_V2_DELETE, "01 00 0000");
}

void in_v2_rekey(wire_message *c, uint32_t spi)
{
    uint8_t bytes[4];

    wire_put32(bytes, spi);
    wire_payload_v2_notify(c, &(wire_v2_notify){ .type = IKE_NOTIFY_V2_REKEY_SA, .protocol = IKE_PROTOCOL_ESP,
                                                 .spi_length = 4, .spi = bytes });
}

void in_v2_config(wire_message *c, uint8_t kind, const char *attributes)
{
    config(c, IKE_PL_V2_CONFIG, kind, attributes);
}
