# SPDX-License-Identifier: GPL-2.0-or-later
# strongSwan at an end: its two configuration files, and what one tells it. Sourced by scenario.sh.
# shellcheck shell=bash disable=SC2154,SC2004

# What both ends use unless a scenario says otherwise with "both KEY=VALUE" or "only NODE KEY=VALUE".
# KEY.NODE is for that node alone.
declare -A setting=(
    [version]=1
    [aggressive]=no
    [proposals]=aes256-sha256-modp2048
    [esp]=aes256-sha256
    [auth]=psk
    [psk]=lab-preshared-key
    [certificate]=leaf
    [fragmentation]=no
    [mobike]=no
    [mode]=tunnel
    [ipsec]=kernel-none
    [id.i]=initiator.example.net
    [id.r]=responder.example.net
    [peer_id]=%any
    [peer_id.i]=responder.example.net
    [address.i]=10.1.0.2
    [address.r]=10.2.0.2
    [peer_address]=10.2.0.2
    [peer_address.r]=%any
    [local_ts.i]=10.10.1.0/24
    [remote_ts.i]=10.10.2.0/24
    [local_ts.r]=10.10.2.0/24
    [remote_ts.r]=10.10.1.0/24
    # much shorter than the defaults, so that giving up takes seconds
    [timers]="retransmit_timeout=1.2 retransmit_base=1.5 retransmit_tries=3"
    [charon]=''     # more for charon in strongswan.conf: "KEY=VALUE KEY=VALUE"
    [connection]='' # the same for the connection in swanctl.conf
    [local]=''      # .. for its local section
    [remote]=''     # .. for its remote section
    [peer_auth]=''  # how the peer proves itself, where that is not as auth
    [xauth]=''      # "local" or "remote": who logs in with XAUTH
    [login]=''      # the password of the user carol: xauth=PASSWORD or eap=PASSWORD
    [pool]=''       # yes: addresses for clients
    [second_child]='' # LOCAL,REMOTE: another child, named net2
    [second_esp]=aes128-sha1 # .. and its proposal: the logs tell the two children apart by it
)

charon_plugins="random nonce openssl aes sha1 sha2 md5 hmac x509 pem pkcs1 pkcs8 revocation constraints pubkey
    gmp curve25519 kdf gcrypt xcbc cmac socket-default %s kernel-netlink vici xauth-generic
    eap-identity eap-mschapv2 attr updown save-keys"

