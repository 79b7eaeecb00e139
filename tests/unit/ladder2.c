/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ladder2.h"

#define NONCE_LENGTH 32
#define COOKIE_LENGTH 20
#define VERSION 0x20

#define IPV4_LENGTH 4

v2_spis v2_current(const ladder *l)
{
    return (v2_spis){ l->spi_i, l->spi_r, l->v2.owner };
}

void v2_use(ladder *l, v2_spis spis)
{
    l->spi_i = spis.spi_i;
    l->spi_r = spis.spi_r;
    l->v2.owner = spis.owner;
}

/* Bytes of a message depend on what it is and on nothing else. */
static uint64_t seed(const ladder *l, unsigned what, uint32_t id)
{
    return (l->spi_i ^ l->spi_r << 8 ^ (uint64_t)id << 24) + what * UINT64_C(15485863) +
           l->salt * UINT64_C(104729);
}

/* .. of a first message, which does not know the responder's SPI. */
static uint64_t first_seed(const ladder *l, unsigned what, uint32_t id)
{
    return (l->spi_i ^ (uint64_t)id << 24) + what * UINT64_C(15485863) +
           l->salt * UINT64_C(104729);
}

static uint8_t flags_of(const ladder *l, ladder_side sender, bool response)
{
    return (uint8_t)((sender == l->v2.owner ? IKE_FLAG_V2_INITIATOR : 0) |
                     (response ? IKE_FLAG_V2_RESPONSE : 0));
}

static ladder_side sender_of(ladder_side by, bool response)
{
    return response ? (ladder_side)(1 - by) : by;
}

wire_message v2_message(const ladder *l, ladder_side by, bool response, uint8_t exchange,
                        uint32_t id)
{
    const wire_header h = { l->spi_i, l->spi_r, VERSION, exchange,
                            flags_of(l, sender_of(by, response), response), id };

    return wire_begin(&h);
}

/* ---- IKE_SA_INIT ---- */

static wire_message first_message(const ladder *l, uint8_t exchange)
{
    const wire_header h = { l->spi_i, 0, VERSION, exchange, IKE_FLAG_V2_INITIATOR, 0 };

    return wire_begin(&h);
}

static wire_message refusal(const ladder *l, uint8_t exchange)
{
    const wire_header h = { l->spi_i, l->v2.spi_in_errors ? l->spi_r : 0, VERSION, exchange,
                            IKE_FLAG_V2_RESPONSE, 0 };

    return wire_begin(&h);
}

static void add_proposal(const ladder *l, wire_message *m, const uint16_t *groups, unsigned n)
{
    wire_v2_transform all[G_N_ELEMENTS(l->v2.suite) + G_N_ELEMENTS(l->v2.groups)];
    wire_v2_proposal proposal = { .protocol = 1, .transforms = all };

    for (size_t i = 0; i < G_N_ELEMENTS(l->v2.suite); i++)
        if (l->v2.suite[i].type)
            all[proposal.n++] = l->v2.suite[i];
    for (unsigned i = 0; i < n && groups[i]; i++)
        all[proposal.n++] = (wire_v2_transform){ WIRE_V2_GROUP, groups[i], 0 };
    wire_payload_v2_sa(m, &proposal, 1);
}

static void add_support(const ladder *l, wire_message *m, ladder_side from)
{
    if (l->v2.natd[from]) {
        wire_payload_v2_natd(m, V2_N_NAT_DETECTION_SOURCE, &l->hosts[from].own);
        wire_payload_v2_natd(m, V2_N_NAT_DETECTION_DESTINATION, &l->hosts[1 - from].known);
    }
    if (l->v2.fragmentation[from])
        wire_payload_v2_plain_notify(m, V2_N_FRAGMENTATION);
    if (l->v2.intermediate)
        wire_payload_v2_plain_notify(m, V2_N_INTERMEDIATE);
}

