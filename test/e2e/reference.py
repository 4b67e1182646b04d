"""What random ops and layers compute, in NumPy's f64, by their definitions: for tests and the fuzzer.

Draws take a state [low, high, key] (int64) and return (numbers, next state), as the ops do.
"""
import math

import numpy as np

M32 = np.uint64(0xFFFFFFFF)
S32 = np.uint64(32)


# ---------------------------------------------------------------- Philox 4x32-10

def philox(counter, key):
    """Four words for each counter: `counter` is four arrays of 32-bit numbers, `key` two numbers."""
    c, k = [np.asarray(x, np.uint64) for x in counter], [int(x) for x in key]
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> S32) ^ c[1] ^ np.uint64(k[0]), p1 & M32, (p0 >> S32) ^ c[3] ^ np.uint64(k[1]), p0 & M32]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def words(state, count):
    """`count` words, and the state behind their blocks."""
    blocks = -(-count // 4)
    low, high, key = (int(x) % 2**64 for x in state)
    start = low + (high << 64)
    counters = [(start + i) % 2**128 for i in range(blocks)]
    c = [np.array([(n >> (32 * w)) & 0xFFFFFFFF for n in counters], np.uint64) for w in range(4)]
    out = np.stack(philox(c, (key & 0xFFFFFFFF, key >> 32)), 1).reshape(-1)[:count]
    end = (start + blocks) % 2**128
    return out, np.array([end % 2**64, end >> 64, key], np.uint64).astype(np.int64)


def _pairs(state, count):
    """`count` numbers of 64 bits, of two words each, the low one first."""
    w, state = words(state, 2 * count)
    return w[0::2] | (w[1::2] << S32), state


def _size(shape):
    return int(np.prod(shape, dtype=np.int64))


def bits(state, shape, dtype):
    dtype = np.dtype(dtype)
    w, state = (_pairs if dtype.itemsize == 8 else words)(state, _size(shape))
    return w.astype(np.dtype(f"u{dtype.itemsize}")).view(dtype).reshape(shape), state


def _unit(state, shape, dtype, precision):
    """k of `precision` bits for each element, and the state."""
    if np.dtype(dtype).itemsize == 8:
        w, state = _pairs(state, _size(shape))
        return (w >> np.uint64(64 - precision)).astype(np.float64).reshape(shape), state
    w, state = words(state, _size(shape))
    return (w >> np.uint64(32 - precision)).astype(np.float64).reshape(shape), state


def uniform(state, shape, dtype=np.float32, low=0.0, high=1.0):
    p = {2: 11, 4: 24, 8: 53}[np.dtype(dtype).itemsize]
    k, state = _unit(state, shape, dtype, p)
    x = (k * 2.0 ** -p * (high - low) + low).astype(dtype)
    return np.minimum(x, np.nextafter(dtype(high), dtype(-np.inf))), state


def _inverse_normal(p):
    """By bisection and Newton steps on math.erfc."""
    def one(p):
        q = min(p, 1 - p)
        lo, hi = -40.0, 0.0
        for _ in range(200):
            mid = (lo + hi) / 2
            lo, hi = (mid, hi) if math.erfc(-mid / math.sqrt(2)) / 2 < q else (lo, mid)
        return lo if p < 0.5 else -lo
    return np.vectorize(one, otypes=[np.float64])(p)


def normal(state, shape, dtype=np.float32, mean=0.0, stddev=1.0, cut=0.0):
    p = 52 if np.dtype(dtype).itemsize == 8 else 24
    k, state = _unit(state, shape, dtype, p)
    u = (k + 0.5) * 2.0 ** -p
    if cut:
        inside = math.erf(cut / math.sqrt(2))
        u = (1 - inside) / 2 + u * inside
    return (_inverse_normal(u) * stddev + mean).astype(dtype), state


def truncated_normal(state, shape, dtype=np.float32, mean=0.0, stddev=1.0):
    return normal(state, shape, dtype, mean, stddev, cut=2.0)


def bernoulli(state, shape, dtype=np.bool_, probability=0.5):
    w, state = words(state, _size(shape))
    return (w < np.uint64(round(probability * 2**32))).astype(dtype).reshape(shape), state


def _scaled(w, span):
    return int(w) * span >> 64


def integers(state, shape, dtype, low, high):
    w, state = _pairs(state, _size(shape))
    return np.array([low + _scaled(x, high - low) for x in w], dtype).reshape(shape), state


def permutation(state, count, dtype=np.int32):
    w, state = _pairs(state, count)
    p = np.arange(count, dtype=dtype)
    for i in range(count - 1, 0, -1):
        j = _scaled(w[i], i + 1)
        p[i], p[j] = p[j], p[i]
    return p, state


def categorical(state, logits, samples=None, dtype=np.int32):
    kind = np.float64 if logits.dtype == np.float64 else np.float32
    scores = logits.astype(kind)
    if samples is not None:
        scores = np.broadcast_to(scores[..., None, :], scores.shape[:-1] + (samples, scores.shape[-1]))
    u, state = uniform(state, scores.shape, kind)
    with np.errstate(divide="ignore"):
        return (scores - np.log(-np.log(u.astype(np.float64)))).argmax(-1).astype(dtype), state


def dropout(x, state, rate, shared_axes=()):
    shape = [1 if i in shared_axes else n for i, n in enumerate(x.shape)]
    kept, state = bernoulli(state, shape, probability=1 - rate)
    return np.where(kept, x / (1 - rate), 0), state


# ---------------------------------------------------------------- layers

def _along(p, axes, rank):
    return np.asarray(p).reshape([p.shape[axes.index(i)] if i in axes else 1 for i in range(rank)])


def _affine(y, scale, offset, axes):
    y = y if scale is None else y * _along(scale, axes, y.ndim)
    return y if offset is None else y + _along(offset, axes, y.ndim)


def batch_norm(x, mean, variance, scale=None, offset=None, axis=-1, epsilon=1e-3):
    axes = [axis % x.ndim]
    y = (x - _along(mean, axes, x.ndim)) / np.sqrt(_along(variance, axes, x.ndim) + epsilon)
    return _affine(y, scale, offset, axes)


def batch_norm_training(x, mean, variance, scale=None, offset=None, axis=-1, epsilon=1e-3, momentum=0.99,
                        unbiased=False):
    others = tuple(i for i in range(x.ndim) if i != axis % x.ndim)
    m, v = x.mean(others), x.var(others)
    n = _size([x.shape[i] for i in others])
    y = batch_norm(x, m, v, scale, offset, axis, epsilon)
    counted = v * n / max(n - 1, 1) if unbiased else v
    return y, mean * momentum + m * (1 - momentum), variance * momentum + counted * (1 - momentum)


def layer_norm(x, scale=None, offset=None, axes=(-1,), epsilon=1e-3):
    axes = [a % x.ndim for a in axes]
    y = (x - x.mean(tuple(axes), keepdims=True)) / np.sqrt(x.var(tuple(axes), keepdims=True) + epsilon)
    return _affine(y, scale, offset, axes)


def rms_norm(x, scale=None, offset=None, axes=(-1,), epsilon=1e-6):
    axes = [a % x.ndim for a in axes]
    return _affine(x / np.sqrt((x * x).mean(tuple(axes), keepdims=True) + epsilon), scale, offset, axes)


def group_norm(x, groups, scale=None, offset=None, axis=-1, epsilon=1e-3):
    y = np.moveaxis(x, axis, -1)
    parts = y.reshape(y.shape[:-1] + (groups, y.shape[-1] // groups))
    over = tuple(range(1, parts.ndim - 2)) + (parts.ndim - 1,)
    parts = (parts - parts.mean(over, keepdims=True)) / np.sqrt(parts.var(over, keepdims=True) + epsilon)
    return _affine(np.moveaxis(parts.reshape(y.shape), -1, axis), scale, offset, [axis % x.ndim])


def instance_norm(x, scale=None, offset=None, axis=-1, epsilon=1e-3):
    return group_norm(x, x.shape[axis], scale, offset, axis, epsilon)


def embedding_bag(table, ids, weights=None, combiner="sum", padding=None):
    w = np.ones(ids.shape) if weights is None else np.asarray(weights)
    if padding is not None:
        w = np.where(ids == padding, 0, w)
        ids = np.where(ids == padding, 0, ids)
    total = (table[ids] * w[..., None]).sum(-2)
    if combiner == "sum":
        return total
    n = w.sum(-1) if combiner == "mean" else np.sqrt((w * w).sum(-1))
    return total / np.where(n == 0, 1, n)[..., None]


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
    return e / e.sum(-1, keepdims=True)


def attention(q, k, v, mask=None, scale=None, causal=False):
    s = q @ np.swapaxes(k, -1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    seen = np.ones(s.shape, bool)
    if mask is not None and mask.dtype == np.bool_:
        seen &= mask
    elif mask is not None:
        s = s + mask
    if causal:
        seen &= np.tril(np.ones(s.shape[-2:], bool))
    return np.where(seen, softmax(np.where(seen, s, -1e300)), 0) @ v


# ---------------------------------------------------------------- recurrent

def sigmoid(x):
    return 1 / (1 + np.exp(-x))


ACTIVATIONS = {"tanh": np.tanh, "sigmoid": sigmoid, "relu": lambda x: np.maximum(x, 0), "linear": lambda x: x,
               "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6, "softsign": lambda x: x / (1 + np.abs(x))}


def rnn_cell(x, states, kernel, recurrent, bias, activation="tanh"):
    z = x @ kernel + states[0] @ recurrent
    return [ACTIVATIONS[activation](z if bias is None else z + bias)]


def lstm_cell(x, states, kernel, recurrent, bias, activation="tanh", recurrent_activation="sigmoid"):
    a, ra = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    z = x @ kernel + states[0] @ recurrent
    i, f, g, o = np.split(z if bias is None else z + bias, 4, -1)
    c = ra(f) * states[1] + ra(i) * a(g)
    return [ra(o) * a(c), c]


def gru_cell(x, states, kernel, recurrent, bias, activation="tanh", recurrent_activation="sigmoid",
             reset_after=False):
    a, ra = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    h, bx = states[0], 0 if bias is None else bias[0] if reset_after else bias
    xz, xr, xg = np.split(x @ kernel + bx, 3, -1)
    if reset_after:
        rz, rr, rg = np.split(h @ recurrent + (0 if bias is None else bias[1]), 3, -1)
        z, r = ra(xz + rz), ra(xr + rr)
        g = a(xg + r * rg)
    else:
        kz, kr, kg = np.split(recurrent, 3, -1)
        z, r = ra(xz + h @ kz), ra(xr + h @ kr)
        g = a(xg + (r * h) @ kg)
    return [z * h + (1 - z) * g]


def sequence(cell, x, states, mask=None, go_backwards=False, zero_output_for_mask=False):
    """cell(x, states) -> states over x [b, t, i]; (outputs [b, t, u], last states)."""
    outputs = []
    for t in range(x.shape[1])[::-1] if go_backwards else range(x.shape[1]):
        new = cell(x[:, t], states)
        if mask is not None:
            m = mask[:, t, None]
            new = [np.where(m, n, s) for n, s in zip(new, states)]
        states = new
        outputs.append(np.where(m, new[0], 0) if zero_output_for_mask else new[0])
    return np.stack(outputs, 1) if outputs else np.zeros((x.shape[0], 0, states[0].shape[1])), states
