/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whatever is fed, some things always hold. A recorded conversation is changed at random, with a
 * seed, and played to trackers; so are hundreds of SAs that nobody negotiated.
 */
#include "ladder.h"

#include <string.h>

#define SEED UINT64_C(20250801)
#define MUTATIONS 20000u
#define RANDOM_SAS 300u

/* ---- what always holds ---- */

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
    const ike_record *first = r->first;

    if (r->copy == IKE_COPY_NONE && !r->is_reflection) {
        g_assert_null(first);
        return;
    }
    g_assert_nonnull(first);
    g_assert_null(first->first);
    g_assert_cmpint(first->copy, ==, IKE_COPY_NONE);
    g_assert_cmpuint(first->note.frame, <=, r->note.frame);
    g_assert_true(first->note.sa == r->note.sa);
    g_assert_cmpint(r->label.mode, ==, IKE_MODE_NONE);
    if (r->copy == IKE_COPY_DUPLICATE)
        g_assert_nonnull(r->doubles);
    if (r->copy == IKE_COPY_RETRANSMISSION)
        g_assert_cmpuint(r->copy_number, >, 0);
}

static void check_halves(const ike_record *r)
{
    if (r->response) {
        g_assert_true(r->response->request == r);
        g_assert_null(r->response->first);
    }
    if (r->request) {
        g_assert_null(r->request->first);
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
        if (r->message)
            g_assert_true(g_hash_table_contains(c->notes, r->message));
        return;
    }
    g_assert_true(r->note.sa || r->is_outside);
    check_copy(r);
    check_halves(r);
}

static void check_note_findings(const ike_note *note)
{
    for (guint i = 0; note->findings && i < note->findings->len; i++) {
        const ike_finding *finding = note->findings->pdata[i];

        g_assert_true(finding->note == note);
    }
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
        const ike_record *r = exchange->slot[n];

        if (!r)
            continue;
        g_assert_cmpuint(n, <=, MAX(exchange->highest, 1));
        g_assert_null(r->first);
        if (r->version == 1)
            g_assert_cmpuint(r->label.number, ==, n);
    }
}

static void check_sa(const checker *c, const ike_sa *sa, unsigned number)
{
    g_assert_cmpuint(sa->number, ==, number);
    g_assert_cmpint(sa->state, <, IKE_N_STATES);
    g_assert_cmpuint(sa->first_frame, <=, sa->last_frame);
    check_exchange(sa->phase1);
    for (guint i = 0; i < sa->exchanges->len; i++)
        check_exchange(sa->exchanges->pdata[i]);
    for (guint i = 0; i < sa->records->len; i++) {
        const ike_record *r = sa->records->pdata[i];

        g_assert_true(r->note.sa == sa);
        g_assert_true(g_hash_table_contains(c->notes, r));
    }
    for (guint i = 0; i < sa->findings->len; i++)
        g_assert_true(((const ike_finding *)sa->findings->pdata[i])->sa == sa);
    for (int side = 0; side < 2; side++) {
        g_assert_cmpuint(sa->sides[side].n_endpoints, <=, IKE_MAX_ENDPOINTS);
        g_assert_cmpuint(sa->sides[side].n_vendors, <=, IKE_MAX_VENDORS);
    }
}

static void check_findings(const checker *c)
{
    const GPtrArray *findings = ike_tracker_findings(c->tracker);
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
        of_sas += ((const ike_sa *)ike_tracker_sas(c->tracker)->pdata[i])->findings->len;
    g_assert_cmpuint(of_sas + ike_tracker_orphans(c->tracker)->len, ==, findings->len);
}

