# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of NAT traversal: each finding, and what looks like it and is none."""
import dataclasses

import ikewire as ike
import ladder
import ladder2
import ikev2wire as v2
from ladder import IkeSa, Nat, Suite
from ladder2 import Ikev2Sa
from registry import scenario
from steps import STRONGSWAN_GAPS, behind_nat, elsewhere, esp_both_ways, mapped_sa, pair

WINDOWS = Suite(ladder.XP_OFFERS, 1, vendors_i=ladder.XP_VENDORS, vendors_r=ladder.W2003_VENDORS,
                natd=ike.NATD_DRAFT)


class StayingSa(IkeSa):
    """The initiator stays on port 500, whatever NAT detection says."""

    def mm5(self, after=None, lose=()):
        suite = self.suite
        self.suite = dataclasses.replace(suite, natd=None)
        sent = super().mm5(after, lose)
        self.suite = suite
        return sent


def natted_tunnel(c):
    """A client whose ports the NAT changes, with a tunnel; captured at the server."""
    sa = mapped_sa(c, behind_nat(c), {500: 1001, 4500: 61001})
    sa.main_mode()
    sa.quick_mode().run()
    return sa


def keepalives(c, sa, count):
    """One every 20 s."""
    for _ in range(count):
        c.wait(20)
        c.datagram(sa.initiator, sa.responder, *sa.ports(sa.initiator), ike.KEEPALIVE)


# The float

@scenario(expect=["natt_nofloat", "natt_detected", "mm5_noresp"], vectors=[58])
def natt_nofloat(c):
    """Captured at the responder. NAT-D shows an initiator behind a NAT, but MM5 still comes from UDP 500 to
    500. The responder does not answer it; MM5 comes three more times, then other traffic."""
    sa = StayingSa(c, *behind_nat(c))
    sa.main_mode(last=4)
    mm5 = sa.mm5()
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(mm5, gap)
    elsewhere(c)


@scenario(expect=["natt_nofloat", "natt_detected", "auth_noresp"])
def ikev2_natt_nofloat(c):
    """Captured at the initiator. The response to IKE_SA_INIT shows that the initiator is behind a NAT, but
    IKE_AUTH goes to UDP 500 and has no response, although it is sent four times; other traffic follows."""
    inside, server = behind_nat(c)
    c.taps = ("inside",)
    sa = Ikev2Sa(c, inside, server)
    sa.init()
    request = sa.request(inside, v2.IKE_AUTH, ladder2.AUTH_REQUEST)
    for gap in STRONGSWAN_GAPS[:3]:
        sa.again(request, gap)
    elsewhere(c)


class UnseenAddressSa(IkeSa):
    """The capture sees another address of the initiator than both peers do."""

    def nat_ends(self, sender):
        ends = super().nat_ends(sender)
        return tuple(("192.168.77.2", port) if address == self.initiator.address else (address, port)
                     for address, port in ends)


@scenario(healthy=True, forbid=["natt_nofloat"])
def natt_capture_elsewhere(c):
    """Captured where a router has changed the initiator's address, which another router changes back: both
    peers hash the same addresses, find no NAT and stay on UDP 500. All is well."""
    sa = UnseenAddressSa(c, *pair(c))
    sa.main_mode()
    sa.quick_mode().run()


@scenario(expect=["natt_unasked"], forbid=["natd_missing"], healthy=True)
def natt_unasked(c):
    """The responder announces no NAT traversal, but the initiator goes to UDP 4500 with MM5, where the
    responder answers all the same."""
    sa = IkeSa(c, *pair(c), Suite(ladder.AES_OFFERS, vendors_r=("XAUTH", "DPD"), natd=None))
    sa.main_mode(last=4)
    sa.port = 4500
    sa.mm5()
    sa.mm6()
    sa.quick_mode().run()
    esp_both_ways(sa)


class OneSidedSa(IkeSa):
    """The responder announces NAT traversal and takes no part in NAT detection."""

    def natd(self, sender):
        return super().natd(sender) if sender is self.initiator else []


@scenario(expect=["natd_missing"], healthy=True)
def natd_missing(c):
    """Both sides announce RFC 3947, but MM4 has no NAT-D payloads. There is no NAT, and all is well."""
    sa = OneSidedSa(c, *pair(c))
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)


class WithoutDetection(Ikev2Sa):
    """The responder knows no NAT traversal."""

    def nat_detection(self, sender, spi_r):
        return super().nat_detection(sender, spi_r) if sender is self.initiator else []


@scenario(expect=["natd_missing"], healthy=True)
def ikev2_natd_missing(c):
    """The initiator asks for NAT detection, the responder of IKEv2 takes no part. All is well."""
    sa = WithoutDetection(c, *pair(c))
    sa.establish()
    esp_both_ways(sa)


# Ports

