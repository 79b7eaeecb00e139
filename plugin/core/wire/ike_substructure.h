/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Substructures of an SA payload: its proposals, and in a proposal its transforms. Each says how long it is and
 * whether another one follows (RFC 2408 3.5, 3.6, RFC 7296 3.3.1, 3.3.2).
 */
#ifndef IKE_SUBSTRUCTURE_H
#define IKE_SUBSTRUCTURE_H

#include "ike_base.h"

typedef struct ike_substructures {
    const uint8_t *data; /* those that are not taken yet */
    size_t length;
    bool is_complete;    /* the one that says that it is the last was taken */
} ike_substructures;

typedef struct ike_substructure {
    const uint8_t *header; /* 8 bytes, then the SPI of a proposal */
    const uint8_t *body;   /* transforms of a proposal, attributes of a transform */
    size_t length;         /* of the body */
} ike_substructure;

/* The proposals or transforms in these bytes. */
ike_substructures ike_substructures_in(const uint8_t *data, size_t length);
/* Takes the next one. Returns false after the last, and where the next does not fit. */
bool ike_proposal_take(ike_substructures *rest, ike_substructure *proposal);
bool ike_transform_take(ike_substructures *rest, ike_substructure *transform);

/* Fields of a proposal. The SPI of an IPsec SA has 4 bytes, that of an IKE SA of IKEv2 has 8; one of another
 * length than that is asked for counts as 0. */
uint8_t ike_proposal_number(const ike_substructure *proposal);
uint8_t ike_proposal_protocol(const ike_substructure *proposal);
uint64_t ike_proposal_spi(const ike_substructure *proposal, size_t length);

#endif
