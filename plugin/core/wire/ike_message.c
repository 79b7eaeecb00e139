/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_message.h"

#include <string.h>

#define GENERIC_HEADER 4
#define SHORTEST_CUT_HEADER 24 /* everything but the length */

static bool is_ciphertext(const ike_message *m)
{
    if (m->version == 1)
        return (m->flags & IKE_FLAG_ENCRYPTED) && m->next_payload != IKE_PL_FRAGMENT;
    return false;
}

/* SK and SKF are the last payloads of a message: what follows their generic header is ciphertext
 * and their next payload field belongs to what is inside (RFC 7296 3.14, RFC 7383 2.5). */
static bool ends_chain(const ike_message *m, uint8_t type)
{
    return m->version == 2 && (type == IKE_PL_V2_SK || type == IKE_PL_V2_SKF);
}

static void walk_payloads(ike_message *m)
{
    size_t offset = IKE_HEADER_LENGTH;
    uint8_t type = m->next_payload;

    while (type != IKE_PL_NONE) {
        if (offset + GENERIC_HEADER > m->length) {
            m->is_malformed = true;
            return;
        }
        if (offset + GENERIC_HEADER > m->captured)
            return;
        if (m->n_payloads == IKE_MAX_PAYLOADS) {
            m->payload_limit = true;
            return;
        }

        const uint16_t length = ike_be16(m->data + offset + 2);
        ike_payload *p = &m->payloads[m->n_payloads];

        if (length < GENERIC_HEADER || offset + length > m->length) {
            m->is_malformed = true;
            return;
        }
        p->type = type;
        p->body = m->data + offset + GENERIC_HEADER;
        p->cut = offset + length > m->captured;
        p->length = (uint16_t)(MIN(offset + length, m->captured) - offset - GENERIC_HEADER);
        m->n_payloads++;
        if (ends_chain(m, type)) {
            m->is_encrypted = true;
            return;
        }
        type = m->data[offset];
        offset += length;
    }
}

static bool is_version(uint8_t version)
{
    return version >> 4 == 1 || version >> 4 == 2;
}

bool ike_message_parse(ike_message *m, const uint8_t *data, size_t captured, size_t wire)
{
    const bool header_cut = captured < IKE_HEADER_LENGTH && wire >= IKE_HEADER_LENGTH;

    if (captured < SHORTEST_CUT_HEADER || (captured < IKE_HEADER_LENGTH && !header_cut) ||
        !is_version(data[17]))
        return false;
    memset(m, 0, offsetof(ike_message, payloads));
    m->spi_i = ike_be64(data);
    m->spi_r = ike_be64(data + 8);
    m->next_payload = data[16];
    m->version = data[17] >> 4;
    m->exchange = data[18];
    m->flags = data[19];
    m->message_id = ike_be32(data + 20);
    m->length = header_cut ? (uint32_t)wire : ike_be32(data + 24);
    if (m->length < IKE_HEADER_LENGTH || m->length > wire)
        return false;
    m->data = data;
    m->captured = (uint32_t)MIN(captured, m->length);
    m->trailing = (uint32_t)(wire - m->length);
    m->truncated = m->captured < m->length;
    m->is_encrypted = is_ciphertext(m);
    if (!m->is_encrypted && !header_cut)
        walk_payloads(m);
    return true;
}

const ike_payload *ike_message_find(const ike_message *m, uint8_t type)
{
    for (unsigned i = 0; i < m->n_payloads; i++)
        if (m->payloads[i].type == type)
            return &m->payloads[i];
    return NULL;
}

bool ike_message_has(const ike_message *m, uint8_t type)
{
    return m->next_payload == type || ike_message_find(m, type);
}

static uint64_t attribute_number(const uint8_t *value, size_t length)
{
    uint64_t number = 0;

    for (size_t i = 0; i < MIN(length, 8); i++)
        number = number << 8 | value[i];
    return number;
}

static const struct {
    unsigned type;
    size_t offset; /* of a uint32_t in ike_transform */
} attributes[] = {
    { IKE_ATTR_ENCRYPTION, offsetof(ike_transform, encryption) },
    { IKE_ATTR_HASH, offsetof(ike_transform, hash) },
    { IKE_ATTR_AUTH, offsetof(ike_transform, auth) },
    { IKE_ATTR_GROUP, offsetof(ike_transform, group) },
    { IKE_ATTR_PRF, offsetof(ike_transform, prf) },
    { IKE_ATTR_KEY_LENGTH, offsetof(ike_transform, key_length) },
};

