/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What every report keeps to.
 */
#include "ladder2.h"

#include <string.h>

/* Every kind of record and many a finding, between two hosts. */
static void play_everything(ladder *l)
{
    const uint8_t keepalive = 0xff;

    l->length_of_mm5 = l->length_of_mm6 = 1652;
    l->offer[0] = l->choice = (wire_transform){ 5, 0, IKE_HASH_SHA1, 3, 2, 86400 };
    disturbed_main_mode(l, MICROSOFT, 500);
    l->commit_from = 1;
    quick_mode(l, 0xa1);
    l->commit_from = 0;
    quick_mode(l, 0xa2);
    qm1(l, 0xa3);
    tr(l, 1, 0x51);
    tr(l, 2, 0x51);
    info(l, INITIATOR, 0xb1, 108);
    esp_both_ways(l);
    send_datagram(l, INITIATOR, &keepalive, 1);
    in_ip_fragments(l, 60, "1");
    info(l, INITIATOR, 0xb2, 108);
    after(l, 40);
    foreign(l);
    for (int i = 0; i < 3; i++) { /* refused, gone unanswered, unreachable */
        next_sa(l);
        mm1(l);
        if (i == 0)
            refuse(l, RESPONDER, 14);
        if (i == 1)
            icmp_error(l, INITIATOR, 3, 3, 576);
        after(l, 30);
        mm1(l);
    }
    l->snaplen = 60;
    next_sa(l);
    main_mode(l);
    after(l, 100);
    foreign(l);
}

static const char closing_keys[] =
    "^ikex: result=(OK|NOTE|WARN|FAIL|NODATA) errors=[0-9]+ warnings=[0-9]+ notes=[0-9]+ "
    "failed=[0-9]+ sas=[0-9]+ children=[0-9]+ messages=[0-9]+$";

static void check_lines(const char *report, const char *text)
{
    char **lines = g_strsplit(text, "\n", -1);
    const guint n = g_strv_length(lines);

    g_assert_cmpuint(n, >, 1);
    g_assert_cmpstr(lines[n - 1], ==, ""); /* the text ends with a line end */
    for (guint i = 0; i + 1 < n; i++) {
        if (strlen(lines[i]) > IKE_REPORT_WIDTH) {
            g_test_message("%s, line %u has %zu columns: %s", report, i + 1, strlen(lines[i]),
                           lines[i]);
            g_test_fail();
        }
        if (!is_ascii(lines[i])) {
            g_test_message("%s, line %u is not plain ASCII: %s", report, i + 1, lines[i]);
            g_test_fail();
        }
        if (g_regex_match_simple(closing_keys, lines[i], 0, 0) != (i + 2 == n)) {
            g_test_message("%s, line %u: only the last one is the closing line: %s", report, i + 1,
                           lines[i]);
            g_test_fail();
        }
    }
    g_strfreev(lines);
}

/* Checks the reports with this name; NULL: all. */
static void check_reports(ladder *l, const char *name, const char *filter)
{
    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++) {
        char *text;

        if (name && strcmp(kind->name, name) != 0)
            continue;
        text = report_text(l, kind->name, NULL, filter);
        check_lines(kind->name, text);
        g_free(text);
    }
}

static void report_lines_diag(void)
{
    ladder l;

    ladder_begin(&l);
    play_everything(&l);
    check_reports(&l, "diag", NULL);
    check_reports(&l, "diag", "ip.addr == 10.1.0.2");
    ladder_end(&l);
}

static void report_lines(void)
{
    ladder l;

    ladder_begin(&l);
    play_everything(&l);
    check_reports(&l, NULL, NULL);
    check_reports(&l, NULL, "ip.addr == 10.1.0.2");
    ladder_end(&l);
}

/* The longest IPv4 addresses there are. */
static void report_lines_long_ipv4(void)
{
    ladder l;

    ladder_begin(&l);
    host_is(&l, INITIATOR, "192.168.100.201", 500);
    host_is(&l, RESPONDER, "198.151.100.202", 500);
    play_everything(&l);
    check_reports(&l, NULL, NULL);
    check_reports(&l, NULL, "ip.addr == 192.168.100.201");
    ladder_end(&l);
}

