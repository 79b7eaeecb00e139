# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of SAs that are up: rekeys that collide or go round in circles, deletes in bursts, IPsec SAs that are
refused, and configuration after which nothing comes."""
import ikev2wire as v2
import ikewire as ike
from ladder import IkeSa
from ladder2 import CHILD, DELETE_ESP, NOTIFY
from registry import scenario
from steps import elsewhere, esp_both_ways, esp_flows, pair, refuse, sent_on, tunnel, v2_tunnel

SUBNETS = 12  # of a tunnel that has an IPsec SA for each of them


def delete_child(sa, sender, after=None):
    """A Child SA is deleted, which a Delete for the other direction confirms."""
    asked = sa.request(sender, v2.INFORMATIONAL, DELETE_ESP, after, first=v2.DELETE)
    sa.response(asked, DELETE_ESP, first=v2.DELETE)


def collide(sa):
    """Both ends rekey the Child SA at once; the initiator deletes one of the two new ones, and the old one."""
    ends = (sa.initiator, sa.responder)
    asked = [sa.request(host, v2.CREATE_CHILD_SA, CHILD, after=0.0004, first=v2.NOTIFY) for host in ends]
    for note in asked:
        sa.response(note, CHILD)
    for host in ends:
        delete_child(sa, host)


@scenario(expect=["rekey_coll"], healthy=True)
def ikev2_rekey_collision(c):
    """Both ends of a tunnel rekey its Child SA at the same moment (RFC 7296 2.8.1). One of the two new ones is
    deleted with the old one. ESP flows on; all is well."""
    sa = v2_tunnel(c)
    sent_on(esp_flows(sa), 5, 2.0)
    collide(sa)
    sent_on(esp_flows(sa), 5, 2.0)


@scenario(expect=["rekey_coll"])
def ikev2_rekey_collisions(c):
    """Both ends rekey at the same moment each time, every two minutes: their lifetimes are equal to the second."""
    sa = v2_tunnel(c)
    for _ in range(5):
        c.wait(120)
        collide(sa)


@scenario(healthy=True, forbid=["rekey_coll", "rekey_loop", "delete_storm"])
def ikev2_rekeys_in_turn(c):
    """A Child SA is rekeyed six times in an hour, now by the one end, now by the other. All is well."""
    sa = v2_tunnel(c)
    for turn in range(6):
        c.wait(600)
        host = (sa.initiator, sa.responder)[turn % 2]
        sa.response(sa.request(host, v2.CREATE_CHILD_SA, CHILD, first=v2.NOTIFY), CHILD)
        delete_child(sa, host)
        sent_on(esp_flows(sa))


@scenario(expect=["rekey_loop"])
def qm_loop(c):
    """A lifetime in kilobytes that is far too small: every four seconds the IPsec SA is used up, negotiated
    again, and the old one deleted."""
    sa = tunnel(c)
    for _ in range(12):
        esp_both_ways(sa)
        c.wait(4)
        sa.quick_mode().run()
        sa.delete_esp(sa.initiator)


@scenario(healthy=True, forbid=["rekey_loop", "rekey_coll"])
def qm_many_subnets(c):
    """A tunnel with an IPsec SA for each of twelve pairs of networks. They come up in ten seconds, and an hour
    later all of them are renewed at once, the old ones deleted. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    for _ in range(SUBNETS):
        sa.quick_mode().run()
        c.wait(0.5)
    c.wait(3300)
    for _ in range(SUBNETS):
        sa.quick_mode().run()
        sa.delete_esp(sa.initiator, after=2.0)


@scenario(expect=["cookie_invalid"], forbid=["dpd_fail"])
def invalid_cookie_ignored(c):
    """The responder restarts and forgets its SAs. It answers each liveness check of the initiator by INVALID-COOKIE in
    clear (frame 53 first), which the initiator does not believe: it goes on with the SA, and its ESP is lost."""
    sa = tunnel(c)
    there, back = esp_flows(sa)
    for _ in range(5):
        sa.alive(sa.initiator)
        sent_on((there, back), 3, 0.1)
    c.wait(20)
    for _ in range(5):
        there.send(84, 1)
        there.send(84, 1)
        sa.probe(sa.initiator, after=8)
        refuse(sa, ike.INVALID_COOKIE)
    elsewhere(c)


