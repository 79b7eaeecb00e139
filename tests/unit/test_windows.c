/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The events and counters of Windows that a conversation makes.
 */
#include "ike_counter.h"
#include "ike_event.h"
#include "readable.h"

#include <string.h>

static ike_selection selection_of(ladder *l)
{
    long_after(l);
    ike_tracker_finish(l->tracker);
    return (ike_selection){ .tracker = l->tracker };
}

static const ike_event *first_event(GArray *events, unsigned id)
{
    for (guint i = 0; i < events->len; i++)
        if (g_array_index(events, ike_event, i).id == id)
            return &g_array_index(events, ike_event, i);
    g_error("no event %u", id);
    return NULL;
}

static uint64_t counted(ladder *l, const char *module, const char *name, const ike_addr *host)
{
    const ike_selection every = selection_of(l);
    ike_counters *all = ike_counters_new(&every);
    ike_counter counter;
    uint64_t found = UINT64_MAX;

    for (unsigned i = 0; ike_counters_get(all, host, i, &counter); i++)
        if (g_strcmp0(counter.info->module, module) == 0 && strcmp(counter.info->name, name) == 0 &&
            counter.is_known && found == UINT64_MAX)
            found = counter.count;
    ike_counters_free(all);
    return found;
}

/* ---- events ---- */

static void one_tunnel(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    expect_events(&l, "4650I 4650R 5451I 5451R");
    ladder_end(&l);
}

static void certificate(void)
{
    ladder l;

    ladder_begin(&l);
    l.offer[0].auth = l.choice.auth = 3;
    main_mode(&l);
    quick_mode(&l, 0xa1);
    expect_events(&l, "4651I 4651R 5451I 5451R");
    ladder_end(&l);
}

static void unanswered(void)
{
    ladder l;
    ike_selection all;
    GArray *events;
    const ike_event *event;

    ladder_begin(&l);
    for (int i = 0; i < 4; i++) {
        mm1(&l);
        after(&l, 2 << i);
    }
    expect_events(&l, "4653I");
    all = selection_of(&l);
    events = ike_events_new(&all);
    event = first_event(events, 4653);
    g_assert_cmpuint(event->legacy, ==, 547);
    g_assert_cmpuint(event->reason, ==, 13805);
    g_assert_cmpint(event->point, ==, IKE_FAILED_ME);
    g_assert_cmpstr(event->state, ==, "Sent first (SA) payload");
    g_array_free(events, TRUE);
    ladder_end(&l);
}

/* The responder says why, the initiator hears of it: Me on one host, Peer on the other. */
static void refused(void)
{
    ladder l;
    ike_selection all;
    GArray *events;

    ladder_begin(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    expect_events(&l, "4653I 4653R");
    all = selection_of(&l);
    events = ike_events_new(&all);
    for (guint i = 0; i < events->len; i++) {
        const ike_event *event = &g_array_index(events, ike_event, i);

        g_assert_cmpuint(event->also, ==, 546);
        g_assert_cmpint(event->point, ==,
                        ike_event_role(event, event->host) == IKE_ROLE_INITIATOR ? IKE_FAILED_PEER : IKE_FAILED_ME);
    }
    g_array_free(events, TRUE);
    ladder_end(&l);
}

static void quick_mode_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    for (int i = 0; i < 4; i++) {
        after(&l, 2 << i);
        qm1(&l, 0xa2);
    }
    expect_events(&l, "4650I 4650R 5451I 5451R 4654I");
    ladder_end(&l);
}

/* One finding of the SA stands for both; each Quick Mode has an event of its own. */
static void quick_modes_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    for (uint32_t id = 0xa2; id <= 0xa3; id++)
        for (int i = 0; i < 4; i++) {
            after(&l, 2 << i);
            qm1(&l, id);
        }
    expect_findings(&l, "qm1_noresp", 1);
    expect_events(&l, "4650I 4650R 5451I 5451R 4654I 4654I");
    g_assert_cmpuint(counted(&l, "IKEv1", "totalFailedQuickModes", NULL), ==, 2);
    g_assert_cmpuint(counted(&l, "IKEv1", "totalSuccessfulQuickModes", NULL), ==, 1);
    ladder_end(&l);
}

