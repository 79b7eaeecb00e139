/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -z ikex,stat: counters by the names of IP Security Monitor and of the key modules, for the whole capture
 * and for each host, and by name those that no capture can give.
 */
#include "ike_counter.h"
#include "ike_report.h"

#define HOSTS_SIDE_BY_SIDE 3u
#define SHOWN_HOSTS 12u

static void append_value(GString *out, const ike_counter *counter)
{
    if (!counter->is_known) {
        g_string_append_c(out, '-');
    } else if (counter->info->group == IKE_COUNTERS_TIME) {
        ike_seconds_append(out, counter->span);
        g_string_append(out, " s");
    } else {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, counter->count);
    }
}

/* ---- the whole capture ---- */

/* A part of the newer statistics, or a kind of time, that has nothing to say is left out. */
static bool is_empty_part(const ike_counters *all, const ike_counter_info *info)
{
    ike_counter counter;

    if (info->group < IKE_COUNTERS_MODULE || info->group == IKE_COUNTERS_CAPTURE)
        return false;
    for (unsigned i = 0; ike_counters_get(all, NULL, i, &counter); i++)
        if (counter.info->group == info->group && g_strcmp0(counter.info->module, info->module) == 0 &&
            counter.is_known && (counter.count || info->group == IKE_COUNTERS_TIME))
            return false;
    return true;
}

static bool is_same_part(const ike_counter_info *a, const ike_counter_info *b)
{
    return a && a->group == b->group && g_strcmp0(a->module, b->module) == 0;
}

static void title(const ike_report *report, const ike_counter_info *info)
{
    static const char *const titles[] = { "Main Mode statistics (IP Security Monitor)",
                                          "Quick Mode statistics (IP Security Monitor)",
                                          "Key module statistics",
                                          "IPsec SAs (aggregate statistics)",
                                          "Dropped packets (aggregate statistics)",
                                          "Seen in the capture",
                                          "Time to establish" };

    g_string_append(report->out, titles[info->group]);
    if (info->module)
        g_string_append_printf(report->out, ": %s", info->module);
    g_string_append_c(report->out, '\n');
}

static void counter_line(const ike_report *report, const ike_counter *counter)
{
    GString *value = g_string_new(NULL), *head = g_string_new(NULL);

    append_value(value, counter);
    g_string_printf(head, "  %-30s %1s%12s  ", counter->info->name,
                    counter->info->trust == IKE_COUNTER_ROUGH ? "~" : "", value->str);
    ike_report_wrap(report->out, head->str, counter->info->what);
    g_string_free(value, TRUE);
    g_string_free(head, TRUE);
}

static void whole_capture(const ike_report *report, const ike_counters *all)
{
    const ike_counter_info *part = NULL;
    ike_counter counter;

    for (unsigned i = 0; ike_counters_get(all, NULL, i, &counter); i++) {
        if (counter.info->trust == IKE_COUNTER_NOT_SEEN || is_empty_part(all, counter.info))
            continue;
        if (!is_same_part(part, counter.info))
            title(report, counter.info);
        part = counter.info;
        counter_line(report, &counter);
    }
}

static void not_in_a_capture(const ike_report *report, const ike_counters *all)
{
    GString *text = g_string_new(NULL);
    ike_counter counter;

    for (unsigned i = 0; ike_counters_get(all, NULL, i, &counter); i++)
        if (counter.info->trust == IKE_COUNTER_NOT_SEEN)
            g_string_append_printf(text, "%s%s", text->len ? ", " : "", counter.info->name);
    g_string_append_c(text, '.');
    ike_report_wrap(report->out, "No capture can give: ", text->str);
    g_string_free(text, TRUE);
}

/* ---- hosts ---- */

static bool any_counted(const ike_counters *all, const ike_addr *hosts, unsigned n, unsigned number)
{
    ike_counter counter;

    for (unsigned i = 0; i < n; i++)
        if (ike_counters_get(all, &hosts[i], number, &counter) && counter.count)
            return true;
    return false;
}

