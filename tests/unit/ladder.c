/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ladder.h"

#include <string.h>

#define START (INT64_C(1700000000) * IKE_SECOND)
#define STEP (10 * IKE_MILLISECOND)

static const char *const default_vendors[] = { VID_RFC3947, VID_DPD, VID_FRAGMENTATION, NULL };

static ladder_host host(const char *addr, uint16_t port)
{
    const ike_endpoint e = wire_endpoint(addr, port);

    return (ladder_host){ e, e, e };
}

void ladder_begin(ladder *l)
{
    *l = (ladder){
        .tracker = ike_tracker_new(NULL),
        .now = START,
        .live = g_ptr_array_new_with_free_func(g_free),
        .hosts = { host("10.1.0.2", 500), host("10.2.0.2", 500) },
        .spi_i = UINT64_C(0x1111111111111101),
        .spi_r = UINT64_C(0x2222222222222201),
        .offer = { { 7, 256, IKE_HASH_SHA256, IKE_AUTH_PSK, 14, 28800 } },
        .n_offer = 1,
        .vendors = { default_vendors, default_vendors },
        .natd = IKE_PL_NATD,
        .ip_id = { 1000, 5000 },
        .length_of_mm5 = 108,
        .length_of_mm6 = 108,
        .v2 = { .suite = { { WIRE_V2_ENCR, 12, 256 }, { WIRE_V2_PRF, 5, 0 },
                           { WIRE_V2_INTEG, 12, 0 } },
                .groups = { 14, 19 },
                .group = 14,
                .owner = INITIATOR,
                .natd = { true, true },
                .fragmentation = { true, true } },
    };
    l->choice = l->offer[0];
}

void ladder_end(ladder *l)
{
    ike_tracker_free(l->tracker);
    g_ptr_array_free(l->live, TRUE);
    if (l->packet)
        g_byte_array_unref(l->packet);
    if (l->tape)
        g_ptr_array_free(l->tape, TRUE);
}

static void free_frame(gpointer p)
{
    g_byte_array_unref(((ladder_frame *)p)->packet);
    g_free(p);
}

void ladder_record_tape(ladder *l)
{
    l->tape = g_ptr_array_new_with_free_func(free_frame);
}

static void tape(ladder *l, const uint8_t *data, size_t n)
{
    ladder_frame *frame = g_new(ladder_frame, 1);

    frame->time = l->now;
    frame->packet = g_byte_array_append(g_byte_array_new(), data, (guint)n);
    g_ptr_array_add(l->tape, frame);
}

/* ---- time ---- */

static ike_time seconds(double s)
{
    return (ike_time)(s * 1e6 + (s < 0 ? -0.5 : 0.5)) * 1000;
}

void at(ladder *l, double s)
{
    l->now = START + seconds(s);
}

void after(ladder *l, double s)
{
    l->now += seconds(s) - STEP;
}

/* ---- the hosts ---- */

void anew(ladder *l)
{
    l->salt++;
}

void next_sa(ladder *l)
{
    l->spi_i++;
    l->spi_r++;
}

void change_sides(ladder *l)
{
    const ladder_host initiator = l->hosts[INITIATOR];

    l->hosts[INITIATOR] = l->hosts[RESPONDER];
    l->hosts[RESPONDER] = initiator;
}

void move_to_4500(ladder *l)
{
    for (int i = 0; i < 2; i++)
        l->hosts[i].seen.port = l->hosts[i].own.port = l->hosts[i].known.port = IKE_PORT_NATT;
    l->marker = true;
}

void nat_seen_outside(ladder *l)
{
    l->hosts[INITIATOR] = host("198.51.100.7", 500);
    l->hosts[INITIATOR].own = wire_endpoint("192.168.1.2", 500);
}

void nat_seen_inside(ladder *l)
{
    l->hosts[INITIATOR] = host("192.168.1.2", 500);
    l->hosts[INITIATOR].known = wire_endpoint("198.51.100.7", 500);
}

/* ---- what a frame shows ---- */

static char copy_mark(const ike_record *r)
{
    if (r->is_reflection)
        return '<';
    return r->copy == IKE_COPY_DUPLICATE ? '=' : r->copy == IKE_COPY_RETRANSMISSION ? '+' : 0;
}

static void append_note(GString *out, ike_note *note)
{
    static const char *const plain[] = {
        [IKE_NOTE_MESSAGE] = "", [IKE_NOTE_PIECE] = "~",  [IKE_NOTE_KEEPALIVE] = "ka",
        [IKE_NOTE_ESP] = "esp",  [IKE_NOTE_AH] = "ah",    [IKE_NOTE_ICMP] = "icmp",
    };
    ike_record *r = ike_note_record(note);

    g_string_append(out, plain[note->kind]);
    if (note->kind != IKE_NOTE_MESSAGE)
        return;
    if (ike_record_first(r)->label.mode == IKE_MODE_NONE)
        g_string_append_c(out, '?');
    ike_label_append(out, ike_record_first(r)->label);
    if (copy_mark(r))
        g_string_append_c(out, copy_mark(r));
}

