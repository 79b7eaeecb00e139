/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conversations of IKEv1 with keys, in which something is refused.
 */
#include "readable.h"

static void refused_with(ladder *l, uint16_t notify)
{
    main_mode_with_keys(l);
    qm1_with(l, 0xa1, TO_INITIATOR);
    info_with_notify(l, RESPONDER, 0xb1, notify);
}

static void play_no_proposal(ladder *l)
{
    refused_with(l, 14);
}

static void expect_no_proposal(ladder *l)
{
    expect_finding(l, "qm1_reject", ERROR);
    expect_observed(l, "qm1_reject");
    expect_finding_at(l, 8, "qm1_reject");
    expect_finding_says(l, "qm1_reject", "NO-PROPOSAL-CHOSEN");
    expect_established(l, 0);
    expect_in_report(l, "diag", "ESP AES-CBC-256 / HMAC-SHA2-256-128, tunnel, 3600 s");
    expect_in_report(l, "diag", "10.1.0.0/16 <-> 10.2.0.0/16");
    expect_events(l, "4650I 4650R 4654I 4654R");
    expect_points(l, 4654, IKE_FAILED_PEER, IKE_FAILED_ME, 13868);
}

static void play_networks(ladder *l)
{
    refused_with(l, 18);
}

static void expect_networks(ladder *l)
{
    expect_finding(l, "ts_mismatch", ERROR);
    expect_observed(l, "ts_mismatch");
    expect_no_finding(l, "qm1_reject");
    expect_events(l, "4650I 4650R 4654I 4654R");
    expect_points(l, 4654, IKE_FAILED_PEER, IKE_FAILED_ME, 0);
}

static void play_group(ladder *l)
{
    refused_with(l, 17);
}

static void expect_group(ladder *l)
{
    expect_finding(l, "wrong_group", ERROR);
    expect_observed(l, "wrong_group");
    expect_no_finding(l, "qm1_reject");
}

/* Two are open at once, and so is a third one of the other side. */
static void open_three(ladder *l)
{
    main_mode_with_keys(l);
    qm1_with(l, 0xa1, TO_INITIATOR);
    qm1_with(l, 0xa2, NEW_TO_INITIATOR);
    l->qm_opener = RESPONDER;
    qm1_with(l, 0xa3, TO_RESPONDER);
}

static void refuse_quick(ladder *l, uint32_t id, uint32_t spi)
{
    wire_message c = inside();

    in_hash(&c);
    in_notify_esp(&c, 14, spi);
    with_plain(l, &c);
    info(l, RESPONDER, id, 76);
}

static void expect_refused(ladder *l, unsigned child, ike_evidence known, uint32_t frame)
{
    const ike_exchange *exchange = child_of(l, child);

    g_assert_cmpstr(ike_diagnosis_get(exchange->more->failed_by)->id, ==, "qm1_reject");
    g_assert_cmpint(exchange->more->failed_known, ==, known);
    g_assert_cmpuint(exchange->more->failed_at->frame, ==, frame);
}

static void expect_not_refused(ladder *l, unsigned child)
{
    g_assert_cmpstr(ike_diagnosis_get(child_of(l, child)->more->failed_by)->id, !=, "qm1_reject");
}

static void play_names_first(ladder *l)
{
    open_three(l);
    refuse_quick(l, 0xb1, TO_INITIATOR);
    long_after(l);
}

static void expect_names_first(ladder *l)
{
    expect_one_finding(l, "qm1_reject", ERROR);
    expect_observed(l, "qm1_reject");
    expect_refused(l, 0, IKE_OBSERVED, 10);
    expect_not_refused(l, 1);
    expect_not_refused(l, 2);
}

static void play_names_second(ladder *l)
{
    open_three(l);
    refuse_quick(l, 0xb1, NEW_TO_INITIATOR);
    long_after(l);
}

static void expect_names_second(ladder *l)
{
    expect_one_finding(l, "qm1_reject", ERROR);
    expect_observed(l, "qm1_reject");
    expect_not_refused(l, 0);
    expect_refused(l, 1, IKE_OBSERVED, 10);
}

static void play_names_both(ladder *l)
{
    open_three(l);
    refuse_quick(l, 0xb1, NEW_TO_INITIATOR);
    refuse_quick(l, 0xb2, TO_INITIATOR);
    long_after(l);
}

