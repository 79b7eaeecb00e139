# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios that each show a finding which no other capture shows: messages that get no reaction, refusals,
fragments and ICMP errors, NAT, and what is worth a note although all is well."""
import dataclasses

import ikewire as ike
import ladder
from ladder import IkeSa, Suite
from registry import scenario
from steps import (
    STRONGSWAN_GAPS, behind_nat, elsewhere, esp_both_ways, esp_flows, mapped_sa, no_version_1, pair, refuse,
    sent_on, tunnel)

QUOTED_V4, QUOTED_V6 = 548, 1232  # bytes of a packet that an ICMP error quotes at most


# Nobody goes on

@scenario(expect=["mm2_noreply"])
def mm2_noreply(c):
    """Captured at the responder: it answers MM1, but MM2 never reaches the initiator. MM1 comes again after
    4, 7.2 and 13 s, and each copy is answered; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    mm1, mm2 = sa.mm1(), sa.mm2()
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(mm1, gap)
        c.repeat(mm2, 0.0006)
    elsewhere(c)


@scenario(expect=["mm3_noresp"])
def mm3_noresp(c):
    """MM1 and MM2 are exchanged; MM3 is sent five times in 47.5 s and never answered; other traffic
    follows."""
    sa = IkeSa(c, *pair(c))
    mm3 = sa.main_mode(last=3)
    for gap in STRONGSWAN_GAPS:
        c.repeat(mm3, gap)
    elsewhere(c)


@scenario(expect=["mm4_noreply", "natt_detected"])
def mm4_noreply(c):
    """Captured at a Libreswan responder: the initiator is behind a NAT and must go on with MM5 on UDP 4500,
    which a filter before the capture point blocks. MM4 is sent again after 0.5, 1, 2, 4 and 8 s; other
    traffic follows."""
    sa = IkeSa(c, *behind_nat(c))
    mm4 = sa.main_mode(last=4)
    for gap in (0.5, 0.5, 1, 2, 4):
        c.repeat(mm4, gap)
    elsewhere(c)


@scenario(expect=["mm6_ignored"])
def mm6_ignored(c):
    """MM6 does not reach the initiator, or is not accepted by it: MM5 comes again three times, and each copy
    is answered by the same MM6; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    mm5 = sa.main_mode(last=5)
    mm6 = sa.mm6()
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(mm5, gap)
        c.repeat(mm6, 0.0006)
    elsewhere(c)


@scenario(expect=["mm6_delete"])
def mm6_delete(c):
    """The initiator does not accept the certificate in MM6: it sends an Informational of the size of a delete
    40 ms later, and nothing more; other traffic follows."""
    sa = IkeSa(c, *pair(c), ladder.LINUX_CERT)
    sa.main_mode()
    sa.delete(sa.initiator, after=0.04)
    elsewhere(c)


@scenario(expect=["am2_noreply"], forbid=["am2_reject"])
def am2_noreply(c):
    """Aggressive Mode with different pre-shared keys and an initiator that says nothing about it: AM2 is sent
    four times, never followed by AM3; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    aggressive_first(sa)
    am2 = aggressive_second(sa)
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(am2, gap)
    elsewhere(c)


def aggressive_first(sa):
    """AM1: all proposals, key exchange and identity in clear."""
    suite = sa.suite
    offers = [(n + 1, suite.attributes(n)) for n in range(len(suite.offers))]
    payloads = [ike.sa_payload(offers)] + aggressive_keying(sa, sa.initiator)
    payloads += [ike.vendor(name) for name in suite.vendors_i]
    return sa.clear(sa.initiator, "AM1", ike.AGGRESSIVE, payloads, 0.0, cky_r=bytes(8))


def aggressive_second(sa, proof=None):
    """AM2: the same of the responder, and the proof that it has the key: payload type and length, or a hash."""
    suite = sa.suite
    kind, length = proof or (ike.HASH, suite.hash_payload - 4)
    payloads = [ike.sa_payload([(suite.chosen + 1, suite.attributes(suite.chosen))])]
    payloads += aggressive_keying(sa, sa.responder) + [(kind, sa.conv.rng.bytes(length))]
    payloads += [ike.vendor(name) for name in suite.vendors_r] + sa.natd(sa.responder)
    return sa.clear(sa.responder, "AM2", ike.AGGRESSIVE, payloads)


def aggressive_keying(sa, sender):
    random = sa.conv.rng.bytes
    return [(ike.KE, random(ike.KE_LENGTH[sa.suite.group])), (ike.NONCE, random(20)),
            ike.id_payload(sender.address)]


