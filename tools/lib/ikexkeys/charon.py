# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads logs of strongSwan's charon at the level that prints keys.

A line is THREAD[GROUP] TEXT, after whatever the logger or syslog puts in front. charon has one IKE SA in hand
in each thread at a time, so what a thread says from one message to the next is about one IKE SA, and the
threads tell SAs apart:

    05[MGR] checkout IKEv2 SA by message with SPIs 1eacc34117a7914f_i 4881141cdf393559_r     mgr = 2
    05[NET] received packet: from 10.2.0.2[500] to 10.1.0.2[500] (464 bytes)                 net = 1
    05[ENC] parsed IKE_SA_INIT response 0 [ SA KE No N(NATD_S_IP) N(NATD_D_IP) ]             enc = 1
    05[CFG] selected proposal: IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048 cfg = 1
    05[IKE] natd_chunk => 22 bytes @ 0x7f3370002e50                                          ike = 3
    05[IKE]    0: 1E AC C3 41 17 A7 91 4F 48 81 14 1C DF 39 35 59  ...A...OH....95Y
    05[IKE] Sk_ei secret => 32 bytes @ 0x7fa4d0038980                                        ike = 4
    05[IKE]    0: ..
    05[MGR] checkin IKEv2 SA c[1] with SPIs 1eacc34117a7914f_i 4881141cdf393559_r            mgr = 2

