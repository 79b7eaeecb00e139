#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that nothing of a capture stays behind when it is closed, read again or reset in the middle.

usage: check_life.py [--asan LIB] [--quick] [unittest options]

sharkd stands in for the GUI. With --asan its library is preloaded, and captures are read in many ways to see that
nothing is used after it was freed; without it valgrind, where it is there, looks for blocks that nothing refers
to any more. check_live.py does the same for captures that grow.
"""
import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
from check_load import REPORTS, STABLE_FIELDS  # noqa: E402  (after that)
from life import sharkd  # noqa: E402
from runner import Runner, field_arguments, public_temp_dir, require_sanitized  # noqa: E402
from truth import CAPTURES, key_lines  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "lib"))
import pcapfile  # noqa: E402

OPTIONS = argparse.Namespace(asan="", quick=False)
FIELDS = field_arguments(["frame.number", *STABLE_FIELDS])
PATIENCE_S = 300  # under valgrind, on a busy machine


def capture(name):
    return CAPTURES / f"{name}.pcapng"


def count(name):
    return len(pcapfile.read(capture(name)).frames)


def runner():
    return Runner("tshark", OPTIONS.asan)


def few(items):
    """All of them, or with --quick the first two."""
    return items[:2] if OPTIONS.quick else items


class Case(unittest.TestCase):
    longMessage = False

    def setUp(self):
        self.folder = self.temp_dir()

    def temp_dir(self):
        folder = public_temp_dir()
        self.addCleanup(folder.cleanup)
        return folder.name

    def cut(self, name, pieces):
        """A new capture of these frames, from (included) to (not included)."""
        frames = pcapfile.read(capture(name)).frames[slice(*pieces)]
        path = pathlib.Path(self.folder) / f"{name}-{pieces[0]}-{pieces[1]}.pcapng"
        pcapfile.write(path, pcapfile.Capture(frames))
        path.chmod(0o644)
        return path

    def assert_same(self, found, due, about):
        """Of two lists the first difference, since all of them would be too long to read."""
        for number, (one, other) in enumerate(zip(found, due)):
            self.assertEqual(one, other, f"{about}: item {number} is\n{one}\nand should be\n{other}")
        self.assertEqual(len(found), len(due), f"{about}: {len(found)} items, should be {len(due)}")


# --- a capture is opened, and another one ---------------------------------------------------------------

RELOADED = ["psk-mismatch-info", "ipfrag-dropped", "ikev2-tcp", "psk-main-mode", "not-ike", "esp-rekey-overlap",
            "icmp-filtered", "ikev2-psk", "cert-nat-ikefrag", "peers-ikev2"]
# name of a capture, what is changed, what it is by default
CHANGES = [
    ("responder-down", [("ikex.patience", "500", "5")]),
    ("ikev2-tcp", [("tcp.desegment_tcp_streams", "FALSE", "TRUE"), ("udp.try_heuristic_first", "TRUE", "FALSE")]),
    ("psk-mismatch-info", [("ikex.info_column", "FALSE", "TRUE")]),
    ("psk-mismatch-info", [("ikex.patience", "1", "5")]),
    ("ipfrag-dropped", [("ip.defragment", "FALSE", "TRUE")]),
    ("esp-null-tunnel", [("esp.enable_null_encryption_decode_heuristic", "TRUE", "FALSE")]),
]
WITH_KEYS = ("psk-main-mode", "ikev2-psk")


def key_folder(folder):
    """Preferences with the keys of some captures."""
    for name in WITH_KEYS:
        for table, lines in key_lines(capture(name)).items():
            with (pathlib.Path(folder) / table).open("a") as file:
                file.writelines(f"{line}\n" for line in lines)


class Sharkd(Case):
    """What one process says of a capture after others is what another process says that never saw those."""

    mark = 0

    def setUp(self):
        super().setUp()
        key_folder(self.folder)

    def ask(self, requests):
        return sharkd.ask(requests, environment={**runner().environment(), "WIRESHARK_CONFIG_DIR": self.folder})

    def visit(self, name, changes=()):
        """Change preferences, open the capture, ask for everything."""
        Sharkd.mark += 1
        return [*(sharkd.set_preference(*change) for change in changes), sharkd.load(capture(name)),
                *sharkd.questions(count(name), Sharkd.mark)]

    def fresh(self, name, changes=()):
        return self.ask(self.visit(name, changes))[len(changes):]

    def check_visits(self, visits, due):
        """Each visit is a name and changes of preferences; what it is to say depends on the number of the visit."""
        visits = list(visits)
        requests = [self.visit(*visit) for visit in visits]
        answers = self.ask([request for of_visit in requests for request in of_visit])
        for number, ((name, changes), of_visit) in enumerate(zip(visits, requests)):
            found, answers = answers[:len(of_visit)], answers[len(of_visit):]
            with self.subTest(visit=number, capture=name, changes=changes):
                self.assert_same(found[len(changes):], due(number), name)

    def test_has_something_to_compare(self):
        answers = self.fresh("psk-mismatch-info")
        self.assertIn("ikex.diag.id", str(answers), "the answers hold nothing of ikex")
        expert = next(tap["details"] for answer in answers if isinstance(answer, dict)
                      for tap in answer.get("taps", ()) if tap["type"] == "expert")
        self.assertEqual({item["p"] for item in expert}, {"IKEX"}, "the list of expert information lacks findings")
        for name in WITH_KEYS:
            self.assertIn("ikex.id.initiator", str(self.fresh(name)), "nothing is decrypted")

    def test_reload(self):
        names = RELOADED[:4] if OPTIONS.quick else RELOADED
        due = {name: self.fresh(name) for name in names}
        visits = [*names, *reversed(names)] # the one in the middle is read again at once
        self.check_visits(((name, ()) for name in visits), lambda number: due[visits[number]])

    def test_preferences_and_reload(self):
        """And back again: the first visit and the last are those of someone who changes nothing."""
        for name, changes in few(CHANGES):
            there, back = ([(row[0], row[n]) for row in changes] for n in (1, 2))
            plain, changed = self.fresh(name), self.fresh(name, there)
            self.check_visits([(name, ()), (name, there), (name, back)],
                              lambda number: changed if number == 1 else plain)

    def test_preferences_that_matter(self):
        """Else the test before this one shows little."""
        for name, changes in CHANGES[0], CHANGES[2]:
            there = [row[:2] for row in changes]
            self.assertNotEqual(self.fresh(name), self.fresh(name, there), f"{changes} of {name}")

    def test_preferences_of_the_open_capture(self):
        """Frames that are dissected again show what the first pass noted, whatever the preferences are by now."""
        before, after = {}, {}
        for changes, answers in ((), before), ({"ip.defragment": "FALSE", "ikex.patience": "1"}.items(), after):
            requests = [sharkd.load(capture("cert-ipfrag")), *(sharkd.set_preference(*x) for x in changes),
                        ("frames", {"column0": "ikex.msg:0", "column1": "ikex.diag.id:0"})]
            answers["frames"] = [row["c"] for row in self.ask(requests)[-1]]
        self.assertEqual(before, after, f"{before}\nbecomes\n{after}")
        info = self.ask([sharkd.load(capture("cert-ipfrag")), ("frames", {}),
                         sharkd.set_preference("ikex.info_column", "FALSE"), ("frames", {})])
        self.assertIn("[MM1 SA#0]", info[1][0]["c"][-1])
        self.assertNotIn("SA#", info[3][0]["c"][-1])

    def test_files_that_cannot_be_opened(self):
        """The capture of before is closed by then, or is still open: either way, no answer is a mixture."""
        bad = pathlib.Path(self.folder) / "bad.pcapng"
        bad.write_bytes(b"no capture at all")
        rest = self.visit("psk-mismatch-info")
        answers = self.ask([*self.visit("ikev2-tcp"), sharkd.load(bad), ("frames", {}), *rest])
        self.assert_same(answers[-len(rest):], self.fresh("psk-mismatch-info"), "after a bad file")


# --- tshark -M: the session is reset in the middle ------------------------------------------------------

RESET = {"psk-mismatch-info": 7, "ikev2-tcp": 5, "ipfrag-dropped": 3, "esp-rekey-overlap": 50}
FILTERS = ("", ',ikex.msg contains "1"', ",format=json,ikex.sa == 0")


class SessionReset(Case):
    """`tshark -M N` says of each N frames what it says of a capture of these alone."""

    def pieces(self, name, n):
        frames = count(name)
        return [self.cut(name, (start, min(start + n, frames))) for start in range(0, frames, n)]

    def check_fields(self, name, n):
        found = runner().run(capture(name), ["-M", str(n), *FIELDS])
        due = "".join(runner().run(piece, FIELDS) for piece in self.pieces(name, n))
        self.assert_same(found.splitlines(), due.splitlines(), f"{name} -M {n}")

    def test_fields(self):
        for name, n in few(list(RESET.items())):
            with self.subTest(capture=name, n=n):
                self.check_fields(name, n)

    def check_reports(self, name, n):
        """A report speaks of what came after the last reset."""
        words = ["-q", *(word for report in REPORTS for text in FILTERS for word in ("-z", f"ikex,{report}{text}"))]
        self.assert_same(runner().run(capture(name), ["-M", str(n), *words]).splitlines(),
                         runner().run(self.pieces(name, n)[-1], words).splitlines(), f"{name} -M {n}")

    def test_reports(self):
        for name, n in few(list(RESET.items())):
            with self.subTest(capture=name, n=n):
                self.check_reports(name, n)


# --- several windows with statistics --------------------------------------------------------------------

WINDOWS = ['ikex,sa,ikex.msg == "MM1"', "ikex,sa,ikex.sa == 1", "ikex,sa", "ikex,diag,ip.src == 192.0.2.99",
           "ikex,diag,ikex.sa == 2", "ikex,stat", "ikex,stat,ikex.diag.id"]


class Windows(Case):
    """Reports with filters of their own do not see each other. tshark draws the last one first."""

    def check(self, name, reports, *before):
        alone = [runner().run(capture(name), [*before, "-q", "-z", report]) for report in reports]
        together = runner().run(capture(name), [*before, "-q", *(word for x in reports for word in ("-z", x))])
        self.assert_same(together.splitlines(), "".join(reversed(alone)).splitlines(), f"{name} {reports}")

    def test_with_filters(self):
        for name, before in few([("attempts-repeated", ()), ("ikev2-redundant", ("-2",))]):
            with self.subTest(capture=name, before=before):
                self.check(name, WINDOWS, *before)

    def test_the_same_twice(self):
        self.check("psk-mismatch-info", ["ikex,sa", "ikex,sa", "ikex,log,format=csv", "ikex,log,format=csv"])

    def test_beside_those_of_wireshark(self):
        self.check("ikev2-tcp", ["ikex,sa,tcp", "conv,tcp", "ikex,diag", "expert", "io,stat,1,ikex.sa"])


class Table(Case):
    def test_one_pass(self):
        """Wireshark's own tables are printed after the end, so they know what was never answered."""
        for name in few(["port4500-blocked", "attempts-repeated"]):
            with self.subTest(capture=name):
                once, twice = (runner().run(capture(name), [*before, "-q", "-z", "ikex,table"])
                               for before in ((), ("-2",)))
                self.assertIn("|FAIL ", twice)
                self.assert_same(once.splitlines(), twice.splitlines(), name)


