/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 messages in fragments SKF (RFC 7383) that never became whole.
 */
#include "ike_judge.h"
#include "ike_ledger.h"

/* "3" or "3-7", after a comma where something stands before. */
static void append_range(GString *list, unsigned from, unsigned to)
{
    if (from > to)
        return;
    g_string_append_printf(list, "%s%u", list->len ? "," : "", from);
    if (to > from)
        g_string_append_printf(list, "-%u", to);
}

static void describe_parts(const ike_ledger *ledger, GString *here, GString *absent)
{
    unsigned next = 1; /* number that is not described yet */

    for (unsigned i = 0, end; i < ledger->n_parts; i = end) {
        const unsigned from = ledger->part[i].number;

        for (end = i + 1; end < ledger->n_parts && ledger->part[end].number == from + end - i;)
            end++;
        append_range(absent, next, from - 1);
        append_range(here, from, from + end - i - 1);
        next = from + end - i;
    }
    append_range(absent, next, ledger->total);
}

/* A requester that does not get the whole response sends its request again: when it does not, only the
 * capture lacks the fragment. */
static bool is_asked_again(const ike_exchange *exchange, const ike_record *piece)
{
    const ike_record *request = ike_exchange_slot(exchange, IKE_REQUEST);

    return !piece->rare->part_of.is_response || !request || ike_judge_was_sent_after(request, piece);
}

static bool goes_on(const ike_exchange *exchange, const ike_record *piece)
{
    return !is_asked_again(exchange, piece) || ike_v2_is_implied(exchange, piece) ||
           ike_exchange_slot(exchange, IKE_RESPONSE) || ike_sa_goes_on_after(exchange->sa, piece);
}

static void judge_ledger(ike_tracker *t, ike_exchange *exchange, const ike_ledger *ledger)
{
    ike_record *piece = ike_ledger_spokesman(ledger);
    const bool fine = !ike_judge_is_due(t, piece, t->span.last) /* the next fragments may be behind the end */ ||
                      goes_on(exchange, piece) || ike_judge_is_oneway(t, exchange->sa);
    GString *here = g_string_new(NULL), *absent = g_string_new(NULL);

    describe_parts(ledger, here, absent);
    ike_raise(t, exchange->sa, IKE_DIAG_SKF_LOSS, &ike_record_last_send(piece)->note,
              fine ? IKE_SEVERITY_NOTE : IKE_SEVERITY_NONE,
              "message never completed: IKE fragments %s of %u seen, %s missing", here->str,
              ledger->total, absent->str);
    if (!fine && !piece->rare->part_of.is_response)
        ike_judge_incomplete_request(t, exchange, piece);
    g_string_free(here, TRUE);
    g_string_free(absent, TRUE);
}

void ike_judge_v2frags(ike_tracker *t, ike_exchange *exchange)
{
    for (int half = 0; half < 2; half++) {
        const ike_ledger *ledger = exchange->more->ledger[half];

        if (ledger && ike_ledger_missing(ledger) > 0 &&
            !ike_exchange_slot(exchange, half ? IKE_RESPONSE : IKE_REQUEST) &&
            t->span.last - ike_ledger_spokesman(ledger)->note.time >= IKE_SECOND)
            judge_ledger(t, exchange, ledger);
    }
}
