/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The frames in a TCP stream: a 16-bit length that counts itself, then four zero bytes and an IKE
 * message, or ESP, whose SPI is not zero. RFC 9329 3 and 4.
 *
 *     "IKETCP"  length 00000000 IKE_SA_INIT  length 00000000 IKE_AUTH  length SPI ESP ...
 */
#include "ike_intake.h"
#include "ike_path.h"
#include "ike_tcp.h"

#include <string.h>

#define LENGTH_FIELD 2u
#define KEEPALIVE_LENGTH 3u /* of a frame with a single byte 0xff */
#define MARKER_END 6u                             /* after the length and the marker or the SPI */
#define HEADER_END (MARKER_END + IKE_HEADER_LENGTH)
#define CUT_HEADER_END (MARKER_END + 24u)         /* the part of a header that can be read */
#define SHORTEST_ESP 18u                          /* SPI, sequence number and 8 bytes: RFC 4303 2 */

static const uint8_t prefix[] = { 'I', 'K', 'E', 'T', 'C', 'P' };

bool ike_tcp_has_prefix(const uint8_t *data, size_t captured)
{
    return captured >= sizeof prefix && memcmp(data, prefix, sizeof prefix) == 0;
}

static void drop_begun(ike_tcp_frames *f)
{
    if (f->begun)
        g_byte_array_free(f->begun, TRUE);
    f->begun = NULL;
    f->passed = 0;
}

void ike_tcp_frames_lose(ike_tcp_frames *f)
{
    drop_begun(f);
    f->matched = 0;
    f->sync = IKE_TCP_LOST;
}

/* ---- what a frame may be ---- */

static bool is_ike_version(const uint8_t *frame)
{
    const unsigned major = frame[MARKER_END + 17] >> 4;

    return major == 1 || major == 2;
}

static uint32_t message_length(const uint8_t *frame)
{
    return ike_be32(frame + MARKER_END + 24);
}

/* Whether the first `have` bytes of a frame can be those of one. */
static bool is_legal(const ike_tcp_frames *f, const uint8_t *frame, size_t have)
{
    const uint32_t length = have >= LENGTH_FIELD ? ike_be16(frame) : MARKER_END;

    /* a keepalive of UDP has no place here and is ignored (RFC 9329 6.6) */
    if (length == KEEPALIVE_LENGTH)
        return (f->is_trusted || f->is_peer_trusted) &&
               (have < KEEPALIVE_LENGTH || frame[LENGTH_FIELD] == 0xff);
    if (length < MARKER_END)
        return false;
    if (have < MARKER_END)
        return true;
    if (ike_be32(frame + LENGTH_FIELD) != 0)
        return ike_be32(frame + LENGTH_FIELD) >= IKE_FIRST_SPI && length >= SHORTEST_ESP &&
               (f->is_trusted || f->is_peer_trusted);
    return length >= HEADER_END && (have < CUT_HEADER_END || is_ike_version(frame)) &&
           (have < HEADER_END || message_length(frame) <= length - MARKER_END);
}

/* An IKE message whose own length agrees with that of its frame; where the capture cut the header
 * short, one that fills the segment. */
static bool looks_like_ike(const uint8_t *frame, size_t captured, size_t length)
{
    uint32_t size;

    if (captured < CUT_HEADER_END || ike_be32(frame + LENGTH_FIELD) != 0 || !is_ike_version(frame))
        return false;
    size = ike_be16(frame);
    if (size < HEADER_END)
        return false;
    return captured >= HEADER_END ? message_length(frame) == size - MARKER_END : size == length;
}

/* Frames that end exactly where the segment ends. */
static bool is_chain(const uint8_t *data, size_t captured, size_t length)
{
    size_t at = 0;

    while (at < length) {
        if (captured < at + MARKER_END)
            return false;

        const uint32_t spi = ike_be32(data + at + LENGTH_FIELD);
        const size_t size = ike_be16(data + at);

        if (spi == 0 ? !looks_like_ike(data + at, captured - at, length - at)
                     : spi < IKE_FIRST_SPI || size < SHORTEST_ESP)
            return false;
        at += size;
    }
    return at == length;
}

/* ---- whole frames ---- */

static void deliver_ike(ike_tracker *t, ike_tcp_frames *f, const ike_datagram *d)
{
    ike_record *r = ike_intake_message(t, d, d->data, d->captured, d->wire);

    if (!r)
        return;
    f->is_trusted = true;
    if (!r->note.sa) /* an error outside an SA */
        return;
    if (!r->note.sa->has_used_tcp)
        ike_raise(t, r->note.sa, IKE_DIAG_TCPENCAP, &r->note, IKE_SEVERITY_NONE,
                  "in TCP, port %u to %u", ike_record_src(r)->port, ike_record_dst(r)->port);
    r->note.sa->has_used_tcp = true;
}

static void deliver(ike_tracker *t, ike_tcp_frames *f, const uint8_t *frame, size_t captured,
                    size_t length)
{
    ike_datagram d = { .src = f->src, .dst = f->dst, .is_tcp = true };

    if (captured < MARKER_END)
        return;
    d.has_marker = ike_be32(frame + LENGTH_FIELD) == 0;
    d.data = frame + (d.has_marker ? MARKER_END : LENGTH_FIELD);
    d.captured = captured - (size_t)(d.data - frame);
    d.wire = length - (size_t)(d.data - frame);
    if (d.has_marker)
        deliver_ike(t, f, &d);
    else
        ike_demux_esp(t, &d);
}

