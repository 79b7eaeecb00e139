# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios in which a side of IKEv1 says that it does not go along, and others in which it only seems so."""
import dataclasses

import ikev2wire as v2
import ikewire as ike
import ladder
from findings import aggressive_first, aggressive_second
from ladder import IkeSa
from ladder2 import Ikev2Sa
from registry import scenario
from steps import STRONGSWAN_GAPS, behind_nat, elsewhere, esp_both_ways, pair, refuse, tunnel

GATEWAY = dataclasses.replace(ladder.LINUX_PSK, vendors_r=("XAUTH", "DPD"))  # asks for users
NOTIFY = 16  # bytes of a notify with an SPI of ESP


# In clear, before there are keys

@scenario(expect=["am1_reject"], forbid=["mm1_reject"])
def am1_refused_identity(c):
    """Aggressive Mode: the responder has no connection for the identity in AM1 and says so in clear by
    INVALID-ID-INFORMATION (frame 2); other traffic follows."""
    sa = IkeSa(c, *pair(c))
    aggressive_first(sa)
    refuse(sa, ike.INVALID_ID_INFORMATION)
    elsewhere(c)


@scenario(expect=["mm2_reject"])
def mm2_refused(c):
    """The initiator does not accept what the responder chose: NO-PROPOSAL-CHOSEN in clear (frame 3) instead of MM3.
    The responder sends MM2 twice more; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    sa.mm1()
    mm2 = sa.mm2()
    decline(sa, ike.NO_PROPOSAL_CHOSEN)
    for gap in STRONGSWAN_GAPS[:2]:
        c.repeat(mm2, gap)
    elsewhere(c)


@scenario(expect=["mm3_reject"], forbid=["mm3_noresp"])
def mm3_refused_no_key(c):
    """The responder has no pre-shared key for the address of the initiator: each of three copies of MM3 is answered in
    clear by AUTHENTICATION-FAILED; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    mm3 = sa.main_mode(last=3)
    refuse(sa, ike.AUTHENTICATION_FAILED)
    for gap in STRONGSWAN_GAPS[:2]:
        c.repeat(mm3, gap)
        refuse(sa, ike.AUTHENTICATION_FAILED)
    elsewhere(c)


@scenario(expect=["mm4_reject"], forbid=["mm4_noreply"])
def mm4_refused(c):
    """The initiator does not accept the public value in MM4: INVALID-KEY-INFORMATION in clear (frame 5) instead of
    MM5. The responder sends MM4 twice more; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    mm4 = sa.main_mode(last=4)
    decline(sa, ike.INVALID_KEY_INFORMATION)
    for gap in STRONGSWAN_GAPS[:2]:
        c.repeat(mm4, gap)
    elsewhere(c)


@scenario(forbid=["am1_reject", "mm1_reject", "mm2_reject", "mm3_reject", "mm4_reject"], healthy=True)
def refusals_ignored(c):
    """Somebody sends refusals in clear in the name of the peers, after each of the first messages of Main Mode and of
    Aggressive Mode. Nothing protects such a notify, so both sides ignore it, and both negotiations come up."""
    main, other = IkeSa(c, *pair(c)), IkeSa(c, c.host("10.3.0.2"), c.host("10.4.0.2"))
    main.mm1()
    main.mm2()
    decline(main, ike.NO_PROPOSAL_CHOSEN)
    main.mm3()
    refuse(main, ike.AUTHENTICATION_FAILED)
    main.mm4()
    decline(main, ike.INVALID_KEY_INFORMATION)
    main.mm5()
    main.mm6()
    main.quick_mode().run()
    aggressive_first(other)
    refuse(other, ike.INVALID_ID_INFORMATION)
    aggressive_second(other)
    aggressive_third(other)
    other.quick_mode().run()


def decline(sa, kind):
    """The initiator says what it thinks of that, in clear."""
    sa.clear(sa.initiator, "INFO", ike.INFORMATIONAL, [ike.notify_payload(kind)])


# Aggressive Mode

@scenario(expect=["am3_reject"])
def am3_refused(c):
    """Aggressive Mode: the responder does not accept the proof in AM3 and says so in clear (frame 5) by
    INVALID-HASH-INFORMATION. QM1, which was sent right behind AM3, is sent once more; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    aggressive(sa)
    qm1 = sa.quick_mode().qm1()
    refuse(sa, ike.INVALID_HASH_INFORMATION)
    c.repeat(qm1, STRONGSWAN_GAPS[0])
    elsewhere(c)


