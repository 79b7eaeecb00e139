/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conclusions that need the end of the capture: which SA came up, which failed, and what is to be
 * said of each and between them.
 */
#include "ike_judge.h"

#define SIMULTANEOUS (2 * IKE_SECOND)
#define NEW_ATTEMPT_WITHIN (60 * IKE_SECOND)
#define SLOW_ANSWER (1 * IKE_SECOND)
#define PEOPLE (60 * IKE_SECOND) /* a password, a PIN, a push to a phone */

bool ike_judge_has_phase2(const ike_sa *sa)
{
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        if (exchange->mode == IKE_MODE_QUICK || exchange->mode == IKE_MODE_TRANSACTION ||
            exchange->mode == IKE_MODE_NEW_GROUP || exchange->mode == IKE_MODE_AUTHIP_QUICK)
            return true;
    }
    return false;
}

/* ---- Quick Mode ---- */

static void judge_quick(ike_tracker *t, ike_sa *sa, ike_exchange *exchange)
{
    ike_record *qm2 = ike_exchange_slot(exchange, 2), *qm3 = ike_exchange_slot(exchange, 3);

    if (exchange->mode != IKE_MODE_QUICK || !qm3)
        return;
    if (qm2 && ike_judge_was_sent_after(qm2, qm3))
        ike_raise(t, sa, IKE_DIAG_QM3_LOST, &ike_record_last_send(qm2)->note, 0,
                  "QM2 was sent again in frame %u, after QM3 in frame %u",
                  ike_record_last_send(qm2)->note.frame, qm3->note.frame);
    if (exchange->commit && !ike_exchange_slot(exchange, 4) && !ike_judge_is_oneway(t, sa) &&
        t->span.last - qm3->note.time >= IKE_SECOND)
        ike_raise(t, sa, IKE_DIAG_QM4_MISSING, &qm3->note, 0,
                  "the commit bit was set and QM3 sent in frame %u, but QM4 is missing",
                  qm3->note.frame);
}

/* ---- response times ---- */

bool ike_judge_waits_for_people(ike_label label)
{
    return label.mode == IKE_MODE_TRANSACTION || (label.mode == IKE_MODE_V2_AUTH && label.number > 1);
}

bool ike_judge_people_had_time(const ike_tracker *t, ike_time since)
{
    return t->span.last - since >= MAX(PEOPLE, t->options.patience);
}

static void judge_slow(ike_tracker *t, ike_sa *sa)
{
    for (guint i = 0; i < sa->records.len; i++) {
        ike_record *r = sa->records.pdata[i];
        ike_time span;

        if (!r->request || r->copy != IKE_COPY_NONE || ike_judge_waits_for_people(r->label))
            continue;
        span = r->note.time - ike_record_last_before(r->request, r)->note.time;
        if (span > SLOW_ANSWER) {
            GString *text = g_string_new(NULL);

            ike_label_append(text, r->label);
            g_string_append(text, " came ");
            ike_seconds_append(text, span);
            g_string_append(text, " s after ");
            ike_label_append(text, r->request->label);
            ike_raise(t, sa, IKE_DIAG_SLOW, &r->note, 0, "%s", text->str);
            g_string_free(text, TRUE);
        }
    }
}

/* ---- one direction only ---- */

/* An initiator that is stuck at its first message proves nothing; whatever follows it does. */
static bool proves_answers(const ike_sa *sa)
{
    if (sa->version == 2)
        return sa->spi_r != 0 || sa->is_joined || ike_exchange_slot(sa->phase1, IKE_RESPONSE);
    return sa->phase1->highest > 1 || sa->is_joined || ike_judge_has_phase2(sa);
}

bool ike_judge_is_oneway(const ike_tracker *t, const ike_sa *sa)
{
    const bool a = sa->sides[0].messages > 0, b = sa->sides[1].messages > 0;
    const ike_side visible = a ? IKE_SIDE_A : IKE_SIDE_B, hidden = ike_side_other(visible);

    if (a == b || !proves_answers(sa))
        return false;
    for (unsigned i = 0; i < sa->sides[hidden].n_endpoints; i++)
        for (unsigned k = 0; k < sa->sides[visible].n_endpoints; k++)
            if (ike_tracker_saw_pair(t, &sa->sides[hidden].endpoints[i].addr,
                                     &sa->sides[visible].endpoints[k].addr))
                return false;
    return true;
}

ike_note *ike_judge_first_note(const ike_sa *sa)
{
    ike_record *first = ike_sa_first_record(sa);

    return first ? &first->note : NULL;
}

