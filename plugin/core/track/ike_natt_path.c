/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ways of both sides through a NAT: the float to port 4500 (RFC 3947 4, RFC 7296 2.23), new
 * addresses and ports, how long a side is silent (RFC 3948 4), and answers to another port.
 */
#include "ike_track.h"

#define QUIET (30 * IKE_SECOND)   /* many NATs forget a mapping of UDP after that */
#define SETTLED (5 * IKE_SECOND)  /* after which a peer knows a new mapping */

/* ---- silence ---- */

/* Another SA may use the same way: old and new one while an SA is renewed. */
static ike_time newest_of_others(const ike_tracker *t, const ike_sa *sa, ike_side side)
{
    const ike_list *list = ike_tracker_sas_between(t, &t->last_pair.src, &t->last_pair.dst);
    const ike_endpoint *own = &ike_side_path(&sa->sides[side])->current;
    ike_time newest = 0;

    for (guint i = list ? list->len : 0; i > 0 && list->len - i < IKE_NEWEST_SAS; i--) {
        const ike_sa *other = list->pdata[i - 1];

        for (int k = 0; k < 2 && other != sa; k++)
            if (ike_side_has_endpoint(&other->sides[k], own))
                newest = MAX(newest, ike_side_path(&other->sides[k])->newest);
    }
    return newest;
}

static void keep_longest(ike_gap *longest, const ike_gap *gap)
{
    if (gap->length > longest->length)
        *longest = *gap;
}

/* A packet of any kind keeps the mapping of the NAT. */
static void packet_seen(ike_tracker *t, ike_sa *sa, ike_side side, ike_note *note)
{
    ike_path *path = ike_side_make_path(&sa->sides[side], sa->arena);
    ike_gap gap = { path->newest, t->now - path->newest, note };

    if (path->has_sent && path->has_used_4500 && gap.length > QUIET) {
        gap.from = MAX(gap.from, newest_of_others(t, sa, side));
        gap.length = t->now - gap.from;
        if (gap.length > QUIET) {
            ike_path_gaps(path)->newest = gap;
            keep_longest(&ike_path_gaps(path)->longest, &gap);
        }
    }
    path->newest = path->has_sent ? MAX(path->newest, t->now) : t->now;
    path->has_sent = true;
}

/* The side of a packet of which only the addresses are known here. */
static ike_side side_of_current(const ike_tracker *t, const ike_sa *sa)
{
    const ike_endpoint src = { t->last_pair.src, 0 }, dst = { t->last_pair.dst, 0 };

    return ike_sa_side(sa, &src, &dst);
}

void ike_natt_packet(ike_tracker *t, ike_note *note)
{
    ike_side side;

    if (note->kind == IKE_NOTE_ICMP) /* of a router, or about the other side's packet */
        return;
    side = side_of_current(t, note->sa);
    if (side == IKE_SIDE_NONE)
        return;
    ike_side_make_path(&note->sa->sides[side], note->sa->arena)->keepalives += note->kind == IKE_NOTE_KEEPALIVE;
    packet_seen(t, note->sa, side, note);
}

/* ---- new addresses and ports ---- */

/* The gap before a packet from another port: other packets may have come from there before it. */
static const ike_gap *gap_before(const ike_path *path)
{
    const ike_note *end = path->gaps->newest.end;

    return end && end->time > path->newest_message ? &path->gaps->newest : NULL;
}

static void raise_change(ike_tracker *t, ike_record *r, const ike_endpoint *old)
{
    const bool moved = !ike_addr_equal(&old->addr, &ike_record_src(r)->addr);
    const ike_gap *gap = gap_before(ike_side_path(&r->note.sa->sides[r->side]));
    GString *text = g_string_new(NULL), *is = g_string_new(NULL);

    ike_endpoint_append(text, old);
    ike_endpoint_append(is, ike_record_src(r));
    g_string_append_printf(text, " is now %s", is->str);
    if (gap) {
        g_string_append(text, ", after ");
        ike_seconds_append(text, gap->length);
        g_string_append(text, " s without a packet");
    }
    /* whether both sides support MOBIKE is encrypted (RFC 4555 3.1) */
    ike_raise(t, r->note.sa, moved ? IKE_DIAG_NAT_ADDRCHG : IKE_DIAG_NAT_REBIND, &r->note,
              moved && r->version == 2 ? IKE_SEVERITY_CHAT : IKE_SEVERITY_NONE, "%s", text->str);
    g_string_free(text, TRUE);
    g_free(r->rare->mapping);
    ike_record_rare(r)->mapping = g_string_free(is, FALSE);
}

/* The packet of one sender seen on both sides of a NAT: same IP ID, another source. */
static bool is_seen_across_nat(const ike_record *r)
{
    return r->copy == IKE_COPY_DUPLICATE && !ike_addr_equal(&ike_record_src(r)->addr, &ike_record_src(r->rare->doubles)->addr);
}

