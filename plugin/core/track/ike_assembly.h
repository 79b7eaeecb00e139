/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One IKEv1 message in fragment payloads 132 (MS-IKEE 2.2.3.1): which of them came.
 */
#ifndef IKE_ASSEMBLY_H
#define IKE_ASSEMBLY_H

#include "ike_sa.h"

#define IKE_ASSEMBLY_LIFETIME (90 * IKE_SECOND) /* MS-IKEE 3.3.2 */

typedef struct ike_assembly_part {
    uint8_t *data;
    uint16_t length;
    uint8_t number;
    ike_record *record;
    ike_record *newest; /* sending of it; NULL: the record */
} ike_assembly_part;

typedef struct ike_assembly {
    struct ike_assembly *older;
    ike_side side;
    uint16_t id;
    ike_time first;
    uint8_t last_number; /* 0 while unknown */
    uint8_t highest;     /* number seen */
    bool done;
    unsigned n_parts, room;
    ike_assembly_part *parts; /* those that came, by number */
} ike_assembly;

/* Adds one to those of an SA; `now` is the time of its first fragment. */
ike_assembly *ike_assembly_new(ike_sa *sa, ike_side side, uint16_t id, ike_time now);
/* Frees a list of them, linked by `older`. */
void ike_assemblies_free(ike_assembly *newest);
/* The newest one of a side with this fragment ID, or NULL. */
ike_assembly *ike_assembly_newest(const ike_sa *sa, ike_side side, uint16_t id);
/* The part with this number, or NULL. */
ike_assembly_part *ike_assembly_part_of(const ike_assembly *a, unsigned number);
/* Adds a part with a copy of its bytes, in its place; its record is known later. */
ike_assembly_part *ike_assembly_put(ike_assembly *a, const ike_fragment *fragment);

#endif
