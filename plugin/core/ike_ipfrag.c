/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKE messages in IP fragments. Only the first fragment has ports, so fragments that come before it
 * are kept until it tells whether they matter. RFC 791 3.2, RFC 8200 4.5, RFC 5722.
 */
#include "ike_track.h"

#include <string.h>

#define SET_LIFETIME (60 * IKE_SECOND) /* RFC 1122 3.3.2, RFC 8200 4.5: then the ID is used anew */
#define MAX_SETS 8192u
#define MAX_PIECES 128u
#define MAX_DATAGRAM 65535u
#define ENDS_TOO_SOON (1 * IKE_SECOND)

typedef struct set_key {
    ike_addr src, dst;
    uint32_t id;
} set_key;

typedef struct ip_piece {
    uint32_t offset, length; /* on the wire */
    uint32_t captured;
    bool is_last;
    uint8_t *data;
    uint32_t frame;
    ike_time time;
    ike_record *record; /* or NULL while it is not known to be IKE */
} ip_piece;

typedef enum set_kind { SET_UNKNOWN, SET_IKE, SET_OTHER } set_kind;

typedef struct fragment_set {
    set_key key;
    set_kind kind;
    bool done;
    GArray *pieces; /* of piece, by offset */
    uint32_t total; /* bytes of the datagram; 0 while unknown */
    ike_time first;
    ike_endpoint src, dst;
    ike_sa *sa; /* or NULL */
    struct {
        bool seen;
        uint8_t version, exchange, flags;
        uint32_t length; /* of the IKE message */
    } header; /* in the first fragment */
} fragment_set;

struct ike_ipfrag_table {
    GHashTable *sets; /* newest by key */
    GQueue *order;    /* owns them, oldest first */
    unsigned n_idle;  /* of these, not known to be IKE */
};

static guint key_hash(gconstpointer p)
{
    const set_key *key = p;

    return ike_addr_hash(&key->src) * 33 + ike_addr_hash(&key->dst) + key->id;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    const set_key *x = a, *y = b;

    return x->id == y->id && ike_addr_equal(&x->src, &y->src) && ike_addr_equal(&x->dst, &y->dst);
}

static void drop_data(fragment_set *set)
{
    for (guint i = 0; i < set->pieces->len; i++) {
        ip_piece *p = &g_array_index(set->pieces, ip_piece, i);

        g_free(p->data);
        p->data = NULL;
    }
}

static void free_set(gpointer data)
{
    fragment_set *set = data;

    drop_data(set);
    g_array_free(set->pieces, TRUE);
    g_free(set);
}

struct ike_ipfrag_table *ike_ipfrag_table_new(void)
{
    struct ike_ipfrag_table *table = g_new0(struct ike_ipfrag_table, 1);

    table->sets = g_hash_table_new(key_hash, key_equal);
    table->order = g_queue_new();
    return table;
}

void ike_ipfrag_table_free(struct ike_ipfrag_table *table)
{
    g_hash_table_destroy(table->sets);
    g_queue_free_full(table->order, free_set);
    g_free(table);
}

static void forget(struct ike_ipfrag_table *table, GList *link)
{
    fragment_set *set = link->data;

    if (g_hash_table_lookup(table->sets, &set->key) == set)
        g_hash_table_remove(table->sets, &set->key);
    table->n_idle -= set->kind != SET_IKE;
    free_set(set);
    g_queue_delete_link(table->order, link);
}

/* Sets that came to nothing go first, many at a time; those of IKE stay, for the report at the end,
 * as long as there is room. */
static void evict(ike_tracker *t)
{
    struct ike_ipfrag_table *table = t->ipfrags;

    if (g_queue_get_length(table->order) < MAX_SETS)
        return;
    if (table->n_idle > MAX_SETS / 4) {
        for (GList *l = table->order->head, *next; l; l = next) {
            next = l->next;
            if (((const fragment_set *)l->data)->kind != SET_IKE)
                forget(table, l);
        }
        return;
    }
    if (!((const fragment_set *)table->order->head->data)->done)
        ike_raise(t, NULL, IKE_DIAG_LIMIT, NULL, 0,
                  "more than %u sets of IP fragments: the oldest are forgotten", MAX_SETS);
    forget(table, table->order->head);
}

