/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What reports say, as rows of named and typed cells: the one source of every format but text, of the
 * JSON schema and of the reference of reports. A table is a list of columns; a column knows how to
 * fill its cell from a row.
 */
#ifndef IKE_TABLE_H
#define IKE_TABLE_H

#include "ike_tracker.h"

#define IKE_SCHEMA 1 /* number of the schema: grows when a column changes its name, kind or meaning */

#define IKE_ENCRYPTED "encrypted" /* what a cell says that only keys could fill */

typedef enum ike_cell_kind {
    IKE_CELL_FLAG,
    IKE_CELL_COUNT,   /* a number without a sign */
    IKE_CELL_SECONDS, /* a span; kept in nanoseconds */
    IKE_CELL_TIME,    /* a point in time; nanoseconds since the Unix epoch */
    IKE_CELL_TEXT,
    IKE_CELL_TEXTS,   /* a list */
    IKE_CELL_COUNTS   /* a list of numbers */
} ike_cell_kind;

/* A value that was filled in; whoever reads it looks at is_known first. */
typedef struct ike_cell {
    ike_cell_kind kind;
    bool is_known;
    bool flag;
    uint64_t count;
    ike_time time;
    GString *text;
    GPtrArray *texts; /* owns them */
    GArray *counts;   /* of uint64_t */
} ike_cell;

struct ike_event;
struct ike_counter;
struct ike_totals;

/* What the columns of a row look at; a table says which of these it needs. */
typedef struct ike_row {
    const ike_tracker *tracker;
    const ike_sa *sa;
    const ike_exchange *child;
    const ike_flow *flow;
    const ike_record *record;
    const GArray *frames;  /* of uint32_t: of the record and its pieces */
    const GArray *doubles; /* of uint32_t: in which the record was seen again; or NULL */
    const ike_finding *finding;
    const struct ike_event *event;
    const struct ike_counter *counter;
    const struct ike_totals *totals;
} ike_row;

typedef struct ike_column {
    const char *name; /* stable */
    ike_cell_kind kind;
    const char *what; /* for the schema and the reference */
    void (*get)(ike_cell *cell, const ike_row *row);
} ike_column;

typedef struct ike_table {
    const char *type;  /* stable: "type" of its JSON records */
    const char *title; /* of many rows */
    const char *what;
    const ike_column *columns; /* closed by one without a name */
} ike_table;

extern const ike_table ike_table_negotiation, ike_table_finding; /* report diag */
extern const ike_table ike_table_ike_sa, ike_table_child_sa, ike_table_ipsec_sa; /* report sa */
extern const ike_table ike_table_counter; /* report stat */
extern const ike_table ike_table_event;   /* report audit */
extern const ike_table ike_table_message; /* report log */
extern const ike_table ike_table_result;  /* ends every report */

/* All tables, closed by NULL. */
extern const ike_table *const ike_tables[];

/* Makes an empty cell; free it with ike_cell_free. */
ike_cell *ike_cell_new(void);
void ike_cell_free(ike_cell *cell);
/* Empties the cell and fills it from a row. */
void ike_cell_fill(ike_cell *cell, const ike_column *column, const ike_row *row);

/* ---- for columns ---- */
void ike_cell_flag(ike_cell *cell, bool flag);
void ike_cell_count(ike_cell *cell, uint64_t count);
void ike_cell_span(ike_cell *cell, ike_time span);
void ike_cell_time(ike_cell *cell, ike_time time);
/* Takes a copy; NULL and "" leave the cell unknown. */
void ike_cell_text(ike_cell *cell, const char *text);
/* What is appended to the returned text becomes the value; while it is empty the cell is unknown. */
GString *ike_cell_write(ike_cell *cell);
/* Add to a list, which is known from the start: it may be empty. */
void ike_cell_list(ike_cell *cell);
void ike_cell_add(ike_cell *cell, const char *text);
void ike_cell_add_count(ike_cell *cell, uint64_t count);

/* ---- for formats ---- */
/* Appends the value as plain text: lists with blanks between, times in ISO 8601 UTC, nothing for unknown. */
void ike_cell_append(GString *out, const ike_cell *cell);
/* Appends seconds exactly, without zeros at the end: "0.085". */
void ike_exact_seconds_append(GString *out, ike_time span);

/* ---- columns that several tables share: ike_table_shared.c ---- */
void ike_get_sa(ike_cell *cell, const ike_row *row);
void ike_get_sa_version(ike_cell *cell, const ike_row *row);
void ike_get_sa_mode(ike_cell *cell, const ike_row *row);
void ike_get_sa_initiator(ike_cell *cell, const ike_row *row);
void ike_get_sa_initiator_port(ike_cell *cell, const ike_row *row);
void ike_get_sa_responder(ike_cell *cell, const ike_row *row);
void ike_get_sa_responder_port(ike_cell *cell, const ike_row *row);
void ike_get_sa_roles(ike_cell *cell, const ike_row *row);
void ike_get_sa_spi_i(ike_cell *cell, const ike_row *row);
void ike_get_sa_spi_r(ike_cell *cell, const ike_row *row);
void ike_get_sa_state(ike_cell *cell, const ike_row *row);
void ike_get_sa_failed(ike_cell *cell, const ike_row *row);
void ike_get_sa_result(ike_cell *cell, const ike_row *row);
void ike_get_sa_first_frame(ike_cell *cell, const ike_row *row);
void ike_get_sa_last_frame(ike_cell *cell, const ike_row *row);
void ike_get_sa_first_time(ike_cell *cell, const ike_row *row);
void ike_get_sa_setup(ike_cell *cell, const ike_row *row);
void ike_get_sa_messages(ike_cell *cell, const ike_row *row);
void ike_get_sa_repeats(ike_cell *cell, const ike_row *row);
void ike_get_sa_nat_initiator(ike_cell *cell, const ike_row *row);
void ike_get_sa_nat_responder(ike_cell *cell, const ike_row *row);
void ike_get_sa_findings(ike_cell *cell, const ike_row *row);
void ike_get_sa_encryption(ike_cell *cell, const ike_row *row);
void ike_get_sa_integrity(ike_cell *cell, const ike_row *row);
void ike_get_sa_group(ike_cell *cell, const ike_row *row);
void ike_get_sa_authentication(ike_cell *cell, const ike_row *row);
void ike_get_child(ike_cell *cell, const ike_row *row);
void ike_get_child_message_id(ike_cell *cell, const ike_row *row);

#endif
