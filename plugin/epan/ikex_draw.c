/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Draws the notes of a frame: fields, expert items, Info column.
 */
#include "ikex.h"

#include <epan/column-info.h>
#include <epan/column-utils.h>

#include "ike_causes.h"

static void generated(proto_item *item)
{
    proto_item_set_generated(item);
}

static void add_uint(const ikex_canvas *c, proto_tree *tree, int hf, uint32_t value)
{
    generated(proto_tree_add_uint(tree, hf, c->tvb, 0, 0, value));
}

static void add_string(const ikex_canvas *c, proto_tree *tree, int hf, const char *value)
{
    if (value && *value)
        generated(proto_tree_add_string(tree, hf, c->tvb, 0, 0, value));
}

static void add_flag(const ikex_canvas *c, proto_tree *tree, int hf)
{
    generated(proto_tree_add_item(tree, hf, c->tvb, 0, 0, ENC_NA));
}

static void add_time(const ikex_canvas *c, proto_tree *tree, int hf, ike_time span)
{
    nstime_t value;

    nstime_set_zero(&value);
    value.secs = (time_t)(span / IKE_SECOND);
    value.nsecs = (int)(span % IKE_SECOND);
    generated(proto_tree_add_time(tree, hf, c->tvb, 0, 0, &value));
}

static void add_spi(const ikex_canvas *c, proto_tree *tree, int hf, uint64_t spi)
{
    uint8_t *bytes = wmem_alloc(c->pinfo->pool, 8);

    for (int i = 7; i >= 0; i--, spi >>= 8)
        bytes[i] = (uint8_t)spi;
    generated(proto_tree_add_bytes_with_length(tree, hf, c->tvb, 0, 0, bytes, 8));
}

static void add_label(const ikex_canvas *c, proto_tree *tree, int hf, ike_label label)
{
    GString *text = g_string_new(NULL);

    ike_label_append(text, label);
    add_string(c, tree, hf, text->str);
    g_string_free(text, TRUE);
}

/* Numbers of the "known by" field, by our order of strength. */
static uint32_t known_by_number(ike_known_by known)
{
    static const uint8_t numbers[] = { [IKE_KNOWN_GUESS] = 5, [IKE_KNOWN_ORDER] = 3,
                                       [IKE_KNOWN_DIRECTION] = 2, [IKE_KNOWN_CONTENT] = 1,
                                       [IKE_KNOWN_KEYS] = 4 };

    return known < G_N_ELEMENTS(numbers) ? numbers[known] : 0;
}

/* ---- an SA ---- */

static void draw_nat(const ikex_canvas *c, proto_tree *tree, const ike_sa *sa)
{
    static int *const hf[] = { &hf_ikex_nat_initiator, &hf_ikex_nat_responder };
    const ike_vendor *method = ike_sa_nat_method(sa);

    for (int i = 0; i < 2 && sa->initiator != IKE_SIDE_NONE; i++) {
        const ike_natted natted =
            ike_sa_behind_nat(sa, ike_sa_side_of(sa, i ? IKE_ROLE_RESPONDER : IKE_ROLE_INITIATOR));

        if (natted != IKE_NAT_UNKNOWN)
            generated(proto_tree_add_boolean(tree, *hf[i], c->tvb, 0, 0, natted != IKE_NAT_NO));
    }
    if (method)
        add_string(c, tree, hf_ikex_nat_method, method->name);
}

static void draw_sides(const ikex_canvas *c, proto_tree *tree, const ike_sa *sa)
{
    static int *const vendors[] = { &hf_ikex_vendor_initiator, &hf_ikex_vendor_responder };
    static int *const ids[] = { &hf_ikex_id_initiator, &hf_ikex_id_responder };

    for (int i = 0; i < 2 && sa->initiator != IKE_SIDE_NONE; i++) {
        const ike_side side = ike_sa_side_of(sa, i ? IKE_ROLE_RESPONDER : IKE_ROLE_INITIATOR);
        GString *text = g_string_new(NULL);

        ike_side_products_append(text, &sa->sides[side]);
        add_string(c, tree, *vendors[i], text->str);
        add_string(c, tree, *ids[i], sa->sides[side].more->identity);
        g_string_free(text, TRUE);
    }
}

