/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A scripted conversation of two hosts that is fed to a tracker as it goes, so that a test reads
 * like a ladder diagram:
 *
 *     ladder l;
 *
 *     ladder_begin(&l);
 *     mm1(&l); after(&l, 1); mm1(&l); mm2(&l);
 *     expect_labels(&l, "MM1 MM1+ MM2");
 *     ladder_end(&l);
 *
 * Every message is a frame of its own, 10 ms after the one before. A message has the same bytes
 * whenever it is sent, so sending it again is a retransmission; `anew` changes that. What the
 * capture misses is simply not sent: the hosts keep no state.
 *
 * Expectations draw the conclusions of the end of the capture first. They do not stop the test: all
 * that fail are printed.
 */
#ifndef LADDER_H
#define LADDER_H

#include "ike_reports.h"
#include "ike_tracker.h"
#include "wire.h"

typedef enum ladder_side { INITIATOR, RESPONDER } ladder_side;

/* A NAT makes the views of an endpoint differ. */
typedef struct ladder_host {
    ike_endpoint seen;  /* in the packets at the capture point */
    ike_endpoint own;   /* by the host itself */
    ike_endpoint known; /* by the other host */
} ladder_host;

typedef enum ladder_stack { MICROSOFT, STRONGSWAN, RACOON } ladder_stack;

/* Severities, for expectations. */
#define CHAT IKE_SEVERITY_CHAT
#define NOTE IKE_SEVERITY_NOTE
#define WARN IKE_SEVERITY_WARN
#define ERROR IKE_SEVERITY_ERROR

/* How a message is cut: the size of a piece, and which pieces the capture holds in which order, as
 * digits ("21": the second, then the first); NULL: all in order. */
typedef struct ladder_cut {
    size_t size; /* 0: not cut */
    const char *order;
} ladder_cut;

/* IKEv2: ladder2.h. */
typedef struct ladder_v2 {
    wire_v2_transform suite[3]; /* that is offered and chosen, but for the groups */
    uint16_t groups[4];         /* that are offered, closed by 0 */
    uint16_t group;             /* of the newest KE payload of the initiator */
    ladder_side owner;          /* the original initiator of this IKE SA: its messages have I */
    bool natd[2];               /* this host sends NAT_DETECTION_* */
    bool fragmentation[2];      /* .. IKEV2_FRAGMENTATION_SUPPORTED */
    bool intermediate;          /* both send INTERMEDIATE_EXCHANGE_SUPPORTED */
    uint8_t inner;              /* the first payload inside the next encrypted message; 0: the usual one */
    bool spi_in_errors;         /* a refusal of IKE_SA_INIT has an SPI of the responder */
} ladder_v2;

/* What the host program makes of encrypted messages whose content a test gives. */
typedef enum ladder_keys {
    RIGHT_KEYS,
    NO_KEYS,      /* nothing */
    WRONG_KEYS,   /* garbage of the same length */
    WRONG_LENGTH, /* a block too many */
    BEHIND_OTHERS, /* the right bytes, but behind 64 of other messages */
    ONLY_OTHERS   /* 65 of other messages */
} ladder_keys;

typedef struct ladder_frame {
    ike_time time;
    GByteArray *packet; /* as captured; empty for a foreign frame */
} ladder_frame;

/* What a single pass said of an SA, or with -1 of none. */
typedef struct ladder_said {
    uint32_t frame; /* where it said so */
    int sa;
    uint8_t id, severity;
} ladder_said;

