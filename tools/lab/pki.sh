# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the certificates of the two ends. Sourced by setup.
# shellcheck shell=bash disable=SC2154

# sign NAME SUBJECT ISSUER EXTENSIONS KEY_ARGUMENT..: a key and its certificate. Serial numbers are
# of one length, so that a certificate has the same length each time it is made.
sign() {
    local name=$1 subject=$2 issuer=(-CA "$3.crt" -CAkey "$3.key") extensions=$4
    [ "$3" != self ] || issuer=(-signkey "$name.key")
    shift 4
    openssl genpkey -out "$name.key" "$@" 2>/dev/null
    openssl req -new -key "$name.key" -subj "$organisation/CN=$subject" -out "$name.csr"
    openssl x509 -req -in "$name.csr" "${issuer[@]}" -set_serial $((serial += 1)) -days 3650 \
        -out "$name.crt" -extfile <(echo "$extensions") 2>/dev/null
    rm -f "$name.csr"
}

# Sizes matter: the messages with certificates must not fit into one packet, so keys and names are
# long. MM5 is two IKE fragments, and three where the non-ESP marker takes four bytes more of each.
make_pki() (
    local end name
    local ca=$'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign'
    local rsa=(-algorithm RSA -pkeyopt) serial=1000
    local organisation="/C=CH/O=ikex laboratory with a deliberately long name/OU=department of real daemons"
    say "making certificates"
    mkdir -p "$state/pki"
    cd "$state/pki" || exit
    sign root "ikex lab root" self "$ca" "${rsa[@]}" rsa_keygen_bits:2048
    sign intermediate "ikex lab intermediate" root "$ca" "${rsa[@]}" rsa_keygen_bits:4096
    for end in i:initiator r:responder; do
        name=${end#*:}.example.net
        sign "leaf-${end%%:*}" "$name" intermediate "subjectAltName=DNS:$name" "${rsa[@]}" rsa_keygen_bits:4096
        sign "small-${end%%:*}" "$name" intermediate "subjectAltName=DNS:$name" "${rsa[@]}" rsa_keygen_bits:2048
    done
)
