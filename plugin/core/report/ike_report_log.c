/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -z ikex,log: one entry per message, in the spirit of an Oakley log. What the network or the capture only
 * doubled has no entry.
 */
#include "ike_report.h"

#include "ike_track.h"

/* ---- the entries ---- */

static void free_entry(gpointer data)
{
    ike_log_entry *entry = data;

    g_array_unref(entry->frames);
    if (entry->doubles)
        g_array_unref(entry->doubles);
}

static gint by_frame(gconstpointer a, gconstpointer b)
{
    const ike_log_entry *x = a, *y = b;

    return x->record->note.frame < y->record->note.frame ? -1 : x->record->note.frame > y->record->note.frame;
}

/* Frames that belong to an entry, by its record: of the pieces that made it, and in which it was seen again. */
typedef struct more_frames {
    GHashTable *pieces, *doubles;
} more_frames;

static void add_frame(GHashTable *lists, const ike_record *of, uint32_t frame)
{
    GArray *frames = g_hash_table_lookup(lists, of);

    if (!frames) {
        frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_hash_table_insert(lists, (gpointer)of, frames);
    }
    g_array_append_val(frames, frame);
}

static void add_records(GArray *log, const more_frames *more, const ike_list *records)
{
    for (guint i = 0; i < records->len; i++) {
        const ike_record *r = records->pdata[i];
        const ike_log_entry entry = { r, NULL, NULL };

        if (ike_record_is_entry(r))
            g_array_append_val(log, entry);
        else if (r->note.kind == IKE_NOTE_PIECE)
            add_frame(more->pieces, r->rare->message, r->note.frame);
        else
            add_frame(more->doubles, r->rare->doubles, r->note.frame);
    }
}

static void take_frames(GArray *log, const more_frames *more)
{
    for (guint i = 0; i < log->len; i++) {
        ike_log_entry *entry = &g_array_index(log, ike_log_entry, i);
        GArray *frames = g_hash_table_lookup(more->pieces, entry->record);
        GArray *doubles = g_hash_table_lookup(more->doubles, entry->record);

        entry->frames = frames ? g_array_ref(frames) : g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_array_append_val(entry->frames, entry->record->note.frame);
        entry->doubles = doubles ? g_array_ref(doubles) : NULL;
    }
}

static GHashTable *lists_new(void)
{
    return g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
}

GArray *ike_log_new(const ike_selection *of)
{
    const ike_list *sas = ike_tracker_sas(of->tracker);
    GArray *log = g_array_new(FALSE, FALSE, sizeof(ike_log_entry));
    const more_frames more = { lists_new(), lists_new() };

    g_array_set_clear_func(log, free_entry);
    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(of, sas->pdata[i]))
            add_records(log, &more, &((const ike_sa *)sas->pdata[i])->records);
    if (!of->sas)
        add_records(log, &more, ike_tracker_outside(of->tracker));
    take_frames(log, &more);
    g_array_sort(log, by_frame);
    g_hash_table_destroy(more.pieces);
    g_hash_table_destroy(more.doubles);
    return log;
}

/* ---- parts of an entry ---- */

bool ike_report_flags(GString *out, const ike_record *r)
{
    static const struct {
        uint8_t version, flag;
        char letter;
    } letters[] = {
        { 1, IKE_FLAG_ENCRYPTED, 'E' },    { 1, IKE_FLAG_COMMIT, 'C' },      { 1, IKE_FLAG_AUTH_ONLY, 'A' },
        { 2, IKE_FLAG_V2_INITIATOR, 'I' }, { 2, IKE_FLAG_V2_RESPONSE, 'R' }, { 2, IKE_FLAG_V2_VERSION, 'V' },
    };
    const gsize before = out->len;

    for (size_t i = 0; i < G_N_ELEMENTS(letters); i++)
        if (letters[i].version == r->version && r->flags & letters[i].flag)
            g_string_append_c(out, letters[i].letter);
    return out->len > before;
}

