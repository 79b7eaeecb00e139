/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKE and ESP in the segments of a TCP connection: order, repeats, gaps. RFC 9329 3 and 4.
 */
#include "tcp.h"

/* ---- messages and segments ---- */

static void message_per_segment(void)
{
    const ike_finding *finding;
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, auth_answer(&c));
    tcp_send(&c, RESPONDER);
    tcp_expect(&c, ". . . init> init< auth> auth<");
    for (uint32_t frame = 4; frame <= 7; frame++) {
        const ike_record *r = ladder_record(&c.l, frame);

        g_assert_true(r->is_tcp && r->has_marker);
        g_assert_false(r->has_ip_id || r->floated || r->truncated);
        g_assert_cmpuint(r->note.frame, ==, frame);
        g_assert_cmpuint(ike_record_src(r)->port, ==, frame % 2 ? 4500 : 40001);
    }
    expect_sas(&c.l, 1);
    expect_findings(&c.l, "tcpencap", 1);
    expect_finding_at(&c.l, 4, "tcpencap");
    finding = ladder_record(&c.l, 4)->note.findings;
    g_assert_cmpuint(finding->count, ==, 1);
    expect_finding(&c.l, "tcpencap", IKE_SEVERITY_CHAT);
    expect_no_finding(&c.l, "nat_rebind");
    expect_no_finding(&c.l, "trailing");
    tcp_end(&c);
}

static void ipv6(void)
{
    tcp c;

    tcp_begin(&c);
    c.l.hosts[INITIATOR].seen = wire_endpoint("2001:db8::2", 40001);
    c.l.hosts[RESPONDER].seen = wire_endpoint("2001:db8:1::2", IKE_PORT_NATT);
    tcp_connect(&c);
    tcp_prefix(&c);
    tcp_ike(&c, init(&c));
    tcp_send_cut(&c, INITIATOR, 200);
    tcp_ike(&c, init_answer(&c));
    tcp_send(&c, RESPONDER);
    tcp_expect(&c, ". . . . init> init<");
    tcp_end(&c);
}

static void two_in_a_segment(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, auth_answer(&c));
    tcp_ike(&c, response(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_ike(&c, request(&c, IKE_XCHG_V2_CREATE_CHILD, 3, 200));
    tcp_send_cut(&c, RESPONDER, 400); /* the second segment has the rest of the third */
    tcp_expect_from(&c, 6, "auth>&info> auth<&info< child>");
    tcp_end(&c);
}

/* RFC 9329 6.6: a keepalive of UDP within the stream is ignored, and frames go on after it. */
static void keepalive(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_hex(&c, "0003ff");
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, INITIATOR);
    tcp_hex(&c, "0003ff");
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_CREATE_CHILD, 3, 200));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 6, "auth>&info> . child>");
    tcp_end(&c);
}

static void three_segments(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_send_cut(&c, INITIATOR, 120);
    tcp_expect_from(&c, 6, ". . auth>");
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
    tcp_end(&c);
}

static void byte_by_byte(void)
{
    const size_t first = 6 + 6 + 376, second = 6 + 300 + 6 + 60;
    tcp c;

    tcp_begin(&c);
    tcp_connect(&c);
    tcp_prefix(&c);
    tcp_ike(&c, init(&c));
    g_assert_cmpuint(c.bytes->len, ==, first);
    tcp_send_cut(&c, INITIATOR, 1);
    tcp_expect_from(&c, 3 + first, "init>");
    tcp_ike(&c, init_answer(&c));
    tcp_send_cut(&c, RESPONDER, 1);
    tcp_expect_from(&c, c.l.frame, "init<");
    tcp_ike(&c, auth(&c));
    tcp_esp(&c, 0xc0ffee01, 60);
    tcp_send_cut(&c, INITIATOR, 1);
    tcp_expect_from(&c, c.l.frame, "esp");
    g_assert_nonnull(ike_tracker_notes(c.l.tracker, c.l.frame - 66));
    for (uint32_t i = 1; i < second; i++)
        g_assert_true(i == 66 || !ike_tracker_notes(c.l.tracker, c.l.frame - i));
    tcp_end(&c);
}

/* The answer to a connection has no prefix, and may begin with bytes of one. */
static void frame_that_begins_as_the_prefix(void)
{
    tcp c;

    tcp_begin(&c);
    tcp_connect(&c);
    tcp_prefix(&c);
    tcp_ike(&c, init(&c));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, response(&c, IKE_XCHG_V2_SA_INIT, 0, 0x494b - 6)); /* "IK" */
    tcp_send_cut(&c, RESPONDER, 1);
    tcp_expect_from(&c, c.l.frame, "init<");
    tcp_end(&c);
}

/* ---- order ---- */

static void out_of_order(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    c.no_ack = true;
    tcp_ike(&c, auth(&c));
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send_part(&c, INITIATOR, 200, 306);
    tcp_send_part(&c, INITIATOR, 306, c.bytes->len);
    g_assert_cmpuint(tcp_usage(&c).segments, ==, 2);
    tcp_send_part(&c, INITIATOR, 100, 200);
    tcp_send_part(&c, INITIATOR, 0, 100);
    tcp_sent(&c, INITIATOR);
    tcp_expect_from(&c, 6, ". . . auth>&info>");
    g_assert_cmpuint(tcp_usage(&c).segments, ==, 0);
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
    expect_no_finding(&c.l, "truncated");
    tcp_end(&c);
}

