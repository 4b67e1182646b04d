#!/usr/bin/env python3
"""Time as the work grows, beside ONNX Runtime on the same models: a table, a plot, and where a curve has a cliff.

    growth.py --build BUILD --work FOLDER [--only NAME] [--table docs/growth.md]

FOLDER is that of `compare.py --set-up`. Both sides run pinned to one core and in turns, three times each, or twice where that
takes seconds; the least median counts. A cliff is a size whose cost per unit of work is over 1.3 times that of both its
neighbours, or which is over 1.3 times as far from the roof as the size before it.
"""
import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CLIFF = 1.3
SIZES = {
    "gemm": ("product of two n x n matrices, fed", [32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096],
             lambda n: 2 * n ** 3),
    "batch": ("MLP 784-512-512-10, n rows", [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256], lambda n: n),
    "sequence": ("attention of one head of 64, n steps", [16, 32, 64, 128, 256, 512, 1024, 2048, 4096], lambda n: n ** 2),
    "ops": ("chain of n products by a 64 x 64 matrix and tanh", [10, 32, 100, 316, 1000, 3162, 10000], lambda n: n),
    "state": ("n kB of variables, a sum added to them", [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576], lambda n: n),
}

# Runs in the environment: models, and the peer's side.
PEER = r'''
import pathlib, sys, time
import numpy as np
import onnx
from onnx import TensorProto, helper
F = TensorProto.FLOAT

def info(name, *shape):
    return helper.make_tensor_value_info(name, F, shape)

def weight(name, *shape):
    values = np.random.default_rng(0).standard_normal(shape) / np.sqrt(shape[0])
    return onnx.numpy_helper.from_array(values.astype(np.float32), name)

def gemm(n):
    return [helper.make_node("MatMul", ["a", "b"], ["c"])], [info("a", n, n), info("b", n, n)], [info("c", n, n)], []

def batch(n):
    nodes, weights, at = [], [], "x"
    for i, (rows, columns) in enumerate([(784, 512), (512, 512), (512, 10)]):
        weights += [weight(f"w{i}", rows, columns), weight(f"b{i}", columns)]
        nodes.append(helper.make_node("Gemm", [at, f"w{i}", f"b{i}"], [f"h{i}"]))
        at = f"h{i}"
        if i < 2:
            nodes.append(helper.make_node("Relu", [at], [f"r{i}"]))
            at = f"r{i}"
    return nodes, [info("x", n, 784)], [info(at, n, 10)], weights

def sequence(n):
    nodes = [helper.make_node("Transpose", ["k"], ["kt"], perm=[1, 0]), helper.make_node("MatMul", ["q", "kt"], ["s"]),
             helper.make_node("Softmax", ["s"], ["p"], axis=-1), helper.make_node("MatMul", ["p", "v"], ["y"])]
    return nodes, [info(t, n, 64) for t in "qkv"], [info("y", n, 64)], []

def ops(n):
    nodes, at = [], "x"
    for i in range(n // 2):
        nodes += [helper.make_node("MatMul", [at, "w"], [f"m{i}"]), helper.make_node("Tanh", [f"m{i}"], [f"t{i}"])]
        at = f"t{i}"
    return nodes, [info("x", 4, 64)], [info(at, 4, 64)], [weight("w", 64, 64)]

def state(n):
    return [helper.make_node("Add", ["w", "x"], ["w_next"])], [info("w", 256 * n), info("x", 1)], [info("w_next", 256 * n)], []

def model(kind, n):
    nodes, inputs, outputs, weights = globals()[kind](n)
    graph = helper.make_graph(nodes, "g", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

def seconds(path, kind):
    import onnxruntime as ort
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    for tensor in session.get_inputs():
        values = np.random.default_rng(1).random(tensor.shape, np.float32)
        binding.bind_ortvalue_input(tensor.name, ort.OrtValue.ortvalue_from_numpy(values))
    for tensor in session.get_outputs():
        binding.bind_ortvalue_output(tensor.name, ort.OrtValue.ortvalue_from_shape_and_type(tensor.shape, np.float32))
    call = lambda: session.run_with_iobinding(binding)
    begin, made, times = time.perf_counter(), 0, []
    while made < 3 or time.perf_counter() - begin < 0.1:
        call()
        made += 1
    begin = time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < float(sys.argv[4]):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    print(np.median(times))

if sys.argv[1] == "make":
    onnx.save(model(sys.argv[2], int(sys.argv[3])), sys.argv[4])
else:
    seconds(sys.argv[2], sys.argv[3])
'''


