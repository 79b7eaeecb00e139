# SPDX-License-Identifier: GPL-2.0-or-later
# Libreswan at one end. See ../scenarios.sh.
# shellcheck shell=bash disable=SC2034,SC2154

scenario x_v1_lsw_i healthy needs=libreswan "IKEv1 PSK, Libreswan initiator, strongSwan responder"
x_v1_lsw_i() {
    direct
    libreswan_calls
}

scenario x_v1_lsw_i_nat healthy needs=libreswan \
    "IKEv1 PSK behind NAT, Libreswan initiator, strongSwan responder"
x_v1_lsw_i_nat() {
    nat
    libreswan_calls
}

scenario x_v2_lsw_i healthy needs=libreswan "IKEv2 PSK, Libreswan initiator, strongSwan responder"
x_v2_lsw_i() {
    both version=2
    direct
    libreswan_calls
}

libreswan_calls() {
    capture
    start r
    start_libreswan i
    initiate_libreswan i
    sleep 1
}

scenario x_v1_lsw_both_down trouble needs=libreswan i:mm1_noresp \
    "IKEv1, Libreswan initiator, responder down"
x_v1_lsw_both_down() {
    direct
    drop_everything
    capture
    start_libreswan i
    initiate_libreswan i 16
    sleep 1
}

scenario x_v1_lsw_r_pskmismatch trouble needs=libreswan i:mm5_noresp,mm5_reject \
    "IKEv1 PSK mismatch, strongSwan initiator, Libreswan responder"
x_v1_lsw_r_pskmismatch() {
    only i psk=other
    direct
    capture
    start_libreswan r
    start i
    initiate i 15
    sleep 1
}
