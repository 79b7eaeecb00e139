#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that every row of ike_diagnosis.def is shown by a capture and silent in another one that comes close
to it, and that healthy captures end well.

usage: check_findings.py

Each id must appear in a golden file golden/*.fields, that is on a frame of a capture, and must be due
("expect") in a truth file of captures/, or stand in NOT_DUE below with the reason. It must also be ruled out
("forbid") by a truth file whose golden file does not have it. What is ruled out must not be raised: not at
all, or only with the lesser severity that the row has for harmless cases. The result line of golden/*.diag
must be no WARN and no FAIL where the truth says healthy, weak cryptography aside. Prints what is missing and
exits 1.
"""
import re
import sys

from truth import GOLDEN, HERE, SEVERITIES, golden_rows, read_truths, worst_findings

TABLE = HERE.parent / "plugin" / "core" / "base" / "ike_diagnosis.def"

# Ids that no truth file needs to expect. What is expected nevertheless does not belong here.
NOT_DUE = {
    "weak_3des": "said of every negotiation that chooses it",
    "weak_sha1": "as weak_3des",
    "weak_ampsk": "said of every Aggressive Mode with a pre-shared key",
    "weak_ikev1": "said of every IKEv1 negotiation whose first message is captured",
}



def table_rows():
    """The ids of the table in its order, each with its severity."""
    rows = re.findall(r"^X\(\w+, (\w+), (\w+),", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: SEVERITIES[severity] for name, severity in rows}


def raised(path):
    """The ids on the frames of a golden file, each with its worst severity."""
    return {name: severity for name, (severity, _) in worst_findings(golden_rows(path)).items()}


def shown_ids():
    """The ids on the frames of the golden files."""
    return {name for path in GOLDEN.glob("*.fields") for name in raised(path)}


def due_ids(truths):
    """The ids that truth files expect, alternatives included."""
    return {name for truth in truths for options in truth.expect for name in options}


def is_false_alarm(row, severity):
    """Whether a finding that is ruled out is raised in earnest: with its own severity, or as a warning."""
    return severity >= min(row, SEVERITIES["WARN"])


def forbidden(truths, table):
    """The ids that truth files rule out rightly, and what is wrong with others, one line each."""
    silent, wrong = set(), []
    for truth in truths:
        name, ids = truth.capture.stem, sorted(truth.forbid)
        golden = GOLDEN / f"{name}.fields"
        wrong += [f"{name}: forbids {one}, no row of {TABLE.name}" for one in ids if one not in table]
        if ids and not golden.exists():
            wrong.append(f"{name}: forbids findings, but has no golden file")
            continue
        shown = raised(golden) if ids else {}
        silent.update(set(ids) - set(shown))
        wrong += [f"{name}: shows {one}, which its truth file forbids" for one in ids
                  if one in shown and one in table and is_false_alarm(table[one], shown[one])]
    return silent, wrong


def bad_ends(truths):
    """Healthy captures that the golden report ends badly for, one line each."""
    for truth in truths:
        report = GOLDEN / f"{truth.capture.stem}.diag"
        if not truth.healthy or not report.exists():
            continue
        text = report.read_text(encoding="utf-8")
        worst = set(re.findall(r"^ +(?:WARN|ERROR) +(\w+):", text, re.MULTILINE))
        failed = int(re.search(r"^ikex: .* failed=(\d+)", text, re.MULTILINE)[1])
        if failed or any(truth.is_alarm(name) for name in worst):
            yield f"{report.name}: healthy, but failed={failed} and {', '.join(worst) or 'no warning'}"


def problems(table, shown, due, silent):
    """What is wrong, one line each."""
    for name in table:
        if name not in shown:
            yield f"{name}: on no frame of golden/*.fields"
        if name not in due and name not in NOT_DUE:
            yield f"{name}: expected by no truth file of captures/, and not in NOT_DUE"
        if name not in silent:
            yield f"{name}: forbidden by no truth file of captures/"
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
    table = table_rows()
    truths = read_truths()
    silent, wrong = forbidden(truths, table)
    found = [*problems(table, shown_ids(), due_ids(truths), silent), *wrong, *bad_ends(truths)]
    if not table:
        found.append(f"{TABLE.name}: no row found")
    for line in found:
        print(f"check_findings: {line}")
    print(f"check_findings: {f'FAILED, {len(found)} problems' if found else f'ok, {len(table)} findings'}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
