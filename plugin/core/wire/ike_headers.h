/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IP headers in the bytes of a frame of which no more is known than the order of its IP layers, what follows each
 * and the addresses of the innermost one.
 */
#ifndef IKE_HEADERS_H
#define IKE_HEADERS_H

#include "ike_base.h"

/* Bytes that headers may be in: the frame, or what was put together or decrypted of it. */
typedef struct ike_bytes {
    const uint8_t *data;
    size_t captured; /* bytes that are there */
    size_t length;   /* bytes that there were on the wire */
} ike_bytes;

#define IKE_ANY_VERSION 0
#define IKE_ANY_PROTOCOL (-1)

typedef struct ike_layer {
    uint8_t version;  /* 4, 6 or IKE_ANY_VERSION */
    bool is_optional; /* it may not be there */
    bool is_quoted;   /* it is in an ICMP message, maybe cut off */
    int protocol;     /* of what follows, or IKE_ANY_PROTOCOL */
} ike_layer;

/* Where a header begins. */
typedef struct ike_header {
    size_t block, start;
} ike_header;

/* The addresses of the innermost header. Where `src` is part of a block it tells the place of that header. */
typedef struct ike_innermost {
    uint8_t version; /* 4 or 6 */
    const uint8_t *src, *dst;
} ike_innermost;

#define IKE_MAX_LAYERS 64
/* Bytes at which headers are looked for, some times what encapsulations put between two. */
#define IKE_MAX_LOOKS 16384
#define IKE_NO_HINT SIZE_MAX

/* Finds the headers of `layers` in their order, outer ones before inner ones, and returns how many there are in
 * `found`, which has room for IKE_MAX_LAYERS. `hint` is where the outermost one of a frame like this was in the first
 * block, or IKE_NO_HINT. The last of `found` is the header that `innermost` names. When those outside it are not found
 * where they must be, it is returned alone; when it may then be a quotation, those outside that are.
 *
 * Each header begins within 1 KiB of what the one outside it holds, or of the end of the one beside it (several
 * packets in one frame), or in a later block. Its version and the protocol that it names are those of its layer. One
 * with a right checksum (RFC 791 3.1) or, in IPv6, one that ends where the one outside it ends is preferred. Looks at
 * 3 * IKE_MAX_LOOKS bytes at most, whatever the frame. */
size_t ike_headers_find(const ike_bytes *blocks, size_t n_blocks, const ike_layer *layers, size_t n_layers,
                        const ike_innermost *innermost, size_t hint, ike_header *found);

#endif
