# SPDX-License-Identifier: GPL-2.0-or-later
# Libreswan at an end, from the Debian root that tools/lab/setup made. Sourced by scenario.sh.
# It knows PSK and one tunnel; everything else about it is as in strongswan.sh.
# shellcheck shell=bash disable=SC2154,SC2004,SC2016

ipsec_conf() {
    cat <<CONF
config setup
	uniqueids=yes
	virtual-private=%v4:10.0.0.0/8
	ikev1-policy=accept
conn c
	ikev2=$([ "$(of "$1" version)" = 2 ] && echo yes || echo no)
	left=$(of i address)
	leftid=@$(of i id)
	leftsubnet=$(of i local_ts)
	right=$(of r address)
	rightid=@$(of r id)
	rightsubnet=$(of r local_ts)
	authby=secret
	ike=aes256-sha2_256;modp2048
	esp=aes256-sha2_256
	pfs=no
	retransmit-interval=1200
	retransmit-timeout=12s
	auto=add
CONF
}

# The root is shared by all runs; what is mounted over it is seen by this daemon only.
enter_root='
    mount -t proc proc "$1/proc" && mount -t tmpfs none "$1/run" && mount --bind /dev "$1/dev" &&
    mount --bind "$2" "$1/lab" && mkdir -p "$1/run/pluto" &&
    cp "$3" "$1/run/xfrm_yes.so" &&
    chroot "$1" certutil -N -d sql:/lab/nss --empty-password &&
    exec chroot "$1" env LD_PRELOAD=/run/xfrm_yes.so /usr/libexec/ipsec/pluto --config /lab/ipsec.conf \
        --secretsfile /lab/ipsec.secrets --nssdir /lab/nss --rundir /run/pluto --nofork --stderrlog --no-dnssec'

start_libreswan() {
    local node=$1 home=$work/$1
    mkdir -p "$home/nss"
    ipsec_conf "$node" >"$home/ipsec.conf"
    printf ': PSK "%s"\n' "$(of "$node" psk)" >"$home/ipsec.secrets"
    background ip netns exec "$node" sh -c "$enter_root" sh \
        "$state/libreswan" "$home" "$state/plugins/xfrm_yes.so" >>"$home/pluto.log" 2>&1
    daemon[$node]=$!
    wait_for 10 in_libreswan "$node" whack --listen || fail "pluto of $node did not start" "$home/pluto.log"
    in_libreswan "$node" addconn --config /lab/ipsec.conf --ctlsocket /run/pluto/pluto.ctl --autoall ||
        fail "pluto of $node refused the connection" "$home/whack.out"
    note "pluto $node is up"
}

# in_libreswan NODE PROGRAM ARGUMENT..: one of its programs, beside its pluto
in_libreswan() {
    local node=$1 program=$2
    shift 2
    timeout "${patience:-30}" nsenter -t "${daemon[$node]}" -m -n -r "/usr/libexec/ipsec/$program" "$@" \
        >>"$work/$node/whack.out" 2>&1
}

# initiate_libreswan NODE [SECONDS]
initiate_libreswan() {
    local rc=0 patience=${2:-30}
    in_libreswan "$1" whack --name c --initiate || rc=$?
    note "whack $1 --initiate -> $rc"
}
