#!/usr/bin/env python3
"""Differential fuzzer of ONNX models: random graphs through fnc run against onnxruntime.

    onnx_fuzz.py --fnc PATH [--seeds FIRST:LAST] [--keep FOLDER] [--only MAKER] [--time-limit SECONDS]

A seed is a model: a few nodes of onnx_nodes.py and onnx_attention.py over each other's outputs, of opset 13 to 21, with inputs and initializers.
onnxruntime says, node by node, what sizes and types there are, and in the end what the outputs are. A model that does not
compile is a failure. With --keep, failing models and their inputs are left in a folder. Needs numpy, onnx and onnxruntime;
without the latter two nothing is run. Ends with `N passed, N failed`.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np

try:
    import onnx
    import onnxruntime
    from onnx import helper, numpy_helper
except ImportError:
    print("onnx and onnxruntime are not installed\n0 passed, 0 failed")
    sys.exit(0)

import onnx_attention  # noqa: F401, registers its makers
from onnx_nodes import MAKERS, Skip

onnxruntime.set_default_logger_severity(4)
# f64 may come from f32 numbers.
TOLERANCE = {np.dtype(np.float32): 2e-4, np.dtype(np.float64): 1e-5, np.dtype(np.float16): 2e-2}


def session(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def info(name, array, sizes=None):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype),
                                         list(array.shape) if sizes is None else sizes)


class Graph:
    """Nodes so far, and an example of each value, which says its type and sizes."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.opset = int(self.rng.integers(13, 22))
        self.nodes, self.values, self.inputs, self.constants = [], {}, {}, {}
        self.names = 0

    def name(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    def numbers(self, shape, dtype=np.float32):
        dtype = np.dtype(dtype)
        if dtype.kind == "b":
            return self.rng.integers(0, 2, shape).astype(bool)
        if dtype.kind in "iu":
            low, high = (0, 256) if dtype == np.uint8 else (-128, 128) if dtype == np.int8 else (-8, 9)
            return self.rng.integers(low, high, shape).astype(dtype)
        return self.rng.standard_normal(shape).astype(dtype)

    def feed(self, array):
        name = self.name("x")
        self.inputs[name] = self.values[name] = np.asarray(array)
        return name

    def constant(self, array):
        name = self.name("c")
        self.constants[name] = self.values[name] = np.asarray(array)
        return name

    def given(self, array):
        """A tensor that is fed or known."""
        return self.feed(array) if self.rng.random() < 0.5 else self.constant(array)

    def pick(self, accepts):
        """A value that there is, or a new input."""
        found = [name for name, value in self.values.items() if accepts(value)]
        return found[int(self.rng.integers(len(found)))] if found else None

    def add(self, op, inputs, outputs=1, domain="", **attributes):
        names = [self.name("v") for _ in range(outputs)]
        node = helper.make_node(op, inputs, names, name=self.name("n"), domain=domain, **attributes)
        used = {name: self.values[name] for name in self.uses([node])}
        model = self.model([node], {n: v for n, v in used.items() if n not in self.constants},
                           {n: v for n, v in used.items() if n in self.constants}, names)
        try:
            results = session(model).run(None, {n: v for n, v in used.items() if n not in self.constants})
        except Exception as error:                          # onnxruntime lacks kernels of some types
            raise Skip(str(error)) from error
        if any(r.size > 1 << 16 or not np.all(np.isfinite(r.astype(np.float64))) for r in results):
            raise Skip("too large")
        self.nodes.append(node)
        for name, result in zip(names, results):
            self.values[name] = result
        return names

    def uses(self, nodes):
        """What nodes, and graphs inside them, take from outside."""
        made, used = set(), []
        for node in nodes:
            names = list(node.input)
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    ports = {i.name for i in attribute.g.input}
                    names += [n for n in self.uses(attribute.g.node) if n not in ports]
                    names += [o.name for o in attribute.g.output]
            used += [n for n in names if n and n in self.values and n not in made and n not in used]
            made |= set(node.output)
        return used

    def model(self, nodes, inputs, constants, outputs, sizes=None):
        graph = helper.make_graph(
            nodes, "g", [info(n, v, (sizes or {}).get(n)) for n, v in inputs.items()],
            [onnx.ValueInfoProto(name=n) if n not in self.values else info(n, self.values[n], [None] * self.values[n].ndim)
             for n in outputs], [numpy_helper.from_array(v, n) for n, v in constants.items()])
        domains = {node.domain for node in nodes}
        return helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", self.opset)] + [
            helper.make_opsetid(d, 1) for d in domains if d])


