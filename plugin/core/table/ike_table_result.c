/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The closing row of a report, with the keys of the closing line of its text.
 */
#include "ike_report.h"
#include "ike_table.h"

static void get_result(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_result_name(ike_totals_result(row->totals)));
}

#define TOTAL(member)                                                                              \
    static void get_##member(ike_cell *cell, const ike_row *row)                                   \
    {                                                                                              \
        ike_cell_count(cell, row->totals->member);                                                 \
    }
TOTAL(errors)
TOTAL(warnings)
TOTAL(notes)
TOTAL(failed)
TOTAL(sas)
TOTAL(children)
TOTAL(messages)
#undef TOTAL

static const ike_column columns[] = {
    { "result", IKE_CELL_TEXT, "NODATA, OK, NOTE, WARN or FAIL", get_result },
    { "errors", IKE_CELL_COUNT, "errors: pairs of an IKE SA and a finding", get_errors },
    { "warnings", IKE_CELL_COUNT, "warnings", get_warnings },
    { "notes", IKE_CELL_COUNT, "notes", get_notes },
    { "failed", IKE_CELL_COUNT, "negotiations that failed", get_failed },
    { "sas", IKE_CELL_COUNT, "IKE SAs", get_sas },
    { "children", IKE_CELL_COUNT, "Quick Modes and Child SAs", get_children },
    { "messages", IKE_CELL_COUNT, "messages, without repeats and pieces", get_messages },
    { NULL, 0, NULL, NULL },
};

const ike_table ike_table_result = { "result", "Result", "Closes a report.", columns };
