/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The audit events that Windows hosts would log for what the capture shows, in both generations of
 * numbers: 541 to 550 of Windows XP and 2003, 4646 and up of Vista and later (Microsoft: "Audit IPsec
 * Main Mode", "Quick Mode", "Extended Mode"). They are derived from packets.
 */
#ifndef IKE_EVENT_H
#define IKE_EVENT_H

#include "ike_child.h"
#include "ike_result.h"

typedef enum ike_event_mode {
    IKE_EVENT_MAIN_MODE,
    IKE_EVENT_QUICK_MODE,
    IKE_EVENT_EXTENDED_MODE,
    IKE_EVENT_DRIVER /* of packets of IPsec SAs */
} ike_event_mode;

/* What the columns "Failure Point" and "Failure Reason" of a failure say. */
typedef enum ike_failure_point { IKE_FAILED_NOWHERE, IKE_FAILED_ME, IKE_FAILED_PEER } ike_failure_point;

typedef struct ike_event {
    uint16_t id;          /* Vista and later; 0: those log none */
    uint16_t alternative; /* the event instead of `id` when what is encrypted decides; 0: none */
    uint16_t legacy;      /* XP and 2003; 0: those log none */
    uint16_t also;        /* logged with it in another category: 544 to 546, 5049; 0: none */
    ike_event_mode mode;
    ike_time time;
    uint32_t frame;
    const ike_sa *sa;
    const ike_exchange *child; /* or NULL */
    ike_side host;             /* of the SA, that would log it */
    ike_failure_point point;
    uint16_t reason;           /* system error code, or 0 */
    const char *state;         /* of the negotiation on this host, or NULL */
    uint32_t spi;              /* of the packet that the driver dropped, or 0 */
    unsigned count;            /* how often; the frame is the first one */
    ike_diagnosis_id finding;  /* that it follows from, or IKE_DIAG_NONE */
    ike_evidence evidence;
} ike_event;

/* All events of what a report covers, by time; free with g_array_free. The tracker must be finished. */
GArray *ike_events_new(const ike_selection *of);

/* Text of an event of Vista and later, or of XP and 2003 when that has none: Microsoft's words, without a
 * full stop. */
const char *ike_event_text(const ike_event *event);
/* "IKEv1", "AuthIP" or "IKEv2". */
const char *ike_event_module_name(const ike_sa *sa);
/* "Main Mode" and so on, "IPsec Driver" for what belongs to no mode. */
const char *ike_event_mode_name(ike_event_mode mode);
/* Text of a system error code from 13801 on (Microsoft: "System Error Codes (12000-15999)"), or NULL. */
const char *ike_reason_text(unsigned reason);
/* Role of a host in what it is about: of a Quick Mode whoever began that is the initiator. */
ike_role ike_event_role(const ike_event *event, ike_side host);
/* True when a negotiation failed because a host did not accept how the other authenticates. */
bool ike_event_is_refused_authentication(const ike_event *event);
/* The message, or the first piece, with which the responder of a Main Mode that failed has ended its part: it
 * took MM5, and knows nothing of what became of MM6 (RFC 2409 5). NULL when there is none. */
const ike_record *ike_event_lost_mm6(const ike_sa *sa);
/* The finding that says that a host gave up an SA that was up, and in `host` whose; NULL when none did. */
const ike_finding *ike_sa_given_up(const ike_sa *sa, ike_side *host);
/* True when both hosts log the same: all is equal but the host. */
bool ike_event_same(const ike_event *a, const ike_event *b);

#endif