/* Adds bytes to the frame that is not over; returns how many it takes. */
static size_t add_to_begun(ike_tracker *t, ike_tcp_frames *f, const uint8_t *data, size_t n)
{
    const size_t wanted = f->passed < LENGTH_FIELD ? LENGTH_FIELD : ike_be16(f->begun->data);
    const size_t used = MIN(n, wanted - f->passed);

    if (!f->begun)
        f->begun = g_byte_array_new();
    if (f->begun->len == f->passed) /* no gap before */
        g_byte_array_append(f->begun, data, (guint)used);
    f->passed += (uint32_t)used;
    if (!is_legal(f, f->begun->data, f->begun->len)) {
        ike_tcp_frames_lose(f);
    } else if (f->passed > LENGTH_FIELD && f->passed == wanted) {
        deliver(t, f, f->begun->data, f->begun->len, wanted);
        drop_begun(f);
    }
    return used;
}

static void read_frames(ike_tracker *t, ike_tcp_frames *f, const uint8_t *data, size_t n)
{
    while (n > 0 && f->sync == IKE_TCP_FRAMED) {
        size_t used = f->passed == 0 && n >= MARKER_END ? ike_be16(data) : SIZE_MAX;

        if (used > n) {
            used = add_to_begun(t, f, data, n);
        } else if (is_legal(f, data, MAX(used, MARKER_END))) {
            deliver(t, f, data, used, used);
        } else {
            ike_tcp_frames_lose(f);
            return;
        }
        data += used;
        n -= used;
    }
}

/* ---- where frames begin ---- */

static void begin_frames(ike_tcp_frames *f, bool trusted)
{
    f->sync = IKE_TCP_FRAMED;
    f->matched = 0;
    f->is_trusted |= trusted;
}

/* The prefix is trusted on the port that IANA gave to this (RFC 9329 2). */
static bool has_own_port(const ike_tcp_frames *f)
{
    return ike_is_natt(f->src.port, f->dst.port);
}

/* At the start of a stream: the originator's prefix, however it is cut, or a frame. Returns how
 * many bytes it takes. */
static size_t read_opening(ike_tracker *t, ike_tcp_frames *f, const uint8_t *data, size_t n)
{
    const unsigned before = f->matched;
    size_t used = 0;

    while (used < n && f->matched < sizeof prefix && data[used] == prefix[f->matched]) {
        used++;
        f->matched++;
    }
    if (f->matched == sizeof prefix) {
        begin_frames(f, has_own_port(f));
    } else if (used < n) { /* a frame whose length begins as the prefix does */
        begin_frames(f, false);
        read_frames(t, f, prefix, before);
        return 0;
    }
    return used;
}

/* At the beginning of a segment; returns the bytes of a prefix, which are not read as frames. */
static size_t resync(ike_tcp_frames *f, const uint8_t *data, size_t captured, size_t length)
{
    const bool has_prefix = ike_tcp_has_prefix(data, captured);

    if (has_prefix)
        begin_frames(f, has_own_port(f));
    else if (looks_like_ike(data, captured, length) || is_chain(data, captured, length))
        begin_frames(f, true);
    return has_prefix ? sizeof prefix : 0;
}

/* ESP is ciphertext: a segment that begins as an IKE message does, within what was taken for ESP,
 * shows that it was none. */
static bool is_out_of_step(const ike_tcp_frames *f, const uint8_t *data, size_t captured)
{
    return f->sync == IKE_TCP_FRAMED && f->passed >= MARKER_END && captured >= HEADER_END &&
           f->begun->len >= MARKER_END && ike_be32(f->begun->data + LENGTH_FIELD) != 0 &&
           looks_like_ike(data, captured, captured);
}

void ike_tcp_frames_read(ike_tracker *t, ike_tcp_frames *f, const uint8_t *data, size_t captured,
                         size_t length)
{
    size_t used = 0;

    if (length == 0)
        return;
    if (is_out_of_step(f, data, captured))
        ike_tcp_frames_lose(f);
    if (f->sync == IKE_TCP_LOST)
        used = resync(f, data, captured, length);
    else if (f->sync == IKE_TCP_OPENING)
        used = read_opening(t, f, data, captured);
    read_frames(t, f, data + used, captured - used);
    if (length > captured)
        ike_tcp_frames_skip(t, f, length - captured);
}

void ike_tcp_frames_skip(ike_tracker *t, ike_tcp_frames *f, size_t n)
{
    size_t rest;

    if (f->sync != IKE_TCP_FRAMED || f->passed < LENGTH_FIELD) {
        ike_tcp_frames_lose(f);
        return;
    }
    rest = ike_be16(f->begun->data) - f->passed;
    if (n < rest) {
        f->passed += (uint32_t)n;
        return;
    }
    deliver(t, f, f->begun->data, f->begun->len, f->passed + rest);
    drop_begun(f);
    if (n > rest)
        ike_tcp_frames_lose(f);
}
