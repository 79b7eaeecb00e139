/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conclusions about the path of IPsec SAs: ESP where a NAT needs it in UDP, packets in IP fragments, ICMP errors
 * about them. RFC 3948, RFC 3715, RFC 4301 8.2.
 */
#include "ike_esp.h"
#include "ike_judge.h"

#define LOOKED_AT 1024 /* SAs that one flow is compared with */

/* ---- NAT ---- */

/* What the peers find is what counts: forced encapsulation looks like a NAT to them as well, and what
 * routers change on both sides of the capture does not. */
static bool is_behind_nat(const ike_sa *sa)
{
    return ike_sa_has_natted(sa) && !ike_judge_peers_see_none(sa);
}

/* NAT detection speaks of the addresses of its time; peers move (RFC 4555). */
static bool is_of_natd(const ike_flow *flow)
{
    for (int side = 0; side < 2; side++) {
        const ike_record *natd = flow->sa->sides[side].more->natd.record;

        if (natd && ((ike_addr_equal(&ike_record_src(natd)->addr, &flow->src.addr) &&
                      ike_addr_equal(&ike_record_dst(natd)->addr, &flow->dst.addr)) ||
                     (ike_addr_equal(&ike_record_src(natd)->addr, &flow->dst.addr) &&
                      ike_addr_equal(&ike_record_dst(natd)->addr, &flow->src.addr))))
            return true;
    }
    return false;
}

/* RFC 3948 1: with a NAT on the path ESP travels in UDP; RFC 3715 2.1: AH cannot pass one. Another SA
 * between the hosts without a NAT may be the one that made it. */
static bool needs_udp(const ike_tracker *t, const ike_flow *flow)
{
    const ike_list *list = ike_tracker_sas_between(t, &flow->src.addr, &flow->dst.addr);

    if (!flow->child || flow->encapsulation != IKE_IN_IP || !is_behind_nat(flow->sa) || !is_of_natd(flow) ||
        !list || list->len > LOOKED_AT)
        return false;
    for (guint i = 0; i < list->len; i++)
        if (!is_behind_nat(list->pdata[i]))
            return false;
    return true;
}

static void judge_encapsulation(ike_tracker *t, ike_flow *flow)
{
    if (needs_udp(t, flow))
        ike_judge_raise_flow(t, flow, flow->is_ah ? IKE_DIAG_AH_NAT : IKE_DIAG_ESP_NOTENCAP, &flow->first->note,
                             IKE_SEVERITY_NONE, " travels outside UDP");
}

/* ---- a port that the NAT has taken back ---- */

#define SETTLED (5 * IKE_SECOND)       /* after which a peer knows a new mapping */
#define NAT_FORGETS (120 * IKE_SECOND) /* RFC 4787 4.3, REQ-5: not sooner than two minutes */

/* The other direction of the same Child SA, while both go through the same addresses. */
static const ike_flow *way_back(const ike_flow *flow)
{
    const ike_flow *back = flow->child && flow->side != IKE_SIDE_NONE ? flow->child->more->flow[1 - flow->side] : NULL;

    return back && back->first && back->other_dst.family == 0 && flow->other_dst.family == 0 &&
                   ike_addr_equal(&back->dst.addr, &flow->src.addr) && ike_addr_equal(&back->src.addr, &flow->dst.addr)
               ? back : NULL;
}

/* Some NATs keep the old mapping for a while; after a long silence it is gone. */
static void judge_stale_port(ike_tracker *t, const ike_flow *flow)
{
    const ike_flow *back = flow->moved ? way_back(flow) : NULL;

    if (!back || back->dst_port != flow->src.port || back->dst_port == flow->src_port ||
        back->newest->note.time - flow->moved < SETTLED || flow->newest->note.time - flow->moved < SETTLED)
        return;
    ike_judge_raise_flow(t, back, IKE_DIAG_NAT_STALE, &back->newest->note,
                         flow->moved_after >= NAT_FORGETS ? IKE_SEVERITY_NONE : IKE_SEVERITY_NOTE,
                         " still goes to port %u, although its receiver sends from port %u now", back->dst_port,
                         flow->src_port);
}

/* ---- IP fragments ---- */

#define ENOUGH_IN_FRAGMENTS 3
#define ENDS_TOO_SOON (1 * IKE_SECOND)

/* No packet that came in fragments can have been put together: all that came of them are first ones. */
static bool has_first_fragments_only(const ike_tracker *t, const ike_flow *flow)
{
    return flow->encapsulation != IKE_IN_TCP && flow->fragmented >= ENOUGH_IN_FRAGMENTS &&
           t->span.last - flow->fragment->note.time >= ENDS_TOO_SOON &&
           !ike_esp_has_later_fragments(t, &flow->src.addr, &flow->dst.addr, flow->encapsulation);
}

/* A capture filter for protocol 50 takes later fragments of ESP, which have that in their IP header, but one for ports
 * hides those of ESP in UDP, which have none (RFC 791 3.1): these are a note at most, also where later fragments of UDP
 * the other way show that the filter of some capture lets them in. */
static bool may_be_hidden(const ike_tracker *t, const ike_flow *flow)
{
    return flow->encapsulation == IKE_IN_UDP &&
           !ike_esp_has_later_fragments(t, &flow->dst.addr, &flow->src.addr, IKE_IN_UDP);
}

