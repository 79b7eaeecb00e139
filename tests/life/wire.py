# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends the UDP datagrams of a capture once more, between addresses of the loopback interface."""
import ipaddress
import select
import socket
import struct

import pcapfile

ETHERNET, IPV4, UDP = 1, 0x0800, 17


def datagrams(path):
    """(source, destination, payload) of each frame, IPv4 on Ethernet and whole; the ends are (address, port)."""
    for frame in pcapfile.read(path).frames:
        if frame.linktype != ETHERNET or struct.unpack_from(">H", frame.data, 12)[0] != IPV4:
            continue
        packet = frame.data[14:]
        header = (packet[0] & 15) * 4
        if packet[9] == UDP and not struct.unpack_from(">H", packet, 6)[0] & 0x3FFF:
            source, destination = (str(ipaddress.IPv4Address(packet[n:n + 4])) for n in (12, 16))
            ports = struct.unpack_from(">HHH", packet, header)
            yield (source, ports[0]), (destination, ports[1]), packet[header + 8:header + ports[2]]


class Wire:
    """A socket for each end, so that no port is unreachable: 127.0.1.1 for the first address that appears, .."""

    def __init__(self, path):
        self.places, self.sockets = {}, {}
        self.datagrams = [(self.end(source), self.end(destination), payload)
                          for source, destination, payload in datagrams(path)]

    def end(self, end):
        address, port = end
        place = self.places.setdefault(address, f"127.0.1.{len(self.places) + 1}")
        if (place, port) not in self.sockets:
            self.sockets[place, port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.sockets[place, port].bind((place, port))
        return place, port

    def send(self, number):
        """Returns when it has arrived."""
        source, destination, payload = self.datagrams[number]
        self.sockets[source].sendto(payload, destination)
        select.select([self.sockets[destination]], [], [], 5)
        self.sockets[destination].recv(65535)

    def close(self):
        for each in self.sockets.values():
            each.close()

    def __len__(self):
        return len(self.datagrams)
