/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Statistics > IKE Security Associations: a row for each IKE SA, which can be sorted. -z ikex,table[,filter]
 *
 * The cells are those of the rows of the reports. Numbers are numbers; what may be unknown is text, and spans are
 * padded so that they sort by their length.
 */
#include "ikex.h"

#include <string.h>

#define COMMAND "ikex,table"
#define TITLE "IKE Security Associations"

static const struct {
    const char *title;
    const ike_table *table;
    const char *name; /* of the column there */
} columns[] = {
    { "SA", &ike_table_negotiation, "sa" },
    { "Result", &ike_table_negotiation, "result" },
    { "Initiator", &ike_table_negotiation, "initiator" },
    { "Responder", &ike_table_negotiation, "responder" },
    { "IKE", &ike_table_negotiation, "version" },
    { "Exchange", &ike_table_negotiation, "mode" },
    { "State", &ike_table_ike_sa, "state" },
    { "Verdict", &ike_table_negotiation, "verdict" },
    { "Messages", &ike_table_ike_sa, "messages" },
    { "Sent again", &ike_table_ike_sa, "retransmissions" },
    { "Start (UTC)", &ike_table_ike_sa, "first_time" },
    { "Setup (s)", &ike_table_ike_sa, "setup" },
    { "First frame", &ike_table_ike_sa, "first_frame" },
    { "Last frame", &ike_table_ike_sa, "last_frame" },
    { "Findings", &ike_table_ike_sa, "findings" },
};

#define N_COLUMNS G_N_ELEMENTS(columns)

static const ike_column *sources[N_COLUMNS];
static stat_tap_table_item items[N_COLUMNS];

/* How Wireshark shows a kind of cell; tshark prints it by the format. */
typedef struct look {
    stat_tap_table_item_enum type;
    tap_alignment_type align;
    const char *format;
} look;

static look look_of(ike_cell_kind kind)
{
    switch (kind) {
    case IKE_CELL_COUNT: return (look){ TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "%5u" };
    case IKE_CELL_SECONDS: return (look){ TABLE_ITEM_STRING, TAP_ALIGN_RIGHT, "%s" };
    case IKE_CELL_FLAG:
    case IKE_CELL_TIME:
    case IKE_CELL_TEXT:
    case IKE_CELL_TEXTS:
    case IKE_CELL_COUNTS: break;
    }
    return (look){ TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "%-15s" };
}

/* ---- the rows of the table ---- */

static GPtrArray *shown;    /* of const ike_sa *: the SA of each row */
static GHashTable *row_of;  /* keys are these */
static unsigned capture;    /* .. of this capture */
static GPtrArray *discarded; /* rows that another window may still point to; owns them */

static void append_value(GString *text, const ike_cell *cell)
{
    if (!cell->is_known)
        g_string_append_c(text, '-');
    else if (cell->kind == IKE_CELL_TIME)
        ike_report_utc(text, cell->time);
    else if (cell->kind == IKE_CELL_SECONDS)
        ike_seconds_append(text, cell->time);
    else
        ike_cell_append(text, cell);
}

static char *text_of(const ike_cell *cell)
{
    GString *text = g_string_new(NULL);

    append_value(text, cell);
    if (cell->kind == IKE_CELL_SECONDS)
        while (text->len < strlen("1000000.000"))
            g_string_prepend_c(text, ' ');
    return g_string_free(text, FALSE);
}

static void free_item(stat_tap_table_item_type *item)
{
    if (item->type == TABLE_ITEM_STRING)
        g_free((char *)item->value.string_value);
    item->type = TABLE_ITEM_NONE;
}

static void fill_item(stat_tap_table_item_type *item, const ike_cell *cell)
{
    free_item(item);
    item->type = look_of(cell->kind).type;
    if (item->type == TABLE_ITEM_UINT)
        item->value.uint_value = cell->is_known ? (guint)cell->count : 0;
    else
        item->value.string_value = text_of(cell);
}

static void fill_row(stat_tap_table *table, guint row, const ike_sa *sa)
{
    const ike_row source = { .tracker = ikex_tracker(), .sa = sa };
    ike_cell *cell = ike_cell_new();

    for (guint i = 0; i < N_COLUMNS; i++) {
        ike_cell_fill(cell, sources[i], &source);
        fill_item(stat_tap_get_field_data(table, row, i), cell);
    }
    ike_cell_free(cell);
}

static guint add_row(stat_tap_table *table, const ike_sa *sa)
{
    static const stat_tap_table_item_type none[N_COLUMNS];
    const guint row = table->num_elements;

    stat_tap_init_table_row(table, row, N_COLUMNS, none);
    g_ptr_array_add(shown, (gpointer)sa);
    g_hash_table_add(row_of, (gpointer)sa);
    return row;
}

static void forget(void)
{
    g_ptr_array_set_size(shown, 0);
    g_hash_table_remove_all(row_of);
}

