# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of IKEv2 SAs that are up: liveness, message IDs, rekeying, errors outside the SA, moving ends;
and of what carries them: IKE fragments, TCP, captures that miss something."""
import dataclasses
import itertools

import ikev2wire as v2
import ladder2
from ikev2_scenarios import repeated
from ladder import EspFlow, IkeSa, Note
from ladder2 import EMPTY, Ikev2Sa, TcpSa
from registry import scenario
from steps import STRONGSWAN_GAPS, behind_nat, elsewhere, esp_both_ways, esp_flows, pair, sent_on, v2_tunnel
from tcpstream import EncapsulatingConnection

UPDATE_ADDRESSES = 8 + 2 * 28  # UPDATE_SA_ADDRESSES and NAT detection
LONG_AUTH = 1350  # payloads of IKE_AUTH with a certificate; just fits into one packet


def checked(sa, rounds=3, gap=5.0):
    """Liveness checks of both ends in turn."""
    for _ in range(rounds):
        sa.alive(sa.initiator, gap)
        sa.alive(sa.responder, gap)


# No response

@scenario(expect=["child_noresp"])
def ikev2_child_noresp(c):
    """CREATE_CHILD_SA of an established SA is sent four times in 24.2 s and has no response, and nothing else
    comes from the peer; other traffic follows."""
    sa = v2_tunnel(c)
    asked = sa.request(sa.initiator, v2.CREATE_CHILD_SA, ladder2.CHILD, after=5.0)
    repeated(sa, asked, STRONGSWAN_GAPS[:3])
    elsewhere(c, step=1)


@scenario(expect=["dpd_fail"], forbid=["keepalive_gap"])
def ikev2_mobike_dead(c):
    """A client leaves the network behind its NAT for another one, from where it tells its new address (MOBIKE): the
    request (frame 15) is sent five times and has no answer. Nothing passes there."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.init()
    sa.float_port()
    sa.auth()
    sent_on(esp_flows(sa), 5, 0.5)
    c.nat = None
    sa.initiator.address = "192.0.2.99"
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, UPDATE_ADDRESSES, after=4)
    for gap in STRONGSWAN_GAPS:
        sa.again(asked, gap)
    elsewhere(c)


@scenario(expect=["dpd_fail"])
def ikev2_failover(c):
    """A cluster fails over and loses the message IDs of an IKE SA, while ESP goes on both ways: liveness checks of both
    sides have no answer any more (from frame 35 on). The peer is not gone."""
    sa = v2_tunnel(c)
    flows = esp_flows(sa)
    for _ in range(5):
        sa.alive(sa.initiator, after=10)
        sent_on(flows, 2, 0.5)
    c.wait(10)
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, EMPTY)
    asked_back = sa.request(sa.responder, v2.INFORMATIONAL, EMPTY, msgid=0)
    for gap in STRONGSWAN_GAPS:
        sa.again(asked, gap - 2)
        sa.again(asked_back, 1)
        sent_on(flows, 2, 0.4)
    elsewhere(c)


@scenario(expect=["info_noresp"], forbid=["dpd_fail"])
def ikev2_info_noresp(c):
    """An INFORMATIONAL request of an established SA is sent twice and has no response; other traffic
    follows."""
    sa = v2_tunnel(c)
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, ladder2.DELETE_ESP, after=5.0, first=v2.DELETE)
    repeated(sa, asked, STRONGSWAN_GAPS[:1])
    elsewhere(c, step=1)


@scenario(expect=["info_noresp"], forbid=["dpd_fail"])
def ikev2_delete_noresp(c):
    """The initiator deletes the IKE SA, and nobody answers: the Delete is sent four times in 24.2 s. That is no
    liveness check; other traffic follows."""
    sa = v2_tunnel(c)
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, ladder2.DELETE_IKE, after=5.0, first=v2.DELETE)
    repeated(sa, asked, STRONGSWAN_GAPS[:3])
    elsewhere(c, step=1)


