#!/usr/bin/env python3
"""Loss ops against recorded values of tf_keras and against NumPy: losses.py FNC.

Values and gradients of the recorded cases loss_*; weights, reductions and smoothing from formulas in NumPy's f64.
Ends with `N passed, N failed`.
"""
import json
import pathlib
import sys
import tempfile

import numpy as np

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "golden"))
from run import Library, differs  # noqa: E402

RECORDED = {"mse": "mse", "mae": "mae", "huber": "huber", "log_cosh": "log_cosh", "hinge": "hinge",
            "squared_hinge": "squared_hinge", "kl_divergence": "kl_divergence", "poisson": "poisson",
            "binary_crossentropy": "binary_cross_entropy", "categorical_crossentropy": "categorical_cross_entropy",
            "sparse_categorical_crossentropy": "sparse_categorical_cross_entropy"}


def graph(op, attrs, p, t, weights=None, result="tensor<f32>", seed=None):
    """A function f of p, t and perhaps w and s that yields the loss and its gradient by p."""
    inputs, types, weighted = f"%p : {p}, %t : {t}", f"{p}, {t}", ""
    lines = [f'%p = fn.placeholder "p" : {p}', f'%t = fn.placeholder "t" : {t}']
    if weights:
        lines.append(f'%w = fn.placeholder "w" : {weights}')
        inputs, types, weighted = f"{inputs}, %w : {weights}", f"{types}, {weights}", " weights(%w)"
    seeded, seeded_type = "", ""
    if seed:
        lines.append(f'%s = fn.placeholder "s" : {seed}')
        inputs, seeded, seeded_type = f"{inputs}, %s : {seed}", " seed(%s)", f", {seed}"
    lines += [f"%l = fn.{op} %p, %t{weighted} {{{attrs}}} : ({types}) -> {result}",
              f"%g = fn.gradients %l, (%p){seeded} : ({result}, {p}{seeded_type}) -> {p}",
              f'fn.function @f as "f_f" inputs({inputs}) outputs("loss" = %l : {result}, "dp" = %g : {p})']
    return "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n"


def recorded(fnc, case):
    folder = here.parent / "golden" / "cases" / f"loss_{case}"
    spec, arrays = json.loads((folder / "case.json").read_text()), np.load(folder / "data.npz")
    base, logits = case.removesuffix("_logits"), case.endswith("_logits")
    target = "tensor<?xi32>" if base.startswith("sparse") else "tensor<?x4xf32>"
    text = graph(RECORDED[base], "from_logits" if logits else "", "tensor<?x4xf32>", target)
    with tempfile.TemporaryDirectory() as folder:
        library = Library(fnc, text, pathlib.Path(folder))
        for i in range(len(spec["calls"])):
            wanted = [arrays[f"{i}/out/{k}"] for k in range(2)]
            status, got = library.call("f", [arrays[f"{i}/in/p"], arrays[f"{i}/in/y"]], wanted)
            if status.code:
                return f"call {i}: status {status.code}"
            for name, g, w in zip(("loss", "gradient"), got, wanted):
                if differs(g, w, spec["tolerance"]):
                    return f"call {i}, {name}: got {g} want {w}"


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


# Losses of samples, by formula.
def bce_logits(p, t, smoothing):
    t = t * (1 - smoothing) + 0.5 * smoothing
    s = 1 / (1 + np.exp(-p))
    return -(t * np.log(s) + (1 - t) * np.log(1 - s)).mean(-1)


def cce_logits(p, t, smoothing):
    t = t * (1 - smoothing) + smoothing / p.shape[-1]
    return -(t * np.log(softmax(p))).sum(-1)


def huber(p, t, delta):
    e = np.abs(p - t)
    return np.where(e > delta, delta * e - delta ** 2 / 2, e ** 2 / 2).mean(-1)


def cosine(p, t):
    return -(p * t).sum(-1) / np.sqrt((p * p).sum(-1) * (t * t).sum(-1))


