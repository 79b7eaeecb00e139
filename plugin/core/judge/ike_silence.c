/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Messages that nobody answered. "No response" is said only when nothing else explains the silence:
 * no answer, no refusal, nothing that implies an answer, no ICMP error, no end of the capture, no
 * other SA that came up instead. RFC 2408 5.1.
 */
#include "ike_causes.h"
#include "ike_judge.h"

#define ENOUGH_SENDS 3       /* of one message, although the capture ends soon */
#define LARGE_MESSAGE 1280u /* bytes: certificates are in it, and a path with a small MTU cuts it */

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
           q->sa->sides[other].more->newest_piece_frame > q->first->note.frame;
}

/* An MTU that ICMP named is no answer to what was sent after it. */
static bool names_mtu_before(const ike_icmp *icmp, const ike_record *sent)
{
    return ike_icmp_is_too_big(icmp) && sent->note.frame > icmp->note.frame;
}

static bool is_quoted_by_icmp(const ike_request *q)
{
    for (guint i = 0; i < q->sa->more->icmp.len; i++) {
        const ike_icmp *icmp = q->sa->more->icmp.pdata[i];

        if (icmp->note.frame > q->first->note.frame && icmp->quoted == q->first->side &&
            !names_mtu_before(icmp, ike_record_last_send(q->first)))
            return true;
    }
    return false;
}

/* Neither side uses an IPsec SA before it has the message that completes it, nor does one come up before phase 1. */
static bool is_child_in_use(const ike_request *q)
{
    return (ike_modes[q->exchange->mode].is_phase1 || ike_modes[q->exchange->mode].makes_child) &&
           ike_judge_has_new_flows(q->sa, ike_record_last_send(q->first));
}

/* A later message proves that the request was answered (RFC 2408 3.1). */
static bool is_implied(const ike_request *q)
{
    if (q->sa->version == 2)
        return ike_v2_is_implied(q->exchange, q->first);
    if (q->exchange->highest > q->step->number)
        return true;
    return q->exchange == q->sa->phase1 && ike_judge_has_phase2(q->sa);
}

/* In phase 2 an IKEv1 peer sends Informationals for many reasons: only a quick one may be an answer. */
static bool has_reaction_v1(const ike_request *q, ike_side other)
{
    return q->exchange == q->sa->phase1
               ? ike_judge_info_since(q->sa, q->first, other)
               : ike_judge_info_after(q->sa, q->first, other, IKE_REACTION) != NULL;
}

/* A peer that sends requests of its own is alive, which a liveness check asks; what CREATE_CHILD_SA asks
 * only its response answers (RFC 7296 2.1). */
static bool has_reaction_v2(const ike_request *q, ike_side other)
{
    if (q->step->unanswered == IKE_DIAG_CHILD_NORESP)
        return ike_judge_error_since(q->sa, q->first, other);
    return ike_judge_info_since(q->sa, q->first, other) ||
           (q->step->unanswered == IKE_DIAG_INFO_NORESP && other != IKE_SIDE_NONE &&
            q->sa->sides[other].newest_exchange_frame > q->first->note.frame);
}

/* By an Informational that was taken for the answer, however late it came. */
static bool is_refused(const ike_request *q)
{
    const ike_exchange_more *more = q->exchange->more;

    return more->failed_by != IKE_DIAG_NONE && more->failed_by != q->step->unanswered &&
           more->failed_at->frame > q->first->note.frame;
}

static bool is_answered(const ike_request *q)
{
    const ike_side other = ike_side_other(q->first->side);

    if (q->first->response || is_implied(q) || has_pieces_after(q) || is_quoted_by_icmp(q) || is_child_in_use(q) ||
        is_refused(q))
        return true;
    return q->sa->version == 2 ? has_reaction_v2(q, other) : has_reaction_v1(q, other);
}

bool ike_judge_is_due(const ike_tracker *t, const ike_record *first, ike_time now)
{
    const ike_record *last = ike_record_last_send(first);

    if (last->note.time < first->note.time) /* time runs backwards: no timing verdict */
        return false;
    return now - last->note.time >= t->options.patience ||
           (ike_record_sends(first) >= ENOUGH_SENDS && now - first->note.time >= t->options.patience);
}

