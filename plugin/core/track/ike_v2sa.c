/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What IKEv2 says in clear: proposals, groups, notifies, vendors, NAT detection (RFC 7296 1.2).
 */
#include "ike_track.h"

/* ---- notifies ---- */

static const struct {
    uint16_t type;
    uint8_t supports;
} announcements[] = {
    { IKE_NOTIFY_V2_FRAGMENTATION, IKE_V2_FRAGMENTATION },
    { IKE_NOTIFY_V2_INTERMEDIATE, IKE_V2_INTERMEDIATE },
    { IKE_NOTIFY_V2_REDIRECT_SUPPORTED, IKE_V2_REDIRECT },
    { IKE_NOTIFY_V2_REDIRECTED_FROM, IKE_V2_REDIRECT | IKE_V2_REDIRECTED },
    { IKE_NOTIFY_V2_CHILDLESS, IKE_V2_CHILDLESS },
    { IKE_NOTIFY_V2_MULTIPLE_AUTH, IKE_V2_MULTIPLE_AUTH },
    { IKE_NOTIFY_V2_SIGNATURE_HASHES, IKE_V2_HASHES },
    { IKE_NOTIFY_V2_USE_PPK, IKE_V2_PPK },
};

static void read_announcement(ike_v2_side *side, const ike_notify *n)
{
    for (size_t i = 0; i < G_N_ELEMENTS(announcements); i++)
        if (announcements[i].type == n->type)
            side->supports |= announcements[i].supports;
    for (unsigned i = 0; n->type == IKE_NOTIFY_V2_SIGNATURE_HASHES && i + 1 < n->data_length; i += 2) {
        const uint16_t hash = ike_be16(n->data + i);

        if (hash < 8)
            side->hashes |= (uint8_t)(1 << hash);
    }
}

void ike_v2_read_notifies(ike_record *r, const ike_message *m)
{
    const uint8_t type = m->version == 1 ? IKE_PL_NOTIFY : IKE_PL_V2_NOTIFY;
    GString *names;

    if (!ike_message_has(m, type) && !ike_message_has(m, IKE_PL_V2_DELETE))
        return;
    names = g_string_new(NULL);
    for (unsigned i = 0; i < m->n_payloads; i++) {
        ike_delete deleted;
        ike_notify n;

        if (m->payloads[i].type == IKE_PL_V2_DELETE && ike_payload_delete(m, &m->payloads[i], &deleted))
            ike_delete_append(names, m, &deleted);
        if (m->payloads[i].type != type || !ike_payload_notify(m, &m->payloads[i], &n))
            continue;
        ike_notify_append(names, m->version, n.type);
        if (!r->rare->notify_error && n.type > 0 && n.type <= IKE_NOTIFY_V2_LAST_ERROR)
            ike_record_rare(r)->notify_error = n.type;
        if (m->version == 2 && n.type == IKE_NOTIFY_V2_INVALID_SPI && n.data_length == 4)
            ike_record_rare(r)->unknown_spi = ike_be32(n.data); /* RFC 7296 3.10.1 */
    }
    ike_record_set_notify(r, names);
}

/* First notify of this type; false when there is none. */
static bool find_notify(const ike_message *m, uint16_t type, ike_notify *n)
{
    for (unsigned i = 0; i < m->n_payloads; i++)
        if (m->payloads[i].type == IKE_PL_V2_NOTIFY && ike_payload_notify(m, &m->payloads[i], n) &&
            n->type == type)
            return true;
    return false;
}

static void read_announcements(ike_record *r, const ike_message *m)
{
    for (unsigned i = 0; i < m->n_payloads; i++) {
        ike_notify n;

        if (m->payloads[i].type == IKE_PL_V2_NOTIFY && ike_payload_notify(m, &m->payloads[i], &n))
            read_announcement(&r->note.sa->v2->sides[r->side], &n);
    }
}

static void read_vendors(ike_tracker *t, ike_record *r, const ike_message *m)
{
    for (unsigned i = 0; i < m->n_payloads; i++)
        if (m->payloads[i].type == IKE_PL_V2_VID && !m->payloads[i].cut &&
            !ike_side_add_vendor(&r->note.sa->sides[r->side], &m->payloads[i]))
            ike_raise_limit(t, r->note.sa, IKE_LIMIT_VENDORS, &r->note);
}

/* ---- proposals ---- */

static void read_offer(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_v2 *v2 = r->note.sa->v2;
    ike_v2_offer **place = r->label.is_response ? &v2->choice : &v2->offer;
    ike_v2_offer offer;

    if (!ike_v2_offer_read(m, &offer) || (*place && r->label.is_response))
        return;
    if (offer.n_transforms > IKE_MAX_V2_TRANSFORMS)
        ike_raise_limit(t, r->note.sa, IKE_LIMIT_V2_TRANSFORMS, &r->note);
    g_free(*place);
    *place = ike_v2_offer_copy(&offer);
    if (r->label.is_response && offer.n_transforms > 0)
        ike_weak_choice(t, r, *place);
}

/* ---- key exchange ---- */

static void read_key_exchange(ike_tracker *t, ike_record *r, const ike_message *m)
{
    const ike_payload *ke = ike_message_find(m, IKE_PL_V2_KE);
    ike_v2_side *side = &r->note.sa->v2->sides[r->side];
    unsigned expected;

    if (!ke || ke->length < 4)
        return;
    side->group = ike_be16(ke->body);
    expected = ike_v2_ke_length(side->group, r->label.is_response);
    if (!ke->cut && expected && ke->length - 4u != expected)
        ike_raise(t, r->note.sa, IKE_DIAG_MM3_BADKE, &r->note, IKE_SEVERITY_NONE,
                  "the public value has %u bytes, %s needs %u", ke->length - 4u,
                  ike_group_name(side->group), expected);
}

