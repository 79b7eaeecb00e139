/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tables of the core, how it writes values, and what every report keeps to.
 */
#include "ladder.h"

#include <string.h>

/* ---- diagnoses ---- */

static const char *const c_names[] = {
    "",
#define X(ID, ...) #ID,
#include "ike_diagnosis.def"
#undef X
};

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

static void diagnosis_ids(void)
{
    GHashTable *ids = g_hash_table_new(g_str_hash, g_str_equal);

    for (int i = 1; i < IKE_N_DIAGNOSES; i++) {
        const ike_diagnosis *row = ike_diagnosis_get(i);
        char *lower = g_ascii_strdown(c_names[i], -1);

        g_assert_cmpstr(row->id, ==, lower);
        g_assert_true(g_hash_table_add(ids, (gpointer)row->id));
        for (const char *c = row->id; *c; c++)
            g_assert_true(g_ascii_islower(*c) || g_ascii_isdigit(*c) || *c == '_');
        g_free(lower);
    }
    g_hash_table_destroy(ids);
}

static void check(const ike_diagnosis *row, bool ok, const char *what)
{
    if (ok)
        return;
    g_test_message("%s: %s", row->id, what);
    g_test_fail();
}

static void diagnosis_texts(void)
{
    GHashTable *summaries = g_hash_table_new(g_str_hash, g_str_equal);

    for (int i = 1; i < IKE_N_DIAGNOSES; i++) {
        const ike_diagnosis *row = ike_diagnosis_get(i);
        const size_t n = strlen(row->summary);

        check(row, n > 0 && n <= 80, "the summary has 1 to 80 characters");
        check(row, n > 0 && row->summary[n - 1] != '.', "the summary ends without a full stop");
        check(row, g_hash_table_add(summaries, (gpointer)row->summary), "the summary is its own");
        check(row, row->advice[0], "there is advice");
        check(row, row->source[0] || i == IKE_DIAG_LIMIT, "there is a source");
        check(row, is_ascii(row->summary) && is_ascii(row->advice) && is_ascii(row->source),
              "plain ASCII");
        check(row, !strstr(row->summary, "  ") && !strstr(row->advice, "  "), "single blanks");
    }
    g_hash_table_destroy(summaries);
}

static void diagnosis_severities(void)
{
    for (int i = 1; i < IKE_N_DIAGNOSES; i++) {
        const ike_diagnosis *row = ike_diagnosis_get(i);

        g_assert_cmpint(row->severity, >=, IKE_SEVERITY_CHAT);
        g_assert_cmpint(row->severity, <=, IKE_SEVERITY_ERROR);
        g_assert_cmpint(row->lesser, <, row->severity);
        /* RULES 5.6: a guess never exceeds a warning */
        if (row->evidence == IKE_INFERRED)
            g_assert_cmpint(row->severity, <=, IKE_SEVERITY_WARN);
    }
    g_assert_cmpstr(ike_diagnosis_get(IKE_DIAG_NONE)->id, ==, "");
    g_assert_cmpstr(ike_diagnosis_get(IKE_N_DIAGNOSES)->id, ==, "");
}

/* ---- labels ---- */

static void steps(void)
{
    unsigned rows = 0;

    for (int mode = 0; mode < IKE_N_MODES; mode++)
        for (unsigned number = 0; ike_modes[mode].version == 1 && number < 256; number++) {
            const ike_label label = { .mode = (uint8_t)mode, .number = (uint8_t)number };
            const ike_step *step = ike_step_find(label);

            if (!step)
                continue;
            rows++;
            g_assert_true(ike_modes[mode].is_numbered);
            g_assert_cmpint(step->state, <, IKE_N_STATES);
            if (step->next) {
                const ike_label next = { .mode = (uint8_t)mode, .number = step->next };

                g_assert_nonnull(ike_step_find(next));
                g_assert_cmpuint(step->next, ==, number + 1);
                if (step->is_answered)
                    g_assert_cmpuint(ike_label_answers(next), ==, number);
            } else {
                g_assert_cmpint(step->unanswered, ==, IKE_DIAG_NONE);
                g_assert_false(step->is_answered);
            }
        }
    g_assert_cmpuint(rows, >, 20);
}

