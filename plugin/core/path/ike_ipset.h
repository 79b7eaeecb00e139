/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ledger of one IP datagram in fragments: which pieces came, which bytes are missing.
 * Inside the tracker; ike_ipfrag.c feeds it, ike_ipfrag_judge.c concludes.
 */
#ifndef IKE_IPSET_H
#define IKE_IPSET_H

#include "ike_track.h"

typedef struct ike_ip_key {
    ike_addr src, dst;
    uint32_t id;
} ike_ip_key;

typedef struct ike_ip_piece {
    uint32_t offset, length; /* on the wire */
    uint32_t captured;
    bool is_last;
    uint8_t *data;
    uint32_t frame;
    ike_time time;
    ike_record *record; /* or NULL while it is not known to be IKE */
} ike_ip_piece;

typedef enum ike_ipset_kind { IKE_IPSET_UNKNOWN, IKE_IPSET_IKE, IKE_IPSET_OTHER } ike_ipset_kind;

typedef struct ike_ipset {
    ike_ip_key key;
    ike_ipset_kind kind;
    bool done;
    GArray *pieces; /* of ike_ip_piece, by offset */
    uint32_t total; /* bytes of the datagram; 0 while unknown */
    size_t bytes;   /* that are kept */
    ike_time first, newest;
    uint8_t protocol;  /* of its first header: UDP, or an IPv6 extension header before UDP */
    uint32_t udp_at;   /* offset of the UDP header */
    uint8_t ttl;       /* of its first packet */
    ike_endpoint src, dst;
    ike_sa *sa; /* or NULL */
    struct {
        bool seen, is_encrypted;
        uint8_t version, exchange, flags, next_payload;
        uint64_t spi_i, spi_r;
        uint32_t message_id;
        uint32_t length; /* of the IKE message */
    } header; /* in the first fragment */
    ike_label awaited; /* of an unknown one: what `sa` waited for from its sender, if anything */
} ike_ipset;

struct ike_ipfrag_table {
    GHashTable *sets; /* newest by key */
    GQueue *order;    /* owns them, oldest first */
    unsigned n_idle;  /* of these, not known to be IKE */
    size_t bytes;     /* that they keep */
    bool has_later;   /* a fragment came that is no first one: the capture filter lets them in */
};

guint ike_ip_key_hash(gconstpointer key);
gboolean ike_ip_key_equal(gconstpointer a, gconstpointer b);

ike_ipset *ike_ipset_new(const ike_ip_key *key, ike_time now);
void ike_ipset_free(gpointer set);
/* Forgets the bytes, which nobody needs any more. */
void ike_ipset_drop_data(ike_ipset *set);

static inline ike_ip_piece *ike_ipset_nth(const ike_ipset *set, guint i)
{
    return &g_array_index(set->pieces, ike_ip_piece, i);
}

ike_ip_piece *ike_ipset_at(const ike_ipset *set, uint32_t offset);
void ike_ipset_insert(ike_ipset *set, const ike_ip_piece *piece);
bool ike_ipset_is_complete(const ike_ipset *set);

typedef enum ike_overlap { IKE_OVERLAP_NONE, IKE_OVERLAP_SAME, IKE_OVERLAP_OTHER } ike_overlap;

/* Compares a new fragment with what came, as far as bytes were captured. */
ike_overlap ike_ipset_overlap(const ike_ipset *set, const ike_ip_packet *ip);
/* A piece after the last one, or a last one before others that are there, belongs to no datagram. */
bool ike_ipset_is_beyond_end(const ike_ipset *set, const ike_ip_packet *ip);

/* Number of a piece, counted in sizes of the first; 0 while that is not known. */
uint32_t ike_ipset_number(const ike_ipset *set, const ike_ip_piece *piece);
/* Tells the records of the pieces what the set tells; a set that grows tells more. */
void ike_ipset_describe(ike_ipset *set);
/* Appends "1480-1659" for each range of bytes that never came. */
void ike_ipset_append_missing(GString *out, const ike_ipset *set);

/* ---- ike_ipfrag.c, for ike_ipfrag_judge.c ---- */
/* Makes records of all pieces but those of a frame. */
void ike_ipset_make_records(ike_tracker *t, ike_ipset *set, uint32_t but_not_frame);

#endif
