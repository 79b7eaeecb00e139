# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's GUI on a virtual screen. What it shows is read, and its menus are used, as a screen reader does it
(AT-SPI), so nothing depends on where something is drawn."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import unittest

from runner import public_temp_dir

PATIENCE_S = 60
TOOL_PATIENCE_S = 5  # for xdotool, which waits for ever when a window does not get the focus
ATTEMPTS = 4
PREFERENCES = ["gui.update.enabled: FALSE", "gui.ask_unsaved: FALSE"]
SIZE = (1280, 1024)
READER = pathlib.Path(__file__).resolve().parent / "reader.py"


class LostReader(Exception):
    """Wireshark is there, but the screen reader's library (AT-SPI of Debian 12) has dropped it from its list."""


class Screen:
    """A virtual screen; its number is in `name`."""

    def __init__(self):
        end, other_end = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(other_end), "-screen", "0", "%dx%dx24" % SIZE],
                                        pass_fds=(other_end,), stderr=subprocess.DEVNULL)
        os.close(other_end)
        with os.fdopen(end) as file:
            self.name = f":{file.readline().strip()}"

    def close(self):
        self.process.terminate()
        self.process.wait()


class Bus:
    """A message bus of its own, on which Wireshark tells a screen reader what it shows. Readers meet at a socket below
    the folder: in the usual one, buses that follow each other take it from each other."""

    def __init__(self, folder):
        self.process = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address"], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        env={**os.environ, "XDG_CACHE_HOME": str(folder),
                                             "XDG_RUNTIME_DIR": str(folder)})
        self.address = self.process.stdout.readline().strip()

    def close(self):
        self.process.stdout.close()
        self.process.terminate()
        self.process.wait()


class Case(unittest.TestCase):
    """Has a screen, and starts Wireshark on it."""
    longMessage = False
    main = ""  # title of the main window, of a Wireshark that is read
    pictures = ""  # folder to keep them in

    def setUp(self):
        folder = public_temp_dir()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        screen, bus = Screen(), Bus(self.folder)
        self.addCleanup(screen.close)
        self.addCleanup(bus.close)
        self.environment = {**os.environ, "DISPLAY": screen.name, "TZ": "UTC", "DBUS_SESSION_BUS_ADDRESS": bus.address,
                            "XDG_CACHE_HOME": str(self.folder),
                            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
                            "WIRESHARK_CONFIG_DIR": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder)}

    def start_wireshark(self, *words, preferences=()):
        (self.folder / "preferences").write_text("".join(f"{x}\n" for x in [*PREFERENCES, *preferences]))
        self.wireshark = subprocess.Popen(["wireshark", *map(str, words)], env=self.environment,
                                          stderr=subprocess.DEVNULL)
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

    def wait_for(self, what, condition, instead=lambda: "", meanwhile=lambda: None):
        """What the condition returns, once that is true."""
        end = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            meanwhile()
            self.assertIsNone(self.wireshark.poll(), f"wireshark ended while it should show {what}")
            self.assertLess(time.monotonic(), end, f"wireshark does not show {what}, but: {instead()}")
            if self.is_lost(what, end):
                raise LostReader(f"no screen reader sees Wireshark, which should show {what}")
            time.sleep(0.2)
        return found

    def is_lost(self, what, end):
        """True when half the time is over, and a window that is on the screen is not read: that one, or the main one."""
        if not self.main or time.monotonic() < end - PATIENCE_S / 2:
            return False
        read = self.titles()
        return any(self.xdotool("search", "--name", re.escape(title)) and not any(title in x for x in read)
                   for title in (what, self.main))

    def _callTestMethod(self, method):
        """A test whose reader was lost says nothing: it is made again, up to ATTEMPTS times in all."""
        for _ in range(ATTEMPTS - 1):
            try:
                return super()._callTestMethod(method)
            except LostReader:
                self.doCleanups()
                self.setUp()
        return super()._callTestMethod(method)

    # --- through the screen reader ---

    def ask(self, *words):
        """What reader.py answers, or None."""
        done = subprocess.run([sys.executable, READER, *words], capture_output=True, text=True, env=self.environment)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout else None

    def do(self, *words):
        done = subprocess.run([sys.executable, READER, *words], capture_output=True, text=True, env=self.environment)
        self.assertEqual(done.returncode, 0, f"cannot {' '.join(words)}: {done.stderr}")

    def titles(self):
        return self.ask("windows") or []

    def read(self, title):
        """The window with this title, once it is there."""
        return self.wait_for(title, lambda: self.ask("read", title), self.titles)

    def open_wireshark(self, title, *words, preferences=()):
        """Starts Wireshark with this title of its main window. Qt tells a screen reader of windows only when that comes
        after them, so nothing is read before the window is there."""
        self.main = title
        self.start_wireshark(*words, preferences=preferences)
        self.wait_for("its window", lambda: self.xdotool("search", "--name", f"^{re.escape(title)}$"))
        time.sleep(2)
        reader = subprocess.Popen([sys.executable, READER, "stay"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  env=self.environment)
        self.addCleanup(reader.communicate)
        self.wait_for("its window to readers", lambda: title in self.titles(), self.titles)

    def open_capture(self, capture, preferences=()):
        self.open_wireshark(capture.name, "-r", capture, preferences=preferences)
        self.wait_for("packets", lambda: cells(self.ask("read", self.main), "Packet list"), self.titles)

    def menu(self, name):
        self.do("press", self.main, "menu item", name)

    def picture(self, name):
        """Keeps what is on the screen, if pictures are kept."""
        if self.pictures:
            time.sleep(1)  # windows are told of before they are drawn
            subprocess.run(["import", "-window", "root", pathlib.Path(self.pictures) / f"{name}.png"],
                           env=self.environment, check=True)


# --- what is in a window ---------------------------------------------------------------------------------

def nodes(node, role, name=None):
    """All nodes below with this role, and name."""
    for child in node["children"] if node else ():
        if child["role"] == role and name in (None, child["name"]):
            yield child
        yield from nodes(child, role, name)


def cells(window, tree=None):
    """The rows of a table, or of a tree as far as it is expanded: the texts of their cells."""
    for table in nodes(window, "tree", tree):
        width = len(list(nodes(table, "table column header")))
        texts = [x["name"].strip() for x in nodes(table, "table cell")]  # 4.6 pads them as tshark does
        return [texts[at:at + width] for at in range(0, len(texts), width)]
    return []


def long_text(window):
    """The longest text in it."""
    return max((x["text"] or "" for x in nodes(window, "text")), key=len, default="")
