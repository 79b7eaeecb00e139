#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check in the real GUI, on a virtual screen, what Wireshark's windows show of ikex, against what tshark prints.

usage: check_windows.py [--pictures FOLDER] [unittest options]
       check_windows.py --why-not

    --pictures FOLDER   keep a picture of each window there
    --why-not           print what is missing to run this, nothing when it can run
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
from life.gui import Case, cells, long_text, nodes  # noqa: E402  (after that)
from runner import Runner  # noqa: E402
from truth import CAPTURES  # noqa: E402

PROGRAMS = ("wireshark", "Xvfb", "xdotool", "dbus-daemon", "import", "mergecap")
LIBRARY = "import gi; gi.require_version('Atspi', '2.0'); from gi.repository import Atspi"
COLUMNS = ('gui.column.format: "No.","%m","Time","%t","Source","%s","Destination","%d","Message","%Cus:ikex.msg:0:R",'
           '"Info","%i"')
MIX = pathlib.Path(__file__).resolve().parent / "bench/mix.py"
ATTEMPTS, BLOCKED, FRAGMENTED = (CAPTURES / f"{name}.pcapng" for name in (
    "attempts-repeated", "port4500-blocked", "l2tp-mm-cert-ipfrag"))
TABLE, MESSAGES, TIMES = "IKE Security Associations", "IKE Messages", "IKEX Service Response Time Statistics"
REPORTS = {"Diagnosis": ("diag", "IKE diagnosis"), "Audit events": ("audit", "Windows audit events"),
           "Log": ("log", "IKE log")}
FILTER = "IKE SA with its fragments and ESP"
COLUMNS_OF_TABLE = {"SA": "sa", "Initiator": "initiator", "IKE": "version", "State": "state", "Messages": "messages",
                    "Sent again": "retransmissions", "First frame": "first_frame", "Last frame": "last_frame"}


def tshark(capture, *words):
    return Runner("tshark").run(capture, words)


def report(capture, kind, *words):
    return tshark(capture, *words, "-q", "-z", f"ikex,{kind}")


def rows_of_report(capture, kind, type_of_row):
    lines = map(json.loads, report(capture, f"{kind},format=json").splitlines())
    return [row for row in lines if row["type"] == type_of_row]