/* IKEv2: whatever the attempt or round, a request asks for its response. */
static void steps_of_ikev2(void)
{
    unsigned rows = 0;

    for (int mode = 0; mode < IKE_N_MODES; mode++)
        for (unsigned number = 0; ike_modes[mode].version == 2 && number < 256; number += 51) {
            const ike_label request = { .mode = (uint8_t)mode, .number = (uint8_t)number };
            const ike_label response = { .mode = (uint8_t)mode, .number = (uint8_t)number,
                                         .is_response = true };
            const ike_step *asks = ike_step_find(request), *answers = ike_step_find(response);

            g_assert_nonnull(asks);
            g_assert_nonnull(answers);
            g_assert_true(ike_step_asks(asks));
            g_assert_cmpuint(asks->next, ==, answers->number);
            g_assert_false(ike_step_asks(answers));
            g_assert_cmpint(answers->state, >=, asks->state);
            rows++;
        }
    g_assert_cmpuint(rows, ==, 7 * 6);
}

static void label_texts(void)
{
    static const struct {
        ike_label label;
        const char *text;
    } cases[] = {
        { { .mode = IKE_MODE_NONE }, "" },
        { { .mode = IKE_MODE_MAIN, .number = 1 }, "MM1" },
        { { .mode = IKE_MODE_MAIN, .number = 3, .other = 4 }, "MM3/4" },
        { { .mode = IKE_MODE_MAIN_GSS, .number = 2 }, "MM-GSS2" },
        { { .mode = IKE_MODE_AGGRESSIVE, .number = 3 }, "AM3" },
        { { .mode = IKE_MODE_BASE, .number = 4 }, "BASE4" },
        { { .mode = IKE_MODE_QUICK, .number = 4 }, "QM4" },
        { { .mode = IKE_MODE_TRANSACTION, .number = 1 }, "TR1" },
        { { .mode = IKE_MODE_NEW_GROUP, .number = 2 }, "NG2" },
        { { .mode = IKE_MODE_INFO }, "INFO" },
        { { .mode = IKE_MODE_AUTHIP_MAIN, .number = 1 }, "AIP-MM1" },
        { { .mode = IKE_MODE_AUTHIP_QUICK, .number = 1 }, "AIP-QM1" },
        { { .mode = IKE_MODE_AUTHIP_EXTENDED, .number = 2 }, "AIP-EM2" },
        { { .mode = IKE_MODE_AUTHIP_NOTIFY }, "AIP-NOTIFY" },
        { { .mode = IKE_MODE_V2_SA_INIT }, "IKE_SA_INIT.req" },
        { { .mode = IKE_MODE_V2_SA_INIT, .is_response = true }, "IKE_SA_INIT.resp" },
        { { .mode = IKE_MODE_V2_INTERMEDIATE }, "IKE_INTERMEDIATE.req" },
        { { .mode = IKE_MODE_V2_AUTH, .is_response = true }, "IKE_AUTH.resp" },
        { { .mode = IKE_MODE_V2_CREATE_CHILD }, "CREATE_CHILD_SA.req" },
        { { .mode = IKE_MODE_V2_FOLLOWUP_KE }, "IKE_FOLLOWUP_KE.req" },
        { { .mode = IKE_MODE_V2_INFO, .is_response = true }, "INFORMATIONAL.resp" },
        { { .mode = IKE_MODE_V2_RESUME }, "IKE_SESSION_RESUME.req" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *out = g_string_new(NULL);

        ike_label_append(out, cases[i].label);
        g_assert_cmpstr(out->str, ==, cases[i].text);
        g_string_free(out, TRUE);
    }
}

static void answers(void)
{
    g_assert_cmpuint(ike_label_answers((ike_label){ IKE_MODE_MAIN, 4, 0, false }), ==, 3);
    g_assert_cmpuint(ike_label_answers((ike_label){ IKE_MODE_MAIN, 3, 0, false }), ==, 0);
    g_assert_cmpuint(ike_label_answers((ike_label){ IKE_MODE_MAIN, 3, 4, false }), ==, 0);
    g_assert_cmpuint(ike_label_answers((ike_label){ IKE_MODE_QUICK, 2, 0, false }), ==, 1);
    g_assert_cmpuint(ike_label_answers((ike_label){ IKE_MODE_QUICK, 4, 0, false }), ==, 3);
    g_assert_cmpuint(ike_label_answers((ike_label){ IKE_MODE_AGGRESSIVE, 2, 0, false }), ==, 1);
    g_assert_cmpuint(ike_label_answers((ike_label){ IKE_MODE_AGGRESSIVE, 3, 0, false }), ==, 0);
}

/* ---- vendor IDs ---- */

/* RULES 4.1: the MD5 of a text. */
static const struct {
    const char *text, *name;
} vendor_texts[] = {
    { "RFC 3947", "RFC 3947" },
    { "draft-ietf-ipsec-nat-t-ike-00", "draft-00" },
    { "draft-ietf-ipsec-nat-t-ike-02", "draft-02" },
    { "draft-ietf-ipsec-nat-t-ike-02\n", "draft-02" },
    { "draft-ietf-ipsec-nat-t-ike-03", "draft-03" },
    { "draft-ietf-ipsec-nat-t-ike-04", "draft-04" },
    { "draft-ietf-ipsec-nat-t-ike-05", "draft-05" },
    { "draft-ietf-ipsec-nat-t-ike-06", "draft-06" },
    { "draft-ietf-ipsec-nat-t-ike-07", "draft-07" },
    { "draft-ietf-ipsec-nat-t-ike-08", "draft-08" },
    { "draft-ietf-ipsec-nat-t-ike", "draft-ietf-ipsec-nat-t-ike" },
    { "FRAGMENTATION", "IKE fragmentation" },
    { "GSSAPI", "GSS-API" },
};

static void vendors_by_text(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(vendor_texts); i++) {
        char *hex = g_compute_checksum_for_string(G_CHECKSUM_MD5, vendor_texts[i].text, -1);
        GByteArray *id = wire_hex(hex);
        const ike_vendor *vendor = ike_vendor_find(id->data, id->len);

        g_assert_nonnull(vendor);
        g_assert_cmpstr(vendor->name, ==, vendor_texts[i].name);
        g_byte_array_unref(id);
        g_free(hex);
    }
}

