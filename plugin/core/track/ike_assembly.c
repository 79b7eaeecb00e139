/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_assembly.h"

#include <string.h>

static void free_assembly(ike_assembly *a)
{
    for (unsigned i = 0; i < a->n_parts; i++)
        g_free(a->parts[i].data);
    g_free(a->parts);
    g_free(a);
}

void ike_assemblies_free(ike_assembly *newest)
{
    while (newest) {
        ike_assembly *a = newest;

        newest = a->older;
        free_assembly(a);
    }
}

/* What a hash table finds the newest generation by. */
static gpointer key_of(ike_side side, uint16_t id)
{
    return GUINT_TO_POINTER((guint)(side + 1) << 16 | id);
}

ike_assembly *ike_assembly_newest(const ike_sa *sa, ike_side side, uint16_t id)
{
    return sa->more->newest_assembly ? g_hash_table_lookup(sa->more->newest_assembly, key_of(side, id)) : NULL;
}

ike_assembly *ike_assembly_new(ike_sa *sa, ike_side side, uint16_t id, ike_time now)
{
    ike_assembly *a = g_new0(ike_assembly, 1);
    ike_more *more = ike_sa_more(sa);

    a->side = side;
    a->id = id;
    a->first = now;
    a->older = more->assemblies;
    more->assemblies = a;
    more->n_assemblies++;
    if (!more->newest_assembly)
        more->newest_assembly = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_hash_table_replace(more->newest_assembly, key_of(side, id), a);
    return a;
}

/* Index of the first part that has this number or a higher one. */
static unsigned place_of(const ike_assembly *a, unsigned number)
{
    unsigned i = a->n_parts;

    while (i > 0 && a->parts[i - 1].number >= number)
        i--;
    return i;
}

ike_assembly_part *ike_assembly_part_of(const ike_assembly *a, unsigned number)
{
    const unsigned i = place_of(a, number);

    return i < a->n_parts && a->parts[i].number == number ? &a->parts[i] : NULL;
}

ike_assembly_part *ike_assembly_put(ike_assembly *a, const ike_fragment *f)
{
    const unsigned at = place_of(a, f->number);

    if (a->n_parts == a->room) {
        a->room = a->room ? 2 * a->room : 2;
        a->parts = g_renew(ike_assembly_part, a->parts, a->room);
    }
    memmove(&a->parts[at + 1], &a->parts[at], (a->n_parts - at) * sizeof *a->parts);
    a->parts[at] =
        (ike_assembly_part){ .data = g_memdup2(f->data, f->length), .length = f->length, .number = f->number };
    a->n_parts++;
    a->highest = MAX(a->highest, f->number);
    if (f->is_last)
        a->last_number = f->number;
    return &a->parts[at];
}