/* A life duration counts what the life type before it says (RFC 2409 appendix A). */
static void set_attribute(ike_transform *t, unsigned type, uint64_t number, unsigned *life_type)
{
    if (type == IKE_ATTR_LIFE_TYPE)
        *life_type = (unsigned)number;
    if (type == IKE_ATTR_LIFE_DURATION)
        *(*life_type == 2 ? &t->life_kilobytes : &t->life_seconds) = number;
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++)
        if (attributes[i].type == type)
            *(uint32_t *)(void *)((char *)t + attributes[i].offset) = (uint32_t)number;
}

/* RFC 2408 3.3: an attribute is type and value in 4 bytes, or type, length and value. */
static bool read_attributes(ike_transform *t, const uint8_t *data, size_t length)
{
    unsigned life_type = 1;

    while (length >= 4) {
        const uint16_t type = ike_be16(data);
        size_t size = 4;

        if (type & 0x8000) {
            set_attribute(t, type & 0x7fff, ike_be16(data + 2), &life_type);
        } else {
            size += ike_be16(data + 2);
            if (size > length)
                return false;
            set_attribute(t, type, attribute_number(data + 4, size - 4), &life_type);
        }
        data += size;
        length -= size;
    }
    return length == 0;
}

static bool read_transforms(ike_offer *offer, const uint8_t *data, size_t length)
{
    while (length >= 8) {
        const uint16_t size = ike_be16(data + 2);
        ike_transform t = { 0 };

        if (size < 8 || size > length || !read_attributes(&t, data + 8, size - 8u))
            return false;
        if (offer->n_transforms < IKE_MAX_TRANSFORMS)
            offer->transforms[offer->n_transforms] = t;
        offer->n_transforms++;
        if (data[0] == IKE_PL_NONE)
            return true;
        data += size;
        length -= size;
    }
    return false;
}

bool ike_message_offer(const ike_message *m, ike_offer *offer)
{
    const ike_payload *p = ike_message_find(m, IKE_PL_SA);

    memset(offer, 0, offsetof(ike_offer, transforms));
    if (!p || p->cut || p->length < 8)
        return false;

    const uint8_t *data = p->body + 8; /* after DOI and situation */
    size_t length = p->length - 8u;

    while (length >= 8) {
        const uint16_t size = ike_be16(data + 2);
        const size_t header = 8u + data[6];

        if (size < header || size > length)
            break;
        offer->n_proposals++;
        if (!read_transforms(offer, data + header, size - header))
            break;
        if (data[0] == IKE_PL_NONE)
            return true;
        data += size;
        length -= size;
    }
    offer->is_malformed = true;
    return offer->n_transforms > 0;
}

ike_offer *ike_offer_copy(const ike_offer *offer)
{
    const unsigned n = MIN(offer->n_transforms, IKE_MAX_TRANSFORMS);

    return g_memdup2(offer, offsetof(ike_offer, transforms) + n * sizeof(ike_transform));
}

bool ike_transform_same_algorithms(const ike_transform *a, const ike_transform *b)
{
    return a->encryption == b->encryption && a->key_length == b->key_length && a->hash == b->hash &&
           a->auth == b->auth && a->group == b->group && a->prf == b->prf;
}

bool ike_payload_notify(const ike_message *m, const ike_payload *p, ike_notify *notify)
{
    const unsigned doi = m->version == 1 ? 4 : 0; /* IKEv2 has no DOI field */

    if (p->length < doi + 4u)
        return false;

    const uint8_t *body = p->body + doi;
    const unsigned rest = p->length - doi - 4u;

    notify->protocol = body[0];
    notify->spi_length = body[1];
    notify->type = ike_be16(body + 2);
    if (notify->spi_length > rest)
        return false;
    notify->spi = body + 4;
    notify->data = body + 4 + notify->spi_length;
    notify->data_length = (uint16_t)(rest - notify->spi_length);
    return true;
}

bool ike_payload_delete(const ike_payload *p, ike_delete *deleted)
{
    if (p->cut || p->length < 8 || p->body[5] == 0)
        return false;
    deleted->protocol = p->body[4];
    deleted->spi_length = p->body[5];
    deleted->n_spis = ike_be16(p->body + 6);
    deleted->spis = p->body + 8;
    return (size_t)deleted->n_spis * deleted->spi_length <= p->length - 8u;
}

bool ike_message_fragment(const ike_message *m, ike_fragment *fragment)
{
    const ike_payload *p = ike_message_find(m, IKE_PL_FRAGMENT);

    if (!p || p->cut || p->length < 4)
        return false;
    fragment->id = ike_be16(p->body);
    fragment->number = p->body[2];
    fragment->is_last = p->body[3] & 1;
    fragment->data = p->body + 4;
    fragment->length = p->length - 4u;
    return true;
}
