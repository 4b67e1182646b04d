#!/usr/bin/env python3
"""Objects on machines that lack what they were compiled for, under emulators: cpu_check.py FNC.

A call returns its status there; initial values, which have none to return, come out the same. Ends with `N passed, N failed`.
"""
import pathlib
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from machine import Emulated  # noqa: E402
from run import Library  # noqa: E402

OK, UNSUPPORTED_CPU = 0, 10
ARM, X86 = ("aarch64-linux-gnu", "qemu-aarch64"), ("x86_64-linux-gnu", "qemu-x86_64")
# Target and emulator, options of fnc, the emulated CPU, what a call returns there.
CASES = [
    (ARM, "", "cortex-a53", OK),
    (ARM, "--cpu cortex-a72", "cortex-a72", OK),
    (ARM, "--cpu neoverse-n1", "cortex-a53", UNSUPPORTED_CPU),
    (ARM, "--cpu neoverse-n1", "neoverse-n1", OK),
    (ARM, "--features +dotprod", "cortex-a53", UNSUPPORTED_CPU),
    (ARM, "--features +dotprod", "cortex-a76", OK),
    (ARM, "--features +fullfp16", "cortex-a72", UNSUPPORTED_CPU),
    (ARM, "--features +bf16", "neoverse-n1", UNSUPPORTED_CPU),
    (ARM, "--cpu a64fx", "neoverse-n1", UNSUPPORTED_CPU),
    (ARM, "--cpu a64fx", "a64fx", OK),
    (ARM, "--cpu neoverse-v1", "a64fx", UNSUPPORTED_CPU),
    (ARM, "--cpu neoverse-v1", "max", OK),
    (ARM, "--cpu neoverse-n3", "cortex-a76", UNSUPPORTED_CPU),
    (X86, "--cpu x86-64-v3", "qemu64", UNSUPPORTED_CPU),
    (X86, "--cpu x86-64-v3", "max", OK),
    (X86, "--features +avx2,+fma", "qemu64", UNSUPPORTED_CPU),
    (X86, "--features +avx2,+fma", "max", OK),
    (X86, "--cpu znver4", "max", UNSUPPORTED_CPU),
]


def graph(weights):
    """As many random variables as make their initialization several functions."""
    text = "".join(f'  %v{i} = fn.variable "v{i}" : tensor<{40 * i + 200}xf32> = #fn.uniform<0.0, 1.0, seed = {i}>\n' for i in range(40))
    return ("fn.graph @g {\n" + text + f"""
  %x = fn.placeholder "x" : tensor<4x8xui8>
  %w = fn.variable "w" read_only : tensor<8x16xi8> = dense<"0x{weights.tobytes().hex().upper()}">
  %y = fn.matmul %x, %w {{wide}} : (tensor<4x8xui8>, tensor<8x16xi8>) -> tensor<4x16xi32>
  %z = fn.matmul %v7, %v7 : (tensor<480xf32>, tensor<480xf32>) -> tensor<f32>
  fn.function @f_all inputs(%x : tensor<4x8xui8>) outputs("y" = %y : tensor<4x16xi32>, "z" = %z : tensor<f32>)
}}
""")


def run(fnc, target, emulator, options, cpu, x, weights):
    """Initial values, status and results."""
    where = Emulated(["--target", target, *options.split()], target, [emulator, "-cpu", cpu])
    with tempfile.TemporaryDirectory() as folder:
        library = Library(fnc, graph(weights), pathlib.Path(folder), where=where)
        state = [library.variable(f"v{i}") for i in range(40)]
        return (state, *library.call("all", [x], [np.zeros((4, 16), np.int32), np.float32(0)]))


def main():
    rng = np.random.default_rng(1)
    x, weights = rng.integers(0, 256, (4, 8)).astype(np.uint8), rng.integers(-128, 128, (8, 16)).astype(np.int8)
    products = x.astype(np.int32) @ weights.astype(np.int32)
    passed, first = 0, None
    for (target, emulator), options, cpu, expected in CASES:
        try:
            state, status, (y, z) = run(sys.argv[1], target, emulator, options, cpu, x, weights)
        except RuntimeError as error:
            print(f"FAIL {options} on {cpu}: {error}")
            continue
        first = first or state
        good = status.code == expected and all(map(np.array_equal, first, state))
        if good and expected == OK:
            good = np.array_equal(y, products) and np.isclose(z, np.dot(first[7], first[7]), rtol=1e-5)
        passed += bool(good)
        if not good:
            print(f"FAIL {options} on {cpu}: status {status.code}, expected {expected}")
    print(f"{passed} passed, {len(CASES) - passed} failed")
    return int(passed < len(CASES))


if __name__ == "__main__":
    sys.exit(main())
