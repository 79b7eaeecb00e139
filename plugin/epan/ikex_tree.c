/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The plain way to the bytes of a frame: the items of the protocols ip, ipv6 and isakmp say where they begin,
 * whatever the link layer or tunnel. It costs a tree of each frame; the usual way is measured against it.
 */
#include "ikex_place.h"

static int proto_ip, proto_ipv6, proto_isakmp;

void ikex_tree_init(void)
{
    proto_ip = proto_get_id_by_filter_name("ip");
    proto_ipv6 = proto_get_id_by_filter_name("ipv6");
    proto_isakmp = proto_get_id_by_filter_name("isakmp");
}

void ikex_tree_want(dissector_handle_t handle, bool wanted)
{
    GArray *fields = g_array_new(FALSE, FALSE, sizeof(int));

    if (wanted) {
        g_array_append_val(fields, proto_ip);
        g_array_append_val(fields, proto_ipv6);
        g_array_append_val(fields, proto_isakmp);
    }
    set_postdissector_wanted_hfids(handle, fields);
}

/* An item that is shorter than what it is of was cut off; its bytes may go on where those of its packet do not. */
static void collect(proto_tree *tree, int protocol, int shortest, ikex_places *places)
{
    GPtrArray *found = proto_get_finfo_ptr_array(tree, protocol);

    for (guint i = 0; found && i < found->len && places->n < IKEX_MAX_PLACES; i++) {
        const field_info *item = g_ptr_array_index(found, i);

        if (item->ds_tvb && item->length >= shortest)
            places->at[places->n++] = (ikex_place){ item->ds_tvb, item->start };
    }
}

/* The data sources are listed as Wireshark makes them: what is in a packet behind the packet. */
static int position_of(const packet_info *pinfo, const tvbuff_t *tvb)
{
    int position = 0;

    for (const GSList *source = pinfo->data_src; source && get_data_source_tvb(source->data) != tvb;
         source = source->next)
        position++;
    return position;
}

static gint by_place(gconstpointer a, gconstpointer b, gpointer pinfo)
{
    const ikex_place *x = a, *y = b;

    if (x->tvb != y->tvb)
        return position_of(pinfo, x->tvb) - position_of(pinfo, y->tvb);
    return x->start < y->start ? -1 : x->start > y->start;
}

void ikex_tree_find(const packet_info *pinfo, proto_tree *tree, ikex_places *found)
{
    collect(tree, proto_ip, 20, found);
    collect(tree, proto_ipv6, 40, found);
    ike_sort(found->at, found->n, sizeof found->at[0], by_place, (gpointer)pinfo);
}

void ikex_tree_find_messages(proto_tree *tree, ikex_places *found)
{
    collect(tree, proto_isakmp, 0, found);
}
