/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -z ikex,diag: what an engineer reads first. One entry per negotiation, worst first: how far it
 * came, what is owed by whom, what was found, how it is known, what to check next.
 */
#include "ike_report.h"

#include <string.h>

#define INDENT "      "
#define SHOWN_CHILDREN 3
#define SHOWN_FRAGMENTED 4

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
    if (sa->has_chosen) {
        const bool gss = ike_sa_has_vendor(sa, IKE_SIDE_A, IKE_VENDOR_GSS) ||
                         ike_sa_has_vendor(sa, IKE_SIDE_B, IKE_VENDOR_GSS);
        const char *auth = ike_auth_name(sa->chosen.auth, gss);

        g_string_append_printf(out, ", %s", auth ? auth : "unknown authentication");
    }
}

static void append_label(GString *out, ike_mode mode, unsigned number)
{
    ike_label_append(out, (ike_label){ .mode = (uint8_t)mode, .number = (uint8_t)number });
}

/* What the other side sent after the newest whole message of phase 1: a piece of the next one, or
 * an Informational. Either proves that the newest message arrived. NULL when nothing came. */
static const ike_record *reaction(const ike_sa *sa, const ike_record *newest)
{
    for (guint i = 0; i < sa->records->len; i++) {
        const ike_record *r = sa->records->pdata[i];

        if (r->note.frame > newest->note.frame && r->side == ike_side_other(newest->side) &&
            (r->note.kind == IKE_NOTE_PIECE || r->label.mode == IKE_MODE_INFO))
            return r;
    }
    return NULL;
}

/* The newest message of phase 1 that is known to have arrived; a label alone for one that the capture
 * lacks, none for none. */
static ike_label proven(const ike_sa *sa, const ike_record **record)
{
    const ike_exchange *phase1 = sa->phase1;
    const ike_record *newest = phase1->slot[phase1->highest];
    ike_label label = { .mode = (uint8_t)phase1->mode };

    if (sa->version == 2) {
        *record = ike_report_v2_proven(sa);
        return *record ? (*record)->label : (ike_label){ 0 };
    }
    *record = NULL;
    if (newest)
        label.number = (uint8_t)(reaction(sa, newest) ? phase1->highest : phase1->highest - 1);
    if (label.number == 0)
        return (ike_label){ 0 };
    *record = phase1->slot[label.number];
    return label;
}

static void append_outcome(GString *out, const ike_sa *sa)
{
    const ike_exchange *phase1 = sa->phase1;
    const ike_record *record;
    const ike_label newest = proven(sa, &record);

    if (sa->state == IKE_STATE_ABANDONED) {
        g_string_append(out, "abandoned for another answer to the same first message");
    } else if (sa->is_failed && newest.mode != IKE_MODE_NONE) {
        g_string_append(out, "stopped after ");
        ike_label_append(out, newest);
    } else if (sa->is_failed) {
        g_string_append(out, "no answer to the first message");
    } else if (sa->established && sa->state >= IKE_STATE_PROBABLY_ESTABLISHED && !sa->is_joined) {
        g_string_append(out, ike_state_name(MIN(sa->state, IKE_STATE_ESTABLISHED)));
        if (ike_report_has_setup_time(sa)) {
            g_string_append(out, " in ");
            ike_seconds_append(out, sa->established->note.time - sa->first_time);
            g_string_append(out, " s");
        }
        if (sa->rekeyed_to)
            g_string_append_printf(out, ", renewed as SA %u", sa->rekeyed_to->number);
    } else if (sa->parent) {
        g_string_append_printf(out, "renews SA %u, %s", sa->parent->number, ike_state_name(sa->state));
    } else if (sa->is_joined) {
        g_string_append(out, sa->state >= IKE_STATE_ESTABLISHED
                                 ? "established before or outside this capture"
                                 : "the capture begins in the middle");
    } else if (sa->version == 1 && phase1->highest > 0) {
        g_string_append(out, "unfinished, newest message ");
        append_label(out, phase1->mode, phase1->highest);
    } else if (sa->version == 2 && sa->state < IKE_STATE_ESTABLISHED) {
        g_string_append(out, "unfinished, newest message ");
        ike_report_v2_newest(out, sa);
    } else {
        g_string_append(out, ike_state_name(sa->state));
    }
}

