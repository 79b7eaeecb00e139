/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 38 and 39: IKEv2 fragments (RFC 7383), and the same message sent again.
 */
#include "ladder2.h"

#define MOMENT 0.0003

/* ---- complete ---- */

static void complete(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 3, "123");
    v2_response_pieces(&l, 2, "12");
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ IKE_AUTH.req ~ IKE_AUTH.resp " INFO " .");
    expect_piece(&l, 3, 1, 3, 5);
    expect_piece(&l, 4, 2, 3, 5);
    expect_piece(&l, 5, 3, 3, 5);
    expect_piece(&l, 6, 1, 2, 7);
    expect_piece(&l, 7, 2, 2, 7);
    expect_pair(&l, 5, 7);
    expect_times(&l, 7, 0.02, 0.02);
    expect_number(&l, 5, 1);
    expect_messages(&l, 6);
    expect_finding(&l, "skf", CHAT);
    expect_finding_at(&l, 5, "skf");
    expect_finding_at(&l, 7, "skf");
    expect_no_findings(&l, "skf_loss skf_bad skf_unnegotiated retrans v2_msgid_reuse");
    expect_nothing_unanswered(&l);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void no_fragments(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    long_after(&l);
    expect_no_finding(&l, "skf");
    expect_no_finding(&l, "skf_loss");
    expect_piece(&l, 3, 0, 0, 3);
    ladder_end(&l);
}

/* The order of arrival is free; the last to come completes the message. */
/* The second copy may have come whole behind the end of the capture; without a second one it never came. */
static void ends_among_fragments(void)
{
    for (int again = 0; again < 2; again++) {
        ladder l;

        ladder_begin(&l);
        v2_init(&l);
        v2_auth_pieces(&l, 3, "13");
        after(&l, 6);
        if (again)
            v2_auth_pieces(&l, 3, "1");
        else
            long_after(&l);
        expect_finding(&l, "skf_loss", again ? NOTE : WARN);
        ladder_end(&l);
    }
}

static void out_of_order(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 3, "312");
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ IKE_AUTH.req IKE_AUTH.resp .");
    expect_piece(&l, 3, 3, 3, 5);
    expect_piece(&l, 4, 1, 3, 5);
    expect_piece(&l, 5, 2, 3, 5);
    expect_pair(&l, 5, 6);
    expect_no_finding(&l, "skf_loss");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Both sides send the same message ID in pieces at once: they do not mix. */
static void both_directions(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, RESPONDER, 0);
    v2_info(&l, RESPONDER, 1);
    for (unsigned number = 1; number <= 2; number++)
        for (int by = INITIATOR; by <= RESPONDER; by++)
            v2_fragment(&l, (v2_piece){ .by = (ladder_side)by, .id = 2, .total = 2,
                                        .exchange = IKE_XCHG_V2_CREATE_CHILD, .number = number });
    expect_labels(&l, INIT " IKE_AUTH.req IKE_AUTH.resp " INFO " " INFO
                      " ~ ~ CREATE_CHILD_SA.req CREATE_CHILD_SA.req");
    expect_piece(&l, 9, 1, 2, 11);
    expect_piece(&l, 10, 1, 2, 12);
    expect_sender(&l, 11, IKE_ROLE_INITIATOR);
    expect_sender(&l, 12, IKE_ROLE_RESPONDER);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding(&l, "reflect");
    ladder_end(&l);
}

/* ---- 38: whole first, then in pieces ---- */

static void whole_then_pieces(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    after(&l, 2);
    v2_auth_pieces(&l, 3, "123");
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " IKE_AUTH.req ~ ~ IKE_AUTH.req+ IKE_AUTH.resp .");
    expect_retransmission(&l, 6, 3, 1);
    expect_findings(&l, "retrans", 1);
    expect_pair(&l, 3, 7);
    expect_times(&l, 7, 2.03, 0.01);
    expect_messages(&l, 4);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding(&l, "skf_loss");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* A merge brings the sending in pieces first: the whole one is a copy, and counts as one. */
static void pieces_then_whole(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 3, "123");
    after(&l, 2);
    v2_auth_req(&l, 1);
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ IKE_AUTH.req IKE_AUTH.req+ IKE_AUTH.resp .");
    expect_messages(&l, 4);
    g_assert_cmpuint(ladder_sa(&l, 0)->sides[0].messages, ==, 2);
    g_assert_cmpuint(ladder_sa(&l, 0)->sides[1].messages, ==, 2);
    expect_no_finding(&l, "v2_msgid_reuse");
    ladder_end(&l);
}

