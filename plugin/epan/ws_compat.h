/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The differences between Wireshark 4.0, 4.4 and 4.6. No other file tests the version.
 */
#ifndef WS_COMPAT_H
#define WS_COMPAT_H

#include <ws_version.h>

#define IKEX_WS_VERSION (WIRESHARK_VERSION_MAJOR * 100 + WIRESHARK_VERSION_MINOR)

#include <stdbool.h>

#include <epan/epan.h>
#include <epan/expert.h>
#include <epan/packet.h>
#include <epan/prefs.h>
#include <epan/proto.h>
#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#include <epan/conversation_filter.h> /* 4.0: needs the others before it */

/* 4.0 does not ask what a plugin adds. */
#if IKEX_WS_VERSION >= 402
#include <wsutil/plugins.h>
#else
#define WS_PLUGIN_DESC_DISSECTOR 0
#define WS_PLUGIN_DESC_TAP_LISTENER 0
#endif

/* Callbacks of 4.0 speak gboolean. */
#if IKEX_WS_VERSION >= 402
typedef bool ws_boolean;
#else
typedef gboolean ws_boolean;
#endif

/* From 4.2 on a conversation filter hands data of its own to its callbacks. */
#if IKEX_WS_VERSION >= 402
#define WS_CONVERSATION_ARGUMENTS packet_info *pinfo, void *data G_GNUC_UNUSED
#define WS_REGISTER_CONVERSATION_FILTER(protocol, title, is_valid, build)                          \
    register_conversation_filter(protocol, title, is_valid, build, NULL)
#else
#define WS_CONVERSATION_ARGUMENTS packet_info *pinfo
#define WS_REGISTER_CONVERSATION_FILTER(protocol, title, is_valid, build)                          \
    register_conversation_filter(protocol, title, is_valid, build)
#endif

/* What names a data source for people: "Decrypted IKE (76 bytes)". */
#if IKEX_WS_VERSION >= 406
#define WS_DATA_SOURCE_TITLE(source) get_data_source_description(source)
#else
#define WS_DATA_SOURCE_TITLE(source) get_data_source_name(source)
#endif

/* The init callback of a report says from 4.6 on whether its arguments were good. */
#if IKEX_WS_VERSION >= 406
#define WS_STAT_INIT_RETURN bool
#define WS_STAT_INIT_OK return true
#define WS_STAT_INIT_FAILED return false
#else
#define WS_STAT_INIT_RETURN void
#define WS_STAT_INIT_OK return
#define WS_STAT_INIT_FAILED return
#endif

#endif
