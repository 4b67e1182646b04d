#!/usr/bin/env python3
"""Counts the instructions of `fnc compile` for graphs of n and of 4 n like parts.

    compile_growth.py --fnc FNC [--scale K] [--only NAME]

What a graph takes beyond what a graph of one op takes has to grow in proportion: fails where 4 times the parts take more
than 6.5 times the instructions. --scale multiplies n. Counts repeat, times would not; they come from QEMU with the plugin
count.c, so fnc has to be built for a CPU that QEMU knows. Ends with `N passed, N failed`.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import graphs

HERE = pathlib.Path(__file__).resolve().parent
MOST = 6.5
SHAPES = {
    "elementwise": (graphs.chain(("add", "mul", "relu", "sub")), 250),
    "products": (graphs.chain(("add", "mul", "relu", "matmul")), 100),
    "functions of mathematics": (graphs.chain(("tanh", "sigmoid", "exp", "add")), 20),
    "softmax": (graphs.chain(("softmax", "matmul")), 25),
    "transposes": (graphs.chain(("transpose", "add", "matmul")), 50),
    "outputs": (graphs.outputs, 40),
    "inputs": (graphs.inputs, 40),
    "parts": (graphs.parts, 16),
    "readers": (graphs.readers, 25),
    "updates": (graphs.updates, 50),
    "layers": (graphs.layers, 10),
    "residual": (graphs.residual, 200),
    "functions": (graphs.functions, 5),
}


def count(fnc, text, folder):
    (folder / "g.mlir").write_text(text)
    # What fnc would become: QEMU counts no further than that.
    compiler = fnc.resolve().parent.parent / "lib" / "fnc-compiler"
    version = subprocess.run([fnc, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    done = subprocess.run(["qemu-x86_64", "-d", "plugin", "-plugin", folder / "count.so", compiler, version, "compile",
                           f"input={folder}/g.mlir", f"output={folder}/g.o"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return int(re.search(r"(\d+) instructions", done.stderr + done.stdout).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True, type=pathlib.Path)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(SHAPES))
    options = parser.parse_args()
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", HERE / "count.c", "-o", folder / "count.so"], check=True)
        start = count(options.fnc, graphs.outputs(1), folder)
        for name in options.only or SHAPES:
            make, parts = SHAPES[name]
            parts *= options.scale
            small, large = (count(options.fnc, make(n), folder) - start for n in (parts, 4 * parts))
            good = large <= MOST * small
            passed, failed = passed + good, failed + (not good)
            print(f"{'' if good else 'FAILED: '}{name}: {parts} take {small / 1e6:.0f} M instructions, {4 * parts} take "
                  f"{large / small:.2f} times as many", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
