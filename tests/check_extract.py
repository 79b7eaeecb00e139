#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that ikex finds the same packets with and without Wireshark's protocol tree.

usage: check_extract.py [--tshark CMD] [--jobs N] [FILE|DIR ..]

All captures of captures/ are written into one file, and that file again with each of their packets in another
link layer or tunnel, on other ports, or cut short. Each is read by tshark in the usual way, which needs no tree,
and with -o ikex.by_tree:TRUE, in two passes; all stable fields and the reports log and sa have to be the same.
With FILE or DIR each capture there is compared as it is.
"""
import dataclasses
import pathlib
import struct
import sys
import zlib

from check_load import STABLE_FIELDS
from runner import field_arguments, new_parser, public_temp_dir, run, side_by_side
from truth import CAPTURES

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "captures" / "gen"), str(TOP / "tools" / "lib")]
import netwire  # noqa: E402  (found through the line above)
import pcapfile  # noqa: E402
from metamorphic import ETHERNET, RAW_IP, network_offset  # noqa: E402

FIELDS = field_arguments(["frame.number", "frame.protocols", *STABLE_FIELDS])
REPORTS = ["-q", "-z", "ikex,log", "-z", "ikex,sa"]
NULL, LINUX_SLL, EXPORTED = 0, 113, 252
OUTER_4, OUTER_6 = ("192.0.2.201", "192.0.2.202"), ("2001:db8::c9", "2001:db8::ca")
GRE, IPIP, IPV6, MPLS = 47, 4, 41, 137
MTU = 576


def ethertype(packet):
    return 0x86DD if packet[0] >> 4 == 6 else 0x0800


def inner_protocol(packet):
    return IPV6 if packet[0] >> 4 == 6 else IPIP


def frame_of(packet):
    return netwire.ethernet("020000000001", "020000000002", packet)


def in_udp(port, data, ends=OUTER_4):
    return outer(netwire.UDP, netwire.udp(ends[0], port, ends[1], port, data, with_checksum=False), ends)


def outer(protocol, data, ends=OUTER_4):
    if netwire.is_v6(ends[0]):
        return netwire.ipv6(*ends, protocol, data)
    return netwire.ipv4(*ends, protocol, data, 1)


def sll(packet):
    return struct.pack("!HHH8sH", 0, 1, 6, bytes(8), ethertype(packet)) + packet


def null(packet):
    return struct.pack("<I", 24 if packet[0] >> 4 == 6 else 2) + packet


def pppoe(packet):
    ppp = struct.pack("!H", 0x57 if packet[0] >> 4 == 6 else 0x21) + packet
    return frame_of(packet)[:12] + struct.pack("!HBBHH", 0x8864, 0x11, 0, 1, len(ppp)) + ppp


def mpls(packet):
    return frame_of(packet)[:12] + struct.pack("!HI", 0x8847, 16 << 12 | 0x1FF) + packet


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


def icmp(packet):
    return netwire.icmp_error("192.0.2.203", OUTER_4[0], 3, 1, outer(inner_protocol(packet), packet))


def far_inside(packet):
    return vxlan(gre(twice_inside(packet)))


def unchecked(packet):
    """Without IPv4 checksums, as a host sees its own packets."""
    return packet[:10] + b"\0\0" + packet[12:] if packet[0] >> 4 == 4 else packet


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


@dataclasses.dataclass(frozen=True)
class Rewrite:
    name: str
    make: callable = None  # IP packet -> frames; None leaves frames as they are
    linktype: int = ETHERNET
    options: tuple = ()
    snaplen: int = pcapfile.SNAPLEN


REWRITES = [
    Rewrite("as they are"),
    Rewrite("cut to 66 bytes", snaplen=66),
    Rewrite("raw IP", lambda packet: [packet], RAW_IP),
    Rewrite("loopback", lambda packet: [null(packet)], NULL),
    Rewrite("Linux cooked", lambda packet: [sll(packet)], LINUX_SLL),
    Rewrite("PPPoE", lambda packet: [pppoe(packet)]),
    Rewrite("MPLS", lambda packet: [mpls(packet)]),
    Rewrite("IP in IP in MPLS", lambda packet: [tunnel_in_mpls(packet)]),
    Rewrite("GRE", on_ethernet(gre)),
    Rewrite("GRE, cut to 90 bytes", on_ethernet(gre), snaplen=90),
    Rewrite("GRE of Ethernet over IPv6", on_ethernet(gre_of_ethernet)),
    Rewrite("GRE in IP fragments", in_pieces),
    Rewrite("IP in IPv6 in IP", on_ethernet(twice_inside)),
    Rewrite("IP in IPv6 in IP, cut to 100 bytes", on_ethernet(twice_inside), snaplen=100),
    Rewrite("VXLAN", on_ethernet(vxlan)),
    Rewrite("GTP-U over IPv6", on_ethernet(gtp)),
    Rewrite("IP in IPv6 in IP in GRE in VXLAN", on_ethernet(far_inside)),
    Rewrite("quoted in ICMP", on_ethernet(icmp)),
    Rewrite("without checksums", on_ethernet(unchecked)),
    Rewrite("without checksums in VXLAN", on_ethernet(lambda packet: vxlan(unchecked(packet)))),
    Rewrite("Decode As", on_other_port, options=("-d", "udp.port==5999,isakmp")),
    Rewrite("port set by preference", on_other_port, options=("-o", "isakmp.udp.port:5999")),
    Rewrite("exported PDUs", exported, EXPORTED),
]


def captures_below(paths):
    for path in paths:
        if path.is_dir():
            yield from sorted(x for x in path.rglob("*") if x.suffix in (".pcap", ".pcapng", ".cap", ".gz"))
        else:
            yield path


def all_frames():
    return [frame for path in sorted(CAPTURES.glob("*.pcapng")) for frame in pcapfile.read(path).frames]


def rewritten(rewrite, frames):
    """The frames in file order; those without an IP packet are left out."""
    for frame in frames:
        at = network_offset(frame)
        if rewrite.make is None:
            yield dataclasses.replace(frame, data=frame.data[:rewrite.snaplen], interface=0)
        elif at is not None and len(frame.data) == frame.wire_length and len(frame.data) > at + 20:
            for data in rewrite.make(frame.data[at:]):
                yield pcapfile.Frame(frame.time_ns, rewrite.linktype, data[:rewrite.snaplen], len(data))


def difference(tshark, capture, options=()):
    """None, or the first line that differs."""
    for arguments in (["-2", *FIELDS], REPORTS):
        usual, by_tree = (run(tshark, "-n", "-o", f"ikex.by_tree:{state}", *options, "-r", str(capture), *arguments)
                          for state in ("FALSE", "TRUE"))
        if usual.returncode or by_tree.returncode:
            return f"exit {usual.returncode} and {by_tree.returncode}: {usual.stderr}{by_tree.stderr}"
        if usual.stdout != by_tree.stdout:
            pairs = zip(usual.stdout.splitlines(), by_tree.stdout.splitlines())
            return str(next(((a, b) for a, b in pairs if a != b), "one is longer"))
    return None


def check_rewrite(tshark, folder, frames, rewrite):
    path = pathlib.Path(folder) / f"{rewrite.name.replace(' ', '-')}.pcapng"
    written = list(rewritten(rewrite, frames))
    pcapfile.write(path, pcapfile.Capture(written))
    path.chmod(0o644)
    return rewrite.name, len(written), difference(tshark, path, rewrite.options)


def main():
    parser = new_parser(__doc__)
    parser.add_argument("paths", nargs="*", type=pathlib.Path, metavar="FILE|DIR")
    arguments = parser.parse_args()
    with public_temp_dir() as folder:
        if arguments.paths:
            results = side_by_side(lambda path: (str(path), 1, difference(arguments.tshark, path)),
                                   list(captures_below(arguments.paths)), arguments.jobs)
        else:
            frames = all_frames()
            results = side_by_side(lambda rewrite: check_rewrite(arguments.tshark, folder, frames, rewrite),
                                   REWRITES, arguments.jobs)
        results = list(results)
    for name, n, different in results:
        if different or n == 0:
            print(f"check_extract: {name}: {different or 'no frames'}")
    bad = sum(bool(different) or n == 0 for _, n, different in results)
    print(f"check_extract: {len(results)} compared with {sum(n for _, n, _ in results)} frames or files, {bad} differ")
    sys.exit(bad > 0 or not results)


if __name__ == "__main__":
    main()
