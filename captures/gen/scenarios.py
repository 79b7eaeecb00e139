#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the generated captures of this folder, each with the truth about its frames.

usage: scenarios.py [-o DIR] [NAME..]

Without a name all of them. Running it twice gives the same bytes. A scenario is a function below or
in one of the modules that are imported here for their scenarios. It plays a negotiation message by message;
its docstring is what the index says about the capture.
"""
import argparse
import dataclasses
import pathlib
import sys

import endings  # noqa: F401  (adds its scenarios to the table)
import esp  # noqa: F401  (adds its scenarios to the table)
import esppath  # noqa: F401  (adds its scenarios to the table)
import espudp  # noqa: F401  (adds its scenarios to the table)
import findings  # noqa: F401  (adds its scenarios to the table)
import fragments  # noqa: F401  (adds its scenarios to the table)
import icmp  # noqa: F401  (adds its scenarios to the table)
import ikev2_scenarios  # noqa: F401  (adds its scenarios to the table)
import ikev2_tunnels  # noqa: F401  (adds its scenarios to the table)
import ikewire as ike
import ladder
import malformed
import natt  # noqa: F401  (adds its scenarios to the table)
import near_misses  # noqa: F401  (adds its scenarios to the table)
import proposals  # noqa: F401  (adds its scenarios to the table)
import peers  # noqa: F401  (adds its scenarios to the table)
import refusals  # noqa: F401  (adds its scenarios to the table)
import rekeys  # noqa: F401  (adds its scenarios to the table)
import silences  # noqa: F401  (adds its scenarios to the table)
import v2auth  # noqa: F401  (adds its scenarios to the table)
from ladder import EspFlow, IkeSa, Suite
from registry import SCENARIOS, scenario
from steps import behind_nat, esp_both_ways, pair, refuse, windows_pair

CAPTURES = pathlib.Path(__file__).resolve().parents[1]


# Windows, L2TP, certificates

@scenario(expect=["ipfrag"], forbid=["v1frag"], healthy=True, vectors=[2])
def l2tp_mm_cert_ipfrag(c):
    """L2TP over IPsec between Windows XP and Windows Server 2003 with certificates: MM5 and MM6 each in two
    IP fragments (frames 5 to 8), Quick Mode of four messages because of the commit bit (9 to 12), ESP from
    frame 13 on. All is well."""
    client, server = windows_pair(c)
    sa = IkeSa(c, client, server, ladder.XP_CERT)
    sa.mm1()
    sa.mm2(after=0.0214)
    sa.mm3(after=0.0089)
    sa.mm4(after=0.0467)
    sa.mm5(after=0.0583)
    sa.mm6(after=0.0742)
    l2tp_quick_mode(sa)
    l2tp_tunnel(c, client, server)


def l2tp_quick_mode(sa):
    """Quick Mode as Windows plays it for L2TP: many proposals, commit bit."""
    quick = sa.quick_mode(commit=True)
    quick.qm1(after=0.0312, proposals=536)
    quick.qm2(after=0.0238)
    quick.qm3(after=0.0061)
    quick.qm4(after=0.0204)


def l2tp_tunnel(c, client, server):
    """The sizes of L2TP control messages over UDP: SCCRQ, SCCRP, SCCCN, ICRQ, ICRP, ICCN, two empty acks."""
    up = EspFlow(c, client, server, block=8)
    down = EspFlow(c, server, client, block=8)
    for flow, length, after in ((up, 113, 0.0052), (down, 117, 0.0243), (up, 28, 0.0031), (up, 56, 0.0012),
                                (down, 20, 0.0221), (down, 36, 0.0018), (up, 56, 0.0043), (down, 20, 0.0236)):
        flow.send(length, after)


@scenario(expect=["ipfrag_loss", "mm5_noresp"], forbid=["mm5_reject", "truncated"], vectors=[3])
def mm_frag_lost(c):
    """Windows XP and Windows Server 2003 with certificates, captured near the responder: the second IP
    fragment of MM5 never arrives. MM5 is sent seven times, after 0, 1, 2, 4, 8, 16 and 32 s, then 10 s of
    other traffic."""
    client, server = windows_pair(c)
    sa = IkeSa(c, client, server, ladder.XP_CERT)
    sa.main_mode(last=4)
    mm5 = sa.mm5(after=0.0583, lose=(1,))
    for gap in (1, 1, 2, 4, 8, 16):
        c.repeat(mm5, gap, lose=(1,))
    c.background(10)


@scenario(expect=["ipfrag", "v1frag", "v1frag_fallback"], forbid=["frag_of_frag"], healthy=True, vectors=[51])
def mm_cert_ikefrag_fallback(c):
    """Windows falls back to IKE fragmentation (MS-IKEE): MM5 first in two IP fragments, 2 s later again as
    IKE fragments (payload 132), MM6 answers in IKE fragments, Quick Mode follows."""
    client, server = windows_pair(c)
    sa = IkeSa(c, client, server, ladder.XP_CERT)
    sa.main_mode(last=4)
    mm5 = sa.mm5(after=0.0583)
    sa.in_fragments(client, "MM5", mm5.payload, 1, 576, after=2.0)
    mm6 = sa.seal(ike.MAIN_MODE, sa.suite.sealed_r, first=ike.ID)
    sa.in_fragments(server, "MM6", mm6, 1, 576, after=0.0681)
    sa.quick_mode().run()


# Authentication methods

@scenario(healthy=True, vectors=[18])
def mm_gss_kerberos(c):
    """Main Mode with Kerberos between Windows hosts (authentication method 65001 and the GSSAPI vendor ID):
    GSS tokens in MM3 and MM4, two more messages with nothing but a token, then MM5, MM6, Quick Mode."""
    vendors = ("MS NT5 ISAKMPOAKLEY 4", "GSSAPI", "FRAGMENTATION", "draft-02\\n")
    offers = ((ike.TRIPLE_DES, None, ike.SHA1, 2), (ike.TRIPLE_DES, None, ike.MD5, 2))
    suite = Suite(offers, auth=ike.GSS_KERBEROS, vendors_i=vendors, vendors_r=vendors, natd=ike.NATD_DRAFT,
                  gss_name="host/a.example.net")
    client, server = windows_pair(c)
    sa = IkeSa(c, client, server, suite)
    sa.main_mode(last=4)
    sa.clear(client, "MM-GSS1", ike.MAIN_MODE, [(ike.GSS, c.rng.bytes(96))])
    sa.clear(server, "MM-GSS2", ike.MAIN_MODE, [(ike.GSS, c.rng.bytes(64))])
    sa.mm5()
    sa.mm6()
    sa.quick_mode().run()


@scenario(forbid=["malformed", "mm_flags"], healthy=True, vectors=[17])
def mm_rsa_encryption(c):
    """Main Mode with RSA encryption (authentication method 4): MM3 and MM4 carry an ID payload although the
    E flag is not set, because the bodies are encrypted one by one."""
    sa = IkeSa(c, *pair(c), Suite(((ike.AES_CBC, 128, ike.SHA1, 14),), auth=ike.RSA_ENCRYPTION))
    sa.main_mode()
    sa.quick_mode().run()


@scenario(forbid=["mm3_badke"], healthy=True)
def mm_rsa_revised(c):
    """Main Mode with revised RSA encryption (authentication method 5): the nonce precedes KE, which is
    encrypted and hence padded beyond the length that its group has."""
    sa = IkeSa(c, *pair(c), Suite(((ike.AES_CBC, 128, ike.SHA1, 14),), auth=ike.RSA_REVISED))
    sa.main_mode()
    sa.quick_mode().run()


# Quick Mode and other exchanges

@scenario(forbid=["esp_after_qm2", "qm4_missing"], healthy=True, vectors=[24])
def qm_commit_connected(c):
    """Quick Mode with commit bit; CONNECTED comes as an Informational exchange with the Quick Mode's message
    ID and is its fourth message."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode(commit=True)
    quick.qm1()
    quick.qm2()
    quick.qm3()
    quick.qm4(exchange=ike.INFORMATIONAL)
    esp_both_ways(sa)


