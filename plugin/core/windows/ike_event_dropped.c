/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Events of the IPsec driver (Microsoft: "Audit IPsec Driver"): packets of IPsec SAs that their receiver dropped. A
 * capture hints at these only; that an integrity check failed (4960), or that clear text came that should have been
 * secured (4963), it does not show.
 */
#include "ike_event_make.h"

static void add(ike_event_builder *b, const ike_event *event)
{
    if (event->host != IKE_SIDE_NONE)
        ike_event_add(b, event);
}

/* Whoever receives this packet drops it: that is inferred. */
static void packet_dropped(ike_event_builder *b, const ike_finding *why, const ike_packet *packet, uint16_t id,
                           uint64_t count)
{
    ike_event event = ike_event_of(why->sa, IKE_EVENT_DRIVER, &packet->note);

    event.id = id;
    event.host = ike_side_other(packet->flow->side);
    event.spi = packet->flow->spi;
    event.count = (unsigned)MIN(count, G_MAXUINT);
    event.finding = why->id;
    event.evidence = IKE_INFERRED;
    add(b, &event);
}

/* The numbers of each IPsec SA. */
static void replayed(ike_event_builder *b, const ike_sa *sa)
{
    const ike_finding *repeats = ike_sa_finding(sa, IKE_DIAG_ESP_REPLAY), *reuse = ike_sa_finding(sa, IKE_DIAG_SPI_REUSE);

    for (guint i = 0; (repeats || reuse) && i < sa->more->flows.len; i++) {
        const ike_flow *flow = sa->more->flows.pdata[i];

        if (repeats && flow->repeat)
            packet_dropped(b, repeats, flow->repeat, 4961, flow->repeats);
        if (reuse && flow->restart)
            packet_dropped(b, reuse, flow->restart, 4962, 1);
    }
}

/* A packet that its receiver has no IPsec SA for. */
static void after_delete(ike_event_builder *b, const ike_sa *sa)
{
    const ike_finding *why = ike_sa_finding(sa, IKE_DIAG_ESP_AFTER_DELETE);
    const ike_packet *packet = why && why->note ? ike_note_packet(why->note) : NULL;

    if (packet && packet->flow)
        packet_dropped(b, why, packet, 4965, 1);
}

/* The complaint of a receiver. */
static void complained(ike_event_builder *b, const ike_sa *sa)
{
    const ike_finding *why = ike_sa_finding(sa, IKE_DIAG_SPI_INVALID);
    const ike_record *r = why && why->note ? ike_note_record(why->note) : NULL;
    ike_event event;

    if (!r)
        return;
    event = ike_event_of(sa, IKE_EVENT_DRIVER, why->note);
    event.id = 4965;
    event.host = ike_record_side_in(r, sa);
    event.spi = r->rare->unknown_spi;
    event.count = why->count;
    event.finding = why->id;
    event.evidence = why->evidence;
    add(b, &event);
}

void ike_event_dropped(ike_event_builder *b, const ike_sa *sa)
{
    replayed(b, sa);
    after_delete(b, sa);
    complained(b, sa);
}
