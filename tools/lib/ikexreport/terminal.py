# SPDX-License-Identifier: GPL-2.0-or-later
"""What is printed for people: messages, the progress line."""
import os
import shutil
import sys
import time

from ikexshared.text import printable

FIRST_AFTER_S = 0.5   # a run that is shorter shows no progress line
EVERY_S = 0.2


def say(message):
    """A line on stderr; the message may hold anything."""
    print(f"ikex-report: {printable(message)}", file=sys.stderr, flush=True)


class Progress:
    """One line on stderr that is written anew again and again; nothing where stderr is no terminal."""

    def __init__(self, total, stream=None):
        self.stream = stream or sys.stderr
        self.total, self.done, self.bad = total, 0, 0
        self.started = self.shown = time.monotonic()
        self.visible = False
        self.active = self.stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"

    def count(self, outcome):
        self.done += 1
        self.bad += outcome.result in ("FAIL", "ERROR")

    def update(self, running):
        """Show how far it is; running is the names that are being read."""
        now = time.monotonic()
        if not self.active or now - self.started < FIRST_AFTER_S or now - self.shown < EVERY_S:
            return
        self.shown, self.visible = now, True
        bad = f", {self.bad} failed" if self.bad else ""
        name = f": {printable(os.path.basename(running[0]))}" if running else ""
        line = f"{self.done} of {self.total} read{bad}, {now - self.started:.0f} s{name}"
        self.stream.write("\r\x1b[K" + line[:shutil.get_terminal_size().columns - 1])
        self.stream.flush()

    def clear(self):
        """Take the line away, before anything else is printed."""
        if self.visible:
            self.stream.write("\r\x1b[K")
            self.stream.flush()
            self.visible = False
