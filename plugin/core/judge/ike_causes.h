/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Why the message that authenticates, or a request of an SA in use, was not answered, or an answer not taken: each
 * piece of evidence counts for or against each cause, and the sums say which is the likeliest, or that the capture
 * does not tell.
 */
#ifndef IKE_CAUSES_H
#define IKE_CAUSES_H

#include "ike_track.h"

typedef enum ike_cause {
    IKE_CAUSE_AUTHENTICATION, /* the responder drops it without a word */
    IKE_CAUSE_PORT_4500,      /* a filter between the peers */
    IKE_CAUSE_FRAGMENTS,      /* IP fragments are dropped on the way */
    IKE_CAUSE_SILENT,         /* the responder is down or slow */
    /* of an SA in use */
    IKE_CAUSE_STATE,          /* the peer is alive, and has lost the IKE SA or its message IDs */
    IKE_CAUSE_IKE_PATH,       /* it is alive, and IKE does not pass */
    IKE_CAUSE_MAPPING,        /* its NAT has forgotten it */
    IKE_CAUSE_NEW_PATH,       /* it does not hear the sender at its new place */
    IKE_CAUSE_GONE,           /* it is down */
    /* of an answer that the other side does not go on after */
    IKE_CAUSE_OTHER_PLACE,    /* it does not come from where the request went to */
    IKE_CAUSE_ANSWER_LOST,    /* it is lost, or rejected */
    IKE_N_CAUSES
} ike_cause;

typedef struct ike_causes {
    int score[IKE_N_CAUSES];
    ike_cause best, next; /* by score */
    bool is_close;        /* the two cannot be told apart */
    bool is_psk;          /* what authenticates is a pre-shared key */
    uint32_t evidence;    /* bit n: row n of the evidence holds */
} ike_causes;

/* Weighs the evidence for a message that authenticates and that nobody answered; free it with g_free. */
ike_causes *ike_causes_new(const ike_tracker *t, const ike_sa *sa, const ike_record *first);
/* The same for a request of an IKEv2 SA in use. NULL when the capture shows nothing but silence. */
ike_causes *ike_causes_of_use(const ike_tracker *t, const ike_sa *sa, const ike_record *first);
/* The same for an answer after which the sender of the request does not go on. NULL when nothing is special of it. */
ike_causes *ike_causes_of_answer(const ike_tracker *t, const ike_sa *sa, const ike_record *asked,
                                 const ike_record *answer);
/* True when an answer never comes from an address and port that its request went to. */
bool ike_answer_is_from_elsewhere(const ike_record *asked, const ike_record *answer);

/* The same for one that has moved to UDP 4500, where nothing of the peer was seen; else NULL. */
ike_causes *ike_causes_on_4500(const ike_tracker *t, const ike_sa *sa, const ike_record *first);

/* "UDP 4500 is blocked between the peers" */
const char *ike_cause_text(const ike_causes *causes, ike_cause cause);
/* What to check for it next. */
const char *ike_cause_advice(const ike_causes *causes, ike_cause cause);
/* Appends what speaks for a cause, "; " between the pieces. */
void ike_causes_append_evidence(GString *out, const ike_causes *causes, ike_cause cause);
/* Appends "; probably UDP 4500 is blocked between the peers: .." or "; cannot be distinguished in this
 * capture: .., or ..". */
void ike_causes_append(GString *out, const ike_causes *causes);

#endif
