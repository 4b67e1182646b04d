#!/usr/bin/env python3
"""Calls whose tensors share memory: overlaps.py FNC

Few tensors and many, of fixed sizes and of sizes that the call says: every pair is made to share its first or last byte,
or to touch without sharing one. What the status has to be follows from the rule: nothing that a call writes may share
memory with anything else; inputs may share theirs, and that of a state which the call only reads.
"""
import ctypes
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import checks  # noqa: E402
from machine import Status  # noqa: E402

OK, OVERLAP, STATE = 0, 6, -1
ROWS = 16           # of 4 floats: tensors of 256 bytes
BYTES = ROWS * 16


def graph(inputs, outputs, dynamic, updates):
    t, w = f"tensor<{'?' if dynamic else ROWS}x4xf32>", "tensor<64xf32>"
    lines = [f'%x{i} = fn.placeholder "x{i}" : {t}' for i in range(inputs)]
    lines += [f'%w = fn.variable "w" : {w} = dense<1.0>', f"%v = fn.add %w, %w : ({w}, {w}) -> {w}",
              f"%s = fn.reduce_sum %w : ({w}) -> tensor<f32>"]
    sums = ["%x0"]
    for i in range(1, inputs):
        lines.append(f"%a{i} = fn.add {sums[-1]}, %x{i} : ({t}, {t}) -> {t}")
        sums.append(f"%a{i}")
    lines += [f"%y{i} = fn.mul {sums[-1]}, %s : ({t}, tensor<f32>) -> {t}" for i in range(outputs)]
    lines.append("fn.function @f inputs(" + ", ".join(f"%x{i} : {t}" for i in range(inputs)) + ") outputs(" +
                 ", ".join(f'"y{i}" = %y{i} : {t}' for i in range(outputs)) + ")" + f" updates(%w = %v : {w})" * updates)
    return "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n"


def build(fnc, folder, text):
    source, obj, shared = (pathlib.Path(folder, f"g{graph.count}{end}") for end in (".mlir", ".o", ".so"))
    graph.count += 1
    source.write_text(text)
    subprocess.run([fnc, "compile", source, "-o", obj], check=True, capture_output=True)
    subprocess.run(["cc", "-shared", "-o", shared, obj], check=True)
    function = ctypes.CDLL(str(shared)).g_f
    function.restype, function.argtypes = Status, [ctypes.c_void_p]
    fields = []  # outputs by their own names
    for line in re.search(r"typedef struct g_f_args \{(.*?)\}", obj.with_suffix(".h").read_text(), re.S).group(1).strip().splitlines():
        line = line.split("/*")[0].strip().rstrip(";")
        name = re.search(r"(\w+)(\[\d+\])?$", line).group(1).removeprefix("out_")
        fields.append((name, ctypes.c_void_p if "*" in line else ctypes.c_size_t if "size_t w" in line else ctypes.c_ssize_t * 2))
    manifest = json.loads(subprocess.run([fnc, "inspect", obj, "--json"], check=True, capture_output=True).stdout)
    return function, type("Args", (ctypes.Structure,), {"_fields_": fields}), manifest["state_bytes"]


graph.count = 0


def main():
    fnc = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        for inputs, outputs, dynamic, updates in itertools.product((1, 7), (1, 5), (False, True), (False, True)):
            function, kind, state_bytes = build(fnc, folder, graph(inputs, outputs, dynamic, updates))
            names = [f"x{i}" for i in range(inputs)] + [f"y{i}" for i in range(outputs)] + ["state", "workspace"]
            sizes = {name: BYTES for name in names} | {"state": state_bytes, "workspace": 1 << 16}
            memory = ctypes.create_string_buffer((len(names) + 3) * (1 << 17))
            start = -(-ctypes.addressof(memory) // 64) * 64 + (1 << 17)
            places = {name: start + i * (1 << 17) for i, name in enumerate(names)}

            def call(moved, to):
                args = kind()
                for name, _ in kind._fields_:
                    if name == "workspace_bytes":
                        args.workspace_bytes = sizes["workspace"]
                    elif name in places:
                        setattr(args, name, to if name == moved else places[name])
                    else:
                        getattr(args, name)[:] = (ROWS, 4)
                return function(ctypes.addressof(args))

            used = [name for name, _ in kind._fields_ if name in places]
            number = {name: i for i, name in enumerate(n for n in names if n not in ("state", "workspace"))} | \
                {"state": STATE, "workspace": -2}
            written = [n for n in used if n[0] == "y" or n == "workspace"] + ["state"] * updates
            what = f"{inputs} inputs, {outputs} outputs, {'dynamic' if dynamic else 'static'}, {'updates' if updates else 'reads'}"
            bad = [] if call(None, 0).code == OK else ["apart"]

            def expect(moved, other, shift, want):
                status = call(moved, places[other] + shift)
                if (status.code, status.tensor) != want:
                    bad.append(f"{moved} at {other} {shift:+}: status {status.code} {status.tensor}, expected {want}")

            for moved, other in itertools.permutations((n for n in used if n[0] in "xy"), 2):
                for shift in (4 - BYTES, BYTES - 4, 0, -BYTES, BYTES):
                    shares = abs(shift) < BYTES and {moved, other} & set(written)
                    expect(moved, other, shift, (OVERLAP, min(number[moved], number[other])) if shares else (OK, 0))
            for moved, other in itertools.product((n for n in used if n[0] in "xy"), (n for n in used if n[0] in "sw")):
                for shift in (4 - BYTES, sizes[other] - 4, -BYTES, sizes[other]):
                    shares = -BYTES < shift < sizes[other] and (moved[0] == "y" or other in written)
                    # Of the workspace only what the call needs counts, which is little here.
                    shares = shares and not (other == "workspace" and shift > 0)
                    expect(moved, other, shift, (OVERLAP, number[moved]) if shares else (OK, 0))
            checks.check(not bad, f"{what}: {'; '.join(bad[:5])}")
    checks.finish()


if __name__ == "__main__":
    main()
