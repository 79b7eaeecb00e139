/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What carries IKE: from an IP packet to messages, ESP, and errors about them.
 */
#ifndef IKE_PATH_H
#define IKE_PATH_H

#include "ike_track.h"

/* ---- ike_demux.c ---- */
/* Takes an IP packet of the current frame: its bytes from the IP header on, as captured. */
void ike_demux_ip(ike_tracker *t, const uint8_t *data, size_t captured);
/* Takes a message that was found without an IP header; `wire`: its length in the datagram. */
void ike_demux_message(ike_tracker *t, const ike_endpoint *src, const ike_endpoint *dst, const uint8_t *data,
                       size_t captured, size_t wire);
void ike_demux_datagram(ike_tracker *t, const ike_datagram *datagram);
/* Takes an ESP packet from UDP or TCP; its ports tell whose it is. WireGuard, which looks alike, is counted only. */
void ike_demux_esp(ike_tracker *t, const ike_datagram *datagram);

/* ---- ike_ipfrag.c ---- */
struct ike_ipfrag_table *ike_ipfrag_table_new(void);
void ike_ipfrag_table_free(struct ike_ipfrag_table *table);
void ike_ipfrag_feed(ike_tracker *t, const ike_ip_packet *packet);
/* The SA of a datagram in pieces that an ICMP error quotes a piece of; NULL when there is none. */
ike_sa *ike_ipfrag_sa(const ike_tracker *t, const ike_ip_packet *quoted);

/* ---- ike_tcp.c ---- */
typedef struct ike_tcp_usage {
    unsigned streams;  /* directions of connections that are followed */
    unsigned segments; /* that wait for one before them */
    size_t bytes;      /* of these, and of frames that are not over */
} ike_tcp_usage;
struct ike_tcp_table *ike_tcp_table_new(void);
void ike_tcp_table_free(struct ike_tcp_table *table);
/* What is kept just now; it has bounds, whatever is fed. */
ike_tcp_usage ike_tcp_usage_of(const struct ike_tcp_table *table);
/* Takes a TCP packet that is no IP fragment, and feeds the IKE messages and ESP packets that it
 * completes. Packets of other connections cost a look at ports and prefix. RFC 9329. */
void ike_tcp_feed(ike_tracker *t, const ike_ip_packet *packet);

/* ---- ike_icmp.c ---- */
void ike_icmp_feed(ike_tracker *t, const ike_ip_packet *packet);

#endif
