/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a test expects of a conversation once it is over.
 */
#include "ike_causes.h"
#include "ike_event.h"
#include "ladder.h"

#include <string.h>

static void fail(const char *format, ...) G_GNUC_PRINTF(1, 2);

static void fail(const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    g_test_message("%s", text);
    g_free(text);
    g_test_fail();
}

static void finish(ladder *l)
{
    ike_tracker_finish(l->tracker);
}

static void compare(const char *what, const char *is, const char *should)
{
    if (strcmp(is, should) != 0)
        fail("%s: expected \"%s\", found \"%s\"", what, should, is);
}

static void compare_numbers(const char *what, int64_t is, int64_t should)
{
    if (is != should)
        fail("%s: expected %" G_GINT64_FORMAT ", found %" G_GINT64_FORMAT, what, should, is);
}

static void append_word(GString *out, const char *word)
{
    g_string_append_printf(out, "%s%s", out->len ? " " : "", word);
}

bool is_ascii(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

void expect_labels(ladder *l, const char *labels)
{
    GString *all = g_string_new(NULL);

    finish(l);
    for (uint32_t frame = 1; frame <= l->frame; frame++) {
        char *word = ladder_frame_labels(l, frame);

        append_word(all, word);
        g_free(word);
    }
    compare("labels", all->str, labels);
    g_string_free(all, TRUE);
}

void expect_live_labels(ladder *l, const char *labels)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < l->live->len; i++)
        append_word(all, l->live->pdata[i]);
    compare("labels of a single pass", all->str, labels);
    g_string_free(all, TRUE);
}

/* NULL: of any id. */
static const ike_finding *next_finding(ladder *l, const char *id, guint *i)
{
    const ike_list *list = ike_tracker_findings(l->tracker);

    while (*i < list->len) {
        const ike_finding *finding = list->pdata[(*i)++];

        if (!id || strcmp(ike_diagnosis_get(finding->id)->id, id) == 0)
            return finding;
    }
    return NULL;
}

/* A test that asks for an id that no row of the table has could not fail. */
static void check_id(const char *id)
{
    for (int i = 1; i < IKE_N_DIAGNOSES; i++)
        if (strcmp(ike_diagnosis_get(i)->id, id) == 0)
            return;
    fail("no diagnosis has the id %s", id);
}

static char *all_findings(ladder *l)
{
    const ike_list *list = ike_tracker_findings(l->tracker);
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < list->len; i++) {
        const ike_finding *finding = list->pdata[i];

        g_string_append_printf(out, "%s%s:%s", i ? " " : "", ike_diagnosis_get(finding->id)->id,
                               ike_severity_name(finding->severity));
    }
    return g_string_free(out, FALSE);
}

static void fail_findings(ladder *l, const char *what, const char *id)
{
    char *all = all_findings(l);

    fail("%s %s; found: %s", what, id, all);
    g_free(all);
}

void expect_finding(ladder *l, const char *id, ike_severity severity)
{
    const ike_finding *finding;
    ike_severity worst = IKE_SEVERITY_NONE;
    guint i = 0;

    finish(l);
    while ((finding = next_finding(l, id, &i)))
        worst = MAX(worst, finding->severity);
    if (worst == IKE_SEVERITY_NONE)
        fail_findings(l, "expected", id);
    else if (worst != severity)
        fail("severity of %s: expected %s, found %s", id, ike_severity_name(severity),
             ike_severity_name(worst));
}

void expect_finding_at(ladder *l, uint32_t frame, const char *id)
{
    finish(l);
    for (ike_note *note = ike_tracker_notes(l->tracker, frame); note; note = note->next)
        for (guint i = 0; i < ike_note_remarks(note)->findings.len; i++) {
            const ike_finding *finding = ike_note_remarks(note)->findings.pdata[i];

            if (strcmp(ike_diagnosis_get(finding->id)->id, id) == 0)
                return;
        }
    fail("no finding %s on frame %u", id, frame);
}

bool finding_says(ladder *l, const char *id, const char *words)
{
    char *should = g_ascii_strdown(words, -1);
    const ike_finding *finding;
    bool found = false;
    guint i = 0;

    finish(l);
    while (!found && (finding = next_finding(l, id, &i))) {
        GString *text = g_string_new(finding->text);
        char *is;

        if (finding->causes)
            ike_causes_append(text, finding->causes);
        is = g_ascii_strdown(text->str, -1);

        found = strstr(is, should) != NULL;
        g_free(is);
        g_string_free(text, TRUE);
    }
    g_free(should);
    return found;
}

