# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios that a careless rule would take for a failure or a fault, and that are none: each comes as close
to a finding as healthy traffic can. Two of them do fail, for another reason than the one that suggests
itself."""
import dataclasses

import ikev2wire as v2
import ikewire as ike
import ladder2
import netwire
import tcpstream
from esp import NullFlow
from findings import QUOTED_V4, aggressive_first, aggressive_second
from ikev2_scenarios import goes_up, hybrid, hybrid_sa
from ikev2_tunnels import LONG_AUTH
from ladder import AES_OFFERS, LINUX_CERT, EspFlow, IkeSa, Nat, Note, Suite
from ladder2 import Ikev2Sa
from natt import UnseenAddressSa
from registry import scenario
from steps import (
    STRONGSWAN_GAPS, elsewhere, esp_both_ways, esp_flows, mapped_sa, pair, refuse, sent_on, tunnel, v2_tunnel,
    windows_pair)


SIGNATURE = 9  # payload type


# Messages that had their answer

@scenario(forbid=["am2_noreply"], healthy=True)
def am3_not_captured(c):
    """The capture lacks AM3, which the responder did get: Quick Mode follows AM2, and ESP flows. All is
    well."""
    sa = IkeSa(c, *pair(c))
    aggressive_first(sa)
    aggressive_second(sa)
    with c.unseen_from(sa.initiator):
        aggressive_third(sa)
    sa.quick_mode().run()
    esp_both_ways(sa)
    elsewhere(c)


def aggressive_third(sa):
    """AM3, encrypted."""
    sa.sealed(sa.initiator, "AM3", ike.AGGRESSIVE, sa.suite.hash_payload + 28)


@scenario(forbid=["qm2_noreply", "not_captured"], healthy=True)
def qm3_not_captured(c):
    """The responder's QM2 comes twice, because QM1 did, and the capture lacks QM3. The responder did get it: it
    takes the initiator's ESP and answers it. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode()
    qm1, qm2 = quick.qm1(), quick.qm2()
    c.repeat(qm1, 0.5)
    c.repeat(qm2, 0.0006)
    with c.unseen_from(sa.initiator):
        quick.qm3()
    esp_both_ways(sa, gap=0.5)
    elsewhere(c)


