/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Statistics by the names that Windows publishes: IP Security Monitor (Main Mode and Quick Mode
 * statistics), the key module statistics of Vista and later (IKEEXT_STATISTICS) and those of IPsec SAs and of
 * packets that were dropped (IPSEC_STATISTICS), as far as a capture can give them, and some of our own that
 * these lack.
 */
#ifndef IKE_COUNTER_H
#define IKE_COUNTER_H

#include "ike_child.h"
#include "ike_result.h"

typedef enum ike_counter_group {
    IKE_COUNTERS_MAIN_MODE,  /* IP Security Monitor, Main Mode statistics */
    IKE_COUNTERS_QUICK_MODE, /* IP Security Monitor, Quick Mode statistics */
    IKE_COUNTERS_MODULE,     /* key module statistics: of IKEv1, AuthIP or IKEv2 */
    IKE_COUNTERS_SAS,        /* IPSEC_AGGREGATE_SA_STATISTICS */
    IKE_COUNTERS_DROPS,      /* IPSEC_AGGREGATE_DROP_PACKET_STATISTICS */
    IKE_COUNTERS_CAPTURE,    /* our own */
    IKE_COUNTERS_TIME        /* spans */
} ike_counter_group;

typedef enum ike_counter_trust {
    IKE_COUNTER_EXACT,   /* as far as the capture goes */
    IKE_COUNTER_ROUGH,   /* the nearest that a capture can give */
    IKE_COUNTER_NOT_SEEN /* no capture can give it */
} ike_counter_trust;

typedef struct ike_counter_info {
    ike_counter_group group;
    ike_counter_trust trust;
    const char *module; /* of IKE_COUNTERS_MODULE and IKE_COUNTERS_TIME: "IKEv1", "AuthIP", "IKEv2"; else NULL */
    const char *name;   /* published */
    const char *what;   /* it counts here */
} ike_counter_info;

typedef struct ike_counter {
    const ike_counter_info *info;
    const ike_addr *host; /* NULL: of the whole capture */
    bool is_known;
    uint64_t count;       /* or, of IKE_COUNTERS_TIME .. */
    ike_time span;        /* .. nanoseconds */
} ike_counter;

typedef struct ike_counters ike_counters;

#define IKE_COUNTED_HOSTS 100u /* hosts that have counters of their own: the first that appear */

/* Counts what a report covers. The tracker must be finished. Free it with ike_counters_free. */
ike_counters *ike_counters_new(const ike_selection *of);
void ike_counters_free(ike_counters *counters);
/* Hosts with counters of their own, of ike_addr, in order of appearance; `others` gets how many have none. */
const GArray *ike_counters_hosts(const ike_counters *counters, unsigned *others);
/* The counter with this number of a host, or with NULL of the whole capture; false behind the last. */
bool ike_counters_get(const ike_counters *counters, const ike_addr *host, unsigned number, ike_counter *counter);
const char *ike_counter_group_name(ike_counter_group group);
const char *ike_counter_trust_name(ike_counter_trust trust);

#endif
