/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 messages say in their header what they are: exchange type, direction and message ID
 * (RFC 7296 2.2, 3.1). A request and its response share the message ID and the requester; only the
 * first exchange, whose attempts all have message ID 0, needs more than that (2.6).
 */
#include "ike_track.h"

#define GAP_OF_MESSAGE_IDS 16 /* a window that large is not in use: messages are missing */

static bool is_response(const ike_record *r)
{
    return r->flags & IKE_FLAG_V2_RESPONSE;
}

/* ---- who is who ---- */

void ike_v2_learn_initiator(ike_sa *sa, ike_side sender, const ike_message *m)
{
    if (sa->initiator != IKE_SIDE_NONE || sender == IKE_SIDE_NONE)
        return;
    sa->initiator = m->flags & IKE_FLAG_V2_INITIATOR ? sender : ike_side_other(sender);
    sa->initiator_known = IKE_KNOWN_CONTENT;
}

/* The numbers of the requests of either side: RFC 7296 2.2. */
enum { REQUESTS_OF_INITIATOR, REQUESTS_OF_RESPONDER };

static unsigned requests_of(const ike_message *m)
{
    const bool response = m->flags & IKE_FLAG_V2_RESPONSE;

    return !(m->flags & IKE_FLAG_V2_INITIATOR) == response ? REQUESTS_OF_INITIATOR
                                                           : REQUESTS_OF_RESPONDER;
}

ike_exchange *ike_v2_exchange_of(const ike_sa *sa, ike_side requester, uint32_t message_id)
{
    return ike_sa_exchange(sa, requester == sa->initiator ? REQUESTS_OF_INITIATOR
                                                          : REQUESTS_OF_RESPONDER, message_id);
}

/* ---- exchanges ---- */

/* IKE_AUTH of all rounds makes one Child SA; IKE_FOLLOWUP_KE belongs to a CREATE_CHILD_SA. */
static void number_child(ike_tracker *t, ike_exchange *exchange)
{
    const ike_v2 *v2 = exchange->sa->v2;
    ike_exchange *before = exchange->mode == IKE_MODE_V2_AUTH          ? v2->last_auth
                           : exchange->mode == IKE_MODE_V2_FOLLOWUP_KE ? v2->last_child
                                                                       : NULL;

    if (before) {
        exchange->child = before->child;
        ike_exchange_more_of(exchange)->lead = ike_exchange_lead(before);
    } else if (ike_modes[exchange->mode].makes_child) {
        ike_exchange_new_child(exchange, &t->n_children);
    }
}

/* A decrypted request for no Child SA: IKE_AUTH that names its sender, as the first round does, and has no
 * proposal (RFC 6023); CREATE_CHILD_SA for an IKE SA (RFC 7296 1.3.2). */
static bool asks_for_none(const ike_message *m)
{
    const ike_payload *sa = m->decrypted ? ike_message_find(m->decrypted, IKE_PL_V2_SA) : NULL;

    if (!m->decrypted || m->flags & IKE_FLAG_V2_RESPONSE)
        return false;
    return sa ? sa->length >= 8 && sa->body[5] == IKE_PROTOCOL_ISAKMP
              : m->exchange == IKE_XCHG_V2_AUTH && ike_message_find(m->decrypted, IKE_PL_V2_IDI);
}

/* An exchange is made with the first fragment of its request, which can be read with the last. */
static void forget_child(ike_tracker *t, ike_exchange *exchange)
{
    if (!exchange->leads_child || exchange->records.len > 0)
        return;
    if ((unsigned)exchange->child + 1 == t->n_children)
        t->n_children--;
    exchange->child = -1;
    exchange->leads_child = false;
}

/* IPsec SAs that keys tied to an earlier round, as their packets are before it in the file: the last round is
 * taken to have made them. */
static void become_last_auth(ike_v2 *v2, ike_exchange *exchange)
{
    ike_exchange *before = v2->last_auth;

    for (int side = 0; before && side < 2; side++) {
        ike_flow *flow = before->more->flow[side];

        if (!flow)
            continue;
        ike_exchange_more_of(before)->flow[side] = NULL;
        ike_exchange_more_of(exchange)->flow[side] = flow;
        flow->child = exchange;
    }
    v2->last_auth = exchange;
}

