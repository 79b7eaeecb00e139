#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that every row of ike_diagnosis.def is shown by a capture, and that healthy captures end well.

usage: check_findings.py

Each id must appear in a golden file golden/*.fields, that is on a frame of a capture, and must be due
("expect") in a truth file of captures/, or stand in NOT_DUE below with the reason. The result line of
golden/*.diag must be no WARN and no FAIL where the truth says healthy, weak cryptography aside. Prints
what is missing and exits 1.
"""
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE.parent / "plugin" / "core" / "ike_diagnosis.def"
CAPTURES = HERE.parent / "captures"

# Ids that no truth file needs to expect. What is expected nevertheless does not belong here.
NOT_DUE = {
    "weak_3des": "said of every negotiation that chooses it",
    "weak_sha1": "as weak_3des",
    "weak_ampsk": "said of every Aggressive Mode with a pre-shared key",
    "weak_ikev1": "said of every IKEv1 negotiation whose first message is captured",
}


def table_ids():
    """The ids of the table, in its order."""
    return re.findall(r"^X\(\w+, (\w+),", TABLE.read_text(encoding="utf-8"), re.MULTILINE)


def shown_ids():
    """The ids on the frames of the golden files."""
    found = set()
    for path in (HERE / "golden").glob("*.fields"):
        for ids in re.findall(r"\bdiag\.id=(\S+)", path.read_text(encoding="utf-8")):
            found.update(ids.split(","))
    return found


def due_ids():
    """The ids that truth files expect, alternatives included."""
    found = set()
    for path in CAPTURES.glob("*.truth.json"):
        for options in json.loads(path.read_text(encoding="utf-8"))["expect"]:
            found.update(options)
    return found


def bad_ends():
    """Healthy captures that the golden report ends badly for, one line each."""
    for path in sorted(CAPTURES.glob("*.truth.json")):
        report = HERE / "golden" / (path.name.split(".")[0] + ".diag")
        if not json.loads(path.read_text(encoding="utf-8"))["healthy"] or not report.exists():
            continue
        text = report.read_text(encoding="utf-8")
        worst = set(re.findall(r"^ +(?:WARN|ERROR) +(\w+):", text, re.MULTILINE))
        failed = int(re.search(r"^ikex: .* failed=(\d+)", text, re.MULTILINE)[1])
        if failed or any(not name.startswith("weak_") for name in worst):
            yield f"{report.name}: healthy, but failed={failed} and {', '.join(worst) or 'no warning'}"


def problems(table, shown, due):
    """What is wrong, one line each."""
    for name in table:
        if name not in shown:
            yield f"{name}: on no frame of golden/*.fields"
        if name not in due and name not in NOT_DUE:
            yield f"{name}: expected by no truth file of captures/, and not in NOT_DUE"
    for name in NOT_DUE:
        if name not in table:
            yield f"{name}: in NOT_DUE, but no row of {TABLE.name}"
        elif name in due:
            yield f"{name}: in NOT_DUE, but expected by a truth file"
    for name in sorted(shown - set(table)):
        yield f"{name}: in golden/*.fields, but no row of {TABLE.name}"


def main():
    if len(sys.argv) > 1:
        sys.exit(__doc__.strip())
    table = table_ids()
    found = [*problems(table, shown_ids(), due_ids()), *bad_ends()]
    if not table:
        found.append(f"{TABLE.name}: no row found")
    for line in found:
        print(f"check_findings: {line}")
    print(f"check_findings: {f'FAILED, {len(found)} problems' if found else f'ok, {len(table)} findings'}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
