/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reports over a whole capture. Text is ASCII and at most 100 columns wide.
 */
#ifndef IKE_REPORT_H
#define IKE_REPORT_H

#include "ike_child.h"
#include "ike_result.h"

#define IKE_REPORT_WIDTH 100
#define IKE_REPORT_INDENT "      " /* of the lines of an entry */

typedef struct ike_report {
    ike_selection of;
    const char *filter;   /* display filter that selected them, or NULL */
    GString *out;
} ike_report;

/* ---- for the writers ---- */
/* Appends `text` after `head`, wrapped; further lines are indented to the width of `head`. */
void ike_report_wrap(GString *out, const char *head, const char *text);
void ike_report_rule(GString *out, char c);
/* Writes one line of an entry with a name in front, such as "owed". */
void ike_report_fact(const ike_report *report, const char *name, const char *text);
/* Appends "initiator -> responder" addresses, or "a <-> b" while roles are unknown. */
void ike_report_peers(GString *out, const ike_sa *sa, const char *arrow, bool ports);

/* "the initiator", "the responder" or, while roles are unknown, "the other side". */
const char *ike_report_role(const ike_sa *sa, ike_side side);
/* Appends "2012-11-02 13:04:14.555840"; "-" for a time that has no date. */
void ike_report_utc(GString *out, ike_time time);
/* Appends "frame 1" or "frames 1-8" after `before`. */
void ike_report_frames(GString *out, const char *before, uint32_t first, uint32_t last);
/* Appends who is behind a NAT; nothing when nobody is, as far as is known. */
void ike_report_natted(GString *out, const ike_sa *sa);
/* How often messages were sent again, of these findings: of a message in pieces as often as the piece
 * that was sent most. */
unsigned ike_report_repeats(const ike_list *findings);
/* Says what the report cannot show, and why it shows no SA; nothing when all is there. */
void ike_report_absent(const ike_report *report);

/* True when the report covers an SA of this version. */
bool ike_report_has_version(const ike_report *report, unsigned version);
/* Appends two cells of a row; what is too wide for its column gets a line of its own. */
void ike_report_two_columns(GString *out, const char *a, const char *b, int width, const char *indent);

/* ---- ike_report_progress.c ---- */
/* The newest message of phase 1 that is known to have arrived; a label alone for one that the capture
 * lacks, none for none. */
ike_label ike_report_proven(const ike_sa *sa, const ike_record **record);
/* Appends which message is owed by whom, and what came instead; nothing when none is. */
void ike_report_owed(GString *out, const ike_sa *sa);
/* Appends how the negotiation ended. */
void ike_report_outcome(GString *out, const ike_sa *sa);

/* ---- ike_report_course.c ---- */
/* Append the messages that make the SA, the same with the name of their exchange, and what came later;
 * nothing when there are none. */
void ike_report_course(GString *out, const ike_sa *sa);
void ike_report_exchange(GString *out, const ike_sa *sa);
void ike_report_later(GString *out, const ike_sa *sa);
/* Appends the messages of a Quick Mode and its state; nothing when none is numbered. */
void ike_report_child(GString *out, const ike_exchange *exchange);

/* ---- ike_report_agreement.c: what keys show ---- */
/* Appends how the sides of an IKEv2 SA authenticate; nothing while it is encrypted. */
void ike_report_v2_authentication(GString *out, const ike_sa *sa);
/* Appends identities that are known, the user of XAUTH or EAP, the address that was given. */
void ike_report_identities(GString *out, const ike_sa *sa);
/* Appends "10.1.0.0/16 <-> 10.2.0.0/16": the networks of its initiator and of the other side; nothing while
 * they are encrypted. */
void ike_report_selectors(GString *out, const ike_exchange *child);
/* Appends the chosen proposal. */
void ike_report_child_chosen(GString *out, const ike_exchange *child);
typedef void (*ike_report_take)(const char *text, void *user);
/* Calls `take` for each of its first proposals. */
void ike_report_child_offers(const ike_exchange *child, ike_report_take take, void *user);
/* "tunnel" or "transport"; NULL while it is encrypted or nothing was chosen. */
const char *ike_report_encapsulation(const ike_exchange *child);
/* Lines of the report of SAs: networks, algorithms, SPIs without packets. */
void ike_report_agreement(const ike_report *report, const ike_exchange *child);
/* What one decrypted message says, for the log; append nothing for others. */
void ike_report_decrypted_proposal(GString *out, const ike_record *r);
void ike_report_decrypted_networks(GString *out, const ike_record *r);
void ike_report_decrypted_identity(GString *out, const ike_record *r);
/* Lines of the diagnosis: what the first Quick Mode or Child SA that was refused asked for. */
void ike_report_refused_child(const ike_report *report, const ike_sa *sa);

/* ---- ike_report_children.c ---- */
/* The Quick Modes and Child SAs, for the report of SAs. */
void ike_report_children(const ike_report *report);
/* ---- ike_report_flows.c ---- */
/* The IPsec SAs as their packets show them, for the report of SAs. */
void ike_report_flows(const ike_report *report);
/* "ESP", "ESP/UDP", "ESP/TCP" or "AH". */
const char *ike_flow_kind(const ike_flow *flow);

