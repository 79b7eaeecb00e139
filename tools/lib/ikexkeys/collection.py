# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys of several files in one: repeats are dropped, keys that contradict each other are told.

Wireshark takes the last key of an SA, and so is it here, with one exception. strongSwan's save-keys, at the end
that rekeys an IKEv2 SA, writes the keys of the new SA under the SPIs of the old one. No SPIs are ever the same
for two SAs, so of two lines in one table the first is right, and the second would spoil it.
"""
from .records import IKEV2, TABLES

OTHER_END = "the later is used; two ends that do not agree, as with two pre-shared keys, have one each"
REKEYED = "dropped; strongSwan's save-keys writes the keys of the IKE SA that replaced it like this"


class Collection:
    def __init__(self):
        self.tables = {table: {} for table in TABLES}
        self.notes = []
        self.repeats = 0

    def add_file(self, found):
        """Add what one file holds."""
        first = {}  # by SA
        for key in found.keys:
            before = first.setdefault((key.table, key.name), key)
            if found.origin == "table" and key.table == IKEV2 and before.secret != key.secret:
                self.note(key, before, REKEYED)
            else:
                self.add(key)

    def add(self, key):
        table = self.tables[key.table]
        old = table.pop(key.name, None)  # to the end: the order is that of the files
        if old and old.secret == key.secret:
            self.repeats += 1
            key = old
        elif old:
            self.note(key, old, OTHER_END)
        table[key.name] = key

    def note(self, key, other, text):
        self.notes.append(f"{key.place}: another key for {key.title()} than in {other.place}: {text}")

    def keys(self, tables=TABLES):
        return [key for table in tables for key in self.tables[table].values()]

    def lines(self, table):
        return [key.line() for key in self.tables[table].values()]


def collect(found):
    """One collection of what several files hold."""
    collection = Collection()
    for one in found:
        collection.add_file(one)
    return collection
