#!/usr/bin/env python3
"""Runs recorded cases through generated objects, value by value, state included.

    run.py --fnc PATH FOLDER [--only NAME] [--verbose]

A case is a folder with case.json (a graph as a list of statements, function specs, calls) and data.npz. Each becomes a
graph in fnc's language, an object, and calls of its C functions; guard zones around every buffer catch stray writes.
Needs numpy and a C compiler (cc, or $CC) to link the object. Ends with `N passed, N failed, N skipped`.
"""
import argparse
import ast
import ctypes
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

from machine import machine

# bf16 as its bits.
DTYPES = {"f16": np.float16, "bf16": np.uint16, "f32": np.float32, "f64": np.float64, "i1": np.bool_, "i8": np.int8,
          "i16": np.int16, "i32": np.int32, "i64": np.int64, "u8": np.uint8, "u16": np.uint16, "u32": np.uint32, "u64": np.uint64}
GUARD = 256
DIGITS = pathlib.Path(__file__).resolve().parents[2] / "examples" / "digits" / "data"
SAME = {"identity", "neg", "abs", "sign", "exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "square", "reciprocal", "sin", "cos",
        "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "sigmoid", "relu", "relu6",
        "softplus", "softsign", "elu", "selu", "gelu", "silu", "floor", "ceil", "round", "logical_not", "stop_gradient"}
BINARY = {"add", "sub", "mul", "div", "floor_div", "pow", "mod", "maximum", "minimum", "squared_difference", "atan2", "greater",
          "greater_equal", "less", "less_equal", "equal", "not_equal", "logical_and", "logical_or", "logical_xor", "where",
          "clamp", "is_nan", "is_inf", "is_finite"}
REDUCE = {"reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod", "reduce_any", "reduce_all", "logsumexp"}
WRITES = {"assign", "assign_add", "assign_sub", "scatter_update", "scatter_add", "scatter_sub", "scatter_max", "scatter_min"}


class Unsupported(Exception):
    """The case uses something that the language does not have yet."""


class Sparse:
    """What a sparse placeholder is fed: indices [nnz, rank], values [nnz], dense shape."""

    def __init__(self, indices, values, shape):
        self.indices = np.ascontiguousarray(indices)
        self.values = np.ascontiguousarray(values)
        self.shape = tuple(int(n) for n in shape)

    def parts(self):
        return [self.values, self.indices]


class Statement:
    def __init__(self, line):
        node = ast.parse(line).body[0]
        target = node.targets[0]
        self.names = [e.id for e in target.elts] if isinstance(target, ast.Tuple) else [target.id]
        self.name = self.names[0]
        self.op = node.value.func.id
        self.args = [self.value(a) for a in node.value.args]
        self.attrs = {k.arg: self.value(k.value) for k in node.value.keywords}
        self.after = [r[1:] for r in self.attrs.pop("after", [])]
        types = re.findall(r"tensor<[^<>]*(?:<[^<>]*>)?>|!fn.control", line.split("  # ")[-1])
        self.types = dict(zip(self.names, types))
        self.type = types[0]

    @staticmethod
    def value(node):
        if isinstance(node, ast.Name):
            return "%" + node.id
        if isinstance(node, ast.List):
            return [Statement.value(e) for e in node.elts]
        return ast.literal_eval(node)


def dense(array):
    """A dense attribute without its type."""
    array = np.asarray(array)
    if array.size == 0:
        return "dense<>"
    if array.dtype == np.bool_:
        if array.ndim == 0 or array.size == 1:
            return f"dense<{'true' if array.reshape(-1)[0] else 'false'}>"
        return "dense<" + re.sub("T", "t", re.sub("F", "f", str(array.tolist()))) + ">"
    return 'dense<"0x' + np.ascontiguousarray(array).tobytes().hex().upper() + '">'


def array(values):
    return "array<i64: " + ", ".join(str(v) for v in values) + ">"


