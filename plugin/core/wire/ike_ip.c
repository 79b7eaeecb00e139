/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_ip.h"

#include <string.h>

#define MAX_EXTENSION_HEADERS 16

enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60, MOBILITY = 135 };

static void set_payload(ike_ip_packet *out, const uint8_t *data, size_t captured, size_t header,
                        size_t total)
{
    out->payload = data + header;
    out->length = total - header;
    out->captured = MIN(captured, total) - header;
}

static bool parse_ipv4(const uint8_t *data, size_t captured, ike_ip_packet *out)
{
    if (captured < 20)
        return false;

    const size_t header = (size_t)(data[0] & 0x0f) * 4;
    const uint16_t fragment = ike_be16(data + 6);
    size_t total = ike_be16(data + 2);

    if (total == 0)
        total = captured;
    if (header < 20 || header > captured || header > total)
        return false;
    out->src = ike_addr_make(4, data + 12);
    out->dst = ike_addr_make(4, data + 16);
    out->protocol = data[9];
    out->ttl = data[8];
    out->has_id = true;
    out->id = ike_be16(data + 4);
    out->more_fragments = fragment & 0x2000;
    out->offset = (uint32_t)(fragment & 0x1fff) * 8;
    out->is_fragment = out->more_fragments || out->offset > 0;
    set_payload(out, data, captured, header, total);
    return true;
}

bool ike_ip_is_extension(uint8_t next)
{
    return next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT || next == DESTINATION ||
           next == MOBILITY;
}

bool ike_ip_skip_extensions(const uint8_t *data, size_t captured, uint8_t *protocol, size_t *at)
{
    size_t header = 0;

    for (int i = 0; ike_ip_is_extension(*protocol); i++) {
        if (i == MAX_EXTENSION_HEADERS || *protocol == FRAGMENT || header + 8 > captured)
            return false;
        *protocol = data[header];
        header += 8 + (size_t)data[header + 1] * 8;
    }
    *at = header;
    return header <= captured;
}

static bool parse_ipv6(const uint8_t *data, size_t captured, ike_ip_packet *out)
{
    if (captured < 40)
        return false;

    const size_t length = ike_be16(data + 4);
    const size_t total = length ? 40 + length : captured;
    uint8_t next = data[6];
    size_t header = 40;

    out->src = ike_addr_make(6, data + 8);
    out->dst = ike_addr_make(6, data + 24);
    out->ttl = data[7];
    for (int i = 0; i < MAX_EXTENSION_HEADERS && ike_ip_is_extension(next); i++) {
        const uint8_t *extension = data + header;

        if (header + 8 > MIN(captured, total))
            return false;
        if (next == FRAGMENT) {
            const uint16_t fragment = ike_be16(extension + 2);

            out->has_id = true;
            out->id = ike_be32(extension + 4);
            out->offset = fragment & 0xfff8;
            out->more_fragments = fragment & 1;
            out->is_fragment = out->more_fragments || out->offset > 0;
            header += 8;
        } else {
            header += 8 + (size_t)extension[1] * 8;
        }
        next = extension[0];
        if (header > MIN(captured, total))
            return false;
        if (out->is_fragment) /* headers that follow are in pieces like the rest: RFC 8200 4.5 */
            break;
    }
    out->protocol = next;
    set_payload(out, data, captured, header, total);
    return true;
}

bool ike_ip_parse(const uint8_t *data, size_t captured, ike_ip_packet *out)
{
    memset(out, 0, sizeof *out);
    if (captured < 1)
        return false;
    switch (data[0] >> 4) {
    case 4:
        return parse_ipv4(data, captured, out);
    case 6:
        return parse_ipv6(data, captured, out);
    default:
        return false;
    }
}
