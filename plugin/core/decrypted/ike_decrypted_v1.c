/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What decrypted messages of IKEv1 say: identities of phase 1, proposals and identities of Quick Mode,
 * addresses that Mode-Config gives. RFC 2409 5, RFC 2407 4.
 */
#include "ike_attribute.h"
#include "ike_decrypted.h"
#include "ike_identity.h"

/* ---- phase 1 ---- */

static void read_identity(ike_record *r, const ike_message *clear)
{
    const ike_payload *p = ike_message_find(clear, IKE_PL_ID);

    if (p && r->side != IKE_SIDE_NONE)
        ike_decrypted_keep(&ike_side_more_of(&r->note.sa->sides[r->side])->identity,
                           ike_identity_text(p->body, p->length));
}

/* ---- Quick Mode ---- */

static bool is_quick(const ike_record *r, unsigned number)
{
    return ike_label_is(r->label, IKE_MODE_QUICK, number);
}

/* What was offered with the algorithms that were chosen. */
static const ike_esp_transform *offered(const ike_agreement *agreement)
{
    for (unsigned i = 0; agreement->has_chosen && i < ike_esp_offer_size(agreement->offer); i++)
        if (ike_esp_same_algorithms(&agreement->offer->transforms[i], &agreement->chosen))
            return &agreement->offer->transforms[i];
    return NULL;
}

static void check_lifetime(ike_tracker *t, ike_record *r, const ike_agreement *agreement)
{
    const ike_esp_transform *match = offered(agreement);

    if (match && match->life_seconds && agreement->responder_seconds &&
        agreement->responder_seconds != match->life_seconds)
        ike_raise(t, r->note.sa, IKE_DIAG_LIFE_MISMATCH, &r->note, IKE_SEVERITY_NONE,
                  "Quick Mode: offered %" G_GUINT64_FORMAT " s, the responder keeps it %" G_GUINT64_FORMAT " s",
                  match->life_seconds, agreement->responder_seconds);
}

/* Of protocols that are used together, ESP before AH before what does not protect (RFC 2408 4.2). */
static const ike_esp_transform *main_transform(const ike_esp_offer *offer)
{
    static const uint8_t protocols[] = { IKE_PROTOCOL_ESP, IKE_PROTOCOL_AH };

    for (size_t k = 0; k < G_N_ELEMENTS(protocols); k++)
        for (unsigned i = 0; i < ike_esp_offer_size(offer); i++)
            if (offer->transforms[i].protocol == protocols[k])
                return &offer->transforms[i];
    return &offer->transforms[0];
}

static void read_choice(ike_tracker *t, ike_record *r, ike_agreement *agreement, const ike_esp_transform *chosen)
{
    agreement->chosen = *chosen;
    agreement->has_chosen = true;
    agreement->is_transport = ike_esp_is_transport(chosen);
    ike_weak_esp(t, r, chosen);
}

static void read_offer(ike_tracker *t, ike_record *r, const ike_message *clear)
{
    ike_agreement *agreement = ike_agreement_of(r->note.exchange);
    ike_offered_spis spis = { .n = 0 };
    const ike_esp_transform *best;
    ike_esp_offer offer;

    if (!ike_esp_offer_read(clear, &offer) || offer.n_transforms == 0)
        return;
    best = main_transform(&offer);
    agreement->protocol = best->protocol;
    for (unsigned i = 0; i < ike_esp_offer_size(&offer); i++)
        ike_offered_spis_add(&spis, offer.transforms[i].number, offer.transforms[i].protocol, offer.transforms[i].spi);
    ike_decrypted_spis(t, r, &spis);
    if (is_quick(r, 1) && !agreement->offer) {
        agreement->offer = ike_esp_offer_copy(&offer);
        agreement->is_transport = ike_esp_is_transport(best);
    } else if (is_quick(r, 2) && !agreement->has_chosen) {
        read_choice(t, r, agreement, best);
    }
}

