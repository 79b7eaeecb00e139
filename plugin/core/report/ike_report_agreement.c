/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What keys show: how the sides of an IKEv2 SA authenticate, and what a Quick Mode or Child SA protects and
 * how.
 */
#include "ike_decrypted.h"
#include "ike_report.h"

#define SHOWN_OFFERS 8u /* proposals of one negotiation in a text */

/* ---- authentication of IKEv2 ---- */

static void append_method(GString *out, const ike_sa *sa, ike_role role)
{
    const ike_side side = ike_sa_side_of(sa, role);
    const unsigned method = side == IKE_SIDE_NONE ? 0 : sa->v2->sides[side].authentication;
    const char *name = ike_v2_auth_name(method);

    if (role == IKE_ROLE_INITIATOR && sa->v2->has_eap)
        g_string_append(out, "EAP");
    else if (name)
        g_string_append(out, name);
    else if (method)
        g_string_append_printf(out, "method %u", method);
    else
        g_string_append_c(out, '-');
}

void ike_report_v2_authentication(GString *out, const ike_sa *sa)
{
    if (!sa->v2->sides[0].authentication && !sa->v2->sides[1].authentication)
        return;
    append_method(out, sa, IKE_ROLE_INITIATOR);
    g_string_append(out, " (initiator), ");
    append_method(out, sa, IKE_ROLE_RESPONDER);
    g_string_append(out, " (responder)");
}

/* ---- what is protected, and how ---- */

static void append_networks(GString *out, char *const *networks)
{
    if (networks[0] && networks[1])
        g_string_append_printf(out, "%s <-> %s", networks[0], networks[1]);
}

void ike_report_selectors(GString *out, const ike_exchange *child)
{
    const ike_agreement *a = ike_agreement_find(child);

    if (a)
        append_networks(out, a->selectors[0] ? a->selectors : a->asked);
}

const char *ike_report_encapsulation(const ike_exchange *child)
{
    const ike_agreement *a = ike_agreement_find(child);

    if (!a || (!a->has_chosen && !a->choice_v2))
        return NULL;
    return a->is_transport ? "transport" : "tunnel";
}

static const char *protocol_name(const ike_agreement *a)
{
    return a->protocol == IKE_PROTOCOL_AH ? "AH " : a->protocol == IKE_PROTOCOL_ESP ? "ESP " : "";
}

static void append_v2(GString *out, const ike_agreement *a, const ike_v2_offer *offer, unsigned number)
{
    GString *text = g_string_new(NULL);

    ike_report_v2_proposal(text, offer, number);
    g_string_append_printf(out, "%s%s", protocol_name(a), text->str);
    g_string_free(text, TRUE);
}

void ike_report_child_chosen(GString *out, const ike_exchange *child)
{
    const ike_agreement *a = ike_agreement_find(child);

    if (a && a->has_chosen)
        ike_esp_transform_append(out, &a->chosen);
    else if (a && ike_v2_offer_size(a->choice_v2))
        append_v2(out, a, a->choice_v2, a->choice_v2->transforms[0].proposal);
}

void ike_report_child_offers(const ike_exchange *child, ike_report_take take, void *user)
{
    const ike_agreement *a = ike_agreement_find(child);
    uint8_t numbers[SHOWN_OFFERS];
    const unsigned n_v2 = a && a->offer_v2 ? ike_report_v2_proposals(a->offer_v2, numbers, SHOWN_OFFERS) : 0;
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; a && i < MIN(ike_esp_offer_size(a->offer), SHOWN_OFFERS); i++) {
        g_string_truncate(text, 0);
        ike_esp_transform_append(text, &a->offer->transforms[i]);
        take(text->str, user);
    }
    for (unsigned i = 0; i < MIN(n_v2, SHOWN_OFFERS); i++) {
        g_string_truncate(text, 0);
        append_v2(text, a, a->offer_v2, numbers[i]);
        take(text->str, user);
    }
    g_string_free(text, TRUE);
}

/* "by its initiator": of the negotiation, who deleted it. */
static void append_deleted(GString *text, const ike_exchange *child)
{
    const ike_agreement *a = ike_agreement_find(child);
    const ike_record *deleted = ike_child_deleted(child);
    const ike_side by = deleted && deleted == a->ended[0] ? IKE_SIDE_A : IKE_SIDE_B;

    if (deleted && !a->ended[0] && !a->ended[1])
        g_string_printf(text, "with its IKE SA, frame %u", deleted->note.frame);
    else if (deleted)
        g_string_printf(text, "by the %s, frame %u", by == child->opener ? "initiator" : "responder",
                        deleted->note.frame);
}

/* ---- in the table of SAs ---- */

#define INDENT "                        "

static void detail(const ike_report *report, const char *name, GString *text)
{
    char *head = g_strdup_printf(INDENT "%-10s", name);

    if (text->len)
        ike_report_wrap(report->out, head, text->str);
    g_string_truncate(text, 0);
    g_free(head);
}

