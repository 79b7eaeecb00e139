/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKE SAs: their life, hosts, roles and state.
 */
#include "ike_assembly.h"
#include "ike_track.h"

void ike_sa_fail_authentication(ike_sa *sa)
{
    if (sa->is_joined)
        return;
    sa->is_failed = true;
    sa->state = MIN(sa->state, IKE_STATE_AUTHENTICATING);
}

void ike_sa_fail(ike_sa *sa)
{
    if (!sa->is_joined && sa->state < IKE_STATE_PROBABLY_ESTABLISHED)
        sa->is_failed = true;
}

unsigned ike_sa_messages(const ike_sa *sa)
{
    return ike_record_messages(&sa->records);
}

ike_record *ike_sa_first_record(const ike_sa *sa)
{
    for (guint i = 0; i < sa->records.len; i++)
        if (ike_record_is_entry(sa->records.pdata[i]))
            return sa->records.pdata[i];
    return sa->records.len > 0 ? sa->records.pdata[0] : NULL;
}

bool ike_sa_goes_on_after(const ike_sa *sa, const ike_record *piece)
{
    return piece->side != IKE_SIDE_NONE &&
           sa->sides[1 - piece->side].newest_exchange_frame > piece->note.frame;
}

ike_sa *ike_sa_new(ike_arena *arena, uint32_t number, uint8_t version, uint64_t spi_i, uint64_t spi_r)
{
    static const ike_v2 without = { .sides = { { .highest_id = -1 }, { .highest_id = -1 } } };
    ike_sa *sa = ike_arena_new(arena, sizeof *sa);

    sa->arena = arena;
    sa->more = &ike_no_more;
    sa->sides[0].more = sa->sides[1].more = &ike_no_side_more;
    sa->number = number;
    sa->version = version;
    sa->spi_i = spi_i;
    sa->spi_r = spi_r;
    sa->initiator = IKE_SIDE_NONE;
    sa->phase1 = ike_exchange_new(sa, IKE_MODE_NONE, 0);
    if (version == 2)
        sa->v2 = g_memdup2(&without, sizeof without);
    else
        sa->v2 = (ike_v2 *)&without;
    return sa;
}

const ike_more ike_no_more;

ike_more *ike_sa_more(ike_sa *sa)
{
    ike_more *own = ike_apart(sa->more, &ike_no_more, sizeof *own);

    sa->more = own;
    return own;
}

void ike_sa_set_established(ike_sa *sa, ike_record *by)
{
    if (sa->more->established != by)
        ike_sa_more(sa)->established = by;
}

static void free_more(ike_more *more)
{
    if (more == &ike_no_more)
        return;
    ike_list_clear(&more->exchanges, (GDestroyNotify)ike_exchange_free);
    if (more->by_message_id)
        g_hash_table_destroy(more->by_message_id);
    if (more->digests)
        g_hash_table_destroy(more->digests);
    ike_list_clear(&more->infos[0], NULL);
    ike_list_clear(&more->infos[1], NULL);
    ike_list_clear(&more->icmp, NULL);
    ike_list_clear(&more->flows, NULL);
    ike_assemblies_free(more->assemblies);
    if (more->newest_assembly)
        g_hash_table_destroy(more->newest_assembly);
    g_free(more->given_address);
    g_free(more->user);
    g_free(more);
}

void ike_sa_free(ike_sa *sa)
{
    ike_exchange_free(sa->phase1);
    ike_list_clear(&sa->records, NULL);
    ike_list_clear(&sa->findings, NULL);
    ike_list_clear(&sa->distinct, NULL);
    g_free(sa->offer);
    g_free(sa->v2->offer);
    g_free(sa->v2->choice);
    g_free(sa->v2->gateway);
    ike_side_free(&sa->sides[0]);
    ike_side_free(&sa->sides[1]);
    if (sa->version == 2)
        g_free(sa->v2);
    ike_list_clear(&sa->hosts, NULL);
    free_more((ike_more *)sa->more);
}