/* ---- ike_report_peers.c ---- */
/* Appends what is known of the products on both sides; nothing when it is nothing. */
void ike_report_vendors(GString *out, const ike_sa *sa);

/* ---- ike_report_v2.c ---- */
/* Writes the first `max` proposal numbers of an offer; returns how many there are. */
unsigned ike_report_v2_proposals(const ike_v2_offer *offer, uint8_t *numbers, unsigned max);
/* Appends the algorithms of one proposal. */
void ike_report_v2_proposal(GString *out, const ike_v2_offer *offer, unsigned proposal);
/* Appends its transforms of one type; several are alternatives. */
void ike_report_v2_type(GString *out, const ike_v2_offer *offer, unsigned proposal, unsigned type);
/* Appends what a side announces in IKE_SA_INIT. */
void ike_report_v2_supports(GString *out, const ike_sa *sa, ike_side side);

void ike_report_diag(const ike_report *report);

/* ---- ike_report_findings.c ---- */
/* Writes a finding with its text, and how often it was made. */
void ike_report_finding(const ike_report *report, const ike_finding *finding, unsigned times);
/* Writes all notes and worse but the one that decides, which the verdict tells (NULL: none does): the first
 * `max` with their texts, the others by name. */
void ike_report_findings(const ike_report *report, const ike_list *found, const ike_finding *deciding,
                         unsigned max);

/* ---- ike_report_proposals.c ---- */
/* Appends "AES-CBC-128 / SHA1 / pre-shared key / group 2 (MODP-1024), 28800 s". */
void ike_report_transform(GString *out, const ike_sa *sa, const ike_transform *t);
typedef enum ike_attribute { IKE_ATTRIBUTE_ENCRYPTION, IKE_ATTRIBUTE_INTEGRITY, IKE_ATTRIBUTE_AUTHENTICATION,
                             IKE_ATTRIBUTE_GROUP } ike_attribute;
/* Appends an attribute of the chosen proposal; nothing while none is known. The authentication method of IKEv2
 * is encrypted. */
void ike_report_attribute(GString *out, const ike_sa *sa, ike_attribute which);
/* Appends the chosen proposal; nothing while none is known, or it is encrypted. */
void ike_report_chosen(GString *out, const ike_sa *sa);
/* Writes offer and choice side by side where a finding is about them; nothing otherwise. */
void ike_report_proposals(const ike_report *report, const ike_sa *sa);

/* ---- ike_report_groups.c ---- */
/* Attempts between the same peers that ended the same way. */
typedef struct ike_report_group {
    const ike_sa *sa; /* the first of them */
    GPtrArray *sas;   /* all, not owned */
} ike_report_group;

/* Sorts SAs worst first and groups them; free the result with g_ptr_array_free. */
GPtrArray *ike_report_groups(GPtrArray *sas);
/* Appends how many attempts there were, when there are several. */
void ike_report_attempts(GString *out, const ike_report_group *group);
/* Writes a group on one line. */
void ike_report_one_line(const ike_report *report, const ike_report_group *group);
/* Sums up the groups from an index on, a line for each kind of result. */
void ike_report_sum(const ike_report *report, const GPtrArray *groups, guint from);

/* ---- ike_report_verdict.c ---- */
/* Writes it with its cause, what to check next, and what other tools show. */
void ike_report_verdict(const ike_report *report, const ike_finding *finding, unsigned times);

void ike_report_sa(const ike_report *report);
/* Who is behind a NAT: "I", "R", "I+R", "no", or "-" while that is unknown. */
const char *ike_report_nat_word(const ike_sa *sa);

/* ---- ike_report_stat.c, ike_report_audit.c ---- */
void ike_report_stat(const ike_report *report);
void ike_report_audit(const ike_report *report);

/* ---- ike_report_log.c ---- */
void ike_report_log(const ike_report *report);
/* A message, or a piece that never became one, and the frames of its pieces. */
typedef struct ike_log_entry {
    const ike_record *record;
    GArray *frames;  /* of uint32_t, owned */
    GArray *doubles; /* of uint32_t, owned: frames in which it was seen again; or NULL */
} ike_log_entry;
/* What is selected, in frame order; free it with g_array_free. */
GArray *ike_log_new(const ike_selection *of);
/* Appends the flags of the header as letters; false when there are none. */
bool ike_report_flags(GString *out, const ike_record *r);
/* Appends "SA", or the number of a payload without a name; "none" for 0. */
void ike_report_payload(GString *out, unsigned type);
/* The sender's known vendor IDs when a message sent for the first time has any; else NULL. */
const ike_side_state *ike_report_vendors_in(const ike_record *r);
/* Appends "VID x3". */
void ike_report_run(GString *out, const ike_run *run);
/* How long after its request a response came: after the first copy of that or the last one before it; -1
 * where there is none, or time runs backwards. */
ike_time ike_report_response_time(const ike_record *r, bool since_last);
/* True for the message that chooses a proposal: MM2, AM2, the response to IKE_SA_INIT. */
bool ike_report_is_choice(const ike_record *r);
/* Appends which message it is, or which piece of one. */
void ike_report_message(GString *out, const ike_record *r);

#endif
