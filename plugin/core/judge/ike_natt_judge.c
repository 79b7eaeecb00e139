/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is said of NAT traversal once all frames are known: who is behind a NAT, detection that is
 * missing, peers that do not float, silence that costs a mapping, Windows and servers behind NATs.
 */
#include "ike_judge.h"

#define NAT_FORGETS (120 * IKE_SECOND)  /* RFC 4787 4.3, REQ-5: not sooner than two minutes */
#define GIVES_UP_WITHIN (60 * IKE_SECOND)

/* "the initiator", or its address while roles are not known; g_free it. */
static char *side_name(const ike_sa *sa, ike_side side)
{
    static const char *const roles[] = { NULL, "the initiator", "the responder" };
    const char *role = roles[ike_sa_role(sa, side)];
    GString *text = g_string_new(role);

    if (!role && sa->sides[side].n_endpoints)
        ike_addr_append(text, &sa->sides[side].endpoints[0].addr);
    return g_string_free(text, FALSE);
}

/* ---- who is behind a NAT ---- */

void ike_judge_nat(ike_tracker *t, ike_sa *sa)
{
    const bool is_half = !sa->sides[0].more->natd.seen || !sa->sides[1].more->natd.seen;

    for (int side = 0; side < 2; side++) {
        const ike_natted natted = ike_sa_natted(sa, side);
        const ike_natd *natd = &sa->sides[side].more->natd;
        const ike_natd *seen = sa->sides[1 - side].more->natd.seen ? &sa->sides[1 - side].more->natd : natd;
        char *name;

        if (natted < IKE_NAT_MAYBE && !natd->forced)
            continue;
        name = side_name(sa, side);
        if (natted >= IKE_NAT_MAYBE && seen->record && seen->record->note.sa == sa)
            ike_raise(t, sa, IKE_DIAG_NATT_DETECTED, &seen->record->note, 0,
                      "%s%s is behind a NAT%s", is_half ? "at least " : "", name,
                      natted == IKE_NAT_MAYBE ? ", or its encapsulation is forced" : "");
        if (natd->seen && natd->forced && natd->record->note.sa == sa)
            ike_raise(t, sa, IKE_DIAG_NATT_FORCED, &natd->record->note, 0,
                      "%s hashes port 0 to force encapsulation", name);
        g_free(name);
    }
}

/* ---- detection that is missing ---- */

/* A clear message of this SA whose payloads can all be read. */
static bool is_whole(const ike_sa *sa, const ike_record *r)
{
    return r && !r->truncated && !r->is_encrypted && r->note.sa == sa && r->side != IKE_SIDE_NONE &&
           !r->rare->notify_error;
}

/* Messages that carry NAT detection where the method asks for it; how many, 0 when one cannot be read.
 * Of Aggressive Mode that is AM2: AM3 is encrypted as a rule (RFC 3947 3.2). */
static unsigned detecting_messages(const ike_sa *sa, ike_record *of[2])
{
    static const struct {
        ike_mode mode;
        unsigned n, slots[2];
    } rows[] = {
        { IKE_MODE_MAIN, 2, { 3, 4 } },
        { IKE_MODE_AGGRESSIVE, 1, { 2, 0 } },
        { IKE_MODE_V2_SA_INIT, 2, { IKE_REQUEST, IKE_RESPONSE } },
    };
    unsigned n = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].mode != sa->phase1->mode)
            continue;
        for (n = 0; n < rows[i].n; n++) {
            of[n] = ike_exchange_slot(sa->phase1, rows[i].slots[n]);
            if (!is_whole(sa, of[n]))
                return 0;
        }
    }
    return ike_sa_finding(sa, IKE_DIAG_MALFORMED) || ike_sa_reached(sa, IKE_LIMIT_PAYLOADS) ? 0 : n;
}

/* Stacks announce drafts that they do not use: 00, 01 and 04 to 08. */
static bool is_practised(const ike_vendor *method)
{
    return method && method->floats && method->natd_type != IKE_PL_NATD_DRAFT_04;
}

static void raise_missing(ike_tracker *t, ike_sa *sa, ike_record *r, unsigned payloads)
{
    char *name = side_name(sa, r->side);

    ike_raise(t, sa, IKE_DIAG_NATD_MISSING, &r->note, 0,
              payloads          ? "%s sends one NAT-D payload, two are needed"
              : sa->version == 1 ? "%s sends no NAT-D payloads, although both sides announced a method"
                                 : "%s sends no NAT detection, the other side does", name);
    g_free(name);
}

