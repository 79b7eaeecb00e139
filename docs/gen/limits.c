/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Prints docs/limits.md from the table of bounds. tools/docs runs it.
 */
#include "ike_limits.h"

#include <stdio.h>

static const char head[] =
    "# Limits\n"
    "\n"
    "Written by tools/docs from `plugin/core/base/ike_limits.def`; do not edit.\n"
    "\n"
    "No list of the table grows beyond its bound, and no packet costs more because of those before it. Reaching a bound\n"
    "is the finding [limit](diagnoses.md#limit), once for the capture or for the IKE SA, which names it. What is\n"
    "dropped, the last column says.\n"
    "\n"
    "Memory still grows with the capture, since what was found stays until it is closed. Each frame that ikex annotates\n"
    "has a note, and nothing but the number of frames bounds these: 60 bytes for a keepalive, 80 for a packet of ESP or\n"
    "AH, 115 for an ICMP error, 200 for a message of IKE, 560 for a repeated one, 2.6 KB for one\n"
    "with a hundred notifies. An IKE SA adds 0.8 to 2 KB, a Quick Mode or Child SA 300 bytes, an SPI of ESP 400: four\n"
    "million half-open IKE SAs, all that are tracked, take 4 GB. What waits for more, fragments and TCP segments, has\n"
    "at most 128 MB of data, and is forgotten. [performance.md](performance.md) says how bytes are measured.\n"
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
