/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fields of the protocol. Their names are stable: users type them.
 */
#include "ikex.h"

#define X(name) int hf_ikex_##name = -1;
IKEX_FIELDS(X)
#undef X
int ett_ikex = -1, ett_ikex_finding = -1;

static const value_string known_by_values[] = {
    { 1, "content" }, { 2, "direction" }, { 3, "order" }, { 4, "keys" }, { 5, "guess" }, { 0, NULL }
};
static const value_string sender_values[] = {
    { 0, "unknown" }, { 1, "initiator" }, { 2, "responder" }, { 0, NULL }
};
static const value_string fragment_values[] = {
    { 1, "ip" }, { 2, "ikev1" }, { 3, "ikev2" }, { 0, NULL }
};
static const value_string esp_known_by_values[] = {
    { 1, "keys" }, { 2, "only candidate" }, { 3, "ambiguous" }, { 0, NULL }
};
static const value_string severity_values[] = {
    { 1, "chat" }, { 2, "note" }, { 3, "warn" }, { 4, "error" }, { 0, NULL }
};
static const value_string evidence_values[] = { { 1, "observed" }, { 2, "inferred" }, { 0, NULL } };

static value_string exchange_values[64];

#define NUMBER(type, values) type, BASE_DEC, VALS(values), 0
#define PLAIN(type) type, BASE_NONE, NULL, 0
#define COUNT(type) type, BASE_DEC, NULL, 0
#define FRAME(kind) FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(kind), 0

/* docs/fields.md is made of this table. Behind each row stands what frames have the field, and a display filter that
 * finds some in the captures. */
