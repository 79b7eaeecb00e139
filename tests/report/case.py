# SPDX-License-Identifier: GPL-2.0-or-later
"""What the checks of ikex-report share: a copy of it, captures for a stand-in for tshark, and a run of it."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
TESTS, TOP = HERE.parent, HERE.parent.parent
FAKE = HERE / "fake_tshark.py"
PATIENCE_S = 60
KEY_1 = "0123456789abcdef,00112233445566778899aabbccddeeff"  # as a line of ikev1_decryption_table


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def install(top):
    """A copy of ikex-report that is no checkout; returns its path."""
    (top / "tools").mkdir(parents=True)
    shutil.copy(TOP / "tools" / "ikex-report", top / "tools")
    shutil.copytree(TOP / "tools" / "lib", top / "tools" / "lib")
    return str(top / "tools" / "ikex-report")


def heed_interrupts():
    """What a shell starts in the background ignores Ctrl+C, and so would all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Case(unittest.TestCase):
    """A test with a copy of ikex-report that is no checkout, a folder for captures, and a stand-in for tshark."""

    fake = True

    def setUp(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="ikex-check-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        for name in ("bin", "in", "log", "tmp", "home"):
            (self.base / name).mkdir()
        self.here, self.log = self.base / "in", self.base / "log"
        self.tool = install(self.base / "copy")
        self.environment = {**os.environ, "TMPDIR": str(self.base / "tmp"), "TZ": "UTC"}
        if self.fake:
            (self.base / "bin" / "tshark").symlink_to(FAKE)
            self.environment.update(PATH=f"{self.base / 'bin'}:{os.environ['PATH']}",
                                    HOME=str(self.base / "home"), FAKE_LOG=str(self.log))
            for name in ("WIRESHARK_CONFIG_DIR", "XDG_CONFIG_HOME"):
                self.environment.pop(name, None)

    def capture(self, name, result="OK", **more):
        """Write a capture for the stand-in; returns its name as ikex-report is to be given it."""
        path = self.here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("no capture" if result == "ERROR" else json.dumps({"result": result, **more}))
        return name

    def start(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "preexec_fn": heed_interrupts, **options}
        return subprocess.Popen([self.tool, *arguments], cwd=self.here, env=self.environment,
                                stdin=subprocess.DEVNULL, **options)

    def run_tool(self, *arguments, patience=PATIENCE_S):
        """Run to the end: sets code, out and err; nothing temporary may be left."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.communicate()
            self.fail(f"runs longer than {patience} s")
        self.code, self.out, self.err = process.returncode, out.decode(), err.decode()
        self.assertNotIn("Traceback", self.err)
        self.assertEqual(os.listdir(self.base / "tmp"), [], "temporary files are left")
        return self.code

    def calls(self):
        return [json.loads(path.read_text()) for path in self.log.iterdir()]

    def records(self, text=None):
        return [json.loads(line) for line in (self.out if text is None else text).splitlines()]
