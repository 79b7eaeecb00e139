/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How a negotiation, or a capture, is judged in one word.
 */
#ifndef IKE_RESULT_H
#define IKE_RESULT_H

#include "ike_selection.h"

typedef enum ike_result {
    IKE_RESULT_NODATA, /* no IKE, ESP or piece of IKE: never OK */
    IKE_RESULT_OK,
    IKE_RESULT_NOTE,
    IKE_RESULT_WARN,
    IKE_RESULT_FAIL
} ike_result;

typedef struct ike_totals {
    unsigned errors, warnings, notes; /* (SA, diagnosis) pairs */
    unsigned failed, sas, children, messages;
    bool has_data; /* the capture holds IKE, ESP or a piece of IKE */
} ike_totals;

/* Counts of what is selected. */
ike_totals ike_totals_of(const ike_selection *of);
ike_result ike_totals_result(const ike_totals *totals);
/* "FAIL", "WARN" and so on: stable, scripts read them. */
const char *ike_result_name(ike_result result);
ike_result ike_result_of(const ike_sa *sa);
ike_result ike_result_of_findings(const ike_list *findings);
/* The finding that decides how a negotiation is judged; NULL when none is a warning or worse. */
const ike_finding *ike_result_deciding(const ike_list *findings);

/* How the state of an SA is known: established is proven by what came later, probably established follows from
 * the last message alone, and a failure from the finding that tells of it. */
ike_evidence ike_sa_state_evidence(const ike_sa *sa);
/* The message with which an IKE SA came up: of its phase 1, or the response of the CREATE_CHILD_SA that made
 * it; NULL when that is not in the capture. */
const ike_record *ike_sa_establishment(const ike_sa *sa);
/* True when it is known how long the negotiation took: the capture holds its start and its end, and
 * time does not run backwards. */
bool ike_sa_has_setup_time(const ike_sa *sa);

#endif
