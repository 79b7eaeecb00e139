/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ESP and AH packets: which IPsec SA they belong to, and which negotiation made that (RFC 4303, RFC
 * 4302, RFC 3948). SPIs inside Quick Mode and IKEv2 are encrypted, so an SPI that appears after a
 * negotiation that made IPsec SAs, and has none in that direction yet, is taken for one of them.
 */
#include "ike_agreement.h"
#include "ike_esp.h"
#include "ike_null.h"

#define NEWEST_EXCHANGES 64   /* of an SA */
#define SAME_SPI 64           /* flows with one SPI that are looked through */
#define USED_WITHIN (60 * IKE_SECOND) /* after its negotiation most IPsec SAs are used */
#define PAUSE_OF_RESTART (600 * IKE_SECOND)
#define ACROSS_NAT (50 * IKE_MILLISECOND)

enum { ESP_HEADER = 8, AH_SPI = 4 }; /* RFC 4303 2, RFC 4302 2 */

/* ---- the flow ---- */

static ike_encapsulation encapsulation_of(const ike_datagram *d)
{
    return d->is_tcp ? IKE_IN_TCP : d->src.port ? IKE_IN_UDP : IKE_IN_IP;
}

/* The packet that this flow had last, seen on the other side of a NAT: same number, same IP ID. */
static bool is_across_nat(const ike_tracker *t, const ike_flow *flow, const ike_datagram *d,
                          uint32_t sequence)
{
    const ike_seen *seen = ike_flow_seen(flow, sequence);

    return d->has_ip_id && seen->has_ip_id && d->ip_id == seen->ip_id && d->ip_id != 0 &&
           seen->sequence == sequence && ike_time_near(t->now, seen->time, ACROSS_NAT) &&
           flow->other_dst.family == 0;
}

/* The IKE SA of the flow knows both ends under other addresses: they moved (RFC 4555). */
static bool has_moved(const ike_flow *flow, const ike_datagram *d)
{
    return flow->sa && flow->side != IKE_SIDE_NONE &&
           ike_sa_has_hosts(flow->sa, &d->src.addr, &d->dst.addr) &&
           ike_sa_side(flow->sa, &d->src, &d->dst) == flow->side;
}

/* A receiver chooses its SPIs, so address and SPI name an IPsec SA (RFC 4301 4.1). */
static ike_flow *find_flow(ike_tracker *t, const ike_datagram *d, uint32_t spi, bool is_ah,
                           uint32_t sequence)
{
    ike_flow *flow = g_hash_table_lookup(t->by_ipsec_spi, GUINT_TO_POINTER(spi));

    for (int n = 0; flow && n < SAME_SPI; flow = flow->next, n++) {
        if (flow->is_ah != is_ah)
            continue;
        if (ike_addr_equal(&flow->dst.addr, &d->dst.addr) ||
            ike_addr_equal(&flow->other_dst, &d->dst.addr) || has_moved(flow, d))
            return flow;
        if (is_across_nat(t, flow, d, sequence)) {
            flow->other_dst = d->dst.addr;
            return flow;
        }
    }
    return NULL;
}

ike_flow *ike_esp_flow_to(const ike_tracker *t, uint32_t spi, const ike_addr *receiver)
{
    ike_flow *flow = g_hash_table_lookup(t->by_ipsec_spi, GUINT_TO_POINTER(spi));

    for (int n = 0; flow && n < SAME_SPI; flow = flow->next, n++)
        if (ike_addr_equal(&flow->dst.addr, receiver) || ike_addr_equal(&flow->other_dst, receiver))
            return flow;
    return NULL;
}

static ike_pair_flows *flows_of_pair(const ike_tracker *t, const ike_addr *src, const ike_addr *dst)
{
    const ike_host_pair pair = { *src, *dst };

    return g_hash_table_lookup(t->flows_by_pair, &pair);
}

const ike_list *ike_esp_flows_between(const ike_tracker *t, const ike_addr *src, const ike_addr *dst)
{
    const ike_pair_flows *of_pair = flows_of_pair(t, src, dst);

    return of_pair ? &of_pair->flows : NULL;
}

