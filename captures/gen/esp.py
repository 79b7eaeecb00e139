# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of ESP and AH: which negotiation they belong to, traffic one way only, sequence numbers, NAT,
and ESP without encryption with what it carries."""
import struct

import ikev2wire as v2
import ikewire as ike
import netwire
from ladder import EspFlow, IkeSa
from ladder2 import Ikev2Sa
from registry import scenario
from steps import behind_nat, elsewhere, esp_both_ways, esp_flows, pair, sent_on, tunnel, v2_tunnel, windows_pair

AH = 51
L2TP_PORT = 1701


def jump(flow, seq):
    """The next packet of the flow has this number."""
    flow.seq = seq - 1


# One direction

@scenario(expect=["esp_oneway"])
def esp_oneway(c):
    """The tunnel is up, and ESP goes to the responder for 28 s; what comes back is lost behind a filter that
    drops protocol 50. IKE itself passes: a liveness check is answered."""
    sa = v2_tunnel(c)
    there, _ = esp_flows(sa)
    for _ in range(15):
        there.send(84, 2.0)
    sa.alive(sa.initiator)


@scenario(healthy=True, forbid=["esp_oneway"])
def esp_rekey_overlap(c):
    """A Child SA is rekeyed: the initiator sends on the new SPI at once, the responder goes on with the old one
    for 20 s. All is well."""
    sa = v2_tunnel(c)
    there, back = esp_flows(sa)
    sent_on((there, back), 5, 0.5)
    sa.child(sa.initiator)
    new_there, new_back = esp_flows(sa)
    sent_on((new_there, back), 10, 2.0)
    sent_on((new_there, new_back), 3, 1.0)


@scenario(expect=["esp_oneway"], healthy=True)
def esp_return_stops(c):
    """ESP goes both ways for two minutes, each packet soon followed by one the other way. Then nothing comes back for
    five minutes (from frame 125 on), although the responder answers each liveness check of IKE."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.establish()
    there, back = esp_flows(sa)
    sent_on((there, back), 60, 1, 1)
    for _ in range(10):
        for _ in range(15):
            there.send(84, 2.0)
        sa.alive(sa.initiator, after=0.1)
    elsewhere(c)


@scenario(expect=["esp_oneway"])
def esp_delete_ignored(c):
    """The responder's lifetime is the shorter one: it deletes the IPsec SA by an Informational (frame 70), and the
    initiator goes on with it for a minute. Nothing comes back, and there is no new Quick Mode."""
    sa = tunnel(c)
    there, back = esp_flows(sa)
    sent_on((there, back), 30, 10, 10)
    sa.delete_esp(sa.responder)
    for _ in range(30):
        there.send(84, 2.0)
    elsewhere(c)


@scenario(healthy=True, forbid=["esp_oneway"])
def esp_stream(c):
    """A stream to the responder, of which it says something now and then: a packet back after every ten. Then it is
    silent for a while. All is well."""
    sa = v2_tunnel(c)
    there, back = esp_flows(sa)
    for _ in range(25):
        for _ in range(10):
            there.send(1200, 0.1)
        back.send(84, 0.1)
    for _ in range(100):
        there.send(1200, 0.5)
    sa.alive(sa.initiator)
    elsewhere(c)


@scenario(expect=["esp_early"], healthy=True)
def esp_early(c):
    """The initiator sends ESP with the first number of a new SPI between QM1 and QM2: keys set by hand, or
    packets that overtook each other."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode()
    quick.qm1()
    there = EspFlow(c, sa.initiator, sa.responder)
    there.send(84)
    quick.qm2()
    quick.qm3()
    esp_both_ways(sa)


@scenario(expect=["esp_after_qm2"], healthy=True)
def esp_before_connected(c):
    """A Quick Mode with the commit bit: the initiator sends ESP after QM3, before the CONNECTED notify (QM4) of
    the responder. That packet may be lost; all is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode(commit=True)
    quick.qm1()
    quick.qm2()
    quick.qm3()
    there, back = esp_flows(sa)
    there.send(84)
    quick.qm4()
    sent_on((there, back), 3, 0.02)


@scenario(expect=["esp_after_delete", "spi_invalid"])
def esp_after_restart(c):
    """A peer restarts and forgets its SAs. It says INVALID_SPI in clear to the first ESP packet after that,
    which the sender does not believe: its ESP goes on for 20 s, and nothing comes back."""
    sa = v2_tunnel(c)
    there, back = esp_flows(sa)
    sent_on((there, back), 5, 0.2)
    c.wait(40)
    there.send(84)
    stranger = Ikev2Sa(c, sa.responder, sa.initiator)
    stranger.unprotected(sa.responder, v2.INFORMATIONAL, [v2.notify(v2.INVALID_SPI,
                                                                    there.spi.to_bytes(4, "big"))], 0,
                         response=False)
    for _ in range(10):
        there.send(84, 2.0)