static void judge_oneway(ike_tracker *t, ike_sa *sa)
{
    if (ike_judge_is_oneway(t, sa))
        ike_raise(t, sa, IKE_DIAG_ONEWAY_CAPTURE, ike_judge_first_note(sa), 0,
                  "no frame of the other direction is in the capture");
}

/* ---- the life of an SA ---- */

bool ike_judge_waited(const ike_tracker *t, ike_time since)
{
    return t->span.last - since >= t->options.patience;
}

static bool is_resent_after(const ike_record *request, const ike_record *response)
{
    return request && response && ike_judge_was_sent_after(request, response);
}

static void judge_state_v1(ike_tracker *t, ike_sa *sa)
{
    ike_record *last = sa->phase1->mode == IKE_MODE_AGGRESSIVE ? ike_exchange_slot(sa->phase1, 3)
                     : sa->phase1->mode == IKE_MODE_BASE       ? ike_exchange_slot(sa->phase1, 4)
                                                               : ike_exchange_slot(sa->phase1, 6);

    ike_sa_set_established(sa, last);
    if (sa->state == IKE_STATE_PROBABLY_ESTABLISHED && last &&
        sa->phase1->mode == IKE_MODE_MAIN && !is_resent_after(ike_exchange_slot(sa->phase1, 5), last) &&
        ike_judge_waited(t, last->note.time))
        sa->state = IKE_STATE_ESTABLISHED;
    if (sa->state == IKE_STATE_ESTABLISHED && ike_judge_is_am3_unproven(sa))
        sa->state = IKE_STATE_PROBABLY_ESTABLISHED;
    if (sa->phase1->mode == IKE_MODE_AGGRESSIVE && last &&
        (sa->sides[0].more->esp_packets || sa->sides[1].more->esp_packets))
        sa->state = MAX(sa->state, IKE_STATE_ESTABLISHED);
}

static void judge_state(ike_tracker *t, ike_sa *sa)
{
    sa->is_failed = false;
    if (sa->version == 1)
        judge_state_v1(t, sa);
    else
        ike_judge_state_v2(t, sa);
}

static void judge_gaps(ike_tracker *t, ike_sa *sa)
{
    if (sa->is_joined || sa->version != 1 || ike_judge_is_oneway(t, sa) ||
        sa->phase1->mode == IKE_MODE_NONE || sa->phase1->mode == IKE_MODE_AUTHIP_MAIN)
        return;
    for (unsigned i = 2; i < sa->phase1->highest; i++) {
        GString *label;

        if (ike_exchange_slot(sa->phase1, i))
            continue;
        label = g_string_new(NULL);
        ike_label_append(label, (ike_label){ .mode = (uint8_t)sa->phase1->mode, .number = (uint8_t)i });
        ike_raise(t, sa, IKE_DIAG_NOT_CAPTURED, ike_judge_first_note(sa), 0,
                  "%s must have been sent, but is not in the capture", label->str);
        g_string_free(label, TRUE);
    }
}

static void judge_joined(ike_tracker *t, ike_sa *sa)
{
    if (sa->is_joined)
        ike_raise(t, sa, IKE_DIAG_JOINED, ike_judge_first_note(sa), 0,
                  "the capture begins in the middle of this negotiation");
}

/* ---- between SAs ---- */

static bool begins_here(const ike_sa *sa)
{
    return !sa->is_joined && !sa->more->sibling_of && !sa->more->parent && sa->initiator != IKE_SIDE_NONE &&
           sa->sides[sa->initiator].n_endpoints > 0;
}

static bool is_opposite(const ike_sa *a, const ike_sa *b)
{
    const ike_endpoint *x = &a->sides[a->initiator].endpoints[0];
    const ike_endpoint *y = &b->sides[b->initiator].endpoints[0];

    return !ike_addr_equal(&x->addr, &y->addr);
}

static void judge_simultaneous(ike_tracker *t, const ike_list *list)
{
    for (guint i = 1; i < list->len; i++) {
        ike_sa *b = list->pdata[i];
        const ike_sa *a = list->pdata[i - 1];
        const ike_time gap = b->first_time - a->first_time;

        if (begins_here(a) && begins_here(b) && a->version == b->version && is_opposite(a, b) &&
            gap > -SIMULTANEOUS && gap < SIMULTANEOUS)
            ike_raise(t, b, IKE_DIAG_SIMUL, ike_judge_first_note(b), 0,
                      "SA %u was started by the other side at the same time", a->number);
    }
}

static ike_diagnosis_id missed_after(const ike_record *last)
{
    const ike_step *step = ike_step_find(last->label);

    if (last->label.mode == IKE_MODE_V2_SA_INIT && last->label.is_response)
        return IKE_DIAG_INIT_NOREPLY;
    return step ? step->unanswered : IKE_DIAG_NONE;
}

