/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The way to the bytes of a frame that needs no tree. Wireshark notes in every pass which protocols a frame has and,
 * in net_src and net_dst, the addresses of its innermost IP header; the core finds the headers by these.
 */
#include "ikex_place.h"

#include "ike_ip.h"
#include "ike_message.h"

enum { IP, IPV6, UDP, UDPENCAP, ISAKMP, EXPORTED, MPLS, ICMP, ICMPV6, TCP, ESP, AH, GRE, ETHERIP, L2TP, SCTP, N_KNOWN };

/* Protocols by the names of their filters, with the number that an IP header gives them:
 * https://www.iana.org/assignments/protocol-numbers */
static struct {
    const char *name;
    int number;
    int id;
} known[N_KNOWN] = {
    [IP] = { .name = "ip", .number = IKE_IPPROTO_IPIP },
    [IPV6] = { .name = "ipv6", .number = IKE_IPPROTO_IPV6 },
    [UDP] = { .name = "udp", .number = IKE_IPPROTO_UDP },
    [UDPENCAP] = { .name = "udpencap", .number = IKE_ANY_PROTOCOL },
    [ISAKMP] = { .name = "isakmp", .number = IKE_ANY_PROTOCOL },
    [EXPORTED] = { .name = "exported_pdu", .number = IKE_ANY_PROTOCOL },
    [MPLS] = { .name = "mpls", .number = 137 },
    [ICMP] = { .name = "icmp", .number = IKE_IPPROTO_ICMP },
    [ICMPV6] = { .name = "icmpv6", .number = IKE_IPPROTO_ICMPV6 },
    [TCP] = { .name = "tcp", .number = IKE_IPPROTO_TCP },
    [ESP] = { .name = "esp", .number = IKE_IPPROTO_ESP },
    [AH] = { .name = "ah", .number = IKE_IPPROTO_AH },
    [GRE] = { .name = "gre", .number = 47 },
    [ETHERIP] = { .name = "etherip", .number = 97 },
    [L2TP] = { .name = "l2tp", .number = 115 },
    [SCTP] = { .name = "sctp", .number = 132 },
};

void ikex_layers_init(void)
{
    for (size_t i = 0; i < N_KNOWN; i++)
        known[i].id = proto_get_id_by_filter_name(known[i].name);
}

/* ---- layers ---- */

static bool is(int id, int protocol)
{
    return id == known[protocol].id;
}

static int number_of(int id)
{
    for (size_t i = 0; i < N_KNOWN; i++)
        if (known[i].id == id)
            return known[i].number;
    return IKE_ANY_PROTOCOL;
}

static void add_layer(ikex_layers *found, uint8_t version, bool is_optional, bool is_quoted)
{
    if (found->n_ip < IKE_MAX_LAYERS)
        found->ip[found->n_ip++] = (ike_layer){ version, is_optional, is_quoted, IKE_ANY_PROTOCOL };
}

/* "ip" hands on what is of version 6 to "ipv6", which notes itself up to 4.4. From 4.4 on MPLS does not note
 * the header that it holds. */
static void read_ip_layer(ikex_layers *found, int id, int before, bool is_quoted)
{
    if (found->n_ip > 0 && (is(before, IP) || is(before, IPV6) || is(before, MPLS))) {
        found->ip[found->n_ip - 1].protocol = number_of(id);
        found->ip[found->n_ip - 1].is_optional |= is(before, IP) && is(id, IPV6);
    }
    if (is(id, IP) || is(id, IPV6))
        add_layer(found, is(id, IP) ? IKE_ANY_VERSION : 6, false, is_quoted);
    else if (is(id, MPLS))
        add_layer(found, IKE_ANY_VERSION, true, is_quoted);
}

void ikex_layers_read(const packet_info *pinfo, ikex_layers *found)
{
    int before = 0;
    bool is_quoted = false;

    found->n_ip = found->n_isakmp = 0;
    for (wmem_list_frame_t *layer = wmem_list_head(pinfo->layers); layer; layer = wmem_list_frame_next(layer)) {
        const int id = GPOINTER_TO_INT(wmem_list_frame_data(layer));

        read_ip_layer(found, id, before, is_quoted);
        is_quoted |= is(id, ICMP) || is(id, ICMPV6);
        if (is(id, ISAKMP) && found->n_isakmp++ == 0) {
            found->isakmp_in_udp = is(before, UDP);
            found->behind_marker = is(before, UDPENCAP);
            found->isakmp_exported = is(before, EXPORTED);
        }
        before = id;
    }
}

/* ---- headers ---- */

