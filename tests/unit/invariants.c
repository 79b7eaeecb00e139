/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "invariants.h"

#include "ike_esp.h"
#include "ike_agreement.h"
#include "ike_esp.h"

#include <string.h>

typedef struct checker {
    ike_tracker *tracker;
    uint32_t frames;
    GHashTable *notes; /* all that stand in a frame */
} checker;

static void check_label(const ike_record *r)
{
    const ike_label label = r->label;

    g_assert_cmpint(label.mode, <, IKE_N_MODES);
    if (label.mode == IKE_MODE_NONE) {
        g_assert_cmpint(label.number, ==, 0);
        g_assert_cmpint(label.other, ==, 0);
        return;
    }
    g_assert_cmpint(ike_modes[label.mode].version, ==, r->version);
    if (label.other) { /* not decided: two neighbours */
        g_assert_true(ike_modes[label.mode].is_numbered);
        g_assert_cmpint(label.other, ==, label.number + 1);
        g_assert_false(ike_label_is_decided(label));
        g_assert_true(ike_step_find(label) == NULL);
    } else if (ike_modes[label.mode].is_numbered) {
        g_assert_cmpint(label.number, >, 0);
    }
}

static void check_copy(const ike_record *r)
{
    const ike_record *first = r->rare->first;

    if (r->copy == IKE_COPY_NONE && !r->is_reflection) {
        g_assert_null(first);
        return;
    }
    g_assert_nonnull(first);
    g_assert_null(first->rare->first);
    g_assert_cmpint(first->copy, ==, IKE_COPY_NONE);
    g_assert_cmpuint(first->note.frame, <=, r->note.frame);
    g_assert_true(first->note.sa == r->note.sa);
    g_assert_cmpint(r->label.mode, ==, IKE_MODE_NONE);
    if (r->copy == IKE_COPY_DUPLICATE)
        g_assert_nonnull(r->rare->doubles);
    if (r->copy == IKE_COPY_RETRANSMISSION)
        g_assert_cmpuint(r->rare->copy_number, >, 0);
}

static void check_halves(const ike_record *r)
{
    if (r->response) {
        g_assert_true(r->response->request == r);
        g_assert_null(r->response->rare->first);
    }
    if (r->request) {
        g_assert_null(r->request->rare->first);
        g_assert_nonnull(r->request->response);
        g_assert_true(r->request != r);
    }
}

static void check_record(const checker *c, const ike_record *r)
{
    g_assert_cmpint(r->side, >=, IKE_SIDE_NONE);
    g_assert_cmpint(r->side, <=, IKE_SIDE_B);
    g_assert_cmpint(r->state, <, IKE_N_STATES);
    check_label(r);
    if (r->note.kind == IKE_NOTE_PIECE) {
        g_assert_cmpint(r->label.mode, ==, IKE_MODE_NONE);
        g_assert_cmpint(r->fragment, !=, IKE_FRAGMENT_NONE);
        if (r->rare->message)
            g_assert_true(g_hash_table_contains(c->notes, r->rare->message));
        return;
    }
    g_assert_true(r->note.sa || r->is_outside);
    check_copy(r);
    check_halves(r);
}

static void check_note_findings(const ike_note *note)
{
    for (const ike_finding *finding = note->findings; finding; finding = finding->next)
        g_assert_true(finding->note == note);
}

static void check_frames(checker *c)
{
    for (uint32_t frame = 0; frame <= c->frames + 1; frame++)
        for (ike_note *note = ike_tracker_notes(c->tracker, frame); note; note = note->next) {
            g_assert_cmpuint(note->frame, ==, frame);
            g_assert_cmpuint(frame, >=, 1);
            g_assert_cmpuint(frame, <=, c->frames);
            g_assert_true(g_hash_table_add(c->notes, note));
        }
}

static void check_notes(const checker *c)
{
    GHashTableIter iter;
    gpointer key;

    g_hash_table_iter_init(&iter, c->notes);
    while (g_hash_table_iter_next(&iter, &key, NULL)) {
        ike_note *note = key;

        check_note_findings(note);
        if (ike_note_record(note))
            check_record(c, ike_note_record(note));
    }
}

