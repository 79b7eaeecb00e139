#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare what tshark prints about the captures with the golden files.

usage: run_golden.py [--tshark CMD] [--update] [--asan LIB] [--only REGEX] [--jobs N] [--mutate N]

A line of golden/TESTLIST that is one capture name makes five tests, each with a golden file
golden/NAME.<kind>:

    fields    every stable field of every frame, two passes
    fields1   the same in one pass
    info      the brackets of the Info column, two passes
    diag, sa  the reports -z ikex,diag and -z ikex,sa

A line `name | capture | tshark arguments` makes one test, with golden/name.out. Golden files are
the same for every Wireshark version; what the versions print differently is levelled here.

--update rewrites the golden files: read the diff before committing it. --asan LIB runs with the
sanitizer library preloaded (LIB: gcc -print-file-name=libasan.so) and fails on every report.
--mutate N compares nothing; it runs N damaged copies of each capture instead and fails on
crashes, sanitizer reports, non-zero exits and runs over 20 s. Failing copies are kept.
"""
import argparse
import concurrent.futures
import dataclasses
import difflib
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from check_load import STABLE_FIELDS, public_temp_dir, tshark_environment

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "golden"
CAPTURES = HERE.parent / "captures"
sys.path.insert(0, str(HERE.parent / "tools" / "lib"))

TIMEOUT_S = 60
MUTATED_TIMEOUT_S = 20
MUTATED_SHARE = 0.03       # of the bytes behind the headers
MUTATED_FROM = 42          # Ethernet, IPv4 and UDP headers stay, so that the message reaches ikex
TRUNCATED_SHARE = 0.1      # of the frames
SANITIZER_WORDS = ("AddressSanitizer", "runtime error")

FIELD_ARGUMENTS = ["-T", "fields", "-E", "header=y", "-E", "separator=/t", "-E", "occurrence=a",
                   "-E", "aggregator=,", "-e", "frame.number",
                   *(x for name in STABLE_FIELDS for x in ("-e", name))]
INFO_ARGUMENTS = ["-o", 'gui.column.format:"No.","%m","Info","%i"']


class Failure(Exception):
    """Why a test failed, for the person who reads the output."""


# --- output that does not depend on the Wireshark version ----------------------------------------

def level_value(kind, value):
    """One value of -T fields: flags and booleans are 1 or True, bytes have colons or not."""
    if kind in ("FT_BOOLEAN", "FT_NONE"):
        return {"True": "1", "False": "0"}.get(value, value)
    return value.replace(":", "") if kind == "FT_BYTES" else value


def level_fields(text):
    """-T fields with a header as one line per frame: the number and the fields that are present."""
    rows = [line.split("\t") for line in text.splitlines()]
    lines = []
    for row in rows[1:]:
        present = [f"{name.removeprefix('ikex.')}={level_cell(name, cell)}"
                   for name, cell in zip(rows[0][1:], row[1:]) if cell]
        lines.append(" | ".join([row[0], *(present or ["-"])]))
    return "\n".join(lines) + "\n"


def level_cell(name, cell):
    kind = STABLE_FIELDS[name]
    if kind == "FT_STRING":
        return cell
    return ",".join(level_value(kind, value) for value in cell.split(","))


def level_info(text):
    """No. and Info with the dissector's own words, which are not ours to test, as `...`."""
    lines = []
    for line in text.splitlines():
        line = re.sub(r"\[(Malformed|Unreassembled|Packet size limited|Dissector bug|Reassembled in)[^]]*\]", "", line)
        number, _, info = line.strip().partition(" ")
        front, _, back = re.fullmatch(r"((?:\[[^]]*\] ?)*)(.*?)((?: ?\[[^]]*\])*)",
                                      info.strip()).groups()
        lines.append(" ".join(x for x in (number, front.strip(), "...", back.strip()) if x))
    return "\n".join(lines) + "\n"


def level_cells(text):
    """Output of a special test: whole cells True and False as 1 and 0."""
    for word, digit in (("True", "1"), ("False", "0")):
        text = re.sub(rf"(?<![^|,;\t\n]){word}(?![^|,;\t\n])", digit, text)
    return text


# --- the tests -----------------------------------------------------------------------------------

KINDS = {
    "fields": (["-2", *FIELD_ARGUMENTS], level_fields),
    "fields1": (FIELD_ARGUMENTS, level_fields),
    "info": (["-2", *INFO_ARGUMENTS], level_info),
    "diag": (["-q", "-z", "ikex,diag"], str),
    "sa": (["-q", "-z", "ikex,sa"], str),
}


