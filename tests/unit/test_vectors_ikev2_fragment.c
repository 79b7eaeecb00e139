/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Test vectors 38 to 40: IKEv2 fragments (RFC 7383).
 */
#include "ladder2.h"

#define CHAT IKE_SEVERITY_CHAT
#define NOTE IKE_SEVERITY_NOTE
#define WARN IKE_SEVERITY_WARN
#define ERROR IKE_SEVERITY_ERROR

#define INIT "IKE_SA_INIT.req IKE_SA_INIT.resp"
#define INFO "INFORMATIONAL.req INFORMATIONAL.resp"

#define MOMENT 0.0003

static void init(ladder *l)
{
    v2_init_req(l, 14);
    v2_init_resp(l);
}

/* Pieces of the first IKE_AUTH response. */
static void response_pieces(ladder *l, unsigned total, const char *order)
{
    for (; *order; order++)
        v2_fragment(l, (v2_piece){ .response = true, .exchange = IKE_XCHG_V2_AUTH, .id = 1,
                                   .total = total, .number = (unsigned)(*order - '0') });
}

static void whole_response(ladder *l)
{
    v2_auth_resp(l, 1, V2_AUTH_LENGTH);
}

/* The capture goes on long enough for every verdict. */
static void long_after(ladder *l)
{
    after(l, 30);
    foreign(l);
}

/* ---- complete ---- */

