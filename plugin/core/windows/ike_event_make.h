/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the parts that make events share. Which finding makes which event is field practice; what a row of
 * a table says is from Microsoft's descriptions of the events.
 */
#ifndef IKE_EVENT_MAKE_H
#define IKE_EVENT_MAKE_H

#include "ike_event.h"
#include "ike_judge.h"

typedef struct ike_event_builder {
    const ike_selection *of;
    GArray *events;
} ike_event_builder;

enum ike_reason { /* system error codes: the reasons that a capture alone can support */
    REASON_AUTHENTICATION = 13801,
    REASON_TIMED_OUT = 13805,
    REASON_POLICY_MATCH = 13868
};

/* An event of an SA that follows from what a note stands for; observed, on no host yet. */
ike_event ike_event_of(const ike_sa *sa, ike_event_mode mode, const ike_note *note);
void ike_event_add(ike_event_builder *b, const ike_event *event);
/* The same event on both hosts. */
void ike_event_add_both(ike_event_builder *b, ike_event *event);
/* `id` where Windows XP and 2003 could log it: they speak IKEv1 only. */
uint16_t ike_event_legacy(const ike_sa *sa, uint16_t id);
/* True for methods that sign with, or encrypt to, the key of a certificate. */
bool ike_event_is_by_certificate(uint32_t auth);
/* Sets one of two events by how the peers authenticate, which IKEv2 encrypts and AuthIP does in payloads of
 * its own: then the other one is the alternative. */
void ike_event_by_certificate(ike_event *event, uint16_t without, uint16_t with);

/* Each appends the events of its kind of one SA. */
void ike_event_established(ike_event_builder *b, const ike_sa *sa);
void ike_event_ended(ike_event_builder *b, const ike_sa *sa);
void ike_event_failed(ike_event_builder *b, const ike_sa *sa);
void ike_event_invalid(ike_event_builder *b, const ike_sa *sa);
void ike_event_dropped(ike_event_builder *b, const ike_sa *sa);

#endif
