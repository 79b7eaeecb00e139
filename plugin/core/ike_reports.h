/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The reports over a whole capture, by name: as text, or as rows in a format. The other face of the core.
 */
#ifndef IKE_REPORTS_H
#define IKE_REPORTS_H

#include "ike_format.h"
#include "ike_report.h"

typedef struct ike_report_kind {
    const char *name; /* stable: -z ikex,<name> */
    const char *title;
    void (*text)(const ike_report *report);
    void (*rows)(const ike_selection *of, ike_writer *writer);
    const ike_table *const *tables; /* of the rows, closed by NULL; the closing row is not among them */
} ike_report_kind;

/* All reports, closed by a row without a name. */
extern const ike_report_kind ike_report_kinds[];

/* Appends a report to `out`: with `format` NULL as text with its closing line for scripts, otherwise its rows
 * and the closing row. The tracker must be finished (ike_tracker_finish). `selected`: numbers of the SAs to report,
 * or NULL: all; `filter`: the display filter that selected them, or NULL. */
void ike_report_write(ike_tracker *tracker, const ike_report_kind *kind, const ike_format *format,
                      GHashTable *selected, const char *filter, GString *out);

#endif
