/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_event_make.h"

/* ---- texts ---- */

static const struct {
    uint16_t id;
    const char *text;
} texts[] = {
    { 541, "IKE security association established" },
    { 542, "IKE security association ended. Mode: Data Protection (Quick mode)" },
    { 543, "IKE security association ended. Mode: Key Exchange (Main mode)" },
    { 544, "IKE security association establishment failed because peer could not authenticate" },
    { 545, "IKE peer authentication failed" },
    { 546, "IKE security association establishment failed because peer sent invalid proposal" },
    { 547, "IKE security association negotiation failed" },
    { 550, "Notification message that could indicate a possible denial-of-service attack" },
    { 4646, "IKE DoS-prevention mode started" },
    { 4650, "An IPsec Main Mode security association was established. Extended Mode was not enabled. "
            "Certificate authentication was not used" },
    { 4651, "An IPsec Main Mode security association was established. Extended Mode was not enabled. A "
            "certificate was used for authentication" },
    { 4652, "An IPsec Main Mode negotiation failed" },
    { 4653, "An IPsec Main Mode negotiation failed" },
    { 4654, "An IPsec Quick Mode negotiation failed" },
    { 4655, "An IPsec Main Mode security association ended" },
    { 4961, "IPsec dropped an inbound packet that failed a replay check. If this problem persists, it could "
            "indicate a replay attack against this computer" },
    { 4962, "IPsec dropped an inbound packet that failed a replay check. The inbound packet had too low a "
            "sequence number to ensure it was not a replay" },
    { 4965, "IPsec received a packet from a remote computer with an incorrect Security Parameter Index (SPI)" },
    { 4976, "During Main Mode negotiation, IPsec received an invalid negotiation packet" },
    { 4977, "During Quick Mode negotiation, IPsec received an invalid negotiation packet" },
    { 4978, "During Extended Mode negotiation, IPsec received an invalid negotiation packet" },
    { 4979, "IPsec Main Mode and Extended Mode security associations were established" },
    { 4983, "An IPsec Extended Mode negotiation failed. The corresponding Main Mode security association has "
            "been deleted" },
    { 4984, "An IPsec Extended Mode negotiation failed. The corresponding Main Mode security association has "
            "been deleted" },
    { 5451, "An IPsec Quick Mode security association was established" },
    { 5452, "An IPsec Quick Mode security association ended" },
};

const char *ike_event_text(const ike_event *event)
{
    const uint16_t id = event->id ? event->id : event->legacy;

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        if (texts[i].id == id)
            return texts[i].text;
    return "";
}

const char *ike_event_mode_name(ike_event_mode mode)
{
    static const char *const names[] = { "Main Mode", "Quick Mode", "Extended Mode", "IPsec Driver" };

    return names[mode];
}

const char *ike_event_module_name(const ike_sa *sa)
{
    if (sa->version == 2)
        return "IKEv2";
    return ike_sa_is_authip(sa) ? "AuthIP" : "IKEv1";
}

const char *ike_reason_text(unsigned reason)
{
    switch (reason) {
    case REASON_AUTHENTICATION: return "IKE authentication credentials are unacceptable";
    case REASON_TIMED_OUT: return "Negotiation timed out";
    case REASON_POLICY_MATCH: return "Policy match error";
    default: return NULL;
    }
}

/* ---- for what makes events ---- */

uint16_t ike_event_legacy(const ike_sa *sa, uint16_t id)
{
    return sa->version == 1 && !ike_sa_is_authip(sa) ? id : 0;
}

/* RFC 2409 appendix A: DSS 2, RSA 3 to 5, ECDSA 9 to 11 (RFC 4754); XAUTH and hybrid with them. */
bool ike_event_is_by_certificate(uint32_t auth)
{
    return (auth >= 2 && auth <= 5) || (auth >= 8 && auth <= 11) ||
           (auth >= 64221 && auth <= 64224) || (auth >= 65003 && auth <= 65010);
}

void ike_event_by_certificate(ike_event *event, uint16_t without, uint16_t with)
{
    const ike_sa *sa = event->sa;

    event->id = sa->more->has_chosen && ike_event_is_by_certificate(sa->more->chosen.auth) ? with : without;
    event->alternative = sa->more->has_chosen ? 0 : with;
}

ike_role ike_event_role(const ike_event *event, ike_side host)
{
    const ike_side initiator =
        event->child && event->mode == IKE_EVENT_QUICK_MODE ? event->child->opener : event->sa->initiator;

    if (initiator == IKE_SIDE_NONE)
        return IKE_ROLE_UNKNOWN;
    return host == initiator ? IKE_ROLE_INITIATOR : IKE_ROLE_RESPONDER;
}

void ike_event_add(ike_event_builder *b, const ike_event *event)
{
    g_array_append_val(b->events, *event);
}

void ike_event_add_both(ike_event_builder *b, ike_event *event)
{
    for (int side = 0; side < 2; side++) {
        event->host = side;
        ike_event_add(b, event);
    }
}

ike_event ike_event_of(const ike_sa *sa, ike_event_mode mode, const ike_note *note)
{
    return (ike_event){ .sa = sa, .mode = mode, .time = note->time, .frame = note->frame,
                        .count = 1, .evidence = IKE_OBSERVED, .host = IKE_SIDE_NONE };
}

/* ---- all ---- */

static gint by_time(gconstpointer a, gconstpointer b)
{
    const ike_event *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1;
    if (x->sa != y->sa)
        return x->sa->number < y->sa->number ? -1 : 1;
    return 0;
}

static void events_of(ike_event_builder *b, const ike_sa *sa)
{
    ike_event_established(b, sa);
    ike_event_failed(b, sa);
    ike_event_ended(b, sa);
    ike_event_invalid(b, sa);
    ike_event_dropped(b, sa);
}

GArray *ike_events_new(const ike_selection *of)
{
    const ike_list *sas = ike_tracker_sas(of->tracker);
    ike_event_builder b = { of, g_array_new(FALSE, TRUE, sizeof(ike_event)) };

    for (guint i = 0; i < sas->len; i++)
        if (ike_selects(of, sas->pdata[i]))
            events_of(&b, sas->pdata[i]);
    g_array_sort(b.events, by_time);
    return b.events;
}

bool ike_event_same(const ike_event *a, const ike_event *b)
{
    return a->host != b->host && a->id == b->id && a->legacy == b->legacy && a->also == b->also && a->time == b->time &&
           a->frame == b->frame && a->sa == b->sa && a->child == b->child && a->point == b->point &&
           a->reason == b->reason && g_strcmp0(a->state, b->state) == 0 && a->finding == b->finding;
}
