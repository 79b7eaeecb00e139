/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Messages, in clear, encrypted, and with what is inside them.
 */
#include "inside.h"
#include "readable.h"
#include "stage.h"

#define ROOM 32 /* the least for what is encrypted */

static size_t length(stage *s)
{
    static const size_t lengths[] = { 60, 68, 76, 80, 92, 96, 108, 112, 128, 144, 188, 224, 320, 460, 900, 1400, 3200 };

    return lengths[stage_below(s, G_N_ELEMENTS(lengths))];
}

/* ---- IKEv1 ---- */

void step_main(stage *s)
{
    static void (*const messages[])(ladder *) = { mm1, mm2, mm3, mm4, mm5, mm6 };

    messages[stage_below(s, G_N_ELEMENTS(messages))](&s->c.l);
}

void step_aggressive(stage *s)
{
    ladder *l = &s->c.l;

    switch (stage_below(s, 4)) {
    case 0: am1(l); break;
    case 1: am2(l); break;
    case 2: am3(l, true); break;
    default: am3(l, false); break;
    }
}

void step_quick(stage *s)
{
    static void (*const messages[])(ladder *, uint32_t) = { qm1, qm2, qm3, qm4 };
    const unsigned n = stage_below(s, G_N_ELEMENTS(messages));

    messages[n](&s->c.l, stage_message_id(s));
}

void step_transaction(stage *s)
{
    const unsigned n = 1 + stage_below(s, 6);

    tr(&s->c.l, n, stage_message_id(s));
}

void step_info(stage *s)
{
    const ladder_side from = stage_side(s);
    const uint32_t id = stage_message_id(s);

    info(&s->c.l, from, id, length(s));
}

void step_refuse(stage *s)
{
    const ladder_side from = stage_side(s);

    refuse(&s->c.l, from, stage_notify(s));
}

void step_whole_main(stage *s) { main_mode(&s->c.l); }
void step_whole_quick(stage *s) { quick_mode(&s->c.l, stage_message_id(s)); }

static void add_bytes(stage *s, wire_message *m, uint8_t type)
{
    GByteArray *body = g_byte_array_new();

    stage_take_bytes(s, body);
    wire_payload(m, type, body->data, body->len);
    g_byte_array_unref(body);
}

static void add_payload(stage *s, wire_message *m, unsigned version)
{
    const ladder *l = &s->c.l;
    const unsigned kind = stage_take(s);

    switch (kind % 8) {
    case 0: add_bytes(s, m, (uint8_t)stage_take(s)); break;
    case 1: wire_payload_random(m, (uint8_t)stage_take(s), stage_take(s), kind); break;
    case 2: wire_payload_sa(m, l->offer, l->n_offer); break;
    case 3: wire_payload_notify(m, stage_notify(s)); break;
    case 4: wire_payload_v2_plain_notify(m, stage_notify(s)); break;
    case 5: wire_payload_natd(m, IKE_PL_NATD, IKE_HASH_SHA256, &l->hosts[kind >> 3 & 1].own); break;
    case 6: wire_payload_v2_ke(m, stage_below(s, 36), kind); break;
    default: wire_payload_random(m, version == 2 ? IKE_PL_V2_NONCE : IKE_PL_NONCE, 8 + kind, kind); break;
    }
}

/* A message made by hand: exchange, flags, message ID, payloads in clear or ciphertext. */
void step_message(stage *s)
{
    static const uint8_t exchanges[] = { 1, 2, 4, 5, 6, 32, 33, 34, 35, 36, 37, 38, 43, 44, 243, 244, 245, 246, 99 };
    ladder *l = &s->c.l;
    const ladder_side from = stage_side(s);
    const uint8_t exchange = exchanges[stage_below(s, G_N_ELEMENTS(exchanges))], flags = (uint8_t)stage_take(s);
    const unsigned version = exchange >= 34 && exchange <= 44 ? 2 : 1, n = stage_take(s);
    wire_message m = wire_begin(&(wire_header){ l->spi_i, n & 0x80 ? 0 : l->spi_r, (uint8_t)(version << 4), exchange,
                                                flags, stage_message_id(s) });

    if (version == 1 && (flags & IKE_FLAG_ENCRYPTED))
        wire_encrypted(&m, (uint8_t)stage_take(s), m.bytes->len + ROOM + length(s), n);
    else
        for (unsigned i = n % 8; i > 0; i--)
            add_payload(s, &m, version);
    if (version == 2 && (n & 0x40))
        wire_v2_sk(&m, (uint8_t)stage_take(s), m.bytes->len + ROOM + length(s), n);
    send_message(l, from, wire_end(&m));
}

static const char *text(stage *s)
{
    static const char *const texts[] = { "", "sun.example", "\x1b[2J\"<b>,=1", "\x30\x82\x01\x01", "user@example.org",
                                         "\xc3\xa4\xff\x80 very long name, very long name, very long name, very long" };

    return texts[stage_below(s, G_N_ELEMENTS(texts))];
}

