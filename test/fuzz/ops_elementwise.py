"""Generators of elementwise ops and reductions: each takes the builder, may add nodes, and knows what they compute."""
import math

import numpy as np

import elements
from evaluate import Scaled
from graph import Node

erf = np.vectorize(math.erf, otypes=[np.float64])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(x, 0)


def around(f):
    """Accurate to the size of the operand where the result is small."""
    return lambda x: Scaled(f(x), np.abs(x) + np.abs(f(x)))


def half_even(x):
    return np.rint(x)


# Domains: where most arguments should lie. "any", "positive", "unit" (-1, 1), "small" (no overflow).
FLOAT_UNARY = {
    "reciprocal": (lambda x: 1 / x, "any"), "sqrt": (np.sqrt, "positive"), "rsqrt": (lambda x: 1 / np.sqrt(x), "positive"),
    "exp": (np.exp, "small"), "expm1": (np.expm1, "small"), "log": (np.log, "positive"), "log2": (np.log2, "positive"),
    "log1p": (np.log1p, "positive"), "sin": (around(np.sin), "small"), "cos": (around(np.cos), "small"),
    "tan": (around(np.tan), "unit"), "asin": (np.arcsin, "unit"), "acos": (np.arccos, "unit"), "atan": (np.arctan, "any"),
    "sinh": (np.sinh, "small"), "cosh": (np.cosh, "small"), "tanh": (np.tanh, "any"), "asinh": (np.arcsinh, "any"),
    "acosh": (lambda x: np.arccosh(x), "positive"), "atanh": (np.arctanh, "unit"), "erf": (erf, "any"),
    "sigmoid": (sigmoid, "any"), "selu": (around(lambda x: 1.0507009873554805 * np.where(
        x < 0, 1.6732632423543772 * np.expm1(x), x)), "any"),
    "silu": (around(lambda x: x * sigmoid(x)), "any"), "softplus": (softplus, "any"),
    "softsign": (lambda x: x / (1 + np.abs(x)), "any"), "mish": (around(lambda x: x * np.tanh(softplus(x))), "small"),
    "hard_sigmoid": (lambda x: np.clip(x + 3, 0, 6) / 6, "any"),
    "hard_swish": (around(lambda x: x * np.clip(x + 3, 0, 6) / 6), "any"),
}
EXACT_UNARY = {"floor": np.floor, "ceil": np.ceil, "round": half_even, "trunc": np.trunc}
NUMBER_UNARY = {"identity": lambda x: x, "neg": np.negative, "abs": np.abs, "sign": np.sign, "square": np.square,
                "relu": lambda x: np.where(x <= 0, np.zeros_like(x), x),
                "relu6": lambda x: np.where(x <= 0, np.zeros_like(x), np.minimum(x, np.asarray(6, x.dtype)))}
PREDICATES = {"is_nan": np.isnan, "is_inf": np.isinf, "is_finite": np.isfinite}
COMPARE = {"equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal,
           "greater": np.greater, "greater_equal": np.greater_equal}


def whole(f):
    """An integer rule with 0 for a divisor of 0, in numbers of any size."""
    def apply(a, b):
        rule = np.frompyfunc(lambda x, y: f(int(x), int(y)) if y else 0, 2, 1)
        return wrap(rule(a, b), np.result_type(a))
    return apply


def wrap(numbers, dtype):
    bits = dtype.itemsize * 8
    cut = np.frompyfunc(lambda x: int(x) & (2**bits - 1), 1, 1)(np.atleast_1d(np.asarray(numbers, object)))
    return cut.astype(np.uint64).astype(f"u{dtype.itemsize}").view(dtype).reshape(np.shape(numbers))


def quotient(x, y):
    return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)


def int_pow(a, b):
    def rule(x, y):
        x, y = int(x), int(y)
        if y >= 0:
            return pow(x, y, 2**64)
        return {1: 1, -1: -1 if y % 2 else 1}.get(x, 0)
    return wrap(np.frompyfunc(rule, 2, 1)(a, b), np.result_type(a))


def float_mod(a, b):
    return Scaled(np.mod(a, b), np.abs(a) + np.abs(b))


def float_rem(a, b):
    return Scaled(np.fmod(a, b), np.abs(a) + np.abs(b))


FLOAT_BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "maximum": np.maximum,
                "minimum": np.minimum, "atan2": np.arctan2, "squared_difference": lambda a, b: Scaled(
                    (a - b) ** 2, (np.abs(a) + np.abs(b)) * np.abs(a - b)),
                "floor_div": lambda a, b: np.floor(a / b), "mod": float_mod, "rem": float_rem}
