#!/usr/bin/env python3
"""Counts the instructions of one call of fixed kernels, and compares them with what is recorded.

    instructions.py --fnc FNC [--update] [--only TARGET/NAME]

Times of a shared machine are noise; counts repeat to the last digit. Objects for x86-64-v3 run under Valgrind's
callgrind, those for AArch64 with NEON and for Cortex-M4 under QEMU with a plugin that counts (count.c). Fails where a count is more than 3 % above instructions.json; --update records what was gained.
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
KERNELS = {
    "x86-64-v3": ["softmax_1024", "layernorm_1024", "gelu_residual", "mlp_predict_tiny", "lstm_stream", "kalman"],
    "aarch64": ["softmax_1024", "layernorm_1024", "gelu_residual", "mlp_predict_tiny", "lstm_stream", "kalman"],
    "cortex-m4": ["mlp_predict_tiny", "lstm_stream", "kalman"],
}
FNC = {
    "x86-64-v3": ["--cpu", "x86-64-v3", "-O", "3"],
    "aarch64": ["--target", "aarch64-linux-gnu", "-O", "3"],
    "cortex-m4": ["--target", "thumbv7em-none-eabihf", "--cpu", "cortex-m4", "-O", "3"],
}
# One call more.
CC = {
    "aarch64": ["/usr/lib/llvm-22/bin/clang", "--target=aarch64-linux-gnu", "-O1", "-ffreestanding", "-fno-builtin", "-nostdlib",
                "-static", "-fuse-ld=lld", str(HERE / "start.c")],
    "cortex-m4": ["arm-none-eabi-gcc", "-O1", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16",
                  "--specs=picolibc.specs", "--oslib=semihost", "--crt0=hosted", "-Wl,--defsym=__flash=0",
                  "-Wl,--defsym=__flash_size=0x400000", "-Wl,--defsym=__ram=0x20000000", "-Wl,--defsym=__ram_size=0x400000",
                  "-Wl,--defsym=__stack_size=0x4000"],
}
QEMU = {
    "aarch64": ["qemu-aarch64"],
    "cortex-m4": ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none", "-semihosting-config",
                  "enable=on,target=native", "-kernel"],
}


def driver(name, header):
    """A C program that makes CALLS calls, with ones for inputs."""
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
    return "\n".join(lines + [f"int main(void) {{ {name}_step_args args = {{0}}; int code = 0;", *sets,
                              f"for (int i = 0; i < CALLS; ++i) code |= {name}_step(&args).code;", "return code; }"])


def count(fnc, target, name, folder):
    run = lambda *command: subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    run(fnc, "compile", str(HERE / "workloads" / f"{name}.mlir"), *FNC[target], "-o", f"{name}.o")
    (folder / "main.c").write_text(driver(name, (folder / f"{name}.h").read_text()))
    sources = ["main.c", f"{name}.o", "-I.", f"-I{HERE.parents[1] / 'runtime' / 'include'}"]
    if target == "x86-64-v3":
        # Its only call is not the one that finds memcpy.
        run("cc", "-O1", "-DCALLS=1", "-Wl,-z,now", *sources, "-o", name)
        out = run("valgrind", "--tool=callgrind", f"--toggle-collect={name}_step", "--callgrind-out-file=out", f"./{name}")
        return int(re.search(r"Collected : (\d+)", out.stderr).group(1))
    run("cc", "-O2", "-shared", "-fPIC", str(HERE / "count.c"), "-o", "count.so")
    totals = []
    for calls in (1, 2):
        run(*CC[target], f"-DCALLS={calls}", *sources, "-o", f"{name}{calls}")
        emulator = QEMU[target]
        out = run(emulator[0], "-d", "plugin", "-plugin", "./count.so", *emulator[1:], f"./{name}{calls}")
        totals.append(int(re.search(r"(\d+) instructions", out.stderr + out.stdout).group(1)))
    # The loop around the calls takes some, too, the same everywhere.
    return totals[1] - totals[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--only", action="append")
    options = parser.parse_args()
    fnc = str(pathlib.Path(options.fnc).resolve())
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    failed = 0
    names = options.only or [f"{target}/{name}" for target, kernels in KERNELS.items() for name in kernels]
    for name in names:
        target, _, kernel = name.partition("/")
        with tempfile.TemporaryDirectory() as temporary:
            got = count(fnc, target, kernel, pathlib.Path(temporary))
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
