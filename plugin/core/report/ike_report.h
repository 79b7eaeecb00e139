/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reports over a whole capture. Text is ASCII and at most 100 columns wide.
 */
#ifndef IKE_REPORT_H
#define IKE_REPORT_H

#include "ike_tracker.h"

#define IKE_REPORT_WIDTH 100

typedef struct ike_report {
    ike_tracker *tracker;
    GHashTable *selected; /* numbers of the SAs to report, or NULL: all */
    const char *filter;   /* display filter that selected them, or NULL */
    GString *out;
} ike_report;

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

typedef struct ike_report_kind {
    const char *name; /* stable: -z ikex,<name> */
    const char *title;
    void (*write)(const ike_report *report);
} ike_report_kind;

/* All reports, closed by a row without a name. */
extern const ike_report_kind ike_report_kinds[];

/* Appends a report and its closing line for scripts to `out`. The tracker must be finished
 * (ike_tracker_finish). `selected` and `filter` as in ike_report. */
void ike_report_write(ike_tracker *tracker, const ike_report_kind *kind, GHashTable *selected,
                      const char *filter, GString *out);

/* Counts of what the report covers. */
ike_totals ike_report_totals(const ike_report *report);

/* ---- for the writers ---- */
bool ike_report_covers(const ike_report *report, const ike_sa *sa);
ike_result ike_report_result_of(const ike_sa *sa);
/* True when it is known how long the negotiation took: the capture holds its start and its end, and
 * time does not run backwards. */
bool ike_report_has_setup_time(const ike_sa *sa);
/* "FAIL", "WARN" and so on: stable, scripts read them. */
const char *ike_result_name(ike_result result);
/* Appends `text` after `head`, wrapped; further lines are indented to the width of `head`. */
void ike_report_wrap(GString *out, const char *head, const char *text);
void ike_report_rule(GString *out, char c);
/* Appends "initiator -> responder" addresses, or "a <-> b" while roles are unknown. */
void ike_report_peers(GString *out, const ike_sa *sa, const char *arrow, bool ports);

/* ---- ike_report_flows.c ---- */
/* The IPsec SAs as their packets show them, for the report of SAs. */
void ike_report_flows(const ike_report *report);

/* ---- ike_report_v2.c ---- */
/* The newest message of the first exchanges that the other side is known to have got, or NULL. */
const ike_record *ike_report_v2_proven(const ike_sa *sa);
/* Appends which message is owed by whom; nothing when none is. */
void ike_report_v2_owed(GString *out, const ike_sa *sa);
/* Appends the label of the newest message of the first exchanges. */
void ike_report_v2_newest(GString *out, const ike_sa *sa);
/* Appends the exchanges that make the SA, and what came later on it; nothing when there are none. */
void ike_report_v2_course(GString *out, const ike_sa *sa);
void ike_report_v2_later(GString *out, const ike_sa *sa);
/* Writes the first `max` proposal numbers of an offer; returns how many there are. */
unsigned ike_report_v2_proposals(const ike_v2_offer *offer, uint8_t *numbers, unsigned max);
/* Appends the algorithms of one proposal. */
void ike_report_v2_proposal(GString *out, const ike_v2_offer *offer, unsigned proposal);
/* Appends what a side announces in IKE_SA_INIT. */
void ike_report_v2_supports(GString *out, const ike_sa *sa, ike_side side);

void ike_report_diag(const ike_report *report);
void ike_report_sa(const ike_report *report);

#endif