@dataclasses.dataclass(frozen=True)
class Test:
    golden: str        # file name in golden/
    capture: str       # as written in TESTLIST
    arguments: tuple   # of tshark, without -n -r
    level: callable


def parse_line(line):
    """The tests that one line of TESTLIST makes."""
    parts = [x.strip() for x in line.split("|", 2)]
    if len(parts) == 3:
        name, capture, arguments = parts
        return [Test(f"{name}.out", capture, tuple(shlex.split(arguments)), level_cells)]
    if len(parts) == 2:
        raise Failure(f"TESTLIST: neither 'capture' nor 'name | capture | arguments': {line}")
    name = re.sub(r"\.pcap(ng)?$", "", line)
    return [Test(f"{name}.{kind}", line, tuple(arguments), level)
            for kind, (arguments, level) in KINDS.items()]


def read_tests(path):
    if not path.is_file():
        raise Failure(f"no {path}")
    tests = []
    for line in path.read_text().splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            tests += parse_line(line)
    names = [test.golden for test in tests]
    twice = {x for x in names if names.count(x) > 1}
    if twice:
        raise Failure(f"TESTLIST: two tests for {', '.join(sorted(twice))}")
    return tests


def find_capture(name):
    """The file of a capture that TESTLIST names with or without its extension."""
    for extension in ("", ".pcapng", ".pcap"):
        path = CAPTURES / (name + extension)
        if path.is_file():
            return path
    raise Failure(f"no capture {name} in {CAPTURES}")


# --- running tshark ------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Runner:
    """How to start tshark: plain or with the sanitizer library."""
    tshark: str
    asan: str = ""
    timeout_s: int = TIMEOUT_S

    def environment(self):
        environment = tshark_environment()
        if self.asan:
            environment.update(LD_PRELOAD=self.asan,
                               ASAN_OPTIONS="detect_leaks=0:abort_on_error=0:halt_on_error=1",
                               UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
                               WIRESHARK_DEBUG_WMEM_OVERRIDE="simple")
        return environment

    def run(self, capture, arguments):
        """What tshark prints; raises Failure when it fails in any way."""
        command = [*shlex.split(self.tshark), "-n", "-r", str(capture), *arguments]
        try:
            out = subprocess.run(command, capture_output=True, env=self.environment(),
                                 timeout=self.timeout_s)
        except subprocess.TimeoutExpired:
            raise Failure(f"runs longer than {self.timeout_s} s") from None
        except OSError as error:
            raise Failure(f"cannot start tshark: {error}") from None
        stdout = out.stdout.decode(errors="replace")
        stderr = out.stderr.decode(errors="replace")
        if self.asan and any(word in stderr for word in SANITIZER_WORDS):
            raise Failure(f"sanitizer report\n{indent(stderr)}")
        if out.returncode:
            raise Failure(f"tshark exit {out.returncode}\n{indent(stderr, 20)}")
        if not stdout.strip():
            raise Failure(f"tshark prints nothing\n{indent(stderr, 20)}")
        if re.search(r"dissector bug, protocol ikex", stdout + stderr, re.IGNORECASE):
            raise Failure(f"dissector bug in ikex\n{indent(stderr)}")
        return stdout


def indent(text, limit=60):
    """The text as an indented block, cut in the middle when it is long."""
    lines = text.rstrip().splitlines()
    if len(lines) > limit:
        half = limit // 2
        lines = [*lines[:half], f"({len(lines) - 2 * half} lines left out)", *lines[-half:]]
    return "\n".join("    " + line for line in lines)


def difference(test, want, got):
    """A unified diff; lines of fields are split so that it shows the field, not the frame."""
    def lines(text):
        if test.level is level_fields:
            text = re.sub(r" \| ", "\n        ", text)
        return text.splitlines()
    return "\n".join(difflib.unified_diff(lines(want), lines(got), f"golden/{test.golden}",
                                          "now", lineterm="", n=3))


def run_test(test, runner, update):
    """Run one test. Returns what to say about it, nothing when it passed."""
    capture = find_capture(test.capture)
    got = test.level(runner.run(capture, test.arguments)).replace(str(capture), capture.name)
    path = GOLDEN / test.golden
    want = path.read_text() if path.is_file() else None
    if got == want:
        return ""
    if update:
        path.write_text(got)
        return "updated" if want is not None else "new"
    if want is None:
        raise Failure("no golden file: make it with --update and read it")
    raise Failure(f"differs\n{indent(difference(test, want, got))}")


