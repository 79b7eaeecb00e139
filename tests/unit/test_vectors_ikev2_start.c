/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How an IKEv2 negotiation begins: silence, and which SA a first message belongs to.
 */
#include "ladder2.h"

/* ---- nobody answers ---- */

static void unanswered(void)
{
    static const double times[] = { 0, 1, 3, 7, 15 };
    ladder l;

    ladder_begin(&l);
    for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
        at(&l, times[i]);
        v2_init_req(&l, 14);
    }
    at(&l, 25);
    foreign(&l);
    expect_labels(&l, "IKE_SA_INIT.req IKE_SA_INIT.req+ IKE_SA_INIT.req+ IKE_SA_INIT.req+ "
                      "IKE_SA_INIT.req+ .");
    expect_one_finding(&l, "init_noresp", WARN);
    expect_finding_at(&l, 5, "init_noresp");
    expect_findings(&l, "retrans", 4);
    expect_number(&l, 5, 1);
    expect_no_findings(&l, "pending superseded oneway_capture");
    expect_state(&l, 0, IKE_STATE_OFFERED);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* Three sendings, and five seconds after the first. */
static void unanswered_capture_ends(void)
{
    ladder l;

    ladder_begin(&l);
    at(&l, 0);
    v2_init_req(&l, 14);
    at(&l, 2);
    v2_init_req(&l, 14);
    at(&l, 6);
    v2_init_req(&l, 14);
    expect_finding(&l, "init_noresp", WARN);
    expect_finding_at(&l, 3, "init_noresp");
    ladder_end(&l);
}

