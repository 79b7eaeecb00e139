# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios in which a side of IKEv1 says that it does not go along, and others in which it only seems so."""
import ikewire as ike
import ladder
from ladder import IkeSa
from registry import scenario
from steps import elsewhere, pair, refuse


# Seconds later

@scenario(expect=["mm5_reject"])
def mm5_rejected_late(c):
    """With certificates: the responder looks up a CRL for 6 s before it refuses MM5 by INVALID-CERTIFICATE in clear
    (frame 7). The initiator does not send MM5 again; other traffic follows."""
    sa = IkeSa(c, *pair(c), ladder.LINUX_CERT)
    sa.main_mode(last=5)
    c.wait(6)
    refuse(sa, ike.INVALID_CERTIFICATE)
    elsewhere(c)


@scenario(expect=["mm6_delete"])
def mm6_deleted_late(c):
    """With certificates: the initiator looks up a CRL for 6 s before it gives up the SA that MM6 has made, by an
    Informational of the size of a delete (frame 9); other traffic follows."""
    sa = IkeSa(c, *pair(c), ladder.LINUX_CERT)
    sa.main_mode()
    sa.delete(sa.initiator, after=6)
    elsewhere(c)


@scenario(forbid=["mm5_reject"], healthy=True)
def mm6_lost_checked_late(c):
    """The capture lacks MM6, which the initiator did get. Nothing is to be sent; 10 s later the responder's liveness
    check is answered. Other traffic follows."""
    sa = IkeSa(c, *pair(c), ladder.LINUX_CERT)
    sa.main_mode(last=5)
    with c.unseen_from(sa.responder):
        sa.mm6()
    sa.alive(sa.responder)
    elsewhere(c)


@scenario(forbid=["mm6_delete"], healthy=True)
def mm_idle_checked(c):
    """With certificates: nothing is to be sent after Main Mode, hence no Quick Mode; 10 s later the initiator's
    liveness check is answered. Other traffic follows."""
    sa = IkeSa(c, *pair(c), ladder.LINUX_CERT)
    sa.main_mode()
    sa.alive(sa.initiator)
    elsewhere(c)
