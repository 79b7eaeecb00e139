/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a test expects of a conversation once it is over: reports, events and counts.
 */
#include "expect.h"
#include "ike_event.h"

#include <string.h>

char *report_text(ladder *l, const char *name, GHashTable *selected, const char *filter)
{
    GString *out = g_string_new(NULL);
    const ike_report_kind *kind = ike_report_kinds;

    while (kind->name && strcmp(kind->name, name) != 0)
        kind++;
    if (!kind->name)
        g_error("there is no report %s", name);
    test_finish(l);
    ike_report_write(l->tracker, kind, NULL, selected, filter, out);
    return g_string_free(out, FALSE);
}

static void check_report(ladder *l, const char *name, const char *words, bool is_there)
{
    char *text = report_text(l, name, NULL, NULL);

    if ((strstr(text, words) != NULL) != is_there)
        test_fail("report %s %s \"%s\":\n%s", name, is_there ? "does not say" : "says", words, text);
    g_free(text);
}

void expect_in_report(ladder *l, const char *name, const char *words)
{
    check_report(l, name, words, true);
}

void expect_not_in_report(ladder *l, const char *name, const char *words)
{
    check_report(l, name, words, false);
}

void expect_events(ladder *l, const char *want)
{
    const ike_selection all = { .tracker = l->tracker };
    GString *got = g_string_new(NULL);
    GArray *events;

    long_after(l);
    test_finish(l);
    events = ike_events_new(&all);
    for (guint i = 0; i < events->len; i++) {
        const ike_event *event = &g_array_index(events, ike_event, i);

        g_string_append_printf(got, "%s%u%c", i ? " " : "", event->id, "-IR"[ike_event_role(event, event->host)]);
        if (ike_event_text(event)[0] == '\0')
            test_fail("event %u has no text", event->id);
    }
    test_compare("events", got->str, want);
    g_string_free(got, TRUE);
    g_array_free(events, TRUE);
}

void expect_messages(ladder *l, unsigned count)
{
    const ike_selection all = { .tracker = l->tracker };

    test_finish(l);
    test_compare_numbers("messages", ike_totals_of(&all).messages, count);
}
