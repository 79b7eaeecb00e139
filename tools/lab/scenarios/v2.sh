# SPDX-License-Identifier: GPL-2.0-or-later
# IKEv2 between two strongSwans. See ../scenarios.sh.
# shellcheck shell=bash disable=SC2034,SC2154

# ---- exchanges ----

scenario v2_psk healthy "IKEv2 PSK success"
v2_psk() {
    both version=2
    direct
    meet
}

scenario v2_gcm_x25519 healthy "IKEv2 AES-GCM / x25519"
v2_gcm_x25519() {
    both version=2 proposals=aes256gcm16-prfsha384-curve25519 esp=aes256gcm16
    direct
    meet
}

scenario v2_ipv6 healthy "IKEv2 over IPv6"
v2_ipv6() {
    both version=2
    over_ipv6
    direct
    meet
}

scenario v2_childless healthy "childless IKE_AUTH, then CREATE_CHILD_SA for the first child"
v2_childless() {
    both version=2 connection=childless=force
    direct
    meet
}

scenario v2_rekey healthy "CHILD_SA and IKE_SA rekey (CREATE_CHILD_SA), deletes, terminate"
v2_rekey() {
    both version=2
    only i connection="rekey_time=5s over_time=3s rand_time=0"
    direct
    meet
    sleep 2
    control i --rekey --child net
    sleep 5
    control i --terminate --ike c --timeout 5
    sleep 0.5
}

scenario v2_eap healthy "IKEv2 EAP-MSCHAPv2 (several IKE_AUTH rounds)"
v2_eap() {
    both version=2 certificate=small login=eap=pw-of-carol
    only i auth=eap-mschapv2 peer_auth=pubkey local=eap_id=carol
    only r auth=pubkey peer_auth=eap-mschapv2 remote=eap_id=%any
    direct
    meet
}

# A second initiator whose answers are dropped leaves a half-open IKE SA at the responder, which is
# as many as this responder allows before it wants cookies.
scenario v2_cookie healthy i:init_cookie "COOKIE challenge"
v2_cookie() {
    both version=2
    only r charon="cookie_threshold=1 dos_protection=yes" remote_ts=0.0.0.0/0
    only i2 address=10.1.2.2 id=i2.example.net peer_id="$(of r id)" \
        local_ts=10.11.2.0/24 remote_ts=10.10.2.0/24
    direct
    another_initiator i2 2
    drop_towards 10.1.2.2
    capture i i2 r
    start r
    start i
    start i2
    background initiate i2 4
    sleep 1.7 # after its first retransmit, before its second
    initiate
    sleep 0.5
}

scenario v2_invalid_ke healthy i:init_ke "INVALID_KE_PAYLOAD, retry with the wanted group"
v2_invalid_ke() {
    both version=2
    only i proposals=aes256-sha256-modp2048-modp4096
    only r proposals=aes256-sha256-modp4096
    direct
    meet
}

# ---- certificates and fragments ----

scenario v2_cert_ipfrag healthy i:ipfrag "IKEv2 certificates, IP fragmentation"
v2_cert_ipfrag() {
    certificates version=2
    direct
    meet
}

scenario v2_cert_ikefrag healthy i:skf "IKEv2 certificates, RFC 7383 fragments"
v2_cert_ikefrag() {
    certificates version=2 fragmentation=yes
    direct
    meet
}

scenario v2_frag_dropped trouble main=r i:auth_noresp r:ipfrag_loss \
    "IKEv2 certificates: non-first IP fragments dropped"
v2_frag_dropped() {
    certificates version=2
    direct
    drop_later_fragments in
    attempt
}

scenario v2_frag_lost_once healthy main=r r:skf,skf_loss \
    "one RFC 7383 fragment (2 of IKE_AUTH request) lost once, recovered by retransmission of all fragments"
v2_frag_lost_once() {
    certificates version=2 fragmentation=yes
    broken 'i2r:ikefrag=2&first=1:drop'
    attempt 20 0.5
}

# ---- NAT ----

scenario v2_natt healthy i:natt_detected,natt_forced "IKEv2 PSK behind masquerade"
v2_natt() {
    both version=2 charon=keep_alive=2
    nat
    meet
    sleep 5
}

scenario v2_natt_mobike healthy main=r i:nat_addrchg r:nat_rebind,nat_addrchg r:natt_detected,natt_forced \
    "IKEv2 behind NAT with MOBIKE, initiator address changes"
v2_natt_mobike() {
    both version=2 mobike=yes charon=keep_alive=3
    only i address=%any
    nat
    meet
    sleep 1
    address i wan 10.1.0.22/24
    ip -n i address del 10.1.0.2/24 dev wan
    # an address of the same network may go with the first one, and the route with it
    address i wan 10.1.0.22/24 2>/dev/null || true
    ip -n i route replace default via 10.1.0.1
    sleep 6
}

scenario v2_natt_esp healthy "IKEv2 + ESP-in-UDP data (kernel-libipsec, UDP echo)"
v2_natt_esp() {
    both version=2 ipsec=kernel-libipsec charon=keep_alive=2
    nat
    data_ends
    meet
    exchange_data
    sleep 3
}

# ---- trouble ----

scenario v2_authfail trouble i:auth_small,auth_failed "IKEv2 AUTHENTICATION_FAILED (encrypted notify)"
v2_authfail() {
    both version=2
    only i psk=wrong
    direct
    meet
}

scenario v2_noprop trouble i:init_noprop,mm_version "IKEv2 NO_PROPOSAL_CHOSEN in IKE_SA_INIT"
v2_noprop() {
    both version=2
    only r proposals=aes128-sha1-modp1024
    direct
    meet
}

scenario v2_noprop_child trouble "IKEv2 NO_PROPOSAL_CHOSEN for the CHILD_SA in IKE_AUTH"
v2_noprop_child() {
    both version=2
    only r esp=aes128-sha1
    direct
    meet
}

scenario v2_vs_v1only trouble i:init_noprop,mm_version "IKEv2 initiator, IKEv1-only responder"
v2_vs_v1only() {
    only i version=2
    direct
    attempt 15 0
}

scenario v2_resp_down trouble i:init_noresp "IKEv2 responder down"
v2_resp_down() {
    both version=2
    direct
    drop_everything
    call_alone
}

scenario v2_dpd_vanish trouble i:dpd_fail "liveness check (empty INFORMATIONAL) then the peer vanishes"
v2_dpd_vanish() {
    both version=2 connection=dpd_delay=2s
    direct
    meet
    sleep 5
    drop_everything
    note "the peer vanishes"
    sleep 14
}