static ike_exchange *new_exchange(ike_tracker *t, ike_sa *sa, ike_mode mode, const ike_message *m,
                                  ike_side sender)
{
    const bool response = m->flags & IKE_FLAG_V2_RESPONSE;
    ike_exchange *exchange;

    if (ike_limit_reached(t, sa, IKE_LIMIT_EXCHANGES, NULL, sa->more->exchanges.len))
        return NULL;
    exchange = ike_sa_add_exchange(sa, mode, requests_of(m), m->message_id);
    exchange->opener = response ? ike_side_other(sender) : sender;
    number_child(t, exchange);
    sa->v2->is_used |= !ike_modes[mode].is_phase1;
    if (mode == IKE_MODE_V2_AUTH &&
        (!sa->v2->last_auth || sa->v2->last_auth->message_id < m->message_id))
        become_last_auth(sa->v2, exchange);
    return exchange;
}

ike_exchange *ike_v2_exchange(ike_tracker *t, ike_sa *sa, const ike_message *m, ike_side sender)
{
    const ike_mode mode = ike_mode_of_exchange(m->exchange, 2);
    ike_exchange *exchange;

    if (mode == IKE_MODE_NONE)
        return NULL;
    if (mode == IKE_MODE_V2_SA_INIT || mode == IKE_MODE_V2_RESUME) {
        if (sa->phase1->mode == IKE_MODE_NONE)
            sa->phase1->mode = mode;
        return sa->phase1;
    }
    exchange = ike_sa_exchange(sa, requests_of(m), m->message_id);
    return exchange ? exchange : new_exchange(t, sa, mode, m, sender);
}

/* ---- attempts and rounds ---- */

/* Which round of IKE_AUTH a message ID is: the first follows IKE_SA_INIT or the last
 * IKE_INTERMEDIATE (RFC 7296 2.16, RFC 9242 3.2). 0 when the capture does not tell. */
static unsigned round_of_auth(const ike_sa *sa, uint32_t message_id)
{
    const uint8_t both = sa->v2->sides[0].supports & sa->v2->sides[1].supports;
    const bool is_known = sa->v2->last_intermediate > 0 || message_id == 1 ||
                          (sa->v2->sides[0].is_seen && sa->v2->sides[1].is_seen &&
                           !(both & IKE_V2_INTERMEDIATE));

    if (!is_known || message_id <= sa->v2->last_intermediate)
        return 0;
    return MIN(message_id - sa->v2->last_intermediate, 255);
}

static unsigned number_of(const ike_exchange *exchange, const ike_record *r)
{
    const ike_sa *sa = exchange->sa;

    if (exchange->mode == IKE_MODE_V2_RESUME)
        return 0;
    if (exchange == sa->phase1)
        return MIN(is_response(r) && r->request ? r->request->label.number : sa->v2->attempts, 255);
    if (exchange->mode == IKE_MODE_V2_INTERMEDIATE)
        return MIN(r->message_id, 255);
    return exchange->mode == IKE_MODE_V2_AUTH ? round_of_auth(sa, r->message_id) : 0;
}

/* RFC 6311 5.1: after a fail-over message ID 0 is used once more, and the numbers may jump. */
static bool may_synchronise(const ike_exchange *exchange, const ike_record *r)
{
    return r->message_id == 0 && exchange->mode == IKE_MODE_V2_INFO;
}

static void link_halves(ike_record *request, ike_record *response)
{
    if (!request || !response)
        return;
    if (!response->request)
        response->request = request;
    if (!request->response)
        request->response = response;
}

/* Of the first exchange the newest attempt counts, and with it the response to that one. */
static void put_attempt(ike_exchange *phase1, ike_record *r)
{
    ike_record *response = ike_exchange_slot(phase1, IKE_RESPONSE);

    if (is_response(r)) {
        ike_exchange_put(phase1, IKE_RESPONSE, r);
        link_halves(ike_exchange_slot(phase1, IKE_REQUEST), r);
        return;
    }
    phase1->sa->v2->attempts++;
    ike_exchange_put(phase1, IKE_REQUEST, r);
    /* the response came first in the file: a merge */
    if (response && !response->request && response->note.time >= r->note.time)
        link_halves(r, response);
}

