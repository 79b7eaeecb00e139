/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rows of each report.
 */
#ifndef IKE_ROWS_H
#define IKE_ROWS_H

#include "ike_format.h"
#include "ike_selection.h"

void ike_rows_diag(const ike_selection *of, ike_writer *writer);
void ike_rows_sa(const ike_selection *of, ike_writer *writer);
void ike_rows_stat(const ike_selection *of, ike_writer *writer);
void ike_rows_audit(const ike_selection *of, ike_writer *writer);
void ike_rows_log(const ike_selection *of, ike_writer *writer);

#endif
