#!/usr/bin/env bash
# Builds fnc and runs every test of the quick suite. Ends with `N passed, N failed`.
#   check.sh [BUILD_DIR [PRESET]]
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build}
preset=${2:-release}
. tools/dev/count.sh

step "build"
cmake --preset "$preset" -B "$build" -DFNC_BUILD_TESTS=ON >/dev/null || exit 1
ninja -C "$build" || exit 1

step "lit"
count lit lit_tests
python=/usr/bin/python3
start fuzz "$python" test/fuzz/fuzz.py --fnc "$build/bin/fnc" --seeds 0:100
start parser_fuzz "$python" test/fuzz/parser_fuzz.py --fnc "$build/bin/fnc" --seeds 0:200
# ctest's list, each a process of its own: two of ctest would write one log.
while read -r line; do
  eval "start $line"
done < <(ctest --test-dir "$build" --show-only=json-v1 | "$python" -c '
import json, shlex, sys
for test in json.load(sys.stdin)["tests"]:
    values = {p["name"]: p["value"] for p in test.get("properties", [])}
    print(shlex.join([test["name"], "env", "-C", values.get("WORKING_DIRECTORY", "."), *values.get("ENVIRONMENT", []), *test["command"]]))')
finish

total
