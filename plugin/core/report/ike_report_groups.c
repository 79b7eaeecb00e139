/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Many negotiations on few lines: repeated attempts that ended the same way are one entry, the worst come
 * first, and of hundreds the rest is summed up.
 */
#include "ike_causes.h"
#include "ike_hash.h"
#include "ike_report.h"

#include <string.h>

#define SHOWN_NUMBERS 8
#define SHOWN_KINDS 8 /* of each result in the sum at the end */

static void free_group(gpointer p)
{
    ike_report_group *group = p;

    g_ptr_array_free(group->sas, TRUE);
    g_free(group);
}

static void append_reason(GString *key, const ike_finding *deciding)
{
    const ike_record *r = deciding->note ? ike_note_record(deciding->note) : NULL;

    if (r)
        g_string_append_printf(key, " error %u", r->rare->notify_error);
    if (deciding->causes)
        g_string_append_printf(key, " cause %d %d", (int)deciding->causes->best, deciding->causes->is_close);
}

static void append_warnings(GString *key, const ike_sa *sa)
{
    for (guint i = 0; i < sa->distinct.len; i++) {
        const ike_finding *finding = sa->distinct.pdata[i];

        if (finding->severity >= IKE_SEVERITY_WARN)
            g_string_append_printf(key, " %d", (int)finding->id);
    }
}

/* The offer, and a port that a NAT has given: another client behind it has another one. */
static void append_first_message(GString *key, const ike_sa *sa)
{
    const ike_side side = sa->initiator;
    const ike_endpoint *from = side != IKE_SIDE_NONE && sa->sides[side].n_endpoints ? sa->sides[side].endpoints
                                                                                   : NULL;
    const ike_record *first = ike_exchange_slot(sa->phase1, 1);

    if (from && !ike_is_port(from->port))
        g_string_append_printf(key, " port %u", from->port);
    if (first)
        g_string_append_printf(key, " %u bytes", first->length);
}

/* What attempts have in common that ended the same way: peers, kind, the finding that decides, how far they
 * came. Those that came up, and those that the capture has no start of, stand for themselves. */
static char *key_of(const ike_sa *sa)
{
    const ike_finding *deciding = ike_result_deciding(&sa->distinct);
    GString *key = g_string_new(NULL);
    const ike_record *proven;

    if (!deciding || sa->is_joined || !sa->is_failed) {
        g_string_printf(key, "SA %u", sa->number);
    } else {
        ike_report_peers(key, sa, " -> ", false);
        g_string_append_printf(key, " %u %d ", sa->version, (int)sa->phase1->mode);
        ike_label_append(key, ike_report_proven(sa, &proven));
        append_reason(key, deciding);
        append_warnings(key, sa);
        append_first_message(key, sa);
    }
    return g_string_free(key, FALSE);
}

static int worst_first(gconstpointer a, gconstpointer b)
{
    const ike_sa *x = *(ike_sa *const *)a, *y = *(ike_sa *const *)b;
    const int by_rank = (int)ike_result_of(y) - (int)ike_result_of(x);

    return by_rank ? by_rank : (int)x->number - (int)y->number;
}

GPtrArray *ike_report_groups(GPtrArray *sas)
{
    GPtrArray *groups = g_ptr_array_new_with_free_func(free_group);
    GHashTable *by_key = g_hash_table_new_full(ike_hash_text, g_str_equal, g_free, NULL);

    g_ptr_array_sort(sas, worst_first);
    for (guint i = 0; i < sas->len; i++) {
        char *key = key_of(sas->pdata[i]);
        ike_report_group *group = g_hash_table_lookup(by_key, key);

        if (group) {
            g_free(key);
        } else {
            group = g_new0(ike_report_group, 1);
            group->sa = sas->pdata[i];
            group->sas = g_ptr_array_new();
            g_ptr_array_add(groups, group);
            g_hash_table_insert(by_key, key, group);
        }
        g_ptr_array_add(group->sas, sas->pdata[i]);
    }
    g_hash_table_destroy(by_key);
    return groups;
}

