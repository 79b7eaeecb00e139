#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Measure what the plugin costs tshark, beside what people would otherwise use.

usage: cost.py [--kinds K,K..] [--modes M,M..] [--tools T,T..] [--scale X] [--rounds N]
               [--instructions] [--plugin FILE]

Each kind of capture (see traffic.py) is read by tshark in each mode, without any of our tools and with
each of them, in turn, in so many rounds. Printed is a table in Markdown: for each tool its CPU time (user and
system, of the whole process) divided by that without it in the same round, the median of all rounds, and the
difference of peak memory in MiB. Before the rounds that count there is one more, unless there is one only.

    modes   lines    tshark -n -r FILE: a line for each packet; it needs no protocol tree
            tree     the same with a display filter, which needs one
    tools   ikex     this plugin
            lua      peers/count.lua: a post-dissector of 25 lines that counts messages per SPI
            mate     MATE with peers/ike.mate
            transum  TRANSUM, with UDP ports 500 and 4500

--instructions counts instructions with callgrind in place of CPU time: one run each, and repeatable. It is 50 times
as slow, which asks for a small scale, of which the start of tshark would be much; so a second ratio, behind a stroke,
is of what is left when each count is taken less that of an empty capture. --plugin is the ikex.so to measure (default:
the installed one).

Run it as an ordinary user, or as root: it then changes to one, since tshark runs no scripts of root.
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import traffic

HERE = pathlib.Path(__file__).resolve().parent
NOBODY = 65534
MODES = {"lines": [], "tree": ["-Y", "frame.number >= 0"]}
TOOLS = {  # plugin, further arguments
    "none": (None, []),
    "ikex": ("ikex.so", []),
    "lua": (None, ["-X", "lua_script:{peers}/count.lua"]),
    "mate": ("mate.so", ["-o", "mate.config:{peers}/ike.mate"]),
    "transum": ("transum.so", ["--enable-protocol", "transum", "-o", "transum.udp_port_ranges:500,4500"]),
}


def tshark_version():
    out = subprocess.run(["tshark", "--version"], capture_output=True, text=True).stdout
    return re.search(r"(\d+\.\d+)\.(\d+)", out)


def plugin_folder():
    out = subprocess.run(["pkg-config", "--variable=plugindir", "wireshark"], capture_output=True, text=True).stdout
    return pathlib.Path(out.strip()) / "epan"


def make_folders(base, minor, own):
    """A plugin folder for each tool, with nothing but its plugin. Returns {tool: folder}."""
    folders = {}
    for tool, (plugin, _) in TOOLS.items():
        folder = base / tool / minor / "epan"
        folder.mkdir(parents=True)
        source = own if plugin == "ikex.so" and own else plugin and plugin_folder() / plugin
        if source and not pathlib.Path(source).is_file():
            print(f"{tool} is left out: there is no {source}", file=sys.stderr)
            continue
        if source:
            shutil.copy(source, folder / plugin)
        folders[tool] = base / tool
    return folders


def become_nobody():
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


class Bench:
    """Runs tshark with one tool or none."""

    def __init__(self, base, folders):
        self.base, self.folders = base, folders

    def command(self, tool, mode, capture):
        arguments = [word.format(peers=self.base / "peers") for word in TOOLS[tool][1]]
        return ["tshark", "-n", *arguments, *MODES[mode], "-r", str(capture)]

    def environment(self, tool):
        return {**os.environ, "WIRESHARK_PLUGIN_DIR": str(self.folders[tool]), "HOME": str(self.base / "home"),
                "WIRESHARK_CONFIG_DIR": str(self.base / "home")}

    def run(self, command, tool):
        """(CPU seconds, peak MiB, what it says on stderr) of a command."""
        process = subprocess.Popen(command, env=self.environment(tool), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=become_nobody)
        words = process.stderr.read().decode(errors="replace")
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(command)}: exit {process.returncode}\n{words}")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, words

    def time(self, tool, mode, capture):
        cpu, memory, _ = self.run(self.command(tool, mode, capture), tool)
        return cpu, memory

    def instructions(self, tool, mode, capture):
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                   *self.command(tool, mode, capture)]
        _, memory, words = self.run(command, tool)
        return int(re.search(r"Collected : (\d+)", words)[1]), memory


