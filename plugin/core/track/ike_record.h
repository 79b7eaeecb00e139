/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What was recognised in a frame: messages, pieces, ESP, ICMP, and what is said of them.
 */
#ifndef IKE_RECORD_H
#define IKE_RECORD_H

#include "ike_base.h"
#include "ike_diagnosis.h"
#include "ike_flow.h"
#include "ike_label.h"

#define IKE_COPIES_WALKED 256    /* newest copies of a message among which one is looked for */

typedef struct ike_sa ike_sa;
typedef struct ike_exchange ike_exchange;
typedef struct ike_note ike_note;
typedef struct ike_record ike_record;

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
    ike_finding *findings;  /* the first one, linked by next; or NULL */
};

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
    uint32_t sequence; /* of the ESP or AH packet that is quoted */
} ike_icmp;

/* True when the host itself, to which the quoted packet went, sent it: what a router says of a port says
 * nothing about the host. */
static inline bool ike_icmp_is_from_target(const ike_icmp *icmp)
{
    return ike_addr_equal(&icmp->reporter, &icmp->target);
}

/* True for "fragmentation needed" and "packet too big". */
static inline bool ike_icmp_is_too_big(const ike_icmp *icmp)
{
    return icmp->is_v6 ? icmp->type == 2 : icmp->type == 3 && icmp->code == 4;
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
    bool may_answer : 1;    /* an Informational that may be the answer to one of the other side */
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

static inline const ike_run *ike_record_run(const ike_record *r, unsigned i)
{
    return i < IKE_FEW_RUNS ? &r->runs[i] : &r->rare->more_runs[i - IKE_FEW_RUNS];
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

/* The message that a piece became part of, which has the label: an IP fragment may be one of an IKE fragment. NULL
 * while there is none. */
const ike_record *ike_record_whole(const ike_record *piece);

/* Makes a piece the retransmission that follows another sending of it. */
void ike_record_repeat_piece(ike_record *piece, const ike_record *before);

/* Newest sending of a request that stands before its answer, for the time of the answer; the first one when it is
 * not among the newest IKE_COPIES_WALKED. */
ike_record *ike_record_last_before(ike_record *request, const ike_record *answer);
/* Appends "MM1 was sent 4 times in 5.703 s (frames 1 to 7)". */
void ike_record_append_sends(GString *out, const ike_record *first);
/* A message that counts: whole, no copy, no echo. */
bool ike_record_is_message(const ike_record *r);
/* How many of these are. */
unsigned ike_record_messages(const ike_list *records);
/* The side of this SA that sent a message, which may belong to another SA between its hosts. */
ike_side ike_record_side_in(const ike_record *r, const ike_sa *sa);
/* State of the SA after a record, as known now; when the capture `is_over`, whether its negotiation failed is known. */
ike_state ike_record_state(const ike_record *r, bool is_over);

#endif
