/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Many negotiations that begin at about the same time and do not get as far as authentication: a
 * scan, an attack with forged sources, or a path that loses nearly everything.
 */
#include "ike_hash.h"
#include "ike_judge.h"

#define WINDOW (10 * IKE_SECOND)
#define UNDER_WAY (1 * IKE_SECOND)
#define MANY_TO_ONE_RESPONDER 20
#define MANY_FROM_ONE_SOURCE 10

/* Not when the next message may just be under way as the capture ends. */
static bool is_half_open(const ike_tracker *t, const ike_sa *sa)
{
    return !sa->is_joined && !sa->more->sibling_of && sa->records.len > 0 && sa->initiator != IKE_SIDE_NONE &&
           sa->state < IKE_STATE_AUTHENTICATING && t->span.last - sa->last_time >= UNDER_WAY;
}

/* The capture holds nothing on port 4500: its filter may leave that out. */
static bool is_without_4500(const ike_tracker *t)
{
    for (guint k = 0; k < t->sas.len; k++) {
        const ike_sa *sa = t->sas.pdata[k];

        if (sa->has_used_tcp || ike_side_path(&sa->sides[0])->has_used_4500 || ike_side_path(&sa->sides[1])->has_used_4500)
            return false;
    }
    return true;
}

/* NAT detection of this side is there, or the capture may have cut it off. */
static bool may_detect_nat(const ike_side_state *side)
{
    return side->more->natd.payloads > 0 || (side->newest && side->newest->truncated);
}

static bool may_be_natted(const ike_sa *sa, ike_side side)
{
    return ike_sa_natted(sa, side) != IKE_NAT_NO;
}

/* Answered, and both took part in NAT detection, so what follows may travel on port 4500: behind a
 * NAT (RFC 3947 4, RFC 7296 2.23), and in IKEv2 without one too, for MOBIKE (RFC 4555 3.3). */
static bool may_float_next(const ike_sa *sa)
{
    return sa->state >= IKE_STATE_CHOSEN && may_detect_nat(&sa->sides[0]) &&
           may_detect_nat(&sa->sides[1]) &&
           (sa->version == 2 || may_be_natted(sa, IKE_SIDE_A) || may_be_natted(sa, IKE_SIDE_B));
}

static guint endpoint_hash(gconstpointer p)
{
    const ike_endpoint *e = p;

    const uint32_t key[] = { ike_addr_key_hash(&e->addr), e->port };

    return ike_hash(key, sizeof key);
}

static gboolean endpoint_equal(gconstpointer a, gconstpointer b)
{
    return ike_endpoint_equal(a, b);
}

/* SAs by what they have in common, in order of appearance. */
typedef struct heaps {
    GHashTable *by_key; /* key -> ike_list of SAs */
    ike_list lists;     /* these */
} heaps;

static heaps heaps_new(GHashFunc hash, GEqualFunc equal)
{
    return (heaps){ .by_key = g_hash_table_new(hash, equal) };
}

static void heaps_free(heaps *h)
{
    g_hash_table_destroy(h->by_key);
    ike_list_clear(&h->lists, ike_list_free);
}

static void add_to(heaps *h, gpointer key, ike_sa *sa)
{
    ike_list *list = g_hash_table_lookup(h->by_key, key);

    if (!list) {
        list = g_new0(ike_list, 1);
        g_hash_table_insert(h->by_key, key, list);
        ike_list_add(&h->lists, list);
    }
    ike_list_add(list, sa);
}

static const ike_sa *sa_at(const ike_list *list, guint i)
{
    return list->pdata[i];
}

static void raise_flood(ike_tracker *t, const ike_list *list, guint from, guint to)
{
    ike_sa *first = list->pdata[from];
    const ike_side responder = ike_sa_side_of(first, IKE_ROLE_RESPONDER);
    GString *text;

    if (first->is_in_flood)
        return; /* told by its responder already */
    for (guint i = from; i <= to; i++)
        ((ike_sa *)list->pdata[i])->is_in_flood = true;
    text = g_string_new(NULL);
    g_string_append_printf(text, "%u half-open IKE SAs with ", to - from + 1);
    ike_addr_append(text, &first->sides[responder].endpoints[0].addr);
    g_string_append(text, " begin in ");
    ike_seconds_append(text, sa_at(list, to)->first_time - first->first_time);
    g_string_append(text, " s");
    ike_raise(t, first, IKE_DIAG_HALFOPEN_FLOOD, ike_judge_first_note(first), 0, "%s", text->str);
    g_string_free(text, TRUE);
}

/* A flood goes on as long as the last WINDOW before each SA holds more than `many`. SAs stand in
 * order of their numbers, which is that of their first frames. */
static void judge_list(ike_tracker *t, const ike_list *list, guint many)
{
    guint oldest = 0, from = 0, to = 0;
    bool flood = false;

    for (guint i = 0; i < list->len; i++) {
        while (oldest < i && (sa_at(list, i)->first_time - sa_at(list, oldest)->first_time > WINDOW ||
                              sa_at(list, i)->first_time < sa_at(list, oldest)->first_time))
            oldest++;
        if (i - oldest + 1 <= many)
            continue;
        if (flood && oldest > to) {
            raise_flood(t, list, from, to);
            flood = false;
        }
        if (!flood)
            from = oldest;
        flood = true;
        to = i;
    }
    if (flood)
        raise_flood(t, list, from, to);
}

void ike_judge_floods(ike_tracker *t)
{
    heaps responders = heaps_new(ike_addr_key_hash, ike_addr_key_equal);
    heaps sources = heaps_new(endpoint_hash, endpoint_equal);
    const bool hides_4500 = is_without_4500(t);

    for (guint k = 0; k < t->sas.len; k++) {
        ike_sa *sa = t->sas.pdata[k];
        const ike_side other = ike_side_other(sa->initiator);

        sa->is_in_flood = false;
        if (!is_half_open(t, sa) || !sa->sides[other].n_endpoints ||
            !sa->sides[sa->initiator].n_endpoints || (hides_4500 && may_float_next(sa)))
            continue;
        add_to(&responders, &sa->sides[other].endpoints[0].addr, sa);
        add_to(&sources, &sa->sides[sa->initiator].endpoints[0], sa);
    }
    for (guint i = 0; i < responders.lists.len; i++)
        judge_list(t, responders.lists.pdata[i], MANY_TO_ONE_RESPONDER);
    for (guint i = 0; i < sources.lists.len; i++)
        judge_list(t, sources.lists.pdata[i], MANY_FROM_ONE_SOURCE);
    heaps_free(&responders);
    heaps_free(&sources);
}
