/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows of the report sa: IKE SAs, what they negotiated, and the IPsec SAs whose packets were seen.
 */
#include "ike_null.h"
#include "ike_report.h"
#include "ike_table.h"

/* ---- IKE SAs ---- */

static void get_state_known_by(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_evidence_name(ike_sa_state_evidence(row->sa)));
}

static void get_joined(ike_cell *cell, const ike_row *row)
{
    ike_cell_flag(cell, row->sa->is_joined);
}

static void get_established(ike_cell *cell, const ike_row *row)
{
    if (ike_sa_has_setup_time(row->sa))
        ike_cell_time(cell, row->sa->more->established->note.time);
}

static void get_last_time(ike_cell *cell, const ike_row *row)
{
    ike_cell_time(cell, row->sa->last_time);
}

static void get_lifetime(ike_cell *cell, const ike_row *row)
{
    if (row->sa->more->has_chosen && row->sa->more->chosen.life_seconds)
        ike_cell_count(cell, row->sa->more->chosen.life_seconds);
}

static void get_lifetime_kilobytes(ike_cell *cell, const ike_row *row)
{
    if (row->sa->more->has_chosen && row->sa->more->chosen.life_kilobytes)
        ike_cell_count(cell, row->sa->more->chosen.life_kilobytes);
}

static void add_transform(ike_cell *cell, const ike_sa *sa, const ike_transform *t)
{
    GString *text = g_string_new(NULL);

    ike_report_transform(text, sa, t);
    ike_cell_add(cell, text->str);
    g_string_free(text, TRUE);
}

static void add_proposals(ike_cell *cell, const ike_v2_offer *offer)
{
    uint8_t numbers[UINT8_MAX + 1];
    const unsigned n = ike_report_v2_proposals(offer, numbers, G_N_ELEMENTS(numbers));
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < MIN(n, G_N_ELEMENTS(numbers)); i++) {
        g_string_truncate(text, 0);
        ike_report_v2_proposal(text, offer, numbers[i]);
        ike_cell_add(cell, text->str);
    }
    g_string_free(text, TRUE);
}

static void get_offered(ike_cell *cell, const ike_row *row)
{
    const ike_sa *sa = row->sa;

    if (sa->v2->offer)
        add_proposals(cell, sa->v2->offer);
    for (unsigned i = 0; sa->offer && i < MIN(sa->offer->n_transforms, IKE_MAX_TRANSFORMS); i++)
        add_transform(cell, sa, &sa->offer->transforms[i]);
}

static void get_chosen(ike_cell *cell, const ike_row *row)
{
    if (row->sa->more->parent && !row->sa->v2->choice)
        ike_cell_text(cell, IKE_ENCRYPTED);
    else
        ike_report_chosen(ike_cell_write(cell), row->sa);
}

static void get_nat_method(ike_cell *cell, const ike_row *row)
{
    const ike_vendor *method = ike_sa_nat_method(row->sa);

    if (method)
        ike_cell_text(cell, method->name);
}

static void get_floated(ike_cell *cell, const ike_row *row)
{
    ike_cell_flag(cell, row->sa->has_floated);
}

static void get_tcp(ike_cell *cell, const ike_row *row)
{
    ike_cell_flag(cell, row->sa->has_used_tcp);
}

static const ike_side_state *side_of(const ike_sa *sa, ike_role role)
{
    const ike_side side = ike_sa_side_of(sa, role);

    return side == IKE_SIDE_NONE ? NULL : &sa->sides[side];
}

static void get_identity(ike_cell *cell, const ike_sa *sa, ike_role role)
{
    const ike_side_state *side = side_of(sa, role);

    if (side && side->more->identity)
        ike_cell_text(cell, side->more->identity);
    else if (sa->version == 2 || sa->phase1->mode == IKE_MODE_MAIN)
        ike_cell_text(cell, IKE_ENCRYPTED);
}

static void get_identity_i(ike_cell *cell, const ike_row *row)
{
    get_identity(cell, row->sa, IKE_ROLE_INITIATOR);
}