static void complete(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_pieces(&l, 3, "123");
    response_pieces(&l, 2, "12");
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
    expect_no_finding(&l, "skf_loss");
    expect_no_finding(&l, "skf_bad");
    expect_no_finding(&l, "skf_unnegotiated");
    expect_no_finding(&l, "retrans");
    expect_no_finding(&l, "v2_msgid_reuse");
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
static void out_of_order(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_pieces(&l, 3, "312");
    whole_response(&l);
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
    init(&l);
    v2_auth_req(&l, 1);
    after(&l, 2);
    v2_auth_pieces(&l, 3, "123");
    whole_response(&l);
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

/* Three sendings, the last in pieces, and no answer. */
static void whole_then_pieces_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    after(&l, 2);
    v2_auth_req(&l, 1);
    after(&l, 4);
    v2_auth_pieces(&l, 2, "12");
    long_after(&l);
    expect_labels(&l, INIT " IKE_AUTH.req IKE_AUTH.req+ ~ IKE_AUTH.req+ .");
    expect_sends(&l, 3, 3);
    expect_finding(&l, "auth_noresp", WARN);
    expect_findings(&l, "auth_noresp", 1);
    expect_finding_at(&l, 6, "auth_noresp");
    expect_no_finding(&l, "v2_msgid_reuse");
    ladder_end(&l);
}

/* The stored pieces are sent again: one sending more. */
static void resent(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_pieces(&l, 3, "123");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "123");
    whole_response(&l);
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

/* R3.3.5: encrypted anew, it is still the same message. */
static void encrypted_anew(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_pieces(&l, 2, "12");
    after(&l, 2);
    anew(&l);
    v2_auth_pieces(&l, 2, "12");
    whole_response(&l);
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
    init(&l);
    for (unsigned number = 1; number <= 3; number++) {
        v2_fragment(&l, (v2_piece){ .exchange = IKE_XCHG_V2_AUTH, .id = 1, .total = 3,
                                    .number = number });
        after(&l, MOMENT);
        same_packet(&l);
    }
    whole_response(&l);
    after(&l, MOMENT);
    same_packet(&l);
    long_after(&l);
    expect_piece(&l, 3, 1, 3, 7);
    expect_piece(&l, 7, 3, 3, 7);
    expect_sends(&l, 7, 1);
    expect_pair(&l, 7, 9);
    expect_messages(&l, 4);
    expect_no_finding(&l, "retrans");
    expect_no_finding(&l, "skf_loss");
    expect_no_finding(&l, "skf_bad");
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- 39: another total ---- */

static void more_pieces(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_pieces(&l, 2, "1");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "123");
    whole_response(&l);
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
    init(&l);
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
    init(&l);
    v2_auth_pieces(&l, 2, "12");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "123");
    whole_response(&l);
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
    init(&l);
    v2_auth_pieces(&l, 3, "12");
    v2_auth_pieces(&l, 2, "12");
    v2_auth_pieces(&l, 3, "3");
    whole_response(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ ~ IKE_AUTH.req IKE_AUTH.resp .");
    expect_piece(&l, 3, 1, 3, 7);
    expect_piece(&l, 5, 1, 2, 0);
    expect_piece(&l, 6, 2, 2, 0);
    expect_piece(&l, 7, 3, 3, 7);
    expect_no_finding(&l, "skf_bad");
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding(&l, "retrans");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- 40: pieces that never come ---- */

static void one_is_missing(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    for (int i = 0; i < 3; i++) {
        v2_auth_pieces(&l, 3, "13");
        after(&l, 2 << i);
    }
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ ~ ~ ~ .");
    expect_piece(&l, 3, 1, 3, 0);
    expect_piece(&l, 8, 3, 3, 0);
    expect_finding(&l, "skf_loss", WARN);
    expect_findings(&l, "skf_loss", 1);
    expect_finding_on_a_frame(&l, "skf_loss");
    expect_finding(&l, "auth_noresp", WARN);
    expect_findings(&l, "auth_noresp", 1);
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
    init(&l);
    v2_auth_pieces(&l, 3, "13");
    whole_response(&l);
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
    init(&l);
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
    init(&l);
    v2_auth_pieces(&l, 3, "12");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "13");
    whole_response(&l);
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
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* A larger total gets through where the smaller one lost pieces. */
static void completed_by_smaller_pieces(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_pieces(&l, 3, "13");
    after(&l, 2);
    v2_auth_pieces(&l, 3, "13");
    after(&l, 4);
    v2_auth_pieces(&l, 4, "1234");
    whole_response(&l);
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ ~ ~ ~ ~ IKE_AUTH.req IKE_AUTH.resp .");
    expect_finding(&l, "skf_loss", NOTE);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- illegal ---- */

/* A piece with these numbers is an error and completes nothing. */
static void bad_numbers(unsigned number, unsigned total)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    g_test_message("piece %u of %u", number, total);
    v2_fragment(&l, (v2_piece){ .exchange = IKE_XCHG_V2_AUTH, .id = 1, .number = number,
                                .total = total });
    expect_labels(&l, INIT " ~");
    expect_finding(&l, "skf_bad", ERROR);
    expect_finding_at(&l, 3, "skf_bad");
    v2_auth_pieces(&l, 2, "12");
    whole_response(&l);
    expect_labels(&l, INIT " ~ ~ IKE_AUTH.req IKE_AUTH.resp");
    ladder_end(&l);
}

static void bad(void)
{
    bad_numbers(0, 3);
    bad_numbers(4, 3);
    bad_numbers(0, 0);
    bad_numbers(1, 0);
    bad_numbers(65535, 3);
}

/* A payload that ends within its own numbers. */
static void bad_length(void)
{
    ladder l;
    wire_message m;

    ladder_begin(&l);
    init(&l);
    m = v2_message(&l, INITIATOR, false, IKE_XCHG_V2_AUTH, 1);
    wire_payload_random(&m, IKE_PL_V2_SKF, 3, 1);
    send_message(&l, INITIATOR, wire_end(&m));
    expect_labels(&l, INIT " ~");
    expect_finding(&l, "skf_bad", ERROR);
    expect_finding_at(&l, 3, "skf_bad");
    ladder_end(&l);
}

/* Many pieces are legal. */
static void many(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    for (unsigned number = 1; number <= 200; number++)
        v2_fragment(&l, (v2_piece){ .exchange = IKE_XCHG_V2_AUTH, .id = 1, .number = number,
                                    .total = 200 });
    whole_response(&l);
    expect_no_finding(&l, "skf_bad");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- not agreed on ---- */

static void unnegotiated(void)
{
    for (int silent = INITIATOR; silent <= RESPONDER; silent++) {
        ladder l;

        ladder_begin(&l);
        l.v2.fragmentation[silent] = false;
        init(&l);
        v2_auth_pieces(&l, 2, "12");
        whole_response(&l);
        expect_labels(&l, INIT " ~ IKE_AUTH.req IKE_AUTH.resp");
        expect_finding(&l, "skf_unnegotiated", WARN);
        expect_findings(&l, "skf_unnegotiated", 1);
        expect_finding_on_a_frame(&l, "skf_unnegotiated");
        ladder_end(&l);
    }
}

/* R3.3.2: never in IKE_SA_INIT. */
static void in_the_first_exchange(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    for (unsigned number = 1; number <= 2; number++)
        v2_fragment(&l, (v2_piece){ .response = true, .exchange = IKE_XCHG_V2_SA_INIT,
                                    .number = number, .total = 2 });
    expect_finding(&l, "skf_unnegotiated", WARN);
    ladder_end(&l);
}

/* Nobody knows what was agreed on: no verdict. */
static void start_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    v2_auth_pieces(&l, 2, "12");
    response_pieces(&l, 2, "12");
    long_after(&l);
    expect_labels(&l, "~ IKE_AUTH.req ~ IKE_AUTH.resp .");
    expect_pair(&l, 2, 4);
    expect_finding(&l, "joined", CHAT);
    expect_no_finding(&l, "skf_unnegotiated");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* .. also when only one half of IKE_SA_INIT is there. */
static void half_of_the_start_captured(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_auth_pieces(&l, 2, "12");
    response_pieces(&l, 2, "12");
    long_after(&l);
    expect_no_finding(&l, "skf_unnegotiated");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* A fragment of a response that only the capture lacks: the request does not come again. */
static void response_not_captured(void)
{
    ladder l;

    ladder_begin(&l);
    init(&l);
    v2_auth_req(&l, 1);
    response_pieces(&l, 3, "13");
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
    init(&l);
    v2_auth_req(&l, 1);
    response_pieces(&l, 3, "13");
    after(&l, 2);
    v2_auth_req(&l, 1);
    response_pieces(&l, 3, "13");
    long_after(&l);
    expect_finding(&l, "skf_loss", WARN);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/skf/complete", complete);
    g_test_add_func("/ikev2/skf/none", no_fragments);
    g_test_add_func("/ikev2/skf/out-of-order", out_of_order);
    g_test_add_func("/ikev2/skf/both-directions", both_directions);
    g_test_add_func("/vector/38-whole-then-pieces", whole_then_pieces);
    g_test_add_func("/vector/38-whole-then-pieces-unanswered", whole_then_pieces_unanswered);
    g_test_add_func("/ikev2/skf/resent", resent);
    g_test_add_func("/ikev2/skf/encrypted-anew", encrypted_anew);
    g_test_add_func("/ikev2/skf/doubled-by-the-network", doubled_by_the_network);
    g_test_add_func("/vector/39-more-pieces", more_pieces);
    g_test_add_func("/vector/39-more-pieces-do-not-mix", more_pieces_do_not_mix);
    g_test_add_func("/vector/39-more-pieces-after-a-whole-set", more_pieces_after_a_whole_set);
    g_test_add_func("/vector/39-fewer-pieces", fewer_pieces);
    g_test_add_func("/vector/40-one-is-missing", one_is_missing);
    g_test_add_func("/vector/40-one-is-not-captured", one_is_not_captured);
    g_test_add_func("/vector/40-capture-ends-between-pieces", capture_ends_between_pieces);
    g_test_add_func("/vector/40-completed-by-a-resent-piece", completed_by_a_resent_piece);
    g_test_add_func("/vector/40-completed-by-smaller-pieces", completed_by_smaller_pieces);
    g_test_add_func("/ikev2/skf/bad", bad);
    g_test_add_func("/ikev2/skf/bad-length", bad_length);
    g_test_add_func("/ikev2/skf/many", many);
    g_test_add_func("/ikev2/skf/unnegotiated", unnegotiated);
    g_test_add_func("/ikev2/skf/in-the-first-exchange", in_the_first_exchange);
    g_test_add_func("/ikev2/skf/start-not-captured", start_not_captured);
    g_test_add_func("/ikev2/skf/half-of-the-start-captured", half_of_the_start_captured);
    g_test_add_func("/ikev2/fragment/response-not-captured", response_not_captured);
    g_test_add_func("/ikev2/fragment/response-lost", response_lost);
    return g_test_run();
}
