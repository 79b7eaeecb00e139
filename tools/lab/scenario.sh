# SPDX-License-Identifier: GPL-2.0-or-later
# Runs one scenario, inside namespaces of its own: tools/lab/run starts it as
#     bash scenario.sh NAME WORK
# and leaves in WORK what truth.py reads: captures, the daemons' logs and keys, lab.log.
# When this shell ends, all that it started ends with its PID namespace.
# shellcheck shell=bash source-path=SCRIPTDIR
set -euo pipefail

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$lab/state.sh"
name=$1 work=$2
ipv6=false
declare -A daemon=()
captures=()

note() { printf '[%s] %s\n' "$(date +%s.%3N)" "$*" >>"$work/lab.log"; }

# fail TEXT [FILE]: with the end of the file that knows more
fail() {
    printf '%s: %s\n' "$name" "$1" >&2
    [ -z "${2:-}" ] || tail -n 5 "$2" >&2
    exit 1
}

background() { "$@" & }

# wait_for SECONDS COMMAND..: until it succeeds
wait_for() {
    local tries=$(($1 * 20))
    shift
    until "$@" 2>/dev/null; do
        [ $((tries -= 1)) -gt 0 ] || return 1
        sleep 0.05
    done
}

# stop SIGNAL PID..: and wait for them, without bash's word on each that was killed
stop() {
    local signal=$1
    shift
    [ $# = 0 ] || { kill "-$signal" "$@"; wait "$@"; } 2>/dev/null || true
}

# Daemons first and without a farewell, so that the captures hold nothing after the scenario's end.
stop_all() {
    [ -z "${IKEX_LAB_UNTIL:-}" ] || wait_for 100 test -e "$IKEX_LAB_UNTIL" || fail "there is no $IKEX_LAB_UNTIL"
    sleep 0.4
    stop KILL "${daemon[@]}"
    sleep 0.2
    stop INT "${captures[@]}"
}

. "$lab/net.sh"
. "$lab/strongswan.sh"
. "$lab/libreswan.sh"
. "$lab/scenarios.sh"

mount -t tmpfs none /run # "ip netns" keeps names there
"$name"
stop_all
printf '%s\n' "${nodes[@]}" >"$work/nodes"
