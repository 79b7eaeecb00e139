/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What other SAs between the same hosts tell about one: that another came up in its place, lives beside
 * it, or had come up before. The nearest ones in order are looked at, so that a flood costs no more than
 * its packets.
 */
#include "ike_esp.h"
#include "ike_judge.h"

#define NEIGHBOURS 256u /* before and after an SA */
#define SUPERSEDED_WITHIN (5 * IKE_SECOND)
#define RENEWED_WITHIN (60 * IKE_SECOND) /* before the old SA is deleted */
#define BESIDE_WITHIN (60 * IKE_SECOND)  /* Windows tries AuthIP and IKE */

/* The SAs between two hosts, in order of their numbers, and where one of them stands. */
typedef struct neighbours {
    const ike_list *list;
    guint older; /* how many came before it */
    guint newer; /* index of the first that came after it */
} neighbours;

static neighbours neighbours_of(const ike_tracker *t, const ike_sa *sa, const ike_addr *one,
                                const ike_addr *other)
{
    neighbours n = { ike_tracker_sas_between(t, one, other), 0, 0 };

    n.older = n.newer = ike_tracker_position(n.list, sa->number);
    if (n.list && n.newer < n.list->len && n.list->pdata[n.newer] == sa)
        n.newer++;
    return n;
}

/* The i-th before, nearest first; NULL at the end and beyond what is looked at. */
static const ike_sa *older(const neighbours *n, guint i)
{
    return i < n->older && i < NEIGHBOURS ? n->list->pdata[n->older - 1 - i] : NULL;
}

static const ike_sa *newer(const neighbours *n, guint i)
{
    return n->list && i < NEIGHBOURS && n->newer + i < n->list->len ? n->list->pdata[n->newer + i] : NULL;
}

static neighbours of_sa(const ike_tracker *t, const ike_sa *sa)
{
    const neighbours none = { NULL, 0, 0 };
    const ike_hosts *hosts = sa->hosts.len ? sa->hosts.pdata[0] : NULL;

    return hosts ? neighbours_of(t, sa, &hosts->pair.src, &hosts->pair.dst) : none;
}

bool ike_judge_came_up(const ike_sa *sa)
{
    return sa->state >= IKE_STATE_PROBABLY_ESTABLISHED && sa->state <= IKE_STATE_REKEYED;
}

/* An SA that the capture joined was up before; one that is first seen by its end has a higher number. */
static bool has_older_sa(const neighbours *n)
{
    const ike_sa *other;

    for (guint i = 0; (other = older(n, i)); i++)
        if (other->state == IKE_STATE_ESTABLISHED || other->state == IKE_STATE_REKEYED || other->is_joined)
            return true;
    for (guint i = 0; (other = newer(n, i)); i++)
        if (other->is_joined)
            return true;
    return false;
}

/* IPsec SAs in use when an SA began are of an older one, whether the capture has that or not. */
static bool has_older_esp(const ike_tracker *t, const ike_sa *sa, const ike_addr *src, const ike_addr *dst)
{
    const ike_list *flows = ike_esp_flows_between(t, src, dst);

    for (guint i = 0; flows && i < flows->len && i < NEIGHBOURS; i++) {
        const ike_flow *flow = flows->pdata[i];

        if (flow->first && flow->first->note.time < sa->first_time &&
            flow->newest->note.time >= sa->first_time - RENEWED_WITHIN)
            return true;
    }
    return false;
}

bool ike_judge_renews_another(const ike_tracker *t, const ike_sa *sa)
{
    const neighbours n = of_sa(t, sa);
    const ike_hosts *hosts = sa->hosts.len ? sa->hosts.pdata[0] : NULL;

    return has_older_sa(&n) || (hosts && (has_older_esp(t, sa, &hosts->pair.src, &hosts->pair.dst) ||
                                          has_older_esp(t, sa, &hosts->pair.dst, &hosts->pair.src)));
}

