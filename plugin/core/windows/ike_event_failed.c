/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Events of negotiations that failed: on which host, where, why.
 */
#include "ike_event_make.h"

/* ---- words ---- */

static bool host_is_initiator(const ike_event *event)
{
    return ike_event_role(event, event->host) == IKE_ROLE_INITIATOR;
}

/* How far this host came, in the words of "State" and "Extra Status"; NULL for IKEv2, which has others. */
static const char *state_of(const ike_event *event)
{
    static const char *const sent[] = { NULL, "Sent first (SA) payload", "Sent first (SA) payload",
                                        "Sent second (KE) payload", "Sent second (KE) payload",
                                        "Sent third (ID) payload", "Sent third (ID) payload" };
    const ike_exchange *exchange = event->mode == IKE_EVENT_QUICK_MODE ? event->child : event->sa->phase1;
    const bool is_main = exchange && exchange->mode == IKE_MODE_MAIN;
    unsigned newest = 0;

    if (event->sa->version == 2)
        return NULL;
    for (unsigned i = 1; exchange && i <= exchange->highest; i++)
        if (ike_exchange_slot(exchange, i) && ike_exchange_slot(exchange, i)->side == event->host)
            newest = i;
    if (newest == 0)
        return "No state";
    return is_main && newest < G_N_ELEMENTS(sent) ? sent[newest] : "Sent first (SA) payload";
}

/* ---- Main Mode ---- */