static void put(ike_exchange *exchange, ike_record *r)
{
    const unsigned half = is_response(r) ? IKE_RESPONSE : IKE_REQUEST;

    if (ike_exchange_slot(exchange, half) && half == IKE_REQUEST && may_synchronise(exchange, r))
        ike_exchange_empty(exchange);
    if (!ike_exchange_slot(exchange, half))
        ike_exchange_put(exchange, half, r);
    link_halves(ike_exchange_slot(exchange, IKE_REQUEST), ike_exchange_slot(exchange, IKE_RESPONSE));
    if (ike_exchange_slot(exchange, half) != r && is_response(r))
        r->request = ike_exchange_slot(exchange, IKE_REQUEST);
}

ike_record *ike_v2_sent_in_fragments(const ike_record *r)
{
    const ike_sa *sa = r->note.sa;
    const ike_exchange *exchange;
    ike_record *first;

    if (r->version != 2 || r->fragment == IKE_FRAGMENT_V2 || r->is_outside || r->side == IKE_SIDE_NONE ||
        sa->initiator == IKE_SIDE_NONE)
        return NULL;
    exchange = ike_v2_exchange_of(sa, is_response(r) ? ike_side_other(r->side) : r->side, r->message_id);
    first = exchange ? ike_exchange_slot(exchange, is_response(r) ? IKE_RESPONSE : IKE_REQUEST) : NULL;
    return first && first->exchange_type == r->exchange_type && first->fragment == IKE_FRAGMENT_V2 ? first
                                                                                                   : NULL;
}

/* ---- message IDs ---- */

/* RFC 7296 2.1: a request is repeated bit by bit, and so is its response; RFC 7383 2.5.2 lets the
 * sender cut it anew. What the capture cut short cannot be compared. */
static void check_reuse(ike_tracker *t, const ike_exchange *exchange, ike_record *r)
{
    const ike_record *first = ike_exchange_slot(exchange, is_response(r) ? IKE_RESPONSE : IKE_REQUEST);

    if (exchange == exchange->sa->phase1 || !first || first == r || r->truncated ||
        first->truncated || may_synchronise(exchange, r))
        return;
    ike_raise(t, exchange->sa, IKE_DIAG_V2_MSGID_REUSE, &r->note, IKE_SEVERITY_NONE,
              "message ID %u was used for another message in frame %u", r->message_id,
              first->note.frame);
}

static bool is_synchronisation(const ike_sa *sa, const ike_exchange *exchange, const ike_record *r)
{
    const bool used = sa->v2->sides[r->side].highest_id >= 0 ||
                      (r->side == sa->initiator && sa->v2->attempts > 0);

    return may_synchronise(exchange, r) && used;
}

static void check_spi(ike_tracker *t, const ike_exchange *exchange, ike_record *r)
{
    if (exchange != exchange->sa->phase1 && ike_record_spi_r(r) == 0)
        ike_raise(t, exchange->sa, IKE_DIAG_ZERO_COOKIE, &r->note, IKE_SEVERITY_NONE,
                  "the responder SPI is zero outside the first exchange");
}

static void check_order(ike_tracker *t, const ike_exchange *exchange, ike_record *r)
{
    ike_sa *sa = exchange->sa;
    const int64_t highest = r->side == IKE_SIDE_NONE ? -1 : sa->v2->sides[r->side].highest_id;

    if (r->side == IKE_SIDE_NONE || is_response(r) || exchange == sa->phase1)
        return;
    if (is_synchronisation(sa, exchange, r))
        ike_raise(t, sa, IKE_DIAG_MSGID_GAP, &r->note, IKE_SEVERITY_NONE,
                  "message ID 0 after others: possibly a synchronisation of message IDs");
    else if (highest >= 0 && r->message_id > highest + GAP_OF_MESSAGE_IDS)
        ike_raise(t, sa, IKE_DIAG_MSGID_GAP, &r->note, IKE_SEVERITY_NONE,
                  "message ID %u follows %" G_GINT64_FORMAT, r->message_id, highest);
    sa->v2->sides[r->side].highest_id = MAX(highest, (int64_t)r->message_id);
}

/* ---- states ---- */

/* What a response says of the attempt it answers, beyond its step. */
static ike_state state_after_response(const ike_sa *sa, const ike_record *r, const ike_step *step)
{
    if (r->note.exchange != sa->phase1)
        return step->state;
    if (r == sa->v2->redirect)
        return IKE_STATE_REDIRECTED;
    return sa->spi_r != 0 && ike_record_spi_r(r) == sa->spi_r && !r->rare->notify_error ? step->state
                                                                      : IKE_STATE_NEW;
}