static void headline(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL), *where = g_string_new(NULL);

    g_string_printf(text, "%-6s", ike_result_name(ike_report_result_of(sa)));
    ike_report_peers(text, sa, " -> ", false);
    g_string_printf(where, "SA %u, frames %u-%u", sa->number, sa->first_frame, sa->last_frame);
    if (text->len + 2 + where->len > IKE_REPORT_WIDTH) {
        g_string_append_printf(report->out, "%s\n", text->str);
        g_string_truncate(text, 0);
    }
    g_string_append_printf(report->out, "%s%*s\n", text->str, IKE_REPORT_WIDTH - (int)text->len,
                           where->str);
    g_string_truncate(text, 0);
    append_version_mode(text, sa);
    g_string_append(text, ": ");
    append_outcome(text, sa);
    ike_report_wrap(report->out, INDENT, text->str);
    g_string_free(text, TRUE);
    g_string_free(where, TRUE);
}

static void fact(const ike_report *report, const char *name, const char *text)
{
    char head[32];

    g_snprintf(head, sizeof head, INDENT "%-14s", name);
    ike_report_wrap(report->out, head, text);
}

/* ---- how far it came ---- */

static const char *role_word(const ike_sa *sa, ike_side side)
{
    static const char *const words[] = { "the other side", "the initiator", "the responder" };

    return words[ike_sa_role(sa, side)];
}

static void last_proven(const ike_report *report, const ike_sa *sa)
{
    const ike_record *r;
    GString *text = g_string_new(NULL);

    proven(sa, &r);
    if (!r) {
        g_string_append(text, "nothing: no message is known to have arrived");
    } else {
        ike_label_append(text, r->label);
        g_string_append_printf(text, ", frame %u, +", r->note.frame);
        ike_seconds_append(text, r->note.time - sa->first_time);
        g_string_append(text, " s");
    }
    fact(report, "last proven", text->str);
    g_string_free(text, TRUE);
}

static void owed_v2(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    ike_report_v2_owed(text, sa);
    if (text->len)
        fact(report, "owed", text->str);
    g_string_free(text, TRUE);
}

static void owed(const ike_report *report, const ike_sa *sa)
{
    const ike_exchange *phase1 = sa->phase1;
    const ike_record *r = phase1->slot[phase1->highest];
    const ike_step *step = r ? ike_step_find(r->label) : NULL;
    const ike_record *came = r ? reaction(sa, r) : NULL;
    GString *text;

    if (sa->version == 2)
        owed_v2(report, sa);
    if (!step || !step->next || sa->version == 2)
        return;
    text = g_string_new(NULL);
    append_label(text, phase1->mode, step->next);
    g_string_append_printf(text, " by %s: ", role_word(sa, ike_side_other(r->side)));
    if (came && came->note.kind == IKE_NOTE_PIECE)
        g_string_append(text, "only pieces of it came");
    else if (came)
        g_string_append_printf(text, "an Informational came instead (frame %u)", came->note.frame);
    else
        ike_record_append_sends(text, r);
    fact(report, "owed", text->str);
    g_string_free(text, TRUE);
}

static void nat(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    for (int side = 0; side < 2 && sa->initiator != IKE_SIDE_NONE; side++) {
        const ike_natted natted = ike_sa_natted(sa, side);

        if (natted < IKE_NAT_MAYBE)
            continue;
        if (text->len)
            g_string_append(text, "; ");
        g_string_append_printf(text, "%s is behind a NAT%s", role_word(sa, side),
                               natted == IKE_NAT_PROVEN ? " (observed)"
                                                        : ", or forces encapsulation (inferred)");
    }
    if (text->len)
        fact(report, "NAT", text->str);
    g_string_free(text, TRUE);
}

/* ---- its course ---- */

static const ike_record *lowest_slot(const ike_exchange *exchange)
{
    for (unsigned i = 1; i <= exchange->highest; i++)
        if (exchange->slot[i])
            return exchange->slot[i];
    return NULL;
}

/* "MM1 to MM6, frames 1-8" */
static void append_course(GString *text, const ike_exchange *exchange)
{
    const ike_record *first = lowest_slot(exchange), *last = exchange->slot[exchange->highest];

    ike_label_append(text, first->label);
    if (last != first) {
        g_string_append(text, " to ");
        ike_label_append(text, last->label);
        g_string_append_printf(text, ", frames %u-%u", first->note.frame, last->note.frame);
    } else {
        g_string_append_printf(text, ", frame %u", first->note.frame);
    }
}

