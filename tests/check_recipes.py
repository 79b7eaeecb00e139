#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check the recipes of docs/batch.md: several hosts that share captures, and a database of their reports.

usage: check_recipes.py [unittest options]

Hosts are folders, and tshark is a stand-in (report/fake_tshark.py). Needs parallel and sqlite3; without rsync
the recipe that copies captures is skipped. The account that runs this may have no login shell, which parallel
would then run commands with: SHELL is set, as docs/batch.md says.
"""
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
from report.case import PATIENCE_S, TOP, Case  # noqa: E402  (after that)

FAKE_SSH = """#!/bin/sh
# ssh [OPTION].. HOST COMMAND..: the host is a folder of this machine
while :; do
    case $1 in -[lpioF]) shift 2 ;; -*) shift ;; *) break ;; esac
done
mkdir -p "$HOSTS_HOME/$1"
cd "$HOSTS_HOME/$1" && shift
[ "$1" = -- ] && shift
HOME=$PWD exec sh -c "$*"
"""


class Recipes(Case):
    """The commands of docs/batch.md, as they stand there."""

    def setUp(self):
        super().setUp()
        text = (TOP / "docs" / "batch.md").read_text()
        shell = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
        self.shared, self.copied, self.status, self.database = shell
        self.queries = re.findall(r"^```sql\n(.*?)^```$", text, re.M | re.S)
        ssh = self.base / "bin" / "ssh"
        ssh.write_text(FAKE_SSH)
        ssh.chmod(0o755)
        self.environment.update(CAPTURES=str(self.here / "captures"), HOSTS="host1,host2", REPORT=self.tool,
                                HOSTS_HOME=str(self.base / "hosts"), PARALLEL_SSH=str(ssh),
                                RSYNC_RSH=str(ssh), SHELL="/bin/sh")
        for n in range(40):
            self.capture(f"captures/{n % 3}/{n} x.pcap", "FAIL" if n % 4 == 0 else "OK", records=self.found(n))
        self.capture("captures/bad.pcap", "ERROR")
        (self.here / "captures" / "notes.tar.gz").write_text("no capture, nor named like one")

    def found(self, n):
        """What is in capture number n: two negotiations with one of three responders."""
        failed = n % 4 == 0
        peer = f"192.0.2.{n % 3}"
        yield {"type": "negotiation", "sa": 0, "result": "FAIL" if failed else "OK", "responder": peer,
               "verdict": "mm1_noresp" if failed else None}
        yield {"type": "negotiation", "sa": 1, "result": "OK", "responder": peer, "verdict": None}
        if failed:
            yield {"type": "finding", "id": "mm1_noresp", "severity": "WARN", "sa": 0}

    def capture(self, name, result="OK", **more):
        more["records"] = list(more.get("records", ()))
        return super().capture(name, result, **more)

    def shell_command(self, script):
        done = subprocess.run(["bash", "-c", script], cwd=self.here, env=self.environment, capture_output=True,
                              text=True, timeout=PATIENCE_S)
        self.err = done.stderr
        return done.returncode

    def query(self, sql):
        done = subprocess.run(["sqlite3", "batch.db"], input=sql, cwd=self.here, capture_output=True, text=True,
                              timeout=PATIENCE_S)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [line.split("|") for line in done.stdout.splitlines()]

    def check_merged(self, name):
        records = self.records((self.here / f"{name}.jsonl").read_text())
        self.assertTrue(records, (self.here / f"{name}.err").read_text() + self.err)
        ends = [record for record in records if record["type"] in ("result", "unread")]
        self.assertEqual(len({record["file"] for record in ends}), 41)
        self.assertEqual(len(ends), 41)
        self.assertEqual(len(records), 40 * 4 + 10 + 1)
        self.assertEqual(len(os.listdir(self.base / "hosts")), 2, "both hosts have work")

    def test_shared(self):
        self.shell_command(self.shared)
        self.check_merged("batch")
        self.assertEqual(self.shell_command(self.status), 4)
        log = (self.here / "batch.log").read_text()
        for ended, total in (("3\t0", 2), ("0\t9", 4), ("255\t0", 4)):
            (self.here / "batch.log").write_text(re.sub(r"\t4\t0\t", f"\t{ended}\t", log))
            self.assertEqual(self.shell_command(self.status), total, ended)
        self.assertEqual(self.shell_command(self.database), 0, self.err)
        trouble, findings, peers = map(self.query, self.queries)
        self.assertEqual((len(trouble), trouble[0][1], trouble[1][1]), (11, "ERROR", "FAIL"))
        self.assertEqual(findings, [["mm1_noresp", "WARN", "10", "10"]])
        self.assertEqual(peers, [["192.0.2.0", "4", "28", "mm1_noresp"], ["192.0.2.1", "3", "26", "mm1_noresp"],
                                 ["192.0.2.2", "3", "26", "mm1_noresp"]])

    @unittest.skipUnless(shutil.which("rsync"), "rsync is missing")
    def test_copied(self):
        self.shell_command(self.copied)
        self.check_merged("copied")
        self.assertEqual(len(list((self.here / "captures").rglob("*.pcap"))), 41)
        self.assertEqual(list((self.base / "hosts").rglob("*.pcap")), [], "copies are left")


if __name__ == "__main__":
    unittest.main()
