/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Times, addresses, roles and byte access: what every other file of the core uses.
 */
#ifndef IKE_BASE_H
#define IKE_BASE_H

#include "ike_limits.h"
#include "ike_memory.h"

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A point in time or a span, in nanoseconds; points count from the Unix epoch. */
typedef int64_t ike_time;

#define IKE_MILLISECOND INT64_C(1000000)
#define IKE_SECOND INT64_C(1000000000)

#define IKE_PORT 500       /* RFC 2408 2.5.1 */
#define IKE_PORT_NATT 4500 /* RFC 3947 4 */

typedef struct ike_addr {
    uint8_t family; /* 4, 6, or 0 for none */
    uint8_t bytes[16];
} ike_addr;

typedef struct ike_endpoint {
    ike_addr addr;
    uint16_t port;
} ike_endpoint;

/* One of the two hosts of an SA, before it is known which of them is the initiator. */
typedef enum ike_side { IKE_SIDE_A = 0, IKE_SIDE_B = 1, IKE_SIDE_NONE = -1 } ike_side;

/* The initiator of an IKE SA sent its first message (RFC 2408 2.1). */
typedef enum ike_role { IKE_ROLE_UNKNOWN, IKE_ROLE_INITIATOR, IKE_ROLE_RESPONDER } ike_role;

/* How a label or a role is known, weakest first. */
typedef enum ike_known_by {
    IKE_KNOWN_NOT,
    IKE_KNOWN_GUESS,
    IKE_KNOWN_ORDER,
    IKE_KNOWN_DIRECTION,
    IKE_KNOWN_CONTENT,
    IKE_KNOWN_KEYS
} ike_known_by;

/* "content", "direction" and so on; "unknown" for IKE_KNOWN_NOT. */
const char *ike_known_by_name(ike_known_by known);
/* "initiator", "responder" or "unknown". */
const char *ike_role_name(ike_role role);

static inline bool ike_is_port(uint16_t port)
{
    return port == IKE_PORT || port == IKE_PORT_NATT;
}

static inline bool ike_is_natt(uint16_t one, uint16_t other)
{
    return one == IKE_PORT_NATT || other == IKE_PORT_NATT;
}

/* Whole seconds of a point in time, rounded down, and in `rest` the nanoseconds beyond. */
static inline int64_t ike_time_seconds(ike_time time, ike_time *rest)
{
    *rest = time % IKE_SECOND;
    if (*rest >= 0)
        return time / IKE_SECOND;
    *rest += IKE_SECOND;
    return time / IKE_SECOND - 1;
}

/* True when two points in time, in whatever order, are less than `within` apart. */
static inline bool ike_time_near(ike_time a, ike_time b, ike_time within)
{
    return a - b < within && b - a < within;
}

static inline ike_side ike_side_other(ike_side side)
{
    return side == IKE_SIDE_NONE ? IKE_SIDE_NONE : (ike_side)(1 - side);
}

static inline uint16_t ike_be16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t ike_be32(const uint8_t *p)
{
    return (uint32_t)ike_be16(p) << 16 | ike_be16(p + 2);
}

static inline uint64_t ike_be64(const uint8_t *p)
{
    return (uint64_t)ike_be32(p) << 32 | ike_be32(p + 4);
}

/* Makes an address of family 4 or 6 from its 4 or 16 bytes. */
ike_addr ike_addr_make(unsigned family, const uint8_t *bytes);
bool ike_addr_equal(const ike_addr *a, const ike_addr *b);
/* Number of bytes of the address: 4, 16, or 0 for none. */
size_t ike_addr_length(const ike_addr *a);
bool ike_endpoint_equal(const ike_endpoint *a, const ike_endpoint *b);
/* For tables with addresses as keys. */
guint ike_addr_key_hash(gconstpointer addr);
gboolean ike_addr_key_equal(gconstpointer a, gconstpointer b);

/* Appends "10.1.0.2" or "2001:db8::1"; "-" for no address. */
void ike_addr_append(GString *out, const ike_addr *a);
/* Appends "10.1.0.2:500" or "[2001:db8::1]:500". */
void ike_endpoint_append(GString *out, const ike_endpoint *e);
/* Appends text of a packet; what a terminal could take for a command is "?". */
void ike_text_append(GString *out, const uint8_t *text, size_t length);
/* Appends a number, as "%u" would, without the cost of a format: for what each message of a list shows. */
void ike_number_append(GString *out, uint64_t number);
/* Appends "1 packet" or "3 packets". */
void ike_count_append(GString *out, uint64_t n, const char *one, const char *many);
/* Appends seconds with three decimals, such as "0.085". */
void ike_seconds_append(GString *out, ike_time span);
/* Appends a point in time in ISO 8601 with microseconds, "2012-11-02T13:04:14.555840Z"; nothing beyond
 * the year 9999. */
void ike_iso_append(GString *out, ike_time time);

#endif
