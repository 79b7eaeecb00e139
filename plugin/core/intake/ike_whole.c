/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The way of a whole message into an SA.
 */
#include "ike_decrypted.h"
#include "ike_intake.h"

static void raise_fragments(ike_tracker *t, ike_record *r, const ike_datagram *d)
{
    GString *frames;

    if (d->fragment == IKE_FRAGMENT_NONE)
        return;
    frames = g_string_new(d->n_pieces == 1 ? "fragment (frame " : "fragments (frames ");
    for (guint i = 0; d->pieces && i < d->pieces->len; i++)
        g_string_append_printf(frames, "%u, ", ((ike_record *)d->pieces->pdata[i])->note.frame);
    ike_raise(t, r->note.sa, d->fragment == IKE_FRAGMENT_IP ? IKE_DIAG_IPFRAG : IKE_DIAG_V1FRAG,
              &r->note, IKE_SEVERITY_NONE, "%u bytes in %u %s %s%u)", r->length, d->n_pieces,
              d->fragment == IKE_FRAGMENT_IP ? "IP" : "IKE", frames->str, r->note.frame);
    g_string_free(frames, TRUE);
}

#define LARGE_MESSAGE 3000u /* RFC 7296 2: implementations should handle up to this */

/* TCP has no limit; what travels in IKE fragments does not come here. */
static void raise_big(ike_tracker *t, ike_record *r)
{
    if (r->version != 2 || r->is_tcp || r->length <= LARGE_MESSAGE)
        return;
    ike_raise(t, r->note.sa, IKE_DIAG_BIG_MESSAGE, &r->note, IKE_SEVERITY_NONE,
              r->exchange_type == IKE_XCHG_V2_SA_INIT
                  ? "%u bytes; the first exchange cannot go in IKE fragments: large key exchanges "
                    "belong into IKE_INTERMEDIATE (RFC 9242, RFC 9370)"
                  : "%u bytes without IKE fragments",
              r->length);
}

void ike_intake_number(ike_tracker *t, ike_record *r, const ike_message *m)
{
    ike_side_state *side = r->side == IKE_SIDE_NONE ? NULL : &r->note.sa->sides[r->side];

    r->note.sa->newest_frame = t->frame;
    if (side) {
        side->messages++;
        if (r->exchange_type != IKE_XCHG_INFO)
            side->newest_exchange_frame = t->frame;
    }
    if (m->decrypted)
        ike_decrypted_look(r, m->decrypted);
    if (m->version == 1)
        ike_v1_message(t, r, m);
    else
        ike_v2_message(t, r, m);
    if (m->decrypted)
        ike_decrypted_learn(t, r, m->decrypted);
    if (ike_step_asks(ike_step_find(r->label)))
        g_queue_push_tail(t->waiting, r);
}

/* The SA payload of AuthIP is inside its Crypto payload (MS-AIPS 2.2.1). */
static bool makes_offer(const ike_message *m)
{
    if (m->exchange == IKE_XCHG_AUTHIP_MAIN && m->spi_r == 0)
        return true;
    return ike_message_has(m, m->version == 1 ? IKE_PL_SA : IKE_PL_V2_SA);
}

static ike_record *take_whole(ike_tracker *t, ike_sa *sa, const ike_message *m, const ike_datagram *d,
                              bool misread)
{
    ike_record *r = ike_record_new(t, IKE_NOTE_MESSAGE, sa, m, d);

    r->is_misread = misread;
    raise_fragments(t, r, d);
    raise_big(t, r);
    if (!ike_copies_check(t, r))
        ike_intake_number(t, r, m);
    else if (r->version == 1)
        ike_v1_copy_seen(r);
    return r;
}

ike_record *ike_intake_message(ike_tracker *t, const ike_datagram *d, const uint8_t *data,
                                size_t captured, size_t wire)
{
    ike_datagram here = *d;
    ike_message m, clear;
    ike_sa *sa;
    ike_record *r;
    bool misread;

    if (!ike_message_parse(&m, data, captured, wire))
        return NULL;
    m.decrypted = ike_plain_read(t, &m, &clear, &misread);
    here.digest = ike_digest_of(&m, d);
    if (ike_v2_is_outside(t, &m, d))
        return ike_limit_reached(t, NULL, IKE_LIMIT_OUTSIDE, NULL, t->n_outside) ? NULL : ike_v2_outside(t, &m, &here);
    sa = ike_lookup_sa(t, &m, &here, makes_offer(&m));
    if (!sa || ike_limit_reached(t, sa, IKE_LIMIT_SA_RECORDS, NULL, sa->records.len))
        return NULL;
    if (m.version == 1 && m.next_payload == IKE_PL_FRAGMENT && d->fragment != IKE_FRAGMENT_V1)
        return ike_v1frag_feed(t, sa, &m, &here);
    r = m.version == 2 && ike_message_has(&m, IKE_PL_V2_SKF) ? ike_v2frag_feed(t, sa, &m, &here)
                                                             : take_whole(t, sa, &m, &here, misread);
    ike_natt_endpoint(t, r);
    return r;
}