@scenario(expect=["esp_after_delete"])
def esp_after_delete(c):
    """The initiator deletes the IKE SA, which the responder confirms by an empty response; but the responder's
    ESP goes on for 20 s."""
    sa = v2_tunnel(c)
    there, back = esp_flows(sa)
    sent_on((there, back), 5, 0.2)
    sa.delete(sa.initiator, after=5.0)
    for _ in range(10):
        back.send(84, 2.0)


# Sequence numbers

@scenario(expect=["spi_reuse"])
def esp_spi_reuse(c):
    """A sender restarts with old keys: after eleven minutes of silence its ESP begins anew with number 1 on the
    same SPI."""
    there, back = esp_flows(v2_tunnel(c))
    sent_on((there, back), 100, 0.01, 0.01)
    c.wait(660)
    jump(there, 1)
    sent_on((there, back), 5, 0.2, 0.2)


@scenario(expect=["esp_seq_wrap"])
def esp_seq_wrap(c):
    """A long-lived IPsec SA, captured late: the packet numbers of one side are near the largest."""
    there, back = esp_flows(v2_tunnel(c))
    jump(there, 0xFFF80000)
    sent_on((there, back), 10, 0.2)


@scenario(healthy=True, forbid=["esp_seq_wrap", "spi_reuse", "esp_replay"])
def esp_extended_numbers(c):
    """Extended sequence numbers: the lower half that ESP shows goes past the largest and on from 0. All is
    well."""
    there, back = esp_flows(v2_tunnel(c))
    jump(there, 0xFFFFFFFA)
    for number in range(12):
        if number == 6:
            jump(there, 0)
        there.send(84, 0.2)
        back.send(84, 0.02)


@scenario(expect=["esp_replay"], healthy=True)
def esp_replay(c):
    """Three ESP packets come again half a second later, each in an IP packet of its own: replayed, or doubled
    by a queue. The receiver drops them."""
    there, back = esp_flows(v2_tunnel(c))
    for number in range(60):
        sent = there.send(84, 0.1)
        back.send(84, 0.02)
        if number % 20 == 5:
            c.wait(0.5)
            jump(there, there.seq)
            there.send(84)
    assert sent


@scenario(healthy=True, forbid=["esp_replay"])
def esp_mirrored(c):
    """A mirror port shows every packet of a tunnel twice, with the same IP ID: nothing came twice."""
    c.mirrored = True
    there, back = esp_flows(v2_tunnel(c))
    sent_on((there, back), 20, 0.1)


@scenario(expect=["esp_loss"], healthy=True)
def esp_loss(c):
    """ESP from a path that loses packets: of one direction the numbers 4, 9 and 10 are missing."""
    there, back = esp_flows(v2_tunnel(c))
    for number in range(1, 16):
        if number in (4, 9, 10):
            there.packet(84)
            continue
        there.send(84, 0.1)
        back.send(84, 0.02)


@scenario(expect=["esp_loss"], healthy=True)
def esp_loss_one_way(c):
    """A line or a policer drops one packet in ten of what comes back; of the other direction nothing is missing, so it is
    not the capture that loses packets."""
    there, back = esp_flows(v2_tunnel(c))
    for number in range(300):
        if number % 10 == 5:
            back.packet(1200)
        else:
            back.send(1200, 0.02)
        there.send(84, 0.01)


@scenario(expect=["esp_frag"], healthy=True, forbid=["esp_frag_loss"])
def esp_frag(c):
    """Full-sized packets grow by ESP beyond the MTU and travel in two IP fragments each."""
    there, back = esp_flows(v2_tunnel(c))
    for _ in range(5):
        there.send(1480, 0.1)
        back.send(84, 0.02)


# NAT

@scenario(expect=["esp_notencap", "natt_detected"], vectors=[62])
def esp_notencap(c):
    """The initiator is behind a NAT and IKE moves to UDP 4500, but both sides send ESP without UDP."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.init()
    sa.float_port()
    sa.auth()
    esp_both_ways(sa, count=5, in_udp=False)


@scenario(expect=["ah_nat", "natt_detected"])
def ah_nat(c):
    """The initiator is behind a NAT, and the policy wants AH, which no NAT lets through unharmed."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.init()
    sa.float_port()
    sa.auth()
    ah_both_ways(c, sa)


