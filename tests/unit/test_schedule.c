/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Schedules of retransmissions, and the line of a report that says who the peers are.
 */
#include "ike_schedule.h"
#include "ladder2.h"

/* ---- the table ---- */

static const char *found(const ike_time *gaps, unsigned n, bool from_first)
{
    const ike_schedule *s = ike_schedule_find(gaps, n, from_first);

    return s ? s->name : NULL;
}

/* Each row is found by all its times. */
static void rows(void)
{
    const ike_schedule *row;

    for (size_t i = 0; (row = ike_schedule_get(i)); i++) {
        g_assert_cmpuint(row->n, >=, 2);
        g_assert_cmpstr(found(row->gaps, row->n, true), ==, row->name);
    }
    g_assert_null(ike_schedule_get(100));
}

static const struct {
    const char *name;
    unsigned n;
    double gaps[4];
    bool from_first;
} cases[] = {
    { "strongSwan", 2, { 4.0, 7.2 }, true },
    { "strongSwan", 2, { 7.2, 13.0 }, false },  /* nobody else's from any place */
    { "strongSwan", 3, { 4.29, 7.2, 12.3 }, true }, /* 5 % and 0.1 s */
    { NULL, 2, { 4.31, 7.2 }, true },
    { NULL, 1, { 4.0 }, true },                 /* one time only */
    { NULL, 0, { 0 }, true },
    { NULL, 2, { 3.0, 6.0 }, true },            /* nobody's */
    { "Cisco IOS or racoon", 2, { 10.0, 10.0 }, true },
    { "Cisco ASA", 3, { 8.0, 8.0, 8.0 }, true },
    { NULL, 4, { 8.0, 8.0, 8.0, 8.0 }, true },  /* once more than it does */
    { "Windows", 3, { 1.0, 2.0, 4.0 }, true },
    { NULL, 3, { 1.0, 2.0, 4.0 }, false },      /* Libreswan or Solaris, without their first times */
    { NULL, 2, { 4.0, -7.2 }, true },           /* clocks backwards */
    { NULL, 2, { 0.0, 0.05 }, true },
};

static void known(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        ike_time gaps[4];

        for (unsigned k = 0; k < 4; k++)
            gaps[k] = (ike_time)(cases[i].gaps[k] * IKE_SECOND);
        g_assert_cmpstr(found(gaps, cases[i].n, cases[i].from_first), ==, cases[i].name);
    }
}

/* ---- the report ---- */

/* The report of diagnoses has this line on the peers; NULL: none at all. */
static void expect_peers(ladder *l, const char *line)
{
    if (line)
        expect_in_report(l, "diag", line);
    else
        expect_not_in_report(l, "diag", "      peers ");
}

/* MM3 after a full start, and again after each of these times. */
static void unanswered_mm3(ladder *l, const double *gaps, unsigned n)
{
    mm1(l);
    mm2(l);
    mm3(l);
    for (unsigned i = 0; i < n; i++) {
        after(l, gaps[i]);
        mm3(l);
    }
    after(l, 60);
    foreign(l);
}

static const double swan[] = { 4, 7.2, 13 };

static void hint(void)
{
    static const double nobodys[] = { 3, 6, 9 }, ten[] = { 10, 10, 10 }, microsofts[] = { 1, 2, 4 };
    static const struct {
        const double *gaps;
        unsigned n;
        const char *line;
    } hints[] = {
        { swan, 3, "peers         initiator: looks like strongSwan, which resends after the same times (4.0,"
                   " 7.2,\n                    13.0 s)" },
        { swan, 1, NULL },
        { nobodys, 3, NULL },
        { ten, 3, "peers         initiator: looks like Cisco IOS or racoon, which resends after" },
        { microsofts, 3, NULL }, /* Windows would have sent its vendor ID */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(hints); i++) {
        ladder l;

        ladder_begin(&l);
        unanswered_mm3(&l, hints[i].gaps, hints[i].n);
        expect_peers(&l, hints[i].line);
        ladder_end(&l);
    }
}

/* The capture may begin in the middle of the schedule of a first message. */
static void hint_first_message(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 4; i++, after(&l, 1 << (i - 1)))
        mm1(&l);
    after(&l, 60);
    foreign(&l);
    expect_peers(&l, NULL);
    ladder_end(&l);
}

static void hint_backwards(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    mm2(&l);
    at(&l, 20);
    mm3(&l);
    at(&l, 16);
    mm3(&l);
    at(&l, 23.2);
    mm3(&l);
    after(&l, 60);
    foreign(&l);
    expect_peers(&l, NULL);
    ladder_end(&l);
}

/* A vendor ID that names a product needs no hint. */
static void vendor_first(void)
{
    static const char *const windows[] = { "1e2b516905991c7d7c96fcbfb587e46100000008", VID_RFC3947, NULL };
    static const char *const juniper[] = { "699369228741c6d4ca094c93e242c9de19e7b7c60000000500000500",
                                           "166f932d55eb64d8e4df4fd37e2313f0d0fd84510000000000000000",
                                           "166f932d55eb64d8e4df4fd37e2313f0d0fd8451", NULL };
    ladder l;

    ladder_begin(&l);
    l.vendors[INITIATOR] = windows;
    l.vendors[RESPONDER] = juniper;
    unanswered_mm3(&l, swan, 3);
    expect_peers(&l, "peers         initiator: Windows 7 or Server 2008 R2 (version 8), by vendor ID;");
    expect_peers(&l, "Juniper SRX or NetScreen, Juniper NetScreen, by vendor ID\n");
    ladder_end(&l);
}

static void nothing_known(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    expect_peers(&l, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/schedule/rows", rows);
    g_test_add_func("/schedule/known", known);
    g_test_add_func("/peers/hint", hint);
    g_test_add_func("/peers/hint-first-message", hint_first_message);
    g_test_add_func("/peers/hint-backwards", hint_backwards);
    g_test_add_func("/peers/vendor-first", vendor_first);
    g_test_add_func("/peers/nothing-known", nothing_known);
    return g_test_run();
}
