/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ESP without encryption (RFC 2410), found without keys by what stands in the clear (RFC 5879), and what
 * it carries.
 */
#ifndef IKE_NULL_H
#define IKE_NULL_H

#include "ike_flow.h"

typedef enum ike_null_verdict {
    IKE_NULL_UNKNOWN,
    IKE_NULL_NO,
    IKE_NULL_PROBABLY, /* two packets agree, none contradicts */
    IKE_NULL_YES       /* a checksum inside is right */
} ike_null_verdict;

typedef struct ike_null {
    ike_null_verdict verdict;
    uint8_t iv, icv;        /* of the shape that fits, or may fit */
    uint8_t next_header;    /* of the newest packet that fits */
    unsigned agreeing, tried;
    bool has_l2tp_control, has_l2tp_data;
    uint16_t ns;            /* of the newest L2TP control message (RFC 2661 3.1) */
    unsigned sends;         /* of that message */
    struct ike_packet *first_send, *last_send, *newest_l2tp;
} ike_null;

/* Looks at one whole ESP packet of a flow, from the SPI on. Decides with few packets and then only reads
 * L2TP. `length` is the whole packet; what the capture cut off must not be given. */
void ike_null_look(ike_flow *flow, struct ike_packet *packet, const uint8_t *data, size_t length);

static inline bool ike_null_is(const ike_flow *flow)
{
    return flow->null && flow->null->verdict >= IKE_NULL_PROBABLY;
}

/* What the flow carries, in words: "L2TP control", "TCP", "IPv4". */
const char *ike_null_content(const ike_flow *flow);

#endif
