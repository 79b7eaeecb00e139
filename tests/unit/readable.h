/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conversations whose messages the host program has decrypted, in steps and whole, and what is looked at then.
 */
#ifndef READABLE_H
#define READABLE_H

#include "ike_agreement.h"
#include "ike_event.h"
#include "inside.h"
#include "invariants.h"
#include "ladder2.h"

/* SPIs, by whom the packets go to. */
enum { TO_INITIATOR = 0xc1000001, TO_RESPONDER = 0xc2000002, NEW_TO_INITIATOR = 0xc3000003,
       NEW_TO_RESPONDER = 0xc4000004, FOREIGN = 0xcf000009 };

/* ---- messages with content: IKEv1 ---- */
/* sun.example and moon.example. */
void main_mode_with_keys(ladder *l);
/* 10.1.0.0/16 and 10.2.0.0/16. */
void add_networks(wire_message *c);
/* The content of QM1 to QM3 for the next message. */
void plain_of_quick(ladder *l, unsigned n, uint32_t spi);
void qm1_with(ladder *l, uint32_t id, uint32_t spi);
void quick_mode_with(ladder *l, uint32_t id, uint32_t to_opener, uint32_t to_other);
/* QM1 with this offer, QM2 with this choice, QM3. */
void quick_mode_with_proposals(ladder *l, uint32_t id, const in_proposal *offer, unsigned n, const in_proposal *choice,
                               unsigned n_choice);
/* Main Mode and a Quick Mode. */
void tunnel(ladder *l);
void info_with_notify(ladder *l, ladder_side from, uint32_t id, uint16_t notify);
/* A delete of ESP. */
void info_with_delete(ladder *l, ladder_side from, uint32_t id, uint32_t spi);
/* .. of an IKE SA. */
void info_with_end(ladder *l, ladder_side from, uint32_t id, uint64_t spi_i, uint64_t spi_r);
void tr_with(ladder *l, unsigned n, uint32_t id, uint8_t kind, const char *attributes);

/* ---- IKEv2 ---- */
/* The content of IKE_AUTH for the next message: sun@example, moon.example. */
void plain_of_auth_request(ladder *l, bool has_proof, bool has_child);
void plain_of_auth_response(ladder *l, bool has_child, uint16_t notify);
void auth_request_with_keys(ladder *l);
/* Both halves of IKE_AUTH with an offer of these and a choice; without one (NULL) the request only. */
void auth_with_proposals(ladder *l, const in_proposal *offer, unsigned n, const in_proposal *choice);
void auth_response_with_keys(ladder *l);
void v2_tunnel(ladder *l);
/* The next message holds this notify, or nothing. */
void with_notify(ladder *l, uint16_t notify);
void with_nothing(ladder *l);
void child_request_with(ladder *l, ladder_side by, uint32_t id, uint32_t spi, uint32_t renewed);
void child_response_with(ladder *l, ladder_side by, uint32_t id, uint32_t spi);
void refuse_child(ladder *l, ladder_side by, uint32_t id, uint16_t notify);
/* A request that deletes the IKE SA, and its empty answer. */
void delete_ike_sa(ladder *l, ladder_side by, uint32_t id);
/* CREATE_CHILD_SA by `by` that makes an IKE SA with these SPIs. */
void rekey_with(ladder *l, ladder_side by, uint32_t id, uint64_t spi_of_by, uint64_t spi_of_other);
/* .. and whose request has these proposals, of which it chooses one. */
void rekey_with_proposals(ladder *l, ladder_side by, uint32_t id, const in_proposal *offer, unsigned n,
                          const in_proposal *choice);

/* ---- what is looked at ---- */
/* The exchange that leads a child. */
const ike_exchange *child_of(ladder *l, unsigned number);
void expect_spis(ladder *l, unsigned child, uint32_t to_opener, uint32_t to_other);
/* By keys, and the child has no other one. */
void expect_tied(ladder *l, uint32_t spi, unsigned child);
const char *identity_of(ladder *l, unsigned sa, ike_role role);
void expect_identities(ladder *l, const char *initiator, const char *responder);
/* The first IKE SA is deleted from this frame on, and not before. */
void expect_deleted_from(ladder *l, uint32_t frame);
/* The failure points of the first event of this number, of the initiator's host and of the other. */
void expect_points(ladder *l, unsigned id, ike_failure_point initiator, ike_failure_point responder,
                   unsigned reason);
/* .. and the evidence of both hosts' events. */
void expect_event_known(ladder *l, unsigned id, ike_evidence evidence);
void expect_nothing_wrong(ladder *l);

typedef struct script {
    const char *name;
    void (*play)(ladder *l);
    void (*expect)(ladder *l);
} script;

/* ---- whole conversations ---- */
/* .. with a packet each way. */
void play_tunnel(ladder *l);
void play_v2_tunnel(ladder *l);
/* An EAP payload is in the next message. */
void eap(ladder *l, const char *hex);
/* IKE_SA_INIT, and IKE_AUTH up to where the responder asks for the identity; up to "carol"; the round
 * with the last AUTH of both; all. */
void eap_asked(ladder *l);
void up_to_eap(ladder *l);
void eap_last_round(ladder *l);
void eap_to_the_end(ladder *l);
/* What was deleted was in use for a moment more. */
void expect_in_flight(ladder *l);

/* ---- scripts ---- */

/* Plays each with the right keys and looks at what is expected of it then; with wrong ones it must be the same as
 * with none at all. */
void add_scripts(const script *scripts, size_t n);

#endif