/* Two Informationals in a burst, behind which nothing comes: the deletes of both SAs. */
static void deleted(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    after(&l, 60);
    info(&l, INITIATOR, 0xb1, 76);
    info(&l, INITIATOR, 0xb2, 92);
    expect_events(&l, "4650I 4650R 5451I 5451R 5452I 5452R 4655I 4655R");
    ladder_end(&l);
}

/* Answered checks are no deletes, however long they go on. */
static void liveness(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    for (uint32_t i = 0; i < 6; i++) {
        after(&l, 30);
        info(&l, INITIATOR, 0xb0 + 2 * i, 92);
        info(&l, RESPONDER, 0xb1 + 2 * i, 92);
    }
    expect_events(&l, "4650I 4650R 5451I 5451R");
    ladder_end(&l);
}

static void joined(void)
{
    ladder l;

    ladder_begin(&l);
    quick_mode(&l, 0xa1);
    quick_mode(&l, 0xa2);
    expect_events(&l, "5451I 5451R 5451I 5451R");
    g_assert_cmpuint(counted(&l, "IKEv1", "totalMainModesStarted", NULL), ==, 0);
    ladder_end(&l);
}

static void ikev2(void)
{
    ladder l;
    ike_selection all;
    GArray *events;

    ladder_begin(&l);
    v2_establish(&l);
    esp_both_ways(&l);
    expect_events(&l, "4650I 4650R 5451I 5451R");
    all = selection_of(&l);
    events = ike_events_new(&all);
    g_assert_cmpuint(first_event(events, 4650)->legacy, ==, 0);
    g_assert_cmpuint(first_event(events, 4650)->alternative, ==, 4651);
    g_array_free(events, TRUE);
    ladder_end(&l);
}

/* ---- without keys: whether IKE_AUTH made a Child SA ---- */

static ike_child_state state_of_first(ladder *l)
{
    ike_tracker_finish(l->tracker);
    return ike_child_state_of(child_of(l, 0));
}

/* 28 bytes of header, 4 of SK, 16 of vector, 128 for the 120 of the smallest one, 16 of ICV. */
static void child_has_room(void)
{
    ladder l;

    for (unsigned length = 176; length <= 192; length += 16) {
        ladder_begin(&l);
        v2_init(&l);
        v2_ask(&l);
        v2_auth_resp(&l, 1, length);
        expect_events(&l, length < 192 ? "4650I 4650R" : "4650I 4650R 5451I 5451R");
        g_assert_cmpint(state_of_first(&l), ==, length < 192 ? IKE_CHILD_NOT_MADE : IKE_CHILD_ANSWERED);
        expect_in_report(&l, "sa", length < 192 ? "not made" : "answered");
        ladder_end(&l);
    }
}

/* Without a block: 28, 4, 8 of vector, 121, 16; the last of several rounds lacks the 8 of an identity. */
static void child_has_room_by_rounds(void)
{
    static const struct {
        uint32_t rounds;
        unsigned length;
        ike_child_state state;
    } rows[] = { { 1, 176, IKE_CHILD_NOT_MADE }, { 1, 177, IKE_CHILD_ANSWERED },
                 { 2, 168, IKE_CHILD_NOT_MADE }, { 2, 169, IKE_CHILD_ANSWERED } };
    ladder l;

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ladder_begin(&l);
        l.v2.suite[0].id = 20;
        l.v2.suite[2] = (wire_v2_transform){ 0 };
        v2_init(&l);
        for (uint32_t round = 1; round <= rows[i].rounds; round++) {
            v2_auth_req(&l, round);
            v2_auth_resp(&l, round, round == rows[i].rounds ? rows[i].length : 300);
        }
        long_after(&l);
        g_assert_cmpint(state_of_first(&l), ==, rows[i].state);
        ladder_end(&l);
    }
}

