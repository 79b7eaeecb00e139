/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Messages of IKEv2 in IP fragments, and what falls back to fragments of its own (RFC 7383 2.4).
 */
#include "ladder2.h"

static void long_request(ladder *l, const char *pieces)
{
    in_ip_fragments(l, 1480, pieces);
    v2_request(l, INITIATOR, IKE_XCHG_V2_AUTH, 1, 1652);
}

static void ip_fragments(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    long_request(&l, NULL);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    long_after(&l);
    expect_labels(&l, INIT " ~ IKE_AUTH.req IKE_AUTH.resp .");
    expect_piece(&l, 3, 1, 2, 4);
    expect_pair(&l, 4, 5);
    expect_finding_at(&l, 4, "ipfrag");
    expect_no_finding(&l, "skf");
    expect_no_finding_above(&l, CHAT, NULL);
    ladder_end(&l);
}

static void lost_ip_fragments(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    for (int i = 0; i < 4; i++) {
        long_request(&l, "1");
        after(&l, 1 << i);
    }
    long_after(&l);
    expect_labels(&l, INIT " ~ ~ ~ ~ .");
    expect_finding(&l, "ipfrag_loss", WARN);
    expect_one_finding(&l, "auth_noresp", WARN);
    expect_no_finding(&l, "init_noreply");
    expect_failed(&l, 0, true);
    ladder_end(&l);
}

static void send_auth(ladder *l, size_t length, size_t cut)
{
    if (cut)
        in_ip_fragments(l, cut, NULL);
    v2_request(l, INITIATOR, IKE_XCHG_V2_AUTH, 1, length);
    l->ip = (ladder_cut){ 0 };
}

static void skf_fallback(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    send_auth(&l, 1800, 1480);
    after(&l, 2);
    v2_auth_pieces(&l, 2, "12");
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    expect_finding(&l, "skf_fallback", NOTE);
    expect_finding_says(&l, "skf_fallback", "in IP fragments");
    expect_nothing_unanswered(&l);
    expect_no_finding_above(&l, NOTE, NULL);
    ladder_end(&l);
}

static void no_skf_fallback(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_pieces(&l, 2, "12");
    after(&l, 2);
    v2_auth_pieces(&l, 2, "12");
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    expect_finding(&l, "retrans", NOTE);
    expect_no_finding(&l, "skf_fallback");
    ladder_end(&l);
}

static void big_message(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    send_auth(&l, 3008, 1480);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    expect_finding(&l, "big_message", NOTE);
    ladder_end(&l);
    ladder_begin(&l);
    v2_init(&l);
    send_auth(&l, 3000, 1480);
    v2_auth_resp(&l, 1, V2_AUTH_LENGTH);
    expect_no_finding(&l, "big_message");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ikev2/ipfrag/complete", ip_fragments);
    g_test_add_func("/ikev2/ipfrag/lost", lost_ip_fragments);
    g_test_add_func("/ikev2/skf/fallback", skf_fallback);
    g_test_add_func("/ikev2/skf/no-fallback", no_skf_fallback);
    g_test_add_func("/ikev2/big-message", big_message);
    return g_test_run();
}