static fragment_set *new_set(ike_tracker *t, const set_key *key)
{
    fragment_set *set = g_new0(fragment_set, 1);

    set->key = *key; /* before the set that it may belong to is evicted */
    evict(t);
    set->first = t->now;
    set->pieces = g_array_new(FALSE, TRUE, sizeof(ip_piece));
    g_queue_push_tail(t->ipfrags->order, set);
    t->ipfrags->n_idle++;
    g_hash_table_replace(t->ipfrags->sets, &set->key, set);
    return set;
}

static ip_piece *piece_at(fragment_set *set, uint32_t offset)
{
    for (guint i = 0; i < set->pieces->len; i++) {
        ip_piece *p = &g_array_index(set->pieces, ip_piece, i);

        if (p->offset == offset)
            return p;
    }
    return NULL;
}

typedef enum overlap { OVERLAP_NONE, OVERLAP_SAME_BYTES, OVERLAP_OTHER_BYTES } overlap;

/* Compares the bytes that a piece and a new fragment share, as far as they were captured. */
static overlap overlap_with(const ip_piece *p, const ike_ip_packet *ip)
{
    const uint32_t from = MAX(p->offset, ip->offset);
    const uint32_t end = MIN(p->offset + p->length, ip->offset + (uint32_t)ip->length);
    const uint32_t known = MIN(p->offset + p->captured, ip->offset + (uint32_t)ip->captured);

    if (from >= end)
        return OVERLAP_NONE;
    if (!p->data || MIN(end, known) <= from)
        return OVERLAP_SAME_BYTES;
    return memcmp(p->data + (from - p->offset), ip->payload + (from - ip->offset),
                  MIN(end, known) - from) == 0 ? OVERLAP_SAME_BYTES : OVERLAP_OTHER_BYTES;
}

static overlap overlap_of(const fragment_set *set, const ike_ip_packet *ip)
{
    overlap worst = OVERLAP_NONE;

    for (guint i = 0; i < set->pieces->len; i++)
        worst = MAX(worst, overlap_with(&g_array_index(set->pieces, ip_piece, i), ip));
    return worst;
}

/* ---- records of pieces ---- */

static uint32_t number_of(fragment_set *set, const ip_piece *p)
{
    const ip_piece *first = piece_at(set, 0);

    if (p->offset == 0)
        return 1;
    return first && first->length ? (p->offset + first->length - 1) / first->length + 1 : 0;
}

static uint32_t expected_pieces(fragment_set *set)
{
    const ip_piece *first = piece_at(set, 0);

    return first && first->length && set->total ? (set->total + first->length - 1) / first->length
                                                : 0;
}

/* The fields of a piece that its set tells; a set that grows tells more. */
static void describe(fragment_set *set)
{
    const uint32_t expected = expected_pieces(set);

    for (guint i = 0; i < set->pieces->len; i++) {
        ip_piece *p = &g_array_index(set->pieces, ip_piece, i);

        if (!p->record || set->done)
            continue;
        p->record->fragment_number = number_of(set, p);
        if (expected && p->record->fragment_number > expected)
            p->record->fragment_number = 0; /* the pieces contradict each other */
        p->record->fragment_total = expected;
        p->record->fragment_missing = expected > set->pieces->len ? expected - set->pieces->len : 0;
    }
}

static void make_record(ike_tracker *t, fragment_set *set, ip_piece *p)
{
    ike_record *r = ike_note_new_at(t, IKE_NOTE_PIECE, sizeof *r, p->frame, p->time);

    t->n_pieces++;
    r->src = set->src;
    r->dst = set->dst;
    r->side = IKE_SIDE_NONE;
    r->ip_id = set->key.id;
    r->has_ip_id = true;
    r->fragment = IKE_FRAGMENT_IP;
    r->last = r->last_send = r;
    r->version = set->header.version;
    r->exchange_type = set->header.exchange;
    r->length = set->header.length;
    if (set->sa) {
        ike_note_set_sa(t, &r->note, set->sa);
        r->side = ike_sa_side(set->sa, &set->src, &set->dst);
        r->state = set->sa->tracked_state;
        ike_piece_seen(r);
    }
    p->record = r;
}

static void make_records(ike_tracker *t, fragment_set *set, uint32_t but_not_frame)
{
    for (guint i = 0; i < set->pieces->len; i++) {
        ip_piece *p = &g_array_index(set->pieces, ip_piece, i);

        if (!p->record && p->frame != but_not_frame)
            make_record(t, set, p);
    }
}

