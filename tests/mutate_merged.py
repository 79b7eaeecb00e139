#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run damaged captures through tshark with the sanitizers, many at once.

usage: mutate_merged.py [--tshark CMD] [--jobs N] --asan LIB [--rounds N] [--first N]

Each round damages all captures of captures/ and writes them into one file, since it is the start of tshark that
takes the time; it is read once with all details in two passes and once with all reports. Rounds are numbered, and
the same on every machine: N rounds damage N times as many captures as there are. Slower than run_golden.py --mutate
for one capture, and made for thousands. LIB is the sanitizer library; run_golden.py says how it is found, and how the
plugin is built for it.
"""
import pathlib
import shutil
import sys
import tempfile

from run_golden import KINDS, mutated_frame
from runner import Failure, Runner, new_parser, public_temp_dir, require_sanitized, side_by_side
from truth import CAPTURES

sys.path.insert(0, str(CAPTURES.parent / "tools" / "lib"))
import pcapfile  # noqa: E402  (found through the line above)
import random  # noqa: E402

TIMEOUT_S = 600


def damaged(captures, number):
    frames = []
    for name, capture in captures:
        generator = random.Random(f"{name} {number} merged")
        frames += [mutated_frame(frame, generator) for frame in capture.frames]
    for frame in frames:
        frame.interface = 0
    return frames


def run_round(runner, captures, number, folder):
    """How many captures were read; a file that makes tshark fail is kept."""
    path = pathlib.Path(folder) / f"round-{number}.pcapng"
    pcapfile.write(path, pcapfile.Capture(damaged(captures, number)))
    path.chmod(0o644)
    try:
        runner.run(path, ["-2", "-V"])
        runner.run(path, KINDS["reports"][0])
    except Failure as failure:
        kept = pathlib.Path(tempfile.gettempdir()) / f"ikex-failed-{path.name}"
        shutil.copy(path, kept)
        raise Failure(f"round {number}: {failure}\n    kept as {kept}") from None
    path.unlink()
    print(f"round {number}: {len(captures)} captures", flush=True)
    return len(captures)


def main():
    parser = new_parser(__doc__)
    parser.add_argument("--asan", required=True, metavar="LIB")
    parser.add_argument("--rounds", type=int, default=1, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="N", help="number of the first round")
    arguments = parser.parse_args()
    runner = Runner(arguments.tshark, arguments.asan, TIMEOUT_S)
    require_sanitized(runner)
    captures = [(path.stem, pcapfile.read(path)) for path in sorted(CAPTURES.glob("*.pcapng"))]
    rounds = range(arguments.first, arguments.first + arguments.rounds)
    with public_temp_dir() as folder:
        total = sum(side_by_side(lambda number: run_round(runner, captures, number, folder), rounds, arguments.jobs))
    print(f"mutate_merged: {total} damaged captures, no complaint")


if __name__ == "__main__":
    main()