static void pending(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    after(&l, 0.5);
    foreign(&l);
    expect_finding(&l, "pending", CHAT);
    expect_no_finding(&l, "init_noresp");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The sender did not try again. */
static void unanswered_once(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    long_after(&l);
    expect_finding(&l, "init_noresp", NOTE);
    expect_no_finding(&l, "pending");
    ladder_end(&l);
}

/* The network answered. */
static void port_unreachable(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    icmp_error(&l, INITIATOR, 3, 3, 576);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.req icmp .");
    expect_sas(&l, 1);
    expect_sa_of(&l, 2, 0);
    expect_no_finding(&l, "init_noresp");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* A newer attempt came up. */
static void superseded(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    after(&l, 1);
    v2_init_req(&l, 14);
    after(&l, 2);
    next_sa(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_sas(&l, 2);
    expect_finding(&l, "superseded", NOTE);
    expect_no_finding(&l, "init_noresp");
    expect_failed(&l, 1, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- the initiator does not go on ---- */

/* The first exchange so many times, and nothing else. */
static void answered_each_time(ladder *l, int times)
{
    ladder_begin(l);
    for (int i = 0; i < times; i++) {
        v2_init(l);
        after(l, 2);
    }
    long_after(l);
}

static void answered_again_and_again(void)
{
    ladder l;

    answered_each_time(&l, 3);
    expect_labels(&l, INIT " IKE_SA_INIT.req+ IKE_SA_INIT.resp+"
                           " IKE_SA_INIT.req+ IKE_SA_INIT.resp+ .");
    expect_one_finding(&l, "init_noreply", WARN);
    expect_finding_on_a_frame(&l, "init_noreply");
    expect_no_finding(&l, "init_noresp");
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_state(&l, 0, IKE_STATE_CHOSEN);
    ladder_end(&l);
}

/* One copy of the response was lost, and what follows goes to a port that the capture leaves out. */
static void answered_again_once(void)
{
    ladder l;

    answered_each_time(&l, 2);
    expect_one_finding(&l, "init_noreply", NOTE);
    expect_finding_says(&l, "init_noreply", "left out by a capture filter");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

static void answered_and_nothing_more(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    long_after(&l);
    expect_finding(&l, "init_noreply", NOTE);
    expect_no_finding(&l, "init_noresp");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void answered_and_the_capture_ends(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    after(&l, 1);
    foreign(&l);
    expect_no_finding(&l, "init_noreply");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void goes_on_after_a_repeat(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    after(&l, 1);
    v2_establish(&l);
    long_after(&l);
    expect_no_finding(&l, "init_noreply");
    expect_findings(&l, "retrans", 2);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* The cookie does not come back: the refusal does not get through. */
static void cookie_not_returned(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 3; i++) {
        v2_init_req(&l, 14);
        v2_cookie(&l, 1);
        after(&l, 2);
    }
    long_after(&l);
    expect_finding(&l, "init_noreply", WARN);
    expect_finding_says(&l, "init_noreply", "asks for a cookie");
    expect_no_finding(&l, "init_noresp");
    expect_no_finding(&l, "init_cookie_loop");
    ladder_end(&l);
}

/* The initiator does not ask again with the group that it is told. */
static void group_not_taken_up(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_invalid_ke(&l, 19);
    long_after(&l);
    expect_finding(&l, "init_noreply", NOTE);
    expect_finding_says(&l, "init_noreply", "asks for group 19");
    ladder_end(&l);
}

/* A response with a status that neither chooses nor asks for anything. */
static void answered_by_a_status(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_init_error(&l, V2_N_FRAGMENTATION);
    long_after(&l);
    g_assert_false(finding_says(&l, "init_noreply", "asks for"));
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- which SA ---- */

/* Two responders; the initiator goes on with the second. */
static void siblings(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    l.spi_r += 0x100;
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_labels(&l, INIT " IKE_SA_INIT.resp " AUTH " .");
    expect_sas(&l, 2);
    expect_sa_of(&l, 2, 0);
    expect_sa_of(&l, 3, 1);
    expect_sa_of(&l, 5, 1);
    expect_state(&l, 0, IKE_STATE_ABANDONED);
    expect_state(&l, 1, IKE_STATE_ESTABLISHED);
    expect_failed(&l, 0, false);
    expect_failed(&l, 1, false);
    expect_finding(&l, "sibling", NOTE);
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding(&l, "init_noreply");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* What the older one did before is not the sibling's. */
static void sibling_begins_anew(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    l.spi_r += 0x100;
    v2_init_resp(&l);
    expect_sas(&l, 2);
    for (int side = 0; side < 2; side++)
        g_assert_cmpuint(ladder_sa(&l, 1)->sides[side].messages, ==, 1);
    g_assert_true(ladder_sa(&l, 1)->sides[0].more->natd.seen == ladder_sa(&l, 0)->sides[0].more->natd.seen);
    expect_no_finding(&l, "retrans");
    ladder_end(&l);
}

/* .. or with the first. */
static void second_sibling_abandoned(void)
{
    ladder l;
    v2_spis first;

    ladder_begin(&l);
    v2_init(&l);
    first = v2_current(&l);
    l.spi_r += 0x100;
    v2_init_resp(&l);
    v2_use(&l, first);
    v2_auth(&l);
    long_after(&l);
    expect_sas(&l, 2);
    expect_sa_of(&l, 4, 0);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_state(&l, 1, IKE_STATE_ABANDONED);
    expect_no_finding(&l, "init_noreply");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

typedef struct twin {
    uint16_t port;
    uint64_t salt, spi_r;
} twin;

/* From now on the initiator is this host behind the NAT. */
static void speak_as(ladder *l, const twin *who)
{
    l->hosts[INITIATOR].seen.port = l->hosts[INITIATOR].known.port = who->port;
    l->salt = who->salt;
    l->spi_r = who->spi_r;
}

/* Two hosts behind one NAT take the same SPI at the same time. */
static void same_spi_behind_nat(void)
{
    const twin a = { 20001, 1, 0x2222222222222201 }, b = { 20002, 2, 0x2222222222222301 };
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    speak_as(&l, &a);
    v2_init_req(&l, 14);
    speak_as(&l, &b);
    v2_init(&l);
    speak_as(&l, &a);
    v2_init_resp(&l);
    move_to_4500(&l);
    speak_as(&l, &a);
    v2_auth(&l);
    speak_as(&l, &b);
    v2_auth(&l);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.req " INIT " IKE_SA_INIT.resp " AUTH " " AUTH " .");
    expect_sas(&l, 2);
    expect_sa_of(&l, 1, 0);
    expect_sa_of(&l, 2, 1);
    expect_pair(&l, 2, 3);
    expect_pair(&l, 1, 4);
    expect_sa_of(&l, 5, 0);
    expect_sa_of(&l, 7, 1);
    expect_number(&l, 2, 1);
    expect_responder_spi(&l, 0, a.spi_r);
    expect_responder_spi(&l, 1, b.spi_r);
    expect_no_findings(&l, "sibling cookie_reused nat_rebind");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* .. and answers that make no SA go to the right one too. */
static void same_spi_refused(void)
{
    const twin a = { 20001, 1, 0x2222222222222201 }, b = { 20002, 2, 0x2222222222222301 };
    ladder l;

    ladder_begin(&l);
    nat_seen_outside(&l);
    speak_as(&l, &a);
    v2_init_req(&l, 14);
    speak_as(&l, &b);
    v2_init_req(&l, 14);
    v2_cookie(&l, 1);
    speak_as(&l, &a);
    v2_cookie(&l, 2);
    expect_sas(&l, 2);
    expect_pair(&l, 2, 3);
    expect_pair(&l, 1, 4);
    expect_responder_spi(&l, 0, 0);
    expect_responder_spi(&l, 1, 0);
    ladder_end(&l);
}

/* The SPI of an SA that came up, with another first message. */
static void spi_reused(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 3600);
    anew(&l);
    l.spi_r += 0x100;
    v2_establish(&l);
    expect_labels(&l, INIT " " AUTH " " INIT " " AUTH);
    expect_sas(&l, 2);
    expect_sa_of(&l, 5, 1);
    expect_sa_of(&l, 8, 1);
    expect_number(&l, 5, 1);
    expect_one_finding(&l, "cookie_reused", WARN);
    expect_finding_at(&l, 5, "cookie_reused");
    expect_no_finding(&l, "sibling");
    expect_no_finding(&l, "v2_msgid_reuse");
    ladder_end(&l);
}

static void both_initiate(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    change_sides(&l);
    next_sa(&l);
    v2_init_req(&l, 14);
    expect_sas(&l, 2);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_initiator(&l, 1, "10.2.0.2", 500);
    expect_one_finding(&l, "simul", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* Two tunnels between the same gateways begin at once, and the capture ends: neither was given
 * up. */
static void two_on_their_way(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    next_sa(&l);
    v2_init_req(&l, 14);
    expect_failed(&l, 0, false);
    expect_failed(&l, 1, false);
    expect_no_finding_above(&l, CHAT, NULL);
    long_after(&l);
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

/* A slow responder answers each copy of the offer; the capture holds port 500 only, so that what
 * follows is not in it. */
static void answered_to_each_copy(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    at(&l, 1);
    v2_init_req(&l, 14);
    at(&l, 3);
    v2_init_req(&l, 14);
    at(&l, 3.2);
    v2_init_resp(&l);
    at(&l, 3.6);
    v2_init_resp(&l);
    at(&l, 4);
    v2_init_resp(&l);
    long_after(&l);
    expect_finding(&l, "init_noreply", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/init/unanswered", unanswered);
    g_test_add_func("/ikev2/init/unanswered-capture-ends", unanswered_capture_ends);
    g_test_add_func("/ikev2/init/pending", pending);
    g_test_add_func("/ikev2/init/unanswered-once", unanswered_once);
    g_test_add_func("/ikev2/init/port-unreachable", port_unreachable);
    g_test_add_func("/ikev2/init/superseded", superseded);
    g_test_add_func("/ikev2/init/answered-again-and-again", answered_again_and_again);
    g_test_add_func("/ikev2/init/answered-again-once", answered_again_once);
    g_test_add_func("/ikev2/init/answered-and-nothing-more", answered_and_nothing_more);
    g_test_add_func("/ikev2/init/answered-and-the-capture-ends", answered_and_the_capture_ends);
    g_test_add_func("/ikev2/init/goes-on-after-a-repeat", goes_on_after_a_repeat);
    g_test_add_func("/ikev2/init/cookie-not-returned", cookie_not_returned);
    g_test_add_func("/ikev2/init/group-not-taken-up", group_not_taken_up);
    g_test_add_func("/ikev2/init/answered-by-a-status", answered_by_a_status);
    g_test_add_func("/ikev2/sa/siblings", siblings);
    g_test_add_func("/ikev2/sa/siblings-begins-anew", sibling_begins_anew);
    g_test_add_func("/ikev2/sa/second-sibling-abandoned", second_sibling_abandoned);
    g_test_add_func("/ikev2/sa/same-spi-behind-nat", same_spi_behind_nat);
    g_test_add_func("/ikev2/sa/same-spi-refused", same_spi_refused);
    g_test_add_func("/ikev2/sa/spi-reused", spi_reused);
    g_test_add_func("/ikev2/sa/both-initiate", both_initiate);
    g_test_add_func("/ikev2/init/two-on-their-way", two_on_their_way);
    g_test_add_func("/ikev2/init/answered-to-each-copy", answered_to_each_copy);
    return g_test_run();
}
