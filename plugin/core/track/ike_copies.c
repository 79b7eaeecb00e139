/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The same message again: sent again by its sender, doubled by the network or the capture, or come
 * back from the other side. A message is the same when its bytes from the ISAKMP header on are.
 */
#include "ike_track.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define SAME_IP_ID_GAP (1 * IKE_SECOND)
#define LATE_GAP (600 * IKE_SECOND)
#define COPIES_COMPARED 16

/* What comes again over another TCP connection has other ports, and may be cut elsewhere. The
 * header tells which message it is, but for fragments. */
static bool is_cut_in_tcp(const ike_message *m, const ike_datagram *d)
{
    return m->truncated && d->is_tcp && m->next_payload != IKE_PL_V2_SKF;
}

static uint32_t sum_of(const ike_addr *a)
{
    uint32_t sum = a->family;

    for (size_t i = 0; i < sizeof a->bytes; i++)
        sum = sum * 31 + a->bytes[i];
    return sum;
}

ike_digest ike_digest_of(const ike_message *m, const ike_datagram *d)
{
    const bool cut_in_tcp = is_cut_in_tcp(m, d);
    const XXH128_hash_t hash =
        XXH3_128bits(m->data, cut_in_tcp ? MIN(m->captured, IKE_HEADER_LENGTH) : m->captured);
    ike_digest digest = { hash.low64, hash.high64 ^ m->length };

    /* Of a truncated message the capture may hold only a header that others share: the UDP checksum
     * and the ports stand for the rest. */
    if (m->truncated && !cut_in_tcp) {
        digest.low ^= (uint64_t)d->checksum << 32 | (uint32_t)d->src.port << 16 | d->dst.port;
        digest.high ^= sum_of(&d->src.addr);
    }
    return digest;
}

uint64_t ike_bytes_digest(const uint8_t *data, size_t length)
{
    return XXH3_64bits(data, length);
}

/* One packet seen twice keeps its IP ID. */
static bool is_same_packet(const ike_record *a, const ike_record *b)
{
    return a->has_ip_id && b->has_ip_id && a->ip_id == b->ip_id && a->ip_id != 0 &&
           ike_time_near(a->note.time, b->note.time, SAME_IP_ID_GAP);
}

/* TCP delivers its bytes once (RFC 9329 6.2): the message over another connection was sent anew. */
static bool is_other_connection(const ike_record *a, const ike_record *b)
{
    return (a->is_tcp || b->is_tcp) &&
           (a->is_tcp != b->is_tcp || ike_record_src(a)->port != ike_record_src(b)->port || ike_record_dst(a)->port != ike_record_dst(b)->port);
}

/* The copy that `r` doubles: the oldest of the newest few that is the same packet, or that came only
 * moments ago; NULL when it was sent anew. */
static ike_record *doubled(const ike_record *r, ike_record *newest)
{
    ike_record *packet = NULL, *moment = NULL, *copy = newest;

    for (int i = 0; copy && i < COPIES_COMPARED; i++, copy = copy->rare->older) {
        if (is_other_connection(r, copy))
            continue;
        if (is_same_packet(r, copy))
            packet = copy;
        if (ike_time_near(r->note.time, copy->note.time, IKE_QUICK))
            moment = copy;
    }
    if (!packet)
        packet = moment;
    return packet && packet->rare->doubles ? packet->rare->doubles : packet;
}

/* MS-IKEE 3.3.2: Windows waits 1 to 5 s for an answer before it makes IKE fragments. */
#define FRAGMENTATION_TIMER_FROM (900 * IKE_MILLISECOND)
#define FRAGMENTATION_TIMER_TO (5100 * IKE_MILLISECOND)

static bool is_windows_timer(const ike_record *r)
{
    return r->fragment == IKE_FRAGMENT_V1 && r->side != IKE_SIDE_NONE &&
           r->rare->delay >= FRAGMENTATION_TIMER_FROM && r->rare->delay <= FRAGMENTATION_TIMER_TO &&
           ike_sa_has_vendor(r->note.sa, r->side, IKE_VENDOR_WINDOWS);
}

/* Whole packets first, in IP fragments where they were too big, then IKE fragments. */
static void raise_fallback(ike_tracker *t, ike_record *r)
{
    const ike_record *first = r->rare->first;
    GString *text;

    if ((r->fragment != IKE_FRAGMENT_V1 && r->fragment != IKE_FRAGMENT_V2) ||
        first->fragment == r->fragment)
        return;
    text = g_string_new("first sent ");
    g_string_append(text, first->fragment == IKE_FRAGMENT_IP ? "in IP fragments" : "whole");
    g_string_append_printf(text, " in frame %u, now in IKE fragments", first->note.frame);
    if (is_windows_timer(r))
        g_string_append(text, " (the fragmentation timer of Windows: 1 to 5 s)");
    ike_raise(t, r->note.sa,
              r->fragment == IKE_FRAGMENT_V1 ? IKE_DIAG_V1FRAG_FALLBACK : IKE_DIAG_SKF_FALLBACK,
              &r->note, IKE_SEVERITY_NONE, "%s", text->str);
    g_string_free(text, TRUE);
}

/* The chain of initialization vectors goes on with each new message of IKEv1 (RFC 2409 appendix B), and
 * Wireshark goes on with it at a copy as well. */
