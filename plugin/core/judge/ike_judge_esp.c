/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conclusions about IPsec SAs: traffic in one direction only, numbers that run out or begin anew,
 * packets that came twice or in fragments, ESP where a NAT needs it in UDP. RFC 4303 3.3.3 and 3.4.3,
 * RFC 3948, RFC 3715.
 */
#include "ike_judge.h"
#include "ike_null.h"

#define ONE_WAY_PACKETS 5
#define ONE_WAY_SPAN (10 * IKE_SECOND)
#define LOW_NUMBER 10         /* of the first packet of an IPsec SA that is new */
#define MANY_REPEATS 100      /* one repeat in so many packets is more than noise */
#define ENOUGH_PACKETS 200u   /* to speak of a share */
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

/* "SPI c1a9656b from 10.1.0.2 to 10.2.0.2"; g_free it. */
static char *name_of(const ike_flow *flow)
{
    GString *text = g_string_new(NULL);

    g_string_printf(text, "SPI %08x from ", flow->spi);
    append_ends(text, flow);
    return g_string_free(text, FALSE);
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
    const GPtrArray *list = ike_tracker_sas_between(t, &flow->src.addr, &flow->dst.addr);
    unsigned n = 0;

    if (flow->child->flow[1 - flow->side])
        return true;
    for (guint i = 0; list && i < list->len; i++) {
        const ike_sa *sa = list->pdata[i];

        if (n++ > LOOKED_AT)
            return true;
        for (guint k = 0; k < sa->flows->len; k++) {
            const ike_flow *other = sa->flows->pdata[k];

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
    char *name;

    if (!flow->child || flow->packets < ONE_WAY_PACKETS ||
        flow->newest->note.time - flow->first->note.time < ONE_WAY_SPAN ||
        !sees_receiver(t, flow) || has_return_traffic(t, flow))
        return;
    name = name_of(flow);
    ike_raise(t, flow->sa, IKE_DIAG_ESP_ONEWAY, &flow->newest->note, IKE_SEVERITY_NONE,
              "%" G_GUINT64_FORMAT " %s packets of %s, none the other way", flow->packets,
              protocol(flow), name);
    g_free(name);
}

/* ---- before the negotiation was over ---- */

/* The Quick Mode or IKE_AUTH that was asked for but not answered when the flow began, unless one had been
 * answered before. The answer comes later: where the capture lacks it, nothing can be said. */
static const ike_exchange *open_negotiation(const ike_sa *sa, const ike_flow *flow)
{
    const uint32_t began = flow->first->note.frame;
    const ike_exchange *open = NULL;

    for (guint i = 0; i < MIN(sa->exchanges->len, LOOKED_AT); i++) {
        const ike_exchange *exchange = sa->exchanges->pdata[i];
        const ike_record *asked = exchange->slot[1], *answer = exchange->slot[2];

        if (exchange->child < 0 || !answer)
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
    char *name;

    if (!sa || sa->is_joined || sa->parent || flow->child || flow->first_sequence > LOW_NUMBER ||
        ike_judge_renews_another(t, sa) || !open_negotiation(sa, flow))
        return;
    name = name_of(flow);
    ike_raise(t, flow->sa, IKE_DIAG_ESP_EARLY, &flow->first->note, IKE_SEVERITY_NONE,
              "%s has its packet number %u before the negotiation is over", name, flow->first_sequence);
    g_free(name);
}

/* The commit bit makes the responder wait until it has set up the IPsec SA: RFC 2408 3.1. */
static void judge_commit(ike_tracker *t, ike_flow *flow)
{
    const ike_exchange *quick = flow->child;
    const ike_record *connected = quick && quick->mode == IKE_MODE_QUICK ? quick->slot[4] : NULL;
    char *name;

    if (!connected || flow->side != quick->opener ||
        flow->first->note.frame > connected->note.frame)
        return;
    name = name_of(flow);
    ike_raise(t, flow->sa, IKE_DIAG_ESP_AFTER_QM2, &flow->first->note, IKE_SEVERITY_NONE,
              "%s is in use before QM4 in frame %u", name, connected->note.frame);
    g_free(name);
}

/* ---- after the end ---- */

#define IN_FLIGHT (5 * IKE_SECOND)

/* The receiver said that it does not know this SPI (RFC 7296 1.5), and the sender goes on. Of a deleted
 * SA nothing tells without keys. */
static void judge_after_end(ike_tracker *t, const ike_record *refusal)
{
    ike_flow *flow = refusal->unknown_spi
                         ? g_hash_table_lookup(t->by_ipsec_spi, GUINT_TO_POINTER(refusal->unknown_spi))
                         : NULL;
    char *name;

    if (!flow || !flow->first || !ike_addr_equal(&flow->dst.addr, &refusal->src.addr) ||
        flow->newest->note.time - refusal->note.time < IN_FLIGHT)
        return;
    name = name_of(flow);
    ike_raise(t, flow->sa, IKE_DIAG_ESP_AFTER_DELETE, &flow->newest->note, IKE_SEVERITY_NONE,
              "%s goes on although the receiver said in frame %u that it does not know it", name,
              refusal->note.frame);
    g_free(name);
}

static void judge_refused(ike_tracker *t)
{
    for (guint i = 0; i < t->outside->len; i++)
        judge_after_end(t, t->outside->pdata[i]);
}

/* ---- sequence numbers ---- */

static void judge_sequence(ike_tracker *t, ike_flow *flow)
{
    char *name = name_of(flow);

    if (flow->restart)
        ike_raise(t, flow->sa, IKE_DIAG_SPI_REUSE, &flow->restart->note, IKE_SEVERITY_NONE,
                  "%s begins anew at packet number %u", name, flow->restart->sequence);
    /* numbers that go on past the largest are extended ones: RFC 4303 2.2.1 */
    if (flow->near_wrap && !flow->has_wrapped)
        ike_raise(t, flow->sa, IKE_DIAG_ESP_SEQ_WRAP, &flow->near_wrap->note, IKE_SEVERITY_NONE,
                  "%s has reached packet number %u of 4294967295", name, flow->highest);
    if (flow->repeat)
        ike_raise(t, flow->sa, IKE_DIAG_ESP_REPLAY, &flow->repeat->note,
                  flow->packets >= ENOUGH_PACKETS && flow->repeats * MANY_REPEATS > flow->packets
                      ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
                  "%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " packets have a number that was "
                  "there before", name, flow->repeats, flow->packets);
    if (ike_flow_missing(flow) > 0)
        ike_raise(t, flow->sa, IKE_DIAG_ESP_LOSS, &flow->newest->note, IKE_SEVERITY_NONE,
                  "%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " packet numbers are not in the "
                  "capture", name, ike_flow_missing(flow),
                  ike_flow_missing(flow) + flow->distinct);
    g_free(name);
}

/* ---- NAT and size ---- */

/* What the peers find is what counts: forced encapsulation looks like a NAT to them as well. */
static bool is_behind_nat(const ike_sa *sa)
{
    return ike_sa_natted(sa, IKE_SIDE_A) >= IKE_NAT_MAYBE ||
           ike_sa_natted(sa, IKE_SIDE_B) >= IKE_NAT_MAYBE;
}

/* RFC 3948 1: with a NAT on the path ESP travels in UDP; RFC 3715 2.1: AH cannot pass one. Another SA
 * between the hosts without a NAT may be the one that made it. */
static bool needs_udp(const ike_tracker *t, const ike_flow *flow)
{
    const GPtrArray *list = ike_tracker_sas_between(t, &flow->src.addr, &flow->dst.addr);

    if (!flow->child || flow->encapsulation != IKE_IN_IP || !is_behind_nat(flow->sa) || !list ||
        list->len > LOOKED_AT)
        return false;
    for (guint i = 0; i < list->len; i++)
        if (!is_behind_nat(list->pdata[i]))
            return false;
    return true;
}

static void judge_path(ike_tracker *t, ike_flow *flow)
{
    char *name = name_of(flow);

    if (needs_udp(t, flow))
        ike_raise(t, flow->sa, flow->is_ah ? IKE_DIAG_AH_NAT : IKE_DIAG_ESP_NOTENCAP,
                  &flow->first->note, IKE_SEVERITY_NONE, "%s travels outside UDP", name);
    if (flow->fragment)
        ike_raise(t, flow->sa, IKE_DIAG_ESP_FRAG, &flow->fragment->note, IKE_SEVERITY_NONE,
                  "%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " packets came in IP fragments",
                  name, flow->fragmented, flow->packets);
    g_free(name);
}

/* ---- ESP without encryption ---- */

#define L2TP_SENDS 3 /* RFC 2661 5.8: sent again after 1 s, 2 s .. */

/* The flow of the other direction that carries L2TP too, or NULL. */
static const ike_flow *l2tp_of_peer(const ike_flow *flow)
{
    const ike_flow *found = NULL;

    for (guint i = 0; flow->sa && i < MIN(flow->sa->flows->len, LOOKED_AT); i++) {
        const ike_flow *other = flow->sa->flows->pdata[i];

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
    char *name;

    if (!ike_null_is(flow))
        return;
    name = name_of(flow);
    finding = ike_raise(t, flow->sa, IKE_DIAG_ESP_NULL, &flow->first->note, IKE_SEVERITY_NONE,
                        "%s is %snot encrypted and carries %s", name,
                        flow->null->verdict == IKE_NULL_YES ? "" : "probably ",
                        ike_null_content(flow));
    if (flow->null->verdict != IKE_NULL_YES)
        finding->evidence = IKE_INFERRED;
    judge_l2tp(t, flow);
    g_free(name);
}

static void judge_stranger(ike_tracker *t, ike_flow *flow)
{
    char *name;

    if (flow->sa)
        return;
    name = name_of(flow);
    ike_raise(t, NULL, IKE_DIAG_ESP_NOIKE, &flow->first->note, IKE_SEVERITY_NONE, "%s", name);
    g_free(name);
}

void ike_judge_flows(ike_tracker *t)
{
    for (guint i = 0; i < t->flows->len; i++) {
        ike_flow *flow = t->flows->pdata[i];

        if (!flow->first)
            continue;
        judge_stranger(t, flow);
        judge_oneway(t, flow);
        judge_early(t, flow);
        judge_commit(t, flow);
        judge_sequence(t, flow);
        judge_path(t, flow);
        judge_null(t, flow);
    }
    judge_refused(t);
}
