#!/usr/bin/env python3
"""Differential fuzzer: random graphs through generated objects against NumPy, state included.

    fuzz.py --fnc PATH --seeds FIRST:LAST [--keep FOLDER]

Each seed is a graph with f32 and i32 tensors, static and dynamic dimensions, several functions on shared state:
simultaneous updates, chains of update ops under control, reads between them, scatters, feeds of inner values and
variables, sparse feeds in any order, one tensor fetched twice. Every buffer of a call lies between guard zones. A graph that does not compile is a
failure. Ends with `N passed, N failed`; a failing graph is printed.
"""
import argparse
import pathlib
import random
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import Library, Sparse, dense  # noqa: E402

F32, I32 = np.float32, np.int32
NAMES = {F32: "f32", I32: "i32"}


def type_of(shape, dtype):
    return f"tensor<{''.join(f'{d}x' for d in shape)}{NAMES[dtype]}>"


class Value:
    """A tensor of the graph: its name, shape ('?' is the batch), and how to compute it from others."""

    def __init__(self, name, shape, dtype, compute):
        self.name, self.shape, self.dtype, self.compute = name, shape, dtype, compute
        self.type = type_of(shape, dtype)


class Evaluator:
    """One call by the rules of the contract."""

    def __init__(self, feeds, entry):
        self.known, self.entry, self.current = dict(feeds), entry, dict(entry)

    def __call__(self, value):
        if value.name not in self.known:
            with np.errstate(all="ignore"):
                self.known[value.name] = np.asarray(value.compute(self)).astype(value.dtype)
        return self.known[value.name]


def relu(x):
    return np.where(x > 0, x, np.zeros_like(x))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


UNARY = {"neg": np.negative, "abs": np.abs, "square": np.square, "relu": relu}
UNARY_F32 = {"tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "exp": lambda x: np.exp(x), "sin": np.sin,
             "floor": np.floor, "atan": np.arctan, "log1p": np.log1p, "cos": np.cos}
BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum}


