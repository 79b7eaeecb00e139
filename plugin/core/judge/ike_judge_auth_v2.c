/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whether IKE_AUTH brought an IKEv2 SA up: what its responses show, and what follows them. RFC 7296 1.2, 2.16, 2.21.2.
 */
#include "ike_judge.h"

#define ROUND_THAT_PROVES 100 /* bytes of an IKE_AUTH response that is no error notify */
#define EAP_PATIENCE (30 * IKE_SECOND)
#define ROUNDS_BEFORE_METHOD 2
#define ASKED_IN_VAIN 3u      /* times a request is sent again after its response: fewer losses are bad luck */

bool ike_judge_is_followed_by_esp(const ike_sa *sa, const ike_record *request)
{
    return (ike_record_sends(request) == 1 && sa->sides[0].more->newest_esp_frame > request->note.frame &&
            sa->sides[1].more->newest_esp_frame > request->note.frame) ||
           ike_judge_has_new_flows(sa, ike_record_last_send(request));
}

/* ---- responses that do not arrive ---- */

/* Later messages of the requester, its packets, or the IKE SA that it asked for, show that it has the response. A
 * liveness check asks for nothing that they could show. */
static bool is_used(const ike_exchange *exchange, const ike_record *request)
{
    const ike_sa *sa = exchange->sa;
    const ike_record *again = ike_record_last_send(request);

    return exchange->more->rekeyed_to || sa->v2->sides[request->side].highest_id > request->message_id ||
           (exchange->mode == IKE_MODE_V2_AUTH &&
            sa->sides[request->side].more->newest_esp_frame > again->note.frame) ||
           (exchange->mode != IKE_MODE_V2_INFO && ike_judge_has_new_flows(sa, again));
}

/* Its request is sent again and again after the response, in vain (RFC 7296 2.1). */
static bool is_response_ignored(const ike_tracker *t, const ike_exchange *exchange)
{
    const ike_record *request = ike_exchange_slot(exchange, IKE_REQUEST);
    const ike_record *response = ike_exchange_slot(exchange, IKE_RESPONSE);

    return request && response && request->side != IKE_SIDE_NONE && request->note.sa == exchange->sa &&
           ike_judge_sends_after(request, response) >= ASKED_IN_VAIN && !is_used(exchange, request) &&
           ike_judge_waited(t, ike_record_last_send(request)->note.time);
}

/* The response is the first thing that goes back on UDP 4500 (RFC 7296 2.23). */
static bool is_first_on_4500(const ike_exchange *exchange, const ike_record *response)
{
    const ike_record *before = ike_exchange_slot(exchange->sa->phase1, IKE_RESPONSE);

    return exchange->mode == IKE_MODE_V2_AUTH && response->label.number == 1 && response->has_marker && before &&
           !before->has_marker;
}

static void append_ignored(GString *text, const ike_exchange *exchange, const ike_record *response)
{
    ike_judge_append_dropped(text, exchange->sa, response);
    if (is_first_on_4500(exchange, response))
        g_string_append(text, "; it is the first message that goes back on UDP 4500, which may be blocked that way");
}

static void fail_ignored(ike_exchange *exchange, ike_diagnosis_id id, ike_note *note)
{
    if (exchange->mode == IKE_MODE_V2_AUTH)
        ike_sa_fail_authentication(exchange->sa);
    else if (ike_modes[exchange->mode].makes_child)
        ike_exchange_failed(exchange, id, note, IKE_INFERRED);
}

