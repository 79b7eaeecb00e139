/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tunnels that come up and are ended again and again, each time under a new IKE SA.
 */
#include "ike_judge.h"

#define MANY_IN_A_ROW 4u
#define SHORT_LIFE (120 * IKE_SECOND)
#define SHORTEST_LIFE (10 * IKE_SECOND)   /* no idle timer is that short */
#define BEGUN_WITHIN (60 * IKE_SECOND)    /* after the one before has ended */

/* SAs of two hosts, one after the other. */
typedef struct run {
    unsigned n;
    ike_time begun, ended;       /* the first, the newest */
    ike_time shortest, longest;  /* life */
    unsigned ended_by[2];        /* role: initiator, responder */
    ike_sa *newest;
    ike_record *deleted;         /* of that */
} run;

static void begin(run *r, const ike_sa *sa)
{
    *r = (run){ .begun = sa->first_time };
}

static void add(run *r, ike_sa *sa, ike_record *deleted, ike_time life)
{
    const ike_role role = ike_sa_role(sa, deleted->side);

    r->shortest = r->n ? MIN(r->shortest, life) : life;
    r->longest = MAX(r->longest, life);
    r->ended = deleted->note.time;
    r->ended_by[0] += role == IKE_ROLE_INITIATOR;
    r->ended_by[1] += role == IKE_ROLE_RESPONDER;
    r->newest = sa;
    r->deleted = deleted;
    r->n++;
}

static void end_run(ike_tracker *t, run *r)
{
    GString *text;

    if (r->n < MANY_IN_A_ROW)
        return;
    text = g_string_new(NULL);
    g_string_printf(text, "%u IKE SAs in ", r->n);
    ike_seconds_append(text, r->ended - r->begun);
    g_string_append(text, " s, ended ");
    ike_seconds_append(text, r->shortest);
    g_string_append(text, " to ");
    ike_seconds_append(text, r->longest);
    g_string_append(text, " s after they came up");
    if (r->ended_by[0] == r->n || r->ended_by[1] == r->n)
        g_string_append_printf(text, ", by the %s", r->ended_by[0] ? "initiator" : "responder");
    ike_raise(t, r->newest, IKE_DIAG_FLAP, &r->deleted->note,
              r->longest < SHORTEST_LIFE ? IKE_SEVERITY_NONE : IKE_SEVERITY_NOTE, "%s", text->str);
    g_string_free(text, TRUE);
}

/* Whoever answers an empty response to a delete is not who sent it. */
static ike_record *request_of(const ike_record *end)
{
    return (ike_record *)(end->label.is_response && end->request ? end->request : end);
}

static bool is_counted(const ike_sa *sa)
{
    return !sa->is_joined && !sa->more->parent && !sa->more->sibling_of && sa->state != IKE_STATE_ABANDONED;
}

/* How long an SA that came up lasted until it was deleted; -1 when it did not, or was not. */
static ike_time life_of(const ike_tracker *t, const ike_sa *sa, ike_record **deleted)
{
    const ike_record *up = sa->more->established, *end = sa->is_failed ? NULL : ike_judge_deleted(t, sa);

    *deleted = end ? request_of(end) : NULL;
    return end && up ? (*deleted)->note.time - up->note.time : -1;
}

void ike_judge_flap(ike_tracker *t, const ike_list *list)
{
    run r = { 0 };

    for (guint i = 0; i < list->len; i++) {
        ike_sa *sa = list->pdata[i];
        ike_record *deleted;
        ike_time life;

        if (!is_counted(sa))
            continue;
        life = life_of(t, sa, &deleted);
        if (life < 0 || life > SHORT_LIFE || sa->first_time < r.ended || sa->first_time - r.ended > BEGUN_WITHIN) {
            end_run(t, &r);
            begin(&r, sa);
        }
        if (life >= 0 && life <= SHORT_LIFE)
            add(&r, sa, deleted, life);
    }
    end_run(t, &r);
}
