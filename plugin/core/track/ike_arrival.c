/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The record of a message or piece as it arrives: its header, what it was put together from, and what is odd about it
 * by itself.
 */
#include "ike_track.h"

/* Of a packet that is no IP fragment, without options. */
static uint32_t packet_length(const ike_datagram *d)
{
    return d->is_tcp ? 0 : (uint32_t)d->wire + 8 + (d->src.addr.family == 4 ? 20 : 40);
}

/* To write to it. */
static ike_run *run_at(ike_record *r, unsigned i)
{
    return i < IKE_FEW_RUNS ? &r->runs[i] : &ike_record_rare(r)->more_runs[i - IKE_FEW_RUNS];
}

void ike_record_add_runs(ike_record *r, const ike_message *m)
{
    for (unsigned i = 0; i < m->n_payloads; i++) {
        ike_run *last = r->n_runs ? run_at(r, r->n_runs - 1u) : NULL;

        if (last && last->type == m->payloads[i].type && last->count < UINT8_MAX)
            last->count++;
        else if (r->n_runs < IKE_MAX_RUNS)
            *run_at(r, r->n_runs++) = (ike_run){ m->payloads[i].type, 1 };
    }
}

static void fill_header(ike_record *r, const ike_message *m, const ike_datagram *d)
{
    ike_record_set_ends(r, &d->src, &d->dst);
    ike_record_set_spis(r, m->spi_i, m->spi_r);
    r->ip_id = d->ip_id;
    r->has_ip_id = d->has_ip_id;
    r->has_marker = d->has_marker;
    r->is_tcp = d->is_tcp;
    r->ttl = d->ttl;
    r->packet_length = packet_length(d);
    r->message_id = m->message_id;
    r->length = m->length;
    r->version = m->version;
    r->exchange_type = m->exchange;
    r->flags = m->flags;
    r->next_payload = m->next_payload;
    r->truncated = m->truncated;
    r->is_encrypted = m->is_encrypted;
    r->inside = m->inside;
    ike_record_add_runs(r, m);
}

static void link_pieces(ike_tracker *t, ike_record *r, const ike_datagram *d)
{
    r->fragment = d->fragment;
    if (d->fragment == IKE_FRAGMENT_NONE)
        return;
    ike_record_rare(r)->fragment_number = d->piece_number;
    ike_record_rare(r)->fragment_total = d->n_pieces;
    for (guint i = 0; d->pieces && i < d->pieces->len; i++) {
        ike_record *piece = d->pieces->pdata[i];

        ike_record_rare(piece)->message = r;
        ike_record_rare(piece)->fragment_total = d->n_pieces;
        if (!piece->note.sa && r->note.sa)
            ike_note_set_sa(t, &piece->note, r->note.sa);
        piece->side = r->side;
    }
}

static void raise_header_remarks(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_sa *sa = r->note.sa;

    if (m->trailing > 0)
        ike_raise(t, sa, IKE_DIAG_TRAILING, &r->note, IKE_SEVERITY_NONE,
                  "bytes after the end of the message: %u", m->trailing);
    if (m->truncated)
        ike_raise(t, sa, IKE_DIAG_TRUNCATED, &r->note, IKE_SEVERITY_NONE,
                  "the capture holds %u of %u bytes", m->captured, m->length);
    if (m->is_malformed)
        ike_raise(t, sa, IKE_DIAG_MALFORMED, &r->note, IKE_SEVERITY_NONE,
                  "the payloads do not fit into the %u bytes of the message", m->length);
    if (m->payload_limit)
        ike_raise_limit(t, sa, IKE_LIMIT_PAYLOADS, &r->note);
    if (sa && sa->more->reuses && sa->records.len == 1)
        ike_raise(t, sa, IKE_DIAG_COOKIE_REUSED, &r->note, IKE_SEVERITY_NONE,
                  "the initiator cookie of SA %u with another first message", sa->more->reuses->number);
    if (sa && m->spi_i == 0)
        ike_raise(t, sa, IKE_DIAG_ZERO_COOKIE, &r->note, IKE_SEVERITY_NONE,
                  "the initiator cookie is zero");
}

ike_record *ike_record_new(ike_tracker *t, ike_note_kind kind, ike_sa *sa, const ike_message *m,
                           const ike_datagram *d)
{
    ike_record *r = ike_note_new(t, kind, sizeof *r);

    if (sa)
        ike_note_set_sa(t, &r->note, sa);
    fill_header(r, m, d);
    r->digest = d->digest;
    r->side = IKE_SIDE_NONE;
    if (sa) {
        r->side = (int8_t)d->sender;
        r->state = sa->tracked_state;
    }
    if (r->side != IKE_SIDE_NONE)
        sa->sides[r->side].newest = r;
    link_pieces(t, r, d);
    raise_header_remarks(t, r, m);
    return r;
}
