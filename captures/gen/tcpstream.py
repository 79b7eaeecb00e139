# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP connections: sequence numbers, and IKE and ESP in the stream (RFC 8229, RFC 9329)."""
import dataclasses

import ikev2wire as v2
import ikewire as ike
import netwire

FIN, SYN, PUSH, ACK = 0x01, 0x02, 0x08, 0x10
FIRST_NUMBER = 1000


@dataclasses.dataclass
class Segment:
    """A segment that was sent, for sending it again."""
    sender: object
    seq: int
    ack: int
    flags: int
    data: bytes


class TcpConnection:
    """A connection of a client to a server; it counts what either has sent."""

    def __init__(self, conv, client, server, client_port, server_port):
        self.conv, self.client, self.server = conv, client, server
        self.ports = {client: client_port, server: server_port}
        self.following = {client: FIRST_NUMBER, server: FIRST_NUMBER}

    def peer(self, host):
        return self.server if host is self.client else self.client

    def segment(self, sender, flags, data=b"", note=None):
        """Send the next segment of a host."""
        ack = self.following[self.peer(sender)] if flags & ACK else 0
        made = Segment(sender, self.following[sender], ack, flags, data)
        self.following[sender] += len(data) + bool(flags & SYN) + bool(flags & FIN)
        self.transmit(made, note)
        return made

    def transmit(self, segment, note=None):
        """Send a segment, perhaps not for the first time."""
        src, dst = segment.sender, self.peer(segment.sender)
        self.conv.transmit(src, dst, netwire.TCP, lambda view: netwire.tcp(
            view.src, self.ports[src], view.dst, self.ports[dst], segment.seq, segment.ack, segment.flags,
            segment.data), note)

    def open(self, gap=0.0005):
        """The three segments that make a connection."""
        for sender, flags in ((self.client, SYN), (self.server, SYN | ACK), (self.client, ACK)):
            self.conv.wait(gap)
            self.segment(sender, flags)


def framed_ike(note):
    return v2.framed(ike.NON_ESP_MARKER + note.data)


class EncapsulatingConnection(TcpConnection):
    """A connection for IKE and ESP; its originator sends the stream prefix before anything else."""

    prefix = b""  # still to be sent, with the first message

    def open(self, gap=0.005, prefix_alone=True):
        super().open(gap)
        if prefix_alone:
            self.segment(self.client, PUSH | ACK, v2.TCP_PREFIX)
        else:
            self.prefix = v2.TCP_PREFIX

    def message(self, sender, note, cuts=()):
        """An IKE message in one segment, or in several that begin at these bytes of it."""
        stream, self.prefix = self.prefix + framed_ike(note), b""
        ends = (*cuts, len(stream))
        sent = []
        for start, end in zip((0, *cuts), ends):
            part = dataclasses.replace(note, piece=end < len(stream))
            sent.append(self.segment(sender, PUSH | ACK, stream[start:end], part))
            self.conv.wait(0.00002)
        return sent

    def together(self, sender, notes):
        """Several IKE messages in one segment."""
        self.segment(sender, PUSH | ACK, b"".join(framed_ike(note) for note in notes))
        self.conv.remember_several(sender, len(self.conv.frames), notes)

    def esp(self, flow, inner_length, behind=None):
        """A packet of an EspFlow, perhaps behind an IKE message in the same segment."""
        ahead = framed_ike(behind) if behind else b""
        return self.segment(flow.src, PUSH | ACK, ahead + v2.framed(flow.packet(inner_length)), behind)
