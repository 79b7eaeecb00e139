/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who the peers are: the products that their vendor IDs name, or whose schedule of retransmissions one
 * of them keeps.
 */
#include "ike_report.h"
#include "ike_schedule.h"


/* The times between the sendings of a request, oldest first; 0 when there are more than any schedule
 * has, or when time runs backwards. */
static unsigned gaps_of(const ike_record *request, ike_time *gaps)
{
    const unsigned n = ike_record_sends(request) - 1;
    unsigned left = n;

    if (n > IKE_SCHEDULE_GAPS)
        return 0;
    for (const ike_record *r = ike_record_last(request); r && r != request; r = r->rare->older) {
        if (r->copy != IKE_COPY_RETRANSMISSION)
            continue;
        if (r->rare->delay <= 0 || left == 0)
            return 0;
        gaps[--left] = r->rare->delay;
    }
    return left ? 0 : n;
}

/* What is sent again by a timer: whole requests, and not what TCP carries. */
static bool is_timed(const ike_record *r, ike_side side)
{
    return r->side == side && ike_record_sends(r) >= 3 && ike_record_is_message(r) && !r->is_tcp &&
           ike_step_asks(ike_step_find(r->label));
}

/* A schedule that one request of a side keeps, unless another request keeps another. */
static const ike_schedule *schedule_of(const ike_sa *sa, ike_side side, const ike_record **request)
{
    const ike_schedule *found = NULL;

    for (guint i = 0; i < sa->records.len; i++) {
        const ike_record *r = sa->records.pdata[i];
        const ike_schedule *s;
        ike_time gaps[IKE_SCHEDULE_GAPS];

        if (!is_timed(r, side))
            continue;
        s = ike_schedule_find(gaps, gaps_of(r, gaps), i > 0);
        if (s && found && s != found)
            return NULL;
        if (s && !found) {
            found = s;
            *request = r;
        }
    }
    return found;
}

static void append_hint(GString *out, const ike_sa *sa, ike_side side)
{
    const ike_record *request = NULL;
    const ike_schedule *schedule = schedule_of(sa, side, &request);
    ike_time gaps[IKE_SCHEDULE_GAPS];

    if (!schedule || (schedule->names_itself && !sa->is_joined))
        return;
    g_string_append_printf(out, "looks like %s, which resends after the same times (", schedule->name);
    for (unsigned i = 0, n = gaps_of(request, gaps); i < n; i++)
        g_string_append_printf(out, "%s%.1f", i ? ", " : "", (double)gaps[i] / IKE_SECOND);
    g_string_append(out, " s)");
}

void ike_report_vendors(GString *out, const ike_sa *sa)
{
    static const char *const names[] = { "initiator", "responder" };
    static const ike_role roles[] = { IKE_ROLE_INITIATOR, IKE_ROLE_RESPONDER };

    for (int i = 0; i < 2 && sa->initiator != IKE_SIDE_NONE; i++) {
        const ike_side side = ike_sa_side_of(sa, roles[i]);
        GString *text = g_string_new(NULL);

        ike_side_products_append(text, &sa->sides[side]);
        if (text->len)
            g_string_append(text, ", by vendor ID");
        else
            append_hint(text, sa, side);
        if (text->len)
            g_string_append_printf(out, "%s%s: %s", out->len ? "; " : "", names[i], text->str);
        g_string_free(text, TRUE);
    }
}
