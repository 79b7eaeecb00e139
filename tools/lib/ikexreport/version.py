# SPDX-License-Identifier: GPL-2.0-or-later
"""Which plugin and which tshark make the reports."""
import re
import subprocess

PLUGIN = re.compile(r"^ikex\.(?:so|dll) *\t(\S+)\t.*?([^\t\n]+)$", re.M)  # of the tables that tshark -G plugins prints
PATIENCE_S = 60


class NoPlugin(Exception):
    """There is no plugin, or no tshark that could load it, and why."""


def said_by(*words):
    try:
        return subprocess.run(["tshark", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=PATIENCE_S).stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        raise NoPlugin(f"tshark {' '.join(words)} takes longer than {PATIENCE_S} s") from None
    except OSError as error:
        raise NoPlugin(f"tshark cannot be started: {error.strerror}") from None


def text():
    """A line for the plugin, with its path, and one for tshark; raises NoPlugin."""
    plugin = PLUGIN.search(said_by("-G", "plugins"))
    if not plugin:
        raise NoPlugin("the plugin is not installed")
    program = said_by("--version").partition("\n")[0]
    return f"ikex {plugin[1]}, {plugin[2]}\n{program}\n"
