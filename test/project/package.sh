#!/bin/bash
# Installs the build into a temporary prefix, moves it, and builds and runs programs against it: by CMake and by
# pkg-config, shared and static, in C and C++. Arguments: cmake, the build directory, the C compiler, more flags.
set -euo pipefail
cmake=$1
build=$2
compiler=$3
flags=${4:-}
consumer=$(cd "$(dirname "$0")/consumer" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Neither may depend on where it was installed at first.
"$cmake" --install "$build" --prefix "$work/first" >"$work/log" || { cat "$work/log"; exit 1; }
mv "$work/first" "$work/prefix"
prefix=$work/prefix

if grep -rlF "$work/first" "$prefix" --include='*.cmake' --include='*.pc'; then
    echo "the package names the directory that it was installed to"
    exit 1
fi

expect_version() {
    local said
    said=$(LD_LIBRARY_PATH="$libdir" "$1")
    echo "$(basename "$1"): $said"
    [[ $said == "uvdisco $version" ]]
}

libdir=$(dirname "$(find "$prefix" -name libuvdisco.a)")
export PKG_CONFIG_PATH=$libdir/pkgconfig
version=$(pkg-config --modversion uvdisco)
strict="-std=c11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wstrict-prototypes -Werror"
strict_cxx="-std=c++11 -Wall -Wextra -Wpedantic -Werror"

CFLAGS=$flags CXXFLAGS=$flags "$cmake" -G Ninja -S "$consumer" -B "$work/by-cmake" \
    -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" >"$work/log" || { cat "$work/log"; exit 1; }
"$cmake" --build "$work/by-cmake" >"$work/log" || { cat "$work/log"; exit 1; }
expect_version "$work/by-cmake/consumer_default"
expect_version "$work/by-cmake/consumer_cxx"
expect_version "$work/by-cmake/consumer_static"

# shellcheck disable=SC2046,SC2086
"$compiler" $flags $strict "$consumer/consumer.c" -o "$work/pkg_config_shared" \
    $(pkg-config --cflags --libs uvdisco)
expect_version "$work/pkg_config_shared"
linked=$(LD_LIBRARY_PATH=$libdir ldd "$work/pkg_config_shared")
grep -qF "$libdir/libuvdisco.so" <<<"$linked"

# shellcheck disable=SC2046,SC2086
c++ $flags $strict_cxx "$consumer/consumer.cc" -o "$work/pkg_config_cxx" \
    $(pkg-config --cflags --libs uvdisco)
expect_version "$work/pkg_config_cxx"

# Without the shared library beside it, the linker takes the static one.
rm "$libdir"/libuvdisco.so*
# shellcheck disable=SC2046,SC2086
"$compiler" $flags $strict "$consumer/consumer.c" -o "$work/pkg_config_static" \
    $(pkg-config --static --cflags --libs uvdisco)
expect_version "$work/pkg_config_static"
linked=$(ldd "$work/pkg_config_static")
if grep libuvdisco <<<"$linked"; then
    echo "the static program needs the shared library"
    exit 1
fi