/* Whatever they hold, rounds of EAP and pieces are as long as they are. */
static void child_in_time(void)
{
    wire_message m;
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, 300);
    v2_auth_req(&l, 2);
    m = v2_message(&l, INITIATOR, true, IKE_XCHG_V2_AUTH, 2);
    wire_v2_sk(&m, IKE_PL_V2_EAP, 144, 1);
    send_message(&l, RESPONDER, wire_end(&m));
    long_after(&l);
    g_assert_cmpint(state_of_first(&l), !=, IKE_CHILD_NOT_MADE);
    expect_failed(&l, 0, false);
    ladder_end(&l);
    ladder_begin(&l);
    v2_init(&l);
    v2_ask(&l);
    for (unsigned number = 1; number <= 2; number++) {
        m = v2_message(&l, INITIATOR, true, IKE_XCHG_V2_AUTH, 1);
        wire_v2_skf(&m, number == 1 ? IKE_PL_V2_IDR : 0, number, 2, 176, number);
        send_message(&l, RESPONDER, wire_end(&m));
    }
    expect_events(&l, "4650I 4650R 5451I 5451R");
    g_assert_cmpint(state_of_first(&l), ==, IKE_CHILD_ANSWERED);
    ladder_end(&l);
}

/* ---- counters ---- */

/* What a host drops: told once, with their number. */
static void invalid_packets(void)
{
    ladder l;
    ike_selection all;
    GArray *events;
    const ike_event *event;

    ladder_begin(&l);
    main_mode(&l);
    for (uint32_t i = 0; i < 2; i++) { /* a Quick Mode in clear */
        wire_message m = message(&l, IKE_XCHG_QUICK, 0, 0xa1 + i);

        wire_payload_random(&m, IKE_PL_HASH, 32, i);
        send_message(&l, INITIATOR, wire_end(&m));
    }
    all = selection_of(&l);
    events = ike_events_new(&all);
    event = first_event(events, 4977);
    g_assert_cmpint(event->mode, ==, IKE_EVENT_QUICK_MODE);
    g_assert_cmpuint(event->count, ==, 2);
    g_assert_cmpint(ike_event_role(event, event->host), ==, IKE_ROLE_RESPONDER);
    g_array_free(events, TRUE);
    ladder_end(&l);
}

/* 4646 is the responder's: too many half-open negotiations. */
static void flood(void)
{
    ladder l;
    ike_selection all;
    GArray *events;
    const ike_event *event;

    ladder_begin(&l);
    for (unsigned i = 1; i <= 60; i++) {
        char *addr = g_strdup_printf("203.0.113.%u", i);

        l.hosts[INITIATOR].seen = wire_endpoint(addr, 500);
        g_free(addr);
        at(&l, i * 0.05);
        mm1(&l);
        next_sa(&l);
    }
    all = selection_of(&l);
    events = ike_events_new(&all);
    event = first_event(events, 4646);
    g_assert_cmpint(ike_event_role(event, event->host), ==, IKE_ROLE_RESPONDER);
    g_assert_cmpuint(event->legacy, ==, 550);
    g_assert_cmpint(event->finding, ==, IKE_DIAG_HALFOPEN_FLOOD);
    g_array_free(events, TRUE);
    ladder_end(&l);
}

/* The responder was done with MM6; that it came in pieces, of which one is missing, fails the initiator. */
static void lost_mm6(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm6 = 1652;
    up_to_mm4(&l);
    for (int i = 0; i < 4; i++) {
        mm5(&l);
        in_ip_fragments(&l, 1480, "1");
        mm6(&l);
        after(&l, 2 << i);
    }
    expect_events(&l, "4650R 4653I");
    ladder_end(&l);
}

