#!/usr/bin/env python3
"""Layers against NumPy and recorded values of Keras, their gradients against finite differences: layers.py FNC.

Values in f64 by the definitions of reference.py; gradients of a weighted sum of all results by central differences.
recorded/keras_layers.npz holds what Keras gives (recorded/keras_layers.py wrote it). Ends with `N passed, N failed`.
"""
import pathlib
import sys
import tempfile

import numpy as np

import reference as ref

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "golden"))
from run import Library  # noqa: E402

NAMES = {np.dtype(np.float64): "f64", np.dtype(np.float32): "f32", np.dtype(np.float16): "f16",
         np.dtype(np.int32): "i32", np.dtype(np.int64): "i64", np.dtype(np.bool_): "i1"}


class Case:
    """op(operands) {attrs}: `operands` are (clause, array) pairs, a clause such as "scale" for those in parentheses;
    `wrt` are the indices of those to differentiate. Dimension 0 of operands in `dynamic` is open."""

    def __init__(self, name, op, operands, attrs, reference, wrt=(), dynamic=(0,), results=None):
        self.name, self.op, self.attrs, self.reference, self.wrt = name, op, attrs, reference, wrt
        self.operands, self.dynamic = operands, dynamic
        self.arrays = [a for _, a in operands]
        self.expected = [np.asarray(y) for y in reference(*self.arrays)]
        self.open_results = results if results is not None else [0 in dynamic] * len(self.expected)

    @staticmethod
    def type(array, is_open=False):
        shape = ["?" if i == 0 and is_open else str(n) for i, n in enumerate(array.shape)]
        return f"tensor<{'x'.join(shape + [NAMES[array.dtype]])}>"

    def lines(self, n):
        """Placeholders, the op, the loss and its gradients, and a function @cN of the operands and seeds."""
        types = [self.type(a, i in self.dynamic and a.ndim) for i, a in enumerate(self.arrays)]
        outs = [self.type(y, o and y.ndim) for y, o in zip(self.expected, self.open_results)]
        lines = [f'%c{n}x{i} = fn.placeholder "c{n}x{i}" : {t}' for i, t in enumerate(types)]
        plain = ", ".join(f"%c{n}x{i}" for i, (clause, _) in enumerate(self.operands) if not clause)
        clauses = " ".join(f"{c}(%c{n}x{i})" for i, (c, _) in enumerate(self.operands) if c)
        results = ", ".join(f"%c{n}y{k}" for k in range(len(outs)))
        lines.append(f"{results} = fn.{self.op} {plain} {clauses} {{{self.attrs}}} : ({', '.join(types)}) -> "
                     f"({', '.join(outs)})")
        inputs = ", ".join(f"%c{n}x{i} : {t}" for i, t in enumerate(types))
        outputs = ", ".join(f'"y{k}" = %c{n}y{k} : {t}' for k, t in enumerate(outs))
        if self.wrt:
            floats = [k for k, y in enumerate(self.expected) if y.dtype.kind == "f"]
            terms = []
            for k in floats:
                e = NAMES[self.expected[k].dtype]
                lines += [f'%c{n}s{k} = fn.placeholder "c{n}s{k}" : {outs[k]}',
                          f"%c{n}m{k} = fn.mul %c{n}y{k}, %c{n}s{k} : ({outs[k]}, {outs[k]}) -> {outs[k]}",
                          f"%c{n}t{k} = fn.reduce_sum %c{n}m{k} : ({outs[k]}) -> tensor<{e}>"]
                inputs += f", %c{n}s{k} : {outs[k]}"
                terms.append(f"%c{n}t{k}")
            loss = terms[0]
            for k, term in enumerate(terms[1:]):
                lines.append(f"%c{n}l{k} = fn.add {loss}, {term} : (tensor<{e}>, tensor<{e}>) -> tensor<{e}>")
                loss = f"%c{n}l{k}"
            targets = [f"%c{n}x{i}" for i in self.wrt]
            gradients = ", ".join(f"%c{n}g{i}" for i in self.wrt)
            wrt = ", ".join(types[i] for i in self.wrt)
            lines.append(f"{gradients} = fn.gradients {loss}, ({', '.join(targets)}) : (tensor<{e}>, {wrt}) -> ({wrt})")
            outputs += "".join(f', "g{i}" = %c{n}g{i} : {types[i]}' for i in self.wrt)
        lines.append(f'fn.function @c{n} as "f_c{n}" inputs({inputs}) outputs({outputs})')
        return lines

    def seeds(self, rng):
        return [rng.normal(size=y.shape).astype(y.dtype) for y in self.expected if y.dtype.kind == "f"] if self.wrt else []

    def differences(self, seeds):
        def value(arrays):
            ys = [np.asarray(y) for y in self.reference(*arrays)]
            return sum((s * y).sum() for s, y in zip(seeds, [y for y in ys if y.dtype.kind == "f"]))
        gradients = []
        for i in self.wrt:
            g = np.zeros_like(self.arrays[i])
            for at in np.ndindex(g.shape):
                pair = []
                for step in (1e-5, -1e-5):
                    moved = [a.copy() if j == i else a for j, a in enumerate(self.arrays)]
                    moved[i][at] += step
                    pair.append(value(moved))
                g[at] = (pair[0] - pair[1]) / 2e-5
            gradients.append(g)
        return gradients