@scenario(expect=["qm2_noreply"])
def qm2_noreply(c):
    """Captured at the responder: QM1 is answered, QM3 never comes. QM2 is sent four times in 24.2 s; other
    traffic follows."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode()
    quick.qm1()
    qm2 = quick.qm2()
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(qm2, gap)
    elsewhere(c)


@scenario(expect=["tr_noresp"])
def tr_noresp(c):
    """The gateway asks for name and password (XAUTH) after Main Mode. The client never answers: the request
    is sent four times in 24.2 s; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    asked = sa.sealed(sa.responder, "TR1", ike.TRANSACTION, sa.suite.hash_payload + 20,
                      msgid=c.rng.number())
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(asked, gap)
    elsewhere(c)


@scenario(expect=["xauth_fail"], vectors=[30])
def xauth_rejected(c):
    """XAUTH with a wrong password: name and password are asked for and given, the verdict is sent and
    confirmed, and the gateway sends an Informational of the size of a delete. No Quick Mode follows; other
    traffic does."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    sa.transaction(sa.responder, answered=4.2)
    sa.transaction(sa.responder)
    sa.delete(sa.responder, after=0.02)
    elsewhere(c)


# Refusals and violations

@scenario(expect=["mm_version"], forbid=["mm1_reject"])
def mm1_version(c):
    """The peer does not speak IKEv1 any more: each of three copies of MM1 is answered in clear by
    INVALID-MAJOR-VERSION; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    sent = sa.mm1()
    no_version_1(sa)
    for gap in STRONGSWAN_GAPS[:2]:
        c.repeat(sent, gap)
        no_version_1(sa)
    elsewhere(c)


