/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From the bytes of a message to its number: whole, or in IKE fragments.
 */
#ifndef IKE_INTAKE_H
#define IKE_INTAKE_H

#include "ike_track.h"

/* Handles one message; NULL when it is none or a limit is reached. */
ike_record *ike_intake_message(ike_tracker *t, const ike_datagram *datagram, const uint8_t *data,
                               size_t captured, size_t wire);
/* Numbers a message that is no copy, and counts it for its side. */
void ike_intake_number(ike_tracker *t, ike_record *r, const ike_message *m);

/* Takes a fragment 132; returns its record, which is that of the message when it completes one. */
ike_record *ike_v1frag_feed(ike_tracker *t, ike_sa *sa, const ike_message *m, const ike_datagram *d);
/* The same of an IKEv2 fragment. */
ike_record *ike_v2frag_feed(ike_tracker *t, ike_sa *sa, const ike_message *m, const ike_datagram *d);

#endif
