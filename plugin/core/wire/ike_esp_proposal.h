/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The SA payload of Quick Mode: proposals of ESP and AH (RFC 2407 4.4, 4.5).
 */
#ifndef IKE_ESP_PROPOSAL_H
#define IKE_ESP_PROPOSAL_H

#include "ike_message.h"

#define IKE_MAX_ESP_TRANSFORMS 64 /* of one SA payload that are looked at */

typedef struct ike_esp_transform {
    uint8_t number;   /* of its proposal */
    uint8_t protocol; /* IKE_PROTOCOL_.. */
    uint8_t id;       /* the cipher of ESP, the integrity algorithm of AH */
    uint16_t key_length, auth, group, mode; /* 0: not said */
    uint64_t life_seconds, life_kilobytes;
    uint32_t spi; /* that the sender chose: of packets to it */
} ike_esp_transform;

typedef struct ike_esp_offer {
    unsigned n_transforms; /* all that were there, also beyond the array */
    ike_esp_transform transforms[IKE_MAX_ESP_TRANSFORMS];
} ike_esp_offer;

/* Reads the SA payload of a decrypted Quick Mode message, up to where it is malformed; false when it has no
 * transform that can be read. */
bool ike_esp_offer_read(const ike_message *m, ike_esp_offer *offer);
/* A copy that holds no more than the transforms that were read; g_free it. */
ike_esp_offer *ike_esp_offer_copy(const ike_esp_offer *offer);
/* Transforms that can be looked at; 0 for NULL. */
unsigned ike_esp_offer_size(const ike_esp_offer *offer);

/* Appends "ESP AES-CBC-256 / HMAC-SHA2-256-128, tunnel, 3600 s". */
void ike_esp_transform_append(GString *out, const ike_esp_transform *t);
/* True when packets are protected from host to host, without a tunnel (RFC 2407 4.5). */
bool ike_esp_is_transport(const ike_esp_transform *t);
/* True for the same algorithms, lifetimes aside. */
bool ike_esp_same_algorithms(const ike_esp_transform *a, const ike_esp_transform *b);

#endif
