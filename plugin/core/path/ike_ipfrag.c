/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKE messages in IP fragments. Only the first fragment has ports, so fragments that come before it
 * are kept until it tells whether they matter. RFC 791 3.2, RFC 8200 4.5, RFC 5722.
 */
#include "ike_esp.h"
#include "ike_ipset.h"
#include "ike_path.h"

#include <string.h>

#define SET_LIFETIME (60 * IKE_SECOND) /* RFC 1122 3.3.2, RFC 8200 4.5: then the ID is used anew */
#define MAX_DATAGRAM 65535u
#define AWAITED_WITHIN (10 * IKE_SECOND)
#define NEWEST_SAS 4      /* between two hosts that may wait for a piece */
#define NEWEST_RECORDS 8  /* of an SA among which its newest message is looked for */
#define NEWEST_PIECES 256 /* .. with those that are only probably its own */

struct ike_ipfrag_table *ike_ipfrag_table_new(void)
{
    struct ike_ipfrag_table *table = g_new0(struct ike_ipfrag_table, 1);

    table->sets = g_hash_table_new(ike_ip_key_hash, ike_ip_key_equal);
    table->order = g_queue_new();
    return table;
}

void ike_ipfrag_table_free(struct ike_ipfrag_table *table)
{
    g_hash_table_destroy(table->sets);
    g_queue_free_full(table->order, ike_ipset_free);
    g_free(table);
}

static void forget(struct ike_ipfrag_table *table, GList *link)
{
    ike_ipset *set = link->data;

    if (g_hash_table_lookup(table->sets, &set->key) == set)
        g_hash_table_remove(table->sets, &set->key);
    table->n_idle -= set->kind != IKE_IPSET_IKE;
    table->bytes -= set->bytes;
    ike_ipset_free(set);
    g_queue_delete_link(table->order, link);
}

static void drop_data(struct ike_ipfrag_table *table, ike_ipset *set)
{
    table->bytes -= set->bytes;
    set->bytes = 0;
    ike_ipset_drop_data(set);
}

static void forget_early(ike_tracker *t, GList *link, ike_limit_id limit)
{
    if (!((const ike_ipset *)link->data)->done)
        ike_raise_limit(t, NULL, limit, NULL);
    forget(t->ipfrags, link);
}

/* Room for a fragment of `set`, which stays. A quarter is freed at once, so that the sets that hold nothing
 * are not walked over for each fragment. */
static void evict_for_bytes(ike_tracker *t, const ike_ipset *set, size_t bytes)
{
    struct ike_ipfrag_table *table = t->ipfrags;
    GList *next;

    if (table->bytes + bytes <= IKE_MAX_IP_BYTES)
        return;
    for (GList *l = table->order->head; l && table->bytes > IKE_MAX_IP_BYTES / 4 * 3; l = next) {
        const ike_ipset *other = l->data;

        next = l->next;
        if (other != set && other->bytes > 0)
            forget_early(t, l, IKE_LIMIT_IP_BYTES);
    }
}

/* The first fragment, which tells what it is, may still come. */
static bool is_waited_for(const ike_tracker *t, const ike_ipset *set)
{
    return set->kind == IKE_IPSET_UNKNOWN && ike_time_near(t->now, set->first, IKE_SECOND);
}

/* Sets that came to nothing go first, many at a time; those of IKE stay, for the report at the end,
 * as long as there is room. */
static void evict_for_another(ike_tracker *t)
{
    struct ike_ipfrag_table *table = t->ipfrags;

    if (g_queue_get_length(table->order) < IKE_MAX_IP_SETS)
        return;
    if (table->n_idle > IKE_MAX_IP_SETS / 4) {
        bool is_early = false;

        for (GList *l = table->order->head, *next; l; l = next) {
            next = l->next;
            is_early |= is_waited_for(t, l->data);
            if (((const ike_ipset *)l->data)->kind != IKE_IPSET_IKE)
                forget(table, l);
        }
        if (is_early)
            ike_raise_limit(t, NULL, IKE_LIMIT_IP_SETS, NULL);
        return;
    }
    forget_early(t, table->order->head, IKE_LIMIT_IP_SETS);
}