@scenario(expect=["retrans"], forbid=["mm6_ignored", "mm5_noresp", "qm3_lost", "qm2_noreply"], healthy=True)
def satellite(c):
    """Captured at the responder of a satellite link with a round trip of 1.2 s, longer than the initiator's
    timer: two copies each of MM5 and QM1 are on their way when MM6 and QM2 are, and each is answered again.
    The initiator goes on after every first answer. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode(last=5)
    crossed(c, sa.mm6)
    quick = sa.quick_mode()
    quick.qm1(after=0.2)
    crossed(c, quick.qm2)
    quick.qm3(after=0.2)
    esp_both_ways(sa)


def crossed(c, answer):
    """The answer to the newest message, which comes twice more meanwhile; each copy is answered too."""
    asked, answered = c.newest, answer()
    for gap in (0.5, 0.5):
        c.repeat(asked, gap)
        c.repeat(answered, 0.0006)


@scenario(expect=["not_captured"], forbid=["int_noresp"], healthy=True)
def ikev2_intermediate_unseen(c):
    """The capture lacks the response to IKE_INTERMEDIATE, which the initiator did get: IKE_AUTH follows with
    message ID 2 and is answered. All is well."""
    sa = hybrid_sa(c, hybrid(v2.MLKEM_512))
    sa.init()
    asked = sa.request(sa.initiator, v2.IKE_INTERMEDIATE, 8 + v2.MLKEM_LENGTH[v2.MLKEM_512][0])
    with c.unseen_from(sa.responder):
        sa.response(asked, 8 + v2.MLKEM_LENGTH[v2.MLKEM_512][1])
    sa.auth()
    esp_both_ways(sa)
    elsewhere(c, step=1)


@scenario(expect=["init_cookie"], forbid=["resume_nack", "resume_noresp"], healthy=True)
def ikev2_resume_cookie(c):
    """IKE_SESSION_RESUME is answered by nothing but a notify: the gateway wants a cookie first (RFC 5723 4.3.2).
    The ticket itself is good, and the second request resumes the session."""
    sa = Ikev2Sa(c, *pair(c))
    sa.resume_req()
    cookie = c.rng.bytes(24)
    sa.init_error(v2.COOKIE, cookie, exchange=v2.IKE_SESSION_RESUME)
    payloads = [v2.notify(v2.COOKIE, cookie), (v2.NONCE, sa.nonce),
                v2.notify(v2.TICKET_OPAQUE, c.rng.bytes(120))]
    sa.clear(sa.initiator, v2.IKE_SESSION_RESUME, payloads, spi_r=ladder2.NO_SPI)
    sa.resume_resp()
    sa.auth()
    esp_both_ways(sa)


@scenario(expect=["retrans"], forbid=["tr_noresp", "slow", "xauth_fail"], healthy=True)
def xauth_slow_user(c):
    """The user looks for his password for 40 s. Meanwhile the gateway asks for it four times (XAUTH), without an
    answer; then it gets one, and Quick Mode follows. All is well."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    msgid, size = c.rng.number(), sa.suite.hash_payload
    asked = sa.sealed(sa.responder, "TR1", ike.TRANSACTION, size + 20, msgid=msgid)
    for gap in STRONGSWAN_GAPS[:3]:
        c.repeat(asked, gap)
    sa.sealed(sa.initiator, "TR2", ike.TRANSACTION, size + 36, 16.0, msgid=msgid)
    sa.transaction(sa.responder)
    sa.quick_mode().run()
    esp_both_ways(sa)


@scenario(expect=["mm5_noresp"], forbid=["superseded"])
def natted_neighbour(c):
    """Two clients behind one NAT dial in at the same time. MM5 of the first has no answer, since its pre-shared
    key is wrong; the tunnel of the second comes up. It is no new attempt of the first: they have other ports.
    Other traffic follows."""
    server, sides = c.host("198.51.100.20"), []
    for number, address in enumerate(("192.168.1.10", "192.168.1.11")):
        client = c.host(address)
        sa = mapped_sa(c, (client, server), {500: 21001 + number, 4500: 61001 + number})
        sides.append((Nat(client, "203.0.113.5"), sa))
    (c.nat, first), second = sides
    mm5 = first.main_mode(last=5)
    c.nat, other = second
    c.wait(1)
    other.main_mode()
    other.quick_mode().run()
    c.nat = sides[0][0]
    for gap in STRONGSWAN_GAPS:
        c.repeat(mm5, gap)
    elsewhere(c)


# Copies and choices

@scenario(expect=["retrans"], forbid=["late_copy", "mm1_noresp"], healthy=True)
def mm1_patient(c):
    """A peer is down for a quarter of an hour. The initiator sends the same MM1 every five minutes; the copy that
    is answered at last is fifteen minutes younger than the first one, and only five than the one before it. All
    is well."""
    sa = IkeSa(c, *pair(c))
    mm1 = sa.mm1()
    for _ in range(3):
        c.repeat(mm1, 300)
    sa.main_mode(first=2)
    sa.quick_mode().run()


class OwnLives(Suite):
    """Each transform of the offer has its own lifetime."""

    lives = (28800, 3600, 86400)

    def attributes(self, number):
        return dataclasses.replace(Suite(self.offers), life=self.lives[number]).attributes(number)


class ShortLife(Suite):
    """A lifetime in a data attribute of two bytes, as Cisco and racoon send it where it fits."""

    def attributes(self, number):
        long = ike.attribute(12, self.life.to_bytes(4, "big"))
        return super().attributes(number).replace(long, ike.attribute(12, self.life))


