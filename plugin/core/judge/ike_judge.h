/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conclusions about one SA once all its frames are known. Shared by the files of the judge.
 */
#ifndef IKE_JUDGE_H
#define IKE_JUDGE_H

#include "ike_track.h"

/* Something by which the peer reacted to a message: an Informational, no liveness check, at most
 * `limit` after one of its copies. NULL when there is none. */
ike_record *ike_judge_info_after(const ike_sa *sa, ike_record *r, ike_side from, ike_time limit);

/* Any Informational of this side after the first copy of `r`. */
bool ike_judge_info_since(const ike_sa *sa, const ike_record *r, ike_side from);

/* An IKEv2 error outside the SA by this side after the first copy of `r`. */
bool ike_judge_error_since(const ike_sa *sa, const ike_record *r, ike_side from);

/* True when an SA came up, whatever became of it later. */
bool ike_judge_came_up(const ike_sa *sa);

/* True when messages of phase 2 (Quick Mode, Transaction, New Group ..) were seen. */
bool ike_judge_has_phase2(const ike_sa *sa);

/* True when the capture holds only one direction of this SA although answers arrived. */
bool ike_judge_is_oneway(const ike_tracker *t, const ike_sa *sa);

/* How soon an Informational comes that reacts to a message. */
#define IKE_REACTION (2 * IKE_SECOND)

/* Marks Informationals that are liveness checks or answers to them (RFC 3706): pairs of about equal
 * length that repeat. They are neither answers nor refusals of anything else. */
void ike_judge_find_liveness(ike_sa *sa);

/* The parts of the judgement of one SA. */
void ike_judge_refusals(ike_tracker *t, ike_sa *sa);
void ike_judge_liveness(ike_tracker *t, ike_sa *sa);
void ike_judge_icmp(ike_tracker *t, ike_sa *sa);
/* True for "fragmentation needed" and "packet too big". */
bool ike_judge_is_too_big(const ike_icmp *icmp);
/* Appends what points to IP fragments that are dropped behind the capture point, if anything does: all
 * copies of this message that nobody reacted to went in IP fragments, and smaller messages of the SA were
 * answered both ways. */
void ike_judge_append_dropped(GString *text, const ike_sa *sa, const ike_record *first);

/* Finds floods of half-open SAs: they are told once, not for each SA. */
void ike_judge_floods(ike_tracker *t);

/* What was not answered in one exchange of an SA. */
void ike_judge_silence(ike_tracker *t, ike_sa *sa, ike_exchange *exchange);

/* IKEv2: the initiator that does not go on after the response to its first message. */
void ike_judge_standstill_v2(ike_tracker *t, ike_sa *sa);
/* IKEv2: a request of which only some fragments came; `piece` is the one that was sent most often. */
void ike_judge_incomplete_request(ike_tracker *t, ike_exchange *exchange, ike_record *piece);

/* ---- ike_judge_esp.c ---- */
/* What IPsec SAs and their packets say. */
void ike_judge_flows(ike_tracker *t);

/* ---- ike_judge_v2.c ---- */
/* Whether an IKEv2 SA came up, by what follows its last IKE_AUTH. */
void ike_judge_state_v2(ike_tracker *t, ike_sa *sa);
/* Refusals, challenges, authentication that probably failed, gaps of an IKEv2 SA. */
void ike_judge_sa_v2(ike_tracker *t, ike_sa *sa);
/* Errors outside an SA, by either version. */
void ike_judge_outside(ike_tracker *t, ike_sa *sa);
/* The same of errors whose SA was not in the capture when they came. */
void ike_judge_orphans(ike_tracker *t);
/* IKEv2 SAs of the same hosts and ports that live side by side; `list`: all between two hosts. */
void ike_judge_redundant(ike_tracker *t, const GPtrArray *list);

/* ---- ike_natt_judge.c ---- */
/* Who is behind a NAT, and who forces encapsulation. */
void ike_judge_nat(ike_tracker *t, ike_sa *sa);
/* What is wrong with NAT traversal; uses what was said of unanswered messages. */
void ike_judge_natt(ike_tracker *t, ike_sa *sa);
/* Hosts that a NAT gives the same address and port; `list`: all SAs between two hosts. */
void ike_judge_nat_clash(ike_tracker *t, const GPtrArray *list);

/* True when a copy of `r` was sent after another message. */
bool ike_judge_was_sent_after(const ike_record *r, const ike_record *after);
bool ike_judge_is_info(const ike_record *r);
/* Index of the first Informational of a side after a frame. */
guint ike_judge_info_position(const GPtrArray *infos, uint32_t frame);
/* True when the SA has no new message after this one. */
bool ike_judge_is_silent_after(const ike_sa *sa, const ike_record *after);
bool ike_judge_has_esp_after(const ike_sa *sa, const ike_record *after);
/* True when an older SA of the same hosts came up: this one renews it, and its Quick Modes go on. */
bool ike_judge_renews_another(const ike_tracker *t, const ike_sa *sa);

#endif
