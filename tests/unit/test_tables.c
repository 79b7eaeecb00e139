/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tables of the core, and how it writes values.
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

static void check(const ike_diagnosis *row, bool ok, const char *what)
{
    if (ok)
        return;
    g_test_message("%s: %s", row->id, what);
    g_test_fail();
}

static bool is_one_of(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

/* A word of a filter name: letters first, single underscores between. */
static bool is_word(const char *id)
{
    const size_t n = strlen(id);

    for (const char *c = id; *c; c++)
        if (!g_ascii_islower(*c) && !g_ascii_isdigit(*c) && *c != '_')
            return false;
    return g_ascii_islower(id[0]) && id[n - 1] != '_' && !strstr(id, "__");
}

static void diagnosis_ids(void)
{
    static const char *const taken[] = { "id", "severity", "known_by", NULL }; /* ikex.diag.<id> */
    GHashTable *ids = g_hash_table_new(g_str_hash, g_str_equal);

    for (int i = 1; i < IKE_N_DIAGNOSES; i++) {
        const ike_diagnosis *row = ike_diagnosis_get(i);
        char *lower = g_ascii_strdown(c_names[i], -1);

        g_assert_cmpstr(row->id, ==, lower);
        check(row, g_hash_table_add(ids, (gpointer)row->id), "the id is its own");
        check(row, is_word(row->id), "the id is a word in lower case");
        check(row, !is_one_of(taken, row->id), "the id is no other field");
        g_free(lower);
    }
    g_hash_table_destroy(ids);
}

/* What a report prints as it is, and Markdown too. */
static bool is_plain(const char *text)
{
    return text && text[0] && is_ascii(text) && !strstr(text, "  ") && !strpbrk(text, "|<>*`\n");
}

static bool is_sentences(const char *text, size_t longest)
{
    const size_t n = text ? strlen(text) : 0;

    return is_plain(text) && n <= longest && g_ascii_isupper(text[0]) && text[n - 1] == '.';
}

/* "RFC 2408 3.14, RFC 7296 2.21.4": documents, and further sections of them. */
static bool is_source(const char *text)
{
    static const char *const documents[] = { "RFC ", "MS-", "draft-", "Microsoft KB ", "plugin/core:" };
    char **parts = g_strsplit(text, ", ", -1);
    bool ok = true;

    for (char **part = parts; *part; part++) {
        bool known = part != parts && g_ascii_isdigit((*part)[0]);

        for (size_t i = 0; i < G_N_ELEMENTS(documents); i++)
            known |= g_str_has_prefix(*part, documents[i]);
        ok &= known;
    }
    g_strfreev(parts);
    return ok;
}

static bool is_new(GHashTable *texts, const char *text)
{
    return text && g_hash_table_add(texts, (gpointer)text);
}

static void diagnosis_texts(void)
{
    GHashTable *texts = g_hash_table_new(g_str_hash, g_str_equal);

    for (int i = 1; i < IKE_N_DIAGNOSES; i++) {
        const ike_diagnosis *row = ike_diagnosis_get(i);
        const size_t n = row->summary ? strlen(row->summary) : 0;

        check(row, is_plain(row->summary) && n <= 80, "the summary has 1 to 80 plain characters");
        check(row, n > 0 && row->summary[n - 1] != '.', "the summary ends without a full stop");
        check(row, is_new(texts, row->summary), "the summary is its own");
        check(row, !row->observed || (is_plain(row->observed) && strlen(row->observed) <= 80 &&
                                      is_new(texts, row->observed)),
              "the summary of what was observed has 1 to 80 plain characters of its own");
        check(row, !row->observed || row->evidence == IKE_INFERRED, "only a guess has other words with keys");
        check(row, is_sentences(row->explanation, 320), "the explanation is at most 320 characters");
        check(row, is_new(texts, row->explanation), "the explanation is its own");
        /* three lines of a report */
        check(row, is_sentences(row->advice, 250), "the advice is at most 250 characters");
        check(row, is_plain(row->source) && is_source(row->source), "the source is a document");
    }
    g_hash_table_destroy(texts);
}

/* ---- what other systems show ---- */

static const char *const cisco_states[] = {
    "MM_WAIT_MSG2", "MM_WAIT_MSG3", "MM_WAIT_MSG4", "MM_WAIT_MSG5", "MM_WAIT_MSG6", "MM_ACTIVE",
    "AM_WAIT_MSG2", "AM_WAIT_MSG3", "QM_IDLE", "CONF_XAUTH", "CONF_ADDR", "no SA", NULL,
};

/* Audit events of negotiations and IPsec SAs, and errors of the VPN client. */
static const char *const windows_events[] = {
    "541", "542", "543", "544", "545", "546", "547", "550", "4646", "4650", "4651", "4652", "4653",
    "4654", "4655", "4960", "4961", "4962", "4963", "4965", "4976", "4977", "4978", "4983", "4984",
    "5049", "5451", "5452", "5453", "RAS error 678", "RAS error 691", "RAS error 789",
    "RAS error 809", "RAS error 812", NULL,
};

/* "547, 4653 (13805)": without their remarks, all are known. */
static bool is_list(const char *text, const char *const *known)
{
    char **items = g_strsplit(text, ", ", -1);
    bool ok = items[0] != NULL;

    for (char **item = items; *item; item++) {
        char *remark = strstr(*item, " (");

        ok &= !remark || g_str_has_suffix(remark, ")");
        if (remark)
            *remark = '\0';
        ok &= is_one_of(known, *item);
    }
    g_strfreev(items);
    return ok;
}

/* "initiator: 547, 4653; responder: 5453", or "-". */
static bool is_by_side(const char *text, const char *const *known)
{
    static const char *const sides[] = { "initiator", "responder", "both sides", "sender", "receiver",
                                         NULL };
    char **parts;
    bool ok;

    if (!text || strcmp(text, "-") == 0)
        return text != NULL;
    parts = g_strsplit(text, "; ", -1);
    ok = parts[0] != NULL;
    for (char **part = parts; *part; part++) {
        char *colon = strstr(*part, ": ");

        if (colon)
            *colon = '\0';
        ok &= colon && is_one_of(sides, *part) && is_list(colon + 2, known);
    }
    g_strfreev(parts);
    return ok;
}

static void diagnosis_elsewhere(void)
{
    for (int i = 1; i < IKE_N_DIAGNOSES; i++) {
        const ike_diagnosis *row = ike_diagnosis_get(i);

        check(row, is_by_side(row->cisco, cisco_states), "Cisco states by side, or \"-\"");
        check(row, is_by_side(row->windows, windows_events), "Windows events by side, or \"-\"");
    }
}

static void diagnosis_severities(void)
{
    for (int i = 1; i < IKE_N_DIAGNOSES; i++) {
        const ike_diagnosis *row = ike_diagnosis_get(i);

        g_assert_cmpint(row->severity, >=, IKE_SEVERITY_CHAT);
        g_assert_cmpint(row->severity, <=, IKE_SEVERITY_ERROR);
        g_assert_cmpint(row->lesser, <, row->severity);
        /* a guess never exceeds a warning; what keys show may be worse */
        if (row->evidence == IKE_INFERRED)
            g_assert_cmpint(row->observed && row->lesser ? row->lesser : row->severity, <=, IKE_SEVERITY_WARN);
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

/* A vendor ID that is the MD5 of a text. */
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/diagnosis/ids", diagnosis_ids);
    g_test_add_func("/diagnosis/texts", diagnosis_texts);
    g_test_add_func("/diagnosis/elsewhere", diagnosis_elsewhere);
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
    return g_test_run();
}
