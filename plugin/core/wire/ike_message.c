/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_message.h"

#include "ike_attribute.h"
#include "ike_substructure.h"

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

/* Of fragments the first one says what the message begins with (RFC 7383 2.5). */
static int16_t first_inside(const ike_payload *p, uint8_t next)
{
    const bool is_first = p->type == IKE_PL_V2_SK || (p->length >= 2 && ike_be16(p->body) == 1);

    return is_first ? next : IKE_INSIDE_UNKNOWN;
}

/* Returns where the last payload that fits ends. */
static size_t walk_payloads(ike_message *m, size_t offset)
{
    uint8_t type = m->next_payload;

    while (type != IKE_PL_NONE) {
        if (offset + GENERIC_HEADER > m->length) {
            m->is_malformed = true;
            return offset;
        }
        if (offset + GENERIC_HEADER > m->captured)
            return offset;
        if (m->n_payloads == IKE_MAX_PAYLOADS) {
            m->payload_limit = true;
            return offset;
        }

        const uint16_t length = ike_be16(m->data + offset + 2);
        ike_payload *p = &m->payloads[m->n_payloads];

        if (length < GENERIC_HEADER || offset + length > m->length) {
            m->is_malformed = true;
            return offset;
        }
        p->type = type;
        p->body = m->data + offset + GENERIC_HEADER;
        p->cut = offset + length > m->captured;
        p->length = (uint16_t)(MIN(offset + length, m->captured) - offset - GENERIC_HEADER);
        m->n_payloads++;
        if (ends_chain(m, type)) {
            m->is_encrypted = true;
            m->inside = first_inside(p, m->data[offset]);
            return offset + length;
        }
        type = m->data[offset];
        offset += length;
    }
    return offset;
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
    m->inside = IKE_INSIDE_UNKNOWN;
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
        walk_payloads(m, IKE_HEADER_LENGTH);
    return true;
}

/* ---- decrypted elsewhere ---- */

#define LONGEST_PADDING 32 /* bytes behind the payloads of IKEv1: a block is at most 16 */
#define SHORTEST_CRYPTO 8  /* bytes of IV and ICV together .. */
#define LONGEST_CRYPTO 64

/* The byte between type and length is zero (RFC 2408 3.2), but for the critical bit of IKEv2 (RFC 7296 3.2). */
static bool is_sane(const ike_message *m, const ike_payload *p)
{
    const uint8_t reserved = p->body[-(GENERIC_HEADER - 1)];

    return ike_payload_name(p->type) && (m->version == 1 ? reserved : reserved & 0x7f) == 0 &&
           (m->version == 1) == (p->type < IKE_PL_V2_SA || p->type >= IKE_PL_GSS);
}

bool ike_message_decrypted(ike_message *clear, const ike_message *m, uint8_t first, const uint8_t *plain,
                           size_t length)
{
    size_t end;

    memcpy(clear, m, offsetof(ike_message, payloads));
    clear->next_payload = first;
    clear->data = plain;
    clear->length = clear->captured = (uint32_t)length;
    clear->n_payloads = 0;
    clear->decrypted = NULL;
    clear->is_encrypted = clear->is_malformed = false;
    end = walk_payloads(clear, 0);
    if (clear->is_malformed || clear->is_encrypted || clear->payload_limit || end > length ||
        length - end > (m->version == 1 ? LONGEST_PADDING : 0))
        return false;
    for (unsigned i = 0; i < clear->n_payloads; i++)
        if (!is_sane(clear, &clear->payloads[i]))
            return false;
    return m->version == 2 || clear->n_payloads > 0;
}

bool ike_plain_without_padding(const uint8_t *plain, size_t *length)
{
    if (*length == 0 || plain[*length - 1] >= *length)
        return false;
    *length -= plain[*length - 1] + 1u;
    return true;
}

