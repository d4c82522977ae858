#!/bin/bash
# What README.md shows is what there is: its program is examples/hello.c to the letter and under 60 lines, and its tables
# name every error, option and environment variable. Argument: the root of the sources.
set -euo pipefail
cd "$1"

failures=0
complain() {
    echo "$*"
    failures=$((failures + 1))
}

program=$(awk '/^```c$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md)
[[ $program == "$(<examples/hello.c)" ]] || complain "the program in README.md is not examples/hello.c"
(($(wc -l <examples/hello.c) < 60)) || complain "examples/hello.c has 60 lines or more"

# names WHAT NAMES: each must stand in README.md.
names() {
    local what=$1 name count=0
    while read -r name; do
        count=$((count + 1))
        grep -qw "$name" README.md || complain "README.md does not name the $what $name"
    done
    ((count > 5)) || complain "only $count names of kind $what found"
}
names error < <(sed -nE 's/^ *X\((E[A-Z0-9]+), .*/DISCO_\1/p' include/uvdisco/error.h)
names variable < <(grep -ohE '"((ETCD|UVDISCO)_[A-Z0-9_]+|HOSTNAME)"' lib/client_options.c | tr -d '"' | sort -u)
names option < <(awk '/^typedef struct disco_options_s/,/^} disco_options_t/' include/uvdisco/client.h |
    sed -nE 's,^    (const |disco_)?[a-z0-9_]+ \*?([a-z_]+);.*,\2,p' | grep -vxE 'size|at_fault')

exit $((failures > 0))
