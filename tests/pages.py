# SPDX-License-Identifier: GPL-2.0-or-later
"""Pages of format=html: whether they are well formed and need nothing from elsewhere, and their golden text."""
import html.parser
import re

VOID = {"meta", "line", "path", "br"}  # closed by themselves, in HTML or in SVG as we write it
ELEMENTS = VOID | {"html", "head", "title", "style", "body", "h1", "h2", "p", "a", "span", "div", "table", "thead",
                   "tbody", "tr", "th", "td", "section", "dl", "dt", "dd", "svg", "text"}
LINES = {"h1", "h2", "p", "tr", "dt", "text", "svg", "section"}  # begin a line of the golden text


class Wrong(Exception):
    """What is wrong with a page."""


class Page(html.parser.HTMLParser):
    """Reads a page strictly: every element is known, closed in order, and refers to nothing outside."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.lines = [], [], [], []
        self.feed(text)
        self.close()
        if self.open:
            raise Wrong(f"not closed: {self.open}")
        for name in set(self.links) - set(self.ids):
            raise Wrong(f"a link to {name}, which is not there")

    def handle_starttag(self, tag, attributes):
        if tag not in ELEMENTS:
            raise Wrong(f"unexpected element {tag}")
        for name, value in attributes:
            self.look_at(tag, name, value or "")
        attributes = dict(attributes)
        if tag in LINES:
            self.lines.append(self.mark(tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "line":
            self.lines.append("arrow " + direction(attributes))

    def handle_startendtag(self, tag, attributes):
        if tag not in VOID:
            raise Wrong(f"{tag} closes itself")
        self.handle_starttag(tag, attributes)

    @staticmethod
    def mark(tag, attributes):
        return f"{attributes['class']}:" if tag == "text" else "" if tag in ("tr", "dt", "p") else f"[{tag}]"

    def look_at(self, tag, name, value):
        if name.startswith("on") or name in ("src", "style", "xlink:href") or re.search(r"[a-z]+://|url\(", value):
            raise Wrong(f"{tag} has {name}={value}")
        if name == "href":
            if not value.startswith("#"):
                raise Wrong(f"a link to {value}")
            self.links.append(value[1:])
        if name == "id":
            self.ids.append(value)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise Wrong(f"{tag} is closed out of order")

    def handle_data(self, data):
        if "style" in self.open and re.search(r"url\(|@import|://", data):
            raise Wrong("the style refers to something outside")
        if data.strip() and "style" not in self.open and "title" not in self.open:
            if not self.lines:
                self.lines.append("")
            self.lines[-1] += " " + " ".join(data.split())


def direction(attributes):
    """An arrow as it is drawn: to the right or left, whole or lost, with its classes."""
    x1, x2 = int(attributes["x1"]), int(attributes["x2"])
    return f"{'->' if x2 > x1 else '<-'}{' lost' if abs(x2 - x1) < 300 else ''} {attributes['class']}"


def golden(text):
    """The golden text: all but the tables behind the negotiations, which are the rows of JSON."""
    if not text.startswith("<!DOCTYPE html>") or not text.endswith("</html>\n"):
        raise Wrong("it does not begin and end as a page")
    lines = [x.rstrip() for x in Page(text).lines]
    tables = next((i for i, x in enumerate(lines) if x in HEADINGS), len(lines))
    return "\n".join(x.strip() for x in lines[:tables] if x.strip()) + "\n"


HEADINGS = {f"[h2] {x}" for x in ("Findings", "IKE SAs", "Quick Modes and Child SAs", "IPsec SAs", "Statistics",
                                  "Windows audit events", "Messages")}
