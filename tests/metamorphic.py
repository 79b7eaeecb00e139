#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Rewrite captures with known truth in ways that must not make ikex say anything wrong.

usage: metamorphic.py [-v] [--tshark CMD] [--jobs N] [--only REGEX] [--sample N] [--one-pass] DIR...

DIR holds captures NAME.pcap or NAME.pcapng with NAME.pcapng.truth.json (or NAME.truth.json) beside
them. For each rewrite it is known which original frame every new frame comes from, hence its truth.
Less evidence may leave a label undecided (MM3/4) or out; it never makes another label right.

What each rewrite proves:

    head1..head8  the capture starts late: labels come from content, not from counting frames
    oneway-a, -b  one direction only: nothing is called unanswered that the capture cannot know
    twice         a mirror port saw every frame twice: duplicates are no retransmissions and are
                  not counted as messages
    snaplen70     only headers were kept: numbering by header, nothing is called malformed
    backwards     time stamps run backwards: no verdict from negative gaps
    reversed      a merge wrote the frames in the wrong order: no verdict from file order alone
                  (backwards and reversed look alike, and the truth is file order in the first and
                  time order in the second: what decides must be content or direction)
    merged        two negotiations overlap in time: state of one never leaks into the other
    vlan, raw     a VLAN tag, no Ethernet header: the walk to the bytes knows link layers

Counted per rewrite: labels that have a truth; right; undecided (no label, or A/B that covers the
truth); wrong (any other label, or one on a frame that is only a piece or no IKE message; a failed
run counts as one); copies (retransmission_of on a frame sent once; in twice, duplicate_of missing
or pointing elsewhere); false alarms (a warning in a healthy capture, weak cryptography and the
truth's "allow" aside; one of the truth's "forbid" in any other).

What a rewrite makes true is allowed for: a message whose fragments were cut off is a piece, and its
loss may be reported; a lone MM1 may be called unanswered when its answer was removed; what stays
unfinished to the end of its capture is a failure when the merged capture goes on.

