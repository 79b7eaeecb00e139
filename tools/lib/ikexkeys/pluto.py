# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads logs of Libreswan's pluto.

With plutodebug=private it prints the keys of an IKEv2 SA when that is established, a line for each direction:

    | ikev2 I 0xdf4888ff4e5f6e70 0xe4615c9d3913c5df sha256:0x85aa.. aes256:0x22bd..
    | ikev2 R 0xdf4888ff4e5f6e70 0xe4615c9d3913c5df sha256:0x2d4a.. aes256:0x291d..

These lack the salts of AES-GCM and AES-CTR, and of keys for integrity they have no more than 32 octets.
plutodebug=crypt,private dumps both whole, the salts when they are made ("initiator salt", "responder salt"), the
keys just before the lines above ("ai", "ar"). It prints no keys of IKEv1: NSS keeps them.
"""
import re

from . import algorithms
from .records import IKEV2

RECOGNISED = re.compile(
    r'Starting Pluto \(|\bpluto\[\d+\]: |\| ikev2 [IR] 0x[0-9a-f]{16} |(?:^|\s)"[^"]+"(?:\[\d+\] \S+)? #\d+: ')
KEYS = re.compile(
    r"\| ikev2 (?P<side>[IR]) 0x(?P<i>[0-9a-f]{16}) 0x(?P<r>[0-9a-f]{16}) "
    r"(?P<mac>\w+):(?P<mac_key>\S*) (?P<cipher>\w+):(?P<key>\S*)\s*$")
LOOKS_LIKE_KEYS = re.compile(r"\| ikev2 [IR] 0x")
CIPHER = re.compile(r"(?P<name>\w+?)(?P<bits>128|192|256)")
HEX = re.compile(r"0x((?:[0-9a-f]{2})*)")
EXTRACTED = re.compile(r"\| (initiator salt|responder salt|ai|ar) extracted len (\d+) bytes")
UNWRAPPED = re.compile(r"\| unwrapped:")
DUMP = re.compile(r"\|   ((?:[0-9a-f]{2} {1,2}){1,16})")
IKEV1 = re.compile(r"#\d+: .*(?:ISAKMP SA|Main Mode|Aggressive Mode)")
SALT = {"I": "initiator salt", "R": "responder salt"}
SALT_OCTETS = 4

NO_KEYS = "this log of Libreswan holds no keys of IKEv2: pluto prints them with plutodebug=private " \
          "(those of AES-GCM and AES-CTR with plutodebug=crypt,private)"
NO_KEYS_V1 = "Libreswan prints no keys of IKEv1, which this log tells of; the other end may have them"


def recognises(line):
    return RECOGNISED.search(line) is not None


class Reader:
    def __init__(self, found, _):
        self.found = found
        self.forget()
        self.sides = {}       # by side: the last line of keys, until both are there
        self.reading = None   # what is being dumped, how many octets it has
        self.seen, self.seen_v1 = False, 0  # keys; a line that tells of IKEv1

    def forget(self):
        self.dumps = {"ai": [], "ar": [], SALT["I"]: [], SALT["R"]: []}

    def feed(self, number, line):
        if self.reading and self.dumped(line):
            return
        extracted = EXTRACTED.search(line)
        if extracted:
            self.reading = (extracted[1], int(extracted[2]), b"")
            return
        if LOOKS_LIKE_KEYS.search(line):
            self.seen = True
            self.keys(number, KEYS.search(line))
        if not self.seen_v1 and IKEV1.search(line):
            self.seen_v1 = number

    def finish(self):
        for number, _ in self.sides.values():
            self.found.problem(number, "keys of an IKEv2 SA in one direction only")
        if self.seen_v1:
            self.found.note(self.seen_v1, NO_KEYS_V1)
        elif not self.seen:
            self.found.note(1, NO_KEYS)

    def dumped(self, line):
        """Whether the line belongs to a dump; one that is cut short is no dump."""
        label, total, data = self.reading
        if UNWRAPPED.search(line):
            return True
        octets = DUMP.search(line)
        if not octets:
            self.reading = None
            return False
        data += bytes.fromhex(octets[1])
        self.reading = (label, total, data) if len(data) < total else None
        if not self.reading:
            self.dumps[label].append(data[:total])
        return True

    def keys(self, number, found):
        if not found or not CIPHER.fullmatch(found["cipher"]) or not HEX.fullmatch(found["key"]):
            self.found.problem(number, "the line with the keys of an IKEv2 SA is damaged")
            return
        self.sides[found["side"]] = number, found
        if len(self.sides) < 2:
            return
        (first, i), (last, r) = self.sides["I"], self.sides["R"]
        if (i["i"], i["r"]) != (r["i"], r["r"]):
            other = "I" if found["side"] == "R" else "R"
            self.found.problem(self.sides.pop(other)[0], "keys of an IKEv2 SA in one direction only")
            return
        self.sides = {}
        self.both(max(first, last), i, r)
        self.forget()

    def both(self, number, i, r):
        title = f"IKEv2 SA {i['i']} {i['r']}"
        cipher = CIPHER.fullmatch(i["cipher"])
        proposal = algorithms.PLUTO_ENCRYPTION.get(cipher["name"], cipher["name"].upper())
        bits = "" if proposal == "3DES_CBC" else f"_{cipher['bits']}"
        mac = algorithms.PLUTO_INTEGRITY.get(i["mac"], i["mac"])
        try:
            encryption, integrity = algorithms.ike_names(f"{proposal}{bits}/{mac}")
        except algorithms.Unsupported as name:
            self.found.note(number, f"{title}: Wireshark's table has no name for {name}")
            return
        salts = self.salts(encryption, HEX.fullmatch(i["key"])[1])
        if salts is None:
            self.found.problem(number, f"{title}: the log does not say which salts its keys have, which needs "
                                       "plutodebug=crypt,private")
            return
        ei, er = (HEX.fullmatch(x["key"])[1] + salt for x, salt in zip((i, r), salts))
        ai, ar = (self.whole(x["mac_key"], label, integrity) for x, label in ((i, "ai"), (r, "ar")))
        if None in (ai, ar):
            ai, ar, integrity = "", "", algorithms.UNCHECKED.format(algorithms.UNCHECKED_BITS.get(mac, 96))
        self.found.key(number, IKEV2, (i["i"], i["r"], ei, er, encryption, ai, ar, integrity))

    def salts(self, encryption, key):
        """What the keys of this cipher lack: two salts, empty ones, or None where they are not known."""
        lacks = algorithms.IKE_ENCRYPTION[encryption] - len(key) // 2
        if lacks != SALT_OCTETS:
            return ("", "")
        salts = [self.dumps[SALT[side]] for side in "IR"]
        return [x[0][:SALT_OCTETS].hex() for x in salts] if all(len(x) == 1 for x in salts) else None

    def whole(self, printed, label, integrity):
        """A key for integrity, which is printed up to its 32nd octet and may be dumped before; None: not known."""
        octets, key = algorithms.IKE_INTEGRITY[integrity], (HEX.fullmatch(printed) or ("", ""))[1]
        if not octets or len(key) == 2 * octets:
            return key if octets else ""
        dumped = [x.hex() for x in self.dumps[label] if len(x) == octets and x.hex().startswith(key)]
        return dumped[-1] if dumped else None
