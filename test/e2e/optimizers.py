#!/usr/bin/env python3
"""fn.minimize against recorded training of tf_keras and against NumPy: optimizers.py FNC.

The recorded cases train_mlp_* with everything behind the loss replaced by one fn.minimize: losses of all steps, and
variables and slots after the last. Ends with `N passed, N failed`.
"""
import json
import pathlib
import re
import sys
import tempfile

import numpy as np

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "golden"))
from run import DTYPES, Library, Translator, dense, differs  # noqa: E402

DTYPES["f16"] = np.float16

# The optimizer of a case as its notes give it, and further attributes of the op.
RECORDED = {
    "sgd": ("sgd<learning_rate = 0.1>", ""),
    "ragged": ("sgd<learning_rate = 0.1>", ""),
    "l2": ("sgd<learning_rate = 0.1>", ""),
    "momentum": ("sgd<learning_rate = 0.05, momentum = 0.9>", ""),
    "nesterov": ("sgd<learning_rate = 0.05, momentum = 0.9, nesterov = true>", ""),
    "clipnorm": ("sgd<learning_rate = 0.05, momentum = 0.9>", ", clip_norm = 0.05 : f64"),
    "rmsprop": ("rmsprop<learning_rate = 0.01>", ""),
    "rmsprop_centered": ("rmsprop<learning_rate = 0.01, momentum = 0.5, centered = true>", ""),
    "adagrad": ("adagrad<learning_rate = 0.05>", ""),
    "adadelta": ("adadelta<learning_rate = 1.0>", ""),
    "adam": ("adam<learning_rate = 0.01>", ""),
    "amsgrad": ("adam<learning_rate = 0.01, amsgrad = true>", ""),
    "global_clipnorm": ("adam<learning_rate = 0.01>", ", global_clip_norm = 0.1 : f64"),
    "adamw": ("adamw<learning_rate = 0.01, weight_decay = 0.02>", ""),
    "adamax": ("adamax<learning_rate = 0.01>", ""),
    "nadam": ("nadam<learning_rate = 0.01>", ""),
    "ftrl": ("ftrl<learning_rate = 0.1, l1 = 0.002, l2 = 0.02>", ""),
}


def recorded(fnc, name):
    folder = here.parent / "golden" / "cases" / f"train_mlp_{name}"
    case, arrays = json.loads((folder / "case.json").read_text()), np.load(folder / "data.npz")
    optimizer, attrs = RECORDED[name]
    instance = optimizer.split("<")[0]
    translator = Translator(case, arrays)
    train = case["functions"]["train"]
    weights, loss = None, train["outputs"][0]
    for s in translator.statements:
        if s.op == "gradients":
            weights = [a[1:] for a in s.args[1]]
            break
        if name == "l2" and s.name.startswith("reg"):        # l sum w^2 as an op
            index = s.name[-1]
            translator.lines.append(f"%{s.name} = fn.regularizer %w{index} {{l2 = 0.01 : f64}} : "
                                    f"({translator.type('%w' + index)}) -> tensor<f32>")
            continue
        translator.statement(s)
    types = ", ".join(translator.type("%" + w) for w in weights)
    lines = translator.lines + [
        f"%train = fn.minimize %{loss}, ({', '.join('%' + w for w in weights)}) "
        f"{{optimizer = #fn.{optimizer}{attrs}}} : tensor<f32>, ({types})",
        f'fn.function @train as "f_train" inputs(%x : {translator.type("%x")}, %y : {translator.type("%y")}) '
        f'outputs("loss" = %{loss} : tensor<f32>) updates(%train)']
    with tempfile.TemporaryDirectory() as temporary:
        library = Library(fnc, "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n", pathlib.Path(temporary))
        checked = 0
        for i, call in enumerate(case["calls"]):
            if call["function"] != "train":
                continue
            want = arrays[f"{i}/out/0"]
            status, got = library.call("train", [arrays[f"{i}/in/x"], arrays[f"{i}/in/y"]], [want])
            if status.code or differs(got[0], want, case["tolerance"]):
                return f"step {i}: status {status.code}, loss {got[0]}, want {want}"
            for key in arrays.files:
                if not key.startswith(f"{i}/var/"):
                    continue
                there = key.split("/", 2)[2]
                owner = re.match(r"([wb]\d)_(\w+)", there)
                mine = (f"{instance}/step" if there == "t" else f"{owner[1]}/{instance}/{owner[2]}" if owner else
                        there if there in weights else f"{instance}/{there}")
                checked += 1
                if differs(library.variable(mine), arrays[key], case["tolerance"]):
                    return f"step {i}, {mine}: {library.variable(mine)}, want {arrays[key]}"
    return None if checked else "no variable was checked"