/* IKE_AUTH may take several rounds: a later request takes back what the response before it promised. */
static bool is_next_round(const ike_sa *sa, const ike_record *r)
{
    return r->label.mode == IKE_MODE_V2_AUTH && !r->label.is_response &&
           sa->tracked_state == IKE_STATE_PROBABLY_ESTABLISHED &&
           r->note.exchange == sa->v2->last_auth && !ike_exchange_slot(r->note.exchange, IKE_RESPONSE);
}

/* A message under keys proves an SA that the capture did not see come up; of one that it did see, the
 * answer to such a message does (it may be the initiator's farewell). */
static bool proves_nothing(const ike_sa *sa, const ike_record *r, const ike_step *step)
{
    return step->state == IKE_STATE_ESTABLISHED && !sa->is_joined && !r->label.is_response;
}

static void advance_state(ike_sa *sa, ike_record *r)
{
    const ike_step *step = ike_step_find(r->label);
    const ike_state next = !step || proves_nothing(sa, r, step) ? IKE_STATE_NEW
                           : r->label.is_response ? state_after_response(sa, r, step)
                                                  : step->state;

    if (is_next_round(sa, r) || next > sa->tracked_state)
        sa->tracked_state = next;
    else if (sa->tracked_state == IKE_STATE_NEW && sa->is_joined)
        sa->tracked_state = IKE_STATE_UNKNOWN_START;
    sa->state = r->state = sa->tracked_state;
}

/* The request that must follow a response of phase 1; IKE_MODE_NONE when it is open. */
static ike_mode next_request(const ike_sa *sa, const ike_record *r)
{
    const uint8_t both = sa->v2->sides[0].supports & sa->v2->sides[1].supports;

    if (r == sa->v2->redirect || r == sa->v2->refusal || r == sa->v2->nack)
        return IKE_MODE_NONE;
    if (r == sa->v2->challenge || r == sa->v2->invalid_ke)
        return IKE_MODE_V2_SA_INIT;
    if (r->label.mode == IKE_MODE_V2_AUTH || sa->is_joined)
        return IKE_MODE_NONE;
    if (ike_v2_offer_additional(sa->v2->choice) > sa->v2->last_intermediate)
        return IKE_MODE_V2_INTERMEDIATE;
    return both & IKE_V2_INTERMEDIATE && !sa->v2->last_intermediate ? IKE_MODE_NONE
                                                                  : IKE_MODE_V2_AUTH;
}

static void set_waiting_for(const ike_sa *sa, ike_record *r)
{
    const bool response = r->label.is_response;

    if (!response)
        r->waiting_for = (ike_label){ .mode = r->label.mode, .is_response = true };
    else if (ike_modes[r->label.mode].is_phase1)
        r->waiting_for = (ike_label){ .mode = (uint8_t)next_request(sa, r) };
}

/* ---- all ---- */

static void note_round(ike_v2 *v2, const ike_record *r)
{
    v2->rounds = MAX(v2->rounds, r->label.number);
    v2->has_eap |= r->inside == IKE_PL_V2_EAP;
}

/* A deleted Child SA is confirmed by a Delete for the other direction, a deleted IKE SA by nothing
 * (RFC 7296 1.4.1). */
static void note_deletion(ike_v2 *v2, const ike_exchange *exchange, ike_record *r)
{
    const ike_record *request = ike_exchange_slot(exchange, IKE_REQUEST);

    if (request && request->inside == IKE_PL_V2_DELETE && r->inside == IKE_PL_NONE)
        v2->emptied = r;
}

static void note_progress(ike_sa *sa, ike_exchange *exchange, ike_record *r)
{
    if (exchange->mode == IKE_MODE_V2_INTERMEDIATE)
        sa->v2->last_intermediate = MAX(sa->v2->last_intermediate, r->message_id);
    if (exchange->mode == IKE_MODE_V2_CREATE_CHILD && ike_exchange_slot(exchange, IKE_RESPONSE))
        sa->v2->last_child = exchange;
    if (exchange->mode == IKE_MODE_V2_AUTH)
        note_round(sa->v2, r);
    if (exchange->mode == IKE_MODE_V2_INFO && is_response(r))
        note_deletion(sa->v2, exchange, r);
    else if (exchange->mode == IKE_MODE_V2_INFO && r->side != IKE_SIDE_NONE)
        ike_list_add(&ike_sa_more(sa)->infos[r->side], r);
}

