/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * format=html: one page that needs nothing else, without scripts. Negotiations are sections with a ladder
 * diagram, the worst first; other rows are tables without the columns in which nothing is known.
 */
#include "ike_format.h"
#include "ike_ladder.h"
#include "ike_report.h"

#include <string.h>

/* Negotiations with a section and a diagram; the others have a line. */
#define SHOWN_IN_TROUBLE 200u /* with a warning or worse */
#define SHOWN_IN_PEACE 50u
#define LONG 40 /* characters that need a wide column */
#define SHOWN_ROWS 5000u    /* of one table; what is more is only counted */

static const char style[] =
    ":root{--bg:#fff;--fg:#1b1f24;--soft:#5b6570;--line:#d5dae0;--card:#f6f8fa;--ok:#1a7f37;--note:#0a5cb8;"
    "--warn:#9a5b00;--error:#c21f2b}"
    "@media (prefers-color-scheme:dark){:root{--bg:#12161b;--fg:#e4e8ed;--soft:#9aa5b1;--line:#353d47;"
    "--card:#1b2129;--ok:#56c271;--note:#69aaf5;--warn:#e2a33b;--error:#ff7b7f}}"
    "@media print{:root{--bg:#fff;--fg:#000;--soft:#444;--line:#bbb;--card:#fff;--ok:#1a7f37;--note:#0a5cb8;"
    "--warn:#9a5b00;--error:#c21f2b}section{break-inside:avoid-page}.wide{overflow:visible}}"
    "body{margin:1.5rem auto;max-width:70rem;padding:0 1rem;background:var(--bg);color:var(--fg);"
    "font:15px/1.45 system-ui,sans-serif}"
    "h1{font-size:1.5rem;margin:0 0 .3rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}p{margin:.3rem 0}"
    "a{color:var(--note)}.soft{color:var(--soft)}.wide{overflow-x:auto}"
    "table{border-collapse:collapse;font-size:13px;margin:.5rem 0}"
    "th,td{border-bottom:1px solid var(--line);padding:.2rem .6rem .2rem 0;text-align:left;vertical-align:top}"
    "th{color:var(--soft);font-weight:600;white-space:nowrap}td{white-space:nowrap}td.t{min-width:18rem;white-space:normal}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    "section{border:1px solid var(--line);border-radius:6px;background:var(--card);padding:.2rem 1rem 1rem;"
    "margin:1rem 0}section h2{margin:.7rem 0}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.3rem 0;font-size:14px}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
    ".badge{display:inline-block;min-width:3.2em;padding:0 .4em;border-radius:3px;color:var(--bg);"
    "font-size:12px;font-weight:700;text-align:center}"
    ".OK{background:var(--ok)}.NOTE{background:var(--note)}.WARN{background:var(--warn)}"
    ".FAIL{background:var(--error)}.NODATA{background:var(--soft)}"
    "svg.ladder{width:100%;max-width:1060px;height:auto;font:12px system-ui,sans-serif}"
    "svg text{fill:var(--fg)}svg .host,svg .role,svg .label,svg .remark,svg .pause-text{text-anchor:middle}"
    "svg .host{font-weight:700}svg .time{text-anchor:end;font-variant-numeric:tabular-nums}"
    "svg .role,svg .remark,svg .time,svg .frame,svg .pause-text{fill:var(--soft);font-size:11px}"
    "svg .label{font-weight:600}svg .life{stroke:var(--line);stroke-width:2;fill:none}"
    "svg .pause{stroke:var(--soft);fill:none}"
    "svg .line{stroke:var(--fg);stroke-width:1.4;fill:var(--fg)}svg .again{stroke-dasharray:5 4}"
    "svg .head.again{stroke-dasharray:none}svg .cross{fill:none}"
    "svg .packet{stroke:var(--soft);fill:var(--soft);stroke-width:1}"
    "svg .line.warn{stroke:var(--warn);fill:var(--warn)}svg .line.error{stroke:var(--error);fill:var(--error)}"
    "svg .cross.warn,svg .cross.error{fill:none}"
    "svg text.chat{fill:var(--soft);font-size:11px}svg text.note{fill:var(--note);font-size:11px}"
    "svg text.warn{fill:var(--warn);font-size:11px}svg text.error{fill:var(--error);font-size:11px}";

typedef struct section {
    ike_result result;
    uint32_t number;
    GString *line;  /* of the list on top */
    GString *body;
} section;

/* Rows of one table that follow each other. */
typedef struct collected {
    const ike_table *table;
    GPtrArray *rows;     /* of GPtrArray of texts; "" for unknown */
    GArray *is_used;     /* of bool, by column */
    unsigned n;
} collected;

typedef struct page {
    GArray *sections;
    unsigned n_in_trouble, n_in_peace; /* of these, with a body */
    GString *tables; /* finished ones */
    GString *result;
    collected open;
} page;

/* ---- tables ---- */

static unsigned n_columns(const ike_table *table)
{
    unsigned n = 0;

    while (table->columns[n].name)
        n++;
    return n;
}

static bool is_number(ike_cell_kind kind)
{
    return kind == IKE_CELL_COUNT || kind == IKE_CELL_SECONDS;
}

/* "first_frame" as "first frame" */
static void append_name(GString *out, const char *name)
{
    for (; *name; name++)
        g_string_append_c(out, *name == '_' ? ' ' : *name);
}

static void free_row(gpointer row)
{
    g_ptr_array_free(row, TRUE);
}

static void open_table(page *p, const ike_table *table)
{
    p->open.table = table;
    p->open.rows = g_ptr_array_new_with_free_func(free_row);
    p->open.is_used = g_array_new(FALSE, TRUE, sizeof(bool));
    g_array_set_size(p->open.is_used, n_columns(table));
    p->open.n = 0;
}

static void append_head(GString *out, const collected *c)
{
    g_string_append_printf(out, "<h2>%s</h2>\n<div class=\"wide\"><table><thead><tr>", c->table->title);
    for (unsigned i = 0; c->table->columns[i].name; i++)
        if (g_array_index(c->is_used, bool, i)) {
            g_string_append(out, "<th title=\"");
            ike_html_append(out, c->table->columns[i].what);
            g_string_append(out, "\">");
            append_name(out, c->table->columns[i].name);
            g_string_append(out, "</th>");
        }
    g_string_append(out, "</tr></thead><tbody>\n");
}

static void append_row(GString *out, const collected *c, const ike_list *texts)
{
    g_string_append(out, "<tr>");
    for (unsigned i = 0; i < texts->len; i++) {
        if (!g_array_index(c->is_used, bool, i))
            continue;
        g_string_append(out, is_number(c->table->columns[i].kind) ? "<td class=\"n\">"
                             : strlen(texts->pdata[i]) > LONG ? "<td class=\"t\">"
                                                              : "<td>");
        ike_html_append(out, *(const char *)texts->pdata[i] ? texts->pdata[i] : "-");
        g_string_append(out, "</td>");
    }
    g_string_append(out, "</tr>\n");
}

static void close_table(page *p)
{
    collected *c = &p->open;

    if (!c->table)
        return;
    append_head(p->tables, c);
    for (guint i = 0; i < c->rows->len; i++)
        append_row(p->tables, c, c->rows->pdata[i]);
    g_string_append(p->tables, "</tbody></table></div>\n");
    if (c->n > c->rows->len)
        g_string_append_printf(p->tables, "<p class=\"soft\">and %u more</p>\n", c->n - c->rows->len);
    g_ptr_array_free(c->rows, TRUE);
    g_array_free(c->is_used, TRUE);
    c->table = NULL;
}

static void table_row(ike_writer *writer, const ike_table *table, const ike_row *row)
{
    page *p = writer->state;
    GPtrArray *texts;

    if (p->open.table != table) {
        close_table(p);
        open_table(p, table);
    }
    if (p->open.n++ >= SHOWN_ROWS)
        return;
    texts = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; table->columns[i].name; i++) {
        GString *text = g_string_new(NULL);

        ike_cell_fill(writer->cell, &table->columns[i], row);
        ike_cell_append(text, writer->cell);
        g_array_index(p->open.is_used, bool, i) |= text->len > 0;
        g_ptr_array_add(texts, g_string_free(text, FALSE));
    }
    g_ptr_array_add(p->open.rows, texts);
}

