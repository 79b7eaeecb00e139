/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKE in TCP: which connections are followed, and their segments in order. A gap that does not fill
 * is given up, and reading goes on after it. RFC 9293 3.4, RFC 9329.
 *
 * On port 4500 every direction with data is followed, on other ports those that begin with the
 * prefix of RFC 9329 4. A connection that has ended is kept as the place where its sequence numbers
 * stand: segments that are repeated later are then known as such.
 */
#include "ike_path.h"
#include "ike_tcp.h"

#include "ike_hash.h"

#include <string.h>

#define FAR_AWAY (16 << 20)              /* beyond the windows in use: another connection */
/* A lost segment is sent again after 1 s, then 2 s (RFC 6298 2): when both are lost as well, or the
 * capture missed it, there is no use in waiting. */
#define GAP_PATIENCE (5 * IKE_SECOND)

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

typedef struct stream_key {
    ike_endpoint src, dst;
} stream_key;

typedef struct segment {
    uint32_t seq, ack;
    uint8_t flags;
    const uint8_t *data;
    uint32_t captured, length;
} segment;

typedef struct stream {
    stream_key key;
    GList link; /* in table.order */
    ike_tcp_frames frames;
    bool has_start, has_next, has_acked, has_ended;
    uint32_t start;   /* sequence number of its first byte */
    uint32_t next;    /* .. of the first byte that was not read */
    uint32_t acked;   /* the other side has all before */
    GQueue waiting;   /* of segment with its data in the same block, by sequence number */
    size_t waiting_bytes;
    ike_time waiting_since;
} stream;

struct ike_tcp_table {
    GHashTable *streams; /* by key */
    GQueue order;        /* least recently used first; through stream.link */
    size_t kept;         /* bytes behind gaps and in frames not over */
    unsigned n_waiting;
    uint8_t ports[0x10000 / 8]; /* bits: ports other than 4500 where a prefix was seen */
};

/* ---- the table ---- */

static guint key_hash(gconstpointer p)
{
    const stream_key *key = p;

    const struct {
        ike_host_pair hosts;
        uint16_t ports[2];
    } bytes = { { key->src.addr, key->dst.addr }, { key->src.port, key->dst.port } };

    G_STATIC_ASSERT(sizeof bytes == 38); /* no padding */
    return ike_hash(&bytes, sizeof bytes);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    const stream_key *x = a, *y = b;

    return ike_endpoint_equal(&x->src, &y->src) && ike_endpoint_equal(&x->dst, &y->dst);
}

static bool is_natt(const stream_key *key)
{
    return ike_is_natt(key->src.port, key->dst.port);
}

struct ike_tcp_table *ike_tcp_table_new(void)
{
    struct ike_tcp_table *table = g_new0(struct ike_tcp_table, 1);

    table->streams = g_hash_table_new(key_hash, key_equal);
    return table;
}

static size_t begun_bytes(const stream *s)
{
    return s->frames.begun ? s->frames.begun->len : 0;
}

static void drop_waiting(struct ike_tcp_table *table, stream *s)
{
    table->kept -= s->waiting_bytes;
    table->n_waiting -= s->waiting.length;
    g_queue_clear_full(&s->waiting, g_free);
    s->waiting_bytes = 0;
}

/* Forgets what was read of a frame, and where frames begin. */
static void lose(struct ike_tcp_table *table, stream *s)
{
    table->kept -= begun_bytes(s);
    ike_tcp_frames_lose(&s->frames);
}

static void forget(struct ike_tcp_table *table, stream *s)
{
    lose(table, s);
    drop_waiting(table, s);
    g_hash_table_remove(table->streams, &s->key);
    g_queue_unlink(&table->order, &s->link);
    g_free(s);
}

void ike_tcp_table_free(struct ike_tcp_table *table)
{
    while (table->order.head)
        forget(table, table->order.head->data);
    g_hash_table_destroy(table->streams);
    g_free(table);
}

ike_tcp_usage ike_tcp_usage_of(const struct ike_tcp_table *table)
{
    return (ike_tcp_usage){ g_hash_table_size(table->streams), table->n_waiting, table->kept };
}

static void forget_oldest(ike_tracker *t, ike_limit_id limit)
{
    stream *oldest = t->tcp->order.head->data;

    if (!oldest->has_ended)
        ike_raise_limit(t, NULL, limit, NULL);
    forget(t->tcp, oldest);
}

static stream *find(const ike_tracker *t, const stream_key *key)
{
    return g_hash_table_lookup(t->tcp->streams, key);
}

static stream *find_reverse(const ike_tracker *t, const stream_key *key)
{
    const stream_key reverse = { key->dst, key->src };

    return find(t, &reverse);
}

