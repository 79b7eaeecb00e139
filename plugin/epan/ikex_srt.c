/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Service response times, from the first copy of a request to the first copy of its response: -z ikex,srt[,filter]
 */
#include "ikex.h"

#include <epan/srt_table.h>

#define LAST_EXCHANGE 255 /* an exchange type has 8 bits */

/* A row has the number of its exchange type, with which Wireshark makes a filter. There is one table only: of several
 * the window of 4.0 shows each twice. */
static void make_table(struct register_srt *srt, GArray *tables)
{
    srt_stat_table *table;

    (void)srt;
    table = init_srt_table("IKE exchanges", NULL, tables, LAST_EXCHANGE + 1, "Exchange", "ikex.exchange", NULL);
    for (const ike_name *row = ike_exchange_names; row->name; row++)
        init_srt_table_row(table, (int)row->value, row->name);
}

static nstime_t time_of(const ike_record *r)
{
    ike_time rest;
    nstime_t when;

    when.secs = (time_t)ike_time_seconds(r->note.time, &rest);
    when.nsecs = (int)rest;
    return when;
}

static void add(srt_stat_table *table, const ike_record *response, packet_info *pinfo)
{
    const nstime_t when = time_of(response->request);

    if (table->procedures[response->exchange_type].procedure)
        add_srt_table_data(table, response->exchange_type, &when, pinfo);
}

static tap_packet_status see_frame(void *data, packet_info *pinfo, epan_dissect_t *edt, const void *notes,
                                   tap_flags_t flags)
{
    srt_stat_table *table = g_array_index(((srt_data_t *)data)->srt_array, srt_stat_table *, 0);

    (void)edt;
    (void)flags;
    for (const ike_note *note = notes; note; note = note->next) {
        const ike_record *r = ike_note_record((ike_note *)note);

        if (r && ike_report_response_time(r, false) >= 0)
            add(table, r, pinfo);
    }
    return TAP_PACKET_REDRAW;
}

void ikex_register_srt(int protocol)
{
    register_srt_table(protocol, NULL, 1, see_frame, make_table, NULL);
}