static void get_identity_r(ike_cell *cell, const ike_row *row)
{
    get_identity(cell, row->sa, IKE_ROLE_RESPONDER);
}

static void get_product(ike_cell *cell, const ike_sa *sa, ike_role role)
{
    const ike_side_state *side = side_of(sa, role);

    if (side)
        ike_side_products_append(ike_cell_write(cell), side);
}

static void get_product_i(ike_cell *cell, const ike_row *row)
{
    get_product(cell, row->sa, IKE_ROLE_INITIATOR);
}

static void get_product_r(ike_cell *cell, const ike_row *row)
{
    get_product(cell, row->sa, IKE_ROLE_RESPONDER);
}

static void get_vendors(ike_cell *cell, const ike_sa *sa, ike_role role)
{
    const ike_side_state *side = side_of(sa, role);

    if (side)
        ike_cell_list(cell);
    for (unsigned i = 0; side && i < side->n_vendors; i++)
        ike_cell_add(cell, side->vendors[i]->name);
}

static void get_vendors_i(ike_cell *cell, const ike_row *row)
{
    get_vendors(cell, row->sa, IKE_ROLE_INITIATOR);
}

static void get_vendors_r(ike_cell *cell, const ike_row *row)
{
    get_vendors(cell, row->sa, IKE_ROLE_RESPONDER);
}

static void get_user(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->sa->more->user);
}

static void get_given_address(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, row->sa->more->given_address);
}

static void get_deleted(ike_cell *cell, const ike_row *row)
{
    if (row->sa->more->deleted)
        ike_cell_count(cell, row->sa->more->deleted->note.frame);
}

static void get_parent(ike_cell *cell, const ike_row *row)
{
    if (row->sa->more->parent)
        ike_cell_count(cell, row->sa->more->parent->number);
}

static void get_rekeyed_to(ike_cell *cell, const ike_row *row)
{
    if (row->sa->more->rekeyed_to)
        ike_cell_count(cell, row->sa->more->rekeyed_to->number);
}

