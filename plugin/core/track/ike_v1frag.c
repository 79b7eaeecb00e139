/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv1 messages in fragment payloads 132 (MS-IKEE 2.2.3.1). Stacks fill the outer header in
 * different ways and reuse the fragment ID, so a message is numbered by its inner header only, and
 * every new set of fragments is a generation of its own.
 */
#include "ike_track.h"

#include <string.h>

#define ASSEMBLY_LIFETIME (90 * IKE_SECOND) /* MS-IKEE 3.3.2 */
#define MAX_MESSAGE 65535u

typedef struct part {
    uint8_t *data;
    uint16_t length;
    uint8_t number;
    ike_record *record;
    ike_record *newest; /* sending of it; NULL: the record */
} part;

typedef struct ike_assembly {
    struct ike_assembly *older;
    ike_side side;
    uint16_t id;
    ike_time first;
    uint8_t last_number; /* 0 while unknown */
    uint8_t highest;     /* number seen */
    bool done;
    unsigned n_parts, room;
    part *parts; /* those that came, by number */
} ike_assembly;

static void free_assembly(ike_assembly *a)
{
    for (unsigned i = 0; i < a->n_parts; i++)
        g_free(a->parts[i].data);
    g_free(a->parts);
    g_free(a);
}

/* Index of the first part that has this number or a higher one. */
static unsigned place_of(const ike_assembly *a, unsigned number)
{
    unsigned i = a->n_parts;

    while (i > 0 && a->parts[i - 1].number >= number)
        i--;
    return i;
}

/* The part with this number, or NULL. */
static part *part_of(const ike_assembly *a, unsigned number)
{
    const unsigned i = place_of(a, number);

    return i < a->n_parts && a->parts[i].number == number ? &a->parts[i] : NULL;
}

void ike_v1frag_free(ike_sa *sa)
{
    while (sa->more->assemblies) {
        ike_assembly *a = sa->more->assemblies;

        ike_sa_more(sa)->assemblies = a->older;
        free_assembly(a);
    }
    if (!sa->more->newest_assembly)
        return;
    g_hash_table_destroy(sa->more->newest_assembly);
    ike_sa_more(sa)->newest_assembly = NULL;
}

/* What a hash table finds the newest generation by. */
static gpointer key_of(ike_side side, uint16_t id)
{
    return GUINT_TO_POINTER((guint)(side + 1) << 16 | id);
}

static ike_assembly *newest(const ike_sa *sa, ike_side side, uint16_t id)
{
    return sa->more->newest_assembly ? g_hash_table_lookup(sa->more->newest_assembly, key_of(side, id)) : NULL;
}

static ike_assembly *new_assembly(ike_tracker *t, ike_sa *sa, ike_side side, uint16_t id)
{
    ike_assembly *a;

    if (ike_limit_reached(t, sa, IKE_LIMIT_ASSEMBLIES, NULL, sa->more->n_assemblies))
        return NULL;
    a = g_new0(ike_assembly, 1);
    a->side = side;
    a->id = id;
    a->first = t->now;
    a->older = sa->more->assemblies;
    ike_sa_more(sa)->assemblies = a;
    ike_sa_more(sa)->n_assemblies++;
    if (!sa->more->newest_assembly)
        ike_sa_more(sa)->newest_assembly = g_hash_table_new(g_direct_hash, g_direct_equal);
    g_hash_table_replace(sa->more->newest_assembly, key_of(side, id), a);
    return a;
}

static bool same_bytes(const part *p, const ike_fragment *f)
{
    return p->length == f->length && (!p->data || memcmp(p->data, f->data, f->length) == 0);
}

/* True when the fragment cannot belong to this generation any more. */
static bool starts_new(const ike_tracker *t, const ike_assembly *a, const ike_fragment *f)
{
    const part *p = part_of(a, f->number);

    if (!ike_time_near(t->now, a->first, ASSEMBLY_LIFETIME))
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
static ike_record *note_repeat(ike_tracker *t, ike_record *r, part *p)
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
        r = ike_tracker_message(t, &d, bytes->data, bytes->len, bytes->len);
    else
        r = bad_inner(t, sa, m, outer, f);
    a->done = true;
    part_of(a, f->number)->record = r;
    for (guint i = 0; i < pieces->len; i++)
        ike_record_rare(pieces->pdata[i])->fragment_missing = 0;
    g_byte_array_free(bytes, TRUE);
    g_ptr_array_free(pieces, TRUE);
    return r;
}

/* Its record is known later. */
static part *put_part(ike_assembly *a, const ike_fragment *f)
{
    const unsigned at = place_of(a, f->number);

    if (a->n_parts == a->room) {
        a->room = a->room ? 2 * a->room : 2;
        a->parts = g_renew(part, a->parts, a->room);
    }
    memmove(&a->parts[at + 1], &a->parts[at], (a->n_parts - at) * sizeof(part));
    a->parts[at] = (part){ .data = g_memdup2(f->data, f->length), .length = f->length, .number = f->number };
    a->n_parts++;
    a->highest = MAX(a->highest, f->number);
    if (f->is_last)
        a->last_number = f->number;
    return &a->parts[at];
}

