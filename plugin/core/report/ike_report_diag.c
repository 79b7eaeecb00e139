/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -z ikex,diag: what an engineer reads first. One entry per negotiation, worst first: how far it
 * came, what is owed by whom, what was found, how it is known, what to check next.
 */
#include "ike_report.h"

#include <string.h>

#define SHOWN_CHILDREN 3
#define SHOWN_FRAGMENTED 4
#define SHOWN_REMARKS 10 /* of one negotiation */
#define SHOWN_OF_MANY 3 /* remarks, when there are many negotiations */

/* ---- head lines ---- */

static void append_version_mode(GString *out, const ike_sa *sa)
{
    const ike_mode mode = sa->phase1->mode;

    g_string_append_printf(out, "IKEv%u", sa->version);
    if (mode == IKE_MODE_AUTHIP_MAIN)
        g_string_assign(out, "AuthIP");
    else if (mode != IKE_MODE_NONE && sa->version == 1)
        g_string_append_printf(out, " %s", ike_modes[mode].name);
    if (sa->has_used_tcp)
        g_string_append(out, " in TCP");
    if (sa->more->has_chosen) {
        const bool gss = ike_sa_has_vendor(sa, IKE_SIDE_A, IKE_VENDOR_GSS) ||
                         ike_sa_has_vendor(sa, IKE_SIDE_B, IKE_VENDOR_GSS);
        const char *auth = ike_auth_name(sa->more->chosen.auth, gss);

        g_string_append_printf(out, ", %s", auth ? auth : "unknown authentication");
    }
}

static void headline(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL), *where = g_string_new(NULL);

    g_string_printf(text, "%-6s", ike_result_name(ike_result_of(sa)));
    ike_report_peers(text, sa, " -> ", false);
    g_string_printf(where, "SA %u", sa->number);
    ike_report_frames(where, ", ", sa->first_frame, sa->last_frame);
    if (text->len + 2 + where->len > IKE_REPORT_WIDTH) {
        g_string_append_printf(report->out, "%s\n", text->str);
        g_string_truncate(text, 0);
    }
    g_string_append_printf(report->out, "%s%*s\n", text->str, IKE_REPORT_WIDTH - (int)text->len,
                           where->str);
    g_string_truncate(text, 0);
    append_version_mode(text, sa);
    g_string_append(text, ": ");
    ike_report_outcome(text, sa);
    ike_report_wrap(report->out, IKE_REPORT_INDENT, text->str);
    g_string_free(text, TRUE);
    g_string_free(where, TRUE);
}

/* ---- how far it came ---- */

static void last_proven(const ike_report *report, const ike_sa *sa)
{
    const ike_record *r;
    GString *text = g_string_new(NULL);

    ike_report_proven(sa, &r);
    if (!r) {
        g_string_append(text, "nothing: no message is known to have arrived");
    } else {
        ike_label_append(text, r->label);
        g_string_append_printf(text, ", frame %u, +", r->note.frame);
        ike_seconds_append(text, r->note.time - sa->first_time);
        g_string_append(text, " s");
    }
    ike_report_fact(report, "last proven", text->str);
    g_string_free(text, TRUE);
}

/* A fact that a function appends, when there is one. */
static void appended(const ike_report *report, const char *name, const ike_sa *sa,
                     void (*append)(GString *out, const ike_sa *sa))
{
    GString *text = g_string_new(NULL);

    append(text, sa);
    if (text->len)
        ike_report_fact(report, name, text->str);
    g_string_free(text, TRUE);
}

/* The Quick Modes; the Child SAs of IKEv2, unless keys show them, are told with its exchanges. */
static void children(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);
    unsigned n = 0;

    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        const ike_exchange *exchange = sa->more->exchanges.pdata[i];

        g_string_truncate(text, 0);
        if (exchange->leads_child && (sa->version == 1 || ike_child_is_decrypted(exchange)))
            ike_report_child(text, exchange);
        if (text->len && n++ < SHOWN_CHILDREN)
            ike_report_fact(report, sa->version == 1 ? "Quick Mode" : "Child SA", text->str);
    }
    if (n > SHOWN_CHILDREN) {
        g_string_printf(text, "and %u more", n - SHOWN_CHILDREN);
        ike_report_fact(report, "", text->str);
    }
    g_string_free(text, TRUE);
}

