# SPDX-License-Identifier: GPL-2.0-or-later
"""What many scenarios are made of: hosts, a tunnel that comes up, its ESP, refusals, traffic of others."""
import ikewire as ike
import ladder
import ladder2
from ladder import EspFlow, IkeSa
from ladder2 import Ikev2Sa

STRONGSWAN_GAPS = (4, 7.2, 13, 23.3)  # between the copies of a message


# Hosts

def pair(c):
    """Two hosts with nothing special between them."""
    return c.host("10.1.0.2"), c.host("10.2.0.2")


def windows_pair(c):
    """A Windows XP client and a Windows Server 2003."""
    return c.host("192.0.2.10", ttl=128), c.host("198.51.100.20", ttl=128)


def behind_nat(c, client="192.168.1.10", public="203.0.113.7", server=None):
    """An initiator behind a NAT, and a responder, which may be there already."""
    inside = c.host(client)
    c.nat = ladder.Nat(inside, public)
    return inside, server or c.host("198.51.100.20")


# SAs

def mapped_sa(c, ends, ports, suite=ladder.LINUX_PSK):
    """An IKE SA through a NAT that changes the initiator's ports to these."""
    sa = IkeSa(c, *ends, suite)
    sa.mapped = ports
    return sa


def tunnel(c, suite=ladder.LINUX_PSK):
    """Main Mode and Quick Mode between two hosts, without trouble."""
    sa = IkeSa(c, *pair(c), suite)
    sa.main_mode()
    sa.quick_mode().run()
    return sa


def v2_tunnel(c, suite=ladder2.AES_SHA256):
    """IKE_SA_INIT and IKE_AUTH between two hosts, without trouble."""
    sa = Ikev2Sa(c, *pair(c), suite)
    sa.establish()
    return sa


# ESP

def esp_flows(sa, in_udp=None, kind=EspFlow):
    """ESP of a new Child SA: the initiator's direction and the responder's. In UDP when IKE has left port 500,
    unless in_udp says otherwise."""
    in_udp = sa.port != 500 if in_udp is None else in_udp
    return [kind(sa.conv, host, sa.peer(host), sa.ports(host) if in_udp else None)
            for host in (sa.initiator, sa.responder)]


def sent_on(flows, count=3, gap=0.02, back=0.02):
    """A few packets of two flows in turns, with these times before those of the first and of the second."""
    for _ in range(count):
        for flow, wait in zip(flows, (gap, back)):
            flow.send(84, wait)


def esp_both_ways(sa, count=3, gap=0.02, in_udp=None):
    """A few packets of a new Child SA in both directions."""
    sent_on(esp_flows(sa, in_udp), count, gap, gap)


# Refusals, and what others send

def refuse(sa, kind, msgid=0):
    """The responder says what it thinks of that, in clear."""
    sa.clear(sa.responder, "INFO", ike.INFORMATIONAL, [ike.notify_payload(kind)], msgid=msgid)


def no_version_1(sa):
    """The responder does not speak IKEv1 any more."""
    refuse(sa, ike.INVALID_MAJOR_VERSION, sa.conv.rng.number())


def elsewhere(c, step=3.0):
    """Ten seconds in which only other hosts send something, now and then."""
    c.nat = None
    c.background(10, step)