/* A piece doubled by the capture or the network. */
static void note_double(ike_tracker *t, fragment_set *set, const ip_piece *p)
{
    ip_piece copy = { .frame = t->frame, .time = t->now };

    if (set->kind != SET_IKE)
        return;
    make_record(t, set, &copy);
    copy.record->fragment_number = p->record ? p->record->fragment_number : number_of(set, p);
    if (p->record) {
        copy.record->copy = IKE_COPY_DUPLICATE;
        copy.record->doubles = p->record;
        copy.record->fragment_total = p->record->fragment_total;
        copy.record->message = p->record->note.kind == IKE_NOTE_MESSAGE ? p->record
                                                                        : p->record->message;
    }
}

/* The same bytes cut elsewhere: a router put the datagram together and fragmented it anew. */
static void note_recut(ike_tracker *t, fragment_set *set)
{
    const ip_piece *known = &g_array_index(set->pieces, ip_piece, 0);
    ip_piece copy = { .frame = t->frame, .time = t->now };

    if (set->kind != SET_IKE)
        return;
    make_record(t, set, &copy);
    if (known->record)
        copy.record->message = known->record->note.kind == IKE_NOTE_MESSAGE
                                   ? known->record : known->record->message;
}

/* ---- the first fragment ---- */

/* The IKE header in the first fragment names the SA. */
static void read_header(ike_tracker *t, fragment_set *set, const ip_piece *p, size_t skip)
{
    ike_message m;

    if (p->captured <= 8 + skip ||
        !ike_message_parse(&m, p->data + 8 + skip, p->captured - 8 - skip,
                           MAX(set->total, p->captured) - 8 - skip))
        return;
    set->kind = SET_IKE;
    t->ipfrags->n_idle--;
    set->sa = ike_lookup_known(t, &m, &set->src, &set->dst);
    set->header.seen = true;
    set->header.version = m.version;
    set->header.exchange = m.exchange;
    set->header.flags = m.flags;
    set->header.length = m.length;
}

static void read_ports(ike_tracker *t, fragment_set *set, const ip_piece *p)
{
    const uint8_t *udp = p->data;
    bool natt;

    set->kind = SET_OTHER;
    if (p->captured < 12)
        return;
    set->src = (ike_endpoint){ set->key.src, ike_be16(udp) };
    set->dst = (ike_endpoint){ set->key.dst, ike_be16(udp + 2) };
    if (ike_be16(udp + 4) > p->length)
        set->total = ike_be16(udp + 4);
    natt = set->src.port == IKE_PORT_NATT || set->dst.port == IKE_PORT_NATT;
    if (ike_is_port(set->src.port) || ike_is_port(set->dst.port))
        read_header(t, set, p, natt && ike_be32(udp + 8) == 0 ? 4 : 0);
}

/* ---- completion ---- */

static bool is_complete(fragment_set *set)
{
    uint32_t end = 0;

    for (guint i = 0; i < set->pieces->len; i++) {
        const ip_piece *p = &g_array_index(set->pieces, ip_piece, i);

        if (p->offset != end)
            return false;
        end += p->length;
        if (p->is_last)
            return i + 1 == set->pieces->len;
    }
    return false;
}

static void deliver(ike_tracker *t, fragment_set *set)
{
    GByteArray *bytes = g_byte_array_new();
    GPtrArray *records = g_ptr_array_new();
    const ike_note *before = t->last_note;
    ip_piece *completing = NULL;
    ike_datagram d = { .src = set->src, .dst = set->dst, .ip_id = set->key.id, .has_ip_id = true,
                       .fragment = IKE_FRAGMENT_IP, .pieces = records,
                       .n_pieces = set->pieces->len };
    bool whole = true;
    uint32_t wire = 0;

    for (guint i = 0; i < set->pieces->len; i++) {
        ip_piece *p = &g_array_index(set->pieces, ip_piece, i);

        if (whole)
            g_byte_array_append(bytes, p->data, p->captured);
        whole &= p->captured == p->length;
        wire += p->length;
        if (p->record) {
            p->record->fragment_number = i + 1;
            p->record->fragment_missing = 0;
            g_ptr_array_add(records, p->record);
        } else {
            d.piece_number = i + 1;
            completing = p;
        }
    }
    if (bytes->len >= 8 && wire >= 8) {
        const size_t length = ike_be16(bytes->data + 4);

        if (length >= 8 && length <= wire)
            wire = (uint32_t)length;
        d.checksum = ike_be16(bytes->data + 6);
        d.data = bytes->data + 8;
        d.captured = MIN(bytes->len, wire) - 8;
        d.wire = wire - 8;
        ike_tracker_datagram(t, &d);
        if (completing && t->last_note != before)
            completing->record = ike_note_record(t->last_note);
    }
    g_byte_array_free(bytes, TRUE);
    g_ptr_array_free(records, TRUE);
}

