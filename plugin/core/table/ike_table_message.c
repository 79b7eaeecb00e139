/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows of the report log: messages of IKE, sent first or sent again, and pieces of messages that never
 * became whole.
 */
#include "ike_report.h"
#include "ike_table.h"

/* A copy shares this with its first. */
static const ike_record *first_of(const ike_row *row)
{
    return ike_record_first(row->record);
}

static void get_time(ike_cell *cell, const ike_row *row)
{
    ike_cell_time(cell, row->record->note.time);
}

static void get_relative(ike_cell *cell, const ike_row *row)
{
    ike_cell_span(cell, row->record->note.time - ike_tracker_span(row->tracker).first);
}

static void get_frame(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->record->note.frame);
}

static void get_frames(ike_cell *cell, const ike_row *row)
{
    for (guint i = 0; i < row->frames->len; i++)
        ike_cell_add_count(cell, g_array_index(row->frames, uint32_t, i));
}

static void get_msg(ike_cell *cell, const ike_row *row)
{
    if (row->record->note.kind == IKE_NOTE_MESSAGE)
        ike_label_append(ike_cell_write(cell), first_of(row)->label);
}

static void get_known_by(ike_cell *cell, const ike_row *row)
{
    if (row->record->note.kind == IKE_NOTE_MESSAGE && first_of(row)->label.mode != IKE_MODE_NONE)
        ike_cell_text(cell, ike_known_by_name(first_of(row)->known_by));
}

static void get_kind(ike_cell *cell, const ike_row *row)
{
    const ike_record *r = row->record;

    ike_cell_text(cell, r->note.kind == IKE_NOTE_PIECE          ? "piece"
                        : r->copy == IKE_COPY_RETRANSMISSION ? "retransmission"
                                                             : "message");
}

static void get_sender(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->sa ? ike_role_name(ike_sa_role(row->sa, row->record->side)) : "unknown");
}

static void get_source(ike_cell *cell, const ike_row *row)
{
    ike_addr_append(ike_cell_write(cell), &ike_record_src(row->record)->addr);
}

static void get_source_port(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, ike_record_src(row->record)->port);
}

static void get_destination(ike_cell *cell, const ike_row *row)
{
    ike_addr_append(ike_cell_write(cell), &ike_record_dst(row->record)->addr);
}

static void get_destination_port(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, ike_record_dst(row->record)->port);
}

static void get_encapsulation(ike_cell *cell, const ike_row *row)
{
    const ike_record *r = row->record;

    ike_cell_text(cell, r->is_tcp ? "TCP" : r->has_marker ? "UDP with non-ESP marker" : "UDP");
}

static void get_spi(ike_cell *cell, uint64_t of_header, uint64_t of_sa, const ike_record *r)
{
    g_string_append_printf(ike_cell_write(cell), "%016" G_GINT64_MODIFIER "x",
                           ike_record_has_spis(r) ? of_header : of_sa);
}

static void get_spi_i(ike_cell *cell, const ike_row *row)
{
    get_spi(cell, ike_record_spi_i(row->record), row->sa ? row->sa->spi_i : 0, row->record);
}

static void get_spi_r(ike_cell *cell, const ike_row *row)
{
    get_spi(cell, ike_record_spi_r(row->record), row->sa ? row->sa->spi_r : 0, row->record);
}

static void get_version(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->record->version);
}

/* Without the first IP fragment there is no header to read. */
static bool has_header(const ike_row *row)
{
    return !row->record->is_probable;
}

static void get_exchange(ike_cell *cell, const ike_row *row)
{
    if (has_header(row))
        ike_cell_count(cell, row->record->exchange_type);
}

static void get_exchange_name(ike_cell *cell, const ike_row *row)
{
    if (has_header(row))
        ike_cell_text(cell, ike_exchange_name(row->record->exchange_type));
}

static void get_message_id(ike_cell *cell, const ike_row *row)
{
    if (has_header(row))
        g_string_append_printf(ike_cell_write(cell), "%08x", row->record->message_id);
}

static void get_flags(ike_cell *cell, const ike_row *row)
{
    if (has_header(row) && !ike_report_flags(ike_cell_write(cell), row->record))
        ike_cell_text(cell, "none");
}

static void get_length(ike_cell *cell, const ike_row *row)
{
    if (has_header(row))
        ike_cell_count(cell, row->record->length);
}

static void get_next_payload(ike_cell *cell, const ike_row *row)
{
    if (has_header(row))
        ike_report_payload(ike_cell_write(cell), row->record->next_payload);
}

/* All behind the header. */
static void get_encrypted_bytes(ike_cell *cell, const ike_row *row)
{
    const ike_record *r = row->record;

    if (has_header(row) && r->is_encrypted && r->length >= IKE_HEADER_LENGTH)
        ike_cell_count(cell, r->length - IKE_HEADER_LENGTH);
}

static void get_encrypted(ike_cell *cell, const ike_row *row)
{
    if (has_header(row))
        ike_cell_flag(cell, row->record->is_encrypted);
}

