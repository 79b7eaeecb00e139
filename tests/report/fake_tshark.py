#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Stands in for tshark with ikex, so that tests can have any result, failure and delay at once.

A capture is a JSON object that says what happens when it is read:

    result   of the report, or null: none is printed
    errors   .. the counts, 0 where absent
    stderr   what is printed there
    code     exit status; a negative one is a signal
    sleep    seconds before anything happens
    extra    a text that becomes a record of the report
    records  more records, for JSON

FAKE_LOG names a folder that gets a file for each call: arguments, environment, begin, end. FAKE_LACKS is
a preference or protocol that this tshark does not know; with FAKE_PLUGIN, a path, the plugin is there when that exists.
"""
import json
import os
import pathlib
import signal
import sys
import time

COUNTS = ("errors", "warnings", "notes", "failed", "sas", "children", "messages")
VERSION = "TShark (stand-in) 4.0.17.\n\nCopyright"
PLUGINS = "amrnb.so        \t0.1.0\tcodec\t/plugins/4.0/codecs/amrnb.so\n"
OWN_PLUGIN = "ikex.so         \t1.2.3\tdissector\t/plugins/4.0/epan/ikex.so\n"
REPORTS, FORMATS = ("diag", "sa", "stat", "audit", "log", "report"), ("text", "json", "csv", "html")
EMPTY = {"result": "NODATA"}  # a capture in a real format


def text(case, counts):
    yield "a report"
    if "extra" in case:
        yield case["extra"]
    yield f"ikex: result={case['result']} " + " ".join(f"{k}={v}" for k, v in counts.items())


def records(case, counts):
    yield json.dumps({"schema": 1, "type": "negotiation", "text": case.get("extra", "")})
    for record in case.get("records", ()):
        yield json.dumps({"schema": 1, **record})
    yield json.dumps({"schema": 1, "type": "result", "result": case["result"], **counts})


def table(case, _):
    yield "sa,text"
    yield '0,"%s"' % case.get("extra", "").replace('"', '""')


def page(case, _):
    yield "<!DOCTYPE html>"
    yield f"<p>{case['result']}</p>"


WRITERS = dict(zip(FORMATS, (text, records, table, page)))


def values(option):
    return [sys.argv[at + 1] for at, word in enumerate(sys.argv) if word == option]


def die(message, code):
    print(message, file=sys.stderr)
    sys.exit(code)


def parse_tap(tap):
    """(report, format) of a -z argument; ends as ikex does when one is not valid."""
    name, *rest = tap.removeprefix("ikex,").split(",")
    style = rest[0].removeprefix("format=") if rest and rest[0].startswith("format=") else "text"
    if name not in REPORTS:
        die(f'ikex: no report "{name}"; valid are: {", ".join(REPORTS)}', 1)
    if style not in FORMATS:
        die(f'ikex: no format "{style}"; valid are: {", ".join(FORMATS)}', 1)
    return name, style


def case_of(path):
    try:
        return json.loads(pathlib.Path(path).read_bytes())
    except ValueError:
        pass
    if pathlib.Path(path).read_bytes()[:4] == b"\xd4\xc3\xb2\xa1":
        return EMPTY
    return die(f'tshark: The file "{path}" isn\'t a capture file in a format TShark understands.', 2)


def tables_of_keys():
    folder = pathlib.Path(os.environ.get("WIRESHARK_CONFIG_DIR", "/nowhere"))
    folders = [folder, *(folder / "profiles" / name for name in values("-C"))]
    return {str(path): [oct(path.stat().st_mode), oct(path.parent.stat().st_mode), path.read_text()]
            for folder in folders for path in folder.glob("ikev*_decryption_table")}


def log(begin):
    folder = os.environ.get("FAKE_LOG")
    if folder:
        note = {"arguments": sys.argv, "begin": begin, "end": time.time(), "pid": os.getpid(),
                "keys": tables_of_keys()}
        (pathlib.Path(folder) / f"{os.getpid()}").write_text(json.dumps(note))


def main():
    begin = time.time()
    log(begin)
    plugin, lacks = os.environ.get("FAKE_PLUGIN"), os.environ.get("FAKE_LACKS")
    if lacks and any(word.startswith(lacks) for word in values("-o")):
        die(f'tshark: -o flag "{lacks}:FALSE" specifies unknown preference', 1)
    if lacks in values("--disable-protocol"):
        die(f"tshark: No such protocol {lacks}", 1)
    is_there = not plugin or os.path.exists(plugin)
    if sys.argv[1:] == ["--version"]:
        print(VERSION)
        return
    if sys.argv[1:] == ["-G", "plugins"]:
        print(PLUGINS + OWN_PLUGIN * is_there, end="")
        return
    if not is_there:
        die("tshark: Invalid -z argument \"ikex\"; it must be one of:", 1)
    taps = [parse_tap(tap) for tap in values("-z")]
    case = case_of(values("-r")[0])
    time.sleep(case.get("sleep", 0))
    if case.get("code", 0) < 0:
        os.kill(os.getpid(), -case["code"])
        signal.pause()
    counts = {key: case.get(key, 0) for key in COUNTS}
    for _, style in reversed(taps) if case["result"] else ():
        print("\n".join(WRITERS[style](case, counts)))
    sys.stdout.flush()
    log(begin)
    if "stderr" in case:
        print(case["stderr"], file=sys.stderr)
    sys.exit(case.get("code", 0))


main()
