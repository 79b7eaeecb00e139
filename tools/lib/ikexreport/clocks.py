# SPDX-License-Identifier: GPL-2.0-or-later
"""Two clocks compared by messages that both have seen. Times are integers in nanoseconds.

A pair is (time in A, time in B - time in A, way); way is +1 for a message that went from A to B, -1 from B to A
and 0 when that is not known. A message from A to B arrives later than it left, so the difference of the clocks is
at most what any such pair says, and at least what any pair from B to A says; the truth is taken to be in the middle,
as NTP does. It is asked for a moment: clocks drift, and only the pairs next to that moment have a say.
"""
import bisect
import statistics

NEIGHBOURS = 15               # pairs of each way that have a say
OUTLIER_NS = 50_000_000       # as far from the others a pair may always be
OUTLIER_SPREADS = 6           # and so many times as far as is usual
CLUSTER_NS = 1_000_000_000    # differences of the same clocks lie in such a window


class Pairs:
    """Pairs in order of time, and the ones next to a moment."""

    def __init__(self, pairs):
        self.pairs = sorted(pairs)
        self.times = [pair[0] for pair in self.pairs]

    def near(self, time):
        """Differences of the pairs nearest to a time in A, without outliers."""
        at = bisect.bisect_left(self.times, time)
        around = self.pairs[max(0, at - NEIGHBOURS):at + NEIGHBOURS]
        around = sorted(around, key=lambda pair: abs(pair[0] - time))[:NEIGHBOURS]
        return without_outliers([pair[1] for pair in around])


def without_outliers(differences):
    if len(differences) < 3:
        return differences
    middle = statistics.median_low(differences)
    spread = statistics.median_low(abs(x - middle) for x in differences)
    limit = max(OUTLIER_NS, OUTLIER_SPREADS * spread)
    return [x for x in differences if abs(x - middle) <= limit]


class Clocks:
    """What B's clock shows more than A's, by pairs of which there is one at least."""

    def __init__(self, pairs):
        pairs = list(pairs)
        self.count = len(pairs)
        self.of_way = {way: Pairs(p for p in pairs if p[2] == way) for way in (1, -1)}
        self.all = Pairs(pairs)

    @property
    def known_by(self):
        """both ways, one way (then the fastest message is taken to need no time), or unknown ways."""
        ways = sum(bool(pairs.pairs) for pairs in self.of_way.values())
        return ("unknown ways", "one way", "both ways")[ways]

    def bounds(self, time):
        """(least, most) that the difference can be; one of them is None when only one way is known."""
        there, back = (self.of_way[way].near(time) for way in (1, -1))
        return max(back) if back else None, min(there) if there else None

    def difference(self, time):
        """(difference of the clocks at this time in A, how far it can be off)."""
        least, most = self.bounds(time)
        if least is None and most is None:
            return statistics.median_low(self.all.near(time)), None
        if least is None or most is None:
            return most if least is None else least, None
        return (least + most) // 2, abs(most - least) // 2

    def typical(self, time, way):
        """What pairs of this way usually show; of all pairs when there is none."""
        near = self.of_way[way].near(time) if way else []
        return statistics.median_low(near or self.all.near(time))


def densest(differences):
    """A difference in the middle of the fullest window; of equally full ones that nearest to zero."""
    ordered = sorted(differences)
    best, start = None, 0
    for end, last in enumerate(ordered):
        while last - ordered[start] > CLUSTER_NS:
            start += 1
        middle = ordered[(start + end) // 2]
        rank = (end - start + 1, -abs(middle))
        if best is None or rank > best[0]:
            best = (rank, middle)
    return best[1]
