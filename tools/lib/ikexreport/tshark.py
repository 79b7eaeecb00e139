# SPDX-License-Identifier: GPL-2.0-or-later
"""One capture: how tshark is called, and what became of it."""
import dataclasses
import json
import os
import re
import shutil
import signal
import struct
import subprocess

from . import shortcuts, verdict
from .verdict import Outcome

TAIL = 65536             # bytes of a report in which its last line is found
NO_LIMIT = float("inf")
MOST_COMPLAINTS = 20     # about one capture

CLOSING_LINE = re.compile(r"ikex: result=([A-Z]+)((?: [a-z]+=\d+)*)$")
CUT_SHORT = "cut short in the middle of a packet"
NO_SUCH_REPORT = "Invalid -z argument"                    # tshark's words when no plugin knows it
CHATTER = re.compile(r"^Running as user |^$")             # what tshark says as root
SECRETS = re.compile(r"ikev[12].decryption.table", re.I)   # in a line that may quote keys

# Formats that do not say the result: a second report, which is drawn first, says it.
SILENT_FORMATS = ("csv", "html")


@dataclasses.dataclass(frozen=True)
class Call:
    """What is asked of tshark, for every capture the same."""
    report: str = "diag"
    format: str = "text"
    filter: str = ""
    profile: str = ""
    full: bool = False
    with_keys: bool = False
    config_folder: str = ""
    timeout_s: float = NO_LIMIT
    more: tuple = ()   # more -z arguments, printed before the report
    unknown: set = dataclasses.field(default_factory=set)  # shortcuts that this tshark refused so far

    def taps(self):
        """The -z arguments. tshark draws the last one first."""
        rest = f",{self.filter}" if self.filter else ""
        style = f",format={self.format}" if self.format != "text" else ""
        yield f"ikex,{self.report}{style}{rest}"
        if self.format in SILENT_FORMATS:
            yield f"ikex,diag,format=json{rest}"
        yield from self.more

    def arguments(self, path):
        words = ["tshark", "-n", "-q"]
        if self.profile:
            words += ["-C", self.profile]
        if not self.full:
            words += shortcuts.arguments(self.with_keys, set(self.unknown))
        words += ["-r", path]
        for tap in self.taps():
            words += ["-z", tap]
        return words

    def environment(self):
        extra = {"WIRESHARK_CONFIG_DIR": self.config_folder} if self.config_folder else {}
        return {**os.environ, **extra}


# --- the process ---------------------------------------------------------------------------------

class TooLong(Exception):
    """A tshark that was ended because it took too long."""


def kill(process):
    """End a process that may run, and what it started; it has a process group of its own."""
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()


def run(call, path, base, processes):
    """Run tshark; its output is in base.out, what it complained about is returned, with its exit status."""
    with open(f"{base}.out", "wb") as out, open(f"{base}.err", "wb") as err:
        process = processes.start(call.arguments(path), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                  env=call.environment(), start_new_session=True)
        try:
            process.wait(None if call.timeout_s == NO_LIMIT else call.timeout_s)
        except subprocess.TimeoutExpired:
            raise TooLong from None
        finally:
            kill(process)
            processes.ended(process)
    with open(f"{base}.err", errors="replace") as err:
        stderr = err.read(TAIL)
    os.unlink(f"{base}.err")
    return process.returncode, stderr


# --- what it printed -----------------------------------------------------------------------------

def last_line(path):
    with open(path, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - TAIL))
        lines = file.read().decode(errors="replace").splitlines()
    return next((line for line in reversed(lines) if line.strip()), "")


def result_of_text(line):
    """(result, counts) of the closing line, or None."""
    match = CLOSING_LINE.match(line)
    if not match or match[1] not in verdict.STATUS_OF:
        return None
    return match[1], dict(pair.split("=") for pair in match[2].split())


def result_of_json(line):
    """(result, counts) of a record of type result, or None."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    if not isinstance(record, dict) or record.get("type") != "result" or \
            record.get("result") not in verdict.STATUS_OF:
        return None
    counts = {key: value for key, value in record.items() if key not in ("schema", "type", "result")}
    return record["result"], counts


def split_result(path):
    """Take the records that stand before a report out of the file; return what they say."""
    found = None
    with open(path, "rb") as file, open(f"{path}.rest", "wb") as rest:
        for line in iter(file.readline, b""):
            found = result_of_json(line.decode(errors="replace"))
            if found:
                shutil.copyfileobj(file, rest)
                break
    os.replace(f"{path}.rest", path)
    return found


def result_in(call, path):
    if call.format in SILENT_FORMATS:
        return split_result(path)
    line = last_line(path)
    return result_of_json(line) if call.format == "json" else result_of_text(line)


def complaints_of(stderr, path):
    """What tshark said, without what it says always, and without keys."""
    lines = (line for line in stderr.splitlines() if not CHATTER.match(line))
    lines = ["a table of keys is not accepted" if SECRETS.search(line) else line for line in lines]
    more = [f"{len(lines) - MOST_COMPLAINTS} more messages"] if len(lines) > MOST_COMPLAINTS else []
    return [line.removeprefix("tshark: ").replace(f'"{path}" ', "") for line in lines[:MOST_COMPLAINTS]] + more


# --- one capture ---------------------------------------------------------------------------------

def judge(code, found, complaints, stderr):
    """The outcome of a tshark that ended by itself or by a signal."""
    if NO_SUCH_REPORT in stderr:
        return dataclasses.replace(
            Outcome.of_error("the plugin is not installed", verdict.NO_PLUGIN), lost_plugin=True)
    if code < 0:
        return Outcome.of_error(f"tshark was ended by {signal.Signals(-code).name}")
    if not found and code == 0:
        return Outcome.of_error("tshark prints no report of ikex", verdict.NO_PLUGIN)
    stands = found and (code == 0 or CUT_SHORT in stderr and found[0] != "NODATA")
    outcome = Outcome.of_result(*found) if stands else Outcome.of_error("cannot be read")
    outcome.complaints = complaints or outcome.complaints
    return outcome


def read_once(call, path, base, processes):
    before = set(call.unknown)
    try:
        code, stderr = run(call, path, base, processes)
    except TooLong:
        return Outcome.of_error(f"took longer than {call.timeout_s:g} s and was ended")
    except OSError as error:
        return Outcome.of_error(f"tshark cannot be started: {error.strerror}", verdict.NO_PLUGIN)
    refused = shortcuts.unknown_in(stderr) - before
    if code and refused:
        call.unknown.update(refused)
        return read_once(call, path, base, processes)
    outcome = judge(code, result_in(call, f"{base}.out"), complaints_of(stderr, path), stderr)
    outcome.report = f"{base}.out"
    return outcome


def read(call, path, base, processes, repair):
    """The outcome of one capture. repair() sets up a plugin that got lost, to an update of Wireshark for
    example, and returns whether that worked."""
    outcome = read_once(call, path, base, processes)
    if outcome.lost_plugin and repair():
        outcome = read_once(call, path, base, processes)
    return outcome


def refusal(call, folder, processes):
    """What the plugin or tshark has against report, format, filter or profile; None when all is well. It is
    asked with a capture without packets."""
    path = os.path.join(folder, "empty.pcap")
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    base = os.path.join(folder, "asked")
    outcome = read_once(call, path, base, processes)
    if outcome.status != verdict.UNREAD:
        return None
    own = (line for line in outcome.complaints if line.startswith("ikex: "))
    return next(own, outcome.complaints[0]).removeprefix("ikex: ")
