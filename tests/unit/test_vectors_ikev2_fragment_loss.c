/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vector 40: IKEv2 fragments (RFC 7383) that never come.
 */
#include "ladder2.h"

/* ---- of a request ---- */

static void one_is_missing(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    for (int i = 0; i < 3; i++) {
        v2_auth_pieces(&l, 3, "13");
        after(&l, 2 << i);
    }
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ ~ ~ ~ .");
    expect_piece(&l, 3, 1, 3, 0);
    expect_piece(&l, 8, 3, 3, 0);
    expect_one_finding(&l, "skf_loss", WARN);
    expect_finding_on_a_frame(&l, "skf_loss");
    expect_one_finding(&l, "auth_noresp", WARN);
    expect_finding_says(&l, "auth_noresp", "fragment");
    expect_no_finding(&l, "init_noreply");
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* The message was answered: it is the capture that lacks a piece. */
static void one_is_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 3, "13");
    v2_answer(&l);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ IKE_AUTH.resp " INFO " .");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void capture_ends_between_pieces(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 3, "12");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* Old pieces and resent ones make the message. */
static void completed_by_a_resent_piece(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 3, "12");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "13");
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ IKE_AUTH.req IKE_AUTH.resp .");
    expect_piece(&l, 3, 1, 3, 6);
    expect_piece(&l, 4, 2, 3, 6);
    expect_piece(&l, 6, 3, 3, 6);
    expect_pair(&l, 6, 7);
    expect_messages(&l, 4);
    expect_finding(&l, "skf_loss", NOTE);
    expect_finding(&l, "skf", CHAT);
    expect_nothing_unanswered(&l);
    expect_established(&l, 0);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* A larger total gets through where the smaller one lost pieces. */
static void completed_by_smaller_pieces(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 3, "13");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "13");
    after(&l, 4);
    v2_auth_pieces(&l, 4, "1234");
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ ~ ~ ~ ~ IKE_AUTH.req IKE_AUTH.resp .");
    expect_finding(&l, "skf_loss", NOTE);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- of a response ---- */

/* A fragment that only the capture lacks: the request does not come again. */
static void response_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_response_pieces(&l, 3, "13");
    long_after(&l);
    expect_finding(&l, "skf_loss", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* .. that did not arrive: it does. */
static void response_lost(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_response_pieces(&l, 3, "13");
    after(&l, 2);
    v2_auth_req(&l, 1);
    v2_response_pieces(&l, 3, "13");
    long_after(&l);
    expect_finding(&l, "skf_loss", WARN);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vector/40-one-is-missing", one_is_missing);
    g_test_add_func("/vector/40-one-is-not-captured", one_is_not_captured);
    g_test_add_func("/vector/40-capture-ends-between-pieces", capture_ends_between_pieces);
    g_test_add_func("/vector/40-completed-by-a-resent-piece", completed_by_a_resent_piece);
    g_test_add_func("/vector/40-completed-by-smaller-pieces", completed_by_smaller_pieces);
    g_test_add_func("/ikev2/fragment/response-not-captured", response_not_captured);
    g_test_add_func("/ikev2/fragment/response-lost", response_lost);
    return g_test_run();
}
