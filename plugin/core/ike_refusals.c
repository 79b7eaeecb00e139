/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How the other side shows that it does not go along: Informationals, teardown, ICMP errors, and
 * the end of its liveness.
 */
#include "ike_judge.h"

#define REACTION (2 * IKE_SECOND)
#define COPIES_LOOKED_AT 64
#define DPD_ANSWER (2 * IKE_SECOND)
#define DPD_INTERVAL (1 * IKE_SECOND)
#define DPD_MISSED 3
#define XAUTH_PATIENCE (30 * IKE_SECOND)

static bool is_info(const ike_record *r)
{
    return r->note.kind == IKE_NOTE_MESSAGE && r->label.mode == IKE_MODE_INFO && !r->is_reflection;
}

/* Index of the first Informational of a side after a frame. */
static guint info_position(const GPtrArray *infos, uint32_t frame)
{
    guint low = 0, high = infos->len;

    while (low < high) {
        const guint middle = low + (high - low) / 2;

        if (((const ike_record *)infos->pdata[middle])->note.frame <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

ike_record *ike_judge_info_after(const ike_sa *sa, ike_record *r, ike_side from, ike_time limit)
{
    ike_record *found = NULL;
    int n = 0;

    if (from == IKE_SIDE_NONE)
        return NULL;
    for (ike_record *copy = r->last; copy && n++ < COPIES_LOOKED_AT; copy = copy->older) {
        const guint i = info_position(sa->infos[from], copy->note.frame);
        ike_record *info = i < sa->infos[from]->len ? sa->infos[from]->pdata[i] : NULL;

        if (info && info->label.mode == IKE_MODE_INFO && info->note.time >= copy->note.time &&
            info->note.time - copy->note.time <= limit)
            found = info;
    }
    return found;
}

bool ike_judge_info_since(const ike_sa *sa, const ike_record *r, ike_side from)
{
    return from != IKE_SIDE_NONE &&
           info_position(sa->infos[from], r->note.frame) < sa->infos[from]->len;
}

static const char *info_content(const ike_record *info)
{
    return info->notify ? info->notify : info->is_encrypted ? "encrypted" : "no notify";
}

static const char *trust(const ike_record *info)
{
    return info->is_encrypted ? "" : " (unauthenticated)";
}

/* Raises a refusal by this Informational; what is encrypted is inferred and no error. */
static void refuse(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_record *info,
                   const char *what)
{
    const ike_diagnosis *row = ike_diagnosis_get(id);
    const bool clear = info->notify_error != 0;
    const ike_severity severity = !clear && row->severity == IKE_SEVERITY_ERROR ? IKE_SEVERITY_WARN
                                                                                : row->severity;
    ike_finding *finding = ike_raise(t, sa, id, &info->note, severity,
                                     "%s answered by an Informational: %s%s", what,
                                     info_content(info), trust(info));

    finding->evidence = clear ? IKE_OBSERVED : IKE_INFERRED;
}

static bool is_version_notify(const ike_record *info)
{
    return info->notify_error == 5 || info->notify_error == 6;
}

static void judge_first_message(ike_tracker *t, ike_sa *sa)
{
    ike_record *first = sa->phase1->slot[1];
    ike_record *info;

    if (!first || sa->phase1->highest > 1)
        return;
    info = ike_judge_info_after(sa, first, ike_side_other(first->side), G_MAXINT64);
    if (!info || !info->notify_error)
        return;
    refuse(t, sa, is_version_notify(info) ? IKE_DIAG_MM_VERSION : IKE_DIAG_MM1_REJECT, info,
           sa->phase1->mode == IKE_MODE_AGGRESSIVE ? "AM1" : "MM1");
    ike_judge_fail(sa);
}

static void judge_key_exchange(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm3 = sa->phase1->slot[3];
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm3 || sa->phase1->highest > 3)
        return;
    info = ike_judge_info_after(sa, mm3, ike_side_other(mm3->side), REACTION);
    if (info && info->notify_error == 17)
        refuse(t, sa, IKE_DIAG_MM3_BADKE, info, "MM3");
    if (info && info->notify_error)
        ike_judge_fail(sa);
}

static void judge_mm5(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm5 = sa->phase1->slot[5];
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm5 || sa->phase1->slot[6] ||
        ike_judge_has_phase2(sa))
        return;
    info = ike_judge_info_after(sa, mm5, ike_side_other(mm5->side), REACTION);
    if (!info)
        return;
    refuse(t, sa, IKE_DIAG_MM5_REJECT, info, "MM5");
    ike_judge_fail(sa);
}

static unsigned sends_after(const ike_record *first, const ike_record *after)
{
    unsigned n = 0;

    for (const ike_record *copy = first->last; copy; copy = copy->older)
        n += copy->copy == IKE_COPY_RETRANSMISSION && copy->note.frame > after->note.frame;
    return n;
}

/* True when the SA has no new message after this one. */
static bool is_silent_after(const ike_sa *sa, const ike_record *after)
{
    return sa->newest_frame <= after->note.frame;
}

static void judge_mm6(ike_tracker *t, ike_sa *sa)
{
    ike_record *mm5 = sa->phase1->slot[5], *mm6 = sa->phase1->slot[6];
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_MAIN || !mm6 || ike_judge_has_phase2(sa))
        return;
    if (mm5 && sends_after(mm5, mm6) >= 2 &&
        !ike_judge_info_since(sa, mm6, ike_side_other(mm6->side))) {
        ike_raise(t, sa, IKE_DIAG_MM6_IGNORED, &mm5->last_send->note, 0,
                  "MM5 was sent %u times more after MM6 in frame %u", sends_after(mm5, mm6),
                  mm6->note.frame);
        sa->is_failed = !sa->is_joined;
        return;
    }
    info = ike_judge_info_after(sa, mm6, ike_side_other(mm6->side), REACTION);
    if (info && is_silent_after(sa, info) &&
        t->span.last - info->note.time >= t->options.patience) {
        refuse(t, sa, IKE_DIAG_MM6_DELETE, info, "MM6");
        sa->is_failed = !sa->is_joined;
    }
}

