#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that tshark prints labels while real daemons negotiate, and reports when the capture ends.

usage: check_daemons.py LAB [unittest options]

LAB is the tools/lab/run of a checkout where tools/lab/setup was run. Needs root, and the plugin in a folder
WIRESHARK_PLUGIN_DIR that anybody can read. check_live.py needs neither root nor daemons.
"""
import os
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
from runner import tshark_environment  # noqa: E402  (after that)

LAB = ""
WATCH = ("tshark -n -l -i wan -Y ikex -T fields -e ikex.msg -z ikex,diag -z ikex,sa,ikex.msg.number==1 "
         "-o ikex.info_column:FALSE")
MAIN_MODE = ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3"]
IKEV2 = ["IKE_SA_INIT.req", "IKE_SA_INIT.resp", "IKE_AUTH.req", "IKE_AUTH.resp"]


class Daemons(unittest.TestCase):
    def watch(self, scenario):
        """What tshark prints while the daemons of a scenario are at work: lines, and when each came."""
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as words:
            environment = {**tshark_environment(), "IKEX_LAB_WATCH": WATCH}
            process = subprocess.Popen([LAB, scenario, folder], stdout=subprocess.PIPE, stderr=words, text=True,
                                       env=environment)
            lines = [(line.rstrip("\n"), time.monotonic()) for line in process.stdout]
            process.stdout.close()
            words.seek(0)
            self.assertEqual(process.wait(), 0, words.read())
        return lines

    def check(self, scenario, labels):
        lines = self.watch(scenario)
        self.assertEqual([line for line, _ in lines[:len(labels)]], labels)
        # the scenario goes on for almost a second after the last message
        self.assertGreater(lines[len(labels)][1] - lines[len(labels) - 1][1], 0.3, "the labels came late")
        text = "\n".join(line for line, _ in lines[len(labels):])
        self.assertIn("IKE diagnosis", text)
        self.assertIn("Security Associations", text)
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
