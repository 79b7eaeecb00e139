#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that ikex says the same whether Wireshark reassembles IP fragments or not.

usage: check_defragment.py [--tshark CMD] [--jobs N] [DIR]

Runs every capture of DIR (default: captures/) that holds IP fragments with ip.defragment and
ipv6.defragment on and off, in two passes and in one, and compares all stable fields and the report
diag. Prints what differs and exits 1; exits 2 when no capture has fragments.
"""
import pathlib
import sys

from check_load import STABLE_FIELDS
from runner import field_arguments, new_parser, run, side_by_side
from truth import CAPTURES

HAS_FRAGMENTS = "ip.flags.mf == 1 || ip.frag_offset > 0 || ipv6.fraghdr"
FIELDS = field_arguments(["frame.number", *STABLE_FIELDS])
RUNS = {"fields, two passes": ["-2", *FIELDS], "fields, one pass": FIELDS, "diag": ["-q", "-z", "ikex,diag"]}


def options(state):
    return ["-o", f"ip.defragment:{state}", "-o", f"ipv6.defragment:{state}"]


def has_fragments(tshark, capture):
    found = run(tshark, "-n", "-r", str(capture), "-Y", HAS_FRAGMENTS, "-T", "fields", "-e", "frame.number")
    return bool(found.stdout.strip())


def problems(tshark, capture):
    """None for a capture without fragments, else one line per difference."""
    if not has_fragments(tshark, capture):
        return None
    found = []
    for name, arguments in RUNS.items():
        on, off = (run(tshark, "-n", *options(state), "-r", str(capture), *arguments)
                   for state in ("TRUE", "FALSE"))
        if on.returncode or off.returncode:
            found.append(f"{capture.name}: {name}: exit {on.returncode} and {off.returncode}")
        pairs = zip(on.stdout.splitlines(), off.stdout.splitlines())
        different = next(((a, b) for a, b in pairs if a != b), None)
        if on.stdout != off.stdout:
            found.append(f"{capture.name}: {name}: on and off differ: {different}")
    return found


def main():
    parser = new_parser(__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=CAPTURES, metavar="DIR")
    arguments = parser.parse_args()
    captures = sorted(arguments.folder.glob("*.pcap*[gp]"))
    results = [x for x in side_by_side(lambda capture: problems(arguments.tshark, capture), captures, arguments.jobs)
               if x is not None]
    lines = [line for result in results for line in result]
    print("".join(f"check_defragment: {line}\n" for line in lines) +
          f"check_defragment: {len(results)} captures with fragments, {len(lines)} differences")
    sys.exit(2 if not results else bool(lines))


if __name__ == "__main__":
    main()
