/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What an IP packet holds: IKE, ESP, a keepalive, a piece of these, an ICMP error about them, or
 * nothing of interest. RFC 3948 2, RFC 2408 2.5.1.
 */
#include "ike_esp.h"
#include "ike_intake.h"
#include "ike_path.h"

#define NON_ESP_MARKER 4 /* RFC 3948 2.2 */
#define NON_IKE_MARKER 8 /* draft-ietf-ipsec-udp-encaps-00 */

/* ---- from a datagram to what is in it ---- */

static void feed_keepalive(ike_tracker *t, const ike_datagram *d)
{
    ike_note *note = ike_note_new(t, IKE_NOTE_KEEPALIVE, sizeof *note);
    ike_sa *sa = ike_lookup_by_ports(t, d, false);

    if (sa)
        ike_note_set_sa(t, note, sa);
}

/* WireGuard's four messages, https://www.wireguard.com/protocol/: the type is followed by three zeros, and each
 * has a length of its own. */
static bool is_wireguard(const ike_datagram *d)
{
    enum { INITIATION = 148, RESPONSE = 92, COOKIE = 64, DATA = 32, BLOCK = 16 };

    switch (ike_be32(d->data)) {
    case 0x01000000: return d->wire == INITIATION;
    case 0x02000000: return d->wire == RESPONSE;
    case 0x03000000: return d->wire == COOKIE;
    case 0x04000000: return d->wire >= DATA && d->wire % BLOCK == 0;
    default: return false;
    }
}

void ike_demux_esp(ike_tracker *t, const ike_datagram *d)
{
    if (is_wireguard(d))
        t->n_wireguard++;
    else
        ike_esp_feed(t, d, IKE_NOTE_ESP);
}

/* Offset of an IKE message in the payload of a datagram on a strange port, known by its cookies;
 * -1 when there is none. */
static int known_cookies_at(const ike_tracker *t, const ike_datagram *d)
{
    for (int offset = 0; offset <= NON_ESP_MARKER; offset += NON_ESP_MARKER) {
        ike_message m;
        const size_t skip = (size_t)offset;

        if (d->captured < IKE_HEADER_LENGTH + skip ||
            (offset && ike_be32(d->data) != 0) ||
            !ike_message_parse(&m, d->data + skip, d->captured - skip, d->wire - skip) ||
            m.trailing > 0)
            continue;
        if (ike_lookup_known(t, &m, &d->src, &d->dst))
            return offset;
    }
    return -1;
}

static bool parses_whole(const ike_datagram *d, size_t skip)
{
    ike_message m;

    return d->captured > skip && ike_message_parse(&m, d->data + skip, d->captured - skip,
                                                   d->wire - skip) &&
           m.trailing == 0 && m.spi_i != 0 && ike_exchange_name(m.exchange);
}

/* The message of a datagram after `skip` bytes of non-ESP marker. */
static ike_record *feed_message(ike_tracker *t, const ike_datagram *d, size_t skip)
{
    ike_datagram inner = *d;

    inner.has_marker = skip > 0;
    return ike_intake_message(t, &inner, d->data + skip, d->captured - skip, d->wire - skip);
}

/* RFC 3948 2.2: on port 4500 four zero bytes tell IKE from ESP. */
static void feed_natt_port(ike_tracker *t, const ike_datagram *d)
{
    t->has_natt_port = true;
    if (d->captured < NON_ESP_MARKER)
        return;
    if (ike_be32(d->data) == 0) {
        feed_message(t, d, NON_ESP_MARKER);
    } else if (parses_whole(d, 0)) {
        ike_record *r = feed_message(t, d, 0);

        /* a NAT may give the client of port 500 the source port 4500 */
        if (r && d->src.port != IKE_PORT && d->dst.port != IKE_PORT)
            ike_raise(t, r->note.sa, IKE_DIAG_NATT_NOMARKER, &r->note, IKE_SEVERITY_NONE,
                      "from port %u to port %u; the receiver reads the SPI 0x%08x", d->src.port, d->dst.port,
                      ike_be32(d->data));
    } else {
        ike_demux_esp(t, d);
    }
}

/* INVALID_SPI of IKEv2 belongs to no SA, and many send it with zeros for SPIs (RFC 7296 1.5). */
static bool is_stray_error(const ike_datagram *d)
{
    ike_message m;

    return ike_message_parse(&m, d->data, d->captured, d->wire) && m.version == 2 && m.spi_r == 0 &&
           m.exchange == IKE_XCHG_V2_INFO && m.next_payload == IKE_PL_V2_NOTIFY &&
           m.trailing == 0 && !m.is_malformed;
}

static void feed_marked_esp(ike_tracker *t, const ike_datagram *d)
{
    ike_datagram inner = *d;

    inner.data += NON_IKE_MARKER;
    inner.captured -= NON_IKE_MARKER;
    inner.wire -= NON_IKE_MARKER;
    ike_esp_feed(t, &inner, IKE_NOTE_ESP);
}