static ike_ipset *new_set(ike_tracker *t, const ike_ip_key *key)
{
    ike_ipset *set = ike_ipset_new(key, t->now); /* before the set that has the key is evicted */

    evict_for_another(t);
    g_queue_push_tail(t->ipfrags->order, set);
    t->ipfrags->n_idle++;
    g_hash_table_replace(t->ipfrags->sets, &set->key, set);
    return set;
}

/* ---- records of pieces ---- */

static void make_record(ike_tracker *t, ike_ipset *set, ike_ip_piece *p)
{
    ike_record *r = ike_note_new_at(t, IKE_NOTE_PIECE, sizeof *r, p->frame, p->time);

    t->n_pieces++;
    r->side = IKE_SIDE_NONE;
    r->ip_id = set->key.id;
    r->has_ip_id = true;
    r->fragment = IKE_FRAGMENT_IP;
    r->packet_length = p->length + (set->key.src.family == 4 ? 20 : 48);
    r->is_probable = set->kind != IKE_IPSET_IKE;
    r->version = set->header.version;
    r->exchange_type = set->header.exchange;
    r->flags = set->header.flags;
    r->next_payload = set->header.next_payload;
    r->message_id = set->header.message_id;
    r->is_encrypted = set->header.is_encrypted;
    r->length = set->header.length;
    if (set->sa)
        ike_note_set_sa(t, &r->note, set->sa);
    ike_record_set_ends(r, &set->src, &set->dst);
    ike_record_set_spis(r, set->header.spi_i, set->header.spi_r);
    if (set->sa) {
        r->side = ike_sa_side(set->sa, &set->src, &set->dst);
        r->state = set->sa->tracked_state;
        if (!r->is_probable) /* what is only probable proves no reaction */
            ike_piece_seen(r);
    }
    p->record = r;
}

void ike_ipset_make_records(ike_tracker *t, ike_ipset *set, uint32_t but_not_frame)
{
    for (guint i = 0; i < set->pieces->len; i++) {
        ike_ip_piece *p = ike_ipset_nth(set, i);

        if (!p->record && p->frame != but_not_frame)
            make_record(t, set, p);
    }
}

/* A piece doubled by the capture or the network. */
static void note_double(ike_tracker *t, ike_ipset *set, const ike_ip_piece *p)
{
    ike_ip_piece copy = { .frame = t->frame, .time = t->now };

    if (set->kind != IKE_IPSET_IKE)
        return;
    make_record(t, set, &copy);
    ike_record_rare(copy.record)->fragment_number = p->record ? p->record->rare->fragment_number : ike_ipset_number(set, p);
    if (p->record) {
        copy.record->copy = IKE_COPY_DUPLICATE;
        ike_record_rare(copy.record)->doubles = p->record;
        ike_record_rare(copy.record)->fragment_total = p->record->rare->fragment_total;
        ike_record_rare(copy.record)->message = p->record->note.kind == IKE_NOTE_MESSAGE ? p->record
                                                                        : p->record->rare->message;
    }
}

/* The same bytes cut elsewhere: a router put the datagram together and fragmented it anew. */
static void note_recut(ike_tracker *t, ike_ipset *set)
{
    const ike_ip_piece *known = ike_ipset_nth(set, 0);
    ike_ip_piece copy = { .frame = t->frame, .time = t->now };

    if (set->kind != IKE_IPSET_IKE)
        return;
    make_record(t, set, &copy);
    if (known->record)
        ike_record_rare(copy.record)->message = known->record->note.kind == IKE_NOTE_MESSAGE
                                   ? known->record : known->record->rare->message;
}

/* ---- the first fragment ---- */

/* The IKE header in the first fragment names the SA. */
static void read_header(ike_tracker *t, ike_ipset *set, const ike_ip_piece *p, size_t skip)
{
    ike_message m;

    if (p->captured <= skip ||
        !ike_message_parse(&m, p->data + skip, p->captured - skip,
                           MAX(set->total, p->captured) - skip))
        return;
    set->kind = IKE_IPSET_IKE;
    t->ipfrags->n_idle--;
    set->sa = ike_lookup_known(t, &m, &set->src, &set->dst);
    set->header.seen = true;
    set->header.version = m.version;
    set->header.exchange = m.exchange;
    set->header.flags = m.flags;
    set->header.next_payload = m.next_payload;
    set->header.spi_i = m.spi_i;
    set->header.spi_r = m.spi_r;
    set->header.message_id = m.message_id;
    set->header.is_encrypted = m.is_encrypted;
    set->header.length = m.length;
}

