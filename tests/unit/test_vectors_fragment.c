/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 47 to 52: IKEv1 fragments (payload 132), and messages in IP fragments.
 */
#include "ladder.h"

/* ---- IKE fragments ---- */

static void strongswan_quick_mode(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    in_ike_fragments(&l, STRONGSWAN, 100, NULL);
    qm1(&l, 0xa1);
    qm2(&l, 0xa1);
    qm3(&l, 0xa1);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 ~ QM1 QM2 QM3");
    expect_piece(&l, 7, 1, 2, 8);
    expect_piece(&l, 8, 2, 2, 8);
    g_assert_cmphex(ladder_record(&l, 8)->message_id, ==, 0xa1);
    g_assert_cmpint(ladder_record(&l, 8)->fragment, ==, IKE_FRAGMENT_V1);
    expect_pair(&l, 8, 9);
    expect_finding(&l, "v1frag", CHAT);
    expect_messages(&l, 9);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void racoon_sets_e(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1200;
    up_to_mm4(&l);
    in_ike_fragments(&l, RACOON, 500, NULL);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~ MM5 MM6");
    expect_piece(&l, 5, 1, 3, 7);
    expect_piece(&l, 6, 2, 3, 7);
    expect_piece(&l, 7, 3, 3, 7);
    expect_pair(&l, 7, 8);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void last_first(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 900;
    up_to_mm4(&l);
    in_ike_fragments(&l, MICROSOFT, 500, "21");
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ MM5 MM6");
    expect_piece(&l, 5, 2, 2, 6);
    expect_piece(&l, 6, 1, 2, 6);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void constant_id(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1200;
    up_to_mm4(&l);
    in_ike_fragments(&l, STRONGSWAN, 500, NULL);
    mm5(&l);
    after(&l, 1);
    in_ike_fragments(&l, STRONGSWAN, 500, NULL);
    mm5(&l);
    mm6(&l);
    in_ike_fragments(&l, STRONGSWAN, 100, NULL);
    qm1(&l, 0xa1);
    qm2(&l, 0xa1);
    qm3(&l, 0xa1);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~ MM5 ~ ~ MM5+ MM6 ~ QM1 QM2 QM3");
    expect_piece(&l, 5, 1, 3, 7);
    expect_piece(&l, 8, 1, 3, 10);
    expect_piece(&l, 9, 2, 3, 10);
    expect_piece(&l, 12, 1, 2, 13);
    expect_retransmission(&l, 10, 7, 1);
    expect_pair(&l, 7, 11);
    expect_findings(&l, "retrans", 1);
    expect_no_finding(&l, "v1frag_fallback");
    expect_no_finding(&l, "v1frag_loss");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void microsoft_fallback(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1652;
    up_to_mm4(&l);
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    after(&l, 2);
    in_ike_fragments(&l, MICROSOFT, 1000, NULL);
    mm5(&l);
    mm6(&l);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ MM5 ~ MM5+ MM6 .");
    expect_retransmission(&l, 8, 6, 1);
    expect_pair(&l, 6, 9);
    expect_finding(&l, "v1frag_fallback", NOTE);
    expect_finding_at(&l, 8, "v1frag_fallback");
    expect_findings(&l, "retrans", 1);
    expect_nothing_unanswered(&l);
    expect_no_finding(&l, "ipfrag_loss");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void number_zero(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    in_ike_fragments(&l, MICROSOFT, 60, "0");
    mm5(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~");
    expect_finding(&l, "v1frag_bad", ERROR);
    expect_finding_at(&l, 5, "v1frag_bad");
    ladder_end(&l);
}

static void wrong_inner_length(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    l.spoil = true;
    in_ike_fragments(&l, MICROSOFT, 60, NULL);
    mm5(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~");
    expect_finding(&l, "v1frag_bad", ERROR);
    expect_finding_at(&l, 6, "v1frag_bad");
    expect_messages(&l, 4);
    ladder_end(&l);
}

/* The cookies inside are others than those outside. */
static void wrong_inner_cookies(void)
{
    ladder l;
    wire_message m;

    ladder_begin(&l);
    up_to_mm4(&l);
    m = message(&l, IKE_XCHG_MAIN, 0, 0);
    {
        wire_header inner = { l.spi_i, l.spi_r + 9, 0x10, IKE_XCHG_MAIN, IKE_FLAG_ENCRYPTED, 0 };
        wire_message other = wire_begin(&inner);
        uint8_t head[4] = { 0, 1, 1, 1 };
        GByteArray *body = g_byte_array_append(g_byte_array_new(), head, sizeof head), *bytes;

        wire_encrypted(&other, IKE_PL_ID, 108, 9);
        bytes = wire_end(&other);
        g_byte_array_append(body, bytes->data, bytes->len);
        wire_payload(&m, IKE_PL_FRAGMENT, body->data, body->len);
        g_byte_array_unref(bytes);
        g_byte_array_unref(body);
    }
    send_message(&l, INITIATOR, wire_end(&m));
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~");
    expect_sas(&l, 1);
    expect_finding(&l, "v1frag_bad", ERROR);
    ladder_end(&l);
}

static void never_complete(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1200;
    up_to_mm4(&l);
    in_ike_fragments(&l, MICROSOFT, 500, "13");
    mm5(&l);
    after(&l, 100);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~ .");
    expect_piece(&l, 5, 1, 3, 0);
    g_assert_cmpuint(ladder_record(&l, 6)->rare->fragment_missing, ==, 1);
    expect_finding(&l, "v1frag_loss", WARN);
    ladder_end(&l);
}

/* Fragment 3 and then a last one with the number 2: two fragments, but not 1 and 2. */
static void beyond_last(void)
{
    ladder l;
    wire_header outer;
    uint8_t data[60] = { 0 };

    ladder_begin(&l);
    up_to_mm4(&l);
    outer = (wire_header){ l.spi_i, l.spi_r, 0x10, IKE_XCHG_MAIN, 0, 0 };
    send_message(&l, INITIATOR, wire_v1_fragment(&outer, 1, 3, false, data, sizeof data));
    send_message(&l, INITIATOR, wire_v1_fragment(&outer, 1, 2, true, data, sizeof data));
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~");
    expect_messages(&l, 4);
    ladder_end(&l);
}

/* 3.3.8: complete after a loss and a resend. */
static void complete_in_the_end(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1200;
    up_to_mm4(&l);
    in_ike_fragments(&l, MICROSOFT, 500, "13");
    mm5(&l);
    after(&l, 2);
    in_ike_fragments(&l, MICROSOFT, 500, NULL);
    mm5(&l);
    mm6(&l);
    after(&l, 10);
    foreign(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~ ~ ~ MM5 MM6 .");
    expect_finding(&l, "v1frag_loss", NOTE);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void fragment_of_fragment(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 2400;
    up_to_mm4(&l);
    in_ike_fragments(&l, MICROSOFT, 1600, NULL);
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    mm6(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~ MM5 MM6");
    expect_finding(&l, "frag_of_frag", WARN);
    ladder_end(&l);
}

/* ---- IP fragments ---- */

typedef struct ip_case {
    const char *order;  /* pieces that the capture holds */
    const char *labels; /* after MM1 to MM4 */
    bool is_complete;
} ip_case;

/* MM5 of 1652 bytes, in four pieces of 480 bytes and less. */
static const ip_case ip_cases[] = {
    { "1234", "~ ~ ~ MM5", true },     /* in order */
    { "1324", "~ ~ ~ MM5", true },     /* reordered */
    { "4321", "~ ~ ~ MM5", true },     /* last first: old Linux */
    { "4123", "~ ~ ~ MM5", true },
    { "11234", "~ ~ ~ ~ MM5", true },  /* doubled pieces */
    { "12344", "~ ~ ~ MM5 ~", true },
    { "41233", "~ ~ ~ MM5 ~", true },
    { "1", "~", false },               /* later fragments dropped, as a filter by port does */
    { "124", "~ ~ ~", false },
    { "123", "~ ~ ~", false },
    { "134", "~ ~ ~", false },
};

static void check_ip_case(const ip_case *c, const char *from, const char *to)
{
    ladder l;
    char *labels = g_strconcat("MM1 MM2 MM3 MM4 ", c->labels, " .", NULL);

    ladder_begin(&l);
    host_is(&l, INITIATOR, from, 500);
    host_is(&l, RESPONDER, to, 500);
    l.length_of_mm5 = 1652;
    up_to_mm4(&l);
    in_ip_fragments(&l, 480, c->order);
    mm5(&l);
    long_after(&l);
    g_test_message("pieces %s from %s", c->order, from);
    expect_labels(&l, labels);
    expect_messages(&l, c->is_complete ? 5 : 4);
    if (c->is_complete)
        expect_no_finding(&l, "ipfrag_loss");
    else
        expect_finding(&l, "ipfrag_loss", NOTE);
    expect_no_finding(&l, "ipfrag_overlap");
    expect_no_finding(&l, "retrans");
    for (uint32_t frame = 5; frame < l.frame; frame++) {
        const ike_record *r = ladder_record(&l, frame);
        const unsigned number = (unsigned)(c->order[frame - 5] - '0');

        if (r->rare->fragment_number && r->rare->fragment_number != number) {
            g_test_message("%s: frame %u is called piece %u", c->order, frame, r->rare->fragment_number);
            g_test_fail();
        }
        expect_sa_of(&l, frame, 0);
        expect_sender(&l, frame, IKE_ROLE_INITIATOR);
    }
    g_free(labels);
    ladder_end(&l);
}

static void ip_fragments_v4(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ip_cases); i++)
        check_ip_case(&ip_cases[i], "10.1.0.2", "10.2.0.2");
}

static void ip_fragments_v6(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ip_cases); i++)
        check_ip_case(&ip_cases[i], "2001:db8::2", "2001:db8:1::2");
}

static void ip_fragment_numbers(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1652;
    up_to_mm4(&l);
    in_ip_fragments(&l, 480, "4132");
    mm5(&l);
    expect_piece(&l, 5, 4, 4, 8);
    expect_piece(&l, 6, 1, 4, 8);
    expect_piece(&l, 7, 3, 4, 8);
    expect_piece(&l, 8, 2, 4, 8);
    expect_findings(&l, "ipfrag", 1);
    ladder_end(&l);
}

/* The second of two pieces reaches back into the first, with other bytes. */
static void ip_fragments_overlap(void)
{
    ladder l;
    GByteArray *packet;

    ladder_begin(&l);
    up_to_mm4(&l);
    packet = encrypted_packet(&l, 1200);
    send_packet(&l, wire_ip_fragment(packet, 77, 0, 800));
    packet->data[20 + 790] ^= 0xff;
    send_packet(&l, wire_ip_fragment(packet, 77, 784, 1208));
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~");
    expect_finding(&l, "ipfrag_overlap", ERROR);
    expect_finding_at(&l, 6, "ipfrag_overlap");
    g_byte_array_unref(packet);
    ladder_end(&l);
}

/* Two different pieces in one place. */
static void ip_fragments_contradict(void)
{
    ladder l;
    GByteArray *packet;

    ladder_begin(&l);
    up_to_mm4(&l);
    packet = encrypted_packet(&l, 1200);
    send_packet(&l, wire_ip_fragment(packet, 77, 0, 400));
    send_packet(&l, wire_ip_fragment(packet, 77, 400, 800));
    packet->data[20 + 500] ^= 0xff;
    send_packet(&l, wire_ip_fragment(packet, 77, 400, 800));
    expect_finding(&l, "ipfrag_overlap", ERROR);
    g_byte_array_unref(packet);
    ladder_end(&l);
}

/* A piece that begins where the last one ended is none of the message. */
static void ip_fragment_beyond_end(void)
{
    ladder l;
    GByteArray *packet;

    ladder_begin(&l);
    up_to_mm4(&l);
    packet = encrypted_packet(&l, 1496 - 8);
    wire_random(packet, 1000, 3);
    send_packet(&l, wire_ip_fragment(packet, 77, 1496, 1976));
    send_packet(&l, wire_ip_fragment(packet, 77, 0, 1000));
    g_byte_array_set_size(packet, 20 + 1496);
    send_packet(&l, wire_ip_fragment(packet, 77, 1000, 1496));
    for (uint32_t frame = 5; frame <= 7; frame++) {
        const ike_record *r = ladder_record(&l, frame);

        if (r && (r->rare->fragment_total > 2 || r->rare->fragment_number > 2)) {
            g_test_message("frame %u is piece %u of %u, but there are two", frame,
                           r->rare->fragment_number, r->rare->fragment_total);
            g_test_fail();
        }
    }
    g_byte_array_unref(packet);
    ladder_end(&l);
}

/* An IP ID is used again after its packet is complete. */
static void ip_id_used_again(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = l.length_of_mm6 = 1652;
    up_to_mm4(&l);
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    after(&l, 4);
    l.ip_id[INITIATOR]--;
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ MM5 ~ MM5+");
    expect_no_finding(&l, "ipfrag_overlap");
    ladder_end(&l);
}

/* The whole packet twice, as port mirroring of both directions gives it. */
static void ip_fragments_doubled(void)
{
    ladder l;

    ladder_begin(&l);
    l.length_of_mm5 = 1652;
    up_to_mm4(&l);
    in_ip_fragments(&l, 1480, "1122");
    mm5(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 ~ ~ MM5 ~");
    expect_messages(&l, 5);
    expect_duplicate(&l, 6, 5);
    expect_duplicate(&l, 8, 7);
    expect_no_finding(&l, "retrans");
    expect_no_finding(&l, "ipfrag_overlap");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Pieces of other hosts' packets are nobody's business. */
static void foreign_fragments(void)
{
    ladder l;
    const wire_ip ip = { wire_endpoint("10.9.0.1", 53), wire_endpoint("10.9.0.2", 4711), 1, 0 };
    GByteArray *body = g_byte_array_new(), *packet;

    ladder_begin(&l);
    main_mode(&l);
    wire_random(body, 3000, 1);
    packet = wire_udp(&ip, body->data, body->len);
    send_packet(&l, wire_ip_fragment(packet, 9, 1480, 2960));
    send_packet(&l, wire_ip_fragment(packet, 9, 0, 1480));
    send_packet(&l, wire_ip_fragment(packet, 10, 1480, 2960));
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 . . .");
    expect_no_finding_above(&l, CHAT, NULL);
    g_byte_array_unref(body);
    g_byte_array_unref(packet);
    ladder_end(&l);
}

/* Sets that are kept are bounded: the oldest goes when its own IP ID is used again. */
static void many_sets(void)
{
    ladder l;
    wire_ip other;
    GByteArray *body = g_byte_array_new(), *packet;

    ladder_begin(&l);
    l.length_of_mm5 = 1652;
    up_to_mm4(&l);
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    other = (wire_ip){ l.hosts[RESPONDER].seen, wire_endpoint("10.9.0.2", 53), 0, 0 };
    wire_random(body, 3000, 1);
    packet = wire_udp(&other, body->data, body->len);
    for (uint32_t id = 1; id < 8192; id++) {
        send_packet(&l, wire_ip_fragment(packet, id, 1480, 2960));
        after(&l, 0.0001);
    }
    after(&l, 2);
    l.ip_id[INITIATOR]--;
    in_ip_fragments(&l, 1480, NULL);
    mm5(&l);
    expect_retransmission(&l, l.frame, 6, 1);
    g_byte_array_unref(body);
    g_byte_array_unref(packet);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/47-strongswan-quick-mode", strongswan_quick_mode);
    g_test_add_func("/vector/48-racoon-sets-e", racoon_sets_e);
    g_test_add_func("/vector/49-last-first", last_first);
    g_test_add_func("/vector/50-constant-id", constant_id);
    g_test_add_func("/vector/51-microsoft-fallback", microsoft_fallback);
    g_test_add_func("/vector/52-number-zero", number_zero);
    g_test_add_func("/vector/52-wrong-inner-length", wrong_inner_length);
    g_test_add_func("/vector/52-wrong-inner-cookies", wrong_inner_cookies);
    g_test_add_func("/v1-fragment/never-complete", never_complete);
    g_test_add_func("/v1-fragment/complete-in-the-end", complete_in_the_end);
    g_test_add_func("/v1-fragment/in-ip-fragments", fragment_of_fragment);
    g_test_add_func("/ip-fragment/ipv4", ip_fragments_v4);
    g_test_add_func("/ip-fragment/ipv6", ip_fragments_v6);
    g_test_add_func("/ip-fragment/numbers", ip_fragment_numbers);
    g_test_add_func("/ip-fragment/overlap", ip_fragments_overlap);
    g_test_add_func("/ip-fragment/contradict", ip_fragments_contradict);
    g_test_add_func("/ip-fragment/id-used-again", ip_id_used_again);
    g_test_add_func("/ip-fragment/doubled", ip_fragments_doubled);
    g_test_add_func("/ip-fragment/foreign", foreign_fragments);
    g_test_add_func("/fragment/ip-fragment-beyond-end", ip_fragment_beyond_end);
    g_test_add_func("/fragment/ip-fragment-many-sets", many_sets);
    g_test_add_func("/fragment/v1-fragment-beyond-last", beyond_last);
    return g_test_run();
}