void ike_esp_later_fragment(ike_tracker *t, const ike_addr *src, const ike_addr *dst, ike_encapsulation of)
{
    ike_pair_flows *of_pair = flows_of_pair(t, src, dst);

    if (of_pair)
        of_pair->has_later[of] = true;
}

bool ike_esp_has_later_fragments(const ike_tracker *t, const ike_addr *src, const ike_addr *dst, ike_encapsulation of)
{
    const ike_pair_flows *of_pair = flows_of_pair(t, src, dst);

    return of_pair && of_pair->has_later[of];
}

static void index_pair(ike_tracker *t, ike_flow *flow)
{
    const ike_host_pair pair = { flow->src.addr, flow->dst.addr };
    ike_pair_flows *of_pair = flows_of_pair(t, &pair.src, &pair.dst);

    if (!of_pair) {
        of_pair = g_new0(ike_pair_flows, 1);
        g_hash_table_insert(t->flows_by_pair, g_memdup2(&pair, sizeof pair), of_pair);
    }
    ike_list_add(&of_pair->flows, flow);
}

static ike_flow *make_flow(ike_tracker *t, const ike_datagram *d, uint32_t spi, bool is_ah)
{
    ike_flow *flow;

    if (ike_limit_reached(t, NULL, IKE_LIMIT_FLOWS, NULL, t->flows.len))
        return NULL;
    flow = ike_flow_new(t->flows.len, spi, is_ah);
    flow->src = d->src;
    flow->dst = d->dst;
    flow->src_port = d->src.port;
    flow->dst_port = d->dst.port;
    flow->encapsulation = encapsulation_of(d);
    flow->next = g_hash_table_lookup(t->by_ipsec_spi, GUINT_TO_POINTER(spi));
    g_hash_table_replace(t->by_ipsec_spi, GUINT_TO_POINTER(spi), flow);
    ike_list_add(&t->flows, flow);
    index_pair(t, flow);
    return flow;
}

/* ---- which negotiation made it ---- */

bool ike_esp_is_complete(const ike_exchange *exchange)
{
    if (exchange->more->rekeyed_to || exchange->child < 0 || ike_exchange_is_refused(exchange))
        return false;
    if (exchange->sa->version == 2) /* of several exchanges one stands for all */
        return ike_exchange_slot(exchange, IKE_RESPONSE) && exchange == ike_exchange_end(ike_exchange_lead(exchange));
    return ike_exchange_slot(exchange, exchange->mode == IKE_MODE_QUICK ? 3 : 2) != NULL;
}

/* ---- by the SPIs that were decrypted ---- */

static void detach(ike_flow *flow)
{
    if (flow->child && flow->child->more->flow[flow->side] == flow)
        ike_exchange_more_of(flow->child)->flow[flow->side] = NULL;
    if (flow->sa) {
        ike_list_remove(&ike_sa_more(flow->sa)->flows, flow);
        if (flow->side != IKE_SIDE_NONE)
            ike_side_more_of(&flow->sa->sides[flow->side])->esp_packets -= flow->packets;
    }
    flow->child = NULL;
}

/* A negotiation has one flow of each side: what is known by keys keeps its place, if an AH packet has the SPI of
 * ESP, or both of a bundle are seen. */
static void take_child(ike_flow *flow, ike_exchange *end)
{
    ike_flow *taken = end->more->flow[flow->side];

    if (taken && taken != flow && taken->tied_by == IKE_TIED_BY_KEYS) {
        flow->tied_by = IKE_TIED_NOT;
        return;
    }
    if (taken && taken != flow) {
        taken->child = NULL;
        taken->tied_by = IKE_TIED_NOT;
    }
    flow->child = end;
    flow->tied_by = IKE_TIED_BY_KEYS;
    ike_exchange_more_of(end)->flow[flow->side] = flow;
}

static void attach_exactly(ike_flow *flow, ike_exchange *lead, ike_side sender)
{
    flow->sa = lead->sa;
    flow->side = sender;
    take_child(flow, ike_exchange_end(lead));
    ike_list_add(&ike_sa_more(lead->sa)->flows, flow);
    if (flow->newest) {
        ike_side_more *side = ike_side_more_of(&lead->sa->sides[sender]);

        side->esp_packets += flow->packets;
        side->newest_esp_frame = MAX(side->newest_esp_frame, flow->newest->note.frame);
    }
}

