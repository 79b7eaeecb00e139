/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is asked of a tracker at the end of an input: invariants, and its reports. What is wrong
 * aborts.
 */
#ifndef CONCLUSIONS_H
#define CONCLUSIONS_H

#include "ike_tracker.h"

/* Draws the conclusions, twice, and once more after another frame: always the same. */
void conclusions_check(ike_tracker *t, uint32_t frames);

#define CONCLUSIONS_FORMATS 4u /* text, CSV, HTML, and the cells of the rows, of which any format is made */
#define CONCLUSIONS_ALL_KINDS 7u /* of reports */

/* A report, or all of them, in one format; over all SAs or over every other one. */
void conclusions_report(ike_tracker *t, unsigned format, unsigned kind, bool of_some);
/* Both trackers have come to the same conclusions. */
void conclusions_compare(ike_tracker *a, ike_tracker *b);

#endif