@scenario(forbid=["dpd_fail", "info_noresp"], healthy=True)
def ikev2_liveness(c):
    """An hour of liveness checks from both sides, one every 30 s. One request of the initiator is lost behind
    the capture point, sent again after 4 s, and answered. All is well."""
    sa = v2_tunnel(c)
    checked(sa, rounds=30, gap=30.0)
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, ladder2.EMPTY, after=30.0)
    repeated(sa, asked, (4.0,))
    sa.response(asked, ladder2.EMPTY)
    checked(sa, rounds=29, gap=30.0)


# Message IDs

@scenario(expect=["v2_msgid_reuse"])
def ikev2_msgid_reuse(c):
    """Two daemons share an SA by mistake: after an INFORMATIONAL exchange with message ID 2 a different
    request has the same message ID, and no response. Message ID 3 is answered again."""
    sa = v2_tunnel(c)
    sa.alive(sa.initiator)
    sa.request(sa.initiator, v2.INFORMATIONAL, 40, after=3.0, msgid=2)
    sa.alive(sa.initiator, after=2.0)


@scenario(expect=["msgid_gap"], healthy=True)
def ikev2_msgid_gap(c):
    """Somebody stopped the capture for a while: message IDs jump from 3 to 40. Every request is answered."""
    sa = v2_tunnel(c)
    checked(sa, rounds=2)
    c.wait(360)
    sa.following[sa.initiator] = 40
    checked(sa)


@scenario(expect=["msgid_gap"], forbid=["v2_msgid_reuse", "not_captured"], healthy=True, vectors=[42])
def ikev2_msgid_sync(c):
    """The initiator is a cluster, one machine of which takes over (RFC 6311): an INFORMATIONAL exchange with
    message ID 0 although 3 was used, then message IDs go on at 200. All is well."""
    sa = v2_tunnel(c)
    checked(sa, rounds=2)
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, 8 + 12, after=7.0, msgid=0)
    sa.response(asked, 8 + 12)
    sa.following[sa.initiator] = 200
    checked(sa)


@scenario(forbid=["child_noresp"], healthy=True)
def ikev2_window(c):
    """A window of five: the initiator sends requests 2 to 6 back to back, and the responder answers them in
    another order."""
    sa = v2_tunnel(c)
    asked = [sa.request(sa.initiator, v2.CREATE_CHILD_SA, ladder2.CHILD, after=0.0003) for _ in range(5)]
    for number in (1, 0, 4, 2, 3):
        sa.response(asked[number], ladder2.CHILD)
    esp_both_ways(sa)


@scenario(forbid=["v2_msgid_reuse", "msgid_gap"], healthy=True, vectors=[37])
def ikev2_both_ways(c):
    """After the IKE SA was rekeyed both ends send their requests 0 and 1 at the same time: the same message
    IDs, of two spaces."""
    old = v2_tunnel(c)
    sa = old.rekeyed(old.initiator, after=60.0)
    old.delete(old.initiator)
    c.wait(20)
    for _ in range(2):
        crossing(sa)
        c.wait(10)


def crossing(sa):
    """A request of either end before any response."""
    asked = [sa.request(host, v2.INFORMATIONAL, ladder2.EMPTY, after=0.0004)
             for host in (sa.initiator, sa.responder)]
    for note in asked:
        sa.response(note, ladder2.EMPTY)


# Rekeying, and two of a kind

@scenario(forbid=["redundant_sa", "joined"], healthy=True, vectors=[41])
def ikev2_rekey_responder(c):
    """The responder rekeys the IKE SA, is the initiator of the new one, and deletes the old one at once.
    Liveness checks of both ends go on for 80 s on the new one; ESP does not change."""
    old = v2_tunnel(c)
    flows = esp_flows(old)
    sent_on(flows)
    new = old.rekeyed(old.responder, after=30.0)
    old.delete(old.responder)
    checked(new, rounds=5, gap=8.0)
    sent_on(flows)


