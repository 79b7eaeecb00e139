/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * XAUTH and Mode-Config that no Quick Mode follows.
 */
#include "ike_judge.h"

#define XAUTH_PATIENCE (30 * IKE_SECOND)
#define LONGEST_AAA (120 * IKE_SECOND) /* until a gateway gives up its AAA server, and the client */
#define TEARDOWN (5 * IKE_SECOND)

/* What an SA has of exchanges between phase 1 and Quick Mode, and whether that began. */
typedef struct transactions {
    unsigned pairs;               /* requests that were answered */
    const ike_exchange *answered; /* the first of them, or NULL */
    ike_record *newest;           /* message, or NULL */
    bool has_quick_mode;
} transactions;

static void add_transaction(transactions *all, const ike_exchange *exchange)
{
    ike_record *last = exchange->records.pdata[exchange->records.len - 1];

    if (!all->newest || last->note.frame > all->newest->note.frame)
        all->newest = last;
    if (!ike_exchange_slot(exchange, 1) || !ike_exchange_slot(exchange, 2))
        return;
    if (all->pairs++ == 0)
        all->answered = exchange;
}

static transactions transactions_of(const ike_sa *sa)
{
    transactions all = { 0 };

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        all.has_quick_mode |= exchange->mode == IKE_MODE_QUICK;
        if (exchange->mode == IKE_MODE_TRANSACTION)
            add_transaction(&all, exchange);
    }
    return all;
}

/* True when this Informational comes long after another message and the other side answers it: the
 * teardown after a failure comes at once. */
static bool is_answered_check(const ike_sa *sa, const ike_record *info, const ike_record *after)
{
    const ike_list *theirs = &sa->more->infos[ike_side_other(info->side)];
    const guint i = ike_judge_info_position(theirs, info->note.frame);

    return info->note.time - after->note.time > TEARDOWN && i < theirs->len &&
           ike_judge_answers_check(info, theirs->pdata[i]);
}

/* What both sides go on to send on an SA that came up. */
static bool is_alive_after(const ike_sa *sa, const ike_record *r)
{
    for (int side = 0; side < 2; side++) {
        guint i = ike_judge_info_position(&sa->more->infos[side], r->note.frame);

        for (; i < sa->more->infos[side].len; i++)
            if (is_answered_check(sa, sa->more->infos[side].pdata[i], r))
                return true;
    }
    return ike_judge_has_esp_after(sa, r);
}

/* XAUTH takes two pairs: a single one is Mode-Config. */
static void judge_configuration(ike_tracker *t, ike_sa *sa, ike_record *last)
{
    if (t->span.last - last->note.time >= XAUTH_PATIENCE)
        ike_raise(t, sa, IKE_DIAG_CFG_NOADDR, &last->note, IKE_SEVERITY_NONE,
                  "one Transaction exchange, and no Quick Mode in the 30 s after it");
}

/* ---- a single pair ---- */

/* The answer does not arrive: the request comes again and again, and nothing else. */
static bool judge_ignored(ike_tracker *t, ike_sa *sa, const ike_exchange *pair)
{
    ike_record *request = ike_exchange_slot(pair, 1);
    const ike_record *answer = ike_exchange_slot(pair, 2);
    const unsigned repeats = ike_judge_sends_after(request, answer);

    if (repeats < 2 || !ike_judge_is_silent_after(sa, answer) ||
        !ike_judge_waited(t, ike_record_last_send(request)->note.time))
        return false;
    ike_raise(t, sa, IKE_DIAG_TR_NORESP, &ike_record_last_send(request)->note, IKE_SEVERITY_NONE,
              "TR1 was sent %u times more after TR2 in frame %u: the answer does not arrive, or is dropped", repeats,
              answer->note.frame);
    return true;
}

static bool announces_xauth(const ike_sa *sa, ike_side side)
{
    return ike_sa_has_vendor(sa, side, IKE_VENDOR_XAUTH);
}

/* The responder asks for the user first and tells the verdict in another exchange (draft-ietf-ipsec-isakmp-xauth-06).
 * It may push a configuration as well: then it does not end the SA, and the client need not know XAUTH. */
static bool lacks_verdict(const ike_sa *sa, const ike_exchange *pair, const ike_record *end)
{
    const ike_side responder = ike_sa_side_of(sa, IKE_ROLE_RESPONDER);

    return responder != IKE_SIDE_NONE && pair->opener == responder && announces_xauth(sa, responder) &&
           (end || announces_xauth(sa, ike_side_other(responder)));
}