@scenario(forbid=["life_mismatch", "mm2_badchoice"], healthy=True)
def life_written_otherwise(c):
    """Lifetimes that agree, though they look different: a responder chooses the second transform of an offer in
    which each has its own lifetime; another writes the same 28800 s in two bytes instead of four. All is
    well."""
    server = c.host("10.2.0.2")
    sa = IkeSa(c, c.host("10.1.0.2"), server, OwnLives(AES_OFFERS, 1))
    sa.main_mode()
    sa.quick_mode().run()
    c.wait(2)
    sa = IkeSa(c, c.host("10.1.0.3"), server)
    sa.mm1()
    offered, sa.suite = sa.suite, ShortLife(sa.suite.offers)
    sa.mm2()
    sa.suite = offered
    sa.main_mode(first=3)
    sa.quick_mode().run()


# What the capture, the network and other hosts do

@scenario(forbid=["ipfrag", "ipfrag_loss", "ipfrag_overlap"], healthy=True)
def ip_id_of_fragments(c):
    """The capture holds the first of two IP fragments of a datagram between the peers. Ten seconds later the
    busy sender's IP IDs have come round: MM1, in one piece, has the same one. All is well."""
    sa = IkeSa(c, *windows_pair(c))
    c.datagram(sa.initiator, sa.responder, 5000, 5000, c.rng.bytes(1652), lose=(1,))
    sa.initiator.ident -= 1
    c.wait(10)
    sa.mm1()
    sa.main_mode(first=2)
    sa.quick_mode().run()


@scenario(forbid=["pmtu", "icmp_filtered", "icmp_unreach"], healthy=True)
def icmp_about_others(c):
    """While Main Mode goes on, ICMP errors come to the initiator that are about other datagrams of the same two
    hosts, on UDP port 5000: one is too big for a router, and nobody listens for another. IKE is not
    concerned."""
    sa = IkeSa(c, *pair(c), LINUX_CERT)
    sa.main_mode(last=4)
    c.wait(0.002)
    other = c.datagram(sa.initiator, sa.responder, 5000, 5000, c.rng.bytes(1440))
    c.icmp_error(c.host("10.0.0.1"), sa.initiator, 3, 4, other, 1400, QUOTED_V4)
    c.icmp_error(sa.responder, sa.initiator, 3, 3, other, quote_length=QUOTED_V4)
    sa.mm5()
    sa.mm6()
    sa.quick_mode().run()
    esp_both_ways(sa)


@scenario(forbid=["tcpencap", "retrans", "malformed"], healthy=True)
def tcp_4500_others(c):
    """Beside a tunnel the same two hosts use TCP port 4500 for something else, without the stream prefix of
    RFC 9329: what they send begins with a length and zeros, as IKE in TCP does."""
    c.rewritable = False
    sa = v2_tunnel(c)
    esp_both_ways(sa)
    stream = tcpstream.TcpConnection(c, sa.initiator, sa.responder, 40123, 4500)
    stream.open()
    for _ in range(3):
        for sender in (sa.initiator, sa.responder):
            c.wait(0.01)
            stream.segment(sender, tcpstream.PUSH | tcpstream.ACK, v2.framed(bytes(4) + c.rng.bytes(60)))


@scenario(forbid=["init_redirect", "init_reject"], healthy=True)
def ikev2_redirected_from(c):
    """The capture begins after a gateway has redirected the client elsewhere. The client's IKE_SA_INIT to the
    second gateway names the first one (REDIRECTED_FROM) and says that it can be redirected again, which the
    second one does not do. All is well."""
    sa = Ikev2Sa(c, *pair(c))
    sa.announced[sa.initiator] += [v2.notify(v2.REDIRECT_SUPPORTED),
                                   v2.notify(v2.REDIRECTED_FROM, v2.gateway("10.2.0.9"))]
    sa.init_req()
    goes_up(sa)


