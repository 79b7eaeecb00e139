/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whether an SA that came up lives on: liveness checks and their end (RFC 3706), and XAUTH that no
 * Quick Mode follows.
 */
#include "ike_hash.h"
#include "ike_judge.h"

#define DPD_ANSWER (2 * IKE_SECOND)
#define DPD_INTERVAL (1 * IKE_SECOND)
#define DPD_MISSED 3
#define PADDING 16 /* by which the padding of two stacks differs at most */
#define XAUTH_PATIENCE (30 * IKE_SECOND)
#define TEARDOWN (5 * IKE_SECOND)

/* ---- liveness checks ---- */

static bool is_probe(const ike_record *r)
{
    return ike_judge_is_info(r) && r->is_encrypted && r->copy == IKE_COPY_NONE &&
           (r->is_decrypted ? r->told & IKE_TOLD_ALIVE : r->state >= IKE_STATE_PROBABLY_ESTABLISHED);
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

    while (i[0] < sa->more->infos[0].len || i[1] < sa->more->infos[1].len) {
        const bool first = i[1] >= sa->more->infos[1].len ||
                           (i[0] < sa->more->infos[0].len &&
                            ((ike_record *)sa->more->infos[0].pdata[i[0]])->note.frame <
                                ((ike_record *)sa->more->infos[1].pdata[i[1]])->note.frame);
        const int side = first ? 0 : 1;
        ike_record *r = sa->more->infos[side].pdata[i[side]++];

        r->is_liveness = r->told & (IKE_TOLD_ALIVE | IKE_TOLD_ALIVE_ACK);
        r->may_answer = false;
        if (r->is_decrypted || !is_probe(r))
            continue;
        r->may_answer = answers(s[1 - side].open, r);
        if (r->may_answer)
            mark_pair(&s[1 - side], r);
        else
            s[side].open = r;
    }
}

/* A run of liveness checks at the end of the capture, to which the peer sent nothing at all. */
typedef struct probes {
    ike_record *first, *newest;
    unsigned n, in_bursts;
    ike_time shortest, longest; /* gaps between them */
    uint32_t length; /* of answered checks before the run, 0 when there were none */
} probes;

static void add_probe(probes *p, ike_record *r)
{
    const ike_time gap = p->newest ? r->note.time - p->newest->note.time : 0;

    if (p->n > 0 && gap < DPD_INTERVAL) { /* deletes or notifies */
        p->in_bursts++;
        return;
    }
    if (p->n == 1)
        p->shortest = p->longest = gap;
    p->shortest = MIN(p->shortest, gap);
    p->longest = MAX(p->longest, gap);
    if (p->n++ == 0)
        p->first = r;
    p->newest = r;
}

/* Numbers of the decrypted acknowledgements of the other side (RFC 3706 5.5); NULL when there are none. */
static GHashTable *acknowledged(const ike_sa *sa, ike_side side)
{
    GHashTable *numbers = NULL;

    for (guint i = 0; i < sa->more->infos[1 - side].len; i++) {
        const ike_record *r = sa->more->infos[1 - side].pdata[i];

        if (!(r->told & IKE_TOLD_ALIVE_ACK))
            continue;
        if (!numbers)
            numbers = g_hash_table_new(ike_hash_number, g_direct_equal);
        g_hash_table_add(numbers, GUINT_TO_POINTER(r->rare->alive_number));
    }
    return numbers;
}

static bool is_acknowledged(const ike_record *r, GHashTable *numbers)
{
    return r->is_decrypted && numbers && g_hash_table_contains(numbers, GUINT_TO_POINTER(r->rare->alive_number));
}

static probes unanswered_probes(const ike_sa *sa, ike_side side)
{
    GHashTable *answered = acknowledged(sa, side);
    probes p = { 0 };

    for (guint i = 0; i < sa->records.len; i++) {
        ike_record *r = sa->records.pdata[i];

        if (r->side != side && p.n > 0) {
            p.n = p.in_bursts = 0;
            p.newest = NULL;
        }
        if (r->side != side || !is_probe(r))
            continue;
        if (is_acknowledged(r, answered)) {
            p.length = r->length;
            continue;
        }
        if (r->is_liveness && !r->is_decrypted)
            p.length = r->length;
        else if (r->may_answer && p.n == 0)
            continue; /* none of the run: the peer asked, if only once */
        else if (!p.newest || p.newest->length == r->length)
            add_probe(&p, r);
    }
    if (answered)
        g_hash_table_destroy(answered);
    return p;
}

