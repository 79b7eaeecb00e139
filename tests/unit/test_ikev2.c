/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tables of IKEv2, and payloads that nobody should send: cut at every byte, with lengths that lie.
 */
#include "ladder2.h"

#include <string.h>

#define NONE IKE_SEVERITY_NONE

/* ---- tables ---- */

static const struct {
    ike_mode mode;
    uint8_t exchange;
    const char *label;
    const char *unanswered; /* the diagnosis that misses its response */
} modes[] = {
    { IKE_MODE_V2_SA_INIT, 34, "IKE_SA_INIT", "init_noresp" },
    { IKE_MODE_V2_AUTH, 35, "IKE_AUTH", "auth_noresp" },
    { IKE_MODE_V2_CREATE_CHILD, 36, "CREATE_CHILD_SA", "child_noresp" },
    { IKE_MODE_V2_INFO, 37, "INFORMATIONAL", "dpd_fail" },
    { IKE_MODE_V2_RESUME, 38, "IKE_SESSION_RESUME", "resume_noresp" },
    { IKE_MODE_V2_INTERMEDIATE, 43, "IKE_INTERMEDIATE", "int_noresp" },
    { IKE_MODE_V2_FOLLOWUP_KE, 44, "IKE_FOLLOWUP_KE", "child_noresp" },
};

static void check_label(ike_label label, const char *stem, const char *half)
{
    GString *is = g_string_new(NULL);
    char *should = g_strconcat(stem, half, NULL);

    ike_label_append(is, label);
    g_assert_cmpstr(is->str, ==, should);
    g_free(should);
    g_string_free(is, TRUE);
}

static void modes_of_exchanges(void)
{
    unsigned of_version_2 = 0;

    for (int mode = 0; mode < IKE_N_MODES; mode++)
        of_version_2 += ike_modes[mode].version == 2;
    g_assert_cmpuint(of_version_2, ==, G_N_ELEMENTS(modes));
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        const uint8_t mode = (uint8_t)modes[i].mode;

        g_assert_cmpint(ike_mode_of_exchange(modes[i].exchange, 2), ==, mode);
        g_assert_cmpint(ike_mode_of_exchange(modes[i].exchange, 1), ==, IKE_MODE_NONE);
        g_assert_cmpuint(ike_modes[mode].exchange, ==, modes[i].exchange);
        g_assert_nonnull(ike_exchange_name(modes[i].exchange));
        /* the number of an attempt or a round is not part of the text */
        check_label((ike_label){ .mode = mode, .number = 2 }, modes[i].label, ".req");
        check_label((ike_label){ .mode = mode, .number = 2, .is_response = true }, modes[i].label,
                    ".resp");
    }
}

/* What must have come before a request of this mode. */
static void reach(ladder *l, ike_mode mode)
{
    if (mode == IKE_MODE_V2_SA_INIT || mode == IKE_MODE_V2_RESUME)
        return;
    l->v2.intermediate = mode == IKE_MODE_V2_INTERMEDIATE;
    v2_init(l);
    if (mode == IKE_MODE_V2_AUTH || mode == IKE_MODE_V2_INTERMEDIATE)
        return;
    v2_auth(l);
    if (mode == IKE_MODE_V2_FOLLOWUP_KE)
        v2_child(l, INITIATOR, 2);
}

static void ask(ladder *l, ike_mode mode)
{
    if (mode == IKE_MODE_V2_SA_INIT)
        v2_init_req(l, 14);
    else if (mode == IKE_MODE_V2_RESUME)
        v2_resume_req(l);
    else if (mode == IKE_MODE_V2_AUTH || mode == IKE_MODE_V2_INTERMEDIATE)
        v2_request(l, INITIATOR, ike_modes[mode].exchange, 1, V2_AUTH_LENGTH);
    else
        v2_request(l, INITIATOR, ike_modes[mode].exchange, 3, V2_CHILD_LENGTH);
}

/* Every request of IKEv2 has a response, and is missed by a diagnosis when it has none. */
static void every_request_is_missed(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
        ladder l;
        uint32_t last;

        ladder_begin(&l);
        reach(&l, modes[i].mode);
        after(&l, 1);
        for (int n = 0; n < 3; n++) {
            ask(&l, modes[i].mode);
            after(&l, 2);
        }
        last = l.frame;
        long_after(&l);
        g_test_message("%s", modes[i].label);
        expect_finding(&l, modes[i].unanswered, WARN);
        expect_finding_at(&l, last, modes[i].unanswered);
        expect_findings(&l, modes[i].unanswered, 1);
        ladder_end(&l);
    }
}

