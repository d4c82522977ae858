#!/bin/bash
# Proves that a floor reaches its own headers and those of the floors it names, and no others, with the flags that its
# sources are compiled with. Arguments: the compiler, the root of the sources, a file of lines
# "<floor>:<floors it sees, spaces between>:<include directories, semicolons between>".
set -euo pipefail
compiler=$1
root=$2
list=$3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

failures=0
complain() {
    echo "$*"
    failures=$((failures + 1))
}

compiles() {
    printf '%s\n' "$1" 'extern int nothing;' >probe.c
    "$compiler" -std=gnu11 -fsyntax-only "${flags[@]}" probe.c 2>errors
}

mapfile -t floors < <(cut -d: -f1 "$list")
((${#floors[@]} >= 6)) || complain "only ${#floors[@]} floors in $list"

checked=0
while IFS=: read -r floor sees directories; do
    flags=()
    IFS=';' read -ra list_of_directories <<<"$directories"
    for directory in "${list_of_directories[@]}"; do
        flags+=("-I$directory")
    done
    for other in "${floors[@]}"; do
        for header in "$root/lib/$other"/*.h; do
            [[ -e $header ]] || continue
            name=$other/$(basename "$header")
            checked=$((checked + 1))
            if [[ " $sees " != *" $other "* ]]; then
                compiles "#include \"$name\"" && complain "$floor reaches $name"
                grep -q "$name" errors || complain "$floor does not reach $name for another reason: $(<errors)"
            elif [[ $other == "$floor" ]]; then
                compiles "#include \"$name\"" || complain "$name does not compile by itself: $(<errors)"
            else
                compiles "#if !__has_include(\"$name\")
#error not reached
#endif" || complain "$floor does not reach $name"
            fi
        done
    done
done <"$list"

((checked > 0)) || complain "no header found under $root/lib"
if ((failures > 0)); then
    exit 1
fi
echo "$checked includes"
