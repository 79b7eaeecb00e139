/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a frame to its notes: which datagrams are IKE, ESP, keepalives or pieces of these.
 */
#include "ike_track.h"

#include <string.h>

#define DEFAULT_PATIENCE (5 * IKE_SECOND)
#define NON_ESP_MARKER 4 /* RFC 3948 2.2 */

static guint pair_hash(gconstpointer p)
{
    const ike_host_pair *pair = p;

    return ike_addr_hash(&pair->src) * 33 + ike_addr_hash(&pair->dst);
}

static gboolean pair_equal(gconstpointer a, gconstpointer b)
{
    const ike_host_pair *x = a, *y = b;

    return ike_addr_equal(&x->src, &y->src) && ike_addr_equal(&x->dst, &y->dst);
}

static void free_note(gpointer p)
{
    ike_note *note = p;
    ike_record *r = ike_note_record(note);

    if (note->findings)
        g_ptr_array_free(note->findings, TRUE);
    if (note->live)
        g_ptr_array_free(note->live, TRUE);
    if (r) {
        g_free(r->notify);
        g_free(r->mapping);
    }
    g_free(note);
}

void ike_finding_free(gpointer p)
{
    g_free(((ike_finding *)p)->text);
    g_free(p);
}

static void free_sa(gpointer p)
{
    ike_v1frag_free(p);
    ike_sa_free(p);
}

static void free_list(gpointer p)
{
    g_ptr_array_free(p, TRUE);
}

ike_tracker *ike_tracker_new(const ike_options *options)
{
    ike_tracker *t = g_new0(ike_tracker, 1);

    if (options)
        t->options = *options;
    if (t->options.patience <= 0)
        t->options.patience = DEFAULT_PATIENCE;
    t->notes = g_hash_table_new(g_direct_hash, g_direct_equal);
    t->all_notes = g_ptr_array_new_with_free_func(free_note);
    t->sas = g_ptr_array_new_with_free_func(free_sa);
    t->by_spi = g_hash_table_new(g_int64_hash, g_int64_equal);
    t->by_hosts = g_hash_table_new_full(pair_hash, pair_equal, g_free, free_list);
    t->pairs = g_hash_table_new_full(pair_hash, pair_equal, g_free, NULL);
    t->findings = g_ptr_array_new_with_free_func(ike_finding_free);
    t->orphans = g_ptr_array_new();
    t->waiting = g_queue_new();
    t->ipfrags = ike_ipfrag_table_new();
    return t;
}

void ike_tracker_free(ike_tracker *t)
{
    if (!t)
        return;
    ike_ipfrag_table_free(t->ipfrags);
    g_queue_free(t->waiting);
    g_hash_table_destroy(t->notes);
    g_hash_table_destroy(t->by_spi);
    g_hash_table_destroy(t->by_hosts);
    g_hash_table_destroy(t->pairs);
    g_ptr_array_free(t->sas, TRUE);
    g_ptr_array_free(t->orphans, TRUE);
    g_ptr_array_free(t->findings, TRUE);
    g_ptr_array_free(t->all_notes, TRUE);
    g_free(t);
}

void ike_tracker_frame(ike_tracker *t, uint32_t number, ike_time time)
{
    t->frame = number;
    t->now = time;
    t->last_note = NULL;
    if (t->span.frames == 0 || time < t->span.first)
        t->span.first = time;
    if (t->span.frames == 0 || time > t->span.last)
        t->span.last = time;
    t->span.frames++;
    t->is_judged = false;
}

void *ike_note_new_at(ike_tracker *t, ike_note_kind kind, size_t size, uint32_t frame,
                      ike_time time)
{
    ike_note *note = g_malloc0(size);
    ike_note *first = ike_tracker_notes(t, frame);

    note->frame = frame;
    note->time = time;
    note->kind = kind;
    if (!first) {
        g_hash_table_insert(t->notes, GUINT_TO_POINTER(frame), note);
    } else {
        while (first->next)
            first = first->next;
        first->next = note;
    }
    g_ptr_array_add(t->all_notes, note);
    return note;
}

