#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrong keys must change nothing: neither what the frames say nor what the reports find.

usage: check_wrong_keys.py [--tshark CMD] [--asan LIB] [--jobs N] [--sample N] [--only REGEX]

For each capture with keys (captures/NAME.keys/) tshark runs without keys, with keys of which one bit
is wrong, and with keys that are of no SA, the right ones backwards. Every field of ikex and every row of
the report must be the same in all three, and the right keys must add to them.
"""
import re
import sys

from check_load import STABLE_FIELDS
from runner import Runner, field_arguments, new_parser, require_sanitized, side_by_side
from truth import CAPTURES, key_lines, key_options

FIELDS = field_arguments(["frame.number", *STABLE_FIELDS])
REPORT = ["-q", "-z", "ikex,report,format=json", "-z", "ikex,audit,format=json"]

# The cells of a row that hold keys; before them stand the SPIs by which Wireshark finds it.
KEY_CELLS = {"ikev1_decryption_table": (1,), "ikev2_decryption_table": (2, 3, 5, 6)}

# No encrypted message is whole there.
SILENT = {"ikefrag-lost", "ikev2-ipfrag-dropped", "ipfrag-dropped", "port4500-blocked-responder"}


def with_wrong_bit(cell):
    """The key with its first bit turned over: as long, and as good for Wireshark."""
    return f"{int(cell[:2], 16) ^ 0x80:02x}{cell[2:]}" if cell else cell


def wrong(table, row):
    cells = row.split(",")
    return ",".join(with_wrong_bit(cell) if n in KEY_CELLS[table] else cell for n, cell in enumerate(cells))


def foreign(table, row):
    """The key of the row backwards: a key, but not of this SA."""
    cells = row.split(",")
    return ",".join(cell[::-1] if n in KEY_CELLS[table] else cell for n, cell in enumerate(cells))


def output(runner, capture, options):
    return [runner.run(capture, [*arguments, *options]) for arguments in (["-2", *FIELDS], FIELDS, REPORT)]


def check(runner, capture):
    """What is wrong with one capture; nothing when all is well."""
    lines = key_lines(capture)
    plain, right = output(runner, capture, []), output(runner, capture, key_options(lines))
    for name, change in (("a wrong bit", wrong), ("foreign keys", foreign)):
        changed = {table: [change(table, row) for row in rows] for table, rows in lines.items()}
        if output(runner, capture, key_options(changed)) != plain:
            return f"{capture.stem}: {name} in the keys changes what ikex says"
    if (plain == right) != (capture.stem in SILENT):
        return f"{capture.stem}: the right keys {'change nothing' if plain == right else 'say something'}"
    return ""


def main():
    parser = new_parser(__doc__)
    parser.add_argument("--asan", default="", metavar="LIB", help="preload the sanitizer library")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="one capture in N")
    parser.add_argument("--only", default="", metavar="REGEX")
    arguments = parser.parse_args()
    captures = [x for x in sorted(CAPTURES.glob("*.pcapng")) if key_lines(x) and re.search(arguments.only, x.stem)]
    captures = captures[::arguments.sample]
    runner = Runner(arguments.tshark, arguments.asan)
    if arguments.asan:
        require_sanitized(runner)
    found = list(side_by_side(lambda capture: check(runner, capture), captures, arguments.jobs))
    for words in filter(None, found):
        print(words)
    failed = sum(map(bool, found)) + (not found)
    print(f"check_wrong_keys: {len(found)} captures, {failed} wrong")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
