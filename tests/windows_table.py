#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare the reports audit and stat with what the daemons of the lab logged, and print the table.

usage: windows_table.py [--tshark CMD] [--jobs N] [--wrong] FOLDER

FOLDER holds captures SCENARIO[.point].pcapng and SCENARIO.log, as tools/lab makes them. For each host
and capture the log says how many IKE SAs came up, how many Child SAs, and whether a negotiation failed: one
that began and did not come up, or made no child;
audit says it by events 4650, 4651 and 4979, by 5451, and by 4652 to 4654; stat by
totalSuccessfulMainModes and totalSuccessfulQuickModes of the host. A row is right when all agree.

What did not pass the capture point cannot be counted: there less than the log says is `unseen`, if no
label that shows it is in the truth file. So is a failure that only one of the hosts knows of, and XAUTH
that fails after Main Mode. More than the log says is wrong, unless every event beyond it is inferred,
which the table shows as `inferred`.

Exit 1 when a row is wrong, 2 when there is nothing to compare.
"""
import collections
import json
import pathlib
import re
import sys

from runner import Runner, new_parser, side_by_side
from truth import read_truths

# What a line of a daemon (strongSwan, Libreswan) says of the host that wrote it. charon calls an SA
# established only after XAUTH, which comes after Main Mode.
BEGUN = re.compile(r"initiating .*IKE_SA|is initiating an? .*IKE_SA|initiating IKEv[12] |responding to (?:Main Mode|IKE_SA_INIT)|"
                   r"no IKE config found for ")
UP = re.compile(r"IKE_SA \S+ (?:established|rekeyed) between|(?:ISAKMP|IKE) SA established|established IKE SA|"
                r"(?:generating|parsed) TRANSACTION request .*X_USER")
CHILD_UP = re.compile(r"CHILD_SA (\S+) established with|IPsec SA established|established Child SA")
TOGETHER_S = 0.5  # lines that are this near to each other tell of one thing
EVENTS = {"up": (4650, 4651, 4979), "child": (5451,), "failed": (4652, 4653, 4654)}
COUNTERS = {"totalSuccessfulMainModes": "up", "totalSuccessfulQuickModes": "child"}
SHOWN_BY = {"up": r"MM6|AM2|IKE_AUTH\.resp|CREATE_CHILD_SA\.resp", "child": r"QM3|IKE_AUTH\.resp|CREATE_CHILD_SA\.resp"}
CHARON = re.compile(r"(?P<time>\d+\.\d+) (?P<node>\S+) (?P<words>.*)")
SECTION = re.compile(r"--- pluto (?P<node>\S+) ---")
PLUTO = re.compile(r"\w+ \d+ (?P<hour>\d+):(?P<minute>\d+):(?P<second>[\d.]+): (?P<words>.*)")


class Tally:
    """Counts what lines tell of, by name; lines with the same name that are near in time count once."""

    def __init__(self, pattern):
        self.pattern, self.newest, self.counts = pattern, {}, collections.Counter()

    def see(self, node, time, words):
        match = self.pattern.search(words)
        if not match:
            return
        key = (node, match.group(1) if self.pattern.groups else "")
        if time - self.newest.get(key, -TOGETHER_S) >= TOGETHER_S:
            self.counts[node] += 1
        self.newest[key] = time


def lines_of(path):
    """(node, seconds, words) of each line that a daemon wrote; pluto's stand behind a title with its node."""
    node = ""
    for line in path.read_text(errors="replace").splitlines():
        title, charon, pluto = SECTION.fullmatch(line), CHARON.match(line), PLUTO.match(line)
        if title:
            node = title["node"]
        elif charon:
            yield charon["node"], float(charon["time"]), charon["words"]
        elif pluto:
            yield node, 3600 * int(pluto["hour"]) + 60 * int(pluto["minute"]) + float(pluto["second"]), pluto["words"]


