/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The reports: -z ikex,<report>[,format=<format>][,<display filter>].
 */
#include "ikex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <epan/dfilter/dfilter.h>
#include <epan/funnel.h>

#define COMMAND "ikex,"

typedef struct report_tap {
    const ike_report_kind *kind;
    const ike_format *format; /* NULL: text */
    char *filter;     /* or NULL */
    GHashTable *sas;  /* numbers of the SAs in frames that match, or NULL: all */
    unsigned capture; /* .. of this capture */
    funnel_text_window_t *window; /* of the GUI, or NULL */
    char *shown;      /* its text */
    bool from_menu;
} report_tap;

/* The reports that were opened from a menu, by kind. */
static GHashTable *opened;

/* ---- arguments ---- */

/* Statistics that are no reports; Wireshark finds them itself when their names are right. */
#define STATISTICS ", table, tree, srt"

static void append_names(GString *text)
{
    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++)
        g_string_append_printf(text, "%s%s", kind == ike_report_kinds ? "" : ", ", kind->name);
    g_string_append(text, STATISTICS);
}

/* tshark offers text windows too (it prints them), but no dialogs. */
static bool is_gui(void)
{
    const struct _funnel_ops_t *ops = funnel_get_funnel_ops();

    return ops && ops->new_dialog;
}

/* tshark ends with status 1; the GUI, which must go on, only says it. */
static void refuse(const char *format, ...)
{
    va_list args;

    fputs("ikex: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    if (!is_gui())
        exit(1);
}

static const ike_report_kind *parse_name(const char **rest)
{
    const size_t n = strcspn(*rest, ",");
    GString *names;

    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++)
        if (strlen(kind->name) == n && strncmp(kind->name, *rest, n) == 0) {
            *rest += n + ((*rest)[n] == ',');
            return kind;
        }
    names = g_string_new(NULL);
    append_names(names);
    refuse("no report \"%.*s\"; valid are: %s", (int)n, *rest, names->str);
    g_string_free(names, TRUE);
    return NULL;
}

static const struct {
    const char *name;
    const ike_format *format; /* NULL: text */
} formats[] = {
    { "text", NULL },
    { "json", &ikex_format_json },
    { "csv", &ike_format_csv },
    { "html", &ike_format_html },
};

/* Their names, each behind a prefix; g_free it. */
static char *names_of_formats(const char *prefix)
{
    GString *names = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
        g_string_append_printf(names, "%s%s%s", i ? ", " : "", prefix, formats[i].name);
    return g_string_free(names, FALSE);
}

static void refuse_format(const char *name, size_t n)
{
    char *names = names_of_formats("");

    refuse("no format \"%.*s\"; valid are: %s", (int)n, name, names);
    g_free(names);
}

/* What looks like an option and is none was taken for the filter, too. */
static void refuse_filter(const char *filter, const char *why)
{
    char *options = names_of_formats("format=");

    refuse("the display filter \"%s\" is not valid, nor is it an option (%s): %s", filter, options, why);
    g_free(options);
}

static bool parse_format(const char **rest, const ike_format **format)
{
    static const char key[] = "format=";
    size_t n;

    *format = NULL;
    if (strncmp(*rest, key, sizeof key - 1) != 0)
        return true;
    *rest += sizeof key - 1;
    n = strcspn(*rest, ",");
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
        if (strlen(formats[i].name) == n && strncmp(formats[i].name, *rest, n) == 0) {
            *format = formats[i].format;
            *rest += n + ((*rest)[n] == ',');
            return true;
        }
    refuse_format(*rest, n);
    return false;
}

/* ---- the tap ---- */

static void reset(void *data)
{
    report_tap *tap = data;

    if (tap->sas)
        g_hash_table_remove_all(tap->sas);
}

/* The SAs of another capture have the same numbers. */
static void forget_other_captures(report_tap *tap)
{
    if (tap->capture != ikex_capture_number())
        reset(tap);
    tap->capture = ikex_capture_number();
}

/* The GUI draws a report while it reads the capture anew, every few seconds as long as there is something to redraw, and
 * not once more at the end: without this it would show the first seconds only. tshark draws at the end. */
