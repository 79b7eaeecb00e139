/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What decrypted messages of IKEv2 say: identities, how the sides authenticate, proposals and traffic
 * selectors of Child SAs, rekeys, addresses that are given. RFC 7296 3.
 */
#include "ike_attribute.h"
#include "ike_decrypted.h"
#include "ike_identity.h"
#include "ike_substructure.h"

/* ---- IKE_AUTH ---- */

static ike_side_state *side_with(ike_sa *sa, ike_role role)
{
    const ike_side side = ike_sa_side_of(sa, role);

    return side == IKE_SIDE_NONE ? NULL : &sa->sides[side];
}

static void read_identity(ike_sa *sa, const ike_message *clear, uint8_t type, ike_role role)
{
    const ike_payload *p = ike_message_find(clear, type);
    ike_side_state *side = p ? side_with(sa, role) : NULL;

    if (side && !side->more->identity)
        ike_side_more_of(side)->identity = ike_identity_text(p->body, p->length);
}

/* RFC 7296 3.8, RFC 7427. Zero stands for "none seen". */
static void read_method(const ike_record *r, const ike_message *clear)
{
    const ike_payload *p = ike_message_find(clear, IKE_PL_V2_AUTH);

    if (p && p->length >= 4 && r->side != IKE_SIDE_NONE)
        r->note.sa->v2->sides[r->side].authentication = p->body[0];
}

enum { EAP_RESPONSE = 2, EAP_IDENTITY = 1 }; /* RFC 3748 5.1 */

static void read_eap(const ike_record *r, const ike_message *clear)
{
    const ike_payload *p = ike_message_find(clear, IKE_PL_V2_EAP);
    GString *text;

    if (!p || p->length <= 5 || p->body[0] != EAP_RESPONSE || p->body[4] != EAP_IDENTITY)
        return;
    text = g_string_new(NULL);
    ike_text_append(text, p->body + 5, MIN(p->length - 5u, LONGEST_USER));
    ike_decrypted_keep(&ike_sa_more(r->note.sa)->user, g_string_free(text, FALSE));
}

enum { CONFIG_REPLY = 2, INTERNAL_IP4_ADDRESS = 1, INTERNAL_IP6_ADDRESS = 8 }; /* RFC 7296 3.15 */

static void append_address(GString *out, const ike_attribute_value *a)
{
    ike_addr addr;

    if (!(a->type == INTERNAL_IP4_ADDRESS && a->length == 4) && !(a->type == INTERNAL_IP6_ADDRESS && a->length == 17))
        return;
    addr = ike_addr_make(a->length == 4 ? 4 : 6, a->data);
    if (out->len)
        g_string_append(out, ", ");
    ike_addr_append(out, &addr);
}

static void read_config(ike_record *r, const ike_message *clear)
{
    const ike_payload *p = ike_message_find(clear, IKE_PL_V2_CONFIG);
    const uint8_t *data = p && p->length >= 4 && p->body[0] == CONFIG_REPLY ? p->body + 4 : NULL;
    size_t length = data ? p->length - 4u : 0;
    GString *addresses = g_string_new(NULL);
    ike_attribute_value a;

    while (ike_attribute_take(&data, &length, &a) && addresses->len < LONGEST_USER)
        append_address(addresses, &a);
    ike_decrypted_keep(&ike_sa_more(r->note.sa)->given_address, g_string_free(addresses, addresses->len == 0));
}

static void read_auth(ike_record *r, const ike_message *clear)
{
    read_identity(r->note.sa, clear, IKE_PL_V2_IDI, IKE_ROLE_INITIATOR);
    if (r->label.is_response) /* what a request names as IDr is a wish */
        read_identity(r->note.sa, clear, IKE_PL_V2_IDR, IKE_ROLE_RESPONDER);
    read_method(r, clear);
    read_eap(r, clear);
    read_config(r, clear);
}

/* ---- Child SAs ---- */

static void read_spis(ike_offered_spis *spis, const ike_payload *p)
{
    ike_substructures rest = ike_substructures_in(p->body, p->length);
    ike_substructure proposal;

    while (ike_proposal_take(&rest, &proposal)) {
        const uint8_t protocol = ike_proposal_protocol(&proposal);

        ike_offered_spis_add(spis, ike_proposal_number(&proposal), protocol,
                             ike_proposal_spi(&proposal, protocol == IKE_PROTOCOL_ISAKMP ? 8 : 4));
    }
}

static void read_proposal(ike_tracker *t, ike_record *r, const ike_message *clear)
{
    const ike_payload *p = ike_message_find(clear, IKE_PL_V2_SA);
    ike_agreement *agreement;
    ike_offered_spis spis = { .n = 0 };
    ike_v2_offer **place, offer;

    if (!p || !ike_v2_offer_read(clear, &offer))
        return;
    agreement = ike_agreement_of(r->note.exchange);
    place = r->label.is_response ? &agreement->choice_v2 : &agreement->offer_v2;
    read_spis(&spis, p);
    agreement->protocol = spis.spi[0].protocol;
    ike_decrypted_spis(t, r, &spis);
    if (*place)
        return;
    *place = ike_v2_offer_copy(&offer);
    if (r->label.is_response)
        ike_weak_child(t, r, *place);
}

static void read_selectors(ike_record *r, const ike_message *clear)
{
    static const uint8_t types[] = { IKE_PL_V2_TSI, IKE_PL_V2_TSR };

    for (int i = 0; i < 2; i++) {
        const ike_payload *p = ike_message_find(clear, types[i]);
        ike_agreement *agreement = p ? ike_agreement_of(r->note.exchange) : NULL;

        if (p)
            ike_decrypted_keep(r->label.is_response ? &agreement->selectors[i] : &agreement->asked[i],
                               ike_selectors_text(p->body, p->length));
    }
}

static void read_child_notifies(ike_record *r, const ike_message *clear)
{
    for (unsigned i = 0; i < clear->n_payloads; i++) {
        ike_notify n;

        if (clear->payloads[i].type != IKE_PL_V2_NOTIFY || !ike_payload_notify(clear, &clear->payloads[i], &n))
            continue;
        if (n.type == IKE_NOTIFY_V2_USE_TRANSPORT_MODE && r->label.is_response)
            ike_agreement_of(r->note.exchange)->is_transport = true;
        if (n.type == IKE_NOTIFY_V2_REKEY_SA) {
            ike_agreement_of(r->note.exchange)->is_rekey = true;
            if (n.spi_length == 4)
                ike_agreement_of(r->note.exchange)->rekeyed_spi = ike_be32(n.spi);
        }
    }
}

/* ---- all ---- */

void ike_decrypted_v2(ike_tracker *t, ike_record *r, const ike_message *clear)
{
    const ike_exchange *exchange = r->note.exchange;

    if (!exchange)
        return;
    if (exchange->mode == IKE_MODE_V2_AUTH)
        read_auth(r, clear);
    if (exchange->mode == IKE_MODE_V2_AUTH || exchange->mode == IKE_MODE_V2_CREATE_CHILD) {
        read_proposal(t, r, clear);
        read_selectors(r, clear);
        read_child_notifies(r, clear);
    }
}
