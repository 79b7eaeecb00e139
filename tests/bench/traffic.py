#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the captures that the cost of the plugin is measured on.

usage: traffic.py [--scale X] KIND FILE.pcap
       traffic.py --list

The kinds, with the number of frames at scale 1:

    none        300,000   TCP (TLS, HTTP) and DNS, as in mix.py; no IKE, no ESP
    mixed       300,000   mix.py: of the same, with 9 % ESP and 1 % IKE
    ike         195,000   15,000 IKE SAs one after the other: Main Mode, Quick Mode, two liveness checks
    one-sa    1,000,000   one IKE SA: Main Mode, then Informationals
    many-sas  1,000,000   a million IKE SAs of which there is MM1 only, of as many hosts
    flood       200,000   half-open: MM1 of forged hosts to one responder, which answers half of them

The same arguments write the same bytes; frames are written as they are made.
"""
import argparse
import itertools
import pathlib
import struct
import sys

import mix

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "captures" / "gen"))
import netwire  # noqa: E402  (found through the line above)
from ikewire import (AES_CBC, ENCRYPTED, HASH, ID, INFORMATIONAL, KE, MAIN_MODE, NONCE, PSK, QUICK_MODE,  # noqa: E402
                     SHA256, clear_message, ike_attributes, message, sa_payload)

START_NS = 1_262_336_400 * 10 ** 9
STEP_NS = 1_000_000
MACS = ("02000000aa01", "02000000bb01")

# One proposal with one transform: AES-CBC-256, SHA2-256, pre-shared key, group 14, 28800 s
PROPOSAL = sa_payload([(1, ike_attributes(AES_CBC, SHA256, 14, PSK, 28800, key_bits=256))])


def spi(number):
    return struct.pack("!Q", number)


def filler(number, size):
    """Bytes that differ from message to message, as ciphertext does; quick to make."""
    word = struct.pack("!QQ", number * 0x9E3779B97F4A7C15 & 2 ** 64 - 1, number)
    return (word * (size // 16 + 1))[:size]


def frame(src, dst, data, ident, direction=0):
    datagram = netwire.udp(src, 500, dst, 500, data, with_checksum=False)
    packet = netwire.ipv4(src, dst, netwire.UDP, datagram, ident & 0xFFFF)
    return netwire.ethernet(MACS[direction], MACS[1 - direction], packet)


def host(number, net=10):
    return f"{net}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def phase1(i, r):
    """(direction, message) of Main Mode with a pre-shared key; SPIs are numbers."""
    both = spi(i), spi(r)
    yield 0, first_message(i)
    yield 1, first_message(i, r)
    for direction, number in enumerate((i, r)):
        yield direction, clear_message(*both, MAIN_MODE, [(KE, filler(number + 3, 256)), (NONCE, filler(number + 4, 32))])
    yield 0, message(*both, ID, MAIN_MODE, ENCRYPTED, 0, filler(i + 1, 80))
    yield 1, message(*both, ID, MAIN_MODE, ENCRYPTED, 0, filler(i + 2, 64))


def first_message(i, r=0):
    return clear_message(spi(i), spi(r), MAIN_MODE, [PROPOSAL])


def phase2(i, r):
    for number, (direction, size) in enumerate(((0, 160), (1, 160), (0, 48))):
        yield direction, message(spi(i), spi(r), HASH, QUICK_MODE, ENCRYPTED, 0x1000, filler(i + 10 + number, size))


def check(i, r, number):
    for direction in (0, 1):
        yield direction, message(spi(i), spi(r), HASH, INFORMATIONAL, ENCRYPTED, 0x2000 + 2 * number + direction,
                                 filler(i + 100 + 2 * number + direction, 80))


def ike(scale):
    for sa in range(int(15_000 * scale)):
        spi_i, spi_r = host_spi(sa), 0x5566778800000001 + sa
        ends = host(sa, 10), host(sa, 172)
        checks = itertools.chain.from_iterable(check(spi_i, spi_r, n) for n in range(2))
        for number, (direction, data) in enumerate(itertools.chain(phase1(spi_i, spi_r), phase2(spi_i, spi_r), checks)):
            yield frame(ends[direction], ends[1 - direction], data, 16 * sa + number, direction)


def one_sa(scale):
    spi_i, spi_r, ends = 0x1122334455667788, 0x8877665544332211, (host(1), host(2))
    messages = itertools.chain(phase1(spi_i, spi_r),
                               itertools.chain.from_iterable(check(spi_i, spi_r, n) for n in itertools.count()))
    for number, (direction, data) in enumerate(itertools.islice(messages, int(1_000_000 * scale))):
        yield frame(ends[direction], ends[1 - direction], data, number, direction)


def host_spi(number):
    return 0x1122334400000001 + number


def many_sas(scale):
    for number in range(int(1_000_000 * scale)):
        yield frame(host(number, 10), host(number, 172), first_message(host_spi(number)), number)


def flood(scale):
    responder = "192.0.2.1"
    for number in range(int(133_333 * scale)):
        yield frame(host(number), responder, first_message(host_spi(number)), number)
        if number % 2:
            yield frame(responder, host(number), first_message(host_spi(number), 0x99 + number), number, 1)


def of_mix(scale, kinds):
    wanted = int(300_000 * scale)
    frames = (data for (_, data), kind in zip(mix.mix(), mix.kinds()) if kind in kinds)
    return itertools.islice(frames, wanted)


KINDS = {
    "none": lambda scale: of_mix(scale, ("tcp", "dns")),
    "mixed": lambda scale: of_mix(scale, tuple(mix.SHARES)),
    "ike": ike,
    "one-sa": one_sa,
    "many-sas": many_sas,
    "flood": flood,
}


def write(path, kind, scale=1.0):
    """Write a capture of this kind. Returns how many frames it has."""
    frames = KINDS[kind](scale)
    return mix.write_pcap(path, ((START_NS + n * STEP_NS, data) for n, data in enumerate(frames, 1)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, metavar="X")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("kind", nargs="?", choices=KINDS)
    parser.add_argument("file", nargs="?")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(KINDS))
    elif not arguments.file:
        parser.error("a kind and a file are needed")
    else:
        print(f"{write(arguments.file, arguments.kind, arguments.scale)} frames")


if __name__ == "__main__":
    main()