def strays(tests):
    """What is wrong with the folders: golden files without a test, captures without a line."""
    wanted = {test.golden for test in tests} | {"TESTLIST"}
    tested = {re.sub(r"\.pcap(ng)?$", "", test.capture) for test in tests}
    for path in sorted(GOLDEN.iterdir()):
        if path.is_file() and path.name not in wanted:
            yield f"golden/{path.name}: no line of TESTLIST makes this file, delete it"
    for path in sorted(CAPTURES.glob("*.pcap*")):
        if path.suffix in (".pcap", ".pcapng") and path.stem not in tested:
            yield f"{path.name}: TESTLIST has no line for this capture"


# --- damaged captures ----------------------------------------------------------------------------

def mutated_frame(frame, generator):
    """A copy of the frame with random bytes behind the headers, sometimes cut short."""
    data = bytearray(frame.data)
    for i in range(MUTATED_FROM, len(data)):
        if generator.random() < MUTATED_SHARE:
            data[i] = generator.randrange(256)
    if generator.random() < TRUNCATED_SHARE:
        del data[generator.randrange(len(data) + 1):]
    return dataclasses.replace(frame, data=bytes(data))


def write_mutated(source, number, folder):
    """Write the damaged copy with this number, the same one on every machine, and return it."""
    import pcapfile
    generator = random.Random(f"{source.stem} {number}")
    try:
        capture = pcapfile.read(source)
    except ValueError as error:
        raise Failure(str(error)) from None
    capture = dataclasses.replace(
        capture, frames=[mutated_frame(frame, generator) for frame in capture.frames])
    path = pathlib.Path(folder) / f"{source.stem}.{number}.pcapng"
    pcapfile.write(path, capture)
    path.chmod(0o644)
    return path


def run_mutated(source, number, folder, runner):
    """Run one damaged copy through the details and the reports; keep it when that fails."""
    path = write_mutated(source, number, folder)
    try:
        runner.run(path, ["-2", "-V"])
        runner.run(path, ["-q", "-z", "ikex,diag", "-z", "ikex,sa"])
    except Failure as failure:
        kept = pathlib.Path(tempfile.gettempdir()) / f"ikex-failed-{path.name}"
        shutil.copy(path, kept)
        raise Failure(f"{failure}\n    kept as {kept}") from None
    path.unlink()
    return ""


# --- the run -------------------------------------------------------------------------------------

def attempt(job):
    """Call a job; returns (passed, what to say)."""
    try:
        return True, job()
    except Failure as failure:
        return False, str(failure)


def run_jobs(jobs, workers):
    """Run {name: callable} side by side and print what is to say, in order. Returns both counts."""
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for name, (good, words) in zip(jobs, pool.map(attempt, jobs.values())):
            passed += good
            failed += not good
            if words:
                print(f"{name}: {words}" if good else f"FAILED {name}: {words}", flush=True)
    return passed, failed


def golden_jobs(tests, arguments):
    runner = Runner(arguments.tshark, arguments.asan)
    return {test.golden: lambda test=test: run_test(test, runner, arguments.update)
            for test in tests if re.search(arguments.only, test.golden)}


def mutation_jobs(tests, arguments, folder):
    runner = Runner(arguments.tshark, arguments.asan, MUTATED_TIMEOUT_S)
    captures = sorted({find_capture(test.capture) for test in tests
                       if re.search(arguments.only, test.golden)})
    return {f"{source.stem}, damaged copy {number}":
            lambda source=source, number=number: run_mutated(source, number, folder, runner)
            for source in captures for number in range(arguments.mutate)}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tshark", default="tshark", metavar="CMD",
                        help="the tshark to run, with arguments if need be")
    parser.add_argument("--update", action="store_true", help="rewrite the golden files")
    parser.add_argument("--asan", default="", metavar="LIB", help="preload the sanitizer library")
    parser.add_argument("--only", default="", metavar="REGEX", help="tests whose name matches")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--mutate", type=int, default=0, metavar="N",
                        help="run N damaged copies of each capture instead")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    try:
        tests = read_tests(GOLDEN / "TESTLIST")
        with public_temp_dir() as folder:
            jobs = mutation_jobs(tests, arguments, folder) if arguments.mutate else \
                golden_jobs(tests, arguments)
            passed, failed = run_jobs(jobs, arguments.jobs)
    except Failure as error:
        sys.exit(f"run_golden.py: {error}")
    if not jobs:
        print("FAILED: no test selected")
        failed += 1
    for stray in [] if arguments.only or arguments.mutate else strays(tests):
        print(f"FAILED {stray}")
        failed += 1
    print(f"golden: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
