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
step "recorded cases"
count golden /usr/bin/python3 test/golden/run.py --fnc "$build/bin/fnc" test/golden/cases
step "random graphs"
count fuzz /usr/bin/python3 test/fuzz/fuzz.py --fnc "$build/bin/fnc" --seeds 0:100
count parser_fuzz /usr/bin/python3 test/fuzz/parser_fuzz.py --fnc "$build/bin/fnc" --seeds 0:200
while read -r name; do
  [ "$name" = golden ] && continue
  step "$name"
  # Emulators would read the list of tests.
  count "$name" ctest --test-dir "$build" --output-on-failure -R "^$name\$" </dev/null
done < <(ctest --test-dir "$build" -N | sed -nE 's/^ *Test +#[0-9]+: (.*)$/\1/p')

total