/* In a capture that begins late, or was cut short, which round of EAP it is may not show: the first has the identity. */
static bool may_wait_for_people(const ike_request *q)
{
    const ike_record *r = q->first;

    return ike_judge_waits_for_people(r->label) ||
           (r->label.mode == IKE_MODE_V2_AUTH && r->label.number == 0 && r->inside != IKE_PL_V2_IDI);
}

static bool is_due(const ike_request *q)
{
    return ike_judge_is_due(q->t, q->first, q->now) &&
           (q->sa->version == 1 || !may_wait_for_people(q) || ike_judge_people_had_time(q->t, q->first->note.time));
}

/* The request is one of an IKEv2 SA that is up, not one that is to bring it up. */
static bool is_of_sa_in_use(const ike_request *q)
{
    return q->sa->version == 2 && !ike_modes[q->exchange->mode].is_phase1;
}

static const ike_sa *successor(const ike_request *q)
{
    return ike_judge_successor(q->t, q->sa, q->first, is_of_sa_in_use(q));
}

/* AuthIP beside an IKE that is answered is the normal way of Windows to find out. */
static bool is_authip_beside_ike(const ike_request *q)
{
    return q->step->unanswered == IKE_DIAG_AIP_NORESP &&
           ike_judge_is_answered_beside(q->t, q->sa, q->first);
}

typedef struct silence {
    ike_diagnosis_id id; /* IKE_DIAG_NONE: nothing to say */
    ike_severity severity;
    bool is_final; /* the request was not answered, and nothing excuses it */
    char *text;
    ike_causes *causes; /* or NULL */
} silence;

/* RFC 7296 2.4: a request that an SA which is up sends again and again is a liveness check, or becomes
 * one, unless it takes the SA down: what the capture cut off may do that. */
static bool is_liveness(const ike_request *q)
{
    return q->step->unanswered == IKE_DIAG_INFO_NORESP && ike_record_sends(q->first) >= ENOUGH_SENDS &&
           q->first->inside != IKE_PL_V2_DELETE && q->first->inside != IKE_INSIDE_UNKNOWN &&
           (q->sa->is_joined || q->first->state >= IKE_STATE_PROBABLY_ESTABLISHED);
}

/* The message by which the initiator authenticates itself (RFC 2409 5, RFC 7296 1.2). */
static bool authenticates(ike_label label)
{
    return (label.mode == IKE_MODE_MAIN && label.number == 5) ||
           (label.mode == IKE_MODE_V2_AUTH && label.number == 1 && !label.is_response);
}

/* The request of XAUTH or Mode-Config that the other side still waits for, or NULL: it takes no Quick Mode before. These
 * are among the first exchanges of an SA. */
static const ike_record *transaction_before(const ike_request *q)
{
    for (guint i = 0; q->exchange->mode == IKE_MODE_QUICK && i < MIN(q->sa->more->exchanges.len, IKE_FEW); i++) {
        const ike_exchange *exchange = q->sa->more->exchanges.pdata[i];
        const ike_record *asked = ike_exchange_slot(exchange, 1);

        if (exchange == q->exchange)
            break;
        if (exchange->mode == IKE_MODE_TRANSACTION && asked && !asked->response &&
            asked->side == ike_side_other(q->first->side) && ike_record_sends(asked) > 1 &&
            ike_judge_is_due(q->t, asked, q->now))
            return asked;
    }
    return NULL;
}

