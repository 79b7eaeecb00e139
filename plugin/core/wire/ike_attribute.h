/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Data attributes: in 4 bytes a type with a value, or a type with a length and a value behind it (RFC 2408
 * 3.3). Transforms of both versions have them, and configuration payloads (RFC 7296 3.3.5, 3.15.1).
 */
#ifndef IKE_ATTRIBUTE_H
#define IKE_ATTRIBUTE_H

#include "ike_base.h"

typedef struct ike_attribute_value {
    uint16_t type;       /* without the format bit */
    bool is_short;       /* the value is in the 4 bytes */
    const uint8_t *data; /* of a long one, or the 2 bytes of a short one */
    size_t length;
    uint64_t number;     /* the value, or the first 8 bytes of it, as a number */
} ike_attribute_value;

/* Takes the first attribute off the front of `data`. Returns false, and takes nothing, where there is no whole
 * one: at the end *length is 0 then, and where something does not fit it is not. */
bool ike_attribute_take(const uint8_t **data, size_t *length, ike_attribute_value *a);

#endif