@scenario(healthy=True, vectors=[25, 26])
def qm_interleaved(c):
    """Two Quick Modes of the initiator interleaved (frames 7 to 12), told apart by their message IDs, then one of the
    responder. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    one, two = sa.quick_mode(), sa.quick_mode()
    for step in (one.qm1, two.qm1, two.qm2, one.qm2, one.qm3, two.qm3):
        step()
    c.wait(2)
    sa.quick_mode(sa.responder).run()


@scenario(healthy=True)
def new_group(c):
    """New Group Mode (exchange 33, frames 7 and 8) between Main Mode and Quick Mode. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    msgid, content = c.rng.number(), sa.suite.hash_payload + 12 + 8 + 8 + 280
    sa.sealed(sa.initiator, "NG1", ike.NEW_GROUP, content, msgid=msgid)
    sa.sealed(sa.responder, "NG2", ike.NEW_GROUP, content, msgid=msgid)
    sa.quick_mode().run()


@scenario(healthy=True)
def base_mode(c):
    """Base Mode (exchange 1) with a pre-shared key, four messages in clear (frames 1 to 4), then Quick Mode. All is
    well."""
    one, other = pair(c)
    sa = IkeSa(c, one, other)
    offer = ike.sa_payload([(1, sa.suite.attributes(0))])

    def keys(host):
        payloads = [(ike.KE, c.rng.bytes(256)), (ike.HASH, c.rng.bytes(sa.suite.hash_payload - 4))]
        return payloads + sa.natd(host)
    sa.clear(one, "BASE1", ike.BASE_MODE, [offer, (ike.NONCE, c.rng.bytes(20)), ike.id_payload(one.address),
                                           ike.vendor("RFC 3947")], 0.0, cky_r=bytes(8))
    sa.clear(other, "BASE2", ike.BASE_MODE, [offer, (ike.NONCE, c.rng.bytes(20)),
                                             ike.id_payload(other.address), ike.vendor("RFC 3947")])
    sa.clear(one, "BASE3", ike.BASE_MODE, keys(one))
    sa.clear(other, "BASE4", ike.BASE_MODE, keys(other))
    sa.quick_mode().run()


