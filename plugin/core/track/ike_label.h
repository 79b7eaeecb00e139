/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Message labels (MM1, QM2/3, IKE_AUTH.resp ..) and the table of what each message means for its
 * exchange: who sends it, what must answer it, what state the SA is in after it.
 */
#ifndef IKE_LABEL_H
#define IKE_LABEL_H

#include "ike_base.h"
#include "ike_diagnosis.h"

typedef enum ike_mode {
    IKE_MODE_NONE,
    IKE_MODE_MAIN,
    IKE_MODE_MAIN_GSS,
    IKE_MODE_AGGRESSIVE,
    IKE_MODE_BASE,
    IKE_MODE_QUICK,
    IKE_MODE_TRANSACTION,
    IKE_MODE_NEW_GROUP,
    IKE_MODE_INFO,
    IKE_MODE_AUTHIP_MAIN,
    IKE_MODE_AUTHIP_QUICK,
    IKE_MODE_AUTHIP_EXTENDED,
    IKE_MODE_AUTHIP_NOTIFY,
    IKE_MODE_V2_SA_INIT,
    IKE_MODE_V2_INTERMEDIATE,
    IKE_MODE_V2_AUTH,
    IKE_MODE_V2_CREATE_CHILD,
    IKE_MODE_V2_FOLLOWUP_KE,
    IKE_MODE_V2_INFO,
    IKE_MODE_V2_RESUME,
    IKE_N_MODES
} ike_mode;

/* A message of a mode. IKEv1: `number`, or one of `number` and `other` while the wire does not
 * decide (MM3/4: 3 and 4). IKEv2: `is_response`, and in `number` which attempt or round it is, 0 when
 * these are not counted or not known. IKE_MODE_NONE: no label. */
typedef struct ike_label {
    uint8_t mode;
    uint8_t number;
    uint8_t other;
    bool is_response;
} ike_label;

typedef struct ike_mode_info {
    const char *stem;   /* of the label: "MM" */
    const char *name;   /* for people: "Main Mode" */
    uint8_t exchange;   /* exchange type that carries it */
    uint8_t version;    /* 1 or 2 */
    bool is_numbered;   /* label = stem + number */
    bool is_phase1;     /* makes the IKE SA */
    bool makes_child;   /* makes IPsec SAs */
} ike_mode_info;

extern const ike_mode_info ike_modes[IKE_N_MODES];

/* State of an IKE SA after a message. */
typedef enum ike_state {
    IKE_STATE_NEW,
    IKE_STATE_UNKNOWN_START,
    IKE_STATE_OFFERED,
    IKE_STATE_CHOSEN,
    IKE_STATE_KEYING,
    IKE_STATE_AUTHENTICATING,
    IKE_STATE_PROBABLY_ESTABLISHED,
    IKE_STATE_ESTABLISHED,
    IKE_STATE_REKEYED,    /* IKEv2: another SA took over (RFC 7296 2.18) */
    IKE_STATE_ABANDONED,
    IKE_STATE_REDIRECTED, /* IKEv2: the responder names another gateway (RFC 5685) */
    IKE_STATE_DELETED,    /* keys show its Delete payload: ike_record_state and ike_sa_end_state say so */
    IKE_STATE_FAILED,     /* the last message of a negotiation that failed: ike_record_state says so */
    IKE_N_STATES
} ike_state;

/* Mode that an exchange type of IKEv1 or IKEv2 carries; IKE_MODE_NONE for those without labels. */
ike_mode ike_mode_of_exchange(unsigned exchange, unsigned version);

const char *ike_state_name(ike_state state);

/* One row for each numbered message of IKEv1, and for requests and responses of IKEv2. */
typedef struct ike_step {
    uint8_t mode;
    uint8_t number;                /* IKEv2: IKE_REQUEST or IKE_RESPONSE, whatever the attempt */
    uint8_t next;                  /* number that must come next, 0 when none must */
    bool is_answered;              /* `next` answers it as a request, by the other side */
    ike_state state;               /* of the SA after it */
    ike_diagnosis_id unanswered;   /* raised when `next` never comes; IKE_DIAG_NONE */
    const char *cisco;             /* what a Cisco initiator shows after it, or NULL */
} ike_step;

enum { IKE_REQUEST = 1, IKE_RESPONSE = 2 }; /* IKEv2 in rows of steps and slots of exchanges */

/* Row of a decided label, or NULL. */
const ike_step *ike_step_find(ike_label label);

/* True for a message whose answer, when it never comes, is missed by a diagnosis. */
static inline bool ike_step_asks(const ike_step *step)
{
    return step && step->unanswered && step->is_answered;
}

static inline bool ike_label_is(ike_label label, ike_mode mode, unsigned number)
{
    return label.mode == mode && label.number == number && label.other == 0;
}

static inline bool ike_label_is_decided(ike_label label)
{
    return label.mode != IKE_MODE_NONE && label.other == 0;
}

/* Number of the message that this one answers: QM2 -> 1, MM4 -> 3; 0 when it answers none. */
unsigned ike_label_answers(ike_label label);

/* Appends "MM1", "MM3/4", "IKE_AUTH.req"; nothing for IKE_MODE_NONE. */
void ike_label_append(GString *out, ike_label label);

#endif