static void report_lines_ipv6(void)
{
    ladder l;

    ladder_begin(&l);
    host_is(&l, INITIATOR, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1111", 500);
    host_is(&l, RESPONDER, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:2222", 500);
    play_everything(&l);
    check_reports(&l, NULL, NULL);
    ladder_end(&l);
}

/* So many that most have one line, which is long: of other peers each, in the middle of their lives. */
static void report_many_ipv6(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 40; i++) {
        char *addr = g_strdup_printf("2001:db8:aaaa:bbbb:cccc:dddd:eeee:10%02d", i);

        host_is(&l, INITIATOR, addr, 500);
        host_is(&l, RESPONDER, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:2222", 500);
        next_sa(&l);
        v2_child(&l, INITIATOR, 7);
        g_free(addr);
    }
    check_reports(&l, NULL, NULL);
    expect_in_report(&l, "diag", "eeee:2222 established\n      before or outside this capture SA 20\n");
    ladder_end(&l);
}

/* The first packet of a tunnel comes hours after it is up. */
static void report_late_packet(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    after(&l, 12345);
    esp(&l, INITIATOR, 0x1000, 1);
    check_reports(&l, "sa", NULL);
    expect_in_report(&l, "sa", "    0.020    12345\n");
    ladder_end(&l);
}

static void report_long_filter(void)
{
    GString *filter = g_string_new("ip.addr==10.0.0.1");
    ladder l;

    for (int i = 2; i < 30; i++)
        g_string_append_printf(filter, "||ip.addr==10.0.0.%d", i);
    ladder_begin(&l);
    main_mode(&l);
    check_reports(&l, NULL, filter->str);
    g_string_free(filter, TRUE);
    ladder_end(&l);
}

static void report_of_nothing(void)
{
    ladder l;

    ladder_begin(&l);
    foreign(&l);
    check_reports(&l, NULL, NULL);
    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++)
        expect_in_report(&l, kind->name, "ikex: result=NODATA errors=0 warnings=0 notes=0 "
                                         "failed=0 sas=0 children=0 messages=0\n");
    ladder_end(&l);
}

static void wrapping(void)
{
    GString *out = g_string_new(NULL), *text = g_string_new(NULL);
    char **lines;

    for (int i = 0; i < 60; i++)
        g_string_append_printf(text, "%sword%d", i ? " " : "", i);
    ike_report_wrap(out, "  head ", text->str);
    lines = g_strsplit(out->str, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), >, 4);
    for (char **line = lines; line[1]; line++) {
        g_assert_cmpuint(strlen(*line), <=, IKE_REPORT_WIDTH);
        g_assert_true(g_str_has_prefix(*line, line == lines ? "  head word" : "       word"));
    }
    g_strfreev(lines);
    g_string_free(out, TRUE);
    g_string_free(text, TRUE);
}

/* ---- sentences that no golden file shows ---- */

/* ICMP of the peer itself shows that the message came there, of a router that it did not; neither does
 * the peer's word that fragments were missing. */
