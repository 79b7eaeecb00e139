/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Prints docs/diagnoses.md from the table of diagnoses. tools/docs runs it.
 */
#include "ike_diagnosis.h"

#include <stdio.h>
#include <string.h>

/* In the order of the page: what an engineer on call looks up first. */
static const struct {
    ike_group group;
    const char *title, *about;
} groups[] = {
    { IKE_GROUP_REFUSAL, "Refusals", "Somebody said no: a notify, a short answer, an ICMP error." },
    { IKE_GROUP_SEQUENCE, "Sequence of messages",
      "Messages that nobody answered, came again, or came when they should not." },
    { IKE_GROUP_NAT, "NAT traversal", "Address translation between the peers and what it breaks." },
    { IKE_GROUP_FRAGMENT, "Fragments", "Messages and packets that are too large for the path." },
    { IKE_GROUP_PROTOCOL, "Protocol", "What the specifications do not allow." },
    { IKE_GROUP_SECURITY, "Security", "Cryptography that should not be used, or is not used." },
    { IKE_GROUP_CAPTURE, "Capture", "What the capture itself does not show, or shows twice." },
};

static const char head[] =
    "# Diagnoses\n"
    "\n"
    "Written by tools/docs from `plugin/core/base/ike_diagnosis.def`; do not edit.\n"
    "\n"
    "Each finding stands on the frame that it is about, as Expert Information and as fields: filter for\n"
    "one with `ikex.diag.<id>`, for all with `ikex.analysis`, for warnings and errors with\n"
    "`ikex.diag.severity >= 3`. `tshark -q -r FILE -z ikex,diag` prints those of a capture.\n"
    "\n"
    "- **Severity:** CHAT is expected behaviour, NOTE unusual but harmless, WARN a failure that users\n"
    "  probably notice, ERROR an explicit refusal or a violation of the protocol. Where two stand, the\n"
    "  second is for milder cases, as when the negotiation goes on.\n"
    "- **Known:** *observed* when bytes on the wire say so, *inferred* when order, timing or size do. What\n"
    "  is inferred is never an ERROR.\n"
    "- **Cisco would show** is the state of an ASA or IOS peer meanwhile (`show crypto isakmp sa`).\n"
    "- **Windows events it corresponds to** are those that a Windows peer writes when this happens to it.\n"
    "  Events are written by a host; a capture shows only correspondence. Ids of three digits (541 to 550)\n"
    "  are of Windows 2000 to 2003, of four digits of Windows Vista and later; 4652 is 4653 with\n"
    "  certificates. Numbers in brackets are failure reasons, RAS errors are what the VPN client shows.\n"
    "- Initiator and responder are those of the exchange, sender and receiver those of the message or\n"
    "  packet that the finding is about.\n";

/* A guess is no error; what keys show may be one. */
static bool is_worse_with_keys(const ike_diagnosis *row)
{
    return row->evidence == IKE_INFERRED && row->severity == IKE_SEVERITY_ERROR;
}

static void print_index(ike_group group)
{
    puts("\n| id | severity | what is seen |\n|---|---|---|");
    for (int i = 1; i < IKE_N_DIAGNOSES; i++) {
        const ike_diagnosis *row = ike_diagnosis_get((ike_diagnosis_id)i);

        if (row->group == group)
            printf("| [%s](#%s) | %s | %s |\n", row->id, row->id,
                   ike_severity_name(is_worse_with_keys(row) ? row->lesser : row->severity), row->summary);
    }
}

static void print_elsewhere(const char *what, const char *text)
{
    printf("- %s: %s\n", what, strcmp(text, "-") == 0 ? "nothing of its own" : text);
}

static void print_row(const ike_diagnosis *row)
{
    printf("\n### %s\n\n**%s.** %s\n\n**Check next:** %s\n\n", row->id, row->summary, row->explanation,
           row->advice);
    printf("- Filter: `ikex.diag.%s`\n- Severity: %s", row->id,
           ike_severity_name(is_worse_with_keys(row) ? row->lesser : row->severity));
    if (is_worse_with_keys(row))
        printf(", or %s with keys", ike_severity_name(row->severity));
    else if (row->lesser)
        printf(", or %s", ike_severity_name(row->lesser));
    printf("; %s\n", ike_evidence_name(row->evidence));
    if (row->observed)
        printf("- With keys, observed: %s\n", row->observed);
    printf("- Source: %s\n", row->source);
    print_elsewhere("Cisco would show", row->cisco);
    print_elsewhere("Windows events it corresponds to", row->windows);
}

static int print_group(ike_group group)
{
    int n = 0;

    for (int i = 1; i < IKE_N_DIAGNOSES; i++) {
        const ike_diagnosis *row = ike_diagnosis_get((ike_diagnosis_id)i);

        if (row->group != group)
            continue;
        print_row(row);
        n++;
    }
    return n;
}

int main(void)
{
    int n = 0;

    fputs(head, stdout);
    for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
        printf("\n## %s\n\n%s\n", groups[i].title, groups[i].about);
        print_index(groups[i].group);
        n += print_group(groups[i].group);
    }
    return n == IKE_N_DIAGNOSES - 1 ? 0 : 1; /* 1: a group is missing above */
}
