/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The inside of the tracker: what its parts share. Not for users of the core.
 */
#ifndef IKE_TRACK_H
#define IKE_TRACK_H

#include "ike_capture.h"
#include "ike_esp_proposal.h"
#include "ike_ip.h"
#include "ike_sa.h"

#define IKE_NEWEST_SAS 64           /* between two hosts that packets are tried against */
#define IKE_MAX_SAME_SPI 256        /* SAs with one initiator cookie that are looked through */

#define IKE_FEW 16 /* messages or exchanges of an SA that are looked through one by one */

/* No stack sends again sooner (Libreswan 0.5 s, Android 0.5 s); a network's doubles and answers to
 * them come within a millisecond. */
#define IKE_QUICK (250 * IKE_MILLISECOND)

/* A datagram on its way to the tracker. */
typedef struct ike_datagram {
    ike_endpoint src, dst;
    const uint8_t *data;
    size_t captured, wire;
    uint32_t ip_id;
    bool has_ip_id, has_marker;
    bool is_tcp;               /* a frame of a TCP stream: RFC 9329 */
    uint16_t checksum;         /* of UDP, tells truncated messages apart */
    uint8_t ttl;               /* or hop limit; 0: not known */
    ike_fragment_kind fragment; /* the datagram was put together from pieces */
    GPtrArray *pieces;         /* ike_records of these; the completing one is not among them */
    uint32_t n_pieces, piece_number;
    ike_digest digest;         /* of its message; not set before that is parsed */
    ike_side sender;           /* of its message; not set before the SA is known */
} ike_datagram;

struct ike_ipfrag_table;
struct ike_tcp_table;

/* What was decrypted of a message of the current frame. */
typedef struct ike_plain {
    const uint8_t *data;
    size_t length;
    uint8_t version;
    bool is_taken;
} ike_plain;

/* Two hosts, whichever of them sends, and the SAs between them. */
typedef struct ike_hosts {
    ike_host_pair pair; /* the key: first */
    ike_list sas;       /* in the order of their numbers */
} ike_hosts;

/* The IPsec SAs that began from one host to another. */
typedef struct ike_pair_flows {
    ike_list flows; /* first: what frees a list frees this */
    bool has_later[2]; /* IP fragments came that are no first ones: of ESP or AH in IP, of UDP */
} ike_pair_flows;

/* When a single pass drew conclusions last. */
typedef struct ike_looked {
    guint records, notes; /* how many there were */
    guint cost;           /* of that */
    ike_time wait, again; /* when it does so next if none come */
} ike_looked;

struct ike_tracker {
    ike_options options;
    uint32_t frame;       /* current */
    ike_time now;         /* its time */
    ike_span span;
    ike_arena arena;      /* of SAs, exchanges and notes */
    ike_list noted;       /* first notes of frames, by frame number */
    GHashTable *late;     /* frame number -> first note, where later frames had notes before */
    ike_note *retracted;  /* notes that are no more part of their frame, linked by next */
    ike_note *last_note;  /* of the current frame */
    ike_list live;        /* findings: what a single pass says there of earlier frames, linked too; owns them */
    ike_plain plain[IKE_MAX_PLAIN]; /* of the current frame */
    unsigned n_plain;
    ike_list sas;         /* owns them */
    GHashTable *by_spi;   /* initiator cookie -> newest SA */
    GHashTable *by_hosts; /* set of ike_hosts */
    GHashTable *pairs;    /* digests of ordered pairs seen, of any traffic */
    ike_host_pair last_pair; /* of the newest packet .. */
    bool saw_back;        /* .. and whether the one before it went back, so that both are known */
    ike_list findings;    /* owns them */
    ike_list orphans;     /* those of no SA */
    ike_list distinct_orphans; /* of these, the first of each id */
    GHashTable *by_pair;  /* cookie pair -> newest SA */
    struct ike_ipfrag_table *ipfrags;
    struct ike_tcp_table *tcp;
    unsigned n_children;
    uint64_t n_esp;       /* ESP and AH packets */
    ike_list flows;       /* owns them */
    GHashTable *by_ipsec_spi; /* SPI -> newest flow with it */
    GHashTable *made;     /* SPI that was decrypted -> ike_list of the exchanges that lead their child */
    GHashTable *flows_by_pair; /* ordered pair of hosts -> ike_pair_flows */
    unsigned n_pieces;
    guint n_records;      /* notes that are neither keepalives nor ESP or AH */
    bool has_natt_port;   /* the capture holds packets of UDP 4500 */
    unsigned n_cut;       /* datagrams of which the capture holds too little */
    unsigned n_wireguard; /* WireGuard on UDP 4500 */
    unsigned n_outside;   /* IKEv2 errors outside an SA */
    ike_list outside;     /* those without an SA in the capture: first copies */
    GHashTable *outside_digests; /* of these */
    bool is_judged, is_judging; /* conclusions are drawn; just now */
    bool was_judged;      /* at least once */
    uint32_t told_limits; /* bits: bounds of the capture that were reached */
    GQueue *waiting;      /* requests that a single pass may still call unanswered */
    GHashTable *told;     /* SA and id of findings that a single pass has said -> their severity */
    ike_looked looked;
};

