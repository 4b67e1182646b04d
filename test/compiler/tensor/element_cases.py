"""Cases of elementwise ops and reductions: every element type, with the numbers at which languages differ."""
import re

import numpy as np

from op_cases import DTYPES, ints

SIGNED, UNSIGNED = ["i8", "i16", "i32", "i64"], ["ui8", "ui16", "ui32", "ui64"]
FLOATS = ["f16", "bf16", "f32", "f64"]


def values(m, shape, dtype):
    """Random numbers, mixed with those at the ends of the type."""
    x = m.array(shape, dtype)
    kind = np.dtype(DTYPES[dtype])
    if dtype in FLOATS:
        ends = np.array([0.0, -0.0, 1, -1, np.inf, -np.inf, np.nan], np.float64).astype(kind)
    else:
        info = np.iinfo(kind)
        ends = np.array([info.min, info.max, 0, 1, info.max if info.min == 0 else -1], kind)
    return np.where(m.rng.random(shape) < 0.4, m.rng.choice(ends, shape), x)


def wrapped(function, a, b, kind):
    """`function` of Python's unbounded integers, cut to the type."""
    bits = kind.itemsize * 8
    out = [int(function(int(x), int(y))) & (2**bits - 1) for x, y in zip(a.flat, b.flat)]
    return np.array(out, np.uint64).astype(f"u{kind.itemsize}").view(kind).reshape(a.shape)


def toward_zero(a, b):
    return 0 if b == 0 else abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def add_bare(m, *case):
    """A case of an op that writes its result's type without parentheses."""
    m.add(*case)
    head, line, rest = re.split(r"(  %y0 = .*\n)", m.cases[-1].text)
    m.cases[-1].text = head + re.sub(r"-> \((.*)\)\n", r"-> \1\n", line) + rest


def integer_cases(m):
    for dtype in SIGNED + UNSIGNED:
        kind = np.dtype(DTYPES[dtype])
        bits = kind.itemsize * 8
        a, b = values(m, (64,), dtype), values(m, (64,), dtype)
        counts = m.rng.integers(0, bits + 3, 64).astype(kind)
        for op, rule in {
            "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
            "div": toward_zero, "rem": lambda x, y: 0 if y == 0 else x - toward_zero(x, y) * y,
            "floor_div": lambda x, y: 0 if y == 0 else x // y, "mod": lambda x, y: 0 if y == 0 else x % y,
            "maximum": max, "minimum": min, "squared_difference": lambda x, y: (x - y) ** 2,
            "bitwise_and": lambda x, y: x & y, "bitwise_or": lambda x, y: x | y, "bitwise_xor": lambda x, y: x ^ y,
        }.items():
            m.add(f"{op} {dtype}", op, [a, b], wrapped(rule, a, b, kind))
        m.add(f"shift_left {dtype}", "shift_left", [a, counts], wrapped(lambda x, y: x << y, a, counts, kind))
        m.add(f"shift_right {dtype}", "shift_right", [a, counts], wrapped(lambda x, y: x >> y, a, counts, kind))
        for op, rule in {"less": np.less, "greater_equal": np.greater_equal, "equal": np.equal}.items():
            m.add(f"{op} {dtype}", op, [a, b], rule(a, b))
        small = np.array([0, 1, 2, 3, 5, 7], kind)
        base, power = (g.ravel() for g in np.meshgrid(small, small))
        m.add(f"pow {dtype}", "pow", [base, power], wrapped(lambda x, y: x**y, base, power, kind))
        for op, rule in {"reduce_max": np.max, "reduce_min": np.min}.items():
            m.add(f"{op} {dtype}", op, [a.reshape(8, 8)], rule(a.reshape(8, 8), axis=1), f"{{axes = {ints([1])}}}")


def float_cases(m):
    for dtype in FLOATS:
        kind = np.dtype(DTYPES[dtype])
        a, b = values(m, (64,), dtype), values(m, (64,), dtype)
        with np.errstate(all="ignore"):
            for op, rule in {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide,
                             "maximum": np.maximum, "minimum": np.minimum}.items():
                m.add(f"{op} {dtype}", op, [a, b], rule(a, b).astype(kind))
            for op, rule in {"less": np.less, "greater_equal": np.greater_equal, "equal": np.equal,
                             "not_equal": np.not_equal}.items():
                m.add(f"{op} {dtype}", op, [a, b], rule(a, b))
            for op, rule in {"is_nan": np.isnan, "is_inf": np.isinf, "is_finite": np.isfinite}.items():
                m.add(f"{op} {dtype}", op, [a], rule(a))
            rows = a.reshape(8, 8)
            for op, rule in {"argmax": np.argmax, "argmin": np.argmin}.items():
                add_bare(m, f"{op} {dtype}", op, [rows], rule(rows.astype(np.float64), axis=1), "{axis = 1 : i64}")
            m.add(f"reduce_max {dtype}", "reduce_max", [rows], rows.astype(np.float64).max(axis=1).astype(kind),
                  f"{{axes = {ints([1])}}}")
            for to in SIGNED + UNSIGNED:
                info, wide = np.iinfo(DTYPES[to]), (a.astype(np.float64) * 300).astype(kind)
                want = [0 if np.isnan(x) else info.max if x >= info.max else info.min if x <= info.min else int(x)
                        for x in wide.astype(np.float64)]
                add_bare(m, f"cast {dtype} {to}", "cast", [wide], np.array(want, DTYPES[to]))
        empty = np.zeros((2, 0), kind)
        m.add(f"sum of nothing {dtype}", "reduce_sum", [empty], np.zeros(2, kind), f"{{axes = {ints([1])}}}")
        m.add(f"mean of nothing {dtype}", "reduce_mean", [empty], np.full(2, np.nan, kind), f"{{axes = {ints([1])}}}")
        m.add(f"max of nothing {dtype}", "reduce_max", [empty], np.full(2, -np.inf, kind), f"{{axes = {ints([1])}}}")


ELEMENT_FAMILIES = {"integer": integer_cases, "float": float_cases}