def run(*command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def measure(options, name, n, folder):
    """(ours, peer's) in seconds, and our share of the roof."""
    python, peer, model = options.work / "venvs" / "a" / "bin" / "python", folder / "peer.py", folder / f"{name}.onnx"
    peer.write_text(PEER)
    run(python, peer, "make", name, n, model)
    pin = ["taskset", "-c", str(options.core)] if options.core >= 0 else []
    state = ["--state", "w=w_next"] if name == "state" else []
    ours, theirs, share = math.inf, math.inf, 0
    begin = time.monotonic()
    for turn in range(3):
        if turn > 1 and time.monotonic() - begin > 4:
            break
        page = json.loads(run(*pin, options.build / "bin" / "fnc", "bench", model, "--json", "--time", options.time, *state))
        median = page["timed"][0]["median_seconds"]
        if median < ours:
            ours, regions = median, page.get("regions", [])
            share = sum((r["share_of_roof"] or 0) * r["seconds"] for r in regions) / ours
        theirs = min(theirs, float(run(*pin, python, peer, "time", model, name, options.time)))
    return ours, theirs, share


def cliffs(curve, work):
    """Sizes that cost more per unit of work than both neighbours, or fall behind the roof."""
    cost = [ours / work(n) for n, ours, _, _ in curve]
    shares = [share for *_, share in curve]
    peaks = {i for i in range(1, len(cost) - 1) if cost[i] > CLIFF * max(cost[i - 1], cost[i + 1])}
    falls = {i for i in range(1, len(shares)) if shares[i - 1] > CLIFF * shares[i]}
    return [curve[i][0] for i in sorted(peaks | falls)]


def plot(curves):
    """Log-log, a panel each."""
    width, height, margin = 330, 250, 45
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * 3}" height="{height * 2}" font-family="sans-serif" font-size="11">',
             '<rect width="100%" height="100%" fill="white"/>']
    for k, (name, curve) in enumerate(curves.items()):
        x0, y0 = k % 3 * width, k // 3 * height
        xs = [math.log(n) for n, *_ in curve]
        ys = [math.log(t) for row in curve for t in row[1:3]]
        at = lambda n, t: (x0 + margin + (math.log(n) - xs[0]) / (xs[-1] - xs[0]) * (width - 1.4 * margin),
                           y0 + height - margin - (math.log(t) - min(ys)) / (max(ys) - min(ys)) * (height - 1.8 * margin))
        parts.append(f'<text x="{x0 + width / 2}" y="{y0 + 18}" text-anchor="middle" font-weight="bold">{name}</text>')
        for column, colour, label in ((1, "#2a7", "fnc"), (2, "#c53", "onnxruntime")):
            points = " ".join("{:.1f},{:.1f}".format(*at(row[0], row[column])) for row in curve)
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
                         f'<text x="{x0 + margin + 4}" y="{y0 + 22 + 14 * column}" fill="{colour}">{label}</text>')
        for n in (curve[0][0], curve[-1][0]):
            parts.append(f'<text x="{at(n, math.exp(min(ys)))[0]:.0f}" y="{y0 + height - margin + 16}" text-anchor="middle">{n}</text>')
        for t in (min(ys), max(ys)):
            parts.append(f'<text x="{x0 + margin - 4}" y="{at(curve[0][0], math.exp(t))[1]:.0f}" text-anchor="end">{text(math.exp(t))}</text>')
    return "\n".join(parts + ["</svg>"]) + "\n"


def text(seconds):
    for unit, factor in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--only", choices=SIZES)
    parser.add_argument("--core", type=int, default=1, help="-1: do not pin")
    parser.add_argument("--time", type=float, default=0.2, help="seconds of each measurement")
    parser.add_argument("--table", type=pathlib.Path)
    options = parser.parse_args()
    options.build, options.work = options.build.resolve(), options.work.absolute()
    curves, page = {}, ["# Time as the work grows\n", "`test/bench/growth.py --table docs/growth.md` makes this page; the peer is ONNX Runtime on one core.\n",
                        "![curves](growth.svg)\n"]
    for name, (title, sizes, work) in SIZES.items():
        if options.only not in (None, name):
            continue
        rows = [f"## {name}: {title}\n", "| n | fnc | onnxruntime | times as fast | of the roof |", "| --: | --: | --: | --: | --: |"]
        curve = curves.setdefault(name, [])
        for n in sizes:
            with tempfile.TemporaryDirectory() as folder:
                ours, theirs, share = measure(options, name, n, pathlib.Path(folder))
            curve.append((n, ours, theirs, share))
            rows.append(f"| {n} | {text(ours)} | {text(theirs)} | {theirs / ours:.2f} | {100 * share:.0f} % |")
            print(name, rows[-1], flush=True)
        found = cliffs(curve, work)
        rows.append(f"\nCliffs: {', '.join(map(str, found)) or 'none'}.\n")
        print(name, rows[-1].strip(), flush=True)
        page += rows
    if options.table:
        options.table.write_text("\n".join(page))
        options.table.with_suffix(".svg").write_text(plot(curves))


if __name__ == "__main__":
    sys.exit(main())
