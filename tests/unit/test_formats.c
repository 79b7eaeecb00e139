/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows of reports: what the tables keep to, and what CSV and HTML make of hostile text.
 */
#include "ike_ladder.h"
#include "ladder.h"

#include <string.h>

/* ---- tables ---- */

static bool is_name(const char *name)
{
    for (const char *p = name; *p; p++)
        if (!g_ascii_islower(*p) && *p != '_' && !g_ascii_isdigit(*p))
            return false;
    return *name != '\0';
}

static void names(void)
{
    for (int t = 0; ike_tables[t]; t++) {
        GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);

        g_assert_true(is_name(ike_tables[t]->type));
        for (const ike_column *column = ike_tables[t]->columns; column->name; column++) {
            if (!is_name(column->name) || !column->get || strlen(column->what) < 3 ||
                strlen(column->what) > 110 || !g_hash_table_add(seen, (gpointer)column->name))
                g_error("%s.%s: not a new name, or without a text", ike_tables[t]->type, column->name);
        }
        g_assert_false(g_hash_table_contains(seen, "schema"));
        g_assert_false(g_hash_table_contains(seen, "type"));
        g_hash_table_destroy(seen);
    }
}

/* A column that several tables have must mean one thing: CSV puts them under one head, all but the closing
 * row. */
static void same_kinds(void)
{
    GHashTable *kinds = g_hash_table_new(g_str_hash, g_str_equal);

    for (int t = 0; ike_tables[t] != &ike_table_result; t++)
        for (const ike_column *column = ike_tables[t]->columns; column->name; column++) {
            gpointer kind;

            if (g_hash_table_lookup_extended(kinds, column->name, NULL, &kind) &&
                GPOINTER_TO_INT(kind) != (int)column->kind)
                g_error("%s has two kinds", column->name);
            g_hash_table_insert(kinds, (gpointer)column->name, GINT_TO_POINTER((int)column->kind));
        }
    g_assert_cmpuint(g_hash_table_size(kinds), >, 50);
    g_hash_table_destroy(kinds);
}

/* ---- values ---- */

static void expect_iso(ike_time time, const char *text)
{
    GString *out = g_string_new(NULL);

    ike_iso_append(out, time);
    g_assert_cmpstr(out->str, ==, text);
    g_string_free(out, TRUE);
}

static void times(void)
{
    expect_iso(0, "1970-01-01T00:00:00.000000Z");
    expect_iso(INT64_C(1351861454555840999), "2012-11-02T13:04:14.555840Z");
    expect_iso(-1, "1969-12-31T23:59:59.999999Z");
    expect_iso(INT64_MIN, "1677-09-21T00:12:43.145224Z");
    expect_iso(INT64_MAX, "2262-04-11T23:47:16.854775Z");
}

static void expect_seconds(ike_time span, const char *text)
{
    GString *out = g_string_new(NULL);

    ike_exact_seconds_append(out, span);
    g_assert_cmpstr(out->str, ==, text);
    g_string_free(out, TRUE);
}

static void seconds(void)
{
    expect_seconds(0, "0");
    expect_seconds(85 * IKE_MILLISECOND, "0.085");
    expect_seconds(1, "0.000000001");
    expect_seconds(-10 * IKE_SECOND, "-10");
    expect_seconds(INT64_MIN, "-9223372036.854775808");
}

/* ---- hostile text ---- */

static const char hostile[] = "=cmd|'/C calc'!A0,\"q\"\r\n<script>alert(1)</script>&amp;";

static char *written(const ike_format *format, const char *name)
{
    GString *out = g_string_new(NULL);
    const ike_report_kind *kind = ike_report_kinds;
    ladder l;

    while (strcmp(kind->name, name) != 0)
        kind++;
    ladder_begin(&l);
    main_mode(&l);
    ike_side_more_of(&ladder_sa(&l, 0)->sides[0])->identity = g_strdup(hostile);
    long_after(&l);
    ike_tracker_finish(l.tracker);
    ike_report_write(l.tracker, kind, format, NULL, "a < \"b\"", out);
    ladder_end(&l);
    return g_string_free(out, FALSE);
}

static void csv(void)
{
    char *text = written(&ike_format_csv, "sa");

    g_assert_true(g_str_has_prefix(text, "type,sa,version,"));
    g_assert_nonnull(strstr(text, ",\"'=cmd|'/C calc'!A0,\"\"q\"\"\r\n<script>alert(1)</script>&amp;\","));
    g_assert_true(g_str_has_suffix(text, "\r\n"));
    g_assert_null(strstr(text, "\nresult,"));
    g_free(text);
}

