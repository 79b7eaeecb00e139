/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_reports.h"
#include "ike_rows.h"

static const ike_table *const diag_tables[] = { &ike_table_negotiation, &ike_table_finding, NULL };
static const ike_table *const sa_tables[] = { &ike_table_ike_sa, &ike_table_child_sa, &ike_table_ipsec_sa,
                                              NULL };
static const ike_table *const stat_tables[] = { &ike_table_counter, NULL };
static const ike_table *const audit_tables[] = { &ike_table_event, NULL };
static const ike_table *const log_tables[] = { &ike_table_message, NULL };
static const ike_table *const report_tables[] = { &ike_table_negotiation, &ike_table_finding,
                                                  &ike_table_ike_sa,      &ike_table_child_sa,
                                                  &ike_table_ipsec_sa,    &ike_table_counter,
                                                  NULL };

static void text_of_three(const ike_report *report)
{
    ike_report_diag(report);
    g_string_append_c(report->out, '\n');
    ike_report_sa(report);
    g_string_append_c(report->out, '\n');
    ike_report_stat(report);
}

static void rows_of_three(const ike_selection *of, ike_writer *writer)
{
    ike_rows_diag(of, writer);
    ike_rows_sa(of, writer);
    ike_rows_stat(of, writer);
}

const ike_report_kind ike_report_kinds[] = {
    { "diag", "IKE diagnosis", ike_report_diag, ike_rows_diag, diag_tables },
    { "sa", "IKE security associations", ike_report_sa, ike_rows_sa, sa_tables },
    { "stat", "IKE statistics", ike_report_stat, ike_rows_stat, stat_tables },
    { "audit", "Windows audit events", ike_report_audit, ike_rows_audit, audit_tables },
    { "log", "IKE log", ike_report_log, ike_rows_log, log_tables },
    { "report", "IKE report", text_of_three, rows_of_three, report_tables },
    { NULL, NULL, NULL, NULL, NULL },
};

static void closing_line(const ike_report *report)
{
    const ike_totals totals = ike_totals_of(&report->of);

    g_string_append_printf(report->out,
                           "ikex: result=%s errors=%u warnings=%u notes=%u failed=%u sas=%u "
                           "children=%u messages=%u\n",
                           ike_result_name(ike_totals_result(&totals)), totals.errors, totals.warnings, totals.notes,
                           totals.failed, totals.sas, totals.children, totals.messages);
}

static void write_rows(const ike_report *report, const ike_report_kind *kind, const ike_format *format)
{
    const ike_totals totals = ike_totals_of(&report->of);
    const ike_row closing = { .tracker = report->of.tracker, .totals = &totals };
    ike_writer *writer = ike_writer_new(format, kind->tables, kind->title, report->filter, report->out);

    kind->rows(&report->of, writer);
    ike_writer_row(writer, &ike_table_result, &closing);
    ike_writer_free(writer);
}

void ike_report_write(ike_tracker *tracker, const ike_report_kind *kind, const ike_format *format,
                      GHashTable *selected, const char *filter, GString *out)
{
    const ike_report report = { { tracker, selected }, filter, out };

    if (format) {
        write_rows(&report, kind, format);
        return;
    }
    kind->text(&report);
    closing_line(&report);
}
