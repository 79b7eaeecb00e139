# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a log of charon: which packet held which message, and the lines that a person wants to see.

charon logs "generating QUICK_MODE request 123 [ HASH SA ... ]" and then, in the same thread, "sending
packet: from A[500] to B[500] (172 bytes)"; for what arrives "received packet: ..." and then "parsed ...".
A retransmit is sent without being generated again; a message in IKE fragments is generated once, and
then each fragment of it.
"""
import dataclasses
import re

LINE = re.compile(r"(\d+\.\d+) (\d+)\[(\w+)\] (.*)")
PACKET = re.compile(r"(sending|received) packet: from (\S+)\[(\d+)\] to (\S+)\[(\d+)\] \((\d+) bytes\)")
MESSAGE = re.compile(r"(generating|parsed) (\S+) (request|response) \d+ \[ ?(.*?) ?\]")
FRAGMENT = re.compile(r"(?:FRAG|EF)\(\d+(?:/\d+)?\)$")
RETRANSMIT = re.compile(r"sending retransmit|retransmitting|retransmit of re")
WORTH_KEEPING = re.compile(
    r"retransmit|giving up|established|establishing .* failed|NO_PROP|error|notify|fail|mismatch|invalid|decrypt"
    r"|splitting|reassembl|behind NAT|NAT mappings|faking|delet|DPD|keep alive|reauth|rekey|duplicate|ignor|roam"
    r"|address|cookie|INITIAL_CONTACT|initiating|queue", re.IGNORECASE)

# IKEv1: exchange -> the payload that tells, the label of the request, that of the response; first row wins
V1_LABELS = {
    "ID_PROT": (("SA", "MM1", "MM2"), ("KE", "MM3", "MM4"), ("ID", "MM5", "MM6"), ("HASH", "MM5", "MM6"),
                ("SIG", "MM5", "MM6")),
    "AGGRESSIVE": (("SA", "AM1", "AM2"), ("", "AM3", "AM3")),
    "QUICK_MODE": (("SA", "QM1", "QM2"), ("", "QM3", "QM2")),
    "TRANSACTION": (("", "TR1", "TR2"),),
    "INFORMATIONAL_V1": (("", "INFO", "INFO"),),
}


@dataclasses.dataclass
class Packet:
    """A packet that charon says it sent or received; label is empty when the log does not name it."""
    time: float
    sent: bool
    source: str
    source_port: int
    target: str
    target_port: int
    length: int
    label: str = ""


@dataclasses.dataclass
class Line:
    time: float
    group: str
    text: str


@dataclasses.dataclass
class _Thread:
    label: str = ""        # of the message generated last
    to_send: list = dataclasses.field(default_factory=list)
    received: Packet = None


class Log:
    """packets and lines of a log."""

    def __init__(self, text):
        self.packets, self.lines = [], []
        threads = {}
        for row in text.split("\n"):
            match = LINE.match(row)
            if match:
                time, thread, group, words = match.groups()
                self._add(float(time), threads.setdefault(thread, _Thread()), group, words)

    def _add(self, time, thread, group, words):
        packet, message = PACKET.match(words), MESSAGE.match(words)
        if packet:
            self._packet(time, thread, packet)
        elif message:
            self._message(thread, message)
        elif RETRANSMIT.search(words):
            thread.to_send = []
        if packet or message or WORTH_KEEPING.search(words):
            self.lines.append(Line(time, group, words))

    def _packet(self, time, thread, match):
        verb, source, source_port, target, target_port, length = match.groups()
        packet = Packet(time, verb == "sending", source, int(source_port), target, int(target_port), int(length))
        self.packets.append(packet)
        if packet.sent:
            packet.label = thread.to_send.pop(0) if thread.to_send else ""
        thread.received = None if packet.sent else packet

    @staticmethod
    def _message(thread, match):
        verb, exchange, role, payloads = match.groups()
        is_fragment = bool(FRAGMENT.match(payloads))
        if verb == "parsed":
            if thread.received and not is_fragment:
                thread.received.label = label(exchange, role, payloads.split())
        elif not is_fragment:
            thread.label = label(exchange, role, payloads.split())
            thread.to_send = [thread.label]
        else:
            if payloads.startswith(("FRAG(1", "EF(1/")) and len(thread.to_send) == 1:
                thread.to_send = []  # the whole message is not sent, its fragments are
            thread.to_send.append(thread.label)


def label(exchange, role, payloads):
    """The name of a message, as the truth files have it."""
    if exchange not in V1_LABELS:
        return f"{exchange}.{'req' if role == 'request' else 'resp'}"
    for payload, request, response in V1_LABELS[exchange]:
        if not payload or payload in payloads:
            return request if role == "request" else response
    return ""
