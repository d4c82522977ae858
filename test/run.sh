#!/bin/bash
# Sets the machine up, builds, and runs the whole test suite, with real etcd servers that the tests start and stop
# themselves. Usage: test/run.sh [-p <preset>] [<argument of ctest>...]; presets: debug (if not said otherwise), release,
# asan, coverage. UVDISCO_CMAKE_OPTIONS holds more options for CMake.
set -euo pipefail
cd "$(dirname "$0")/.."
. cmake/setup.sh

preset=debug
if [[ ${1:-} == -p ]]; then
    preset=$2
    shift 2
fi

uvdisco_set_up build etcd test
# shellcheck disable=SC2086
uvdisco_build "$preset" "$preset" -DUVDISCO_TESTS=ON ${UVDISCO_CMAKE_OPTIONS:-}

# What a test that crashed may have left behind is removed with this directory. In memory where that can be: etcd
# waits for the disk at each write.
parent=${TMPDIR:-/tmp}
[[ -w /dev/shm ]] && parent=/dev/shm
UVDISCO_TEST_DIRECTORY=$(mktemp -d "$parent/uvdisco-test-XXXXXX")
export UVDISCO_TEST_DIRECTORY
trap 'rm -rf "$UVDISCO_TEST_DIRECTORY"' EXIT

# The tests wait more than they compute: a live one takes an eighth of a processor.
ctest --preset "$preset" --parallel $(($(nproc) * 4)) "$@"