static silence silence_of(const ike_request *q)
{
    GString *text = g_string_new(NULL);
    silence s = { IKE_DIAG_NONE, IKE_SEVERITY_NONE, false, NULL, NULL };
    const ike_sa *newer, *beside;
    const ike_record *asked;

    ike_record_append_sends(text, q->first);
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
        s.id = is_liveness(q) ? IKE_DIAG_DPD_FAIL : q->step->unanswered;
        s.is_final = true;
        g_string_append(text, " and never answered");
        if (authenticates(q->first->label))
            s.causes = ike_causes_new(q->t, q->sa, q->first);
        else if (ike_judge_is_am3_unproven(q->sa) && q->exchange != q->sa->phase1)
            s.causes = ike_causes_on_4500(q->t, q->sa, q->first);
        else if (is_of_sa_in_use(q) && ike_record_sends(q->first) >= ENOUGH_SENDS)
            s.causes = ike_causes_of_use(q->t, q->sa, q->first);
        if (!s.causes)
            ike_judge_append_dropped(text, q->sa, q->first);
        if (ike_record_sends(q->first) == 1)
            s.severity = ike_diagnosis_get(s.id)->lesser;
        if ((asked = transaction_before(q))) {
            s.severity = ike_diagnosis_get(s.id)->lesser;
            g_string_append_printf(text, "; the peer waits for the answer to TR1 in frame %u", asked->note.frame);
        }
        if (s.id == IKE_DIAG_DPD_FAIL && (beside = ike_judge_alive_beside(q->t, q->sa, q->first))) {
            s.severity = ike_diagnosis_get(s.id)->lesser;
            g_string_append_printf(text, "; the peer goes on with SA %u", beside->number);
        }
    }
    s.text = g_string_free(text, FALSE);
    return s;
}

static void free_silence(silence *s)
{
    g_free(s->text);
    g_free(s->causes);
}

/* Of what a pre-shared key protects the size has other reasons, and IKE fragments are small. */
static bool is_large_by_certificates(const ike_record *r, const ike_causes *causes)
{
    return r->length > LARGE_MESSAGE && !causes->is_psk && r->fragment != IKE_FRAGMENT_V1 &&
           r->fragment != IKE_FRAGMENT_V2;
}

/* Of an SA that never came up: another finding says so, of one that began before the capture as well. */
static bool is_in_vain(const ike_request *q)
{
    return q->sa->version == 1 && q->exchange != q->sa->phase1 &&
           (q->sa->is_failed || ike_sa_finding(q->sa, IKE_DIAG_AM3_LOST) || ike_sa_finding(q->sa, IKE_DIAG_AM3_REJECT));
}

static void judge_request(const ike_request *q)
{
    ike_finding *finding;
    silence s;

    if (is_answered(q) || ike_judge_is_oneway(q->t, q->sa) || is_in_vain(q))
        return;
    if (q->sa->is_in_flood && q->exchange == q->sa->phase1) {
        if (is_due(q))
            ike_sa_fail(q->sa);
        return;
    }
    s = silence_of(q);
    finding = ike_raise(q->t, q->sa, s.id, &ike_record_last_send(q->first)->note, s.severity, "%s", s.text);
    if (s.causes && is_large_by_certificates(q->first, s.causes))
        ike_raise(q->t, q->sa, IKE_DIAG_AUTHFAIL_CERT, &q->first->note, IKE_SEVERITY_NONE,
                  "the message that was not answered has %u bytes", q->first->length);
    if (!finding->causes)
        finding->causes = g_steal_pointer(&s.causes);
    if (s.is_final && ike_modes[q->first->label.mode].is_phase1)
        ike_sa_fail(q->sa);
    else if (s.is_final && ike_modes[q->first->label.mode].makes_child)
        ike_exchange_failed(q->exchange, s.id, &ike_record_last_send(q->first)->note, IKE_INFERRED);
    free_silence(&s);
}

void ike_judge_incomplete_request(ike_tracker *t, ike_exchange *exchange, ike_record *piece)
{
    const ike_request q = { t, exchange->sa, exchange, piece, ike_step_find(piece->rare->part_of),
                            t->span.last };

    if (q.step && !ike_judge_is_oneway(t, q.sa) && is_due(&q) && !successor(&q) &&
        !ike_judge_info_since(q.sa, piece, ike_side_other(piece->side))) {
        GString *text = g_string_new(NULL);

        ike_record_append_sends(text, piece);
        ike_raise(t, q.sa, q.step->unanswered, &ike_record_last_send(piece)->note, IKE_SEVERITY_NONE,
                  "%s, and never came whole to the capture point: IKE fragments are lost", text->str);
        g_string_free(text, TRUE);
        if (ike_modes[piece->rare->part_of.mode].is_phase1)
            ike_sa_fail(q.sa);
        else if (ike_modes[piece->rare->part_of.mode].makes_child)
            ike_exchange_failed(exchange, q.step->unanswered, &ike_record_last_send(piece)->note, IKE_INFERRED);
    }
}

