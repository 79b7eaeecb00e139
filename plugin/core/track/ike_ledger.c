/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_ledger.h"

#include <string.h>

ike_ledger *ike_ledger_new(uint16_t total)
{
    ike_ledger *ledger = g_new0(ike_ledger, 1);

    ledger->total = total;
    ledger->sending = 1;
    ledger->inside = IKE_INSIDE_UNKNOWN;
    return ledger;
}

void ike_ledger_drop_plain(ike_ledger *ledger)
{
    for (unsigned i = 0; i < ledger->n_parts; i++)
        g_clear_pointer(&ledger->part[i].plain, g_bytes_unref);
}

void ike_ledger_free(ike_ledger *ledger)
{
    if (ledger)
        ike_ledger_drop_plain(ledger);
    g_free(ledger);
}

ike_part *ike_ledger_part(ike_ledger **place, unsigned number)
{
    ike_ledger *ledger = *place;
    unsigned at = 0;

    while (at < ledger->n_parts && ledger->part[at].number < number)
        at++;
    if (at < ledger->n_parts && ledger->part[at].number == number)
        return &ledger->part[at];
    if (ledger->n_parts == ledger->room) {
        ledger->room = MAX(4, 2 * ledger->room);
        *place = ledger = g_realloc(ledger, sizeof *ledger + ledger->room * sizeof(ike_part));
    }
    memmove(&ledger->part[at + 1], &ledger->part[at], (ledger->n_parts - at) * sizeof(ike_part));
    ledger->part[at] = (ike_part){ .number = number };
    ledger->n_parts++;
    return &ledger->part[at];
}

unsigned ike_ledger_missing(const ike_ledger *ledger)
{
    return ledger->total - ledger->n_parts;
}

ike_record *ike_ledger_spokesman(const ike_ledger *ledger)
{
    ike_record *best = NULL;

    for (unsigned i = 0; i < ledger->n_parts; i++) {
        ike_record *part = ledger->part[i].first;

        if (part && (!best || ike_record_sends(part) > ike_record_sends(best)))
            best = part;
    }
    return best;
}

unsigned ike_exchange_lost_repeats(const ike_exchange *exchange)
{
    unsigned n = 0;

    for (int half = 0; half < 2; half++) {
        const ike_ledger *ledger = exchange->more->ledger[half];
        const ike_record *piece = ledger ? ike_ledger_spokesman(ledger) : NULL;

        if (piece && !piece->rare->message)
            n += ike_record_sends(piece) - 1;
    }
    return n;
}
