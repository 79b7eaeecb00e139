/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which IKE SAs of a capture are asked about.
 */
#ifndef IKE_SELECTION_H
#define IKE_SELECTION_H

#include "ike_tracker.h"

typedef struct ike_selection {
    ike_tracker *tracker; /* finished: ike_tracker_finish */
    GHashTable *sas;      /* numbers of the SAs, or NULL: all */
} ike_selection;

bool ike_selects(const ike_selection *of, const ike_sa *sa);
/* True when the negotiation of an IPsec SA that was seen is selected, or all are. */
bool ike_selects_flow(const ike_selection *of, const ike_flow *flow);

#endif
