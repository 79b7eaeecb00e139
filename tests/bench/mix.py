#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the capture that speed is measured on: a busy uplink with a little IKE in it.

usage: mix.py [--frames N] [--seed WORD] FILE.pcap

70 % of the frames are TCP (TLS 1.3 and 1.2, and HTTP, with their handshakes, records over several
segments, and acknowledgements), 20 % DNS, 9 % ESP (native, and in UDP), 1 % IKE of both versions
(tunnels that come up, liveness checks, and some that fail). The shares hold within one frame per
kind. The same arguments write the same bytes, and frames are written as they are made, so that
memory does not grow with their number.
"""
import argparse
import itertools
import pathlib
import random
import string
import struct
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "captures" / "gen"))
import ladder    # noqa: E402  (found through the line above)
import ladder2   # noqa: E402
import netwire   # noqa: E402

SHARES = {"tcp": 70, "dns": 20, "esp": 9, "ike": 1}  # in percent
FRAME_GAP_NS = 600_000      # a million frames in ten minutes
TCP_FLOWS, DNS_FLOWS, TUNNELS = 200, 50, 300  # that are alive at the same time
MSS = 1448                  # with time stamps
TLS_SHARE = 0.75            # of the TCP connections; the others are HTTP
FAILING_SHARE = 0.1         # of the tunnels: nobody answers
REPEATS = 3                 # of a message that nobody answers
SETUP_SHARE = 0.5           # of the IKE exchanges: the others are liveness checks

FIN, SYN, PUSH, ACK = 0x01, 0x02, 0x08, 0x10
GATEWAY_MAC, CLIENT_MAC = "02000000fe01", "02000000aa01"


# --- frames --------------------------------------------------------------------------------------

class Link:
    """Two hosts and what carries their packets: Ethernet frames of IP payloads, in either direction."""

    def __init__(self, rng, client, server):
        self.ends = (client, server)
        self.idents = [rng.randrange(0x10000), rng.randrange(0x10000)]

    def frame(self, sender, protocol, payload):
        """The frame of a packet of the client (0) or the server (1)."""
        self.idents[sender] = (self.idents[sender] + 1) & 0xFFFF
        packet = netwire.ipv4(self.ends[sender], self.ends[1 - sender], protocol, payload,
                              self.idents[sender], 64 - 7 * sender, dont_fragment=protocol == netwire.TCP)
        macs = (CLIENT_MAC, GATEWAY_MAC)
        return netwire.ethernet(macs[sender], macs[1 - sender], packet)


def inside(rng):
    return f"10.20.{rng.randrange(8)}.{rng.randrange(2, 250)}"


def outside(rng):
    return f"198.{rng.choice((18, 19))}.{rng.randrange(256)}.{rng.randrange(1, 255)}"


# --- TCP -----------------------------------------------------------------------------------------

class Tcp:
    """A TCP connection with window scaling and time stamps, as an iterator of frames sees it."""

    def __init__(self, rng, port):
        self.link = Link(rng, inside(rng), outside(rng))
        self.ports = (rng.randrange(32768, 61000), port)
        self.next = [rng.randrange(1 << 32), rng.randrange(1 << 32)]
        self.clock = [rng.randrange(1 << 31), rng.randrange(1 << 31)]

    def segment(self, sender, flags, data=b""):
        options = struct.pack("!BBBBII", 1, 1, 8, 10, self.clock[sender], self.clock[1 - sender])
        if flags & SYN:
            options = struct.pack("!HHBB", 0x0204, 1460, 4, 2) + struct.pack(
                "!BBII", 8, 10, self.clock[sender], 0) + bytes((1, 3, 3, 7))
        self.clock[sender] += 1
        src, dst = self.link.ends[sender], self.link.ends[1 - sender]
        head = struct.pack("!HHIIBBH", self.ports[sender], self.ports[1 - sender], self.next[sender],
                           self.next[1 - sender] if flags & ACK else 0,
                           (20 + len(options)) // 4 << 4, flags, 501)
        value = netwire.transport_checksum(src, dst, netwire.TCP, head + bytes(4) + options + data)
        self.next[sender] = (self.next[sender] + len(data) + bool(flags & (SYN | FIN))) & 0xFFFFFFFF
        return self.link.frame(sender, netwire.TCP, head + struct.pack("!HH", value, 0) + options + data)

    def opened(self):
        yield self.segment(0, SYN)
        yield self.segment(1, SYN | ACK)
        yield self.segment(0, ACK)

    def send(self, sender, data):
        """A stretch of the stream in segments, every other one acknowledged."""
        for number, at in enumerate(range(0, len(data), MSS), 1):
            last = at + MSS >= len(data)
            yield self.segment(sender, ACK | (PUSH if last else 0), data[at:at + MSS])
            if number % 2 == 0 or last:
                yield self.segment(1 - sender, ACK)

    def closed(self):
        yield self.segment(0, FIN | ACK)
        yield self.segment(1, FIN | ACK)
        yield self.segment(0, ACK)


def response_size(rng):
    """Many small ones, few large ones."""
    return min(int(rng.lognormvariate(9, 1.3)), 400_000)


# TLS

HANDSHAKE, CHANGE_CIPHER, APPLICATION = 22, 20, 23
CIPHERS = (0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014)
RECORD = 16384


def tls_record(kind, body, version=0x0303):
    return struct.pack("!BHH", kind, version, len(body)) + body


def tls_extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def tls_handshake(kind, body):
    return struct.pack("!B", kind) + len(body).to_bytes(3, "big") + body


def client_hello(rng, name, session, ticket):
    server = name.encode()
    extensions = (
        tls_extension(0, struct.pack("!HBH", len(server) + 3, 0, len(server)) + server),
        tls_extension(23, b""), tls_extension(0xFF01, b"\0"),
        tls_extension(10, bytes.fromhex("0006001d00170018")), tls_extension(11, b"\1\0"),
        tls_extension(35, ticket), tls_extension(16, b"\0\x0c\2h2\x08http/1.1"),
        tls_extension(5, b"\1\0\0\0\0"),
        tls_extension(13, bytes.fromhex("0010040308040401050308050501080606010203")[:18]),
        tls_extension(51, b"\0\x24\0\x1d\0\x20" + rng.randbytes(32)),
        tls_extension(45, b"\1\1"), tls_extension(43, b"\4\3\4\3\3"))
    body = struct.pack("!H", 0x0303) + rng.randbytes(32) + bytes((len(session),)) + session
    body += struct.pack(f"!H{len(CIPHERS)}H", 2 * len(CIPHERS), *CIPHERS) + b"\1\0"
    joined = b"".join(extensions)
    return tls_record(HANDSHAKE, tls_handshake(1, body + struct.pack("!H", len(joined)) + joined), 0x0301)


def server_hello(rng, session, cipher, extensions):
    joined = b"".join(extensions)
    body = struct.pack("!H", 0x0303) + rng.randbytes(32) + bytes((len(session),)) + session
    body += struct.pack("!HBH", cipher, 0, len(joined)) + joined
    return tls_record(HANDSHAKE, tls_handshake(2, body))


def sealed(rng, size):
    """Records of application data of so many bytes."""
    return b"".join(tls_record(APPLICATION, rng.randbytes(min(RECORD, size - at) + 17))
                    for at in range(0, size, RECORD))


def tls13(rng, tcp, name):
    session = rng.randbytes(32)
    change = tls_record(CHANGE_CIPHER, b"\1")
    yield from tcp.send(0, client_hello(rng, name, session, b""))
    keys = (tls_extension(51, b"\0\x1d\0\x20" + rng.randbytes(32)), tls_extension(43, b"\3\4"))
    # encrypted extensions, certificate and the rest come sealed
    yield from tcp.send(1, server_hello(rng, session, 0x1301, keys) + change +
                        sealed(rng, rng.randrange(2500, 4500)))
    yield from tcp.send(0, change + sealed(rng, 36))


def tls12_resumed(rng, tcp, name):
    session = rng.randbytes(32)
    finished = tls_record(CHANGE_CIPHER, b"\1") + tls_record(HANDSHAKE, rng.randbytes(40))
    yield from tcp.send(0, client_hello(rng, name, session, rng.randbytes(192)))
    yield from tcp.send(1, server_hello(rng, session, 0xC02F, (tls_extension(0xFF01, b"\0"),)) + finished)
    yield from tcp.send(0, finished)


def tls_connection(rng):
    tcp, name = Tcp(rng, 443), host_name(rng)
    yield from tcp.opened()
    yield from (tls13 if rng.random() < 0.8 else tls12_resumed)(rng, tcp, name)
    for _ in range(rng.randrange(1, 8)):
        yield from tcp.send(0, sealed(rng, rng.randrange(80, 900)))
        yield from tcp.send(1, sealed(rng, response_size(rng)))
    yield tcp.segment(1, PUSH | ACK, sealed(rng, 2))
    yield from tcp.closed()


# HTTP

WORDS = ("gateway", "report", "invoice", "status", "update", "news", "image", "order", "account", "list")
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0"


def html(rng, size):
    parts = ["<!DOCTYPE html>\n<html><head><title>Example</title></head><body>\n"]
    while size > 0:
        parts.append(f"<p>{' '.join(rng.choices(WORDS, k=40))}.</p>\n")
        size -= len(parts[-1])
    return "".join(parts + ["</body></html>\n"]).encode()


def json_text(rng, size):
    rows = ",".join(f'{{"id":{rng.randrange(10 ** 6)},"name":"{rng.choice(WORDS)}","open":true}}'
                    for _ in range(size // 44 + 1))
    return f'{{"items":[{rows}]}}'.encode()


BODIES = (("text/html; charset=utf-8", html), ("application/json", json_text),
          ("application/octet-stream", lambda rng, size: rng.randbytes(size)))


def http_request(rng, name):
    path = "/".join(rng.choices(WORDS, k=3))
    return (f"GET /{path}?id={rng.randrange(10 ** 6)} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: {AGENT}\r\n"
            "Accept: text/html,application/json,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n"
            f"Accept-Encoding: identity\r\nConnection: keep-alive\r\n"
            f"Cookie: session={rng.getrandbits(128):032x}\r\n\r\n").encode()


def http_response(rng):
    kind, make = rng.choice(BODIES)
    body = make(rng, response_size(rng))
    return (f"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Fri, 01 Jan 2010 09:00:00 GMT\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"ETag: \"{rng.getrandbits(64):x}\"\r\nCache-Control: max-age=600\r\n\r\n").encode() + body


def http_connection(rng):
    tcp, name = Tcp(rng, 80), host_name(rng)
    yield from tcp.opened()
    for _ in range(rng.randrange(1, 6)):
        yield from tcp.send(0, http_request(rng, name))
        yield from tcp.send(1, http_response(rng))
    yield from tcp.closed()


def tcp_connection(rng):
    return (tls_connection if rng.random() < TLS_SHARE else http_connection)(rng)


# --- DNS -----------------------------------------------------------------------------------------

def host_name(rng):
    site = "".join(rng.choices(string.ascii_lowercase, k=rng.randrange(4, 12)))
    return f"{rng.choice(('www', 'api', 'cdn', 'mail'))}.{site}.example.{rng.choice(('com', 'net', 'org'))}"


def dns_name(name):
    return b"".join(bytes((len(x),)) + x.encode() for x in name.split(".")) + b"\0"


def dns_answers(rng, name, kind):
    """A CNAME, then addresses; all names are compressed."""
    site = 12 + 1 + name.index(".")  # where the name goes on after its first label
    alias = b"\4edge" + struct.pack("!H", 0xC000 | site)
    yield struct.pack("!HHHIH", 0xC00C, 5, 1, 300, len(alias)) + alias
    for _ in range(rng.randrange(1, 5)):
        data = rng.randbytes(16 if kind == 28 else 4)
        yield struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data


def dns_lookups(rng):
    """One client that asks its resolver for the addresses of a few names."""
    link = Link(rng, inside(rng), f"10.20.0.{rng.choice((252, 253))}")
    option = struct.pack("!BHHIH", 0, 41, 1232, 0, 0)
    for _ in range(rng.randrange(1, 9)):
        port, number, kind = rng.randrange(32768, 61000), rng.randrange(0x10000), rng.choice((1, 1, 28))
        name = host_name(rng)
        question = dns_name(name) + struct.pack("!HH", kind, 1)
        asked = struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 1) + question + option
        yield link.frame(0, netwire.UDP, netwire.udp(link.ends[0], port, link.ends[1], 53, asked))
        answers = list(dns_answers(rng, name, kind))
        answered = struct.pack("!HHHHHH", number, 0x8180, 1, len(answers), 0, 1) + question + \
            b"".join(answers) + option
        yield link.frame(1, netwire.UDP, netwire.udp(link.ends[1], 53, link.ends[0], port, answered))


# --- IKE and ESP ---------------------------------------------------------------------------------

class Tunnel:
    """An IKE SA made of the scenarios' parts, and the ESP of its child."""

    def __init__(self, rng, number):
        self.rng = rng
        self.conversation = c = ladder.Conversation(f"mix {number}", "")
        client, server = f"10.30.{number // 250 % 250}.{number % 250 + 2}", outside(rng)
        if number % 2:
            c.nat = ladder.Nat(c.host(client), f"203.0.113.{number // 2 % 250 + 1}")
        self.ends = (c.nat.inside if c.nat else c.host(client), c.host(server))
        self.sa = (ladder2.Ikev2Sa if number % 4 < 2 else ladder.IkeSa)(c, *self.ends)
        self.link = Link(rng, c.nat.public if c.nat else client, server)
        self.spis = (rng.randrange(0x100, 1 << 32), rng.randrange(0x100, 1 << 32))
        self.counts, self.taken = [0, 0], 0

    def fresh(self):
        """The frames since the last call."""
        frames = self.conversation.frames
        yield from (frame.data for frame in frames[self.taken:])
        self.taken = len(frames)

    def is_v2(self):
        return isinstance(self.sa, ladder2.Ikev2Sa)

    def come_up(self):
        if self.is_v2():
            self.sa.establish()
        else:
            self.sa.main_mode()
            self.sa.quick_mode().run()
        return self.fresh()

    def ask(self):
        """The first message, for the first time or once more."""
        if self.conversation.frames:
            self.conversation.repeat(self.conversation.newest, 0)
        elif self.is_v2():
            self.sa.init_req()
        else:
            self.sa.mm1()
        return self.fresh()

    def liveness(self):
        self.sa.alive(self.ends[self.rng.randrange(2)])
        return self.fresh()

    def esp(self):
        """The next packet of either direction: sizes as they are on the Internet, small, middling or full."""
        sender = self.rng.randrange(2)
        self.counts[sender] += 1
        size = self.rng.choice((72, 72, 104, 584, 1416))
        data = struct.pack("!II", self.spis[sender], self.counts[sender]) + self.rng.randbytes(size)
        if not self.conversation.nat:
            return self.link.frame(sender, netwire.ESP, data)
        src, dst = self.link.ends[sender], self.link.ends[1 - sender]
        return self.link.frame(sender, netwire.UDP, netwire.udp(src, 4500, dst, 4500, data, with_checksum=False))


