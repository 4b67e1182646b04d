#!/usr/bin/env python3
"""How exact convolutions in Winograd's forms are: winograd_accuracy.py FNC [--rounds N] [--table].

Normal data of random shapes, filters fed and constant, against NumPy in float64. The unit is 2^-24 of the largest sum of
magnitudes (that of |x| * |w|) of the result, which bounds what any order of a direct sum loses per addition. Fails where a
form loses more than KernelOps.td says. Ends with `N passed, N failed`.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from contractions import conv_nhwc, literal, tensor  # noqa: E402
from run import Library  # noqa: E402

# As KernelOps.td says, by step; none: of a direct sum.
BOUND = {None: 8.0, 2: 16.0, 4: 64.0}
F32 = np.float32


def graph(n, size, c, f, filters):
    shapes = tensor((n, size, size, c)), tensor((3, 3, c, f)), tensor((n, size, size, f))
    fed = f'  %w = fn.placeholder "w" : {shapes[1]}\n'
    known = f'  %w = fn.variable "w" read_only : {shapes[1]} = {literal(filters)}\n'
    listed = f"%x : {shapes[0]}" + (f", %w : {shapes[1]}" if filters is None else "")
    return (f'fn.graph @g {{\n  %x = fn.placeholder "x" : {shapes[0]}\n' + (fed if filters is None else known) +
            f'  %y = fn.conv %x, %w {{padding = "same"}} : ({shapes[0]}, {shapes[1]}) -> {shapes[2]}\n'
            f'  %room = fn.variable "room" read_only : tensor<4000000xf32> = dense<0.5>\n'
            f'  %sum = fn.reduce_sum %room : (tensor<4000000xf32>) -> tensor<f32>\n'
            f'  fn.function @f_r outputs("sum" = %sum : tensor<f32>)\n'
            f'  fn.function @f_y inputs({listed}) outputs("y" = %y : {shapes[2]})\n}}\n')


def error(fnc, text, inputs, expected, scale, options):
    with tempfile.TemporaryDirectory() as folder:
        library = Library(fnc, text, pathlib.Path(folder), ["--cpu", "native", *options])
        status, (got,) = library.call("y", inputs, [expected.astype(F32)])
    assert status.code == 0, status.code
    return np.abs(got - expected).max() / (scale * 2.0 ** -24)


def step_of(fnc, text):
    """The form that was chosen: places of the result at once; none."""
    run = subprocess.run([fnc, "compile", "-", "--cpu", "native", "--emit=tensor", "-o", "-"], input=text,
                         capture_output=True, text=True, check=True)
    step = re.search(r"kernel\.winograd ins.* step = (\d)", run.stdout)
    return int(step[1]) if step else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fnc")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--table", action="store_true", help="print each case")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    passed = failed = 0
    for number in range(options.rounds):
        # Few results of few images take small tiles, many take large ones.
        n, size = (1, int(rng.integers(4, 8))) if number % 3 == 0 else (2, int(rng.integers(8, 40)))
        c, f = (int(rng.choice([16, 32, 64, 128])) for _ in "cf")
        x, w = (rng.standard_normal(shape).astype(F32) for shape in ((n, size, size, c), (3, 3, c, f)))
        pads = [(1, 1)] * 2
        expected = conv_nhwc(x.astype(float), w.astype(float), [1, 1], [1, 1], pads, 1)
        scale = conv_nhwc(np.abs(x).astype(float), np.abs(w).astype(float), [1, 1], [1, 1], pads, 1).max()
        for filters, inputs in ((w, [x]), (None, [x, w])):
            text = graph(n, size, c, f, filters)
            step = step_of(options.fnc, text)
            fast = error(options.fnc, text, inputs, expected, scale, [])
            good = fast <= BOUND[step]
            passed, failed = passed + good, failed + (not good)
            if options.table or not good:
                direct = error(options.fnc, text, inputs, expected, scale, ["--no-winograd"])
                print(f"{n}x{size}x{size}, {c} to {f}, {'fed' if filters is None else 'constant'}, step {step}: "
                      f"{fast:.2f}, directly {direct:.2f}, ratio {fast / direct:.1f}")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