static bool is_chosen_by(const ike_exchange *lead, ike_side side, uint32_t spi)
{
    const ike_agreement *agreement = ike_agreement_find(lead);

    return agreement && side != IKE_SIDE_NONE && (agreement->spi[side] == spi || agreement->ah_spi[side] == spi);
}

static ike_exchange *find_made(const ike_tracker *t, uint32_t spi, const ike_addr *src, const ike_addr *dst,
                               ike_side *sender)
{
    const ike_list *list = g_hash_table_lookup(t->made, GUINT_TO_POINTER(spi));
    const ike_endpoint from = { .addr = *src }, to = { .addr = *dst };

    for (guint i = list ? list->len : 0; i > 0 && list->len - i < SAME_SPI; i--) {
        ike_exchange *lead = list->pdata[i - 1];
        const ike_side side = ike_sa_has_hosts(lead->sa, src, dst) ? ike_sa_side(lead->sa, &from, &to) : IKE_SIDE_NONE;

        if (is_chosen_by(lead, ike_side_other(side), spi)) {
            *sender = side;
            return lead;
        }
    }
    return NULL;
}

/* A renewed IKE SA has the IPsec SAs of the one before (RFC 7296 2.8). */
static bool has_taken_over(const ike_sa *sa, const ike_sa *from)
{
    for (int n = 0; sa && n < SAME_SPI; sa = sa->more->parent, n++)
        if (sa == from)
            return true;
    return false;
}

/* The sender of a message in another SA of the same hosts; in IKEv2 one that was renewed has its sides. */
static ike_side sender_in(const ike_sa *sa, const ike_record *r)
{
    if (has_taken_over(r->note.sa, sa))
        return r->side;
    return sa->version == 1 && r->version == 1 && ike_sa_has_hosts(sa, &ike_record_src(r)->addr, &ike_record_dst(r)->addr)
               ? ike_record_side_in(r, sa) : IKE_SIDE_NONE;
}

ike_exchange *ike_esp_made_by(const ike_tracker *t, uint32_t spi, const ike_record *r, ike_side *chooser)
{
    const ike_list *list = g_hash_table_lookup(t->made, GUINT_TO_POINTER(spi));

    for (guint i = list ? list->len : 0; i > 0 && list->len - i < SAME_SPI; i--) {
        ike_exchange *lead = list->pdata[i - 1];
        const ike_side side = sender_in(lead->sa, r);

        if (is_chosen_by(lead, side, spi)) {
            *chooser = side;
            return lead;
        }
    }
    return NULL;
}

void ike_esp_learn(ike_tracker *t, ike_exchange *lead, ike_side chooser, uint32_t spi)
{
    ike_list *list = g_hash_table_lookup(t->made, GUINT_TO_POINTER(spi));
    const ike_endpoint *receiver = ike_sa_endpoint_of(lead->sa, chooser);
    ike_flow *flow = receiver ? ike_esp_flow_to(t, spi, &receiver->addr) : NULL;

    if (!list) {
        list = g_new0(ike_list, 1);
        g_hash_table_insert(t->made, GUINT_TO_POINTER(spi), list);
    }
    ike_list_add(list, lead);
    if (flow && flow->tied_by != IKE_TIED_BY_KEYS) { /* its packets came before, or are before it in the file */
        detach(flow);
        attach_exactly(flow, lead, ike_side_other(chooser));
    }
}

static const ike_record *last_message(const ike_exchange *exchange)
{
    return ike_exchange_slot(exchange, exchange->highest);
}

/* What may have made a flow: how many negotiations, of these how many moments ago, and the best. */
typedef struct candidates {
    unsigned all, recent;
    ike_exchange *newest, *newest_recent;
    ike_sa *sa;
} candidates;

static void consider(const ike_tracker *t, candidates *found, ike_exchange *exchange, ike_side side)
{
    const ike_record *last;

    if (!ike_esp_is_complete(exchange) || exchange->more->flow[side] ||
        ike_agreement_spi(exchange, ike_side_other(side)) != 0) /* decrypted, and not that of this flow */
        return;
    last = last_message(exchange);
    if (!last || last->note.time > t->now)
        return;
    found->all++;
    if (!found->newest || found->newest->child < exchange->child)
        found->newest = exchange;
    if (t->now - last->note.time > USED_WITHIN)
        return;
    found->recent++;
    if (!found->newest_recent || found->newest_recent->child < exchange->child)
        found->newest_recent = exchange;
}

