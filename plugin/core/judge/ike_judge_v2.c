/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conclusions about IKEv2 SAs: refusals and challenges of the first exchange, gaps, errors outside an SA, SAs that are
 * redundant. RFC 7296 2.
 */
#include "ike_judge.h"

#define LOOP_OF_COOKIES 3 /* a second challenge is legal (RFC 7296 2.6) */
#define LOOP_OF_GROUPS 2
#define BOTH_ALIVE (60 * IKE_SECOND)

bool ike_v2_is_implied(const ike_exchange *exchange, const ike_record *request)
{
    const ike_sa *sa = exchange->sa;

    if (exchange == sa->phase1)
        return sa->more->exchanges.len > 0 ||
               (!request->label.is_response && sa->tracked_state >= IKE_STATE_CHOSEN);
    if (exchange->opener != IKE_SIDE_NONE &&
        sa->v2->sides[exchange->opener].highest_id > request->message_id)
        return true;
    if (exchange->mode == IKE_MODE_V2_AUTH && ike_judge_is_followed_by_esp(sa, request))
        return true;
    return ike_modes[exchange->mode].is_phase1 && sa->v2->is_used;
}

/* ---- the first exchange ---- */

/* RFC 7296 2.21.1: nothing there is authenticated, so a refusal counts only when the other side
 * believed it. */
static bool went_on(const ike_sa *sa)
{
    return sa->tracked_state >= IKE_STATE_CHOSEN;
}

static void judge_refusal(ike_tracker *t, ike_sa *sa)
{
    static const struct {
        uint16_t notify; /* 0: any */
        ike_diagnosis_id id;
    } rows[] = {
        { IKE_NOTIFY_V2_NO_PROPOSAL_CHOSEN, IKE_DIAG_INIT_NOPROP },
        { IKE_NOTIFY_V2_INVALID_MAJOR_VERSION, IKE_DIAG_MM_VERSION },
        { 0, IKE_DIAG_INIT_REJECT },
    };
    ike_record *r = sa->v2->refusal;
    size_t i = 0;

    if (!r)
        return;
    while (rows[i].notify && rows[i].notify != r->rare->notify_error)
        i++;
    ike_raise(t, sa, rows[i].id, &r->note, went_on(sa) ? IKE_SEVERITY_WARN : IKE_SEVERITY_NONE,
              "answered by %s (unauthenticated)%s", r->rare->notify,
              went_on(sa) ? ", but the negotiation goes on" : "");
    if (!went_on(sa))
        ike_sa_fail(sa);
}

static void judge_groups(ike_tracker *t, ike_sa *sa)
{
    const ike_v2 *v2 = sa->v2;
    const bool loop = !went_on(sa) && (v2->invalid_kes >= LOOP_OF_GROUPS || v2->asked_unoffered ||
                                       v2->kept_group);
    GString *text;

    if (!v2->invalid_ke)
        return;
    text = g_string_new("the responder asks for ");
    ike_group_append(text, v2->asked_group);
    if (loop && v2->asked_unoffered)
        g_string_append(text, ", which was not offered");
    else if (loop && v2->kept_group)
        g_string_append(text, ", and the initiator does not follow");
    if (v2->invalid_kes > 1)
        g_string_append_printf(text, " (%u times)", v2->invalid_kes);
    ike_raise(t, sa, loop ? IKE_DIAG_INIT_KE_LOOP : IKE_DIAG_INIT_KE, &v2->invalid_ke->note,
              IKE_SEVERITY_NONE, "%s", text->str);
    if (loop)
        ike_sa_fail(sa);
    g_string_free(text, TRUE);
}

static void judge_cookies(ike_tracker *t, ike_sa *sa)
{
    const ike_v2 *v2 = sa->v2;
    const bool loop = !went_on(sa) && v2->cookies >= LOOP_OF_COOKIES;
    const char *hint = "";

    if (!v2->challenge)
        return;
    if (v2->moved_port)
        hint = "; the tries come from different ports or addresses: a NAT changes them";
    else if (v2->kept_cookie)
        hint = "; the initiator does not return it as its first payload";
    if (loop)
        ike_raise(t, sa, IKE_DIAG_INIT_COOKIE_LOOP, &v2->challenge->note, IKE_SEVERITY_NONE,
                  "%u tries are all answered by a COOKIE%s", v2->cookies, hint);
    else
        ike_raise(t, sa, IKE_DIAG_INIT_COOKIE, &v2->challenge->note, IKE_SEVERITY_NONE,
                  "%u %s answered by a COOKIE", v2->cookies, v2->cookies == 1 ? "try was" : "tries were");
    if (loop)
        ike_sa_fail(sa);
}