/* IDci, then IDcr: of the initiator of the Quick Mode and of the other side (RFC 2409 5.5). */
static void read_selectors(ike_record *r, const ike_message *clear)
{
    ike_agreement *agreement = ike_agreement_of(r->note.exchange);
    char **networks = is_quick(r, 2) ? agreement->selectors : agreement->asked;
    unsigned n = 0;

    for (unsigned i = 0; i < clear->n_payloads && n < 2; i++)
        if (clear->payloads[i].type == IKE_PL_ID)
            ike_decrypted_keep(&networks[n++],
                               ike_selector_of_identity(clear->payloads[i].body, clear->payloads[i].length));
}

enum { LIFE_TYPE = 1, LIFE_DURATION = 2, SECONDS = 1 }; /* RFC 2407 4.5 */

/* Attributes as in a proposal (RFC 2407 4.6.3.1). */
static uint64_t seconds_of(const ike_notify *n)
{
    const uint8_t *data = n->data;
    size_t length = n->data_length;
    ike_attribute_value a;
    uint64_t type = 0;

    while (ike_attribute_take(&data, &length, &a)) {
        if (a.type == LIFE_TYPE)
            type = a.number;
        else if (a.type == LIFE_DURATION && type == SECONDS)
            return a.number;
    }
    return 0;
}

static void read_responder_lifetime(ike_tracker *t, ike_record *r, const ike_message *clear)
{
    ike_agreement *agreement = ike_agreement_of(r->note.exchange);

    for (unsigned i = 0; i < clear->n_payloads; i++) {
        ike_notify n;

        if (clear->payloads[i].type == IKE_PL_NOTIFY && ike_payload_notify(clear, &clear->payloads[i], &n) &&
            n.type == IKE_NOTIFY_RESPONDER_LIFETIME && n.protocol != IKE_PROTOCOL_ISAKMP)
            agreement->responder_seconds = seconds_of(&n);
    }
    if (is_quick(r, 2))
        check_lifetime(t, r, agreement);
}

static void read_quick(ike_tracker *t, ike_record *r, const ike_message *clear)
{
    if (!ike_message_find(clear, IKE_PL_SA))
        return;
    read_offer(t, r, clear);
    read_selectors(r, clear);
    read_responder_lifetime(t, r, clear);
}

/* ---- Transaction ---- */

enum { CONFIG_REPLY = 2, CONFIG_SET = 3 }; /* Mode-Config draft 3.3 */
enum { INTERNAL_IP4_ADDRESS = 1, XAUTH_USER_NAME = 16521 };

static void read_attribute(ike_sa *sa, const ike_attribute_value *a)
{
    GString *text = g_string_new(NULL);

    if (a->type == INTERNAL_IP4_ADDRESS && a->length == 4) {
        const ike_addr addr = ike_addr_make(4, a->data);

        ike_addr_append(text, &addr);
        ike_decrypted_keep(&ike_sa_more(sa)->given_address, g_strdup(text->str));
    } else if (a->type == XAUTH_USER_NAME && a->length > 0) {
        ike_text_append(text, a->data, MIN(a->length, LONGEST_USER));
        ike_decrypted_keep(&ike_sa_more(sa)->user, g_strdup(text->str));
    }
    g_string_free(text, TRUE);
}

static void read_config(ike_record *r, const ike_message *clear)
{
    const ike_payload *p = ike_message_find(clear, IKE_PL_CONFIG);
    const bool tells = p && p->length >= 4 && (p->body[0] == CONFIG_REPLY || p->body[0] == CONFIG_SET);
    const uint8_t *data = tells ? p->body + 4 : NULL;
    size_t length = data ? p->length - 4u : 0;
    ike_attribute_value a;

    while (ike_attribute_take(&data, &length, &a))
        read_attribute(r->note.sa, &a);
}

void ike_decrypted_v1(ike_tracker *t, ike_record *r, const ike_message *clear)
{
    if (!r->note.exchange)
        return;
    if (r->note.exchange == r->note.sa->phase1)
        read_identity(r, clear);
    else if (r->note.exchange->mode == IKE_MODE_QUICK)
        read_quick(t, r, clear);
    else if (r->note.exchange->mode == IKE_MODE_TRANSACTION)
        read_config(r, clear);
}
