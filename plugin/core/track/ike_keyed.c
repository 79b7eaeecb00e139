/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Exchanges that a message ID names: Quick Mode, Transaction, New Group, and AuthIP's. All is
 * ciphertext there, so a message is known by who sent the first one, by its length, and by how many
 * different messages its side has sent. RFC 2409 5.5 and 5.6, MS-AIPS 3.
 */
#include "ike_track.h"

#include <string.h>

/* A message ID that appears this long after an SA was first seen was not in use before. */
#define SETTLED_AFTER (60 * IKE_SECOND)

/* Longest ISAKMP message of Quick Mode that holds only HASH(3) (QM3), or HASH and a notify with an
 * SPI (QM4): 28 + roundup(4 + digest [+ 16], block) + block of padding. */
static const struct {
    uint32_t hash, longest_qm3, longest_qm4;
} quick_sizes[] = {
    { IKE_HASH_MD5, 60, 76 },       { IKE_HASH_SHA1, 60, 76 },      { IKE_HASH_SHA256, 76, 92 },
    { IKE_HASH_SHA384, 92, 108 },   { IKE_HASH_SHA512, 108, 124 },
};

#define LONGEST_QM3_OF_ANY_HASH 60 /* surely no QM4, whatever the hash */
#define LONGEST_SMALL_OF_ANY_HASH 108

static uint32_t longest_qm3(const ike_sa *sa)
{
    for (size_t i = 0; sa->more->has_chosen && i < G_N_ELEMENTS(quick_sizes); i++)
        if (quick_sizes[i].hash == sa->more->chosen.hash)
            return quick_sizes[i].longest_qm3;
    return LONGEST_QM3_OF_ANY_HASH;
}

static uint32_t longest_small(const ike_sa *sa)
{
    for (size_t i = 0; sa->more->has_chosen && i < G_N_ELEMENTS(quick_sizes); i++)
        if (quick_sizes[i].hash == sa->more->chosen.hash)
            return quick_sizes[i].longest_qm4;
    return LONGEST_SMALL_OF_ANY_HASH;
}

/* QM3 or QM4: no proposal and no nonce inside. */
static bool is_small(const ike_record *r)
{
    if (r->is_decrypted)
        return !(r->told & IKE_TOLD_PROPOSAL);
    return r->length <= longest_small(r->note.sa);
}

/* ---- who opened the exchange ---- */

static bool is_phase1_seen(const ike_sa *sa, const ike_record *r)
{
    const ike_list *records = &sa->phase1->records;

    if (records->len == 0)
        return sa->more->sibling_of && ike_exchange_slot(sa->phase1, 1);
    for (guint i = 0; i < records->len; i++)
        if (((const ike_record *)records->pdata[i])->note.time > r->note.time)
            return false;
    return true;
}

/* True when the first message of a message ID that is seen is the first one that was sent: phase 1
 * or a good while came before it, and both directions are captured. */
static bool is_settled(const ike_exchange *exchange, const ike_record *r)
{
    const ike_sa *sa = exchange->sa;
    const bool two_way = r->side != IKE_SIDE_NONE &&
                         sa->sides[ike_side_other(r->side)].messages > 0;

    return two_way && (is_phase1_seen(sa, r) || r->note.time - sa->first_time >= SETTLED_AFTER);
}

/* In a capture of the initiator's direction only, its first Quick Mode follows phase 1. */
static bool is_first_after_phase1(const ike_exchange *exchange, const ike_record *r)
{
    const ike_sa *sa = exchange->sa;

    return exchange->mode == IKE_MODE_QUICK && sa->more->exchanges.len == 1 &&
           ike_sa_role(sa, r->side) == IKE_ROLE_INITIATOR && is_phase1_seen(sa, r) && !is_small(r);
}

static const ike_record *first_of(const ike_exchange *exchange, ike_side side, bool large_only)
{
    for (guint i = 0; i < exchange->records.len; i++) {
        const ike_record *r = exchange->records.pdata[i];

        if (r->side == side && !(large_only && is_small(r)))
            return r;
    }
    return NULL;
}

static bool quick_opener(const ike_exchange *exchange, const ike_record *r, ike_side *opener,
                         ike_known_by *known)
{
    const ike_side other = ike_side_other(r->side);
    const ike_record *theirs = first_of(exchange, other, true);

    *known = IKE_KNOWN_ORDER;
    if (!is_small(r)) {
        const ike_time gap = theirs ? r->note.time - theirs->note.time : -1;

        *opener = other;
        return (gap >= 0 && gap < IKE_QUICK) ||
               (!theirs && !exchange->commit && first_of(exchange, other, false));
    }
    *opener = r->side;
    if (theirs)
        return true;
    /* without the commit bit a small message is QM3 */
    if (!first_of(exchange, r->side, true))
        *known = IKE_KNOWN_GUESS;
    return !exchange->commit || r->length <= longest_qm3(exchange->sa);
}

