/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conclusions about IPsec SAs: traffic in one direction only, numbers that run out or begin anew, packets that came
 * twice. RFC 4303 3.3.3 and 3.4.3.
 */
#include "ike_agreement.h"
#include "ike_esp.h"
#include "ike_judge.h"
#include "ike_null.h"

#define ONE_WAY_PACKETS 5
#define ONE_WAY_SPAN (10 * IKE_SECOND)
#define MANY_REPEATS 100      /* one repeat in so many packets is more than noise */
#define ENOUGH_PACKETS 200u   /* to speak of a share */
#define ENOUGH_SEEN 10u
#define MUCH_LOSS 20u         /* one in so many packets is missing: users notice */
#define LITTLE_LOSS 100u      /* not even one in so many */
#define LOOKED_AT 1024        /* flows, exchanges or SAs that one flow is compared with: beyond it no
                               * verdict, so that a flood of SPIs costs no more than its packets */

static const char *protocol(const ike_flow *flow)
{
    return flow->is_ah ? "AH" : "ESP";
}

static void append_ends(GString *out, const ike_flow *flow)
{
    ike_addr_append(out, &flow->src.addr);
    g_string_append(out, " to ");
    ike_addr_append(out, &flow->dst.addr);
}

ike_finding *ike_judge_raise_flow(ike_tracker *t, const ike_flow *flow, ike_diagnosis_id id, ike_note *note,
                                  ike_severity severity, const char *format, ...)
{
    GString *text = g_string_new(NULL);
    ike_finding *finding;
    va_list arguments;

    g_string_printf(text, "SPI %08x from ", flow->spi);
    append_ends(text, flow);
    va_start(arguments, format);
    g_string_append_vprintf(text, format, arguments);
    va_end(arguments);
    finding = ike_raise(t, flow->sa, id, note, severity, "%s", text->str);
    g_string_free(text, TRUE);
    return finding;
}

/* By its place in the file, or by time: a file may hold the packets in reverse, and clocks may run so. */
static bool goes_on_after(const ike_flow *flow, const ike_note *note)
{
    return flow->newest->note.frame > note->frame ||
           MAX(flow->first->note.time, flow->newest->note.time) > note->time;
}

bool ike_judge_sends_esp_after(const ike_tracker *t, const ike_addr *src, const ike_addr *dst, const ike_note *after)
{
    const ike_list *flows = ike_esp_flows_between(t, src, dst);

    if (flows && flows->len > LOOKED_AT)
        return true;
    for (guint i = flows ? flows->len : 0; i > 0; i--) {
        const ike_flow *flow = flows->pdata[i - 1];

        if (flow->first && goes_on_after(flow, after))
            return true;
    }
    return false;
}

/* ---- one direction only ---- */

static bool overlaps(const ike_flow *a, const ike_flow *b)
{
    return a->first && b->first && a->first->note.time <= b->newest->note.time &&
           b->first->note.time <= a->newest->note.time;
}

/* Any packet of the other side while this flow lasted, on whatever SPI. */
static bool has_return_traffic(const ike_tracker *t, const ike_flow *flow)
{
    const ike_list *list = ike_tracker_sas_between(t, &flow->src.addr, &flow->dst.addr);
    unsigned n = 0;

    if (flow->child->more->flow[1 - flow->side])
        return true;
    for (guint i = 0; list && i < list->len; i++) {
        const ike_sa *sa = list->pdata[i];

        if (n++ > LOOKED_AT)
            return true;
        for (guint k = 0; k < sa->more->flows.len; k++) {
            const ike_flow *other = sa->more->flows.pdata[k];

            if (n++ > LOOKED_AT ||
                (ike_addr_equal(&other->src.addr, &flow->dst.addr) && overlaps(flow, other)))
                return true;
        }
    }
    return false;
}

/* The capture shows what the receiver of this flow sends: its ESP would be here too. */
static bool sees_receiver(const ike_tracker *t, const ike_flow *flow)
{
    return flow->sa->sides[1 - flow->side].messages > 0 &&
           ike_tracker_saw_pair(t, &flow->dst.addr, &flow->src.addr);
}

