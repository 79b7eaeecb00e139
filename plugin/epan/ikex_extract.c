/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The bytes of each IP packet of a frame, handed to the core. Where they begin is found without a protocol tree;
 * a preference takes the tree instead, to check that both say the same.
 */
#include "ikex.h"

#include "ike_ip.h"
#include "ikex_place.h"

static dissector_handle_t own_handle;
static bool by_tree;
static size_t hint = IKE_NO_HINT;

void ikex_extract_init(dissector_handle_t handle)
{
    own_handle = handle;
    ikex_tree_init();
    ikex_layers_init();
}

void ikex_extract_by_tree(bool wanted)
{
    by_tree = wanted;
    ikex_tree_want(own_handle, wanted);
}

void ikex_extract_reset(void)
{
    hint = IKE_NO_HINT;
}

const uint8_t *ikex_place_bytes(const ikex_place *place, size_t *captured)
{
    const int rest = tvb_captured_length_remaining(place->tvb, place->start);

    *captured = rest > 0 ? (size_t)rest : 0;
    return rest > 0 ? tvb_get_ptr(place->tvb, place->start, rest) : NULL;
}

static bool read_header(const ikex_place *place, ike_ip_packet *ip)
{
    size_t captured;
    const uint8_t *data = ikex_place_bytes(place, &captured);

    return data && ike_ip_parse(data, captured, ip);
}

/* ---- packets ---- */

/* ICMP errors quote the packet that they are about: what follows in their bytes was not sent. What a
 * fragment of ICMP holds is not known before it is put together, and the quotation is then in bytes of
 * its own. */
static bool is_quoting(const ike_ip_packet *ip)
{
    if (ip->protocol != IKE_IPPROTO_ICMP && ip->protocol != IKE_IPPROTO_ICMPV6)
        return false;
    if (ip->is_fragment)
        return true;
    if (ip->captured < 1)
        return false;
    if (ip->protocol == IKE_IPPROTO_ICMPV6)
        return ip->payload[0] < 128;
    return ip->payload[0] == 3 || ip->payload[0] == 4 || ip->payload[0] == 5 ||
           ip->payload[0] == 11 || ip->payload[0] == 12;
}

/* True when another one of the packets quotes it. */
static bool is_quoted(const ikex_places *places, unsigned number)
{
    const ikex_place *here = &places->at[number];

    for (unsigned i = 0; i < places->n; i++) {
        const ikex_place *other = &places->at[i];
        const bool is_before = other->tvb == here->tvb && other->start < here->start;
        ike_ip_packet ip;

        if ((is_before || other->tvb != here->tvb) && read_header(other, &ip) && is_quoting(&ip) &&
            (is_before || ip.is_fragment))
            return true;
    }
    return false;
}

static void feed_packets(const ikex_places *places, const ikex_sink *sink)
{
    for (unsigned i = 0; i < places->n; i++) {
        size_t captured;
        const uint8_t *data = ikex_place_bytes(&places->at[i], &captured);

        if (data && !is_quoted(places, i))
            sink->ip(data, captured, sink->user);
    }
}

/* ---- messages ---- */

/* What Wireshark makes of an ICMP error or an IP fragment, which its preferences decide, is not to be taken for a
 * message. */
static bool holds_no_message(const ikex_places *packets)
{
    for (unsigned i = 0; i < packets->n; i++) {
        ike_ip_packet ip;

        if (read_header(&packets->at[i], &ip) && (ip.is_fragment || is_quoting(&ip)))
            return true;
    }
    return false;
}

static ike_endpoint endpoint_of(const address *addr, uint32_t port)
{
    ike_endpoint endpoint = { .port = (uint16_t)port };

    if (addr->type == AT_IPv4)
        endpoint.addr = ike_addr_make(4, addr->data);
    else if (addr->type == AT_IPv6)
        endpoint.addr = ike_addr_make(6, addr->data);
    return endpoint;
}

/* The bytes of a message: the rest of the datagram that it is in, else of its data source. */
static const uint8_t *message_bytes(const ikex_place *place, const ikex_places *packets, size_t *captured, size_t *wire)
{
    const uint8_t *data = ikex_place_bytes(place, captured);
    const int rest = tvb_reported_length_remaining(place->tvb, place->start);
    ike_ip_packet ip;

    *wire = rest > 0 ? (size_t)rest : 0;
    for (unsigned i = packets->n; i > 0; i--) {
        const ikex_place *packet = &packets->at[i - 1];

        if (packet->tvb != place->tvb || packet->start > place->start || !read_header(packet, &ip) || !data ||
            data < ip.payload || data >= ip.payload + ip.captured)
            continue;
        *captured = MIN(*captured, (size_t)(ip.payload + ip.captured - data));
        *wire = MIN(*wire, ip.length - (size_t)(data - ip.payload));
        break;
    }
    return data;
}

/* Wireshark may have a message twice: as it came, and as it put it together. */
static void feed_messages(packet_info *pinfo, const ikex_places *messages, const ikex_places *packets,
                          const ikex_sink *sink)
{
    const ike_endpoint src = endpoint_of(&pinfo->src, pinfo->srcport);
    const ike_endpoint dst = endpoint_of(&pinfo->dst, pinfo->destport);

    for (unsigned i = 0; i < messages->n && !sink->is_done(sink->user); i++) {
        size_t captured, wire;
        const uint8_t *data = message_bytes(&messages->at[i], packets, &captured, &wire);

        if (data && wire > 0)
            sink->message(&src, &dst, data, captured, wire, sink->user);
    }
}

/* ---- frames ---- */

static void extract_by_tree(packet_info *pinfo, proto_tree *tree, const ikex_sink *sink)
{
    ikex_places packets = { .n = 0 }, messages = { .n = 0 };

    if (!tree)
        return;
    ikex_tree_find(pinfo, tree, &packets);
    feed_packets(&packets, sink);
    if (sink->is_done(sink->user) || holds_no_message(&packets))
        return;
    ikex_tree_find_messages(tree, &messages);
    feed_messages(pinfo, &messages, &packets, sink);
}

static void extract_by_layers(packet_info *pinfo, const ikex_sink *sink)
{
    ikex_layers layers;
    ikex_places packets, messages;

    ikex_layers_read(pinfo, &layers);
    packets.n = messages.n = 0;
    if (layers.n_ip > 0)
        ikex_layers_find(pinfo, &layers, &packets, &hint);
    feed_packets(&packets, sink);
    if (layers.n_isakmp == 0 || sink->is_done(sink->user) || holds_no_message(&packets))
        return;
    ikex_layers_find_messages(pinfo, &layers, &packets, &messages);
    feed_messages(pinfo, &messages, &packets, sink);
}

void ikex_extract(packet_info *pinfo, proto_tree *tree, const ikex_sink *sink)
{
    if (by_tree)
        extract_by_tree(pinfo, tree, sink);
    else
        extract_by_layers(pinfo, sink);
}
