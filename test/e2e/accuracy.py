#!/usr/bin/env python3
"""The worst error of every function of one f32 through compiled objects, over all of them or every N-th.

    accuracy.py --fnc PATH [--stride N (odd)] [--only NAME]... [--markdown FILE]

Objects are compiled for x86-64, with multiply-add and tables (x86-64-v3) and for AVX-512, where this machine has them; they are
held against the C library in f64, zeros in their sign too. Without --stride that is all 2^32 numbers, minutes for each function.
--markdown replaces the table in the file. Ends with `N passed, N failed`; what fails is above its bound.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
UNARY = """reciprocal sqrt rsqrt exp expm1 log log2 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf
sigmoid elu selu gelu gelu_tanh silu softplus softsign hard_sigmoid hard_swish mish""".split()
CPUS = {"x86-64": [], "x86-64-v3": ["avx2", "fma"], "x86-64-v4": ["avx512f", "avx512vl", "avx512dq", "avx512bw"]}
# In units in the last place; of the others 1.
BOUNDS = {"hard_sigmoid": 1.01, "softsign": 1.6, "softplus": 1.8, "gelu": 1.8, "gelu_tanh": 2,
          "hard_swish": 2, "selu": 2, "sigmoid": 2, "silu": 2, "mish": 2}


def objects(fnc, name, cpus, folder):
    op = {"gelu_tanh": 'gelu %x {approximate = "tanh"}'}.get(name, f"{name} %x")
    source = folder / "g.mlir"
    source.write_text(f"""fn.graph @g {{
  %x = fn.placeholder "x" : tensor<4096xf32>
  %y = fn.{op} : tensor<4096xf32>
  fn.function @f inputs(%x : tensor<4096xf32>) outputs("y" = %y : tensor<4096xf32>)
}}
""")
    for cpu in cpus:
        subprocess.run([fnc, "compile", source, "--cpu", cpu, "-o", folder / f"{cpu}.o"], check=True)
        subprocess.run(["cc", "-shared", "-o", folder / f"{cpu}.so", folder / f"{cpu}.o"], check=True)
    return [folder / f"{cpu}.so" for cpu in cpus]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--only", action="append")
    parser.add_argument("--markdown", type=pathlib.Path)
    options = parser.parse_args()
    flags = set(re.search(r"^flags\s*:(.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.M).group(1).split())
    cpus = [cpu for cpu, needs in CPUS.items() if flags.issuperset(needs)]
    passed = failed = 0
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run(["cc", "-O2", "-fno-trapping-math", "-o", folder / "accuracy", HERE / "accuracy.c", "-ldl", "-lm"], check=True)
        for name in options.only or UNARY:
            done = subprocess.run([folder / "accuracy", name, str(options.stride), *objects(options.fnc, name, cpus, folder)],
                                  capture_output=True, text=True, check=True)
            found = [line.split() for line in done.stdout.splitlines()]
            rows.append(f"| {name} | " + " | ".join(f"{float(error):.3f}" for error, _, _ in found) + " |")
            print(rows[-1], flush=True)
            for cpu, (error, where, signs) in zip(cpus, found):
                good = float(error) <= BOUNDS.get(name, 1.0) and signs == "0"
                passed, failed = passed + good, failed + (not good)
                if not good:
                    print(f"FAIL {name} for {cpu}: {error} ulp at {where}, {signs} zeros of the other sign", flush=True)
    if options.markdown:
        text = options.markdown.read_text()
        which = "all 2^32 numbers" if options.stride == 1 else f"every {options.stride}th of all 2^32 numbers"
        table = f"Over {which}:\n\n| function | {' | '.join(cpus)} |\n|---{'|---' * len(cpus)}|\n" + "\n".join(rows)
        options.markdown.write_text(re.sub(r"(<!-- accuracy.py -->\n).*?(\n<!-- end -->)", lambda m: m[1] + table + m[2], text, flags=re.S))
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
