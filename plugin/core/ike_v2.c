/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 messages say in their header what they are: exchange type, direction and message ID
 * (RFC 7296 2.2, 3.1). A request and its response share the message ID and the requester.
 */
#include "ike_track.h"

static ike_mode mode_of(unsigned exchange)
{
    for (int mode = 1; mode < IKE_N_MODES; mode++)
        if (ike_modes[mode].version == 2 && ike_modes[mode].exchange == exchange)
            return (ike_mode)mode;
    return IKE_MODE_NONE;
}

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

void ike_v2_message(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_sa *sa = r->note.sa;
    const ike_mode mode = mode_of(m->exchange);
    const bool response = m->flags & IKE_FLAG_V2_RESPONSE;
    ike_exchange *exchange;

    if (sa->records->len == 1 && (m->spi_r != 0 || response))
        sa->is_joined = true;
    r->state = sa->tracked_state;
    learn_initiator(sa, r);
    if (mode == IKE_MODE_NONE || !(exchange = exchange_of(t, r, mode)))
        return;
    r->note.exchange = exchange;
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
