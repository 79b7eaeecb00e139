/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conclusions about one SA once all its frames are known. Shared by the files of the judge.
 */
#ifndef IKE_JUDGE_H
#define IKE_JUDGE_H

#include "ike_track.h"

/* Draws all conclusions that the end of the capture allows; cheap when nothing was fed since the last time. */
void ike_judge_capture(ike_tracker *t);

/* ---- ike_info.c: Informationals that follow a message ---- */
bool ike_judge_is_info(const ike_record *r);
/* Index of the first Informational of a side after a frame. */
guint ike_judge_info_position(const ike_list *infos, uint32_t frame);
/* Something by which the peer reacted to a message: an Informational, no liveness check, at most
 * `limit` after one of its copies. NULL when there is none. */
ike_record *ike_judge_info_after(const ike_sa *sa, const ike_record *r, ike_side from, ike_time limit);
/* The Informational of the other side by which it refuses a message that has no answer, `quick`: of this Quick Mode; or
 * NULL. A quick one is taken for it; a late one if it names an error, or is the last thing said. */
ike_record *ike_judge_refusal(const ike_tracker *t, const ike_sa *sa, const ike_record *asked,
                              const ike_exchange *quick);
/* INVALID-COOKIE: refuses nothing, but says that the SA is not known. */
bool ike_judge_knows_no_cookies(const ike_record *info);
/* The newest Informational of a side, or NULL: a message that is sent again may be refused again, under another ID. */
const ike_record *ike_judge_last_info(const ike_sa *sa, ike_side from);
/* Appends that the node that does not know the SA may be another one than that which answered, by their ports. */
void ike_judge_append_other_node(GString *text, const ike_record *answer, const ike_record *unknown);
/* The notify has the SPI that the initiator chose in this Quick Mode (RFC 2408 3.14), decrypted like it. */
bool ike_judge_info_names(const ike_record *info, const ike_exchange *exchange);

/* Any Informational of this side after the first copy of `r`. */
bool ike_judge_info_since(const ike_sa *sa, const ike_record *r, ike_side from);

/* An IKEv2 error outside the SA by this side after the first copy of `r`. */
bool ike_judge_error_since(const ike_sa *sa, const ike_record *r, ike_side from);

/* Where to say something of an SA as a whole: its first message, or a piece; NULL for an SA without records. */
ike_note *ike_judge_first_note(const ike_sa *sa);
/* True when the capture goes on for so long after a moment that an answer would have come. */
bool ike_judge_waited(const ike_tracker *t, ike_time since);

/* XAUTH and the rounds of EAP wait for a user who types, or for his server; true when that was long enough. */
bool ike_judge_waits_for_people(ike_label label);
bool ike_judge_people_had_time(const ike_tracker *t, ike_time since);

/* True when a capture that goes on until `now` would hold what follows a message or piece, by its newest sending or by
 * their number. */
bool ike_judge_is_due(const ike_tracker *t, const ike_record *first, ike_time now);

/* True when messages of phase 2 (Quick Mode, Transaction, New Group ..) were seen. */
bool ike_judge_has_phase2(const ike_sa *sa);

/* True when the capture holds only one direction of this SA although answers arrived. */
bool ike_judge_is_oneway(const ike_tracker *t, const ike_sa *sa);

#define IKE_COPIES_LOOKED_AT 64 /* of one message */

/* How soon an Informational comes that reacts to a message. */
#define IKE_REACTION (2 * IKE_SECOND)

/* Marks Informationals that are liveness checks or answers to them (RFC 3706): pairs of about equal
 * length that repeat. They are neither answers nor refusals of anything else. */
void ike_judge_find_liveness(ike_sa *sa);

/* ---- ike_refusals.c, ike_quick_refusals.c ---- */
/* Raises a refusal by this Informational; one that is not sure is inferred and no error. */
void ike_judge_refuse(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, const ike_record *asked, ike_record *info,
                      bool is_sure);
