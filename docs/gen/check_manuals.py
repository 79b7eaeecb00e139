#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that the pages of docs/ that are written by hand say what the code has, and nothing that it has not.

usage: check_manuals.py

    man/ikex.7          fields with their kinds, reports, formats, preferences, limits of a page of HTML
    man/ikex-report.1   options with their values, reports, formats, exit statuses
    man/ikex-keys.1     options with their values, formats, exit statuses
    reports.md          reports, formats, limits of a page of HTML
    windows.md          numbers of events

Where mandoc is installed, the manual pages must please it too. Prints what is wrong and exits 1.
"""
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PLUGIN, DOCS = TOP / "plugin", TOP / "docs"
MANUALS = ("man/ikex.7", "man/ikex-report.1", "man/ikex-keys.1")

sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "tools" / "lib"))
from ikexkeys import formats as key_formats, options as key_options  # noqa: E402  (found through the line above)
from ikexreport import options, verdict  # noqa: E402

KINDS = {"FT_UINT8": "number", "FT_UINT32": "number", "FT_STRING": "text", "FT_BYTES": "bytes",
         "FT_BOOLEAN": "boolean", "FT_NONE": "flag", "FT_FRAMENUM": "frame", "FT_RELATIVE_TIME": "time span"}


# --- what the code has ---------------------------------------------------------------------------

def source(path):
    """A file of the plugin without comments."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", (PLUGIN / path).read_text(), flags=re.S)


def table(path, name):
    """The rows of an array in C."""
    return re.search(rf"\b{name}\[\] = \{{(.*?)\n\}};", source(path), re.S)[1]


def names_in(path, name):
    """First column of an array in C."""
    return re.findall(r'\{ "(\w+)"', table(path, name))


def fields():
    rows = re.findall(r'"(ikex\.[\w.]+)",\s*(\w+)\((\w+)', table("epan/ikex_fields.c", "fields"))
    return {f"{name} {KINDS['FT_FRAMENUM' if macro == 'FRAME' else kind]}" for name, macro, kind in rows}


def reports():
    return names_in("core/ike_reports.c", "ike_report_kinds")


def formats():
    return names_in("epan/ikex_taps.c", "formats")


def preferences():
    return {f"ikex.{x}" for x in re.findall(r'prefs_register_\w+\(module,\s*"(\w+)"', source("epan/packet-ikex.c"))}


def events():
    makers = "".join(map(source, sorted((PLUGIN / "core/windows").glob("ike_event*.c"))))
    return {int(x) for x in re.findall(r"\b(5[45]\d|4[69]\d\d|5[04]\d\d)\b", makers)}


def limits():
    """How much a page of HTML shows, as the manuals say it."""
    code = source("core/format/ike_html.c") + source("core/format/ike_ladder.h")
    value = dict(re.findall(r"#define (\w+) (\d+)u", code))
    return {f"first {value['SHOWN_IN_TROUBLE']} negotiations", f"{value['SHOWN_IN_PEACE']} others",
            f"{value['IKE_LADDER_ROWS']} rows and", f"table {value['SHOWN_ROWS']} rows"}


def option_words(room):
    return {f"{name} {value.lower()}".strip() for name, value, _ in room.OPTIONS}


def exit_statuses(room):
    return {str(value) for name, value in vars(room).items() if name.isupper() and isinstance(value, int)}


# --- what the pages say --------------------------------------------------------------------------

class Manual:
    """A manual page in mdoc, by sections."""

    def __init__(self, path):
        parts = re.split(r"^\.Sh (.*)$", path.read_text(), flags=re.M)
        self.sections = dict(zip(parts[1::2], parts[2::2]))

    def items(self, section, pattern):
        """The items of a section's lists that are of this form."""
        return {" ".join(x for x in match.groups() if x)
                for match in re.finditer(rf"^\.It {pattern}$", self.sections[section], re.M)}

    def words(self, section, item):
        """What is set in bold in the text of an item."""
        text = re.search(rf"^\.It {item}\n((?:(?!\.It ).*\n)*)", self.sections[section], re.M)[1]
        return set(re.findall(r"^\.Cm (\w+)", text, re.M))