/* ---- ike_notes.c ---- */
guint ike_pair_hash(gconstpointer pair);
gboolean ike_pair_equal(gconstpointer a, gconstpointer b);
/* The pair under which two hosts are found, whichever of them sends. */
ike_host_pair ike_pair_of_hosts(const ike_addr *a, const ike_addr *b);
/* Adds a note of the current frame; `size` is that of the whole struct. */
void *ike_note_new(ike_tracker *t, ike_note_kind kind, size_t size);
/* The same for an earlier frame. */
void *ike_note_new_at(ike_tracker *t, ike_note_kind kind, size_t size, uint32_t frame,
                      ike_time time);
/* Takes a note of a piece back. */
void ike_note_retract(ike_tracker *t, ike_note *note);
/* First note of a frame, or NULL. */
ike_note *ike_notes_at(const ike_tracker *t, uint32_t frame);
/* What a single pass says at a note of earlier frames: the first finding, the others linked, or NULL. */
const ike_finding *ike_notes_live(const ike_tracker *t, const ike_note *note);
/* How many frames have notes, or had one that was taken back. */
guint ike_tracker_noted_frames(const ike_tracker *t);
void ike_note_set_sa(ike_tracker *t, ike_note *note, ike_sa *sa);
/* Call once the side of a piece is known. */
void ike_piece_seen(ike_record *piece);
/* Raises a diagnosis with the severity of its row or, where `severity` names it, the lesser one. One
 * finding per (SA, id): further ones are counted and may lift its severity; RETRANS and its like
 * stand on each frame. Returns the finding. */
ike_finding *ike_raise(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_note *note,
                       ike_severity severity, const char *format, ...) G_GNUC_PRINTF(6, 7);
/* Says that there is more than this bound allows; `sa` is NULL for one of the capture. */
void ike_raise_limit(ike_tracker *t, ike_sa *sa, ike_limit_id id, ike_note *note);
/* The same when a list has `n` elements and its bound allows no other; returns whether it does not. */
bool ike_limit_reached(ike_tracker *t, ike_sa *sa, ike_limit_id id, ike_note *note, size_t n);
void ike_finding_free(gpointer finding);
/* Takes a finding, which stands on a note, off that. */
void ike_finding_unlink(ike_finding *finding);
/* Takes the text over. */
void ike_finding_set_text(ike_finding *finding, char *text);
/* Says how a finding is known when it stands on this note, and is not told by an earlier one. */
void ike_finding_known(ike_finding *finding, const ike_note *note, ike_evidence evidence);
/* Remembers that the capture holds traffic from `src` to `dst`. */
void ike_remember_pair(ike_tracker *t, const ike_addr *src, const ike_addr *dst);
/* SAs between two hosts in order of their numbers, or NULL. */
const ike_list *ike_tracker_sas_between(const ike_tracker *t, const ike_addr *a, const ike_addr *b);
/* How many SAs of such a list have a smaller number. */
guint ike_tracker_position(const ike_list *sas, uint32_t number);
bool ike_tracker_saw_pair(const ike_tracker *t, const ike_addr *src, const ike_addr *dst);

