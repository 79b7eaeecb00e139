/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors that quote IKE, ESP or AH. They are evidence, never messages. RFC 792, RFC 4443.
 */
#include "ike_esp.h"
#include "ike_path.h"

#define ICMP_HEADER 8
#define RECORDS_LOOKED_AT 64 /* of an SA among which the quoted packet is looked for */
#define ON_THE_WAY (1 * IKE_SECOND) /* packets that left before the first error arrived */

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

/* Several clients behind one NAT differ in their ports. */
static ike_sa *sa_by_ports(const ike_tracker *t, const ike_endpoint *src, const ike_endpoint *dst)
{
    const ike_datagram d = { .src = *src, .dst = *dst };

    return ike_lookup_by_ports(t, &d, true);
}

/* On port 4500 only what follows a non-ESP marker is IKE (RFC 3948 2.2). */
static bool is_no_ike(const ike_ip_packet *quoted, const ike_endpoint *src, const ike_endpoint *dst)
{
    return ike_is_natt(src->port, dst->port) && quoted->captured >= 12 &&
           ike_be32(quoted->payload + 8) != 0;
}

/* A record of the packet that is quoted: of that side, with its IP ID; or NULL. */
static ike_record *record_with_id(const ike_sa *sa, ike_side side, const ike_ip_packet *quoted)
{
    for (guint i = sa->records.len; i > 0 && sa->records.len - i < RECORDS_LOOKED_AT; i--) {
        ike_record *r = sa->records.pdata[i - 1];

        if (quoted->has_id && quoted->id && r->has_ip_id && r->ip_id == quoted->id &&
            r->side == side)
            return r->rare->message ? r->rare->message : r;
    }
    return NULL;
}

/* .. else its newest one. */
static ike_record *record_of(const ike_sa *sa, ike_side side, const ike_ip_packet *quoted)
{
    ike_record *r = record_with_id(sa, side, quoted);

    return r ? r : sa->sides[side].newest;
}

/* A quote that ends with the UDP header leaves open what was in it: on port 4500 mostly ESP. The IP ID of a
 * message tells. */
static bool is_open(const ike_ip_packet *udp, const ike_endpoint *src, const ike_endpoint *dst)
{
    return ike_is_natt(src->port, dst->port) && udp->captured < 12;
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
    if ((!ike_is_port(src->port) && !ike_is_port(dst->port)) || is_no_ike(&udp, src, dst))
        return NULL;
    sa = sa_by_cookies(t, &udp, src, dst);
    if (!sa && quoted->is_fragment)
        sa = ike_ipfrag_sa(t, quoted);
    if (sa)
        return sa;
    sa = sa_by_ports(t, src, dst);
    if (sa && is_open(&udp, src, dst)) {
        const ike_side side = ike_sa_side(sa, src, dst);

        return side != IKE_SIDE_NONE && record_with_id(sa, side, quoted) ? sa : NULL;
    }
    return sa;
}

/* ---- about IPsec SAs ---- */

/* Where the SPI and the number of a quoted ESP or AH packet stand (RFC 4303 2, RFC 4302 2, RFC 3948 2.1); NULL when
 * it is none, or its quote ends before. */
static const uint8_t *ipsec_of(const ike_ip_packet *quoted)
{
    uint8_t protocol = quoted->protocol;
    size_t at = 0;

    if (quoted->offset > 0 || !ike_ip_skip_extensions(quoted->payload, quoted->captured, &protocol, &at))
        return NULL;
    if (protocol == IKE_IPPROTO_UDP && quoted->captured >= at + 12 &&
        ike_is_natt(ike_be16(quoted->payload + at), ike_be16(quoted->payload + at + 2)))
        at += 8;
    else if (protocol == IKE_IPPROTO_AH)
        at += 4;
    else if (protocol != IKE_IPPROTO_ESP)
        return NULL;
    return quoted->captured >= at + 8 ? quoted->payload + at : NULL;
}

static bool is_larger(const ike_ip_packet *quoted, const ike_icmp *than)
{
    return quoted->length + (quoted->src.family == 4 ? 20 : 40) > than->mtu;
}

/* A sender that was told a size and sends a smaller packet obeys, though that may be too big for a later router. */
static void count_error(ike_flow_errors *errors, ike_icmp *icmp, const ike_ip_packet *quoted)
{
    if (errors->newest && icmp->note.time - errors->newest->note.time > IKE_ERRORS_AGE)
        *errors = (ike_flow_errors){ 0 };
    if (errors->newest && errors->newest->sequence == icmp->sequence)
        return;
    if (!errors->first)
        errors->first = icmp;
    errors->newest = icmp;
    errors->n++;
    errors->n_late += icmp->note.time - errors->first->note.time > ON_THE_WAY && is_larger(quoted, errors->first);
}

static ike_icmp *new_error(ike_tracker *t, const ike_ip_packet *ip, const ike_ip_packet *quoted, ike_sa *sa)
{
    ike_icmp *icmp = ike_note_new(t, IKE_NOTE_ICMP, sizeof *icmp);

    ike_note_set_sa(t, &icmp->note, sa);
    icmp->reporter = ip->src;
    icmp->target = quoted->dst;
    icmp->is_v6 = ip->protocol == IKE_IPPROTO_ICMPV6;
    icmp->type = ip->payload[0];
    icmp->code = ip->payload[1];
    icmp->mtu = named_mtu(ip);
    return icmp;
}

/* Only what quotes a packet between the ends of an IPsec SA that the capture shows counts: anybody can make one up. */
static void feed_ipsec(ike_tracker *t, const ike_ip_packet *ip, const ike_ip_packet *quoted)
{
    const uint8_t *esp = ipsec_of(quoted);
    ike_flow *flow = esp ? ike_esp_flow_to(t, ike_be32(esp), &quoted->dst) : NULL;
    ike_icmp *icmp;

    if (!flow || !flow->sa || !ike_addr_equal(&flow->src.addr, &quoted->src))
        return;
    icmp = new_error(t, ip, quoted, flow->sa);
    icmp->quoted = flow->side;
    icmp->sequence = ike_be32(esp + 4);
    if (!flow->icmp)
        flow->icmp = g_new0(ike_flow_icmp, 1);
    count_error(ike_icmp_is_too_big(icmp) ? &flow->icmp->too_big : &flow->icmp->others, icmp, quoted);
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
    if (!sa) {
        feed_ipsec(t, ip, &quoted);
        return;
    }
    icmp = new_error(t, ip, &quoted, sa);
    icmp->quoted = ike_sa_side(sa, &src, &dst);
    if (icmp->quoted != IKE_SIDE_NONE)
        icmp->about = record_of(sa, icmp->quoted, &quoted);
    if (!ike_limit_reached(t, sa, IKE_LIMIT_ICMP, &icmp->note, sa->more->icmp.len))
        ike_list_add(&ike_sa_more(sa)->icmp, icmp);
}
