/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_causes.h"

#include "ike_judge.h"

#define CLOSE 2               /* scores that differ by less do not decide */
#define SHORT_MESSAGE 200u    /* with a pre-shared key; certificates make it longer */

static const struct {
    const char *text, *advice;
    const char *psk_text, *psk_advice; /* in place of these with a pre-shared key; NULL: they fit as they are */
} causes_text[IKE_N_CAUSES] = {
    [IKE_CAUSE_AUTHENTICATION] = {
        "the responder does not accept the authentication and stays silent",
        "Compare the pre-shared keys, or the certificates and identities, on both sides; the responder's log "
        "names the reason.",
        "the pre-shared keys differ, and the responder stays silent",
        "Compare the pre-shared keys on both sides, and which one each side has for this peer's address and "
        "identity; the responder's log names the reason." },
    [IKE_CAUSE_PORT_4500] = {
        "UDP 4500 is blocked between the peers",
        "Capture at the responder: does UDP 4500 arrive? Look at filters and NAT for UDP 4500, both ways.",
        NULL, NULL },
    [IKE_CAUSE_FRAGMENTS] = {
        "IP fragments of the message are dropped on the way",
        "Capture at the responder: do all fragments arrive? Allow IP fragments in firewalls and NAT on the way, "
        "or switch on IKE fragmentation on both sides.",
        NULL, NULL },
    [IKE_CAUSE_SILENT] = {
        "the responder is down or busy, or its own firewall drops the message",
        "Is the responder up, and what does its log say at that time? Does its own firewall accept the message? "
        "RADIUS, or with certificates a look-up of CRL or OCSP, may keep it waiting.",
        NULL, NULL },
    [IKE_CAUSE_STATE] = {
        "the peer is alive, and has lost this IKE SA or its message IDs (fail-over, restart of its IKE service)",
        "See the peer's log at this time for a fail-over or a restart of IKE, and for requests that it ignores because "
        "of their message ID. Clear the IKE SA on both sides to recover.",
        NULL, NULL },
    [IKE_CAUSE_IKE_PATH] = {
        "IKE does not pass between the peers, while ESP does",
        "Capture at the peer: do these requests arrive, and does it answer? Look at filters for IKE on the way.",
        NULL, NULL },
    [IKE_CAUSE_MAPPING] = {
        "the NAT before the peer has forgotten it, and lets nothing in",
        "Check that NAT keepalives are on at the peer (every 20 s) and not filtered. Raise the UDP timeout of the NAT, "
        "or shorten the interval of liveness checks.",
        NULL, NULL },
    [IKE_CAUSE_NEW_PATH] = {
        "nothing passes between the peer and the new address or port of the sender",
        "Check filters, NAT and the way back for UDP 4500 between the peer and the new address or port, and that both "
        "sides use MOBIKE (RFC 4555).",
        NULL, NULL },
    [IKE_CAUSE_GONE] = {
        "the peer or its link is down",
        "Find when the peer was last heard (frame, time) and look there for a restart or a link that went down. Ping "
        "the peer; check that it still has the SA.",
        NULL, NULL },
    [IKE_CAUSE_OTHER_PLACE] = {
        "the answer comes from another address or port than the request went to, so that it is not taken for one",
        "See why the answers leave from there: an address of a cluster or load balancer, a host with several "
        "addresses, a NAT that maps the way back otherwise. They must come from where the requests go to.",
        NULL, NULL },
    [IKE_CAUSE_ANSWER_LOST] = {
        "the answer is lost on its way, or rejected",
        "Capture at the receiver of the answer. If it arrives, see the log there.",
        NULL, NULL },
};

/* Causes compete with those of their kind. */
typedef enum cause_kind { OF_AUTHENTICATION, OF_USE, OF_ANSWER } cause_kind;

typedef struct question {
    const ike_tracker *t;
    const ike_sa *sa;
    const ike_record *first;
    ike_side peer;
    const ike_record *answer; /* or NULL */
} question;

/* ---- evidence ---- */

static bool any_copy(const question *q, bool (*holds)(const ike_record *copy))
{
    const ike_record *copy = ike_record_last(q->first);

    for (int n = 0; copy && n < IKE_COPIES_LOOKED_AT; n++, copy = copy->rare->older)
        if (holds(copy))
            return true;
    return false;
}

static bool is_on_4500(const ike_record *copy)
{
    return copy->has_marker;
}

static bool is_in_ip_fragments(const ike_record *copy)
{
    return copy->fragment == IKE_FRAGMENT_IP;
}

static bool is_in_ike_fragments(const ike_record *copy)
{
    return copy->fragment == IKE_FRAGMENT_V1 || copy->fragment == IKE_FRAGMENT_V2;
}

