/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The public face of the core. A tracker is fed the IP packets of a capture in frame order and
 * keeps, for each frame, notes of what it recognised there. It reads no clock and keeps no global
 * state: one tracker is one capture.
 */
#ifndef IKE_TRACKER_H
#define IKE_TRACKER_H

#include "ike_capture.h"
#include "ike_sa.h"

ike_tracker *ike_tracker_new(const ike_options *options);
void ike_tracker_free(ike_tracker *t);

/* Begins the next frame. Every frame of the capture is announced, whatever it holds: it tells how
 * long the capture goes on. Numbers ascend; times need not. */
void ike_tracker_frame(ike_tracker *t, uint32_t number, ike_time time);

/* What the host program has decrypted in the current frame, in the order of its messages: the payloads of one
 * message of this IKE version with their padding. Announced before the packets are fed, valid until the end
 * of the frame. What cannot be payloads of its message is not used. */
void ike_tracker_plain(ike_tracker *t, unsigned version, const uint8_t *data, size_t length);

/* Feeds one IP packet of the current frame: its bytes from the IP header on, as captured. Packets
 * inside tunnels are fed like any other; packets quoted in ICMP errors are not. */
void ike_tracker_feed_ip(ike_tracker *t, const uint8_t *data, size_t captured);

/* Feeds an IKE message that was found without an IP header to read: endpoints as known, `wire` its
 * length in the datagram. Used where only the host program knows the encapsulation. */
void ike_tracker_feed_message(ike_tracker *t, const ike_endpoint *src, const ike_endpoint *dst,
                              const uint8_t *data, size_t captured, size_t wire);

/* Ends a frame with notes: what a single pass may say in it is decided now, if it `is_shown`. Of no use in others. */
void ike_tracker_end_frame(ike_tracker *t, bool is_shown);

/* First note of a frame, or NULL. Valid until the tracker is freed. */
ike_note *ike_tracker_notes(const ike_tracker *t, uint32_t frame);
/* What a single pass says at this note of earlier frames: the first finding, the others linked, or NULL. Valid until
 * the next frame. */
const ike_finding *ike_tracker_live(const ike_tracker *t, const ike_note *note);

/* Draws the conclusions that need the end of the capture. Cheap when nothing was fed since the last
 * call; after more frames were fed, conclusions are drawn anew. */
void ike_tracker_finish(ike_tracker *t);

/* All SAs in order of their numbers; all findings; those that belong to no SA. */
const ike_list *ike_tracker_sas(const ike_tracker *t);
/* All IPsec SAs that were seen, in order of appearance. */
const ike_list *ike_tracker_flows(const ike_tracker *t);
const ike_list *ike_tracker_findings(const ike_tracker *t);
const ike_list *ike_tracker_orphans(const ike_tracker *t);
/* Messages that belong to no SA, const ike_record *. */
const ike_list *ike_tracker_outside(const ike_tracker *t);
/* True when the capture holds IKE, ESP, AH or a piece of IKE. */
bool ike_tracker_has_data(const ike_tracker *t);
/* Datagrams of port 500 or 4500 that the capture cut so short that nothing could be read of them. */
unsigned ike_tracker_cut(const ike_tracker *t);
/* Packets of WireGuard on UDP 4500, which are no ESP. */
unsigned ike_tracker_wireguard(const ike_tracker *t);
/* Number of the current frame. */
uint32_t ike_tracker_current(const ike_tracker *t);

ike_span ike_tracker_span(const ike_tracker *t);

#endif