static void get_payloads(ike_cell *cell, const ike_row *row)
{
    const ike_record *r = row->record;

    for (unsigned i = 0; i < r->n_runs; i++) {
        GString *text = g_string_new(NULL);

        ike_report_run(text, ike_record_run(r, i));
        ike_cell_add(cell, text->str);
        g_string_free(text, TRUE);
    }
}

static void get_fragment(ike_cell *cell, const ike_row *row)
{
    static const char *const kinds[] = { NULL, "IP", "IKEv1", "IKEv2" };

    ike_cell_text(cell, kinds[row->record->fragment]);
}

static void get_fragment_number(ike_cell *cell, const ike_row *row)
{
    if (row->record->note.kind == IKE_NOTE_PIECE && row->record->rare->fragment_number)
        ike_cell_count(cell, row->record->rare->fragment_number);
}

static void get_fragment_total(ike_cell *cell, const ike_row *row)
{
    if (row->record->fragment != IKE_FRAGMENT_NONE && row->record->rare->fragment_total)
        ike_cell_count(cell, row->record->rare->fragment_total);
}

static void get_copy(ike_cell *cell, const ike_row *row)
{
    if (row->record->copy == IKE_COPY_RETRANSMISSION)
        ike_cell_count(cell, row->record->rare->copy_number);
}

static void get_copy_of(ike_cell *cell, const ike_row *row)
{
    if (row->record->copy == IKE_COPY_RETRANSMISSION)
        ike_cell_count(cell, row->record->rare->first->note.frame);
}

static void get_copy_delay(ike_cell *cell, const ike_row *row)
{
    if (row->record->copy == IKE_COPY_RETRANSMISSION && row->record->rare->delay >= 0)
        ike_cell_span(cell, row->record->rare->delay);
}

static void get_request(ike_cell *cell, const ike_row *row)
{
    if (first_of(row)->request)
        ike_cell_count(cell, first_of(row)->request->note.frame);
}

static void get_response(ike_cell *cell, const ike_row *row)
{
    if (first_of(row)->response)
        ike_cell_count(cell, first_of(row)->response->note.frame);
}

static void get_response_time(ike_cell *cell, const ike_row *row)
{
    const ike_time span = ike_report_response_time(row->record, false);

    if (span >= 0)
        ike_cell_span(cell, span);
}

static void get_response_time_last(ike_cell *cell, const ike_row *row)
{
    const ike_time span = ike_report_response_time(row->record, true);

    if (span >= 0)
        ike_cell_span(cell, span);
}

static void get_state(ike_cell *cell, const ike_row *row)
{
    if (row->sa)
        ike_cell_text(cell, ike_state_name(ike_record_state(row->record, true)));
}

static void get_expects(ike_cell *cell, const ike_row *row)
{
    ike_label_append(ike_cell_write(cell), first_of(row)->waiting_for);
}

static void get_cisco(ike_cell *cell, const ike_row *row)
{
    const ike_step *step = ike_step_find(first_of(row)->label);

    if (step && row->record->note.kind == IKE_NOTE_MESSAGE)
        ike_cell_text(cell, step->cisco);
}

static void get_decrypted(ike_cell *cell, const ike_row *row)
{
    if (row->record->is_encrypted)
        ike_cell_flag(cell, row->record->is_decrypted);
}

static void get_chosen(ike_cell *cell, const ike_row *row)
{
    if (ike_report_is_choice(row->record))
        ike_report_chosen(ike_cell_write(cell), row->sa);
}

static void get_notify(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->record->rare->notify);
}

static void get_float(ike_cell *cell, const ike_row *row)
{
    ike_cell_flag(cell, row->record->floated);
}

static void get_mapping(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->record->rare->mapping);
}

static void get_nat(ike_cell *cell, const ike_row *row)
{
    const char *word = row->sa ? ike_report_nat_word(row->sa) : "-";

    ike_cell_text(cell, *word == '-' ? NULL : word);
}

static void get_vendors(ike_cell *cell, const ike_row *row)
{
    const ike_side_state *side = ike_report_vendors_in(row->record);

    for (unsigned i = 0; side && i < side->n_vendors; i++)
        ike_cell_add(cell, side->vendors[i]->name);
}

static void get_duplicates(ike_cell *cell, const ike_row *row)
{
    for (guint i = 0; row->doubles && i < row->doubles->len; i++)
        ike_cell_add_count(cell, g_array_index(row->doubles, uint32_t, i));
}

static void get_digest(ike_cell *cell, const ike_row *row)
{
    const ike_digest *digest = &row->record->digest;

    if (row->record->note.kind == IKE_NOTE_MESSAGE)
        g_string_append_printf(ike_cell_write(cell), "%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x",
                               digest->high, digest->low);
}

static void get_findings(ike_cell *cell, const ike_row *row)
{
    ike_cell_list(cell);
    for (const ike_finding *finding = row->record->note.findings; finding; finding = finding->next)
        ike_cell_add(cell, ike_diagnosis_get(finding->id)->id);
}

