/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * After which times implementations send a request again that is not answered. A hint at who sends:
 * anybody may use the same times.
 */
#ifndef IKE_SCHEDULE_H
#define IKE_SCHEDULE_H

#include "ike_base.h"

#define IKE_SCHEDULE_GAPS 7

typedef struct ike_schedule {
    const char *name;
    unsigned n;
    ike_time gaps[IKE_SCHEDULE_GAPS]; /* between a sending and the next */
    bool names_itself; /* by a vendor ID in its first message */
} ike_schedule;

/* The one schedule that begins with these times between sendings, or NULL: none fits, several do, or
 * there are less than two times. `from_first` tells that the first of them follows the first sending;
 * without it a schedule that may have begun before the capture fits as well. */
const ike_schedule *ike_schedule_find(const ike_time *gaps, unsigned n, bool from_first);
/* Row of the table by number, or NULL behind the last; for tests. */
const ike_schedule *ike_schedule_get(size_t number);

#endif
