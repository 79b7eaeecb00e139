/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One side of an IKE SA: where it is, what it announced, and what a NAT sees of it.
 */
#ifndef IKE_SIDE_H
#define IKE_SIDE_H

#include "ike_message.h"
#include "ike_record.h"

#define IKE_MAX_VIEWS 4          /* addresses of one side in a capture on several sides of NATs */

#define IKE_MAX_NATD 8 /* NAT-D payloads of a message that are remembered */

/* What the NAT-D payloads of one side say, seen from the capture point (RFC 3947 3.2). */
typedef struct ike_natd {
    bool seen;          /* and could be tested */
    bool source_ok, destination_ok;
    bool forced;        /* a hash over port 0, which is taken for the port in use */
    bool wrong_order;   /* only matches when the order of the payloads is not honoured */
    uint16_t payloads;  /* that are there, tested or not */
    uint64_t *hashes;   /* digests of up to IKE_MAX_NATD of these: the destination, then sources; IKEv1 only */
    struct ike_record *record; /* that carried them */
} ike_natd;

/* A time in which a side sent nothing on its way through the NAT (RFC 3948 4). */
typedef struct ike_gap {
    ike_time from, length;
    ike_note *end; /* the packet that ends it, or NULL while there is no gap */
} ike_gap;

typedef struct ike_gaps {
    ike_gap longest, newest;
    ike_gap moved;           /* the longest one that ended with another port .. */
    ike_time port_changed;   /* .. which it did last at this time; 0: never */
} ike_gaps;

/* Where a side was seen last under one address. */
typedef struct ike_view {
    ike_endpoint endpoint;
    bool has_marker;
} ike_view;

/* What a NAT on the way of one side would see of it: ike_natt_path.c. */
typedef struct ike_path {
    ike_view *views;   /* up to IKE_MAX_VIEWS */
    uint8_t n_views;
    bool has_sent, has_used_4500;
    bool has_current, current_has_marker, current_is_tcp;
    ike_endpoint current;    /* source of its newest message */
    unsigned keepalives;
    ike_time newest;         /* packet of any kind: IKE, ESP, keepalive */
    ike_time newest_message;
    const ike_gaps *gaps;    /* never NULL; write to what ike_path_gaps returns */
} ike_path;

extern const ike_gaps ike_no_gaps;
ike_gaps *ike_path_gaps(ike_path *path);

/* ESP and AH packets of a side in a row, while the other side sends none. */
typedef struct ike_turns {
    struct ike_packet *first, *newest; /* of the newest row */
    uint32_t packets;  /* in it; 0: the other side has sent since */
    uint32_t answered; /* rows before it, each ended by a packet of the other side */
    uint32_t most;     /* packets in one of these .. */
    ike_time longest;  /* .. and how long one took until that came */
} ike_turns;

/* What a side has that sent more than a first message. Read it as `more` of a side, which is ike_no_side_more at first;
 * write to what ike_side_more_of returns. */
typedef struct ike_side_more {
    const ike_vendor *versioned; /* the first of its vendors that tells a version, or NULL: .. */
    uint8_t *tail;             /* .. what is behind its name */
    uint8_t tail_length;
    char *identity; /* from an ID payload in clear or decrypted, or NULL */
    ike_natd natd;
    uint64_t esp_packets;
    uint32_t newest_piece_frame;    /* of its newest piece */
    uint32_t newest_outside_frame;  /* of its newest error outside the SA */
    uint32_t newest_esp_frame;
    ike_turns turns;
} ike_side_more;

extern const ike_side_more ike_no_side_more;

typedef struct ike_side_state {
    ike_endpoint *endpoints; /* up to IKE_MAX_ENDPOINTS; room for a power of two */
    const ike_vendor **vendors; /* up to IKE_MAX_VENDORS */
    const ike_side_more *more; /* never NULL */
    unsigned messages;      /* first copies */
    uint8_t n_endpoints, n_vendors;
    bool is_rewritten;      /* a packet of it was seen on both sides of a NAT */
    uint32_t newest_exchange_frame; /* of its newest such message, Informationals aside */
    ike_record *newest;     /* message or piece */
    ike_path *path;         /* use ike_side_path; NULL while it sent nothing */
} ike_side_state;

/* To write to what more it has. */
ike_side_more *ike_side_more_of(ike_side_state *side);
/* What a NAT sees of a side; of one that sent nothing, nothing. */
const ike_path *ike_side_path(const ike_side_state *side);
/* To write to it. */
ike_path *ike_side_make_path(ike_side_state *side, ike_arena *arena);
/* Adds one that it does not have; there must be fewer than IKE_MAX_ENDPOINTS. */
void ike_side_add_endpoint(ike_side_state *side, ike_arena *arena, const ike_endpoint *endpoint);
bool ike_side_has_endpoint(const ike_side_state *side, const ike_endpoint *endpoint);
/* The best NAT-T method that one side announced, or NULL. */
const ike_vendor *ike_side_nat_method(const ike_side_state *side);
/* Frees what a side refers to. */
void ike_side_free(ike_side_state *side);
/* Gives a side what another SA of the same peers told of it: endpoints, vendors. */
void ike_side_inherit(ike_side_state *side, ike_arena *arena, const ike_side_state *from);
/* Remembers a vendor ID payload that is known; false when there are too many. */
bool ike_side_add_vendor(ike_side_state *side, const ike_payload *p);
/* Appends the products, and their versions, that the vendor IDs of a side name. */
void ike_side_products_append(GString *out, const ike_side_state *side);

#endif
