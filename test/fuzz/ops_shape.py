"""Generators of ops that move data."""
import numpy as np

import elements
from evaluate import CallError
from graph import Dim, size_of

END = 2**63 - 1


def ints(values):
    values = list(values)
    return "array<i64" + (": " + ", ".join(map(str, values)) if values else "") + ">"


def static(shape):
    return not any(isinstance(d, Dim) for d in shape)


def transpose(b):
    x = b.pick(lambda t: t.shape)
    perm = b.random.sample(range(len(x.shape)), len(x.shape))
    b.op(f"transpose {{0}} {{{{perm = {ints(perm)}}}}}", [x], [x.shape[p] for p in perm], x.dtype,
         lambda c, n, v: np.transpose(v, perm), exact=True)


def reshape(b):
    x = b.pick(lambda t: static(t.shape) or sum(isinstance(d, Dim) for d in t.shape) == 1)
    moving = [d for d in x.shape if isinstance(d, Dim)]
    count = int(np.prod([d for d in x.shape if not isinstance(d, Dim)], dtype=np.int64))
    if count == 0:
        return
    shape = []
    while count > 1:
        f = b.random.choice([d for d in range(2, count + 1) if count % d == 0])
        shape.append(f)
        count //= f
    for _ in range(b.random.randint(0, 2)):
        shape.insert(b.random.randint(0, len(shape)), 1)
    if moving:
        at = b.random.randint(0, len(shape))
        if at < len(shape) and b.random.random() < 0.3:
            shape[at] = moving[0].scaled(shape[at])
        else:
            shape.insert(at, moving[0])
    b.op("reshape {0}", [x], shape, x.dtype, lambda c, n, v: v.reshape([size_of(d, c.sizes) for d in shape]), exact=True)


def reshape_like(b):
    x = b.pick(lambda t: t.shape)
    y = b.pick(lambda t: t.shape == x.shape)
    b.op("reshape {0} like({1})", [x, y], x.shape, x.dtype, lambda c, n, v, w: v.reshape(w.shape), exact=True)


def expand(b):
    x = b.pick(lambda t: len(t.shape) < 5)
    axis = b.random.randint(0, len(x.shape))
    shape = x.shape[:axis] + (1,) + x.shape[axis:]
    b.op(f"expand {{0}} {{{{axes = {ints([axis])}}}}}", [x], shape, x.dtype, lambda c, n, v: np.expand_dims(v, axis), exact=True)


def squeeze(b):
    x = b.pick(lambda t: 1 in t.shape)
    if x:
        axes = [i for i, d in enumerate(x.shape) if d == 1]
        axes = sorted(b.random.sample(axes, b.random.randint(1, len(axes))))
        b.op(f"squeeze {{0}} {{{{axes = {ints(axes)}}}}}", [x], [d for i, d in enumerate(x.shape) if i not in axes], x.dtype,
             lambda c, n, v: np.squeeze(v, tuple(axes)), exact=True)


def broadcast_to(b):
    x = b.pick(lambda t: len(t.shape) < 4)
    if b.random.random() < 0.4:
        y = b.pick(lambda t: b.joined(x.shape, t.shape) == t.shape)
        if y:
            b.op("broadcast_to {0} like({1})", [x, y], y.shape, x.dtype,
                 lambda c, n, v, w: np.broadcast_to(v, w.shape), exact=True)
        return
    more = [b.random.randint(1, 3) for _ in range(b.random.randint(0, 2))]
    if not static(x.shape) and more:
        return                                              # a `?` is the operand's in the same place
    shape = more + [b.random.choice([1, 3]) if d == 1 else d for d in x.shape]
    b.op("broadcast_to {0}", [x], shape, x.dtype,
         lambda c, n, v: np.broadcast_to(v, [size_of(d, c.sizes) for d in shape]), exact=True)