static bool pair_opener(const ike_exchange *exchange, const ike_record *r, ike_side *opener,
                        ike_known_by *known)
{
    const ike_record *theirs = first_of(exchange, ike_side_other(r->side), false);
    const ike_time gap = theirs ? r->note.time - theirs->note.time : -1;

    *known = IKE_KNOWN_ORDER;
    *opener = ike_side_other(r->side);
    return theirs && gap >= 0 && gap < IKE_QUICK;
}

/* A decrypted Transaction says which half it is (Mode-Config draft 3.3). */
static bool told_opener(const ike_record *r, ike_side *opener, ike_known_by *known)
{
    if (!(r->told & (IKE_TOLD_ASKS | IKE_TOLD_ANSWERS)))
        return false;
    *known = IKE_KNOWN_KEYS;
    *opener = r->told & IKE_TOLD_ASKS ? r->side : ike_side_other(r->side);
    return true;
}

/* A sender behind a NAT (its port is neither 500 nor 4500) opened phase 1: nobody could have reached
 * it. The first Quick Mode message of an SA that is seen is then most likely its QM1. */
static bool is_natted_client(const ike_exchange *exchange, const ike_record *r)
{
    const uint16_t port = ike_record_src(r)->port;

    return exchange->mode == IKE_MODE_QUICK && exchange->sa->records.len == 1 && !is_small(r) &&
           ike_record_dst(r)->port == IKE_PORT_NATT && port != IKE_PORT_NATT && port != IKE_PORT;
}

static bool first_opener(const ike_exchange *exchange, const ike_record *r, ike_known_by *known)
{
    if (exchange->records.len > 1 || (exchange->mode == IKE_MODE_QUICK && is_small(r)))
        return false;
    *known = IKE_KNOWN_ORDER;
    if (is_settled(exchange, r) || is_first_after_phase1(exchange, r))
        return true;
    *known = IKE_KNOWN_GUESS;
    return is_natted_client(exchange, r);
}

/* Better evidence than a guess: what was labelled by it is labelled anew. */
static void reopen(ike_exchange *exchange)
{
    ike_exchange_empty(exchange);
    for (guint i = 0; i < exchange->records.len; i++) {
        ike_record *r = exchange->records.pdata[i];

        memset(&r->label, 0, sizeof r->label);
        r->request = r->response = NULL;
    }
}

/* Nobody answers a QM1 without a proposal: what looked like QM1 was QM2, and this is QM3 (RFC 2409 5.5). */
static bool is_no_qm2(const ike_exchange *exchange, const ike_record *r)
{
    return exchange->mode == IKE_MODE_QUICK && exchange->opener_known == IKE_KNOWN_ORDER &&
           r->side == ike_side_other(exchange->opener) && !ike_exchange_slot(exchange, 2) &&
           !ike_exchange_slot(exchange, 3) && is_small(r) && (r->is_decrypted || exchange->sa->more->has_chosen);
}

static void swap_opener(ike_exchange *exchange)
{
    reopen(exchange);
    exchange->opener = ike_side_other(exchange->opener);
}

static void find_opener(ike_exchange *exchange, const ike_record *r)
{
    ike_side opener = r->side;
    ike_known_by known = IKE_KNOWN_NOT;
    bool found = r->side != IKE_SIDE_NONE && exchange->opener_known <= IKE_KNOWN_GUESS;

    if (!found)
        return;
    if (told_opener(r, &opener, &known)) {
        found = true;
    } else if (!first_opener(exchange, r, &known)) {
        opener = IKE_SIDE_NONE;
        found = exchange->mode == IKE_MODE_QUICK ? quick_opener(exchange, r, &opener, &known)
                                                 : pair_opener(exchange, r, &opener, &known);
    }
    if (!found || known <= exchange->opener_known)
        return;
    if (exchange->opener != IKE_SIDE_NONE && exchange->opener != opener)
        reopen(exchange);
    exchange->opener = opener;
    exchange->opener_known = known;
}

/* ---- labels ---- */

