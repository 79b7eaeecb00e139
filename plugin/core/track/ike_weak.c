/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Chosen algorithms that RFC 8247 advises against: a warning where it says MUST NOT, else a note.
 */
#include "ike_track.h"

static const struct {
    uint32_t group;
    ike_severity severity;
} weak_groups[] = { /* RFC 8247 2.4 */
    { 1, IKE_SEVERITY_WARN }, { 22, IKE_SEVERITY_WARN }, { 2, IKE_SEVERITY_NOTE },
    { 5, IKE_SEVERITY_NOTE }, { 23, IKE_SEVERITY_NOTE }, { 24, IKE_SEVERITY_NOTE },
};

static void judge_group(ike_tracker *t, ike_record *r, unsigned group)
{
    for (size_t i = 0; i < G_N_ELEMENTS(weak_groups); i++)
        if (weak_groups[i].group == group)
            ike_raise(t, r->note.sa, IKE_DIAG_WEAK_GROUP, &r->note, weak_groups[i].severity,
                      "the responder chose %s", ike_group_name(group));
}

/* ---- IKEv1 ---- */

void ike_weak_transform(ike_tracker *t, ike_record *r, const ike_transform *c)
{
    ike_sa *sa = r->note.sa;

    if (c->encryption == 1)
        ike_raise(t, sa, IKE_DIAG_WEAK_DES, &r->note, 0, "the responder chose DES");
    if (c->encryption == 5)
        ike_raise(t, sa, IKE_DIAG_WEAK_3DES, &r->note, 0, "the responder chose 3DES");
    if (c->hash == IKE_HASH_MD5)
        ike_raise(t, sa, IKE_DIAG_WEAK_MD5, &r->note, 0, "the responder chose MD5");
    if (c->hash == IKE_HASH_SHA1)
        ike_raise(t, sa, IKE_DIAG_WEAK_SHA1, &r->note, 0, "the responder chose SHA-1");
    if (c->key_length > 0 && c->key_length < 128)
        ike_raise(t, sa, IKE_DIAG_WEAK_KEYLEN, &r->note, 0, "the key has %u bits", c->key_length);
    judge_group(t, r, c->group);
    if (r->label.mode == IKE_MODE_AGGRESSIVE && c->auth == IKE_AUTH_PSK)
        ike_raise(t, sa, IKE_DIAG_WEAK_AMPSK, &r->note, 0,
                  "HASH_R and both identities are sent in clear");
}

/* ---- IKEv2 ---- */

static const struct {
    uint8_t type;
    uint16_t id;
    ike_diagnosis_id diagnosis;
} weak_v2[] = { /* RFC 8247 2.1 to 2.3; 3 and 4 are the MACs of DES and of keyed MD5 */
    { IKE_TRANSFORM_ENCR, 1, IKE_DIAG_WEAK_DES },   { IKE_TRANSFORM_ENCR, 2, IKE_DIAG_WEAK_DES },
    { IKE_TRANSFORM_ENCR, 9, IKE_DIAG_WEAK_DES },   { IKE_TRANSFORM_ENCR, 3, IKE_DIAG_WEAK_3DES },
    { IKE_TRANSFORM_ENCR, 11, IKE_DIAG_WEAK_NULL }, { IKE_TRANSFORM_ENCR, 21, IKE_DIAG_WEAK_NULL },
    { IKE_TRANSFORM_PRF, 1, IKE_DIAG_WEAK_MD5 },    { IKE_TRANSFORM_PRF, 2, IKE_DIAG_WEAK_SHA1 },
    { IKE_TRANSFORM_INTEG, 1, IKE_DIAG_WEAK_MD5 },  { IKE_TRANSFORM_INTEG, 6, IKE_DIAG_WEAK_MD5 },
    { IKE_TRANSFORM_INTEG, 4, IKE_DIAG_WEAK_MD5 },  { IKE_TRANSFORM_INTEG, 3, IKE_DIAG_WEAK_DES },
    { IKE_TRANSFORM_INTEG, 2, IKE_DIAG_WEAK_SHA1 }, { IKE_TRANSFORM_INTEG, 7, IKE_DIAG_WEAK_SHA1 },
};