/* By which the responder ends the SA before the verdict. */
static const ike_record *end_without_verdict(const ike_sa *sa, const ike_record *last)
{
    const ike_side responder = ike_sa_side_of(sa, IKE_ROLE_RESPONDER);
    const ike_record *info = ike_judge_info_after(sa, last, responder, LONGEST_AAA);

    return info && ike_judge_is_silent_after(sa, info) ? info : NULL;
}

static void raise_no_verdict(ike_tracker *t, ike_sa *sa, ike_record *last, const ike_record *end)
{
    GString *text = g_string_new("the responder asked for the user once, was answered, and sent no verdict");

    if (end) {
        g_string_append(text, " but an Informational, ");
        ike_seconds_append(text, end->note.time - last->note.time);
        g_string_append(text, " s later");
    }
    g_string_append(text, ": its AAA server (RADIUS) may not answer");
    ike_raise(t, sa, IKE_DIAG_XAUTH_FAIL, &last->note, IKE_SEVERITY_WARN, "%s", text->str);
    g_string_free(text, TRUE);
}

static void judge_only_pair(ike_tracker *t, ike_sa *sa, const ike_exchange *pair, ike_record *last)
{
    const ike_record *end = end_without_verdict(sa, last);

    if (judge_ignored(t, sa, pair))
        return;
    if (!lacks_verdict(sa, pair, end))
        judge_configuration(t, sa, last);
    else if (end ? ike_judge_waited(t, end->note.time) : t->span.last - last->note.time >= XAUTH_PATIENCE)
        raise_no_verdict(t, sa, last, end);
}

/* ---- all ---- */

/* The newest message with a status that was decrypted, or NULL. */
static ike_record *newest_status(const ike_sa *sa)
{
    for (guint i = sa->records.len; i > 0; i--) {
        ike_record *r = sa->records.pdata[i - 1];

        if (r->told & (IKE_TOLD_XAUTH_OK | IKE_TOLD_XAUTH_FAILED))
            return r;
    }
    return NULL;
}

static void fail_xauth(ike_tracker *t, ike_sa *sa, ike_record *status)
{
    ike_finding *finding = ike_raise(t, sa, IKE_DIAG_XAUTH_FAIL, &status->note, IKE_SEVERITY_WARN,
                                     "XAUTH-STATUS is 0 (fail)%s%s", sa->more->user ? " for user " : "",
                                     sa->more->user ? sa->more->user : "");

    ike_finding_known(finding, &status->note, IKE_OBSERVED);
}

static void raise_no_quick_mode(ike_tracker *t, ike_sa *sa, ike_record *last, const ike_record *info)
{
    const ike_time left = t->span.last - last->note.time;
    const bool is_over = left >= XAUTH_PATIENCE ||
                         (info && ike_judge_is_silent_after(sa, info) && ike_judge_waited(t, info->note.time));
    GString *text = g_string_new(NULL);

    if (info) {
        g_string_append(text, "the responder sent an Informational and no Quick Mode followed XAUTH");
    } else {
        g_string_append(text, "no Quick Mode after XAUTH; the capture ends ");
        ike_seconds_append(text, left);
        g_string_append(text, " s later");
    }
    ike_raise(t, sa, IKE_DIAG_XAUTH_FAIL, &last->note, is_over ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE, "%s",
              text->str);
    g_string_free(text, TRUE);
}

void ike_judge_xauth(ike_tracker *t, ike_sa *sa)
{
    const ike_side responder = ike_sa_side_of(sa, IKE_ROLE_RESPONDER);
    const transactions all = transactions_of(sa);
    ike_record *status = newest_status(sa), *info;

    if (status) { /* keys show how it ended */
        if (status->told & IKE_TOLD_XAUTH_FAILED)
            fail_xauth(t, sa, status);
        return;
    }
    if (all.pairs == 0 || all.has_quick_mode || ike_judge_renews_another(t, sa) || is_alive_after(sa, all.newest))
        return;
    if (all.pairs == 1) {
        judge_only_pair(t, sa, all.answered, all.newest);
        return;
    }
    info = ike_judge_info_after(sa, all.newest, responder, IKE_REACTION);
    raise_no_quick_mode(t, sa, all.newest, info);
}
