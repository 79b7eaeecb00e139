/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Prints docs/limits.md from the table of bounds. tools/docs runs it.
 */
#include "ike_limits.h"

#include <stdio.h>

static const char head[] =
    "# Limits\n"
    "\n"
    "Written by tools/docs from `plugin/core/ike_limits.def`; do not edit.\n"
    "\n"
    "What grows with the packets of a capture has a bound, so that no capture can exhaust memory or make the\n"
    "analysis slow. Reaching one is the finding [limit](diagnoses.md#limit), once for the capture or for the IKE SA,\n"
    "which names the bound. What is dropped, the last column says. Notes of frames have no bound but the number of\n"
    "packets.\n"
    "\n"
    "| Bound | at most | of | beyond it |\n"
    "|---|---|---|---|\n";

int main(void)
{
    fputs(head, stdout);
    for (int i = 0; i < IKE_N_LIMITS; i++) {
        const ike_limit *limit = ike_limit_get((ike_limit_id)i);

        printf("| `%s` | %u | %s | %s |\n", limit->name, limit->most, limit->what, limit->then);
    }
    fputs("\nLook-ups have a depth as well, so that a packet costs no more because of those before it: of the SAs between\n"
          "two hosts the newest 64 are compared with a packet, of those with one initiator cookie the newest 256, of the\n"
          "IPsec SAs with one SPI the newest 64, of the copies of a message the newest 256, of the neighbours of an SA 256\n"
          "on each side. What is farther away counts as not there, and where that could accuse somebody, nothing is said.\n",
          stdout);
    return 0;
}