static void free_row(void *row)
{
    stat_tap_table_item_type *first = row;

    for (guint i = 0; i < N_COLUMNS; i++)
        free_item(&first[i]);
    g_free(row);
}

static stat_tap_table_ui ui;

/* Empties the table. The rows of it in a second window are the same ones, and must stay while it is there. */
static void reset(stat_tap_table *table)
{
    if (ui.refcount <= 1)
        g_ptr_array_set_size(discarded, 0);
    for (guint i = 0; i < table->num_elements; i++)
        g_ptr_array_add(discarded, table->elements[i]);
    table->num_elements = 0;
    forget();
}

static void item_freed(stat_tap_table *table, guint row, guint column, stat_tap_table_item_type *item)
{
    (void)table;
    if (row == 0 && column == 0)
        forget();
    free_item(item);
}

static void make_table(stat_tap_table_ui *new_ui)
{
    if (!shown) {
        shown = g_ptr_array_new();
        row_of = g_hash_table_new(g_direct_hash, g_direct_equal);
        discarded = g_ptr_array_new_with_free_func(free_row);
    }
    if (!stat_tap_find_table(new_ui, TITLE))
        stat_tap_add_table(new_ui, stat_tap_init_table(TITLE, N_COLUMNS, 0, NULL));
}

/* ---- the tap ---- */

static stat_tap_table *the_table(void)
{
    return stat_tap_find_table(&ui, TITLE);
}

/* The verdicts are known at the end: in a single pass all rows are filled when tshark prints them. */
static void fill_all(void *data)
{
    ike_tracker *tracker = ikex_tracker();
    stat_tap_table *table = the_table();

    (void)data;
    if (!tracker || !table)
        return;
    if (capture != ikex_capture_number())
        reset(table);
    ike_tracker_finish(tracker);
    for (guint i = 0; i < MIN(shown->len, table->num_elements); i++)
        fill_row(table, i, shown->pdata[i]);
}

/* Of two taps the newer one draws first. This one is made when the first packet comes: it is newer than the one that
 * prints the table. */
static void fill_before_printing(void)
{
    static bool is_listening;
    GString *error;

    if (is_listening)
        return;
    is_listening = true;
    error = register_tap_listener("ikex", &is_listening, NULL, TL_REQUIRES_NOTHING, NULL, NULL, fill_all, NULL);
    if (error) /* only a filter can be wrong */
        g_string_free(error, TRUE);
}

static void add_sa(stat_tap_table *table, const ike_sa *sa, bool is_complete)
{
    guint row;

    if (g_hash_table_contains(row_of, sa))
        return;
    row = add_row(table, sa);
    if (is_complete)
        fill_row(table, row, sa);
}

static tap_packet_status see_frame(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *notes,
                                   tap_flags_t flags)
{
    const bool is_complete = !ikex_is_first_visit();
    stat_tap_table *table = the_table();

    (void)data;
    (void)pinfo;
    (void)edt;
    (void)flags;
    if (capture != ikex_capture_number())
        reset(table);
    capture = ikex_capture_number();
    if (is_complete)
        ike_tracker_finish(ikex_tracker());
    else
        fill_before_printing();
    for (const ike_note *note = notes; note; note = note->next)
        if (note->sa)
            add_sa(table, note->sa, is_complete);
    return TAP_PACKET_REDRAW;
}

/* What follows the name must be a filter. */
static void check_argument(const char *argument, const char **filter, char **error)
{
    const size_t n = strlen(COMMAND);

    (void)filter;
    if (strncmp(argument, COMMAND, n) == 0 && argument[n] && argument[n] != ',')
        *error = g_strdup_printf("ikex: no report \"%s\"", argument + strlen("ikex,"));
}

/* ---- registration ---- */

static const ike_column *column_named(const ike_table *table, const char *name)
{
    const ike_column *column = table->columns;

    while (column->name && strcmp(column->name, name) != 0)
        column++;
    return column;
}

static void make_items(void)
{
    for (guint i = 0; i < N_COLUMNS; i++) {
        const ike_column *source = column_named(columns[i].table, columns[i].name);
        const look how = look_of(source->kind);

        sources[i] = source;
        items[i] = (stat_tap_table_item){ how.type, how.align, columns[i].title, how.format };
    }
}

void ikex_register_sa_table(void)
{
    static tap_param parameters[] = { { PARAM_FILTER, "filter", "Filter", NULL, TRUE } };

    make_items();
    ui = (stat_tap_table_ui){
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .title = TITLE,
        .tap_name = "ikex",
        .cli_string = COMMAND,
        .stat_tap_init_cb = make_table,
        .packet_func = see_frame,
        .stat_tap_reset_table_cb = reset,
        .stat_tap_free_table_item_cb = item_freed,
        .stat_filter_check_cb = check_argument,
        .nfields = N_COLUMNS,
        .fields = items,
        .nparams = G_N_ELEMENTS(parameters),
        .params = parameters,
    };
    register_stat_tap_table_ui(&ui);
}
