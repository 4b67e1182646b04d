#!/usr/bin/env python3
"""Softmax, norms and their like, which are computed row by row, against NumPy in f64: rows.py FNC

Few rows and many, short rows, long ones and lengths that are no multiple of a vector; batches that only the call
knows; rows in more than one dimension; results that are also updates of what they were made of; NaN and infinities.
"""
import pathlib
import sys
import tempfile

import numpy as np

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "golden"))
import checks  # noqa: E402
from run import Library  # noqa: E402


def softmax(x):
    with np.errstate(all="ignore"):
        e = np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)


def log_softmax(x):
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def layer_norm(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


def rms_norm(x):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)


def gelu(x):
    from math import erf
    return 0.5 * x * (1 + np.vectorize(erf)(x / np.sqrt(2)))


class Text:
    """Lines of a graph, each with an op on tensors of the shape `full` or its rows."""

    def __init__(self, shape):
        sizes = "x".join(str(s) for s in shape)
        kept = "x".join(str(s) for s in [*shape[:-1], 1])
        self.full, self.kept, self.axis, self.lines = f"tensor<{sizes}xf32>", f"tensor<{kept}xf32>", len(shape) - 1, []

    def mean(self, out, x):
        self.lines.append(f"%{out} = fn.reduce_mean %{x} {{axes = array<i64: {self.axis}>, keep_dims}} : "
                          f"({self.full}) -> {self.kept}")

    def op(self, out, op, x, y, left=None, right=None, result=None):
        self.lines.append(f"%{out} = fn.{op} %{x}, %{y} : ({left or self.full}, {right or self.full}) -> "
                          f"{result or self.full}")

    def unary(self, out, op, x, type=None, attrs=""):
        self.lines.append(f"%{out} = fn.{op} %{x} {attrs}: {type or self.full}")


def graph(kind, shape, updates):
    t = Text(shape)
    axis = f"{{axis = {t.axis} : i64}} "
    if kind in ("softmax", "log_softmax"):
        t.unary("y", kind, "x", attrs=axis)
    elif kind == "twice":
        t.op("s", "add", "x", "x")
        t.unary("y", "softmax", "s", attrs=axis)
    elif kind in ("gelu", "sin"):
        t.unary("y", kind, "x")
    else:
        t.lines.append("%eps = fn.constant dense<1.0e-5> : tensor<f32>")
        centred = "x"
        if kind == "layer_norm":
            t.mean("m", "x")
            t.op("c", "sub", "x", "m", right=t.kept)
            centred = "c"
        t.unary("q", "square", centred)
        t.mean("v", "q")
        t.op("e", "add", "v", "eps", left=t.kept, right="tensor<f32>", result=t.kept)
        t.unary("r", "rsqrt", "e", t.kept)
        t.op("y", "mul", centred, "r", right=t.kept)
    x = f'%x = fn.variable "x" : {t.full} = dense<0.0>' if updates else f'%x = fn.placeholder "x" : {t.full}'
    spec = "inputs()" if updates else f"inputs(%x : {t.full})"
    tail = f" updates(%x = %y : {t.full})" if updates else ""
    return "fn.graph @g {\n  " + "\n  ".join([x, *t.lines]) + \
        f'\n  fn.function @f as "f_f" {spec} outputs("y" = %y : {t.full}){tail}\n}}\n'


FORMULAS = {"softmax": softmax, "log_softmax": log_softmax, "twice": lambda x: softmax(x + x), "gelu": gelu,
            "layer_norm": layer_norm, "rms_norm": rms_norm}
SHAPES = [(1, 5), (40, 64), (33, 100), (16, 1000), (3, 9, 130), (2, 3, 24, 72)]


def compare(what, got, want, scale):
    good = np.allclose(got, want, rtol=2e-6 * scale, atol=2e-6 * scale, equal_nan=True)
    checks.check(good, f"{what}: differs by {np.nanmax(np.abs(got - want))}")


def call(library, x, y):
    status, (got,) = library.call("f", [x], [y])
    checks.check(status.code == 0, f"status {status.code}")
    return got


def main():
    rng = np.random.default_rng(5)
    with tempfile.TemporaryDirectory() as temporary:
        def compiled(*args, options=()):
            # A file of its own: a library is loaded once.
            folder = pathlib.Path(tempfile.mkdtemp(dir=temporary))
            return Library(sys.argv[1], graph(*args), folder, options)

        for number, (kind, formula) in enumerate(FORMULAS.items()):
            for shape in SHAPES[number % 2::2] + SHAPES[-1:]:
                for cpu in ("x86-64", "x86-64-v3", "native"):
                    dynamic = ["?", *shape[1:]] if cpu != "native" else shape
                    library = compiled(kind, dynamic, False, options=["--cpu", cpu])
                    x = (rng.standard_normal(shape) * 4).astype(np.float32)
                    compare(f"{kind} {shape} {cpu}", call(library, x, x), formula(x.astype(np.float64)), 4)
        # Rows that are more than the first dimension, all of them known in the call alone.
        for kind in ("softmax", "layer_norm"):
            library = compiled(kind, ["?", "?", 128], False)
            for shape in ((1, 1, 128), (2, 2, 128), (5, 7, 128), (0, 3, 128)):
                x = rng.standard_normal(shape).astype(np.float32)
                got = call(library, x, x)
                if x.size:
                    compare(f"{kind} {shape}", got, FORMULAS[kind](x.astype(np.float64)), 4)
        # Shorter than a vector, whole vectors, and some with a rest; huge angles among small ones.
        for cpu in ("x86-64", "x86-64-v3", "native"):
            for kind, formula in {"gelu": gelu, "sin": np.sin}.items():
                library = compiled(kind, ["?", "?"], False, options=["--cpu", cpu])
                for length in (1, 3, 7, 8, 17, 63, 64, 101, 200):
                    x = (rng.standard_normal((3, length)) * 4).astype(np.float32)
                    if kind == "sin":
                        x.flat[::7] *= 1e9
                        x.flat[3::29] = np.inf
                    with np.errstate(invalid="ignore"):
                        compare(f"{kind} {cpu}, {length}", call(library, x, x), formula(x.astype(np.float64)), 1)
        library = compiled("softmax", [24, 96], False)
        x = rng.standard_normal((24, 96)).astype(np.float32)
        x[3, 5], x[4, :] = np.nan, np.nan
        x[5, 7], x[6, :48], x[7, :], x[8, 0] = -np.inf, -np.inf, -np.inf, np.inf
        got, want = call(library, x, x), softmax(x.astype(np.float64))
        compare("special numbers", got, want, 4)
        checks.check(np.array_equal(got == 0, want == 0), "what has no share has none at all")
        library = compiled("layer_norm", [24, 96], False, options=["--fast-math"])
        x = rng.standard_normal((24, 96)).astype(np.float32)
        compare("--fast-math", call(library, x, x), layer_norm(x.astype(np.float64)), 8)
        # In place, and again on what the first call left.
        library = compiled("softmax", [32, 80], True)
        x = np.zeros((32, 80))
        for _ in range(3):
            status, (got,) = library.call("f", [], [np.zeros((32, 80), np.float32)])
            x = softmax(x)
            compare("in place", got, x, 4)
            compare("state", library.variable("x"), x, 4)
    checks.finish()


if __name__ == "__main__":
    main()