@scenario(expect=["redundant_sa"], healthy=True)
def ikev2_redundant(c):
    """The initiator negotiates a second IKE SA without need and keeps both: liveness checks on either go on
    for 90 s."""
    one, other = pair(c)
    first, second = Ikev2Sa(c, one, other), Ikev2Sa(c, one, other)
    first.establish()
    c.wait(1)
    second.establish()
    for _ in range(9):
        first.alive(one, after=5.0)
        second.alive(one, after=5.0)


# Errors outside any SA

@scenario(expect=["cookie_invalid"], vectors=[44])
def ikev2_unknown_spi(c):
    """A peer that restarted answers a request in clear: INVALID_IKE_SPI. Of the SA that it speaks of, the
    capture holds no other message; other traffic follows."""
    sa = Ikev2Sa(c, *pair(c))
    sa.unprotected(sa.responder, v2.INFORMATIONAL, [v2.notify(v2.INVALID_IKE_SPI)], 7)
    elsewhere(c, step=1)


@scenario(expect=["cookie_invalid"], forbid=["spi_invalid"], healthy=True)
def ikev2_stray_error(c):
    """Somebody forges INVALID_IKE_SPI in clear for an SA that is up: nobody cares, liveness checks and ESP go
    on."""
    sa = v2_tunnel(c)
    sa.alive(sa.initiator)
    flows = esp_flows(sa)
    sent_on(flows)
    sa.unprotected(sa.responder, v2.INFORMATIONAL, [v2.notify(v2.INVALID_IKE_SPI)], 2, after=3.0)
    checked(sa)
    sent_on(flows)


@scenario(expect=["spi_invalid"], forbid=["info_noresp", "zero_cookie", "cookie_invalid"])
def ikev2_invalid_spi(c):
    """A peer that rebooted gets ESP of an SA that it does not know. It answers two packets with INVALID_SPI
    in an INFORMATIONAL message in clear: a request of an initiator, with random SPIs; other traffic
    follows."""
    one, other = pair(c)
    flow = EspFlow(c, one, other)
    for _ in range(2):
        flow.send(84, 1.0)
        nowhere = Ikev2Sa(c, other, one)
        spi = flow.spi.to_bytes(4, "big")
        nowhere.unprotected(other, v2.INFORMATIONAL, [v2.notify(v2.INVALID_SPI, spi)], 0, response=False)
    elsewhere(c, step=1)


# Ends that move, or are not seen

@scenario(expect=["nat_addrchg"], forbid=["esp_noike", "natt_forced"], healthy=True, vectors=[45])
def ikev2_mobike(c):
    """A client changes the network (MOBIKE, RFC 4555): an INFORMATIONAL request of the same SA comes from
    another address and is answered there; liveness checks and ESP go on."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    sa.port = 4500
    sa.auth()
    flows = esp_flows(sa)
    sent_on(flows)
    checked(sa, rounds=1)
    sa.initiator.address = "10.3.0.2"
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, 8 + 2 * 28, after=4.0)
    sa.response(asked, 2 * 28)
    sent_on(flows)
    checked(sa)


@scenario(expect=["joined"], healthy=True)
def ikev2_mid_capture(c):
    """The capture begins with IKE_AUTH (frame 1), then ESP flows and liveness checks are answered. What came before
    is not known, but nothing is wrong."""
    sa = Ikev2Sa(c, *pair(c))
    with c.unseen_from(sa.initiator, sa.responder):
        sa.init()
    sa.auth()
    esp_both_ways(sa)
    checked(sa)


@scenario(expect=["oneway_capture"], healthy=True)
def ikev2_one_way(c):
    """Only what the initiator sends is captured: IKE_SA_INIT, IKE_AUTH, ESP for 8 s, a liveness check and
    CREATE_CHILD_SA."""
    one, other = pair(c)
    c.unseen = (other,)
    sa = Ikev2Sa(c, one, other)
    sa.establish()
    esp_both_ways(sa, count=8, gap=0.5)
    sa.alive(one)
    sa.child(one, after=2.0)
    c.background(10)


# Weak cryptography

@scenario(expect=["weak_null"])
def ikev2_weak_null(c):
    """ENCR_NULL is offered and chosen (frame 2): the tunnel comes up, and messages of IKE are authenticated but not
    encrypted."""
    v2_tunnel(c, v2.Suite(encr=v2.NULL, key_bits=None))


@scenario(expect=["weak_des", "weak_md5", "weak_group"])
def ikev2_weak_des(c):
    """DES, MD5 and group 1 are offered and chosen (frame 2). The tunnel comes up; each of the three has a warning."""
    v2_tunnel(c, v2.Suite(encr=v2.DES, key_bits=None, prf=v2.PRF_MD5, integ=v2.MD5_96, groups=(1,)))


# IKE fragments

def with_long_auth(c, packet_length=None):
    """IKE_SA_INIT done, and a length from which IKE_AUTH is fragmented."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    sa.packet_length = packet_length
    return sa


