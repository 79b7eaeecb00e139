/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * format=json: JSON Lines. Unknown values are null; times are ISO 8601 in UTC, spans are seconds.
 */
#include "ikex.h"

#include <wsutil/json_dumper.h>

static void begin(ike_writer *writer)
{
    (void)writer;
}

static void dump_list(json_dumper *dumper, const ike_cell *cell)
{
    json_dumper_begin_array(dumper);
    for (guint i = 0; i < cell->texts->len; i++)
        json_dumper_value_string(dumper, cell->texts->pdata[i]);
    for (guint i = 0; i < cell->counts->len; i++)
        json_dumper_value_anyf(dumper, "%" G_GUINT64_FORMAT, g_array_index(cell->counts, uint64_t, i));
    json_dumper_end_array(dumper);
}

/* Spans go as the decimals they are: json_dumper writes doubles in its own way, which loses digits. */
static void dump_cell(json_dumper *dumper, const ike_cell *cell)
{
    GString *text = g_string_new(NULL);

    ike_cell_append(text, cell);
    if (cell->is_known && (cell->kind == IKE_CELL_TEXTS || cell->kind == IKE_CELL_COUNTS))
        dump_list(dumper, cell);
    else if (text->len == 0)
        json_dumper_value_anyf(dumper, "null");
    else if (cell->kind == IKE_CELL_TEXT || cell->kind == IKE_CELL_TIME)
        json_dumper_value_string(dumper, text->str);
    else
        json_dumper_value_anyf(dumper, "%s", text->str);
    g_string_free(text, TRUE);
}

static void row(ike_writer *writer, const ike_table *table, const ike_row *row)
{
    json_dumper dumper = { .output_string = writer->out };

    json_dumper_begin_object(&dumper);
    json_dumper_set_member_name(&dumper, "schema");
    json_dumper_value_anyf(&dumper, "%d", IKE_SCHEMA);
    json_dumper_set_member_name(&dumper, "type");
    json_dumper_value_string(&dumper, table->type);
    for (const ike_column *column = table->columns; column->name; column++) {
        json_dumper_set_member_name(&dumper, column->name);
        ike_cell_fill(writer->cell, column, row);
        dump_cell(&dumper, writer->cell);
    }
    json_dumper_end_object(&dumper);
    json_dumper_finish(&dumper);
}

static void end(ike_writer *writer)
{
    (void)writer;
}

const ike_format ikex_format_json = { "json", begin, row, end };