both() {
    local pair
    for pair in "$@"; do setting[${pair%%=*}]=${pair#*=}; done
}

only() {
    local node=$1 pair
    shift
    for pair in "$@"; do setting[${pair%%=*}.$node]=${pair#*=}; done
}

# of NODE KEY: the node's own setting, else the common one
of() { echo "${setting[$2.$1]-${setting[$2]-}}"; }

# role NODE: i2, i3 are initiators too
role() { echo "${1:0:1}"; }

lines() { tr ' ' '\n' <<<"$1"; }

# optional KEY VALUE: the line "KEY = VALUE", or nothing
optional() { [ -z "$2" ] || echo "$1 = $2"; }

charon_conf() {
    local node=$1 home=$work/$1 ipsec
    ipsec=$(of "$node" ipsec)
    # shellcheck disable=SC2059
    cat <<CONF
charon {
    load_modular = no
    load = $(printf "$charon_plugins" "$ipsec" | xargs)
    install_routes = $([ "$ipsec" = kernel-libipsec ] && echo yes || echo no)
    fragment_size = 1280
$(lines "$(of "$node" timers)")
$(lines "$(of "$node" charon)")
    plugins {
        vici { socket = unix://$home/vici }
        kernel-libipsec { allow_peer_ts = yes }
        save-keys {
            wireshark_keys = $home/keys
            ike = yes
            esp = yes
        }
    }
    filelog {
        main {
            path = $home/charon.log
            time_format = %s
            time_add_ms = yes
            flush_line = yes
            default = 1
            ike = 2
            cfg = 2
            net = 2
            chd = 2
            enc = 1
        }
    }
}
swanctl { load = random openssl pem pkcs1 pkcs8 x509 sha1 sha2 gmp }
CONF
}

# authentication NODE local|remote: the sections of one side; XAUTH is a second round of IKEv1
authentication() {
    local node=$1 side=$2 auth id
    auth=$(of "$node" auth)
    id=$(of "$node" id)
    if [ "$side" = remote ]; then
        auth=$(of "$node" peer_auth)
        auth=${auth:-$(of "$node" auth)}
        id=$(of "$node" peer_id)
    fi
    cat <<CONF
        $side {
            auth = $auth
            id = $id
            $([ "$auth/$side" = pubkey/local ] && echo "certs = leaf.pem")
$(lines "$(of "$node" "$side")")
        }
CONF
    [ "$(of "$node" xauth)" = "$side" ] || return 0
    cat <<CONF
        $side-xauth {
            auth = xauth
            $([ "$side" = local ] && echo "xauth_id = carol")
        }
CONF
}

# child NODE NAME LOCAL REMOTE ESP
child() {
    cat <<CONF
            $2 {
                mode = $(of "$1" mode)
                esp_proposals = $5
                $(optional local_ts "$3")
                $(optional remote_ts "$4")
            }
CONF
}

children() {
    local node=$1 second
    child "$node" net "$(of "$node" local_ts)" "$(of "$node" remote_ts)" "$(of "$node" esp)"
    second=$(of "$node" second_child) # LOCAL,REMOTE
    [ -z "$second" ] || child "$node" net2 "${second%,*}" "${second#*,}" "$(of "$node" second_esp)"
}

swanctl_conf() {
    local node=$1
    cat <<CONF
connections {
    c {
        version = $(of "$node" version)
        aggressive = $(of "$node" aggressive)
        proposals = $(of "$node" proposals)
        local_addrs = $(of "$node" address)
        remote_addrs = $(of "$node" peer_address)
        fragmentation = $(of "$node" fragmentation)
        mobike = $(of "$node" mobike)
$(lines "$(of "$node" connection)")
$(authentication "$node" local)
$(authentication "$node" remote)
        children {
$(children "$node")
        }
    }
}
secrets {
    ike-1 { secret = "$(of "$node" psk)" }
$(login_secret "$node")
}
pools {
$(address_pool "$node")
}
CONF
}

# The password of the one user that there is, as KIND=PASSWORD in "login"; KIND is xauth or eap.
login_secret() {
    local login
    login=$(of "$1" login)
    [ -n "$login" ] || return 0
    printf '    %s-1 {\n        id = carol\n        secret = "%s"\n    }\n' "${login%%=*}" "${login#*=}"
}

address_pool() {
    [ "$(of "$1" pool)" = yes ] || return 0
    printf '    p {\n        addrs = 10.20.0.0/24\n        dns = 10.20.0.53\n    }\n'
}

install_certificates() {
    local node=$1 home=$work/$1/swanctl name
    [[ "$(of "$node" auth) $(of "$node" peer_auth)" = *pubkey* ]] || return 0
    name=$(of "$node" certificate)-$(role "$node")
    cp "$state/pki/root.crt" "$home/x509ca/root.pem"
    cp "$state/pki/intermediate.crt" "$home/x509/intermediate.pem"
    cp "$state/pki/$name.crt" "$home/x509/leaf.pem"
    cp "$state/pki/$name.key" "$home/private/leaf.pem"
}

# configure NODE: its folder, from the settings as they are now
configure() {
    local home=$work/$1
    mkdir -p "$home/keys" "$home/swanctl"/{x509,x509ca,private}
    charon_conf "$1" >"$home/strongswan.conf"
    swanctl_conf "$1" >"$home/swanctl/swanctl.conf"
    install_certificates "$1"
}

# start NODE: charon writes a PID file below /run; there each has a /run of its own
start() {
    local node=$1 home=$work/$1
    [ -e "$home/strongswan.conf" ] || configure "$node"
    background ip netns exec "$node" sh -c 'mount -t tmpfs none /run && exec env "$@" /usr/lib/ipsec/charon' sh \
        STRONGSWAN_CONF="$home/strongswan.conf" \
        LD_PRELOAD="$state/plugins/kernel_none.so $state/plugins/save_keys.so" >>"$home/charon.out" 2>&1
    daemon[$node]=$!
    wait_for 10 test -S "$home/vici" || fail "charon of $node did not start" "$home/charon.out"
    SWANCTL_DIR=$home/swanctl STRONGSWAN_CONF=$home/strongswan.conf \
        timeout 10 swanctl --load-all --uri "unix://$home/vici" >"$home/load.out" 2>&1 ||
        fail "swanctl could not load the configuration of $node" "$home/load.out"
    note "charon $node is up"
}

# control NODE ARGUMENT..: swanctl; how it ends belongs to the scenario
control() {
    local node=$1 rc=0
    shift
    STRONGSWAN_CONF=$work/$node/strongswan.conf timeout 60 swanctl "$@" --uri "unix://$work/$node/vici" \
        >>"$work/$node/swanctl.out" 2>&1 || rc=$?
    note "swanctl $node $* -> $rc"
}

# initiate [NODE] [SECONDS]
initiate() { control "${1:-i}" --initiate --child net --timeout "${2:-40}"; }

# kill_end NODE: it has no time to send a Delete
kill_end() {
    stop KILL "${daemon[$1]}"
    rm -f "$work/$1/vici"
    note "killed $1"
}