/* ---- the first exchange ---- */

uint64_t ike_v2_nonce(const ike_message *m)
{
    const ike_payload *p = ike_message_find(m, IKE_PL_V2_NONCE);

    return p && !p->cut ? ike_bytes_digest(p->body, p->length) : 0;
}

/* What the capture cut off is not missing. */
static bool lacks_cookie(const ike_message *m, uint64_t cookie)
{
    ike_notify n;

    if (m->n_payloads == 0 || m->payloads[0].cut)
        return false;
    return m->payloads[0].type != IKE_PL_V2_NOTIFY || !ike_payload_notify(m, &m->payloads[0], &n) ||
           n.type != IKE_NOTIFY_V2_COOKIE || ike_bytes_digest(n.data, n.data_length) != cookie;
}

/* RFC 7296 2.6, 2.6.1: what a retry must change, and what it must not. */
static void read_retry(ike_record *r, const ike_message *m)
{
    const ike_sa *sa = r->note.sa;
    ike_v2 *v2 = r->note.sa->v2;
    const ike_side_state *side = &sa->sides[r->side];
    const ike_payload *ke = ike_message_find(m, IKE_PL_V2_KE);

    if (v2->attempts < 2)
        return;
    if (v2->challenge && lacks_cookie(m, v2->cookie))
        v2->kept_cookie = true;
    if (v2->invalid_ke && ke && !ke->cut && v2->sides[r->side].group != v2->asked_group)
        v2->kept_group = true;
    if (ike_side_path(side)->has_current && !ike_endpoint_equal(&ike_side_path(side)->current, ike_record_src(r)))
        v2->moved_port = true;
}

static void read_request(ike_record *r, const ike_message *m)
{
    ike_v2 *v2 = r->note.sa->v2;

    if (ike_v2_nonce(m))
        v2->nonce = ike_v2_nonce(m);
    read_retry(r, m);
}

/* RFC 5685 4: the type of the identity, its length, the identity. */
static char *gateway_name(const ike_notify *n)
{
    enum { IPV4 = 1, IPV6 = 2, FQDN = 3 };
    const unsigned type = n->data_length >= 2 ? n->data[0] : 0;
    const unsigned length = n->data_length >= 2 ? MIN(n->data[1], n->data_length - 2u) : 0;
    GString *name = g_string_new(NULL);
    ike_addr addr;

    if ((type == IPV4 && length == 4) || (type == IPV6 && length == 16)) {
        addr = ike_addr_make(type == IPV4 ? 4 : 6, n->data + 2);
        ike_addr_append(name, &addr);
    } else if (type == FQDN) {
        ike_text_append(name, n->data + 2, length);
    } else {
        g_string_append(name, "an unreadable name");
    }
    return g_string_free(name, FALSE);
}

/* The record that a response of this kind is kept in: one row each. */
static const struct {
    uint16_t type;
    size_t offset; /* of an ike_record * in ike_v2 */
} answers[] = {
    { IKE_NOTIFY_V2_COOKIE, offsetof(ike_v2, challenge) },
    { IKE_NOTIFY_V2_INVALID_KE_PAYLOAD, offsetof(ike_v2, invalid_ke) },
    { IKE_NOTIFY_V2_REDIRECT, offsetof(ike_v2, redirect) },
    { IKE_NOTIFY_V2_TICKET_NACK, offsetof(ike_v2, nack) },
};

static void read_challenge(ike_v2 *v2, const ike_message *m)
{
    ike_notify n;

    if (find_notify(m, IKE_NOTIFY_V2_COOKIE, &n)) {
        v2->cookies++;
        v2->cookie = ike_bytes_digest(n.data, n.data_length);
    }
    if (find_notify(m, IKE_NOTIFY_V2_INVALID_KE_PAYLOAD, &n) && n.data_length >= 2) {
        v2->invalid_kes++;
        v2->asked_group = ike_be16(n.data);
        v2->asked_unoffered |= v2->offer && ike_v2_offer_is_whole(v2->offer) &&
                               !ike_v2_offer_has_group(v2->offer, v2->asked_group);
    }
    if (find_notify(m, IKE_NOTIFY_V2_REDIRECT, &n) && !v2->gateway)
        v2->gateway = gateway_name(&n);
}

static void read_response(ike_record *r, const ike_message *m)
{
    ike_v2 *v2 = r->note.sa->v2;
    ike_notify n;

    if (ike_message_has(m, IKE_PL_V2_SA))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++)
        if (find_notify(m, answers[i].type, &n))
            *(ike_record **)(void *)((char *)v2 + answers[i].offset) = r;
    if (r->rare->notify_error && r != v2->invalid_ke)
        v2->refusal = r;
    read_challenge(v2, m);
}

void ike_v2_payloads(ike_tracker *t, ike_record *r, const ike_message *m)
{
    if (m->is_encrypted)
        return;
    ike_v2_read_notifies(r, m);
    if (r->side == IKE_SIDE_NONE || r->note.exchange != r->note.sa->phase1)
        return;
    read_vendors(t, r, m);
    read_announcements(r, m);
    if (ike_message_has(m, IKE_PL_V2_SA) || ike_message_has(m, IKE_PL_V2_NONCE)) {
        r->note.sa->v2->sides[r->side].is_seen = !r->truncated;
        read_offer(t, r, m);
        read_key_exchange(t, r, m);
        ike_natt_detect_v2(r, m);
    }
    if (r->label.is_response)
        read_response(r, m);
    else
        read_request(r, m);
}
