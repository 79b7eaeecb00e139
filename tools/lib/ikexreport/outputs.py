# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the reports go and in what form.

    text   one after the other, under headings where there are several
    json   JSON Lines one after the other, each record with "file" as its first key
    csv    one table with one header, "file" as its first column
    html   one page per capture, and index.html
"""
import csv
import html
import io
import json
import os
import shutil
import stat
import tempfile
import urllib.parse

from ikexshared.text import printable

from . import verdict

EXTENSIONS = {"text": ".txt", "json": ".jsonl", "csv": ".csv", "html": ".html"}
LONGEST_NAME = 200  # of a file in a folder of reports, without its extension


class Unwritten(Exception):
    """Why an output is not written, with the exit status for that."""

    def __init__(self, message, status=verdict.WRONG_OPTION):
        super().__init__(message)
        self.status = status


# --- forms: each copies the report of one capture to a stream of bytes ---------------------------

class Text:
    """Reports as they are; under headings when several come."""

    def __init__(self, out, headings):
        self.out, self.headings = out, headings

    def add(self, name, outcome):
        if self.headings:
            self.out.write(f"==> {printable(name)} <==\n".encode())
        copy_report(outcome, self.out)


class JsonLines:
    """Records that say which capture they are of; a capture that could not be read has one of type unread."""

    def __init__(self, out, _):
        self.out = out

    def add(self, name, outcome):
        start = b'{"file":' + json.dumps(valid(name)).encode()
        with open_report(outcome) as report:
            for line in report:
                if line.startswith(b"{"):
                    joint = b"" if line[1:].lstrip().startswith(b"}") else b","
                    self.out.write(start + joint + line[1:])
        if outcome.result == "ERROR":
            record = {"schema": 1, "type": "unread", "message": valid("; ".join(outcome.complaints))}
            self.out.write(start + b"," + json.dumps(record).encode()[1:] + b"\n")


class Csv:
    """The rows of all captures below the header of the first."""

    def __init__(self, out, _):
        self.out, self.header = out, None

    def add(self, name, outcome):
        cell = csv_cell(valid(name))
        with open_report(outcome) as report:
            for number, record in enumerate(csv_records(report)):
                if number == 0 and record == self.header:
                    continue
                first = number == 0 and self.header is None
                if first:
                    self.header = record
                self.out.write((b"file" if first else cell) + b"," + record)


class Page:
    """One page as it is."""

    def __init__(self, out, _):
        self.out = out

    def add(self, _, outcome):
        copy_report(outcome, self.out)


FORMS = {"text": Text, "json": JsonLines, "csv": Csv, "html": Page}


def valid(name):
    """The name as text that can be encoded: bytes that are no UTF-8 are written \\xNN."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def csv_cell(text):
    """A cell with the quotes that it needs (RFC 4180)."""
    cell = io.StringIO()
    csv.writer(cell, lineterminator="").writerow([text])
    return cell.getvalue().encode()


def csv_records(lines):
    """Records of a CSV file as they are, line breaks inside quotes included."""
    record = b""
    for line in lines:
        record += line
        if record.count(b'"') % 2 == 0:
            if record.strip():
                yield record
            record = b""
    if record:
        yield record + b"\n"


def open_report(outcome):
    if outcome.report and os.path.exists(outcome.report):
        return open(outcome.report, "rb")
    return io.BytesIO()


def copy_report(outcome, out):
    with open_report(outcome) as report:
        shutil.copyfileobj(report, out)


# --- places --------------------------------------------------------------------------------------

class Stream:
    """Everything into one stream that is open already."""

    def __init__(self, form, out, several):
        self.out, self.form = out, FORMS.get(form, Page)(out, several)

    def add(self, name, outcome):
        self.form.add(name, outcome)
        self.out.flush()

    def finish(self, rows):
        """rows: (name, outcome) of all captures."""

    def abandon(self):
        """Leave nothing half-made."""


class File:
    """A file that appears under its name when it is complete."""

    def __init__(self, path):
        self.path, self.temporary = path, None
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            self.out = open(path, "wb")  # a pipe or a device
            return
        path = self.path = os.path.realpath(path)
        descriptor, self.temporary = tempfile.mkstemp(prefix=".ikex-report-", dir=os.path.dirname(path) or ".")
        umask = os.umask(0)
        os.umask(umask)
        os.fchmod(descriptor, 0o666 & ~umask)
        self.out = open(descriptor, "wb")

    def finish(self):
        self.out.close()
        if self.temporary:
            os.replace(self.temporary, self.path)

    def abandon(self):
        self.out.close()
        if self.temporary and os.path.exists(self.temporary):
            os.unlink(self.temporary)