static void overlap(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    c.no_ack = true;
    tcp_ike(&c, auth(&c));
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send_part(&c, INITIATOR, 0, 150);
    tcp_send_part(&c, INITIATOR, 100, 200); /* partly old */
    tcp_send_part(&c, INITIATOR, 250, 310); /* waits */
    tcp_send_part(&c, INITIATOR, 260, 320); /* waits, partly the same */
    tcp_send_part(&c, INITIATOR, 50, 300);  /* ends within what waits */
    tcp_send_part(&c, INITIATOR, 300, c.bytes->len);
    tcp_sent(&c, INITIATOR);
    tcp_expect_from(&c, 6, ". . . . auth> info>");
    expect_no_finding(&c.l, "truncated");
    tcp_end(&c);
}

/* Vector 46: what TCP repeats nobody sent again. */
static void repeated(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    same_packet(&c.l);
    after(&c.l, 2);
    same_packet(&c.l);
    tcp_ike(&c, auth(&c));
    tcp_send_part(&c, INITIATOR, 0, 306);
    tcp_send_part(&c, INITIATOR, 0, 306);
    after(&c.l, 1);
    tcp_send_part(&c, INITIATOR, 0, 100); /* cut anew */
    tcp_send_part(&c, INITIATOR, 100, 306);
    tcp_sent(&c, INITIATOR);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 6, ". . auth> . . . info>");
    expect_no_finding(&c.l, "retrans");
    expect_no_finding(&c.l, "dup_capture");
    tcp_end(&c);
}

/* Every packet twice, that of the connection's begin included. */
static void doubled_capture(void)
{
    tcp c;

    tcp_begin(&c);
    tcp_segment(&c, INITIATOR, c.seq[0]++, SYN, NULL, 0);
    same_packet(&c.l);
    tcp_prefix(&c);
    tcp_ike(&c, init(&c));
    tcp_send_part(&c, INITIATOR, 0, c.bytes->len);
    tcp_segment(&c, INITIATOR, c.seq[0] - 1, SYN, NULL, 0); /* late */
    tcp_send_part(&c, INITIATOR, 0, c.bytes->len);
    tcp_sent(&c, INITIATOR);
    tcp_segment(&c, INITIATOR, c.seq[0], FIN | ACK, NULL, 0);
    same_packet(&c.l);
    tcp_expect(&c, ". . init> . . . .");
    expect_no_finding(&c.l, "retrans");
    tcp_end(&c);
}

static void sequence_wraps(void)
{
    tcp c;

    tcp_begin(&c);
    c.seq[INITIATOR] = 0xffffff00; /* in the first message */
    c.seq[RESPONDER] = 0xffffffff; /* the SYN */
    tcp_connect(&c);
    tcp_prefix(&c);
    tcp_ike(&c, init(&c));
    tcp_send_part(&c, INITIATOR, 0, 100);
    tcp_send_part(&c, INITIATOR, 300, c.bytes->len);
    tcp_send_part(&c, INITIATOR, 0, 100);
    tcp_send_part(&c, INITIATOR, 100, 300);
    tcp_sent(&c, INITIATOR);
    tcp_ike(&c, init_answer(&c));
    tcp_send(&c, RESPONDER);
    tcp_expect_from(&c, 4, ". . . init> init<");
    tcp_end(&c);
}

/* ---- gaps ---- */

/* The frame's length tells where the next one begins, though bytes of it are missing. */
static void missing_in_a_message(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send_part(&c, INITIATOR, 0, 100);
    tcp_send_part(&c, INITIATOR, 200, 250);
    tcp_send_part(&c, INITIATOR, 250, c.bytes->len);
    tcp_sent(&c, INITIATOR);
    tcp_expect_from(&c, 6, ". . .");
    tcp_ack(&c, RESPONDER);
    tcp_expect_from(&c, 6, ". . . auth>&info>");
    expect_finding_at(&c.l, 9, "truncated");
    tcp_end(&c);
}

/* Known to be lost when the segment after the gap comes. */
static void missing_message(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_sent(&c, INITIATOR); /* not in the capture */
    tcp_ike(&c, auth_answer(&c));
    tcp_send(&c, RESPONDER); /* acknowledges it */
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 3, 80));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 6, "auth< info> info>");
    expect_no_finding(&c.l, "truncated");
    tcp_end(&c);
}

static void missing_without_acknowledgements(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    c.no_ack = true;
    tcp_ike(&c, auth(&c));
    tcp_sent(&c, INITIATOR);
    for (uint32_t id = 2; id < 6; id++) {
        after(&c.l, 2);
        tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, id, 80));
        tcp_send(&c, INITIATOR);
    }
    tcp_expect_from(&c, 6, ". . . info>&info>&info>&info>");
    tcp_end(&c);
}