char *ladder_frame_labels(const ladder *l, uint32_t frame)
{
    GString *out = g_string_new(NULL);

    for (ike_note *note = ike_tracker_notes(l->tracker, frame); note; note = note->next) {
        if (out->len)
            g_string_append_c(out, '&');
        append_note(out, note);
    }
    if (out->len == 0)
        g_string_append_c(out, '.');
    return g_string_free(out, FALSE);
}

/* ---- frames ---- */

static void feed(ladder *l, const uint8_t *data, size_t n)
{
    if (l->tape)
        tape(l, data, n);
    ike_tracker_frame(l->tracker, ++l->frame, l->now);
    if (n) {
        /* a block of its own, so that a sanitizer sees every byte read beyond it */
        uint8_t *exact = g_memdup2(data, n);

        ike_tracker_feed_ip(l->tracker, exact, n);
        g_free(exact);
    }
    ike_tracker_end_frame(l->tracker);
    g_ptr_array_add(l->live, ladder_frame_labels(l, l->frame));
    l->now += STEP;
}

void send_packet(ladder *l, GByteArray *packet)
{
    feed(l, packet->data, l->snaplen ? MIN(l->snaplen, packet->len) : packet->len);
    if (l->packet && l->packet != packet)
        g_byte_array_unref(l->packet);
    l->packet = packet;
}

void same_packet(ladder *l)
{
    send_packet(l, l->packet);
}

void foreign(ladder *l)
{
    feed(l, NULL, 0);
}

static size_t piece_count(size_t total, size_t size)
{
    return (total + size - 1) / size;
}

/* The numbers of the pieces to send: the digits of `order`, or 1 to n. */
static GArray *pieces_of(const char *order, size_t n)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(size_t));

    for (size_t i = 1; !order && i <= n; i++)
        g_array_append_val(out, i);
    for (; order && *order; order++) {
        const size_t i = (size_t)(*order - '0');

        g_array_append_val(out, i);
    }
    return out;
}

static void send_in_ip_fragments(ladder *l, GByteArray *packet, uint32_t id)
{
    GArray *numbers = pieces_of(l->ip.order, piece_count(wire_ip_payload(packet), l->ip.size));

    for (guint i = 0; i < numbers->len; i++) {
        const size_t from = (g_array_index(numbers, size_t, i) - 1) * l->ip.size;

        send_packet(l, wire_ip_fragment(packet, id, from, from + l->ip.size));
    }
    g_array_free(numbers, TRUE);
    g_byte_array_unref(packet);
}

void send_datagram(ladder *l, ladder_side from, const void *data, size_t n)
{
    const wire_ip ip = { .src = l->hosts[from].seen, .dst = l->hosts[1 - from].seen,
                         .id = l->zero_ip_id ? 0 : ++l->ip_id[from] };
    GByteArray *packet = wire_udp(&ip, data, n);

    if (l->ip.size)
        send_in_ip_fragments(l, packet, ip.id);
    else
        send_packet(l, packet);
}

static void send_whole(ladder *l, ladder_side from, const GByteArray *bytes)
{
    GByteArray *datagram = g_byte_array_new();
    const uint8_t zeros[4] = { 0 };

    if (l->marker)
        g_byte_array_append(datagram, zeros, sizeof zeros);
    g_byte_array_append(datagram, bytes->data, bytes->len);
    send_datagram(l, from, datagram->data, datagram->len);
    g_byte_array_unref(datagram);
}

/* Stacks differ in the header that they put before a fragment. */
static wire_header outer_header(const ladder *l, const uint8_t *inner)
{
    wire_header h = { .spi_i = ike_be64(inner), .spi_r = ike_be64(inner + 8), .version = 0x10,
                      .exchange = inner[18], .message_id = ike_be32(inner + 20) };

    if (l->stack == STRONGSWAN) {
        h.exchange = IKE_XCHG_MAIN;
        h.message_id = 0;
    }
    if (l->stack == RACOON)
        h.flags = IKE_FLAG_ENCRYPTED;
    return h;
}

