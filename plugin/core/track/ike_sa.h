/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the tracker remembers: IKE SAs, with their exchanges, sides and messages. Data and look-up only;
 * ike_intake.h feeds it, ike_judge.h draws the conclusions.
 */
#ifndef IKE_SA_H
#define IKE_SA_H

#include "ike_exchange.h"
#include "ike_proposal.h"
#include "ike_side.h"

struct ike_assembly; /* fragments 132 of one message: ike_assembly.h */

typedef struct ike_host_pair {
    ike_addr src, dst;
} ike_host_pair;

/* What a side of an IKEv2 SA announces in clear. */
enum {
    IKE_V2_FRAGMENTATION = 1 << 0,  /* RFC 7383 */
    IKE_V2_INTERMEDIATE = 1 << 1,   /* RFC 9242 */
    IKE_V2_REDIRECT = 1 << 2,       /* RFC 5685 */
    IKE_V2_CHILDLESS = 1 << 3,      /* RFC 6023 */
    IKE_V2_MULTIPLE_AUTH = 1 << 4,  /* RFC 4739 */
    IKE_V2_HASHES = 1 << 5,         /* RFC 7427 */
    IKE_V2_PPK = 1 << 6,            /* RFC 8784 */
    IKE_V2_REDIRECTED = 1 << 7      /* comes from another gateway: RFC 5685 3 */
};

typedef struct ike_v2_side {
    bool is_seen;     /* its IKE_SA_INIT is in the capture */
    uint8_t supports; /* IKE_V2_.. */
    uint8_t hashes;   /* signature hashes, bit n for number n (RFC 7427 7) */
    uint16_t group;   /* of its newest KE payload */
    uint8_t authentication; /* method of its AUTH payload (RFC 7296 3.8), 0: not seen */
    int64_t highest_id; /* of its own requests; -1 while there are none */
} ike_v2_side;

/* What only IKEv2 knows of an SA. */
typedef struct ike_v2 {
    ike_v2_side sides[2];
    ike_v2_offer *offer, *choice; /* of the newest IKE_SA_INIT that has one, or NULL */
    uint64_t nonce;               /* digest of Ni, which all attempts share (RFC 7296 2.6) */
    unsigned attempts;            /* different IKE_SA_INIT requests */
    unsigned cookies, invalid_kes; /* responses of that kind to different attempts */
    uint16_t asked_group;         /* by the newest INVALID_KE_PAYLOAD */
    bool asked_unoffered;         /* .. which the initiator had not offered */
    bool kept_group;              /* a retry did not follow INVALID_KE_PAYLOAD */
    bool kept_cookie;             /* a retry did not return the newest COOKIE first */
    bool moved_port;              /* a retry came from another port or address */
    uint64_t cookie;              /* digest of the newest one */
    ike_record *challenge;        /* newest response with COOKIE, with INVALID_KE_PAYLOAD, .. */
    ike_record *invalid_ke;
    ike_record *redirect;
    ike_record *nack;             /* TICKET_NACK (RFC 5723) */
    ike_record *refusal;          /* newest IKE_SA_INIT response with another clear error */
    char *gateway;                /* that REDIRECT names, or NULL */
    uint32_t last_intermediate;   /* highest message ID of IKE_INTERMEDIATE, 0 while there is none */
    ike_exchange *last_auth;      /* IKE_AUTH with the highest message ID */
    ike_exchange *last_child;     /* newest CREATE_CHILD_SA with a response */
    unsigned rounds;              /* of IKE_AUTH, by its highest number */
    bool has_eap;                 /* a message of IKE_AUTH begins with an EAP payload */
    ike_record *emptied;          /* newest response without payloads to a Delete, or NULL */
    bool is_used;                 /* an exchange came after IKE_AUTH */
} ike_v2;

/* What an SA has that got further than its first messages, or that is special. Read it as `more` of an SA, which is
 * ike_no_more at first; write to what ike_sa_more returns. */
