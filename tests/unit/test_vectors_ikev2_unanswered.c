/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Requests of an established IKEv2 SA that nobody answers, and what looks like them.
 */
#include "ladder2.h"

/* ---- liveness ---- */

static void liveness_fails(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    after(&l, 60);
    for (int i = 0; i < 3; i++) {
        v2_info_req(&l, INITIATOR, 3);
        after(&l, 2 << i);
    }
    long_after(&l);
    expect_labels(&l, UP " " INFO " INFORMATIONAL.req INFORMATIONAL.req+ INFORMATIONAL.req+ .");
    expect_one_finding(&l, "dpd_fail", WARN);
    expect_finding_at(&l, 9, "dpd_fail");
    expect_no_finding(&l, "info_noresp");
    expect_established(&l, 0);
    ladder_end(&l);
}

/* The type of the first payload inside is cut off: it may be a delete, after which nobody answers. */
static void liveness_or_delete(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 60);
    l.snaplen = 20 + 8 + 28;
    for (int i = 0; i < 4; i++) {
        v2_info_req(&l, INITIATOR, 2);
        after(&l, 2 << i);
    }
    long_after(&l);
    expect_no_finding(&l, "dpd_fail");
    expect_finding(&l, "info_noresp", WARN);
    ladder_end(&l);
}

static void liveness_of_the_responder_fails(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 60);
    for (int i = 0; i < 4; i++) {
        v2_info_req(&l, RESPONDER, 0);
        after(&l, 2 << i);
    }
    long_after(&l);
    expect_finding(&l, "dpd_fail", WARN);
    expect_no_finding(&l, "info_noresp");
    expect_no_finding(&l, "oneway_capture");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* The third sending got through. */
static void liveness_recovers(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 60);
    for (int i = 0; i < 3; i++) {
        v2_info_req(&l, INITIATOR, 2);
        after(&l, 2);
    }
    v2_info_resp(&l, INITIATOR, 2);
    long_after(&l);
    expect_no_finding(&l, "dpd_fail");
    expect_nothing_unanswered(&l);
    expect_findings(&l, "retrans", 2);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void request_after_a_minute(ladder *l)
{
    ladder_begin(l);
    v2_establish(l);
    after(l, 60);
    v2_info_req(l, INITIATOR, 2);
}

