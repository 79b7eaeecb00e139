/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 messages in fragments SKF (RFC 7383). Every fragment says its number and how many there are,
 * so that a ledger tells without keys whether a message became whole. A sender that looks for the path
 * MTU cuts the message anew into more fragments (2.5.2); fragments of a smaller total count no more
 * (2.6).
 */
#include "ike_intake.h"
#include "ike_ledger.h"

#define MAX_PLAIN 65536u   /* decrypted bytes of one message: its length has 16 bits in UDP */

static bool is_whole(const ike_ledger *ledger)
{
    return ledger->n_seen == ledger->total;
}

/* ---- records ---- */

typedef struct skf {
    ike_tracker *t;
    ike_sa *sa;
    ike_exchange *exchange;
    int half; /* 0 request, 1 response */
    const ike_message *m;
    const ike_datagram *d;
    unsigned number, total; /* 0: not readable */
} skf;

static void check_negotiated(const skf *f, ike_record *r)
{
    const ike_v2_side *sides = f->sa->v2->sides;

    if (sides[0].is_seen && sides[1].is_seen && f->sa->v2->choice &&
        !(sides[0].supports & sides[1].supports & IKE_V2_FRAGMENTATION))
        ike_raise(f->t, f->sa, IKE_DIAG_SKF_UNNEGOTIATED, &r->note, IKE_SEVERITY_NONE,
                  "%s did not announce IKEV2_FRAGMENTATION_SUPPORTED",
                  sides[f->sa->initiator].supports & IKE_V2_FRAGMENTATION ? "the responder"
                                                                         : "the initiator");
}

static ike_record *new_record(const skf *f, ike_note_kind kind)
{
    ike_record *r = ike_record_new(f->t, kind, f->sa, f->m, f->d);

    if (f->d->fragment == IKE_FRAGMENT_IP)
        ike_raise(f->t, f->sa, IKE_DIAG_FRAG_OF_FRAG, &r->note, IKE_SEVERITY_NONE,
                  "IKE fragment %u travelled in %u IP fragments", f->number, f->d->n_pieces);
    r->fragment = IKE_FRAGMENT_V2;
    ike_record_rare(r)->fragment_number = f->number;
    ike_record_rare(r)->fragment_total = f->total;
    r->note.exchange = f->exchange;
    check_negotiated(f, r);
    return r;
}

static ike_record *new_piece(const skf *f)
{
    ike_record *r = new_record(f, IKE_NOTE_PIECE);

    f->t->n_pieces++;
    ike_piece_seen(r);
    ike_record_rare(r)->part_of = (ike_label){ .mode = (uint8_t)ike_mode_of_exchange(f->m->exchange, 2),
                              .is_response = f->half == 1 };
    return r;
}

static ike_record *bad_piece(const skf *f, const char *why)
{
    ike_record *r = new_piece(f);

    if (!f->m->truncated)
        ike_raise(f->t, f->sa, IKE_DIAG_SKF_BAD, &r->note, IKE_SEVERITY_NONE, "%s", why);
    return r;
}

static ike_record *message_of(const skf *f)
{
    return ike_exchange_slot(f->exchange, f->half ? IKE_RESPONSE : IKE_REQUEST);
}

/* ---- a fragment again ---- */

static void note_double(ike_record *r, const ike_part *part)
{
    ike_record *first = part->first, *newest = part->newest;

    ike_record_rare(r)->first = ike_record_first(first);
    r->copy = IKE_COPY_DUPLICATE;
    ike_record_rare(r)->doubles = newest->rare->doubles ? newest->rare->doubles : newest;
    ike_record_rare(r)->message = first->rare->message;
}

static void note_repeat(const skf *f, ike_record *r, const ike_part *part)
{
    ike_record *first = part->first;
    const bool same = first->digest.low == r->digest.low && first->digest.high == r->digest.high;

    ike_record_rare(r)->first = ike_record_first(first);
    ike_record_repeat_piece(r, part->newest);
    if (first->note.kind == IKE_NOTE_PIECE) {
        ike_record_rare(first)->sends = ike_record_sends(first) + 1;
        ike_record_rare(first)->last_send = r;
    }
    if (message_of(f)) /* the message itself is sent again: said where it is whole */
        return;
    ike_raise(f->t, f->sa, IKE_DIAG_RETRANS, &r->note, IKE_SEVERITY_NONE,
              same ? "IKE fragment %u of %u sent again: first in frame %u"
                   : "IKE fragment %u of %u sent again, encrypted anew: first in frame %u",
              f->number, f->total, first->note.frame);
}