@scenario(forbid=["auth_failed", "auth_small"], healthy=True)
def ikev2_forged_failure(c):
    """Somebody forges AUTHENTICATION_FAILED in clear, as an INFORMATIONAL message, for an SA that is up, where it
    has no place: liveness checks and ESP go on. All is well."""
    sa = v2_tunnel(c)
    flows = esp_flows(sa)
    sent_on(flows)
    sa.unprotected(sa.responder, v2.INFORMATIONAL, [v2.notify(v2.AUTHENTICATION_FAILED)], 2, after=3.0)
    sa.alive(sa.initiator)
    sent_on(flows)


# Fragments

@scenario(expect=["v1frag"], forbid=["qm_msgid0", "qm_clear", "mm_extra", "v1frag_bad"], healthy=True)
def qm_in_fragments(c):
    """strongSwan sends a large QM1 in IKE fragments. Each of them says Main Mode, message ID 0 and no encryption
    in its header, as all fragments of strongSwan do; the Quick Mode inside has what it needs."""
    c.rewritable = False  # what is cut short does not show that a Quick Mode is inside
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    quick = sa.quick_mode()
    data = sa.seal(ike.QUICK_MODE, sa.suite.hash_payload + 1800, msgid=quick.msgid)
    parts = [data[at:at + 1200] for at in range(0, len(data), 1200)]
    for number, part in enumerate(parts, 1):
        c.pause(None)
        piece = ike.fragment(sa.cky_i, sa.cky_r, 1, number, number == len(parts), part)
        note = Note("QM1", data, (sa.cky_i, data[20:24]), piece=number < len(parts))
        sa.deliver(sa.initiator, note, piece)
    quick.qm2()
    quick.qm3()
    esp_both_ways(sa)


def first_in_fragments(sa):
    """MM5 in IKE fragments; returns it."""
    data = sa.seal(ike.MAIN_MODE, sa.suite.sealed_i, first=ike.ID)
    sa.in_fragments(sa.initiator, "MM5", data, 1, 1280)
    return data


@scenario(expect=["v1frag", "retrans"], forbid=["v1frag_fallback", "v1frag_loss", "mm5_noresp"], healthy=True)
def v1frag_again(c):
    """MM5 goes in IKE fragments at once, and in the same ones again 4 s later, before the slow answer comes: a
    retransmission and no fallback."""
    sa = IkeSa(c, *pair(c), LINUX_CERT)
    sa.main_mode(last=4)
    data = first_in_fragments(sa)
    sa.in_fragments(sa.initiator, "MM5", data, 1, 1280, after=4.0)
    sa.mm6()
    sa.quick_mode().run()


@scenario(expect=["v1frag", "not_captured"], forbid=["v1frag_unannounced"], healthy=True)
def v1frag_half_start(c):
    """The capture lacks MM2, in which the responder announced that it knows IKE fragments; MM5 comes in two of
    them. All is well."""
    sa = IkeSa(c, *pair(c), LINUX_CERT)
    sa.mm1()
    with c.unseen_from(sa.responder):
        sa.mm2()
    sa.mm3()
    sa.mm4()
    first_in_fragments(sa)
    sa.mm6()
    sa.quick_mode().run()


