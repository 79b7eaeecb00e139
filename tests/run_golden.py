#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare what tshark prints about the captures with the golden files.

usage: run_golden.py [--tshark CMD] [--update] [--asan LIB] [--only REGEX] [--sample N] [--jobs N]
                     [--mutate N]

A line of golden/TESTLIST that is one capture name makes these tests, with golden files
golden/NAME.<kind>:

    fields   every stable field of every frame, two passes
    fields1  the same in one pass
    info     the brackets of the Info column, two passes
    reports  all reports in all formats, by one run. diag, sa, stat, audit, log: the texts.
             rows: the records of JSON, which is valid by docs/ikex.schema.json, and of CSV, which,
             read by the csv module, says the same. html: the words of the page, which is well
             formed and needs nothing from elsewhere

and, with the keys in captures/NAME.keys/ where there are such, these, with NAME.keyed.<kind>:

    keyed          every stable field of every frame, two passes
    keyed1         the same in one pass
    keyed-reports  as reports; diag, sa, audit, log and rows only

A line `name | capture | tshark arguments` makes one test, with golden/name.out. Golden files are
the same for every Wireshark version; what the versions print differently is levelled here.

--update rewrites the golden files: read the diff before committing it. --asan LIB runs with the
sanitizer library preloaded, the path that `gcc -print-file-name=libasan.so` prints, and fails on
every report of it. The plugin must be built for that, and lie where tshark looks for it:

    cmake -S . -B build/asan -DIKEX_SANITIZE=ON && make -C build/asan
    mkdir -p FOLDER/4.0/epan && cp build/asan/plugin/ikex.so FOLDER/4.0/epan/
    WIRESHARK_PLUGIN_DIR=FOLDER tests/run_golden.py --asan "$(gcc -print-file-name=libasan.so)"