/* All findings and totals as text, to compare. */
static char *summary(ike_tracker *t)
{
    const GPtrArray *findings = ike_tracker_findings(t);
    const ike_report report = { .tracker = t };
    ike_totals totals;
    GString *out = g_string_new(NULL);

    ike_tracker_finish(t);
    totals = ike_report_totals(&report);
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

static void same_text(const char *what, char *a, char *b)
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

static void check_all(ike_tracker *t, uint32_t frames)
{
    checker c = { t, frames, g_hash_table_new(NULL, NULL) };

    check_frames(&c);
    check_notes(&c);
    for (guint i = 0; i < ike_tracker_sas(t)->len; i++)
        check_sa(&c, ike_tracker_sas(t)->pdata[i], i);
    check_findings(&c);
    g_hash_table_destroy(c.notes);
}

/* Drawing the conclusions anew from the same frames gives the same. */
static void check_twice(ike_tracker *t, uint32_t frames)
{
    const ike_span span = ike_tracker_span(t);
    char *once = summary(t);

    ike_tracker_finish(t);
    same_text("finished twice", g_strdup(once), summary(t));
    ike_tracker_frame(t, frames + 1, span.last);
    ike_tracker_end_frame(t);
    same_text("finished anew", once, summary(t));
}

/* ---- a conversation ---- */

static void converse(ladder *l)
{
    const uint8_t keepalive = 0xff;

    mm1(l);
    after(l, 1);
    mm1(l);
    mm2(l);
    mm3(l);
    same_packet(l);
    mm4(l);
    move_to_4500(l);
    l->length_of_mm5 = l->length_of_mm6 = 1652;
    in_ip_fragments(l, 1480, NULL);
    mm5(l);
    after(l, 2);
    in_ike_fragments(l, STRONGSWAN, 700, NULL);
    mm5(l);
    in_ip_fragments(l, 1480, "21");
    mm6(l);
    tr(l, 1, 0x51);
    tr(l, 2, 0x51);
    l->commit_from = 1;
    quick_mode(l, 0xa1);
    info(l, INITIATOR, 0xb1, 108);
    info(l, RESPONDER, 0xb2, 108);
    esp(l, INITIATOR, 0x1000, 1);
    send_datagram(l, RESPONDER, &keepalive, 1);
    icmp_error(l, INITIATOR, 3, 4, 576);
    change_sides(l);
    next_sa(l);
    l->marker = false;
    am1(l);
    am2(l);
    am3(l, true);
    next_sa(l);
    l->spi_i++;
    mm1(l);
    refuse(l, RESPONDER, 14);
    after(l, 30);
    foreign(l);
}

/* ---- mutations ---- */

static const uint8_t interesting[] = { 0, 1, 2, 3, 4, 5, 8, 13, 0x10, 0x20, 0x7f, 0x80, 132, 0xff };

static size_t below(uint64_t *state, size_t n)
{
    return n ? (size_t)(wire_next_random(state) >> 16) % n : 0;
}

/* Most of what decides stands in the first hundred bytes. */
static void mutate(GByteArray *packet, uint64_t *state)
{
    const size_t n = 1 + below(state, 4);

    for (size_t i = 0; i < n && packet->len; i++) {
        const size_t at_byte = below(state, below(state, 4) ? MIN(packet->len, 100) : packet->len);

        switch (below(state, 5)) {
        case 0:
            packet->data[at_byte] ^= (uint8_t)(1 << below(state, 8));
            break;
        case 1:
        case 2:
            packet->data[at_byte] = interesting[below(state, G_N_ELEMENTS(interesting))];
            break;
        case 3:
            packet->data[at_byte] = (uint8_t)wire_next_random(state);
            break;
        default:
            if (below(state, 4) == 0)
                g_byte_array_set_size(packet, (guint)at_byte);
            break;
        }
    }
}

static void feed(ike_tracker *t, const GByteArray *packet)
{
    uint8_t *exact;

    if (packet->len == 0)
        return;
    exact = g_memdup2(packet->data, packet->len);
    ike_tracker_feed_ip(t, exact, packet->len);
    g_free(exact);
}

typedef struct player {
    ike_tracker *tracker;
    uint32_t frame;
    bool finishes; /* draws conclusions in the middle, too */
} player;

static void play(player *p, ike_time time, const GByteArray *packet)
{
    ike_tracker_frame(p->tracker, ++p->frame, time);
    feed(p->tracker, packet);
    ike_tracker_end_frame(p->tracker);
    if (p->finishes && p->frame % 7 == 0)
        ike_tracker_finish(p->tracker);
}

/* Plays a mutation of every frame, some left out, some twice, some at another time. */
static unsigned play_mutations(player *p, const GPtrArray *tape, uint64_t *state)
{
    unsigned n = 0;

    for (guint i = 0; i < tape->len; i++) {
        const ladder_frame *frame = tape->pdata[i];
        GByteArray *packet = g_byte_array_append(g_byte_array_new(), frame->packet->data,
                                                 frame->packet->len);
        ike_time time = frame->time;

        if (below(state, 8) == 0)
            time += ((ike_time)below(state, 8000) - 4000) * IKE_MILLISECOND;
        if (below(state, 16) == 0)
            play(p, time, packet);
        if (below(state, 16)) {
            if (below(state, 3) == 0)
                mutate(packet, state);
            play(p, time, packet);
        }
        mutate(packet, state);
        play(p, time + IKE_MILLISECOND, packet);
        n++;
        g_byte_array_unref(packet);
    }
    return n;
}

static GPtrArray *record_tape(ladder *l)
{
    ladder_begin(l);
    ladder_record_tape(l);
    converse(l);
    return l->tape;
}

/* Calls `run` until there were enough mutations, each time with another state of the generator. */
static void repeat(void (*run)(const GPtrArray *, uint64_t *, unsigned *), unsigned enough)
{
    ladder l;
    GPtrArray *tape = record_tape(&l);
    uint64_t state = SEED;
    unsigned n = 0;

    while (n < enough)
        run(tape, &state, &n);
    ladder_end(&l);
}

static void run_mutations(const GPtrArray *tape, uint64_t *state, unsigned *n)
{
    player p = { .tracker = ike_tracker_new(NULL) };

    *n += play_mutations(&p, tape, state);
    ike_tracker_finish(p.tracker);
    check_all(p.tracker, p.frame);
    check_twice(p.tracker, p.frame);
    ike_tracker_free(p.tracker);
}

static void mutations(void)
{
    repeat(run_mutations, MUTATIONS);
}

/* Conclusions drawn on the way change nothing about those at the end. */
static void run_midway(const GPtrArray *tape, uint64_t *state, unsigned *n)
{
    uint64_t same = *state;
    player once = { .tracker = ike_tracker_new(NULL) };
    player often = { .tracker = ike_tracker_new(NULL), .finishes = true };

    *n += play_mutations(&once, tape, state);
    play_mutations(&often, tape, &same);
    same_text("finished on the way", summary(once.tracker), summary(often.tracker));
    ike_tracker_free(once.tracker);
    ike_tracker_free(often.tracker);
}

static void midway_of_mutations(void)
{
    repeat(run_midway, 2000);
}

static void midway(void)
{
    ladder l;
    player p = { .tracker = ike_tracker_new(NULL), .finishes = true };
    GPtrArray *tape = record_tape(&l);

    for (guint i = 0; i < tape->len; i++) {
        const ladder_frame *frame = tape->pdata[i];

        play(&p, frame->time, frame->packet);
    }
    check_all(l.tracker, l.frame);
    same_text("finished on the way", summary(l.tracker), summary(p.tracker));
    ike_tracker_free(p.tracker);
    ladder_end(&l);
}

/* MM5 once more, after the capture seemed to be over: MM6 did not arrive. */
static void midway_of_main_mode(void)
{
    ladder l;
    char *once;

    for (int often = 0; often < 2; often++) {
        ladder_begin(&l);
        main_mode(&l);
        after(&l, 10);
        foreign(&l);
        if (often)
            ike_tracker_finish(l.tracker);
        mm5(&l);
        foreign(&l);
        if (!often) {
            once = summary(l.tracker);
            ladder_end(&l);
        }
    }
    same_text("finished on the way", once, summary(l.tracker));
    ladder_end(&l);
}

/* An SA that seems abandoned for its sibling, until it goes on. */
static void midway_of_siblings(void)
{
    ladder l;
    char *once;

    for (int often = 0; often < 2; often++) {
        ladder_begin(&l);
        mm1(&l);
        mm2(&l);
        l.spi_r += 0x100;
        mm2(&l);
        mm3(&l);
        if (often)
            ike_tracker_finish(l.tracker);
        l.spi_r -= 0x100;
        anew(&l);
        mm3(&l);
        mm4(&l);
        mm5(&l);
        mm6(&l);
        if (!often) {
            once = summary(l.tracker);
            ladder_end(&l);
        }
    }
    same_text("finished on the way", once, summary(l.tracker));
    ladder_end(&l);
}

/* ---- SAs of nobody ---- */

static void random_message(ladder *l, uint64_t *state)
{
    static const uint8_t exchanges[] = { 1, 2, 2, 2, 4, 5, 6, 32, 32, 33, 34, 35, 36, 37, 43, 243,
                                         244, 245, 246, 99 };
    const uint8_t exchange = exchanges[below(state, G_N_ELEMENTS(exchanges))];
    const uint8_t version = exchange >= 34 && exchange <= 44 ? 0x20 : 0x10;
    const ladder_side from = (ladder_side)below(state, 2);
    const wire_header h = { l->spi_i, below(state, 3) ? l->spi_r : 0, version, exchange,
                            (uint8_t)(below(state, 2) ? 1 : below(state, 64)),
                            below(state, 3) ? 0 : (uint32_t)below(state, 4) };
    wire_message m = wire_begin(&h);
    const size_t n = below(state, 5);

    if ((h.flags & IKE_FLAG_ENCRYPTED) && version == 0x10)
        wire_encrypted(&m, (uint8_t)below(state, 20), 28 + below(state, 300),
                       wire_next_random(state));
    else
        for (size_t i = 0; i < n; i++)
            wire_payload_random(&m, (uint8_t)(1 + below(state, 140)), below(state, 80),
                                wire_next_random(state));
    send_message(l, from, wire_end(&m));
}

static void random_hosts(ladder *l, uint64_t *state)
{
    static const char *const addrs[] = { "10.1.0.2", "10.2.0.2", "127.0.0.1", "2001:db8::2",
                                         "::1" };
    static const uint16_t ports[] = { 500, 500, 501, 4500, 1024 };
    const size_t a = below(state, G_N_ELEMENTS(addrs)), b = below(state, G_N_ELEMENTS(addrs));

    l->hosts[INITIATOR].seen = wire_endpoint(addrs[a], ports[below(state, G_N_ELEMENTS(ports))]);
    l->hosts[RESPONDER].seen = wire_endpoint(addrs[b], ports[below(state, G_N_ELEMENTS(ports))]);
    if (l->hosts[0].seen.addr.family != l->hosts[1].seen.addr.family)
        l->hosts[RESPONDER].seen.addr = l->hosts[INITIATOR].seen.addr;
    l->marker = below(state, 2);
}

static void random_sas(bool keep_hosts)
{
    uint64_t state = SEED;
    ladder l;

    ladder_begin(&l);
    for (unsigned i = 0; i < RANDOM_SAS; i++) {
        const size_t n = 1 + below(&state, 20);

        l.spi_i = wire_next_random(&state) & ~(uint64_t)0xff;
        l.spi_r = wire_next_random(&state);
        random_hosts(&l, &state);
        for (size_t k = 0; k < n; k++) {
            if (!keep_hosts && below(&state, 10) == 0)
                random_hosts(&l, &state);
            if (below(&state, 10) == 0)
                l.spi_r++;
            random_message(&l, &state);
            if (below(&state, 4) == 0)
                same_packet(&l);
            if (below(&state, 6) == 0)
                after(&l, (double)below(&state, 5000) / 1000);
        }
    }
    ike_tracker_finish(l.tracker);
    g_assert_cmpuint(ike_tracker_sas(l.tracker)->len, >=, RANDOM_SAS / 2);
    check_all(l.tracker, l.frame);
    check_twice(l.tracker, l.frame);
    ladder_end(&l);
}

static void random_sas_of_constant_hosts(void)
{
    random_sas(true);
}

static void random_sas_of_moving_hosts(void)
{
    random_sas(false);
}

/* The same message once more, when both ends have addresses that the SA does not know. */
static void both_ends_move(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    after(&l, 1);
    l.hosts[INITIATOR].seen = wire_endpoint("10.8.0.1", 500);
    l.hosts[RESPONDER].seen = wire_endpoint("10.8.0.2", 500);
    mm5(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 MM5+");
    expect_sender(&l, 7, IKE_ROLE_UNKNOWN);
    check_all(l.tracker, l.frame);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bounds/random-sas", random_sas_of_constant_hosts);
    g_test_add_func("/bounds/random-sas-moving", random_sas_of_moving_hosts);
    g_test_add_func("/bounds/finish-midway", midway);
    g_test_add_func("/bounds/finish-midway-mutations", midway_of_mutations);
    g_test_add_func("/bounds/finish-midway-main-mode", midway_of_main_mode);
    g_test_add_func("/bounds/finish-midway-siblings", midway_of_siblings);
    g_test_add_func("/bounds/mutations", mutations);
    g_test_add_func("/bounds/both-ends-move", both_ends_move);
    return g_test_run();
}
