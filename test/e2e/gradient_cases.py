"""Random cases of every differentiable op, for gradient_rules.py.

A case keeps clear of kinks: its numbers stay away from them by more than the differences reach. In a case's text `$0`, `$1`
stand for operands, `$t0` for their types, `$r0` for the results', `$_` before the names of inner values.
"""
import dataclasses
import re

import numpy as np

END = 2**63 - 1
NEAR = 0.1                                                  # of a kink


class Open(int):
    """A size that the type does not tell."""


def summed(*sizes):
    return (Open if any(isinstance(n, Open) for n in sizes) else int)(sum(sizes))


def times(size, factor):
    return type(size)(int(size) * factor)


def type_of(shape, dtype):
    return "tensor<" + "".join(("?" if isinstance(n, Open) else str(n)) + "x" for n in shape) + dtype + ">"


@dataclasses.dataclass
class Operand:
    array: np.ndarray
    shape: tuple
    dtype: str = "f64"
    wanted: bool = True


class Case:
    """before: lines in front of the op. held: results that pass no gradient."""

    def __init__(self, text, operands, results, before="", held=()):
        self.template, self.operands, self.before, self.held = text, operands, before, held
        self.results = [r if len(r) == 2 and isinstance(r[1], str) else (r, "f64") for r in map(tuple, results)]

    @property
    def name(self):
        return " ".join(self.template.split())[:100]

    def text(self, left, names, types, results, prefix):
        """The op, its results called `left`."""
        def put(match):
            key = match.group(1)
            if key == "_":
                return prefix + "_"
            return {"t": types, "r": results}.get(key[0], names)[int(key.lstrip("tr"))]
        fill = lambda template: re.sub(r"\$([tr]?\d+|_)", put, template)
        outs = results[0] if len(results) == 1 else f"({', '.join(results)})"
        # Where the template does not say it, the types are those of all operands and results.
        signature = "" if "$t" in self.template else f" : ({', '.join(types)}) -> {outs}"
        return f"{fill(self.before)}\n  {left} = {fill(self.template)}{signature}"


class Maker:
    """Random operands, sizes and attributes."""

    def __init__(self, rng):
        self.rng = rng

    def chance(self, p=0.5):
        return bool(self.rng.random() < p)

    def choice(self, *options):
        return options[self.rng.integers(len(options))]

    def size(self, low=1, high=4):
        n = int(self.rng.integers(low, high + 1))
        return Open(n) if self.chance(0.35) else n

    def shape(self, low=0, high=3):
        return tuple(self.size() for _ in range(self.rng.integers(low, high + 1)))

    def normal(self, shape, wanted=True, zeros=0.0):
        array = self.rng.normal(size=shape) * (self.rng.random(shape) >= zeros)
        return Operand(np.asarray(array, np.float64), tuple(shape), wanted=wanted)

    def within(self, shape, low, high, wanted=True):
        return Operand(np.asarray(self.rng.uniform(low, high, shape)), tuple(shape), wanted=wanted)

    def apart(self, shape, kinks, wanted=True, scale=1.5):
        """Not near a kink."""
        array = np.asarray(self.rng.normal(size=shape) * scale)
        while True:
            near = np.any([np.abs(array - k) < NEAR for k in kinks], axis=0) if kinks else np.zeros(array.shape, bool)
            if not near.any():
                return Operand(array, tuple(shape), wanted=wanted)
            array = np.where(near, np.asarray(self.rng.normal(size=shape) * scale), array)

    def distinct(self, shape, wanted=True):
        """No two elements near each other."""
        count = int(np.prod(shape, dtype=np.int64))
        return Operand((self.rng.permutation(count).reshape(shape) - count / 2) * 0.3, tuple(shape), wanted=wanted)

    def ints(self, shape, low, high, dtype=None):
        dtype = dtype or self.choice("i32", "i64")
        array = self.rng.integers(low, high, shape).astype({"i32": np.int32, "i64": np.int64}[dtype])
        return Operand(np.asarray(array), tuple(shape), dtype, False)

    def flags(self, shape, p=0.6):
        return Operand(np.asarray(self.rng.random(shape) < p), tuple(shape), "i1", False)

    def broadcast(self, count):
        """Shapes that broadcast, and what they make."""
        whole = self.shape(0, 3)
        shapes = []
        for _ in range(count):
            start = self.rng.integers(0, len(whole) + 1) if self.chance(0.4) else 0
            shapes.append(tuple(1 if self.chance(0.25) else n for n in whole[start:]))
        made = []
        for i in range(len(whole)):
            sizes = [s[len(s) - len(whole) + i] for s in shapes if len(s) - len(whole) + i >= 0]
            sizes = [n for n in sizes if isinstance(n, Open) or n != 1]
            made.append(sizes[0] if sizes else 1)
        longest = max(len(s) for s in shapes)
        return shapes, tuple(made[len(whole) - longest:])

    def axis(self, shape):
        return int(self.rng.integers(len(shape)))

    def axes(self, shape, least=1):
        count = self.rng.integers(least, len(shape) + 1)
        return sorted(int(i) for i in self.rng.choice(len(shape), count, replace=False))