static void arrived_by_icmp(void)
{
    static const struct {
        uint8_t type, code;
        const char *outcome;
    } rows[] = {
        { 3, 3, "stopped after MM1\n" },
        { 3, 10, "stopped after MM1\n" },
        { 3, 4, "no answer to the first message\n" },
        { 11, 1, "no answer to the first message\n" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ladder l;

        ladder_begin(&l);
        mm1(&l);
        icmp_error(&l, INITIATOR, rows[i].type, rows[i].code, 576);
        for (int n = 0; n < 3; n++) {
            after(&l, 4);
            mm1(&l);
        }
        long_after(&l);
        g_test_message("ICMP %u, %u", rows[i].type, rows[i].code);
        expect_in_report(&l, "diag", rows[i].outcome);
        ladder_end(&l);
    }
}

static void owed_icmp_v2(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    icmp_error(&l, INITIATOR, 3, 3, 576);
    for (int n = 0; n < 3; n++) {
        after(&l, 4);
        v2_init_req(&l, 14);
    }
    long_after(&l);
    expect_in_report(&l, "diag", "stopped after IKE_SA_INIT.req\n");
    expect_in_report(&l, "diag", "IKE_SA_INIT.resp by the responder: an ICMP error came instead (frame 2)\n");
    ladder_end(&l);
}

/* A Quick Mode whose responder set the commit bit waits for CONNECTED, unless packets of it came. */
static void not_connected(void)
{
    ladder l;

    ladder_begin(&l);
    l.commit_from = 2;
    main_mode(&l);
    qm1(&l, 0xa1);
    qm2(&l, 0xa1);
    qm3(&l, 0xa1);
    expect_in_report(&l, "diag", "message ID 000000a1: not connected\n");
    expect_in_report(&l, "sa", "not connected ");
    esp_both_ways(&l);
    expect_in_report(&l, "diag", "message ID 000000a1: established\n");
    expect_not_in_report(&l, "sa", "not connected ");
    ladder_end(&l);
}

static void one_packet(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    esp(&l, INITIATOR, 0x1000, 1);
    expect_in_report(&l, "diag", "1 packet from the initiator, 0 packets from the responder\n");
    ladder_end(&l);
}

/* What IKE_AUTH made shows only by packets. */
static void child_of_auth(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    expect_in_report(&l, "sa", " unfinished ");
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    expect_in_report(&l, "sa", " answered ");
    esp_both_ways(&l);
    expect_not_in_report(&l, "sa", " answered ");
    ladder_end(&l);
}

static void nothing_matches(void)
{
    GHashTable *none = g_hash_table_new(g_direct_hash, g_direct_equal);
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++) {
        char *text = report_text(&l, kind->name, none, "a filter");

        g_assert_nonnull(strstr(text, "No negotiation matches the filter.\n"));
        g_assert_null(strstr(text, "No IKE"));
        g_free(text);
    }
    ladder_end(&l);
    g_hash_table_destroy(none);
}

/* Reports of a capture without IKE say what else there is. */
static void without_ike(void)
{
    ladder l;

    ladder_begin(&l);
    expect_in_report(&l, "diag", "The capture has no packets.\n");
    ladder_end(&l);

    ladder_begin(&l);
    foreign(&l);
    expect_in_report(&l, "diag", "No IKE, ESP, AH or piece of IKE in this capture.\n");
    ladder_end(&l);

    ladder_begin(&l);
    for (uint32_t i = 1; i <= 20; i++)
        esp(&l, INITIATOR, 0xc1000001, i);
    expect_in_report(&l, "diag", "No IKE negotiation in this capture, but 20 packets of ESP or AH, which the report sa "
                                 "lists.\n");
    ladder_end(&l);

    ladder_begin(&l);
    for (uint32_t i = 1; i <= 20; i++) /* no numbers: something else in UDP 4500 */
        esp(&l, INITIATOR, 0xc1000001, 1);
    expect_in_report(&l, "diag", "No IKE negotiation in this capture.\n");
    ladder_end(&l);
}

/* The capture ends in the IKE header, in the UDP header, or before the ports. */
static void cut_datagrams(void)
{
    static const struct {
        size_t snaplen;
        const char *words;
    } rows[] = {
        { 46, "1 datagram of UDP port 500 or 4500 was cut by the capture" },
        { 26, "1 datagram of UDP port 500 or 4500 was cut by the capture" },
        { 22, "No IKE, ESP, AH or piece of IKE in this capture." },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ladder l;

        ladder_begin(&l);
        l.snaplen = rows[i].snaplen;
        mm1(&l);
        g_test_message("%zu bytes", rows[i].snaplen);
        expect_in_report(&l, "diag", rows[i].words);
        expect_in_report(&l, "diag", "result=NODATA");
        ladder_end(&l);
    }
}

/* ---- the closing line ---- */

static void expect_closing(ladder *l, GHashTable *selected, const char *should)
{
    char *text = report_text(l, ike_report_kinds[0].name, selected, NULL);

    g_assert_cmpstr(strstr(text, "ikex: "), ==, should);
    g_free(text);
}

