/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Bytes of packets, for tests: IKE messages, the datagrams and IP packets they travel in, ICMP
 * errors and ESP. There is no link layer: a packet begins with its IP header, as the tracker wants
 * it.
 *
 * What a test does not care about comes from a generator with a seed, so the same call always makes
 * the same bytes.
 */
#ifndef WIRE_H
#define WIRE_H

#include "ike_base.h"
#include "ike_ip.h"
#include "ike_names.h"

/* ---- values ---- */

ike_addr wire_addr(const char *text); /* "10.1.0.2" or "2001:db8::2" */
ike_endpoint wire_endpoint(const char *addr, uint16_t port);
/* Appends `n` bytes of the generator. */
void wire_random(GByteArray *out, size_t n, uint64_t seed);
/* The next number of a generator; its state must not be 0. */
uint64_t wire_next_random(uint64_t *state);
/* Bytes of a hex text, which may have a space between them. */
GByteArray *wire_hex(const char *hex);
void wire_put16(uint8_t *p, unsigned value);
void wire_put32(uint8_t *p, uint32_t value);

/* ---- an IKE message: begin, payloads, end ---- */

typedef struct wire_header {
    uint64_t spi_i, spi_r;
    uint8_t version; /* 0x10 or 0x20 */
    uint8_t exchange, flags;
    uint32_t message_id;
} wire_header;

typedef struct wire_message {
    GByteArray *bytes;
    size_t next_at; /* offset of the byte that names the next payload */
} wire_message;

typedef struct wire_transform {
    uint16_t encryption, key_length, hash, auth, group;
    uint32_t life_seconds; /* 0: none; beyond 16 bits as type, length, value */
} wire_transform;

wire_message wire_begin(const wire_header *header);
void wire_payload(wire_message *m, uint8_t type, const void *body, size_t n);
void wire_payload_random(wire_message *m, uint8_t type, size_t n, uint64_t seed);
void wire_payload_hex(wire_message *m, uint8_t type, const char *hex);
void wire_payload_sa(wire_message *m, const wire_transform *transforms, unsigned n);
void wire_payload_notify(wire_message *m, uint16_t type);
/* NAT-D by RFC 3947 3.2: HASH(CKY-I | CKY-R | IP | port), cookies from the header. */
void wire_payload_natd(wire_message *m, uint8_t type, unsigned hash, const ike_endpoint *e);
/* Ends the message as ciphertext, so that it has `length` bytes in all. */
void wire_encrypted(wire_message *m, uint8_t next_payload, size_t length, uint64_t seed);
/* Writes the length; the message may be ended once. The bytes are the caller's. */
GByteArray *wire_end(wire_message *m);

/* One datagram of fragment payload 132 (MS-IKEE 2.2.3.1). */
GByteArray *wire_v1_fragment(const wire_header *outer, uint16_t id, uint8_t number, bool is_last,
                             const uint8_t *data, size_t n);

/* ---- payloads of IKEv2 ---- */

enum { WIRE_V2_ENCR = 1, WIRE_V2_PRF, WIRE_V2_INTEG, WIRE_V2_GROUP }; /* RFC 7296 3.3.2 */

typedef struct wire_v2_transform {
    uint8_t type;
    uint16_t id;
    uint16_t key_length; /* 0: none */
} wire_v2_transform;

typedef struct wire_v2_proposal {
    uint8_t protocol; /* 1 IKE, 3 ESP */
    uint8_t spi_length;
    const wire_v2_transform *transforms;
    unsigned n;
} wire_v2_proposal;

/* RFC 7296 3.3: proposals are numbered from 1. */
void wire_payload_v2_sa(wire_message *m, const wire_v2_proposal *proposals, unsigned n);
/* RFC 7296 3.4; the public value has the length of its group. */
void wire_payload_v2_ke(wire_message *m, unsigned group, uint64_t seed);
void wire_payload_v2_nonce(wire_message *m, size_t n, uint64_t seed);
void wire_payload_v2_vendor(wire_message *m, const char *hex);

typedef struct wire_v2_notify {
    uint16_t type;
    uint8_t protocol;
    uint8_t spi_length;
    const uint8_t *spi;
    const uint8_t *data;
    size_t n;
} wire_v2_notify;

void wire_payload_v2_notify(wire_message *m, const wire_v2_notify *notify);
/* One without SPI and data. */
void wire_payload_v2_plain_notify(wire_message *m, uint16_t type);
/* RFC 7296 2.23: SHA1(SPIi | SPIr | IP | port), SPIs from the header. */
void wire_payload_v2_natd(wire_message *m, uint16_t type, const ike_endpoint *e);
/* Ends the message with an SK payload, so that it has `length` bytes in all. */
void wire_v2_sk(wire_message *m, uint8_t first_inner, size_t length, uint64_t seed);
/* The same with an SKF payload (RFC 7383 2.5). */
void wire_v2_skf(wire_message *m, uint8_t first_inner, unsigned number, unsigned total,
                 size_t length, uint64_t seed);

/* ---- packets ---- */

typedef struct wire_ip {
    ike_endpoint src, dst;
    uint32_t id;
    uint8_t ttl; /* 0: 64 */
} wire_ip;

/* A whole IP packet with one UDP datagram. */
GByteArray *wire_udp(const wire_ip *ip, const uint8_t *data, size_t n);
/* A whole IP packet of another protocol. */
GByteArray *wire_packet(const wire_ip *ip, uint8_t protocol, const uint8_t *data, size_t n);
/* Bytes `from` to `to` (of what follows the IP header), as an IP fragment with this ID. */
GByteArray *wire_ip_fragment(const GByteArray *packet, uint32_t id, size_t from, size_t to);
/* Number of bytes after the IP header. */
size_t wire_ip_payload(const GByteArray *packet);
/* An ICMP or ICMPv6 error that quotes `quoted_bytes` of a packet. */
GByteArray *wire_icmp(const ike_addr *from, const ike_addr *to, uint8_t type, uint8_t code,
                      uint16_t mtu, const GByteArray *quoted, size_t quoted_bytes);
/* Native ESP. */
GByteArray *wire_esp(const wire_ip *ip, uint32_t spi, uint32_t sequence, size_t n);

#endif
