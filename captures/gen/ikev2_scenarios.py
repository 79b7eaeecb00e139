# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of IKEv2 negotiations: IKE_SA_INIT and its retries, the two versions, resumption, IKE_AUTH and
EAP, IKE_INTERMEDIATE."""
import ikev2wire as v2
import ladder2
from ladder import IkeSa, Nat
from ladder2 import Ikev2Sa
from registry import scenario
from steps import STRONGSWAN_GAPS, behind_nat, elsewhere, esp_both_ways, no_version_1, pair

TWO_GROUPS = v2.Suite(groups=(14, 19))
GROUP_19, GROUP_20 = bytes([0, 19]), bytes([0, 20])


def goes_up(sa):
    """The response to IKE_SA_INIT, IKE_AUTH and ESP."""
    sa.init_resp()
    sa.auth()
    esp_both_ways(sa)


def repeated(sa, note, gaps):
    """The same message again after each of these times."""
    for gap in gaps:
        sa.again(note, gap)


# IKE_SA_INIT

@scenario(expect=["init_cookie", "init_ke"], healthy=True, vectors=[31, 34],
          forbid=["v2_msgid_reuse", "init_ke_loop", "init_cookie_loop", "init_reject", "init_noprop"])
def ikev2_cookie_ke(c):
    """The responder first asks for a cookie, then for group 19 instead of 14; the third IKE_SA_INIT request
    has both, and all is well. All three requests have message ID 0."""
    sa = Ikev2Sa(c, *pair(c), TWO_GROUPS)
    sa.init_req()
    cookie = sa.cookie()
    sa.init_req(after=None, cookie=cookie)
    sa.init_error(v2.INVALID_KE_PAYLOAD, GROUP_19)
    sa.init_req(after=None, cookie=cookie, group=19)
    goes_up(sa)


@scenario(expect=["init_ke_loop"], forbid=["init_cookie", "sibling"], vectors=[32])
def ikev2_ke_loop(c):
    """The responder wants group 20, which is not in the offer, and the initiator tries group 19 instead of
    14, to be asked for 20 again. Both refusals have an SPI of the responder, as some send it; other traffic
    follows."""
    sa = Ikev2Sa(c, *pair(c), TWO_GROUPS)
    sa.init_req()
    sa.init_error(v2.INVALID_KE_PAYLOAD, GROUP_20, spi_r=c.rng.bytes(8))
    sa.init_req(after=None, group=19)
    sa.init_error(v2.INVALID_KE_PAYLOAD, GROUP_20, spi_r=c.rng.bytes(8))
    elsewhere(c, step=1)


@scenario(expect=["init_cookie_loop"], forbid=["init_ke"], vectors=[33])
def ikev2_cookie_loop(c):
    """The cookie holds the source port, and a NAT gives each IKE_SA_INIT request another one: three requests,
    three cookies, no end; other traffic follows."""
    sa = Ikev2Sa(c, *behind_nat(c))
    cookie = None
    for number in range(3):
        sa.mapped = {500: 1024 + number}
        sa.init_req(after=None, cookie=cookie)
        cookie = sa.cookie()
    elsewhere(c, step=1)


@scenario(expect=["init_redirect"], healthy=True)
def ikev2_redirect(c):
    """A gateway redirects the client to another one by its address (RFC 5685). The IKE_SA_INIT there says
    where the client comes from, and all is well."""
    client, first, second = c.host("10.1.0.2"), c.host("10.2.0.2"), c.host("10.2.0.3")
    sa = Ikev2Sa(c, client, first)
    sa.announced[client].append(v2.notify(v2.REDIRECT_SUPPORTED))
    sa.init_req()
    sa.init_error(v2.REDIRECT, v2.gateway(second.address) + sa.nonce)
    sa = Ikev2Sa(c, client, second)
    sa.announced[client].append(v2.notify(v2.REDIRECTED_FROM, v2.gateway(first.address)))
    sa.init_req(after=None)
    goes_up(sa)


@scenario(expect=["init_reject"], forbid=["init_noprop", "mm_version"])
def ikev2_init_reject(c):
    """The responder answers IKE_SA_INIT with INVALID_SYNTAX in clear (frame 2); other traffic follows."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init_req()
    sa.init_error(v2.INVALID_SYNTAX)
    elsewhere(c, step=1)


@scenario(expect=["init_noreply"])
def ikev2_init_noreply(c):
    """Captured at the responder: it answers IKE_SA_INIT, but the response never reaches the initiator. The
    request comes again after 4, 7.2 and 13 s, and each copy is answered; other traffic follows."""
    sa = Ikev2Sa(c, *pair(c))
    asked = sa.init_req()
    answered = sa.init_resp()
    for gap in STRONGSWAN_GAPS[:3]:
        sa.again(asked, gap)
        sa.again(answered, 0.0006, response=True)
    elsewhere(c, step=1)