static void feed_ike_port(ike_tracker *t, const ike_datagram *d)
{
    if (d->captured >= 16 && ike_be64(d->data) == 0 && !is_stray_error(d)) {
        feed_marked_esp(t, d); /* non-IKE marker of draft-ietf-ipsec-udp-encaps-00 and -01 */
    } else if (d->captured > NON_ESP_MARKER && ike_be32(d->data) == 0 &&
               parses_whole(d, NON_ESP_MARKER)) {
        ike_record *r = feed_message(t, d, NON_ESP_MARKER);

        if (r)
            ike_raise(t, r->note.sa, IKE_DIAG_MARKER_ON_500, &r->note, IKE_SEVERITY_NONE,
                      "from port %u to port %u", d->src.port, d->dst.port);
    } else {
        feed_message(t, d, 0);
    }
}

void ike_demux_datagram(ike_tracker *t, const ike_datagram *d)
{
    if (d->captured == 0)
        return;
    if (ike_is_port(d->src.port) || ike_is_port(d->dst.port)) {
        if (d->wire == 1 && d->data[0] == 0xff)
            feed_keepalive(t, d);
        else if (ike_is_natt(d->src.port, d->dst.port))
            feed_natt_port(t, d);
        else
            feed_ike_port(t, d);
        return;
    }

    const int offset = known_cookies_at(t, d);

    if (offset >= 0)
        feed_message(t, d, (size_t)offset);
}

/* ---- from an IP packet to a datagram ---- */

/* True of a datagram of which the capture holds the ports and not all that follows them. */
static bool is_cut(const ike_ip_packet *ip)
{
    return ip->captured >= 4 && ip->captured < ip->length &&
           (ike_is_port(ike_be16(ip->payload)) || ike_is_port(ike_be16(ip->payload + 2)));
}

static void read_udp(ike_tracker *t, const ike_ip_packet *ip)
{
    if (ip->captured < 8 || ip->length < 8)
        return;

    const size_t length = ike_be16(ip->payload + 4);
    const size_t wire = length >= 8 && length <= ip->length ? length : ip->length;
    const ike_datagram d = {
        .src = { ip->src, ike_be16(ip->payload) },
        .dst = { ip->dst, ike_be16(ip->payload + 2) },
        .data = ip->payload + 8,
        .captured = MIN(ip->captured, wire) - 8,
        .wire = wire - 8,
        .ip_id = ip->id,
        .has_ip_id = ip->has_id,
        .checksum = ike_be16(ip->payload + 6),
        .ttl = ip->ttl,
    };

    ike_demux_datagram(t, &d);
}

static void feed_udp(ike_tracker *t, const ike_ip_packet *ip)
{
    read_udp(t, ip);
    if (is_cut(ip) && !ike_notes_at(t, t->frame))
        t->n_cut++;
}

/* Of a packet in fragments only the first one has the SPI; it stands for all. */
static void feed_native_esp(ike_tracker *t, const ike_ip_packet *ip)
{
    const ike_datagram d = {
        .src = { ip->src, 0 },
        .dst = { ip->dst, 0 },
        .data = ip->payload,
        .captured = ip->captured,
        .wire = ip->length,
        .ip_id = ip->id,
        .has_ip_id = ip->has_id,
        .fragment = ip->is_fragment ? IKE_FRAGMENT_IP : IKE_FRAGMENT_NONE,
    };

    if (ip->offset == 0)
        ike_esp_feed(t, &d, ip->protocol == IKE_IPPROTO_AH ? IKE_NOTE_AH : IKE_NOTE_ESP);
    else
        ike_esp_later_fragment(t, &ip->src, &ip->dst, IKE_IN_IP);
}

static bool is_ipsec(const ike_ip_packet *ip)
{
    return ip->protocol == IKE_IPPROTO_ESP || ip->protocol == IKE_IPPROTO_AH;
}

void ike_demux_ip(ike_tracker *t, const uint8_t *data, size_t captured)
{
    ike_ip_packet ip;

    if (!ike_ip_parse(data, captured, &ip))
        return;
    ike_remember_pair(t, &ip.src, &ip.dst);
    if (ip.is_fragment && !is_ipsec(&ip)) {
        ike_ipfrag_feed(t, &ip);
        return;
    }
    switch (ip.protocol) {
    case IKE_IPPROTO_UDP: feed_udp(t, &ip); break;
    case IKE_IPPROTO_TCP: ike_tcp_feed(t, &ip); break;
    case IKE_IPPROTO_ESP:
    case IKE_IPPROTO_AH: feed_native_esp(t, &ip); break;
    case IKE_IPPROTO_ICMP:
    case IKE_IPPROTO_ICMPV6: ike_icmp_feed(t, &ip); break;
    default: break;
    }
}

void ike_demux_message(ike_tracker *t, const ike_endpoint *src, const ike_endpoint *dst,
                              const uint8_t *data, size_t captured, size_t wire)
{
    const ike_datagram d = { .src = *src, .dst = *dst, .data = data, .captured = captured,
                             .wire = wire };

    ike_remember_pair(t, &src->addr, &dst->addr);
    ike_intake_message(t, &d, data, captured, wire);
}
