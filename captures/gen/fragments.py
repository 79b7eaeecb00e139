# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of fragments: IP fragments that are missing, late, in tunnels or behind extension headers, path
MTUs, and what falls back to IKE fragments; each beside one that must stay silent."""
import dataclasses
import struct

import ikewire as ike
import ladder
import ladder2
import netwire
from findings import QUOTED_V4
from ladder import IkeSa, Note
from ladder2 import Ikev2Sa
from registry import scenario
from steps import STRONGSWAN_GAPS, elsewhere, esp_both_ways, pair, windows_pair

GRE, IP_IN_IP, VXLAN_PORT, DESTINATION_OPTIONS = 47, 4, 4789, 60


# Pieces that are missing

@scenario(expect=["ipfrag_loss"], healthy=True)
def ipfrag_headless(c):
    """The capture lost the first IP fragment of MM5, which has the ports: the second one is probably a piece
    of MM5, which was due. All is well."""
    sa = IkeSa(c, *windows_pair(c), ladder.XP_CERT)
    sa.main_mode(last=4)
    sa.mm5(lose=(0,))
    sa.mm6()
    sa.quick_mode().run()
    esp_both_ways(sa)


@scenario(forbid=["ipfrag_loss"], healthy=True)
def ipfrag_headless_other(c):
    """IP fragments of other datagrams between the peers whose first ones the capture lost: from the side that
    nothing is due from while MM5 is, and a minute after the negotiation. They are nobody's business."""
    sa = IkeSa(c, *windows_pair(c), ladder.XP_CERT)
    sa.main_mode(last=4)
    c.datagram(sa.responder, sa.initiator, 5000, 5000, c.rng.bytes(1652), lose=(0,))
    sa.mm5()
    sa.mm6()
    sa.quick_mode().run()
    c.wait(60)
    c.datagram(sa.initiator, sa.responder, 5000, 5000, c.rng.bytes(1652), lose=(0,))
    esp_both_ways(sa)


@scenario(expect=["ipfrag", "ipfrag_loss"], forbid=["ipfrag_overlap"], healthy=True)
def ipfrag_id_reuse_incomplete(c):
    """Of MM5 the capture holds the first IP fragment only. Ten seconds later the initiator sends it again, and
    its counter of IP IDs has come round: another datagram, no overlap. All is well."""
    sa = IkeSa(c, *windows_pair(c), ladder.XP_CERT)
    sa.main_mode(last=4)
    c.datagram(sa.initiator, sa.responder, 500, 500, sa.seal(ike.MAIN_MODE, 1624, first=ike.ID),
               Note("MM5", b"lost", (sa.cky_i,)), lose=(1,))
    sa.initiator.ident -= 1
    c.wait(10)
    sa.mm5()
    sa.mm6()
    sa.quick_mode().run()


# Where fragments are seen

def gre(ends, packet):
    return netwire.ipv4(*ends, GRE, struct.pack("!HH", 0, netwire.ETHERTYPE_IPV4) + packet, 0x5000)


def ip_in_ip(ends, packet):
    return netwire.ipv4(*ends, IP_IN_IP, packet, 0x5001)


def vxlan(ends, packet):
    inner = netwire.ethernet("020000000001", "020000000002", packet)
    head = struct.pack("!BBHI", 8, 0, 0, 42 << 8)
    return netwire.ipv4(*ends, netwire.UDP, netwire.udp(ends[0], 50000, ends[1], VXLAN_PORT, head + inner),
                        0x5002)


def seen_in_tunnel(c, sa, step, tunnel):
    """A message bare, and 0.1 ms later once more inside a tunnel."""
    start = len(c.frames)
    step()
    bare = c.frames[start:]
    for frame in bare:
        c.now += 100_000
        packet = frame.data[14:14 + int.from_bytes(frame.data[16:18], "big")]
        view = c.views(sa.initiator, sa.responder)[0]
        number = c.capture(view, tunnel(("10.200.0.1", "10.200.0.2"), packet))
        entry = next((x for x in c.truth if x["n"] == number - len(bare)), None)
        if entry and len(bare) == 1:
            c.truth.append({"n": number, "msg": entry["msg"], "any_copy": True})


@scenario(expect=["dup_capture", "ipfrag"], forbid=["retrans", "ipfrag_overlap"], healthy=True, vectors=[74])
def ipfrag_in_tunnels(c):
    """Captured where a tunnel begins: each packet bare and then inside GRE, IP in IP or VXLAN. One message
    each, doubled by the capture; MM5 in two IP fragments too."""
    c.rewritable = False  # a tunnel shows no addresses of its own
    sa = IkeSa(c, *windows_pair(c), ladder.XP_CERT)
    steps = (sa.mm1, sa.mm2, sa.mm3, sa.mm4, sa.mm5)
    for step, tunnel in zip(steps, (gre, ip_in_ip, vxlan, gre, ip_in_ip)):
        seen_in_tunnel(c, sa, step, tunnel)
    sa.mm6()
    sa.quick_mode().run()


@scenario(expect=["ipfrag"], healthy=True)
def ipfrag_vlan_reversed(c):
    """On a VLAN, MM5 and MM6 come in three IP fragments each, the last first, as old Linux sent them."""
    c.vlan, c.mtu = 7, 900
    sa = IkeSa(c, *windows_pair(c), ladder.XP_CERT)
    sa.main_mode(last=4)
    for step in (sa.mm5, sa.mm6):
        reversed_pieces(c, step)
    sa.quick_mode().run()


def reversed_pieces(c, step):
    """A message whose pieces come in reversed order."""
    start = len(c.frames)
    step()
    times = [frame.time_ns for frame in c.frames[start:]]
    pieces = c.frames[start:][::-1]
    c.frames[start:] = [dataclasses.replace(frame, time_ns=t) for frame, t in zip(pieces, times)]