/* Takes back what was annotated because it was probable. */
static void retract_records(ike_tracker *t, ike_ipset *set)
{
    for (guint i = 0; i < set->pieces->len; i++) {
        ike_ip_piece *p = ike_ipset_nth(set, i);

        if (p->record)
            ike_note_retract(t, &p->record->note);
        p->record = NULL;
    }
}

/* ESP in UDP: as of ESP in IP, the first fragment has the SPI and stands for all. */
static void read_esp(ike_tracker *t, const ike_ipset *set, const ike_ip_piece *p, const uint8_t *udp)
{
    const uint32_t length = MAX(ike_be16(udp + 4), p->captured - set->udp_at);
    const ike_datagram d = {
        .src = set->src,
        .dst = set->dst,
        .data = udp + 8,
        .captured = p->captured - set->udp_at - 8,
        .wire = length - 8,
        .ip_id = set->key.id,
        .has_ip_id = true,
        .fragment = IKE_FRAGMENT_IP,
    };

    ike_demux_esp(t, &d);
}

static void read_udp(ike_tracker *t, ike_ipset *set, const ike_ip_piece *p, const uint8_t *udp)
{
    const uint32_t length = set->udp_at + ike_be16(udp + 4);
    bool natt;

    set->src = (ike_endpoint){ set->key.src, ike_be16(udp) };
    set->dst = (ike_endpoint){ set->key.dst, ike_be16(udp + 2) };
    if (length > p->length && !set->total)
        set->total = length;
    natt = ike_is_natt(set->src.port, set->dst.port);
    if (ike_is_port(set->src.port) || ike_is_port(set->dst.port))
        read_header(t, set, p, set->udp_at + 8 + (natt && ike_be32(udp + 8) == 0 ? 4 : 0));
    if (natt && set->kind != IKE_IPSET_IKE && ike_be32(udp + 8) >= IKE_FIRST_SPI)
        read_esp(t, set, p, udp);
}

static void read_first(ike_tracker *t, ike_ipset *set, const ike_ip_piece *p)
{
    uint8_t protocol = set->protocol;
    size_t at;

    retract_records(t, set);
    set->sa = NULL; /* it may be another that waited */
    set->kind = IKE_IPSET_OTHER;
    if (ike_ip_skip_extensions(p->data, p->captured, &protocol, &at) &&
        protocol == IKE_IPPROTO_UDP && p->captured >= at + 12) {
        set->udp_at = (uint32_t)at;
        read_udp(t, set, p, p->data + at);
    }
}

/* ---- without the first fragment ---- */

static const ike_record *newest_message(const ike_sa *sa)
{
    guint n = 0;

    for (guint i = sa->records.len; i > 0 && n < NEWEST_RECORDS && sa->records.len - i < NEWEST_PIECES; i--) {
        const ike_record *r = sa->records.pdata[i - 1];

        n += !r->is_probable; /* others are there when conclusions were drawn on the way */
        if (r->note.kind == IKE_NOTE_MESSAGE && !r->is_reflection)
            return r;
    }
    return NULL;
}

/* Messages that are so long that they come in pieces: identities, certificates, proposals. */
static bool is_long(ike_label label)
{
    return (label.mode == IKE_MODE_MAIN && label.number >= 5) || label.mode == IKE_MODE_QUICK ||
           label.mode == IKE_MODE_V2_AUTH;
}

/* What an SA waits for from this side just now; no label when for nothing that comes in pieces. */
static ike_label awaited_from(const ike_tracker *t, const ike_sa *sa, ike_side side)
{
    const ike_record *newest = newest_message(sa);
    ike_label label = { 0 };

    if (!newest || side == IKE_SIDE_NONE || newest->side != ike_side_other(side) ||
        t->now - newest->note.time > AWAITED_WITHIN || t->now < newest->note.time)
        return label;
    label = ike_record_first(newest)->waiting_for;
    return is_long(label) ? label : (ike_label){ 0 };
}