static hf_register_info fields[] = {
    /* ---- Which negotiation, which message ---- */
    { &hf_ikex_sa, { "IKE SA", "ikex.sa", COUNT(FT_UINT32),
        "IKE SAs are numbered from 0 in order of appearance", HFILL } },
        /* on: all frames that ikex annotates, as far as their IKE SA is known
         * try: ikex.sa == 0 */
    { &hf_ikex_child, { "Child negotiation", "ikex.child", COUNT(FT_UINT32),
        "Quick Mode or Child SA negotiation, numbered from 0 over the capture", HFILL } },
        /* on: messages of a Quick Mode, and of exchanges that make a Child SA
         * try: ikex.child == 0 */
    { &hf_ikex_version, { "IKE version", "ikex.version", COUNT(FT_UINT8),
        "1 or 2", HFILL } },
        /* on: messages and pieces
         * try: ikex.version == 2 */
    { &hf_ikex_exchange, { "Exchange", "ikex.exchange", NUMBER(FT_UINT8, exchange_values),
        "Exchange type in the header; also those of AuthIP, RFC 9242 and RFC 9370", HFILL } },
        /* on: messages, and pieces unless the first IP fragment is missing
         * try: ikex.exchange == "Main Mode" */
    { &hf_ikex_msg, { "Message", "ikex.msg", PLAIN(FT_STRING),
        "Which message of which exchange this is", HFILL } },
        /* on: messages, repeated ones too; of one in pieces, the frame that completes it
         * try: ikex.msg == "MM5" */
    { &hf_ikex_msg_number, { "Message number", "ikex.msg.number", COUNT(FT_UINT8),
        "The number in the label; in IKEv2 the attempt or round, where there may be several", HFILL } },
        /* on: messages whose label has a number that is not in doubt
         * try: ikex.msg.number == 1 */
    { &hf_ikex_msg_known_by, { "Known by", "ikex.msg.known_by", NUMBER(FT_UINT8, known_by_values),
        "How the message label is known", HFILL } },
        /* on: messages
         * try: ikex.msg.known_by == "order" */
    { &hf_ikex_sender, { "Sender", "ikex.sender", NUMBER(FT_UINT8, sender_values),
        "Role of the sender in the IKE SA", HFILL } },
        /* on: messages and pieces of an IKE SA
         * try: ikex.sender == "responder" */
    { &hf_ikex_state, { "State", "ikex.state", PLAIN(FT_STRING),
        "State of the IKE SA after this frame", HFILL } },
        /* on: messages and pieces of an IKE SA; "failed" on the last one, in the GUI and with tshark -2
         * try: ikex.state == "failed" */
    { &hf_ikex_waiting_for, { "Waiting for", "ikex.waiting_for", PLAIN(FT_STRING),
        "The message that must come next", HFILL } },
        /* on: messages that another one must follow
         * try: ikex.waiting_for == "MM6" */
    { &hf_ikex_cisco_state, { "Cisco would show", "ikex.cisco_state", PLAIN(FT_STRING),
        "What a Cisco initiator shows in this state", HFILL } },
        /* on: messages of IKEv1 with such a state
         * try: ikex.cisco_state == "MM_WAIT_MSG6" */
    /* ---- Requests, responses and copies ---- */
    { &hf_ikex_request_in, { "Request in", "ikex.request_in", FRAME(FT_FRAMENUM_REQUEST),
        "First copy of the message that this one answers", HFILL } },
        /* on: responses
         * try: ikex.request_in == 1 */
    { &hf_ikex_response_in, { "Response in", "ikex.response_in", FRAME(FT_FRAMENUM_RESPONSE),
        "First copy of the message that answers this one", HFILL } },
        /* on: messages that were answered; in the GUI and with tshark -2
         * try: ikex.msg && !ikex.response_in */
    { &hf_ikex_time, { "Time since request", "ikex.time", PLAIN(FT_RELATIVE_TIME),
        "Of a response: since the first copy of the request", HFILL } },
        /* on: responses that were not sent before
         * try: ikex.time > 1 */
    { &hf_ikex_time_last, { "Time since last request", "ikex.time_last", PLAIN(FT_RELATIVE_TIME),
        "Of a response: since the last copy of the request before it", HFILL } },
        /* on: as ikex.time
         * try: ikex.time_last > 1 */
    { &hf_ikex_sa_time, { "Time since start of SA", "ikex.sa_time", PLAIN(FT_RELATIVE_TIME),
        "Since the first message of the IKE SA", HFILL } },
        /* on: frames with ikex.sa
         * try: ikex.sa_time > 10 */
    { &hf_ikex_retransmission, { "Retransmission", "ikex.retransmission", PLAIN(FT_NONE),
        "The message was sent before", HFILL } },
        /* on: messages and pieces that were sent again
         * try: ikex.retransmission */
    { &hf_ikex_retransmission_of, { "Retransmission of", "ikex.retransmission_of", FRAME(FT_FRAMENUM_RETRANS_PREV),
        "First copy of this message", HFILL } },
        /* on: as ikex.retransmission
         * try: ikex.retransmission_of == 5 */
    { &hf_ikex_retransmission_count, { "Copy", "ikex.retransmission.count", COUNT(FT_UINT32),
        "Which copy this is; the first repeat is 1", HFILL } },
        /* on: as ikex.retransmission
         * try: ikex.retransmission.count >= 3 */
    { &hf_ikex_retransmission_delay, { "Delay", "ikex.retransmission.delay", PLAIN(FT_RELATIVE_TIME),
        "Since the copy before", HFILL } },
        /* on: as ikex.retransmission
         * try: ikex.retransmission.delay > 2 */
    { &hf_ikex_duplicate_of, { "Duplicate of", "ikex.duplicate_of", FRAME(FT_FRAMENUM_NONE),
        "The same packet seen twice, not sent again", HFILL } },
        /* on: packets that the capture or the network doubled
         * try: ikex.duplicate_of */
    /* ---- Fragments ---- */
    { &hf_ikex_fragment_kind, { "Fragmentation", "ikex.fragment.kind", NUMBER(FT_UINT8, fragment_values),
        "What cuts the message: IP, IKEv1 (payload 132) or IKEv2 (SKF)", HFILL } },
        /* on: pieces, and the message that they make
         * try: ikex.fragment.kind == "ip" */
    { &hf_ikex_fragment_number, { "Piece", "ikex.fragment.number", COUNT(FT_UINT32),
        "Which piece this is", HFILL } },
        /* on: pieces with a number
         * try: ikex.fragment.number == 1 */
    { &hf_ikex_fragment_total, { "Pieces", "ikex.fragment.total", COUNT(FT_UINT32),
        "Pieces that the message has", HFILL } },
        /* on: pieces and their message, once it is known
         * try: ikex.fragment.total > 2 */
    { &hf_ikex_fragment_missing, { "Missing pieces", "ikex.fragment.missing", COUNT(FT_UINT32),
        "Pieces that never came", HFILL } },
        /* on: pieces of a message that never became whole
         * try: ikex.fragment.missing */
    { &hf_ikex_fragment_message_in, { "Message in", "ikex.fragment.message_in", FRAME(FT_FRAMENUM_NONE),
        "The frame that completes the message", HFILL } },
        /* on: pieces of a message that became whole, but the last
         * try: ikex.fragment.message_in == 6 */
    /* ---- NAT ---- */
    { &hf_ikex_nat_initiator, { "Initiator behind NAT", "ikex.nat.initiator", PLAIN(FT_BOOLEAN),
        "True when the initiator is behind a NAT, or forces encapsulation", HFILL } },
        /* on: messages of an IKE SA, unless it is unknown
         * try: ikex.nat.initiator == 1 */
    { &hf_ikex_nat_responder, { "Responder behind NAT", "ikex.nat.responder", PLAIN(FT_BOOLEAN),
        "True when the responder is behind a NAT, or forces encapsulation", HFILL } },
        /* on: messages of an IKE SA, unless it is unknown
         * try: ikex.nat.responder == 1 */
    { &hf_ikex_nat_method, { "NAT traversal", "ikex.nat.method", PLAIN(FT_STRING),
        "The method that both sides announce: RFC 3947, a draft, RFC 7296", HFILL } },
        /* on: messages of an IKE SA with NAT traversal
         * try: ikex.nat.method == "RFC 3947" */
    { &hf_ikex_nat_float, { "Moves to port 4500", "ikex.nat.float", PLAIN(FT_NONE),
        "The sender moves to port 4500 with this message", HFILL } },
        /* on: the first message of each side on port 4500, after port 500
         * try: ikex.nat.float */
    { &hf_ikex_nat_keepalive, { "NAT keepalive", "ikex.nat.keepalive", PLAIN(FT_NONE),
        "A NAT keepalive (RFC 3948)", HFILL } },
        /* on: keepalives
         * try: ikex.nat.keepalive */
    { &hf_ikex_nat_mapping, { "New NAT mapping", "ikex.nat.mapping", PLAIN(FT_STRING),
        "The sender's new address and port behind a NAT", HFILL } },
        /* on: the first message from there
         * try: ikex.nat.mapping */
    /* ---- SPIs and IPsec SAs ---- */
    { &hf_ikex_spi_initiator, { "Initiator cookie or SPI", "ikex.spi.initiator", PLAIN(FT_BYTES),
        "Initiator cookie (IKEv1) or SPI (IKEv2) of the IKE SA", HFILL } },
        /* on: messages and pieces
         * try: ikex.spi.initiator == bb:31:1d:cd:77:79:5e:b6 */
    { &hf_ikex_spi_responder, { "Responder cookie or SPI", "ikex.spi.responder", PLAIN(FT_BYTES),
        "Responder cookie (IKEv1) or SPI (IKEv2) of the IKE SA", HFILL } },
        /* on: messages and pieces; zeros before there is one
         * try: ikex.spi.responder == 00:00:00:00:00:00:00:00 */
    { &hf_ikex_esp_child, { "Negotiated in child", "ikex.esp.child", COUNT(FT_UINT32),
        "The negotiation that an ESP or AH packet belongs to", HFILL } },
        /* on: ESP and AH of a negotiation in the capture
         * try: ikex.esp.child == 0 */
    { &hf_ikex_esp_known_by, { "Known by", "ikex.esp.known_by", NUMBER(FT_UINT8, esp_known_by_values),
        "How it is known which negotiation that is", HFILL } },
        /* on: as ikex.esp.child
         * try: ikex.esp.known_by == "ambiguous" */
    /* ---- Findings ---- */
    { &hf_ikex_analysis, { "Has findings", "ikex.analysis", PLAIN(FT_NONE),
        "Present when the frame has at least one finding", HFILL } },
        /* on: frames with findings
         * try: ikex.analysis */
    { &hf_ikex_diag_id, { "Finding", "ikex.diag.id", PLAIN(FT_STRING),
        "The id of a finding, once for each", HFILL } },
        /* on: frames with findings
         * try: ikex.diag.id == "mm5_noresp" */
    { &hf_ikex_diag_severity, { "Severity", "ikex.diag.severity", NUMBER(FT_UINT8, severity_values),
        "How bad a finding is", HFILL } },
        /* on: frames with findings
         * try: ikex.diag.severity >= 3 */
    { &hf_ikex_diag_known_by, { "Known by", "ikex.diag.known_by", NUMBER(FT_UINT8, evidence_values),
        "Whether a finding is observed in the bytes, or inferred", HFILL } },
        /* on: frames with findings
         * try: ikex.diag.known_by == "observed" */
    /* ---- What messages say ---- */
    { &hf_ikex_notify, { "Notify", "ikex.notify", PLAIN(FT_STRING),
        "Notify types of the message", HFILL } },
        /* on: messages with notifies, in clear or decrypted
         * try: ikex.notify contains "NO_PROPOSAL_CHOSEN" */
    { &hf_ikex_id_initiator, { "Initiator identity", "ikex.id.initiator", PLAIN(FT_STRING),
        "Identity of the initiator", HFILL } },
        /* on: messages of an IKE SA, where it is in clear or decrypted
         * try: ikex.id.initiator */
    { &hf_ikex_id_responder, { "Responder identity", "ikex.id.responder", PLAIN(FT_STRING),
        "Identity of the responder", HFILL } },
        /* on: messages of an IKE SA, where it is in clear or decrypted
         * try: ikex.id.responder */
    { &hf_ikex_vendor_initiator, { "Initiator vendor", "ikex.vendor.initiator", PLAIN(FT_STRING),
        "Products that the vendor IDs of the initiator name", HFILL } },
        /* on: messages of an IKE SA, where they name one
         * try: ikex.vendor.initiator contains "Windows" */
    { &hf_ikex_vendor_responder, { "Responder vendor", "ikex.vendor.responder", PLAIN(FT_STRING),
        "Products that the vendor IDs of the responder name", HFILL } },
        /* on: messages of an IKE SA, where they name one
         * try: ikex.vendor.responder contains "Windows" */
    { &hf_ikex_child_spi_in, { "Child SPI in", "ikex.child.spi.in", PLAIN(FT_BYTES),
        "SPI of packets to the initiator of the negotiation", HFILL } },
        /* on: messages of a Quick Mode or Child SA that is decrypted
         * try: ikex.child.spi.in */
    { &hf_ikex_child_spi_out, { "Child SPI out", "ikex.child.spi.out", PLAIN(FT_BYTES),
        "SPI of packets from the initiator of the negotiation", HFILL } },
        /* on: messages of a Quick Mode or Child SA that is decrypted
         * try: ikex.child.spi.out */
};

