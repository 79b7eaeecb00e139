/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_selection.h"

bool ike_selects(const ike_selection *of, const ike_sa *sa)
{
    return !of->sas || g_hash_table_contains(of->sas, GUINT_TO_POINTER(sa->number));
}

bool ike_selects_flow(const ike_selection *of, const ike_flow *flow)
{
    return flow->first && (flow->sa ? ike_selects(of, flow->sa) : !of->sas);
}
