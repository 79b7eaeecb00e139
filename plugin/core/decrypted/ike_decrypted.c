/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What messages of both versions have inside: notifies, deletes, configuration.
 */
#include "ike_attribute.h"
#include "ike_decrypted.h"
#include "ike_esp.h"

#define MOST_DELETED 1024u /* SPIs of one Delete payload that are looked for */

void ike_decrypted_keep(char **place, char *text)
{
    if (!text)
        return;
    g_free(*place);
    *place = text;
}

bool ike_decrypted_is_answer(const ike_record *r)
{
    return r->version == 2 ? r->label.is_response : ike_label_is(r->label, IKE_MODE_QUICK, 2);
}

/* ---- what is inside ---- */

static const struct {
    uint8_t payload;
    uint32_t told;
} payloads_told[] = {
    { IKE_PL_SA, IKE_TOLD_PROPOSAL },     { IKE_PL_V2_SA, IKE_TOLD_PROPOSAL },
    { IKE_PL_V2_AUTH, IKE_TOLD_AUTH },    { IKE_PL_SIG, IKE_TOLD_AUTH },
    { IKE_PL_V2_IDI, IKE_TOLD_IDENTITY }, { IKE_PL_V2_IDR, IKE_TOLD_IDENTITY },
    { IKE_PL_ID, IKE_TOLD_IDENTITY },
};

static const struct {
    uint8_t version;
    uint16_t notify;
    uint32_t told;
} notifies_told[] = {
    { 1, IKE_NOTIFY_R_U_THERE, IKE_TOLD_ALIVE },
    { 1, IKE_NOTIFY_R_U_THERE_ACK, IKE_TOLD_ALIVE_ACK },
    { 2, IKE_NOTIFY_V2_REKEY_SA, IKE_TOLD_REKEY },
    { 2, IKE_NOTIFY_V2_ANOTHER_AUTH_FOLLOWS, IKE_TOLD_MORE_AUTH },
};

static uint32_t told_by_notify(ike_record *r, const ike_message *m, const ike_payload *p)
{
    ike_notify n;

    if (p->type != (m->version == 1 ? IKE_PL_NOTIFY : IKE_PL_V2_NOTIFY) || !ike_payload_notify(m, p, &n))
        return 0;
    if (m->version == 1 && (n.type == IKE_NOTIFY_R_U_THERE || n.type == IKE_NOTIFY_R_U_THERE_ACK) && n.data_length == 4)
        ike_record_rare(r)->alive_number = ike_be32(n.data);
    for (size_t i = 0; i < G_N_ELEMENTS(notifies_told); i++)
        if (notifies_told[i].version == m->version && notifies_told[i].notify == n.type)
            return notifies_told[i].told;
    return 0;
}

/* RFC 2408 3.15: the SPI of an IKE SA is its pair of cookies, and need not be that of the SA which carries
 * it. IKEv2 deletes only that one (RFC 7296 3.11). */
static uint32_t told_by_delete(const ike_message *m, const ike_payload *p)
{
    ike_delete d;

    if (p->type != (m->version == 1 ? IKE_PL_DELETE : IKE_PL_V2_DELETE) || !ike_payload_delete(m, p, &d))
        return 0;
    if (d.protocol != IKE_PROTOCOL_ISAKMP)
        return IKE_TOLD_DELETE_CHILD;
    for (unsigned i = 0; m->version == 1 && d.spi_length == 16 && i < MIN(d.n_spis, MOST_DELETED); i++)
        if (ike_be64(d.spis + 16 * i) == m->spi_i && ike_be64(d.spis + 16 * i + 8) == m->spi_r)
            return IKE_TOLD_DELETE_SA;
    return m->version == 2 ? IKE_TOLD_DELETE_SA : IKE_TOLD_DELETE_OTHER;
}

enum { EAP_FAILURE = 4 }; /* RFC 3748 4.2 */

