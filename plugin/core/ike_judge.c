/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conclusions that need the end of the capture: who was never answered, which SA came up, which
 * failed. "No response" is said only when nothing else explains the silence.
 */
#include "ike_judge.h"

#include <string.h>

#define SIMULTANEOUS (2 * IKE_SECOND)
#define SUPERSEDED_WITHIN (5 * IKE_SECOND)
#define NEW_ATTEMPT_WITHIN (5 * IKE_SECOND)
#define SLOW_ANSWER (1 * IKE_SECOND)
#define ENOUGH_SENDS 3

void ike_judge_fail(ike_sa *sa)
{
    if (!sa->is_joined && sa->state < IKE_STATE_PROBABLY_ESTABLISHED)
        sa->is_failed = true;
}

bool ike_judge_has_phase2(const ike_sa *sa)
{
    for (guint i = 0; i < sa->exchanges->len; i++) {
        const ike_exchange *exchange = sa->exchanges->pdata[i];

        if (exchange->mode == IKE_MODE_QUICK || exchange->mode == IKE_MODE_TRANSACTION ||
            exchange->mode == IKE_MODE_NEW_GROUP || exchange->mode == IKE_MODE_AUTHIP_QUICK)
            return true;
    }
    return false;
}

/* ---- requests ---- */

typedef struct ike_request {
    ike_tracker *t;
    ike_sa *sa;
    ike_exchange *exchange;
    ike_record *first;
    const ike_step *step;
    ike_time now; /* the capture goes on until here */
} ike_request;

/* Pieces of an answer that never became whole: the peer did react. */
static bool has_pieces_after(const ike_request *q)
{
    const ike_side other = ike_side_other(q->first->side);

    return other != IKE_SIDE_NONE &&
           q->sa->sides[other].newest_piece_frame > q->first->note.frame;
}

static bool is_quoted_by_icmp(const ike_request *q)
{
    for (guint i = 0; i < q->sa->icmp->len; i++) {
        const ike_icmp *icmp = q->sa->icmp->pdata[i];

        if (icmp->note.frame > q->first->note.frame && icmp->quoted == q->first->side)
            return true;
    }
    return false;
}

/* A later message proves that the request was answered (RFC 2408 3.1). */
static bool is_implied(const ike_request *q)
{
    if (q->exchange->highest > q->step->number)
        return true;
    return q->exchange == q->sa->phase1 && ike_judge_has_phase2(q->sa);
}

static bool is_answered(const ike_request *q)
{
    const ike_side other = ike_side_other(q->first->side);

    if (q->first->response || is_implied(q) || has_pieces_after(q) || is_quoted_by_icmp(q))
        return true;
    /* in phase 2 the peer sends Informationals for many reasons: only a quick one may be an answer */
    return q->exchange == q->sa->phase1 ? ike_judge_info_since(q->sa, q->first, other)
                                        : ike_judge_info_after(q->sa, q->first, other,
                                                               IKE_REACTION) != NULL;
}

static bool capture_goes_on(const ike_request *q, ike_time after)
{
    return q->now - after >= q->t->options.patience;
}

static bool is_due(const ike_request *q)
{
    const ike_record *last = q->first->last_send;

    if (last->note.time < q->first->note.time) /* time runs backwards: no timing verdict */
        return false;
    return capture_goes_on(q, last->note.time) ||
           (q->first->sends >= ENOUGH_SENDS && capture_goes_on(q, q->first->note.time));
}

