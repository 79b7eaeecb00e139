/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a single pass says. A finding that needs later frames cannot stand on the frame it is about, which was shown
 * before: it is said in the first later frame that has notes. For that, conclusions are drawn as if the capture
 * ended there; what may still turn out otherwise waits.
 */
#include "ike_causes.h"
#include "ike_judge.h"

/* Drawing conclusions takes the longer the more messages and IPsec SAs there are. Of few they are drawn for each
 * message; beyond, when so many times more frames with notes have come that a frame costs the same however many
 * there are. */
#define FEW 256
#define TIMES 32
#define NEW_PACKETS 4 /* this share of them */
#define LONGEST_WAIT (3600 * IKE_SECOND)

static gpointer told_key(const ike_finding *finding)
{
    const gsize sa = finding->sa ? (gsize)finding->sa->number + 1 : 0;

    return GSIZE_TO_POINTER(sa << 8 | finding->id);
}

void ike_live_say(ike_tracker *t, const ike_finding *finding)
{
    const gpointer key = told_key(finding);
    ike_finding *copy;

    if (finding->severity <= GPOINTER_TO_UINT(g_hash_table_lookup(t->told, key)))
        return;
    g_hash_table_insert(t->told, key, GUINT_TO_POINTER(finding->severity));
    copy = g_memdup2(finding, sizeof *finding);
    copy->owns_text = false;
    copy->next = NULL;
    copy->causes = g_memdup2(finding->causes, sizeof *finding->causes);
    ike_finding_set_text(copy, g_strdup(finding->text));
    if (t->live.len > 0)
        ((ike_finding *)t->live.pdata[t->live.len - 1])->next = copy;
    ike_list_add(&t->live, copy);
}

/* Of a message that is sent again, the newest copy counts; of an IPsec SA, that it is there. */
static ike_time last_time(const ike_note *note)
{
    const ike_record *r = ike_note_record((ike_note *)note);
    const ike_packet *packet = ike_note_packet((ike_note *)note);

    if (packet && packet->flow && packet->flow->first)
        return packet->flow->first->note.time;
    return r ? ike_record_last_send(ike_record_first(r))->note.time : note->time;
}

/* Says that the capture ends too soon. */
static bool is_about_the_end(const ike_finding *finding)
{
    return finding->id == IKE_DIAG_PENDING ||
           (finding->id == IKE_DIAG_XAUTH_FAIL && finding->severity == IKE_SEVERITY_NOTE);
}

/* What a whole message says stands, but for a failure (NATT_NOFLOAT, SPI_INVALID), which later success refutes. So may
 * it what follows from order, timing or size, from packets and pieces, which may come in another order, and from ICMP
 * errors, since the next copy may pass. */
static bool is_said_by_message(const ike_finding *finding)
{
    return finding->evidence == IKE_OBSERVED && finding->severity != IKE_SEVERITY_WARN &&
           finding->note->kind == IKE_NOTE_MESSAGE;
}

static bool is_settled(const ike_tracker *t, const ike_finding *finding)
{
    if (is_about_the_end(finding))
        return false;
    return !finding->note || is_said_by_message(finding) ||
           t->now - last_time(finding->note) >= t->options.patience;
}

static void look(ike_tracker *t)
{
    ike_judge_capture(t);
    for (guint i = 0; i < t->findings.len; i++) {
        const ike_finding *finding = t->findings.pdata[i];

        if (finding->is_verdict && is_settled(t, finding))
            ike_live_say(t, finding);
    }
}

static guint cost_of_look(const ike_tracker *t)
{
    return t->n_records + t->flows.len;
}

static bool can_afford(const ike_tracker *t)
{
    return cost_of_look(t) <= FEW || (t->noted.len - t->looked.notes) / TIMES >= t->looked.cost;
}

/* What is encrypted says nothing for certain, and the first message of an SA concludes nothing: floods are made of
 * these. */
static bool says_something(const ike_note *note)
{
    const ike_record *r = ike_note_record((ike_note *)note);

    return note->kind == IKE_NOTE_MESSAGE && (!r->is_encrypted || r->is_decrypted) &&
           !(note->sa && note->sa->records.len == 1);
}

/* The frame may say something, or time has passed, or many packets came. */
static bool is_worth_it(const ike_tracker *t)
{
    if (t->now >= t->looked.again || t->noted.len - t->looked.notes > t->looked.notes / NEW_PACKETS)
        return true;
    for (const ike_note *note = ike_notes_at(t, t->frame); note; note = note->next)
        if (says_something(note))
            return true;
    return false;
}

/* Looks again after `patience`, and ever later while nothing comes. */
static void note_look(ike_tracker *t)
{
    const bool is_quiet = t->n_records == t->looked.records;

    t->looked.wait = is_quiet ? CLAMP(2 * t->looked.wait, t->options.patience, LONGEST_WAIT) : t->options.patience;
    t->looked.again = t->now + t->looked.wait;
    t->looked.records = t->n_records;
    t->looked.notes = t->noted.len;
    t->looked.cost = cost_of_look(t);
}

void ike_judge_live(ike_tracker *t, bool is_shown)
{
    if (!is_shown) {
        g_queue_clear(t->waiting); /* a look finds them, if somebody does later */
        return;
    }
    ike_judge_waiting(t);
    if (!is_worth_it(t) || !can_afford(t))
        return;
    look(t);
    note_look(t);
}
