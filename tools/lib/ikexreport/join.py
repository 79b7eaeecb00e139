# SPDX-License-Identifier: GPL-2.0-or-later
"""Messages of two captures joined: which message of A is which of B, and what became of the others.

Rows are records of type message as the report log writes them, with "ns" (time in nanoseconds) and "role" added.
A row that is whole has a digest of its bytes, which no NAT changes: it is the same at both ends. Copies of one
message have the same digest, so they are told apart by time, in their order.
"""
import bisect
import collections
import dataclasses
import ipaddress
import itertools

from .clocks import Clocks, densest

S = 1_000_000_000
FARTHEST_NS = 5 * S            # no message is on its way for longer
EARLY_NS = 50_000_000          # so much earlier than it left a message may seem to arrive
TWIN_NS = 4 * S // 10          # copies as near as this were made by the network
PIECE_NS = S                   # how near to its message a piece of it is
MOST_CANDIDATES = 100_000      # differences that are looked at while no message is certain
MOST_COPIES = 400              # of one message at each end that are compared all with all
DECIDED = 0.75                 # share of neighbours that must agree on which end is whose

# What became of a message, and whether that means that it was lost on its way.
ARRIVED, LOST, PIECES, TWIN, MISSED = "arrived", "lost", "pieces", "duplicated", "missed"
NOT_BEGUN, ENDED, ONLY = "not_begun", "ended", "only"
IS_LOSS = {LOST, PIECES, ONLY}


@dataclasses.dataclass
class Capture:
    """One of the two: A or B."""
    letter: str
    name: str
    rows: list
    esp: list            # records of type ipsec_sa
    begin: int = 0       # its first and last frame of any kind
    end: int = 0


@dataclasses.dataclass
class Event:
    """One sending of one message, at one end or both."""
    a: dict = None
    b: dict = None
    pieces: list = dataclasses.field(default_factory=list)  # rows of the end that has no whole message
    way: int = 0         # +1 from A to B, -1 from B to A, 0 unknown
    fate: str = ARRIVED
    delay: int = None    # nanoseconds
    assumed: bool = False  # the other capture shows nothing that proves that it still, or already, ran
    differs: list = dataclasses.field(default_factory=list)

    @property
    def row(self):
        """As its sender's end has it, where that is known and there."""
        return (self.b or self.a) if self.way < 0 else (self.a or self.b)

    @property
    def is_piece(self):
        return not self.row["digest"]


@dataclasses.dataclass
class Sa:
    """An IKE SA: what has the same initiator cookie."""
    cookie: str
    a: list = dataclasses.field(default_factory=list)
    b: list = dataclasses.field(default_factory=list)
    group: object = None
    initiator_is_x: bool = True  # X and Y are the hosts of the group
    events: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Group:
    """The IKE SAs of two hosts, X and Y. Each has addresses at A, and others at B where a NAT is between."""
    x_at: dict = dataclasses.field(default_factory=lambda: {"a": set(), "b": set()})
    y_at: dict = dataclasses.field(default_factory=lambda: {"a": set(), "b": set()})
    sas: list = dataclasses.field(default_factory=list)
    x_near_a: bool = None        # None: not known
    known_by: str = "unknown"


# --- roles and IKE SAs ---------------------------------------------------------------------------

def set_roles(rows):
    """Who sends each row of one IKE SA; by address where the capture does not know."""
    known = {row["source"]: row["sender"] for row in rows if row["sender"] != "unknown"}
    first = rows[0]["source"]
    for row in rows:
        guess = known.get(row["source"], "initiator" if row["source"] == first else "responder")
        row["role"] = row["sender"] if row["sender"] != "unknown" else guess


def key(row):
    """What the same message has at both ends."""
    return row["digest"] or ("piece", row["fragment"], row["length"], row["fragment_number"], row["message_id"])


def by_key(rows):
    found = collections.defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def agree_on_roles(sa):
    """B's capture may have begun too late to know roles: it takes those of A."""
    roles = {row["digest"]: row["role"] for row in sa.a if row["digest"]}
    both = [roles[row["digest"]] == row["role"] for row in sa.b if row["digest"] in roles]
    if both and sum(both) * 2 < len(both):
        for row in sa.b:
            row["role"] = "responder" if row["role"] == "initiator" else "initiator"