static void counters(void)
{
    ladder l;
    ike_addr initiator, responder;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    quick_mode(&l, 0xa2);
    initiator = l.hosts[INITIATOR].seen.addr;
    responder = l.hosts[RESPONDER].seen.addr;
    next_sa(&l);
    host_is(&l, RESPONDER, "192.0.2.99", 500);
    for (int i = 0; i < 4; i++) {
        after(&l, 2 << i);
        mm1(&l);
    }
    g_assert_cmpuint(counted(&l, "IKEv1", "totalMainModesStarted", NULL), ==, 2);
    g_assert_cmpuint(counted(&l, "IKEv1", "totalSuccessfulMainModes", NULL), ==, 1);
    g_assert_cmpuint(counted(&l, "IKEv1", "totalFailedMainModes", NULL), ==, 1);
    g_assert_cmpuint(counted(&l, "IKEv1", "totalResponderMainModes", NULL), ==, 1);
    g_assert_cmpuint(counted(&l, "IKEv1", "totalResponderMainModes", &initiator), ==, 0);
    g_assert_cmpuint(counted(&l, "IKEv1", "totalResponderMainModes", &responder), ==, 1);
    g_assert_cmpuint(counted(&l, "IKEv1", "totalSuccessfulQuickModes", &responder), ==, 2);
    g_assert_cmpuint(counted(&l, "IKEv2", "totalMainModesStarted", NULL), ==, 0);
    g_assert_cmpuint(counted(&l, NULL, "Rekeys", NULL), ==, 1);
    g_assert_cmpuint(counted(&l, NULL, "Retransmissions Sent", &initiator), ==, 3);
    g_assert_cmpuint(counted(&l, NULL, "Retransmissions Sent", &responder), ==, 0);
    g_assert_cmpuint(counted(&l, NULL, "Messages Without Response", NULL), ==, 1);
    g_assert_cmpuint(counted(&l, NULL, "Total Acquire", &initiator), ==, 4);
    g_assert_cmpuint(counted(&l, NULL, "Soft Associations", NULL), ==, UINT64_MAX); /* not in a capture */
    ladder_end(&l);
}

/* Nearest rank of 20 Main Modes that take 51, 52 .. times as long. */
static void percentiles(void)
{
    ladder l;
    ike_selection every;
    ike_counters *all;
    ike_counter counter;
    unsigned seen = 0;

    ladder_begin(&l);
    for (int i = 1; i <= 20; i++) {
        next_sa(&l);
        mm1(&l);
        after(&l, 0.1 * i);
        mm2(&l);
        mm3(&l);
        mm4(&l);
        mm5(&l);
        mm6(&l);
        quick_mode(&l, (uint32_t)i);
    }
    every = selection_of(&l);
    all = ike_counters_new(&every);
    for (unsigned i = 0; ike_counters_get(all, NULL, i, &counter); i++) {
        if (counter.info->group != IKE_COUNTERS_TIME || !counter.is_known)
            continue;
        if (strcmp(counter.info->name, "Main Mode median") == 0)
            g_assert_cmpint(counter.span / IKE_MILLISECOND, ==, 1000 + 40);
        if (strcmp(counter.info->name, "Main Mode 95th percentile") == 0)
            g_assert_cmpint(counter.span / IKE_MILLISECOND, ==, 1900 + 40);
        seen++;
    }
    g_assert_cmpuint(seen, ==, 4);
    ike_counters_free(all);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/windows/events/tunnel", one_tunnel);
    g_test_add_func("/windows/events/certificate", certificate);
    g_test_add_func("/windows/events/unanswered", unanswered);
    g_test_add_func("/windows/events/refused", refused);
    g_test_add_func("/windows/events/quick-mode-unanswered", quick_mode_unanswered);
    g_test_add_func("/windows/events/quick-modes-unanswered", quick_modes_unanswered);
    g_test_add_func("/windows/events/deleted", deleted);
    g_test_add_func("/windows/events/liveness", liveness);
    g_test_add_func("/windows/events/joined", joined);
    g_test_add_func("/windows/events/ikev2", ikev2);
    g_test_add_func("/windows/child/room", child_has_room);
    g_test_add_func("/windows/child/room-by-rounds", child_has_room_by_rounds);
    g_test_add_func("/windows/child/rounds-and-pieces", child_in_time);
    g_test_add_func("/windows/invalid-packets", invalid_packets);
    g_test_add_func("/windows/flood", flood);
    g_test_add_func("/windows/lost-mm6", lost_mm6);
    g_test_add_func("/windows/counters", counters);
    g_test_add_func("/windows/percentiles", percentiles);
    return g_test_run();
}
