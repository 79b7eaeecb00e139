/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Refusals that come seconds after what they refuse: the one who refuses looks up CRL, OCSP or RADIUS first.
 */
#include "ladder.h"

#define RSA_SIGNATURES 3 /* RFC 2409 appendix A */

static void begin_with_certificates(ladder *l)
{
    ladder_begin(l);
    l->offer[0].auth = l->choice.auth = RSA_SIGNATURES;
}

/* What names an error is a refusal however late it comes. */
static void named(void)
{
    ladder l;

    begin_with_certificates(&l);
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 10);
    mm5(&l);
    after(&l, 50);
    refuse(&l, RESPONDER, 20);
    long_after(&l);
    expect_finding_says(&l, "mm5_reject", "MM5 answered by an Informational: INVALID-CERTIFICATE (unauthenticated), "
                                          "50.000 s later");
    expect_finding(&l, "mm5_reject", ERROR);
    expect_failed(&l, 0, true);
    expect_nothing_unanswered(&l);
    ladder_end(&l);
}

/* The capture lacks MM6, the initiator goes on: the error is about something else. */
static void named_after_more(void)
{
    ladder l;

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 10);
    info(&l, INITIATOR, 0xb1, 92);
    info(&l, RESPONDER, 0xb2, 92);
    after(&l, 10);
    refuse(&l, RESPONDER, 11);
    long_after(&l);
    expect_no_finding(&l, "mm5_reject");
    ladder_end(&l);

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5(&l);
    esp_both_ways(&l);
    after(&l, 10);
    refuse(&l, RESPONDER, 11);
    long_after(&l);
    expect_no_finding(&l, "mm5_reject");
    ladder_end(&l);
}

/* Of what is encrypted only the last word counts, while somebody waits for an answer. */
static void encrypted(void)
{
    ladder l;

    begin_with_certificates(&l);
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 6);
    info(&l, RESPONDER, 0xb1, 92);
    info(&l, RESPONDER, 0xb2, 108);
    long_after(&l);
    expect_finding_says(&l, "mm5_reject", "encrypted, 6.000 s later");
    expect_finding(&l, "mm5_reject", WARN);
    expect_inferred(&l, "mm5_reject");
    expect_failed(&l, 0, true);
    ladder_end(&l);

    ladder_begin(&l); /* MM6 is not in the capture, and a liveness check is answered */
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 10);
    info(&l, RESPONDER, 0xb1, 92);
    info(&l, INITIATOR, 0xb2, 92);
    long_after(&l);
    expect_no_finding(&l, "mm5_reject");
    expect_failed(&l, 0, false);
    ladder_end(&l);

    ladder_begin(&l); /* .. or it is idle, and deleted minutes later */
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 600);
    info(&l, RESPONDER, 0xb1, 92);
    long_after(&l);
    expect_no_finding(&l, "mm5_reject");
    ladder_end(&l);

    ladder_begin(&l); /* .. or is checked again, in vain */
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 10);
    info(&l, RESPONDER, 0xb1, 92);
    after(&l, 10);
    info(&l, RESPONDER, 0xb2, 92);
    long_after(&l);
    expect_no_finding(&l, "mm5_reject");
    ladder_end(&l);
}

/* Pieces of MM6 came before. */
static void after_pieces(void)
{
    ladder l;

    begin_with_certificates(&l);
    l.length_of_mm6 = 2000;
    up_to_mm4(&l);
    mm5(&l);
    in_ip_fragments(&l, 1480, "1");
    mm6(&l);
    after(&l, 6);
    info(&l, RESPONDER, 0xb1, 92);
    long_after(&l);
    expect_no_finding(&l, "mm5_reject");
    ladder_end(&l);
}

/* The old SA is renewed: what follows may delete it. */
static void renewed(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    after(&l, 3000);
    next_sa(&l);
    up_to_mm4(&l);
    mm5(&l);
    after(&l, 6);
    info(&l, RESPONDER, 0xb1, 92);
    long_after(&l);
    expect_no_finding(&l, "mm5_reject");
    ladder_end(&l);
}

static void last_message(void)
{
    ladder l;

    begin_with_certificates(&l);
    main_mode(&l);
    after(&l, 6);
    info(&l, INITIATOR, 0xb1, 108);
    long_after(&l);
    expect_finding_says(&l, "mm6_delete", "6.000 s later");
    expect_failed(&l, 0, true);
    ladder_end(&l);

    ladder_begin(&l); /* a pre-shared key takes no look-up */
    main_mode(&l);
    after(&l, 6);
    info(&l, INITIATOR, 0xb1, 108);
    long_after(&l);
    expect_no_finding(&l, "mm6_delete");
    expect_established(&l, 0);
    ladder_end(&l);

    begin_with_certificates(&l); /* nothing is to be sent yet */
    main_mode(&l);
    after(&l, 10);
    info(&l, INITIATOR, 0xb1, 92);
    info(&l, RESPONDER, 0xb2, 92);
    long_after(&l);
    expect_no_finding(&l, "mm6_delete");
    expect_established(&l, 0);
    ladder_end(&l);
}

static void aggressive(void)
{
    ladder l;

    ladder_begin(&l);
    am1(&l);
    am2(&l);
    after(&l, 3);
    info(&l, INITIATOR, 0xb1, 92);
    long_after(&l);
    expect_finding_says(&l, "am2_reject", "encrypted, 3.000 s later");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void quick(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    qm1(&l, 0xa1);
    after(&l, 3.5);
    info(&l, RESPONDER, 0xb1, 92);
    long_after(&l);
    expect_finding_says(&l, "qm1_reject", "encrypted, 3.500 s later");
    expect_nothing_unanswered(&l);
    ladder_end(&l);

    ladder_begin(&l); /* its sender does not take it for the answer */
    main_mode(&l);
    qm1(&l, 0xa1);
    after(&l, 3.5);
    info(&l, RESPONDER, 0xb1, 92);
    after(&l, 4);
    qm1(&l, 0xa1);
    long_after(&l);
    expect_no_finding(&l, "qm1_reject");
    expect_finding(&l, "qm1_noresp", WARN);
    ladder_end(&l);

    ladder_begin(&l); /* another Quick Mode is up that it may be about */
    main_mode(&l);
    quick_mode(&l, 0xa1);
    qm1(&l, 0xa2);
    after(&l, 3.5);
    info(&l, RESPONDER, 0xb1, 92);
    long_after(&l);
    expect_no_finding(&l, "qm1_reject");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/refusals-late/named", named);
    g_test_add_func("/refusals-late/named-after-more", named_after_more);
    g_test_add_func("/refusals-late/encrypted", encrypted);
    g_test_add_func("/refusals-late/after-pieces", after_pieces);
    g_test_add_func("/refusals-late/renewed", renewed);
    g_test_add_func("/refusals-late/last-message", last_message);
    g_test_add_func("/refusals-late/aggressive", aggressive);
    g_test_add_func("/refusals-late/quick", quick);
    return g_test_run();
}
