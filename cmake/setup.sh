# To be sourced by bash, from the root of the sources. Sets the machine up and builds:
#
#   uvdisco_set_up <purpose>...          purposes: build, etcd, test, check, tree, bench, plot; installs what is missing
#   uvdisco_build <preset> <directory> [<option>...] configures and builds in build/<directory>
#
# Packages are installed by apt-get, as root or through sudo. Where that cannot be, a message says what is missing.

# Is there a program, or a header that the compiler finds?
uvdisco_has() {
    case $1 in
    *.h) echo "#include <$1>" | cc -E ${2:+"$2"} -x c - >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

# Prints "<what> <packages, commas between>" of each thing that a purpose needs and that is not there.
uvdisco_missing() {
    local what packages purpose
    for purpose in "$@"; do
        while read -r what packages; do
            case $what in
            '') ;;
            llhttp)
                { [[ -e /usr/share/llhttp/llhttp.c ]] &&
                    uvdisco_has llhttp.h -I/usr/share/include/llhttp; } || uvdisco_has llhttp.h ||
                    echo "$what $packages"
                ;;
            matplotlib)
                { [[ -x /usr/bin/python3 ]] && /usr/bin/python3 -c 'import matplotlib'; } 2>/dev/null ||
                    echo "$what $packages"
                ;;
            etcd) [[ -n ${UVDISCO_ETCD:-} ]] || uvdisco_has etcd || echo "$what $packages" ;;
            *) uvdisco_has "$what" || echo "$what $packages" ;;
            esac
        done < <(uvdisco_needs "$purpose")
    done
}

uvdisco_needs() {
    case $1 in
    build)
        cat <<'END'
cc gcc,libc6-dev
cmake cmake
ninja ninja-build
pkg-config pkg-config
uv.h libuv1-dev
mbedtls/ssl.h libmbedtls-dev
cjson/cJSON.h libcjson-dev
llhttp libllhttp-dev|node-llhttp
END
        ;;
    etcd) echo "etcd etcd-server" ;;
    test)
        cat <<'END'
cmocka.h libcmocka-dev
c++ g++
nm binutils
openssl openssl
python3 python3
END
        ;;
    check)
        cat <<'END'
clang clang
clang-format clang-format
clang-tidy clang-tidy
run-clang-tidy clang-tidy
valgrind valgrind
END
        ;;
    bench)
        cat <<'END'
curl/curl.h libcurl4-openssl-dev
openssl/ssl.h libssl-dev
openssl openssl
python3 python3
END
        ;;
    plot) echo "matplotlib python3-matplotlib" ;;
    tree) echo "debootstrap debootstrap" ;;
    *)
        echo "no such purpose: $1" >&2
        return 2
        ;;
    esac
}

# Runs a command as root; sudo may ask for a password only where somebody can type it.
uvdisco_as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif [[ -t 0 ]]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

# Installs packages. While it does, no service is started: Debian's etcd-server would start one. In a subshell, so that
# the policy is taken back whatever happens.
uvdisco_install() (
    policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        trap 'uvdisco_as_root rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' | uvdisco_as_root tee "$policy" >/dev/null
        uvdisco_as_root chmod 755 "$policy"
    fi
    uvdisco_as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "$@"
)

# Of packages that serve the same purpose, separated by '|', the first that the distribution has.
uvdisco_choose() {
    local package
    for package in ${1//|/ }; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            echo "$package"
            return
        fi
    done
    echo "${1%%|*}"
}

uvdisco_set_up() {
    local missing choice wanted=() log
    missing=$(uvdisco_missing "$@")
    if [[ -z $missing ]]; then
        echo "set-up: everything is in place"
        return 0
    fi
    echo "set-up: missing: $(cut -d' ' -f1 <<<"$missing" | tr '\n' ' ')"
    log=$(mktemp)
    if uvdisco_has apt-get && uvdisco_as_root true 2>/dev/null; then
        echo "set-up: installing packages by apt-get"
        uvdisco_as_root apt-get -q -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 || tail -n 5 "$log"
        for choice in $(cut -d' ' -f2 <<<"$missing" | tr ',' '\n' | sort -u); do
            wanted+=("$(uvdisco_choose "$choice")")
        done
        uvdisco_install "${wanted[@]}" >"$log" 2>&1 || tail -n 20 "$log"
        hash -r
        missing=$(uvdisco_missing "$@")
    fi
    rm -f "$log"
    if [[ -n $missing ]]; then
        {
            echo "set-up: this is missing and cannot be installed from here (no root and no sudo, no apt-get, or"
            echo "no network). Debian's packages are named in brackets:"
            sed -E 's/^([^ ]*) (.*)/    \1 [\2]/; s/,/ /g; s/\|/ or /g' <<<"$missing"
        } >&2
        return 1
    fi
    echo "set-up: done"
}

uvdisco_build() {
    local preset=$1 directory=build/$2 log
    shift 2
    mkdir -p "$directory"
    log=$directory/build.log
    echo "build: preset $preset, in $directory"
    if ! cmake --preset "$preset" -B "$directory" -G Ninja "$@" >"$log" 2>&1 ||
        ! cmake --build "$directory" >>"$log" 2>&1; then
        grep -vE '^(\[[0-9]+/|-- )' "$log" >&2
        echo "build: failed" >&2
        return 1
    fi
    echo "build: done"
}
