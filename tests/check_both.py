#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check ikex-report --both, with the two ends of a tunnel made from one capture.

usage: check_both.py [unittest options]

A capture is taken as seen at the initiator's end. At the other end each frame is later or earlier by DELAY_NS,
and shows what the clock there says; then a test takes away, doubles or rewrites frames. Needs tshark with ikex.
"""
import copy
import json
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.dont_write_bytecode = True
from report.case import PATIENCE_S, TOP, install  # noqa: E402  (after the line above)
sys.path.insert(0, str(TOP / "tools" / "lib"))
import pcapfile  # noqa: E402  (needs the path above)
from ikexreport import clocks, join  # noqa: E402

CAPTURES = TOP / "captures"
MANUAL = TOP / "docs" / "both-ends.md"
DELAY_NS = 100_000
HOUR_NS = 3_600 * 10 ** 9
ETHERNET = 14   # bytes before IPv4 in the captures used here


def source(frame):
    return ".".join(map(str, frame.data[ETHERNET + 12:ETHERNET + 16]))


def change(frame, at, data):
    frame.data = frame.data[:ETHERNET + at] + data + frame.data[ETHERNET + at + len(data):]


def far_end(frames, clock_ns=0, drift=0.0):
    """The frames as the responder's end sees them, in the same order."""
    near = source(frames[0])
    moved = copy.deepcopy(frames)
    for frame in moved:
        since = frame.time_ns - frames[0].time_ns
        way = 1 if source(frame) == near else -1
        frame.time_ns += clock_ns + round(since * drift) + way * DELAY_NS
    return moved


def without(frames, *numbers):
    return [frame for number, frame in enumerate(frames, 1) if number not in numbers]


def later(frame, ns):
    again = copy.deepcopy(frame)
    again.time_ns += ns
    return again


def translate(frames, inside, outside, port_change):
    """What a NAT makes of an address and of its UDP ports."""
    raw = bytes(map(int, outside.split(".")))
    for frame in frames:
        is_from = source(frame) == inside
        change(frame, 12 if is_from else 16, raw)
        at = 20 if is_from else 22
        port, = struct.unpack_from(">H", frame.data, ETHERNET + at)
        if port in port_change and frame.data[ETHERNET + 9] == 17:
            change(frame, at, struct.pack(">H", port_change[port]))


def whole(first, second):
    """One packet of the two IP fragments of one."""
    frame = copy.deepcopy(second)
    body = first.data[ETHERNET + 20:] + second.data[ETHERNET + 20:]
    frame.data = first.data[:ETHERNET] + first.data[ETHERNET:ETHERNET + 20] + body
    frame.wire_length = len(frame.data)
    change(frame, 2, struct.pack(">H", 20 + len(body)))
    change(frame, 6, b"\0\0")
    return frame


def documented():
    """The keys of each type of record, as the manual has them."""
    kinds = {}
    for kind, rows in re.findall(r"^`(both_\w+)`: .*\n\n((?:\|.*\n)+)", MANUAL.read_text(), re.M):
        cells = re.findall(r"^\| (`[^|]*) \|", rows, re.M)
        kinds[kind] = {"schema", "type", *re.findall(r"`(\w+)`", " ".join(cells))}
    return kinds


DOCUMENTED = documented()


