/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tcp.h"

#include <string.h>

#define HEADER 32 /* with options: two NOPs, timestamps */

/* ENCR_AES_CBC-256, PRF_HMAC_SHA2_256, AUTH_HMAC_SHA2_256_128, 2048-bit MODP */
#define V2_SA "0000002c010100040300000c0100000c800e0100030000080200000503000008030000" \
              "0c000000080400000e"

void tcp_begin(tcp *c)
{
    memset(c, 0, sizeof *c);
    ladder_begin(&c->l);
    c->l.hosts[INITIATOR].seen = wire_endpoint("10.1.0.2", 40001);
    c->l.hosts[RESPONDER].seen = wire_endpoint("10.2.0.2", IKE_PORT_NATT);
    c->seq[INITIATOR] = 1000000;
    c->seq[RESPONDER] = 9000000;
    c->bytes = g_byte_array_new();
}

void tcp_end(tcp *c)
{
    g_byte_array_unref(c->bytes);
    ladder_end(&c->l);
}

void tcp_connect(tcp *c)
{
    const uint32_t first = c->seq[INITIATOR], second = c->seq[RESPONDER];

    tcp_segment(c, INITIATOR, first, SYN, NULL, 0);
    c->seq[INITIATOR] = first + 1;
    tcp_segment(c, RESPONDER, second, SYN | ACK, NULL, 0);
    c->seq[RESPONDER] = second + 1;
    tcp_ack(c, INITIATOR);
}

void tcp_reconnect(tcp *c, uint16_t port)
{
    c->l.hosts[INITIATOR].seen.port = port;
    c->seq[INITIATOR] += 123456789;
    c->seq[RESPONDER] += 987654321;
    tcp_connect(c);
}

/* ---- bytes ---- */

void tcp_prefix(tcp *c)
{
    g_byte_array_append(c->bytes, (const uint8_t *)"IKETCP", 6);
}

void tcp_ike(tcp *c, GByteArray *message)
{
    uint8_t head[6] = { 0 };

    wire_put16(head, message->len + 6);
    g_byte_array_append(c->bytes, head, sizeof head);
    g_byte_array_append(c->bytes, message->data, message->len);
    g_byte_array_unref(message);
}

void tcp_esp(tcp *c, uint32_t spi, size_t n)
{
    uint8_t head[6];

    wire_put16(head, (unsigned)n + 6);
    wire_put32(head + 2, spi);
    g_byte_array_append(c->bytes, head, sizeof head);
    wire_random(c->bytes, n, spi + n);
}

