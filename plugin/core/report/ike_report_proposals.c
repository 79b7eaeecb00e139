/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Offer and choice side by side: what was offered in vain, and how it differs from what the other side chose,
 * accepted before or offers itself. RFC 2409 5, RFC 7296 2.7.
 */
#include "ike_report.h"

#include <string.h>

#define SHOWN_OFFERS 6u
#define NAME_WIDTH 16
#define VALUE_WIDTH 28
#define TOO_WEAK 2 /* a group with less than half the bits of the cipher: a little less is common, and harmless */

/* ---- IKEv1: the attributes of a transform ---- */

static void append_or_number(GString *out, const char *name, const char *kind, uint32_t value)
{
    if (name)
        g_string_append(out, name);
    else
        g_string_append_printf(out, "%s %u", kind, value);
}

static void append_encryption(GString *out, const ike_sa *sa, const ike_transform *t)
{
    (void)sa;
    append_or_number(out, ike_encryption_name(t->encryption), "encryption", t->encryption);
    if (t->key_length)
        g_string_append_printf(out, "-%u", t->key_length);
}

static void append_hash(GString *out, const ike_sa *sa, const ike_transform *t)
{
    (void)sa;
    append_or_number(out, ike_hash_name(t->hash), "hash", t->hash);
}

static void append_authentication(GString *out, const ike_sa *sa, const ike_transform *t)
{
    const bool gss = ike_sa_has_vendor(sa, IKE_SIDE_A, IKE_VENDOR_GSS) ||
                     ike_sa_has_vendor(sa, IKE_SIDE_B, IKE_VENDOR_GSS);

    append_or_number(out, ike_auth_name(t->auth, gss), "authentication", t->auth);
}

static void append_group(GString *out, const ike_sa *sa, const ike_transform *t)
{
    (void)sa;
    append_or_number(out, ike_group_name(t->group), "group", t->group);
}

static void append_lifetime(GString *out, const ike_sa *sa, const ike_transform *t)
{
    (void)sa;
    if (t->life_seconds)
        g_string_append_printf(out, "%" G_GUINT64_FORMAT " s", t->life_seconds);
    if (t->life_kilobytes)
        g_string_append_printf(out, "%s%" G_GUINT64_FORMAT " KB", t->life_seconds ? ", " : "",
                               t->life_kilobytes);
}

static const struct {
    const char *name;
    void (*append)(GString *out, const ike_sa *sa, const ike_transform *t);
} attributes[] = {
    { "encryption", append_encryption },
    { "hash", append_hash },
    { "authentication", append_authentication },
    { "group", append_group },
    { "lifetime", append_lifetime },
};

void ike_report_transform(GString *out, const ike_sa *sa, const ike_transform *t)
{
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++) {
        const bool is_lifetime = attributes[i].append == append_lifetime;

        if (is_lifetime && !t->life_seconds && !t->life_kilobytes)
            continue;
        g_string_append(out, i == 0 ? "" : is_lifetime ? ", " : " / ");
        attributes[i].append(out, sa, t);
    }
}

void ike_report_attribute(GString *out, const ike_sa *sa, ike_attribute which)
{
    static const uint8_t types[] = { IKE_TRANSFORM_ENCR, IKE_TRANSFORM_INTEG, 0, IKE_TRANSFORM_KE };
    const ike_v2_offer *choice = sa->v2->choice;

    if (sa->more->has_chosen)
        attributes[which].append(out, sa, &sa->more->chosen);
    else if (choice && ike_v2_offer_size(choice) && types[which])
        ike_report_v2_type(out, choice, choice->transforms[0].proposal, types[which]);
}

void ike_report_chosen(GString *out, const ike_sa *sa)
{
    const ike_v2_offer *choice = sa->v2->choice;

    if (sa->more->has_chosen)
        ike_report_transform(out, sa, &sa->more->chosen);
    else if (choice && ike_v2_offer_size(choice))
        ike_report_v2_proposal(out, choice, choice->transforms[0].proposal);
}