void *ike_note_new(ike_tracker *t, ike_note_kind kind, size_t size)
{
    t->last_note = ike_note_new_at(t, kind, size, t->frame, t->now);
    return t->last_note;
}

void ike_note_set_sa(ike_tracker *t, ike_note *note, ike_sa *sa)
{
    ike_record *r = ike_note_record(note);

    note->sa = sa;
    sa->last_time = MAX(sa->last_time, t->now);
    sa->last_frame = t->frame;
    if (r)
        g_ptr_array_add(sa->records, r);
}

/* Findings that stand on every frame they are true of; all others once per SA. */
static bool is_repeated(ike_diagnosis_id id)
{
    return id == IKE_DIAG_RETRANS || id == IKE_DIAG_DUP_CAPTURE || id == IKE_DIAG_IPFRAG ||
           id == IKE_DIAG_V1FRAG || id == IKE_DIAG_TRUNCATED;
}

static ike_finding *find_finding(const GPtrArray *list, ike_diagnosis_id id, const ike_sa *sa)
{
    for (guint i = 0; i < list->len; i++) {
        ike_finding *finding = list->pdata[i];

        if (finding->id == id && finding->sa == sa)
            return finding;
    }
    return NULL;
}

static ike_finding *earlier_finding(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id)
{
    if (is_repeated(id))
        return NULL;
    return find_finding(sa ? sa->findings : t->orphans, id, sa);
}

ike_finding *ike_raise(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_note *note,
                       ike_severity severity, const char *format, ...)
{
    const ike_diagnosis *row = ike_diagnosis_get(id);
    ike_finding *finding = earlier_finding(t, sa, id);
    va_list args;

    if (finding) {
        finding->count++;
        return finding;
    }
    finding = g_new0(ike_finding, 1);
    finding->id = id;
    finding->severity = severity ? severity : row->severity;
    finding->evidence = row->evidence;
    finding->sa = sa;
    finding->note = note;
    finding->count = 1;
    finding->is_verdict = t->is_judging;
    va_start(args, format);
    finding->text = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(t->findings, finding);
    g_ptr_array_add(sa ? sa->findings : t->orphans, finding);
    if (note) {
        if (!note->findings)
            note->findings = g_ptr_array_new();
        g_ptr_array_add(note->findings, finding);
    }
    return finding;
}

const GPtrArray *ike_tracker_sas_between(const ike_tracker *t, const ike_addr *a, const ike_addr *b)
{
    ike_host_pair pair = { *a, *b };

    if (memcmp(a, b, sizeof *a) > 0) {
        pair.src = *b;
        pair.dst = *a;
    }
    return g_hash_table_lookup(t->by_hosts, &pair);
}

static void remember_pair(ike_tracker *t, const ike_addr *src, const ike_addr *dst)
{
    const ike_host_pair pair = { *src, *dst };

    if (pair_equal(&pair, &t->last_pair) || g_hash_table_contains(t->pairs, &pair))
        return;
    t->last_pair = pair;
    if (g_hash_table_size(t->pairs) < IKE_MAX_HOST_PAIRS) {
        g_hash_table_add(t->pairs, g_memdup2(&pair, sizeof pair));
    } else if (!t->limit_pairs) {
        t->limit_pairs = true;
        ike_raise(t, NULL, IKE_DIAG_LIMIT, NULL, IKE_SEVERITY_NONE,
                  "more than %u pairs of hosts: one-way captures of later ones are not noticed",
                  IKE_MAX_HOST_PAIRS);
    }
}

bool ike_tracker_saw_pair(const ike_tracker *t, const ike_addr *src, const ike_addr *dst)
{
    const ike_host_pair pair = { *src, *dst };

    return t->limit_pairs || g_hash_table_contains(t->pairs, &pair);
}

/* ---- from a datagram to a message ---- */

