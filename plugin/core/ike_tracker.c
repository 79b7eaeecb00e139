/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The public face of the core: the life of a tracker, and which folder takes what it is fed and is asked.
 */
#include "ike_tracker.h"
#include "ike_hash.h"
#include "ike_judge.h"
#include "ike_path.h"

#define DEFAULT_PATIENCE (5 * IKE_SECOND)

static guint cookies_hash(gconstpointer p)
{
    const ike_sa *sa = p;
    const uint64_t key[] = { sa->spi_i, sa->spi_r, sa->version };

    return ike_hash(key, sizeof key);
}

static gboolean cookies_equal(gconstpointer a, gconstpointer b)
{
    const ike_sa *x = a, *y = b;

    return x->spi_i == y->spi_i && x->spi_r == y->spi_r && x->version == y->version;
}

static void free_note(ike_note *note)
{
    ike_record *r = ike_note_record(note);

    if (r && r->rare != &ike_no_rare) {
        g_free(r->rare->notify);
        g_free(r->rare->mapping);
        g_free((ike_rare *)r->rare);
    }
}

static void free_notes(gpointer notes)
{
    for (ike_note *note = notes; note; note = note->next)
        free_note(note);
}

static void free_hosts(gpointer hosts)
{
    ike_list_clear(&((ike_hosts *)hosts)->sas, NULL);
}

ike_tracker *ike_tracker_new(const ike_options *options)
{
    ike_tracker *t = g_new0(ike_tracker, 1);

    if (options)
        t->options = *options;
    if (t->options.patience <= 0)
        t->options.patience = DEFAULT_PATIENCE;
    t->late = g_hash_table_new_full(ike_hash_number, g_direct_equal, NULL, free_notes);
    t->by_spi = g_hash_table_new(ike_hash_64, g_int64_equal);
    t->by_pair = g_hash_table_new(cookies_hash, cookies_equal);
    t->by_hosts = g_hash_table_new_full(ike_pair_hash, ike_pair_equal, free_hosts, NULL);
    t->pairs = g_hash_table_new(g_direct_hash, g_direct_equal);
    t->waiting = g_queue_new();
    t->told = g_hash_table_new(ike_hash_number, g_direct_equal);
    t->by_ipsec_spi = g_hash_table_new(ike_hash_number, g_direct_equal);
    t->made = g_hash_table_new_full(ike_hash_number, g_direct_equal, NULL, ike_list_free);
    t->flows_by_pair = g_hash_table_new_full(ike_pair_hash, ike_pair_equal, g_free, ike_list_free);
    t->outside_digests = g_hash_table_new(ike_digest_hash, ike_digest_equal);
    t->ipfrags = ike_ipfrag_table_new();
    t->tcp = ike_tcp_table_new();
    return t;
}

void ike_tracker_free(ike_tracker *t)
{
    if (!t)
        return;
    ike_ipfrag_table_free(t->ipfrags);
    ike_tcp_table_free(t->tcp);
    g_queue_free(t->waiting);
    g_hash_table_destroy(t->told);
    ike_list_clear(&t->flows, (GDestroyNotify)ike_flow_free);
    g_hash_table_destroy(t->by_ipsec_spi);
    g_hash_table_destroy(t->made);
    g_hash_table_destroy(t->flows_by_pair);
    ike_list_clear(&t->outside, NULL);
    g_hash_table_destroy(t->outside_digests);
    g_hash_table_destroy(t->by_spi);
    g_hash_table_destroy(t->by_pair);
    g_hash_table_destroy(t->by_hosts);
    g_hash_table_destroy(t->pairs);
    ike_list_clear(&t->sas, (GDestroyNotify)ike_sa_free);
    ike_list_clear(&t->orphans, NULL);
    ike_list_clear(&t->distinct_orphans, NULL);
    ike_list_clear(&t->findings, ike_finding_free);
    ike_list_clear(&t->live, ike_finding_free);
    ike_list_clear(&t->noted, free_notes);
    g_hash_table_destroy(t->late);
    free_notes(t->retracted);
    ike_arena_free(&t->arena); /* last: the others look into it */
    g_free(t);
}

void ike_tracker_frame(ike_tracker *t, uint32_t number, ike_time time)
{
    ike_list_clear(&t->live, ike_finding_free);
    t->frame = number;
    t->now = time;
    t->last_note = NULL;
    t->n_plain = 0;
    if (t->span.frames == 0 || time < t->span.first)
        t->span.first = time;
    if (t->span.frames == 0 || time > t->span.last)
        t->span.last = time;
    t->span.frames++;
    t->is_judged = false;
}

/* ---- what is fed ---- */

void ike_tracker_plain(ike_tracker *t, unsigned version, const uint8_t *data, size_t length)
{
    ike_plain_add(t, version, data, length);
}

void ike_tracker_feed_ip(ike_tracker *t, const uint8_t *data, size_t captured)
{
    ike_demux_ip(t, data, captured);
}

void ike_tracker_feed_message(ike_tracker *t, const ike_endpoint *src, const ike_endpoint *dst,
                              const uint8_t *data, size_t captured, size_t wire)
{
    ike_demux_message(t, src, dst, data, captured, wire);
}

void ike_tracker_end_frame(ike_tracker *t, bool is_shown)
{
    if (t->last_note)
        ike_judge_live(t, is_shown);
}

/* ---- results ---- */

void ike_tracker_finish(ike_tracker *t)
{
    ike_judge_capture(t);
}

ike_note *ike_tracker_notes(const ike_tracker *t, uint32_t frame)
{
    return ike_notes_at(t, frame);
}

const ike_finding *ike_tracker_live(const ike_tracker *t, const ike_note *note)
{
    return ike_notes_live(t, note);
}

const ike_list *ike_tracker_sas(const ike_tracker *t) { return &t->sas; }
const ike_list *ike_tracker_flows(const ike_tracker *t) { return &t->flows; }
const ike_list *ike_tracker_findings(const ike_tracker *t) { return &t->findings; }
ike_span ike_tracker_span(const ike_tracker *t) { return t->span; }

const ike_list *ike_tracker_orphans(const ike_tracker *t) { return &t->orphans; }
const ike_list *ike_tracker_outside(const ike_tracker *t) { return &t->outside; }
uint32_t ike_tracker_current(const ike_tracker *t) { return t->frame; }

unsigned ike_tracker_cut(const ike_tracker *t) { return t->n_cut; }
unsigned ike_tracker_wireguard(const ike_tracker *t) { return t->n_wireguard; }

bool ike_tracker_has_data(const ike_tracker *t)
{
    return t->sas.len > 0 || t->n_esp > 0 || t->n_pieces > 0 || t->n_outside > 0;
}
