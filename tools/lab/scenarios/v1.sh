# SPDX-License-Identifier: GPL-2.0-or-later
# IKEv1 between two strongSwans. See ../scenarios.sh.
# shellcheck shell=bash disable=SC2034,SC2154

# ---- Main Mode and Quick Mode ----

scenario v1_mm_psk healthy "IKEv1 Main Mode + Quick Mode, PSK, success, no NAT, port 500 only"
v1_mm_psk() {
    direct
    meet
}

scenario v1_3des_md5 healthy "old suite 3des-md5-modp1024 / 3des-md5, PSK"
v1_3des_md5() {
    both proposals=3des-md5-modp1024 esp=3des-md5
    direct
    meet
}

scenario v1_pfs healthy "Quick Mode with PFS (KE payload)"
v1_pfs() {
    both esp=aes128-sha1-modp2048
    direct
    meet
}

scenario v1_ipv6 healthy "IKEv1 PSK over IPv6"
v1_ipv6() {
    over_ipv6
    direct
    meet
}

scenario v1_transport_direct healthy "transport mode QM udp/1701, no NAT"
v1_transport_direct() {
    both mode=transport
    only i local_ts='dynamic[udp/1701]' remote_ts='dynamic[udp/1701]'
    only r local_ts='dynamic[udp/1701]' remote_ts='dynamic[udp]'
    direct
    meet
}

scenario v1_multi_child healthy "several Quick Modes under one ISAKMP SA, one after the other"
v1_multi_child() {
    only i second_child=10.30.1.0/24,10.30.2.0/24
    only r second_child=10.30.2.0/24,10.30.1.0/24
    broken 'any:*:delay=60'
    meet
    background control i --initiate --child net --timeout 10
    sleep 0.05
    background control i --initiate --child net2 --timeout 10
    sleep 2
}

# A responder that reauthenticates with the roles reversed needs to know the initiator's address.
scenario v1_reauth_make_before_break_resp healthy \
    "responder-initiated ISAKMP rekey (role reversal: the former responder sends MM1)"
v1_reauth_make_before_break_resp() {
    only r connection="reauth_time=5s over_time=3s rand_time=0" peer_address=10.1.0.2 \
        peer_id="$(of i id)"
    direct
    meet
    sleep 7
}

scenario v1_init_restart trouble "initiator restarts without deleting: INITIAL_CONTACT in new MM5, new cookies"
v1_init_restart() {
    direct
    meet
    sleep 1
    kill_end i
    start i
    initiate
    sleep 1
}

xauth() {
    both login="xauth=$1"
    only i xauth=local connection="vips=0.0.0.0" local_ts= remote_ts=10.10.2.0/24
    only r xauth=remote connection="pools=p" pool=yes login=xauth=pw-of-carol remote_ts= local_ts=10.10.2.0/24
}

scenario v1_xauth_modecfg healthy \
    "Main Mode PSK + XAUTH + Mode Config pull (Transaction exchanges) + Quick Mode"
v1_xauth_modecfg() {
    xauth pw-of-carol
    direct
    meet
}

scenario v1_xauth_fail trouble "XAUTH wrong password"
v1_xauth_fail() {
    xauth wrong
    direct
    attempt 15
}

# ---- certificates and fragments ----

scenario v1_mm_cert_ipfrag healthy i:ipfrag \
    "Main Mode with 4096-bit RSA certificates + intermediate, IKE fragmentation off: MM5/MM6 are IP-fragmented, success"
v1_mm_cert_ipfrag() {
    certificates
    direct
    meet
}

scenario v1_mm_cert_ikefrag healthy i:v1frag "same certificates, IKEv1 fragmentation payload (132) on"
v1_mm_cert_ikefrag() {
    certificates fragmentation=yes
    direct
    meet
}

scenario v1_mm_cert_nat_ipfrag healthy i:natt_detected,natt_forced i:ipfrag \
    "certificates + NAT, fragmentation off: MM5/6 IP-fragmented on UDP 4500"
v1_mm_cert_nat_ipfrag() {
    certificates
    nat
    meet
}

scenario v1_mm_cert_nat_ikefrag healthy i:natt_detected,natt_forced i:v1frag \
    "certificates + NAT, IKEv1 fragments on UDP 4500"
v1_mm_cert_nat_ikefrag() {
    certificates fragmentation=yes
    nat
    meet
}

scenario v1_frag_dropped trouble main=r i:mm5_noresp r:ipfrag_loss \
    "non-first IP fragments dropped by a firewall on the path: MM5 never reassembles at the responder"
v1_frag_dropped() {
    certificates
    direct
    drop_later_fragments in
    attempt 20 2
}

scenario v1_frag_dropped_mm6 trouble i:ipfrag_loss r:mm6_ignored \
    "non-first IP fragments dropped only towards the initiator: MM6 lost, initiator retransmits MM5"
v1_frag_dropped_mm6() {
    certificates
    direct
    drop_later_fragments out
    attempt 20 2
}

scenario v1_ikefrag_lost trouble main=r i:mm5_noresp r:v1frag_loss \
    "IKEv1 fragment (payload 132) 2 of MM5 always lost in the network (peer never reassembles)"
v1_ikefrag_lost() {
    certificates fragmentation=yes
    broken 'i2r:ikefrag=2:drop'
    attempt
}

scenario v1_reorder_frag healthy main=r r:ipfrag \
    "certificates, IP fragments reordered and delayed (last fragment first)"
v1_reorder_frag() {
    certificates
    broken 'any:later:pass' 'any:minimum=1400:swap'
    meet
    sleep 1
}

# ---- NAT ----

