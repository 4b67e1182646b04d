"""Measures the worst error of every function that fnc expands, or checks what its objects would call.

    python math_accuracy.py --fnc-opt build/bin/fnc-opt --llvm /usr/lib/llvm-22/bin [--rounds 64] [--markdown FILE] [--only exp]
    python math_accuracy.py --fnc-opt build/bin/fnc-opt --llvm /usr/lib/llvm-22/bin --symbols

Fails where an error is above the bound (f32: 1 ulp, f64: 2 ulp, a little more for those in LOOSER_F32 and LOOSER) or a symbol is not allowed.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
UNARY = {"exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p",
         "sin": "sin", "cos": "cos", "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan", "sinh": "sinh",
         "cosh": "cosh", "tanh": "tanh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "erf": "erf", "erfc": "erfc",
         "cbrt": "cbrt", "rsqrt": "rsqrt_", "floor": "floor", "ceil": "ceil", "round": "round", "roundeven": "roundeven",
         "trunc": "trunc", "absf": "fabs", "sqrt": "sqrt", "softmax_exp": "softmax_exp", "one_plus_erf": "one_plus_erf",
         "gelu": "gelu"}
# What activations are made of, where erf and exp have formulas of their own for them.
COMPOSED = {"softmax_exp": ("%m = math.absf %a", "%less = arith.negf %m", "%v = math.exp %less {fn.shifted}"),
            "one_plus_erf": ("%one = arith.constant 1.0", "%m = math.absf %a", "%e = math.erf %m", "%v = arith.addf %one, %e"),
            "gelu": ("%c = arith.constant 0.70710678118654752", "%one = arith.constant 1.0", "%half = arith.constant 0.5", "%m = math.absf %a",
                     "%s = arith.mulf %m, %c", "%e = math.erf %s", "%p = arith.addf %one, %e", "%q = arith.mulf %p, %half",
                     "%v = arith.mulf %m, %q")}
# Bounds of f32 above 1 ulp, and of f64 above 2.
LOOSER_F32 = {"softmax_exp": 2.0, "one_plus_erf": 2.0, "gelu": 2.0}
LOOSER = {"erfc": 4.0, "acosh": 2.5, "asinh": 2.5, "atanh": 2.5, "sinh": 2.5, "log10": 2.5}
BINARY = {"powf": "pow", "atan2": "atan2", "remf": "fmod", "copysign": "copysign"}
TARGETS = {"x86_64-linux-gnu": [], "x86_64-linux": ["-mattr=+avx2"], "x86_64": ["-mattr=+avx512f,+avx512dq"],
           "thumbv7em-none-eabihf": ["-mcpu=cortex-m4", "-float-abi=hard"], "riscv32": ["-mattr=+m,+f"],
           "riscv64": ["-mattr=+m,+f,+d"], "aarch64-linux-gnu": []}
PIPELINE = ["--convert-scf-to-cf", "--convert-vector-to-llvm", "--finalize-memref-to-llvm", "--convert-math-to-llvm", "--convert-arith-to-llvm",
            "--convert-cf-to-llvm", "--convert-func-to-llvm", "--reconcile-unrealized-casts"]


def kernel(name, element):
    op = {"remf": "arith.remf"}.get(name, f"math.{name}")
    args = "%a, %b" if name in BINARY else "%a"
    lines = COMPOSED.get(name, (f"%v = {op} {args}",))
    body = "\n    ".join(f"{line} : {element}" for line in lines)
    return f"""