static bool is_alive_at(const ike_sa *sa, const void *record)
{
    const ike_record *r = record;

    return ike_judge_came_up(sa) && !sa->is_failed && sa->first_time <= r->note.time && sa->last_time >= r->note.time;
}

/* Whether something holds of any of the SAs beside one; `about`: what it is asked with. */
static bool any_beside(const ike_tracker *t, const ike_sa *sa, bool (*holds)(const ike_sa *other, const void *about),
                       const void *about)
{
    const neighbours n = of_sa(t, sa);
    const ike_sa *other;

    for (guint i = 0; (other = older(&n, i)); i++)
        if (holds(other, about))
            return true;
    for (guint i = 0; (other = newer(&n, i)); i++)
        if (holds(other, about))
            return true;
    return false;
}

bool ike_judge_lives_beside(const ike_tracker *t, const ike_sa *sa, const ike_record *r)
{
    return any_beside(t, sa, is_alive_at, r);
}

bool ike_judge_is_redirected(const ike_tracker *t, const ike_sa *sa)
{
    const ike_endpoint *client = ike_sa_endpoint(sa, IKE_ROLE_INITIATOR);

    for (guint i = sa->number + 1; client && i < t->sas.len && i <= sa->number + NEIGHBOURS; i++) {
        const ike_sa *other = t->sas.pdata[i];
        const ike_endpoint *of_other = ike_sa_endpoint(other, IKE_ROLE_INITIATOR);

        if (other->version == 2 && of_other && ike_addr_equal(&of_other->addr, &client->addr) &&
            other->v2->sides[other->initiator].supports & IKE_V2_REDIRECTED)
            return true;
    }
    return false;
}

/* The peer sent something on another SA after the request. */
static bool goes_on_with(const ike_record *request, const ike_sa *other)
{
    const ike_side peer = ike_sa_side(other, ike_record_dst(request), ike_record_src(request));
    const ike_record *newest = peer == IKE_SIDE_NONE ? NULL : other->sides[peer].newest;

    return newest && newest->note.frame > request->note.frame;
}

static const ike_endpoint *first_of(const ike_sa *sa, ike_role role)
{
    const ike_side side = ike_sa_side_of(sa, role);

    return sa->is_joined ? NULL : ike_sa_endpoint_of(sa, side);
}

/* Two clients behind one NAT: their SAs begin from different ports that the NAT gave them, and the one
 * still sends its request when the other has begun. A client that begins anew gives up first. */
static bool is_of_another_client(const ike_sa *sa, const ike_record *request, const ike_sa *other)
{
    const ike_endpoint *a = first_of(sa, IKE_ROLE_INITIATOR), *b = first_of(other, IKE_ROLE_INITIATOR);
    const ike_endpoint *of_a = first_of(sa, IKE_ROLE_RESPONDER), *of_b = first_of(other, IKE_ROLE_RESPONDER);

    return a && b && of_a && of_b && sa->version == other->version && ike_addr_equal(&a->addr, &b->addr) &&
           ike_endpoint_equal(of_a, of_b) && a->port != b->port && !ike_is_port(a->port) &&
           !ike_is_port(b->port) && ike_record_last_send(request)->note.time > other->first_time;
}

/* A newer SA takes the place of one in use when it began shortly before the request, which deletes the
 * old one then, or when it lives; one that ended long ago does not. */
static bool takes_its_place(const ike_record *request, const ike_sa *other, bool in_use)
{
    return ike_judge_came_up(other) &&
           (!in_use || goes_on_with(request, other) ||
            other->first_time >= request->note.time - RENEWED_WITHIN);
}