static void consider_sa(const ike_tracker *t, candidates *found, ike_sa *sa, const ike_datagram *d)
{
    const ike_side side = ike_sa_side(sa, &d->src, &d->dst);

    if (side == IKE_SIDE_NONE)
        return;
    for (guint i = sa->more->exchanges.len; i > 0 && sa->more->exchanges.len - i < NEWEST_EXCHANGES; i--)
        consider(t, found, sa->more->exchanges.pdata[i - 1], side);
}

/* Several clients behind one NAT differ in their ports only. */
static void find_candidates(const ike_tracker *t, candidates *found, const ike_datagram *d)
{
    const ike_list *list = ike_tracker_sas_between(t, &d->src.addr, &d->dst.addr);
    ike_sa *of_ports = d->src.port ? ike_lookup_by_ports(t, d, true) : NULL;

    for (guint i = list ? list->len : 0; i > 0 && list->len - i < IKE_NEWEST_SAS; i--) {
        ike_sa *sa = list->pdata[i - 1];

        if (!of_ports || sa == of_ports || sa == of_ports->more->parent || sa->more->parent == of_ports ||
            (ike_side_has_endpoint(&sa->sides[0], &ike_side_path(&of_ports->sides[0])->current) &&
             ike_side_has_endpoint(&sa->sides[1], &ike_side_path(&of_ports->sides[1])->current)))
            consider_sa(t, found, sa, d);
    }
}

/* The SA between two hosts that last negotiated IPsec SAs, else the newest one. */
static ike_sa *likely_sa(const ike_tracker *t, const ike_datagram *d)
{
    const ike_list *list = ike_tracker_sas_between(t, &d->src.addr, &d->dst.addr);
    ike_sa *best = list ? list->pdata[list->len - 1] : NULL;
    ike_sa *of_ports = d->src.port ? ike_lookup_by_ports(t, d, true) : NULL;

    if (of_ports)
        return of_ports;
    for (guint i = list ? list->len : 0; i > 0 && list->len - i < IKE_NEWEST_SAS; i--) {
        ike_sa *sa = list->pdata[i - 1];

        if (sa->more->newest_child_frame > best->more->newest_child_frame)
            best = sa;
    }
    return best;
}

static void give_to_sa(ike_flow *flow, ike_sa *sa, const ike_datagram *d)
{
    flow->sa = sa;
    if (!sa)
        return;
    ike_list_add(&ike_sa_more(sa)->flows, flow);
    flow->side = ike_sa_side(sa, &d->src, &d->dst);
}

static void tie(ike_tracker *t, ike_flow *flow, const ike_datagram *d)
{
    candidates found = { 0 };
    ike_side sender = IKE_SIDE_NONE;
    ike_exchange *child = find_made(t, flow->spi, &d->src.addr, &d->dst.addr, &sender);

    if (child) {
        attach_exactly(flow, child, sender);
        return;
    }
    find_candidates(t, &found, d);
    child = found.recent ? found.newest_recent : found.newest;
    give_to_sa(flow, child ? child->sa : likely_sa(t, d), d);
    if (!child || flow->side == IKE_SIDE_NONE)
        return;
    flow->child = child;
    flow->tied_by = found.recent == 1 || (found.recent == 0 && found.all == 1)
                        ? IKE_TIED_ONLY_CANDIDATE : IKE_TIED_AMBIGUOUS;
    ike_exchange_more_of(child)->flow[flow->side] = flow;
}

/* ---- a packet ---- */

static bool renegotiated_since(const ike_flow *flow)
{
    return flow->sa && flow->newest && flow->sa->more->newest_child_frame > flow->newest->note.frame;
}

static void note_firsts(ike_flow *flow, ike_packet *packet, ike_sequence sequence)
{
    if (sequence == IKE_SEQUENCE_REPEATED) {
        flow->repeats++;
        if (!flow->repeat)
            flow->repeat = packet;
    }
    if (sequence == IKE_SEQUENCE_RESTARTED && !flow->restart)
        flow->restart = packet;
    if (ike_flow_is_near_wrap(packet->sequence) && !flow->near_wrap)
        flow->near_wrap = packet;
}

