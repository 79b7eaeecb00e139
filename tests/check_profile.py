#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check the configuration profile IPsec as its users get it: out of the zip, or installed as a global one.

usage: check_profile.py [--zip FILE] [--tshark CMD] [unittest options]

Without a zip the files of plugin/profile are taken. Columns, colouring rules and filter buttons are tried on
captures, and nothing may complain.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree
import zipfile

sys.dont_write_bytecode = True
from runner import public_temp_dir, run  # noqa: E402  (after that)
from truth import CAPTURES  # noqa: E402

TOP = pathlib.Path(__file__).resolve().parent.parent
SOURCE = TOP / "plugin" / "profile" / "IPsec"
INSTALL = TOP / "tools" / "lib" / "install-profile"
FILES = ["colorfilters", "dfilter_buttons", "preferences", "recent"]
COLUMNS = {"No.": "%m", "Time": "%t", "SA": "ikex.sa", "Child": "ikex.child or ikex.esp.child", "Message": "ikex.msg",
           "Source": "%s", "Destination": "%d", "Response time": "ikex.time", "State": "ikex.state", "Info": "%i"}
OPTIONS = argparse.Namespace(zip=None, tshark="tshark")

# What a frame of a capture shows: capture, frame, column, text.
SHOWN = [
    ("port4500-blocked", 1, "No.", "1"),
    ("port4500-blocked", 1, "SA", "0"),
    ("port4500-blocked", 1, "Message", "MM1"),
    ("port4500-blocked", 1, "Source", "10.1.0.2"),
    ("port4500-blocked", 1, "Response time", ""),
    ("port4500-blocked", 2, "Time", "0.001469"),
    ("port4500-blocked", 2, "Message", "MM2"),
    ("port4500-blocked", 2, "Destination", "10.1.0.2"),
    ("port4500-blocked", 2, "Response time", "0.001469000"),
    ("port4500-blocked", 4, "State", "keying"),
    ("port4500-blocked", 8, "Info", "[IKE retransmission of 5, +2.700 s] [MM5 was not answered] "
                                    "Identity Protection (Main Mode) [MM5 SA#0]"),
    ("ikev2-psk-mismatch", 3, "Child", "0"),
    ("ikev2-psk-mismatch", 4, "Message", "IKE_AUTH.resp"),
    ("ikev2-psk-mismatch", 4, "Response time", "0.007856000"),
    ("esp-null-l2tp", 10, "Child", "0"),
    ("esp-null-l2tp", 10, "Message", ""),
]

# Which rule colours a frame: capture, rule of each frame from the first on.
IKE, NAT, PIECE, UP = "IKE", "IKE and NAT", "IKE piece of a message", "IKE established"
COLOURED = {
    "cert-nat-ipfrag": [IKE, IKE, IKE, NAT, PIECE, NAT, PIECE, UP, UP, UP, UP],
    "port4500-blocked": [IKE, IKE, IKE, NAT, NAT, *2 * ["IKE retransmission"], "IKE warning"],
    "ikev2-psk-mismatch": [IKE, IKE, IKE, "IKE warning"],
    "mm1-reject": [IKE, "IKE error"],
    "duplicates": [IKE, "IKE packet seen twice"],
    "esp-null-l2tp": [*5 * [IKE], *4 * [UP], *4 * ["ESP and AH"]],
}

# Frames that a button leaves: button, capture, frames.
FILTERED = [
    ("Findings", "ikev2-psk-mismatch", [4]),
    ("Errors and warnings", "port4500-blocked", [8]),
    ("Show//IKE without ESP", "esp-null-l2tp", list(range(1, 10))),
    ("Show//Retransmissions", "port4500-blocked", [6, 7, 8]),
    ("Show//Pieces", "cert-nat-ipfrag", [5, 6, 7, 8]),
    ("Show//NAT", "port4500-blocked", list(range(1, 9))),
    ("Show//NAT", "ikev2-psk-mismatch", []),
    ("Show//ESP and AH", "esp-null-l2tp", list(range(10, 24))),
]


def capture(name):
    return str(CAPTURES / f"{name}.pcapng")


def rows(path):
    """The lines of a file of the profile that say something."""
    return [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]


