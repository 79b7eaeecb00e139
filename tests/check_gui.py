#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check in the real GUI, on a virtual screen, that frames can be ignored, captures reloaded and closed while reports
are open.

usage: check_gui.py [unittest options]

Needs wireshark, Xvfb and xdotool.
"""
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from runner import Runner, public_temp_dir  # noqa: E402  (after that)
from truth import CAPTURES  # noqa: E402

PATIENCE_S = 60
TOOL_PATIENCE_S = 5   # for xdotool, which waits for ever when a window does not get the focus
PRESS_AGAIN_S = 15    # after which a key that changed nothing is pressed again
SCRIPT = pathlib.Path(__file__).resolve().parent / "life" / "frames.lua"
PREFERENCES = "gui.update.enabled: FALSE\ngui.ask_unsaved: FALSE\n"
REPORTS = ["ikex,sa", "ikex,diag,ikex.sa == 0", "expert"]
TITLES = ["IKE security associations", "IKE diagnosis", "Expert Information"]


class Screen:
    """A virtual screen; its number is in `name`."""

    def __init__(self):
        end, other_end = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(other_end), "-screen", "0", "1280x1024x24"],
                                        pass_fds=(other_end,), stderr=subprocess.DEVNULL)
        os.close(other_end)
        with os.fdopen(end) as file:
            self.name = f":{file.readline().strip()}"

    def close(self):
        self.process.terminate()
        self.process.wait()


class Gui(unittest.TestCase):
    def setUp(self):
        folder = public_temp_dir()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "preferences").write_text(PREFERENCES)
        screen = Screen()
        self.addCleanup(screen.close)
        self.environment = {**os.environ, "DISPLAY": screen.name, "TZ": "UTC",
                            "IKEX_TEST_OUT": str(self.folder / "out"),
                            "WIRESHARK_CONFIG_DIR": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder)}

    def start(self, capture):
        words = ["wireshark", "-X", f"lua_script:{SCRIPT}", "-r", capture, *(x for r in REPORTS for x in ("-z", r))]
        self.wireshark = subprocess.Popen(words, env=self.environment, stderr=subprocess.DEVNULL)
        self.addCleanup(self.wireshark.wait)
        self.addCleanup(self.wireshark.kill)

    def xdotool(self, *words):
        """What it prints; nothing when it does not end."""
        try:
            done = subprocess.run(["xdotool", *words], capture_output=True, text=True, env=self.environment,
                                  timeout=TOOL_PATIENCE_S)
        except subprocess.TimeoutExpired:
            return []
        return done.stdout.split()

    def wait_for(self, what, condition, meanwhile=lambda: None):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            meanwhile()
            self.assertIsNone(self.wireshark.poll(), f"wireshark ended while it should show {what}")
            self.assertLess(time.monotonic(), end, f"wireshark does not show {what}, but: {self.drawn()[-1:]}")
            time.sleep(0.2)

    def drawn(self):
        """What the frames said, each time that it was drawn."""
        out = self.folder / "out"
        text = out.read_text() if out.is_file() else ""
        return [block.splitlines() for block in re.findall(r"((?:.+\n)*)\n", text)]

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
        self.wait_for(what, lambda: due in self.drawn()[before:], strike)

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
        self.wait_for("the frames", lambda: every in self.drawn())
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
