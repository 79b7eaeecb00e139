/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IP packets for benchmarks, written one after the other into the same room: cheap beside what reads them.
 * Those of the unit tests, wire.h, say more about what is in a message; each is an array of GLib that grows, and
 * would cost more than the tracker that is measured.
 *
 *     packet_begin(&p, IKE_IPPROTO_UDP, source, responder);
 *     packet_udp(&p, 500, 500);
 *     packet_ike(&p, &(ike_head){ .spi_i = 1, .version = 0x10, .exchange = 2 });
 *     packet_payload(&p, IKE_PL_SA, body, sizeof body);
 *     packet_end(&p);
 */
#ifndef PACKET_H
#define PACKET_H

#include "ike_base.h"
#include "ike_ip.h"
#include "ike_names.h"

typedef struct packet {
    uint8_t bytes[9000];
    size_t n;
    size_t udp_at, ike_at, next_at; /* 0: none */
    uint8_t family;
} packet;

typedef struct ike_head {
    uint64_t spi_i, spi_r;
    uint8_t version, exchange, flags, next; /* next: of an encrypted message, which has no payloads to read */
    uint32_t id;
} ike_head;

/* The address 10.0.0.0 + number. */
ike_addr packet_host(uint32_t number);
void packet_begin(packet *p, uint8_t protocol, ike_addr src, ike_addr dst);
/* Makes it an IP fragment, before its content is put in. */
void packet_fragment(packet *p, uint8_t protocol, uint32_t id, uint32_t offset, bool more);
void packet_put(packet *p, uint64_t value, size_t bytes);
void packet_zeros(packet *p, size_t n);
void packet_udp(packet *p, uint16_t src, uint16_t dst);
void packet_ike(packet *p, const ike_head *head);
void packet_payload(packet *p, uint8_t type, const uint8_t *body, size_t n);
/* Writes the lengths. */
void packet_end(packet *p);

#endif