typedef struct ladder {
    ike_tracker *tracker;
    uint32_t frame; /* the newest */
    ike_time now;   /* of the next frame */
    GPtrArray *live; /* labels of each frame as they were when it was fed */
    GArray *said;    /* of ladder_said */
    GByteArray *packet; /* the newest */
    GPtrArray *tape; /* of ladder_frame: all that was fed, when a test asks for it */

    ladder_host hosts[2];
    uint64_t spi_i, spi_r;
    wire_transform offer[8];
    unsigned n_offer;
    wire_transform choice; /* of the responder */
    const char *const *vendors[2]; /* vendor IDs in hex, closed by NULL */
    uint8_t natd;          /* payload type of NAT-D; 0: none is sent */
    unsigned natd_hash;
    bool forced[2];        /* this host hashes port 0 */
    bool marker;           /* messages come after a non-ESP marker */
    uint16_t ip_id[2];     /* the newest of each host */
    bool zero_ip_id;
    size_t length_of_mm5, length_of_mm6;
    uint32_t mm_message_id;
    uint8_t commit_from;   /* number of the first message of a Quick Mode with the commit bit; 0 */
    ladder_side qm_opener;
    uint16_t fragment_id;
    ladder_stack stack;
    bool is_hidden;        /* nobody looks at what a single pass says */
    size_t snaplen;        /* bytes of a packet that the capture holds; 0: all */
    uint64_t salt;
    ladder_v2 v2;

    ladder_keys keys;
    void (*change)(struct ladder *l, GByteArray *packet); /* what happens to each packet on its way, or NULL */

    /* for the next message only */
    ladder_cut ip, ike;
    GByteArray *plain;     /* the payloads inside, or NULL: nothing is decrypted */
    uint8_t plain_first, plain_version;
    bool spoil;            /* the inner message of IKE fragments has a wrong length */
} ladder;

/* Vendor IDs for ladder.vendors. */
#define VID_RFC3947 "4a131c81070358455c5728f20e95452f"
#define VID_DRAFT_02N "90cb80913ebb696e086381b5ec427b1f"
#define VID_DRAFT_07 "439b59f8ba676c4c7737ae22eab8f582"
#define VID_DPD "afcad71368a1f1c96b8696fc77570100"
#define VID_FRAGMENTATION "4048b7d56ebce88525e7de7f00d6c2d3"
#define VID_XAUTH "09002689dfd6b712"
#define VID_GSS "621b04bb09882ac1e15935fefa24aeee"
#define VID_WINDOWS "1e2b516905991c7d7c96fcbfb587e46100000005"

void ladder_begin(ladder *l);
void ladder_end(ladder *l);
/* Keeps what is fed from now on in ladder.tape. */
void ladder_record_tape(ladder *l);

/* ---- time ---- */
void at(ladder *l, double seconds);    /* of the next frame, since the beginning */
void after(ladder *l, double seconds); /* .. since the newest frame */
void long_after(ladder *l); /* the capture goes on long enough for every verdict */

/* ---- the hosts ---- */
void anew(ladder *l);        /* messages have other bytes from now on */
void next_sa(ladder *l);     /* another pair of cookies */
void change_sides(ladder *l); /* the responder becomes the initiator */
void move_to_4500(ladder *l); /* RFC 3947 4 */
void host_is(ladder *l, ladder_side side, const char *addr, uint16_t port); /* in every view */
/* The initiator is behind a NAT; the capture sees the inner or the outer side of it. */
void nat_seen_outside(ladder *l);
void nat_seen_inside(ladder *l);

/* ---- messages ---- */
void mm1(ladder *l);
void mm2(ladder *l);
void mm3(ladder *l);
void mm4(ladder *l);
void mm5(ladder *l);
void mm6(ladder *l);
void up_to_mm4(ladder *l); /* the four that are not encrypted */
void main_mode(ladder *l); /* all six */
void mm5_in_vain(ladder *l); /* four times, and the capture goes on */
/* .. and more: MM1 again, MM3 doubled, MM5 in IP fragments, then in IKE fragments of this size, MM6
 * last fragment first. It moves to port 4500. */