static void fill_header(ike_record *r, const ike_message *m, const ike_datagram *d)
{
    r->src = d->src;
    r->dst = d->dst;
    r->ip_id = d->ip_id;
    r->has_ip_id = d->has_ip_id;
    r->has_marker = d->has_marker;
    r->spi_i = m->spi_i;
    r->spi_r = m->spi_r;
    r->message_id = m->message_id;
    r->length = m->length;
    r->version = m->version;
    r->exchange_type = m->exchange;
    r->flags = m->flags;
    r->next_payload = m->next_payload;
    r->truncated = m->truncated;
    r->is_encrypted = m->is_encrypted;
    for (unsigned i = 0; i < m->n_payloads && i < IKE_MAX_PAYLOAD_TYPES; i++)
        r->payload_types[r->n_payload_types++] = m->payloads[i].type;
}

static void link_pieces(ike_tracker *t, ike_record *r, const ike_datagram *d)
{
    r->fragment = d->fragment;
    if (d->fragment == IKE_FRAGMENT_NONE)
        return;
    r->fragment_number = d->piece_number;
    r->fragment_total = d->n_pieces;
    for (guint i = 0; d->pieces && i < d->pieces->len; i++) {
        ike_record *piece = d->pieces->pdata[i];

        piece->message = r;
        piece->fragment_total = d->n_pieces;
        if (!piece->note.sa)
            ike_note_set_sa(t, &piece->note, r->note.sa);
        piece->side = r->side;
        piece->next_piece = r->next_piece;
        r->next_piece = piece;
    }
}

static void raise_fragments(ike_tracker *t, ike_record *r, const ike_datagram *d)
{
    GString *frames = g_string_new(NULL);

    if (d->fragment == IKE_FRAGMENT_NONE)
        return;
    for (guint i = 0; d->pieces && i < d->pieces->len; i++)
        g_string_append_printf(frames, "%u, ", ((ike_record *)d->pieces->pdata[i])->note.frame);
    ike_raise(t, r->note.sa, d->fragment == IKE_FRAGMENT_IP ? IKE_DIAG_IPFRAG : IKE_DIAG_V1FRAG,
              &r->note, IKE_SEVERITY_NONE, "%u bytes in %u %s fragments (frames %s%u)", r->length,
              d->n_pieces, d->fragment == IKE_FRAGMENT_IP ? "IP" : "IKE", frames->str,
              r->note.frame);
    g_string_free(frames, TRUE);
}

static void raise_header_remarks(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_sa *sa = r->note.sa;

    if (m->trailing > 0)
        ike_raise(t, sa, IKE_DIAG_TRAILING, &r->note, IKE_SEVERITY_NONE,
                  "%u bytes after the end of the message", m->trailing);
    if (m->truncated)
        ike_raise(t, sa, IKE_DIAG_TRUNCATED, &r->note, IKE_SEVERITY_NONE,
                  "the capture holds %u of %u bytes", m->captured, m->length);
    if (m->is_malformed)
        ike_raise(t, sa, IKE_DIAG_MALFORMED, &r->note, IKE_SEVERITY_NONE,
                  "the payloads do not fit into the %u bytes of the message", m->length);
    if (m->payload_limit)
        ike_raise(t, sa, IKE_DIAG_LIMIT, &r->note, IKE_SEVERITY_NONE,
                  "more than %d payloads in a message: the rest is not read", IKE_MAX_PAYLOADS);
    if (sa->reuses && sa->records->len == 1)
        ike_raise(t, sa, IKE_DIAG_COOKIE_REUSED, &r->note, IKE_SEVERITY_NONE,
                  "the initiator cookie of SA %u with another first message", sa->reuses->number);
    if (m->spi_i == 0)
        ike_raise(t, sa, IKE_DIAG_ZERO_COOKIE, &r->note, IKE_SEVERITY_NONE,
                  "the initiator cookie is zero");
}

