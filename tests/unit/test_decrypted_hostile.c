/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whatever decrypted bytes say, in whatever order: nothing is read beyond its end, and what is remembered fits
 * together.
 */
#include "ike_counter.h"
#include "ike_event.h"
#include "inside.h"
#include "invariants.h"
#include "ladder2.h"

#include <string.h>

#define CONVERSATIONS 400
#define MESSAGES 40

static uint64_t state;

static unsigned below(unsigned n)
{
    return (unsigned)((wire_next_random(&state) >> 20) % n);
}

static ladder_side any_side(void)
{
    return (ladder_side)below(2);
}

/* Few, so that negotiations, deletes and packets meet. */
static uint32_t any_spi(void)
{
    return below(20) ? 0xc1000000u + below(6) : below(2) ? 0 : (uint32_t)wire_next_random(&state);
}

static uint16_t any_notify(uint8_t version)
{
    static const uint16_t v1[] = { 4, 14, 17, 18, 24, 16384, 24576, 24578, 36136, 36137 };
    static const uint16_t v2[] = { 7, 11, 14, 17, 24, 34, 35, 38, 43, 44, 16384, 16391, 16393, 16396 };

    if (below(10) == 0)
        return (uint16_t)wire_next_random(&state);
    return version == 1 ? v1[below(G_N_ELEMENTS(v1))] : v2[below(G_N_ELEMENTS(v2))];
}

/* ---- content ---- */

static void add_v1(const ladder *l, wire_message *c)
{
    static const char *const selectors[] = { "04 00 0000 0a010000 ffff0000", "01 11 06a5 0a010002", "04000000", "" };

    switch (below(9)) {
    case 0: in_hash(c); break;
    case 1: in_identity(c, IKE_PL_ID, (uint8_t)below(14), below(2) ? "me@home" : "\x1b[2J"); break;
    case 2: in_selector(c, selectors[below(G_N_ELEMENTS(selectors))]); break;
    case 3: in_esp(c, any_spi()); break;
    case 4: in_notify(c, any_notify(1)); break;
    case 5: in_delete_esp(c, any_spi()); break;
    case 6: in_delete_ike(c, l->spi_i, l->spi_r + below(2)); break;
    case 7: in_config(c, (uint8_t)below(6), below(2) ? "c08f 0000" : "4089 0002 6d65 0001 0004 0a030007"); break;
    default: wire_payload_random(c, (uint8_t)(below(20) + 1), below(60), state); break;
    }
}

static void add_v2(const ladder *l, wire_message *c)
{
    static const char *const eap[] = { "01 01 0005 01", "02 01 0007 01 6d65", "03 01 0004", "04 01 0004", "04" };

    switch (below(11)) {
    case 0: in_identity(c, below(2) ? IKE_PL_V2_IDI : IKE_PL_V2_IDR, (uint8_t)below(14), "me@home"); break;
    case 1: in_v2_auth(c, (uint8_t)below(16)); break;
    case 2: in_v2_child(c, any_spi()); break;
    case 3: in_v2_ike(c, l->spi_i + below(3) * 0x10000); break;
    case 4: in_v2_selectors(c); break;
    case 5: in_v2_delete_esp(c, any_spi()); break;
    case 6: in_v2_delete_ike(c); break;
    case 7: in_v2_rekey(c, any_spi()); break;
    case 8: wire_payload_v2_plain_notify(c, any_notify(2)); break;
    case 9: wire_payload_hex(c, IKE_PL_V2_EAP, eap[below(G_N_ELEMENTS(eap))]); break;
    default: wire_payload_random(c, (uint8_t)(below(22) + 33), below(60), state); break;
    }
}

/* Now and then anywhere, also in the lengths. */
static void harm(wire_message *c)
{
    enum { HEADER = 28 };
    const unsigned n = c->bytes->len - HEADER;

    if (n == 0 || below(4))
        return;
    for (unsigned i = below(6) + 1; i > 0; i--)
        c->bytes->data[HEADER + below(n)] = below(2) ? (uint8_t)below(8) : (uint8_t)wire_next_random(&state);
    if (below(4) == 0)
        g_byte_array_set_size(c->bytes, HEADER + below(n + 1));
    if (below(8) == 0)
        c->bytes->data[16] = (uint8_t)wire_next_random(&state);
}