class Tunnels:
    """All tunnels: those that come up stay, and carry ESP."""

    def __init__(self, rng):
        self.rng, self.up, self.failing = rng, [], []
        self.numbers = itertools.count()

    def more_ike(self):
        """The frames of one more exchange: a tunnel that comes up or fails, or a liveness check."""
        if self.failing and self.rng.random() < FAILING_SHARE:
            yield from self.failing.pop().ask()
            return
        if self.up and (len(self.up) >= TUNNELS or self.rng.random() > SETUP_SHARE):
            yield from self.rng.choice(self.up).liveness()
            return
        tunnel = Tunnel(self.rng, next(self.numbers))
        if self.up and self.rng.random() < FAILING_SHARE:
            self.failing += [tunnel] * REPEATS
            yield from tunnel.ask()
            return
        yield from tunnel.come_up()
        self.up.append(tunnel)

    def ike(self):
        while True:
            yield from self.more_ike()

    def esp(self):
        while True:
            yield self.rng.choice(self.up).esp()


# --- the mix -------------------------------------------------------------------------------------

def interleaved(rng, start, flows):
    """Frames of so many flows at the same time; one that ends is followed by another."""
    running = [start(rng) for _ in range(flows)]
    while True:
        place = rng.randrange(flows)
        frame = next(running[place], None)
        if frame is None:
            running[place] = start(rng)
        else:
            yield frame


