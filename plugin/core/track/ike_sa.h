/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the tracker remembers: IKE SAs, their exchanges, and a note for everything it recognised in
 * a frame. Data and look-up only; ike_tracker.h feeds it, ike_judge.h draws the conclusions.
 */
#ifndef IKE_SA_H
#define IKE_SA_H

#include "ike_base.h"
#include "ike_diagnosis.h"
#include "ike_flow.h"
#include "ike_label.h"
#include "ike_message.h"
#include "ike_proposal.h"

#define IKE_MAX_STEPS 31         /* numbered messages of one exchange */
#define IKE_COPIES_WALKED 256    /* newest copies of a message among which one is looked for */
#define IKE_MAX_VIEWS 4          /* addresses of one side in a capture on several sides of NATs */

typedef struct ike_sa ike_sa;
typedef struct ike_exchange ike_exchange;
typedef struct ike_note ike_note;
typedef struct ike_record ike_record;
struct ike_assembly; /* fragments 132 of one message: ike_v1frag.c */
struct ike_ledger;   /* fragments SKF of one message: ike_v2frag.c */
struct ike_agreement; /* what decrypted payloads say of IPsec SAs: ike_agreement.h */

typedef struct ike_host_pair {
    ike_addr src, dst;
} ike_host_pair;

typedef enum ike_note_kind {
    IKE_NOTE_MESSAGE,   /* an ike_record with a whole message */
    IKE_NOTE_PIECE,     /* an ike_record with a piece that does not complete a message */
    IKE_NOTE_KEEPALIVE,
    IKE_NOTE_ESP,
    IKE_NOTE_AH,
    IKE_NOTE_ICMP
} ike_note_kind;

/* Something recognised in a frame; a frame may hold several. */
struct ike_note {
    ike_note *next; /* in the same frame */
    uint32_t frame;
    uint8_t kind;           /* an ike_note_kind */
    bool is_retracted;      /* the first of its frame, and taken back: only what follows it counts */
    ike_time time;
    ike_sa *sa;             /* or NULL */
    ike_exchange *exchange; /* or NULL */
    struct ike_remarks *remarks; /* or NULL */
};

/* What is said of a frame. */
typedef struct ike_remarks {
    ike_list findings;
    ike_list live; /* findings: what a single pass says here of earlier frames, until the next one; owns them */
} ike_remarks;

static inline const ike_remarks *ike_note_remarks(const ike_note *note)
{
    static const ike_remarks none;

    return note->remarks ? note->remarks : &none;
}

/* To add to them. */
ike_remarks *ike_note_make_remarks(ike_note *note);
void ike_note_free_remarks(ike_note *note);

/* An ESP or AH packet: the note of IKE_NOTE_ESP and IKE_NOTE_AH. */
typedef struct ike_packet {
    ike_note note;
    ike_flow *flow; /* or NULL: too short for an SPI, or too many flows */
    uint32_t sequence;
    bool is_doubled; /* seen twice, not sent twice */
} ike_packet;

/* An ICMP error that quotes a packet of an SA: the note of IKE_NOTE_ICMP. */
typedef struct ike_icmp {
    ike_note note;
    ike_addr reporter;
    ike_addr target; /* of the quoted packet */
    bool is_v6;
    uint8_t type, code;
    uint16_t mtu;
    ike_side quoted; /* side that sent the quoted packet */
    ike_record *about; /* the newest message it may be about, or NULL */
} ike_icmp;

/* True when the host itself, to which the quoted packet went, sent it: what a router says of a port says
 * nothing about the host. */
static inline bool ike_icmp_is_from_target(const ike_icmp *icmp)
{
    return ike_addr_equal(&icmp->reporter, &icmp->target);
}

typedef enum ike_copy { IKE_COPY_NONE, IKE_COPY_RETRANSMISSION, IKE_COPY_DUPLICATE } ike_copy;

typedef enum ike_fragment_kind {
    IKE_FRAGMENT_NONE,
    IKE_FRAGMENT_IP,
    IKE_FRAGMENT_V1,
    IKE_FRAGMENT_V2
} ike_fragment_kind;

typedef struct ike_digest {
    uint64_t low, high;
} ike_digest;

/* For tables with digests as keys. */
guint ike_digest_hash(gconstpointer digest);
gboolean ike_digest_equal(gconstpointer a, gconstpointer b);

#define IKE_MAX_RUNS 10
#define IKE_FEW_RUNS 6 /* that most records have at most */

