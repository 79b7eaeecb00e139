# SPDX-License-Identifier: GPL-2.0-or-later
"""Switches off what a virtual interface leaves to hardware that it does not have.

usage: offload.py INTERFACE..

Left on, a capture shows wrong checksums and packets larger than the MTU. This is ethtool -K
rx off tx off sg off tso off gso off gro off, without a package for it.
"""
import array
import fcntl
import socket
import struct
import sys

SIOCETHTOOL = 0x8946
SET_RX_CHECKSUMS, SET_TX_CHECKSUMS, SET_SCATTER_GATHER = 0x15, 0x17, 0x19
SET_TSO, SET_GSO, SET_GRO = 0x1F, 0x24, 0x2C


def switch_off(control, interface, command):
    value = array.array("B", struct.pack("II", command, 0))
    request = struct.pack("16sQ16x", interface.encode(), value.buffer_info()[0])
    try:
        fcntl.ioctl(control, SIOCETHTOOL, request)
    except OSError:
        pass  # not every interface has every one of them


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for interface in sys.argv[1:]:
            for command in (SET_TX_CHECKSUMS, SET_SCATTER_GATHER, SET_TSO, SET_GSO, SET_GRO, SET_RX_CHECKSUMS):
                switch_off(control, interface, command)


main()