static void html(void)
{
    char *text = written(&ike_format_html, "report");

    g_assert_null(strstr(text, "<script"));
    g_assert_nonnull(strstr(text, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;"));
    g_assert_nonnull(strstr(text, "Filter: a &lt; &quot;b&quot;"));
    g_free(text);
}

/* ---- ladders ---- */

static unsigned count(const char *text, const char *what)
{
    unsigned n = 0;

    for (const char *p = strstr(text, what); p; p = strstr(p + 1, what))
        n++;
    return n;
}

static char *drawn(ladder *l, uint32_t number)
{
    GString *out = g_string_new(NULL);

    long_after(l);
    ike_tracker_finish(l->tracker);
    ike_ladder_append(out, ladder_sa(l, number));
    return g_string_free(out, FALSE);
}

static void retransmission(void)
{
    ladder l;
    char *text;

    ladder_begin(&l);
    mm1(&l);
    after(&l, 4);
    mm1(&l);
    mm2(&l);
    text = drawn(&l, 0);
    g_assert_cmpuint(count(text, "class=\"label\""), ==, 3);
    g_assert_cmpuint(count(text, ">MM1 again (1)<"), ==, 1);
    g_assert_cmpuint(count(text, "line again"), >=, 1);
    g_assert_nonnull(strstr(text, ">+4.000 s<"));
    g_free(text);
    ladder_end(&l);
}

/* What else is on the way: ESP, ICMP, a piece whose others are missing, another port. */
static void whatever_passes(void)
{
    ladder l;
    char *text;

    ladder_begin(&l);
    nat_seen_outside(&l);
    main_mode(&l);
    move_to_4500(&l);
    in_ip_fragments(&l, 96, NULL);
    quick_mode(&l, 0xa1);
    l.hosts[INITIATOR].seen.port = 62000;
    quick_mode(&l, 0xa2);
    esp_both_ways(&l);
    icmp_error(&l, RESPONDER, 3, 1, 576);
    in_ip_fragments(&l, 96, "1");
    info(&l, RESPONDER, 0xb1, 300);
    qm1(&l, 0xa3);
    icmp_error(&l, INITIATOR, 3, 4, 576);
    text = drawn(&l, 0);
    g_assert_nonnull(strstr(text, ">ESP SPI 00001000<"));
    g_assert_nonnull(strstr(text, ">ESP SPI 00002000<"));
    g_assert_nonnull(strstr(text, ">1 packet<"));
    g_assert_nonnull(strstr(text, ">ICMP from 10.2.0.2, type 3 code 4<"));
    g_assert_nonnull(strstr(text, ">the others are missing<"));
    g_assert_nonnull(strstr(text, ">3 IP fragments, moves to port 4500<"));
    g_assert_nonnull(strstr(text, "new NAT mapping 198.51.100.7:62000"));
    g_assert_nonnull(strstr(text, ">initiator, behind a NAT"));
    g_assert_nonnull(strstr(text, " cross\""));
    g_free(text);
    ladder_end(&l);
}

/* What is found stands beside the message and colours it. */
static void refusal(void)
{
    ladder l;
    char *text;

    ladder_begin(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    text = drawn(&l, 0);
    g_assert_nonnull(strstr(text, ">mm1_reject: The responder refuses the first message<"));
    g_assert_nonnull(strstr(text, ">NO-PROPOSAL-CHOSEN<"));
    g_assert_nonnull(strstr(text, "\"line error\""));
    g_free(text);
    ladder_end(&l);
}

/* One SA of very many messages makes a picture of a bounded size. */
static void many(void)
{
    ladder l;
    char *text;

    ladder_begin(&l);
    main_mode(&l);
    for (uint32_t i = 0; i < 1000; i++)
        quick_mode(&l, 0x1000 + i);
    text = drawn(&l, 0);
    g_assert_cmpuint(count(text, "class=\"label\""), ==, IKE_LADDER_ROWS);
    g_assert_nonnull(strstr(text, "and 2886 more messages and packets"));
    g_free(text);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/formats/tables/names", names);
    g_test_add_func("/formats/tables/same-kinds", same_kinds);
    g_test_add_func("/formats/values/times", times);
    g_test_add_func("/formats/values/seconds", seconds);
    g_test_add_func("/formats/hostile/csv", csv);
    g_test_add_func("/formats/hostile/html", html);
    g_test_add_func("/formats/ladder/retransmission", retransmission);
    g_test_add_func("/formats/ladder/whatever-passes", whatever_passes);
    g_test_add_func("/formats/ladder/refusal", refusal);
    g_test_add_func("/formats/ladder/many", many);
    return g_test_run();
}