INT_BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "maximum": np.maximum, "minimum": np.minimum,
              "squared_difference": lambda a, b: (a - b) * (a - b), "div": whole(quotient),
              "floor_div": whole(lambda x, y: x // y), "mod": whole(lambda x, y: x % y),
              "rem": whole(lambda x, y: x - quotient(x, y) * y), "pow": int_pow,
              "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor}
BOOL_BINARY = {"logical_and": np.logical_and, "logical_or": np.logical_or, "logical_xor": np.logical_xor,
               "bitwise_and": np.logical_and, "bitwise_or": np.logical_or, "bitwise_xor": np.logical_xor}
EXACT = {"maximum", "minimum"}


def tame(b, x, domain):
    """An operand in the domain, most of the time."""
    if b.random.random() < 0.15:
        return x
    if domain == "positive":
        return b.op("square {0}", [x], x.shape, x.dtype, lambda c, n, v: v * v, "same", exact="whole")
    if domain == "unit" or domain == "small" and b.random.random() < 0.5:
        return b.op("tanh {0}", [x], x.shape, x.dtype, lambda c, n, v: np.tanh(v), "same")
    return x


def unary(b, x=None):
    x = x or b.pick()
    if x.dtype == "i1":
        op, f = b.random.choice([("logical_not", np.logical_not), ("bitwise_not", np.logical_not), ("identity", np.array)])
        return b.op(op + " {0}", [x], x.shape, x.dtype, lambda c, n, v: f(v), "same")
    if not x.is_float:
        table = {**NUMBER_UNARY, "bitwise_not": np.invert}
        op = b.random.choice(sorted(table))
        return b.op(op + " {0}", [x], x.shape, x.dtype, lambda c, n, v: table[op](v), "same")
    kind = b.random.random()
    if kind < 0.2:
        table, exact, domain = NUMBER_UNARY, "whole" if kind < 0.04 else None, "any"
        op = b.random.choice(sorted(table))
        exact = op != "square" or "whole"
        f = table[op]
    elif kind < 0.3:
        op = b.random.choice(sorted(EXACT_UNARY))
        f, exact, domain = EXACT_UNARY[op], True, "any"
    elif kind < 0.45:
        op = b.random.choice(["leaky_relu", "elu", "gelu"])
        alpha, domain, exact = b.random.choice([0.01, 0.5, 1.5]), "any", False
        if op == "gelu":
            way = b.random.choice(["none", "tanh"])
            text = f'gelu {{0}} {{{{approximate = "{way}"}}}}'
            f = {"none": lambda v: v * (1 + erf(v / math.sqrt(2))) / 2,
                 "tanh": lambda v: v * (1 + np.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v ** 3))) / 2}[way]
        else:
            text = f"{op} {{0}} {{{{alpha = {alpha} : f64}}}}"
            f = ((lambda v: np.where(v < 0, alpha * v, v)) if op == "leaky_relu" else
                 (lambda v: np.where(v < 0, alpha * np.expm1(v), v)))
        return b.op(text, [x], x.shape, x.dtype, lambda c, n, v: Scaled(f(v), np.abs(v)), "same")
    else:
        op = b.random.choice(sorted(FLOAT_UNARY))
        f, domain = FLOAT_UNARY[op]
        exact = False
    x = tame(b, x, domain)
    return b.op(op + " {0}", [x], x.shape, x.dtype, lambda c, n, v: f(v), "same", exact=exact)


def predicate(b):
    x = b.pick(lambda t: t.is_float)
    op = b.random.choice(sorted(PREDICATES))
    b.op(op + " {0}", [x], x.shape, "i1", lambda c, n, v: PREDICATES[op](v))


def pair(b, want=lambda t: True):
    x = b.pick(want)
    y = b.pick(lambda t: t.dtype == x.dtype and b.joined(x.shape, t.shape) is not None)
    if b.random.random() < 0.5:
        x, y = y, x
    return x, y, b.joined(x.shape, y.shape)


