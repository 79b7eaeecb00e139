/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Messages: what a record keeps apart, its ends and SPIs, copies.
 */
#include "ike_hash.h"
#include "ike_track.h"

#include <string.h>

const ike_rare ike_no_rare;

#define AT_RARE UINT8_MAX
G_STATIC_ASSERT(2 * IKE_MAX_ENDPOINTS < AT_RARE);

ike_rare *ike_record_rare(ike_record *r)
{
    ike_rare *own = ike_apart(r->rare, &ike_no_rare, sizeof *own);

    r->rare = own;
    return own;
}

void ike_record_set_notify(ike_record *r, GString *names)
{
    g_free(r->rare->notify);
    if (names->len || r->rare->notify)
        ike_record_rare(r)->notify = names->len ? g_strdup(names->str) : NULL;
    g_string_free(names, TRUE);
}

/* Where an SA has an endpoint: side and index. */
static uint8_t place_of(const ike_sa *sa, const ike_endpoint *endpoint)
{
    for (unsigned side = 0; sa && side < 2; side++)
        for (unsigned i = 0; i < sa->sides[side].n_endpoints; i++)
            if (ike_endpoint_equal(&sa->sides[side].endpoints[i], endpoint))
                return (uint8_t)(side * IKE_MAX_ENDPOINTS + i);
    return AT_RARE;
}

void ike_record_set_ends(ike_record *r, const ike_endpoint *src, const ike_endpoint *dst)
{
    r->src_at = place_of(r->note.sa, src);
    r->dst_at = place_of(r->note.sa, dst);
    if (r->src_at == AT_RARE)
        ike_record_rare(r)->src = *src;
    if (r->dst_at == AT_RARE)
        ike_record_rare(r)->dst = *dst;
}

static const ike_endpoint *endpoint_at(const ike_record *r, uint8_t place)
{
    return &r->note.sa->sides[place / IKE_MAX_ENDPOINTS].endpoints[place % IKE_MAX_ENDPOINTS];
}

const ike_endpoint *ike_record_src(const ike_record *r)
{
    return r->src_at == AT_RARE ? &r->rare->src : endpoint_at(r, r->src_at);
}

const ike_endpoint *ike_record_dst(const ike_record *r)
{
    return r->dst_at == AT_RARE ? &r->rare->dst : endpoint_at(r, r->dst_at);
}

void ike_record_set_spis(ike_record *r, uint64_t spi_i, uint64_t spi_r)
{
    const ike_sa *sa = r->note.sa;

    r->has_spi_i = spi_i != 0;
    r->has_spi_r = spi_r != 0;
    r->has_own_spis = (spi_i && (!sa || spi_i != sa->spi_i)) || (spi_r && (!sa || spi_r != sa->spi_r));
    if (!r->has_own_spis)
        return;
    ike_record_rare(r)->spi_i = spi_i;
    ike_record_rare(r)->spi_r = spi_r;
}

uint64_t ike_record_spi_i(const ike_record *r)
{
    return r->has_own_spis ? r->rare->spi_i : r->has_spi_i ? r->note.sa->spi_i : 0;
}

uint64_t ike_record_spi_r(const ike_record *r)
{
    return r->has_own_spis ? r->rare->spi_r : r->has_spi_r ? r->note.sa->spi_r : 0;
}

static guint digest_hash(gconstpointer p)
{
    return ike_digest_hash(&((const ike_record *)p)->digest);
}

static gboolean digest_equal(gconstpointer a, gconstpointer b)
{
    return ike_digest_equal(&((const ike_record *)a)->digest, &((const ike_record *)b)->digest);
}

ike_record *ike_sa_first_copy(const ike_sa *sa, const ike_digest *digest)
{
    ike_record wanted; /* the rest of it is not looked at */

    wanted.digest = *digest;
    if (sa->more->digests)
        return g_hash_table_lookup(sa->more->digests, &wanted);
    for (guint i = sa->records.len; i > 0; i--) {
        ike_record *r = sa->records.pdata[i - 1];

        if (r->is_found && ike_digest_equal(&r->digest, digest))
            return r;
    }
    return NULL;
}