static void closing_lines(void)
{
    GHashTable *second = g_hash_table_new(g_direct_hash, g_direct_equal);
    ladder l;

    g_hash_table_add(second, GUINT_TO_POINTER(1));
    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    expect_closing(&l, NULL, "ikex: result=OK errors=0 warnings=0 notes=0 failed=0 sas=1 "
                             "children=1 messages=9\n");
    after(&l, 100);
    next_sa(&l);
    mm1(&l);
    after(&l, 1);
    mm1(&l);
    mm2(&l);
    expect_closing(&l, NULL, "ikex: result=NOTE errors=0 warnings=0 notes=1 failed=0 sas=2 "
                             "children=1 messages=11\n");
    expect_closing(&l, second, "ikex: result=NOTE errors=0 warnings=0 notes=1 failed=0 sas=1 "
                               "children=0 messages=2\n");
    after(&l, 100);
    next_sa(&l);
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    expect_closing(&l, NULL, "ikex: result=FAIL errors=1 warnings=0 notes=1 failed=1 sas=3 "
                             "children=1 messages=13\n");
    g_hash_table_destroy(second);
    ladder_end(&l);
}

/* ESP alone is data: the capture is not empty. */
static void esp_alone(void)
{
    ladder l;

    ladder_begin(&l);
    esp(&l, INITIATOR, 0x1000, 1);
    expect_closing(&l, NULL, "ikex: result=OK errors=0 warnings=0 notes=0 failed=0 sas=0 "
                             "children=0 messages=0\n");
    ladder_end(&l);
}

/* MM4 comes back from the other side with an earlier time: who sent it is open, and which one it is. */
static void doubted(void)
{
    ladder l;

    ladder_begin(&l);
    l.natd = 0;
    up_to_mm4(&l);
    change_sides(&l);
    at(&l, 0.025);
    mm4(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM3/4 MM3/4<");
    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++)
        g_free(report_text(&l, kind->name, NULL, NULL));
    expect_in_report(&l, "diag", "MM1 to MM3");
    ladder_end(&l);
}

/* ---- offer and choice ---- */

/* What has no name is shown by its number; a lifetime in kilobytes. */
static void unknown_algorithms(void)
{
    ladder l;

    ladder_begin(&l);
    l.offer[0] = (wire_transform){ 99, 0, 98, 97, 96, 3600 };
    for (unsigned i = 1; i < 8; i++)
        l.offer[i] = (wire_transform){ 7, (uint16_t)(64 + 64 * i), IKE_HASH_SHA1, IKE_AUTH_PSK, 14, 3600 };
    l.n_offer = 8;
    mm1(&l);
    refuse(&l, RESPONDER, 14);
    expect_in_report(&l, "diag", "1: encryption 99 / hash 98 / authentication 97 / group 96, 3600 s");
    expect_in_report(&l, "diag", "and 2 more");
    ladder_end(&l);
}

/* Two refused offers of IKEv2: each side wants what the other one does not. */
static void v2_offers(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_init_error(&l, V2_N_NO_PROPOSAL_CHOSEN);
    change_sides(&l);
    next_sa(&l);
    l.v2.suite[0] = (wire_v2_transform){ WIRE_V2_ENCR, 20, 128 };
    l.v2.suite[2] = (wire_v2_transform){ 0, 0, 0 };
    l.v2.groups[0] = 20;
    l.v2.groups[1] = 0;
    after(&l, 60);
    v2_init_req(&l, 20);
    v2_init_error(&l, V2_N_NO_PROPOSAL_CHOSEN);
    check_reports(&l, NULL, NULL);
    expect_in_report(&l, "diag", "offered       1: AES-CBC-256");
    expect_in_report(&l, "diag", "responder, offered in SA 1");
    expect_in_report(&l, "diag", "encryption      AES-CBC-256                 AES-GCM-16-128              differs");
    ladder_end(&l);
}

/* The group that is asked for is none of those offered. */
static void v2_group(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_invalid_ke(&l, 31);
    check_reports(&l, NULL, NULL);
    expect_in_report(&l, "diag", "asked for by the responder");
    expect_in_report(&l, "diag", "differs");
    ladder_end(&l);
}