static void give_up(ike_tracker *t, ike_sa *sa, const ike_sa *next)
{
    ike_record *last = ike_exchange_slot(sa->phase1, sa->phase1->highest);
    const ike_diagnosis_id id = last && last->note.sa == sa ? missed_after(last) : IKE_DIAG_NONE;
    const ike_finding *before = ike_sa_finding(sa, id);
    GString *text;

    if (sa->is_failed && (!before || before->severity >= IKE_SEVERITY_WARN)) /* that is explained already */
        return;
    ike_sa_fail(sa);
    if (id == IKE_DIAG_NONE || !ike_judge_is_silent_after(sa, ike_record_last_send(last))) /* something came of it */
        return;
    text = g_string_new(NULL);
    if (before)
        g_string_append(text, before->text);
    else
        g_string_printf(text, "nothing followed frame %u", last->note.frame);
    g_string_append(text, "; the initiator begins anew ");
    ike_seconds_append(text, next->first_time - last->note.time);
    g_string_append_printf(text, " s later, with SA %u", next->number);
    ike_raise(t, sa, id, &ike_record_last_send(last)->note, IKE_SEVERITY_NONE, "%s", text->str)->count = 1;
    g_string_free(text, TRUE);
}

/* One of the attempts that follow soon came up. */
static bool comes_up_soon(const ike_list *list, guint next, const ike_sa *sa)
{
    for (guint i = next; i < list->len && i - next < IKE_NEWEST_SAS; i++) {
        const ike_sa *other = list->pdata[i];

        if (other->first_time - sa->last_time >= NEW_ATTEMPT_WITHIN)
            return false;
        if (ike_judge_came_up(other))
            return true;
    }
    return false;
}

static bool may_go_on_unseen(const ike_tracker *t, const ike_sa *sa)
{
    return ike_judge_is_oneway(t, sa) || (!t->has_natt_port && ike_judge_is_floating(sa));
}

/* An attempt that its side replaced by a new one was given up, when the capture goes on long
 * enough to tell that from two that are on their way. It did not fail when the new one came up, and after
 * a ticket that is not accepted that is the way to go on (RFC 5723 4.3.3). */
static void judge_attempts(ike_tracker *t, const ike_list *list)
{
    for (guint i = 1; i < list->len; i++) {
        ike_sa *a = list->pdata[i - 1];
        const ike_sa *b = list->pdata[i];

        if (a->state == IKE_STATE_ABANDONED || b->more->sibling_of || !begins_here(a) || !begins_here(b) ||
            a->version != b->version || a->state >= IKE_STATE_PROBABLY_ESTABLISHED || a->v2->nack ||
            !ike_judge_waited(t, a->last_time) || !ike_judge_waited(t, b->last_time) || comes_up_soon(list, i, a) ||
            may_go_on_unseen(t, a))
            continue;
        if (!is_opposite(a, b) && b->first_time >= a->last_time &&
            b->first_time - a->last_time < NEW_ATTEMPT_WITHIN &&
            a->sides[a->initiator].endpoints[0].port == b->sides[b->initiator].endpoints[0].port)
            give_up(t, a, b);
    }
}

/* Of several answers to one first message the initiator goes on with one; the others are given up. */
static bool got_further(const ike_sa *sa)
{
    return sa->version == 2 ? sa->more->exchanges.len > 0 : sa->phase1->highest > 2;
}

static void abandon(ike_sa *sa, const ike_sa *other)
{
    if (!got_further(sa) && got_further(other))
        sa->state = IKE_STATE_ABANDONED;
}

static void judge_sibling(ike_tracker *t, ike_sa *sa)
{
    ike_sa *older = sa->more->sibling_of;

    if (!older)
        return;
    ike_raise(t, sa, IKE_DIAG_SIBLING, ike_judge_first_note(sa), 0,
              "SA %u answers the same first message with another responder cookie", older->number);
    abandon(sa, older);
    abandon(older, sa);
}

/* ---- all ---- */

/* Keeps the order of the others. */
static void drop_from(ike_list *list, GDestroyNotify free_element)
{
    guint kept = 0;

    for (guint i = 0; i < list->len; i++) {
        const gpointer finding = list->pdata[i];

        if (((const ike_finding *)finding)->is_verdict)
            continue;
        list->pdata[i] = list->pdata[kept];
        list->pdata[kept++] = finding;
    }
    ike_list_cut(list, kept, free_element);
}

