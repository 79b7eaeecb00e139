# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of scenarios."""
from ladder import Conversation
from truthfile import USUAL_SUSPECTS

SCENARIOS = {}


def scenario(expect=(), healthy=False, but=(), forbid=(), vectors=()):
    """Makes a function a scenario: it gets a Conversation and plays it.

    expect lists findings that are due, each a name or alternatives. A capture that is not healthy must not
    show the usual suspects except `but`, nor what `forbid` adds. vectors are the numbers of the test vectors
    (tests/check_vectors.py) that it plays.
    """
    due = [[item] if isinstance(item, str) else list(item) for item in expect]
    excused = set(but).union(*due)
    never = set(forbid) if healthy else (USUAL_SUSPECTS | set(forbid)) - excused

    def register(play):
        name = play.__name__.replace("_", "-")
        about = " ".join(play.__doc__.split()).rstrip(".")

        def make():
            c = Conversation(name, about, due, never, healthy, vectors)
            play(c)
            return c
        SCENARIOS[name] = make
        return make
    return register
