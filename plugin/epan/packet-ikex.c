/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The post-dissector: it feeds each frame to the tracker on the first visit and draws what the
 * tracker noted, with or without a tree, on every visit.
 */
#include "ikex.h"

static int proto_ikex = -1;
static int tap_ikex = -1;
static dissector_handle_t ikex_handle;
static ike_tracker *tracker;
static unsigned capture_number;
static bool is_first_visit;

static ws_boolean pref_info_column = 1;
static unsigned pref_patience = 5;
static ws_boolean pref_by_tree;

/* While a capture is growing, conclusions are drawn anew only so often that it costs little. */
#define CONCLUSION_SHARE 20
static gint64 concluded_at, conclusion_cost;

ike_tracker *ikex_tracker(void)
{
    return tracker;
}

unsigned ikex_capture_number(void)
{
    return capture_number;
}

bool ikex_is_first_visit(void)
{
    return is_first_visit;
}

static void open_capture(void)
{
    const ike_options options = { .patience = pref_patience * IKE_SECOND };

    ike_tracker_free(tracker);
    tracker = ike_tracker_new(&options);
    capture_number++;
    concluded_at = conclusion_cost = 0;
    ikex_extract_reset();
}

static void close_capture(void)
{
    ike_tracker_free(tracker);
    tracker = NULL;
}

static void feed_ip(const uint8_t *data, size_t captured, void *user)
{
    ike_tracker_feed_ip(user, data, captured);
}

static bool has_notes(void *user)
{
    return ike_tracker_notes(user, ike_tracker_current(user)) != NULL;
}

static void feed_message(const ike_endpoint *src, const ike_endpoint *dst, const uint8_t *data,
                         size_t captured, size_t wire, void *user)
{
    ike_tracker_feed_message(user, src, dst, data, captured, wire);
}

static void feed_frame(packet_info *pinfo, proto_tree *tree)
{
    const ikex_sink sink = { feed_ip, has_notes, feed_message, tracker };

    ike_tracker_frame(tracker, pinfo->num,
                      (ike_time)pinfo->abs_ts.secs * IKE_SECOND + pinfo->abs_ts.nsecs);
    ikex_announce_plain(pinfo, tracker);
    ikex_extract(pinfo, tree, &sink);
}

static void conclude(void)
{
    const gint64 now = g_get_monotonic_time();

    if (concluded_at && now - concluded_at < conclusion_cost * CONCLUSION_SHARE)
        return;
    ike_tracker_finish(tracker);
    concluded_at = g_get_monotonic_time();
    conclusion_cost = concluded_at - now;
}

static int dissect_ikex(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, void *data)
{
    const ikex_canvas canvas = { pinfo, tvb, tree, proto_ikex, pref_info_column, tracker };
    ike_note *notes;

    (void)data;
    if (!tracker)
        return 0;
    is_first_visit = !pinfo->fd->visited;
    if (is_first_visit)
        feed_frame(pinfo, tree);
    else
        conclude(); /* a frame may get its first note by it */
    notes = ike_tracker_notes(tracker, pinfo->num);
    if (!notes)
        return 0;
    if (is_first_visit)
        ike_tracker_end_frame(tracker, ikex_is_looked_at(&canvas));
    ikex_draw(&canvas, notes);
    if (have_tap_listener(tap_ikex))
        tap_queue_packet(tap_ikex, pinfo, notes);
    return (int)tvb_captured_length(tvb);
}

static void preferences_changed(void)
{
    ikex_extract_by_tree(pref_by_tree);
}

static void register_preferences(void)
{
    module_t *module = prefs_register_protocol(proto_ikex, preferences_changed);

    prefs_register_bool_preference(module, "info_column", "Show tracking in the Info column",
                                   "Whether message labels and problems are added to the Info column",
                                   &pref_info_column);
    prefs_register_uint_preference(module, "patience", "Seconds until silence counts",
                                   "How many seconds a capture must go on after a message before "
                                   "ikex says that it was not answered",
                                   10, &pref_patience);
    prefs_register_bool_preference(module, "by_tree", "Find packets by the protocol tree",
                                   "Slower, and finds the same. Use it to check that: Wireshark then builds a "
                                   "protocol tree of every frame",
                                   &pref_by_tree);
}

void proto_register_ikex(void)
{
    proto_ikex = proto_register_protocol("IKE Expert", "IKEX", "ikex");
    ikex_register_fields(proto_ikex);
    ikex_handle = register_dissector("ikex", dissect_ikex, proto_ikex);
    tap_ikex = register_tap("ikex");
    register_preferences();
    ikex_register_sa_table();
    ikex_register_srt(proto_ikex);
    register_init_routine(open_capture);
    register_cleanup_routine(close_capture);
}

void proto_reg_handoff_ikex(void)
{
    register_postdissector(ikex_handle);
    ikex_extract_init(ikex_handle);
    ikex_register_messages();
    ikex_register_menus();
}
