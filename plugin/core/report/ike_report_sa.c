/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -z ikex,sa: the IKE SAs and their Quick Modes, in the spirit of "netsh ipsec dynamic show mmsas"
 * and "qmsas".
 */
#include "ike_report.h"

#include <string.h>

static void line(const ike_report *report, const char *name, const char *text)
{
    char head[40];

    g_snprintf(head, sizeof head, "         %-19s", name);
    ike_report_wrap(report->out, head, text);
}

/* ---- tables ---- */

/* "1E 2N": errors, warnings and notes */
static void append_findings(GString *out, const ike_sa *sa)
{
    unsigned by_severity[IKE_SEVERITY_ERROR + 1] = { 0 };
    static const char letters[] = "  NWE";

    for (guint i = 0; i < sa->distinct->len; i++)
        by_severity[((const ike_finding *)sa->distinct->pdata[i])->severity]++;
    for (int s = IKE_SEVERITY_ERROR; s >= IKE_SEVERITY_NOTE; s--)
        if (by_severity[s])
            g_string_append_printf(out, "%s%u%c", out->len ? " " : "", by_severity[s], letters[s]);
    if (out->len == 0)
        g_string_append_c(out, '-');
}

static const char *nat_word(const ike_sa *sa)
{
    const ike_side initiator = ike_sa_side_of(sa, IKE_ROLE_INITIATOR);
    const ike_natted i = ike_sa_behind_nat(sa, initiator);
    const ike_natted r = ike_sa_behind_nat(sa, ike_side_other(initiator));

    if (i >= IKE_NAT_MAYBE && r >= IKE_NAT_MAYBE)
        return "I+R";
    if (i >= IKE_NAT_MAYBE)
        return "I";
    if (r >= IKE_NAT_MAYBE)
        return "R";
    return i == IKE_NAT_NO && r == IKE_NAT_NO ? "no" : "-";
}

static const char *state_word(const ike_sa *sa)
{
    return sa->is_failed ? "failed" : ike_state_name(sa->state);
}

static unsigned retransmissions(const ike_sa *sa)
{
    return sa->sides[0].retransmissions + sa->sides[1].retransmissions;
}

static void endpoint_of(GString *out, const ike_sa *sa, ike_role role)
{
    ike_side side = ike_sa_side_of(sa, role);

    if (side == IKE_SIDE_NONE)
        side = role == IKE_ROLE_INITIATOR ? IKE_SIDE_A : IKE_SIDE_B;
    if (sa->sides[side].n_endpoints)
        ike_endpoint_append(out, &sa->sides[side].endpoints[0]);
    else
        g_string_append_c(out, '-');
}

/* Two cells of a row; what is too wide for its column gets a line of its own. */
static void two_columns(GString *out, const char *a, const char *b, int width, const char *indent)
{
    if ((int)strlen(a) < width && (int)strlen(b) < width)
        g_string_append_printf(out, "%-*s%-*s", width, a, width, b);
    else
        g_string_append_printf(out, "%s\n%s%s\n%s%*s", a, indent, b, indent, 2 * width, "");
}

static void sa_row(const ike_report *report, const ike_sa *sa)
{
    GString *i = g_string_new(NULL), *r = g_string_new(NULL), *found = g_string_new(NULL);
    GString *setup = g_string_new(NULL);

    endpoint_of(i, sa, IKE_ROLE_INITIATOR);
    endpoint_of(r, sa, IKE_ROLE_RESPONDER);
    append_findings(found, sa);
    if (ike_report_has_setup_time(sa))
        ike_seconds_append(setup, sa->established->note.time - sa->first_time);
    else
        g_string_append_c(setup, '-');
    g_string_append_printf(report->out, "%3u  ", sa->number);
    two_columns(report->out, i->str, r->str, 21, "     ");
    g_string_append_printf(report->out, "%-14.14s %4u %4u %8s  %-3s  %s\n", state_word(sa), ike_sa_messages(sa),
                           retransmissions(sa), setup->str, nat_word(sa), found->str);
    g_string_free(i, TRUE);
    g_string_free(r, TRUE);
    g_string_free(found, TRUE);
    g_string_free(setup, TRUE);
}

