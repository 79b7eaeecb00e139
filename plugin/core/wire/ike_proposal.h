/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The SA payload of IKEv2 and the algorithms it names (RFC 7296 3.3, IANA "IKEv2 Parameters").
 */
#ifndef IKE_PROPOSAL_H
#define IKE_PROPOSAL_H

#include "ike_message.h"


enum { /* transform types: RFC 7296 3.3.2, RFC 9370 2.1 */
    IKE_TRANSFORM_ENCR = 1,
    IKE_TRANSFORM_PRF = 2,
    IKE_TRANSFORM_INTEG = 3,
    IKE_TRANSFORM_KE = 4,
    IKE_TRANSFORM_ESN = 5,
    IKE_TRANSFORM_ADDKE1 = 6,
    IKE_TRANSFORM_ADDKE7 = 12
};

typedef struct ike_v2_transform {
    uint8_t proposal; /* number of the proposal it stands in */
    uint8_t type;
    uint16_t id;
    uint16_t key_length; /* bits; 0: not said */
} ike_v2_transform;

typedef struct ike_v2_offer {
    unsigned n_proposals;
    unsigned n_transforms; /* all that were there, also beyond the array */
    bool is_malformed;
    ike_v2_transform transforms[IKE_MAX_V2_TRANSFORMS];
} ike_v2_offer;

/* Reads the SA payload of an IKEv2 message. Returns false when it has none that can be read. */
bool ike_v2_offer_read(const ike_message *m, ike_v2_offer *offer);
/* A copy that holds no more than the transforms that were read; g_free it. */
ike_v2_offer *ike_v2_offer_copy(const ike_v2_offer *offer);
/* Transforms that can be looked at. */
unsigned ike_v2_offer_size(const ike_v2_offer *offer);

/* First transform of this type, or NULL; also for no offer. */
const ike_v2_transform *ike_v2_offer_find(const ike_v2_offer *offer, unsigned type);
/* True when all transforms of the offer could be read and are kept. */
bool ike_v2_offer_is_whole(const ike_v2_offer *offer);
/* True when the offer has this key exchange method. */
bool ike_v2_offer_has_group(const ike_v2_offer *offer, unsigned group);
/* True when a proposal of it has transforms of this type, NONE aside. */
bool ike_v2_offer_has_type(const ike_v2_offer *offer, unsigned proposal, unsigned type);
/* Additional key exchanges of a choice, NONE aside (RFC 9370 2.1). */
unsigned ike_v2_offer_additional(const ike_v2_offer *offer);

/* Name of an algorithm, or NULL. */
const char *ike_v2_transform_name(unsigned type, unsigned id);
/* True for ciphers that need no integrity algorithm of their own. */
bool ike_v2_is_combined(unsigned encryption);

/* Bytes of a protected IKEv2 message that holds nothing but up to 16 bytes of payloads: header,
 * generic header, IV, padded content, ICV (RFC 7296 3.14, RFC 5282 3). Of the chosen suite, or of the
 * largest in common use while it is not known. */
uint32_t ike_v2_tiny_message(const ike_v2_offer *choice);
/* ISAKMP length of an encrypted message with EAP-Failure alone, padded by the least; that of an unknown suite as above. */
uint32_t ike_v2_eap_failure(const ike_v2_offer *choice);
/* Bytes of the smallest response to IKE_AUTH that makes a Child SA; 0 while the suite is not known. `first`: it
 * names its sender as well, as all but the last of several rounds do not (RFC 7296 1.2, 2.16). */
uint32_t ike_v2_smallest_child(const ike_v2_offer *choice, bool first);

/* Bytes of the public value in the KE payload of a request or response; 0 when unknown. */
unsigned ike_v2_ke_length(unsigned group, bool is_response);

#endif
