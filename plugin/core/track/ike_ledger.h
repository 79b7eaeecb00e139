/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ledger of one IKEv2 message in fragments SKF (RFC 7383): which of them came. Every fragment says its number
 * and how many there are, so that a ledger tells without keys whether a message became whole.
 */
#ifndef IKE_LEDGER_H
#define IKE_LEDGER_H

#include "ike_exchange.h"
#include "ike_message.h"

typedef struct ike_part {
    unsigned number;
    unsigned sending; /* in which it was last seen; 0: never */
    ike_record *first, *newest;
    GBytes *plain;    /* decrypted content of the first one, or NULL */
} ike_part;

typedef struct ike_ledger {
    uint16_t total;
    unsigned sending; /* counts from 1: until all fragments are there, then anew */
    unsigned n_seen;  /* fragments of this sending */
    size_t n_plain;   /* decrypted bytes of all */
    int16_t inside;   /* type of the first payload in the first fragment; IKE_INSIDE_UNKNOWN */
    bool has_lost;    /* fragments were missing before others came again, or the message was cut anew */
    unsigned n_parts, room;
    ike_part part[];  /* those that came, by number */
} ike_ledger;

/* Of a message in `total` fragments. */
ike_ledger *ike_ledger_new(uint16_t total);
void ike_ledger_free(ike_ledger *ledger);
/* Forgets the decrypted content. */
void ike_ledger_drop_plain(ike_ledger *ledger);
/* The part with this number, made when it is new; moves the ledger. */
ike_part *ike_ledger_part(ike_ledger **place, unsigned number);
/* How many fragments never came. */
unsigned ike_ledger_missing(const ike_ledger *ledger);
/* The fragment that was sent most often stands for the message; NULL when none came. */
ike_record *ike_ledger_spokesman(const ike_ledger *ledger);
/* How often the messages of an exchange were sent again of which only pieces came. */
unsigned ike_exchange_lost_repeats(const ike_exchange *exchange);

#endif
