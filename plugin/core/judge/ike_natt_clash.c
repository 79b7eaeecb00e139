/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Two hosts behind one NAT that gives both the same address and port (RFC 3948 5.1): their SAs
 * interleave, and each host counts its IP packets on its own.
 */
#include "ike_judge.h"

#define OWN_STEP 1024    /* packets that one host sends between two of its IKE messages */
#define OTHER_STEP 8192  /* IP IDs that tell two hosts apart */
#define ENOUGH 3         /* messages of each host, and changes between them */

typedef struct clash {
    const ike_record *newest[2]; /* of both SAs */
    unsigned messages[2], changes;
    int newest_sa;
    ike_record *shown; /* first message after a change */
    bool differs;      /* some other way */
} clash;

static unsigned distance(const ike_record *a, const ike_record *b)
{
    const uint16_t up = (uint16_t)(b->ip_id - a->ip_id);

    return MIN((unsigned)up, 65536u - up);
}

/* A host that numbers at random, or two SAs of one host, do not look like two counters. */
static void take(clash *c, ike_record *r, int which)
{
    const ike_record *own = c->newest[which], *other = c->newest[1 - which];

    c->differs |= !r->has_ip_id || r->ip_id == 0 || (own && (uint16_t)(r->ip_id - own->ip_id) > OWN_STEP) ||
                  (other && distance(other, r) < OTHER_STEP);
    if (c->messages[0] + c->messages[1] > 0 && c->newest_sa != which && c->changes++ == 0)
        c->shown = r;
    c->newest[which] = r;
    c->newest_sa = which;
    c->messages[which]++;
}

/* The next message of the initiator from `i` on, or NULL. */
static ike_record *next_message(const ike_sa *sa, guint *i)
{
    while (*i < sa->records.len) {
        ike_record *r = sa->records.pdata[(*i)++];

        if (r->note.kind == IKE_NOTE_MESSAGE && r->copy != IKE_COPY_DUPLICATE && !r->is_reflection &&
            !r->is_tcp && r->fragment == IKE_FRAGMENT_NONE && r->side == sa->initiator)
            return r;
    }
    return NULL;
}

static ike_record *clash_of(const ike_sa *a, const ike_sa *b)
{
    clash c = { 0 };
    guint i = 0, k = 0;
    ike_record *x = next_message(a, &i), *y = next_message(b, &k);

    while ((x || y) && !c.differs) {
        const bool first = x && (!y || x->note.frame < y->note.frame);
        const ike_sa *other = first ? b : a;

        c.differs |= !ike_side_has_endpoint(&other->sides[other->initiator], first ? ike_record_src(x) : ike_record_src(y));
        take(&c, first ? x : y, first ? 0 : 1);
        if (first)
            x = next_message(a, &i);
        else
            y = next_message(b, &k);
    }
    return !c.differs && c.messages[0] >= ENOUGH && c.messages[1] >= ENOUGH && c.changes >= ENOUGH
               ? c.shown : NULL;
}

static bool may_be_natted(const ike_sa *sa)
{
    return sa->initiator != IKE_SIDE_NONE && !sa->more->sibling_of && !sa->more->parent &&
           ike_sa_natted(sa, sa->initiator) != IKE_NAT_NO && !sa->sides[sa->initiator].is_rewritten;
}

void ike_judge_nat_clash(ike_tracker *t, const ike_list *list)
{
    for (guint i = 1; i < list->len; i++) {
        const ike_sa *a = list->pdata[i - 1];
        ike_sa *b = list->pdata[i];
        ike_record *r = NULL;

        if (may_be_natted(a) && may_be_natted(b) && b->first_time < a->last_time)
            r = clash_of(a, b);
        if (r)
            ike_raise(t, b, IKE_DIAG_NAT_CLASH, r->note.sa == b ? &r->note : NULL, 0,
                      "SA %u comes from the same address and port as SA %u at the same time, with IP IDs "
                      "of two counters: two hosts", b->number, a->number);
    }
}