/* ---- a comparison: rows of two values ---- */

static void compared_row(const ike_report *report, const char *head, const char *name, const char *a,
                         const char *b, const char *mark)
{
    GString *text = g_string_new(NULL);

    if (strlen(a) >= VALUE_WIDTH || strlen(b) >= VALUE_WIDTH) { /* long lists of alternatives */
        g_string_printf(text, "%s: %s, against %s%s%s", name, a, b, *mark ? ": " : "", mark);
        ike_report_fact(report, head, text->str);
    } else {
        g_string_printf(text, "      %-14s%-*s%-*s%-*s%s", head, NAME_WIDTH, name, VALUE_WIDTH, a, VALUE_WIDTH, b,
                        mark);
        g_string_append_printf(report->out, "%s\n", g_strchomp(text->str));
    }
    g_string_free(text, TRUE);
}

static unsigned differences(const ike_transform *a, const ike_transform *b)
{
    return (a->encryption != b->encryption || a->key_length != b->key_length) + (a->hash != b->hash) +
           (a->auth != b->auth) + (a->group != b->group);
}

/* The offered transform that comes closest to another one. */
static unsigned closest(const ike_offer *offer, const ike_transform *to)
{
    unsigned best = 0;

    for (unsigned i = 1; i < MIN(offer->n_transforms, IKE_MAX_TRANSFORMS); i++)
        if (differences(&offer->transforms[i], to) < differences(&offer->transforms[best], to))
            best = i;
    return best;
}

/* Of an offer the transform that comes closest to one of another offer. */
static const ike_transform *closest_of(const ike_offer *offer, const ike_offer *to)
{
    const ike_transform *best = &offer->transforms[0];

    for (unsigned i = 1; i < MIN(offer->n_transforms, IKE_MAX_TRANSFORMS); i++) {
        const ike_transform *t = &offer->transforms[i];

        if (differences(&to->transforms[closest(to, t)], t) < differences(&to->transforms[closest(to, best)], best))
            best = t;
    }
    return best;
}

static void compare_transforms(const ike_report *report, const ike_sa *sa, const ike_transform *other,
                               const char *title)
{
    const unsigned number = closest(sa->offer, other);
    GString *a = g_string_new(NULL), *b = g_string_new(NULL);

    g_string_printf(a, "offer %u", number + 1);
    compared_row(report, "compared", "", a->str, title, "");
    for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++) {
        g_string_truncate(a, 0);
        g_string_truncate(b, 0);
        attributes[i].append(a, sa, &sa->offer->transforms[number]);
        attributes[i].append(b, sa, other);
        if (a->len || b->len)
            compared_row(report, "", attributes[i].name, a->str, b->str,
                         strcmp(a->str, b->str) ? "differs" : "");
    }
    g_string_free(a, TRUE);
    g_string_free(b, TRUE);
}

static void offers_v1(const ike_report *report, const ike_sa *sa)
{
    const unsigned n = MIN(sa->offer->n_transforms, IKE_MAX_TRANSFORMS);
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < MIN(n, SHOWN_OFFERS); i++) {
        g_string_printf(text, "%u: ", i + 1);
        ike_report_transform(text, sa, &sa->offer->transforms[i]);
        ike_report_fact(report, i ? "" : "offered", text->str);
    }
    if (sa->offer->n_transforms > SHOWN_OFFERS) {
        g_string_printf(text, "and %u more", sa->offer->n_transforms - SHOWN_OFFERS);
        ike_report_fact(report, "", text->str);
    }
    g_string_free(text, TRUE);
}

/* ---- IKEv2 ---- */