static const char *attributes(stage *s)
{
    static const char *const lists[] = { "", "c08f 0000", "c08f 0001", "4088 0002 6d65 4089 0002 6d65",
                                         "0001 0004 0a030007", "0001 0000 0003 0000", "0001 0008" };

    return lists[stage_below(s, G_N_ELEMENTS(lists))];
}

static const char *selector(stage *s)
{
    static const char *const selectors[] = { "04 00 0000 0a010000 ffff0000", "01 11 06a5 0a010002", "04 00 0000", "",
                                             "05 00 0000 20010db8000000000000000000000001",
                                             "07 06 0050 0a010000 0a0100ff" };

    return selectors[stage_below(s, G_N_ELEMENTS(selectors))];
}

static void add_inside_v1(stage *s, wire_message *c)
{
    ladder *l = &s->c.l;
    const unsigned kind = stage_take(s);

    switch (kind % 12) {
    case 0: in_hash(c); break;
    case 1: in_identity(c, IKE_PL_ID, (uint8_t)stage_below(s, 14), text(s)); break;
    case 2: in_selector(c, selector(s)); break;
    case 3: in_esp(c, stage_spi(s)); break;
    case 4: in_notify(c, stage_notify(s)); break;
    case 5: in_alive(c, IKE_NOTIFY_R_U_THERE + (kind > 127), stage_take(s)); break;
    case 6: in_notify_esp(c, stage_notify(s), stage_spi(s)); break;
    case 7: in_delete_esp(c, stage_spi(s)); break;
    case 8: in_delete_ike(c, l->spi_i, l->spi_r + (kind > 127)); break;
    case 9: in_config(c, (uint8_t)stage_below(s, 6), attributes(s)); break;
    case 10:
        in_proposals(c, (const in_proposal[]){ { 1, (uint8_t)(1 + kind % 4), stage_spi(s), 128, 0 },
                                               { (uint8_t)(1 + kind / 128), 3, stage_spi(s), 256, 3600 } }, 2);
        break;
    default: add_bytes(s, c, (uint8_t)stage_take(s)); break;
    }
}

/* What is inside the next encrypted message. */
void step_plain_v1(stage *s)
{
    wire_message c = inside();

    for (unsigned n = stage_below(s, 7); n > 0; n--)
        add_inside_v1(s, &c);
    with_plain(&s->c.l, &c);
}

/* ---- IKEv2 ---- */

static uint16_t group(stage *s)
{
    static const uint16_t groups[] = { 14, 19, 2, 20, 31, 35, 0, 1, 5, 36 };

    return groups[stage_below(s, G_N_ELEMENTS(groups))];
}

void step_v2_init(stage *s)
{
    ladder *l = &s->c.l;
    const unsigned n = stage_take(s);

    switch (n % 9) {
    case 0: v2_init_req(l, group(s)); break;
    case 1: v2_retry(l, group(s), stage_below(s, 4)); break;
    case 2: v2_init_resp(l); break;
    case 3: v2_cookie(l, 1 + stage_below(s, 3)); break;
    case 4: v2_invalid_ke(l, group(s)); break;
    case 5: v2_redirect(l, n > 127 ? "203.0.113.5" : "10.2.0.2"); break;
    case 6: v2_redirected_req(l, "10.2.0.2"); break;
    case 7: v2_init_error(l, stage_notify(s)); break;
    default: v2_init(l); break;
    }
}

static uint8_t exchange(stage *s)
{
    static const uint8_t exchanges[] = { IKE_XCHG_V2_AUTH, IKE_XCHG_V2_CREATE_CHILD, IKE_XCHG_V2_INFO,
                                         IKE_XCHG_V2_INTERMEDIATE, IKE_XCHG_V2_FOLLOWUP_KE, IKE_XCHG_V2_SA_INIT };

    return exchanges[stage_below(s, G_N_ELEMENTS(exchanges))];
}

static void protected_message(stage *s, void (*send)(ladder *, ladder_side, uint8_t, uint32_t, size_t))
{
    const ladder_side by = stage_side(s);
    const uint8_t type = exchange(s);
    const uint32_t id = stage_message_id(s);

    send(&s->c.l, by, type, id, ROOM + length(s));
}

void step_v2_request(stage *s) { protected_message(s, v2_request); }
void step_v2_response(stage *s) { protected_message(s, v2_response); }

void step_v2_clear(stage *s)
{
    const ladder_side by = stage_side(s);
    const uint8_t type = exchange(s);
    const uint32_t id = stage_message_id(s);

    v2_clear_error(&s->c.l, by, type, id, stage_notify(s));
}

void step_v2_invalid_spi(stage *s)
{
    const ladder_side from = stage_side(s);
    const v2_spis spis = stage_take(s) & 1 ? v2_current(&s->c.l) : (v2_spis){ 0, 0, INITIATOR };

    v2_invalid_spi(&s->c.l, from, spis, stage_spi(s));
}

void step_v2_establish(stage *s) { v2_establish(&s->c.l); }

