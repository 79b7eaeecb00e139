/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whatever is fed, some things always hold. A recorded conversation is changed at random, with a
 * seed, and played to trackers; so are hundreds of SAs that nobody negotiated.
 */
#include "ike_ipset.h"
#include "invariants.h"
#include "ladder2.h"

#define SEED UINT64_C(20250801)
#define MUTATIONS 20000u
#define RANDOM_SAS 300u

/* ---- a conversation ---- */

static void converse(ladder *l)
{
    const uint8_t keepalive = 0xff;

    l->length_of_mm5 = l->length_of_mm6 = 1652;
    disturbed_main_mode(l, STRONGSWAN, 700);
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
    long_after(l);
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
    ike_tracker_end_frame(p->tracker, true);
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

/* Datagrams in pieces that lack their first one are kept within a bound. */
static void bytes_of_fragments(void)
{
    enum { PIECE = 60000 };
    static const uint8_t data[PIECE];
    wire_ip ip = { .src = wire_endpoint("10.9.0.1", 1), .dst = wire_endpoint("10.9.0.2", 2) };
    GByteArray *whole = wire_udp(&ip, data, PIECE);
    ladder l;

    ladder_begin(&l);
    for (unsigned i = 0; i < IKE_MAX_IP_BYTES / PIECE + 100; i++) {
        send_packet(&l, wire_ip_fragment(whole, i + 1, 8, PIECE));
        g_assert_cmpuint(l.tracker->ipfrags->bytes, <=, IKE_MAX_IP_BYTES);
    }
    g_byte_array_free(whole, TRUE);
    expect_finding(&l, "limit", NOTE);
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

/* A message that seems never to become whole, until its fragments are sent again. */
static void midway_of_fragments(void)
{
    ladder l;
    char *once;

    for (int often = 0; often < 2; often++) {
        ladder_begin(&l);
        v2_init(&l);
        v2_auth_pieces(&l, 2, "1");
        after(&l, 4);
        foreign(&l);
        if (often)
            ike_tracker_finish(l.tracker);
        v2_auth_pieces(&l, 2, "12");
        v2_answer(&l);
        if (!often) {
            once = summary(l.tracker);
            ladder_end(&l);
        }
    }
    expect_finding_says(&l, "skf_loss", "became whole");
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
    g_test_add_func("/bounds/finish-midway-fragments", midway_of_fragments);
    g_test_add_func("/bounds/bytes-of-fragments", bytes_of_fragments);
    g_test_add_func("/bounds/mutations", mutations);
    g_test_add_func("/bounds/both-ends-move", both_ends_move);
    return g_test_run();
}