Exit 1 when anything is wrong, 2 when there is nothing to test.
"""
import collections
import concurrent.futures
import dataclasses
import functools
import heapq
import pathlib
import re
import sys
import zlib

from runner import Failure, Runner, field_arguments, new_parser, parse_fields, public_temp_dir
from truth import WARN, TruthFile, read_truths

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tools" / "lib"))
import pcapfile  # noqa: E402  (needs the path above)

SNAPLEN = 70
COPY_GAP_NS = 20_000        # what a mirror port of both directions shows
ETHERNET, RAW_IP = 1, 101   # link types
HEADER_LENGTHS = {ETHERNET: 14, RAW_IP: 0, 12: 0, 14: 0, 113: 16, 228: 0, 229: 0, 276: 20}
FIELDS = ["frame.number", "ikex.msg", "ikex.diag.id", "ikex.diag.severity",
          "ikex.retransmission_of", "ikex.duplicate_of"]
PATIENCE = {"xauth_fail"}
FRAGMENT_LOSS = {"ipfrag_loss", "v1frag_loss", "skf_loss"}
OPENERS = {"MM1": "mm1_noresp", "AM1": "am1_noresp", "IKE_SA_INIT.req": "init_noresp",
           "AIP-MM1": "aip_noresp", "IKE_SESSION_RESUME.req": "resume_noresp"}


# --- packets: as much as the rewrites need -------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Packet:
    """Sender of an IP packet, its fragment id (None when whole), initiator SPI if it is IKE."""
    source: bytes
    fragment: tuple
    spi: bytes


def network_offset(frame):
    """Where the IP header starts, None when the frame holds none or the link type is unknown."""
    at = HEADER_LENGTHS.get(frame.linktype)
    if at is None:
        return None
    if at:
        ethertype = frame.data[at - 2:at] if frame.linktype != 276 else frame.data[0:2]
        while ethertype in (b"\x81\x00", b"\x88\xa8"):
            ethertype, at = frame.data[at + 2:at + 4], at + 4
        if ethertype not in (b"\x08\x00", b"\x86\xdd"):
            return None
    return at if frame.data[at:at + 1] and frame.data[at] >> 4 in (4, 6) else None


def parse(frame):
    """The Packet in a frame, None when it is not IP."""
    at = network_offset(frame)
    if at is None:
        return None
    ip = frame.data[at:]
    return parse_ipv4(ip) if ip[0] >> 4 == 4 else parse_ipv6(ip)


def parse_ipv4(ip):
    if len(ip) < 20:
        return None
    flags = int.from_bytes(ip[6:8], "big")
    key = (ip[12:20], ip[4:6]) if flags & 0x3FFF else None
    body = ip[(ip[0] & 15) * 4:] if not flags & 0x1FFF else b""
    return Packet(ip[12:16], key, initiator_spi(ip[9], body))


def parse_ipv6(ip):
    if len(ip) < 40:
        return None
    protocol, body, key = ip[6], ip[40:], None
    while protocol in (0, 43, 44, 60) and len(body) >= 8:
        length = 8 if protocol == 44 else 8 + body[1] * 8
        if protocol == 44:
            key = (ip[8:40], body[4:8])
        if protocol == 44 and int.from_bytes(body[2:4], "big") & 0xFFF8:
            return Packet(ip[8:24], key, b"")
        protocol, body = body[0], body[length:]
    return Packet(ip[8:24], key, initiator_spi(protocol, body))


def initiator_spi(protocol, body):
    """The initiator SPI (cookie) of IKE over UDP, empty when there is none."""
    payload = body[8:] if protocol == 17 else b""
    if payload[:4] == bytes(4):
        payload = payload[4:]
    return payload[:8] if len(payload) >= 8 else b""


# --- captures with truth -------------------------------------------------------------------------

@dataclasses.dataclass(eq=False)
class Source:
    """A capture, its truth by frame number, and what of its packets the rewrites ask for."""
    name: str
    truth: TruthFile
    frames: list

    def __post_init__(self):
        self.expected = {frame["n"]: frame for frame in self.truth.frames}
        self.packets = {n: parse(frame) for n, frame in enumerate(self.frames, 1)}
        self.add_unlisted_pieces()
        self.fragmented = fragmented_frames(self.expected)

    def add_unlisted_pieces(self):
        """IP fragments of a message in the truth are its pieces, listed there or not."""
        labels = {self.packets[n].fragment: self.label(n) for n in self.expected
                  if self.packets.get(n) and self.packets[n].fragment}
        for n, packet in self.packets.items():
            if packet and packet.fragment in labels and n not in self.expected:
                self.expected[n] = {"n": n, "msg": labels[packet.fragment], "piece": True}

    def label(self, number):
        return self.expected.get(number, {}).get("msg")

    @functools.cached_property
    def labels_by_spi(self):
        """{initiator SPI: set of labels}, to see which SAs are cut down to their first message."""
        return self.labels_of(self.expected)

    def labels_of(self, numbers):
        labels = collections.defaultdict(set)
        for n in numbers:
            if self.packets.get(n) and self.packets[n].spi and self.label(n):
                labels[self.packets[n].spi].add(self.label(n))
        return labels

    @functools.cached_property
    def identity(self):
        """What two captures must not share to be merged: SPIs and ids of IP fragments."""
        packets = [self.packets[n] for n in self.expected if self.packets.get(n)]
        return {p.spi for p in packets if p.spi} | \
            {p.fragment for p in self.packets.values() if p and p.fragment}


def fragmented_frames(expected):
    """Numbers of the frames that are pieces, or that complete a message of earlier pieces."""
    fragmented, open_labels = set(), set()
    for n, frame in sorted(expected.items()):
        label = frame.get("msg")
        if frame.get("piece"):
            fragmented.add(n)
            open_labels.add(label)
        elif label in open_labels:
            fragmented.add(n)
            open_labels.discard(label)
    return fragmented


def read_sources(folders):
    sources = []
    for truth in (truth for folder in folders for truth in read_truths(folder)):
        if not truth.rewritable:
            continue
        try:
            sources.append(Source(truth.capture.name, truth, pcapfile.read(truth.capture).frames))
        except ValueError as error:
            print(f"skipped: {error}", file=sys.stderr)
    return sources


# --- the rewrites --------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Item:
    """One frame of a rewritten capture and where it comes from."""
    frame: pcapfile.Frame
    source: Source
    number: int             # of the original frame in its source
    copy: bool = False      # the second of two in `twice`


def items_of(source):
    return [Item(frame, source, n) for n, frame in enumerate(source.frames, 1)]


def change(item, **fields):
    return dataclasses.replace(item, frame=dataclasses.replace(item.frame, **fields))


def cut_head(count, source, _partner):
    return items_of(source)[count:]


def keep_direction(same, source, _partner):
    """The packets from the address that sent the first IKE frame, or all the others."""
    senders = [source.packets[n] for n in sorted(source.expected) if source.packets.get(n)]
    if not senders:
        return []
    return [item for item in items_of(source) if source.packets[item.number]
            and (source.packets[item.number].source == senders[0].source) == same]


def twice(source, _partner):
    """Each frame and its copy right behind it, closer when the next frame is close."""
    items, new = items_of(source), []
    for item, following in zip(items, [*items[1:], None]):
        gap = following.frame.time_ns - item.frame.time_ns if following else 2 * COPY_GAP_NS
        copied_at = item.frame.time_ns + min(COPY_GAP_NS, max(0, gap // 2))
        new += [item, dataclasses.replace(change(item, time_ns=copied_at), copy=True)]
    return new


def cut_data(source, _partner):
    return [change(item, data=item.frame.data[:SNAPLEN]) for item in items_of(source)]


def mirror_times(source, _partner):
    if not source.frames:
        return []
    times = [frame.time_ns for frame in source.frames]
    return [change(item, time_ns=min(times) + max(times) - item.frame.time_ns)
            for item in items_of(source)]


def reverse_order(source, _partner):
    return items_of(source)[::-1]


def merge(source, partner):
    """Both by time, each in its own order; the partner starts early in this one."""
    if not partner or not source.frames or not partner.frames:
        return []
    times = [frame.time_ns for frame in source.frames]
    start = min(times) + (max(times) - min(times)) // 4 + 1000
    shift = start - min(frame.time_ns for frame in partner.frames)
    other = 1 + max(frame.interface for frame in source.frames)
    moved = [change(item, time_ns=item.frame.time_ns + shift,
                    interface=item.frame.interface + other) for item in items_of(partner)]
    return list(heapq.merge(items_of(source), moved, key=lambda item: item.frame.time_ns))


def tag_vlan(source, _partner):
    return [change(item, data=item.frame.data[:12] + b"\x81\x00\x00\x64" + item.frame.data[12:],
                   wire_length=item.frame.wire_length + 4)
            for item in items_of(source) if item.frame.linktype == ETHERNET]


def strip_link(source, _partner):
    """The IP packets out of Ethernet frames; what holds none is left out."""
    new = []
    for item in items_of(source):
        at = network_offset(item.frame)
        if at and item.frame.linktype == ETHERNET:
            new.append(change(item, data=item.frame.data[at:], linktype=RAW_IP,
                              wire_length=item.frame.wire_length - at))
    return new


@dataclasses.dataclass(frozen=True)
class Rewrite:
    name: str
    make: callable          # (source, partner) -> list of Item, empty when it does not apply
    reorders: bool = False  # another fragment completes the message, another copy comes first
    cuts_data: bool = False


REWRITES = [
    *(Rewrite(f"head{k}", functools.partial(cut_head, k)) for k in range(1, 9)),
    Rewrite("oneway-a", functools.partial(keep_direction, True)),
    Rewrite("oneway-b", functools.partial(keep_direction, False)),
    Rewrite("twice", twice),
    Rewrite("snaplen70", cut_data, cuts_data=True),
    Rewrite("backwards", mirror_times),
    Rewrite("reversed", reverse_order, reorders=True),
    Rewrite("merged", merge),
    Rewrite("vlan", tag_vlan),
    Rewrite("raw", strip_link),
]


def partner_of(source, sources):
    """The next capture in the list that shares no SA and no fragment id with this one."""
    start = sources.index(source)
    for other in sources[start + 1:] + sources[:start]:
        if other.expected and not other.identity & source.identity:
            return other
    return None


# --- the truth of a rewritten capture ------------------------------------------------------------

class Truth:
    """What is right in one rewritten capture."""

    def __init__(self, rewrite, items):
        self.rewrite = rewrite
        self.items = items
        self.sources = list(dict.fromkeys(item.source for item in items))
        self.first = {}     # (source, original number) -> its first new number
        for number, item in enumerate(items, 1):
            self.first.setdefault((item.source, item.number), number)
        self.torn = {(source, source.label(n)) for source in self.sources
                     for n in source.fragmented if (source, n) not in self.first}
        self.excused = {source: self.excused_findings(source) for source in self.sources}

    def excused_findings(self, source):
        """Findings that the rewrite itself makes true."""
        kept = [n for n in source.expected if (source, n) in self.first]
        excused = set()
        if self.rewrite.name == "merged" and not source.truth.healthy:
            excused |= PATIENCE     # the capture goes on where it ended
        if any(self.is_broken(source, n) for n in kept):
            excused |= FRAGMENT_LOSS
        for spi, labels in source.labels_of(kept).items():
            if labels <= OPENERS.keys() and (labels != source.labels_by_spi[spi]
                                             or self.rewrite.name.startswith("oneway")):
                excused |= {OPENERS[label] for label in labels}
        return excused

    def is_broken(self, source, number):
        """True when pieces of this fragmented message are gone, cut or in another order."""
        return number in source.fragmented and (
            self.rewrite.reorders or self.rewrite.cuts_data
            or (source, source.label(number)) in self.torn)

    def judge_label(self, item, got):
        """right, undecided or wrong for a label that is due, extra for one that must not be there,
        None for what is not scored."""
        frame = item.source.expected.get(item.number)
        label = item.source.label(item.number)
        if not frame:
            return "extra" if got else None
        broken = self.is_broken(item.source, item.number)
        if frame.get("piece"):
            may_complete = broken and not self.rewrite.cuts_data and fits(got, label)
            return "extra" if got and not may_complete else None
        if not label:
            return None
        if broken or item.copy and item.number in item.source.fragmented:
            return "extra" if got and not fits(got, label) else None
        if got == [label]:
            return "right"
        return "undecided" if not got or fits(got, label) else "wrong"

    def false_alarms(self, item, findings, shared):
        """Ids of the findings on this frame that the truth of its capture rules out. In one pass a
        finding may sit on a later frame of the other capture: shared asks both."""
        sources = self.sources if shared else [item.source]
        return [finding for finding, severity in findings if severity >= WARN
                and all(self.is_false_alarm(source, finding) for source in sources)]

    def is_false_alarm(self, source, finding):
        if finding in source.truth.allow or finding in self.excused[source]:
            return False
        return finding in source.truth.forbid or source.truth.is_alarm(finding)

    def copy_problem(self, index, row):
        """What is wrong with the copy links of this frame, empty when nothing is."""
        item = self.items[index]
        frame = item.source.expected.get(item.number, {})
        if self.rewrite.reorders or self.rewrite.cuts_data or frame.get("any_copy") \
                or item.number in item.source.fragmented:
            return ""   # the first copy is another one, or equal headers look like copies
        if row["ikex.retransmission_of"] and "copy_of" not in frame:
            return f"retransmission of {row['ikex.retransmission_of'][0]}, was sent once"
        if not item.copy or not frame.get("msg") or not self.is_udp(item):
            return ""
        first = {self.first.get((item.source, n)) for n in (item.number, frame.get("copy_of"))}
        if not {int(x, 0) for x in row["ikex.duplicate_of"]} & first:
            got = ",".join(row["ikex.duplicate_of"]) or "nothing"
            return f"duplicate of {got}, should be of {index}"
        return ""

    @staticmethod
    def is_udp(item):
        """Over TCP a repeated segment is dropped before anybody sees a message in it."""
        packet = item.source.packets[item.number]
        return bool(packet and packet.spi)


def fits(got, label):
    """True for the label itself, and for one that leaves it open."""
    return got == [label] or any(covers(x, label) for x in got)


def covers(label, want):
    """True when an undecided label such as MM3/4 or QM1/2 includes the wanted one."""
    head, slash, tail = label.partition("/")
    stem = head.rstrip("0123456789")
    return bool(slash) and want in (head, stem + tail, tail)


# --- running and counting ------------------------------------------------------------------------

def run_tshark(tshark, path, two_passes):
    """{frame number: {field: [values]}}; Failure when tshark fails."""
    arguments = [*(["-2"] if two_passes else []), *field_arguments(FIELDS)]
    rows = parse_fields(Runner(tshark).run(path, arguments), FIELDS)
    return {int(row["frame.number"][0]): row for row in rows}


def score(truth, rows, one_pass):
    """Counter of one run and a list of (frame, text) for everything bad."""
    count, bad = collections.Counter(), []
    for index, item in enumerate(truth.items):
        row = rows[index + 1]
        verdict = truth.judge_label(item, row["ikex.msg"])
        if verdict:
            count[verdict] += 1
        if verdict in ("wrong", "extra"):
            bad.append((index + 1, f"{'|'.join(row['ikex.msg'])}, truth {describe(item)}"))
        findings = [(x, int(y, 0)) for x, y in zip(row["ikex.diag.id"], row["ikex.diag.severity"])]
        for finding in truth.false_alarms(item, findings, one_pass):
            count["false"] += 1
            bad.append((index + 1, f"false alarm {finding}, truth {describe(item)}"))
        problem = truth.copy_problem(index, row)
        if problem:
            count["copies"] += 1
            bad.append((index + 1, f"{problem}, truth {describe(item)}"))
    return count, bad


def describe(item):
    """What the truth says about a frame, and which original one it is."""
    frame = item.source.expected.get(item.number, {})
    words = f"{'piece of ' if frame.get('piece') else ''}{frame.get('msg') or 'no label'}"
    return f"{words} (frame {item.number} of {item.source.name})"


@dataclasses.dataclass(frozen=True)
class Job:
    rewrite: Rewrite
    source: Source
    partner: Source
    two_passes: bool

    @property
    def kind(self):
        return self.rewrite.name + ("" if self.two_passes else " 1-pass")

    def chosen(self, sample):
        """A fixed share of the jobs that does not favour a rewrite or a capture."""
        return zlib.crc32(f"{self.source.name} {self.rewrite.name}".encode()) % sample == 0

    def run(self, tshark, folder):
        """Counter and what is bad, None when the rewrite does not apply or leaves nothing."""
        items = self.rewrite.make(self.source, self.partner)
        if not items:
            return None
        path = pathlib.Path(folder) / f"{id(self)}.pcapng"
        pcapfile.write(path, pcapfile.Capture([item.frame for item in items]))
        path.chmod(0o644)
        try:
            rows = run_tshark(tshark, path, self.two_passes)
            if len(rows) != len(items):
                raise Failure(f"tshark shows {len(rows)} of {len(items)} frames")
        except Failure as error:
            return collections.Counter(wrong=1), [(0, str(error))]
        finally:
            path.unlink()
        return score(Truth(self.rewrite, items), rows, not self.two_passes)


def make_jobs(sources, arguments):
    """The pairs of capture and rewrite that the options choose."""
    jobs = []
    for source in sources:
        if not re.search(arguments.only, source.name):
            continue
        partner = partner_of(source, sources)
        for rewrite in REWRITES:
            if re.search(arguments.rewrite, rewrite.name):
                jobs += [Job(rewrite, source, partner, two_passes)
                         for two_passes in ((True, False) if arguments.one_pass else (True,))]
    return [job for job in jobs if job.chosen(arguments.sample)]


def run_jobs(jobs, tshark, workers, verbose):
    """Run everything side by side; returns {kind: Counter}. Threads do: tshark is the work."""
    totals = {}
    with public_temp_dir() as folder, concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for job, result in zip(jobs, pool.map(lambda job: job.run(tshark, folder), jobs)):
            if result is None:
                continue
            count, bad = result
            totals.setdefault(job.kind, collections.Counter()).update(count, runs=1)
            for frame, text in bad if verbose else []:
                print(f"{job.source.name}: {job.kind}: frame {frame}: {text}", flush=True)
    return totals


def summary_line(kind, count):
    labels = count["right"] + count["undecided"] + count["wrong"]
    shown = {"runs": count["runs"], "labels": labels, "right": count["right"],
             "undecided": count["undecided"], "wrong": count["wrong"] + count["extra"],
             "copies": count["copies"], "false": count["false"],
             "decided": f"{100 * count['right'] / labels if labels else 100:.1f}%"}
    return f"{kind:<17} " + " ".join(f"{key}={value!s:<5}" for key, value in shown.items()).rstrip()


def parse_arguments():
    parser = new_parser(__doc__)
    parser.add_argument("-v", action="store_true", help="print everything that is wrong")
    parser.add_argument("--only", default="", metavar="REGEX", help="captures with such a name")
    parser.add_argument("--rewrite", default="", metavar="REGEX", help="rewrites with such a name")
    parser.add_argument("--sample", type=int, default=1, metavar="N",
                        help="run one in N of all pairs of capture and rewrite")
    parser.add_argument("--one-pass", action="store_true", help="run without -2 as well")
    parser.add_argument("dirs", nargs="+", type=pathlib.Path, metavar="DIR")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    jobs = make_jobs(read_sources(arguments.dirs), arguments)
    totals = run_jobs(jobs, arguments.tshark, arguments.jobs, arguments.v)
    if not totals:
        print("metamorphic: no capture with truth, or nothing selected")
        sys.exit(2)
    total = sum(totals.values(), collections.Counter())
    for kind, count in totals.items():
        print(summary_line(kind, count))
    print(summary_line("total", total))
    sys.exit(1 if sum(total[x] for x in ("wrong", "extra", "copies", "false")) else 0)


if __name__ == "__main__":
    main()