/* Both halves. */
void step_v2_exchange(stage *s)
{
    ladder *l = &s->c.l;
    const ladder_side by = stage_side(s);
    const uint32_t id = stage_message_id(s);

    switch (stage_below(s, 5)) {
    case 0: v2_info(l, by, id); break;
    case 1: v2_child(l, by, id); break;
    case 2: v2_intermediate(l, id); break;
    case 3: delete_ike_sa(l, by, id); break;
    default: v2_auth_req(l, id); v2_auth_resp(l, id, V2_SMALL_LENGTH); break;
    }
}

void step_v2_rekey(stage *s)
{
    const ladder_side by = stage_side(s);

    v2_rekey(&s->c.l, by, stage_message_id(s));
}

void step_v2_resume(stage *s)
{
    static void (*const messages[])(ladder *) = { v2_resume_req, v2_resume_resp, v2_resume_nack };

    messages[stage_below(s, G_N_ELEMENTS(messages))](&s->c.l);
}

void step_v2_habits(stage *s)
{
    ladder_v2 *v2 = &s->c.l.v2;
    const unsigned value = stage_take(s);

    switch (stage_below(s, 7)) {
    case 0: v2->natd[value & 1] = !v2->natd[value & 1]; break;
    case 1: v2->fragmentation[value & 1] = !v2->fragmentation[value & 1]; break;
    case 2: v2->intermediate = !v2->intermediate; break;
    case 3: v2->spi_in_errors = !v2->spi_in_errors; break;
    case 4: v2->owner = value & 1 ? RESPONDER : INITIATOR; break;
    case 5: v2->groups[value % 3] = group(s); break;
    default:
        v2->suite[value % 3].id = (uint16_t)stage_below(s, 24);
        v2->suite[value % 3].key_length = (uint16_t)(64 * stage_below(s, 5));
        break;
    }
}

static const char *eap_payload(stage *s)
{
    static const char *const payloads[] = { "01 01 0005 01", "02 01 0007 01 6d65", "03 01 0004", "04 01 0004", "04" };

    return payloads[stage_below(s, G_N_ELEMENTS(payloads))];
}

static void add_inside_v2(stage *s, wire_message *c)
{
    const unsigned kind = stage_take(s);

    switch (kind % 14) {
    case 0: in_identity(c, kind > 127 ? IKE_PL_V2_IDI : IKE_PL_V2_IDR, (uint8_t)stage_below(s, 14), text(s)); break;
    case 1: in_v2_auth(c, (uint8_t)stage_below(s, 16)); break;
    case 2: in_v2_child(c, stage_spi(s)); break;
    case 3: in_v2_ike(c, s->c.l.spi_i + stage_below(s, 3) * 0x10000u); break;
    case 4: in_v2_selectors(c); break;
    case 5: in_v2_delete_esp(c, stage_spi(s)); break;
    case 6: in_v2_delete_ike(c); break;
    case 7: in_v2_rekey(c, stage_spi(s)); break;
    case 8: in_v2_config(c, (uint8_t)stage_below(s, 6), attributes(s)); break;
    case 9: wire_payload_v2_plain_notify(c, stage_notify(s)); break;
    case 10: wire_payload_hex(c, IKE_PL_V2_EAP, eap_payload(s)); break;
    case 11: wire_payload_v2_nonce(c, 32, kind); break;
    case 12: wire_payload_v2_ke(c, 14, kind); break;
    default: add_bytes(s, c, (uint8_t)stage_take(s)); break;
    }
}

void step_plain_v2(stage *s)
{
    wire_message c = inside();

    for (unsigned n = stage_below(s, 8); n > 0; n--)
        add_inside_v2(s, &c);
    with_plain(&s->c.l, &c);
}

/* Payloads that need not be any. */
void step_plain_bytes(stage *s)
{
    wire_message c = inside();

    c.bytes->data[16] = (uint8_t)stage_take(s);
    stage_take_bytes(s, c.bytes);
    with_plain(&s->c.l, &c);
}

/* ---- with keys, from the first message to the last ---- */

void step_known_tunnel(stage *s)
{
    static void (*const tunnels[])(ladder *) = { tunnel, v2_tunnel, main_mode_with_keys, eap_asked, eap_to_the_end };

    tunnels[stage_below(s, G_N_ELEMENTS(tunnels))](&s->c.l);
}

/* A child, and which one it renews in IKEv2. */
void step_known_child(stage *s)
{
    ladder *l = &s->c.l;
    const ladder_side by = stage_side(s);
    const uint32_t id = stage_message_id(s), one = stage_spi(s), other = stage_spi(s);

    switch (stage_below(s, 5)) {
    case 0: quick_mode_with(l, id, one, other); break;
    case 1: qm1_with(l, id, one); break;
    case 2: child_request_with(l, by, id, one, other); break;
    case 3: child_response_with(l, by, id, one); break;
    default: refuse_child(l, by, id, stage_notify(s)); break;
    }
}

void step_known_rekey(stage *s)
{
    ladder *l = &s->c.l;
    const ladder_side by = stage_side(s);
    const uint32_t id = stage_message_id(s);

    rekey_with(l, by, id, l->spi_i + 0x10000, l->spi_r + 0x10000);
    if (stage_take(s) & 1)
        v2_use(l, (v2_spis){ l->spi_i + 0x10000, l->spi_r + 0x10000, by });
}