void expect_finding_says(ladder *l, const char *id, const char *words)
{
    if (!finding_says(l, id, words))
        fail("no finding %s says \"%s\"", id, words);
}

static void expect_evidence(ladder *l, const char *id, ike_evidence evidence)
{
    const ike_finding *finding;
    guint i = 0;

    finish(l);
    finding = next_finding(l, id, &i);
    if (!finding)
        fail_findings(l, "expected", id);
    else
        compare_numbers("evidence", finding->evidence, evidence);
}

void expect_inferred(ladder *l, const char *id)
{
    expect_evidence(l, id, IKE_INFERRED);
}

void expect_observed(ladder *l, const char *id)
{
    expect_evidence(l, id, IKE_OBSERVED);
}

void expect_finding_on_a_frame(ladder *l, const char *id)
{
    const ike_finding *finding;
    guint i = 0;

    finish(l);
    while ((finding = next_finding(l, id, &i)))
        if (finding->note)
            return;
    fail_findings(l, "expected on a frame:", id);
}

void expect_findings(ladder *l, const char *id, unsigned count)
{
    unsigned n = 0;
    guint i = 0;

    finish(l);
    check_id(id);
    while (next_finding(l, id, &i))
        n++;
    compare_numbers(id, n, count);
}

void expect_one_finding(ladder *l, const char *id, ike_severity severity)
{
    expect_finding(l, id, severity);
    expect_findings(l, id, 1);
}

void expect_no_finding(ladder *l, const char *id)
{
    guint i = 0;

    finish(l);
    check_id(id);
    if (next_finding(l, id, &i))
        fail_findings(l, "did not expect", id);
}

void expect_no_findings(ladder *l, const char *ids)
{
    char **list = g_strsplit(ids, " ", -1);

    for (char **id = list; *id; id++)
        expect_no_finding(l, *id);
    g_strfreev(list);
}

void expect_no_finding_above(ladder *l, ike_severity severity, const char *but_not)
{
    const ike_finding *finding;
    guint i = 0;

    finish(l);
    while ((finding = next_finding(l, NULL, &i))) {
        const char *id = ike_diagnosis_get(finding->id)->id;

        if (finding->severity > severity && !(but_not && g_str_has_prefix(id, but_not)))
            fail("%s is a %s: %s", id, ike_severity_name(finding->severity), finding->text);
    }
}

void expect_nothing_unanswered(ladder *l)
{
    const ike_finding *finding;
    guint i = 0;

    finish(l);
    while ((finding = next_finding(l, NULL, &i))) {
        const char *id = ike_diagnosis_get(finding->id)->id;

        if (g_str_has_suffix(id, "_noresp") || g_str_has_suffix(id, "_noreply"))
            fail("did not expect %s: %s", id, finding->text);
    }
}

/* ---- SAs ---- */

ike_sa *ladder_sa(ladder *l, unsigned number)
{
    const ike_list *sas;

    finish(l);
    sas = ike_tracker_sas(l->tracker);
    if (number >= sas->len)
        g_error("there is no SA %u", number);
    return sas->pdata[number];
}

const ike_flow *flow_of(ladder *l, uint32_t spi)
{
    const ike_list *flows = ike_tracker_flows(l->tracker);

    for (guint i = 0; i < flows->len; i++)
        if (((const ike_flow *)flows->pdata[i])->spi == spi)
            return flows->pdata[i];
    g_error("there is no flow %08x", spi);
    return NULL;
}

void expect_sas(ladder *l, unsigned count)
{
    finish(l);
    compare_numbers("SAs", ike_tracker_sas(l->tracker)->len, count);
}

/* The same as ladder_sa, but a test that misses it goes on. */
static const ike_sa *find_sa(ladder *l, unsigned number)
{
    const ike_list *sas;

    finish(l);
    sas = ike_tracker_sas(l->tracker);
    if (number < sas->len)
        return sas->pdata[number];
    fail("there is no SA %u", number);
    return NULL;
}

void expect_state(ladder *l, unsigned number, ike_state state)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa)
        compare("state", ike_state_name(sa->state), ike_state_name(state));
}

void expect_failed(ladder *l, unsigned number, bool failed)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa)
        compare(failed ? "SA failed" : "SA did not fail", sa->is_failed ? "failed" : "not failed",
                failed ? "failed" : "not failed");
}

void expect_established(ladder *l, unsigned number)
{
    expect_state(l, number, IKE_STATE_ESTABLISHED);
    expect_failed(l, number, false);
}

