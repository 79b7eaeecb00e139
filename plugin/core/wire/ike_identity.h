/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Identities and traffic selectors as text for people. What peers chose freely is made harmless for
 * terminals and has a bound.
 */
#ifndef IKE_IDENTITY_H
#define IKE_IDENTITY_H

#include "ike_message.h"

/* The identity of a payload's body: an address, a name, a distinguished name (RFC 2407 4.6.2, RFC 7296 3.5);
 * NULL when it is too short. g_free it. */
char *ike_identity_text(const uint8_t *body, size_t length);
/* Appends a distinguished name in DER, "C=CH, O=strongSwan, CN=moon", most significant first as it is written
 * there; false, and nothing appended, when it is none (RFC 5280 4.1.2.4). */
bool ike_dn_append(GString *out, const uint8_t *data, size_t length);

/* The traffic selector that an identity payload of Quick Mode is, "10.1.0.0/16", "10.1.0.2/32 udp/1701"
 * (RFC 2407 4.6.2); g_free it. NULL when it cannot be read. */
char *ike_selector_of_identity(const uint8_t *body, size_t length);
/* The selectors of a payload TSi or TSr, with commas (RFC 7296 3.13). */
char *ike_selectors_text(const uint8_t *body, size_t length);

#endif