/* What an IKE_SA_INIT announces. */
static void v2_supports(void)
{
    static const uint8_t hashes[] = { 0, 2, 0, 3, 0, 4 };
    static const uint16_t plain[] = { IKE_NOTIFY_V2_FRAGMENTATION, IKE_NOTIFY_V2_INTERMEDIATE,
                                      IKE_NOTIFY_V2_REDIRECT_SUPPORTED, IKE_NOTIFY_V2_MULTIPLE_AUTH,
                                      IKE_NOTIFY_V2_USE_PPK };
    const wire_v2_transform suite[] = { { WIRE_V2_ENCR, 12, 256 }, { WIRE_V2_PRF, 5, 0 }, { WIRE_V2_INTEG, 12, 0 },
                                        { WIRE_V2_GROUP, 14, 0 } };
    const wire_v2_proposal proposal = { 1, 0, suite, G_N_ELEMENTS(suite) };
    ladder l;
    wire_message m;

    ladder_begin(&l);
    m = wire_begin(&(wire_header){ l.spi_i, 0, 0x20, IKE_XCHG_V2_SA_INIT, IKE_FLAG_V2_INITIATOR, 0 });
    wire_payload_v2_sa(&m, &proposal, 1);
    wire_payload_v2_ke(&m, 14, 1);
    wire_payload_v2_nonce(&m, 32, 1);
    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++)
        wire_payload_v2_plain_notify(&m, plain[i]);
    wire_payload_v2_notify(&m, &(wire_v2_notify){ .type = IKE_NOTIFY_V2_SIGNATURE_HASHES, .data = hashes,
                                                  .n = sizeof hashes });
    send_message(&l, INITIATOR, wire_end(&m));
    v2_cookie(&l, 1);
    expect_in_report(&l, "sa", "fragmentation, IKE_INTERMEDIATE, redirect, multiple authentication");
    expect_in_report(&l, "sa", "post-quantum preshared keys, signature hashes SHA2-256 SHA2-384\n");
    expect_in_report(&l, "sa", "nothing: it challenges or refuses");
    ladder_end(&l);
}

/* IPsec SAs that no negotiation in the capture made. */
static void orphans(void)
{
    ladder l;

    ladder_begin(&l);
    v2_invalid_spi(&l, RESPONDER, (v2_spis){ 0, 0, INITIATOR }, 0xc1000001);
    check_reports(&l, NULL, NULL);
    expect_in_report(&l, "diag", "outside any negotiation");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/report/lines-diag", report_lines_diag);
    g_test_add_func("/report/lines", report_lines);
    g_test_add_func("/report/lines-long-ipv4", report_lines_long_ipv4);
    g_test_add_func("/report/lines-ipv6", report_lines_ipv6);
    g_test_add_func("/report/many-ipv6", report_many_ipv6);
    g_test_add_func("/report/late-packet", report_late_packet);
    g_test_add_func("/report/long-filter", report_long_filter);
    g_test_add_func("/report/of-nothing", report_of_nothing);
    g_test_add_func("/report/wrapping", wrapping);
    g_test_add_func("/report/closing-lines", closing_lines);
    g_test_add_func("/report/esp-alone", esp_alone);
    g_test_add_func("/report/arrived-by-icmp", arrived_by_icmp);
    g_test_add_func("/report/owed-icmp-v2", owed_icmp_v2);
    g_test_add_func("/report/not-connected", not_connected);
    g_test_add_func("/report/one-packet", one_packet);
    g_test_add_func("/report/child-of-auth", child_of_auth);
    g_test_add_func("/report/nothing-matches", nothing_matches);
    g_test_add_func("/report/cut-datagrams", cut_datagrams);
    g_test_add_func("/report/without-ike", without_ike);
    g_test_add_func("/report/doubted", doubted);
    g_test_add_func("/report/unknown-algorithms", unknown_algorithms);
    g_test_add_func("/report/v2-offers", v2_offers);
    g_test_add_func("/report/v2-group", v2_group);
    g_test_add_func("/report/v2-supports", v2_supports);
    g_test_add_func("/report/orphans", orphans);
    return g_test_run();
}