static void add_cookie(wire_message *m, unsigned cookie)
{
    GByteArray *data = g_byte_array_new();

    wire_random(data, COOKIE_LENGTH, 5000 + cookie);
    wire_payload_v2_notify(m, &(wire_v2_notify){ .type = V2_N_COOKIE, .data = data->data,
                                                 .n = data->len });
    g_byte_array_unref(data);
}

static void add_offer(ladder *l, wire_message *m, unsigned group)
{
    add_proposal(l, m, l->v2.groups, G_N_ELEMENTS(l->v2.groups));
    wire_payload_v2_ke(m, group, first_seed(l, 1, group));
    wire_payload_v2_nonce(m, NONCE_LENGTH, first_seed(l, 2, 0));
    l->v2.group = (uint16_t)group;
}

void v2_retry(ladder *l, unsigned group, unsigned cookie)
{
    wire_message m = first_message(l, IKE_XCHG_V2_SA_INIT);

    if (cookie)
        add_cookie(&m, cookie);
    add_offer(l, &m, group);
    add_support(l, &m, INITIATOR);
    send_message(l, INITIATOR, wire_end(&m));
}

void v2_init_req(ladder *l, unsigned group)
{
    v2_retry(l, group, 0);
}

/* RFC 5685 3: gateway identity type (1: IPv4), length, address. */
static void add_gateway(wire_message *m, uint16_t type, const char *addr)
{
    const ike_addr a = wire_addr(addr);
    uint8_t data[2 + IPV4_LENGTH] = { 1, IPV4_LENGTH, a.bytes[0], a.bytes[1], a.bytes[2],
                                         a.bytes[3] };

    wire_payload_v2_notify(m, &(wire_v2_notify){ .type = type, .data = data, .n = sizeof data });
}

void v2_redirected_req(ladder *l, const char *from)
{
    wire_message m = first_message(l, IKE_XCHG_V2_SA_INIT);

    add_offer(l, &m, l->v2.group);
    add_gateway(&m, V2_N_REDIRECTED_FROM, from);
    add_support(l, &m, INITIATOR);
    send_message(l, INITIATOR, wire_end(&m));
}

void v2_init_resp(ladder *l)
{
    wire_message m = v2_message(l, INITIATOR, true, IKE_XCHG_V2_SA_INIT, 0);

    add_proposal(l, &m, &l->v2.group, 1);
    wire_payload_v2_ke(&m, l->v2.group, seed(l, 3, l->v2.group));
    wire_payload_v2_nonce(&m, NONCE_LENGTH, seed(l, 4, 0));
    add_support(l, &m, RESPONDER);
    send_message(l, RESPONDER, wire_end(&m));
}

void v2_cookie(ladder *l, unsigned cookie)
{
    wire_message m = refusal(l, IKE_XCHG_V2_SA_INIT);

    add_cookie(&m, cookie);
    send_message(l, RESPONDER, wire_end(&m));
}

void v2_invalid_ke(ladder *l, unsigned group)
{
    wire_message m = refusal(l, IKE_XCHG_V2_SA_INIT);
    uint8_t data[2];

    wire_put16(data, group);
    wire_payload_v2_notify(&m, &(wire_v2_notify){ .type = V2_N_INVALID_KE_PAYLOAD, .data = data,
                                                  .n = sizeof data });
    send_message(l, RESPONDER, wire_end(&m));
}

void v2_redirect(ladder *l, const char *gateway)
{
    wire_message m = refusal(l, IKE_XCHG_V2_SA_INIT);

    add_gateway(&m, V2_N_REDIRECT, gateway);
    send_message(l, RESPONDER, wire_end(&m));
}

void v2_init_error(ladder *l, uint16_t notify)
{
    wire_message m = refusal(l, IKE_XCHG_V2_SA_INIT);

    wire_payload_v2_plain_notify(&m, notify);
    send_message(l, RESPONDER, wire_end(&m));
}

/* ---- after it ---- */