class Merged(Stream):
    """Everything into one file."""

    def __init__(self, form, path, several):
        self.file = File(path)
        super().__init__(form, self.file.out, several)

    def finish(self, rows):
        self.file.finish()

    def abandon(self):
        self.file.abandon()


class Folder:
    """One file per capture; pages get an index."""

    def __init__(self, form, path, targets):
        self.format, self.path, self.targets, self.open = form, path, targets, None
        self.added = 0

    def add(self, name, outcome):
        target = self.targets[self.added]
        self.added += 1
        if not outcome.report or not os.path.getsize(outcome.report):
            return
        self.write(target, lambda out: FORMS.get(self.format, Page)(out, False).add(name, outcome))

    def write(self, name, fill):
        self.open = File(os.path.join(self.path, name))
        fill(self.open.out)
        self.open.finish()
        self.open = None

    def finish(self, rows):
        if self.format == "html":
            page = index_page(rows, self.targets, self.path)
            self.write("index.html", lambda out: out.write(page.encode()))

    def abandon(self):
        if self.open:
            self.open.abandon()


def target_names(captures, extension):
    """A file name per capture, no two the same."""
    used, names = {"index.html"}, []
    for capture in captures:
        stem = printable(os.path.basename(capture))[:LONGEST_NAME].lstrip(".") or "capture"
        name, number = stem + extension, 2
        while name.lower() in used:
            name, number = f"{stem}-{number}{extension}", number + 1
        used.add(name.lower())
        names.append(name)
    return names


PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>IKE reports</title>
<style>body{{font-family:sans-serif}}td,th{{text-align:left;padding:.1em .8em}}
.FAIL,.ERROR{{color:#b00020}}.WARN{{color:#8a5a00}}</style></head><body>
<h1>IKE reports</h1>
<table><tr><th>result</th><th>capture</th><th>counts</th><th>remarks</th></tr>
{rows}</table></body></html>
"""


def index_row(name, outcome, target, folder):
    shown = html.escape(printable(name))
    if os.path.exists(os.path.join(folder, target)) and outcome.report:
        shown = f'<a href="{html.escape(urllib.parse.quote(target))}">{shown}</a>'
    counts = html.escape(" ".join(f"{key}={value}" for key, value in outcome.counts.items()))
    remarks = html.escape(printable("; ".join(outcome.complaints)))
    return (f'<tr><td class="{outcome.result}">{outcome.result}</td><td>{shown}</td>'
            f"<td>{counts}</td><td>{remarks}</td></tr>\n")


def index_page(rows, targets, folder):
    return PAGE.format(rows="".join(index_row(name, outcome, target, folder)
                                    for (name, outcome), target in zip(rows, targets)))


# --- the choice ----------------------------------------------------------------------------------

def is_folder(output):
    return output.endswith("/") or os.path.isdir(output)


def protect(paths, captures):
    """No output replaces a capture."""
    inodes = {(s.st_dev, s.st_ino) for s in map(os.stat, filter(os.path.exists, captures))}
    for path in filter(os.path.exists, paths):
        status = os.stat(path)
        if (status.st_dev, status.st_ino) in inodes:
            raise Unwritten(f"--output {path} would replace a capture")


def place(form, output, captures, several, stdout):
    """Where reports in this form go; raises Unwritten when they cannot go there."""
    if form == "html" and several and not (output and is_folder(output)):
        raise Unwritten("pages of several captures need --output FOLDER/")
    if not output:
        return Stream(form, stdout, several)
    try:
        if not is_folder(output):
            protect([output], captures)
            return Merged(form, output, several)
        os.makedirs(output, exist_ok=True)
        targets = target_names(captures, EXTENSIONS.get(form, f".{form}"))
        protect([os.path.join(output, name) for name in targets], captures)
        return Folder(form, output, targets)
    except OSError as error:
        raise Unwritten(f"--output {output}: cannot be written: {error.strerror}", verdict.UNWRITTEN) from None
