# SPDX-License-Identifier: GPL-2.0-or-later
# Debian packages for what runs on this machine. Sourced.
# shellcheck shell=bash

# apt_get ARGUMENT..: quietly, and as root: by sudo where it must be. Fails where there is no apt.
apt_get() {
    local sudo=()
    command -v apt-get >/dev/null || return
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
}

apt_install() { apt_get install -y --no-install-recommends "$@"; }

# has COMMAND [PACKAGE..]: whether the command is there; if need be these packages, or that of its name, are
# installed.
has() {
    local command=$1
    shift
    command -v "$command" >/dev/null && return
    apt_install "${@:-$command}" >/dev/null 2>&1
    command -v "$command" >/dev/null
}