/* ---- negotiations ---- */

static void append_badge(GString *out, ike_result result)
{
    g_string_append_printf(out, "<span class=\"badge %s\">%s</span>", ike_result_name(result),
                           ike_result_name(result));
}

static void append_heading(GString *out, const ike_sa *sa)
{
    GString *peers = g_string_new(NULL);

    ike_report_peers(peers, sa, " → ", false);
    ike_html_append(out, peers->str);
    g_string_free(peers, TRUE);
}

/* What the heading and the diagram show already. */
static bool is_in_heading(const char *name)
{
    static const char *const names[] = { "sa", "result", "initiator", "responder", "first_frame", "last_frame",
                                         "last_proven_frame" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void append_facts(ike_writer *writer, GString *out, const ike_table *table, const ike_row *row)
{
    g_string_append(out, "<dl>");
    for (const ike_column *column = table->columns; column->name; column++) {
        GString *text = g_string_new(NULL);

        ike_cell_fill(writer->cell, column, row);
        ike_cell_append(text, writer->cell);
        if (text->len && !is_in_heading(column->name)) {
            g_string_append(out, "<dt>");
            append_name(out, column->name);
            g_string_append(out, "</dt><dd>");
            ike_html_append(out, text->str);
            g_string_append(out, "</dd>\n");
        }
        g_string_free(text, TRUE);
    }
    g_string_append(out, "</dl>\n");
}

static void append_line(GString *out, const ike_sa *sa, ike_result result, bool is_linked)
{
    GString *outcome = g_string_new(NULL);

    g_string_append(out, "<tr><td>");
    append_badge(out, result);
    g_string_append_printf(out, is_linked ? "</td><td><a href=\"#sa%u\">SA %u</a></td><td>" : "</td><td>SA %u</td><td>",
                           sa->number, sa->number);
    append_heading(out, sa);
    g_string_append(out, "</td><td>");
    ike_report_outcome(outcome, sa);
    ike_html_append(out, outcome->str);
    g_string_append_printf(out, "</td><td class=\"n\">%u-%u</td></tr>\n", sa->first_frame, sa->last_frame);
    g_string_free(outcome, TRUE);
}

static bool has_room(page *p, ike_result result)
{
    return result >= IKE_RESULT_WARN ? p->n_in_trouble++ < SHOWN_IN_TROUBLE : p->n_in_peace++ < SHOWN_IN_PEACE;
}

static void negotiation(ike_writer *writer, const ike_table *table, const ike_row *row)
{
    page *p = writer->state;
    section s = { ike_result_of(row->sa), row->sa->number, g_string_new(NULL), NULL };

    s.body = has_room(p, s.result) ? g_string_new(NULL) : NULL;
    append_line(s.line, row->sa, s.result, s.body != NULL);
    if (s.body) {
        g_string_append_printf(s.body, "<section id=\"sa%u\">\n<h2>", row->sa->number);
        append_badge(s.body, s.result);
        g_string_append_printf(s.body, " SA %u: ", row->sa->number);
        append_heading(s.body, row->sa);
        g_string_append(s.body, "</h2>\n");
        append_facts(writer, s.body, table, row);
        ike_ladder_append(s.body, row->sa);
        g_string_append(s.body, "</section>\n");
    }
    g_array_append_val(p->sections, s);
}

static gint worst_first(gconstpointer a, gconstpointer b)
{
    const section *x = a, *y = b;

    if (x->result != y->result)
        return x->result > y->result ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* ---- the page ---- */

static void free_section(gpointer data)
{
    section *s = data;

    g_string_free(s->line, TRUE);
    if (s->body)
        g_string_free(s->body, TRUE);
}

static void begin(ike_writer *writer)
{
    page *p = g_new0(page, 1);

    p->sections = g_array_new(FALSE, FALSE, sizeof(section));
    g_array_set_clear_func(p->sections, free_section);
    p->tables = g_string_new(NULL);
    p->result = g_string_new(NULL);
    writer->state = p;
}

static void result(page *p, const ike_totals *totals)
{
    const struct {
        unsigned n;
        const char *one, *many;
    } parts[] = {
        { totals->sas, "IKE SA", "IKE SAs" },
        { totals->children, "Quick Mode or Child SA", "Quick Modes and Child SAs" },
        { totals->messages, "message", "messages" },
        { totals->failed, "negotiation failed", "negotiations failed" },
        { totals->errors, "error", "errors" },
        { totals->warnings, "warning", "warnings" },
        { totals->notes, "note", "notes" },
    };

    g_string_append(p->result, "<p>");
    append_badge(p->result, ike_totals_result(totals));
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        ike_count_append(g_string_append(p->result, i ? ", " : " "), parts[i].n, parts[i].one, parts[i].many);
    g_string_append(p->result, "</p>\n");
}

static void row(ike_writer *writer, const ike_table *table, const ike_row *row)
{
    if (table == &ike_table_result)
        result(writer->state, row->totals);
    else if (table == &ike_table_negotiation)
        negotiation(writer, table, row);
    else
        table_row(writer, table, row);
}

static void append_sections(GString *out, GArray *sections)
{
    g_array_sort(sections, worst_first);
    if (sections->len)
        g_string_append(out, "<h2>Negotiations, worst first</h2>\n<div class=\"wide\"><table><thead><tr><th>result</th>"
                             "<th>SA</th><th>peers</th><th>outcome</th><th>frames</th></tr></thead><tbody>\n");
    for (guint i = 0; i < sections->len; i++)
        g_string_append(out, g_array_index(sections, section, i).line->str);
    if (sections->len)
        g_string_append(out, "</tbody></table></div>\n");
    for (guint i = 0; i < sections->len; i++)
        if (g_array_index(sections, section, i).body)
            g_string_append(out, g_array_index(sections, section, i).body->str);
}

static void end(ike_writer *writer)
{
    page *p = writer->state;
    GString *out = writer->out;

    close_table(p);
    g_string_append(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                         "content=\"width=device-width, initial-scale=1\">\n<title>");
    ike_html_append(out, writer->title);
    g_string_append_printf(out, "</title>\n<style>%s</style></head>\n<body>\n<h1>", style);
    ike_html_append(out, writer->title);
    g_string_append(out, "</h1>\n");
    if (writer->filter) {
        g_string_append(out, "<p class=\"soft\">Filter: ");
        ike_html_append(out, writer->filter);
        g_string_append(out, "</p>\n");
    }
    g_string_append(out, p->result->str);
    append_sections(out, p->sections);
    g_string_append(out, p->tables->str);
    g_string_append(out, "</body></html>\n");
    g_array_free(p->sections, TRUE);
    g_string_free(p->tables, TRUE);
    g_string_free(p->result, TRUE);
    g_free(p);
}

const ike_format ike_format_html = { "html", begin, row, end };
