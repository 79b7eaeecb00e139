/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_agreement.h"
#include "ike_exchange.h"

void ike_agreement_free(ike_agreement *agreement)
{
    if (!agreement)
        return;
    g_free(agreement->offer);
    g_free(agreement->offer_v2);
    g_free(agreement->choice_v2);
    for (int i = 0; i < 2; i++) {
        g_free(agreement->asked[i]);
        g_free(agreement->selectors[i]);
    }
    g_free(agreement);
}

const ike_agreement *ike_agreement_find(const ike_exchange *exchange)
{
    return ike_exchange_lead(exchange)->more->agreement;
}

ike_agreement *ike_agreement_of(ike_exchange *exchange)
{
    ike_exchange *lead = ike_exchange_lead(exchange);

    if (!lead->more->agreement)
        ike_exchange_more_of(lead)->agreement = g_new0(ike_agreement, 1);
    return lead->more->agreement;
}

uint32_t ike_agreement_spi(const ike_exchange *exchange, ike_side receiver)
{
    const ike_agreement *agreement = ike_agreement_find(exchange);

    return agreement && receiver != IKE_SIDE_NONE ? agreement->spi[receiver] : 0;
}