# ---------------------------------------------------------------- one variable whose gradient is fed

class Trainer:
    """loss = sum(w * x): the gradient by w is x. `attrs` follow the optimizer; `clause` stands before them."""

    def __init__(self, fnc, optimizer, attrs="", start=(1.0, -2.0, 0.5), clause="", dtype="f64", inputs=""):
        start = np.asarray(start, np.float64)
        shape = "x".join(map(str, start.shape)) + "x"
        kind = f"tensor<{shape}{dtype}>"
        bits = {"f64": np.float64, "f32": np.float32, "f16": np.float16}[dtype]
        self.start, self.bits = start.astype(bits), bits
        body = [f'%w = fn.variable "w" : {kind} = {dense(self.start)}', f'%x = fn.placeholder "x" : {kind}',
                '%lr = fn.placeholder "lr" : tensor<f32>',
                '%flag = fn.placeholder "flag" : tensor<i1>',
                f"%xw = fn.mul %w, %x : ({kind}, {kind}) -> {kind}",
                f"%l = fn.reduce_sum %xw : ({kind}) -> tensor<{dtype}>",
                f"%t = fn.minimize %l, (%w){clause} {{optimizer = #fn.{optimizer}{attrs}}} : "
                f"tensor<{dtype}>, ({kind})",
                f'fn.function @f as "f_f" inputs(%x : {kind}{inputs}) outputs("l" = %l : tensor<{dtype}>) updates(%t)']
        self.folder = tempfile.TemporaryDirectory()
        self.library = Library(fnc, "fn.graph @g {\n  " + "\n  ".join(body) + "\n}\n", pathlib.Path(self.folder.name))

    def step(self, gradient, *more):
        inputs = [np.broadcast_to(np.asarray(gradient, self.bits), self.start.shape), *more]
        status, _ = self.library.call("f", inputs, [self.bits(0)])
        return status.code

    def __getitem__(self, name):
        return self.library.variable(name)


def fed(seed=3, steps=8, size=3):
    return np.random.default_rng(seed).normal(size=(steps, size))


def against(formula, optimizer, attrs="", start=(1.0, -2.0, 0.5), gradients=None, rtol=1e-9):
    """`formula(w, g, t, state)` is w after step t (from 1 on)."""
    def run(fnc):
        trainer, state = Trainer(fnc, optimizer, attrs, start), {}
        w = np.asarray(start, np.float64)
        for t, g in enumerate(fed(size=w.shape[-1]) if gradients is None else gradients, 1):
            if code := trainer.step(g):
                return f"step {t}: status {code}"
            w = formula(w, g, t, state)
            if not np.allclose(trainer["w"], w, rtol=rtol, atol=1e-12):
                return f"step {t}: got {trainer['w']} want {w}"
    return run


def lion(w, g, t, s):
    m = s.get("m", 0)
    s["m"] = 0.99 * m + 0.01 * g
    return w - 0.1 * np.sign(0.9 * m + 0.1 * g) - 0.1 * 0.2 * w


def ftrl(w, g, t, s):
    a, z, lr, q = s.get("a", 0.2), s.get("z", 0), 0.1, 0.7
    b = a + g * g
    z = z + g + 2 * 0.03 * w - (b ** q - a ** q) / lr * w
    s["a"], s["z"] = b, z
    return np.where(np.abs(z) > 0.05, (np.sign(z) * 0.05 - z) / ((b ** q + 0.4) / lr + 2 * 0.02), 0)


def scheduled(rate):
    return lambda w, g, t, s: w - rate(t - 1) * g


def exponential(n):
    return 0.5 * 0.9 ** (n / 3)


