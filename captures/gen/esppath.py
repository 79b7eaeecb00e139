# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of what the path does to ESP: fragments that are dropped, ICMP errors about its packets."""
import ladder
import netwire
from ladder2 import Ikev2Sa
from registry import scenario
from steps import behind_nat, elsewhere, esp_flows, sent_on, v2_tunnel

ADMIN_PROHIBITED = 3, 13
PROTOCOL_UNREACHABLE = 3, 2
HOST_UNREACHABLE = 3, 1
FRAGMENTATION_NEEDED = 3, 4


def refused(c, flow, by, error, inner=84, mtu=0, after=1.0):
    """A packet of a flow, and an ICMP error about it."""
    packet = flow.send(inner, after)
    c.wait(0.01)
    c.icmp_error(by, flow.src, *error, ladder.Sent(flow.src, flow.dst, 0, 0, b"", None, packet), mtu)


# Ports of a NAT

@scenario(expect=["nat_stale"], but=["keepalive_gap"])
def nat_not_followed(c):
    """After two minutes of silence the NAT gives the client another port, from which its ESP comes (frame 25 first).
    The server answers liveness checks there, but its ESP goes on to the old port, which the NAT has forgotten."""
    sa, there, back = rebound(c, 121)
    for _ in range(20):
        there.send(84, 1)
        back.send(84, 0.5)
    sa.alive(sa.initiator)
    elsewhere(c)


@scenario(healthy=True, forbid=["nat_stale"])
def nat_followed(c):
    """After forty seconds of silence the NAT gives the client another port, from which its ESP comes. The server's ESP
    goes to the old port for two packets and then to the new one. All is well."""
    sa, there, back = rebound(c, 40)
    sent_on((there, back), 2, 1, 0.5)
    back.ports = (4500, 61002)
    sent_on((there, back), 18, 1, 0.5)
    sa.alive(sa.initiator)
    elsewhere(c)


def rebound(c, silence):
    """A tunnel whose initiator gets another port after so many seconds of silence, with its ESP both ways."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.mapped = {500: 1024, 4500: 61001}
    sa.establish()
    there, back = esp_flows(sa)
    sent_on((there, back), 10, 1)
    c.wait(silence)
    sa.mapped[4500] = 61002
    there.ports = (61002, 4500)
    return sa, there, back


# IP fragments

@scenario(expect=["esp_frag_loss"], forbid=["esp_frag"])
def esp_frag_loss(c):
    """The tunnel is up and pings pass, large transfers hang: of each packet that ESP makes too big for the MTU only
    the first fragment arrives at the initiator, where the capture was taken (frames 7, 10 ..)."""
    there, back = esp_flows(v2_tunnel(c))
    for _ in range(12):
        there.send(84, 1)
        back.send(84, 0.02)
        back.send(1480, 0.2, lose=(1,))
    elsewhere(c)


@scenario(expect=["esp_frag_loss"], healthy=True, forbid=["esp_frag"])
def esp_udp_frag_hidden(c):
    """ESP in UDP whose large packets travel in two fragments each, captured with a filter for ports, which later
    fragments do not have: they are not in the capture, whether they arrive or not."""
    there, back = esp_flows(udp_tunnel(c))
    for _ in range(12):
        there.send(84, 1)
        back.send(84, 0.02)
        back.send(1480, 0.2, lose=(1,))
    elsewhere(c)


def udp_tunnel(c):
    """A tunnel with an initiator behind a NAT."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.establish()
    return sa


# ICMP

@scenario(expect=["icmp_filtered"], but=["esp_oneway"])
def esp_icmp_filtered(c):
    """IKE passes, and a liveness check is answered, but a router rejects ESP: ICMP says for each packet that
    communication is administratively prohibited (frame 6 first)."""
    sa = v2_tunnel(c)
    there, _ = esp_flows(sa)
    router = c.host("10.0.0.1")
    for _ in range(8):
        refused(c, there, router, ADMIN_PROHIBITED, after=2)
    sa.alive(sa.initiator)
    elsewhere(c)


@scenario(expect=["icmp_unreach"], but=["esp_oneway"])
def esp_icmp_protocol(c):
    """The peer negotiates IPsec and does not take it: it answers each ESP packet with ICMP protocol unreachable
    (frame 6 first)."""
    sa = v2_tunnel(c)
    there, _ = esp_flows(sa)
    for _ in range(8):
        refused(c, there, sa.responder, PROTOCOL_UNREACHABLE, after=2)
    elsewhere(c)


@scenario(healthy=True, forbid=["icmp_unreach", "icmp_filtered", "pmtu", "esp_oneway"])
def esp_icmp_once(c):
    """A route was gone for a moment: ICMP says host unreachable about two ESP packets, then ESP goes on both ways.
    A forged error about an SPI that nobody uses does nothing either. All is well."""
    sa = v2_tunnel(c)
    there, back = esp_flows(sa)
    router = c.host("10.0.0.1")
    for number in range(20):
        if number in (8, 9):
            refused(c, there, router, HOST_UNREACHABLE)
            continue
        there.send(84, 1)
        back.send(84, 0.02)
    forged, _ = esp_flows(sa)
    c.icmp_error(router, sa.initiator, *ADMIN_PROHIBITED,
                 ladder.Sent(sa.initiator, sa.responder, 0, 0, b"", None, unsent(c, forged)))
    elsewhere(c)


def unsent(c, flow):
    """A packet of a flow that nobody captured."""
    return netwire.ip_packets(flow.src.address, flow.dst.address, netwire.ESP, flow.packet(84), 1, 64, c.mtu, False)[0]


@scenario(expect=["pmtu"])
def esp_pmtu_ignored(c):
    """Small packets pass both ways, large ones do not: a router says for each that it is too big, and names an MTU
    of 1400 (frame 8 first), but the sender goes on with packets of the same size."""
    there, back = esp_flows(wide_tunnel(c))
    router = c.host("10.0.0.1")
    for _ in range(10):
        there.send(84, 0.5)
        back.send(84, 0.02)
        refused(c, there, router, FRAGMENTATION_NEEDED, 1400, 1400, 0.5)
    elsewhere(c)


@scenario(healthy=True, forbid=["pmtu"])
def esp_pmtu_obeyed(c):
    """Path MTU discovery at work: a router says that two large ESP packets are too big, a farther one that the next
    is, and the sender makes smaller ones. All is well."""
    there, back = esp_flows(wide_tunnel(c))
    near, far = c.host("10.0.0.1"), c.host("10.0.1.1")
    for _ in range(2):
        refused(c, there, near, FRAGMENTATION_NEEDED, 1400, 1400, 0.1)
    for _ in range(4):
        refused(c, there, far, FRAGMENTATION_NEEDED, 1300, 1300, 0.5)
    for _ in range(10):
        there.send(1200, 0.5)
        back.send(84, 0.02)
    elsewhere(c)


def wide_tunnel(c):
    """A tunnel whose initiator lets nobody fragment its packets."""
    sa = Ikev2Sa(c, c.host("10.1.0.2", counts=False), c.host("10.2.0.2"))
    sa.establish()
    return sa