static void judge_first_exchange(ike_tracker *t, ike_sa *sa)
{
    const ike_v2 *v2 = sa->v2;

    judge_refusal(t, sa);
    judge_groups(t, sa);
    judge_cookies(t, sa);
    if (v2->redirect)
        ike_raise(t, sa, IKE_DIAG_INIT_REDIRECT, &v2->redirect->note, IKE_SEVERITY_NONE,
                  "redirected to %s (unauthenticated)", v2->gateway);
    if (v2->nack)
        ike_raise(t, sa, IKE_DIAG_RESUME_NACK, &v2->nack->note, IKE_SEVERITY_NONE,
                  "the ticket is not accepted (unauthenticated)");
    if (!sa->is_failed)
        ike_judge_standstill_v2(t, sa);
}

/* ---- gaps ---- */

static void judge_gap(ike_tracker *t, const ike_exchange *exchange)
{
    ike_record *request = ike_exchange_slot(exchange, IKE_REQUEST);

    if (request && !request->response && request->note.sa == exchange->sa &&
        ike_v2_is_implied(exchange, request))
        ike_raise(t, exchange->sa, IKE_DIAG_NOT_CAPTURED, &request->note, IKE_SEVERITY_NONE,
                  "the response with message ID %u must have been sent, but is not in the capture",
                  request->message_id);
}

static void judge_gaps(ike_tracker *t, ike_sa *sa)
{
    if (ike_judge_is_oneway(t, sa))
        return;
    judge_gap(t, sa->phase1);
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        judge_gap(t, sa->more->exchanges.pdata[i]);
}

void ike_judge_sa_v2(ike_tracker *t, ike_sa *sa)
{
    judge_first_exchange(t, sa);
    ike_judge_auth_v2(t, sa);
    judge_gaps(t, sa);
}

/* ---- errors outside an SA ---- */

/* `notify`, 0: any error; `exchange` it names, 0: any. The first row that fits counts. */
static const struct outside_row {
    uint8_t version;
    uint16_t notify;
    uint8_t exchange;
    ike_diagnosis_id id;
    const char *text;
    bool fails; /* the negotiation, when it stops */
} outside_rows[] = {
    { 2, IKE_NOTIFY_V2_INVALID_IKE_SPI, 0, IKE_DIAG_COOKIE_INVALID,
      "the peer does not know this pair of SPIs", false },
    { 2, IKE_NOTIFY_V2_INVALID_SPI, 0, IKE_DIAG_SPI_INVALID,
      "the peer does not know the SPI of an ESP or AH packet", false },
    { 2, IKE_NOTIFY_V2_INVALID_MAJOR_VERSION, 0, IKE_DIAG_MM_VERSION,
      "the peer does not speak this version of IKE", true },
    { 2, IKE_NOTIFY_V2_AUTHENTICATION_FAILED, IKE_XCHG_V2_AUTH, IKE_DIAG_AUTH_FAILED,
      "IKE_AUTH was answered in clear", true },
    { 2, 0, IKE_XCHG_V2_AUTH, IKE_DIAG_AUTH_SMALL, "IKE_AUTH was answered in clear", true },
};

static const struct outside_row *row_of(const ike_record *r)
{
    for (size_t i = 0; i < G_N_ELEMENTS(outside_rows); i++)
        if (outside_rows[i].version == r->version && r->rare->notify_error &&
            (!outside_rows[i].notify || outside_rows[i].notify == r->rare->notify_error) &&
            (!outside_rows[i].exchange || outside_rows[i].exchange == r->exchange_type))
            return &outside_rows[i];
    return NULL;
}

/* A peer that answers in the other version does not speak this one. */
static const struct outside_row other_version = {
    0, 0, 0, IKE_DIAG_MM_VERSION, "the peer answers in another version of IKE", true,
};

static ike_severity row_lesser(const struct outside_row *row)
{
    return ike_diagnosis_get(row->id)->lesser;
}

/* The request that an error answers by its message ID (RFC 7296 2.21.4), or NULL. */
static const ike_record *refused_request(const ike_sa *sa, const ike_record *r)
{
    const ike_exchange *exchange;

    if (r->side == IKE_SIDE_NONE || sa->initiator == IKE_SIDE_NONE)
        return NULL;
    exchange = ike_v2_exchange_of(sa, ike_side_other(r->side), r->message_id);
    return exchange ? ike_exchange_slot(exchange, IKE_REQUEST) : NULL;
}

/* A peer that has deleted the SA does not know it any more: its answer to the delete was lost, and the
 * delete comes again, or the SA was rekeyed and both sides delete the old one. */
static bool was_deleted(const ike_sa *sa, const ike_record *r)
{
    const ike_record *request = refused_request(sa, r);

    if (r->rare->notify_error != IKE_NOTIFY_V2_INVALID_IKE_SPI)
        return false;
    return sa->more->rekeyed_to ||
           (request && request->response && request->response->note.frame < r->note.frame);
}

