/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Service response times, from the first copy of a request to the first copy of its response: -z ikex,srt[,filter]
 */
#include "ikex.h"

#include <epan/srt_table.h>

enum { EXCHANGES, MESSAGES, N_TABLES };

#define LAST_EXCHANGE 255 /* an exchange type has 8 bits */

/* Rows of the second table, plus 1; 0: none. A pair of IKEv1 messages has the row of its response. IKEv2 has one pair
 * for each exchange, which the first table shows. */
static unsigned pair_rows[IKE_N_MODES][IKE_MAX_STEPS + 1];

static unsigned *pair_row(ike_label response)
{
    return &pair_rows[response.mode][MIN(response.number, IKE_MAX_STEPS)];
}

static bool ends_pair(ike_label label)
{
    const ike_mode_info *mode = &ike_modes[label.mode];

    return mode->version == 1 && mode->is_numbered && ike_label_is_decided(label) && ike_label_answers(label);
}

static void make_pair(srt_stat_table *table, ike_label response)
{
    GString *name = g_string_new(NULL);

    ike_label_append(name, response);
    *pair_row(response) = (unsigned)table->num_procs + 1;
    init_srt_table_row(table, table->num_procs, name->str);
    g_string_free(name, TRUE);
}

/* All rows are made at once: the window does not look for later ones. */
static void make_pairs(srt_stat_table *table)
{
    for (uint8_t mode = 0; mode < IKE_N_MODES; mode++)
        for (uint8_t number = 1; number <= IKE_MAX_STEPS; number++) {
            const ike_label response = { .mode = mode, .number = number };

            if (ends_pair(response))
                make_pair(table, response);
        }
}

static void make_tables(struct register_srt *srt, GArray *tables)
{
    srt_stat_table *exchanges, *messages;

    (void)srt;
    exchanges = init_srt_table("IKE exchanges", "Exchanges", tables, LAST_EXCHANGE + 1, "Exchange", "ikex.exchange",
                               NULL);
    for (const ike_name *row = ike_exchange_names; row->name; row++)
        init_srt_table_row(exchanges, (int)row->value, row->name);
    messages = init_srt_table("IKEv1 messages", "Messages", tables, 0, "Response", NULL, NULL);
    make_pairs(messages);
}

static nstime_t time_of(const ike_record *r)
{
    ike_time rest;
    nstime_t when;

    when.secs = (time_t)ike_time_seconds(r->note.time, &rest);
    when.nsecs = (int)rest;
    return when;
}

static void add(srt_stat_table *table, int row, const ike_record *request, packet_info *pinfo)
{
    const nstime_t when = time_of(request);

    add_srt_table_data(table, row, &when, pinfo);
}

static void add_response(GArray *tables, const ike_record *r, packet_info *pinfo)
{
    srt_stat_table *exchanges = g_array_index(tables, srt_stat_table *, EXCHANGES);

    if (exchanges->procedures[r->exchange_type].procedure)
        add(exchanges, r->exchange_type, r->request, pinfo);
    if (ends_pair(r->label))
        add(g_array_index(tables, srt_stat_table *, MESSAGES), (int)*pair_row(r->label) - 1, r->request, pinfo);
}

static tap_packet_status see_frame(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *notes,
                                   tap_flags_t flags)
{
    GArray *tables = ((srt_data_t *)data)->srt_array;

    (void)edt;
    (void)flags;
    for (const ike_note *note = notes; note; note = note->next) {
        const ike_record *r = ike_note_record((ike_note *)note);

        if (r && ike_report_response_time(r, false) >= 0)
            add_response(tables, r, pinfo);
    }
    return TAP_PACKET_REDRAW;
}

void ikex_register_srt(int protocol)
{
    register_srt_table(protocol, NULL, N_TABLES, see_frame, make_tables, NULL);
}
