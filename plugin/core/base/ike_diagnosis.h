/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The diagnosis table (ike_diagnosis.def) as C, and findings: diagnoses made of one SA.
 */
#ifndef IKE_DIAGNOSIS_H
#define IKE_DIAGNOSIS_H

#include "ike_base.h"

typedef enum ike_diagnosis_id {
    IKE_DIAG_NONE,
#define X(ID, id, ...) IKE_DIAG_##ID,
#include "ike_diagnosis.def"
#undef X
    IKE_N_DIAGNOSES
} ike_diagnosis_id;

typedef enum ike_severity {
    IKE_SEVERITY_NONE = 0,
    IKE_SEVERITY_CHAT = 1,
    IKE_SEVERITY_NOTE = 2,
    IKE_SEVERITY_WARN = 3,
    IKE_SEVERITY_ERROR = 4
} ike_severity;

typedef enum ike_evidence { IKE_OBSERVED = 1, IKE_INFERRED = 2 } ike_evidence;

typedef enum ike_group {
    IKE_GROUP_SEQUENCE,
    IKE_GROUP_FRAGMENT,
    IKE_GROUP_NAT,
    IKE_GROUP_PROTOCOL,
    IKE_GROUP_REFUSAL,
    IKE_GROUP_SECURITY,
    IKE_GROUP_CAPTURE
} ike_group;

typedef struct ike_diagnosis {
    const char *id; /* filter name: ikex.diag.<id> */
    ike_severity severity;
    ike_severity lesser; /* IKE_SEVERITY_NONE when the row has one severity */
    ike_group group;
    ike_evidence evidence;
    bool summary_says_all; /* the text of a finding adds nothing */
    bool is_noticed; /* by users, perhaps, where it is a NOTE, too: the report then says what to check next */
    const char *summary;     /* what is seen */
    const char *observed;    /* the same where keys or clear words leave no doubt, NULL: no other words */
    const char *explanation; /* what it means, why it is concluded, usual causes */
    const char *advice;      /* what to check next */
    const char *source;
    const char *cisco;   /* the state a Cisco peer would show, "-" for none */
    const char *windows; /* the events a Windows peer would write, "-" for none */
} ike_diagnosis;

/* Row of an id; IKE_DIAG_NONE has one of empty texts. */
const ike_diagnosis *ike_diagnosis_get(ike_diagnosis_id id);
/* What is seen, by how it is known. */
const char *ike_diagnosis_summary(ike_diagnosis_id id, ike_evidence evidence);
const char *ike_severity_name(ike_severity severity);
const char *ike_evidence_name(ike_evidence evidence);

struct ike_sa;
struct ike_note;
struct ike_causes;

/* One diagnosis made, which is shown at its note. */
typedef struct ike_finding {
    uint8_t id;       /* an ike_diagnosis_id */
    uint8_t severity; /* an ike_severity */
    uint8_t evidence; /* an ike_evidence */
    bool is_verdict : 1; /* made at the end of the capture and made anew when more frames come */
    bool owns_text : 1;
    unsigned count;  /* how often it was raised */
    struct ike_sa *sa; /* NULL when it belongs to no SA */
    struct ike_note *note;
    struct ike_finding *next; /* at the same note, in the order in which they were raised */
    const char *text;
    struct ike_causes *causes; /* ike_causes.h: why a message was not answered; or NULL */
} ike_finding;

/* The first finding of this id in a list, or NULL. */
ike_finding *ike_finding_find(const ike_list *list, ike_diagnosis_id id);

#endif