/* ---- feeding ---- */

static fragment_set *set_for(ike_tracker *t, const ike_ip_packet *ip)
{
    const set_key key = { ip->src, ip->dst, ip->id };
    fragment_set *set = g_hash_table_lookup(t->ipfrags->sets, &key);
    const ike_time age = set ? t->now - set->first : 0;

    if (!set || age > SET_LIFETIME || age < -SET_LIFETIME)
        return new_set(t, &key);
    return set;
}

static void insert_sorted(fragment_set *set, const ip_piece *p)
{
    guint i = 0;

    while (i < set->pieces->len && g_array_index(set->pieces, ip_piece, i).offset < p->offset)
        i++;
    g_array_insert_vals(set->pieces, i, p, 1);
}

static void add_piece(ike_tracker *t, fragment_set *set, const ike_ip_packet *ip)
{
    ip_piece p = { .offset = ip->offset, .length = (uint32_t)ip->length,
                .captured = (uint32_t)ip->captured, .is_last = !ip->more_fragments,
                .frame = t->frame, .time = t->now };

    p.data = g_memdup2(ip->payload, ip->captured);
    if (p.is_last)
        set->total = p.offset + p.length;
    insert_sorted(set, &p);
    if (p.offset == 0)
        read_ports(t, set, piece_at(set, 0));
}

static void raise_overlap(ike_tracker *t, fragment_set *set)
{
    ip_piece here = { .frame = t->frame, .time = t->now };

    if (set->kind != SET_IKE)
        return;
    make_record(t, set, &here);
    ike_raise(t, set->sa, IKE_DIAG_IPFRAG_OVERLAP, &here.record->note, 0,
              "IP fragments of the message with IP ID %04x overlap", set->key.id);
}

static bool is_double(const ip_piece *p, const ike_ip_packet *ip)
{
    return p && p->length == ip->length &&
           (!p->data || (p->captured == ip->captured &&
                         memcmp(p->data, ip->payload, p->captured) == 0));
}

/* A piece after the last one, or a last one before others that are there, belongs to no datagram. */
static bool is_beyond_end(const fragment_set *set, const ike_ip_packet *ip)
{
    const uint32_t end = ip->offset + (uint32_t)ip->length;
    const ip_piece *last = set->pieces->len
                               ? &g_array_index(set->pieces, ip_piece, set->pieces->len - 1) : NULL;

    return last && ((last->is_last && ip->offset > last->offset) ||
                    (!ip->more_fragments && end < last->offset + last->length));
}

/* A piece that comes again later than this is another datagram with the same ID. */
static bool is_recent(const ike_tracker *t, const ip_piece *p)
{
    return p && t->now - p->time < IKE_SECOND && p->time - t->now < IKE_SECOND;
}

void ike_ipfrag_feed(ike_tracker *t, const ike_ip_packet *ip)
{
    fragment_set *set;
    const ip_piece *same;
    overlap shared;

    if (ip->protocol != IKE_IPPROTO_UDP || ip->length == 0 ||
        ip->offset + ip->length > MAX_DATAGRAM)
        return;
    set = set_for(t, ip);
    same = piece_at(set, ip->offset);
    if ((set->done && !is_recent(t, same)) ||
        (set->kind == SET_OTHER && same && !is_recent(t, same))) {
        set = new_set(t, &set->key);
        same = NULL;
    }
    if (is_double(same, ip)) {
        note_double(t, set, same);
        return;
    }
    if (set->done || set->pieces->len >= MAX_PIECES)
        return;
    shared = overlap_of(set, ip);
    if (shared == OVERLAP_OTHER_BYTES)
        raise_overlap(t, set);
    if (shared == OVERLAP_SAME_BYTES)
        note_recut(t, set);
    if (shared != OVERLAP_NONE)
        return;
    if (is_beyond_end(set, ip))
        return;
    add_piece(t, set, ip);
    if (set->kind == SET_OTHER) {
        drop_data(set);
    } else if (set->kind == SET_IKE && is_complete(set)) {
        make_records(t, set, t->frame);
        deliver(t, set);
        set->done = true;
        drop_data(set);
    } else if (set->kind == SET_IKE) {
        make_records(t, set, 0);
        describe(set);
    }
}