/* True when it came later than what reacts at once. */
bool ike_judge_is_late(const ike_record *asked, const ike_record *info);
/* An error that is named, or what keys show. */
bool ike_judge_is_readable(const ike_record *info);
/* How often a message was sent again after another one. */
unsigned ike_judge_sends_after(const ike_record *first, const ike_record *after);
void ike_judge_quick_refusals(ike_tracker *t, ike_sa *sa);
/* ---- ike_aggressive.c ---- */
void ike_judge_aggressive(ike_tracker *t, ike_sa *sa);
/* Nothing of the responder shows that it got AM3. */
bool ike_judge_is_am3_unproven(const ike_sa *sa);

/* The parts of the judgement of one SA. */
void ike_judge_refusals(ike_tracker *t, ike_sa *sa);
void ike_judge_liveness(ike_tracker *t, ike_sa *sa);
/* True when an Informational may be the answer to a liveness check. */
bool ike_judge_answers_check(const ike_record *probe, const ike_record *r);
/* ---- ike_xauth.c ---- */
void ike_judge_xauth(ike_tracker *t, ike_sa *sa);
void ike_judge_icmp(ike_tracker *t, ike_sa *sa);
/* The diagnosis of an ICMP error that is not about size, and its name; false when it has none. */
bool ike_judge_read_icmp(const ike_icmp *icmp, ike_diagnosis_id *id, const char **name);
bool ike_judge_is_port_unreachable(const ike_icmp *icmp);
/* True when it is about size, and for "fragment reassembly time exceeded". */
bool ike_judge_is_about_size(const ike_icmp *icmp);
/* True when each copy of a message came in IP fragments. */
bool ike_judge_is_always_in_ip_fragments(const ike_record *first);
/* A small request of phase 1 was answered by a small message: the path works for these. What follows
 * shows that the answer arrived. */
bool ike_judge_small_messages_pass(const ike_sa *sa);
/* Appends what points to IP fragments that are dropped behind the capture point, if anything does: all
 * copies of this message that nobody reacted to went in IP fragments, and smaller messages of the SA were
 * answered both ways. */
void ike_judge_append_dropped(GString *text, const ike_sa *sa, const ike_record *first);

/* SAs that come up and are ended again and again; `list`: all between two hosts. */
void ike_judge_flap(ike_tracker *t, const ike_list *list);

/* Finds floods of half-open SAs: they are told once, not for each SA. */
void ike_judge_floods(ike_tracker *t);

/* What was not answered in one exchange of an SA. */
void ike_judge_silence(ike_tracker *t, ike_sa *sa, ike_exchange *exchange);

/* After a frame with notes: says in it which requests were not answered in time, if that is not said yet. */
void ike_judge_waiting(ike_tracker *t);

/* IKEv2: the initiator that does not go on after the response to its first message. */
void ike_judge_standstill_v2(ike_tracker *t, ike_sa *sa);
/* Before anything is concluded: notes the IP fragments of which only now is known whose they probably are. */
void ike_ipfrag_annotate(ike_tracker *t);
/* Messages that never became whole: in IP fragments, fragments 132, and SKF. */
void ike_judge_ipfrags(ike_tracker *t);
void ike_judge_v1frags(ike_tracker *t, ike_sa *sa);
void ike_judge_v2frags(ike_tracker *t, ike_exchange *exchange);
/* IKEv2: a request of which only some fragments came; `piece` is the one that was sent most often. */
void ike_judge_incomplete_request(ike_tracker *t, ike_exchange *exchange, ike_record *piece);

/* ---- ike_judge_esp_path.c ---- */
/* What the path does to the packets of an IPsec SA. */
void ike_judge_flow_path(ike_tracker *t, ike_flow *flow);

/* ---- ike_judge_esp.c ---- */
/* Raises a diagnosis of an IPsec SA, whose name begins the text: "SPI c1a9656b from 10.1.0.2 to 10.2.0.2". */
ike_finding *ike_judge_raise_flow(ike_tracker *t, const ike_flow *flow, ike_diagnosis_id id, ike_note *note,
                                  ike_severity severity, const char *format, ...) G_GNUC_PRINTF(6, 7);
