# SPDX-License-Identifier: GPL-2.0-or-later
"""The report on two captures of one tunnel, in text and in JSON."""
import collections
import json

from ikexshared.text import printable

from . import join
from .both import MILLISECOND_NS, OK, assumption, headline, label, letters, missing_pieces
from .join import ENDED, LOST, MISSED, NOT_BEGUN, ONLY, PIECES, TWIN, plural

WIDTH = 100
MOST_SAS = 40        # told in text; those with a loss go first
LONGEST_RUN = 8      # messages in a row of a table of which nothing is to be said
RUN_EDGE = 3         # of a longer run: told at its beginning and end
MOST_LISTED = 8      # IKE SAs that are listed when there is nothing in common
DRIFT_NS = 5 * MILLISECOND_NS

# Remarks in the table about what did not simply arrive. {here} and {there} are the captures with and without it.
REMARK = {
    LOST: "lost on the way",
    PIECES: "arrived in pieces",
    ONLY: "only in {here}",
    TWIN: "made by the network: one more than was sent",
    MISSED: "missed by the capture {there}",
    NOT_BEGUN: "capture {there} had not begun",
    ENDED: "capture {there} had ended",
}


# --- text ----------------------------------------------------------------------------------------

def wrapped(head, text, indent):
    """Lines of at most WIDTH columns; later ones are indented."""
    lines, line = [], head
    for word in text.split():
        if len(line) + 1 + len(word) > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = " " * indent
        line += word if line.endswith(" ") or not line else f" {word}"
    return lines + [line.rstrip()]


def item(name, text):
    return wrapped(f"{name:<12}", ascii_of(text), 12)


def ascii_of(text):
    return printable(text).encode("ascii", "backslashreplace").decode()


def spread(differs):
    """A duration for people."""
    size = abs(differs)
    return f"{size / 1e6:.3f} ms" if size < 10 ** 9 else f"{size / 1e9:.3f} s"


def clocks_text(joined):
    times = [row["ns"] for row in joined.captures[0].rows]
    clocks = joined.clocks
    first, error = clocks.difference(min(times))
    final, _ = clocks.difference(max(times))
    side = "ahead of" if first >= 0 else "behind"
    text = f"B is {spread(first)} {side} A"
    how = {"both ways": f"from messages both ways, to within {spread(error or 0)}; delays take both ways to be "
                        f"equally long",
           "one way": "from messages of one way only: the fastest is taken to need no time",
           "unknown ways": "from messages; their way is not known, so delays mean little"}[clocks.known_by]
    drift = f"; it moves by {spread(final - first)} until the end" if abs(final - first) > DRIFT_NS else ""
    return f"{text}, {how}{drift}"


PLACED_BY = {
    "times": "inferred: messages of each are earlier there",
    "absence": "inferred: what the other end does not have was sent there",
    "addresses": "inferred: a private address is seen at its own side of a NAT",
}


def some(addresses):
    ordered = sorted(addresses)
    return ", ".join(ordered[:3]) + (f" and {len(ordered) - 3} more" if len(ordered) > 3 else "")


def group_text(group):
    names = [some(place["a"] if is_x == bool(group.x_near_a) else place["b"])
             for place, is_x in ((group.x_at, True), (group.y_at, False))]
    if group.x_near_a is None:
        return f"it is not known whether A or B is nearer to {some(group.x_at['a'])}"
    near_a, near_b = names if group.x_near_a else names[::-1]
    return f"A is nearer to {near_a}, B to {near_b} ({PLACED_BY[group.known_by]})"


def frames_text(row):
    if row is None:
        return "-"
    frames = row["frames"]
    return f"{frames[0]}-{frames[-1]}" if len(frames) > 1 else str(frames[0])


def event_remark(event):
    if event.fate == join.ARRIVED:
        return "; ".join(event.differs)
    here, there = letters(event)
    text = REMARK[event.fate].format(here=here, there=there)
    if event.fate == PIECES:
        frames = ", ".join(str(piece["frame"]) for piece in event.pieces[:4])
        text += f": {missing_pieces(event)}" + (f" (frame {frames} of {there})" if frames else "")
    return text