static void judge_oneway(ike_tracker *t, ike_flow *flow)
{
    if (!flow->child || flow->packets < ONE_WAY_PACKETS ||
        flow->newest->note.time - flow->first->note.time < ONE_WAY_SPAN ||
        !sees_receiver(t, flow) || has_return_traffic(t, flow))
        return;
    ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_ONEWAY, &flow->newest->note, IKE_SEVERITY_NONE,
                         ": %" G_GUINT64_FORMAT " %s packets, none the other way", flow->packets, protocol(flow));
}

/* ---- one direction only, after both were in use ---- */

#define ENOUGH_TURNS 20  /* to know how soon something comes back */
#define ENOUGH_IN_VAIN 30
#define MANY_TIMES 20    /* as many packets as ever before nothing came back for .. */
#define LONGER 5         /* .. in so much more time */
#define IN_VAIN_SPAN (30 * IKE_SECOND)

static bool stays_unanswered(const ike_turns *turns)
{
    const ike_time span = turns->packets ? turns->newest->note.time - turns->first->note.time : 0;

    return turns->answered >= ENOUGH_TURNS && turns->packets >= ENOUGH_IN_VAIN && span >= IN_VAIN_SPAN &&
           turns->packets / MANY_TIMES >= turns->most && span / LONGER >= turns->longest;
}

/* ESP of the receiver of a packet that is newer than it, on whatever SA: after a rekey it may have moved to another. */
static bool sends_since(const ike_tracker *t, const ike_packet *packet)
{
    const ike_flow *flow = packet->flow;

    return ike_judge_sends_esp_after(t, &flow->dst.addr, &flow->src.addr, &packet->note) ||
           ike_sa_heir(flow->sa)->sides[1 - flow->side].more->newest_esp_frame > packet->note.frame;
}

/* An Informational of IKEv1 by which the receiver may have deleted its IPsec SA: the first thing that it sent after its
 * own ESP, no liveness check, and nothing negotiated since. NULL when there is none. */
static const ike_record *farewell(const ike_sa *sa, ike_side receiver)
{
    const ike_list *infos = &sa->more->infos[receiver];
    const guint i = ike_judge_info_position(infos, sa->sides[receiver].more->newest_esp_frame);
    const ike_record *info = i < infos->len ? infos->pdata[i] : NULL;

    return sa->version == 1 && info && info->is_encrypted && !info->is_liveness && !info->may_answer &&
                   sa->more->newest_child_frame < info->note.frame && ike_judge_is_silent_after(sa, info)
               ? info : NULL;
}

/* A sender of what nobody answers (a stream, a log) looks like one whose packets do not arrive, so this is a note,
 * unless the receiver seems to have said that its SA is gone. It must be heard afterwards: else the capture may have
 * lost its direction. */
static void judge_silenced(ike_tracker *t, ike_sa *sa, ike_side side)
{
    const ike_turns *turns = &sa->sides[side].more->turns;
    const ike_side_state *receiver = &sa->sides[ike_side_other(side)];
    const ike_record *goodbye;
    GString *span;

    if (!stays_unanswered(turns) || !receiver->newest ||
        receiver->newest->note.frame < receiver->more->newest_esp_frame || sends_since(t, turns->first))
        return;
    goodbye = farewell(sa, ike_side_other(side));
    span = g_string_new(NULL);
    ike_seconds_append(span, turns->newest->note.time - turns->first->note.time);
    if (goodbye)
        g_string_append_printf(span,
                               " s; the receiver sent an Informational in frame %u, which may have deleted its SA",
                               goodbye->note.frame);
    else
        g_string_append(span, " s, while the receiver goes on with IKE");
    ike_judge_raise_flow(t, turns->newest->flow, IKE_DIAG_ESP_ONEWAY, &turns->newest->note,
                         goodbye ? IKE_SEVERITY_NONE : IKE_SEVERITY_NOTE,
                         ": nothing comes back since frame %u, for %u packets in %s", turns->first->note.frame,
                         turns->packets, span->str);
    g_string_free(span, TRUE);
}

/* ---- without the answer that made them ---- */