static stream *new_stream(ike_tracker *t, const stream_key *key)
{
    stream *s;

    if (g_hash_table_size(t->tcp->streams) >= IKE_MAX_TCP_STREAMS)
        forget_oldest(t, IKE_LIMIT_TCP_STREAMS);
    s = g_new0(stream, 1);
    s->key = *key;
    s->link.data = s;
    s->frames.src = key->src;
    s->frames.dst = key->dst;
    g_queue_init(&s->waiting);
    g_queue_push_tail_link(&t->tcp->order, &s->link);
    g_hash_table_add(t->tcp->streams, s);
    return s;
}

/* ---- from the bytes of a direction to those of its frames ---- */

/* Sequence numbers wrap (RFC 9293 3.4). */
static int32_t distance(uint32_t from, uint32_t to)
{
    return (int32_t)(to - from);
}

/* Reads what a segment has beyond the bytes that were read before. */
static void read_segment(ike_tracker *t, stream *s, const segment *g)
{
    const uint32_t old = MIN(s->next - g->seq, g->length);
    const uint32_t cut = MIN(old, g->captured);

    s->next += g->length - old;
    t->tcp->kept -= begun_bytes(s);
    ike_tcp_frames_read(t, &s->frames, g->data + cut, g->captured - cut, g->length - old);
    t->tcp->kept += begun_bytes(s);
    if ((g->flags & TCP_FIN) && g->seq + g->length == s->next) {
        lose(t->tcp, s);
        s->has_ended = true;
    }
}

static void skip_gap(ike_tracker *t, stream *s, uint32_t n)
{
    t->tcp->kept -= begun_bytes(s);
    ike_tcp_frames_skip(t, &s->frames, n);
    t->tcp->kept += begun_bytes(s);
    s->next += n;
    s->waiting_since = t->now;
}

/* The gap before this segment does not fill: the receiver has what was in it, it is open for long,
 * or there is no room to wait. */
static bool is_given_up(ike_tracker *t, const stream *s, const segment *first)
{
    const ike_time age = t->now - s->waiting_since;

    if ((s->has_acked && distance(first->seq, s->acked) >= 0) || age > GAP_PATIENCE ||
        age < -GAP_PATIENCE)
        return true;
    return ike_limit_reached(t, NULL, IKE_LIMIT_TCP_WAITING, NULL, s->waiting.length) ||
           ike_limit_reached(t, NULL, IKE_LIMIT_TCP_WAITING_BYTES, NULL, s->waiting_bytes);
}

/* Reads the segments that do not have to wait any more. */
static void read_waiting(ike_tracker *t, stream *s)
{
    segment *first;

    while ((first = g_queue_peek_head(&s->waiting))) {
        const int32_t gap = distance(s->next, first->seq);

        if (gap > 0) {
            if (!is_given_up(t, s, first))
                return;
            skip_gap(t, s, (uint32_t)gap);
        }
        g_queue_pop_head(&s->waiting);
        s->waiting_bytes -= first->captured;
        t->tcp->kept -= first->captured;
        t->tcp->n_waiting--;
        read_segment(t, s, first);
        g_free(first);
    }
}

static void keep_waiting(ike_tracker *t, stream *s, const segment *g)
{
    GList *before = s->waiting.tail;
    segment *copy;

    while (before && distance(g->seq, ((segment *)before->data)->seq) > 0)
        before = before->prev;
    if (before && ((segment *)before->data)->seq == g->seq &&
        ((segment *)before->data)->length >= g->length)
        return;
    copy = g_malloc(sizeof *copy + g->captured);
    *copy = *g;
    copy->data = (uint8_t *)(copy + 1);
    memcpy(copy + 1, g->data, g->captured);
    if (!s->waiting.head)
        s->waiting_since = t->now;
    if (before)
        g_queue_insert_after(&s->waiting, before, copy);
    else
        g_queue_push_head(&s->waiting, copy);
    s->waiting_bytes += g->captured;
    t->tcp->kept += g->captured;
    t->tcp->n_waiting++;
}

/* ---- segments ---- */

/* A new connection with the same ports, or a place in the old one that no gap explains. */
static void restart(ike_tracker *t, stream *s, uint32_t seq)
{
    lose(t->tcp, s);
    drop_waiting(t->tcp, s);
    s->frames.is_trusted = s->has_acked = s->has_ended = s->has_start = false;
    s->next = seq;
    s->has_next = true;
}

static void start(ike_tracker *t, stream *s, uint32_t seq)
{
    restart(t, s, seq);
    s->start = seq;
    s->has_start = true;
    s->frames.sync = IKE_TCP_OPENING;
}

