/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Events of the IPsec driver (Microsoft: "Audit IPsec Driver"): packets of IPsec SAs that their receiver dropped. A
 * capture hints at these only; that an integrity check failed (4960), or that clear text came that should have been
 * secured (4963), it does not show.
 */
#include "ike_event_make.h"

/* Findings on a packet, whose receiver drops it, and on the complaint of a receiver. */
static const struct {
    ike_diagnosis_id finding;
    uint16_t id;
} dropped[] = {
    { IKE_DIAG_ESP_REPLAY, 4961 }, /* counted by packets */
    { IKE_DIAG_SPI_REUSE, 4962 },
    { IKE_DIAG_ESP_AFTER_DELETE, 4965 },
    { IKE_DIAG_SPI_INVALID, 4965 },
};

static void of_packet(ike_event *event, const ike_packet *packet)
{
    event->host = packet->flow->side == IKE_SIDE_NONE ? IKE_SIDE_NONE : ike_side_other(packet->flow->side);
    event->spi = packet->flow->spi;
    event->evidence = IKE_INFERRED; /* that it was dropped */
    if (event->id == 4961)
        event->count = (unsigned)MIN(packet->flow->repeats, G_MAXUINT);
}

static void of_complaint(ike_event *event, const ike_record *r)
{
    event->host = r->side;
    event->spi = r->rare->unknown_spi;
}

static void packet_dropped(ike_event_builder *b, const ike_finding *finding, uint16_t id)
{
    ike_event event = ike_event_of(finding->sa, IKE_EVENT_DRIVER, finding->note);
    const ike_packet *packet = ike_note_packet(finding->note);
    const ike_record *r = ike_note_record(finding->note);

    event.id = id;
    event.count = finding->count;
    event.finding = finding->id;
    event.evidence = finding->evidence;
    if (packet && packet->flow)
        of_packet(&event, packet);
    else if (r)
        of_complaint(&event, r);
    if (event.host != IKE_SIDE_NONE)
        ike_event_add(b, &event);
}

void ike_event_dropped(ike_event_builder *b, const ike_sa *sa)
{
    for (guint i = 0; i < sa->findings.len; i++) {
        const ike_finding *finding = sa->findings.pdata[i];

        for (size_t k = 0; finding->note && k < G_N_ELEMENTS(dropped); k++)
            if (dropped[k].finding == finding->id)
                packet_dropped(b, finding, dropped[k].id);
    }
}
