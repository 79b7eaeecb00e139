#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzz the core: build the targets in build/fuzz with clang, run each for a while.

usage: run.py [--seconds N] [--jobs N] [TARGET..]
       run.py --probe

TARGET is message, fragments or tracker; all of them by default, side by side as there are processors. First all of
tests/fuzz/corpus/TARGET is replayed, however long that takes; then the search begins with it, unless N is 0. Inputs
that reach something new are kept in build/fuzz/corpus/TARGET, and the next run goes on from there (tests/fuzz/corpus.py
takes the best of them over). What crashes, takes more than TIMEOUT seconds or needs too much memory is kept in
build/fuzz/crashes/, and printed, so that the log of a machine that is gone is enough to see it again.

Exit status: 0 nothing found; 1 something found, or not built; 2 a wrong option. --probe: 0 when there is a clang
with libFuzzer, else 1.
"""
import argparse
import base64
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build" / "fuzz"
TARGETS = ["message", "fragments", "tracker"]
# Seconds of the clock for one input: the slowest takes a quarter of a second of CPU, but on a machine that is busy, one
# of that kind once took 28 s.
TIMEOUT = 120
PRINTED = 4096  # bytes of an input that go into the log
# GLib below 2.76 keeps freed blocks to itself unless told otherwise, which hides errors from a sanitizer.
ENVIRONMENT = {**os.environ, "G_SLICE": "always-malloc"}
# The schedule "entropic" costs more than the target itself where an input reaches thousands of features.
LIMITS = ["-max_len=4096", f"-timeout={TIMEOUT}", "-rss_limit_mb=2048", "-entropic=0"]


def probe():
    """Whether clang can link a fuzzer."""
    if not shutil.which("clang"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "probe.c")
        source.write_text("int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n);\n"
                          "int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n) { return d && !n; }\n")
        done = subprocess.run(["clang", "-fsanitize=fuzzer,address,undefined", "-o", source.with_suffix(""), source],
                              capture_output=True)
    return done.returncode == 0


def build():
    """Build the targets; exit with what was wrong when that fails."""
    BUILD.mkdir(parents=True, exist_ok=True)
    log = BUILD / "build.log"
    commands = [["cmake", "-S", TOP, "-B", BUILD, "-G", "Unix Makefiles", "-DIKEX_FUZZ=ON", "-DCMAKE_C_COMPILER=clang"],
                ["make", "-C", BUILD, "-j", str(os.cpu_count()), "fuzz"]]
    with log.open("w") as out:
        for command in commands:
            if subprocess.run(command, stdout=out, stderr=out).returncode:
                sys.exit("".join(log.read_text().splitlines(True)[-20:]) + "fuzz: the targets cannot be built")


def program(target):
    return BUILD / "tests" / "fuzz" / f"fuzz_{target}"


def run(target, *words):
    """Run a target; return its exit status and what it wrote."""
    crashes = BUILD / "crashes"
    crashes.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([program(target), *LIMITS, "-print_final_stats=1", f"-artifact_prefix={crashes}/{target}-",
                           *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT)
    return done.returncode, done.stdout.decode(errors="replace")


def fuzz(target, seconds):
    """Replay what is checked in, then search; return [(what was done, exit status, what it wrote)] up to a failure."""
    corpus = TOP / "tests" / "fuzz" / "corpus" / target
    found = BUILD / "corpus" / target
    found.mkdir(parents=True, exist_ok=True)
    replay = ("replay", *run(target, "-runs=0", corpus))
    if replay[1] or seconds == 0:
        return [replay]
    return [replay, ("search", *run(target, f"-max_total_time={seconds}", found, corpus))]


def last(pattern, text, missing="-"):
    return ([missing] + re.findall(pattern, text))[-1]


def summary(target, phase, status, text):
    executions = last(r"number_of_executed_units: *(\d+)", text)
    reached = f"cov: {last(r'cov: ([0-9]+)', text)} ft: {last(r'ft: ([0-9]+)', text)}"
    slowest = last(r"slowest_unit_time_sec: *(\d+)", text)
    memory = last(r"peak_rss_mb: *(\d+)", text)
    words = f"{executions} executions, {reached}, slowest input {slowest} s, {memory} MB"
    return f"fuzz: {target}: {phase}: {f'FAILED, status {status}: ' if status else ''}{words}"


TELLING = re.compile(r"ERROR|ALARM|runtime error|SUMMARY|(Direct|Indirect) leak|"
                     r"^ +#\d+ 0x\w+ +(in \w+ .*/(plugin|tests)/.*\.[ch]:|\()")  # "(": there is no symbolizer
MAX_TELLING = 40


def how_to_get(path):
    """A line for the shell that makes the input again; where it is kept when it is too long for a log."""
    data = path.read_bytes() if path.is_file() else None
    if data is None or len(data) > PRINTED:
        return f"the input is in {path}"
    return f"the input, {len(data)} bytes:\necho {base64.b64encode(data).decode()} | base64 -d >input"


def report_crash(target, text):
    """The part of the output that tells what happened, and how to see it again."""
    lines = [line for line in text.splitlines() if TELLING.search(line)]
    print("\n".join(lines[:MAX_TELLING] or text.splitlines()[-20:]))
    artefact = last(r"Test unit written to (\S+)", text, None)
    if artefact:
        print(f"fuzz: {target}: {how_to_get(pathlib.Path(artefact))}")
        print(f"again: G_SLICE=always-malloc {program(target).relative_to(TOP)} input   # or {artefact}")
    else:
        print(f"fuzz: {target}: no input was kept; the end of the output:")
        print("\n".join(text.splitlines()[-20:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=20, help="for each target (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="targets at a time (default: %(default)s)")
    parser.add_argument("--probe", action="store_true", help="only tell whether there is a clang that can do this")
    parser.add_argument("targets", nargs="*", default=TARGETS, metavar="TARGET")
    arguments = parser.parse_args()
    if arguments.probe:
        sys.exit(0 if probe() else 1)
    if set(arguments.targets) - set(TARGETS):
        parser.error(f"a target is one of {', '.join(TARGETS)}")
    build()
    with concurrent.futures.ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        results = list(pool.map(lambda target: fuzz(target, arguments.seconds), arguments.targets))
    for target, phases in zip(arguments.targets, results):
        for phase, status, text in phases:
            print(summary(target, phase, status, text))
            if status:
                report_crash(target, text)
    sys.exit(any(status for phases in results for _, status, _ in phases))


if __name__ == "__main__":
    main()
