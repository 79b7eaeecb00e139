/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pieces, streams, ESP, and what the network says.
 */
#include "stage.h"

/* ---- pieces ---- */

/* Of the next message. */
void step_ip_fragments(stage *s)
{
    const size_t size = 8u * (1 + stage_take(s));

    in_ip_fragments(&s->c.l, size, NULL);
}

void step_ike_fragments(stage *s)
{
    const ladder_stack stack = (ladder_stack)stage_below(s, RACOON + 1);
    const size_t size = 24u + 4u * stage_take(s);

    in_ike_fragments(&s->c.l, stack, size, NULL);
}

/* A packet to be cut: an encrypted message, or the newest packet. */
void step_hold(stage *s)
{
    const unsigned n = stage_take(s);
    const GByteArray *newest = s->c.l.packet;

    if (s->held)
        g_byte_array_unref(s->held);
    if (n < 128 && newest && newest->len > 40 && (newest->data[0] == 0x45 || newest->data[0] >> 4 == 6))
        s->held = g_byte_array_append(g_byte_array_new(), newest->data, newest->len);
    else
        s->held = encrypted_packet(&s->c.l, 100 + 10u * n);
}

/* Where it begins and how long it is; an ID of its own for others that come between. */
void step_held_fragment(stage *s)
{
    const uint32_t id = stage_take(s) & 3;
    const size_t from = 8u * stage_take(s), n = stage_take(s);

    if (!s->held || from >= wire_ip_payload(s->held))
        return;
    send_packet(&s->c.l, wire_ip_fragment(s->held, id, from, from + (n ? 8u * n : 4096)));
}

/* Payload 132 with any numbers around a part of a message. */
void step_v1_fragment(stage *s)
{
    ladder *l = &s->c.l;
    const ladder_side from = stage_side(s);
    const uint16_t id = (uint16_t)stage_below(s, 3);
    const uint8_t number = (uint8_t)stage_take(s);
    const unsigned last = stage_take(s);
    wire_message m = message(l, last & 2 ? IKE_XCHG_MAIN : IKE_XCHG_QUICK, IKE_FLAG_ENCRYPTED, last >> 4);
    const wire_header outer = { l->spi_i, l->spi_r, 0x10, IKE_XCHG_MAIN, (uint8_t)(last >> 2 & 1), 0 };
    GByteArray *whole, *part = g_byte_array_new();
    size_t start;

    wire_encrypted(&m, IKE_PL_ID, 300, 3);
    whole = wire_end(&m);
    start = MIN((size_t)100 * (number ? (number - 1u) % 4 : 0), whole->len);
    if (last & 8)
        stage_take_bytes(s, part);
    else
        g_byte_array_append(part, whole->data + start, (guint)MIN(100, whole->len - start));
    send_message(l, from, wire_v1_fragment(&outer, id, number, last & 1, part->data, part->len));
    g_byte_array_unref(whole);
    g_byte_array_unref(part);
}

void step_v2_fragment(stage *s)
{
    static const uint8_t exchanges[] = { IKE_XCHG_V2_AUTH, IKE_XCHG_V2_INTERMEDIATE, IKE_XCHG_V2_CREATE_CHILD,
                                         IKE_XCHG_V2_INFO };
    const unsigned n = stage_take(s);
    const v2_piece piece = {
        .by = n & 1 ? RESPONDER : INITIATOR,
        .response = n & 2,
        .exchange = exchanges[n >> 2 & 3],
        .id = stage_message_id(s),
        .number = n & 0x80 ? stage_take16(s) : 1 + stage_below(s, 5),
        .total = 1 + (n & 0x40 ? stage_take16(s) : stage_below(s, 5)),
    };

    if (s->c.l.plain && (piece.number == 0 || piece.number > piece.total))
        return; /* there is no such part of it */
    v2_fragment(&s->c.l, piece);
}

/* ---- ESP ---- */

void step_esp(stage *s)
{
    const ladder_side from = stage_side(s);
    const uint32_t spi = stage_spi(s);
    const unsigned sequence = stage_take(s);

    esp(&s->c.l, from, spi, sequence > 250 ? UINT32_MAX - 255 + sequence : sequence);
}

/* Packets of one SPI with numbers in a row. */
void step_esp_run(stage *s)
{
    const ladder_side from = stage_side(s);
    const uint32_t spi = stage_spi(s);
    const unsigned first = stage_take(s);

    for (unsigned n = stage_below(s, 40); n > 0; n--)
        esp(&s->c.l, from, spi, first + n);
}

void step_ah(stage *s)
{
    const ladder_side from = stage_side(s);
    const uint32_t spi = stage_spi(s);

    ah(&s->c.l, from, spi, stage_take(s));
}

void step_keepalive(stage *s)
{
    const uint8_t keepalive = 0xff;

    send_datagram(&s->c.l, stage_side(s), &keepalive, 1);
}

void step_udp_esp(stage *s)
{
    const ladder_side from = stage_side(s);
    uint8_t packet[64] = { 0 };

    wire_put32(packet, stage_spi(s));
    wire_put32(packet + 4, stage_take(s));
    send_datagram(&s->c.l, from, packet, sizeof packet);
}

