/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * -z ikex,sa: the IKE SAs and what they made, in the spirit of "netsh ipsec dynamic show mmsas" and
 * "qmsas".
 */
#include "ike_report.h"

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

    for (guint i = 0; i < sa->distinct.len; i++)
        by_severity[((const ike_finding *)sa->distinct.pdata[i])->severity]++;
    for (int s = IKE_SEVERITY_ERROR; s >= IKE_SEVERITY_NOTE; s--)
        if (by_severity[s])
            g_string_append_printf(out, "%s%u%c", out->len ? " " : "", by_severity[s], letters[s]);
    if (out->len == 0)
        g_string_append_c(out, '-');
}

const char *ike_report_nat_word(const ike_sa *sa)
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

/* A state in a column of 14. */
static const char *state_word(const ike_sa *sa)
{
    const ike_state state = ike_sa_end_state(sa);

    if (sa->is_failed)
        return "failed";
    return state == IKE_STATE_PROBABLY_ESTABLISHED ? "probably up" : ike_state_name(state);
}

static void endpoint_of(GString *out, const ike_sa *sa, ike_role role)
{
    const ike_endpoint *endpoint = ike_sa_endpoint(sa, role);

    if (endpoint)
        ike_endpoint_append(out, endpoint);
    else
        g_string_append_c(out, '-');
}

static void sa_row(const ike_report *report, const ike_sa *sa)
{
    GString *i = g_string_new(NULL), *r = g_string_new(NULL), *found = g_string_new(NULL);
    GString *setup = g_string_new(NULL);

    endpoint_of(i, sa, IKE_ROLE_INITIATOR);
    endpoint_of(r, sa, IKE_ROLE_RESPONDER);
    append_findings(found, sa);
    if (ike_sa_has_setup_time(sa))
        ike_seconds_append(setup, sa->more->established->note.time - sa->first_time);
    else
        g_string_append_c(setup, '-');
    g_string_append_printf(report->out, "%3u  ", sa->number);
    ike_report_two_columns(report->out, i->str, r->str, 21, "     ");
    g_string_append_printf(report->out, "%-14s %4u %4u %8s  %-3s  %s\n", state_word(sa),
                           ike_sa_messages(sa), ike_report_repeats(&sa->findings), setup->str,
                           ike_report_nat_word(sa), found->str);
    g_string_free(i, TRUE);
    g_string_free(r, TRUE);
    g_string_free(found, TRUE);
    g_string_free(setup, TRUE);
}

/* ---- details ---- */

static void offers(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    if (sa->more->has_chosen) {
        ike_report_transform(text, sa, &sa->more->chosen);
        line(report, "Offer chosen", text->str);
    } else {
        line(report, "Offer chosen", "-");
    }
    for (unsigned i = 0; !sa->more->has_chosen && sa->offer &&
                         i < MIN(sa->offer->n_transforms, IKE_MAX_TRANSFORMS); i++) {
        g_string_truncate(text, 0);
        ike_report_transform(text, sa, &sa->offer->transforms[i]);
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
        g_string_assign(text, "and ");
        ike_count_append(text, n - SHOWN_PROPOSALS, "more proposal", "more proposals");
        line(report, "", text->str);
    }
    g_string_free(text, TRUE);
}

static void authentication(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    ike_report_v2_authentication(text, sa);
    line(report, "Authentication", text->len ? text->str : "encrypted: identities, method, traffic selectors");
    g_string_free(text, TRUE);
}

/* A choice says all; without one the offer shows what was not accepted. */
static void offers_v2(const ike_report *report, const ike_sa *sa)
{
    const ike_v2 *v2 = sa->v2;

    if (sa->more->parent && !v2->choice)
        line(report, "Offer chosen", "encrypted (CREATE_CHILD_SA)");
    else if (v2->choice)
        proposals(report, "Offer chosen", v2->choice);
    else
        line(report, "Offer chosen", "-");
    if (!v2->choice && v2->offer)
        proposals(report, "Offered", v2->offer);
    authentication(report, sa);
}

