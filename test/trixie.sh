#!/bin/bash
# Builds, with all warnings as errors, and runs the test suite inside a Debian trixie tree, which has mbedTLS 3.6,
# llhttp 9, libuv 1.50 and etcd 3.5. The tree is made by debootstrap the first time, and kept outside of the sources:
# half a minute, and as much for the packages that the suite installs. The suite takes as long as outside. Arguments are
# those of run.sh. To be run as root. Where there is no way to such a tree this says so, and that is no failure.
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/setup.sh

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/uvdisco
tree=$cache/trixie

skipped() {
    echo "**** trixie: skipped: $1"
    exit 0
}

# The mirror that this machine's apt has Debian's packages from.
mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' \
        'Component: main' | head -n 1
}

make_tree() {
    local url started=$SECONDS
    uvdisco_has apt-get || skipped "no apt-get"
    uvdisco_has debootstrap || uvdisco_set_up tree
    url=$(mirror)
    if [[ -z $url ]]; then
        apt-get -q update >/dev/null
        url=$(mirror)
    fi
    [[ -n $url ]] || skipped "apt knows no mirror of Debian"
    rm -rf "$tree.unfinished"
    mkdir -p "$cache"
    echo "trixie: making $tree"
    if ! debootstrap --variant=minbase trixie "$tree.unfinished" "$url" >"$cache/trixie.log" 2>&1; then
        tail -n 20 "$cache/trixie.log"
        rm -rf "$tree.unfinished"
        skipped "debootstrap failed"
    fi
    mv "$tree.unfinished" "$tree"
    echo "trixie: made in $((SECONDS - started)) s"
}

# Runs in namespaces of its own: mounts and processes are gone with it, however it ends.
run_inside() {
    set -euo pipefail
    mount --make-rprivate /
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount -t tmpfs tmpfs "$tree/dev/shm"
    mount -t tmpfs tmpfs "$tree/mnt"
    cp -L /etc/resolv.conf /etc/hosts "$tree/etc/"
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory "$tree/mnt"
    chroot "$tree" /usr/bin/env -i HOME=/root LANG=C PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        UVDISCO_CMAKE_OPTIONS=-DUVDISCO_WERROR=ON /mnt/test/run.sh "$@"
}

[[ $(id -u) == 0 ]] || skipped "it needs root"
unshare --mount --pid --fork true 2>/dev/null || skipped "there are no namespaces here"
[[ -d $tree ]] || make_tree
export tree
export -f run_inside
# What is started here ends with this script, even if that is stopped by a signal.
unshare --mount --pid --fork --kill-child bash -c 'run_inside "$@"' run_inside "$@" &
inside=$!
trap 'kill -KILL "$inside" 2>/dev/null || true' EXIT
trap 'exit 143' INT TERM
wait "$inside"