def generate(seed, only=None):
    graph = Graph(seed)
    makers = [m for m in MAKERS if only in (None, m.__name__)]
    want = int(graph.rng.integers(2, 9))
    for _ in range(60):
        if len(graph.nodes) >= want:
            break
        before = dict(graph.inputs), dict(graph.constants), dict(graph.values)
        try:
            makers[int(graph.rng.integers(len(makers)))](graph)
        except Skip:
            graph.inputs, graph.constants, graph.values = before
    return graph


def check(fnc, graph, folder):
    made = [name for node in graph.nodes for name in node.output if name]
    taken = set(graph.uses(graph.nodes)) - set(graph.inputs) - set(graph.constants)
    inner = {n for n in made if any(n in node.input for node in graph.nodes)}
    outputs = [n for n in made if n not in inner and n not in taken] or made[-1:]
    used = set(graph.uses(graph.nodes))
    inputs = {n: v for n, v in graph.inputs.items() if n in used}
    # Some sizes are left open in the model; the arrays tell them.
    sizes = {n: [None if graph.rng.random() < 0.2 else s for s in v.shape] for n, v in inputs.items()}
    model = graph.model(graph.nodes, inputs, {n: v for n, v in graph.constants.items() if n in used}, outputs, sizes)
    wants = session(model).run(None, inputs)
    path = folder / "m.onnx"
    onnx.save(model, path)
    np.savez(folder / "in.npz", **inputs)
    command = [fnc, "run", str(path), "--no-cache", "-q", "-o", str(folder / "out.npz")]
    if inputs:
        command += ["-i", str(folder / "in.npz")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        return f"exit {done.returncode}: {done.stderr.strip()[:500]}"
    with np.load(folder / "out.npz") as got:
        for name, want in zip(outputs, wants):
            have = got[name]
            if have.shape != want.shape or have.dtype != want.dtype:
                return f"{name}: {have.dtype}{have.shape}, want {want.dtype}{want.shape}"
            if want.dtype.kind in "biu":
                # A rounding that falls the other way moves a byte by one.
                close = np.abs(have.astype(np.int64) - want.astype(np.int64)) <= (want.dtype.itemsize == 1 and want.dtype.kind != "b")
            else:
                bound = TOLERANCE[want.dtype] * max(1, float(np.max(np.abs(want), initial=0)))
                close = np.abs(have.astype(np.float64) - want) <= bound
            if not np.all(close):
                at = np.unravel_index(np.argmin(close), close.shape)
                return f"{name}{list(map(int, at))}: {have[at]}, want {want[at]}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--seeds", default="0:200")
    parser.add_argument("--only", help="the one maker to use, by name")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--time-limit", type=float, default=1e9)
    options = parser.parse_args()
    first, last = map(int, options.seeds.split(":"))
    passed, failed, start = 0, 0, time.monotonic()
    for seed in range(first, last):
        if time.monotonic() - start > options.time_limit:
            break
        graph = generate(seed, options.only)
        if not graph.nodes:
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = pathlib.Path(temporary)
            try:
                problem = check(options.fnc, graph, folder)
            except subprocess.TimeoutExpired:
                problem = "takes more than two minutes"
            except Exception as error:
                # onnxruntime refuses some graphs whose nodes it takes one by one.
                print(f"seed {seed}: not a model: {str(error)[:200]}")
                continue
            passed += problem is None
            if problem is not None:
                failed += 1
                print(f"seed {seed}, opset {graph.opset}, {[n.op_type for n in graph.nodes]}: {problem}", flush=True)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (folder / "m.onnx").rename(options.keep / f"{seed}.onnx")
                    (folder / "in.npz").rename(options.keep / f"{seed}.npz")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