static tap_packet_status see_frame(void *data, packet_info *pinfo, epan_dissect_t *edt,
                                   const void *notes, tap_flags_t flags)
{
    report_tap *tap = data;

    (void)pinfo;
    (void)edt;
    (void)flags;
    forget_other_captures(tap);
    for (const ike_note *note = notes; note && tap->sas; note = note->next)
        if (note->sa)
            g_hash_table_add(tap->sas, GUINT_TO_POINTER(note->sa->number));
    return tap->window ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

/* A report whose window was closed is over: it would open another when the capture is read anew. */
static void window_closed(void *data)
{
    ((report_tap *)data)->window = NULL;
    remove_tap_listener(data);
}

/* The GUI draws a report again into the same window. A text that is set anew loses the place where it is read. */
static void show_window(report_tap *tap, const char *text)
{
    const struct _funnel_ops_t *ops = funnel_get_funnel_ops();

    if (!tap->window) {
        tap->window = ops->new_text_window(ops->ops_id, tap->kind->title);
        ops->set_close_cb(tap->window, window_closed, tap);
    }
    if (g_strcmp0(text, tap->shown) == 0)
        return;
    g_free(tap->shown);
    tap->shown = g_strdup(text);
    ops->set_text(tap->window, text);
}

static void show(report_tap *tap, const char *text)
{
    if (is_gui()) {
        show_window(tap, text);
        return;
    }
    fputs(text, stdout);
    fflush(stdout);
}

/* A line end or an escape in a filter is not to look like a line of the report. NULL for none; g_free it. */
static char *printable(const char *filter)
{
    char *copy = g_strdup(filter);

    for (char *c = copy; c && *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return copy;
}

static void draw(void *data)
{
    report_tap *tap = data;
    ike_tracker *tracker = ikex_tracker();
    GString *text;
    char *filter;

    if (!tracker)
        return;
    forget_other_captures(tap);
    ike_tracker_finish(tracker);
    text = g_string_new(NULL);
    filter = printable(tap->filter);
    ike_report_write(tracker, tap->kind, tap->format, tap->sas, filter, text);
    show(tap, text->str);
    g_free(filter);
    g_string_free(text, TRUE);
}

static void finish(void *data)
{
    report_tap *tap = data;

    if (tap->from_menu)
        g_hash_table_remove(opened, tap->kind);
    if (tap->sas)
        g_hash_table_destroy(tap->sas);
    g_free(tap->filter);
    g_free(tap->shown);
    g_free(tap);
}

/* The filter may be NULL. Returns NULL, and says why, when it is not valid. */
static report_tap *listen(const ike_report_kind *kind, const ike_format *format, const char *filter)
{
    report_tap *tap = g_new0(report_tap, 1);
    GString *error;

    tap->kind = kind;
    tap->format = format;
    tap->filter = g_strdup(filter);
    if (filter)
        tap->sas = g_hash_table_new(g_direct_hash, g_direct_equal);
    error = register_tap_listener("ikex", tap, tap->filter, TL_REQUIRES_NOTHING, reset, see_frame,
                                  draw, finish);
    if (!error)
        return tap;
    refuse_filter(filter ? filter : "", error->str);
    g_string_free(error, TRUE);
    finish(tap);
    return NULL;
}

void ikex_open_report(const ike_report_kind *kind)
{
    report_tap *tap;

    if (!is_gui())
        return;
    if (!opened)
        opened = g_hash_table_new(g_direct_hash, g_direct_equal);
    tap = g_hash_table_lookup(opened, kind);
    if (tap)
        funnel_get_funnel_ops()->destroy_text_window(tap->window);
    tap = listen(kind, NULL, NULL);
    if (!tap)
        return;
    tap->from_menu = true;
    g_hash_table_insert(opened, (gpointer)kind, tap);
    show(tap, "No capture is open.\n");
    draw(tap);
}

static WS_STAT_INIT_RETURN init_report(const char *argument, void *user)
{
    const char *rest = argument + strlen(COMMAND);
    const ike_report_kind *kind;
    const ike_format *format;

    (void)user;
    if (strncmp(argument, COMMAND, strlen(COMMAND)) != 0)
        rest = argument + strlen(argument);
    kind = parse_name(&rest);
    if (!kind || !parse_format(&rest, &format))
        WS_STAT_INIT_FAILED;
    if (!listen(kind, format, *rest ? rest : NULL))
        WS_STAT_INIT_FAILED;
    WS_STAT_INIT_OK;
}

void register_tap_listener_ikex(void)
{
    static stat_tap_ui ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .cli_string = "ikex",
        .tap_init_cb = init_report,
    };

    register_stat_tap_ui(&ui, NULL);
}
