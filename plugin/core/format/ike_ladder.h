/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A ladder diagram of one negotiation as SVG: both hosts, their messages in the order of the capture,
 * what was sent again, came in pieces or was not answered, and findings where they stand.
 */
#ifndef IKE_LADDER_H
#define IKE_LADDER_H

#include "ike_tracker.h"

#define IKE_LADDER_ROWS 120u /* of one diagram; what is more is only counted */

/* Appends the diagram; it is drawn with the classes and colours of the page that ike_html.c makes. Nothing
 * for an SA without messages. */
void ike_ladder_append(GString *out, const ike_sa *sa);

/* Appends text for HTML or SVG: markup in it is text. */
void ike_html_append(GString *out, const char *text);

#endif
