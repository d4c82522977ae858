#!/bin/bash
# Builds the etcd servers that the tests run on beside the installed one, each from the module in the folder of its
# version, and keeps them outside of the sources; what is there is not built again. Prints "<version> <program>" of each
# that there is; what else is to be said goes to stderr. Where there is no Go, or no way to the modules, this says so and
# prints nothing; that is no failure.
set -euo pipefail
cd "$(dirname "$0")"

cache=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/uvdisco

skipped() {
    echo "**** other versions of etcd: skipped: $1" >&2
    exit 0
}

build() {
    local folder=$1 program=$2 unfinished=$2.$$
    echo "etcd ${folder%/}: building $program" >&2
    (cd "$folder" && go mod download) >&2 || skipped "their modules cannot be obtained"
    mkdir -p "$(dirname "$program")"
    (cd "$folder" && CGO_ENABLED=0 go build -trimpath -o "$unfinished" .) >&2
    mv "$unfinished" "$program"
}

for folder in */; do
    version=$(sed -nE 's,^require go\.etcd\.io/etcd/server/v3 v,,p' "$folder/go.mod")
    program=$cache/etcd-$version/etcd
    if [[ ! -x $program ]]; then
        command -v go >/dev/null || skipped "no Go"
        build "$folder" "$program"
    fi
    reported=$("$program" --version | sed -n 's/^etcd Version: //p')
    [[ $reported == "$version" ]] || { echo "$program says that it is etcd '$reported'" >&2; exit 1; }
    echo "$version $program"
done
