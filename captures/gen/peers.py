# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of implementations that say who they are by their vendor IDs, or show it by when they send again."""
import dataclasses

import ikev2wire as v2
import ikewire as ike
import ladder
from ladder import IkeSa
from ladder2 import Ikev2Sa
from registry import scenario
from steps import STRONGSWAN_GAPS, pair

USUAL = ("RFC 3947", "DPD")


def main_mode(c, number, initiator, responder, suite=ladder.LINUX_PSK):
    """Main Mode and Quick Mode between two more hosts with these vendor IDs."""
    suite = dataclasses.replace(suite, vendors_i=initiator + USUAL, vendors_r=responder + USUAL)
    sa = IkeSa(c, c.host(f"10.1.{number}.2"), c.host(f"10.2.{number}.2"), suite)
    c.wait(2)
    sa.main_mode()
    sa.quick_mode().run()


@scenario(healthy=True)
def peers_ikev1(c):
    """Five tunnels of IKEv1 between products that name themselves by vendor IDs, some with a version: Windows 7
    and FortiGate, a Cisco gateway and Juniper SRX, Check Point and SonicWall, strongSwan and Openswan, racoon and
    a Juniper NetScreen. All is well."""
    tunnels = (
        (("MS NT5 ISAKMPOAKLEY 8", "FRAGMENTATION", "Vid-Initial-Contact"), ("FORTIGATE", "XAUTH")),
        (("CISCO-UNITY", "XAUTH", "ALTIGA GATEWAY", "FRAGMENTATION"), ("Juniper SRX", "NetScreen")),
        (("Check Point",), ("SonicWall",)),
        (("strongSwan 4.2.9", "XAUTH"), ("Openswan 2.6.28",)),
        (("KAME/racoon",), ("NetScreen-15", "HeartBeat_Notify")))
    for number, (initiator, responder) in enumerate(tunnels, 1):
        main_mode(c, number, initiator, responder)


@scenario(healthy=True)
def peers_ikev2(c):
    """Three tunnels of IKEv2 between products that name themselves by vendor IDs: a Cisco gateway and Libreswan
    4.10, Windows 8 or later and strongSwan, a Juniper SRX and FortiGate. All is well."""
    tunnels = (
        (("CISCO-DELETE-REASON", "CISCO(COPYRIGHT)"), ("OE-Libreswan-4.10",)),
        (("FRAGMENTATION", "MS NT5 ISAKMPOAKLEY 9", "MS-Negotiation Discovery Capable", "Vid-Initial-Contact"),
         ("strongSwan",)),
        (("Juniper SRX",), ("FORTIGATE",)))
    for number, vendors in enumerate(tunnels, 1):
        sa = Ikev2Sa(c, c.host(f"10.1.{number}.2"), c.host(f"10.2.{number}.2"))
        for host, names in zip((sa.initiator, sa.responder), vendors):
            sa.announced[host] += [(v2.VENDOR, ike.vendor(name)[1]) for name in names]
        c.wait(2)
        sa.establish()


@scenario(healthy=True)
def peers_schedule(c):
    """An initiator without a vendor ID that names it sends MM3 again after 4.0, 7.2 and 13.0 s, as strongSwan
    does, before MM4 comes from a responder that was busy. All is well in the end."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode(last=2)
    mm3 = sa.mm3()
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(mm3, gap)
    sa.main_mode(first=4)
    sa.quick_mode().run()
