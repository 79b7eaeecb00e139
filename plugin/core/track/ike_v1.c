/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which message of phase 1 a message is: by its content, then by who sends it, then by order. What
 * the wire does not decide stays undecided until a later message decides it. RFC 2409 5, RFC 2408 4.
 */
#include "ike_track.h"

#include <string.h>

/* What a message shows of itself, as bits. */
enum {
    HAS_SA = 1 << 0,
    HAS_KE = 1 << 1,
    HAS_NONCE = 1 << 2,
    HAS_ID = 1 << 3,
    HAS_HASH = 1 << 4,
    HAS_SIG = 1 << 5,
    HAS_CERT = 1 << 6,
    HAS_GSS = 1 << 7,
    ENCRYPTED = 1 << 8,
    FIRST = 1 << 9, /* the responder cookie is zero */
    /* Main Mode encrypted from MM5 on; what is encrypted before that is a violation */
    KEY_EXCHANGE = HAS_KE | HAS_NONCE,
    PROOF = HAS_ID | HAS_HASH | HAS_SIG
};

static const struct {
    uint8_t payload;
    unsigned bit;
} payload_bits[] = {
    { IKE_PL_SA, HAS_SA },     { IKE_PL_KE, HAS_KE },     { IKE_PL_NONCE, HAS_NONCE },
    { IKE_PL_ID, HAS_ID },     { IKE_PL_HASH, HAS_HASH }, { IKE_PL_SIG, HAS_SIG },
    { IKE_PL_CERT, HAS_CERT }, { IKE_PL_GSS, HAS_GSS },
};

/* A row fits a message that has one of `any`, all of `all` and none of `none`. The first row that
 * fits counts. `role` is the sender's where the content says it. */
typedef struct v1_rule {
    uint8_t mode;
    unsigned any, all, none;
    uint8_t number, other;
    ike_role role;
    bool bad_flags; /* the E flag does not fit the content */
} v1_rule;

#define I IKE_ROLE_INITIATOR
#define R IKE_ROLE_RESPONDER
#define U IKE_ROLE_UNKNOWN

static const v1_rule rules[] = {
    /* mode             any            all                    none     n  or role bad flags */
    { IKE_MODE_MAIN,    ~0u,           FIRST | ENCRYPTED,     0,       1, 0, I, true },
    { IKE_MODE_MAIN,    ~0u,           FIRST,                 0,       1, 0, I, false },
    { IKE_MODE_MAIN,    ~0u,           HAS_SA | ENCRYPTED,    0,       2, 0, R, true },
    { IKE_MODE_MAIN,    ~0u,           HAS_SA,                0,       2, 0, R, false },
    { IKE_MODE_MAIN,    KEY_EXCHANGE,  ENCRYPTED,             0,       3, 4, U, true },
    { IKE_MODE_MAIN,    ~0u,           ENCRYPTED,             0,       5, 6, U, false },
    /* public-key encryption: only the initiator names the responder's key by HASH(1), and only it
     * sends its certificate with the key exchange (RFC 2409 5.2, 5.3) */
    { IKE_MODE_MAIN,    HAS_HASH | HAS_CERT, KEY_EXCHANGE | HAS_ID, 0, 3, 0, I, false },
    { IKE_MODE_MAIN,    KEY_EXCHANGE,  0,                     0,       3, 4, U, false },
    { IKE_MODE_MAIN,    PROOF,         0,                     0,       5, 6, U, true },
    { IKE_MODE_MAIN_GSS, HAS_GSS,      0,                     0,       0, 0, U, false },

    { IKE_MODE_AGGRESSIVE, ~0u,        FIRST,                 0,       1, 0, I, false },
    { IKE_MODE_AGGRESSIVE, ~0u,        HAS_SA,                0,       2, 0, R, false },
    { IKE_MODE_AGGRESSIVE, ENCRYPTED | HAS_HASH | HAS_SIG, 0, HAS_KE,  3, 0, I, false },

    { IKE_MODE_BASE,    ~0u,           FIRST,                 0,       1, 0, I, false },
    { IKE_MODE_BASE,    ~0u,           HAS_SA,                0,       2, 0, R, false },
    { IKE_MODE_BASE,    ENCRYPTED | HAS_KE | PROOF, 0,        0,       3, 4, U, false },
};

