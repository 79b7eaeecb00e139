/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The course of an SA in words: the exchanges that make it, those that came later, and what became of
 * its Quick Modes and Child SAs.
 */
#include "ike_report.h"

/* ---- exchanges of a kind ---- */

/* How many exchanges of a mode there are, and the frames of the first and last message. */
typedef struct tally {
    unsigned n, answered;
    uint32_t first, last;
} tally;

static void add_frames(tally *sum, uint32_t first, uint32_t last)
{
    sum->first = sum->n++ ? MIN(sum->first, first) : first;
    sum->last = MAX(sum->last, last);
}

static void add_exchange(tally *sum, const ike_exchange *exchange)
{
    const ike_list *records = &exchange->records;

    if (records->len == 0)
        return;
    add_frames(sum, ((const ike_record *)records->pdata[0])->note.frame,
               ((const ike_record *)records->pdata[records->len - 1])->note.frame);
    sum->answered += ike_exchange_slot(exchange, IKE_RESPONSE) != NULL;
}

/* Informationals of IKEv1 are no exchanges: each stands alone (RFC 2409 5.7). */
static void add_infos(tally *sum, const ike_list *infos)
{
    for (guint i = 0; i < infos->len; i++) {
        const ike_record *r = infos->pdata[i];

        if (r->label.mode == IKE_MODE_INFO && !r->is_outside)
            add_frames(sum, r->note.frame, r->note.frame);
    }
}

static tally tally_of(const ike_sa *sa, ike_mode mode)
{
    tally sum = { 0 };

    if (sa->phase1->mode == mode)
        add_exchange(&sum, sa->phase1);
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        if (((const ike_exchange *)sa->more->exchanges.pdata[i])->mode == mode)
            add_exchange(&sum, sa->more->exchanges.pdata[i]);
    for (int side = 0; side < 2 && mode == IKE_MODE_INFO; side++)
        add_infos(&sum, &sa->more->infos[side]);
    return sum;
}

/* ---- the exchanges that make the SA ---- */

/* "IKE_SA_INIT (2 attempts), IKE_AUTH (5 rounds), frames 1-12" */
static void append_course_v2(GString *out, const ike_sa *sa)
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
                                   ? sa->v2->attempts : sum.n;

        if (sum.n == 0)
            continue;
        g_string_append_printf(out, "%s%s", out->len ? ", " : "", ike_modes[parts[i].mode].name);
        if (times > 1)
            g_string_append_printf(out, " (%u %s)", times, parts[i].many);
        add_frames(&all, sum.first, sum.last);
    }
    if (all.n)
        ike_report_frames(out, ", ", all.first, all.last);
}

static const ike_record *lowest_slot(const ike_exchange *exchange)
{
    for (unsigned i = 1; i <= exchange->highest; i++)
        if (ike_exchange_slot(exchange, i))
            return ike_exchange_slot(exchange, i);
    return NULL;
}

/* The sender of the newest message may have become open again, and its slot with it. */
static const ike_record *highest_slot(const ike_exchange *exchange)
{
    for (unsigned i = exchange->highest; i > 0; i--)
        if (ike_exchange_slot(exchange, i))
            return ike_exchange_slot(exchange, i);
    return NULL;
}

/* "MM1 to MM6, frames 1-8"; a merge may bring them in another order. */
static void append_messages(GString *out, const ike_exchange *exchange)
{
    const ike_record *first = lowest_slot(exchange), *last = highest_slot(exchange);
    tally sum = { 0 };

    if (!first)
        return;
    for (unsigned i = 1; i <= exchange->highest; i++)
        if (ike_exchange_slot(exchange, i))
            add_frames(&sum, ike_exchange_slot(exchange, i)->note.frame, ike_exchange_slot(exchange, i)->note.frame);
    ike_label_append(out, first->label);
    if (last != first) {
        g_string_append(out, " to ");
        ike_label_append(out, last->label);
    }
    ike_report_frames(out, ", ", sum.first, sum.last);
}

void ike_report_course(GString *out, const ike_sa *sa)
{
    if (sa->version == 2)
        append_course_v2(out, sa);
    else
        append_messages(out, sa->phase1);
}

void ike_report_exchange(GString *out, const ike_sa *sa)
{
    const ike_mode mode = sa->phase1->mode;
    tally sum = { 0 };

    if (sa->version == 2 && !sa->more->parent)
        append_course_v2(out, sa);
    if (out->len)
        return;
    if (sa->more->parent)
        g_string_append_printf(out, "CREATE_CHILD_SA of SA %u", sa->more->parent->number);
    else
        g_string_append(out, mode == IKE_MODE_NONE ? "not captured" : ike_modes[mode].name);
    if (!sa->more->parent && mode != IKE_MODE_AUTHIP_MAIN)
        g_string_append_printf(out, " (IKEv%u)", sa->version);
    if (!sa->more->parent)
        add_exchange(&sum, sa->phase1);
    else
        add_exchange(&sum, sa->more->made_by);
    if (sum.n)
        ike_report_frames(out, ", ", sum.first, sum.last);
}

/* ---- what came later ---- */

static const ike_mode later_modes[] = {
    IKE_MODE_TRANSACTION,     IKE_MODE_NEW_GROUP,      IKE_MODE_AUTHIP_EXTENDED,
    IKE_MODE_AUTHIP_NOTIFY,   IKE_MODE_INFO,           IKE_MODE_V2_CREATE_CHILD,
    IKE_MODE_V2_FOLLOWUP_KE,  IKE_MODE_V2_INFO,
};

/* "CREATE_CHILD_SA x3 (1 without a response in the capture), frames 20-31" */
static void append_later(GString *out, const ike_sa *sa, ike_mode mode)
{
    const tally sum = tally_of(sa, mode);

    if (sum.n == 0)
        return;
    g_string_append_printf(out, "%s%s", out->len ? "; " : "", ike_modes[mode].name);
    if (sum.n > 1)
        g_string_append_printf(out, " x%u", sum.n);
    if (ike_modes[mode].version == 2 && sum.answered < sum.n && !ike_sa_finding(sa, IKE_DIAG_ONEWAY_CAPTURE))
        g_string_append_printf(out, " (%u without a response in the capture)", sum.n - sum.answered);
    ike_report_frames(out, ", ", sum.first, sum.last);
}

void ike_report_later(GString *out, const ike_sa *sa)
{
    for (size_t i = 0; i < G_N_ELEMENTS(later_modes); i++)
        append_later(out, sa, later_modes[i]);
}

/* ---- Quick Modes and Child SAs ---- */

void ike_report_child(GString *out, const ike_exchange *exchange)
{
    GString *networks = g_string_new(NULL);

    ike_report_selectors(networks, exchange);
    append_messages(out, exchange);
    if (out->len)
        g_string_append_printf(out, ", message ID %08x%s%s: %s", exchange->message_id, networks->len ? ", " : "",
                               networks->str, ike_child_state_word(exchange));
    g_string_free(networks, TRUE);
}
