# SPDX-License-Identifier: GPL-2.0-or-later
"""Questions to sharkd, which keeps a capture open as the GUI does: it reads it once, dissects frames again
when they are asked for, and taps again for each table."""
import json
import subprocess

from check_load import STABLE_FIELDS
from runner import SANITIZER_WORDS, TIMEOUT_S, Failure, indent

FILTERS = ("ikex", "ikex.analysis", "ikex.diag.severity >= 3")
TAPS = ("expert", "conv:UDP", "expert", "nstat:ikex,table", "stat:ikex", "srt:ikex")


def load(capture):
    return ("load", {"file": str(capture)})


def set_preference(name, value):
    return ("setconf", {"name": name, "value": value})


def questions(frames, mark):
    """All that a capture of so many frames is asked. sharkd keeps what a filter found, by its text, beyond the
    capture, so each time the texts must be others: the mark, a number, makes them so."""
    columns = {f"column{n}": f"{name}:0" for n, name in enumerate(STABLE_FIELDS)}
    yield ("frames", {})
    yield ("frames", columns)
    for name in FILTERS:
        yield ("frames", {"filter": f"({name}) && frame.number != {10 ** 6 + mark}"})
    for tap in TAPS:
        yield ("tap", {"tap0": tap})
    for number in range(1, frames + 1):
        yield ("frame", {"frame": number, "proto": True, "columns": True})
    yield ("frames", {})


def ask(requests, command=("sharkd", "-"), environment=None, timeout_s=TIMEOUT_S):
    """What one sharkd answers to these requests, one after the other; raises Failure when it fails."""
    lines = (json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters})
             for number, (method, parameters) in enumerate(requests, 1))
    done = subprocess.run(command, input="".join(f"{line}\n" for line in lines), capture_output=True, text=True,
                          errors="replace", env=environment, timeout=timeout_s)
    if done.returncode or any(word in done.stderr for word in SANITIZER_WORDS):
        raise Failure(f"sharkd exit {done.returncode}\n{indent(done.stderr)}")
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    if len(answers) != len(requests):
        raise Failure(f"sharkd gives {len(answers)} answers to {len(requests)} requests\n{indent(done.stderr)}")
    return [answer.get("result", answer.get("error")) for answer in answers]
