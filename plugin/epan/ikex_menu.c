/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Entries of menus: Tools > IKE shows reports, Analyze > Conversation Filter the frames of an IKE SA. tshark takes
 * the registrations and does nothing with them.
 */
#include "ikex.h"

#include <string.h>

#include <epan/funnel.h>

/* ---- Tools > IKE ---- */

static const struct {
    const char *title;
    const char *report; /* name in ike_report_kinds */
} entries[] = {
    { "IKE/Diagnosis", "diag" },
    { "IKE/Audit events", "audit" },
    { "IKE/Log", "log" },
};

static const ike_report_kind *report_named(const char *name)
{
    const ike_report_kind *kind = ike_report_kinds;

    while (kind->name && strcmp(kind->name, name) != 0)
        kind++;
    return kind;
}

static void open_report(void *kind)
{
    ikex_open_report(kind);
}

static void register_reports(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(entries); i++)
        funnel_register_menu(entries[i].title, REGISTER_TOOLS_GROUP_UNSORTED, open_report,
                             (gpointer)report_named(entries[i].report), NULL, FALSE);
}

/* ---- Analyze > Conversation Filter ---- */

/* True when an earlier note of the frame is of the same IKE SA. */
static bool is_repeated(const ike_note *notes, const ike_note *note)
{
    const ike_note *earlier = notes;

    while (earlier != note && earlier->sa != note->sa)
        earlier = earlier->next;
    return earlier != note;
}

/* Appends a term for each IKE SA that the frame is part of. */
static void append_sas(GString *filter, const ike_note *notes)
{
    for (const ike_note *note = notes; note; note = note->next)
        if (note->sa && !is_repeated(notes, note))
            g_string_append_printf(filter, "%sikex.sa == %u", filter->len ? " || " : "", note->sa->number);
}

static char *build_filter(WS_CONVERSATION_ARGUMENTS)
{
    const ike_tracker *tracker = ikex_tracker();
    GString *filter = g_string_new(NULL);

    if (tracker && pinfo)
        append_sas(filter, ike_tracker_notes(tracker, pinfo->num));
    return g_string_free(filter, filter->len == 0);
}

static ws_boolean has_filter(WS_CONVERSATION_ARGUMENTS)
{
    const ike_tracker *tracker = ikex_tracker();

    if (!tracker || !pinfo)
        return FALSE;
    for (const ike_note *note = ike_tracker_notes(tracker, pinfo->num); note; note = note->next)
        if (note->sa)
            return TRUE;
    return FALSE;
}

void ikex_register_menus(void)
{
    register_reports();
    WS_REGISTER_CONVERSATION_FILTER("ikex", "IKE SA with its fragments and ESP", has_filter, build_filter);
}