/* Where this side was before under the same address; -1 when the address is new. */
static int view_of(const ike_path *path, const ike_endpoint *src)
{
    for (unsigned i = 0; i < path->n_views; i++)
        if (ike_addr_equal(&path->views[i].endpoint.addr, &src->addr))
            return (int)i;
    return -1;
}

/* A TCP connection has a port of its own, whatever the NAT does (RFC 9329 6.1). */
static bool is_other_port(const ike_path *path, const ike_record *r, int view)
{
    return !r->is_tcp && !path->current_is_tcp && path->views[view].has_marker && r->has_marker &&
           path->views[view].endpoint.port != ike_record_src(r)->port;
}

static void remember_view(ike_path *path, const ike_record *r, int view)
{
    if (view < 0 && path->n_views < IKE_MAX_VIEWS) {
        if (path->n_views < 2)
            path->views = ike_arena_grow(r->note.sa->arena, path->views, path->n_views * sizeof *path->views,
                                         (path->n_views ? IKE_MAX_VIEWS : 1) * sizeof *path->views);
        view = (int)path->n_views++;
    }
    if (view < 0)
        view = IKE_MAX_VIEWS - 1;
    path->views[view] = (ike_view){ *ike_record_src(r), r->has_marker };
}

/* A side that is seen on several sides of a NAT has an address on each of them. */
static void check_mapping(ike_tracker *t, ike_record *r)
{
    ike_side_state *side = &r->note.sa->sides[r->side];
    ike_path *path = ike_side_make_path(side, r->note.sa->arena);
    const int view = view_of(path, ike_record_src(r));

    if (!side->is_rewritten && r->copy != IKE_COPY_DUPLICATE && path->has_current && r->has_marker &&
        path->current_has_marker && !ike_addr_equal(&path->current.addr, &ike_record_src(r)->addr)) {
        raise_change(t, r, &path->current);
    } else if (view >= 0 && is_other_port(path, r, view) &&
               (side->is_rewritten || r->copy != IKE_COPY_DUPLICATE)) {
        raise_change(t, r, &path->views[view].endpoint);
        ike_path_gaps(path)->port_changed = t->now;
        if (gap_before(path))
            keep_longest(&ike_path_gaps(path)->moved, gap_before(path));
    }
    remember_view(path, r, view);
}

/* ---- the port of RFC 3947 4 ---- */

static bool is_on_500(const ike_record *r)
{
    return !r->has_marker && !r->is_tcp && (ike_record_src(r)->port == IKE_PORT || ike_record_dst(r)->port == IKE_PORT);
}

/* True when a copy of the request came from the place that the answer goes to, or from port 500; also when there
 * are more copies than are looked at. */
static bool answers_a_copy(const ike_record *r)
{
    const ike_record *copy = ike_record_last(r->request);

    for (unsigned n = 0; copy && n < IKE_COPIES_WALKED; copy = copy->rare->older, n++)
        if (ike_endpoint_equal(ike_record_src(copy), ike_record_dst(r)) || is_on_500(copy))
            return true;
    return copy != NULL;
}

/* MM1 to MM4 and what is clear belong before the float, and come late when a network delays them. In
 * IKEv2 port 500 stays allowed while no NAT is found (RFC 7296 2.23). */
static bool must_use_4500(const ike_record *r)
{
    const ike_sa *sa = r->note.sa;

    if (!r->is_encrypted || r->is_outside || (r->request && answers_a_copy(r)))
        return false;
    return sa->version == 1 || ike_sa_natted(sa, IKE_SIDE_A) >= IKE_NAT_MAYBE ||
           ike_sa_natted(sa, IKE_SIDE_B) >= IKE_NAT_MAYBE;
}

static bool answers_elsewhere(const ike_record *r)
{
    const ike_side_state *peer = &r->note.sa->sides[ike_side_other(r->side)];

    return r->request && r->has_marker && !answers_a_copy(r) && !peer->is_rewritten &&
           !r->note.sa->sides[r->side].is_rewritten &&
           ike_addr_equal(&ike_record_src(r->request)->addr, &ike_record_dst(r)->addr) &&
           r->request->note.time - ike_side_path(peer)->gaps->port_changed > SETTLED;
}

/* RFC 7296 2.11: a response goes back from where its request went to. A copy of the request on port 500 excuses it. */
static bool answers_from_500(const ike_record *r)
{
    const ike_record *copy = r->version == 2 && r->request ? ike_record_last(r->request) : NULL;

    if (!copy || !is_on_500(r) || r->note.sa->sides[0].is_rewritten || r->note.sa->sides[1].is_rewritten)
        return false;
    for (unsigned n = 0; copy && n < IKE_COPIES_WALKED; copy = copy->rare->older, n++)
        if (!copy->has_marker || copy->is_tcp)
            return false;
    return copy == NULL;
}

