/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is no IKE message: ESP, keepalives, IP fragments, segments of TCP.
 */
#include "attack.h"

void attack_esp(packet *p, uint32_t src, uint32_t dst, uint32_t spi, uint32_t sequence)
{
    packet_begin(p, IKE_IPPROTO_ESP, packet_host(src), packet_host(dst));
    packet_put(p, spi, 4);
    packet_put(p, sequence, 4);
    packet_zeros(p, 64);
    packet_end(p);
}

static void spi_flood(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (!attack_main_mode(p, i))
        attack_esp(p, 1, 2, 0x10000 + i, 1);
}

static void keepalives(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (attack_main_mode(p, i))
        return;
    packet_begin(p, IKE_IPPROTO_UDP, packet_host(1), packet_host(2));
    packet_udp(p, IKE_PORT_NATT, IKE_PORT_NATT);
    p->n -= 4; /* no marker */
    packet_put(p, 0xff, 1);
    packet_end(p);
}

/* Two packets of each IPsec SA. */
static void spi_pairs(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    attack_esp(p, 1, 2, 0x10000 + i / 2, 1 + i % 2);
}

/* One IPsec SA, without any IKE. */
static void one_spi(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    attack_esp(p, 1, 2, 0x10000, 1 + i);
}

/* One SPI of ever new receivers. */
static void spi_of_all(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    attack_esp(p, 1, 3 + i, 0x10000, 1);
}

static void ip_fragment(packet *p, uint32_t id, uint32_t host, uint32_t offset, size_t length, bool more)
{
    const ike_addr src = packet_host(host), dst = packet_host(2);

    packet_begin(p, IKE_IPPROTO_UDP, src, dst);
    packet_fragment(p, IKE_IPPROTO_UDP, id, offset, more);
    if (offset == 0) {
        packet_put(p, (uint64_t)IKE_PORT << 16 | IKE_PORT, 4);
        packet_put(p, (uint64_t)2000 << 16, 4);
        packet_ike(p, &(ike_head){ .spi_i = 1, .spi_r = 2, .version = 0x10, .exchange = IKE_XCHG_MAIN,
                                   .flags = IKE_FLAG_ENCRYPTED, .next = IKE_PL_ID });
        p->bytes[p->n - 2] = 0x07; /* 1992 bytes */
        p->bytes[p->n - 1] = 0xc8;
        p->ike_at = 0;
    }
    packet_zeros(p, length);
    packet_end(p);
}

static void open_datagrams(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (!attack_main_mode(p, i))
        ip_fragment(p, i & 0xffff, 1 + (i >> 16), i % 2 ? 0 : 1480, 64, true);
}

/* Pieces of one datagram after the other that overlap in all ways. */
static void overlaps(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    if (!attack_main_mode(p, i))
        ip_fragment(p, i / 512 & 0xffff, 1, i % 512 == 0 ? 0 : i * 40503u % 1900 & ~7u, 8 + (i * 7 % 16) * 8, true);
}

static void tcp(packet *p, uint16_t port, uint32_t sequence, size_t length)
{
    packet_begin(p, IKE_IPPROTO_TCP, packet_host(1), packet_host(2));
    packet_put(p, port, 2);
    packet_put(p, IKE_PORT_NATT, 2);
    packet_put(p, sequence, 4);
    packet_put(p, 0, 4);
    packet_put(p, 0x50100000, 4);
    packet_put(p, 0, 4);
    packet_zeros(p, length);
    packet_end(p);
}

/* Segments in reverse, behind a gap. */
static void tcp_backwards(packet *p, uint32_t i, uint32_t n G_GNUC_UNUSED)
{
    tcp(p, (uint16_t)(1024 + i / 200), i % 200 == 0 ? 1 : 100000 - i % 200 * 100, 100);
}

#define MS IKE_MILLISECOND

const attack attacks_of_paths[] = {
    { "spi-flood", spi_flood, 50000, MS, 0, "ESP with ever new SPIs" },
    { "keepalives", keepalives, 50000, MS, 0, "keepalives of NAT traversal" },
    { "spi-pairs", spi_pairs, 50000, MS, 0, "two ESP packets of each SPI" },
    { "one-spi", one_spi, 50000, MS, 0, "packets of one IPsec SA, and no IKE" },
    { "spi-of-all", spi_of_all, 50000, MS, 0, "ESP with one SPI to ever new receivers" },
    { "open-datagrams", open_datagrams, 50000, MS, 0, "IP fragments that never become whole" },
    { "overlaps", overlaps, 50000, MS / 10, 0, "IP fragments that overlap" },
    { "tcp-backwards", tcp_backwards, 50000, MS, 0, "TCP segments in reverse behind a gap" },
};
const size_t n_attacks_of_paths = G_N_ELEMENTS(attacks_of_paths);