static bool is_full(ike_tracker *t, ike_sa *sa)
{
    if (sa->records->len < IKE_MAX_SA_RECORDS)
        return false;
    ike_raise(t, sa, IKE_DIAG_LIMIT, NULL, IKE_SEVERITY_NONE,
              "more than %u messages of one SA: later ones are not tracked", IKE_MAX_SA_RECORDS);
    return true;
}

static void number_message(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_side_state *side = r->side == IKE_SIDE_NONE ? NULL : &r->note.sa->sides[r->side];

    t->n_messages++;
    if (side && side->messages++ == 0)
        side->first_time = t->now;
    if (m->version == 1)
        ike_v1_message(t, r, m);
    else
        ike_v2_message(t, r, m);
    r->waiting_since = t->now;
    if (ike_label_is_decided(r->label))
        g_queue_push_tail(t->waiting, r);
}

ike_record *ike_record_new(ike_tracker *t, ike_note_kind kind, ike_sa *sa, const ike_message *m,
                           const ike_datagram *d)
{
    ike_record *r = ike_note_new(t, kind, sizeof *r);

    fill_header(r, m, d);
    r->digest = ike_digest_of(m, d);
    r->last = r->last_send = r;
    r->sends = 1;
    ike_note_set_sa(t, &r->note, sa);
    r->side = ike_sa_side(sa, &d->src, &d->dst);
    r->state = sa->state;
    link_pieces(t, r, d);
    raise_header_remarks(t, r, m);
    return r;
}

ike_record *ike_tracker_message(ike_tracker *t, const ike_datagram *d, const uint8_t *data,
                                size_t captured, size_t wire)
{
    ike_message m;
    ike_digest digest;
    ike_sa *sa;
    ike_record *r;

    if (!ike_message_parse(&m, data, captured, wire))
        return NULL;
    digest = ike_digest_of(&m, d);
    sa = ike_lookup_sa(t, &m, d, &digest,
                       ike_message_has(&m, m.version == 1 ? IKE_PL_SA : IKE_PL_V2_SA));
    if (!sa || is_full(t, sa))
        return NULL;
    if (m.version == 1 && m.next_payload == IKE_PL_FRAGMENT && d->fragment != IKE_FRAGMENT_V1)
        return ike_v1frag_feed(t, sa, &m, d);
    r = ike_record_new(t, IKE_NOTE_MESSAGE, sa, &m, d);
    raise_fragments(t, r, d);
    if (ike_copies_check(t, r)) {
        if (r->version == 1)
            ike_v1_copy_seen(t, r);
    } else {
        number_message(t, r, &m);
    }
    ike_natt_endpoint(t, r);
    return r;
}

/* ---- from a datagram to what is in it ---- */

static bool is_ike_port(uint16_t port)
{
    return port == IKE_PORT || port == IKE_PORT_NATT;
}

static bool is_natt(const ike_datagram *d)
{
    return d->src.port == IKE_PORT_NATT || d->dst.port == IKE_PORT_NATT;
}

/* Newest SA between the two ends that uses these ports, else the newest between the hosts. */
static ike_sa *sa_of_flow(ike_tracker *t, const ike_datagram *d)
{
    const GPtrArray *list = ike_tracker_sas_between(t, &d->src.addr, &d->dst.addr);

    if (!list)
        return NULL;
    for (guint i = list->len; i > 0; i--) {
        ike_sa *sa = list->pdata[i - 1];
        const ike_side side = ike_sa_side(sa, &d->src, &d->dst);

        if (side == IKE_SIDE_NONE)
            continue;
        for (unsigned k = 0; k < sa->sides[side].n_endpoints; k++)
            if (ike_endpoint_equal(&sa->sides[side].endpoints[k], &d->src))
                return sa;
    }
    return list->pdata[list->len - 1];
}

static void feed_keepalive(ike_tracker *t, const ike_datagram *d)
{
    ike_note *note = ike_note_new(t, IKE_NOTE_KEEPALIVE, sizeof *note);
    ike_sa *sa = sa_of_flow(t, d);

    if (sa)
        ike_note_set_sa(t, note, sa);
}