# AuthIP

AUTHIP_VENDORS = ("MS NT5 ISAKMPOAKLEY 8", "RFC 3947", "draft-02\\n", "MS-MamieExists",
                  "MS-Negotiation Discovery Capable", "Vid-Initial-Contact", "IKE CGA version 1")


def authip_mm1(c, sa):
    """The first AuthIP message: proposals, nonce, key exchange and vendor IDs in one Crypto payload."""
    offers = [(n + 1, sa.suite.attributes(n)) for n in range(len(sa.suite.offers))]
    inner = [ike.sa_payload(offers), (ike.NONCE, c.rng.bytes(20)), (ike.KE, c.rng.bytes(256))]
    inner += [ike.vendor(name) for name in AUTHIP_VENDORS]
    payloads = [ike.crypto_payload(inner)]
    return sa.clear(sa.initiator, "AIP-MM1", ike.AUTHIP_MM, payloads, 0.0, cky_r=bytes(8))


@scenario(forbid=["aip_noresp"], healthy=True, vectors=[70])
def authip(c):
    """AuthIP between Windows hosts: Main Mode with one GSS round, the first Quick Mode on the Main Mode's
    exchange type 243, Extended Mode (245), a later Quick Mode (244), a notify and its acknowledgement
    (246)."""
    client, server = windows_pair(c)
    sa = IkeSa(c, client, server)
    authip_mm1(c, sa)
    inner = [ike.sa_payload([(1, sa.suite.attributes(0))]), (ike.NONCE, c.rng.bytes(20)),
             (ike.KE, c.rng.bytes(256))]
    sa.clear(server, "AIP-MM2", ike.AUTHIP_MM, [ike.crypto_payload(inner)])
    sa.clear(client, "AIP-MM3", ike.AUTHIP_MM, [ike.crypto_payload([(ike.GSS, c.rng.bytes(980))])])
    sa.clear(server, "AIP-MM4", ike.AUTHIP_MM, [ike.crypto_payload([(ike.GSS, c.rng.bytes(150))])])
    authip_pair(sa, "AIP-QM", ike.AUTHIP_MM, c.rng.number(), 340, 212)
    authip_pair(sa, "AIP-EM", ike.AUTHIP_EM, 1, 1060, 244)
    esp_both_ways(sa)
    c.wait(4)
    authip_pair(sa, "AIP-QM", ike.AUTHIP_QM, c.rng.number(), 340, 212)
    msgid = c.rng.number()
    sa.sealed(client, "AIP-NOTIFY", ike.AUTHIP_NOTIFY, 76, 3.0, first=ike.CRYPTO, msgid=msgid)
    sa.sealed(server, "AIP-NOTIFY", ike.AUTHIP_NOTIFY, 60, first=ike.CRYPTO, msgid=msgid)