void ike_judge_response_v2(ike_tracker *t, ike_exchange *exchange)
{
    const bool is_auth = exchange->mode == IKE_MODE_V2_AUTH;
    ike_diagnosis_id id = is_auth ? IKE_DIAG_AUTH_IGNORED : IKE_DIAG_RESP_IGNORED;
    ike_record *request = ike_exchange_slot(exchange, IKE_REQUEST);
    const ike_record *response = ike_exchange_slot(exchange, IKE_RESPONSE);
    const ike_sa *instead;
    ike_note *last;
    GString *text;

    if (!is_response_ignored(t, exchange))
        return;
    text = g_string_new(NULL);
    last = &ike_record_last_send(request)->note;
    ike_label_append(text, request->label);
    g_string_append_printf(text, " was sent %u times more after its response in frame %u",
                           ike_judge_sends_after(request, response), response->note.frame);
    append_ignored(text, exchange, response);
    if ((instead = ike_judge_successor(t, exchange->sa, request, !is_auth))) {
        id = IKE_DIAG_SUPERSEDED;
        g_string_append_printf(text, "; SA %u came up instead", instead->number);
    } else {
        fail_ignored(exchange, id, last);
    }
    ike_raise(t, exchange->sa, id, last, IKE_SEVERITY_NONE, "%s", text->str);
    g_string_free(text, TRUE);
}

/* ---- whether it came up ---- */

static ike_record *last_auth_response(const ike_sa *sa)
{
    return sa->v2->last_auth ? ike_exchange_slot(sa->v2->last_auth, IKE_RESPONSE) : NULL;
}

static bool is_tiny(const ike_sa *sa, const ike_record *r)
{
    return r->fragment != IKE_FRAGMENT_V2 && r->length <= ike_v2_tiny_message(sa->v2->choice);
}

/* ESP cannot be told from that of an older SA between the same hosts, which may live on while this one
 * fails: then it proves nothing of a response that has no room for a Child SA. */
static bool has_own_esp_after(const ike_tracker *t, const ike_sa *sa, const ike_record *r)
{
    return ike_judge_has_esp_after(sa, r) &&
           !(r->label.number == 1 && is_tiny(sa, r) && ike_judge_renews_another(t, sa));
}

/* With EAP, and with several authentications, the responder gives a proof in the first round already (RFC 7296 2.16,
 * RFC 4739 2.1). */
static bool completes_authentication(const ike_record *last)
{
    return last->told & IKE_TOLD_AUTH && !(last->told & IKE_TOLD_EAP) &&
           !(last->request && last->request->told & IKE_TOLD_MORE_AUTH);
}

static bool may_be_last_round(const ike_record *response)
{
    return response->is_decrypted ? completes_authentication(response) : response->inside != IKE_PL_V2_EAP;
}

void ike_judge_state_v2(ike_tracker *t, ike_sa *sa)
{
    const ike_record *request = sa->v2->last_auth ? ike_exchange_slot(sa->v2->last_auth, IKE_REQUEST) : NULL;
    ike_record *last = last_auth_response(sa);

    ike_sa_set_established(sa, last);
    if (!last && request && ike_judge_is_followed_by_esp(sa, request))
        sa->state = MAX(sa->state, IKE_STATE_ESTABLISHED);
    if (!last || sa->state != IKE_STATE_PROBABLY_ESTABLISHED)
        return;
    if (is_response_ignored(t, sa->v2->last_auth) || !may_be_last_round(last)) {
        sa->state = IKE_STATE_AUTHENTICATING;
        ike_sa_set_established(sa, NULL);
        return;
    }
    if (last->is_decrypted) {
        sa->state = IKE_STATE_ESTABLISHED;
        return;
    }
    /* a long response is a proof unless another round of EAP is due, which comes soon */
    if (has_own_esp_after(t, sa, last) ||
        (last->length > ROUND_THAT_PROVES && (sa->v2->rounds < 2 || last->inside == IKE_PL_V2_AUTH) &&
         ike_judge_waited(t, last->note.time)))
        sa->state = IKE_STATE_ESTABLISHED;
}

/* ---- authentication ---- */

static void fail_authentication(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_record *r,
                                const char *how)
{
    ike_raise(t, sa, id, &r->note, IKE_SEVERITY_WARN, "%s", how);
    ike_sa_fail_authentication(sa);
}

