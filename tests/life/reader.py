#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads Wireshark's windows and uses them as a screen reader does (AT-SPI).

usage: reader.py windows                    titles of the open windows, a JSON list
       reader.py read TITLE                 the window with this title, or with these words in it, as JSON: role, name,
                                            text, children
       reader.py press TITLE ROLE NAME      press a menu item or a button in it
       reader.py enter TITLE ROLE NAME TEXT put text into a field of it
       reader.py stay                       stay until the input ends: without a reader the list of programs gets lost
       reader.py where TITLE ROLE NAME      its middle on the screen: [x, y]

It is a program of its own because the library shows only the programs that ran when it was first used. Needs gi with
Atspi (Debian: python3-gi, gir1.2-atspi-2.0, at-spi2-core). Exit status 1: there is no such thing.
"""
import json
import sys

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi  # noqa: E402  (after its version was chosen)

LEFT_OUT = ("menu bar",)  # large, and never asked for
OLD_ROLES = {"push button": "button"}  # until version 2.56 of AT-SPI


def children(node):
    found = (node.get_child_at_index(number) for number in range(node.get_child_count()))
    return [child for child in found if child]


def windows():
    return [window for program in children(Atspi.get_desktop(0)) for window in children(program)]


def window(title):
    every = windows()
    found = [x for x in every if x.get_name() == title] or [x for x in every if title in x.get_name()]
    if not found:
        sys.exit(1)
    return found[-1]


def role_of(node):
    role = node.get_role_name()
    return OLD_ROLES.get(role, role)


def nodes(node, role, name):
    for child in children(node):
        if role_of(child) == role and child.get_name() == name:
            yield child
        yield from nodes(child, role, name)


def node(title, role, name):
    found = next(nodes(window(title), role, name), None)
    if not found:
        sys.exit(1)
    return found


def text_of(node):
    return Atspi.Text.get_text(node, 0, -1) if "Text" in node.get_interfaces() else None


def as_json(node):
    below = children(node) if role_of(node) not in LEFT_OUT else ()
    return {"role": role_of(node), "name": node.get_name(), "text": text_of(node),
            "children": [as_json(child) for child in below]}


def list_windows():
    print(json.dumps([x.get_name() for x in windows()]))


def read(title):
    print(json.dumps(as_json(window(title))))


def press(title, role, name):
    if not node(title, role, name).do_action(0):
        sys.exit(f"{name} cannot be pressed")


def enter(title, role, name, text):
    Atspi.EditableText.set_text_contents(node(title, role, name), text)


def where(title, role, name):
    place = Atspi.Component.get_extents(node(title, role, name), Atspi.CoordType.SCREEN)
    print(json.dumps([place.x + place.width // 2, place.y + place.height // 2]))


def stay():
    windows()
    sys.stdin.read()


COMMANDS = {"windows": list_windows, "read": read, "press": press, "enter": enter, "stay": stay, "where": where}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
