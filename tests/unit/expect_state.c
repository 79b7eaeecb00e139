/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a test expects of a conversation once it is over: its SAs, and what is said of frames.
 */
#include "expect.h"

/* ---- SAs ---- */

ike_sa *ladder_sa(ladder *l, unsigned number)
{
    const ike_list *sas;

    test_finish(l);
    sas = ike_tracker_sas(l->tracker);
    if (number >= sas->len)
        g_error("there is no SA %u", number);
    return sas->pdata[number];
}

const ike_flow *flow_of(ladder *l, uint32_t spi)
{
    const ike_list *flows = ike_tracker_flows(l->tracker);

    for (guint i = 0; i < flows->len; i++)
        if (((const ike_flow *)flows->pdata[i])->spi == spi)
            return flows->pdata[i];
    g_error("there is no flow %08x", spi);
    return NULL;
}

void expect_sas(ladder *l, unsigned count)
{
    test_finish(l);
    test_compare_numbers("SAs", ike_tracker_sas(l->tracker)->len, count);
}

/* The same as ladder_sa, but a test that misses it goes on. */
static const ike_sa *find_sa(ladder *l, unsigned number)
{
    const ike_list *sas;

    test_finish(l);
    sas = ike_tracker_sas(l->tracker);
    if (number < sas->len)
        return sas->pdata[number];
    test_fail("there is no SA %u", number);
    return NULL;
}

void expect_state(ladder *l, unsigned number, ike_state state)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa)
        test_compare("state", ike_state_name(sa->state), ike_state_name(state));
}

void expect_failed(ladder *l, unsigned number, bool failed)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa)
        test_compare(failed ? "SA failed" : "SA did not fail", sa->is_failed ? "failed" : "not failed",
                failed ? "failed" : "not failed");
}

void expect_established(ladder *l, unsigned number)
{
    expect_state(l, number, IKE_STATE_ESTABLISHED);
    expect_failed(l, number, false);
}

void expect_responder_spi(ladder *l, unsigned number, uint64_t spi)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa && sa->spi_r != spi)
        test_fail("SPI of the responder: expected %016" G_GINT64_MODIFIER "x, found %016"
             G_GINT64_MODIFIER "x", spi, sa->spi_r);
}

void expect_initiator(ladder *l, unsigned number, const char *addr, uint16_t port)
{
    const ike_sa *sa = find_sa(l, number);
    const ike_endpoint should = wire_endpoint(addr, port);
    GString *is = g_string_new(NULL), *expected = g_string_new(NULL);

    if (!sa)
        g_string_append(is, "no SA");
    else if (sa->initiator == IKE_SIDE_NONE)
        g_string_append(is, "unknown");
    else
        ike_endpoint_append(is, &sa->sides[sa->initiator].endpoints[0]);
    ike_endpoint_append(expected, &should);
    test_compare("initiator", is->str, expected->str);
    g_string_free(is, TRUE);
    g_string_free(expected, TRUE);
}

void expect_no_initiator(ladder *l, unsigned number)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa)
        test_compare_numbers("initiator is not known", sa->initiator, IKE_SIDE_NONE);
}

void expect_nat(ladder *l, unsigned number, ike_role role, ike_natted natted)
{
    static const char *const names[] = { "unknown", "no", "maybe", "proven" };
    const ike_sa *sa = find_sa(l, number);

    if (!sa)
        return;
    test_compare(role == IKE_ROLE_INITIATOR ? "NAT before the initiator" : "NAT before the responder",
            names[ike_sa_natted(sa, ike_sa_side_of(sa, role))], names[natted]);
}

void expect_parent(ladder *l, unsigned number, unsigned parent)
{
    const ike_sa *sa = find_sa(l, number);

    if (!sa)
        return;
    if (!sa->more->parent)
        test_fail("SA %u has no parent", number);
    else
        test_compare_numbers("parent of the SA", sa->more->parent->number, parent);
}

void expect_no_parent(ladder *l, unsigned number)
{
    const ike_sa *sa = find_sa(l, number);

    if (sa && sa->more->parent)
        test_fail("SA %u has the parent %u", number, sa->more->parent->number);
}

/* ---- frames ---- */

ike_record *ladder_record(ladder *l, uint32_t frame)
{
    test_finish(l);
    for (ike_note *note = ike_tracker_notes(l->tracker, frame); note; note = note->next)
        if (ike_note_record(note))
            return ike_note_record(note);
    return NULL;
}

static ike_record *record(ladder *l, uint32_t frame)
{
    ike_record *r = ladder_record(l, frame);

    if (!r)
        test_fail("frame %u holds no message or piece", frame);
    return r;
}

