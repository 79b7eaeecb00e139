/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors that quote IKE. They are evidence, never messages. RFC 792, RFC 4443.
 */
#include "ike_track.h"

#define ICMP_HEADER 8
#define RECORDS_LOOKED_AT 64 /* of an SA among which the quoted packet is looked for */

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

/* A record of the packet that is quoted: of that side, with its IP ID; else its newest one. */
static ike_record *record_of(const ike_sa *sa, ike_side side, const ike_ip_packet *quoted)
{
    for (guint i = sa->records->len; i > 0 && sa->records->len - i < RECORDS_LOOKED_AT; i--) {
        ike_record *r = sa->records->pdata[i - 1];

        if (quoted->has_id && quoted->id && r->has_ip_id && r->ip_id == quoted->id &&
            r->side == side)
            return r->message ? r->message : r;
    }
    return sa->sides[side].newest;
}

static uint16_t named_mtu(const ike_ip_packet *ip)
{
    const uint32_t mtu = ip->protocol == IKE_IPPROTO_ICMPV6 ? ike_be32(ip->payload + 4)
                                                            : ike_be16(ip->payload + 6);

    return (uint16_t)MIN(mtu, UINT16_MAX);
}

/* The SA that a quoted packet is of; `*src` and `*dst` get its ends, ports only as far as it shows them.
 * Later fragments have no ports: their IP ID tells. */
static ike_sa *sa_of_quote(const ike_tracker *t, const ike_ip_packet *quoted, ike_endpoint *src,
                           ike_endpoint *dst)
{
    ike_ip_packet udp = *quoted;
    size_t at;
    ike_sa *sa;

    *src = (ike_endpoint){ quoted->src, 0 };
    *dst = (ike_endpoint){ quoted->dst, 0 };
    if (quoted->offset > 0)
        return ike_ipfrag_sa(t, quoted);
    if (!ike_ip_skip_extensions(quoted->payload, quoted->captured, &udp.protocol, &at) ||
        udp.protocol != IKE_IPPROTO_UDP || quoted->captured < at + 8)
        return NULL;
    udp.payload += at;
    udp.captured -= at;
    src->port = ike_be16(udp.payload);
    dst->port = ike_be16(udp.payload + 2);
    if ((!ike_is_port(src->port) && !ike_is_port(dst->port)) || is_esp(&udp, src, dst))
        return NULL;
    sa = sa_by_cookies(t, &udp, src, dst);
    if (!sa && quoted->is_fragment)
        sa = ike_ipfrag_sa(t, quoted);
    return sa ? sa : sa_by_hosts(t, src, dst);
}

void ike_icmp_feed(ike_tracker *t, const ike_ip_packet *ip)
{
    ike_ip_packet quoted;
    ike_endpoint src, dst;
    ike_icmp *icmp;
    ike_sa *sa;

    if (ip->captured < ICMP_HEADER || !is_error(ip) ||
        !ike_ip_parse(ip->payload + ICMP_HEADER, ip->captured - ICMP_HEADER, &quoted))
        return;
    sa = sa_of_quote(t, &quoted, &src, &dst);
    if (!sa)
        return;
    icmp = ike_note_new(t, IKE_NOTE_ICMP, sizeof *icmp);
    ike_note_set_sa(t, &icmp->note, sa);
    icmp->reporter = ip->src;
    icmp->is_v6 = ip->protocol == IKE_IPPROTO_ICMPV6;
    icmp->type = ip->payload[0];
    icmp->code = ip->payload[1];
    icmp->mtu = named_mtu(ip);
    icmp->quoted = ike_sa_side(sa, &src, &dst);
    if (icmp->quoted != IKE_SIDE_NONE)
        icmp->about = record_of(sa, icmp->quoted, &quoted);
    g_ptr_array_add(sa->icmp, icmp);
}
