# SPDX-License-Identifier: GPL-2.0-or-later
"""ikex-keys from the command line to the exit status."""
import os
import pathlib
import shlex
import signal
import sys

from ikexshared.commandline import end_by
from ikexshared.text import printable

from . import collection, folders, formats, options
from .records import ESP, IKE_TABLES, IKEV1, TABLES

DECRYPT_ESP = "esp.enable_encryption_decode:TRUE"
KINDS = {"ikev1": IKE_TABLES[0], "ikev2": IKE_TABLES[1], "esp": ESP}


def say(message):
    """A line on stderr; the message may hold anything but secrets."""
    print(f"ikex-keys: {printable(message)}", file=sys.stderr, flush=True)


def read_all(names):
    """What the files hold, with every complaint said; whether all could be read."""
    found, all_read = [], True
    for name in names:
        try:
            for path in formats.files_of(name):
                found.append(formats.read(path))
        except formats.BadKeys as error:
            say(error)
            all_read = False
    for one in found:
        for text in one.problems + one.notes:
            say(text)
        all_read = all_read and not one.problems
    return found, all_read


# --- what is printed -----------------------------------------------------------------------------

def describe(key):
    """Algorithms of a key: no secret but how long it is."""
    if key.table == IKEV1:
        return f"key of {4 * len(key.cells[1])} bits"
    encryption, integrity = (key.cells[4], key.cells[6]) if key.table == ESP else (key.cells[4], key.cells[7])
    return f"{encryption}, {integrity}"


def summary(keys, wanted):
    for key in keys.keys(wanted):
        yield f"{key.title()}: {describe(key)} ({key.place})"
    counts = " ".join(f"{name}={len(keys.tables[table])}" for name, table in KINDS.items())
    yield f"ikex-keys: {counts} repeated={keys.repeats}"
    if keys.tables[ESP] and ESP not in wanted:
        yield "ikex-keys: keys of ESP are used with --esp only"


def table_lines(keys, wanted):
    for table in wanted:
        if keys.tables[table]:
            yield f"# {table}"
            yield from keys.lines(table)


def option_lines(keys, wanted):
    for table in wanted:
        for line in keys.lines(table):
            yield f"-o {shlex.quote(f'uat:{table}:{line}')}"
    if ESP in wanted and keys.tables[ESP]:
        yield f"-o {DECRYPT_ESP}"


def change_lines(changes):
    for change in changes:
        yield (f"ikex-keys: {change.path}: {change.added} added, {change.replaced} replaced, "
               f"{change.kept} there already")
        if change.path.name == ESP:
            yield f"ikex-keys: Wireshark decrypts ESP with the preference {DECRYPT_ESP} only"


# --- all of it -----------------------------------------------------------------------------------

def target(chosen):
    """The folder to write to, or None."""
    if chosen.profile:
        return folders.profile_folder(folders.config_folder(), chosen.profile)
    return pathlib.Path(chosen.output) if chosen.output else None


def show(chosen, keys, wanted, changes):
    if chosen.print or chosen.print_options:
        for line in (table_lines if chosen.print else option_lines)(keys, wanted):
            print(line)
        return
    for lines in (summary(keys, wanted), change_lines(changes)):
        for line in lines:
            print(printable(line))


def run(chosen):
    """Everything that a command line asks for; returns the exit status."""
    wanted = TABLES if chosen.esp else IKE_TABLES
    found, all_read = read_all(chosen.names)
    keys = collection.collect(found)
    for note in keys.notes:
        say(note)
    has_keys = bool(keys.keys(wanted))
    folder = target(chosen)
    changes = folders.add(folder, keys, wanted) if folder and has_keys else []
    show(chosen, keys, wanted, changes)
    sys.stdout.flush()
    if not all_read:
        return options.UNREAD
    return options.KEYS if has_keys else options.NO_KEYS


def attempt(words):
    try:
        chosen = options.parse(words)
        if chosen.help:
            print(options.help_text(formats.FORMATS), end="")
            return options.KEYS
        return run(chosen)
    except options.WrongOption as error:
        say(error)
        print(f"{options.USAGE}\nikex-keys --help says more", file=sys.stderr)
        return options.WRONG_OPTION
    except BrokenPipeError:
        raise
    except OSError as error:
        where = f" to {error.filename}" if error.filename else ""
        say(f"the output cannot be written{where}: {error.strerror}")
        return options.UNWRITTEN


def main():
    try:
        sys.exit(attempt(sys.argv[1:]))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to say
        end_by(signal.SIGPIPE)
    except KeyboardInterrupt:
        end_by(signal.SIGINT)