/* One expert item per diagnosis and severity it may have; both have the same filter name. */
static expert_field experts[IKE_N_DIAGNOSES][2];
static ei_register_info expert_rows[2 * IKE_N_DIAGNOSES];

static int expert_group(ike_group group)
{
    switch (group) {
    case IKE_GROUP_SEQUENCE: return PI_SEQUENCE;
    case IKE_GROUP_FRAGMENT: return PI_REASSEMBLE;
    case IKE_GROUP_PROTOCOL: return PI_PROTOCOL;
    case IKE_GROUP_REFUSAL: return PI_RESPONSE_CODE;
    case IKE_GROUP_SECURITY: return PI_SECURITY;
    case IKE_GROUP_NAT:
    case IKE_GROUP_CAPTURE: return PI_ASSUMPTION;
    }
    return PI_PROTOCOL;
}

static int expert_severity(ike_severity severity)
{
    switch (severity) {
    case IKE_SEVERITY_ERROR: return PI_ERROR;
    case IKE_SEVERITY_WARN: return PI_WARN;
    case IKE_SEVERITY_NOTE: return PI_NOTE;
    default: return PI_CHAT;
    }
}

/* Severities besides a row's own two come from evidence: a second item serves all of them. */
static int second_severity(const ike_diagnosis *row)
{
    if (row->lesser)
        return expert_severity(row->lesser);
    return row->severity == IKE_SEVERITY_ERROR ? PI_WARN : PI_NOTE;
}

