#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Print docs/fields.md from the table of fields in plugin/epan/ikex_fields.c; tools/docs runs it.

usage: fields.py

Meaning and kind of a field are those that Wireshark shows. Behind each row of the table stand, in a comment, what
frames have the field and a display filter for it. A row without one of these ends this with exit status 1.
"""
import re
import sys

from check_manuals import KINDS, PLUGIN

HEAD = """\
# Fields

Written by tools/docs from `plugin/epan/ikex_fields.c`; do not edit.

What `-Y`, `-T fields -e`, colour rules, columns and the filters of reports (`-z ikex,diag,FILTER`) can use. All
fields are generated: no bytes of the frame belong to them. They are in the subtree *IKE Expert* of the packet
details. Names and kinds stay as they are once released. `tshark -G fields | grep ikex` prints them, too.

- **Kind:** a *flag* is only present or absent; a *frame* is a number that Wireshark makes a link of; a *time span* is in
  seconds. A *number* with names can be compared with either: `ikex.sender == 2` is `ikex.sender == "responder"`,
  and `-T fields` prints the number. *Bytes* are compared as `bb:31:1d:cd:77:79:5e:b6`.
- **On:** the frames that have the field. A *message* is a frame that completes an IKE message, which in IP or IKE
  fragments is the last of its *pieces*. What is unknown is absent, so `!ikex.nat.initiator` is not "no NAT":
  `ikex.nat.initiator == 0` is.
- A frame has a field more than once where several apply: ESP that an ICMP error quotes, two findings, two tunnels.
  `==` is then true when one of the values fits.
- What needs a later frame, `ikex.response_in` and findings such as "never answered", needs the GUI or `tshark -2`.

## In a single pass

Without `-2`, and while it captures, tshark prints each frame before it has seen the next one. There ikex says of a
frame what is known then, and what it learns later about it in the next frame that it annotates; the text in the tree
then ends with "(said of frame N)".

- What a message says, such as a refusal in clear, stands on its own frame; nobody proves who sent that, and two passes
  take it less seriously, or not at all, when the negotiation goes on. What follows from order, timing or size, and
  from packets, fragments and ICMP errors, waits until the preference `ikex.patience` has passed, five seconds, since
  the next frames may show otherwise.
- Each finding is said once for each IKE SA, and again when it has become worse.
- When no annotated frame follows, nothing is said: silence until the end of the capture shows in reports and with `-2`.
- In a capture of more than 256 IKE messages and IPsec SAs only unanswered requests are said so soon. The rest comes
  whenever 32 times as many annotated frames have passed, ESP too, as there were messages and IPsec SAs the last time.
"""

TAIL = """
## Findings, one by one

`ikex.diag.<id>` is a flag for each finding, on the frames that have it, with its item in Expert Information:
`ikex.diag.mm5_noresp`. [diagnoses.md](diagnoses.md) has a section for each, with its severity.
"""

PART = re.compile(r"/\* ---- (?P<section>.+?) ---- \*/|"
                  r'"(?P<label>[^"]*)", "(?P<name>ikex\.[\w.]+)",\s*(?P<macro>\w+)\((?P<what>\w+)(?:, (?P<values>\w+))?\),\s*'
                  r'(?:NULL|"(?P<text>[^"]*)"), HFILL \} \},\s*'
                  r"(?:/\* on: (?P<on>[^*]+?)\s*\* try: (?P<filter>.+?) \*/)?")


def arrays(code):
    """The names of each array of values: {array: [(number, name)]}."""
    found = re.findall(r"(?:value_string|ike_name) (\w+)\[\] = \{(.*?)\n?\};", code, re.S)
    return {name: re.findall(r'\{ (\w+), "([^"]+)" \}', rows) for name, rows in found}


def meaning(part, values):
    """What the field says, with the names of its numbers."""
    names = values.get(part["values"], [])
    return part["text"] + (": " + ", ".join(f"{number} {name}" for number, name in names) if names else "")


def main():
    if sys.argv[1:]:
        sys.exit(__doc__)
    code = (PLUGIN / "epan/ikex_fields.c").read_text()
    values = arrays(code)
    rows = re.search(r"hf_register_info fields\[\] = \{(.*?)\n\};", code, re.S)[1]
    parts = list(PART.finditer(rows))
    if sum(1 for part in parts if part["name"]) != rows.count("&hf_ikex_"):
        sys.exit("docs/gen/fields.py: a row of ikex_fields.c has another form than the others")
    print(HEAD, end="")
    for part in parts:
        if part["section"]:
            print(f"\n## {part['section']}\n\n| field | kind | what it says | on | example |\n|---|---|---|---|---|")
            continue
        if not (part["text"] and part["on"]):
            sys.exit(f"docs/gen/fields.py: {part['name']} lacks its text, or the comment behind its row")
        kind = KINDS["FT_FRAMENUM" if part["macro"] == "FRAME" else part["what"]]
        print(f"| `{part['name']}` | {kind} | {meaning(part, values)} | {part['on']} | `{part['filter']}` |")
    print(TAIL, end="")


if __name__ == "__main__":
    main()
