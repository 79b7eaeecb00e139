# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of IKEv2 SAs that end with IKE_AUTH or right after it, and of responses that never arrive."""
import ikev2wire as v2
from ladder2 import AUTH_RESPONSE, EMPTY, NOTIFY, Ikev2Sa
from registry import scenario
from steps import STRONGSWAN_GAPS, behind_nat, elsewhere, esp_flows, pair, sent_on, v2_tunnel

NO_CHILD = 12 + 40 + 8  # payloads of a response to IKE_AUTH: identity, proof and a notify
WITH_CERTIFICATES = 2000


def asked_in_vain(sa, asked, answered, gaps=STRONGSWAN_GAPS):
    """The request again and again, and its response each time."""
    for gap in gaps:
        sa.again(asked, gap)
        sa.again(answered, 0.001, response=True)


def goodbye(sa, sender, first, after):
    """The SA is ended by a delete or a notify, which the other side confirms."""
    return sa.response(sa.request(sender, v2.INFORMATIONAL, NOTIFY, after, first=first), EMPTY)


# Responses that never arrive

@scenario(expect=["auth_ignored"], forbid=["auth_noresp", "auth_delete"])
def ikev2_auth_response_lost(c):
    """Captured at the responder: the initiator is behind a NAT, and UDP 4500 is blocked on the way to it. IKE_AUTH
    comes five times, and each time the response goes out in vain; other traffic follows."""
    sa = Ikev2Sa(c, *behind_nat(c))
    sa.init()
    asked = sa.auth_req()
    asked_in_vain(sa, asked, sa.response(asked, AUTH_RESPONSE))
    elsewhere(c)


@scenario(expect=["auth_ignored"], forbid=["auth_noresp"])
def ikev2_auth_response_lost_ipfrag(c):
    """Captured at the responder: both IKE_AUTH messages have certificates and travel in IP fragments. Those of the
    response are dropped behind the capture point, so that the request comes five times; other traffic follows."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    asked = sa.auth_req(WITH_CERTIFICATES)
    asked_in_vain(sa, asked, sa.response(asked, WITH_CERTIFICATES))
    elsewhere(c)


@scenario(expect=["superseded"], forbid=["auth_ignored"])
def ikev2_auth_response_lost_once(c):
    """The same, but after five copies the initiator gives up, begins anew, and comes up with a smaller certificate.
    ESP flows, and a liveness check is answered."""
    client, server = pair(c)
    sa = Ikev2Sa(c, client, server)
    sa.init()
    asked = sa.auth_req(WITH_CERTIFICATES)
    asked_in_vain(sa, asked, sa.response(asked, WITH_CERTIFICATES))
    c.wait(2)
    sa = Ikev2Sa(c, client, server)
    sa.establish()
    sent_on(esp_flows(sa))
    sa.alive(client)
    elsewhere(c)


@scenario(forbid=["auth_ignored"], healthy=True)
def ikev2_auth_response_late(c):
    """Captured at the responder on a bad path: IKE_AUTH comes four times, and the fourth response arrives: ESP flows,
    and a liveness check is answered. All is well."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    asked = sa.auth_req()
    asked_in_vain(sa, asked, sa.response(asked, AUTH_RESPONSE), STRONGSWAN_GAPS[:3])
    sent_on(esp_flows(sa))
    sa.alive(sa.initiator)
    elsewhere(c)


@scenario(expect=["resp_ignored"], forbid=["dpd_fail"])
def ikev2_liveness_response_lost(c):
    """Captured at the responder of a tunnel in use: its answers to the initiator's liveness check do not arrive, so
    that the check comes five times; other traffic follows."""
    sa = v2_tunnel(c)
    sent_on(esp_flows(sa))
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, EMPTY, 30.0)
    asked_in_vain(sa, asked, sa.response(asked, EMPTY))
    elsewhere(c)


@scenario(forbid=["resp_ignored", "dpd_fail"], healthy=True)
def ikev2_liveness_response_late(c):
    """The same on a bad path: the fourth answer arrives, and the next check is answered at once. All is well."""
    sa = v2_tunnel(c)
    sent_on(esp_flows(sa))
    asked = sa.request(sa.initiator, v2.INFORMATIONAL, EMPTY, 30.0)
    asked_in_vain(sa, asked, sa.response(asked, EMPTY), STRONGSWAN_GAPS[:3])
    sa.alive(sa.initiator, 30.0)
    elsewhere(c)


