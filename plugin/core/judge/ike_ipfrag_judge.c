/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Conclusions about IP fragments: messages that never came whole, pieces whose first one is missing,
 * fragments that are dropped behind the capture point.
 */
#include "ike_hash.h"
#include "ike_ipset.h"
#include "ike_judge.h"

#define ENDS_TOO_SOON (1 * IKE_SECOND)

/* ---- fragments dropped behind the capture point ---- */

bool ike_judge_small_messages_pass(const ike_sa *sa)
{
    for (unsigned i = 1; i <= sa->phase1->highest; i++) {
        const ike_record *r = ike_exchange_slot(sa->phase1, i);

        if (r && r->response && r->fragment == IKE_FRAGMENT_NONE &&
            r->response->fragment == IKE_FRAGMENT_NONE)
            return true;
    }
    return false;
}

/* Later fragments have no ports. A filter by port, which a capture without any of them may have had, hides them as a
 * device on the way does (RFC 791 3.2). */
static const char *small_pass(const ike_tracker *t, const ike_sa *sa)
{
    if (!ike_judge_small_messages_pass(sa))
        return "";
    return t->ipfrags->has_later ? ", while smaller messages of this SA are answered: they are dropped on the way"
                                 : ", while smaller messages of this SA are answered: they are dropped on the way, "
                                   "or hidden by a capture filter for ports";
}

bool ike_judge_is_always_in_ip_fragments(const ike_record *first)
{
    int n = 0;

    for (const ike_record *copy = ike_record_last(first); copy && n++ < IKE_COPIES_LOOKED_AT; copy = copy->rare->older)
        if (copy->fragment != IKE_FRAGMENT_IP)
            return false;
    return true;
}

void ike_judge_append_dropped(GString *text, const ike_sa *sa, const ike_record *first)
{
    const ike_side peer = ike_side_other(first->side);

    if (peer == IKE_SIDE_NONE || !ike_judge_is_always_in_ip_fragments(first) ||
        !ike_judge_small_messages_pass(sa))
        return;
    g_string_append(text, "; every copy went in IP fragments, while smaller messages were answered: ");
    g_string_append(text, first->has_marker && !ike_side_path(&sa->sides[peer])->current_has_marker
                              ? "fragments or UDP 4500 are probably blocked behind the capture point "
                                "(cannot be distinguished)"
                              : "fragments are probably dropped behind the capture point");
}

/* ---- messages of which no copy came whole ---- */

/* Incomplete sets of the same message: same sender, SA and length. */
typedef struct alike {
    const ike_sa *sa;
    ike_addr src;
    uint32_t length;
    unsigned n;
    const ike_ipset *newest;
} alike;

static guint alike_hash(gconstpointer p)
{
    const alike *a = p;

    const uint32_t key[] = { a->sa->number, a->length, ike_addr_key_hash(&a->src) };

    return ike_hash(key, sizeof key);
}

static gboolean alike_equal(gconstpointer p, gconstpointer q)
{
    const alike *a = p, *b = q;

    return a->sa == b->sa && a->length == b->length && ike_addr_equal(&a->src, &b->src);
}

static bool is_incomplete(const ike_ipset *set)
{
    return set->kind == IKE_IPSET_IKE && !set->done && set->sa && set->header.seen &&
           set->pieces->len > 0;
}

static alike *alike_of(GHashTable *groups, const ike_ipset *set)
{
    const alike key = { .sa = set->sa, .src = set->key.src, .length = set->header.length };

    return g_hash_table_lookup(groups, &key);
}

static GHashTable *group(const ike_tracker *t)
{
    GHashTable *groups = g_hash_table_new_full(alike_hash, alike_equal, g_free, NULL);

    for (GList *l = t->ipfrags->order->head; l; l = l->next) {
        const ike_ipset *set = l->data;
        alike *a;

        if (!is_incomplete(set))
            continue;
        a = alike_of(groups, set);
        if (!a) {
            a = g_new0(alike, 1);
            *a = (alike){ .sa = set->sa, .src = set->key.src, .length = set->header.length };
            g_hash_table_add(groups, a);
        }
        a->n++;
        a->newest = set;
    }
    return groups;
}

/* What to say of a request of which only pieces came, however often it was sent: nobody can have
 * answered it. */
static const struct {
    uint8_t exchange, flags; /* as in its header */
    ike_diagnosis_id id;
    const char *label;
} requests_in_pieces[] = {
    { IKE_XCHG_MAIN, IKE_FLAG_ENCRYPTED, IKE_DIAG_MM5_NORESP, "MM5" },
    { IKE_XCHG_V2_AUTH, IKE_FLAG_V2_INITIATOR, IKE_DIAG_AUTH_NORESP, "IKE_AUTH.req" },
};

static bool is_in_capture(const ike_sa *sa)
{
    return sa->version == 2 ? sa->v2->last_auth != NULL : ike_exchange_slot(sa->phase1, 5) != NULL;
}

static void judge_request(ike_tracker *t, const ike_ipset *set, const ike_ip_piece *p, unsigned times)
{
    ike_sa *sa = set->sa;

    if (ike_sa_role(sa, p->record->side) != IKE_ROLE_INITIATOR || is_in_capture(sa))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(requests_in_pieces); i++)
        if (requests_in_pieces[i].exchange == set->header.exchange &&
            requests_in_pieces[i].flags == set->header.flags)
            ike_raise(t, sa, requests_in_pieces[i].id, &p->record->note, 0,
                      "%s was sent %u times, and never came whole to the capture point: IP fragments "
                      "are lost%s", requests_in_pieces[i].label, times, small_pass(t, sa));
}

