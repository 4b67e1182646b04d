"""Generators of random numbers: bit for bit those of the reference's Philox, and their next states."""
import pathlib
import sys

import numpy as np

import elements
from evaluate import Scaled
from graph import Tensor, size_of
from ops_shape import static

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import reference as ref  # noqa: E402

FLOATS = {"f16": np.float16, "f32": np.float32, "f64": np.float64}


def state(b):
    """Any three numbers are a state; mostly a variable."""
    found = b.pick(lambda t: t.dtype == "i64" and t.shape == (3,))
    if found and b.random.random() < 0.7:
        return found
    words = b.numbers.integers(-2**63, 2**63 - 1, 3, dtype=np.int64, endpoint=True)
    if b.random.random() < 0.3:                             # a counter that is about to carry
        words[0] = -1
    return b.leaf("variable", Tensor(b.name("v"), (3,), "i64"), words)


def draw(b):
    """Numbers in the shape of a tensor of the graph."""
    r = b.random
    s, like = state(b), b.pick(lambda t: len(t.shape) < 4)
    if like is None or b.most(like.shape) > 400:
        return
    shape, needs = like.shape, not static(like.shape) or r.random() < 0.3
    op = r.choice(["bits", "uniform", "uniform", "normal", "truncated_normal", "bernoulli", "integers", "permutation"])
    kind, attrs, exact, scale = r.choice(sorted(FLOATS)), "", True, 0
    if op == "bits":
        kind = r.choice(sorted(elements.INTS))
        make = lambda s, n: ref.bits(s, n, elements.INTS[kind])
    elif op == "uniform":
        low, high = r.choice([(0.0, 1.0), (-1.0, 1.0), (2.0, 5.0), (1.0, 1.25)])
        attrs = f"low = {low} : f64, high = {high} : f64"
        make = lambda s, n: ref.uniform(s, n, FLOATS[kind], low, high)
    elif op in ("normal", "truncated_normal"):
        mean, deviation = r.choice([(0.0, 1.0), (1.0, 2.0), (0.0, 0.1)])
        attrs, exact, scale = f"mean = {mean} : f64, stddev = {deviation} : f64", False, 4 * (deviation + abs(mean))
        f = ref.normal if op == "normal" else ref.truncated_normal
        make = lambda s, n: f(s, n, FLOATS[kind], mean, deviation)
    elif op == "bernoulli":
        kind = r.choice(["i1", "i1", "f32", "f64", "i32", "ui8"])
        p = r.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        attrs = f"probability = {p} : f64"
        make = lambda s, n: ref.bernoulli(s, n, elements.STORAGE[kind], p)
    elif op == "integers":
        kind = r.choice(["i8", "i32", "i64", "ui8", "ui32"])
        low, high = r.choice([(0, 6), (0, 1), (3, 100)] + [(-5, 5), (-128, 127)] * (kind[0] == "i"))
        attrs = f"low = {low} : i64, high = {high} : i64"
        make = lambda s, n: ref.integers(s, n, elements.INTS[kind], low, high)
    else:
        kind, shape = r.choice(["i32", "i64"]), like.shape[:1]
        if len(like.shape) != 1:
            return
        make = lambda s, n: ref.permutation(s, n[0], elements.INTS[kind])

    def compute(c, n, s, *_):
        made, after = make(s, tuple(size_of(d, c.sizes) for d in shape))
        if kind in FLOATS:
            made = np.asarray(made, np.float64)
            made = Scaled(made, np.abs(made) + scale) if scale else made
        return made, after
    b.ops(f"random_{op} {{0}}{' like({1})' if needs else ''}" + (f" {{{{{attrs}}}}}" if attrs else ""), [s] + [like] * needs,
          [(shape, kind), ((3,), "i64")], compute, exact=exact, rule=False)


def categorical(b):
    s, x = state(b), b.pick(lambda t: t.is_float and t.shape and t.shape[-1] not in (0,) and len(t.shape) < 4)
    if x is None or b.most(x.shape) > 400:
        return
    samples, kind = b.random.choice([None, None, 1, 3]), b.random.choice(["i32", "i64"])

    def compute(c, n, s, v):
        if not v.shape[-1]:                                 # nothing is asked of a choice among none
            shape = v.shape[:-1] + ((samples,) if samples is not None else ())
            drawn = np.zeros(shape, int) if c.noise is None else c.noise.integers(0, 99, shape)
            return drawn.astype(elements.INTS[kind]), ref.uniform(s, shape + (0,), np.float32)[1]
        if c.noise is not None:
            # Whether one number is larger than another can hang on the last place.
            v = v + c.noise.uniform(-1, 1, v.shape) * (np.abs(v) + 16) * 8 * elements.epsilon(x.dtype)
            if not np.all(np.isfinite(v)):
                v = c.noise.uniform(-1, 1, v.shape)
        return ref.categorical(s, v.astype(np.float64 if x.dtype == "f64" else np.float32), samples, elements.INTS[kind])
    attrs = f" {{{{samples = {samples} : i64}}}}" if samples is not None else ""
    shape = x.shape[:-1] + ((samples,) if samples is not None else ())
    b.ops(f"random_categorical {{0}}, {{1}}{attrs}", [s, x], [(shape, kind), ((3,), "i64")], compute, rule=False)


TABLE = {draw: 0.7, categorical: 0.15}
