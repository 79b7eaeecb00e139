/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_proposal.h"

#include "ike_attribute.h"
#include "ike_substructure.h"

#include <string.h>

#define GENERIC_HEADER 4
#define TINY_CONTENT 16 /* bytes of payloads */
#define SMALLEST_OF_UNKNOWN 96 /* AES-CBC with SHA2-256-128 */

enum { ATTRIBUTE_KEY_LENGTH = 14 }; /* RFC 7296 3.3.5 */

/* ---- reading ---- */

static bool read_key_length(const uint8_t *data, size_t length, uint16_t *bits)
{
    ike_attribute_value a;

    while (ike_attribute_take(&data, &length, &a))
        if (a.type == ATTRIBUTE_KEY_LENGTH && a.is_short)
            *bits = (uint16_t)a.number;
    return length == 0;
}

static bool read_transforms(ike_v2_offer *offer, const ike_substructure *proposal)
{
    ike_substructures rest = ike_substructures_in(proposal->body, proposal->length);
    ike_substructure s;

    while (ike_transform_take(&rest, &s)) {
        ike_v2_transform t = { .proposal = ike_proposal_number(proposal), .type = s.header[4],
                               .id = ike_be16(s.header + 6) };

        if (!read_key_length(s.body, s.length, &t.key_length))
            return false;
        if (offer->n_transforms < IKE_MAX_V2_TRANSFORMS)
            offer->transforms[offer->n_transforms] = t;
        offer->n_transforms++;
    }
    return rest.is_complete && rest.length == 0;
}

bool ike_v2_offer_read(const ike_message *m, ike_v2_offer *offer)
{
    const ike_payload *p = ike_message_find(m, IKE_PL_V2_SA);
    ike_substructures rest;
    ike_substructure proposal;
    bool is_whole = true;

    memset(offer, 0, offsetof(ike_v2_offer, transforms));
    if (!p || p->cut)
        return false;
    rest = ike_substructures_in(p->body, p->length);
    while (is_whole && ike_proposal_take(&rest, &proposal)) {
        offer->n_proposals++;
        is_whole = read_transforms(offer, &proposal);
    }
    offer->is_malformed = !is_whole || !rest.is_complete;
    return !offer->is_malformed || offer->n_transforms > 0;
}

unsigned ike_v2_offer_size(const ike_v2_offer *offer)
{
    return offer ? MIN(offer->n_transforms, IKE_MAX_V2_TRANSFORMS) : 0;
}

ike_v2_offer *ike_v2_offer_copy(const ike_v2_offer *offer)
{
    return g_memdup2(offer, offsetof(ike_v2_offer, transforms) +
                                ike_v2_offer_size(offer) * sizeof(ike_v2_transform));
}

const ike_v2_transform *ike_v2_offer_find(const ike_v2_offer *offer, unsigned type)
{
    for (unsigned i = 0; i < ike_v2_offer_size(offer); i++)
        if (offer->transforms[i].type == type)
            return &offer->transforms[i];
    return NULL;
}

bool ike_v2_offer_is_whole(const ike_v2_offer *offer)
{
    return !offer->is_malformed && offer->n_transforms <= IKE_MAX_V2_TRANSFORMS;
}

bool ike_v2_offer_has_group(const ike_v2_offer *offer, unsigned group)
{
    for (unsigned i = 0; i < ike_v2_offer_size(offer); i++)
        if (offer->transforms[i].type == IKE_TRANSFORM_KE && offer->transforms[i].id == group)
            return true;
    return false;
}

bool ike_v2_offer_has_type(const ike_v2_offer *offer, unsigned proposal, unsigned type)
{
    for (unsigned i = 0; i < ike_v2_offer_size(offer); i++)
        if (offer->transforms[i].type == type && offer->transforms[i].proposal == proposal &&
            offer->transforms[i].id != 0)
            return true;
    return false;
}

unsigned ike_v2_offer_additional(const ike_v2_offer *offer)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ike_v2_offer_size(offer); i++)
        n += offer->transforms[i].type >= IKE_TRANSFORM_ADDKE1 &&
             offer->transforms[i].type <= IKE_TRANSFORM_ADDKE7 && offer->transforms[i].id != 0;
    return n;
}