/* The newest round of IKE_AUTH is one of several authentications, none of which is EAP (RFC 4739). */
static bool authenticates_anew(const ike_sa *sa)
{
    const ike_record *request = sa->v2->last_auth ? ike_exchange_slot(sa->v2->last_auth, IKE_REQUEST) : NULL;

    return sa->v2->rounds > 1 && sa->initiator != IKE_SIDE_NONE && request &&
           request->inside != IKE_INSIDE_UNKNOWN && !sa->v2->has_eap &&
           sa->v2->sides[ike_side_other(sa->initiator)].supports & IKE_V2_MULTIPLE_AUTH;
}

/* The first payload inside says what it is (RFC 7296 3.14). AUTHENTICATION_FAILED is the initiator's word when it does
 * not accept the responder (2.21.2); anybody may delete. */
static bool may_end(const ike_sa *sa, const ike_record *info)
{
    return info->inside == IKE_PL_V2_DELETE || (info->inside == IKE_PL_V2_NOTIFY && info->side == sa->initiator);
}

/* An INFORMATIONAL that a side sends at once after the last round, with which the SA ends. It has room for a notify
 * or a delete only: a peer that tells its addresses (RFC 4555 3.5) says more. */
static ike_record *farewell(const ike_sa *sa, const ike_record *last, ike_side from)
{
    const ike_list *infos = from == IKE_SIDE_NONE ? NULL : &sa->more->infos[from];
    const guint i = infos ? ike_judge_info_position(infos, last->note.frame) : 0;
    ike_record *info = infos && i < infos->len ? infos->pdata[i] : NULL;

    if (!info || info->is_outside || info->note.time - last->note.time > IKE_REACTION || !may_end(sa, info) ||
        !is_tiny(sa, info) || !ike_judge_ends_after(sa, info->response ? info->response : info))
        return NULL;
    return info;
}

/* What comes first inside says that it is no error notify (RFC 7296 3.14). */
static bool may_refuse(const ike_record *r)
{
    return r->inside == IKE_INSIDE_UNKNOWN || r->inside == IKE_PL_V2_NOTIFY;
}

/* A response that authenticates holds an identity, a proof, and more. */
static void judge_small(ike_tracker *t, ike_sa *sa)
{
    ike_record *r = last_auth_response(sa);
    GString *text;

    if (!r || r->is_decrypted || (r->label.number != 1 && !authenticates_anew(sa)) || !is_tiny(sa, r) ||
        !may_refuse(r) || (r->inside == IKE_INSIDE_UNKNOWN && !ike_judge_waited(t, r->note.time)) ||
        !(ike_judge_is_silent_after(sa, r) || farewell(sa, r, sa->initiator)) || has_own_esp_after(t, sa, r))
        return;
    text = g_string_new(NULL);
    if (r->label.number > 1)
        g_string_printf(text, "authentication %u: ", r->label.number);
    g_string_append_printf(text, "the response has %u bytes, and %s", r->length,
                           ike_judge_is_silent_after(sa, r) ? "nothing follows on this SA"
                                                            : "the initiator ends the SA");
    fail_authentication(t, sa, IKE_DIAG_AUTH_SMALL, r, text->str);
    g_string_free(text, TRUE);
}

/* A method begins with a request as short as EAP-Failure, for which a user may look for a card or a PIN: in the first
 * rounds, since the identity comes before it. */
static bool is_eap_failure(const ike_tracker *t, const ike_sa *sa, const ike_record *last)
{
    return last->length <= ike_v2_eap_failure(sa->v2->choice) &&
           (sa->v2->rounds > ROUNDS_BEFORE_METHOD || t->span.last - last->note.time >= EAP_PATIENCE);
}

