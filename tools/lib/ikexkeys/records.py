# SPDX-License-Identifier: GPL-2.0-or-later
"""A key as Wireshark's tables hold it, and what a file was found to hold.

    ikev1_decryption_table   initiator's cookie, encryption key
    ikev2_decryption_table   SPIi, SPIr, SK_ei, SK_er, "encryption", SK_ai, SK_ar, "integrity"
    esp_sa                   "protocol", "source", "destination", "SPI", "encryption", "key", "integrity", "key"
"""
import dataclasses

from . import algorithms

IKEV1, IKEV2, ESP = "ikev1_decryption_table", "ikev2_decryption_table", "esp_sa"
IKE_TABLES = (IKEV1, IKEV2)
TABLES = (*IKE_TABLES, ESP)

NAMED_BY = {IKEV1: 1, IKEV2: 2, ESP: 4}  # so many columns tell which SA it is
LONGEST_V1_KEY = 256


@dataclasses.dataclass(frozen=True)
class Key:
    """A line of a table; `place` is FILE:LINE."""
    table: str
    cells: tuple
    place: str = ""

    @property
    def name(self):
        return tuple(x.lower() for x in self.cells[:NAMED_BY[self.table]])

    @property
    def secret(self):
        return tuple(x.lower() for x in self.cells[NAMED_BY[self.table]:])

    def line(self):
        return ",".join(WRITE[self.table](number, cell) for number, cell in enumerate(self.cells))

    def title(self):
        """Which SA it is, with nothing secret."""
        return TITLES[self.table].format(*self.cells)


WRITE = {
    IKEV1: lambda _, cell: cell,
    IKEV2: lambda number, cell: f'"{cell}"' if number in (4, 7) else cell,
    ESP: lambda _, cell: f'"{cell}"',
}
TITLES = {IKEV1: "IKEv1 SA {0}", IKEV2: "IKEv2 SA {0} {1}", ESP: "ESP SA {3} from {1} to {2}"}


# --- is a key as long as its algorithm wants it? -------------------------------------------------

def differs(what, cell, octets):
    """What is wrong with the length of a key; octets is None for an algorithm that is not known here."""
    if octets is None or len(cell) == 2 * octets:
        return ""
    return f"{what} has {len(cell) // 2} octets, its algorithm wants {octets}"


def wrong_v1(_, key):
    if not key:
        return "the key is empty"
    return f"the key is longer than {LONGEST_V1_KEY} octets" if len(key) > 2 * LONGEST_V1_KEY else ""


def wrong_v2(_, __, ei, er, encryption, ai, ar, integrity):
    cipher, mac = algorithms.IKE_ENCRYPTION.get(encryption), algorithms.IKE_INTEGRITY.get(integrity)
    checks = (("SK_ei", ei, cipher), ("SK_er", er, cipher), ("SK_ai", ai, mac), ("SK_ar", ar, mac))
    return next((wrong for wrong in (differs(*check) for check in checks) if wrong), "")


WRONG = {IKEV1: wrong_v1, IKEV2: wrong_v2, ESP: lambda *_: ""}


def wrong_length(key):
    """What is wrong with the lengths in a key, never the key itself; empty when nothing is."""
    return WRONG[key.table](*key.cells)


class Found:
    """What a reader found in a file; `origin` is the name of the file's format."""

    def __init__(self, path):
        self.path, self.origin = path, ""
        self.keys = []
        self.problems = []  # what is damaged or cannot be used, with its place
        self.notes = []     # what else is to be said

    def place(self, number):
        return f"{self.path}:{number}"

    def key(self, number, table, cells, check=True):
        key = Key(table, tuple(cells), self.place(number))
        wrong = wrong_length(key) if check else ""
        if wrong:
            self.problem(number, f"{key.title()}: {wrong}")
        else:
            self.keys.append(key)

    def problem(self, number, text):
        self.problems.append(f"{self.place(number)}: {text}")

    def note(self, number, text):
        self.notes.append(f"{self.place(number)}: {text}")
