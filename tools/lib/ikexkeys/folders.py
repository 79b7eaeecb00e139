# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's configuration folder and its profiles; tables in a folder that only their owner can read."""
import collections
import os
import pathlib
import tempfile

from . import tables
from .records import Key

DEFAULT_PROFILE = "Default"  # Wireshark's name for no profile
Change = collections.namedtuple("Change", "path added replaced kept")


def config_folder():
    """Where Wireshark keeps the user's preferences."""
    if os.environ.get("WIRESHARK_CONFIG_DIR"):
        return pathlib.Path(os.environ["WIRESHARK_CONFIG_DIR"])
    home = pathlib.Path(os.environ.get("HOME", "/"))
    modern = pathlib.Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "wireshark"
    legacy = home / ".wireshark"
    return legacy if legacy.is_dir() and not modern.is_dir() else modern


def profile_folder(config, profile):
    return config if profile in ("", DEFAULT_PROFILE) else config / "profiles" / profile


def lines_of(path):
    """The lines of a table; none when there is no such file."""
    try:
        return path.read_text(errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []


def make_folder(path):
    """Folders that are made here are for their owner only."""
    missing = [path, *path.parents]
    missing = [folder for folder in missing if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def known(line):
    """The name and the secret of a line's key, or None for a remark and for what this program does not know."""
    parsed = None if tables.is_empty(line) else tables.parse(line)
    return Key(*parsed) if parsed else None


def merge(old, keys):
    """Lines of a table and newer keys: the lines to write, and how many keys were added, replaced, kept."""
    new = {key.name: key for key in keys}
    lines, before = [], {}
    for line in old:
        key = known(line)
        if not key or key.name not in new:
            lines.append(line)
        elif key.name not in before or key.secret == new[key.name].secret:
            before[key.name] = key
    kept = sum(key.secret == new[name].secret for name, key in before.items())
    lines += [key.line() for key in keys]
    return lines, len(new) - len(before), len(before) - kept, kept


def write(path, lines):
    """Put a file in its place in one step: it is whole at any time, and never readable by others."""
    target = pathlib.Path(os.path.realpath(path))
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # with mode 0600
    try:
        with open(descriptor, "w", errors="surrogateescape") as file:
            file.writelines(line + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def add(folder, collection, wanted):
    """Add keys to the tables of a folder; returns what changed in each."""
    make_folder(folder)
    changes = []
    for table in wanted:
        keys = collection.keys([table])
        if keys:
            path = folder / table
            lines, *counts = merge(lines_of(path), keys)
            write(path, lines)
            changes.append(Change(path, *counts))
    return changes