def computed(op, attrs, formula, reduction, rank_of_weights):
    """A rank 3 prediction [b, 5, 4]: its losses are [b, 5]; weights are [b, 5], [b] or a number."""
    def run(fnc):
        rng = np.random.default_rng(7)
        p, t = rng.normal(size=(2, 3, 5, 4))
        if "cross" in op:
            t = softmax(t)
        each = formula(p, t)
        w = None if rank_of_weights is None else rng.uniform(0.5, 2, (3, 5)[:rank_of_weights])
        if w is not None:
            each = each * w.reshape(w.shape + (1,) * (2 - w.ndim if w.ndim else 0))
        want = {"mean": each.mean, "sum": each.sum, "none": lambda: each}[reduction]()
        seed = rng.normal(size=np.shape(want))
        # The gradient by central differences of the formula.
        def value(q):
            losses = formula(q, t)
            if w is not None:
                losses = losses * w.reshape(w.shape + (1,) * (2 - w.ndim if w.ndim else 0))
            return (seed * {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()).sum()
        gradient = np.zeros_like(p)
        for i in np.ndindex(p.shape):
            d = np.zeros_like(p)
            d[i] = 1e-6
            gradient[i] = (value(p + d) - value(p - d)) / 2e-6
        kind = {None: None, 0: "tensor<f64>", 1: "tensor<?xf64>", 2: "tensor<?x5xf64>"}[rank_of_weights]
        result = "tensor<?x5xf64>" if reduction == "none" else "tensor<f64>"
        all_attrs = ", ".join(filter(None, [attrs, f'reduction = "{reduction}"']))
        text = graph(op, all_attrs, "tensor<?x5x4xf64>", "tensor<?x5x4xf64>", kind, result, result)
        with tempfile.TemporaryDirectory() as folder:
            inputs = [p, t] + ([] if w is None else [np.asarray(w)]) + [np.asarray(seed)]
            status, got = Library(fnc, text, pathlib.Path(folder)).call("f", inputs, [np.asarray(want), gradient])
        if status.code:
            return f"status {status.code}"
        if not np.allclose(got[0], want, rtol=1e-9):
            return f"loss: got {got[0]} want {want}"
        if not np.allclose(got[1], gradient, rtol=1e-6, atol=1e-8):
            return f"gradient: got {got[1].reshape(-1)[:6]} want {gradient.reshape(-1)[:6]}"
    return run


def sparse_labels(fnc):
    """Infinite logits of other classes do no harm; a label out of range is a status that names it."""
    text = graph("sparse_categorical_cross_entropy", "from_logits", "tensor<?x3xf32>", "tensor<?xi32>")
    with tempfile.TemporaryDirectory() as folder:
        library = Library(fnc, text, pathlib.Path(folder))
        p, out = np.float32([[0, -np.inf, 0]]), [np.float32(0), np.zeros((1, 3), np.float32)]
        status, got = library.call("f", [p, np.int32([2])], out)
        if status.code or not np.allclose(got[0], np.log(2)) or not np.allclose(got[1], [[0.5, 0, -0.5]]):
            return f"infinite logit: status {status.code}, got {got}"
        for label in (3, -1):
            status, _ = library.call("f", [p, np.int32([label])], out)
            if not status.code or status.got != label or status.expected != 3:
                return f"label {label}: status {status.code}, expected {status.expected}, got {status.got}"


def empty(fnc):
    """The mean of no losses is NaN."""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(fnc, graph("mse", "", "tensor<?x4xf32>", "tensor<?x4xf32>"), pathlib.Path(folder))
        none = np.zeros((0, 4), np.float32)
        status, got = library.call("f", [none, none], [np.float32(0), none])
        if status.code or not np.isnan(got[0]):
            return f"status {status.code}, got {got[0]}"


def late_errors(fnc):
    """A loss that is NaN, as that of an empty batch, a gradient that is infinite and a label out of range fail a training
    step, which then changes nothing. No samples have gradients of 0."""
    text = """fn.graph @g {
  %x = fn.placeholder "x" : tensor<?x2xf32>
  %t = fn.placeholder "t" : tensor<?xi32>
  %w = fn.variable "w" : tensor<2x3xf32> = dense<0.5>
  %n = fn.variable "n" : tensor<i64> = dense<0>
  %one = fn.constant dense<1> : tensor<i64>
  %m = fn.add %n, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
  %z = fn.matmul %x, %w : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  %l = fn.sparse_categorical_cross_entropy %z, %t {from_logits} : (tensor<?x3xf32>, tensor<?xi32>) -> tensor<f32>
  %c = fn.check_finite %l, "the loss" : tensor<f32>
  %a = fn.minimize %l, (%w) {optimizer = #fn.adam<>, check_finite, name = "one"} : tensor<f32>, (tensor<2x3xf32>)
  %b = fn.minimize %c, (%w) {optimizer = #fn.sgd<momentum = 0.9>, name = "two"} : tensor<f32>, (tensor<2x3xf32>)
  fn.function @gradients as "f_gradients" inputs(%x : tensor<?x2xf32>, %t : tensor<?xi32>) outputs("loss" = %l : tensor<f32>) updates(%a, %n = %m : tensor<i64>)
  fn.function @loss as "f_loss" inputs(%x : tensor<?x2xf32>, %t : tensor<?xi32>) outputs("loss" = %c : tensor<f32>) updates(%b, %n = %m : tensor<i64>)
}
"""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(fnc, text, pathlib.Path(folder))
        x = np.float32([[1, 2], [3, 4]])
        for function in ("gradients", "loss"):
            for what, inputs, code in [("empty", [x[:0], np.int32([])], 9 * (function == "loss")), ("label", [x, np.int32([0, 3])], 7),
                                       ("infinite", [np.float32([[np.inf, 1]]), np.int32([0])], 9), ("good", [x, np.int32([0, 2])], 0)]:
                before = library.state.bytes.copy()
                status, _ = library.call(function, inputs, [np.float32(0)])
                if status.code != code:
                    return f"{function}, {what}: status {status.code}, expected {code}"
                if np.array_equal(before, library.state.bytes) != (code != 0):
                    return f"{function}, {what}: the state has {'' if code else 'not '}changed"


def main():
    fnc = sys.argv[1]
    tests = {f"recorded {c}": (lambda fnc, c=c: recorded(fnc, c)) for n in RECORDED
             for c in (n, n + "_logits" if "cross" in n else n)}
    mse = lambda p, t: ((p - t) ** 2).mean(-1)  # noqa: E731
    for op, attrs, formula in [
            ("mse", "", mse), ("huber", "delta = 0.5 : f64", lambda p, t: huber(p, t, 0.5)),
            ("cosine_similarity", "", cosine),
            ("binary_cross_entropy", "from_logits, label_smoothing = 0.2 : f64", lambda p, t: bce_logits(p, t, 0.2)),
            ("categorical_cross_entropy", "from_logits, label_smoothing = 0.1 : f64", lambda p, t: cce_logits(p, t, 0.1))]:
        for reduction, weights in [("mean", None), ("mean", 2), ("sum", None), ("none", 1)]:
            tests[f"{op} {reduction} {weights}"] = computed(op, attrs, formula, reduction, weights)
    tests["mse sum 0"] = computed("mse", "", mse, "sum", 0)
    tests |= {"sparse labels": sparse_labels, "empty": empty, "late errors": late_errors}
    failed = 0
    for name, test in tests.items():
        try:
            why = test(fnc)
        except Exception as e:                              # any other failure is the test's failure
            why = str(e)
        if why:
            failed += 1
            print(f"failed: {name}: {why}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
