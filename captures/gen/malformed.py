# SPDX-License-Identifier: GPL-2.0-or-later
"""Datagrams that no IKE implementation sends, to see that a parser survives them."""
import struct

import ikewire as ike
import netwire
from ladder import Note

CKY_I, CKY_R = b"\xc1" * 8, b"\xc2" * 8


def play(c):
    """Send everything below from one host to another."""
    one, other = c.host("10.66.0.1"), c.host("10.66.0.2")
    for port, payload in datagrams(c):
        c.wait(0.05)
        c.datagram(one, other, port, port, payload, Note(None, payload))
    for case in (overlapping, overlapping_different, hole, tiny_first, too_long, same_offset):
        c.wait(0.05)
        for offset, more, piece in case(c):
            send_fragment(c, one, other, offset, more, piece)
        one.next_ident()


def send_fragment(c, src, dst, offset, more, piece):
    """One IP fragment of the datagram that the sender's current IP ID names."""
    view = c.views(src, dst)[0]
    packet = netwire.ipv4(view.src, view.dst, netwire.UDP, piece, src.ident, view.ttl, more=more,
                          offset=offset)
    c.wait(0.0001)
    c.truth.append({"n": c.capture(view, packet), "any_copy": True})


def datagrams(c):
    """Yields (UDP port, payload)."""
    for make in (bad_headers, bad_payload_lengths, bad_sa_payloads, many_payloads, bad_fragments, bad_ports):
        yield from make(c)


def mm(first, body, length=None, **header):
    """A Main Mode message with whatever body."""
    fields = {"exchange": ike.MAIN_MODE, "flags": 0, "msgid": 0, "version": 0x10}
    fields.update(header)
    return ike.message(CKY_I, bytes(8), first, fields["exchange"], fields["flags"], fields["msgid"], body,
                       fields["version"], length)


def generic(following, length, body=b""):
    """A payload with whatever length."""
    return struct.pack("!BBH", following, 0, length) + body


def bad_headers(c):
    body = generic(0, 20, c.rng.bytes(16))
    for length in (0, 1, 27, 28, 29, 48 - 1, 48 + 1, 500, 0x7FFFFFFF, 0xFFFFFFFF):
        yield 500, mm(ike.VENDOR, body, length)
    for exchange in (0, 3, 7, 31, 247, 255):
        yield 500, mm(ike.VENDOR, body, exchange=exchange)
    for version in (0x00, 0x1F, 0x30, 0xFF):
        yield 500, mm(ike.VENDOR, body, version=version)
    yield 500, mm(ike.VENDOR, body, flags=0xFF)
    yield 500, mm(ike.VENDOR, body) + b"trailing"
    yield 500, bytes(8) + mm(ike.VENDOR, body)[8:]  # CKY-I 0: by its first bytes this is ESP
    yield 4500, ike.NON_ESP_MARKER + bytes(8) + mm(ike.VENDOR, body)[8:]
    yield 500, mm(0, b"")
    for length in (1, 8, 17, 20, 27):
        yield 500, mm(ike.VENDOR, body)[:length]


def bad_payload_lengths(c):
    for length in (0, 1, 3, 5, 21, 0xFFFF):
        yield 500, mm(ike.VENDOR, generic(0, length, c.rng.bytes(16)))
        yield 500, mm(ike.SA, generic(ike.VENDOR, length, c.rng.bytes(16)))
    yield 500, mm(ike.VENDOR, generic(ike.VENDOR, 0) * 4)  # each points at itself
    yield 500, mm(ike.VENDOR, generic(ike.VENDOR, 4))      # promises another one at the end
    yield 500, mm(ike.VENDOR, b"\0\0")                     # half a generic header
    for kind in (ike.KE, ike.NONCE, ike.ID, ike.CERT, ike.NOTIFY, ike.DELETE, ike.NATD, ike.FRAGMENT,
                 ike.CRYPTO):
        yield 500, mm(kind, generic(0, 4))                 # nothing inside


def bad_sa_payloads(c):
    doi = struct.pack("!II", 1, 1)
    good = ike.ike_attributes(ike.AES_CBC, ike.SHA256, 14, ike.PSK, 28800, 128)
    huge = struct.pack("!HH", 12, 0xFFFF) + b"\0\0\x70\x80"
    empty, many = struct.pack("!HH", 12, 0), struct.pack("!HH", 0x8001, 7) * 300
    for attributes in (huge, empty, b"\x80", b"\x80\x01\0", many):
        yield 500, sa_message(doi, ike.transform(1, attributes), 1)
    for count in (0, 2, 255):  # more or fewer transforms than there are
        yield 500, sa_message(doi, ike.transform(1, good), count)
    for length in (0, 4, 8, 0xFFFF):
        lying = struct.pack("!BBHBBH", 3, 0, length, 1, 1, 0) + good
        yield 500, sa_message(doi, lying, 1)
    one = ike.proposal(1, 1, b"", ike.transform(1, good), 1)
    long_spi = doi + one[:6] + b"\xff" + one[7:]
    for body in (long_spi, doi, doi[:5]):
        yield 500, ike.clear_message(CKY_I, bytes(8), ike.MAIN_MODE, [(ike.SA, body)])