static const ike_column columns[] = {
    { "frame", IKE_CELL_COUNT, "frame that completes it", get_frame },
    { "frames", IKE_CELL_COUNTS, "all its frames: of its pieces, and this one", get_frames },
    { "time", IKE_CELL_TIME, "time of that frame", get_time },
    { "time_relative", IKE_CELL_SECONDS, "since the first frame of the capture, in seconds", get_relative },
    { "kind", IKE_CELL_TEXT, "message, retransmission, or piece of a message that never became whole", get_kind },
    { "sa", IKE_CELL_COUNT, "number of the IKE SA; none for an error outside any", ike_get_sa },
    { "child", IKE_CELL_COUNT, "number of the Quick Mode or Child SA negotiation", ike_get_child },
    { "version", IKE_CELL_COUNT, "IKE version", get_version },
    { "spi_initiator", IKE_CELL_TEXT, "initiator cookie or SPI, hexadecimal", get_spi_i },
    { "spi_responder", IKE_CELL_TEXT, "responder cookie or SPI, hexadecimal", get_spi_r },
    { "sender", IKE_CELL_TEXT, "initiator, responder or unknown: of the IKE SA", get_sender },
    { "source", IKE_CELL_TEXT, "who sends", get_source },
    { "source_port", IKE_CELL_COUNT, "from this port", get_source_port },
    { "destination", IKE_CELL_TEXT, "who receives", get_destination },
    { "destination_port", IKE_CELL_COUNT, "at this port", get_destination_port },
    { "encapsulation", IKE_CELL_TEXT, "UDP, UDP with non-ESP marker, or TCP", get_encapsulation },
    { "msg", IKE_CELL_TEXT, "label: ikex.msg", get_msg },
    { "known_by", IKE_CELL_TEXT, "how the label is known: content, direction, order, keys or guess",
      get_known_by },
    { "exchange", IKE_CELL_COUNT, "exchange type", get_exchange },
    { "exchange_name", IKE_CELL_TEXT, "its name", get_exchange_name },
    { "message_id", IKE_CELL_TEXT, "message ID, hexadecimal", get_message_id },
    { "next_payload", IKE_CELL_TEXT, "first payload by the header, or none", get_next_payload },
    { "flags", IKE_CELL_TEXT, "E encrypted, C commit, A authentication only; I initiator, R response, V version; or none",
      get_flags },
    { "length", IKE_CELL_COUNT, "length in the header", get_length },
    { "encrypted", IKE_CELL_FLAG, "true when its payloads are encrypted", get_encrypted },
    { "encrypted_bytes", IKE_CELL_COUNT, "how many bytes are, behind the header", get_encrypted_bytes },
    { "decrypted", IKE_CELL_FLAG, "true when keys have decrypted them", get_decrypted },
    { "payloads", IKE_CELL_TEXTS, "payloads in clear or decrypted, in their order: the first ten runs of equal ones",
      get_payloads },
    { "notify", IKE_CELL_TEXT, "notify types and deletes, in clear or decrypted", get_notify },
    { "chosen", IKE_CELL_TEXT, "proposal that this message chooses", get_chosen },
    { "fragment", IKE_CELL_TEXT, "IP, IKEv1 or IKEv2, when it came in fragments", get_fragment },
    { "fragment_number", IKE_CELL_COUNT, "of a piece: which", get_fragment_number },
    { "fragment_total", IKE_CELL_COUNT, "how many pieces the message has", get_fragment_total },
    { "copy", IKE_CELL_COUNT, "of a retransmission: 1 for the first repeat", get_copy },
    { "copy_of", IKE_CELL_COUNT, "frame of the first copy", get_copy_of },
    { "copy_delay", IKE_CELL_SECONDS, "since the copy before, in seconds", get_copy_delay },
    { "request_in", IKE_CELL_COUNT, "frame of the request that it answers", get_request },
    { "response_in", IKE_CELL_COUNT, "frame of the response to it", get_response },
    { "response_time", IKE_CELL_SECONDS, "since the first copy of its request, in seconds", get_response_time },
    { "response_time_last", IKE_CELL_SECONDS, "since the last copy of its request, in seconds",
      get_response_time_last },
    { "expects", IKE_CELL_TEXT, "label that must come next", get_expects },
    { "state", IKE_CELL_TEXT, "state of the IKE SA after it: ikex.state", get_state },
    { "cisco_state", IKE_CELL_TEXT, "what a Cisco initiator shows after it", get_cisco },
    { "nat_float", IKE_CELL_FLAG, "true when its sender moves to port 4500 with it", get_float },
    { "nat_mapping", IKE_CELL_TEXT, "the sender's new address and port behind a NAT", get_mapping },
    { "nat", IKE_CELL_TEXT, "who is behind a NAT, as found for the IKE SA: I, R, I+R or no", get_nat },
    { "vendors", IKE_CELL_TEXTS, "known vendor IDs of its sender, where it has any", get_vendors },
    { "duplicates", IKE_CELL_COUNTS, "frames in which it was seen again without being sent again", get_duplicates },
    { "digest", IKE_CELL_TEXT, "digest of its bytes: equal for copies, at either end of a tunnel", get_digest },
    { "findings", IKE_CELL_TEXTS, "ids of findings on this frame", get_findings },
    { NULL, 0, NULL, NULL },
};

const ike_table ike_table_message = { "message", "Messages", "A message of IKE.", columns };
