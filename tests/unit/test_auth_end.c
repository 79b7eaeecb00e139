/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 SAs that end with IKE_AUTH: the response does not arrive, or a side ends the SA right after it.
 */
#include "ladder2.h"

#define NO_CHILD_LENGTH 128

/* ---- responses that do not arrive ---- */

static void ask_again(ladder *l, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        after(l, 4);
        v2_auth_req(l, 1);
        v2_auth_resp(l, 1, V2_AUTH_LENGTH);
    }
}

static void response_is_lost(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    ask_again(&l, 3);
    expect_no_finding(&l, "auth_ignored"); /* the capture ends too soon */
    long_after(&l);
    expect_finding(&l, "auth_ignored", WARN);
    expect_finding_at(&l, 9, "auth_ignored");
    expect_inferred(&l, "auth_ignored");
    expect_state(&l, 0, IKE_STATE_AUTHENTICATING);
    g_assert_true(ladder_sa(&l, 0)->is_failed);
    ladder_end(&l);
}

static void response_is_late(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    ask_again(&l, 2); /* less may be bad luck, and nothing has to follow */
    long_after(&l);
    expect_no_finding(&l, "auth_ignored");
    ladder_end(&l);

    ladder_begin(&l);
    v2_establish(&l);
    ask_again(&l, 3);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_no_finding(&l, "auth_ignored");
    ladder_end(&l);

    ladder_begin(&l);
    v2_establish(&l);
    ask_again(&l, 3);
    esp_both_ways(&l);
    long_after(&l);
    expect_no_finding(&l, "auth_ignored");
    ladder_end(&l);
}

/* What it asked for is not there, but the IKE SA is. */
static void child_response_is_lost(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_child(&l, INITIATOR, 2);
    for (int i = 0; i < 3; i++) {
        after(&l, 4);
        v2_child(&l, INITIATOR, 2);
    }
    long_after(&l);
    expect_finding(&l, "resp_ignored", WARN);
    g_assert_false(ladder_sa(&l, 0)->is_failed);
    ladder_end(&l);
}

/* ---- an end right after the beginning ---- */

static void says(ladder *l, ladder_side by, uint8_t first, uint32_t id)
{
    l->v2.inner = first;
    v2_info_req(l, by, id);
    l->v2.inner = 0;
    v2_info_resp(l, by, id);
}

static void ended_at_once(void)
{
    static const struct {
        ladder_side by;
        uint8_t first;
        uint32_t id;
    } ends[] = {
        { INITIATOR, IKE_PL_V2_DELETE, 2 }, { INITIATOR, IKE_PL_V2_NOTIFY, 2 }, { RESPONDER, IKE_PL_V2_DELETE, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
        ladder l;

        ladder_begin(&l);
        v2_establish(&l);
        says(&l, ends[i].by, ends[i].first, ends[i].id);
        long_after(&l);
        expect_finding(&l, "auth_delete", WARN);
        expect_finding_at(&l, 5, "auth_delete");
        expect_inferred(&l, "auth_delete");
        g_assert_true(ladder_sa(&l, 0)->is_failed);
        ladder_end(&l);
    }
}

static void ended_without_child(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, NO_CHILD_LENGTH);
    says(&l, INITIATOR, IKE_PL_V2_DELETE, 2);
    long_after(&l);
    expect_finding_says(&l, "auth_delete", "no room for a Child SA");
    ladder_end(&l);
}

/* A liveness check, a notify of the responder, an end after a while or after ESP. */
static void goes_on(void)
{
    ladder l;

    ladder_begin(&l);
    v2_establish(&l);
    v2_info(&l, INITIATOR, 2);
    long_after(&l);
    expect_no_finding(&l, "auth_delete");
    ladder_end(&l);

    ladder_begin(&l);
    v2_establish(&l);
    says(&l, RESPONDER, IKE_PL_V2_NOTIFY, 0);
    long_after(&l);
    expect_no_finding(&l, "auth_delete");
    ladder_end(&l);

    ladder_begin(&l);
    v2_establish(&l);
    after(&l, 3);
    says(&l, INITIATOR, IKE_PL_V2_DELETE, 2);
    long_after(&l);
    expect_no_finding(&l, "auth_delete");
    ladder_end(&l);

    ladder_begin(&l);
    v2_establish(&l);
    esp_both_ways(&l);
    says(&l, INITIATOR, IKE_PL_V2_DELETE, 2);
    long_after(&l);
    expect_no_finding(&l, "auth_delete");
    ladder_end(&l);
}

/* The response is too small for more than an error, and the initiator says goodbye. */
static void small_and_ended(void)
{
    ladder l;

    ladder_begin(&l);
    v2_init(&l);
    v2_auth_req(&l, 1);
    v2_auth_resp(&l, 1, V2_SMALL_LENGTH);
    says(&l, INITIATOR, IKE_PL_V2_DELETE, 2);
    long_after(&l);
    expect_finding_says(&l, "auth_small", "the initiator ends the SA");
    expect_no_finding(&l, "auth_delete");
    ladder_end(&l);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/auth-end/response-is-lost", response_is_lost);
    g_test_add_func("/auth-end/response-is-late", response_is_late);
    g_test_add_func("/auth-end/child-response-is-lost", child_response_is_lost);
    g_test_add_func("/auth-end/ended-at-once", ended_at_once);
    g_test_add_func("/auth-end/ended-without-child", ended_without_child);
    g_test_add_func("/auth-end/goes-on", goes_on);
    g_test_add_func("/auth-end/small-and-ended", small_and_ended);
    return g_test_run();
}