/* The first payload inside, which an SK payload names: RFC 7296 1.2 to 1.4. */
static uint8_t first_inner(uint8_t exchange, bool response, size_t length)
{
    switch (exchange) {
    case IKE_XCHG_V2_AUTH: return !response ? 35 : length <= V2_AUTH_LENGTH / 2 ? IKE_PL_V2_NOTIFY : 36; /* IDi, IDr */
    case IKE_XCHG_V2_INFO: return 0;
    case IKE_XCHG_V2_INTERMEDIATE:
    case IKE_XCHG_V2_FOLLOWUP_KE: return IKE_PL_V2_KE;
    default: return IKE_PL_V2_SA;
    }
}

static unsigned kind_of(ladder_side by, bool response, uint8_t exchange)
{
    return exchange * 4u + by * 2u + response;
}

static void protected_message(ladder *l, ladder_side by, bool response, uint8_t exchange,
                              uint32_t id, size_t length)
{
    wire_message m = v2_message(l, by, response, exchange, id);

    ladder_seal(l, &m, l->v2.inner ? l->v2.inner : first_inner(exchange, response, length), length,
                seed(l, kind_of(by, response, exchange), id));
    l->v2.inner = 0;
    send_message(l, sender_of(by, response), wire_end(&m));
}

void v2_request(ladder *l, ladder_side by, uint8_t exchange, uint32_t id, size_t length)
{
    protected_message(l, by, false, exchange, id, length);
}

void v2_response(ladder *l, ladder_side by, uint8_t exchange, uint32_t id, size_t length)
{
    protected_message(l, by, true, exchange, id, length);
}

void v2_fragment(ladder *l, v2_piece p)
{
    wire_message m = v2_message(l, p.by, p.response, p.exchange, p.id);
    const uint64_t part = p.total * UINT64_C(1000) + p.number;

    ladder_seal_piece(l, &m, first_inner(p.exchange, p.response, V2_FRAGMENT_LENGTH), p.number, p.total, V2_FRAGMENT_LENGTH,
                      seed(l, kind_of(p.by, p.response, p.exchange), p.id) ^ part << 40);
    send_message(l, sender_of(p.by, p.response), wire_end(&m));
}

void v2_auth_req(ladder *l, uint32_t id)
{
    v2_request(l, INITIATOR, IKE_XCHG_V2_AUTH, id, V2_AUTH_LENGTH + 32);
}

void v2_auth_resp(ladder *l, uint32_t id, size_t length)
{
    v2_response(l, INITIATOR, IKE_XCHG_V2_AUTH, id, length);
}

void v2_auth_piece(ladder *l, unsigned number, unsigned total)
{
    v2_fragment(l, (v2_piece){ .exchange = IKE_XCHG_V2_AUTH, .id = 1, .number = number,
                               .total = total });
}

void v2_auth_pieces(ladder *l, unsigned total, const char *order)
{
    for (; *order; order++)
        v2_auth_piece(l, (unsigned)(*order - '0'), total);
}

void v2_response_pieces(ladder *l, unsigned total, const char *order)
{
    for (; *order; order++)
        v2_fragment(l, (v2_piece){ .response = true, .exchange = IKE_XCHG_V2_AUTH, .id = 1,
                                   .total = total, .number = (unsigned)(*order - '0') });
}

void v2_intermediate(ladder *l, uint32_t id)
{
    v2_request(l, INITIATOR, IKE_XCHG_V2_INTERMEDIATE, id, 900);
    v2_response(l, INITIATOR, IKE_XCHG_V2_INTERMEDIATE, id, 880);
}

void v2_info_req(ladder *l, ladder_side by, uint32_t id)
{
    v2_request(l, by, IKE_XCHG_V2_INFO, id, V2_INFO_LENGTH);
}

void v2_info_resp(ladder *l, ladder_side by, uint32_t id)
{
    v2_response(l, by, IKE_XCHG_V2_INFO, id, V2_INFO_LENGTH);
}