@scenario(expect=["ipfrag"], healthy=True)
def ipfrag_ipv6_options(c):
    """MM5 over IPv6 in two fragments, with destination options before the fragment header and behind it."""
    client, server = c.host("2001:db8:1::2"), c.host("2001:db8:2::2")
    sa = IkeSa(c, client, server, ladder.LINUX_CERT)
    sa.main_mode(last=4)
    data = sa.seal(ike.MAIN_MODE, sa.suite.sealed_i, first=ike.ID)
    options = struct.pack("!BBHI", netwire.UDP, 0, 0x0104, 0)
    whole = options + netwire.udp(client.address, 500, server.address, 500, data)
    numbers = []
    for offset, piece, more in netwire.pieces(whole, 1400):
        head = struct.pack("!BBHI", netwire.IPV6_FRAGMENT, 0, 0x0104, 0)
        head += struct.pack("!BBHI", DESTINATION_OPTIONS, 0, offset | more, 0xBEEF)
        packet = netwire.ipv6(client.address, server.address, DESTINATION_OPTIONS, head + piece)
        numbers.append(c.capture(c.views(client, server)[0], packet, step=1))
    c.remember(client, numbers, 2, Note("MM5", data, (sa.cky_i, data[20:24])))
    sa.mm6()
    sa.quick_mode().run()


# ICMP

LONG_PACKET = dataclasses.replace(ladder.LINUX_CERT, sealed_i=1424, sealed_r=1296)


def told_mtu(c):
    """MM5 in one packet, and a router that names its MTU of 1400."""
    sa = IkeSa(c, c.host("10.1.0.2", counts=False), c.host("10.2.0.2"), LONG_PACKET)
    mm5 = sa.main_mode(last=5)
    router = c.host("10.0.0.1")
    c.wait(0.003)
    c.icmp_error(router, sa.initiator, 3, 4, mm5, 1400, QUOTED_V4)
    return sa, mm5, router


@scenario(expect=["pmtu"])
def pmtu_ignored(c):
    """A router names an MTU of 1400 by ICMP, but the initiator sends the same packet of 1480 bytes four times
    and nobody answers; other traffic follows."""
    sa, mm5, router = told_mtu(c)
    for gap in STRONGSWAN_GAPS[:3]:
        again = c.repeat(mm5, gap)
        c.wait(0.003)
        c.icmp_error(router, sa.initiator, 3, 4, again, 1400, QUOTED_V4)
    elsewhere(c)


@scenario(expect=["pmtu"], forbid=["authfail_cert"], healthy=True)
def pmtu_answered(c):
    """A router names an MTU of 1400 by ICMP; the initiator sends the same large packet again after 4 s, the
    route has changed, and it is answered. All is well."""
    sa, mm5, _ = told_mtu(c)
    c.repeat(mm5, 4)
    sa.mm6()
    sa.quick_mode().run()


@scenario(expect=["reasm_timeout", "ipfrag"])
def icmp_later_fragment(c):
    """The responder says by ICMP that the time for reassembly is exceeded and quotes the second IP fragment,
    which has no ports: its IP ID is that of MM5. Another error quotes a fragment of another datagram."""
    sa = IkeSa(c, *pair(c), ladder.LINUX_CERT)
    mm5 = sa.main_mode(last=5)
    second = dataclasses.replace(mm5, packet=c.frames[-1].data[14:])
    stranger = dataclasses.replace(mm5, packet=netwire.ipv4("10.1.0.2", "10.2.0.2", netwire.UDP, bytes(64),
                                                            0x7777, offset=1480))
    for quoted in (second, stranger):
        c.wait(10)
        c.icmp_error(sa.responder, sa.initiator, 11, 1, quoted, quote_length=28)
    elsewhere(c)


# IKE fragments

@scenario(expect=["v1frag_unannounced", "v1frag"], healthy=True)
def v1frag_unannounced(c):
    """The responder does not announce that it knows IKE fragments, but takes MM5 in two of them."""
    sa = IkeSa(c, *pair(c), dataclasses.replace(ladder.LINUX_CERT, vendors_r=("DPD", "RFC 3947")))
    sa.main_mode(last=4)
    sa.in_fragments(sa.initiator, "MM5", sa.seal(ike.MAIN_MODE, sa.suite.sealed_i, first=ike.ID), 1, 1280)
    sa.mm6()
    sa.quick_mode().run()


@scenario(expect=["skf_fallback", "skf", "ipfrag"], forbid=["v2_msgid_reuse"], healthy=True)
def ikev2_skf_fallback(c):
    """IKE_AUTH goes in two IP fragments first, 4 s later in IKE fragments, which are answered."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    asked = sa.auth_req(1900)
    sa.packet_length = 1280
    sa.again(asked, 4.0)
    sa.response(asked, ladder2.AUTH_RESPONSE)
    esp_both_ways(sa)


@scenario(expect=["skf", "retrans"], forbid=["v2_msgid_reuse", "big_message", "skf_fallback"], healthy=True)
def ikev2_skf_again(c):
    """IKE_AUTH of 3.4 kbytes goes in IKE fragments at once, and in the same ones again: no fallback, and no
    message that is too big."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    sa.packet_length = 1280
    asked = sa.auth_req(3400)
    sa.again(asked, 4.0)
    sa.response(asked, ladder2.AUTH_RESPONSE)
    esp_both_ways(sa)


@scenario(expect=["big_message", "ipfrag"], healthy=True)
def ikev2_big_message(c):
    """IKE_AUTH of 3.4 kbytes without IKE fragments, in three IP fragments; it is answered."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    asked = sa.auth_req(3400)
    sa.response(asked, ladder2.AUTH_RESPONSE)
    esp_both_ways(sa)
