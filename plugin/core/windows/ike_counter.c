/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Counts SAs, exchanges, findings and packets for the whole capture and for each host. What belongs to
 * both hosts of an SA is counted once for the capture.
 */
#include "ike_counter.h"

#include "ike_event.h"
#include "ike_judge.h"

/* ---- the counters ---- */

enum {
#define X(id, group, trust, module, name, what) C_##id,
#include "ike_counter.def"
#undef X
    N_COUNTERS
};

static const ike_counter_info infos[N_COUNTERS] = {
#define X(id, group, trust, module, name, what)                                                    \
    { IKE_COUNTERS_##group, IKE_COUNTER_##trust, module, name, what },
#include "ike_counter.def"
#undef X
};

enum { V1, AUTHIP, V2, N_MODULES };
enum { OF_MAIN_MODE, OF_QUICK_MODE, N_TIMES };

static const ike_counter_info time_infos[N_MODULES][N_TIMES][2] = {
#define TIMES(module)                                                                              \
    { { { IKE_COUNTERS_TIME, IKE_COUNTER_EXACT, module, "Main Mode median",                        \
          "half were established within this time" },                            \
        { IKE_COUNTERS_TIME, IKE_COUNTER_EXACT, module, "Main Mode 95th percentile",               \
          "95 % were established within this time" } },                          \
      { { IKE_COUNTERS_TIME, IKE_COUNTER_EXACT, module, "Quick Mode median",                       \
          "half were completed within this time" },                             \
        { IKE_COUNTERS_TIME, IKE_COUNTER_EXACT, module, "Quick Mode 95th percentile",              \
          "95 % were completed within this time" } } }
    [V1] = TIMES("IKEv1"),
    [AUTHIP] = TIMES("AuthIP"),
    [V2] = TIMES("IKEv2"),
#undef TIMES
};

typedef struct counts {
    uint64_t values[N_COUNTERS];
} counts;

struct ike_counters {
    const ike_selection *of;
    counts all;
    GArray *hosts;       /* of ike_addr */
    GPtrArray *of_hosts; /* counts, in the order of hosts */
    GHashTable *by_host; /* -> its counts, NULL for one without */
    unsigned others;
    GArray *times[N_MODULES][N_TIMES]; /* sorted */
};

/* ---- hosts ---- */

static counts *counts_of(ike_counters *c, const ike_addr *addr)
{
    counts *found = NULL;

    if (g_hash_table_lookup_extended(c->by_host, addr, NULL, (gpointer *)&found))
        return found;
    if (c->hosts->len < IKE_COUNTED_HOSTS) {
        found = g_new0(counts, 1);
        g_array_append_val(c->hosts, *addr);
        g_ptr_array_add(c->of_hosts, found);
    } else {
        c->others++;
    }
    g_hash_table_insert(c->by_host, g_memdup2(addr, sizeof *addr), found);
    return found;
}

static counts *counts_of_side(ike_counters *c, const ike_sa *sa, ike_side side)
{
    const ike_endpoint *endpoint = ike_sa_endpoint_of(sa, side);

    return endpoint ? counts_of(c, &endpoint->addr) : NULL;
}

static void add_at_host(counts *host, unsigned counter, uint64_t n)
{
    if (host)
        host->values[counter] += n;
}

/* Counts something of one host, NULL when it is not known. */
static void add_of_host(ike_counters *c, counts *host, unsigned counter, uint64_t n)
{
    c->all.values[counter] += n;
    add_at_host(host, counter, n);
}

/* Counts something of one side of an SA. */
static void add(ike_counters *c, const ike_sa *sa, ike_side side, unsigned counter, uint64_t n)
{
    add_of_host(c, counts_of_side(c, sa, side), counter, n);
}

/* Counts something that both sides have: once for the capture. */
static void add_both(ike_counters *c, const ike_sa *sa, unsigned counter)
{
    c->all.values[counter]++;
    for (int side = 0; side < 2; side++)
        add_at_host(counts_of_side(c, sa, side), counter, 1);
}

/* ---- Main Mode ---- */

static unsigned module_of(const ike_sa *sa)
{
    if (sa->version == 2)
        return V2;
    return ike_sa_is_authip(sa) ? AUTHIP : V1;
}

/* A counter of the module of an SA: the modules have theirs in the same order. */
static unsigned in_module(const ike_sa *sa, unsigned counter_of_v1)
{
    static const unsigned first[N_MODULES] = { [V1] = C_V1_MM_ACTIVE, [AUTHIP] = C_AUTHIP_MM_ACTIVE,
                                               [V2] = C_V2_MM_ACTIVE };

    return first[module_of(sa)] + (counter_of_v1 - C_V1_MM_ACTIVE);
}

/* Counts something that both sides have at the hosts that were heard: a host that never sent anything need
 * not know of it, nor do the forged ones of a flood. */
static void add_heard(ike_counters *c, const ike_sa *sa, unsigned counter)
{
    c->all.values[counter]++;
    for (int side = 0; side < 2; side++)
        if (sa->sides[side].messages > 0 && !(sa->is_in_flood && side == (int)sa->initiator))
            add_at_host(counts_of_side(c, sa, side), counter, 1);
}

/* How an SA ended, if it did. */
typedef struct ending {
    bool is_deleted;
    ike_side given_up; /* by this host; IKE_SIDE_NONE: by none */
} ending;

static ending ending_of(const ike_counters *c, const ike_sa *sa)
{
    ending e = { ike_judge_deleted(c->of->tracker, sa) != NULL, IKE_SIDE_NONE };

    ike_sa_given_up(sa, &e.given_up);
    return e;
}

/* Counts what is up at the end: not where it was deleted, nor at a host that gave it up. */
static void add_alive(ike_counters *c, const ike_sa *sa, const ending *e, unsigned counter)
{
    if (e->is_deleted)
        return;
    c->all.values[counter] += e->given_up == IKE_SIDE_NONE;
    for (int side = 0; side < 2; side++)
        if (side != (int)e->given_up)
            add_at_host(counts_of_side(c, sa, side), counter, 1);
}

static bool has_start(const ike_sa *sa)
{
    return !sa->is_joined && sa->phase1->mode != IKE_MODE_NONE;
}

static void still_open(ike_counters *c, const ike_sa *sa)
{
    const ike_side responder = ike_side_other(sa->initiator);

    add(c, sa, sa->initiator, C_ACTIVE_ACQUIRE, 1);
    if (sa->sides[responder].messages > 0)
        add(c, sa, responder, in_module(sa, C_V1_MM_NEW), 1);
}

static void begun(ike_counters *c, const ike_sa *sa)
{
    const ike_side initiator = sa->initiator, responder = ike_side_other(initiator);

    if (initiator == IKE_SIDE_NONE || (!ike_sa_establishment(sa) && !has_start(sa)))
        return;
    add_heard(c, sa, in_module(sa, C_V1_MM_STARTED));
    add(c, sa, initiator, in_module(sa, C_V1_ACQUIRES), 1);
    if (sa->sides[responder].messages > 0)
        add(c, sa, responder, in_module(sa, C_V1_MM_RESPONDER), 1);
    if (sa->is_failed)
        add(c, sa, initiator, C_ACQUIRE_FAILURES, 1);
    else if (!ike_judge_came_up(sa) && sa->state != IKE_STATE_ABANDONED)
        still_open(c, sa);
}

static void time_of_main_mode(ike_counters *c, const ike_sa *sa)
{
    if (ike_sa_has_setup_time(sa)) {
        const ike_time span = sa->more->established->note.time - sa->first_time;

        g_array_append_val(c->times[module_of(sa)][OF_MAIN_MODE], span);
    }
}

/* Where MM6 was lost the responder counts what the capture does not: its Main Mode came up. */
static void failed(ike_counters *c, const ike_sa *sa)
{
    counts *responder = ike_event_lost_mm6(sa) ? counts_of_side(c, sa, ike_side_other(sa->initiator)) : NULL;

    if (!responder) {
        add_heard(c, sa, in_module(sa, C_V1_MM_FAILED));
        return;
    }
    add(c, sa, sa->initiator, in_module(sa, C_V1_MM_FAILED), 1);
    add_at_host(responder, in_module(sa, C_V1_MM_UP), 1);
}

static void main_mode(ike_counters *c, const ike_sa *sa)
{
    begun(c, sa);
    if (sa->is_failed) {
        failed(c, sa);
    } else if (ike_sa_establishment(sa)) {
        add_both(c, sa, in_module(sa, C_V1_MM_UP));
        time_of_main_mode(c, sa);
    }
    if (ike_judge_came_up(sa) && !sa->is_failed && !sa->more->rekeyed_to) {
        const ending e = ending_of(c, sa);

        add_alive(c, sa, &e, in_module(sa, C_V1_MM_ACTIVE));
    }
}

/* ---- Quick Mode ---- */

static void quick_mode_up(ike_counters *c, const ike_exchange *child, unsigned before, const ending *e)
{
    const ike_sa *sa = child->sa;
    const ike_time span = ike_child_setup(child);
    const ending end = { e->is_deleted || ike_child_deleted(child), e->given_up };

    add_both(c, sa, in_module(sa, C_V1_QM_UP));
    if (ike_child_is_rekey(child, before))
        add_both(c, sa, C_REKEYS);
    if (span >= 0)
        g_array_append_val(c->times[module_of(sa)][OF_QUICK_MODE], span);
    if (end.is_deleted)
        add_both(c, sa, C_QM_KEY_DELETIONS);
    add_alive(c, sa, &end, in_module(sa, C_V1_QM_ACTIVE));
}

/* The first Child SA of IKEv2 is part of what makes its IKE SA: begun once IKE_AUTH is. */
static void quick_modes(ike_counters *c, const ike_sa *sa)
{
    const ending e = ending_of(c, ike_sa_heir(sa));
    unsigned up = 0;

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *child = sa->more->exchanges.pdata[i];

        if (!child->leads_child || child->more->rekeyed_to)
            continue;
        add_both(c, sa, in_module(sa, C_V1_QM_STARTED));
        if (child->mode != IKE_MODE_V2_AUTH)
            add(c, sa, child->opener, in_module(sa, C_V1_ACQUIRES), 1);
        if (ike_child_is_up(child)) {
            quick_mode_up(c, child, up++, &e);
        } else if (child->more->failed_by != IKE_DIAG_NONE) {
            add_both(c, sa, in_module(sa, C_V1_QM_FAILED));
        } else if (!sa->is_failed && !e.is_deleted) {
            add_both(c, sa, C_SAS_PENDING);
        }
    }
}