/* Payloads of one type that follow each other. */
typedef struct ike_run {
    uint8_t type, count;
} ike_run;

/* What decrypted payloads of a message say, as bits. */
enum {
    IKE_TOLD_PROPOSAL = 1 << 0,
    IKE_TOLD_IDENTITY = 1 << 1,      /* of its sender */
    IKE_TOLD_AUTH = 1 << 2,          /* a proof of identity */
    IKE_TOLD_EAP = 1 << 3,
    IKE_TOLD_EAP_FAILURE = 1 << 4,
    IKE_TOLD_MORE_AUTH = 1 << 5,     /* ANOTHER_AUTH_FOLLOWS (RFC 4739) */
    IKE_TOLD_DELETE_SA = 1 << 6,     /* of the IKE SA that protects it */
    IKE_TOLD_DELETE_CHILD = 1 << 7,
    IKE_TOLD_DELETE_OTHER = 1 << 8,  /* IKEv1: of another IKE SA */
    IKE_TOLD_ALIVE = 1 << 9,         /* R-U-THERE (RFC 3706) .. */
    IKE_TOLD_ALIVE_ACK = 1 << 10,    /* .. and its acknowledgement */
    IKE_TOLD_REKEY = 1 << 11,        /* IKEv2: of a Child SA */
    IKE_TOLD_XAUTH_OK = 1 << 12,
    IKE_TOLD_XAUTH_FAILED = 1 << 13,
    IKE_TOLD_ASKS = 1 << 14,         /* Transaction: REQUEST or SET .. */
    IKE_TOLD_ANSWERS = 1 << 15       /* .. REPLY or ACK */
};

/* What few records have: copies and what was copied, pieces, notifies. Read it as `rare` of a record, which is
 * ike_no_rare for most; write to what ike_record_rare returns. */
typedef struct ike_rare {
    ike_endpoint src, dst; /* where they are none of the SA's: use ike_record_src and ike_record_dst */
    uint64_t spi_i, spi_r; /* the same: use ike_record_spi_i and ike_record_spi_r */
    ike_run more_runs[IKE_MAX_RUNS - IKE_FEW_RUNS]; /* use ike_record_run */

    ike_time waiting_since; /* a request, for the answer in a single pass; 0: since it came */
    ike_record *first;     /* of a copy or a reflection: the first one */
    ike_record *older;     /* of a copy: the copy before it */
    ike_record *doubles;   /* of a duplicate: the copy that it doubles */
    ike_time delay;        /* of a retransmission: since the sending before it */
    ike_record *last;      /* use ike_record_last */
    ike_record *last_send; /* use ike_record_last_send */
    unsigned sends;        /* use ike_record_sends */
    unsigned copy_number;  /* of a retransmission: 1 for the first repeat */

    uint32_t fragment_number, fragment_total; /* 0: not known */
    uint32_t fragment_missing;
    ike_record *message;   /* of a piece: the record that carries the message */
    ike_label part_of;     /* of an IKEv2 fragment: the message, which its header names */

    char *notify;  /* names of notify payloads in clear or decrypted, or NULL */
    uint16_t notify_error; /* the first of them that is an error, or 0 */
    uint32_t notify_spi;   /* of ESP or AH: of the Quick Mode that an error of IKEv1 is about, or 0 */
    uint32_t alive_number; /* of R-U-THERE and its acknowledgement */
    uint32_t unknown_spi;  /* of ESP or AH, that an INVALID_SPI of IKEv2 names, or 0 */
    char *mapping; /* the sender's new address:port behind a NAT, or NULL */
} ike_rare;

extern const ike_rare ike_no_rare;

/* A message, or a piece of one. There may be a million of them: what most of them need has its place here, enums
 * in a byte. */
struct ike_record {
    ike_note note;
    const ike_rare *rare; /* never NULL */
    ike_record *request, *response; /* the other half, always first copies */
    ike_digest digest;

    /* header: RFC 2408 3.1 */
    uint32_t message_id, length;
    uint32_t ip_id;
    uint32_t packet_length; /* bytes of the IP packet on the wire; 0 for what came in TCP */
    uint16_t told;        /* IKE_TOLD_.., of a decrypted message */
    int16_t inside;       /* see ike_message */
    uint8_t version, exchange_type, flags, next_payload;

