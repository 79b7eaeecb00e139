#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that tshark prints labels while real daemons negotiate, and reports when the capture ends.

usage: check_daemons.py LAB [unittest options]

LAB is the tools/lab/run of a checkout where tools/lab/setup was run. Needs root, and the plugin in a folder
WIRESHARK_PLUGIN_DIR that anybody can read. check_live.py needs neither root nor daemons.
"""
import os
import pathlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.dont_write_bytecode = True
from runner import tshark_environment  # noqa: E402  (after that)

LAB = ""
PATIENCE_S = 120  # for all that a scenario prints: seconds, unless the machine is very busy
WATCH = ("tshark -n -l -i wan -Y ikex -T fields -e ikex.msg -z ikex,diag -z ikex,sa,ikex.msg.number==1 "
         "-o ikex.info_column:FALSE")
MAIN_MODE = ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3"]
IKEV2 = ["IKE_SA_INIT.req", "IKE_SA_INIT.resp", "IKE_AUTH.req", "IKE_AUTH.resp"]


class Scenario:
    """A scenario at work, which does not end before it may; what tshark prints, line by line."""

    def __init__(self, name, folder):
        self.go = folder / "go"
        self.words = (folder / "words").open("w+")
        self.end = time.monotonic() + PATIENCE_S
        environment = {**tshark_environment(), "IKEX_LAB_WATCH": WATCH, "IKEX_LAB_UNTIL": str(self.go)}
        self.process = subprocess.Popen([LAB, name, folder / "out"], stdout=subprocess.PIPE, stderr=self.words, text=True,
                                        env=environment, start_new_session=True)
        self.lines, self.seen = queue.Queue(), []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def left(self):
        return max(self.end - time.monotonic(), 0.1)

    def line(self):
        """The next line, None at the end of all."""
        try:
            line = self.lines.get(timeout=self.left())
        except queue.Empty:
            raise AssertionError(f"nothing more came within {PATIENCE_S} s; {self.said()}") from None
        if line is not None:
            self.seen.append(line)
        return line

    def rest(self):
        return list(iter(self.line, None))

    def may_end(self):
        self.go.touch()

    def wait(self):
        try:
            return self.process.wait(self.left())
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the scenario does not end; {self.said()}") from None

    def said(self):
        self.words.seek(0)
        return f"tshark printed {self.seen}, and there was said:\n{self.words.read()}"

    def kill(self):
        """All of it: what is in namespaces of its own ends with the process that made these."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.reader.join(10)
        self.process.stdout.close()
        self.words.close()


class Daemons(unittest.TestCase):
    longMessage = False

    def start(self, name):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        (pathlib.Path(folder.name) / "out").mkdir()
        scenario = Scenario(name, pathlib.Path(folder.name))
        self.addCleanup(scenario.kill)
        return scenario

    def check(self, name, labels):
        scenario = self.start(name)
        for label in labels:
            self.assertEqual(scenario.line(), label, f"{label} should come; {scenario.said()}")
        # the capture goes on: nothing but these lines can have come of its end
        scenario.may_end()
        text = "\n".join(scenario.rest())
        self.assertEqual(scenario.wait(), 0, scenario.said())
        for due in ("IKE diagnosis", "Security Associations"):
            self.assertIn(due, text, f"no {due}; {scenario.said()}")
        self.assertRegex(text, r"ikex: result=(OK|NOTE) .* failed=0 sas=1 children=1 ")

    def test_ikev1(self):
        self.check("v1_mm_psk", MAIN_MODE)

    def test_ikev2(self):
        self.check("v2_psk", IKEV2)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    LAB = sys.argv.pop(1)
    unittest.main()
