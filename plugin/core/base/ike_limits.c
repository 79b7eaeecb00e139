/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_limits.h"

static const ike_limit limits[IKE_N_LIMITS] = {
#define X(id, most, what, then) [IKE_LIMIT_##id] = { "IKE_MAX_" #id, most, what, then },
#include "ike_limits.def"
#undef X
};

const ike_limit *ike_limit_get(ike_limit_id id)
{
    return &limits[id];
}