static void send_in_ike_fragments(ladder *l, ladder_side from, const GByteArray *bytes)
{
    const wire_header outer = outer_header(l, bytes->data);
    const size_t n = piece_count(bytes->len, l->ike.size);
    GArray *numbers = pieces_of(l->ike.order, n);

    if (l->stack == MICROSOFT)
        l->fragment_id++;
    else
        l->fragment_id = 1;
    for (guint i = 0; i < numbers->len; i++) {
        const size_t number = g_array_index(numbers, size_t, i);
        const size_t start = number ? (number - 1) * l->ike.size : 0;
        GByteArray *fragment =
            wire_v1_fragment(&outer, l->fragment_id, (uint8_t)number, number == n,
                             bytes->data + start, MIN(l->ike.size, bytes->len - start));

        send_whole(l, from, fragment);
        g_byte_array_unref(fragment);
    }
    g_array_free(numbers, TRUE);
}

void send_message(ladder *l, ladder_side from, GByteArray *bytes)
{
    if (l->spoil)
        wire_put32(bytes->data + 24, bytes->len + 8);
    if (l->ike.size)
        send_in_ike_fragments(l, from, bytes);
    else
        send_whole(l, from, bytes);
    g_byte_array_unref(bytes);
    l->ip = l->ike = (ladder_cut){ 0 };
    l->spoil = false;
}

void in_ip_fragments(ladder *l, size_t size, const char *order)
{
    l->ip = (ladder_cut){ size, order };
}

void in_ike_fragments(ladder *l, ladder_stack stack, size_t size, const char *order)
{
    l->stack = stack;
    l->ike = (ladder_cut){ size, order };
}

/* ---- messages ---- */

/* Bytes of a message depend on what it is and on nothing else. */
static uint64_t seed(const ladder *l, unsigned what, uint32_t id)
{
    return (l->spi_i ^ l->spi_r << 8 ^ (uint64_t)id << 20) + what * UINT64_C(7919) +
           l->salt * UINT64_C(104729);
}

wire_message message(const ladder *l, uint8_t exchange, uint8_t flags, uint32_t id)
{
    const wire_header h = { l->spi_i, l->spi_r, 0x10, exchange, flags, id };

    return wire_begin(&h);
}

static wire_message first_message(const ladder *l, uint8_t exchange)
{
    const wire_header h = { l->spi_i, 0, 0x10, exchange, 0, l->mm_message_id };

    return wire_begin(&h);
}

static wire_message phase1(const ladder *l, uint8_t exchange, uint8_t flags)
{
    return message(l, exchange, flags, l->mm_message_id);
}

static void add_vendors(const ladder *l, wire_message *m, ladder_side from)
{
    uint8_t salt[8] = { 0 };

    for (const char *const *v = l->vendors[from]; *v; v++)
        wire_payload_hex(m, IKE_PL_VID, *v);
    if (l->salt) {
        wire_put32(salt + 4, (uint32_t)l->salt);
        wire_payload(m, IKE_PL_VID, salt, sizeof salt);
    }
}

static void add_natd(const ladder *l, wire_message *m, ladder_side from)
{
    ike_endpoint destination = l->hosts[1 - from].known, source = l->hosts[from].own;

    if (!l->natd)
        return;
    if (l->forced[from])
        destination.port = source.port = 0;
    wire_payload_natd(m, l->natd, l->natd_hash ? l->natd_hash : l->choice.hash, &destination);
    wire_payload_natd(m, l->natd, l->natd_hash ? l->natd_hash : l->choice.hash, &source);
}

static void add_key_exchange(const ladder *l, wire_message *m, unsigned what)
{
    const unsigned length = ike_group_ke_length(l->choice.group);

    wire_payload_random(m, IKE_PL_KE, length ? length : 256, seed(l, what, 1));
    wire_payload_random(m, IKE_PL_NONCE, 32, seed(l, what, 2));
}

void mm1(ladder *l)
{
    wire_message m = first_message(l, IKE_XCHG_MAIN);

    wire_payload_sa(&m, l->offer, l->n_offer);
    add_vendors(l, &m, INITIATOR);
    send_message(l, INITIATOR, wire_end(&m));
}

void mm2(ladder *l)
{
    wire_message m = phase1(l, IKE_XCHG_MAIN, 0);

    wire_payload_sa(&m, &l->choice, 1);
    add_vendors(l, &m, RESPONDER);
    send_message(l, RESPONDER, wire_end(&m));
}

static void key_exchange(ladder *l, ladder_side from)
{
    wire_message m = phase1(l, IKE_XCHG_MAIN, 0);

    add_key_exchange(l, &m, from == INITIATOR ? 3 : 4);
    add_natd(l, &m, from);
    send_message(l, from, wire_end(&m));
}

void mm3(ladder *l)
{
    key_exchange(l, INITIATOR);
}

void mm4(ladder *l)
{
    key_exchange(l, RESPONDER);
}

static void proof(ladder *l, ladder_side from, size_t length)
{
    wire_message m = phase1(l, IKE_XCHG_MAIN, IKE_FLAG_ENCRYPTED);

    wire_encrypted(&m, IKE_PL_ID, length, seed(l, from == INITIATOR ? 5 : 6, 0));
    send_message(l, from, wire_end(&m));
}