static unsigned content_of(const ike_message *m)
{
    unsigned bits = 0;

    if (m->flags & IKE_FLAG_ENCRYPTED)
        bits |= ENCRYPTED;
    if (m->spi_r == 0)
        bits |= FIRST;
    for (size_t i = 0; i < G_N_ELEMENTS(payload_bits); i++)
        if (ike_message_has(m, payload_bits[i].payload))
            bits |= payload_bits[i].bit;
    return bits;
}

/* The payload type in the header is in clear even when the rest is not; of an encrypted message it
 * is all that counts. */
static const v1_rule *rule_for(ike_mode mode, unsigned content)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        const v1_rule *r = &rules[i];

        if ((r->mode == mode || (mode == IKE_MODE_MAIN && r->mode == IKE_MODE_MAIN_GSS)) &&
            (r->any == ~0u || (content & r->any)) && (content & r->all) == r->all &&
            !(content & r->none))
            return r;
    }
    return NULL;
}

/* ---- labels ---- */

static void link_halves(ike_exchange *exchange, ike_record *r)
{
    const unsigned asked = ike_label_answers(r->label);
    ike_record *request = asked ? ike_exchange_slot(exchange, asked) : NULL;

    if (request && request != r && !r->request) {
        r->request = request;
        if (!request->response)
            request->response = r;
    }
    if (r->label.number < IKE_MAX_STEPS) {
        const ike_record *later = ike_exchange_slot(exchange, r->label.number + 1);

        /* the answer came first in the file: a merge, or a label decided later */
        if (later && later != r && ike_label_answers(later->label) == r->label.number &&
            !later->request) {
            ((ike_record *)later)->request = r;
            r->response = (ike_record *)later;
        }
    }
}

static void set_state(ike_record *r)
{
    const ike_step *step = ike_step_find(r->label);
    const ike_sa *sa = r->note.sa;

    r->state = sa->tracked_state;
    memset(&r->waiting_for, 0, sizeof r->waiting_for);
    if (step && step->next)
        r->waiting_for = (ike_label){ .mode = r->label.mode, .number = step->next };
    if (ike_label_is(r->label, IKE_MODE_QUICK, 3) && r->note.exchange->commit)
        r->waiting_for = (ike_label){ .mode = IKE_MODE_QUICK, .number = 4 };
}

static void advance_state(ike_sa *sa, const ike_record *r)
{
    const ike_step *step = ike_step_find(r->label);
    uint8_t *state = &sa->tracked_state;

    if (r->label.mode == IKE_MODE_INFO && *state == IKE_STATE_PROBABLY_ESTABLISHED &&
        r->is_encrypted)
        *state = IKE_STATE_ESTABLISHED;
    else if (step && step->state > *state)
        *state = step->state;
    else if (*state == IKE_STATE_NEW && sa->is_joined)
        *state = IKE_STATE_UNKNOWN_START;
    sa->state = *state;
}

bool ike_exchange_add(ike_tracker *t, ike_exchange *exchange, ike_record *r)
{
    if (exchange->child >= 0)
        ike_sa_more(exchange->sa)->newest_child_frame = r->note.frame;
    if (ike_limit_reached(t, exchange->sa, IKE_LIMIT_NUMBERED, &r->note, exchange->records.len))
        return false;
    ike_list_add(&exchange->records, r);
    return true;
}

void ike_set_label(ike_exchange *exchange, ike_record *r, ike_label label, ike_known_by known)
{
    r->label = label;
    r->known_by = known;
    r->note.exchange = exchange;
    if (label.other == 0 && label.number > 0 && label.number <= IKE_MAX_STEPS) {
        if (!ike_exchange_slot(exchange, label.number))
            ike_exchange_put(exchange, label.number, r);
        link_halves(exchange, r);
    }
    advance_state(r->note.sa, r);
    set_state(r);
}

/* ---- who is the initiator ---- */

static bool is_odd_sender(const ike_sa *sa, const ike_record *r)
{
    return ike_sa_role(sa, r->side) == IKE_ROLE_INITIATOR;
}

static void decide(ike_sa *sa, ike_record *r, ike_known_by known)
{
    ike_label label = r->label;

    if (!label.other || r->side == IKE_SIDE_NONE || ike_modes[label.mode].exchange != r->exchange_type)
        return;
    label.number = is_odd_sender(sa, r) ? MIN(label.number, label.other)
                                        : MAX(label.number, label.other);
    if (label.number % 2 != (is_odd_sender(sa, r) ? 1 : 0))
        return;
    label.other = 0;
    ike_set_label(sa->phase1, r, label, known);
}