/* A new IPsec SA from this side, of which the capture holds one of the first `most` packets. */
static bool has_new_flow(const ike_sa *sa, const ike_record *after, int side, uint32_t most)
{
    for (guint i = 0; i < MIN(sa->more->flows.len, LOOKED_AT); i++) {
        const ike_flow *flow = sa->more->flows.pdata[i];

        if ((int)flow->side == side && flow->first && !flow->child && flow->first_sequence <= most &&
            flow->first->note.frame > after->note.frame)
            return true;
    }
    return false;
}

bool ike_judge_has_new_flows(const ike_sa *sa, const ike_record *after)
{
    if (after->side != IKE_SIDE_NONE && has_new_flow(sa, after, after->side, 1))
        return true;
    return has_new_flow(sa, after, IKE_SIDE_A, IKE_LOW_SEQUENCE) &&
           has_new_flow(sa, after, IKE_SIDE_B, IKE_LOW_SEQUENCE);
}

/* ---- before the negotiation was over ---- */

/* Keys show that it has other SPIs. */
static bool is_of_another(const ike_exchange *exchange, const ike_flow *flow)
{
    const uint32_t spi = ike_agreement_spi(exchange, ike_side_other(flow->side));

    return spi != 0 && spi != flow->spi;
}

/* The Quick Mode or IKE_AUTH that was asked for but not answered when the flow began, unless one had been
 * answered before. The answer comes later: where the capture lacks it, nothing can be said. */
static const ike_exchange *open_negotiation(const ike_sa *sa, const ike_flow *flow)
{
    const uint32_t began = flow->first->note.frame;
    const ike_exchange *open = NULL;

    for (guint i = 0; i < MIN(sa->more->exchanges.len, LOOKED_AT); i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];
        const ike_record *asked = ike_exchange_slot(exchange, 1), *answer = ike_exchange_slot(exchange, 2);

        if (exchange->child < 0 || !answer || is_of_another(exchange, flow))
            continue;
        if (answer->note.frame < began)
            return NULL;
        if (asked && asked->note.frame < began)
            open = exchange;
    }
    return open;
}

static void judge_early(ike_tracker *t, ike_flow *flow)
{
    const ike_sa *sa = flow->sa;

    if (!sa || sa->is_joined || sa->more->parent || flow->child || flow->first_sequence > IKE_LOW_SEQUENCE ||
        ike_judge_renews_another(t, sa) || !open_negotiation(sa, flow))
        return;
    ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_EARLY, &flow->first->note, IKE_SEVERITY_NONE,
                         " has its packet number %u before the negotiation is over", flow->first_sequence);
}

/* The commit bit makes the responder wait until it has set up the IPsec SA: RFC 2408 3.1. */
static void judge_commit(ike_tracker *t, ike_flow *flow)
{
    const ike_exchange *quick = flow->child;
    const ike_record *connected = quick && quick->mode == IKE_MODE_QUICK ? ike_exchange_slot(quick, 4) : NULL;

    if (!connected || flow->side != quick->opener ||
        flow->first->note.frame > connected->note.frame)
        return;
    ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_AFTER_QM2, &flow->first->note, IKE_SEVERITY_NONE,
                         " is in use before QM4 in frame %u", connected->note.frame);
}

/* ---- after the end ---- */

#define IN_FLIGHT (5 * IKE_SECOND)

ike_flow *ike_judge_refused_flow(const ike_tracker *t, const ike_record *refusal)
{
    const uint32_t spi = refusal->rare->unknown_spi;
    ike_flow *flow = spi ? ike_esp_flow_to(t, spi, &ike_record_src(refusal)->addr) : NULL;

    return flow && flow->first ? flow : NULL;
}

bool ike_judge_sends_on(const ike_tracker *t, const ike_record *after)
{
    return ike_judge_sends_esp_after(t, &ike_record_src(after)->addr, &ike_record_dst(after)->addr, &after->note);
}

/* The receiver said that it does not know this SPI (RFC 7296 1.5), and the sender goes on. Where its own
 * ESP goes on the tunnel works. */
