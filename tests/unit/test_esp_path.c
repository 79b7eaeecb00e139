/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the path does to ESP: fragments that never arrive, ICMP errors about its packets.
 */
#include "ladder2.h"
#include "natt.h"

enum { THERE = 0x11111111, BACK = 0x22222222, FOREIGN = 0x33333333, LARGE = 1900, MTU = 1400 };

static void tunnel(ladder *l)
{
    ladder_begin(l);
    v2_establish(l);
}

static GByteArray *esp_packet(ladder *l, ladder_side from, uint32_t spi, uint32_t sequence, size_t n)
{
    const wire_ip ip = { .src = l->hosts[from].seen, .dst = l->hosts[1 - from].seen, .id = ++l->ip_id[from] };

    return wire_esp(&ip, spi, sequence, n);
}

/* ---- IP fragments ---- */

/* A packet of native ESP in two fragments, of which these arrive. */
static void in_two(ladder *l, ladder_side from, uint32_t spi, uint32_t sequence, bool first, bool second)
{
    GByteArray *packet = esp_packet(l, from, spi, sequence, LARGE);
    const uint32_t id = l->ip_id[from];

    if (first)
        send_packet(l, wire_ip_fragment(packet, id, 0, 1480));
    if (second)
        send_packet(l, wire_ip_fragment(packet, id, 1480, wire_ip_payload(packet)));
    g_byte_array_unref(packet);
    after(l, 1);
}

static void first_fragments_only(void)
{
    ladder l;

    tunnel(&l);
    for (uint32_t i = 1; i <= 3; i++)
        in_two(&l, RESPONDER, BACK, i, true, false);
    foreign(&l);
    expect_finding(&l, "esp_frag_loss", WARN);
    expect_finding_says(&l, "esp_frag_loss", "3 of 3 packets");
    expect_no_finding(&l, "esp_frag");
    ladder_end(&l);
}

/* Two may be chance, and a single later fragment shows that they can pass. */
static void few_or_some_later(void)
{
    ladder l;

    tunnel(&l);
    for (uint32_t i = 1; i <= 2; i++)
        in_two(&l, RESPONDER, BACK, i, true, false);
    foreign(&l);
    expect_no_finding(&l, "esp_frag_loss");
    in_two(&l, RESPONDER, BACK, 3, true, true);
    in_two(&l, RESPONDER, BACK, 4, true, false);
    foreign(&l);
    expect_no_finding(&l, "esp_frag_loss");
    expect_finding(&l, "esp_frag", NOTE);
    ladder_end(&l);
}

static void udp_in_two(ladder *l, ladder_side from, uint32_t spi, uint32_t sequence, bool second)
{
    const wire_ip ip = { .src = l->hosts[from].seen, .dst = l->hosts[1 - from].seen, .id = ++l->ip_id[from] };
    GByteArray *esp = g_byte_array_new(), *packet;
    const uint32_t head[] = { GUINT32_TO_BE(spi), GUINT32_TO_BE(sequence) };

    g_byte_array_append(esp, (const guint8 *)head, sizeof head);
    g_byte_array_set_size(esp, LARGE);
    packet = wire_udp(&ip, esp->data, esp->len);
    send_packet(l, wire_ip_fragment(packet, ip.id, 0, 1480));
    if (second)
        send_packet(l, wire_ip_fragment(packet, ip.id, 1480, wire_ip_payload(packet)));
    g_byte_array_unref(packet);
    g_byte_array_unref(esp);
    after(l, 1);
}

/* A capture filter for ports hides later fragments of UDP, unless others of them are there. */
static void first_fragments_of_udp(void)
{
    ladder l;

    tunnel(&l);
    move_to_4500(&l);
    for (uint32_t i = 1; i <= 3; i++)
        udp_in_two(&l, RESPONDER, BACK, i, false);
    foreign(&l);
    expect_finding(&l, "esp_frag_loss", NOTE);
    expect_finding_says(&l, "esp_frag_loss", "capture filter");
    udp_in_two(&l, INITIATOR, THERE, 1, true);
    udp_in_two(&l, INITIATOR, THERE, 2, true);
    expect_finding(&l, "esp_frag_loss", NOTE);
    g_assert_false(finding_says(&l, "esp_frag_loss", "capture filter"));
    ladder_end(&l);
}

/* ---- ports of a NAT ---- */

static void udp_esp(ladder *l, ladder_side from, uint32_t spi, uint32_t sequence)
{
    const uint32_t packet[6] = { GUINT32_TO_BE(spi), GUINT32_TO_BE(sequence) };

    send_datagram(l, from, packet, sizeof packet);
}

/* The NAT gives the initiator another port after a silence, and the responder follows after so many packets. */
static void moves(ladder *l, double silence, uint32_t stale)
{
    ladder_begin(l);
    nat_seen_outside(l);
    v2_floats(l);
    l->hosts[INITIATOR].seen.port = 61001;
    udp_esp(l, INITIATOR, THERE, 1);
    udp_esp(l, RESPONDER, BACK, 1);
    after(l, silence);
    for (uint32_t i = 2; i <= 10; i++) {
        l->hosts[INITIATOR].seen.port = 61002;
        udp_esp(l, INITIATOR, THERE, i);
        if (i - 2 < stale)
            l->hosts[INITIATOR].seen.port = 61001;
        udp_esp(l, RESPONDER, BACK, i);
        after(l, 1);
    }
}

