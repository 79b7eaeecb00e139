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

static hf_register_info fields[] = {
    { &hf_ikex_sa, { "IKE SA", "ikex.sa", COUNT(FT_UINT32),
        "IKE SAs are numbered from 0 in order of appearance", HFILL } },
    { &hf_ikex_child, { "Child negotiation", "ikex.child", COUNT(FT_UINT32),
        "Quick Mode or Child SA negotiation, numbered from 0 over the capture", HFILL } },
    { &hf_ikex_version, { "IKE version", "ikex.version", COUNT(FT_UINT8), NULL, HFILL } },
    { &hf_ikex_exchange, { "Exchange", "ikex.exchange", NUMBER(FT_UINT8, exchange_values),
        NULL, HFILL } },
    { &hf_ikex_msg, { "Message", "ikex.msg", PLAIN(FT_STRING),
        "Which message of which mode this is", HFILL } },
    { &hf_ikex_msg_number, { "Message number", "ikex.msg.number", COUNT(FT_UINT8), NULL, HFILL } },
    { &hf_ikex_msg_known_by, { "Known by", "ikex.msg.known_by", NUMBER(FT_UINT8, known_by_values),
        "How the message label is known", HFILL } },
    { &hf_ikex_sender, { "Sender", "ikex.sender", NUMBER(FT_UINT8, sender_values),
        "Role of the sender in the IKE SA", HFILL } },
    { &hf_ikex_state, { "State", "ikex.state", PLAIN(FT_STRING),
        "State of the IKE SA after this frame", HFILL } },
    { &hf_ikex_waiting_for, { "Waiting for", "ikex.waiting_for", PLAIN(FT_STRING),
        "The message that must come next", HFILL } },
    { &hf_ikex_cisco_state, { "Cisco would show", "ikex.cisco_state", PLAIN(FT_STRING),
        "What a Cisco initiator shows in this state", HFILL } },
    { &hf_ikex_request_in, { "Request in", "ikex.request_in", FRAME(FT_FRAMENUM_REQUEST),
        "First copy of the message that this one answers", HFILL } },
    { &hf_ikex_response_in, { "Response in", "ikex.response_in", FRAME(FT_FRAMENUM_RESPONSE),
        "First copy of the message that answers this one", HFILL } },
    { &hf_ikex_time, { "Time since request", "ikex.time", PLAIN(FT_RELATIVE_TIME),
        "Since the first copy of the request", HFILL } },
    { &hf_ikex_time_last, { "Time since last request", "ikex.time_last", PLAIN(FT_RELATIVE_TIME),
        "Since the last copy of the request before this", HFILL } },
    { &hf_ikex_sa_time, { "Time since start of SA", "ikex.sa_time", PLAIN(FT_RELATIVE_TIME),
        "Since the first message of the IKE SA", HFILL } },
    { &hf_ikex_retransmission, { "Retransmission", "ikex.retransmission", PLAIN(FT_NONE),
        NULL, HFILL } },
    { &hf_ikex_retransmission_of, { "Retransmission of", "ikex.retransmission_of",
        FRAME(FT_FRAMENUM_RETRANS_PREV), "First copy of this message", HFILL } },
    { &hf_ikex_retransmission_count, { "Copy", "ikex.retransmission.count", COUNT(FT_UINT32),
        "Which copy this is; the first repeat is 1", HFILL } },
    { &hf_ikex_retransmission_delay, { "Delay", "ikex.retransmission.delay",
        PLAIN(FT_RELATIVE_TIME), "Since the copy before", HFILL } },
    { &hf_ikex_duplicate_of, { "Duplicate of", "ikex.duplicate_of", FRAME(FT_FRAMENUM_NONE),
        "The same packet seen twice, not sent again", HFILL } },
    { &hf_ikex_fragment_kind, { "Fragmentation", "ikex.fragment.kind",
        NUMBER(FT_UINT8, fragment_values), NULL, HFILL } },
    { &hf_ikex_fragment_number, { "Piece", "ikex.fragment.number", COUNT(FT_UINT32), NULL, HFILL } },
    { &hf_ikex_fragment_total, { "Pieces", "ikex.fragment.total", COUNT(FT_UINT32),
        "Pieces that the message has", HFILL } },
    { &hf_ikex_fragment_missing, { "Missing pieces", "ikex.fragment.missing", COUNT(FT_UINT32),
        "Pieces that never came", HFILL } },
    { &hf_ikex_fragment_message_in, { "Message in", "ikex.fragment.message_in",
        FRAME(FT_FRAMENUM_NONE), "The frame that completes the message", HFILL } },
    { &hf_ikex_nat_initiator, { "Initiator behind NAT", "ikex.nat.initiator", PLAIN(FT_BOOLEAN),
        NULL, HFILL } },
    { &hf_ikex_nat_responder, { "Responder behind NAT", "ikex.nat.responder", PLAIN(FT_BOOLEAN),
        NULL, HFILL } },
    { &hf_ikex_nat_method, { "NAT traversal", "ikex.nat.method", PLAIN(FT_STRING),
        "The method that both sides announce", HFILL } },
    { &hf_ikex_nat_float, { "Moves to port 4500", "ikex.nat.float", PLAIN(FT_NONE), NULL, HFILL } },
    { &hf_ikex_nat_keepalive, { "NAT keepalive", "ikex.nat.keepalive", PLAIN(FT_NONE), NULL, HFILL } },
    { &hf_ikex_nat_mapping, { "New NAT mapping", "ikex.nat.mapping", PLAIN(FT_STRING), NULL, HFILL } },
    { &hf_ikex_spi_initiator, { "Initiator cookie or SPI", "ikex.spi.initiator", PLAIN(FT_BYTES),
        NULL, HFILL } },
    { &hf_ikex_spi_responder, { "Responder cookie or SPI", "ikex.spi.responder", PLAIN(FT_BYTES),
        NULL, HFILL } },
    { &hf_ikex_esp_child, { "Negotiated in child", "ikex.esp.child", COUNT(FT_UINT32),
        "The negotiation that an ESP or AH packet belongs to", HFILL } },
    { &hf_ikex_esp_known_by, { "Known by", "ikex.esp.known_by",
        NUMBER(FT_UINT8, esp_known_by_values), NULL, HFILL } },
    { &hf_ikex_analysis, { "Has findings", "ikex.analysis", PLAIN(FT_NONE),
        "Present when the frame has at least one finding", HFILL } },
    { &hf_ikex_diag_id, { "Finding", "ikex.diag.id", PLAIN(FT_STRING), NULL, HFILL } },
    { &hf_ikex_diag_severity, { "Severity", "ikex.diag.severity",
        NUMBER(FT_UINT8, severity_values), NULL, HFILL } },
    { &hf_ikex_diag_known_by, { "Known by", "ikex.diag.known_by",
        NUMBER(FT_UINT8, evidence_values), NULL, HFILL } },
    { &hf_ikex_notify, { "Notify", "ikex.notify", PLAIN(FT_STRING), NULL, HFILL } },
    { &hf_ikex_id_initiator, { "Initiator identity", "ikex.id.initiator", PLAIN(FT_STRING),
        NULL, HFILL } },
    { &hf_ikex_id_responder, { "Responder identity", "ikex.id.responder", PLAIN(FT_STRING),
        NULL, HFILL } },
    { &hf_ikex_vendor_initiator, { "Initiator vendor", "ikex.vendor.initiator", PLAIN(FT_STRING),
        NULL, HFILL } },
    { &hf_ikex_vendor_responder, { "Responder vendor", "ikex.vendor.responder", PLAIN(FT_STRING),
        NULL, HFILL } },
    { &hf_ikex_child_spi_in, { "Child SPI in", "ikex.child.spi.in", PLAIN(FT_BYTES), NULL, HFILL } },
    { &hf_ikex_child_spi_out, { "Child SPI out", "ikex.child.spi.out", PLAIN(FT_BYTES), NULL, HFILL } },
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