static void make_exchange_values(void)
{
    for (guint i = 0; ike_exchange_names[i].name && i + 1 < G_N_ELEMENTS(exchange_values); i++) {
        exchange_values[i].value = ike_exchange_names[i].value;
        exchange_values[i].strptr = ike_exchange_names[i].name;
    }
}

static int make_expert_rows(void)
{
    int n = 0;

    for (int id = 1; id < IKE_N_DIAGNOSES; id++) {
        const ike_diagnosis *row = ike_diagnosis_get((ike_diagnosis_id)id);
        char *name = wmem_strdup_printf(wmem_epan_scope(), "ikex.diag.%s", row->id);

        for (int k = 0; k < 2; k++) {
            ei_register_info *info = &expert_rows[n++];

            info->ids = &experts[id][k];
            info->eiinfo.name = name;
            info->eiinfo.group = expert_group(row->group);
            info->eiinfo.severity = k ? second_severity(row) : expert_severity(row->severity);
            info->eiinfo.summary = row->summary;
            experts[id][k].ei = experts[id][k].hf = -1;
        }
    }
    return n;
}

expert_field *ikex_expert(ike_diagnosis_id id, ike_severity severity)
{
    return &experts[id][severity == ike_diagnosis_get(id)->severity ? 0 : 1];
}

void ikex_register_fields(int protocol)
{
    static int *ett[] = { &ett_ikex, &ett_ikex_finding };
    expert_module_t *expert;

    make_exchange_values();
    proto_register_field_array(protocol, fields, G_N_ELEMENTS(fields));
    proto_register_subtree_array(ett, G_N_ELEMENTS(ett));
    expert = expert_register_protocol(protocol);
    expert_register_field_array(expert, expert_rows, make_expert_rows());
}
