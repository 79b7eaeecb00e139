# SPDX-License-Identifier: GPL-2.0-or-later
"""--both A B: what became of each message between two captures of one tunnel, taken at its two ends."""
import collections
import dataclasses
import datetime
import json
import os
import re

from . import join, terminal, verdict
from .join import IS_LOSS, MISSED, ONLY, PIECES, TWIN

MORE_TAPS = ("ikex,sa,format=json", "io,stat,0")
DURATION = re.compile(r"^\| Duration: *([0-9]+)(?:\.([0-9]+))? sec")
MILLISECOND_NS = 1_000_000

OK, PARTLY, NEVER, NODATA = "OK", "PARTLY", "LOST", "NODATA"
STATUS_OF = {OK: verdict.OK, PARTLY: verdict.WARN, NEVER: verdict.FAIL, NODATA: verdict.NODATA}


class Unread(Exception):
    """One of the two cannot be read; its argument is the exit status."""


# --- reading -------------------------------------------------------------------------------------

def nanoseconds(text):
    """Since 1970, of a time as reports write it."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    at = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return int(at.timestamp()) * 10 ** 9 + int(fraction.ljust(9, "0")[:9] or 0)


def call_of(call):
    """The call for one of the two: two reports, and how long the capture is."""
    more = tuple(f"{tap},{call.filter}" if call.filter and tap.startswith("ikex") else tap for tap in MORE_TAPS)
    return dataclasses.replace(call, report="log", format="json", more=more)


def parse(letter, name, lines):
    """The Capture that tshark printed."""
    rows, esp, duration = [], [], 0
    for line in lines:
        if line.startswith("{"):
            record = json.loads(line)
            kind = record["type"]
            (rows if kind == "message" else esp if kind == "ipsec_sa" else []).append(record)
        elif match := DURATION.match(line):
            duration = int(match[1]) * 10 ** 9 + int((match[2] or "0").ljust(9, "0")[:9])
    for row in rows:
        row["ns"] = nanoseconds(row["time"])
    capture = join.Capture(letter, name, rows, esp)
    if rows:
        capture.begin = rows[0]["ns"] - round(rows[0]["time_relative"] * 10 ** 9)
        capture.begin = min(capture.begin, *(row["ns"] for row in rows))
        capture.end = max(capture.begin + duration + MILLISECOND_NS, *(row["ns"] for row in rows))
    return capture


def captures_of(rows):
    """Both Captures; raises Unread."""
    for name, outcome in rows:
        for complaint in outcome.complaints:
            terminal.say(f"{name}: {complaint}")
        if outcome.status >= verdict.UNREAD:
            raise Unread(outcome.status)
    found = []
    for letter, (name, outcome) in zip("AB", rows):
        with open(outcome.report, encoding="utf-8", errors="replace") as lines:
            found.append(parse(letter, name, lines))
        os.unlink(outcome.report)
    return found


# --- what is said of an IKE SA -------------------------------------------------------------------

@dataclasses.dataclass
class Story:
    """An IKE SA: its result, and the message that explains it."""
    sa: join.Sa
    result: str
    event: object = None   # the first that never arrived, or the first of which a copy was lost
    sent: int = 0          # copies of it
    arrived: int = 0
    assumed: object = None  # (letter, moment) when it is assumed that the capture there ran


def message_of(event):
    """What the copies of one message have in common."""
    return event.row["role"], join.key(event.row)


def story(sa):
    copies = [event for event in sa.events if event.fate != TWIN]
    sent = collections.Counter(map(message_of, copies))
    arrived = collections.Counter(message_of(event) for event in copies if event.fate not in IS_LOSS)
    losses = [event for event in copies if event.fate in IS_LOSS]
    never = [event for event in losses if not arrived[message_of(event)]]
    for event in never or losses:
        message = message_of(event)
        return Story(sa, NEVER if never else PARTLY, event, sent[message], arrived[message])
    return Story(sa, OK)


def label(row):
    if row["digest"]:
        return row["msg"] or row["exchange_name"] or "message"
    number = row["fragment_number"]
    total = f" of {row['fragment_total']}" if row["fragment_total"] else ""
    return f"{row['fragment'] or ''} fragment {number}{total}".strip()


def missing_pieces(event):
    """Which fragments the other end does not have, as far as it is known."""
    total = event.row["fragment_total"] or max((p["fragment_total"] or 0 for p in event.pieces), default=0)
    have = {piece["fragment_number"] for piece in event.pieces}
    gone = [str(number) for number in range(1, total + 1) if number not in have]
    if not event.pieces or not gone or None in have:
        return "not all of them arrived"
    return f"fragment{'s' if len(gone) > 1 else ''} {', '.join(gone[:6])} of {total} missing"


def letters(event):
    """(capture that has the message, the other one)."""
    return ("A", "B") if event.row is event.a else ("B", "A")


def target_at(joined, sa, event):
    """The address of the receiver as the capture there shows it."""
    row, (_, there) = event.row, letters(event)
    group, end = sa.group, there.lower()
    sender_is_x = (row["role"] == "initiator") == sa.initiator_is_x
    theirs = (group.y_at if sender_is_x else group.x_at)[end]
    return row["destination"] if row["destination"] in theirs or len(theirs) != 1 else next(iter(theirs))


def headline(joined, told):
    """What happened to the message that explains an IKE SA."""
    sa, event = told.sa, told.event
    if event is None:
        count = sum(e.fate == join.ARRIVED for e in sa.events)
        return "every message that left one end arrived at the other" if count else "nothing to compare"
    row, (here, _) = event.row, letters(event)
    where = f"(frame {row['frame']} of {here})"
    if event.fate == ONLY:
        return f"{label(row)} of {row['source']} {where} is in {here} only; it is not known who is where"
    what = f"{label(row)} left {row['source']} {where} and"
    counts = f"sent {times(told.sent)}, {told.arrived} arrived"
    to = target_at(joined, sa, event)
    if told.result == PARTLY:
        return f"{what} did not reach {to}; {counts}"
    if event.fate == PIECES:
        return f"{what} reached {to} in pieces only: {missing_pieces(event)}; {counts}"
    return f"{what} never reached {to}: lost between the two capture points; {counts}"


def times(count):
    return "once" if count == 1 else f"{count} times"


def assumption(told, captures):
    """What the headline takes for granted, or None."""
    event = told.event
    if event is None or not event.assumed:
        return None
    _, there = letters(event)
    capture = captures["AB".index(there)]
    last = event.row["ns"]
    return f"no packet at all is in {there} {'before' if capture.begin > last else 'after'} its " \
           f"{'first' if capture.begin > last else 'last'} one: that it ran at the time is assumed"


# --- ESP -----------------------------------------------------------------------------------------

@dataclasses.dataclass
class Esp:
    """Packets with one SPI at both ends."""
    spi: str
    protocol: str
    source: str
    from_x: bool
    way: int
    a: dict
    b: dict
    sent: int = 0
    arrived: int = 0
    lost: int = 0
    remark: str = ""


def owner(row, groups, end):
    """(group, whether X sends) of an IPsec SA."""
    for group in groups:
        for from_x in (True, False):
            source, destination = (group.x_at, group.y_at) if from_x else (group.y_at, group.x_at)
            if row["source"] in source[end] and row["destination"] in destination[end]:
                return group, from_x
    return None, None


def esp_lines(joined):
    """What became of the packets of each IPsec SA of the two hosts."""
    found = collections.OrderedDict()
    for end, capture in zip("ab", joined.captures):
        for row in capture.esp:
            group, from_x = owner(row, joined.groups, end)
            if group:
                found.setdefault((id(group), row["spi"], from_x), [group, None, None])["ab".index(end) + 1] = row
    return [esp_line(joined, *rows, from_x) for (_, _, from_x), rows in found.items()]


def esp_line(joined, group, a, b, from_x):
    way = 0 if group.x_near_a is None else 1 if from_x == group.x_near_a else -1
    sender, receiver = (b, a) if way < 0 else (a, b)
    row = sender or receiver
    esp = Esp(row["spi"], row["protocol"], row["source"], from_x, way, a, b,
              sender["packets"] if sender else 0, receiver["packets"] if receiver else 0)
    if esp.sent > esp.arrived:
        esp.remark = esp_excuse(joined, sender, receiver, "B" if way >= 0 else "A")
        esp.lost = 0 if esp.remark else esp.sent - esp.arrived
    elif esp.sent < esp.arrived:
        esp.remark = "the capture at the sender missed some"
    return esp


def esp_excuse(joined, sender, receiver, letter):
    """Why fewer packets at the receiver mean nothing, if so."""
    if not receiver and not joined.captures["AB".index(letter)].esp:
        return f"no IPsec at all in {letter}: does it leave them out?"
    moments = [nanoseconds(sender[name]) for name in ("first_time", "last_time")]
    if letter == "B":
        moments = [moment + joined.clocks.difference(moment)[0] for moment in moments]
    else:
        moments = [moment - joined.clocks.difference(moment)[0] for moment in moments]
    capture = joined.captures["AB".index(letter)]
    if receiver and not capture.begin <= moments[0] + join.S and moments[1] - join.S <= capture.end:
        return f"not compared: capture {letter} does not cover them all"
    return ""


# --- the whole -----------------------------------------------------------------------------------

@dataclasses.dataclass
class Report:
    """Everything there is to say."""
    joined: join.Joined
    stories: list
    esp: list
    result: str
    counts: dict
    reason: str = ""   # why there is nothing to compare


def is_fate(*fates):
    return lambda event: event.fate in fates


COUNTS = (
    ("matched", is_fate(join.ARRIVED)),
    ("lost", is_fate(*IS_LOSS)),
    ("only_a", lambda event: event.a and not event.b),
    ("only_b", lambda event: event.b and not event.a),
    ("missed", is_fate(MISSED)),
    ("duplicated", is_fate(TWIN)),
)


def judge(joined, display_filter=""):
    stories = [story(sa) for sa in joined.sas]
    esp = esp_lines(joined) if joined.clocks else []
    events = [event for sa in joined.sas for event in sa.events]
    counts = {name: sum(bool(test(event)) for event in events) for name, test in COUNTS}
    counts["esp_lost"] = sum(line.lost for line in esp)
    if not counts["matched"] and not any(event.pieces for event in events):
        return Report(joined, stories, [], NODATA, {**counts, "lost": 0}, nothing_common(joined, display_filter))
    results = {told.result for told in stories}
    result = next((x for x in (NEVER, PARTLY) if x in results), PARTLY if counts["esp_lost"] else OK)
    return Report(joined, stories, esp, result, counts)


def nothing_common(joined, display_filter):
    empty = [capture.letter for capture in joined.captures if not capture.rows]
    if empty:
        return no_ike(empty, display_filter)
    cookies = [{row["spi_initiator"] for row in capture.rows} for capture in joined.captures]
    if cookies[0] & cookies[1]:
        return "A and B have an IKE SA in common, but no message of it: they were taken at different times"
    return "no IKE SA is in both: these are not two ends of one tunnel, or were taken at different times" + \
        (", or the filter leaves others in A than in B" if display_filter else "")


def no_ike(empty, display_filter):
    """What is said of captures without IKE: one, or both."""
    matching = f' that matches the filter "{display_filter}"' if display_filter else ""
    if len(empty) == 2:
        return f"there is no IKE{matching} in A, nor in B"
    nat = "behind a NAT its addresses and ports may be others there, so try without --filter; else, " \
        if display_filter else ""
    return f"there is no IKE{matching} in {empty[0]}: {nat}if it was taken at the other end, and ran at the " \
           "time, nothing arrived there"


def compare(rows, display_filter):
    """The Report on two captures, (name, outcome) of call_of(); raises Unread."""
    return judge(join.join(*captures_of(rows)), display_filter)
