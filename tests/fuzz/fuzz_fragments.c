/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fuzzes what puts pieces together: IP fragments, fragments of IKEv1 and IKEv2, TCP streams. Its steps are a
 * part of those of stage.h, under the same codes.
 */
#include "conclusions.h"
#include "stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const stage_step steps[STAGE_STEPS] = {
    [0x00] = step_packet,
    [0x01] = step_time,
    [0x02] = step_anew,
    [0x03] = step_next_sa,
    [0x05] = step_port_4500,
    [0x07] = step_host,
    [0x0b] = step_again,
    [0x0c] = step_earlier,
    [0x0e] = step_harm,
    [0x0f] = step_snaplen,
    [0x11] = step_habits,
    [0x13] = step_finish,

    [0x20] = step_main,
    [0x22] = step_quick,
    [0x26] = step_whole_main,
    [0x30] = step_v2_init,
    [0x31] = step_v2_request,
    [0x32] = step_v2_response,
    [0x35] = step_v2_establish,
    [0x36] = step_v2_exchange,
    [0x3a] = step_plain_v2,

    [0x40] = step_ip_fragments,
    [0x41] = step_ike_fragments,
    [0x42] = step_hold,
    [0x43] = step_held_fragment,
    [0x44] = step_v1_fragment,
    [0x45] = step_v2_fragment,
    [0x46] = step_esp,
    [0x49] = step_icmp,
    [0x4a] = step_datagram,

    [0x50] = step_connect,
    [0x51] = step_stream_prefix,
    [0x52] = step_stream_ike,
    [0x53] = step_stream_esp,
    [0x54] = step_stream_bytes,
    [0x55] = step_stream_send,
    [0x56] = step_stream_part,
    [0x57] = step_stream_segment,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stage s;

    stage_begin(&s, data, size);
    stage_play(&s, steps);
    conclusions_check(s.c.l.tracker, s.c.l.frame);
    stage_end(&s);
    return 0;
}
