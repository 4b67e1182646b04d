"""Generators of matrix products, convolutions and pooling, by definition: a loop over the window's places."""
import numpy as np

import elements
from evaluate import Scaled, unknown
from graph import Dim
from ops_shape import ints, static


def summed(f, x, y, is_float):
    if is_float:
        return Scaled(f(x, y), f(np.abs(x), np.abs(y)))
    return f(x, y)


def product(x, y):
    """Not np.matmul, whose library leaves out zeros, beside infinities too."""
    if x.dtype != np.float64:
        return np.matmul(x, y)
    i, k = "i" * (x.ndim > 1), "k" * (y.ndim > 1)
    return np.einsum(f"...{i}j,...j{k}->...{i}{k}", x, y)


def matmul(b):
    x = b.pick(lambda t: t.dtype != "i1" and 1 <= len(t.shape) <= 4)
    if not x:
        return
    ta = len(x.shape) > 1 and b.random.random() < 0.4
    inner = x.shape[-2] if ta else x.shape[-1]
    batch = x.shape[:-2]

    def fits(t):
        return (t.dtype == x.dtype and t.shape and b.joined(batch, t.shape[:-2]) is not None and
                (inner in t.shape[-2:] if len(t.shape) > 1 else t.shape[0] == inner))
    y = b.pick(fits)
    if not y:
        if not isinstance(inner, int):
            return
        y = b.variable((inner, b.random.randint(1, 4)), x.dtype)
    if len(y.shape) == 1:
        tb = False
    else:
        tb = y.shape[-2] != inner or (y.shape[-1] == inner and b.random.random() < 0.5)
    swap = lambda v, flag: np.swapaxes(v, -1, -2) if flag else v
    rows = [] if len(x.shape) == 1 else [x.shape[-1] if ta else x.shape[-2]]
    columns = [] if len(y.shape) == 1 else [y.shape[-2] if tb else y.shape[-1]]
    attrs = ", ".join(["transpose_a"] * ta + ["transpose_b"] * tb)
    shape = list(b.joined(batch, y.shape[:-2])) + rows + columns
    b.op(f"matmul {{0}}, {{1}} {{{{{attrs}}}}}", [x, y], shape, x.dtype,
         lambda c, n, v, w: summed(product, swap(v, ta), swap(w, tb), x.is_float), exact="whole")


def padded(call, f, x, y, is_float):
    """Whether the zeros of the padding meet an infinity of the filter is left open."""
    if call.noise is not None and is_float and not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return unknown(call.noise, np.shape(f(np.nan_to_num(x), np.nan_to_num(y))))
    return summed(f, x, y, is_float)