class Case:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.lines, self.values, self.variables, self.placeholders = [], [], [], []
        self.init = {}
        for i in range(self.random.randint(1, 4)):
            self.variable(f"v{i}", self.random.choice([(3,), (2, 3), (3, 3), (4, 3)]), self.random.choice([F32, F32, I32]))
        self.variable("table", (4, 3), F32)
        for i in range(self.random.randint(1, 3)):
            shape = self.random.choice([("?", 3), (2, 3), (3,), (3, 3)])
            self.placeholder(f"p{i}", shape, self.random.choice([F32, F32, I32]))
        self.placeholder("index", ("?",), I32)
        # Not among the values that any op may take.
        self.sparse = Value("sparse", ("?", 3), F32, None)
        self.sparse.type = f"tensor<?x3xf32, #fn.coo{self.random.choice(['', '<index = i32>'])}>"
        self.lines.append(f'%sparse = fn.placeholder "sparse" as "p_sparse" : {self.sparse.type}')
        self.placeholders.append(self.sparse)
        for i in range(self.random.randint(2, 20)):
            self.operation(f"t{i}")
        self.functions = [self.function(i) for i in range(self.random.randint(1, 4))]
        self.random.shuffle(self.lines)
        self.text = "fn.graph @g {\n  " + "\n  ".join(self.lines) + "\n}\n"

    def data(self, shape, dtype):
        if dtype is I32:
            return self.numbers.integers(-3, 4, shape).astype(I32)
        return self.numbers.uniform(-2, 2, shape).astype(F32)

    def variable(self, name, shape, dtype):
        value = Value(name, shape, dtype, lambda e, n=name: e.entry[n])
        self.init[name] = self.data(shape, dtype)
        self.lines.append(f'%{name} = fn.variable "{name}" as "v_{name}" : {value.type} = {dense(self.init[name])}')
        self.variables.append(value)
        self.values.append(value)

    def placeholder(self, name, shape, dtype):
        value = Value(name, shape, dtype, None)
        self.lines.append(f'%{name} = fn.placeholder "{name}" as "p_{name}" : {value.type}')
        self.placeholders.append(value)
        self.values.append(value)

    def pick(self, want=lambda v: True):
        found = [v for v in self.values if want(v)]
        return self.random.choice(found) if found else None

    def add(self, name, shape, dtype, compute, text):
        value = Value(name, tuple(shape), dtype, compute)
        self.lines.append(f"%{name} = fn.{text.replace('RESULT', value.type)}")
        self.values.append(value)

    def operation(self, name):
        kind = self.random.choice(["unary", "unary", "binary", "binary", "binary", "matmul", "reduce", "transpose",
                                   "softmax", "where", "gather", "concat", "cast", "slice", "reshape", "sparse",
                                   "sparse"])
        x = self.pick()
        if kind == "unary":
            table = {**UNARY, **(UNARY_F32 if x.dtype is F32 else {})}
            op = self.random.choice(sorted(table))
            self.add(name, x.shape, x.dtype, lambda e: table[op](e(x)), f"{op} %{x.name} : {x.type}")
        elif kind in ("binary", "where"):
            y = self.pick(lambda v: v.dtype is x.dtype and self.joined(x.shape, v.shape))
            shape = self.joined(x.shape, y.shape)
            if kind == "binary":
                op = self.random.choice(sorted(BINARY))
                self.add(name, shape, x.dtype, lambda e: BINARY[op](e(x), e(y)),
                         f"{op} %{x.name}, %{y.name} : ({x.type}, {y.type}) -> RESULT")
            else:
                flag = type_of(shape, F32).replace("f32", "i1")
                self.lines.append(f"%{name}c = fn.less %{x.name}, %{y.name} : ({x.type}, {y.type}) -> {flag}")
                self.add(name, shape, x.dtype, lambda e: np.where(e(x) < e(y), e(x), e(y)),
                         f"where %{name}c, %{x.name}, %{y.name} : ({flag}, {x.type}, {y.type}) -> RESULT")
        elif kind == "matmul":
            a = self.pick(lambda v: v.dtype is F32 and len(v.shape) == 2 and v.shape[1] == 3)
            b = self.pick(lambda v: v.dtype is F32 and v.shape == (3, 3))
            if a and b:
                flip = self.random.random() < 0.5
                self.add(name, (a.shape[0], 3), F32, lambda e: e(a) @ (e(b).T if flip else e(b)),
                         f"matmul %{a.name}, %{b.name} {{{'transpose_b' if flip else ''}}} : "
                         f"({a.type}, {b.type}) -> RESULT")
        elif kind == "reduce" and x.shape:
            axis = self.random.randrange(len(x.shape))
            op, f = self.random.choice([("reduce_sum", np.sum), ("reduce_max", np.max), ("reduce_min", np.min)])
            keep = self.random.random() < 0.5
            shape = [1 if i == axis else d for i, d in enumerate(x.shape) if keep or i != axis]
            self.add(name, shape, x.dtype, lambda e: f(e(x), axis=axis, keepdims=keep),
                     f"{op} %{x.name} {{axes = array<i64: {axis}>{', keep_dims' if keep else ''}}} : "
                     f"({x.type}) -> RESULT")
        elif kind == "transpose" and len(x.shape) == 2:
            self.add(name, x.shape[::-1], x.dtype, lambda e: e(x).T,
                     f"transpose %{x.name} {{perm = array<i64: 1, 0>}} : ({x.type}) -> RESULT")
        elif kind == "softmax" and x.dtype is F32 and x.shape and x.shape[-1] != "?":
            self.add(name, x.shape, F32, lambda e: softmax(e(x)),
                     f"softmax %{x.name} {{axis = {len(x.shape) - 1} : i64}} : {x.type}")
        elif kind == "gather":
            index = next(v for v in self.placeholders if v.name == "index")
            t = self.pick(lambda v: v.shape and v.shape[0] == 4)
            if t:
                self.add(name, ("?",) + t.shape[1:], t.dtype, lambda e: e(t)[e(index)],
                         f"gather %{t.name}, %index {{axis = 0 : i64}} : ({t.type}, {index.type}) -> RESULT")
        elif kind == "concat" and x.shape and x.shape[-1] != "?":
            y = self.pick(lambda v: v.dtype is x.dtype and len(v.shape) == len(x.shape) and
                          v.shape[:-1] == x.shape[:-1] and v.shape[-1] != "?")
            axis = len(x.shape) - 1
            self.add(name, x.shape[:-1] + (x.shape[-1] + y.shape[-1],), x.dtype,
                     lambda e: np.concatenate([e(x), e(y)], axis),
                     f"concat %{x.name}, %{y.name} {{axis = {axis} : i64}} : ({x.type}, {y.type}) -> RESULT")
        elif kind == "cast":
            to = I32 if x.dtype is F32 else F32
            self.add(name, x.shape, to, lambda e: np.nan_to_num(np.clip(np.trunc(e(x)).astype(np.float64), -2**31, 2**31 - 1)),
                     f"cast %{x.name} : ({x.type}) -> RESULT")
        elif kind == "slice" and x.shape and x.shape[-1] not in ("?", 0, 1):
            n, last = len(x.shape), x.shape[-1]
            begin = [0] * (n - 1) + [1]
            end = [2**63 - 1] * n
            self.add(name, x.shape[:-1] + (last - 1,), x.dtype, lambda e: e(x)[..., 1:],
                     f"slice %{x.name} {{begin = array<i64: {str(begin)[1:-1]}>, end = array<i64: {str(end)[1:-1]}>, "
                     f"strides = array<i64: {str([1] * n)[1:-1]}>}} : ({x.type}) -> RESULT")
        elif kind == "sparse":
            self.sparse_operation(name)
        elif kind == "reshape" and "?" not in x.shape and x.shape:
            self.add(name, (int(np.prod(x.shape)),), x.dtype, lambda e: e(x).reshape(-1),
                     f"reshape %{x.name} : ({x.type}) -> RESULT")

    def sparse_operation(self, name):
        s, rows = self.sparse, self.pick(lambda v: v.dtype is F32 and v.shape == ("?", 3))
        square = self.pick(lambda v: v.dtype is F32 and v.shape == (3, 3))
        op = self.random.choice(["to_dense", "reduce_sum", "left", "left_t", "right", "add", "mul"])
        if op == "to_dense":
            self.add(name, s.shape, F32, lambda e: e(s), f"to_dense %sparse : ({s.type}) -> RESULT")
        elif op == "reduce_sum":
            axis = self.random.randrange(2)
            self.add(name, (s.shape[1 - axis],), F32, lambda e: e(s).sum(axis),
                     f"reduce_sum %sparse {{axes = array<i64: {axis}>}} : ({s.type}) -> RESULT")
        elif op == "left" and square:
            self.add(name, s.shape, F32, lambda e: e(s) @ e(square),
                     f"matmul %sparse, %{square.name} : ({s.type}, {square.type}) -> RESULT")
        elif op == "left_t" and rows:
            self.add(name, (3, 3), F32, lambda e: e(s).T @ e(rows),
                     f"matmul %sparse, %{rows.name} {{transpose_a}} : ({s.type}, {rows.type}) -> RESULT")
        elif op == "right" and rows:
            self.add(name, (3, 3), F32, lambda e: e(rows).T @ e(s),
                     f"matmul %{rows.name}, %sparse {{transpose_a}} : ({rows.type}, {s.type}) -> RESULT")
        elif op in ("add", "mul") and rows:
            self.lines.append(f"%{name}m = fn.mul %{rows.name}, %sparse : ({rows.type}, {s.type}) -> {s.type}")
            self.add(name, s.shape, F32, lambda e: e(rows) * e(s) + (e(rows) if op == "add" else 0),
                     f"add %{name}m, %{rows.name} : ({s.type}, {rows.type}) -> RESULT" if op == "add" else
                     f"to_dense %{name}m : ({s.type}) -> RESULT")

    def feed_sparse(self, batch):
        nnz = int(self.numbers.integers(0, 9))
        indices = np.stack([self.numbers.integers(0, n, nnz) for n in (batch, 3)], 1)
        return Sparse(indices.astype(np.int32 if "i32" in self.sparse.type else np.int64),
                      self.data([nnz], F32), (batch, 3))

    def joined(self, a, b):
        n = max(len(a), len(b))
        out = []
        for p, q in zip((1,) * (n - len(a)) + tuple(a), (1,) * (n - len(b)) + tuple(b)):
            if p != q and 1 not in (p, q):
                return None if n else ()
            out.append(q if p == 1 else p)
        return tuple(out) or ((1,) if n else True and (0,)) if n else None

    def function(self, number):
        r = self.random
        outputs = [self.pick() for _ in range(r.randint(0, 3))]
        if outputs and r.random() < 0.3:
            outputs.append(outputs[0])
        pairs, effects, controls = [], [], []
        for variable in r.sample(self.variables, r.randint(0, len(self.variables))):
            if r.random() < 0.6:
                value = self.pick(lambda v: v.dtype is variable.dtype and v.shape == variable.shape)
                pairs.append((variable, value))
                continue
            # A chain of writes, each after the one before.
            last = None
            for step in range(r.randint(1, 3)):
                name = f"f{number}_{variable.name}_{step}"
                after = f" after({last})" if last else ""
                if variable.name == "table" and r.random() < 0.5:
                    rows = self.pick(lambda v: v.dtype is F32 and v.shape == ("?", 3))
                    if rows:
                        op = r.choice(["scatter_update", "scatter_add", "scatter_sub", "scatter_max"])
                        self.lines.append(f"%{name} = fn.{op} %table, %index, %{rows.name}{after} : {variable.type}, "
                                          f"tensor<?xi32>, {rows.type}")
                        effects.append((op, variable, rows))
                        last = "%" + name
                        continue
                value = self.pick(lambda v: v.dtype is variable.dtype and v.shape == variable.shape)
                op = r.choice(["assign", "assign_add", "assign_sub"])
                self.lines.append(f"%{name} = fn.{op} %{variable.name}, %{value.name}{after} : {variable.type}, "
                                  f"{value.type}")
                effects.append((op, variable, value))
                last = "%" + name
            controls.append(last)
        inputs = list(self.placeholders)
        extra = self.pick(lambda v: v not in self.placeholders)
        if r.random() < 0.3 and extra:
            inputs.append(extra)
        feeds = ", ".join(("" if v in self.placeholders + self.variables else f'"{v.name}" = ') +
                          f"%{v.name} : {v.type}" for v in inputs)
        fetches = ", ".join(f'"o{i}" = %{v.name} : {v.type}' for i, v in enumerate(outputs))
        updates = ", ".join([f"%{v.name} = %{n.name} : {v.type}" for v, n in pairs] + controls)
        self.lines.append(f'fn.function @f{number} as "f_f{number}" inputs({feeds}) outputs({fetches}) '
                          f'updates({updates})')
        return inputs, outputs, pairs, effects

    def expect(self, function, feeds, state):
        inputs, outputs, pairs, effects = function
        e = Evaluator(feeds, state)
        results = [e(v) for v in outputs]
        after = dict(state)
        for op, variable, value in effects:
            now, new = after[variable.name].copy(), e(value)
            if op.startswith("scatter"):
                for i, row in zip(feeds["index"], new):
                    now[i] = {"scatter_update": row, "scatter_add": now[i] + row, "scatter_sub": now[i] - row,
                              "scatter_max": np.maximum(now[i], row)}[op]
            else:
                now = {"assign": new, "assign_add": now + new, "assign_sub": now - new}[op]
            after[variable.name] = now.astype(variable.dtype)
        for variable, value in pairs:
            after[variable.name] = e(value)
        return results, after


