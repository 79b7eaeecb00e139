/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What became of Quick Modes and Child SAs, as far as bytes, packets and keys tell.
 */
#ifndef IKE_CHILD_H
#define IKE_CHILD_H

#include "ike_tracker.h"

/* The exchange whose end makes a child: IKE_AUTH ends with its last round. */
typedef enum ike_child_state {
    IKE_CHILD_UNKNOWN_START,
    IKE_CHILD_UNFINISHED,
    IKE_CHILD_NOT_CONNECTED, /* CONNECTED did not come (RFC 2408 3.1) */
    IKE_CHILD_ESTABLISHED,
    IKE_CHILD_ANSWERED, /* IKEv2: whether it was accepted is encrypted */
    IKE_CHILD_NOT_MADE, /* IKEv2: the response has no room for a Child SA: none was asked for, or it was refused */
    IKE_CHILD_FAILED,
    IKE_CHILD_IS_IKE_SA /* CREATE_CHILD_SA made an IKE SA */
} ike_child_state;
/* State of a Quick Mode or Child SA, by its first exchange. */
ike_child_state ike_child_state_of(const ike_exchange *exchange);
const char *ike_child_state_name(ike_child_state state);
/* True when a Quick Mode or Child SA is taken to be established: it was completed, and did not fail. */
bool ike_child_is_up(const ike_exchange *child);
/* The same, or "deleted" where keys show that it came up and was deleted. */
const char *ike_child_state_word(const ike_exchange *child);

/* True when the proposal of a negotiation of IPsec SAs was decrypted. */
bool ike_child_is_decrypted(const ike_exchange *child);
/* True when keys show that it negotiates an IKE SA. */
bool ike_child_makes_ike_sa(const ike_exchange *child);
/* The message whose Delete payload ended it, where keys show that; or NULL. */
const ike_record *ike_child_deleted(const ike_exchange *child);
/* True when it renews another one; without keys, when that many were made before it under its IKE SA. */
bool ike_child_is_rekey(const ike_exchange *child, unsigned before);

/* SPI of packets of its initiator, or of packets to it, by keys or by its packets; 0 when not known. */
uint32_t ike_child_spi(const ike_exchange *child, bool from_opener);
/* The IPsec SA it made that sends from its opener, or to it; NULL when none was seen. */
const ike_flow *ike_child_flow(const ike_exchange *exchange, bool from_opener);
/* The host that began it, or the other one; NULL while that is not known. */
const ike_endpoint *ike_child_host(const ike_exchange *exchange, bool opener);
/* Repeats of the messages of a negotiation. */
unsigned ike_child_repeats(const ike_exchange *exchange);
/* Its last message, or NULL when that did not come. */
const ike_record *ike_child_last(const ike_exchange *exchange);
/* How long it took, from its first message to its last; -1 when that is not known. */
ike_time ike_child_setup(const ike_exchange *exchange);
/* How long after it the first packet of its IPsec SAs came; -1 when that is not known. */
ike_time ike_child_first_packet(const ike_exchange *exchange);

#endif