static bool both_announce_dpd(const ike_sa *sa)
{
    return ike_sa_has_vendor(sa, IKE_SIDE_A, IKE_VENDOR_DPD) &&
           ike_sa_has_vendor(sa, IKE_SIDE_B, IKE_VENDOR_DPD);
}

/* Liveness checks come at a steady interval; deletes do not, or in bursts. */
static bool is_steady(const probes *p)
{
    return p->in_bursts < p->n && p->longest <= 3 * p->shortest;
}

/* An SA that lives on in place of the one that is probed, or beside it. */
static const ike_sa *lives_instead(const ike_tracker *t, const ike_sa *sa, const ike_record *probe)
{
    const ike_sa *other = ike_judge_successor(t, sa, probe, true);

    return other ? other : ike_judge_alive_beside(t, sa, probe);
}

static void raise_unanswered(ike_tracker *t, ike_sa *sa, const probes *p)
{
    const ike_sa *other = lives_instead(t, sa, p->first);
    const ike_record *heard = sa->sides[ike_side_other(p->newest->side)].newest;
    GString *text = g_string_new(NULL);
    ike_finding *finding;

    g_string_printf(text, "%u liveness checks (frames %u to %u) ", p->n, p->first->note.frame, p->newest->note.frame);
    g_string_append(text, p->length ? "had no answer; earlier ones had one" : "had no answer");
    if (heard)
        g_string_append_printf(text, "; the peer was last heard in frame %u", heard->note.frame);
    if (other)
        g_string_append_printf(text, "; the peer goes on with SA %u", other->number);
    finding = ike_raise(t, sa, IKE_DIAG_DPD_FAIL, &p->newest->note,
                        other ? ike_diagnosis_get(IKE_DIAG_DPD_FAIL)->lesser : IKE_SEVERITY_NONE, "%s", text->str);
    if (p->newest->is_decrypted)
        ike_finding_known(finding, &p->newest->note, IKE_OBSERVED);
    g_string_free(text, TRUE);
}

/* Bytes of an R-U-THERE: HASH and the notify of RFC 3706 5.2, padded. A stack may pad by a block more. */
static bool has_length_of_probe(const ike_sa *sa, uint32_t length)
{
    const unsigned block = ike_encryption_block(sa->more->chosen.encryption), hash = ike_hash_length(sa->more->chosen.hash);
    const unsigned content = 4 + hash + 32;
    uint32_t shortest;

    if (!sa->more->has_chosen || block == 0 || hash == 0)
        return true;
    shortest = IKE_HEADER_LENGTH + (content + block - 1) / block * block;
    return length >= shortest && length <= shortest + block;
}

static void judge_probes(ike_tracker *t, ike_sa *sa, ike_side side)
{
    const probes p = unanswered_probes(sa, side);
    const bool known = p.newest && p.newest->is_decrypted ? true
                       : p.length ? p.newest && p.newest->length == p.length
                                : p.newest && both_announce_dpd(sa) && has_length_of_probe(sa, p.newest->length);

    /* without answered ones to compare with, two could as well be deletes */
    if (p.n < (p.length ? 2 : DPD_MISSED) || !known || !is_steady(&p) ||
        sa->sides[ike_side_other(side)].more->newest_esp_frame > p.first->note.frame)
        return;
    if (p.n >= DPD_MISSED || ike_judge_waited(t, p.newest->note.time))
        raise_unanswered(t, sa, &p);
}

/* ---- XAUTH ---- */

static unsigned transaction_pairs(const ike_sa *sa)
{
    unsigned n = 0;

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        n += exchange->mode == IKE_MODE_TRANSACTION && ike_exchange_slot(exchange, 1) && ike_exchange_slot(exchange, 2);
    }
    return n;
}

static bool has_quick_mode(const ike_sa *sa)
{
    for (guint i = 0; i < sa->more->exchanges.len; i++)
        if (((const ike_exchange *)sa->more->exchanges.pdata[i])->mode == IKE_MODE_QUICK)
            return true;
    return false;
}

static ike_record *newest_transaction(const ike_sa *sa)
{
    ike_record *newest = NULL;

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];
        ike_record *r = exchange->mode == IKE_MODE_TRANSACTION
                            ? exchange->records.pdata[exchange->records.len - 1] : NULL;

        if (r && (!newest || r->note.frame > newest->note.frame))
            newest = r;
    }
    return newest;
}

