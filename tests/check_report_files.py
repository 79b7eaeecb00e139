#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check what tools/ikex-report reads and writes: captures, also broken ones, folders, keys, forms of output.

usage: check_report_files.py [unittest options]

A stand-in for tshark (report/fake_tshark.py) is in PATH.
"""
import csv
import gzip
import io
import json
import os
import pathlib
import re
import signal
import stat
import struct
import sys
import unittest

sys.dont_write_bytecode = True
from report.case import KEY_1, Case, is_running  # noqa: E402  (after that)

KEY_2 = '0123456789abcdef,fedcba9876543210,aa11,bb22,"AES-CBC-128 [RFC3602]",cc33,dd44,"HMAC_SHA1_96 [RFC2404]"'


def is_harmless(text):
    """Whether no byte of it means anything to a terminal."""
    return not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffd]", text)


class Broken(Case):
    def test_is_named_and_stops_nothing(self):
        for name, result in (("a.pcap", "OK"), ("bad.pcap", "ERROR"), ("z.pcap", "FAIL")):
            self.capture(name, result)
        self.assertEqual(self.run_tool("a.pcap", "bad.pcap", "none.pcap", "z.pcap"), 4)
        self.assertIn("ikex-report: bad.pcap: The file isn't a capture file", self.err)
        self.assertIn("ikex-report: none.pcap: cannot be read: No such file or directory", self.err)
        self.assertIn("FAIL   z.pcap  errors=0", self.out)
        self.assertIn("ERROR  none.pcap", self.out)
        self.assertLess(self.out.index("==> none.pcap <=="), self.out.index("==> z.pcap <=="))
        self.assertTrue(self.out.endswith(
            "ikex-report: result=ERROR files=4 fail=1 warn=0 note=0 ok=1 nodata=0 unread=2\n"))

    def test_cut_short(self):
        words = 'tshark: The file "a.pcap" appears to have been cut short in the middle of a packet.'
        for result, status in (("FAIL", 2), ("OK", 0), ("NODATA", 4)):
            self.capture("a.pcap", result, code=2, stderr=words)
            self.assertEqual(self.run_tool("a.pcap"), status)
            self.assertIn("cut short", self.err)
            self.assertIn("a report", self.out)

    def test_damaged(self):
        self.capture("a.pcap", "OK", code=2, stderr='tshark: The file "a.pcap" appears to be damaged or corrupt.')
        self.assertEqual(self.run_tool("a.pcap"), 4)
        self.assertIn("a report", self.out)

    def test_crash(self):
        self.capture("a.pcap", None, code=-signal.SIGSEGV)
        self.assertEqual(self.run_tool("a.pcap"), 4)
        self.assertIn("ended by SIGSEGV", self.err)

    def test_many_messages(self):
        self.capture("a.pcap", "OK", stderr="\n".join(map(str, range(100))))
        self.assertEqual(self.run_tool("a.pcap"), 0)
        self.assertEqual(len(self.err.splitlines()), 21)
        self.assertIn("80 more messages", self.err)

    def test_of_root_and_warnings(self):
        self.capture("a.pcap", "OK", stderr='Running as user "root" and group "root". This could be dangerous.')
        self.assertEqual(self.run_tool("a.pcap"), 0)
        self.assertEqual(self.err, "")

    def test_too_long(self):
        self.capture("slow.pcap", "OK", sleep=100)
        self.capture("z.pcap", "WARN")
        self.assertEqual(self.run_tool("--timeout", "0.7", "slow.pcap", "z.pcap"), 4)
        self.assertIn("slow.pcap: took longer than 0.7 s and was ended", self.err)
        self.assertIn("WARN   z.pcap", self.out)
        self.assertFalse([call for call in self.calls() if is_running(call["pid"])])


class Folders(Case):
    def test_searched(self):
        for name in ("a/deep/er/x.pcapng", "a/b.CAP", "a/c.dmp", "a/x.pcap.gz"):
            self.capture(name)
        pcap = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        (self.here / "a/rotated.pcap0").write_bytes(pcap)
        (self.here / "a/packed").write_bytes(gzip.compress(pcap))
        (self.here / "a/notes.txt").write_text("no capture")
        (self.here / "a/empty").touch()
        os.mkfifo(self.here / "a/pipe.pcap")
        self.run_tool("a")
        names = [line.split()[1] for line in self.out.splitlines() if re.match(r"[A-Z]+ +a/", line)]
        self.assertEqual(names, ["a/b.CAP", "a/c.dmp", "a/deep/er/x.pcapng", "a/packed", "a/rotated.pcap0",
                                 "a/x.pcap.gz"])

    def test_packed(self):
        self.capture("a/x.pcap")
        self.capture("a/y.pcapng.xz", "ERROR")
        (self.here / "a/z.pcap.zip").write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        (self.here / "a/notes.zip").write_text("no capture")
        for words in (["a"], ["a/y.pcapng.xz", "a/z.pcap.zip"]):
            self.assertEqual(self.run_tool(*words), 4)
            self.assertEqual(re.findall("a/.*unpack it first", self.err),
                             ["a/y.pcapng.xz: packed in a way that Wireshark does not read: unpack it first"])
            self.assertRegex(self.out, "NODATA +a/z.pcap.zip")

    def test_empty(self):
        (self.here / "none").mkdir()
        self.assertEqual(self.run_tool("none"), 3)
        self.assertIn("none: no capture in this folder", self.err)
        self.capture("a.pcap", "WARN")
        self.assertEqual(self.run_tool("none", "a.pcap"), 1)

    def test_links(self):
        self.capture("a/x.pcap")
        (self.here / "a/loop").symlink_to(self.here / "a")
        (self.here / "a/up").symlink_to(self.here)
        (self.here / "a/self").symlink_to("self")
        (self.here / "a/gone").symlink_to("nowhere")
        self.assertEqual(self.run_tool("a"), 0)
        self.assertIn(" files=1 ", self.out)
        (self.here / "a/gone.pcap").symlink_to("nowhere")
        self.assertEqual(self.run_tool("a"), 4)
        self.assertIn("a/gone.pcap: cannot be read: No such file", self.err)
        self.assertEqual(self.run_tool("a/self"), 4)
        self.assertIn("symbolic links", self.err)

    @unittest.skipIf(os.getuid() == 0, "root reads everything")
    def test_unreadable(self):
        self.capture("a/in/x.pcap")
        self.capture("a/y.pcap")
        (self.here / "a/in").chmod(0)
        self.addCleanup((self.here / "a/in").chmod, 0o700)
        self.assertEqual(self.run_tool("a"), 4)
        self.assertIn("a/in: cannot be read: Permission denied", self.err)
        self.assertIn("OK     a/y.pcap", self.out)
        (self.here / "a/y.pcap").chmod(0)
        self.assertEqual(self.run_tool("a/y.pcap"), 4)
        self.assertIn("a/y.pcap: cannot be read: Permission denied", self.err)

    def test_named_file_is_always_tried(self):
        self.capture("noname", "WARN")
        self.assertEqual(self.run_tool("noname"), 1)


HOSTILE = ("with space.pcap", "new\nline.pcap", "esc\x1b]0;title\x07\x1b[2J.pcap", "--full.pcap", "-.pcap",
           "=cmd.pcap", "rtl\u202egnp.pcap", "c1\x9b2J.pcap", 'quo"te\'.pcap', "$(id).pcap", "<b>&.pcap")


class HostileNames(Case):
    def setUp(self):
        super().setUp()
        self.names = [self.capture(name, "FAIL" if at % 2 else "ERROR") for at, name in enumerate(HOSTILE)]
        raw = os.fsencode(self.here) + b"/\xff\x1b[1m.pcap"
        with open(raw, "w") as file:
            json.dump({"result": "OK"}, file)
        self.names.append(os.fsdecode(b"\xff\x1b[1m.pcap"))

    def check(self, *arguments):
        self.assertEqual(self.run_tool(*arguments, "--", *self.names), 4)
        self.assertTrue(is_harmless(self.out + self.err), (self.out + self.err).encode())

    def test_text(self):
        self.check()
        self.assertIn("==> new\\x0aline.pcap <==", self.out)
        self.assertIn("FAIL   ./--full.pcap", self.out)
        self.assertIn(" fail=5 ", self.out)
        self.assertIn(" ok=1 ", self.out)

    def test_json(self):
        self.check("--format", "json")
        self.assertIn("new\nline.pcap", {record["file"] for record in self.records()})

    def test_csv(self):
        self.run_tool("--format", "csv", "--", *self.names)
        rows = list(csv.reader(io.StringIO(self.out)))
        self.assertIn("./--full.pcap", [row[0] for row in rows])
        self.assertFalse([row for row in rows if row[0][:1] in "=+-@"])

    def test_folder(self):
        self.check("--format", "html", "--output", "out/")
        self.assertTrue(all(map(is_harmless, os.listdir(self.here / "out"))))
        index = (self.here / "out" / "index.html").read_text()
        self.assertNotIn("<b>", index)
        self.assertTrue(is_harmless(index))


class Outputs(Case):
    def setUp(self):
        super().setUp()
        self.capture("a/x.pcap", "OK", extra='two\nlines, "quoted"')
        self.capture("b/x.pcap", "FAIL", failed=1)
        self.capture("bad.pcap", "ERROR")
        self.names = ("a", "b/x.pcap", "bad.pcap")

    def test_json(self):
        self.assertEqual(self.run_tool("--format", "json", *self.names), 4)
        records = self.records()
        self.assertEqual({next(iter(record)) for record in records}, {"file"})
        self.assertEqual([(r["file"], r["type"]) for r in records],
                         [("a/x.pcap", "negotiation"), ("a/x.pcap", "result"), ("b/x.pcap", "negotiation"),
                          ("b/x.pcap", "result"), ("bad.pcap", "unread")])
        self.assertIn("FAIL   b/x.pcap", self.err)
        self.assertIn("ikex-report: result=ERROR files=3", self.err)

    def test_json_of_what_is_not_there(self):
        self.assertEqual(self.run_tool("--format", "json", "none.pcap"), 4)
        self.assertEqual(self.records(), [{"file": "none.pcap", "schema": 1, "type": "unread",
                                           "message": "cannot be read: No such file or directory"}])

    def test_json_of_one(self):
        self.assertEqual(self.run_tool("--format", "json", "b/x.pcap"), 2)
        self.assertEqual({record["file"] for record in self.records()}, {"b/x.pcap"})
        self.assertEqual(self.err, "")

    def test_csv(self):
        self.assertEqual(self.run_tool("--format", "csv", *self.names), 4)
        self.assertEqual(list(csv.reader(io.StringIO(self.out))), [
            ["file", "sa", "text"], ["a/x.pcap", "0", 'two\nlines, "quoted"'], ["b/x.pcap", "0", ""]])
        self.assertIn("FAIL   b/x.pcap  errors=0 warnings=0 notes=0 failed=1", self.err)

    def test_merged(self):
        for style in ("text", "json", "csv"):
            self.run_tool("--format", style, *self.names)
            reports = self.out[:self.out.index("OK     a/x.pcap")] if style == "text" else self.out
            self.assertEqual(self.run_tool("--format", style, "--output", "all", *self.names), 4)
            self.assertEqual((self.here / "all").read_text(), reports)
            self.assertIn("FAIL   b/x.pcap", self.out)
            self.assertEqual(stat.S_IMODE((self.here / "all").stat().st_mode), 0o666 & ~self.umask())
        self.assertEqual(sorted(os.listdir(self.here)), ["a", "all", "b", "bad.pcap"])

    def umask(self):
        old = os.umask(0)
        os.umask(old)
        return old

    def test_folder(self):
        for style, extension in (("text", "txt"), ("json", "jsonl"), ("csv", "csv"), ("html", "html")):
            self.assertEqual(self.run_tool("--format", style, "--output", f"out-{style}/", *self.names), 4)
            names = [f"x.pcap.{extension}", f"x.pcap-2.{extension}"]
            if style == "html":
                names.append("index.html")
            if style == "json":
                names.append(f"bad.pcap.{extension}")
            found = set(os.listdir(self.here / f"out-{style}"))
            self.assertLessEqual(set(names[:2]), found)
            self.assertLessEqual(found, set(names))
            self.assertIn("ikex-report: result=ERROR files=3", self.out)

    def test_html(self):
        self.run_tool("--format", "html", "--output", "out/", *self.names)
        self.assertEqual((self.here / "out" / "x.pcap-2.html").read_text(), "<!DOCTYPE html>\n<p>FAIL</p>\n")
        index = (self.here / "out" / "index.html").read_text()
        self.assertIn('<a href="x.pcap-2.html">b/x.pcap</a>', index)
        self.assertIn("bad.pcap", index)
        self.assertEqual(self.run_tool("--format", "html", "b/x.pcap"), 2)
        self.assertEqual(self.out, "<!DOCTYPE html>\n<p>FAIL</p>\n")

    def test_device(self):
        self.assertEqual(self.run_tool("--output", "/dev/null", "b/x.pcap"), 2)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_full_disk(self):
        self.capture("big.pcap", extra="x" * 100000)
        self.assertEqual(self.run_tool("--output", "/dev/full", "big.pcap"), 7)
        self.assertIn("cannot be written", self.err)


class Keys(Case):
    def setUp(self):
        super().setUp()
        self.capture("a.pcap")
        (self.base / "both").write_text(f"# a remark\n{KEY_1}\n\n{KEY_2}\n")

    def tables(self):
        return {pathlib.Path(path).name: what for call in self.calls() for path, what in call["keys"].items()}

    def check_secret(self):
        for call in self.calls():
            self.assertNotIn("0011223344", " ".join(call["arguments"]))
        self.assertNotIn("0011223344", self.out + self.err)

    def test_in_a_private_folder(self):
        self.assertEqual(self.run_tool("--keys", str(self.base / "both"), "a.pcap"), 0)
        self.assertEqual(self.tables(), {"ikev1_decryption_table": ["0o100600", "0o40700", KEY_1 + "\n"],
                                         "ikev2_decryption_table": ["0o100600", "0o40700", KEY_2 + "\n"]})
        self.check_secret()

    def test_with_those_of_the_user(self):
        for place in (".config/wireshark", ".config/wireshark/profiles/mine"):
            folder = self.base / "home" / place
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "ikev1_decryption_table").write_text(f"1111111111111111,{place[-4:].encode().hex()}\n")
        for arguments, own in (((), "hark"), (("--profile", "Default"), "hark"), (("--profile", "mine"), "mine")):
            for path in self.log.iterdir():
                path.unlink()
            self.run_tool(*arguments, "--keys", str(self.base / "both"), "a.pcap")
            self.assertEqual(self.tables()["ikev1_decryption_table"][2],
                             f"1111111111111111,{own.encode().hex()}\n{KEY_1}\n")
        self.assertEqual((self.base / "home/.config/wireshark/ikev1_decryption_table").read_text(),
                         f"1111111111111111,{'hark'.encode().hex()}\n")

    def test_with_a_profile_that_is_not_there(self):
        self.run_tool("--profile", "none", "--keys", str(self.base / "both"), "a.pcap")
        self.assertEqual(self.tables(), {})

    def test_wrong(self):
        (self.base / "bad").write_text("0011223344,no\n")
        self.assertEqual(self.run_tool("--keys", str(self.base / "bad"), "a.pcap"), 5)
        self.assertIn(":1: this line is neither", self.err)
        self.check_secret()

    def test_that_tshark_does_not_like(self):
        self.capture("a.pcap", stderr="tshark: Error loading table 'IKEv1 Decryption Table': 0011223344")
        self.run_tool("--keys", str(self.base / "both"), "a.pcap")
        self.assertIn("a table of keys is not accepted", self.err)
        self.check_secret()

    def test_tcp_is_kept(self):
        self.run_tool("--keys", str(self.base / "both"), "a.pcap")
        arguments = self.calls()[0]["arguments"]
        self.assertNotIn("tcp", arguments)
        self.assertIn("tls", arguments)


if __name__ == "__main__":
    unittest.main()
