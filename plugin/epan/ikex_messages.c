/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How many messages of each kind there are, with rates, copies beside: Statistics > IKE Messages, -z ikex,tree[,filter]
 */
#include "ikex.h"

#include <epan/stats_tree.h>

#define MESSAGES "IKE messages"
#define OTHERS "Other packets"

/* Returns the node, for its children. */
static int count(stats_tree *tree, const char *name, int parent, bool has_children)
{
    return tick_stat_node(tree, name, parent, has_children);
}

static void make_tree(stats_tree *tree)
{
    stats_tree_create_node(tree, MESSAGES, 0, STAT_DT_INT, TRUE);
    stats_tree_create_node(tree, OTHERS, 0, STAT_DT_INT, TRUE);
}

/* What a copy is counted as, beside its message. */
static const char *copy_word(const ike_record *r)
{
    static const char *const words[] = {
        [IKE_COPY_NONE] = "",
        [IKE_COPY_RETRANSMISSION] = ", sent again",
        [IKE_COPY_DUPLICATE] = ", seen twice",
    };

    return r->is_reflection ? ", come back" : words[r->copy];
}

static const char *exchange_word(const ike_record *r)
{
    const char *name = ike_exchange_name(r->exchange_type);

    return name ? name : "Unknown exchange";
}

static void count_message(stats_tree *tree, const ike_record *r)
{
    GString *name = g_string_new(NULL);
    int node;

    ike_label_append(name, ike_record_first(r)->label);
    if (name->len == 0)
        g_string_append(name, "without a label");
    g_string_append(name, copy_word(r));
    node = count(tree, MESSAGES, 0, true);
    node = count(tree, r->version == 1 ? "IKEv1" : "IKEv2", node, true);
    node = count(tree, exchange_word(r), node, true);
    count(tree, name->str, node, false);
    g_string_free(name, TRUE);
}

static void count_other(stats_tree *tree, ike_note_kind kind)
{
    static const char *const words[] = {
        [IKE_NOTE_PIECE] = "Pieces of IKE messages", [IKE_NOTE_KEEPALIVE] = "NAT keepalives",
        [IKE_NOTE_ESP] = "ESP",                      [IKE_NOTE_AH] = "AH",
        [IKE_NOTE_ICMP] = "ICMP errors",
    };

    count(tree, words[kind], count(tree, OTHERS, 0, true), false);
}

static tap_packet_status see_frame(stats_tree *tree, packet_info *pinfo, epan_dissect_t *edt, const void *notes,
                                   tap_flags_t flags)
{
    (void)pinfo;
    (void)edt;
    (void)flags;
    for (const ike_note *note = notes; note; note = note->next) {
        if (note->kind == IKE_NOTE_MESSAGE)
            count_message(tree, (const ike_record *)note);
        else
            count_other(tree, note->kind);
    }
    return TAP_PACKET_REDRAW;
}

void ikex_register_messages(void)
{
    const guint sorted_by_name = ST_SORT_COL_NAME << ST_FLG_SRTCOL_SHIFT;

    stats_tree_register_plugin("ikex", "ikex", "IKE Messages", sorted_by_name, see_frame, make_tree, NULL);
}