bool ike_sa_reached(const ike_sa *sa, ike_limit_id id)
{
    return sa->more->told_limits & 1u << id;
}

static bool side_has_addr(const ike_side_state *side, const ike_addr *addr)
{
    for (unsigned i = 0; i < side->n_endpoints; i++)
        if (ike_addr_equal(&side->endpoints[i].addr, addr))
            return true;
    return false;
}

static ike_side side_by_endpoint(const ike_sa *sa, const ike_endpoint *src, const ike_endpoint *dst)
{
    for (int side = 0; side < 2; side++)
        if (ike_side_has_endpoint(&sa->sides[side], src) ||
            ike_side_has_endpoint(&sa->sides[1 - side], dst))
            return (ike_side)side;
    return IKE_SIDE_NONE;
}

ike_side ike_sa_side(const ike_sa *sa, const ike_endpoint *src, const ike_endpoint *dst)
{
    bool source[2], target[2];

    if (ike_addr_equal(&src->addr, &dst->addr))
        return side_by_endpoint(sa, src, dst);
    for (int side = 0; side < 2; side++) {
        source[side] = side_has_addr(&sa->sides[side], &src->addr);
        target[side] = side_has_addr(&sa->sides[side], &dst->addr);
    }
    for (int side = 0; side < 2; side++)
        if (source[side] && target[1 - side] && !(source[1 - side] && target[side]))
            return (ike_side)side;
    for (int side = 0; side < 2; side++)
        if ((source[side] && !source[1 - side]) || (target[1 - side] && !target[side]))
            return (ike_side)side;
    return side_by_endpoint(sa, src, dst);
}

bool ike_sa_add_endpoint(ike_sa *sa, ike_side side, const ike_endpoint *endpoint)
{
    ike_side_state *state = &sa->sides[side];

    if (ike_side_has_endpoint(state, endpoint))
        return true;
    if (state->n_endpoints == IKE_MAX_ENDPOINTS)
        return side_has_addr(state, &endpoint->addr);
    ike_side_add_endpoint(state, sa->arena, endpoint);
    return true;
}

bool ike_sa_has_hosts(const ike_sa *sa, const ike_addr *a, const ike_addr *b)
{
    return (side_has_addr(&sa->sides[0], a) && side_has_addr(&sa->sides[1], b)) ||
           (side_has_addr(&sa->sides[1], a) && side_has_addr(&sa->sides[0], b));
}

bool ike_sa_has_host(const ike_sa *sa, const ike_addr *a, const ike_addr *b)
{
    for (int side = 0; side < 2; side++)
        if (side_has_addr(&sa->sides[side], a) || side_has_addr(&sa->sides[side], b))
            return true;
    return false;
}

ike_role ike_sa_role(const ike_sa *sa, ike_side side)
{
    if (side == IKE_SIDE_NONE || sa->initiator == IKE_SIDE_NONE)
        return IKE_ROLE_UNKNOWN;
    return side == sa->initiator ? IKE_ROLE_INITIATOR : IKE_ROLE_RESPONDER;
}

ike_side ike_sa_side_of(const ike_sa *sa, ike_role role)
{
    return role == IKE_ROLE_INITIATOR ? sa->initiator : ike_side_other(sa->initiator);
}

const ike_endpoint *ike_sa_endpoint(const ike_sa *sa, ike_role role)
{
    const ike_side side = ike_sa_side_of(sa, role);

    if (side == IKE_SIDE_NONE)
        return ike_sa_endpoint_of(sa, role == IKE_ROLE_INITIATOR ? IKE_SIDE_A : IKE_SIDE_B);
    return ike_sa_endpoint_of(sa, side);
}

ike_state ike_sa_end_state(const ike_sa *sa)
{
    return sa->more->deleted ? IKE_STATE_DELETED : sa->state;
}

ike_finding *ike_sa_finding(const ike_sa *sa, ike_diagnosis_id id)
{
    return ike_finding_find(&sa->distinct, id);
}
