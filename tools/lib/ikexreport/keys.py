# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys of IKE SAs for tshark, from everything that ikex-keys reads.

tshark takes tables of keys as arguments too, where everybody on the machine can read them. So they go into a
configuration folder that only the user can enter, made for one run; the rest of it leads to the user's own.
"""
import pathlib
import shutil
import tempfile

from ikexkeys import collection, folders, formats, tables
from ikexkeys.folders import config_folder, profile_folder
from ikexkeys.formats import BadKeys
from ikexkeys.records import IKE_TABLES

from .terminal import say

SHARED = ("/usr/share/wireshark", "/usr/local/share/wireshark")  # where profiles are that come with Wireshark


def read(path):
    """What a file holds. A table must be right throughout; of a log what is whole is used, if anything is."""
    found = formats.read(path, check=False)
    is_log = found.origin not in ("", "table")
    if found.problems and not (is_log and found.keys):
        raise BadKeys(found.problems[0])
    if is_log and not found.keys:
        raise BadKeys(found.notes[0] if found.notes else f"{found.path}: this log holds no keys")
    return found


def read_all(names):
    """The keys of files and folders as lines by table; what else there is to say about them is said."""
    try:
        found = [read(path) for name in names for path in formats.files_of(name)]
    except BadKeys as error:
        raise BadKeys(f"keys {error}") from None
    keys = collection.collect(found)
    for text in [text for one in found for text in one.problems + one.notes] + keys.notes:
        say(f"keys {text}")
    return {table: keys.lines(table) for table in IKE_TABLES}


def profile_source(config, profile):
    """The folder of a profile: the user's own or else Wireshark's, or None."""
    places = (config, *map(pathlib.Path, SHARED))
    return next((x for x in (profile_folder(place, profile) for place in places) if x.is_dir()), None)


def are_configured(profile):
    """Whether the user's own tables, or those of the profile, hold anything."""
    folder = profile_folder(config_folder(), profile)
    return any(not tables.is_empty(line) for table in IKE_TABLES
               for line in lines_of(folder / table))


def lines_of(path):
    try:
        return path.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return []


def lead_to(source, target, but=()):
    """Make a folder whose entries lead to those of another, except some."""
    target.mkdir(mode=0o700)
    for entry in sorted(source.iterdir()) if source.is_dir() else ():
        if entry.name not in but:
            (target / entry.name).symlink_to(entry.resolve())


class Folder:
    """A configuration folder with more keys: use it as a context, `path` is for WIRESHARK_CONFIG_DIR."""

    def __init__(self, files, profile):
        self.more = read_all(files)
        self.profile, self.base = profile, None

    def __enter__(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="ikex-keys-"))
        try:
            self.path = self.base / "wireshark"
            self.fill(config_folder())
        except BaseException:
            self.__exit__()
            raise
        return self

    def fill(self, user):
        source, own = user, profile_folder(self.path, self.profile)
        lead_to(user, self.path, IKE_TABLES if own == self.path else ("profiles",))
        if own != self.path:
            lead_to(user / "profiles", self.path / "profiles", (self.profile,))
            source = profile_source(user, self.profile)
            if not source:
                return  # tshark says that there is no such profile
            lead_to(source, own, IKE_TABLES)
        for table, lines in self.more.items():
            folders.write(own / table, lines_of(source / table) + lines)

    def __exit__(self, *_):
        shutil.rmtree(self.base, ignore_errors=True)