static void supports(const ike_report *report, const ike_sa *sa)
{
    static const char *const names[] = { "Initiator says", "Responder says" };

    for (int i = 0; i < 2 && sa->initiator != IKE_SIDE_NONE && !sa->more->parent; i++) {
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

    if (sa->more->parent)
        g_string_append_printf(text, "SA %u (%s)", sa->more->parent->number,
                               sa->v2->choice ? "observed: its SPIs were agreed on there"
                                             : "inferred: new SPIs without IKE_SA_INIT");
    if (text->len)
        line(report, "Renews", text->str);
    g_string_truncate(text, 0);
    if (sa->more->rekeyed_to)
        g_string_append_printf(text, "SA %u", sa->more->rekeyed_to->number);
    if (text->len)
        line(report, "Renewed as", text->str);
    g_string_free(text, TRUE);
}

static void times(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    ike_report_utc(text, sa->first_time);
    g_string_append(text, " UTC");
    g_string_append(text, "  Established ");
    if (ike_sa_has_setup_time(sa)) {
        g_string_append_c(text, '+');
        ike_seconds_append(text, sa->more->established->note.time - sa->first_time);
        g_string_append(text, " s");
    } else {
        g_string_append_c(text, '-');
    }
    line(report, sa->is_joined || sa->more->parent ? "First seen" : "Created", text->str);
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

/* What NAT detection (RFC 7296 2.23) found. */
static void append_detection(GString *out, const ike_sa *sa)
{
    g_string_append(out, "NAT detection by both sides");
    if (ike_sa_natted(sa, IKE_SIDE_A) == IKE_NAT_NO && ike_sa_natted(sa, IKE_SIDE_B) == IKE_NAT_NO)
        g_string_append(out, ": no NAT");
    else if (ike_sa_has_natted(sa))
        ike_report_natted(g_string_append(out, ": "), sa);
}

static void append_offered_methods(GString *out, const ike_sa *sa, const ike_vendor *common)
{
    g_string_append(out, "offered by the initiator: ");
    append_methods(out, &sa->sides[sa->initiator]);
    g_string_append(out, "; by the responder: ");
    append_methods(out, &sa->sides[ike_side_other(sa->initiator)]);
    g_string_append_printf(out, "; in common: %s", common ? common->name : "none");
}

static void nat_lines(const ike_report *report, const ike_sa *sa)
{
    const ike_vendor *method = ike_sa_nat_method(sa);
    GString *text = g_string_new(NULL);

    if (sa->version == 2 && method)
        append_detection(text, sa);
    else if (sa->version == 1 && sa->initiator != IKE_SIDE_NONE)
        append_offered_methods(text, sa, method);
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
        if (side->more->identity)
            g_string_append_printf(text, "%sidentity %s", text->len ? ", " : "", side->more->identity);
        append_features(text, side);
        if (text->len)
            line(report, names[i], text->str);
        g_string_free(text, TRUE);
    }
}

/* What keys show of a remote user. */
static void users(const ike_report *report, const ike_sa *sa)
{
    if (sa->more->user)
        line(report, "User", sa->more->user);
    if (sa->more->given_address)
        line(report, "Address given", sa->more->given_address);
}

static void state_line(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    ike_report_outcome(text, sa);
    g_string_append_printf(text, " (%s)", ike_evidence_name(ike_sa_state_evidence(sa)));
    line(report, "State", text->str);
    g_string_free(text, TRUE);
}

static void exchange_line(const ike_report *report, const ike_sa *sa)
{
    GString *text = g_string_new(NULL);

    ike_report_exchange(text, sa);
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
    state_line(report, sa);
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
    users(report, sa);
    g_string_free(text, TRUE);
}

void ike_report_sa(const ike_report *report)
{
    const ike_list *sas = ike_tracker_sas(report->of.tracker);

    ike_report_rule(report->out, '=');
    g_string_append_printf(report->out, "IKE %sSecurity Associations\n",
                           ike_report_has_version(report, 2) ? "" : "Main Mode ");
    ike_report_wrap(report->out, "Filter: ", report->filter ? report->filter : "<none>");
    ike_report_rule(report->out, '-');
    g_string_append(report->out, " SA  Initiator            Responder            State          "
                                 "Msgs Retr  Setup s  NAT  Findings\n");
    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(&report->of, sas->pdata[i]))
            sa_row(report, sas->pdata[i]);
    ike_report_rule(report->out, '-');
    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(&report->of, sas->pdata[i]))
            sa_details(report, sas->pdata[i]);
    ike_report_absent(report);
    ike_report_children(report);
    ike_report_flows(report);
    ike_report_rule(report->out, '=');
}