void expect_sender(ladder *l, uint32_t frame, ike_role role)
{
    static const char *const names[] = { "unknown", "initiator", "responder" };
    const ike_record *r = record(l, frame);

    if (r)
        test_compare("sender", names[ike_sa_role(r->note.sa, r->side)], names[role]);
}

void expect_number(ladder *l, uint32_t frame, unsigned number)
{
    ike_record *r = record(l, frame);
    char what[64];

    if (!r)
        return;
    g_snprintf(what, sizeof what, "frame %u: number in the label", frame);
    test_compare_numbers(what, ike_record_first(r)->label.number, number);
}

void expect_known_by(ladder *l, uint32_t frame, ike_known_by known_by)
{
    static const char *const names[] = { "not", "guess", "order", "direction", "content", "keys" };

    const ike_record *r = record(l, frame);

    if (r)
        test_compare("known by", names[r->known_by], names[known_by]);
}

void expect_state_after(ladder *l, uint32_t frame, ike_state state)
{
    const ike_record *r = record(l, frame);

    if (r)
        test_compare("state after the frame", ike_state_name(ike_record_state(r, true)),
                ike_state_name(state));
}

void expect_no_sa_of(ladder *l, uint32_t frame)
{
    const ike_record *r = record(l, frame);

    if (r && r->note.sa)
        test_fail("frame %u belongs to SA %u", frame, r->note.sa->number);
}

void expect_sends(ladder *l, uint32_t frame, unsigned sends)
{
    const ike_record *r = record(l, frame);

    if (r)
        test_compare_numbers("sendings", ike_record_sends(r), sends);
}

void expect_sa_of(ladder *l, uint32_t frame, unsigned sa)
{
    const ike_note *note = ike_tracker_notes(l->tracker, frame);

    if (!note || !note->sa)
        test_fail("frame %u belongs to no SA", frame);
    else
        test_compare_numbers("SA of the frame", note->sa->number, sa);
}

static uint32_t frame_of(const ike_record *r)
{
    return r ? r->note.frame : 0;
}

void expect_pair(ladder *l, uint32_t request, uint32_t response)
{
    const ike_record *asks = record(l, request), *answers = record(l, response);

    if (asks)
        test_compare_numbers("response in", frame_of(asks->response), response);
    if (answers)
        test_compare_numbers("request in", frame_of(answers->request), request);
}

void expect_no_response(ladder *l, uint32_t frame)
{
    const ike_record *r = record(l, frame);

    if (r)
        test_compare_numbers("response in", frame_of(r->response), 0);
}

void expect_retransmission(ladder *l, uint32_t frame, uint32_t of, unsigned number)
{
    const ike_record *r = record(l, frame);

    if (!r)
        return;
    test_compare_numbers("is a retransmission", r->copy, IKE_COPY_RETRANSMISSION);
    test_compare_numbers("retransmission of", frame_of(r->rare->first), of);
    test_compare_numbers("number of the retransmission", r->rare->copy_number, number);
}

void expect_duplicate(ladder *l, uint32_t frame, uint32_t of)
{
    const ike_record *r = record(l, frame);

    if (!r)
        return;
    test_compare_numbers("is a duplicate", r->copy, IKE_COPY_DUPLICATE);
    test_compare_numbers("duplicate of", frame_of(r->rare->doubles), of);
}

void expect_piece(ladder *l, uint32_t frame, unsigned number, unsigned total, uint32_t message_in)
{
    const ike_record *r = record(l, frame);
    char what[64];

    if (!r)
        return;
    g_snprintf(what, sizeof what, "frame %u: piece", frame);
    test_compare_numbers(what, r->rare->fragment_number, number);
    g_snprintf(what, sizeof what, "frame %u: pieces", frame);
    test_compare_numbers(what, r->rare->fragment_total, total);
    g_snprintf(what, sizeof what, "frame %u: message in", frame);
    test_compare_numbers(what, r->note.kind == IKE_NOTE_MESSAGE ? frame : frame_of(r->rare->message),
                    message_in);
}

void expect_times(ladder *l, uint32_t response, double first, double last)
{
    const ike_record *r = record(l, response);

    if (!r)
        return;
    if (!r->request) {
        test_fail("frame %u answers nothing", response);
        return;
    }
    test_compare_numbers("time since the first sending, us",
                    (r->note.time - r->request->note.time) / 1000, (int64_t)(first * 1e6 + 0.5));
    test_compare_numbers("time since the last sending, us",
                    (r->note.time - ike_record_last_before(r->request, r)->note.time) / 1000,
                    (int64_t)(last * 1e6 + 0.5));
}