void expect_responder_spi(ladder *l, unsigned number, uint64_t spi)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa && sa->spi_r != spi)
        fail("SPI of the responder: expected %016" G_GINT64_MODIFIER "x, found %016"
             G_GINT64_MODIFIER "x", spi, sa->spi_r);
}

void expect_initiator(ladder *l, unsigned number, const char *addr, uint16_t port)
{
    const ike_sa *sa = find_sa(l, number);
    const ike_endpoint should = wire_endpoint(addr, port);
    GString *is = g_string_new(NULL), *expected = g_string_new(NULL);

    if (!sa)
        g_string_append(is, "no SA");
    else if (sa->initiator == IKE_SIDE_NONE)
        g_string_append(is, "unknown");
    else
        ike_endpoint_append(is, &sa->sides[sa->initiator].endpoints[0]);
    ike_endpoint_append(expected, &should);
    compare("initiator", is->str, expected->str);
    g_string_free(is, TRUE);
    g_string_free(expected, TRUE);
}

void expect_no_initiator(ladder *l, unsigned number)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa)
        compare_numbers("initiator is not known", sa->initiator, IKE_SIDE_NONE);
}

void expect_nat(ladder *l, unsigned number, ike_role role, ike_natted natted)
{
    static const char *const names[] = { "unknown", "no", "maybe", "proven" };
    const ike_sa *sa = find_sa(l, number);

    if (!sa)
        return;
    compare(role == IKE_ROLE_INITIATOR ? "NAT before the initiator" : "NAT before the responder",
            names[ike_sa_natted(sa, ike_sa_side_of(sa, role))], names[natted]);
}

void expect_parent(ladder *l, unsigned number, unsigned parent)
{
    const ike_sa *sa = find_sa(l, number);

    if (!sa)
        return;
    if (!sa->more->parent)
        fail("SA %u has no parent", number);
    else
        compare_numbers("parent of the SA", sa->more->parent->number, parent);
}

void expect_no_parent(ladder *l, unsigned number)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa && sa->more->parent)
        fail("SA %u has the parent %u", number, sa->more->parent->number);
}

/* ---- frames ---- */

ike_record *ladder_record(ladder *l, uint32_t frame)
{
    finish(l);
    for (ike_note *note = ike_tracker_notes(l->tracker, frame); note; note = note->next)
        if (ike_note_record(note))
            return ike_note_record(note);
    return NULL;
}

static ike_record *record(ladder *l, uint32_t frame)
{
    ike_record *r = ladder_record(l, frame);

    if (!r)
        fail("frame %u holds no message or piece", frame);
    return r;
}

void expect_sender(ladder *l, uint32_t frame, ike_role role)
{
    static const char *const names[] = { "unknown", "initiator", "responder" };
    const ike_record *r = record(l, frame);

    if (r)
        compare("sender", names[ike_sa_role(r->note.sa, r->side)], names[role]);
}

void expect_number(ladder *l, uint32_t frame, unsigned number)
{
    ike_record *r = record(l, frame);
    char what[64];

    if (!r)
        return;
    g_snprintf(what, sizeof what, "frame %u: number in the label", frame);
    compare_numbers(what, ike_record_first(r)->label.number, number);
}

void expect_known_by(ladder *l, uint32_t frame, ike_known_by known_by)
{
    static const char *const names[] = { "not", "guess", "order", "direction", "content", "keys" };

    const ike_record *r = record(l, frame);

    if (r)
        compare("known by", names[r->known_by], names[known_by]);
}

void expect_state_after(ladder *l, uint32_t frame, ike_state state)
{
    const ike_record *r = record(l, frame);

    if (r)
        compare("state after the frame", ike_state_name(ike_record_state(r)),
                ike_state_name(state));
}

void expect_no_sa_of(ladder *l, uint32_t frame)
{
    const ike_record *r = record(l, frame);

    if (r && r->note.sa)
        fail("frame %u belongs to SA %u", frame, r->note.sa->number);
}

void expect_sends(ladder *l, uint32_t frame, unsigned sends)
{
    const ike_record *r = record(l, frame);

    if (r)
        compare_numbers("sendings", ike_record_sends(r), sends);
}

void expect_sa_of(ladder *l, uint32_t frame, unsigned sa)
{
    const ike_note *note = ike_tracker_notes(l->tracker, frame);

    if (!note || !note->sa)
        fail("frame %u belongs to no SA", frame);
    else
        compare_numbers("SA of the frame", note->sa->number, sa);
}

