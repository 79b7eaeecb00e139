#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fuzz the core: build the targets in build/fuzz with clang, run each for a while.

usage: run.py [--seconds N] [--jobs N] [TARGET..]
       run.py --probe

TARGET is message, fragments or tracker; all of them by default, side by side as there are processors. Inputs
begin with tests/fuzz/corpus/TARGET; those that reach something new are kept in build/fuzz/corpus/TARGET, and the
next run goes on from there (tests/fuzz/corpus.py takes the best of them over). What crashes, takes more than
TIMEOUT seconds or needs too much memory is kept in build/fuzz/crashes/.

Exit status: 0 nothing found; 1 something found, or not built; 2 a wrong option. --probe: 0 when there is a clang
with libFuzzer, else 1.
"""
import argparse
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
TIMEOUT = 5  # seconds for one input: all of the corpus takes milliseconds
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


def fuzz(target, seconds):
    """Run a target; return its exit status and what it wrote."""
    found = BUILD / "corpus" / target
    crashes = BUILD / "crashes"
    for folder in (found, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run([program(target), *LIMITS, f"-max_total_time={seconds}", "-print_final_stats=1",
                           f"-artifact_prefix={crashes}/{target}-", found, TOP / "tests" / "fuzz" / "corpus" / target],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT)
    return done.returncode, done.stdout.decode(errors="replace")


def last(pattern, text, missing="-"):
    return ([missing] + re.findall(pattern, text))[-1]


def summary(target, text):
    executions = last(r"number_of_executed_units: *(\d+)", text)
    reached = f"cov: {last(r'cov: ([0-9]+)', text)} ft: {last(r'ft: ([0-9]+)', text)}"
    slowest = last(r"slowest_unit_time_sec: *(\d+)", text)
    memory = last(r"peak_rss_mb: *(\d+)", text)
    return f"fuzz: {target}: {executions} executions, {reached}, slowest input {slowest} s, {memory} MB"


TELLING = re.compile(r"ERROR|runtime error|SUMMARY|^ +#\d+ 0x\w+ in \w+ .*/(plugin|tests)/")


def report_crash(target, text):
    """The part of the output that tells what happened, and how to see it again."""
    lines = [line for line in text.splitlines() if TELLING.search(line)]
    print("\n".join(lines[:30]))
    artefact = last(r"Test unit written to (\S+)", text, None)
    if artefact:
        print(f"fuzz: {target}: the input is in {artefact}; again: G_SLICE=always-malloc {program(target)} {artefact}")
    else:
        print("\n".join(text.splitlines()[-10:]))


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
    for target, (status, text) in zip(arguments.targets, results):
        print(summary(target, text))
        if status:
            report_crash(target, text)
    sys.exit(any(status for status, _ in results))


if __name__ == "__main__":
    main()