/* ---- details ---- */

static void append_or_number(GString *out, const char *name, const char *kind, uint32_t value)
{
    if (name)
        g_string_append(out, name);
    else
        g_string_append_printf(out, "%s %u", kind, value);
}

static void append_transform(GString *out, const ike_sa *sa, const ike_transform *t)
{
    const bool gss = ike_sa_has_vendor(sa, IKE_SIDE_A, IKE_VENDOR_GSS) ||
                     ike_sa_has_vendor(sa, IKE_SIDE_B, IKE_VENDOR_GSS);

    append_or_number(out, ike_encryption_name(t->encryption), "encryption", t->encryption);
    if (t->key_length)
        g_string_append_printf(out, "-%u", t->key_length);
    g_string_append(out, " / ");
    append_or_number(out, ike_hash_name(t->hash), "hash", t->hash);
    g_string_append(out, " / ");
    append_or_number(out, ike_auth_name(t->auth, gss), "authentication", t->auth);
    g_string_append(out, " / ");
    append_or_number(out, ike_group_name(t->group), "group", t->group);
    if (t->life_seconds)
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " s", t->life_seconds);
    if (t->life_kilobytes)
        g_string_append_printf(out, ", %" G_GUINT64_FORMAT " KB", t->life_kilobytes);
}

static void offers(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    if (sa->has_chosen) {
        append_transform(text, sa, &sa->chosen);
        line(report, "Offer chosen", text->str);
    } else {
        line(report, "Offer chosen", "-");
    }
    for (unsigned i = 0; !sa->has_chosen && sa->offer &&
                         i < MIN(sa->offer->n_transforms, IKE_MAX_TRANSFORMS); i++) {
        g_string_truncate(text, 0);
        append_transform(text, sa, &sa->offer->transforms[i]);
        line(report, i ? "" : "Offered", text->str);
    }
    g_string_free(text, TRUE);
}

#define SHOWN_PROPOSALS 16

static void proposals(const ike_report *report, const char *name, const ike_v2_offer *offer)
{
    uint8_t numbers[SHOWN_PROPOSALS];
    const unsigned n = ike_report_v2_proposals(offer, numbers, SHOWN_PROPOSALS);
    GString *text = g_string_new(NULL);

    for (unsigned i = 0; i < MIN(n, SHOWN_PROPOSALS); i++) {
        g_string_truncate(text, 0);
        ike_report_v2_proposal(text, offer, numbers[i]);
        line(report, i ? "" : name, text->str);
    }
    if (n > SHOWN_PROPOSALS) {
        g_string_printf(text, "and %u more proposals", n - SHOWN_PROPOSALS);
        line(report, "", text->str);
    }
    g_string_free(text, TRUE);
}

/* A choice says all; without one the offer shows what was not accepted. */
static void offers_v2(const ike_report *report, const ike_sa *sa)
{
    const ike_v2 *v2 = &sa->v2;

    if (sa->parent)
        line(report, "Offer chosen", "encrypted (CREATE_CHILD_SA)");
    else if (v2->choice)
        proposals(report, "Offer chosen", v2->choice);
    else
        line(report, "Offer chosen", "-");
    if (!v2->choice && v2->offer)
        proposals(report, "Offered", v2->offer);
    line(report, "Authentication", "encrypted: identities, method, traffic selectors");
}

static void supports(const ike_report *report, const ike_sa *sa)
{
    static const char *const names[] = { "Initiator says", "Responder says" };

    for (int i = 0; i < 2 && sa->initiator != IKE_SIDE_NONE && !sa->parent; i++) {
        GString *text = g_string_new(NULL);

        ike_report_v2_supports(text, sa,
                               ike_sa_side_of(sa, i ? IKE_ROLE_RESPONDER : IKE_ROLE_INITIATOR));
        line(report, names[i], text->str);
        g_string_free(text, TRUE);
    }
}