def authip_pair(sa, stem, exchange, msgid, asked, answered):
    """A request of the initiator and its answer, both encrypted."""
    sa.sealed(sa.initiator, stem + "1", exchange, asked, first=ike.CRYPTO, msgid=msgid)
    sa.sealed(sa.responder, stem + "2", exchange, answered, first=ike.CRYPTO, msgid=msgid)


@scenario(expect=["aip_noresp"], healthy=True, vectors=[69])
def authip_fallback(c):
    """A Windows initiator tries AuthIP and IKE side by side; the peer knows no AuthIP and never answers it,
    while Main Mode and Quick Mode succeed. Nothing is wrong."""
    client, gateway = c.host("192.0.2.10", ttl=128), c.host("198.51.100.20")
    mm1 = authip_mm1(c, IkeSa(c, client, gateway))
    sa = IkeSa(c, client, gateway)
    sa.mm1(after=0.0011)
    sa.main_mode(first=2)
    sa.quick_mode().run()
    esp_both_ways(sa)
    for at in (1, 3, 7):
        c.until(at)
        c.repeat(mm1, 0)
    c.background(10)


# Cookies and roles

@scenario(expect=["simul"], healthy=True, vectors=[15])
def mm_both_initiate(c):
    """Both ends start Main Mode within 10 ms: two SAs with opposite roles; the second is deleted later."""
    one, other = pair(c)
    first, second = IkeSa(c, one, other), IkeSa(c, other, one)
    first.mm1()
    second.mm1(after=0.006)
    for step in ("mm2", "mm3", "mm4", "mm5", "mm6"):
        getattr(first, step)()
        getattr(second, step)()
    first.quick_mode().run()
    esp_both_ways(first)
    c.wait(8)
    second.delete(one)
    second.delete(other)


@scenario(expect=["sibling"], forbid=["mm2_noreply"], healthy=True, vectors=[13])
def mm_sibling_responders(c):
    """A responder that keeps no memory of MM1 answers both copies of it, each with its own cookie; the
    initiator goes on with the second."""
    sa = IkeSa(c, *pair(c))
    mm1 = sa.mm1()
    c.repeat(mm1, 1.0)
    sa.mm2(after=0.040)
    sa.cky_r = c.rng.bytes(8)
    sa.mm2(after=0.035)
    sa.main_mode(first=3)
    sa.quick_mode().run()