static const struct {
    const char *id;
    ike_severity severity, lesser;
} rows[] = {
    { "init_noresp", WARN, NOTE },     { "init_noreply", WARN, NOTE },
    { "auth_noresp", WARN, NOTE },     { "int_noresp", WARN, NOTE },
    { "resume_noresp", WARN, NOTE },   { "child_noresp", WARN, NOTE },
    { "info_noresp", WARN, NOTE },     { "init_ke", CHAT, NONE },
    { "init_ke_loop", ERROR, NONE },   { "init_cookie", NOTE, NONE },
    { "init_cookie_loop", ERROR, NONE }, { "init_redirect", CHAT, NONE },
    { "v2_msgid_reuse", ERROR, NONE }, { "msgid_gap", NOTE, NONE },
    { "cookie_invalid", WARN, NOTE },  { "redundant_sa", NOTE, NONE },
    { "skf", CHAT, NONE },             { "skf_loss", WARN, NOTE },
    { "skf_bad", ERROR, NONE },        { "skf_unnegotiated", WARN, NONE },
    { "nat_addrchg", NOTE, CHAT },
};

static const ike_diagnosis *row_of(const char *id)
{
    for (int i = 1; i < IKE_N_DIAGNOSES; i++)
        if (strcmp(ike_diagnosis_get(i)->id, id) == 0)
            return ike_diagnosis_get(i);
    g_test_message("no diagnosis has the id %s", id);
    g_test_fail();
    return NULL;
}

static void severities(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const ike_diagnosis *row = row_of(rows[i].id);

        if (row && (row->severity != rows[i].severity || row->lesser != rows[i].lesser)) {
            g_test_message("%s is %s or %s", row->id, ike_severity_name(row->severity),
                           ike_severity_name(row->lesser));
            g_test_fail();
        }
    }
}

/* Rows that lessen a clear notify when the negotiation goes on may have a second severity. */
static void refusals(void)
{
    static const char *const ids[] = { "init_noprop", "init_reject", "auth_failed" };

    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        const ike_diagnosis *row = row_of(ids[i]);

        if (row)
            g_assert_cmpint(row->severity, ==, ERROR);
    }
}

static void guesses(void)
{
    static const char *const ids[] = { "auth_small", "eap_fail" };

    for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
        const ike_diagnosis *row = row_of(ids[i]);

        if (!row)
            continue;
        g_assert_cmpint(row->severity == ERROR ? row->lesser : row->severity, ==, WARN);
        g_assert_true(row->severity == WARN || row->observed);
        g_assert_cmpint(row->evidence, ==, IKE_INFERRED);
    }
}

static void state_names(void)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);

    for (int state = 0; state < IKE_N_STATES; state++) {
        const char *name = ike_state_name((ike_state)state);

        g_assert_nonnull(name);
        g_assert_true(g_hash_table_add(names, (gpointer)name));
    }
    g_hash_table_destroy(names);
}

/* ---- payloads as they should be ---- */

static const wire_v2_transform transforms[] = {
    { WIRE_V2_ENCR, 12, 256 }, { WIRE_V2_PRF, 5, 0 }, { WIRE_V2_INTEG, 12, 0 },
    { WIRE_V2_GROUP, 14, 0 },
};

/* RFC 7296 3.3, byte for byte: what the other tests rest on. */
static void sa_bytes(void)
{
    static const uint8_t should[] = {
        0, 0, 0, 48,                                  /* generic header */
        0, 0, 0, 44, 1, 1, 0, 4,                      /* proposal 1, IKE, no SPI, 4 transforms */
        3, 0, 0, 12, 1, 0, 0, 12, 0x80, 14, 1, 0,     /* ENCR 12, key length 256 */
        3, 0, 0, 8, 2, 0, 0, 5, 3, 0, 0, 8, 3, 0, 0, 12, /* PRF 5, INTEG 12 */
        0, 0, 0, 8, 4, 0, 0, 14,                      /* group 14 */
    };
    const wire_header h = { 1, 2, 0x20, IKE_XCHG_V2_SA_INIT, IKE_FLAG_V2_INITIATOR, 0 };
    const wire_v2_proposal proposal = { 1, 0, transforms, G_N_ELEMENTS(transforms) };
    wire_message m = wire_begin(&h);

    wire_payload_v2_sa(&m, &proposal, 1);
    g_assert_cmpmem(m.bytes->data + IKE_HEADER_LENGTH, m.bytes->len - IKE_HEADER_LENGTH, should,
                    sizeof should);
    g_byte_array_unref(wire_end(&m));
}