static unsigned quick_number(const ike_exchange *exchange, const ike_record *r)
{
    const bool small = is_small(r);

    if (r->side == exchange->opener) {
        if (small)
            return 3;
        if (!ike_exchange_slot(exchange, 1) || ike_exchange_slot(exchange, 1) == r || ike_exchange_slot(exchange, 3))
            return 1;
        return ike_exchange_slot(exchange, 2) ? 3 : 1;
    }
    if (small && (exchange->commit || ike_exchange_slot(exchange, 2)))
        return 4;
    return 2;
}

/* The k-th different message of the opener is 2k - 1, of the other side 2k. */
static unsigned pair_number(const ike_exchange *exchange, const ike_record *r)
{
    unsigned k = 0;

    for (guint i = 0; i < exchange->records.len; i++) {
        const ike_record *other = exchange->records.pdata[i];

        k += other->side == r->side;
        if (other == r)
            break;
    }
    return MIN(r->side == exchange->opener ? 2 * k - 1 : 2 * k, 255);
}

static void number(ike_exchange *exchange, ike_record *r)
{
    const bool quick = exchange->mode == IKE_MODE_QUICK;
    ike_label label = { .mode = (uint8_t)exchange->mode };

    label.number = (uint8_t)(quick ? quick_number(exchange, r) : pair_number(exchange, r));
    ike_set_label(exchange, r, label, exchange->opener_known);
}

static ike_label undecided(const ike_exchange *exchange, const ike_record *r)
{
    const bool late = exchange->mode == IKE_MODE_QUICK && is_small(r);

    return (ike_label){ .mode = (uint8_t)exchange->mode, .number = late ? 3 : 1,
                        .other = late ? 4 : 2 };
}

static void number_all(ike_exchange *exchange)
{
    for (guint i = 0; i < exchange->records.len; i++) {
        ike_record *r = exchange->records.pdata[i];

        if (r->side == IKE_SIDE_NONE || ike_label_is_decided(r->label))
            continue;
        number(exchange, r);
    }
}

/* ---- violations ---- */

static void check_quick(ike_tracker *t, const ike_exchange *exchange, ike_record *r)
{
    ike_sa *sa = exchange->sa;

    if (exchange->mode != IKE_MODE_QUICK)
        return;
    if (r->message_id == 0)
        ike_raise(t, sa, IKE_DIAG_QM_MSGID0, &r->note, IKE_SEVERITY_NONE,
                  "Quick Mode with message ID zero");
    if (!(r->flags & IKE_FLAG_ENCRYPTED))
        ike_raise(t, sa, IKE_DIAG_QM_CLEAR, &r->note, IKE_SEVERITY_NONE,
                  "Quick Mode without the encryption flag");
    if (ike_record_spi_r(r) == 0)
        ike_raise(t, sa, IKE_DIAG_ZERO_COOKIE, &r->note, IKE_SEVERITY_NONE,
                  "Quick Mode with a zero responder cookie");
}

static void check_reuse(ike_tracker *t, const ike_exchange *exchange, ike_record *r)
{
    const ike_record *first = ike_exchange_slot(exchange, 1);

    if (exchange->mode == IKE_MODE_QUICK && first && first != r && !r->truncated &&
        ike_label_is(r->label, IKE_MODE_QUICK, 1) && ike_exchange_slot(exchange, 3))
        ike_raise(t, exchange->sa, IKE_DIAG_QM_REUSED, &r->note, IKE_SEVERITY_NONE,
                  "message ID %08x was used in frame %u", r->message_id, first->note.frame);
}

/* ---- AuthIP ---- */

/* MS-AIPS 3.4.5.1: the first Quick Mode under a Main Mode travels in the Main Mode's exchange type
 * and is encrypted; Main Mode itself should not be. */
static ike_mode authip_mode(const ike_record *r, ike_mode mode)
{
    return mode == IKE_MODE_AUTHIP_MAIN && (r->flags & IKE_FLAG_ENCRYPTED) ? IKE_MODE_AUTHIP_QUICK
                                                                          : mode;
}

static ike_exchange *authip_main(ike_record *r)
{
    ike_sa *sa = r->note.sa;

    if (sa->phase1->mode == IKE_MODE_NONE)
        sa->phase1->mode = IKE_MODE_AUTHIP_MAIN;
    if (sa->phase1->mode != IKE_MODE_AUTHIP_MAIN)
        return NULL; /* AuthIP under the cookies of another phase 1 makes no sense */
    if (ike_record_spi_r(r) == 0)
        ike_v1_learn_initiator(sa, r->side, IKE_KNOWN_CONTENT);
    return sa->phase1;
}