/* What IPsec SAs and their packets say. */
void ike_judge_flows(ike_tracker *t);
/* The IPsec SA of which an INVALID_SPI says that its receiver does not know it; NULL when the capture
 * holds no packet of it. */
ike_flow *ike_judge_refused_flow(const ike_tracker *t, const ike_record *refusal);
/* True when both sides use new IPsec SAs after a request that no complete negotiation made, or its sender begins one:
 * what it asked for came up, though the capture lacks the answer (RFC 7296 1.2, RFC 2409 5.5). The other side alone may
 * begin before its answer is lost. */
bool ike_judge_has_new_flows(const ike_sa *sa, const ike_record *after);
/* True when a host sends ESP to another one after a note, and when there are too many IPsec SAs between them to tell. */
bool ike_judge_sends_esp_after(const ike_tracker *t, const ike_addr *src, const ike_addr *dst, const ike_note *after);
/* The same of the sender of a message, to its receiver. */
bool ike_judge_sends_on(const ike_tracker *t, const ike_record *after);

/* ---- ike_live.c: what a single pass says ---- */
/* After a frame with notes: says of earlier frames what a single pass may say now; `is_shown`: somebody looks at it. */
void ike_judge_live(ike_tracker *t, bool is_shown);
/* Says a copy of the finding in the current frame, unless it was said of this SA with that severity. */
void ike_live_say(ike_tracker *t, const ike_finding *finding);

/* ---- ike_rekey.c ---- */
/* What goes on under an SA that is up: rekeys, deletes, Child SAs that are refused. */
void ike_judge_rekeys(ike_tracker *t, ike_sa *sa);

/* ---- ike_judge_decrypted.c ---- */
/* What decrypted messages say of authentication and of Child SAs (IKEv2). */
void ike_judge_decrypted(ike_tracker *t, ike_sa *sa);

/* ---- ike_ending.c: how an SA that came up ends ---- */
/* IKEv2: the response without payloads to the delete of the IKE SA, after which nothing new came (RFC 7296
 * 1.4.1); NULL when there is none, or the delete of a Child SA may look the same. */
const ike_record *ike_judge_emptied(const ike_sa *sa);
/* The message with the decrypted Delete of the IKE SA; else the one that is taken for it, or, in IKEv2, for the
 * response to it; NULL when nothing shows that it was deleted. Inferred unless it is sa->deleted. */
const ike_record *ike_judge_deleted(const ike_tracker *t, const ike_sa *sa);

/* ---- ike_judge_auth_v2.c ---- */
/* Whether an IKEv2 SA came up, by what follows its last IKE_AUTH. */
void ike_judge_state_v2(ike_tracker *t, ike_sa *sa);
/* IKE_AUTH that probably failed, and SAs that end right after it. */
void ike_judge_auth_v2(ike_tracker *t, ike_sa *sa);
/* A request that comes again and again although its response was captured. */
void ike_judge_response_v2(ike_tracker *t, ike_exchange *exchange);
/* Both sides use a Child SA, a new one or after a request that did not have to be sent again: the response came. */
bool ike_judge_is_followed_by_esp(const ike_sa *sa, const ike_record *request);

/* ---- ike_judge_v2.c ---- */
/* Refusals, challenges, gaps of an IKEv2 SA. */
void ike_judge_sa_v2(ike_tracker *t, ike_sa *sa);
/* True when a later message proves that this exchange was answered (RFC 7296 2.3). */
bool ike_v2_is_implied(const ike_exchange *exchange, const ike_record *request);
/* Errors outside an SA, by either version. */
void ike_judge_outside(ike_tracker *t, ike_sa *sa);
/* The same of errors whose SA was not in the capture when they came. */
void ike_judge_orphans(ike_tracker *t);
/* IKEv2 SAs of the same hosts and ports that live side by side; `list`: all between two hosts. */
void ike_judge_redundant(ike_tracker *t, const ike_list *list);