/* After a gap between frames a segment that begins within a frame is not believed. */
static void resync_at_a_segment(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_ike(&c, request(&c, IKE_XCHG_V2_CREATE_CHILD, 2, 400));
    tcp_send_part(&c, INITIATOR, 350, 600); /* 1 to 349 are lost */
    tcp_send_part(&c, INITIATOR, 600, c.bytes->len);
    tcp_sent(&c, INITIATOR);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 3, 80));
    tcp_send(&c, INITIATOR);
    tcp_ack(&c, RESPONDER);
    tcp_expect_from(&c, 6, ". . . info>");
    tcp_end(&c);
}

/* A gap that ends within another frame than it began in. */
static void gap_over_frames(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_ike(&c, request(&c, IKE_XCHG_V2_CREATE_CHILD, 2, 400));
    tcp_send_part(&c, INITIATOR, 0, 100);
    tcp_send_part(&c, INITIATOR, 500, c.bytes->len);
    tcp_sent(&c, INITIATOR);
    tcp_ack(&c, RESPONDER);
    tcp_expect_from(&c, 6, ". . auth>");
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 3, 80));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 9, "info>");
    tcp_end(&c);
}

static void illegal_length(void)
{
    static const char *const bad[] = { "0000", "0001", "0002ffff", "0005000000", "000600000000",
                                       "0021000000000000", "001000000001", "0011c0ffee01" };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        tcp c;

        tcp_begin_with_init(&c);
        tcp_ike(&c, auth(&c));
        tcp_hex(&c, bad[i]);
        tcp_junk(&c, 50, i);
        tcp_send(&c, INITIATOR);
        tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
        tcp_send(&c, INITIATOR);
        tcp_expect_from(&c, 6, "auth> info>");
        tcp_end(&c);
    }
}

/* .. is seen as soon as it is there. */
static void illegal_length_at_the_end(void)
{
    static const char *const bad[] = { "0001", "0005", "0011c0ffee01", "0021000000000000" };

    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        tcp c;

        tcp_begin_with_init(&c);
        tcp_hex(&c, bad[i]);
        tcp_send(&c, INITIATOR);
        g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
        tcp_ike(&c, auth(&c));
        tcp_send(&c, INITIATOR);
        tcp_expect_from(&c, 6, ". auth>");
        tcp_end(&c);
    }
}

/* What was taken for a long ESP packet was none. */
static void message_within_esp(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_hex(&c, "fff0c0ffee01");
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 6, ". auth>");
    tcp_end(&c);
}

/* Bytes of each packet: IP and TCP take 52, a frame's length and marker 6. */
static void truncated_capture(size_t snaplen)
{
    tcp c;

    tcp_begin_with_init(&c);
    c.l.snaplen = snaplen;
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, auth_answer(&c));
    tcp_send_cut(&c, RESPONDER, 100);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 6, "auth> . . auth< info>");
    expect_finding_on_a_frame(&c.l, "truncated");
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
    tcp_end(&c);
}

static void truncated(void)
{
    truncated_capture(82); /* 24 bytes of the ISAKMP header, without its length */
    truncated_capture(86);
    truncated_capture(120);
}

/* A capture that begins late, and is cut. */
static void truncated_and_joined(void)
{
    tcp c;

    tcp_begin(&c);
    c.l.snaplen = 82;
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, auth_answer(&c));
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, RESPONDER); /* where its frames end is not in the capture */
    tcp_expect(&c, "auth> .");
    tcp_end(&c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcp/message-per-segment", message_per_segment);
    g_test_add_func("/tcp/ipv6", ipv6);
    g_test_add_func("/tcp/two-in-a-segment", two_in_a_segment);
    g_test_add_func("/tcp/three-segments", three_segments);
    g_test_add_func("/tcp/byte-by-byte", byte_by_byte);
    g_test_add_func("/tcp/begins-as-the-prefix", frame_that_begins_as_the_prefix);
    g_test_add_func("/tcp/out-of-order", out_of_order);
    g_test_add_func("/tcp/overlap", overlap);
    g_test_add_func("/vector/46-one-connection", repeated);
    g_test_add_func("/tcp/doubled-capture", doubled_capture);
    g_test_add_func("/tcp/sequence-wraps", sequence_wraps);
    g_test_add_func("/tcp/missing-in-a-message", missing_in_a_message);
    g_test_add_func("/tcp/missing-message", missing_message);
    g_test_add_func("/tcp/missing-without-ack", missing_without_acknowledgements);
    g_test_add_func("/tcp/resync-at-a-segment", resync_at_a_segment);
    g_test_add_func("/tcp/gap-over-frames", gap_over_frames);
    g_test_add_func("/tcp/illegal-length", illegal_length);
    g_test_add_func("/tcp/illegal-length-at-the-end", illegal_length_at_the_end);
    g_test_add_func("/tcp/message-within-esp", message_within_esp);
    g_test_add_func("/tcp/keepalive", keepalive);
    g_test_add_func("/tcp/truncated", truncated);
    g_test_add_func("/tcp/truncated-and-joined", truncated_and_joined);
    return g_test_run();
}
