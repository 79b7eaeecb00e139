/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv1 messages in fragment payloads 132 (MS-IKEE 2.2.3.1). Stacks fill the outer header in
 * different ways and reuse the fragment ID, so a message is numbered by its inner header only, and
 * every new set of fragments is a generation of its own.
 */
#include "ike_assembly.h"
#include "ike_intake.h"

#include <string.h>

#define MAX_MESSAGE 65535u

static ike_assembly *new_assembly(ike_tracker *t, ike_sa *sa, ike_side side, uint16_t id)
{
    if (ike_limit_reached(t, sa, IKE_LIMIT_ASSEMBLIES, NULL, sa->more->n_assemblies))
        return NULL;
    return ike_assembly_new(sa, side, id, t->now);
}

static bool same_bytes(const ike_assembly_part *p, const ike_fragment *f)
{
    return p->length == f->length && (!p->data || memcmp(p->data, f->data, f->length) == 0);
}

/* True when the fragment cannot belong to this generation any more. */
static bool starts_new(const ike_tracker *t, const ike_assembly *a, const ike_fragment *f)
{
    const ike_assembly_part *p = ike_assembly_part_of(a, f->number);

    if (!ike_time_near(t->now, a->first, IKE_ASSEMBLY_LIFETIME))
        return true;
    if (a->done)
        return !(p && p->record && same_bytes(p, f) && ike_time_near(t->now, p->record->note.time, IKE_QUICK));
    if (p && !same_bytes(p, f))
        return true;
    if (f->is_last && (a->highest > f->number || (a->last_number && a->last_number != f->number)))
        return true;
    return a->last_number && f->number > a->last_number;
}

static uint32_t missing_parts(const ike_assembly *a)
{
    return a->last_number > a->n_parts ? a->last_number - a->n_parts : 0;
}

static void describe(ike_assembly *a)
{
    for (unsigned i = 0; i < a->n_parts; i++) {
        ike_record *r = a->parts[i].record;

        ike_record_rare(r)->fragment_total = a->last_number;
        ike_record_rare(r)->fragment_missing = missing_parts(a);
    }
}

static ike_record *new_piece(ike_tracker *t, ike_sa *sa, const ike_message *m, const ike_datagram *d,
                             const ike_fragment *f)
{
    ike_record *r = ike_record_new(t, IKE_NOTE_PIECE, sa, m, d);

    t->n_pieces++;
    ike_piece_seen(r);
    if (d->fragment == IKE_FRAGMENT_IP)
        ike_raise(t, sa, IKE_DIAG_FRAG_OF_FRAG, &r->note, 0,
                  "IKE fragment %u travelled in %u IP fragments", f->number, d->n_pieces);
    r->fragment = IKE_FRAGMENT_V1;
    ike_record_rare(r)->fragment_number = f->number;
    ike_record_rare(r)->fragment_total = 0;
    return r;
}

/* The same fragment once more: doubled on the way, or sent again because others were lost. */
static ike_record *note_repeat(ike_tracker *t, ike_record *r, ike_assembly_part *p)
{
    ike_record *first = p->record;
    ike_record *before = p->newest ? p->newest : first;

    ike_record_rare(r)->first = first;
    ike_record_rare(r)->message = first->rare->message;
    ike_record_rare(r)->fragment_total = first->rare->fragment_total;
    ike_record_rare(r)->fragment_missing = first->rare->fragment_missing;
    if (ike_time_near(r->note.time, before->note.time, IKE_QUICK)) {
        r->copy = IKE_COPY_DUPLICATE;
        ike_record_rare(r)->doubles = before;
    } else {
        ike_record_repeat_piece(r, before);
        p->newest = r;
        ike_raise(t, r->note.sa, IKE_DIAG_RETRANS, &r->note, 0,
                  "IKE fragment %u sent again: first in frame %u", r->rare->fragment_number,
                  first->note.frame);
    }
    return r;
}