static void judge_am2(ike_tracker *t, ike_sa *sa)
{
    ike_record *am2 = sa->phase1->slot[2];
    ike_record *info;

    if (sa->phase1->mode != IKE_MODE_AGGRESSIVE || !am2 || sa->phase1->slot[3] ||
        ike_judge_has_phase2(sa))
        return;
    info = ike_judge_info_after(sa, am2, ike_side_other(am2->side), REACTION);
    if (!info)
        return;
    refuse(t, sa, IKE_DIAG_AM2_REJECT, info, "AM2");
    ike_judge_fail(sa);
}

static void judge_qm1(ike_tracker *t, ike_sa *sa, const ike_exchange *exchange)
{
    ike_record *qm1 = exchange->slot[1];
    ike_record *info;

    if (exchange->mode != IKE_MODE_QUICK || !qm1 || exchange->highest > 1 ||
        qm1->side == IKE_SIDE_NONE)
        return;
    info = ike_judge_info_after(sa, qm1, ike_side_other(qm1->side), REACTION);
    if (info)
        refuse(t, sa, IKE_DIAG_QM1_REJECT, info, "QM1");
}

static void judge_cookies(ike_tracker *t, ike_sa *sa)
{
    for (guint i = 0; i < sa->records->len; i++) {
        ike_record *r = sa->records->pdata[i];

        if (is_info(r) && r->notify_error == 4)
            ike_raise(t, sa, IKE_DIAG_COOKIE_INVALID, &r->note,
                      is_silent_after(sa, r) ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
                      "the peer does not know this cookie pair%s", trust(r));
    }
}

void ike_judge_refusals(ike_tracker *t, ike_sa *sa)
{
    if (sa->version != 1)
        return;
    judge_first_message(t, sa);
    judge_key_exchange(t, sa);
    judge_mm5(t, sa);
    judge_mm6(t, sa);
    judge_am2(t, sa);
    for (guint i = 0; i < sa->exchanges->len; i++)
        judge_qm1(t, sa, sa->exchanges->pdata[i]);
    judge_cookies(t, sa);
}

/* ---- ICMP ---- */