def array(values):
    values = list(values)
    return "array<i64" + (": " + ", ".join(str(int(v)) for v in values) if values else "") + ">"


def attrs(*given):
    given = [a for a in given if a]
    return f" {{{', '.join(given)}}}" if given else ""


# ---------------------------------------------------------------- elementwise

# Where an operand may lie: bounds, or kinks to stay away from.
UNARY = {"reciprocal": (0.5, 2), "sqrt": (0.5, 2), "rsqrt": (0.5, 2), "log": (0.5, 2), "log2": (0.5, 2), "log1p": (-0.5, 2),
         "tan": (-0.9, 0.9), "asin": (-0.7, 0.7), "acos": (-0.7, 0.7), "atanh": (-0.7, 0.7), "acosh": (1.5, 3)}
KINKS = {"abs": [0], "sign": [0], "relu": [0], "relu6": [0, 6], "leaky_relu": [0], "elu": [0], "selu": [0],
         "softsign": [0], "hard_sigmoid": [-3, 3], "hard_swish": [-3, 3]}
WHOLE = {"floor", "ceil", "trunc", "round"}


def unary(m, op):
    shape = m.shape()
    if op in UNARY:
        x = m.within(shape, *UNARY[op])
    elif op in WHOLE:
        x = m.within(shape, 0.1, 0.4)
        x.array = x.array + m.rng.integers(-2, 3, x.array.shape)
    else:
        x = m.apart(shape, KINKS.get(op, []))
    more = ""
    if op in ("leaky_relu", "elu"):
        more = m.choice("", "alpha = 0.3 : f64", "alpha = 1.7 : f64")
    if op == "gelu":
        more = m.choice("", 'approximate = "tanh"')
    return Case(f"fn.{op} $0{attrs(more)} : $t0", [x], [shape])


def binary(m, op):
    (a, b), shape = m.broadcast(2)
    if op in ("div", "atan2"):
        x, y = m.normal(a, zeros=0.1), m.within(b, 0.5, 2)
    elif op == "pow":
        # Of a base below 0 the power is defined for whole exponents alone, and has no slope by them.
        if m.chance(0.3):
            x, y = m.apart(a, [0]), Operand(np.asarray(m.rng.integers(-1, 4, b), np.float64), b, wanted=False)
        else:
            x, y = m.within(a, 0.5, 2), m.normal(b, zeros=0.2)
    elif op in ("mod", "rem", "floor_div"):
        # The quotient stays between whole numbers.
        y = m.within(b, 1, 1.2)
        x = m.within(a, 0.25, 0.75)
        x.array = x.array + 1.2 * m.choice(0, 1, -1) * (op != "rem")
    elif op in ("maximum", "minimum"):
        x, y = m.apart(a, [-1.5, 0.5, 2.5]), Operand(m.rng.choice([-1.5, 0.5, 2.5], b), b)
    else:
        x, y = m.normal(a, zeros=0.1), m.normal(b, zeros=0.1)
    return Case(f"fn.{op} $0, $1", [x, y], [shape])


def where(m, op):
    (c, a, b), shape = m.broadcast(3)
    return Case("fn.where $0, $1, $2", [m.flags(c), m.normal(a), m.normal(b)], [shape])


