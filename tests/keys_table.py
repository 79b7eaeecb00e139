#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What ikex inferred without keys, beside what the keys show.

usage: keys_table.py [--tshark CMD] [--jobs N] [--all] FOLDER

FOLDER holds captures NAME.pcapng with NAME.keys/ (or, of several points of one scenario, NAME.keys/ for
NAME.POINT.pcapng), as captures/ does. Each capture is reported without keys and with them. A line tells of
each thing that was inferred:

    confirmed   with keys it is observed, and the same
    corrected   with keys it is not said any more, or another is
    open        the keys say nothing of it: it is still inferred

and of each finding and event that the keys alone show:

    new         without keys it is not said

--all also lists what is confirmed; else only the sums of these are told. Exit status 1 when keys correct
something: a guess was wrong, and its rule needs to be better, or to claim less.
"""
import collections
import json
import pathlib
import sys

from runner import Runner, new_parser, side_by_side
from truth import key_lines, key_options

REPORT = ["-q", "-z", "ikex,report,format=json", "-z", "ikex,audit,format=json"]

# Of each type of record: what names the thing, what is said of it, and how that is known.
KINDS = {
    "finding": (("sa", "id"), (), "known_by"),
    "ike_sa": (("sa",), ("state", "failed"), "state_known_by"),
    "ipsec_sa": (("spi", "destination"), ("child",), "known_by"),
    "event": (("event", "sa", "message_id", "role"), (), "known_by"),
}
INFERRED = ("inferred", "only candidate", "ambiguous")


def things(runner, capture, options):
    """{(type, what names it): (what is said, how it is known)}"""
    found = {}
    for line in runner.run(capture, [*REPORT, *options]).splitlines():
        record = json.loads(line)
        if record["type"] not in KINDS:
            continue
        names, said, known = KINDS[record["type"]]
        key = (record["type"], *(record[name] for name in names))
        found.setdefault(key, (tuple(record[name] for name in said), record[known]))
    return found


def is_same(before, after):
    """Keys leave no probability, and show what was deleted after it was established; the rest stays the same."""
    told = tuple("established" if x == "deleted" else str(x) for x in after)
    return tuple(str(x).removeprefix("probably ") for x in before) == told


def verdict(before, after):
    if after is None or (after[0] != before[0] and not is_same(before[0], after[0])):
        return "corrected"
    return "open" if after[1] in INFERRED else "confirmed"


def words_of(key, before, after):
    name = " ".join(str(x) for x in key if x is not None)
    said = " ".join(str(x) for x in before[0])
    told = "not said with keys" if after is None else f"{' '.join(str(x) for x in after[0])} ({after[1]})"
    return f"{name:44} {said} ({before[1]}) -> {told}"


# A guess, and what keys say in its place when it was right.
SHARPER = {("finding", "auth_small"): "auth_failed"}


def with_keys(key, keyed):
    """What the keys say of the same thing, under its own name or a sharper one."""
    sharper = SHARPER.get((key[0], key[-1]))
    return keyed.get(key) or (keyed.get((*key[:-1], sharper)) if sharper else None)


def rows_of(runner, capture):
    plain, keyed = things(runner, capture, []), things(runner, capture, key_options(key_lines(capture)))
    for key, before in plain.items():
        if before[1] in INFERRED:
            after = with_keys(key, keyed)
            yield verdict(before, after), key[0], f"{capture.stem:34} {words_of(key, before, after)}"
    for key, after in keyed.items():
        if key not in plain and key[0] in ("finding", "event"):
            yield "new", key[0], f"{capture.stem:34} {' '.join(str(x) for x in key if x is not None)} ({after[1]})"


def main():
    parser = new_parser(__doc__)
    parser.add_argument("--all", action="store_true", help="what is confirmed, too")
    parser.add_argument("folder", type=pathlib.Path, metavar="FOLDER")
    arguments = parser.parse_args()
    captures = [x for x in sorted(arguments.folder.glob("*.pcapng")) if key_lines(x)]
    seen, runner = collections.Counter(), Runner(arguments.tshark)
    for rows in side_by_side(lambda capture: list(rows_of(runner, capture)), captures, arguments.jobs):
        for what, kind, words in rows:
            seen[what, kind] += 1
            if what != "confirmed" or arguments.all:
                print(f"{what:10}{words}")
    if not captures:
        sys.exit("keys_table: no capture with keys")
    for what in ("confirmed", "corrected", "open", "new"):
        sums = ", ".join(f"{seen[what, kind]} {kind}" for kind in KINDS)
        print(f"{what}: {sums}")
    sys.exit(1 if any(seen["corrected", kind] for kind in KINDS) else 0)


if __name__ == "__main__":
    main()