/* ---- completion ---- */

static void link_piece(ike_record *piece, ike_record *message)
{
    if (!piece || piece == message || piece->note.kind != IKE_NOTE_PIECE)
        return;
    ike_record_rare(piece)->message = message;
    ike_record_rare(piece)->fragment_missing = 0;
}

/* The fragments of this sending are carried by this message, those before it by an earlier one. */
static void link_pieces(const ike_ledger *ledger, ike_record *message)
{
    for (unsigned i = 0; i < ledger->n_parts; i++) {
        const ike_part *part = &ledger->part[i];

        if (part->first && !part->first->rare->message)
            link_piece(part->first, message);
        if (part->newest != part->first)
            link_piece(part->newest, message);
    }
}

static void raise_whole(const skf *f, const ike_ledger *ledger, ike_record *r, bool is_late)
{
    GString *frames = g_string_new(NULL);

    for (unsigned i = 0; i < ledger->n_parts; i++) {
        const ike_part *part = &ledger->part[i];
        const ike_record *piece = part->number == f->number ? r : part->newest;

        g_string_append_printf(frames, "%s%u", i ? ", " : "", piece->note.frame);
    }
    ike_raise(f->t, f->sa, IKE_DIAG_SKF, &r->note, IKE_SEVERITY_NONE,
              "%u IKE fragments (frames %s)", f->total, frames->str);
    g_string_free(frames, TRUE);
    if (is_late)
        ike_raise(f->t, f->sa, IKE_DIAG_SKF_LOSS, &r->note, IKE_SEVERITY_NOTE,
                  "fragments were missing at first: the message became whole when they were sent again");
}

/* ---- decrypted fragments ---- */

/* RFC 7383 2.5: each fragment has padding of its own. */
static void keep_plain(const skf *f, ike_ledger *ledger, ike_part *part)
{
    const ike_plain *plain = ike_plain_take(f->t, f->m);
    size_t length = plain ? plain->length : 0;

    if (f->number == 1)
        ledger->inside = f->m->inside;
    if (!plain || part->plain || !ike_plain_without_padding(plain->data, &length) ||
        ledger->n_plain + length > MAX_PLAIN)
        return;
    part->plain = g_bytes_new(plain->data, length);
    ledger->n_plain += length;
}

/* The content of all fragments, one behind the other; NULL when one is not there. */
static GByteArray *join_plain(const ike_ledger *ledger)
{
    GByteArray *all = g_byte_array_new();

    for (unsigned i = 0; i < ledger->n_parts; i++) {
        gsize length = 0;
        const guint8 *data = ledger->part[i].plain ? g_bytes_get_data(ledger->part[i].plain, &length) : NULL;

        if (!ledger->part[i].plain) {
            g_byte_array_unref(all);
            return NULL;
        }
        g_byte_array_append(all, data, (guint)length);
    }
    return all;
}

/* Numbers the message that is whole now, with what is inside it when all its fragments were decrypted. */
static void number(const skf *f, ike_ledger *ledger, ike_record *r)
{
    GByteArray *plain = ledger->inside != IKE_INSIDE_UNKNOWN ? join_plain(ledger) : NULL;
    ike_message m = *f->m, clear;

    if (plain && ike_message_decrypted(&clear, f->m, (uint8_t)ledger->inside, plain->data, plain->len))
        m.decrypted = &clear;
    ike_intake_number(f->t, r, &m);
    ike_ledger_drop_plain(ledger);
    if (plain)
        g_byte_array_unref(plain);
}

/* The fragment that completes a message carries it. */
static ike_record *complete(const skf *f, ike_ledger *ledger)
{
    ike_record *whole = message_of(f);
    ike_record *r = new_record(f, IKE_NOTE_MESSAGE);

    if (whole) /* sent before: whole, in fewer fragments, or in the same ones */
        ike_copies_mark(f->t, r, whole);
    else
        number(f, ledger, r);
    link_pieces(ledger, r);
    raise_whole(f, ledger, r, !whole && ledger->has_lost);
    return r;
}