@scenario(expect=["skf"], forbid=["v2_msgid_reuse", "skf_bad"], healthy=True, vectors=[38, 39])
def ikev2_skf_pmtu(c):
    """The initiator looks for the MTU of the path: IKE_AUTH first whole, after 2 s in two IKE fragments,
    after 4 s in three, always with message ID 1. The last arrives and is answered."""
    sa = with_long_auth(c)
    asked = sa.auth_req(LONG_AUTH)
    for packet_length, gap in ((1280, 2.0), (700, 4.0)):
        sa.packet_length = packet_length
        sa.again(asked, gap)
    sa.response(asked, ladder2.AUTH_RESPONSE)
    esp_both_ways(sa)


@scenario(expect=["skf_loss", "auth_noresp"], forbid=["skf"], vectors=[40])
def ikev2_skf_loss(c):
    """IKE_AUTH in three IKE fragments, the second of which is never captured: sent four times in 24.2 s, no
    response; other traffic follows."""
    sa = with_long_auth(c, 700)
    asked = sa.ask(sa.initiator, v2.IKE_AUTH, LONG_AUTH)
    for gap in (0.01, *STRONGSWAN_GAPS[:3]):
        sa.again(asked, gap, lose=(2,))
    elsewhere(c, step=1)


@scenario(expect=["skf_unnegotiated"])
def ikev2_skf_unnegotiated(c):
    """The responder did not say that it knows IKE fragments, yet IKE_AUTH comes in two; it is answered, and
    ESP flows."""
    sa = Ikev2Sa(c, *pair(c))
    sa.announced[sa.responder] = []
    sa.init()
    sa.packet_length = 1280
    sa.auth(LONG_AUTH)
    esp_both_ways(sa)


@scenario(expect=["skf_bad"])
def ikev2_skf_bad(c):
    """Before the two IKE fragments of IKE_AUTH come two that cannot be: number 0 of 2, and number 3 of 2. The
    good ones are answered."""
    sa = with_long_auth(c, 1280)
    asked = sa.ask(sa.initiator, v2.IKE_AUTH, LONG_AUTH)
    for number in (0, 3):
        bad = v2.fragment(c.rng, sa.suite, asked.data, number, 2, 500)
        c.wait(0.01)
        sa.deliver(sa.initiator, Note(asked.label, bad, piece=True, fragment=True))
    sa.again(asked, 0.01)
    sa.response(asked, ladder2.AUTH_RESPONSE)
    esp_both_ways(sa)


# TCP

def tcp_connection(c, one, other, port, prefix_alone=True):
    """A connection to TCP port 4500; TCP does not survive what the tests rewrite."""
    c.rewritable = False
    stream = EncapsulatingConnection(c, one, other, port, 4500)
    stream.open(prefix_alone=prefix_alone)
    return stream