@scenario(expect=["cookie_reused"], forbid=["qm_reused", "mm_extra"], vectors=[14])
def mm_cookie_reuse(c):
    """One hour after an SA was deleted its initiator starts another one with the same cookie and a different
    MM1."""
    one, other = pair(c)
    old = IkeSa(c, one, other)
    old.main_mode()
    old.quick_mode().run()
    old.delete(one, after=30.0)
    old.delete(other)
    c.wait(3600)
    new = IkeSa(c, one, other, Suite(ladder.AES_OFFERS[1:]), cky_i=old.cky_i)
    new.main_mode()
    new.quick_mode().run()


@scenario(expect=["reflect"])
def mm_reflected(c):
    """A loop in the network: MM3 comes back from the responder's address, then everything succeeds."""
    one, other = pair(c)
    sa = IkeSa(c, one, other)
    sa.mm1()
    sa.mm2()
    mm3 = sa.mm3()
    c.wait(0.004)
    sa.send(other, None, mm3.payload)
    sa.main_mode(first=4)
    sa.quick_mode().run()


# NAT

@scenario(expect=["natt_detected"], forbid=["reflect"], healthy=True, vectors=[63])
def mm_nat_both_sides(c):
    """Captured on both sides of a NAT router (interface 0 inside, 1 outside): every packet twice, with the
    same IP ID and different addresses. Main Mode, float to UDP 4500, Quick Mode, ESP in UDP."""
    inside, server = behind_nat(c)
    c.taps = ("inside", "outside")
    sa = IkeSa(c, inside, server)
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)
    c.keepalive(inside, server, after=20.0)


@scenario(expect=["natt_nomarker"], forbid=["natt_wrongport", "qm_reused"], vectors=[59, 61])
def natt_marker(c):
    """Behind a NAT, on UDP 4500: the first copy of a second QM1 lacks the non-ESP marker, its retransmission
    has it. Keepalives on both 4500 and 500."""
    inside, server = behind_nat(c)
    sa = IkeSa(c, inside, server)
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)
    c.keepalive(inside, server, 4500, after=20.0)
    c.keepalive(inside, server, 500, after=0.5)
    quick = sa.quick_mode()
    c.wait(3)
    qm1 = sa.seal(ike.QUICK_MODE, sa.suite.hash_payload + 100, msgid=quick.msgid)
    sa.send(inside, "QM1", qm1, marker=False)
    c.wait(1)
    sa.send(inside, "QM1", qm1)
    quick.qm2()
    quick.qm3()


# How a capture is made

@scenario(healthy=True, expect=["dup_capture"], vectors=[64])
def span_duplicates(c):
    """A mirror port that copies both directions: every packet twice, 20 us apart, with the same IP ID."""
    c.mirrored = True
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)


@scenario(healthy=True, expect=["retrans"], forbid=["late_copy"], vectors=[65])
def mm1_repeats(c):
    """A host that sends IP ID 0: the same MM1 after 3 ms is a duplicate of frame 1, after 600 ms it is a
    retransmission."""
    one, other = c.host("10.1.0.2", counts=False), c.host("10.2.0.2", counts=False)
    sa = IkeSa(c, one, other)
    mm1 = sa.mm1()
    c.repeat(mm1, 0.003)
    c.repeat(mm1, 0.597)
    sa.main_mode(first=2)
    sa.quick_mode().run()


@scenario(healthy=True, expect=["oneway_capture"], vectors=[66])
def one_way(c):
    """Only what the initiator sends is captured: MM1, MM3, MM5, QM1, QM3 and ESP for 12 s."""
    one, other = pair(c)
    c.unseen = (other,)
    sa = IkeSa(c, one, other)
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa, count=8, gap=0.8)


@scenario(healthy=True, expect=["truncated"], forbid=["malformed"], vectors=[68])
def truncated_60(c):
    """Main Mode and Quick Mode captured with 60 bytes per packet on an interface without link header: of each
    message the ISAKMP header and 4 bytes."""
    c.link, c.snaplen = ladder.RAW_IP, 60
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    sa.quick_mode().run()


