/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPsec SAs as they are seen: ESP or AH with one SPI in one direction (RFC 4301 4.1), which packets of
 * it came, and what its sequence numbers say (RFC 4303 3.3.3, 3.4.3).
 */
#ifndef IKE_FLOW_H
#define IKE_FLOW_H

#include "ike_base.h"

struct ike_sa;
struct ike_exchange;
struct ike_packet;

typedef enum ike_encapsulation { IKE_IN_IP, IKE_IN_UDP, IKE_IN_TCP } ike_encapsulation;

/* How it is known which negotiation made an IPsec SA. */
typedef enum ike_tied_by {
    IKE_TIED_NOT,
    IKE_TIED_BY_KEYS,
    IKE_TIED_ONLY_CANDIDATE,
    IKE_TIED_AMBIGUOUS
} ike_tied_by;

/* "keys", "only candidate" or "ambiguous"; NULL for IKE_TIED_NOT. */
const char *ike_tied_by_name(ike_tied_by tied);

/* What a sequence number shows. */
typedef enum ike_sequence {
    IKE_SEQUENCE_NEW,
    IKE_SEQUENCE_DOUBLED,  /* the same packet twice in the capture, or doubled by the network */
    IKE_SEQUENCE_REPEATED, /* sent again */
    IKE_SEQUENCE_RESTARTED /* the numbers begin anew */
} ike_sequence;

#define IKE_FIRST_SPI 256u /* smaller ones are reserved: RFC 4303 2.1 */
#define IKE_LOW_SEQUENCE 10u /* up to it, numbers have begun anew or with the capture */
#define IKE_FLOW_WINDOW 64 /* newest sequence numbers that are remembered (RFC 4303 3.4.3) */

/* A packet that was seen, for telling repeats apart. */
typedef struct ike_seen {
    uint32_t sequence, ip_id;
    bool is_set, has_ip_id;
    bool is_stream; /* came in TCP, where nothing is doubled */
    ike_time time;
} ike_seen;

/* ICMP errors of one kind about different packets of an IPsec SA. */
typedef struct ike_flow_errors {
    struct ike_icmp *first, *newest;
    unsigned n;      /* in IKE_ERRORS_AGE after the one before */
    unsigned n_late; /* of these, about what was sent when the first had arrived */
} ike_flow_errors;

typedef struct ike_flow_icmp {
    ike_flow_errors too_big, others;
} ike_flow_icmp;

#define IKE_ERRORS_AGE (300 * IKE_SECOND)

typedef struct ike_flow {
    uint32_t number;         /* over the capture, from 0 */
    uint32_t spi;
    bool is_ah;
    ike_encapsulation encapsulation; /* of its first packet */
    ike_endpoint src, dst;   /* of its first packet */
    ike_addr other_dst;      /* the same receiver on the other side of a NAT, family 0 for none */
    struct ike_sa *sa;       /* or NULL */
    ike_side side;           /* of the SA, that sends it */
    struct ike_exchange *child; /* that made it, or NULL */
    ike_tied_by tied_by;
    struct ike_flow *next;   /* older one with the same SPI */

    uint16_t src_port, dst_port; /* of its newest packet between the addresses of the first */
    ike_time moved;          /* when src_port changed, 0: never .. */
    ike_time moved_after;    /* .. and for how long it had sent nothing then */

    struct ike_packet *first, *newest; /* packets */
    uint64_t packets, bytes; /* without those doubled; bytes from the SPI on */
    uint64_t repeats, fragmented;
    uint32_t first_sequence, highest;
    uint64_t distinct;       /* different sequence numbers since they began */
    bool has_wrapped;        /* went on past the largest one: extended sequence numbers */
    struct ike_packet *restart, *repeat, *near_wrap, *fragment; /* the first of each, or NULL */
    ike_seen first_seen;
    ike_seen *seen;          /* by number modulo `room`; use ike_flow_seen. NULL while there is one packet */
    uint8_t room;            /* a power of two that grows to IKE_FLOW_WINDOW when two numbers fall into one place */
    ike_flow_icmp *icmp;     /* errors that quote it, or NULL */
    struct ike_null *null;   /* what the search for ESP-NULL knows, or NULL */
} ike_flow;

/* Where a packet with this number was remembered; it may hold another one. */
const ike_seen *ike_flow_seen(const ike_flow *flow, uint32_t sequence);
ike_flow *ike_flow_new(uint32_t number, uint32_t spi, bool is_ah);
void ike_flow_free(ike_flow *flow);

/* Takes note of a sequence number; `seen` is the packet that has it. A number far below the highest,
 * after a pause or a renegotiation (`may_restart`), is a restart. */
ike_sequence ike_flow_sequence(ike_flow *flow, const ike_seen *seen, bool may_restart);

/* RFC 4303 3.3.3: an SA must be renewed before its numbers wrap. */
bool ike_flow_is_near_wrap(uint32_t sequence);

/* True when the numbers run as those of ESP do. What else travels on port 4500 (games, other tunnels) has a
 * constant or a random value in their place. */
bool ike_flow_is_numbered(const ike_flow *flow);

/* Sequence numbers between the first and the highest that were not seen. */
uint64_t ike_flow_missing(const ike_flow *flow);

#endif
