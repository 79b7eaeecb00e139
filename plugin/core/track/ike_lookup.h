/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the look-up of IKEv1 and that of IKEv2 share. Not for other parts of the tracker.
 */
#ifndef IKE_LOOKUP_H
#define IKE_LOOKUP_H

#include "ike_track.h"

/* A changed first message with the same cookie after this time is no new attempt. */
#define IKE_FIRST_MESSAGE_AGE (600 * IKE_SECOND)

typedef struct ike_lookup {
    ike_tracker *t;
    const ike_message *m;
    const ike_datagram *d;
    bool has_sa_payload;
} ike_lookup;

static inline bool ike_lookup_same_hosts(const ike_sa *sa, const ike_lookup *l)
{
    return ike_sa_has_hosts(sa, &l->d->src.addr, &l->d->dst.addr);
}

static inline bool ike_lookup_one_host(const ike_sa *sa, const ike_lookup *l)
{
    return ike_sa_has_host(sa, &l->d->src.addr, &l->d->dst.addr);
}

static inline bool ike_lookup_knows_digest(const ike_sa *sa, const ike_lookup *l)
{
    return ike_sa_first_copy(sa, &l->d->digest) != NULL;
}

/* The SA with this pair of cookies, or NULL. */
ike_sa *ike_lookup_pair(const ike_tracker *t, const ike_message *m);
/* A new SA; `sender` is the side that sent the message. NULL when there are too many. */
ike_sa *ike_lookup_make(ike_lookup *l, ike_side sender);
/* A new SA that shares the first message of an older one. */
ike_sa *ike_lookup_make_sibling(ike_lookup *l, ike_sa *older);
/* True when the message is another answer to the first message of this SA. */
bool ike_lookup_is_sibling(const ike_lookup *l, const ike_sa *older);
/* Gives an SA the responder cookie of the message. */
void ike_lookup_promote(ike_lookup *l, ike_sa *sa);
/* The SA whose first message this is although answers to it came earlier in the file, or NULL. */
ike_sa *ike_lookup_late_first_message(ike_lookup *l);

/* The SA of an IKEv2 message, made when it is new. */
ike_sa *ike_lookup_v2(ike_lookup *l);

#endif