class Translator:
    """The text of a graph from a case's statements."""

    def __init__(self, case, arrays):
        self.case, self.arrays = case, arrays
        self.statements = [Statement(line) for line in case["graph"]]
        self.by_name = {n: s for s in self.statements for n in s.names}
        self.lines, self.temporaries = [], 0

    def type(self, ref):
        return self.by_name[ref[1:]].types[ref[1:]]

    def shape(self, ref):
        return re.match(r"tensor<((?:[\d?]+x)*)(\w+)", self.type(ref)).group(1).rstrip("x").split("x")

    def rank(self, ref):
        return len([d for d in self.shape(ref) if d])

    def axis(self, ref, axis):
        return axis + self.rank(ref) if axis < 0 else axis

    def control(self, name):
        return f"%{name}_done" if self.by_name[name].op == "read" else f"%{name}"

    def after(self, s):
        return f" after({', '.join(self.control(n) for n in s.after)})" if s.after else ""

    def emit(self, s, op, operands, attrs=""):
        types = ", ".join(self.type(o) for o in operands)
        self.lines.append(f"%{s.name} = fn.{op} {', '.join(operands)}{attrs} : ({types}) -> {s.type}")

    def statement(self, s):
        a, k = s.args, s.attrs
        if s.op == "variable":
            init = dense(self.arrays["init/" + s.name])
            self.lines.append(f'%{s.name} = fn.variable "{s.name}" as "v_{s.name}" : {s.type} = {init}')
        elif s.op == "placeholder":
            default = f" default {dense(np.asarray(k['default'], DTYPES[k['dtype']]))}" if "default" in k else ""
            self.lines.append(f'%{s.name} = fn.placeholder "{s.name}" as "p_{s.name}" : {s.type}{default}')
        elif s.op == "const":
            self.lines.append(f"%{s.name} = fn.constant {dense(np.asarray(a[0], DTYPES[k['dtype']]))} : {s.type}")
        elif s.op in WRITES:
            operands = ", ".join(a)
            types = ", ".join(self.type(o) for o in a)
            self.lines.append(f"%{s.name} = fn.{s.op} {operands}{self.after(s)} : {types}")
        elif s.op == "read":
            self.lines.append(f"%{s.name}, %{s.name}_done = fn.read {a[0]}{self.after(s)} : {self.type(a[0])}")
        elif s.op == "group":
            self.lines.append(f"%{s.name} = fn.group {', '.join(self.control(c[1:]) for c in a[0])}")
        elif s.op in SAME:
            self.lines.append(f"%{s.name} = fn.{s.op} {a[0]} : {s.type}")
        elif s.op in BINARY:
            self.emit(s, s.op, a)
        elif s.op == "softmax_cross_entropy":
            self.emit(s, s.op, a)
        elif s.op == "gradients":
            types = ", ".join(self.type(t) for t in a[1])
            names = ", ".join("%" + n for n in s.names)
            self.lines.append(f"{names} = fn.gradients {a[0]}, ({', '.join(a[1])}) : "
                              f"({self.type(a[0])}, {types}) -> ({types})")
        elif s.op == "matmul":
            flags = [n for n in ("transpose_a", "transpose_b") if k.get(n)]
            self.emit(s, "matmul", a, f" {{{', '.join(flags)}}}" if flags else "")
        elif s.op in REDUCE:
            attrs = []
            if k.get("axes") is not None:
                attrs.append(f"axes = {array([self.axis(a[0], x) for x in k['axes']])}")
            if k.get("keepdims"):
                attrs.append("keep_dims")
            self.emit(s, s.op, a, f" {{{', '.join(attrs)}}}" if attrs else "")
        elif s.op in ("argmax", "argmin"):
            self.emit(s, s.op, a, f" {{axis = {self.axis(a[0], k['axis'])} : i64}}")
        elif s.op in ("softmax", "log_softmax"):
            axis = self.axis(a[0], k.get("axis", -1))
            self.lines.append(f"%{s.name} = fn.{s.op} {a[0]} {{axis = {axis} : i64}} : {s.type}")
        elif s.op in ("reshape", "cast", "to_dense"):
            self.emit(s, s.op, a[:1])
        elif s.op == "transpose":
            self.emit(s, "transpose", a, f" {{perm = {array(k['perm'])}}}")
        elif s.op == "tile":
            self.emit(s, "tile", a, f" {{multiples = {array(k['multiples'])}}}")
        elif s.op == "reverse":
            self.emit(s, "reverse", a, f" {{axes = {array([self.axis(a[0], x) for x in k['axes']])}}}")
        elif s.op in ("expand_dims", "squeeze", "broadcast_to"):       # the type says all of it
            self.emit(s, "broadcast_to" if s.op == "broadcast_to" else "reshape", a[:1])
        elif s.op == "concat":
            self.emit(s, "concat", a[0], f" {{axis = {self.axis(a[0][0], k['axis'])} : i64}}")
        elif s.op == "slice":
            to_end = 2**63 - 1
            end = [to_end if n == -1 else b + n for b, n in zip(k["begin"], k["size"])]
            self.emit(s, "slice", a, f" {{begin = {array(k['begin'])}, end = {array(end)}, "
                                     f"strides = {array([1] * len(end))}}}")
        elif s.op == "pad":
            element = re.search(r"(\w+)>$", self.type(a[0])).group(1)
            zero = f"zero{self.temporaries}"
            self.temporaries += 1
            self.lines.append(f"%{zero} = fn.constant {dense(np.zeros((), DTYPES[element]))} : tensor<{element}>")
            low, high = zip(*k["paddings"])
            self.lines.append(f"%{s.name} = fn.pad {a[0]}, %{zero} {{low = {array(low)}, high = {array(high)}}} : "
                              f"({self.type(a[0])}, tensor<{element}>) -> {s.type}")
        elif s.op == "gather":
            self.emit(s, "gather", a, f" {{axis = {self.axis(a[0], k.get('axis', 0))} : i64}}")
        elif s.op == "one_hot":
            self.emit(s, "one_hot", a, f" {{depth = {k['depth']} : i64}}")
        elif s.op in ("tensor_scatter_update", "tensor_scatter_add"):
            self.emit(s, "scatter", a, f' {{kind = "{s.op.split("_")[-1]}"}}')
        elif s.op in ("conv1d", "conv2d", "depthwise_conv2d", "conv2d_transpose"):
            rank = 1 if s.op == "conv1d" else 2
            attrs = [f"strides = {array(k.get('strides', [1] * rank))}", f'padding = "{k.get("padding", "valid")}"']
            if k.get("dilations"):
                attrs.append(f"dilations = {array(k['dilations'])}")
            op = {"conv1d": "conv", "conv2d": "conv", "depthwise_conv2d": "depthwise_conv",
                  "conv2d_transpose": "conv_transpose"}[s.op]
            self.emit(s, op, a, f" {{{', '.join(attrs)}}}")
        elif s.op in ("max_pool2d", "avg_pool2d"):
            attrs = (f"size = {array(k['size'])}, strides = {array(k['strides'])}, "
                     f'padding = "{k.get("padding", "valid")}"')
            self.emit(s, s.op[:-2], a, f" {{{attrs}}}")
        else:
            raise Unsupported(s.op)

    def function(self, name, spec):
        def fed(n):
            given = "" if self.by_name[n].op in ("placeholder", "variable") else f'"{n}" = '
            return f"{given}%{n} : {self.type('%' + n)}"
        inputs = ", ".join(fed(n) for n in spec["inputs"])
        outputs = ", ".join(f'"o{i}" = %{n} : {self.type("%" + n)}' for i, n in enumerate(spec["outputs"]))
        updates = ", ".join(f"%{u[0]} = %{u[1]} : {self.by_name[u[0]].type}" if isinstance(u, list) else
                            self.control(u) for u in spec["updates"])
        return f'fn.function @{name} as "f_{name}" inputs({inputs}) outputs({outputs}) updates({updates})'

    def text(self):
        for s in self.statements:
            self.statement(s)
        for name, spec in self.case["functions"].items():
            self.lines.append(self.function(name, spec))
        return "fn.graph @g {\n  " + "\n  ".join(self.lines) + "\n}\n"


