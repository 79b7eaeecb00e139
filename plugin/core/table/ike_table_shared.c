/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Columns of an IKE SA and of a Quick Mode or Child SA that several tables have.
 */
#include "ike_report.h"
#include "ike_table.h"

static void get_address(ike_cell *cell, const ike_sa *sa, ike_role role)
{
    const ike_endpoint *endpoint = sa ? ike_sa_endpoint(sa, role) : NULL;

    if (endpoint)
        ike_addr_append(ike_cell_write(cell), &endpoint->addr);
}

static void get_port(ike_cell *cell, const ike_sa *sa, ike_role role)
{
    const ike_endpoint *endpoint = sa ? ike_sa_endpoint(sa, role) : NULL;

    if (endpoint)
        ike_cell_count(cell, endpoint->port);
}

void ike_get_sa(ike_cell *cell, const ike_row *row)
{
    if (row->sa)
        ike_cell_count(cell, row->sa->number);
}

void ike_get_sa_version(ike_cell *cell, const ike_row *row)
{
    if (row->sa)
        ike_cell_count(cell, row->sa->version);
}

void ike_get_sa_mode(ike_cell *cell, const ike_row *row)
{
    if (row->sa && row->sa->phase1->mode != IKE_MODE_NONE)
        ike_cell_text(cell, ike_modes[row->sa->phase1->mode].name);
}

void ike_get_sa_initiator(ike_cell *cell, const ike_row *row)
{
    get_address(cell, row->sa, IKE_ROLE_INITIATOR);
}

void ike_get_sa_initiator_port(ike_cell *cell, const ike_row *row)
{
    get_port(cell, row->sa, IKE_ROLE_INITIATOR);
}

void ike_get_sa_responder(ike_cell *cell, const ike_row *row)
{
    get_address(cell, row->sa, IKE_ROLE_RESPONDER);
}

void ike_get_sa_responder_port(ike_cell *cell, const ike_row *row)
{
    get_port(cell, row->sa, IKE_ROLE_RESPONDER);
}

void ike_get_sa_roles(ike_cell *cell, const ike_row *row)
{
    if (row->sa)
        ike_cell_text(cell, row->sa->initiator == IKE_SIDE_NONE
                                ? "unknown"
                                : ike_known_by_name(row->sa->initiator_known));
}

static void get_spi(ike_cell *cell, uint64_t spi)
{
    g_string_append_printf(ike_cell_write(cell), "%016" G_GINT64_MODIFIER "x", spi);
}

void ike_get_sa_spi_i(ike_cell *cell, const ike_row *row)
{
    if (row->sa)
        get_spi(cell, row->sa->spi_i);
}

void ike_get_sa_spi_r(ike_cell *cell, const ike_row *row)
{
    if (row->sa)
        get_spi(cell, row->sa->spi_r);
}

void ike_get_sa_state(ike_cell *cell, const ike_row *row)
{
    if (row->sa)
        ike_cell_text(cell, ike_state_name(ike_sa_end_state(row->sa)));
}

void ike_get_sa_failed(ike_cell *cell, const ike_row *row)
{
    if (row->sa)
        ike_cell_flag(cell, row->sa->is_failed);
}

void ike_get_sa_result(ike_cell *cell, const ike_row *row)
{
    ike_cell_text(cell, ike_result_name(ike_result_of(row->sa)));
}

void ike_get_sa_first_frame(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->sa->first_frame);
}

void ike_get_sa_last_frame(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, row->sa->last_frame);
}

void ike_get_sa_first_time(ike_cell *cell, const ike_row *row)
{
    ike_cell_time(cell, row->sa->first_time);
}

void ike_get_sa_setup(ike_cell *cell, const ike_row *row)
{
    if (ike_sa_has_setup_time(row->sa))
        ike_cell_span(cell, row->sa->more->established->note.time - row->sa->first_time);
}

void ike_get_sa_messages(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, ike_sa_messages(row->sa));
}

void ike_get_sa_repeats(ike_cell *cell, const ike_row *row)
{
    ike_cell_count(cell, ike_report_repeats(&row->sa->findings));
}

static void get_nat(ike_cell *cell, const ike_sa *sa, ike_role role)
{
    const ike_side side = ike_sa_side_of(sa, role);
    const ike_natted natted = side == IKE_SIDE_NONE ? IKE_NAT_UNKNOWN : ike_sa_behind_nat(sa, side);

    if (natted != IKE_NAT_UNKNOWN)
        ike_cell_flag(cell, natted != IKE_NAT_NO);
}

void ike_get_sa_nat_initiator(ike_cell *cell, const ike_row *row)
{
    get_nat(cell, row->sa, IKE_ROLE_INITIATOR);
}

void ike_get_sa_nat_responder(ike_cell *cell, const ike_row *row)
{
    get_nat(cell, row->sa, IKE_ROLE_RESPONDER);
}

void ike_get_sa_findings(ike_cell *cell, const ike_row *row)
{
    ike_cell_list(cell);
    for (guint i = 0; i < row->sa->distinct.len; i++)
        ike_cell_add(cell, ike_diagnosis_get(((const ike_finding *)row->sa->distinct.pdata[i])->id)->id);
}

void ike_get_child(ike_cell *cell, const ike_row *row)
{
    if (row->child && row->child->child >= 0)
        ike_cell_count(cell, (uint64_t)row->child->child);
}

void ike_get_child_message_id(ike_cell *cell, const ike_row *row)
{
    if (row->child)
        g_string_append_printf(ike_cell_write(cell), "%08x", row->child->message_id);
}

/* ---- algorithms ---- */

static void get_attribute(ike_cell *cell, const ike_sa *sa, ike_attribute which)
{
    if (sa->more->parent && !sa->v2->choice)
        ike_cell_text(cell, IKE_ENCRYPTED);
    else
        ike_report_attribute(ike_cell_write(cell), sa, which);
}

void ike_get_sa_encryption(ike_cell *cell, const ike_row *row)
{
    get_attribute(cell, row->sa, IKE_ATTRIBUTE_ENCRYPTION);
}

void ike_get_sa_integrity(ike_cell *cell, const ike_row *row)
{
    get_attribute(cell, row->sa, IKE_ATTRIBUTE_INTEGRITY);
}

void ike_get_sa_group(ike_cell *cell, const ike_row *row)
{
    get_attribute(cell, row->sa, IKE_ATTRIBUTE_GROUP);
}

void ike_get_sa_authentication(ike_cell *cell, const ike_row *row)
{
    const ike_v2_side *sides = row->sa->v2->sides;

    if (row->sa->version == 1)
        ike_report_attribute(ike_cell_write(cell), row->sa, IKE_ATTRIBUTE_AUTHENTICATION);
    else if (sides[0].authentication || sides[1].authentication)
        ike_report_v2_authentication(ike_cell_write(cell), row->sa);
    else
        ike_cell_text(cell, IKE_ENCRYPTED);
}
