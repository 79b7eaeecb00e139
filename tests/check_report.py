#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check tools/ikex-report: what it is told, how it runs and ends. See check_report_files.py for its files.

usage: check_report.py [--sample N] [unittest options]

Most checks put a stand-in for tshark (report/fake_tshark.py) into PATH; those in RealTshark need tshark with
ikex, as tools/test sets it up. --sample N compares every Nth capture only.
"""
import itertools
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from report.case import KEY_1, PATIENCE_S, TESTS, TOP, Case, install, is_running  # noqa: E402  (after that)

GOLDEN = TESTS / "golden"
STATUS = {"OK": 0, "NOTE": 0, "WARN": 1, "FAIL": 2, "NODATA": 3, "ERROR": 4}
sample = 1


def exit_status(results):
    """Over several files the first of 4, 2, 1, 3, 0 that applies to any."""
    found = {STATUS[result] for result in results}
    return next(status for status in (4, 2, 1, 3, 0) if status in found)


class ExitStatus(Case):
    def test_every_combination(self):
        for result in STATUS:
            self.capture(f"{result}.pcap", result)
        for count in range(1, len(STATUS) + 1):
            for results in itertools.combinations(STATUS, count):
                with self.subTest(results=results):
                    self.run_tool(*(f"{result}.pcap" for result in results))
                    self.assertEqual(self.code, exit_status(results))

    def test_wrong_options(self):
        self.capture("a.pcap")
        for words, says in (
                (("--bogus", "a.pcap"), 'unknown option "--bogus"'), (("-x", "a.pcap"), 'unknown option "-x"'),
                ((), "no file given"), (("--report",), "--report needs a value"),
                (("--report", "bogus", "a.pcap"), "valid are: diag, sa, stat, audit, log, report"),
                (("--format=bogus", "a.pcap"), "valid are: text, json, csv, html"),
                (("--report", "diag,format=csv", "a.pcap"), "is not a name"),
                (("--report", "table", "a.pcap"), "is no report but a statistic"),
                (("--profile", "../x", "a.pcap"), "--profile"),
                (("--jobs", "0", "a.pcap"), "--jobs"), (("--jobs", "x", "a.pcap"), "--jobs"),
                (("--timeout", "-1", "a.pcap"), "--timeout"), (("--timeout", "nan", "a.pcap"), "--timeout"),
                (("--full=yes", "a.pcap"), "unknown option"), (("--keys", "none", "a.pcap"), "cannot be read"),
                (("--filter", "format=json", "a.pcap"), "no display filter"),
                (("--output", "a.pcap", "a.pcap"), "would replace a capture"),
                (("--format", "html", "a.pcap", "a.pcap"), "need --output FOLDER/")):
            with self.subTest(words=words):
                self.assertEqual(self.run_tool(*words), 5)
                self.assertIn(says, self.err)
                self.assertEqual(self.out, "")
        self.assertEqual(json.loads((self.here / "a.pcap").read_text()), {"result": "OK"})

    def test_no_place_for_the_output(self):
        self.capture("a.pcap")
        self.assertEqual(self.run_tool("--output", "no/such/file", "a.pcap"), 7)
        self.assertIn("--output no/such/file: cannot be written: No such file", self.err)
        self.assertEqual(self.out, "")

    def test_help(self):
        self.assertEqual(self.run_tool("--help"), 0)
        for word in ("--report", "--jobs", "Exit status", "Decode As"):
            self.assertIn(word, self.out)
        self.assertEqual(self.err, "")


class Version(Case):
    def test_of_plugin_and_tshark(self):
        self.assertEqual(self.run_tool("--version"), 0)
        self.assertEqual(self.out, "ikex 1.2.3, /plugins/4.0/epan/ikex.so\nTShark (stand-in) 4.0.17.\n")
        self.assertEqual(self.err, "")

    def test_without_plugin(self):
        self.environment["FAKE_PLUGIN"] = str(self.base / "none")
        self.assertEqual(self.run_tool("--version"), 6)
        self.assertIn("the plugin is not installed", self.err)
        self.assertEqual(self.out, "")

    def test_without_tshark(self):
        (self.base / "bin" / "tshark").unlink()
        (self.base / "bin" / "python3").symlink_to(sys.executable)
        self.environment["PATH"] = str(self.base / "bin")
        self.assertEqual(self.run_tool("--version"), 6)
        self.assertIn("tshark cannot be started: No such file", self.err)


class OneFile(Case):
    def test_prints_the_report_only(self):
        self.capture("a.pcap", "WARN", warnings=1)
        self.assertEqual(self.run_tool("a.pcap"), 1)
        self.assertEqual(self.out, "a report\nikex: result=WARN errors=0 warnings=1 notes=0 failed=0 sas=0 "
                                   "children=0 messages=0\n")
        self.assertEqual(self.err, "")

    def test_no_hint_where_everything_was_dissected(self):
        self.capture("a.pcap", "NODATA")
        self.assertEqual(self.run_tool("a.pcap"), 3)
        self.assertIn("--full", self.err)
        self.assertEqual(self.run_tool("--full", "a.pcap"), 3)
        self.assertEqual(self.err, "")

    def test_shortcuts(self):
        self.capture("a.pcap")
        self.run_tool("a.pcap")
        self.assertIn("--disable-protocol", self.calls()[0]["arguments"])
        shutil.rmtree(self.log)
        self.log.mkdir()
        self.run_tool("--full", "a.pcap")
        self.assertNotIn("--disable-protocol", self.calls()[0]["arguments"])

    def test_shortcuts_that_are_not_known(self):
        names = [self.capture(f"{n}.pcap") for n in range(4)]
        for lacks in ("ip.summary_in_tree", "dns"):
            self.environment["FAKE_LACKS"] = lacks
            self.assertEqual(self.run_tool(*names), 0)
            self.assertEqual(self.err, "")
        used = [call["arguments"] for call in self.calls() if "dns" not in call["arguments"]]
        self.assertEqual(len(used), 4)
        self.assertIn("quic", used[0])

    def test_filter_and_profile(self):
        self.capture("a.pcap")
        self.run_tool("--report=sa", "--filter", "ip.addr==192.0.2.1 or ikex", "--profile", "mine", "a.pcap")
        for call in self.calls():
            self.assertIn("ikex,sa,ip.addr==192.0.2.1 or ikex", call["arguments"])
            self.assertEqual(call["arguments"][call["arguments"].index("-C") + 1], "mine")


class Several(Case):
    def test_reports_results_and_summary(self):
        names = [self.capture(f"{n}.pcap", result, extra=f"number {n}", sleep=(5 - n) / 20)
                 for n, result in enumerate(("OK", "NOTE", "WARN", "FAIL", "NODATA"))]
        self.assertEqual(self.run_tool(*names), 2)
        places = [self.out.index(f"==> {name} <==\na report\nnumber {n}\n") for n, name in enumerate(names)]
        self.assertEqual(places, sorted(places))
        lines = self.out.splitlines()[-6:]
        self.assertEqual([line.split()[:2] for line in lines[:5]],
                         [[x, name] for x, name in zip(("OK", "NOTE", "WARN", "FAIL", "NODATA"), names)])
        self.assertEqual(lines[5], "ikex-report: result=FAIL files=5 fail=1 warn=1 note=1 ok=1 nodata=1 unread=0")

    def most_at_once(self):
        moments = [(call["begin"], 1) for call in self.calls()] + [(call["end"], -1) for call in self.calls()]
        return max(itertools.accumulate(step for _, step in sorted(moments)))

    def test_jobs(self):
        names = [self.capture(f"{n}.pcap", sleep=0.3) for n in range(6)]
        for jobs in (1, 3):
            self.run_tool("--jobs", str(jobs), *names)
            self.assertEqual(self.most_at_once(), jobs)
            for path in self.log.iterdir():
                path.unlink()

    def test_reader_that_goes_away(self):
        names = [self.capture(f"{n}.pcap", extra="x" * 100000) for n in range(5)]
        process = self.start(*names)
        process.stdout.read(10)
        process.stdout.close()
        self.assertEqual(process.stderr.read().decode(), "")
        process.stderr.close()
        self.assertEqual(process.wait(PATIENCE_S), -signal.SIGPIPE)
        self.assertEqual(os.listdir(self.base / "tmp"), [])


class Interrupts(Case):
    def interrupted(self, number):
        names = [self.capture(f"{n}.pcap", sleep=100) for n in range(5)]
        process = self.start("--jobs", "3", "--output", "all", *names)
        deadline = time.monotonic() + PATIENCE_S
        while len(os.listdir(self.log)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        process.send_signal(number)
        err = process.communicate(timeout=PATIENCE_S)[1].decode()
        self.assertEqual(process.returncode, -number)
        self.assertEqual(err, "")
        self.assertFalse([call for call in self.calls() if is_running(call["pid"])])
        self.assertEqual(os.listdir(self.base / "tmp"), [])
        self.assertFalse([x for x in os.listdir(self.here) if not x.endswith(".pcap")])

    def test_ctrl_c(self):
        self.interrupted(signal.SIGINT)

    def test_termination(self):
        self.interrupted(signal.SIGTERM)


class SetUp(Case):
    """A checkout whose tools/setup is a stand-in."""

    def setUp(self):
        super().setUp()
        self.capture("a.pcap", "WARN")
        self.environment["FAKE_PLUGIN"] = str(self.base / "plugin")

    def checkout(self, script):
        top = self.base / "checkout"
        self.tool = install(top)
        (top / "CMakeLists.txt").touch()
        (top / "tools" / "setup").write_text(f"#!/bin/sh\necho setting up\n{script}\n")
        (top / "tools" / "setup").chmod(0o755)
        return top

    def test_installed_copy_installs_nothing(self):
        self.assertEqual(self.run_tool("a.pcap", "a.pcap"), 6)
        self.assertIn("the plugin is not installed", self.err)

    def test_checkout(self):
        self.checkout(f"touch {self.base}/plugin")
        self.assertEqual(self.run_tool("a.pcap"), 1)
        self.assertIn("setting up", self.err)
        self.assertTrue(self.out.startswith("a report\n"))

    def test_that_fails(self):
        self.checkout("exit 1")
        self.assertEqual(self.run_tool("a.pcap"), 6)

    def test_plugin_that_got_lost(self):
        top = self.checkout(f"touch {self.base}/plugin; echo again >>{self.base}/count")
        build = top / "build" / "native"
        (build / "plugin").mkdir(parents=True)
        (build / "plugin" / "ikex.so").touch()
        (build / f"installed-{os.getuid()}").write_text(f"{build}/plugin/ikex.so\n")
        self.assertEqual(self.run_tool("a.pcap", "a.pcap", "a.pcap"), 1)
        self.assertEqual((self.base / "count").read_text(), "again\n")
        self.assertNotIn("Invalid -z", self.err)

    def test_without_tshark(self):
        self.environment["PATH"] = str(self.base / "empty")
        self.tool = [sys.executable, self.tool]
        process = subprocess.run([*self.tool, "a.pcap"], cwd=self.here, env=self.environment, capture_output=True,
                                 timeout=PATIENCE_S)
        self.assertEqual(process.returncode, 6)
        self.assertIn(b"tshark cannot be started", process.stderr)


class ProgressLine(Case):
    def on_terminal(self, *names):
        """What a terminal at stderr gets."""
        self.environment["TERM"] = "xterm"
        try:
            master, slave = pty.openpty()
        except OSError as error:  # in a root without devices
            self.skipTest(str(error))
        process = self.start(*names, stderr=slave, stdout=subprocess.DEVNULL)
        os.close(slave)
        text, deadline = b"", time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    text += os.read(master, 65536)
                except OSError:
                    break
        os.close(master)
        process.wait(PATIENCE_S)
        return text.decode()

    def test_shown_and_taken_away(self):
        self.capture("bad.pcap", "ERROR")
        self.capture("esc\x1b[2J.pcap", sleep=2)
        text = self.on_terminal("bad.pcap", "esc\x1b[2J.pcap")
        self.assertRegex(text, r"1 of 2 read, 1 failed, \d s: esc\\x1b\[2J\.pcap")
        self.assertNotIn("\x1b[2J", text)
        self.assertTrue(text.endswith("\r\x1b[K"))

    def test_short_runs_show_none(self):
        self.capture("a.pcap")
        self.assertEqual(self.on_terminal("a.pcap"), "")


class RealTshark(Case):
    fake = False

    def captures(self):
        return [path for path in sorted((TOP / "captures").glob("*.pcap*"))
                if path.suffix in (".pcap", ".pcapng")][::sample]

    def test_short_way_hides_nothing(self):
        """The report of every capture is that of a tshark that dissects everything: the golden one."""
        paths = self.captures()
        self.run_tool("--output", "out/", *map(str, paths), patience=PATIENCE_S + 5 * len(paths))
        for path in paths:
            with self.subTest(capture=path.name):
                golden = (GOLDEN / f"{path.stem}.diag").read_text()
                self.assertEqual((self.here / "out" / f"{path.name}.txt").read_text(), golden)

    def test_ways_agree(self):
        """So is it with TCP and keys, and the long way still works."""
        key = self.base / "keys"
        key.write_text(KEY_1 + "\n")
        names = [str(path) for path in sorted((TOP / "captures").glob("*tcp*.pcapng"))]
        self.assertTrue(names)
        self.run_tool(*names)
        short = self.code, self.out
        for arguments in (("--full",), ("--keys", str(key))):
            with self.subTest(arguments=arguments):
                self.run_tool(*arguments, *names)
                self.assertEqual((self.code, self.out), short)

    def test_names_come_from_the_plugin(self):
        name = str(self.captures()[0])
        self.assertEqual(self.run_tool("--report", "bogus", name), 5)
        self.assertRegex(self.err, r'no report "bogus"; valid are: diag, sa')
        self.assertEqual(self.run_tool("--format", "bogus", name), 5)
        self.assertRegex(self.err, r'no format "bogus"; valid (is|are): text')
        self.assertEqual(self.run_tool("--filter", "no such", name), 5)
        self.assertIn("is not valid", self.err)
        self.assertEqual(self.run_tool("--profile", "no-such-profile", name), 5)
        self.assertIn("no-such-profile", self.err)

    def test_broken(self):
        whole = self.captures()[0].read_bytes()
        (self.here / "cut.pcapng").write_bytes(whole[:-30])
        (self.here / "text.pcap").write_text("no capture\n")
        self.assertEqual(self.run_tool("cut.pcapng", "text.pcap", str(self.captures()[1])), 4)
        self.assertIn("cut.pcapng: The file appears to have been cut short", self.err)
        self.assertIn("text.pcap: The file isn't a capture file", self.err)
        self.assertIn(" files=3 ", self.out)


def main():
    global sample
    if "--sample" in sys.argv:
        at = sys.argv.index("--sample")
        sample = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    unittest.main()


if __name__ == "__main__":
    main()