/* Another copy did come whole: of the length and side of this one. */
static bool came_whole(const ike_exchange *exchange, const ike_ipset *set, ike_side side)
{
    for (unsigned i = 1; exchange && i <= exchange->highest; i++) {
        const ike_record *r = ike_exchange_slot(exchange, i);

        if (r && r->side == side && r->length == set->header.length)
            return true;
    }
    return false;
}

static bool is_ike_fragment(const ike_ipset *set)
{
    return set->header.next_payload ==
           (set->header.version == 2 ? IKE_PL_V2_SKF : IKE_PL_FRAGMENT);
}

static void raise_loss(ike_tracker *t, const ike_ipset *set, const ike_ip_piece *p, bool in_every)
{
    const char *name = ike_exchange_name(set->header.exchange);
    const bool answered = ike_sa_goes_on_after(set->sa, p->record);
    GString *missing = g_string_new(NULL);

    ike_ipset_append_missing(missing, set);
    ike_raise(t, set->sa, IKE_DIAG_IPFRAG_LOSS, &p->record->note,
              !answered && in_every ? IKE_SEVERITY_WARN : IKE_SEVERITY_NOTE,
              "%u-byte %s %s: bytes %s of the datagram are missing%s%s", set->header.length,
              name ? name : "IKE", is_ike_fragment(set) ? "IKE fragment" : "message",
              missing->len ? missing->str : "at the end", in_every ? ", in every copy" : "",
              !answered && in_every ? small_pass(t, set->sa) : "");
    g_string_free(missing, TRUE);
    if (is_ike_fragment(set))
        ike_raise(t, set->sa, IKE_DIAG_FRAG_OF_FRAG, &p->record->note, IKE_SEVERITY_NONE,
                  "an IKE fragment of %u bytes travelled in IP fragments, and not all came",
                  set->header.length);
}

static void judge_set(ike_tracker *t, const ike_ipset *set, const alike *copies)
{
    const ike_ip_piece *p = ike_ipset_nth(set, 0);

    if (!p->record || t->span.last - p->time < ENDS_TOO_SOON)
        return;
    if (!ike_sa_goes_on_after(set->sa, p->record) && copies->n > 1) {
        ike_sa_fail(set->sa);
        if (set == copies->newest)
            judge_request(t, set, p, copies->n);
    }
    raise_loss(t, set, p, copies->n > 1 &&
                          !came_whole(set->sa->phase1, set, p->record->side) &&
                          !came_whole(set->sa->v2->last_auth, set, p->record->side));
}

/* ---- pieces whose first one, which has the ports, never came ---- */

static int by_frame(gconstpointer a, gconstpointer b)
{
    const ike_record *x = *(ike_record *const *)a, *y = *(ike_record *const *)b;

    return x->note.frame < y->note.frame ? -1 : x->note.frame > y->note.frame;
}

/* Making records must not move the end of the SA, which is far behind these frames. */
static void annotate_probable(ike_tracker *t, ike_ipset *set)
{
    const uint32_t last_frame = set->sa->last_frame;
    const ike_time last_time = set->sa->last_time;

    ike_ipset_make_records(t, set, 0);
    set->sa->last_frame = last_frame;
    set->sa->last_time = last_time;
    for (guint i = 0; i < set->pieces->len; i++)
        ike_record_rare(ike_ipset_nth(set, i)->record)->part_of = set->awaited;
}

static void judge_headless(ike_tracker *t, ike_ipset *set)
{
    ike_ip_piece *p = ike_ipset_nth(set, 0);
    GString *missing = g_string_new(NULL), *label = g_string_new(NULL);
    ike_finding *finding;

    ike_ipset_append_missing(missing, set);
    ike_label_append(label, set->awaited);
    finding = ike_raise(t, set->sa, IKE_DIAG_IPFRAG_LOSS, &p->record->note, IKE_SEVERITY_NOTE,
                        "probably a piece of %s, which was due: bytes %s of the datagram with IP ID %04x "
                        "are missing, among them the ports", label->str, missing->str, set->key.id);
    ike_finding_known(finding, &p->record->note, IKE_INFERRED);
    g_string_free(missing, TRUE);
    g_string_free(label, TRUE);
}

static bool is_headless(const ike_tracker *t, const ike_ipset *set)
{
    if (set->kind != IKE_IPSET_UNKNOWN || set->awaited.mode == IKE_MODE_NONE || set->pieces->len == 0)
        return false;
    return t->span.last - set->first >= ENDS_TOO_SOON ||
           set->sa->newest_frame > ike_ipset_nth(set, 0)->frame;
}

static void sort_records(gpointer sa, gpointer value, gpointer user)
{
    (void)value;
    (void)user;
    ike_list_sort(&((ike_sa *)sa)->records, by_frame);
}

void ike_ipfrag_annotate(ike_tracker *t)
{
    GHashTable *sas = g_hash_table_new(g_direct_hash, g_direct_equal); /* that got records of earlier frames */

    for (GList *l = t->ipfrags->order->head; l; l = l->next)
        if (is_headless(t, l->data)) {
            annotate_probable(t, l->data);
            g_hash_table_add(sas, ((const ike_ipset *)l->data)->sa);
        }
    g_hash_table_foreach(sas, sort_records, NULL);
    g_hash_table_destroy(sas);
}

void ike_judge_ipfrags(ike_tracker *t)
{
    GHashTable *groups = group(t);

    for (GList *l = t->ipfrags->order->head; l; l = l->next)
        if (is_incomplete(l->data))
            judge_set(t, l->data, alike_of(groups, l->data));
    for (GList *l = t->ipfrags->order->head; l; l = l->next)
        if (is_headless(t, l->data))
            judge_headless(t, l->data);
    g_hash_table_destroy(groups);
}
