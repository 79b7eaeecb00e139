/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the clear payloads of IKEv1 say of an SA: vendors, proposals, notifies.
 */
#include "ike_identity.h"
#include "ike_track.h"

#define MS_STATUS 12345 /* Microsoft: an error although it is above 8191 */
#define LAST_ERROR_NOTIFY 8191 /* RFC 2408 3.14.1 */

static void read_vendors(ike_tracker *t, ike_record *r, const ike_message *m)
{
    if (r->side == IKE_SIDE_NONE)
        return;
    for (unsigned i = 0; i < m->n_payloads; i++)
        if (m->payloads[i].type == IKE_PL_VID && !m->payloads[i].cut &&
            !ike_side_add_vendor(&r->note.sa->sides[r->side], &m->payloads[i]))
            ike_raise_limit(t, r->note.sa, IKE_LIMIT_VENDORS, &r->note);
}

static bool is_error_notify(uint16_t type)
{
    return (type > 0 && type <= LAST_ERROR_NOTIFY) || type == MS_STATUS;
}

void ike_v1_read_notifies(ike_record *r, const ike_message *m)
{
    GString *names;

    if (!ike_message_has(m, IKE_PL_NOTIFY) && !ike_message_has(m, IKE_PL_DELETE))
        return;
    names = g_string_new(NULL);
    for (unsigned i = 0; i < m->n_payloads; i++) {
        const ike_payload *p = &m->payloads[i];
        ike_notify notify;
        ike_delete deleted;

        if (p->type == IKE_PL_NOTIFY && ike_payload_notify(m, p, &notify)) {
            ike_notify_append(names, 1, notify.type);
            if (!r->rare->notify_error && is_error_notify(notify.type)) {
                ike_record_rare(r)->notify_error = notify.type;
                ike_record_rare(r)->notify_spi = notify.spi_length == 4 ? ike_be32(notify.spi) : 0;
            }
        } else if (p->type == IKE_PL_DELETE && ike_payload_delete(m, p, &deleted)) {
            ike_delete_append(names, m, &deleted);
        }
    }
    ike_record_set_notify(r, names);
}

/* ---- proposals ---- */

static const ike_transform *offered(const ike_offer *offer, const ike_transform *chosen)
{
    for (unsigned i = 0; i < MIN(offer->n_transforms, IKE_MAX_TRANSFORMS); i++)
        if (ike_transform_same_algorithms(&offer->transforms[i], chosen))
            return &offer->transforms[i];
    return NULL;
}

static void raise_badchoice(ike_tracker *t, ike_record *r, const ike_offer *choice)
{
    GString *text = g_string_new("the answer names ");

    ike_count_append(text, choice->n_proposals, "proposal", "proposals");
    ike_count_append(g_string_append(text, " and "), choice->n_transforms, "transform", "transforms");
    ike_raise(t, r->note.sa, IKE_DIAG_MM2_BADCHOICE, &r->note, 0, "%s instead of one", text->str);
    g_string_free(text, TRUE);
}

static void judge_choice(ike_tracker *t, ike_record *r, const ike_offer *choice)
{
    ike_sa *sa = r->note.sa;
    const ike_transform *match;

    if (choice->n_transforms != 1 || choice->n_proposals != 1) {
        raise_badchoice(t, r, choice);
        return;
    }
    if (!sa->offer || sa->offer->is_malformed || sa->offer->n_transforms > IKE_MAX_TRANSFORMS)
        return;
    match = offered(sa->offer, &choice->transforms[0]);
    if (!match)
        ike_raise(t, sa, IKE_DIAG_MM2_BADCHOICE, &r->note, 0,
                  "the chosen transform is none of the %u offered", sa->offer->n_transforms);
    else if (match->life_seconds && choice->transforms[0].life_seconds &&
             match->life_seconds != choice->transforms[0].life_seconds)
        ike_raise(t, sa, IKE_DIAG_LIFE_MISMATCH, &r->note, 0,
                  "offered %" G_GUINT64_FORMAT " s, chosen %" G_GUINT64_FORMAT " s",
                  match->life_seconds, choice->transforms[0].life_seconds);
}

static void read_offer(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_sa *sa = r->note.sa;
    ike_offer offer;

    if (!ike_message_offer(m, &offer))
        return;
    if (offer.n_transforms > IKE_MAX_TRANSFORMS)
        ike_raise_limit(t, sa, IKE_LIMIT_TRANSFORMS, &r->note);
    if (r->label.number == 1) {
        g_free(sa->offer);
        sa->offer = ike_offer_copy(&offer);
        ike_raise(t, sa, IKE_DIAG_WEAK_IKEV1, &r->note, 0, "IKEv1 is deprecated by RFC 9395");
    } else if (r->label.number == 2 && !sa->more->has_chosen && offer.n_transforms > 0) {
        ike_sa_more(sa)->chosen = offer.transforms[0];
        ike_sa_more(sa)->has_chosen = true;
        judge_choice(t, r, &offer);
        ike_weak_transform(t, r, &sa->more->chosen);
    }
}

/* ---- identities ---- */

/* Aggressive Mode shows both identities in clear, but for public-key encryption (RFC 2409 5.2). */
static void read_identity(ike_record *r, const ike_message *m)
{
    const ike_payload *p = ike_message_find(m, IKE_PL_ID);
    const ike_sa *sa = r->note.sa;
    const bool sealed = sa->more->has_chosen && (sa->more->chosen.auth == IKE_AUTH_RSA_ENCRYPTION ||
                                           sa->more->chosen.auth == IKE_AUTH_REVISED_RSA_ENCRYPTION);

    if (!p || p->cut || p->length < 4 || sealed || r->label.mode != IKE_MODE_AGGRESSIVE ||
        r->side == IKE_SIDE_NONE || sa->sides[r->side].more->identity)
        return;
    ike_side_more_of(&r->note.sa->sides[r->side])->identity = ike_identity_text(p->body, p->length);
}

static void check_key_exchange(ike_tracker *t, ike_record *r, const ike_message *m)
{
    const ike_sa *sa = r->note.sa;
    const ike_payload *ke = ike_message_find(m, IKE_PL_KE);
    const unsigned expected = sa->more->has_chosen ? ike_group_ke_length(sa->more->chosen.group) : 0;

    /* with public-key encryption the body is encrypted and padded: RFC 2409 5.2, 5.3 */
    if (!ke || ke->cut || !expected || sa->more->chosen.auth == IKE_AUTH_REVISED_RSA_ENCRYPTION ||
        sa->more->chosen.auth == IKE_AUTH_RSA_ENCRYPTION || r->label.mode != IKE_MODE_MAIN)
        return;
    if (ke->length != expected)
        ike_raise(t, r->note.sa, IKE_DIAG_MM3_BADKE, &r->note, 0,
                  "the public value has %u bytes, %s needs %u", ke->length,
                  ike_group_name(sa->more->chosen.group), expected);
}

void ike_v1_payloads(ike_tracker *t, ike_record *r, const ike_message *m)
{
    if (m->is_encrypted)
        return;
    read_vendors(t, r, m);
    ike_v1_read_notifies(r, m);
    if (!ike_label_is_decided(r->label) && r->label.mode != IKE_MODE_MAIN)
        return;
    if (ike_message_has(m, IKE_PL_SA))
        read_offer(t, r, m);
    check_key_exchange(t, r, m);
    read_identity(r, m);
    ike_natt_detect(t, r, m);
}