static const struct {
    const char *hex;
    int kind;
    unsigned natd;
} vendor_rows[] = {
    { VID_RFC3947, IKE_VENDOR_NATT, 20 },
    { "16f6ca16e4a4066d83821a0f0aeaa862", IKE_VENDOR_NATT, 130 },
    { VID_DRAFT_02N, IKE_VENDOR_NATT, 130 },
    { VID_DRAFT_07, IKE_VENDOR_NATT, 15 },
    { VID_DPD, IKE_VENDOR_DPD, 0 },
    { VID_XAUTH, IKE_VENDOR_XAUTH, 0 },
    { VID_GSS, IKE_VENDOR_GSS, 0 },
    { "4048b7d56ebce88525e7de7f00d6c2d3", IKE_VENDOR_FRAGMENTATION, 0 },
    { "4048b7d56ebce88525e7de7f00d6c2d3c0000000", IKE_VENDOR_FRAGMENTATION, 0 },
    { "1e2b516905991c7d7c96fcbfb587e46100000009", IKE_VENDOR_WINDOWS, 0 },
    { "fb1de3cdf341b7ea16b7e5be0855f120", IKE_VENDOR_FEATURE, 0 },
    { "214ca4faffa7f32d6748e5303395ae83", IKE_VENDOR_FEATURE, 0 },
    { "e3a5966a76379fe707228231e5ce8652", IKE_VENDOR_FEATURE, 0 },
    { "26244d38eddb61b3172a36e3d0cfb819", IKE_VENDOR_FEATURE, 0 },
    { "72872b95fcda2eb708efe322119b4971", IKE_VENDOR_FEATURE, 0 },
};

static void vendors_by_id(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(vendor_rows); i++) {
        GByteArray *id = wire_hex(vendor_rows[i].hex);
        const ike_vendor *vendor = ike_vendor_find(id->data, id->len);

        g_assert_nonnull(vendor);
        g_assert_cmpint(vendor->kind, ==, vendor_rows[i].kind);
        g_assert_cmpuint(vendor->natd_type, ==, vendor_rows[i].natd);
        /* a longer ID still begins like it, a shorter or changed one does not */
        wire_random(id, 4, 1);
        g_assert_true(ike_vendor_find(id->data, id->len) == vendor);
        g_assert_true(ike_vendor_find(id->data, 7) != vendor);
        id->data[0] ^= 0x80;
        g_assert_true(ike_vendor_find(id->data, id->len) != vendor);
        g_byte_array_unref(id);
    }
    g_assert_null(ike_vendor_find((const uint8_t *)"", 0));
}