static void extended_modes(ike_counters *c, const ike_sa *sa)
{
    const ending e = ending_of(c, sa);

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        if (exchange->mode != IKE_MODE_AUTHIP_EXTENDED)
            continue;
        add_both(c, sa, C_AUTHIP_EM_STARTED);
        if (ike_exchange_slot(exchange, 2)) {
            add_both(c, sa, C_AUTHIP_EM_UP);
            add_alive(c, sa, &e, C_AUTHIP_EM_ACTIVE);
        } else if (ike_sa_finding(sa, IKE_DIAG_AIP_NORESP))
            add_both(c, sa, C_AUTHIP_EM_FAILED);
    }
}

/* ---- messages and packets ---- */

static void message(ike_counters *c, const ike_record *r, counts *from, counts *to)
{
    if (r->copy == IKE_COPY_RETRANSMISSION)
        add_of_host(c, from, C_REPEATS, 1);
    if (r->copy == IKE_COPY_NONE && r->rare->notify_error == IKE_NOTIFY_INVALID_COOKIE)
        add_of_host(c, from, C_INVALID_COOKIES, 1);
    if (r->copy == IKE_COPY_NONE && r->rare->unknown_spi)
        add_of_host(c, from, C_BAD_SPI, 1);
    if (!ike_record_is_message(r))
        return;
    add_of_host(c, from, C_SENT, 1);
    add_of_host(c, to, C_RECEIVED, 1);
    if (r->fragment == IKE_FRAGMENT_IP)
        add_of_host(c, from, C_IP_FRAGMENTED, 1);
    else if (r->fragment != IKE_FRAGMENT_NONE)
        add_of_host(c, from, C_IKE_FRAGMENTED, 1);
}