# --- expert information without a tree ------------------------------------------------------------------

class Expert(Case):
    def test_two_passes(self):
        """Wireshark builds no tree for the list of expert information, nor does tshark in a second pass."""
        ids = {}
        for before in ((), ("-2",)):
            text = runner().run(capture("psk-mismatch-info"), [*before, "-q", "-z", "expert"])
            ids[before] = sorted(re.findall(r"IKEX +(.*)", text))
        self.assertTrue(ids["-2",], "nothing of ikex")
        self.assertIn("The responder rejects MM5", " ".join(ids["-2",]))

    def highest_severity(self, library, name, *arguments):
        out = subprocess.run(["tshark", "-n", "-r", capture(name), *arguments], capture_output=True, text=True,
                             env={**runner().environment(), "LD_PRELOAD": str(library)}, timeout=PATIENCE_S)
        return re.search(r"^highest severity: (\w+)", out.stderr, re.MULTILINE)[1]

    @unittest.skipUnless(shutil.which("gcc"), "gcc is missing")
    def test_severity(self):
        """Wireshark knows the highest severity, by which the GUI colours a button, when nobody asks for more."""
        if OPTIONS.asan:
            self.skipTest("something else is preloaded")
        library = pathlib.Path(self.folder) / "severity.so"
        source = pathlib.Path(__file__).resolve().parent / "life" / "severity.c"
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        for name, due in (("psk-mismatch-info", "0x600000"), ("ikev2-psk-gcm-x25519", "0")):
            for arguments in (("-2",), ("-2", "-V"), ("-2", "-q", "-z", "expert")):
                with self.subTest(capture=name, arguments=arguments):
                    self.assertEqual(self.highest_severity(library, name, *arguments), due)


