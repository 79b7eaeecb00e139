/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conversations of both versions that move to port 4500, for tests of NAT traversal.
 */
#ifndef NATT_H
#define NATT_H

#include "ladder2.h"

/* The initiator knows the responder by this address. */
void responder_known_as(ladder *l, const char *addr);
/* Main Mode that goes to port 4500, where the capture sees the initiator at this port. */
void floats(ladder *l, uint16_t port);
/* IKE_SA_INIT and IKE_AUTH that do. */
void v2_floats(ladder *l);
/* Ends a conversation of these messages, of which there is no such finding. */
void end_without(ladder *l, const char *id, const char *labels);

#endif
