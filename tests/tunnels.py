# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts IP packets into other link layers and tunnels, on other ports, and damages their headers.

REWRITES lists all ways. Each makes of one IP packet the frames that hold it; nothing here is random.
"""
import dataclasses
import pathlib
import struct
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "captures" / "gen"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "lib"))
import netwire  # noqa: E402  (found through the lines above)
import pcapfile  # noqa: E402
from metamorphic import ETHERNET, RAW_IP  # noqa: E402

NULL, IEEE_802_11, LINUX_SLL, RADIOTAP, EXPORTED = 0, 105, 113, 127, 252
OUTER_4, OUTER_6 = ("192.0.2.201", "192.0.2.202"), ("2001:db8::c9", "2001:db8::ca")
GRE, IPIP, IPV6, AH, MPLS = 47, 4, 41, 51, 137
MTU = 576
# Addresses of Ethernet that begin as IP headers do: of IPv6, and of IPv4 with 20 bytes.
LIKE_IPV6, LIKE_IPV4 = ("3a1100400102", "6a1100401103"), ("4500003c0102", "450000540304")
TRAILER = bytes.fromhex("4500001c60000000c0a80001")


# ---- pieces ----

def ethertype(packet):
    return 0x86DD if packet[0] >> 4 == 6 else 0x0800


def inner_protocol(packet):
    return IPV6 if packet[0] >> 4 == 6 else IPIP


def frame_of(packet, macs=("020000000001", "020000000002")):
    return netwire.ethernet(*macs, packet)


def in_udp(port, data, ends=OUTER_4):
    return outer(netwire.UDP, netwire.udp(ends[0], port, ends[1], port, data, with_checksum=False), ends)


def outer(protocol, data, ends=OUTER_4):
    if netwire.is_v6(ends[0]):
        return netwire.ipv6(*ends, protocol, data)
    return netwire.ipv4(*ends, protocol, data, 1)


def snap(packet):
    return bytes.fromhex("aaaa03000000") + struct.pack("!H", ethertype(packet)) + packet


OTHER = in_udp(53, bytes.fromhex("1234010000010000000000000161000001 0001"), ("192.0.2.210", "192.0.2.211"))


# ---- link layers ----

def sll(packet):
    return struct.pack("!HHH8sH", 0, 1, 6, bytes(8), ethertype(packet)) + packet


def null(packet):
    return struct.pack("<I", 24 if packet[0] >> 4 == 6 else 2) + packet


def pppoe(packet):
    ppp = struct.pack("!H", 0x57 if packet[0] >> 4 == 6 else 0x21) + packet
    return frame_of(packet)[:12] + struct.pack("!HBBHH", 0x8864, 0x11, 0, 1, len(ppp)) + ppp


def qinq(packet):
    return frame_of(packet)[:12] + struct.pack("!HHHH", 0x88A8, 7, 0x8100, 8) + frame_of(packet)[12:]


def wireless(packet, *more):
    """Packets in one frame of IEEE 802.11 (9.3.2.2), each in a subframe of its own."""
    frame = bytes.fromhex("8801 0000 020000000001 020000000002 020000000003 0000 8000")
    for number, msdu in enumerate(map(snap, (packet, *more))):
        frame += bytes.fromhex("020000000004 020000000005") + struct.pack("!H", len(msdu)) + msdu
        frame += bytes(-(14 + len(msdu)) % 4 if number < len(more) else 0)
    return frame


def radiotap(packet):
    return struct.pack("<BBHI", 0, 0, 8, 0) + bytes.fromhex("0801 0000 020000000001 020000000002 020000000003 0000") + \
        snap(packet)


def mpls(packet):
    return frame_of(packet)[:12] + struct.pack("!HI", 0x8847, 16 << 12 | 0x1FF) + packet


# ---- tunnels ----

def tunnel_in_mpls(packet):
    return mpls(outer(inner_protocol(packet), packet))


def gre(packet):
    return outer(GRE, struct.pack("!HH", 0, ethertype(packet)) + packet)


def gre_of_ethernet(packet):
    return outer(GRE, struct.pack("!HHI", 0x2000, 0x6558, 7) + frame_of(packet), OUTER_6)


def vxlan(packet):
    return in_udp(4789, struct.pack("!II", 0x08000000, 42 << 8) + frame_of(packet))


def gtp(packet):
    return in_udp(2152, struct.pack("!BBHI", 0x30, 255, len(packet), 7) + packet, OUTER_6)


def twice_inside(packet):
    once = outer(inner_protocol(packet), packet, OUTER_6)
    return outer(IPV6, once)


def vxlan_of(macs):
    return lambda packet: in_udp(4789, struct.pack("!II", 0x08000000, 42 << 8) + frame_of(packet, macs))


def l2tp(packet):
    """RFC 2661 3.1: a data message, and PPP without address and control."""
    return in_udp(1701, struct.pack("!HHHH", 0x0002, 1, 1, 0x57 if packet[0] >> 4 == 6 else 0x21) + packet)


def ah(packet):
    return outer(AH, struct.pack("!BBHII", inner_protocol(packet), 4, 0, 0x1234, 1) + bytes(12) + packet, OUTER_6)


def ends_of(packet):
    return (OUTER_4, OUTER_6)[packet[0] >> 4 == 6]


def same_ends(packet):
    """A tunnel between the hosts that talk in it."""
    at, length = (8, 16) if packet[0] >> 4 == 6 else (12, 4)
    packed = outer(inner_protocol(packet), packet, ends_of(packet))
    return packed[:at] + packet[at:at + 2 * length] + packed[at + 2 * length:]


def icmp(packet):
    error = netwire.icmp_error("192.0.2.203", OUTER_4[0], 3, 1, outer(inner_protocol(packet), packet))
    return outer(netwire.ICMP, error)


def icmpv6(packet):
    error = netwire.icmp_error(OUTER_6[0], OUTER_6[1], 1, 0, outer(inner_protocol(packet), packet, OUTER_6))
    return outer(netwire.ICMPV6, error, OUTER_6)


def far_inside(packet):
    return vxlan(gre(twice_inside(packet)))


# ---- damage ----

def unchecked(packet):
    """Without IPv4 checksums, as a host sees its own packets."""
    return packet[:10] + b"\0\0" + packet[12:] if packet[0] >> 4 == 4 else packet


def without_header(packet):
    """Its first header claims to be shorter than any header is, or longer than the packet."""
    return (b"\x44" if packet[0] >> 4 == 4 else b"\x64") + packet[1:4] + b"\xff\xff" + packet[6:]


def badly_inside(packet):
    return outer(inner_protocol(packet), without_header(packet))


def badly_outside(packet):
    """The header of the tunnel names another length, without a right checksum."""
    packed = gre(packet)
    return packed[:2] + b"\x00\x20" + packed[4:]


def with_trailer(function):
    return lambda packet: [frame_of(function(packet)) + TRAILER]


def on_ethernet(function):
    return lambda packet: [frame_of(function(packet))]


def in_pieces(packet):
    """A tunnel of which Wireshark has to reassemble the packets."""
    data = struct.pack("!HH", 0, ethertype(packet)) + packet
    number = zlib.crc32(packet) & 0xFFFF
    return [frame_of(piece) for piece in netwire.ip_packets(*OUTER_4, GRE, data, number, mtu=MTU)]


def on_other_port(packet):
    """IKE of port 500 on port 5999."""
    at = 40 if packet[0] >> 4 == 6 else (packet[0] & 15) * 4
    if packet[6 if packet[0] >> 4 == 6 else 9] != netwire.UDP or len(packet) < at + 8:
        return []
    ports = [5999 if port == 500 else port for port in struct.unpack_from("!HH", packet, at)]
    return [frame_of(packet[:at] + struct.pack("!HH", *ports) + packet[at + 4:])]


def exported(packet):
    """A message without its packet, as Wireshark exports protocol data units."""
    at = 28
    if packet[0] >> 4 != 4 or packet[9] != netwire.UDP or 500 not in struct.unpack_from("!HH", packet, 20):
        return []
    tags = ((12, b"isakmp\0\0"), (20, packet[12:16]), (21, packet[16:20]), (24, struct.pack("!I", 3)),
            (25, b"\0\0" + packet[20:22]), (26, b"\0\0" + packet[22:24]), (0, b""))
    return [b"".join(struct.pack("!HH", tag, len(value)) + value for tag, value in tags) + packet[at:]]


MIXED = (gre, vxlan, gtp, twice_inside, far_inside, l2tp, ah, same_ends, qinq, icmp, lambda packet: packet)


def mixed(packet):
    """Another tunnel for each packet: nothing learnt of one is right for the next."""
    chosen = MIXED[zlib.crc32(packet) % len(MIXED)]
    return [chosen(packet) if chosen is qinq else frame_of(chosen(packet))]


# ---- all of them ----

@dataclasses.dataclass(frozen=True)
class Rewrite:
    name: str
    make: callable = None  # IP packet -> frames; None leaves frames as they are
    linktype: int = ETHERNET
    options: tuple = ()
    snaplen: int = pcapfile.SNAPLEN
    protocols: str = "isakmp"  # pattern of frame.protocols of some of the frames
    labels: int = 3000  # frames that ikex names a message in, at least


REWRITES = [
    Rewrite("as they are"),
    Rewrite("cut to 66 bytes", snaplen=66),
    Rewrite("raw IP", lambda packet: [packet], RAW_IP, protocols="^raw:ip"),
    Rewrite("loopback", lambda packet: [null(packet)], NULL, protocols="^null:ip"),
    Rewrite("Linux cooked", lambda packet: [sll(packet)], LINUX_SLL, protocols="^sll:"),
    Rewrite("VLAN in VLAN", lambda packet: [qinq(packet)], protocols="ieee8021ad:ethertype:vlan"),
    Rewrite("802.11 with radiotap", lambda packet: [radiotap(packet)], RADIOTAP, protocols="radiotap:.*:wlan:llc:ip"),
    Rewrite("802.11, behind another packet", lambda packet: [wireless(OTHER, packet)], IEEE_802_11,
            protocols="udp:dns.*:ip:udp:isakmp"),
    Rewrite("802.11, before another packet", lambda packet: [wireless(packet, OTHER)], IEEE_802_11,
            protocols="ip:udp:isakmp.*:ip:udp:dns"),
    Rewrite("802.11, tunnels side by side", lambda packet: [wireless(gre(OTHER), vxlan(packet), OTHER)], IEEE_802_11,
            protocols="gre:ip:udp:dns.*vxlan.*isakmp.*dns"),
    Rewrite("PPPoE", lambda packet: [pppoe(packet)], protocols="pppoes:ppp:ip"),
    Rewrite("MPLS", lambda packet: [mpls(packet)], protocols=":mpls:"),
    Rewrite("IP in IP in MPLS", lambda packet: [tunnel_in_mpls(packet)], protocols=":mpls:"),
    Rewrite("GRE", on_ethernet(gre), protocols="ip:gre:ip"),
    Rewrite("GRE, cut to 90 bytes", on_ethernet(gre), snaplen=90, protocols="ip:gre:ip"),
    Rewrite("GRE of Ethernet over IPv6", on_ethernet(gre_of_ethernet), protocols="ipv6:gre:eth"),
    Rewrite("GRE in IP fragments", in_pieces, protocols="ip:gre:ip"),
    Rewrite("GRE with a trailer", with_trailer(gre), protocols="ip:gre:ip"),
    Rewrite("GRE of Ethernet over IPv6 with a trailer", with_trailer(gre_of_ethernet), protocols="ipv6:gre:eth"),
    Rewrite("L2TP", on_ethernet(l2tp), protocols="l2tp:ppp:ip"),
    Rewrite("AH over IPv6", on_ethernet(ah), protocols="ipv6:ah:ip"),
    Rewrite("tunnel between the same hosts", on_ethernet(same_ends), protocols="ipv6:ipv6:udp"),
    Rewrite("IP in IPv6 in IP", on_ethernet(twice_inside), protocols="ip:ipv6:ip"),
    Rewrite("IP in IPv6 in IP, cut to 134 bytes", on_ethernet(twice_inside), snaplen=134, protocols="ip:ipv6:ip"),
    Rewrite("VXLAN", on_ethernet(vxlan), protocols="vxlan:eth:ethertype:ip"),
    Rewrite("VXLAN, addresses like IPv6", on_ethernet(vxlan_of(LIKE_IPV6)), protocols="vxlan:eth:ethertype:ip"),
    Rewrite("VXLAN, addresses like IPv4", on_ethernet(vxlan_of(LIKE_IPV4)), protocols="vxlan:eth:ethertype:ip"),
    Rewrite("GRE, addresses like IPv6", lambda packet: [frame_of(gre(packet), LIKE_IPV6)], protocols="ip:gre:ip"),
    Rewrite("GRE, addresses like IPv4", lambda packet: [frame_of(gre(packet), LIKE_IPV4)], protocols="ip:gre:ip"),
    Rewrite("addresses like IPv6", lambda packet: [frame_of(packet, LIKE_IPV6)]),
    Rewrite("GTP-U over IPv6", on_ethernet(gtp), protocols="gtp:ip"),
    Rewrite("IP in IPv6 in IP in GRE in VXLAN", on_ethernet(far_inside), protocols="vxlan:.*gre:.*ip"),
    Rewrite("another tunnel for each", mixed, protocols="vxlan"),
    Rewrite("quoted in ICMP", on_ethernet(icmp), protocols="ip:icmp:ip:ip", labels=0),
    Rewrite("quoted in ICMPv6", on_ethernet(icmpv6), protocols="icmpv6:ipv6:ip", labels=0),
    Rewrite("without checksums", on_ethernet(unchecked)),
    Rewrite("without checksums in VXLAN", on_ethernet(lambda packet: vxlan(unchecked(packet))), protocols="vxlan"),
    Rewrite("without checksums outside", on_ethernet(lambda packet: unchecked(gre(packet))), protocols="ip:gre:ip"),
    Rewrite("damaged header", on_ethernet(without_header), protocols="ip$", labels=0),
    Rewrite("damaged header inside", on_ethernet(badly_inside), protocols="ip:ip", labels=0),
    Rewrite("damaged header outside", on_ethernet(badly_outside), protocols="ip:gre", labels=0),
    Rewrite("Decode As", on_other_port, options=("-d", "udp.port==5999,isakmp")),
    Rewrite("port set by preference", on_other_port, options=("-o", "isakmp.udp.port:5999")),
    Rewrite("exported PDUs", exported, EXPORTED, protocols="exported_pdu:isakmp"),
]