def warm(n):
    return 0.1 + (0.5 - 0.1) * n / 4 if n < 4 else exponential(n - 4)


def norms(w, axis=0):
    return np.sqrt((w * w).sum(axis, keepdims=True))


MATRIX = ((1.0, -2.0, 0.5), (0.1, 3.0, -0.2))


def averaged(fnc):
    trainer = Trainer(fnc, "sgd<learning_rate = 0.1>", ", average = 0.9 : f64")
    mean = w = trainer.start
    if not np.array_equal(trainer["w/sgd/average"], w):
        return f"begins with {trainer['w/sgd/average']}"
    for g in fed():
        trainer.step(g)
        w = w - 0.1 * g
        mean = 0.9 * mean + (1 - 0.9) * w
    if not np.allclose(trainer["w/sgd/average"], mean, rtol=1e-12):
        return f"got {trainer['w/sgd/average']} want {mean}"


def accumulated(fnc):
    """Every third call is a step with the mean of three gradients."""
    trainer = Trainer(fnc, "sgd<learning_rate = 0.1, momentum = 0.9>", ", accumulate = 3 : i64")
    w, v, sums, gradients = trainer.start, 0, 0, fed(steps=8)
    for i, g in enumerate(gradients):
        trainer.step(g)
        if i % 3 == 2:
            v = 0.9 * v - 0.1 * gradients[i - 2:i + 1].mean(0)
            w = w + v
        if not np.allclose(trainer["w"], w, rtol=1e-12) or trainer["sgd/step"] != (i + 1) // 3 \
                or trainer["sgd/calls"] != (i + 1) % 3:
            return f"call {i}: got {trainer['w']} want {w}, step {trainer['sgd/step']}, calls {trainer['sgd/calls']}"
    if not np.allclose(trainer["w/sgd/gradient"], gradients[6:].sum(0), rtol=1e-12):
        return f"left over: {trainer['w/sgd/gradient']}"


def fed_rate(fnc):
    trainer = Trainer(fnc, "sgd", clause=" rate(%lr : tensor<f32>)", inputs=", %lr : tensor<f32>")
    w = trainer.start
    for g, rate in zip(fed(), (0.5, 0.25, 0.125)):
        trainer.step(g, np.float32(rate))
        w = w - rate * g
    if not np.allclose(trainer["w"], w, rtol=1e-12):
        return f"got {trainer['w']} want {w}"


def conditional(fnc):
    """Where the flag does not hold nothing moves: weights, slots, step."""
    trainer = Trainer(fnc, "adam<learning_rate = 0.1>", clause=" if(%flag : tensor<i1>)",
                      inputs=", %flag : tensor<i1>")
    trainer.step(1, np.bool_(True))
    before = trainer.library.state.bytes.copy()
    trainer.step(2, np.bool_(False))
    if not np.array_equal(before, trainer.library.state.bytes):
        return "changed without the flag"
    trainer.step(2, np.bool_(True))
    if trainer["adam/step"] != 2 or not np.allclose(trainer["w/adam/m"], 0.9 * 0.1 + 0.1 * 2, rtol=1e-12):
        return f"step {trainer['adam/step']}, m {trainer['w/adam/m']}"


def checked(fnc):
    """A gradient that is not finite fails the call, and nothing has changed."""
    trainer = Trainer(fnc, "adam<learning_rate = 0.1>", ", check_finite")
    trainer.step(1)
    before = trainer.library.state.bytes.copy()
    for bad in (np.nan, np.inf):
        if not trainer.step([1, bad, 1]):
            return f"{bad}: no status"
        if not np.array_equal(before, trainer.library.state.bytes):
            return f"{bad}: the state has changed"
    if trainer.step(1) or trainer["adam/step"] != 2:
        return "a good step fails after a bad one"


def checked_if(fnc):
    """Without the flag there is no step that could fail."""
    trainer = Trainer(fnc, "adam<learning_rate = 0.1>", ", check_finite", clause=" if(%flag : tensor<i1>)",
                      inputs=", %flag : tensor<i1>")
    before = trainer.library.state.bytes.copy()
    if code := trainer.step([1, np.nan, 1], np.bool_(False)):
        return f"status {code} of no step"
    if not np.array_equal(before, trainer.library.state.bytes):
        return "changed without the flag"
    if not trainer.step([1, np.nan, 1], np.bool_(True)):
        return "no status"