@scenario(expect=["mm3_badke"], forbid=["mm1_reject", "wrong_group"])
def mm3_wrong_group(c):
    """The responder chose group 14; MM3 has a public value of 128 bytes, as group 2 needs it. The responder
    answers INVALID-KEY-INFORMATION in clear; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode(last=2)
    payloads = [(ike.KE, c.rng.bytes(ike.KE_LENGTH[2]))] + sa.keying(sa.initiator)[1:]
    sa.clear(sa.initiator, "MM3", ike.MAIN_MODE, payloads)
    refuse(sa, ike.INVALID_KEY_INFORMATION)
    elsewhere(c)


@scenario(expect=["qm_reused"], forbid=["qm1_reject"])
def qm_reused(c):
    """30 s after a Quick Mode its initiator starts another one with the same message ID; the responder
    answers INVALID-MESSAGE-ID in clear. ESP of the first goes on."""
    sa = tunnel(c)
    esp_both_ways(sa)
    c.wait(30)
    again = sa.quick_mode()
    again.msgid = int.from_bytes(first_quick_mode(c), "big")
    again.qm1()
    refuse(sa, ike.INVALID_MESSAGE_ID)
    esp_both_ways(sa, gap=2.0)


def first_quick_mode(c):
    """The message ID of the first Quick Mode of a conversation."""
    return next(key[1] for key in c.labels if key[-1] == "QM1")


# Fragments and ICMP

@scenario(expect=["frag_of_frag", "v1frag"])
def frag_of_frag(c):
    """The initiator cuts MM5 into IKE fragments for packets of 1500 bytes, but the path before the capture
    point has an MTU of 1400: the first of them comes in two IP fragments. MM6 is cut small enough, and all
    ends well."""
    sa = IkeSa(c, *pair(c), ladder.LINUX_CERT)
    sa.main_mode(last=4)
    c.mtu = 1400
    in_ike_fragments(sa, sa.initiator, "MM5", sa.suite.sealed_i, 1500)
    in_ike_fragments(sa, sa.responder, "MM6", sa.suite.sealed_r, 1280)
    sa.quick_mode().run()


def in_ike_fragments(sa, sender, label, content, packet_length):
    data = sa.seal(ike.MAIN_MODE, content, first=ike.ID)
    sa.in_fragments(sender, label, data, 1, packet_length)


@scenario(expect=["pmtu", "ipfrag"], healthy=True)
def pmtu(c):
    """A router has a link with an MTU of 1400 and says so by ICMP: about MM5 in one IPv4 packet that must not
    be fragmented, then about the first IPv6 fragment of another MM5. Both hosts send MM5 again in smaller
    fragments, and all ends well."""
    client = c.host("10.1.0.2", counts=False)
    suite = dataclasses.replace(ladder.LINUX_CERT, sealed_i=1424, sealed_r=1296)
    too_big(c, IkeSa(c, client, c.host("10.2.0.2"), suite), c.host("10.0.0.1"), (3, 4), QUOTED_V4)
    c.wait(2)
    c.mtu = 1500
    sa = IkeSa(c, c.host("2001:db8:1::2"), c.host("2001:db8:2::2"), ladder.LINUX_CERT)
    too_big(c, sa, c.host("2001:db8::1"), (2, 0), QUOTED_V6)


def too_big(c, sa, router, kind, quote_length):
    """Main Mode and Quick Mode; a router refuses the first MM5."""
    mm5 = sa.main_mode(last=5)
    c.wait(0.003)
    c.icmp_error(router, sa.initiator, *kind, mm5, 1400, quote_length)
    sa.initiator.counts, c.mtu = True, 1400
    c.repeat(mm5, 4)
    sa.mm6()
    sa.quick_mode().run()


@scenario(expect=["reasm_timeout", "ipfrag"])
def reasm_timeout(c):
    """Captured at the initiator: MM5 leaves in two IP fragments three times, 10 s apart. The responder gets
    only the first fragment of each and says 30 s later by ICMP that the time for reassembly is exceeded;
    other traffic follows."""
    sa = IkeSa(c, *pair(c), ladder.LINUX_CERT)
    mm5 = sa.main_mode(last=5)
    sent = [mm5, c.repeat(mm5, 10), c.repeat(mm5, 10)]
    for copy in sent:
        c.wait(10)
        c.icmp_error(sa.responder, sa.initiator, 11, 1, copy, quote_length=QUOTED_V4)
    elsewhere(c)


@scenario(expect=["icmp_filtered"], forbid=["mm1_icmp", "icmp_unreach"])
def icmp_filtered(c):
    """A router between the peers rejects IKE: each of three copies of MM1 is answered by ICMP communication
    administratively prohibited, first by code 13 of IPv4, then between two other hosts by code 1 of IPv6;
    other traffic follows."""
    refused_by_router(c, IkeSa(c, *pair(c)), c.host("10.0.0.1"), (3, 13))
    c.wait(2)
    sa = IkeSa(c, c.host("2001:db8:1::2"), c.host("2001:db8:2::2"))
    refused_by_router(c, sa, c.host("2001:db8::1"), (1, 1))
    elsewhere(c)


@scenario(expect=["icmp_unreach"], forbid=["mm1_icmp", "icmp_filtered"])
def icmp_unreach(c):
    """The peer cannot be reached: each of three copies of MM1 is answered by ICMP, of the last router that
    the host is unreachable (IPv4), then between two other hosts of the first router that it has no route
    (IPv6); other traffic follows."""
    refused_by_router(c, IkeSa(c, *pair(c)), c.host("10.2.0.1"), (3, 1))
    c.wait(2)
    sa = IkeSa(c, c.host("2001:db8:1::2"), c.host("2001:db8:2::2"))
    refused_by_router(c, sa, c.host("2001:db8:1::1"), (1, 0))
    elsewhere(c)


def refused_by_router(c, sa, router, kind):
    """MM1 three times; a router answers each by this ICMP error."""
    mm1 = sa.mm1()
    for gap in STRONGSWAN_GAPS[:2] + (None,):
        c.wait(0.004)
        c.icmp_error(router, sa.initiator, *kind, mm1)
        if gap:
            mm1 = c.repeat(mm1, gap)


# NAT

class PortZeroSa(IkeSa):
    """The initiator forces encapsulation in UDP: it hashes port 0, which no host has."""

    def natd(self, sender):
        if sender is not self.initiator:
            return super().natd(sender)
        return [(self.suite.natd, ike.natd_hash(self.suite.hash, self.cky_i, self.cky_r, host.address, 0))
                for host in (self.responder, self.initiator)]


@scenario(expect=["natt_forced"], healthy=True, vectors=[55])
def natt_forced(c):
    """A Libreswan initiator with encapsulation=yes hashes port 0 in both NAT-D payloads, so that both sides
    go to UDP 4500 although there is no NAT. All is well."""
    sa = PortZeroSa(c, *pair(c))
    sa.main_mode(last=4)
    sa.port = 4500
    sa.mm5()
    sa.mm6()
    sa.quick_mode().run()
    esp_both_ways(sa)


class SourceFirstSa(IkeSa):
    """The initiator puts the hash of its own address before that of the destination."""

    def natd(self, sender):
        payloads = super().natd(sender)
        return payloads[::-1] if sender is self.initiator else payloads


@scenario(expect=["natd_order"], healthy=True)
def natd_order(c):
    """The initiator sends the NAT-D payload of its own address first, the wrong way round. The responder does
    not mind, and both stay on UDP 500."""
    sa = SourceFirstSa(c, *pair(c))
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)


@scenario(expect=["nat_rebind", "nat_addrchg", "natt_detected"], healthy=True, vectors=[60])
def nat_rebind(c):
    """Captured at the responder. After 95 s of silence the NAT before the initiator gives it another port;
    five minutes later the line comes back with another address. Quick Modes and ESP go on both times."""
    sa = mapped_sa(c, behind_nat(c), {500: 1024, 4500: 61001})
    sa.main_mode()
    flows = esp_flows(sa)
    renewed(c, sa, flows)
    c.wait(95)
    sa.mapped[4500] = 61002
    renewed(c, sa, flows)
    c.wait(300)
    c.nat.public = "203.0.113.99"
    renewed(c, sa, flows)


def renewed(c, sa, flows):
    """A Quick Mode of the initiator and new ESP SAs, through the port that the NAT gives now."""
    sa.quick_mode().run()
    for flow, sender in zip(flows, (sa.initiator, sa.responder)):
        flow.ports, flow.spi, flow.seq = sa.ports(sender), c.rng.number(), 0
    sent_on(flows)


# Worth a note

@scenario(expect=["slow"], healthy=True)
def mm6_slow(c):
    """The responder looks up a revocation list: MM6 comes 3.7 s after MM5. All is well."""
    sa = IkeSa(c, *pair(c), ladder.LINUX_CERT)
    sa.main_mode(last=5)
    sa.mm6(after=3.7)
    sa.quick_mode().run()
    esp_both_ways(sa)


@scenario(expect=["not_captured"], healthy=True, vectors=[7])
def mm2_not_captured(c):
    """The capture lacks MM2, which the initiator did get: it goes on with MM3. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.mm1()
    with c.unseen_from(sa.responder):
        sa.mm2()
    sa.main_mode(first=3)
    sa.quick_mode().run()


