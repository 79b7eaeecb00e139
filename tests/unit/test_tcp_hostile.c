/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whatever comes in TCP segments, what is kept of it has bounds.
 */
#include "tcp.h"

#define MAX_STREAMS (unsigned)IKE_MAX_TCP_STREAMS
#define MAX_WAITING (unsigned)IKE_MAX_TCP_WAITING
#define MAX_KEPT_BYTES (unsigned)IKE_MAX_TCP_BYTES

static void check_bounds(const tcp *c)
{
    g_assert_cmpuint(tcp_usage(c).streams, <=, MAX_STREAMS);
    g_assert_cmpuint(tcp_usage(c).bytes, <=, MAX_KEPT_BYTES);
    g_assert_cmpuint(tcp_usage(c).segments, <=, MAX_WAITING * tcp_usage(c).streams);
}

static void random_bytes(void)
{
    uint64_t state = 77;
    tcp c;

    tcp_begin(&c);
    for (unsigned i = 0; i < 30000; i++) {
        const ladder_side from = (ladder_side)(wire_next_random(&state) >> 63);
        const size_t n = wire_next_random(&state) % 300;
        const uint32_t seq = c.seq[from] + (uint32_t)(wire_next_random(&state) % 2000) - 1000;
        const unsigned flags = i % 100 ? PSH | (wire_next_random(&state) & ACK)
                                       : (unsigned)(wire_next_random(&state) & 63);

        if (i % 7 == 0)
            tcp_hex(&c, i % 2 ? "fffffffffffffff0" : "00000000");
        if (i % 5 == 0)
            tcp_ike(&c, i % 2 ? auth(&c) : init(&c));
        tcp_junk(&c, n, state);
        c.l.snaplen = i % 11 ? 0 : 40 + n;
        c.l.hosts[INITIATOR].seen.port = (uint16_t)(40000 + i / 3000);
        tcp_segment(&c, from, i % 50 ? seq : (uint32_t)wire_next_random(&state), flags,
                    c.bytes->data, c.bytes->len);
        tcp_sent(&c, from);
        check_bounds(&c);
    }
    ike_tracker_finish(c.l.tracker);
    tcp_end(&c);
}

/* Packets that end within their headers, in the midst of a frame. */
static void headers(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_send_part(&c, INITIATOR, 0, 100);
    for (size_t snaplen = 1; snaplen < 60; snaplen++) {
        c.l.snaplen = snaplen;
        tcp_send_part(&c, INITIATOR, 1000, 1000);
    }
    c.l.snaplen = 0;
    for (unsigned offset = 0; offset < 16; offset++) {
        uint8_t h[20] = { 0x9c, 0x41, 0x11, 0x94 };
        const wire_ip ip = { .src = c.l.hosts[0].seen, .dst = c.l.hosts[1].seen };

        h[12] = (uint8_t)(offset << 4);
        wire_put32(h + 4, c.seq[INITIATOR] + 100);
        send_packet(&c.l, wire_packet(&ip, IKE_IPPROTO_TCP, h, 20));
    }
    tcp_send_part(&c, INITIATOR, 100, c.bytes->len);
    tcp_expect_from(&c, c.l.frame, "auth>");
    g_assert_false(ladder_record(&c.l, c.l.frame)->truncated);
    tcp_end(&c);
}

static void tiny_segments(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    for (unsigned i = 0; i < 100000; i++) { /* of a frame that is as long as can be */
        const uint8_t byte = 0xff;

        tcp_segment(&c, INITIATOR, c.seq[INITIATOR]++, PSH, &byte, 1);
        g_assert_cmpuint(tcp_usage(&c).bytes, <=, 65535);
        g_assert_cmpuint(tcp_usage(&c).segments, ==, 0);
    }
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 100000 - 65535);
    g_assert_cmpint(ike_tracker_notes(c.l.tracker, 5 + 65535)->kind, ==, IKE_NOTE_ESP);
    tcp_end(&c);
}

/* Behind a gap, each before the last one, so that nothing ever fits. */
static void endless_disorder(bool descending)
{
    tcp c;

    tcp_begin_with_init(&c);
    for (uint32_t i = 1; i <= 100000; i++) {
        const uint32_t seq = c.seq[INITIATOR] + (descending ? 1000000 - i * 4 : i * 4);

        tcp_segment(&c, INITIATOR, seq, PSH, "\xff\xff", 2);
        g_assert_cmpuint(tcp_usage(&c).segments, <=, MAX_WAITING);
        g_assert_cmpuint(tcp_usage(&c).bytes, <=, MAX_WAITING * 2 + 65535);
    }
    expect_findings(&c.l, "limit", 1);
    tcp_ike(&c, auth(&c)); /* the stream goes on */
    c.seq[INITIATOR] += 1 << 30;
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, c.l.frame, "auth>");
    tcp_end(&c);
}