def compare(page, what, said, due):
    """Complaints about what is missing or too much."""
    said, due = set(said), set(due)
    yield from (f"docs/{page} lacks this {what}: {name}" for name in sorted(due - said))
    yield from (f"docs/{page} has a {what} that is not in the code: {name}" for name in sorted(said - due))


def check_limits():
    for page in ("man/ikex.7", "reports.md"):
        words = " ".join((DOCS / page).read_text().split())
        yield from (f"docs/{page} does not say of HTML: {limit}" for limit in sorted(limits()) if limit not in words)


def check_ikex():
    page = "man/ikex.7"
    manual = Manual(DOCS / page)
    yield from compare(page, "field", manual.items("FIELDS", r"Cm (ikex\.[\w.]+) Pq ([a-z ]+)"), fields())
    yield from compare(page, "report or format", manual.items("REPORTS", r"Cm (\w+)"), reports() + formats())
    yield from compare(page, "preference", manual.items("PREFERENCES", r"Cm (ikex\.\w+) Pq .*"), preferences())


def check_command(page, manual, room, statuses):
    """What is the same for every command: options and exit statuses."""
    said = {f"--{x}" for x in manual.items("OPTIONS", r"Fl Fl ([\w-]+)(?: Ar (\w+))?")}
    yield from compare(page, "option", said, option_words(room))
    usage = {f"--{x}" for x in re.findall(r"Fl Fl ([\w-]+)(?= Ar| \||\n)", manual.sections["SYNOPSIS"])}
    yield from compare(page, "option in the synopsis", usage, {x.split()[0] for x in option_words(room)})
    yield from compare(page, "exit status", manual.items("EXIT STATUS", r"(\d+)"), exit_statuses(statuses))


def check_ikex_report():
    page = "man/ikex-report.1"
    manual = Manual(DOCS / page)
    yield from check_command(page, manual, options, verdict)
    yield from compare(page, "report", manual.words("OPTIONS", "Fl Fl report Ar name"), reports())
    yield from compare(page, "format", manual.words("OPTIONS", "Fl Fl format Ar name"), formats())
    yield from compare(page, "form of several reports", manual.items("OUTPUT", r"Cm (\w+)"), formats())


def check_ikex_keys():
    page = "man/ikex-keys.1"
    manual = Manual(DOCS / page)
    yield from check_command(page, manual, key_options, key_options)
    yield from compare(page, "format", manual.items("FORMATS", r"Cm (\w+)"), {x.name for x in key_formats.FORMATS})


def check_reports():
    page = "reports.md"
    text = (DOCS / page).read_text()
    yield from compare(page, "report", re.findall(r"^\| \[`(\w+)`\]\(#\1\) \|", text, re.M), reports())
    yield from compare(page, "section", re.findall(r"^## ([a-z]+)$", text, re.M), reports())
    section = re.search(r"^## Formats\n(.*?)^## ", text, re.M | re.S)[1]
    yield from compare(page, "format", re.findall(r"^\| `(\w+)` \|", section, re.M), formats())


def check_windows():
    page = "windows.md"
    said = re.findall(r"^\| (\d{3,4}) \|", (DOCS / page).read_text(), re.M)
    yield from compare(page, "event", map(int, said), events())


def lint():
    if not shutil.which("mandoc"):
        return
    for page in MANUALS:
        run = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], cwd=DOCS, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        yield from (f"docs/{line.removeprefix('mandoc: ')}" for line in run.stdout.splitlines())


def main():
    if sys.argv[1:]:
        sys.exit(__doc__)
    checks = (check_ikex, check_ikex_report, check_ikex_keys, check_reports, check_windows, check_limits, lint)
    problems = [x for check in checks for x in check()]
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
