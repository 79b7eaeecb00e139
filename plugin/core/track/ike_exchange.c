/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exchanges of an SA.
 */
#include "ike_agreement.h"
#include "ike_hash.h"
#include "ike_ledger.h"
#include "ike_track.h"

#define LONGEST_REFUSAL 100u /* bytes of a response to CREATE_CHILD_SA that only refuses */

static guint exchange_hash(gconstpointer p)
{
    const ike_exchange *exchange = p;

    const uint32_t key[] = { exchange->message_id, exchange->space };

    return ike_hash(key, sizeof key);
}

static gboolean exchange_equal(gconstpointer a, gconstpointer b)
{
    const ike_exchange *x = a, *y = b;

    return x->message_id == y->message_id && x->space == y->space;
}

ike_exchange *ike_sa_exchange(const ike_sa *sa, unsigned space, uint32_t message_id)
{
    ike_exchange wanted; /* the rest of it is not looked at */

    wanted.space = (uint8_t)space;
    wanted.message_id = message_id;
    if (sa->more->by_message_id)
        return g_hash_table_lookup(sa->more->by_message_id, &wanted);
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        if (exchange_equal(sa->more->exchanges.pdata[i], &wanted))
            return sa->more->exchanges.pdata[i];
    return NULL;
}

static void index_exchange(ike_sa *sa, ike_exchange *exchange)
{
    if (sa->more->by_message_id)
        g_hash_table_add(sa->more->by_message_id, exchange);
    if (sa->more->by_message_id || sa->more->exchanges.len <= IKE_FEW)
        return;
    ike_sa_more(sa)->by_message_id = g_hash_table_new(exchange_hash, exchange_equal);
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        g_hash_table_add(sa->more->by_message_id, sa->more->exchanges.pdata[i]);
}

ike_exchange *ike_exchange_new(ike_sa *sa, ike_mode mode, uint32_t message_id)
{
    ike_exchange *exchange = ike_arena_new(sa->arena, sizeof *exchange);

    exchange->sa = sa;
    exchange->more = &ike_no_exchange_more;
    exchange->mode = mode;
    exchange->message_id = message_id;
    exchange->opener = IKE_SIDE_NONE;
    exchange->child = -1;
    return exchange;
}

const ike_exchange_more ike_no_exchange_more;

ike_exchange_more *ike_exchange_more_of(ike_exchange *exchange)
{
    ike_exchange_more *own = ike_apart(exchange->more, &ike_no_exchange_more, sizeof *own);

    exchange->more = own;
    return own;
}

static void free_more(ike_exchange_more *more)
{
    if (more == &ike_no_exchange_more)
        return;
    ike_ledger_free(more->ledger[0]);
    ike_ledger_free(more->ledger[1]);
    ike_agreement_free(more->agreement);
    g_free(more);
}

void ike_exchange_free(ike_exchange *exchange)
{
    if (!exchange)
        return;
    ike_list_clear(&exchange->records, NULL);
    free_more((ike_exchange_more *)exchange->more);
}

ike_exchange *ike_sa_add_exchange(ike_sa *sa, ike_mode mode, unsigned space, uint32_t message_id)
{
    ike_exchange *exchange = ike_exchange_new(sa, mode, message_id);

    exchange->space = (uint8_t)space;
    ike_list_add(&ike_sa_more(sa)->exchanges, exchange);
    index_exchange(sa, exchange);
    return exchange;
}

void ike_exchange_put(ike_exchange *exchange, unsigned number, ike_record *r)
{
    if (number >= exchange->n_slots) {
        const unsigned room = number < 3 ? 3 : number < 7 ? 7 : IKE_MAX_STEPS + 1;

        exchange->slots = ike_arena_grow(exchange->sa->arena, exchange->slots,
                                         exchange->n_slots * sizeof *exchange->slots, room * sizeof *exchange->slots);
        exchange->n_slots = (uint8_t)room;
    }
    exchange->slots[number] = r;
    if (r)
        exchange->highest = (uint8_t)MAX(exchange->highest, number);
}

void ike_exchange_empty(ike_exchange *exchange)
{
    for (unsigned i = 0; i < exchange->n_slots; i++)
        exchange->slots[i] = NULL;
    exchange->highest = 0;
}

ike_exchange *ike_exchange_lead(const ike_exchange *exchange)
{
    return exchange->more->lead ? exchange->more->lead : (ike_exchange *)exchange;
}

ike_exchange *ike_exchange_end(const ike_exchange *exchange)
{
    ike_exchange *last = exchange->sa->v2->last_auth;

    return exchange->mode == IKE_MODE_V2_AUTH && last ? last : (ike_exchange *)exchange;
}

void ike_exchange_new_child(ike_exchange *exchange, unsigned *n_children)
{
    exchange->child = (int)(*n_children)++;
    exchange->leads_child = true;
}

void ike_exchange_failed(ike_exchange *exchange, ike_diagnosis_id id, ike_note *note, ike_evidence known)
{
    if (exchange->more->failed_by != IKE_DIAG_NONE)
        return;

    ike_exchange_more *more = ike_exchange_more_of(exchange);

    more->failed_by = id;
    more->failed_at = note;
    more->failed_known = known;
}

void ike_exchange_did_not_fail(ike_exchange *exchange)
{
    if (exchange->more->failed_by != IKE_DIAG_NONE)
        ike_exchange_more_of(exchange)->failed_by = IKE_DIAG_NONE;
}

bool ike_exchange_is_refused(const ike_exchange *exchange)
{
    const ike_record *answer = ike_exchange_slot(exchange, IKE_RESPONSE);

    if (answer && answer->is_decrypted)
        return exchange->mode == IKE_MODE_V2_CREATE_CHILD && answer->rare->notify_error;
    return exchange->mode == IKE_MODE_V2_CREATE_CHILD && answer && answer->is_encrypted &&
           answer->inside == IKE_PL_V2_NOTIFY && answer->length <= LONGEST_REFUSAL && !exchange->more->rekeyed_to;
}
