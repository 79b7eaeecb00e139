/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Messages whose keys are there. The payloads come decrypted from elsewhere; what they say is noted with
 * the message, its SA and its exchange, and turns what would be inferred into what was observed.
 */
#ifndef IKE_DECRYPTED_H
#define IKE_DECRYPTED_H

#include "ike_agreement.h"
#include "ike_track.h"

#define LONGEST_USER 100u /* bytes of a user's name that are shown */

/* Notes in a record what its decrypted payloads are, before it gets its label. */
void ike_decrypted_look(ike_record *r, const ike_message *clear);
/* Learns from them what they say of the SA and the exchange, after it has its label. */
void ike_decrypted_learn(ike_tracker *t, ike_record *r, const ike_message *clear);

/* True for the message that chooses of what the other one offers: Quick Mode 2, or a response of IKEv2. */
bool ike_decrypted_is_answer(const ike_record *r);

/* ---- the payloads of either version ---- */
/* Identities, proposals, traffic selectors, configuration: of a message that is no copy. */
void ike_decrypted_v1(ike_tracker *t, ike_record *r, const ike_message *clear);
void ike_decrypted_v2(ike_tracker *t, ike_record *r, const ike_message *clear);
/* Adds the SPI of a proposal, unless it is the one before or there are too many. */
void ike_offered_spis_add(ike_offered_spis *list, uint8_t number, uint8_t protocol, uint64_t spi);
/* Notes the SPIs that are known for sure after a message with these: those of the answer, and of the request for
 * the proposal that it chooses; of a request alone, where all proposals have one SPI. */
void ike_decrypted_spis(ike_tracker *t, ike_record *r, const ike_offered_spis *list);
/* Replaces a text that is kept. */
void ike_decrypted_keep(char **place, char *text);

#endif