static void append_pieces(GString *text, const ike_record *r)
{
    if (r->fragment == IKE_FRAGMENT_IP)
        ike_count_append(text, r->rare->fragment_total, "IP fragment", "IP fragments");
    else
        ike_count_append(text, r->rare->fragment_total, "IKE fragment", "IKE fragments");
}

static void fragments(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);
    unsigned n = 0;

    for (guint i = 0; i < sa->records.len; i++) {
        const ike_record *r = sa->records.pdata[i];

        if (r->note.kind != IKE_NOTE_MESSAGE || r->fragment == IKE_FRAGMENT_NONE ||
            r->copy != IKE_COPY_NONE || n++ >= SHOWN_FRAGMENTED)
            continue;
        if (text->len)
            g_string_append(text, "; ");
        if (r->label.mode == IKE_MODE_NONE)
            g_string_append(text, "a message");
        ike_label_append(text, r->label);
        if (r->fragment != IKE_FRAGMENT_V2) /* the length of the whole is not visible there */
            g_string_append_printf(text, " (%u bytes)", r->length);
        g_string_append(text, " in ");
        append_pieces(text, r);
    }
    if (n > SHOWN_FRAGMENTED)
        g_string_append_printf(text, "; and %u more", n - SHOWN_FRAGMENTED);
    if (text->len)
        ike_report_fact(report, "fragmented", text->str);
    g_string_free(text, TRUE);
}

/* "ESP", "AH", or both. */
static const char *ipsec_name(const ike_sa *sa)
{
    static const char *const names[] = { "ESP", "ESP", "AH", "ESP and AH" };
    unsigned seen = 0;

    for (guint i = 0; i < sa->more->flows.len; i++)
        seen |= ((const ike_flow *)sa->more->flows.pdata[i])->is_ah ? 2 : 1;
    return names[seen];
}

static void ipsec(const ike_report *report, const ike_sa *sa)
{
    GString *text;

    if (sa->sides[0].more->esp_packets + sa->sides[1].more->esp_packets == 0)
        return;
    text = g_string_new(NULL);
    for (int side = 0; side < 2; side++) {
        g_string_append(text, side ? ", " : "");
        ike_count_append(text, sa->sides[side].more->esp_packets, "packet", "packets");
        g_string_append_printf(text, " from %s", ike_report_role(sa, side));
    }
    ike_report_fact(report, ipsec_name(sa), text->str);
    g_string_free(text, TRUE);
}

/* ---- all ---- */

static void attempts(const ike_report *report, const ike_report_group *group)
{
    GString *text = g_string_new(NULL);

    ike_report_attempts(text, group);
    if (text->len)
        ike_report_fact(report, "attempts", text->str);
    g_string_free(text, TRUE);
}

static void entry(const ike_report *report, const ike_report_group *group, unsigned max_remarks)
{
    const ike_sa *sa = group->sa;
    const ike_finding *deciding = ike_result_deciding(&sa->distinct);

    headline(report, sa);
    attempts(report, group);
    if (sa->is_failed) {
        last_proven(report, sa);
        appended(report, "owed", sa, ike_report_owed);
    }
    if (deciding)
        ike_report_verdict(report, deciding, deciding->count);
    ike_report_proposals(report, sa);
    ike_report_refused_child(report, sa);
    appended(report, "identities", sa, ike_report_identities);
    appended(report, "peers", sa, ike_report_vendors);
    appended(report, sa->version == 2 ? "exchanges" : "phase 1", sa, ike_report_course);
    fragments(report, sa);
    appended(report, "NAT", sa, ike_report_natted);
    children(report, sa);
    appended(report, "later", sa, ike_report_later);
    ipsec(report, sa);
    ike_report_findings(report, &sa->findings, deciding, max_remarks);
    ike_report_rule(report->out, '-');
}