class Case(unittest.TestCase):
    def setUp(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="ikex-both-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        self.tool = install(self.base / "copy")

    def frames(self, name):
        return pcapfile.read(CAPTURES / f"{name}.pcapng").frames

    def write(self, letter, frames):
        ordered = sorted(frames, key=lambda frame: frame.time_ns)
        pcapfile.write(self.base / f"{letter}.pcapng", pcapfile.Capture(ordered))

    def run_tool(self, *words):
        done = subprocess.run([self.tool, *words], cwd=self.base, capture_output=True, text=True,
                              timeout=PATIENCE_S, env={**os.environ, "TZ": "UTC"}, check=False)
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        self.assertNotIn("Traceback", self.err)
        return self.code

    def compare(self, near, far, *words):
        """Write both ends, and read what is said of them."""
        self.write("A", near)
        self.write("B", far)
        return self.read("A.pcapng", "B.pcapng", *words)

    def read(self, a, b, *words):
        """The exit status, with the records of the report, and its text on demand."""
        self.words, self.known_text = ("--both", a, b, *words), None
        code = self.run_tool("--format", "json", *self.words)
        self.records = [json.loads(line) for line in self.out.splitlines()]
        for record in self.records:
            self.assertEqual(record["schema"], 1)
            self.assertEqual(set(record), DOCUMENTED[record["type"]], record["type"])
        self.result = self.records[-1]
        self.assertEqual(self.result["type"], "both_result")
        return code

    @property
    def text(self):
        if self.known_text is None:
            code = self.code
            self.assertEqual(self.run_tool(*self.words), code)
            self.known_text = self.out
            for line in self.known_text.splitlines():
                self.assertTrue(line.isascii() and len(line) <= 100 and line == line.rstrip(), line)
            self.check_closing_line()
        return self.known_text

    def check_closing_line(self):
        last = self.known_text.splitlines()[-1]
        keys = ("result", "matched", "lost", "only_a", "only_b", "missed", "duplicated", "esp_lost")
        self.assertEqual(last, "ikex-both: " + " ".join(f"{key}={self.result[key]}" for key in keys))

    def of_type(self, kind):
        return [record for record in self.records if record["type"] == f"both_{kind}"]

    def expect(self, result, **counts):
        """The result, and all counts: those that are not named are 0."""
        names = ("matched", "lost", "only_a", "only_b", "missed", "duplicated", "esp_lost")
        self.assertEqual({name: self.result[name] for name in names}, {**dict.fromkeys(names, 0), **counts})
        self.assertEqual(self.result["result"], result)

    def fates(self):
        return [(row["msg"], row["frame_a"], row["frame_b"], row["way"], row["fate"])
                for row in self.of_type("message")]


class Arrived(Case):
    def test_the_same_file(self):
        near = self.frames("psk-main-mode")
        self.write("A", near)
        self.assertEqual(self.read("A.pcapng", "A.pcapng"), 0)
        self.expect("OK", matched=9)
        self.assertEqual(self.result["clock_difference"], 0)
        self.assertEqual({row["delay"] for row in self.of_type("message")}, {0})
        self.assertIn("it is not known whether A or B is nearer to 10.1.0.2", self.text)

    def test_clocks_hours_apart(self):
        near = self.frames("psk-main-mode")
        for hours in (0, 7, -30):
            with self.subTest(hours=hours):
                self.assertEqual(self.compare(near, far_end(near, hours * HOUR_NS)), 0)
                self.expect("OK", matched=9)
                self.assertEqual(self.result["clock_difference"], hours * 3600)
                self.assertEqual(self.result["clock_error"], DELAY_NS / 1e9)
                self.assertEqual(self.result["clocks_known_by"], "both ways")
                self.assertEqual({row["delay"] for row in self.of_type("message")}, {DELAY_NS / 1e9})
                self.assertIn("A is nearer to 10.1.0.2, B to 10.2.0.2 (inferred: messages of", self.text)

    def test_the_other_way_round(self):
        near = self.frames("psk-main-mode")
        self.assertEqual(self.compare(far_end(near, HOUR_NS), near), 0)
        self.expect("OK", matched=9)
        self.assertEqual(self.result["clock_difference"], -3600)
        self.assertIn("A is nearer to 10.2.0.2, B to 10.1.0.2", self.text)
        self.assertEqual([row["way"] for row in self.of_type("message")][:2], ["B->A", "A->B"])

    def test_drift(self):
        near = self.frames("dpd-fail-after-hours")
        self.assertEqual(self.compare(near, far_end(near, HOUR_NS, drift=0.001)), 0)
        self.expect("OK", matched=134)
        self.assertRegex(self.text, r"it moves by [0-9.]+ ms\s+until the end")
        self.assertIn("A is nearer to 10.1.0.2", self.text)

    def test_one_way(self):
        near = [frame for frame in self.frames("psk-main-mode") if source(frame) == "10.1.0.2"]
        self.assertEqual(self.compare(near, far_end(near, HOUR_NS)), 0)
        self.expect("OK", matched=5)
        self.assertEqual(self.result["clocks_known_by"], "unknown ways")
        self.assertEqual(self.compare(near, without(far_end(near, HOUR_NS), 3)), 2)
        self.assertEqual(self.result["clocks_known_by"], "one way")
        self.expect("LOST", matched=4, lost=1, only_a=1)
        self.assertIn("what the other end does not have was", self.text)

    def test_every_kind(self):
        """Captures of all kinds arrive whole at the other end."""
        for name in ("aggressive-psk", "cert-ikefrag", "cert-ipfrag", "ikev2-cert-ikefrag", "ikev2-rekey",
                     "ikev2-cert-ipfrag", "xauth-modecfg", "reauth-role-reversal", "qm-interleaved", "mm1-repeats"):
            near = self.frames(name)
            with self.subTest(name=name):
                self.assertEqual(self.compare(near, far_end(near, -HOUR_NS)), 0)
                self.assertEqual(self.result["only_a"] + self.result["only_b"], 0)
                self.assertAlmostEqual(self.result["clock_difference"], -3600, places=3)


class Lost(Case):
    def test_every_copy(self):
        near = self.frames("port4500-blocked")
        self.assertEqual(self.compare(near, far_end(near, HOUR_NS)[:4]), 2)
        self.expect("LOST", matched=4, lost=4, only_a=4)
        sa, = self.of_type("sa")
        self.assertEqual((sa["msg"], sa["capture"], sa["frame"], sa["sent"], sa["arrived"], sa["fate"]),
                         ("MM5", "A", 5, 4, 0, "lost"))
        self.assertEqual(sa["text"], "MM5 left 10.1.0.2 (frame 5 of A) and never reached 10.2.0.2: lost between "
                                     "the two capture points; sent 4 times, 0 arrived")
        self.assertIn("that it ran at the time is assumed", sa["assumption"])
        self.assertEqual(self.fates()[3:6], [("MM4", 4, 4, "B->A", "arrived"), ("MM5", 5, None, "A->B", "lost"),
                                             ("MM5", 6, None, "A->B", "lost")])

    def test_while_the_other_capture_ran(self):
        near = self.frames("port4500-blocked")
        other = later(far_end(self.frames("not-ike"))[0], 0)
        other.time_ns = near[-1].time_ns + 10 ** 9
        self.assertEqual(self.compare(near, far_end(near)[:4] + [other]), 2)
        self.expect("LOST", matched=4, lost=4, only_a=4)
        self.assertIsNone(self.of_type("sa")[0]["assumption"])

    def test_each_message(self):
        """Whatever is lost is what is named: by A when its own end sent it, else by B."""
        near = self.frames("psk-main-mode")
        labels = ["MM1", "MM2", "MM3", "MM4", "MM5", "MM6", "QM1", "QM2", "QM3"]
        for number, label in enumerate(labels, 1):
            with self.subTest(label=label):
                from_a = number % 2 == 1
                far = far_end(near, HOUR_NS)
                pair = (near, without(far, number)) if from_a else (without(near, number), far)
                self.assertEqual(self.compare(*pair), 2)
                self.expect("LOST", matched=8, lost=1, **{"only_a" if from_a else "only_b": 1})
                sa, = self.of_type("sa")
                self.assertEqual((sa["msg"], sa["capture"], sa["frame"], sa["sent"], sa["arrived"]),
                                 (label, "A" if from_a else "B", number, 1, 0))

    def test_first_copy(self):
        near = self.frames("loss-30-percent")
        self.assertEqual(self.compare(near, without(far_end(near, HOUR_NS), 7)), 1)
        self.expect("PARTLY", matched=9, lost=1, only_a=1)
        sa, = self.of_type("sa")
        self.assertEqual(sa["text"], "QM1 left 10.1.0.2 (frame 7 of A) and did not reach 10.2.0.2; "
                                     "sent 2 times, 1 arrived")
        self.assertIn(("QM1", 8, 7, "A->B", "arrived"), self.fates())

    def test_second_copy(self):
        near = self.frames("loss-30-percent")
        self.assertEqual(self.compare(near, without(far_end(near, HOUR_NS), 8)), 1)
        self.assertIn(("QM1", 7, 7, "A->B", "arrived"), self.fates())
        self.assertIn(("QM1", 8, None, "A->B", "lost"), self.fates())

    def test_only_copies(self):
        """No message that came once tells the clocks: copies do, in their rhythm."""
        near = self.frames("port4500-blocked")[4:]
        self.assertEqual(self.compare(near, far_end(near, HOUR_NS)[1:]), 1)
        self.expect("PARTLY", matched=3, lost=1, only_a=1)
        self.assertEqual(self.fates()[0][1:3], (1, None))

    def test_more_copies_than_are_compared_all_with_all(self):
        near, count = self.frames("port4500-blocked")[:5], join.MOST_COPIES + 50
        for number in range(1, count):
            near.append(later(near[4], number * 10 ** 9))
            change(near[-1], 4, struct.pack(">H", number))
        self.assertEqual(self.compare(near, without(far_end(near, HOUR_NS), 10, count)), 1)
        self.expect("PARTLY", matched=4 + count - 2, lost=2, only_a=2)
        self.assertEqual([frame for _, frame, _, _, fate in self.fates() if fate == "lost"], [10, count])

    def test_fragment(self):
        near = self.frames("cert-ipfrag")
        self.assertEqual(self.compare(near, without(far_end(near, HOUR_NS), 6)), 2)
        self.expect("LOST", matched=8, lost=1, only_a=1)
        sa, = self.of_type("sa")
        self.assertEqual((sa["msg"], sa["fate"]), ("MM5", "pieces"))
        self.assertIn("reached 10.2.0.2 in pieces only: fragment 2 of 2 missing; sent once", sa["text"])
        row = next(row for row in self.of_type("message") if row["msg"] == "MM5")
        self.assertEqual((row["frames_a"], row["frame_b"], row["pieces"]), ([5, 6], None, [5]))

    def test_both_fragments(self):
        near = self.frames("cert-ipfrag")
        self.assertEqual(self.compare(near, without(far_end(near, HOUR_NS), 5, 6)), 2)
        self.assertEqual(self.of_type("sa")[0]["fate"], "lost")

    def test_ike_fragment(self):
        for name, number, label in (("ikev2-cert-ikefrag", 4, "IKE_AUTH.req"), ("cert-ikefrag", 6, "MM5")):
            near = self.frames(name)
            with self.subTest(name=name):
                self.assertEqual(self.compare(near, without(far_end(near, HOUR_NS), number)), 2)
                self.assertEqual((self.result["lost"], self.result["only_a"], self.result["only_b"]), (1, 1, 0))
                sa, = self.of_type("sa")
                self.assertEqual((sa["msg"], sa["fate"]), (label, "pieces"))
                self.assertIn("fragment 2 of 2 missing", sa["text"])

    def test_fragment_of_first_copy(self):
        near = self.frames("ikev2-cert-ikefrag")
        again = [later(frame, 500_000) for frame in near[2:4]]
        for frame, ns in zip(again, (0, 1)):
            frame.time_ns = near[3].time_ns + 1_200_000_000 + ns
        for frame in near[4:]:
            frame.time_ns += 1_210_000_000
        near = near[:4] + again + near[4:]
        self.assertEqual(self.compare(near, without(far_end(near, HOUR_NS), 4)), 1)
        self.expect("PARTLY", matched=4, lost=1, only_a=1)
        self.assertEqual([row["fate"] for row in self.of_type("message")],
                         ["arrived", "arrived", "pieces", "arrived", "arrived"])
        self.assertIn("with 1 piece of another copy", self.text)


class OtherFates(Case):
    def test_ended(self):
        near = self.frames("psk-main-mode")
        self.assertEqual(self.compare(near, far_end(near, HOUR_NS)[:4]), 0)
        self.expect("OK", matched=4, only_a=5)
        self.assertEqual({fate for *_, fate in self.fates()[4:]}, {"ended"})
        self.assertIn("capture B had ended", self.text)

    def test_not_begun(self):
        near = self.frames("psk-main-mode")
        self.assertEqual(self.compare(near[4:], far_end(near, HOUR_NS)), 0)
        self.expect("OK", matched=5, only_b=4)
        self.assertEqual({fate for *_, fate in self.fates()[:4]}, {"not_begun"})

    def test_missed(self):
        near = self.frames("psk-main-mode")
        self.assertEqual(self.compare(near, without(far_end(near, HOUR_NS), 4)), 0)
        self.expect("OK", matched=8, only_a=1, missed=1)
        self.assertIn(("MM4", 4, None, "B->A", "missed"), self.fates())

    def test_duplicated(self):
        near = self.frames("psk-main-mode")
        far = far_end(near, HOUR_NS)
        twin = later(far[6], 300_000_000)
        change(twin, 4, b"\x77\x77")  # another IP ID: of a packet with the same one nothing is reported
        self.assertEqual(self.compare(near, far + [twin]), 0)
        self.expect("OK", matched=9, only_b=1, duplicated=1)

    def test_other_bytes(self):
        """A message of the same kind, length and ID with other bytes is another one."""
        near = self.frames("psk-main-mode")
        far = far_end(near, HOUR_NS)
        last = far[6].data
        far[6].data = last[:-1] + bytes([last[-1] ^ 1])
        self.assertEqual(self.compare(near, far), 2)
        self.expect("LOST", matched=8, lost=1, only_a=1, only_b=1, missed=1)

    def test_translated(self):
        near = self.frames("psk-main-mode")
        far = far_end(near, HOUR_NS)
        translate(far, "10.1.0.2", "192.0.2.9", {500: 61000})
        self.assertEqual(self.compare(near, far), 0)
        self.expect("OK", matched=9)
        differs = [row["differs"] for row in self.of_type("message")]
        self.assertEqual(differs[:3], [["source 10.1.0.2:500 became 192.0.2.9:61000"],
                                       ["destination 192.0.2.9:61000 became 10.1.0.2:500"], []])
        self.assertEqual(sum(map(len, differs)), 2)
        self.assertIn("A is nearer to 10.1.0.2, B to 10.2.0.2", self.text)

    def test_translated_anew(self):
        near = self.frames("psk-main-mode")
        far = far_end(near, HOUR_NS)
        translate(far[:6], "10.1.0.2", "192.0.2.9", {500: 61000})
        translate(far[6:], "10.1.0.2", "192.0.2.9", {500: 61777})
        self.compare(near, far)
        self.assertEqual(self.of_type("message")[6]["differs"], ["source 10.1.0.2:500 became 192.0.2.9:61777"])

    def test_reassembled_on_the_way(self):
        near = self.frames("cert-ipfrag")
        far = far_end(near, HOUR_NS)
        self.assertEqual(self.compare(near, far[:4] + [whole(far[4], far[5])] + far[6:]), 0)
        row = next(row for row in self.of_type("message") if row["msg"] == "MM5")
        self.assertEqual(row["differs"], ["2 IP fragments became 1 packet"])


class Esp(Case):
    def ends(self, *lost):
        near = self.frames("esp-notencap")
        return near, without(far_end(near, HOUR_NS), *lost)

    def esp(self):
        return {row["spi"]: (row["way"], row["sent"], row["arrived"], row["lost"]) for row in self.of_type("esp")}

    def test_all_arrive(self):
        self.assertEqual(self.compare(*self.ends()), 0)
        self.assertEqual(self.esp(), {"f1f79e27": ("A->B", 5, 5, 0), "d1bc683c": ("B->A", 5, 5, 0)})

    def test_some_lost(self):
        self.assertEqual(self.compare(*self.ends(7, 9)), 1)
        self.expect("PARTLY", matched=4, esp_lost=2)
        self.assertEqual(self.esp()["f1f79e27"], ("A->B", 5, 3, 2))
        self.assertIn("5 packets with SPI f1f79e27 left 203.0.113.7 (A), 3 arrived (B); 2 lost", self.text)

    def test_all_of_one_lost(self):
        self.assertEqual(self.compare(*self.ends(5, 7, 9, 11, 13)), 1)
        self.assertEqual(self.esp()["f1f79e27"], ("A->B", 5, 0, 5))

    def test_left_out(self):
        self.assertEqual(self.compare(*self.ends(*range(5, 15))), 0)
        self.assertIn("no IPsec at all in B: does it leave them out?", " ".join(self.text.split()))


class Records(Case):
    def test_every_type(self):
        """That all have their keys is looked at wherever a report is read."""
        self.assertEqual(set(DOCUMENTED), {"both_sa", "both_message", "both_esp", "both_result"})
        near = self.frames("esp-notencap")
        self.compare(near, far_end(near))
        self.assertEqual({record["type"] for record in self.records}, set(DOCUMENTED))


class Options(Case):
    """--both with what other reports have too."""

    def test_filter(self):
        """The IKE SA that lost something is left out."""
        one, two = self.frames("port4500-blocked"), self.frames("ikev2-psk")
        self.assertEqual(self.compare(one + two, far_end(one, HOUR_NS)[:4] + far_end(two, HOUR_NS)), 2)
        self.assertEqual({row["result"] for row in self.of_type("sa")}, {"OK", "LOST"})
        for words in ((), ("--full",)):
            self.assertEqual(self.read("A.pcapng", "B.pcapng", "--filter", "ikex.version == 2", *words), 0)
            sa, = self.of_type("sa")
            self.assertEqual((sa["spi_initiator"], sa["result"]), (two[0].data[ETHERNET + 28:][:8].hex(), "OK"))

    def test_filter_that_one_end_does_not_match(self):
        near = self.frames("psk-main-mode")
        far = far_end(near, HOUR_NS)
        translate(far, "10.1.0.2", "192.0.2.9", {500: 61000})
        for address, letter in (("10.1.0.2", "B"), ("192.0.2.9", "A")):
            with self.subTest(address=address):
                self.assertEqual(self.compare(near, far, "--filter", f"ip.addr == {address}"), 3)
                self.assertIn(f'no IKE that matches the filter "ip.addr == {address}" in {letter}: behind a NAT',
                              self.result["reason"])
                self.assertIn("try without --filter", " ".join(self.text.split()))
                self.assertIn("no IKE that matches the filter was found by the short way", self.err)
        self.assertEqual(self.compare(near, far, "--filter", "ip.addr == 10.2.0.2"), 0)
        self.expect("OK", matched=9)
        self.assertEqual(self.err, "")
        self.assertEqual(self.compare(near, far, "--filter", "ip.addr == 1.1.1.1"), 3)
        self.assertIn("in A, nor in B", self.result["reason"])
        self.assertEqual(self.run_tool("--both", "A.pcapng", "B.pcapng", "--filter", "no such"), 5)
        self.assertIn("is not valid", self.err)

    def test_full(self):
        """The long way says the same; and nothing is said of the short way where it was not taken."""
        near = self.frames("port4500-blocked")
        self.assertEqual(self.compare(near, far_end(near, HOUR_NS)[:4]), 2)
        short = self.records
        self.assertEqual(self.read("A.pcapng", "B.pcapng", "--full"), 2)
        self.assertEqual(self.records, short)
        self.assertEqual(self.compare(near, self.frames("not-ike")), 3)
        self.assertIn("--full", self.err)
        self.assertEqual(self.read("A.pcapng", "B.pcapng", "--full"), 3)
        self.assertEqual(self.err, "")


class NothingInCommon(Case):
    def test_another_tunnel(self):
        self.assertEqual(self.compare(self.frames("psk-main-mode"), self.frames("ikev2-psk")), 3)
        self.expect("NODATA")
        self.assertIn("no IKE SA is in both", self.text)
        self.assertIn("A: 10.1.0.2 -> 10.2.0.2 ", self.text)

    def test_no_ike(self):
        self.assertEqual(self.compare(self.frames("psk-main-mode"), self.frames("not-ike")), 3)
        self.assertIn("there is no IKE in B", self.text)
        self.assertEqual(self.compare(self.frames("not-ike"), self.frames("not-ike")), 3)
        self.assertIn("there is no IKE in A, nor in B", self.text)

    def test_unreadable(self):
        (self.base / "text.pcap").write_text("no capture\n")
        self.write("A", self.frames("psk-main-mode"))
        self.assertEqual(self.run_tool("--both", "A.pcapng", "text.pcap"), 4)
        self.assertIn("text.pcap: The file isn't a capture file", self.err)
        self.assertEqual(self.run_tool("--both", "A.pcapng", "none.pcap"), 4)
        self.assertEqual(self.out, "")

    def test_wrong_options(self):
        self.write("A", self.frames("psk-main-mode"))
        a = "A.pcapng"
        for words, says in (
                ((a,), "two captures, not 1"), ((a, a, a), "two captures, not 3"), ((a, "."), "is a folder"),
                ((a, a, "--report", "sa"), "no --report"), ((a, a, "--format", "csv"), "valid are: text, json"),
                ((a, a, "--output", "x/"), "--output must be a file")):
            with self.subTest(words=words):
                self.assertEqual(self.run_tool("--both", *words), 5)
                self.assertIn(says, self.err)

    def test_output(self):
        self.write("A", self.frames("psk-main-mode"))
        self.assertEqual(self.run_tool("--both", "A.pcapng", "A.pcapng", "--output", "out.txt"), 0)
        self.assertEqual(self.out, "")
        self.assertIn("ikex-both: result=OK", (self.base / "out.txt").read_text())
        self.assertEqual(self.run_tool("--both", "A.pcapng", "A.pcapng", "--output", "A.pcapng"), 5)


class Parts(unittest.TestCase):
    """What needs no capture."""

    def test_assign(self):
        for costs, pairs in (
                ([], []), ([[1]], [(0, 0)]), ([[None]], []), ([[5], [1]], [(1, 0)]),
                ([[0, 9], [9, 0]], [(0, 0), (1, 1)]),
                ([[9, 0], [0, 9]], [(0, 0), (1, 1)]), ([[None, 0], [0, None]], [(0, 1)]),
                ([[0, 5, 9], [9, 9, 0]], [(0, 0), (1, 2)])):
            with self.subTest(costs=costs):
                found = join.assign(costs)
                if len(pairs) == 1 and len(costs) == 2 and costs[0][0] is None:
                    self.assertEqual(len(found), 1)  # either is as good
                else:
                    self.assertEqual(found, pairs)

    def test_cost_of_copies(self):
        """Each copy is compared with so many, and that tears no pair apart."""
        rng, second, sizes = random.Random("copies"), 10 ** 9, []
        times = [n * second + rng.randrange(second // 2) for n in range(5 * join.MOST_COPIES)]
        rows_a = [{"ns": time, "number": n} for n, time in enumerate(times)]
        rows_b = [{**row, "ns": row["ns"] + 7 * second} for row in rows_a if rng.random() < 0.9]
        assign = join.assign

        def counted(costs):
            sizes.append(len(costs) * len(costs[0]))
            return assign(costs)

        with unittest.mock.patch.object(join, "assign", counted):
            for some_a, some_b, ahead in ((rows_a, rows_b, 7), (rows_b, rows_a, -7), (rows_a[:1], rows_b, 7)):
                pairs = join.match_copies(some_a, some_b, 1, clocks.Clocks([(0, ahead * second, 1)]))
                both = {row["number"] for row in some_a} & {row["number"] for row in some_b}
                self.assertEqual([(a["number"], b["number"]) for a, b in pairs], [(n, n) for n in sorted(both)])
        self.assertLessEqual(max(sizes), join.MOST_COPIES ** 2)

    def test_outliers(self):
        second = 10 ** 9
        pairs = [(n * second, 7 * second + 1000, 1) for n in range(6)]
        pairs += [(n * second, 7 * second - 3000, -1) for n in range(6)]
        pairs += [(second, 2 * second, 1), (second, 30 * second, -1)]
        self.assertEqual(clocks.Clocks(pairs).difference(2 * second), (7 * second - 1000, 2000))

    def test_densest(self):
        second = 10 ** 9
        self.assertEqual(clocks.densest([0, 5 * second, 5 * second + 1, 9 * second]) // second, 5)
        self.assertEqual(clocks.densest([-8 * second, 3 * second]), 3 * second)


if __name__ == "__main__":
    unittest.main()
