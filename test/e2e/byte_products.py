#!/usr/bin/env python3
"""Matrix products and convolutions of bytes through generated objects: every bit as NumPy's integers.

    byte_products.py --fnc PATH [--rounds N] [--seed S] [--cpu NAME]... [-O LEVEL]

A round is a graph with a function per case: signs of both sides, odd numbers of terms and tails, batches, strides, dilations,
groups, depthwise, both layouts, unknown batch, weights that are constants, variables or fed, the extreme bytes, a bias and a
requantization after the sums. Ends with `N passed, N failed`; a failing case is printed.
"""
import pathlib
import sys
import tempfile

import numpy as np

from contractions import Library, Round, conv_nhwc, literal, machine, parse_options, same_pads, tensor

KINDS = {"i8": np.int8, "ui8": np.uint8, "i32": np.int32}
UNSUPPORTED = 10  # FN_UNSUPPORTED_CPU
CPUS = {"x86": ["x86-64", "x86-64-v3", "cascadelake", "alderlake", "native"],
        "aarch64": ["generic", "neoverse-n1", "neoverse-v1"]}


class Bytes(Round):
    def values(self, shape, kind=None):
        kind = KINDS[kind or self.pick("i8", "ui8")]
        low, high = np.iinfo(kind).min, np.iinfo(kind).max
        if self.pick(0, 0, 1):
            return self.rng.choice(np.array([low, high], kind), shape)
        return self.rng.integers(low, high + 1, shape).astype(kind)

    def kind(self, array):
        return {v: k for k, v in KINDS.items()}[array.dtype.type]

    def feed(self, array, open_batch=False):
        name = self.name()
        shape = ["?" if open_batch and i == 0 else n for i, n in enumerate(array.shape)]
        kind = tensor(shape, self.kind(array))
        self.lines.append(f'  %{name} = fn.placeholder "{name}" : {kind}')
        self.inputs.append((name, kind, array))
        return f"%{name}", kind

    def weight(self, array):
        how = self.pick("read_only", "read_only", "read_only", "", "feed")
        if how == "feed":
            return self.feed(array)
        name, kind = self.name(), tensor(array.shape, self.kind(array))
        self.lines.append(f'  %{name} = fn.variable "{name}" {how} : {kind} = {literal(array)}')
        return f"%{name}", kind

    def follow(self, result, expected, scale):
        """A bias; numbers made bytes again, or divided."""
        if self.pick(0, 1):
            bias = self.rng.integers(-9999, 9999, expected.shape[-1:]).astype(np.int32)
            result = self.op("add", [result, self.weight(bias)], result[1])
            expected = expected + bias
        if self.pick(0, 0, 1):
            name, real = self.name(), result[1].replace("i32", "f32")
            divisors = self.rng.integers(1, 40, expected.shape[-1:]).astype(np.float32)
            by = self.name()
            self.lines += [f"  %{by} = fn.constant {literal(divisors)} : {tensor(divisors.shape)}",
                           f"  %{name}a = fn.cast {result[0]} : ({result[1]}) -> {real}",
                           f"  %{name} = fn.div %{name}a, %{by} : ({real}, {tensor(divisors.shape)}) -> {real}"]
            return (f"%{name}", real), expected.astype(np.float32) / divisors, 0
        if self.pick(0, 1):
            kind = self.pick("i8", "ui8")
            factor = np.float32(2.0 ** -self.upto(14, 6))
            name, target = self.name(), result[1].replace("i32", kind)
            real = result[1].replace("i32", "f32")
            low, high = np.iinfo(KINDS[kind]).min, np.iinfo(KINDS[kind]).max
            self.lines += [f"  %{name}s = fn.constant dense<{factor:.12f}> : tensor<f32>",
                           f"  %{name}a = fn.cast {result[0]} : ({result[1]}) -> {real}",
                           f"  %{name}b = fn.mul %{name}a, %{name}s : ({real}, tensor<f32>) -> {real}",
                           f"  %{name}c = fn.round %{name}b : {real}",
                           f"  %{name} = fn.cast %{name}c : ({real}) -> {target}"]
            return (f"%{name}", target), np.clip(np.rint(expected.astype(np.float32) * factor), low, high).astype(KINDS[kind]), 0
        return result, expected.astype(np.int32), 0