static void phase1_course(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    if (sa->version == 2)
        ike_report_v2_course(text, sa);
    else if (lowest_slot(sa->phase1))
        append_course(text, sa->phase1);
    if (text->len)
        fact(report, sa->version == 2 ? "exchanges" : "phase 1", text->str);
    g_string_truncate(text, 0);
    if (sa->version == 2)
        ike_report_v2_later(text, sa);
    if (text->len)
        fact(report, "later", text->str);
    g_string_free(text, TRUE);
}

static void child_course(const ike_report *report, const ike_exchange *exchange)
{
    GString *text = g_string_new(NULL);

    append_course(text, exchange);
    g_string_append_printf(text, ", message ID %08x: %s", exchange->message_id,
                           exchange->slot[3] ? "established" : "not finished");
    fact(report, "Quick Mode", text->str);
    g_string_free(text, TRUE);
}

static void children(const ike_report *report, const ike_sa *sa)
{
    unsigned shown = 0, more = 0;

    for (guint i = 0; i < sa->exchanges->len; i++) {
        const ike_exchange *exchange = sa->exchanges->pdata[i];

        if (exchange->mode != IKE_MODE_QUICK || !lowest_slot(exchange))
            continue;
        if (shown < SHOWN_CHILDREN)
            child_course(report, exchange);
        else
            more++;
        shown++;
    }
    if (more) {
        GString *text = g_string_new(NULL);

        g_string_printf(text, "and %u more", more);
        fact(report, "", text->str);
        g_string_free(text, TRUE);
    }
}

static void fragments(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);
    unsigned n = 0;

    for (guint i = 0; i < sa->records->len; i++) {
        const ike_record *r = sa->records->pdata[i];

        if (r->note.kind != IKE_NOTE_MESSAGE || r->fragment == IKE_FRAGMENT_NONE ||
            r->copy != IKE_COPY_NONE || n++ >= SHOWN_FRAGMENTED)
            continue;
        if (text->len)
            g_string_append(text, "; ");
        ike_label_append(text, r->label);
        if (r->fragment != IKE_FRAGMENT_V2) /* the length of the whole is not visible there */
            g_string_append_printf(text, " (%u bytes)", r->length);
        g_string_append_printf(text, " in %u %s fragments", r->fragment_total,
                               r->fragment == IKE_FRAGMENT_IP ? "IP" : "IKE");
    }
    if (n > SHOWN_FRAGMENTED)
        g_string_append_printf(text, "; and %u more", n - SHOWN_FRAGMENTED);
    if (text->len)
        fact(report, "fragmented", text->str);
    g_string_free(text, TRUE);
}

static void esp(const ike_report *report, const ike_sa *sa)
{
    GString *text;

    if (sa->sides[0].esp_packets + sa->sides[1].esp_packets == 0)
        return;
    text = g_string_new(NULL);
    for (int side = 0; side < 2; side++)
        g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " packets from %s", side ? ", " : "",
                               sa->sides[side].esp_packets, role_word(sa, side));
    fact(report, "ESP", text->str);
    g_string_free(text, TRUE);
}

/* ---- findings ---- */

static int by_severity(gconstpointer a, gconstpointer b)
{
    const ike_finding *x = *(ike_finding *const *)a, *y = *(ike_finding *const *)b;

    if (x->severity != y->severity)
        return x->severity > y->severity ? -1 : 1;
    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return (x->note && y->note) ? (int)x->note->frame - (int)y->note->frame : 0;
}

/* Findings of one id that stand on several frames are one entry. */
static unsigned same_id(const GPtrArray *list, guint from)
{
    const ike_finding *first = list->pdata[from];
    unsigned n = 0;

    while (from + n < list->len && ((const ike_finding *)list->pdata[from + n])->id == first->id &&
           ((const ike_finding *)list->pdata[from + n])->severity == first->severity)
        n++;
    return n;
}

