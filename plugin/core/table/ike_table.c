/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_table.h"

const ike_table *const ike_tables[] = {
    &ike_table_negotiation, &ike_table_finding, &ike_table_ike_sa,  &ike_table_child_sa, &ike_table_ipsec_sa,
    &ike_table_counter,     &ike_table_event,   &ike_table_message, &ike_table_result,   NULL,
};

/* ---- cells ---- */

ike_cell *ike_cell_new(void)
{
    ike_cell *cell = g_new0(ike_cell, 1);

    cell->text = g_string_new(NULL);
    cell->texts = g_ptr_array_new_with_free_func(g_free);
    cell->counts = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    return cell;
}

void ike_cell_free(ike_cell *cell)
{
    g_string_free(cell->text, TRUE);
    g_ptr_array_free(cell->texts, TRUE);
    g_array_free(cell->counts, TRUE);
    g_free(cell);
}

/* Whether what the column did made a value. */
static bool is_filled(const ike_cell *cell)
{
    return cell->is_known || cell->text->len > 0 || cell->texts->len > 0 || cell->counts->len > 0;
}

void ike_cell_fill(ike_cell *cell, const ike_column *column, const ike_row *row)
{
    cell->kind = column->kind;
    cell->is_known = false;
    g_string_truncate(cell->text, 0);
    g_ptr_array_set_size(cell->texts, 0);
    g_array_set_size(cell->counts, 0);
    column->get(cell, row);
    cell->is_known = is_filled(cell);
}

void ike_cell_flag(ike_cell *cell, bool flag)
{
    cell->flag = flag;
    cell->is_known = true;
}

void ike_cell_count(ike_cell *cell, uint64_t count)
{
    cell->count = count;
    cell->is_known = true;
}

void ike_cell_span(ike_cell *cell, ike_time span)
{
    cell->time = span;
    cell->is_known = true;
}

void ike_cell_time(ike_cell *cell, ike_time time)
{
    ike_cell_span(cell, time);
}

void ike_cell_text(ike_cell *cell, const char *text)
{
    if (text)
        g_string_append(cell->text, text);
}

GString *ike_cell_write(ike_cell *cell)
{
    return cell->text;
}

void ike_cell_list(ike_cell *cell)
{
    cell->is_known = true;
}

void ike_cell_add(ike_cell *cell, const char *text)
{
    g_ptr_array_add(cell->texts, g_strdup(text));
    cell->is_known = true;
}

void ike_cell_add_count(ike_cell *cell, uint64_t count)
{
    g_array_append_val(cell->counts, count);
    cell->is_known = true;
}

/* ---- values as text ---- */

void ike_exact_seconds_append(GString *out, ike_time span)
{
    const uint64_t magnitude = span < 0 ? 0 - (uint64_t)span : (uint64_t)span;

    g_string_append_printf(out, "%s%" G_GUINT64_FORMAT ".%09" G_GUINT64_FORMAT, span < 0 ? "-" : "",
                           magnitude / (uint64_t)IKE_SECOND, magnitude % (uint64_t)IKE_SECOND);
    while (out->str[out->len - 1] == '0')
        g_string_truncate(out, out->len - 1);
    if (out->str[out->len - 1] == '.')
        g_string_truncate(out, out->len - 1);
}

static void append_lists(GString *out, const ike_cell *cell)
{
    for (guint i = 0; i < cell->texts->len; i++)
        g_string_append_printf(out, "%s%s", i ? "; " : "", (const char *)cell->texts->pdata[i]);
    for (guint i = 0; i < cell->counts->len; i++)
        g_string_append_printf(out, "%s%" G_GUINT64_FORMAT, i ? "; " : "",
                               g_array_index(cell->counts, uint64_t, i));
}

void ike_cell_append(GString *out, const ike_cell *cell)
{
    if (!cell->is_known)
        return;
    switch (cell->kind) {
    case IKE_CELL_FLAG: g_string_append(out, cell->flag ? "true" : "false"); break;
    case IKE_CELL_COUNT: g_string_append_printf(out, "%" G_GUINT64_FORMAT, cell->count); break;
    case IKE_CELL_SECONDS: ike_exact_seconds_append(out, cell->time); break;
    case IKE_CELL_TIME: ike_iso_append(out, cell->time); break;
    case IKE_CELL_TEXT: g_string_append(out, cell->text->str); break;
    case IKE_CELL_TEXTS:
    case IKE_CELL_COUNTS: append_lists(out, cell); break;
    }
}
