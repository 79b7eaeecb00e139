# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that can do no harm where they are printed."""
import unicodedata

# Controls, surrogates (bytes that are no UTF-8), and characters that reorder or hide others.
UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def escaped(character):
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python holds a byte of a name that is not UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def printable(text):
    """The text with everything escaped that a terminal or a line-based reader could take for a command."""
    return "".join(escaped(x) if unicodedata.category(x) in UNSAFE_CATEGORIES else x for x in str(text))
