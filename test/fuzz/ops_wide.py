"""Generators of what the compiler fuses, at sizes where it does: products and convolutions of floats and of bytes, what follows
them, chains of them, attention, forms of Winograd, updates of weights.

Numbers are quarters mostly, whose sums every type holds, so that whatever order they are taken in the result is the same.
"""
import numpy as np

import elements
import ops_contraction
import ops_layers
from evaluate import Scaled
from graph import Tensor
from ops_contraction import Window, padded, summed
from ops_elementwise import softmax_of, unary
from ops_shape import ints, static

BYTES = ("i8", "ui8")


def numbers(rng, shape, dtype):
    """Quarters, or bytes of all sizes."""
    if dtype in elements.FLOATS:
        return rng.integers(-8, 9, shape) / 4
    info = np.iinfo(elements.INTS[dtype])
    low, high = (info.min, info.max) if dtype in BYTES else (-9999, 9999)
    if rng.integers(0, 3) == 0:
        return rng.choice(np.array([low, high], elements.INTS[dtype]), shape)
    return rng.integers(low, high + 1, shape).astype(elements.INTS[dtype])


def fed(b, shape, dtype):
    return b.placeholder(tuple(shape), dtype, ("wide",))


def weight(b, shape, dtype, known=True):
    """Known when compiling, or not."""
    how, shape = b.random.choice(["constant", "read only"] * known + ["variable", "fed"]), tuple(shape)
    if how == "fed" or not static(shape):
        return fed(b, shape, dtype)
    data = numbers(b.numbers, shape, dtype)
    if how == "constant":
        return b.constant(data, dtype)
    return b.leaf("variable", Tensor(b.name("v"), shape, dtype), elements.encode(data, dtype),
                  more=" read_only" * (how == "read only"))


def scalar(b, value, dtype="f32"):
    return b.constant(np.array(value), dtype)


def times(x, y):
    """A library's product where it leaves out nothing."""
    finite = x.dtype != np.float64 or np.all(np.isfinite(x)) and np.all(np.isfinite(y))
    return (np.matmul if finite else ops_contraction.product)(x, y)


def add(b, x, y):
    return b.op("add {0}, {1}", [x, y], b.joined(x.shape, y.shape), x.dtype, lambda c, n, p, q: p + q, exact="whole")


def mul(b, x, y):
    return b.op("mul {0}, {1}", [x, y], b.joined(x.shape, y.shape), x.dtype, lambda c, n, p, q: p * q, exact="whole")


def cast(b, x, dtype):
    def compute(c, n, v):
        if dtype not in BYTES:
            return v.astype(np.float64)
        info = np.iinfo(elements.INTS[dtype])
        return np.where(np.isnan(v), 0, np.clip(np.nan_to_num(v, posinf=1e9, neginf=-1e9), info.min, info.max)).astype(np.int64)
    rule = x.is_float and dtype in elements.FLOATS
    return b.op("cast {0}", [x], x.shape, dtype, compute, exact=True, rule=rule)


def follow(b, y, channel=-1):
    """What an epilogue takes: bias, activation, residual, a type."""
    r = b.random
    if r.random() < 0.6:
        shape = [1] * (-channel)
        shape[0] = y.shape[channel]
        y = add(b, y, weight(b, shape, y.dtype))
    if y.is_float and r.random() < 0.5:
        y = unary(b, y) if r.random() < 0.5 else b.op(
            "relu {0}", [y], y.shape, y.dtype, lambda c, n, v: np.where(v <= 0, 0, v), "same", exact=True)
    if r.random() < 0.25:
        y = add(b, y, b.pick(lambda t: t.shape == y.shape and t.dtype == y.dtype and t is not y) or fed(b, y.shape, y.dtype))
    if y.dtype == "f32" and r.random() < 0.1:
        y = cast(b, y, r.choice(["f16", "bf16", "f64"]))
    return y


# ------------------------------------------------------------ bytes

def quantize(b, x):
    """Floats as bytes: rounded, moved by a zero point, saturated."""
    scaled = b.op("mul {0}, {1}", [x, scalar(b, b.random.choice([4.0, 16.0, 1 / 64]))], x.shape, "f32", lambda c, n, p, q: p * q,
                  exact=True)
    y = b.op("round {0}", [scaled], x.shape, "f32", lambda c, n, v: np.rint(v), "same", exact=True)
    if b.random.random() < 0.5:
        y = add(b, y, scalar(b, float(b.random.randint(-20, 20))))
    return cast(b, y, b.random.choice(BYTES))