/* What a finding makes of a negotiation that failed, on the initiator's host and on the responder's. */
static const struct failure {
    ike_diagnosis_id id;
    ike_failure_point initiator, responder;
    uint16_t reason;
    bool is_proposal; /* 546 */
} rows[] = {
    /* nobody answered: the host that waited logs it; the other one only if it is sure to have a state */
    { IKE_DIAG_MM1_NORESP, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_MM1_ICMP, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_AM1_NORESP, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_INIT_NORESP, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_RESUME_NORESP, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_AIP_NORESP, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_ICMP_UNREACH, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_ICMP_FILTERED, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_MM2_NOREPLY, IKE_FAILED_NOWHERE, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    { IKE_DIAG_AM2_NOREPLY, IKE_FAILED_NOWHERE, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    { IKE_DIAG_INIT_NOREPLY, IKE_FAILED_NOWHERE, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    { IKE_DIAG_MM4_NOREPLY, IKE_FAILED_NOWHERE, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    { IKE_DIAG_MM3_NORESP, IKE_FAILED_ME, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    { IKE_DIAG_MM5_NORESP, IKE_FAILED_ME, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    { IKE_DIAG_COOKIE_INVALID, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_INT_NORESP, IKE_FAILED_ME, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    { IKE_DIAG_AUTH_NORESP, IKE_FAILED_ME, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    /* refused; a responder that answers without a state (RFC 7296 2.6), or speaks another version, has none */
    { IKE_DIAG_MM1_REJECT, IKE_FAILED_PEER, IKE_FAILED_ME, REASON_POLICY_MATCH, true },
    { IKE_DIAG_INIT_NOPROP, IKE_FAILED_PEER, IKE_FAILED_ME, REASON_POLICY_MATCH, false },
    { IKE_DIAG_MM_VERSION, IKE_FAILED_PEER, IKE_FAILED_NOWHERE, 0, false },
    { IKE_DIAG_INIT_REJECT, IKE_FAILED_PEER, IKE_FAILED_ME, 0, false },
    { IKE_DIAG_INIT_KE_LOOP, IKE_FAILED_PEER, IKE_FAILED_NOWHERE, 0, false },
    { IKE_DIAG_INIT_COOKIE_LOOP, IKE_FAILED_PEER, IKE_FAILED_NOWHERE, 0, false },
    { IKE_DIAG_MM3_BADKE, IKE_FAILED_PEER, IKE_FAILED_ME, 0, false },
    { IKE_DIAG_AM1_REJECT, IKE_FAILED_PEER, IKE_FAILED_ME, REASON_AUTHENTICATION, false },
    { IKE_DIAG_MM2_REJECT, IKE_FAILED_ME, IKE_FAILED_PEER, REASON_POLICY_MATCH, true },
    { IKE_DIAG_MM3_REJECT, IKE_FAILED_PEER, IKE_FAILED_ME, 0, false },
    { IKE_DIAG_MM4_REJECT, IKE_FAILED_ME, IKE_FAILED_PEER, 0, false },
    { IKE_DIAG_MM5_REJECT, IKE_FAILED_PEER, IKE_FAILED_ME, REASON_AUTHENTICATION, false },
    { IKE_DIAG_AUTH_SMALL, IKE_FAILED_PEER, IKE_FAILED_ME, REASON_AUTHENTICATION, false },
    { IKE_DIAG_AUTH_FAILED, IKE_FAILED_PEER, IKE_FAILED_ME, REASON_AUTHENTICATION, false },
    { IKE_DIAG_EAP_FAIL, IKE_FAILED_PEER, IKE_FAILED_ME, REASON_AUTHENTICATION, false },
    { IKE_DIAG_AM2_REJECT, IKE_FAILED_ME, IKE_FAILED_PEER, REASON_AUTHENTICATION, false },
    { IKE_DIAG_AM3_REJECT, IKE_FAILED_PEER, IKE_FAILED_ME, REASON_AUTHENTICATION, false },
    { IKE_DIAG_AM3_LOST, IKE_FAILED_NOWHERE, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    { IKE_DIAG_MM6_IGNORED, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_AUTHENTICATION, false },
    { IKE_DIAG_AUTH_DELETE, IKE_FAILED_ME, IKE_FAILED_NOWHERE, 0, false },
    { IKE_DIAG_AUTH_IGNORED, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_RESP_IGNORED, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_MM6_DELETE, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_AUTHENTICATION, false },
    /* Quick Mode */
    { IKE_DIAG_QM1_NORESP, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_CHILD_NORESP, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false },
    { IKE_DIAG_QM2_NOREPLY, IKE_FAILED_NOWHERE, IKE_FAILED_ME, REASON_TIMED_OUT, false },
    { IKE_DIAG_QM1_REJECT, IKE_FAILED_PEER, IKE_FAILED_ME, 0, true },
    { IKE_DIAG_QM2_REJECT, IKE_FAILED_ME, IKE_FAILED_PEER, 0, false },
    { IKE_DIAG_TS_MISMATCH, IKE_FAILED_PEER, IKE_FAILED_ME, 0, false },
    { IKE_DIAG_WRONG_GROUP, IKE_FAILED_PEER, IKE_FAILED_ME, 0, false },
    { IKE_DIAG_CHILD_FAIL, IKE_FAILED_PEER, IKE_FAILED_ME, 0, false },
};

static const struct failure *failure_of(ike_diagnosis_id id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].id == id)
            return &rows[i];
    return NULL;
}

/* 544 for certificates, 545 for everything else, 546 where the proposal is refused. */
static uint16_t legacy_reason(const ike_sa *sa, const struct failure *row)
{
    if (row->is_proposal)
        return ike_event_legacy(sa, 546);
    if (row->reason != REASON_AUTHENTICATION)
        return 0;
    return ike_event_legacy(sa, sa->more->has_chosen && ike_event_is_by_certificate(sa->more->chosen.auth) ? 544 : 545);
}

/* Rows of refusals are written for a responder that refuses, where keys may show an initiator that does; the row of an
 * end right after the beginning is for an initiator. */
static bool is_mirrored(const ike_event *event, ike_note *note)
{
    const bool may_be = event->finding == IKE_DIAG_AUTH_FAILED || event->finding == IKE_DIAG_AUTH_DELETE;
    const ike_record *r = may_be ? ike_note_record(note) : NULL;

    return r && ike_sa_role(event->sa, r->side) ==
                    (event->finding == IKE_DIAG_AUTH_FAILED ? IKE_ROLE_INITIATOR : IKE_ROLE_RESPONDER);
}

/* Keys show why a Quick Mode is refused. */
static uint16_t reason_of(const struct failure *row, ike_note *note)
{
    const ike_record *r = row->reason == 0 ? ike_note_record(note) : NULL;

    return r && r->is_decrypted && r->rare->notify_error == IKE_NOTIFY_NO_PROPOSAL_CHOSEN ? REASON_POLICY_MATCH
                                                                                   : row->reason;
}

/* One event on each host on which the row has a failure point; `note` is what tells of it. */
static void fail(ike_event_builder *b, ike_event *event, const struct failure *row, ike_note *note)
{
    event->reason = reason_of(row, note);
    event->also = legacy_reason(event->sa, row);
    for (int side = 0; side < 2; side++) {
        event->host = side;
        event->point = host_is_initiator(event) != is_mirrored(event, note) ? row->initiator : row->responder;
        if (event->point == IKE_FAILED_NOWHERE)
            continue;
        event->state = state_of(event);
        ike_event_add(b, event);
    }
}

/* The finding that says why a negotiation failed: the worst that has a row. */
static const ike_finding *failing(const ike_sa *sa)
{
    const ike_finding *best = NULL;

    for (guint i = 0; i < sa->distinct.len; i++) {
        const ike_finding *finding = sa->distinct.pdata[i];

        if (finding->note && failure_of(finding->id) && (!best || finding->severity > best->severity))
            best = finding;
    }
    return best;
}

/* Without a finding only the initiator is sure to log it: its negotiation did not go on. The senders of a flood
 * log nothing. */
static void main_mode_failed(ike_event_builder *b, const ike_sa *sa)
{
    static const struct failure plain = { IKE_DIAG_NONE, IKE_FAILED_ME, IKE_FAILED_NOWHERE, REASON_TIMED_OUT, false };
    const ike_finding *finding = failing(sa);
    ike_record *newest = sa->records.len ? sa->records.pdata[sa->records.len - 1] : NULL;
    ike_event event;
    ike_note *note;

    if (!sa->is_failed || sa->is_in_flood || !newest || sa->initiator == IKE_SIDE_NONE)
        return;
    note = finding ? finding->note : &newest->note;
    event = ike_event_of(sa, IKE_EVENT_MAIN_MODE, note);
    event.finding = finding ? finding->id : IKE_DIAG_NONE;
    event.evidence = finding ? finding->evidence : IKE_INFERRED;
    event.legacy = ike_event_legacy(sa, 547);
    ike_event_by_certificate(&event, 4653, 4652);
    fail(b, &event, finding ? failure_of(finding->id) : &plain, note);
}

/* ---- Quick Mode ---- */

static void quick_modes_failed(ike_event_builder *b, const ike_sa *sa)
{
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *child = sa->more->exchanges.pdata[i];
        const struct failure *row = child->more->failed_by ? failure_of(child->more->failed_by) : NULL;
        ike_event event;

        if (!row || !child->leads_child || child->opener == IKE_SIDE_NONE)
            continue;
        event = ike_event_of(sa, IKE_EVENT_QUICK_MODE, child->more->failed_at);
        event.id = 4654;
        event.legacy = ike_event_legacy(sa, 547);
        event.child = child;
        event.finding = child->more->failed_by;
        event.evidence = child->more->failed_known;
        fail(b, &event, row, child->more->failed_at);
    }
}

/* ---- Extended Mode ---- */

static void extended_failed(ike_event_builder *b, const ike_sa *sa)
{
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];
        ike_event event;

        if (exchange->mode != IKE_MODE_AUTHIP_EXTENDED || !ike_exchange_slot(exchange, 1) || ike_exchange_slot(exchange, 2) || ike_exchange_slot(exchange, 1)->side == IKE_SIDE_NONE ||
            !ike_sa_finding(sa, IKE_DIAG_AIP_NORESP))
            continue;
        event = ike_event_of(sa, IKE_EVENT_EXTENDED_MODE, &ike_record_last(ike_exchange_slot(exchange, 1))->note);
        event.id = 4984;
        event.alternative = 4983;
        event.point = IKE_FAILED_ME;
        event.reason = REASON_TIMED_OUT;
        event.state = "Sent first (EM attributes) payload";
        event.finding = IKE_DIAG_AIP_NORESP;
        event.evidence = IKE_INFERRED;
        event.host = ike_exchange_slot(exchange, 1)->side;
        event.child = exchange;
        ike_event_add(b, &event);
    }
}

bool ike_event_is_refused_authentication(const ike_event *event)
{
    return event->mode == IKE_EVENT_MAIN_MODE && event->reason == REASON_AUTHENTICATION;
}

void ike_event_failed(ike_event_builder *b, const ike_sa *sa)
{
    main_mode_failed(b, sa);
    quick_modes_failed(b, sa);
    extended_failed(b, sa);
}