@scenario(expect=["skf"], forbid=["skf_unnegotiated"], healthy=True)
def ikev2_skf_half_start(c):
    """The capture lacks the response to IKE_SA_INIT, in which the responder announced that it knows IKE
    fragments; IKE_AUTH comes in two of them. All is well."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init_req()
    with c.unseen_from(sa.responder):
        sa.init_resp()
    sa.packet_length = 1280
    sa.auth(LONG_AUTH)
    esp_both_ways(sa)
    elsewhere(c, step=1)


@scenario(expect=["ipfrag"], forbid=["limit", "malformed", "mm3_badke"], healthy=True)
def mm3_many_requests(c):
    """A Windows host trusts a hundred certificate authorities and asks for each of them in MM3, which grows to
    eight kilobytes. All is well."""
    sa = IkeSa(c, *windows_pair(c), LINUX_CERT)
    sa.main_mode(last=2)
    payloads = sa.keying(sa.initiator)
    requests = [ike.certreq_payload("US", "Example Net", f"Example Net Root CA {n}") for n in range(100)]
    sa.clear(sa.initiator, "MM3", ike.MAIN_MODE, payloads[:2] + requests + payloads[3:])
    sa.main_mode(first=4)
    sa.quick_mode().run()


# ESP

@scenario(forbid=["esp_early", "esp_noike"], healthy=True)
def esp_of_other_network(c):
    """A tunnel of two networks. The IPsec SA of the first carries its first packet ever just when the second
    Quick Mode is between QM1 and QM2: a new SPI with number 1, and nothing wrong. ESP of both flows then."""
    sa = tunnel(c)
    first = esp_flows(sa)
    c.wait(20)
    quick = sa.quick_mode()
    quick.qm1()
    first[0].send(84)
    quick.qm2()
    quick.qm3()
    sent_on(first)
    esp_both_ways(sa)


@scenario(expect=["esp_null"], forbid=["esp_frag", "ipfrag", "ipfrag_loss"], healthy=True)
def esp_prefragmented(c):
    """A gateway cuts large packets before ESP protects them: the IP fragments travel inside ESP (with the NULL
    cipher, so that they can be seen), whose own packets are whole."""
    sa = v2_tunnel(c)
    there, back = esp_flows(sa, kind=NullFlow)
    for number in range(5):
        inner = netwire.udp("10.10.1.5", 40000, "10.10.2.9", 5000, c.rng.bytes(1900))
        for packet in netwire.ip_packets("10.10.1.5", "10.10.2.9", netwire.UDP, inner, number, mtu=1420):
            there.transport(4, packet)
        answer = netwire.udp("10.10.2.9", 5000, "10.10.1.5", 40000, c.rng.bytes(30))
        back.transport(4, netwire.ipv4("10.10.2.9", "10.10.1.5", netwire.UDP, answer, number))


class LuckyFlow(EspFlow):
    """Encrypted ESP whose bytes before the ICV look like padding and next header once in ten packets."""

    def packet(self, inner_length):
        data = super().packet(inner_length)
        if self.seq % 10 != 3:
            return data
        return data[:-ike.ESP_ICV - 4] + bytes([1, 2, 2, 4]) + data[-ike.ESP_ICV:]


@scenario(forbid=["esp_null"], healthy=True)
def esp_lucky_trailer(c):
    """Encrypted ESP. Now and then a packet happens to end, before the ICV, as one without encryption would: two
    bytes of padding, their count, and IP in IP as the next header."""
    sa = v2_tunnel(c)
    sent_on(esp_flows(sa, kind=LuckyFlow), 30, 0.1)


@scenario(forbid=["esp_notencap", "natt_nofloat"], healthy=True)
def esp_capture_elsewhere(c):
    """Captured where a router has changed the initiator's address, which another router changes back: what the
    capture sees does not fit NAT detection, but both peers hash the same addresses, find no NAT and send ESP
    outside UDP. All is well."""
    c.rewritable = False  # it takes the hashes of both sides to tell
    sa = UnseenAddressSa(c, *pair(c))
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa, count=5)


# NAT traversal

class MultihomedSa(IkeSa):
    """The initiator does not know which of its addresses it sends from, and hashes two of them."""

    def natd(self, sender):
        payloads = super().natd(sender)
        if sender is not self.initiator:
            return payloads
        other = ike.natd_hash(self.suite.hash, self.cky_i, self.cky_r, "10.7.7.2", 500)
        return [payloads[0], (self.suite.natd, other), payloads[1]]


@scenario(forbid=["natd_order", "natt_detected", "natt_forced", "natd_missing"], healthy=True)
def natd_multihomed(c):
    """A host with two addresses sends three NAT-D payloads: the destination, then either of its own, of which the
    second one fits (RFC 3947 3.2). There is no NAT, and all is well."""
    sa = MultihomedSa(c, *pair(c))
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)


@scenario(forbid=["marker_on_500", "zero_cookie", "malformed"], healthy=True)
def cookie_of_zeros(c):
    """The initiator's random cookie begins with four zero bytes, which look like a non-ESP marker on UDP port
    500. They are none, and all is well."""
    sa = IkeSa(c, *pair(c), cky_i=bytes(4) + bytes.fromhex("5ca1ab1e"))
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)


# Refusals of another kind

@scenario(expect=["mm5_reject"], forbid=["ts_mismatch", "qm1_reject"])
def mm5_refused_identity(c):
    """The responder does not know the identity in MM5 and says INVALID-ID-INFORMATION in clear, each of three
    times: the notify that refuses the networks of a Quick Mode elsewhere. Other traffic follows."""
    sa = IkeSa(c, *pair(c))
    mm5 = sa.main_mode(last=5)
    for gap in (*STRONGSWAN_GAPS[:2], None):
        refuse(sa, ike.INVALID_ID_INFORMATION, c.rng.number())
        if gap:
            c.repeat(mm5, gap)
    elsewhere(c)


# Cryptography

WEAK_V1 = ("weak_3des", "weak_des", "weak_group", "weak_keylen", "weak_md5", "weak_sha1", "weak_ampsk")


@scenario(forbid=WEAK_V1, healthy=True)
def weak_offered(c):
    """An old client offers DES, 3DES, CAST with 80 bits, MD5, SHA-1 and groups 1, 2 and 5 as well; the responder
    chooses the last of its transforms, which is strong. What is only offered is not in use."""
    offers = ((ike.DES_CBC, None, ike.MD5, 1), (ike.TRIPLE_DES, None, ike.SHA1, 2),
              (ike.CAST, 80, ike.SHA1, 5), (ike.AES_CBC, 256, ike.SHA256, 14))
    sa = IkeSa(c, *pair(c), Suite(offers, 3))
    sa.main_mode()
    sa.quick_mode().run()
    esp_both_ways(sa)


WEAK_V2 = ("weak_null", "weak_des", "weak_3des", "weak_md5", "weak_sha1", "weak_group", "weak_keylen",
           "weak_ikev1")


@scenario(forbid=WEAK_V2, healthy=True)
def ikev2_weak_offered(c):
    """IKEv2: NULL, DES, 3DES, MD5, SHA-1 and groups 1, 2 and 5 are offered besides, AES-GCM is chosen, which needs
    no integrity algorithm. All is well."""
    weak = ((v2.ENCR, v2.NULL), (v2.ENCR, v2.DES), (v2.ENCR, v2.TRIPLE_DES), (v2.PRF, v2.PRF_MD5),
            (v2.PRF, v2.PRF_SHA1), (v2.INTEG, v2.MD5_96), (v2.INTEG, v2.SHA1_96))
    suite = dataclasses.replace(ladder2.AES_GCM, groups=(31, 5, 2, 1), also=weak)
    esp_both_ways(v2_tunnel(c, suite))


@scenario(forbid=["weak_ampsk"], healthy=True)
def aggressive_signed(c):
    """Aggressive Mode with certificates: AM2 holds a signature in clear where it would hold the hash of a
    pre-shared key, and no password can be guessed from it. All is well."""
    sa = IkeSa(c, *pair(c), dataclasses.replace(LINUX_CERT, certreq=False))
    aggressive_first(sa)
    aggressive_second(sa, proof=(SIGNATURE, 256))
    aggressive_third(sa)
    sa.quick_mode().run()
    esp_both_ways(sa)