/* Main Mode rounds are counted from MM1; without it nothing tells which round a message is. */
static void number_authip_main(ike_exchange *exchange, ike_record *r)
{
    const ike_record *first = exchange->records.pdata[0];

    exchange->opener_known = IKE_KNOWN_ORDER;
    if (ike_record_spi_r(first) == 0 && exchange->opener != IKE_SIDE_NONE && r->side != IKE_SIDE_NONE)
        number(exchange, r);
    else if (ike_record_spi_r(r) == 0)
        ike_set_label(exchange, r, (ike_label){ .mode = IKE_MODE_AUTHIP_MAIN, .number = 1 },
                      IKE_KNOWN_CONTENT);
}

static ike_exchange *exchange_of(ike_tracker *t, ike_record *r, ike_mode mode)
{
    ike_sa *sa = r->note.sa;
    ike_exchange *exchange;

    if (mode == IKE_MODE_AUTHIP_MAIN)
        return authip_main(r);
    exchange = ike_sa_exchange(sa, mode, r->message_id);
    if (exchange)
        return exchange;
    if (ike_limit_reached(t, sa, IKE_LIMIT_EXCHANGES, &r->note, sa->more->exchanges.len))
        return NULL;
    exchange = ike_sa_add_exchange(sa, mode, mode, r->message_id);
    if (ike_modes[mode].makes_child)
        ike_exchange_new_child(exchange, &t->n_children);
    return exchange;
}

#define RECENT_INFOS 1024 /* Informationals of a side that are looked through, once for a Quick Mode */

static ike_record *newest_with_id(const ike_list *infos, uint32_t message_id)
{
    for (guint i = infos->len; i > 0 && infos->len - i < RECENT_INFOS; i--) {
        ike_record *r = infos->pdata[i - 1];

        if (r->message_id == message_id)
            return r;
    }
    return NULL;
}

/* The newest Informational with the message ID of this exchange, among those whose sender is known. */
static ike_record *recent_info(const ike_exchange *exchange)
{
    ike_record *a = newest_with_id(&exchange->sa->more->infos[0], exchange->message_id);
    ike_record *b = newest_with_id(&exchange->sa->more->infos[1], exchange->message_id);

    return !a || (b && b->note.frame > a->note.frame) ? b : a;
}

/* RFC 2408 3.1: an Informational with this message ID is the CONNECTED notify. One that comes after the commit bit
 * finds the Quick Mode; one that the file has before it is looked for when the bit is first seen. */
static void adopt_connected(ike_tracker *t, ike_exchange *exchange)
{
    ike_record *r;

    if (exchange->mode != IKE_MODE_QUICK || ike_exchange_slot(exchange, 4))
        return;
    r = recent_info(exchange);
    if (r && r->label.mode == IKE_MODE_INFO && ike_exchange_add(t, exchange, r))
        ike_set_label(exchange, r, (ike_label){ .mode = IKE_MODE_QUICK, .number = 4 },
                      IKE_KNOWN_CONTENT);
}

void ike_keyed_message(ike_tracker *t, ike_record *r, ike_mode mode)
{
    ike_sa *sa = r->note.sa;
    ike_exchange *exchange;

    if (sa->records.len == 1 && !(mode == IKE_MODE_AUTHIP_MAIN && ike_record_spi_r(r) == 0))
        sa->is_joined = true;
    r->state = sa->tracked_state;
    exchange = exchange_of(t, r, authip_mode(r, mode));
    if (!exchange)
        return;
    r->note.exchange = exchange;
    if (!ike_exchange_add(t, exchange, r))
        return;
    if (!ike_modes[exchange->mode].is_numbered) {
        ike_set_label(exchange, r, (ike_label){ .mode = (uint8_t)exchange->mode },
                      IKE_KNOWN_CONTENT);
        return;
    }
    if (r->flags & IKE_FLAG_COMMIT && !exchange->commit) {
        exchange->commit = true;
        adopt_connected(t, exchange);
    }
    if (exchange->mode == IKE_MODE_AUTHIP_MAIN) {
        number_authip_main(exchange, r);
        return;
    }
    check_quick(t, exchange, r);
    if (r->side != IKE_SIDE_NONE && is_no_qm2(exchange, r))
        swap_opener(exchange);
    find_opener(exchange, r);
    if (exchange->opener == IKE_SIDE_NONE) {
        ike_set_label(exchange, r, undecided(exchange, r), IKE_KNOWN_NOT);
        return;
    }
    number_all(exchange);
    check_reuse(t, exchange, r);
}