static void take_segment(ike_tracker *t, stream *s, const segment *g)
{
    const int32_t ahead = distance(s->next, g->seq);

    if (!s->has_next || ahead > FAR_AWAY || ahead < -FAR_AWAY)
        restart(t, s, g->seq);
    if (distance(s->next, g->seq) <= 0)
        read_segment(t, s, g);
    else if (g->length > 0)
        keep_waiting(t, s, g);
    read_waiting(t, s);
}

static bool parse_segment(const ike_ip_packet *ip, segment *g)
{
    const uint8_t *tcp = ip->payload;
    size_t header;

    if (ip->captured < 20)
        return false;
    header = (size_t)(tcp[12] >> 4) * 4;
    if (header < 20 || header > ip->length)
        return false;
    g->seq = ike_be32(tcp + 4);
    g->ack = ike_be32(tcp + 8);
    g->flags = tcp[13];
    g->data = tcp + MIN(header, ip->captured);
    g->captured = (uint32_t)(ip->captured - MIN(header, ip->captured));
    g->length = (uint32_t)(ip->length - header);
    return true;
}

/* ---- connections ---- */

static bool has_known_port(const ike_tracker *t, const stream_key *key)
{
    const uint8_t *ports = t->tcp->ports;

    return (ports[key->src.port / 8] >> key->src.port % 8 & 1) ||
           (ports[key->dst.port / 8] >> key->dst.port % 8 & 1);
}

/* A stream on another port begins with this segment; its acknowledgement tells where the other
 * direction, which has no prefix, begins. */
static stream *new_on_other_port(ike_tracker *t, const stream_key *key, const segment *g)
{
    const stream_key back = { key->dst, key->src };
    stream *s = new_stream(t, key), *reverse;

    start(t, s, g->seq);
    t->tcp->ports[key->dst.port / 8] |= (uint8_t)(1u << key->dst.port % 8);
    if ((g->flags & TCP_ACK) && !find(t, &back)) {
        reverse = new_stream(t, &back);
        start(t, reverse, g->ack);
    }
    return s;
}

/* The direction that a segment belongs to, or NULL when it is not followed. */
static stream *stream_of(ike_tracker *t, const stream_key *key, const segment *g)
{
    const bool natt = is_natt(key);
    const bool opens = !natt && ike_tcp_has_prefix(g->data, g->captured);
    stream *s;

    if (!natt && !opens && !has_known_port(t, key))
        return NULL;
    s = find(t, key);
    if (!s && opens)
        return new_on_other_port(t, key, g);
    if (!s && natt && (g->length > 0 || (g->flags & TCP_SYN)))
        return new_stream(t, key);
    return s;
}

/* An acknowledgement can tell that not the network but the capture lost a segment. */
static void take_acknowledgement(ike_tracker *t, const stream_key *key, uint32_t ack)
{
    stream *s = is_natt(key) || has_known_port(t, key) ? find_reverse(t, key) : NULL;

    if (!s)
        return;
    s->acked = ack;
    s->has_acked = true;
    read_waiting(t, s);
}

static void feed_stream(ike_tracker *t, stream *s, segment *g)
{
    if (g->flags & TCP_SYN) {
        g->seq++;
        if (!s->has_start || s->start != g->seq)
            start(t, s, g->seq);
    }
    if (g->flags & TCP_RST) { /* RFC 5961 3.2: another one is not accepted */
        if (g->seq == s->next) {
            restart(t, s, g->seq);
            s->has_ended = true;
        }
        return;
    }
    if (!s->frames.is_trusted) {
        const stream *reverse = find_reverse(t, &s->key);

        s->frames.is_peer_trusted = reverse && reverse->frames.is_trusted;
    }
    if (g->length > 0 || (g->flags & TCP_FIN))
        take_segment(t, s, g);
}

void ike_tcp_feed(ike_tracker *t, const ike_ip_packet *ip)
{
    segment g;
    stream *s;

    if (!parse_segment(ip, &g))
        return;

    const stream_key key = { { ip->src, ike_be16(ip->payload) },
                             { ip->dst, ike_be16(ip->payload + 2) } };

    if (g.flags & TCP_ACK)
        take_acknowledgement(t, &key, g.ack);
    s = stream_of(t, &key, &g);
    if (!s)
        return;
    g_queue_unlink(&t->tcp->order, &s->link);
    g_queue_push_tail_link(&t->tcp->order, &s->link);
    feed_stream(t, s, &g);
    if (!is_natt(&key) && s->frames.sync == IKE_TCP_LOST && !s->frames.is_trusted && !s->has_ended)
        forget(t->tcp, s);
    while (t->tcp->kept > IKE_MAX_TCP_BYTES)
        forget_oldest(t, IKE_LIMIT_TCP_BYTES);
}
