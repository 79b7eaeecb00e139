/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows of the report diag: the verdict on each negotiation, and every finding.
 */
#include "ike_causes.h"
#include "ike_report.h"
#include "ike_table.h"

/* ---- negotiations ---- */

static void get_outcome(ike_cell *cell, const ike_row *row)
{
    ike_report_outcome(ike_cell_write(cell), row->sa);
}

static void get_proven(ike_cell *cell, const ike_row *row)
{
    const ike_record *record;

    ike_label_append(ike_cell_write(cell), ike_report_proven(row->sa, &record));
}

static void get_proven_frame(ike_cell *cell, const ike_row *row)
{
    const ike_record *record;

    ike_report_proven(row->sa, &record);
    if (record)
        ike_cell_count(cell, record->note.frame);
}

static void get_owed(ike_cell *cell, const ike_row *row)
{
    if (row->sa->is_failed)
        ike_report_owed(ike_cell_write(cell), row->sa);
}

static const ike_finding *deciding(const ike_row *row)
{
    return ike_result_deciding(&row->sa->distinct);
}

static void get_deciding(ike_cell *cell, const ike_row *row)
{
    if (deciding(row))
        ike_cell_text(cell, ike_diagnosis_get(deciding(row)->id)->id);
}

static const ike_causes *causes(const ike_row *row)
{
    return deciding(row) ? deciding(row)->causes : NULL;
}

static void get_cause(ike_cell *cell, const ike_row *row)
{
    if (causes(row))
        ike_cell_text(cell, ike_cause_text(causes(row), causes(row)->best));
}

static void get_evidence(ike_cell *cell, const ike_row *row)
{
    if (causes(row))
        ike_causes_append_evidence(ike_cell_write(cell), causes(row), causes(row)->best);
}

static void get_next_cause(ike_cell *cell, const ike_row *row)
{
    if (causes(row))
        ike_cell_text(cell, ike_cause_text(causes(row), causes(row)->next));
}

static void get_is_close(ike_cell *cell, const ike_row *row)
{
    if (causes(row))
        ike_cell_flag(cell, causes(row)->is_close);
}

static void get_advice(ike_cell *cell, const ike_row *row)
{
    const ike_finding *finding = deciding(row);

    if (finding)
        ike_cell_text(cell, finding->causes ? ike_cause_advice(finding->causes, finding->causes->best)
                                            : ike_diagnosis_get(finding->id)->advice);
}

static void get_course(ike_cell *cell, const ike_row *row)
{
    ike_report_course(ike_cell_write(cell), row->sa);
}

static void get_products(ike_cell *cell, const ike_row *row)
{
    ike_report_vendors(ike_cell_write(cell), row->sa);
}

static void get_nat(ike_cell *cell, const ike_row *row)
{
    ike_report_natted(ike_cell_write(cell), row->sa);
}

static const ike_column negotiation_columns[] = {
    { "sa", IKE_CELL_COUNT, "number of the IKE SA: ikex.sa", ike_get_sa },
    { "result", IKE_CELL_TEXT, "OK, NOTE, WARN or FAIL", ike_get_sa_result },
    { "version", IKE_CELL_COUNT, "IKE version, 1 or 2", ike_get_sa_version },
    { "mode", IKE_CELL_TEXT, "exchange that makes the IKE SA", ike_get_sa_mode },
    { "initiator", IKE_CELL_TEXT, "address of the initiator; of the side seen first while roles are unknown",
      ike_get_sa_initiator },
    { "responder", IKE_CELL_TEXT, "address of the other side", ike_get_sa_responder },
    { "roles_known_by", IKE_CELL_TEXT, "how it is known who the initiator is, or unknown", ike_get_sa_roles },
    { "first_frame", IKE_CELL_COUNT, "first frame", ike_get_sa_first_frame },
    { "last_frame", IKE_CELL_COUNT, "last frame", ike_get_sa_last_frame },
    { "first_time", IKE_CELL_TIME, "time of the first frame", ike_get_sa_first_time },
    { "outcome", IKE_CELL_TEXT, "how the negotiation ended, in words", get_outcome },
    { "last_proven", IKE_CELL_TEXT, "newest message of phase 1 that is known to have arrived", get_proven },
    { "last_proven_frame", IKE_CELL_COUNT, "its frame", get_proven_frame },
    { "owed", IKE_CELL_TEXT, "in a failed negotiation: the message that was owed, and by whom", get_owed },
    { "verdict", IKE_CELL_TEXT, "id of the finding that decides the result; none below a warning",
      get_deciding },
    { "cause", IKE_CELL_TEXT, "best cause of a message that nobody answered (inferred)", get_cause },
    { "evidence", IKE_CELL_TEXT, "what speaks for it", get_evidence },
    { "next_cause", IKE_CELL_TEXT, "the next best cause", get_next_cause },
    { "indistinguishable", IKE_CELL_FLAG, "true when the two causes cannot be told apart", get_is_close },
    { "advice", IKE_CELL_TEXT, "what to check next", get_advice },
    { "course", IKE_CELL_TEXT, "messages that make the IKE SA, with their frames", get_course },
    { "peers", IKE_CELL_TEXT, "products, as far as vendor IDs or times tell", get_products },
    { "nat", IKE_CELL_TEXT, "who is behind a NAT, and how that is known", get_nat },
    { "findings", IKE_CELL_TEXTS, "ids of all findings", ike_get_sa_findings },
    { NULL, 0, NULL, NULL },
};

