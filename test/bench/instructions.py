#!/usr/bin/env python3
"""Counts the instructions of one call of fixed kernels, and compares them with what is recorded.

    instructions.py --fnc FNC [--update] [--only NAME]

Times of a shared machine are noise; counts repeat to the last digit. The objects are for x86-64-v3, which Valgrind's
callgrind can follow. Fails where a count is more than 3 % above instructions.json; --update records what was gained.
Ends with `N passed, N failed`.
"""
import argparse
import json
import math
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "instructions.json"
TOLERANCE = 0.03
KERNELS = ["softmax_1024", "layernorm_1024", "gelu_residual", "mlp_predict_tiny", "lstm_stream", "kalman"]


def driver(name, header):
    """A C program that makes one call, with ones for inputs."""
    fields = re.search(rf"typedef struct {name}_step_args \{{(.*?)\}}", header, re.S).group(1)
    state = int(re.search(r"state_bytes = (\d+)", header).group(1)) if "void *state;" in fields else 0
    workspace = int((re.search(r"size_t workspace_bytes = (\d+)", header) or [0, 0])[1])
    lines, sets = [f'#include "{name}.h"', "#include <stdalign.h>"], []
    for const, field, shape in re.findall(r"(const )?float \*(\w+); /\* f32\[([^\]]*)\]", fields):
        count = math.prod(int(n) for n in shape.split(", ") if n)
        lines.append(f"static alignas(64) float {field}_data[{count}];")
        sets.append(f"args.{field} = {field}_data;")
        if const:
            sets.append(f"for (int i = 0; i < {count}; ++i) {field}_data[i] = 1;")
    if state:
        lines.append(f"static alignas(64) char state[{state}];")
        sets += [f"{name}_init(state);", "args.state = state;"]
    if workspace and "workspace;" in fields:
        lines.append(f"static alignas(64) char workspace[{workspace}];")
        sets += ["args.workspace = workspace;", "args.workspace_bytes = sizeof workspace;"]
    return "\n".join(lines + [f"int main(void) {{ {name}_step_args args = {{0}};", *sets,
                              f"return {name}_step(&args).code; }}"])


def count(fnc, name, folder):
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    run(fnc, "compile", str(HERE / "workloads" / f"{name}.mlir"), "--cpu", "x86-64-v3", "-O", "3", "-o", f"{name}.o")
    (folder / "main.c").write_text(driver(name, (folder / f"{name}.h").read_text()))
    run("cc", "-O1", "main.c", f"{name}.o", "-I.", f"-I{HERE.parents[1] / 'runtime' / 'include'}", "-o", name)
    out = run("valgrind", "--tool=callgrind", f"--toggle-collect={name}_step", "--callgrind-out-file=out", f"./{name}")
    return int(re.search(r"Collected : (\d+)", out.stderr).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--only", action="append")
    options = parser.parse_args()
    fnc = str(pathlib.Path(options.fnc).resolve())
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    failed = 0
    names = options.only or KERNELS
    for name in names:
        with tempfile.TemporaryDirectory() as temporary:
            got = count(fnc, name, pathlib.Path(temporary))
        want = record.get(name)
        if options.update:
            record[name] = got
        elif want is None or got > want * (1 + TOLERANCE):
            failed += 1
            print(f"{name}: {got} instructions, recorded are {want}")
        else:
            print(f"{name}: {got} instructions{', fewer than recorded' * (got < want * (1 - TOLERANCE))}")
    if options.update:
        RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    print(f"{len(names) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