static bool is_unseen_on_4500(const question *q)
{
    const ike_side_state *peer = &q->sa->sides[q->peer];

    return any_copy(q, is_on_4500) && peer->messages > 0 && !ike_side_path(peer)->has_used_4500;
}

static bool was_never_on_4500(const question *q)
{
    return !any_copy(q, is_on_4500);
}

static bool works_beside_on_4500(const question *q)
{
    return ike_judge_works_on_4500_beside(q->t, q->sa);
}

static bool sends_again(const question *q)
{
    return q->sa->phase1->mode == IKE_MODE_MAIN &&
           ike_judge_was_sent_after(ike_exchange_slot(q->sa->phase1, 4), q->first);
}

static bool sends_am2_again(const question *q)
{
    return q->sa->phase1->mode == IKE_MODE_AGGRESSIVE &&
           ike_judge_was_sent_after(ike_exchange_slot(q->sa->phase1, 2), q->first);
}

static bool is_always_in_ip_fragments(const question *q)
{
    return ike_judge_is_always_in_ip_fragments(q->first) && ike_judge_small_messages_pass(q->sa);
}

static bool is_never_in_ip_fragments(const question *q)
{
    return !any_copy(q, is_in_ip_fragments);
}

static bool is_sometimes_whole(const question *q)
{
    return any_copy(q, is_in_ip_fragments) && !ike_judge_is_always_in_ip_fragments(q->first);
}

static bool has_icmp(const question *q)
{
    for (guint i = 0; i < q->sa->more->icmp.len; i++) {
        const ike_icmp *icmp = q->sa->more->icmp.pdata[i];

        if (icmp->about && ike_record_first(icmp->about) == q->first && ike_judge_is_about_size(icmp))
            return true;
    }
    return false;
}

static bool falls_back(const question *q)
{
    return q->first->fragment != IKE_FRAGMENT_V1 && q->first->fragment != IKE_FRAGMENT_V2 &&
           any_copy(q, is_in_ike_fragments);
}

static bool has_psk(const ike_sa *sa)
{
    return sa->more->has_chosen && sa->more->chosen.auth == IKE_AUTH_PSK;
}

static bool is_short_with_psk(const question *q)
{
    return has_psk(q->sa) && q->first->length < SHORT_MESSAGE && was_never_on_4500(q) &&
           is_never_in_ip_fragments(q);
}

static bool sends_other_packets(const question *q)
{
    return q->sa->sides[q->peer].more->newest_esp_frame > q->first->note.frame ||
           ike_judge_alive_beside(q->t, q->sa, q->first);
}

/* TTL or hop limit as hosts set it, and routers lower it. */
static bool is_fresh(uint8_t ttl)
{
    return ttl == 64 || ttl == 128 || ttl == 255;
}

static bool is_beside_responder(const question *q)
{
    const ike_record *newest = q->sa->sides[q->peer].newest;

    return newest && is_fresh(newest->ttl) && q->first->ttl > 0 && !is_fresh(q->first->ttl);
}

static bool keys_fit_beside(const question *q)
{
    return has_psk(q->sa) && ike_judge_psk_works_beside(q->t, q->sa);
}

/* In Aggressive Mode the responder proves first that it has the key (RFC 2409 5.4). */
static bool has_proven_key(const question *q)
{
    return q->sa->phase1->mode == IKE_MODE_AGGRESSIVE && has_psk(q->sa);
}

static bool must_answer(const question *q)
{
    return q->sa->version == 2;
}

static bool begins_itself(const question *q)
{
    return ike_judge_is_begun_by(q->t, q->sa, q->first);
}

/* Fresh ESP shows that the peer is alive (RFC 7296 2.4). A new port of its NAT explains as well why its ESP arrives
 * and requests to the old port do not. */
static bool sends_esp_still(const question *q)
{
    return !ike_side_path(&q->sa->sides[q->peer])->gaps->port_changed &&
           q->sa->sides[q->peer].more->newest_esp_frame > ike_record_last_send(q->first)->note.frame;
}

static bool has_esp_in_ip(const question *q)
{
    const ike_packet *newest = q->sa->sides[q->peer].more->turns.newest;

    return sends_esp_still(q) && newest && newest->flow->encapsulation == IKE_IN_IP;
}

/* Requests of the peer that were sent again after this one, in vain. */
static bool asks_in_vain(const question *q)
{
    for (guint i = q->sa->more->exchanges.len; i > 0 && q->sa->more->exchanges.len - i < IKE_FEW; i--) {
        const ike_exchange *exchange = q->sa->more->exchanges.pdata[i - 1];
        const ike_record *asked = ike_exchange_slot(exchange, IKE_REQUEST);

        if (asked && asked->side == q->peer && !ike_exchange_slot(exchange, IKE_RESPONSE) &&
            ike_record_sends(asked) > 2 && ike_record_last_send(asked)->note.frame > q->first->note.frame)
            return true;
    }
    return false;
}

