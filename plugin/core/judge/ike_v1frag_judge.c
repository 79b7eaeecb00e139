/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv1 messages in fragment payloads 132 (MS-IKEE 2.2.3.1) that never became whole, and fragments that the receiver
 * did not ask for.
 */
#include "ike_assembly.h"
#include "ike_judge.h"

static ike_record *describe_parts(const ike_assembly *a, GString *here, GString *missing)
{
    ike_record *newest_piece = NULL;

    for (unsigned number = 1, i = 0; number <= MAX(a->highest, a->last_number); number++) {
        ike_record *r = i < a->n_parts && a->parts[i].number == number ? a->parts[i++].record : NULL;

        if (r) {
            g_string_append_printf(here, "%s%u", here->len ? "," : "", number);
            if (!newest_piece || r->note.frame > newest_piece->note.frame)
                newest_piece = r;
        } else if (number < a->last_number) {
            g_string_append_printf(missing, "%s%u", missing->len ? "," : "", number);
        }
    }
    return newest_piece;
}

/* MS-IKEE 3.3.2: the capture holds the end of the time that Windows waits for the rest. */
static bool is_windows_receiver(const ike_tracker *t, const ike_sa *sa, const ike_assembly *a)
{
    return a->side != IKE_SIDE_NONE && t->span.last - a->first >= IKE_ASSEMBLY_LIFETIME &&
           ike_sa_has_vendor(sa, ike_side_other(a->side), IKE_VENDOR_WINDOWS);
}

static void judge_assembly(ike_tracker *t, ike_sa *sa, const ike_assembly *a, bool is_completed_later)
{
    GString *here = g_string_new(NULL), *missing = g_string_new(NULL);
    ike_record *piece = describe_parts(a, here, missing);

    if (piece && t->span.last - a->first >= IKE_SECOND) {
        const bool fine = is_completed_later || ike_sa_goes_on_after(sa, piece);

        if (!fine)
            ike_sa_fail(sa);
        ike_raise(t, sa, IKE_DIAG_V1FRAG_LOSS, &piece->note,
                  fine ? IKE_SEVERITY_NOTE : IKE_SEVERITY_WARN,
                  "message never completed: IKE fragments %s seen, %s missing%s", here->str,
                  missing->len ? missing->str : "the last",
                  is_windows_receiver(t, sa, a) ? "; Windows gives up after 90 s" : "");
    }
    g_string_free(here, TRUE);
    g_string_free(missing, TRUE);
}

/* ---- fragments that the receiver did not ask for ---- */

/* The messages in which a side may announce what it knows are in the capture, whole. */
static bool has_announced_all(const ike_sa *sa, ike_side side)
{
    const ike_exchange *phase1 = sa->phase1;
    const unsigned n = phase1->mode == IKE_MODE_MAIN ? 4 : phase1->mode == IKE_MODE_AGGRESSIVE ? 2 : 0;
    unsigned found = 0;

    for (unsigned i = 1; i <= n; i++) {
        const ike_record *r = ike_exchange_slot(phase1, i);

        if (!r || r->truncated)
            return false;
        found += r->side == side;
    }
    return found > 0 && sa->sides[side].n_vendors < IKE_MAX_VENDORS;
}

static ike_record *first_fragment_of(const ike_sa *sa, ike_side side)
{
    ike_record *first = NULL;

    for (const ike_assembly *a = sa->more->assemblies; a; a = a->older)
        for (unsigned i = 0; a->side == side && i < a->n_parts; i++) {
            ike_record *r = a->parts[i].record;

            if (r && (!first || r->note.frame < first->note.frame))
                first = r;
        }
    return first;
}

/* MS-IKEE 3.3.6.1 makes fragments only for a peer with the vendor ID; iOS does without. */
static void judge_announcement(ike_tracker *t, ike_sa *sa, ike_side sender)
{
    const ike_side receiver = ike_side_other(sender);
    ike_record *r;

    if (ike_sa_has_vendor(sa, receiver, IKE_VENDOR_FRAGMENTATION) ||
        !has_announced_all(sa, receiver) || !(r = first_fragment_of(sa, sender)))
        return;
    ike_raise(t, sa, IKE_DIAG_V1FRAG_UNANNOUNCED, &r->note, IKE_SEVERITY_NONE,
              "%s did not send the vendor ID FRAGMENTATION",
              ike_sa_role(sa, receiver) == IKE_ROLE_INITIATOR ? "the initiator" : "the responder");
}

void ike_judge_v1frags(ike_tracker *t, ike_sa *sa)
{
    bool completed[3] = { false }; /* of the side + 1, among the newer ones */

    if (sa->more->assemblies) {
        judge_announcement(t, sa, IKE_SIDE_A);
        judge_announcement(t, sa, IKE_SIDE_B);
    }
    for (const ike_assembly *a = sa->more->assemblies; a; a = a->older)
        if (a->done)
            completed[a->side + 1] = true;
        else
            judge_assembly(t, sa, a, completed[a->side + 1]);
}
