#!/usr/bin/env python3
"""How many of the fuzzer's graphs take each fused form of the compiler: forms.py --tools BIN [--seeds FIRST:LAST[:STEP]]

A form is a kernel op with an attribute by which it computes otherwise, or a pass of the buffer stage that changes something.
Ends with the forms that no graph takes.
"""
import argparse
import collections
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from generate import Builder  # noqa: E402

CONTRACT = r"kernel\.contract ins[^{]*"
TENSOR = {
    "contraction": r"kernel\.contract", "contraction of constants packed before": CONTRACT + r"\{[^}]*\bpacked",
    "contraction with an epilogue": r"kernel\.contract.*\n\s*\^bb0.*\n(?!\s*kernel\.yield)",
    "contraction with more operands": r"kernel\.contract ins\([^:]*,[^:]*,[^:]*:",
    "contraction along the vectors": r"\bdot\b[^\n]*sizes", "contraction by rows": r"by_rows", "contraction in pieces": r"piece = ",
    "products of bytes": r"group = ", "products of bytes with the other sign": r"\bflip\b",
    "Winograd": r"kernel\.winograd ", "Winograd of 4": r"kernel\.winograd ins(?:.*\n)?.*step = 4", "Winograd of 2": r"kernel\.winograd ins(?:.*\n)?.*step = 2",
    "Winograd's filter at the call": r"kernel\.winograd_filter",
    "sparse product": r"kernel\.coo_matmul", "border": r"kernel\.fill_border", "table": r"kernel\.lookup", "scale": r"kernel\.scale",
    "random words": r"kernel\.philox", "computed again": r"kernel\.barrier",
    "several reductions in one loop": r"linalg\.generic \{[^}]*\"reduction\"[^}]*\} ins[^\n]*outs\([^)]*,",
}
# What they leave, where the change alone does not say it.
LEFT = {"fuse-rows": "fn.rows", "skew-rows": "arith.remui"}
PASSES = ["merge-loops", "sink-updates", "fuse-updates", "strip-rows", "fuse-rows", "chain-contractions", "skew-rows"]
PIPELINE = ("builtin.module(fnc-place-results,func.func(fnc-separate-readers),fnc-bufferize,canonicalize,fnc-commit,cse,canonicalize,"
            + ",".join(f"fnc-{p}" + (",canonicalize" if p == "chain-contractions" else "{vector-bits=512 registers=32}" if p == "skew-rows" else "")
                       for p in PASSES) + ",canonicalize,fnc-plan-workspace)")
LOOPS = {"fill with one byte": r"kernel\.set_bytes", "copy of memory": r"kernel\.copy_bytes"}


def forms_of(tools, text, cpu):
    with tempfile.TemporaryDirectory() as folder:
        source, tensors = pathlib.Path(folder, "g.mlir"), pathlib.Path(folder, "t.mlir")
        source.write_text(text)
        stage = lambda name: subprocess.run([tools / "fnc", "compile", source, *cpu, f"--emit={name}", "-o", "-"],
                                            capture_output=True, text=True).stdout
        tensors.write_text(stage("tensor"))
        found = {name for name, pattern in TENSOR.items() if re.search(pattern, tensors.read_text())}
        done = subprocess.run([tools / "fnc-opt", tensors, f"--pass-pipeline={PIPELINE}", "--mlir-print-ir-after-all", "--mlir-print-ir-after-change",
                               "-o", "/dev/null"], capture_output=True, text=True)
        for part in done.stderr.split("IR Dump After ")[1:]:
            found |= {p for p in PASSES if f"(fnc-{p})" in part.split("\n")[0] and LEFT.get(p, "") in part}
        loops = stage("loops")
        return found | {name for name, pattern in LOOPS.items() if re.search(pattern, loops)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tools", type=pathlib.Path, required=True, help="where fnc and fnc-opt are")
    parser.add_argument("--seeds", default="0:300")
    options = parser.parse_args()
    seeds = range(*map(int, options.seeds.split(":")))
    counts = collections.Counter()
    for seed in seeds:
        counts.update(forms_of(options.tools, Builder(seed).graph.text(), ["--cpu", "native"] * (seed % 2)))
    for name in [*TENSOR, *PASSES, *LOOPS]:
        print(f"{counts[name]:6} {name}")
    print("none:", ", ".join(n for n in [*TENSOR, *PASSES, *LOOPS] if not counts[n]) or "-")


if __name__ == "__main__":
    main()
