# SPDX-License-Identifier: GPL-2.0-or-later
# What setup makes below build/lab, and how one knows that it is there: each part has a file made-of, with
# the versions and checksums of what it was made of and of what came out. When that no longer fits, the
# part is made again. Sourced by setup, run and scenario.sh.
# shellcheck shell=bash disable=SC2154

state=$(cd "$lab/../.." && pwd)/build/lab

# checksums FILE..: with their bare names, since a checkout may move
checksums() { sha256sum "$@" 2>/dev/null | sed 's,  .*/,  ,'; }

# made_of plugins|pki: what made-of has to say
made_of() {
    case $1 in
        plugins)
            dpkg-query -W -f 'charon ${Version}\n' strongswan-charon 2>/dev/null
            checksums "$lab"/{plugins.sh,kernel_none.c,charon_config.h,xfrm_yes.c} \
                "$state"/plugins/{kernel_none,save_keys,xfrm_yes}.so
            ;;
        pki) checksums "$lab/pki.sh" "$state"/pki/*.{crt,key} ;;
    esac
}

# is_made plugins|pki|libreswan
is_made() {
    if [ "$1" = libreswan ]; then
        libreswan_root --check
    else
        [ "$(made_of "$1")" = "$(cat "$state/$1/made-of" 2>/dev/null)" ]
    fi
}

# libreswan_root [--check]: Libreswan cannot be installed beside strongSwan, so it has a Debian root
libreswan_root() {
    "$lab/../lib/debian-root" "$@" "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$state/libreswan" \
        libreswan bind9-host
}
