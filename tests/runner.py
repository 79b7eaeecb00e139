# SPDX-License-Identifier: GPL-2.0-or-later
"""How the tests run tshark, and read what it prints about fields."""
import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TIMEOUT_S = 60
SANITIZER_WORDS = ("AddressSanitizer", "runtime error")


class Failure(Exception):
    """Why a test failed, for the person who reads the output."""


def new_parser(about):
    """A command line with what all tests have that run tshark on many captures."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tshark", default="tshark", metavar="CMD",
                        help="the tshark to run, with arguments if need be")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    return parser


def give_up(why):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {why}")


def side_by_side(function, items, jobs):
    """What the function returns for each item, in order. A Failure ends the program."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        try:
            yield from pool.map(function, items)
        except Failure as failure:
            give_up(failure)


def tshark_environment():
    """The environment of every tshark that a test starts: UTC, no preferences of the user.

    WIRESHARK_CONFIG_DIR moves the preferences only; the personal plugin folder stays."""
    environment = dict(os.environ, TZ="UTC")
    environment.setdefault("WIRESHARK_CONFIG_DIR", os.path.join(tempfile.gettempdir(), "ikex-none"))
    return environment


def public_temp_dir():
    """A temporary folder that tshark can read even when it runs as another user."""
    folder = tempfile.TemporaryDirectory(prefix="ikex-test-")
    os.chmod(folder.name, 0o755)
    return folder


def run(tshark, *arguments):
    """Run tshark and return the finished process, its output as text."""
    command = shlex.split(tshark) + list(arguments)
    return subprocess.run(command, capture_output=True, text=True, errors="replace",
                          timeout=TIMEOUT_S, env=tshark_environment())


@dataclasses.dataclass(frozen=True)
class Runner:
    """How to start tshark where it must not fail: plain or with the sanitizer library."""
    tshark: str
    asan: str = ""
    timeout_s: int = TIMEOUT_S

    def environment(self):
        environment = tshark_environment()
        if self.asan:
            environment.update(LD_PRELOAD=self.asan,
                               ASAN_OPTIONS="detect_leaks=0:abort_on_error=0:halt_on_error=1",
                               UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1",
                               WIRESHARK_DEBUG_WMEM_OVERRIDE="simple")
        return environment

    def run(self, capture, arguments):
        """What tshark prints; raises Failure when it fails in any way."""
        command = [*shlex.split(self.tshark), "-n", "-r", str(capture), *arguments]
        try:
            out = subprocess.run(command, capture_output=True, env=self.environment(),
                                 timeout=self.timeout_s)
        except subprocess.TimeoutExpired:
            raise Failure(f"runs longer than {self.timeout_s} s") from None
        except OSError as error:
            raise Failure(f"cannot start tshark: {error}") from None
        stdout = out.stdout.decode(errors="replace")
        stderr = out.stderr.decode(errors="replace")
        if self.asan and any(word in stderr for word in SANITIZER_WORDS):
            raise Failure(f"sanitizer report\n{indent(stderr)}")
        if out.returncode:
            raise Failure(f"tshark exit {out.returncode}\n{indent(stderr, 20)}")
        if not stdout.strip():
            raise Failure(f"tshark prints nothing\n{indent(stderr, 20)}")
        if re.search(r"dissector bug, protocol ikex", stdout + stderr, re.IGNORECASE):
            raise Failure(f"dissector bug in ikex\n{indent(stderr)}")
        return stdout


def require_sanitized(runner):
    """End the program unless the plugin that tshark loads is built with AddressSanitizer.

    Without the library preloaded, a sanitized plugin ends the process as it is loaded, and says why."""
    if not pathlib.Path(runner.asan).is_file():
        give_up(f"there is no {runner.asan}: --asan wants what gcc -print-file-name=libasan.so prints")
    words = run(runner.tshark, "-r", os.devnull).stderr
    if not re.search(r"ASan runtime does not come first|undefined symbol: __asan", words):
        give_up("the plugin that tshark loads is not sanitized, or there is none: build it with -DIKEX_SANITIZE=ON, "
                f"and put it into a folder WIRESHARK_PLUGIN_DIR\n{indent(words, 20)}")


def indent(text, limit=60):
    """The text as an indented block, cut in the middle when it is long."""
    lines = text.rstrip().splitlines()
    if len(lines) > limit:
        half = limit // 2
        lines = [*lines[:half], f"({len(lines) - 2 * half} lines left out)", *lines[-half:]]
    return "\n".join("    " + line for line in lines)


def field_arguments(names):
    """The arguments that make tshark print these fields, all values of each, a line per frame."""
    return ["-T", "fields", "-E", "separator=/t", "-E", "occurrence=a", "-E", "aggregator=,",
            *(x for name in names for x in ("-e", name))]


def parse_fields(text, names):
    """Lines of field_arguments() as [{name: [values]}]."""
    rows = (line.split("\t") + [""] * len(names) for line in text.splitlines())
    return [{name: [x for x in cell.split(",") if x] for name, cell in zip(names, row)} for row in rows]
