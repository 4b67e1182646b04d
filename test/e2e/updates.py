#!/usr/bin/env python3
"""Updates that run where gradients are made, against those of gradients that are stored: updates.py FNC
[OPTIMIZER...].

The same bits in all variables, in a workspace without gradients; a call that fails leaves them as they are. Ends with
`N passed, N failed`.
"""
import pathlib
import sys
import tempfile

import numpy as np

from checks import check, finish

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import Guarded, Library  # noqa: E402

BATCH, SIZES = 8, (48, 160, 136, 10)
GRADIENTS = 4 * sum(a * b for a, b in zip(SIZES, SIZES[1:]))

# By name: the optimizer, further attributes, and whether gradients are needed as a whole before the first update.
OPTIMIZERS = {
    "sgd": ("sgd<learning_rate = 0.1>", "", False),
    "momentum": ("sgd<learning_rate = 0.05, momentum = 0.9>", "", False),
    "nesterov": ("sgd<learning_rate = 0.05, momentum = 0.9, nesterov = true, weight_decay = 0.01>", "", False),
    "rmsprop": ("rmsprop<learning_rate = 0.01, momentum = 0.5, centered = true>", "", False),
    "adagrad": ("adagrad<learning_rate = 0.05>", "", False),
    "adadelta": ("adadelta<learning_rate = 1.0>", "", False),
    "adam": ("adam<learning_rate = 0.01>", "", False),
    "amsgrad": ("adam<learning_rate = 0.01, amsgrad = true>", ", clip_value = 0.01 : f64", False),
    "adamw": ("adamw<learning_rate = 0.01, weight_decay = 0.02>", ", average = 0.9 : f64", False),
    "adamax": ("adamax<learning_rate = 0.01>", ", schedule = #fn.cosine_decay<learning_rate = 0.1, decay_steps = 9.0>", False),
    "nadam": ("nadam<learning_rate = 0.01>", "", False),
    "ftrl": ("ftrl<learning_rate = 0.1, l1 = 0.002, l2 = 0.02>", "", False),
    "lion": ("lion<learning_rate = 0.01>", "", False),
    "accumulate": ("adam<learning_rate = 0.01>", ", accumulate = 2 : i64", False),
    "clip_norm": ("sgd<learning_rate = 0.05, momentum = 0.9>", ", clip_norm = 0.05 : f64", True),
    "global_clip_norm": ("adam<learning_rate = 0.01>", ", global_clip_norm = 0.1 : f64", True),
    "check_finite": ("adam<learning_rate = 0.01>", ", check_finite", True),
}


def t(*shape, of="f32"):
    return "tensor<" + "".join(f"{n}x" for n in shape) + f"{of}>"