static const struct {
    uint8_t type;
    const char *name;
} types[] = {
    { IKE_TRANSFORM_ENCR, "encryption" },
    { IKE_TRANSFORM_INTEG, "integrity" },
    { IKE_TRANSFORM_PRF, "PRF" },
    { IKE_TRANSFORM_KE, "group" },
    { IKE_TRANSFORM_ADDKE1, "key exchange 1" }, /* RFC 9370 */
    { IKE_TRANSFORM_ADDKE1 + 1, "key exchange 2" },
    { IKE_TRANSFORM_ADDKE1 + 2, "key exchange 3" },
    { IKE_TRANSFORM_ADDKE1 + 3, "key exchange 4" },
    { IKE_TRANSFORM_ADDKE1 + 4, "key exchange 5" },
    { IKE_TRANSFORM_ADDKE1 + 5, "key exchange 6" },
    { IKE_TRANSFORM_ADDKE7, "key exchange 7" },
};

static bool has_in_common(const ike_v2_offer *a, unsigned proposal_a, const ike_v2_offer *b,
                          unsigned proposal_b, unsigned type)
{
    for (unsigned i = 0; i < ike_v2_offer_size(a); i++)
        for (unsigned k = 0; k < ike_v2_offer_size(b); k++) {
            const ike_v2_transform *x = &a->transforms[i], *y = &b->transforms[k];

            if (x->type != type || y->type != type || x->proposal != proposal_a || y->proposal != proposal_b)
                continue;
            if (x->id == y->id && x->key_length == y->key_length)
                return true;
        }
    return !ike_v2_offer_has_type(a, proposal_a, type) && !ike_v2_offer_has_type(b, proposal_b, type);
}

static unsigned differences_v2(const ike_v2_offer *a, unsigned proposal_a, const ike_v2_offer *b,
                               unsigned proposal_b)
{
    unsigned n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        n += !has_in_common(a, proposal_a, b, proposal_b, types[i].type);
    return n;
}

/* The pair of proposals that come closest to each other. */
static void closest_v2(const ike_v2_offer *a, const ike_v2_offer *b, uint8_t pair[2])
{
    uint8_t in_a[SHOWN_OFFERS], in_b[SHOWN_OFFERS];
    const unsigned n = MIN(ike_report_v2_proposals(a, in_a, SHOWN_OFFERS), SHOWN_OFFERS);
    const unsigned m = MIN(ike_report_v2_proposals(b, in_b, SHOWN_OFFERS), SHOWN_OFFERS);
    unsigned fewest = G_MAXUINT;

    for (unsigned i = 0; i < n; i++)
        for (unsigned k = 0; k < m; k++)
            if (differences_v2(a, in_a[i], b, in_b[k]) < fewest) {
                fewest = differences_v2(a, in_a[i], b, in_b[k]);
                pair[0] = in_a[i];
                pair[1] = in_b[k];
            }
}

static void compare_offers(const ike_report *report, const ike_sa *sa, const ike_v2_offer *other,
                           const char *title)
{
    GString *a = g_string_new(NULL), *b = g_string_new(NULL);
    uint8_t pair[2] = { 1, 1 };

    closest_v2(sa->v2->offer, other, pair);
    g_string_printf(a, "offer %u", pair[0]);
    compared_row(report, "compared", "", a->str, title, "");
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        g_string_truncate(a, 0);
        g_string_truncate(b, 0);
        ike_report_v2_type(a, sa->v2->offer, pair[0], types[i].type);
        ike_report_v2_type(b, other, pair[1], types[i].type);
        if (a->len || b->len)
            compared_row(report, "", types[i].name, a->str, b->str,
                         has_in_common(sa->v2->offer, pair[0], other, pair[1], types[i].type) ? "" : "differs");
    }
    g_string_free(a, TRUE);
    g_string_free(b, TRUE);
}