@scenario(expect=["am3_lost"], but=["qm1_noresp"], forbid=["am2_noreply"])
def am3_blocked_4500(c):
    """Aggressive Mode through a NAT: AM3 and QM1 go to UDP 4500, which a filter behind the capture point drops. The
    responder sends AM2 again four times on UDP 500, and each time they are sent again, too. Other traffic follows."""
    sa = IkeSa(c, *behind_nat(c))
    aggressive_first(sa)
    am2 = aggressive_second(sa)
    sa.port = 4500
    lost = aggressive_third(sa), sa.quick_mode().qm1()
    for _ in range(4):
        c.repeat(am2, 4)
        for message in lost:
            c.repeat(message, 0.01)
    elsewhere(c)


@scenario(expect=["qm1_noresp"], forbid=["am3_lost"])
def am3_unheard_4500(c):
    """The same with a responder that does not send AM2 again: QM1 is sent five times on UDP 4500, where nothing of the
    responder is seen, so that nothing shows that it got AM3. Other traffic follows."""
    sa = IkeSa(c, *behind_nat(c))
    aggressive_first(sa)
    aggressive_second(sa)
    sa.port = 4500
    aggressive_third(sa)
    qm1 = sa.quick_mode().qm1()
    for gap in STRONGSWAN_GAPS:
        c.repeat(qm1, gap)
    elsewhere(c)


@scenario(forbid=["am3_lost", "am3_reject"], healthy=True)
def am3_slow_way(c):
    """Aggressive Mode: two copies of AM3 are lost behind the capture point, so that AM2 comes again twice; the third one
    arrives. The responder tells its lifetime, encrypted, and 8 s later a Quick Mode and ESP follow."""
    sa = IkeSa(c, *pair(c))
    aggressive_first(sa)
    am2 = aggressive_second(sa)
    am3 = aggressive_third(sa)
    for _ in range(2):
        c.repeat(am2, 4)
        c.repeat(am3, 0.01)
    sa.info(sa.responder, NOTIFY)
    c.wait(8)
    sa.quick_mode().run()
    esp_both_ways(sa)
    elsewhere(c)


def aggressive(sa):
    """All three messages."""
    aggressive_first(sa)
    aggressive_second(sa)
    aggressive_third(sa)


def aggressive_third(sa):
    """AM3, encrypted."""
    return sa.sealed(sa.initiator, "AM3", ike.AGGRESSIVE, sa.suite.hash_payload)


# Quick Mode

@scenario(expect=["qm2_reject"], forbid=["qm2_noreply", "qm3_lost"])
def qm2_refused(c):
    """The side that began a Quick Mode does not accept QM2: it sends an encrypted Informational (frame 9) and no QM3.
    QM2 is sent three times more; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode()
    quick.qm1()
    qm2 = quick.qm2()
    sa.info(sa.initiator, NOTIFY, after=0.003)
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(qm2, gap)
    elsewhere(c)


@scenario(forbid=["qm2_reject", "qm2_noreply"], healthy=True)
def qm3_lost_by_capture(c):
    """The capture lacks QM3, which the responder did get: a liveness check of the initiator, a second later, is
    answered, and ESP goes both ways."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode()
    quick.qm1()
    quick.qm2()
    with c.unseen_from(sa.initiator):
        quick.qm3()
    sa.alive(sa.initiator, after=1.0)
    esp_both_ways(sa)
    elsewhere(c)


@scenario(expect=["ts_mismatch"])
def qm_refused_again(c):
    """L2TP behind a NAT: the server expects other ports. A client that tries again every 5 s gets
    INVALID-ID-INFORMATION in clear for each of four Quick Modes; other traffic follows."""
    sa = IkeSa(c, *behind_nat(c))
    sa.main_mode()
    for _ in range(4):
        sa.quick_mode().qm1()
        refuse(sa, ike.INVALID_ID_INFORMATION, c.rng.number())
        c.wait(5)
    elsewhere(c)


# XAUTH