def find_sas(capture_a, capture_b):
    """All IKE SAs, in order of their first messages in A and then in B."""
    sas = {}
    for end, capture in (("a", capture_a), ("b", capture_b)):
        for row in capture.rows:
            getattr(sas.setdefault(row["spi_initiator"], Sa(row["spi_initiator"])), end).append(row)
    for sa in sas.values():
        for rows in filter(None, (sa.a, sa.b)):
            set_roles(rows)
        agree_on_roles(sa)
    return list(sas.values())


def hosts(rows):
    """(initiator, responder) of the first row."""
    ends = rows[0]["source"], rows[0]["destination"]
    return ends if rows[0]["role"] == "initiator" else ends[::-1]


# --- hosts ---------------------------------------------------------------------------------------

def add_addresses(group, sa):
    for end, rows in (("a", sa.a), ("b", sa.b)):
        for row in rows:
            is_x = (row["role"] == "initiator") == sa.initiator_is_x
            (group.x_at if is_x else group.y_at)[end].add(row["source"])
            (group.y_at if is_x else group.x_at)[end].add(row["destination"])


def join_group(sa, groups, end):
    """Whether an IKE SA that one end alone has is of two hosts that are known."""
    first, second = hosts(getattr(sa, end))
    for group in groups:
        for initiator_is_x in (True, False):
            x, y = (first, second) if initiator_is_x else (second, first)
            if x in group.x_at[end] and y in group.y_at[end]:
                sa.group, sa.initiator_is_x = group, initiator_is_x
                group.sas.append(sa)
                return True
    return False


def find_groups(sas):
    """The groups; an IKE SA of hosts that have none in common stays without."""
    groups = {}
    for sa in (sa for sa in sas if sa.a and sa.b):
        ends = hosts(sa.a)
        group = groups.setdefault(frozenset(ends), Group())
        sa.group, sa.initiator_is_x = group, ends[0] == min(ends)
        group.sas.append(sa)
        add_addresses(group, sa)
    for sa in (sa for sa in sas if not sa.group):
        join_group(sa, groups.values(), "a" if sa.a else "b")
    return list(groups.values())


def way_of(sa, role):
    """+1 or -1 of what this role sends; 0 when it is not known who is where."""
    if sa.group.x_near_a is None:
        return 0
    is_x = (role == "initiator") == sa.initiator_is_x
    return 1 if is_x == sa.group.x_near_a else -1


# --- copies --------------------------------------------------------------------------------------

def assign(costs):
    """Pairs (i, j) in order, as many as can be, and of these the cheapest; costs[i][j] is None for no pair."""
    width = len(costs[0]) if costs else 0
    best = [[(0, 0)] * (width + 1) for _ in range(len(costs) + 1)]  # (pairs, -cost) of the first i and j
    for i, row in enumerate(costs):
        for j, cost in enumerate(row):
            skip = max(best[i][j + 1], best[i + 1][j])
            pairs, value = best[i][j]
            best[i + 1][j + 1] = skip if cost is None else max(skip, (pairs + 1, value - cost))
    i, j, found = len(costs), width, []
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            found.append((i, j))
    return found[::-1]


def cost_table(rows_a, rows_b, way, clocks):
    """How far each pair is from what is usual; None for one that cannot be."""
    floor = clocks.known_by == "both ways" and way
    table = []
    for a in rows_a:
        usual = clocks.typical(a["ns"], way)
        apart = clocks.difference(a["ns"])[0] if floor else 0
        line = []
        for b in rows_b:
            seen = b["ns"] - a["ns"]
            early = floor and (seen - apart) * way < -EARLY_NS
            line.append(None if early or abs(seen - usual) > FARTHEST_NS else abs(seen - usual))
        table.append(line)
    return table


def widest_gap(rows):
    """The number of the row, in the middle third, before which nothing comes for longest."""
    third = len(rows) // 3
    return max(range(third or 1, len(rows) - third), key=lambda i: rows[i]["ns"] - rows[i - 1]["ns"])