void ike_report_payload(GString *out, unsigned type)
{
    const char *name = ike_payload_name(type);

    if (name)
        g_string_append(out, name);
    else if (type)
        g_string_append_printf(out, "payload %u", type);
    else
        g_string_append(out, "none");
}

const ike_side_state *ike_report_vendors_in(const ike_record *r)
{
    bool has_any = false;

    for (unsigned i = 0; i < r->n_runs; i++)
        has_any |= ike_record_run(r, i)->type == IKE_PL_VID || ike_record_run(r, i)->type == IKE_PL_V2_VID;
    return has_any && r->copy == IKE_COPY_NONE && r->note.sa && r->side != IKE_SIDE_NONE
               ? &r->note.sa->sides[r->side]
               : NULL;
}

void ike_report_run(GString *out, const ike_run *run)
{
    ike_report_payload(out, run->type);
    if (run->count > 1)
        g_string_append_printf(out, " x%u", run->count);
}

ike_time ike_report_response_time(const ike_record *r, bool since_last)
{
    ike_record *request = r->request;
    ike_time span;

    if (!request || r->copy != IKE_COPY_NONE || r->is_reflection)
        return -1;
    if (since_last)
        request = ike_record_last_before(request, r);
    span = r->note.time - request->note.time;
    return span >= 0 ? span : -1;
}

bool ike_report_is_choice(const ike_record *r)
{
    const ike_sa *sa = r->note.sa;

    return r->copy == IKE_COPY_NONE && sa && r->note.exchange == sa->phase1 && ike_exchange_slot(sa->phase1, 2) == r;
}

void ike_report_message(GString *out, const ike_record *r)
{
    const bool is_piece = r->note.kind == IKE_NOTE_PIECE;
    const ike_label label = is_piece ? r->rare->part_of : ike_record_first(r)->label;

    if (is_piece) {
        g_string_append(out, r->fragment == IKE_FRAGMENT_IP ? "IP fragment" : "IKE fragment");
        if (r->rare->fragment_number)
            g_string_append_printf(out, " %u", r->rare->fragment_number);
        if (r->rare->fragment_number && r->rare->fragment_total)
            g_string_append_printf(out, " of %u", r->rare->fragment_total);
        g_string_append(out, label.mode == IKE_MODE_NONE ? "" : " of ");
    } else if (label.mode == IKE_MODE_NONE) {
        g_string_append(out, "message");
    }
    ike_label_append(out, label);
}

/* ---- text ---- */

/* " 5-21: 10:08:41:265", as Oakley logs have it, in UTC. */
static void append_stamp(GString *out, ike_time time)
{
    ike_time rest;
    GDateTime *utc = g_date_time_new_from_unix_utc(ike_time_seconds(time, &rest));

    if (utc)
        g_string_append_printf(out, "%2d-%02d: %02d:%02d:%02d:%03d", g_date_time_get_month(utc),
                               g_date_time_get_day_of_month(utc), g_date_time_get_hour(utc),
                               g_date_time_get_minute(utc), g_date_time_get_second(utc),
                               (int)(rest / IKE_MILLISECOND));
    else
        g_string_append_c(out, '-');
    if (utc)
        g_date_time_unref(utc);
}

static void append_endpoints(GString *out, const ike_record *r)
{
    ike_addr_append(out, &ike_record_src(r)->addr);
    g_string_append_printf(out, ".%u -> ", ike_record_src(r)->port);
    ike_addr_append(out, &ike_record_dst(r)->addr);
    g_string_append_printf(out, ".%u", ike_record_dst(r)->port);
}

static void append_frames(GString *out, const GArray *frames)
{
    g_string_append(out, frames->len > 1 ? "frames " : "frame ");
    for (guint i = 0; i < frames->len; i++)
        g_string_append_printf(out, "%s%u", i ? "," : "", g_array_index(frames, uint32_t, i));
}