void disturbed_main_mode(ladder *l, ladder_stack stack, size_t size);
void am1(ladder *l);
void am2(ladder *l);
void am3(ladder *l, bool encrypted);
void qm1(ladder *l, uint32_t id);
void qm2(ladder *l, uint32_t id);
void qm3(ladder *l, uint32_t id);
void qm4(ladder *l, uint32_t id);
void quick_mode(ladder *l, uint32_t id); /* three, or four with the commit bit */
/* Message `n` of a Transaction: odd ones are the responder's. */
void tr(ladder *l, unsigned n, uint32_t id);
/* An encrypted Informational of this ISAKMP length. */
void info(ladder *l, ladder_side from, uint32_t id, size_t length);
/* A clear one with a notify. */
void refuse(ladder *l, ladder_side from, uint16_t notify);
/* A message made by hand. */
wire_message message(const ladder *l, uint8_t exchange, uint8_t flags, uint32_t id);
void send_message(ladder *l, ladder_side from, GByteArray *bytes);
/* The newest frame's packet once more. */
void same_packet(ladder *l);
/* A message as a mirrored port gives it: its packet twice. */
void mirrored(ladder *l, void (*send)(ladder *));
/* A packet of the initiator with an encrypted message of this ISAKMP length, to cut it by hand. */
GByteArray *encrypted_packet(const ladder *l, size_t length);

/* The next message goes in pieces. */
void in_ip_fragments(ladder *l, size_t size, const char *order);
void in_ike_fragments(ladder *l, ladder_stack stack, size_t size, const char *order);

/* This is inside the next encrypted message, which takes its length and its first payload from it; see
 * inside.h. In IKEv2 with AES-CBC and SHA2-256. Of a fragment SKF it is the content of all fragments. */
void with_plain(ladder *l, wire_message *content);
/* Appends the ciphertext or the payload SK or SKF: with what `with_plain` gave, or else of this length. */
void ladder_encrypt(ladder *l, wire_message *m, uint8_t first, size_t length, uint64_t seed);
void ladder_seal(ladder *l, wire_message *m, uint8_t first, size_t length, uint64_t seed);
void ladder_seal_piece(ladder *l, wire_message *m, uint8_t first, unsigned number, unsigned total, size_t length,
                       uint64_t seed);

/* ---- other frames ---- */
void send_packet(ladder *l, GByteArray *packet);
void send_datagram(ladder *l, ladder_side from, const void *data, size_t n);
void foreign(ladder *l); /* a frame of other hosts: the capture goes on */
void icmp_error(ladder *l, ladder_side to, uint8_t type, uint8_t code, size_t quoted);
void esp(ladder *l, ladder_side from, uint32_t spi, uint32_t sequence);
void ah(ladder *l, ladder_side from, uint32_t spi, uint32_t sequence);
void esp_both_ways(ladder *l); /* the first packet of each direction */

/* ---- expectations ---- */

/* One word for each frame: the label of its message, "MM1+" for a retransmission, "MM1=" for a
 * duplicate, "MM1<" for a reflection, "?" for a message without a label, "~" for a piece, "ka",
 * "esp", "ah", "icmp", and "." for a frame with nothing; several notes of a frame are joined
 * by "&". */
void expect_labels(ladder *l, const char *labels);
/* The same, as a single pass shows them. */
void expect_live_labels(ladder *l, const char *labels);
/* What a single pass has concluded, in which frame, but for chat: "2:mm1_reject 9:retrans". */
void expect_said(ladder *l, const char *said);
/* There is such a finding and the worst of them has this severity. */
void expect_finding(ladder *l, const char *id, ike_severity severity);
/* .. and it is the only one. */
void expect_one_finding(ladder *l, const char *id, ike_severity severity);
/* .. and it stands on this frame. */
void expect_finding_at(ladder *l, uint32_t frame, const char *id);
/* The text of one of them says this, in capital letters or not. */
void expect_finding_says(ladder *l, const char *id, const char *words);
bool finding_says(ladder *l, const char *id, const char *words);
/* .. is known from order, timing or size. */
void expect_inferred(ladder *l, const char *id);
/* .. from bytes that say it. */
void expect_observed(ladder *l, const char *id);
/* It stands on a frame, whichever. */
void expect_finding_on_a_frame(ladder *l, const char *id);
void expect_findings(ladder *l, const char *id, unsigned count);
void expect_no_finding(ladder *l, const char *id);
void expect_no_findings(ladder *l, const char *ids); /* with a space between them */
/* No finding is worse, but for those whose id begins with `but_not` (or NULL). */
void expect_no_finding_above(ladder *l, ike_severity severity, const char *but_not);
/* No finding says that something was not answered. */
void expect_nothing_unanswered(ladder *l);

