/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The way to the bytes of a frame that needs no tree. Wireshark notes in every pass which protocols a frame
 * has and, in net_src and net_dst, the addresses of its innermost IP header. These are looked for in the data
 * sources; of IPv4 the address itself points into one. Headers outside that one must reach over it.
 */
#include "ikex_place.h"

#include <string.h>

#include "ike_ip.h"
#include "ike_message.h"

static int proto_ip, proto_ipv6, proto_udp, proto_udpencap, proto_isakmp, proto_exported, proto_mpls;

void ikex_layers_init(void)
{
    proto_ip = proto_get_id_by_filter_name("ip");
    proto_ipv6 = proto_get_id_by_filter_name("ipv6");
    proto_udp = proto_get_id_by_filter_name("udp");
    proto_udpencap = proto_get_id_by_filter_name("udpencap");
    proto_isakmp = proto_get_id_by_filter_name("isakmp");
    proto_exported = proto_get_id_by_filter_name("exported_pdu");
    proto_mpls = proto_get_id_by_filter_name("mpls");
}

ikex_layers ikex_layers_of(const packet_info *pinfo)
{
    ikex_layers found = { 0 };
    int before = 0;

    for (wmem_list_frame_t *layer = wmem_list_head(pinfo->layers); layer; layer = wmem_list_frame_next(layer)) {
        const int protocol = GPOINTER_TO_INT(wmem_list_frame_data(layer));

        if (protocol == proto_ip || protocol == proto_ipv6) {
            found.n_ip++;
        } else if (protocol == proto_mpls) {
            found.n_hidden++;
        } else if (protocol == proto_isakmp && found.n_isakmp++ == 0) {
            found.isakmp_in_udp = before == proto_udp;
            found.behind_marker = before == proto_udpencap;
            found.isakmp_exported = before == proto_exported;
        }
        before = protocol;
    }
    return found;
}

/* ---- headers ---- */

/* A data source, as one block of bytes. */
typedef struct block {
    tvbuff_t *tvb;
    const uint8_t *data;
    size_t length;
} block;

static block block_of(tvbuff_t *tvb)
{
    const unsigned length = tvb_captured_length(tvb);

    return (block){ tvb, length ? tvb_get_ptr(tvb, 0, (int)length) : NULL, length };
}

static ikex_place place_in(const block *b, size_t start)
{
    return (ikex_place){ b->tvb, (int)start };
}

/* Where the addresses are in a header: RFC 791 3.1, RFC 8200 3. */
typedef struct shape {
    unsigned version;
    size_t src, dst, address, header;
} shape;

static const shape shapes[] = { { 4, 12, 16, 4, 20 }, { 6, 8, 24, 16, 40 } };

static const shape *shape_of(const address *addr)
{
    switch (addr->type) {
    case AT_IPv4: return &shapes[0];
    case AT_IPv6: return &shapes[1];
    default: return NULL;
    }
}

/* Options and routing headers may give the packet another destination than its header names. */
static bool is_header_of(const packet_info *pinfo, const shape *s, const block *b, size_t start, bool with_dst)
{
    const uint8_t *header = b->data + start;

    return start + s->header <= b->length && header[0] >> 4 == s->version &&
           memcmp(header + s->src, pinfo->net_src.data, s->address) == 0 &&
           (!with_dst || memcmp(header + s->dst, pinfo->net_dst.data, s->address) == 0);
}

static bool search_header(const packet_info *pinfo, const shape *s, bool with_dst, ikex_place *found)
{
    for (const GSList *source = pinfo->data_src; source; source = source->next) {
        const block b = block_of(get_data_source_tvb(source->data));

        for (size_t start = 0; start + s->header <= b.length; start++) {
            if (is_header_of(pinfo, s, &b, start, with_dst)) {
                *found = place_in(&b, start);
                return true;
            }
        }
    }
    return false;
}

static bool is_pointed_to(const packet_info *pinfo, const shape *s, bool with_dst, ikex_place *found)
{
    const uint8_t *addr = pinfo->net_src.data;

    for (const GSList *source = pinfo->data_src; source; source = source->next) {
        const block b = block_of(get_data_source_tvb(source->data));

        if (b.data && addr >= b.data + s->src && addr < b.data + b.length) {
            *found = place_in(&b, (size_t)(addr - b.data) - s->src);
            return is_header_of(pinfo, s, &b, (size_t)found->start, with_dst);
        }
    }
    return false;
}

/* The header that net_src and net_dst were taken from. Where no header is noted they may come from elsewhere. */
static bool find_innermost(const packet_info *pinfo, const block *frame, bool is_sure, int hint, ikex_place *found)
{
    const shape *s = shape_of(&pinfo->net_src);

    if (!s)
        return false;
    if (is_pointed_to(pinfo, s, !is_sure, found))
        return true;
    if (hint >= 0 && is_header_of(pinfo, s, frame, (size_t)hint, true)) {
        *found = place_in(frame, (size_t)hint);
        return true;
    }
    return search_header(pinfo, s, true, found) || (is_sure && search_header(pinfo, s, false, found));
}

static bool is_checksum_right(const uint8_t *header)
{
    const size_t length = (size_t)(header[0] & 0x0f) * 4;
    uint32_t sum = 0;

    for (size_t i = 0; i < length; i += 2)
        sum += ike_be16(header + i);
    sum = (sum & 0xffff) + (sum >> 16);
    return sum + (sum >> 16) == 0xffff;
}

#define ANYWHERE SIZE_MAX

/* An IP header that holds `reach`. A host that leaves checksums to its network card has none in its own
 * captures. */