def parts(rows_a, rows_b, way, clocks):
    """Copies, in order, in parts that are small enough to be compared all with all."""
    if len(rows_a) == 1 or len(rows_a) * len(rows_b) <= MOST_COPIES ** 2:
        return [(rows_a, rows_b)]
    i = widest_gap(rows_a)
    moment = (rows_a[i - 1]["ns"] + rows_a[i]["ns"]) // 2
    j = bisect.bisect(rows_b, moment + clocks.typical(moment, way), key=lambda row: row["ns"])
    return parts(rows_a[:i], rows_b[:j], way, clocks) + parts(rows_a[i:], rows_b[j:], way, clocks)


def match_copies(rows_a, rows_b, way, clocks):
    """Pairs of rows with the same key. The work for each copy is bounded, however many there are."""
    pairs = []
    for some_a, some_b in parts(rows_a, rows_b, way, clocks):
        found = assign(cost_table(some_a, some_b, way, clocks))
        pairs += [(some_a[i], some_b[j]) for i, j in found]
    return pairs


def match_rows(sa, clocks):
    """All pairs (a, b) of an IKE SA."""
    in_a, in_b = by_key(sa.a), by_key(sa.b)
    pairs = []
    for same in in_a:
        for role in ("initiator", "responder"):
            rows_a = [row for row in in_a[same] if row["role"] == role]
            rows_b = [row for row in in_b.get(same, ()) if row["role"] == role]
            if rows_a and rows_b:
                pairs += match_copies(rows_a, rows_b, way_of(sa, role), clocks)
    return pairs


# --- the clocks ----------------------------------------------------------------------------------

def certain_pairs(sas):
    """Messages of which each end has one copy."""
    for sa in sas:
        in_a, in_b = by_key(sa.a), by_key(sa.b)
        for same, rows in in_a.items():
            if isinstance(same, str) and len(rows) == len(in_b.get(same, ())) == 1:
                yield rows[0]["ns"], in_b[same][0]["ns"] - rows[0]["ns"], 0


def possible_differences(sas):
    """What the clocks would differ by if a row of A and one of B were the same; true ones are the most frequent."""
    for sa in sas:
        in_b, pieces = by_key(sa.b), [b for b in sa.b if not b["digest"]]
        for a in sa.a:
            others = [*in_b.get(key(a), ()), *pieces] if a["digest"] else sa.b
            for b in others:
                if a["role"] == b["role"] and (key(a) == key(b) or may_be_of(a, b)):
                    yield b["ns"] - a["ns"]


def may_be_of(one, other):
    """Whether a piece can be of a message, or of the same one as another piece."""
    if one["role"] != other["role"]:
        return False
    kinds = {row["fragment"] for row in (one, other) if not row["digest"]}
    if "IP" in kinds:
        return one["length"] == other["length"]  # the header is in the first fragment
    numbers = {row["message_id"] for row in (one, other)}
    return len(numbers) == 1 and any(row["fragment"] in kinds for row in (one, other) if row["digest"])


def first_clocks(sas):
    """Clocks before it is known who is where; None when nothing is common."""
    pairs = list(certain_pairs(sas))
    if not pairs:
        differences = list(itertools.islice(possible_differences(sas), MOST_CANDIDATES))
        pairs = [(0, densest(differences), 0)] if differences else []
    return Clocks(pairs) if pairs else None


def better_clocks(matched, clocks):
    pairs = [(a["ns"], b["ns"] - a["ns"], way_of(sa, a["role"]))
             for sa, found in matched for a, b in found if a["digest"]]
    return Clocks(pairs) if pairs else clocks


# --- who is where --------------------------------------------------------------------------------

def near_by_time(group, matched):
    """Messages of the host that is nearer to A are earlier at A: neighbours of both ways say so."""
    pairs = sorted((a["ns"], (a["role"] == "initiator") == sa.initiator_is_x, b["ns"] - a["ns"])
                   for sa, found in matched if sa.group is group for a, b in found)
    votes = [(one[2] - two[2]) * (1 if one[1] else -1) for one, two in zip(pairs, pairs[1:]) if one[1] != two[1]]
    for sign in (1, -1):
        agree = sum(vote * sign > 0 for vote in votes)
        if votes and agree >= DECIDED * len(votes):
            return sign > 0
    return None