/* ---- algorithms ---- */

static const struct encryption {
    uint16_t id;
    const char *name;
    uint8_t iv, block;
    uint8_t icv; /* of its own: no integrity algorithm is negotiated with it */
} encryptions[] = {
    { 1, "DES-IV64", 8, 8, 0 },
    { 2, "DES-CBC", 8, 8, 0 },
    { 3, "3DES-CBC", 8, 8, 0 },
    { 4, "RC5", 8, 8, 0 },
    { 5, "IDEA", 8, 8, 0 },
    { 6, "CAST-CBC", 8, 8, 0 },
    { 7, "Blowfish-CBC", 8, 8, 0 },
    { 8, "3IDEA", 8, 8, 0 },
    { 9, "DES-IV32", 8, 8, 0 },
    { 11, "NULL", 0, 1, 0 },
    { 12, "AES-CBC", 16, 16, 0 },
    { 13, "AES-CTR", 8, 1, 0 },
    { 14, "AES-CCM-8", 8, 1, 8 },
    { 15, "AES-CCM-12", 8, 1, 12 },
    { 16, "AES-CCM-16", 8, 1, 16 },
    { 18, "AES-GCM-8", 8, 1, 8 },
    { 19, "AES-GCM-12", 8, 1, 12 },
    { 20, "AES-GCM-16", 8, 1, 16 },
    { 21, "NULL with AES-GMAC", 8, 1, 16 },
    { 23, "Camellia-CBC", 16, 16, 0 },
    { 24, "Camellia-CTR", 8, 1, 0 },
    { 25, "Camellia-CCM-8", 8, 1, 8 },
    { 26, "Camellia-CCM-12", 8, 1, 12 },
    { 27, "Camellia-CCM-16", 8, 1, 16 },
    { 28, "ChaCha20-Poly1305", 8, 1, 16 },
    { 32, "Kuznyechik-MGM-KTREE", 8, 1, 12 },
    { 33, "Magma-MGM-KTREE", 8, 1, 8 },
};

static const struct integrity {
    uint16_t id;
    const char *name;
    uint8_t icv;
} integrities[] = {
    { 0, "none", 0 },
    { 1, "HMAC-MD5-96", 12 },
    { 2, "HMAC-SHA1-96", 12 },
    { 3, "DES-MAC", 8 },
    { 4, "KPDK-MD5", 16 },
    { 5, "AES-XCBC-96", 12 },
    { 6, "HMAC-MD5-128", 16 },
    { 7, "HMAC-SHA1-160", 20 },
    { 8, "AES-CMAC-96", 12 },
    { 9, "AES-128-GMAC", 16 },
    { 10, "AES-192-GMAC", 16 },
    { 11, "AES-256-GMAC", 16 },
    { 12, "HMAC-SHA2-256-128", 16 },
    { 13, "HMAC-SHA2-384-192", 24 },
    { 14, "HMAC-SHA2-512-256", 32 },
};

static const ike_name prfs[] = {
    { 1, "PRF-HMAC-MD5" },      { 2, "PRF-HMAC-SHA1" },     { 3, "PRF-HMAC-Tiger" },
    { 4, "PRF-AES128-XCBC" },   { 5, "PRF-HMAC-SHA2-256" }, { 6, "PRF-HMAC-SHA2-384" },
    { 7, "PRF-HMAC-SHA2-512" }, { 8, "PRF-AES128-CMAC" },   { 9, "PRF-HMAC-Streebog-512" },
    { 0, NULL },
};

/* ML-KEM: draft-ietf-ipsecme-ikev2-mlkem 2, the request holds the encapsulation key and the response
 * the ciphertext (FIPS 203 8). */
static const struct {
    uint16_t group, request, response;
} ke_lengths[] = { { 35, 800, 768 }, { 36, 1184, 1088 }, { 37, 1568, 1568 } };

