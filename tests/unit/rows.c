/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rows.h"

#include <string.h>

typedef struct one_row {
    const char *type;
    GHashTable *cells; /* name of a column -> text */
} one_row;

struct rows {
    GPtrArray *all;
};

static void free_row(gpointer p)
{
    one_row *row = p;

    g_hash_table_destroy(row->cells);
    g_free(row);
}

/* ---- the format ---- */

static GPtrArray *collected;

static void begin(ike_writer *writer)
{
    (void)writer;
}

static void take_row(ike_writer *writer, const ike_table *table, const ike_row *cells)
{
    one_row *row = g_new(one_row, 1);

    row->type = table->type;
    row->cells = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    for (const ike_column *column = table->columns; column->name; column++) {
        GString *text = g_string_new(NULL);

        ike_cell_fill(writer->cell, column, cells);
        ike_cell_append(text, writer->cell);
        g_hash_table_insert(row->cells, (gpointer)column->name, g_string_free(text, FALSE));
    }
    g_ptr_array_add(collected, row);
}

static const ike_format collect = { "rows", begin, take_row, begin };

rows *rows_of(ladder *l, const char *report)
{
    const ike_report_kind *kind = ike_report_kinds;
    rows *r = g_new(rows, 1);
    GString *out = g_string_new(NULL);

    while (kind->name && strcmp(kind->name, report) != 0)
        kind++;
    g_assert_nonnull(kind->name);
    r->all = collected = g_ptr_array_new_with_free_func(free_row);
    ike_tracker_finish(l->tracker);
    ike_report_write(l->tracker, kind, &collect, NULL, NULL, out);
    g_string_free(out, TRUE);
    return r;
}

void rows_free(rows *r)
{
    g_ptr_array_free(r->all, TRUE);
    g_free(r);
}

/* ---- expectations ---- */

unsigned rows_count(const rows *r, const char *type)
{
    unsigned n = 0;

    for (guint i = 0; i < r->all->len; i++)
        n += strcmp(((const one_row *)r->all->pdata[i])->type, type) == 0;
    return n;
}

static const one_row *find(const rows *r, unsigned number, const char *type)
{
    for (guint i = 0; i < r->all->len; i++) {
        const one_row *row = r->all->pdata[i];

        if (strcmp(row->type, type) == 0 && number-- == 0)
            return row;
    }
    g_error("there are fewer rows of %s", type);
    return NULL;
}

static void expect_cell(const one_row *row, unsigned number, const char *pair)
{
    const char *equals = strchr(pair, '=');
    char *name = g_strndup(pair, (gsize)(equals - pair));
    const char *text = g_hash_table_lookup(row->cells, name);

    if (!text || strcmp(text, equals + 1) != 0) {
        g_test_message("%s %u: %s is \"%s\", not \"%s\"", row->type, number, name, text ? text : "no column",
                       equals + 1);
        g_test_fail();
    }
    g_free(name);
}

void rows_expect(const rows *r, unsigned number, const char *type, const char *values)
{
    const one_row *row = find(r, number, type);
    char **pairs = g_strsplit(values, "  ", -1);

    for (char **pair = pairs; *pair; pair++)
        expect_cell(row, number, *pair);
    g_strfreev(pairs);
}