    ike_label label;
    ike_label waiting_for;
    int8_t side;          /* an ike_side: that sent it */
    uint8_t known_by;     /* an ike_known_by */
    uint8_t state;        /* an ike_state: of the SA after it */
    uint8_t copy;         /* an ike_copy */
    uint8_t fragment;     /* an ike_fragment_kind */
    uint8_t ttl;          /* or hop limit; 0: not known */
    uint8_t src_at, dst_at; /* use ike_record_src and ike_record_dst */
    uint8_t n_runs;       /* of equal payloads in clear or decrypted, one behind the other; */
    ike_run runs[IKE_FEW_RUNS]; /* use ike_record_run */

    bool has_ip_id : 1;
    bool has_marker : 1;    /* came after a non-ESP marker */
    bool is_tcp : 1;        /* came in a TCP stream: RFC 9329 */
    bool has_spi_i : 1, has_spi_r : 1; /* use ike_record_spi_i and ike_record_spi_r */
    bool has_own_spis : 1;
    bool truncated : 1;
    bool is_encrypted : 1;
    bool is_decrypted : 1;  /* its payloads are known although it is encrypted */
    bool is_misread : 1;    /* what Wireshark decrypted of it cannot be payloads */
    bool is_reflection : 1; /* the other side's own message come back */
    bool is_outside : 1;    /* IKEv2: an unprotected error, which belongs to no exchange (RFC 7296 1.5) */
    bool is_liveness : 1;   /* an Informational of an answered series: a liveness check or its answer */
    bool floated : 1;       /* first of its side on port 4500 after port 500 */
    bool is_found : 1;      /* by its digest: a first copy */
    bool is_probable : 1;   /* an IP fragment without ports while its SA waited for `part_of` */
};

/* To write to it. */
ike_rare *ike_record_rare(ike_record *r);
/* Gives it the names of its notifies, and frees the string. */
void ike_record_set_notify(ike_record *r, GString *names);
/* The ends and the SPIs of a record. Its SA, if it has one, must be set when they are. */
void ike_record_set_ends(ike_record *r, const ike_endpoint *src, const ike_endpoint *dst);
void ike_record_set_spis(ike_record *r, uint64_t spi_i, uint64_t spi_r);
/* Valid until the next packet is fed. */
const ike_endpoint *ike_record_src(const ike_record *r);
const ike_endpoint *ike_record_dst(const ike_record *r);
uint64_t ike_record_spi_i(const ike_record *r);
uint64_t ike_record_spi_r(const ike_record *r);

static inline ike_run *ike_record_run(const ike_record *r, unsigned i)
{
    return (ike_run *)(i < IKE_FEW_RUNS ? &r->runs[i] : &r->rare->more_runs[i - IKE_FEW_RUNS]);
}

/* Of a first copy: the newest copy, itself at first. */
static inline ike_record *ike_record_last(const ike_record *r)
{
    return r->rare->last ? r->rare->last : (ike_record *)r;
}

/* Of a first copy: the newest that is no duplicate. */
static inline ike_record *ike_record_last_send(const ike_record *r)
{
    return r->rare->last_send ? r->rare->last_send : (ike_record *)r;
}

/* Of a first copy: 1 + retransmissions. */
static inline unsigned ike_record_sends(const ike_record *r)
{
    return r->rare->sends ? r->rare->sends : 1;
}

/* One exchange of an SA: phase 1, or the messages of one message ID. */
struct ike_exchange {
    ike_sa *sa;
    uint32_t message_id;
    int child;                 /* number over the capture when it makes IPsec SAs, else -1 */
    uint8_t mode;              /* an ike_mode */
    uint8_t space;             /* in which its message ID is counted: see ike_sa_exchange */
    int8_t opener;             /* an ike_side: sent its first message; IKE_SIDE_NONE while unknown */
    uint8_t opener_known;      /* an ike_known_by */
    uint8_t failed_known;      /* an ike_evidence: see failed_by */
    uint8_t n_slots;           /* that there is room for */
    uint8_t highest;           /* the highest slot that was put in */
    bool leads_child;          /* the first exchange of that child */
    ike_exchange *lead;        /* that one, where it is another; else NULL */
    bool commit;               /* a message had the commit bit */
    struct ike_ledger *ledger[2]; /* IKEv2 fragments of the request and the response, or NULL */
    ike_sa *rekeyed_to;        /* CREATE_CHILD_SA: the IKE SA it made, or NULL */
    ike_diagnosis_id failed_by; /* the diagnosis that says that it made no IPsec SA, or IKE_DIAG_NONE .. */
    ike_note *failed_at;       /* .. and where that shows */
    ike_flow *flow[2];         /* IPsec SAs that it is taken to have made, by the side that sends */
    struct ike_agreement *agreement; /* of the exchange that leads a child, once something was decrypted */
    ike_list records;          /* first copies, in frame order */
    /* IKEv1: first copy of message n. IKEv2: of the request and the response; in phase 1 of the newest
     * attempt. */
    ike_record **slots;        /* use ike_exchange_slot */
};