def near_by_absence(group, matched):
    """What one end alone has was sent there."""
    have = {id(row) for _, found in matched for pair in found for row in pair}
    says = set()
    for sa in group.sas:
        for end, rows in (("a", sa.a), ("b", sa.b)):
            for row in rows:
                if row["digest"] and id(row) not in have:
                    is_x = (row["role"] == "initiator") == sa.initiator_is_x
                    says.add(is_x == (end == "a"))
    return says.pop() if len(says) == 1 else None


def near_by_address(group, _):
    """A private address is seen at its own side of a NAT."""
    for places, is_x in ((group.x_at, True), (group.y_at, False)):
        private = [all(ipaddress.ip_address(x).is_private for x in places[end]) for end in "ab"]
        if private[0] != private[1]:
            return private[0] == is_x
    return None


WHO_IS_WHERE = (("times", near_by_time), ("absence", near_by_absence), ("addresses", near_by_address))


def place_group(group, matched):
    for known_by, decide in WHO_IS_WHERE:
        near = decide(group, matched)
        if near is not None:
            group.x_near_a, group.known_by = near, known_by
            return


# --- what became of each -------------------------------------------------------------------------

def difference_list(event, last):
    """What differs between the ends; last holds what a way had before, which is not told again."""
    before, after = (event.b, event.a) if event.way < 0 else (event.a, event.b)
    told = []
    for name in ("source", "destination"):
        ends = [endpoint(row, name) for row in (before, after)]
        if ends[0] != ends[1] and last.get((event.way, before["role"], name)) != ends:
            told.append(f"{name} {ends[0]} became {ends[1]}")
        last[event.way, before["role"], name] = ends
    if before["encapsulation"] != after["encapsulation"]:
        told.append(f"{before['encapsulation']} became {after['encapsulation']}")
    shapes = [shape(row) for row in (before, after)]
    if shapes[0] != shapes[1]:
        told.append(f"{shapes[0]} became {shapes[1]}")
    surplus = surplus_of(after)
    return told + ([f"with {plural(surplus, 'piece')} of another copy"] if surplus else [])


def plural(count, thing):
    return f"{count} {thing}{'' if count == 1 else 's'}"


def endpoint(row, name):
    address, port = row[name], row[f"{name}_port"]
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def shape(row):
    if not row["fragment"]:
        return "1 packet"
    return plural(row["fragment_total"] or len(row["frames"]), f"{row['fragment']} fragment")


def surplus_of(row):
    """Frames more than a message has pieces: they came with other copies."""
    return max(0, len(row["frames"]) - row["fragment_total"]) if row["fragment_total"] else 0


def nearest(piece, events, clocks, piece_in_b):
    """The event whose whole message a piece at the other end is of, or None."""
    found = None
    for event in events:
        whole = event.a if piece_in_b else event.b
        if not whole or not whole["digest"] or (event.b if piece_in_b else event.a) or not may_be_of(whole, piece):
            continue
        a, b = (whole, piece) if piece_in_b else (piece, whole)
        off = abs(b["ns"] - a["ns"] - clocks.typical(a["ns"], event.way))
        if off <= PIECE_NS and (found is None or off < found[0]):
            found = (off, event)
    return found and found[1]


def give_pieces(sa, clocks):
    """Pieces that one end alone has go to the whole message that the other end has."""
    for event in [event for event in sa.events if event.is_piece and not (event.a and event.b)]:
        owner = nearest(event.row, sa.events, clocks, piece_in_b=bool(event.b))
        if owner:
            owner.pieces.append(event.row)
            sa.events.remove(event)


def make_events(sa, pairs, clocks):
    """One event for each pair and for each row that stays alone, in order of A's clock."""
    have = {id(row) for pair in pairs for row in pair}
    events = [Event(a, b) for a, b in pairs]
    events += [Event(a=row) for row in sa.a if id(row) not in have]
    events += [Event(b=row) for row in sa.b if id(row) not in have]
    for event in events:
        event.way = way_of(sa, event.row["role"])
    sa.events = sorted(events, key=lambda event: time_in_a(event, clocks))
    give_pieces(sa, clocks)


def time_in_a(event, clocks):
    """When it was sent, by A's clock."""
    row = event.row
    if row is event.a:
        return row["ns"]
    rough = row["ns"] - clocks.difference(row["ns"])[0]
    return row["ns"] - clocks.difference(rough)[0]