/* `code` -1: any. The first row that fits counts. */
static const struct {
    bool v6;
    int type, code;
    ike_diagnosis_id id;
    const char *text;
} icmp_rows[] = {
    { false, 3, 3, IKE_DIAG_ICMP_UNREACH, "port unreachable" },
    { false, 3, 4, IKE_DIAG_PMTU, "fragmentation needed" },
    { false, 3, 9, IKE_DIAG_ICMP_FILTERED, "network administratively prohibited" },
    { false, 3, 10, IKE_DIAG_ICMP_FILTERED, "host administratively prohibited" },
    { false, 3, 13, IKE_DIAG_ICMP_FILTERED, "communication administratively prohibited" },
    { false, 3, 0, IKE_DIAG_ICMP_UNREACH, "network unreachable" },
    { false, 3, -1, IKE_DIAG_ICMP_UNREACH, "host unreachable" },
    { false, 11, 1, IKE_DIAG_REASM_TIMEOUT, "fragment reassembly time exceeded" },
    { false, 11, -1, IKE_DIAG_ICMP_UNREACH, "time to live exceeded: a routing loop" },
    { true, 1, 4, IKE_DIAG_ICMP_UNREACH, "port unreachable" },
    { true, 1, 1, IKE_DIAG_ICMP_FILTERED, "communication administratively prohibited" },
    { true, 1, 5, IKE_DIAG_ICMP_FILTERED, "source address failed policy" },
    { true, 1, 6, IKE_DIAG_ICMP_FILTERED, "reject route to destination" },
    { true, 1, -1, IKE_DIAG_ICMP_UNREACH, "no route or address unreachable" },
    { true, 2, -1, IKE_DIAG_PMTU, "packet too big" },
    { true, 3, 1, IKE_DIAG_REASM_TIMEOUT, "fragment reassembly time exceeded" },
    { true, 3, -1, IKE_DIAG_ICMP_UNREACH, "hop limit exceeded: a routing loop" },
};

static bool is_port_unreachable(const ike_icmp *icmp)
{
    return icmp->is_v6 ? icmp->type == 1 && icmp->code == 4 : icmp->type == 3 && icmp->code == 3;
}

static bool is_first_message(const ike_record *r)
{
    const ike_record *first = r && r->first ? r->first : r;

    return first && first->label.number == 1 &&
           (first->label.mode == IKE_MODE_MAIN || first->label.mode == IKE_MODE_AGGRESSIVE);
}

static void judge_one_icmp(ike_tracker *t, ike_sa *sa, ike_icmp *icmp)
{
    const bool stops = is_silent_after(sa, icmp->about ? icmp->about : sa->records->pdata[0]);
    GString *from = g_string_new(NULL);

    ike_addr_append(from, &icmp->reporter);
    for (size_t i = 0; i < G_N_ELEMENTS(icmp_rows); i++) {
        ike_diagnosis_id id = icmp_rows[i].id;

        if (icmp_rows[i].v6 != icmp->is_v6 || icmp_rows[i].type != icmp->type ||
            (icmp_rows[i].code >= 0 && icmp_rows[i].code != icmp->code))
            continue;
        if (is_port_unreachable(icmp) && is_first_message(icmp->about))
            id = IKE_DIAG_MM1_ICMP;
        ike_raise(t, sa, id, &icmp->note,
                  stops || id == IKE_DIAG_PMTU ? IKE_SEVERITY_NONE : IKE_SEVERITY_NOTE,
                  "ICMP from %s: %s", from->str, icmp_rows[i].text);
        if (stops && id != IKE_DIAG_PMTU)
            ike_judge_fail(sa);
        break;
    }
    g_string_free(from, TRUE);
}

void ike_judge_icmp(ike_tracker *t, ike_sa *sa)
{
    for (guint i = 0; i < sa->icmp->len && sa->records->len; i++)
        judge_one_icmp(t, sa, sa->icmp->pdata[i]);
}

/* ---- liveness: RFC 3706 ---- */

typedef struct probes {
    ike_record *unanswered; /* newest */
    unsigned n_unanswered;  /* since the last answer */
    unsigned n_answered;
} probes;

static bool is_probe(const ike_record *r)
{
    return is_info(r) && r->is_encrypted && r->copy == IKE_COPY_NONE &&
           r->state >= IKE_STATE_PROBABLY_ESTABLISHED;
}

/* Probes of one side that may still be answered; older ones are only counted. */
typedef struct open_probes {
    GQueue recent;
    ike_record *newest; /* unanswered */
    unsigned n_missed;
} open_probes;

/* Takes the oldest recent probe that `answer` may answer: of equal length, not too old. */
static bool take_open(open_probes *open, const ike_record *answer)
{
    ike_record *probe;

    while ((probe = g_queue_peek_head(&open->recent)) &&
           answer->note.time - probe->note.time > DPD_ANSWER) {
        g_queue_pop_head(&open->recent);
        open->n_missed++;
    }
    for (GList *l = open->recent.head; l; l = l->next) {
        if (((const ike_record *)l->data)->length == answer->length) {
            g_queue_clear(&open->recent);
            open->n_missed = 0;
            open->newest = NULL;
            return true;
        }
    }
    return false;
}

