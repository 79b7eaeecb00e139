/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The diagnosis report as its reader meets it: one verdict for a negotiation, repeated attempts as one
 * entry, hundreds of negotiations on a page.
 */
#include "ladder2.h"

#include <string.h>

static unsigned occurrences(const char *text, const char *words)
{
    unsigned n = 0;

    for (const char *p = strstr(text, words); p; p = strstr(p + 1, words))
        n++;
    return n;
}

static void expect_words(ladder *l, const char *words, unsigned times)
{
    char *text = report_text(l, "diag", NULL, NULL);

    if (occurrences(text, words) != times)
        g_test_message("\"%s\" %u times in\n%s", words, occurrences(text, words), text);
    g_assert_cmpuint(occurrences(text, words), ==, times);
    g_free(text);
}

/* ---- one negotiation ---- */

/* Of a refusal and weak algorithms the refusal decides. */
static void worst_decides(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    long_after(&l);
    expect_words(&l, "ERROR mm1_reject", 1);
    expect_words(&l, "check next", 1);
    expect_words(&l, "Windows events: responder: 546, 547, 4652, 4653", 1);
    ladder_end(&l);
}

static void cause_and_runner_up(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    move_to_4500(&l);
    mm5_in_vain(&l);
    expect_words(&l, "best cause    UDP 4500 is blocked between the peers (inferred)", 1);
    expect_words(&l, "next best", 1);
    expect_words(&l, "does UDP 4500 arrive?", 1);
    ladder_end(&l);
}

static void causes_not_told_apart(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1200;
    l.choice.auth = l.offer[0].auth = 3;
    up_to_mm4(&l);
    mm5_in_vain(&l);
    expect_words(&l, "cannot be distinguished in this capture", 1);
    expect_words(&l, "best cause", 0);
    ladder_end(&l);
}

/* ---- proposals ---- */

/* What the responder accepted before, beside what it refuses now. */
static void compared_with_before(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    after(&l, 100);
    next_sa(&l);
    l.offer[0].hash = IKE_HASH_SHA1;
    l.offer[0].group = 2;
    l.n_offer = 1;
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    long_after(&l);
    expect_words(&l, "responder, chose in SA 0", 1);
    expect_words(&l, "differs", 2); /* hash, group */
    ladder_end(&l);
}

/* .. and what it offers itself. */
static void compared_with_own_offer(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_init_error(&l, V2_N_NO_PROPOSAL_CHOSEN);
    after(&l, 10);
    next_sa(&l);
    change_sides(&l);
    l.v2.groups[0] = 20;
    l.v2.groups[1] = 0;
    v2_init_req(&l, 20);
    v2_init_error(&l, V2_N_NO_PROPOSAL_CHOSEN);
    long_after(&l);
    expect_words(&l, "responder, offered in SA 1", 1);
    expect_words(&l, "responder, offered in SA 0", 1);
    expect_words(&l, "differs", 2); /* the groups, in both */
    ladder_end(&l);
}

/* ---- many ---- */

static void attempts_are_folded(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 5; i++) {
        mm1(&l);
        refuse(&l, RESPONDER, 14);
        after(&l, 30);
        next_sa(&l);
    }
    long_after(&l);
    expect_words(&l, "mm1_reject", 1);
    expect_words(&l, "attempts      5 that ended the same way in ", 1);
    expect_words(&l, "SA 0, 1, 2, 3, 4", 1);
    expect_words(&l, "failed=5", 1);
    ladder_end(&l);
}

/* Attempts that end in different ways are different entries. */
static void other_ends_are_not_folded(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    after(&l, 30);
    next_sa(&l);
    up_to_mm4(&l);
    mm5_in_vain(&l);
    expect_words(&l, "FAIL  ", 2);
    expect_words(&l, "attempts", 0);
    ladder_end(&l);
}

/* .. and so are those that are refused for different reasons. */
static void other_reasons_are_not_folded(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    after(&l, 30);
    next_sa(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 18);
    long_after(&l);
    expect_words(&l, "ERROR mm1_reject", 2);
    expect_words(&l, "attempts", 0);
    expect_words(&l, "offered  ", 1); /* only the first is about proposals */
    ladder_end(&l);
}

/* A negotiation of each kind in turn, between hosts that change. */
static void negotiate(ladder *l, int i)
{
    char addr[16];

    g_snprintf(addr, sizeof addr, "10.%d.%d.2", 3 + i / 200, i % 200);
    host_is(l, INITIATOR, addr, 500);
    next_sa(l);
    switch (i % 4) {
    case 0: main_mode(l); quick_mode(l, 0x100 + (uint32_t)i); break;
    case 1: mm1(l); refuse(l, RESPONDER, 14); break;
    case 2: v2_init_req(l, 14); v2_init_error(l, V2_N_NO_PROPOSAL_CHOSEN); break;
    default: v2_establish(l); break;
    }
    after(l, 20);
}

static void thousand_on_a_page(void)
{
    char *text;
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 1000; i++)
        negotiate(&l, i);
    long_after(&l);
    text = report_text(&l, "diag", NULL, NULL);
    g_assert_cmpuint(occurrences(text, "\n"), <, 100);
    g_assert_cmpuint(occurrences(text, "OK    500 more\n"), ==, 1);
    g_assert_cmpuint(occurrences(text, "failed=500"), ==, 1);
    g_assert_cmpuint(occurrences(text, "sas=1000"), ==, 1);
    g_free(text);
    ladder_end(&l);
}

/* Ten are told in full. */
static void ten_in_detail(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 10; i++)
        negotiate(&l, i);
    long_after(&l);
    expect_words(&l, " more", 0);
    expect_words(&l, "mm1_reject: ", 3);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/verdict/worst-decides", worst_decides);
    g_test_add_func("/verdict/cause-and-runner-up", cause_and_runner_up);
    g_test_add_func("/verdict/causes-not-told-apart", causes_not_told_apart);
    g_test_add_func("/verdict/compared-with-before", compared_with_before);
    g_test_add_func("/verdict/compared-with-own-offer", compared_with_own_offer);
    g_test_add_func("/verdict/attempts-are-folded", attempts_are_folded);
    g_test_add_func("/verdict/other-ends-are-not-folded", other_ends_are_not_folded);
    g_test_add_func("/verdict/other-reasons-are-not-folded", other_reasons_are_not_folded);
    g_test_add_func("/verdict/thousand-on-a-page", thousand_on_a_page);
    g_test_add_func("/verdict/ten-in-detail", ten_in_detail);
    return g_test_run();
}
