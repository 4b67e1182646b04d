#!/usr/bin/env python3
"""Tables of which a step touches few rows, against NumPy's float32, bit for bit: row_updates.py FNC.

No table is copied and no gradient is as large as one. Ends with `N passed, N failed`.
"""
import pathlib
import sys
import tempfile

import numpy as np

from checks import check, finish

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import Library  # noqa: E402

ROWS, WIDTH = 3000, 20
F = np.float32

# The rule of a step: new weights and slot from the old ones and the gradient; whether a row without one stays.
RULES = {
    "sgd<learning_rate = 0.1>": (lambda w, a, g: (w - F(0.1) * g, a), True),
    "adagrad<learning_rate = 0.1, initial_accumulator_value = 0.0>":
        (lambda w, a, g: (w - F(0.1) * g / (np.sqrt(a + g * g) + F(1e-7)), a + g * g), True),
    "sgd<learning_rate = 0.1, momentum = 0.9>": (lambda w, a, g: (w + (a * F(0.9) - F(0.1) * g), a * F(0.9) - F(0.1) * g), False),
}


def main(fnc):
    rng = np.random.default_rng(5)
    table, ids = f"tensor<{ROWS}x{WIDTH}xf32>", "tensor<?xi64>"
    for optimizer, (rule, stays) in RULES.items():
        text = f"""fn.graph @g {{
  %w = fn.variable "w" : {table} = #fn.normal<0.0, 1.0, seed = 4>
  %i = fn.placeholder "i" bounds [64] : {ids}
  %t = fn.placeholder "t" bounds [64, {WIDTH}] : tensor<?x{WIDTH}xf32>
  %rows = fn.gather %w, %i {{axis = 0 : i64}} : ({table}, {ids}) -> tensor<?x{WIDTH}xf32>
  %p = fn.mul %rows, %t : (tensor<?x{WIDTH}xf32>, tensor<?x{WIDTH}xf32>) -> tensor<?x{WIDTH}xf32>
  %loss = fn.reduce_sum %p : (tensor<?x{WIDTH}xf32>) -> tensor<f32>
  %step = fn.minimize %loss, (%w) {{optimizer = #fn.{optimizer}}} : tensor<f32>, ({table})
  fn.function @train as "f_train" inputs(%i : {ids}, %t : tensor<?x{WIDTH}xf32>) outputs("loss" = %loss : tensor<f32>) updates(%step)
}}
"""
        with tempfile.TemporaryDirectory() as folder:
            library = Library(fnc, text, pathlib.Path(folder))
            w = library.variable("w").copy()
            a = np.zeros_like(w)
            slot = next((v for v in library.variables if v.startswith("w/")), None)
            for count in (64, 1, 33, 0):
                i = rng.integers(0, ROWS, count)
                i[::3] = i[:1] if count else i              # several of one row
                t = rng.standard_normal((count, WIDTH)).astype(F)
                status, _ = library.call("train", [i, t], [np.zeros((), F)])
                g = np.zeros_like(w)
                np.add.at(g, i, t)                          # in order, from zero
                w, a = rule(w, a, g)
                check(status.code == 0, f"{optimizer}: status of {count} entries")
                check(library.variable("w").tobytes() == w.tobytes(), f"{optimizer}: table after {count} entries")
                check(slot is None or library.variable(slot).tobytes() == a.tobytes(), f"{optimizer}: slot after {count} entries")
            i, t = np.array([3, ROWS, 5]), np.ones((3, WIDTH), F)
            status, _ = library.call("train", [i, t], [np.zeros((), F)])
            check(status.code != 0, f"{optimizer}: index out of range")
            check(library.variable("w").tobytes() == w.tobytes(), f"{optimizer}: a call that fails changes nothing")
            bytes_of = library.manifest["functions"][0]["workspace_bytes"]
            if stays:
                check(bytes_of < w.nbytes / 4, f"{optimizer}: workspace of {bytes_of} bytes for a table of {w.nbytes}")
    finish()


if __name__ == "__main__":
    main(sys.argv[1])
