# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads pcap and pcapng capture files, writes pcapng. Standard library only.

    capture = read("in.pcap")
    for frame in capture.frames:
        print(frame.time_ns, len(frame.data))
    write("out.pcapng", capture)

A capture is a list of frames in file order. What is kept of a frame: its time in nanoseconds since 1970,
its link type (1 is Ethernet, 101 is raw IP), its bytes, its length on the wire (larger than the number of
bytes when the capture cut it short) and the interface that it was captured on, numbered from 0 over the
file. Comments, interface names and statistics are not kept.

pcap: both byte orders, microseconds and nanoseconds.
pcapng: both byte orders, several sections, enhanced, simple and obsolete packet blocks, any time
resolution. A simple packet block has no time: its time is 0.

Whatever is wrong with a file, read() raises ValueError and says what and where.
"""
import dataclasses
import pathlib
import struct

SNAPLEN = 262144  # what we write as the longest packet, and the longest one that Wireshark accepts

# pcapng block types
SECTION_HEADER = 0x0A0D0D0A  # reads the same in both byte orders
INTERFACE_DESCRIPTION = 1
OBSOLETE_PACKET = 2
SIMPLE_PACKET = 3
ENHANCED_PACKET = 6
BYTE_ORDER_MAGIC = 0x1A2B3C4D

# pcapng options of an interface description
OPTION_END = 0
OPTION_TSRESOL = 9
OPTION_TSOFFSET = 14

# The first four bytes of a pcap file: byte order, and how many nanoseconds the fraction counts in.
PCAP_MAGICS = {
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
}


@dataclasses.dataclass
class Frame:
    """One captured packet."""
    time_ns: int
    linktype: int
    data: bytes
    wire_length: int = -1  # -1: as many bytes as data has
    interface: int = 0

    def __post_init__(self):
        if self.wire_length < 0:
            self.wire_length = len(self.data)


@dataclasses.dataclass
class Capture:
    """The frames of a file, in file order."""
    frames: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class _Interface:
    """What an interface description says about the packets that follow."""
    linktype: int
    snaplen: int
    number: int           # over the whole file, not only its section
    units: int = 10 ** 6  # time stamps count 1/units of a second
    offset: int = 0       # seconds to add to each

    def time_ns(self, high, low):
        return self.offset * 10 ** 9 + ((high << 32) | low) * 10 ** 9 // self.units


def read(path):
    """Return the Capture in a pcap or pcapng file; ValueError when it is neither, or damaged."""
    raw = pathlib.Path(path).read_bytes()
    try:
        if raw[:4] in PCAP_MAGICS:
            return _read_pcap(raw)
        if raw[:4] == struct.pack(">I", SECTION_HEADER):
            return _PcapngReader(raw).read()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    raise ValueError(f"{path}: neither pcap nor pcapng")


def _read_pcap(raw):
    order, tick_ns = PCAP_MAGICS[raw[:4]]
    if len(raw) < 24:
        raise ValueError("file header cut short")
    linktype = struct.unpack_from(order + "I", raw, 20)[0] & 0x0FFFFFFF  # the top bits speak of the FCS
    capture, at = Capture(), 24
    while at < len(raw):
        name = f"packet {len(capture.frames) + 1}"
        if len(raw) - at < 16:
            raise ValueError(f"{name}: header cut short")
        seconds, fraction, length, wire_length = struct.unpack_from(order + "IIII", raw, at)
        data = _take(raw, at + 16, length, name)
        capture.frames.append(Frame(seconds * 10 ** 9 + fraction * tick_ns, linktype, data, wire_length))
        at += 16 + length
    return capture


def _take(raw, at, length, name):
    """Return length bytes of raw from at on, or say that they are not there."""
    if at + length > len(raw):
        raise ValueError(f"{name}: {length} bytes announced, {max(0, len(raw) - at)} there")
    return raw[at:at + length]


class _PcapngReader:
    """Walks the blocks of a pcapng file. Byte order and interfaces belong to the current section."""

    def __init__(self, raw):
        self.raw = raw
        self.order = "<"
        self.interfaces = []
        self.interface_count = 0
        self.capture = Capture()

    def read(self):
        handlers = {
            INTERFACE_DESCRIPTION: self.interface_description,
            ENHANCED_PACKET: self.enhanced_packet,
            SIMPLE_PACKET: self.simple_packet,
            OBSOLETE_PACKET: self.obsolete_packet,
        }
        at = 0
        while at < len(self.raw):
            self.name = f"block at byte {at}"
            kind, body, length = self.block(at)
            if kind == SECTION_HEADER:
                self.interfaces = []
            elif kind in handlers:
                handlers[kind](body)
            at += length
        return self.capture

    def fail(self, text):
        raise ValueError(f"{self.name}: {text}")

    def block(self, at):
        """Return (type, body, length) of the block at this byte; set the byte order at a section header."""
        if len(self.raw) - at < 12:
            self.fail("header cut short")
        if self.raw[at:at + 4] == struct.pack(">I", SECTION_HEADER):
            self.order = self.section_order(at + 8)
        kind, length = struct.unpack_from(self.order + "II", self.raw, at)
        if length < 12 or length % 4:
            self.fail(f"impossible length {length}")
        if at + length > len(self.raw):
            self.fail(f"{length} bytes announced, {len(self.raw) - at} there")
        if self.unpack("I", self.raw, at + length - 4)[0] != length:
            self.fail("the two lengths of the block differ")
        return kind, self.raw[at + 8:at + length - 4], length

    def section_order(self, at):
        magic = self.raw[at:at + 4]
        for order in "<>":
            if magic == struct.pack(order + "I", BYTE_ORDER_MAGIC):
                return order
        return self.fail("section header without byte order magic")

    def unpack(self, form, data, at=0):
        form = self.order + form
        if len(data) - at < struct.calcsize(form):
            self.fail("block too short for its kind")
        return struct.unpack_from(form, data, at)

    def interface_description(self, body):
        linktype, _, snaplen = self.unpack("HHI", body)
        interface = _Interface(linktype, snaplen, self.interface_count)
        for code, value in self.options(body[8:]):
            if code == OPTION_TSRESOL and len(value) == 1:
                interface.units = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
            elif code == OPTION_TSOFFSET and len(value) == 8:
                interface.offset = self.unpack("q", value)[0]
        self.interfaces.append(interface)
        self.interface_count += 1

    def options(self, data):
        at = 0
        while at < len(data):
            code, length = self.unpack("HH", data, at)
            if code == OPTION_END:
                return
            yield code, _take(data, at + 4, length, f"{self.name}: option {code}")
            at += 4 + length + -length % 4

    def interface(self, number):
        if number >= len(self.interfaces):
            self.fail(f"packet of interface {number}, which is not described")
        return self.interfaces[number]

    def add(self, interface, time_ns, data, wire_length):
        self.capture.frames.append(Frame(time_ns, interface.linktype, data, wire_length, interface.number))

    def enhanced_packet(self, body):
        number, high, low, length, wire_length = self.unpack("IIIII", body)
        interface = self.interface(number)
        self.add(interface, interface.time_ns(high, low), _take(body, 20, length, self.name), wire_length)

    def obsolete_packet(self, body):
        number, _, high, low, length, wire_length = self.unpack("HHIIII", body)
        interface = self.interface(number)
        self.add(interface, interface.time_ns(high, low), _take(body, 20, length, self.name), wire_length)

    def simple_packet(self, body):
        wire_length, = self.unpack("I", body)
        interface = self.interface(0)
        length = min(wire_length, interface.snaplen or wire_length)
        self.add(interface, 0, _take(body, 4, length, self.name), wire_length)


def write(path, capture):
    """Write a Capture as pcapng, little endian, in nanoseconds, one interface per (linktype, interface)."""
    numbers = {}
    for frame in capture.frames:
        numbers.setdefault((frame.linktype, frame.interface), len(numbers))
    blocks = [_block(SECTION_HEADER, struct.pack("<IHHq", BYTE_ORDER_MAGIC, 1, 0, -1))]
    blocks += [_interface_block(linktype) for linktype, _ in numbers]
    blocks += [_packet_block(frame, numbers[frame.linktype, frame.interface]) for frame in capture.frames]
    pathlib.Path(path).write_bytes(b"".join(blocks))


def _block(kind, body):
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _interface_block(linktype):
    resolution = struct.pack("<HHB3x", OPTION_TSRESOL, 1, 9)
    end = struct.pack("<HH", OPTION_END, 0)
    return _block(INTERFACE_DESCRIPTION, struct.pack("<HHI", linktype, 0, SNAPLEN) + resolution + end)


def _packet_block(frame, interface):
    head = struct.pack("<IIIII", interface, frame.time_ns >> 32, frame.time_ns & 0xFFFFFFFF,
                       len(frame.data), frame.wire_length)
    return _block(ENHANCED_PACKET, head + frame.data)