def clamp(m, op):
    (a, b, c), shape = m.broadcast(3)
    x = m.apart(a, [-1, 1])
    low, high = m.within(b, -1, -1), m.within(c, 1, 1)
    if m.chance(0.2):                                       # the upper bound wins over the lower
        low, high = high, low
        low.shape, low.array = b, np.full(b, 1.0)
        high.shape, high.array = c, np.full(c, -1.0)
    return Case("fn.clamp $0, $1, $2", [x, low, high], [shape])


def cast(m, op):
    """There and back: what f32 has of a number moves in steps, which differences see as noise of a part in 10^5."""
    shape = m.shape()
    return Case("fn.cast $0", [m.normal(shape)], [shape])


# ---------------------------------------------------------------- reductions

def reduction(m, op):
    shape = m.shape(1, 3)
    axes, keep, everything = m.axes(shape), m.chance(), m.chance(0.3)
    if everything:
        axes = range(len(shape))
    if op in ("reduce_max", "reduce_min"):
        x = m.distinct(shape)
    else:
        x = m.normal(shape, zeros=0.3 if op == "reduce_prod" else 0)
    out = [1 if i in axes else n for i, n in enumerate(shape) if keep or i not in axes]
    return Case(f"fn.{op} $0{attrs('' if everything else f'axes = {array(axes)}', 'keep_dims' * keep)}", [x], [out])


def softmax(m, op):
    shape = m.shape(1, 3)
    return Case(f"fn.{op} $0 {{axis = {m.axis(shape)} : i64}} : $t0", [m.normal(shape)], [shape])


# ---------------------------------------------------------------- contractions

def matmul(m, op):
    kind = m.choice("matrix", "matrix", "batch", "batch", "row", "column", "dot")
    rows, inner, columns = m.size(), m.size(), m.size()
    ta, tb = m.chance(0.4), m.chance(0.4)
    lead, other, batch = (), (), ()
    if kind == "batch":
        (lead, other), batch = m.broadcast(2)
    left = [inner] if kind in ("row", "dot") else [*lead, inner, rows] if ta else [*lead, rows, inner]
    right = [inner] if kind in ("column", "dot") else [*other, columns, inner] if tb else [*other, inner, columns]
    if kind in ("row", "column") and m.chance():            # a batch beside a vector
        batch = m.shape(1, 1)
        left, right = ((left, [*batch, *right]) if kind == "row" else ([*batch, *left], right))
    ta, tb = ta and len(left) > 1, tb and len(right) > 1
    out = [*batch, *([] if len(left) == 1 else [rows]), *([] if len(right) == 1 else [columns])]
    return Case(f"fn.matmul $0, $1{attrs('transpose_a' * ta, 'transpose_b' * tb)}", [m.normal(left), m.normal(right)], [out])


