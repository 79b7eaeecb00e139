# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds packets below IKE: Ethernet, VLAN, IPv4, IPv6, fragments, UDP, TCP, ICMP errors.

Every function takes and returns bytes; addresses are strings. Checksums are right. Nothing here is random.
"""
import ipaddress
import struct

ICMP, TCP, UDP, IPV6_FRAGMENT, ESP, ICMPV6 = 1, 6, 17, 44, 50, 58
ETHERTYPE_IPV4, ETHERTYPE_VLAN, ETHERTYPE_IPV6 = 0x0800, 0x8100, 0x86DD
ETHERNET_MINIMUM = 60  # without the frame check sequence


def packed(address):
    """The 4 or 16 bytes of an IP address."""
    return ipaddress.ip_address(address).packed


def is_v6(address):
    return ":" in address


def checksum(data):
    """The Internet checksum (RFC 1071) of data: a sum of 16-bit words with end-around carry is a remainder."""
    number = int.from_bytes(data + bytes(len(data) % 2), "big")
    return -number % 0xFFFF if number else 0xFFFF


def transport_checksum(src, dst, protocol, data):
    """The checksum of UDP, TCP and ICMPv6: over a pseudo header of the addresses, and the data."""
    if is_v6(src):
        pseudo = packed(src) + packed(dst) + struct.pack("!II", len(data), protocol)
    else:
        pseudo = packed(src) + packed(dst) + struct.pack("!HH", protocol, len(data))
    return checksum(pseudo + data)


def udp(src, sport, dst, dport, payload, with_checksum=True):
    """A UDP datagram; without checksum as RFC 3948 wants it for ESP in UDP."""
    head = struct.pack("!HHH", sport, dport, 8 + len(payload))
    value = 0
    if with_checksum:
        value = transport_checksum(src, dst, UDP, head + b"\0\0" + payload) or 0xFFFF
    return head + struct.pack("!H", value) + payload


def tcp(src, sport, dst, dport, seq, ack, flags, payload=b""):
    """A TCP segment without options."""
    head = struct.pack("!HHIIBBH", sport, dport, seq, ack, 5 << 4, flags, 8192)
    value = transport_checksum(src, dst, TCP, head + bytes(4) + payload)
    return head + struct.pack("!HH", value, 0) + payload


def ipv4(src, dst, protocol, payload, ident, ttl=64, dont_fragment=False, more=False, offset=0):
    """An IPv4 packet; offset is that of a fragment, in bytes."""
    flags = (0x4000 if dont_fragment else 0) | (0x2000 if more else 0) | offset // 8
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), ident, flags, ttl, protocol, 0)
    head += packed(src) + packed(dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(src, dst, next_header, payload, hop_limit=64):
    """An IPv6 packet without extension headers."""
    head = struct.pack("!IHBB", 6 << 28, len(payload), next_header, hop_limit)
    return head + packed(src) + packed(dst) + payload


def pieces(payload, room):
    """Cut a payload into (offset, bytes, more to come); room is what a fragment can hold."""
    room -= room % 8  # offsets count in units of 8 bytes
    for offset in range(0, len(payload), room):
        yield offset, payload[offset:offset + room], offset + room < len(payload)


def ip_packets(src, dst, protocol, payload, ident, ttl=64, mtu=1500, dont_fragment=False):
    """The IP packets that carry a payload: one, or the fragments when it exceeds the MTU."""
    if is_v6(src):
        return _ipv6_packets(src, dst, protocol, payload, ident, ttl, mtu)
    if len(payload) + 20 <= mtu:
        return [ipv4(src, dst, protocol, payload, ident, ttl, dont_fragment)]
    return [ipv4(src, dst, protocol, piece, ident, ttl, False, more, offset)
            for offset, piece, more in pieces(payload, mtu - 20)]


def _ipv6_packets(src, dst, protocol, payload, ident, ttl, mtu):
    if len(payload) + 40 <= mtu:
        return [ipv6(src, dst, protocol, payload, ttl)]
    return [ipv6(src, dst, IPV6_FRAGMENT,
                 struct.pack("!BBHI", protocol, 0, offset | more, ident) + piece, ttl)
            for offset, piece, more in pieces(payload, mtu - 48)]


def icmp_error(src, dst, kind, code, quoted, word=0, quote_length=None):
    """An ICMP error message (the ICMP part; of IPv6 when the addresses are) that quotes a packet.

    word is the second half of the header, for example the MTU of "fragmentation needed". As much is quoted
    as fits in the longest error (RFC 1812 4.3.2.3, RFC 4443 2.4), or quote_length bytes: old stacks quote
    only the IP header and 8 bytes.
    """
    longest = 1280 - 40 - 8 if is_v6(src) else 576 - 20 - 8
    quote = quoted[:longest if quote_length is None else quote_length]
    body = struct.pack("!BBHI", kind, code, 0, word) + quote
    value = transport_checksum(src, dst, ICMPV6, body) if is_v6(src) else checksum(body)
    return body[:2] + struct.pack("!H", value) + body[4:]


def ethernet(src_mac, dst_mac, packet, vlan=None):
    """An Ethernet frame around an IP packet, padded to the shortest that Ethernet can carry."""
    kind = ETHERTYPE_IPV6 if packet[0] >> 4 == 6 else ETHERTYPE_IPV4
    tag = b"" if vlan is None else struct.pack("!HH", ETHERTYPE_VLAN, vlan)
    frame = bytes.fromhex(dst_mac) + bytes.fromhex(src_mac) + tag + struct.pack("!H", kind) + packet
    return frame + bytes(max(0, ETHERNET_MINIMUM - len(frame)))
