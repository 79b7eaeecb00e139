/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the reports say of an IKEv2 SA: its exchanges in words, and the parameters that IKE_SA_INIT
 * shows in clear.
 */
#include "ike_report.h"

/* ---- how far it came ---- */

const ike_record *ike_report_v2_proven(const ike_sa *sa)
{
    uint32_t newest[2] = { 0, 0 };

    for (guint i = 0; i < sa->records->len; i++) {
        const ike_record *r = sa->records->pdata[i];

        if (r->side != IKE_SIDE_NONE && r->copy == IKE_COPY_NONE && !r->is_reflection)
            newest[r->side] = r->note.frame;
    }
    for (guint i = sa->records->len; i > 0; i--) {
        const ike_record *r = sa->records->pdata[i - 1];

        if (ike_record_is_message(r) && r->side != IKE_SIDE_NONE && !r->is_outside &&
            ike_modes[r->label.mode].is_phase1 && newest[1 - r->side] > r->note.frame)
            return r;
    }
    return NULL;
}

/* Newest message of the first exchanges. */
static const ike_record *newest_message(const ike_sa *sa)
{
    for (guint i = sa->records->len; i > 0; i--) {
        const ike_record *r = sa->records->pdata[i - 1];

        if (ike_record_is_message(r) && !r->is_outside && ike_modes[r->label.mode].is_phase1)
            return r;
    }
    return NULL;
}

static const ike_record *error_after(const ike_sa *sa, const ike_record *after)
{
    for (guint i = 0; i < sa->records->len; i++) {
        const ike_record *r = sa->records->pdata[i];

        if (r->is_outside && r->note.frame > after->note.frame && r->side != after->side)
            return r;
    }
    return NULL;
}

void ike_report_v2_owed(GString *out, const ike_sa *sa)
{
    static const char *const words[] = { "the other side", "the initiator", "the responder" };
    const ike_record *r = newest_message(sa);

    const ike_record *error;

    if (!r || r->waiting_for.mode == IKE_MODE_NONE || r->response || r->side == IKE_SIDE_NONE)
        return;
    ike_label_append(out, r->waiting_for);
    g_string_append_printf(out, " by %s: ", words[ike_sa_role(sa, ike_side_other(r->side))]);
    error = error_after(sa, r);
    if (sa->sides[ike_side_other(r->side)].newest_piece_frame > r->note.frame)
        g_string_append(out, "only pieces of it came");
    else if (error)
        g_string_append_printf(out, "an error in clear came instead (frame %u)", error->note.frame);
    else
        ike_record_append_sends(out, r);
}

void ike_report_v2_newest(GString *out, const ike_sa *sa)
{
    const ike_record *r = newest_message(sa);

    if (r)
        ike_label_append(out, r->label);
}

/* ---- its course ---- */

/* How many exchanges of a mode there are, and the frames of the first and last message. */
typedef struct tally {
    unsigned n, answered;
    uint32_t first, last;
} tally;

static void add_exchange(tally *sum, const ike_exchange *exchange)
{
    const GPtrArray *records = exchange->records;

    if (records->len == 0)
        return;
    if (sum->n++ == 0)
        sum->first = ((const ike_record *)records->pdata[0])->note.frame;
    sum->last = ((const ike_record *)records->pdata[records->len - 1])->note.frame;
    sum->answered += exchange->slot[IKE_RESPONSE] != NULL;
}

static tally tally_of(const ike_sa *sa, ike_mode mode)
{
    tally sum = { 0 };

    if (sa->phase1->mode == mode)
        add_exchange(&sum, sa->phase1);
    for (guint i = 0; i < sa->exchanges->len; i++)
        if (((const ike_exchange *)sa->exchanges->pdata[i])->mode == mode)
            add_exchange(&sum, sa->exchanges->pdata[i]);
    return sum;
}

static void append_frames(GString *out, const tally *sum)
{
    if (sum->first == sum->last)
        g_string_append_printf(out, ", frame %u", sum->first);
    else
        g_string_append_printf(out, ", frames %u-%u", sum->first, sum->last);
}

/* "IKE_SA_INIT (2 attempts), IKE_AUTH (5 rounds), frames 1-12" */
void ike_report_v2_course(GString *out, const ike_sa *sa)
{
    static const struct {
        ike_mode mode;
        const char *many;
    } parts[] = {
        { IKE_MODE_V2_RESUME, "attempts" },      { IKE_MODE_V2_SA_INIT, "attempts" },
        { IKE_MODE_V2_INTERMEDIATE, "rounds" },  { IKE_MODE_V2_AUTH, "rounds" },
    };
    tally all = { 0 };

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        const tally sum = tally_of(sa, parts[i].mode);
        const unsigned times = ike_modes[parts[i].mode].exchange == IKE_XCHG_V2_SA_INIT
                                   ? sa->v2.attempts : sum.n;

        if (sum.n == 0)
            continue;
        g_string_append_printf(out, "%s%s", out->len ? ", " : "", ike_modes[parts[i].mode].name);
        if (times > 1)
            g_string_append_printf(out, " (%u %s)", times, parts[i].many);
        all.first = all.n++ ? MIN(all.first, sum.first) : sum.first;
        all.last = MAX(all.last, sum.last);
    }
    if (all.n)
        append_frames(out, &all);
}

/* "CREATE_CHILD_SA x3 (1 not answered), frames 20-31" */
static void append_later(GString *out, const ike_sa *sa, ike_mode mode)
{
    const tally sum = tally_of(sa, mode);

    if (sum.n == 0)
        return;
    g_string_append_printf(out, "%s%s", out->len ? "; " : "", ike_modes[mode].name);
    if (sum.n > 1)
        g_string_append_printf(out, " x%u", sum.n);
    if (sum.answered < sum.n)
        g_string_append_printf(out, " (%u not answered)", sum.n - sum.answered);
    append_frames(out, &sum);
}

void ike_report_v2_later(GString *out, const ike_sa *sa)
{
    append_later(out, sa, IKE_MODE_V2_CREATE_CHILD);
    append_later(out, sa, IKE_MODE_V2_FOLLOWUP_KE);
    append_later(out, sa, IKE_MODE_V2_INFO);
}

/* ---- parameters ---- */

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

/* All transforms of a type; several are alternatives. */
static void append_type(GString *out, const ike_v2_offer *offer, unsigned proposal, unsigned type)
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
        append_type(out, offer, proposal, order[i]);
    for (unsigned type = IKE_TRANSFORM_ADDKE1; type <= IKE_TRANSFORM_ADDKE7; type++)
        append_type(out, offer, proposal, type);
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
            g_string_append_printf(out, "%s%s", n++ ? " " : "signature hashes ",
                                   ike_signature_hash_name(i));
}

void ike_report_v2_supports(GString *out, const ike_sa *sa, ike_side side)
{
    const ike_v2_side *v2 = &sa->v2.sides[side];

    if (!v2->is_seen) {
        g_string_append(out, side != sa->initiator && sa->phase1->slot[IKE_RESPONSE]
                                 ? "nothing: it challenges or refuses" : "not captured");
        return;
    }
    if (sa->sides[side].natd.seen)
        g_string_append(out, "NAT detection");
    for (size_t i = 0; i < G_N_ELEMENTS(supports_names); i++)
        if (v2->supports & supports_names[i].bit)
            g_string_append_printf(out, "%s%s", out->len ? ", " : "", supports_names[i].name);
    if (v2->supports & IKE_V2_HASHES) {
        if (out->len)
            g_string_append(out, ", ");
        append_hashes(out, v2->hashes);
    }
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