static uint32_t frame_of(const ike_record *r)
{
    return r ? r->note.frame : 0;
}

void expect_pair(ladder *l, uint32_t request, uint32_t response)
{
    const ike_record *asks = record(l, request), *answers = record(l, response);

    if (asks)
        compare_numbers("response in", frame_of(asks->response), response);
    if (answers)
        compare_numbers("request in", frame_of(answers->request), request);
}

void expect_no_response(ladder *l, uint32_t frame)
{
    const ike_record *r = record(l, frame);

    if (r)
        compare_numbers("response in", frame_of(r->response), 0);
}

void expect_retransmission(ladder *l, uint32_t frame, uint32_t of, unsigned number)
{
    const ike_record *r = record(l, frame);

    if (!r)
        return;
    compare_numbers("is a retransmission", r->copy, IKE_COPY_RETRANSMISSION);
    compare_numbers("retransmission of", frame_of(r->rare->first), of);
    compare_numbers("number of the retransmission", r->rare->copy_number, number);
}

void expect_duplicate(ladder *l, uint32_t frame, uint32_t of)
{
    const ike_record *r = record(l, frame);

    if (!r)
        return;
    compare_numbers("is a duplicate", r->copy, IKE_COPY_DUPLICATE);
    compare_numbers("duplicate of", frame_of(r->rare->doubles), of);
}

void expect_piece(ladder *l, uint32_t frame, unsigned number, unsigned total, uint32_t message_in)
{
    const ike_record *r = record(l, frame);
    char what[64];

    if (!r)
        return;
    g_snprintf(what, sizeof what, "frame %u: piece", frame);
    compare_numbers(what, r->rare->fragment_number, number);
    g_snprintf(what, sizeof what, "frame %u: pieces", frame);
    compare_numbers(what, r->rare->fragment_total, total);
    g_snprintf(what, sizeof what, "frame %u: message in", frame);
    compare_numbers(what, r->note.kind == IKE_NOTE_MESSAGE ? frame : frame_of(r->rare->message),
                    message_in);
}

void expect_times(ladder *l, uint32_t response, double first, double last)
{
    const ike_record *r = record(l, response);

    if (!r)
        return;
    if (!r->request) {
        fail("frame %u answers nothing", response);
        return;
    }
    compare_numbers("time since the first sending, us",
                    (r->note.time - r->request->note.time) / 1000, (int64_t)(first * 1e6 + 0.5));
    compare_numbers("time since the last sending, us",
                    (r->note.time - ike_record_last_before(r->request, r)->note.time) / 1000,
                    (int64_t)(last * 1e6 + 0.5));
}

char *report_text(ladder *l, const char *name, GHashTable *selected, const char *filter)
{
    GString *out = g_string_new(NULL);
    const ike_report_kind *kind = ike_report_kinds;

    while (kind->name && strcmp(kind->name, name) != 0)
        kind++;
    if (!kind->name)
        g_error("there is no report %s", name);
    finish(l);
    ike_report_write(l->tracker, kind, NULL, selected, filter, out);
    return g_string_free(out, FALSE);
}

static void check_report(ladder *l, const char *name, const char *words, bool is_there)
{
    char *text = report_text(l, name, NULL, NULL);

    if ((strstr(text, words) != NULL) != is_there)
        fail("report %s %s \"%s\":\n%s", name, is_there ? "does not say" : "says", words, text);
    g_free(text);
}

void expect_in_report(ladder *l, const char *name, const char *words)
{
    check_report(l, name, words, true);
}

void expect_not_in_report(ladder *l, const char *name, const char *words)
{
    check_report(l, name, words, false);
}

void expect_events(ladder *l, const char *want)
{
    const ike_report report = { .tracker = l->tracker };
    GString *got = g_string_new(NULL);
    GArray *events;

    long_after(l);
    finish(l);
    events = ike_events_new(&report);
    for (guint i = 0; i < events->len; i++) {
        const ike_event *event = &g_array_index(events, ike_event, i);

        g_string_append_printf(got, "%s%u%c", i ? " " : "", event->id, "-IR"[ike_event_role(event, event->host)]);
        if (ike_event_text(event)[0] == '\0')
            fail("event %u has no text", event->id);
    }
    compare("events", got->str, want);
    g_string_free(got, TRUE);
    g_array_free(events, TRUE);
}

void expect_messages(ladder *l, unsigned count)
{
    const ike_report report = { .tracker = l->tracker };

    finish(l);
    compare_numbers("messages", ike_report_totals(&report).messages, count);
}