def kinds():
    """The kind of each frame: always the one that lags behind its share most."""
    done = dict.fromkeys(SHARES, 0)
    yield from itertools.repeat("ike", 10)  # no ESP before a tunnel is up
    done["ike"] = 10
    for number in itertools.count(11):
        kind = max(SHARES, key=lambda x: SHARES[x] * number / 100 - done[x])
        done[kind] += 1
        yield kind


def mix(seed="ikex"):
    """(time in ns, bytes) of every frame, without end."""
    rng = random.Random(seed)
    tunnels = Tunnels(rng)
    sources = {"tcp": interleaved(rng, tcp_connection, TCP_FLOWS), "ike": tunnels.ike(),
               "dns": interleaved(rng, dns_lookups, DNS_FLOWS), "esp": tunnels.esp()}
    now = ladder.START_NS
    for kind in kinds():
        now += FRAME_GAP_NS // 2 + rng.randrange(FRAME_GAP_NS)
        yield now, next(sources[kind])


def write_pcap(path, frames):
    """Write a pcap file (nanoseconds, Ethernet) of (time, bytes). Returns how many there are."""
    count = 0
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for count, (time_ns, data) in enumerate(frames, 1):
            out.write(struct.pack("<IIII", time_ns // 10 ** 9, time_ns % 10 ** 9, len(data), len(data)) + data)
    return count


def write(path, frames, seed="ikex"):
    """Write a capture of so many frames."""
    return write_pcap(path, itertools.islice(mix(seed), frames))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--seed", default="ikex", metavar="WORD")
    parser.add_argument("file")
    arguments = parser.parse_args()
    write(arguments.file, arguments.frames, arguments.seed)


if __name__ == "__main__":
    main()
