"""Element types: rounding, storage, random data. Floats are computed as float64 arrays of rounded numbers."""
import numpy as np

PRECISION = {"bf16": 8, "f16": 11, "f32": 24, "f64": 53}
FLOATS = list(PRECISION)
INTS = {"i8": np.int8, "i16": np.int16, "i32": np.int32, "i64": np.int64,
        "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64}
STORAGE = {**INTS, "i1": np.bool_, "f16": np.float16, "bf16": np.uint16, "f32": np.float32, "f64": np.float64}
ALL = list(STORAGE)


def encode(x, dtype):
    """The array as a call takes it: bf16 as its bits."""
    x = np.asarray(x)
    if dtype != "bf16":
        with np.errstate(all="ignore"):
            return np.ascontiguousarray(x.astype(STORAGE[dtype])).reshape(x.shape)
    with np.errstate(all="ignore"):
        bits = np.atleast_1d(x).astype(np.float32).view(np.uint32).astype(np.int64)
    near = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(x), 0x7FC0, near.reshape(x.shape)).astype(np.uint16)


def decode(raw, dtype):
    raw = np.asarray(raw)
    if dtype == "bf16":
        bits = np.atleast_1d(raw).astype(np.uint32) << np.uint32(16)
        return bits.view(np.float32).astype(np.float64).reshape(raw.shape)
    return raw.astype(np.float64) if dtype in FLOATS else raw


def rounded(x, dtype):
    if dtype == "f64":
        return x
    with np.errstate(all="ignore"):
        return decode(encode(x, dtype), dtype)


def epsilon(dtype):
    return 2.0 ** (1 - PRECISION[dtype])


def random_data(rng, shape, dtype, special=False):
    """In the form that the evaluator computes with."""
    if dtype == "i1":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype in INTS:
        info = np.iinfo(INTS[dtype])
        x = rng.integers(max(-4, info.min), 5, shape).astype(INTS[dtype])
        ends = np.array([info.min, info.max], INTS[dtype])
    else:
        x = rng.uniform(-2, 2, shape)
        if rng.integers(0, 4) == 0:
            x = np.rint(x)
        ends = np.array([np.inf, -np.inf, np.nan, -0.0, 0.0, 1e-40, 3e4, -3e4])
    if special:
        x = np.where(rng.random(shape) < 0.2, rng.choice(ends, shape), x)
    return rounded(x, dtype) if dtype in FLOATS else np.asarray(x)