static void raise_wrong_port(ike_tracker *t, ike_record *r)
{
    const bool initiates = ike_sa_role(r->note.sa, r->side) == IKE_ROLE_INITIATOR;
    GString *text = g_string_new(initiates ? "the initiator" : "the responder");

    if (answers_from_500(r)) {
        g_string_append_printf(text, " answers from port %u to port %u what went to port %u in frame %u",
                               ike_record_src(r)->port, ike_record_dst(r)->port, ike_record_dst(r->request)->port,
                               r->request->note.frame);
    } else if (is_on_500(r)) {
        g_string_append(text, " sends to or from port 500, although both sides use port 4500");
    } else {
        g_string_append_printf(text, " answers to port %u, but the request in frame %u came from port %u",
                               ike_record_dst(r)->port, r->request->note.frame, ike_record_src(r->request)->port);
    }
    ike_raise(t, r->note.sa, IKE_DIAG_NATT_WRONGPORT, &r->note, IKE_SEVERITY_NONE, "%s", text->str);
    g_string_free(text, TRUE);
}

/* A responder that could not accept the first message on port 4500 may go on with port 500, so all is
 * exempt until both have used 4500, but for the response of IKEv2 to what it did accept there. */
static void check_port(ike_tracker *t, ike_record *r)
{
    const ike_sa *sa = r->note.sa;

    if (r->copy != IKE_COPY_NONE || r->is_tcp || sa->has_used_tcp || sa->initiator == IKE_SIDE_NONE)
        return;
    if (answers_from_500(r) || (ike_side_path(&sa->sides[0])->has_used_4500 && ike_side_path(&sa->sides[1])->has_used_4500 &&
                                ((is_on_500(r) && must_use_4500(r)) || answers_elsewhere(r))))
        raise_wrong_port(t, r);
}

/* ---- a float that nobody asked for ---- */

static bool is_read_whole(const ike_record *r)
{
    return r && !r->truncated;
}

/* What the vendor IDs do not say, NAT-D payloads may; and a vendor ID may be one that is not known. */
static bool is_unasked(const ike_sa *sa)
{
    const ike_exchange *phase1 = sa->phase1;

    return sa->version == 1 && (phase1->mode == IKE_MODE_MAIN || phase1->mode == IKE_MODE_AGGRESSIVE) &&
           is_read_whole(ike_exchange_slot(phase1, 1)) && is_read_whole(ike_exchange_slot(phase1, 2)) &&
           !ike_sa_nat_method(sa) && !sa->sides[0].more->natd.payloads && !sa->sides[1].more->natd.payloads &&
           !ike_sa_finding(sa, IKE_DIAG_MALFORMED) && !ike_sa_reached(sa, IKE_LIMIT_PAYLOADS) &&
           !ike_sa_reached(sa, IKE_LIMIT_VENDORS);
}

static const char *who_lacks_natt(const ike_sa *sa)
{
    const bool i = ike_side_nat_method(&sa->sides[sa->initiator]);
    const bool r = ike_side_nat_method(&sa->sides[ike_side_other(sa->initiator)]);

    return i && r ? "both announced NAT traversal, but by no common method"
           : i    ? "the responder did not announce NAT traversal"
           : r    ? "the initiator did not announce NAT traversal"
                  : "neither side announced NAT traversal";
}

static void float_seen(ike_tracker *t, ike_record *r)
{
    ike_sa *sa = r->note.sa;

    r->floated = true;
    sa->has_floated = true;
    if (is_unasked(sa) && sa->initiator != IKE_SIDE_NONE)
        ike_raise(t, sa, IKE_DIAG_NATT_UNASKED, &r->note, IKE_SEVERITY_NONE,
                  "%s goes to port 4500, although %s",
                  r->side == sa->initiator ? "the initiator" : "the responder", who_lacks_natt(sa));
}

/* ---- all ---- */

void ike_natt_endpoint(ike_tracker *t, ike_record *r)
{
    ike_side_state *side;
    ike_path *path;
    ike_sa *sa = r->note.sa;

    if (r->side == IKE_SIDE_NONE || r->is_reflection || r->is_outside)
        return;
    side = &sa->sides[r->side];
    if (is_seen_across_nat(r))
        side->is_rewritten = true;
    packet_seen(t, sa, r->side, &r->note);
    check_mapping(t, r);
    if (r->copy == IKE_COPY_DUPLICATE)
        return;
    if (r->has_marker && !r->is_tcp && !sa->has_floated && sa->has_used_500)
        float_seen(t, r);
    sa->has_used_500 |= !r->has_marker;
    path = ike_side_make_path(side, sa->arena);
    path->has_used_4500 |= r->has_marker && !r->is_tcp;
    check_port(t, r);
    path->newest_message = t->now;
    path->current = *ike_record_src(r);
    path->current_has_marker = r->has_marker;
    path->current_is_tcp = r->is_tcp;
    path->has_current = true;
}