class Guarded:
    """Bytes aligned to 64 between two guard zones."""

    def __init__(self, size, fill=0xA5):
        self.size = size
        self.raw = np.full(size + 2 * GUARD + 64, 0xC3, np.uint8)
        self.start = GUARD + (-(self.raw.ctypes.data + GUARD)) % 64
        self.bytes = self.raw[self.start:self.start + size]
        self.bytes[:] = fill
        self.address = self.raw.ctypes.data + self.start

    def intact(self):
        return bool((self.raw[:self.start] == 0xC3).all() and (self.raw[self.start + self.size:] == 0xC3).all())

    @classmethod
    def holding(cls, array):
        guarded = cls(array.nbytes)
        guarded.bytes[:] = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
        return guarded


class Library:
    """A compiled graph: its functions by name, the layout of its state."""

    def __init__(self, fnc, text, folder, options=(), where=None):
        source, obj = folder / "g.mlir", folder / "g.o"
        source.write_text(text)
        self.machine = where or machine()
        done = subprocess.run([fnc, "compile", str(source), "-o", str(obj), *options, *self.machine.options],
                              capture_output=True, text=True, timeout=300)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if "error: " in line]
            raise RuntimeError("\n".join([f"fnc compile: exit {done.returncode}", *errors, done.stderr[:2000]]))
        self.header = obj.with_suffix(".h").read_text()
        shown = subprocess.run([fnc, "inspect", str(obj), "--json"], capture_output=True, text=True, check=True)
        self.manifest = json.loads(shown.stdout)
        self.variables = {v["name"]: v for v in self.manifest["variables"]}
        self.state = Guarded(max(self.manifest["state_bytes"], 64))
        self.machine.load(obj, [self.manifest["graph"] + "_init", *(f["symbol"] for f in self.manifest["functions"])])
        self.machine.initialize("g_init", self.state)

    def variable(self, name):
        v = self.variables[name]
        dtype = np.dtype(DTYPES[v["dtype"]])
        count = int(np.prod(v["shape"], dtype=np.int64))
        raw = self.state.bytes[v["offset"]:v["offset"] + count * dtype.itemsize]
        return np.frombuffer(raw.tobytes(), dtype).reshape(v["shape"])

    def call(self, name, inputs, outputs):
        """inputs: arrays in order; outputs: arrays of the expected shapes, for their sizes. Returns arrays."""
        struct = re.search(r"typedef struct (g_f_%s)_args \{(.*?)\}" % re.escape(name), self.header, re.S)
        fields, setters, buffers = [], {}, []
        inputs = [part for x in inputs for part in (x.parts() + [x] if isinstance(x, Sparse) else [x])]
        shapes = {i - 1: x for i, x in enumerate(inputs) if isinstance(x, Sparse)}
        inputs = [x for x in inputs if not isinstance(x, Sparse)]
        shapes = {i - n: x for n, (i, x) in enumerate(shapes.items())}     # by the place of the indices
        feeds = [Guarded.holding(x) for x in inputs]
        results = [Guarded(max(x.nbytes, 1)) for x in outputs]
        buffers += feeds + results
        left_in, left_out = list(range(len(inputs))), list(range(len(outputs)))
        for line in struct.group(2).strip().splitlines():
            line = line.split("/*")[0].strip().rstrip(";")
            if m := re.match(r"ptrdiff_t (\w+)\[(\d+)\]", line):
                fields.append((m.group(1), ctypes.c_ssize_t * int(m.group(2))))
                setters[m.group(1)] = shapes.get(current, inputs[current]).shape
                continue
            if m := re.match(r"ptrdiff_t (\w+)_nnz$", line):
                fields.append((m.group(1) + "_nnz", ctypes.c_ssize_t))
                setters[m.group(1) + "_nnz"] = shapes[current].values.shape[0]
                continue
            if line == "size_t workspace_bytes":
                fields.append(("workspace_bytes", ctypes.c_size_t))
                continue
            field = re.search(r"\*(\w+)$", line).group(1) if "*" in line else "unused"
            fields.append((field, ctypes.c_void_p))
            if field == "state":
                setters[field] = self.machine.address(self.state)
            elif field == "workspace" or field == "context" or field == "unused":
                pass
            elif left_in:
                current = left_in.pop(0)
                setters[field] = self.machine.address(feeds[current])
            else:
                setters[field] = self.machine.address(results[left_out.pop(0)])
        kind = type("Args", (ctypes.Structure,), {"_fields_": fields})
        args = kind()
        for field, value in setters.items():
            if isinstance(value, tuple):
                for i, n in enumerate(value):
                    getattr(args, field)[i] = n
            else:
                setattr(args, field, value)
        buffers.append(self.state)
        call = lambda: self.machine.call(struct.group(1), args, buffers)
        status = call()                                     # with no workspace: says how much it needs
        if status.code == 4 and any(f[0] == "workspace" for f in fields):
            workspace = Guarded(status.expected, 0xFF)
            buffers.append(workspace)
            args.workspace, args.workspace_bytes = self.machine.address(workspace), workspace.size
            status = call()
        self.machine.forget()
        for buffer in buffers:
            if not buffer.intact():
                raise RuntimeError(f"{name} wrote outside a buffer")
        for x, feed in zip(inputs, feeds):
            if feed.bytes.tobytes() != np.ascontiguousarray(x).tobytes():
                raise RuntimeError(f"{name} changed an input")
        return status, [np.frombuffer(r.bytes[:x.nbytes].tobytes(), x.dtype).reshape(x.shape)
                        for r, x in zip(results, outputs)]