/* Errors whose SA is not in the capture. */
static void messages_outside(ike_counters *c, const ike_list *records)
{
    for (guint i = 0; i < records->len; i++) {
        const ike_record *r = records->pdata[i];
        counts *from = counts_of(c, &ike_record_src(r)->addr);

        message(c, r, from, counts_of(c, &ike_record_dst(r)->addr));
    }
}

static void messages(ike_counters *c, const ike_sa *sa)
{
    for (guint i = 0; i < sa->records.len; i++) {
        const ike_record *r = sa->records.pdata[i];
        counts *from = counts_of_side(c, sa, r->side);

        message(c, r, from, counts_of_side(c, sa, ike_side_other(r->side)));
    }
    if (sa->has_floated)
        add_both(c, sa, C_NAT_SESSIONS);
    for (int side = 0; side < 2; side++)
        add(c, sa, side, C_KEEPALIVES, ike_side_path(&sa->sides[side])->keepalives);
}

/* Requests that nobody answered have a finding on their last copy. */
static void unanswered(ike_counters *c, const ike_sa *sa)
{
    for (guint i = 0; i < sa->findings.len; i++) {
        const ike_finding *finding = sa->findings.pdata[i];
        const ike_record *r = finding->note ? ike_note_record(finding->note) : NULL;
        const ike_record *first = r ? ike_record_first(r) : NULL;
        const ike_step *step = first ? ike_step_find(first->label) : NULL;

        if (step && step->unanswered == finding->id)
            add(c, sa, r->side, C_UNANSWERED, finding->count);
    }
}