void v2_info(ladder *l, ladder_side by, uint32_t id)
{
    v2_info_req(l, by, id);
    v2_info_resp(l, by, id);
}

void v2_child_req(ladder *l, ladder_side by, uint32_t id)
{
    v2_request(l, by, IKE_XCHG_V2_CREATE_CHILD, id, V2_CHILD_LENGTH);
}

void v2_child_resp(ladder *l, ladder_side by, uint32_t id)
{
    v2_response(l, by, IKE_XCHG_V2_CREATE_CHILD, id, V2_CHILD_LENGTH);
}

void v2_child(ladder *l, ladder_side by, uint32_t id)
{
    v2_child_req(l, by, id);
    v2_child_resp(l, by, id);
}

void v2_offer(ladder *l)
{
    v2_init_req(l, l->v2.group);
}

void v2_ask(ladder *l)
{
    v2_auth_req(l, 1);
}

void v2_answer(ladder *l)
{
    v2_auth_resp(l, 1, V2_AUTH_LENGTH);
}

void v2_init(ladder *l)
{
    v2_offer(l);
    v2_init_resp(l);
}

void v2_auth(ladder *l)
{
    v2_ask(l);
    v2_answer(l);
}

void v2_establish(ladder *l)
{
    v2_init(l);
    v2_auth(l);
}

/* RFC 7296 2.18: the side that rekeys is the original initiator of the new IKE SA. */
v2_spis v2_rekey(ladder *l, ladder_side by, uint32_t id)
{
    const v2_spis old = v2_current(l);

    v2_child(l, by, id);
    v2_use(l, (v2_spis){ old.spi_i + 0x10000, old.spi_r + 0x10000, by });
    return old;
}

void v2_resume_req(ladder *l)
{
    wire_message m = first_message(l, IKE_XCHG_V2_RESUME);
    GByteArray *ticket = g_byte_array_new();

    wire_random(ticket, 120, 6000);
    wire_payload_v2_nonce(&m, NONCE_LENGTH, first_seed(l, 5, 0));
    wire_payload_v2_notify(&m, &(wire_v2_notify){ .type = V2_N_TICKET_OPAQUE,
                                                  .data = ticket->data, .n = ticket->len });
    g_byte_array_unref(ticket);
    send_message(l, INITIATOR, wire_end(&m));
}

void v2_resume_resp(ladder *l)
{
    wire_message m = v2_message(l, INITIATOR, true, IKE_XCHG_V2_RESUME, 0);

    wire_payload_v2_nonce(&m, NONCE_LENGTH, seed(l, 6, 0));
    send_message(l, RESPONDER, wire_end(&m));
}

void v2_resume_nack(ladder *l)
{
    wire_message m = refusal(l, IKE_XCHG_V2_RESUME);

    wire_payload_v2_plain_notify(&m, V2_N_TICKET_NACK);
    send_message(l, RESPONDER, wire_end(&m));
}

/* ---- notifies outside of any protection ---- */

void v2_clear_error(ladder *l, ladder_side by, uint8_t exchange, uint32_t id, uint16_t notify)
{
    wire_message m = v2_message(l, by, true, exchange, id);

    wire_payload_v2_plain_notify(&m, notify);
    send_message(l, (ladder_side)(1 - by), wire_end(&m));
}

void v2_invalid_spi(ladder *l, ladder_side from, v2_spis spis, uint32_t esp_spi)
{
    const wire_header h = { spis.spi_i, spis.spi_r, VERSION, IKE_XCHG_V2_INFO,
                            IKE_FLAG_V2_INITIATOR, 0 };
    wire_message m = wire_begin(&h);
    uint8_t data[4];

    wire_put32(data, esp_spi);
    wire_payload_v2_notify(&m, &(wire_v2_notify){ .type = V2_N_INVALID_SPI, .data = data,
                                                  .n = sizeof data });
    send_message(l, from, wire_end(&m));
}