void expect_sas(ladder *l, unsigned count);
void expect_state(ladder *l, unsigned sa, ike_state state);
void expect_failed(ladder *l, unsigned sa, bool failed);
void expect_established(ladder *l, unsigned sa); /* .. and not failed */
void expect_responder_spi(ladder *l, unsigned sa, uint64_t spi); /* 0: not known */
void expect_initiator(ladder *l, unsigned sa, const char *addr, uint16_t port);
void expect_no_initiator(ladder *l, unsigned sa);
void expect_nat(ladder *l, unsigned sa, ike_role role, ike_natted natted);
/* SA `parent` made this one in a CREATE_CHILD_SA exchange. */
void expect_parent(ladder *l, unsigned sa, unsigned parent);
void expect_no_parent(ladder *l, unsigned sa);

/* ike_label.number of a message: the attempt of IKE_SA_INIT, the round of IKE_INTERMEDIATE and
 * IKE_AUTH; 0 for what is not counted. */
void expect_number(ladder *l, uint32_t frame, unsigned number);
void expect_sender(ladder *l, uint32_t frame, ike_role role);
void expect_known_by(ladder *l, uint32_t frame, ike_known_by known_by);
void expect_sa_of(ladder *l, uint32_t frame, unsigned sa);
void expect_no_sa_of(ladder *l, uint32_t frame); /* a message that belongs to none */
void expect_state_after(ladder *l, uint32_t frame, ike_state state);
void expect_sends(ladder *l, uint32_t frame, unsigned sends); /* of a first copy */
/* The two halves name each other. */
void expect_pair(ladder *l, uint32_t request, uint32_t response);
void expect_no_response(ladder *l, uint32_t frame);
void expect_retransmission(ladder *l, uint32_t frame, uint32_t of, unsigned number);
void expect_duplicate(ladder *l, uint32_t frame, uint32_t of);
/* Piece `number` of `total`, of the message in this frame; 0: of none. */
void expect_piece(ladder *l, uint32_t frame, unsigned number, unsigned total, uint32_t message_in);
/* Seconds since the first and since the last sending of the request. */
void expect_times(ladder *l, uint32_t response, double first, double last);
/* The report of this name ("diag", "sa") has these words. */
void expect_in_report(ladder *l, const char *name, const char *words);
void expect_not_in_report(ladder *l, const char *name, const char *words);
/* The report, of these SAs or of all (NULL), under this filter or none; g_free it. */
char *report_text(ladder *l, const char *name, GHashTable *selected, const char *filter);
/* "4650I 4650R 5451I": the events of Windows, each with the role of the host that logs it. The capture goes on
 * first. */
void expect_events(ladder *l, const char *events);
/* Messages that the closing line counts. */
void expect_messages(ladder *l, unsigned count);

/* Printable ASCII and nothing else. */
bool is_ascii(const char *text);

ike_sa *ladder_sa(ladder *l, unsigned number);
const ike_flow *flow_of(ladder *l, uint32_t spi); /* the first with this SPI */
/* First message or piece of a frame, or NULL. */
ike_record *ladder_record(ladder *l, uint32_t frame);
/* The labels of a frame with marks for copies and pieces; g_free it. */
char *ladder_frame_labels(const ladder *l, uint32_t frame);

#endif
