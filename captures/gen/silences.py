# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios of tunnels that are up: liveness checks, deletes, rekeying, silence that means nothing, and what
else looks like a failure without being one. Two of them do fail, to keep the difference."""
import ikewire as ike
import ladder
import netwire
from ladder import EspFlow, IkeSa, Note, Suite
from ladder2 import Ikev2Sa
from registry import scenario
from steps import STRONGSWAN_GAPS, behind_nat, elsewhere, esp_flows, mapped_sa, pair, sent_on, tunnel, windows_pair

TRIPLE_DES = Suite(((ike.TRIPLE_DES, None, ike.SHA1, 2),))


# Liveness checks

@scenario(healthy=True)
def dpd_padding(c):
    """Dead peer detection for five minutes between implementations that pad differently: every answer is one
    cipher block longer than the probe. All is well."""
    sa = tunnel(c, TRIPLE_DES)
    for _ in range(30):
        sa.alive(sa.initiator, longer=TRIPLE_DES.block)


@scenario(healthy=True)
def dpd_slow(c):
    """Dead peer detection over a slow path: every probe is answered after 2.3 s, and the capture ends with an
    answer. All is well."""
    sa = tunnel(c)
    for _ in range(10):
        sa.alive(sa.initiator, answered=2.3)


@scenario(healthy=True)
def dpd_crosses_qm1(c):
    """The responder probes the initiator every 10 s. At the very end a QM1 that starts a rekeying crosses a
    probe, which is answered, and the capture stops before QM2 comes."""
    sa = tunnel(c)
    for _ in range(20):
        sa.alive(sa.responder)
    sa.quick_mode().qm1(after=9.98)
    sa.alive(sa.responder, after=0.01)


@scenario(expect=["init_noreply"])
def ikev2_init_other_address(c):
    """A cluster answers from the address of one of its members (198.51.100.21) what was sent to that of the cluster
    (198.51.100.20): the initiator does not take it for an answer and asks four times."""
    c.rewritable = False  # without the first copy, nothing ties the answers to the request
    cluster, member = "198.51.100.20", "198.51.100.21"
    sa = Ikev2Sa(c, c.host("10.1.0.2"), c.host(cluster))
    asked = sa.init_req()
    sa.responder.address = member
    answer = sa.init_resp()
    for gap in STRONGSWAN_GAPS[:3]:
        sa.responder.address = cluster
        sa.again(asked, gap)
        sa.responder.address = member
        sa.again(answer, 0.001, response=True)
    elsewhere(c)


@scenario(expect=["dpd_fail"], vectors=[29])
def dpd_fail_after_hours(c):
    """Both ends probe each other every 10 s and answer for five minutes. Then the responder vanishes: five
    probes of the initiator, 10 s apart, have no answer; 10 s of other traffic follow."""
    sa = tunnel(c)
    for _ in range(30):
        sa.alive(sa.initiator, after=5.0)
        sa.alive(sa.responder, after=5.0)
    for _ in range(5):
        sa.probe(sa.initiator, after=10.0)
    c.background(10)


@scenario(expect=["qm1_noresp"], forbid=["dpd_fail"])
def qm_unanswered_with_dpd(c):
    """The peer drops a Quick Mode that fits no policy and is alive: QM1 is sent six times, about 10 s apart,
    and never answered, while every probe in between is; 20 s of other traffic follow."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    qm1 = sa.quick_mode().qm1()
    for _ in range(5):
        sa.alive(sa.initiator, after=5.0)
        c.repeat(qm1, 4.9)
    sa.alive(sa.initiator, after=5.0)
    c.background(20)


# Rekeying and reauthentication

@scenario(forbid=["pending"], healthy=True)
def rekey_deletes(c):
    """A Quick Mode every hour; 0.3 s after each the initiator deletes the SAs that it replaced, and nobody
    answers that."""
    sa = tunnel(c, TRIPLE_DES)
    for _ in range(4):
        c.wait(3600)
        sa.quick_mode().run()
        sa.delete_esp(sa.initiator, after=0.3)


@scenario(healthy=True, vectors=[30])
def xauth_reauth(c):
    """A road warrior authenticates again after 50 minutes: Main Mode, XAUTH and Mode Config, and no Quick
    Mode, because the IPsec SAs stay. The old IKE SA is deleted, dead peer detection goes on under the new
    one, and ESP flows."""
    old = IkeSa(c, *pair(c))
    xauth_and_mode_config(old)
    old.quick_mode().run()
    up, down = esp_flows(old)
    c.wait(3000)
    new = IkeSa(c, old.initiator, old.responder)
    xauth_and_mode_config(new)
    old.delete(old.initiator, after=0.1)
    for _ in range(6):
        new.alive(new.initiator)
        up.send(84, 0.5)
        down.send(84, 0.02)
    c.background(8)