/* ---- completion ---- */

static bool fits_outer(const ike_message *inner, const ike_message *outer, size_t length)
{
    return inner->length == length && inner->spi_i == outer->spi_i &&
           (inner->spi_r == outer->spi_r || inner->spi_r == 0);
}

static GByteArray *join(const ike_assembly *a, GPtrArray *pieces, uint8_t but_not)
{
    GByteArray *bytes = g_byte_array_new();

    for (unsigned i = 0; i < a->n_parts; i++) {
        if (bytes->len + a->parts[i].length <= MAX_MESSAGE)
            g_byte_array_append(bytes, a->parts[i].data, a->parts[i].length);
        if (a->parts[i].number != but_not)
            g_ptr_array_add(pieces, a->parts[i].record);
    }
    return bytes;
}

static ike_record *bad_inner(ike_tracker *t, ike_sa *sa, const ike_message *m, const ike_datagram *d,
                             const ike_fragment *f)
{
    ike_record *r = new_piece(t, sa, m, d, f);

    ike_raise(t, sa, IKE_DIAG_V1FRAG_BAD, &r->note, 0,
              "the fragments do not make a message with the cookies and length they should");
    return r;
}

static ike_record *complete(ike_tracker *t, ike_sa *sa, ike_assembly *a, const ike_message *m,
                            const ike_datagram *outer, const ike_fragment *f)
{
    GPtrArray *pieces = g_ptr_array_new();
    GByteArray *bytes = join(a, pieces, f->number);
    ike_datagram d = *outer;
    ike_message inner;
    ike_record *r;

    d.fragment = IKE_FRAGMENT_V1;
    d.pieces = pieces;
    d.n_pieces = a->last_number;
    d.piece_number = f->number;
    if (ike_message_parse(&inner, bytes->data, bytes->len, bytes->len) &&
        fits_outer(&inner, m, bytes->len))
        r = ike_intake_message(t, &d, bytes->data, bytes->len, bytes->len);
    else
        r = bad_inner(t, sa, m, outer, f);
    a->done = true;
    ike_assembly_part_of(a, f->number)->record = r;
    for (guint i = 0; i < pieces->len; i++)
        ike_record_rare(pieces->pdata[i])->fragment_missing = 0;
    g_byte_array_free(bytes, TRUE);
    g_ptr_array_free(pieces, TRUE);
    return r;
}

static ike_record *take(ike_tracker *t, ike_sa *sa, ike_assembly *a, const ike_message *m,
                        const ike_datagram *d, const ike_fragment *f)
{
    ike_assembly_part *p = ike_assembly_part_of(a, f->number);

    if (p)
        return note_repeat(t, new_piece(t, sa, m, d, f), p);
    p = ike_assembly_put(a, f);
    if (a->last_number && a->n_parts == a->last_number)
        return complete(t, sa, a, m, d, f);
    p->record = new_piece(t, sa, m, d, f);
    describe(a);
    return p->record;
}

ike_record *ike_v1frag_feed(ike_tracker *t, ike_sa *sa, const ike_message *m, const ike_datagram *d)
{
    const ike_side side = ike_sa_side(sa, &d->src, &d->dst);
    ike_fragment f = { 0 };
    const bool readable = ike_message_fragment(m, &f);
    ike_assembly *a;

    if (!readable || f.number == 0) {
        ike_record *r = new_piece(t, sa, m, d, &f);

        if (!m->truncated)
            ike_raise(t, sa, IKE_DIAG_V1FRAG_BAD, &r->note, 0,
                      readable ? "fragment number zero" : "the fragment payload is too short");
        return r;
    }
    a = ike_assembly_newest(sa, side, f.id);
    if (!a || starts_new(t, a, &f))
        a = new_assembly(t, sa, side, f.id);
    return a ? take(t, sa, a, m, d, &f) : new_piece(t, sa, m, d, &f);
}
