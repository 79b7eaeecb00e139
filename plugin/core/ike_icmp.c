/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors that quote IKE. They are evidence, never messages. RFC 792, RFC 4443.
 */
#include "ike_track.h"

#define ICMP_HEADER 8

enum { ICMP_UNREACHABLE = 3, ICMP_TIME_EXCEEDED = 11 };
enum { ICMPV6_UNREACHABLE = 1, ICMPV6_TOO_BIG = 2, ICMPV6_TIME_EXCEEDED = 3 };

static bool is_error(const ike_ip_packet *ip)
{
    const uint8_t type = ip->payload[0];

    if (ip->protocol == IKE_IPPROTO_ICMP)
        return type == ICMP_UNREACHABLE || type == ICMP_TIME_EXCEEDED;
    return type >= ICMPV6_UNREACHABLE && type <= ICMPV6_TIME_EXCEEDED;
}

/* The SA whose cookies the quote shows; a quote may end after the UDP header. */
static ike_sa *sa_by_cookies(const ike_tracker *t, const ike_ip_packet *quoted,
                             const ike_endpoint *src, const ike_endpoint *dst)
{
    size_t skip = 8;
    ike_message m = { 0 };

    if (quoted->captured >= 12 && ike_be32(quoted->payload + 8) == 0)
        skip = 12;
    if (quoted->captured < skip + 16)
        return NULL;
    m.spi_i = ike_be64(quoted->payload + skip);
    m.spi_r = ike_be64(quoted->payload + skip + 8);
    m.version = quoted->captured > skip + 17 ? quoted->payload[skip + 17] >> 4 : 1;
    return ike_lookup_known(t, &m, src, dst);
}

static ike_sa *sa_by_hosts(const ike_tracker *t, const ike_endpoint *src, const ike_endpoint *dst)
{
    const GPtrArray *list = ike_tracker_sas_between(t, &src->addr, &dst->addr);

    return list ? list->pdata[list->len - 1] : NULL;
}

/* On port 4500 only what follows a non-ESP marker is IKE (RFC 3948 2.2). */
static bool is_esp(const ike_ip_packet *quoted, const ike_endpoint *src, const ike_endpoint *dst)
{
    return (src->port == IKE_PORT_NATT || dst->port == IKE_PORT_NATT) && quoted->captured >= 12 &&
           ike_be32(quoted->payload + 8) != 0;
}

void ike_icmp_feed(ike_tracker *t, const ike_ip_packet *ip)
{
    ike_ip_packet quoted;
    ike_endpoint src, dst;
    ike_icmp *icmp;
    ike_sa *sa;

    if (ip->captured < ICMP_HEADER || !is_error(ip) ||
        !ike_ip_parse(ip->payload + ICMP_HEADER, ip->captured - ICMP_HEADER, &quoted) ||
        quoted.protocol != IKE_IPPROTO_UDP || quoted.offset > 0 || quoted.captured < 8)
        return;
    src = (ike_endpoint){ quoted.src, ike_be16(quoted.payload) };
    dst = (ike_endpoint){ quoted.dst, ike_be16(quoted.payload + 2) };
    if ((!ike_is_port(src.port) && !ike_is_port(dst.port)) || is_esp(&quoted, &src, &dst))
        return;
    sa = sa_by_cookies(t, &quoted, &src, &dst);
    if (!sa)
        sa = sa_by_hosts(t, &src, &dst);
    if (!sa)
        return;
    icmp = ike_note_new(t, IKE_NOTE_ICMP, sizeof *icmp);
    ike_note_set_sa(t, &icmp->note, sa);
    icmp->reporter = ip->src;
    icmp->is_v6 = ip->protocol == IKE_IPPROTO_ICMPV6;
    icmp->type = ip->payload[0];
    icmp->code = ip->payload[1];
    icmp->mtu = ike_be16(ip->payload + 6);
    icmp->quoted = ike_sa_side(sa, &src, &dst);
    if (icmp->quoted != IKE_SIDE_NONE)
        icmp->about = sa->sides[icmp->quoted].newest;
    g_ptr_array_add(sa->icmp, icmp);
}