static bool was_silent_long(const question *q)
{
    return ike_judge_may_be_forgotten(q->t, q->sa, q->first);
}

static bool is_first_from_there(const question *q)
{
    return q->first->rare->mapping != NULL;
}

static bool is_from_elsewhere(const question *q)
{
    return ike_answer_is_from_elsewhere(q->first, q->answer);
}

static const struct evidence {
    bool (*holds)(const question *q);
    int8_t score[IKE_N_CAUSES]; /* authentication, port 4500, fragments, silent; those of an SA in use */
    const char *text;
} evidence[] = {
    { is_unseen_on_4500, { 0, 3, 1, 0 },
      "the message moved to UDP 4500, and nothing of the responder was seen there although it answered on UDP "
      "500" },
    { works_beside_on_4500, { 0, -4, 0, 0 }, "another SA between the hosts works on UDP 4500" },
    { sends_again, { 1, 2, 2, -3 }, "the responder sends MM4 again: it did not get a valid MM5" },
    { sends_am2_again, { 0, 2, 2, -3 }, "the responder sends AM2 again: it did not get a valid AM3" },
    { was_never_on_4500, { 0, -5, 0, 0 }, "it was never sent on UDP 4500" },
    { is_always_in_ip_fragments, { 0, 0, 3, 0 },
      "every copy of it travelled in IP fragments, while smaller messages were answered" },
    { is_sometimes_whole, { 0, 0, -2, 0 }, "a copy that was whole had no answer either" },
    { is_never_in_ip_fragments, { 0, 0, -5, 0 }, "it travelled in one IP packet" },
    { has_icmp, { 0, 0, 6, 0 }, "ICMP says that packets are too big or that fragments were missing" },
    { falls_back, { 1, 2, -2, 0 }, "it was sent again in IKE fragments, in vain" },
    { is_short_with_psk, { 3, -5, -5, 1 }, "a short message with a pre-shared key, on UDP 500 like those before it" },
    { sends_other_packets, { 1, 0, 0, -5 }, "the responder sends other packets meanwhile" },
    { is_beside_responder, { 3, -5, -5, 1 },
      "it arrives whole next to the responder: by TTL no router is between it and the capture" },
    { keys_fit_beside, { -4, 0, 0, 0 }, "another SA of these hosts with a pre-shared key came up" },
    { has_proven_key, { -6, 0, 0, 0 }, "the initiator has accepted the responder's proof that it has the key" },
    { must_answer, { -3, 0, 0, 0 }, "a refusal has an answer in IKEv2 (RFC 7296 2.21.2)" },
    { begins_itself, { 1, 0, 0, -3 }, "the responder starts a negotiation of its own afterwards" },
    { sends_esp_still, { [IKE_CAUSE_STATE] = 4, [IKE_CAUSE_IKE_PATH] = 1 },
      "the peer's ESP goes on after the request was sent last" },
    { has_esp_in_ip, { [IKE_CAUSE_IKE_PATH] = 1 }, "that is IP protocol 50, which filters treat apart from IKE" },
    { was_silent_long, { [IKE_CAUSE_MAPPING] = 3, [IKE_CAUSE_GONE] = 1 },
      "the peer is behind a NAT and sent nothing for two minutes or longer before the request" },
    { is_first_from_there, { [IKE_CAUSE_NEW_PATH] = 3, [IKE_CAUSE_GONE] = 1 },
      "the request is the first message from this address and port" },
    { asks_in_vain, { [IKE_CAUSE_STATE] = 1, [IKE_CAUSE_IKE_PATH] = 1 }, "requests of the peer are not answered either" },
    { is_from_elsewhere, { [IKE_CAUSE_OTHER_PLACE] = 3, [IKE_CAUSE_ANSWER_LOST] = 1 },
      "each of its copies comes from there (RFC 7296 2.11)" },
};

/* ---- the sums ---- */

static cause_kind kind_of(ike_cause cause)
{
    return cause >= IKE_CAUSE_OTHER_PLACE ? OF_ANSWER : cause >= IKE_CAUSE_STATE ? OF_USE : OF_AUTHENTICATION;
}

/* A piece of evidence speaks of causes of one kind only. */
static bool is_about(const struct evidence *piece, cause_kind kind)
{
    for (int i = 0; i < IKE_N_CAUSES; i++)
        if (piece->score[i])
            return kind_of((ike_cause)i) == kind;
    return false;
}

static ike_cause best_but(const ike_causes *causes, cause_kind kind, int other)
{
    int best = -1;

    for (int i = 0; i < IKE_N_CAUSES; i++)
        if (i != other && kind_of((ike_cause)i) == kind && (best < 0 || causes->score[i] > causes->score[best]))
            best = i;
    return (ike_cause)best;
}