def sa_message(doi, chained, count):
    body = doi + ike.proposal(1, 1, b"", chained, count)
    return ike.clear_message(CKY_I, bytes(8), ike.MAIN_MODE, [(ike.SA, body)])


def many_payloads(c):
    yield 500, mm(ike.VENDOR, generic(ike.VENDOR, 4) * 1500 + generic(0, 4))
    yield 500, mm(ike.SA, generic(ike.SA, 12, b"\0\0\0\1\0\0\0\1") * 100 + generic(0, 4))
    offers = [(n & 0xFF, ike.attribute(1, n)) for n in range(300)]
    chained = ike.transforms(offers)
    yield 500, sa_message(struct.pack("!II", 1, 1), chained, 255)


def bad_fragments(c):
    """IKEv1 fragments (payload 132)."""
    part = c.rng.bytes(40)
    yield 500, ike.fragment(CKY_I, CKY_R, 1, 0, False, part)     # numbers count from 1
    yield 500, ike.fragment(CKY_I, CKY_R, 2, 0, True, part)
    yield 500, ike.fragment(CKY_I, CKY_R, 3, 255, True, part)    # 255 of 255, and nothing before
    yield 500, ike.fragment(CKY_I, CKY_R, 4, 1, True, b"")       # complete and empty
    yield 500, ike.fragment(CKY_I, CKY_R, 5, 1, True, part)      # complete and no message inside
    yield 500, ike.fragment(CKY_I, CKY_R, 6, 1, True, part)      # two last fragments with different numbers
    yield 500, ike.fragment(CKY_I, CKY_R, 6, 2, True, part)
    inner = ike.message(b"\xd1" * 8, b"\xd2" * 8, ike.ID, ike.MAIN_MODE, ike.ENCRYPTED, 0, c.rng.bytes(64))
    yield 500, ike.fragment(CKY_I, CKY_R, 7, 1, True, inner)     # the cookies inside are others
    lying = inner[:24] + struct.pack("!I", 4000) + inner[28:]
    yield 500, ike.fragment(CKY_I, CKY_R, 8, 1, True, lying)     # the length inside is another
    nested = ike.fragment(CKY_I, CKY_R, 9, 1, True, ike.fragment(CKY_I, CKY_R, 9, 1, True, part))
    yield 500, nested
    for number in range(2, 20):                                  # a first one that never comes
        yield 500, ike.fragment(CKY_I, CKY_R, 10, number, False, part)


def bad_ports(c):
    yield 500, b""
    yield 500, b"\xfe"
    yield 500, bytes(28)
    yield 4500, b""
    yield 4500, bytes(3)
    yield 4500, ike.NON_ESP_MARKER
    yield 4500, ike.NON_ESP_MARKER * 8
    yield 4500, struct.pack("!I", 255)                           # an SPI and nothing else
    yield 500, ike.NON_ESP_MARKER + mm(ike.VENDOR, generic(0, 4))  # the marker on the wrong port


# IP fragments: (offset, more to come, bytes)

def big_message(c):
    """A UDP datagram of 8 + 28 + 1200 bytes that carries Main Mode ciphertext."""
    data = ike.message(CKY_I, CKY_R, ike.ID, ike.MAIN_MODE, ike.ENCRYPTED, 0, c.rng.bytes(1200))
    return netwire.udp("10.66.0.1", 500, "10.66.0.2", 500, data)


def overlapping(c):
    data = big_message(c)
    return [(0, True, data[:640]), (320, True, data[320:960]), (960, False, data[960:])]


def overlapping_different(c):
    data = big_message(c)
    return [(0, True, data[:640]), (320, True, c.rng.bytes(640)), (960, False, data[960:])]


def hole(c):
    data = big_message(c)
    return [(0, True, data[:320]), (640, False, data[640:])]


def tiny_first(c):
    """The first fragment holds the UDP header and not one byte of IKE."""
    data = big_message(c)
    return [(0, True, data[:8]), (8, False, data[8:])]


def too_long(c):
    """Reassembled this would exceed 65535 bytes."""
    data = big_message(c)
    return [(0, True, data[:640]), (65528, False, data[:640])]


def same_offset(c):
    """Two last fragments that disagree about the end."""
    data = big_message(c)
    return [(0, True, data[:640]), (640, False, data[640:]), (640, False, data[640:800])]