/* Takes back what was concluded before more frames came. */
static void drop_verdicts(ike_tracker *t)
{
    if (!t->was_judged)
        return;
    for (guint i = 0; i < t->findings.len; i++) {
        ike_finding *finding = t->findings.pdata[i];

        if (finding->is_verdict && finding->note)
            ike_finding_unlink(finding);
    }
    for (guint i = 0; i < t->sas.len; i++) {
        ike_sa *sa = t->sas.pdata[i];

        drop_from(&sa->findings, NULL);
        drop_from(&sa->distinct, NULL);
        sa->state = sa->tracked_state;
    }
    drop_from(&t->orphans, NULL);
    drop_from(&t->distinct_orphans, NULL);
    drop_from(&t->findings, ike_finding_free); /* owns them: last */
}

/* Of two IKE SAs that renew one because both sides began it, the loser is deleted (RFC 7296 2.8.1), the other one is
 * not, or later. Otherwise the first is the heir. `sa` appeared before `other`. */
static bool is_heir_before(const ike_tracker *t, const ike_sa *sa, const ike_sa *other)
{
    const ike_record *deleted = ike_judge_deleted(t, sa), *other_deleted = ike_judge_deleted(t, other);

    if (!deleted || other->more->heir)
        return !deleted && !other->more->heir;
    return other_deleted && deleted->note.time > other_deleted->note.time;
}

/* An SA is renewed by one that appears later: from the newest on, each heir is known. */
static void find_heirs(const ike_tracker *t)
{
    for (guint i = 0; i < t->sas.len; i++) {
        ike_sa *sa = t->sas.pdata[i];

        if (sa->more->heir)
            ike_sa_more(sa)->heir = NULL;
    }
    for (guint i = t->sas.len; i > 0; i--) {
        ike_sa *sa = t->sas.pdata[i - 1], *parent = sa->more->parent;

        if (parent && (!parent->more->heir || is_heir_before(t, sa, parent->more->rekeyed_to))) {
            ike_sa_more(parent)->rekeyed_to = sa;
            ike_sa_more(parent)->heir = ike_sa_heir(sa);
        }
    }
}

static void judge_sa(ike_tracker *t, ike_sa *sa)
{
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        ike_exchange_did_not_fail(sa->more->exchanges.pdata[i]);
    judge_joined(t, sa);
    judge_oneway(t, sa);
    ike_judge_nat(t, sa);
    ike_judge_find_liveness(sa);
    ike_judge_icmp(t, sa);
    ike_judge_refusals(t, sa);
    ike_judge_outside(t, sa);
    if (sa->version == 2)
        ike_judge_sa_v2(t, sa);
    ike_judge_silence(t, sa, sa->phase1);
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        ike_judge_silence(t, sa, sa->more->exchanges.pdata[i]);
        judge_quick(t, sa, sa->more->exchanges.pdata[i]);
        ike_judge_v2frags(t, sa->more->exchanges.pdata[i]);
        if (sa->version == 2)
            ike_judge_response_v2(t, sa->more->exchanges.pdata[i]);
    }
    ike_judge_liveness(t, sa);
    ike_judge_rekeys(t, sa);
    judge_slow(t, sa);
    judge_gaps(t, sa);
    ike_judge_v1frags(t, sa);
    ike_judge_natt(t, sa);
}

static void judge_between(ike_tracker *t, const ike_list *list)
{
    judge_simultaneous(t, list);
    judge_attempts(t, list);
    ike_judge_flap(t, list);
    ike_judge_redundant(t, list);
    ike_judge_nat_clash(t, list);
}

/* The pairs of hosts of which this SA is the first: each pair has its turn once, in the same order in each run. */
static void judge_pairs_of(ike_tracker *t, const ike_sa *sa)
{
    for (guint i = 0; i < sa->hosts.len; i++) {
        const ike_hosts *hosts = sa->hosts.pdata[i];

        if (hosts->sas.pdata[0] == sa)
            judge_between(t, &hosts->sas);
    }
}

static void judge_all(ike_tracker *t)
{
    drop_verdicts(t);
    ike_ipfrag_annotate(t);
    for (guint i = 0; i < t->sas.len; i++)
        judge_state(t, t->sas.pdata[i]);
    for (guint i = 0; i < t->sas.len; i++)
        judge_sibling(t, t->sas.pdata[i]);
    ike_judge_floods(t);
    find_heirs(t);
    for (guint i = 0; i < t->sas.len; i++)
        judge_sa(t, t->sas.pdata[i]);
    ike_judge_orphans(t);
    ike_judge_flows(t);
    ike_judge_ipfrags(t);
    for (guint i = 0; i < t->sas.len; i++)
        judge_pairs_of(t, t->sas.pdata[i]);
}

void ike_judge_capture(ike_tracker *t)
{
    if (t->is_judged)
        return;
    t->is_judging = true;
    judge_all(t);
    t->is_judging = false;
    t->is_judged = t->was_judged = true;
}