class Profile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = public_temp_dir()
        cls.addClassCleanup(folder.cleanup)
        profiles = pathlib.Path(folder.name) / "profiles"
        cls.folder = profiles / "IPsec"
        if OPTIONS.zip:
            with zipfile.ZipFile(OPTIONS.zip) as archive:
                archive.extractall(profiles)
        else:
            shutil.copytree(SOURCE, cls.folder)
        os.environ["WIRESHARK_CONFIG_DIR"] = folder.name
        os.environ["COLORTERM"] = "truecolor"  # without it there are no colouring rules
        cls.rules = [line.split("@")[1:3] for line in rows(cls.folder / "colorfilters")]
        cls.buttons = [re.fullmatch(r'"TRUE","([^"]+)","([^"]+)","([^"]+)"', line).groups()
                       for line in rows(cls.folder / "dfilter_buttons")]
        text = (cls.folder / "preferences").read_text()
        cls.columns = dict(re.findall(r'^\t"([^"]+)", "([^"]+)"', text, re.MULTILINE))

    def tshark(self, *arguments):
        """What tshark prints with the profile, which must be all that it says."""
        out = run(OPTIONS.tshark, "-C", "IPsec", "-n", *arguments)
        said = [line for line in out.stderr.splitlines() if not line.startswith("Running as user")]
        self.assertEqual((out.returncode, said), (0, []), arguments)
        return out.stdout

    def field(self, name, field, *words):
        """This field of each frame."""
        return self.tshark("-2", "-r", capture(name), "-T", "fields", "-e", field, *words).splitlines()

    def packet_list(self, name):
        """The columns of each frame, by their titles."""
        root = xml.etree.ElementTree.fromstring(self.tshark("-2", "-r", capture(name), "-T", "psml"))
        titles, *table = [[cell.text or "" for cell in row] for row in root]
        self.assertEqual(titles, list(COLUMNS))
        return [dict(zip(titles, row)) for row in table]

    def test_files(self):
        self.assertEqual(sorted(x.name for x in self.folder.iterdir()), FILES)
        self.assertEqual([x.name for x in self.folder.parent.iterdir()], ["IPsec"])

    def test_columns(self):
        expected = {title: shown if shown.startswith("%") else f"%Cus:{shown}:0:R" for title, shown in COLUMNS.items()}
        self.assertEqual(self.columns, expected)

    def test_widths_fit_columns(self):
        line, = rows(self.folder / "recent")
        words = re.sub("^column.width: ", "", line).split(", ")
        self.assertEqual(words[::2], [re.sub(":0:R$", "", shown) for shown in self.columns.values()])
        self.assertTrue(all(20 < int(width) < 1000 for width in words[1::2]))

    def test_columns_show(self):
        tables = {name: self.packet_list(name) for name in {row[0] for row in SHOWN}}
        for name, frame, title, text in SHOWN:
            with self.subTest(capture=name, frame=frame, column=title):
                self.assertEqual(tables[name][frame - 1][title], text)

    def test_fields_exist(self):
        glossary = run(OPTIONS.tshark, "-G", "fields").stdout
        known = set(re.findall(r"^[FP]\t[^\t\n]*\t(\S+)", glossary, re.MULTILINE))
        texts = [*self.columns.values(), *(x for _, x in self.rules), *(x for _, x, _ in self.buttons)]
        used = {field for text in texts for field in re.findall(r"\bikex(?:\.[a-z_0-9]+)*", text)}
        self.assertGreater(len(used), 15)
        self.assertEqual(used - known, set())

    def test_filters_compile(self):
        texts = [f"({text})" for text in [*(x for _, x in self.rules), *(x for _, x, _ in self.buttons)]]
        self.tshark("-r", capture("ikev2-psk-mismatch"), "-Y", " or ".join(texts))

    def test_names_are_there_once(self):
        for names in ([name for name, _ in self.rules], [label for label, _, _ in self.buttons]):
            self.assertEqual(sorted(names), sorted(set(names)))

    def test_colours(self):
        for name, expected in COLOURED.items():
            with self.subTest(name):
                self.assertEqual(self.field(name, "frame.coloring_rule.name", "--color")[:len(expected)], expected)

    def test_every_rule_of_ike_colours_something(self):
        shown = {rule for expected in COLOURED.values() for rule in expected}
        self.assertEqual({name for name, _ in self.rules} - shown, {"ICMP errors"})

    def test_buttons(self):
        filters = {label: text for label, text, _ in self.buttons}
        for label, name, expected in FILTERED:
            with self.subTest(label, capture=name):
                frames = self.field(name, "frame.number", "-Y", filters[label])
                self.assertEqual([int(frame) for frame in frames], expected)


class Install(unittest.TestCase):
    """Set-up updates the profile, but not what a user has changed in it."""

    def setUp(self):
        folder = public_temp_dir()
        self.addCleanup(folder.cleanup)
        self.source, self.target, self.memory = (pathlib.Path(folder.name) / name for name in ("from", "to", "was"))
        shutil.copytree(SOURCE, self.source)

    def install(self):
        words = [INSTALL, self.source, self.target, self.memory]
        out = subprocess.run(words, capture_output=True, text=True, check=True)
        self.assertEqual(out.stderr, "")
        return out.stdout.split()

    def test_install_and_update(self):
        self.assertEqual(self.install(), [])
        self.assertEqual(sorted(x.name for x in self.target.iterdir()), FILES)
        (self.source / "colorfilters").write_text("new\n")
        self.assertEqual(self.install(), [])
        self.assertEqual((self.target / "colorfilters").read_text(), "new\n")

    def test_changes_are_kept(self):
        self.install()
        (self.target / "preferences").write_text("mine\n")
        (self.source / "preferences").write_text("new\n")
        (self.source / "colorfilters").write_text("new\n")
        self.assertEqual(self.install(), ["preferences"])
        self.assertEqual((self.target / "preferences").read_text(), "mine\n")
        self.assertEqual((self.target / "colorfilters").read_text(), "new\n")

    def test_profile_of_that_name_is_kept(self):
        self.target.mkdir()
        (self.target / "preferences").write_text("mine\n")
        self.assertEqual(self.install(), ["preferences"])
        self.assertEqual((self.target / "preferences").read_text(), "mine\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--zip")
    parser.add_argument("--tshark", default="tshark")
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])
