/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 in captures of one direction or with time running backwards, next to IKEv1, and resumed.
 */
#include "ladder2.h"

/* ---- captures ---- */

/* What the initiator sends proves that answers came. */
static void one_way(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_auth_req(&l, 1);
    v2_info_req(&l, INITIATOR, 2);
    after(&l, 20);
    v2_info_req(&l, INITIATOR, 3);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.req IKE_AUTH.req INFORMATIONAL.req INFORMATIONAL.req .");
    expect_sas(&l, 1);
    expect_one_finding(&l, "oneway_capture", NOTE);
    expect_nothing_unanswered(&l);
    expect_no_finding(&l, "dpd_fail");
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void other_way(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_resp(&l);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    v2_info_req(&l, RESPONDER, 0);
    after(&l, 2);
    v2_info_req(&l, RESPONDER, 1);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.resp IKE_AUTH.resp INFORMATIONAL.req INFORMATIONAL.req .");
    expect_sas(&l, 1);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_nothing_unanswered(&l);
    expect_no_finding(&l, "init_noreply");
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* A merge brings the answer before the request. */
static void time_runs_backwards(void)
{
    ladder l;

    ladder_begin(&l);
    at(&l, 1.01);
    v2_init_resp(&l);
    at(&l, 1);
    v2_init_req(&l, 14);
    at(&l, 1.03);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    at(&l, 1.02);
    v2_auth_req(&l, 1);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.resp IKE_SA_INIT.req IKE_AUTH.resp IKE_AUTH.req .");
    expect_sas(&l, 1);
    expect_number(&l, 2, 1);
    expect_pair(&l, 2, 1);
    expect_pair(&l, 4, 3);
    expect_initiator(&l, 0, "10.1.0.2", 500);
    expect_no_finding(&l, "retrans");
    expect_no_finding(&l, "cookie_reused");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* The second sending has an earlier time than the first: no verdict rests on times. */
static void resent_backwards(void)
{
    ladder l;

    ladder_begin(&l);
    at(&l, 10);
    v2_init_req(&l, 14);
    at(&l, 1);
    v2_init_req(&l, 14);
    at(&l, 1.1);
    v2_init_resp(&l);
    v2_auth(&l);
    long_after(&l);
    expect_sas(&l, 1);
    expect_pair(&l, 1, 3);
    expect_no_finding(&l, "slow");
    expect_no_finding(&l, "late_copy");
    expect_nothing_unanswered(&l);
    expect_failed(&l, 0, false);
    ladder_end(&l);
}

/* ---- versions ---- */

/* Frame 2 refuses the version of frame 1. */
static void expect_version_refused(ladder *l)
{
    long_after(l);
    expect_sas(l, 1);
    expect_finding(l, "mm_version", ERROR);
    expect_finding_at(l, 2, "mm_version");
    expect_nothing_unanswered(l);
    expect_failed(l, 0, true);
}

static void version_refused_by_v2(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    v2_init_error(&l, V2_N_INVALID_MAJOR_VERSION);
    expect_version_refused(&l);
    expect_labels(&l, INIT " .");
    expect_no_finding(&l, "init_reject");
    ladder_end(&l);
}

/* A peer that speaks IKEv1 only. */
static void version_refused_by_v1(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    refuse(&l, RESPONDER, 5);
    expect_version_refused(&l);
    expect_labels(&l, "IKE_SA_INIT.req INFO .");
    ladder_end(&l);
}

static void main_mode_refused_by_v2(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    v2_clear_error(&l, INITIATOR, IKE_XCHG_V2_INFO, 0, V2_N_INVALID_MAJOR_VERSION);
    expect_version_refused(&l);
    ladder_end(&l);
}

/* Both versions between the same hosts are two negotiations that do not touch. */
static void both_versions(void)
{
    ladder l;

    ladder_begin(&l);
    mm1(&l);
    next_sa(&l);
    v2_init_req(&l, 14);
    l.spi_i--, l.spi_r--;
    mm2(&l);
    mm3(&l);
    next_sa(&l);
    v2_init_resp(&l);
    v2_auth(&l);
    l.spi_i--, l.spi_r--;
    mm4(&l);
    mm5(&l);
    mm6(&l);
    quick_mode(&l, 0xa1);
    long_after(&l);
    expect_labels(&l, "MM1 IKE_SA_INIT.req MM2 MM3 IKE_SA_INIT.resp " AUTH
                      " MM4 MM5 MM6 QM1 QM2 QM3 .");
    expect_sas(&l, 2);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_state(&l, 1, IKE_STATE_ESTABLISHED);
    expect_no_finding(&l, "mm_version");
    expect_no_finding(&l, "simul");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* .. even when the SPIs are the same numbers. */
static void both_versions_same_spis(void)
{
    ladder l;

    ladder_begin(&l);
    main_mode(&l);
    quick_mode(&l, 0xa1);
    v2_establish(&l);
    long_after(&l);
    expect_labels(&l, "MM1 MM2 MM3 MM4 MM5 MM6 QM1 QM2 QM3 " INIT " " AUTH " .");
    expect_sas(&l, 2);
    expect_sa_of(&l, 10, 1);
    expect_sa_of(&l, 13, 1);
    expect_no_finding(&l, "mm_version");
    ladder_end(&l);
}

/* ---- IKE_SESSION_RESUME ---- */

static void resumption(void)
{
    ladder l;

    ladder_begin(&l);
    v2_resume_req(&l);
    v2_resume_resp(&l);
    v2_auth(&l);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, "IKE_SESSION_RESUME.req IKE_SESSION_RESUME.resp " AUTH " " INFO " .");
    expect_pair(&l, 1, 2);
    expect_number(&l, 1, 0);
    expect_number(&l, 3, 1);
    expect_sas(&l, 1);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    expect_no_findings(&l, "resume_nack resume_noresp joined");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void resumption_unanswered(void)
{
    ladder l;

    ladder_begin(&l);
    for (int i = 0; i < 3; i++) {
        v2_resume_req(&l);
        after(&l, 2 << i);
    }
    long_after(&l);
    expect_labels(&l, "IKE_SESSION_RESUME.req IKE_SESSION_RESUME.req+ IKE_SESSION_RESUME.req+ .");
    expect_finding(&l, "resume_noresp", WARN);
    expect_finding_at(&l, 3, "resume_noresp");
    expect_no_finding(&l, "init_noresp");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void resumption_refused(void)
{
    ladder l;

    ladder_begin(&l);
    v2_resume_req(&l);
    v2_resume_nack(&l);
    next_sa(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, "IKE_SESSION_RESUME.req IKE_SESSION_RESUME.resp " INIT " " AUTH " " INFO
                      " .");
    expect_pair(&l, 1, 2);
    expect_sas(&l, 2);
    expect_finding_at(&l, 2, "resume_nack");
    expect_no_finding(&l, "resume_noresp");
    expect_no_finding(&l, "init_reject");
    expect_nothing_unanswered(&l);
    expect_state(&l, 1, IKE_STATE_ESTABLISHED);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* ---- what captures do to packets ---- */

/* Vector 68: only the header of each message is there, and the type of its first payload. */
static void headers_only(size_t snaplen)
{
    ladder l;

    ladder_begin(&l);
    l.snaplen = snaplen;
    v2_init_req(&l, 14);
    v2_cookie(&l, 1);
    v2_retry(&l, 14, 1);
    v2_init_resp(&l);
    v2_auth(&l);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_labels(&l, INIT " " INIT " " AUTH " " INFO " .");
    expect_sas(&l, 1);
    expect_pair(&l, 3, 4);
    expect_pair(&l, 5, 6);
    expect_number(&l, 3, 2);
    expect_number(&l, 5, 1);
    expect_finding(&l, "truncated", NOTE);
    expect_no_findings(&l, "malformed auth_small natt_detected");
    expect_nothing_unanswered(&l);
    expect_established(&l, 0);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void snaplen_60(void)
{
    headers_only(60);
}

/* 68 bytes of Ethernet, the old default of tcpdump: half of the length field is missing. */
static void snaplen_68_of_ethernet(void)
{
    headers_only(68 - 14);
}

static void port_mirroring(void)
{
    ladder l;

    ladder_begin(&l);
    mirrored(&l, v2_offer);
    mirrored(&l, v2_init_resp);
    mirrored(&l, v2_ask);
    mirrored(&l, v2_answer);
    long_after(&l);
    expect_labels(&l, "IKE_SA_INIT.req IKE_SA_INIT.req= IKE_SA_INIT.resp IKE_SA_INIT.resp= "
                      "IKE_AUTH.req IKE_AUTH.req= IKE_AUTH.resp IKE_AUTH.resp= .");
    expect_messages(&l, 4);
    expect_pair(&l, 1, 3);
    expect_pair(&l, 5, 7);
    expect_number(&l, 6, 1);
    expect_findings(&l, "dup_capture", 4);
    expect_no_finding(&l, "retrans");
    expect_no_finding(&l, "v2_msgid_reuse");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* A loop brings a request back to its sender. */
static void reflection(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init_req(&l, 14);
    change_sides(&l);
    send_datagram(&l, INITIATOR, l.packet->data + 28, l.packet->len - 28);
    expect_labels(&l, "IKE_SA_INIT.req IKE_SA_INIT.req<");
    expect_sas(&l, 1);
    expect_finding(&l, "reflect", ERROR);
    expect_finding_at(&l, 2, "reflect");
    expect_no_finding(&l, "simul");
    expect_initiator(&l, 0, "10.1.0.2", 500);
    ladder_end(&l);
}

static void ipv6(void)
{
    ladder l;

    ladder_begin(&l);
    host_is(&l, INITIATOR, "2001:db8::2", 500);
    host_is(&l, RESPONDER, "2001:db8:1::2", 500);
    v2_establish(&l);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " " INFO " .");
    expect_initiator(&l, 0, "2001:db8::2", 500);
    expect_nat(&l, 0, IKE_ROLE_INITIATOR, IKE_NAT_NO);
    expect_nat(&l, 0, IKE_ROLE_RESPONDER, IKE_NAT_NO);
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* Both ends have one address: ports and flags tell them apart. */
static void loopback(void)
{
    ladder l;

    ladder_begin(&l);
    host_is(&l, INITIATOR, "127.0.0.1", 500);
    host_is(&l, RESPONDER, "127.0.0.1", 501);
    v2_establish(&l);
    v2_info(&l, RESPONDER, 0);
    long_after(&l);
    expect_labels(&l, INIT " " AUTH " " INFO " .");
    expect_sender(&l, 1, IKE_ROLE_INITIATOR);
    expect_sender(&l, 2, IKE_ROLE_RESPONDER);
    expect_sender(&l, 5, IKE_ROLE_RESPONDER);
    expect_initiator(&l, 0, "127.0.0.1", 500);
    expect_pair(&l, 5, 6);
    expect_no_finding(&l, "reflect");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

/* A peer deletes the SA and closes its port without waiting for the answer. */
static void port_closed_after_delete(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 60);
    v2_info(&l, INITIATOR, 2);
    icmp_error(&l, RESPONDER, 3, 3, 100);
    long_after(&l);
    expect_finding(&l, "icmp_unreach", NOTE);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

/* A router that forwards its own port 500 and hides the sender, captured on both sides of
 * itself. */
static void nat_that_is_the_responder(void)
{
    ladder l;
    ladder_host client, router;

    ladder_begin(&l);
    client = l.hosts[INITIATOR];
    router = l.hosts[RESPONDER];
    v2_init_req(&l, 14);
    l.hosts[INITIATOR].seen = router.seen;
    l.hosts[RESPONDER].seen.addr = ike_addr_make(4, (const uint8_t[]){ 10, 2, 0, 99 });
    v2_init(&l);
    l.hosts[INITIATOR] = client;
    l.hosts[RESPONDER] = router;
    v2_init_resp(&l);
    move_to_4500(&l);
    v2_auth(&l);
    long_after(&l);
    expect_no_finding(&l, "reflect");
    expect_no_finding_above(&l, CHAT, NULL);
    expect_state(&l, 0, IKE_STATE_ESTABLISHED);
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/capture/one-way", one_way);
    g_test_add_func("/ikev2/capture/other-way", other_way);
    g_test_add_func("/ikev2/capture/time-runs-backwards", time_runs_backwards);
    g_test_add_func("/ikev2/capture/resent-backwards", resent_backwards);
    g_test_add_func("/ikev2/version/refused-by-v2", version_refused_by_v2);
    g_test_add_func("/ikev2/version/refused-by-v1", version_refused_by_v1);
    g_test_add_func("/ikev2/version/main-mode-refused-by-v2", main_mode_refused_by_v2);
    g_test_add_func("/ikev2/version/both", both_versions);
    g_test_add_func("/ikev2/version/both-with-the-same-spis", both_versions_same_spis);
    g_test_add_func("/ikev2/resume/clean", resumption);
    g_test_add_func("/ikev2/resume/unanswered", resumption_unanswered);
    g_test_add_func("/ikev2/resume/refused", resumption_refused);
    g_test_add_func("/ikev2/capture/snaplen-60", snaplen_60);
    g_test_add_func("/ikev2/capture/snaplen-68-of-ethernet", snaplen_68_of_ethernet);
    g_test_add_func("/ikev2/capture/port-mirroring", port_mirroring);
    g_test_add_func("/ikev2/capture/reflection", reflection);
    g_test_add_func("/ikev2/capture/ipv6", ipv6);
    g_test_add_func("/ikev2/capture/loopback", loopback);
    g_test_add_func("/ikev2/capture/port-closed-after-delete", port_closed_after_delete);
    g_test_add_func("/ikev2/capture/nat-that-is-the-responder", nat_that_is_the_responder);
    return g_test_run();
}
