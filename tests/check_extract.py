#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check that ikex finds the same packets with and without Wireshark's protocol tree.

usage: check_extract.py [--tshark CMD] [--jobs N] [--sample N] [FILE|DIR ..]

All captures of captures/ are written into one file, and that file again with each of their packets in another
link layer or tunnel, on other ports, or cut short. Each is read by tshark in the usual way, which needs no tree,
and with -o ikex.by_tree:TRUE, in two passes; all stable fields and the reports log and sa have to be the same. Each
way also has to show the protocols and the messages that it is made for (tests/tunnels.py).
With FILE or DIR each capture there is compared as it is.
"""
import dataclasses
import pathlib
import re
import sys

from check_load import STABLE_FIELDS
from runner import field_arguments, new_parser, parse_fields, public_temp_dir, run, side_by_side
from truth import CAPTURES

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "lib"))
import pcapfile  # noqa: E402  (found through the line above)
from metamorphic import network_offset  # noqa: E402
from tunnels import REWRITES  # noqa: E402

NAMES = ["frame.number", "frame.protocols", *STABLE_FIELDS]
REPORTS = ["-q", "-z", "ikex,log", "-z", "ikex,sa"]


def captures_below(paths):
    for path in paths:
        if path.is_dir():
            yield from sorted(x for x in path.rglob("*") if x.suffix in (".pcap", ".pcapng", ".cap", ".gz"))
        else:
            yield path


def all_frames():
    return [frame for path in sorted(CAPTURES.glob("*.pcapng")) for frame in pcapfile.read(path).frames]


def rewritten(rewrite, frames):
    """The frames in file order; those without an IP packet are left out."""
    for frame in frames:
        at = network_offset(frame)
        if rewrite.make is None:
            yield dataclasses.replace(frame, data=frame.data[:rewrite.snaplen], interface=0)
        elif at is not None and len(frame.data) == frame.wire_length and len(frame.data) > at + 20:
            for data in rewrite.make(frame.data[at:]):
                yield pcapfile.Frame(frame.time_ns, rewrite.linktype, data[:rewrite.snaplen], len(data))


def difference(tshark, capture, options=(), missing=lambda text: None):
    """None, or the first line that differs, or what is missing in the fields."""
    problem = None
    for arguments in (["-2", *field_arguments(NAMES)], REPORTS):
        usual, by_tree = (run(tshark, "-n", "-o", f"ikex.by_tree:{state}", *options, "-r", str(capture), *arguments)
                          for state in ("FALSE", "TRUE"))
        if usual.returncode or by_tree.returncode:
            return f"exit {usual.returncode} and {by_tree.returncode}: {usual.stderr}{by_tree.stderr}"
        if usual.stdout != by_tree.stdout:
            pairs = zip(usual.stdout.splitlines(), by_tree.stdout.splitlines())
            return str(next(((a, b) for a, b in pairs if a != b), "one is longer"))
        problem = problem or (missing(by_tree.stdout) if arguments is not REPORTS else None)
    return problem


def missing_of(rewrite):
    """What tells whether the fields show what the rewrite is made for."""
    def missing(text):
        rows = parse_fields(text, NAMES)
        labels = sum(bool(row["ikex.msg"]) for row in rows)
        if labels < rewrite.labels:
            return f"{labels} frames with a message, fewer than {rewrite.labels}"
        if not any(re.search(rewrite.protocols, ",".join(row["frame.protocols"])) for row in rows):
            return f"no frame with the protocols {rewrite.protocols}"
        return None
    return missing


def check_rewrite(tshark, folder, frames, rewrite):
    path = pathlib.Path(folder) / f"{rewrite.name.replace(' ', '-')}.pcapng"
    written = list(rewritten(rewrite, frames))
    pcapfile.write(path, pcapfile.Capture(written))
    path.chmod(0o644)
    return rewrite.name, len(written), difference(tshark, path, rewrite.options, missing_of(rewrite))


def main():
    parser = new_parser(__doc__)
    parser.add_argument("--sample", type=int, default=1, metavar="N", help="one way in N")
    parser.add_argument("paths", nargs="*", type=pathlib.Path, metavar="FILE|DIR")
    arguments = parser.parse_args()
    with public_temp_dir() as folder:
        if arguments.paths:
            results = side_by_side(lambda path: (str(path), 1, difference(arguments.tshark, path)),
                                   list(captures_below(arguments.paths)), arguments.jobs)
        else:
            frames = all_frames()
            results = side_by_side(lambda rewrite: check_rewrite(arguments.tshark, folder, frames, rewrite),
                                   REWRITES[::arguments.sample], arguments.jobs)
        results = list(results)
    for name, n, different in results:
        if different or n == 0:
            print(f"check_extract: {name}: {different or 'no frames'}")
    bad = sum(bool(different) or n == 0 for _, n, different in results)
    print(f"check_extract: {len(results)} compared with {sum(n for _, n, _ in results)} frames or files, {bad} differ")
    sys.exit(bad > 0 or not results)


if __name__ == "__main__":
    main()
