/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_esp_proposal.h"

#include "ike_attribute.h"
#include "ike_substructure.h"

#include <string.h>

enum { /* attributes: RFC 2407 4.5 */
    LIFE_TYPE = 1,
    LIFE_DURATION = 2,
    GROUP = 3,
    MODE = 4,
    AUTH = 5,
    KEY_LENGTH = 6
};

enum { LIFE_IN_KILOBYTES = 2 };
enum { MODE_TUNNEL = 1, MODE_TRANSPORT = 2, MODE_UDP_TUNNEL = 3, MODE_UDP_TRANSPORT = 4, /* RFC 3947 5.1 */
       MODE_UDP_TUNNEL_DRAFT = 61443, MODE_UDP_TRANSPORT_DRAFT = 61444 };

/* IANA "IPSEC ESP Transform Identifiers", "IPSEC AH Transform Identifiers", "Authentication Algorithm". */
static const ike_name ciphers[] = {
    { 1, "DES-IV64" },     { 2, "DES-CBC" },     { 3, "3DES-CBC" },     { 4, "RC5" },
    { 5, "IDEA" },         { 6, "CAST" },        { 7, "Blowfish" },     { 8, "3IDEA" },
    { 9, "DES-IV32" },     { 10, "RC4" },        { 11, "NULL" },        { 12, "AES-CBC" },
    { 13, "AES-CTR" },     { 14, "AES-CCM-8" },  { 15, "AES-CCM-12" },  { 16, "AES-CCM-16" },
    { 18, "AES-GCM-8" },   { 19, "AES-GCM-12" }, { 20, "AES-GCM-16" },  { 21, "SEED-CBC" },
    { 22, "Camellia-CBC" }, { 23, "NULL with AES-GMAC" }, { 0, NULL },
};

static const ike_name ah_names[] = {
    { 2, "MD5" }, { 3, "SHA1" }, { 4, "DES" }, { 5, "SHA2-256" }, { 6, "SHA2-384" }, { 7, "SHA2-512" },
    { 8, "RIPEMD" }, { 9, "AES-XCBC" }, { 10, "RSA" }, { 11, "AES-128-GMAC" }, { 12, "AES-192-GMAC" },
    { 13, "AES-256-GMAC" }, { 0, NULL },
};

static const ike_name auth_names[] = {
    { 1, "HMAC-MD5-96" }, { 2, "HMAC-SHA1-96" }, { 3, "DES-MAC" }, { 4, "KPDK" },
    { 5, "HMAC-SHA2-256-128" }, { 6, "HMAC-SHA2-384-192" }, { 7, "HMAC-SHA2-512-256" },
    { 8, "HMAC-RIPEMD-96" }, { 9, "AES-XCBC-MAC-96" }, { 10, "RSA signature" },
    { 11, "AES-128-GMAC" }, { 12, "AES-192-GMAC" }, { 13, "AES-256-GMAC" }, { 0, NULL },
};

static const ike_name mode_names[] = {
    { MODE_TUNNEL, "tunnel" },
    { MODE_TRANSPORT, "transport" },
    { MODE_UDP_TUNNEL, "tunnel in UDP" },
    { MODE_UDP_TRANSPORT, "transport in UDP" },
    { MODE_UDP_TUNNEL_DRAFT, "tunnel in UDP" },
    { MODE_UDP_TRANSPORT_DRAFT, "transport in UDP" },
    { 0, NULL },
};

/* ---- reading ---- */

static const struct {
    uint16_t type;
    size_t offset; /* of a uint16_t in ike_esp_transform */
} attributes[] = {
    { GROUP, offsetof(ike_esp_transform, group) },
    { MODE, offsetof(ike_esp_transform, mode) },
    { AUTH, offsetof(ike_esp_transform, auth) },
    { KEY_LENGTH, offsetof(ike_esp_transform, key_length) },
};

static void set_attribute(ike_esp_transform *t, uint16_t type, uint64_t number, uint64_t *life_type)
{
    if (type == LIFE_TYPE)
        *life_type = number;
    if (type == LIFE_DURATION)
        *(*life_type == LIFE_IN_KILOBYTES ? &t->life_kilobytes : &t->life_seconds) = number;
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++)
        if (attributes[i].type == type)
            *(uint16_t *)(void *)((char *)t + attributes[i].offset) = (uint16_t)number;
}