static void judge_error(ike_tracker *t, ike_sa *sa, ike_record *r)
{
    const struct outside_row *row =
        r->version != sa->version && r->rare->notify_error ? &other_version : row_of(r);
    const bool is_last = ike_judge_ends_after(sa, r), stops = is_last && !was_deleted(sa, r);
    GString *text;

    if (!row || (!stops && row_lesser(row) == IKE_SEVERITY_NONE))
        return;
    text = g_string_new(stops ? "" : is_last ? "; it was deleted or rekeyed" : "; the SA goes on");
    if (stops && row->id == IKE_DIAG_COOKIE_INVALID)
        ike_judge_append_other_node(text, ike_exchange_slot(sa->phase1, IKE_RESPONSE), r);
    ike_raise(t, sa, row->id, &r->note, stops ? IKE_SEVERITY_NONE : row_lesser(row), "%s: %s (unauthenticated)%s",
              row->text, r->rare->notify, text->str);
    g_string_free(text, TRUE);
    if (stops && (row->fails || row->id == IKE_DIAG_COOKIE_INVALID))
        ike_sa_fail(sa);
}

void ike_judge_outside(ike_tracker *t, ike_sa *sa)
{
    for (guint i = 0; i < sa->records.len; i++) {
        ike_record *r = sa->records.pdata[i];

        if (r->is_outside && r->copy == IKE_COPY_NONE)
            judge_error(t, sa, r);
    }
}

/* Messages of the SA may come later than the error, and so may ESP of its sender. */
static bool goes_on_later(const ike_tracker *t, const ike_record *r)
{
    const ike_message m = { .spi_i = ike_record_spi_i(r), .spi_r = ike_record_spi_r(r), .version = r->version };
    const ike_sa *sa = ike_lookup_known(t, &m, ike_record_src(r), ike_record_dst(r));

    return (sa && !ike_judge_ends_after(sa, r)) || (r->rare->unknown_spi && ike_judge_sends_on(t, r));
}

static void judge_orphan(ike_tracker *t, ike_record *r, const struct outside_row *row)
{
    const ike_flow *refused = ike_judge_refused_flow(t, r);
    GString *text = g_string_new(row->text);

    g_string_append_printf(text, ": %s from ", r->rare->notify);
    ike_addr_append(text, &ike_record_src(r)->addr);
    g_string_append(text, " to ");
    ike_addr_append(text, &ike_record_dst(r)->addr);
    if (r->rare->unknown_spi)
        g_string_append_printf(text, ", SPI %08x", r->rare->unknown_spi);
    ike_raise(t, refused ? refused->sa : NULL, row->id, &r->note,
              goes_on_later(t, r) ? row_lesser(row) : IKE_SEVERITY_NONE,
              "%s (unauthenticated)", text->str);
    g_string_free(text, TRUE);
}

void ike_judge_orphans(ike_tracker *t)
{
    for (guint i = 0; i < t->outside.len; i++) {
        ike_record *r = t->outside.pdata[i];
        const struct outside_row *row = row_of(r);

        if (row && !row->fails)
            judge_orphan(t, r, row);
    }
}

/* ---- redundant SAs ---- */

static bool may_be_redundant(const ike_sa *sa)
{
    return sa->version == 2 && sa->state >= IKE_STATE_PROBABLY_ESTABLISHED &&
           sa->state <= IKE_STATE_ESTABLISHED && !sa->is_failed && !sa->more->parent &&
           sa->initiator != IKE_SIDE_NONE && !ike_sa_has_natted(sa);
}

/* Newest message of the SA: what ESP shows belongs to its Child SAs. */
static ike_time newest_message(const ike_sa *sa)
{
    ike_time newest = sa->first_time;

    for (int side = 0; side < 2; side++)
        if (sa->sides[side].newest)
            newest = MAX(newest, sa->sides[side].newest->note.time);
    return newest;
}

static bool has_same_ends(const ike_sa *a, const ike_sa *b)
{
    for (int side = 0; side < 2; side++) {
        const ike_endpoint *x = &a->sides[a->initiator].endpoints[0];
        const ike_endpoint *y = &a->sides[1 - a->initiator].endpoints[0];

        if (ike_endpoint_equal(x, &b->sides[side].endpoints[0]) &&
            ike_endpoint_equal(y, &b->sides[1 - side].endpoints[0]))
            return true;
    }
    return false;
}

void ike_judge_redundant(ike_tracker *t, const ike_list *list)
{
    const ike_sa *before = NULL;

    for (guint i = 0; i < list->len; i++) {
        ike_sa *sa = list->pdata[i];

        if (!may_be_redundant(sa))
            continue;
        if (before && has_same_ends(before, sa) &&
            MIN(newest_message(before), newest_message(sa)) - MAX(before->first_time, sa->first_time) >
                BOTH_ALIVE)
            ike_raise(t, sa, IKE_DIAG_REDUNDANT_SA, ike_judge_first_note(sa), IKE_SEVERITY_NONE,
                      "SA %u of the same hosts and ports is alive as well", before->number);
        before = sa;
    }
}