WAY = {1: "A->B", -1: "B->A", 0: "?"}
TABLE = "      {:<23} {:>7} {:>7}  {:<4} {:>9}  "


def event_lines(event):
    again = f" #{event.row['copy'] + 1}" if event.row["copy"] else ""
    delay = "-" if event.delay is None else f"{event.delay / 1e6:.3f}"
    head = TABLE.format(label(event.row) + again, frames_text(event.a), frames_text(event.b),
                        WAY[event.way], delay)
    return wrapped(head, ascii_of(event_remark(event)), len(head))


def runs(events):
    """Events in runs of such as need no word, and others."""
    run = []
    for event in events:
        if event.fate == join.ARRIVED and not event.differs:
            run.append(event)
            continue
        if run:
            yield run
        run = []
        yield [event]
    if run:
        yield run


def table_lines(events):
    yield TABLE.format("message", "frames A", "frames B", "way", "delay, ms") + "on the way"
    for run in runs(events):
        if len(run) <= LONGEST_RUN:
            shown = (run, [])
        else:
            shown = (run[:RUN_EDGE], run[-RUN_EDGE:])
        for event in shown[0]:
            yield from event_lines(event)
        if shown[1]:
            delays = [event.delay / 1e6 for event in run[RUN_EDGE:-RUN_EDGE]]
            yield f"      .. {len(delays)} more that arrived, delays {min(delays):.3f} to {max(delays):.3f} ms"
        for event in shown[1]:
            yield from event_lines(event)


def story_lines(joined, told):
    sa = told.sa
    ends = join.hosts(sa.a or sa.b)
    responder_cookie = next((r["spi_responder"] for r in sa.a + sa.b if r["spi_responder"].strip("0")), "-")
    head = f"{told.result:<7}{ends[0]} -> {ends[1]}"
    tail = f"{sa.cookie} {responder_cookie}"
    yield f"{head:<{WIDTH - len(tail) - 1}} {tail}"
    yield from wrapped("      ", ascii_of(headline(joined, told)), 6)
    assumed = assumption(told, joined.captures)
    if assumed:
        yield from wrapped("      ", assumed, 6)
    yield from table_lines(sa.events)


def esp_text(line):
    here, there = ("B", "A") if line.way < 0 else ("A", "B")
    if line.way:
        text = f"{line.sent} packets with SPI {line.spi} left {line.source} ({here}), {line.arrived} arrived ({there})"
    else:
        text = f"{line.sent} packets with SPI {line.spi} of {line.source} in A, {line.arrived} in B"
    return text + (f"; {line.lost} lost" if line.lost else "") + (f"; {line.remark}" if line.remark else "")


def bounded(lines, most, what):
    yield from lines[:most]
    if len(lines) > most:
        yield f"      .. {len(lines) - most} more {what}"


def capture_text(capture):
    whole = sum(bool(row["digest"]) for row in capture.rows)
    text = f"{capture.name}: {plural(whole, 'message')}"
    return text + (f", {plural(len(capture.rows) - whole, 'piece')}" if whole < len(capture.rows) else "")


def list_of_sas(joined, end):
    """IKE SAs of one capture, when there is nothing in common."""
    counts = collections.Counter()
    for sa in joined.sas + joined.others:
        for row in getattr(sa, end):
            counts[f"{join.hosts(getattr(sa, end))[0]} -> {join.hosts(getattr(sa, end))[1]} {sa.cookie}"] += 1
    lines = [f"      {end.upper()}: {name}, {plural(count, 'message')}" for name, count in counts.items()]
    return list(bounded(lines, MOST_LISTED, f"IKE SAs in {end.upper()}"))


def result_line(report):
    return f"ikex-both: result={report.result} " + " ".join(f"{k}={v}" for k, v in report.counts.items())


