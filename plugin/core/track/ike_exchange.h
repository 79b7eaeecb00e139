/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exchanges of an IKE SA.
 */
#ifndef IKE_EXCHANGE_H
#define IKE_EXCHANGE_H

#include "ike_record.h"

#define IKE_MAX_STEPS 31         /* numbered messages of one exchange */

struct ike_ledger;    /* fragments SKF of one message: ike_ledger.h */
struct ike_agreement; /* what decrypted payloads say of IPsec SAs: ike_agreement.h */

/* What an exchange has that makes IPsec SAs, or comes in fragments of IKEv2. Read it as `more` of an exchange, which is
 * ike_no_exchange_more at first; write to what ike_exchange_more_of returns. */
typedef struct ike_exchange_more {
    ike_exchange *lead;        /* use ike_exchange_lead */
    struct ike_ledger *ledger[2]; /* IKEv2 fragments of the request and the response, or NULL */
    ike_sa *rekeyed_to;        /* CREATE_CHILD_SA: the IKE SA it made, or NULL */
    ike_diagnosis_id failed_by; /* the diagnosis that says that it made no IPsec SA, or IKE_DIAG_NONE .. */
    uint8_t failed_known;      /* .. an ike_evidence .. */
    ike_note *failed_at;       /* .. and where that shows */
    ike_flow *flow[2];         /* IPsec SAs that it is taken to have made, by the side that sends */
    struct ike_agreement *agreement; /* of the exchange that leads a child, once something was decrypted */
} ike_exchange_more;

extern const ike_exchange_more ike_no_exchange_more;

/* One exchange of an SA: phase 1, or the messages of one message ID. */
struct ike_exchange {
    ike_sa *sa;
    const ike_exchange_more *more; /* never NULL */
    uint32_t message_id;
    int child;                 /* number over the capture when it makes IPsec SAs, else -1 */
    uint8_t mode;              /* an ike_mode */
    uint8_t space;             /* in which its message ID is counted: see ike_sa_exchange */
    int8_t opener;             /* an ike_side: sent its first message; IKE_SIDE_NONE while unknown */
    uint8_t opener_known;      /* an ike_known_by */
    uint8_t n_slots;           /* that there is room for */
    uint8_t highest;           /* the highest slot that was put in */
    bool leads_child : 1;      /* the first exchange of that child */
    bool commit : 1;           /* a message had the commit bit */
    ike_list records;          /* first copies, in frame order */
    /* IKEv1: first copy of message n. IKEv2: of the request and the response; in phase 1 of the newest
     * attempt. */
    ike_record **slots;        /* use ike_exchange_slot */
};

static inline ike_record *ike_exchange_slot(const ike_exchange *exchange, unsigned number)
{
    return number < exchange->n_slots ? exchange->slots[number] : NULL;
}

/* To write to what more it has. */
ike_exchange_more *ike_exchange_more_of(ike_exchange *exchange);
/* Puts a record, or NULL, into a slot of up to IKE_MAX_STEPS. */
void ike_exchange_put(ike_exchange *exchange, unsigned number, ike_record *r);
/* Empties all slots. */
void ike_exchange_empty(ike_exchange *exchange);

/* Notes that a Quick Mode, a CREATE_CHILD_SA or the Child SA of an IKE_AUTH failed (where the IKE_AUTH itself did,
 * its IKE SA fails); the first reason stays. One finding of an SA stands for all. */
void ike_exchange_failed(ike_exchange *exchange, ike_diagnosis_id id, ike_note *note, ike_evidence known);
/* True when the response to CREATE_CHILD_SA refuses, as keys, or its size and first payload, say. */
bool ike_exchange_is_refused(const ike_exchange *exchange);
/* Takes that back: conclusions are drawn anew. */
void ike_exchange_did_not_fail(ike_exchange *exchange);
/* The first exchange of a negotiation of IPsec SAs that takes several (rounds of IKE_AUTH, IKE_FOLLOWUP_KE);
 * else itself. */
ike_exchange *ike_exchange_lead(const ike_exchange *exchange);
/* The one whose response makes the IPsec SAs. */
ike_exchange *ike_exchange_end(const ike_exchange *exchange);
ike_exchange *ike_exchange_new(ike_sa *sa, ike_mode mode, uint32_t message_id);
void ike_exchange_free(ike_exchange *exchange);
/* The exchange with this message ID, or NULL. Message IDs are counted separately for each `space`: a
 * mode in IKEv1, a requester in IKEv2 (RFC 7296 2.2). */
ike_exchange *ike_sa_exchange(const ike_sa *sa, unsigned space, uint32_t message_id);
/* Gives it the next number of a child over the capture. */
void ike_exchange_new_child(ike_exchange *exchange, unsigned *n_children);
/* Makes it; the caller has looked that there is none. */
ike_exchange *ike_sa_add_exchange(ike_sa *sa, ike_mode mode, unsigned space, uint32_t message_id);

#endif
