/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a tracker is told before a capture, and how far that goes.
 */
#ifndef IKE_CAPTURE_H
#define IKE_CAPTURE_H

#include "ike_base.h"

typedef struct ike_tracker ike_tracker;

typedef struct ike_options {
    ike_time patience; /* how long a capture must go on before silence counts; 0: 5 s */
    uint32_t limits[IKE_N_LIMITS]; /* lower ones, for tests, of those that are lists and tables of the tracker:
                                    * what ike_limit_reached looks at; 0: as in ike_limits.def */
} ike_options;

typedef struct ike_span {
    uint32_t frames;
    ike_time first, last; /* earliest and latest time of any frame */
} ike_span;

#endif