/* ---- ike_natt_judge.c ---- */
/* Who is behind a NAT, and who forces encapsulation. */
void ike_judge_nat(ike_tracker *t, ike_sa *sa);
/* True when the next message of the initiator goes to UDP 4500, because of a NAT (RFC 3947 4), or may go there, as in
 * IKEv2 it always may (RFC 7296 2.23). */
bool ike_judge_is_floating(const ike_sa *sa);
/* True when the hashes that the peers compare show no NAT, whatever the capture sees (IKEv1: in IKEv2 the
 * hashes of both sides cannot be compared). */
bool ike_judge_peers_see_none(const ike_sa *sa);
/* What is wrong with NAT traversal; uses what was said of unanswered messages. */
void ike_judge_natt(ike_tracker *t, ike_sa *sa);
/* True when the receiver of this request, behind a NAT, had sent nothing for so long that the NAT may have forgotten
 * it, and sent nothing since. */
bool ike_judge_may_be_forgotten(const ike_tracker *t, const ike_sa *sa, const ike_record *request);
/* Hosts that a NAT gives the same address and port; `list`: all SAs between two hosts. */
void ike_judge_nat_clash(ike_tracker *t, const ike_list *list);

/* True when a copy of `r` was sent after another message. */
bool ike_judge_was_sent_after(const ike_record *r, const ike_record *after);
/* True when the SA has no new message after this one. */
bool ike_judge_is_silent_after(const ike_sa *sa, const ike_record *after);
bool ike_judge_has_esp_after(const ike_sa *sa, const ike_record *after);
/* True when it has neither after this one. */
bool ike_judge_ends_after(const ike_sa *sa, const ike_record *after);

/* ---- ike_neighbours.c: other SAs between the same hosts ---- */
/* True when an SA came up, whatever became of it later. */
bool ike_judge_came_up(const ike_sa *sa);
/* True when the hosts had an SA before this one, as an older SA, one that began before the capture, or ESP in use shows:
 * this one renews it, and its IPsec SAs go on. */
bool ike_judge_renews_another(const ike_tracker *t, const ike_sa *sa);
/* Another SA that came up in place of this one whose request was not answered: begun while it was tried or
 * soon after it was given up. `in_use`: the SA was up before, and counts what lives or began since the
 * request. NULL when there is none. */
const ike_sa *ike_judge_successor(const ike_tracker *t, const ike_sa *sa, const ike_record *request,
                                  bool in_use);
/* An older SA on which the peer went on after the request: it is alive, and may have forgotten an SA whose
 * delete it answered. NULL when there is none. */
const ike_sa *ike_judge_alive_beside(const ike_tracker *t, const ike_sa *sa, const ike_record *request);
/* True when another SA of the same hosts that came up is alive when a message of this one is sent. */
bool ike_judge_lives_beside(const ike_tracker *t, const ike_sa *sa, const ike_record *r);
/* True when the initiator of an IKEv2 SA begins another one with a gateway to which it was redirected (RFC 5685 3). */
bool ike_judge_is_redirected(const ike_tracker *t, const ike_sa *sa);
/* True when another SA within a minute of this one has messages both ways. */
bool ike_judge_is_answered_beside(const ike_tracker *t, const ike_sa *sa, const ike_record *request);
/* True when on another SA both sides use UDP 4500. */
bool ike_judge_works_on_4500_beside(const ike_tracker *t, const ike_sa *sa);
/* True when another SA, of IKEv1 with a pre-shared key, came up. */
bool ike_judge_psk_works_beside(const ike_tracker *t, const ike_sa *sa);
/* True when the receiver of the request starts an SA of its own within a minute. */
bool ike_judge_is_begun_by(const ike_tracker *t, const ike_sa *sa, const ike_record *request);
/* True when another SA has ESP. */
bool ike_judge_has_esp_beside(const ike_tracker *t, const ike_sa *sa);

#endif
