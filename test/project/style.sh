#!/bin/bash
# The rules of the house that a compiler does not check. Argument: the root of the sources.
set -euo pipefail
cd "$1"

failures=0
complain() {
    echo "$*"
    failures=$((failures + 1))
}

# Prints a file without comments, and with empty string literals, lines kept.
bare() {
    awk '
    {
        out = ""
        line = $0
        while (line != "") {
            if (inside) {
                end = index(line, "*/")
                if (end == 0) { line = ""; continue }
                line = substr(line, end + 2); inside = 0; continue
            }
            if (substr(line, 1, 2) == "/*") { inside = 1; line = substr(line, 3); continue }
            if (substr(line, 1, 1) == "\"" && out !~ /#include *$/) {
                if (match(line, /^"([^"\\]|\\.)*"/)) { out = out "\"\""; line = substr(line, RLENGTH + 1); continue }
            }
            if (match(line, /^\x27([^\x27\\]|\\.)+\x27/)) { out = out "0"; line = substr(line, RLENGTH + 1); continue }
            out = out substr(line, 1, 1)
            line = substr(line, 2)
        }
        print out
    }' "$1"
}

# Prints "<name> <lines>" of each function of a file in the project's format, where only bodies of functions have braces
# in the first column. A function begins where its declaration begins.
functions() {
    awk '
    /^[^ \t{}#\/*]/ && !open { if (start == 0) start = NR; if (name == "" && match($0, /[a-z_0-9]+\(/)) name = substr($0, RSTART, RLENGTH - 1) }
    /^{$/ { open = 1 }
    /^}$/ && open { print name, NR - start + 1; open = 0; start = 0; name = "" }
    /^$/ && !open { start = 0; name = "" }
    /;$/ && !open { start = 0; name = "" }
    ' "$1"
}

mapfile -t sources < <(find lib include -name '*.c' -o -name '*.h' | sort)
((${#sources[@]} > 30)) || complain "only ${#sources[@]} sources found: is this the root of the project?"

for file in "${sources[@]}"; do
    lines=$(wc -l <"$file")
    ((lines <= 500)) || complain "$file: $lines lines"

    if [[ $file == *.c ]]; then
        count=0
        while read -r name lines; do
            count=$((count + 1))
            ((lines <= 80)) || complain "$file: $name has $lines lines"
        done < <(functions "$file")
        ((count > 0)) || complain "$file: no function found: is it in the project's format?"
    fi

    code=$(bare "$file")
    matches() { grep -nE "$1" <<<"$code" || true; }
    refuse() {
        local found
        found=$(matches "$2")
        [[ -z $found ]] || complain "$file: $1: $found"
    }
    refuse "relative include" '^[[:space:]]*#[[:space:]]*include[[:space:]]*"\.\.?/'
    refuse "assert" '(^|[^_[:alnum:]])assert[[:space:]]*\('
    refuse "output or exit" '(^|[^_[:alnum:]])(printf|fprintf|puts|fputs|perror|exit|abort|system)[[:space:]]*\('
    refuse "unbounded copy" '(^|[^_[:alnum:]])(strcpy|strcat|sprintf|vsprintf|gets|strtok)[[:space:]]*\('
    refuse "thread" '(^|[^_[:alnum:]])(pthread_|uv_thread_|uv_queue_work|uv_mutex_)'
    if [[ $file == lib/*/* ]]; then
        refuse "include without its floor" '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^/"]*"'
    fi
    if [[ $file != lib/base/alloc.c ]]; then
        refuse "allocation past the hooks" \
            '(^|[^_[:alnum:]])(malloc|calloc|realloc|free|strdup|strndup)[[:space:]]*\('
    fi

    # System headers: C11 and libuv; each third party in its own floor only.
    while read -r header; do
        case $header in
        std*.h | string.h | limits.h | inttypes.h | ctype.h | errno.h | float.h | math.h | time.h) ;;
        uv.h | uvdisco.h | uvdisco/*) ;;
        mbedtls/* | psa/*) [[ $file == lib/net/* ]] || complain "$file: <$header> outside of lib/net" ;;
        llhttp.h) [[ $file == lib/http/* ]] || complain "$file: <$header> outside of lib/http" ;;
        cjson/*) [[ $file =~ ^lib/(json|etcd|disco)/ ]] || complain "$file: <$header> below lib/json" ;;
        # The vector instructions of x86, which a portable way stands beside.
        emmintrin.h) [[ $file == lib/json/stop.h ]] || complain "$file: <$header> outside of lib/json/stop.h" ;;
        immintrin.h)
            [[ $file == lib/base/base64.c || $file == lib/json/stop.c ]] || complain "$file: <$header> outside of where it belongs" ;;
        *) complain "$file: <$header> is neither C11 nor a library of this project" ;;
        esac
    done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*<([^>]*)>.*/\1/p' <<<"$code")
done

# Scripts, Go, Python and JavaScript: no longer than C, and no address of a machine but this one: mirrors and registries
# are those that the machine is set up for.
mapfile -t others < <(find . \( -name '.git' -o -name build \) -prune -o \
    \( -name '*.sh' -o -path ./.ci/run -o -name '*.cmake' -o -name CMakeLists.txt -o -name '*.go' -o -name '*.mod' \
    -o -name '*.py' -o -name '*.js' \) -type f -print | sort)
((${#others[@]} > 15)) || complain "only ${#others[@]} scripts found"
for file in "${others[@]}"; do
    lines=$(wc -l <"$file")
    ((lines <= 500)) || complain "$file: $lines lines"
    found=$(grep -noE 'https?://[a-zA-Z][a-zA-Z0-9.-]*' "$file" | grep -vE '://localhost' || true)
    [[ -z $found ]] || complain "$file: address: $found"
    [[ $file != *.sh && $file != ./.ci/run ]] || bash -n "$file" || complain "$file: is no bash"
done

if ((failures > 0)); then
    echo "$failures findings"
    exit 1
fi
echo "${#sources[@]} sources, ${#others[@]} scripts"