/* ---- at the end ---- */

/* Counts incomplete sets of the same message: same sender, SA and length. */
static unsigned sets_alike(ike_tracker *t, const fragment_set *set, const fragment_set **newest)
{
    unsigned n = 0;

    for (GList *l = t->ipfrags->order->head; l; l = l->next) {
        const fragment_set *other = l->data;

        if (other->kind != SET_IKE || other->done || other->sa != set->sa || !other->header.seen ||
            other->header.length != set->header.length ||
            !ike_addr_equal(&other->key.src, &set->key.src))
            continue;
        *newest = other;
        n++;
    }
    return n;
}

static void describe_missing(fragment_set *set, GString *text)
{
    uint32_t end = 0;

    for (guint i = 0; i < set->pieces->len; i++) {
        const ip_piece *p = &g_array_index(set->pieces, ip_piece, i);

        if (p->offset > end)
            g_string_append_printf(text, "%s%u-%u", text->len ? ", " : "", end, p->offset - 1);
        end = p->offset + p->length;
    }
    if (set->total > end)
        g_string_append_printf(text, "%s%u-%u", text->len ? ", " : "", end, set->total - 1);
}

/* What to say of a request of which only pieces came, however often it was sent: nobody can have
 * answered it. */
static const struct {
    uint8_t exchange, flags; /* as in its header */
    ike_diagnosis_id id;
    const char *label;
} requests_in_pieces[] = {
    { IKE_XCHG_MAIN, IKE_FLAG_ENCRYPTED, IKE_DIAG_MM5_NORESP, "MM5" },
    { IKE_XCHG_V2_AUTH, IKE_FLAG_V2_INITIATOR, IKE_DIAG_AUTH_NORESP, "IKE_AUTH.req" },
};

static bool is_in_capture(const ike_sa *sa)
{
    return sa->version == 2 ? sa->v2.last_auth != NULL : sa->phase1->slot[5] != NULL;
}

static void judge_request(ike_tracker *t, const fragment_set *set, const ip_piece *p, unsigned times)
{
    ike_sa *sa = set->sa;

    if (ike_sa_role(sa, p->record->side) != IKE_ROLE_INITIATOR || is_in_capture(sa))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(requests_in_pieces); i++)
        if (requests_in_pieces[i].exchange == set->header.exchange &&
            requests_in_pieces[i].flags == set->header.flags)
            ike_raise(t, sa, requests_in_pieces[i].id, &p->record->note, 0,
                      "%s was sent %u times, and never came whole to the capture point: IP fragments "
                      "are lost", requests_in_pieces[i].label, times);
}

static void judge_set(ike_tracker *t, fragment_set *set)
{
    const ip_piece *p = &g_array_index(set->pieces, ip_piece, 0);
    const fragment_set *newest = set;
    const unsigned times = sets_alike(t, set, &newest);
    GString *missing;
    bool answered;

    if (!p->record || t->span.last - p->time < ENDS_TOO_SOON)
        return;
    answered = ike_sa_goes_on_after(set->sa, p->record);
    if (!answered && times > 1) {
        ike_sa_fail(set->sa);
        if (set == newest)
            judge_request(t, set, p, times);
    }
    missing = g_string_new(NULL);
    describe_missing(set, missing);
    ike_raise(t, set->sa, IKE_DIAG_IPFRAG_LOSS, &p->record->note,
              !answered && times > 1 ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
              "%u-byte %s message: bytes %s of the datagram are missing%s", set->header.length,
              ike_exchange_name(set->header.exchange)
                  ? ike_exchange_name(set->header.exchange) : "IKE",
              missing->len ? missing->str : "at the end",
              times > 1 ? ", in every copy" : "");
    g_string_free(missing, TRUE);
}

void ike_ipfrag_judge(ike_tracker *t)
{
    for (GList *l = t->ipfrags->order->head; l; l = l->next) {
        fragment_set *set = l->data;

        if (set->kind == SET_IKE && !set->done && set->sa && set->header.seen && set->pieces->len > 0)
            judge_set(t, set);
    }
}
