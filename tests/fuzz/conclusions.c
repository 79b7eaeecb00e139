/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conclusions.h"
#include "ike_reports.h"

#include "invariants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *text, const char *other)
{
    fprintf(stderr, "%s:\n%s\n%s\n", what, text, other);
    abort();
}

/* ---- the same ---- */

/* Takes both; shows the first line that differs. */
static void same(const char *what, char *a, char *b)
{
    char **x = g_strsplit(a, "\n", -1), **y = g_strsplit(b, "\n", -1);
    guint i = 0;

    while (x[i] && y[i] && strcmp(x[i], y[i]) == 0)
        i++;
    if (x[i] || y[i])
        fail(what, x[i] ? x[i] : "", y[i] ? y[i] : "");
    g_strfreev(x);
    g_strfreev(y);
    g_free(a);
    g_free(b);
}

void conclusions_compare(ike_tracker *a, ike_tracker *b)
{
    same("conclusions on the way change those at the end", summary(a), summary(b));
}

void conclusions_check(ike_tracker *t, uint32_t frames)
{
    char *once;

    ike_tracker_finish(t);
    check_all(t, frames);
    once = summary(t);
    ike_tracker_frame(t, frames + 1, ike_tracker_span(t).last);
    ike_tracker_end_frame(t, true);
    same("one more frame changes the conclusions", once, summary(t));
    check_all(t, frames + 1);
}

/* ---- reports ---- */

/* Reads every cell; for all that a format of rows may do. */
static void begin(ike_writer *writer)
{
    (void)writer;
}

static void row(ike_writer *writer, const ike_table *table, const ike_row *cells)
{
    for (const ike_column *column = table->columns; column->name; column++) {
        const gsize before = writer->out->len;

        ike_cell_fill(writer->cell, column, cells);
        ike_cell_append(writer->out, writer->cell);
        if (!g_utf8_validate(writer->out->str + before, -1, NULL))
            fail("a cell is not UTF-8", column->name, writer->out->str + before);
    }
}

static const ike_format cells = { "cells", begin, row, begin };

static void check_line(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isprint(line[i]))
            fail("a report is not ASCII", line, "");
    if (length > IKE_REPORT_WIDTH)
        fail("a line of a report is too wide", line, "");
}

static void check_text(const char *text)
{
    for (const char *line = text; *line;) {
        const size_t length = strcspn(line, "\n");

        check_line(line, length);
        line += length + (line[length] == '\n');
    }
}

static void check_page(const char *text)
{
    if (strstr(text, "<script") || !g_utf8_validate(text, -1, NULL))
        fail("a page is not harmless", text, "");
}

static void write_report(ike_tracker *t, const ike_report_kind *kind, const ike_format *format, GHashTable *selected)
{
    GString *out = g_string_new(NULL);

    ike_report_write(t, kind, format, selected, selected ? "a < \"b\"" : NULL, out);
    if (!format)
        check_text(out->str);
    else if (format == &ike_format_html)
        check_page(out->str);
    g_string_free(out, TRUE);
}

static const ike_format *const formats[CONCLUSIONS_FORMATS] = { NULL, &ike_format_csv, &ike_format_html, &cells };

void conclusions_report(ike_tracker *t, unsigned format, unsigned kind, bool of_some)
{
    GHashTable *some = of_some ? g_hash_table_new(g_direct_hash, g_direct_equal) : NULL;

    for (guint i = 0; some && i < ike_tracker_sas(t)->len; i += 2)
        g_hash_table_add(some, GUINT_TO_POINTER(i));
    for (unsigned i = 0; ike_report_kinds[i].name; i++)
        if (kind == i || kind == CONCLUSIONS_ALL_KINDS)
            write_report(t, &ike_report_kinds[i], formats[format], some);
    if (some)
        g_hash_table_destroy(some);
}