@scenario(expect=["natt_wrongport", "auth_ignored"])
def ikev2_auth_wrong_port(c):
    """The initiator is behind a NAT and moves to UDP 4500 with IKE_AUTH, but the responder answers each copy of it from
    port 500 (frame 4 first), where the NAT does not let it in."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.init()
    asked = sa.auth_req()
    answer = sa.answer(asked, 180)
    for gap in (None, *STRONGSWAN_GAPS[:3]):
        if gap:
            sa.again(asked, gap)
        c.wait(0.01)
        sa.port = 500
        sa.deliver(sa.responder, answer)
        sa.port = 4500
    elsewhere(c)


@scenario(expect=["natt_wrongport", "qm2_noreply"], forbid=["nat_rebind"])
def natt_wrongport(c):
    """Behind a NAT, Main Mode has moved to UDP 4500. The responder answers QM1 from port 500 to port 500, so
    that QM2 does not reach the initiator: QM1 comes three more times, then other traffic."""
    sa = IkeSa(c, *behind_nat(c))
    sa.main_mode()
    quick = sa.quick_mode()
    qm1 = quick.qm1()
    sa.port = 500
    qm2 = quick.qm2()
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(qm1, gap)
        c.repeat(qm2, 0.01)
    elsewhere(c)


@scenario(healthy=True, forbid=["natt_wrongport"])
def natt_late_copies(c):
    """The network delivers a second copy of MM3 only after the negotiation has moved to UDP 4500; the
    responder answers it with the same MM4 from UDP 500. All is well."""
    sa = IkeSa(c, *behind_nat(c))
    sa.mm1()
    sa.mm2()
    mm3, mm4 = sa.mm3(), sa.mm4()
    sa.mm5()
    sa.mm6()
    c.repeat(mm3, 0.8)
    c.repeat(mm4, 0.001)
    sa.quick_mode().run()
    esp_both_ways(sa)


# Mappings

@scenario(expect=["keepalive_gap", "nat_rebind"])
def keepalive_gap(c):
    """Captured at the responder, the initiator behind a NAT sends two keepalives, then nothing for 180 s. When
    it probes the responder again, the NAT has given it another port."""
    sa = natted_tunnel(c)
    keepalives(c, sa, 2)
    c.wait(180)
    sa.mapped[4500] = 61002
    sa.alive(sa.initiator, after=0.0)


@scenario(expect=["keepalive_gap", "qm1_noresp"])
def keepalive_gap_lost(c):
    """Captured at the responder. The initiator behind a NAT sends two keepalives, then nothing more. 200 s
    later the responder begins a Quick Mode and gets no answer to four copies of QM1; other traffic follows."""
    sa = natted_tunnel(c)
    keepalives(c, sa, 2)
    c.wait(200)
    qm1 = sa.quick_mode(sa.responder).qm1()
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(qm1, gap)
    elsewhere(c)


@scenario(healthy=True, forbid=["keepalive_gap"])
def keepalive_steady(c):
    """A client behind a NAT sends a keepalive every 20 s for five minutes and nothing else; then it renews the
    tunnel. All is well."""
    sa = natted_tunnel(c)
    keepalives(c, sa, 15)
    sa.quick_mode().run()


@scenario(expect=["natt_detected"], healthy=True, forbid=["nat_addrchg", "nat_rebind", "natt_wrongport"],
          vectors=[63])
def ikev2_nat_both_sides(c):
    """IKEv2 behind a NAT, captured on both sides of the router at once: every packet twice, with the source
    or destination changed. No mapping changes, and nothing is sent again."""
    inside, server = behind_nat(c)
    c.taps = ("inside", "outside")
    sa = Ikev2Sa(c, inside, server)
    sa.establish()
    for _ in range(3):
        sa.alive(inside)


def in_turns(c, negotiations, nats):
    """Main Mode of several SAs, message by message."""
    for step in ("mm1", "mm2", "mm3", "mm4", "mm5", "mm6"):
        for sa, nat in zip(negotiations, nats):
            c.nat = nat
            getattr(sa, step)()


def two_clients(c, idents):
    """Two clients that a NAT gives the same address and ports, at one server."""
    server = c.host("198.51.100.20")
    negotiations, nats = [], []
    for number, ident in enumerate(idents):
        client = c.host(f"192.168.1.{10 + number}")
        client.ident = ident
        nats.append(Nat(client, "203.0.113.7"))
        negotiations.append(IkeSa(c, client, server))
    in_turns(c, negotiations, nats)


@scenario(expect=["nat_clash"])
def nat_clash(c):
    """Captured at the responder: two clients negotiate at the same time, and their NAT lets both keep UDP 500
    and 4500 of its address. Only cookies and IP IDs tell them apart."""
    two_clients(c, (1000, 33000))


@scenario(healthy=True, forbid=["nat_clash"])
def nat_one_client(c):
    """Captured at the responder: one client behind a NAT negotiates two tunnels at the same time. It counts
    its packets once. All is well."""
    client, server = behind_nat(c)
    nat = c.nat
    in_turns(c, [IkeSa(c, client, server), IkeSa(c, client, server)], [nat, nat])


# Windows and a server behind a NAT

def windows_to_natted_server(c):
    """An SA of a Windows client with a server behind a NAT; captured beside the server."""
    client, server = c.host("192.0.2.10", ttl=128), c.host("192.168.5.20", ttl=128)
    c.nat, c.taps = Nat(server, "203.0.113.20"), ("inside",)
    return IkeSa(c, client, server, WINDOWS)


@scenario(expect=["win_natserver", "natt_detected"])
def win_natserver(c):
    """Captured beside a server behind a NAT: a Windows client completes Main Mode and Quick Mode, sends no
    ESP, and deletes everything 33 s later; other traffic follows."""
    sa = windows_to_natted_server(c)
    sa.main_mode()
    sa.quick_mode().run()
    c.wait(33)
    sa.delete_esp(sa.initiator)
    sa.delete(sa.initiator)
    elsewhere(c)


@scenario(expect=["natt_detected"], healthy=True, forbid=["win_natserver"])
def win_natserver_allowed(c):
    """Captured beside a server behind a NAT: a Windows client that is set up for such servers completes Main Mode and
    Quick Mode, ESP flows for a while, then the client deletes the tunnel. All is well."""
    sa = windows_to_natted_server(c)
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa, gap=2)
    sa.delete_esp(sa.initiator)
    sa.delete(sa.initiator)
    elsewhere(c)