/* Remembers which SA may wait for a piece that shows no ports. */
static void guess_owner(ike_tracker *t, ike_ipset *set)
{
    const ike_list *list = ike_tracker_sas_between(t, &set->key.src, &set->key.dst);
    const ike_endpoint src = { set->key.src, 0 }, dst = { set->key.dst, 0 };

    for (guint i = list ? list->len : 0; i > 0 && list->len - i < NEWEST_SAS; i--) {
        ike_sa *sa = list->pdata[i - 1];
        const ike_label label = awaited_from(t, sa, ike_sa_side(sa, &src, &dst));

        if (label.mode == IKE_MODE_NONE)
            continue;
        set->sa = sa;
        set->src = src;
        set->dst = dst;
        set->awaited = label;
        set->header.version = sa->version;
        return;
    }
}

/* ---- completion ---- */

static void read_datagram(ike_datagram *d, const uint8_t *udp, size_t captured, size_t wire)
{
    const size_t length = ike_be16(udp + 4);

    if (length >= 8 && length <= wire)
        wire = length;
    d->checksum = ike_be16(udp + 6);
    d->data = udp + 8;
    d->captured = MIN(captured, wire) - 8;
    d->wire = wire - 8;
}

static void deliver(ike_tracker *t, ike_ipset *set)
{
    GByteArray *bytes = g_byte_array_new();
    GPtrArray *records = g_ptr_array_new();
    const ike_note *before = t->last_note;
    ike_ip_piece *completing = NULL;
    ike_datagram d = { .src = set->src, .dst = set->dst, .ip_id = set->key.id, .has_ip_id = true,
                       .fragment = IKE_FRAGMENT_IP, .pieces = records, .ttl = set->ttl,
                       .n_pieces = set->pieces->len };
    bool whole = true;
    uint32_t wire = 0;

    for (guint i = 0; i < set->pieces->len; i++) {
        ike_ip_piece *p = ike_ipset_nth(set, i);

        if (whole)
            g_byte_array_append(bytes, p->data, p->captured);
        whole &= p->captured == p->length;
        wire += p->length;
        if (p->record) {
            ike_record_rare(p->record)->fragment_number = i + 1;
            ike_record_rare(p->record)->fragment_missing = 0;
            g_ptr_array_add(records, p->record);
        } else {
            d.piece_number = i + 1;
            completing = p;
        }
    }
    if (bytes->len >= set->udp_at + 8) {
        read_datagram(&d, bytes->data + set->udp_at, bytes->len - set->udp_at, wire - set->udp_at);
        ike_demux_datagram(t, &d);
        if (completing && t->last_note != before)
            completing->record = ike_note_record(t->last_note);
        if (completing && completing->record)
            completing->record->packet_length =
                completing->length + (set->key.src.family == 4 ? 20 : 48);
    }
    g_byte_array_free(bytes, TRUE);
    g_ptr_array_free(records, TRUE);
}

/* ---- feeding ---- */

static ike_ipset *set_for(ike_tracker *t, const ike_ip_packet *ip)
{
    const ike_ip_key key = { ip->src, ip->dst, ip->id };
    ike_ipset *set = g_hash_table_lookup(t->ipfrags->sets, &key);
    const ike_time age = set ? t->now - set->first : 0;

    if (!set || age > SET_LIFETIME || age < -SET_LIFETIME)
        return new_set(t, &key);
    return set;
}

static void add_piece(ike_tracker *t, ike_ipset *set, const ike_ip_packet *ip)
{
    ike_ip_piece p = { .offset = ip->offset, .length = (uint32_t)ip->length,
                .captured = (uint32_t)ip->captured, .is_last = !ip->more_fragments,
                .frame = t->frame, .time = t->now };

    if (set->kind != IKE_IPSET_OTHER) {
        evict_for_bytes(t, set, ip->captured);
        p.data = g_memdup2(ip->payload, ip->captured);
        set->bytes += ip->captured;
        t->ipfrags->bytes += ip->captured;
    }
    if (p.is_last)
        set->total = p.offset + p.length;
    ike_ipset_insert(set, &p);
    set->newest = t->now;
    if (p.offset == 0)
        read_first(t, set, ike_ipset_at(set, 0));
    else if (set->kind == IKE_IPSET_UNKNOWN && !set->sa)
        guess_owner(t, set);
}