/* ---- messages that the other side should have gone on after ---- */

bool ike_judge_was_sent_after(const ike_record *r, const ike_record *after)
{
    return r && ike_record_last_send(r) != r && ike_record_last_send(r)->note.frame > after->note.frame;
}

unsigned ike_judge_sends_after(const ike_record *first, const ike_record *after)
{
    unsigned n = 0;

    for (const ike_record *copy = ike_record_last(first); copy; copy = copy->rare->older)
        n += copy->copy == IKE_COPY_RETRANSMISSION && copy->note.frame > after->note.frame;
    return n;
}

/* After a response to IKE_SA_INIT the initiator sends the next request (RFC 7296 1.2). */
static const ike_step init_response = { IKE_MODE_V2_SA_INIT, IKE_RESPONSE, IKE_REQUEST, false,
                                        IKE_STATE_CHOSEN, IKE_DIAG_INIT_NOREPLY, NULL };

/* The response chooses nothing: it asks for IKE_SA_INIT once more, with a cookie or another group (RFC 7296 1.2, 2.6). */
static bool is_challenge(const ike_request *q)
{
    return q->first->waiting_for.mode == IKE_MODE_V2_SA_INIT && q->step == &init_response;
}

static bool is_floating(const ike_request *q)
{
    return q->exchange == q->sa->phase1 && ike_judge_is_floating(q->sa);
}

static void append_challenge(GString *text, const ike_request *q)
{
    const ike_v2 *v2 = q->sa->v2;

    g_string_append(text, "; it asks for ");
    if (v2->invalid_ke && ike_record_first(v2->invalid_ke) == q->first)
        ike_group_append(text, v2->asked_group);
    else
        g_string_append(text, "a cookie");
    g_string_append(text, ", and IKE_SA_INIT does not come with that");
}

/* A request that is sent again until its answer was sent again is not sent once more: the answer arrived, and what
 * follows went to a port that the capture does not hold. Who never gets the answer asks more often. */
static bool has_left_to_4500(const ike_request *q, const ike_record *asked)
{
    return is_floating(q) && !q->t->has_natt_port && asked && ike_record_sends(asked) < ENOUGH_SENDS &&
           ike_record_sends(q->first) > 1 && ike_record_sends(q->first) <= ike_record_sends(asked) &&
           !ike_judge_was_sent_after(asked, ike_record_last_send(q->first));
}

/* Whether the other side shows that it did not get the message. An IKEv2 response is repeated for each
 * copy of its request (RFC 7296 2.1), and some of these may be older than the response. */
static bool is_asked_again(const ike_request *q, const ike_record *asked)
{
    if (has_left_to_4500(q, asked))
        return false;
    if (ike_judge_was_sent_after(asked, q->first))
        return true;
    return ike_record_sends(q->first) > 1 && !(asked && q->step == &init_response);
}

static void append_place(GString *text, const ike_record *asked, const ike_record *answer)
{
    g_string_append(text, "; it comes from ");
    ike_endpoint_append(text, ike_record_src(answer));
    g_string_append(text, ", but its request went to ");
    ike_endpoint_append(text, ike_record_dst(asked));
}

static void raise_standstill(const ike_request *q, const ike_record *asked, bool resent, ike_severity severity)
{
    const uint32_t answer = q->first->note.frame, again = asked ? ike_record_last_send(asked)->note.frame : 0;
    ike_causes *causes = asked ? ike_causes_of_answer(q->t, q->sa, asked, q->first) : NULL;
    GString *text = g_string_new(NULL);
    ike_finding *finding;

    g_string_printf(text, "nothing followed frame %u", answer);
    if (resent && again > answer)
        g_string_append_printf(text, " but its request again (frame %u): the answer does not arrive, or is dropped",
                               again);
    else if (resent && ike_record_sends(q->first) > 1)
        g_string_append(text, ", although it was sent again");
    else if (is_floating(q))
        g_string_append_printf(text, "; %s to UDP 4500, which may be blocked, or left out by a capture filter",
                               q->sa->version == 2 ? "the next message may go"
                                                   : "since there is a NAT, the next message goes");
    if (is_challenge(q))
        append_challenge(text, q);
    if (causes)
        append_place(text, asked, q->first);
    finding = ike_raise(q->t, q->sa, q->step->unanswered, &ike_record_last_send(q->first)->note, severity, "%s",
                        text->str);
    if (!finding->causes)
        finding->causes = g_steal_pointer(&causes);
    g_free(causes);
    g_string_free(text, TRUE);
}