static void flow(ike_counters *c, const ike_flow *f)
{
    counts *from = counts_of(c, &f->src.addr), *to = counts_of(c, &f->dst.addr);
    const struct {
        unsigned counter;
        counts *host;
        uint64_t n;
    } values[] = {
        { f->is_ah ? C_AUTHENTICATED_SENT : C_CONFIDENTIAL_SENT, from, f->bytes },
        { f->is_ah ? C_AUTHENTICATED_RECEIVED : C_CONFIDENTIAL_RECEIVED, to, f->bytes },
        { C_ESP_SENT, from, f->packets },
        { C_ESP_RECEIVED, to, f->packets },
        { C_ESP_REPEATS, to, f->repeats },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        c->all.values[values[i].counter] += values[i].n;
        add_at_host(values[i].host, values[i].counter, values[i].n);
    }
}

/* ---- what events say ---- */

/* An authentication failure is the host's that refuses, and once the capture's. */
static void from_events(ike_counters *c)
{
    GArray *events = ike_events_new(c->of);

    for (guint i = 0; i < events->len; i++) {
        const ike_event *event = &g_array_index(events, ike_event, i);

        if (event->id >= 4976 && event->id <= 4978)
            add(c, event->sa, event->host, C_INVALID_PACKETS, event->count);
        else if (ike_event_is_refused_authentication(event) && event->point == IKE_FAILED_ME)
            add(c, event->sa, event->host, C_AUTHENTICATION_FAILURES, 1);
    }
    g_array_free(events, TRUE);
}

/* ---- sums, and what has two names ---- */

/* The later of these may be sums of earlier ones. */
static const struct {
    unsigned counter, of;
} sums[] = {
#define OF_MODULES(counter, what) { counter, C_V1_##what }, { counter, C_AUTHIP_##what }, { counter, C_V2_##what }
    OF_MODULES(C_TOTAL_ACQUIRE, ACQUIRES),
    OF_MODULES(C_MAIN_MODES, MM_UP),
    OF_MODULES(C_ISADB_LIST, MM_ACTIVE),
    OF_MODULES(C_QUICK_MODES, QM_UP),
    OF_MODULES(C_ACTIVE_SAS, QM_ACTIVE),
    OF_MODULES(C_NEGOTIATION_FAILURES, MM_FAILED),
    OF_MODULES(C_NEGOTIATION_FAILURES, QM_FAILED),
#undef OF_MODULES
    { C_KEY_ADDITIONS, C_QUICK_MODES },
    { C_KEY_UPDATES, C_QUICK_MODES },
    { C_QM_KEY_ADDITIONS, C_QUICK_MODES },
    { C_SAS_ADDED, C_QUICK_MODES },
    { C_CONNECTION_LIST, C_ACTIVE_SAS },
    { C_SAS_ACTIVE, C_ACTIVE_SAS },
    { C_SAS_DELETED, C_QM_KEY_DELETIONS },
    { C_SAS_REKEYED, C_REKEYS },
    { C_DROPPED_SPI, C_BAD_SPI },
    { C_DROPPED_REPLAY, C_ESP_REPEATS },
    { C_DROPPED, C_DROPPED_SPI },
    { C_DROPPED, C_DROPPED_REPLAY },
};

static void add_sums(counts *of)
{
    for (size_t i = 0; i < G_N_ELEMENTS(sums); i++)
        of->values[sums[i].counter] += of->values[sums[i].of];
}