static void add_ipsec_spi(const ikex_canvas *c, proto_tree *tree, int hf, uint32_t spi)
{
    const uint8_t bytes[] = { (uint8_t)(spi >> 24), (uint8_t)(spi >> 16), (uint8_t)(spi >> 8), (uint8_t)spi };

    if (spi)
        generated(proto_tree_add_bytes_with_length(tree, hf, c->tvb, 0, 0, bytes, sizeof bytes));
}

/* Of the packets to the initiator of the negotiation, and from it. */
static void draw_child_spis(const ikex_canvas *c, proto_tree *tree, const ike_exchange *exchange)
{
    if (!exchange || exchange->child < 0 || !ike_child_is_decrypted(exchange))
        return;
    add_ipsec_spi(c, tree, hf_ikex_child_spi_in, ike_child_spi(exchange, false));
    add_ipsec_spi(c, tree, hf_ikex_child_spi_out, ike_child_spi(exchange, true));
}

static void draw_sa(const ikex_canvas *c, proto_tree *tree, const ike_note *note)
{
    add_uint(c, tree, hf_ikex_sa, note->sa->number);
    if (note->exchange && note->exchange->child >= 0)
        add_uint(c, tree, hf_ikex_child, (uint32_t)note->exchange->child);
    add_time(c, tree, hf_ikex_sa_time, note->time - note->sa->first_time);
}

/* ---- a message or piece ---- */

static void draw_copy(const ikex_canvas *c, proto_tree *tree, const ike_record *r)
{
    if (r->copy == IKE_COPY_RETRANSMISSION) {
        add_flag(c, tree, hf_ikex_retransmission);
        add_uint(c, tree, hf_ikex_retransmission_of, r->rare->first->note.frame);
        add_uint(c, tree, hf_ikex_retransmission_count, r->rare->copy_number);
        if (r->rare->delay >= 0)
            add_time(c, tree, hf_ikex_retransmission_delay, r->rare->delay);
    } else if (r->copy == IKE_COPY_DUPLICATE) {
        add_uint(c, tree, hf_ikex_duplicate_of, r->rare->doubles->note.frame);
    }
}

static void draw_fragment(const ikex_canvas *c, proto_tree *tree, const ike_record *r)
{
    const bool piece = r->note.kind == IKE_NOTE_PIECE;
    const ike_record *whole;

    if (r->fragment == IKE_FRAGMENT_NONE)
        return;
    whole = ike_record_whole(r);
    add_uint(c, tree, hf_ikex_fragment_kind, r->fragment);
    if (r->rare->fragment_number)
        add_uint(c, tree, hf_ikex_fragment_number, r->rare->fragment_number);
    if (r->rare->fragment_total)
        add_uint(c, tree, hf_ikex_fragment_total, r->rare->fragment_total);
    if (piece && !r->rare->message && r->rare->fragment_missing)
        add_uint(c, tree, hf_ikex_fragment_missing, r->rare->fragment_missing);
    if (piece && whole)
        add_uint(c, tree, hf_ikex_fragment_message_in, whole->note.frame);
}

static void draw_halves(const ikex_canvas *c, proto_tree *tree, ike_record *r)
{
    ike_record *first = ike_record_first(r);

    if (r->is_reflection)
        return;
    if (first->request) {
        const ike_time span = r->note.time - first->request->note.time;
        const ike_time last = r->note.time -
                              ike_record_last_before(first->request, r)->note.time;

        add_uint(c, tree, hf_ikex_request_in, first->request->note.frame);
        if (r->copy == IKE_COPY_NONE && span >= 0 && last >= 0) {
            add_time(c, tree, hf_ikex_time, span);
            add_time(c, tree, hf_ikex_time_last, last);
        }
    }
    if (first->response)
        add_uint(c, tree, hf_ikex_response_in, first->response->note.frame);
}

static void draw_label(const ikex_canvas *c, proto_tree *tree, const ike_record *r)
{
    const ike_record *first = ike_record_first(r);
    const ike_step *step = ike_step_find(first->label);

    if (first->label.mode == IKE_MODE_NONE)
        return;
    add_label(c, tree, hf_ikex_msg, first->label);
    if (first->label.number && ike_label_is_decided(first->label))
        add_uint(c, tree, hf_ikex_msg_number, first->label.number);
    if (first->known_by)
        add_uint(c, tree, hf_ikex_msg_known_by, known_by_number(first->known_by));
    if (first->waiting_for.mode != IKE_MODE_NONE)
        add_label(c, tree, hf_ikex_waiting_for, first->waiting_for);
    if (step)
        add_string(c, tree, hf_ikex_cisco_state, step->cisco);
}

