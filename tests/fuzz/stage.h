/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A conversation that an input of the fuzzer makes up. The input is a list of steps: a code, and what that step
 * reads for itself. Most steps are those of the ladders of unit tests, so that a few bytes make an IKE SA with
 * its IPsec SAs; others feed the bytes of a packet as they are. Codes are never used for anything else later:
 * the corpus would lose its meaning.
 */
#ifndef STAGE_H
#define STAGE_H

#include "ladder2.h"
#include "tcp.h"

typedef struct stage {
    tcp c; /* the first member, and the ladder is its first: packets on their way lead back here */
    const uint8_t *input;
    size_t left;
    GByteArray *held; /* a packet that is cut by hand */
    uint8_t harm, harm_value; /* of the next packet */
    uint16_t harm_at;
    bool finishes;    /* draws conclusions in the middle, too */
} stage;

typedef void (*stage_step)(stage *s);

#define STAGE_STEPS 128

/* Plays steps until the input or the patience ends. */
void stage_begin(stage *s, const uint8_t *input, size_t length);
void stage_play(stage *s, const stage_step *steps);
void stage_end(stage *s);

/* The steps, by their codes; NULL: the capture goes on. */
extern const stage_step stage_all_steps[STAGE_STEPS];

/* ---- what steps read; 0 after the end of the input ---- */
unsigned stage_take(stage *s);
unsigned stage_take16(stage *s);
unsigned stage_below(stage *s, unsigned n);
ladder_side stage_side(stage *s);
/* Few, so that negotiations, deletes and packets meet. */
uint32_t stage_spi(stage *s);
uint32_t stage_message_id(stage *s);
uint16_t stage_notify(stage *s);
/* Appends bytes of the input, as many as its next one says. */
void stage_take_bytes(stage *s, GByteArray *out);
/* Up to four pieces and their order, as ladders want it; static. */
const char *stage_order(stage *s);

/* ---- steps_stage.c ---- */
void step_packet(stage *s);
void step_time(stage *s);
void step_anew(stage *s);
void step_next_sa(stage *s);
void step_change_sides(stage *s);
void step_port_4500(stage *s);
void step_marker(stage *s);
void step_host(stage *s);
void step_nat(stage *s);
void step_vendors(stage *s);
void step_proposal(stage *s);
void step_again(stage *s);
void step_earlier(stage *s);
void step_long_after(stage *s);
void step_harm(stage *s);
void step_snaplen(stage *s);
void step_cookies(stage *s);
void step_habits(stage *s);
void step_keys(stage *s);
void step_finish(stage *s);

/* ---- steps_ike.c ---- */
void step_main(stage *s);
void step_aggressive(stage *s);
void step_quick(stage *s);
void step_transaction(stage *s);
void step_info(stage *s);
void step_refuse(stage *s);
void step_whole_main(stage *s);
void step_whole_quick(stage *s);
void step_message(stage *s);
void step_plain_v1(stage *s);
void step_v2_init(stage *s);
void step_v2_request(stage *s);
void step_v2_response(stage *s);
void step_v2_clear(stage *s);
void step_v2_invalid_spi(stage *s);
void step_v2_establish(stage *s);
void step_v2_exchange(stage *s);
void step_v2_rekey(stage *s);
void step_v2_resume(stage *s);
void step_v2_habits(stage *s);
void step_plain_v2(stage *s);
void step_plain_bytes(stage *s);
void step_known_tunnel(stage *s);
void step_known_child(stage *s);
void step_known_rekey(stage *s);

/* ---- steps_path.c ---- */
void step_ip_fragments(stage *s);
void step_ike_fragments(stage *s);
void step_hold(stage *s);
void step_held_fragment(stage *s);
void step_v1_fragment(stage *s);
void step_v2_fragment(stage *s);
void step_esp(stage *s);
void step_esp_run(stage *s);
void step_ah(stage *s);
void step_icmp(stage *s);
void step_datagram(stage *s);
void step_keepalive(stage *s);
void step_udp_esp(stage *s);
void step_null_esp(stage *s);
void step_connect(stage *s);
void step_stream_prefix(stage *s);
void step_stream_ike(stage *s);
void step_stream_esp(stage *s);
void step_stream_bytes(stage *s);
void step_stream_send(stage *s);
void step_stream_part(stage *s);
void step_stream_segment(stage *s);

#endif