/* The end of EAP without success: the initiator's goodbye, or a response that is no longer than EAP-Failure. */
static ike_record *end_of_eap(const ike_tracker *t, const ike_sa *sa, ike_record *last)
{
    ike_record *info = farewell(sa, last, sa->initiator);

    if (info)
        return info;
    if (last->inside == IKE_PL_V2_EAP ? !is_eap_failure(t, sa, last) : !is_tiny(sa, last))
        return NULL;
    return ike_judge_ends_after(sa, last) ? last : NULL;
}

/* RFC 7296 2.16. EAP took place when IKE_AUTH had more than one round, RFC 4739 aside. It succeeded when something else
 * than EAP or a notify comes first in the last response. */
static void judge_eap(ike_tracker *t, ike_sa *sa)
{
    ike_record *last = last_auth_response(sa), *end;
    GString *text;

    if (!last || last->is_decrypted || !(may_refuse(last) || last->inside == IKE_PL_V2_EAP) || sa->v2->rounds < 2 ||
        authenticates_anew(sa) || ike_judge_is_oneway(t, sa) || !ike_judge_waited(t, last->note.time) ||
        !(end = end_of_eap(t, sa, last)))
        return;
    text = g_string_new(NULL);
    g_string_printf(text,
                    end != last ? "after %u rounds the initiator sends an INFORMATIONAL, and the SA ends"
                                : "the response to round %u has room for a short notice only, and the SA ends",
                    sa->v2->rounds);
    fail_authentication(t, sa, IKE_DIAG_EAP_FAIL, end, text->str);
    g_string_free(text, TRUE);
}

/* ---- an end right after the beginning ---- */

static ike_record *torn_down_by(const ike_sa *sa, const ike_record *last)
{
    ike_record *info = farewell(sa, last, IKE_SIDE_A);

    return info ? info : farewell(sa, last, IKE_SIDE_B);
}

static void append_reason(GString *text, const ike_sa *sa, const ike_record *last, ike_side by)
{
    const ike_side responder = ike_side_other(sa->initiator);

    if (last->label.number == 1 && last->fragment != IKE_FRAGMENT_V2 &&
        last->length < ike_v2_smallest_child(sa->v2->choice, true))
        g_string_append_printf(text, "; the response of %u bytes has no room for a Child SA: it was refused",
                               last->length);
    else if (by == sa->initiator && ike_sa_natted(sa, responder) >= IKE_NAT_MAYBE)
        g_string_append(text, "; the responder is behind a NAT, and may name an address that the initiator does not "
                              "expect");
}

/* Both ends may begin, of several IKE SAs one is enough, and a gateway may redirect its client (RFC 5685 5): then an SA
 * is ended because of another one. */
static void judge_end(ike_tracker *t, ike_sa *sa)
{
    const ike_record *last = last_auth_response(sa);
    ike_record *info;
    GString *text;

    if (!last || sa->is_failed || sa->is_joined || sa->v2->rounds > 1 || sa->initiator == IKE_SIDE_NONE ||
        ike_judge_has_esp_after(sa, last) || !ike_judge_waited(t, last->note.time) ||
        !(info = torn_down_by(sa, last)) || ike_judge_renews_another(t, sa) || ike_judge_lives_beside(t, sa, info) || ike_judge_is_redirected(t, sa))
        return;
    text = g_string_new(NULL);
    g_string_printf(text, "the %s sends a %s ", ike_role_name(ike_sa_role(sa, info->side)),
                    info->inside == IKE_PL_V2_DELETE ? "delete" : "notify");
    ike_seconds_append(text, info->note.time - last->note.time);
    g_string_append(text, " s after the response to IKE_AUTH, and the SA ends");
    append_reason(text, sa, last, info->side);
    fail_authentication(t, sa, IKE_DIAG_AUTH_DELETE, info, text->str);
    g_string_free(text, TRUE);
}

void ike_judge_auth_v2(ike_tracker *t, ike_sa *sa)
{
    judge_small(t, sa);
    judge_eap(t, sa);
    ike_judge_decrypted(t, sa);
    judge_end(t, sa);
}
