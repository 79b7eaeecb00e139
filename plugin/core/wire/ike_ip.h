/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPv4 and IPv6 headers, read from raw bytes.
 */
#ifndef IKE_IP_H
#define IKE_IP_H

#include "ike_base.h"

enum {
    IKE_IPPROTO_ICMP = 1,
    IKE_IPPROTO_IPIP = 4,
    IKE_IPPROTO_TCP = 6,
    IKE_IPPROTO_UDP = 17,
    IKE_IPPROTO_IPV6 = 41,
    IKE_IPPROTO_ESP = 50,
    IKE_IPPROTO_AH = 51,
    IKE_IPPROTO_ICMPV6 = 58
};

typedef struct ike_ip_packet {
    ike_addr src, dst;
    uint8_t protocol; /* upper layer, after the IPv6 extension headers; in a fragment the header
                       * that follows that of the fragment */
    uint8_t ttl;
    bool has_id; /* IPv4 always; IPv6 only in fragments */
    uint32_t id;
    bool is_fragment;
    bool more_fragments;
    uint32_t offset; /* of this fragment, in bytes */
    const uint8_t *payload;
    size_t captured; /* bytes of the payload that the capture holds */
    size_t length;   /* bytes of the payload that were on the wire */
} ike_ip_packet;

/* Reads the packet whose IP header starts at `data`; `captured` bytes of it are there. Bytes after
 * the IP total length (link-layer padding) are left out; a total length of 0 (segmentation offload)
 * means "all that was captured". Returns false when this is no IP header or it is cut off.
 * RFC 791 3.1, RFC 8200 3 and 4.5. */
bool ike_ip_parse(const uint8_t *data, size_t captured, ike_ip_packet *out);

/* Skips IPv6 extension headers at the beginning of a datagram that was fragmented. On success `*at` is
 * the offset of the header that `*protocol` names. RFC 8200 4.5. */
bool ike_ip_skip_extensions(const uint8_t *data, size_t captured, uint8_t *protocol, size_t *at);
bool ike_ip_is_extension(uint8_t protocol);

#endif
