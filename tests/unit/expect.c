/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a test expects of a conversation once it is over: labels and findings.
 */
#include "expect.h"
#include "ike_causes.h"

#include <string.h>

void test_fail(const char *format, ...)
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

void test_finish(ladder *l)
{
    ike_tracker_finish(l->tracker);
}

void test_compare(const char *what, const char *is, const char *should)
{
    if (strcmp(is, should) != 0)
        test_fail("%s: expected \"%s\", found \"%s\"", what, should, is);
}

void test_compare_numbers(const char *what, int64_t is, int64_t should)
{
    if (is != should)
        test_fail("%s: expected %" G_GINT64_FORMAT ", found %" G_GINT64_FORMAT, what, should, is);
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

    test_finish(l);
    for (uint32_t frame = 1; frame <= l->frame; frame++) {
        char *word = ladder_frame_labels(l, frame);

        append_word(all, word);
        g_free(word);
    }
    test_compare("labels", all->str, labels);
    g_string_free(all, TRUE);
}

void expect_live_labels(ladder *l, const char *labels)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < l->live->len; i++)
        append_word(all, l->live->pdata[i]);
    test_compare("labels of a single pass", all->str, labels);
    g_string_free(all, TRUE);
}

void expect_said(ladder *l, const char *said)
{
    GString *all = g_string_new(NULL);

    for (guint i = 0; i < l->said->len; i++) {
        const ladder_said *one = &g_array_index(l->said, ladder_said, i);

        if (one->severity > CHAT)
            g_string_append_printf(all, "%s%u:%s", all->len ? " " : "", one->frame, ike_diagnosis_get(one->id)->id);
    }
    test_compare("said by a single pass", all->str, said);
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
    test_fail("no diagnosis has the id %s", id);
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

    test_fail("%s %s; found: %s", what, id, all);
    g_free(all);
}

void expect_finding(ladder *l, const char *id, ike_severity severity)
{
    const ike_finding *finding;
    ike_severity worst = IKE_SEVERITY_NONE;
    guint i = 0;

    test_finish(l);
    while ((finding = next_finding(l, id, &i)))
        worst = MAX(worst, finding->severity);
    if (worst == IKE_SEVERITY_NONE)
        fail_findings(l, "expected", id);
    else if (worst != severity)
        test_fail("severity of %s: expected %s, found %s", id, ike_severity_name(severity),
             ike_severity_name(worst));
}

void expect_finding_at(ladder *l, uint32_t frame, const char *id)
{
    test_finish(l);
    for (ike_note *note = ike_tracker_notes(l->tracker, frame); note; note = note->next)
        for (const ike_finding *finding = note->findings; finding; finding = finding->next) {
            if (strcmp(ike_diagnosis_get(finding->id)->id, id) == 0)
                return;
        }
    test_fail("no finding %s on frame %u", id, frame);
}

bool finding_says(ladder *l, const char *id, const char *words)
{
    char *should = g_ascii_strdown(words, -1);
    const ike_finding *finding;
    bool found = false;
    guint i = 0;

    test_finish(l);
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
        test_fail("no finding %s says \"%s\"", id, words);
}

static void expect_evidence(ladder *l, const char *id, ike_evidence evidence)
{
    const ike_finding *finding;
    guint i = 0;

    test_finish(l);
    finding = next_finding(l, id, &i);
    if (!finding)
        fail_findings(l, "expected", id);
    else
        test_compare_numbers("evidence", finding->evidence, evidence);
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

    test_finish(l);
    while ((finding = next_finding(l, id, &i)))
        if (finding->note)
            return;
    fail_findings(l, "expected on a frame:", id);
}

void expect_findings(ladder *l, const char *id, unsigned count)
{
    unsigned n = 0;
    guint i = 0;

    test_finish(l);
    check_id(id);
    while (next_finding(l, id, &i))
        n++;
    test_compare_numbers(id, n, count);
}

void expect_one_finding(ladder *l, const char *id, ike_severity severity)
{
    expect_finding(l, id, severity);
    expect_findings(l, id, 1);
}

void expect_no_finding(ladder *l, const char *id)
{
    guint i = 0;

    test_finish(l);
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

    test_finish(l);
    while ((finding = next_finding(l, NULL, &i))) {
        const char *id = ike_diagnosis_get(finding->id)->id;

        if (finding->severity > severity && !(but_not && g_str_has_prefix(id, but_not)))
            test_fail("%s is a %s: %s", id, ike_severity_name(finding->severity), finding->text);
    }
}

void expect_nothing_unanswered(ladder *l)
{
    const ike_finding *finding;
    guint i = 0;

    test_finish(l);
    while ((finding = next_finding(l, NULL, &i))) {
        const char *id = ike_diagnosis_get(finding->id)->id;

        if (g_str_has_suffix(id, "_noresp") || g_str_has_suffix(id, "_noreply"))
            test_fail("did not expect %s: %s", id, finding->text);
    }
}
