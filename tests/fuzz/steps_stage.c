/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Time, hosts, habits, and packets as they are.
 */
#include "stage.h"

#include <string.h>

#define MAX_PACKET 2048u

/* Time since the frame before, how many bytes of a packet the input holds, how many zeros follow them. What a
 * packet has in clear is at its beginning, so a few bytes of the input make a long one. */
void step_packet(stage *s)
{
    GByteArray *packet = g_byte_array_new();
    const unsigned stored = stage_take16(s) % MAX_PACKET, more = stage_take16(s) % MAX_PACKET;
    const size_t n = MIN(stored, s->left);

    g_byte_array_append(packet, s->input, (guint)n);
    s->input += n;
    s->left -= n;
    g_byte_array_set_size(packet, (guint)n + more);
    if (more)
        memset(packet->data + n, 0, more);
    send_packet(&s->c.l, packet);
}

void step_time(stage *s)
{
    static const double seconds[] = { 0, 0.00001, 0.0005, 0.02, 0.1, 0.25, 0.5, 1, 2, 4, 5, 8, 10, 15, 20, 30, 60, 120,
                                      600, 3600, 90000, -0.001, -1, -60, -4000 };

    after(&s->c.l, seconds[stage_below(s, G_N_ELEMENTS(seconds))]);
}

void step_anew(stage *s) { anew(&s->c.l); }
void step_next_sa(stage *s) { next_sa(&s->c.l); }
void step_change_sides(stage *s) { change_sides(&s->c.l); }
void step_port_4500(stage *s) { move_to_4500(&s->c.l); }
void step_marker(stage *s) { s->c.l.marker = !s->c.l.marker; }
void step_long_after(stage *s) { long_after(&s->c.l); }
void step_finish(stage *s) { ike_tracker_finish(s->c.l.tracker); }

void step_host(stage *s)
{
    static const char *const addrs[] = { "10.1.0.2", "10.2.0.2", "198.51.100.7", "127.0.0.1", "2001:db8::1",
                                         "2001:db8::2", "::1", "10.1.0.3" };
    static const uint16_t ports[] = { IKE_PORT, IKE_PORT_NATT, 1024, 40001, 501, 443 };
    const ladder_side side = stage_side(s);
    ladder *l = &s->c.l;

    host_is(l, side, addrs[stage_below(s, G_N_ELEMENTS(addrs))], ports[stage_below(s, G_N_ELEMENTS(ports))]);
    if (l->hosts[side].seen.addr.family != l->hosts[1 - side].seen.addr.family)
        l->hosts[1 - side].seen.addr = l->hosts[side].seen.addr;
}

/* Seen from inside, from outside, or as another address of the same host. */
void step_nat(stage *s)
{
    ladder *l = &s->c.l;

    switch (stage_below(s, 4)) {
    case 0: nat_seen_outside(l); break;
    case 1: nat_seen_inside(l); break;
    case 2: l->hosts[RESPONDER].known = wire_endpoint("203.0.113.9", IKE_PORT); break;
    default: l->hosts[INITIATOR].seen.port = (uint16_t)(1024 + stage_take(s)); break;
    }
}

void step_vendors(stage *s)
{
    static const char *const none[] = { NULL };
    static const char *const common[] = { VID_RFC3947, VID_DPD, VID_FRAGMENTATION, NULL };
    static const char *const windows[] = { VID_WINDOWS, VID_GSS, VID_DRAFT_02N, VID_FRAGMENTATION, NULL };
    static const char *const old[] = { VID_DRAFT_07, VID_XAUTH, NULL };
    static const char *const *const lists[] = { none, common, windows, old };
    const ladder_side side = stage_side(s);

    s->c.l.vendors[side] = lists[stage_below(s, G_N_ELEMENTS(lists))];
}

void step_proposal(stage *s)
{
    static const uint16_t auths[] = { 1, 2, 3, 4, 5, 9, 10, 64221, 65001, 65005 };
    const bool is_choice = stage_take(s) & 1;
    const wire_transform transform = {
        .encryption = (uint16_t)stage_below(s, 10),
        .key_length = (uint16_t)(64 * stage_below(s, 5)),
        .hash = (uint16_t)stage_below(s, 7),
        .auth = auths[stage_below(s, G_N_ELEMENTS(auths))],
        .group = (uint16_t)stage_below(s, 36),
        .life_seconds = stage_take(s) * 4000u,
    };
    ladder *l = &s->c.l;

    if (is_choice)
        l->choice = transform;
    else if (l->n_offer < G_N_ELEMENTS(l->offer))
        l->offer[l->n_offer++] = transform;
    else
        l->offer[0] = transform;
}

void step_again(stage *s)
{
    if (s->c.l.packet)
        same_packet(&s->c.l);
}

/* A packet of the newest 256. */
void step_earlier(stage *s)
{
    const GPtrArray *tape = s->c.l.tape;
    const ladder_frame *frame;

    if (tape->len == 0)
        return;
    frame = tape->pdata[tape->len - 1 - stage_take(s) % tape->len];
    send_packet(&s->c.l, g_byte_array_append(g_byte_array_new(), frame->packet->data, frame->packet->len));
}

void step_harm(stage *s)
{
    s->harm = (uint8_t)stage_take(s);
    s->harm_at = (uint16_t)stage_take(s);
    if (s->harm & 0x80)
        s->harm_at = (uint16_t)(s->harm_at << 8 | stage_take(s));
    s->harm_value = (uint8_t)stage_take(s);
}

void step_snaplen(stage *s)
{
    static const size_t lengths[] = { 0, 60, 68, 96, 128, 200, 576 };

    s->c.l.snaplen = lengths[stage_below(s, G_N_ELEMENTS(lengths))];
}

void step_cookies(stage *s)
{
    ladder *l = &s->c.l;

    switch (stage_below(s, 8)) {
    case 0: l->spi_r = 0; break;
    case 1: l->spi_i = 0; break;
    case 2: l->spi_r++; break;
    case 3: l->spi_i++; break;
    case 4: l->spi_r--; break;
    case 5: l->spi_i--; break;
    case 6: l->spi_i = l->spi_r; break;
    default: l->spi_r = UINT64_C(0x2222222222222201); break;
    }
}

/* What stacks do in different ways. */
void step_habits(stage *s)
{
    static const uint8_t natd[] = { 0, IKE_PL_NATD, IKE_PL_NATD_DRAFT_00, IKE_PL_NATD_DRAFT_04 };
    ladder *l = &s->c.l;
    const unsigned value = stage_take(s);

    switch (stage_below(s, 9)) {
    case 0: l->natd = natd[value % G_N_ELEMENTS(natd)]; break;
    case 1: l->natd_hash = value % 7; break;
    case 2: l->forced[value & 1] = !l->forced[value & 1]; break;
    case 3: l->zero_ip_id = value & 1; break;
    case 4: l->commit_from = (uint8_t)(value % 5); break;
    case 5: l->qm_opener = value & 1 ? RESPONDER : INITIATOR; break;
    case 6: l->mm_message_id = value & 3; break;
    case 7: l->length_of_mm5 = l->length_of_mm6 = 76 + 8u * value; break;
    default: l->spoil = value & 1; break;
    }
}

void step_keys(stage *s)
{
    s->c.l.keys = (ladder_keys)stage_below(s, BEHIND_OTHERS + 1);
}