static void judge_v2_transform(ike_tracker *t, ike_record *r, const ike_v2_transform *chosen)
{
    const char *name = ike_v2_transform_name(chosen->type, chosen->id);

    for (size_t i = 0; i < G_N_ELEMENTS(weak_v2); i++)
        if (weak_v2[i].type == chosen->type && weak_v2[i].id == chosen->id)
            ike_raise(t, r->note.sa, weak_v2[i].diagnosis, &r->note, IKE_SEVERITY_NONE,
                      "the responder chose %s", name);
    if (chosen->type == IKE_TRANSFORM_ENCR && chosen->key_length > 0 && chosen->key_length < 128)
        ike_raise(t, r->note.sa, IKE_DIAG_WEAK_KEYLEN, &r->note, IKE_SEVERITY_NONE,
                  "the key has %u bits", chosen->key_length);
    if (chosen->type == IKE_TRANSFORM_KE)
        judge_group(t, r, chosen->id);
}

void ike_weak_choice(ike_tracker *t, ike_record *r, const ike_v2_offer *choice)
{
    const ike_v2_transform *encr = ike_v2_offer_find(choice, IKE_TRANSFORM_ENCR);
    const ike_v2_transform *integ = ike_v2_offer_find(choice, IKE_TRANSFORM_INTEG);

    for (unsigned i = 0; i < ike_v2_offer_size(choice); i++)
        judge_v2_transform(t, r, &choice->transforms[i]);
    if (encr && !ike_v2_is_combined(encr->id) && (!integ || integ->id == 0))
        ike_raise(t, r->note.sa, IKE_DIAG_WEAK_NULL, &r->note, IKE_SEVERITY_NONE,
                  "the responder chose no integrity algorithm");
}

/* ---- ESP and AH: RFC 8221 5, 6 ---- */

/* These have the same numbers in both versions. */
static const struct {
    uint8_t type; /* transform type of IKEv2 */
    uint16_t id;
    ike_diagnosis_id diagnosis;
    const char *name;
} weak_esp[] = {
    { IKE_TRANSFORM_ENCR, 1, IKE_DIAG_WEAK_DES, "DES" },  { IKE_TRANSFORM_ENCR, 2, IKE_DIAG_WEAK_DES, "DES" },
    { IKE_TRANSFORM_ENCR, 9, IKE_DIAG_WEAK_DES, "DES" },  { IKE_TRANSFORM_ENCR, 3, IKE_DIAG_WEAK_3DES, "3DES" },
    { IKE_TRANSFORM_INTEG, 1, IKE_DIAG_WEAK_MD5, "MD5" }, { IKE_TRANSFORM_INTEG, 3, IKE_DIAG_WEAK_DES, "DES-MAC" },
};

static void judge_esp(ike_tracker *t, ike_record *r, unsigned type, unsigned id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(weak_esp); i++)
        if (weak_esp[i].type == type && weak_esp[i].id == id)
            ike_raise(t, r->note.sa, weak_esp[i].diagnosis, &r->note, IKE_SEVERITY_NONE,
                      "the responder chose %s for the IPsec SA", weak_esp[i].name);
}

void ike_weak_esp(ike_tracker *t, ike_record *r, const ike_esp_transform *c)
{
    if (c->protocol == IKE_PROTOCOL_ESP)
        judge_esp(t, r, IKE_TRANSFORM_ENCR, c->id);
    judge_esp(t, r, IKE_TRANSFORM_INTEG, c->auth);
}

void ike_weak_child(ike_tracker *t, ike_record *r, const ike_v2_offer *choice)
{
    for (unsigned i = 0; i < ike_v2_offer_size(choice); i++)
        judge_esp(t, r, choice->transforms[i].type, choice->transforms[i].id);
}