@scenario(expect=["sibling"], forbid=["init_noreply"], healthy=True)
def ikev2_two_responders(c):
    """Two machines behind one address both answer IKE_SA_INIT, each with its own SPI; the initiator goes on
    with the second, and all is well."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init_req()
    sa.init_resp()
    sa.spi_r = c.rng.bytes(8)
    goes_up(sa)


@scenario(expect=["simul"], healthy=True)
def ikev2_simul(c):
    """Both ends start IKE_SA_INIT within 10 ms: two IKE SAs with opposite roles, both of which come up. The
    second is deleted 8 s later."""
    one, other = pair(c)
    first, second = Ikev2Sa(c, one, other), Ikev2Sa(c, other, one)
    first.init_req()
    second.init_req(after=0.006)
    first.init_resp()
    second.init_resp()
    asked = first.auth_req(), second.auth_req()
    first.response(asked[0], ladder2.AUTH_RESPONSE)
    second.response(asked[1], ladder2.AUTH_RESPONSE)
    esp_both_ways(first)
    second.delete(one, after=8.0)


@scenario(forbid=["sibling"], healthy=True)
def ikev2_nat_same_spi(c):
    """Two clients behind one NAT happen to choose the same SPI and negotiate at the same time. Their ports
    and the responder's SPIs tell them apart, and both come up."""
    server, sides = c.host("198.51.100.20"), []
    spi_i = c.rng.bytes(8)
    for number, address in enumerate(("192.168.1.10", "192.168.1.11")):
        client = c.host(address)
        sa = Ikev2Sa(c, client, server, spi_i=spi_i)
        sa.mapped = {500: 21001 + number, 4500: 61001 + number}
        sides.append((Nat(client, "203.0.113.5"), sa))
    asked = {}
    for step in (lambda sa: sa.init_req(after=None), lambda sa: sa.init_resp(),
                 lambda sa: asked.update({sa: sa.auth_req()}),
                 lambda sa: sa.response(asked[sa], ladder2.AUTH_RESPONSE)):
        for c.nat, sa in sides:
            step(sa)


@scenario(expect=["halfopen_flood"])
def ikev2_halfopen_flood(c):
    """60 IKE_SA_INIT requests from 60 addresses within 3 s get no response: a flood, told once."""
    server = c.host("198.51.100.20")
    for number in range(60):
        Ikev2Sa(c, c.host(f"203.0.113.{number + 1}"), server).init_req()
        c.wait(0.05)
    c.background(10)


@scenario(forbid=["halfopen_flood"], healthy=True)
def ikev2_port_500_only(c):
    """After an outage 24 clients return within 5 s. The capture filter is "udp port 500", so it holds
    IKE_SA_INIT of each; with MOBIKE they go on on UDP 4500 without a NAT as well."""
    server = c.host("198.51.100.20")
    for number in range(24):
        sa = Ikev2Sa(c, c.host(f"203.0.113.{number + 1}"), server)
        sa.init_req()
        sa.init_resp()
        c.wait(0.15)
    c.background(30, step=3)


# Two versions

@scenario(expect=["mm_version"], forbid=["weak_ikev1"])
def ikev2_version_v1_peer(c):
    """The peer speaks IKEv1 only: each of three copies of the IKE_SA_INIT request is answered by an IKEv1
    Informational with INVALID-MAJOR-VERSION; other traffic follows."""
    sa = Ikev2Sa(c, *pair(c))
    answerer = IkeSa(c, sa.initiator, sa.responder, cky_i=sa.spi_i)
    asked = sa.init_req()
    no_version_1(answerer)
    for gap in STRONGSWAN_GAPS[:2]:
        sa.again(asked, gap)
        no_version_1(answerer)
    elsewhere(c, step=1)


@scenario(expect=["mm_version"], forbid=["mm1_reject", "zero_cookie"])
def ikev2_version_v2_peer(c):
    """The peer speaks IKEv2 only: each of three copies of MM1 is answered by an INFORMATIONAL response in
    clear with INVALID_MAJOR_VERSION; other traffic follows."""
    sa = IkeSa(c, *pair(c))
    sent = sa.mm1()
    answerer = Ikev2Sa(c, sa.initiator, sa.responder, spi_i=sa.cky_i)
    answerer.spi_r = ladder2.NO_SPI
    for gap in (*STRONGSWAN_GAPS[:2], None):
        answerer.unprotected(sa.responder, v2.INFORMATIONAL, [v2.notify(v2.INVALID_MAJOR_VERSION)], 0)
        if gap:
            c.repeat(sent, gap)
    elsewhere(c, step=1)


