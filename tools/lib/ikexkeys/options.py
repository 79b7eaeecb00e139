# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line."""
import dataclasses

from ikexshared import commandline
from ikexshared.commandline import WrongOption, profile_name

USAGE = "usage: ikex-keys [OPTION].. FILE-OR-FOLDER.."

# option, what its value is called (empty: it has none), what it is for
OPTIONS = (
    ("--profile", "NAME", "add the keys to the tables of this profile of Wireshark; Default: to those of none"),
    ("--output", "FOLDER", "add them to tables in this folder"),
    ("--print", "", "print them as lines of the tables"),
    ("--print-options", "", "print them as options of Wireshark and tshark, quoted for a shell"),
    ("--esp", "", "keys of ESP as well, and not only of IKE"),
    ("--help", "", "this text"),
)

HELP = f"""{USAGE}

Turns keys of IKE SAs as daemons give them into Wireshark's tables, with which it decrypts IKE.

{{options}}

A FILE is one of these, which is found out by what is in it; gzip is unpacked, and - is standard
input:
{{formats}}
A FOLDER has tables: ikev1_decryption_table, ikev2_decryption_table, esp_sa.

Without an option the keys are counted and their SAs named, but nothing secret is printed; only
--print and --print-options print keys. Other users of the machine see the options of a running
tshark: --profile is safer. Tables that are written are readable by their owner only, and keep what
they have; a newer key of an SA replaces the older one.

Exit status: 0 there are keys, 3 there are none, 4 a file cannot be read or is damaged (what is
whole in it is used all the same), 5 a wrong option, 7 the output cannot be written. The first of
7, 4, 3, 0 that applies.
"""

KEYS, NO_KEYS, UNREAD, WRONG_OPTION, UNWRITTEN = 0, 3, 4, 5, 7


@dataclasses.dataclass
class Options:
    """The command line, understood. Names are those of the options."""
    profile: str = ""
    output: str = ""
    print: bool = False
    print_options: bool = False
    esp: bool = False
    help: bool = False
    names: list = dataclasses.field(default_factory=list)


def folder_name(text):
    if not text:
        raise WrongOption("--output needs a value: FOLDER")
    return text


CONVERT = {"--profile": profile_name, "--output": folder_name}


def parse(words):
    """The Options of a command line; raises WrongOption."""
    options = commandline.parse(Options(), words, OPTIONS, CONVERT)
    if options.print and options.print_options:
        raise WrongOption("--print and --print-options do not go together")
    if options.profile and options.output:
        raise WrongOption("--profile and --output do not go together")
    return options


def help_text(formats):
    return HELP.format(options=commandline.option_columns(OPTIONS),
                       formats=commandline.columns([(x.name, x.about) for x in formats]))
