/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readable.h"

#include <string.h>

/* ---- messages with content: IKEv1 ---- */

void main_mode_with_keys(ladder *l)
{
    wire_message c;

    up_to_mm4(l);
    c = inside();
    in_identity(&c, IKE_PL_ID, 2, "sun.example");
    in_hash(&c);
    with_plain(l, &c);
    mm5(l);
    c = inside();
    in_identity(&c, IKE_PL_ID, 2, "moon.example");
    in_hash(&c);
    with_plain(l, &c);
    mm6(l);
}

void add_networks(wire_message *c)
{
    in_selector(c, "04 00 0000 0a010000 ffff0000");
    in_selector(c, "04 00 0000 0a020000 ffff0000");
}

void plain_of_quick(ladder *l, unsigned n, uint32_t spi)
{
    wire_message c = inside();

    in_hash(&c);
    if (n <= 2) {
        in_esp(&c, spi);
        wire_payload_random(&c, IKE_PL_NONCE, 32, n);
        add_networks(&c);
    }
    with_plain(l, &c);
}

void qm1_with(ladder *l, uint32_t id, uint32_t spi)
{
    plain_of_quick(l, 1, spi);
    qm1(l, id);
}

void quick_mode_with(ladder *l, uint32_t id, uint32_t to_opener, uint32_t to_other)
{
    qm1_with(l, id, to_opener);
    plain_of_quick(l, 2, to_other);
    qm2(l, id);
    plain_of_quick(l, 3, 0);
    qm3(l, id);
}

static void plain_of_proposals(ladder *l, const in_proposal *proposals, unsigned n)
{
    wire_message c = inside();

    in_hash(&c);
    in_proposals(&c, proposals, n);
    wire_payload_random(&c, IKE_PL_NONCE, 32, proposals[0].spi);
    add_networks(&c);
    with_plain(l, &c);
}

void quick_mode_with_proposals(ladder *l, uint32_t id, const in_proposal *offer, unsigned n, const in_proposal *choice,
                               unsigned n_choice)
{
    plain_of_proposals(l, offer, n);
    qm1(l, id);
    plain_of_proposals(l, choice, n_choice);
    qm2(l, id);
    plain_of_quick(l, 3, 0);
    qm3(l, id);
}

void tunnel(ladder *l)
{
    main_mode_with_keys(l);
    quick_mode_with(l, 0xa1, TO_INITIATOR, TO_RESPONDER);
}

void info_with_notify(ladder *l, ladder_side from, uint32_t id, uint16_t notify)
{
    wire_message c = inside();

    in_hash(&c);
    in_notify(&c, notify);
    with_plain(l, &c);
    info(l, from, id, 92);
}

void info_with_delete(ladder *l, ladder_side from, uint32_t id, uint32_t spi)
{
    wire_message c = inside();

    in_hash(&c);
    in_delete_esp(&c, spi);
    with_plain(l, &c);
    info(l, from, id, 76);
}

void info_with_end(ladder *l, ladder_side from, uint32_t id, uint64_t spi_i, uint64_t spi_r)
{
    wire_message c = inside();

    in_hash(&c);
    in_delete_ike(&c, spi_i, spi_r);
    with_plain(l, &c);
    info(l, from, id, 92);
}

void tr_with(ladder *l, unsigned n, uint32_t id, uint8_t kind, const char *attributes)
{
    wire_message c = inside();

    in_hash(&c);
    in_config(&c, kind, attributes);
    with_plain(l, &c);
    tr(l, n, id);
}

/* ---- IKEv2 ---- */

void plain_of_auth_request(ladder *l, bool has_proof, bool has_child)
{
    wire_message c = inside();

    in_identity(&c, IKE_PL_V2_IDI, 3, "sun@example");
    if (has_proof)
        in_v2_auth(&c, 2);
    if (has_child) {
        in_v2_child(&c, TO_INITIATOR);
        in_v2_selectors(&c);
    }
    with_plain(l, &c);
}

void plain_of_auth_response(ladder *l, bool has_child, uint16_t notify)
{
    wire_message c = inside();

    in_identity(&c, IKE_PL_V2_IDR, 2, "moon.example");
    in_v2_auth(&c, 2);
    if (has_child) {
        in_v2_child(&c, TO_RESPONDER);
        in_v2_selectors(&c);
    }
    if (notify)
        wire_payload_v2_plain_notify(&c, notify);
    with_plain(l, &c);
}

void auth_request_with_keys(ladder *l)
{
    plain_of_auth_request(l, true, true);
    v2_ask(l);
}

void auth_response_with_keys(ladder *l)
{
    plain_of_auth_response(l, true, 0);
    v2_answer(l);
}

void auth_with_proposals(ladder *l, const in_proposal *offer, unsigned n, const in_proposal *choice)
{
    wire_message c = inside();

    in_identity(&c, IKE_PL_V2_IDI, 3, "sun@example");
    in_v2_auth(&c, 2);
    in_v2_proposals(&c, offer, n);
    in_v2_selectors(&c);
    with_plain(l, &c);
    v2_ask(l);
    if (!choice)
        return;
    c = inside();
    in_identity(&c, IKE_PL_V2_IDR, 2, "moon.example");
    in_v2_auth(&c, 2);
    in_v2_proposals(&c, choice, 1);
    in_v2_selectors(&c);
    with_plain(l, &c);
    v2_answer(l);
}

