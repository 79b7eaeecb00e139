/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An IKE message as it stands in its bytes: header, payload chain, and the payloads that tracking
 * needs. Nothing here remembers anything from one message to the next.
 */
#ifndef IKE_MESSAGE_H
#define IKE_MESSAGE_H

#include "ike_base.h"
#include "ike_names.h"

#define IKE_HEADER_LENGTH 28
#define IKE_INSIDE_UNKNOWN (-1)

typedef struct ike_payload {
    uint8_t type;
    const uint8_t *body; /* after the generic header */
    uint16_t length;     /* of the body as captured */
    bool cut;            /* the capture holds less than the payload's length says */
} ike_payload;

typedef struct ike_message {
    uint64_t spi_i, spi_r; /* cookies in IKEv1 */
    uint8_t next_payload;
    uint8_t version; /* major: 1 or 2 */
    uint8_t exchange;
    uint8_t flags;
    uint32_t message_id;
    uint32_t length; /* from the header, or from UDP when the capture cut it off */

    const uint8_t *data;
    uint32_t captured;     /* bytes of the message that the capture holds */
    uint32_t trailing;     /* bytes after the message in its datagram */
    bool truncated;        /* the capture holds less than the whole message */
    bool is_encrypted;     /* payloads are ciphertext */
    int16_t inside;        /* type of the first payload in SK, which is in clear (RFC 7296 3.14); 0: SK
                              is empty, IKE_INSIDE_UNKNOWN: IKEv1, no SK, a later fragment, or cut off */
    bool is_malformed;     /* the payload chain does not fit the message */
    bool payload_limit;    /* more than IKE_MAX_PAYLOADS payloads */
    const struct ike_message *decrypted; /* the same with its payloads in clear, for a message that was
                                            encrypted and decrypted; else NULL */
    unsigned n_payloads;
    ike_payload payloads[IKE_MAX_PAYLOADS];
} ike_message;

/* Reads a message whose ISAKMP header starts at `data`. `captured` bytes are there, `wire` bytes
 * were in the datagram from that point on (captured <= wire). A message that only the capture cut
 * short is read as far as it goes, from 24 bytes on. Returns false when this is no IKE message:
 * version not 1.x or 2.x, or a length below 28 or beyond the datagram. RFC 2408 3.1, RFC 7296 3.1. */
bool ike_message_parse(ike_message *m, const uint8_t *data, size_t captured, size_t wire);

/* What is in the ciphertext of a message, from what its decryption gave: `first` is the type of its first
 * payload. `plain` has the padding of IKEv1 behind the payloads, and none of IKEv2. Returns false when these
 * bytes cannot be payloads: a wrong key or initialization vector gives such. `clear` keeps pointing into
 * `plain`. RFC 2408 3.1, RFC 7296 3.2. */
bool ike_message_decrypted(ike_message *clear, const ike_message *m, uint8_t first, const uint8_t *plain,
                           size_t length);
/* Bytes of payloads in what the decryption of SK or SKF gave: the last byte counts the padding before it
 * (RFC 7296 3.14). Returns false when there is more padding than content. */
bool ike_plain_without_padding(const uint8_t *plain, size_t *length);
/* The length of its ciphertext without IV and ICV is not known; whether `length` decrypted bytes can be it. */
bool ike_message_is_length_of_plain(const ike_message *m, size_t length);
/* The message that has the payloads in clear: `m`, what was decrypted of it, or NULL. */
static inline const ike_message *ike_message_in_clear(const ike_message *m)
{
    return m->is_encrypted ? m->decrypted : m;
}

/* First payload of this type, or NULL. */
const ike_payload *ike_message_find(const ike_message *m, uint8_t type);
/* True when the message has, or at least starts with, a payload of this type. */
bool ike_message_has(const ike_message *m, uint8_t type);

typedef struct ike_transform {
    uint32_t encryption, key_length, hash, auth, group, prf;
    uint64_t life_seconds, life_kilobytes; /* 0: not said */
} ike_transform;

typedef struct ike_offer {
    unsigned n_proposals;
    unsigned n_transforms; /* all that were there, also beyond the array */
    bool is_malformed;
    ike_transform transforms[IKE_MAX_TRANSFORMS];
} ike_offer;

/* Reads the SA payload of an IKEv1 phase 1 message (RFC 2408 3.4 to 3.6, RFC 2409 appendix A).
 * Returns false when the message has none that can be read. */
bool ike_message_offer(const ike_message *m, ike_offer *offer);

/* A copy that holds no more than the transforms that were read; g_free it. */
ike_offer *ike_offer_copy(const ike_offer *offer);

/* True when both ask for the same algorithms; lifetimes do not count (RFC 2407 4.5.4). */
bool ike_transform_same_algorithms(const ike_transform *a, const ike_transform *b);

typedef struct ike_notify {
    uint8_t protocol;
    uint16_t type;
    const uint8_t *spi;
    uint8_t spi_length;
    const uint8_t *data;
    uint16_t data_length;
} ike_notify;

/* Reads a clear notify payload (RFC 2408 3.14, RFC 7296 3.10); false when it is cut or malformed. */
bool ike_payload_notify(const ike_message *m, const ike_payload *p, ike_notify *notify);

typedef struct ike_delete {
    uint8_t protocol;   /* 1 ISAKMP, 2 AH, 3 ESP */
    uint8_t spi_length;
    uint16_t n_spis;
    const uint8_t *spis;
} ike_delete;

/* Reads a delete payload (RFC 2408 3.15, RFC 7296 3.11); false when it is cut or malformed. The SA of IKEv2
 * that carries it is deleted without an SPI. */
bool ike_payload_delete(const ike_message *m, const ike_payload *p, ike_delete *deleted);

/* Appends "DELETE ESP c5cd2433,0a1b2c3d" or "DELETE IKE SA" to a list, with its cookies where it is not that of
 * the message. */
void ike_delete_append(GString *list, const ike_message *m, const ike_delete *deleted);

typedef struct ike_fragment {
    uint16_t id;
    uint8_t number; /* from 1 */
    bool is_last;
    const uint8_t *data;
    uint16_t length;
} ike_fragment;

/* Reads the fragment payload 132 of a message that starts with one (MS-IKEE 2.2.3.1), whatever its
 * flags say: racoon sets E. Returns false when it is cut off or shorter than its own header. */
bool ike_message_fragment(const ike_message *m, ike_fragment *fragment);

#endif