/* RFC 3947 3.1: the RFC first, then the newest draft. */
static void vendor_ranks(void)
{
    unsigned before = 0;
    static const char *const texts[] = {
        "draft-ietf-ipsec-nat-t-ike-00", "draft-ietf-ipsec-nat-t-ike-02",
        "draft-ietf-ipsec-nat-t-ike-02\n", "draft-ietf-ipsec-nat-t-ike-03",
        "draft-ietf-ipsec-nat-t-ike-04", "draft-ietf-ipsec-nat-t-ike-08", "RFC 3947",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        char *hex = g_compute_checksum_for_string(G_CHECKSUM_MD5, texts[i], -1);
        GByteArray *id = wire_hex(hex);
        const ike_vendor *vendor = ike_vendor_find(id->data, id->len);

        g_assert_cmpuint(vendor->nat_rank, >, before);
        before = vendor->nat_rank;
        g_byte_array_unref(id);
        g_free(hex);
    }
}

/* ---- values ---- */

static void addresses(void)
{
    static const char *const texts[] = {
        /* RFC 5952 4: lower case, no leading zeros, the longest run, the first of equal ones, never
         * a single group */
        "0.0.0.0", "10.1.0.2", "255.255.255.255", "::", "::1", "1::", "2001:db8::1",
        "2001:db8:0:1:1:1:1:1", "2001:0:0:1::1", "2001:db8::1:0:0:1",
        "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa",
        "fe80::abcd", "1:2:3:4:5:6:7::", "0:2:3:4:5:6:7:8",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const ike_addr a = wire_addr(texts[i]);
        GString *out = g_string_new(NULL);
        const bool one_group = strcmp(texts[i], "1:2:3:4:5:6:7::") == 0;
        const char *should = one_group ? "1:2:3:4:5:6:7:0" : texts[i];

        ike_addr_append(out, &a);
        g_assert_cmpstr(out->str, ==, should);
        g_string_free(out, TRUE);
    }
}

static void endpoints(void)
{
    static const struct {
        const char *addr, *text;
    } cases[] = {
        { "10.1.0.2", "10.1.0.2:4500" },
        { "2001:db8::1", "[2001:db8::1]:4500" },
    };
    const ike_addr none = { 0 };
    GString *out = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const ike_endpoint e = wire_endpoint(cases[i].addr, 4500);

        g_string_truncate(out, 0);
        ike_endpoint_append(out, &e);
        g_assert_cmpstr(out->str, ==, cases[i].text);
    }
    g_string_truncate(out, 0);
    ike_addr_append(out, &none);
    g_assert_cmpstr(out->str, ==, "-");
    g_string_free(out, TRUE);
}