static bool is_plausible(const block *b, size_t start, size_t reach, bool with_checksum)
{
    ike_ip_packet ip;

    if (start >= b->length || !ike_ip_parse(b->data + start, b->length - start, &ip))
        return false;
    if (ip.src.family == 4 && with_checksum && !is_checksum_right(b->data + start))
        return false;

    const size_t payload = (size_t)(ip.payload - b->data);

    return reach == ANYWHERE || (payload <= reach && payload + ip.length > reach);
}

/* The first header from `start` on that holds `reach`; without a right checksum only when there must be one. */
static bool scan(const block *b, size_t start, size_t reach, bool is_sure, size_t *found)
{
    for (int with_checksum = 1; with_checksum >= !is_sure; with_checksum--) {
        for (*found = start; *found < MIN(reach, b->length); ++*found)
            if (is_plausible(b, *found, reach, with_checksum))
                return true;
    }
    return false;
}

static bool holds_ip(const ike_ip_packet *ip)
{
    return !ip->is_fragment && (ip->protocol == IKE_IPPROTO_IPIP || ip->protocol == IKE_IPPROTO_IPV6);
}

/* The headers between the one at `start` and the one at `inner` in the same block, at most `n`. */
static void add_between(const block *b, size_t start, size_t inner, unsigned n, bool is_sure, ikex_places *found)
{
    while (n-- > 0 && found->n < IKEX_MAX_PLACES - 1) {
        ike_ip_packet ip;

        found->at[found->n++] = place_in(b, start);
        if (!ike_ip_parse(b->data + start, b->length - start, &ip))
            return;
        start = (size_t)(ip.payload - b->data);
        if (start >= inner || (!holds_ip(&ip) && !scan(b, start, inner, is_sure, &start)))
            return;
    }
}

/* Headers that lead to one in another data source, as far as each names the next. */
static void add_outside(const block *b, size_t start, unsigned n, ikex_places *found)
{
    while (n-- > 0 && found->n < IKEX_MAX_PLACES - 1) {
        ike_ip_packet ip;

        if (!ike_ip_parse(b->data + start, b->length - start, &ip))
            return;
        found->at[found->n++] = place_in(b, start);
        start = (size_t)(ip.payload - b->data);
        if (!holds_ip(&ip) || start >= b->length)
            return;
    }
}

/* The outermost header, which holds `reach`; a frame like an earlier one has it where that had it. */
static bool find_outermost(const block *frame, int hint, size_t reach, bool is_sure, size_t *start)
{
    if (hint >= 0 && (size_t)hint < reach && is_plausible(frame, (size_t)hint, reach, !is_sure)) {
        *start = (size_t)hint;
        return true;
    }
    return scan(frame, 0, reach, is_sure, start);
}

/* The `n` headers outside one that is in a data source of its own, or that cannot be told. */
static void find_across(const block *frame, const block *b, size_t inner, unsigned n, int hint, ikex_places *found)
{
    size_t start;

    if (find_outermost(frame, hint, ANYWHERE, true, &start))
        add_outside(frame, start, n, found);
    if (b && found->n < n && scan(b, 0, inner, true, &start))
        add_between(b, start, inner, n - found->n, true, found);
}

void ikex_layers_find(const packet_info *pinfo, const ikex_layers *layers, ikex_places *found, int *hint)
{
    const block frame = block_of(get_data_source_tvb(pinfo->data_src->data));
    const bool is_sure = layers->n_ip > 1;
    const unsigned n = layers->n_ip + layers->n_hidden;
    ikex_place inner;
    size_t start;

    if (!find_innermost(pinfo, &frame, layers->n_ip > 0, *hint, &inner)) {
        find_across(&frame, NULL, 0, layers->n_ip, *hint, found);
        return;
    }
    if (inner.tvb != frame.tvb) {
        const block b = block_of(inner.tvb);

        find_across(&frame, &b, (size_t)inner.start, MAX(n, 1) - 1, *hint, found);
    } else if (n > 1 && find_outermost(&frame, *hint, (size_t)inner.start, is_sure, &start)) {
        add_between(&frame, start, (size_t)inner.start, n - 1, is_sure, found);
    }
    found->at[found->n++] = inner;
    if (found->at[0].tvb == frame.tvb)
        *hint = found->at[0].start;
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
static size_t behind_tags(const block *b)
{
    size_t at = 0;

    while (at + 4 <= b->length) {
        const bool is_last = ike_be16(b->data + at) == 0;

        at += 4 + (size_t)ike_be16(b->data + at + 2);
        if (is_last)
            break;
    }
    return at;
}

static void search_messages(const block *b, size_t start, size_t end, unsigned n, ikex_places *found)
{
    for (; start + IKE_HEADER_LENGTH <= end && found->n < MIN(n, IKEX_MAX_PLACES); start++)
        if (is_message(b->data + start, end - start))
            found->at[found->n++] = place_in(b, start);
}

void ikex_layers_find_messages(const packet_info *pinfo, const ikex_layers *layers, const ikex_places *packets,
                               ikex_places *found)
{
    const ikex_place *last = packets->n ? &packets->at[packets->n - 1] : NULL;
    const block b = block_of(last ? last->tvb : get_data_source_tvb(pinfo->data_src->data));
    const size_t start = last ? (size_t)last->start : 0;
    ike_ip_packet ip;

    if (!last && layers->isakmp_exported) {
        found->at[found->n++] = place_in(&b, behind_tags(&b));
    } else if (last && ike_ip_parse(b.data + start, b.length - start, &ip)) {
        const size_t payload = (size_t)(ip.payload - b.data);

        if (behind_udp(layers, &ip))
            found->at[found->n++] = place_in(&b, payload + behind_udp(layers, &ip));
        else
            search_messages(&b, payload, payload + ip.captured, layers->n_isakmp, found);
    } else {
        search_messages(&b, start, b.length, layers->n_isakmp, found);
    }
}
