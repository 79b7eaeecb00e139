/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The tracker's life, and the way of a whole message into an SA.
 */
#include "ike_decrypted.h"
#include "ike_hash.h"

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

static void free_sa(gpointer p)
{
    ike_v1frag_free(p);
    ike_sa_free(p);
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
    ike_list_clear(&t->sas, free_sa);
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

/* ---- from a datagram to a message ---- */

/* Of a packet that is no IP fragment, without options. */
static uint32_t packet_length(const ike_datagram *d)
{
    return d->is_tcp ? 0 : (uint32_t)d->wire + 8 + (d->src.addr.family == 4 ? 20 : 40);
}

/* To write to it. */
static ike_run *run_at(ike_record *r, unsigned i)
{
    return i < IKE_FEW_RUNS ? &r->runs[i] : &ike_record_rare(r)->more_runs[i - IKE_FEW_RUNS];
}

void ike_record_add_runs(ike_record *r, const ike_message *m)
{
    for (unsigned i = 0; i < m->n_payloads; i++) {
        ike_run *last = r->n_runs ? run_at(r, r->n_runs - 1u) : NULL;

        if (last && last->type == m->payloads[i].type && last->count < UINT8_MAX)
            last->count++;
        else if (r->n_runs < IKE_MAX_RUNS)
            *run_at(r, r->n_runs++) = (ike_run){ m->payloads[i].type, 1 };
    }
}

static void fill_header(ike_record *r, const ike_message *m, const ike_datagram *d)
{
    ike_record_set_ends(r, &d->src, &d->dst);
    ike_record_set_spis(r, m->spi_i, m->spi_r);
    r->ip_id = d->ip_id;
    r->has_ip_id = d->has_ip_id;
    r->has_marker = d->has_marker;
    r->is_tcp = d->is_tcp;
    r->ttl = d->ttl;
    r->packet_length = packet_length(d);
    r->message_id = m->message_id;
    r->length = m->length;
    r->version = m->version;
    r->exchange_type = m->exchange;
    r->flags = m->flags;
    r->next_payload = m->next_payload;
    r->truncated = m->truncated;
    r->is_encrypted = m->is_encrypted;
    r->inside = m->inside;
    ike_record_add_runs(r, m);
}

static void link_pieces(ike_tracker *t, ike_record *r, const ike_datagram *d)
{
    r->fragment = d->fragment;
    if (d->fragment == IKE_FRAGMENT_NONE)
        return;
    ike_record_rare(r)->fragment_number = d->piece_number;
    ike_record_rare(r)->fragment_total = d->n_pieces;
    for (guint i = 0; d->pieces && i < d->pieces->len; i++) {
        ike_record *piece = d->pieces->pdata[i];

        ike_record_rare(piece)->message = r;
        ike_record_rare(piece)->fragment_total = d->n_pieces;
        if (!piece->note.sa && r->note.sa)
            ike_note_set_sa(t, &piece->note, r->note.sa);
        piece->side = r->side;
    }
}

static void raise_fragments(ike_tracker *t, ike_record *r, const ike_datagram *d)
{
    GString *frames;

    if (d->fragment == IKE_FRAGMENT_NONE)
        return;
    frames = g_string_new(d->n_pieces == 1 ? "fragment (frame " : "fragments (frames ");
    for (guint i = 0; d->pieces && i < d->pieces->len; i++)
        g_string_append_printf(frames, "%u, ", ((ike_record *)d->pieces->pdata[i])->note.frame);
    ike_raise(t, r->note.sa, d->fragment == IKE_FRAGMENT_IP ? IKE_DIAG_IPFRAG : IKE_DIAG_V1FRAG,
              &r->note, IKE_SEVERITY_NONE, "%u bytes in %u %s %s%u)", r->length, d->n_pieces,
              d->fragment == IKE_FRAGMENT_IP ? "IP" : "IKE", frames->str, r->note.frame);
    g_string_free(frames, TRUE);
}

static void raise_header_remarks(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_sa *sa = r->note.sa;

    if (m->trailing > 0)
        ike_raise(t, sa, IKE_DIAG_TRAILING, &r->note, IKE_SEVERITY_NONE,
                  "bytes after the end of the message: %u", m->trailing);
    if (m->truncated)
        ike_raise(t, sa, IKE_DIAG_TRUNCATED, &r->note, IKE_SEVERITY_NONE,
                  "the capture holds %u of %u bytes", m->captured, m->length);
    if (m->is_malformed)
        ike_raise(t, sa, IKE_DIAG_MALFORMED, &r->note, IKE_SEVERITY_NONE,
                  "the payloads do not fit into the %u bytes of the message", m->length);
    if (m->payload_limit)
        ike_raise_limit(t, sa, IKE_LIMIT_PAYLOADS, &r->note);
    if (sa && sa->more->reuses && sa->records.len == 1)
        ike_raise(t, sa, IKE_DIAG_COOKIE_REUSED, &r->note, IKE_SEVERITY_NONE,
                  "the initiator cookie of SA %u with another first message", sa->more->reuses->number);
    if (sa && m->spi_i == 0)
        ike_raise(t, sa, IKE_DIAG_ZERO_COOKIE, &r->note, IKE_SEVERITY_NONE,
                  "the initiator cookie is zero");
}

#define LARGE_MESSAGE 3000u /* RFC 7296 2: implementations should handle up to this */

/* TCP has no limit; what travels in IKE fragments does not come here. */
static void raise_big(ike_tracker *t, ike_record *r)
{
    if (r->version != 2 || r->is_tcp || r->length <= LARGE_MESSAGE)
        return;
    ike_raise(t, r->note.sa, IKE_DIAG_BIG_MESSAGE, &r->note, IKE_SEVERITY_NONE,
              r->exchange_type == IKE_XCHG_V2_SA_INIT
                  ? "%u bytes; the first exchange cannot go in IKE fragments: large key exchanges "
                    "belong into IKE_INTERMEDIATE (RFC 9242, RFC 9370)"
                  : "%u bytes without IKE fragments",
              r->length);
}

void ike_tracker_number(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_side_state *side = r->side == IKE_SIDE_NONE ? NULL : &r->note.sa->sides[r->side];

    r->note.sa->newest_frame = t->frame;
    if (side) {
        side->messages++;
        if (r->exchange_type != IKE_XCHG_INFO)
            side->newest_exchange_frame = t->frame;
    }
    if (m->decrypted)
        ike_decrypted_look(r, m->decrypted);
    if (m->version == 1)
        ike_v1_message(t, r, m);
    else
        ike_v2_message(t, r, m);
    if (m->decrypted)
        ike_decrypted_learn(t, r, m->decrypted);
    if (ike_step_asks(ike_step_find(r->label)))
        g_queue_push_tail(t->waiting, r);
}

ike_record *ike_record_new(ike_tracker *t, ike_note_kind kind, ike_sa *sa, const ike_message *m,
                           const ike_datagram *d)
{
    ike_record *r = ike_note_new(t, kind, sizeof *r);

    if (sa)
        ike_note_set_sa(t, &r->note, sa);
    fill_header(r, m, d);
    r->digest = d->digest;
    r->side = IKE_SIDE_NONE;
    if (sa) {
        r->side = (int8_t)d->sender;
        r->state = sa->tracked_state;
    }
    if (r->side != IKE_SIDE_NONE)
        sa->sides[r->side].newest = r;
    link_pieces(t, r, d);
    raise_header_remarks(t, r, m);
    return r;
}

/* The SA payload of AuthIP is inside its Crypto payload (MS-AIPS 2.2.1). */
static bool makes_offer(const ike_message *m)
{
    if (m->exchange == IKE_XCHG_AUTHIP_MAIN && m->spi_r == 0)
        return true;
    return ike_message_has(m, m->version == 1 ? IKE_PL_SA : IKE_PL_V2_SA);
}

static ike_record *take_whole(ike_tracker *t, ike_sa *sa, const ike_message *m, const ike_datagram *d,
                              bool misread)
{
    ike_record *r = ike_record_new(t, IKE_NOTE_MESSAGE, sa, m, d);

    r->is_misread = misread;
    raise_fragments(t, r, d);
    raise_big(t, r);
    if (!ike_copies_check(t, r))
        ike_tracker_number(t, r, m);
    else if (r->version == 1)
        ike_v1_copy_seen(r);
    return r;
}

ike_record *ike_tracker_message(ike_tracker *t, const ike_datagram *d, const uint8_t *data,
                                size_t captured, size_t wire)
{
    ike_datagram here = *d;
    ike_message m, clear;
    ike_sa *sa;
    ike_record *r;
    bool misread;

    if (!ike_message_parse(&m, data, captured, wire))
        return NULL;
    m.decrypted = ike_plain_read(t, &m, &clear, &misread);
    here.digest = ike_digest_of(&m, d);
    if (ike_v2_is_outside(t, &m, d))
        return ike_limit_reached(t, NULL, IKE_LIMIT_OUTSIDE, NULL, t->n_outside) ? NULL : ike_v2_outside(t, &m, &here);
    sa = ike_lookup_sa(t, &m, &here, makes_offer(&m));
    if (!sa || ike_limit_reached(t, sa, IKE_LIMIT_SA_RECORDS, NULL, sa->records.len))
        return NULL;
    if (m.version == 1 && m.next_payload == IKE_PL_FRAGMENT && d->fragment != IKE_FRAGMENT_V1)
        return ike_v1frag_feed(t, sa, &m, &here);
    r = m.version == 2 && ike_message_has(&m, IKE_PL_V2_SKF) ? ike_v2frag_feed(t, sa, &m, &here)
                                                             : take_whole(t, sa, &m, &here, misread);
    ike_natt_endpoint(t, r);
    return r;
}

void ike_tracker_end_frame(ike_tracker *t, bool is_shown)
{
    if (t->last_note)
        ike_judge_live(t, is_shown);
}

/* ---- results ---- */

void ike_tracker_finish(ike_tracker *t)
{
    if (t->is_judged)
        return;
    t->is_judging = true;
    ike_judge_capture(t);
    t->is_judging = false;
    t->is_judged = t->was_judged = true;
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