static void draw_spis(const ikex_canvas *c, proto_tree *tree, const ike_record *r)
{
    const bool own = ike_record_has_spis(r);

    add_spi(c, tree, hf_ikex_spi_initiator, own ? ike_record_spi_i(r) : r->note.sa->spi_i);
    add_spi(c, tree, hf_ikex_spi_responder, own ? ike_record_spi_r(r) : r->note.sa->spi_r);
}

static void draw_record(const ikex_canvas *c, proto_tree *tree, ike_record *r)
{
    const bool message = r->note.kind == IKE_NOTE_MESSAGE;

    if (message)
        draw_label(c, tree, r);
    add_uint(c, tree, hf_ikex_version, r->version);
    if (!r->is_probable) /* without the first IP fragment there is no header to read */
        add_uint(c, tree, hf_ikex_exchange, r->exchange_type);
    if (r->note.sa) {
        add_uint(c, tree, hf_ikex_sender, ike_sa_role(r->note.sa, r->side));
        add_string(c, tree, hf_ikex_state, ike_state_name(ike_record_state(r, c->pinfo->fd->visited)));
    }
    draw_spis(c, tree, r);
    if (message)
        draw_halves(c, tree, r);
    draw_copy(c, tree, r);
    draw_fragment(c, tree, r);
    add_string(c, tree, hf_ikex_notify, r->rare->notify);
    add_string(c, tree, hf_ikex_nat_mapping, r->rare->mapping);
    if (r->floated)
        add_flag(c, tree, hf_ikex_nat_float);
    if (r->note.sa && message) {
        draw_nat(c, tree, r->note.sa);
        draw_sides(c, tree, r->note.sa);
        draw_child_spis(c, tree, r->note.exchange);
    }
}

/* ---- ESP and AH ---- */

/* Numbers of the "known by" field of ESP. */
static uint32_t tied_by_number(ike_tied_by tied)
{
    static const uint8_t numbers[] = { [IKE_TIED_BY_KEYS] = 1, [IKE_TIED_ONLY_CANDIDATE] = 2,
                                       [IKE_TIED_AMBIGUOUS] = 3 };

    return numbers[tied];
}

static void draw_packet(const ikex_canvas *c, proto_tree *tree, const ike_packet *packet)
{
    const ike_flow *flow = packet->flow;

    if (!flow || !flow->child)
        return;
    add_uint(c, tree, hf_ikex_esp_child, (uint32_t)flow->child->child);
    add_uint(c, tree, hf_ikex_esp_known_by, tied_by_number(flow->tied_by));
}

/* ---- findings ---- */

typedef void (*finding_user)(const ikex_canvas *c, const ike_finding *finding, void *user);

/* Whatever is said at a note. When it is first seen, conclusions are not those of its whole future: those that hold
 * already are said by what is live, of this frame as of earlier ones. Returns false when there is nothing. */
static bool each_finding(const ikex_canvas *c, const ike_note *note, finding_user use, void *user)
{
    const bool is_first_visit = !c->pinfo->fd->visited;
    bool found = false;

    for (const ike_finding *finding = note->findings; finding; finding = finding->next)
        if (!finding->is_verdict || !is_first_visit) {
            use(c, finding, user);
            found = true;
        }
    if (!is_first_visit)
        return found;
    for (const ike_finding *finding = ike_tracker_live(c->tracker, note); finding; finding = finding->next) {
        use(c, finding, user);
        found = true;
    }
    return found;
}

static void draw_finding(const ikex_canvas *c, const ike_finding *finding, void *tree)
{
    GString *text = g_string_new(finding->text);
    proto_item *line;
    proto_tree *sub;

    if (finding->causes)
        ike_causes_append(text, finding->causes);
    if (finding->note && finding->note->frame != c->pinfo->num)
        g_string_append_printf(text, " (said of frame %u)", finding->note->frame);
    proto_tree_add_expert_format(tree, c->pinfo, ikex_expert(finding->id, finding->severity),
                                 c->tvb, 0, 0, "%s: %s", ike_diagnosis_summary(finding->id, finding->evidence),
                                 text->str);
    g_string_free(text, TRUE);
    line = proto_tree_add_string(tree, hf_ikex_diag_id, c->tvb, 0, 0,
                                 ike_diagnosis_get(finding->id)->id);
    generated(line);
    sub = proto_item_add_subtree(line, ett_ikex_finding);
    add_uint(c, sub, hf_ikex_diag_severity, finding->severity);
    add_uint(c, sub, hf_ikex_diag_known_by, finding->evidence);
}

