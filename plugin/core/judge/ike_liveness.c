/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whether an SA that came up lives on: liveness checks and their end (RFC 3706).
 */
#include "ike_hash.h"
#include "ike_judge.h"

#define DPD_ANSWER (2 * IKE_SECOND)
#define DPD_INTERVAL (1 * IKE_SECOND)
#define DPD_MISSED 3
#define PADDING 16 /* by which the padding of two stacks differs at most */

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

bool ike_judge_answers_check(const ike_record *probe, const ike_record *r)
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
        r->may_answer = ike_judge_answers_check(s[1 - side].open, r);
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

void ike_judge_liveness(ike_tracker *t, ike_sa *sa)
{
    if (sa->version != 1 || ike_judge_is_oneway(t, sa))
        return;
    judge_probes(t, sa, IKE_SIDE_A);
    judge_probes(t, sa, IKE_SIDE_B);
    ike_judge_xauth(t, sa);
}
