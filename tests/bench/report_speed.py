#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure a report over the mix against plain tshark.

usage: report_speed.py [--frames N] [--rounds N] [--at-least X] [FILE]

FILE is a capture; without it, N frames of mix.py (default a million) are made first. Four commands are run in
turn, in so many rounds, and for each the least CPU time (user and system) and wall time is printed, with how
many times as long the plain one takes:

    plain         tshark -q -z io,stat,0 -r FILE, without any plugin
    plain+ikex    the same with ikex loaded
    report        tools/ikex-report FILE
    report full   tools/ikex-report --full FILE

--at-least X ends with status 1 when plain takes less than X times the CPU time of the report.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import mix

TOP = pathlib.Path(__file__).resolve().parents[2]
REPORT = str(TOP / "tools" / "ikex-report")


def commands(capture, nothing):
    """Name: (command, what it finds in its environment)."""
    plain = ["tshark", "-q", "-z", "io,stat,0", "-r", capture]
    return {"plain": (plain, {"WIRESHARK_PLUGIN_DIR": nothing}), "plain+ikex": (plain, {}),
            "report": ([REPORT, capture], {}), "report full": ([REPORT, "--full", capture], {})}


def measured(command, environment):
    """(CPU time, wall time) of a command and all that it starts, in seconds."""
    begin = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    complaints = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 2):
        sys.exit(f"{' '.join(command)}: exit {process.returncode}\n{complaints.decode(errors='replace')}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begin


def least(runs):
    return tuple(map(min, zip(*runs)))


def measure(capture, rounds):
    """The least CPU and wall time of each command."""
    with tempfile.TemporaryDirectory(prefix="ikex-none-") as nothing:
        os.chmod(nothing, 0o755)
        what = commands(capture, nothing)
        runs = {name: [] for name in what}
        for _ in range(rounds):
            for name, (command, environment) in what.items():
                runs[name].append(measured(command, environment))
    return {name: least(times) for name, times in runs.items()}


def show(figures):
    plain = figures["plain"]
    print(f"{'':<12} {'CPU s':>8} {'wall s':>8}   plain takes (CPU, wall)")
    for name, (cpu, wall) in figures.items():
        print(f"{name:<12} {cpu:8.2f} {wall:8.2f}   {plain[0] / cpu:5.2f} x {plain[1] / wall:5.2f} x")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--at-least", type=float, default=0, metavar="X")
    parser.add_argument("file", nargs="?")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ikex-mix-") as folder:
        capture = arguments.file or os.path.join(folder, "mix.pcap")
        if not arguments.file:
            mix.write(capture, arguments.frames)
        figures = measure(capture, arguments.rounds)
    show(figures)
    if figures["plain"][0] < arguments.at_least * figures["report"][0]:
        sys.exit(f"the report is not {arguments.at_least:g} times as fast as plain tshark")


if __name__ == "__main__":
    main()