func.func @{name}_{element}(%x: memref<?x{element}>, %y: memref<?x{element}>, %r: memref<?x{element}>) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?x{element}>
  scf.for %i = %c0 to %n step %c1 {{
    %a = memref.load %x[%i] : memref<?x{element}>
    %b = memref.load %y[%i] : memref<?x{element}>
    {body}
    memref.store %v, %r[%i] : memref<?x{element}>
  }}
  return
}}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fnc-opt", default="build/bin/fnc-opt")
    parser.add_argument("--llvm", default="/usr/lib/llvm-22/bin")
    parser.add_argument("--rounds", type=int, default=64)
    parser.add_argument("--only")
    parser.add_argument("--markdown")
    parser.add_argument("--soft", action="store_true")
    parser.add_argument("--symbols", action="store_true")
    options = parser.parse_args()
    names = [n for n in [*UNARY, *BINARY] if not options.only or n in options.only.split(",")]
    if options.symbols:
        with tempfile.TemporaryDirectory() as temporary:
            expand(options, names, pathlib.Path(temporary), "soft-f64=1 soft-f32=1", ("f16", "bf16", "f32", "f64"))
            return check_symbols(pathlib.Path(temporary), options)
    plain = measure(options, names, "soft-f64=1 soft-f32=1" if options.soft else "")
    fused = measure(options, names, "fma=1", "-march=x86-64-v3")
    tables = measure(options, names, "fma=1 lookup=16", "-march=x86-64-v3")
    wide = tables
    if "avx512vl" in pathlib.Path("/proc/cpuinfo").read_text():
        wide = measure(options, names, "fma=1 scale=1 lookup=32", "-march=x86-64-v4")
    elif options.markdown:
        sys.exit("the table needs a machine with AVX-512")
    failed = 0
    table = "| function | f32 | f32 with multiply-add | f32 with tables | f32 with AVX-512 | f64 |\n|---|---|---|---|---|---|\n"
    for name in names:
        errors = {"f32": plain[name, "f32"], "f32 with multiply-add": fused[name, "f32"],
                  "f32 with tables": tables[name, "f32"], "f32 with AVX-512": wide[name, "f32"], "f64": plain[name, "f64"]}
        table += f"| {name} | " + " | ".join(f"{error:.3f}" for error, _ in errors.values()) + " |\n"
        for column, (error, where) in errors.items():
            if not error <= (LOOSER_F32.get(name, 1.0) if column != "f64" else LOOSER.get(name, 2.0)):
                failed = 1
                print(f"{name} of {column}: {error} ulp, {where}", file=sys.stderr)
    if options.markdown:
        markdown = pathlib.Path(options.markdown)
        _, heading, ops = markdown.read_text().partition("\n# Accuracy of the ops")
        markdown.write_text(
            "# Accuracy of the expanded functions\n\nWorst error in units in the last place, over bit patterns drawn at random and the "
            "special values.\nMultiply-add: targets that have the instruction, as x86-64-v3, AArch64 and Cortex-M4. Tables: those that "
            "also permute registers, as x86-64-v3.\n`softmax_exp` is exp(-|x|) as softmax takes it, `one_plus_erf` 1 + erf(|x|), `gelu` "
            "|x| / 2 (1 + erf(|x| / sqrt 2)): in an activation,\n2 ulp are the bound. For negative x the error of 1 + erf(x) is up to 2 ulp "
            "of the numbers below 1, that of gelu(x) up to |x| times it.\n"
            "Made by `python test/compiler/tensor/math_accuracy.py --markdown compiler/tensor/ACCURACY.md`.\n\n" + table + heading + ops)
    else:
        print(table, end="")
    return failed


def run(*args, **more):
    return subprocess.run([str(a) for a in args], check=True, **more)


def expand(options, names, folder, math, elements=("f32", "f64")):
    """Kernels of all functions, as LLVM IR in m.ll."""
    (folder / "m.mlir").write_text("".join(kernel(n, e) for n in names for e in elements))
    run(options.fnc_opt, folder / "m.mlir", f"--fnc-expand-math={math}", *["--fnc-expand-arith"] * ("f16" in elements),
        "-o", folder / "e.mlir")
    if "lookup" in math:
        bits = 512 if "lookup=32" in math else 256
        run(options.fnc_opt, folder / "e.mlir", f"--fnc-lower-to-loops=vector-bits={bits}", "-o", folder / "t.mlir")
        (folder / "t.mlir").replace(folder / "e.mlir")
    run(f"{options.llvm}/mlir-opt", folder / "e.mlir", *PIPELINE, "-o", folder / "l.mlir")
    run(f"{options.llvm}/mlir-translate", "--mlir-to-llvmir", folder / "l.mlir", "-o", folder / "m.ll")


def measure(options, names, math, *flags):
    """(worst error, where) by function and element."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        expand(options, names, folder, math)
        (folder / "functions.inc").write_text("".join(f"ONE({n}, {UNARY[n]})\n" if n in UNARY else f"TWO({n}, {BINARY[n]})\n"
                                                      for n in names))
        run(f"{options.llvm}/clang", "-O2", "-w", *flags, "-ffp-contract=off", "-D_GNU_SOURCE", "-I", folder,
            HERE / "math_accuracy.c", folder / "m.ll", "-o", folder / "t", "-lm")
        lines = run(folder / "t", options.rounds, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    worst = {}
    for line in lines:
        name, element, error, *where = line.split()
        worst[name, {"float": "f32", "double": "f64"}[element]] = float(error), " ".join(where)
    return worst


def check_symbols(folder, options):
    failed = 0
    for level in ("-O0", "-O3"):
        run(f"{options.llvm}/opt", level, folder / "m.ll", "-S", "-o", folder / "o.ll")
        for target, flags in TARGETS.items():
            run(f"{options.llvm}/llc", folder / "o.ll", f"-mtriple={target}", *flags, "-filetype=obj", "-o", folder / "m.o")
            out = run(f"{options.llvm}/llvm-nm", "-u", folder / "m.o", stdout=subprocess.PIPE, text=True).stdout.split()
            bad = [s for s in out if s not in ("U", "memcpy", "memmove", "memset", "_GLOBAL_OFFSET_TABLE_") and not s.startswith("__")]
            if bad:
                failed = 1
                print(f"{target} {' '.join(flags)} {level}: {' '.join(bad)}", file=sys.stderr)
            else:
                print(f"{target} {' '.join(flags)} {level}: {' '.join(s for s in out if s != 'U') or 'nothing'}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
