/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows of a report by the names of their columns, for tests:
 *
 *     rows *r = rows_of(&l, "log");
 *
 *     rows_expect(r, 0, "message", "frame=1 msg=MM1 sender=initiator");
 *     rows_free(r);
 */
#ifndef ROWS_H
#define ROWS_H

#include "ladder.h"

typedef struct rows rows;

/* Of all SAs; draws the conclusions first. */
rows *rows_of(ladder *l, const char *report);
void rows_free(rows *r);
/* How many rows of this type there are. */
unsigned rows_count(const rows *r, const char *type);
/* Row `number` of this type, from 0, has these values: "name=value", with two spaces between. "name=" is a value
 * that is not known, or an empty list. All that differ are printed. */
void rows_expect(const rows *r, unsigned number, const char *type, const char *values);

#endif
