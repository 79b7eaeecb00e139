# SPDX-License-Identifier: GPL-2.0-or-later
"""From what the user names to what is read: files as they are, folders searched."""
import dataclasses
import os
import re
import stat
import zlib

from . import verdict

# Names that captures have; what has one is tried, whatever it holds. Others are looked into.
KINDS = "pcap|pcapng|cap|dmp|ntar|snoop|erf|enc|5vw|trc1"
CAPTURE_NAME = re.compile(rf"\.({KINDS})(\.(gz|zst|lz4))?$", re.I)

# What Wireshark cannot unpack.
PACKED_NAME = re.compile(rf"\.({KINDS})\.(xz|lzma|bz2|zip|7z|rar)$", re.I)
PACKED = "packed in a way that Wireshark does not read: unpack it first"

# The first four bytes of pcap (either byte order, micro- and nanoseconds, with the extra header of
# "modified" files) and pcapng.
MAGICS = {bytes.fromhex(x) for x in ("a1b2c3d4", "d4c3b2a1", "a1b23c4d", "4d3cb2a1", "a1b2cd34",
                                     "34cdb2a1", "0a0d0d0a")}
GZIP = b"\x1f\x8b"
ENOUGH = 4096        # bytes of a compressed file from which its first four can be had
LEADING = "-=+@\t\r"  # first characters that options of programs or formulas of spreadsheets begin with


@dataclasses.dataclass
class Item:
    """What is to be read, or why it cannot even be tried, with the exit status for that."""
    path: str
    problem: str = ""
    status: int = verdict.OK


@dataclasses.dataclass
class Found:
    """What there is to read, in the order given."""
    items: list = dataclasses.field(default_factory=list)
    in_folders: bool = False  # whether a folder was searched

    def add(self, path):
        self.items.append(Item(path))

    def add_problem(self, path, problem, status=verdict.UNREAD):
        self.items.append(Item(path, problem, status))

    def is_several(self):
        return len(self.items) != 1 or self.in_folders


def harmless(path):
    """The same path, written so that nothing takes it for an option, a formula or standard input."""
    return "./" + path if path[:1] in LEADING else path


def holds_capture(path):
    """Whether a file begins like a capture, compressed or not."""
    try:
        with open(path, "rb") as file:
            start = file.read(4)
            if start[:2] == GZIP:
                start = zlib.decompressobj(wbits=31).decompress(start + file.read(ENOUGH), 4)
    except (OSError, zlib.error):
        return False
    return start in MAGICS


def is_packed(path):
    """Whether a file is named as what Wireshark cannot unpack, and is no capture as it stands."""
    return bool(PACKED_NAME.search(path)) and not holds_capture(path)


def is_capture(entry):
    if not entry.is_file():  # no pipes, sockets or devices; links are followed
        return False
    return bool(CAPTURE_NAME.search(entry.name)) or holds_capture(entry.path)


def reason(error):
    return f"cannot be read: {error.strerror or error}"


def search(folder, found, seen):
    """Add the captures below a folder by name; links to folders are followed, none is searched twice."""
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            entries = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        found.add_problem(folder, reason(error))
        return
    for entry in entries:
        search_entry(entry, found, seen)


def search_entry(entry, found, seen):
    """Take one entry of a folder. A link that leads nowhere matters when it has the name of a capture."""
    try:
        os.stat(entry.path)
    except OSError as error:
        if CAPTURE_NAME.search(entry.name):
            found.add_problem(entry.path, reason(error))
        return
    if entry.is_dir():
        search(entry.path, found, seen)
    elif entry.is_file() and is_packed(entry.path):
        found.add_problem(entry.path, PACKED)
    elif is_capture(entry):
        found.add(entry.path)


def search_named(folder, found):
    """A folder that the user names: without a capture in it there is something to say."""
    before = len(found.items)
    found.in_folders = True
    search(folder, found, set())
    if len(found.items) == before:
        found.add_problem(folder, "no capture in this folder", verdict.NODATA)


def find(names):
    """What there is to read. A file that is named is always tried, but must be there."""
    found = Found()
    for name in map(harmless, names):
        try:
            if stat.S_ISDIR(os.stat(name).st_mode):
                search_named(name, found)
            elif is_packed(name):
                found.add_problem(name, PACKED)
            elif os.access(name, os.R_OK):
                found.add(name)
            else:
                found.add_problem(name, "cannot be read: Permission denied")
        except OSError as error:
            found.add_problem(name, reason(error))
    return found