static const struct encryption *encryption_of(unsigned id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(encryptions); i++)
        if (encryptions[i].id == id)
            return &encryptions[i];
    return NULL;
}

static const struct integrity *integrity_of(unsigned id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(integrities); i++)
        if (integrities[i].id == id)
            return &integrities[i];
    return NULL;
}

const char *ike_v2_transform_name(unsigned type, unsigned id)
{
    const struct encryption *e = type == IKE_TRANSFORM_ENCR ? encryption_of(id) : NULL;
    const struct integrity *i = type == IKE_TRANSFORM_INTEG ? integrity_of(id) : NULL;

    if (e)
        return e->name;
    if (i)
        return i->name;
    if (type == IKE_TRANSFORM_PRF)
        return ike_name_find(prfs, id);
    if (type == IKE_TRANSFORM_KE || type >= IKE_TRANSFORM_ADDKE1)
        return id ? ike_group_name(id) : "none";
    return NULL;
}

bool ike_v2_is_combined(unsigned encryption)
{
    const struct encryption *e = encryption_of(encryption);

    return e && e->icv > 0;
}

/* Bytes of a message with so much content, without the byte that counts the padding; 0 for an unknown suite. */
static uint32_t message_with(const ike_v2_offer *choice, uint32_t content)
{
    const ike_v2_transform *encr = ike_v2_offer_find(choice, IKE_TRANSFORM_ENCR);
    const ike_v2_transform *integ = ike_v2_offer_find(choice, IKE_TRANSFORM_INTEG);
    const struct encryption *e = encr ? encryption_of(encr->id) : NULL;
    const struct integrity *i = integrity_of(integ ? integ->id : 0);

    if (!e || !i)
        return 0;
    return IKE_HEADER_LENGTH + GENERIC_HEADER + e->iv + (content + e->block) / e->block * e->block +
           (e->icv ? e->icv : i->icv);
}

uint32_t ike_v2_tiny_message(const ike_v2_offer *choice)
{
    const uint32_t length = message_with(choice, TINY_CONTENT);

    return length ? length : SMALLEST_OF_UNKNOWN;
}

uint32_t ike_v2_eap_failure(const ike_v2_offer *choice)
{
    enum { EAP_FAILURE = 4 + 4 }; /* RFC 7296 3.16, RFC 3748 4.2 */
    const uint32_t length = message_with(choice, EAP_FAILURE);

    return length ? length : SMALLEST_OF_UNKNOWN;
}

/* Output of the PRFs, which is that of a proof with a pre-shared key (RFC 7296 2.15); signatures are longer, or,
 * for ECDSA, at least 56 bytes. */
static uint32_t smallest_proof(const ike_v2_offer *choice)
{
    static const struct {
        uint16_t prf;
        uint8_t length;
    } outputs[] = { { 1, 16 }, { 2, 20 }, { 3, 24 }, { 4, 16 }, { 5, 32 }, { 6, 48 }, { 7, 56 }, { 8, 16 } };
    const ike_v2_transform *prf = ike_v2_offer_find(choice, IKE_TRANSFORM_PRF);

    for (size_t i = 0; prf && i < G_N_ELEMENTS(outputs); i++)
        if (outputs[i].prf == prf->id)
            return outputs[i].length;
    return 16;
}

uint32_t ike_v2_smallest_child(const ike_v2_offer *choice, bool first)
{
    enum {
        IDENTITY = 8,      /* RFC 7296 3.5, without data */
        PROOF_HEADER = 8,  /* 3.8 */
        PROPOSAL = 24,     /* 3.3: one with an SPI and one transform without attributes */
        SELECTORS = 2 * 24 /* 3.13: TSi and TSr with one of IPv4 each */
    };

    return message_with(choice, (first ? IDENTITY : 0u) + PROOF_HEADER + smallest_proof(choice) + PROPOSAL + SELECTORS);
}

unsigned ike_v2_ke_length(unsigned group, bool is_response)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ke_lengths); i++)
        if (ke_lengths[i].group == group)
            return is_response ? ke_lengths[i].response : ke_lengths[i].request;
    return ike_group_ke_length(group);
}