static ike_causes *weigh(const question *q, cause_kind kind)
{
    ike_causes *causes = g_new0(ike_causes, 1);

    causes->is_psk = has_psk(q->sa);
    for (size_t i = 0; q->peer != IKE_SIDE_NONE && i < G_N_ELEMENTS(evidence); i++) {
        if (!is_about(&evidence[i], kind) || !evidence[i].holds(q))
            continue;
        causes->evidence |= 1u << i;
        for (int k = 0; k < IKE_N_CAUSES; k++)
            causes->score[k] += evidence[i].score[k];
    }
    causes->best = best_but(causes, kind, -1);
    causes->next = best_but(causes, kind, causes->best);
    causes->is_close = causes->score[causes->best] - causes->score[causes->next] < CLOSE;
    return causes;
}

ike_causes *ike_causes_new(const ike_tracker *t, const ike_sa *sa, const ike_record *first)
{
    const question q = { t, sa, first, ike_side_other(first->side), NULL };

    return weigh(&q, OF_AUTHENTICATION);
}

ike_causes *ike_causes_on_4500(const ike_tracker *t, const ike_sa *sa, const ike_record *first)
{
    const question q = { t, sa, first, ike_side_other(first->side), NULL };

    return q.peer != IKE_SIDE_NONE && is_unseen_on_4500(&q) ? weigh(&q, OF_AUTHENTICATION) : NULL;
}

/* What went in IP fragments only, may be lost for that. */
ike_causes *ike_causes_of_use(const ike_tracker *t, const ike_sa *sa, const ike_record *first)
{
    const question q = { t, sa, first, ike_side_other(first->side), NULL };

    if (q.peer == IKE_SIDE_NONE || ike_judge_is_always_in_ip_fragments(first) ||
        (!sends_esp_still(&q) && !was_silent_long(&q) && !is_first_from_there(&q)))
        return NULL;
    return weigh(&q, OF_USE);
}

static bool went_to(const ike_record *asked, const ike_endpoint *place)
{
    const ike_record *copy = ike_record_last(asked);

    for (int n = 0; copy && n < IKE_COPIES_LOOKED_AT; copy = copy->rare->older, n++)
        if (ike_endpoint_equal(ike_record_dst(copy), place))
            return true;
    return copy != NULL;
}

bool ike_answer_is_from_elsewhere(const ike_record *asked, const ike_record *answer)
{
    const ike_record *copy = ike_record_last(answer);

    for (int n = 0; copy && n < IKE_COPIES_LOOKED_AT; copy = copy->rare->older, n++)
        if (went_to(asked, ike_record_src(copy)))
            return false;
    return copy == NULL;
}

/* A capture on both sides of a NAT shows other addresses on each. */
ike_causes *ike_causes_of_answer(const ike_tracker *t, const ike_sa *sa, const ike_record *asked,
                                 const ike_record *answer)
{
    const question q = { t, sa, asked, answer->side, answer };

    if (q.peer == IKE_SIDE_NONE || sa->sides[0].is_rewritten || sa->sides[1].is_rewritten || !is_from_elsewhere(&q))
        return NULL;
    return weigh(&q, OF_ANSWER);
}

/* ---- in words ---- */

const char *ike_cause_text(const ike_causes *causes, ike_cause cause)
{
    const char *psk_text = causes->is_psk ? causes_text[cause].psk_text : NULL;

    return psk_text ? psk_text : causes_text[cause].text;
}

const char *ike_cause_advice(const ike_causes *causes, ike_cause cause)
{
    const char *psk_advice = causes->is_psk ? causes_text[cause].psk_advice : NULL;

    return psk_advice ? psk_advice : causes_text[cause].advice;
}

void ike_causes_append_evidence(GString *out, const ike_causes *causes, ike_cause cause)
{
    const size_t before = out->len;

    for (size_t i = 0; i < G_N_ELEMENTS(evidence); i++)
        if (causes->evidence & 1u << i && evidence[i].score[cause] > 0)
            g_string_append_printf(out, "%s%s", out->len > before ? "; " : "", evidence[i].text);
}

void ike_causes_append(GString *out, const ike_causes *causes)
{
    GString *pieces;

    if (causes->is_close) {
        g_string_append_printf(out, "; cannot be distinguished in this capture: %s, or %s",
                               ike_cause_text(causes, causes->best), ike_cause_text(causes, causes->next));
        return;
    }
    pieces = g_string_new(NULL);
    g_string_append_printf(out, "; probably %s", ike_cause_text(causes, causes->best));
    ike_causes_append_evidence(pieces, causes, causes->best);
    if (pieces->len)
        g_string_append_printf(out, ": %s", pieces->str);
    g_string_free(pieces, TRUE);
}
