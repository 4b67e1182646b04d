#!/usr/bin/env python3
"""Gradient rules of every differentiable op against finite differences, of first and second order: gradient_rules.py FNC.

    gradient_rules.py FNC [--seeds FIRST:LAST] [--only OP]

The ops are read from TableGen: one without a case in gradient_cases.py is a failure. A case is an op with random shapes
(some sizes open), attributes and broadcasts. Of F = sum(seed * op(x)) the gradient by x, and of Q = sum(v * gradient) the
gradient by x and the seed, are compared along random directions with central differences of sixth order of F and Q, in f64.
Ends with `N passed, N failed`.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "golden"))
from checks import check, finish  # noqa: E402
from gradient_cases import Maker, type_of  # noqa: E402
from gradient_composite_cases import CASES, MORE  # noqa: E402
from run import Library  # noqa: E402

LLVM = "/usr/lib/llvm-22"
BATCH = 25                                                  # cases in one graph
STEP = 0.005
# f(x + k h) of k = 1, 2, 3, for the central difference of sixth order.
STENCIL = ((1, 45 / 60), (2, -9 / 60), (3, 1 / 60))


def differentiable_ops():
    """Names of the ops that have a gradient rule, are expanded into such, or have regions."""
    found = set()
    for family in sorted((here.parents[1] / "dialect").glob("Fn*Ops.td")):
        done = subprocess.run([f"{LLVM}/bin/llvm-tblgen", "--dump-json", "-I", here.parents[1], "-I", f"{LLVM}/include", family],
                              capture_output=True, text=True, check=True)
        records = json.loads(done.stdout)
        for name in records["!instanceof"].get("Fn_Op", []):
            record = records[name]
            interfaces = {records[t["def"]].get("cppInterfaceName") for t in record["traits"]}
            if interfaces & {"GradientRule", "Composite"} or "Fn_ControlOp" in record["!superclasses"]:
                found.add(record["opName"])
    return found


class Function:
    """A case as the function @cN: outputs F, Q, the gradient of F by each target, that of Q by each target and seed."""

    def __init__(self, case, number, rng):
        self.case, self.number = case, number
        self.targets = [i for i, o in enumerate(case.operands) if o.wanted]
        floats = [k for k, (_, dtype) in enumerate(case.results) if dtype == "f64" and k not in case.held]
        self.floats = floats
        self.arrays = [o.array for o in case.operands]
        # A seed of 0 must not hide what a second derivative by it is.
        self.arrays += [rng.normal(size=case.results[k][0]) * (rng.random(case.results[k][0]) < 0.8) for k in floats]
        self.arrays += [rng.normal(size=self.arrays[i].shape) for i in self.targets]
        self.moving = self.targets + list(range(len(case.operands), len(case.operands) + len(floats)))

    def text(self):
        case, p = self.case, f"%c{self.number}"
        types = [type_of(o.shape, o.dtype) for o in case.operands]
        results = [type_of(s, d) for s, d in case.results]
        inputs = [(f"{p}x{i}", t) for i, t in enumerate(types)]
        inputs += [(f"{p}s{k}", results[k]) for k in self.floats]
        inputs += [(f"{p}v{i}", types[i]) for i in self.targets]
        lines = [f'{n} = fn.placeholder "{n[1:]}" : {t}' for n, t in inputs]
        names = ", ".join(f"{p}y{k}" for k in range(len(results)))
        lines.append(case.text(names, [n for n, _ in inputs], types, results, p))
        scalar = "tensor<f64>"

        def total(letter, pairs):
            """The sum of products."""
            before = None
            for k, (one, other, t) in enumerate(pairs):
                lines.append(f"{p}{letter}m{k} = fn.mul {one}, {other} : ({t}, {t}) -> {t}")
                lines.append(f"{p}{letter}r{k} = fn.reduce_sum {p}{letter}m{k} : ({t}) -> {scalar}")
                if before:
                    lines.append(f"{p}{letter}a{k} = fn.add {before}, {p}{letter}r{k} : ({scalar}, {scalar}) -> {scalar}")
                before = f"{p}{letter}a{k}" if before else f"{p}{letter}r{k}"
            return before
        loss = total("f", [(f"{p}y{k}", f"{p}s{k}", results[k]) for k in self.floats])
        wrt = [(f"{p}x{i}", types[i], f"{p}g{i}") for i in self.targets]
        lines.append(self.gradients(loss, scalar, wrt, False))
        slope = total("q", [(f"{p}g{i}", f"{p}v{i}", types[i]) for i in self.targets])
        again = [(f"{p}x{i}", types[i], f"{p}h{i}") for i in self.targets]
        again += [(f"{p}s{k}", results[k], f"{p}hs{k}") for k in self.floats]
        lines.append(self.gradients(slope, scalar, again, True))
        outputs = [("f", loss, scalar), ("q", slope, scalar)]
        outputs += [(g[2][1:], g[2], g[1]) for g in wrt + again]
        outs = ", ".join(f'"{n}" = {v} : {t}' for n, v, t in outputs)
        ins = ", ".join(f"{n} : {t}" for n, t in inputs)
        lines.append(f'fn.function @c{self.number} as "f_c{self.number}" inputs({ins}) outputs({outs})')
        return "  " + "\n  ".join(lines) + "\n"

    @staticmethod
    def gradients(output, scalar, targets, zeros):
        types, unused = ", ".join(t for _, t, _ in targets), ' {unused = "zeros"}' if zeros else ""
        return (f"{', '.join(n for _, _, n in targets)} = fn.gradients {output}, ({', '.join(v for v, _, _ in targets)})"
                f"{unused} : ({scalar}, {types}) -> ({types})")

    def call(self, library, arrays):
        """F and Q, and the gradients."""
        scalar = np.zeros((), np.float64)
        wanted = [scalar, scalar] + [np.zeros(self.arrays[i].shape) for i in self.targets + self.moving]
        status, got = library.call(f"c{self.number}", arrays, wanted)
        if status.code:
            raise RuntimeError(f"status {status.code}, expected {status.expected}, got {status.got}")
        return np.array(got[:2]), got[2:]

    def moved(self, library, i, direction):
        """d F, d Q along a direction of array i."""
        slope = 0
        for k, weight in STENCIL:
            for sign in (1, -1):
                arrays = list(self.arrays)
                arrays[i] = arrays[i] + sign * k * STEP * direction
                slope = slope + sign * weight / STEP * self.call(library, arrays)[0]
        return slope

    def verify(self, library, rng):
        """What is wrong, or None."""
        _, got = self.call(library, self.arrays)
        first, second = got[:len(self.targets)], got[len(self.targets):]
        for at, i in enumerate(self.moving):
            gradients = [first[at] if at < len(self.targets) else None, second[at]]
            for trial in range(2):
                # Along all elements at once, then along few, so that none is lost among the others.
                direction = rng.uniform(-1, 1, self.arrays[i].shape)
                if trial:
                    direction = direction * (rng.random(direction.shape) < 0.3)
                slopes = self.moved(library, i, direction)
                for order, (gradient, slope) in enumerate(zip(gradients, slopes)):
                    if gradient is None:
                        continue
                    found = np.sum(gradient * direction)
                    size = np.sum(np.abs(gradient * direction))
                    if not abs(found - slope) <= 2e-7 * (1 + size + abs(slope)):
                        return self.explain(library, i, order, gradient)
        return None

    def explain(self, library, i, order, gradient):
        """Element by element."""
        slopes = np.zeros(gradient.shape)
        for place in np.ndindex(gradient.shape):
            direction = np.zeros(gradient.shape)
            direction[place] = 1
            slopes[place] = self.moved(library, i, direction)[order]
        what = f"operand {i}" if i < len(self.case.operands) else "the seed"
        given = "".join(f"\n  {k}: {a}" for k, a in enumerate(self.arrays))
        return f"gradient {order + 1} by {what}: got\n{gradient}\ndifferences\n{slopes}\nof{given}"


def graph(functions):
    return "fn.graph @g {\n" + "".join(f.text() for f in functions) + "}\n"


def run_batch(fnc, functions, level, rng):
    """Compiles the functions in one graph; where that fails each alone, to say which ones it is."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            library = Library(fnc, graph(functions), pathlib.Path(folder), [level])
            for f in functions:
                try:
                    wrong = f.verify(library, rng)
                except RuntimeError as error:
                    wrong = str(error)
                check(not wrong, f"{f.case.name}: {wrong}\n{f.text()}")
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        if len(functions) == 1:
            check(False, f"{functions[0].case.name}: {error}\n{functions[0].text()}")
        for f in functions if len(functions) > 1 else ():
            run_batch(fnc, [f], level, rng)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("fnc")
    parser.add_argument("--seeds", default="0:1")
    parser.add_argument("--only", help="this op alone")
    options = parser.parse_args()
    first, last = map(int, options.seeds.split(":"))
    missing, odd = differentiable_ops() - set(CASES), set(CASES) - differentiable_ops()
    check(not missing, f"ops without a case: {sorted(missing)}")
    check(not odd, f"cases of no op that has a gradient: {sorted(odd)}")
    for seed in range(first, last):
        todo = []
        for op, make in (CASES | MORE).items():
            if options.only in (None, op) and make:
                rng = np.random.default_rng([seed, *op.encode()])
                todo.append(Function(make(Maker(rng), op), len(todo) % BATCH, rng))
        for at in range(0, len(todo), BATCH):
            run_batch(options.fnc, todo[at:at + BATCH], ["-O0", "-O2", "-O3", "-Os"][seed % 4], np.random.default_rng(at))
    finish()


if __name__ == "__main__":
    main()