static void disorder(void)
{
    endless_disorder(false);
    endless_disorder(true);
}

static void big_disorder(void)
{
    uint8_t *bytes = g_malloc0(60000);
    tcp c;

    tcp_begin_with_init(&c);
    for (uint32_t i = 1; i <= 1000; i++) {
        tcp_segment(&c, INITIATOR, c.seq[INITIATOR] + i * 60001, PSH, bytes, 60000);
        g_assert_cmpuint(tcp_usage(&c).bytes, <=, 512 * 1024 + 60000 + 65535);
    }
    expect_findings(&c.l, "limit", 1);
    g_free(bytes);
    tcp_end(&c);
}

static void syn_flood(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    for (uint32_t i = 0; i < 40000; i++) {
        c.l.hosts[INITIATOR].seen = wire_endpoint("10.9.0.1", (uint16_t)(1024 + i));
        c.l.hosts[INITIATOR].seen.addr.bytes[2] = (uint8_t)(i >> 14);
        tcp_segment(&c, INITIATOR, i * 7919, SYN, NULL, 0);
        g_assert_cmpuint(tcp_usage(&c).streams, <=, MAX_STREAMS);
    }
    g_assert_cmpuint(tcp_usage(&c).streams, ==, MAX_STREAMS);
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
    expect_findings(&c.l, "limit", 1);
    c.l.hosts[INITIATOR].seen = wire_endpoint("10.1.0.2", 40001);
    tcp_ike(&c, auth(&c)); /* forgotten, and found again */
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, c.l.frame, "auth>");
    tcp_end(&c);
}

/* Many connections that each keep much. */
static void kept_bytes(void)
{
    uint8_t *bytes = g_malloc0(60000);
    tcp c;

    tcp_begin(&c);
    for (uint32_t i = 0; i < 3000; i++) {
        c.l.hosts[INITIATOR].seen.port = (uint16_t)(1024 + i);
        tcp_segment(&c, INITIATOR, 1, PSH, bytes, 1);
        tcp_segment(&c, INITIATOR, 3, PSH, bytes, 60000);
        g_assert_cmpuint(tcp_usage(&c).bytes, <=, MAX_KEPT_BYTES);
    }
    g_assert_cmpuint(tcp_usage(&c).bytes, >, MAX_KEPT_BYTES - 120000);
    expect_findings(&c.l, "limit", 1);
    g_free(bytes);
    tcp_end(&c);
}

/* Prefixes on all ports. */
static void prefix_flood(void)
{
    tcp c;

    tcp_begin(&c);
    for (uint32_t i = 0; i < 60000; i++) {
        c.l.hosts[RESPONDER].seen.port = (uint16_t)(5000 + i);
        tcp_segment(&c, INITIATOR, 1, PSH | ACK, "IKETCP", 6);
    }
    g_assert_cmpuint(tcp_usage(&c).streams, ==, MAX_STREAMS);
    tcp_end(&c);
}

/* A segment as long as one can be, full of frames. */
static void many_in_a_segment(void)
{
    unsigned n = 0;
    tcp c;

    tcp_begin_with_init(&c);
    while (c.bytes->len < 65000)
        tcp_esp(&c, 0xc0ffee01, 12);
    for (unsigned i = 0; i < 20; i++) {
        tcp_segment(&c, INITIATOR, c.seq[INITIATOR] + 1 + i * c.bytes->len, PSH, c.bytes->data,
                    c.bytes->len);
    }
    c.seq[INITIATOR] += 1 + 20 * c.bytes->len;
    tcp_ack(&c, RESPONDER);
    for (uint32_t frame = 6; frame <= c.l.frame; frame++)
        for (ike_note *note = ike_tracker_notes(c.l.tracker, frame); note; note = note->next)
            n++;
    g_assert_cmpuint(n, ==, 20 * (c.bytes->len / 18));
    tcp_expect_esp(&c, INITIATOR, n);
    tcp_end(&c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcp-hostile/random-bytes", random_bytes);
    g_test_add_func("/tcp-hostile/headers", headers);
    g_test_add_func("/tcp-hostile/tiny-segments", tiny_segments);
    g_test_add_func("/tcp-hostile/disorder", disorder);
    g_test_add_func("/tcp-hostile/big-disorder", big_disorder);
    g_test_add_func("/tcp-hostile/syn-flood", syn_flood);
    g_test_add_func("/tcp-hostile/kept-bytes", kept_bytes);
    g_test_add_func("/tcp-hostile/prefix-flood", prefix_flood);
    g_test_add_func("/tcp-hostile/many-in-a-segment", many_in_a_segment);
    return g_test_run();
}