def dequantize(b, x):
    y = cast(b, x, "f32")
    if b.random.random() < 0.5:
        y = add(b, y, scalar(b, float(b.random.randint(-20, 20))))
    return mul(b, y, scalar(b, b.random.choice([0.25, 1 / 64, 2.0 ** -10])))


def follow_bytes(b, y, channel=-1):
    """After sums of bytes: a bias, then bytes or floats again."""
    r = b.random
    if r.random() < 0.6:
        shape = [1] * (-channel)
        shape[0] = y.shape[channel]
        y = add(b, y, weight(b, shape, "i32"))
    way = r.random()
    if way < 0.4:
        real = cast(b, y, "f32")
        low = b.op("mul {0}, {1}", [real, scalar(b, 2.0 ** -r.randint(4, 14))], y.shape, "f32", lambda c, n, p, q: p * q, exact=True)
        y = quantize(b, low)
    elif way < 0.7:
        y = follow(b, dequantize(b, y), channel)
    return y


def bytes_of(b, shape):
    """An operand of these sizes, made of floats or fed."""
    found = b.pick(lambda t: t.dtype in BYTES + ("f32",) and t.shape == tuple(shape))
    if found is None:
        found = fed(b, shape, b.random.choice(BYTES + ("f32",)))
    return quantize(b, found) if found.dtype == "f32" else found


def signed(f):
    """Sums of i32, which wrap."""
    return lambda c, n, x, y: f(x.astype(np.int64), y.astype(np.int64)).astype(np.int32)


# ------------------------------------------------------------ contractions

SIZES = [(5, 33, 17), (8, 16, 16), (33, 64, 40), (1, 130, 64), (64, 7, 5), (7, 300, 8), (12, 20, 1)]
# Sums that leave the caches, and rows that do.
FAR = [(20, 4003, 40), (600, 130, 33), (3, 3001, 100)]


def operands(b, left, make):
    """A batch, sizes, and which sides are turned."""
    r = b.random
    m, k, n = r.choice(SIZES if r.random() < 0.88 else FAR)
    m = b.symbol() if r.random() < 0.3 else m
    batch = r.choice([(), (), (), (2,), (b.symbol(),)]) if k < 200 else ()
    ta, tb = r.random() < 0.2, r.random() < 0.3
    if left is not None:
        *batch, m, k = left.shape
        ta = False
    x = left or make(batch + ((k, m) if ta else (m, k)))
    return x, tuple(batch), m, k, n, ta, tb


def turn(v, flag):
    return np.swapaxes(v, -1, -2) if flag else v


def product(b):
    dtype = b.random.choice(b.dtypes)
    left = b.pick(lambda t: t.dtype == dtype and 2 <= len(t.shape) <= 3 and isinstance(t.shape[-1], int) and t.shape[-1] > 3)
    x, batch, m, k, n, ta, tb = operands(b, left if b.random.random() < 0.5 else None, lambda shape: fed(b, shape, dtype))
    # What is packed goes in one piece.
    y = weight(b, (batch if b.random.random() < 0.2 else ()) + ((n, k) if tb else (k, n)), dtype, known=k < 2000)
    attrs = ", ".join(["transpose_a"] * ta + ["transpose_b"] * tb)
    z = b.op(f"matmul {{0}}, {{1}} {{{{{attrs}}}}}", [x, y], batch + (m, n), dtype,
             lambda c, n, v, w: summed(times, turn(v, ta), turn(w, tb), True), exact="whole")
    follow(b, z)


def byte_product(b):
    x, batch, m, k, n, ta, tb = operands(b, None, lambda shape: bytes_of(b, shape))
    y = weight(b, (batch if b.random.random() < 0.2 else ()) + ((n, k) if tb else (k, n)), b.random.choice(BYTES))
    attrs = ", ".join(["wide"] + ["transpose_a"] * ta + ["transpose_b"] * tb)
    z = b.op(f"matmul {{0}}, {{1}} {{{{{attrs}}}}}", [x, y], batch + (m, n), "i32",
             signed(lambda v, w: np.matmul(turn(v, ta), turn(w, tb))))
    follow_bytes(b, z)


