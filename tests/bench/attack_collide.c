/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Keys made against hash functions that are known: those that this core had, and GLib's g_direct_hash, of which
 * the place in a table of 65536 is the key modulo 65521. They cost nothing special once a hash has a seed.
 */
#include "attack.h"

#define PRIME_OF_64K 65521u

static uint64_t inverse64(uint64_t odd)
{
    uint64_t x = odd;

    for (int i = 0; i < 6; i++)
        x *= 2 - odd * x;
    return x;
}

/* The inverse of: x ^= x >> 33; x *= 0xff51afd7ed558ccd; x ^= x >> 33. */
static uint64_t unmix(uint64_t x)
{
    x ^= x >> 33;
    x *= inverse64(UINT64_C(0xff51afd7ed558ccd));
    return x ^ x >> 33;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    return x ^ x >> 33;
}

/* Numbers whose mix has the same lower half. */
static uint64_t colliding(uint32_t i)
{
    return unmix((uint64_t)(i + 1) << 32 | 0x1234);
}

void attack_cookies(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const uint64_t spi_i = colliding(i / 2);
    const ike_head cookies = { .spi_i = spi_i, .spi_r = unmix((uint64_t)(i / 2 + 1) << 32 | 0x777) - mix(spi_i) };

    attack_main_message(p, i % 2, &cookies, packet_host(3 + i / 2), packet_host(2));
}

/* IPv6 addresses in which pairs of bytes make the same sum 31 a + b: one hash by the polynomial of 31. */
static ike_addr colliding_addr(uint32_t i)
{
    uint8_t bytes[16] = { 0x20, 0x01 };

    for (int pair = 1; pair < 8; pair++, i /= 8) {
        bytes[2 * pair] = (uint8_t)(i % 8);
        bytes[2 * pair + 1] = (uint8_t)(250 - 31 * (i % 8));
    }
    return ike_addr_make(6, bytes);
}

void attack_hosts(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const ike_head cookies = { .spi_i = 0x100000 + i };

    attack_main_message(p, 0, &cookies, colliding_addr(i), colliding_addr(1u << 20));
}

void attack_fragment_keys(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    packet_begin(p, IKE_IPPROTO_UDP, colliding_addr(i), colliding_addr(1u << 20));
    packet_fragment(p, IKE_IPPROTO_UDP, 1, 64, true);
    packet_zeros(p, 64);
    packet_end(p);
}

void attack_tcp_keys(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    packet_begin(p, IKE_IPPROTO_TCP, colliding_addr(i), colliding_addr(1u << 20));
    packet_put(p, 1024, 2);
    packet_put(p, IKE_PORT_NATT, 2);
    packet_put(p, i, 4);
    packet_put(p, 0, 4);
    packet_put(p, 0x50020000, 4);
    packet_put(p, 0, 4);
    packet_end(p);
}

void attack_ipsec_spis(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    packet_begin(p, IKE_IPPROTO_ESP, packet_host(1), packet_host(2));
    packet_put(p, (i + 1) * PRIME_OF_64K, 4);
    packet_put(p, 1, 4);
    packet_zeros(p, 64);
    packet_end(p);
}

void attack_message_ids(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    const uint32_t key = (i + 1) * PRIME_OF_64K - 11; /* the hash was 31 times the ID and the mode */
    const ike_head h = { .spi_i = 1, .spi_r = 2, .version = 0x10, .exchange = IKE_XCHG_QUICK, .next = IKE_PL_HASH,
                         .flags = IKE_FLAG_ENCRYPTED, .id = key * (uint32_t)inverse64(31) };

    if (!attack_main_mode(p, i))
        attack_encrypted(p, true, h, i);
}

/* What the capture cut is told apart by the UDP checksum, which was not in the part of the digest that is hashed. */
void attack_digests(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (attack_main_mode(p, i))
        return;
    attack_encrypted(p, true, (ike_head){ .spi_i = 1, .spi_r = 2, .version = 0x10, .exchange = IKE_XCHG_INFO,
                                          .next = IKE_PL_HASH, .flags = IKE_FLAG_ENCRYPTED, .id = 1 }, 1);
    p->bytes[p->udp_at + 6] = (uint8_t)(i >> 8);
    p->bytes[p->udp_at + 7] = (uint8_t)i;
}