SPIs come with mgr = 2, or else from what begins with them: what is hashed to detect NAT ("natd_chunk") and what
is signed ("octets"). A rekeyed IKE SA has neither: it needs mgr = 2. Its keys may be logged under the name of the
old SA, and its checkin comes first after them. A responder derives keys of IKEv2 only when it is asked to
authenticate, after its proposal was selected in another thread.
"""
import dataclasses
import re

from . import algorithms
from .records import ESP, IKEV1, IKEV2

LINE = re.compile(
    r"(?<!\d)(?P<thread>\d\d+)\[(?P<group>DMN|MGR|IKE|CHD|JOB|CFG|KNL|NET|ASN|ENC|TNC|IMC|IMV|PTS|TLS|APP|"
    r"ESP|LIB)[0-4]?\](?: <(?:[^>]*\|)?\d+>)? (?P<text>.*)")
PROCESS = re.compile(r"(\S+)\s+(\S+):\s*$")         # HOST PROCESS[PID]: of syslog
DUMP = re.compile(r"\s*(?P<offset>\d+): (?P<hex>(?:[0-9A-F]{2} ?){1,16})(?: |$)")
NO_SPI = "0" * 16
A_LINE = 16                                          # octets in a line of a dump
NO_KEYS = 'this log of charon holds no keys: it prints them with "ike = 4"'
NEEDS_CFG = 'the log does not name its algorithms, which needs "cfg = 2"'
NEEDS_MGR = 'its SPIs are not in the log, which needs "mgr = 2"'

# What is dumped: what it is called here, and how many of its octets are wanted (None: all).
DUMPS = {
    "Sk_ai secret": ("ai", None), "Sk_ar secret": ("ar", None),
    "Sk_ei secret": ("ei", None), "Sk_er secret": ("er", None),
    "encryption key Ka": ("ka", None),
    "natd_chunk": ("spis", 16), "octets = message + nonce + prf(Sk_px, IDx')": ("spis", 16),
    "encryption initiator key": ("encr_i", None), "encryption responder key": ("encr_r", None),
    "integrity initiator key": ("integ_i", None), "integrity responder key": ("integ_r", None),
}
FIRST = {"Sk_d secret": ("ai", "ar", "ei", "er"), "SKEYID_d": ("ka",)}   # begins keys anew
LAST = {"er": IKEV2, "ka": IKEV1}                                       # ends them
SECRETS = {label for label, _ in DUMPS.values()} - {"spis"}
REMEMBERED = 100_000                                 # IKE SAs whose proposal is known and whose keys are not


@dataclasses.dataclass
class Dump:
    """A dump that is being read."""
    title: str
    label: str
    wanted: int
    number: int
    total: int
    data: bytes = b""


@dataclasses.dataclass
class Pending:
    """Keys of an IKE SA whose SPIs are not known yet."""
    table: str
    number: int
    material: dict
    proposal: str


@dataclasses.dataclass
class Job:
    """What a thread has in hand."""
    spis: tuple = ()
    is_checked_out: bool = False  # and nothing was received yet
    is_rekeying: bool = False
    is_answer: bool = False    # the message that was read: then this end began the exchange
    proposal: str = ""
    direction: str = ""        # of the ESP SA that is being installed
    esp: dict = dataclasses.field(default_factory=dict)  # its algorithms
    material: dict = dataclasses.field(default_factory=dict)
    pending: list = dataclasses.field(default_factory=list)
    dump: Dump = None


def recognises(line):
    return LINE.search(line) is not None


def opened(hexadecimal):
    return bytes.fromhex(hexadecimal.replace(" ", ""))


class Reader:
    def __init__(self, found, _):
        self.found, self.jobs = found, {}
        self.proposals = {}  # by SPIi, of IKE SAs without keys: both SPIs and the proposal
        self.seen_keys = False
        self.has_beginnings = False  # the log tells when a thread takes another IKE SA in hand

    def feed(self, number, line):
        match = LINE.search(line)
        if not match:
            return
        process = PROCESS.search(line, 0, match.start()) if match.start() else None
        thread = (process.groups() if process else None, match["thread"])
        job = self.jobs.setdefault(thread, Job())
        text = match["text"]
        if job.dump and self.continues(job, number, text):
            return
        for pattern, handle in EVENTS.get(match["group"], ()):
            found = pattern.match(text)
            if found:
                handle(self, job, number, found)
                return

    def finish(self):
        self.restarted()
        if not self.seen_keys:
            self.found.note(1, NO_KEYS)

    # --- jobs: what belongs together ---

    def start(self, job, spis=()):
        """The thread takes an IKE SA in hand."""
        self.give_up(job)
        job.__dict__.update(Job(spis=spis).__dict__)

    def give_up(self, job):
        for keys in job.pending:
            self.found.problem(keys.number, f"keys of an {keys.table[:5].replace('ikev', 'IKEv')} SA: {NEEDS_MGR}")

    def restarted(self, *_):
        """What charon had in hand is gone."""
        for job in self.jobs.values():
            self.cut_short(job)
            self.give_up(job)
        self.jobs.clear()

    def checkout(self, job, _, found):
        self.start(job, found.groups())
        self.has_beginnings = job.is_checked_out = True

    def received(self, job, _, __):
        """The manager may have said before which SA it is."""
        if not job.is_checked_out:
            self.start(job)
        self.has_beginnings, job.is_checked_out = True, False

    def parsed(self, job, _, found):
        """Comes several times for a message in fragments."""
        if not self.has_beginnings:
            self.start(job)
        job.is_rekeying = found[1] == "CREATE_CHILD_SA"
        job.is_answer = found[2] == "response"

    def checkin(self, job, _, found):
        self.named(job, found.groups(), is_checkin=True)
        if found.groups() == job.spis or not job.spis:
            self.start(job)

    def selected(self, job, _, found):
        job.proposal = found[1]

    # --- dumps ---

    def dumped(self, job, number, found):
        """A dump begins."""
        for label in FIRST.get(found[1], ()):
            job.material.pop(label, None)
        label, most = DUMPS.get(found[1], (None, None))
        if label:
            total = int(found[2])
            job.dump = Dump(found[1], label, min(total, most or total), number, total)
            self.seen_keys = self.seen_keys or label in SECRETS
            self.complete(job)

    def continues(self, job, number, text):
        """Whether the line belongs to the dump that the thread was at."""
        dump, line = job.dump, DUMP.match(text)
        if not line:
            self.cut_short(job)
            return False
        data = opened(line["hex"])
        if int(line["offset"]) != len(dump.data) or len(data) != min(A_LINE, dump.total - len(dump.data)):
            self.damaged(job, number, "is damaged")
            return True
        dump.data += data
        self.complete(job)
        return True

    def complete(self, job):
        dump = job.dump
        if len(dump.data) < dump.wanted:
            return
        job.dump = None
        if dump.label == "spis":
            if len(dump.data) >= A_LINE:
                self.named(job, (dump.data[:8].hex(), dump.data[8:16].hex()))
            return
        job.material[dump.label] = dump.data
        if dump.label in LAST:
            self.derived(job, LAST[dump.label], dump.number)

    def damaged(self, job, number, what):
        self.found.problem(number, f'the dump of "{job.dump.title}" {what}')
        if job.dump.label in SECRETS:
            job.material[job.dump.label] = None
        job.dump = None

    def cut_short(self, job):
        if job.dump:
            self.damaged(job, job.dump.number, "is cut short")

    # --- keys and SPIs find each other ---

    def derived(self, job, table, number):
        """All keys of an IKE SA are there."""
        labels = ("ka",) if table == IKEV1 else ("ai", "ar", "ei", "er")
        keys = Pending(table, number, {label: job.material.pop(label, b"") for label in labels}, job.proposal)
        if None in keys.material.values():
            return  # told already
        if job.is_rekeying or not self.is_named(job.spis, table):
            job.pending.append(keys)
        else:
            self.emit(keys, job.spis)

    def is_named(self, spis, table):
        return bool(spis) and (table == IKEV1 or NO_SPI not in spis)

    def named(self, job, spis, is_checkin=False):
        """The log says which SPIs the IKE SA in hand has; a rekeyed one is told by its checkin alone."""
        if job.is_rekeying and (not is_checkin or spis == job.spis):
            return
        if spis[1] == NO_SPI and spis[0] in self.proposals:
            spis = self.proposals[spis[0]][0]
        job.pending = [keys for keys in job.pending if not self.emit(keys, spis)]
        if not job.is_rekeying:
            job.spis = spis
            self.remember(job)

    def remember(self, job):
        """The proposal, for when the keys come in another thread."""
        if job.proposal and NO_SPI not in job.spis:
            self.proposals[job.spis[0]] = job.spis, job.proposal
            if len(self.proposals) > REMEMBERED:
                del self.proposals[next(iter(self.proposals))]

    def emit(self, keys, spis):
        """Whether the SPIs were enough."""
        if not self.is_named(spis, keys.table):
            return False
        keys.proposal = keys.proposal or self.proposals.get(spis[0], ((), ""))[1]
        EMIT[keys.table](self, keys, spis)
        return True

    def emit_v1(self, keys, spis):
        key, due = keys.material["ka"], algorithms.cipher_octets(keys.proposal)
        if keys.proposal and due and due != len(key):
            self.found.problem(keys.number, f"IKEv1 SA {spis[0]}: the key has {len(key)} octets, {keys.proposal} "
                                            f"wants {due}")
            return
        self.found.key(keys.number, IKEV1, (spis[0], key.hex()))

    def emit_v2(self, keys, spis):
        title = f"IKEv2 SA {spis[0]} {spis[1]}"
        if not keys.proposal:
            self.found.problem(keys.number, f"{title}: {NEEDS_CFG}")
            return
        try:
            encryption, integrity = algorithms.ike_names(keys.proposal)
        except algorithms.Unsupported as name:
            self.found.note(keys.number, f"{title}: Wireshark's table has no name for {name}")
            return
        ai, ar, ei, er = (keys.material[label].hex() for label in ("ai", "ar", "ei", "er"))
        if integrity.startswith("ANY"):
            ai = ar = ""
        self.found.key(keys.number, IKEV2, (*spis, ei, er, encryption, ai, ar, integrity))

    # --- ESP, with "chd = 4" ---

    def chosen(self, job, _, found):
        if found[2] == "encryption":
            job.esp = {}
        job.esp[found[2]] = found[1]

    def installing(self, job, _, found):
        job.direction = found[1]

    def installed(self, job, number, found):
        """The initiator of the exchange sends with its own keys, and receives with those of the responder."""
        direction, job.direction = job.direction, ""
        if not direction or not job.esp:
            return
        side = "i" if (direction == "outbound") == job.is_answer else "r"
        key, integrity_key = (job.material.get(f"{what}_{side}", b"") for what in ("encr", "integ"))
        spi, source, destination = found.groups()
        if not key and not integrity_key:
            return  # this log has no keys of ESP
        try:
            encryption, integrity = algorithms.esp_names("/".join(job.esp.values()))
        except algorithms.Unsupported as name:
            self.found.note(number, f"ESP SA {spi}: Wireshark's table has no name for {name}")
            return
        self.found.key(number, ESP, ("IPv6" if ":" in source else "IPv4", source, destination, spi,
                                     encryption, f"0x{key.hex()}", integrity, f"0x{integrity_key.hex()}"))


EMIT = {IKEV1: Reader.emit_v1, IKEV2: Reader.emit_v2}
SPIS = r"SPIs ([0-9a-f]{16})_i ([0-9a-f]{16})_r"
BEGINS_DUMP = (re.compile(r"(.+?) => (\d+) bytes @ "), Reader.dumped)
EVENTS = {
    "DMN": ((re.compile(r"Starting IKE charon daemon"), Reader.restarted),),
    "MGR": ((re.compile(rf"checkout IKEv[12] SA (?:by message )?with {SPIS}"), Reader.checkout),
            (re.compile(rf"checkin IKEv[12] SA .* with {SPIS}"), Reader.checkin)),
    "NET": ((re.compile(r"received packet: from "), Reader.received),),
    "ENC": ((re.compile(r"parsed (\w+) (request|response) "), Reader.parsed),),
    "CFG": ((re.compile(r"selected proposal: IKE:(\S+)"), Reader.selected),),
    "IKE": (BEGINS_DUMP,),
    "CHD": (BEGINS_DUMP,
            (re.compile(r"  using (\S+) for (encryption|integrity)"), Reader.chosen),
            (re.compile(r"(?:adding|registering) (inbound|outbound) ESP SA"), Reader.installing),
            (re.compile(r"  SPI (0x[0-9a-f]{8}), src (\S+) dst (\S+)"), Reader.installed)),
}