def text_lines(report):
    joined, rule = report.joined, "-" * WIDTH
    yield "IKE at both ends"
    yield rule
    for capture in joined.captures:
        yield from item(capture.letter, capture_text(capture))
    if report.reason:
        yield from item("result", report.reason)
        yield from list_of_sas(joined, "a")
        yield from list_of_sas(joined, "b")
    else:
        yield from compared_lines(report, rule)
    yield rule
    yield result_line(report)


def compared_lines(report, rule):
    joined = report.joined
    for group in joined.groups:
        yield from item("ends", group_text(group))
    yield from item("clocks", clocks_text(joined))
    if joined.others:
        yield from item("left out", plural(len(joined.others), "IKE SA") + " of other hosts")
    order = sorted(report.stories, key=lambda told: told.result == OK) if len(report.stories) > MOST_SAS \
        else report.stories
    for told in order[:MOST_SAS]:
        yield rule
        yield from story_lines(joined, told)
    if len(order) > MOST_SAS:
        yield from (rule, f"{len(order) - MOST_SAS} more IKE SAs; --format json has them all")
    if report.esp:
        yield rule
        lines = sorted(report.esp, key=lambda line: not line.lost)
        yield from bounded([part for line in lines for part in item(line.protocol, esp_text(line))], MOST_SAS,
                           "lines; --format json has them all")


# --- JSON ----------------------------------------------------------------------------------------

def record(type_, **fields):
    return json.dumps({"schema": 1, "type": type_, **fields}, separators=(",", ":"))


def seconds(ns):
    return None if ns is None else round(ns / 1e9, 9)


def sa_record(joined, told):
    sa, event = told.sa, told.event
    ends = join.hosts(sa.a or sa.b)
    return record(
        "both_sa", spi_initiator=sa.cookie, initiator=ends[0], responder=ends[1], result=told.result,
        text=headline(joined, told), assumption=assumption(told, joined.captures),
        msg=event and label(event.row), fate=event and event.fate, capture=event and letters(event)[0],
        frame=event and event.row["frame"], sent=told.sent if event else None,
        arrived=told.arrived if event else None)


ENDPOINT = ("source", "source_port", "destination", "destination_port")


def message_record(sa, event):
    row = event.row
    sides = {f"{name}_{end}": side and side[name] for end, side in (("a", event.a), ("b", event.b))
             for name in ("frame", "frames", "time", *ENDPOINT)}
    return record("both_message", spi_initiator=sa.cookie, msg=label(row), message_id=row["message_id"],
                  sender=row["role"], kind=row["kind"], way=WAY[event.way], fate=event.fate,
                  assumed=event.assumed, delay=seconds(event.delay), differs=event.differs, digest=row["digest"],
                  pieces=[piece["frame"] for piece in event.pieces], **sides)


def esp_record(line):
    return record("both_esp", spi=line.spi, protocol=line.protocol, source=line.source, way=WAY[line.way],
                  sent=line.sent, arrived=line.arrived, lost=line.lost, remark=line.remark or None)


def result_record(report):
    joined = report.joined
    difference, error = (None, None)
    if joined.clocks and not report.reason:
        difference, error = joined.clocks.difference(min(row["ns"] for row in joined.captures[0].rows))
    ends = [group for group in joined.groups if not report.reason]
    return record("both_result", result=report.result, **report.counts, reason=report.reason or None,
                  clock_difference=seconds(difference), clock_error=seconds(error),
                  clocks_known_by=joined.clocks.known_by if difference is not None else None,
                  ends=[group_text(group) for group in ends])


def json_lines(report):
    for told in report.stories:
        yield sa_record(report.joined, told)
        for event in told.sa.events:
            yield message_record(told.sa, event)
    for line in report.esp:
        yield esp_record(line)
    yield result_record(report)


WRITERS = {"text": text_lines, "json": json_lines}


def write(report, form, out):
    for line in WRITERS[form](report):
        out.write(f"{line}\n".encode())
