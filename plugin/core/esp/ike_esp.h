/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ESP and AH packets, and the IPsec SAs and negotiations that they belong to.
 */
#ifndef IKE_ESP_H
#define IKE_ESP_H

#include "ike_track.h"

/* Takes an ESP or AH packet; the data of the datagram begins with its header. */
void ike_esp_feed(ike_tracker *t, const ike_datagram *d, ike_note_kind kind);
/* Newest IPsec SA with this SPI and receiver, which chose it (RFC 4301 4.1); NULL when there is none. */
ike_flow *ike_esp_flow_to(const ike_tracker *t, uint32_t spi, const ike_addr *receiver);
/* IPsec SAs that began with a packet from `src` to `dst`, oldest first; or NULL. */
const ike_list *ike_esp_flows_between(const ike_tracker *t, const ike_addr *src, const ike_addr *dst);
/* A later fragment of an IP packet with ESP or AH (IKE_IN_IP), or with UDP (IKE_IN_UDP): it shows neither SPI nor ports.
 * Noticed between hosts whose IPsec SAs are known. */
void ike_esp_later_fragment(ike_tracker *t, const ike_addr *src, const ike_addr *dst, ike_encapsulation of);
bool ike_esp_has_later_fragments(const ike_tracker *t, const ike_addr *src, const ike_addr *dst, ike_encapsulation of);
/* True when an exchange has made an IPsec SA, as far as it is visible. */
bool ike_esp_is_complete(const ike_exchange *exchange);
/* Takes note that a side chose this SPI for packets to itself, in the exchange that leads a child: decrypted. */
void ike_esp_learn(ike_tracker *t, ike_exchange *lead, ike_side chooser, uint32_t spi);
/* The exchange that leads the child of which the sender of a message chose the SPI, under the IKE SA of the
 * message, one that this renewed, or, in IKEv1, any of the hosts; and which side of its SA that is. NULL when it
 * was not decrypted. */
ike_exchange *ike_esp_made_by(const ike_tracker *t, uint32_t spi, const ike_record *r, ike_side *chooser);

#endif
