/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rows of each report.
 */
#include "ike_rows.h"
#include "ike_counter.h"
#include "ike_event.h"
#include "ike_report.h"

static void write(const ike_selection *of, ike_writer *writer, const ike_table *table, ike_row row)
{
    row.tracker = of->tracker;
    ike_writer_row(writer, table, &row);
}

static void negotiations(const ike_selection *of, ike_writer *writer, const ike_list *sas)
{
    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(of, sas->pdata[i]))
            write(of, writer, &ike_table_negotiation, (ike_row){ .sa = sas->pdata[i] });
}

static void findings(const ike_selection *of, ike_writer *writer, const ike_list *list)
{
    for (guint i = 0; i < list->len; i++) {
        const ike_finding *finding = list->pdata[i];

        write(of, writer, &ike_table_finding, (ike_row){ .sa = finding->sa, .finding = finding });
    }
}

void ike_rows_diag(const ike_selection *of, ike_writer *writer)
{
    const ike_list *sas = ike_tracker_sas(of->tracker);

    negotiations(of, writer, sas);
    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(of, sas->pdata[i]))
            findings(of, writer, &((const ike_sa *)sas->pdata[i])->findings);
    if (!of->sas)
        findings(of, writer, ike_tracker_orphans(of->tracker));
}

static void children(const ike_selection *of, ike_writer *writer, const ike_sa *sa)
{
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *child = sa->more->exchanges.pdata[i];

        if (child->leads_child)
            write(of, writer, &ike_table_child_sa, (ike_row){ .sa = sa, .child = child });
    }
}

void ike_rows_sa(const ike_selection *of, ike_writer *writer)
{
    const ike_list *sas = ike_tracker_sas(of->tracker), *flows = ike_tracker_flows(of->tracker);

    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(of, sas->pdata[i]))
            write(of, writer, &ike_table_ike_sa, (ike_row){ .sa = sas->pdata[i] });
    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(of, sas->pdata[i]))
            children(of, writer, sas->pdata[i]);
    for (guint i = 0; i < flows->len; i++) {
        const ike_flow *flow = flows->pdata[i];

        if (ike_selects_flow(of, flow))
            write(of, writer, &ike_table_ipsec_sa, (ike_row){ .sa = flow->sa, .child = flow->child, .flow = flow });
    }
}

static void counters(const ike_selection *of, ike_writer *writer, const ike_counters *all, const ike_addr *host)
{
    ike_counter counter;

    for (unsigned i = 0; ike_counters_get(all, host, i, &counter); i++)
        if (!host || counter.is_known)
            write(of, writer, &ike_table_counter, (ike_row){ .counter = &counter });
}

void ike_rows_stat(const ike_selection *of, ike_writer *writer)
{
    ike_counters *all = ike_counters_new(of);
    unsigned others;
    const GArray *hosts = ike_counters_hosts(all, &others);

    counters(of, writer, all, NULL);
    for (guint i = 0; i < hosts->len; i++)
        counters(of, writer, all, &g_array_index(hosts, ike_addr, i));
    ike_counters_free(all);
}

void ike_rows_audit(const ike_selection *of, ike_writer *writer)
{
    GArray *events = ike_events_new(of);

    for (guint i = 0; i < events->len; i++) {
        const ike_event *event = &g_array_index(events, ike_event, i);

        write(of, writer, &ike_table_event,
              (ike_row){ .sa = event->sa, .child = event->child, .event = event });
    }
    g_array_free(events, TRUE);
}

void ike_rows_log(const ike_selection *of, ike_writer *writer)
{
    GArray *log = ike_log_new(of);

    for (guint i = 0; i < log->len; i++) {
        const ike_log_entry *entry = &g_array_index(log, ike_log_entry, i);

        write(of, writer, &ike_table_message,
              (ike_row){ .sa = entry->record->note.sa, .child = entry->record->note.exchange,
                         .record = entry->record, .frames = entry->frames,
                         .doubles = entry->doubles });
    }
    g_array_free(log, TRUE);
}
