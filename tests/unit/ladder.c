/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ladder.h"

#include "inside.h"

#define START (INT64_C(1700000000) * IKE_SECOND)
#define STEP (10 * IKE_MILLISECOND)
#define BLOCK 16u /* of the cipher .. */
#define CRYPTO 32 /* .. its vector and the ICV, in IKEv2 */
#define GENERIC_HEADER 4
#define FRAGMENT_NUMBERS 4

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
        .said = g_array_new(FALSE, FALSE, sizeof(ladder_said)),
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

static void forget_plain(ladder *l)
{
    if (l->plain)
        g_byte_array_unref(l->plain);
    l->plain = NULL;
}

void ladder_end(ladder *l)
{
    forget_plain(l);
    ike_tracker_free(l->tracker);
    g_ptr_array_free(l->live, TRUE);
    g_array_free(l->said, TRUE);
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

void long_after(ladder *l)
{
    after(l, 30);
    foreign(l);
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

void host_is(ladder *l, ladder_side side, const char *addr, uint16_t port)
{
    l->hosts[side] = host(addr, port);
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

/* ---- frames ---- */

#define OTHERS 64 /* as many as a frame may have */

/* What the host program has of the message: of as many bytes as it needs, in a block of its own. */
static GByteArray *decrypted(const ladder *l)
{
    GByteArray *out = g_byte_array_new();

    if (l->keys == WRONG_KEYS)
        wire_random(out, l->plain->len, l->spi_i + l->frame);
    else
        g_byte_array_append(out, l->plain->data, l->plain->len);
    if (l->keys == ONLY_OTHERS)
        g_byte_array_set_size(out, 1);
    if (l->keys == WRONG_LENGTH)
        wire_random(out, BLOCK, l->frame);
    return out;
}

/* Returns the bytes, which must live until the end of the frame. */
static uint8_t *announce(ladder *l)
{
    GByteArray *bytes;
    uint8_t *exact;

    if (!l->plain || l->keys == NO_KEYS)
        return NULL;
    for (unsigned i = 0; l->keys >= BEHIND_OTHERS && i < OTHERS; i++)
        ike_tracker_plain(l->tracker, l->plain_version, l->plain->data, 1);
    bytes = decrypted(l);
    exact = g_memdup2(bytes->data, bytes->len);
    ike_tracker_plain(l->tracker, l->plain_version, exact, bytes->len);
    g_byte_array_unref(bytes);
    return exact;
}

static void note_said(ladder *l)
{
    const ike_note *note = ike_tracker_notes(l->tracker, l->frame);

    while (note && note->next)
        note = note->next;
    for (const ike_finding *f = note ? ike_tracker_live(l->tracker, note) : NULL; f; f = f->next) {
        const ladder_said said = { l->frame, f->sa ? (int)f->sa->number : -1, f->id, f->severity };

        g_array_append_val(l->said, said);
    }
}

static void feed(ladder *l, const uint8_t *data, size_t n)
{
    uint8_t *plain;

    if (l->tape)
        tape(l, data, n);
    ike_tracker_frame(l->tracker, ++l->frame, l->now);
    plain = announce(l);
    if (n) {
        /* a block of its own, so that a sanitizer sees every byte read beyond it */
        uint8_t *exact = g_memdup2(data, n);

        ike_tracker_feed_ip(l->tracker, exact, n);
        g_free(exact);
    }
    ike_tracker_end_frame(l->tracker, !l->is_hidden);
    note_said(l);
    g_free(plain);
    g_ptr_array_add(l->live, ladder_frame_labels(l, l->frame));
    l->now += STEP;
}

void send_packet(ladder *l, GByteArray *packet)
{
    if (l->change)
        l->change(l, packet);
    feed(l, packet->data, l->snaplen ? MIN(l->snaplen, packet->len) : packet->len);
    if (l->packet && l->packet != packet)
        g_byte_array_unref(l->packet);
    l->packet = packet;
}

void same_packet(ladder *l)
{
    send_packet(l, l->packet);
}

void mirrored(ladder *l, void (*send)(ladder *))
{
    send(l);
    after(l, 0.00002);
    same_packet(l);
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
    forget_plain(l);
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

/* ---- with keys ---- */

void with_plain(ladder *l, wire_message *content)
{
    forget_plain(l);
    l->plain_first = inside_first(content);
    l->plain = inside_bytes(content);
}

/* RFC 7296 3.14: the last byte counts the padding before it. */
static void pad(GByteArray *bytes, bool counted)
{
    const guint n = (BLOCK - (bytes->len + counted) % BLOCK) % BLOCK;
    uint8_t padding[BLOCK] = { 0 };

    padding[n] = (uint8_t)n;
    g_byte_array_append(bytes, padding, n + counted);
}

void ladder_encrypt(ladder *l, wire_message *m, uint8_t first, size_t length, uint64_t seed)
{
    if (l->plain) {
        pad(l->plain, false);
        first = l->plain_first;
        length = m->bytes->len + l->plain->len;
        l->plain_version = 1;
    }
    wire_encrypted(m, first, length, seed);
}

void ladder_seal(ladder *l, wire_message *m, uint8_t first, size_t length, uint64_t seed)
{
    if (l->plain) {
        pad(l->plain, true);
        first = l->plain_first;
        length = m->bytes->len + GENERIC_HEADER + l->plain->len + CRYPTO;
        l->plain_version = 2;
    }
    wire_v2_sk(m, first, length, seed);
}

void ladder_seal_piece(ladder *l, wire_message *m, uint8_t first, unsigned number, unsigned total, size_t length,
                       uint64_t seed)
{
    if (l->plain) {
        const guint size = (l->plain->len + total - 1) / total, from = MIN((number - 1) * size, l->plain->len);

        g_byte_array_remove_range(l->plain, 0, from);
        g_byte_array_set_size(l->plain, MIN(size, l->plain->len));
        pad(l->plain, true);
        first = l->plain_first;
        length = m->bytes->len + GENERIC_HEADER + FRAGMENT_NUMBERS + l->plain->len + CRYPTO;
        l->plain_version = 2;
    }
    wire_v2_skf(m, first, number, total, length, seed);
}

/* ---- other frames ---- */

GByteArray *encrypted_packet(const ladder *l, size_t length)
{
    const wire_ip ip = { .src = l->hosts[INITIATOR].seen, .dst = l->hosts[RESPONDER].seen };
    wire_message m = message(l, IKE_XCHG_MAIN, IKE_FLAG_ENCRYPTED, 0);
    GByteArray *bytes, *packet;

    wire_encrypted(&m, IKE_PL_ID, length, 5);
    bytes = wire_end(&m);
    packet = wire_udp(&ip, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
    return packet;
}

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

/* RFC 4302 2, with an ICV of 12 bytes. */
void ah(ladder *l, ladder_side from, uint32_t spi, uint32_t sequence)
{
    const wire_ip ip = { .src = l->hosts[from].seen, .dst = l->hosts[1 - from].seen,
                         .id = ++l->ip_id[from] };
    GByteArray *body = wire_hex("32 04 0000 00000000 00000000");

    wire_put32(body->data + 4, spi);
    wire_put32(body->data + 8, sequence);
    wire_random(body, 100, spi ^ sequence);
    send_packet(l, wire_packet(&ip, IKE_IPPROTO_AH, body->data, body->len));
    g_byte_array_unref(body);
}

void esp_both_ways(ladder *l)
{
    esp(l, INITIATOR, 0x1000, 1);
    esp(l, RESPONDER, 0x2000, 1);
}
