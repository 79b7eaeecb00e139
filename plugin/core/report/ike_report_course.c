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

const ike_record *ike_sa_establishment(const ike_sa *sa)
{
    const bool came_up = sa->state >= IKE_STATE_PROBABLY_ESTABLISHED && sa->state <= IKE_STATE_REKEYED;

    if (!came_up || sa->is_failed)
        return NULL;
    if (sa->more->parent)
        return ike_exchange_slot(sa->more->made_by, IKE_RESPONSE);
    if (sa->is_joined)
        return NULL;
    return sa->more->established ? sa->more->established : ike_exchange_slot(sa->phase1, sa->phase1->highest);
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

/* True when packets of an IPsec SA that the exchange is taken to have made come from this side. */
static bool has_packets(const ike_exchange *exchange, ike_side from)
{
    return from != IKE_SIDE_NONE && exchange->more->flow[from] && exchange->more->flow[from]->first;
}

/* A message came after which none must follow. */
static bool is_complete(const ike_exchange *exchange)
{
    for (unsigned i = 1; i <= exchange->highest; i++) {
        const ike_step *step = ike_exchange_slot(exchange, i) ? ike_step_find(ike_exchange_slot(exchange, i)->label) : NULL;

        if (step && !step->next)
            return true;
    }
    return false;
}

/* Keys or clear words say that it failed. */
static bool is_refused(const ike_exchange *exchange)
{
    return exchange->more->failed_by != IKE_DIAG_NONE && exchange->more->failed_known == IKE_OBSERVED;
}

/* With the commit bit the responder does not use its SA before it has sent CONNECTED (RFC 2408 3.1). */
static ike_child_state state_v1(const ike_exchange *exchange)
{
    if (is_refused(exchange))
        return IKE_CHILD_FAILED;
    if (!is_complete(exchange))
        return exchange->opener == IKE_SIDE_NONE ? IKE_CHILD_UNKNOWN_START : IKE_CHILD_UNFINISHED;
    if (exchange->commit && !ike_exchange_slot(exchange, 4) &&
        !has_packets(exchange, ike_side_other(exchange->opener)))
        return IKE_CHILD_NOT_CONNECTED;
    return IKE_CHILD_ESTABLISHED;
}

/* A response to IKE_AUTH that is too small for identity, proof, proposal and traffic selectors made no Child SA
 * (RFC 7296 1.2, RFC 6023). How long one in IKE fragments is does not show. */
static bool has_no_room(const ike_exchange *end)
{
    const ike_record *r = ike_exchange_slot(end, IKE_RESPONSE);

    return r->inside != IKE_PL_V2_EAP && r->fragment != IKE_FRAGMENT_V2 &&
           r->length < ike_v2_smallest_child(end->sa->v2->choice, r->label.number == 1);
}

static ike_child_state state_by_keys(const ike_record *answer, const ike_exchange *exchange)
{
    if (answer->told & IKE_TOLD_PROPOSAL)
        return ike_child_makes_ike_sa(exchange) ? IKE_CHILD_IS_IKE_SA : IKE_CHILD_ESTABLISHED;
    return answer->told & IKE_TOLD_EAP || answer->label.mode == IKE_MODE_V2_FOLLOWUP_KE ? IKE_CHILD_UNFINISHED
                                                                                         : IKE_CHILD_NOT_MADE;
}

/* What IKE_AUTH and CREATE_CHILD_SA made, or refused, is encrypted: only keys or its packets tell. */
static ike_child_state state_v2(const ike_exchange *exchange)
{
    const ike_exchange *end = ike_exchange_end(exchange);
    const bool is_first = exchange->mode == IKE_MODE_V2_AUTH;

    if (exchange->more->rekeyed_to)
        return IKE_CHILD_IS_IKE_SA;
    if (is_refused(exchange))
        return IKE_CHILD_FAILED;
    if (has_packets(end, IKE_SIDE_A) || has_packets(end, IKE_SIDE_B))
        return IKE_CHILD_ESTABLISHED;
    if (is_first && exchange->sa->is_failed)
        return IKE_CHILD_FAILED;
    if (!ike_exchange_slot(end, IKE_RESPONSE) ||
        (is_first && exchange->sa->state < IKE_STATE_PROBABLY_ESTABLISHED))
        return IKE_CHILD_UNFINISHED;
    if (ike_exchange_slot(end, IKE_RESPONSE)->is_decrypted)
        return state_by_keys(ike_exchange_slot(end, IKE_RESPONSE), exchange);
    return is_first && has_no_room(end) ? IKE_CHILD_NOT_MADE : IKE_CHILD_ANSWERED;
}

ike_child_state ike_child_state_of(const ike_exchange *exchange)
{
    return exchange->sa->version == 2 ? state_v2(exchange) : state_v1(exchange);
}

bool ike_child_is_up(const ike_exchange *child)
{
    const ike_child_state state = ike_child_state_of(child);

    return child->leads_child && (state == IKE_CHILD_ESTABLISHED || state == IKE_CHILD_ANSWERED) &&
           child->more->failed_by == IKE_DIAG_NONE;
}

const char *ike_child_state_word(const ike_exchange *child)
{
    return ike_child_is_up(child) && ike_child_deleted(child) ? "deleted"
                                                              : ike_child_state_name(ike_child_state_of(child));
}

const char *ike_child_state_name(ike_child_state state)
{
    static const char *const names[] = {
        [IKE_CHILD_UNKNOWN_START] = "unknown start", [IKE_CHILD_UNFINISHED] = "unfinished",
        [IKE_CHILD_NOT_CONNECTED] = "not connected", [IKE_CHILD_ESTABLISHED] = "established",
        [IKE_CHILD_ANSWERED] = "answered",           [IKE_CHILD_FAILED] = "failed",
        [IKE_CHILD_NOT_MADE] = "not made",
        [IKE_CHILD_IS_IKE_SA] = "IKE SA rekey",
    };

    return names[state];
}

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
