/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_flow.h"

/* A packet that the capture holds twice keeps its IP ID; what has another, or none, and comes this
 * soon was doubled by the network. */
#define SAME_ID_GAP (60 * IKE_SECOND) /* the clocks of merged captures differ */
#define DOUBLE_GAP (250 * IKE_MILLISECOND)
#define NEAR_WRAP 0xfff00000u
#define FAR_AWAY 0x80000000u     /* a number this far from the highest is beyond a wrap */
#define ENOUGH_NUMBERS 8
#define FEW_SEEN 4 /* places at first: many SPIs of a flood have few packets */

ike_flow *ike_flow_new(uint32_t number, uint32_t spi, bool is_ah)
{
    ike_flow *flow = g_new0(ike_flow, 1);

    flow->number = number;
    flow->spi = spi;
    flow->is_ah = is_ah;
    flow->side = IKE_SIDE_NONE;
    return flow;
}

void ike_flow_free(ike_flow *flow)
{
    g_free(flow->seen);
    g_free(flow->icmp);
    g_free(flow->null);
    g_free(flow);
}

static bool is_same_packet(const ike_seen *a, const ike_seen *b)
{
    if (a->is_stream || b->is_stream)
        return false;
    if (a->has_ip_id && b->has_ip_id && a->ip_id == b->ip_id && a->ip_id != 0)
        return ike_time_near(a->time, b->time, SAME_ID_GAP);
    return ike_time_near(a->time, b->time, DOUBLE_GAP);
}

const ike_seen *ike_flow_seen(const ike_flow *flow, uint32_t sequence)
{
    return flow->seen ? &flow->seen[sequence % flow->room] : &flow->first_seen;
}

/* What has a place of its own keeps one. */
static void grow(ike_flow *flow, unsigned room)
{
    ike_seen *grown = g_new0(ike_seen, room);

    for (unsigned i = 0; i < flow->room; i++)
        if (flow->seen[i].is_set)
            grown[flow->seen[i].sequence % room] = flow->seen[i];
    g_free(flow->seen);
    flow->seen = grown;
    flow->room = (uint8_t)room;
}

static void remember(ike_flow *flow, const ike_seen *seen)
{
    ike_seen *place;

    while ((place = &flow->seen[seen->sequence % flow->room])->is_set && place->sequence != seen->sequence &&
           flow->room < IKE_FLOW_WINDOW)
        grow(flow, flow->room * 2u);
    *place = *seen;
    place->is_set = true;
}

static void begin(ike_flow *flow, const ike_seen *seen)
{
    flow->first_sequence = flow->highest = seen->sequence;
    flow->distinct = 1;
    for (unsigned i = 0; i < flow->room; i++)
        flow->seen[i].is_set = false;
    remember(flow, seen);
}

/* At or below the highest number: an old packet late, or one again. Beyond the window nothing tells. */
static ike_sequence old_number(ike_flow *flow, const ike_seen *seen)
{
    const ike_seen *before = ike_flow_seen(flow, seen->sequence);

    if (before->is_set && before->sequence == seen->sequence) {
        const bool doubled = is_same_packet(before, seen);

        remember(flow, seen);
        return doubled ? IKE_SEQUENCE_DOUBLED : IKE_SEQUENCE_REPEATED;
    }
    if (flow->highest - seen->sequence < IKE_FLOW_WINDOW)
        remember(flow, seen);
    flow->first_sequence = MIN(flow->first_sequence, seen->sequence);
    flow->distinct++;
    return IKE_SEQUENCE_NEW;
}

/* Either way: a capture may hold the packets in reverse, and one from before the wrap may be late. */
static bool is_across_wrap(uint32_t one, uint32_t other)
{
    return MAX(one, other) >= NEAR_WRAP && MAX(one, other) - MIN(one, other) > FAR_AWAY;
}

ike_sequence ike_flow_sequence(ike_flow *flow, const ike_seen *seen, bool may_restart)
{
    if (flow->packets == 0) { /* many SPIs of a flood have one packet only */
        flow->first_seen = *seen;
        flow->first_sequence = flow->highest = seen->sequence;
        flow->distinct = 1;
        return IKE_SEQUENCE_NEW;
    }
    if (!flow->seen) {
        grow(flow, FEW_SEEN);
        remember(flow, &flow->first_seen);
    }
    if (is_across_wrap(flow->highest, seen->sequence)) {
        flow->has_wrapped = true;
        begin(flow, seen);
        return IKE_SEQUENCE_NEW;
    }
    if (may_restart && seen->sequence <= IKE_LOW_SEQUENCE &&
        flow->highest > IKE_LOW_SEQUENCE + IKE_FLOW_WINDOW) {
        begin(flow, seen);
        return IKE_SEQUENCE_RESTARTED;
    }
    if (seen->sequence <= flow->highest)
        return old_number(flow, seen);
    flow->highest = seen->sequence;
    flow->distinct++;
    remember(flow, seen);
    return IKE_SEQUENCE_NEW;
}

bool ike_flow_is_near_wrap(uint32_t sequence)
{
    return sequence > NEAR_WRAP;
}

bool ike_flow_is_numbered(const ike_flow *flow)
{
    return flow->sa || (flow->distinct >= ENOUGH_NUMBERS && flow->repeats * 2 < flow->packets);
}

uint64_t ike_flow_missing(const ike_flow *flow)
{
    const uint64_t span = (uint64_t)flow->highest - flow->first_sequence + 1;

    return flow->packets == 0 || flow->has_wrapped || span < flow->distinct ? 0
                                                                            : span - flow->distinct;
}

const char *ike_tied_by_name(ike_tied_by tied)
{
    static const char *const names[] = { NULL, "keys", "only candidate", "ambiguous" };

    return names[tied];
}
