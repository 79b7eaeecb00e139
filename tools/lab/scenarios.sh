# SPDX-License-Identifier: GPL-2.0-or-later
# What scenarios are written with; they are in scenarios/, those of IKEv1, IKEv2 and Libreswan. Each is a
# row and the function of the same name:
#
#     scenario NAME healthy|trouble [main=NODE] [needs=libreswan] [NODE:FINDING[,FINDING..]].. STORY
#
# healthy: no warning is due. main: whose capture is NAME.pcapng (i unless said). NODE:FINDING,..
# says that of these findings one is due in the capture of that node; the findings come from people,
# not from logs. Settings come first in a function, then the network, then what happens.
# shellcheck shell=bash disable=SC2034,SC2154

declare -A story health main_node needs due
scenario_names=()

scenario() {
    local id=$1 option
    scenario_names+=("$id")
    health[$id]=$2 story[$id]=${!#} main_node[$id]=i needs[$id]='' due[$id]=''
    for option in "${@:3:$#-3}"; do
        case $option in
            main=*) main_node[$id]=${option#main=} ;;
            needs=*) needs[$id]=${option#needs=} ;;
            *) due[$id]+="$option " ;;
        esac
    done
}

# meet: both ends start, the initiator initiates, all goes well
meet() {
    capture
    start r
    start i
    initiate
    sleep 0.5
}

# attempt [SECONDS] [AFTERWARDS]: the same where it will not go well
attempt() {
    capture
    start r
    start i
    initiate i "${1:-20}"
    sleep "${2:-1}"
}

# call_alone: nobody answers
call_alone() {
    capture
    start i
    initiate i 20
}

certificates() { both auth=pubkey "$@"; }
over_ipv6() {
    ipv6=true
    both peer_address=fd00:2::2
    only i address=fd00:1::2
    only r address=fd00:2::2
}

# data_ends: addresses for data at both ends, of the tunnel's networks
data_ends() {
    ip -n i address add 10.10.1.1/32 dev lo
    ip -n r address add 10.10.2.1/32 dev lo
}

# exchange_data: four datagrams through the tunnel, and their echoes
exchange_data() {
    background inside r python3 "$lab/echo.py" answer 10.10.2.1
    sleep 0.3
    inside i python3 "$lab/echo.py" ask 10.10.1.1 10.10.2.1 >>"$work/lab.log" || true
}

for file in v1 v2 libreswan; do
    # shellcheck source=/dev/null
    . "$lab/scenarios/$file.sh"
done
unset file