static void check_exchange(const ike_exchange *exchange)
{
    for (unsigned n = 1; n <= IKE_MAX_STEPS; n++) {
        const ike_record *r = ike_exchange_slot(exchange, n);

        if (!r)
            continue;
        g_assert_cmpuint(n, <=, MAX(exchange->highest, 1));
        g_assert_null(r->rare->first);
        if (r->version == 1)
            g_assert_cmpuint(r->label.number, ==, n);
    }
}

/* An SPI leads back to whoever chose it. */
static void check_made_by(const checker *c, const ike_agreement *a, const ike_record *r)
{
    ike_side chooser = IKE_SIDE_NONE;

    if (r->side == IKE_SIDE_NONE || a->spi[r->side] == 0)
        return;
    g_assert_nonnull(ike_esp_made_by(c->tracker, a->spi[r->side], r, &chooser));
    g_assert_true(chooser == IKE_SIDE_A || chooser == IKE_SIDE_B); /* both may choose the same one */
}

static void check_agreement(const checker *c, const ike_exchange *exchange)
{
    const ike_agreement *a = exchange->more->agreement;

    for (int side = 0; side < 2; side++) {
        g_assert_true(!exchange->more->flow[side] || exchange->more->flow[side]->child == exchange);
        if (a && a->ended[side])
            g_assert_true(g_hash_table_contains(c->notes, a->ended[side]));
    }
    for (guint i = 0; a && i < exchange->records.len; i++)
        check_made_by(c, a, exchange->records.pdata[i]);
    if (!a)
        return;
    g_assert_null(exchange->more->lead);
    g_assert_cmpuint(ike_esp_offer_size(a->offer), <=, IKE_MAX_ESP_TRANSFORMS);
}

static void check_sa(const checker *c, const ike_sa *sa, unsigned number)
{
    g_assert_cmpuint(sa->number, ==, number);
    g_assert_cmpint(sa->state, <, IKE_N_STATES);
    g_assert_cmpuint(sa->first_frame, <=, sa->last_frame);
    check_exchange(sa->phase1);
    for (guint i = 0; i < sa->more->exchanges.len; i++) {
        check_exchange(sa->more->exchanges.pdata[i]);
        check_agreement(c, sa->more->exchanges.pdata[i]);
    }
    if (sa->more->deleted)
        g_assert_true(g_hash_table_contains(c->notes, sa->more->deleted));
    for (guint i = 0; i < sa->records.len; i++) {
        const ike_record *r = sa->records.pdata[i];

        g_assert_true(r->note.sa == sa);
        g_assert_true(g_hash_table_contains(c->notes, r));
    }
    for (guint i = 0; i < sa->findings.len; i++)
        g_assert_true(((const ike_finding *)sa->findings.pdata[i])->sa == sa);
    for (int side = 0; side < 2; side++) {
        g_assert_cmpuint(sa->sides[side].n_endpoints, <=, IKE_MAX_ENDPOINTS);
        g_assert_cmpuint(sa->sides[side].n_vendors, <=, IKE_MAX_VENDORS);
    }
}

static void check_findings(const checker *c)
{
    const ike_list *findings = ike_tracker_findings(c->tracker);
    guint of_sas = 0;

    for (guint i = 0; i < findings->len; i++) {
        const ike_finding *finding = findings->pdata[i];
        const ike_diagnosis *row = ike_diagnosis_get(finding->id);

        g_assert_cmpstr(row->id, !=, "");
        g_assert_cmpint(finding->severity, >=, IKE_SEVERITY_CHAT);
        g_assert_cmpint(finding->severity, <=, IKE_SEVERITY_ERROR);
        g_assert_cmpuint(finding->count, >, 0);
        g_assert_nonnull(finding->text);
        if (finding->note)
            g_assert_true(g_hash_table_contains(c->notes, finding->note));
        if (finding->evidence == IKE_INFERRED)
            g_assert_cmpint(finding->severity, <=, IKE_SEVERITY_WARN);
    }
    for (guint i = 0; i < ike_tracker_sas(c->tracker)->len; i++)
        of_sas += ((const ike_sa *)ike_tracker_sas(c->tracker)->pdata[i])->findings.len;
    g_assert_cmpuint(of_sas + ike_tracker_orphans(c->tracker)->len, ==, findings->len);
}

