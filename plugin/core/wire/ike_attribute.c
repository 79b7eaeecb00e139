/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_attribute.h"

#define FORMAT_SHORT 0x8000

static uint64_t number_of(const uint8_t *value, size_t length)
{
    uint64_t number = 0;

    for (size_t i = 0; i < MIN(length, 8); i++)
        number = number << 8 | value[i];
    return number;
}

bool ike_attribute_take(const uint8_t **data, size_t *length, ike_attribute_value *a)
{
    const uint8_t *d = *data;
    size_t size = 4;

    if (*length < 4)
        return false;
    *a = (ike_attribute_value){ .type = ike_be16(d) & (FORMAT_SHORT - 1), .is_short = ike_be16(d) & FORMAT_SHORT,
                                .data = d + 2, .length = 2 };
    if (!a->is_short) {
        a->data = d + 4;
        a->length = ike_be16(d + 2);
        size += a->length;
    }
    if (size > *length)
        return false;
    a->number = number_of(a->data, a->length);
    *data += size;
    *length -= size;
    return true;
}
