#!/usr/bin/env bash
# What takes too long for every change: the whole suite under sanitizers, long fuzzing with seeds that
# differ from day to day, whole trainings on firmware. Ends with `N passed, N failed`.
#   nightly.sh [BUILD_DIR [ASAN_BUILD_DIR]]
set -uo pipefail
cd "$(dirname "$0")/../.."
build=${1:-build}
asan=${2:-build-asan}
tools/dev/setup.sh nightly
. tools/dev/count.sh

step "quick suite"
count check tools/dev/check.sh "$build"

step "quick suite under AddressSanitizer and UndefinedBehaviorSanitizer"
# MLIR's packages are not instrumented: containers that cross between them and fnc have no marks
# that one side would keep, nor has the memory of LLVM's allocators. Programs that tests build with
# the compilers' drivers are instrumented by CXXFLAGS.
export ASAN_OPTIONS=allow_user_poisoning=0:detect_container_overflow=0:detect_leaks=0:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
CXXFLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all" count sanitizers tools/dev/check.sh "$asan" asan
unset ASAN_OPTIONS UBSAN_OPTIONS

first=$(($(date +%j) * 100000))
step "random graphs from seed $first"
count fuzz /usr/bin/python3 test/fuzz/fuzz.py --fnc "$build/bin/fnc" --seeds "$first:$((first + 5000))"
count parser_fuzz /usr/bin/python3 test/fuzz/parser_fuzz.py --fnc "$build/bin/fnc" --seeds "$first:$((first + 5000))"

step "updates of every optimizer where gradients are made"
count updates /usr/bin/python3 test/e2e/updates.py "$build/bin/fnc"

step "other CPUs under emulators"
for machine in aarch64 x86-64-v3 riscv64; do
  export FNC_TEST_MACHINE=$machine
  count "golden on $machine" /usr/bin/python3 test/golden/run.py --fnc "$build/bin/fnc" test/golden/cases
  count "contractions on $machine" /usr/bin/python3 test/e2e/contractions.py --fnc "$build/bin/fnc" --rounds 20
  count "random bits on $machine" /usr/bin/python3 test/e2e/random_ops.py "$build/bin/fnc"
  count "fuzz on $machine" /usr/bin/python3 test/fuzz/fuzz.py --fnc "$build/bin/fnc" --seeds "$first:$((first + 500))"
done
unset FNC_TEST_MACHINE

step "gradient rules on random shapes and attributes"
count gradient_rules /usr/bin/python3 test/e2e/gradient_rules.py "$build/bin/fnc" --seeds "$first:$((first + 200))"

step "work of the compiler as graphs grow"
count compile_growth /usr/bin/python3 test/bench/compile_growth.py --fnc "$build/bin/fnc" --scale 2

step "functions of every f32"
count accuracy /usr/bin/python3 test/e2e/accuracy.py --fnc "$build/bin/fnc"

step "what Winograd's forms lose"
count winograd_accuracy /usr/bin/python3 test/e2e/winograd_accuracy.py "$build/bin/fnc" --rounds 12

step "every ONNX backend test that Debian has"
count onnx /usr/bin/python3 test/conformance/onnx/run.py --fnc "$build/bin/fnc" --known test/conformance/onnx/known.txt \
  /usr/share/libonnx-testdata/data

step "random ONNX models beside onnxruntime, where it is installed"
count onnx_fuzz python3 test/fuzz/onnx_fuzz.py --fnc "$build/bin/fnc" --seeds "$first:$((first + 2000))"

step "whole trainings on firmware"
count firmware /usr/bin/python3 test/firmware/run.py --fnc "$build/bin/fnc" --epochs 20

total