def slice_(b):
    # Sizes that a region demands are checked at the call, whether it runs or not.
    x = b.pick(lambda t: t.shape and (not b.inside or static(t.shape)))
    begin, end, strides, shape, index, needs = [], [], [], [], [], []
    for d in x.shape:
        if isinstance(d, Dim) or d == 0:
            cut = b.random.choice([0, 0, 0, 1, 2])
            whole_back = cut == 0 and b.random.random() < 0.3
            if d == 0:
                cut, whole_back = 0, False
            begin.append(END if whole_back else cut)
            end.append(-1 if whole_back else END)
            strides.append(-1 if whole_back else 1)
            index.append(slice(None, None, -1) if whole_back else slice(cut, None))
            shape.append(Dim(d.symbol, d.times, d.plus - cut) if cut else d)
            needs.append(cut)
            continue
        s = b.random.choice([1, 1, 2, 3, -1, -2])
        first = b.random.randint(0, d - 1)
        last = b.random.randint(first, d) if s > 0 else b.random.randint(-1, first)
        open_end = b.random.random() < 0.3
        if s > 0:
            last = d if open_end else last
            index.append(slice(first, last, s))
        else:
            last = -1 if open_end else last
            index.append(slice(first, None if last < 0 else last, s))
        begin.append(first), end.append(END if s > 0 and open_end else last), strides.append(s)
        shape.append(len(range(first, last, s)))
        needs.append(0)
    index = tuple(index)

    def compute(c, n, v):
        if any(size < least for size, least in zip(v.shape, needs)):
            raise CallError("slice")
        return v[index]
    b.op(f"slice {{0}} {{{{begin = {ints(begin)}, end = {ints(end)}, strides = {ints(strides)}}}}}", [x], shape, x.dtype,
         compute, exact=True)


def tile(b):
    x = b.pick(lambda t: t.shape)
    multiples = [b.random.choice([1, 1, 2, 3]) for _ in x.shape]
    shape = [d.scaled(m) if isinstance(d, Dim) else d * m for d, m in zip(x.shape, multiples)]
    b.op(f"tile {{0}} {{{{multiples = {ints(multiples)}}}}}", [x], shape, x.dtype, lambda c, n, v: np.tile(v, multiples), exact=True)


def reverse(b):
    x = b.pick(lambda t: t.shape)
    axes = sorted(b.random.sample(range(len(x.shape)), b.random.randint(1, len(x.shape))))
    b.op(f"reverse {{0}} {{{{axes = {ints(axes)}}}}}", [x], x.shape, x.dtype, lambda c, n, v: np.flip(v, axes), exact=True)


def concat(b):
    x = b.pick(lambda t: t.shape)
    axis = b.random.randrange(len(x.shape))
    rest = lambda s: s[:axis] + s[axis + 1:]
    parts = [x]
    for _ in range(b.random.randint(1, 3)):
        parts.append(b.pick(lambda t: t.dtype == x.dtype and len(t.shape) == len(x.shape) and rest(t.shape) == rest(x.shape)))
    total = parts[0].shape[axis]
    for p in parts[1:]:
        total = b.sum_of(total, p.shape[axis])
    shape = x.shape[:axis] + (total,) + x.shape[axis + 1:]

    def compute(c, n, *vs):
        made = np.concatenate(vs, axis)
        if isinstance(total, Dim):
            c.sizes[total.symbol] = c.sizes.get(total.symbol, made.shape[axis])
        return made
    names = ", ".join(f"{{{i}}}" for i in range(len(parts)))
    b.op(f"concat {names} {{{{axis = {axis} : i64}}}}", parts, shape, x.dtype, compute, exact=True)


