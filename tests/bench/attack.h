/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Captures that are made to cost more than their packets: attacks on the algorithms of the tracker.
 */
#ifndef ATTACK_H
#define ATTACK_H

#include "packet.h"

typedef struct attack {
    const char *name;
    void (*make)(packet *p, uint32_t i, uint32_t n); /* packet i of n */
    uint32_t few;       /* packets of the small run; the large one has ten times as many */
    ike_time gap;       /* between packets */
    size_t cut;         /* bytes that are captured of each; 0: all */
    const char *what;
} attack;

extern const attack attacks_of_ike[], attacks_of_paths[];
extern const size_t n_attacks_of_ike, n_attacks_of_paths;

/* ---- attack_collide.c: keys that fall into one place of a table whose hash function is known ---- */
void attack_cookies(packet *p, uint32_t i, uint32_t n);
void attack_hosts(packet *p, uint32_t i, uint32_t n);
void attack_fragment_keys(packet *p, uint32_t i, uint32_t n);
void attack_tcp_keys(packet *p, uint32_t i, uint32_t n);
void attack_ipsec_spis(packet *p, uint32_t i, uint32_t n);
void attack_message_ids(packet *p, uint32_t i, uint32_t n);
void attack_digests(packet *p, uint32_t i, uint32_t n);

/* ---- attack_path.c: what is no IKE message ---- */
/* An ESP packet between two hosts. */
void attack_esp(packet *p, uint32_t src, uint32_t dst, uint32_t spi, uint32_t sequence);

/* ---- attack_ike.c: messages of IKE ---- */
/* Packet i of Main Mode between hosts 1 and 2 with cookies 1 and 2, 0 <= i < 6; false for others. */
bool attack_main_mode(packet *p, uint32_t i);
/* The same with the cookies and the hosts of another SA. */
void attack_main_message(packet *p, uint32_t i, const ike_head *cookies, ike_addr initiator, ike_addr responder);
/* An encrypted message of an SA of hosts 1 and 2: IKEv1 or IKEv2 by its head. */
void attack_encrypted(packet *p, bool from_initiator, ike_head head, uint32_t content);

#endif
