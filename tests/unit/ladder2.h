/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Messages of IKEv2 for the scripted conversation of ladder.h:
 *
 *     ladder_begin(&l);
 *     v2_init_req(&l, 14);
 *     v2_init_resp(&l);
 *     v2_auth_req(&l, 1);
 *     v2_auth_resp(&l, 1, 224);
 *     expect_labels(&l, "IKE_SA_INIT.req IKE_SA_INIT.resp IKE_AUTH.req IKE_AUTH.resp");
 *
 * A side is a host: INITIATOR is the one that sends IKE_SA_INIT. After a rekey by the other one the
 * flag I is the other one's (`ladder.v2.owner`). A message has the same bytes whenever it is sent;
 * `anew` changes that.
 */
#ifndef LADDER2_H
#define LADDER2_H

#include "ladder.h"

#define V2_AUTH_LENGTH 224        /* of an IKE_AUTH message with identities, proofs and a child */
#define V2_SMALL_LENGTH 80        /* .. with up to 15 bytes inside: AES-CBC with SHA2-256 */
#define V2_INFO_LENGTH 80         /* of an INFORMATIONAL that holds nothing or little */
#define V2_CHILD_LENGTH 320       /* of a CREATE_CHILD_SA message */
#define V2_FRAGMENT_LENGTH 500    /* of an SKF fragment */

/* Notify types: RFC 7296 3.10.1 and later. */
enum {
    V2_N_INVALID_IKE_SPI = 4,
    V2_N_INVALID_MAJOR_VERSION = 5,
    V2_N_INVALID_SYNTAX = 7,
    V2_N_INVALID_SPI = 11,
    V2_N_NO_PROPOSAL_CHOSEN = 14,
    V2_N_INVALID_KE_PAYLOAD = 17,
    V2_N_AUTHENTICATION_FAILED = 24,
    V2_N_NAT_DETECTION_SOURCE = 16388,
    V2_N_NAT_DETECTION_DESTINATION = 16389,
    V2_N_COOKIE = 16390,
    V2_N_REDIRECT = 16407,
    V2_N_REDIRECTED_FROM = 16408,
    V2_N_TICKET_NACK = 16412,
    V2_N_TICKET_OPAQUE = 16413,
    V2_N_FRAGMENTATION = 16430,
    V2_N_INTERMEDIATE = 16438
};

/* Labels of whole exchanges, for expect_labels. */
#define INIT "IKE_SA_INIT.req IKE_SA_INIT.resp"
#define AUTH "IKE_AUTH.req IKE_AUTH.resp"
#define UP INIT " " AUTH
#define INTERMEDIATE "IKE_INTERMEDIATE.req IKE_INTERMEDIATE.resp"
#define CHILD "CREATE_CHILD_SA.req CREATE_CHILD_SA.resp"
#define INFO "INFORMATIONAL.req INFORMATIONAL.resp"

/* What names an IKE SA, and whose messages have the flag I in it. */
typedef struct v2_spis {
    uint64_t spi_i, spi_r;
    ladder_side owner;
} v2_spis;

v2_spis v2_current(const ladder *l);
/* Messages belong to this IKE SA from now on. */
void v2_use(ladder *l, v2_spis spis);

/* ---- IKE_SA_INIT ---- */
void v2_init_req(ladder *l, unsigned group);
/* .. with what a refusal asked for: cookie `n` of v2_cookie in front (0: none). */
void v2_retry(ladder *l, unsigned group, unsigned cookie);
/* .. with REDIRECTED_FROM. */
void v2_redirected_req(ladder *l, const char *from);
void v2_init_resp(ladder *l);
void v2_init(ladder *l); /* request and response */
/* Refusals; their responder SPI is 0, but for ladder.v2.spi_in_errors. */
void v2_cookie(ladder *l, unsigned cookie);
void v2_invalid_ke(ladder *l, unsigned group);
void v2_redirect(ladder *l, const char *gateway);
/* A response with a plain notify. */
void v2_init_error(ladder *l, uint16_t notify);

/* ---- after it ---- */

/* A request by `by`, with an SK payload, of this ISAKMP length. */
void v2_request(ladder *l, ladder_side by, uint8_t exchange, uint32_t id, size_t length);
/* The response to the request of `by`. */
void v2_response(ladder *l, ladder_side by, uint8_t exchange, uint32_t id, size_t length);
/* One fragment of either (RFC 7383). */
typedef struct v2_piece {
    ladder_side by;
    bool response;
    uint8_t exchange;
    uint32_t id;
    unsigned number, total;
} v2_piece;
void v2_fragment(ladder *l, v2_piece piece);

void v2_auth_req(ladder *l, uint32_t id);
void v2_auth_resp(ladder *l, uint32_t id, size_t length);
void v2_auth(ladder *l); /* the first round, both halves */
/* The messages of v2_establish, with v2_init_resp, for tables of steps. */
void v2_offer(ladder *l);
void v2_ask(ladder *l);
void v2_answer(ladder *l);
/* Pieces of the first IKE_AUTH request and of its response, "13" the first and the third. */
void v2_auth_piece(ladder *l, unsigned number, unsigned total);
void v2_auth_pieces(ladder *l, unsigned total, const char *order);
void v2_response_pieces(ladder *l, unsigned total, const char *order);
void v2_intermediate(ladder *l, uint32_t id); /* request and response */
void v2_info_req(ladder *l, ladder_side by, uint32_t id);
void v2_info_resp(ladder *l, ladder_side by, uint32_t id);
void v2_info(ladder *l, ladder_side by, uint32_t id);
void v2_child_req(ladder *l, ladder_side by, uint32_t id);
void v2_child_resp(ladder *l, ladder_side by, uint32_t id);
void v2_child(ladder *l, ladder_side by, uint32_t id);
/* IKE_SA_INIT and IKE_AUTH, both halves; four frames. */
void v2_establish(ladder *l);
/* CREATE_CHILD_SA by `by` on this SA; messages belong to the new SA then. Returns the old one. */
v2_spis v2_rekey(ladder *l, ladder_side by, uint32_t id);
void v2_resume_req(ladder *l);
void v2_resume_resp(ladder *l);
void v2_resume_nack(ladder *l);

/* ---- notifies outside of any protection (RFC 7296 1.5, 2.21.4) ---- */

/* The response to a request of `by` that holds nothing but an error notify. */
void v2_clear_error(ladder *l, ladder_side by, uint8_t exchange, uint32_t id, uint16_t notify);
/* INVALID_SPI: an INFORMATIONAL with these SPIs and with I. */
void v2_invalid_spi(ladder *l, ladder_side from, v2_spis spis, uint32_t esp_spi);

/* ---- for messages made by hand ---- */
/* A header; `by` is the side that asks, in a response too. */
wire_message v2_message(const ladder *l, ladder_side by, bool response, uint8_t exchange,
                        uint32_t id);

#endif