@scenario(expect=["superseded"], healthy=True)
def ikev2_init_noresp_then_v1(c):
    """The peer drops IKEv2: two IKE_SA_INIT requests have no response. The initiator falls back to IKEv1,
    whose Main Mode and Quick Mode succeed 2 s later; other traffic follows."""
    one, other = pair(c)
    sa = Ikev2Sa(c, one, other)
    repeated(sa, sa.init_req(), (1.0,))
    old = IkeSa(c, one, other)
    old.mm1(after=2.0)
    quick = old.quick_mode()
    old.main_mode(first=2)
    quick.run()
    esp_both_ways(old)
    elsewhere(c, step=1)


# Resumption

@scenario(healthy=True)
def ikev2_resume(c):
    """A session is resumed (RFC 5723): IKE_SESSION_RESUME with a ticket takes the place of IKE_SA_INIT (frames 1 and
    2), then come IKE_AUTH with message ID 1 and ESP. All is well."""
    sa = Ikev2Sa(c, *pair(c))
    sa.resume_req()
    sa.resume_resp()
    sa.auth()
    esp_both_ways(sa)


@scenario(expect=["resume_nack"], healthy=True)
def ikev2_resume_nack(c):
    """The gateway does not accept the ticket: TICKET_NACK. The client starts anew with IKE_SA_INIT and
    another SPI, and all is well."""
    one, other = pair(c)
    sa = Ikev2Sa(c, one, other)
    sa.resume_req()
    sa.init_error(v2.TICKET_NACK, exchange=v2.IKE_SESSION_RESUME)
    sa = Ikev2Sa(c, one, other)
    sa.init_req(after=None)
    goes_up(sa)


@scenario(expect=["resume_noresp"])
def ikev2_resume_noresp(c):
    """IKE_SESSION_RESUME is sent four times in 24.2 s and has no response; other traffic follows."""
    sa = Ikev2Sa(c, *pair(c))
    repeated(sa, sa.resume_req(), STRONGSWAN_GAPS[:3])
    elsewhere(c, step=1)


# IKE_AUTH

@scenario(expect=["auth_noresp"])
def ikev2_auth_noresp(c):
    """Behind a NAT. IKE_SA_INIT succeeds on UDP 500; IKE_AUTH, small enough for one packet, is sent five
    times in 47.5 s on UDP 4500 and has no response; other traffic follows."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.init()
    repeated(sa, sa.auth_req(), STRONGSWAN_GAPS)
    elsewhere(c, step=1)


@scenario(forbid=["auth_small"], healthy=True, vectors=[36])
def ikev2_auth_small_alive(c):
    """The IKE_AUTH response is as short as an error notify would be. It is none: an INFORMATIONAL exchange
    follows, and ESP flows in both directions."""
    sa = Ikev2Sa(c, *pair(c), ladder2.AES_SHA1)
    sa.init()
    sa.auth(answered=ladder2.NOTIFY)
    sa.alive(sa.initiator, after=0.5)
    esp_both_ways(sa)


@scenario(expect=["auth_failed"])
def ikev2_auth_failed(c):
    """The responder cannot decrypt IKE_AUTH and answers in clear: AUTHENTICATION_FAILED in exchange 35,
    without SK payload; other traffic follows."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    sa.auth_req()
    sa.unprotected(sa.responder, v2.IKE_AUTH, [v2.notify(v2.AUTHENTICATION_FAILED)], 1)
    elsewhere(c, step=1)


# Payloads of request and response in the rounds after the first
EAP_ROUNDS = ((60, 60), (8, 40), (100, 60), (12, 40), (40, 12), (12, 8))