/* True when this Informational comes long after another message and the other side answers it: the
 * teardown after a failure comes at once. */
static bool is_answered_check(const ike_sa *sa, const ike_record *info, const ike_record *after)
{
    const ike_list *theirs = &sa->more->infos[ike_side_other(info->side)];
    const guint i = ike_judge_info_position(theirs, info->note.frame);

    return info->note.time - after->note.time > TEARDOWN && i < theirs->len &&
           answers(info, theirs->pdata[i]);
}

/* What both sides go on to send on an SA that came up. */
static bool is_alive_after(const ike_sa *sa, const ike_record *r)
{
    for (int side = 0; side < 2; side++) {
        guint i = ike_judge_info_position(&sa->more->infos[side], r->note.frame);

        for (; i < sa->more->infos[side].len; i++)
            if (is_answered_check(sa, sa->more->infos[side].pdata[i], r))
                return true;
    }
    return ike_judge_has_esp_after(sa, r);
}

/* XAUTH takes two pairs: a single one is Mode-Config. */
static void judge_configuration(ike_tracker *t, ike_sa *sa, ike_record *last)
{
    if (t->span.last - last->note.time >= XAUTH_PATIENCE)
        ike_raise(t, sa, IKE_DIAG_CFG_NOADDR, &last->note, IKE_SEVERITY_NONE,
                  "one Transaction exchange, and no Quick Mode in the 30 s after it");
}

/* The newest message with a status that was decrypted, or NULL. */
static ike_record *newest_status(const ike_sa *sa)
{
    for (guint i = sa->records.len; i > 0; i--) {
        ike_record *r = sa->records.pdata[i - 1];

        if (r->told & (IKE_TOLD_XAUTH_OK | IKE_TOLD_XAUTH_FAILED))
            return r;
    }
    return NULL;
}

static void fail_xauth(ike_tracker *t, ike_sa *sa, ike_record *status)
{
    ike_finding *finding = ike_raise(t, sa, IKE_DIAG_XAUTH_FAIL, &status->note, IKE_SEVERITY_WARN,
                                     "XAUTH-STATUS is 0 (fail)%s%s", sa->more->user ? " for user " : "",
                                     sa->more->user ? sa->more->user : "");

    ike_finding_known(finding, &status->note, IKE_OBSERVED);
}

static void raise_no_quick_mode(ike_tracker *t, ike_sa *sa, ike_record *last, const ike_record *info)
{
    const ike_time left = t->span.last - last->note.time;
    const bool is_over = left >= XAUTH_PATIENCE || (info && ike_judge_is_silent_after(sa, info));
    GString *text = g_string_new(NULL);

    if (info) {
        g_string_append(text, "the responder sent an Informational and no Quick Mode followed XAUTH");
    } else {
        g_string_append(text, "no Quick Mode after XAUTH; the capture ends ");
        ike_seconds_append(text, left);
        g_string_append(text, " s later");
    }
    ike_raise(t, sa, IKE_DIAG_XAUTH_FAIL, &last->note, is_over ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE, "%s",
              text->str);
    g_string_free(text, TRUE);
}

static void judge_xauth(ike_tracker *t, ike_sa *sa)
{
    const ike_side responder = ike_sa_side_of(sa, IKE_ROLE_RESPONDER);
    const unsigned pairs = transaction_pairs(sa);
    ike_record *status = newest_status(sa), *last, *info;

    if (status) { /* keys show how it ended */
        if (status->told & IKE_TOLD_XAUTH_FAILED)
            fail_xauth(t, sa, status);
        return;
    }
    if (pairs == 0 || has_quick_mode(sa) || ike_judge_renews_another(t, sa))
        return;
    last = newest_transaction(sa);
    if (is_alive_after(sa, last))
        return;
    if (pairs == 1) {
        judge_configuration(t, sa, last);
        return;
    }
    info = ike_judge_info_after(sa, last, responder, IKE_REACTION);
    raise_no_quick_mode(t, sa, last, info);
}

void ike_judge_liveness(ike_tracker *t, ike_sa *sa)
{
    if (sa->version != 1 || ike_judge_is_oneway(t, sa))
        return;
    judge_probes(t, sa, IKE_SIDE_A);
    judge_probes(t, sa, IKE_SIDE_B);
    judge_xauth(t, sa);
}