/* Which SA this one renews, and which renews it. */
static void rekeys(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    if (sa->parent)
        g_string_append_printf(text, "SA %u (inferred: new SPIs without IKE_SA_INIT)",
                               sa->parent->number);
    if (text->len)
        line(report, "Renews", text->str);
    g_string_truncate(text, 0);
    if (sa->rekeyed_to)
        g_string_append_printf(text, "SA %u", sa->rekeyed_to->number);
    if (text->len)
        line(report, "Renewed as", text->str);
    g_string_free(text, TRUE);
}

static void append_utc(GString *out, ike_time time)
{
    const ike_time seconds = time >= 0 ? time / IKE_SECOND : (time - IKE_SECOND + 1) / IKE_SECOND;
    GDateTime *utc = g_date_time_new_from_unix_utc(seconds);
    char *text = utc ? g_date_time_format(utc, "%Y-%m-%d %H:%M:%S") : NULL;

    g_string_append_printf(out, "%s.%06d UTC", text ? text : "-",
                           (int)((time - seconds * IKE_SECOND) / 1000));
    g_free(text);
    if (utc)
        g_date_time_unref(utc);
}

static void times(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    append_utc(text, sa->first_time);
    g_string_append(text, "  Established ");
    if (ike_report_has_setup_time(sa)) {
        g_string_append_c(text, '+');
        ike_seconds_append(text, sa->established->note.time - sa->first_time);
        g_string_append(text, " s");
    } else {
        g_string_append_c(text, '-');
    }
    line(report, sa->is_joined || sa->parent ? "First seen" : "Created", text->str);
    g_string_free(text, TRUE);
}

static void append_methods(GString *out, const ike_side_state *side)
{
    const gsize before = out->len;

    for (unsigned i = 0; i < side->n_vendors; i++)
        if (side->vendors[i]->kind == IKE_VENDOR_NATT)
            g_string_append_printf(out, "%s%s", out->len > before ? ", " : "",
                                   side->vendors[i]->name);
    if (out->len == before)
        g_string_append(out, "none");
}

static void nat_lines(const ike_report *report, const ike_sa *sa)
{
    const ike_vendor *method = ike_sa_nat_method(sa);
    GString *text = g_string_new(NULL);

    if (sa->version == 2) {
        g_string_append(text, method ? "detected by both sides (RFC 7296 2.23)" : "");
    } else if (sa->initiator != IKE_SIDE_NONE) {
        g_string_append(text, "offered by the initiator: ");
        append_methods(text, &sa->sides[sa->initiator]);
        g_string_append(text, "; by the responder: ");
        append_methods(text, &sa->sides[ike_side_other(sa->initiator)]);
        g_string_append_printf(text, "; in common: %s", method ? method->name : "none");
    }
    if (sa->has_floated && (text->len || sa->version == 2))
        g_string_append_printf(text, "%smoved to port 4500", text->len ? "; " : "");
    if (text->len)
        line(report, "NAT traversal", text->str);
    g_string_free(text, TRUE);
}

/* Vendor IDs that name no product; NAT traversal has a line of its own. */
static void append_features(GString *out, const ike_side_state *side)
{
    unsigned n = 0;

    for (unsigned i = 0; i < side->n_vendors; i++) {
        const ike_vendor *vendor = side->vendors[i];

        if (vendor->kind != IKE_VENDOR_PRODUCT && vendor->kind != IKE_VENDOR_WINDOWS &&
            vendor->kind != IKE_VENDOR_NATT)
            g_string_append_printf(out, "%s%s", n++ ? ", " : out->len ? "; vendor IDs " : "vendor IDs ",
                                   vendor->name);
    }
}

static void vendor_lines(const ike_report *report, const ike_sa *sa)
{
    static const char *const names[] = { "Initiator", "Responder" };

    for (int i = 0; i < 2 && sa->initiator != IKE_SIDE_NONE; i++) {
        const ike_side_state *side =
            &sa->sides[ike_sa_side_of(sa, i ? IKE_ROLE_RESPONDER : IKE_ROLE_INITIATOR)];
        GString *text = g_string_new(NULL);

        ike_side_products_append(text, side);
        if (side->identity)
            g_string_append_printf(text, "%sidentity %s", text->len ? ", " : "", side->identity);
        append_features(text, side);
        if (text->len)
            line(report, names[i], text->str);
        g_string_free(text, TRUE);
    }
}