def differs(got, want, tolerance):
    if got.dtype.kind in "biu" or (tolerance["rtol"] == 0 and tolerance["atol"] == 0):
        return not np.array_equal(got, want, equal_nan=got.dtype.kind == "f")
    return not np.allclose(got, want, rtol=tolerance["rtol"], atol=tolerance["atol"], equal_nan=True)


def worst(got, want):
    with np.errstate(all="ignore"):
        return f"got {got.reshape(-1)[:6]} want {want.reshape(-1)[:6]}"


def digits(path):
    """Images or labels; from the example's data where the case's folder has none beside it."""
    if path.exists():
        return np.load(path)
    kind, part = path.stem.split("_")
    raw = np.fromfile(DIGITS / f"{part}.bin", np.uint8).reshape(-1, 65)
    return raw[:, :64] / np.float32(16) if kind == "x" else raw[:, 64].astype(np.int32)


def run_schedule(case, folder, arrays, library):
    """A whole training: the loss of every step, the variables at its end, the answers on the test set."""
    schedule = case["schedule"]
    data = {n: digits(folder / p) for n, p in schedule["inputs"].items()}
    test = {n: digits(folder / p) for n, p in schedule["test"].items()}
    spec, losses, batch = case["functions"][schedule["function"]], arrays["losses"], schedule["batch"]
    steps = [i for _ in range(schedule["epochs"]) for i in range(0, len(data["y"]), batch)]
    if len(steps) != len(losses):
        raise RuntimeError(f"{len(steps)} steps for {len(losses)} losses")
    for step, (i, want) in enumerate(zip(steps, losses)):
        status, (loss,) = library.call(schedule["function"], [data[n][i:i + batch] for n in spec["inputs"]], [want])
        if status.code or differs(loss, want, case["tolerance"]):
            raise RuntimeError(f"step {step}: status {status.code}, {worst(loss, want)}")
    for name in library.variables:
        if differs(library.variable(name), arrays[f"final/{name}"], case["tolerance"]):
            raise RuntimeError(f"variable {name} at the end: {worst(library.variable(name), arrays[f'final/{name}'])}")
    want = arrays["test_probabilities"]
    status, (probabilities,) = library.call("predict", [test["x"]], [want])
    right = np.mean(probabilities.argmax(1) == test["y"])
    if status.code or differs(probabilities, want, case["tolerance"]) or right != schedule["accuracy"]:
        raise RuntimeError(f"predictions: status {status.code}, accuracy {right}, {worst(probabilities, want)}")