static const ike_column ike_sa_columns[] = {
    { "sa", IKE_CELL_COUNT, "number of the IKE SA: ikex.sa", ike_get_sa },
    { "version", IKE_CELL_COUNT, "IKE version, 1 or 2", ike_get_sa_version },
    { "mode", IKE_CELL_TEXT, "exchange that makes it", ike_get_sa_mode },
    { "initiator", IKE_CELL_TEXT, "address of the initiator; of the side seen first while roles are unknown",
      ike_get_sa_initiator },
    { "initiator_port", IKE_CELL_COUNT, "its port in its first message", ike_get_sa_initiator_port },
    { "responder", IKE_CELL_TEXT, "address of the other side", ike_get_sa_responder },
    { "responder_port", IKE_CELL_COUNT, "its port", ike_get_sa_responder_port },
    { "roles_known_by", IKE_CELL_TEXT, "how it is known who the initiator is, or unknown", ike_get_sa_roles },
    { "spi_initiator", IKE_CELL_TEXT, "initiator cookie or SPI, hexadecimal", ike_get_sa_spi_i },
    { "spi_responder", IKE_CELL_TEXT, "responder cookie or SPI, hexadecimal; zeros while there is none",
      ike_get_sa_spi_r },
    { "state", IKE_CELL_TEXT, "how far it came by the end of the capture, whether it failed or not", ike_get_sa_state },
    { "state_known_by", IKE_CELL_TEXT, "observed or inferred", get_state_known_by },
    { "failed", IKE_CELL_FLAG, "true when the negotiation failed", ike_get_sa_failed },
    { "joined", IKE_CELL_FLAG, "true when it began before the capture", get_joined },
    { "first_frame", IKE_CELL_COUNT, "first frame", ike_get_sa_first_frame },
    { "last_frame", IKE_CELL_COUNT, "last frame", ike_get_sa_last_frame },
    { "first_time", IKE_CELL_TIME, "time of the first message", ike_get_sa_first_time },
    { "last_time", IKE_CELL_TIME, "time of the last frame", get_last_time },
    { "established_time", IKE_CELL_TIME, "when it was established", get_established },
    { "setup", IKE_CELL_SECONDS, "from the first message to there, in seconds", ike_get_sa_setup },
    { "chosen", IKE_CELL_TEXT, "chosen proposal, or encrypted", get_chosen },
    { "encryption", IKE_CELL_TEXT, "its encryption", ike_get_sa_encryption },
    { "integrity", IKE_CELL_TEXT, "its hash or integrity algorithm", ike_get_sa_integrity },
    { "group", IKE_CELL_TEXT, "its Diffie-Hellman group or key exchange method", ike_get_sa_group },
    { "authentication", IKE_CELL_TEXT, "its authentication method, or encrypted", ike_get_sa_authentication },
    { "lifetime", IKE_CELL_COUNT, "its lifetime in seconds (IKEv1)", get_lifetime },
    { "lifetime_kilobytes", IKE_CELL_COUNT, "its lifetime in kilobytes (IKEv1)", get_lifetime_kilobytes },
    { "offered", IKE_CELL_TEXTS, "proposals of the initiator", get_offered },
    { "messages", IKE_CELL_COUNT, "messages, without repeats and pieces", ike_get_sa_messages },
    { "retransmissions", IKE_CELL_COUNT, "messages sent again", ike_get_sa_repeats },
    { "nat_initiator", IKE_CELL_FLAG, "true when the initiator is behind a NAT", ike_get_sa_nat_initiator },
    { "nat_responder", IKE_CELL_FLAG, "true when the responder is behind a NAT", ike_get_sa_nat_responder },
    { "nat_method", IKE_CELL_TEXT, "NAT traversal that both sides know", get_nat_method },
    { "nat_float", IKE_CELL_FLAG, "true when it moved to port 4500", get_floated },
    { "tcp", IKE_CELL_FLAG, "true when it used TCP (RFC 9329)", get_tcp },
    { "identity_initiator", IKE_CELL_TEXT, "identity of the initiator, or encrypted", get_identity_i },
    { "identity_responder", IKE_CELL_TEXT, "identity of the responder, or encrypted", get_identity_r },
    { "user", IKE_CELL_TEXT, "user of XAUTH or EAP, where keys show it", get_user },
    { "given_address", IKE_CELL_TEXT, "address that the configuration payload gives, where keys show it",
      get_given_address },
    { "product_initiator", IKE_CELL_TEXT, "product that vendor IDs of the initiator name", get_product_i },
    { "product_responder", IKE_CELL_TEXT, "product that vendor IDs of the responder name", get_product_r },
    { "vendors_initiator", IKE_CELL_TEXTS, "known vendor IDs of the initiator", get_vendors_i },
    { "vendors_responder", IKE_CELL_TEXTS, "known vendor IDs of the responder", get_vendors_r },
    { "deleted_frame", IKE_CELL_COUNT, "frame of its Delete payload, where keys show it", get_deleted },
    { "renews", IKE_CELL_COUNT, "IKE SA whose CREATE_CHILD_SA made this one", get_parent },
    { "renewed_as", IKE_CELL_COUNT, "IKE SA that took over", get_rekeyed_to },
    { "findings", IKE_CELL_TEXTS, "ids of all findings", ike_get_sa_findings },
    { NULL, 0, NULL, NULL },
};

const ike_table ike_table_ike_sa = { "ike_sa", "IKE SAs", "An IKE SA: a Main Mode SA of Windows.", ike_sa_columns };

/* ---- Quick Modes and Child SAs ---- */

static void get_child_mode(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_modes[row->child->mode].name);
}

static void get_child_host(ike_cell *cell, const ike_exchange *exchange, bool opener)
{
    const ike_endpoint *endpoint = ike_child_host(exchange, opener);

    if (endpoint)
        ike_addr_append(ike_cell_write(cell), &endpoint->addr);
}

static void get_child_initiator(ike_cell *cell, const ike_row *row)
{
    get_child_host(cell, row->child, true);
}

static void get_child_responder(ike_cell *cell, const ike_row *row)
{
    get_child_host(cell, row->child, false);
}