typedef struct ike_more {
    ike_list exchanges;        /* all but phase 1, in order of appearance; owns them */
    GHashTable *by_message_id; /* of these; NULL while there are few */
    GHashTable *digests;       /* first copies by digest; NULL while there are few */
    uint32_t newest_child_frame; /* of the newest message that makes IPsec SAs */
    ike_record *established;   /* the message that proves or makes it, or NULL */
    ike_transform chosen;
    bool has_chosen;
    ike_list infos[2];         /* Informationals of each side that are no copies, in frame order */
    ike_list icmp;             /* ike_icmp: errors that quote it */
    ike_list flows;            /* ike_flow: IPsec SAs between its hosts that are taken for its own */
    struct ike_assembly *assemblies; /* fragments 132 */
    unsigned n_assemblies;
    GHashTable *newest_assembly; /* of these, by side and fragment ID; or NULL */
    ike_record *deleted;       /* the first message with a decrypted Delete of it, or NULL */
    char *given_address;       /* decrypted: that the configuration payload gives, or NULL */
    char *user;                /* decrypted: of XAUTH or EAP, or NULL */
    ike_sa *sibling_of;        /* shares its first message with this one */
    ike_sa *parent;            /* IKEv2: whose CREATE_CHILD_SA made this one, or NULL */
    ike_exchange *made_by;     /* that exchange */
    ike_sa *rekeyed_to;        /* IKEv2: the one that took over, of several the first or the one that stays; or NULL */
    ike_sa *heir;              /* use ike_sa_heir */
    uint32_t told_limits;      /* bits: bounds of an SA that were reached */
    ike_sa *reuses;            /* older SA whose initiator cookie it has, or NULL */
} ike_more;

extern const ike_more ike_no_more;

struct ike_sa {
    const ike_more *more; /* never NULL */
    uint32_t number;
    uint8_t version;
    int8_t initiator;          /* an ike_side: IKE_SIDE_NONE while unknown */
    uint8_t initiator_known;   /* an ike_known_by */
    uint64_t spi_i, spi_r; /* spi_r is 0 while only first messages were seen */
    ike_side_state sides[2];
    ike_list hosts;           /* ike_hosts under which it can be found */
    ike_arena *arena;         /* of its tracker */
    ike_exchange *phase1;      /* of what kind: phase1->mode; all others: more->exchanges */
    ike_list records;          /* messages and pieces, in frame order; but pieces may stand behind their message */
    ike_list findings;         /* all */
    ike_list distinct;         /* of these, the first of each id */

    ike_offer *offer; /* of MM1 or AM1, or NULL */
    ike_v2 *v2;          /* of an IKEv1 SA one that says nothing, and cannot be written to */

    ike_time first_time, last_time;
    uint32_t first_frame, last_frame;
    uint32_t newest_frame;      /* of the newest message that is no copy and no echo */
    uint8_t tracked_state;     /* an ike_state: by its messages so far */
    uint8_t state;             /* an ike_state: the same, or what was concluded of it */
    bool is_joined;
    bool is_failed;
    bool is_in_flood;          /* one of many that do not get further: not told on its own */
    bool has_used_500, has_floated;
    bool has_used_tcp;
    ike_sa *same_spi;          /* next older SA with the same initiator cookie */
};

/* To write to it. */
ike_more *ike_sa_more(ike_sa *sa);

/* The message that proves or makes it, or NULL. */
void ike_sa_set_established(ike_sa *sa, ike_record *by);

/* At the end of the capture: which has its Child SAs, itself unless it was rekeyed. */
static inline ike_sa *ike_sa_heir(const ike_sa *sa)
{
    return sa->more->heir ? sa->more->heir : (ike_sa *)sa;
}

static inline bool ike_sa_is_authip(const ike_sa *sa)
{
    return sa->phase1->mode == IKE_MODE_AUTHIP_MAIN;
}