static void first_line(const ike_report *report, const ike_log_entry *entry)
{
    const ike_record *r = entry->record;
    GString *text = g_string_new(NULL), *head = g_string_new(NULL);

    append_stamp(head, r->note.time);
    g_string_append_c(head, ' ');
    if (r->note.sa)
        g_string_append_printf(text, "%s: SA = %u, ", ike_role_name(ike_sa_role(r->note.sa, r->side)),
                               r->note.sa->number);
    else
        g_string_append(text, "outside any SA: ");
    ike_report_message(text, r);
    g_string_append(text, ", ");
    append_endpoints(text, r);
    g_string_append(text, ", ");
    append_frames(text, entry->frames);
    ike_report_wrap(report->out, head->str, text->str);
    g_string_free(head, TRUE);
    g_string_free(text, TRUE);
}

#define LOG_INDENT "    "

static void line(const ike_report *report, GString *text)
{
    if (text->len)
        ike_report_wrap(report->out, LOG_INDENT, text->str);
    g_string_truncate(text, 0);
}

static void header_lines(const ike_report *report, const ike_record *r, GString *text)
{
    const char *exchange = ike_exchange_name(r->exchange_type);

    g_string_printf(text, "ISAKMP Header: (V%u), len = %u, I-COOKIE %016" G_GINT64_MODIFIER "x, R-COOKIE "
                    "%016" G_GINT64_MODIFIER "x", r->version, r->length, ike_record_spi_i(r), ike_record_spi_r(r));
    line(report, text);
    g_string_printf(text, "exchange: %s", exchange ? exchange : "-");
    if (!exchange)
        g_string_append_printf(text, " (%u)", r->exchange_type);
    g_string_append(text, ", flags: ");
    if (!ike_report_flags(text, r))
        g_string_append_c(text, '-');
    g_string_append(text, r->is_decrypted ? " (decrypted)" : r->is_encrypted ? " (encrypted)" : "");
    g_string_append(text, ", next payload: ");
    ike_report_payload(text, r->next_payload);
    g_string_append_printf(text, ", message ID: %08x", r->message_id);
    line(report, text);
    for (unsigned i = 0; i < r->n_runs; i++) {
        g_string_append(text, i ? ", " : "payloads: ");
        ike_report_run(text, ike_record_run(r, i));
    }
    line(report, text);
}

static void vendors_line(const ike_report *report, const ike_record *r, GString *text)
{
    const ike_side_state *side = ike_report_vendors_in(r);

    for (unsigned i = 0; side && i < side->n_vendors; i++)
        g_string_append_printf(text, "%s%s", i ? ", " : "vendor IDs of its sender: ", side->vendors[i]->name);
    line(report, text);
}

static void doubles_line(const ike_report *report, const GArray *doubles, GString *text)
{
    if (doubles)
        append_frames(g_string_append(text, "seen again, not sent again, in "), doubles);
    line(report, text);
}

static void append_response(GString *text, const ike_record *r)
{
    const ike_time span = ike_report_response_time(r, false), last = ike_report_response_time(r, true);

    if (span < 0)
        return;
    g_string_append_printf(text, "answers frame %u after ", r->request->note.frame);
    ike_seconds_append(text, span);
    g_string_append(text, " s");
    if (last >= 0 && last != span) {
        g_string_append(text, ", ");
        ike_seconds_append(text, last);
        g_string_append(text, " s after its last copy");
    }
    g_string_append(text, ". ");
}

static void course_line(const ike_report *report, const ike_record *r, GString *text)
{
    append_response(text, r);
    if (r->note.sa && r->note.kind == IKE_NOTE_MESSAGE)
        g_string_append_printf(text, "state: %s", ike_state_name(ike_record_state(r, true)));
    if (r->waiting_for.mode != IKE_MODE_NONE)
        ike_label_append(g_string_append(text, ", expects "), r->waiting_for);
    if (r->fragment != IKE_FRAGMENT_NONE && r->note.kind == IKE_NOTE_MESSAGE && r->rare->fragment_total)
        g_string_append_printf(text, ", came in %u %s", r->rare->fragment_total,
                               r->fragment == IKE_FRAGMENT_IP ? "IP fragments" : "IKE fragments");
    if (r->floated)
        g_string_append(text, ", moved to port 4500");
    if (r->rare->mapping)
        g_string_append_printf(text, ", new NAT mapping %s", r->rare->mapping);
    line(report, text);
}

