/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Events of invalid packets and of floods, from the findings on messages.
 */
#include "ike_event_make.h"

typedef enum logger { SENDER, RECEIVER } logger;

/* Findings on a message that make its receiver log an invalid packet, or that its sender had one: always so
 * where the message is the sender's complaint. */
static const struct {
    ike_diagnosis_id id;
    logger logger;
} invalid[] = {
    { IKE_DIAG_MM3_BADKE, RECEIVER },      { IKE_DIAG_REFLECT, RECEIVER },
    { IKE_DIAG_MM_MSGID, RECEIVER },       { IKE_DIAG_MM_FLAGS, RECEIVER },
    { IKE_DIAG_MM2_BADCHOICE, RECEIVER },  { IKE_DIAG_ZERO_COOKIE, RECEIVER },
    { IKE_DIAG_QM_MSGID0, RECEIVER },      { IKE_DIAG_QM_CLEAR, RECEIVER },
    { IKE_DIAG_QM_REUSED, RECEIVER },      { IKE_DIAG_V2_MSGID_REUSE, RECEIVER },
    { IKE_DIAG_MALFORMED, RECEIVER },      { IKE_DIAG_V1FRAG_BAD, RECEIVER },
    { IKE_DIAG_SKF_BAD, RECEIVER },        { IKE_DIAG_MARKER_ON_500, RECEIVER },
    { IKE_DIAG_COOKIE_INVALID, SENDER },
};

static ike_event_mode mode_of(const ike_record *r)
{
    switch (r->label.mode) {
    case IKE_MODE_QUICK:
    case IKE_MODE_AUTHIP_QUICK:
    case IKE_MODE_V2_CREATE_CHILD: return IKE_EVENT_QUICK_MODE;
    case IKE_MODE_AUTHIP_EXTENDED: return IKE_EVENT_EXTENDED_MODE;
    default: return IKE_EVENT_MAIN_MODE;
    }
}

static void invalid_packet(ike_event_builder *b, const ike_finding *finding, const ike_record *r, logger by)
{
    static const uint16_t ids[] = { 4976, 4977, 4978 };
    ike_event event = ike_event_of(finding->sa, mode_of(r), &r->note);

    event.id = ids[event.mode];
    event.count = finding->count;
    event.finding = finding->id;
    event.evidence = finding->evidence;
    event.host = by == SENDER || r->rare->notify_error ? r->side : ike_side_other(r->side);
    if (event.mode != IKE_EVENT_MAIN_MODE)
        event.child = r->note.exchange;
    ike_event_add(b, &event);
}

static void flood(ike_event_builder *b, const ike_finding *finding)
{
    ike_event event = ike_event_of(finding->sa, IKE_EVENT_MAIN_MODE, finding->note);

    event.id = 4646;
    event.legacy = ike_event_legacy(finding->sa, 550);
    event.finding = finding->id;
    event.evidence = finding->evidence;
    event.host = ike_sa_side_of(finding->sa, IKE_ROLE_RESPONDER);
    if (event.host != IKE_SIDE_NONE)
        ike_event_add(b, &event);
}

void ike_event_invalid(ike_event_builder *b, const ike_sa *sa)
{
    for (guint i = 0; i < sa->findings.len; i++) {
        const ike_finding *finding = sa->findings.pdata[i];
        const ike_record *r = finding->note ? ike_note_record(finding->note) : NULL;

        if (r && (finding->id == IKE_DIAG_HALFOPEN_FLOOD || finding->id == IKE_DIAG_INIT_COOKIE))
            flood(b, finding);
        for (size_t k = 0; r && r->side != IKE_SIDE_NONE && k < G_N_ELEMENTS(invalid); k++)
            if (invalid[k].id == finding->id)
                invalid_packet(b, finding, r, invalid[k].logger);
    }
}