def close(got, want):
    if got.shape != want.shape:
        return False
    if got.dtype == np.int32:
        return np.array_equal(got, want)
    return np.allclose(got, want, rtol=2e-4, atol=2e-4, equal_nan=True)


def run(fnc, seed, folder):
    case = Case(seed)
    library = Library(fnc, case.text, folder)
    state = dict(case.init)
    for number, function in enumerate(case.functions):
        for _ in range(2):
            batch = case.random.choice([1, 2, 5])
            feeds = {v.name: case.data([batch if d == "?" else d for d in v.shape], v.dtype) for v in function[0]}
            feeds["index"] = case.numbers.integers(0, 4, batch).astype(I32)
            entries = case.feed_sparse(batch)
            feeds["sparse"] = np.zeros(entries.shape, F32)
            np.add.at(feeds["sparse"], tuple(entries.indices.T), entries.values)
            results, after = case.expect(function, feeds, state)
            feeds["sparse"] = entries
            status, got = library.call(f"f{number}", [feeds[v.name] for v in function[0]], results)
            if status.code:
                raise RuntimeError(f"@f{number}: status {status.code}")
            for i, (g, w) in enumerate(zip(got, results)):
                if not close(g, w):
                    raise RuntimeError(f"@f{number}, output {i} ({function[1][i].name}):\n{g}\nexpected\n{w}")
            for name, want in after.items():
                if not close(library.variable(name), want):
                    raise RuntimeError(f"@f{number}, variable {name}:\n{library.variable(name)}\nexpected\n{want}")
            state = {name: library.variable(name).copy() for name in after}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--seeds", default="0:100")
    options = parser.parse_args()
    first, last = map(int, options.seeds.split(":"))
    failed = 0
    for seed in range(first, last):
        try:
            with tempfile.TemporaryDirectory() as folder:
                run(options.fnc, seed, pathlib.Path(folder))
        except Exception as error:                         # whatever went wrong, it is this seed's failure
            failed += 1
            print(f"seed {seed}: {type(error).__name__}: {error}\n{Case(seed).text}", flush=True)
    print(f"{last - first - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