static void copy_line(const ike_report *report, const ike_record *r, GString *text)
{
    g_string_printf(text, "retransmit = %u", r->rare->copy_number);
    if (r->rare->delay >= 0)
        ike_seconds_append(g_string_append(text, ", "), r->rare->delay);
    g_string_append_printf(text, "%s, first copy in frame %u", r->rare->delay >= 0 ? " s after the copy before" : "",
                           r->rare->first->note.frame);
    line(report, text);
}

static void finding_lines(const ike_report *report, const ike_record *r, GString *text)
{
    for (const ike_finding *finding = r->note.findings; finding; finding = finding->next) {
        if (finding->id == IKE_DIAG_RETRANS)
            continue; /* said above */
        g_string_printf(text, "%s: %s: %s", ike_severity_name(finding->severity),
                        ike_diagnosis_get(finding->id)->id, ike_diagnosis_summary(finding->id, finding->evidence));
        line(report, text);
    }
}

/* An identity in Quick Mode is a network. */
static void decrypted_lines(const ike_report *report, const ike_record *r, GString *text)
{
    if (r->label.mode != IKE_MODE_QUICK)
        ike_report_decrypted_identity(text, r);
    line(report, text);
    ike_report_decrypted_proposal(text, r);
    line(report, text);
    ike_report_decrypted_networks(text, r);
    line(report, text);
}

static void entry_text(const ike_report *report, const ike_log_entry *entry)
{
    const ike_record *r = entry->record;
    GString *text = g_string_new(NULL);

    first_line(report, entry);
    if (r->copy == IKE_COPY_RETRANSMISSION)
        copy_line(report, r, text);
    else if (!r->is_probable)
        header_lines(report, r, text);
    if (ike_report_is_choice(r))
        ike_report_chosen(text, r->note.sa);
    if (text->len)
        g_string_prepend(text, "chosen: ");
    line(report, text);
    vendors_line(report, r, text);
    if (r->copy == IKE_COPY_NONE)
        decrypted_lines(report, r, text);
    if (r->rare->notify)
        g_string_printf(text, "notify: %s", r->rare->notify);
    line(report, text);
    doubles_line(report, entry->doubles, text);
    if (r->copy == IKE_COPY_NONE)
        course_line(report, r, text);
    finding_lines(report, r, text);
    g_string_free(text, TRUE);
}

/* How it ended, in a line for each SA. */
static void summary(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL), *head = g_string_new(NULL);

    g_string_printf(head, "SA %-4u ", sa->number);
    ike_report_peers(text, sa, " -> ", true);
    ike_report_frames(text, ", ", sa->first_frame, sa->last_frame);
    g_string_append(text, ": ");
    ike_report_outcome(text, sa);
    g_string_append_printf(text, " (%s), ", ike_result_name(ike_result_of(sa)));
    ike_count_append(text, ike_sa_messages(sa), "message", "messages");
    g_string_append(text, ", ");
    ike_count_append(text, ike_report_repeats(&sa->findings), "retransmission", "retransmissions");
    ike_report_wrap(report->out, head->str, text->str);
    g_string_free(head, TRUE);
    g_string_free(text, TRUE);
}

void ike_report_log(const ike_report *report)
{
    const ike_list *sas = ike_tracker_sas(report->of.tracker);
    GArray *log = ike_log_new(&report->of);

    ike_report_rule(report->out, '=');
    g_string_append(report->out, "IKE log, one entry per message, derived from packets. Times are UTC.\n");
    ike_report_wrap(report->out, "Filter: ", report->filter ? report->filter : "<none>");
    ike_report_rule(report->out, '-');
    for (guint i = 0; i < log->len; i++)
        entry_text(report, &g_array_index(log, ike_log_entry, i));
    if (log->len)
        ike_report_rule(report->out, '-');
    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(&report->of, sas->pdata[i]))
            summary(report, sas->pdata[i]);
    ike_report_absent(report);
    ike_report_rule(report->out, '=');
    g_array_free(log, TRUE);
}