static inline ike_record *ike_exchange_slot(const ike_exchange *exchange, unsigned number)
{
    return number < exchange->n_slots ? exchange->slots[number] : NULL;
}

/* Puts a record, or NULL, into a slot of up to IKE_MAX_STEPS. */
void ike_exchange_put(ike_exchange *exchange, unsigned number, ike_record *r);
/* Empties all slots. */
void ike_exchange_empty(ike_exchange *exchange);

#define IKE_MAX_NATD 8 /* NAT-D payloads of a message that are remembered */

/* What the NAT-D payloads of one side say, seen from the capture point (RFC 3947 3.2). */
typedef struct ike_natd {
    bool seen;          /* and could be tested */
    bool source_ok, destination_ok;
    bool forced;        /* a hash over port 0, which is taken for the port in use */
    bool wrong_order;   /* only matches when the order of the payloads is not honoured */
    uint16_t payloads;  /* that are there, tested or not */
    uint64_t *hashes;   /* digests of up to IKE_MAX_NATD of these: the destination, then sources; IKEv1 only */
    struct ike_record *record; /* that carried them */
} ike_natd;

/* A time in which a side sent nothing on its way through the NAT (RFC 3948 4). */
typedef struct ike_gap {
    ike_time from, length;
    ike_note *end; /* the packet that ends it, or NULL while there is no gap */
} ike_gap;

typedef struct ike_gaps {
    ike_gap longest, newest;
    ike_gap moved;           /* the longest one that ended with another port */
} ike_gaps;

/* Where a side was seen last under one address. */
typedef struct ike_view {
    ike_endpoint endpoint;
    bool has_marker;
} ike_view;

/* What a NAT on the way of one side would see of it: ike_natt_path.c. */
typedef struct ike_path {
    ike_view *views;   /* up to IKE_MAX_VIEWS */
    uint8_t n_views;
    bool has_sent, has_used_4500;
    ike_time newest;         /* packet of any kind: IKE, ESP, keepalive */
    ike_time newest_message;
    unsigned keepalives;
    ike_time moved;          /* when its port changed last; 0: never */
    const ike_gaps *gaps;    /* never NULL; write to what ike_path_gaps returns */
} ike_path;

extern const ike_gaps ike_no_gaps;
ike_gaps *ike_path_gaps(ike_path *path);

typedef struct ike_side_state {
    ike_endpoint *endpoints; /* up to IKE_MAX_ENDPOINTS */
    const ike_vendor **vendors; /* up to IKE_MAX_VENDORS */
    const ike_vendor *versioned; /* the first of these that tells a version, or NULL: .. */
    uint8_t *tail;             /* .. what is behind its name */
    char *identity; /* from an ID payload in clear or decrypted, or NULL */
    ike_natd natd;
    uint64_t esp_packets;
    unsigned messages;      /* first copies */
    uint8_t n_endpoints, n_vendors, tail_length;
    bool is_rewritten;      /* a packet of it was seen on both sides of a NAT */
    bool has_current, current_has_marker, current_is_tcp;
    ike_endpoint current;   /* source of its newest message */
    uint32_t newest_exchange_frame; /* of its newest such message, Informationals aside */
    uint32_t newest_piece_frame;    /* of its newest piece */
    uint32_t newest_outside_frame;  /* of its newest error outside the SA */
    uint32_t newest_esp_frame;
    ike_record *newest;     /* message or piece */
    ike_path *path;         /* use ike_side_path; NULL while it sent nothing */
} ike_side_state;

/* What a side of an IKEv2 SA announces in clear. */
enum {
    IKE_V2_FRAGMENTATION = 1 << 0,  /* RFC 7383 */
    IKE_V2_INTERMEDIATE = 1 << 1,   /* RFC 9242 */
    IKE_V2_REDIRECT = 1 << 2,       /* RFC 5685 */
    IKE_V2_CHILDLESS = 1 << 3,      /* RFC 6023 */
    IKE_V2_MULTIPLE_AUTH = 1 << 4,  /* RFC 4739 */
    IKE_V2_HASHES = 1 << 5,         /* RFC 7427 */
    IKE_V2_PPK = 1 << 6             /* RFC 8784 */
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
    ike_sa *rekeyed_to;        /* IKEv2: the first one that this one's made, or NULL */
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
    ike_exchange *phase1;      /* of what kind: phase1->mode */
    ike_list exchanges;        /* all others, in order of appearance; owns them */
    GHashTable *by_message_id; /* of these; NULL while there are few */
    ike_list records;          /* messages and pieces, in frame order */
    GHashTable *digests;       /* first copies by digest; NULL while there are few */
    ike_list findings;         /* all */
    ike_list distinct;         /* of these, the first of each id */

