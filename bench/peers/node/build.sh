#!/bin/bash
# Makes node-bench. Usage: bench/peers/node/build.sh <build directory>. Status 77: it cannot be on this machine.
#
# Its modules are those of package-lock.json, and lie in the build directory; they are fetched again when that changes.
set -euo pipefail
cd "$(dirname "$0")"
build=$1/bench
place=$build/node

absent() {
    echo "$*" >&2
    exit 77
}
command -v node >/dev/null || absent "there is no Node"
command -v npm >/dev/null || absent "there is no npm"

mkdir -p "$place" "$build/bin"
cp ./*.js package.json "$place"
if ! cmp -s package-lock.json "$place/fetched" || [[ ! -d $place/node_modules ]]; then
    cp package-lock.json "$place"
    rm -f "$place/fetched"
    (cd "$place" && npm ci --ignore-scripts --no-audit --no-fund) >"$place/npm.log" 2>&1 ||
        absent "the modules of Node cannot be obtained"
    cp package-lock.json "$place/fetched"
fi
printf '#!/bin/sh\nexec node "%s" "$@"\n' "$place/main.js" >"$build/bin/node-bench"
chmod +x "$build/bin/node-bench"