/* Labels of phase 1 that were decided by weaker evidence are decided anew. */
static void reopen(ike_exchange *phase1)
{
    ike_exchange_empty(phase1);
    for (guint i = 0; i < phase1->records.len; i++) {
        ike_record *r = phase1->records.pdata[i];

        r->request = r->response = NULL;
        if (r->label.mode == IKE_MODE_MAIN && !r->label.other && r->label.number >= 3) {
            r->label.number = r->label.number % 2 ? r->label.number : r->label.number - 1;
            r->label.other = r->label.number + 1;
        }
    }
}

static void relabel(ike_sa *sa, ike_known_by known)
{
    ike_exchange *phase1 = sa->phase1;

    for (guint i = 0; i < phase1->records.len; i++) {
        ike_record *r = phase1->records.pdata[i];

        if (r->label.other)
            decide(sa, r, known);
        else if (r->label.number)
            ike_set_label(phase1, r, r->label, r->known_by);
    }
}

void ike_v1_learn_initiator(ike_sa *sa, ike_side side, ike_known_by known)
{
    if (side == IKE_SIDE_NONE || known <= sa->initiator_known)
        return;
    if (sa->initiator != IKE_SIDE_NONE && sa->initiator != side)
        reopen(sa->phase1);
    sa->initiator = side;
    sa->initiator_known = known;
    sa->phase1->opener = side;
    relabel(sa, MIN(known, IKE_KNOWN_DIRECTION));
}

/* First record of the other side in phase 1 with this pair of numbers, or NULL. */
static ike_record *undecided_of(const ike_sa *sa, ike_side side, unsigned number)
{
    for (guint i = 0; i < sa->phase1->records.len; i++) {
        ike_record *r = sa->phase1->records.pdata[i];

        if (r->side == side && r->label.mode == IKE_MODE_MAIN && r->label.number == number)
            return r;
    }
    return NULL;
}

static bool is_quick_answer(const ike_record *asked, const ike_record *answer)
{
    const ike_time gap = answer->note.time - asked->note.time;

    return gap >= 0 && gap < IKE_QUICK;
}

/* Roles by the order of messages, for a capture that begins in the middle. An answer is never seen
 * before its request, except the answer to a request from before the capture; then the request that
 * follows is a repeat, at least a retransmission timer later. So a quick follower is the answer,
 * and the first encrypted message after the other side's key exchange is MM5. */
static void learn_by_order(ike_sa *sa, ike_record *r)
{
    const ike_side other = ike_side_other(r->side);
    ike_record *theirs;

    if (sa->initiator != IKE_SIDE_NONE || r->side == IKE_SIDE_NONE ||
        r->label.mode != IKE_MODE_MAIN || !r->label.other)
        return;
    theirs = undecided_of(sa, other, r->label.number);
    if (theirs && is_quick_answer(theirs, r)) {
        ike_v1_learn_initiator(sa, other, IKE_KNOWN_ORDER);
        return;
    }
    if (r->label.number == 5 && !theirs) {
        theirs = undecided_of(sa, other, 3);
        if (theirs && r->note.time >= theirs->note.time)
            ike_v1_learn_initiator(sa, r->side,
                                   r->has_marker && !theirs->has_marker ? IKE_KNOWN_DIRECTION
                                                                        : IKE_KNOWN_ORDER);
    }
}

/* A key exchange that is sent again after the other side's encrypted message is MM4, the answer to MM3 that waits for
 * MM5: the initiator does not send MM3 again once it has MM6. */
static bool is_mm4_again(const ike_sa *sa, const ike_record *copy, const ike_record *first)
{
    const ike_record *theirs = undecided_of(sa, ike_side_other(first->side), 5);

    return first->label.number == 3 && theirs && theirs->note.time <= copy->note.time &&
           theirs->note.frame < copy->note.frame && !undecided_of(sa, first->side, 5);
}

/* Two slow halves are decided by what follows: a quick repeat of the first is the answer to the
 * second, which was then a repeated request. */
static void learn_by_copy(ike_sa *sa, const ike_record *copy)
{
    const ike_record *first = ike_record_first(copy), *theirs;

    if (sa->initiator != IKE_SIDE_NONE || copy->copy != IKE_COPY_RETRANSMISSION || first->side == IKE_SIDE_NONE ||
        first->label.mode != IKE_MODE_MAIN || !first->label.other)
        return;
    theirs = undecided_of(sa, ike_side_other(first->side), first->label.number);
    if (theirs && theirs->note.time > first->note.time && is_quick_answer(theirs, copy))
        ike_v1_learn_initiator(sa, theirs->side, IKE_KNOWN_ORDER);
    else if (!theirs && is_mm4_again(sa, copy, first))
        ike_v1_learn_initiator(sa, ike_side_other(first->side), IKE_KNOWN_ORDER);
}