static void get_child_state(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_child_state_word(row->child));
}

static const ike_record *child_first(const ike_exchange *exchange)
{
    return exchange->records.len ? exchange->records.pdata[0] : NULL;
}

static void get_child_frame(ike_cell *cell, const ike_row *row)
{
    if (child_first(row->child))
        ike_cell_count(cell, child_first(row->child)->note.frame);
}

static void get_child_time(ike_cell *cell, const ike_row *row)
{
    if (child_first(row->child))
        ike_cell_time(cell, child_first(row->child)->note.time);
}

static void get_span(ike_cell *cell, ike_time span)
{
    if (span >= 0)
        ike_cell_span(cell, span);
}

static void get_child_setup(ike_cell *cell, const ike_row *row)
{
    get_span(cell, ike_child_setup(row->child));
}

static void get_child_first_packet(ike_cell *cell, const ike_row *row)
{
    get_span(cell, ike_child_first_packet(row->child));
}

static void get_child_messages(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->child->records.len);
}

static void get_child_repeats(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, ike_child_repeats(row->child));
}

static void get_child_proposal(ike_cell *cell, const ike_row *row)
{
    if (ike_child_is_decrypted(row->child))
        ike_report_child_chosen(ike_cell_write(cell), row->child);
    else
        ike_cell_text(cell, IKE_ENCRYPTED);
}

static void add_offer(const char *text, void *cell)
{
    ike_cell_add(cell, text);
}

static void get_child_offered(ike_cell *cell, const ike_row *row)
{
    ike_report_child_offers(row->child, add_offer, cell);
}

static void get_child_selectors(ike_cell *cell, const ike_row *row)
{
    if (ike_child_is_decrypted(row->child))
        ike_report_selectors(ike_cell_write(cell), row->child);
    else
        ike_cell_text(cell, IKE_ENCRYPTED);
}

static void get_child_encapsulation(ike_cell *cell, const ike_row *row)
{
    if (ike_report_encapsulation(row->child))
        ike_cell_text(cell, ike_report_encapsulation(row->child));
    else if (!ike_child_is_decrypted(row->child))
        ike_cell_text(cell, IKE_ENCRYPTED);
}

static void get_child_deleted(ike_cell *cell, const ike_row *row)
{
    if (ike_child_deleted(row->child))
        ike_cell_count(cell, ike_child_deleted(row->child)->note.frame);
}

static void get_child_spi(ike_cell *cell, uint32_t spi)
{
    if (spi)
        g_string_append_printf(ike_cell_write(cell), "%08x", spi);
}

static void get_flow_spi(ike_cell *cell, const ike_flow *flow)
{
    if (flow)
        g_string_append_printf(ike_cell_write(cell), "%08x", flow->spi);
}

static void get_flow_packets(ike_cell *cell, const ike_flow *flow)
{
    if (flow)
        ike_cell_count(cell, flow->packets);
}

static void get_flow_bytes(ike_cell *cell, const ike_flow *flow)
{
    if (flow)
        ike_cell_count(cell, flow->bytes);
}

static void get_spi_out(ike_cell *cell, const ike_row *row)
{
    get_child_spi(cell, ike_child_spi(row->child, true));
}

static void get_packets_out(ike_cell *cell, const ike_row *row)
{
    get_flow_packets(cell, ike_child_flow(row->child, true));
}

static void get_bytes_out(ike_cell *cell, const ike_row *row)
{
    get_flow_bytes(cell, ike_child_flow(row->child, true));
}

static void get_spi_in(ike_cell *cell, const ike_row *row)
{
    get_child_spi(cell, ike_child_spi(row->child, false));
}

static void get_packets_in(ike_cell *cell, const ike_row *row)
{
    get_flow_packets(cell, ike_child_flow(row->child, false));
}

static void get_bytes_in(ike_cell *cell, const ike_row *row)
{
    get_flow_bytes(cell, ike_child_flow(row->child, false));
}

static const ike_flow *any_flow(const ike_exchange *exchange)
{
    const ike_flow *flow = ike_child_flow(exchange, true);

    return flow ? flow : ike_child_flow(exchange, false);
}