class Windows(Case):
    def displayed(self):
        return next(x["name"] for x in nodes(self.ask("read", self.main), "label") if "Packets:" in x["name"])

    def wait_for_rows(self, title, condition):
        self.wait_for(f"the right rows in {title}", lambda: condition(cells(self.ask("read", title))),
                      lambda: cells(self.ask("read", title)))

    def wait_for_text(self, title, text):
        self.wait_for(f"the right text in {title}", lambda: long_text(self.ask("read", title)) == text,
                      lambda: long_text(self.ask("read", title)))

    def click_until(self, title, header, condition):
        """Clicks on the header of a column, again when nothing comes of it: a busy machine loses clicks."""
        def click():
            nonlocal again
            if time.monotonic() > again:
                again = time.monotonic() + 10
                self.xdotool("mousemove", *map(str, self.ask("where", title, "table column header", header)), "click", "1")
        again = 0
        self.wait_for(f"the right rows in {title}", lambda: condition(cells(self.ask("read", title))),
                      lambda: cells(self.ask("read", title)), click)

    def count(self, title):
        return sum(title in x for x in self.titles())

    def resize(self, title, width=1240, height=700):
        """Makes a window as large as its content, for pictures."""
        for window in self.xdotool("search", "--name", title):
            self.xdotool("windowmove", window, "20", "20", "windowsize", window, str(width), str(height))

    # --- the main window ---

    def test_packet_list(self):
        self.open_capture(BLOCKED, preferences=[COLUMNS])
        self.resize(self.main)
        labels = tshark(BLOCKED, "-2", "-T", "fields", "-e", "ikex.msg").splitlines()
        self.assertEqual([row[4] for row in cells(self.read(self.main), "Packet list")], labels)
        for _ in range(5):
            self.do("press", self.main, "button", "Next Packet")
        self.picture("packet-list")

    def test_fragments(self):
        """For the picture: what belongs to a message of several pieces is marked."""
        self.open_capture(FRAGMENTED, preferences=[COLUMNS])
        self.resize(self.main)
        for _ in range(4):
            self.do("press", self.main, "button", "Next Packet")
        self.picture("fragments")

    def test_expert_information(self):
        self.open_capture(BLOCKED)
        self.menu("Expert Information")
        self.wait_for_rows("Expert Information", lambda rows: rows)
        said = " ".join(" ".join(row) for row in cells(self.read("Expert Information")))
        found = rows_of_report(BLOCKED, "diag", "finding")
        self.assertTrue(found)
        for finding in found:
            self.assertIn(finding["summary"], said)
        self.picture("expert-information")

    def test_conversation_filter(self):
        both = self.folder / "both.pcapng"
        subprocess.run(["mergecap", "-a", "-w", both, FRAGMENTED, ATTEMPTS], check=True)
        both.chmod(0o644)
        due = len(tshark(both, "-2", "-Y", "ikex.sa == 0").splitlines())
        self.open_capture(both)
        self.menu(FILTER)
        self.wait_for("only the SA", lambda: f"Displayed: {due} " in self.displayed(), self.displayed)
        self.assertIn("ikex.sa == 0", [entry["text"] for entry in nodes(self.read(self.main), "text")])
        self.resize(self.main)
        self.picture("conversation-filter")

    # --- Statistics ---

    def test_table(self):
        self.open_capture(ATTEMPTS)
        self.menu(TABLE)
        window = self.read(TABLE)
        names = [x["name"] for x in nodes(window, "table column header")]
        due = [[str(row[name]) for name in COLUMNS_OF_TABLE.values()] for row in
               rows_of_report(ATTEMPTS, "sa", "ike_sa")]
        self.wait_for_rows(TABLE, lambda rows: len(rows) == len(due))
        said = [dict(zip(names, row)) for row in cells(self.read(TABLE))]
        self.assertEqual([[row[name] for name in COLUMNS_OF_TABLE] for row in said], due)
        results = [row["result"] for row in rows_of_report(ATTEMPTS, "diag", "negotiation")]
        self.assertEqual([row["Result"] for row in said], results)
        self.resize(TABLE, 1240, 300)
        self.picture("sa-table")
        self.sort()
        self.filter()

    def sort(self):
        """The numbers of SAs are sorted already: a click turns them round."""
        place = self.ask("where", TABLE, "table column header", "SA")
        self.xdotool("mousemove", *map(str, place), "click", "1")
        self.wait_for_rows(TABLE, lambda rows: [row[0] for row in rows] == list("543210"))

    def filter(self):
        self.do("enter", TABLE, "text", "Display filter entry", "ikex.sa == 2")
        self.do("press", TABLE, "button", "Apply")
        self.wait_for_rows(TABLE, lambda rows: [row[0] for row in rows] == ["2"])

    def test_second_table(self):
        """Wireshark keeps one table for all its windows: each must go on showing what it was made of."""
        self.open_capture(ATTEMPTS)
        for number in (1, 2):
            self.menu(TABLE)
            self.wait_for(f"table {number}", lambda: self.count(TABLE) == number, self.titles)
            self.wait_for_rows(TABLE, lambda rows: len(rows) == 6)
        self.do("press", TABLE, "button", "Apply")
        for left in (1, 0):
            self.click_until(TABLE, "SA", lambda rows: [row[0] for row in rows] == list("543210"))
            self.do("press", TABLE, "button", "Close")
            self.wait_for("one table less", lambda: self.count(TABLE) == left, self.titles)

    def test_messages(self):
        self.open_capture(BLOCKED)
        self.menu(MESSAGES)
        self.wait_for_rows(MESSAGES, lambda rows: ["MM5, sent again", "3"] in [row[:2] for row in rows])
        said = dict(row[:2] for row in cells(self.read(MESSAGES)))
        self.assertEqual({said[name] for name in ("MM1", "MM2", "MM3", "MM4", "MM5")}, {"1"})
        self.assertEqual([said[name] for name in ("IKE messages", "IKEv1", "Main Mode", "Other packets")],
                         ["8", "8", "8", "0"])
        self.picture("messages")

    def response_times(self, capture):
        """Number and name of each exchange type, how many responses, least and most time, from the fields."""
        names = {"2": "Main Mode", "32": "Quick Mode"}
        text = tshark(capture, "-Y", "ikex.time", "-T", "fields", "-e", "ikex.exchange", "-e", "ikex.time")
        times = {}
        for exchange, span in map(str.split, text.splitlines()):
            times.setdefault(exchange, []).append(float(span))
        return [[exchange, names[exchange], str(len(spans)), f"{min(spans):.6f}", f"{max(spans):.6f}"]
                for exchange, spans in times.items()]

    def test_response_times(self):
        self.open_capture(FRAGMENTED)
        self.menu("IKEX")
        self.wait_for_rows(TIMES, lambda rows: len(rows) == 2)
        self.assertEqual([row[:5] for row in cells(self.read(TIMES))], self.response_times(FRAGMENTED))
        self.picture("response-times")

    # --- Tools > IKE ---

    def test_reports(self):
        self.open_capture(BLOCKED)
        for item, (kind, title) in REPORTS.items():
            self.menu(item)
            self.read(title)
            self.wait_for_text(title, report(BLOCKED, kind))
            self.resize(title, 900, 560)
            self.picture(f"report-{kind}")
            self.do("press", title, "button", "Close")
            self.wait_for("no report", lambda: not any(title in x for x in self.titles()), self.titles)

    def test_report_lives_as_long_as_its_window(self):
        title = REPORTS["Diagnosis"][1]
        self.open_capture(BLOCKED)
        for _ in range(2):
            self.menu("Diagnosis")
            self.wait_for_text(title, report(BLOCKED, "diag"))
        self.assertEqual(self.count(title), 1)
        self.do("press", title, "button", "Close")
        self.wait_for("no report", lambda: not self.count(title), self.titles)
        self.reload()
        self.assertEqual(self.count(title), 0, "a report that was closed opens again")

    def test_no_capture(self):
        self.open_wireshark("The Wireshark Network Analyzer")
        self.menu("Diagnosis")
        self.wait_for_text(REPORTS["Diagnosis"][1], "No capture is open.\n")

    # --- again ---

    def reload(self):
        self.do("press", self.main, "button", "Reload")
        time.sleep(2)
        self.wait_for("packets", lambda: cells(self.ask("read", self.main), "Packet list"), self.titles)

    def test_reload_and_preference(self):
        title, patient = REPORTS["Diagnosis"][1], ("-o", "ikex.patience:1000")
        before, after = report(BLOCKED, "diag"), report(BLOCKED, "diag", *patient)
        self.assertNotEqual(before, after)
        self.open_capture(BLOCKED)
        self.menu("Diagnosis")
        self.wait_for_text(title, before)
        self.reload()
        self.wait_for_text(title, before)
        self.set_patience("1000")
        self.wait_for_text(title, after)
        self.menu(TABLE)
        self.wait_for_rows(TABLE, lambda rows: [row[1] for row in rows] == ["NOTE"])
        labels = [row[-1] for row in cells(self.read(self.main), "Packet list")]
        self.assertFalse([x for x in labels if "not answered" in x])

    def test_reload_of_many(self):
        """Windows are drawn while a capture is read anew, too: what they show at the end is that of all frames."""
        many = self.folder / "many.pcap"
        subprocess.run([sys.executable, MIX, "--frames", "60000", many], check=True)
        title, expected = REPORTS["Diagnosis"][1], report(many, "diag")
        self.open_wireshark(many.name, "-r", many, preferences=["statistics.update_interval: 100"])
        time.sleep(5)
        self.xdotool("windowfocus", "--sync", self.xdotool("search", "--name", f"^{re.escape(many.name)}$")[-1])
        self.xdotool("key", "alt+t", "key", "Down", "key", "Down", "key", "Right", "key", "Down", "key", "Return")
        self.wait_for_text(title, expected)
        self.xdotool("windowfocus", "--sync", self.xdotool("search", "--name", f"^{re.escape(many.name)}$")[-1])
        self.xdotool("key", "ctrl+r")
        time.sleep(10)  # what it shows on the way may be seen or not
        self.wait_for_text(title, expected)

    def set_patience(self, seconds):
        """In the dialog of preferences, as a user does."""
        dialog = "Wireshark · Preferences"
        window = self.xdotool("search", "--name", f"^{re.escape(self.main)}$")[-1]
        self.xdotool("windowfocus", "--sync", window)
        self.xdotool("key", "ctrl+shift+p")
        self.wait_for("preferences", lambda: any(dialog in x for x in self.titles()), self.titles)
        time.sleep(2)
        for key in ("Protocols", "IKEX"):
            self.xdotool("type", "--delay", "20", key)
            time.sleep(1)
            self.xdotool("key", "Right")
        self.picture("preferences")
        # The preference is the last but one on its page, which stands before the tree in the order of Tab. Reading the
        # hundreds of pages takes too long.
        self.xdotool("key", "shift+Tab", "key", "shift+Tab", "key", "ctrl+a")
        self.xdotool("type", seconds)
        self.xdotool("key", "Return")
        self.wait_for("no preferences", lambda: not any(dialog in x for x in self.titles()), self.titles)


def why_not():
    missing = [x for x in PROGRAMS if not shutil.which(x)]
    if missing:
        return f"missing: {', '.join(missing)}"
    if subprocess.run([sys.executable, "-c", LIBRARY], stderr=subprocess.DEVNULL).returncode:
        return "Python finds no Atspi (Debian: python3-gi, gir1.2-atspi-2.0, at-spi2-core)"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", default="", metavar="FOLDER")
    parser.add_argument("--why-not", action="store_true")
    arguments, rest = parser.parse_known_args()
    if arguments.why_not:
        print(why_not())
        return
    Case.pictures = arguments.pictures
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