/* Text for a column that nobody looks at is not made. */
static bool is_shown(const ikex_canvas *c, int column)
{
    const column_info *columns = c->pinfo->cinfo;

    return columns && columns->col_first[column] >= 0;
}

/* ---- Info column ---- */

static void info_front(const ikex_canvas *c, const ike_record *r)
{
    GString *text;

    if (r->copy == IKE_COPY_NONE)
        return;
    text = g_string_new(NULL);
    if (r->copy == IKE_COPY_RETRANSMISSION) {
        g_string_printf(text, "[IKE retransmission of %u", r->rare->first->note.frame);
        if (r->rare->delay >= 0) {
            g_string_append(text, ", +");
            ike_seconds_append(text, r->rare->delay);
            g_string_append(text, " s");
        }
        g_string_append(text, "] ");
    } else if (r->copy == IKE_COPY_DUPLICATE) {
        g_string_printf(text, "[IKE duplicate of %u] ", r->rare->doubles->note.frame);
    }
    if (text->len)
        col_prepend_fstr(c->pinfo->cinfo, COL_INFO, "%s", text->str);
    g_string_free(text, TRUE);
}

static void append_summary(const ikex_canvas *c, const ike_finding *finding, void *user)
{
    GString **text = user;

    (void)c;
    if (finding->severity < IKE_SEVERITY_WARN)
        return;
    if (!*text)
        *text = g_string_new(NULL);
    g_string_append_printf(*text, "[%s] ", ike_diagnosis_summary(finding->id, finding->evidence));
}

static void info_findings(const ikex_canvas *c, const ike_note *note)
{
    GString *text = NULL; /* most have none that is said here */

    each_finding(c, note, append_summary, &text);
    if (!text)
        return;
    col_prepend_fstr(c->pinfo->cinfo, COL_INFO, "%s", text->str);
    g_string_free(text, TRUE);
}

static void append_sa(GString *text, ike_note *note)
{
    const ike_packet *packet = ike_note_packet(note);

    if (note->sa) {
        g_string_append(text, text->len > 2 ? " SA#" : "SA#");
        ike_number_append(text, note->sa->number);
    }
    if (packet && packet->flow && packet->flow->child)
        g_string_append_printf(text, " child#%d", packet->flow->child->child);
}

static void info_piece(GString *text, const ike_record *r)
{
    const ike_record *whole = ike_record_whole(r);

    g_string_append(text, r->fragment == IKE_FRAGMENT_IP ? "IP fragment" : "IKE fragment");
    if (r->rare->fragment_number)
        g_string_append_printf(text, " %u", r->rare->fragment_number);
    if (r->rare->fragment_number && r->rare->fragment_total)
        g_string_append_printf(text, "/%u", r->rare->fragment_total);
    if (whole) {
        g_string_append(text, " of ");
        ike_label_append(text, ike_record_first(whole)->label);
        g_string_append_printf(text, " in %u", whole->note.frame);
    } else if (r->rare->message) {
        g_string_append_printf(text, " of an IKE fragment in %u", r->rare->message->note.frame);
    } else if (r->rare->part_of.mode != IKE_MODE_NONE) {
        g_string_append(text, r->is_probable ? ", probably of " : " of ");
        ike_label_append(text, r->rare->part_of);
    } else if (ike_exchange_name(r->exchange_type)) {
        g_string_append_printf(text, " of a %s message", ike_exchange_name(r->exchange_type));
    }
}

static void info_message(GString *text, const ike_record *r)
{
    const ike_record *first = ike_record_first(r);

    ike_label_append(text, first->label);
}

static const char *kind_text(ike_note_kind kind)
{
    static const char *const texts[] = { [IKE_NOTE_KEEPALIVE] = "NAT keepalive",
                                         [IKE_NOTE_ICMP] = "ICMP error about" };

    return kind < G_N_ELEMENTS(texts) ? texts[kind] : NULL;
}

