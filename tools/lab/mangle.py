# SPDX-License-Identifier: GPL-2.0-or-later
"""A network that misbehaves by rule: forwards frames between two interfaces of its namespace.

usage: mangle.py [--seed N] INTERFACE_I INTERFACE_R RULE..

Kernels without netem need this; and netem cannot tell IKE fragments apart. Only UDP is touched (every
IP fragment of it counts), all else is forwarded as it is. For each frame the first rule that matches
decides, and one that no rule matches passes:

    RULE       DIRECTION:CONDITION[&CONDITION..]:ACTION
    DIRECTION  i2r, r2i, any
    CONDITION  *            every frame
               frames=N-M   the Nth to Mth frame of its direction, counted from 1; or frames=N
               later        an IP fragment that is not the first
               minimum=L    frames of at least L bytes, Ethernet header included
               ikefrag=K    a message that is IKE fragment K (IKEv1 payload 132 or IKEv2 SKF)
               percent=P    so many of them, by chance (--seed makes it the same chance each time)
               first=K      only the first K frames that the conditions before it let through
    ACTION     pass, drop, dup (sent twice), delay=MS, swap (sent after the next frame of its direction)

    mangle.py in out 'i2r:ikefrag=2&first=1:drop'     loses fragment 2 once, and its repeats pass
    mangle.py in out any:later:pass any:minimum=1400:swap
                                                      first fragments come after those that follow
"""
import argparse
import heapq
import itertools
import random
import select
import socket
import time

import packets

ETH_P_ALL = 3
PACKET_OUTGOING = 4
OTHER_WAY = {"i2r": "r2i", "r2i": "i2r"}


class Packet:
    """What the rules ask of a frame."""

    def __init__(self, frame):
        self.length = len(frame)
        self.later, self.ike_fragment = False, 0
        ip = packets.ip_packet(frame)
        self.is_udp = ip is not None and ip[2] == packets.UDP
        if self.is_udp:
            offset, payload = ip[4], ip[6]
            self.later = offset > 0
            ike = b"" if self.later else packets.ike_in_udp(payload)
            self.ike_fragment = packets.ike_fragment(ike)[0] if ike and packets.ike_fragment(ike) else 0


class Rule:
    """One rule; keeps count for `first`."""

    def __init__(self, text, chance):
        self.text, self.chance, self.hits = text, chance, 0
        parts = text.split(":")
        if len(parts) != 3 or parts[0] not in ("i2r", "r2i", "any"):
            self.refuse("DIRECTION:CONDITIONS:ACTION is wanted")
        self.direction, conditions, action = parts
        self.conditions = [self.condition(*part.partition("=")[::2]) for part in conditions.split("&")]
        self.action, _, delay = action.partition("=")
        if self.action not in ("pass", "drop", "dup", "swap", "delay"):
            self.refuse(f"unknown action {action!r}")
        self.delay_s = self.number(delay) / 1000 if self.action == "delay" else 0

    def refuse(self, why):
        raise SystemExit(f"mangle.py: rule {self.text!r}: {why}")

    def number(self, text):
        if not text.isdecimal():
            self.refuse(f"{text!r} is no number")
        return int(text)

    def condition(self, name, value):
        if name in ("*", "later"):
            return {"*": lambda packet, number: True, "later": lambda packet, number: packet.later}[name]
        if name not in ("frames", "minimum", "ikefrag", "percent", "first"):
            self.refuse(f"unknown condition {name!r}")
        low, _, high = value.partition("-") if name == "frames" else (value, "", "")
        low, high = self.number(low), self.number(high or low)
        return {
            "frames": lambda packet, number: low <= number <= high,
            "minimum": lambda packet, number: packet.length >= low,
            "ikefrag": lambda packet, number: packet.ike_fragment == low,
            "percent": lambda packet, number: self.chance.random() * 100 < low,
            "first": lambda packet, number: self.count() <= low,
        }[name]

    def count(self):
        self.hits += 1
        return self.hits

    def matches(self, direction, packet, number):
        return self.direction in ("any", direction) and all(test(packet, number) for test in self.conditions)


class Network:
    """The two ends of the wire, what waits on it, and the rules."""

    def __init__(self, towards, rules):
        self.towards, self.rules = towards, rules  # towards: direction -> socket to send on
        self.numbers = dict.fromkeys(towards, 0)
        self.held = {direction: [] for direction in towards}
        self.delayed, self.order = [], itertools.count()

    def send(self, direction, frame):
        try:
            self.towards[direction].send(frame)
        except OSError:
            pass  # the interface is gone: the scenario ends

    def decide(self, direction, packet):
        """The first rule that matches, None when none does."""
        self.numbers[direction] += 1
        for rule in self.rules:
            if rule.matches(direction, packet, self.numbers[direction]):
                return rule
        return None

    def forward(self, direction, frame):
        packet = Packet(frame)
        rule = self.decide(direction, packet) if packet.is_udp else None
        action = rule.action if rule else "pass"
        if action == "delay":
            due = time.monotonic() + rule.delay_s
            heapq.heappush(self.delayed, (due, next(self.order), direction, frame))
        elif action == "swap":
            self.held[direction].append(frame)
        elif action in ("pass", "dup"):
            for copy in [frame] * (2 if action == "dup" else 1) + self.held[direction]:
                self.send(direction, copy)
            self.held[direction] = []

    def send_delayed(self):
        while self.delayed and self.delayed[0][0] <= time.monotonic():
            _, _, direction, frame = heapq.heappop(self.delayed)
            self.send(direction, frame)

    def patience(self):
        return max(0, self.delayed[0][0] - time.monotonic()) if self.delayed else None

    def run(self):
        sockets = {self.towards[OTHER_WAY[direction]]: direction for direction in self.towards}
        while True:
            ready, _, _ = select.select(list(sockets), [], [], self.patience())
            self.send_delayed()
            for end in ready:
                frame, address = end.recvfrom(65535)
                if address[2] != PACKET_OUTGOING:
                    self.forward(sockets[end], frame)


def raw_socket(interface):
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    end.bind((interface, 0))
    return end


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n")[2][7:], add_help=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-h", "--help", action="version", version=__doc__.strip())
    parser.add_argument("interface_i")
    parser.add_argument("interface_r")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("rule", nargs="+")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    rules = [Rule(text, chance) for text in options.rule]
    Network({"i2r": raw_socket(options.interface_r), "r2i": raw_socket(options.interface_i)}, rules).run()


main()
