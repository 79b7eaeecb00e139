/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The tracker's books: notes of frames, findings, and which hosts were seen.
 */
#include "ike_hash.h"
#include "ike_track.h"

#include <string.h>

/* ---- hosts ---- */

guint ike_pair_hash(gconstpointer pair)
{
    G_STATIC_ASSERT(sizeof(ike_host_pair) == 34); /* no padding */
    return ike_hash(pair, sizeof(ike_host_pair));
}

gboolean ike_pair_equal(gconstpointer a, gconstpointer b)
{
    const ike_host_pair *x = a, *y = b;

    return ike_addr_equal(&x->src, &y->src) && ike_addr_equal(&x->dst, &y->dst);
}

/* ---- notes by frame ---- */

static ike_note *newest_first(const ike_tracker *t)
{
    return t->noted.len ? t->noted.pdata[t->noted.len - 1] : NULL;
}

static ike_note *find_noted(const ike_tracker *t, uint32_t frame)
{
    guint low = 0, high = t->noted.len;

    while (low < high) {
        const guint middle = low + (high - low) / 2;
        ike_note *note = t->noted.pdata[middle];

        if (note->frame == frame)
            return note;
        if (note->frame < frame)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The first note of a frame, also when it was taken back. */
static ike_note *first_note(const ike_tracker *t, uint32_t frame)
{
    const ike_note *newest = newest_first(t);
    ike_note *note;

    if (!newest || newest->frame < frame)
        return NULL;
    if (newest->frame == frame)
        return newest_first(t);
    note = find_noted(t, frame);
    return note || g_hash_table_size(t->late) == 0 ? note : g_hash_table_lookup(t->late, GUINT_TO_POINTER(frame));
}

static void add_first(ike_tracker *t, ike_note *note)
{
    const ike_note *newest = newest_first(t);

    if (!newest || newest->frame < note->frame)
        ike_list_add(&t->noted, note);
    else
        g_hash_table_insert(t->late, GUINT_TO_POINTER(note->frame), note);
}

ike_note *ike_notes_at(const ike_tracker *t, uint32_t frame)
{
    ike_note *first = first_note(t, frame);

    return first && first->is_retracted ? first->next : first;
}

const ike_finding *ike_notes_live(const ike_tracker *t, const ike_note *note)
{
    return note == t->last_note && t->live.len > 0 ? t->live.pdata[0] : NULL;
}

guint ike_tracker_noted_frames(const ike_tracker *t)
{
    return t->noted.len + g_hash_table_size(t->late);
}

void *ike_note_new_at(ike_tracker *t, ike_note_kind kind, size_t size, uint32_t frame,
                      ike_time time)
{
    ike_note *note = ike_arena_new(&t->arena, size);
    ike_note *first = first_note(t, frame);

    note->frame = frame;
    note->time = time;
    note->kind = kind;
    if (!first) {
        add_first(t, note);
    } else {
        if (t->last_note && t->last_note->frame == frame) /* a segment can hold thousands */
            first = t->last_note;
        while (first->next)
            first = first->next;
        first->next = note;
    }
    if (ike_note_record(note))
        ike_note_record(note)->rare = &ike_no_rare;
    if (kind != IKE_NOTE_KEEPALIVE && !ike_note_packet(note))
        t->n_records++;
    return note;
}

void *ike_note_new(ike_tracker *t, ike_note_kind kind, size_t size)
{
    t->last_note = ike_note_new_at(t, kind, size, t->frame, t->now);
    return t->last_note;
}

void ike_note_set_sa(ike_tracker *t, ike_note *note, ike_sa *sa)
{
    ike_record *r = ike_note_record(note);

    note->sa = sa;
    sa->last_time = MAX(sa->last_time, t->now);
    sa->last_frame = t->frame;
    if (r)
        ike_sa_add_record(sa, r);
    else if (note->frame == t->frame)
        ike_natt_packet(t, note);
}

void ike_note_retract(ike_tracker *t, ike_note *note)
{
    ike_note *before = first_note(t, note->frame);

    if (note->sa)
        ike_list_remove(&note->sa->records, note);
    t->n_pieces--;
    note->is_retracted = true;
    if (before == note) /* it keeps its place */
        return;
    while (before->next != note)
        before = before->next;
    before->next = note->next;
    note->next = t->retracted;
    t->retracted = note;
}

void ike_piece_seen(ike_record *piece)
{
    ike_side_state *sides = piece->note.sa->sides;
    ike_side_more *more;

    if (piece->side == IKE_SIDE_NONE)
        return;
    sides[piece->side].newest = piece;
    more = ike_side_more_of(&sides[piece->side]);
    more->newest_piece_frame = MAX(more->newest_piece_frame, piece->note.frame);
}

/* ---- findings ---- */

G_STATIC_ASSERT(IKE_N_DIAGNOSES <= UINT8_MAX);

static void free_text(ike_finding *finding)
{
    if (finding->owns_text)
        g_free((char *)finding->text);
}

void ike_finding_free(gpointer p)
{
    free_text(p);
    g_free(((ike_finding *)p)->causes);
    g_free(p);
}

void ike_finding_set_text(ike_finding *finding, char *text)
{
    free_text(finding);
    finding->text = text;
    finding->owns_text = true;
}

/* A format without anything to fill in is a text already, and may be that of a million findings. */
static void G_GNUC_PRINTF(2, 0) set_text(ike_finding *finding, const char *format, va_list args)
{
    if (strchr(format, '%')) {
        ike_finding_set_text(finding, g_strdup_vprintf(format, args));
        return;
    }
    free_text(finding);
    finding->text = format;
    finding->owns_text = false;
}

/* A note has few, one of each id: SAs that share a first message raise nothing at one that is not their own. */
static void add_to_note(ike_finding *finding, ike_note *note)
{
    ike_finding **end = &note->findings;

    while (*end)
        end = &(*end)->next;
    *end = finding;
    finding->next = NULL;
}

void ike_finding_unlink(ike_finding *finding)
{
    ike_finding **at = &finding->note->findings;

    while (*at != finding)
        at = &(*at)->next;
    *at = finding->next;
}

/* Findings that stand on every frame they are true of; all others once per SA. */
static bool is_repeated(ike_diagnosis_id id)
{
    return id == IKE_DIAG_RETRANS || id == IKE_DIAG_DUP_CAPTURE || id == IKE_DIAG_IPFRAG ||
           id == IKE_DIAG_V1FRAG || id == IKE_DIAG_SKF || id == IKE_DIAG_TRUNCATED;
}

static void take_back(ike_tracker *t, ike_finding *finding)
{
    ike_sa *sa = finding->sa;

    if (finding->note)
        ike_finding_unlink(finding);
    ike_list_remove(sa ? &sa->findings : &t->orphans, finding);
    ike_list_remove(sa ? &sa->distinct : &t->distinct_orphans, finding);
    ike_list_remove(&t->findings, finding);
    ike_finding_free(finding);
}

/* What was concluded before more frames came gives way to what they show. */
static ike_finding *earlier_finding(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id)
{
    ike_finding *finding = is_repeated(id) ? NULL : ike_finding_find(sa ? &sa->distinct : &t->distinct_orphans, id);

    if (!finding || !finding->is_verdict || t->is_judging)
        return finding;
    take_back(t, finding);
    return NULL;
}

static ike_finding *new_finding(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_note *note)
{
    ike_finding *finding = g_new0(ike_finding, 1);
    ike_list *distinct = sa ? &sa->distinct : &t->distinct_orphans;

    finding->id = id;
    finding->evidence = ike_diagnosis_get(id)->evidence;
    finding->sa = sa;
    finding->note = note;
    finding->is_verdict = t->is_judging;
    ike_list_add(&t->findings, finding);
    ike_list_add(sa ? &sa->findings : &t->orphans, finding);
    if (!ike_finding_find(distinct, id))
        ike_list_add(distinct, finding);
    if (note)
        add_to_note(finding, note);
    return finding;
}

/* A finding stands on the frame that gave it its severity. */
static void move_finding(ike_finding *finding, ike_note *note)
{
    if (!note || finding->note == note)
        return;
    if (finding->note)
        ike_finding_unlink(finding);
    finding->note = note;
    add_to_note(finding, note);
}

ike_finding *ike_raise(ike_tracker *t, ike_sa *sa, ike_diagnosis_id id, ike_note *note,
                       ike_severity severity, const char *format, ...)
{
    const ike_diagnosis *row = ike_diagnosis_get(id);
    const ike_severity level = severity && severity == row->lesser ? row->lesser : row->severity;
    ike_finding *finding = earlier_finding(t, sa, id);
    va_list args;

    if (!finding)
        finding = new_finding(t, sa, id, note);
    if (finding->count > 0 && t->is_judging && !finding->is_verdict)
        return finding;
    if (finding->count++ > 0 && level <= finding->severity)
        return finding;
    finding->severity = level;
    move_finding(finding, note);
    va_start(args, format);
    set_text(finding, format, args);
    va_end(args);
    return finding;
}

static uint32_t most_of(const ike_tracker *t, ike_limit_id id)
{
    const uint32_t most = ike_limit_get(id)->most;

    return t->options.limits[id] ? MIN(t->options.limits[id], most) : most;
}

/* Several bounds may be reached: one finding names all of them. */
static void append_limit(ike_finding *finding, const char *text)
{
    ike_finding_set_text(finding, g_strdup_printf("%s; %s", finding->text, text));
}

void ike_raise_limit(ike_tracker *t, ike_sa *sa, ike_limit_id id, ike_note *note)
{
    uint32_t *told = sa ? &ike_sa_more(sa)->told_limits : &t->told_limits;
    const bool is_new = !(*told & 1u << id), is_other = is_new && *told;
    char *text;
    ike_finding *finding;

    G_STATIC_ASSERT(IKE_N_LIMITS <= 32);
    if (!is_new) {
        ike_raise(t, sa, IKE_DIAG_LIMIT, note, IKE_SEVERITY_NONE, "%s", "");
        return;
    }
    *told |= 1u << id;
    text = g_strdup_printf("more than %u %s: %s", most_of(t, id), ike_limit_get(id)->what, ike_limit_get(id)->then);
    finding = ike_raise(t, sa, IKE_DIAG_LIMIT, note, IKE_SEVERITY_NONE, "%s", text);
    if (is_other)
        append_limit(finding, text);
    g_free(text);
}

bool ike_limit_reached(ike_tracker *t, ike_sa *sa, ike_limit_id id, ike_note *note, size_t n)
{
    if (n < most_of(t, id))
        return false;
    ike_raise_limit(t, sa, id, note);
    return true;
}

void ike_finding_known(ike_finding *finding, const ike_note *note, ike_evidence evidence)
{
    if (finding->note == note)
        finding->evidence = evidence;
}

ike_host_pair ike_pair_of_hosts(const ike_addr *a, const ike_addr *b)
{
    const bool swap = memcmp(a, b, sizeof *a) > 0;

    return (ike_host_pair){ swap ? *b : *a, swap ? *a : *b };
}

const ike_list *ike_tracker_sas_between(const ike_tracker *t, const ike_addr *a, const ike_addr *b)
{
    const ike_host_pair pair = ike_pair_of_hosts(a, b);

    const ike_hosts *hosts = g_hash_table_lookup(t->by_hosts, &pair);

    return hosts ? &hosts->sas : NULL;
}

guint ike_tracker_position(const ike_list *sas, uint32_t number)
{
    guint low = 0, high = sas ? sas->len : 0;

    while (low < high) {
        const guint middle = low + (high - low) / 2;

        if (((const ike_sa *)sas->pdata[middle])->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Pairs are kept by their digest alone: that two have the same one by chance is less likely than that a capture
 * of millions of pairs is looked at for one that is not there. */
static gpointer pair_key(const ike_host_pair *pair)
{
    return GSIZE_TO_POINTER((gsize)ike_hash_wide(pair, sizeof *pair));
}

static void add_pair(ike_tracker *t, const ike_host_pair *pair)
{
    const gpointer key = pair_key(pair);

    if (!g_hash_table_contains(t->pairs, key) &&
        !ike_limit_reached(t, NULL, IKE_LIMIT_HOST_PAIRS, NULL, g_hash_table_size(t->pairs)))
        g_hash_table_add(t->pairs, key);
}

void ike_remember_pair(ike_tracker *t, const ike_addr *src, const ike_addr *dst)
{
    const ike_host_pair pair = { *src, *dst }, back = { *dst, *src };
    bool has_turned;

    if (ike_pair_equal(&pair, &t->last_pair))
        return;
    has_turned = ike_pair_equal(&back, &t->last_pair);
    t->last_pair = pair;
    if (!has_turned || !t->saw_back)
        add_pair(t, &pair);
    t->saw_back = has_turned;
}

bool ike_tracker_saw_pair(const ike_tracker *t, const ike_addr *src, const ike_addr *dst)
{
    const ike_host_pair pair = { *src, *dst };

    return t->told_limits & 1u << IKE_LIMIT_HOST_PAIRS || g_hash_table_contains(t->pairs, pair_key(&pair));
}
