/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Captures that begin in the middle of an IKEv2 SA.
 */
#include "ladder2.h"

static void begins_at_authentication(void)
{
    ladder l;

    ladder_begin(&l);
    v2_auth(&l);
    long_after(&l);
    expect_labels(&l, "IKE_AUTH.req IKE_AUTH.resp .");
    expect_sas(&l, 1);
    expect_number(&l, 1, 1);
    expect_pair(&l, 1, 2);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_sender(&l, 2, IKE_ROLE_RESPONDER);
    expect_one_finding(&l, "joined", CHAT);
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The flag I is the other side's in a message of the responder. */
static void begins_at_a_response(void)
{
    ladder l;

    ladder_begin(&l);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, "IKE_AUTH.resp " INFO " .");
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_sender(&l, 1, IKE_ROLE_RESPONDER);
    expect_finding(&l, "joined", CHAT);
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void begins_at_the_end_of_init(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.resp IKE_AUTH.req IKE_AUTH.resp .");
    expect_sas(&l, 1);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_finding(&l, "joined", CHAT);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void begins_in_the_middle(void)
{
    ladder l;

    ladder_begin(&l);
    v2_info_req(&l, RESPONDER, 5);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_sender(&l, 1, IKE_ROLE_RESPONDER);
    v2_info_resp(&l, RESPONDER, 5);
    v2_child(&l, INITIATOR, 300);
    long_after(&l);
    expect_labels(&l, INFO " " CHILD " .");
    expect_sas(&l, 1);
    expect_finding(&l, "joined", CHAT);
    expect_no_finding(&l, "msgid_gap");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* What nobody answers is said, but an SA whose start is missing never failed. */
static void late_start_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_resp(&l);
    for (int i = 0; i < 3; i++) {
        v2_auth_req(&l, 1);
        after(&l, 2);
    }
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.resp IKE_AUTH.req IKE_AUTH.req+ IKE_AUTH.req+ .");
    expect_finding(&l, "auth_noresp", WARN);
    expect_finding(&l, "joined", CHAT);
    expect_no_finding(&l, "init_noresp");
    expect_no_finding(&l, "init_noreply");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* The SPI of the responder came from somewhere, yet nothing of it is here. */
static void late_start_one_way(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 3; i++) {
        v2_auth_req(&l, 1);
        after(&l, 2);
    }
    long_after(&l);
    expect_finding(&l, "oneway_capture", NOTE);
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/joined/at-authentication", begins_at_authentication);
    g_test_add_func("/ikev2/joined/at-a-response", begins_at_a_response);
    g_test_add_func("/ikev2/joined/at-the-end-of-init", begins_at_the_end_of_init);
    g_test_add_func("/ikev2/joined/in-the-middle", begins_in_the_middle);
    g_test_add_func("/ikev2/joined/unanswered", late_start_unanswered);
    g_test_add_func("/ikev2/joined/one-way", late_start_one_way);
    return g_test_run();
}
