/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The bytes of each IP packet of a frame, by way of the protocol tree: the items of the protocols
 * ip, ipv6 and isakmp say where in the raw bytes they begin, whatever the link layer or tunnel.
 */
#include "ikex.h"

#include "ike_ip.h"

#define MAX_PACKETS 64 /* IP headers of one frame that are looked at */

static int proto_ip, proto_ipv6, proto_isakmp;

/* An ICMP packet whose rest is a quotation. */
typedef struct quotation {
    tvbuff_t *tvb;
    int start;
    bool is_fragment;
} quotation;

void ikex_extract_init(dissector_handle_t handle)
{
    GArray *wanted = g_array_new(FALSE, FALSE, sizeof(int));

    proto_ip = proto_get_id_by_filter_name("ip");
    proto_ipv6 = proto_get_id_by_filter_name("ipv6");
    proto_isakmp = proto_get_id_by_filter_name("isakmp");
    g_array_append_val(wanted, proto_ip);
    g_array_append_val(wanted, proto_ipv6);
    g_array_append_val(wanted, proto_isakmp);
    set_postdissector_wanted_hfids(handle, wanted);
}

static void collect(proto_tree *tree, int protocol, GPtrArray *items)
{
    GPtrArray *found = proto_get_finfo_ptr_array(tree, protocol);

    for (guint i = 0; found && i < found->len && items->len < MAX_PACKETS; i++) {
        field_info *item = g_ptr_array_index(found, i);

        if (item->ds_tvb)
            g_ptr_array_add(items, item);
    }
}

static gint by_place(gconstpointer a, gconstpointer b)
{
    const field_info *x = *(field_info *const *)a, *y = *(field_info *const *)b;

    if (x->ds_tvb != y->ds_tvb)
        return x->ds_tvb < y->ds_tvb ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

static const uint8_t *bytes_of(const field_info *item, size_t *captured)
{
    const int rest = tvb_captured_length_remaining(item->ds_tvb, item->start);

    *captured = rest > 0 ? (size_t)rest : 0;
    return rest > 0 ? tvb_get_ptr(item->ds_tvb, item->start, rest) : NULL;
}

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

static bool is_quoted(const field_info *item, const GArray *quotations)
{
    for (guint i = 0; i < quotations->len; i++) {
        const quotation *q = &g_array_index(quotations, quotation, i);

        if (item->ds_tvb == q->tvb ? item->start > q->start : q->is_fragment)
            return true;
    }
    return false;
}

/* The packets, wherever they are, that quote others. */
static GArray *quotations_among(const GPtrArray *items)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(quotation));

    for (guint i = 0; i < items->len; i++) {
        const field_info *item = g_ptr_array_index(items, i);
        ike_ip_packet ip;
        size_t captured;
        const uint8_t *data = bytes_of(item, &captured);

        if (data && ike_ip_parse(data, captured, &ip) && is_quoting(&ip)) {
            const quotation here = { item->ds_tvb, item->start, ip.is_fragment };

            g_array_append_val(found, here);
        }
    }
    return found;
}

static bool is_fragment(const uint8_t *data, size_t captured)
{
    ike_ip_packet ip;

    return ike_ip_parse(data, captured, &ip) && ip.is_fragment;
}

/* Returns whether one of them is an ICMP error or an IP fragment: what Wireshark makes of these, which
 * its preferences decide, is not to be taken for a message. */
static bool feed_packets(const GPtrArray *items, const ikex_sink *sink)
{
    GArray *quotations = quotations_among(items);
    bool stop = quotations->len > 0;

    for (guint i = 0; i < items->len; i++) {
        const field_info *item = g_ptr_array_index(items, i);
        size_t captured;
        const uint8_t *data = bytes_of(item, &captured);

        if (!data || is_quoted(item, quotations))
            continue;
        stop |= is_fragment(data, captured);
        sink->ip(data, captured, sink->user);
    }
    g_array_free(quotations, TRUE);
    return stop;
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

static void feed_messages(packet_info *pinfo, proto_tree *tree, const ikex_sink *sink)
{
    const ike_endpoint src = endpoint_of(&pinfo->src, pinfo->srcport);
    const ike_endpoint dst = endpoint_of(&pinfo->dst, pinfo->destport);
    GPtrArray *items = g_ptr_array_new();

    collect(tree, proto_isakmp, items);
    for (guint i = 0; i < items->len; i++) {
        const field_info *item = g_ptr_array_index(items, i);
        const int wire = tvb_reported_length_remaining(item->ds_tvb, item->start);
        size_t captured;
        const uint8_t *data = bytes_of(item, &captured);

        if (data && wire > 0)
            sink->message(&src, &dst, data, captured, (size_t)wire, sink->user);
    }
    g_ptr_array_free(items, TRUE);
}

void ikex_extract(packet_info *pinfo, proto_tree *tree, const ikex_sink *sink)
{
    GPtrArray *items;

    if (!tree)
        return;
    items = g_ptr_array_new();
    collect(tree, proto_ip, items);
    collect(tree, proto_ipv6, items);
    g_ptr_array_sort(items, by_place);
    if (!feed_packets(items, sink))
        feed_messages(pinfo, tree, sink);
    g_ptr_array_free(items, TRUE);
}
