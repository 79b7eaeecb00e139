/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The bounds of lists and tables, from ike_limits.def: as IKE_MAX_SAS and so on, and as rows.
 */
#ifndef IKE_LIMITS_H
#define IKE_LIMITS_H

#include <stdint.h>

typedef enum ike_limit_id {
#define X(id, most, what, then) IKE_LIMIT_##id,
#include "ike_limits.def"
#undef X
    IKE_N_LIMITS
} ike_limit_id;

enum {
#define X(id, most, what, then) IKE_MAX_##id = most,
#include "ike_limits.def"
#undef X
};

typedef struct ike_limit {
    const char *name; /* "IKE_MAX_SAS" */
    uint32_t most;
    const char *what, *then;
} ike_limit;

const ike_limit *ike_limit_get(ike_limit_id id);

#endif