/* ---- payloads as they should not be ---- */

typedef enum kind { KIND_OFFER, KIND_CHOICE, KIND_NOTIFY, KIND_SK, KIND_SKF, N_KINDS } kind;

static bool is_response(kind k)
{
    return k == KIND_CHOICE || k == KIND_NOTIFY;
}

static void add_many_proposals(wire_message *m)
{
    const wire_v2_proposal proposals[] = {
        { 1, 0, transforms, G_N_ELEMENTS(transforms) },
        { 1, 8, transforms, 2 },
        { 3, 4, transforms, 1 },
    };

    wire_payload_v2_sa(m, proposals, G_N_ELEMENTS(proposals));
    wire_payload_v2_ke(m, 31, 1);
    wire_payload_v2_nonce(m, 16, 2);
    wire_payload_v2_vendor(m, VID_DPD);
}

static void add_notifies(wire_message *m)
{
    static const uint8_t spi[4] = { 1, 2, 3, 4 };
    static const uint16_t types[] = { V2_N_INVALID_KE_PAYLOAD, V2_N_COOKIE, V2_N_REDIRECT,
                                      V2_N_NAT_DETECTION_SOURCE, V2_N_NO_PROPOSAL_CHOSEN };

    for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
        wire_payload_v2_notify(m, &(wire_v2_notify){ types[i], 1, i % 2 ? 4 : 0, spi, spi, i });
}

static GByteArray *sample(const ladder *l, kind k)
{
    const bool protected = k == KIND_SK || k == KIND_SKF;
    wire_message m = v2_message(l, INITIATOR, is_response(k),
                                protected ? IKE_XCHG_V2_AUTH : IKE_XCHG_V2_SA_INIT, protected);

    if (k == KIND_OFFER)
        memset(m.bytes->data + 8, 0, 8);
    if (k == KIND_OFFER || k == KIND_CHOICE)
        add_many_proposals(&m);
    else if (k == KIND_NOTIFY)
        add_notifies(&m);
    else if (k == KIND_SK)
        wire_v2_sk(&m, 35, 80, 3);
    else
        wire_v2_skf(&m, 35, 1, 2, 80, 4);
    return wire_end(&m);
}

static GByteArray *sample_of(kind k)
{
    GByteArray *bytes;
    ladder l;

    ladder_begin(&l);
    bytes = sample(&l, k);
    ladder_end(&l);
    return bytes;
}

/* Sends these bytes where such a message is expected, cut to `captured` bytes of it. Whatever comes
 * of it: the next negotiation is followed. */
static void attack(kind k, const GByteArray *bytes, size_t n, size_t captured)
{
    ladder l;
    uint32_t here;

    ladder_begin(&l);
    if (k != KIND_OFFER)
        v2_init_req(&l, 14);
    if (k == KIND_SK || k == KIND_SKF)
        v2_init_resp(&l);
    l.snaplen = 28 + captured; /* IP and UDP */
    send_message(&l, is_response(k) ? RESPONDER : INITIATOR,
                 g_byte_array_append(g_byte_array_new(), bytes->data, (guint)n));
    l.snaplen = 0;
    after(&l, 30);
    here = l.frame;
    next_sa(&l);
    v2_init(&l);
    expect_pair(&l, here + 1, here + 2);
    ladder_end(&l);
}

/* The capture holds less and less of the message. */
static void cut_by_the_capture(void)
{
    for (kind k = 0; k < N_KINDS; k++) {
        GByteArray *bytes = sample_of(k);

        for (size_t n = 0; n <= bytes->len; n++)
            attack(k, bytes, bytes->len, n);
        g_byte_array_unref(bytes);
    }
}