def graph(optimizer, attrs):
    """A network with functions whose checks come nowhere, first and last, and one that shows its gradients."""
    x, labels = t(BATCH, SIZES[0]), t(BATCH, of="i32")
    lines = [f'%x = fn.placeholder "x" : {x}', f'%y = fn.placeholder "y" : {t(BATCH, SIZES[-1])}',
             f'%label = fn.placeholder "label" : {labels}']
    h, width, variables, shapes = "%x", SIZES[0], [], []
    for i, size in enumerate(SIZES[1:]):
        p, w, last = t(BATCH, size), t(width, size), i + 2 == len(SIZES)
        lines += [f'%w{i} = fn.variable "w{i}" : {w} = #fn.glorot_uniform<seed = {i + 1}>',
                  f'%b{i} = fn.variable "b{i}" : {t(size)} = #fn.zeros',
                  f'%p{i} = fn.matmul {h}, %w{i} : ({t(BATCH, width)}, {w}) -> {p}',
                  f'%z{i} = fn.add %p{i}, %b{i} : ({p}, {t(size)}) -> {p}']
        if not last:
            lines.append(f'%h{i} = fn.tanh %z{i} : {p}')
        h, width = f"%{'z' if last else 'h'}{i}", size
        variables += [f"%w{i}", f"%b{i}"]
        shapes += [(w, i), (t(size), i)]
    types = ", ".join(s for s, _ in shapes)
    out, names = t(BATCH, SIZES[-1]), ", ".join(variables)
    lines += [f'%loss = fn.softmax_cross_entropy {h}, %y : ({out}, {out}) -> {t()}',
              f'%sparse = fn.sparse_categorical_cross_entropy {h}, %label {{from_logits}} : ({out}, {labels}) -> {t()}',
              f'%finite = fn.check_finite %loss, "loss" : {t()}']
    for name, loss in ("all", "%loss"), ("some", "%sparse"), ("fine", "%finite"):
        lines.append(f'%{name} = fn.minimize {loss}, ({names}) {{optimizer = #fn.{optimizer}, name = "{name}"{attrs}}}'
                     f' : {t()}, ({types})')
    gradients = [f"%g{i}" for i in range(len(variables))]
    lines += [f'{", ".join(gradients)} = fn.gradients %loss, ({names}) : ({t()}, {types}) -> ({types})']
    shown = ", ".join(f'"g{i}" = %g{i} : {s}' for i, (s, _) in enumerate(shapes))
    for name, inputs, loss, more, step in [
            ("train", f"%x : {x}, %y : {out}", "%loss", "", "all"),
            ("shown", f"%x : {x}, %y : {out}", "%loss", ", " + shown, "all"),
            ("labels", f"%x : {x}, %label : {labels}", "%sparse", "", "some"),
            ("late", f"%x : {x}, %y : {out}", "%finite", "", "fine")]:
        lines.append(f'fn.function @{name} as "f_{name}" inputs({inputs}) outputs("loss" = {loss} : {t()}{more}) updates(%{step})')
    outputs = [np.zeros((), np.float32)]
    for a, b in zip(SIZES, SIZES[1:]):
        outputs += [np.zeros((a, b), np.float32), np.zeros(b, np.float32)]
    return "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n", outputs


class Side:
    """A library with a state of its own."""

    def __init__(self, library):
        self.library, self.state = library, Guarded(library.state.size)
        self.state.bytes[:] = library.state.bytes

    def call(self, *args):
        self.library.state = self.state
        return self.library.call(*args)

    def values(self, instance=None):
        """Variables and the slots of one instance, by names without it, or all."""
        self.library.state = self.state
        return {"/".join(part for part in name.split("/") if part != instance): self.library.variable(name).tobytes()
                for name in self.library.variables if not instance or "/" not in name or instance in name.split("/")}


def main(fnc, names):
    rng = np.random.default_rng(3)
    for name in names or OPTIMIZERS:
        optimizer, attrs, whole = OPTIMIZERS[name]
        text, outputs = graph(optimizer, attrs)
        loss = outputs[:1]
        with tempfile.TemporaryDirectory() as folder:
            library = Library(fnc, text, pathlib.Path(folder), ["-O1"])
            sides = {side: Side(library) for side in ("train", "shown", "labels", "late")}
            for step in range(3):
                x = rng.standard_normal((BATCH, SIZES[0])).astype(np.float32)
                label = rng.integers(0, SIZES[-1], BATCH).astype(np.int32)
                y = np.eye(SIZES[-1], dtype=np.float32)[label]
                for side, at in sides.items():
                    status, _ = at.call(side, [x, label if side == "labels" else y], outputs if side == "shown" else loss)
                    check(status.code == 0, f"{name}: status of {side}")
                want = sides["shown"].values("all")
                check(sides["train"].values("all") == want, f"{name}: variables after step {step}")
                check(sides["late"].values("fine") == want, f"{name}: variables behind a check, step {step}")
            check(all(np.isfinite(np.frombuffer(v, np.float32)).all() for k, v in want.items() if k[0] in "wb"), f"{name}: finite")
            # What fails changes nothing.
            for side, feeds in ("labels", [x, label + SIZES[-1]]), ("late", [x * np.float32(np.nan), y]):
                before = sides[side].values()
                status, _ = sides[side].call(side, feeds, loss)
                check(status.code != 0, f"{name}: {side} fails")
                check(sides[side].values() == before, f"{name}: {side} changes nothing")
            bytes_of = {f["name"]: f["workspace_bytes"] for f in library.manifest["functions"]}
            # Without gradients; where all of them are needed at once, with them.
            for side in ("train",) if whole else ("train", "labels", "late"):
                most = GRADIENTS * (1.3 if whole else 0.5)
                check(bytes_of[side] < most, f"{name}: workspace of {side}: {bytes_of[side]} bytes, gradients: {GRADIENTS}")
    finish()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