static void sum_up(ike_counters *c)
{
    add_sums(&c->all);
    for (guint i = 0; i < c->of_hosts->len; i++)
        add_sums(c->of_hosts->pdata[i]);
}

/* ---- all ---- */

static int by_span(gconstpointer a, gconstpointer b)
{
    const ike_time x = *(const ike_time *)a, y = *(const ike_time *)b;

    return x < y ? -1 : x > y;
}

static void for_each_time(ike_counters *c, void (*call)(GArray **times))
{
    for (int module = 0; module < N_MODULES; module++)
        for (int which = 0; which < N_TIMES; which++)
            call(&c->times[module][which]);
}

static void make_times(GArray **times)
{
    *times = g_array_new(FALSE, FALSE, sizeof(ike_time));
}

static void sort_times(GArray **times)
{
    g_array_sort(*times, by_span);
}

static void free_times(GArray **times)
{
    g_array_free(*times, TRUE);
}

static void count_sa(ike_counters *c, const ike_sa *sa)
{
    main_mode(c, sa);
    quick_modes(c, sa);
    extended_modes(c, sa);
    messages(c, sa);
    unanswered(c, sa);
}

ike_counters *ike_counters_new(const ike_selection *of)
{
    ike_counters *c = g_new0(ike_counters, 1);
    const ike_list *sas = ike_tracker_sas(of->tracker), *flows = ike_tracker_flows(of->tracker);

    c->of = of;
    c->hosts = g_array_new(FALSE, FALSE, sizeof(ike_addr));
    c->of_hosts = g_ptr_array_new_with_free_func(g_free);
    c->by_host = g_hash_table_new_full(ike_addr_key_hash, ike_addr_key_equal, g_free, NULL);
    for_each_time(c, make_times);
    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(of, sas->pdata[i]))
            count_sa(c, sas->pdata[i]);
    if (!of->sas)
        messages_outside(c, ike_tracker_outside(of->tracker));
    for (guint i = 0; i < flows->len; i++)
        if (ike_selects_flow(of, flows->pdata[i]))
            flow(c, flows->pdata[i]);
    from_events(c);
    sum_up(c);
    for_each_time(c, sort_times);
    return c;
}

void ike_counters_free(ike_counters *c)
{
    for_each_time(c, free_times);
    g_array_free(c->hosts, TRUE);
    g_ptr_array_free(c->of_hosts, TRUE);
    g_hash_table_destroy(c->by_host);
    g_free(c);
}

const GArray *ike_counters_hosts(const ike_counters *c, unsigned *others)
{
    *others = c->others;
    return c->hosts;
}

/* ---- reading ---- */

/* The smallest value that so many percent do not exceed (nearest rank); false when there is none. */
static bool percentile(const GArray *times, unsigned percent, ike_time *span)
{
    const guint rank = (times->len * percent + 99) / 100;

    if (times->len == 0)
        return false;
    *span = g_array_index(times, ike_time, rank - 1);
    return true;
}

static bool get_time(const ike_counters *c, unsigned number, ike_counter *counter)
{
    const unsigned module = number / (2 * N_TIMES), which = number / 2 % N_TIMES, is_high = number % 2;

    if (module >= N_MODULES)
        return false;
    counter->info = &time_infos[module][which][is_high];
    counter->is_known = percentile(c->times[module][which], is_high ? 95 : 50, &counter->span);
    return true;
}

bool ike_counters_get(const ike_counters *c, const ike_addr *host, unsigned number, ike_counter *counter)
{
    const counts *of = host ? g_hash_table_lookup(c->by_host, host) : &c->all;

    *counter = (ike_counter){ .host = host };
    if (number >= N_COUNTERS)
        return !host && get_time(c, number - N_COUNTERS, counter);
    counter->info = &infos[number];
    counter->is_known = of && infos[number].trust != IKE_COUNTER_NOT_SEEN;
    counter->count = of ? of->values[number] : 0;
    return true;
}

const char *ike_counter_group_name(ike_counter_group group)
{
    static const char *const names[] = { "Main Mode",       "Quick Mode", "Key module",       "IPsec SAs",
                                         "Dropped packets", "Capture",    "Time to establish" };

    return names[group];
}

const char *ike_counter_trust_name(ike_counter_trust trust)
{
    static const char *const names[] = { "exact", "approximate", "not in a capture" };

    return names[trust];
}
