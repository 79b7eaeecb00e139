/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stage.h"

#define MAX_FRAMES 1500u /* of one input: what grows faster than its input shows well below that */

const stage_step stage_all_steps[STAGE_STEPS] = {
    [0x00] = step_packet,
    [0x01] = step_time,
    [0x02] = step_anew,
    [0x03] = step_next_sa,
    [0x04] = step_change_sides,
    [0x05] = step_port_4500,
    [0x06] = step_marker,
    [0x07] = step_host,
    [0x08] = step_nat,
    [0x09] = step_vendors,
    [0x0a] = step_proposal,
    [0x0b] = step_again,
    [0x0c] = step_earlier,
    [0x0d] = step_long_after,
    [0x0e] = step_harm,
    [0x0f] = step_snaplen,
    [0x10] = step_cookies,
    [0x11] = step_habits,
    [0x12] = step_keys,
    [0x13] = step_finish,

    [0x20] = step_main,
    [0x21] = step_aggressive,
    [0x22] = step_quick,
    [0x23] = step_transaction,
    [0x24] = step_info,
    [0x25] = step_refuse,
    [0x26] = step_whole_main,
    [0x27] = step_whole_quick,
    [0x28] = step_message,
    [0x29] = step_plain_v1,

    [0x30] = step_v2_init,
    [0x31] = step_v2_request,
    [0x32] = step_v2_response,
    [0x33] = step_v2_clear,
    [0x34] = step_v2_invalid_spi,
    [0x35] = step_v2_establish,
    [0x36] = step_v2_exchange,
    [0x37] = step_v2_rekey,
    [0x38] = step_v2_resume,
    [0x39] = step_v2_habits,
    [0x3a] = step_plain_v2,
    [0x3b] = step_plain_bytes,
    [0x3c] = step_known_tunnel,
    [0x3d] = step_known_child,
    [0x3e] = step_known_rekey,

    [0x40] = step_ip_fragments,
    [0x41] = step_ike_fragments,
    [0x42] = step_hold,
    [0x43] = step_held_fragment,
    [0x44] = step_v1_fragment,
    [0x45] = step_v2_fragment,
    [0x46] = step_esp,
    [0x47] = step_esp_run,
    [0x48] = step_ah,
    [0x49] = step_icmp,
    [0x4a] = step_datagram,
    [0x4b] = step_keepalive,
    [0x4c] = step_udp_esp,
    [0x4d] = step_null_esp,

    [0x50] = step_connect,
    [0x51] = step_stream_prefix,
    [0x52] = step_stream_ike,
    [0x53] = step_stream_esp,
    [0x54] = step_stream_bytes,
    [0x55] = step_stream_send,
    [0x56] = step_stream_part,
    [0x57] = step_stream_segment,
};

/* ---- what steps read ---- */

unsigned stage_take(stage *s)
{
    if (s->left == 0)
        return 0;
    s->left--;
    return *s->input++;
}

unsigned stage_take16(stage *s)
{
    const unsigned high = stage_take(s);

    return high << 8 | stage_take(s);
}

unsigned stage_below(stage *s, unsigned n)
{
    return stage_take(s) % n;
}

ladder_side stage_side(stage *s)
{
    return stage_take(s) & 1 ? RESPONDER : INITIATOR;
}

uint32_t stage_spi(stage *s)
{
    const unsigned n = stage_take(s);

    return n < 240 ? 0xc1000000u + n % 8 : n < 248 ? 0x1000u * (n % 4) : n;
}

uint32_t stage_message_id(stage *s)
{
    return stage_take(s) & 0x1f;
}

uint16_t stage_notify(stage *s)
{
    static const uint16_t types[] = {
        4, 5, 7, 11, 14, 17, 18, 24, 34, 35, 38, 43, 44, 16384, 16388, 16389, 16390, 16391, 16393, 16396, 16404, 16405,
        16406, 16407, 16408, 16412, 16413, 16418, 16430, 16431, 16435, 16438, 24576, 24578, 36136, 36137,
    };
    const unsigned n = stage_take(s);

    return n < G_N_ELEMENTS(types) ? types[n] : (uint16_t)(n * 257);
}

void stage_take_bytes(stage *s, GByteArray *out)
{
    const size_t wanted = stage_take(s), n = MIN(wanted, s->left);

    g_byte_array_append(out, s->input, (guint)n);
    s->input += n;
    s->left -= n;
}

const char *stage_order(stage *s)
{
    static const char *const orders[] = { NULL, "1", "2", "21", "12", "112", "122", "1221", "2121" };

    return orders[stage_below(s, G_N_ELEMENTS(orders))];
}

/* ---- packets on their way ---- */

static void cut(GByteArray *packet, size_t at, unsigned value)
{
    (void)value;
    g_byte_array_set_size(packet, (guint)at);
}

static void set_byte(GByteArray *packet, size_t at, unsigned value)
{
    packet->data[at] = (uint8_t)value;
}

static void flip_bit(GByteArray *packet, size_t at, unsigned value)
{
    packet->data[at] ^= (uint8_t)(1u << (value & 7));
}

static void lengthen(GByteArray *packet, size_t at, unsigned value)
{
    (void)at;
    wire_random(packet, value, 99);
}

/* The lengths that stand in the IP and UDP headers stay as they are. */
static void change(ladder *l, GByteArray *packet)
{
    static void (*const harms[])(GByteArray *, size_t, unsigned) = { cut, set_byte, flip_bit, lengthen };
    stage *s = (stage *)l;

    if (s->harm && packet->len)
        harms[s->harm % G_N_ELEMENTS(harms)](packet, s->harm_at % packet->len, s->harm_value);
    s->harm = 0;
}

/* ---- the stage ---- */

void stage_begin(stage *s, const uint8_t *input, size_t length)
{
    *s = (stage){ .input = input, .left = length };
    tcp_begin(&s->c);
    s->c.l.hosts[INITIATOR].seen.port = s->c.l.hosts[RESPONDER].seen.port = IKE_PORT;
    ladder_record_tape(&s->c.l);
    s->c.l.change = change;
}

static bool is_tired(const stage *s)
{
    return s->left == 0 || s->c.l.frame >= MAX_FRAMES;
}

void stage_play(stage *s, const stage_step *steps)
{
    for (unsigned n = 1; !is_tired(s); n++) {
        const stage_step step = steps[stage_take(s) % STAGE_STEPS];

        if (step)
            step(s);
        else
            foreign(&s->c.l);
        if (s->finishes && n % 7 == 0)
            ike_tracker_finish(s->c.l.tracker);
    }
}

void stage_end(stage *s)
{
    if (s->held)
        g_byte_array_unref(s->held);
    tcp_end(&s->c);
}