/* The group that INVALID_KE_PAYLOAD asks for (RFC 7296 1.2). */
static void compare_group(const ike_report *report, const ike_sa *sa)
{
    GString *asked = g_string_new(NULL), *own = g_string_new(NULL);
    unsigned with_group = 1;
    char title[16];

    for (unsigned i = 0; i < ike_v2_offer_size(sa->v2->offer); i++)
        if (sa->v2->offer->transforms[i].type == IKE_TRANSFORM_KE &&
            sa->v2->offer->transforms[i].id == sa->v2->asked_group)
            with_group = sa->v2->offer->transforms[i].proposal;
    append_or_number(asked, ike_group_name(sa->v2->asked_group), "group", sa->v2->asked_group);
    ike_report_v2_type(own, sa->v2->offer, with_group, IKE_TRANSFORM_KE);
    g_snprintf(title, sizeof title, "offer %u", with_group);
    compared_row(report, "compared", "", title, "asked for by the responder", "");
    compared_row(report, "", "group", own->str, asked->str,
                 ike_v2_offer_has_group(sa->v2->offer, sa->v2->asked_group) ? "" : "differs");
    g_string_free(asked, TRUE);
    g_string_free(own, TRUE);
}

static void offers_v2(const ike_report *report, const ike_sa *sa)
{
    uint8_t numbers[SHOWN_OFFERS];
    const unsigned n = ike_report_v2_proposals(sa->v2->offer, numbers, SHOWN_OFFERS);
    GString *text = g_string_new(NULL), *proposal = g_string_new(NULL);

    for (unsigned i = 0; i < MIN(n, SHOWN_OFFERS); i++) {
        g_string_truncate(proposal, 0);
        ike_report_v2_proposal(proposal, sa->v2->offer, numbers[i]);
        g_string_printf(text, "%u: %s", numbers[i], proposal->str);
        ike_report_fact(report, i ? "" : "offered", text->str);
    }
    if (n > SHOWN_OFFERS) {
        g_string_printf(text, "and %u more", n - SHOWN_OFFERS);
        ike_report_fact(report, "", text->str);
    }
    g_string_free(text, TRUE);
    g_string_free(proposal, TRUE);
}

/* ---- what the other side wants ---- */

static bool has_offer(const ike_sa *sa)
{
    return sa->version == 2 ? sa->v2->offer != NULL : sa->offer != NULL;
}

static bool has_choice(const ike_sa *sa)
{
    return sa->version == 2 ? sa->v2->choice != NULL : sa->more->has_chosen;
}

static const ike_addr *address_of(const ike_sa *sa, ike_role role)
{
    const ike_endpoint *endpoint = ike_sa_endpoint_of(sa, ike_sa_side_of(sa, role));

    return endpoint ? &endpoint->addr : NULL;
}

static bool has_role(const ike_sa *sa, ike_role role, const ike_addr *addr)
{
    const ike_addr *own = address_of(sa, role);

    return own && addr && ike_addr_equal(own, addr);
}

/* The newest SA that shows what the responder of this one wants: one that it accepted as a responder, or for
 * which it made the offer. */
static const ike_sa *shows_wishes(const ike_report *report, const ike_sa *sa)
{
    const ike_list *sas = ike_tracker_sas(report->of.tracker);
    const ike_addr *initiator = address_of(sa, IKE_ROLE_INITIATOR), *responder = address_of(sa, IKE_ROLE_RESPONDER);
    const ike_sa *found = NULL;

    for (guint i = 0; i < sas->len; i++) {
        const ike_sa *other = sas->pdata[i];

        if (other == sa || other->version != sa->version || other->more->parent)
            continue;
        if ((has_choice(other) && has_role(other, IKE_ROLE_INITIATOR, initiator) &&
             has_role(other, IKE_ROLE_RESPONDER, responder)) ||
            (has_offer(other) && has_role(other, IKE_ROLE_INITIATOR, responder) &&
             has_role(other, IKE_ROLE_RESPONDER, initiator)))
            found = other;
    }
    return found;
}

static void compare_with_wishes(const ike_report *report, const ike_sa *sa)
{
    const ike_sa *other = shows_wishes(report, sa);
    const bool accepted = other && has_role(other, IKE_ROLE_RESPONDER, address_of(sa, IKE_ROLE_RESPONDER));
    char title[48];

    if (!other)
        return;
    g_snprintf(title, sizeof title, "responder, %s SA %u", accepted ? "chose in" : "offered in", other->number);
    if (sa->version == 2)
        compare_offers(report, sa, accepted ? other->v2->choice : other->v2->offer, title);
    else
        compare_transforms(report, sa, accepted ? &other->more->chosen : closest_of(other->offer, sa->offer), title);
}

