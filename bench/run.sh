#!/bin/bash
# Measures this library beside what a user would pick instead: sets the machine up, builds all programs, starts real
# etcd servers and a server that replays their answers, runs every case, and writes bench/results. Usage:
#
#   bench/run.sh [--quick] [--results DIRECTORY] [<argument of bench/harness/main.py>...]
#
# --quick takes less than two minutes, writes its results to a temporary directory, and fails when a limit is missed by
# more than half. A run that is cut short writes nothing and leaves no process behind. UVDISCO_ETCD: the etcd to use, if
# not the installed one.
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/setup.sh

work=$(mktemp -d)
harness=
at_exit() {
    if [[ -n $harness ]]; then
        kill "$harness" 2>/dev/null || true
        wait "$harness" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

quick=no
results=
arguments=()
while (($# > 0)); do
    case $1 in
    --quick) quick=yes ;;
    --results)
        results=$2
        shift
        ;;
    *) arguments+=("$1") ;;
    esac
    shift
done

python=/usr/bin/python3
purposes=(build etcd bench)
if [[ $quick == yes ]]; then
    arguments+=(--quick)
else
    purposes+=(plot)
fi
uvdisco_set_up "${purposes[@]}"
[[ -x $python ]] || python=python3

build=$PWD/build/bench
uvdisco_build release bench -DCMAKE_BUILD_TYPE=Release -DUVDISCO_BENCH=ON -DUVDISCO_TESTS=OFF \
    -DUVDISCO_EXAMPLES=OFF -DUVDISCO_WERROR=ON

results=${results:-$([[ $quick == yes ]] && echo "$work/results" || echo bench/results)}

# Peers that CMake does not build: status 77 is that of one that cannot be on this machine, with the reason.
for script in bench/peers/*/build.sh; do
    [[ -e $script ]] || continue
    peer=$(basename "$(dirname "$script")")
    status=0
    "$script" "$build" 2>"$work/errors" || status=$?
    if ((status == 77)); then
        echo "$peer: absent: $(tail -n 1 "$work/errors")"
        arguments+=(--absent "$peer=$(tail -n 1 "$work/errors")")
    elif ((status != 0)); then
        cat "$work/errors" >&2
        echo "$peer cannot be built" >&2
        exit 1
    fi
done

# Beside this shell, so that a signal is seen at once.
"$python" bench/harness/main.py --build "$build" --etcd "$(command -v "${UVDISCO_ETCD:-etcd}")" \
    --results "$results" --parent "$$" "${arguments[@]}" &
harness=$!
status=0
wait "$harness" || status=$?
harness=
exit "$status"