static uint32_t told_by_eap(const ike_payload *p)
{
    if (p->type != IKE_PL_V2_EAP || p->length < 1)
        return 0;
    return p->body[0] == EAP_FAILURE ? IKE_TOLD_EAP | IKE_TOLD_EAP_FAILURE : IKE_TOLD_EAP;
}

/* Mode-Config draft 3.3 */
enum { CONFIG_REQUEST = 1, CONFIG_REPLY = 2, CONFIG_SET = 3, CONFIG_ACK = 4 };
enum { XAUTH_STATUS = 16527 }; /* XAUTH draft 6 */

/* Of the status in a SET of the responder, 0 is a failure and 1 is not. */
static uint32_t told_by_xauth(const ike_payload *p)
{
    const uint8_t *data = p->body + 4;
    size_t length = p->length - 4u;
    ike_attribute_value a;

    while (ike_attribute_take(&data, &length, &a))
        if (a.type == XAUTH_STATUS)
            return a.number ? IKE_TOLD_XAUTH_OK : IKE_TOLD_XAUTH_FAILED;
    return 0;
}

static uint32_t told_by_config(const ike_payload *p)
{
    if (p->type != IKE_PL_CONFIG || p->length < 4)
        return 0;
    switch (p->body[0]) {
    case CONFIG_REQUEST: return IKE_TOLD_ASKS;
    case CONFIG_SET: return IKE_TOLD_ASKS | told_by_xauth(p);
    case CONFIG_REPLY:
    case CONFIG_ACK: return IKE_TOLD_ANSWERS;
    default: return 0;
    }
}

static void note_payload(ike_record *r, const ike_message *clear, const ike_payload *p)
{
    for (size_t i = 0; i < G_N_ELEMENTS(payloads_told); i++)
        if (payloads_told[i].payload == p->type)
            r->told |= payloads_told[i].told;
    r->told |= told_by_notify(r, clear, p) | told_by_delete(clear, p) | told_by_eap(p) | told_by_config(p);
}

void ike_decrypted_look(ike_record *r, const ike_message *clear)
{
    r->is_decrypted = true;
    ike_record_add_runs(r, clear);
    for (unsigned i = 0; i < clear->n_payloads; i++)
        note_payload(r, clear, &clear->payloads[i]);
    if (clear->version == 1)
        ike_v1_read_notifies(r, clear);
    else
        ike_v2_read_notifies(r, clear);
}

/* ---- what is deleted ---- */

/* The sender deletes the SA of packets to itself (RFC 2408 3.15, RFC 7296 1.4.1). */
static void delete_child(ike_tracker *t, ike_record *r, uint32_t spi)
{
    ike_side receiver = IKE_SIDE_NONE;
    ike_exchange *exchange = ike_esp_made_by(t, spi, r, &receiver);
    ike_agreement *agreement = exchange ? ike_agreement_of(exchange) : NULL;

    if (agreement && !agreement->ended[receiver])
        agreement->ended[receiver] = r;
}

static void delete_ike_sa(const ike_tracker *t, ike_record *r, uint64_t spi_i, uint64_t spi_r)
{
    int n = 0;

    for (ike_sa *sa = ike_lookup_spi(t, spi_i); sa && n++ < IKE_MAX_SAME_SPI; sa = sa->same_spi)
        if (sa->version == 1 && sa->spi_r == spi_r && !sa->more->deleted &&
            ike_sa_has_host(sa, &ike_record_src(r)->addr, &ike_record_dst(r)->addr))
            ike_sa_more(sa)->deleted = r;
}

static void note_deleted(ike_tracker *t, ike_record *r, const ike_message *clear, const ike_payload *p)
{
    ike_delete d;

    if (p->type != (clear->version == 1 ? IKE_PL_DELETE : IKE_PL_V2_DELETE) || r->side == IKE_SIDE_NONE ||
        !ike_payload_delete(clear, p, &d))
        return;
    for (unsigned i = 0; i < MIN(d.n_spis, MOST_DELETED); i++) {
        const uint8_t *spi = d.spis + (size_t)d.spi_length * i;

        if (d.protocol == IKE_PROTOCOL_ISAKMP && d.spi_length == 16)
            delete_ike_sa(t, r, ike_be64(spi), ike_be64(spi + 8));
        else if (d.protocol != IKE_PROTOCOL_ISAKMP && d.spi_length == 4)
            delete_child(t, r, ike_be32(spi));
    }
}

