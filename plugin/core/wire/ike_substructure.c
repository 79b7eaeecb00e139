/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_substructure.h"

#define HEADER 8u

enum { NEXT = 0, LENGTH = 2, NUMBER = 4, PROTOCOL = 5, SPI_LENGTH = 6 }; /* in the header; 0 as next: none */

ike_substructures ike_substructures_in(const uint8_t *data, size_t length)
{
    return (ike_substructures){ .data = data, .length = length };
}

static bool take(ike_substructures *rest, ike_substructure *taken, bool is_proposal)
{
    const uint8_t *d = rest->data;
    size_t size, header;

    if (rest->is_complete || rest->length < HEADER)
        return false;
    size = ike_be16(d + LENGTH);
    header = HEADER + (is_proposal ? d[SPI_LENGTH] : 0u);
    if (size < header || size > rest->length)
        return false;
    *taken = (ike_substructure){ d, d + header, size - header };
    *rest = (ike_substructures){ d + size, rest->length - size, d[NEXT] == 0 };
    return true;
}

bool ike_proposal_take(ike_substructures *rest, ike_substructure *proposal)
{
    return take(rest, proposal, true);
}

bool ike_transform_take(ike_substructures *rest, ike_substructure *transform)
{
    return take(rest, transform, false);
}

uint8_t ike_proposal_number(const ike_substructure *proposal)
{
    return proposal->header[NUMBER];
}

uint8_t ike_proposal_protocol(const ike_substructure *proposal)
{
    return proposal->header[PROTOCOL];
}

uint64_t ike_proposal_spi(const ike_substructure *proposal, size_t length)
{
    const uint8_t *spi = proposal->header + HEADER;

    if (proposal->header[SPI_LENGTH] != length)
        return 0;
    return length == 4 ? ike_be32(spi) : length == 8 ? ike_be64(spi) : 0;
}
