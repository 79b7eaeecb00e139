#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check what tshark says while it captures: labels at once, reports at the end, and files of a ring buffer.

usage: check_live.py [--why-not] [unittest options]

Datagrams of captures are sent again on the loopback interface of a network namespace, which any user may make
where the system lets them. --why-not: only say why they may not. check_daemons.py is the same with real daemons.
"""
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "lib"))
from check_load import STABLE_FIELDS  # noqa: E402  (after that)
from life.wire import Wire  # noqa: E402
from runner import Runner, field_arguments, public_temp_dir, tshark_environment  # noqa: E402
from truth import CAPTURES  # noqa: E402

PATIENCE_S = 20
INSIDE = "IKEX_TEST_NAMESPACE"
NAMESPACE = ["unshare", "--user", "--map-current-user", "--keep-caps", "--net"]
LABELS = ["-T", "fields", "-e", "ikex.msg"]
FIELDS = field_arguments(["frame.number", *STABLE_FIELDS])


def capture(name):
    return CAPTURES / f"{name}.pcapng"


def is_listening():
    """Whether someone captures in this network namespace."""
    rows = [line.split() for line in pathlib.Path("/proc/net/packet").read_text().splitlines()[1:]]
    return any(row[5] == "1" for row in rows)


class Live:
    """tshark at work on the loopback interface; its lines as they come."""

    def __init__(self, *arguments):
        self.process = subprocess.Popen(["tshark", "-n", "-l", "-i", "lo", *map(str, arguments)], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=tshark_environment())
        self.lines, self.words = queue.Queue(), []
        self.threads = [threading.Thread(target=self.read), threading.Thread(target=self.read_words)]
        for thread in self.threads:
            thread.start()
        self.wait_until(is_listening)

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def read_words(self):
        self.words.extend(self.process.stderr)

    def wait_until(self, condition):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise AssertionError(f"tshark does not capture: {''.join(self.words)}")
            time.sleep(0.02)

    def line(self):
        return self.lines.get(timeout=PATIENCE_S)

    def stop(self):
        """Ctrl+C; returns the lines that are left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(PATIENCE_S)
        for thread in self.threads:
            thread.join(PATIENCE_S)
        self.process.stdout.close()
        self.process.stderr.close()
        return [self.lines.get() for _ in range(self.lines.qsize())]


class Case(unittest.TestCase):
    def setUp(self):
        folder = public_temp_dir()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def live(self, *arguments):
        live = Live(*arguments)
        self.addCleanup(live.stop)
        return live

    def wire(self, name):
        wire = Wire(capture(name))
        self.addCleanup(wire.close)
        return wire

    @staticmethod
    def read(path, *arguments):
        return Runner("tshark").run(path, list(arguments)).splitlines()


class Labels(Case):
    def check(self, name):
        """Each label stands there before the next message is sent."""
        due = [label for label in self.read(capture(name), *LABELS)]
        live, wire = self.live("-Y", "ikex.msg", *LABELS), self.wire(name)
        found = []
        for number in range(len(wire)):
            wire.send(number)
            if due[number]:
                found.append(live.line())
        self.assertEqual(live.stop(), [])
        self.assertEqual(found, [label for label in due if label])

    def test_main_mode(self):
        self.check("psk-main-mode")

    def test_ikev2(self):
        self.check("ikev2-psk")


class Reports(Case):
    def check(self, *before):
        """What tshark prints at Ctrl+C is what it prints of the file that it wrote, read in one pass."""
        saved = self.folder / "live.pcapng"
        words = [*before, *FIELDS, "-z", "ikex,report", "-z", 'ikex,sa,ikex.msg == "MM1"']
        live, wire = self.live("-w", saved, "-P", *words), self.wire("psk-mismatch-info")
        for number in range(len(wire)):
            wire.send(number)
        live.wait_until(lambda: live.lines.qsize() >= len(wire))
        found = live.stop()
        self.assertEqual(found, self.read(saved, *words))
        return " ".join(found)

    def test_at_the_end(self):
        found = self.check()
        self.assertIn("The responder rejects MM5", found)
        self.assertRegex(found, r"ikex: result=FAIL .* failed=1 sas=1 ")

    def test_session_reset(self):
        self.assertRegex(self.check("-M", "7"), r"ikex: result=.* sas=0 .*ikex: result=.* sas=1 ")

    def test_without_a_frame(self):
        found = self.live("-q", "-z", "ikex,sa").stop()
        self.assertRegex(" ".join(found), "ikex: result=NODATA ")


class Ring(Case):
    """A file of a ring buffer is a capture of its own, also for tshark as it goes from one to the next."""

    def test_labels_and_reports(self):
        words = ["-z", "ikex,sa", "-z", 'ikex,sa,ikex.msg == "MM1"']
        wire, found = self.wire("psk-mismatch-info"), []
        live = self.live("-b", "packets:5", "-b", "files:9", "-w", self.folder / "ring.pcapng", "-P", *FIELDS, *words)
        for number in range(len(wire)):
            wire.send(number)
            found.append(live.line())
        report = live.stop()
        files = sorted(self.folder.glob("ring_*.pcapng"))
        self.assertEqual(len(files), 3)
        self.assertEqual(found, [line for path in files for line in self.read(path, *FIELDS)])
        self.assertEqual(report, self.read(files[-1], "-q", *words))


def why_not():
    """Why there can be no namespace to capture in; nothing when there can."""
    for tool in ("unshare", "ip", "dumpcap"):
        if not shutil.which(tool):
            return f"{tool} cannot be run"
    done = subprocess.run([*NAMESPACE, "dumpcap", "-D"], capture_output=True, text=True)
    good = done.returncode == 0 and re.search(r"\blo\b", done.stdout)
    return "" if good else f"no network namespace to capture in: {' '.join(done.stderr.split())[:200]}"


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin" # ip
    if "--why-not" in sys.argv:
        print(why_not())
    elif INSIDE not in os.environ: # this program again, in a namespace of its own
        os.environ[INSIDE] = "yes"
        os.execvp(NAMESPACE[0], [*NAMESPACE, sys.executable, *sys.argv])
    else:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        unittest.main()


if __name__ == "__main__":
    main()