void ike_report_attempts(GString *out, const ike_report_group *group)
{
    const ike_sa *last = group->sas->pdata[group->sas->len - 1];

    if (group->sas->len < 2)
        return;
    g_string_append_printf(out, "%u that ended the same way", group->sas->len);
    if (last->last_time > group->sa->first_time) {
        g_string_append(out, " in ");
        ike_seconds_append(out, last->last_time - group->sa->first_time);
        g_string_append(out, " s");
    }
    for (guint i = 0; i < MIN(group->sas->len, SHOWN_NUMBERS); i++)
        g_string_append_printf(out, "%s%u", i ? ", " : ": SA ", ((const ike_sa *)group->sas->pdata[i])->number);
    if (group->sas->len > SHOWN_NUMBERS)
        g_string_append(out, " ..");
}

/* With which SAs it is about at the right end, or wrapped where that does not fit. */
static void write_line(GString *out, const char *result, GString *text, const char *where)
{
    char head[16];

    g_snprintf(head, sizeof head, "%-6s", result);
    if (strlen(head) + text->len + 1 + strlen(where) <= IKE_REPORT_WIDTH) {
        g_string_append_printf(out, "%s%s%*s\n", head, text->str,
                               IKE_REPORT_WIDTH - (int)(strlen(head) + text->len), where);
        return;
    }
    g_string_append_printf(text, " %s", where);
    ike_report_wrap(out, head, text->str);
}

void ike_report_one_line(const ike_report *report, const ike_report_group *group)
{
    const ike_finding *deciding = ike_result_deciding(&group->sa->distinct);
    GString *text = g_string_new(NULL), *where = g_string_new(NULL);

    ike_report_peers(text, group->sa, " -> ", false);
    g_string_append(text, "  ");
    if (deciding)
        g_string_append(text, ike_diagnosis_get(deciding->id)->id);
    else
        ike_report_outcome(text, group->sa);
    g_string_printf(where, "SA %u", group->sa->number);
    if (group->sas->len > 1)
        g_string_append_printf(where, " and %u more", group->sas->len - 1);
    write_line(report->out, ike_result_name(ike_result_of(group->sa)), text, where->str);
    g_string_free(text, TRUE);
    g_string_free(where, TRUE);
}

/* ---- the sum of what is not shown one by one ---- */

/* Negotiations by the finding that decides them. */
typedef struct tally {
    unsigned n[IKE_N_DIAGNOSES];
    unsigned all;
} tally;

static void count(tally *t, const ike_sa *sa, unsigned n)
{
    const ike_finding *deciding = ike_result_deciding(&sa->distinct);

    t->n[deciding ? deciding->id : IKE_DIAG_NONE] += n;
    t->all += n;
}

/* The most frequent finding that is left; IKE_DIAG_NONE when there is none. */
static ike_diagnosis_id most_frequent(const tally *t)
{
    int best = IKE_DIAG_NONE;

    for (int id = IKE_DIAG_NONE + 1; id < IKE_N_DIAGNOSES; id++)
        if (t->n[id] > 0 && (best == IKE_DIAG_NONE || t->n[id] > t->n[best]))
            best = id;
    return (ike_diagnosis_id)best;
}

static void append_kinds(GString *out, tally *t)
{
    ike_diagnosis_id id;

    for (int shown = 0; shown < SHOWN_KINDS && (id = most_frequent(t)); shown++) {
        g_string_append_printf(out, "%s%s %u", shown ? ", " : ": ", ike_diagnosis_get(id)->id, t->n[id]);
        t->n[id] = 0;
    }
    if (most_frequent(t))
        g_string_append(out, " and others");
}

void ike_report_sum(const ike_report *report, const GPtrArray *groups, guint from)
{
    tally tallies[IKE_RESULT_FAIL + 1];
    GString *text = g_string_new(NULL);
    char head[16];

    memset(tallies, 0, sizeof tallies);
    for (guint i = from; i < groups->len; i++) {
        const ike_report_group *group = groups->pdata[i];

        count(&tallies[ike_result_of(group->sa)], group->sa, group->sas->len);
    }
    for (int result = IKE_RESULT_FAIL; result > IKE_RESULT_NODATA; result--) {
        if (tallies[result].all == 0)
            continue;
        g_string_printf(text, "%u more", tallies[result].all);
        append_kinds(text, &tallies[result]);
        g_snprintf(head, sizeof head, "%-6s", ike_result_name((ike_result)result));
        ike_report_wrap(report->out, head, text->str);
    }
    g_string_free(text, TRUE);
}