/* A NAT may give a sender another port, which the receiver should follow (RFC 7296 2.23). A capture that sees both sides
 * of the NAT has other addresses there. */
static void note_ports(ike_tracker *t, ike_flow *flow, const ike_datagram *d)
{
    if (encapsulation_of(d) != IKE_IN_UDP || !ike_addr_equal(&flow->src.addr, &d->src.addr) ||
        !ike_addr_equal(&flow->dst.addr, &d->dst.addr))
        return;
    if (flow->src_port != d->src.port && flow->newest) {
        flow->moved = t->now;
        flow->moved_after = t->now - flow->newest->note.time;
    }
    flow->src_port = d->src.port;
    flow->dst_port = d->dst.port;
}

static void count(ike_tracker *t, ike_flow *flow, ike_packet *packet, const ike_datagram *d)
{
    const ike_seen seen = { .sequence = packet->sequence, .ip_id = d->ip_id,
                            .has_ip_id = d->has_ip_id, .is_stream = d->is_tcp, .time = t->now };
    const bool may_restart =
        flow->newest && (renegotiated_since(flow) ||
                         t->now - flow->newest->note.time > PAUSE_OF_RESTART);
    const ike_sequence sequence = ike_flow_sequence(flow, &seen, may_restart);

    if (sequence == IKE_SEQUENCE_DOUBLED) {
        packet->is_doubled = true;
        return;
    }
    note_firsts(flow, packet, sequence);
    note_ports(t, flow, d);
    flow->packets++;
    flow->bytes += d->wire;
    if (!flow->first)
        flow->first = packet;
    flow->newest = packet;
    if (d->fragment == IKE_FRAGMENT_IP) {
        flow->fragmented++;
        if (!flow->fragment)
            flow->fragment = packet;
    }
}

static void end_row(ike_turns *turns, ike_time now)
{
    if (turns->packets == 0)
        return;
    turns->answered++;
    turns->most = MAX(turns->most, turns->packets);
    turns->longest = MAX(turns->longest, now - turns->first->note.time);
    turns->packets = 0;
}

static void take_turn(ike_sa *sa, ike_side side, ike_packet *packet)
{
    ike_turns *turns = &ike_side_more_of(&sa->sides[side])->turns;

    end_row(&ike_side_more_of(&sa->sides[ike_side_other(side)])->turns, packet->note.time);
    if (turns->packets++ == 0)
        turns->first = packet;
    turns->newest = packet;
}

static void count_for_sa(ike_tracker *t, ike_packet *packet, const ike_flow *flow)
{
    ike_side_more *side;

    if (!flow->sa)
        return;
    ike_note_set_sa(t, &packet->note, flow->sa);
    packet->note.exchange = NULL;
    if (flow->side == IKE_SIDE_NONE)
        return;
    side = ike_side_more_of(&flow->sa->sides[flow->side]);
    side->newest_esp_frame = t->frame;
    if (packet->is_doubled)
        return;
    side->esp_packets++;
    take_turn(flow->sa, flow->side, packet);
}

void ike_esp_feed(ike_tracker *t, const ike_datagram *d, ike_note_kind kind)
{
    const bool is_ah = kind == IKE_NOTE_AH;
    const size_t at = is_ah ? AH_SPI : 0;
    ike_packet *packet = ike_note_new(t, kind, sizeof *packet);
    ike_flow *flow;
    uint32_t spi;

    t->n_esp++;
    if (d->captured < at + ESP_HEADER)
        return;
    spi = ike_be32(d->data + at);
    packet->sequence = ike_be32(d->data + at + 4);
    flow = find_flow(t, d, spi, is_ah, packet->sequence);
    if (!flow) {
        flow = make_flow(t, d, spi, is_ah);
        if (!flow)
            return;
        tie(t, flow, d);
    }
    if (!flow->sa) /* the first IKE between these hosts may come later */
        give_to_sa(flow, likely_sa(t, d), d);
    packet->flow = flow;
    count(t, flow, packet, d);
    if (!is_ah && !packet->is_doubled && d->captured == d->wire)
        ike_null_look(flow, packet, d->data, d->wire);
    count_for_sa(t, packet, flow);
}
