# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads ready tables: Wireshark's own, those of strongSwan's save-keys plugin, and any mixture of them."""
import csv
import re

from .algorithms import MISSPELT
from .records import ESP, IKEV1, IKEV2

SPI, KEY, NAME = (re.compile(x) for x in (r"[0-9a-fA-F]{16}", r"([0-9a-fA-F]{2})*", r'[^"\\]+'))
FAMILY, ADDRESS, ESP_SPI = (re.compile(x) for x in (r"IPv[46]|Any", r'[^"\\]*', r"0[xX][0-9a-fA-F*]+|\*"))
ESP_KEY = re.compile(r'(0[xX]([0-9a-fA-F]{2})*|(?!0[xX])[^"\\]*)')  # in hexadecimal or, of Wireshark, as text

# What the columns of a table hold. Those of esp_sa may be followed by more, of later versions of Wireshark.
COLUMNS = (
    (IKEV1, (SPI, KEY)),
    (IKEV2, (SPI, SPI, KEY, KEY, NAME, KEY, KEY, NAME)),
    (ESP, (FAMILY, ADDRESS, ADDRESS, ESP_SPI, NAME, ESP_KEY, NAME, ESP_KEY)),
)
MORE = {ESP: 2}
WHAT_IS_WRONG = f"this line is neither of an {IKEV1} nor of an {IKEV2} nor of an {ESP}"


def cells_of(line):
    try:
        return [cell.strip() for cell in next(csv.reader([line.strip()], skipinitialspace=True, strict=True))]
    except (csv.Error, StopIteration):
        return []


def parse(line):
    """The table that a line belongs to and its cells, or None."""
    cells = cells_of(line)
    for table, columns in COLUMNS:
        if not len(columns) <= len(cells) <= len(columns) + MORE.get(table, 0):
            continue
        if all(column.fullmatch(cell) for column, cell in zip(columns, cells)):
            return table, [MISSPELT.get(cell, cell) for cell in cells]
    return None


def is_empty(line):
    return not line.strip() or line.lstrip().startswith("#")


def recognises(line):
    return parse(line) is not None


class Reader:
    """Every line of a table is one key."""

    def __init__(self, found, check):
        self.found, self.check = found, check

    def feed(self, number, line):
        if is_empty(line):
            return
        parsed = parse(line)
        if parsed:
            self.found.key(number, *parsed, check=self.check)
        else:
            self.found.problem(number, WHAT_IS_WRONG)

    def finish(self):
        pass
