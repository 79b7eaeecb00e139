/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How rows are written: a format is the few functions below. Text is no format of rows; every report has
 * its own.
 */
#ifndef IKE_FORMAT_H
#define IKE_FORMAT_H

#include "ike_table.h"

typedef struct ike_writer ike_writer;

typedef struct ike_format {
    const char *name; /* stable: format=<name> */
    void (*begin)(ike_writer *writer);
    void (*row)(ike_writer *writer, const ike_table *table, const ike_row *row);
    void (*end)(ike_writer *writer);
} ike_format;

struct ike_writer {
    const ike_format *format;
    const ike_table *const *tables; /* of the report, closed by NULL */
    const char *title;
    const char *filter; /* display filter, or NULL */
    GString *out;
    ike_cell *cell;     /* for the format to fill */
    void *state;        /* of the format */
};

/* Begins a report; ike_writer_free ends it. What it points to must live until then. */
ike_writer *ike_writer_new(const ike_format *format, const ike_table *const *tables, const char *title,
                           const char *filter, GString *out);
void ike_writer_row(ike_writer *writer, const ike_table *table, const ike_row *row);
void ike_writer_free(ike_writer *writer);

/* CSV (RFC 4180): a header with the columns of all tables, then rows; no closing row. */
extern const ike_format ike_format_csv;
/* A page with a ladder diagram for each negotiation; see ike_html.c. */
extern const ike_format ike_format_html;

#endif
