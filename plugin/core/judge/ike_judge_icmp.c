/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What ICMP errors say of an SA: it cannot be reached, is filtered, its packets are too big, their
 * fragments do not all arrive. RFC 792, RFC 1191, RFC 4443, RFC 8201.
 */
#include "ike_judge.h"

#define MTU_LIFETIME (600 * IKE_SECOND) /* RFC 1191 6.3: then a host may try larger packets */
#define IN_FLIGHT (1 * IKE_SECOND)      /* packets that left before the ICMP error arrived */

#define GOODBYE_WITHIN (5 * IKE_SECOND)

#define PORT_UNREACHABLE "port unreachable: the host is up, nothing listens there"
#define PORT_REJECTED "port unreachable, and not from the host itself: a filter on the way"

/* `code` -1: any. The first row that fits counts. */
static const struct {
    bool v6;
    int type, code;
    ike_diagnosis_id id;
    const char *text;
} icmp_rows[] = {
    { false, 3, 3, IKE_DIAG_ICMP_UNREACH, PORT_UNREACHABLE },
    { false, 3, 9, IKE_DIAG_ICMP_FILTERED, "network administratively prohibited" },
    { false, 3, 10, IKE_DIAG_ICMP_FILTERED, "host administratively prohibited" },
    { false, 3, 13, IKE_DIAG_ICMP_FILTERED, "communication administratively prohibited" },
    { false, 3, 0, IKE_DIAG_ICMP_UNREACH, "network unreachable" },
    { false, 3, 1, IKE_DIAG_ICMP_UNREACH, "host unreachable" },
    { false, 3, 2, IKE_DIAG_ICMP_UNREACH, "protocol unreachable" },
    { false, 3, 6, IKE_DIAG_ICMP_UNREACH, "destination network unknown" },
    { false, 3, 7, IKE_DIAG_ICMP_UNREACH, "destination host unknown" },
    { false, 3, -1, IKE_DIAG_ICMP_UNREACH, "destination unreachable" },
    { false, 11, 1, IKE_DIAG_REASM_TIMEOUT, "fragment reassembly time exceeded" },
    { false, 11, -1, IKE_DIAG_ICMP_UNREACH, "time to live exceeded: a routing loop" },
    { true, 1, 4, IKE_DIAG_ICMP_UNREACH, PORT_UNREACHABLE },
    { true, 1, 1, IKE_DIAG_ICMP_FILTERED, "communication administratively prohibited" },
    { true, 1, 5, IKE_DIAG_ICMP_FILTERED, "source address failed policy" },
    { true, 1, 6, IKE_DIAG_ICMP_FILTERED, "reject route to destination" },
    { true, 1, 0, IKE_DIAG_ICMP_UNREACH, "no route to destination" },
    { true, 1, 2, IKE_DIAG_ICMP_UNREACH, "beyond scope of source address" },
    { true, 1, 3, IKE_DIAG_ICMP_UNREACH, "address unreachable" },
    { true, 1, -1, IKE_DIAG_ICMP_UNREACH, "destination unreachable" },
    { true, 3, 1, IKE_DIAG_REASM_TIMEOUT, "fragment reassembly time exceeded" },
    { true, 3, -1, IKE_DIAG_ICMP_UNREACH, "hop limit exceeded: a routing loop" },
};

bool ike_judge_is_port_unreachable(const ike_icmp *icmp)
{
    return icmp->is_v6 ? icmp->type == 1 && icmp->code == 4 : icmp->type == 3 && icmp->code == 3;
}

static bool is_first_message(ike_record *r)
{
    const ike_label label = r ? ike_record_first(r)->label : (ike_label){ 0 };

    switch (label.mode) {
    case IKE_MODE_MAIN:
    case IKE_MODE_AGGRESSIVE: return label.number == 1;
    case IKE_MODE_V2_SA_INIT:
    case IKE_MODE_V2_RESUME: return !label.is_response;
    default: return false;
    }
}

/* ---- the path MTU ---- */

bool ike_judge_is_about_size(const ike_icmp *icmp)
{
    const int timeout = icmp->is_v6 ? 3 : 11; /* code 1: of reassembly */

    return ike_icmp_is_too_big(icmp) || (icmp->type == timeout && icmp->code == 1);
}

/* The other side was heard after this record. */
static bool has_reaction(const ike_sa *sa, const ike_record *r)
{
    const ike_side_state *other = &sa->sides[ike_side_other(r->side)];

    return (other->newest && other->newest->note.frame > r->note.frame) ||
           other->more->newest_esp_frame > r->note.frame;
}

/* The newest packet that its sender made larger than ICMP had told it; NULL when it obeyed. */
static ike_record *larger_after(const ike_sa *sa, const ike_icmp *icmp)
{
    if (icmp->quoted == IKE_SIDE_NONE || icmp->mtu == 0)
        return NULL;
    for (guint i = sa->records.len; i > 0; i--) {
        ike_record *r = sa->records.pdata[i - 1];
        const ike_time gap = r->note.time - icmp->note.time;

        if (r->side == icmp->quoted && r->packet_length > icmp->mtu && gap > IN_FLIGHT &&
            gap < MTU_LIFETIME)
            return r;
    }
    return NULL;
}

static bool owes_answer(ike_record *r)
{
    const ike_record *message = ike_record_first(r->rare->message ? r->rare->message : r);

    return ike_step_asks(ike_step_find(message->label)) || ike_step_asks(ike_step_find(message->rare->part_of));
}

