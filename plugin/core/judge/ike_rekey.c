/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What goes on under an SA that is up: rekeys that collide or go round in circles, deletes in bursts,
 * Child SAs that are refused. RFC 7296 2.8, RFC 2408 5.15.
 */
#include "ike_agreement.h"
#include "ike_esp.h"
#include "ike_judge.h"

#define OPEN_AT_MOST (5 * IKE_SECOND) /* a negotiation that is not completed in the capture */
#define COLLISIONS_BY_CHANCE 3
#define LOOP_WINDOW (60 * IKE_SECOND)
#define LOOP_OF_CHILDREN 5 /* in that time, more than there were before */
#define STORM_WINDOW (10 * IKE_SECOND)
#define STORM_OF_DELETES 10
#define LONGEST_DELETE 200u  /* bytes of an encrypted IKEv1 message; notifies of that size count too */
#define USED_WITHIN (10 * IKE_SECOND)
#define ANEW_WITHIN (2 * IKE_SECOND)
#define ANEW_AMONG 16u  /* exchanges after a refused one */
#define MANY_REFUSALS 3u

/* A negotiation of IPsec SAs as it stands in time. */
typedef struct negotiation {
    const ike_exchange *exchange;
    ike_record *asked;
    ike_time from, to;
    bool is_complete;
} negotiation;

static bool read_negotiation(const ike_exchange *exchange, negotiation *n)
{
    const unsigned last = exchange->sa->version == 2 ? IKE_RESPONSE : 3;
    ike_record *done = ike_exchange_slot(exchange, last);

    if ((exchange->mode != IKE_MODE_QUICK && exchange->mode != IKE_MODE_V2_CREATE_CHILD) ||
        exchange->opener == IKE_SIDE_NONE || !ike_exchange_slot(exchange, 1))
        return false;
    n->exchange = exchange;
    n->asked = ike_exchange_slot(exchange, 1);
    n->from = n->asked->note.time;
    n->is_complete = done != NULL;
    n->to = done ? done->note.time : n->from + OPEN_AT_MOST;
    return true;
}

/* IKEv2 says so first inside the request (RFC 7296 1.3.3); in IKEv1 there is one to replace. */
static bool is_rekey(const negotiation *n, unsigned completed_before)
{
    if (n->asked->is_decrypted && n->exchange->sa->version == 2)
        return n->asked->told & IKE_TOLD_REKEY;
    return n->exchange->sa->version == 2 ? n->asked->inside == IKE_PL_V2_NOTIFY : completed_before > 0;
}

/* ---- collisions ---- */

static bool overlaps(const negotiation *before, const negotiation *n)
{
    return before->exchange && before->from <= n->from && n->from < before->to;
}

/* The negotiation whose IPsec SA is renewed, where keys show it: its initiator names its own SPI (RFC 7296 1.3.3). */
static const ike_exchange *renewed_by(const ike_tracker *t, const negotiation *n)
{
    const ike_agreement *a = ike_agreement_find(n->exchange);
    ike_side side;

    return a && a->is_rekey ? ike_esp_made_by(t, a->rekeyed_spi, n->asked, &side) : NULL;
}

static bool renew_others(const ike_tracker *t, const negotiation *one, const negotiation *other)
{
    const ike_exchange *a = renewed_by(t, one), *b = renewed_by(t, other);

    return a && b && a != b;
}

typedef struct collision {
    ike_record *first, *second; /* requests of both sides */
} collision;

/* Both sides rekey at once: harmless now and then, as one of the two new SAs is deleted. Which Child SA is
 * rekeyed is encrypted: only an IKE SA with a single one is sure to have a collision. */
static void judge_collisions(ike_tracker *t, ike_sa *sa)
{
    GArray *collisions = g_array_new(FALSE, FALSE, sizeof(collision));
    negotiation newest[2] = { 0 }, n;
    unsigned completed = 0, others = 0;
    bool is_sure;

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        ike_side side;

        if (!read_negotiation(sa->more->exchanges.pdata[i], &n) || n.exchange->more->rekeyed_to)
            continue;
        side = n.exchange->opener;
        if (is_rekey(&n, completed)) {
            if (overlaps(&newest[1 - side], &n) && !renew_others(t, &newest[1 - side], &n)) {
                const collision found = { newest[1 - side].asked, n.asked };

                g_array_append_val(collisions, found);
            }
            newest[side] = n;
        } else {
            others++;
        }
        completed += n.is_complete;
    }
    is_sure = sa->version == 2 && others == 0 && collisions->len > COLLISIONS_BY_CHANCE;
    for (guint i = 0; i < collisions->len; i++) {
        const collision *c = &g_array_index(collisions, collision, i);

        ike_raise(t, sa, IKE_DIAG_REKEY_COLL, &c->second->note, is_sure ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
                  "the other side had begun to rekey in frame %u", c->first->note.frame);
    }
    g_array_free(collisions, TRUE);
}