void mm5(ladder *l)
{
    proof(l, INITIATOR, l->length_of_mm5);
}

void mm6(ladder *l)
{
    proof(l, RESPONDER, l->length_of_mm6);
}

void main_mode(ladder *l)
{
    mm1(l);
    mm2(l);
    mm3(l);
    mm4(l);
    mm5(l);
    mm6(l);
}

void am1(ladder *l)
{
    wire_message m = first_message(l, IKE_XCHG_AGGRESSIVE);

    wire_payload_sa(&m, l->offer, l->n_offer);
    add_key_exchange(l, &m, 11);
    wire_payload_random(&m, IKE_PL_ID, 8, 77);
    add_vendors(l, &m, INITIATOR);
    send_message(l, INITIATOR, wire_end(&m));
}

void am2(ladder *l)
{
    wire_message m = phase1(l, IKE_XCHG_AGGRESSIVE, 0);

    wire_payload_sa(&m, &l->choice, 1);
    add_key_exchange(l, &m, 12);
    wire_payload_random(&m, IKE_PL_ID, 8, 78);
    wire_payload_random(&m, IKE_PL_HASH, 32, seed(l, 12, 3));
    add_vendors(l, &m, RESPONDER);
    add_natd(l, &m, RESPONDER);
    send_message(l, RESPONDER, wire_end(&m));
}

void am3(ladder *l, bool encrypted)
{
    wire_message m = phase1(l, IKE_XCHG_AGGRESSIVE, encrypted ? IKE_FLAG_ENCRYPTED : 0);

    if (encrypted)
        wire_encrypted(&m, IKE_PL_HASH, 108, seed(l, 13, 0));
    else
        wire_payload_random(&m, IKE_PL_HASH, 32, seed(l, 13, 0));
    send_message(l, INITIATOR, wire_end(&m));
}

/* Of SHA2-256 and a block of 16 bytes: RULES 1.5.4. */
static void quick(ladder *l, unsigned n, uint32_t id)
{
    static const size_t lengths[] = { 0, 188, 188, 76, 92 };
    const ladder_side from = n % 2 ? l->qm_opener : (ladder_side)(1 - l->qm_opener);
    const bool commit = l->commit_from && n >= l->commit_from;
    wire_message m = message(l, IKE_XCHG_QUICK,
                             IKE_FLAG_ENCRYPTED | (commit ? IKE_FLAG_COMMIT : 0), id);

    wire_encrypted(&m, IKE_PL_HASH, lengths[n], seed(l, 20 + n, id));
    send_message(l, from, wire_end(&m));
}

void qm1(ladder *l, uint32_t id)
{
    quick(l, 1, id);
}

void qm2(ladder *l, uint32_t id)
{
    quick(l, 2, id);
}

void qm3(ladder *l, uint32_t id)
{
    quick(l, 3, id);
}

void qm4(ladder *l, uint32_t id)
{
    quick(l, 4, id);
}

void quick_mode(ladder *l, uint32_t id)
{
    for (unsigned n = 1; n <= (l->commit_from ? 4 : 3); n++)
        quick(l, n, id);
}

void tr(ladder *l, unsigned n, uint32_t id)
{
    wire_message m = message(l, IKE_XCHG_TRANSACTION, IKE_FLAG_ENCRYPTED, id);

    wire_encrypted(&m, IKE_PL_HASH, 108, seed(l, 30 + n, id));
    send_message(l, n % 2 ? RESPONDER : INITIATOR, wire_end(&m));
}

void info(ladder *l, ladder_side from, uint32_t id, size_t length)
{
    wire_message m = message(l, IKE_XCHG_INFO, IKE_FLAG_ENCRYPTED, id);

    wire_encrypted(&m, IKE_PL_HASH, length, seed(l, 40u + from, id));
    send_message(l, from, wire_end(&m));
}

void refuse(ladder *l, ladder_side from, uint16_t notify)
{
    wire_message m = message(l, IKE_XCHG_INFO, 0, 0);

    wire_payload_notify(&m, notify);
    send_message(l, from, wire_end(&m));
}

/* ---- other frames ---- */

void icmp_error(ladder *l, ladder_side to, uint8_t type, uint8_t code, size_t quoted)
{
    send_packet(l, wire_icmp(&l->hosts[1 - to].seen.addr, &l->hosts[to].seen.addr, type, code, 0,
                             l->packet, quoted));
}

void esp(ladder *l, ladder_side from, uint32_t spi, uint32_t sequence)
{
    const wire_ip ip = { .src = l->hosts[from].seen, .dst = l->hosts[1 - from].seen,
                         .id = ++l->ip_id[from] };

    send_packet(l, wire_esp(&ip, spi, sequence, 96));
}