def matmul(r):
    m, n, k = r.pick(1, r.upto(7), r.upto(40)), r.pick(1, r.upto(9), r.upto(150)), r.pick(r.upto(9), r.upto(200), r.upto(700))
    batch = r.pick((), (), (r.upto(4),), (2, 3))
    ta, tb, open_batch = r.pick(0, 0, 0, 1), r.pick(0, 0, 1), r.pick(0, 1)
    a = r.values((*batch, m, k))
    b = r.values((*(batch if r.pick(0, 1) else ()), k, n), r.pick("i8", "i8", "ui8"))
    expected = a.astype(np.int64) @ b.astype(np.int64)
    a, b = (np.ascontiguousarray(np.swapaxes(v, -1, -2)) if t else v for v, t in ((a, ta), (b, tb)))
    open_batch = open_batch and (bool(batch) or not ta) and not (batch and b.ndim > 2)
    shape = ["?" if open_batch and i == 0 else s for i, s in enumerate(expected.shape)]
    flags = ", ".join(["wide"] + ["transpose_a"] * ta + ["transpose_b"] * tb)
    return r.op("matmul", [r.feed(a, open_batch), r.weight(b)], tensor(shape, "i32"), f"{{{flags}}}"), expected, 0


def conv(r, depthwise=False):
    n, groups = r.upto(3), r.pick(1, 1, 2, 3)
    c, out = (r.pick(1, 2, 3, r.upto(40)) for _ in range(2))
    kernel, strides, dilations = ([r.upto(high) for _ in range(2)] for high in (4, 2, 2))
    size = [(k - 1) * d + r.upto(12) for k, d in zip(kernel, dilations)]
    same, open_batch = r.pick(0, 1), r.pick(0, 0, 1)
    if depthwise:
        c, groups, out = 1, r.pick(1, 3, 8, r.upto(70)), r.pick(1, 1, 2)
    x = r.values((n, *size, groups * c))
    w = r.values((*kernel, c, groups * out), r.pick("i8", "i8", "ui8"))
    pads = [same_pads(*v) if same else (0, 0) for v in zip(size, kernel, strides, dilations)]
    expected = conv_nhwc(x.astype(np.int64), w.astype(np.int64), strides, dilations, pads, groups)
    layout = "NHWC"
    if r.pick(0, 1):
        layout = "NCHW"
        x, expected = (np.ascontiguousarray(a.transpose(0, 3, 1, 2)) for a in (x, expected))
        w = np.ascontiguousarray(w.transpose(3, 2, 0, 1))
    elif depthwise:
        w = w.reshape(*kernel, groups, out)
    attrs = [f"strides = array<i64: {strides[0]}, {strides[1]}>", f"dilations = array<i64: {dilations[0]}, {dilations[1]}>",
             f'padding = "{"same" if same else "valid"}"', f'layout = "{layout}"', "wide"]
    if not depthwise:
        attrs.append(f"groups = {groups} : i64")
    shape = ["?" if open_batch and i == 0 else s for i, s in enumerate(expected.shape)]
    result = r.op("depthwise_conv" if depthwise else "conv", [r.feed(x, open_batch), r.weight(w)], tensor(shape, "i32"),
                  f"{{{', '.join(attrs)}}}")
    return result, expected, 0


def main():
    options = parse_options(__doc__, rounds=1)
    target = next((t for t in ("aarch64",) if any(t in o for o in machine().options)), None)
    cpus = options.cpu or (CPUS["aarch64"] if target else [""] if machine().options else CPUS["x86"])
    passed = failed = absent = 0
    for number in range(options.seed, options.seed + options.rounds):
        r = Bytes(np.random.default_rng(number))
        for _ in range(4):
            for make in [matmul, conv, lambda r: conv(r, depthwise=True)]:
                r.case(make)
        text = "fn.graph @g {\n" + "\n".join(r.lines + r.functions) + "\n}\n"
        for cpu in cpus:
            with tempfile.TemporaryDirectory() as folder:
                library = Library(options.fnc, text, pathlib.Path(folder), [*(["--cpu", cpu] if cpu else []), "-O", options.level])
                for name, inputs, expected, _, shown in r.cases:
                    status, (got,) = library.call(name, inputs, [expected])
                    if status.code == UNSUPPORTED:
                        absent += 1
                        continue
                    good = status.code == 0 and np.array_equal(got, expected)
                    passed, failed = passed + good, failed + (not good)
                    if not good:
                        print(f"FAIL round {number}, {name}, {cpu}: status {status.code}\n{shown}\n")
    print(f"{passed} passed, {failed} failed" + (f", {absent} for a CPU that is not there" if absent else ""))
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
