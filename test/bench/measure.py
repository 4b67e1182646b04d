#!/usr/bin/env python3
"""Costs around the kernels: calls, compile times, memory. Prints a table, or puts it into a file.

    measure.py --fnc PATH [--table README.md]

Each figure stands beside what it is held against, measured in the same run: the least of many interleaved rounds. Growth
is of CPU time, which other processes disturb less. Needs g++ and valgrind.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import tempfile
import time

import graphs

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INCLUDE = f"-I{ROOT / 'runtime' / 'include'}"
rows = []


def add(what, figure, against, ratio, goal=""):
    rows.append(f"| {what} | {figure} | {against} | {ratio} | {goal} |")
    print(rows[-1], flush=True)


def run(*command, cwd=None):
    return subprocess.run([str(c) for c in command], cwd=cwd, check=True, capture_output=True, text=True).stdout


def seconds(command):
    """Of one process: from its start to its end, and CPU time."""
    start = time.perf_counter()
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.perf_counter() - start
    if status:
        sys.exit(f"{command}: status {status}")
    return elapsed, usage.ru_utime + usage.ru_stime


def cpu_seconds(command, rounds):
    """The least CPU time of a process."""
    return min(seconds(command)[1] for _ in range(rounds))


def small_call(fnc, folder):
    for cpu, flags in (("baseline", []), ("native", ["-march=native"])):
        run(fnc, "compile", HERE / "workloads" / "mlp_predict_tiny.mlir", "-O3", "-o", "mlp_predict_tiny.o",
            *(["--cpu", "native"] if flags else []), cwd=folder)
        run("g++", "-std=c++17", "-O3", *flags, INCLUDE, "-I.", HERE / "tiny_mlp.cpp", "mlp_predict_tiny.o", "-o", "tiny",
            cwd=folder)
        call, plain = map(float, run("./tiny", cwd=folder).split())
        add(f"call of an MLP 8-16-16-4, {cpu} CPU", f"{call:.0f} ns", f"{plain:.0f} ns, C++ loops by g++ -O3",
            f"{call / plain:.2f}", "0.5")


def checks(fnc, folder):
    run(fnc, "compile", ROOT / "test" / "runtime" / "add.mlir", "-o", "add.o", cwd=folder)
    run("g++", "-std=c++17", "-O2", INCLUDE, "-I.", HERE / "add.cpp", "add.o", "-o", "add", cwd=folder)
    subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=add.out", "./add"], cwd=folder, check=True,
                   capture_output=True)
    text = run("callgrind_annotate", "add.out", cwd=folder)
    taken = int(re.search(r"^\s*([\d,]+).*tiny_add", text, re.M).group(1).replace(",", "")) / 1000
    add("instructions of a call that adds two scalars", f"{taken:.0f}", "1, the addition", f"{taken:.0f}", "30")


def start(fnc, folder):
    digits = ["compile", ROOT / "examples" / "digits" / "digits.mlir", "-o", f"{folder}/digits.o"]
    rounds = [(seconds([fnc, "--version"]), seconds([fnc, *digits])) for _ in range(20)]
    version, whole = (min(elapsed for elapsed, _ in process) for process in zip(*rounds))
    cpu = min(spent for _, (_, spent) in rounds)
    add("`fnc compile` of the digits graph", f"{1e3 * whole:.0f} ms, {1e3 * cpu:.0f} of CPU",
        f"{1e3 * version:.1f} ms, `fnc --version`", f"{whole / version:.0f}", f"{1e3 * (2 * version + 0.05):.0f} ms")


def compile_time(fnc, folder):
    ops = (100, 1000, 5000, 20000)
    chains = [("ops, elementwise", ops, graphs.chain(("add", "mul", "relu", "sub"))),
              ("ops, matmul and elementwise", ops, graphs.chain(("add", "mul", "relu", "matmul"))),
              ("layers trained by Adam", (25, 100, 400), graphs.layers),
              ("functions of one graph", (10, 100, 1000), graphs.functions)]
    for name, counts, text in chains:
        seconds = []
        for count in counts:
            graph = pathlib.Path(folder, "chain.mlir")
            graph.write_text(text(count))
            seconds.append(cpu_seconds([fnc, "compile", graph, "-o", f"{folder}/chain.o"], 3 if count <= 1000 else 1))
        # Least squares of seconds = start + slope * ops, relative errors alike.
        weights = [1 / s ** 2 for s in seconds]
        total, mean_n = sum(weights), sum(w * n for w, n in zip(weights, counts)) / sum(weights)
        mean_s = sum(w * s for w, s in zip(weights, seconds)) / total
        slope = sum(w * (n - mean_n) * (s - mean_s) for w, n, s in zip(weights, counts, seconds)) / \
            sum(w * (n - mean_n) ** 2 for w, n in zip(weights, counts))
        first = mean_s - slope * mean_n
        add(f"compile time of {counts[-1]:,} {name}", f"{seconds[-1]:.2f} s",
            f"{first + slope * counts[-1]:.2f} s, {1e3 * slope:.2f} ms each by the line through "
            + ", ".join(f"{n:,}" for n in counts), f"{seconds[-1] / (first + slope * counts[-1]):.2f}", "linear")


def workspaces(fnc):
    graphs = [ROOT / "examples" / "digits" / "digits.mlir", ROOT / "examples" / "cam" / "cam.mlir",
              *sorted((HERE / "workloads").glob("*.mlir"))]
    worst = (0, "")
    for graph in graphs:
        for function in json.loads(run(fnc, "inspect", graph, "--json"))["functions"]:
            used, live = function["workspace_bytes"], function["live_bytes"]
            if live:
                worst = max(worst, (used / live, f"`{graph.stem}`, `{function['name']}`", used, live))
    add(f"workspace, the worst of {len(graphs)} graphs: {worst[1]}", f"{worst[2]:,} bytes", f"{worst[3]:,} bytes live at once",
        f"{worst[0]:.2f}", "1.1")


def write_table(path):
    text = path.read_text()
    begin, end = "<!-- measure.py -->\n", "<!-- end -->"
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        sys.exit(f"{path}: no marks for the table")
    path.write_text(head + begin + "\n".join(rows) + "\n" + end + tail)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True, type=pathlib.Path)
    parser.add_argument("--table", type=pathlib.Path)
    options = parser.parse_args()
    fnc = options.fnc.resolve()
    add("what", "figure", "against", "ratio", "goal")
    rows.append("| --- | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as folder:
        small_call(fnc, folder)
        if platform.machine() == "x86_64":
            checks(fnc, folder)
        start(fnc, folder)
        workspaces(fnc)
        compile_time(fnc, folder)
    if options.table:
        write_table(options.table)


if __name__ == "__main__":
    main()
