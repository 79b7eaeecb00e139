# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of ICMP errors: who sends them matters, and so does what they are about."""
from ladder import IkeSa
from ladder2 import Ikev2Sa
from registry import scenario
from steps import esp_both_ways, pair

PORT_UNREACHABLE = 3, 3


@scenario(expect=["icmp_filtered"], forbid=["mm1_icmp", "icmp_unreach"])
def icmp_port_router(c):
    """A firewall on the way rejects UDP 500 by port unreachable in its own name, which says nothing about the
    peer; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    firewall = c.host("10.0.0.1")
    sent = sa.mm1()
    for gap in (4.0, 7.2, None):
        c.wait(0.004)
        c.icmp_error(firewall, sa.initiator, *PORT_UNREACHABLE, sent)
        if gap:
            sent = c.repeat(sent, gap)
    c.background(10)


@scenario(expect=["mm1_icmp"], forbid=["init_noresp", "icmp_filtered"])
def ikev2_init_icmp(c):
    """The peer is up and nothing listens on UDP 500: both copies of IKE_SA_INIT are answered by ICMP port
    unreachable; other traffic follows."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init_req()
    request = c.newest
    for gap in (4.0, None):
        c.wait(0.004)
        c.icmp_error(sa.responder, sa.initiator, *PORT_UNREACHABLE, request)
        if gap:
            request = c.repeat(request, gap)
    c.background(10)


@scenario(healthy=True, forbid=["mm1_icmp", "icmp_filtered", "dpd_fail"])
def icmp_goodbye(c):
    """The initiator deletes its SAs and stops. The delete that the responder sends then is answered by ICMP port
    unreachable: the initiator is gone already, as it said. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)
    sa.delete_esp(sa.initiator, after=5.0)
    sa.delete(sa.initiator)
    sent = sa.delete(sa.responder)
    c.wait(0.004)
    c.icmp_error(sa.initiator, sa.responder, *PORT_UNREACHABLE, sent)
    c.background(10)


@scenario(healthy=True, forbid=["dpd_fail"])
def dpd_old_sa(c):
    """A tunnel is renewed by a new Main Mode. The initiator goes on probing the old SA, which the responder has
    forgotten by then, while probes and ESP of the new one are answered. All is well."""
    old = IkeSa(c, *pair(c))
    old.main_mode()
    old.quick_mode().run()
    for _ in range(5):
        old.alive(old.initiator)
    new = IkeSa(c, old.initiator, old.responder)
    new.main_mode()
    new.quick_mode().run()
    c.wait(120)
    for _ in range(5):
        old.probe(old.initiator, after=5.0)
        new.alive(new.initiator, after=5.0)
    c.background(10)
