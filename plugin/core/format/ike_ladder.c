/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_ladder.h"

#include "ike_report.h"

enum { /* pixels */
    WIDTH = 1060,
    TIME_X = 96,   /* right end of times */
    LEFT_X = 160,  /* the initiator, or the side that was seen first */
    RIGHT_X = 490,
    NOTE_X = 515,  /* findings and remarks */
    TOP_Y = 56,
    ROW = 38,
    GAP = 22,      /* a row in which only time passes */
    ARROW = 7
};
#define LONG_GAP (1 * IKE_SECOND)
#define SHOWN_FINDINGS 3
#define REMARK 54 /* characters that fit between the hosts */
#define REASON 96 /* .. beside them */

typedef struct ladder {
    GString *out;
    const ike_sa *sa;
    int y;
    ike_time newest; /* of the row above */
} ladder;

/* ---- what has a row ---- */

static gint by_frame(gconstpointer a, gconstpointer b)
{
    const ike_note *x = *(ike_note *const *)a, *y = *(ike_note *const *)b;

    return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void add_first_packets(GPtrArray *rows, const ike_sa *sa)
{
    for (guint i = 0; i < sa->more->flows.len; i++) {
        const ike_flow *flow = sa->more->flows.pdata[i];

        if (flow->first)
            g_ptr_array_add(rows, &flow->first->note);
    }
}

static GPtrArray *rows_of(const ike_sa *sa)
{
    GPtrArray *rows = g_ptr_array_new();

    for (guint i = 0; i < sa->records.len; i++)
        if (ike_record_is_entry(sa->records.pdata[i]))
            g_ptr_array_add(rows, sa->records.pdata[i]);
    for (guint i = 0; i < sa->more->icmp.len; i++)
        g_ptr_array_add(rows, sa->more->icmp.pdata[i]);
    add_first_packets(rows, sa);
    g_ptr_array_sort(rows, by_frame);
    return rows;
}

/* ---- drawing ---- */

void ike_html_append(GString *out, const char *text)
{
    gchar *escaped = g_markup_escape_text(text, -1);

    g_string_append(out, escaped);
    g_free(escaped);
}

static void text_at(ladder *l, int x, int y, const char *class, const char *text)
{
    g_string_append_printf(l->out, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
    ike_html_append(l->out, text);
    g_string_append(l->out, "</text>\n");
}

static void cut(GString *text, gsize length)
{
    if (text->len > length)
        g_string_append(g_string_truncate(text, length - 2), "..");
}

static void taken(ladder *l, int x, int y, const char *class, GString *text)
{
    if (text->len)
        text_at(l, x, y, class, text->str);
    g_string_truncate(text, 0);
}

/* From one host to the other; what does not come whole ends in a cross half way. */
static void arrow(ladder *l, bool to_right, bool is_lost, const char *class)
{
    const int from = to_right ? LEFT_X : RIGHT_X, sign = to_right ? 1 : -1;
    const int to = is_lost ? (LEFT_X + RIGHT_X) / 2 : to_right ? RIGHT_X : LEFT_X;

    g_string_append_printf(l->out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"%s\"/>", from, l->y, to,
                           l->y, class);
    if (is_lost)
        g_string_append_printf(l->out, "<path d=\"M%d %d l%d %d m0 %d l%d %d\" class=\"%s cross\"/>\n", to - 5,
                               l->y - 5, 10, 10, -10, -10, 10, class);
    else
        g_string_append_printf(l->out, "<path d=\"M%d %d l%d %d v%d z\" class=\"%s head\"/>\n", to, l->y,
                               -sign * ARROW, -ARROW / 2, ARROW, class);
}

static bool is_left(const ike_sa *sa, ike_side side)
{
    return side == (sa->initiator == IKE_SIDE_NONE ? IKE_SIDE_A : sa->initiator);
}

/* ---- parts of a row ---- */

static void append_pieces(GString *text, const ike_record *r)
{
    if (r->note.kind == IKE_NOTE_PIECE)
        g_string_append(text, "the others are missing");
    if (r->note.kind == IKE_NOTE_PIECE || r->fragment == IKE_FRAGMENT_NONE || r->rare->fragment_total == 0)
        return;
    g_string_append(text, text->len ? ", " : "");
    ike_count_append(text, r->rare->fragment_total, r->fragment == IKE_FRAGMENT_IP ? "IP fragment" : "IKE fragment",
                     r->fragment == IKE_FRAGMENT_IP ? "IP fragments" : "IKE fragments");
}

static void append_label(GString *text, const ike_record *r)
{
    ike_report_message(text, r);
    if (r->copy == IKE_COPY_RETRANSMISSION)
        g_string_append_printf(text, " again (%u)", r->rare->copy_number);
}

/* Under the arrow: how it came, and where it went. */
static void append_remark(GString *text, const ike_record *r)
{
    append_pieces(text, r);
    if (r->floated)
        g_string_append_printf(text, "%smoves to port %u", text->len ? ", " : "", ike_record_src(r)->port);
    if (r->rare->mapping)
        g_string_append_printf(text, "%snew NAT mapping %s", text->len ? ", " : "", r->rare->mapping);
    if (r->rare->notify_error)
        g_string_append_printf(text, "%s%s", text->len ? ", " : "", r->rare->notify);
    cut(text, REMARK);
}

static const char *class_of(const ike_finding *finding)
{
    static const char *const classes[] = { "chat", "chat", "note", "warn", "error" };

    return classes[finding->severity];
}

static bool is_told(const ike_finding *finding)
{
    return finding->severity >= IKE_SEVERITY_NOTE && finding->id != IKE_DIAG_RETRANS;
}

static ike_severity findings(ladder *l, const ike_note *note)
{
    ike_severity worst = IKE_SEVERITY_NONE;
    int shown = 0;

    for (const ike_finding *finding = note->findings; finding; finding = finding->next) {
        GString *text;

        if (!is_told(finding))
            continue;
        worst = MAX(worst, finding->severity);
        if (shown++ >= SHOWN_FINDINGS)
            continue;
        text = g_string_new(NULL);
        g_string_printf(text, "%s: %s", ike_diagnosis_get(finding->id)->id,
                        ike_diagnosis_summary(finding->id, finding->evidence));
        cut(text, REASON);
        text_at(l, NOTE_X, l->y - 6 + (shown - 1) * 13, class_of(finding), text->str);
        g_string_free(text, TRUE);
    }
    l->y += shown > 1 ? (MIN(shown, SHOWN_FINDINGS) - 1) * 13 : 0;
    return worst;
}

static void time_of_row(ladder *l, const ike_note *note)
{
    const ike_time since = note->time - l->newest;
    GString *text = g_string_new(NULL);

    if (since >= LONG_GAP && l->newest != 0) {
        g_string_append_c(text, '+');
        ike_seconds_append(text, since);
        g_string_append(text, " s");
        g_string_append_printf(l->out, "<path d=\"M%d %d l-6 4 l12 6 l-6 4 M%d %d l-6 4 l12 6 l-6 4\" "
                               "class=\"pause\"/>\n", LEFT_X, l->y - ROW / 2, RIGHT_X, l->y - ROW / 2);
        taken(l, (LEFT_X + RIGHT_X) / 2, l->y - ROW / 2 + 10, "pause-text", text);
        l->y += GAP;
    }
    l->newest = note->time;
    g_string_printf(text, "%u", note->frame);
    taken(l, 4, l->y + 4, "frame", text);
    ike_seconds_append(text, note->time - l->sa->first_time);
    taken(l, TIME_X, l->y + 4, "time", text);
    g_string_free(text, TRUE);
}

static void message_row(ladder *l, const ike_record *r, ike_severity worst)
{
    GString *text = g_string_new(NULL);

    arrow(l, is_left(l->sa, r->side), r->note.kind == IKE_NOTE_PIECE,
          worst >= IKE_SEVERITY_ERROR          ? "line error"
          : worst == IKE_SEVERITY_WARN         ? "line warn"
          : r->copy == IKE_COPY_RETRANSMISSION ? "line again"
                                               : "line");
    append_label(text, r);
    taken(l, (LEFT_X + RIGHT_X) / 2, l->y - 6, "label", text);
    append_remark(text, r);
    taken(l, (LEFT_X + RIGHT_X) / 2, l->y + 13, "remark", text);
    g_string_free(text, TRUE);
}

static void icmp_row(ladder *l, const ike_icmp *icmp)
{
    GString *text = g_string_new("ICMP from ");

    ike_addr_append(text, &icmp->reporter);
    g_string_append_printf(text, ", type %u code %u", icmp->type, icmp->code);
    arrow(l, !is_left(l->sa, icmp->quoted), false, "line warn");
    taken(l, (LEFT_X + RIGHT_X) / 2, l->y - 6, "label", text);
    g_string_free(text, TRUE);
}

static void packet_row(ladder *l, const ike_flow *flow)
{
    GString *text = g_string_new(NULL);

    arrow(l, is_left(l->sa, flow->side), false, "line packet");
    g_string_printf(text, "%s SPI %08x", ike_flow_kind(flow), flow->spi);
    taken(l, (LEFT_X + RIGHT_X) / 2, l->y - 6, "label", text);
    ike_count_append(text, flow->packets, "packet", "packets");
    taken(l, (LEFT_X + RIGHT_X) / 2, l->y + 13, "remark", text);
    g_string_free(text, TRUE);
}

/* What is found stands beside it, and may need more room than the row has. */
static void row(ladder *l, ike_note *note)
{
    ike_severity worst;
    int y, after;

    time_of_row(l, note);
    y = l->y;
    worst = findings(l, note);
    after = l->y;
    l->y = y;
    if (ike_note_record(note))
        message_row(l, ike_note_record(note), worst);
    else if (note->kind == IKE_NOTE_ICMP)
        icmp_row(l, (const ike_icmp *)note);
    else
        packet_row(l, ike_note_packet(note)->flow);
    l->y = after + ROW;
}

/* ---- all ---- */

static void host(ladder *l, int x, ike_role role)
{
    const ike_side side = ike_sa_side_of(l->sa, role);
    const ike_endpoint *endpoint = ike_sa_endpoint(l->sa, role);
    GString *text = g_string_new(NULL);

    if (endpoint)
        ike_addr_append(text, &endpoint->addr);
    taken(l, x, 18, "host", text);
    g_string_append(text, ike_role_name(side == IKE_SIDE_NONE ? IKE_ROLE_UNKNOWN : role));
    if (side != IKE_SIDE_NONE && ike_sa_natted(l->sa, side) >= IKE_NAT_MAYBE)
        g_string_append(text, ike_sa_natted(l->sa, side) == IKE_NAT_PROVEN ? ", behind a NAT"
                                                                           : ", behind a NAT or as if");
    taken(l, x, 34, "role", text);
    g_string_free(text, TRUE);
}

static void more(ladder *l, guint n)
{
    GString *text = g_string_new("and ");

    ike_count_append(text, n, "more message or packet", "more messages and packets");
    taken(l, (LEFT_X + RIGHT_X) / 2, l->y, "remark", text);
    g_string_free(text, TRUE);
    l->y += ROW;
}

static void frame_of_picture(GString *out, const ladder *l)
{
    g_string_append_printf(out, "<svg class=\"ladder\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Ladder "
                           "diagram of SA %u\">\n<text x=\"4\" y=\"54\" class=\"frame\">frame</text>"
                           "<text x=\"%d\" y=\"54\" class=\"time\">seconds</text>\n", WIDTH, l->y, l->sa->number,
                           TIME_X);
    g_string_append_printf(out, "<path d=\"M%d %d V%d M%d %d V%d\" class=\"life\"/>\n", LEFT_X, TOP_Y - 10, l->y,
                           RIGHT_X, TOP_Y - 10, l->y);
}

void ike_ladder_append(GString *out, const ike_sa *sa)
{
    GPtrArray *rows = rows_of(sa);
    ladder l = { g_string_new(NULL), sa, TOP_Y + ROW / 2, 0 };

    for (guint i = 0; i < MIN(rows->len, IKE_LADDER_ROWS); i++)
        row(&l, rows->pdata[i]);
    if (rows->len > IKE_LADDER_ROWS)
        more(&l, rows->len - IKE_LADDER_ROWS);
    host(&l, LEFT_X, IKE_ROLE_INITIATOR);
    host(&l, RIGHT_X, IKE_ROLE_RESPONDER);
    if (rows->len) {
        frame_of_picture(out, &l);
        g_string_append_len(out, l.out->str, (gssize)l.out->len);
        g_string_append(out, "</svg>\n");
    }
    g_string_free(l.out, TRUE);
    g_ptr_array_free(rows, TRUE);
}