scenario v1_natt healthy i:natt_detected,natt_forced \
    "IKEv1 PSK behind masquerade: float to 4500 with MM5, keepalives"
v1_natt() {
    both charon=keep_alive=2
    nat
    meet
    sleep 5
}

scenario v1_natt_portchange healthy main=r r:natt_detected,natt_forced \
    "IKEv1 PSK behind masquerade that changes source ports (500/4500 -> 2xxxx); capture behind the NAT (responder side)"
v1_natt_portchange() {
    both charon=keep_alive=2
    nat 20000-30000
    meet
    sleep 5
}

scenario v1_natt_esp healthy i:natt_detected,natt_forced \
    "IKEv1 + ESP-in-UDP data (kernel-libipsec, UDP echo), both sides forced UDP encapsulation"
v1_natt_esp() {
    both ipsec=kernel-libipsec charon=keep_alive=2
    nat
    data_ends
    meet
    exchange_data
    sleep 4
}

scenario v1_4500_blocked trouble i:natt_detected,natt_forced i:mm5_noresp \
    "NAT detected, firewall drops UDP 4500: MM5 retransmitted on 4500, never answered"
v1_4500_blocked() {
    nat
    drop_port 4500
    attempt 20 2
}

# ---- no agreement ----

scenario v1_psk_mismatch trouble i:mm5_reject,mm5_noresp \
    "PSK mismatch: MM5 undecryptable at the responder; encrypted-garbage INFO / no MM6"
v1_psk_mismatch() {
    only i psk=wrong-key
    direct
    attempt
}

scenario v1_noprop_p1 trouble i:mm1_reject,mm_version \
    "phase 1: NO_PROPOSAL_CHOSEN in clear text as the answer to MM1"
v1_noprop_p1() {
    only r proposals=aes128-sha1-modp1024
    direct
    attempt
}

scenario v1_noprop_p2 trouble i:qm1_reject \
    "phase 2: proposal mismatch, encrypted INFO NO_PROPOSAL_CHOSEN after QM1"
v1_noprop_p2() {
    only r esp=aes128-sha1
    direct
    attempt
}

scenario v1_id_mismatch trouble i:mm5_reject \
    "phase 1: responder rejects the initiator identity (AUTHENTICATION_FAILED / no peer config), encrypted INFO"
v1_id_mismatch() {
    only r peer_id=somebody.else.example
    direct
    attempt
}

# ---- silence, loss, repeats ----

scenario v1_resp_down trouble i:mm1_noresp \
    "responder host silently drops everything: MM1 retransmitted, never answered"
v1_resp_down() {
    direct
    drop_everything
    call_alone
}

scenario v1_resp_down_icmp trouble i:mm1_icmp,icmp_unreach \
    "responder host up but no IKE daemon: ICMP port unreachable for each MM1"
v1_resp_down_icmp() {
    direct
    call_alone
}

scenario v1_qm_unanswered trouble i:qm1_noresp \
    "Main Mode completes, then the network drops QM1 (responder side firewall starts dropping): QM1 retransmitted"
v1_qm_unanswered() {
    broken 'i2r:frames=4-99:drop'
    attempt 20 0.5
}

scenario v1_dpd_vanish trouble i:dpd_fail \
    "DPD: after QM the responder vanishes, R-U-THERE retransmitted unanswered"
v1_dpd_vanish() {
    both connection="dpd_delay=2s dpd_timeout=8s"
    direct
    meet
    sleep 5
    drop_everything
    note "the peer vanishes"
    sleep 14
}

scenario v1_loss healthy "35% packet loss both ways (seeded), retransmissions then success"
v1_loss() {
    both timers="retransmit_timeout=0.7 retransmit_base=1.3 retransmit_tries=8"
    broken --seed 5 'any:percent=35:drop'
    attempt 50
}

scenario v1_dup healthy main=r "every packet duplicated by the network"
v1_dup() {
    broken 'any:*:dup'
    meet
    sleep 1
}

scenario v1_reorder_delay healthy \
    "responses delayed beyond the retransmission timer: original answers and retransmissions cross"
v1_reorder_delay() {
    both timers="retransmit_timeout=0.6 retransmit_base=1.5 retransmit_tries=5"
    broken 'r2i:frames=1-3:delay=900'
    attempt 40 2
}

# ---- Aggressive Mode ----

aggressive_psk() { both aggressive=yes charon="i_dont_care_about_security_and_use_aggressive_mode_psk=yes $*"; }

scenario v1_ag_psk healthy "Aggressive Mode PSK success + Quick Mode"
v1_ag_psk() {
    aggressive_psk
    direct
    meet
}

scenario v1_ag_psk_nat healthy i:natt_detected,natt_forced \
    "Aggressive Mode PSK behind NAT: float to 4500 with AM3"
v1_ag_psk_nat() {
    aggressive_psk keep_alive=2
    nat
    meet
    sleep 3
}

scenario v1_ag_wrongpsk trouble i:am2_reject \
    "Aggressive Mode, wrong PSK: initiator finds HASH_R wrong after AM2, sends INFO"
v1_ag_wrongpsk() {
    aggressive_psk
    only i psk=wrong
    direct
    meet
    sleep 1
}

scenario v1_ag_cert_ipfrag healthy i:ipfrag "Aggressive Mode with certificates: AM2/AM3 IP-fragmented"
v1_ag_cert_ipfrag() {
    certificates aggressive=yes
    direct
    meet
}

scenario v1_ag_resp_down trouble i:am1_noresp "Aggressive Mode, responder down"
v1_ag_resp_down() {
    aggressive_psk
    direct
    drop_everything
    call_alone
}