@scenario(healthy=True)
def truncated_60_ethernet(c):
    """Main Mode and Quick Mode captured with 60 bytes per Ethernet frame: 18 bytes of the ISAKMP header,
    which ends before the exchange type. No frame can be labelled."""
    c.snaplen = 60
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    sa.quick_mode().run()
    c.truth = [{"n": entry["n"], "any_copy": True} for entry in c.truth]


@scenario(healthy=True, expect=["ipfrag"])
def vlan_ipv6(c):
    """IPv6 in VLAN 42, certificates: MM5 and MM6 in IPv6 fragments."""
    c.vlan = 42
    one, other = c.host("2001:db8:1::2"), c.host("2001:db8:2::2")
    sa = IkeSa(c, one, other, ladder.LINUX_CERT)
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)


@scenario(healthy=True, forbid=["joined", "slow", "cookie_reused", "dup_capture"], vectors=[73])
def merged_clocks(c):
    """A merge of two captures, one for each direction, whose clocks differ: MM2 comes before MM1 in the file
    and by its time stamp. All is well, and no time is told between the two."""
    c.rewritable = False  # the truth is that of this order
    sa = IkeSa(c, *pair(c))
    sa.main_mode(last=2)
    times = [frame.time_ns for frame in c.frames]
    c.frames = [dataclasses.replace(frame, time_ns=t) for frame, t in zip(c.frames[::-1], times)]
    c.truth = [{"n": 1, "msg": "MM2", "request_in": 2}, {"n": 2, "msg": "MM1"}]
    sa.main_mode(first=3)
    sa.quick_mode().run()


# Failures and violations

@scenario(expect=["mm_msgid", "mm_flags", "qm_msgid0", "qm_clear", "zero_cookie", "mm2_badchoice",
                  "cookie_invalid", "qm1_reject"], vectors=[16])
def mm_violations(c):
    """Six SAs with one violation each: MM3 with message ID 5, MM3 with the E flag, Quick Mode with message
    ID 0, Quick Mode in clear, Quick Mode with responder cookie 0, MM2 with two transforms."""
    server = c.host("10.2.0.2")
    for number, violate in enumerate((mm3_with_msgid, mm3_with_e_flag, quick_mode_without_msgid,
                                      quick_mode_in_clear, quick_mode_without_cookie, mm2_two_transforms)):
        violate(IkeSa(c, c.host(f"10.1.0.{11 + number}"), server))
        c.wait(2)
    c.background(10)


def mm3_with_msgid(sa, **fault):
    """Main Mode and Quick Mode whose MM3 has something that it must not have."""
    sa.mm1()
    sa.mm2()
    sa.mm3(**(fault or {"msgid": 5}))
    sa.main_mode(first=4)
    sa.quick_mode().run()


def mm3_with_e_flag(sa):
    mm3_with_msgid(sa, flags=ike.ENCRYPTED)


def mm2_two_transforms(sa):
    """The initiator takes it nevertheless."""
    sa.mm1()
    sa.mm2(chosen=[0, 1])
    sa.main_mode(first=3)
    sa.quick_mode().run()


def quick_mode_without_msgid(sa):
    sa.main_mode()
    sa.sealed(sa.initiator, "QM1", ike.QUICK_MODE, sa.suite.hash_payload + 100)
    refuse(sa, ike.INVALID_MESSAGE_ID)


def quick_mode_in_clear(sa):
    sa.main_mode()
    random = sa.conv.rng.bytes
    payloads = [(ike.HASH, random(32)), ike.sa_payload([(1, sa.suite.attributes(0))]),
                (ike.NONCE, random(20)), ike.id_payload("10.10.1.1"), ike.id_payload("10.10.2.1")]
    sa.clear(sa.initiator, "QM1", ike.QUICK_MODE, payloads, msgid=sa.conv.rng.number())
    refuse(sa, ike.INVALID_FLAGS)


