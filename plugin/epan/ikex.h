/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the files of the adapter share. The adapter hands the bytes of each frame to the core on the
 * first visit and draws what the core noted on every visit.
 */
#ifndef IKEX_H
#define IKEX_H

#include "ike_reports.h"
#include "ike_tracker.h"
#include "ws_compat.h"

void proto_register_ikex(void);
void proto_reg_handoff_ikex(void);
void register_tap_listener_ikex(void);

/* The tracker of the open capture; NULL while none is open. */
ike_tracker *ikex_tracker(void);
/* Another number for each capture that was opened: tshark -M and ring buffers begin a new one without a word to
 * the taps. */
unsigned ikex_capture_number(void);
/* True in a tap whose frame was fed to the tracker just now, false when it was only drawn again. */
bool ikex_is_first_visit(void);

/* ---- ikex_extract.c: bytes out of Wireshark ---- */

/* Where the packets of a frame go. The data is valid only during the call. */
typedef struct ikex_sink {
    /* An IP packet, from its header on; outer ones before inner ones, none that ICMP quotes. */
    void (*ip)(const uint8_t *data, size_t captured, void *user);
    /* Asked after all `ip` calls: true when something was recognised in them. */
    bool (*is_done)(void *user);
    /* Else: an IKE message that Wireshark found (Decode As, an encapsulation that only it knows). */
    void (*message)(const ike_endpoint *src, const ike_endpoint *dst, const uint8_t *data,
                    size_t captured, size_t wire, void *user);
    void *user;
} ikex_sink;

/* Finds the protocols it needs: call once, from the hand-off. */
void ikex_extract_init(dissector_handle_t handle);
/* Finds packets by the protocol tree, or without: the same, but slower. */
void ikex_extract_by_tree(bool wanted);
/* Forgets what earlier frames were like: call when a capture is opened. */
void ikex_extract_reset(void);
void ikex_extract(packet_info *pinfo, proto_tree *tree, const ikex_sink *sink);

/* ---- ikex_plain.c ---- */
/* Announces what Wireshark has decrypted of the IKE messages of the frame, with or without a tree. */
void ikex_announce_plain(const packet_info *pinfo, ike_tracker *tracker);

/* ---- ikex_fields.c: names that users type ---- */

/* Registers all fields, expert items and subtrees of the protocol. */
void ikex_register_fields(int protocol);

/* One per field of the protocol; see the table in ikex_fields.c. */
#define IKEX_FIELDS(X)                                                                             \
    X(sa) X(child) X(version) X(exchange) X(msg) X(msg_number) X(msg_known_by) X(sender) X(state)  \
    X(waiting_for) X(cisco_state) X(request_in) X(response_in) X(time) X(time_last) X(sa_time)     \
    X(retransmission) X(retransmission_of) X(retransmission_count) X(retransmission_delay)         \
    X(duplicate_of) X(fragment_kind) X(fragment_number) X(fragment_total) X(fragment_missing)      \
    X(fragment_message_in) X(nat_initiator) X(nat_responder) X(nat_method) X(nat_float)            \
    X(nat_keepalive) X(nat_mapping) X(spi_initiator) X(spi_responder) X(esp_child)                 \
    X(esp_known_by) X(analysis) X(diag_id) X(diag_severity) X(diag_known_by) X(notify)             \
    X(id_initiator) X(id_responder) X(vendor_initiator) X(vendor_responder) X(child_spi_in)        \
    X(child_spi_out)

#define X(name) extern int hf_ikex_##name;
IKEX_FIELDS(X)
#undef X
extern int ett_ikex, ett_ikex_finding;
/* The expert item of a diagnosis with this severity. */
expert_field *ikex_expert(ike_diagnosis_id id, ike_severity severity);

/* ---- ikex_taps.c: reports ---- */
/* Opens a report about the whole capture in a window of the GUI, which is written anew whenever the capture is read
 * anew. Takes the row of the report in ike_report_kinds. An older window that this function opened for it is closed. */
void ikex_open_report(const ike_report_kind *kind);

/* ---- ikex_menu.c, ikex_sa_table.c, ikex_messages.c, ikex_srt.c: windows and menus ---- */
/* Registers the entries of Tools > IKE and of Analyze > Conversation Filter. Call it once. */
void ikex_register_menus(void);
/* Registers Statistics > IKE Security Associations: -z ikex,table. Call it once. */
void ikex_register_sa_table(void);
/* Registers Statistics > IKE Messages: -z ikex,tree. Call it once. */
void ikex_register_messages(void);
/* Registers Statistics > Service Response Time > IKEX: -z ikex,srt. Takes the protocol. Call it once. */
void ikex_register_srt(int protocol);

/* ---- ikex_json.c ---- */
/* JSON Lines: an object for each row and the closing row, with "schema" and "type" first. */
extern const ike_format ikex_format_json;

/* ---- ikex_draw.c ---- */
typedef struct ikex_canvas {
    packet_info *pinfo;
    tvbuff_t *tvb;
    proto_tree *tree; /* or NULL: columns only */
    int protocol;
    bool info_column;
    const ike_tracker *tracker;
} ikex_canvas;
/* True when somebody looks at what is drawn. */
bool ikex_is_looked_at(const ikex_canvas *canvas);
void ikex_draw(const ikex_canvas *canvas, ike_note *notes);

#endif