static void seconds(void)
{
    static const struct {
        ike_time span;
        const char *text;
    } cases[] = {
        { 0, "0.000" },
        { 85 * IKE_MILLISECOND, "0.085" },
        { 10001 * IKE_MILLISECOND, "10.001" },
        { -1500 * IKE_MILLISECOND, "-1.500" },
        { 86400 * IKE_SECOND, "86400.000" },
        { 999999, "0.000" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        GString *out = g_string_new(NULL);

        ike_seconds_append(out, cases[i].span);
        g_assert_cmpstr(out->str, ==, cases[i].text);
        g_string_free(out, TRUE);
    }
}

static void key_lengths(void)
{
    static const unsigned lengths[][2] = {
        { 1, 96 },   { 2, 128 },  { 5, 192 },  { 14, 256 }, { 15, 384 }, { 16, 512 }, { 17, 768 },
        { 18, 1024 }, { 19, 64 }, { 20, 96 },  { 21, 132 }, { 22, 128 }, { 23, 256 }, { 24, 256 },
        { 25, 48 },  { 26, 56 },  { 31, 32 },  { 32, 56 },  { 0, 0 },    { 99, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_assert_cmpuint(ike_group_ke_length(lengths[i][0]), ==, lengths[i][1]);
        g_assert_true((ike_group_name(lengths[i][0]) != NULL) == (lengths[i][1] != 0));
    }
}

/* ---- reports ---- */

/* Every kind of record and many a finding, between two hosts. */
static void play_everything(ladder *l)
{
    const uint8_t keepalive = 0xff;

    l->length_of_mm5 = l->length_of_mm6 = 1652;
    l->offer[0] = l->choice = (wire_transform){ 5, 0, IKE_HASH_SHA1, 3, 2, 86400 };
    mm1(l);
    after(l, 1);
    mm1(l);
    mm2(l);
    mm3(l);
    same_packet(l);
    mm4(l);
    move_to_4500(l);
    in_ip_fragments(l, 1480, NULL);
    mm5(l);
    after(l, 2);
    in_ike_fragments(l, MICROSOFT, 500, NULL);
    mm5(l);
    in_ip_fragments(l, 1480, "21");
    mm6(l);
    l->commit_from = 1;
    quick_mode(l, 0xa1);
    l->commit_from = 0;
    quick_mode(l, 0xa2);
    qm1(l, 0xa3);
    tr(l, 1, 0x51);
    tr(l, 2, 0x51);
    info(l, INITIATOR, 0xb1, 108);
    esp(l, INITIATOR, 0x1000, 1);
    esp(l, RESPONDER, 0x2000, 1);
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
    ike_tracker_finish(l->tracker);
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
        GString *out;

        if (name && strcmp(kind->name, name) != 0)
            continue;
        out = g_string_new(NULL);

        ike_report_write(l->tracker, kind, NULL, filter, out);
        check_lines(kind->name, out->str);
        g_string_free(out, TRUE);
    }
}

static void set_hosts(ladder *l, const char *initiator, const char *responder)
{
    l->hosts[INITIATOR].seen = wire_endpoint(initiator, 500);
    l->hosts[RESPONDER].seen = wire_endpoint(responder, 500);
    for (int i = 0; i < 2; i++)
        l->hosts[i].own = l->hosts[i].known = l->hosts[i].seen;
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
    set_hosts(&l, "192.168.100.201", "198.151.100.202");
    play_everything(&l);
    check_reports(&l, NULL, NULL);
    check_reports(&l, NULL, "ip.addr == 192.168.100.201");
    ladder_end(&l);
}

static void report_lines_ipv6(void)
{
    ladder l;

    ladder_begin(&l);
    set_hosts(&l, "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1111",
              "2001:db8:aaaa:bbbb:cccc:dddd:eeee:2222");
    play_everything(&l);
    check_reports(&l, NULL, NULL);
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
    ike_tracker_finish(l.tracker);
    check_reports(&l, NULL, filter->str);
    g_string_free(filter, TRUE);
    ladder_end(&l);
}

static void report_of_nothing(void)
{
    ladder l;

    ladder_begin(&l);
    foreign(&l);
    ike_tracker_finish(l.tracker);
    check_reports(&l, NULL, NULL);
    for (const ike_report_kind *kind = ike_report_kinds; kind->name; kind++) {
        GString *out = g_string_new(NULL);

        ike_report_write(l.tracker, kind, NULL, NULL, out);
        g_assert_nonnull(strstr(out->str, "ikex: result=NODATA errors=0 warnings=0 notes=0 "
                                          "failed=0 sas=0 children=0 messages=0\n"));
        g_string_free(out, TRUE);
    }
    ladder_end(&l);
}

static char *closing_line(ladder *l, GHashTable *selected)
{
    GString *out = g_string_new(NULL);
    char *line;

    ike_tracker_finish(l->tracker);
    ike_report_write(l->tracker, &ike_report_kinds[0], selected, NULL, out);
    line = g_strdup(strstr(out->str, "ikex: "));
    g_string_free(out, TRUE);
    return line;
}

static void expect_closing(ladder *l, GHashTable *selected, const char *should)
{
    char *line = closing_line(l, selected);

    g_assert_cmpstr(line, ==, should);
    g_free(line);
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/diagnosis/ids", diagnosis_ids);
    g_test_add_func("/diagnosis/texts", diagnosis_texts);
    g_test_add_func("/diagnosis/severities", diagnosis_severities);
    g_test_add_func("/label/steps", steps);
    g_test_add_func("/label/steps-ikev2", steps_of_ikev2);
    g_test_add_func("/label/texts", label_texts);
    g_test_add_func("/label/answers", answers);
    g_test_add_func("/vendor/by-text", vendors_by_text);
    g_test_add_func("/vendor/by-id", vendors_by_id);
    g_test_add_func("/vendor/ranks", vendor_ranks);
    g_test_add_func("/value/addresses", addresses);
    g_test_add_func("/value/endpoints", endpoints);
    g_test_add_func("/value/seconds", seconds);
    g_test_add_func("/value/key-lengths", key_lengths);
    g_test_add_func("/report/lines-diag", report_lines_diag);
    g_test_add_func("/report/lines", report_lines);
    g_test_add_func("/report/lines-long-ipv4", report_lines_long_ipv4);
    g_test_add_func("/report/lines-ipv6", report_lines_ipv6);
    g_test_add_func("/report/long-filter", report_long_filter);
    g_test_add_func("/report/of-nothing", report_of_nothing);
    g_test_add_func("/report/closing-lines", closing_lines);
    g_test_add_func("/report/esp-alone", esp_alone);
    g_test_add_func("/report/wrapping", wrapping);
    return g_test_run();
}