void ike_sa_add_first_copy(ike_sa *sa, ike_record *r)
{
    r->is_found = true;
    if (sa->more->digests)
        g_hash_table_replace(sa->more->digests, r, r);
}

void ike_sa_add_record(ike_sa *sa, ike_record *r)
{
    ike_list_add(&sa->records, r);
    if (sa->more->digests || sa->records.len <= IKE_FEW)
        return;
    ike_sa_more(sa)->digests = g_hash_table_new(digest_hash, digest_equal);
    for (guint i = 0; i < sa->records.len; i++) {
        ike_record *old = sa->records.pdata[i];

        if (old->is_found)
            g_hash_table_replace(sa->more->digests, old, old);
    }
}

const ike_record *ike_record_whole(const ike_record *piece)
{
    const ike_record *whole = piece->rare->message;

    return whole && whole->note.kind == IKE_NOTE_PIECE ? whole->rare->message : whole;
}

void ike_record_repeat_piece(ike_record *piece, const ike_record *before)
{
    piece->copy = IKE_COPY_RETRANSMISSION;
    ike_record_rare(piece)->copy_number = before->copy == IKE_COPY_RETRANSMISSION ? before->rare->copy_number + 1 : 1;
    ike_record_rare(piece)->delay = piece->note.time - before->note.time;
}

ike_record *ike_record_last_before(ike_record *request, const ike_record *answer)
{
    unsigned n = 0;

    for (ike_record *copy = ike_record_last(request); copy && n < IKE_COPIES_WALKED; copy = copy->rare->older, n++)
        if (copy->copy != IKE_COPY_DUPLICATE && copy->note.frame < answer->note.frame)
            return copy;
    return request;
}

void ike_record_append_sends(GString *out, const ike_record *first)
{
    const ike_record *last = ike_record_last_send(first);

    ike_label_append(out, first->note.kind == IKE_NOTE_PIECE ? first->rare->part_of : first->label);
    if (ike_record_sends(first) == 1) {
        g_string_append_printf(out, " was sent once (frame %u)", first->note.frame);
        return;
    }
    g_string_append_printf(out, " was sent %u times in ", ike_record_sends(first));
    ike_seconds_append(out, last->note.time - first->note.time);
    g_string_append_printf(out, " s (frames %u to %u)", first->note.frame, last->note.frame);
}

bool ike_record_is_message(const ike_record *r)
{
    return r->note.kind == IKE_NOTE_MESSAGE && r->copy == IKE_COPY_NONE && !r->is_reflection;
}

unsigned ike_record_messages(const ike_list *records)
{
    unsigned n = 0;

    for (guint i = 0; i < records->len; i++)
        n += ike_record_is_message(records->pdata[i]);
    return n;
}

guint ike_digest_hash(gconstpointer digest)
{
    return ike_hash(digest, sizeof(ike_digest));
}

gboolean ike_digest_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(ike_digest)) == 0;
}

ike_side ike_record_side_in(const ike_record *r, const ike_sa *sa)
{
    return r->note.sa == sa ? r->side : ike_sa_side(sa, ike_record_src(r), ike_record_dst(r));
}

/* A piece may stand behind the message that it was part of. */
static bool is_last_of(const ike_sa *sa, const ike_record *r)
{
    const ike_record *last = sa->records.pdata[sa->records.len - 1];

    return r->note.frame >= MAX(last->note.frame, last->rare->message ? last->rare->message->note.frame : 0);
}

ike_state ike_record_state(const ike_record *r, bool is_over)
{
    const ike_sa *sa = r->note.sa;

    if (is_over && sa && sa->is_failed && is_last_of(sa, r))
        return IKE_STATE_FAILED;
    if (sa && sa->more->deleted && r->note.frame >= sa->more->deleted->note.frame)
        return IKE_STATE_DELETED;
    if (sa && r->state == IKE_STATE_PROBABLY_ESTABLISHED && sa->state == IKE_STATE_ESTABLISHED)
        return IKE_STATE_ESTABLISHED;
    return r->state;
}