@scenario(expect=["delete_storm"], healthy=True)
def delete_storm(c):
    """The responder deletes twelve IPsec SAs, one by one, within five seconds."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    for _ in range(SUBNETS):
        sa.quick_mode().run()
    c.wait(60)
    for _ in range(SUBNETS):
        sa.delete_esp(sa.responder, after=0.4)


@scenario(expect=["child_fail"])
def ikev2_child_refused(c):
    """The initiator asks for a second Child SA, and the responder answers with a notify only; the first one goes
    on."""
    sa = v2_tunnel(c)
    flows = esp_flows(sa)
    sent_on(flows)
    asked = sa.request(sa.initiator, v2.CREATE_CHILD_SA, CHILD, after=5.0)
    sa.response(asked, NOTIFY, first=v2.NOTIFY)
    sent_on(flows, 10, 2.0)


@scenario(healthy=True, forbid=["child_fail"])
def ikev2_child_second(c):
    """The initiator asks for a second Child SA and gets it; nothing is sent on it yet. All is well."""
    sa = v2_tunnel(c)
    sent_on(esp_flows(sa))
    sa.child(sa.initiator, after=5.0)
    elsewhere(c)


@scenario(expect=["cfg_noaddr"], forbid=["xauth_fail"])
def cfg_no_quick_mode(c):
    """A client asks for an address by Mode-Config after Main Mode, and no Quick Mode follows in 40 s: the pool of
    addresses is empty."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    sa.transaction(sa.initiator)
    c.background(40)


@scenario(healthy=True, forbid=["cfg_noaddr", "xauth_fail"])
def cfg_quick_mode(c):
    """A client gets its address by Mode-Config, and Quick Mode follows. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    sa.transaction(sa.initiator)
    sa.quick_mode().run()
    esp_both_ways(sa)
    c.background(40)


@scenario(expect=["ts_mismatch"], forbid=["qm1_noresp"])
def qm_refused_networks(c):
    """The responder has no policy for the networks that Quick Mode asks for, and says INVALID-ID-INFORMATION in
    clear to each of three copies of QM1."""
    refused_quick_mode(c, ike.INVALID_ID_INFORMATION)


@scenario(expect=["wrong_group"], forbid=["qm1_noresp"])
def qm_refused_group(c):
    """The two ends want different Diffie-Hellman groups for PFS: INVALID-KEY-INFORMATION in clear answers each of
    three copies of QM1."""
    refused_quick_mode(c, ike.INVALID_KEY_INFORMATION)


def refused_quick_mode(c, notify):
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    sent = sa.quick_mode().qm1()
    for gap in (4.0, 7.2, None):
        refuse(sa, notify, c.rng.number())
        if gap:
            sent = c.repeat(sent, gap)
    elsewhere(c)


@scenario(healthy=True, forbid=["rekey_loop", "rekey_coll"])
def qm_many_subnets_reauth(c):
    """A tunnel with an IPsec SA for each of twelve pairs of networks. After 50 minutes a new Main Mode takes over, and
    a little later the IPsec SAs are renewed under it, one a second, the old ones deleted. All is well."""
    old = tunnel(c)
    for _ in range(SUBNETS - 1):
        old.quick_mode().run()
    c.wait(3000)
    new = IkeSa(c, old.initiator, old.responder)
    new.main_mode()
    c.wait(200)
    for _ in range(SUBNETS):
        new.quick_mode().run()
        new.delete_esp(new.initiator, after=1.0)


@scenario(healthy=True, forbid=["dpd_fail"])
def esp_deletes_idle(c):
    """Three IPsec SAs are idle, and the initiator deletes them one by one, a minute apart. Nothing answers a delete
    of IKEv1. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    for _ in range(3):
        sa.quick_mode().run()
    c.wait(540)
    for _ in range(3):
        sa.delete_esp(sa.initiator, after=60.0)
    c.background(10)


@scenario(healthy=True, forbid=["qm1_reject"])
def qm_rekey_crosses_end(c):
    """The initiator begins to rekey an IPsec SA, a liveness check of the responder crosses QM1, and the capture ends
    before QM2. All is well."""
    sa = tunnel(c)
    c.wait(600)
    sa.quick_mode().qm1()
    sa.probe(sa.responder, after=0.01)
