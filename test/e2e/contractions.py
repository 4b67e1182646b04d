#!/usr/bin/env python3
"""Matrix products and convolutions of every kind through generated objects, against NumPy in float64.

    contractions.py --fnc PATH [--rounds N] [--seed S] [--cpu NAME]...

A round is a graph with a function per case: odd sizes and tails, strides, dilations, groups, both layouts, unknown batch,
weights that are constants, variables or fed, and what may follow the sums (bias, residual, activation, pooling). Ends with
`N passed, N failed`; a failing case is printed.
"""
import argparse
import pathlib
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import Library  # noqa: E402
from machine import machine  # noqa: E402

F32 = np.float32


def tensor(shape, dtype="f32"):
    return "tensor<" + "".join(f"{d}x" for d in shape) + dtype + ">"


def literal(array):
    return f'dense<"0x{np.ascontiguousarray(array).tobytes().hex().upper()}">'


def conv_nhwc(x, k, strides, dilations, pads, groups):
    """x [N, H, W, C], k [KH, KW, C / groups, O]; pads (top, bottom), (left, right)."""
    x = np.pad(x, ((0, 0), *pads, (0, 0)))
    spans = [(n - 1) * d + 1 for n, d in zip(k.shape, dilations)]
    height, width = [(n - span) // s + 1 for n, span, s in zip(x.shape[1:], spans, strides)]
    out = np.zeros((len(x), height, width, groups, k.shape[3] // groups))
    x = x.reshape(*x.shape[:3], groups, -1)
    k = k.reshape(*k.shape[:3], groups, -1)
    for i in range(k.shape[0]):
        for j in range(k.shape[1]):
            view = x[:, i * dilations[0]:i * dilations[0] + (height - 1) * strides[0] + 1:strides[0],
                     j * dilations[1]:j * dilations[1] + (width - 1) * strides[1] + 1:strides[1]]
            out += np.einsum("nhwgc,cgo->nhwgo", view, k[i, j])
    return out.reshape(*out.shape[:3], -1)


def same_pads(size, kernel, stride, dilation):
    total = max((-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


class Round:
    """The text of a graph, and what its functions should give."""

    def __init__(self, rng):
        self.rng, self.lines, self.functions, self.cases, self.count = rng, [], [], [], 0

    def pick(self, *values):
        return values[self.rng.integers(len(values))]

    def upto(self, high, low=1):
        return int(self.rng.integers(low, high + 1))

    def values(self, shape):
        return self.rng.integers(-8, 9, shape).astype(F32) / 4

    def name(self):
        self.count += 1
        return f"t{self.count}"

    def feed(self, array, open_batch=False):
        name = self.name()
        shape = ["?" if open_batch and i == 0 else n for i, n in enumerate(array.shape)]
        kind = tensor(shape, "i1" if array.dtype == bool else "f32")
        self.lines.append(f'  %{name} = fn.placeholder "{name}" : {kind}')
        self.inputs.append((name, kind, array))
        return f"%{name}", kind

    def weight(self, array):
        kind = self.pick("read_only", "read_only", "", "feed")
        if kind == "feed":
            return self.feed(array)
        name = self.name()
        self.lines.append(f'  %{name} = fn.variable "{name}" {kind} : {tensor(array.shape)} = {literal(array)}')
        return f"%{name}", tensor(array.shape)

    def op(self, op, operands, result, attrs=""):
        name = self.name()
        types = ", ".join(t for _, t in operands)
        self.lines.append(f"  %{name} = fn.{op} {', '.join(v for v, _ in operands)} {attrs} : ({types}) -> {result}")
        return f"%{name}", result

    def same(self, op, operand):
        name = self.name()
        self.lines.append(f"  %{name} = fn.{op} {operand[0]} : {operand[1]}")
        return f"%{name}", operand[1]

    def case(self, make):
        self.inputs, before = [], len(self.lines)
        result, expected, scale = make(self)
        result, expected, scale = self.follow(result, expected, scale)
        f = str(len(self.functions))
        listed = ", ".join(f"%{n} : {t}" for n, t, _ in self.inputs)
        self.functions.append(f'  fn.function @f_{f} {f"inputs({listed})" if listed else ""} outputs("y" = {result[0]} : {result[1]})')
        self.cases.append((f, [a for _, _, a in self.inputs], expected, scale, "\n".join(self.lines[before:])[:3000]))

    def follow(self, result, expected, scale):
        """What an epilogue takes up: bias, residual, activation; a choice, which it must leave."""
        open_batch = "?" in result[1]
        if self.pick(0, 1):
            bias = self.values(expected.shape[-1:])
            result = self.op("add", [result, self.weight(bias)], result[1])
            expected = expected + bias
        if self.pick(0, 0, 1):
            other = self.values(expected.shape)
            result = self.op("add", [self.feed(other, open_batch), result], result[1])
            expected = expected + other
        if self.pick(0, 1):
            result, expected = self.same("relu", result), np.maximum(expected, 0)
        if self.pick(0, 0, 0, 1):
            result, expected = self.same("tanh", result), np.tanh(expected)
        if self.pick(0, 0, 0, 1):
            mask, other = self.values(expected.shape) > 0, self.values(expected.shape)
            result = self.op("where", [self.feed(mask, open_batch), result, self.feed(other, open_batch)], result[1])
            expected = np.where(mask, expected, other)
        return result, expected, scale + 4


def matmul(r, most_terms=100, least=(9, 40)):
    m, n, k = r.pick(1, r.upto(7), r.upto(40)), r.pick(1, r.upto(9), r.upto(150)), r.pick(1, r.upto(9), r.upto(100))
    if most_terms > 100:
        m, n, k = r.upto(least[0] + 31, least[0]), r.upto(least[1] + 50, least[1]), r.upto(most_terms, most_terms // 2)
    batch = r.pick((), (), (r.upto(4),), (2, 3)) if m < 100 else r.pick((), (2,))
    ta, tb, open_batch = r.pick(0, 1), r.pick(0, 0, 1), r.pick(0, 1)
    x = r.values(batch + (m, k))
    w = r.values(r.pick(batch, ()) + (k, n))
    expected = x.astype(float) @ w
    x, w = (np.swapaxes(a, -1, -2) if t else a for a, t in ((x, ta), (w, tb)))
    open_batch &= not (ta and not batch) and bool(w.ndim == 2 or not batch)
    attrs = ", ".join(["transpose_a"] * ta + ["transpose_b"] * tb)
    shape = ["?" if open_batch and i == 0 else n for i, n in enumerate(expected.shape)]
    operands = [r.feed(x, open_batch), r.weight(w)]
    return r.op("matmul", operands, tensor(shape), f"{{{attrs}}}" if attrs else ""), expected, k


def conv(r, depthwise=False):
    n, groups = r.upto(3), r.pick(1, 1, 2, 4)
    if depthwise:
        c = groups = r.pick(r.upto(8), r.upto(70))
        out = c * r.pick(1, 1, 2)
    else:
        c, out = groups * r.pick(r.upto(4), r.upto(20)), groups * r.pick(r.upto(6), r.upto(70))
    kernel = [r.pick(1, 1, 3, r.upto(5))] * 2 if r.pick(0, 1, 1) else [r.upto(4), r.upto(4)]
    strides, dilations = [r.pick(1, 1, 2, 3) for _ in "yx"], [r.pick(1, 1, 1, 2) for _ in "yx"]
    size = [(k - 1) * d + r.pick(1, r.upto(12), r.upto(30)) for k, d in zip(kernel, dilations)]
    x, w = r.values((n, *size, c)), r.values((*kernel, c // groups, out))
    mode = r.pick("valid", "same", "explicit")
    pads = [(0, 0)] * 2
    attrs = [f"strides = array<i64: {strides[0]}, {strides[1]}>", f"dilations = array<i64: {dilations[0]}, {dilations[1]}>"]
    if mode == "same":
        pads = [same_pads(*a) for a in zip(size, kernel, strides, dilations)]
        attrs.append('padding = "same"')
    elif mode == "explicit":
        pads = [(r.upto(2, 0), r.upto(2, 0)) for _ in "yx"]
        attrs.append(f"pads = array<i64: {pads[0][0]}, {pads[1][0]}, {pads[0][1]}, {pads[1][1]}>")
    expected = conv_nhwc(x.astype(float), w, strides, dilations, pads, groups)
    if groups > 1 and not depthwise:
        attrs.append(f"groups = {groups} : i64")
    if depthwise:
        w = w.reshape(*kernel, c, out // c)
    if r.pick(0, 1):
        attrs.append('layout = "NCHW"')
        x, expected = (np.ascontiguousarray(a.transpose(0, 3, 1, 2)) for a in (x, expected))
        w = w.reshape(*kernel, 1, out).transpose(3, 2, 0, 1) if depthwise else w.transpose(3, 2, 0, 1)
    open_batch = r.pick(0, 0, 1)
    shape = ["?" if open_batch and i == 0 else n for i, n in enumerate(expected.shape)]
    operands = [r.feed(x, open_batch), r.weight(np.ascontiguousarray(w))]
    op = "depthwise_conv" if depthwise else "conv"
    terms = kernel[0] * kernel[1] * c // groups
    return r.op(op, operands, tensor(shape), "{" + ", ".join(attrs) + "}"), expected, terms


def long_sums(r):
    """More terms than caches hold: sums in pieces."""
    return matmul(r, 6000)


def blocks(r):
    """Many rows and a large operand, whose blocks are copied; around the sizes from which on they are."""
    return matmul(r, r.pick(1200, 2400), r.pick((190, 450), (180, 540)))


def conv_chain(r):
    """Convolutions in a row, which write into each other's padding."""
    size, c = r.upto(20, 4), r.upto(24)
    x = r.values((1, size, size, c))
    value, expected, terms = r.feed(x), x.astype(float), 1
    for _ in range(r.upto(3, 2)):
        k, out, stride = r.pick(1, 3, 3), r.upto(40), r.pick(1, 1, 2)
        w = r.values((k, k, c, out)) / 2
        pads = [same_pads(expected.shape[1], k, stride, 1)] * 2
        expected = np.maximum(conv_nhwc(expected, w, [stride] * 2, [1, 1], pads, 1), 0)
        value = r.op("conv", [value, r.weight(w)], tensor(expected.shape),
                     f'{{strides = array<i64: {stride}, {stride}>, padding = "same"}}')
        value, c, terms = r.same("relu", value), out, terms * k * k * c
        if r.pick(0, 1) and expected.shape[1] > 2:
            n, h, wd, _ = expected.shape
            expected = expected[:, :h // 2 * 2, :wd // 2 * 2].reshape(n, h // 2, 2, wd // 2, 2, c).max((2, 4))
            value = r.op("max_pool", [value], tensor(expected.shape), "{size = array<i64: 2, 2>}")
    return value, expected, np.abs(expected).max() + 1


def strips(r):
    """Wide convolutions between narrow ones, strip by strip: all of what lies between would leave the caches."""
    size, c, wide, out = r.upto(80, 62), r.upto(12), r.upto(100, 80), r.upto(24)
    k, stride, dilation, padding = r.pick(1, 2, 3, 3, 5), r.pick(1, 1, 2, 3), r.pick(1, 1, 2), r.pick("same", "valid")
    depthwise = r.pick(0, 1, 1)
    x, v, w, u = r.values((1, size, size + 3, c)), r.values((1, 1, c, wide)), None, r.values((1, 1, wide, out))
    w = r.values((k, k, wide, 1)) if depthwise else r.values((k, k, wide, r.upto(8)))
    value = r.op("conv", [r.feed(x), r.weight(v)], tensor((1, size, size + 3, wide)))
    value, expected = r.same("relu", value), np.maximum(conv_nhwc(x.astype(float), v, [1, 1], [1, 1], [(0, 0)] * 2, 1), 0)
    pads = [same_pads(n, k, stride, dilation) if padding == "same" else (0, 0) for n in expected.shape[1:3]]
    filters = w.reshape(k, k, 1, wide) if depthwise else w
    expected = conv_nhwc(expected, filters, [stride] * 2, [dilation] * 2, pads, wide if depthwise else 1)
    value = r.op("depthwise_conv" if depthwise else "conv", [value, r.weight(w)], tensor(expected.shape),
                 f'{{strides = array<i64: {stride}, {stride}>, dilations = array<i64: {dilation}, {dilation}>, padding = "{padding}"}}')
    if depthwise and r.pick(0, 1, 1):
        expected = conv_nhwc(expected, u, [1, 1], [1, 1], [(0, 0)] * 2, 1)
        value = r.op("conv", [value, r.weight(u)], tensor(expected.shape))
    return value, expected, 4 * np.abs(expected).max() + 1


def fast_conv(r):
    """What Winograd's forms take: 3x3, of many channels, with sizes that tiles do not divide."""
    n, c, out = r.upto(3), r.pick(16, 30, 64), r.pick(16, 33, 64)
    size, same, open_batch = [r.upto(26, 6), r.upto(26, 6)], r.pick(0, 1, 1), r.pick(0, 0, 1)
    x, w = r.values((n, *size, c)), r.values((3, 3, c, out))
    expected = conv_nhwc(x.astype(float), w, [1, 1], [1, 1], [(same, same)] * 2, 1)
    layout = "NHWC"
    if r.pick(0, 1):
        layout = "NCHW"
        x, expected = (np.ascontiguousarray(a.transpose(0, 3, 1, 2)) for a in (x, expected))
        w = np.ascontiguousarray(w.transpose(3, 2, 0, 1))
    shape = ["?" if open_batch and i == 0 else k for i, k in enumerate(expected.shape)]
    operands = [r.feed(x, open_batch), r.weight(w)]
    padding = "same" if same else "valid"
    # Transforms round sums of inputs and of products: ten times as much.
    return r.op("conv", operands, tensor(shape), f'{{padding = "{padding}", layout = "{layout}"}}'), expected, 90 * c


# Other constants leave room for transformed filters, which may be half as large as all.
ROOM = """  %room = fn.variable "room" read_only : tensor<4000000xf32> = dense<0.5>
  %sum = fn.reduce_sum %room : (tensor<4000000xf32>) -> tensor<f32>
  fn.function @f_room outputs("sum" = %sum : tensor<f32>)
"""


def parse_options(description, rounds):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cpu", action="append")
    parser.add_argument("-O", dest="level", default="2")
    return parser.parse_args()


def main():
    options = parse_options(__doc__, rounds=2)
    makers = [matmul, conv, lambda r: conv(r, depthwise=True), conv_chain, strips, fast_conv, long_sums, blocks]
    passed = failed = 0
    for number in range(options.seed, options.seed + options.rounds):
        r = Round(np.random.default_rng(number))
        for _ in range(3):
            for make in makers:
                r.case(make)
        text = "fn.graph @g {\n" + ROOM + "\n".join(r.lines + r.functions) + "\n}\n"
        # An emulated machine says itself for which CPU.
        for cpu in options.cpu or ([""] if machine().options else ["x86-64", "x86-64-v3", "native"]):
            with tempfile.TemporaryDirectory() as folder:
                library = Library(options.fnc, text, pathlib.Path(folder), [*(["--cpu", cpu] if cpu else []), "-O", options.level])
                for name, inputs, expected, scale, shown in r.cases:
                    status, (got,) = library.call(name, inputs, [expected.astype(F32)])
                    limit = 2e-6 * scale + 2e-6 * np.abs(expected)
                    good = status.code == 0 and np.all(np.abs(got.astype(float) - expected) <= limit)
                    passed, failed = passed + good, failed + (not good)
                    if not good:
                        where = np.abs(got.astype(float) - expected).max() if status.code == 0 else f"status {status.code}"
                        print(f"FAIL round {number}, {name}, {cpu}: {where}\n{shown}\n")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