/* RFC 2410: a UDP datagram in clear, padding, next header, and an ICV of 12 bytes. */
void step_null_esp(stage *s)
{
    ladder *l = &s->c.l;
    const ladder_side from = stage_side(s);
    const wire_ip ip = { .src = l->hosts[from].seen, .dst = l->hosts[1 - from].seen, .id = ++l->ip_id[from] };
    const bool is_tunnel = stage_take(s) & 1;
    GByteArray *body = wire_hex("00000000 00000000"), *inner = g_byte_array_new();

    wire_put32(body->data, stage_spi(s));
    wire_put32(body->data + 4, stage_take(s));
    stage_take_bytes(s, inner);
    if (is_tunnel) {
        GByteArray *packet = wire_udp(&ip, inner->data, inner->len);

        g_byte_array_append(body, packet->data, packet->len);
        g_byte_array_unref(packet);
    } else {
        g_byte_array_append(body, inner->data, inner->len);
    }
    g_byte_array_append(body, (const uint8_t[]){ 0, is_tunnel ? 4 : IKE_IPPROTO_UDP }, 2);
    wire_random(body, 12, body->len);
    send_packet(l, wire_packet(&ip, IKE_IPPROTO_ESP, body->data, body->len));
    g_byte_array_unref(inner);
    g_byte_array_unref(body);
}

/* ---- what else is on the way ---- */

/* About the newest packet. */
void step_icmp(stage *s)
{
    static const uint8_t types[] = { 3, 11, 1, 2, 3, 4, 12 };
    const ladder_side to = stage_side(s);
    const uint8_t type = types[stage_below(s, G_N_ELEMENTS(types))], code = (uint8_t)stage_below(s, 16);
    const size_t quoted = stage_take(s) * 3u;

    if (s->c.l.packet)
        icmp_error(&s->c.l, to, type, code, quoted);
}

void step_datagram(stage *s)
{
    const ladder_side from = stage_side(s);
    GByteArray *bytes = g_byte_array_new();

    stage_take_bytes(s, bytes);
    send_datagram(&s->c.l, from, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
}

/* ---- TCP ---- */

void step_connect(stage *s)
{
    tcp *c = &s->c;

    c->l.hosts[RESPONDER].seen.port = IKE_PORT_NATT;
    tcp_reconnect(c, (uint16_t)(40000 + stage_take(s)));
}

void step_stream_prefix(stage *s) { tcp_prefix(&s->c); }

void step_stream_ike(stage *s)
{
    static const uint8_t exchanges[] = { IKE_XCHG_V2_AUTH, IKE_XCHG_V2_CREATE_CHILD, IKE_XCHG_V2_INFO };
    tcp *c = &s->c;
    const unsigned n = stage_take(s);
    const uint8_t type = exchanges[(n >> 3) % G_N_ELEMENTS(exchanges)];
    const uint32_t id = n >> 5;

    switch (n % 6) {
    case 0: tcp_ike(c, init(c)); break;
    case 1: tcp_ike(c, init_answer(c)); break;
    case 2: tcp_ike(c, request(c, type, id, 300)); break;
    case 3: tcp_ike(c, response(c, type, id, 240)); break;
    case 4: tcp_ike(c, fragment(c, type, id, 1, 200)); break;
    default: tcp_ike(c, fragment(c, type, id, 2, 200)); break;
    }
}

void step_stream_esp(stage *s)
{
    const uint32_t spi = stage_spi(s);

    tcp_esp(&s->c, spi, stage_take(s));
}

void step_stream_bytes(stage *s) { stage_take_bytes(s, s->c.bytes); }

void step_stream_send(stage *s)
{
    const ladder_side from = stage_side(s);
    const unsigned size = stage_take(s);

    if (s->c.bytes->len == 0)
        return;
    if (size)
        tcp_send_cut(&s->c, from, 16u + 8u * size);
    else
        tcp_send(&s->c, from);
}

/* Any part of the bytes; the last one takes them away. */
void step_stream_part(stage *s)
{
    tcp *c = &s->c;
    const unsigned n = stage_take(s);
    const ladder_side from = n & 1 ? RESPONDER : INITIATOR;
    const size_t start = 4u * stage_take(s), length = 4u * stage_take(s);

    if (start < c->bytes->len)
        tcp_send_part(c, from, start, MIN(start + length, c->bytes->len));
    if (n & 2)
        tcp_sent(c, from);
    c->no_ack = n & 4;
}

/* Flags, and a sequence number near the newest or far from it. */
void step_stream_segment(stage *s)
{
    tcp *c = &s->c;
    const unsigned n = stage_take(s), flags = stage_take(s) & 0x1f;
    const ladder_side from = n & 1 ? RESPONDER : INITIATOR;
    const uint32_t distance = (uint32_t)(stage_take(s) << (n & 2 ? 16 : 2));
    GByteArray *bytes = g_byte_array_new();

    stage_take_bytes(s, bytes);
    tcp_segment(c, from, n & 4 ? c->seq[from] - distance : c->seq[from] + distance, flags, bytes->data, bytes->len);
    g_byte_array_unref(bytes);
}
