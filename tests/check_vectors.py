#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that every test vector has a test.

usage: check_vectors.py [-v]

A test vector is a situation with the answer that ikex owes to it; VECTORS below says in a few
words what each is about. A unit test covers vector NN when its name is /vector/NN-something, in a program
that is built and outside of comments and of what the preprocessor leaves out; a generated capture when its
truth file lists the number under "vectors". Prints vectors without a test and exits 1. -v lists the tests of
all.
"""
import collections
import re
import sys

from truth import HERE, read_truths

UNIT = HERE / "unit"

VECTORS = {
    1: "a clean Main Mode",
    2: "MM5 and MM6 in two IP fragments each, Quick Mode of four messages, ESP",
    3: "the second fragment of MM5 is missing, in each of its copies",
    4: "the capture starts at MM3",
    5: "the capture starts at MM4, and the other side floats",
    6: "the capture starts with an encrypted message of Main Mode",
    7: "MM2 is not in the capture",
    8: "MM1 three times, then MM2",
    9: "MM1 six times in 63 s and no answer",
    10: "MM1 once, and the capture ends",
    11: "MM1 answered by ICMP port unreachable",
    12: "MM1 refused with NO-PROPOSAL-CHOSEN in clear",
    13: "two answers to MM1 with different cookies",
    14: "the initiator uses its cookie again after an hour",
    15: "both sides send MM1 at once",
    16: "Main Mode with a message ID",
    17: "RSA encryption: an identity in MM3, in clear",
    18: "Kerberos or XAUTH behind authentication method 65001",
    19: "AM3 in clear; Aggressive Mode with a pre-shared key",
    20: "MM5 and MM6 again after MM6",
    21: "both ends are one address, told apart by ports",
    22: "Quick Mode of three messages",
    23: "the commit bit and no CONNECTED",
    24: "CONNECTED as an Informational with the message ID of Quick Mode",
    25: "Quick Mode of the responder",
    26: "two Quick Modes interleaved",
    27: "the capture starts at QM3",
    28: "an Informational right after QM1, and no QM2",
    29: "liveness checks, answered and not; deletes are none",
    30: "XAUTH, with and without a Quick Mode behind it",
    31: "a cookie, then another group, then IKE_SA_INIT succeeds",
    32: "INVALID_KE_PAYLOAD asks twice for a group that is not offered",
    33: "three cookies, and another source port each time",
    34: "a COOKIE response without an SPI of the responder",
    35: "seven rounds of EAP",
    36: "a small IKE_AUTH response, with and without something after it",
    37: "both sides send requests with the same message ID",
    38: "a whole request, then the same in SKF fragments",
    39: "SKF fragments of another total",
    40: "an SKF fragment that never comes",
    41: "the responder rekeys the IKE SA",
    42: "message ID 0 in an SA that is up",
    43: "two rounds of IKE_INTERMEDIATE",
    44: "INVALID_IKE_SPI in clear for an unknown SA",
    45: "MOBIKE: a new source address",
    46: "IKEv2 over TCP: resent on a new connection, and repeated by TCP",
    47: "strongSwan's Quick Mode in IKE fragments with message ID 0",
    48: "racoon's IKE fragments with the E flag",
    49: "the last IKE fragment first",
    50: "one fragment ID for all messages",
    51: "Windows falls back from IP to IKE fragments",
    52: "an IKE fragment with number 0 or a wrong length inside",
    53: "an initiator behind a NAT, captured at the responder",
    54: "the same captured at the initiator",
    55: "NAT-D over port 0: encapsulation is forced",
    56: "NAT-D with the negotiated hash, and when MM2 is missing",
    57: "NAT-D payloads of the drafts",
    58: "a NAT and no float; a float of IKEv2 without a NAT",
    59: "no marker on port 4500",
    60: "a NAT changes the port after a gap",
    61: "a keepalive on port 500",
    62: "ESP outside of UDP behind a NAT",
    63: "captured on both sides of a NAT",
    64: "a mirror port shows every packet twice",
    65: "IP ID 0: the time tells a duplicate from a retransmission",
    66: "one direction of a negotiation only",
    67: "ESP of one direction, and no frame of the other host",
    68: "60 bytes of each packet",
    69: "AuthIP unanswered beside a Main Mode that succeeds",
    70: "the first AuthIP Quick Mode on the exchange of Main Mode",
    71: "a wrong pre-shared key: MM5 refused, or not answered",
    72: "a flood of 60 MM1",
    73: "MM2 before MM1 in the file",
    74: "the same IKE bare and inside a tunnel",
}

# A string, which stays, or something that is no code.
STRING_OR_NO_CODE = re.compile(r'("(?:\\.|[^"\\\n])*")|/\*.*?\*/|//[^\n]*|^ *# *if 0\b.*?^ *# *endif\b',
                               re.DOTALL | re.MULTILINE)


def code(path):
    """The text of a C file without comments and #if 0."""
    return STRING_OR_NO_CODE.sub(lambda found: found[1] or " ", path.read_text(encoding="utf-8"))


def programs():
    """The files of the unit tests that are built."""
    text = re.sub(r"#.*", "", (UNIT / "CMakeLists.txt").read_text(encoding="utf-8"))
    names = re.search(r"foreach\(name IN ITEMS\s([^)]*)\)", text)[1].split()
    return [UNIT / f"test_{name}.c" for name in sorted(names)]


def unit_tests():
    """(number, name) of each unit test of a vector."""
    for path in programs():
        for name in re.findall(r'"/vector/([0-9]{2}-[a-z0-9-]+)"', code(path)):
            yield int(name[:2]), f"{path.name} /vector/{name}"


def captures():
    """(number, name) of each capture of a vector."""
    for truth in read_truths():
        for number in truth.vectors:
            yield number, truth.capture.name


def problems(tests):
    """What is wrong, one line each."""
    for number, about in VECTORS.items():
        if number not in tests:
            yield f"vector {number} has no test: {about}"
    for number, names in sorted(tests.items()):
        if number not in VECTORS:
            yield f"there is no vector {number}: {', '.join(names)}"


def main():
    if sys.argv[1:] not in ([], ["-v"]):
        sys.exit(__doc__.strip())
    tests = collections.defaultdict(list)
    for number, name in (*unit_tests(), *captures()):
        tests[number].append(name)
    if sys.argv[1:]:
        for number, about in VECTORS.items():
            print(f"{number:2} {about}", *(f"     {name}" for name in tests.get(number, ())), sep="\n")
    found = list(problems(tests))
    for line in found:
        print(f"check_vectors: {line}")
    print(f"check_vectors: {f'FAILED, {len(found)} problems' if found else f'ok, {len(VECTORS)} vectors'}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