#define MAX_BLOCKS 16 /* data sources of one frame that are looked at */

static ike_bytes block_of(tvbuff_t *tvb)
{
    const unsigned captured = tvb_captured_length(tvb);

    return (ike_bytes){ captured ? tvb_get_ptr(tvb, 0, (int)captured) : NULL, captured, tvb_reported_length(tvb) };
}

static size_t blocks_of(const packet_info *pinfo, tvbuff_t **sources, ike_bytes *blocks)
{
    size_t n = 0;

    for (const GSList *source = pinfo->data_src; source && n < MAX_BLOCKS; source = source->next) {
        sources[n] = get_data_source_tvb(source->data);
        blocks[n] = block_of(sources[n]);
        n++;
    }
    return n;
}

void ikex_layers_find(const packet_info *pinfo, const ikex_layers *layers, ikex_places *found, size_t *hint)
{
    const ike_innermost innermost = {
        .version = pinfo->net_src.type == AT_IPv4 ? 4 : pinfo->net_src.type == AT_IPv6 ? 6 : 0,
        .src = pinfo->net_src.data,
        .dst = pinfo->net_dst.data,
    };
    ike_header headers[IKE_MAX_LAYERS];
    ike_bytes blocks[MAX_BLOCKS];
    tvbuff_t *sources[MAX_BLOCKS];
    const size_t n_blocks = blocks_of(pinfo, sources, blocks);
    const size_t n = ike_headers_find(blocks, n_blocks, layers->ip, layers->n_ip, &innermost, *hint, headers);

    for (size_t i = 0; i < n; i++)
        found->at[i] = (ikex_place){ sources[headers[i].block], (int)headers[i].start };
    found->n = (unsigned)n;
    if (n > 0 && headers[0].block == 0 && (n > 1 || layers->n_ip == 1))
        *hint = headers[0].start;
}

/* ---- messages ---- */

static bool is_message(const uint8_t *data, size_t length)
{
    ike_message m;

    return length >= IKE_HEADER_LENGTH && ike_be32(data + 24) == length && ike_message_parse(&m, data, length, length) &&
           !m.is_malformed && ike_exchange_name(m.exchange);
}

/* Where the message of a UDP datagram begins; 0 when it is not there. */
static size_t behind_udp(const ikex_layers *layers, const ike_ip_packet *ip)
{
    const size_t skip = layers->isakmp_in_udp ? 8 : layers->behind_marker ? 12 : 0;

    return ip->protocol == IKE_IPPROTO_UDP && ip->captured > skip ? skip : 0;
}

/* Where an exported message begins: behind tags with lengths, of which 0 is the last. */
static size_t behind_tags(const ike_bytes *b)
{
    size_t at = 0;

    while (at + 4 <= b->captured) {
        const bool is_last = ike_be16(b->data + at) == 0;

        at += 4 + (size_t)ike_be16(b->data + at + 2);
        if (is_last)
            break;
    }
    return at;
}

static void add_place(ikex_places *found, tvbuff_t *tvb, size_t start)
{
    found->at[found->n++] = (ikex_place){ tvb, (int)start };
}

static void search_messages(tvbuff_t *tvb, const ike_bytes *b, size_t start, size_t end, unsigned n,
                            ikex_places *found)
{
    for (; start + IKE_HEADER_LENGTH <= end && found->n < MIN(n, IKEX_MAX_PLACES); start++)
        if (is_message(b->data + start, end - start))
            add_place(found, tvb, start);
}

void ikex_layers_find_messages(const packet_info *pinfo, const ikex_layers *layers, const ikex_places *packets,
                               ikex_places *found)
{
    const ikex_place *last = packets->n ? &packets->at[packets->n - 1] : NULL;
    tvbuff_t *tvb = last ? last->tvb : get_data_source_tvb(pinfo->data_src->data);
    const ike_bytes b = block_of(tvb);
    const size_t start = last ? (size_t)last->start : 0;
    ike_ip_packet ip;

    if (!last && layers->isakmp_exported) {
        add_place(found, tvb, behind_tags(&b));
    } else if (last && ike_ip_parse(b.data + start, b.captured - start, &ip)) {
        const size_t payload = (size_t)(ip.payload - b.data);

        if (behind_udp(layers, &ip))
            add_place(found, tvb, payload + behind_udp(layers, &ip));
        else
            search_messages(tvb, &b, payload, payload + ip.captured, layers->n_isakmp, found);
    } else {
        search_messages(tvb, &b, start, b.captured, layers->n_isakmp, found);
    }
}