static void get_child_tied(ike_cell *cell, const ike_row *row)
{
    const ike_flow *flow = any_flow(row->child);

    if (flow)
        ike_cell_text(cell, ike_tied_by_name(flow->tied_by));
    else if (ike_child_spi(row->child, true) || ike_child_spi(row->child, false))
        ike_cell_text(cell, ike_tied_by_name(IKE_TIED_BY_KEYS));
}

static void get_child_protocol(ike_cell *cell, const ike_row *row)
{
    const ike_flow *flow = any_flow(row->child);

    if (flow)
        ike_cell_text(cell, ike_flow_kind(flow));
}

static const ike_column child_columns[] = {
    { "child", IKE_CELL_COUNT, "number of the negotiation: ikex.child", ike_get_child },
    { "sa", IKE_CELL_COUNT, "number of the IKE SA that protects it", ike_get_sa },
    { "mode", IKE_CELL_TEXT, "its exchange", get_child_mode },
    { "message_id", IKE_CELL_TEXT, "message ID, hexadecimal", ike_get_child_message_id },
    { "spi_initiator", IKE_CELL_TEXT, "initiator cookie or SPI of the IKE SA", ike_get_sa_spi_i },
    { "spi_responder", IKE_CELL_TEXT, "responder cookie or SPI of the IKE SA", ike_get_sa_spi_r },
    { "initiator", IKE_CELL_TEXT, "who began it", get_child_initiator },
    { "responder", IKE_CELL_TEXT, "who answers", get_child_responder },
    { "state", IKE_CELL_TEXT, "state at the end of the capture", get_child_state },
    { "first_frame", IKE_CELL_COUNT, "first frame", get_child_frame },
    { "first_time", IKE_CELL_TIME, "time of the first message", get_child_time },
    { "setup", IKE_CELL_SECONDS, "from its first message to its last, in seconds", get_child_setup },
    { "first_packet", IKE_CELL_SECONDS, "from there to the first IPsec packet, in seconds",
      get_child_first_packet },
    { "messages", IKE_CELL_COUNT, "messages, without repeats", get_child_messages },
    { "retransmissions", IKE_CELL_COUNT, "messages sent again", get_child_repeats },
    { "proposal", IKE_CELL_TEXT, "chosen proposal, or encrypted", get_child_proposal },
    { "offered", IKE_CELL_TEXTS, "proposals of its initiator, where keys show them", get_child_offered },
    { "traffic_selectors", IKE_CELL_TEXT, "networks of its initiator and of the other side, or encrypted",
      get_child_selectors },
    { "encapsulation", IKE_CELL_TEXT, "tunnel, transport, or encrypted", get_child_encapsulation },
    { "deleted_frame", IKE_CELL_COUNT, "frame of its Delete payload, where keys show it", get_child_deleted },
    { "protocol", IKE_CELL_TEXT, "ESP, ESP/UDP, ESP/TCP or AH, by its packets", get_child_protocol },
    { "spi_out", IKE_CELL_TEXT, "SPI of packets of its initiator, hexadecimal", get_spi_out },
    { "packets_out", IKE_CELL_COUNT, "packets of its initiator", get_packets_out },
    { "bytes_out", IKE_CELL_COUNT, "their bytes from the SPI on", get_bytes_out },
    { "spi_in", IKE_CELL_TEXT, "SPI of packets to its initiator, hexadecimal", get_spi_in },
    { "packets_in", IKE_CELL_COUNT, "packets to its initiator", get_packets_in },
    { "bytes_in", IKE_CELL_COUNT, "their bytes from the SPI on", get_bytes_in },
    { "spis_known_by", IKE_CELL_TEXT, "how the SPIs are tied to it: keys, only candidate or ambiguous",
      get_child_tied },
    { NULL, 0, NULL, NULL },
};

const ike_table ike_table_child_sa = { "child_sa", "Quick Modes and Child SAs", "A Quick Mode, or an exchange that makes a Child SA.",
                                       child_columns };

/* ---- IPsec SAs ---- */

