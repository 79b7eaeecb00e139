/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Aggressive Mode: its last message has no answer, so that what follows has to show whether it arrived. The responder
 * shows its proof first, so that the initiator is the first to know that the keys differ. RFC 2409 5.4.
 */
#include "ike_causes.h"
#include "ike_judge.h"

static ike_record *message_of(const ike_sa *sa, unsigned number)
{
    return sa->phase1->mode == IKE_MODE_AGGRESSIVE ? ike_exchange_slot(sa->phase1, number) : NULL;
}

/* The responder has keys only with AM3: what it encrypts after an Informational shows that this refused nothing, and that
 * AM3 is not in the capture. */
static bool goes_on_after(const ike_sa *sa, ike_side responder, const ike_record *info)
{
    const ike_record *newest = ike_judge_last_info(sa, responder);

    return !info->rare->notify_error &&
           ((newest && newest->is_encrypted && newest->note.frame > info->note.frame) ||
            ike_judge_has_esp_after(sa, info));
}

static void judge_am2(ike_tracker *t, ike_sa *sa)
{
    const ike_record *am2 = message_of(sa, 2);
    ike_record *info;

    if (!am2 || message_of(sa, 3) || ike_judge_has_phase2(sa))
        return;
    info = ike_judge_refusal(t, sa, am2, NULL);
    if (!info || goes_on_after(sa, am2->side, info))
        return;
    ike_judge_refuse(t, sa, IKE_DIAG_AM2_REJECT, am2, info, ike_judge_is_readable(info));
    ike_sa_fail(sa);
}

/* The responder goes on with this SA. */
static bool goes_on(const ike_sa *sa, const ike_record *am3)
{
    const ike_side_state *responder = &sa->sides[ike_side_other(am3->side)];

    return responder->newest_exchange_frame > am3->note.frame || responder->more->newest_esp_frame > am3->note.frame ||
           responder->more->newest_piece_frame > am3->note.frame;
}

bool ike_judge_is_am3_unproven(const ike_sa *sa)
{
    const ike_record *am3 = message_of(sa, 3);

    return am3 && am3->side != IKE_SIDE_NONE && !goes_on(sa, am3) &&
           !ike_judge_info_since(sa, am3, ike_side_other(am3->side));
}

/* RFC 2408 3.14.1: 20 to 22 are about certificates, 23 and 25 about the proof, 24 about all of it. */
static bool is_about_authentication(const ike_record *info)
{
    return info->rare->notify_error >= IKE_NOTIFY_INVALID_CERTIFICATE &&
           info->rare->notify_error <= IKE_NOTIFY_INVALID_SIGNATURE;
}

/* What is encrypted may be INITIAL-CONTACT or a lifetime as well: it refuses AM3 only where nothing else comes of the
 * SA. What follows AM3 at once may be sent before the refusal comes. */
static bool refuses_am3(const ike_tracker *t, const ike_sa *sa, const ike_record *am3, const ike_record *info)
{
    if (goes_on(sa, am3) || ike_judge_has_esp_after(sa, info))
        return false;
    if (info->rare->notify_error)
        return ike_judge_is_silent_after(sa, ike_judge_last_info(sa, info->side)) &&
               (is_about_authentication(info) || !ike_judge_has_phase2(sa));
    return ike_judge_is_silent_after(sa, info) && !ike_judge_has_phase2(sa) && !ike_judge_is_late(am3, info) &&
           ike_judge_waited(t, info->note.time) && !ike_judge_renews_another(t, sa);
}

static void judge_am3(ike_tracker *t, ike_sa *sa)
{
    const ike_record *am3 = message_of(sa, 3);
    ike_record *info = am3 && am3->side != IKE_SIDE_NONE ? ike_judge_refusal(t, sa, am3, NULL) : NULL;

    if (!info || !refuses_am3(t, sa, am3, info))
        return;
    ike_judge_refuse(t, sa, IKE_DIAG_AM3_REJECT, am3, info, info->rare->notify_error != 0);
    ike_sa_fail_authentication(sa);
}

/* One repeat may cross AM3 on its way. */
static void judge_lost_am3(ike_tracker *t, ike_sa *sa)
{
    const ike_record *am2 = message_of(sa, 2), *am3 = message_of(sa, 3);
    const unsigned repeats = am2 && am3 ? ike_judge_sends_after(am2, am3) : 0;
    ike_finding *finding;

    if (repeats < 2 || !ike_judge_is_am3_unproven(sa) || !ike_judge_waited(t, ike_record_last_send(am2)->note.time))
        return;
    finding = ike_raise(t, sa, IKE_DIAG_AM3_LOST, &ike_record_last_send(am2)->note, IKE_SEVERITY_NONE,
                        "AM2 was sent %u times more after AM3 in frame %u", repeats, am3->note.frame);
    if (!finding->causes)
        finding->causes = ike_causes_on_4500(t, sa, am3);
    ike_sa_fail_authentication(sa);
}

void ike_judge_aggressive(ike_tracker *t, ike_sa *sa)
{
    judge_am2(t, sa);
    judge_am3(t, sa);
    judge_lost_am3(t, sa);
}