--mutate N compares nothing; it runs N damaged copies of each capture instead and fails on
crashes, sanitizer reports, non-zero exits and runs over 20 s. Failing copies are kept.
"""
import concurrent.futures
import dataclasses
import difflib
import pathlib
import random
import re
import shlex
import shutil
import sys
import tempfile
import zlib

import pages
import rows
from check_load import STABLE_FIELDS
from runner import Failure, Runner, field_arguments, indent, new_parser, public_temp_dir, require_sanitized
from truth import CAPTURES, GOLDEN, key_lines, key_options

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "lib"))

MUTATED_TIMEOUT_S = 20
MUTATED_SHARE = 0.03       # of the bytes behind the headers
MUTATED_FROM = 42          # Ethernet, IPv4 and UDP headers stay, so that the message reaches ikex
TRUNCATED_SHARE = 0.1      # of the frames
REPORT_WIDTH = 100         # columns of a report, a promise of the plugin

FIELD_ARGUMENTS = [*field_arguments(["frame.number", *STABLE_FIELDS]), "-E", "header=y"]
INFO_ARGUMENTS = ["-o", 'gui.column.format:"No.","%m","Info","%i"']


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
    """Output of a special test: whole cells True and False as 1 and 0, and plain ends of lines, also of CSV."""
    text = text.replace("\r\n", "\n")
    for word, digit in (("True", "1"), ("False", "0")):
        text = re.sub(rf"(?<![^|,;\t\n]){word}(?![^|,;\t\n])", digit, text)
    return text


# --- the tests -----------------------------------------------------------------------------------

REPORT_TITLES = {
    "diag": r"^IKE diagnosis",
    "sa": r"^IKE (Main Mode )?Security Associations",
    "stat": r"^IKE statistics",
    "audit": r"^Windows audit events",
    "log": r"^IKE log",
}


def only(kind, level=str):
    """A test with one golden file."""
    return lambda text: {kind: level(text)}


def split_reports(text):
    """The reports of one run, which end with their line for scripts; tshark prints the last one first."""
    found = {}
    for report in re.findall(r"(?:.|\n)+?^ikex: result=.*\n", text, re.MULTILINE):
        kinds = [kind for kind, title in REPORT_TITLES.items() if re.search(title, report, re.MULTILINE)]
        if len(kinds) != 1:
            raise Failure(f"this is no report, or two:\n{indent(report)}")
        check_width(report)
        found[kinds[0]] = report
    if set(found) != set(REPORT_TITLES):
        raise Failure(f"the reports are {', '.join(found)}")
    return found


def check_width(text):
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > REPORT_WIDTH:
            raise Failure(f"line {number} of the report has {len(line)} columns, "
                          f"{REPORT_WIDTH} are allowed:\n    {line}")


def split_all(text):
    """What one run prints: texts, a page, JSON and CSV."""
    page = re.search(r"^<!DOCTYPE html>.*?^</body></html>\n", text, re.MULTILINE | re.DOTALL)
    if not page:
        raise Failure(f"there is no page:\n{indent(text)}")
    lines = (text[:page.start()] + text[page.end():]).splitlines(keepends=True)
    records = [line for line in lines if rows.is_row(line)]
    try:
        return {**split_reports("".join(line for line in lines if not rows.is_row(line))),
                "rows": rows.golden("".join(records)), "html": pages.golden(page[0])}
    except (rows.Wrong, pages.Wrong) as wrong:
        raise Failure(str(wrong)) from None


def report_arguments():
    yield from ("-q", "-z", "ikex,report,format=html")
    for kind in REPORT_TITLES:
        yield from ("-z", f"ikex,{kind}")
    for kind in ("report", "audit", "log"):
        yield from ("-z", f"ikex,{kind},format=json", "-z", f"ikex,{kind},format=csv")


# Arguments, what makes golden texts of what is printed, the ends of their files.
KINDS = {
    "fields": (["-2", *FIELD_ARGUMENTS], only("fields", level_fields), ("fields",)),
    "fields1": (FIELD_ARGUMENTS, only("fields1", level_fields), ("fields1",)),
    "info": (["-2", *INFO_ARGUMENTS], only("info", level_info), ("info",)),
    "reports": (list(report_arguments()), split_all, (*REPORT_TITLES, "rows", "html")),
}
KEYED_ENDS = ("diag", "sa", "audit", "log", "rows")


def keyed_reports(text):
    found = split_all(text)
    return {f"keyed.{end}": found[end] for end in KEYED_ENDS}


KEYED_KINDS = {
    "keyed": (["-2", *FIELD_ARGUMENTS], only("keyed.fields", level_fields), ("keyed.fields",)),
    "keyed1": (FIELD_ARGUMENTS, only("keyed.fields1", level_fields), ("keyed.fields1",)),
    "keyed-reports": (list(report_arguments()), keyed_reports, tuple(f"keyed.{end}" for end in KEYED_ENDS)),
}


@dataclasses.dataclass(frozen=True)
class Test:
    name: str
    capture: str       # as written in TESTLIST
    arguments: tuple   # of tshark, without -n -r
    level: callable    # what it prints -> {end of a golden file's name: content}
    stem: str          # of these files
    ends: tuple


def parse_line(line):
    """The tests that one line of TESTLIST makes."""
    parts = [x.strip() for x in line.split("|", 2)]
    if len(parts) == 3:
        name, capture, arguments = parts
        words = [word for x in shlex.split(arguments)
                 for word in (key_options(key_lines(find_capture(capture))) if x == "KEYS" else [x])]
        return [Test(f"{name}.out", capture, tuple(words), only("out", level_cells),
                     name, ("out",))]
    if len(parts) == 2:
        raise Failure(f"TESTLIST: neither 'capture' nor 'name | capture | arguments': {line}")
    name = re.sub(r"\.pcap(ng)?$", "", line)
    keys = key_options(key_lines(find_capture(line)))
    return [*tests_of(KINDS, name, line), *(tests_of(KEYED_KINDS, name, line, keys) if keys else ())]


def tests_of(kinds, name, capture, more=()):
    return [Test(f"{name}.{kind}", capture, (*arguments, *more), level, name, ends)
            for kind, (arguments, level, ends) in kinds.items()]


def read_tests(path):
    if not path.is_file():
        raise Failure(f"no {path}")
    tests = []
    for line in path.read_text().splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            tests += parse_line(line)
    names = [test.name for test in tests]
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


# --- the comparison ------------------------------------------------------------------------------

def difference(name, want, got):
    """A unified diff; lines of cells are split so that it shows the cell, not the line."""
    def lines(text):
        return re.sub(r" \| ", "\n        ", text).splitlines()
    return "\n".join(difflib.unified_diff(lines(want), lines(got), f"golden/{name}", "now", lineterm="",
                                          n=3))


def compare(path, got, update):
    """What is wrong with one golden file, nothing when it is what came; and what was done about it."""
    want = path.read_text() if path.is_file() else None
    if got == want:
        return "", ""
    if update:
        path.write_text(got)
        return "", f"{path.name} {'updated' if want is not None else 'new'}"
    if want is None:
        return f"{path.name} is missing: make it with --update and read it", ""
    return f"{path.name} differs\n{indent(difference(path.name, want, got))}", ""


def run_test(test, runner, update):
    """Run one test. Returns what to say about it, nothing when it passed."""
    capture = find_capture(test.capture)
    texts = test.level(runner.run(capture, test.arguments).replace(str(capture), capture.name))
    found = [compare(GOLDEN / f"{test.stem}.{end}", text, update) for end, text in texts.items()]
    wrong = [x for x, _ in found if x]
    if wrong:
        raise Failure("\n".join(wrong))
    return ", ".join(done for _, done in found if done)


def strays(tests):
    """What is wrong with the folders: golden files without a test, captures without a line."""
    wanted = {f"{test.stem}.{end}" for test in tests for end in test.ends} | {"TESTLIST"}
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
        keys = key_options(key_lines(source))
        runner.run(path, ["-2", "-V", *keys])
        runner.run(path, KINDS["reports"][0])
        if keys:
            runner.run(path, [*KINDS["reports"][0], *keys])
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
    return {test.name: lambda test=test: run_test(test, runner, arguments.update)
            for test in tests if re.search(arguments.only, test.name) and is_chosen(test.name, arguments.sample)}


def is_chosen(name, sample):
    """Whether a sample of one in N holds this test: the same on every machine."""
    return zlib.crc32(name.encode()) % sample == 0


def mutation_jobs(tests, arguments, folder):
    runner = Runner(arguments.tshark, arguments.asan, MUTATED_TIMEOUT_S)
    captures = sorted({find_capture(test.capture) for test in tests
                       if re.search(arguments.only, test.name)})
    return {f"{source.stem}, damaged copy {number}":
            lambda source=source, number=number: run_mutated(source, number, folder, runner)
            for source in captures for number in range(arguments.mutate)
            if is_chosen(f"{source.stem} {number}", arguments.sample)}


def parse_arguments():
    parser = new_parser(__doc__)
    parser.add_argument("--update", action="store_true", help="rewrite the golden files")
    parser.add_argument("--asan", default="", metavar="LIB", help="preload the sanitizer library")
    parser.add_argument("--only", default="", metavar="REGEX", help="tests whose name matches")
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="one test in N")
    parser.add_argument("--mutate", type=int, default=0, metavar="N",
                        help="run N damaged copies of each capture instead")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.asan:
        require_sanitized(Runner(arguments.tshark, arguments.asan))
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
    for stray in [] if arguments.only or arguments.mutate or arguments.sample > 1 else strays(tests):
        print(f"FAILED {stray}")
        failed += 1
    print(f"golden: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