@scenario(expect=["xauth_fail"], forbid=["cfg_noaddr"])
def xauth_no_verdict(c):
    """The gateway asks for name and password (XAUTH) and gets them, but its RADIUS server does not answer: it sends no
    verdict and deletes the SA after 30 s. Other traffic follows."""
    sa = IkeSa(c, *pair(c), GATEWAY)
    sa.main_mode()
    sa.transaction(sa.responder, answered=6)
    c.wait(30)
    sa.delete(sa.responder)
    elsewhere(c)


@scenario(expect=["tr_noresp"], but=["qm1_noresp"])
def xauth_client_without(c):
    """The gateway asks for name and password (XAUTH), the client knows no XAUTH and sends QM1: both are sent four times
    in 26 s, and neither is answered. Other traffic follows."""
    sa = IkeSa(c, *pair(c), GATEWAY)
    sa.main_mode()
    asked = sa.sealed(sa.responder, "TR1", ike.TRANSACTION, sa.suite.hash_payload + 20, msgid=c.rng.number())
    qm1 = sa.quick_mode().qm1()
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(asked, gap)
        c.repeat(qm1, 0.5)
    elsewhere(c)


@scenario(expect=["tr_noresp"], forbid=["xauth_fail", "cfg_noaddr"])
def xauth_answer_lost(c):
    """Captured at the client: the gateway asks for name and password (XAUTH), but does not get the answer. It asks four
    times more, and each time the client answers again. Other traffic follows."""
    sa = IkeSa(c, *pair(c), GATEWAY)
    sa.main_mode()
    msgid, size = c.rng.number(), sa.suite.hash_payload
    asked = sa.sealed(sa.responder, "TR1", ike.TRANSACTION, size + 20, msgid=msgid)
    answer = sa.sealed(sa.initiator, "TR2", ike.TRANSACTION, size + 36, 5, msgid=msgid)
    for _ in range(4):
        c.repeat(asked, 8)
        c.repeat(answer, 0.001)
    elsewhere(c)


# The peer does not know the SA

@scenario(expect=["cookie_invalid"])
def lb_splits_ports(c):
    """Behind a load balancer UDP 500 and UDP 4500 reach different nodes: the one that gets MM5 does not know the SA and
    says INVALID-COOKIE in clear to each of four copies; other traffic follows."""
    sa = IkeSa(c, *behind_nat(c))
    mm5 = sa.main_mode(last=5)
    refuse(sa, ike.INVALID_COOKIE)
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(mm5, gap)
        refuse(sa, ike.INVALID_COOKIE)
    elsewhere(c)


@scenario(expect=["cookie_invalid"], forbid=["auth_noresp", "auth_small"])
def ikev2_lb_splits_ports(c):
    """The same with IKEv2: IKE_AUTH on UDP 4500 is answered by INVALID_IKE_SPI in clear, four times; other traffic
    follows."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.init()
    request = sa.auth_req()
    unknown_spi(sa)
    for gap in STRONGSWAN_GAPS[:3]:
        sa.again(request, gap)
        unknown_spi(sa)
    elsewhere(c)


def unknown_spi(sa):
    """What the responder says in clear of IKE_AUTH."""
    sa.unprotected(sa.responder, v2.INFORMATIONAL, [v2.notify(v2.INVALID_IKE_SPI)], 1)


@scenario(expect=["cookie_invalid"], forbid=["ts_mismatch"])
def qm_rekey_unknown_sa(c):
    """50 minutes after a Quick Mode its initiator begins another one; the responder has lost the SA meanwhile and
    answers each of three copies of QM1 by INVALID-COOKIE in clear. Other traffic follows."""
    sa = tunnel(c)
    c.wait(3000)
    qm1 = sa.quick_mode().qm1()
    refuse(sa, ike.INVALID_COOKIE)
    for gap in STRONGSWAN_GAPS[:2]:
        c.repeat(qm1, gap)
        refuse(sa, ike.INVALID_COOKIE)
    elsewhere(c)


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


# The capture begins late

@scenario(expect=["mm5_noresp"])
def mm5_begun_late(c):
    """The capture begins when MM5 is sent for the second time; a responder that does not accept it is silent and sends
    MM4 again. Both come three times in turns; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    with c.unseen_from(sa.initiator, sa.responder):
        mm4 = sa.main_mode(last=4)
        mm5 = sa.mm5()
    for _ in range(3):
        c.repeat(mm5, 9)
        c.repeat(mm4, 1)
    elsewhere(c)