    ike_offer *offer; /* of MM1 or AM1, or NULL */
    ike_v2 *v2;          /* of an IKEv1 SA one that says nothing, and cannot be written to */

    ike_time first_time, last_time;
    uint32_t first_frame, last_frame;
    uint32_t newest_child_frame; /* of the newest message that makes IPsec SAs */
    uint32_t newest_frame;      /* of the newest message that is no copy and no echo */
    uint8_t tracked_state;     /* an ike_state: by its messages so far */
    uint8_t state;             /* an ike_state: the same, or what was concluded of it */
    bool is_joined;
    bool is_failed;
    bool is_in_flood;          /* one of many that do not get further: not told on its own */
    bool has_used_500, has_floated;
    bool has_used_tcp;
    ike_record *established;   /* the message that proves or makes it, or NULL */
    ike_sa *heir;              /* at the end of the capture: which has its Child SAs, itself at first */
    ike_sa *same_spi;          /* next older SA with the same initiator cookie */
};

/* To write to it. */
ike_more *ike_sa_more(ike_sa *sa);

static inline ike_packet *ike_note_packet(ike_note *note)
{
    return note->kind == IKE_NOTE_ESP || note->kind == IKE_NOTE_AH ? (ike_packet *)note : NULL;
}

static inline ike_record *ike_note_record(ike_note *note)
{
    return note->kind == IKE_NOTE_MESSAGE || note->kind == IKE_NOTE_PIECE ? (ike_record *)note
                                                                          : NULL;
}

/* The record that carries what a copy shares with its first: label, exchange, the other half. */
static inline ike_record *ike_record_first(const ike_record *r)
{
    return r->rare->first ? r->rare->first : (ike_record *)r;
}

/* Whether a record has an entry of its own where messages are listed: pieces are told with the message that
 * they made, and what was only seen again with its sending. */
static inline bool ike_record_is_entry(const ike_record *r)
{
    return r->note.kind == IKE_NOTE_PIECE ? !r->rare->message : r->copy != IKE_COPY_DUPLICATE;
}

/* Whether the SPIs of a record are those of its header: a piece without one is part of its SA's message. */
static inline bool ike_record_has_spis(const ike_record *r)
{
    return r->note.kind == IKE_NOTE_MESSAGE || ike_record_spi_i(r) != 0 || !r->note.sa;
}

/* Newest sending of a request that stands before its answer, for the time of the answer; the first one when it is
 * not among the newest IKE_COPIES_WALKED. */
ike_record *ike_record_last_before(ike_record *request, const ike_record *answer);

static inline bool ike_sa_is_authip(const ike_sa *sa)
{
    return sa->phase1->mode == IKE_MODE_AUTHIP_MAIN;
}

/* An SA failed, unless it came up or its start is not in the capture. */
void ike_sa_fail(ike_sa *sa);
/* IKEv2: the response to IKE_AUTH did not make the SA after all. */
void ike_sa_fail_authentication(ike_sa *sa);
/* Appends "MM1 was sent 4 times in 5.703 s (frames 1 to 7)". */
void ike_record_append_sends(GString *out, const ike_record *first);
/* A message that counts: whole, no copy, no echo. */
bool ike_record_is_message(const ike_record *r);
/* The first finding of this id, or NULL. */
ike_finding *ike_sa_finding(const ike_sa *sa, ike_diagnosis_id id);
/* Messages of an SA that count. */
unsigned ike_sa_messages(const ike_sa *sa);
/* True when the other side sent a new message of an exchange after this piece: it went on. */
bool ike_sa_goes_on_after(const ike_sa *sa, const ike_record *piece);

/* Notes that a Quick Mode, a CREATE_CHILD_SA or the Child SA of an IKE_AUTH failed (where the IKE_AUTH itself did,
 * its IKE SA fails); the first reason stays. One finding of an SA stands for all. */