class Window:
    """Attributes over spatial sizes."""

    def __init__(self, m, rank, least=1):
        self.first = m.chance(0.3)
        self.dilations = [m.choice(1, 1, 2) for _ in range(rank)]
        self.size = [int(m.rng.integers(least, 4)) for _ in range(rank)]
        self.strides = [m.choice(1, 1, 2, 3) for _ in range(rank)]
        spans = [(k - 1) * d + 1 for k, d in zip(self.size, self.dilations)]
        self.input = [int(m.rng.integers(s, s + 4)) for s in spans]
        mode = m.choice("valid", "same", "same_lower", "pads")
        pads = [(0, 0)] * rank
        if mode == "pads":
            pads = [(int(m.rng.integers(0, k)), int(m.rng.integers(0, k))) for k in spans]
        if mode in ("valid", "pads"):
            self.out = [(n + sum(p) - k) // t + 1 for n, p, k, t in zip(self.input, pads, spans, self.strides)]
        else:
            self.out = [-(-n // t) for n, t in zip(self.input, self.strides)]
        way = f"pads = {array([p[0] for p in pads] + [p[1] for p in pads])}" if mode == "pads" else f'padding = "{mode}"'
        self.attrs = [f"strides = {array(self.strides)}", f"dilations = {array(self.dilations)}", way,
                      'layout = "NCHW"' if self.first else ""]
        # Sizes in space may be open as well.
        if m.chance(0.3):
            self.input, self.out = [Open(n) for n in self.input], [Open(n) for n in self.out]

    def image(self, batch, spatial, channels):
        return [batch, channels, *spatial] if self.first else [batch, *spatial, channels]

    def filter(self, inputs, outputs):
        return [outputs, inputs, *self.size] if self.first else [*self.size, inputs, outputs]


def conv(m, op):
    w, groups, batch = Window(m, m.choice(1, 2, 2)), m.choice(1, 1, 2), m.size(1, 2)
    ins, outs = groups * m.choice(1, 2), groups * m.choice(1, 2, 3)
    x, y, k = w.image(batch, w.input, ins), w.image(batch, w.out, outs), w.filter(ins // groups, outs)
    text = attrs(*w.attrs, f"groups = {groups} : i64")
    if op == "conv":
        return Case(f"fn.conv $0, $1{text}", [m.normal(x), m.normal(k)], [y])
    if op == "conv_transpose":
        like = m.normal(x, wanted=False)
        return Case(f"fn.conv_transpose $0, $1 like($2){text}", [m.normal(y), m.normal(k), like], [x])
    like = m.normal(k, wanted=False)
    return Case(f"fn.conv_filter_gradient $0, $1 like($2){text}", [m.normal(x), m.normal(y), like], [k])


def depthwise(m, op):
    w, batch, channels, factor = Window(m, m.choice(1, 2, 2)), m.size(1, 2), m.choice(1, 2, 3), m.choice(1, 2)
    k = [channels * factor, 1, *w.size] if w.first else [*w.size, channels, factor]
    return Case(f"fn.depthwise_conv $0, $1{attrs(*w.attrs)}", [m.normal(w.image(batch, w.input, channels)), m.normal(k)],
                [w.image(batch, w.out, channels * factor)])


def pool(m, op):
    w, batch, channels = Window(m, m.choice(1, 2, 2)), m.size(1, 2), m.choice(1, 2, 3)
    x = w.image(batch, w.input, channels)
    # A window of nothing but padding is -inf or NaN.
    while any(a.startswith("pads") for a in w.attrs):
        w = Window(m, len(w.size))
        x = w.image(batch, w.input, channels)
    count = op == "avg_pool" and m.chance()
    return Case(f"fn.{op} $0{attrs(*w.attrs, f'size = {array(w.size)}', 'count_pad = true' * count)}",
                [m.distinct(x) if op == "max_pool" else m.normal(x)], [w.image(batch, w.out, channels)])


# ---------------------------------------------------------------- shapes

def reshape(m, op):
    if m.chance(0.4):
        n = m.size()
        like = m.choice([n, 6], [2, n, 3], [n, 1, 6])
        x = m.choice([n, 2, 3], [n, 6], [6, n])
        return Case("fn.reshape $0 like($1)", [m.normal(x), m.normal(like, wanted=False)], [like])
    n = m.size()
    x, y = m.choice(([n, 2, 3], [n, 6]), ([2, n], [n, 1, 2]), ([n, 4], [times(n, 2), 2]), ([4, 3], [2, 6]), ([1], []))
    return Case("fn.reshape $0", [m.normal(x)], [y])


def broadcast_to(m, op):
    whole = m.shape(1, 3)
    start = int(m.rng.integers(0, len(whole)))
    x = [1 if m.chance(0.4) else n for n in whole[start:]]
    return Case("fn.broadcast_to $0 like($1)", [m.normal(x), m.normal(whole, wanted=False)], [whole])


def transpose(m, op):
    shape = m.shape(1, 4)
    perm = m.rng.permutation(len(shape))
    return Case(f"fn.transpose $0 {{perm = {array(perm)}}}", [m.normal(shape)], [[shape[p] for p in perm]])


def expand(m, op):
    shape = list(m.shape(0, 3))
    axes = sorted(int(i) for i in m.rng.choice(len(shape) + 2, 2, replace=False))
    out = list(shape)
    for a in axes:
        out.insert(a, 1)
    one, other = (shape, out) if op == "expand" else (out, shape)
    return Case(f"fn.{op} $0 {{axes = {array(axes)}}}", [m.normal(one)], [other])


def slice_(m, op):
    shape, begin, end, strides, out = m.shape(1, 3), [], [], [], []
    for n in shape:
        stride = m.choice(1, 1, 2, -1, -2)
        if stride > 0:
            first = int(m.rng.integers(0, n + 1))
            stop = int(m.rng.integers(first, n + 1))
            last = m.choice(stop, END)
            stop = n if last == END else stop
        else:
            at = int(m.rng.integers(0, n))
            first = m.choice(at, END)
            at = n - 1 if first == END else at
            last = stop = int(m.rng.integers(-1, at + 1))
        count = len(range(first if first != END else n - 1, stop, stride))
        begin.append(first), end.append(last), strides.append(stride)
        out.append(Open(count) if isinstance(n, Open) else count)
    text = attrs(f"begin = {array(begin)}", f"end = {array(end)}", f"strides = {array(strides)}")
    return Case(f"fn.slice $0{text}", [m.normal(shape)], [out])


def tile(m, op):
    shape = m.shape(1, 3)
    multiples = [m.choice(1, 2, 3) for _ in shape]
    return Case(f"fn.tile $0 {{multiples = {array(multiples)}}}", [m.normal(shape)], [[times(n, k) for n, k in zip(shape, multiples)]])


def reverse(m, op):
    shape = m.shape(1, 3)
    return Case(f"fn.reverse $0 {{axes = {array(m.axes(shape))}}}", [m.normal(shape)], [shape])


def concat(m, op):
    shape = list(m.shape(1, 3))
    axis, parts = m.axis(shape), []
    for _ in range(m.choice(1, 2, 3)):
        parts.append(shape[:axis] + [m.size(0, 3)] + shape[axis + 1:])
    out = shape[:axis] + [summed(*(p[axis] for p in parts))] + shape[axis + 1:]
    names = ", ".join(f"${i}" for i in range(len(parts)))
    return Case(f"fn.concat {names} {{axis = {axis} : i64}}", [m.normal(p) for p in parts], [out])


def split(m, op):
    shape, parts = list(m.shape(1, 3)), int(m.rng.integers(1, 4))
    axis, even = m.axis(shape), m.chance()
    sizes = [int(m.rng.integers(1, 3))] * parts if even else [int(n) for n in m.rng.integers(0, 4, parts)]
    shape[axis] = sum(sizes)
    out = [shape[:axis] + [n] + shape[axis + 1:] for n in sizes]
    return Case(f"fn.split $0{attrs(f'axis = {axis} : i64', '' if even else f'sizes = {array(sizes)}')}", [m.normal(shape)], out)


def pad(m, op):
    shape = m.shape(1, 3)
    low, high = ([m.choice(0, 1, 2) for _ in shape] for _ in range(2))
    return Case(f"fn.pad $0, $1 {{low = {array(low)}, high = {array(high)}}}", [m.normal(shape), m.normal(())],
                [[summed(*s) for s in zip(shape, low, high)]])


def gather(m, op):
    shape, at = list(m.shape(1, 3)), m.shape(0, 2)
    axis = m.axis(shape)
    return Case(f"fn.gather $0, $1 {{axis = {axis} : i64}}", [m.normal(shape), m.ints(at, 0, shape[axis])],
                [shape[:axis] + list(at) + shape[axis + 1:]])


def scatter(m, op):
    shape, at = m.shape(1, 3), m.shape(0, 2)
    rows, kind = [*at, *shape[1:]], m.choice("update", "add", "sub", "mul", "max", "min")
    x, u = m.normal(shape), m.normal(rows)
    if kind == "mul":
        x, u = m.normal(shape, zeros=0.2), m.normal(rows, zeros=0.2)
    if kind in ("max", "min"):
        both = m.distinct([x.array.size + u.array.size]).array
        x.array, u.array = both[:x.array.size].reshape(x.array.shape), both[x.array.size:].reshape(u.array.shape)
    return Case(f'fn.scatter $0, $1, $2 {{kind = "{kind}"}}', [x, m.ints(at, 0, shape[0]), u], [shape])