static void finding_entry(const ike_report *report, const GPtrArray *list, guint from, unsigned n)
{
    const ike_finding *finding = list->pdata[from];
    const ike_diagnosis *row = ike_diagnosis_get(finding->id);
    const unsigned times = MAX(n, finding->count);
    GString *text = g_string_new(NULL);
    char head[48];

    g_snprintf(head, sizeof head, INDENT "%-5s ", ike_severity_name(finding->severity));
    g_string_append_printf(text, "%s: %s (%s", row->id, row->summary,
                           ike_evidence_name(finding->evidence));
    if (finding->note)
        g_string_append_printf(text, ", frame %u", finding->note->frame);
    g_string_append_c(text, ')');
    if (times > 1)
        g_string_append_printf(text, " x%u", times);
    ike_report_wrap(report->out, head, text->str);
    if (finding->severity >= IKE_SEVERITY_NOTE && row->group != IKE_GROUP_SECURITY)
        ike_report_wrap(report->out, INDENT "      ", finding->text);
    if (finding->severity >= IKE_SEVERITY_WARN) {
        g_string_printf(text, "check next: %s", row->advice);
        ike_report_wrap(report->out, INDENT "      ", text->str);
    }
    g_string_free(text, TRUE);
}

static void findings(const ike_report *report, const GPtrArray *found)
{
    GPtrArray *list = g_ptr_array_new();

    for (guint i = 0; i < found->len; i++)
        if (((const ike_finding *)found->pdata[i])->severity >= IKE_SEVERITY_NOTE)
            g_ptr_array_add(list, found->pdata[i]);
    g_ptr_array_sort(list, by_severity);
    for (guint i = 0; i < list->len;) {
        const unsigned n = same_id(list, i);

        finding_entry(report, list, i, n);
        i += n;
    }
    g_ptr_array_free(list, TRUE);
}

/* ---- all ---- */

static int worst_first(gconstpointer a, gconstpointer b)
{
    const ike_sa *x = *(ike_sa *const *)a, *y = *(ike_sa *const *)b;
    const int by_rank = (int)ike_report_result_of(y) - (int)ike_report_result_of(x);

    return by_rank ? by_rank : (int)x->number - (int)y->number;
}

static void entry(const ike_report *report, const ike_sa *sa)
{
    headline(report, sa);
    if (sa->is_failed) {
        last_proven(report, sa);
        owed(report, sa);
    }
    phase1_course(report, sa);
    fragments(report, sa);
    nat(report, sa);
    children(report, sa);
    esp(report, sa);
    findings(report, sa->findings);
    ike_report_rule(report->out, '-');
}

static void plural(GString *out, unsigned n, const char *one, const char *many)
{
    g_string_append_printf(out, "%u %s", n, n == 1 ? one : many);
}

static void top(const ike_report *report)
{
    const ike_totals totals = ike_report_totals(report);
    const ike_span span = ike_tracker_span(report->tracker);
    GString *right = g_string_new(NULL);

    plural(right, totals.sas, "negotiation", "negotiations");
    g_string_append(right, ", ");
    plural(right, totals.messages, "message", "messages");
    g_string_append(right, ", ");
    plural(right, span.frames, "frame", "frames");
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

/* A half-open SA of a flood that has nothing of its own to say. */
static bool is_told_by_flood(const ike_sa *sa)
{
    for (guint i = 0; i < sa->distinct->len; i++)
        if (((const ike_finding *)sa->distinct->pdata[i])->severity >= IKE_SEVERITY_WARN)
            return false;
    return sa->is_in_flood;
}

void ike_report_diag(const ike_report *report)
{
    const GPtrArray *sas = ike_tracker_sas(report->tracker);
    GPtrArray *list = g_ptr_array_new();
    unsigned untold = 0;

    top(report);
    for (guint i = 0; i < sas->len; i++)
        if (ike_report_covers(report, sas->pdata[i]))
            g_ptr_array_add(list, sas->pdata[i]);
    g_ptr_array_sort(list, worst_first);
    for (guint i = 0; i < list->len; i++) {
        if (is_told_by_flood(list->pdata[i]))
            untold++;
        else
            entry(report, list->pdata[i]);
    }
    if (untold)
        g_string_append_printf(report->out, "%u more half-open negotiations of a flood are not shown "
                               "one by one.\n", untold);
    if (!report->selected)
        findings(report, ike_tracker_orphans(report->tracker));
    if (!ike_report_totals(report).has_data)
        g_string_append(report->out, "No IKE, ESP or piece of IKE in this capture.\n");
    else if (list->len == 0)
        g_string_append(report->out, "No IKE negotiation in this capture.\n");
    g_ptr_array_free(list, TRUE);
}