static void judge_after_end(ike_tracker *t, const ike_record *refusal)
{
    ike_flow *flow = ike_judge_refused_flow(t, refusal);

    if (!flow || ike_judge_sends_on(t, refusal) ||
        flow->newest->note.time - refusal->note.time < IN_FLIGHT)
        return;
    ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_AFTER_DELETE, &flow->newest->note, IKE_SEVERITY_NONE,
                         " goes on although the receiver said in frame %u that it does not know it",
                         refusal->note.frame);
}

/* A decrypted Delete of this IPsec SA by its receiver; in IKEv2, where both directions go, by either side, or of the
 * IKE SA that has it (RFC 7296 1.4.1). */
static const ike_record *told_end(const ike_flow *flow)
{
    const ike_agreement *a = flow->tied_by == IKE_TIED_BY_KEYS ? ike_agreement_find(flow->child) : NULL;
    const ike_record *ended = a ? a->ended[1 - flow->side] : NULL;

    if (!a || ended || flow->sa->version == 1)
        return ended;
    return a->ended[flow->side] ? a->ended[flow->side] : ike_sa_heir(flow->sa)->more->deleted;
}

static bool judge_after_told(ike_tracker *t, ike_flow *flow)
{
    const ike_record *ended = told_end(flow);
    ike_finding *finding;

    if (!ended || flow->newest->note.time - ended->note.time < IN_FLIGHT)
        return false;
    finding = ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_AFTER_DELETE, &flow->newest->note, IKE_SEVERITY_NONE,
                                   " goes on although it was deleted in frame %u", ended->note.frame);
    ike_finding_known(finding, &flow->newest->note, IKE_OBSERVED);
    return true;
}

/* IKEv2: the Child SAs end with the IKE SA, unless a new one has taken them over (RFC 7296 2.8, 1.4.1). */
static void judge_after_delete(ike_tracker *t, ike_flow *flow)
{
    const ike_record *emptied = flow->sa ? ike_judge_emptied(flow->sa) : NULL;

    if (judge_after_told(t, flow) || !emptied || flow->tied_by != IKE_TIED_ONLY_CANDIDATE ||
        flow->sa->more->rekeyed_to || flow->side != emptied->side || flow->newest->note.time - emptied->note.time < IN_FLIGHT)
        return;
    ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_AFTER_DELETE, &flow->newest->note, IKE_SEVERITY_NONE,
                         " goes on although its IKE SA was deleted in frame %u", emptied->note.frame);
}

static void judge_refused(ike_tracker *t)
{
    for (guint i = 0; i < t->outside.len; i++)
        judge_after_end(t, t->outside.pdata[i]);
}

/* ---- sequence numbers ---- */

/* Nearly every packet twice: two captures of one path in one file, whose clocks differ. */
static bool is_seen_twice(const ike_flow *flow)
{
    return flow->packets >= ENOUGH_SEEN && flow->repeats * 20 >= flow->packets * 9;
}

static uint64_t numbers_of(const ike_flow *flow)
{
    return ike_flow_missing(flow) + flow->distinct;
}

/* A capture that loses packets itself does so in both directions. */
static bool is_other_way_whole(const ike_tracker *t, const ike_flow *flow)
{
    const ike_list *back = ike_esp_flows_between(t, &flow->dst.addr, &flow->src.addr);

    for (guint i = 0; back && i < MIN(back->len, LOOKED_AT); i++) {
        const ike_flow *other = back->pdata[i];

        if (overlaps(flow, other) && numbers_of(other) >= ENOUGH_PACKETS && ike_flow_is_numbered(other) &&
            ike_flow_missing(other) * LITTLE_LOSS < numbers_of(other))
            return true;
    }
    return false;
}

static bool is_lost_on_the_path(const ike_tracker *t, const ike_flow *flow)
{
    return numbers_of(flow) >= ENOUGH_PACKETS && ike_flow_missing(flow) * MUCH_LOSS >= numbers_of(flow) &&
           is_other_way_whole(t, flow);
}

static void judge_loss(ike_tracker *t, ike_flow *flow)
{
    const bool is_lost = is_lost_on_the_path(t, flow);

    if (ike_flow_missing(flow) > 0)
        ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_LOSS, &flow->newest->note,
                             is_lost ? IKE_SEVERITY_NONE : IKE_SEVERITY_CHAT,
                             ": %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " packet numbers are not in the capture%s",
                             ike_flow_missing(flow), numbers_of(flow),
                             is_lost ? ", while next to none is missing the other way" : "");
}

