# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the results of a scenario from its working folder: captures (not empty ones), truth, log, keys.

usage: truth.py WORK OUTDIR

The label of a message comes, in this order,
    from the log of the daemon that sent it: the packet of the log is the frame with the same
        addresses, ports and length that is nearest in time; equal bytes have equal labels everywhere,
        so a retransmit and the other captures need no log line of their own
    from the log of the daemon that received it, where the sender's log does not name it (Libreswan)
    from its place on the wire, where no log names it.
The last line printed says how many came from where, and how many packets of a log have no frame.
"""
import pathlib
import re
import shutil
import subprocess
import sys

import charonlog
import packets

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import pcapfile  # noqa: E402  (found through the line above)
import truthfile  # noqa: E402

STATE = pathlib.Path(__file__).resolve().parents[2] / "build" / "lab"
NEAR_S = 1.0  # a packet of a log and its frame are not further apart
OUTCOME = re.compile(r"established|giving up|failed|NO_PROP|error notify|AUTH_FAILED|AUTHENTICATION_FAILED")
# pluto may not give up before the scenario ends; that it still waits is then the last word
PLUTO_OUTCOME = re.compile(OUTCOME.pattern + "|failure|timeout exceeded|retransmission; will wait")
OUTCOME_LINES = 4
PLUTO_LINE = re.compile(r'"c"|xfrm_yes')
PLUTO_TIME = re.compile(r"\w+ +\d+ [\d:.]+: ")
PACKAGES = {"strongSwan": ("strongswan-charon", "/var/lib/dpkg"),
            "Libreswan": ("libreswan", STATE / "libreswan" / "var/lib/dpkg")}
ROLES = {"i": "initiator", "r": "responder"}  # by the first letter of the node
RESPONSE, IKEV1, IKEV2 = 0x20, 1, 2

EXCHANGES = {34: "IKE_SA_INIT", 35: "IKE_AUTH", 36: "CREATE_CHILD_SA", 37: "INFORMATIONAL"}
NUMBERED = {2: "MM", 4: "AM", 6: "TR", 32: "QM"}  # IKEv1 exchanges whose messages have numbers
PHASE_1 = {2, 4}
V1_INFORMATIONAL = 5
ANSWERS = {"MM2": "MM1", "MM4": "MM3", "MM6": "MM5", "AM2": "AM1", "QM2": "QM1", "TR2": "TR1",
           **{f"{name}.resp": f"{name}.req" for name in EXCHANGES.values()}}

KEY_TABLES = {"ikev1_decryption_table": 1, "ikev2_decryption_table": 2, "esp_sa": 4}  # fields that tell the SA
# what save-keys of strongSwan 5.9 writes, and how Wireshark spells it
WRONG_NAME, RIGHT_NAME = "TripleDes-CBC", "TripleDES-CBC"


class Scenario:
    """The working folder, read."""

    def __init__(self, work):
        self.work = work
        row = dict(line.split("=", 1) for line in (work / "scenario").read_text().splitlines())
        self.name, self.about, self.main = row["scenario"], row["story"], row["main"]
        self.healthy = row["health"] == "healthy"
        self.due = [(node, ids.split(",")) for node, ids in (item.split(":") for item in row["due"].split())]
        self.nodes = (work / "nodes").read_text().split()
        self.logs = {node: charonlog.Log(text) for node in self.nodes
                     if (text := self.text(f"{node}/charon.log"))}
        self.pluto = {node: [line for line in text.split("\n") if PLUTO_LINE.search(line)] for node in self.nodes
                      if (text := self.text(f"{node}/pluto.log"))}
        captures = {node: pcapfile.read(work / f"{node}.pcap") for node in self.nodes
                    if (work / f"{node}.pcap").exists()}
        self.captures = {node: capture for node, capture in captures.items() if capture.frames}
        self.messages = {node: packets.ike_messages(capture) for node, capture in self.captures.items()}

    def text(self, name):
        path = self.work / name
        return path.read_text(errors="replace") if path.exists() else ""

    def file_name(self, node):
        return f"{self.name}.pcapng" if node == self.main else f"{self.name}.{node}.pcapng"

    def ends(self):
        """{name of a daemon: the nodes where it ran}, of those that ran"""
        return {name: nodes for name, nodes in (("strongSwan", self.logs), ("Libreswan", self.pluto)) if nodes}

    def daemons(self):
        return " / ".join(f"{name} {package_version(*PACKAGES[name])}" for name in self.ends())

    def origin(self):
        """Who made the capture, as the index of captures tells it."""
        ends = [(sorted(nodes), f"{name} {package_version(*PACKAGES[name]).partition('-')[0]}")
                for name, nodes in self.ends().items()]
        if len(ends) > 1:
            ends = [(nodes, f"{name} ({' and '.join(dict.fromkeys(ROLES[node[0]] for node in nodes))})")
                    for nodes, name in ends]
        return " and ".join(name for _, name in sorted(ends)) + " in network namespaces"

    def outcome(self):
        ends = {node: [line.text for line in log.lines if OUTCOME.search(line.text)]
                for node, log in self.logs.items()}
        ends |= {node: [PLUTO_TIME.sub("", line, count=1) for line in lines if PLUTO_OUTCOME.search(line)]
                 for node, lines in self.pluto.items()}
        return {node: ends[node][-OUTCOME_LINES:] for node in sorted(ends)}


def package_version(package, database):
    command = ["dpkg-query", f"--admindir={database}", "-W", "-f", "${Version}", package]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# ---- labels ----

def join(log, messages):
    """Yield (packet of the log, its message); the message is None when no frame is near."""
    waiting = {}
    for message in messages:
        key = (message.source, message.source_port, message.target, message.target_port, message.length)
        for sent in (True, False):
            waiting.setdefault((sent, key), []).append(message)
    for packet in sorted(log.packets, key=lambda packet: packet.time):
        key = (packet.source, packet.source_port, packet.target, packet.target_port, packet.length)
        candidates = waiting.get((packet.sent, key), [])
        nearest = min(candidates, key=lambda message: abs(message.time - packet.time), default=None)
        if nearest and abs(nearest.time - packet.time) < NEAR_S:
            candidates.remove(nearest)
            yield packet, nearest
        else:
            yield packet, None


class Labels:
    """What is known about the bytes of messages: by all of them, and by the first ones."""

    def __init__(self):
        self.of_data, self.of_prefix = {}, {}

    def learn(self, message, label, label_from):
        self.of_data.setdefault(message.data, (label, label_from))
        self.of_prefix.setdefault(message.prefix, (label, label_from))

    def apply(self, message):
        known = self.of_data.get(message.data) if message.complete else self.of_prefix.get(message.prefix)
        if known and not message.label:
            message.label, message.label_from = known


def label_messages(scenario):
    """Give every message a label; return how many sent packets of the logs have no frame."""
    labels, lost = Labels(), 0
    for label_from, sent in (("sender", True), ("receiver", False)):
        for node in scenario.logs.keys() & scenario.messages.keys():
            for packet, message in join(scenario.logs[node], scenario.messages[node]):
                lost += sent and packet.sent and message is None
                if packet.sent is sent and packet.label and message:
                    labels.learn(message, packet.label, label_from)
    everything = [message for node in scenario.nodes for message in scenario.messages.get(node, [])]
    for message in everything:
        labels.apply(message)
    for node in scenario.messages:
        label_by_place(scenario.messages[node], labels)
    for message in everything:
        labels.apply(message)
    return lost


def label_by_place(messages, labels):
    """For messages that no log names: IKEv2 by its header, IKEv1 by counting in each direction."""
    openers, seen = {}, {}
    for message in messages:
        name = ""
        if message.version == IKEV2:
            name = v2_label(message)
        elif message.exchange == V1_INFORMATIONAL:
            name = "INFO"
        elif message.exchange in NUMBERED:
            mid = 0 if message.exchange in PHASE_1 else message.message_id
            conversation = (message.initiator_spi, message.exchange, mid)
            forward = openers.setdefault(conversation, message.source) == message.source
            turns = seen.setdefault((conversation, forward), [])
            content = message.prefix if message.fragment or not message.complete else message.data
            if content not in turns:
                turns.append(content)
            name = f"{NUMBERED[message.exchange]}{2 * turns.index(content) + (1 if forward else 2)}"
        if name and not message.label:
            labels.learn(message, name, "wire")


def v2_label(message):
    name = EXCHANGES.get(message.exchange)
    return f"{name}.{'resp' if message.flags & RESPONSE else 'req'}" if name else ""


# ---- truth ----

class Frames:
    """Turns the messages of one capture into entries: copies, answers, pieces."""

    def __init__(self):
        self.first_copy, self.requests, self.fragments = {}, {}, {}

    def entry(self, message):
        entry = {"n": message.number}
        if not message.complete or not self.completes(message):
            return {**entry, "piece": True, "msg": message.label}
        entry["msg"] = message.label
        key = (message.initiator_spi, message.message_id)
        original = self.first_copy.setdefault(message.data, message.number)
        request = self.requests.get((key, ANSWERS.get(message.label)))
        if message.fragment:
            entry["any_copy"] = True
        elif original != message.number:
            entry["copy_of"] = original
        elif request:
            entry["request_in"] = request
        if original == message.number:
            self.requests[key, message.label] = message.number
        return entry

    def completes(self, message):
        """True for a whole message, and for the IKE fragment that is the last one missing."""
        if not message.fragment:
            return True
        number, is_last = message.fragment
        key = (message.initiator_spi, message.source, message.label, message.message_id)
        numbers = self.fragments.setdefault(key, {})
        numbers[number] = is_last
        total = next((number for number, last in numbers.items() if last), None)
        if total is None or len(numbers) < total:
            return False
        del self.fragments[key]
        return True


def truth_of(scenario, node):
    expected = {finding for _, ids in scenario.due for finding in ids}
    numbering = Frames()
    ordered = sorted(scenario.messages[node], key=lambda message: message.number)
    return {
        "capture": scenario.file_name(node), "scenario": scenario.name, "about": scenario.about,
        "origin": scenario.origin(), "point": node, "daemon": scenario.daemons(), "outcome": scenario.outcome(),
        "healthy": scenario.healthy, "expect": [ids for where, ids in scenario.due if where == node],
        "forbid": [] if scenario.healthy else sorted(truthfile.USUAL_SUSPECTS - expected),
        "frames": [numbering.entry(message) for message in ordered]}


# ---- log and keys ----

def write_log(path, scenario):
    """What the daemons and the lab said, in one file."""
    rows = [(line.time, node, line.group, line.text) for node, log in scenario.logs.items() for line in log.lines]
    out = [f"{time:.3f} {node} [{group}] {text}" for time, node, group, text in
           sorted(rows, key=lambda row: row[0])]
    for node, lines in scenario.pluto.items():
        out += [f"--- pluto {node} ---", *lines]
    path.write_text("\n".join(out) + "\n--- lab ---\n" + scenario.text("lab.log"))


def write_keys(folder, scenario):
    """Wireshark's decryption tables. Where two ends disagree about the keys of an SA, as with two PSKs,
    the initiator's are in the table and the other's in TABLE.alt."""
    shutil.rmtree(folder, ignore_errors=True)
    for table, fields in KEY_TABLES.items():
        lines, others = {}, {}
        for node in scenario.nodes:
            for line in scenario.text(f"{node}/keys/{table}").splitlines():
                line = line.replace(WRONG_NAME, RIGHT_NAME)
                sa = tuple(line.split(",")[:fields])
                if lines.setdefault(sa, line) != line:
                    others.setdefault(f"{line}\t# {node}")
        for name, content in ((table, lines.values()), (f"{table}.alt", others)):
            if content:
                folder.mkdir(exist_ok=True)
                (folder / name).write_text("\n".join(content) + "\n")


def summary(scenario, lost):
    counts = {node: len(capture.frames) for node, capture in scenario.captures.items()}
    messages = [message for node in scenario.messages for message in scenario.messages[node]]
    sources = [message.label_from or "nowhere" for message in messages]
    origins = ", ".join(f"{sources.count(name)} from the {name}" if name != "nowhere" else
                        f"{sources.count(name)} without label"
                        for name in ("sender", "receiver", "wire", "nowhere") if name in sources)
    return (f"{scenario.name}: frames {' '.join(f'{node} {count}' for node, count in counts.items())}; "
            f"labels: {origins or 'none'}" + (f"; {lost} log lines without a frame" if lost else ""))


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n")[2])
    work, outdir = map(pathlib.Path, sys.argv[1:])
    scenario = Scenario(work)
    lost = label_messages(scenario)
    for node, capture in scenario.captures.items():
        name = scenario.file_name(node)
        pcapfile.write(outdir / name, capture)
        truthfile.write(outdir / f"{name}.truth.json", truth_of(scenario, node))
    write_log(outdir / f"{scenario.name}.log", scenario)
    write_keys(outdir / f"{scenario.name}.keys", scenario)
    print(summary(scenario, lost))


if __name__ == "__main__":
    main()