static void expect_names_both(ladder *l)
{
    expect_finding(l, "qm1_reject", ERROR);
    expect_observed(l, "qm1_reject");
    expect_refused(l, 0, IKE_OBSERVED, 11);
    expect_refused(l, 1, IKE_OBSERVED, 10);
}

/* Which of the two it is about is not said. */
static void play_names_none(ladder *l)
{
    open_three(l);
    info_with_notify(l, RESPONDER, 0xb1, 14);
    long_after(l);
}

static void expect_names_none(ladder *l)
{
    expect_finding(l, "qm1_reject", WARN);
    expect_inferred(l, "qm1_reject");
    expect_refused(l, 0, IKE_INFERRED, 10);
    expect_refused(l, 1, IKE_INFERRED, 10);
    expect_not_refused(l, 2);
}

/* What the other side has asked itself is not what it refuses. */
static void play_one_of_each(ladder *l)
{
    main_mode_with_keys(l);
    qm1_with(l, 0xa1, TO_INITIATOR);
    l->qm_opener = RESPONDER;
    qm1_with(l, 0xa2, TO_RESPONDER);
    info_with_notify(l, RESPONDER, 0xb1, 14);
    long_after(l);
}

static void expect_one_of_each(ladder *l)
{
    expect_one_finding(l, "qm1_reject", ERROR);
    expect_observed(l, "qm1_reject");
    expect_refused(l, 0, IKE_OBSERVED, 9);
    expect_not_refused(l, 1);
}

/* A first contact refuses nothing, whenever it comes. */
static void play_contact_after_qm1(ladder *l)
{
    refused_with(l, INITIAL_CONTACT);
    long_after(l);
}

static void expect_contact(ladder *l)
{
    expect_no_findings(l, "qm1_reject mm5_reject mm6_delete ts_mismatch wrong_group");
    g_assert_cmpstr(ike_diagnosis_get(child_of(l, 0)->more->failed_by)->id, ==, "qm1_noresp");
}

static void play_contact_after_mm5(ladder *l)
{
    wire_message c = inside();

    up_to_mm4(l);
    in_identity(&c, IKE_PL_ID, 2, "sun.example");
    in_hash(&c);
    with_plain(l, &c);
    mm5(l);
    info_with_notify(l, RESPONDER, 0xb1, INITIAL_CONTACT);
    long_after(l);
}

static void expect_no_rejection(ladder *l)
{
    expect_no_findings(l, "qm1_reject mm5_reject mm6_delete");
}

/* What is deleted is another IPsec SA, and not the answer to QM1. */
static void play_delete_after_qm1(ladder *l)
{
    tunnel(l);
    after(l, 60);
    qm1_with(l, 0xa2, NEW_TO_INITIATOR);
    info_with_delete(l, RESPONDER, 0xb1, TO_RESPONDER);
    long_after(l);
}

static void play_mm5_refused(ladder *l)
{
    wire_message c = inside();

    up_to_mm4(l);
    in_identity(&c, IKE_PL_ID, 2, "sun.example");
    in_hash(&c);
    with_plain(l, &c);
    mm5(l);
    info_with_notify(l, RESPONDER, 0xb1, 24);
}

static void expect_mm5_refused(ladder *l)
{
    expect_finding(l, "mm5_reject", ERROR);
    expect_observed(l, "mm5_reject");
    expect_finding_says(l, "mm5_reject", "AUTHENTICATION-FAILED");
    expect_failed(l, 0, true);
    g_assert_cmpstr(identity_of(l, 0, IKE_ROLE_INITIATOR), ==, "sun.example");
}

static const script scripts[] = {
    { "v1/no-proposal", play_no_proposal, expect_no_proposal },
    { "v1/networks", play_networks, expect_networks },
    { "v1/group", play_group, expect_group },
    { "v1/refusal-names-first", play_names_first, expect_names_first },
    { "v1/refusal-names-second", play_names_second, expect_names_second },
    { "v1/refusals-name-both", play_names_both, expect_names_both },
    { "v1/refusal-names-none", play_names_none, expect_names_none },
    { "v1/refusal-of-one-side", play_one_of_each, expect_one_of_each },
    { "v1/contact-after-qm1", play_contact_after_qm1, expect_contact },
    { "v1/contact-after-mm5", play_contact_after_mm5, expect_no_rejection },
    { "v1/delete-after-qm1", play_delete_after_qm1, expect_no_rejection },
    { "v1/mm5-refused", play_mm5_refused, expect_mm5_refused },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_scripts(scripts, G_N_ELEMENTS(scripts));
    return g_test_run();
}
