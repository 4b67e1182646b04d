#!/usr/bin/env python3
"""Chains of many ops on one variable, which has more readers than one, against NumPy: chain.py FNC

The variable is only read, or also updated, or updated behind a check.
"""
import pathlib
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import Library  # noqa: E402

T = "tensor<4x4xf32>"
OPS = 120
ways = {"read": "", "updated": f"updates(%w = %y : {T})", "checked": f"updates(%w = %checked : {T})"}
lines = ['%x0 = fn.placeholder "x" : ' + T, f'%w = fn.variable "w" : {T} = dense<0.25>']
for i in range(OPS):
    kind = ("add", "matmul", "relu", "mul", "matmul", "sub")[i % 6]
    lines.append(f"%x{i + 1} = fn.relu %x{i} : {T}" if kind == "relu" else
                 f"%x{i + 1} = fn.{kind} %x{i}, %w : ({T}, {T}) -> {T}")
lines += [f"%y = fn.relu %x{OPS} : {T}", f'%checked = fn.check_finite %y, "y" : {T}']
lines += [f'fn.function @{n} as "f_{n}" inputs(%x0 : {T}) outputs("y" = %y : {T}) {u}' for n, u in ways.items()]


def evaluate(x, w):
    for i in range(OPS):
        x = [lambda: x + w, lambda: x @ w, lambda: np.maximum(x, 0), lambda: x * w, lambda: x @ w, lambda: x - w][i % 6]()
    return np.maximum(x, 0)


passed, failed = 0, 0
with tempfile.TemporaryDirectory() as folder:
    library = Library(sys.argv[1], "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n", pathlib.Path(folder))
    x = np.linspace(-1, 1, 16, dtype=np.float32).reshape(4, 4)
    w = np.full((4, 4), 0.25)
    for name in ways:
        want = evaluate(x.astype(np.float64), w)
        status, (got,) = library.call(name, [x], [x])
        if name != "read":
            w = want
        good = status.code == 0 and np.allclose(got, want, rtol=1e-4, atol=1e-5) and \
            np.allclose(library.variable("w"), w, rtol=1e-4, atol=1e-5)
        passed, failed = passed + good, failed + (not good)
        if not good:
            print(f"FAILED: {name}: status {status.code}\n{got}\n{want}")
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
