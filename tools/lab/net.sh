# SPDX-License-Identifier: GPL-2.0-or-later
# The network of a scenario: namespaces, links, NAT, filters, captures. Sourced by scenario.sh.
#
#     i (initiator) --- 10.1.0.0/24 --- n (router, NAT, filter) --- 10.2.0.0/24 --- r (responder)
#
# Each end has one interface, "wan". The router has "in" towards i and "out" towards r. All of it
# lives in the mount and PID namespace of this one scenario, so plain names do not collide.
# shellcheck shell=bash disable=SC2154,SC2004

nodes=(i r)

inside() {
    local node=$1
    shift
    ip netns exec "$node" "$@"
}

make_node() {
    ip netns add "$1"
    ip -n "$1" link set lo up
    # no IPv6 noise in the captures, and no source filter against the addresses we invent
    inside "$1" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
        net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
        net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.default.router_solicitations=0
    $ipv6 || inside "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
}

# link NODE INTERFACE NODE INTERFACE
link() {
    ip -n "$1" link add "$2" type veth peer name "$4" netns "$3"
    ip -n "$1" link set "$2" up
    ip -n "$3" link set "$4" up
    inside "$1" python3 "$lab/offload.py" "$2"
    inside "$3" python3 "$lab/offload.py" "$4"
}

address() { ip -n "$1" address add "$3" dev "$2"; }

make_line() {
    make_node i
    make_node n
    make_node r
    link i wan n in
    link r wan n out
}

# route_through PREFIX_I PREFIX_R LENGTH: addresses .2 at the ends, .1 at the router
route_through() {
    address i wan "${1}2/$3"
    address n in "${1}1/$3"
    address r wan "${2}2/$3"
    address n out "${2}1/$3"
    ip -n i route add default via "${1}1"
    ip -n r route add default via "${2}1"
}

direct() {
    make_line
    inside n sysctl -qw net.ipv4.ip_forward=1
    route_through 10.1.0. 10.2.0. 24
    if $ipv6; then
        inside n sysctl -qw net.ipv6.conf.all.forwarding=1
        route_through fd00:1:: fd00:2:: 64
    fi
}

# nat [PORTS]: the router masquerades; ports stay, or come from a range like "20000-30000"
nat() {
    direct
    filter "add table ip nat; add chain ip nat post { type nat hook postrouting priority srcnat; };
        add rule ip nat post oifname out meta l4proto udp masquerade ${1:+to :$1 random}"
}

# broken RULE..: both ends on one wire, and mangle.py, whose rules these are, is that wire
broken() {
    make_line
    address i wan 10.1.0.2/8
    address r wan 10.2.0.2/8
    background ip netns exec n python3 "$lab/mangle.py" in out "$@"
}

# another_initiator NODE NUMBER: behind the same router, with 10.1.NUMBER.2
another_initiator() {
    make_node "$1"
    link "$1" wan n "in$2"
    address "$1" wan "10.1.$2.2/24"
    address n "in$2" "10.1.$2.1/24"
    ip -n "$1" route add default via "10.1.$2.1"
    nodes+=("$1")
}

filter() { inside n nft "$1"; }

# forward_rule VERDICT [RULE]: a policy for what the router forwards, and one exception to it
forward_rule() {
    filter "add table ip f; add chain ip f forward { type filter hook forward priority 0; policy $1; }"
    [ -z "${2:-}" ] || filter "add rule ip f forward $2"
}

drop_everything() { forward_rule drop; }
drop_port() { forward_rule accept "udp dport $1 drop"; }
drop_towards() { forward_rule accept "ip daddr $1 drop"; }

# drop_later_fragments INTERFACE: what comes in there; ahead of the router's own reassembly
drop_later_fragments() {
    filter "add table ip f; add chain ip f early { type filter hook prerouting priority -450; };
        add rule ip f early iifname $1 ip frag-off & 0x1fff != 0 drop"
}

# capture [NODE..]: returns when tcpdump listens, so that no frame is missed
capture() {
    local node
    [ $# -gt 0 ] || set -- i r
    for node in "$@"; do
        background ip netns exec "$node" tcpdump -i wan -U -Z root --immediate-mode -s 0 -w "$work/$node.pcap" \
            "ip or (ip6 and (udp or ip6 proto 44))" 2>"$work/$node.tcpdump"
        captures+=("$!")
        wait_for 3 grep -q listening "$work/$node.tcpdump" ||
            fail "tcpdump of $node does not capture" "$work/$node.tcpdump"
    done
    [ -z "${IKEX_LAB_WATCH:-}" ] || watch "$1"
}

# watch NODE: IKEX_LAB_WATCH is a command of one who is no root and may capture; it lasts as long as tcpdump
watch() {
    local rights=+net_raw,+net_admin words
    read -ra words <<<"$IKEX_LAB_WATCH"
    background ip netns exec "$1" setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps="$rights" \
        --ambient-caps="$rights" "${words[@]}"
    captures+=("$!")
    # dumpcap is the second one with such a socket
    wait_for 20 inside "$1" awk '$6 == 1 { n++ } END { exit n < 2 }' /proc/net/packet || fail "nobody watches"
}