def scaled(fnc):
    """f16 weights: a gradient overflows at the first scale, is left out, and fits at the next; two good steps grow."""
    trainer = Trainer(fnc, "sgd<learning_rate = 0.5>",
                      ", loss_scale = #fn.loss_scale<initial = 32768.0, growth_steps = 2>", dtype="f16")
    seen = []
    for _ in range(4):
        trainer.step(2.5)
        seen.append((float(trainer["sgd/loss_scale"]), int(trainer["sgd/good_steps"]), int(trainer["sgd/step"]),
                     float(trainer["w"][0])))
    # 2.5 * 32768 = 81920 > 65504; 2.5 * 16384 = 40960 fits.
    want = [(16384, 0, 0, 1.0), (16384, 1, 1, -0.25), (32768, 0, 2, -1.5), (16384, 0, 2, -1.5)]
    if seen != want:
        return f"got {seen} want {want}"


def two_instances(fnc):
    """One variable, two optimizers of different names in two functions."""
    text = """fn.graph @g {
      %w = fn.variable "w" : tensor<2xf32> = dense<1.0>
      %q = fn.mul %w, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      %l = fn.reduce_sum %q : (tensor<2xf32>) -> tensor<f32>
      %a = fn.minimize %l, (%w) {optimizer = #fn.sgd<learning_rate = 0.25>} : tensor<f32>, (tensor<2xf32>)
      %b = fn.minimize %l, (%w) {name = "fine", optimizer = #fn.sgd<learning_rate = 0.125>} : tensor<f32>, (tensor<2xf32>)
      fn.function @one as "f_one" outputs("l" = %l : tensor<f32>) updates(%a)
      fn.function @two as "f_two" outputs("l" = %l : tensor<f32>) updates(%b)
    }"""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(fnc, text, pathlib.Path(folder))
        library.call("one", [], [np.float32(0)])
        library.call("two", [], [np.float32(0)])
        library.call("two", [], [np.float32(0)])
        got = library.variable("w")[0], library.variable("sgd/step"), library.variable("fine/step")
    return None if got == (0.28125, 1, 2) else f"got {got}"


def best_so_far(fnc):
    """A pair with a condition, decided on entry values: the lowest value seen and where; swaps stay simultaneous."""
    text = """fn.graph @g {
      %x = fn.placeholder "x" : tensor<f32>
      %low = fn.variable "low" : tensor<f32> = dense<9.0>
      %last = fn.variable "last" : tensor<f32> = dense<0.0>
      %less = fn.less %x, %low : (tensor<f32>, tensor<f32>) -> tensor<i1>
      fn.function @f as "f_f" inputs(%x : tensor<f32>) outputs("low" = %low : tensor<f32>)
        updates(%low = %x if %less : tensor<f32>, %last = %low if %less : tensor<f32>)
    }"""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(fnc, text, pathlib.Path(folder))
        low, last = 9, 0
        for x in (5, 7, 3, np.nan, 4):
            _, got = library.call("f", [np.float32(x)], [np.float32(0)])
            if got[0] != low:
                return f"{x}: the output is {got[0]}, want the entry value {low}"
            if x < low:
                low, last = x, low
            if (library.variable("low"), library.variable("last")) != (low, last):
                return f"{x}: got {library.variable('low')}, {library.variable('last')} want {low}, {last}"