void tcp_hex(tcp *c, const char *hex)
{
    GByteArray *bytes = wire_hex(hex);

    g_byte_array_append(c->bytes, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
}

void tcp_junk(tcp *c, size_t n, uint64_t seed)
{
    wire_random(c->bytes, n, seed);
}

/* ---- segments ---- */

void tcp_segment(tcp *c, ladder_side from, uint32_t seq, unsigned flags, const void *data,
                 size_t n)
{
    const wire_ip ip = { .src = c->l.hosts[from].seen, .dst = c->l.hosts[1 - from].seen,
                         .id = ++c->l.ip_id[from] };
    GByteArray *segment = g_byte_array_new();
    uint8_t h[HEADER] = { 0 };

    wire_put16(h, ip.src.port);
    wire_put16(h + 2, ip.dst.port);
    wire_put32(h + 4, seq);
    if (flags & ACK)
        wire_put32(h + 8, c->seq[1 - from]);
    h[12] = HEADER / 4 << 4;
    h[13] = (uint8_t)flags;
    memcpy(h + 20, "\1\1\10\12", 4);
    g_byte_array_append(segment, h, sizeof h);
    if (n)
        g_byte_array_append(segment, data, (guint)n);
    send_packet(&c->l, wire_packet(&ip, IKE_IPPROTO_TCP, segment->data, segment->len));
    g_byte_array_unref(segment);
}

void tcp_send_part(tcp *c, ladder_side from, size_t from_byte, size_t to_byte)
{
    tcp_segment(c, from, c->seq[from] + (uint32_t)from_byte, c->no_ack ? PSH : PSH | ACK,
                c->bytes->data + from_byte, to_byte - from_byte);
}

void tcp_sent(tcp *c, ladder_side from)
{
    c->seq[from] += c->bytes->len;
    g_byte_array_set_size(c->bytes, 0);
}

void tcp_send(tcp *c, ladder_side from)
{
    tcp_send_part(c, from, 0, c->bytes->len);
    tcp_sent(c, from);
}

void tcp_send_cut(tcp *c, ladder_side from, size_t size)
{
    for (size_t i = 0; i < c->bytes->len; i += size)
        tcp_send_part(c, from, i, MIN(i + size, c->bytes->len));
    tcp_sent(c, from);
}

void tcp_ack(tcp *c, ladder_side from)
{
    tcp_segment(c, from, c->seq[from], ACK, NULL, 0);
}

/* ---- messages ---- */

static wire_message v2_message(const tcp *c, uint8_t exchange, bool is_answer, uint32_t id)
{
    const bool is_first = exchange == IKE_XCHG_V2_SA_INIT && !is_answer;
    const wire_header h = { c->l.spi_i, is_first ? 0 : c->l.spi_r, 0x20, exchange,
                            is_answer ? IKE_FLAG_V2_RESPONSE : IKE_FLAG_V2_INITIATOR, id };

    return wire_begin(&h);
}

static GByteArray *init_message(const tcp *c, bool is_answer)
{
    wire_message m = v2_message(c, IKE_XCHG_V2_SA_INIT, is_answer, 0);
    GByteArray *ke = wire_hex("000e0000");

    wire_payload_hex(&m, IKE_PL_V2_SA, V2_SA);
    wire_random(ke, 256, 7 + is_answer);
    wire_payload(&m, IKE_PL_V2_KE, ke->data, ke->len);
    g_byte_array_unref(ke);
    wire_payload_random(&m, IKE_PL_V2_NONCE, 32, 9 + is_answer);
    return wire_end(&m);
}

GByteArray *init(const tcp *c) { return init_message(c, false); }
GByteArray *init_answer(const tcp *c) { return init_message(c, true); }

static GByteArray *protected_message(wire_message m, uint32_t id, size_t length)
{
    wire_payload_random(&m, IKE_PL_V2_SK, length - 32, 1000 + id * 3 + length);
    return wire_end(&m);
}

GByteArray *request(const tcp *c, uint8_t exchange, uint32_t id, size_t length)
{
    return protected_message(v2_message(c, exchange, false, id), id, length);
}

GByteArray *response(const tcp *c, uint8_t exchange, uint32_t id, size_t length)
{
    return protected_message(v2_message(c, exchange, true, id), id, length);
}

GByteArray *fragment(const tcp *c, uint8_t exchange, uint32_t id, unsigned number, size_t length)
{
    wire_message m = v2_message(c, exchange, false, id);
    GByteArray *body = g_byte_array_new();
    const uint8_t head[4] = { 0, (uint8_t)number, 0, 2 };

    g_byte_array_append(body, head, sizeof head);
    wire_random(body, length - 36, number);
    wire_payload(&m, IKE_PL_V2_SKF, body->data, body->len);
    g_byte_array_unref(body);
    return wire_end(&m);
}

GByteArray *auth(const tcp *c) { return request(c, IKE_XCHG_V2_AUTH, 1, 300); }
GByteArray *auth_answer(const tcp *c) { return response(c, IKE_XCHG_V2_AUTH, 1, 240); }

/* ---- expectations ---- */

static void append_record(GString *out, ike_record *r)
{
    const ike_label label = ike_record_first(r)->label;
    const char *name = "?";

    switch (label.mode) {
    case IKE_MODE_V2_SA_INIT: name = "init"; break;
    case IKE_MODE_V2_AUTH: name = "auth"; break;
    case IKE_MODE_V2_CREATE_CHILD: name = "child"; break;
    case IKE_MODE_V2_INFO: name = "info"; break;
    default: break;
    }
    g_string_append(out, name);
    if (label.mode != IKE_MODE_NONE)
        g_string_append_c(out, label.is_response ? '<' : '>');
    if (r->copy != IKE_COPY_NONE)
        g_string_append_c(out, r->copy == IKE_COPY_DUPLICATE ? '=' : '+');
}

static void append_frame(GString *out, const tcp *c, uint32_t frame)
{
    ike_note *note = ike_tracker_notes(c->l.tracker, frame);

    if (!note)
        g_string_append_c(out, '.');
    for (; note; note = note->next) {
        if (note->kind == IKE_NOTE_MESSAGE)
            append_record(out, ike_note_record(note));
        else
            g_string_append(out, note->kind == IKE_NOTE_ESP ? "esp" : "other");
        if (note->next)
            g_string_append_c(out, '&');
    }
}

void tcp_expect_from(tcp *c, uint32_t first, const char *words)
{
    GString *said = g_string_new(NULL);

    for (uint32_t frame = first; frame <= c->l.frame; frame++) {
        if (frame > first)
            g_string_append_c(said, ' ');
        append_frame(said, c, frame);
    }
    g_assert_cmpstr(said->str, ==, words);
    g_string_free(said, TRUE);
}

void tcp_expect(tcp *c, const char *words)
{
    tcp_expect_from(c, 1, words);
}

void tcp_expect_esp(tcp *c, ladder_side from, unsigned n)
{
    const ike_sa *sa = ladder_sa(&c->l, 0);
    const ike_side side = ike_sa_side(sa, &c->l.hosts[from].seen, &c->l.hosts[1 - from].seen);

    g_assert_cmpint(side, !=, IKE_SIDE_NONE);
    g_assert_cmpuint(sa->sides[side].more->esp_packets, ==, n);
}

void tcp_begin_with_init(tcp *c)
{
    tcp_begin(c);
    tcp_connect(c);
    tcp_prefix(c);
    tcp_ike(c, init(c));
    tcp_send(c, INITIATOR);
    tcp_ike(c, init_answer(c));
    tcp_send(c, RESPONDER);
    tcp_expect(c, ". . . init> init<");
}

ike_tcp_usage tcp_usage(const tcp *c)
{
    return ike_tcp_usage_of(c->l.tracker->tcp);
}
