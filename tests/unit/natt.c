/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "natt.h"

void responder_known_as(ladder *l, const char *addr)
{
    l->hosts[RESPONDER].known = wire_endpoint(addr, 500);
}

void floats(ladder *l, uint16_t port)
{
    up_to_mm4(l);
    move_to_4500(l);
    l->hosts[INITIATOR].seen.port = port;
    mm5(l);
    mm6(l);
}

void v2_floats(ladder *l)
{
    v2_init(l);
    move_to_4500(l);
    v2_auth(l);
}

void end_without(ladder *l, const char *id, const char *labels)
{
    expect_labels(l, labels);
    expect_no_finding(l, id);
    ladder_end(l);
}
