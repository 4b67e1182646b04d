#!/usr/bin/env bash
# Builds fnc and runs every test of the quick suite. Ends with `N passed, N failed`.
#   check.sh [BUILD_DIR]
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build}
passed=0
failed=0

step() { printf '\n== %s\n' "$*"; }

# Adds what a command's last `N passed, N failed` line says; without one, the command is one test.
count() {
  local name=$1 log status line
  shift
  log=$(mktemp)
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  if [ -n "$line" ]; then
    passed=$((passed + $(sed -E 's/^([0-9]+) passed.*/\1/' <<<"$line")))
    local bad
    bad=$(sed -E 's/^[0-9]+ passed, ([0-9]+) failed.*/\1/' <<<"$line")
    # A command that fails without counting a failure is one.
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
    failed=$((failed + bad))
  elif [ "$status" -eq 0 ]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $name"
  fi
  rm -f "$log"
}

# lit's summary in the same form.
lit_tests() {
  local log status
  log=$(mktemp)
  /usr/lib/llvm-22/bin/lit -v "$build/test" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  local good bad
  good=$(sed -nE 's/^ *Passed *: *([0-9]+).*/\1/p' "$log")
  bad=$(sed -nE 's/^ *(Failed|Unresolved|Timed Out) *: *([0-9]+).*/\2/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
  echo "${good:-0} passed, ${bad:-0} failed"
  rm -f "$log"
  return "$status"
}

step "build"
cmake --preset release -B "$build" >/dev/null || exit 1
ninja -C "$build" || exit 1

step "lit"
count lit lit_tests
step "recorded cases"
count golden /usr/bin/python3 test/golden/run.py --fnc "$build/bin/fnc" test/golden/cases
step "random graphs"
count fuzz /usr/bin/python3 test/fuzz/fuzz.py --fnc "$build/bin/fnc" --seeds 0:150
count parser_fuzz /usr/bin/python3 test/fuzz/parser_fuzz.py --fnc "$build/bin/fnc" --seeds 0:200
step "examples"
while read -r name; do
  [ "$name" = golden ] || count "$name" ctest --test-dir "$build" --output-on-failure -R "^$name\$"
done < <(ctest --test-dir "$build" -N | sed -nE 's/^ *Test +#[0-9]+: (.*)$/\1/p')

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
