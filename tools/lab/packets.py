# SPDX-License-Identifier: GPL-2.0-or-later
"""From the frames of a capture to IKE messages: Ethernet, IP with its fragments, UDP, IKE header.

    for message in ike_messages(pcapfile.read("i.pcap")):
        print(message.frames, message.source, message.exchange)
"""
import dataclasses
import ipaddress
import struct

IPV4, IPV6 = 0x0800, 0x86DD
UDP, IPV6_FRAGMENT = 17, 44
IKE_PORT = 500
IKE_HEADER = 28
NON_ESP_MARKER = bytes(4)
V1_FRAGMENT, SKF = 132, 53
PREFIX = 600  # bytes of IKE that the first IP fragment holds for certain


@dataclasses.dataclass
class Datagram:
    """An IP payload, of one frame or of several fragments."""
    source: str
    target: str
    protocol: int
    time: float                                 # of its last frame so far
    frames: list = dataclasses.field(default_factory=list)
    parts: dict = dataclasses.field(default_factory=dict)  # offset -> bytes
    length: int = -1                            # unknown until the last fragment is seen

    @property
    def complete(self):
        at = 0
        while at in self.parts and self.parts[at] and at != self.length:
            at += len(self.parts[at])
        return at == self.length

    @property
    def data(self):
        """All of it when complete, else what the first fragment has."""
        if not self.complete:
            return self.parts.get(0, b"")
        return b"".join(self.parts[at] for at in sorted(self.parts))


@dataclasses.dataclass
class Message:
    """An IKE message, or an IKE fragment, or as much of one as its first IP fragment shows."""
    frames: list
    time: float
    source: str
    target: str
    source_port: int
    target_port: int
    data: bytes            # without non-ESP marker
    length: int            # as the sender's log counts it
    complete: bool         # no IP fragment is missing
    initiator_spi: bytes
    responder_spi: bytes
    version: int
    exchange: int
    flags: int
    message_id: int
    fragment: tuple = ()   # (number, is last) of an IKE fragment
    label: str = ""
    label_from: str = ""   # sender, receiver, wire

    @property
    def number(self):
        """The frame that carries the message: the one that completes it, else the first."""
        return self.frames[-1] if self.complete else self.frames[0]

    @property
    def prefix(self):
        return self.data[:PREFIX]


def ike_messages(capture):
    """The messages of a capture, in the order of their first frames."""
    messages = []
    for datagram in datagrams(capture):
        message = as_ike(datagram)
        if message:
            messages.append(message)
    return messages


def datagrams(capture):
    found, waiting = [], {}
    for number, frame in enumerate(capture.frames, 1):
        packet = ip_packet(frame.data)
        if not packet:
            continue
        source, target, protocol, ident, offset, more, payload = packet
        key = (source, target, protocol, ident)
        datagram = waiting.get(key) if ident is not None else None
        if datagram is None or datagram.complete:
            datagram = waiting[key] = Datagram(source, target, protocol, 0)
            found.append(datagram)
        datagram.time = frame.time_ns / 1e9
        datagram.frames.append(number)
        datagram.parts[offset] = payload
        if not more:
            datagram.length = offset + len(payload)
    return found


def ip_packet(frame):
    """(source, target, protocol, identification or None, offset, more fragments, payload), None if not IP."""
    if len(frame) < 14:
        return None
    kind = struct.unpack_from(">H", frame, 12)[0]
    packet = frame[14:]
    if kind == IPV4 and len(packet) >= 20:
        return ipv4_packet(packet)
    if kind == IPV6 and len(packet) >= 40:
        return ipv6_packet(packet)
    return None


def ipv4_packet(packet):
    length, ident, fragment = struct.unpack_from(">HHH", packet, 2)
    source, target = (str(ipaddress.ip_address(packet[at:at + 4])) for at in (12, 16))
    offset, more = (fragment & 0x1FFF) * 8, bool(fragment & 0x2000)
    payload = packet[(packet[0] & 15) * 4:length]
    return source, target, packet[9], ident if offset or more else None, offset, more, payload


def ipv6_packet(packet):
    source, target = (str(ipaddress.ip_address(packet[at:at + 16])) for at in (8, 24))
    protocol, payload = packet[6], packet[40:40 + struct.unpack_from(">H", packet, 4)[0]]
    if protocol != IPV6_FRAGMENT:
        return source, target, protocol, None, 0, False, payload
    fragment, ident = struct.unpack_from(">HI", payload, 2)
    return source, target, payload[0], ident, fragment & ~7, bool(fragment & 1), payload[8:]


def as_ike(datagram):
    """The Message in a datagram, None when there is none: ESP, a keepalive, other protocols."""
    ike = ike_in_udp(datagram.data) if datagram.protocol == UDP else b""
    if not ike:
        return None
    source_port, target_port, udp_length = struct.unpack_from(">HHH", datagram.data)
    length = udp_length - (len(datagram.data) - len(ike))  # without UDP header and non-ESP marker
    version, exchange, flags, message_id = struct.unpack_from(">BBBI", ike, 17)
    return Message(datagram.frames, datagram.time, datagram.source, datagram.target, source_port, target_port,
                   ike, length, datagram.complete, ike[:8], ike[8:16], version >> 4, exchange, flags,
                   message_id, ike_fragment(ike))


def ike_in_udp(datagram):
    """What of an IKE message is in a UDP datagram or in its first IP fragment, b"" when it is none."""
    if len(datagram) < 8:
        return b""
    ike = datagram[8:]
    if IKE_PORT not in struct.unpack_from(">HH", datagram):
        if ike[:4] != NON_ESP_MARKER:
            return b""
        ike = ike[4:]
    return ike if len(ike) >= IKE_HEADER else b""


def ike_fragment(ike):
    """(number, is last) of an IKE fragment, () of other messages."""
    next_payload = ike[16]
    if next_payload == V1_FRAGMENT and len(ike) >= 36:
        return ike[34], bool(ike[35])
    if next_payload == SKF and len(ike) >= 36:
        number, total = struct.unpack_from(">HH", ike, 32)
        return number, number == total
    return ()