/* ---- SPIs ---- */

/* Notes the SPI of packets to this side, and that their IPsec SA is made here. */
static void know_spi(ike_tracker *t, ike_exchange *exchange, ike_side side, uint8_t protocol, uint64_t spi)
{
    ike_agreement *agreement = ike_agreement_of(exchange);
    uint32_t *place = protocol == IKE_PROTOCOL_AH && agreement->protocol != IKE_PROTOCOL_AH ? agreement->ah_spi
                                                                                          : agreement->spi;

    if (spi == 0 || side == IKE_SIDE_NONE)
        return;
    if (protocol == IKE_PROTOCOL_ISAKMP) {
        agreement->ike_spi[side] = spi;
    } else if ((protocol == IKE_PROTOCOL_ESP || protocol == IKE_PROTOCOL_AH) && place[side] == 0) {
        place[side] = (uint32_t)spi;
        ike_esp_learn(t, ike_exchange_lead(exchange), side, (uint32_t)spi);
    }
}

void ike_offered_spis_add(ike_offered_spis *list, uint8_t number, uint8_t protocol, uint64_t spi)
{
    const ike_offered_spi *last = list->n ? &list->spi[list->n - 1] : NULL;

    if (last && last->number == number && last->protocol == protocol)
        return;
    if (list->n == IKE_MAX_OFFERED_SPIS) {
        list->has_more |= spi != last->spi;
        return;
    }
    list->spi[list->n++] = (ike_offered_spi){ number, protocol, spi };
}

/* No proposal of this protocol has another SPI: whichever is chosen, it is this one. */
static bool is_only(const ike_offered_spis *list, const ike_offered_spi *one)
{
    for (unsigned i = 0; i < list->n; i++)
        if (list->spi[i].protocol == one->protocol && list->spi[i].spi != one->spi)
            return false;
    return !list->has_more;
}

static void know_chosen(ike_tracker *t, ike_record *r, const ike_offered_spis *list, uint8_t number, ike_side side)
{
    for (unsigned i = 0; i < list->n; i++)
        if (list->spi[i].number == number)
            know_spi(t, r->note.exchange, side, list->spi[i].protocol, list->spi[i].spi);
}

void ike_decrypted_spis(ike_tracker *t, ike_record *r, const ike_offered_spis *list)
{
    ike_agreement *agreement = ike_agreement_of(r->note.exchange);

    if (list->n == 0)
        return;
    if (ike_decrypted_is_answer(r)) {
        know_chosen(t, r, list, list->spi[0].number, r->side);
        know_chosen(t, r, &agreement->offered, list->spi[0].number, ike_side_other(r->side));
        return;
    }
    if (agreement->offered.n == 0)
        agreement->offered = *list;
    for (unsigned i = 0; i < list->n; i++)
        if (is_only(list, &list->spi[i]))
            know_spi(t, r->note.exchange, r->side, list->spi[i].protocol, list->spi[i].spi);
}

void ike_decrypted_learn(ike_tracker *t, ike_record *r, const ike_message *clear)
{
    ike_sa *sa = r->note.sa;

    if (r->told & IKE_TOLD_DELETE_SA && !sa->more->deleted)
        ike_sa_more(sa)->deleted = r;
    for (unsigned i = 0; i < clear->n_payloads; i++)
        note_deleted(t, r, clear, &clear->payloads[i]);
    if (clear->version == 1)
        ike_decrypted_v1(t, r, clear);
    else
        ike_decrypted_v2(t, r, clear);
}
