/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * TCP connections that carry IKE: joined late, made anew, on other ports. RFC 9329.
 */
#include "tcp.h"

/* ---- joining ---- */

static void joined(void)
{
    tcp c;

    tcp_begin(&c);
    tcp_ike(&c, auth(&c));
    tcp_send_part(&c, INITIATOR, 100, c.bytes->len);
    tcp_sent(&c, INITIATOR);
    tcp_ike(&c, auth_answer(&c));
    tcp_send_cut(&c, RESPONDER, 100);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, INITIATOR);
    tcp_expect(&c, ". . . auth< info>");
    tcp_end(&c);
}

/* .. with the first data, but without the SYN. */
static void joined_at_the_prefix(void)
{
    tcp c;

    tcp_begin(&c);
    tcp_prefix(&c);
    tcp_ike(&c, init(&c));
    tcp_send_cut(&c, INITIATOR, 300);
    tcp_ike(&c, init_answer(&c));
    tcp_send(&c, RESPONDER);
    tcp_expect(&c, ". init> init<");
    tcp_end(&c);
}

static void joined_at_esp(void)
{
    tcp c;

    tcp_begin(&c);
    tcp_esp(&c, 0xc0ffee01, 60);
    tcp_esp(&c, 0xc0ffee01, 90);
    tcp_send(&c, INITIATOR);
    tcp_esp(&c, 0xc0ffee02, 60);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, RESPONDER);
    tcp_expect(&c, "esp&esp esp&info>");
    tcp_end(&c);
}

/* Another protocol on port 4500, and frames that nearly are some. */
static void not_believable(void)
{
    tcp c;

    tcp_begin(&c);
    tcp_hex(&c, "474554202f20485454502f312e310d0a0d0a");
    tcp_send(&c, INITIATOR);
    tcp_esp(&c, 0xc0ffee01, 60);
    tcp_junk(&c, 1, 1); /* one byte too many */
    tcp_send(&c, INITIATOR);
    tcp_esp(&c, 0xc0ffee01, 60);
    g_byte_array_set_size(c.bytes, 65); /* one too few */
    tcp_send(&c, INITIATOR);
    tcp_esp(&c, 0x000000ff, 60); /* reserved */
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, auth(&c));
    c.bytes->data[33]++; /* the message's length */
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, auth(&c));
    c.bytes->data[6 + 17] = 0x30;
    tcp_send(&c, INITIATOR);
    tcp_expect(&c, ". . . . . .");
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
    tcp_connect(&c);
    tcp_esp(&c, 0xc0ffee01, 60); /* at the start, of a side that never sent IKE */
    tcp_send(&c, RESPONDER);
    tcp_expect_from(&c, 7, ". . . .");
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
    tcp_end(&c);
}

/* ---- connections ---- */

static void other_port(void)
{
    tcp c;

    tcp_begin(&c);
    c.l.hosts[RESPONDER].seen.port = 443;
    tcp_connect(&c);
    tcp_junk(&c, 200, 1);
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, init(&c)); /* no prefix */
    tcp_send(&c, INITIATOR);
    g_assert_cmpuint(tcp_usage(&c).streams, ==, 0);
    tcp_reconnect(&c, 40002);
    tcp_prefix(&c);
    tcp_ike(&c, init(&c));
    tcp_send_cut(&c, INITIATOR, 200);
    tcp_ike(&c, init_answer(&c));
    tcp_send(&c, RESPONDER);
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_expect(&c, ". . . . . . . . . init> init< auth>");
    g_assert_cmpuint(tcp_usage(&c).streams, ==, 2);
    tcp_reconnect(&c, 40003); /* the port is known, this connection is not */
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 13, ". . . .");
    g_assert_cmpuint(tcp_usage(&c).streams, ==, 2);
    tcp_end(&c);
}