static void add_probe(open_probes *open, ike_record *r)
{
    /* a burst of deletes or notifies is no series of probes */
    if (open->newest && (open->newest->length != r->length ||
                         r->note.time - open->newest->note.time < DPD_INTERVAL))
        return;
    g_queue_push_tail(&open->recent, r);
    open->newest = r;
}

/* Pairs the probes of both sides with their answers, greedily and by direction: they may cross. */
static void count_probes(const ike_sa *sa, probes p[2])
{
    open_probes open[2] = { { .recent = G_QUEUE_INIT }, { .recent = G_QUEUE_INIT } };

    for (guint i = 0; i < sa->records->len; i++) {
        ike_record *r = sa->records->pdata[i];

        if (!is_probe(r) || r->side == IKE_SIDE_NONE)
            continue;
        if (take_open(&open[1 - r->side], r))
            p[1 - r->side].n_answered++;
        else
            add_probe(&open[r->side], r);
    }
    for (int side = 0; side < 2; side++) {
        p[side].n_unanswered = open[side].n_missed + g_queue_get_length(&open[side].recent);
        p[side].unanswered = open[side].newest;
        g_queue_clear(&open[side].recent);
    }
}

static bool both_announce_dpd(const ike_sa *sa)
{
    return ike_sa_has_vendor(sa, IKE_SIDE_A, IKE_VENDOR_DPD) &&
           ike_sa_has_vendor(sa, IKE_SIDE_B, IKE_VENDOR_DPD);
}

static bool has_messages_after(const ike_sa *sa, ike_side side, const ike_record *after)
{
    return sa->sides[side].newest_exchange_frame > after->note.frame ||
           ike_judge_info_since(sa, after, side);
}

static void judge_probes(ike_tracker *t, ike_sa *sa, ike_side side, probes p)
{
    if (!p.unanswered || has_messages_after(sa, ike_side_other(side), p.unanswered) ||
        !(p.n_answered > 0 || both_announce_dpd(sa)))
        return;
    if (p.n_unanswered >= DPD_MISSED ||
        (p.n_unanswered >= 2 && t->span.last - p.unanswered->note.time >= t->options.patience))
        ike_raise(t, sa, IKE_DIAG_DPD_FAIL, &p.unanswered->note, 0,
                  "%u liveness checks without an answer, after %u that had one", p.n_unanswered,
                  p.n_answered);
}

static unsigned transaction_pairs(const ike_sa *sa)
{
    unsigned n = 0;

    for (guint i = 0; i < sa->exchanges->len; i++) {
        const ike_exchange *exchange = sa->exchanges->pdata[i];

        n += exchange->mode == IKE_MODE_TRANSACTION && exchange->slot[1] && exchange->slot[2];
    }
    return n;
}

static bool has_quick_mode(const ike_sa *sa)
{
    for (guint i = 0; i < sa->exchanges->len; i++)
        if (((const ike_exchange *)sa->exchanges->pdata[i])->mode == IKE_MODE_QUICK)
            return true;
    return false;
}

static void judge_xauth(ike_tracker *t, ike_sa *sa)
{
    const ike_side responder = ike_sa_side_of(sa, IKE_ROLE_RESPONDER);
    ike_record *last;
    bool refused, waited;

    if (transaction_pairs(sa) < 2 || has_quick_mode(sa) || sa->records->len == 0)
        return;
    last = sa->records->pdata[sa->records->len - 1];
    refused = responder != IKE_SIDE_NONE && sa->established &&
              ike_judge_info_since(sa, sa->established, responder);
    waited = t->span.last - last->note.time >= XAUTH_PATIENCE;
    ike_raise(t, sa, IKE_DIAG_XAUTH_FAIL, &last->note,
              refused || waited ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
              refused ? "the responder sent an Informational and no Quick Mode followed XAUTH"
                      : "no Quick Mode after XAUTH until the capture ends");
}

void ike_judge_liveness(ike_tracker *t, ike_sa *sa)
{
    probes p[2] = { 0 };

    if (sa->version != 1 || ike_judge_is_oneway(t, sa))
        return;
    count_probes(sa, p);
    judge_probes(t, sa, IKE_SIDE_A, p[IKE_SIDE_A]);
    judge_probes(t, sa, IKE_SIDE_B, p[IKE_SIDE_B]);
    judge_xauth(t, sa);
}