static ike_record *take(ike_tracker *t, ike_sa *sa, ike_assembly *a, const ike_message *m,
                        const ike_datagram *d, const ike_fragment *f)
{
    part *p = part_of(a, f->number);

    if (p)
        return note_repeat(t, new_piece(t, sa, m, d, f), p);
    p = put_part(a, f);
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
    a = newest(sa, side, f.id);
    if (!a || starts_new(t, a, &f))
        a = new_assembly(t, sa, side, f.id);
    return a ? take(t, sa, a, m, d, &f) : new_piece(t, sa, m, d, &f);
}

/* ---- at the end ---- */

static ike_record *describe_parts(const ike_assembly *a, GString *here, GString *missing)
{
    ike_record *newest_piece = NULL;

    for (unsigned number = 1, i = 0; number <= MAX(a->highest, a->last_number); number++) {
        ike_record *r = i < a->n_parts && a->parts[i].number == number ? a->parts[i++].record : NULL;

        if (r) {
            g_string_append_printf(here, "%s%u", here->len ? "," : "", number);
            if (!newest_piece || r->note.frame > newest_piece->note.frame)
                newest_piece = r;
        } else if (number < a->last_number) {
            g_string_append_printf(missing, "%s%u", missing->len ? "," : "", number);
        }
    }
    return newest_piece;
}

/* MS-IKEE 3.3.2: the capture holds the end of the time that Windows waits for the rest. */
static bool is_windows_receiver(const ike_tracker *t, const ike_sa *sa, const ike_assembly *a)
{
    return a->side != IKE_SIDE_NONE && t->span.last - a->first >= ASSEMBLY_LIFETIME &&
           ike_sa_has_vendor(sa, ike_side_other(a->side), IKE_VENDOR_WINDOWS);
}

static void judge_assembly(ike_tracker *t, ike_sa *sa, const ike_assembly *a, bool is_completed_later)
{
    GString *here = g_string_new(NULL), *missing = g_string_new(NULL);
    ike_record *piece = describe_parts(a, here, missing);

    if (piece && t->span.last - a->first >= IKE_SECOND) {
        const bool fine = is_completed_later || ike_sa_goes_on_after(sa, piece);

        if (!fine)
            ike_sa_fail(sa);
        ike_raise(t, sa, IKE_DIAG_V1FRAG_LOSS, &piece->note,
                  fine ? IKE_SEVERITY_NOTE : IKE_SEVERITY_WARN,
                  "message never completed: IKE fragments %s seen, %s missing%s", here->str,
                  missing->len ? missing->str : "the last",
                  is_windows_receiver(t, sa, a) ? "; Windows gives up after 90 s" : "");
    }
    g_string_free(here, TRUE);
    g_string_free(missing, TRUE);
}

/* ---- fragments that the receiver did not ask for ---- */

/* The messages in which a side may announce what it knows are in the capture, whole. */
static bool has_announced_all(const ike_sa *sa, ike_side side)
{
    const ike_exchange *phase1 = sa->phase1;
    const unsigned n = phase1->mode == IKE_MODE_MAIN ? 4 : phase1->mode == IKE_MODE_AGGRESSIVE ? 2 : 0;
    unsigned found = 0;

    for (unsigned i = 1; i <= n; i++) {
        const ike_record *r = ike_exchange_slot(phase1, i);

        if (!r || r->truncated)
            return false;
        found += r->side == side;
    }
    return found > 0 && sa->sides[side].n_vendors < IKE_MAX_VENDORS;
}

static ike_record *first_fragment_of(const ike_sa *sa, ike_side side)
{
    ike_record *first = NULL;

    for (const ike_assembly *a = sa->more->assemblies; a; a = a->older)
        for (unsigned i = 0; a->side == side && i < a->n_parts; i++) {
            ike_record *r = a->parts[i].record;

            if (r && (!first || r->note.frame < first->note.frame))
                first = r;
        }
    return first;
}

/* MS-IKEE 3.3.6.1 makes fragments only for a peer with the vendor ID; iOS does without. */
static void judge_announcement(ike_tracker *t, ike_sa *sa, ike_side sender)
{
    const ike_side receiver = ike_side_other(sender);
    ike_record *r;

    if (ike_sa_has_vendor(sa, receiver, IKE_VENDOR_FRAGMENTATION) ||
        !has_announced_all(sa, receiver) || !(r = first_fragment_of(sa, sender)))
        return;
    ike_raise(t, sa, IKE_DIAG_V1FRAG_UNANNOUNCED, &r->note, IKE_SEVERITY_NONE,
              "%s did not send the vendor ID FRAGMENTATION",
              ike_sa_role(sa, receiver) == IKE_ROLE_INITIATOR ? "the initiator" : "the responder");
}

void ike_v1frag_judge(ike_tracker *t, ike_sa *sa)
{
    bool completed[3] = { false }; /* of the side + 1, among the newer ones */

    if (sa->more->assemblies) {
        judge_announcement(t, sa, IKE_SIDE_A);
        judge_announcement(t, sa, IKE_SIDE_B);
    }
    for (const ike_assembly *a = sa->more->assemblies; a; a = a->older)
        if (a->done)
            completed[a->side + 1] = true;
        else
            judge_assembly(t, sa, a, completed[a->side + 1]);
}