void ike_exchange_failed(ike_exchange *exchange, ike_diagnosis_id id, ike_note *note, ike_evidence known);
/* How often the messages of an IKEv2 exchange were sent again of which only pieces came. */
unsigned ike_exchange_lost_repeats(const ike_exchange *exchange);

/* The first exchange of a negotiation of IPsec SAs that takes several (rounds of IKE_AUTH, IKE_FOLLOWUP_KE);
 * else itself. */
ike_exchange *ike_exchange_lead(const ike_exchange *exchange);
/* The one whose response makes the IPsec SAs. */
ike_exchange *ike_exchange_end(const ike_exchange *exchange);

/* Adds a message or a piece. */
void ike_sa_add_record(ike_sa *sa, ike_record *r);
/* The newest first copy of an SA with this digest, or NULL. */
ike_record *ike_sa_first_copy(const ike_sa *sa, const ike_digest *digest);
/* Makes a record of the SA one that is found by its digest. */
void ike_sa_add_first_copy(ike_sa *sa, ike_record *r);

ike_exchange *ike_exchange_new(ike_sa *sa, ike_mode mode, uint32_t message_id);
void ike_exchange_free(ike_exchange *exchange);
/* The exchange with this message ID, or NULL. Message IDs are counted separately for each `space`: a
 * mode in IKEv1, a requester in IKEv2 (RFC 7296 2.2). */
ike_exchange *ike_sa_exchange(const ike_sa *sa, unsigned space, uint32_t message_id);
/* Gives it the next number of a child over the capture. */
void ike_exchange_new_child(ike_exchange *exchange, unsigned *n_children);
/* Makes it; the caller has looked that there is none. */
ike_exchange *ike_sa_add_exchange(ike_sa *sa, ike_mode mode, unsigned space, uint32_t message_id);

/* From the memory of its tracker; freeing it frees what it refers to. */
ike_sa *ike_sa_new(ike_arena *arena, uint32_t number, uint8_t version, uint64_t spi_i, uint64_t spi_r);
void ike_sa_free(ike_sa *sa);

/* What a NAT sees of a side; of one that sent nothing, nothing. */
const ike_path *ike_side_path(const ike_side_state *side);
/* To write to it. */
ike_path *ike_side_make_path(ike_side_state *side);

/* Which side sends from `src` to `dst`. A side is known by its addresses, by address and port when
 * both sides share an address. IKE_SIDE_NONE when neither end is known. */
ike_side ike_sa_side(const ike_sa *sa, const ike_endpoint *src, const ike_endpoint *dst);
/* Remembers that this side uses the endpoint; false when it was known or the list is full. */
bool ike_sa_add_endpoint(ike_sa *sa, ike_side side, const ike_endpoint *endpoint);
bool ike_side_has_endpoint(const ike_side_state *side, const ike_endpoint *endpoint);
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
/* The best NAT-T method that one side announced, or NULL. */
const ike_vendor *ike_side_nat_method(const ike_side_state *side);

typedef enum ike_natted { IKE_NAT_UNKNOWN, IKE_NAT_NO, IKE_NAT_MAYBE, IKE_NAT_PROVEN } ike_natted;
/* Whether a side is behind a NAT: MAYBE is a NAT or forced encapsulation (RFC 3947 3.2). */
ike_natted ike_sa_natted(const ike_sa *sa, ike_side side);
/* True when one of the sides is, or may be. */
bool ike_sa_has_natted(const ike_sa *sa);
/* The same for a yes or no: where both sides might only force encapsulation, unknown. */
ike_natted ike_sa_behind_nat(const ike_sa *sa, ike_side side);
/* Frees what a side refers to. */
void ike_side_free(ike_side_state *side);
/* Gives a side what another SA of the same peers told of it: endpoints, vendors. */
void ike_side_inherit(ike_side_state *side, const ike_side_state *from);
/* Remembers a vendor ID payload that is known; false when there are too many. */
bool ike_side_add_vendor(ike_side_state *side, const ike_payload *p);
/* Appends the products, and their versions, that the vendor IDs of a side name. */
void ike_side_products_append(GString *out, const ike_side_state *side);
/* The side of this SA that sent a message, which may belong to another SA between its hosts. */
ike_side ike_record_side_in(const ike_record *r, const ike_sa *sa);
/* State of the SA after a record, as known now. */
ike_state ike_record_state(const ike_record *r);
/* State of an SA at the end of what was read. */
ike_state ike_sa_end_state(const ike_sa *sa);

#endif
