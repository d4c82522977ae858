#!/bin/bash
# What the libraries show and what they need. Arguments: the shared library ("" if not built), the static one.
set -euo pipefail
shared=$1
static=$2

failures=0
refuse() {
    if [[ -n $2 ]]; then
        printf '%s:\n%s\n' "$1" "$2"
        failures=$((failures + 1))
    fi
}

# Instrumentation by the sanitizers or gcov adds symbols of its own.
mine() { grep -vE '^(__asan|__odr_asan|__ubsan|__gcov|__llvm|_init$|_fini$|mangle_path$)' || true; }

# The awks say that nm has said something, so that an empty list is not taken for a good one.
exported=$(nm -D --defined-only ${shared:+"$shared"} | awk '{ print $NF }' | mine)
if [[ -n $shared ]]; then
    grep -q '^disco_client_new$' <<<"$exported" || refuse "not exported" "disco_client_new"
    refuse "exported, but not public" "$(grep -vE '^disco_[a-z0-9]' <<<"$exported" || true)"
    declared=$(grep -hoE '\bdisco_[a-z0-9_]+\(' "$(dirname "$0")"/../../include/uvdisco/*.h |
        tr -d '(' | sort -u)
    refuse "exported, but in no public header" \
        "$(comm -13 <(echo "$declared") <(sort -u <<<"$exported"))"
fi

global=$(nm --defined-only --extern-only "$static" | awk 'NF == 3 { print $3 }' | mine | sort -u)
grep -q '^disco_client_new$' <<<"$global" || refuse "not in the static library" "disco_client_new"
refuse "global in the static library without the prefix" "$(grep -v '^disco_' <<<"$global" || true)"

for library in ${shared:+"$shared"} "$static"; do
    all=$(nm "$library" | awk '{ print $NF }')
    [[ -n $all ]] || refuse "no symbols" "$library"
    needed=$(nm --undefined-only "$library" | awk '{ print $NF }' | sed 's/@.*//')
    refuse "llhttp needed by $library" "$(grep '^llhttp_' <<<"$needed" || true)"
    refuse "needed by $library" \
        "$(grep -xE 'pthread_create|thrd_create|uv_thread_create(_ex)?|uv_queue_work' <<<"$needed" || true)"
done

if ((failures > 0)); then
    exit 1
fi
echo "$(wc -l <<<"$exported") symbols are exported"