const ike_sa *ike_judge_successor(const ike_tracker *t, const ike_sa *sa, const ike_record *request,
                                  bool in_use)
{
    const neighbours n = neighbours_of(t, sa, &ike_record_src(request)->addr, &ike_record_dst(request)->addr);
    const ike_time since = (in_use ? request->note.time : sa->first_time) - SUPERSEDED_WITHIN;
    const ike_time until = ike_record_last_send(request)->note.time + SUPERSEDED_WITHIN;
    const ike_sa *other;

    if (sa->more->rekeyed_to)
        return sa->more->rekeyed_to;
    for (guint i = 0; (other = newer(&n, i)) && other->first_time <= until; i++)
        if (takes_its_place(request, other, in_use) && !is_of_another_client(sa, request, other))
            return other;
    for (guint i = 0; (other = older(&n, i)) && other->first_time >= since; i++)
        if (ike_judge_came_up(other) && !is_of_another_client(sa, request, other))
            return other;
    return NULL;
}

const ike_sa *ike_judge_alive_beside(const ike_tracker *t, const ike_sa *sa, const ike_record *request)
{
    const neighbours n = neighbours_of(t, sa, &ike_record_src(request)->addr, &ike_record_dst(request)->addr);
    const ike_sa *other;

    for (guint i = 0; (other = older(&n, i)); i++)
        if (ike_judge_came_up(other) && goes_on_with(request, other))
            return other;
    return NULL;
}

static bool is_answered(const ike_sa *sa)
{
    return sa->sides[0].messages > 0 && sa->sides[1].messages > 0;
}

bool ike_judge_is_answered_beside(const ike_tracker *t, const ike_sa *sa, const ike_record *request)
{
    const neighbours n = neighbours_of(t, sa, &ike_record_src(request)->addr, &ike_record_dst(request)->addr);
    const ike_sa *other;

    for (guint i = 0; (other = newer(&n, i)) && other->first_time <= sa->last_time + BESIDE_WITHIN; i++)
        if (is_answered(other))
            return true;
    for (guint i = 0; (other = older(&n, i)); i++)
        if (is_answered(other) && other->last_time >= sa->first_time - BESIDE_WITHIN)
            return true;
    return false;
}

/* A port that a NAT has given is that of one client behind it. */
static bool may_be_same_client(const ike_sa *sa, const ike_sa *other)
{
    const ike_endpoint *a = first_of(sa, IKE_ROLE_INITIATOR), *b = first_of(other, IKE_ROLE_INITIATOR);

    return a && b && (a->port == b->port || (ike_is_port(a->port) && ike_is_port(b->port)));
}

static bool psk_works(const ike_sa *other, const void *sa)
{
    return other->version == 1 && ike_judge_came_up(other) && other->more->has_chosen &&
           other->more->chosen.auth == IKE_AUTH_PSK && may_be_same_client(sa, other);
}

bool ike_judge_psk_works_beside(const ike_tracker *t, const ike_sa *sa)
{
    return any_beside(t, sa, psk_works, sa);
}

static bool works_on_4500(const ike_sa *other, const void *unused)
{
    (void)unused;
    return ike_side_path(&other->sides[0])->has_used_4500 && ike_side_path(&other->sides[1])->has_used_4500;
}

bool ike_judge_works_on_4500_beside(const ike_tracker *t, const ike_sa *sa)
{
    return any_beside(t, sa, works_on_4500, NULL);
}

bool ike_judge_is_begun_by(const ike_tracker *t, const ike_sa *sa, const ike_record *request)
{
    const ike_time until = ike_record_last_send(request)->note.time + BESIDE_WITHIN;
    const neighbours n = neighbours_of(t, sa, &ike_record_src(request)->addr, &ike_record_dst(request)->addr);
    const ike_sa *other;

    for (guint i = 0; (other = newer(&n, i)) && other->first_time <= until; i++)
        if (!other->is_joined && !other->more->parent && other->initiator != IKE_SIDE_NONE &&
            other->initiator == ike_sa_side(other, ike_record_dst(request), ike_record_src(request)))
            return true;
    return false;
}

static bool has_esp(const ike_sa *other, const void *unused)
{
    (void)unused;
    return other->sides[0].more->esp_packets > 0 || other->sides[1].more->esp_packets > 0;
}

bool ike_judge_has_esp_beside(const ike_tracker *t, const ike_sa *sa)
{
    return any_beside(t, sa, has_esp, NULL);
}