static void feed_esp(ike_tracker *t, const ike_datagram *d, ike_note_kind kind)
{
    ike_note *note = ike_note_new(t, kind, sizeof *note);
    const GPtrArray *list = ike_tracker_sas_between(t, &d->src.addr, &d->dst.addr);
    ike_sa *sa = list ? list->pdata[list->len - 1] : NULL;
    ike_side side;

    t->n_esp++;
    if (!sa)
        return;
    ike_note_set_sa(t, note, sa);
    side = ike_sa_side(sa, &d->src, &d->dst);
    if (side != IKE_SIDE_NONE)
        sa->sides[side].esp_packets++;
}

/* Offset of an IKE message in the payload of a datagram on a strange port, known by its cookies;
 * -1 when there is none. */
static int known_cookies_at(const ike_tracker *t, const ike_datagram *d)
{
    for (int offset = 0; offset <= NON_ESP_MARKER; offset += NON_ESP_MARKER) {
        ike_message m;
        const size_t skip = (size_t)offset;

        if (d->captured < IKE_HEADER_LENGTH + skip ||
            (offset && ike_be32(d->data) != 0) ||
            !ike_message_parse(&m, d->data + skip, d->captured - skip, d->wire - skip) ||
            m.trailing > 0)
            continue;
        for (ike_sa *sa = ike_lookup_spi(t, m.spi_i); sa; sa = sa->same_spi)
            if (sa->spi_r == m.spi_r || sa->spi_r == 0)
                return offset;
    }
    return -1;
}

static bool parses_whole(const ike_datagram *d, size_t skip)
{
    ike_message m;

    return d->captured > skip && ike_message_parse(&m, d->data + skip, d->captured - skip,
                                                   d->wire - skip) &&
           m.trailing == 0 && m.spi_i != 0 && ike_exchange_name(m.exchange);
}

/* The message of a datagram after `skip` bytes of non-ESP marker. */
static ike_record *feed_message(ike_tracker *t, const ike_datagram *d, size_t skip)
{
    ike_datagram inner = *d;

    inner.has_marker = skip > 0;
    return ike_tracker_message(t, &inner, d->data + skip, d->captured - skip, d->wire - skip);
}

/* RFC 3948 2.2: on port 4500 four zero bytes tell IKE from ESP. */
static void feed_natt_port(ike_tracker *t, const ike_datagram *d)
{
    if (d->captured < NON_ESP_MARKER)
        return;
    if (ike_be32(d->data) == 0) {
        feed_message(t, d, NON_ESP_MARKER);
    } else if (parses_whole(d, 0)) {
        ike_record *r = feed_message(t, d, 0);

        if (r)
            ike_raise(t, r->note.sa, IKE_DIAG_NATT_NOMARKER, &r->note, IKE_SEVERITY_NONE,
                      "an IKE message on port 4500 without the non-ESP marker");
    } else {
        feed_esp(t, d, IKE_NOTE_ESP);
    }
}

static void feed_ike_port(ike_tracker *t, const ike_datagram *d)
{
    if (d->captured >= 16 && ike_be64(d->data) == 0) {
        feed_esp(t, d, IKE_NOTE_ESP); /* non-IKE marker of draft-ietf-ipsec-udp-encaps-00 and -01 */
    } else if (d->captured > NON_ESP_MARKER && ike_be32(d->data) == 0 &&
               parses_whole(d, NON_ESP_MARKER)) {
        ike_record *r = feed_message(t, d, NON_ESP_MARKER);

        if (r)
            ike_raise(t, r->note.sa, IKE_DIAG_MARKER_ON_500, &r->note, IKE_SEVERITY_NONE,
                      "an IKE message on port 500 after a non-ESP marker");
    } else {
        feed_message(t, d, 0);
    }
}