/* Three sendings, the last in pieces, and no answer. */
static void whole_then_pieces_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    after(&l, 2);
    v2_auth_req(&l, 1);
    after(&l, 4);
    v2_auth_pieces(&l, 2, "12");
    long_after(&l);
    expect_labels(&l, INIT " IKE_AUTH.req IKE_AUTH.req+ ~ IKE_AUTH.req+ .");
    expect_sends(&l, 3, 3);
    expect_one_finding(&l, "auth_noresp", WARN);
    expect_finding_at(&l, 6, "auth_noresp");
    expect_no_finding(&l, "v2_msgid_reuse");
    ladder_end(&l);
}

/* The stored pieces are sent again: one sending more. */
static void resent(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 3, "123");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "123");
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ IKE_AUTH.req ~ ~ IKE_AUTH.req+ IKE_AUTH.resp .");
    expect_retransmission(&l, 8, 5, 1);
    expect_findings(&l, "retrans", 1);
    expect_sends(&l, 5, 2);
    expect_pair(&l, 5, 9);
    expect_messages(&l, 4);
    expect_no_finding(&l, "skf_loss");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* Encrypted anew, it is still the same message. */
static void encrypted_anew(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 2, "12");
    after(&l, 2);
    anew(&l);
    v2_auth_pieces(&l, 2, "12");
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ IKE_AUTH.req ~ IKE_AUTH.req+ IKE_AUTH.resp .");
    expect_pair(&l, 4, 7);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* The network doubles each piece: nothing was sent again. */
static void doubled_by_the_network(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    for (unsigned number = 1; number <= 3; number++) {
        v2_auth_piece(&l, number, 3);
        after(&l, MOMENT);
        same_packet(&l);
    }
    v2_answer(&l);
    after(&l, MOMENT);
    same_packet(&l);
    long_after(&l);
    expect_piece(&l, 3, 1, 3, 7);
    expect_piece(&l, 7, 3, 3, 7);
    expect_sends(&l, 7, 1);
    expect_pair(&l, 7, 9);
    expect_messages(&l, 4);
    expect_no_findings(&l, "retrans skf_loss skf_bad v2_msgid_reuse");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- 39: another total ---- */

static void more_pieces(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 2, "1");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "123");
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ IKE_AUTH.req IKE_AUTH.resp .");
    expect_piece(&l, 3, 1, 2, 0);
    expect_piece(&l, 4, 1, 3, 6);
    expect_piece(&l, 6, 3, 3, 6);
    expect_pair(&l, 6, 7);
    expect_messages(&l, 4);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding(&l, "skf_bad");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* Pieces of the smaller total do not count for the larger one. */
static void more_pieces_do_not_mix(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 2, "1");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "23");
    expect_labels(&l, INIT " ~ ~ ~");
    ladder_end(&l);
}

static void more_pieces_after_a_whole_set(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 2, "12");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "123");
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ IKE_AUTH.req ~ ~ IKE_AUTH.req+ IKE_AUTH.resp .");
    expect_retransmission(&l, 7, 4, 1);
    expect_pair(&l, 4, 8);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* RFC 7383 2.6: pieces of a smaller total come late and are dropped. */
static void fewer_pieces(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 3, "12");
    v2_auth_pieces(&l, 2, "12");
    v2_auth_pieces(&l, 3, "3");
    v2_answer(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ ~ IKE_AUTH.req IKE_AUTH.resp .");
    expect_piece(&l, 3, 1, 3, 7);
    expect_piece(&l, 5, 1, 2, 0);
    expect_piece(&l, 6, 2, 2, 0);
    expect_piece(&l, 7, 3, 3, 7);
    expect_no_findings(&l, "skf_bad v2_msgid_reuse retrans");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/skf/complete", complete);
    g_test_add_func("/ikev2/skf/none", no_fragments);
    g_test_add_func("/ikev2/skf/out-of-order", out_of_order);
    g_test_add_func("/ikev2/skf/ends-among-fragments", ends_among_fragments);
    g_test_add_func("/ikev2/skf/both-directions", both_directions);
    g_test_add_func("/vector/38-whole-then-pieces", whole_then_pieces);
    g_test_add_func("/vector/38-pieces-then-whole", pieces_then_whole);
    g_test_add_func("/vector/38-whole-then-pieces-unanswered", whole_then_pieces_unanswered);
    g_test_add_func("/ikev2/skf/resent", resent);
    g_test_add_func("/ikev2/skf/encrypted-anew", encrypted_anew);
    g_test_add_func("/ikev2/skf/doubled-by-the-network", doubled_by_the_network);
    g_test_add_func("/vector/39-more-pieces", more_pieces);
    g_test_add_func("/vector/39-more-pieces-do-not-mix", more_pieces_do_not_mix);
    g_test_add_func("/vector/39-more-pieces-after-a-whole-set", more_pieces_after_a_whole_set);
    g_test_add_func("/vector/39-fewer-pieces", fewer_pieces);
    return g_test_run();
}