static void top(const ike_report *report)
{
    const ike_totals totals = ike_totals_of(&report->of);
    const ike_span span = ike_tracker_span(report->of.tracker);
    GString *right = g_string_new(NULL);

    ike_count_append(right, totals.sas, "negotiation", "negotiations");
    g_string_append(right, ", ");
    ike_count_append(right, totals.messages, "message", "messages");
    g_string_append(right, ", ");
    ike_count_append(right, span.frames, "frame", "frames");
    g_string_append(right, ", ");
    ike_seconds_append(right, span.last - span.first);
    g_string_append(right, " s");
    g_string_append_printf(report->out, "IKE diagnosis%*s\n",
                           IKE_REPORT_WIDTH - (int)strlen("IKE diagnosis"), right->str);
    if (report->filter)
        ike_report_wrap(report->out, "Filter: ", report->filter);
    ike_report_rule(report->out, '-');
    g_string_free(right, TRUE);
}

/* What is said of messages and packets that belong to no SA. */
static void orphans(const ike_report *report)
{
    const ike_list *found = ike_tracker_orphans(report->of.tracker);
    ike_severity worst = IKE_SEVERITY_NONE;

    for (guint i = 0; i < found->len; i++)
        worst = MAX(worst, ((const ike_finding *)found->pdata[i])->severity);
    if (worst < IKE_SEVERITY_NOTE || report->of.sas)
        return;
    g_string_append_printf(report->out, "%-6soutside any negotiation\n",
                           ike_result_name(ike_result_of_findings(found)));
    ike_report_findings(report, found, NULL, SHOWN_REMARKS);
    ike_report_rule(report->out, '-');
}

/* A half-open SA of a flood that has nothing of its own to say. */
static bool is_told_by_flood(const ike_sa *sa)
{
    for (guint i = 0; i < sa->distinct.len; i++)
        if (((const ike_finding *)sa->distinct.pdata[i])->severity >= IKE_SEVERITY_WARN)
            return false;
    return sa->is_in_flood;
}

/* ---- few or many ---- */

#define ALL_IN_DETAIL 10 /* negotiations */
#define LINES_IN_DETAIL 40
#define LINES_ONE_BY_ONE 70

static unsigned lines_of(const ike_report *report)
{
    unsigned n = 0;

    for (gsize i = 0; i < report->out->len; i++)
        n += report->out->str[i] == '\n';
    return n;
}

static void entries(const ike_report *report, const GPtrArray *groups)
{
    const bool many = groups->len > ALL_IN_DETAIL;
    guint i = 0;

    for (; i < groups->len && (!many || lines_of(report) < LINES_IN_DETAIL); i++)
        entry(report, groups->pdata[i], many ? SHOWN_OF_MANY : SHOWN_REMARKS);
    if (i == groups->len)
        return;
    for (; i < groups->len && lines_of(report) < LINES_ONE_BY_ONE; i++)
        ike_report_one_line(report, groups->pdata[i]);
    ike_report_sum(report, groups, i);
    g_string_append(report->out, "In detail: -z ikex,diag,ikex.sa==NUMBER\n");
    ike_report_rule(report->out, '-');
}

void ike_report_diag(const ike_report *report)
{
    const ike_list *sas = ike_tracker_sas(report->of.tracker);
    GPtrArray *list = g_ptr_array_new(), *groups;
    unsigned untold = 0;

    top(report);
    for (guint i = 0; i < sas->len; i++) {
        if (!ike_selects(&report->of, sas->pdata[i]))
            continue;
        if (is_told_by_flood(sas->pdata[i]))
            untold++;
        else
            g_ptr_array_add(list, sas->pdata[i]);
    }
    groups = ike_report_groups(list);
    entries(report, groups);
    if (untold)
        g_string_append_printf(report->out, "%u more half-open negotiations of a flood are not shown "
                               "one by one.\n", untold);
    orphans(report);
    ike_report_absent(report);
    g_ptr_array_free(groups, TRUE);
    g_ptr_array_free(list, TRUE);
}