static void any_plain(ladder *l, uint8_t version)
{
    wire_message c;

    if (below(10) == 0)
        return;
    c = inside();
    if (version == 1 && below(5))
        in_hash(&c);
    for (unsigned n = below(5); n > 0; n--)
        if (version == 1)
            add_v1(l, &c);
        else
            add_v2(l, &c);
    harm(&c);
    with_plain(l, &c);
    l->keys = below(6) ? RIGHT_KEYS : (ladder_keys)below(BEHIND_OTHERS + 1);
}

/* ---- messages ---- */

static void (*const phase1[])(ladder *) = { mm1, mm2, mm3, mm4, mm5, mm6, up_to_mm4, main_mode };
static void (*const quick[])(ladder *, uint32_t) = { qm1, qm2, qm3, qm4 };

static void any_v1(ladder *l)
{
    const uint32_t id = 0xa0 + below(4);

    any_plain(l, 1);
    switch (below(8)) {
    case 0: phase1[below(G_N_ELEMENTS(phase1))](l); break;
    case 1: tr(l, below(4) + 1, id); break;
    case 2:
    case 3:
        anew(l);
        info(l, any_side(), id + 0x10, 60 + 16 * below(5));
        break;
    default: quick[below(G_N_ELEMENTS(quick))](l, id); break;
    }
}

static void any_v2(ladder *l)
{
    static const uint8_t exchanges[] = { IKE_XCHG_V2_AUTH, IKE_XCHG_V2_CREATE_CHILD, IKE_XCHG_V2_INFO,
                                         IKE_XCHG_V2_INTERMEDIATE, IKE_XCHG_V2_FOLLOWUP_KE };
    const uint8_t exchange = below(10) ? exchanges[below(3)] : exchanges[below(G_N_ELEMENTS(exchanges))];
    const ladder_side by = exchange == IKE_XCHG_V2_AUTH && below(10) ? INITIATOR : any_side();
    const unsigned total = below(4) + 1;
    const v2_piece piece = { by, below(2), exchange, below(6), below(total) + 1, total };

    if (below(20) == 0)
        anew(l);
    if (below(12) == 0)
        v2_init(l);
    any_plain(l, 2);
    if (below(5) == 0)
        v2_fragment(l, piece);
    else if (piece.response)
        v2_response(l, by, exchange, piece.id, 80 + 16 * below(20));
    else
        v2_request(l, by, exchange, piece.id, 80 + 16 * below(20));
}

/* ---- conversations ---- */

static void disturb(ladder *l)
{
    switch (below(14)) {
    case 0: after(l, below(20)); break;
    case 1: after(l, -1.0 * below(20)); break;
    case 2:
        if (l->packet)
            same_packet(l);
        break;
    case 3: in_ip_fragments(l, 16, below(2) ? NULL : "321"); break;
    case 4: change_sides(l); break;
    case 5: l->spi_i += 0x10000 * below(2); l->spi_r += 0x10000 * below(2); break;
    case 6: l->snaplen = below(3) ? 0 : 60 + below(200); break;
    case 7: host_is(l, any_side(), below(2) ? "10.3.0.9" : "10.1.0.2", 500); break;
    default: esp(l, any_side(), any_spi(), below(30) + 1); break;
    }
}

/* What is made of it can be shown. */
static void show_all(ladder *l)
{
    const ike_selection all = { .tracker = l->tracker };
    ike_counter counter;
    ike_counters *counters;
    GArray *events;

    ike_tracker_finish(l->tracker);
    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++) {
        char *text = report_text(l, kind->name, NULL, NULL);

        for (const char *c = text; *c; c++)
            g_assert_true(g_ascii_isprint(*c) || *c == '\n' || (*c & 0x80));
        g_free(text);
    }
    events = ike_events_new(&all);
    for (guint i = 0; i < events->len; i++)
        g_assert_cmpstr(ike_event_text(&g_array_index(events, ike_event, i)), !=, "");
    g_array_free(events, TRUE);
    counters = ike_counters_new(&all);
    for (unsigned i = 0; ike_counters_get(counters, NULL, i, &counter); i++)
        g_assert_nonnull(counter.info);
    ike_counters_free(counters);
}

