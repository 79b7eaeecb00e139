/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is inside encrypted messages: payloads for `with_plain` of ladder.h, or for the parser alone.
 *
 *     wire_message c = inside();
 *
 *     in_hash(&c);
 *     in_notify(&c, 14);
 *     with_plain(&l, &c);
 *     info(&l, RESPONDER, 0xb1, 0);
 */
#ifndef INSIDE_H
#define INSIDE_H

#include "wire.h"

/* Content without payloads; add them with wire_payload and its like. */
wire_message inside(void);
uint8_t inside_first(const wire_message *content);
/* The payloads without padding; the content is gone. */
GByteArray *inside_bytes(wire_message *content);

/* One of the proposals of an SA payload. */
typedef struct in_proposal {
    uint8_t number, protocol;
    uint64_t spi;
    uint16_t key_length, seconds; /* of the cipher, where it has one; of life, in IKEv1 */
} in_proposal;

enum { IN_IPCOMP = 4 };             /* protocol: RFC 2407 4.4.1 */
enum { INITIAL_CONTACT = 24578 };   /* notify: RFC 2407 4.6.3.3 */

/* ---- IKEv1 ---- */
void in_hash(wire_message *c); /* of SHA2-256 */
/* An identity payload from its type and text; type 2 is a name, 11 a key ID. */
void in_identity(wire_message *c, uint8_t payload, uint8_t type, const char *text);
/* .. of Quick Mode: "04 00 0000 0a010000 ffff0000". */
void in_selector(wire_message *c, const char *hex);
/* One proposal with one transform: ESP, AES-CBC-256, HMAC-SHA2-256-128, tunnel, 3600 s. */
void in_esp(wire_message *c, uint32_t spi);
/* Several for packets in a tunnel: ESP with AES-CBC and HMAC-SHA2-256-128, AH with SHA2-256, LZS. */
void in_proposals(wire_message *c, const in_proposal *proposals, unsigned n);
/* A notify of ISAKMP with both cookies as SPI. */
void in_notify(wire_message *c, uint16_t type);
/* .. of a liveness check, with its sequence number. */
void in_alive(wire_message *c, uint16_t type, uint32_t number);
/* A notify of ESP. */
void in_notify_esp(wire_message *c, uint16_t type, uint32_t spi);
void in_delete_esp(wire_message *c, uint32_t spi);
void in_delete_ike(wire_message *c, uint64_t spi_i, uint64_t spi_r);
/* Mode-Config: the kind of message (1 REQUEST .. 4 ACK) and its attributes in hex. */
void in_config(wire_message *c, uint8_t kind, const char *attributes);

/* ---- IKEv2 ---- */
void in_v2_auth(wire_message *c, uint8_t method);
/* One proposal of ESP with AES-GCM-16-256. */
void in_v2_child(wire_message *c, uint32_t spi);
/* One proposal of IKE with AES-CBC-256 and its like. */
void in_v2_ike(wire_message *c, uint64_t spi);
/* Several of either. */
void in_v2_proposals(wire_message *c, const in_proposal *proposals, unsigned n);
/* TSi 10.1.0.0/16 and TSr 10.2.0.0/16. */
void in_v2_selectors(wire_message *c);
void in_v2_delete_esp(wire_message *c, uint32_t spi);
void in_v2_delete_ike(wire_message *c);
void in_v2_rekey(wire_message *c, uint32_t spi);
/* A configuration payload: 1 CFG_REQUEST .. 4 CFG_ACK. */
void in_v2_config(wire_message *c, uint8_t kind, const char *attributes);

#endif
