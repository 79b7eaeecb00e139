# SPDX-License-Identifier: GPL-2.0-or-later
"""What is true in a capture, and what the golden files say of the captures in captures/."""
import dataclasses
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
CAPTURES = HERE.parent / "captures"
GOLDEN = HERE / "golden"

# ikex.diag.severity
SEVERITIES = {"CHAT": 1, "NOTE": 2, "WARN": 3, "ERROR": 4}
NOTE, WARN = SEVERITIES["NOTE"], SEVERITIES["WARN"]

# ikex.diag.known_by
OBSERVED, INFERRED = 1, 2

FINDING_FIELDS = ("ikex.diag.id", "ikex.diag.severity", "ikex.diag.known_by")


@dataclasses.dataclass(frozen=True)
class TruthFile:
    """What a truth file says about a capture."""
    capture: pathlib.Path
    scenario: str       # several captures may show the same one
    point: str          # the host where the capture was taken, "" without
    healthy: bool       # no warning is right, weak cryptography and `allow` aside
    rewritable: bool    # it also holds for a capture that the tests rewrite
    expect: list        # groups of findings; of each group one is due
    forbid: frozenset   # findings that are wrong
    allow: frozenset    # findings that are right though the capture is healthy
    vectors: list       # numbers of test vectors
    frames: list        # what is known of each frame

    def labels(self):
        return [frame["msg"] for frame in self.frames if "msg" in frame]

    def missing(self, ids):
        """The groups of `expect` of which nothing was found."""
        return [options for options in self.expect if not set(options) & set(ids)]

    def is_alarm(self, finding):
        """Whether a warning of this kind is wrong because the capture is healthy."""
        return self.healthy and finding not in self.allow and not finding.startswith("weak_")


KEY_TABLES = ("ikev1_decryption_table", "ikev2_decryption_table")


def key_lines(capture):
    """The rows of Wireshark's tables of keys that lie beside a capture, by table: NAME.keys/, or with one
    folder for all points of a scenario."""
    for name in (capture.stem, capture.stem.split(".")[0]):
        folder = capture.with_name(name + ".keys")
        if folder.is_dir():
            tables = {table: folder / table for table in KEY_TABLES if (folder / table).is_file()}
            return {table: [line for line in path.read_text().splitlines() if line.strip()]
                    for table, path in tables.items()}
    return {}


def key_options(lines):
    """The arguments of tshark that fill these tables."""
    return [word for table, rows in lines.items() for row in rows for word in ("-o", f"uat:{table}:{row}")]


def truth_path(capture):
    for path in (capture.with_name(capture.name + ".truth.json"),
                 capture.with_suffix(".truth.json"),
                 capture.parent / "truth" / (capture.name + ".truth.json")):
        if path.is_file():
            return path
    return None


def read_truths(folder=CAPTURES):
    """The truth about each capture of a folder that has one, by name."""
    captures = sorted(x for x in folder.iterdir() if x.suffix in (".pcap", ".pcapng", ".cap"))
    return [read_truth(capture, path) for capture in captures if (path := truth_path(capture))]


def read_truth(capture, path):
    file = json.loads(path.read_text(encoding="utf-8"))
    return TruthFile(capture, file.get("scenario", capture.stem), file.get("point", ""),
                     file.get("healthy", False), file.get("rewritable", True), file.get("expect", []),
                     frozenset(file.get("forbid", ())), frozenset(file.get("allow", ())),
                     file.get("vectors", []), file["frames"])


# --- findings of a capture -----------------------------------------------------------------------

def golden_rows(path):
    """FINDING_FIELDS of each frame that a golden file lists, as parse_fields() makes them."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        cells = dict(cell.split("=", 1) for cell in line.split(" | ") if "=" in cell)
        values = (cells.get(name.removeprefix("ikex."), "") for name in FINDING_FIELDS)
        rows.append({name: [x for x in value.split(",") if x] for name, value in zip(FINDING_FIELDS, values)})
    return rows


def worst_findings(rows):
    """{id: (severity, known by)}, of each id the worst; of equals the one that is observed."""
    found = {}
    for row in rows:
        for name, severity, known in zip(*(row[field] for field in FINDING_FIELDS)):
            found[name] = max(found.get(name, (0, 0)), (int(severity, 0), -int(known, 0)))
    return {name: (severity, -known) for name, (severity, known) in found.items()}