void ike_v1_copy_seen(ike_record *copy)
{
    learn_by_copy(copy->note.sa, copy);
    copy->state = copy->note.sa->tracked_state;
}

/* After both encrypted halves of Main Mode something else follows: they were MM5 and MM6. */
static void learn_by_sequel(ike_sa *sa, const ike_record *r)
{
    ike_record *a = undecided_of(sa, IKE_SIDE_A, 5), *b = undecided_of(sa, IKE_SIDE_B, 5);
    ike_record *earlier, *later;

    if (sa->initiator != IKE_SIDE_NONE || !a || !b)
        return;
    earlier = a->note.frame < b->note.frame ? a : b;
    later = earlier == a ? b : a;
    if (earlier->note.time <= later->note.time && later->note.time <= r->note.time &&
        ike_record_last(earlier) == earlier)
        ike_v1_learn_initiator(sa, earlier->side, IKE_KNOWN_ORDER);
}

/* The message of `first` came back from the other side with an earlier time: which of the two is
 * the echo, and so who sent it, is open. */
void ike_v1_doubt(ike_record *first)
{
    ike_exchange *phase1 = first->note.sa->phase1;

    if (first->label.mode != IKE_MODE_MAIN || first->label.number < 3)
        return;
    if (ike_exchange_slot(phase1, first->label.number) == first)
        ike_exchange_put(phase1, first->label.number, NULL);
    if (!first->label.other) {
        first->label.number -= first->label.number % 2 ? 0 : 1;
        first->label.other = first->label.number + 1;
    }
    first->side = IKE_SIDE_NONE;
}

/* ---- phase 1 ---- */

static bool is_after_keying(const ike_exchange *phase1, const ike_record *round)
{
    for (guint i = 0; i < phase1->records.len; i++) {
        const ike_record *r = phase1->records.pdata[i];

        if (r->label.mode == IKE_MODE_MAIN && (r->label.number == 3 || r->label.number == 4) &&
            r->note.time <= round->note.time)
            return true;
    }
    return false;
}

/* GSS rounds follow MM4, so the initiator sends the odd ones. 0 while roles are unknown. */
static unsigned gss_round(const ike_sa *sa, const ike_record *round)
{
    const ike_role role = ike_sa_role(sa, round->side);
    unsigned k = 1;

    for (guint i = 0; i < sa->phase1->records.len; i++) {
        const ike_record *r = sa->phase1->records.pdata[i];

        k += r->label.mode == IKE_MODE_MAIN_GSS && r->side == round->side;
    }
    if (role == IKE_ROLE_UNKNOWN || !is_after_keying(sa->phase1, round))
        return 0;
    return MIN(role == IKE_ROLE_INITIATOR ? 2 * k - 1 : 2 * k, 255);
}

static void check_header(ike_tracker *t, ike_record *r, const v1_rule *rule)
{
    ike_sa *sa = r->note.sa;

    if (r->message_id != 0)
        ike_raise(t, sa, IKE_DIAG_MM_MSGID, &r->note, IKE_SEVERITY_NONE,
                  "message ID %08x in phase 1", r->message_id);
    if (rule->bad_flags)
        ike_raise(t, sa, IKE_DIAG_MM_FLAGS, &r->note, IKE_SEVERITY_NONE,
                  r->flags & IKE_FLAG_ENCRYPTED ? "encryption flag on a message that is sent in clear"
                                                : "no encryption flag on MM5 or MM6");
}

/* A different message in a place that was taken: the sender made it anew. A cut message cannot be
 * told from a repeat. */
static void check_extra(ike_tracker *t, ike_record *r)
{
    const ike_record *taken = r->label.other || r->label.number > IKE_MAX_STEPS
                                  ? NULL
                                  : ike_exchange_slot(r->note.sa->phase1, r->label.number);

    if (taken && taken != r && !r->truncated && r->label.mode == IKE_MODE_MAIN)
        ike_raise(t, r->note.sa, IKE_DIAG_MM_EXTRA, &r->note, IKE_SEVERITY_NONE,
                  "differs from the one in frame %u", taken->note.frame);
}