def conv(w, x, k, groups):
    """As `ops_contraction.conv`, a place of the window at a time."""
    x = np.pad(x, ((0, 0), *w.pads, (0, 0)))
    y = np.zeros((len(x), *w.out, groups, k.shape[-1] // groups), x.dtype)
    x = x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)
    k = k.reshape(*k.shape[:-1], groups, -1)
    for off in np.ndindex(*w.size):
        at = tuple(slice(o * d, o * d + (n - 1) * s + 1, s) for o, d, n, s in zip(off, w.dilations, w.out, w.strides))
        y += np.einsum("n...gc,cgo->n...go", x[(slice(None), *at)], k[off], optimize=True)
    return y.reshape(*y.shape[:-2], k.shape[-1] * groups)


def image(b, winograd):
    """Window, spatial sizes, batch."""
    r = b.random
    sizes = [r.choice([6, 7, 14, 16, 20, 28]) if winograd else r.randint(5, 12) for _ in range(2)]
    size = [3, 3] if winograd else r.choice([[1, 1], [3, 3], [3, 3], [5, 5], [3, 1], None])
    return Window(b, sizes, size, plain=winograd or r.random() < 0.6), sizes, r.choice([1, 1, 2, b.symbol()])


def follow_image(b, w, y, after):
    y = after(b, y, -1 - 2 * w.first)
    if len(y.shape) == 4 and b.random.random() < 0.3 and (y.is_float or b.random.random() < 0.5):
        pooled(b, w, y)


def pooled(b, w, x):
    """The largest of 2 x 2 places."""
    sizes = x.shape[2:] if w.first else x.shape[1:3]
    if min(sizes) < 2:
        return
    p = Window(b, sizes, [2, 2], plain=True)
    p.first, p.strides, p.pads, p.out = w.first, [2, 2], [(0, 0)] * 2, [s // 2 for s in sizes]
    low = -np.inf if x.is_float else np.iinfo(elements.INTS[x.dtype]).min
    attrs = [f"size = {ints([2, 2])}", f"strides = {ints([2, 2])}", 'padding = "valid"'] + ['layout = "NCHW"'] * w.first
    b.op(f"max_pool {{0}} {{{{{', '.join(attrs)}}}}}", [x], p.shape(x.shape[0], p.out, x.shape[1] if w.first else x.shape[3]), x.dtype,
         lambda c, n, v: p.back(ops_contraction.pooled(p, p.last(v), lambda q: q.max(0), low)), exact=True)


def convolution(b, winograd=False, wide=False, depthwise=False):
    r = b.random
    w, sizes, batch = image(b, winograd)
    groups = 1 if winograd else r.choice([1, 1, 1, 2])
    channels, outs = (r.choice([16, 32, 32, 64]), r.choice([16, 32, 32, 64])) if winograd else (
        groups * r.choice([1, 3, 4, 8, 16]), groups * r.choice([1, 4, 5, 8, 16]))
    if depthwise:
        channels = groups = r.choice([3, 8, 16, 33])
        outs = channels * r.choice([1, 1, 1, 2])
    dtype = "f32" if winograd else r.choice(b.dtypes)
    shape = w.shape(batch, sizes, channels)
    x = bytes_of(b, shape) if wide else b.pick(lambda t: t.shape == tuple(shape) and t.dtype == dtype) or fed(b, shape, dtype)
    inside = [*w.size, channels, outs // channels] if depthwise else [*w.size, channels // groups, outs]
    k = weight(b, [outs, channels // groups, *w.size] if w.first else inside, r.choice(BYTES) if wide else dtype)
    op = "depthwise_conv" if depthwise else "conv"
    more = ([f"groups = {groups} : i64"] if not depthwise else []) + ["wide"] * wide

    def direct(p, q):
        q = w.filter_last(q) if w.first else q.reshape(*w.size, channels // groups, outs)
        return w.back(conv(w, w.last(p), q, groups))

    def compute(c, n, v, f):
        made = padded(c, direct, v, f, True)
        if winograd and isinstance(made, Scaled):           # inexact by the largest sum
            return Scaled(made.value, np.full_like(made.scale, 4 * np.max(made.scale, initial=0)))
        return made
    y = b.op(f"{op} {{0}}, {{1}} {w.text(*more)}", [x, k], w.shape(batch, w.out, outs), "i32" if wide else dtype,
             signed(direct) if wide else compute, exact=not winograd and "whole")
    follow_image(b, w, y, follow_bytes if wide else follow)


def winograd(b):
    convolution(b, winograd=True)
    if b.random.random() < 0.4:                             # the more constants, the more room for forms of filters
        x, y = fed(b, (5, 512), "f32"), b.constant(numbers(b.numbers, (512, 112), "f32"), "f32")
        b.op("matmul {0}, {1} {{}}", [x, y], (5, 112), "f32", lambda c, n, v, w: summed(times, v, w, True), exact="whole")


def depthwise(b):
    convolution(b, depthwise=True)


def byte_conv(b):
    convolution(b, wide=True)


def byte_depthwise(b):
    convolution(b, wide=True, depthwise=True)


def chain(b):
    """Contractions one after the other whose results in between leave the caches."""
    r = b.random
    if r.random() < 0.5:
        x, widths = fed(b, (520, 24), "f32"), r.choice([(600, 40), (600, 33, 8), (520, 520, 17)])
        for n in widths:
            y = weight(b, (x.shape[-1], n), "f32")
            z = b.op("matmul {0}, {1} {{}}", [x, y], (x.shape[0], n), "f32",
                     lambda c, node, v, w: summed(times, v, w, True), exact="whole")
            x = brief(b, z)
        return
    x, sides = fed(b, (1, 56, 56, 6), "f32"), [56, 56]
    for kind, n in [("conv", 96), r.choice([("depthwise_conv", 96), ("conv", 8)]), ("conv", 12)][:r.randint(2, 3)]:
        width = 1 if n in (96, 12) and kind == "conv" else 3
        w = Window(b, sides, [width, width], plain=True)
        if w.first:
            return
        if width == 3 and r.random() < 0.4:
            w.strides, w.pads = [2, 2], [(0, 0)] * 2
            w.out = [(side - 3) // 2 + 1 for side in sides]
            w.attrs = [f"strides = {ints(w.strides)}", 'padding = "valid"']
        depth = kind == "depthwise_conv"
        channels = x.shape[-1]
        k = weight(b, [width, width, channels, 1 if depth else n], "f32")
        groups = channels if depth else 1
        f = lambda c, node, v, q, w=w, n=n, groups=groups: padded(c, lambda p, s: conv(
            w, p, s.reshape(*w.size, -1, n), groups), v, q, True)
        # Few channels and the 3 x 3 window may make it Winograd's.
        loose = width == 3 and not depth
        g = (lambda c, node, v, q, f=f: loosened(f(c, node, v, q))) if loose else f
        x = brief(b, b.op(f"{kind} {{0}}, {{1}} {w.text()}", [x, k], w.shape(1, w.out, n), "f32", g, exact=not loose and "whole"))
        sides = w.out


def attention(b):
    """Scores that leave the caches, or whose sizes the call says."""
    r = b.random
    lead, t, s = r.choice([((), 200, 260), ((3,), 130, 150), ((2, 3), 100, 96), ((20,), 40, 56), ((), b.symbol(), 160),
                           ((b.symbol(), 2), 40, 72), ((2,), b.symbol(), b.symbol())])
    d, e, dtype = r.choice([4, 8, 16]), r.choice([1, 5, 16]), r.choice(["f32", "f32", "f64"])
    ops_layers.attend(b, fed(b, lead + (t, d), dtype), fed(b, lead + (s, d), dtype), fed(b, lead + (s, e), dtype))


def loosened(made):
    if isinstance(made, Scaled):
        return Scaled(made.value, np.full_like(made.scale, 4 * np.max(made.scale, initial=0)))
    return made


def brief(b, y):
    """A bias and a clipped activation, which keep sums small."""
    if b.random.random() < 0.6:
        y = add(b, y, weight(b, y.shape[-1:], "f32"))
    op, f = b.random.choice([("relu6", lambda v: np.clip(v, 0, 6)), ("tanh", np.tanh)])
    return b.op(f"{op} {{0}}", [y], y.shape, "f32", lambda c, n, v: f(v), "same", exact=op == "relu6")


def update(b):
    """A gradient of weights as a product, and what an optimizer makes of it."""
    r = b.random
    rows, k, n = r.choice([(8, 33, 16), (12, 64, 40), (b.symbol(), 20, 17), (6, 320, 256)])
    dtype = r.choice(b.dtypes)
    variable = lambda: b.leaf("variable", Tensor(b.name("v"), (k, n), dtype), elements.encode(numbers(b.numbers, (k, n), dtype), dtype))
    x, dy = fed(b, (rows, k), dtype), fed(b, (rows, n), dtype)
    g = b.op("matmul {0}, {1} {{transpose_a}}", [x, dy], (k, n), dtype, lambda c, node, v, w: summed(times, v.T, w, True), exact="whole")
    w = variable()
    step = g
    if r.random() < 0.7:
        m = variable()
        step = add(b, mul(b, m, scalar(b, 0.75, dtype)), g)
        b.trained[m] = step
    if r.random() < 0.4:
        v = variable()
        square = b.op("square {0}", [g], g.shape, dtype, lambda c, node, p: p * p, "same", exact="whole")
        rms = add(b, b.op("abs {0}", [v], v.shape, dtype, lambda c, node, p: np.abs(p), "same", exact=True), square)
        b.trained[v] = rms
        root = b.op("sqrt {0}", [rms], rms.shape, dtype, lambda c, node, p: np.sqrt(p), "same")
        low = add(b, root, scalar(b, 0.5, dtype))
        step = b.op("div {0}, {1}", [step, low], g.shape, dtype, lambda c, node, p, q: p / q)
    b.trained[w] = b.op("sub {0}, {1}", [w, mul(b, step, scalar(b, 0.25, dtype))], w.shape, dtype, lambda c, node, p, q: p - q, exact="whole")


def sums(b):
    """Several reductions of one tensor, or of its squares, over the same axes."""
    r = b.random
    x = b.pick(lambda t: t.is_float and len(t.shape) > 1)
    axes = sorted(r.sample(range(len(x.shape)), r.randint(1, len(x.shape) - 1)))
    at, shape = tuple(axes), [d for i, d in enumerate(x.shape) if i not in axes]
    table = {"reduce_sum": lambda v: Scaled(np.sum(v, at), np.sum(np.abs(v), at)),
             "reduce_mean": lambda v: Scaled(np.mean(v, at), np.mean(np.abs(v), at)),
             "reduce_max": lambda v: np.max(v, at, initial=-np.inf), "reduce_min": lambda v: np.min(v, at, initial=np.inf)}
    for _ in range(r.randint(2, 4)):
        op = r.choice(sorted(table))
        y = x if r.random() < 0.6 else b.op("square {0}", [x], x.shape, x.dtype, lambda c, n, v: v * v, "same", exact="whole")
        b.op(f"{op} {{0}} {{{{axes = {ints(axes)}}}}}", [y], shape, x.dtype, lambda c, n, v, f=table[op]: f(v),
             exact=op in ("reduce_max", "reduce_min") or op == "reduce_sum" and "whole")


def rows(b):
    """What passes several times over each long row."""
    r, dtype = b.random, b.random.choice(b.dtypes)
    x = fed(b, r.choice([(5, 70), (12, 130), (b.symbol(), 130), (2, 4, 96), (64, 100)]), dtype)
    for _ in range(r.randint(0, 2)):
        axis, op = len(x.shape) - 1, r.choice(["softmax", "log_softmax"])
        made = b.op(f"{op} {{0}} {{{{axis = {axis} : i64}}}}", [x], x.shape, dtype,
                    lambda c, n, v, op=op: softmax_of(v, -1, op == "log_softmax"), "same")
        x = add(b, made, x) if r.random() < 0.5 else made
        if r.random() < 0.5:
            x = b.op("tanh {0}", [x], x.shape, dtype, lambda c, n, v: np.tanh(v), "same")


TABLE = {product: 2, byte_product: 2, convolution: 0.8, winograd: 1.2, depthwise: 0.5, byte_conv: 1.2, byte_depthwise: 0.8,
         chain: 0.6, attention: 1.2, update: 0.8, sums: 1, rows: 1.5}
