# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of ESP in UDP: in IP fragments, refused before its SA is ready, and what else uses port 4500."""
import struct

import ikev2wire as v2
from ladder2 import NO_SPI, Ikev2Sa
from registry import scenario
from steps import behind_nat, esp_flows, pair, sent_on

NATT_PORTS = (4500, 4500)
WIREGUARD_INITIATION, WIREGUARD_RESPONSE, WIREGUARD_DATA = 1, 2, 4  # https://www.wireguard.com/protocol/


@scenario(expect=["esp_frag"], forbid=["esp_oneway", "esp_loss", "esp_frag_loss"], healthy=True)
def esp_udp_frag(c):
    """The initiator is behind a NAT. All its ESP packets in UDP are too big and travel in two IP fragments; small
    ones come back for 20 s."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.init()
    sa.float_port()
    sa.auth()
    there, back = esp_flows(sa)
    for _ in range(10):
        there.send(1480, 2.0)
        back.send(84, 0.02)


@scenario(healthy=True, forbid=["esp_replay", "esp_seq_wrap", "esp_loss"])
def wireguard_4500(c):
    """WireGuard on UDP 4500: a handshake and data both ways. It is no ESP, although its type stands where ESP has an
    SPI, and the receiver's index where ESP has a number."""
    one, other = pair(c)
    c.datagram(one, other, *NATT_PORTS, struct.pack("<BxxxI", WIREGUARD_INITIATION, 0xFFFFB00F) + c.rng.bytes(140))
    c.wait(0.03)
    answer = struct.pack("<BxxxII", WIREGUARD_RESPONSE, 0xFFFA1234, 0xFFFFB00F) + c.rng.bytes(80)
    c.datagram(other, one, *NATT_PORTS, answer)
    for counter in range(20):
        for sender, receiver, index in ((one, other, 0xFFFA1234), (other, one, 0xFFFFB00F)):
            c.wait(0.4)
            data = struct.pack("<BxxxIQ", WIREGUARD_DATA, index, counter) + c.rng.bytes(96)
            c.datagram(sender, receiver, *NATT_PORTS, data)


@scenario(expect=["spi_invalid"], forbid=["esp_after_delete", "cookie_invalid"], healthy=True)
def esp_early_refused(c):
    """The initiator's first ESP packet comes before the responder has set up the Child SA: it says INVALID_SPI in
    clear, with zeros for the SPIs of an IKE SA. A moment later ESP flows both ways for 20 s."""
    sa = Ikev2Sa(c, *pair(c))
    sa.establish()
    there, back = esp_flows(sa)
    there.send(84)
    stranger = Ikev2Sa(c, sa.responder, sa.initiator, spi_i=NO_SPI)
    stranger.spi_r = NO_SPI
    refused = there.spi.to_bytes(4, "big")
    stranger.unprotected(sa.responder, v2.INFORMATIONAL, [v2.notify(v2.INVALID_SPI, refused)], 0, response=False)
    for _ in range(10):
        there.send(84, 2.0)
        back.send(84, 0.02)


@scenario(healthy=True, forbid=["esp_notencap"])
def mobike_leaves_nat(c):
    """A client behind a NAT moves to a network without one (RFC 4555), where NAT detection is encrypted. ESP goes on
    outside UDP, as it should."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.init()
    sa.float_port()
    sa.auth()
    c.nat = None
    sa.initiator.address = "192.0.2.99"
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, 8 + 2 * 28, after=4.0)
    sa.response(asked, 2 * 28)
    sa.child(sa.initiator)
    sent_on(esp_flows(sa, in_udp=False), 5, 0.5)