/* An SA failed, unless it came up or its start is not in the capture. */
void ike_sa_fail(ike_sa *sa);
/* IKEv2: the response to IKE_AUTH did not make the SA after all. */
void ike_sa_fail_authentication(ike_sa *sa);
/* The first finding of this id, or NULL. */
ike_finding *ike_sa_finding(const ike_sa *sa, ike_diagnosis_id id);
/* Messages of an SA that count. */
unsigned ike_sa_messages(const ike_sa *sa);
/* The first message, or piece that never became one; NULL for an SA without records. */
ike_record *ike_sa_first_record(const ike_sa *sa);
/* True when the other side sent a new message of an exchange after this piece: it went on. */
bool ike_sa_goes_on_after(const ike_sa *sa, const ike_record *piece);

/* Adds a message or a piece. */
void ike_sa_add_record(ike_sa *sa, ike_record *r);
/* The newest first copy of an SA with this digest, or NULL. */
ike_record *ike_sa_first_copy(const ike_sa *sa, const ike_digest *digest);
/* Makes a record of the SA one that is found by its digest. */
void ike_sa_add_first_copy(ike_sa *sa, ike_record *r);

/* True when the bound of an SA was reached. */
bool ike_sa_reached(const ike_sa *sa, ike_limit_id id);

/* From the memory of its tracker; freeing it frees what it refers to. */
ike_sa *ike_sa_new(ike_arena *arena, uint32_t number, uint8_t version, uint64_t spi_i, uint64_t spi_r);
void ike_sa_free(ike_sa *sa);

/* Which side sends from `src` to `dst`. A side is known by its addresses, by address and port when
 * both sides share an address. IKE_SIDE_NONE when neither end is known. */
ike_side ike_sa_side(const ike_sa *sa, const ike_endpoint *src, const ike_endpoint *dst);
/* Remembers that this side uses the endpoint. False when there are too many, and none of them has its address, by
 * which packets are known as those of the side. */
bool ike_sa_add_endpoint(ike_sa *sa, ike_side side, const ike_endpoint *endpoint);
/* True when the two addresses are those of the two sides, in either order. */
bool ike_sa_has_hosts(const ike_sa *sa, const ike_addr *a, const ike_addr *b);
/* True when one of the two addresses is known to the SA. */
bool ike_sa_has_host(const ike_sa *sa, const ike_addr *a, const ike_addr *b);

ike_role ike_sa_role(const ike_sa *sa, ike_side side);
/* Where a side was first seen, or NULL; also for IKE_SIDE_NONE. */
static inline const ike_endpoint *ike_sa_endpoint_of(const ike_sa *sa, ike_side side)
{
    return side == IKE_SIDE_NONE || sa->sides[side].n_endpoints == 0 ? NULL : &sa->sides[side].endpoints[0];
}
/* The endpoint of a role, or of side A and B while roles are unknown; NULL when not seen. */
const ike_endpoint *ike_sa_endpoint(const ike_sa *sa, ike_role role);
/* Side of a role; IKE_SIDE_NONE while roles are unknown. */
ike_side ike_sa_side_of(const ike_sa *sa, ike_role role);
bool ike_sa_has_vendor(const ike_sa *sa, ike_side side, unsigned kind);
/* The NAT-T method both sides announced, or NULL (RFC 3947 3.1). */
const ike_vendor *ike_sa_nat_method(const ike_sa *sa);

typedef enum ike_natted { IKE_NAT_UNKNOWN, IKE_NAT_NO, IKE_NAT_MAYBE, IKE_NAT_PROVEN } ike_natted;
/* Whether a side is behind a NAT: MAYBE is a NAT or forced encapsulation (RFC 3947 3.2). */
ike_natted ike_sa_natted(const ike_sa *sa, ike_side side);
/* True when one of the sides is, or may be. */
bool ike_sa_has_natted(const ike_sa *sa);
/* The same for a yes or no: where both sides might only force encapsulation, unknown. */
ike_natted ike_sa_behind_nat(const ike_sa *sa, ike_side side);
/* State of an SA at the end of what was read. */
ike_state ike_sa_end_state(const ike_sa *sa);

#endif