static void information_twice(void)
{
    ladder l;

    request_after_a_minute(&l);
    after(&l, 2);
    v2_info_req(&l, INITIATOR, 2);
    long_after(&l);
    expect_one_finding(&l, "info_noresp", WARN);
    expect_finding_at(&l, 6, "info_noresp");
    expect_no_finding(&l, "dpd_fail");
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

static void information_once(void)
{
    ladder l;

    request_after_a_minute(&l);
    long_after(&l);
    expect_finding(&l, "info_noresp", NOTE);
    expect_finding_at(&l, 5, "info_noresp");
    expect_no_finding(&l, "dpd_fail");
    expect_no_finding(&l, "pending");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void information_pending(void)
{
    ladder l;

    request_after_a_minute(&l);
    after(&l, 1);
    foreign(&l);
    expect_finding(&l, "pending", CHAT);
    expect_no_finding(&l, "info_noresp");
    expect_no_finding(&l, "dpd_fail");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- CREATE_CHILD_SA and IKE_FOLLOWUP_KE ---- */

static void child_unanswered(gconstpointer data)
{
    const uint8_t exchange = (uint8_t)GPOINTER_TO_UINT(data);
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_child(&l, INITIATOR, 2);
    after(&l, 60);
    for (int i = 0; i < 3; i++) {
        v2_request(&l, INITIATOR, exchange, 3, V2_CHILD_LENGTH);
        after(&l, 2);
    }
    long_after(&l);
    expect_one_finding(&l, "child_noresp", WARN);
    expect_finding_at(&l, 9, "child_noresp");
    expect_no_finding(&l, "dpd_fail");
    expect_established(&l, 0);
    ladder_end(&l);
}

static void children(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_child(&l, INITIATOR, 2);
    v2_request(&l, INITIATOR, IKE_XCHG_V2_FOLLOWUP_KE, 3, 900);
    v2_response(&l, INITIATOR, IKE_XCHG_V2_FOLLOWUP_KE, 3, 880);
    v2_child(&l, RESPONDER, 0);
    long_after(&l);
    expect_labels(&l, UP " " CHILD " IKE_FOLLOWUP_KE.req IKE_FOLLOWUP_KE.resp " CHILD " .");
    for (uint32_t frame = 5; frame <= 10; frame++)
        expect_number(&l, frame, 0);
    expect_sas(&l, 1);
    expect_no_finding(&l, "child_noresp");
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* ---- beside another SA ---- */

/* A request of the initiator, three times, that nobody answers. */
static void probe_in_vain(ladder *l, uint32_t id)
{
    v2_info_req(l, INITIATOR, id);
    after(l, 4);
    v2_info_req(l, INITIATOR, id);
    after(l, 7);
    v2_info_req(l, INITIATOR, id);
}

/* A tunnel, and ten minutes later another one, which is the current SA. Returns the older. */
static v2_spis two_tunnels(ladder *l)
{
    v2_spis older;

    ladder_begin(l);
    v2_establish(l);
    older = v2_current(l);
    after(l, 600);
    next_sa(l);
    v2_establish(l);
    return older;
}

/* Two tunnels between the same gateways: the newer is deleted, and the answer to that is lost. */
static void peer_goes_on_beside(void)
{
    ladder l;
    v2_spis older;

    older = two_tunnels(&l);
    after(&l, 600);
    probe_in_vain(&l, 2);
    v2_use(&l, older);
    after(&l, 20);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_finding(&l, "dpd_fail", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* A second tunnel that came and went long before does not excuse a peer that is dead now. */
static void newer_sa_ended(void)
{
    ladder l;
    v2_spis older;

    older = two_tunnels(&l);
    v2_info(&l, INITIATOR, 2);
    v2_use(&l, older);
    after(&l, 600);
    v2_info(&l, INITIATOR, 2);
    after(&l, 30);
    probe_in_vain(&l, 3);
    long_after(&l);
    expect_finding(&l, "dpd_fail", WARN);
    expect_no_finding(&l, "superseded");
    ladder_end(&l);
}

/* Make before break: the old SA is deleted eight seconds after the new one began, unanswered. */
static void newer_sa_began_before(void)
{
    ladder l;
    v2_spis older;

    older = two_tunnels(&l);
    v2_use(&l, older);
    after(&l, 8);
    probe_in_vain(&l, 2);
    long_after(&l);
    expect_finding(&l, "superseded", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/liveness/fails", liveness_fails);
    g_test_add_func("/ikev2/liveness/of-the-responder-fails", liveness_of_the_responder_fails);
    g_test_add_func("/ikev2/liveness/cut-off", liveness_or_delete);
    g_test_add_func("/ikev2/liveness/recovers", liveness_recovers);
    g_test_add_func("/ikev2/information/twice", information_twice);
    g_test_add_func("/ikev2/information/once", information_once);
    g_test_add_func("/ikev2/information/pending", information_pending);
    g_test_add_data_func("/ikev2/child/unanswered", GUINT_TO_POINTER(IKE_XCHG_V2_CREATE_CHILD),
                         child_unanswered);
    g_test_add_data_func("/ikev2/child/followup-unanswered",
                         GUINT_TO_POINTER(IKE_XCHG_V2_FOLLOWUP_KE), child_unanswered);
    g_test_add_func("/ikev2/child/answered", children);
    g_test_add_func("/ikev2/info/peer-goes-on-beside", peer_goes_on_beside);
    g_test_add_func("/ikev2/info/newer-sa-ended", newer_sa_ended);
    g_test_add_func("/ikev2/info/newer-sa-began-before", newer_sa_began_before);
    return g_test_run();
}
