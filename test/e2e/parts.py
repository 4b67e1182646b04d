#!/usr/bin/env python3
"""Objects of graphs that are compiled in parts, after linkers and tools: parts.py FNC.

With -g a graph is compiled in one piece, whose results every object has to have, bit for bit. Ends with
`N passed, N failed`.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from machine import LLVM, MACHINES, Emulated, Local  # noqa: E402
from run import Library  # noqa: E402

DIGITS = pathlib.Path(__file__).resolve().parents[2] / "examples" / "digits" / "digits.mlir"
RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((10, 64)).astype(np.float32)
X = RNG.random((32, 64), dtype=np.float32)
LABELS = RNG.integers(0, 10, 32, dtype=np.int32)
PROBS = (np.zeros((32, 10), np.float32), np.zeros(32, np.int32), np.zeros((32, 64), np.float32))
MACHINES = {**MACHINES, "x86-64": None}
# What is done to an object before it is linked; {} is the folder of LLVM's tools.
TOOLS = {
    "as it is": None,
    "ld.lld -r": ["{}ld.lld", "-r", "-o", "out", "in"],
    "objcopy": ["{}llvm-objcopy", "in", "out"],
    "strip -g": ["{}llvm-strip", "-g", "-o", "out", "in"],
}
GNU = {
    "ld.bfd -r": ["ld.bfd", "-r", "-o", "out", "in"],
    "GNU objcopy": ["objcopy", "in", "out"],
    "GNU strip": ["strip", "-g", "-o", "out", "in"],
}


def graph(name):
    """The digits, whose functions share a table of the object."""
    text = DIGITS.read_text().replace("@digits", f"@{name}").replace("@train", "@f_train").replace("@predict", "@f_predict")
    table = (f'  %p = fn.variable "p" read_only : tensor<10x64xf32> = dense<"0x{TABLE.tobytes().hex().upper()}">\n'
             "  %view = fn.matmul %probs, %p : (tensor<?x10xf32>, tensor<10x64xf32>) -> tensor<?x64xf32>\n"
             "  %seen = fn.reduce_sum %view : (tensor<?x64xf32>) -> tensor<f32>\n\n")
    text = text.replace("  %loss =", table + "  %loss =", 1)
    text = text.replace('"loss" = %loss : tensor<f32>', '"loss" = %loss : tensor<f32>, "seen" = %seen : tensor<f32>')
    return text.replace('"digit" = %digit : tensor<?xi32>', '"digit" = %digit : tensor<?xi32>, "view" = %view : tensor<?x64xf32>')


def tool(command, path):
    """Gives `path` to a tool, and keeps what that writes instead."""
    out = path.with_suffix(".out")
    subprocess.run([part.format(LLVM) if part not in ("in", "out") else str(path if part == "in" else out)
                    for part in command], check=True)
    out.replace(path)


def check_symbols(obj, prefix):
    """Nothing but entry points can be seen from outside, and all local symbols come first."""
    text = subprocess.run([LLVM + "llvm-readelf", "-sW", str(obj)], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in text.splitlines() if re.match(r"\s*\d+: ", line)]
    outside = {row[7] for row in rows if row[4] != "LOCAL" and row[6] != "UND"}
    if outside != {prefix + "_init", prefix + "_f_train", prefix + "_f_predict"}:
        raise RuntimeError(f"symbols {sorted(outside)}")
    binds = [row[4] != "LOCAL" for row in rows]
    if binds != sorted(binds) or any(row[5] == "HIDDEN" for row in rows):
        raise RuntimeError("local symbols do not come first")
    files = [row for row in rows if row[3] == "FILE"]
    if len(files) > 1:
        raise RuntimeError("symbols of more than one file")


def changed(kind, command, fnc, second):
    """A machine for objects that `command` has seen, which stand in one program with another one."""

    class Changed(kind):
        def load(self, obj, symbols):
            check_symbols(obj, "g")
            both = [obj, obj.with_name("h.o")]
            subprocess.run([fnc, "compile", str(second), "-o", str(both[1]), *self.options], check=True)
            for path in both if command else []:
                tool(command, path)
            if kind is Local:
                one = obj.with_name("both.o")
                subprocess.run(["cc", "-r", "-o", str(one), *map(str, both)], check=True)
                kind.load(self, one, symbols)
                return
            program = obj.with_name("both.o")
            subprocess.run([LLVM + "ld.lld", "-r", "-o", str(program), *map(str, both)], check=True)
            kind.load(self, program, symbols)

    return Changed


def results(fnc, name, folder, options, command=None):
    """Losses, state and probabilities, as bytes."""
    kind = Emulated if MACHINES[name] else Local
    arguments = MACHINES[name] or ()
    if "-g" not in options:
        second = folder / "h.mlir"
        second.write_text(graph("h"))
        kind = changed(kind, command, fnc, second)
    library = Library(fnc, graph("g"), folder, options, where=kind(*arguments))
    out = []
    for _ in range(3):
        status, values = library.call("train", [X, LABELS], [np.float32(0), np.float32(0)])
        out += [bytes([status.code]), *values]
    status, values = library.call("predict", [X], PROBS)
    out += [bytes([status.code]), *values, *(library.variable(n) for n in ("w1", "b1", "w2", "b2"))]
    return [bytes(part) for part in out]


def check(fnc, name, options, label, command):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        want = results(fnc, name, pathlib.Path(one), [*options, "-g"])
        if want[0] != b"\0" or any(part == bytes(len(part)) for part in want if len(part) > 1):
            raise RuntimeError("the object in one piece computes nothing")
        if results(fnc, name, pathlib.Path(two), options, command) != want:
            raise RuntimeError("not the results of one piece")


def layers(count):
    """A function for each layer of a network, with constants that some of them share."""
    lines = ["fn.graph @g {", '  %h0 = fn.placeholder "x" : tensor<?x16xf32>']
    for i in range(count):
        row = [j * (i % 3) + 0.5 for j in range(16)]
        lines += [
            f'  %w{i} = fn.variable "w{i}" : tensor<16x16xf32> = #fn.glorot_uniform<seed = {i + 1}>',
            f"  %c{i} = fn.constant dense<{row}> : tensor<16xf32>",
            f"  %a{i} = fn.matmul %h{i}, %w{i} : (tensor<?x16xf32>, tensor<16x16xf32>) -> tensor<?x16xf32>",
            f"  %b{i} = fn.add %a{i}, %c{i} : (tensor<?x16xf32>, tensor<16xf32>) -> tensor<?x16xf32>",
            f"  %h{i + 1} = fn.{('relu', 'tanh', 'exp')[i % 3]} %b{i} : tensor<?x16xf32>",
            f'  fn.function @f{i} inputs(%h0 : tensor<?x16xf32>) outputs("y" = %h{i + 1} : tensor<?x16xf32>)']
    return "\n".join(lines + ["}"])


def check_one_object(fnc, text):
    """However many processors there are."""
    with tempfile.TemporaryDirectory() as folder:
        source, objects = pathlib.Path(folder) / "g.mlir", []
        source.write_text(text)
        cpus = sorted(os.sched_getaffinity(0))
        for allowed in (cpus[:1], cpus, cpus, cpus):
            out = source.with_suffix(f".{len(objects)}.o")
            subprocess.run([fnc, "compile", str(source), "-o", str(out)], check=True,
                           preexec_fn=lambda: os.sched_setaffinity(0, allowed))
            objects.append(out.read_bytes())
        if len(set(objects)) > 1:
            raise RuntimeError("not the same object")


def main():
    fnc = str(pathlib.Path(sys.argv[1]).resolve())
    cases = [("one processor and all", lambda: check_one_object(fnc, graph("g"))),
             ("many functions, one processor and all", lambda: check_one_object(fnc, layers(7)))]
    for name in MACHINES:
        for options in ([], ["-O3"], ["-O1"]) if name == "x86-64" else ([],):
            tools = {**TOOLS, **GNU} if name == "x86-64" and not options else TOOLS if not options else {"as it is": None}
            for label, command in tools.items():
                cases.append((f"{name} {' '.join(options)} {label}",
                              lambda name=name, options=options, label=label, command=command:
                              check(fnc, name, options, label, command)))
    failed = 0
    for label, case in cases:
        try:
            case()
            print(f"{label}: the same", flush=True)
        except Exception as problem:                            # any failure is this case's
            print(f"FAILED: {label}: {problem}", flush=True)
            failed += 1
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