static void stale_port(void)
{
    ladder l;

    moves(&l, 130, 9);
    expect_finding(&l, "nat_stale", WARN);
    expect_finding_says(&l, "nat_stale", "still goes to port 61001, although its receiver sends from port 61002");
    ladder_end(&l);
    moves(&l, 40, 9);
    expect_finding(&l, "nat_stale", NOTE);
    ladder_end(&l);
    moves(&l, 130, 4);
    expect_no_finding(&l, "nat_stale");
    ladder_end(&l);
}

/* ---- ICMP ---- */

/* An ESP packet, and an error of this host about it. */
static void refused(ladder *l, const char *by, uint8_t type, uint8_t code, uint32_t sequence, size_t n)
{
    const ike_endpoint reporter = wire_endpoint(by, 0);

    send_packet(l, esp_packet(l, INITIATOR, THERE, sequence, n));
    send_packet(l, wire_icmp(&reporter.addr, &l->hosts[INITIATOR].seen.addr, type, code, MTU, l->packet, 60));
    after(l, 3);
}

static void filtered(void)
{
    ladder l;

    tunnel(&l);
    refused(&l, "10.0.0.1", 3, 13, 1, 96);
    expect_no_finding(&l, "icmp_filtered");
    refused(&l, "10.0.0.1", 3, 13, 2, 96);
    expect_finding(&l, "icmp_filtered", ERROR);
    expect_finding_says(&l, "icmp_filtered", "10.0.0.1");
    expect_finding_says(&l, "icmp_filtered", "SPI 11111111");
    ladder_end(&l);
}

/* What comes back shows that it was for a moment, unless such errors go on. */
static void comes_back(void)
{
    ladder l;

    tunnel(&l);
    for (uint32_t i = 1; i <= 4; i++)
        refused(&l, "10.0.0.1", 3, 1, i, 96);
    esp(&l, RESPONDER, BACK, 1);
    expect_no_finding(&l, "icmp_unreach");
    refused(&l, "10.0.0.1", 3, 1, 5, 96);
    expect_finding(&l, "icmp_unreach", NOTE);
    ladder_end(&l);
}

/* Anybody can send an error; one counts that quotes an IPsec SA in its direction. */
static void forged(void)
{
    ladder l;

    tunnel(&l);
    esp(&l, INITIATOR, THERE, 1);
    for (uint32_t i = 0; i < 4; i++) {
        GByteArray *quoted = i % 2 ? esp_packet(&l, INITIATOR, FOREIGN, i, 96) : esp_packet(&l, RESPONDER, THERE, i, 96);

        send_packet(&l, wire_icmp(&l.hosts[RESPONDER].seen.addr, &l.hosts[INITIATOR].seen.addr, 3, 13, 0, quoted, 60));
        g_byte_array_unref(quoted);
    }
    expect_no_finding(&l, "icmp_filtered");
    ladder_end(&l);
}

/* A client that ended the SA and closed its port is out of reach as it said. */
static void after_goodbye(void)
{
    ladder l;

    tunnel(&l);
    v2_info(&l, RESPONDER, 0);
    refused(&l, "10.2.0.2", 3, 3, 1, 96);
    expect_no_finding(&l, "icmp_unreach");
    ladder_end(&l);
}

static void too_big(void)
{
    ladder l;

    tunnel(&l);
    for (uint32_t i = 1; i <= 3; i++)
        refused(&l, "10.0.0.1", 3, 4, i, 1450);
    expect_no_finding(&l, "pmtu"); /* the first tells what the sender did not know */
    refused(&l, "10.0.0.1", 3, 4, 4, 1450);
    expect_finding(&l, "pmtu", WARN);
    expect_finding_says(&l, "pmtu", "MTU 1400, yet 3 larger packets");
    ladder_end(&l);
}

/* .. of another router, and when the host tries again because what it knew has become old (RFC 1191 6.3). */
static void size_is_obeyed(void)
{
    ladder l;

    tunnel(&l);
    refused(&l, "10.0.0.1", 3, 4, 1, 1450);
    for (uint32_t i = 2; i <= 9; i++)
        refused(&l, "10.0.1.1", 3, 4, i, 1300);
    for (uint32_t i = 10; i <= 19; i++) {
        after(&l, 600);
        refused(&l, "10.0.0.1", 3, 4, i, 1450);
    }
    expect_no_finding(&l, "pmtu");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esp-path/first-fragments-only", first_fragments_only);
    g_test_add_func("/esp-path/few-or-some-later", few_or_some_later);
    g_test_add_func("/esp-path/first-fragments-of-udp", first_fragments_of_udp);
    g_test_add_func("/esp-path/stale-port", stale_port);
    g_test_add_func("/esp-path/filtered", filtered);
    g_test_add_func("/esp-path/comes-back", comes_back);
    g_test_add_func("/esp-path/forged", forged);
    g_test_add_func("/esp-path/after-goodbye", after_goodbye);
    g_test_add_func("/esp-path/too-big", too_big);
    g_test_add_func("/esp-path/size-is-obeyed", size_is_obeyed);
    return g_test_run();
}
