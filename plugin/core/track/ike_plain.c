/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Decrypted bytes of the messages of a frame: which message they belong to, and whether they can be its
 * payloads. The host program decrypts; it does so with a wrong key as well, and a repeated message of IKEv1
 * with a wrong initialization vector.
 */
#include "ike_track.h"

void ike_plain_add(ike_tracker *t, unsigned version, const uint8_t *data, size_t length)
{
    if (!ike_limit_reached(t, NULL, IKE_LIMIT_PLAIN, NULL, t->n_plain))
        t->plain[t->n_plain++] = (ike_plain){ data, length, (uint8_t)version, false };
}

const ike_plain *ike_plain_take(ike_tracker *t, const ike_message *m)
{
    for (unsigned i = 0; i < t->n_plain; i++) {
        ike_plain *plain = &t->plain[i];

        if (plain->is_taken || plain->version != m->version || !ike_message_is_length_of_plain(m, plain->length))
            continue;
        plain->is_taken = true;
        return plain;
    }
    return NULL;
}

/* A message of IKEv1 under keys begins with a hash or an identity, whose length is known or has a least value
 * (RFC 2409 5). */
static bool begins_well(const ike_message *clear)
{
    const ike_payload *first = &clear->payloads[0];

    return first->type != IKE_PL_HASH || first->length == 16 || first->length == 20 || first->length == 32 ||
           first->length == 48 || first->length == 64;
}

const ike_message *ike_plain_read(ike_tracker *t, const ike_message *m, ike_message *clear, bool *misread)
{
    const bool is_whole = m->is_encrypted && !ike_message_has(m, IKE_PL_V2_SKF);
    const ike_plain *plain = is_whole ? ike_plain_take(t, m) : NULL;
    size_t length = plain ? plain->length : 0;
    bool fits;

    *misread = false;
    if (!plain)
        return NULL;
    if (m->version == 1)
        fits = ike_message_decrypted(clear, m, m->next_payload, plain->data, length) && begins_well(clear);
    else
        fits = m->inside != IKE_INSIDE_UNKNOWN && ike_plain_without_padding(plain->data, &length) &&
               ike_message_decrypted(clear, m, (uint8_t)m->inside, plain->data, length);
    *misread = !fits;
    return fits ? clear : NULL;
}