static const char *about_artefact(const ike_record *r)
{
    return r->is_misread && r->rare->first->is_decrypted
               ? ". Wireshark decrypts a copy with a wrong vector: the payloads that it shows here, and "
                 "\"malformed\", are an artefact"
               : "";
}

static void raise_retransmission(ike_tracker *t, ike_record *r)
{
    const bool cut = r->fragment == IKE_FRAGMENT_V2 && r->rare->first->rare->fragment_total < r->rare->fragment_total;
    GString *text = g_string_new(cut ? "sent again in IKE fragments" : "sent again");

    if (r->rare->delay > 0) {
        g_string_append(text, " after ");
        ike_seconds_append(text, r->rare->delay);
        g_string_append(text, " s");
    }
    raise_fallback(t, r);
    ike_raise(t, r->note.sa, IKE_DIAG_RETRANS, &r->note, IKE_SEVERITY_NONE,
              "%s: retransmission #%u of frame %u%s", text->str, r->rare->copy_number, r->rare->first->note.frame,
              about_artefact(r));
    if (r->rare->delay > LATE_GAP)
        ike_raise(t, r->note.sa, IKE_DIAG_LATE_COPY, &r->note, IKE_SEVERITY_NONE,
                  "the message of frame %u again after more than ten minutes",
                  r->rare->first->note.frame);
    g_string_free(text, TRUE);
}

static void raise_duplicate(ike_tracker *t, ike_record *r)
{
    ike_raise(t, r->note.sa, IKE_DIAG_DUP_CAPTURE, &r->note, IKE_SEVERITY_NONE,
              is_same_packet(r, r->rare->doubles)
                  ? "the packet of frame %u once more, doubled by the capture or the network%s"
                  : "the message of frame %u once more within moments: a repeated answer, or "
                    "doubled by the network%s",
              r->rare->doubles->note.frame, about_artefact(r));
}

static void set_copy(ike_tracker *t, ike_record *r, ike_record *first)
{
    ike_record *same = doubled(r, ike_record_last(first));

    if (same) {
        r->copy = IKE_COPY_DUPLICATE;
        ike_record_rare(r)->doubles = same;
        raise_duplicate(t, r);
    } else {
        r->copy = IKE_COPY_RETRANSMISSION;
        ike_record_rare(r)->delay = r->note.time - ike_record_last_send(first)->note.time;
        ike_record_rare(r)->copy_number = ike_record_sends(first);
        ike_record_rare(first)->sends = ike_record_sends(first) + 1;
        ike_record_rare(first)->last_send = r;
        raise_retransmission(t, r);
    }
    ike_record_rare(r)->older = ike_record_last(first);
    ike_record_rare(first)->last = r;
}

/* How often a message is in the capture. */
static unsigned times_seen(const ike_record *first)
{
    unsigned n = 0;

    for (const ike_record *copy = ike_record_last(first); copy && n < COPIES_COMPARED; copy = copy->rare->older)
        n++;
    return n;
}

/* RFC 7296 2.6: a challenge or refusal may be the same, byte for byte, for two different requests. One
 * that answers a repeat of the older request may as well come after the newer request. */
static bool answers_anew(const ike_record *r, const ike_record *first)
{
    const ike_exchange *phase1 = r->note.sa->phase1;
    const ike_record *newest = ike_exchange_slot(phase1, IKE_REQUEST);

    return r->version == 2 && first->note.exchange == phase1 && first->label.is_response && newest &&
           first->request && first->request != newest && !newest->response &&
           times_seen(first) >= times_seen(first->request);
}

void ike_copies_mark(ike_tracker *t, ike_record *r, ike_record *first)
{
    ike_record_rare(r)->first = first;
    r->note.exchange = first->note.exchange;
    set_copy(t, r, first);
}

/* A NAT that both sides reach by one address (hairpin) sends a packet on under that: it seems to come from whom it was
 * for. A reflection goes back to its sender. */
static bool is_second_leg(const ike_record *r, const ike_record *first)
{
    return is_same_packet(r, first) && !ike_addr_equal(&ike_record_dst(r)->addr, &ike_record_src(first)->addr);
}

bool ike_copies_check(ike_tracker *t, ike_record *r)
{
    ike_sa *sa = r->note.sa;
    ike_record *first = ike_sa_first_copy(sa, &r->digest);

    if (!first)
        first = ike_v2_sent_in_fragments(r);
    if (!first || answers_anew(r, first)) {
        ike_sa_add_first_copy(sa, r);
        return false;
    }
    if (is_second_leg(r, first))
        r->side = first->side;
    if (first->side != r->side && first->side != IKE_SIDE_NONE && r->side != IKE_SIDE_NONE) {
        ike_record_rare(r)->first = first;
        r->note.exchange = first->note.exchange;
        r->is_reflection = true;
        if (r->note.time < first->note.time && r->version == 1)
            ike_v1_doubt(first);
        ike_raise(t, sa, IKE_DIAG_REFLECT, &r->note, IKE_SEVERITY_NONE,
                  "the message of frame %u came back from the other side", first->note.frame);
        return true;
    }
    ike_copies_mark(t, r, first);
    return true;
}