static void append_spi(GString *text, const ike_exchange *child, bool from_opener)
{
    const uint32_t spi = ike_child_spi(child, from_opener);

    if (spi && !ike_child_flow(child, from_opener))
        g_string_append_printf(text, "%s%08x to the %s", text->len ? ", " : "", spi,
                               from_opener ? "responder" : "initiator");
}

void ike_report_agreement(const ike_report *report, const ike_exchange *child)
{
    const ike_agreement *a = ike_agreement_find(child);
    const char *mode = ike_report_encapsulation(child);
    GString *text = g_string_new(NULL);

    if (!a || !a->protocol) {
        g_string_free(text, TRUE);
        return;
    }
    ike_report_selectors(text, child);
    if (text->len && mode && a->choice_v2)
        g_string_append_printf(text, ", %s", mode);
    detail(report, "networks", text);
    ike_report_child_chosen(text, child);
    detail(report, "chosen", text);
    append_spi(text, child, true);
    append_spi(text, child, false);
    detail(report, "SPIs", text);
    if (a->is_rekey)
        g_string_printf(text, "SPI %08x", a->rekeyed_spi);
    detail(report, "renews", text);
    append_deleted(text, child);
    detail(report, "deleted", text);
    g_string_free(text, TRUE);
}

/* ---- in the log ---- */

static void append_offer(const char *offer, void *user)
{
    GString *text = user;

    g_string_append_printf(text, "%s%s", text->len ? "; or " : "offers: ", offer);
}

void ike_report_decrypted_proposal(GString *out, const ike_record *r)
{
    const ike_exchange *child = r->note.exchange;

    if (!r->is_decrypted || !(r->told & IKE_TOLD_PROPOSAL) || !child || !ike_child_is_decrypted(child))
        return;
    if (!ike_decrypted_is_answer(r)) {
        ike_report_child_offers(child, append_offer, out);
        return;
    }
    ike_report_child_chosen(out, child);
    if (out->len)
        g_string_prepend(out, "chosen: ");
}

void ike_report_decrypted_networks(GString *out, const ike_record *r)
{
    const ike_agreement *a = r->note.exchange ? ike_agreement_find(r->note.exchange) : NULL;

    if (!a || !r->is_decrypted || !(r->told & IKE_TOLD_PROPOSAL))
        return;
    append_networks(out, ike_decrypted_is_answer(r) ? a->selectors : a->asked);
    if (out->len)
        g_string_prepend(out, "networks: ");
}

void ike_report_decrypted_identity(GString *out, const ike_record *r)
{
    if (r->is_decrypted && r->told & IKE_TOLD_IDENTITY && r->side != IKE_SIDE_NONE &&
        r->note.sa->sides[r->side].more->identity)
        g_string_append_printf(out, "identity of its sender: %s", r->note.sa->sides[r->side].more->identity);
}

/* ---- in the diagnosis ---- */

typedef struct offer_lines {
    const ike_report *report;
    const char *name; /* of the next line */
} offer_lines;

static void offer_line(const char *offer, void *user)
{
    offer_lines *lines = user;

    ike_report_fact(lines->report, lines->name, offer);
    lines->name = "";
}

static void asked_for(const ike_report *report, const ike_exchange *child)
{
    offer_lines lines = { report, "asked for" };
    GString *networks = g_string_new(NULL);

    if (child->sa->version == 1) /* in IKEv2 the finding names them */
        ike_report_selectors(networks, child);
    if (networks->len)
        ike_report_fact(report, "networks", networks->str);
    ike_report_child_offers(child, offer_line, &lines);
    g_string_free(networks, TRUE);
}

void ike_report_refused_child(const ike_report *report, const ike_sa *sa)
{
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *child = sa->more->exchanges.pdata[i];

        if (child->more->failed_by == IKE_DIAG_NONE || !ike_child_is_decrypted(child) || child->more->lead)
            continue;
        asked_for(report, child);
        return; /* one stands for all */
    }
}

void ike_report_identities(GString *out, const ike_sa *sa)
{
    for (int i = 0; i < 2 && sa->initiator != IKE_SIDE_NONE; i++) {
        const char *identity = sa->sides[ike_sa_side_of(sa, i ? IKE_ROLE_RESPONDER : IKE_ROLE_INITIATOR)].more->identity;

        if (identity)
            g_string_append_printf(out, "%s%s: %s", out->len ? ", " : "", i ? "responder" : "initiator", identity);
    }
    if (sa->more->user)
        g_string_append_printf(out, "%suser: %s", out->len ? ", " : "", sa->more->user);
    if (sa->more->given_address)
        g_string_append_printf(out, "%saddress given: %s", out->len ? ", " : "", sa->more->given_address);
}
