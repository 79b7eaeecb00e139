# SPDX-License-Identifier: GPL-2.0-or-later
"""Data for a tunnel: echo.py answer ADDRESS, and echo.py ask OWN_ADDRESS ADDRESS.

The second sends four UDP datagrams from the one address to the other and says how many came back.
"""
import socket
import sys

PORT = 7777
COUNT = 4
PATIENCE_S = {"answer": 8, "ask": 2}


def answer(end):
    for _ in range(COUNT):
        data, peer = end.recvfrom(2000)
        end.sendto(data, peer)


def ask(end, peer):
    echoes = 0
    for number in range(COUNT):
        end.sendto(b"hello %d" % number, (peer, PORT))
        try:
            end.recv(2000)
            echoes += 1
        except TimeoutError:
            pass
    print(f"{echoes} echoes of {COUNT}")


def main():
    role, own = sys.argv[1:3]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.bind((own, PORT))
        end.settimeout(PATIENCE_S[role])
        try:
            ask(end, sys.argv[3]) if role == "ask" else answer(end)
        except TimeoutError:
            pass  # the other side has stopped asking


main()
