"""Lowers kernels of one op each, runs them and compares with NumPy: random shapes, attributes and element types.

    python check_ops.py --fnc-opt build/bin/fnc-opt [--llvm /usr/lib/llvm-22/bin] [--seed 0] [--rounds 3] [--only conv] [--folded]
"""
import argparse
import ctypes
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from element_cases import ELEMENT_FAMILIES
from op_cases import FAMILIES as OP_FAMILIES
from op_cases import NAMES, Maker, wide

FAMILIES = OP_FAMILIES | ELEMENT_FAMILIES
TOLERANCE = {"f16": 4e-3, "bf16": 3e-2, "f32": 2e-5, "f64": 1e-12}
PIPELINE = ["--canonicalize", "--cse",
            "--one-shot-bufferize=bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map",
            "--canonicalize", "--cse", "--convert-linalg-to-loops", "--expand-strided-metadata", "--lower-affine",
            "--convert-scf-to-cf", "--arith-expand=include-bf16", "--convert-math-to-llvm", "--finalize-memref-to-llvm",
            "--convert-arith-to-llvm", "--convert-cf-to-llvm", "--convert-func-to-llvm", "--reconcile-unrealized-casts"]


def descriptor(rank):
    return type(f"Memref{rank}", (ctypes.Structure,), {"_fields_": [
        ("allocated", ctypes.c_void_p), ("aligned", ctypes.c_void_p), ("offset", ctypes.c_int64),
        ("sizes", ctypes.c_int64 * rank), ("strides", ctypes.c_int64 * rank)]})


def as_memref(array):
    array = np.ascontiguousarray(array).reshape(array.shape)
    strides = [s // array.itemsize for s in array.strides]
    return descriptor(array.ndim)(array.ctypes.data, array.ctypes.data, 0, (ctypes.c_int64 * array.ndim)(*array.shape),
                                  (ctypes.c_int64 * array.ndim)(*strides)), array


def compile_cases(cases, options, folder):
    source = folder / "ops.mlir"
    source.write_text("".join(case.text for case in cases))
    run = lambda *args: subprocess.run([str(a) for a in args], check=True)
    run(options.fnc_opt, source, *["--canonicalize"] * options.folded, "--fnc-lower-to-linalg",
        "-o", folder / "ops.linalg.mlir")
    run(f"{options.llvm}/mlir-opt", folder / "ops.linalg.mlir", *PIPELINE, "-o", folder / "ops.llvm.mlir")
    run(f"{options.llvm}/mlir-translate", "--mlir-to-llvmir", folder / "ops.llvm.mlir", "-o", folder / "ops.ll")
    run(f"{options.llvm}/clang", "-O1", "-march=native", "-w", "-shared", "-fPIC", folder / "ops.ll",
        f"-L{options.llvm}/../lib", "-lmlir_c_runner_utils", f"-Wl,-rpath,{options.llvm}/../lib", "-o", folder / "ops.so")
    return ctypes.CDLL(str(folder / "ops.so"))


def run_case(library, n, case):
    class Results(ctypes.Structure):
        _fields_ = [(f"r{i}", descriptor(e.ndim)) for i, e in enumerate(case.expected)]
    results, kept = Results(), [as_memref(x.copy()) for x in case.inputs]
    getattr(library, f"_mlir_ciface_k{n}")(ctypes.byref(results), *[ctypes.byref(d) for d, _ in kept])
    outputs = []
    for i, e in enumerate(case.expected):
        d = getattr(results, f"r{i}")
        sizes, strides = list(d.sizes), list(d.strides)
        if sizes != list(e.shape):
            return f"shape {sizes}, expected {list(e.shape)}"
        item = e.dtype.itemsize
        span = 1 + sum((s - 1) * t for s, t in zip(sizes, strides)) if e.size else 0
        raw = (ctypes.c_char * (span * item)).from_address(d.aligned + d.offset * item) if span else b""
        flat = np.frombuffer(raw, e.dtype)
        outputs.append(np.lib.stride_tricks.as_strided(flat, sizes, [t * item for t in strides]) if e.size
                       else np.zeros(e.shape, e.dtype))
    for got, want in zip(outputs, case.expected):
        tolerance = TOLERANCE.get(NAMES[want.dtype], 0)
        g, w = wide(got), wide(want)
        if w.dtype.kind != "f":
            same = np.array_equal(g, w)
        else:
            with np.errstate(invalid="ignore"):
                same = np.all((g == w) | (np.isnan(g) & np.isnan(w)) | (np.abs(g - w) <= tolerance * (4 + np.abs(w))))
        if not same:
            return f"got\n{got}\nexpected\n{want}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fnc-opt", required=True)
    parser.add_argument("--llvm", default="/usr/lib/llvm-22/bin")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=FAMILIES)
    parser.add_argument("--folded", action="store_true", help="constant operands, canonicalized first")
    options = parser.parse_args()
    maker = Maker(options.seed, options.folded)
    for _ in range(options.rounds):
        for name, family in FAMILIES.items():
            if options.only in (None, name):
                family(maker)
    with tempfile.TemporaryDirectory() as folder:
        library = compile_cases(maker.cases, options, pathlib.Path(folder))
        failed = 0
        for n, case in enumerate(maker.cases):
            problem = run_case(library, n, case)
            if problem:
                failed += 1
                print(f"FAIL {case.name}\n{case.text}{problem}\n")
    print(f"{len(maker.cases) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