def normals(rng, *shape):
    return rng.normal(size=shape)


def cases():
    rng = np.random.default_rng(11)
    x, g, b = normals(rng, 5, 3, 4), normals(rng, 4), normals(rng, 4)
    m, v = normals(rng, 4), rng.uniform(0.5, 2, 4)
    yield Case("batch_norm", "batch_norm", [("", x), ("", m), ("", v), ("scale", g), ("offset", b)], "",
               lambda x, m, v, g, b: [ref.batch_norm(x, m, v, g, b)], wrt=(0, 1, 2, 3, 4))
    image = normals(rng, 3, 4, 2, 2)
    yield Case("batch_norm of channels", "batch_norm", [("", image), ("", m), ("", v)], "axis = 1 : i64, epsilon = 0.1 : f64",
               lambda x, m, v: [ref.batch_norm(x, m, v, axis=1, epsilon=0.1)], wrt=(0,))
    def trained(**k):
        # The averages pass no gradient: their differences are left out.
        return lambda x, m, v, g, b: list(ref.batch_norm_training(x, m, v, g, b, **k))
    train = [("", x), ("", m), ("", v), ("scale", g), ("offset", b)]
    yield Case("batch_norm_training", "batch_norm_training", train, "momentum = 0.9 : f64", trained(momentum=0.9),
               results=[True, False, False])
    yield Case("batch_norm_training unbiased", "batch_norm_training", [("", image)] + train[1:], "axis = 1 : i64, unbiased",
               trained(axis=1, unbiased=True), results=[True, False, False])
    yield Case("layer_norm", "layer_norm", [("", x), ("scale", g), ("offset", b)], "", lambda x, g, b: [ref.layer_norm(x, g, b)],
               wrt=(0, 1, 2))
    g2 = normals(rng, 3, 4)
    yield Case("layer_norm of two axes", "layer_norm", [("", x), ("scale", g2)], "axes = array<i64: 1, 2>, epsilon = 0.01 : f64",
               lambda x, g: [ref.layer_norm(x, g, axes=(1, 2), epsilon=0.01)], wrt=(0, 1))
    yield Case("rms_norm", "rms_norm", [("", x), ("scale", g)], "", lambda x, g: [ref.rms_norm(x, g)], wrt=(0, 1))
    picture = normals(rng, 2, 3, 2, 4)
    yield Case("group_norm", "group_norm", [("", picture), ("scale", g), ("offset", b)], "groups = 2 : i64",
               lambda x, g, b: [ref.group_norm(x, 2, g, b)], wrt=(0, 1, 2))
    yield Case("group_norm of channels first", "group_norm", [("", image), ("offset", b)], "groups = 2 : i64, axis = 1 : i64",
               lambda x, b: [ref.group_norm(x, 2, None, b, axis=1)], wrt=(0, 1))
    yield Case("instance_norm", "instance_norm", [("", picture), ("scale", g)], "", lambda x, g: [ref.instance_norm(x, g)],
               wrt=(0, 1))
    state = np.int64([9, 1, 3])
    yield Case("dropout", "dropout", [("", x), ("", state)], "rate = 0.4 : f64", lambda x, s: list(ref.dropout(x, s, 0.4)),
               wrt=(0,), results=[True, False])
    yield Case("dropout with shared axes", "dropout", [("", x), ("", state)], "rate = 0.4 : f64, shared_axes = array<i64: 1>",
               lambda x, s: list(ref.dropout(x, s, 0.4, (1,))), wrt=(0,), results=[True, False])

    table, ids = normals(rng, 7, 3), np.int32([[1, 0, 5, 5], [0, 0, 0, 0], [6, 2, 0, 1]])
    w = rng.uniform(0.5, 1, ids.shape)
    for combiner in ("sum", "mean", "sqrtn"):
        yield Case(f"embedding_bag {combiner}", "embedding_bag", [("", table), ("", ids)],
                   f'combiner = "{combiner}", padding = 0 : i64',
                   lambda t, i, c=combiner: [ref.embedding_bag(t, i, None, c, 0)], wrt=(0,), dynamic=(1,), results=[True])
        yield Case(f"embedding_bag {combiner} weighted", "embedding_bag", [("", table), ("", ids), ("weights", w)],
                   f'combiner = "{combiner}"', lambda t, i, w, c=combiner: [ref.embedding_bag(t, i, w, c)], wrt=(0, 2),
                   dynamic=(1, 2), results=[True])

    q, k, u = normals(rng, 2, 3, 4, 5), normals(rng, 2, 3, 6, 5), normals(rng, 2, 3, 6, 2)
    qkv = [("", q), ("", k), ("", u)]
    yield Case("attention", "attention", qkv, "", lambda q, k, v: [ref.attention(q, k, v)], wrt=(0, 1, 2), dynamic=(0, 1, 2))
    mask = rng.integers(0, 2, (2, 1, 4, 6)).astype(bool)
    mask[0, 0, 1] = False                                   # a query that sees nothing
    yield Case("attention with mask", "attention", qkv + [("mask", mask)], "causal, scale = 0.3 : f64",
               lambda q, k, v, m: [ref.attention(q, k, v, m, 0.3, True)], wrt=(0, 1, 2), dynamic=(0, 1, 2, 3))
    yield Case("attention with bias", "attention", qkv + [("mask", normals(rng, 4, 6))], "causal",
               lambda q, k, v, m: [ref.attention(q, k, v, m, None, True)], wrt=(0, 1, 2, 3), dynamic=(0, 1, 2))
    yield from recurrent(rng)