@scenario(expect=["tcpencap"], forbid=["retrans", "trailing"], healthy=True, vectors=[46])
def ikev2_tcp(c):
    """IKE and ESP in TCP (RFC 9329). The IKE_AUTH request takes three segments, the first of which ends
    inside the length field; the second is sent twice. Later two requests share a segment, and a response
    shares one with ESP."""
    one, other = pair(c)
    stream = tcp_connection(c, one, other, 40123)
    sa = TcpSa(c, stream)
    sa.init()
    torn_auth(c, sa)
    up, down = esp_flows(sa)
    esp_in_stream(c, stream, up, down)
    c.wait(5)
    asked = [sa.ask(one, v2.CREATE_CHILD_SA, ladder2.CHILD), sa.ask(one, v2.INFORMATIONAL, ladder2.EMPTY)]
    stream.together(one, asked)
    sa.response(asked[0], ladder2.CHILD)
    c.pause(None)
    stream.esp(down, 84, behind=sa.answer(asked[1], ladder2.EMPTY))
    esp_in_stream(c, stream, up, down)
    checked(sa)


def torn_auth(c, sa):
    """IKE_AUTH, whose request is in three segments, one of them twice."""
    asked = sa.ask(sa.initiator, v2.IKE_AUTH, ladder2.AUTH_REQUEST)
    c.pause(None)
    segments = sa.stream.message(sa.initiator, asked, cuts=(1, 120))
    c.wait(0.2)
    sa.stream.transmit(segments[1], dataclasses.replace(asked, piece=True))
    sa.response(asked, ladder2.AUTH_RESPONSE)


def esp_in_stream(c, stream, *flows):
    """Three packets of each flow."""
    for flow in flows * 3:
        c.wait(0.02)
        stream.esp(flow, 84)


@scenario(expect=["tcpencap"], healthy=True, vectors=[46])
def ikev2_tcp_reconnect(c):
    """A TCP connection with IKE dies in silence: an INFORMATIONAL request has no response. 8 s later the
    originator makes another connection and sends the same request there, in one segment with the stream
    prefix, and it is answered."""
    one, other = pair(c)
    sa = TcpSa(c, tcp_connection(c, one, other, 40123))
    sa.establish()
    checked(sa, rounds=1)
    asked = sa.request(one, v2.INFORMATIONAL, ladder2.EMPTY, after=5.0)
    c.wait(8)
    sa.stream = tcp_connection(c, one, other, 40124, prefix_alone=False)
    sa.again(asked, 0.01)
    sa.response(asked, ladder2.EMPTY)
    checked(sa)


# Everything at once

@scenario(healthy=True)
def ikev2_mixed(c):
    """Two IKEv1 and three IKEv2 negotiations of several hosts at the same time, one of them over IPv6. The
    clock of the capturing host is set back now and then: time stamps run backwards in places."""
    c.rewritable = False
    server = c.host("10.2.0.2")
    stories = [old_story(IkeSa(c, c.host("10.1.0.2"), server)),
               new_story(Ikev2Sa(c, c.host("10.1.0.3"), server)),
               new_story(Ikev2Sa(c, server, c.host("10.1.0.4"), ladder2.AES_GCM)),
               old_story(IkeSa(c, c.host("10.1.0.5"), c.host("10.2.0.5"))),
               new_story(Ikev2Sa(c, c.host("2001:db8:1::2"), c.host("2001:db8:2::2")))]
    for number, _ in enumerate(itertools.zip_longest(*stories)):
        if number in (2, 5, 8):
            c.set_clock_back(0.4)


def old_story(sa):
    """Main Mode and Quick Mode, one message after the other."""
    quick = sa.quick_mode()
    for step in (lambda: sa.mm1(after=None), sa.mm2, sa.mm3, sa.mm4, sa.mm5, sa.mm6, quick.qm1, quick.qm2,
                 quick.qm3):
        yield step()


def new_story(sa):
    """IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA of the initiator and INFORMATIONAL of the responder."""
    yield sa.init_req(after=None)
    yield sa.init_resp()
    for sender, exchange, asked, answered in (
            (sa.initiator, v2.IKE_AUTH, ladder2.AUTH_REQUEST, ladder2.AUTH_RESPONSE),
            (sa.initiator, v2.CREATE_CHILD_SA, ladder2.CHILD, ladder2.CHILD),
            (sa.responder, v2.INFORMATIONAL, ladder2.EMPTY, ladder2.EMPTY)):
        request = sa.request(sender, exchange, asked)
        yield request
        yield sa.response(request, answered)