void v2_tunnel(ladder *l)
{
    v2_init(l);
    auth_request_with_keys(l);
    auth_response_with_keys(l);
}

void with_notify(ladder *l, uint16_t notify)
{
    wire_message c = inside();

    wire_payload_v2_plain_notify(&c, notify);
    with_plain(l, &c);
}

void with_nothing(ladder *l)
{
    wire_message c = inside();

    with_plain(l, &c);
}

void child_request_with(ladder *l, ladder_side by, uint32_t id, uint32_t spi, uint32_t renewed)
{
    wire_message c = inside();

    if (renewed)
        in_v2_rekey(&c, renewed);
    in_v2_child(&c, spi);
    wire_payload_v2_nonce(&c, 32, id);
    in_v2_selectors(&c);
    with_plain(l, &c);
    v2_child_req(l, by, id);
}

void child_response_with(ladder *l, ladder_side by, uint32_t id, uint32_t spi)
{
    wire_message c = inside();

    in_v2_child(&c, spi);
    wire_payload_v2_nonce(&c, 32, id + 1000);
    in_v2_selectors(&c);
    with_plain(l, &c);
    v2_child_resp(l, by, id);
}

void refuse_child(ladder *l, ladder_side by, uint32_t id, uint16_t notify)
{
    with_notify(l, notify);
    v2_child_resp(l, by, id);
}

void delete_ike_sa(ladder *l, ladder_side by, uint32_t id)
{
    wire_message c = inside();

    in_v2_delete_ike(&c);
    with_plain(l, &c);
    v2_info_req(l, by, id);
    with_nothing(l);
    v2_info_resp(l, by, id);
}

void rekey_with_proposals(ladder *l, ladder_side by, uint32_t id, const in_proposal *offer, unsigned n,
                          const in_proposal *choice)
{
    for (int response = 0; response < 2; response++) {
        wire_message c = inside();

        in_v2_proposals(&c, response ? choice : offer, response ? 1 : n);
        wire_payload_v2_nonce(&c, 32, id + (response ? 1000 : 0));
        wire_payload_v2_ke(&c, 14, id);
        with_plain(l, &c);
        if (response)
            v2_child_resp(l, by, id);
        else
            v2_child_req(l, by, id);
    }
}

void rekey_with(ladder *l, ladder_side by, uint32_t id, uint64_t spi_of_by, uint64_t spi_of_other)
{
    const in_proposal offer = { 1, IKE_PROTOCOL_ISAKMP, spi_of_by, 256, 0 };
    const in_proposal choice = { 1, IKE_PROTOCOL_ISAKMP, spi_of_other, 256, 0 };

    rekey_with_proposals(l, by, id, &offer, 1, &choice);
}

/* ---- what is looked at ---- */

const ike_exchange *child_of(ladder *l, unsigned number)
{
    for (guint i = 0; i < ike_tracker_sas(l->tracker)->len; i++) {
        const ike_sa *sa = ike_tracker_sas(l->tracker)->pdata[i];

        for (guint k = 0; k < sa->more->exchanges.len; k++) {
            const ike_exchange *exchange = sa->more->exchanges.pdata[k];

            if (exchange->leads_child && exchange->child == (int)number)
                return exchange;
        }
    }
    g_error("there is no child %u", number);
    return NULL;
}

void expect_spis(ladder *l, unsigned child, uint32_t to_opener, uint32_t to_other)
{
    const ike_exchange *exchange = child_of(l, child);

    g_assert_cmphex(ike_child_spi(exchange, false), ==, to_opener);
    g_assert_cmphex(ike_child_spi(exchange, true), ==, to_other);
}

void expect_tied(ladder *l, uint32_t spi, unsigned child)
{
    const ike_flow *flow = flow_of(l, spi);
    bool is_listed = false;

    g_assert_cmpint(flow->tied_by, ==, IKE_TIED_BY_KEYS);
    g_assert_nonnull(flow->child);
    g_assert_cmpint(flow->child->child, ==, child);
    g_assert_true(flow->sa == child_of(l, child)->sa);
    g_assert_true(ike_child_flow(child_of(l, child), flow->side == child_of(l, child)->opener) == flow);
    for (guint i = 0; i < flow->sa->more->flows.len; i++)
        is_listed |= flow->sa->more->flows.pdata[i] == flow;
    g_assert_true(is_listed);
}

const char *identity_of(ladder *l, unsigned sa, ike_role role)
{
    const ike_sa *s = ladder_sa(l, sa);

    return s->sides[ike_sa_side_of(s, role)].more->identity;
}

void expect_identities(ladder *l, const char *initiator, const char *responder)
{
    g_assert_cmpstr(identity_of(l, 0, IKE_ROLE_INITIATOR), ==, initiator);
    g_assert_cmpstr(identity_of(l, 0, IKE_ROLE_RESPONDER), ==, responder);
}