def quick_mode_without_cookie(sa):
    sa.main_mode()
    sa.sealed(sa.initiator, "QM1", ike.QUICK_MODE, sa.suite.hash_payload + 100, msgid=sa.conv.rng.number(),
              cky_r=bytes(8))
    refuse(sa, ike.INVALID_COOKIE)


@scenario(expect=["mm1_noresp"], forbid=["oneway_capture"], vectors=[9])
def mm_noresp(c):
    """MM1 is sent seven times, after 0, 1, 3, 7, 15, 31 and 63 s, and never answered; 10 s of other traffic
    follow."""
    sa = IkeSa(c, *windows_pair(c), ladder.XP_CERT)
    mm1 = sa.mm1()
    for gap in (1, 2, 4, 8, 16, 32):
        c.repeat(mm1, gap)
    c.background(10)


@scenario(expect=["pending"], healthy=True, vectors=[10])
def mm1_pending(c):
    """One MM1, and half a second later the capture ends: nothing can be said yet."""
    IkeSa(c, *pair(c)).mm1()
    c.wait(0.48)
    c.dns(c.host("10.99.0.10"), c.host("10.99.0.53"), 0x3000)


@scenario(expect=["mm1_icmp"], forbid=["icmp_filtered"], vectors=[11])
def mm1_icmp(c):
    """The peer is up and nothing listens on UDP 500: each MM1 is answered by an ICMP port unreachable. The
    first two quote the whole packet, the last one 28 bytes of it, as old stacks do."""
    one, other = pair(c)
    sa = IkeSa(c, one, other)
    sent = sa.mm1()
    for gap, quote_length in ((1, None), (2, None), (None, 28)):
        c.wait(0.011)
        c.icmp_error(other, one, 3, 3, sent, quote_length=quote_length)
        if gap:
            sent = c.repeat(sent, gap)
    c.background(10)


@scenario(expect=["mm1_reject"], forbid=["zero_cookie", "mm_version", "mm_msgid"], vectors=[12])
def mm1_reject(c):
    """Two initiators whose MM1 is refused with NO-PROPOSAL-CHOSEN in clear: once with a fresh responder
    cookie and a random message ID, once with both 0."""
    one, other = pair(c)
    notify = [ike.notify_payload(ike.NO_PROPOSAL_CHOSEN)]
    sa = IkeSa(c, one, other)
    sa.mm1()
    sa.clear(other, "INFO", ike.INFORMATIONAL, notify, msgid=c.rng.number())
    sa = IkeSa(c, c.host("10.1.0.3"), other)
    sa.mm1(after=2.0)
    sa.clear(other, "INFO", ike.INFORMATIONAL, notify, cky_r=bytes(8))
    c.background(10)


@scenario(healthy=True)
def not_ike(c):
    """DNS and TCP only: a capture without any IKE, which must not look like a good one."""
    c.background(5)


@scenario(expect=["malformed", "trailing", "limit", "mm_extra", "v1frag_bad", "ipfrag_overlap",
                  "marker_on_500"],
          but=["v1frag_loss", "ipfrag_loss"], vectors=[52])
def hostile(c):
    """Malformed ISAKMP datagrams and IP fragments of every kind that a parser must survive. Labels are not
    judged."""
    c.rewritable = False    # what overlapping fragments make depends on their order
    malformed.play(c)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", metavar="DIR", type=pathlib.Path, default=CAPTURES, help="where to write")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SCENARIOS))
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in SCENARIOS]
    if unknown:
        sys.exit(f"scenarios.py: no such scenario: {', '.join(unknown)}")
    for name in options.names or SCENARIOS:
        SCENARIOS[name]().save(options.o)


if __name__ == "__main__":
    main()