/* ---- ike_arrival.c ---- */
/* Notes which payloads a message has. */
void ike_record_add_runs(ike_record *r, const ike_message *m);
/* Makes the record of a message or piece, with its header and what its pieces need; `sa` may be NULL
 * for an IKEv2 error outside an SA. `digest` of the datagram must be set, and with an SA `sender`. */
ike_record *ike_record_new(ike_tracker *t, ike_note_kind kind, ike_sa *sa, const ike_message *m,
                           const ike_datagram *d);

/* ---- ike_lookup.c ---- */
/* Newest SA between the two ends that uses these ports; otherwise NULL, or with `exactly` false the
 * newest between the hosts. */
ike_sa *ike_lookup_by_ports(const ike_tracker *t, const ike_datagram *d, bool exactly);
/* The SA a message belongs to, made when it is new. Sets the sides of both ends and the sender of `d`. */
ike_sa *ike_lookup_sa(ike_tracker *t, const ike_message *m, ike_datagram *d, bool has_sa_payload);
/* The SA that a message belongs to, if there is one already. */
ike_sa *ike_lookup_known(const ike_tracker *t, const ike_message *m, const ike_endpoint *src,
                         const ike_endpoint *dst);
/* Newest SA with this initiator cookie, or NULL; older ones follow by same_spi. */
ike_sa *ike_lookup_spi(const ike_tracker *t, uint64_t spi_i);
/* Side of an SA that sent a message: by its addresses, in IKEv2 by the I flag as well. */
ike_side ike_lookup_sender(const ike_sa *sa, const ike_message *m, const ike_datagram *d);

/* ---- ike_copies.c ---- */
ike_digest ike_digest_of(const ike_message *m, const ike_datagram *d);
/* A digest of any bytes; 0 only by chance. */
uint64_t ike_bytes_digest(const uint8_t *data, size_t length);
/* Finds out whether a record repeats an earlier one of its SA; sets copy, first, older and so on,
 * raises the findings of repeats. Returns true for a copy or a reflection, which are not numbered. */
bool ike_copies_check(ike_tracker *t, ike_record *r);
/* Makes `r` a copy of a message that it repeats in other pieces: sent again, or doubled. */
void ike_copies_mark(ike_tracker *t, ike_record *r, ike_record *first);

/* ---- ike_v1.c, ike_keyed.c, ike_v2.c: numbering ---- */
void ike_v1_message(ike_tracker *t, ike_record *r, const ike_message *m);
/* Takes a side for the initiator's unless that is known better; labels are decided by it. */
void ike_v1_learn_initiator(ike_sa *sa, ike_side side, ike_known_by known);
/* Makes the sender of a message open again that came back from the other side. */
void ike_v1_doubt(ike_record *first);
/* Looks whether a copy tells who the initiator is. */
void ike_v1_copy_seen(ike_record *copy);
void ike_keyed_message(ike_tracker *t, ike_record *r, ike_mode mode);
void ike_v2_message(ike_tracker *t, ike_record *r, const ike_message *m);
/* The roles of an IKEv2 SA by the I flag of a message (RFC 7296 3.1). */
void ike_v2_learn_initiator(ike_sa *sa, ike_side sender, const ike_message *m);
/* The exchange of an IKEv2 message, made when it is new; NULL for an unknown exchange type or when
 * there are too many. */