static void exchange_line(const ike_report *report, const ike_sa *sa)
{
    const ike_mode mode = sa->phase1->mode;
    GString *text = g_string_new(NULL);

    if (sa->parent)
        g_string_printf(text, "CREATE_CHILD_SA of SA %u, frames %u-%u", sa->parent->number,
                        sa->first_frame, sa->last_frame);
    else if (sa->version == 2)
        ike_report_v2_course(text, sa);
    if (sa->version == 1 || text->len == 0)
        g_string_append_printf(text, "%s (IKEv%u), frames %u-%u",
                               mode == IKE_MODE_NONE ? "not captured" : ike_modes[mode].name,
                               sa->version, sa->first_frame, sa->last_frame);
    line(report, "Exchange", text->str);
    g_string_free(text, TRUE);
}

static void sa_details(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    g_string_append_printf(report->out, " SA %u\n", sa->number);
    g_string_append_printf(text, "%016" G_GINT64_MODIFIER "x : %016" G_GINT64_MODIFIER "x",
                           sa->spi_i, sa->spi_r);
    line(report, sa->version == 2 ? "SPI pair" : "Cookie pair", text->str);
    exchange_line(report, sa);
    if (sa->version == 2) {
        offers_v2(report, sa);
        supports(report, sa);
        rekeys(report, sa);
    } else {
        offers(report, sa);
    }
    times(report, sa);
    nat_lines(report, sa);
    vendor_lines(report, sa);
    g_string_free(text, TRUE);
}

/* ---- Quick Modes ---- */

/* The first Child SA comes with IKE_AUTH; what CREATE_CHILD_SA made, or refused, is encrypted. */
static const char *child_state_v2(const ike_exchange *exchange)
{
    if (exchange->rekeyed_to)
        return "IKE SA rekey";
    if (exchange->mode == IKE_MODE_V2_AUTH)
        return state_word(exchange->sa);
    return exchange->slot[IKE_RESPONSE] ? "answered" : "unfinished";
}

static const char *child_state(const ike_exchange *exchange)
{
    if (exchange->sa->version == 2)
        return child_state_v2(exchange);
    if (exchange->slot[3])
        return exchange->commit && !exchange->slot[4] ? "not connected" : "established";
    return exchange->opener == IKE_SIDE_NONE ? "unknown start" : "unfinished";
}

static void addr_of(GString *out, const ike_exchange *exchange, bool opener)
{
    const ike_side side = opener ? exchange->opener : ike_side_other(exchange->opener);

    if (side != IKE_SIDE_NONE && exchange->sa->sides[side].n_endpoints)
        ike_addr_append(out, &exchange->sa->sides[side].endpoints[0].addr);
    else
        g_string_append_c(out, '-');
}

static unsigned child_retransmissions(const ike_exchange *exchange)
{
    unsigned n = 0;

    for (guint i = 0; i < exchange->records->len; i++)
        n += ((const ike_record *)exchange->records->pdata[i])->sends - 1;
    return n;
}

/* The exchange of a child that its IPsec SAs are tied to: IKE_AUTH ends with its last round. */
static const ike_exchange *last_exchange(const ike_exchange *exchange)
{
    return exchange->mode == IKE_MODE_V2_AUTH ? exchange->sa->v2.last_auth : exchange;
}

static const ike_record *last_of_child(const ike_exchange *exchange)
{
    if (exchange->sa->version == 1)
        return exchange->slot[3];
    return last_exchange(exchange)->slot[IKE_RESPONSE];
}

/* How long after the negotiation the first IPsec packet of the child came. */
static void append_first_packet(GString *out, const ike_exchange *exchange, const ike_record *last)
{
    const ike_packet *first = NULL;

    for (int side = 0; side < 2; side++) {
        const ike_flow *flow = exchange->flow[side];

        if (flow && flow->first && (!first || flow->first->note.frame < first->note.frame))
            first = flow->first;
    }
    if (first && last && first->note.time >= last->note.time)
        ike_seconds_append(out, first->note.time - last->note.time);
    else
        g_string_append_c(out, '-');
}

