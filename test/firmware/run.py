#!/usr/bin/env python3
"""Trains on the digits on a Cortex-M4 and on riscv32, under QEMU, and compares with this machine.

    run.py --fnc PATH [--epochs N] [--table README.md]

Each graph is compiled for each target, linked with a C library and started as an image by itself; every loss must be
the host's to within rounding. With --table the sizes go into the file, between the marks that say so. Needs Debian's
gcc-arm-none-eabi, gcc-riscv64-unknown-elf, their picolibc, qemu-system-arm and qemu-system-misc.
"""
import argparse
import concurrent.futures
import copy
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DATA = ROOT / "examples" / "digits" / "data"
GRAPHS = {
    "softmax": ("softmax regression 64-10", HERE / "softmax.mlir", []),
    "digits": ("MLP 64-32-10, momentum", ROOT / "examples" / "digits" / "digits.mlir", ["-DINITIAL_WEIGHTS"]),
}
# Beside these an object may need what a compiler's own support library has.
ALLOWED = re.compile(r"memcpy|memmove|memset|__aeabi_\w+|__\w+[sdt]f\w*|__\w+[sd]i\w*")
ARM = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16".split()
RISCV = "-march=rv32imafc -mabi=ilp32f -mcmodel=medany".split()
PICOLIBC = "--specs=picolibc.specs --oslib=semihost --crt0=hosted".split()


def memory(flash, ram):
    sizes = {"__flash": flash, "__flash_size": 0x400000, "__ram": ram, "__ram_size": 0x400000, "__stack_size": 0x4000}
    return [f"-Wl,--defsym={name}={value:#x}" for name, value in sizes.items()]


class Target:
    def __init__(self, name, compiler, flags, link, fnc, emulator):
        self.name, self.flags, self.link, self.fnc, self.emulator = name, flags, link, fnc, emulator
        self.cxx, self.cc, self.nm, self.size = (compiler + tool for tool in ("g++", "gcc", "nm", "size"))


SEMIHOSTING = ("-nographic -monitor none -serial none -chardev stdio,id=out "
               "-semihosting-config enable=on,target=native,chardev=out -kernel").split()
HOST = Target("host", "", [], [], [], [])
TARGETS = [
    Target("Cortex-M4", "arm-none-eabi-", ARM, PICOLIBC + memory(0, 0x20000000),
           "--target thumbv7em-none-eabihf --cpu cortex-m4 -Os".split(),
           "qemu-system-arm -M mps2-an386".split() + SEMIHOSTING),
    Target("riscv32", "riscv64-unknown-elf-", RISCV, PICOLIBC + memory(0x80000000, 0x80400000),
           "--target riscv32-none-elf --features +m,+a,+f,+c --abi ilp32f -Os".split(),
           "qemu-system-riscv32 -M virt -bios none".split() + SEMIHOSTING),
]


def for_speed(target):
    """Where graphs are compiled in parts."""
    fast = copy.copy(target)
    fast.name, fast.fnc = target.name + " for speed", [*target.fnc[:-1], "-O2"]
    return fast


FAST = [for_speed(target) for target in TARGETS]


def run(*command, cwd, timeout=600):
    done = subprocess.run([str(c) for c in command], cwd=cwd, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-500:]}{done.stderr}")
    return done.stdout


class Image:
    """A graph on a target: what it printed, and its bytes."""

    def __init__(self, fnc, graph, target, epochs, folder):
        folder.mkdir()
        name = graph
        _, source, defines = GRAPHS[graph]
        run(fnc, "compile", source, "-o", f"{name}.o", *target.fnc, cwd=folder)
        undefined = [line.split()[-1] for line in run(target.nm, "-u", f"{name}.o", cwd=folder).splitlines()]
        foreign = [symbol for symbol in undefined if not ALLOWED.fullmatch(symbol)]
        if foreign:
            raise RuntimeError(f"needs {', '.join(foreign)}")
        common = target.flags + [f"-I{ROOT / 'runtime' / 'include'}", "-I."]
        run(target.cxx, *common, *target.link[:1], "-std=c++17", "-Os", "-Wall", "-Wextra", "-Werror", "-fno-exceptions",
            "-fno-rtti", "-fno-threadsafe-statics", "-fno-asynchronous-unwind-tables", f'-DGRAPH_HEADER="{name}.h"',
            f"-DGRAPH={name}", f"-DEPOCHS={epochs}", *defines, "-c", HERE / "program.cpp", "-o", "program.o", cwd=folder)
        run(target.cc, *common, f"-Wa,-I{DATA}", "-c", HERE / "data.S", "-o", "data.o", cwd=folder)
        run(target.cc, *common, *target.link, "program.o", "data.o", f"{name}.o", "-o", "image", cwd=folder)
        text, data = run(target.size, f"{name}.o", cwd=folder).splitlines()[1].split()[:2]
        self.flash = int(text) + int(data)
        self.printed = run(*(target.emulator or ["./image"]), *(["image"] if target.emulator else []), cwd=folder)
        words = [line.split() for line in self.printed.splitlines()]
        self.losses = [struct.unpack(">f", bytes.fromhex(w[1]))[0] for w in words if w[0] == "loss"]
        self.right = next(int(w[1]) for w in words if w[0] == "right")
        self.ram = next([int(n) for n in w[1:]] for w in words if w[0] == "ram")


def difference(image, host):
    """Largest difference of a loss from the host's, in parts of it."""
    if len(image.losses) != len(host.losses):
        raise RuntimeError(f"{len(image.losses)} losses, {len(host.losses)} on the host")
    return max(abs(a - b) / abs(b) for a, b in zip(image.losses, host.losses))


def write_table(path, rows):
    text = path.read_text()
    begin, end = "<!-- test/firmware/run.py -->\n", "<!-- end -->"
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise SystemExit(f"{path}: no marks for the table")
    path.write_text(head + begin + "\n".join(rows) + "\n" + end + tail)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True, type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--table", type=pathlib.Path)
    options = parser.parse_args()
    passed, failed = 0, 0
    rows = ["| graph | target | object | state | train | predict |", "| --- | --- | --: | --: | --: | --: |"]
    with tempfile.TemporaryDirectory() as temporary, concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = {(graph, target.name): pool.submit(Image, options.fnc.resolve(), graph, target, options.epochs,
                                                  pathlib.Path(temporary) / f"{graph}-{target.name}")
                for graph in GRAPHS for target in [HOST] + TARGETS + FAST}
        for graph in GRAPHS:
            for target in TARGETS + FAST:
                label = f"{graph} on {target.name}"
                try:
                    image, host = jobs[graph, target.name].result(), jobs[graph, "host"].result()
                    apart = difference(image, host)
                    print(f"{label}: {len(image.losses)} losses, at most {apart:.1e} from the host's; {image.right} of 360 "
                          f"right, {host.right} on the host; {image.flash} bytes of flash", flush=True)
                    # Rounding errors grow from step to step.
                    if apart > 2e-7 * len(image.losses) or abs(image.right - host.right) > 1:
                        raise RuntimeError("not the host's results")
                    if target in TARGETS:
                        rows.append(f"| {GRAPHS[graph][0]} | {target.name} | {image.flash:,} | "
                                    + " | ".join(f"{n:,}" for n in image.ram) + " |")
                    passed += 1
                except Exception as problem:                    # any failure is this image's
                    print(f"FAILED: {label}: {problem}", flush=True)
                    failed += 1
    if options.table and not failed:
        write_table(options.table, rows)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
