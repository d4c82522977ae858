#!/bin/bash
# Runs programs that use the Go package github.com/Scalingo/etcd-discovery/v8 beside programs that use this library, on
# one etcd. Usage: test/interop/run.sh [-p <preset>] [<argument of go test>...]; presets as for test/run.sh.
#
# The Go package is the real one where its module can be downloaded (go.mod asks for it). Where it cannot, it is
# standin/, which has the same API (standin.mod puts it in its place). The last line says which. Where there is no Go,
# this says so, and that is no failure.
set -euo pipefail
cd "$(dirname "$0")/../.."
. cmake/setup.sh

preset=debug
if [[ ${1:-} == -p ]]; then
    preset=$2
    shift 2
fi

skipped() {
    echo "**** interop with the Go package: skipped: $1"
    exit 0
}
uvdisco_has go || skipped "no Go"

uvdisco_set_up build etcd test
# shellcheck disable=SC2086
uvdisco_build "$preset" "$preset" -DUVDISCO_TESTS=ON ${UVDISCO_CMAKE_OPTIONS:-}
UVDISCO_DRIVER=$PWD/build/$preset/test/interop_driver
UVDISCO_ETCD=$(command -v "${UVDISCO_ETCD:-etcd}")
UVDISCO_APIS=${UVDISCO_APIS:-v2 both auto}
export UVDISCO_DRIVER UVDISCO_ETCD UVDISCO_APIS
unset ETCD_HOST ETCD_HOSTS ETCD_CACERT ETCD_TLS_CERT ETCD_TLS_KEY ETCD_TLS_INMEMORY

cd test/interop
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
module=$(sed -n 's/^require //p' go.mod)
if (cd "$work" && go mod download "${module/ /@}") 2>"$work/refusal"; then
    package="the package itself, ${module#* }"
    cp go.mod "$work/real.mod"
    # Its own dependencies are added, and checked against the checksum database.
    options=(-modfile="$work/real.mod" -mod=mod)
else
    cat "$work/refusal"
    package="A STAND-IN, since the module cannot be downloaded"
    options=(-modfile=standin.mod)
    go mod download -modfile=standin.mod || skipped "the modules cannot be obtained"
    go vet "${options[@]}" . "${module% *}/service"
fi
echo "interop with the Go package: it is $package"
go test "${options[@]}" -count=1 -v "$@" . | tee "$work/output"
echo "**** interop with the Go package: $(grep -c '^--- PASS' "$work/output") tests passed, $UVDISCO_APIS, with $package"
