#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that tshark loads ikex, and that the names users type are the promised ones.

usage: check_load.py [--tshark CMD]

CMD is the tshark to run (default "tshark"); it may carry arguments, for example
"setpriv --reuid=1000 --regid=1000 --clear-groups tshark".

A plugin that does not load is one line on stderr and exit 0, so every other test could pass
without it; this one cannot. It also holds the table of stable fields, which other tests use.
"""
import argparse
import pathlib
import re
import struct
import sys

from runner import public_temp_dir, run

FIELDS_PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "fields.md"

# The contract. A field is added here when it becomes stable, and never renamed afterwards.
STABLE_FIELDS = {
    "ikex.sa": "FT_UINT32",
    "ikex.child": "FT_UINT32",
    "ikex.version": "FT_UINT8",
    "ikex.exchange": "FT_UINT8",
    "ikex.msg": "FT_STRING",
    "ikex.msg.number": "FT_UINT8",
    "ikex.msg.known_by": "FT_UINT8",
    "ikex.sender": "FT_UINT8",
    "ikex.state": "FT_STRING",
    "ikex.waiting_for": "FT_STRING",
    "ikex.cisco_state": "FT_STRING",
    "ikex.request_in": "FT_FRAMENUM",
    "ikex.response_in": "FT_FRAMENUM",
    "ikex.time": "FT_RELATIVE_TIME",
    "ikex.time_last": "FT_RELATIVE_TIME",
    "ikex.sa_time": "FT_RELATIVE_TIME",
    "ikex.retransmission": "FT_NONE",
    "ikex.retransmission_of": "FT_FRAMENUM",
    "ikex.retransmission.count": "FT_UINT32",
    "ikex.retransmission.delay": "FT_RELATIVE_TIME",
    "ikex.duplicate_of": "FT_FRAMENUM",
    "ikex.fragment.kind": "FT_UINT8",
    "ikex.fragment.number": "FT_UINT32",
    "ikex.fragment.total": "FT_UINT32",
    "ikex.fragment.missing": "FT_UINT32",
    "ikex.fragment.message_in": "FT_FRAMENUM",
    "ikex.nat.initiator": "FT_BOOLEAN",
    "ikex.nat.responder": "FT_BOOLEAN",
    "ikex.nat.method": "FT_STRING",
    "ikex.nat.float": "FT_NONE",
    "ikex.nat.keepalive": "FT_NONE",
    "ikex.nat.mapping": "FT_STRING",
    "ikex.spi.initiator": "FT_BYTES",
    "ikex.spi.responder": "FT_BYTES",
    "ikex.esp.child": "FT_UINT32",
    "ikex.esp.known_by": "FT_UINT8",
    "ikex.analysis": "FT_NONE",
    "ikex.diag.id": "FT_STRING",
    "ikex.diag.severity": "FT_UINT8",
    "ikex.diag.known_by": "FT_UINT8",
    "ikex.notify": "FT_STRING",
    "ikex.id.initiator": "FT_STRING",
    "ikex.id.responder": "FT_STRING",
    "ikex.vendor.initiator": "FT_STRING",
    "ikex.vendor.responder": "FT_STRING",
    "ikex.child.spi.in": "FT_BYTES",
    "ikex.child.spi.out": "FT_BYTES",
}

REPORTS = ("diag", "sa", "stat", "audit", "log", "report")
FORMATS = ("text", "json", "csv", "html")
STATISTICS = ("table", "tree", "srt")

def first_complaint(stderr):
    """The first line of stderr that is not the remark about running as root."""
    lines = [x for x in stderr.splitlines() if x.strip() and not x.startswith("Running as user")]
    return lines[0] if lines else "no message"


def empty_capture(folder):
    """Write a pcap file without packets: enough for tshark to get to its -z arguments."""
    path = pathlib.Path(folder) / "empty.pcap"
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    path.chmod(0o644)
    return str(path)


def check_plugin_list(tshark):
    """`-G plugins` lists ikex exactly once, with a version."""
    out = run(tshark, "-G", "plugins")
    if out.returncode:
        yield f"-G plugins: exit {out.returncode}: {first_complaint(out.stderr)}"
    rows = [line.split() for line in out.stdout.splitlines()]
    rows = [row for row in rows if row and re.fullmatch(r"(lib)?ikex(\.\w+)?", row[0])]
    if len(rows) != 1:
        yield f"-G plugins lists ikex {len(rows)} times, not once"
    for row in rows:
        if len(row) < 2 or not re.match(r"\d+\.\d+", row[1]):
            yield f"-G plugins shows no version: {' '.join(row)}"


def check_start_up(tshark, capture):
    """A plain run is silent about plugins that do not load and names that clash."""
    out = run(tshark, "-n", "-r", capture)
    if out.returncode:
        yield f"-r of an empty capture: exit {out.returncode}"
    for line in out.stderr.splitlines():
        if re.search(r"couldn't load plugin|duplicate|was compiled for|ikex", line, re.IGNORECASE):
            yield f"at start-up: {line.strip()}"


def registered_fields(tshark):
    """The ikex part of `-G fields` as {abbreviation: type}, a name listed twice as two types."""
    fields = {}
    for line in run(tshark, "-G", "fields").stdout.splitlines():
        cells = line.split("\t")
        if cells[0] == "F" and len(cells) > 3 and cells[2].startswith("ikex."):
            fields.setdefault(cells[2], []).append(cells[3])
    return {name: " and ".join(types) for name, types in fields.items()}


def check_fields(tshark):
    """Every stable field exists, once, with its type; findings are expert fields."""
    fields = registered_fields(tshark)
    for name, kind in STABLE_FIELDS.items():
        if fields.get(name) != kind:
            yield f"field {name} is {fields.get(name, 'missing')}, should be {kind}"
    findings = [x for x in fields if x.startswith("ikex.diag.") and x not in STABLE_FIELDS]
    if not findings:
        yield "no expert field ikex.diag.<id>"
    for name in findings:
        # A finding with two severities is registered twice under one name.
        if set(fields[name].split(" and ")) != {"FT_NONE"}:
            yield f"expert field {name} is {fields[name]}, should be FT_NONE"


def check_examples(tshark, capture):
    """Every filter that docs/fields.md gives as an example is one."""
    filters = re.findall(r"^\| `ikex\..* \| `(.+)` \|$", FIELDS_PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    if len(filters) != len(STABLE_FIELDS):
        yield f"{FIELDS_PAGE.name} has {len(filters)} examples for {len(STABLE_FIELDS)} fields"
    out = run(tshark, "-n", "-r", capture, "-Y", " or ".join(f"({x})" for x in filters))
    if out.returncode:
        yield f"an example in {FIELDS_PAGE.name}: {first_complaint(out.stderr)}"


def check_refused(tshark, capture, argument, must_name=()):
    """A bad -z argument is refused by ikex: exit 1 and a message that names what is valid."""
    out = run(tshark, "-q", "-n", "-r", capture, "-z", argument)
    if out.returncode != 1:
        yield f'-z "{argument}": exit {out.returncode}, should be 1'
    if "Invalid -z argument" in out.stderr:
        yield f'-z "{argument}": tshark knows no report of ikex'
    if out.stdout.strip():
        yield f'-z "{argument}": prints a report all the same'
    missing = [x for x in must_name if not re.search(rf"\b{x}\b", out.stderr)]
    if missing:
        yield f'-z "{argument}": the message does not name {", ".join(missing)}'


def check_accepted(tshark, capture, report):
    """A report runs over a capture without IKE and does not call that OK."""
    out = run(tshark, "-q", "-n", "-r", capture, "-z", f"ikex,{report}")
    if out.returncode:
        yield f"-z ikex,{report}: exit {out.returncode}: {first_complaint(out.stderr)}"
    elif not re.search(r"^ikex: result=NODATA ", out.stdout, re.MULTILINE):
        yield f"-z ikex,{report}: no line 'ikex: result=NODATA' for an empty capture"


def check_statistic(tshark, capture, name):
    """One of Wireshark's own statistics runs over a capture without IKE, with a filter too."""
    for argument in (f"ikex,{name}", f"ikex,{name},ikex.sa == 0"):
        out = run(tshark, "-q", "-n", "-r", capture, "-z", argument)
        if out.returncode or not re.search(r"IKE Security Associations|IKE Messages|IKEX SRT", out.stdout):
            yield f'-z "{argument}": exit {out.returncode}: {first_complaint(out.stderr)}'


