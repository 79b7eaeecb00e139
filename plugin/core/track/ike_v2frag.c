/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IKEv2 messages in fragments SKF (RFC 7383). Every fragment says its number and how many there are,
 * so that a ledger tells without keys whether a message became whole. A sender that looks for the path
 * MTU cuts the message anew into more fragments (2.5.2); fragments of a smaller total count no more
 * (2.6).
 */
#include "ike_judge.h"

#include <string.h>

#define MAX_PLAIN 65536u   /* decrypted bytes of one message: its length has 16 bits in UDP */

typedef struct ike_part {
    unsigned number;
    unsigned sending; /* in which it was last seen; 0: never */
    ike_record *first, *newest;
    GBytes *plain;    /* decrypted content of the first one, or NULL */
} ike_part;

typedef struct ike_ledger {
    uint16_t total;
    unsigned sending; /* counts from 1: until all fragments are there, then anew */
    unsigned n_seen;  /* fragments of this sending */
    size_t n_plain;   /* decrypted bytes of all */
    int16_t inside;   /* type of the first payload in the first fragment; IKE_INSIDE_UNKNOWN */
    bool has_lost;    /* fragments were missing before others came again, or the message was cut anew */
    unsigned n_parts, room;
    ike_part part[];  /* those that came, by number */
} ike_ledger;

static ike_ledger *new_ledger(uint16_t total)
{
    ike_ledger *ledger = g_new0(ike_ledger, 1);

    ledger->total = total;
    ledger->sending = 1;
    ledger->inside = IKE_INSIDE_UNKNOWN;
    return ledger;
}

static void drop_plain(ike_ledger *ledger)
{
    for (unsigned i = 0; i < ledger->n_parts; i++)
        g_clear_pointer(&ledger->part[i].plain, g_bytes_unref);
}

void ike_v2frag_free(ike_ledger *ledger)
{
    if (ledger)
        drop_plain(ledger);
    g_free(ledger);
}

/* The part with this number, made when it is new; moves the ledger. */
static ike_part *part_of(ike_ledger **place, unsigned number)
{
    ike_ledger *ledger = *place;
    unsigned at = 0;

    while (at < ledger->n_parts && ledger->part[at].number < number)
        at++;
    if (at < ledger->n_parts && ledger->part[at].number == number)
        return &ledger->part[at];
    if (ledger->n_parts == ledger->room) {
        ledger->room = MAX(4, 2 * ledger->room);
        *place = ledger = g_realloc(ledger, sizeof *ledger + ledger->room * sizeof(ike_part));
    }
    memmove(&ledger->part[at + 1], &ledger->part[at], (ledger->n_parts - at) * sizeof(ike_part));
    ledger->part[at] = (ike_part){ .number = number };
    ledger->n_parts++;
    return &ledger->part[at];
}

static bool is_whole(const ike_ledger *ledger)
{
    return ledger->n_seen == ledger->total;
}

static unsigned missing(const ike_ledger *ledger)
{
    return ledger->total - ledger->n_parts;
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
    ike_tracker_number(f->t, r, &m);
    drop_plain(ledger);
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
    const unsigned n = missing(ledger);

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
    ike_part *part = part_of(place, f->number);
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
        ike_ledger *ledger = new_ledger((uint16_t)f->total);

        ledger->has_lost = *place && missing(*place) > 0;
        ike_v2frag_free(*place);
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

/* ---- at the end ---- */

/* "3" or "3-7", after a comma where something stands before. */
static void append_range(GString *list, unsigned from, unsigned to)
{
    if (from > to)
        return;
    g_string_append_printf(list, "%s%u", list->len ? "," : "", from);
    if (to > from)
        g_string_append_printf(list, "-%u", to);
}

static void describe_parts(const ike_ledger *ledger, GString *here, GString *absent)
{
    unsigned next = 1; /* number that is not described yet */

    for (unsigned i = 0, end; i < ledger->n_parts; i = end) {
        const unsigned from = ledger->part[i].number;

        for (end = i + 1; end < ledger->n_parts && ledger->part[end].number == from + end - i;)
            end++;
        append_range(absent, next, from - 1);
        append_range(here, from, from + end - i - 1);
        next = from + end - i;
    }
    append_range(absent, next, ledger->total);
}

/* The fragment that was sent most often stands for the message. */
static ike_record *spokesman(const ike_ledger *ledger)
{
    ike_record *best = NULL;

    for (unsigned i = 0; i < ledger->n_parts; i++) {
        ike_record *part = ledger->part[i].first;

        if (part && (!best || ike_record_sends(part) > ike_record_sends(best)))
            best = part;
    }
    return best;
}

unsigned ike_exchange_lost_repeats(const ike_exchange *exchange)
{
    unsigned n = 0;

    for (int half = 0; half < 2; half++) {
        const ike_ledger *ledger = exchange->more->ledger[half];
        const ike_record *piece = ledger ? spokesman(ledger) : NULL;

        if (piece && !piece->rare->message)
            n += ike_record_sends(piece) - 1;
    }
    return n;
}

/* A requester that does not get the whole response sends its request again: when it does not, only the
 * capture lacks the fragment. */
static bool is_asked_again(const ike_exchange *exchange, const ike_record *piece)
{
    const ike_record *request = ike_exchange_slot(exchange, IKE_REQUEST);

    return !piece->rare->part_of.is_response || !request || ike_judge_was_sent_after(request, piece);
}

static bool goes_on(const ike_exchange *exchange, const ike_record *piece)
{
    return !is_asked_again(exchange, piece) || ike_v2_is_implied(exchange, piece) || ike_exchange_slot(exchange, IKE_RESPONSE) ||
           ike_sa_goes_on_after(exchange->sa, piece);
}

static void judge_ledger(ike_tracker *t, ike_exchange *exchange, const ike_ledger *ledger)
{
    ike_record *piece = spokesman(ledger);
    const bool fine = !ike_judge_is_due(t, piece, t->span.last) /* the next fragments may be behind the end */ ||
                      goes_on(exchange, piece) || ike_judge_is_oneway(t, exchange->sa);
    GString *here = g_string_new(NULL), *absent = g_string_new(NULL);

    describe_parts(ledger, here, absent);
    ike_raise(t, exchange->sa, IKE_DIAG_SKF_LOSS, &ike_record_last_send(piece)->note,
              fine ? IKE_SEVERITY_NOTE : IKE_SEVERITY_NONE,
              "message never completed: IKE fragments %s of %u seen, %s missing", here->str,
              ledger->total, absent->str);
    if (!fine && !piece->rare->part_of.is_response)
        ike_judge_incomplete_request(t, exchange, piece);
    g_string_free(here, TRUE);
    g_string_free(absent, TRUE);
}

void ike_v2frag_judge(ike_tracker *t, ike_exchange *exchange)
{
    for (int half = 0; half < 2; half++) {
        const ike_ledger *ledger = exchange->more->ledger[half];

        if (ledger && missing(ledger) > 0 && !ike_exchange_slot(exchange, half ? IKE_RESPONSE : IKE_REQUEST) &&
            t->span.last - spokesman(ledger)->note.time >= IKE_SECOND)
            judge_ledger(t, exchange, ledger);
    }
}