static void judge_sequence(ike_tracker *t, ike_flow *flow)
{
    if (!ike_flow_is_numbered(flow))
        return;
    if (flow->restart)
        ike_judge_raise_flow(t, flow, IKE_DIAG_SPI_REUSE, &flow->restart->note, IKE_SEVERITY_NONE,
                             " begins anew at packet number %u", flow->restart->sequence);
    /* numbers that go on past the largest are extended ones: RFC 4303 2.2.1 */
    if (flow->near_wrap && !flow->has_wrapped)
        ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_SEQ_WRAP, &flow->near_wrap->note, IKE_SEVERITY_NONE,
                             " has reached packet number %u of 4294967295", flow->highest);
    if (flow->repeat && !is_seen_twice(flow))
        ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_REPLAY, &flow->repeat->note,
                             flow->packets >= ENOUGH_PACKETS && flow->repeats * MANY_REPEATS > flow->packets
                                ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
                             ": %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " packets have a number that was "
                             "there before", flow->repeats, flow->packets);
    judge_loss(t, flow);
}

/* ---- ESP without encryption ---- */

#define L2TP_SENDS 3 /* RFC 2661 5.8: sent again after 1 s, 2 s .. */

/* The flow of the other direction that carries L2TP too, or NULL. */
static const ike_flow *l2tp_of_peer(const ike_flow *flow)
{
    const ike_flow *found = NULL;

    for (guint i = 0; flow->sa && i < MIN(flow->sa->more->flows.len, LOOKED_AT); i++) {
        const ike_flow *other = flow->sa->more->flows.pdata[i];

        if (other->side != flow->side && ike_null_is(other) && other->null->newest_l2tp)
            found = other;
    }
    return found;
}

static void judge_l2tp(ike_tracker *t, ike_flow *flow)
{
    const ike_null *null = flow->null;
    const ike_flow *peer = l2tp_of_peer(flow);

    if (null->sends < L2TP_SENDS ||
        (peer && peer->null->newest_l2tp->note.frame > null->first_send->note.frame))
        return;
    ike_raise(t, flow->sa, IKE_DIAG_L2TP_HINT, &null->last_send->note, IKE_SEVERITY_NONE,
              "L2TP control message %u was sent %u times inside ESP (frames %u to %u), nothing came back",
              null->ns, null->sends, null->first_send->note.frame, null->last_send->note.frame);
}

static void judge_null(ike_tracker *t, ike_flow *flow)
{
    ike_finding *finding;

    if (!ike_null_is(flow))
        return;
    finding = ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_NULL, &flow->first->note, IKE_SEVERITY_NONE,
                                   " is %snot encrypted and carries %s",
                                   flow->null->verdict == IKE_NULL_YES ? "" : "probably ",
                                   ike_null_content(flow));
    if (flow->null->verdict != IKE_NULL_YES)
        ike_finding_known(finding, &flow->first->note, IKE_INFERRED);
    judge_l2tp(t, flow);
}

static void judge_stranger(ike_tracker *t, ike_flow *flow)
{
    if (flow->sa)
        return;
    ike_judge_raise_flow(t, flow, IKE_DIAG_ESP_NOIKE, &flow->first->note, IKE_SEVERITY_NONE, "%s", "");
}

void ike_judge_flows(ike_tracker *t)
{
    for (guint i = 0; i < t->flows.len; i++) {
        ike_flow *flow = t->flows.pdata[i];

        if (!flow->first)
            continue;
        judge_stranger(t, flow);
        judge_oneway(t, flow);
        judge_early(t, flow);
        judge_commit(t, flow);
        judge_sequence(t, flow);
        ike_judge_flow_path(t, flow);
        judge_null(t, flow);
        judge_after_delete(t, flow);
    }
    for (guint i = 0; i < t->sas.len; i++) {
        judge_silenced(t, t->sas.pdata[i], IKE_SIDE_A);
        judge_silenced(t, t->sas.pdata[i], IKE_SIDE_B);
    }
    judge_refused(t);
}