/* The sender cut it, and either corrects the length in the header or does not. */
static void cut_by_the_sender(void)
{
    for (kind k = 0; k < N_KINDS; k++) {
        GByteArray *bytes = sample_of(k);
        const guint whole = bytes->len;

        for (size_t n = IKE_HEADER_LENGTH; n <= whole; n++) {
            attack(k, bytes, n, n);
            wire_put32(bytes->data + 24, (uint32_t)n);
            attack(k, bytes, n, n);
            wire_put32(bytes->data + 24, whole);
        }
        g_byte_array_unref(bytes);
    }
}

static const unsigned lies[] = { 0, 1, 3, 4, 5, 8, 0x7fff, 0xffff };

/* Every two bytes after the header are a length that lies: all that are lengths are among them. */
static void lengths_that_lie(void)
{
    for (kind k = 0; k < N_KINDS; k++) {
        GByteArray *bytes = sample_of(k);

        for (size_t at = IKE_HEADER_LENGTH; at + 2 <= bytes->len; at++)
            for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
                const uint16_t was = ike_be16(bytes->data + at);

                wire_put16(bytes->data + at, lies[i]);
                attack(k, bytes, bytes->len, bytes->len);
                wire_put16(bytes->data + at, was);
            }
        g_byte_array_unref(bytes);
    }
}

/* The same for single bytes: SPI sizes, numbers of transforms, payload types. */
static void bytes_that_lie(void)
{
    static const uint8_t values[] = { 0, 0x7f, 0xff, IKE_PL_V2_SA, IKE_PL_V2_NOTIFY,
                                      IKE_PL_V2_SKF };

    for (kind k = 0; k < N_KINDS; k++) {
        GByteArray *bytes = sample_of(k);

        for (size_t at = 16; at < bytes->len; at++)
            for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
                const uint8_t was = bytes->data[at];

                bytes->data[at] = values[i];
                attack(k, bytes, bytes->len, bytes->len);
                bytes->data[at] = was;
            }
        g_byte_array_unref(bytes);
    }
}

/* The parser alone, on exact blocks: what it names lies within them. */
static void check_payloads(const GByteArray *bytes, size_t captured)
{
    uint8_t *exact = g_memdup2(bytes->data, captured);
    ike_message m;

    if (ike_message_parse(&m, exact, captured, bytes->len)) {
        g_assert_cmpuint(m.n_payloads, <=, IKE_MAX_PAYLOADS);
        for (unsigned i = 0; i < m.n_payloads; i++) {
            const ike_payload *p = &m.payloads[i];
            ike_notify notify;

            g_assert_true(p->body >= exact && p->body + p->length <= exact + captured);
            if (p->type == IKE_PL_V2_NOTIFY && ike_payload_notify(&m, p, &notify)) {
                g_assert_true(notify.spi + notify.spi_length <= p->body + p->length);
                g_assert_true(notify.data + notify.data_length <= p->body + p->length);
            }
        }
    }
    g_free(exact);
}

static void parser_stays_inside(void)
{
    for (kind k = 0; k < N_KINDS; k++) {
        GByteArray *bytes = sample_of(k);

        for (size_t captured = 0; captured <= bytes->len; captured++)
            check_payloads(bytes, captured);
        for (size_t at = IKE_HEADER_LENGTH; at + 2 <= bytes->len; at++)
            for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
                const uint16_t was = ike_be16(bytes->data + at);

                wire_put16(bytes->data + at, lies[i]);
                check_payloads(bytes, bytes->len);
                check_payloads(bytes, at + 1);
                wire_put16(bytes->data + at, was);
            }
        g_byte_array_unref(bytes);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/table/modes", modes_of_exchanges);
    g_test_add_func("/ikev2/table/every-request-is-missed", every_request_is_missed);
    g_test_add_func("/ikev2/table/severities", severities);
    g_test_add_func("/ikev2/table/refusals", refusals);
    g_test_add_func("/ikev2/table/guesses", guesses);
    g_test_add_func("/ikev2/table/state-names", state_names);
    g_test_add_func("/ikev2/wire/sa-bytes", sa_bytes);
    g_test_add_func("/ikev2/hostile/cut-by-the-capture", cut_by_the_capture);
    g_test_add_func("/ikev2/hostile/cut-by-the-sender", cut_by_the_sender);
    g_test_add_func("/ikev2/hostile/lengths-that-lie", lengths_that_lie);
    g_test_add_func("/ikev2/hostile/bytes-that-lie", bytes_that_lie);
    g_test_add_func("/ikev2/hostile/parser-stays-inside", parser_stays_inside);
    return g_test_run();
}