static bool is_public_key_encryption(const ike_sa *sa)
{
    return sa->more->has_chosen && (sa->more->chosen.auth == IKE_AUTH_RSA_ENCRYPTION ||
                              sa->more->chosen.auth == IKE_AUTH_REVISED_RSA_ENCRYPTION);
}

/* In IKEv1 both sides owe it once both announced it; in IKEv2 nothing but the notifies of one
 * side tells that it is wanted. Between two ports of one address there is no NAT to look for. */
static bool is_owed(const ike_sa *sa, const ike_record *r)
{
    if (ike_addr_equal(&ike_record_src(r)->addr, &ike_record_dst(r)->addr))
        return false;
    if (sa->version == 1)
        return is_practised(ike_sa_nat_method(sa)) && !is_public_key_encryption(sa);
    return sa->v2->choice && (sa->sides[0].more->natd.payloads > 0 || sa->sides[1].more->natd.payloads > 0);
}

static void judge_missing(ike_tracker *t, ike_sa *sa)
{
    ike_record *of[2];
    const unsigned n = detecting_messages(sa, of), least = sa->version == 1 ? 2 : 1;

    for (unsigned i = 0; i < n; i++) {
        const unsigned payloads = sa->sides[of[i]->side].more->natd.payloads;

        if (payloads < least && is_owed(sa, of[i]))
            raise_missing(t, sa, of[i], payloads);
    }
}

/* ---- no float ---- */

/* IKEv1: both sides hash with the same cookies, so what one calls the destination must be one of
 * what the other calls its own. This is what the peers compare, wherever the capture is made. */
static bool names_other_than(const ike_natd *peer, const ike_natd *own)
{
    for (unsigned i = 0; i < MIN(own->payloads, IKE_MAX_NATD); i++)
        if (own->hashes[i] == peer->hashes[0])
            return false;
    return own->payloads <= IKE_MAX_NATD;
}

bool ike_judge_peers_see_none(const ike_sa *sa)
{
    const ike_natd *a = &sa->sides[0].more->natd, *b = &sa->sides[1].more->natd;

    return sa->version == 1 && sa->phase1->mode == IKE_MODE_MAIN && a->seen && b->seen &&
           !sa->has_floated && !names_other_than(a, b) && !names_other_than(b, a);
}

/* True when the peers themselves see a NAT before `side`. IKEv2 hashes the SPIs of its message, which
 * differ: an end is rewritten between its own view and the peer's when only one of them is the
 * capture's. */
static bool peers_see_nat(const ike_sa *sa, ike_side side)
{
    const ike_natd *own = &sa->sides[side].more->natd, *peer = &sa->sides[ike_side_other(side)].more->natd;

    if (!peer->seen || peer->forced || peer->wrong_order || own->forced || own->wrong_order)
        return false;
    if (!own->seen) /* the capture's view must be the true one: that of the peer is */
        return sa->version == 1 && sa->phase1->mode == IKE_MODE_AGGRESSIVE && peer->source_ok &&
               !peer->destination_ok && !own->payloads;
    return sa->version == 1 ? names_other_than(peer, own) : own->source_ok != peer->destination_ok;
}

/* The message that must be the first one on port 4500: RFC 3947 4, RFC 7296 2.23. */
static ike_record *first_to_float(const ike_sa *sa)
{
    if (sa->version == 1)
        return sa->phase1->mode == IKE_MODE_MAIN         ? ike_exchange_slot(sa->phase1, 5)
               : sa->phase1->mode == IKE_MODE_AGGRESSIVE ? ike_exchange_slot(sa->phase1, 3)
                                                         : NULL;
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        if (exchange->mode == IKE_MODE_V2_AUTH || exchange->mode == IKE_MODE_V2_INTERMEDIATE)
            return ike_exchange_slot(exchange, IKE_REQUEST);
    }
    return NULL;
}

/* Native ESP passes some NATs (one to one, pass-through): a tunnel that works is no failure. */
static bool carries_esp(const ike_sa *sa)
{
    return sa->sides[0].more->esp_packets > 0 && sa->sides[1].more->esp_packets > 0;
}

static bool may_stay(const ike_sa *sa)
{
    const ike_vendor *method = ike_sa_nat_method(sa);

    return sa->has_floated || sa->has_used_tcp || carries_esp(sa) ||
           (sa->version == 1 && (!method || !method->floats));
}