def xauth_and_mode_config(sa):
    """Main Mode, the name and password of a user, the verdict, and the request for an address."""
    sa.main_mode()
    sa.transaction(sa.responder, answered=0.5)
    sa.transaction(sa.responder)
    sa.transaction(sa.initiator)


@scenario(healthy=True)
def modecfg_no_traffic(c):
    """The gateway authenticates a client with XAUTH (two Transaction exchanges); nothing is to be sent yet,
    hence no Quick Mode, and a probe of the gateway is answered."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode()
    sa.transaction(sa.responder, answered=0.5)
    sa.transaction(sa.responder)
    sa.alive(sa.responder)


@scenario(forbid=["mm6_delete"], healthy=True)
def initial_contact(c):
    """A second Main Mode, followed by an Informational of the size of INITIAL-CONTACT and by no Quick Mode:
    the IPsec SAs of the first go on, as ESP in both directions shows."""
    old = tunnel(c)
    up, down = esp_flows(old)
    c.wait(1000)
    new = IkeSa(c, old.initiator, old.responder)
    new.main_mode()
    new.info(new.initiator, 4 + len(ike.notify_payload(24578, bytes(16))[1]), after=0.01)
    sent_on((up, down), 20, 1.0, 0.01)


@scenario(expect=[["superseded", "simul"]], forbid=["mm4_noreply"], healthy=True)
def mm_simultaneous_abandoned(c):
    """Both ends start Main Mode within 50 ms. The second attempt is given up after MM4; the first comes up
    with a Quick Mode. 30 s of other traffic follow."""
    one, other = pair(c)
    first, second = IkeSa(c, one, other), IkeSa(c, other, one)
    first.mm1()
    second.mm1(after=0.05)
    for step in ("mm2", "mm3", "mm4"):
        getattr(first, step)()
        getattr(second, step)()
    first.mm5()
    first.mm6()
    first.quick_mode().run()
    c.background(30)


# What the capture, the network and other hosts do

@scenario(healthy=True)
def mm6_lost_by_capture(c):
    """The capture lacks MM6, which the initiator did get: dead peer detection is answered for a minute."""
    sa = IkeSa(c, *pair(c))
    sa.main_mode(last=5)
    with c.unseen_from(sa.responder):
        sa.mm6()
    sa.alive(sa.responder, after=1.0)
    for _ in range(5):
        sa.alive(sa.responder)


@scenario(forbid=["reasm_timeout"], healthy=True)
def icmp_about_esp(c):
    """A tunnel on UDP 4500 in which one fragment of an ESP packet is lost: ICMP says that the time for
    reassembly is exceeded and quotes ESP. IKE is not concerned."""
    sa = IkeSa(c, *behind_nat(c))
    sa.main_mode()
    sa.quick_mode().run()
    up, down = esp_flows(sa)
    for _ in range(20):
        up.send(84, 0.5)
    torn = up.send(1500, 0.5, lose=(1,))
    sent_on((up, down), 20, 1.5)
    c.icmp_error(sa.responder, sa.initiator, 11, 1, torn)
    for _ in range(20):
        up.send(84, 0.5)


@scenario(forbid=["esp_replay", "reasm_timeout"], healthy=True)
def icmp_in_fragments(c):
    """A router on the way quotes whole packets, so its ICMP errors come in two IP fragments themselves. The
    ESP packets that they quote were not sent again."""
    sa = IkeSa(c, *behind_nat(c))
    router = c.host("10.0.0.1")
    sa.main_mode()
    sa.quick_mode().run()
    up, down = esp_flows(sa)
    sent_on((up, down), 20, 1.5)
    for _ in range(3):
        whole = up.send(1410, 0.5)
        c.icmp_error(router, sa.initiator, 3, 4, whole, word=1280, quote_length=1500)
    sent_on((up, down), 20, 1.5)


@scenario(expect=["ipfrag"], healthy=True)
def ipfrag_refragmented(c):
    """Captured on both sides of a firewall that puts MM5 together and cuts it anew for an MTU of 1400, with
    the same IP ID. The clocks of the two interfaces differ a little: the first fragments of both come before
    the second ones (frames 5 to 8)."""
    client, server = windows_pair(c)
    sa = IkeSa(c, client, server, ladder.XP_CERT)
    sa.main_mode(last=4)
    c.pause(None)
    mm5_cut_twice(c, sa)
    sa.mm6()
    sa.quick_mode().run()


def mm5_cut_twice(c, sa):
    """Two fragments of one side of the firewall between those of the other."""
    client, server = sa.initiator, sa.responder
    data = sa.seal(ike.MAIN_MODE, sa.suite.sealed_i, first=ike.ID)
    packet = netwire.udp(client.address, 500, server.address, 500, data)
    ident, view = client.next_ident(), c.views(client, server)[0]
    cuts = [netwire.ip_packets(view.src, view.dst, netwire.UDP, packet, ident, ttl, mtu)
            for ttl, mtu in ((view.ttl, 1500), (view.ttl - 1, 1400))]
    numbers = [c.capture(view, piece, step=1) for pieces in zip(*cuts) for piece in pieces]
    note = Note("MM5", data, (sa.cky_i, data[20:24]))
    c.remember(client, numbers[0::2], 2, note)
    c.truth.extend({"n": n, "msg": "MM5", "piece": True} for n in numbers[1::2])
    c.truth.sort(key=lambda entry: entry["n"])


@scenario(expect=["ipfrag"], healthy=True)
def ip_id_reuse(c):
    """A busy host uses an IP ID again after 10 s: first for two fragments of another datagram to the same
    server, then for MM5, which is cut alike."""
    client, server = windows_pair(c)
    before = client.ident
    client.ident = before + 2  # MM5 is its third message
    c.datagram(client, server, 5000, 5000, c.rng.bytes(1652))
    client.ident = before
    c.wait(10)
    sa = IkeSa(c, client, server, ladder.XP_CERT)
    sa.main_mode()
    sa.quick_mode().run()


# Behind a NAT that changes ports

@scenario(healthy=True)
def natted_clients_esp(c):
    """Two clients behind one NAT, told apart by their ports only: both bring up a tunnel, then ESP of both
    in both directions, interleaved."""
    server = c.host("198.51.100.20")
    flows = []
    for address, base in (("192.168.1.10", 61001), ("192.168.1.11", 61002)):
        sa = mapped_sa(c, behind_nat(c, address, "203.0.113.5", server), {500: base - 40000, 4500: base})
        sa.main_mode()
        sa.quick_mode().run()
        flows.append((c.nat, esp_flows(sa)))
    for _ in range(3):
        for c.nat, (up, down) in flows:
            up.send(84, 0.01)
            down.send(84, 0.01)


@scenario(forbid=["natt_nomarker", "natt_unasked"], healthy=True)
def port4500_to_500(c):
    """A NAT gives UDP port 500 of its clients the source port 4500. The first client knows no NAT traversal
    and stays at 4500 to 500, without marker; the second, behind another such NAT, floats to 4500 with MM5."""
    server = c.host("198.51.100.20")
    plain = Suite(ladder.AES_OFFERS, vendors_i=("DPD",), vendors_r=("DPD",), natd=None)
    sa = mapped_sa(c, behind_nat(c, server=server), {500: 4500}, plain)
    sa.main_mode()
    sa.quick_mode().run()
    c.wait(2)
    sa = mapped_sa(c, behind_nat(c, "192.168.2.10", "203.0.113.8", server), {500: 4500, 4500: 4501})
    sa.main_mode()
    sa.quick_mode().run()


@scenario(expect=["halfopen_flood"], forbid=["mm1_noresp"], vectors=[72])
def halfopen_flood(c):
    """60 negotiations from 60 addresses begin within 3 s and get no answer: a flood, told once."""
    server = c.host("198.51.100.20")
    for number in range(60):
        IkeSa(c, c.host(f"203.0.113.{number + 1}"), server).mm1()
        c.wait(0.05)
    c.background(10)


@scenario(expect=["esp_noike"], healthy=True, vectors=[67])
def esp_one_direction(c):
    """ESP of one direction for 20 s; the capture holds no frame of the other host at all."""
    one, other = pair(c)
    flow = EspFlow(c, one, other)
    for _ in range(20):
        flow.send(84, 1)


@scenario(forbid=["halfopen_flood"], healthy=True)
def port_500_only(c):
    """After an outage 24 clients behind NATs return within 5 s. The capture filter is "udp port 500", so it
    holds MM1 to MM4 of each; what follows travels on UDP 4500."""
    server = c.host("198.51.100.20")
    for number in range(24):
        ends = behind_nat(c, f"192.168.{number}.10", f"203.0.113.{number + 1}", server)
        sa = mapped_sa(c, ends, {500: 1024 + number, 4500: 61001 + number})
        sa.main_mode(last=4)
        c.wait(0.15)
    c.nat = None
    c.background(30, step=3)