/* What the note is, in a word or two: "MM1", "IP fragment 1/2 of MM5 in 7". Nothing for ESP and AH. */
static void describe(GString *text, ike_note *note)
{
    const ike_record *r = ike_note_record(note);

    if (r && note->kind == IKE_NOTE_PIECE)
        info_piece(text, r);
    else if (r)
        info_message(text, r);
    else if (kind_text(note->kind))
        g_string_append(text, kind_text(note->kind));
}

static void info_back(const ikex_canvas *c, ike_note *note)
{
    static GString *text; /* made once and kept: one for each of a million frames takes longer than what is in it */
    const ike_record *r = ike_note_record(note);

    if (!text)
        text = g_string_new(NULL);
    g_string_assign(text, " [");
    describe(text, note);
    append_sa(text, note);
    if (r && r->request && r->copy == IKE_COPY_NONE && r->note.time >= r->request->note.time) {
        g_string_append(text, ", ");
        ike_seconds_append(text, r->note.time - ike_record_last_before(r->request, r)->note.time);
        g_string_append(text, " s");
    }
    g_string_append_c(text, ']');
    if (text->len > 3)
        col_append_str(c->pinfo->cinfo, COL_INFO, text->str);
}

static void draw_info(const ikex_canvas *c, ike_note *note)
{
    const ike_record *r = ike_note_record(note);

    info_findings(c, note);
    if (r)
        info_front(c, r);
    info_back(c, note);
}

/* ---- all ---- */

static void title(proto_item *item, ike_note *note)
{
    GString *text = g_string_new(NULL);

    describe(text, note);
    if (text->len)
        proto_item_append_text(item, ", %s", text->str);
    if (note->sa)
        proto_item_append_text(item, ", SA %u", note->sa->number);
    g_string_free(text, TRUE);
}

static void draw_tree(const ikex_canvas *c, ike_note *note)
{
    proto_item *item = proto_tree_add_item(c->tree, c->protocol, c->tvb, 0, 0, ENC_NA);
    proto_tree *tree = proto_item_add_subtree(item, ett_ikex);
    ike_record *r = ike_note_record(note);

    generated(item);
    title(item, note);
    if (note->sa)
        draw_sa(c, tree, note);
    if (r)
        draw_record(c, tree, r);
    if (ike_note_packet(note))
        draw_packet(c, tree, ike_note_packet(note));
    if (note->kind == IKE_NOTE_KEEPALIVE)
        add_flag(c, tree, hf_ikex_nat_keepalive);
    if (each_finding(c, note, draw_finding, tree))
        add_flag(c, tree, hf_ikex_analysis);
}

/* Tells Wireshark no more than the severity: the GUI colours a button by the highest, whoever looks at the rest. */
static void tell_severity(const ikex_canvas *c, const ike_finding *finding, void *user)
{
    (void)user;
    expert_add_info(c->pinfo, NULL, ikex_expert(finding->id, finding->severity));
}

/* Wireshark builds no tree for its list of expert information, nor for its column. */
static bool is_expert_looked_at(const ikex_canvas *c)
{
    static int expert_tap;

    if (!expert_tap)
        expert_tap = find_tap_id("expert");
    return have_tap_listener(expert_tap) || is_shown(c, COL_EXPERT);
}

/* A tree may be there for the fields of others only. Findings are fields of the protocol _ws.expert as well. */
static bool is_tree_looked_at(const ikex_canvas *c)
{
    static int expert_items;

    if (!expert_items)
        expert_items = proto_get_id_by_filter_name("_ws.expert");
    return c->tree && (proto_field_is_referenced(c->tree, c->protocol) ||
                       proto_field_is_referenced(c->tree, expert_items));
}

bool ikex_is_looked_at(const ikex_canvas *c)
{
    return (c->info_column && is_shown(c, COL_INFO)) || is_tree_looked_at(c) || is_expert_looked_at(c);
}

void ikex_draw(const ikex_canvas *c, ike_note *notes)
{
    const bool in_tree = is_tree_looked_at(c);
    const finding_user tell = is_expert_looked_at(c) ? draw_finding : tell_severity;

    for (ike_note *note = notes; note; note = note->next) {
        if (c->info_column && is_shown(c, COL_INFO))
            draw_info(c, note);
        if (in_tree)
            draw_tree(c, note);
        else
            each_finding(c, note, tell, NULL);
    }
}
