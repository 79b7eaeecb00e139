/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where the IP packets of a frame begin. Two ways lead there: the protocol tree, which Wireshark would
 * have to build for each frame, and the layers and addresses that it notes in any case.
 */
#ifndef IKEX_PLACE_H
#define IKEX_PLACE_H

#include "ws_compat.h"

#include "ike_headers.h"

#define IKEX_MAX_PLACES IKE_MAX_LAYERS /* IP headers, or messages, of one frame that are looked at */

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
    ike_layer ip[IKE_MAX_LAYERS]; /* and what may be there without a note */
    unsigned n_ip;
    unsigned n_isakmp; /* where there is one: */
    bool isakmp_in_udp;   /* the first of these directly in UDP .. */
    bool behind_marker;   /* .. in UDP on a port that ESP shares (RFC 3948 2.2) .. */
    bool isakmp_exported; /* .. or in what Wireshark exports of a packet */
} ikex_layers;
void ikex_layers_read(const packet_info *pinfo, ikex_layers *layers);
/* Finds the IP headers without a tree, outer ones before inner ones. `hint` is where the outermost one of an
 * earlier frame began, IKE_NO_HINT at first. */
void ikex_layers_find(const packet_info *pinfo, const ikex_layers *layers, ikex_places *found, size_t *hint);
/* Finds the IKE messages of a frame with these packets: the one in its innermost datagram, else what fits its
 * own length. */
void ikex_layers_find_messages(const packet_info *pinfo, const ikex_layers *layers, const ikex_places *packets,
                               ikex_places *found);

/* ---- ikex_tree.c ---- */
void ikex_tree_init(void);
/* Makes Wireshark build a tree of each frame, or not. */
void ikex_tree_want(dissector_handle_t handle, bool wanted);
/* Finds the IP headers, and the IKE messages, in the tree. */
void ikex_tree_find(const packet_info *pinfo, proto_tree *tree, ikex_places *found);
void ikex_tree_find_messages(proto_tree *tree, ikex_places *found);

#endif
