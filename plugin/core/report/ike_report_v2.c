/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the reports say of an IKEv2 SA: the parameters that IKE_SA_INIT shows in clear.
 */
#include "ike_report.h"

static void append_transform(GString *out, const ike_v2_transform *t)
{
    const char *name = ike_v2_transform_name(t->type, t->id);

    if (name)
        g_string_append(out, name);
    else
        g_string_append_printf(out, "transform %u of type %u", t->id, t->type);
    if (t->key_length)
        g_string_append_printf(out, "-%u", t->key_length);
}

void ike_report_v2_type(GString *out, const ike_v2_offer *offer, unsigned proposal, unsigned type)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ike_v2_offer_size(offer); i++) {
        const ike_v2_transform *t = &offer->transforms[i];

        if (t->type != type || t->proposal != proposal)
            continue;
        g_string_append(out, n++ ? " or " : out->len ? " / " : "");
        append_transform(out, t);
    }
}

void ike_report_v2_proposal(GString *out, const ike_v2_offer *offer, unsigned proposal)
{
    static const uint8_t order[] = { IKE_TRANSFORM_ENCR, IKE_TRANSFORM_INTEG, IKE_TRANSFORM_PRF,
                                     IKE_TRANSFORM_KE };

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        ike_report_v2_type(out, offer, proposal, order[i]);
    for (unsigned type = IKE_TRANSFORM_ADDKE1; type <= IKE_TRANSFORM_ADDKE7; type++)
        ike_report_v2_type(out, offer, proposal, type);
}

unsigned ike_report_v2_proposals(const ike_v2_offer *offer, uint8_t *numbers, unsigned max)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ike_v2_offer_size(offer); i++) {
        const uint8_t number = offer->transforms[i].proposal;

        if (i > 0 && offer->transforms[i - 1].proposal == number)
            continue;
        if (n < max)
            numbers[n] = number;
        n++;
    }
    return n;
}

static const struct {
    uint8_t bit;
    const char *name;
} supports_names[] = {
    { IKE_V2_FRAGMENTATION, "fragmentation" },
    { IKE_V2_INTERMEDIATE, "IKE_INTERMEDIATE" },
    { IKE_V2_REDIRECT, "redirect" },
    { IKE_V2_CHILDLESS, "childless" },
    { IKE_V2_MULTIPLE_AUTH, "multiple authentication" },
    { IKE_V2_PPK, "post-quantum preshared keys" },
};

static void append_hashes(GString *out, uint8_t hashes)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 8; i++)
        if (hashes & 1u << i && ike_signature_hash_name(i))
            g_string_append_printf(out, "%s%s", n++ ? " " : out->len ? ", signature hashes " : "signature hashes ",
                                   ike_signature_hash_name(i));
}

void ike_report_v2_supports(GString *out, const ike_sa *sa, ike_side side)
{
    const ike_v2_side *v2 = &sa->v2->sides[side];

    if (!v2->is_seen) {
        g_string_append(out, side != sa->initiator && ike_exchange_slot(sa->phase1, IKE_RESPONSE)
                                 ? "nothing: it challenges or refuses" : "not captured");
        return;
    }
    if (sa->sides[side].more->natd.seen)
        g_string_append(out, "NAT detection");
    for (size_t i = 0; i < G_N_ELEMENTS(supports_names); i++)
        if (v2->supports & supports_names[i].bit)
            g_string_append_printf(out, "%s%s", out->len ? ", " : "", supports_names[i].name);
    if (v2->supports & IKE_V2_HASHES)
        append_hashes(out, v2->hashes);
    if (v2->group) {
        g_string_append(out, out->len ? ", public value of " : "public value of ");
        if (ike_group_name(v2->group))
            g_string_append(out, ike_group_name(v2->group));
        else
            g_string_append_printf(out, "group %u", v2->group);
    }
    if (out->len == 0)
        g_string_append_c(out, '-');
}