/* The word may stand in any text. */
static void prefix_of_another_protocol(void)
{
    tcp c;

    tcp_begin(&c);
    c.l.hosts[RESPONDER].seen.port = 80;
    tcp_prefix(&c);
    tcp_hex(&c, "206973207468652070726566697820");
    tcp_send(&c, INITIATOR);
    tcp_expect(&c, ".");
    g_assert_cmpuint(tcp_usage(&c).streams, <=, 1);
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
    tcp_junk(&c, 500, 1);
    tcp_send(&c, INITIATOR);
    tcp_junk(&c, 500, 1);
    tcp_send(&c, RESPONDER);
    tcp_expect(&c, ". . .");
    g_assert_cmpuint(tcp_usage(&c).streams, ==, 0);
    tcp_end(&c);
}

/* Vector 46: over a new connection it is a retransmission, however soon it comes. */
static void reconnect(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    same_packet(&c.l); /* TCP's own */
    tcp_reconnect(&c, 40002);
    tcp_prefix(&c);
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, auth_answer(&c));
    tcp_send(&c, RESPONDER);
    tcp_expect_from(&c, 6, "auth> . . . . auth>+ auth<");
    expect_retransmission(&c.l, 11, 6, 1);
    expect_findings(&c.l, "retrans", 1);
    expect_findings(&c.l, "tcpencap", 1);
    expect_no_findings(&c.l, "dup_capture nat_rebind nat_addrchg");
    expect_sas(&c.l, 1);
    tcp_end(&c);
}

/* .. also where the capture cut both, the second one earlier, because of the prefix. */
static void reconnect_truncated(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    c.l.snaplen = 120;
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_reconnect(&c, 40002);
    tcp_prefix(&c);
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 300));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 6, "auth> . . . auth>+ info>");
    tcp_end(&c);
}

/* .. but the fragments of a message share its header. */
static void truncated_fragments(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    c.l.snaplen = 120;
    for (unsigned number = 1; number <= 2; number++) {
        tcp_ike(&c, fragment(&c, IKE_XCHG_V2_AUTH, 1, number, 300));
        tcp_send(&c, INITIATOR);
        g_assert_cmpint(ladder_record(&c.l, c.l.frame)->copy, ==, IKE_COPY_NONE);
        g_assert_true(ladder_record(&c.l, c.l.frame)->truncated);
    }
    tcp_end(&c);
}

/* The fall back from UDP (RFC 9329 5.1) is neither a float nor another port of a NAT. */
static void fall_back(void)
{
    tcp c;
    ike_endpoint own;

    tcp_begin(&c);
    own = c.l.hosts[INITIATOR].seen;
    c.l.hosts[INITIATOR].seen.port = c.l.hosts[RESPONDER].seen.port = IKE_PORT;
    send_message(&c.l, INITIATOR, init(&c));
    c.l.hosts[INITIATOR].seen = own;
    c.l.hosts[RESPONDER].seen.port = IKE_PORT_NATT;
    tcp_connect(&c);
    tcp_prefix(&c);
    tcp_ike(&c, init(&c));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, init_answer(&c));
    tcp_send(&c, RESPONDER);
    tcp_expect(&c, "init> . . . init>+ init<");
    g_assert_false(ladder_record(&c.l, 5)->floated);
    c.l.marker = true; /* and back, from a port of UDP */
    c.l.hosts[INITIATOR].seen.port = IKE_PORT_NATT;
    send_message(&c.l, INITIATOR, auth(&c));
    expect_no_finding(&c.l, "nat_rebind");
    expect_no_finding(&c.l, "nat_addrchg");
    tcp_end(&c);
}

static void address_changes(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    c.l.hosts[INITIATOR].seen = wire_endpoint("10.1.0.99", 40001);
    tcp_reconnect(&c, 40002);
    tcp_prefix(&c);
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 6, ". . . auth>");
    expect_finding_at(&c.l, 9, "nat_addrchg");
    expect_no_finding(&c.l, "nat_rebind");
    tcp_end(&c);
}