/* ---- groups and key lengths ---- */

static void remark_group(const ike_report *report, const char *cipher, unsigned key_length, unsigned group)
{
    const unsigned bits = ike_group_strength(group);
    GString *text;

    if (!bits || bits * TOO_WEAK >= key_length)
        return;
    text = g_string_new(NULL);
    g_string_printf(text, "%s gives about %u bits, %s has %u (NIST SP 800-57 part 1, table 2)",
                    ike_group_name(group), bits, cipher, key_length);
    ike_report_fact(report, "strength", text->str);
    g_string_free(text, TRUE);
}

/* The only group of an offer, or NULL. */
static const ike_v2_transform *only_group(const ike_v2_offer *offer)
{
    const ike_v2_transform *first = ike_v2_offer_find(offer, IKE_TRANSFORM_KE);

    for (unsigned i = 0; first && i < ike_v2_offer_size(offer); i++)
        if (offer->transforms[i].type == IKE_TRANSFORM_KE && offer->transforms[i].id != first->id)
            return NULL;
    return first;
}

static void remark_groups(const ike_report *report, const ike_sa *sa)
{
    const ike_v2_transform *encryption = ike_v2_offer_find(sa->v2->offer, IKE_TRANSFORM_ENCR);
    const ike_v2_transform *group = only_group(sa->v2->offer);
    const char *name = encryption ? ike_v2_transform_name(encryption->type, encryption->id) : NULL;

    if (sa->version == 1 && sa->offer->n_transforms && ike_encryption_name(sa->offer->transforms[0].encryption))
        remark_group(report, ike_encryption_name(sa->offer->transforms[0].encryption),
                     sa->offer->transforms[0].key_length, sa->offer->transforms[0].group);
    else if (name && group)
        remark_group(report, name, encryption->key_length, group->id);
}

/* ---- all ---- */

/* A refusal of the first message for its proposal or its group. */
static bool is_refused_offer(const ike_sa *sa)
{
    const ike_finding *refused = ike_sa_finding(sa, IKE_DIAG_MM1_REJECT);
    const ike_record *r = refused && refused->note ? ike_note_record(refused->note) : NULL;

    return r && (r->rare->notify_error == IKE_NOTIFY_NO_PROPOSAL_CHOSEN ||
                 r->rare->notify_error == IKE_NOTIFY_INVALID_KEY_INFORMATION);
}

/* Findings that are about the proposal. */
static bool is_about_proposals(const ike_sa *sa)
{
    static const ike_diagnosis_id ids[] = { IKE_DIAG_INIT_NOPROP, IKE_DIAG_INIT_KE_LOOP, IKE_DIAG_MM2_NOREPLY,
                                            IKE_DIAG_MM2_REJECT, IKE_DIAG_MM3_BADKE, IKE_DIAG_MM2_BADCHOICE,
                                            IKE_DIAG_LIFE_MISMATCH };

    if (is_refused_offer(sa))
        return true;

    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
        if (ike_sa_finding(sa, ids[i]))
            return true;
    return false;
}

void ike_report_proposals(const ike_report *report, const ike_sa *sa)
{
    if (!has_offer(sa) || !is_about_proposals(sa))
        return;
    if (!has_choice(sa)) {
        if (sa->version == 2)
            offers_v2(report, sa);
        else
            offers_v1(report, sa);
        if (sa->version == 2 && sa->v2->invalid_ke)
            compare_group(report, sa);
        compare_with_wishes(report, sa);
        remark_groups(report, sa);
    } else if (sa->version == 2) {
        compare_offers(report, sa, sa->v2->choice, "chosen");
    } else {
        compare_transforms(report, sa, &sa->more->chosen, "chosen");
    }
}
