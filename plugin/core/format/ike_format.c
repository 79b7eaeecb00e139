/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_format.h"

ike_writer *ike_writer_new(const ike_format *format, const ike_table *const *tables, const char *title,
                           const char *filter, GString *out)
{
    ike_writer *writer = g_new0(ike_writer, 1);

    writer->format = format;
    writer->tables = tables;
    writer->title = title;
    writer->filter = filter;
    writer->out = out;
    writer->cell = ike_cell_new();
    format->begin(writer);
    return writer;
}

void ike_writer_row(ike_writer *writer, const ike_table *table, const ike_row *row)
{
    writer->format->row(writer, table, row);
}

void ike_writer_free(ike_writer *writer)
{
    writer->format->end(writer);
    ike_cell_free(writer->cell);
    g_free(writer);
}