@scenario(expect=["late_copy"], healthy=True)
def late_copy(c):
    """A tunnel is up and carries ESP. Eleven minutes after MM1 the same MM1 comes again, byte for byte: the
    responder ignores it, and ESP goes on."""
    sa = IkeSa(c, *pair(c))
    mm1 = sa.mm1()
    sa.main_mode(first=2)
    sa.quick_mode().run()
    flows = esp_flows(sa)
    sent_on(flows)
    c.until(660)
    c.repeat(mm1, 0)
    sent_on(flows)


@scenario(expect=["life_mismatch"], healthy=True)
def life_mismatch(c):
    """The initiator offers a lifetime of 28800 s, the responder answers 3600 s. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.mm1()
    offered, sa.suite = sa.suite, dataclasses.replace(sa.suite, life=3600)
    sa.mm2()
    sa.suite = offered
    sa.main_mode(first=3)
    sa.quick_mode().run()


@scenario(expect=["qm3_lost", "retrans"], healthy=True)
def qm3_lost(c):
    """QM3 is lost behind the capture point: the responder sends QM2 again after 4 s, the initiator answers
    with the same QM3, and ESP flows."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode()
    quick.qm1()
    qm2, qm3 = quick.qm2(), quick.qm3()
    c.repeat(qm2, 4)
    c.repeat(qm3, 0.0008)
    esp_both_ways(sa)


@scenario(expect=["qm4_missing"], healthy=True, vectors=[23])
def qm4_missing(c):
    """The responder sets the commit bit in QM2 and never sends CONNECTED. The initiator ignores the commit
    bit: ESP flows in both directions for some seconds."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode(commit=True)
    quick.qm1()
    quick.qm2()
    quick.commit = False
    quick.qm3()
    esp_both_ways(sa, gap=0.5)


@scenario(expect=["weak_des", "weak_keylen"], healthy=True)
def weak_des_keylen(c):
    """Two negotiations succeed with weak ciphers: one chooses DES, the other CAST with a key of 80 bits."""
    server = c.host("10.2.0.2")
    for number, offer in enumerate(((ike.DES_CBC, None, ike.SHA256, 14), (ike.CAST, 80, ike.SHA256, 14))):
        sa = IkeSa(c, c.host(f"10.1.0.{2 + number}"), server, Suite((offer,)))
        sa.main_mode()
        sa.quick_mode().run()
        c.wait(2)