/* An MTU that is obeyed, or not but without harm (a router cuts packets that allow it), is a note. */
static void judge_too_big(ike_tracker *t, ike_sa *sa, ike_icmp *icmp, const char *from,
                          const char *what)
{
    ike_record *larger = larger_after(sa, icmp);
    const bool is_lost = larger && owes_answer(larger) && !has_reaction(sa, larger) &&
                         ike_judge_waited(t, larger->note.time);
    GString *text = g_string_new(NULL);

    g_string_printf(text, "ICMP from %s: %s, ", from, what);
    if (icmp->mtu)
        g_string_append_printf(text, "MTU %u", icmp->mtu);
    else
        g_string_append(text, "no MTU named"); /* RFC 1191 5: an old router */
    if (larger)
        g_string_append_printf(text, "; yet a packet of %u bytes follows in frame %u",
                               larger->packet_length, larger->note.frame);
    if (is_lost)
        g_string_append(text, " and has no answer");
    ike_raise(t, sa, IKE_DIAG_PMTU, &icmp->note, is_lost ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE, "%s",
              text->str);
    if (is_lost)
        ike_sa_fail(sa);
    g_string_free(text, TRUE);
}

/* ---- all ---- */

/* Whether the other side sent an Informational of its own shortly before this one. */
static bool follows_goodbye(const ike_sa *sa, const ike_record *r)
{
    const ike_list *theirs = &sa->more->infos[ike_side_other(r->side)];
    const guint i = ike_judge_info_position(theirs, r->note.frame);
    const ike_record *before = i > 0 ? theirs->pdata[i - 1] : NULL;

    return before && r->note.time - before->note.time <= GOODBYE_WITHIN;
}

/* The last word to a peer that deleted the SA and closed its port without waiting for it: the response of
 * IKEv2, a delete of one's own in IKEv1. */
static bool is_late_answer(const ike_sa *sa, const ike_icmp *icmp)
{
    const ike_record *about = icmp->about ? ike_record_first(icmp->about) : NULL;

    if (!about || !ike_judge_is_port_unreachable(icmp) || about->side == IKE_SIDE_NONE)
        return false;
    return (about->label.mode == IKE_MODE_V2_INFO && about->label.is_response) ||
           (about->label.mode == IKE_MODE_INFO && (sa->is_joined || ike_judge_came_up(sa)) &&
            follows_goodbye(sa, about));
}

bool ike_judge_read_icmp(const ike_icmp *icmp, ike_diagnosis_id *id, const char **name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(icmp_rows); i++) {
        if (icmp_rows[i].v6 != icmp->is_v6 || icmp_rows[i].type != icmp->type ||
            (icmp_rows[i].code >= 0 && icmp_rows[i].code != icmp->code))
            continue;
        *id = icmp_rows[i].id;
        *name = icmp_rows[i].text;
        if (ike_judge_is_port_unreachable(icmp) && !ike_icmp_is_from_target(icmp)) {
            *id = IKE_DIAG_ICMP_FILTERED;
            *name = PORT_REJECTED;
        }
        return true;
    }
    return false;
}

static void judge_one_icmp(ike_tracker *t, ike_sa *sa, ike_icmp *icmp)
{
    const ike_record *about = icmp->about ? icmp->about : ike_sa_first_record(sa);
    const bool stops = ike_judge_is_silent_after(sa, about) && !ike_judge_has_esp_after(sa, about) &&
                       !is_late_answer(sa, icmp);
    ike_diagnosis_id id;
    const char *name;
    GString *from;

    if (!ike_judge_read_icmp(icmp, &id, &name))
        return;
    if (ike_judge_is_port_unreachable(icmp) && id == IKE_DIAG_ICMP_UNREACH && is_first_message(icmp->about))
        id = IKE_DIAG_MM1_ICMP;
    from = g_string_new(NULL);
    ike_addr_append(from, &icmp->reporter);
    ike_raise(t, sa, id, &icmp->note, stops ? IKE_SEVERITY_NONE : IKE_SEVERITY_NOTE,
              "ICMP from %s: %s", from->str, name);
    if (stops)
        ike_sa_fail(sa);
    g_string_free(from, TRUE);
}

/* The first error of each side tells what the later ones say again. */
static void judge_mtu_of(ike_tracker *t, ike_sa *sa, ike_side quoted)
{
    for (guint i = 0; i < sa->more->icmp.len; i++) {
        ike_icmp *icmp = sa->more->icmp.pdata[i];
        GString *from;

        if (!ike_icmp_is_too_big(icmp) || icmp->quoted != quoted)
            continue;
        from = g_string_new(NULL);
        ike_addr_append(from, &icmp->reporter);
        judge_too_big(t, sa, icmp, from->str,
                      icmp->is_v6 ? "packet too big" : "fragmentation needed");
        g_string_free(from, TRUE);
        return;
    }
}

void ike_judge_icmp(ike_tracker *t, ike_sa *sa)
{
    if (sa->records.len == 0)
        return;
    judge_mtu_of(t, sa, IKE_SIDE_A);
    judge_mtu_of(t, sa, IKE_SIDE_B);
    judge_mtu_of(t, sa, IKE_SIDE_NONE);
    for (guint i = 0; i < sa->more->icmp.len; i++)
        if (!ike_icmp_is_too_big(sa->more->icmp.pdata[i]))
            judge_one_icmp(t, sa, sa->more->icmp.pdata[i]);
}
