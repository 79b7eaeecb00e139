# SPDX-License-Identifier: GPL-2.0-or-later
# Builds what is preloaded into the daemons: kernel_none.so and save_keys.so for charon, xfrm_yes.so for
# pluto. Sourced by setup.
# shellcheck shell=bash disable=SC2154

# Debian's own archives as this machine's apt knows them, as "URI suite" lines.
debian_archives() {
    # shellcheck disable=SC2016 # apt-get fills these in
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME)' "Created-By: Packages" |
        awk '$1 == "Debian" && $3 !~ /updates/ { print $2, $3 }' | sort -u
}

# apt_sources ARGUMENT..: apt-get with source lists of its own, so that the machine's stay as they are.
apt_sources() {
    apt-get -qq -o Dir::Etc::SourceList="$state/source/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$state/source/lists" -o APT::Sandbox::User=root "$@"
}

# The source of the strongSwan that is installed. An archive may lack the source of the very latest
# security upload; another revision of the same upstream version has the same headers.
fetch_strongswan() {
    local version upstream candidate
    version=$(dpkg-query -W -f '${Version}' strongswan-charon)
    upstream=${version%%-*}
    [ -d "$state/source/strongswan-$upstream" ] && { echo "$state/source/strongswan-$upstream"; return; }
    mkdir -p "$state/source/lists/partial"
    debian_archives | sed 's/.*/deb-src & main/' >"$state/source/sources.list"
    apt_sources update >&2 || die "apt cannot read the lists of sources" 3
    for candidate in "$version" $(apt-cache -o Dir::Etc::SourceList="$state/source/sources.list" \
        -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$state/source/lists" showsrc strongswan |
        sed -n "s/^Version: \($upstream-.*\)/\1/p" | sort -rV); do
        (cd "$state/source" && apt_sources source "strongswan=$candidate" >/dev/null 2>&1) && break
    done
    [ -d "$state/source/strongswan-$upstream" ] || die "no source of strongSwan $upstream could be fetched" 3
    echo "$state/source/strongswan-$upstream"
}

make_plugins() {
    local source flags
    say "building the plugins of charon and pluto"
    source=$(fetch_strongswan)
    mkdir -p "$state/plugins"
    gcc -shared -fPIC -O2 -Wall -Wextra "$lab/xfrm_yes.c" -o "$state/plugins/xfrm_yes.so"
    # -Wno-format: strongSwan has printf formats of its own
    flags=(-shared -fPIC -O2 -Wall -Wno-format -Wno-deprecated-declarations -include "$lab/charon_config.h"
        "-I$source/src/libstrongswan" "-I$source/src/libcharon")
    gcc "${flags[@]}" "$lab/kernel_none.c" -o "$state/plugins/kernel_none.so"
    gcc "${flags[@]}" "$source"/src/libcharon/plugins/save_keys/*.c -o "$state/plugins/save_keys.so"
}
