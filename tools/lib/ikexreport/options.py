# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line."""
import dataclasses
import os

from ikexshared import commandline
from ikexshared.commandline import WrongOption, profile_name

USAGE = "usage: ikex-report [OPTION].. FILE-OR-FOLDER..\n       ikex-report --both [OPTION].. A B"

# option, what its value is called (empty: it has none), what it is for
OPTIONS = (
    ("--report", "NAME", "which report: diag (default), sa or another that the plugin knows"),
    ("--format", "NAME", "text (default), or another that the plugin knows, such as json, csv, html"),
    ("--filter", "FILTER", "only IKE SAs in frames that match this display filter"),
    ("--output", "PLACE", "FILE: all reports into one file; FOLDER/: a file for each capture"),
    ("--profile", "NAME", "Wireshark's configuration profile"),
    ("--both", "", "join two captures of one tunnel that were taken at its two ends; see below"),
    ("--keys", "FILE", "keys: a table, a log of charon or pluto, as for ikex-keys; may come again"),
    ("--jobs", "N", "how many captures are read at the same time (default: as many as cores)"),
    ("--timeout", "SECONDS", "give a capture up after this time (default: 600; 0: never)"),
    ("--full", "", "let tshark dissect everything; see below"),
    ("--version", "", "which plugin and which tshark make the reports"),
    ("--help", "", "this text"),
)

HELP = f"""{USAGE}

Reports over captures: what happened in the IKE negotiations of each.

{{options}}

Captures are read side by side and reported in the order given. A folder is searched for
captures, with its folders: by names such as .pcap, .pcapng, .cap, .dmp (also with .gz), and
else by content; what ends with .xz, .bz2, .zip and the like has to be unpacked first. Several
captures end with a line for each and a summary for scripts: on stdout after reports in text or
with --output, else on stderr. A capture that cannot be read is named and stops nothing.

--output FILE gets all reports, --output FOLDER/ a file for each capture. JSON is JSON Lines,
whose records begin with "file", with a record of type unread for a capture that cannot be read;
CSV has one header and "file" for its first column; HTML is a page for each capture and
index.html, so several captures need a FOLDER/.

tshark is told to dissect only what may lead to IKE: not TCP (ikex itself finds IKE and ESP in
it, RFC 9329), nor DNS, QUIC, SIP and other applications in UDP. That could hide IP tunnelled
inside these, and IKE in TCP that only "Decode As" finds; --full dissects everything. With keys,
TCP is dissected too.

--both A B compares two captures that were taken at the same time at two points of the path: which
message left one end and never reached the other, and what changed on the way. The clocks may
differ: they are aligned by the messages. Formats: text, json. Exit status: 0 all arrived, 1
something was lost, but no message for good, 2 a message never arrived, 3 nothing in common.

From a checkout the plugin is built and installed first if that was not done yet; set-up
messages go to stderr. An installed copy installs nothing.

Exit status: 0 OK or NOTE, 1 WARN, 2 FAIL, 3 NODATA, 4 a file cannot be read, 5 a wrong option,
6 the plugin cannot be set up, 7 the output cannot be written. Over several files the first of
4, 2, 1, 3, 0 that applies to any.
"""

BOTH_FORMATS = ("text", "json")


@dataclasses.dataclass
class Options:
    """The command line, understood. Names are those of the options."""
    report: str = "diag"
    format: str = "text"
    filter: str = ""
    output: str = ""
    profile: str = ""
    keys: list = dataclasses.field(default_factory=list)
    jobs: int = 0
    timeout: float = 600.0
    full: bool = False
    both: bool = False
    version: bool = False
    help: bool = False
    names: list = dataclasses.field(default_factory=list)


def cores():
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1


def number_of_jobs(text):
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise WrongOption(f'--jobs "{text}" is not a number from 1')
    return min(int(text), 1024)


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value < 1e9:
        raise WrongOption(f'--timeout "{text}" is not a number of seconds')
    return value


def one_word(option):
    """Names of reports and formats: a comma would begin something else in an argument of tshark."""
    def check(text):
        if not text or not text.replace("_", "").replace("-", "").isalnum():
            raise WrongOption(f'{option} "{text}" is not a name')
        return text
    return check


def display_filter(text):
    """In an argument of tshark it stands where options of a report may stand, too."""
    if text.startswith("format="):
        raise WrongOption(f'--filter "{text}" is no display filter; the format has an option of its own: --format')
    return text


STATISTICS = ["table", "tree", "srt"]  # which end with no line for scripts


def report_name(text):
    one_word("--report")(text)
    if text in STATISTICS:
        raise WrongOption(f'"{text}" is no report but a statistic: tshark -q -z ikex,{text} -r FILE')
    return text


CONVERT = {"--filter": display_filter, "--jobs": number_of_jobs, "--timeout": seconds, "--report": report_name,
           "--format": one_word("--format"), "--profile": profile_name}


def check_both(options):
    """What --both goes together with."""
    if len(options.names) != 2:
        raise WrongOption(f"--both takes two captures, not {len(options.names)}")
    for name in options.names:
        if os.path.isdir(name):
            raise WrongOption(f"--both takes two captures: {name} is a folder")
    if options.report != Options.report:
        raise WrongOption("--both is a report of its own: no --report")
    if options.format not in BOTH_FORMATS:
        raise WrongOption(f'--both knows no format "{options.format}"; valid are: {", ".join(BOTH_FORMATS)}')
    if options.output and (options.output.endswith("/") or os.path.isdir(options.output)):
        raise WrongOption("--both makes one report: --output must be a file")


def parse(words):
    """The Options of a command line; raises WrongOption."""
    options = commandline.parse(Options(jobs=cores()), words, OPTIONS, CONVERT)
    if options.both and not commandline.is_question(options):
        check_both(options)
    return options


def help_text():
    return HELP.format(options=commandline.option_columns(OPTIONS))
