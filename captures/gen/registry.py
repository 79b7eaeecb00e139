# SPDX-License-Identifier: GPL-2.0-or-later
"""The table of scenarios, and what several of them share: pairs of hosts, ESP of a tunnel."""
import ikewire as ike
import ladder
from ladder import Conversation, EspFlow

SCENARIOS = {}

# What must not be claimed of a negotiation whose trouble is something else.
USUAL_SUSPECTS = {
    "mm1_noresp", "mm3_noresp", "mm5_noresp", "am1_noresp", "qm1_noresp", "init_noresp", "auth_noresp",
    "ipfrag_loss", "v1frag_loss", "skf_loss", "xauth_fail", "eap_fail", "simul", "init_ke_loop",
    "init_cookie_loop", "delete_storm", "rekey_loop", "esp_oneway", "natt_nofloat", "mm2_badchoice",
    "mm3_badke"}


def scenario(expect=(), healthy=False, but=(), forbid=()):
    """Makes a function a scenario: it gets a Conversation and plays it.

    expect lists findings that are due, each a name or alternatives. A capture that is not healthy must not
    show the usual suspects except `but`, nor what `forbid` adds.
    """
    due = [[item] if isinstance(item, str) else list(item) for item in expect]
    excused = set(but).union(*due)
    never = set(forbid) if healthy else (USUAL_SUSPECTS | set(forbid)) - excused

    def register(play):
        name = play.__name__.replace("_", "-")
        about = " ".join(play.__doc__.split()).rstrip(".")

        def make():
            c = Conversation(name, about, due, never, healthy)
            play(c)
            return c
        SCENARIOS[name] = make
        return make
    return register


def pair(c):
    """Two hosts with nothing special between them."""
    return c.host("10.1.0.2"), c.host("10.2.0.2")


def windows_pair(c):
    """A Windows XP client and a Windows Server 2003."""
    return c.host("192.0.2.10", ttl=128), c.host("198.51.100.20", ttl=128)


def esp_both_ways(c, one, other, count=3, udp_port=None, gap=0.02):
    """A few packets of the new Child SA in both directions."""
    there, back = EspFlow(c, one, other, udp_port), EspFlow(c, other, one, udp_port)
    for _ in range(count):
        there.send(84, gap)
        back.send(84, gap)


def behind_nat(c):
    """An initiator behind a NAT, and a responder."""
    inside, server = c.host("192.168.1.10"), c.host("198.51.100.20")
    c.nat = ladder.Nat(inside, "203.0.113.7")
    return inside, server


def refuse(c, sa, kind):
    """The responder says what it thinks of that, in clear."""
    sa.clear(sa.responder, "INFO", ike.INFORMATIONAL, [ike.notify_payload(kind)])
