/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What Wireshark asks a plugin for. Built in Wireshark's own tree it is used as well: what is generated there registers
 * the dissector and leaves out the reports.
 */
#define WS_BUILD_DLL // a plugin is a DLL on Windows
#include <ws_symbol_export.h>

#include "ikex.h"

#include <epan/proto.h>

WS_DLL_PUBLIC_DEF const char plugin_version[] = IKEX_VERSION;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

WS_DLL_PUBLIC void plugin_register(void);
WS_DLL_PUBLIC uint32_t plugin_describe(void);

void plugin_register(void)
{
    static proto_plugin ikex;
    static tap_plugin ikex_taps;

    ikex.register_protoinfo = proto_register_ikex;
    ikex.register_handoff = proto_reg_handoff_ikex;
    proto_register_plugin(&ikex);
    ikex_taps.register_tap_listener = register_tap_listener_ikex;
    tap_register_plugin(&ikex_taps);
}

/* From 4.2 on: what the plugin adds. */
uint32_t plugin_describe(void)
{
    return WS_PLUGIN_DESC_DISSECTOR | WS_PLUGIN_DESC_TAP_LISTENER;
}
