/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What always holds of a tracker, whatever it was fed.
 */
#ifndef INVARIANTS_H
#define INVARIANTS_H

#include "ike_report.h"
#include "ike_tracker.h"

/* Frames, notes, records, SAs and findings fit together. */
void check_all(ike_tracker *t, uint32_t frames);
/* Drawing the conclusions anew from the same frames gives the same. */
void check_twice(ike_tracker *t, uint32_t frames);

/* All findings and totals as text, to compare; g_free it. */
char *summary(ike_tracker *t);
/* Fails with the first line that differs; takes both. */
void same_text(const char *what, char *a, char *b);

#endif