static void host_names(const ike_report *report, const ike_addr *hosts, unsigned n)
{
    GString *text = g_string_new(NULL);
    bool is_wide = false;

    for (unsigned i = 0; i < n; i++) {
        g_string_truncate(text, 0);
        ike_addr_append(text, &hosts[i]);
        is_wide |= text->len > 15;
    }
    g_string_assign(text, is_wide ? "Host" : "Host                                             ");
    for (unsigned i = 0; i < n; i++) {
        GString *name = g_string_new(NULL);

        ike_addr_append(name, &hosts[i]);
        if (is_wide)
            g_string_append_printf(text, "%s%s", i ? ", " : "s of the columns: ", name->str);
        else
            g_string_append_printf(text, " %16s", name->str);
        g_string_free(name, TRUE);
    }
    if (is_wide)
        ike_report_wrap(report->out, "", text->str);
    else
        g_string_append_printf(report->out, "%s\n", text->str);
    g_string_free(text, TRUE);
}

static void host_line(const ike_report *report, const ike_counters *all, const ike_addr *hosts, unsigned n,
                      unsigned number)
{
    ike_counter counter;

    ike_counters_get(all, &hosts[0], number, &counter);
    g_string_append_printf(report->out, "  %-6s %-37s %1s  ", counter.info->module ? counter.info->module : "",
                           counter.info->name, counter.info->trust == IKE_COUNTER_ROUGH ? "~" : "");
    for (unsigned i = 0; i < n; i++) {
        GString *value = g_string_new(NULL);

        ike_counters_get(all, &hosts[i], number, &counter);
        append_value(value, &counter);
        g_string_append_printf(report->out, "%s%16s", i ? " " : "", value->str);
        g_string_free(value, TRUE);
    }
    g_string_append_c(report->out, '\n');
}

/* What any of these hosts has, side by side. */
static void side_by_side(const ike_report *report, const ike_counters *all, const ike_addr *hosts, unsigned n)
{
    ike_counter counter;

    host_names(report, hosts, n);
    for (unsigned i = 0; ike_counters_get(all, &hosts[0], i, &counter); i++)
        if (counter.info->trust != IKE_COUNTER_NOT_SEEN && any_counted(all, hosts, n, i))
            host_line(report, all, hosts, n, i);
}

static void hosts(const ike_report *report, const ike_counters *all)
{
    unsigned others;
    const GArray *list = ike_counters_hosts(all, &others);
    const unsigned shown = MIN(list->len, SHOWN_HOSTS);
    GString *text;

    for (unsigned i = 0; i < shown; i += HOSTS_SIDE_BY_SIDE) {
        ike_report_rule(report->out, '-');
        side_by_side(report, all, &g_array_index(list, ike_addr, i), MIN(HOSTS_SIDE_BY_SIDE, shown - i));
    }
    if (list->len + others == shown)
        return;
    text = g_string_new(NULL);
    g_string_printf(text, "%u more hosts: format=csv and format=json have the first %u.",
                    list->len + others - shown, IKE_COUNTED_HOSTS);
    ike_report_wrap(report->out, "", text->str);
    g_string_free(text, TRUE);
}

void ike_report_stat(const ike_report *report)
{
    ike_counters *all = ike_counters_new(&report->of);

    ike_report_rule(report->out, '=');
    g_string_append(report->out, "IKE statistics, as seen in the capture\n");
    ike_report_wrap(report->out, "Filter: ", report->filter ? report->filter : "<none>");
    ike_report_rule(report->out, '-');
    whole_capture(report, all);
    g_string_append(report->out, "~ approximate: the nearest that a capture can give.\n");
    not_in_a_capture(report, all);
    hosts(report, all);
    ike_report_absent(report);
    ike_report_rule(report->out, '=');
    ike_counters_free(all);
}