def run_case(fnc, folder):
    case = json.loads((folder / "case.json").read_text())
    arrays = np.load(folder / "data.npz")
    translator = Translator(case, arrays)
    with tempfile.TemporaryDirectory() as temporary:
        library = Library(fnc, translator.text(), pathlib.Path(temporary))
        if "schedule" in case:
            run_schedule(case, folder, arrays, library)
        for i, call in enumerate(case["calls"]):
            spec = case["functions"][call["function"]]
            def feed(name):
                key = f"{i}/in/{name}"
                if not translator.by_name[name].attrs.get("sparse"):
                    return arrays[key]
                return Sparse(*(arrays[f"{key}.{part}"] for part in ("indices", "values", "shape")))
            inputs = [feed(n) for n in spec["inputs"]]
            wanted = [arrays[f"{i}/out/{p}"] for p in range(len(spec["outputs"]))]
            status, got = library.call(call["function"], inputs, wanted)
            if status.code:
                raise RuntimeError(f"call {i}: status {status.code}, expected {status.expected}, got {status.got}")
            for p, (g, w) in enumerate(zip(got, wanted)):
                if differs(g, w, case["tolerance"]):
                    raise RuntimeError(f"call {i}, output {spec['outputs'][p]}: {worst(g, w)}")
            for name in library.variables:
                key = f"{i}/var/{name}"
                if key in arrays and differs(library.variable(name), arrays[key], case["tolerance"]):
                    raise RuntimeError(f"call {i}, variable {name}: {worst(library.variable(name), arrays[key])}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--only")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("folder", type=pathlib.Path)
    options = parser.parse_args()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for folder in sorted(f for f in options.folder.iterdir() if (f / "case.json").exists()):
        if options.only and folder.name != options.only:
            continue
        try:
            run_case(options.fnc, folder)
            outcome, why = "passed", ""
        except Unsupported as e:
            outcome, why = "skipped", f"not in the language yet: {e}"
        except Exception as e:                              # any other failure is the case's failure
            outcome, why = "failed", str(e)
        counts[outcome] += 1
        if outcome != "passed" or options.verbose:
            print(f"{outcome:7} {folder.name} {why}", flush=True)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    sys.exit(counts["failed"] > 0)


if __name__ == "__main__":
    main()
