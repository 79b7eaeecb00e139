# SPDX-License-Identifier: GPL-2.0-or-later
"""From files, folders and standard input to keys. The first line that a format knows tells which it is of.

Files are read line by line, whatever their size; gzip is unpacked on the way.
"""
import collections
import contextlib
import gzip
import os
import pathlib
import sys
import zlib

from . import charon, pluto, tables
from .records import TABLES, Found

Format = collections.namedtuple("Format", "name about recognises reader")

FORMATS = (
    Format("table", "Wireshark's tables, as strongSwan's save-keys writes them", tables.recognises, tables.Reader),
    Format("charon", "a log of strongSwan's charon", charon.recognises, charon.Reader),
    Format("pluto", "a log of Libreswan's pluto", pluto.recognises, pluto.Reader),
)
LONGEST_LINE = 1 << 16
GZIP = b"\x1f\x8b"
STDIN = "standard input"
UNPREFIXED = ("Sk_ei secret => ", "encryption key Ka => ")  # as "journalctl" shows charon-systemd's messages


class BadKeys(Exception):
    """What is wrong with a file of keys; never what is in it."""


@contextlib.contextmanager
def opened(path):
    """A stream of bytes, unpacked."""
    if path == "-":
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        if file.peek(2)[:2] != GZIP:
            yield file
            return
        with gzip.open(file) as unpacked:
            yield unpacked


def lines_of(stream):
    """Numbered lines as text; one that is too long to be of a format comes empty."""
    number, is_rest = 0, False
    while piece := stream.readline(LONGEST_LINE):
        is_whole = piece.endswith(b"\n") or len(piece) < LONGEST_LINE
        if is_rest:
            is_rest = not is_whole
            continue
        number, is_rest = number + 1, not is_whole
        if b"\0" in piece:
            raise BadKeys(f"line {number} is not text")
        yield number, piece.decode("utf-8", "surrogateescape").rstrip("\r\n") if is_whole else ""


class Unknown:
    """Reads until a line tells the format, and then is that format's reader."""

    def __init__(self, found, check):
        self.found, self.check, self.reader = found, check, None
        self.first = self.hint = None

    def feed(self, number, line):
        if not self.reader and not self.choose(number, line):
            return
        self.reader.feed(number, line)

    def choose(self, number, line):
        chosen = next((x for x in FORMATS if x.recognises(line)), None)
        if not chosen:
            if not tables.is_empty(line):
                self.first = self.first or number
            self.hint = self.hint or any(x in line for x in UNPREFIXED)
            return False
        if chosen.name == "table" and self.first:
            self.found.problem(self.first, tables.WHAT_IS_WRONG)
        self.found.origin = chosen.name
        self.reader = chosen.reader(self.found, self.check)
        return True

    def finish(self):
        if self.reader:
            self.reader.finish()
        elif self.hint:
            self.found.problem(self.first, "a log of charon without threads, which tell SAs apart: a log file of "
                                           "charon (filelog) has them")
        elif self.first:
            self.found.problem(self.first, f"{tables.WHAT_IS_WRONG}, and no line is of a log of "
                                           "charon or pluto")


def read(path, check=True):
    """What a file holds; raises BadKeys when it cannot be read. `check`: whether keys must have the lengths that
    their algorithms want."""
    path = os.fspath(path)
    found = Found(STDIN if path == "-" else path)
    reader = Unknown(found, check)
    try:
        with opened(path) as stream:
            for number, line in lines_of(stream):
                reader.feed(number, line)
    except BadKeys as error:
        raise BadKeys(f"{found.path}: {error}") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "is damaged"
        raise BadKeys(f"{found.path}: cannot be read: {reason}") from None
    reader.finish()
    return found


def files_of(path):
    """A folder has tables by their names."""
    if path == "-" or not os.path.isdir(path):
        return [path]
    files = [str(pathlib.Path(path) / table) for table in TABLES if (pathlib.Path(path) / table).is_file()]
    if not files:
        raise BadKeys(f"{path}: this folder has none of {', '.join(TABLES)}")
    return files