void ike_tracker_datagram(ike_tracker *t, const ike_datagram *d)
{
    if (d->captured == 0)
        return;
    if (is_ike_port(d->src.port) || is_ike_port(d->dst.port)) {
        if (d->wire == 1 && d->data[0] == 0xff)
            feed_keepalive(t, d);
        else if (is_natt(d))
            feed_natt_port(t, d);
        else
            feed_ike_port(t, d);
        return;
    }

    const int offset = known_cookies_at(t, d);

    if (offset >= 0)
        feed_message(t, d, (size_t)offset);
}

/* ---- from an IP packet to a datagram ---- */

static void feed_udp(ike_tracker *t, const ike_ip_packet *ip)
{
    if (ip->captured < 8 || ip->length < 8)
        return;

    const size_t length = ike_be16(ip->payload + 4);
    const size_t wire = length >= 8 && length <= ip->length ? length : ip->length;
    const ike_datagram d = {
        .src = { ip->src, ike_be16(ip->payload) },
        .dst = { ip->dst, ike_be16(ip->payload + 2) },
        .data = ip->payload + 8,
        .captured = MIN(ip->captured, wire) - 8,
        .wire = wire - 8,
        .ip_id = ip->id,
        .has_ip_id = ip->has_id,
        .checksum = ike_be16(ip->payload + 6),
    };

    ike_tracker_datagram(t, &d);
}

static void feed_native_esp(ike_tracker *t, const ike_ip_packet *ip)
{
    const ike_datagram d = { .src = { ip->src, 0 }, .dst = { ip->dst, 0 } };

    feed_esp(t, &d, ip->protocol == IKE_IPPROTO_AH ? IKE_NOTE_AH : IKE_NOTE_ESP);
}

void ike_tracker_feed_ip(ike_tracker *t, const uint8_t *data, size_t captured)
{
    ike_ip_packet ip;

    if (!ike_ip_parse(data, captured, &ip))
        return;
    remember_pair(t, &ip.src, &ip.dst);
    if (ip.is_fragment) {
        ike_ipfrag_feed(t, &ip);
        return;
    }
    switch (ip.protocol) {
    case IKE_IPPROTO_UDP: feed_udp(t, &ip); break;
    case IKE_IPPROTO_ESP:
    case IKE_IPPROTO_AH: feed_native_esp(t, &ip); break;
    case IKE_IPPROTO_ICMP:
    case IKE_IPPROTO_ICMPV6: ike_icmp_feed(t, &ip); break;
    default: break;
    }
}

void ike_tracker_feed_message(ike_tracker *t, const ike_endpoint *src, const ike_endpoint *dst,
                              const uint8_t *data, size_t captured, size_t wire)
{
    const ike_datagram d = { .src = *src, .dst = *dst, .data = data, .captured = captured,
                             .wire = wire };

    remember_pair(t, &src->addr, &dst->addr);
    ike_tracker_message(t, &d, data, captured, wire);
}

void ike_tracker_end_frame(ike_tracker *t)
{
    if (t->last_note)
        ike_judge_live(t, t->last_note);
}

ike_note *ike_tracker_notes(const ike_tracker *t, uint32_t frame)
{
    return g_hash_table_lookup(t->notes, GUINT_TO_POINTER(frame));
}

/* ---- results ---- */

void ike_tracker_finish(ike_tracker *t)
{
    if (t->is_judged)
        return;
    t->is_judging = true;
    ike_judge_capture(t);
    t->is_judging = false;
    t->is_judged = true;
}

const GPtrArray *ike_tracker_sas(const ike_tracker *t) { return t->sas; }
const GPtrArray *ike_tracker_findings(const ike_tracker *t) { return t->findings; }
ike_span ike_tracker_span(const ike_tracker *t) { return t->span; }

const GPtrArray *ike_tracker_orphans(const ike_tracker *t) { return t->orphans; }
uint32_t ike_tracker_current(const ike_tracker *t) { return t->frame; }

bool ike_tracker_has_data(const ike_tracker *t)
{
    return t->sas->len > 0 || t->n_esp > 0 || t->n_pieces > 0;
}