def measure(tools, mode, capture, rounds, measured):
    """{tool: [(cost, peak memory) of each round]} of runs in turn."""
    runs = {tool: [] for tool in tools}
    for number in range(rounds + (rounds > 1)):
        for tool in tools:
            figures = measured(tool, mode, capture)
            if number or rounds == 1:
                runs[tool].append(figures)
    return runs


def column(runs, tool, which):
    return [figures[which] for figures in runs[tool]]


def ratio(runs, tool):
    """What a tool costs, divided by what the same round cost without: both met the same moods of the machine."""
    return statistics.median(a / b for a, b in zip(column(runs, tool, 0), column(runs, "none", 0)))


def less(runs, start):
    return {tool: [(cost - start[tool][0][0], memory) for cost, memory in figures] for tool, figures in runs.items()}


def cell(runs, tool, start):
    more = f" / {ratio(less(runs, start), tool):.3f}" if start else ""
    memory = statistics.median(column(runs, tool, 1)) - statistics.median(column(runs, "none", 1))
    return f"{ratio(runs, tool):.3f}{more} ({memory:+.0f})"


def row(name, frames, runs, start, unit):
    plain = statistics.median(column(runs, "none", 0)) / unit[0]
    cells = " | ".join(cell(runs, tool, start) for tool in runs if tool != "none")
    return f"| {name} | {frames} | {plain:.2f} {unit[1]} | {cells} |"


def capture_of(base, kind, scale):
    """(path, number of frames) of a capture that anybody can read."""
    path = base / f"{kind}.pcap"
    frames = traffic.write(path, kind, scale)
    path.chmod(0o644)
    return path, frames


def chosen(text, known):
    names = text.split(",")
    unknown = [x for x in names if x not in known]
    if unknown:
        sys.exit(f"cost.py: unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", default=",".join(traffic.KINDS))
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--tools", default=",".join(x for x in TOOLS if x != "none"))
    parser.add_argument("--scale", type=float, default=1.0, metavar="X")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--plugin", metavar="FILE")
    arguments = parser.parse_args()
    version = tshark_version()
    with tempfile.TemporaryDirectory(prefix="ikex-cost-") as folder:
        base = pathlib.Path(folder)
        base.chmod(0o755)
        shutil.copytree(HERE / "peers", base / "peers")
        (base / "home").mkdir()
        folders = make_folders(base, version[1], arguments.plugin)
        tools = ["none", *(x for x in chosen(arguments.tools, TOOLS) if x in folders)]
        bench = Bench(base, folders)
        measured = bench.instructions if arguments.instructions else bench.time
        unit = (1e9, "G instructions") if arguments.instructions else (1, "s")
        rounds = 1 if arguments.instructions else arguments.rounds
        modes = chosen(arguments.modes, MODES)
        print(f"Wireshark {version[0]}, scale {arguments.scale:g}, {rounds} rounds\n")
        print(f"| capture, mode | frames | without | {' | '.join(x for x in tools if x != 'none')} |")
        print(f"|---|--:|--:|{'--:|' * (len(tools) - 1)}", flush=True)
        empty, _ = capture_of(base, "none", 0)
        starts = {mode: measure(tools, mode, empty, 1, measured) if arguments.instructions else None for mode in modes}
        for kind in chosen(arguments.kinds, traffic.KINDS):
            capture, frames = capture_of(base, kind, arguments.scale)
            for mode in modes:
                runs = measure(tools, mode, capture, rounds, measured)
                print(row(f"{kind}, {mode}", frames, runs, starts[mode], unit), flush=True)
            capture.unlink()


if __name__ == "__main__":
    main()