static void raise_overlap(ike_tracker *t, ike_ipset *set)
{
    ike_ip_piece here = { .frame = t->frame, .time = t->now };

    if (set->kind != IKE_IPSET_IKE)
        return;
    make_record(t, set, &here);
    ike_raise(t, set->sa, IKE_DIAG_IPFRAG_OVERLAP, &here.record->note, 0,
              "IP fragments of the message with IP ID %04x overlap", set->key.id);
}

static bool is_double(const ike_ip_piece *p, const ike_ip_packet *ip)
{
    return p && p->length == ip->length &&
           (!p->data || (p->captured == ip->captured &&
                         memcmp(p->data, ip->payload, p->captured) == 0));
}

/* A piece that shares bytes with a set which has been quiet is another datagram with the same ID. So is
 * one that comes after the set is complete, unless it doubles a piece at once. */
static bool is_other_datagram(const ike_tracker *t, const ike_ipset *set, const ike_ip_packet *ip,
                              const ike_ip_piece *same)
{
    if (set->done)
        return !same || !ike_time_near(t->now, same->time, IKE_SECOND);
    return !ike_time_near(t->now, set->newest, IKE_SECOND) && ike_ipset_overlap(set, ip) != IKE_OVERLAP_NONE;
}

/* Says of a piece that is not added what it is; false when there is nothing against adding it. */
static bool is_refused(ike_tracker *t, ike_ipset *set, const ike_ip_packet *ip)
{
    ike_overlap shared;

    if (set->done)
        return true;
    if (set->pieces->len >= IKE_MAX_IP_PIECES) {
        if (set->kind == IKE_IPSET_IKE)
            ike_raise_limit(t, set->sa, IKE_LIMIT_IP_PIECES, NULL);
        return true;
    }
    shared = ike_ipset_overlap(set, ip);
    if (shared == IKE_OVERLAP_OTHER)
        raise_overlap(t, set);
    if (shared == IKE_OVERLAP_SAME)
        note_recut(t, set);
    return shared != IKE_OVERLAP_NONE || ike_ipset_is_beyond_end(set, ip);
}

static void finish_piece(ike_tracker *t, ike_ipset *set)
{
    if (set->kind == IKE_IPSET_OTHER) {
        drop_data(t->ipfrags, set);
    } else if (set->kind == IKE_IPSET_IKE && ike_ipset_is_complete(set)) {
        ike_ipset_make_records(t, set, t->frame);
        deliver(t, set);
        set->done = true;
        drop_data(t->ipfrags, set);
    } else if (set->kind == IKE_IPSET_IKE) {
        ike_ipset_make_records(t, set, 0);
        ike_ipset_describe(set);
    }
}

void ike_ipfrag_feed(ike_tracker *t, const ike_ip_packet *ip)
{
    ike_ipset *set;
    const ike_ip_piece *same;

    if ((ip->protocol != IKE_IPPROTO_UDP && !ike_ip_is_extension(ip->protocol)) ||
        ip->length == 0 || ip->offset + ip->length > MAX_DATAGRAM)
        return;
    if (ip->offset > 0) {
        t->ipfrags->has_later = true;
        ike_esp_later_fragment(t, &ip->src, &ip->dst, IKE_IN_UDP);
    }
    set = set_for(t, ip);
    same = ike_ipset_at(set, ip->offset);
    if (is_other_datagram(t, set, ip, same)) {
        set = new_set(t, &set->key);
        same = NULL;
    }
    if (is_double(same, ip)) {
        note_double(t, set, same);
        return;
    }
    if (is_refused(t, set, ip))
        return;
    if (set->pieces->len == 0) {
        set->protocol = ip->protocol;
        set->ttl = ip->ttl;
    }
    add_piece(t, set, ip);
    finish_piece(t, set);
}

ike_sa *ike_ipfrag_sa(const ike_tracker *t, const ike_ip_packet *quoted)
{
    const ike_ip_key key = { quoted->src, quoted->dst, quoted->id };
    const ike_ipset *set = g_hash_table_lookup(t->ipfrags->sets, &key);

    return set && set->kind == IKE_IPSET_IKE ? set->sa : NULL;
}
