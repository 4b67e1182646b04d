"""Kernels of one op each with random shapes, attributes and element types, and what NumPy says they give.

The references are written out by definition (a window is a loop over its positions), apart from the compiler's formulas.
"""
import ml_dtypes
import numpy as np

DTYPES = {"f16": np.float16, "bf16": ml_dtypes.bfloat16, "f32": np.float32, "f64": np.float64, "i1": np.bool_,
          "i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
          "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64}
NAMES = {np.dtype(v): k for k, v in DTYPES.items()}


class Case:
    """One kernel. `text` has {0}, {1}, ... for the types of the inputs and {r} for the result's."""

    def __init__(self, text, inputs, expected, name):
        self.text, self.inputs, self.name = text, inputs, name
        self.expected = list(expected) if isinstance(expected, (list, tuple)) else [expected]


class Maker:
    def __init__(self, seed, folded=False):
        self.rng = np.random.default_rng(seed)
        self.cases, self.folded = [], folded

    def array(self, shape, dtype="f32"):
        kind = np.dtype(DTYPES[dtype])
        if dtype == "i1":
            return self.rng.integers(0, 2, shape).astype(bool)
        if dtype[0] in "fb":
            return self.rng.standard_normal(shape).astype(kind)
        info = np.iinfo(kind)
        return self.rng.integers(info.min, info.max, shape, dtype=kind, endpoint=True)

    def integer(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def choice(self, *values):
        return values[self.rng.integers(len(values))]

    def type_of(self, array, dynamic):
        dims = "".join(("?" if d else str(n)) + "x" for n, d in zip(array.shape, dynamic))
        return f"tensor<{dims}{NAMES[array.dtype]}>"

    def add(self, name, op, inputs, expected, attrs="", dynamic=(), like="", result_dynamic=None):
        """op over all inputs. `dynamic` says per input, and per dimension, what its type leaves open."""
        inputs = [np.asarray(x) for x in inputs]
        dynamic = list(dynamic) + [()] * (len(inputs) - len(dynamic))
        expected = [np.asarray(e) for e in (expected if isinstance(expected, list) else [expected])]
        types = [self.type_of(x, list(d) + [False] * (x.ndim - len(d))) for x, d in zip(inputs, dynamic)]
        outs = [self.type_of(e, result_dynamic or [False] * e.ndim) for e in expected]
        n = len(self.cases)
        names = [f"%x{i}" for i in range(len(inputs))]
        plain = names[:-1] if like else names
        operands = ", ".join(plain) + (f" like({names[-1]})" if like else "")
        results = ", ".join(f"%y{i}" for i in range(len(outs)))
        signature = f"({', '.join(types)}) -> ({', '.join(outs)})" if inputs else outs[0]
        args, body = ", ".join(f"{a}: {t}" for a, t in zip(names, types)), ""
        if self.folded and all(x.dtype != np.bool_ for x in inputs):
            for a, x in zip(names, inputs):
                data = f'"0x{np.ascontiguousarray(x).tobytes().hex().upper()}"' if x.size else ""
                body += f"  {a} = fn.constant dense<{data}> : {self.type_of(x, [0] * x.ndim)}\n"
            types = [self.type_of(x, [0] * x.ndim) for x in inputs]
            outs = [self.type_of(e, [0] * e.ndim) for e in expected]
            signature = f"({', '.join(types)}) -> ({', '.join(outs)})" if inputs else outs[0]
            args, inputs = "", []
        text = (f"func.func @k{n}({args}) -> ({', '.join(outs)}) attributes {{llvm.emit_c_interface}} {{\n"
                f"{body}  {results} = fn.{op} {operands} {attrs} : {signature}\n"
                f"  return {results} : {', '.join(outs)}\n}}\n")
        self.cases.append(Case(text, inputs, expected, name))


def ints(values):
    return "array<i64" + (": " + ", ".join(map(str, values)) if len(values) else "") + ">"


# ---------------------------------------------------------------- references

def wide(x):
    return x.astype(np.float64) if x.dtype.kind == "f" or x.dtype == ml_dtypes.bfloat16 else x


def padding(n, k, s, d, mode, explicit):
    span = (k - 1) * d + 1
    if mode == "valid":
        return explicit
    total = max((-(-n // s) - 1) * s + span - n, 0)
    return (total // 2, total - total // 2) if mode == "same" else (total - total // 2, total // 2)


def places(n, k, s, d, pads):
    return (n + sum(pads) - (k - 1) * d - 1) // s + 1


def conv_nhwc(x, k, strides, dilations, pads, groups):
    """x [N, spatial.., C], k [spatial.., C/g, O]."""
    x, k = wide(x), wide(k)
    r = x.ndim - 2
    x = np.pad(x, [(0, 0)] + list(pads) + [(0, 0)])
    out = [(x.shape[1 + i] - (k.shape[i] - 1) * dilations[i] - 1) // strides[i] + 1 for i in range(r)]
    cg, og = k.shape[r], k.shape[r + 1] // groups
    y = np.zeros([x.shape[0]] + out + [k.shape[-1]], x.dtype)
    for at in np.ndindex(*out):
        window = tuple(slice(at[i] * strides[i], at[i] * strides[i] + (k.shape[i] - 1) * dilations[i] + 1, dilations[i])
                       for i in range(r))
        for g in range(groups):
            part = x[(slice(None),) + window + (slice(g * cg, (g + 1) * cg),)]
            f = k[..., g * og:(g + 1) * og]
            with np.errstate(over="ignore"):
                y[(slice(None),) + at + (slice(g * og, (g + 1) * og),)] = (
                    part.reshape(part.shape[0], -1)[:, :, None] * f.reshape(-1, og)[None]).sum(1, dtype=x.dtype)
    return y


def filter_gradient(x, dy, shape, strides, dilations, pads, groups):
    x, dy = wide(x), wide(dy)
    r = x.ndim - 2
    x = np.pad(x, [(0, 0)] + list(pads) + [(0, 0)])
    dk = np.zeros(shape)
    cg, og = shape[r], shape[r + 1] // groups
    for at in np.ndindex(*dy.shape[1:1 + r]):
        for off in np.ndindex(*shape[:r]):
            place = tuple(at[i] * strides[i] + off[i] * dilations[i] for i in range(r))
            for g in range(groups):
                part = x[(slice(None),) + place + (slice(g * cg, (g + 1) * cg),)]
                grad = dy[(slice(None),) + at + (slice(g * og, (g + 1) * og),)]
                dk[off + (slice(None), slice(g * og, (g + 1) * og))] += part.T @ grad
    return dk


def input_gradient(dy, k, size, strides, dilations, pads, groups):
    dy, k = wide(dy), wide(k)
    r = dy.ndim - 2
    cg, og = k.shape[r], k.shape[r + 1] // groups
    full = [size[i] + sum(pads[i]) + 64 for i in range(r)]
    dx = np.zeros([dy.shape[0]] + full + [cg * groups])
    for at in np.ndindex(*dy.shape[1:1 + r]):
        for off in np.ndindex(*k.shape[:r]):
            place = tuple(at[i] * strides[i] + off[i] * dilations[i] for i in range(r))
            for g in range(groups):
                grad = dy[(slice(None),) + at + (slice(g * og, (g + 1) * og),)]
                dx[(slice(None),) + place + (slice(g * cg, (g + 1) * cg),)] += grad @ k[off][:, g * og:(g + 1) * og].T
    return dx[(slice(None),) + tuple(slice(pads[i][0], pads[i][0] + size[i]) for i in range(r))]


def lowest(dtype):
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def pool(x, size, strides, dilations, pads, kind, count_pad):
    r = x.ndim - 2
    out = [places(x.shape[1 + i], size[i], strides[i], dilations[i], pads[i]) for i in range(r)]
    y = np.zeros([x.shape[0]] + out + [x.shape[-1]], np.float64 if kind == "avg" else x.dtype)
    for at in np.ndindex(*out):
        inside = []
        for off in np.ndindex(*size):
            place = tuple(at[i] * strides[i] + off[i] * dilations[i] - pads[i][0] for i in range(r))
            if all(0 <= place[i] < x.shape[1 + i] for i in range(r)):
                inside.append(x[(slice(None),) + place])
        if kind == "max":
            y[(slice(None),) + at] = np.max(inside, axis=0) if inside else lowest(x.dtype)
        elif not inside:
            y[(slice(None),) + at] = 0 if count_pad else np.nan
        else:
            y[(slice(None),) + at] = np.sum(wide(np.array(inside)), axis=0) / (
                np.prod(size) if count_pad else len(inside))
    return y


# ---------------------------------------------------------------- families of cases

def matmul_cases(m):
    dtype = m.choice("f16", "bf16", "f32", "f32", "f64", "i8", "i32", "i64", "ui8", "ui16")
    batch_a, batch_b = m.choice(((), ()), ((), ()), ((3,), (3,)), ((1,), (2,)), ((2, 1), (3,)), ((), (2, 2)), ((1,), (1,)))
    a, k, b = m.integer(1, 5), m.integer(1, 6), m.integer(1, 5)
    row, column = not batch_a and m.integer(0, 4) == 0, not batch_b and m.integer(0, 4) == 0
    ta, tb = not row and m.integer(0, 1), not column and m.integer(0, 1)
    x = m.array(batch_a + ((k,) if row else (k, a) if ta else (a, k)), dtype)
    y = m.array(batch_b + ((k,) if column else (b, k) if tb else (k, b)), dtype)
    t = lambda v, flag: np.swapaxes(v, -1, -2) if flag else v
    with np.errstate(over="ignore"):
        want = t(wide(x), ta) @ t(wide(y), tb)
    open_a = [n != 1 and m.integer(0, 1) for n in x.shape]
    open_b = [n != 1 and m.integer(0, 1) for n in y.shape]
    attrs = "{" + ", ".join(["transpose_a"] * bool(ta) + ["transpose_b"] * bool(tb)) + "}"
    m.add("matmul", "matmul", [x, y], np.asarray(want).astype(DTYPES[dtype]), attrs, [open_a, open_b])


def to_nchw(x):
    return np.moveaxis(x, -1, 1)


def filter_nchw(k):
    """[spatial.., C, O] to [O, C, spatial..]."""
    r = k.ndim - 2
    return np.transpose(k, [r + 1, r] + list(range(r)))


def window(m, r, allow_pads=True):
    k = [m.integer(1, 3) for _ in range(r)]
    strides = [m.integer(1, 3) for _ in range(r)]
    dilations = [m.choice(1, 1, 2) for _ in range(r)]
    mode = m.choice("valid", "same", "same_lower", "pads" if allow_pads else "valid")
    n = [(k[i] - 1) * dilations[i] + 1 + m.integer(0, 6) for i in range(r)]
    if mode.startswith("same"):
        n = [m.integer(1, 7) for _ in range(r)]
    explicit = [(0, 0)] * r
    if mode == "pads":
        explicit = [(m.integer(0, (k[i] - 1) * dilations[i]), m.integer(0, (k[i] - 1) * dilations[i])) for i in range(r)]
    pads = [padding(n[i], k[i], strides[i], dilations[i], "valid" if mode == "pads" else mode, explicit[i]) for i in range(r)]
    attrs = [f"strides = {ints(strides)}", f"dilations = {ints(dilations)}"]
    if mode == "pads":
        attrs.append("pads = " + ints([p[0] for p in explicit] + [p[1] for p in explicit]))
    else:
        attrs.append(f'padding = "{mode}"')
    return k, n, strides, dilations, pads, attrs


def conv_cases(m):
    r = m.choice(1, 2, 2)
    dtype = m.choice("f16", "bf16", "f32", "f32", "f64", "i8", "i32", "ui8")
    k, n, strides, dilations, pads, attrs = window(m, r)
    first = m.integer(0, 1)
    groups = m.choice(1, 1, 2, 3)
    c, o = groups * m.integer(1, 3), groups * m.integer(1, 3)
    x, f = m.array([m.integer(1, 3)] + n + [c], dtype), m.array(k + [c // groups, o], dtype)
    attrs = attrs + [f"groups = {groups} : i64"] + ['layout = "NCHW"'] * first
    text = "{" + ", ".join(attrs) + "}"
    y = conv_nhwc(x, f, strides, dilations, pads, groups).astype(DTYPES[dtype])
    lay, flay = (to_nchw, filter_nchw) if first else (lambda v: v, lambda v: v)
    opened = [[m.integer(0, 1) for _ in x.shape], []]
    if m.integer(0, 3) == 0:
        opened[1] = [m.integer(0, 1) for _ in f.shape]
    m.add("conv", "conv", [lay(x), flay(f)], lay(y), text, opened)
    if np.dtype(DTYPES[dtype]).kind != "f":
        return
    dy = m.array(y.shape, dtype)
    m.add("conv_filter_gradient", "conv_filter_gradient", [lay(x), lay(dy), flay(f)],
          flay(filter_gradient(x, dy, f.shape, strides, dilations, pads, groups)).astype(DTYPES[dtype]), text,
          [opened[0], [m.integer(0, 1) for _ in x.shape], opened[1]], like="f")
    m.add("conv_transpose like", "conv_transpose", [lay(dy), flay(f), lay(x)],
          lay(input_gradient(dy, f, n, strides, dilations, pads, groups)).astype(DTYPES[dtype]), text,
          [[m.integer(0, 1) for _ in x.shape], opened[1], opened[0]], like="x")


def conv_transpose_cases(m):
    """As the golden reference: the whole of what the windows reach, then cut."""
    r = m.choice(1, 2)
    k, strides = [m.integer(1, 3) for _ in range(r)], [m.integer(1, 3) for _ in range(r)]
    n, c, o, mode = [m.integer(1, 4) for _ in range(r)], m.integer(1, 3), m.integer(1, 3), m.choice("valid", "same")
    x, f = m.array([2] + n + [c]), m.array(k + [o, c])
    full = [(n[i] - 1) * strides[i] + k[i] for i in range(r)]
    size = full if mode == "valid" else [n[i] * strides[i] for i in range(r)]
    pads = [(max(full[i] - size[i], 0) // 2, 0) for i in range(r)]
    y = input_gradient(x, f, size, strides, [1] * r, pads, 1).astype(np.float32)
    m.add("conv_transpose", "conv_transpose", [x, f], y, f'{{strides = {ints(strides)}, padding = "{mode}"}}',
          [[m.integer(0, 1) for _ in x.shape]])


def depthwise_cases(m):
    r = m.choice(1, 2, 2)
    dtype = m.choice("f16", "f32", "f64", "i16")
    k, n, strides, dilations, pads, attrs = window(m, r)
    first = m.integer(0, 1)
    c, mult = m.integer(1, 4), m.choice(1, 1, 2, 3)
    x, f = m.array([m.integer(1, 3)] + n + [c], dtype), m.array(k + [c, mult], dtype)
    # The same as a grouped convolution with filter [spatial.., 1, C * MULT].
    y = conv_nhwc(x, f.reshape(k + [1, c * mult]), strides, dilations, pads, c).astype(DTYPES[dtype])
    opened = [m.integer(0, 1) for _ in x.shape]
    if first:
        attrs = attrs + ['layout = "NCHW"']
        nchw = filter_nchw(f.reshape(k + [1, c * mult]))
        opened[1] = 0
        m.add("depthwise NCHW", "depthwise_conv", [to_nchw(x), nchw], to_nchw(y), "{" + ", ".join(attrs) + "}", [opened])
    else:
        m.add("depthwise", "depthwise_conv", [x, f], y, "{" + ", ".join(attrs) + "}", [opened])


def pool_cases(m):
    r = m.choice(1, 2, 2)
    k, n, strides, dilations, pads, attrs = window(m, r)
    first = m.integer(0, 1)
    lay = to_nchw if first else (lambda v: v)
    attrs = attrs + [f"size = {ints(k)}"] + ['layout = "NCHW"'] * first
    shape = [m.integer(1, 3)] + n + [m.integer(1, 3)]
    opened = [[m.integer(0, 1) for _ in shape]]
    dtype = m.choice("f16", "f32", "f64", "i8", "i32", "ui8", "ui64", "bf16")
    x = m.array(shape, dtype)
    if np.dtype(DTYPES[dtype]).kind == "f" and m.integer(0, 2) == 0:
        x.flat[m.integer(0, x.size - 1)] = np.nan
    m.add("max_pool " + dtype, "max_pool", [lay(x)], lay(pool(x, k, strides, dilations, pads, "max", False)),
          "{" + ", ".join(attrs) + "}", opened)
    dtype = m.choice("f16", "bf16", "f32", "f64")
    x, count = m.array(shape, dtype), m.integer(0, 1)
    m.add("avg_pool " + dtype, "avg_pool", [lay(x)],
          lay(pool(x, k, strides, dilations, pads, "avg", count).astype(DTYPES[dtype])),
          "{" + ", ".join(attrs + ["count_pad = true"] * count) + "}", opened)


ANY = list(DTYPES)


def factor(m, n):
    """A random shape with n elements."""
    shape = []
    while n > 1:
        f = m.choice(*[d for d in range(2, n + 1) if n % d == 0])
        shape.append(f)
        n //= f
    for _ in range(m.integer(0, 2)):
        shape.insert(m.integer(0, len(shape)), 1)
    return shape


def move_cases(m):
    dtype = m.choice(*ANY)
    rank = m.integer(1, 4)
    x = m.array([m.integer(1, 4) for _ in range(rank)], dtype)
    opened = [m.integer(0, 1) for _ in range(rank)]

    shape = factor(m, x.size)
    out_open = [False] * len(shape)
    if shape:
        out_open[m.integer(0, len(shape) - 1)] = m.choice(True, False)
    m.add("reshape", "reshape", [x], x.reshape(shape), "", [opened], result_dynamic=out_open)
    y = x.reshape(shape)
    m.add("reshape like", "reshape", [x, y], y, "", [opened, [1] * y.ndim], like="y", result_dynamic=[1] * y.ndim)

    perm = [int(p) for p in m.rng.permutation(rank)]
    m.add("transpose", "transpose", [x], x.transpose(perm), f"{{perm = {ints(perm)}}}", [opened])
    axes = sorted({m.integer(0, rank) for _ in range(2)})
    e = x
    for a in axes:
        e = np.expand_dims(e, a)
    m.add("expand", "expand", [x], e, f"{{axes = {ints(axes)}}}", [opened])
    m.add("squeeze", "squeeze", [e], x, f"{{axes = {ints(axes)}}}", [[m.integer(0, 1) for _ in e.shape]])
    axes = sorted({m.integer(0, rank - 1) for _ in range(2)})
    m.add("reverse", "reverse", [x], np.flip(x, axes), f"{{axes = {ints(axes)}}}", [opened])
    multiples = [m.integer(0, 3) for _ in range(rank)]
    m.add("tile", "tile", [x], np.tile(x, multiples), f"{{multiples = {ints(multiples)}}}", [opened])

    begin, end, strides, index = [], [], [], []
    for n, o in zip(x.shape, opened):
        s = m.choice(1, 1, 2, 3, -1, -2)
        if s > 0:
            b = m.integer(0, n)
            e2 = m.integer(b, n)
            index.append(slice(b, e2, s))
            if m.integer(0, 2) == 0:
                index[-1], e2 = slice(b, None, s), 2**63 - 1
        else:
            b = m.integer(0, n - 1)
            e2 = m.integer(-1, b)
            index.append(slice(b, None if e2 == -1 else e2, s))
            if m.integer(0, 2) == 0:
                e2 = m.integer(-1, n - 1)
                index[-1], b = slice(None, None if e2 == -1 else e2, s), 2**63 - 1
        begin.append(b), end.append(e2), strides.append(s)
    m.add("slice", "slice", [x], x[tuple(index)],
          f"{{begin = {ints(begin)}, end = {ints(end)}, strides = {ints(strides)}}}", [opened])

    low, high = [m.integer(0, 2) for _ in range(rank)], [m.integer(0, 2) for _ in range(rank)]
    value = m.array((), dtype)
    padded = np.full([a + b + c for a, b, c in zip(low, x.shape, high)], value)
    padded[tuple(slice(a, a + b) for a, b in zip(low, x.shape))] = x
    m.add("pad", "pad", [x, value], padded, f"{{low = {ints(low)}, high = {ints(high)}}}", [opened])

    axis = m.integer(0, rank - 1)
    parts = []
    for _ in range(m.integer(1, 3)):
        s = list(x.shape)
        s[axis] = m.integer(0, 3)
        parts.append(m.array(s, dtype))
    m.add("concat", "concat", parts, np.concatenate(parts, axis), f"{{axis = {axis} : i64}}",
          [[m.integer(0, 1) for _ in range(rank)] for _ in parts])
    whole = np.concatenate(parts, axis)
    sizes = [p.shape[axis] for p in parts]
    m.add("split", "split", [whole], parts, f"{{axis = {axis} : i64, sizes = {ints(sizes)}}}", [opened])
    double = np.concatenate([x, x], axis)
    m.add("split equal", "split", [double], [x, x], f"{{axis = {axis} : i64}}", [opened])

    indices = m.rng.integers(0, x.shape[axis], [m.integer(0, 3) for _ in range(m.integer(0, 2))])
    indices = np.asarray(indices).astype(m.choice(np.int32, np.int64))
    m.add("gather", "gather", [x, indices], np.take(x, indices, axis), f"{{axis = {axis} : i64}}",
          [opened, [m.integer(0, 1) for _ in indices.shape]])
    shape = [m.integer(1, 3) for _ in range(m.integer(0, 1))] + [d if m.integer(0, 2) or d != 1 else 3 for d in x.shape]
    target = np.zeros(shape, np.float32)
    closed = [o and d == t for o, d, t in zip(opened, x.shape, shape[-rank:])]
    m.add("broadcast_to", "broadcast_to", [x], np.broadcast_to(x, shape), "", [closed])
    some = [m.integer(0, 1) for _ in shape]
    m.add("broadcast_to like", "broadcast_to", [x, target], np.broadcast_to(x, shape), "", [closed, some],
          like="y", result_dynamic=some)
    m.add("shape_of", "shape_of", [x], np.array(x.shape, np.int64), "", [opened])


def indexed_cases(m):
    dtype = m.choice("f16", "bf16", "f32", "f64", "i8", "i32", "i64", "ui8", "ui32")
    x = m.array([m.integer(1, 5)] + [m.integer(1, 4) for _ in range(m.integer(0, 2))], dtype)
    index_shape = [m.integer(0, 5) for _ in range(m.choice(0, 1, 1, 1, 2))]
    i = np.asarray(m.rng.integers(0, x.shape[0], index_shape)).astype(m.choice(np.int32, np.int64))
    u = m.array(list(i.shape) + list(x.shape[1:]), dtype)
    kind = m.choice("update", "add", "sub", "mul", "max", "min")
    want = x.copy()
    combine = {"update": lambda a, b: b, "add": lambda a, b: a + b, "sub": lambda a, b: a - b,
               "mul": lambda a, b: a * b, "max": np.maximum, "min": np.minimum}[kind]
    with np.errstate(over="ignore"):
        for at in np.ndindex(*i.shape):
            want[i[at]] = combine(want[i[at]], u[at])
    opened = [m.integer(0, 1) for _ in x.shape]
    m.add("scatter " + kind, "scatter", [x, i, u], want, f'{{kind = "{kind}"}}',
          [opened, [m.integer(0, 1) for _ in i.shape], [m.integer(0, 1) for _ in u.shape]])

    # Out of range: skipped, and clamped; reported by a check elsewhere.
    bad = i.copy()
    if bad.size:
        bad.flat[0] = m.choice(-1, x.shape[0], 100)
        want = x.copy()
        for at in np.ndindex(*bad.shape):
            if 0 <= bad[at] < x.shape[0]:
                want[bad[at]] = u[at]
        m.add("scatter out of range", "scatter", [x, bad, u], want, "", [opened])
        m.add("gather out of range", "gather", [x, bad], np.take(x, bad, 0, mode="clip"), "", [opened])
    nothing = x[:0]
    m.add("gather from nothing", "gather", [nothing, bad], np.zeros(bad.shape + x.shape[1:], x.dtype), "",
          [[m.integer(0, 1)]])

    index_type = m.choice("i8", "i32", "i64", "ui8", "ui32")
    bits, other = m.choice(("f32", "i32"), ("i64", "f64"), ("ui16", "bf16"), ("f16", "i16"), ("ui8", "i8"))
    pattern = m.array([m.integer(0, 3), 2], bits)
    m.add("bitcast", "bitcast", [pattern], pattern.view(DTYPES[other]), "", [[m.integer(0, 1)]])
    depth, element = m.choice(1, 4, 300), m.choice(*ANY)
    j = m.rng.integers(0, 6, [m.integer(0, 3) for _ in range(m.integer(0, 2))])
    j = np.asarray(j).astype(DTYPES[index_type])
    if j.size:
        j.flat[0] = np.iinfo(j.dtype).min if m.integer(0, 1) else np.iinfo(j.dtype).max
    axis = m.integer(0, j.ndim)
    hot = np.stack([j.astype(np.float64) == d for d in range(depth)], axis).astype(DTYPES[element])
    m.add("one_hot", "one_hot", [j], hot, f"{{depth = {depth} : i64, axis = {axis} : i64}}",
          [[m.integer(0, 1) for _ in j.shape]])
    shape = [m.integer(1, 4) for _ in range(m.integer(1, 3))]
    axis, element = m.integer(0, len(shape) - 1), m.choice(*[d for d in ANY if d != "i1"])
    want = np.broadcast_to(np.arange(shape[axis]).reshape([-1 if d == axis else 1 for d in range(len(shape))]), shape)
    m.add("iota", "iota", [], want.astype(DTYPES[element]), f"{{axis = {axis} : i64}}")
    m.add("iota like", "iota", [np.zeros(shape, np.float32)], want.astype(DTYPES[element]), f"{{axis = {axis} : i64}}",
          [[1] * len(shape)], like="x", result_dynamic=[1] * len(shape))


FAMILIES = {"matmul": matmul_cases, "conv": conv_cases, "conv_transpose": conv_transpose_cases,
            "depthwise": depthwise_cases, "pool": pool_cases, "move": move_cases, "indexed": indexed_cases}
