#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check in the real GUI, on a virtual screen, that frames can be ignored, captures reloaded and closed while reports
are open.

usage: check_gui.py [unittest options]

Needs wireshark, Xvfb, xdotool and dbus-daemon. check_windows.py looks at what the windows show.
"""
import pathlib
import re
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from life.gui import PATIENCE_S, Case  # noqa: E402  (after that)
from runner import Runner  # noqa: E402
from truth import CAPTURES  # noqa: E402

PRESS_AGAIN_S = 15    # after which a key that changed nothing is pressed again
SCRIPT = pathlib.Path(__file__).resolve().parent / "life" / "frames.lua"
REPORTS = ["ikex,sa", "ikex,diag,ikex.sa == 0", "expert"]
TITLES = ["IKE security associations", "IKE diagnosis", "Expert Information"]


class Gui(Case):
    def start(self, capture):
        self.environment["IKEX_TEST_OUT"] = str(self.folder / "out")
        self.start_wireshark("-X", f"lua_script:{SCRIPT}", "-r", capture, *(x for r in REPORTS for x in ("-z", r)))

    def drawn(self):
        """What the frames said, each time that it was drawn."""
        out = self.folder / "out"
        text = out.read_text() if out.is_file() else ""
        return [block.splitlines() for block in re.findall(r"((?:.+\n)*)\n", text)]

    def last_drawn(self):
        return self.drawn()[-1:]

    def press(self, key, due, what):
        """Press the key until something is drawn: a busy window loses keys, and a second one would undo the first."""
        before = len(self.drawn())
        again = 0

        def strike():
            nonlocal again
            if time.monotonic() >= again and len(self.drawn()) == before:
                self.xdotool("windowfocus", "--sync", self.window)
                self.xdotool("key", key)
                again = time.monotonic() + PRESS_AGAIN_S
        self.wait_for(what, lambda: due in self.drawn()[before:], self.last_drawn, strike)

    def labels(self, capture, *left_out):
        """What tshark says when it has only the other frames."""
        some = self.folder / "some.pcapng"
        subprocess.run(["editcap", capture, some, *map(str, left_out)], check=True)
        words = ["-2", "-T", "fields", "-E", "separator=/s", "-e", "ikex.msg", "-e", "ikex.sa"]
        text = Runner("tshark").run(some, words)
        numbers = [n for n in range(1, len(text.splitlines()) + len(left_out) + 1) if n not in left_out]
        return [f"{number} {line}" for number, line in zip(numbers, text.splitlines())]

    def test_ignore_reload_close(self):
        capture = CAPTURES / "psk-mismatch-info.pcapng"
        every, but_one = self.labels(capture), self.labels(capture, 1)
        self.start(capture)
        self.wait_for("the frames", lambda: every in self.drawn(), self.last_drawn)
        for title in TITLES:
            self.wait_for(title, lambda: self.xdotool("search", "--name", title))
        self.window = self.xdotool("search", "--name", f"^{re.escape(capture.name)}$")[-1]
        self.xdotool("mousemove", "--window", self.window, "400", "150", "click", "1", "key", "ctrl+Home")
        self.press("ctrl+d", but_one, "the others without the first")
        self.press("ctrl+r", every, "all frames after reloading")
        self.press("ctrl+d", but_one, "the others without the first, after reloading")
        self.press("ctrl+w", [], "no frame after closing")
        self.xdotool("key", "ctrl+q")
        self.assertEqual(self.wireshark.wait(PATIENCE_S), 0)


if __name__ == "__main__":
    unittest.main()