def main():
    fnc = sys.argv[1]
    tests = {f"recorded {n}": (lambda fnc, n=n: recorded(fnc, n)) for n in RECORDED}
    sgd = "sgd<learning_rate = 0.1>"
    tests |= {
        "lion": against(lion, "lion<learning_rate = 0.1, weight_decay = 0.2>"),
        "ftrl": against(ftrl, "ftrl<learning_rate = 0.1, learning_rate_power = -0.7, l1 = 0.05, l2 = 0.02, "
                              "l2_shrinkage = 0.03, beta = 0.4, initial_accumulator_value = 0.2>"),
        "weight decay": against(lambda w, g, t, s: w - 0.1 * g - 0.1 * 0.3 * w, sgd, ", weight_decay = 0.3 : f64"),
        "clip value": against(lambda w, g, t, s: w - 0.1 * np.clip(g, -0.5, 0.5), sgd, ", clip_value = 0.5 : f64"),
        "constant": against(scheduled(lambda n: 0.25), "sgd", ", schedule = #fn.constant_rate<learning_rate = 0.25>"),
        "exponential": against(scheduled(exponential), "sgd", ", schedule = #fn.exponential_decay<learning_rate = 0.5, "
                               "decay_steps = 3.0, decay_rate = 0.9>"),
        "staircase": against(scheduled(lambda n: 0.5 * 0.9 ** (n // 3)), "sgd", ", schedule = #fn.exponential_decay<"
                             "learning_rate = 0.5, decay_steps = 3.0, decay_rate = 0.9, staircase = true>"),
        "inverse time": against(scheduled(lambda n: 0.5 / (1 + 0.4 * n / 3)), "sgd", ", schedule = #fn.inverse_time_decay<"
                                "learning_rate = 0.5, decay_steps = 3.0, decay_rate = 0.4>"),
        "polynomial": against(scheduled(lambda n: 0.4 * (1 - min(n, 5) / 5) ** 2 + 0.1), "sgd",
                              ", schedule = #fn.polynomial_decay<learning_rate = 0.5, decay_steps = 5.0, end = 0.1, "
                              "power = 2.0>"),
        "polynomial cycle": against(scheduled(lambda n: 0.4 * (1 - n / (3 * max(1, -(-n // 3)))) + 0.1), "sgd",
                                    ", schedule = #fn.polynomial_decay<learning_rate = 0.5, decay_steps = 3.0, "
                                    "end = 0.1, cycle = true>"),
        "cosine": against(scheduled(lambda n: 0.5 * (0.8 * (1 + np.cos(np.pi * min(n, 5) / 5)) / 2 + 0.2)), "sgd",
                          ", schedule = #fn.cosine_decay<learning_rate = 0.5, decay_steps = 5.0, alpha = 0.2>"),
        "piecewise": against(scheduled(lambda n: 0.5 if n <= 2 else 0.25 if n <= 4 else 0.125), "sgd",
                             ", schedule = #fn.piecewise_constant<boundaries = [2, 4], "
                             "values = [0.5, 0.25, 0.125]>"),
        "warm-up": against(scheduled(warm), "sgd", ", schedule = #fn.warmup<steps = 4, start = 0.1, then = "
                           "#fn.exponential_decay<learning_rate = 0.5, decay_steps = 3.0, decay_rate = 0.9>>"),
        "max norm": against(lambda w, g, t, s: (v := w - 0.1 * g) * np.clip(norms(v), 0, 1.5) / (1e-7 + norms(v)), sgd,
                            ", constraints = [#fn.max_norm<max = 1.5>]", MATRIX),
        "min max norm": against(lambda w, g, t, s: (v := w - 0.1 * g) * (0.5 * np.clip(norms(v, 1), 0.8, 1.5)
                                + 0.5 * norms(v, 1)) / (1e-7 + norms(v, 1)), sgd, ", constraints = [#fn.min_max_norm<"
                                "min = 0.8, max = 1.5, rate = 0.5, axes = [1]>]", MATRIX),
        "unit norm": against(lambda w, g, t, s: (v := w - 0.1 * g) / (1e-7 + norms(v)), sgd,
                             ", constraints = [#fn.unit_norm]", MATRIX),
        "non negative": against(lambda w, g, t, s: np.maximum(w - 0.1 * g, 0), sgd, ", constraints = [#fn.non_neg]"),
        "average": averaged, "accumulate": accumulated, "fed rate": fed_rate, "condition": conditional,
        "check finite": checked, "check finite if": checked_if, "loss scale": scaled, "two instances": two_instances,
        "conditional pair": best_so_far,
    }
    failed = 0
    for name, test in tests.items():
        try:
            why = test(fnc)
        except Exception as e:                              # any other failure is the test's failure
            why = f"{type(e).__name__}: {e}"
        if why:
            failed += 1
            print(f"failed: {name}: {why}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
