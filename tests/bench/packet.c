/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet.h"

#include <string.h>

ike_addr packet_host(uint32_t number)
{
    const uint8_t bytes[4] = { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number };

    return ike_addr_make(4, bytes);
}

static void store(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
}

void packet_put(packet *p, uint64_t value, size_t bytes)
{
    store(p->bytes + p->n, value, bytes);
    p->n += bytes;
}

static void put_bytes(packet *p, const uint8_t *bytes, size_t n)
{
    memcpy(p->bytes + p->n, bytes, n);
    p->n += n;
}

void packet_zeros(packet *p, size_t n)
{
    memset(p->bytes + p->n, 0, n);
    p->n += n;
}

void packet_begin(packet *p, uint8_t protocol, ike_addr src, ike_addr dst)
{
    p->n = p->udp_at = p->ike_at = p->next_at = 0;
    p->family = src.family;
    packet_zeros(p, src.family == 4 ? 12 : 8);
    p->bytes[0] = src.family == 4 ? 0x45 : 0x60;
    p->bytes[src.family == 4 ? 8 : 7] = 64;
    p->bytes[src.family == 4 ? 9 : 6] = protocol;
    put_bytes(p, src.bytes, ike_addr_length(&src));
    put_bytes(p, dst.bytes, ike_addr_length(&dst));
}

void packet_fragment(packet *p, uint8_t protocol, uint32_t id, uint32_t offset, bool more)
{
    if (p->family == 4) {
        store(p->bytes + 4, id, 2);
        store(p->bytes + 6, (more ? 0x2000u : 0) | offset / 8, 2);
        return;
    }
    p->bytes[6] = 44; /* RFC 8200 4.5 */
    packet_put(p, protocol, 1);
    packet_put(p, 0, 1);
    packet_put(p, offset | more, 2);
    packet_put(p, id, 4);
}

void packet_udp(packet *p, uint16_t src, uint16_t dst)
{
    p->udp_at = p->n;
    packet_put(p, src, 2);
    packet_put(p, dst, 2);
    packet_put(p, 0, 4);
    if (ike_is_natt(src, dst))
        packet_put(p, 0, 4);
}

void packet_ike(packet *p, const ike_head *h)
{
    p->ike_at = p->n;
    p->next_at = p->n + 16;
    packet_put(p, h->spi_i, 8);
    packet_put(p, h->spi_r, 8);
    packet_put(p, h->next, 1);
    packet_put(p, h->version, 1);
    packet_put(p, h->exchange, 1);
    packet_put(p, h->flags, 1);
    packet_put(p, h->id, 4);
    packet_put(p, 0, 4);
}

void packet_payload(packet *p, uint8_t type, const uint8_t *body, size_t n)
{
    p->bytes[p->next_at] = type;
    p->next_at = p->n;
    packet_put(p, 0, 2);
    packet_put(p, 4 + n, 2);
    put_bytes(p, body, n);
}

void packet_end(packet *p)
{
    if (p->ike_at)
        store(p->bytes + p->ike_at + 24, p->n - p->ike_at, 4);
    if (p->udp_at)
        store(p->bytes + p->udp_at + 4, p->n - p->udp_at, 2);
    if (p->family == 4)
        store(p->bytes + 2, p->n, 2);
    else
        store(p->bytes + 4, p->n - 40, 2);
}