def recurrent(rng):
    units, features = 3, 2
    x, step = normals(rng, 2, 4, features), normals(rng, 2, features)
    h, c = normals(rng, 2, units), normals(rng, 2, units)
    mask = np.array([[True, False, True, True], [False, True, True, False]])
    kinds = [("rnn", 1, [h], "", ref.rnn_cell, {}), ("rnn", 1, [h], 'activation = "softsign"', ref.rnn_cell, {"activation": "softsign"}),
             ("lstm", 4, [h, c], "", ref.lstm_cell, {}),
             ("lstm", 4, [h, c], 'activation = "softsign", recurrent_activation = "tanh"', ref.lstm_cell,
              {"activation": "softsign", "recurrent_activation": "tanh"}),
             ("gru", 3, [h], "", ref.gru_cell, {}), ("gru", 3, [h], "reset_after", ref.gru_cell, {"reset_after": True})]
    for op, gates, states, attrs, cell, keywords in kinds:
        kernel, recurrent_kernel = normals(rng, features, gates * units), normals(rng, units, gates * units)
        bias = normals(rng, *([2] if "reset_after" in attrs else []), gates * units)
        n = len(states)
        def one(x, *rest, cell=cell, keywords=keywords, n=n):
            return cell(x, list(rest[:n]), rest[n], rest[n + 1], rest[n + 2], **keywords)
        yield Case(f"{op}_cell {attrs}", f"{op}_cell", [("", step)] + [("", s) for s in states] +
                   [("", kernel), ("", recurrent_kernel), ("bias", bias)], attrs, one, wrt=tuple(range(4 + n)),
                   dynamic=tuple(range(1 + n)))
        for more, masked, options in [("", False, {}), ("go_backwards", True, {"go_backwards": True}),
                                      ("zero_output_for_mask", True, {"zero_output_for_mask": True})]:
            def many(x, k, r, b, *rest, cell=cell, keywords=keywords, n=n, masked=masked, options=options):
                y, last = ref.sequence(lambda x, s: cell(x, s, k, r, b, **keywords), x, list(rest[:n]),
                                       rest[n] if masked else None, **options)
                return [y] + last
            operands = [("", x), ("", kernel), ("", recurrent_kernel), ("bias", bias)]
            operands += list(zip(["hidden", "cell"], states)) + ([("mask", mask)] if masked else [])
            yield Case(f"{op} {attrs} {more}", op, operands, ", ".join(filter(None, [attrs, more])), many,
                       wrt=tuple(range(4 + n)), dynamic=(0,) + tuple(range(4, 5 + n + masked)))
    # Without a bias and initial states.
    kernel, recurrent_kernel = normals(rng, features, 4 * units), normals(rng, units, 4 * units)
    zero = np.zeros((2, units))
    def bare(x, k, r):
        y, last = ref.sequence(lambda x, s: ref.lstm_cell(x, s, k, r, None), x, [zero, zero])
        return [y] + last
    yield Case("lstm from zeros", "lstm", [("", x), ("", kernel), ("", recurrent_kernel)], "", bare, wrt=(0, 1, 2))