class Window:
    """Sizes, strides, dilations and padding over spatial dimensions of an input whose sizes are known."""

    def __init__(self, b, sizes, size=None, plain=False):
        """plain: one place after the other."""
        r = b.random
        n = len(sizes)
        self.first = r.random() < 0.3                       # channels first
        self.dilations = [1 if plain or size else r.choice([1, 1, 1, 2]) for _ in sizes]
        self.size = size or [r.randint(1, min(3, (s - 1) // d + 1)) for s, d in zip(sizes, self.dilations)]
        self.strides = [1 if plain else r.choice([1, 1, 2, 3]) for _ in sizes]
        mode = r.choice(["valid", "same", "same_lower", "pads"])
        spans = [(k - 1) * d + 1 for k, d in zip(self.size, self.dilations)]
        if mode == "pads":
            self.pads = [(r.randint(0, k - 1), r.randint(0, k - 1)) for k in spans]
        elif mode == "valid":
            self.pads = [(0, 0)] * n
        else:
            self.pads = []
            for s, k, t in zip(sizes, spans, self.strides):
                whole = max((-(-s // t) - 1) * t + k - s, 0)
                low = whole // 2 if mode == "same" else whole - whole // 2
                self.pads.append((low, whole - low))
        self.out = [(s + sum(p) - k) // t + 1 for s, p, k, t in zip(sizes, self.pads, spans, self.strides)]
        self.attrs = [f"strides = {ints(self.strides)}", f"dilations = {ints(self.dilations)}"]
        self.attrs += [f"pads = {ints([p[0] for p in self.pads] + [p[1] for p in self.pads])}" if mode == "pads" else
                       f'padding = "{mode}"'] + ['layout = "NCHW"'] * self.first

    def text(self, *more):
        return "{{" + ", ".join(self.attrs + list(more)) + "}}"

    def places(self, at):
        """Per offset in the window, where it lies in the input."""
        for off in np.ndindex(*self.size):
            yield off, tuple(a * s + o * d - p[0] for a, s, o, d, p in
                             zip(at, self.strides, off, self.dilations, self.pads))

    def last(self, x):
        """With the channels last."""
        return np.moveaxis(x, 1, -1) if self.first else x

    def back(self, x):
        return np.moveaxis(x, -1, 1) if self.first else x

    def filter_last(self, k):
        """[O, C, spatial..] as [spatial.., C, O]."""
        r = k.ndim - 2
        return np.transpose(k, list(range(2, 2 + r)) + [1, 0]) if self.first else k

    def shape(self, batch, spatial, channels):
        return [batch, channels, *spatial] if self.first else [batch, *spatial, channels]


def conv(w, x, k, groups):
    """x [N, spatial.., C], k [spatial.., C / groups, O]."""
    cg, og = k.shape[-2], k.shape[-1] // groups
    y = np.zeros((x.shape[0], *w.out, k.shape[-1]), x.dtype)
    for at in np.ndindex(*w.out):
        for off, place in w.places(at):
            if all(0 <= p < s for p, s in zip(place, x.shape[1:])):
                for g in range(groups):
                    part = x[(slice(None), *place, slice(g * cg, (g + 1) * cg))]
                    y[(slice(None), *at, slice(g * og, (g + 1) * og))] += part @ k[off][:, g * og:(g + 1) * og]
    return y


def conv_transpose(w, x, k, groups, spatial):
    """x [N, places.., IN], k [spatial.., OUT / groups, IN]; w.out are the places."""
    og, ig = k.shape[-2], k.shape[-1] // groups
    y = np.zeros((x.shape[0], *spatial, og * groups), x.dtype)
    for at in np.ndindex(*x.shape[1:-1]):
        for off, place in w.places(at):
            if all(0 <= p < s for p, s in zip(place, spatial)):
                for g in range(groups):
                    part = x[(slice(None), *at, slice(g * ig, (g + 1) * ig))]
                    y[(slice(None), *place, slice(g * og, (g + 1) * og))] += part @ k[off][:, g * ig:(g + 1) * ig].T
    return y


def filter_gradient(w, x, dy, shape, groups):
    dk = np.zeros(shape)
    cg, og = shape[-2], shape[-1] // groups
    for at in np.ndindex(*dy.shape[1:-1]):
        for off, place in w.places(at):
            if all(0 <= p < s for p, s in zip(place, x.shape[1:])):
                for g in range(groups):
                    part = x[(slice(None), *place, slice(g * cg, (g + 1) * cg))]
                    dk[off + (slice(None), slice(g * og, (g + 1) * og))] += (
                        part.T @ dy[(slice(None), *at, slice(g * og, (g + 1) * og))])
    return dk


def image(b, channels_of=1):
    """An input of the convolution: [N, spatial.., C] in the window's layout."""
    rank = b.random.choice(b.spatial_ranks)
    sizes = [b.random.randint(1, 7 if rank < 3 else 4) for _ in range(rank)]
    window = Window(b, sizes)
    channels = channels_of * b.random.randint(1, 3)
    dtype = b.random.choice(["f32", "f32", "f32", "f64", "f16", "bf16", "i32", "i8", "ui8"])
    shape = window.shape(b.random.choice([1, 2, b.symbol()]), sizes, channels)
    x = b.source(shape, dtype)
    if dtype in elements.FLOATS and b.random.random() < 0.3:
        x = b.op("tanh {0}", [x], x.shape, dtype, lambda c, n, v: np.tanh(v), "same")
    return window, x, sizes, channels


def convolution(b):
    groups = b.random.choice([1, 1, 1, 2, 3])
    w, x, sizes, channels = image(b, groups)
    outs = groups * b.random.randint(1, 3)
    inside = [*w.size, channels // groups, outs]
    k = b.source([outs, channels // groups, *w.size] if w.first else inside, x.dtype)
    y = b.op(f"conv {{0}}, {{1}} {w.text(f'groups = {groups} : i64')}", [x, k], w.shape(x.shape[0], w.out, outs), x.dtype,
             lambda c, n, v, f: padded(c, lambda p, q: w.back(conv(w, w.last(p), w.filter_last(q), groups)), v, f, x.is_float),
             exact="whole")
    if x.is_float and b.random.random() < 0.2:
        b.op(f"conv_filter_gradient {{0}}, {{1}} like({{2}}) {w.text(f'groups = {groups} : i64')}", [x, y, k], k.shape, x.dtype,
             lambda c, n, v, d, f: padded(c, lambda p, q: unfilter(w, filter_gradient(
                 w, w.last(p), w.last(q), tuple(inside), groups)), v, d, True))


def unfilter(w, k):
    r = k.ndim - 2
    return np.transpose(k, [r + 1, r] + list(range(r))) if w.first else k


def transposed(b):
    """As the gradient of a convolution by its input, whose sizes `like` gives or which follow."""
    groups = b.random.choice([1, 1, 2])
    rank = b.random.choice(b.spatial_ranks)
    sizes = [b.random.randint(1, 6) for _ in range(rank)]
    w = Window(b, sizes)
    if any(n < 1 for n in w.out):
        return
    ins, outs, dtype = groups * b.random.randint(1, 2), groups * b.random.randint(1, 2), b.random.choice(["f32", "f32", "f64", "f16"])
    batch = b.random.choice([1, 2, b.symbol()])
    x = b.source(w.shape(batch, w.out, ins), dtype)
    k = b.source([ins, outs // groups, *w.size] if w.first else [*w.size, outs // groups, ins], dtype)
    like = b.source(w.shape(batch, sizes, outs), dtype)

    def compute(c, n, v, f, _):
        return padded(c, lambda p, q: w.back(conv_transpose(w, w.last(p), w.filter_last(q), groups, sizes)), v, f, True)
    b.op(f"conv_transpose {{0}}, {{1}} like({{2}}) {w.text(f'groups = {groups} : i64')}", [x, k, like],
         w.shape(batch, sizes, outs), dtype, compute, exact="whole")


def depthwise(b):
    w, x, sizes, channels = image(b)
    mult = b.random.randint(1, 3)
    k = b.source([channels * mult, 1, *w.size] if w.first else [*w.size, channels, mult], x.dtype)

    def compute(p, q):
        f = w.filter_last(q) if w.first else q.reshape(*w.size, 1, channels * mult)
        return w.back(conv(w, w.last(p), f, channels))
    b.op(f"depthwise_conv {{0}}, {{1}} {w.text()}", [x, k], w.shape(x.shape[0], w.out, channels * mult), x.dtype,
         lambda c, n, v, f: padded(c, compute, v, f, x.is_float), exact="whole")


def pooled(w, x, reduce, nothing):
    y = np.zeros((x.shape[0], *w.out, x.shape[-1]), x.dtype)
    for at in np.ndindex(*w.out):
        inside = [x[(slice(None), *place)] for _, place in w.places(at) if all(0 <= p < s for p, s in zip(place, x.shape[1:]))]
        y[(slice(None), *at)] = reduce(np.stack(inside)) if inside else nothing
    return y


def pool(b):
    w, x, sizes, channels = image(b)
    attrs = w.text(f"size = {ints(w.size)}")
    shape = w.shape(x.shape[0], w.out, channels)
    low = -np.inf if x.is_float else np.iinfo(elements.INTS[x.dtype]).min
    if not x.is_float or b.random.random() < 0.5:
        b.op(f"max_pool {{0}} {attrs}", [x], shape, x.dtype,
             lambda c, n, v: w.back(pooled(w, w.last(v), lambda p: p.max(0), low)), exact=True)
        return
    count = b.random.random() < 0.4
    n_all = int(np.prod(w.size))
    mean = (lambda p: p.sum(0) / n_all) if count else (lambda p: p.mean(0))
    nothing = 0 if count else np.nan
    b.op(f"avg_pool {{0}} {w.text(f'size = {ints(w.size)}', *['count_pad = true'] * count)}", [x], shape, x.dtype,
         lambda c, n, v: Scaled(w.back(pooled(w, w.last(v), mean, nothing)), w.back(pooled(w, w.last(np.abs(v)), mean, nothing))))


TABLE = {matmul: 2.5, convolution: 0.8, transposed: 0.3, depthwise: 0.4, pool: 0.6}
