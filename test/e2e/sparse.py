#!/usr/bin/env python3
"""Ops on sparse tensors against NumPy on their dense form: sparse.py FNC.

Random entries in any order or in that of rows, several in one place, none at all; i32 and i64 indices; static and dynamic sizes; every
op that takes a sparse operand, and gradients through them. Values are small whole numbers, so that every order of
summation gives the same bits and results are compared for equality. Ends with `N passed, N failed`.
"""
import pathlib
import sys
import tempfile

import numpy as np

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "golden"))
from run import Library, Sparse  # noqa: E402

DTYPES = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "i32": np.int32, "i64": np.int64}
INDEX = {"i32": np.int32, "i64": np.int64}


def random_sparse(rng, shape, nnz, dtype, index):
    if 0 in shape:
        nnz = 0
    indices = np.stack([rng.integers(0, max(n, 1), nnz) for n in shape], axis=1).astype(INDEX[index])
    if nnz > 3:
        indices[nnz // 2] = indices[0]                      # at least one place has two entries
    if nnz % 3 == 0:
        indices = indices[np.argsort(indices[:, 0], kind="stable")]     # in the order of rows
    return Sparse(indices.reshape(nnz, len(shape)), rng.integers(-4, 5, nnz).astype(DTYPES[dtype]), shape)


def dense(s):
    out = np.zeros(s.shape, s.values.dtype)
    np.add.at(out, tuple(s.indices.T), s.values)
    return out


class Graph:
    """A function of named inputs whose outputs have expected values."""

    def __init__(self, dtype, dynamic):
        self.dtype, self.dynamic = dtype, dynamic
        self.lines, self.inputs, self.outputs, self.values, self.types = [], [], [], {}, {}

    def type(self, shape, encoding="", dtype=None):
        sizes = "".join(("?" if self.dynamic and n > 1 else str(n)) + "x" for n in shape)
        return f"tensor<{sizes}{dtype or self.dtype}{encoding}>"

    def define(self, name, value, text, type):
        self.values[name], self.types[name] = value, type
        self.lines.append(f"%{name} = {text} : {type}")

    def feed(self, name, value, index=None):
        encoding = {None: "", "i64": ", #fn.coo", "i32": ", #fn.coo<index = i32>"}[index]
        self.define(name, value, f'fn.placeholder "{name}"', self.type(value.shape, encoding))
        self.inputs.append(name)

    def op(self, name, op, operands, type, attrs=""):
        self.types[name] = type
        types = ", ".join(self.types[o] for o in operands)
        self.lines.append(f"%{name} = fn.{op} {', '.join('%' + o for o in operands)}"
                          f"{' {' + attrs + '}' if attrs else ''} : ({types}) -> {type}")

    def check(self, name, op, operands, want, attrs="", result=None):
        """An output of this op."""
        self.op(name, op, operands, result or self.type(want.shape), attrs)
        self.outputs.append((name, want))

    def text(self):
        inputs = ", ".join(f"%{n} : {self.types[n]}" for n in self.inputs)
        outputs = ", ".join(f'"{n}" = %{n} : {self.types[n]}' for n, _ in self.outputs)
        lines = self.lines + [f'fn.function @f as "f_f" inputs({inputs}) outputs({outputs})']
        return "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n"


def build(rng, dtype, index, dynamic, m, k, n, nnz):
    g = Graph(dtype, dynamic)
    whole = lambda *shape: rng.integers(-4, 5, shape).astype(DTYPES[dtype])  # noqa: E731
    coo = {"i64": ", #fn.coo", "i32": ", #fn.coo<index = i32>"}[index]
    a, a2 = random_sparse(rng, (m, k), nnz, dtype, index), random_sparse(rng, (m, k), nnz // 3, dtype, index)
    A, A2 = dense(a), dense(a2)
    g.feed("a", a, index)
    g.feed("a2", a2, index)
    for name, value in {"w": whole(k, n), "u": whole(m, n), "z": whole(n, k), "x": whole(n, m), "v": whole(k),
                        "c": whole(m), "d": whole(m, k), "column": whole(m, 1), "s": whole()}.items():
        g.feed(name, value)
    x = g.values
    g.check("dense", "to_dense", ["a"], A)
    # Absent entries contribute nothing: rows of w that no entry names are infinite.
    if dtype[0] == "f":
        x["w"][~A2.any(0) & ~np.isin(np.arange(k), a.indices[:, 1]) & ~np.isin(np.arange(k), a2.indices[:, 1])] = np.inf
    finite = np.where(np.isfinite(x["w"].astype(np.float64)), x["w"], 0).astype(DTYPES[dtype])
    g.check("left", "matmul", ["a", "w"], A @ finite)
    g.check("left_t", "matmul", ["a", "u"], A.T @ x["u"], "transpose_a")
    g.check("left_tb", "matmul", ["a", "z"], A @ x["z"].T, "transpose_b")
    g.check("left_tatb", "matmul", ["a", "x"], A.T @ x["x"].T, "transpose_a, transpose_b")
    g.check("right", "matmul", ["x", "a"], x["x"] @ A)
    g.check("right_ta", "matmul", ["u", "a"], x["u"].T @ A, "transpose_a")
    g.check("right_tb", "matmul", ["z", "a"], x["z"] @ A.T, "transpose_b")
    g.check("right_tatb", "matmul", ["w", "a2"], finite.T @ A2.T, "transpose_a, transpose_b")
    g.check("av", "matmul", ["a", "v"], A @ x["v"])
    g.check("ca", "matmul", ["c", "a"], x["c"] @ A)
    g.check("add", "add", ["a", "d"], A + x["d"])
    g.check("add_row", "add", ["v", "a"], x["v"] + A)
    g.check("sub", "sub", ["a", "d"], A - x["d"])
    g.check("rsub", "sub", ["column", "a"], x["column"] - A)
    for axes, keep in (([0], ""), ([1], ""), ([0, 1], ""), ([1], ", keep_dims")):
        want = A.sum(axis=tuple(axes), keepdims=bool(keep)).astype(A.dtype)
        g.check(f"sum{axes[0]}{len(axes)}{bool(keep)}", "reduce_sum", ["a"], want,
                f"axes = array<i64: {', '.join(map(str, axes))}>{keep}")
    g.check("shape", "shape_of", ["a"], np.array([m, k]), result="tensor<2xi64>")
    sparse = {"sum2": ("add", ["a", "a2"], A + A2, coo, ""), "diff": ("sub", ["a", "a2"], A - A2, coo, ""),
              "scaled": ("mul", ["a", "d"], A * x["d"], coo, ""), "by_row": ("mul", ["v", "a"], A * x["v"], coo, ""),
              "by_column": ("mul", ["a", "column"], A * x["column"], coo, ""),
              "by_number": ("mul", ["s", "a"], A * x["s"], coo, ""),
              "turned": ("transpose", ["a"], A.T, coo, "perm = array<i64: 1, 0>"),
              "below": ("concat", ["a", "a2"], np.concatenate([A, A2]), ", #fn.coo", "axis = 0 : i64"),
              "beside": ("concat", ["a", "a2", "a"], np.concatenate([A, A2, A], 1), ", #fn.coo", "axis = 1 : i64")}
    for name, (op, operands, want, encoding, attrs) in sparse.items():
        g.op(f"{name}_s", op, operands, g.type(want.shape, encoding), attrs)
        g.check(name, "to_dense", [f"{name}_s"], want.astype(A.dtype))
    g.check("turned_w", "matmul", ["turned_s", "u"], A.T @ x["u"])
    g.check("turned_add", "add", ["turned_s", "turned"], A.T + A.T)
    g.op("turned_twice", "concat", ["turned_s", "turned_s"], g.type((2 * k, m), ", #fn.coo"), "axis = 0 : i64")
    g.check("turned_below", "reduce_sum", ["turned_twice"], np.concatenate([A.T, A.T]).sum(1).astype(A.dtype),
            "axes = array<i64: 1>")
    g.check("mixed", "concat", ["a", "d"], np.concatenate([A, x["d"]]), "axis = 0 : i64")
    if dtype == "f32":
        g.op("wide_s", "cast", ["a"], g.type((m, k), coo, "f64"))
        g.check("wide", "to_dense", ["wide_s"], A.astype(np.float64), result=g.type((m, k), "", "f64"))
        # L = sum of (a * d) w . u: its gradients by d, w and u.
        g.feed("w1", whole(k, n))
        g.op("p", "matmul", ["scaled_s", "w1"], g.type((m, n)))
        g.op("pu", "mul", ["p", "u"], g.type((m, n)))
        types = ", ".join(g.types[t] for t in ("d", "w1", "u"))
        g.lines.append(f"%loss = fn.reduce_sum %pu : ({g.types['pu']}) -> tensor<f32>")
        g.lines.append(f"%gd, %gw, %gu = fn.gradients %loss, (%d, %w1, %u) : (tensor<f32>, {types}) -> ({types})")
        for name, source, want in (("gd", "d", A * (x["u"] @ x["w1"].T)),
                                   ("gw", "w1", (A * x["d"]).T @ x["u"]), ("gu", "u", (A * x["d"]) @ x["w1"])):
            g.types[name] = g.types[source]
            g.outputs.append((name, want))
    return g


def ranks(rng, dtype, index):
    """Vectors and tensors of rank 3."""
    g = Graph(dtype, True)
    for name, shape in (("a", (9,)), ("b", (4, 5, 3))):
        s = random_sparse(rng, shape, 12, dtype, index)
        g.feed(name, s, index)
        g.check(f"d{name}", "to_dense", [name], dense(s))
        g.check(f"s{name}", "reduce_sum", [name], np.array(dense(s).sum(), s.values.dtype))
    b = dense(g.values["b"])
    g.check("middle", "reduce_sum", ["b"], b.sum(1).astype(b.dtype), "axes = array<i64: 1>")
    g.op("t", "transpose", ["b"], g.type((3, 4, 5), {"i64": ", #fn.coo", "i32": ", #fn.coo<index = i32>"}[index]),
         "perm = array<i64: 2, 0, 1>")
    g.check("turned", "to_dense", ["t"], b.transpose(2, 0, 1))
    return g


def wrong(fnc, g, options):
    """The first output that differs, or nothing."""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(fnc, g.text(), pathlib.Path(folder), options)
        wanted = [np.asarray(w) for _, w in g.outputs]
        status, got = library.call("f", [g.values[n] for n in g.inputs], wanted)
        if status.code:
            return f"status {status.code}, tensor {status.tensor}, expected {status.expected}, got {status.got}"
        for (name, _), x, want in zip(g.outputs, got, wanted):
            if not np.array_equal(x, want):
                return f"{name}: got {x} want {want}"


def main():
    fnc = str(pathlib.Path(sys.argv[1]).resolve())
    counts = [0, 0]
    for seed, (dtype, index, dynamic, m, k, n, nnz) in enumerate([
            ("f32", "i64", True, 6, 5, 3, 17), ("f32", "i32", False, 6, 5, 3, 17), ("f64", "i64", True, 40, 30, 17, 200),
            ("f32", "i64", True, 33, 50, 64, 0), ("i32", "i64", True, 7, 9, 4, 30), ("i64", "i32", False, 3, 8, 2, 10),
            ("f16", "i32", True, 8, 6, 5, 20), ("f32", "i64", True, 0, 5, 3, 0), ("f32", "i32", True, 4, 4, 0, 6),
            ("f32", "i64", False, 2, 3, 2, 60), ("f32", "i64", False, 90, 70, 100, 800),
            ("f64", "i32", True, 90, 70, 45, 0), ("i64", "i64", False, 31, 40, 8, 300),
            ("i32", "i64", True, 12, 9, 24, 30), ("i64", "i32", True, 5, 9, 16, 30)]):
        rng = np.random.default_rng(seed)
        for what, g in (("ops", build(rng, dtype, index, dynamic, m, k, n, nnz)), ("ranks", ranks(rng, dtype, index))):
            try:
                why = wrong(fnc, g, () if seed < 1 else ("-O0",))
            except RuntimeError as e:
                why = str(e)
            counts[bool(why)] += 1
            if why:
                print(f"FAILED: {what} of {dtype}, {index}, {m}x{k}x{n}, {nnz} entries: {why}")
    print(f"{counts[0]} passed, {counts[1]} failed")
    return counts[1] > 0


if __name__ == "__main__":
    sys.exit(main())
