# What check.sh and nightly.sh share: steps, and a count of their tests. Sourced with `build` set.
passed=0
failed=0
failures=()

step() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

# Adds what a command's last `N passed, N failed` line says; without one, the command is one test.
count() {
  local name=$1 log status line bad
  shift
  log=$(mktemp)
  "$@" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
  rm -f "$log"
  if [ -n "$line" ]; then
    passed=$((passed + $(sed -E 's/^([0-9]+) passed.*/\1/' <<<"$line")))
    bad=$(sed -E 's/^[0-9]+ passed, ([0-9]+) failed.*/\1/' <<<"$line")
    # A command that fails without counting a failure is one.
    [ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
  else
    bad=$((status != 0))
    passed=$((passed + 1 - bad))
  fi
  failed=$((failed + bad))
  [ "$bad" -eq 0 ] || failures+=("$name")
}

# start NAME COMMAND...: the same beside others, one on each core; `finish` waits for all.
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
start() {
  local name=$1
  shift
  while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
    wait -n
  done
  # Emulators would read what the script reads.
  {
    "$@" >"$logs/$name" 2>&1 </dev/null
    echo $? >"$logs/$name.status"
    printf '%s: %s (%d s)\n' "$name" "$(tail -n 1 "$logs/$name")" "$SECONDS"
  } &
  started+=("$name")
}
started=()
ended() {
  cat "$logs/$1"
  return "$(cat "$logs/$1.status")"
}
finish() {
  local name
  wait
  for name in "${started[@]}"; do
    step "$name"
    count "$name" ended "$name"
  done
  started=()
}

# lit's summary in the same form.
lit_tests() {
  local log status good bad
  log=$(mktemp)
  /usr/lib/llvm-22/bin/lit -v "$build/test" 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  good=$(sed -nE 's/^ *Passed *: *([0-9]+).*/\1/p' "$log")
  bad=$(sed -nE 's/^ *(Failed|Unresolved|Timed Out) *: *([0-9]+).*/\2/p' "$log" | awk '{ n += $1 } END { print n + 0 }')
  rm -f "$log"
  echo "${good:-0} passed, ${bad:-0} failed"
  return "$status"
}

# The last line, and the exit status.
total() {
  printf '\n'
  [ ${#failures[@]} -eq 0 ] || printf 'FAILED: %s\n' "${failures[@]}"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ]
}
