#!/bin/bash
# The harness of the benchmarks, with made-up programs: it writes results of a whole run only, says which program is
# absent, fails or hangs, and leaves no process behind, however it ends. Argument: the root of the sources.
set -euo pipefail
cd "$1"

etcd=$(command -v "${UVDISCO_ETCD:-etcd}")
work=$(mktemp -d)
# Found again in every process that comes of this script.
export UVDISCO_BENCH_TEST=$work
bin=$work/bench/bin
mkdir -p "$bin"
trap 'end_all; rm -rf "$work"' EXIT

failures=0
complain() {
    echo "$*"
    sed 's/^/    /' "$work/output"
    failures=$((failures + 1))
}

left() {
    grep -lsF "UVDISCO_BENCH_TEST=$work" /proc/[0-9]*/environ | cut -d/ -f3 | grep -vxE "$$|$BASHPID" || true
}
# Prints the command of each, but of those that only list them.
left_commands() {
    local pid
    for pid in $(left); do
        { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null || true
        echo
    done | grep -vE '^($|grep |cut |tr |bash .*bench\.sh|/bin/bash .*bench\.sh)' || true
}
# Those that are just ending are waited for.
expect_nothing_left() {
    local tries commands
    for tries in {1..50}; do
        commands=$(left_commands)
        [[ -n $commands ]] || return 0
        sleep 0.1
    done
    complain "$1: left behind after $tries tries: $commands"
}
end_all() {
    local pid
    for pid in $(left); do
        kill -KILL "$pid" 2>/dev/null || true
    done
}

# program NAME COMMANDS: what it does, asked for any case.
program() {
    printf '#!/bin/sh\n[ "$1" = about ] && echo "{\\"about\\": \\"made up\\"}" && exit\n%s\n' "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}
prints() {
    echo "echo '{\"operations\": 10, \"cpu_us\": $1, \"wall_us\": $1, \"peak_kb\": 1}'"
}
all_good() {
    program floor-bench "$(prints 100)"
    program uvdisco-bench "$(prints 100)"
    program curl-bench "$(prints 5000)"
    program go-bench "$(prints 5000)"
    program node-bench "$(prints 5000)"
    program replay-server 'echo "{\"port\": 1}"; exec sleep 1000'
}

case='^lookup, v3, 3 hosts, 8 at once$'
harness() {
    rm -rf "$work/results"
    python3 bench/harness/main.py --build "$work" --etcd "$etcd" --results "$work/results" --timeout 3 --rounds 2 \
        --no-plots --quick --only "$case" "$@" >"$work/output" 2>&1
}

# expect WHAT STATUS TEXT [ARGUMENT...]: runs the harness; without success there are no results.
expect() {
    local what=$1 wanted=$2 text=$3 status=0
    shift 3
    harness "$@" || status=$?
    [[ $status == "$wanted" ]] || complain "$what: status $status"
    grep -qF -- "$text" "$work/output" || complain "$what: it does not say: $text"
    if [[ -e $work/results && $text != "worse than"* && $wanted != 0 ]]; then
        complain "$what: there are results"
    fi
    expect_nothing_left "$what"
}

all_good
expect "a whole run" 0 "Must reach"
for file in table.md lookup.json limits.json; do
    [[ -s $work/results/$file ]] || complain "a whole run: no $file"
done
python3 -m json.tool "$work/results/lookup.json" >"$work/output" || complain "lookup.json is no JSON"
expect "one absent, with a reason" 0 "Go package: absent: no Go here" --absent "go=no Go here"
program uvdisco-bench "$(prints 5000)"
expect "limits missed" 1 "worse than half as much again as wanted"
all_good
program node-bench 'echo "no v3" >&2; exit 77'
expect "a case that is declined" 0 "Must reach"
program curl-bench 'sleep 1000 & wait'
expect "a program that hangs" 1 "curl: hangs"
program curl-bench 'echo "it broke" >&2; exit 3'
expect "a program that fails" 1 "curl fails with status 3: it broke"
program curl-bench 'echo hello'
expect "a program that prints something else" 1 "curl prints no line of JSON"
rm "$bin/curl-bench"
expect "a program that is absent" 1 "curl-bench is not there"
all_good
program replay-server 'exit 1'
expect "a replay server that ends" 1 "the replay server has ended while starting"
all_good
expect "an etcd that is absent" 1 "no-such-etcd" --etcd "$work/no-such-etcd"

# Stopped while a program hangs: by a signal that can be handled, and by one that cannot.
program curl-bench ': >"$UVDISCO_BENCH_TEST/hangs"; exec sleep 1000'
for signal in TERM INT KILL; do
    rm -rf "$work/hangs" "$work/results"
    env --default-signal=INT python3 bench/harness/main.py --build "$work" --etcd "$etcd" --results "$work/results" \
        --quick --only "$case" >"$work/output" 2>&1 &
    pid=$!
    for tries in {1..300}; do
        [[ ! -e $work/hangs ]] || break
        sleep 0.1
    done
    [[ -e $work/hangs ]] || complain "SIG$signal: no program hangs after $tries tries"
    left_commands >"$work/commands"
    kill -s "$signal" "$pid"
    wait "$pid" 2>/dev/null && complain "SIG$signal: it ends as if all were well"
    [[ ! -e $work/results ]] || complain "SIG$signal: there are results"
    expect_nothing_left "SIG$signal"
done
# What the last one could not remove, the next run does.
files=$(sed -n 's/.*--data-dir=\([^ ]*\)\/etcd-.*/\1/p' "$work/commands" | head -n 1)
all_good
[[ -n $files && -d $files ]] || complain "SIGKILL: no files are left in \"$files\""
expect "a run after one that was killed" 0 "Must reach"
[[ ! -e $files ]] || complain "a run after one that was killed: $files is left"

exit $((failures > 0))