static void child_row(const ike_report *report, const ike_exchange *exchange)
{
    GString *i = g_string_new(NULL), *r = g_string_new(NULL), *setup = g_string_new(NULL);
    const ike_record *first = exchange->slot[1], *last = last_of_child(exchange);

    addr_of(i, exchange, true);
    addr_of(r, exchange, false);
    if (first && last && last->note.time >= first->note.time)
        ike_seconds_append(setup, last->note.time - first->note.time);
    else
        g_string_append_c(setup, '-');
    g_string_append_printf(report->out, "%6d %3u  %08x    ", exchange->child,
                           exchange->sa->number, exchange->message_id);
    two_columns(report->out, i->str, r->str, 17, "                        ");
    g_string_append_printf(report->out, "%-14.14s %4u %4u %8s", child_state(exchange),
                           exchange->records->len, child_retransmissions(exchange), setup->str);
    g_string_truncate(setup, 0);
    append_first_packet(setup, last_exchange(exchange), last);
    g_string_append_printf(report->out, " %8s\n", setup->str);
    g_string_free(i, TRUE);
    g_string_free(r, TRUE);
    g_string_free(setup, TRUE);
}

static unsigned child_rows(const ike_report *report, const ike_sa *sa)
{
    unsigned n = 0;

    for (guint i = 0; i < sa->exchanges->len; i++) {
        const ike_exchange *exchange = sa->exchanges->pdata[i];

        if (!exchange->leads_child)
            continue;
        child_row(report, exchange);
        n++;
    }
    return n;
}

/* IKEv2 has no modes: their names stand for the SAs of both versions while only IKEv1 is there. */
static bool has_ikev2(const ike_report *report)
{
    const GPtrArray *sas = ike_tracker_sas(report->tracker);

    for (guint i = 0; i < sas->len; i++)
        if (ike_report_covers(report, sas->pdata[i]) && ((const ike_sa *)sas->pdata[i])->version == 2)
            return true;
    return false;
}

static void child_table(const ike_report *report)
{
    const GPtrArray *sas = ike_tracker_sas(report->tracker);
    unsigned n = 0;

    g_string_append_printf(report->out, "\nIKE %s Security Associations\n",
                           has_ikev2(report) ? "Quick Mode and Child" : "Quick Mode");
    ike_report_rule(report->out, '-');
    g_string_append(report->out, " Child  SA  Message ID  Initiator        Responder        "
                                 "State          Msgs Retr  Setup s  1st ESP\n");
    for (guint i = 0; i < sas->len; i++)
        if (ike_report_covers(report, sas->pdata[i]))
            n += child_rows(report, sas->pdata[i]);
    if (n)
        g_string_append(report->out, "        Proposal, SPIs and traffic selectors are encrypted.\n");
    else
        g_string_append(report->out, "        none\n");
}

void ike_report_sa(const ike_report *report)
{
    const GPtrArray *sas = ike_tracker_sas(report->tracker);

    ike_report_rule(report->out, '=');
    g_string_append_printf(report->out, "IKE %sSecurity Associations\n",
                           has_ikev2(report) ? "" : "Main Mode ");
    ike_report_wrap(report->out, "Filter: ", report->filter ? report->filter : "<none>");
    ike_report_rule(report->out, '-');
    g_string_append(report->out, " SA  Initiator            Responder            State          "
                                 "Msgs Retr  Setup s  NAT  Findings\n");
    for (guint i = 0; i < sas->len; i++)
        if (ike_report_covers(report, sas->pdata[i]))
            sa_row(report, sas->pdata[i]);
    ike_report_rule(report->out, '-');
    for (guint i = 0; i < sas->len; i++)
        if (ike_report_covers(report, sas->pdata[i]))
            sa_details(report, sas->pdata[i]);
    child_table(report);
    ike_report_flows(report);
    ike_report_rule(report->out, '=');
}