static void judge_fragments(ike_tracker *t, ike_flow *flow)
{
    const bool is_lost = flow->fragment && has_first_fragments_only(t, flow), is_hidden = may_be_hidden(t, flow);

    if (!flow->fragment)
        return;
    ike_judge_raise_flow(t, flow, is_lost ? IKE_DIAG_ESP_FRAG_LOSS : IKE_DIAG_ESP_FRAG, &flow->fragment->note,
                         is_lost && flow->encapsulation == IKE_IN_UDP ? IKE_SEVERITY_NOTE : IKE_SEVERITY_NONE,
                         ": %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " packets came in IP fragments%s%s",
                         flow->fragmented, flow->packets,
                         is_lost ? ", only the first one of each: none is complete" : "",
                         is_lost && is_hidden ? "; a capture filter for ports would hide the others too" : "");
}

/* ---- ICMP ---- */

#define ENOUGH_TOO_BIG 3 /* sent after the first error, which a sender that obeys does not */
#define ENOUGH_REFUSED 5 /* where packets come back all the same */
#define REFUSED_SPAN (10 * IKE_SECOND)
#define GOODBYE_WITHIN (5 * IKE_SECOND)

static void append_reporter(GString *out, const ike_icmp *icmp)
{
    g_string_append(out, "ICMP from ");
    ike_addr_append(out, &icmp->reporter);
}

/* The receiver sends ESP after the first error: it gets something. */
static bool comes_back(const ike_tracker *t, const ike_flow *flow, const ike_flow_errors *errors)
{
    return ike_judge_sends_esp_after(t, &flow->dst.addr, &flow->src.addr, &errors->first->note);
}

/* Some Informational of the receiver went before: it may have said that it ends, and closed its port. */
static bool follows_goodbye(const ike_tracker *t, const ike_flow *flow, const ike_icmp *icmp)
{
    const ike_list *infos = &flow->sa->more->infos[1 - flow->side];
    const guint i = ike_judge_info_position(infos, icmp->note.frame);
    const ike_record *before = i > 0 ? infos->pdata[i - 1] : NULL;
    const ike_record *deleted = ike_judge_deleted(t, flow->sa);

    return (before && icmp->note.time - before->note.time <= GOODBYE_WITHIN && ike_judge_is_port_unreachable(icmp)) ||
           (deleted && deleted->note.frame < icmp->note.frame);
}

/* Gateways that copy the TTL of the packets inside show the hops of a traceroute through the tunnel. */
static bool may_be_traceroute(const ike_icmp *icmp)
{
    return icmp->type == (icmp->is_v6 ? 3 : 11) && icmp->code == 0;
}

/* What one error says of one packet proves little: a path may change, anybody can send it. */
static ike_severity weight_of(const ike_tracker *t, const ike_flow *flow, const ike_flow_errors *errors)
{
    if (errors->n < 2)
        return IKE_SEVERITY_NONE;
    if (!ike_judge_is_about_size(errors->first) && !comes_back(t, flow, errors))
        return ike_tracker_saw_pair(t, &flow->dst.addr, &flow->src.addr) ? IKE_SEVERITY_ERROR : IKE_SEVERITY_NOTE;
    return errors->n >= ENOUGH_REFUSED && !may_be_traceroute(errors->first) &&
                   errors->newest->note.time - errors->first->note.time >= REFUSED_SPAN
               ? IKE_SEVERITY_NOTE : IKE_SEVERITY_NONE;
}

static void judge_refused_packets(ike_tracker *t, const ike_flow *flow)
{
    const ike_flow_errors *errors = &flow->icmp->others;
    const ike_severity weight = errors->first ? weight_of(t, flow, errors) : IKE_SEVERITY_NONE;
    const char *what;
    ike_diagnosis_id id;
    GString *text;

    if (weight == IKE_SEVERITY_NONE || flow->side == IKE_SIDE_NONE || follows_goodbye(t, flow, errors->first) ||
        !ike_judge_read_icmp(errors->first, &id, &what))
        return;
    text = g_string_new(NULL);
    append_reporter(text, errors->first);
    g_string_append_printf(text, ": %s, about %u packets of %s with SPI %08x", what, errors->n,
                           flow->is_ah ? "AH" : "ESP", flow->spi);
    ike_raise(t, flow->sa, id, &errors->first->note, weight, "%s", text->str);
    g_string_free(text, TRUE);
}

/* RFC 4301 8.2: a gateway that learns the path MTU makes no larger packets, or none that may not be cut. Each further
 * error is about a packet that was dropped. */
static void judge_too_big_packets(ike_tracker *t, const ike_flow *flow)
{
    const ike_flow_errors *errors = &flow->icmp->too_big;
    GString *text;

    if (errors->n_late < ENOUGH_TOO_BIG)
        return;
    text = g_string_new(NULL);
    append_reporter(text, errors->first);
    if (errors->first->mtu)
        g_string_append_printf(text, ": MTU %u", errors->first->mtu);
    else
        g_string_append(text, ": packet too big");
    g_string_append_printf(text, ", yet %u larger packets of %s with SPI %08x followed, each dropped with such an error",
                           errors->n_late, flow->is_ah ? "AH" : "ESP", flow->spi);
    ike_raise(t, flow->sa, IKE_DIAG_PMTU, &errors->first->note, IKE_SEVERITY_NONE, "%s", text->str);
    g_string_free(text, TRUE);
}

void ike_judge_flow_path(ike_tracker *t, ike_flow *flow)
{
    judge_encapsulation(t, flow);
    judge_stale_port(t, flow);
    judge_fragments(t, flow);
    if (flow->icmp && flow->sa) {
        judge_refused_packets(t, flow);
        judge_too_big_packets(t, flow);
    }
}
