#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare what a single pass finds with what two passes find, by the golden files of the captures.

usage: check_one_pass.py [FOLDER]

A single pass sees no later frames: it may miss what only these show, and says what it learns later in a later
frame. What it does say, two passes must say as well, or it was a false alarm; EARLIER names the findings that
were right when they were said, and why. Exit 1 when something else differs.
"""
import collections
import pathlib
import sys

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"

# (capture, id): why a single pass is right to say what is not true of the whole capture
EARLIER = {
    ("ikev2-cookie-loop", "init_cookie"): "one challenge is no loop",
    ("merged-clocks", "joined"): "the first frame of the file is not the first in time",
    ("mm-renews-unseen", "esp_noike"): "a delete under the old cookies, which comes later, shows whose ESP it is",
    ("xauth-renews-unseen", "esp_noike"): "the same",
    ("refusals-ignored", "mm2_reject"): "what comes later shows that nobody believed it",
    ("refusals-ignored", "mm3_reject"): "the same",
    ("refusals-ignored", "mm4_reject"): "the same",
    ("refusals-ignored", "am1_reject"): "the same",
    ("ikev2-failover", "info_noresp"): "its third copy makes the request a liveness check: dpd_fail",
    ("xauth-answer-lost", "xauth_fail"): "one copy more of TR1 shows that its answers are lost: tr_noresp",
}
USED = set()


def findings(path):
    """(id, severity) -> the first frame with it."""
    found = {}
    for line in path.read_text().splitlines():
        frame, *cells = line.split(" | ")
        values = dict(cell.split("=", 1) for cell in cells if "=" in cell)
        ids, severities = values.get("diag.id"), values.get("diag.severity")
        if ids:
            for pair in zip(ids.split(","), severities.split(",")):
                found.setdefault(pair, int(frame))
    return found


def compare(capture, once, twice):
    """What a single pass says too much, as lines."""
    worst = collections.defaultdict(int)
    for name, severity in twice:
        worst[name] = max(worst[name], int(severity))
    for (name, severity), frame in once.items():
        if int(severity) <= worst[name]:
            continue
        if (capture, name) in EARLIER:
            USED.add((capture, name))
        else:
            yield f"{capture}: a single pass says {name} with severity {severity} in frame {frame}, two passes do not"


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else GOLDEN
    problems, compared, said = [], 0, 0
    for path in sorted(folder.glob("*.fields1")):
        capture = path.name.removesuffix(".fields1")
        once = findings(path)
        problems += compare(capture, once, findings(path.with_suffix(".fields")))
        compared += 1
        said += len(once)
    problems += [f"{capture}: a single pass does not say {name} any more: take it off the list"
                 for capture, name in sorted(set(EARLIER) - USED)]
    print(*problems, sep="\n", end="\n" if problems else "")
    print(f"check_one_pass: {compared} captures, {said} findings of a single pass, {len(problems)} problems")
    return 1 if problems or not said else 0


sys.exit(main())
