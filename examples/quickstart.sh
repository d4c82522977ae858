#!/bin/bash
# The main job, on a real etcd, with separate processes: three hosts register, a client looks the service up, a
# subscriber is told who comes and goes while one host is stopped politely and another one is killed. Sets the machine
# up and builds first. Whatever happens, nothing is left behind. Usage: examples/quickstart.sh [--api v2|v3|both]
# v2 and both need an etcd that has the v2 API (3.4 or 3.5), which is switched on then. With v3 it is off.
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/setup.sh

api=v2
if [[ $# == 2 && $1 == --api && $2 =~ ^(v2|v3|both)$ ]]; then
    api=$2
elif (($# > 0)); then
    echo "usage: examples/quickstart.sh [--api v2|v3|both]" >&2
    exit 2
fi

pids=()
directory=
clean_up() {
    local rv=$?
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    [[ -z $directory ]] || rm -rf "$directory"
    if ((rv == 0)); then
        echo "quickstart: done, everything is cleaned up"
    else
        echo "quickstart: failed, everything is cleaned up" >&2
    fi
    exit "$rv"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() {
    echo "quickstart: $1" >&2
    [[ ! -e $directory/etcd.log ]] || tail -n 5 "$directory/etcd.log" >&2
    exit 1
}

# Starts a program whose output is shown and kept in a file of that name; its process id is in $started then.
start() {
    local name=$1
    shift
    "$@" >"$directory/$name" 2>&1 &
    started=$!
    pids+=("$started")
}

# Waits until a line of the file has the text, and shows it; fails after half a minute.
wait_for() {
    local file=$directory/$1 text=$2 tries
    for ((tries = 0; tries < 300; tries++)); do
        if grep -qF "$text" "$file" 2>/dev/null; then
            grep -F "$text" "$file" | tail -n 1
            return
        fi
        sleep 0.1
    done
    cat "$file" >&2
    fail "'$text' did not come"
}

listens() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

start_etcd() {
    local tries port peer
    local v2=()
    [[ $api == v3 ]] || v2=(--enable-v2=true)
    for ((tries = 0; tries < 20; tries++)); do
        port=$((20000 + RANDOM % 20000))
        peer=$((port + 1))
        if listens "$port" || listens "$peer"; then
            continue
        fi
        rm -rf "$directory/data"
        start etcd.log "${UVDISCO_ETCD:-etcd}" --name quickstart --data-dir "$directory/data" \
            "${v2[@]}" --listen-client-urls "http://127.0.0.1:$port" \
            --advertise-client-urls "http://127.0.0.1:$port" \
            --listen-peer-urls "http://127.0.0.1:$peer" \
            --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
            --initial-cluster "quickstart=http://127.0.0.1:$peer"
        for ((; tries < 300; tries++)); do
            kill -0 "$started" 2>/dev/null || break
            if grep -q "ready to serve client requests" "$directory/etcd.log"; then
                export ETCD_HOSTS=http://127.0.0.1:$port
                return
            fi
            sleep 0.1
        done
    done
    fail "etcd did not start"
}

uvdisco_set_up build etcd
uvdisco_build release quickstart -DUVDISCO_TESTS=OFF
unset ETCD_HOST ETCD_CACERT ETCD_TLS_CERT ETCD_TLS_KEY ETCD_TLS_INMEMORY
export UVDISCO_API=$api
programs=$PWD/build/quickstart/examples
directory=$(mktemp -d)

start_etcd
echo "quickstart: etcd runs at $ETCD_HOSTS, its API is $api"

start subscriber "$programs/subscriber" web
wait_for subscriber SYNCED
for name in one two three; do
    case $name in one) port=8001 ;; two) port=8002 ;; three) port=8003 ;; esac
    start "$name" "$programs/host" web "$name.example" "$port"
    declare "pid_$name=$started"
    wait_for "$name" READY
    wait_for subscriber "UP $name.example"
done

echo "quickstart: a client looks the service up"
"$programs/lookup" web

echo "quickstart: host one is stopped politely, and gone at once"
kill -TERM "$pid_one"
wait_for one CLOSED
wait_for subscriber "DOWN one.example"

echo "quickstart: host two is killed, and gone when its time to live has passed"
kill -KILL "$pid_two"
{ wait "$pid_two" || true; } 2>/dev/null
wait_for subscriber "DOWN two.example"

echo "quickstart: who is left"
"$programs/lookup" web

kill -TERM "$pid_three"
wait_for subscriber "DOWN three.example"
