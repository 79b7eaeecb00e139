/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKE and ESP in TCP (RFC 8229, RFC 9329), in two layers: ike_tcp.c puts the segments of a
 * direction in order, ike_tcpframe.c finds the frames in its bytes. Not for users of the core.
 */
#ifndef IKE_TCP_H
#define IKE_TCP_H

#include "ike_track.h"

typedef enum ike_tcp_sync {
    IKE_TCP_LOST,    /* where frames begin is not known */
    IKE_TCP_OPENING, /* at the start of the stream, where one direction has a prefix */
    IKE_TCP_FRAMED
} ike_tcp_sync;

/* The frames of one direction of a connection. */
typedef struct ike_tcp_frames {
    ike_endpoint src, dst;
    ike_tcp_sync sync;
    unsigned matched;   /* bytes of the prefix that were seen while opening */
    GByteArray *begun;  /* first bytes of a frame that is not over, or NULL */
    uint32_t passed;    /* bytes of that frame that are over: more than begun->len after a gap */
    bool is_trusted;    /* the stream has shown that it carries IKE or ESP */
    bool is_peer_trusted;
} ike_tcp_frames;

/* True when these bytes begin with the prefix of a stream, "IKETCP" (RFC 9329 4). */
bool ike_tcp_has_prefix(const uint8_t *data, size_t captured);

/* Reads the next `length` bytes of the stream, of which the capture holds the first `captured`;
 * they begin where a segment begins. Feeds what they complete to the tracker, in its current frame.
 * Keeps no more than one frame, 65535 bytes. RFC 9329 3. */
void ike_tcp_frames_read(ike_tracker *t, ike_tcp_frames *f, const uint8_t *data, size_t captured,
                         size_t length);
/* Goes over `n` bytes that are not in the capture. The frame that they end is fed as far as it was
 * captured; where they end between frames, synchronisation is lost. */
void ike_tcp_frames_skip(ike_tracker *t, ike_tcp_frames *f, size_t n);
/* Forgets the frame that is not over, and where the next one begins. */
void ike_tcp_frames_lose(ike_tcp_frames *f);

#endif