def split(b):
    x = b.pick(lambda t: t.shape and any(isinstance(d, int) and d > 1 for d in t.shape))
    if not x:
        return
    axis = b.random.choice([i for i, d in enumerate(x.shape) if isinstance(d, int) and d > 1])
    size = x.shape[axis]
    if size % 2 == 0 and b.random.random() < 0.5:
        sizes, attrs = [size // 2] * 2, ""
    else:
        first = b.random.randint(0, size)
        sizes = [first, size - first]
        attrs = f", sizes = {ints(sizes)}"
    shapes = [x.shape[:axis] + (s,) + x.shape[axis + 1:] for s in sizes]
    b.ops(f"split {{0}} {{{{axis = {axis} : i64{attrs}}}}}", [x], [(s, x.dtype) for s in shapes],
          lambda c, n, v: tuple(np.split(v, [sizes[0]], axis)), exact=True)


def pad(b):
    x = b.pick(lambda t: t.shape)
    value = b.pick(lambda t: t.shape == () and t.dtype == x.dtype)
    if value is None:
        value = b.constant(elements.random_data(b.numbers, (), x.dtype), x.dtype)
    low, high = ([b.random.choice([0, 1, 2]) for _ in x.shape] for _ in range(2))
    shape = [b.sum_of(d, p + q) for d, p, q in zip(x.shape, low, high)]
    b.op(f"pad {{0}}, {{1}} {{{{low = {ints(low)}, high = {ints(high)}}}}}", [x, value], shape, x.dtype,
         lambda c, n, v, w: np.pad(v, list(zip(low, high)), constant_values=w), exact=True)


def indices(b, limit):
    """An index tensor that is mostly in range: one of the graph, or one made for it."""
    kind = b.random.choice(["i32", "i64"])
    shape = b.random.choice([(), (3,), (2, 2), (b.symbol(),), (0,)])
    if static(shape) or b.random.random() < 0.3:
        high = limit if isinstance(limit, int) else 1
        if not static(shape):
            return b.pick(lambda t: t.dtype in ("i32", "i64"))
        high = high if b.random.random() < 0.95 else high + 1
        return b.constant(np.asarray(b.numbers.integers(0, max(high, 1), shape)).astype(elements.INTS[kind]), kind)
    return b.placeholder(shape, kind, ("index", limit if isinstance(limit, int) else 1))


def at(x, v, axis):
    if np.any(v < 0) or np.any(v >= x.shape[axis]):
        raise CallError("index")
    return v.astype(np.int64)


def gather(b):
    x = b.pick(lambda t: t.shape)
    axis = b.random.randrange(len(x.shape))
    i = indices(b, x.shape[axis])
    if i:
        b.op(f"gather {{0}}, {{1}} {{{{axis = {axis} : i64}}}}", [x, i], x.shape[:axis] + i.shape + x.shape[axis + 1:], x.dtype,
             lambda c, n, v, w: np.take(v, at(v, w, axis), axis), exact=True)


COMBINE = {"update": lambda old, new: new, "add": np.add, "sub": np.subtract, "max": np.maximum, "min": np.minimum}


def scatter_rows(x, i, u, kind):
    """With the size of what was added up."""
    y, size, where = x.copy(), np.abs(x), at(x, i, 0)
    for k in np.ndindex(i.shape):
        y[where[k]] = COMBINE[kind](y[where[k]], u[k])
        size[where[k]] = size[where[k]] + np.abs(u[k])
    return y, size


def scatter(b):
    from evaluate import Scaled
    x = b.pick(lambda t: t.shape and t.dtype != "i1")
    i = indices(b, x.shape[0])
    if not i:
        return
    u = b.pick(lambda t: t.dtype == x.dtype and t.shape == i.shape + x.shape[1:])
    if not u:
        source = b.pick(lambda t: t.dtype == x.dtype and t.shape == x.shape[1:])
        if not source or not static(x.shape[1:] + i.shape):
            return
        shape = i.shape + x.shape[1:]
        u = b.op("broadcast_to {0}", [source], shape, x.dtype, lambda c, n, v: np.broadcast_to(v, shape), exact=True)
    kind = b.random.choice(sorted(COMBINE))

    def compute(c, n, v, w, r):
        y, size = scatter_rows(v, w, r, kind)
        return Scaled(y, size) if x.is_float and kind in ("add", "sub") else y
    b.op(f'scatter {{0}}, {{1}}, {{2}} {{{{kind = "{kind}"}}}}', [x, i, u], x.shape, x.dtype, compute,
         exact="whole" if kind in ("add", "sub") else True)


def one_hot(b):
    i = b.pick(lambda t: t.dtype in elements.INTS and len(t.shape) < 4)
    if not i:
        return
    depth, to = b.random.choice([1, 3, 4]), b.random.choice(elements.ALL)
    axis = b.random.randint(0, len(i.shape))
    attrs = f", axis = {axis} : i64" if axis != len(i.shape) or b.random.random() < 0.5 else ""
    b.op(f"one_hot {{0}} {{{{depth = {depth} : i64{attrs}}}}}", [i], i.shape[:axis] + (depth,) + i.shape[axis:], to,
         lambda c, n, v: np.stack([v == d for d in range(depth)], axis).astype(np.float64), exact=True, rule=False)


def iota(b):
    x = b.pick(lambda t: t.shape)
    axis, to = b.random.randrange(len(x.shape)), b.random.choice([d for d in elements.ALL if d != "i1"])
    like = not static(x.shape) or b.random.random() < 0.3

    def compute(c, n, *vs):
        shape = vs[0].shape if vs else x.shape
        line = np.arange(shape[axis]).reshape([-1 if d == axis else 1 for d in range(len(shape))])
        return np.broadcast_to(line, shape)
    b.op(f"iota{' like({0})' if like else ''} {{{{axis = {axis} : i64}}}}", [x] if like else [], x.shape, to, compute,
         exact=True, rule=False)


def shape_of(b):
    x = b.pick(lambda t: t.shape)
    b.op("shape_of {0}", [x], (len(x.shape),), "i64", lambda c, n, v: np.array(v.shape), rule=False)


TABLE = {transpose: 1.2, reshape: 1.2, reshape_like: 0.3, expand: 0.5, squeeze: 0.5, broadcast_to: 0.7, slice_: 1.5, tile: 0.5,
         reverse: 0.5, concat: 1.2, split: 0.7, pad: 1, gather: 1, scatter: 1, one_hot: 0.5, iota: 0.5, shape_of: 0.3}