static void judge_nofloat(ike_tracker *t, ike_sa *sa)
{
    ike_record *r = first_to_float(sa);
    char *name;

    if (!r || r->note.sa != sa || r->has_marker || r->is_tcp || r->side != sa->initiator ||
        ike_record_dst(r)->port != IKE_PORT || may_stay(sa))
        return;
    for (int side = 0; side < 2; side++) {
        if (!peers_see_nat(sa, side))
            continue;
        name = side_name(sa, side);
        ike_raise(t, sa, IKE_DIAG_NATT_NOFLOAT, &r->note, 0,
                  "the hashes that the peers compare show a NAT before %s, but the initiator goes on "
                  "with port 500", name);
        g_free(name);
        return;
    }
}

/* ---- silence ---- */

/* A file that holds IKE only (saved with a filter) cannot tell what else was sent. */
static bool shows_all(const ike_tracker *t, const ike_sa *sa)
{
    return t->n_esp > 0 || ike_side_path(&sa->sides[0])->keepalives > 0 || ike_side_path(&sa->sides[1])->keepalives > 0 ||
           t->span.frames > ike_tracker_noted_frames(t);
}

/* A side that only forces encapsulation has no mapping to keep. */
static bool needs_mapping(const ike_sa *sa, ike_side side)
{
    const ike_natted natted = ike_sa_behind_nat(sa, side);
    const ike_path *path = ike_side_path(&sa->sides[side]);

    return natted == IKE_NAT_PROVEN || path->gaps->port_changed ||
           (natted == IKE_NAT_MAYBE && path->keepalives > 0);
}

bool ike_judge_may_be_forgotten(const ike_tracker *t, const ike_sa *sa, const ike_record *request)
{
    const ike_side side = ike_side_other(request->side);
    const ike_path *path = side == IKE_SIDE_NONE ? NULL : ike_side_path(&sa->sides[side]);

    return path && path->has_used_4500 && needs_mapping(sa, side) && shows_all(t, sa) &&
           request->note.time - path->newest > NAT_FORGETS;
}

/* A request of the other side that was not answered, after this side was silent for so long that a NAT
 * may forget; sets the time from which it was silent. */
static const ike_finding *lost_after(const ike_sa *sa, ike_side side, ike_time *from)
{
    static const ike_diagnosis_id lost[] = { IKE_DIAG_DPD_FAIL, IKE_DIAG_QM1_NORESP, IKE_DIAG_TR_NORESP,
                                             IKE_DIAG_CHILD_NORESP, IKE_DIAG_INFO_NORESP };
    const ike_path *path = ike_side_path(&sa->sides[side]);

    for (size_t i = 0; i < G_N_ELEMENTS(lost); i++) {
        const ike_finding *finding = ike_sa_finding(sa, lost[i]);
        ike_record *r = finding && finding->note ? ike_note_record(finding->note) : NULL;

        if (!r || finding->severity != IKE_SEVERITY_WARN || r->side != ike_side_other(side))
            continue;
        *from = path->gaps->longest.end && path->gaps->longest.end->time > r->note.time ? path->gaps->longest.from
                                                                                       : path->newest;
        if (ike_record_first(r)->note.time - *from > NAT_FORGETS)
            return finding;
    }
    return NULL;
}

static void raise_gap(ike_tracker *t, ike_sa *sa, ike_side side, ike_note *note, ike_time length,
                      const char *then)
{
    char *name = side_name(sa, side);
    GString *text = g_string_new(name);

    g_string_append(text, " sent nothing for ");
    ike_seconds_append(text, length);
    g_string_append_printf(text, " s%s", then);
    ike_raise(t, sa, IKE_DIAG_KEEPALIVE_GAP, note, *then ? IKE_SEVERITY_NONE : IKE_SEVERITY_NOTE, "%s",
              text->str);
    g_string_free(text, TRUE);
    g_free(name);
}

/* A NAT forgets a mapping that nothing uses. */
static void judge_gap(ike_tracker *t, ike_sa *sa, ike_side side)
{
    const ike_path *path = ike_side_path(&sa->sides[side]);
    const ike_finding *lost;
    ike_time from;

    if (!path->has_used_4500 || !needs_mapping(sa, side) || ike_judge_is_oneway(t, sa))
        return;
    lost = lost_after(sa, side, &from);
    if (path->gaps->moved.length > NAT_FORGETS)
        raise_gap(t, sa, side, path->gaps->moved.end, path->gaps->moved.length,
                  ", and the NAT gave it another port then");
    else if (lost && shows_all(t, sa))
        raise_gap(t, sa, side, lost->note, ike_record_first(ike_note_record(lost->note))->note.time - from,
                  ", and the other side's request after that was not answered");
    else if (path->gaps->longest.length > 0 && (path->gaps->moved.length > 0 || shows_all(t, sa)))
        raise_gap(t, sa, side, path->gaps->longest.end, path->gaps->longest.length, "");
}