/* ---- loops ---- */

/* In IKEv1 whatever has the size of one. */
static bool may_be_delete(const ike_sa *sa, const ike_record *info)
{
    if (info->is_decrypted)
        return info->told & (IKE_TOLD_DELETE_SA | IKE_TOLD_DELETE_CHILD);
    if (sa->version == 2)
        return info->inside == IKE_PL_V2_DELETE;
    return info->is_encrypted && !info->is_liveness && info->length <= LONGEST_DELETE;
}

static int by_time(gconstpointer a, gconstpointer b)
{
    const ike_time x = *(const ike_time *)a, y = *(const ike_time *)b;

    return x < y ? -1 : x > y;
}

static GArray *times_of_deletes(const ike_sa *sa)
{
    GArray *times = g_array_new(FALSE, FALSE, sizeof(ike_time));

    for (int side = 0; side < 2; side++)
        for (guint i = 0; i < sa->more->infos[side].len; i++) {
            const ike_record *info = sa->more->infos[side].pdata[i];

            if (may_be_delete(sa, info))
                g_array_append_val(times, info->note.time);
        }
    g_array_sort(times, by_time);
    return times;
}

/* How many of the sorted times are before this one. */
static guint before(const GArray *times, ike_time limit)
{
    guint low = 0, high = times->len;

    while (low < high) {
        const guint middle = low + (high - low) / 2;

        if (g_array_index(times, ike_time, middle) < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Those that may be one round of a loop: IKEv2 tells new Child SAs from those that renew one. */
static GArray *completed_negotiations(const ike_sa *sa)
{
    GArray *list = g_array_new(FALSE, FALSE, sizeof(negotiation));
    negotiation n;

    for (guint i = 0; i < sa->more->exchanges.len; i++)
        if (read_negotiation(sa->more->exchanges.pdata[i], &n) && n.is_complete && !n.exchange->more->rekeyed_to &&
            !ike_exchange_is_refused(n.exchange) && (sa->version == 1 || is_rekey(&n, 0)))
            g_array_append_val(list, n);
    return list;
}

/* IPsec SAs that this IKE SA did not make: it took over from an older one, whose SAs are renewed under it. */
static bool took_over(const ike_tracker *t, const ike_sa *sa)
{
    if (sa->is_joined || sa->more->parent || ike_judge_renews_another(t, sa))
        return true;
    for (guint i = 0; i < sa->more->flows.len; i++)
        if (!((const ike_flow *)sa->more->flows.pdata[i])->child)
            return true;
    return false;
}

/* Clocks that run backwards or stand still, or a file in reverse, say nothing about time. */
static bool is_in_order(const GArray *list)
{
    if (list->len > 1 && g_array_index(list, negotiation, 0).to == g_array_index(list, negotiation, list->len - 1).to)
        return false;
    for (guint i = 1; i < list->len; i++)
        if (g_array_index(list, negotiation, i).to < g_array_index(list, negotiation, i - 1).to)
            return false;
    return true;
}

/* Which flow a negotiation is for is encrypted: as many as there ever were may be renewed at once, and
 * without deletes they are new ones. */
static void judge_loop(ike_tracker *t, ike_sa *sa)
{
    GArray *list = completed_negotiations(sa), *deletes = times_of_deletes(sa);
    const bool may_tell = list->len > LOOP_OF_CHILDREN && is_in_order(list) && !took_over(t, sa);

    for (guint i = 0, from = 0; may_tell && i < list->len; i++) {
        const negotiation *n = &g_array_index(list, negotiation, i), *first;

        while (n->to - g_array_index(list, negotiation, from).to > LOOP_WINDOW)
            from++;
        first = &g_array_index(list, negotiation, from);
        if (i - from < LOOP_OF_CHILDREN + from ||
            before(deletes, n->to + IKE_SECOND) - before(deletes, first->from) < LOOP_OF_CHILDREN)
            continue;
        ike_raise(t, sa, IKE_DIAG_REKEY_LOOP, &n->asked->note, IKE_SEVERITY_NONE,
                  "%u IPsec SAs were negotiated in %u s, and about as many deleted", i - from + 1,
                  (unsigned)((n->to - first->from) / IKE_SECOND));
        break;
    }
    g_array_free(list, TRUE);
    g_array_free(deletes, TRUE);
}

/* ---- deletes in bursts ---- */

static void judge_storm(ike_tracker *t, ike_sa *sa, const ike_list *infos)
{
    ike_time window[STORM_OF_DELETES] = { 0 }; /* of the newest deletes, in a ring */
    unsigned n = 0;

    for (guint i = 0; i < infos->len; i++) {
        ike_record *info = infos->pdata[i];

        if (!may_be_delete(sa, info))
            continue;
        if (n >= STORM_OF_DELETES && info->note.time >= window[n % STORM_OF_DELETES] &&
            info->note.time - window[n % STORM_OF_DELETES] <= STORM_WINDOW) {
            ike_raise(t, sa, IKE_DIAG_DELETE_STORM, &info->note, IKE_SEVERITY_NONE,
                      sa->version == 2 || info->is_decrypted ? "more than %d deletes in 10 s"
                                       : "more than %d encrypted Informationals of the size of a delete in 10 s",
                      STORM_OF_DELETES);
            return;
        }
        window[n++ % STORM_OF_DELETES] = info->note.time;
    }
}

/* ---- Child SAs that are refused ---- */

static bool is_refused_blindly(const ike_exchange *exchange)
{
    return ike_exchange_is_refused(exchange) && !ike_exchange_slot(exchange, IKE_RESPONSE)->is_decrypted &&
           !exchange->more->flow[0] && !exchange->more->flow[1];
}

/* The requester guessed the group of a key exchange, is told it, and gets what it asked for at once (RFC 7296 1.3). */
static bool is_asked_anew(const ike_sa *sa, guint at)
{
    const ike_exchange *refused = sa->more->exchanges.pdata[at];
    const ike_time since = ike_exchange_slot(refused, IKE_RESPONSE)->note.time;

    for (guint i = at + 1; i < sa->more->exchanges.len && i - at <= ANEW_AMONG; i++) {
        const ike_exchange *next = sa->more->exchanges.pdata[i];
        const ike_record *asked = ike_exchange_slot(next, IKE_REQUEST);

        if (next->mode == IKE_MODE_V2_CREATE_CHILD && next->opener == refused->opener && asked)
            return asked->note.time - since <= ANEW_WITHIN && ike_exchange_slot(next, IKE_RESPONSE) &&
                   !ike_exchange_is_refused(next);
    }
    return false;
}

static void judge_child(ike_tracker *t, ike_sa *sa, ike_exchange *exchange)
{
    ike_record *answer = ike_exchange_slot(exchange, IKE_RESPONSE);

    ike_raise(t, sa, IKE_DIAG_CHILD_FAIL, &answer->note, IKE_SEVERITY_NOTE,
              "the response of %u bytes begins with a notify and has no room for a proposal", answer->length);
    ike_exchange_failed(exchange, IKE_DIAG_CHILD_FAIL, &answer->note, IKE_INFERRED);
}

/* The first Child SA is made without a key exchange of its own (RFC 7296 1.2): a group that only rekeys use shows late. */
static void raise_refusals(ike_tracker *t, ike_sa *sa, const ike_exchange *exchange, unsigned n)
{
    const ike_record *asked = ike_exchange_slot(exchange, IKE_REQUEST);

    ike_raise(t, sa, IKE_DIAG_CHILD_REFUSALS, &ike_exchange_slot(exchange, IKE_RESPONSE)->note, IKE_SEVERITY_NONE,
              "%u requests in a row were refused%s", n,
              asked && asked->inside == IKE_PL_V2_NOTIFY
                  ? "; they renew a Child SA, which may ask for a group for PFS that the first one did not need" : "");
}

static void judge_children(ike_tracker *t, ike_sa *sa)
{
    unsigned in_a_row[2] = { 0, 0 }; /* by who asks */

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        ike_exchange *exchange = sa->more->exchanges.pdata[i];
        const ike_record *answer = ike_exchange_slot(exchange, IKE_RESPONSE);

        if (exchange->mode != IKE_MODE_V2_CREATE_CHILD || exchange->opener == IKE_SIDE_NONE || !answer)
            continue;
        if (!is_refused_blindly(exchange)) {
            in_a_row[exchange->opener] = 0;
        } else if (t->span.last - answer->note.time >= USED_WITHIN && !is_asked_anew(sa, i)) {
            judge_child(t, sa, exchange);
            if (++in_a_row[exchange->opener] == MANY_REFUSALS)
                raise_refusals(t, sa, exchange, MANY_REFUSALS);
        }
    }
}

void ike_judge_rekeys(ike_tracker *t, ike_sa *sa)
{
    if (sa->more->exchanges.len == 0)
        return;
    judge_collisions(t, sa);
    if (!ike_judge_is_oneway(t, sa)) { /* what is answered elsewhere cannot be told from a delete */
        judge_loop(t, sa);
        judge_storm(t, sa, &sa->more->infos[IKE_SIDE_A]);
        judge_storm(t, sa, &sa->more->infos[IKE_SIDE_B]);
    }
    if (sa->version == 2)
        judge_children(t, sa);
}