def logged(path):
    """{node: counter of up, child, failed}. A negotiation that began and did not come up failed."""
    begun, up, child = map(Tally, (BEGUN, UP, CHILD_UP))
    for node, time, words in lines_of(path):
        for tally in (begun, up, child):
            tally.see(node, time, words)
    return {node: collections.Counter(up=up.counts[node], child=child.counts[node],
                                      failed=int(begun.counts[node] > up.counts[node] or not child.counts[node]))
            for node in {*begun.counts, *up.counts}}


def read_reports(runner, capture):
    lines = runner.run(capture, ["-q", "-z", "ikex,audit,format=json", "-z", "ikex,stat,format=json"])
    return [json.loads(line) for line in lines.splitlines()]


def by_role(records):
    """{role of the host: (events, inferred events, counters)} of up, child and failed."""
    events, inferred, hosts = (collections.defaultdict(collections.Counter) for _ in range(3))
    role_of = {}
    for record in records:
        if record["type"] != "event":
            continue
        for what, ids in EVENTS.items():
            if record["event"] in ids:
                events[record["local"]][what] += 1
                inferred[record["local"]][what] += record["known_by"] == "inferred"
        if record["mode"] == "Main Mode":
            role_of.setdefault(record["local"], record["role"])
    for record in records:
        if record["type"] == "counter" and record["host"] != "total" and record["name"] in COUNTERS:
            hosts[record["host"]][COUNTERS[record["name"]]] += record["value"]
    return {role: (events[host], inferred[host], hosts[host]) for host, role in role_of.items()}


def judge(what, log, event, sure, counter, labels):
    """right, inferred, unseen or wrong. Of failures only whether there is one can be compared: both hosts of
    a negotiation count it, whichever of them logs it."""
    if what == "failed":
        log, event, sure, counter = min(log, 1), min(event, 1), min(sure, 1), min(event, 1)
    if event > log:
        return "inferred" if sure <= log else "wrong"
    if event < log:
        is_seen = what in SHOWN_BY and any(re.search(SHOWN_BY[what], label) for label in labels)
        return "wrong" if is_seen else "unseen"
    return "right" if counter == event else "wrong"


assert judge("child", 0, 1, 1, 1, ()) == "wrong"    # an observed event too many
assert judge("child", 0, 1, 0, 1, ()) == "inferred"
assert judge("up", 1, 0, 0, 0, ("MM6",)) == "wrong"
assert judge("up", 1, 1, 1, 0, ()) == "wrong"       # stat disagrees


def log_of(file):
    return file.capture.with_name(file.scenario + ".log")


def rows_of(runner, file):
    log, reports, labels = logged(log_of(file)), by_role(read_reports(runner, file.capture)), file.labels()
    nodes = {"responder": "r", "initiator": "i"}
    for role, node in nodes.items():
        events, inferred, counters = reports.get(role, (collections.Counter(),) * 3)
        for what in EVENTS:
            told = log.get(node, collections.Counter())[what]
            verdict = judge(what, told, events[what], events[what] - inferred[what], counters[what], labels)
            yield verdict, f"{file.capture.stem:36} {role:10} {what:7} log {told}  audit {events[what]}  stat {counters[what]}"


def main():
    parser = new_parser(__doc__)
    parser.add_argument("--wrong", action="store_true", help="the rows that are not right, and the last line")
    parser.add_argument("folder", type=pathlib.Path, metavar="FOLDER")
    arguments = parser.parse_args()
    files = [file for file in read_truths(arguments.folder) if log_of(file).is_file()]
    seen, runner = collections.Counter(), Runner(arguments.tshark)
    for rows in side_by_side(lambda file: list(rows_of(runner, file)), files, arguments.jobs):
        for verdict, words in rows:
            seen[verdict] += 1
            if verdict != "right" or not arguments.wrong:
                print(f"{verdict:9} {words}")
    print("windows_table:", ", ".join(f"{n} {verdict}" for verdict, n in seen.most_common()) or "nothing to compare")
    sys.exit(2 if not seen else 1 if seen["wrong"] else 0)


if __name__ == "__main__":
    main()
