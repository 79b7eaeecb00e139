/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the IP packets of a frame begin. Two ways lead there: the protocol tree, which Wireshark would
 * have to build for each frame, and the layers and addresses that it notes in any case.
 */
#ifndef IKEX_PLACE_H
#define IKEX_PLACE_H

#include "ws_compat.h"

#define IKEX_MAX_PLACES 64 /* IP headers of one frame that are looked at */

/* A header: its bytes are `start` bytes into a data source of the frame. */
typedef struct ikex_place {
    tvbuff_t *tvb;
    int start;
} ikex_place;

typedef struct ikex_places {
    ikex_place at[IKEX_MAX_PLACES];
    unsigned n;
} ikex_places;

/* The bytes of a place to the end of its data source, or NULL when there are none. */
const uint8_t *ikex_place_bytes(const ikex_place *place, size_t *captured);

/* ---- ikex_layers.c ---- */
void ikex_layers_init(void);
/* What one walk over the protocols of a frame tells. */
typedef struct ikex_layers {
    unsigned n_ip;     /* headers of IPv4 and IPv6; what "ip" hands on to "ipv6" counts twice */
    unsigned n_hidden; /* headers that may be there beside them: from 4.4 on MPLS does not note what it holds */
    unsigned n_isakmp;
    bool isakmp_in_udp; /* the first of these directly in UDP .. */
    bool behind_marker; /* .. in UDP on a port that ESP shares (RFC 3948 2.2) .. */
    bool isakmp_exported; /* .. or in what Wireshark exports of a packet */
} ikex_layers;
ikex_layers ikex_layers_of(const packet_info *pinfo);
/* Finds the IP headers without a tree, outer ones before inner ones. `hint` is where the outermost one of an
 * earlier frame began, -1 at first. */
void ikex_layers_find(const packet_info *pinfo, const ikex_layers *layers, ikex_places *found, int *hint);
/* Finds the IKE messages of a frame with these packets: the one in its innermost datagram, else what fits its
 * own length. */
void ikex_layers_find_messages(const packet_info *pinfo, const ikex_layers *layers, const ikex_places *packets,
                               ikex_places *found);

/* ---- ikex_tree.c ---- */
void ikex_tree_init(void);
/* Makes Wireshark build a tree of each frame, or not. */
void ikex_tree_want(dissector_handle_t handle, bool wanted);
/* Finds the IP headers, and the IKE messages, in the tree. */
void ikex_tree_find(proto_tree *tree, ikex_places *found);
void ikex_tree_find_messages(proto_tree *tree, ikex_places *found);

#endif
