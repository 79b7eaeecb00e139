/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the decrypted payloads of a Quick Mode or Child SA say of the IPsec SAs that it negotiates.
 */
#ifndef IKE_AGREEMENT_H
#define IKE_AGREEMENT_H

#include "ike_esp_proposal.h"
#include "ike_exchange.h"
#include "ike_proposal.h"

#define IKE_MAX_OFFERED_SPIS 8 /* proposals whose SPIs are remembered */

/* Each proposal has an SPI of its own (RFC 2408 3.5, RFC 7296 3.3.1). */
typedef struct ike_offered_spi {
    uint8_t number, protocol; /* of the proposal */
    uint64_t spi;
} ike_offered_spi;

typedef struct ike_offered_spis {
    ike_offered_spi spi[IKE_MAX_OFFERED_SPIS];
    unsigned n;
    bool has_more; /* another SPI did not find room */
} ike_offered_spis;

typedef struct ike_agreement {
    uint8_t protocol;          /* IKE_PROTOCOL_AH or _ESP; _ISAKMP: it renews the IKE SA; 0: not known */
    uint32_t spi[2];           /* by the side that chose it, of packets to that side; 0: not known */
    uint32_t ah_spi[2];        /* of AH, where both protect the packets (RFC 2408 4.2) */
    ike_offered_spis offered;  /* of the request */
    uint64_t ike_spi[2];       /* of the IKE SA that it makes */
    ike_esp_offer *offer;      /* IKEv1: of QM1, or NULL */
    ike_esp_transform chosen;  /* IKEv1: of QM2 */
    bool has_chosen;
    ike_v2_offer *offer_v2, *choice_v2; /* IKEv2, or NULL */
    char *asked[2];            /* networks of its opener's side and of the other, as it asks for them; .. */
    char *selectors[2];        /* .. and as the answer narrows them; or NULL */
    bool is_transport;         /* between the two hosts themselves */
    bool is_rekey;             /* IKEv2: renews the Child SA that .. */
    uint32_t rekeyed_spi;      /* .. has this SPI */
    uint64_t responder_seconds; /* IKEv1: lifetime that the responder told (RFC 2407 4.6.3.1), or 0 */
    struct ike_record *ended[2]; /* whose Delete payload ended the direction to this side, or NULL */
} ike_agreement;

void ike_agreement_free(ike_agreement *agreement);

/* The agreement of an exchange, made when there is none; IKE_AUTH of several rounds has one. */
ike_agreement *ike_agreement_of(ike_exchange *exchange);
/* What is known of it; NULL when nothing was decrypted. */
const ike_agreement *ike_agreement_find(const ike_exchange *exchange);
/* The SPI of packets to this side; 0 while it is not known. */
uint32_t ike_agreement_spi(const ike_exchange *exchange, ike_side receiver);

#endif
