/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 with keys: what the sides say of each other's authentication and of the Child SAs that they asked
 * for. RFC 7296 1.3, 2.16, 2.21.
 */
#include "ike_decrypted.h"
#include "ike_judge.h"

static const char *role_of(const ike_record *r)
{
    return ike_role_name(ike_sa_role(r->note.sa, r->side));
}

static void raise_observed(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_record *r, ike_severity severity,
                           const char *text)
{
    ike_finding_known(ike_raise(t, sa, id, &r->note, severity, "%s", text), &r->note, IKE_OBSERVED);
}

/* ---- authentication ---- */

static void fail_authentication(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_record *r)
{
    GString *text = g_string_new(NULL);

    g_string_printf(text, "the %s says %s", role_of(r), r->rare->notify ? r->rare->notify : "EAP-Failure");
    if (id == IKE_DIAG_EAP_FAIL && sa->more->user)
        g_string_append_printf(text, "; user %s", sa->more->user);
    raise_observed(t, sa, id, r, IKE_SEVERITY_NONE, text->str);
    ike_sa_fail_authentication(sa);
    g_string_free(text, TRUE);
}

/* In IKE_AUTH an error without a proof of identity refuses the IKE SA; with one, only the Child SA. */
static ike_diagnosis_id refusal_of_auth(const ike_record *r)
{
    if (r->label.mode == IKE_MODE_V2_AUTH && r->told & IKE_TOLD_EAP_FAILURE)
        return IKE_DIAG_EAP_FAIL;
    if (r->rare->notify_error == IKE_NOTIFY_V2_AUTHENTICATION_FAILED)
        return IKE_DIAG_AUTH_FAILED;
    return r->label.mode == IKE_MODE_V2_AUTH && r->label.is_response && r->rare->notify_error &&
                   !(r->told & IKE_TOLD_AUTH)
               ? IKE_DIAG_AUTH_SMALL : IKE_DIAG_NONE;
}

/* The initiator tells its refusal in an INFORMATIONAL after the last IKE_AUTH (RFC 7296 2.21.2). */
static void judge_authentication(ike_tracker *t, ike_sa *sa)
{
    for (guint i = 0; i < sa->records.len; i++) {
        ike_record *r = sa->records.pdata[i];
        const ike_diagnosis_id id = r->is_decrypted ? refusal_of_auth(r) : IKE_DIAG_NONE;

        if (id == IKE_DIAG_NONE)
            continue;
        fail_authentication(t, sa, id, r);
        return;
    }
}

/* ---- Child SAs ---- */

/* Refusals after which all goes on: the SA that it is about is being changed (RFC 7296 2.25), or the peer makes
 * no more than one Child SA, and the requester a new IKE SA (RFC 7296 1.3, 4). */
static bool is_passing(const ike_record *answer)
{
    return answer->rare->notify_error == IKE_NOTIFY_V2_TEMPORARY_FAILURE ||
           answer->rare->notify_error == IKE_NOTIFY_V2_CHILD_SA_NOT_FOUND ||
           answer->rare->notify_error == IKE_NOTIFY_V2_NO_ADDITIONAL_SAS;
}

#define LATER_ONES 1024u /* exchanges after a refused one that are looked at */

static bool is_looked_at(const ike_sa *sa, guint refused, guint i)
{
    return i < sa->more->exchanges.len && i - refused <= LATER_ONES;
}

/* A later request of this side made what it asked for. */
static bool succeeds_later(const ike_sa *sa, guint at)
{
    const ike_exchange *refused = sa->more->exchanges.pdata[at];
    const uint32_t frame = ike_exchange_slot(refused, IKE_RESPONSE)->note.frame;

    if (sa->more->rekeyed_to)
        return true;
    for (guint i = at + 1; is_looked_at(sa, at, i); i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];
        const ike_record *answer = ike_exchange_slot(exchange, IKE_RESPONSE);

        if (exchange->mode == IKE_MODE_V2_CREATE_CHILD && exchange->opener == refused->opener && answer &&
            answer->note.frame > frame && !(answer->is_decrypted && answer->rare->notify_error))
            return true;
    }
    return false;
}

static bool asks_again(const ike_sa *sa, guint at)
{
    const ike_exchange *refused = sa->more->exchanges.pdata[at];

    for (guint i = at + 1; is_looked_at(sa, at, i); i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        if (exchange->mode == IKE_MODE_V2_CREATE_CHILD && exchange->opener == refused->opener)
            return true;
    }
    return false;
}

static const char *what_for(const ike_agreement *agreement)
{
    return agreement && agreement->protocol == IKE_PROTOCOL_ISAKMP ? "to renew the IKE SA"
           : agreement && agreement->is_rekey                      ? "to renew a Child SA"
                                                                   : "for a Child SA";
}

static ike_diagnosis_id refusal_of_child(const ike_record *answer)
{
    switch (answer->rare->notify_error) {
    case IKE_NOTIFY_V2_TS_UNACCEPTABLE: return IKE_DIAG_TS_MISMATCH;
    case IKE_NOTIFY_V2_INVALID_KE_PAYLOAD: return IKE_DIAG_WRONG_GROUP;
    default: return IKE_DIAG_CHILD_FAIL;
    }
}

static void refuse_child(ike_tracker *t, ike_sa *sa, guint at, ike_record *answer)
{
    ike_exchange *exchange = sa->more->exchanges.pdata[at];
    const ike_diagnosis_id id = refusal_of_child(answer);
    const ike_agreement *agreement = ike_agreement_find(exchange);
    const ike_record *asked = ike_exchange_slot(exchange, IKE_REQUEST);
    const bool mild = is_passing(answer) || succeeds_later(sa, at);
    GString *text;

    /* the requester guessed the group, and knows now (RFC 7296 1.3) */
    if (id == IKE_DIAG_WRONG_GROUP && (mild || asks_again(sa, at) || !ike_judge_waited(t, answer->note.time)))
        return;
    text = g_string_new(NULL);
    g_string_printf(text, "the request %s", what_for(agreement));
    if (asked)
        g_string_append_printf(text, " in frame %u", asked->note.frame);
    g_string_append_printf(text, " is answered by %s", answer->rare->notify);
    if (agreement && agreement->asked[0] && agreement->asked[1])
        g_string_append_printf(text, "; networks %s and %s", agreement->asked[0], agreement->asked[1]);
    raise_observed(t, sa, id, answer, mild ? IKE_SEVERITY_NOTE : IKE_SEVERITY_NONE, text->str);
    ike_exchange_failed(ike_exchange_lead(exchange), id, &answer->note, IKE_OBSERVED);
    g_string_free(text, TRUE);
}

static void judge_child(ike_tracker *t, ike_sa *sa, guint at)
{
    const ike_exchange *exchange = sa->more->exchanges.pdata[at];
    ike_record *answer = ike_exchange_slot(exchange, IKE_RESPONSE);

    if (!answer || !answer->is_decrypted || !answer->rare->notify_error || answer->told & IKE_TOLD_PROPOSAL)
        return;
    if (exchange->mode == IKE_MODE_V2_CREATE_CHILD ||
        (exchange->mode == IKE_MODE_V2_AUTH && answer->told & IKE_TOLD_AUTH))
        refuse_child(t, sa, at, answer);
}

void ike_judge_decrypted(ike_tracker *t, ike_sa *sa)
{
    judge_authentication(t, sa);
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        judge_child(t, sa, i);
}
