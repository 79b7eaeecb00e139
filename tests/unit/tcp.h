/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * TCP connections of a scripted conversation: segments of the two hosts of a ladder, and the frames
 * of RFC 9329 that go into them.
 *
 *     tcp c;
 *
 *     tcp_begin(&c);
 *     tcp_connect(&c);
 *     tcp_prefix(&c); tcp_ike(&c, init(&c)); tcp_send(&c, INITIATOR);
 *     tcp_expect(&c, ". . . init>");
 *     tcp_end(&c);
 *
 * Frames collect until they are sent: in one segment, in several, or by sequence number.
 */
#ifndef TCP_H
#define TCP_H

#include "ike_path.h"
#include "ladder.h"

enum { FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, ACK = 0x10 };

typedef struct tcp {
    ladder l;
    uint32_t seq[2];   /* of the next byte of each host */
    bool no_ack;       /* nobody acknowledges: a capture of one direction, for the tracker */
    GByteArray *bytes; /* that are not sent yet */
} tcp;

void tcp_begin(tcp *c);
void tcp_end(tcp *c);
/* A new connection from this port: SYN, SYN with ACK, ACK. */
void tcp_connect(tcp *c);
void tcp_reconnect(tcp *c, uint16_t port);

/* ---- bytes for the next segments ---- */
void tcp_prefix(tcp *c);
/* A frame with an IKE message, which it takes. */
void tcp_ike(tcp *c, GByteArray *message);
void tcp_esp(tcp *c, uint32_t spi, size_t n);
void tcp_hex(tcp *c, const char *hex);
void tcp_junk(tcp *c, size_t n, uint64_t seed);

/* ---- segments ---- */
/* One segment as it is. */
void tcp_segment(tcp *c, ladder_side from, uint32_t seq, unsigned flags, const void *data,
                 size_t n);
/* All bytes in one segment; in segments of this size. */
void tcp_send(tcp *c, ladder_side from);
void tcp_send_cut(tcp *c, ladder_side from, size_t size);
/* Bytes `from_byte` to `to_byte` of those that collected; they stay, tcp_sent takes them away. */
void tcp_send_part(tcp *c, ladder_side from, size_t from_byte, size_t to_byte);
void tcp_sent(tcp *c, ladder_side from);
/* An acknowledgement of all bytes that were sent. */
void tcp_ack(tcp *c, ladder_side from);

/* ---- IKEv2 messages ---- */
GByteArray *init(const tcp *c);
GByteArray *init_answer(const tcp *c);
/* A protected request or response of this length; the same bytes every time. */
GByteArray *request(const tcp *c, uint8_t exchange, uint32_t id, size_t length);
GByteArray *response(const tcp *c, uint8_t exchange, uint32_t id, size_t length);
/* Fragment `number` of two of a request (RFC 7383 2.5). */
GByteArray *fragment(const tcp *c, uint8_t exchange, uint32_t id, unsigned number, size_t length);
GByteArray *auth(const tcp *c);        /* 300 bytes */
GByteArray *auth_answer(const tcp *c);

/* A connection with the first exchange, in frames 1 to 5. */
void tcp_begin_with_init(tcp *c);

/* ---- expectations ---- */

/* One word a frame: "init>" for a request, "auth<" for a response, "info>", "auth>+" sent again,
 * "auth>=" doubled, "esp", "?" without a label, "." for nothing; several are joined by "&". Words
 * from frame `first` on. */
void tcp_expect_from(tcp *c, uint32_t first, const char *words);
void tcp_expect(tcp *c, const char *words);
/* ESP packets that are counted for a side. */
void tcp_expect_esp(tcp *c, ladder_side from, unsigned n);
/* What the tracker keeps of connections just now. */
ike_tcp_usage tcp_usage(const tcp *c);

#endif
