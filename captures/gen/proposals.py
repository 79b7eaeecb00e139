# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of proposals that do not fit, with what the other side accepts or offers in the same capture, and of
attempts that are repeated."""
import ikev2wire as v2
import ikewire as ike
from ladder import IkeSa, Suite
from ladder2 import AES_GCM, Ikev2Sa
from registry import scenario
from steps import elsewhere, pair, refuse

OLD = Suite(((ike.AES_CBC, 128, ike.SHA1, 2),))  # of a configuration that one side has left behind


@scenario(expect=["mm1_reject"])
def proposals_before_and_after(c):
    """A tunnel comes up. Ten minutes later the initiator has another configuration, with SHA-1 and group 2, and
    the responder refuses it: the report shows both proposals side by side."""
    ends = pair(c)
    sa = IkeSa(c, *ends)
    sa.main_mode()
    sa.quick_mode().run()
    c.wait(600)
    new = IkeSa(c, *ends, OLD)
    new.mm1()
    refuse(new, ike.NO_PROPOSAL_CHOSEN, c.rng.number())
    elsewhere(c)


@scenario(expect=["init_noprop"])
def ikev2_proposals_of_both(c):
    """Each of two gateways starts once, and each refuses what the other one offers: AES-CBC with group 14, and
    AES-GCM with Curve25519. The report shows both offers side by side."""
    one, other = pair(c)
    for sa in (Ikev2Sa(c, one, other), Ikev2Sa(c, other, one, AES_GCM)):
        sa.init_req(after=5.0)
        sa.init_error(v2.NO_PROPOSAL_CHOSEN)
    elsewhere(c)


@scenario(expect=["mm1_reject"])
def attempts_repeated(c):
    """A client that is refused tries again every 30 s, six times, with new cookies: one entry in the report."""
    ends = pair(c)
    for _ in range(6):
        sa = IkeSa(c, *ends)
        sa.mm1(after=30.0)
        refuse(sa, ike.NO_PROPOSAL_CHOSEN, c.rng.number())
    elsewhere(c)