static bool read_attributes(ike_esp_transform *t, const uint8_t *data, size_t length)
{
    ike_attribute_value a;
    uint64_t life_type = 0;

    while (ike_attribute_take(&data, &length, &a))
        set_attribute(t, a.type, a.number, &life_type);
    return length == 0;
}

static bool read_transforms(ike_esp_offer *offer, const ike_substructure *proposal)
{
    ike_substructures rest = ike_substructures_in(proposal->body, proposal->length);
    ike_substructure s;

    while (ike_transform_take(&rest, &s)) {
        ike_esp_transform t = { .number = ike_proposal_number(proposal), .protocol = ike_proposal_protocol(proposal),
                                .spi = (uint32_t)ike_proposal_spi(proposal, 4), .id = s.header[5] };

        if (!read_attributes(&t, s.body, s.length))
            return false;
        if (offer->n_transforms < IKE_MAX_ESP_TRANSFORMS)
            offer->transforms[offer->n_transforms] = t;
        offer->n_transforms++;
    }
    return rest.is_complete && rest.length == 0;
}

bool ike_esp_offer_read(const ike_message *m, ike_esp_offer *offer)
{
    const ike_payload *p = ike_message_find(m, IKE_PL_SA);
    ike_substructures rest;
    ike_substructure proposal;

    memset(offer, 0, offsetof(ike_esp_offer, transforms));
    if (!p || p->cut || p->length < 8)
        return false;
    rest = ike_substructures_in(p->body + 8, p->length - 8u); /* after DOI and situation */
    while (ike_proposal_take(&rest, &proposal) && read_transforms(offer, &proposal))
        continue;
    return offer->n_transforms > 0;
}

unsigned ike_esp_offer_size(const ike_esp_offer *offer)
{
    return offer ? MIN(offer->n_transforms, IKE_MAX_ESP_TRANSFORMS) : 0;
}

ike_esp_offer *ike_esp_offer_copy(const ike_esp_offer *offer)
{
    return g_memdup2(offer, offsetof(ike_esp_offer, transforms) +
                                ike_esp_offer_size(offer) * sizeof(ike_esp_transform));
}

/* ---- names ---- */

static void append_name(GString *out, const ike_name *names, unsigned value)
{
    const char *name = ike_name_find(names, value);

    if (name)
        g_string_append(out, name);
    else
        g_string_append_printf(out, "algorithm %u", value);
}

static void append_algorithms(GString *out, const ike_esp_transform *t)
{
    g_string_append(out, t->protocol == IKE_PROTOCOL_AH ? "AH " : t->protocol == IKE_PROTOCOL_ESP ? "ESP " : "");
    append_name(out, t->protocol == IKE_PROTOCOL_AH ? ah_names : ciphers, t->id);
    if (t->key_length)
        g_string_append_printf(out, "-%u", t->key_length);
    if (t->auth && t->protocol == IKE_PROTOCOL_ESP)
        append_name(g_string_append(out, " / "), auth_names, t->auth);
    if (t->group && ike_group_name(t->group))
        g_string_append_printf(out, " / %s", ike_group_name(t->group));
    else if (t->group)
        g_string_append_printf(out, " / group %u", t->group);
}

void ike_esp_transform_append(GString *out, const ike_esp_transform *t)
{
    const char *mode = ike_name_find(mode_names, t->mode);

    append_algorithms(out, t);
    if (mode)
        g_string_append_printf(out, ", %s", mode);
    if (t->life_seconds)
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " s", t->life_seconds);
    if (t->life_kilobytes)
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " kB", t->life_kilobytes);
}

bool ike_esp_is_transport(const ike_esp_transform *t)
{
    return t->mode == MODE_TRANSPORT || t->mode == MODE_UDP_TRANSPORT || t->mode == MODE_UDP_TRANSPORT_DRAFT;
}

bool ike_esp_same_algorithms(const ike_esp_transform *a, const ike_esp_transform *b)
{
    return a->protocol == b->protocol && a->id == b->id && a->key_length == b->key_length &&
           a->auth == b->auth && a->group == b->group && a->mode == b->mode;
}