const ike_table ike_table_negotiation = { "negotiation", "Negotiations", "The verdict on one negotiation.",
                                          negotiation_columns };

/* ---- findings ---- */

static const ike_diagnosis *diagnosis(const ike_row *row)
{
    return ike_diagnosis_get(row->finding->id);
}

static void get_id(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, diagnosis(row)->id);
}

static void get_severity(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_severity_name(row->finding->severity));
}

static void get_known_by(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_evidence_name(row->finding->evidence));
}

static void get_frame(ike_cell *cell, const ike_row *row)
{
    if (row->finding->note)
        ike_cell_count(cell, row->finding->note->frame);
}

static void get_time(ike_cell *cell, const ike_row *row)
{
    if (row->finding->note)
        ike_cell_time(cell, row->finding->note->time);
}

static void get_count(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->finding->count);
}

static void get_summary(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_diagnosis_summary(row->finding->id, row->finding->evidence));
}

static void get_text(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->finding->text);
}

static void get_finding_advice(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, diagnosis(row)->advice);
}

/* A column of the table of diagnoses, where "-" is nothing. */
static void get_told(ike_cell *cell, const char *text)
{
    ike_cell_text(cell, text[0] == '-' ? NULL : text);
}

static void get_cisco(ike_cell *cell, const ike_row *row)
{
    get_told(cell, diagnosis(row)->cisco);
}

static void get_windows(ike_cell *cell, const ike_row *row)
{
    get_told(cell, diagnosis(row)->windows);
}

static const ike_column finding_columns[] = {
    { "sa", IKE_CELL_COUNT, "number of the IKE SA; none for a finding outside any negotiation", ike_get_sa },
    { "id", IKE_CELL_TEXT, "id of the finding: ikex.diag.id", get_id },
    { "severity", IKE_CELL_TEXT, "CHAT, NOTE, WARN or ERROR", get_severity },
    { "known_by", IKE_CELL_TEXT, "observed or inferred", get_known_by },
    { "frame", IKE_CELL_COUNT, "frame it stands on", get_frame },
    { "time", IKE_CELL_TIME, "time of that frame", get_time },
    { "count", IKE_CELL_COUNT, "how often it was seen", get_count },
    { "summary", IKE_CELL_TEXT, "what is seen, in words that depend on nothing but id and known_by", get_summary },
    { "text", IKE_CELL_TEXT, "what is seen in this capture", get_text },
    { "advice", IKE_CELL_TEXT, "what to check next", get_finding_advice },
    { "cisco_state", IKE_CELL_TEXT, "the state that a Cisco peer shows meanwhile", get_cisco },
    { "windows_events", IKE_CELL_TEXT, "the events that a Windows peer writes", get_windows },
    { NULL, 0, NULL, NULL },
};

const ike_table ike_table_finding = { "finding", "Findings", "One finding.", finding_columns };