void ike_v2_message(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_sa *sa = r->note.sa;
    ike_exchange *exchange;

    r->state = sa->tracked_state;
    ike_v2_learn_initiator(sa, r->side, m);
    exchange = ike_v2_exchange(t, sa, m, r->side);
    if (!exchange)
        return;
    r->note.exchange = exchange;
    if (asks_for_none(m))
        forget_child(t, exchange);
    if (exchange == sa->phase1)
        put_attempt(exchange, r);
    else
        put(exchange, r);
    if (!ike_exchange_add(t, exchange, r))
        return;
    r->label = (ike_label){ .mode = (uint8_t)ike_mode_of_exchange(m->exchange, 2),
                            .is_response = is_response(r),
                            .number = (uint8_t)number_of(exchange, r) };
    r->known_by = IKE_KNOWN_CONTENT;
    note_progress(sa, exchange, r);
    check_reuse(t, exchange, r);
    check_order(t, exchange, r);
    check_spi(t, exchange, r);
    ike_v2_payloads(t, r, m);
    advance_state(sa, r);
    set_waiting_for(sa, r);
}

/* ---- errors outside an SA ---- */

/* The SA that an unprotected error is about, of either version; NULL when the capture has none. */
static ike_sa *concerned(const ike_tracker *t, const ike_message *m, const ike_datagram *d)
{
    ike_message other = { .spi_i = m->spi_i, .spi_r = m->spi_r,
                          .version = m->version == 1 ? 2 : 1 };
    ike_sa *sa = ike_lookup_known(t, m, &d->src, &d->dst), *of_other;

    if (sa && (sa->phase1->records.len > 0 || sa->more->exchanges.len > 0))
        return sa;
    of_other = ike_lookup_known(t, &other, &d->src, &d->dst);
    return of_other ? of_other : sa; /* an SA of nothing but such errors is none */
}

bool ike_v2_is_outside(const ike_tracker *t, const ike_message *m, const ike_datagram *d)
{
    const ike_mode mode = ike_mode_of_exchange(m->exchange, m->version);
    const ike_sa *sa;

    if (m->version == 1 && mode != IKE_MODE_INFO)
        return false;
    if (m->is_encrypted || m->flags & IKE_FLAG_ENCRYPTED ||
        m->next_payload != (m->version == 1 ? IKE_PL_NOTIFY : IKE_PL_V2_NOTIFY))
        return false;
    if (m->version == 2 && mode != IKE_MODE_V2_SA_INIT && mode != IKE_MODE_V2_RESUME)
        return true;
    /* a refusal by a peer that speaks the other version only */
    sa = concerned(t, m, d);
    return sa && sa->version != m->version;
}

static bool is_repeated_orphan(ike_tracker *t, ike_record *r)
{
    ike_record *first = g_hash_table_lookup(t->outside_digests, &r->digest);

    if (first) {
        ike_copies_mark(t, r, first);
        return true;
    }
    g_hash_table_insert(t->outside_digests, &r->digest, r);
    ike_list_add(&t->outside, r);
    return false;
}

/* RFC 7296 1.5, 2.21.4: such an error is no answer of the SA and changes nothing. */
ike_record *ike_v2_outside(ike_tracker *t, const ike_message *m, ike_datagram *d)
{
    ike_sa *sa = concerned(t, m, d);
    ike_record *r;

    if (sa)
        d->sender = ike_sa_side(sa, &d->src, &d->dst); /* the I flag of an error says nothing */
    r = ike_record_new(t, IKE_NOTE_MESSAGE, sa, m, d);
    t->n_outside++;
    r->is_outside = true;
    if (sa ? ike_copies_check(t, r) : is_repeated_orphan(t, r))
        return r;
    r->label = (ike_label){ .mode = (uint8_t)ike_mode_of_exchange(m->exchange, m->version),
                            .is_response = m->version == 2 && is_response(r) };
    r->known_by = IKE_KNOWN_CONTENT;
    ike_v2_read_notifies(r, m);
    if (sa && r->side != IKE_SIDE_NONE) {
        ike_list_add(&ike_sa_more(sa)->infos[r->side], r);
        ike_side_more_of(&sa->sides[r->side])->newest_outside_frame = t->frame;
    }
    return r;
}
