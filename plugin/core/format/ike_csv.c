/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * format=csv: RFC 4180. A report with several tables has one header with the columns of all of them, each
 * name once, behind the column "type" that says which table a row is of.
 */
#include "ike_format.h"

#include <string.h>

static int column_of(const ike_table *table, const char *name)
{
    for (int i = 0; table->columns[i].name; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return i;
    return -1;
}

/* A spreadsheet takes what begins with one of these for a formula; a quote in front makes it text. */
static bool looks_like_formula(const char *text)
{
    return *text && strchr("=+-@\t\r", *text);
}

static void append_value(GString *out, const char *text)
{
    const bool is_formula = looks_like_formula(text);

    if (!is_formula && !strpbrk(text, ",\"\r\n")) {
        g_string_append(out, text);
        return;
    }
    g_string_append(out, is_formula ? "\"'" : "\"");
    for (; *text; text++) {
        if (*text == '"')
            g_string_append_c(out, '"');
        g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

static void begin(ike_writer *writer)
{
    GPtrArray *names = g_ptr_array_new();

    g_string_append(writer->out, "type");
    for (guint t = 0; writer->tables[t]; t++)
        for (const ike_column *column = writer->tables[t]->columns; column->name; column++) {
            if (g_ptr_array_find_with_equal_func(names, column->name, g_str_equal, NULL))
                continue;
            g_ptr_array_add(names, (gpointer)column->name);
            g_string_append_printf(writer->out, ",%s", column->name);
        }
    g_string_append(writer->out, "\r\n");
    writer->state = names;
}

static void append_cell(ike_writer *writer, const ike_column *column, const ike_row *row)
{
    GString *text = g_string_new(NULL);

    ike_cell_fill(writer->cell, column, row);
    ike_cell_append(text, writer->cell);
    if (writer->cell->kind == IKE_CELL_TEXT || writer->cell->kind == IKE_CELL_TEXTS)
        append_value(writer->out, text->str);
    else
        g_string_append(writer->out, text->str);
    g_string_free(text, TRUE);
}

static void row(ike_writer *writer, const ike_table *table, const ike_row *row)
{
    const ike_list *names = writer->state;

    if (table == &ike_table_result)
        return;
    g_string_append(writer->out, table->type);
    for (guint i = 0; i < names->len; i++) {
        const int place = column_of(table, names->pdata[i]);

        g_string_append_c(writer->out, ',');
        if (place >= 0)
            append_cell(writer, &table->columns[place], row);
    }
    g_string_append(writer->out, "\r\n");
}

static void end(ike_writer *writer)
{
    g_ptr_array_free(writer->state, TRUE);
}

const ike_format ike_format_csv = { "csv", begin, row, end };
