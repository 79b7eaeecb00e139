# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of tunnels that come up and end again and again, of a phase 1 that renews what the capture lacks, of Child
SAs that are refused, and of healthy traffic that looks alike."""
import ikev2wire as v2
from ladder import IkeSa, View
from ladder2 import AES_GCM, CHILD, NOTIFY, Ikev2Sa
from registry import scenario
from rekeys import delete_child
from steps import STRONGSWAN_GAPS, elsewhere, esp_flows, pair, sent_on, v2_tunnel

INITIAL_CONTACT = 28  # payloads of an Informational with that notify
REFUSAL = 10          # .. of a response with INVALID_KE_PAYLOAD
AUTH, CONFIGURATION = 39, 47  # types of payloads
PUBLIC = "203.0.113.5"


# Tunnels that flap

@scenario(expect=["flap"], forbid=["rekey_loop"])
def flap_v1(c):
    """Main Mode and Quick Mode succeed, and half a second later the responder deletes both SAs. The initiator begins
    anew after five seconds; six times."""
    ends = pair(c)
    for _ in range(6):
        sa = IkeSa(c, *ends)
        sa.main_mode()
        sa.quick_mode().run()
        sa.delete_esp(sa.responder, after=0.5)
        sa.delete(sa.responder)
        c.wait(5)
    elsewhere(c)


@scenario(expect=["flap"], forbid=["auth_delete"])
def flap_v2(c):
    """The tunnel is up and ESP flows for five seconds, then the responder deletes the IKE SA, and the initiator begins
    anew after five seconds; five times."""
    ends = pair(c)
    for _ in range(5):
        sa = Ikev2Sa(c, *ends)
        sa.establish()
        sent_on(esp_flows(sa), 5, 0.5, 0.5)
        sa.delete(sa.responder)
        c.wait(5)
    elsewhere(c)


@scenario(forbid=["flap"], healthy=True)
def flap_on_demand(c):
    """A tunnel on demand: it is up while it is used, and deleted after three minutes without traffic; five times in
    half an hour. All is well."""
    ends = pair(c)
    for _ in range(5):
        sa = Ikev2Sa(c, *ends)
        sa.establish()
        sent_on(esp_flows(sa), 5, 0.5, 0.5)
        sa.delete(sa.initiator, after=180)
        c.wait(150)
    elsewhere(c)


# Attempts, one after the other

@scenario(expect=["mm1_noresp"], forbid=["pending"])
def attempts_one_message(c):
    """The initiator sends MM1 once, hears nothing, and begins anew ten seconds later with other cookies: six times."""
    ends = pair(c)
    for _ in range(6):
        IkeSa(c, *ends).mm1()
        c.wait(10)
    elsewhere(c)


@scenario(expect=["mm2_noreply"])
def attempts_without_mm3(c):
    """MM2 does not arrive: the initiator sends nothing again, but begins anew ten seconds later; four times."""
    ends = pair(c)
    for _ in range(4):
        sa = IkeSa(c, *ends)
        sa.mm1()
        sa.mm2()
        c.wait(10)
    elsewhere(c)


@scenario(forbid=["mm2_noreply", "mm1_noresp"], healthy=True)
def attempts_then_up(c):
    """The first attempt stops after MM2, since the responder has just started; the next one, ten seconds later, comes
    up, and ESP flows. All is well."""
    ends = pair(c)
    sa = IkeSa(c, *ends)
    sa.mm1()
    sa.mm2()
    c.wait(10)
    sa = IkeSa(c, *ends)
    sa.main_mode()
    sa.quick_mode().run()
    sent_on(esp_flows(sa), 5, 1.0, 1.0)


# A phase 1 that renews an SA from before the capture

def unseen_sa(c):
    """An IKE SA from before the capture, and ESP of both sides that goes on."""
    one, other = pair(c)
    old = IkeSa(c, one, other)
    with c.unseen_from(one, other):
        old.main_mode()
        old.quick_mode().run()
    flows = esp_flows(old)
    for flow in flows:
        flow.seq = 5000
    sent_on(flows, 10, 0.5, 0.5)
    return old, flows


@scenario(forbid=["mm6_delete"], healthy=True)
def mm_renews_unseen(c):
    """A phase 1 from before the capture is renewed: Main Mode, INITIAL-CONTACT of the initiator, and a delete under the
    old cookies. The IPsec SAs need no renewal yet, and their ESP goes on for half a minute. All is well."""
    old, flows = unseen_sa(c)
    new = IkeSa(c, old.initiator, old.responder)
    new.main_mode()
    new.info(new.initiator, INITIAL_CONTACT, 0.01)
    old.delete(old.initiator, 0.5)
    sent_on(flows, 30, 0.5, 0.5)


@scenario(forbid=["xauth_fail", "cfg_noaddr"], healthy=True)
def xauth_renews_unseen(c):
    """The same with XAUTH and Mode-Config under the new phase 1, after which no Quick Mode comes: the IPsec SAs from
    before the capture are good for a while. All is well."""
    old, flows = unseen_sa(c)
    new = IkeSa(c, old.initiator, old.responder)
    new.main_mode()
    for asker in (new.responder, new.responder, new.initiator):
        new.transaction(asker)
    old.delete(old.initiator, 0.5)
    sent_on(flows, 40, 0.5, 0.5)


# EAP

def eap_begins(sa):
    """IKE_SA_INIT and the first rounds of EAP."""
    sa.init()
    sa.auth(150, 1200)
    sa.eap_round(30, 60)


@scenario(forbid=["eap_fail"], healthy=True)
def ikev2_eap_then_liveness(c):
    """EAP succeeds, and the last response begins with the configuration, not with the proof. The client checks at once
    that the gateway is alive, and is idle. All is well."""
    sa = Ikev2Sa(c, *pair(c))
    eap_begins(sa)
    sa.eap_round(60, 8)
    asked = sa.request(sa.initiator, v2.IKE_AUTH, 40, first=AUTH)
    sa.response(asked, 400, first=CONFIGURATION)
    sa.alive(sa.initiator, 1.0)
    elsewhere(c)


@scenario(forbid=["auth_noresp", "eap_fail"], healthy=True)
def ikev2_eap_push(c):
    """The gateway waits until the user confirms on his phone: the request of the third round has come three times when
    the capture ends, 20 s after the first one."""
    sa = Ikev2Sa(c, *pair(c), AES_GCM)
    eap_begins(sa)
    asked = sa.request(sa.initiator, v2.IKE_AUTH, 60, first=v2.EAP)
    for gap in STRONGSWAN_GAPS[:2]:
        sa.again(asked, gap)
    elsewhere(c)


# Child SAs

@scenario(expect=["child_refusals"], forbid=["rekey_loop"])
def ikev2_child_refused_always(c):
    """The tunnel works until the first rekey, which the responder refuses: only a rekey asks for a group for PFS, and
    they have none in common. The initiator asks five times in vain, ESP goes on under the old Child SA meanwhile."""
    sa = v2_tunnel(c)
    flows = esp_flows(sa)
    for _ in range(5):
        sent_on(flows, 5, 1.0, 1.0)
        asked = sa.request(sa.initiator, v2.CREATE_CHILD_SA, CHILD, 20.0, first=v2.NOTIFY)
        sa.response(asked, NOTIFY, first=v2.NOTIFY)
    elsewhere(c)
    c.background(10)


@scenario(forbid=["child_fail", "child_refusals"], healthy=True)
def ikev2_child_group_guessed(c):
    """At each rekey the initiator guesses the group, is told another one (INVALID_KE_PAYLOAD), and asks again with that
    at once (RFC 7296 1.3), which succeeds. All is well."""
    sa = v2_tunnel(c)
    sent_on(esp_flows(sa), 5, 0.5, 0.5)
    for _ in range(4):
        asked = sa.request(sa.initiator, v2.CREATE_CHILD_SA, CHILD + 200, 600, first=v2.NOTIFY)
        sa.response(asked, REFUSAL, first=v2.NOTIFY)
        asked = sa.request(sa.initiator, v2.CREATE_CHILD_SA, CHILD + 64, 0.05, first=v2.NOTIFY)
        sa.response(asked, CHILD + 64)
        sent_on(esp_flows(sa), 5, 0.5, 0.5)
        delete_child(sa, sa.initiator)
    elsewhere(c)


@scenario(forbid=["rekey_loop"], healthy=True)
def ikev2_child_on_demand(c):
    """A Child SA for each connection, deleted when that is over: ten in a minute. None of them renews another one, as
    the first payload of each request says. All is well."""
    sa = v2_tunnel(c)
    for _ in range(10):
        asked = sa.request(sa.initiator, v2.CREATE_CHILD_SA, CHILD, 3.0)
        sa.response(asked, CHILD)
        sent_on(esp_flows(sa), 2)
        delete_child(sa, sa.initiator, 2.0)
    elsewhere(c)


# Many at once

@scenario(forbid=["halfopen_flood"], healthy=True)
def hub_after_power_cut(c):
    """50 spokes begin within a second after a power cut, and the capture ends in that second, when the hub has answered
    half of them."""
    c.rewritable = False  # only the end of the capture excuses the spokes
    hub = c.host("10.0.0.1")
    spokes = [Ikev2Sa(c, c.host(f"10.1.{i}.2"), hub) for i in range(1, 51)]
    for sa in spokes:
        sa.init_req(0.01)
    for sa in spokes[:25]:
        sa.init_resp()


# Both ends behind one NAT

class HairpinSa(IkeSa):
    """An IKE SA between two hosts that know each other by the NAT's address, and themselves by their own."""

    def nat_ends(self, sender):
        source, destination = self.ports(sender)
        return (PUBLIC, destination), (sender.address, source)


@scenario(forbid=["reflect", "nat_addrchg"], healthy=True)
def nat_hairpin(c):
    """Both ends are behind one NAT, which sends their packets back inside (hairpin), captured there on all interfaces:
    each packet is seen before and behind it, and then seems to come from whom it was for. All is well."""
    c.rewritable = False  # only whole messages show that both legs are of one packet
    one, other = c.host("192.168.1.10"), c.host("192.168.1.20")

    def views(source, destination):
        legs = (source.address, PUBLIC), (PUBLIC, destination.address)
        return [View(*leg, source.mac, destination.mac, source.ttl - hop, hop) for hop, leg in enumerate(legs)]

    c.views = views
    sa = HairpinSa(c, one, other)
    sa.main_mode(last=4)
    sa.port = 4500
    sa.mm5()
    sa.mm6()
    sa.quick_mode().run()
    sent_on(esp_flows(sa), 20, 0.1, 0.1)
    sa.alive(one)