static void get_spi(ike_cell *cell, const ike_row *row)
{
    get_flow_spi(cell, row->flow);
}

static void get_kind(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_flow_kind(row->flow));
}

static void get_source(ike_cell *cell, const ike_row *row)
{
    ike_addr_append(ike_cell_write(cell), &row->flow->src.addr);
}

static void get_destination(ike_cell *cell, const ike_row *row)
{
    ike_addr_append(ike_cell_write(cell), &row->flow->dst.addr);
}

static void get_source_port(ike_cell *cell, const ike_row *row)
{
    if (row->flow->src.port)
        ike_cell_count(cell, row->flow->src.port);
}

static void get_destination_port(ike_cell *cell, const ike_row *row)
{
    if (row->flow->dst.port)
        ike_cell_count(cell, row->flow->dst.port);
}

static void get_tied(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_tied_by_name(row->flow->tied_by));
}

static void get_first_packet(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->flow->first->note.frame);
}

static void get_newest_packet(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->flow->newest->note.frame);
}

static void get_first_packet_time(ike_cell *cell, const ike_row *row)
{
    ike_cell_time(cell, row->flow->first->note.time);
}

static void get_newest_packet_time(ike_cell *cell, const ike_row *row)
{
    ike_cell_time(cell, row->flow->newest->note.time);
}

static void get_packets(ike_cell *cell, const ike_row *row)
{
    get_flow_packets(cell, row->flow);
}

static void get_bytes(ike_cell *cell, const ike_row *row)
{
    get_flow_bytes(cell, row->flow);
}

static void get_missing(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, ike_flow_missing(row->flow));
}

static void get_repeats(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->flow->repeats);
}

static void get_fragmented(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->flow->fragmented);
}

static void get_null(ike_cell *cell, const ike_row *row)
{
    if (ike_null_is(row->flow))
        ike_cell_text(cell, ike_null_content(row->flow));
}

static const ike_column ipsec_columns[] = {
    { "spi", IKE_CELL_TEXT, "SPI, hexadecimal", get_spi },
    { "protocol", IKE_CELL_TEXT, "ESP, ESP/UDP, ESP/TCP or AH", get_kind },
    { "source", IKE_CELL_TEXT, "who sends", get_source },
    { "source_port", IKE_CELL_COUNT, "port of its first packet, in UDP or TCP", get_source_port },
    { "destination", IKE_CELL_TEXT, "who receives", get_destination },
    { "destination_port", IKE_CELL_COUNT, "port of its first packet, in UDP or TCP", get_destination_port },
    { "sa", IKE_CELL_COUNT, "IKE SA between the two hosts", ike_get_sa },
    { "child", IKE_CELL_COUNT, "negotiation that is taken to have made it", ike_get_child },
    { "known_by", IKE_CELL_TEXT, "how that is known: keys, only candidate or ambiguous", get_tied },
    { "first_frame", IKE_CELL_COUNT, "first packet", get_first_packet },
    { "last_frame", IKE_CELL_COUNT, "last packet", get_newest_packet },
    { "first_time", IKE_CELL_TIME, "time of the first packet", get_first_packet_time },
    { "last_time", IKE_CELL_TIME, "time of the last packet", get_newest_packet_time },
    { "packets", IKE_CELL_COUNT, "packets, without those seen twice", get_packets },
    { "bytes", IKE_CELL_COUNT, "their bytes from the SPI on", get_bytes },
    { "missing", IKE_CELL_COUNT, "sequence numbers between first and highest that were not seen", get_missing },
    { "repeated", IKE_CELL_COUNT, "packets with a sequence number that was sent before", get_repeats },
    { "fragmented", IKE_CELL_COUNT, "packets that came in IP fragments", get_fragmented },
    { "null_content", IKE_CELL_TEXT, "what is in it, when it is not encrypted (ESP-NULL)", get_null },
    { NULL, 0, NULL, NULL },
};

const ike_table ike_table_ipsec_sa = { "ipsec_sa", "IPsec SAs", "An IPsec SA, by its packets in the capture.",
                                       ipsec_columns };
