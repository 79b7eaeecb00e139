/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IP fragments whose first one is missing, that are dropped behind the capture point, IP IDs that
 * come again, path MTUs, and what falls back to IKE fragments.
 */
#include "ladder2.h"

/* Main Mode whose encrypted messages are too long for a packet. */
static void begin_long(ladder *l)
{
    ladder_begin(l);
    l->length_of_mm5 = l->length_of_mm6 = 1652;
    up_to_mm4(l);
}

/* ---- the first fragment is missing ---- */

static void probable(void)
{
    ladder l;

    begin_long(&l);
    in_ip_fragments(&l, 1480, "2");
    mm5(&l);
    mm6(&l);
    long_after(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ MM6 .");
    g_assert_true(ladder_record(&l, 5)->is_probable);
    g_assert_cmpuint(ladder_record(&l, 5)->rare->fragment_total, ==, 0);
    expect_finding(&l, "ipfrag_loss", NOTE);
    expect_inferred(&l, "ipfrag_loss");
    expect_finding_says(&l, "ipfrag_loss", "MM5");
    expect_finding_says(&l, "ipfrag_loss", "0-1479");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* It comes after all: certain, and nothing is left of the guess. */
static void probable_then_certain(void)
{
    ladder l;

    begin_long(&l);
    in_ip_fragments(&l, 1480, "2");
    mm5(&l);
    after(&l, 3);
    foreign(&l);
    ike_tracker_finish(l.tracker);
    g_assert_true(ladder_record(&l, 5)->is_probable);
    l.ip_id[INITIATOR]--;
    in_ip_fragments(&l, 1480, "1");
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ . MM5 MM6");
    g_assert_false(ladder_record(&l, 5)->is_probable);
    expect_piece(&l, 5, 2, 2, 7);
    expect_no_finding(&l, "ipfrag_loss");
    expect_no_finding_above(&l, CHAT, "slow");
    ladder_end(&l);
}

/* Pieces that no SA waits for are nobody's business: too late, the wrong side, other hosts, nothing
 * due, another port in the first fragment that comes afterwards. */
static void not_probable(void)
{
    ladder l;
    GByteArray *body = g_byte_array_new(), *packet;
    wire_ip ip;

    wire_random(body, 1652, 3);
    begin_long(&l);
    ip = (wire_ip){ .src = l.hosts[RESPONDER].seen, .dst = l.hosts[INITIATOR].seen };
    packet = wire_udp(&ip, body->data, body->len);
    send_packet(&l, wire_ip_fragment(packet, 9, 1480, 1660)); /* MM5 is not due from here */
    g_byte_array_unref(packet);
    ip = (wire_ip){ .src = l.hosts[INITIATOR].seen, .dst = wire_endpoint("10.2.0.9", 500) };
    packet = wire_udp(&ip, body->data, body->len);
    send_packet(&l, wire_ip_fragment(packet, 9, 1480, 1660));
    g_byte_array_unref(packet);
    ip = (wire_ip){ .src = wire_endpoint("10.1.0.2", 7000), .dst = l.hosts[RESPONDER].seen };
    packet = wire_udp(&ip, body->data, body->len);
    send_packet(&l, wire_ip_fragment(packet, 9, 1480, 1660));
    after(&l, 2);
    ike_tracker_finish(l.tracker);
    send_packet(&l, wire_ip_fragment(packet, 9, 0, 1480)); /* .. of port 7000 */
    mm5(&l);
    mm6(&l);
    after(&l, 11);
    send_packet(&l, wire_ip_fragment(packet, 10, 1480, 1660));
    long_after(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 . . . . MM5 MM6 . .");
    expect_no_finding(&l, "ipfrag_loss");
    expect_no_finding_above(&l, CHAT, "slow");
    g_byte_array_unref(body);
    g_byte_array_unref(packet);
    ladder_end(&l);
}

/* MM5 is due, but has not come for 11 s. */
static void too_late(void)
{
    ladder l;

    begin_long(&l);
    after(&l, 11);
    in_ip_fragments(&l, 1480, "2");
    mm5(&l);
    long_after(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 . .");
    expect_no_finding(&l, "ipfrag_loss");
    ladder_end(&l);
}

/* MM6 without its first piece proves no reaction of the peer: MM5 is unanswered all the same. */
static void probable_answer(void)
{
    ladder l;

    begin_long(&l);
    for (int i = 0; i < 4; i++) {
        mm5(&l);
        in_ip_fragments(&l, 1480, "2");
        mm6(&l);
        after(&l, 4);
    }
    foreign(&l);
    ike_tracker_finish(l.tracker); /* and again when the capture has grown */
    long_after(&l);
    expect_finding(&l, "mm5_noresp", WARN);
    expect_finding(&l, "ipfrag_loss", NOTE);
    ladder_end(&l);
}

/* The capture begins with a request in pieces, and of its answer only a later piece is there: the records of the SA
 * change their order at its end, and what is said of its first one stays where it is. */
static void probable_answer_to_the_first(void)
{
    ladder l;

    ladder_begin(&l);
    in_ip_fragments(&l, 200, NULL);
    v2_auth_req(&l, 1);
    in_ip_fragments(&l, 200, "2");
    v2_auth_resp(&l, 1, 380);
    after(&l, 4);
    foreign(&l);
    expect_finding_at(&l, 2, "joined");
    foreign(&l);
    expect_labels(&l, "~ IKE_AUTH.req ~ . .");
    expect_finding_at(&l, 2, "joined");
    ladder_end(&l);
}

/* ---- dropped behind the capture point ---- */

static void dropped_behind(void)
{
    ladder l;

    begin_long(&l);
    for (int i = 0; i < 4; i++) {
        in_ip_fragments(&l, 1480, NULL);
        mm5(&l);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding(&l, "mm5_noresp", WARN);
    expect_finding_says(&l, "mm5_noresp",
                        "probably IP fragments of the message are dropped on the way");
    expect_inferred(&l, "mm5_noresp");
    ladder_end(&l);
}

/* On port 4500 without a word of the peer there, it may be the port as well. */
static void dropped_or_blocked(void)
{
    ladder l;

    begin_long(&l);
    move_to_4500(&l);
    for (int i = 0; i < 4; i++) {
        in_ip_fragments(&l, 1480, NULL);
        mm5(&l);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding_says(&l, "mm5_noresp", "cannot be distinguished");
    ladder_end(&l);
}

/* One copy went whole, or in IKE fragments: fragments are not the reason (5.2). */
static void not_all_in_fragments(bool in_ike)
{
    ladder l;

    begin_long(&l);
    for (int i = 0; i < 4; i++) {
        if (i < 3)
            in_ip_fragments(&l, 1480, NULL);
        else if (in_ike)
            in_ike_fragments(&l, MICROSOFT, 1000, NULL);
        mm5(&l);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding(&l, "mm5_noresp", WARN);
    g_assert_false(finding_says(&l, "mm5_noresp", "dropped"));
    ladder_end(&l);
}

static void not_dropped(void)
{
    not_all_in_fragments(false);
    not_all_in_fragments(true);
}

/* A capture without any later fragment may have had a filter for ports, which hides them. One that has some had none. */
static void hidden_or_dropped(void)
{
    for (int with_later = 0; with_later < 2; with_later++) {
        ladder l;

        begin_long(&l);
        for (int i = 0; i < 3; i++) {
            in_ip_fragments(&l, 1480, "1");
            mm5(&l);
            after(&l, 4);
        }
        if (with_later) {
            wire_ip ip = { .src = wire_endpoint("10.9.0.2", 500), .dst = wire_endpoint("10.9.0.3", 500) };
            uint8_t body[1652] = { 0 };
            GByteArray *packet = wire_udp(&ip, body, sizeof body);

            send_packet(&l, wire_ip_fragment(packet, 9, 1480, 1660));
            g_byte_array_unref(packet);
        }
        long_after(&l);
        expect_finding(&l, "ipfrag_loss", WARN);
        expect_finding_says(&l, "ipfrag_loss", "dropped on the way");
        g_assert_true(finding_says(&l, "ipfrag_loss", "capture filter") == !with_later);
        ladder_end(&l);
    }
}

/* The first message of all in fragments: no smaller one was answered. */
static void no_small_messages(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 4; i++) {
        in_ip_fragments(&l, 104, NULL);
        mm1(&l);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding(&l, "mm1_noresp", WARN);
    g_assert_false(finding_says(&l, "mm1_noresp", "dropped"));
    ladder_end(&l);
}

/* ---- IP IDs that come again ---- */

/* 10 s after a message of which only the first piece came, its IP ID is that of another message. */
static void id_of_incomplete_again(void)
{
    ladder l;

    begin_long(&l);
    in_ip_fragments(&l, 1480, "1");
    mm5(&l);
    after(&l, 10);
    anew(&l);
    l.ip_id[INITIATOR]--;
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~ MM5 MM6");
    expect_no_finding(&l, "ipfrag_overlap");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- path MTU ---- */

static void name_mtu(ladder *l, unsigned mtu)
{
    GByteArray *about = g_byte_array_append(g_byte_array_new(), l->packet->data, l->packet->len);

    send_packet(l, wire_icmp(&l->hosts[RESPONDER].seen.addr, &l->hosts[INITIATOR].seen.addr, 3, 4,
                             (uint16_t)mtu, about, 548));
    g_byte_array_unref(about);
}

static void mtu_ignored(void)
{
    ladder l;

    begin_long(&l);
    l.length_of_mm5 = 1452;
    for (int i = 0; i < 4; i++) {
        mm5(&l);
        name_mtu(&l, 1400);
        after(&l, 4);
    }
    long_after(&l);
    expect_finding(&l, "pmtu", WARN);
    expect_finding_says(&l, "pmtu", "MTU 1400");
    expect_finding_says(&l, "pmtu", "1480 bytes");
    ladder_end(&l);
}

/* Larger packets go on but are answered; or the sender obeys and cuts them; or they were in
 * flight. */
static void mtu_harmless(unsigned how)
{
    ladder l;

    begin_long(&l);
    l.length_of_mm5 = 1452;
    mm5(&l);
    name_mtu(&l, 1400);
    after(&l, how == 2 ? 0.1 : 4);
    if (how == 1)
        in_ip_fragments(&l, 1376, NULL);
    mm5(&l);
    if (how == 0)
        mm6(&l);
    long_after(&l);
    expect_finding(&l, "pmtu", NOTE);
    expect_finding_says(&l, "pmtu", "MTU 1400");
    ladder_end(&l);
}

static void mtu_obeyed(void)
{
    for (unsigned how = 0; how < 3; how++)
        mtu_harmless(how);
}

/* An MTU that was named before the newest copy does not excuse that nobody answers that one. */
static void mtu_obeyed_unanswered(void)
{
    ladder l;

    begin_long(&l);
    l.length_of_mm5 = 1452;
    mm5(&l);
    name_mtu(&l, 1400);
    for (int i = 0; i < 3; i++) {
        after(&l, 4);
        in_ip_fragments(&l, 1376, NULL);
        mm5(&l);
    }
    long_after(&l);
    expect_finding(&l, "mm5_noresp", WARN);
    expect_finding(&l, "pmtu", NOTE);
    ladder_end(&l);
}

/* ICMP that quotes the second fragment has no ports: its IP ID tells. One of another packet is
 * none. */
static void quote_of_later_fragment(void)
{
    ladder l;
    const ike_addr *from = &l.hosts[RESPONDER].seen.addr, *to = &l.hosts[INITIATOR].seen.addr;
    GByteArray *about;

    begin_long(&l);
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    about = g_byte_array_append(g_byte_array_new(), l.packet->data, l.packet->len);
    send_packet(&l, wire_icmp(from, to, 11, 1, 0, about, 28));
    about->data[5] ^= 1; /* IP ID */
    send_packet(&l, wire_icmp(from, to, 11, 1, 0, about, 28));
    long_after(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ MM5 icmp . .");
    expect_finding(&l, "reasm_timeout", ERROR);
    expect_finding_at(&l, 7, "reasm_timeout");
    g_byte_array_unref(about);
    ladder_end(&l);
}

/* ---- IKE fragments ---- */

static const char *const windows[] = { VID_WINDOWS, VID_FRAGMENTATION, NULL };
static const char *const plain[] = { VID_RFC3947, VID_DPD, NULL };

static void windows_timer(double seconds, bool expected)
{
    ladder l;

    ladder_begin(&l);
    l.vendors[0] = l.vendors[1] = windows;
    l.length_of_mm5 = 1652;
    up_to_mm4(&l);
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    after(&l, seconds);
    in_ike_fragments(&l, MICROSOFT, 1000, NULL);
    mm5(&l);
    mm6(&l);
    expect_finding(&l, "v1frag_fallback", NOTE);
    expect_finding_says(&l, "v1frag_fallback", "in IP fragments");
    g_assert_true(finding_says(&l, "v1frag_fallback", "Windows") == expected);
    ladder_end(&l);
}

static void windows_timers(void)
{
    windows_timer(2, true);
    windows_timer(20, false);
}

static void unannounced(void)
{
    ladder l;

    ladder_begin(&l);
    l.vendors[RESPONDER] = plain;
    l.length_of_mm5 = 1200;
    up_to_mm4(&l);
    in_ike_fragments(&l, MICROSOFT, 500, NULL);
    mm5(&l);
    in_ike_fragments(&l, MICROSOFT, 60, NULL);
    mm6(&l);
    expect_one_finding(&l, "v1frag_unannounced", NOTE);
    expect_finding_at(&l, 5, "v1frag_unannounced");
    expect_finding_says(&l, "v1frag_unannounced", "the responder");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* MM4, where it may be announced, is not in the capture: no verdict. */
static void perhaps_announced(void)
{
    ladder l;

    ladder_begin(&l);
    l.vendors[RESPONDER] = plain;
    l.length_of_mm5 = 1200;
    mm1(&l);
    mm2(&l);
    mm3(&l);
    in_ike_fragments(&l, MICROSOFT, 500, NULL);
    mm5(&l);
    expect_piece(&l, 6, 3, 3, 6);
    expect_no_finding(&l, "v1frag_unannounced");
    ladder_end(&l);
}

/* ---- IPv6 ---- */

/* Destination options stand behind the fragment header, before UDP. */
static void extension_behind_fragment_header(void)
{
    ladder l;
    wire_ip ip = { 0 };
    GByteArray *packet, *options = g_byte_array_new();
    const uint8_t destination[8] = { 17, 0, 1, 4, 0, 0, 0, 0 };

    ladder_begin(&l);
    host_is(&l, INITIATOR, "2001:db8::2", 500);
    host_is(&l, RESPONDER, "2001:db8:1::2", 500);
    up_to_mm4(&l);
    packet = encrypted_packet(&l, 1652);
    g_byte_array_append(options, destination, sizeof destination);
    g_byte_array_append(options, packet->data + 40, packet->len - 40);
    g_byte_array_unref(packet);
    ip.src = l.hosts[INITIATOR].seen;
    ip.dst = l.hosts[RESPONDER].seen;
    packet = wire_packet(&ip, 60, options->data, options->len);
    send_packet(&l, wire_ip_fragment(packet, 77, 1400, options->len));
    send_packet(&l, wire_ip_fragment(packet, 77, 0, 1400));
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ MM5");
    expect_piece(&l, 5, 2, 2, 6);
    g_byte_array_unref(options);
    g_byte_array_unref(packet);
    ladder_end(&l);
}

/* ---- hostile captures ---- */

/* A hundred thousand fragments, all of different datagrams, of IKE and of others: time grows with
 * their number only. A test that is quadratic here does not end within its time. */
static void hundred_thousand(void)
{
    ladder l;
    wire_message m;
    wire_ip ip;
    GByteArray *bytes, *packet;

    begin_long(&l);
    m = message(&l, IKE_XCHG_MAIN, IKE_FLAG_ENCRYPTED, 0);
    wire_encrypted(&m, IKE_PL_ID, 1652, 5);
    bytes = wire_end(&m);
    for (uint32_t i = 0; i < 100000; i++) {
        ip = (wire_ip){ .src = l.hosts[INITIATOR].seen, .dst = l.hosts[RESPONDER].seen };
        if (i % 3 == 0)
            ip.src.port = 7000;
        packet = wire_udp(&ip, bytes->data, bytes->len);
        send_packet(&l, wire_ip_fragment(packet, i & 0xffff, i % 2 ? 0 : 1480,
                                         i % 2 ? 1480 : 1660));
        after(&l, 0.0001);
        g_byte_array_unref(packet);
    }
    long_after(&l);
    ike_tracker_finish(l.tracker);
    expect_finding(&l, "limit", NOTE);
    g_byte_array_unref(bytes);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ip-fragment/probable", probable);
    g_test_add_func("/ip-fragment/probable-then-certain", probable_then_certain);
    g_test_add_func("/ip-fragment/not-probable", not_probable);
    g_test_add_func("/ip-fragment/too-late", too_late);
    g_test_add_func("/ip-fragment/probable-answer", probable_answer);
    g_test_add_func("/ip-fragment/probable-answer-to-the-first", probable_answer_to_the_first);
    g_test_add_func("/ip-fragment/dropped-behind", dropped_behind);
    g_test_add_func("/ip-fragment/dropped-or-blocked", dropped_or_blocked);
    g_test_add_func("/ip-fragment/not-dropped", not_dropped);
    g_test_add_func("/ip-fragment/no-small-messages", no_small_messages);
    g_test_add_func("/ip-fragment/hidden-or-dropped", hidden_or_dropped);
    g_test_add_func("/ip-fragment/id-of-incomplete-again", id_of_incomplete_again);
    g_test_add_func("/ip-fragment/extension-behind-fragment-header",
                    extension_behind_fragment_header);
    g_test_add_func("/mtu/ignored", mtu_ignored);
    g_test_add_func("/mtu/obeyed", mtu_obeyed);
    g_test_add_func("/mtu/obeyed-unanswered", mtu_obeyed_unanswered);
    g_test_add_func("/icmp/quote-of-later-fragment", quote_of_later_fragment);
    g_test_add_func("/v1-fragment/windows-timers", windows_timers);
    g_test_add_func("/v1-fragment/unannounced", unannounced);
    g_test_add_func("/v1-fragment/perhaps-announced", perhaps_announced);
    g_test_add_func("/ip-fragment/hundred-thousand", hundred_thousand);
    return g_test_run();
}
