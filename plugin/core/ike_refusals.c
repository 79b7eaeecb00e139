/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How the other side shows that it does not go along: Informationals, teardown, ICMP errors, and
 * the end of its liveness.
 */
#include "ike_judge.h"

#define COPIES_LOOKED_AT 64
#define OLDER_SAS 64
#define PADDING 16 /* by which the padding of two stacks differs at most */
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

/* First Informational that follows a message within `limit` and is no liveness check. */
static ike_record *info_within(const GPtrArray *infos, const ike_record *copy, ike_time limit)
{
    for (guint i = info_position(infos, copy->note.frame); i < infos->len; i++) {
        ike_record *info = infos->pdata[i];

        if (info->note.time - copy->note.time > limit)
            return NULL;
        if (info->label.mode == IKE_MODE_INFO && !info->is_liveness &&
            info->note.time >= copy->note.time)
            return info;
    }
    return NULL;
}

ike_record *ike_judge_info_after(const ike_sa *sa, ike_record *r, ike_side from, ike_time limit)
{
    ike_record *found = NULL;
    int n = 0;

    if (from == IKE_SIDE_NONE)
        return NULL;
    for (ike_record *copy = r->last; copy && n++ < COPIES_LOOKED_AT; copy = copy->older) {
        ike_record *info = info_within(sa->infos[from], copy, limit);

        if (info)
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
    info = ike_judge_info_after(sa, mm3, ike_side_other(mm3->side), IKE_REACTION);
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
    info = ike_judge_info_after(sa, mm5, ike_side_other(mm5->side), IKE_REACTION);
    /* an Informational of the initiator proves that it got MM6, which the capture lost */
    if (!info || (!info->notify_error && ike_judge_info_since(sa, info, mm5->side)))
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

static bool has_esp_after(const ike_sa *sa, const ike_record *after)
{
    return sa->sides[0].newest_esp_frame > after->note.frame ||
           sa->sides[1].newest_esp_frame > after->note.frame;
}

/* True when an older SA of the same hosts came up: this one renews it, and its Quick Modes go on. */
static bool renews_another(const ike_tracker *t, const ike_sa *sa)
{
    const GPtrArray *list;

    if (sa->n_pairs == 0)
        return false;
    list = ike_tracker_sas_between(t, &sa->pairs[0].src, &sa->pairs[0].dst);
    for (guint i = 0; list && i < list->len && list->pdata[i] != sa && i < OLDER_SAS; i++)
        if (((const ike_sa *)list->pdata[i])->state == IKE_STATE_ESTABLISHED)
            return true;
    return false;
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
    info = ike_judge_info_after(sa, mm6, ike_side_other(mm6->side), IKE_REACTION);
    if (info && is_silent_after(sa, info) && !has_esp_after(sa, info) && !renews_another(t, sa) &&
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
    info = ike_judge_info_after(sa, am2, ike_side_other(am2->side), IKE_REACTION);
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
    info = ike_judge_info_after(sa, qm1, ike_side_other(qm1->side), IKE_REACTION);
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
    const ike_record *about = icmp->about ? icmp->about : sa->records->pdata[0];
    const bool stops = is_silent_after(sa, about) && !has_esp_after(sa, about);
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
                  id == IKE_DIAG_PMTU ? "ICMP from %s: %s, MTU %u" : "ICMP from %s: %s", from->str,
                  icmp_rows[i].text, icmp->mtu);
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

static bool is_probe(const ike_record *r)
{
    return is_info(r) && r->is_encrypted && r->copy == IKE_COPY_NONE &&
           r->state >= IKE_STATE_PROBABLY_ESTABLISHED;
}

static bool is_alike(const ike_record *a, const ike_record *b)
{
    const uint32_t longer = MAX(a->length, b->length), shorter = MIN(a->length, b->length);

    return longer - shorter <= PADDING;
}

static bool answers(const ike_record *probe, const ike_record *r)
{
    return probe && is_alike(probe, r) && r->note.time >= probe->note.time &&
           r->note.time - probe->note.time <= DPD_ANSWER;
}

/* Pairs of Informationals that one side asks and the other answers; two make a series. */
typedef struct series {
    ike_record *open;                 /* newest of this side that is not answered */
    ike_record *first_probe, *first_answer;
} series;

static void mark_pair(series *s, ike_record *answer)
{
    if (s->first_probe) {
        s->first_probe->is_liveness = s->first_answer->is_liveness = true;
        s->open->is_liveness = answer->is_liveness = true;
    } else {
        s->first_probe = s->open;
        s->first_answer = answer;
    }
    s->open = NULL;
}

void ike_judge_find_liveness(ike_sa *sa)
{
    series s[2] = { { NULL, NULL, NULL }, { NULL, NULL, NULL } };
    guint i[2] = { 0, 0 };

    while (i[0] < sa->infos[0]->len || i[1] < sa->infos[1]->len) {
        const bool first = i[1] >= sa->infos[1]->len ||
                           (i[0] < sa->infos[0]->len &&
                            ((ike_record *)sa->infos[0]->pdata[i[0]])->note.frame <
                                ((ike_record *)sa->infos[1]->pdata[i[1]])->note.frame);
        const int side = first ? 0 : 1;
        ike_record *r = sa->infos[side]->pdata[i[side]++];

        r->is_liveness = false;
        if (!is_probe(r))
            continue;
        if (answers(s[1 - side].open, r))
            mark_pair(&s[1 - side], r);
        else
            s[side].open = r;
    }
}

/* A run of liveness checks at the end of the capture, to which the peer sent nothing at all. */
typedef struct probes {
    ike_record *first, *newest;
    unsigned n;
    ike_time shortest, longest; /* gaps between them */
    unsigned n_answered; /* before the run */
    uint32_t length;     /* of answered checks, 0 when there were none */
} probes;

static void add_probe(probes *p, ike_record *r)
{
    const ike_time gap = p->newest ? r->note.time - p->newest->note.time : 0;

    if (p->n > 0 && gap < DPD_INTERVAL) /* a burst of deletes or notifies is no series of checks */
        return;
    if (p->n == 1)
        p->shortest = p->longest = gap;
    p->shortest = MIN(p->shortest, gap);
    p->longest = MAX(p->longest, gap);
    if (p->n++ == 0)
        p->first = r;
    p->newest = r;
}

static probes unanswered_probes(const ike_sa *sa, ike_side side)
{
    probes p = { 0 };

    for (guint i = 0; i < sa->records->len; i++) {
        ike_record *r = sa->records->pdata[i];

        if (r->side != side && p.n > 0) {
            p.n = 0;
            p.newest = NULL;
        }
        if (r->side != side || !is_probe(r))
            continue;
        if (r->is_liveness) {
            p.n_answered++;
            p.length = r->length;
        }
        if (!p.newest || p.newest->length == r->length)
            add_probe(&p, r);
    }
    return p;
}

static bool both_announce_dpd(const ike_sa *sa)
{
    return ike_sa_has_vendor(sa, IKE_SIDE_A, IKE_VENDOR_DPD) &&
           ike_sa_has_vendor(sa, IKE_SIDE_B, IKE_VENDOR_DPD);
}

/* Liveness checks come at a steady interval; deletes do not. */
static bool is_steady(const probes *p)
{
    return p->longest <= 3 * p->shortest;
}

static void judge_probes(ike_tracker *t, ike_sa *sa, ike_side side)
{
    const probes p = unanswered_probes(sa, side);
    const bool known = p.n_answered > 0 ? p.newest && p.newest->length == p.length
                                        : both_announce_dpd(sa);

    if (p.n < 2 || !known || !is_steady(&p))
        return;
    if (p.n >= DPD_MISSED || t->span.last - p.newest->note.time >= t->options.patience)
        ike_raise(t, sa, IKE_DIAG_DPD_FAIL, &p.newest->note, 0,
                  "%u liveness checks without an answer, after %u messages of answered ones", p.n,
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

static ike_record *newest_transaction(const ike_sa *sa)
{
    ike_record *newest = NULL;

    for (guint i = 0; i < sa->exchanges->len; i++) {
        const ike_exchange *exchange = sa->exchanges->pdata[i];
        ike_record *r = exchange->mode == IKE_MODE_TRANSACTION
                            ? exchange->records->pdata[exchange->records->len - 1] : NULL;

        if (r && (!newest || r->note.frame > newest->note.frame))
            newest = r;
    }
    return newest;
}

/* What both sides go on to send on an SA that came up. */
static bool is_alive_after(const ike_sa *sa, const ike_record *r)
{
    for (int side = 0; side < 2; side++)
        for (guint i = info_position(sa->infos[side], r->note.frame); i < sa->infos[side]->len; i++)
            if (((const ike_record *)sa->infos[side]->pdata[i])->is_liveness)
                return true;
    return has_esp_after(sa, r);
}

static void judge_xauth(ike_tracker *t, ike_sa *sa)
{
    const ike_side responder = ike_sa_side_of(sa, IKE_ROLE_RESPONDER);
    ike_record *last, *info;
    bool waited;

    if (transaction_pairs(sa) < 2 || has_quick_mode(sa) || renews_another(t, sa))
        return;
    last = newest_transaction(sa);
    if (is_alive_after(sa, last))
        return;
    info = ike_judge_info_after(sa, last, responder, IKE_REACTION);
    waited = t->span.last - last->note.time >= XAUTH_PATIENCE;
    ike_raise(t, sa, IKE_DIAG_XAUTH_FAIL, &last->note,
              waited || (info && is_silent_after(sa, info)) ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
              info ? "the responder sent an Informational and no Quick Mode followed XAUTH"
                   : "no Quick Mode after XAUTH until the capture ends");
}

void ike_judge_liveness(ike_tracker *t, ike_sa *sa)
{
    if (sa->version != 1 || ike_judge_is_oneway(t, sa))
        return;
    judge_probes(t, sa, IKE_SIDE_A);
    judge_probes(t, sa, IKE_SIDE_B);
    judge_xauth(t, sa);
}