# SAs that end right after IKE_AUTH

@scenario(expect=["auth_delete"], forbid=["auth_small"])
def ikev2_auth_refused_by_initiator(c):
    """The initiator does not accept the responder: right after IKE_AUTH it says so in an INFORMATIONAL with a notify,
    and begins again 30 s later. Three attempts, all the same; other traffic follows."""
    client, server = pair(c)
    for _ in range(3):
        sa = Ikev2Sa(c, client, server)
        sa.establish()
        goodbye(sa, client, v2.NOTIFY, 0.005)
        c.wait(30.0)
    elsewhere(c)


@scenario(expect=["auth_delete"])
def ikev2_auth_without_child(c):
    """The responder refuses the Child SA in its response to IKE_AUTH, which is too small for one. The initiator has no
    use for the IKE SA alone, deletes it at once, and begins again. Three attempts; other traffic follows."""
    client, server = pair(c)
    for _ in range(3):
        sa = Ikev2Sa(c, client, server)
        sa.init()
        sa.auth(answered=NO_CHILD)
        sa.delete(client, after=0.003)
        c.wait(15.0)
    elsewhere(c)


@scenario(expect=["auth_delete"])
def ikev2_auth_deleted_by_responder(c):
    """The responder deletes the IKE SA right after its response to IKE_AUTH; other traffic follows."""
    sa = v2_tunnel(c)
    sa.delete(sa.responder, after=0.05)
    elsewhere(c)


@scenario(expect=["auth_small"], forbid=["auth_delete"])
def ikev2_auth_small_goodbye(c):
    """The response to IKE_AUTH has room for an error notify only, and the initiator ends the IKE SA in turn; other
    traffic follows."""
    sa = Ikev2Sa(c, *pair(c))
    sa.init()
    sa.response(sa.auth_req(), NOTIFY, first=v2.NOTIFY)
    goodbye(sa, sa.initiator, v2.DELETE, 0.01)
    elsewhere(c)


@scenario(forbid=["auth_delete", "redundant_sa"], healthy=True)
def ikev2_auth_redundant(c):
    """Both ends begin at about the same time, and both IKE SAs come up. One of them is enough: its initiator deletes
    the other one at once. ESP flows under the one that stays, and all is well."""
    one, other = pair(c)
    first, second = Ikev2Sa(c, one, other), Ikev2Sa(c, other, one)
    first.init()
    second.init()
    first.auth()
    second.auth()
    second.delete(other, after=0.02)
    flows = esp_flows(first)
    sent_on(flows)
    first.alive(one)
    sent_on(flows)


@scenario(forbid=["auth_delete"], healthy=True)
def ikev2_auth_redirected(c):
    """A gateway redirects its client in the response to IKE_AUTH (RFC 5685 6), which has no Child SA. The client
    deletes this IKE SA at once and goes to the second gateway, where all is well."""
    client, first, second = c.host("10.1.0.2"), c.host("10.2.0.2"), c.host("10.2.0.3")
    sa = Ikev2Sa(c, client, first)
    sa.announced[client].append(v2.notify(v2.REDIRECT_SUPPORTED))
    sa.init()
    sa.auth(answered=NO_CHILD + 14)
    sa.delete(client, after=0.01)
    sa = Ikev2Sa(c, client, second)
    sa.announced[client].append(v2.notify(v2.REDIRECTED_FROM, v2.gateway(first.address)))
    sa.establish()
    flows = esp_flows(sa)
    for _ in range(4):
        sent_on(flows)
        sa.alive(client, after=3.0)


@scenario(forbid=["auth_delete"], healthy=True)
def ikev2_auth_used_and_deleted(c):
    """A connection for one download: ESP flows for a second, and the initiator deletes the IKE SA. All is well."""
    sa = v2_tunnel(c)
    sent_on(esp_flows(sa), 12)
    sa.delete(sa.initiator, after=0.5)
    elsewhere(c)