def keras_cases():
    """Recorded f32 values: operands and results by case; see recorded/keras_layers.py."""
    data = np.load(here / "recorded" / "keras_layers.npz")
    for name in sorted({k.split("/")[0] for k in data.files}):
        op, attrs = str(data[f"{name}/op"]), str(data[f"{name}/attrs"])
        clauses = str(data[f"{name}/clauses"]).split(",")
        arrays = [data[f"{name}/x{i}"] for i in range(len(clauses))]
        results = [data[f"{name}/y{i}"] for i in range(sum(k.startswith(f"{name}/y") for k in data.files))]
        yield Case(f"Keras {name}", op, list(zip(clauses, arrays)), attrs, lambda *_, r=results: r, dynamic=())


def main():
    rng = np.random.default_rng(5)
    tests = list(cases())
    if (here / "recorded" / "keras_layers.npz").exists():
        tests += list(keras_cases())
    if len(sys.argv) > 2:
        tests = [t for t in tests if sys.argv[2] in t.name]
    text = "fn.graph @g {\n  " + "\n  ".join(line for n, t in enumerate(tests) for line in t.lines(n)) + "\n}\n"
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        # The formulas are what is tested; compiling so many takes its time.
        library = Library(sys.argv[1], text, pathlib.Path(folder), ["-O0"])
        for n, test in enumerate(tests):
            seeds = test.seeds(rng)
            gradients = test.differences(seeds)
            status, got = library.call(f"c{n}", test.arrays + seeds, test.expected + gradients)
            why = f"status {status.code}" if status.code else None
            single = test.arrays[0].dtype != np.float64
            for i, (g, w) in enumerate(zip(got, test.expected + gradients)):
                value = i < len(test.expected)
                tolerance = 2e-5 if single else 1e-10 if value else 2e-6
                if not why and not np.allclose(g, w, rtol=tolerance, atol=tolerance):
                    why = f"{'result' if value else 'gradient'} {i if value else test.wrt[i - len(test.expected)]}:\n{g}\nexpected\n{w}"
            if why:
                failed += 1
                print(f"failed: {test.name}: {why}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