@scenario(healthy=True, forbid=["ah_nat", "esp_oneway"])
def ah_tunnel(c):
    """AH between two hosts without a NAT. All is well."""
    ah_both_ways(c, v2_tunnel(c))


def ah_both_ways(c, sa):
    """AH packets (RFC 4302 2) of a Child SA: next header, length, SPI, number, ICV, then the content."""
    spis = c.rng.number(), c.rng.number()
    for seq in range(1, 6):
        for spi, src, dst in ((spis[0], sa.initiator, sa.responder), (spis[1], sa.responder, sa.initiator)):
            packet = struct.pack("!BBHII", 6, 4, 0, spi, seq) + c.rng.bytes(12) + c.rng.bytes(40)
            c.wait(0.05)
            c.transmit(src, dst, AH, lambda view, data=packet: data)


# ESP without encryption

class NullFlow(EspFlow):
    """ESP with the NULL cipher and HMAC-SHA1-96 (RFC 2410): its content is in clear."""

    def transport(self, protocol, content, after=0.02):
        """Send a content of this protocol (RFC 4303 2)."""
        self.seq += 1
        padding = -(len(content) + 2) % 4
        trailer = bytes(range(1, padding + 1)) + bytes([padding, protocol])
        data = struct.pack("!II", self.spi, self.seq) + content + trailer + self.conv.rng.bytes(ike.ESP_ICV)
        self.conv.wait(after)
        if self.ports:
            return self.conv.datagram(self.src, self.dst, *self.ports, data, with_checksum=False)
        return self.conv.transmit(self.src, self.dst, netwire.ESP, lambda view: data)

    def l2tp(self, content, after=0.02):
        """Send L2TP, in UDP from port 1701 to port 1701."""
        return self.transport(netwire.UDP, netwire.udp(self.src.address, L2TP_PORT, self.dst.address,
                                                       L2TP_PORT, content), after)


def l2tp_control(tunnel_id, number, expected, message_type):
    """An L2TP control message (RFC 2661 3.1) with its message type AVP; type None: an acknowledgement."""
    avps = b"" if message_type is None else struct.pack("!HHHH", 0x8008, 0, 0, message_type)
    return struct.pack("!HHHHHH", 0xC802, 12 + len(avps), tunnel_id, 0, number, expected) + avps


def l2tp_data(tunnel_id, session, content):
    return struct.pack("!HHH", 0x0002, tunnel_id, session) + content


def null_tunnel(c):
    """L2TP over IPsec between Windows hosts whose policy was lowered to NULL to read it."""
    sa = IkeSa(c, *windows_pair(c))
    sa.main_mode()
    sa.quick_mode().run()
    return esp_flows(sa, kind=NullFlow)


@scenario(expect=["esp_null"], healthy=True, forbid=["l2tp_hint"])
def esp_null_l2tp(c):
    """ESP-NULL that carries an L2TP tunnel: SCCRQ, SCCRP, SCCCN, then PPP data both ways. All is well."""
    client, server = null_tunnel(c)
    client.l2tp(l2tp_control(0, 0, 0, 1))
    server.l2tp(l2tp_control(7, 0, 1, 2))
    client.l2tp(l2tp_control(9, 1, 1, 3))
    server.l2tp(l2tp_control(7, 1, 2, None))
    for _ in range(5):
        client.l2tp(l2tp_data(9, 1, b"\xff\x03\xc0\x21" + c.rng.bytes(20)))
        server.l2tp(l2tp_data(7, 1, b"\xff\x03\xc0\x21" + c.rng.bytes(20)))


@scenario(expect=["esp_null", "l2tp_hint"], but=["esp_oneway"])
def esp_null_l2tp_unanswered(c):
    """The IPsec tunnel (ESP-NULL) is up, but the L2TP server does not answer: SCCRQ is sent five times in 15 s,
    nothing comes back; other traffic follows."""
    client, _ = null_tunnel(c)
    for after in (0.05, 1, 2, 4, 8):
        client.l2tp(l2tp_control(0, 0, 0, 1), after)
    c.background(10)


@scenario(expect=["esp_null"], healthy=True)
def esp_null_tunnel(c):
    """ESP-NULL in tunnel mode: IPv4 packets with DNS of the networks behind the gateways."""
    sa = v2_tunnel(c)
    there, back = esp_flows(sa, kind=NullFlow)
    for number in range(5):
        for flow, src, dst in ((there, "10.10.1.5", "10.10.2.9"), (back, "10.10.2.9", "10.10.1.5")):
            inner = netwire.udp(src, 40000, dst, 53, c.rng.bytes(30))
            flow.transport(4, netwire.ipv4(src, dst, netwire.UDP, inner, number))
