/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 messages say in their header what they are: exchange type, direction and message ID
 * (RFC 7296 2.2, 3.1). A request and its response share the message ID and the requester.
 */
#include "ike_track.h"

static void learn_initiator(ike_sa *sa, const ike_record *r)
{
    if (sa->initiator != IKE_SIDE_NONE || r->side == IKE_SIDE_NONE)
        return;
    sa->initiator = r->flags & IKE_FLAG_V2_INITIATOR ? r->side : ike_side_other(r->side);
    sa->initiator_known = IKE_KNOWN_CONTENT;
}

/* A message ID is counted separately for the requests of either side. */
static ike_exchange *exchange_of(ike_tracker *t, ike_record *r, ike_mode mode)
{
    const bool response = r->flags & IKE_FLAG_V2_RESPONSE;
    const bool by_initiator = !(r->flags & IKE_FLAG_V2_INITIATOR) == response;
    const ike_mode key = by_initiator ? mode : (ike_mode)(mode + IKE_N_MODES);
    ike_exchange *exchange = ike_sa_exchange(r->note.sa, key, r->message_id);

    if (!exchange && r->note.sa->exchanges->len < IKE_MAX_EXCHANGES) {
        exchange = ike_sa_add_exchange(r->note.sa, key, r->message_id);
        exchange->mode = mode;
        exchange->opener = response ? ike_side_other(r->side) : r->side;
        if (mode == IKE_MODE_V2_CREATE_CHILD || (mode == IKE_MODE_V2_AUTH && r->message_id == 1))
            exchange->child = (int)t->n_children++;
    }
    return exchange;
}

#define MAX_SKF 64 /* fragments of one message that are kept track of */

/* RFC 7383 2.5: every fragment says its number and how many there are; a larger total begins anew.
 * Returns true for a fragment that does not complete its message. */
static bool is_open_fragment(ike_exchange *exchange, ike_record *r, const ike_message *m)
{
    const ike_payload *p = ike_message_find(m, IKE_PL_V2_SKF);
    const int half = m->flags & IKE_FLAG_V2_RESPONSE ? 1 : 0;
    uint16_t number, total;

    if (!p)
        return false;
    r->fragment = IKE_FRAGMENT_V2;
    if (p->length < 4)
        return true;
    r->fragment_number = number = ike_be16(p->body);
    r->fragment_total = total = ike_be16(p->body + 2);
    if (number == 0 || number > total || total > MAX_SKF || total < exchange->skf_total[half])
        return true;
    if (total > exchange->skf_total[half])
        exchange->skf_seen[half] = 0;
    exchange->skf_total[half] = total;
    exchange->skf_seen[half] |= UINT64_C(1) << (number - 1);
    return exchange->skf_seen[half] != UINT64_MAX >> (MAX_SKF - total);
}

void ike_v2_message(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_sa *sa = r->note.sa;
    const ike_mode mode = ike_mode_of_exchange(m->exchange, 2);
    const bool response = m->flags & IKE_FLAG_V2_RESPONSE;
    ike_exchange *exchange;

    if (sa->records->len == 1 && (m->spi_r != 0 || response))
        sa->is_joined = true;
    r->state = sa->tracked_state;
    learn_initiator(sa, r);
    if (mode == IKE_MODE_NONE || !(exchange = exchange_of(t, r, mode)))
        return;
    r->note.exchange = exchange;
    if (is_open_fragment(exchange, r, m)) {
        r->note.kind = IKE_NOTE_PIECE;
        return;
    }
    r->label = (ike_label){ .mode = (uint8_t)mode, .is_response = response };
    r->known_by = IKE_KNOWN_CONTENT;
    if (!ike_exchange_add(t, exchange, r))
        return;
    if (!response) {
        exchange->slot[1] = r;
    } else {
        r->request = exchange->slot[1];
        if (r->request && !r->request->response)
            r->request->response = r;
    }
}