static void describe(ike_ledger *ledger)
{
    const unsigned n = ike_ledger_missing(ledger);

    for (unsigned i = 0; i < ledger->n_parts; i++)
        if (ledger->part[i].first && !ledger->part[i].first->rare->message)
            ike_record_rare(ledger->part[i].first)->fragment_missing = n;
}

static void count(ike_ledger *ledger, ike_part *part)
{
    if (is_whole(ledger)) { /* the next sending begins */
        ledger->sending++;
        ledger->n_seen = 0;
    }
    if (part->sending == ledger->sending) {
        ledger->has_lost = true;
        return;
    }
    part->sending = ledger->sending;
    ledger->n_seen++;
}

static ike_record *take(const skf *f, ike_ledger **place)
{
    ike_part *part = ike_ledger_part(place, f->number);
    ike_ledger *ledger = *place;
    ike_record *r;

    if (part->newest && ike_time_near(f->t->now, part->newest->note.time, IKE_QUICK)) {
        r = new_piece(f);
        note_double(r, part);
        return r;
    }
    count(ledger, part);
    if (!message_of(f))
        keep_plain(f, ledger, part);
    if (is_whole(ledger)) {
        r = complete(f, ledger);
    } else {
        r = new_piece(f);
        if (part->first)
            note_repeat(f, r, part);
    }
    if (!part->first)
        part->first = r;
    part->newest = r;
    if (!message_of(f))
        describe(ledger);
    return r;
}

/* ---- a fragment ---- */

static bool read_numbers(skf *f)
{
    const ike_payload *p = ike_message_find(f->m, IKE_PL_V2_SKF);

    if (!p || p->length < 4)
        return false;
    f->number = ike_be16(p->body);
    f->total = ike_be16(p->body + 2);
    return true;
}

/* Where the ledger for this total is, or NULL when the fragment is one of a cut that was given up. */
static ike_ledger **ledger_for(const skf *f)
{
    ike_ledger **place = &ike_exchange_more_of(f->exchange)->ledger[f->half];

    if (*place && f->total < (*place)->total)
        return NULL;
    if (!*place || f->total > (*place)->total) {
        ike_ledger *ledger = ike_ledger_new((uint16_t)f->total);

        ledger->has_lost = *place && ike_ledger_missing(*place) > 0;
        ike_ledger_free(*place);
        *place = ledger;
    }
    return place;
}

/* RFC 7383 2.3: what is agreed on in the first exchange holds after it. */
static ike_record *too_early(const skf *f)
{
    ike_record *r = new_piece(f);

    ike_raise(f->t, f->sa, IKE_DIAG_SKF_UNNEGOTIATED, &r->note, IKE_SEVERITY_NONE,
              "the first exchange cannot be sent in fragments");
    return r;
}

static ike_record *too_many(const skf *f)
{
    ike_record *r = new_piece(f);

    ike_raise_limit(f->t, f->sa, IKE_LIMIT_FRAGMENTS, &r->note);
    return r;
}

ike_record *ike_v2frag_feed(ike_tracker *t, ike_sa *sa, const ike_message *m, const ike_datagram *d)
{
    skf f = { .t = t, .sa = sa, .half = m->flags & IKE_FLAG_V2_RESPONSE ? 1 : 0, .m = m, .d = d };
    ike_ledger **place;

    ike_v2_learn_initiator(sa, d->sender, m);
    f.exchange = ike_v2_exchange(t, sa, m, d->sender);
    if (!read_numbers(&f))
        return bad_piece(&f, "the fragment is too short for its number");
    if (f.number == 0 || f.number > f.total)
        return bad_piece(&f, f.number ? "the fragment number is larger than the total"
                                      : "fragment number zero");
    if (!f.exchange)
        return new_piece(&f);
    if (f.exchange == sa->phase1)
        return too_early(&f);
    if (f.total > IKE_MAX_FRAGMENTS)
        return too_many(&f);
    place = ledger_for(&f);
    return place ? take(&f, place) : new_piece(&f);
}