void expect_deleted_from(ladder *l, uint32_t frame)
{
    const ike_sa *sa = ladder_sa(l, 0);

    g_assert_cmpstr(ike_state_name(ike_sa_end_state(sa)), ==, "deleted");
    expect_in_report(l, "sa", "deleted");
    for (guint i = 0; i < sa->records.len; i++) {
        const ike_record *r = sa->records.pdata[i];

        g_assert_true((ike_record_state(r, false) == IKE_STATE_DELETED) == (r->note.frame >= frame));
    }
}

void expect_points(ladder *l, unsigned id, ike_failure_point initiator, ike_failure_point responder,
                   unsigned reason)
{
    const ike_selection all = { .tracker = l->tracker };
    GArray *events;
    unsigned n = 0;

    ike_tracker_finish(l->tracker);
    events = ike_events_new(&all);
    for (guint i = 0; i < events->len; i++) {
        const ike_event *event = &g_array_index(events, ike_event, i);

        if (event->id != id)
            continue;
        g_assert_cmpint(event->point, ==,
                        ike_event_role(event, event->host) == IKE_ROLE_INITIATOR ? initiator : responder);
        g_assert_cmpuint(event->reason, ==, reason);
        g_assert_cmpint(event->evidence, ==, IKE_OBSERVED);
        n++;
    }
    g_assert_cmpuint(n, ==, 2);
    g_array_free(events, TRUE);
}

void expect_event_known(ladder *l, unsigned id, ike_evidence evidence)
{
    const ike_selection all = { .tracker = l->tracker };
    GArray *events;
    unsigned n = 0;

    ike_tracker_finish(l->tracker);
    events = ike_events_new(&all);
    for (guint i = 0; i < events->len; i++)
        if (g_array_index(events, ike_event, i).id == id) {
            g_assert_cmpint(g_array_index(events, ike_event, i).evidence, ==, evidence);
            n++;
        }
    g_assert_cmpuint(n, ==, 2);
    g_array_free(events, TRUE);
}

void expect_nothing_wrong(ladder *l)
{
    expect_no_finding_above(l, CHAT, "weak");
}

/* ---- a script, and what is expected of it ---- */

static char *played(const script *s, ladder_keys keys)
{
    ladder l;
    char *text;

    ladder_begin(&l);
    l.keys = keys;
    s->play(&l);
    check_all(l.tracker, l.frame);
    text = summary(l.tracker);
    ladder_end(&l);
    return text;
}

static void run(gconstpointer data)
{
    const script *s = data;
    ladder l;

    ladder_begin(&l);
    s->play(&l);
    s->expect(&l);
    check_all(l.tracker, l.frame);
    check_twice(l.tracker, l.frame);
    ladder_end(&l);
    same_text("wrong keys", played(s, WRONG_KEYS), played(s, NO_KEYS));
    same_text("plaintext of a wrong length", played(s, WRONG_LENGTH), played(s, NO_KEYS));
    same_text("more plaintexts than are kept", played(s, BEHIND_OTHERS), played(s, ONLY_OTHERS));
}

/* ---- whole conversations ---- */

void play_tunnel(ladder *l)
{
    tunnel(l);
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, RESPONDER, TO_INITIATOR, 1);
}

void expect_in_flight(ladder *l)
{
    expect_no_finding(l, "esp_after_delete");
    g_assert_nonnull(ike_child_deleted(child_of(l, 0)));
}

void play_v2_tunnel(ladder *l)
{
    v2_tunnel(l);
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, RESPONDER, TO_INITIATOR, 1);
}

void eap(ladder *l, const char *hex)
{
    wire_message c = inside();

    wire_payload_hex(&c, IKE_PL_V2_EAP, hex);
    with_plain(l, &c);
}

void eap_asked(ladder *l)
{
    wire_message c = inside();

    v2_init(l);
    plain_of_auth_request(l, false, true);
    v2_ask(l);
    in_identity(&c, IKE_PL_V2_IDR, 2, "moon.example");
    in_v2_auth(&c, 1);
    wire_payload_hex(&c, IKE_PL_V2_EAP, "01 01 0005 01");
    with_plain(l, &c);
    v2_answer(l);
}

void up_to_eap(ladder *l)
{
    eap_asked(l);
    eap(l, "02 01 000a 01 6361726f6c");
    v2_auth_req(l, 2);
}

void eap_last_round(ladder *l)
{
    wire_message c = inside();

    in_v2_auth(&c, 2);
    with_plain(l, &c);
    v2_auth_req(l, 3);
    c = inside();
    in_v2_auth(&c, 2);
    in_v2_child(&c, TO_RESPONDER);
    in_v2_selectors(&c);
    with_plain(l, &c);
    v2_auth_resp(l, 3, 0);
}

void eap_to_the_end(ladder *l)
{
    up_to_eap(l);
    eap(l, "03 01 0004");
    v2_auth_resp(l, 2, 0);
    eap_last_round(l);
}

void add_scripts(const script *scripts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *path = g_strdup_printf("/decrypted/%s", scripts[i].name);

        g_test_add_data_func(path, &scripts[i], run);
        g_free(path);
    }
}
