/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 fragments that were decrypted one by one (RFC 7383 2.5).
 */
#include "readable.h"

/* ---- fragments ---- */

static void fragment(ladder *l, unsigned number, unsigned total, bool has_plain)
{
    plain_of_auth_response(l, true, 0);
    if (!has_plain) {
        g_byte_array_unref(l->plain);
        l->plain = NULL;
    }
    v2_response_pieces(l, total, (char[]){ (char)('0' + number), 0 });
}

static void fragmented(ladder *l, const char *order, char without)
{
    v2_init(l);
    auth_request_with_keys(l);
    for (; *order; order++)
        fragment(l, (unsigned)(*order - '0'), 3, *order != without);
}

static void play_fragments(ladder *l)
{
    fragmented(l, "123", 0);
}

static void play_fragments_in_disorder(ladder *l)
{
    fragmented(l, "312", 0);
}

static void play_fragments_twice(ladder *l)
{
    fragmented(l, "13132", 0);
}

static void expect_fragments(ladder *l)
{
    expect_established(l, 0);
    expect_identities(l, "sun@example", "moon.example");
    expect_spis(l, 0, TO_INITIATOR, TO_RESPONDER);
    g_assert_true(ladder_record(l, l->frame)->is_decrypted);
    expect_in_report(l, "sa", "AES-GCM-16");
}

static void play_fragment_without(ladder *l)
{
    fragmented(l, "123", '2');
}

static void expect_fragment_without(ladder *l)
{
    expect_state(l, 0, IKE_STATE_PROBABLY_ESTABLISHED);
    expect_identities(l, "sun@example", NULL);
    expect_spis(l, 0, TO_INITIATOR, 0);
    g_assert_false(ladder_record(l, l->frame)->is_decrypted);
}

/* A fragment that was not decrypted at first comes again and is. */
static void play_fragment_late(ladder *l)
{
    v2_init(l);
    auth_request_with_keys(l);
    fragment(l, 1, 3, true);
    fragment(l, 2, 3, false);
    after(l, 2);
    fragment(l, 2, 3, true);
    fragment(l, 3, 3, true);
}

/* ---- more of IKEv2 ---- */

/* The parts are whole payloads of one size: without the second the rest could be read, but is not the message. */
static void whole_payloads(ladder *l, char without)
{
    v2_init(l);
    auth_request_with_keys(l);
    for (unsigned number = 1; number <= 3; number++) {
        wire_message c = inside();

        wire_payload_v2_plain_notify(&c, V2_N_AUTHENTICATION_FAILED);
        wire_payload_v2_plain_notify(&c, 16384);
        wire_payload_v2_plain_notify(&c, 16384);
        if ((char)('0' + number) == without)
            g_byte_array_unref(c.bytes);
        else
            with_plain(l, &c);
        v2_response_pieces(l, 3, (char[]){ (char)('0' + number), 0 });
    }
}

static void play_whole_payloads(ladder *l)
{
    whole_payloads(l, 0);
}

static void expect_whole_payloads(ladder *l)
{
    expect_finding(l, "auth_failed", ERROR);
    expect_observed(l, "auth_failed");
}

static void play_whole_payloads_without(ladder *l)
{
    whole_payloads(l, '2');
}

static void expect_whole_payloads_without(ladder *l)
{
    expect_no_finding(l, "auth_failed");
    g_assert_false(ladder_record(l, l->frame)->is_decrypted);
}

static void large(ladder *l, size_t size)
{
    v2_init(l);
    for (unsigned number = 1; number <= 50; number++) {
        wire_message c = inside();

        wire_payload_random(&c, IKE_PL_V2_CERT, size, 1);
        wire_payload_random(&c, IKE_PL_V2_CERT, size, 2);
        with_plain(l, &c);
        v2_auth_piece(l, number, 50);
    }
}

/* .. of all fragments together as long as a message may be, and longer. */
static void large_contents(void)
{
    ladder l;

    ladder_begin(&l);
    large(&l, 32000);
    g_assert_true(ladder_record(&l, l.frame)->is_decrypted);
    ladder_end(&l);
    ladder_begin(&l);
    large(&l, 33000);
    g_assert_false(ladder_record(&l, l.frame)->is_decrypted);
    check_all(l.tracker, l.frame);
    ladder_end(&l);
}

static const script scripts[] = {
    { "v2/fragments", play_fragments, expect_fragments },
    { "v2/fragments-in-disorder", play_fragments_in_disorder, expect_fragments },
    { "v2/fragments-twice", play_fragments_twice, expect_fragments },
    { "v2/fragment-without", play_fragment_without, expect_fragment_without },
    { "v2/fragment-late", play_fragment_late, expect_fragments },
    { "v2/whole-payloads", play_whole_payloads, expect_whole_payloads },
    { "v2/whole-payloads-without", play_whole_payloads_without, expect_whole_payloads_without },
};

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add_scripts(scripts, G_N_ELEMENTS(scripts));
    g_test_add_func("/decrypted/large-contents", large_contents);
    return g_test_run();
}