/* What the content alone says: decided, one of two, or nothing (IKE_MODE_NONE). */
static ike_label label_by_content(const ike_sa *sa, const ike_record *r, const v1_rule *rule)
{
    ike_label label = { .mode = rule ? rule->mode : IKE_MODE_NONE };

    if (label.mode == IKE_MODE_MAIN_GSS)
        label.number = (uint8_t)gss_round(sa, r);
    else if (rule)
        label.number = rule->number;
    if (label.number == 0)
        return (ike_label){ 0 };
    label.other = rule->other;
    return label;
}

/* Decides what content leaves open by the roles, or keeps it open until they are known. */
static void settle(ike_tracker *t, ike_record *r)
{
    ike_sa *sa = r->note.sa;

    if (!r->label.other) {
        check_extra(t, r);
        ike_set_label(sa->phase1, r, r->label, IKE_KNOWN_CONTENT);
    } else if (sa->initiator != IKE_SIDE_NONE) {
        decide(sa, r, MIN(sa->initiator_known, IKE_KNOWN_DIRECTION));
        check_extra(t, r);
    } else {
        advance_state(sa, r);
        set_state(r);
        learn_by_order(sa, r);
    }
}

static void phase1_message(ike_tracker *t, ike_record *r, const ike_message *m, ike_mode mode)
{
    ike_sa *sa = r->note.sa;
    const v1_rule *rule = rule_for(mode, content_of(m));

    if (sa->phase1->mode == IKE_MODE_NONE)
        sa->phase1->mode = mode;
    if (sa->phase1->records.len == 0 && !sa->more->sibling_of && m->spi_r != 0)
        sa->is_joined = true;
    r->note.exchange = sa->phase1;
    r->state = sa->tracked_state;
    if (!ike_exchange_add(t, sa->phase1, r))
        return;
    r->label = label_by_content(sa, r, rule);
    if (r->label.mode == IKE_MODE_NONE)
        return;
    r->known_by = IKE_KNOWN_CONTENT;
    check_header(t, r, rule);
    if (rule->role != IKE_ROLE_UNKNOWN)
        ike_v1_learn_initiator(sa,
                               rule->role == IKE_ROLE_INITIATOR ? r->side : ike_side_other(r->side),
                               IKE_KNOWN_CONTENT);
    settle(t, r);
    ike_v1_payloads(t, r, m);
}

/* ---- Informational ---- */

static void info_message(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_sa *sa = r->note.sa;

    if (sa->records.len == 1)
        sa->is_joined = true;
    r->label = (ike_label){ .mode = IKE_MODE_INFO };
    r->known_by = IKE_KNOWN_CONTENT;
    if (r->side != IKE_SIDE_NONE)
        ike_list_add(&ike_sa_more(sa)->infos[r->side], r);
    if (r->is_encrypted)
        learn_by_sequel(sa, r);
    advance_state(sa, r);
    set_state(r);
    ike_v1_payloads(t, r, m);
}

/* RFC 2408 3.1: the CONNECTED notify that the commit bit asks for may come in an Informational with
 * the message ID of the Quick Mode. */
static ike_exchange *committed_quick_mode(const ike_sa *sa, const ike_record *r)
{
    ike_exchange *exchange = ike_sa_exchange(sa, IKE_MODE_QUICK, r->message_id);

    return exchange && exchange->commit ? exchange : NULL;
}

static void numbered_message(ike_tracker *t, ike_record *r, ike_mode mode)
{
    if (mode == IKE_MODE_QUICK)
        learn_by_sequel(r->note.sa, r);
    ike_keyed_message(t, r, mode);
}

void ike_v1_message(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_sa *sa = r->note.sa;
    const ike_mode mode = ike_mode_of_exchange(m->exchange, 1);
    ike_exchange *quick;

    if (mode == IKE_MODE_NONE) {
        r->state = sa->tracked_state;
    } else if (mode == IKE_MODE_INFO && (quick = committed_quick_mode(sa, r))) {
        ike_exchange_add(t, quick, r);
        ike_set_label(quick, r, (ike_label){ .mode = IKE_MODE_QUICK, .number = 4 },
                      IKE_KNOWN_CONTENT);
    } else if (mode == IKE_MODE_INFO) {
        info_message(t, r, m);
    } else if (ike_modes[mode].is_phase1 && mode != IKE_MODE_AUTHIP_MAIN) {
        phase1_message(t, r, m, mode);
    } else {
        numbered_message(t, r, mode);
    }
}
