#!/bin/bash
# Builds go-bench. Usage: bench/peers/go/build.sh <build directory>. Status 77: it cannot be built on this machine.
#
# The Go package is the real one where its module can be downloaded (go.mod asks for it). Where it cannot, it is the
# stand-in of test/interop; the program says which.
set -euo pipefail
cd "$(dirname "$0")"
build=$1/bench
interop=$PWD/../../../test/interop

absent() {
    echo "$*" >&2
    exit 77
}
command -v go >/dev/null || absent "there is no Go"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
module=$(sed -n 's/^require //p' go.mod)
if (cd "$work" && go mod download "${module/ /@}") >"$work/refusal" 2>&1; then
    cp go.mod "$work/bench.mod"
    # Its own dependencies are added, and checked against the checksum database.
    options=(-modfile="$work/bench.mod" -mod=mod)
else
    sed "s|=> \./standin|=> ${interop//|/\\|}/standin|" "$interop/standin.mod" >"$work/bench.mod"
    cp "$interop/standin.sum" "$work/bench.sum"
    options=(-modfile="$work/bench.mod")
    go mod download "${options[@]}" >"$work/refusal" 2>&1 || absent "the modules of Go cannot be obtained"
fi
mkdir -p "$build/bin"
go vet "${options[@]}" .
go build "${options[@]}" -trimpath -o "$build/bin/go-bench" .