def binary(b):
    x, y, shape = pair(b)
    if x.dtype == "i1":
        op = b.random.choice(sorted(BOOL_BINARY))
        f = BOOL_BINARY[op]
    elif not x.is_float:
        if b.random.random() < 0.15:
            return shift(b, x, y, shape)
        op = b.random.choice(sorted(INT_BINARY))
        f = INT_BINARY[op]
    else:
        op = b.random.choice(sorted(FLOAT_BINARY) + ["add", "sub", "mul", "pow"])
        if op == "pow":
            x = tame(b, x, "positive")
            y = tame(b, y, "unit")
            f = lambda p, q: Scaled(np.power(p, q), np.abs(np.power(p, q)) * (1 + np.abs(q * np.log(np.abs(p) + 1e-30))))
        else:
            f = FLOAT_BINARY[op]
    exact = op in EXACT or op in ("add", "sub", "mul", "squared_difference", "div", "floor_div", "mod", "rem") and "whole"
    b.op(f"{op} {{0}}, {{1}}", [x, y], shape, x.dtype, lambda c, n, p, q: f(p, q), exact=exact)


def shift(b, x, y, shape):
    """By any count: from the width on nothing or the sign is left, and a negative count is a large one."""
    bits = np.dtype(elements.INTS[x.dtype]).itemsize * 8
    left = b.random.random() < 0.5
    mask = b.constant(np.asarray(2 * bits - 1, elements.INTS[x.dtype]), x.dtype)
    if b.random.random() < 0.8:
        y = b.op("bitwise_and {0}, {1}", [y, mask], y.shape, y.dtype, lambda c, n, p, q: p & q)

    def compute(c, n, p, q):
        many = np.where((q < 0) | (q > bits), bits, q)
        rule = (lambda v, k: int(v) << int(k)) if left else (lambda v, k: int(v) >> int(k))
        return wrap(np.frompyfunc(rule, 2, 1)(p, many), p.dtype)
    b.op(f"shift_{'left' if left else 'right'} {{0}}, {{1}}", [x, y], shape, x.dtype, compute)


def compare(b):
    x, y, shape = pair(b)
    op = b.random.choice(sorted(COMPARE))
    b.op(f"{op} {{0}}, {{1}}", [x, y], shape, "i1", lambda c, n, p, q: COMPARE[op](p, q))


def where(b):
    x, y, shape = pair(b)
    c = b.pick(lambda t: t.dtype == "i1" and b.joined(t.shape, shape) is not None)
    if c is None:
        c = b.op("less {0}, {1}", [x, y], shape, "i1", lambda c, n, p, q: p < q)
    b.op("where {0}, {1}, {2}", [c, x, y], b.joined(c.shape, shape), x.dtype, lambda c, n, f, p, q: np.where(f, p, q),
         exact=True)


def clamp(b):
    x, y, shape = pair(b, lambda t: t.dtype != "i1")
    # Bounds that are one tensor are a kink that differences do not see.
    z = b.pick(lambda t: t.dtype == x.dtype and t is not y and b.joined(shape, t.shape) is not None)
    b.op("clamp {0}, {1}, {2}", [x, y, z], b.joined(shape, z.shape), x.dtype,
         lambda c, n, v, low, high: np.minimum(np.maximum(v, low), high), exact=True)


def cast(b):
    x = b.pick()
    to = b.random.choice(elements.ALL)

    def compute(c, n, v):
        if to == "i1":
            return v != 0
        if to in elements.FLOATS:
            return v.astype(np.float64)
        if not x.is_float:
            return v.astype(elements.INTS[to])
        info = np.iinfo(elements.INTS[to])
        cut = np.frompyfunc(lambda f: 0 if f != f else info.max if f >= info.max else info.min if f <= info.min else int(f), 1, 1)
        return cut(np.atleast_1d(v)).astype(elements.INTS[to]).reshape(v.shape)
    wide = x.dtype in ("i64", "ui64", "i32", "ui32") and to in elements.FLOATS
    b.op("cast {0}", [x], x.shape, to, compute, exact=not wide and (x.dtype != "f64" or True),
         rule=x.is_float and to in elements.FLOATS)


def lowest(dtype):
    return -np.inf if dtype in elements.FLOATS else np.iinfo(elements.INTS[dtype]).min


def highest(dtype):
    return np.inf if dtype in elements.FLOATS else np.iinfo(elements.INTS[dtype]).max


def logsumexp(v, axes, keep):
    high = np.max(v, axis=axes, keepdims=True, initial=-np.inf)
    high = np.where(np.isfinite(high), high, 0)
    out = np.log(np.sum(np.exp(v - high), axis=axes, keepdims=True)) + high
    return Scaled(out if keep else np.squeeze(out, axes), np.max(np.abs(v), initial=0) + 1)