def times_at(event, end, clocks):
    """When an event is due at an end, by that end's clock."""
    time = time_in_a(event, clocks)
    return time if end == "a" else time + clocks.difference(time)[0]


def outside(event, capture, clocks):
    """NOT_BEGUN or ENDED when the frames of a capture do not reach to where an event is due."""
    due = times_at(event, capture.letter.lower(), clocks)
    if due < capture.begin:
        return NOT_BEGUN
    return ENDED if due > capture.end else None


def proven_outside(events, captures, clocks):
    """(letter, NOT_BEGUN or ENDED) that are certain: the end that sent a message does not have it."""
    found = set()
    for event in events:
        if event.way and not (event.a and event.b) and not event.pieces:
            sender = captures[0 if event.way > 0 else 1]
            absent = event.a is None if event.way > 0 else event.b is None
            if absent and outside(event, sender, clocks):
                found.add((sender.letter, outside(event, sender, clocks)))
    return found


def is_near_any(moments, ns):
    """Whether one of the moments, which are in order, is as near as that of a twin."""
    at = bisect.bisect(moments, ns)
    return any(abs(moment - ns) <= TWIN_NS for moment in moments[max(0, at - 1):at + 1])


def fate_of_single(event, twins, captures, clocks, proven):
    """What became of a row that one end alone has; sets fate and assumed. Twins are moments, in order."""
    other = captures[1 if event.a else 0]
    where = outside(event, other, clocks)
    from_here = event.way == 0 or (event.way > 0) == bool(event.a)  # sent at the end that has it
    if not from_here and is_near_any(twins, event.row["ns"]):
        event.fate = TWIN
    elif where and (not from_here or (other.letter, where) in proven):
        event.fate = where
    elif not from_here:
        event.fate = MISSED
    else:
        event.fate = PIECES if event.pieces else LOST if event.way else ONLY
        event.assumed = bool(where) and not event.pieces
    if event.pieces and not from_here:
        event.fate = MISSED


def judge_sa(sa, captures, clocks, proven):
    last, twins = {}, collections.defaultdict(list)
    for event in sa.events:
        if event.a and event.b:
            way = event.way or 1
            event.delay = (event.b["ns"] - event.a["ns"] - clocks.difference(event.a["ns"])[0]) * way
            event.differs = difference_list(event, last)
            for row in (event.a, event.b):
                bisect.insort(twins[key(row), row is event.a], row["ns"])
    for event in sa.events:
        if not (event.a and event.b):
            fate_of_single(event, twins[key(event.row), bool(event.a)], captures, clocks, proven)
    share_surplus(sa)


def share_surplus(sa):
    """Pieces that came with a later copy are of the lost copy before it."""
    for number, event in enumerate(sa.events):
        after = (event.a if event.way < 0 else event.b) if event.fate == ARRIVED else None
        if after is None or not surplus_of(after):
            continue
        before = [e for e in sa.events[:number] if e.fate == LOST and key(e.row) == key(event.row)]
        if before:
            before[-1].fate = PIECES


# --- all of it -----------------------------------------------------------------------------------

@dataclasses.dataclass
class Joined:
    """Two captures, joined. clocks is None when they have nothing in common."""
    captures: tuple
    sas: list
    groups: list
    others: list                 # IKE SAs of other hosts
    clocks: object = None


def join(capture_a, capture_b):
    captures = capture_a, capture_b
    sas = find_sas(*captures)
    groups = find_groups(sas)
    common = [sa for sa in sas if sa.a and sa.b]
    clocks = first_clocks(common)
    if not clocks:
        return Joined(captures, [], [], sas)
    for _ in range(2):  # who is where follows from matches, and better matches from who is where
        matched = [(sa, match_rows(sa, clocks)) for sa in common]
        for group in groups:
            place_group(group, matched)
        clocks = better_clocks(matched, clocks)
    matched = {sa.cookie: match_rows(sa, clocks) for sa in common}
    ours = [sa for sa in sas if sa.group]
    for sa in ours:
        make_events(sa, matched.get(sa.cookie, []), clocks)
    proven = proven_outside([event for sa in ours for event in sa.events], captures, clocks)
    for sa in ours:
        judge_sa(sa, captures, clocks, proven)
    return Joined(captures, ours, groups, [sa for sa in sas if not sa.group], clocks)