/* ---- Windows and a server behind a NAT ---- */

/* The first Informational by which the initiator ends what its last Quick Mode made. */
static ike_record *end_after_quick(const ike_sa *sa)
{
    const ike_list *infos = &sa->more->infos[sa->initiator];
    const ike_record *qm3 = NULL;

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        if (exchange->mode == IKE_MODE_QUICK && ike_exchange_slot(exchange, 3))
            qm3 = ike_exchange_slot(exchange, 3);
    }
    if (!qm3 || sa->sides[sa->initiator].newest_exchange_frame > qm3->note.frame)
        return NULL;
    for (guint i = 0; i < infos->len; i++) {
        ike_record *r = infos->pdata[i];

        if (r->note.frame > qm3->note.frame && !r->is_liveness)
            return r->note.time - qm3->note.time < GIVES_UP_WITHIN ? r : NULL;
    }
    return NULL;
}

/* In Aggressive Mode the hashes of the initiator come with AM3 only: before it, a port tells of a NAT. */
static bool has_nat(const ike_sa *sa)
{
    const ike_endpoint *initiator = ike_sa_endpoint_of(sa, sa->initiator);

    return ike_sa_has_natted(sa) || (initiator && initiator->port != IKE_PORT);
}

bool ike_judge_is_floating(const ike_sa *sa)
{
    if (sa->version == 2)
        return sa->tracked_state >= IKE_STATE_CHOSEN && sa->more->exchanges.len == 0; /* not after a challenge */
    if (sa->phase1->mode == IKE_MODE_MAIN)
        return sa->phase1->highest == 4 && has_nat(sa);
    return sa->phase1->mode == IKE_MODE_AGGRESSIVE && sa->phase1->highest == 2 && has_nat(sa);
}

/* Where the initiator gave up, and what of the text says it. */
static ike_note *gives_up_at(const ike_tracker *t, const ike_sa *sa, const char **what)
{
    const ike_finding *silent = ike_sa_finding(sa, IKE_DIAG_MM4_NOREPLY);
    const ike_finding *deletes = ike_sa_finding(sa, IKE_DIAG_MM6_DELETE);
    ike_record *mm6 = ike_exchange_slot(sa->phase1, 6), *end;

    *what = "is silent after MM4"; /* or went on where the capture does not look */
    if (silent)
        return t->has_natt_port || silent->severity >= IKE_SEVERITY_WARN ? silent->note : NULL;
    *what = "ends the negotiation after MM6";
    if (deletes)
        return deletes->note;
    *what = "is silent after MM6";
    if (mm6 && !ike_judge_has_phase2(sa) && ike_judge_waited(t, ike_record_last_send(mm6)->note.time) &&
        !sa->more->infos[sa->initiator].len && ike_exchange_slot(sa->phase1, 5) && ike_judge_is_silent_after(sa, mm6))
        return &mm6->note;
    *what = "ends the negotiation after Quick Mode, without ESP";
    end = shows_all(t, sa) ? end_after_quick(sa) : NULL;
    return end && ike_judge_waited(t, ike_record_last_send(end)->note.time) ? &end->note : NULL;
}

static void judge_windows(ike_tracker *t, ike_sa *sa)
{
    const char *what;
    ike_note *note;

    if (sa->version != 1 || sa->phase1->mode != IKE_MODE_MAIN || sa->initiator == IKE_SIDE_NONE ||
        !ike_sa_has_vendor(sa, sa->initiator, IKE_VENDOR_WINDOWS) ||
        ike_sa_natted(sa, ike_side_other(sa->initiator)) != IKE_NAT_PROVEN ||
        sa->sides[sa->initiator].more->esp_packets > 0 || ike_judge_has_esp_beside(t, sa) || ike_judge_is_oneway(t, sa))
        return;
    note = gives_up_at(t, sa, &what);
    if (note)
        ike_raise(t, sa, IKE_DIAG_WIN_NATSERVER, note, 0,
                  "the initiator (Windows by its vendor ID) %s; NAT detection proves that the responder "
                  "is behind a NAT", what);
}

void ike_judge_natt(ike_tracker *t, ike_sa *sa)
{
    judge_missing(t, sa);
    judge_nofloat(t, sa);
    for (int side = 0; side < 2; side++)
        judge_gap(t, sa, side);
    judge_windows(t, sa);
}