ike_exchange *ike_v2_exchange(ike_tracker *t, ike_sa *sa, const ike_message *m, ike_side sender);
/* The exchange with the request of this side, whose role is known, and message ID; or NULL. */
ike_exchange *ike_v2_exchange_of(const ike_sa *sa, ike_side requester, uint32_t message_id);
/* True for a clear error that is no answer of an SA: INVALID_IKE_SPI, INVALID_SPI, or a refusal by a
 * peer that speaks another version (RFC 7296 1.5, 2.5, 2.21.4). */
bool ike_v2_is_outside(const ike_tracker *t, const ike_message *m, const ike_datagram *d);
/* Takes such a message: with its SA when the capture has it, without one else. Sets the sender of `d`. */
ike_record *ike_v2_outside(ike_tracker *t, const ike_message *m, ike_datagram *d);
/* Adds a record to its exchange; false when that is full, and the record gets no label. */
bool ike_exchange_add(ike_tracker *t, ike_exchange *exchange, ike_record *r);
/* Where an IKEv2 message was sent in IKE fragments before and is whole here: that message; else NULL. A
 * merge can bring the fragments first (RFC 7383 2.5.2). */
ike_record *ike_v2_sent_in_fragments(const ike_record *r);
/* Gives a record its label and puts it into its exchange; links it with its other half. */
void ike_set_label(ike_exchange *exchange, ike_record *r, ike_label label, ike_known_by known);

/* ---- ike_plain.c: what was decrypted elsewhere ---- */
/* Takes note of the payloads of one message of the current frame; see ike_tracker_plain. */
void ike_plain_add(ike_tracker *t, unsigned version, const uint8_t *data, size_t length);
/* Takes the decrypted bytes of a message off the frame's list; NULL when there are none that fit. */
const ike_plain *ike_plain_take(ike_tracker *t, const ike_message *m);
/* Reads the decrypted payloads of a whole message into `clear`. Returns NULL when there are none, `misread` then
 * tells whether there were bytes that cannot be payloads. */
const ike_message *ike_plain_read(ike_tracker *t, const ike_message *m, ike_message *clear, bool *misread);

/* ---- ike_v2sa.c ---- */
/* Vendors, proposals, notifies and NAT detection of a clear IKEv2 message. */
void ike_v2_payloads(ike_tracker *t, ike_record *r, const ike_message *m);
/* Clear notifies of either version, deletes of IKEv2. */
void ike_v2_read_notifies(ike_record *r, const ike_message *m);
/* A digest of the nonce, 0 when it cannot be read. */
uint64_t ike_v2_nonce(const ike_message *m);

/* ---- ike_weak.c: RFC 8247, and RFC 8221 for ESP ---- */
void ike_weak_transform(ike_tracker *t, ike_record *r, const ike_transform *chosen);
void ike_weak_choice(ike_tracker *t, ike_record *r, const ike_v2_offer *choice);
void ike_weak_esp(ike_tracker *t, ike_record *r, const ike_esp_transform *chosen);
void ike_weak_child(ike_tracker *t, ike_record *r, const ike_v2_offer *choice);

/* ---- ike_v1sa.c ---- */
/* Vendors, proposals, notifies and NAT detection of a clear message. */
void ike_v1_payloads(ike_tracker *t, ike_record *r, const ike_message *m);
/* Notifies and deletes of IKEv1 in clear. */
void ike_v1_read_notifies(ike_record *r, const ike_message *m);

/* ---- ike_natt.c ---- */
void ike_natt_detect(ike_tracker *t, ike_record *r, const ike_message *m);
/* The same for the notifies of IKEv2 (RFC 7296 2.23). */
void ike_natt_detect_v2(ike_record *r, const ike_message *m);

/* ---- ike_natt_path.c ---- */
/* Watches the endpoints of both sides: float to 4500, new mappings of a NAT, answers to other ports. */
void ike_natt_endpoint(ike_tracker *t, ike_record *r);
/* A packet of an SA that is no IKE message: a keepalive, ESP, AH. */
void ike_natt_packet(ike_tracker *t, ike_note *note);

#endif