def reduce(b):
    x = b.pick(lambda t: t.shape)
    axes = sorted(b.random.sample(range(len(x.shape)), b.random.randint(1, len(x.shape))))
    keep, all_axes = b.random.random() < 0.4, len(axes) == len(x.shape) and b.random.random() < 0.5
    at = tuple(axes)
    if x.dtype == "i1":
        table = {"reduce_any": np.any, "reduce_all": np.all}
    else:
        def total(v, **k):
            if v.dtype != np.float64:
                return np.sum(v, dtype=v.dtype, **k)
            return Scaled(np.sum(v, **k), np.sum(np.abs(v), **k))

        def product(v, **k):
            if v.dtype != np.float64:
                return np.prod(v, dtype=v.dtype, **k)
            p = np.prod(v, **k)
            return Scaled(p, np.abs(p) * v.shape[at[0]])
        table = {"reduce_sum": total, "reduce_prod": product,
                 "reduce_max": lambda v, **k: np.max(v, initial=lowest(x.dtype), **k),
                 "reduce_min": lambda v, **k: np.min(v, initial=highest(x.dtype), **k)}
        if x.is_float:
            table["reduce_mean"] = lambda v, **k: Scaled(np.mean(v, **k), np.mean(np.abs(v), **k))
            table["logsumexp"] = lambda v, axis, keepdims: logsumexp(v, axis, keepdims)
    if b.wide:                                              # of many numbers: too large, or anything
        table.pop("reduce_prod", None)
    op = b.random.choice(sorted(table))
    shape = [1 if i in axes else d for i, d in enumerate(x.shape) if keep or i not in axes]
    attrs = ([] if all_axes else [f"axes = array<i64: {', '.join(map(str, axes))}>"]) + ["keep_dims"] * keep
    b.op(f"{op} {{0}} {{{{{', '.join(attrs)}}}}}", [x], shape, x.dtype,
         lambda c, n, v: table[op](v, axis=at, keepdims=keep), exact=op in ("reduce_max", "reduce_min") or
         op in ("reduce_sum", "reduce_prod") and "whole")


def arg(b):
    least = b.random.choice([1, 2, 2])
    x = b.pick(lambda t: len(t.shape) >= least and t.dtype != "i1")
    axis, keep = b.random.randrange(len(x.shape)), b.random.random() < 0.3
    op, to = b.random.choice(["argmax", "argmin"]), b.random.choice(["i32", "i64"])

    def compute(c, n, v):
        if v.shape[axis] == 0:
            return np.zeros([1 if i == axis else s for i, s in enumerate(v.shape) if keep or i != axis])
        return (np.argmax if op == "argmax" else np.argmin)(v, axis=axis, keepdims=keep)
    shape = [1 if i == axis else d for i, d in enumerate(x.shape) if keep or i != axis]
    b.op(f"{op} {{0}} {{{{axis = {axis} : i64{', keep_dims' * keep}}}}}", [x], shape, to, compute)


def softmax_of(v, axis, logs):
    high = np.max(v, axis=axis, keepdims=True, initial=-np.inf)
    e = np.exp(v - high)
    s = e.sum(axis=axis, keepdims=True)
    away = 1 + np.abs(np.where(np.isfinite(v - high), v - high, 0))
    return Scaled(v - high - np.log(s), away) if logs else Scaled(e / s, away * e / s)


def softmax(b):
    x = b.pick(lambda t: t.shape and t.is_float)
    axis, op = b.random.randrange(len(x.shape)), b.random.choice(["softmax", "log_softmax"])
    b.op(f"{op} {{0}} {{{{axis = {axis} : i64}}}}", [x], x.shape, x.dtype,
         lambda c, n, v: softmax_of(v, axis, op == "log_softmax"), "same")


def check_finite(b):
    from evaluate import CallError
    x = b.pick(lambda t: t.is_float)

    def compute(c, n, v):
        if not c.wide and not np.all(np.isfinite(v)):
            raise CallError("check_finite")
        return v
    b.op('check_finite {0}, "finite"', [x], x.shape, x.dtype, compute, "same", exact=True)


def stop_gradient(b):
    x = b.pick(lambda t: t.is_float)
    b.op("stop_gradient {0}", [x], x.shape, x.dtype, lambda c, n, v: v, "same", exact=True, rule=False)


TABLE = {unary: 5, predicate: 0.3, binary: 6, compare: 1, where: 1, clamp: 0.5, cast: 1, reduce: 2, arg: 1.5, softmax: 0.7,
         check_finite: 0.3, stop_gradient: 0.2}