bool ike_message_is_length_of_plain(const ike_message *m, size_t length)
{
    const ike_payload *last = m->n_payloads ? &m->payloads[m->n_payloads - 1] : NULL;

    if (m->version == 1)
        return length == m->length - IKE_HEADER_LENGTH;
    return last && length + SHORTEST_CRYPTO <= last->length && last->length <= length + LONGEST_CRYPTO;
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

static bool read_attributes(ike_transform *t, const uint8_t *data, size_t length)
{
    ike_attribute_value a;
    unsigned life_type = 1;

    while (ike_attribute_take(&data, &length, &a))
        set_attribute(t, a.type, a.number, &life_type);
    return length == 0;
}

static bool read_transforms(ike_offer *offer, const ike_substructure *proposal)
{
    ike_substructures rest = ike_substructures_in(proposal->body, proposal->length);
    ike_substructure s;

    while (ike_transform_take(&rest, &s)) {
        ike_transform t = { 0 };

        if (!read_attributes(&t, s.body, s.length))
            return false;
        if (offer->n_transforms < IKE_MAX_TRANSFORMS)
            offer->transforms[offer->n_transforms] = t;
        offer->n_transforms++;
    }
    return rest.is_complete;
}

bool ike_message_offer(const ike_message *m, ike_offer *offer)
{
    const ike_payload *p = ike_message_find(m, IKE_PL_SA);
    ike_substructures rest;
    ike_substructure proposal;
    bool is_whole = true;

    memset(offer, 0, offsetof(ike_offer, transforms));
    if (!p || p->cut || p->length < 8)
        return false;
    rest = ike_substructures_in(p->body + 8, p->length - 8u); /* after DOI and situation */
    while (is_whole && ike_proposal_take(&rest, &proposal)) {
        offer->n_proposals++;
        is_whole = read_transforms(offer, &proposal);
    }
    offer->is_malformed = !is_whole || !rest.is_complete;
    return !offer->is_malformed || offer->n_transforms > 0;
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

    if (p->cut || p->length < doi + 4u)
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

bool ike_payload_delete(const ike_message *m, const ike_payload *p, ike_delete *deleted)
{
    const unsigned doi = m->version == 1 ? 4 : 0;

    if (p->cut || p->length < doi + 4u || (m->version == 1 && p->body[doi + 1] == 0))
        return false;
    deleted->protocol = p->body[doi];
    deleted->spi_length = p->body[doi + 1];
    deleted->n_spis = ike_be16(p->body + doi + 2);
    deleted->spis = p->body + doi + 4;
    return (size_t)deleted->n_spis * deleted->spi_length <= p->length - doi - 4u;
}

static void append_other_sa(GString *list, const ike_message *m, const ike_delete *d)
{
    const uint64_t spi_i = d->spi_length == 16 && d->n_spis ? ike_be64(d->spis) : m->spi_i;

    if (spi_i != m->spi_i || (d->spi_length == 16 && d->n_spis && ike_be64(d->spis + 8) != m->spi_r))
        g_string_append_printf(list, " %016" G_GINT64_MODIFIER "x:%016" G_GINT64_MODIFIER "x", spi_i,
                               ike_be64(d->spis + 8));
}

#define MOST_SPIS 4u /* of a Delete payload that are shown */

void ike_delete_append(GString *list, const ike_message *m, const ike_delete *d)
{
    if (list->len)
        g_string_append(list, ", ");
    if (d->protocol == IKE_PROTOCOL_ISAKMP) {
        append_other_sa(g_string_append(list, "DELETE IKE SA"), m, d);
        return;
    }
    g_string_append(list, d->protocol == IKE_PROTOCOL_AH ? "DELETE AH" : "DELETE ESP");
    for (unsigned i = 0; d->spi_length == 4 && i < MIN(d->n_spis, MOST_SPIS); i++)
        g_string_append_printf(list, "%s%08x", i ? "," : " ", ike_be32(d->spis + 4 * i));
    if (d->n_spis > MOST_SPIS)
        g_string_append(list, ",..");
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
