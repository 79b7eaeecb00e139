/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 fragments (RFC 7383) with illegal numbers, of many, and without an agreement on them.
 */
#include "ladder2.h"

/* ---- illegal ---- */

/* A piece with these numbers is an error and completes nothing. */
static void bad_numbers(unsigned number, unsigned total)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    g_test_message("piece %u of %u", number, total);
    v2_auth_piece(&l, number, total);
    expect_labels(&l, INIT " ~");
    expect_finding(&l, "skf_bad", ERROR);
    expect_finding_at(&l, 3, "skf_bad");
    v2_auth_pieces(&l, 2, "12");
    v2_answer(&l);
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
    v2_init(&l);
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
    v2_init(&l);
    for (unsigned number = 1; number <= 200; number++)
        v2_auth_piece(&l, number, 200);
    v2_answer(&l);
    expect_piece(&l, 3, 1, 200, 202);
    expect_piece(&l, 202, 200, 200, 202);
    expect_pair(&l, 202, 203);
    expect_messages(&l, 4);
    expect_finding_at(&l, 202, "skf");
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
        v2_init(&l);
        v2_auth_pieces(&l, 2, "12");
        v2_answer(&l);
        expect_labels(&l, INIT " ~ IKE_AUTH.req IKE_AUTH.resp");
        expect_one_finding(&l, "skf_unnegotiated", WARN);
        expect_finding_on_a_frame(&l, "skf_unnegotiated");
        ladder_end(&l);
    }
}

/* Never in IKE_SA_INIT. */
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
    v2_response_pieces(&l, 2, "12");
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
    v2_response_pieces(&l, 2, "12");
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.req ~ IKE_AUTH.req ~ IKE_AUTH.resp .");
    expect_pair(&l, 3, 5);
    expect_no_finding(&l, "skf_unnegotiated");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/skf/bad", bad);
    g_test_add_func("/ikev2/skf/bad-length", bad_length);
    g_test_add_func("/ikev2/skf/many", many);
    g_test_add_func("/ikev2/skf/unnegotiated", unnegotiated);
    g_test_add_func("/ikev2/skf/in-the-first-exchange", in_the_first_exchange);
    g_test_add_func("/ikev2/skf/start-not-captured", start_not_captured);
    g_test_add_func("/ikev2/skf/half-of-the-start-captured", half_of_the_start_captured);
    return g_test_run();
}