def all_problems(tshark, capture):
    """Every problem; without the plugin only the reason, not all that follows from it."""
    yield from check_start_up(tshark, capture)
    not_loaded = list(check_plugin_list(tshark))
    yield from not_loaded
    if not_loaded:
        return
    yield from check_fields(tshark)
    yield from check_examples(tshark, capture)
    yield from check_refused(tshark, capture, "ikex,bogus", REPORTS + STATISTICS)
    yield from check_refused(tshark, capture, "ikex,tablebogus")
    yield from check_refused(tshark, capture, "ikex,diagbogus", REPORTS)
    yield from check_refused(tshark, capture, "ikex,diag,format=bogus", FORMATS)
    yield from check_refused(tshark, capture, "ikex,diag,bogus=text", [f"format={name}" for name in FORMATS])
    yield from check_refused(tshark, capture, "ikex,diag,not a filter(")
    for report in REPORTS:
        yield from check_accepted(tshark, capture, report)
    for name in STATISTICS:
        yield from check_statistic(tshark, capture, name)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tshark", default="tshark", metavar="CMD")
    arguments = parser.parse_args()
    with public_temp_dir() as folder:
        problems = list(all_problems(arguments.tshark, empty_capture(folder)))
    for problem in problems:
        print(f"check_load: {problem}")
    print(f"check_load: {'FAILED, ' + str(len(problems)) + ' problems' if problems else 'ok'}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
