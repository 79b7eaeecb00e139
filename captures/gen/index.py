#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes INDEX.md, the table of all captures in this folder, from their truth files.

usage: index.py [--check]

--check writes nothing; it exits 1 when INDEX.md is not what would be written, or when a capture has no truth
file or the other way round.
"""
import json
import pathlib
import sys

CAPTURES = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CAPTURES.parent / "tools" / "lib"))
import pcapfile  # noqa: E402  (found through the line above)

SUFFIX = ".truth.json"
HEAD = """# Captures

Written by gen/index.py from the truth files; do not edit. `NAME.pcapng.truth.json` says which message each
frame carries, what it is a copy of and what it answers, and which findings are due. A capture marked healthy
must show no warning and no error, weak cryptography aside. `gen/scenarios.py` writes the generated ones.

`NAME.keys/` holds rows of Wireshark's tables of keys for what real daemons negotiated; the keys were made for
these captures. `tools/ikex-report --keys captures/NAME.keys captures/NAME.pcapng` shows what they decrypt.

| file | what it shows | made by | frames | findings due |
|---|---|---|--:|---|
"""


def main():
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__.strip())
    text = HEAD + "".join(row(truth) for truth in truths())
    index = CAPTURES / "INDEX.md"
    if not arguments:
        index.write_text(text, encoding="utf-8")
    elif not index.exists() or index.read_text(encoding="utf-8") != text:
        sys.exit("captures/INDEX.md is stale: run captures/gen/index.py")


def truths():
    """All truth files in the order of their names; exits when captures and truth files do not pair up."""
    captures = {path.name for path in CAPTURES.glob("*.pcapng")}
    described = {path.name.removesuffix(SUFFIX) for path in CAPTURES.glob("*" + SUFFIX)}
    if captures != described:
        sys.exit(f"capture without truth file or the reverse: {', '.join(sorted(captures ^ described))}")
    for name in sorted(captures):
        yield json.loads((CAPTURES / (name + SUFFIX)).read_text(encoding="utf-8"))


def row(truth):
    frames = len(pcapfile.read(CAPTURES / truth["capture"]).frames)
    due = [" or ".join(options) for options in truth["expect"]]
    if truth["healthy"]:
        due.append("healthy")
    cells = [truth["capture"], truth["about"], truth["origin"], str(frames), ", ".join(due) or "-"]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    main()