def eap(c, rounds):
    """IKE_SA_INIT, IKE_AUTH with the gateway's certificate, and some rounds more."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    sa.auth(140, 1100)
    for asked, answered in EAP_ROUNDS[:rounds - 1]:
        sa.eap_round(asked, answered)
    return sa


@scenario(forbid=["auth_small", "eap_fail"], healthy=True, vectors=[35])
def ikev2_eap_7_rounds(c):
    """EAP in seven rounds of IKE_AUTH, with small responses on the way and an EAP-Success in the last; the
    eighth IKE_AUTH proves the rest, and ESP flows."""
    sa = eap(c, 7)
    sa.auth(44, 150)
    esp_both_ways(sa)


@scenario(expect=["eap_fail"], forbid=["auth_small"])
def ikev2_eap_fail(c):
    """The fourth IKE_AUTH response has the size of an EAP-Failure, and nothing follows but other traffic."""
    sa = eap(c, 3)
    sa.eap_round(60, ladder2.NOTIFY)
    elsewhere(c, step=1)


@scenario(expect=["eap_fail"], forbid=["auth_small"])
def ikev2_eap_fail_info(c):
    """The client does not like what the fourth round says: it sends an INFORMATIONAL request at once, which
    is answered, and nothing follows but other traffic."""
    sa = eap(c, 4)
    sa.delete(sa.initiator, after=0.008)
    elsewhere(c, step=1)


@scenario(healthy=True)
def ikev2_eap_pending(c):
    """The fourth IKE_AUTH response has the size of an EAP-Success or of an EAP-Failure; 0.1 s later the
    capture ends: nothing can be said yet."""
    c.rewritable = False  # more can be said when other packets follow
    sa = eap(c, 3)
    sa.eap_round(60, ladder2.NOTIFY)
    c.wait(0.1)
    c.dns(c.host("10.99.0.10"), c.host("10.99.0.53"), 0x3000)


# Multiple authentication (RFC 4739)

def two_authentications(c):
    """IKE_SA_INIT and the first IKE_AUTH, with certificates; the request says that another one follows."""
    sa = Ikev2Sa(c, *pair(c))
    sa.announced[sa.responder].append(v2.notify(v2.MULTIPLE_AUTH_SUPPORTED))
    sa.init()
    sa.auth(1200, 900)
    return sa


@scenario(forbid=["auth_small", "eap_fail"], healthy=True)
def ikev2_multiple_auth(c):
    """RFC 4739: certificates in the first IKE_AUTH, then the user's identity and three rounds of EAP, and
    AUTH of the last round proves both. ESP flows."""
    sa = two_authentications(c)
    sa.auth(20, 12)
    for asked, answered in EAP_ROUNDS[1:3]:
        sa.eap_round(asked, answered)
    sa.auth(44, 150)
    esp_both_ways(sa)


@scenario(expect=["auth_small"], forbid=["eap_fail"])
def ikev2_multiple_auth_failed(c):
    """RFC 4739: the certificates of the first IKE_AUTH are accepted, the second authentication, of the user by
    a pre-shared key, is refused by a notify; other traffic follows."""
    sa = two_authentications(c)
    sa.response(sa.auth_req(60), ladder2.NOTIFY, first=v2.NOTIFY)
    elsewhere(c, step=1)


# IKE_INTERMEDIATE

def hybrid(*mlkem):
    """Curve25519, and ML-KEM as additional key exchanges."""
    return v2.Suite(encr=v2.AES_GCM_16, key_bits=256, integ=None, groups=(31,),
                    addke=tuple(zip((v2.ADDKE1, v2.ADDKE2), mlkem)))


def hybrid_sa(c, suite):
    """Both sides know IKE_INTERMEDIATE, and make IKE fragments of what exceeds 1100 bytes."""
    sa = Ikev2Sa(c, *pair(c), suite)
    for payloads in sa.announced.values():
        payloads.append(v2.notify(v2.INTERMEDIATE_EXCHANGE_SUPPORTED))
    sa.packet_length = 1100
    return sa


def key_exchanges(sa, exchange, extra=0):
    """One exchange per additional key exchange; extra bytes beside the KE payload."""
    for _, mlkem in sa.suite.addke:
        asked, answered = (8 + length + extra for length in v2.MLKEM_LENGTH[mlkem])
        sa.exchange(sa.initiator, exchange, asked, answered)


@scenario(expect=["skf"], healthy=True, vectors=[43])
def ikev2_intermediate(c):
    """A hybrid key exchange (RFC 9370): ML-KEM-768 and ML-KEM-1024 in two IKE_INTERMEDIATE exchanges, whose
    messages need IKE fragments, then IKE_AUTH with message ID 3 and ESP. A minute later CREATE_CHILD_SA is
    followed by two IKE_FOLLOWUP_KE exchanges."""
    sa = hybrid_sa(c, hybrid(v2.MLKEM_768, v2.MLKEM_1024))
    sa.init()
    key_exchanges(sa, v2.IKE_INTERMEDIATE)
    sa.auth()
    esp_both_ways(sa)
    sa.child(sa.initiator, after=60.0)
    key_exchanges(sa, v2.IKE_FOLLOWUP_KE, extra=16)
    esp_both_ways(sa)


@scenario(expect=["int_noresp"])
def ikev2_int_noresp(c):
    """ML-KEM-512 in IKE_INTERMEDIATE: the request is sent four times in 24.2 s and has no response; other
    traffic follows."""
    sa = hybrid_sa(c, hybrid(v2.MLKEM_512))
    sa.init()
    asked = sa.request(sa.initiator, v2.IKE_INTERMEDIATE, 8 + v2.MLKEM_LENGTH[v2.MLKEM_512][0])
    repeated(sa, asked, STRONGSWAN_GAPS[:3])
    elsewhere(c, step=1)