/* SAs between two hosts stand in order of their numbers. */
static guint position_after(const GPtrArray *list, uint32_t number)
{
    guint low = 0, high = list->len;

    while (low < high) {
        const guint middle = low + (high - low) / 2;

        if (((const ike_sa *)list->pdata[middle])->number <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool came_up(const ike_sa *sa)
{
    return sa->state == IKE_STATE_PROBABLY_ESTABLISHED || sa->state == IKE_STATE_ESTABLISHED;
}

/* Another SA between the same hosts that came up in place of this one: begun while it was tried or
 * soon after it was given up. */
static const ike_sa *successor(const ike_request *q)
{
    const GPtrArray *list = ike_tracker_sas_between(q->t, &q->first->src.addr, &q->first->dst.addr);
    const ike_time until = q->first->last_send->note.time + SUPERSEDED_WITHIN;
    const ike_time since = q->sa->first_time - SUPERSEDED_WITHIN;
    const guint here = list ? position_after(list, q->sa->number) : 0;

    for (guint i = here; list && i < list->len; i++) {
        const ike_sa *other = list->pdata[i];

        if (other->first_time > until)
            break;
        if (came_up(other))
            return other;
    }
    for (guint i = here; i > 1; i--) {
        const ike_sa *other = list->pdata[i - 2];

        if (other->first_time < since)
            break;
        if (came_up(other))
            return other;
    }
    return NULL;
}

static void describe_sends(const ike_request *q, GString *text)
{
    const ike_record *first = q->first, *last = first->last_send;

    ike_label_append(text, first->label);
    if (first->sends == 1) {
        g_string_append_printf(text, " was sent once (frame %u)", first->note.frame);
        return;
    }
    g_string_append_printf(text, " was sent %u times in ", first->sends);
    ike_seconds_append(text, last->note.time - first->note.time);
    g_string_append_printf(text, " s (frames %u to %u)", first->note.frame, last->note.frame);
}

/* AuthIP beside an IKE that succeeds is the normal way of Windows to find out. */
static bool is_authip_beside_ike(const ike_request *q)
{
    const GPtrArray *list = ike_tracker_sas_between(q->t, &q->first->src.addr, &q->first->dst.addr);

    if (q->step->unanswered != IKE_DIAG_AIP_NORESP)
        return false;
    for (guint i = 0; list && i < list->len; i++) {
        const ike_sa *other = list->pdata[i];

        if (other != q->sa && other->sides[0].messages > 0 && other->sides[1].messages > 0)
            return true;
    }
    return false;
}

typedef struct silence {
    ike_diagnosis_id id; /* IKE_DIAG_NONE: nothing to say */
    ike_severity severity;
    char *text;
} silence;

static silence silence_of(const ike_request *q)
{
    GString *text = g_string_new(NULL);
    silence s = { IKE_DIAG_NONE, IKE_SEVERITY_NONE, NULL };
    const ike_sa *newer;

    describe_sends(q, text);
    if (!is_due(q)) {
        s.id = IKE_DIAG_PENDING;
        g_string_append(text, ", not answered when the capture ends");
    } else if (is_authip_beside_ike(q)) {
        s.id = q->step->unanswered;
        s.severity = IKE_SEVERITY_CHAT;
        g_string_append(text, " and not answered; IKE between the same hosts is");
    } else if ((newer = successor(q))) {
        s.id = IKE_DIAG_SUPERSEDED;
        g_string_append_printf(text, " and not answered; SA %u came up instead", newer->number);
    } else {
        s.id = q->step->unanswered;
        g_string_append(text, " and never answered");
        if (q->first->sends == 1)
            s.severity = ike_diagnosis_get(s.id)->lesser;
    }
    s.text = g_string_free(text, FALSE);
    return s;
}

static bool asks(const ike_request *q)
{
    return q->step && q->step->unanswered && q->step->is_answered;
}

static void judge_request(const ike_request *q)
{
    silence s;

    if (!asks(q) || is_answered(q) || ike_judge_is_oneway(q->t, q->sa))
        return;
    s = silence_of(q);
    ike_raise(q->t, q->sa, s.id, &q->first->last_send->note, s.severity, "%s", s.text);
    if (s.id == q->step->unanswered && q->exchange == q->sa->phase1 &&
        s.severity != IKE_SEVERITY_CHAT)
        ike_judge_fail(q->sa);
    g_free(s.text);
}

/* ---- messages that the other side should have gone on after ---- */

static bool was_sent_after(const ike_record *r, const ike_record *after)
{
    return r && r->last_send != r && r->last_send->note.frame > after->note.frame;
}

static void judge_standstill(const ike_request *q)
{
    const ike_record *asked = q->exchange->slot[q->step->number - 1];
    const bool resent = q->first->sends > 1 || was_sent_after(asked, q->first);
    ike_severity severity = IKE_SEVERITY_NONE;
    const ike_sa *other;

    if (is_answered(q) || ike_judge_is_oneway(q->t, q->sa) || !is_due(q))
        return;
    if ((other = successor(q))) {
        ike_raise(q->t, q->sa, IKE_DIAG_SUPERSEDED, &q->first->last_send->note, 0,
                  "nothing followed frame %u; SA %u came up instead", q->first->note.frame,
                  other->number);
        return;
    }
    if (q->step->unanswered == IKE_DIAG_MM4_NOREPLY && !resent)
        severity = IKE_SEVERITY_NOTE;
    else if (q->step->unanswered != IKE_DIAG_AM2_NOREPLY && !resent)
        return;
    ike_raise(q->t, q->sa, q->step->unanswered, &q->first->last_send->note, severity,
              resent ? "nothing followed frame %u although it or its request was sent again"
                     : "nothing followed frame %u",
              q->first->note.frame);
    if (q->exchange == q->sa->phase1 && severity != IKE_SEVERITY_NOTE)
        ike_judge_fail(q->sa);
}

static void judge_exchange(ike_tracker *t, ike_sa *sa, ike_exchange *exchange)
{
    if (sa->state == IKE_STATE_ABANDONED)
        return;
    for (unsigned i = 1; i <= exchange->highest; i++) {
        ike_request q = { t, sa, exchange, exchange->slot[i], NULL, t->span.last };

        if (!q.first || q.first->note.sa != sa)
            continue;
        q.step = ike_step_find(q.first->label);
        if (!q.step || !q.step->unanswered)
            continue;
        if (q.step->is_answered)
            judge_request(&q);
        else
            judge_standstill(&q);
    }
}

/* ---- Quick Mode ---- */

static void judge_quick(ike_tracker *t, ike_sa *sa, ike_exchange *exchange)
{
    ike_record *qm2 = exchange->slot[2], *qm3 = exchange->slot[3];

    if (exchange->mode != IKE_MODE_QUICK || !qm3)
        return;
    if (qm2 && was_sent_after(qm2, qm3))
        ike_raise(t, sa, IKE_DIAG_QM3_LOST, &qm2->last_send->note, 0,
                  "QM2 was sent again in frame %u, after QM3 in frame %u",
                  qm2->last_send->note.frame, qm3->note.frame);
    if (exchange->commit && !exchange->slot[4] && !ike_judge_is_oneway(t, sa) &&
        t->span.last - qm3->note.time >= IKE_SECOND)
        ike_raise(t, sa, IKE_DIAG_QM4_MISSING, &qm3->note, 0,
                  "the commit bit was set and QM3 sent in frame %u, but QM4 is missing",
                  qm3->note.frame);
}

/* ---- response times ---- */

static void judge_slow(ike_tracker *t, ike_sa *sa)
{
    for (guint i = 0; i < sa->records->len; i++) {
        ike_record *r = sa->records->pdata[i];
        ike_time span;

        if (!r->request || r->copy != IKE_COPY_NONE || r->label.mode == IKE_MODE_TRANSACTION)
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

static bool proves_answers(const ike_sa *sa, ike_side visible)
{
    const ike_record *first = sa->phase1->slot[1];

    if (sa->version == 2)
        return false;
    if (sa->phase1->highest > 1 || sa->is_joined || ike_judge_has_phase2(sa))
        return true;
    (void)first;
    return visible == IKE_SIDE_NONE;
}

bool ike_judge_is_oneway(const ike_tracker *t, const ike_sa *sa)
{
    const bool a = sa->sides[0].messages > 0, b = sa->sides[1].messages > 0;
    const ike_side visible = a ? IKE_SIDE_A : IKE_SIDE_B, hidden = ike_side_other(visible);

    if (a == b || !proves_answers(sa, visible))
        return false;
    for (unsigned i = 0; i < sa->sides[hidden].n_endpoints; i++)
        for (unsigned k = 0; k < sa->sides[visible].n_endpoints; k++)
            if (ike_tracker_saw_pair(t, &sa->sides[hidden].endpoints[i].addr,
                                     &sa->sides[visible].endpoints[k].addr))
                return false;
    return true;
}

static ike_note *first_note(const ike_sa *sa)
{
    return sa->records->len ? &((ike_record *)sa->records->pdata[0])->note : NULL;
}

static void judge_oneway(ike_tracker *t, ike_sa *sa)
{
    if (ike_judge_is_oneway(t, sa))
        ike_raise(t, sa, IKE_DIAG_ONEWAY_CAPTURE, first_note(sa), 0,
                  "no frame of the other direction is in the capture");
}

/* ---- the life of an SA ---- */

static bool is_resent_after(const ike_record *request, const ike_record *response)
{
    return request && response && was_sent_after(request, response);
}

static void judge_state(ike_tracker *t, ike_sa *sa)
{
    ike_record *last = sa->phase1->mode == IKE_MODE_AGGRESSIVE ? sa->phase1->slot[3]
                     : sa->phase1->mode == IKE_MODE_BASE       ? sa->phase1->slot[4]
                                                               : sa->phase1->slot[6];

    sa->is_failed = false;
    sa->established = last;
    if (sa->state == IKE_STATE_PROBABLY_ESTABLISHED && last &&
        sa->phase1->mode == IKE_MODE_MAIN && !is_resent_after(sa->phase1->slot[5], last) &&
        t->span.last - last->note.time >= t->options.patience)
        sa->state = IKE_STATE_ESTABLISHED;
    if (sa->phase1->mode == IKE_MODE_AGGRESSIVE && last &&
        (sa->sides[0].esp_packets || sa->sides[1].esp_packets))
        sa->state = MAX(sa->state, IKE_STATE_ESTABLISHED);
}

static void judge_gaps(ike_tracker *t, ike_sa *sa)
{
    if (sa->is_joined || sa->version != 1 || ike_judge_is_oneway(t, sa) ||
        sa->phase1->mode == IKE_MODE_NONE || sa->phase1->mode == IKE_MODE_AUTHIP_MAIN)
        return;
    for (unsigned i = 2; i < sa->phase1->highest; i++) {
        GString *label = g_string_new(NULL);

        ike_label_append(label, (ike_label){ .mode = (uint8_t)sa->phase1->mode, .number = (uint8_t)i });
        if (!sa->phase1->slot[i])
            ike_raise(t, sa, IKE_DIAG_NOT_CAPTURED, first_note(sa), 0,
                      "%s must have been sent, but is not in the capture", label->str);
        g_string_free(label, TRUE);
    }
}

static void judge_joined(ike_tracker *t, ike_sa *sa)
{
    if (sa->is_joined && sa->version == 1)
        ike_raise(t, sa, IKE_DIAG_JOINED, first_note(sa), 0,
                  "the capture begins in the middle of this negotiation");
}

static const char *role_name(const ike_sa *sa, ike_side side)
{
    return ike_sa_role(sa, side) == IKE_ROLE_INITIATOR ? "initiator" : "responder";
}

static void judge_nat(ike_tracker *t, ike_sa *sa)
{
    for (int side = 0; side < 2 && sa->initiator != IKE_SIDE_NONE; side++) {
        const ike_natted natted = ike_sa_natted(sa, side);
        const ike_natd *natd = &sa->sides[side].natd;
        const ike_natd *seen = sa->sides[1 - side].natd.seen ? &sa->sides[1 - side].natd : natd;

        if (natted >= IKE_NAT_MAYBE && seen->record)
            ike_raise(t, sa, IKE_DIAG_NATT_DETECTED, &seen->record->note, 0,
                      "the %s is behind a NAT%s", role_name(sa, side),
                      natted == IKE_NAT_MAYBE ? ", or its encapsulation is forced" : "");
        if (natd->seen && natd->forced)
            ike_raise(t, sa, IKE_DIAG_NATT_FORCED, &natd->record->note, 0,
                      "the %s hashes port 0 to force encapsulation", role_name(sa, side));
    }
}

/* ---- between SAs ---- */

static bool begins_here(const ike_sa *sa)
{
    return !sa->is_joined && !sa->sibling_of && sa->initiator != IKE_SIDE_NONE &&
           sa->sides[sa->initiator].n_endpoints > 0;
}

static bool is_opposite(const ike_sa *a, const ike_sa *b)
{
    const ike_endpoint *x = &a->sides[a->initiator].endpoints[0];
    const ike_endpoint *y = &b->sides[b->initiator].endpoints[0];

    return !ike_addr_equal(&x->addr, &y->addr);
}

static void judge_simultaneous(ike_tracker *t, const GPtrArray *list)
{
    for (guint i = 1; i < list->len; i++) {
        ike_sa *b = list->pdata[i];
        const ike_sa *a = list->pdata[i - 1];
        const ike_time gap = b->first_time - a->first_time;

        if (begins_here(a) && begins_here(b) && a->version == b->version && is_opposite(a, b) &&
            gap > -SIMULTANEOUS && gap < SIMULTANEOUS)
            ike_raise(t, b, IKE_DIAG_SIMUL, first_note(b), 0,
                      "SA %u was started by the other side at the same time", a->number);
    }
}

/* An attempt that its side replaced by a new one at once was given up. */
static void judge_attempts(const GPtrArray *list)
{
    for (guint i = 1; i < list->len; i++) {
        ike_sa *a = list->pdata[i - 1];
        const ike_sa *b = list->pdata[i];

        if (a->state == IKE_STATE_ABANDONED || b->sibling_of || !begins_here(a) || !begins_here(b) ||
            a->version != b->version || a->state >= IKE_STATE_PROBABLY_ESTABLISHED)
            continue;
        if (!is_opposite(a, b) && b->first_time >= a->last_time &&
            b->first_time - a->last_time < NEW_ATTEMPT_WITHIN &&
            a->sides[a->initiator].endpoints[0].port == b->sides[b->initiator].endpoints[0].port)
            ike_judge_fail(a);
    }
}

/* Of several answers to one first message the initiator goes on with one; the others are given up. */
static void abandon(ike_sa *sa, const ike_sa *other)
{
    if (sa->phase1->highest <= 2 && other->phase1->highest > 2)
        sa->state = IKE_STATE_ABANDONED;
}

static void judge_sibling(ike_tracker *t, ike_sa *sa)
{
    ike_sa *older = sa->sibling_of;

    if (!older)
        return;
    ike_raise(t, sa, IKE_DIAG_SIBLING, first_note(sa), 0,
              "SA %u answers the same first message with another responder cookie", older->number);
    abandon(sa, older);
    abandon(older, sa);
}

/* ---- all ---- */

static void drop_from(GPtrArray *list)
{
    for (guint i = list->len; list && i > 0; i--)
        if (((const ike_finding *)list->pdata[i - 1])->is_verdict)
            g_ptr_array_remove_index(list, i - 1);
}

/* Takes back what was concluded before more frames came. */
static void drop_verdicts(ike_tracker *t)
{
    for (guint i = 0; i < t->all_notes->len; i++) {
        ike_note *note = t->all_notes->pdata[i];

        if (note->findings)
            drop_from(note->findings);
    }
    for (guint i = 0; i < t->sas->len; i++) {
        ike_sa *sa = t->sas->pdata[i];

        drop_from(sa->findings);
        drop_from(sa->distinct);
        sa->state = sa->tracked_state;
    }
    drop_from(t->orphans);
    drop_from(t->findings); /* owns them: last */
}

static void judge_sa(ike_tracker *t, ike_sa *sa)
{
    judge_joined(t, sa);
    judge_oneway(t, sa);
    judge_nat(t, sa);
    ike_judge_find_liveness(sa);
    ike_judge_icmp(t, sa);
    ike_judge_refusals(t, sa);
    judge_exchange(t, sa, sa->phase1);
    for (guint i = 0; i < sa->exchanges->len; i++) {
        judge_exchange(t, sa, sa->exchanges->pdata[i]);
        judge_quick(t, sa, sa->exchanges->pdata[i]);
    }
    ike_judge_liveness(t, sa);
    judge_slow(t, sa);
    judge_gaps(t, sa);
    ike_v1frag_judge(t, sa);
}

static void judge_pair(gpointer key, gpointer value, gpointer user)
{
    (void)key;
    judge_simultaneous(user, value);
    judge_attempts(value);
}

void ike_judge_capture(ike_tracker *t)
{
    drop_verdicts(t);
    for (guint i = 0; i < t->sas->len; i++)
        judge_state(t, t->sas->pdata[i]);
    for (guint i = 0; i < t->sas->len; i++)
        judge_sibling(t, t->sas->pdata[i]);
    for (guint i = 0; i < t->sas->len; i++)
        judge_sa(t, t->sas->pdata[i]);
    ike_ipfrag_judge(t);
    g_hash_table_foreach(t->by_hosts, judge_pair, t);
}

/* ---- a single pass ---- */

static ike_finding *live_finding(const ike_sa *sa, ike_note *about, const silence *s)
{
    ike_finding *finding = g_new0(ike_finding, 1);

    finding->id = s->id;
    finding->severity = s->severity ? s->severity : ike_diagnosis_get(s->id)->severity;
    finding->evidence = ike_diagnosis_get(s->id)->evidence;
    finding->sa = (ike_sa *)sa;
    finding->note = about;
    finding->count = 1;
    finding->text = g_strdup(s->text);
    return finding;
}

static void judge_live(ike_tracker *t, ike_record *first, ike_note *here)
{
    const ike_request q = { t, first->note.sa, first->note.exchange, first,
                        ike_step_find(first->label), t->now };
    silence s;

    if (!asks(&q) || is_answered(&q) || !is_due(&q) || ike_judge_is_oneway(t, q.sa))
        return;
    s = silence_of(&q);
    if (s.id == q.step->unanswered) {
        if (!here->live)
            here->live = g_ptr_array_new_with_free_func(ike_finding_free);
        g_ptr_array_add(here->live, live_finding(q.sa, &first->last_send->note, &s));
    }
    g_free(s.text);
}

void ike_judge_live(ike_tracker *t, ike_note *here)
{
    guint n = g_queue_get_length(t->waiting);

    while (n-- > 0) {
        ike_record *first = g_queue_peek_head(t->waiting);

        if (t->now - first->waiting_since < t->options.patience)
            return;
        g_queue_pop_head(t->waiting);
        if (first->last_send->note.time > first->waiting_since) {
            first->waiting_since = first->last_send->note.time;
            g_queue_push_tail(t->waiting, first);
        } else {
            judge_live(t, first, here);
        }
    }
}