/* The same ports again: a new SYN begins a new stream. */
static void same_ports(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_send_part(&c, INITIATOR, 0, 100);
    tcp_sent(&c, INITIATOR);
    tcp_reconnect(&c, 40001);
    g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
    tcp_prefix(&c);
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 6, ". . . . auth>");
    g_assert_cmpuint(tcp_usage(&c).streams, ==, 2);
    tcp_end(&c);
}

/* .. and without the SYN the sequence number tells. */
static void same_ports_joined(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_send_part(&c, INITIATOR, 0, 100);
    tcp_sent(&c, INITIATOR);
    c.seq[INITIATOR] += 0x70000000;
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    c.seq[INITIATOR] -= 0x60000000;
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send(&c, INITIATOR);
    tcp_expect_from(&c, 6, ". auth> info>");
    tcp_end(&c);
}

static void ends(void)
{
    static const unsigned flags[] = { FIN | ACK, RST };

    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        tcp c;

        tcp_begin_with_init(&c);
        tcp_ike(&c, auth(&c));
        tcp_send_part(&c, INITIATOR, 0, 100);
        tcp_segment(&c, INITIATOR, c.seq[INITIATOR] + 50, flags[i], NULL, 0); /* not its place */
        g_assert_cmpuint(tcp_usage(&c).bytes, ==, 100);
        tcp_segment(&c, INITIATOR, c.seq[INITIATOR] + 100, flags[i], NULL, 0);
        g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
        tcp_send_part(&c, INITIATOR, 0, 100); /* repeated: nothing begins by it */
        g_assert_cmpuint(tcp_usage(&c).bytes, ==, 0);
        tcp_expect_from(&c, 6, ". . . .");
        tcp_end(&c);
    }
}

/* ---- ESP ---- */

static void esp_in_the_stream(void)
{
    tcp c;

    tcp_begin_with_init(&c);
    tcp_ike(&c, auth(&c));
    tcp_send(&c, INITIATOR);
    tcp_ike(&c, auth_answer(&c));
    tcp_esp(&c, 0xc0ffee01, 100);
    tcp_send(&c, RESPONDER);
    tcp_esp(&c, 0xc0ffee02, 100);
    tcp_esp(&c, 0xc0ffee02, 1300);
    tcp_ike(&c, request(&c, IKE_XCHG_V2_INFO, 2, 80));
    tcp_send_cut(&c, INITIATOR, 500);
    tcp_expect_from(&c, 6, "auth> auth<&esp esp . esp&info>");
    tcp_expect_esp(&c, INITIATOR, 2);
    tcp_expect_esp(&c, RESPONDER, 1);
    g_assert_true(ike_tracker_notes(c.l.tracker, 7)->next->sa == ladder_sa(&c.l, 0));
    tcp_end(&c);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tcp-streams/joined", joined);
    g_test_add_func("/tcp-streams/joined-at-the-prefix", joined_at_the_prefix);
    g_test_add_func("/tcp-streams/joined-at-esp", joined_at_esp);
    g_test_add_func("/tcp-streams/not-believable", not_believable);
    g_test_add_func("/tcp-streams/other-port", other_port);
    g_test_add_func("/tcp-streams/prefix-of-another-protocol", prefix_of_another_protocol);
    g_test_add_func("/vector/46-new-connection", reconnect);
    g_test_add_func("/vector/46-new-connection-truncated", reconnect_truncated);
    g_test_add_func("/tcp-streams/truncated-fragments", truncated_fragments);
    g_test_add_func("/tcp-streams/fall-back", fall_back);
    g_test_add_func("/tcp-streams/address-changes", address_changes);
    g_test_add_func("/tcp-streams/same-ports", same_ports);
    g_test_add_func("/tcp-streams/same-ports-joined", same_ports_joined);
    g_test_add_func("/tcp-streams/ends", ends);
    g_test_add_func("/tcp-streams/esp", esp_in_the_stream);
    return g_test_run();
}