static void converse(uint64_t seed, bool v1, bool v2)
{
    ladder l;

    state = seed * 2 + 1;
    ladder_begin(&l);
    if (v1 && below(4))
        main_mode(&l);
    if (v2 && below(4))
        v2_init(&l);
    for (unsigned i = 0; i < MESSAGES; i++) {
        if (below(3) == 0)
            disturb(&l);
        if (v1 && (!v2 || below(2)))
            any_v1(&l);
        else
            any_v2(&l);
    }
    check_all(l.tracker, l.frame);
    show_all(&l);
    check_all(l.tracker, l.frame);
    check_twice(l.tracker, l.frame);
    ladder_end(&l);
}

static void conversations_v1(void)
{
    for (uint64_t i = 0; i < CONVERSATIONS; i++)
        converse(1000 + i, true, false);
}

static void conversations_v2(void)
{
    for (uint64_t i = 0; i < CONVERSATIONS; i++)
        converse(5000 + i, false, true);
}

static void conversations_mixed(void)
{
    for (uint64_t i = 0; i < CONVERSATIONS / 2; i++)
        converse(9000 + i, true, true);
}

/* ---- bounds ---- */

/* A Delete with as many SPIs as fit, again and again, for negotiations that have all the same SPI. */
static void many_deletes(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    for (uint32_t i = 0; i < 300; i++) {
        wire_message c = inside();

        in_hash(&c);
        in_esp(&c, 0xc1000001);
        with_plain(&l, &c);
        qm1(&l, 0xa000 + i);
    }
    for (uint32_t i = 0; i < 100; i++) {
        GByteArray *body = wire_hex("00000001 03 04 3e80");
        wire_message c = inside();

        for (unsigned k = 0; k < 16000; k++)
            g_byte_array_append(body, (const uint8_t *)"\xc1\0\0\1", 4);
        in_hash(&c);
        wire_payload(&c, IKE_PL_DELETE, body->data, body->len);
        with_plain(&l, &c);
        info(&l, INITIATOR, 0xb000 + i, 0);
        g_byte_array_unref(body);
    }
    check_all(l.tracker, l.frame);
    ladder_end(&l);
}

/* Packets first, then thousands of negotiations that claim their SPI. */
static void many_claims(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    for (uint32_t i = 0; i < 2000; i++) {
        wire_message c = inside();

        esp(&l, RESPONDER, 0xc1000000 + i % 50, i + 1);
        in_hash(&c);
        in_esp(&c, 0xc1000000 + i % 50);
        with_plain(&l, &c);
        qm1(&l, 0xa000 + i);
    }
    check_all(l.tracker, l.frame);
    check_twice(l.tracker, l.frame);
    ladder_end(&l);
}

/* A message of fragments whose contents are together longer than any message. */
static void much_in_fragments(void)
{
    wire_header h;
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    h = (wire_header){ l.spi_i, l.spi_r, 0x20, IKE_XCHG_V2_AUTH, IKE_FLAG_V2_INITIATOR, 1 };
    for (unsigned number = 1; number <= 100; number++) {
        wire_message c = inside(), m = wire_begin(&h);

        wire_payload_random(&c, IKE_PL_V2_CERT, 2000, number);
        with_plain(&l, &c);
        ladder_seal_piece(&l, &m, IKE_PL_V2_CERT, 1, 1, 0, number);
        /* the fragment says another number and another total than its content has */
        wire_put16(m.bytes->data + 32, number);
        wire_put16(m.bytes->data + 34, 100);
        send_message(&l, INITIATOR, wire_end(&m));
    }
    g_assert_false(ladder_record(&l, l.frame)->is_decrypted);
    expect_finding(&l, "skf", CHAT);
    check_all(l.tracker, l.frame);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/decrypted/hostile/v1", conversations_v1);
    g_test_add_func("/decrypted/hostile/v2", conversations_v2);
    g_test_add_func("/decrypted/hostile/mixed", conversations_mixed);
    g_test_add_func("/decrypted/hostile/many-deletes", many_deletes);
    g_test_add_func("/decrypted/hostile/many-claims", many_claims);
    g_test_add_func("/decrypted/hostile/much-in-fragments", much_in_fragments);
    return g_test_run();
}