static unsigned times_listed(const ike_sa *sa, const ike_flow *flow)
{
    unsigned n = 0;

    for (guint i = 0; sa && i < sa->more->flows.len; i++)
        n += sa->more->flows.pdata[i] == flow;
    return n;
}

/* A flow and the negotiation that made it name each other; one negotiation has one flow of each side. */
static void check_flows(const checker *c)
{
    const ike_list *flows = ike_tracker_flows(c->tracker);

    for (guint i = 0; i < flows->len; i++) {
        const ike_flow *flow = flows->pdata[i];

        g_assert_cmpuint(flow->number, ==, i);
        g_assert_true((flow->child != NULL) == (flow->tied_by != IKE_TIED_NOT));
        g_assert_cmpuint(times_listed(flow->sa, flow), ==, flow->sa ? 1 : 0);
        if (!flow->child)
            continue;
        g_assert_cmpint(flow->side, !=, IKE_SIDE_NONE);
        g_assert_true(flow->child->more->flow[flow->side] == flow);
        g_assert_true(flow->child->sa == flow->sa);
        g_assert_true(ike_exchange_end(ike_exchange_lead(flow->child)) == flow->child);
    }
}

void check_all(ike_tracker *t, uint32_t frames)
{
    checker c = { t, frames, g_hash_table_new(NULL, NULL) };

    check_frames(&c);
    check_notes(&c);
    for (guint i = 0; i < ike_tracker_sas(t)->len; i++)
        check_sa(&c, ike_tracker_sas(t)->pdata[i], i);
    check_flows(&c);
    check_findings(&c);
    g_hash_table_destroy(c.notes);
}

char *summary(ike_tracker *t)
{
    const ike_list *findings = ike_tracker_findings(t);
    const ike_selection all = { .tracker = t };
    ike_totals totals;
    GString *out = g_string_new(NULL);

    ike_tracker_finish(t);
    totals = ike_totals_of(&all);
    g_string_append_printf(out, "%u %u %u %u %u %u %u\n", totals.errors, totals.warnings,
                           totals.notes, totals.failed, totals.sas, totals.children,
                           totals.messages);
    for (guint i = 0; i < ike_tracker_sas(t)->len; i++) {
        const ike_sa *sa = ike_tracker_sas(t)->pdata[i];

        g_string_append_printf(out, "SA %u: %s%s\n", sa->number, ike_state_name(sa->state),
                               sa->is_failed ? ", failed" : "");
    }
    for (guint i = 0; i < findings->len; i++) {
        const ike_finding *finding = findings->pdata[i];

        g_string_append_printf(out, "%s %s x%u SA %d frame %u: %s\n",
                               ike_diagnosis_get(finding->id)->id,
                               ike_severity_name(finding->severity), finding->count,
                               finding->sa ? (int)finding->sa->number : -1,
                               finding->note ? finding->note->frame : 0, finding->text);
    }
    return g_string_free(out, FALSE);
}

void same_text(const char *what, char *a, char *b)
{
    if (strcmp(a, b) != 0) {
        char **x = g_strsplit(a, "\n", -1), **y = g_strsplit(b, "\n", -1);
        guint i = 0;

        while (x[i] && y[i] && strcmp(x[i], y[i]) == 0)
            i++;
        g_test_message("%s: \"%s\" then \"%s\"", what, x[i] ? x[i] : "", y[i] ? y[i] : "");
        g_test_fail();
        g_strfreev(x);
        g_strfreev(y);
    }
    g_free(a);
    g_free(b);
}

void check_twice(ike_tracker *t, uint32_t frames)
{
    const ike_span span = ike_tracker_span(t);
    char *once = summary(t);

    ike_tracker_finish(t);
    same_text("finished twice", g_strdup(once), summary(t));
    ike_tracker_frame(t, frames + 1, span.last);
    ike_tracker_end_frame(t, true);
    same_text("finished anew", once, summary(t));
}