# --- leaks ----------------------------------------------------------------------------------------------

OURS = re.compile(r"ikex?_|^(open|close)_capture$|^dissect_ikex$")


def is_ours(frame):
    return OURS.search(frame.findtext("fn", "")) or frame.findtext("obj", "").endswith("/ikex.so")


def complaints(path):
    """What valgrind says that has to do with the plugin: kind, and the innermost of its functions."""
    for error in xml.etree.ElementTree.parse(path).getroot().iter("error"):
        ours = [frame.findtext("fn", "?") for frame in error.iter("frame") if is_ours(frame)]
        if ours and error.findtext("kind") not in ("Leak_StillReachable", "Leak_PossiblyLost"):
            yield f"{error.findtext('kind')}: {' < '.join(ours[:4])}"


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is missing")
class Leaks(Case):
    """valgrind keeps the names of functions when Wireshark unloads the plugin before it ends."""

    def setUp(self):
        super().setUp()
        if OPTIONS.asan:
            self.skipTest("valgrind and the sanitizer do not go together")
        self.xml = pathlib.Path(self.folder) / "valgrind.xml"
        self.valgrind = ["valgrind", "--leak-check=full", "--keep-debuginfo=yes", "--num-callers=40",
                         "--child-silent-after-fork=yes", "--xml=yes", f"--xml-file={self.xml}"]
        self.environment = {**runner().environment(), "G_SLICE": "always-malloc", "G_DEBUG": "gc-friendly",
                            "WIRESHARK_DEBUG_WMEM_OVERRIDE": "simple"}

    def assert_clean(self):
        found = list(complaints(self.xml))
        self.assertEqual(found, [], "\n".join(found))

    def tshark(self, *arguments):
        done = subprocess.run([*self.valgrind, "tshark", "-n", *map(str, arguments)], capture_output=True,
                              text=True, env=self.environment, timeout=PATIENCE_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("ikex: result=", done.stdout)
        self.assert_clean()

    def test_reports(self):
        reports = [f"ikex,{report},format={form}{text}" for report in REPORTS
                   for form, text in (("text", ",ikex.sa == 0"), ("json", ""), ("csv", ""), ("html", ""))]
        self.tshark("-r", capture("peers-ikev2"), "-q", "-2", *(word for x in reports for word in ("-z", x)))

    def test_session_reset(self):
        self.tshark("-r", capture("psk-mismatch-info"), "-M", "5", "-V", "-z", "ikex,report", "-z", "ikex,sa,ikex.sa")

    def test_sharkd(self):
        names = few(["ikev2-tcp", "psk-mismatch-info", "ipfrag-dropped"])
        requests = [request for name in [*names, names[0]] for request in (sharkd.load(capture(name)),
                    *list(sharkd.questions(5, 0))[1:], sharkd.set_preference("ikex.patience", "7"))]
        sharkd.ask(requests, [*self.valgrind, "sharkd", "-"], self.environment, PATIENCE_S)
        self.assert_clean()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--asan", default="", metavar="LIB", help="preload the sanitizer library")
    parser.add_argument("--quick", action="store_true", help="a part")
    rest = parser.parse_known_args(namespace=OPTIONS)[1]
    if OPTIONS.asan:
        require_sanitized(runner())
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