static void judge_standstill(const ike_request *q)
{
    const ike_record *asked = ike_exchange_slot(q->exchange, q->step->number - 1);
    const bool resent = is_asked_again(q, asked);
    ike_severity severity = IKE_SEVERITY_NONE;
    const ike_sa *other;

    if (is_answered(q) || ike_judge_is_oneway(q->t, q->sa) || !is_due(q))
        return;
    if ((other = successor(q))) {
        ike_raise(q->t, q->sa, IKE_DIAG_SUPERSEDED, &ike_record_last_send(q->first)->note, 0,
                  "nothing followed frame %u; SA %u came up instead", q->first->note.frame,
                  other->number);
        return;
    }
    if ((q->step->unanswered == IKE_DIAG_MM4_NOREPLY || is_floating(q) || is_challenge(q)) && !resent)
        severity = IKE_SEVERITY_NOTE;
    else if (q->step->unanswered != IKE_DIAG_AM2_NOREPLY && !resent)
        return;
    raise_standstill(q, asked, resent, severity);
    if (q->exchange == q->sa->phase1 && severity != IKE_SEVERITY_NOTE)
        ike_sa_fail(q->sa);
    if (ike_modes[q->exchange->mode].makes_child)
        ike_exchange_failed(q->exchange, q->step->unanswered, &ike_record_last_send(q->first)->note, IKE_INFERRED);
}

void ike_judge_standstill_v2(ike_tracker *t, ike_sa *sa)
{
    ike_record *request = ike_exchange_slot(sa->phase1, IKE_REQUEST);
    ike_record *response = ike_exchange_slot(sa->phase1, IKE_RESPONSE);
    const ike_request q = { t, sa, sa->phase1, response, &init_response, t->span.last };

    if (response && response->note.sa == sa && response->waiting_for.mode != IKE_MODE_NONE &&
        (!request || request->response == response) && sa->state != IKE_STATE_ABANDONED)
        judge_standstill(&q);
}

void ike_judge_silence(ike_tracker *t, ike_sa *sa, ike_exchange *exchange)
{
    if (sa->state == IKE_STATE_ABANDONED)
        return;
    for (unsigned i = 1; i <= exchange->highest; i++) {
        ike_request q = { t, sa, exchange, ike_exchange_slot(exchange, i), NULL, t->span.last };

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

/* ---- a single pass ---- */

static void say_unanswered(ike_tracker *t, ike_record *first)
{
    const ike_request q = { t, first->note.sa, first->note.exchange, first,
                        ike_step_find(first->label), t->now };
    silence s;

    if (!ike_step_asks(q.step) || is_answered(&q) || !is_due(&q) || ike_judge_is_oneway(t, q.sa))
        return;
    s = silence_of(&q);
    if (s.is_final || s.severity == IKE_SEVERITY_CHAT) {
        const ike_finding finding = {
            .id = s.id,
            .severity = s.severity ? s.severity : ike_diagnosis_get(s.id)->severity,
            .evidence = ike_diagnosis_get(s.id)->evidence,
            .count = 1,
            .sa = q.sa,
            .note = &ike_record_last_send(first)->note,
            .text = s.text,
            .causes = s.causes,
        };

        ike_live_say(t, &finding);
    }
    free_silence(&s);
}

void ike_judge_waiting(ike_tracker *t)
{
    guint n = g_queue_get_length(t->waiting);

    while (n-- > 0) {
        ike_record *first = g_queue_peek_head(t->waiting);
        const ike_time since = first->rare->waiting_since ? first->rare->waiting_since : first->note.time;

        if (t->now - since < t->options.patience)
            return;
        g_queue_pop_head(t->waiting);
        if (ike_record_last_send(first)->note.time > since) {
            ike_record_rare(first)->waiting_since = ike_record_last_send(first)->note.time;
            g_queue_push_tail(t->waiting, first);
        } else {
            say_unanswered(t, first);
        }
    }
}
