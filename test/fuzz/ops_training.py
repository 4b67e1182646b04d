"""Generators of losses, gradients and optimizer steps."""
import numpy as np

import elements
from evaluate import Scaled, compute_gradients
from graph import Effect
from ops_elementwise import unary

TINY = 1e-7


def logs(p):
    return p - np.max(p, -1, keepdims=True, initial=-np.inf) - np.log(
        np.exp(p - np.max(p, -1, keepdims=True, initial=-np.inf)).sum(-1, keepdims=True))


def clipped(p, dtype):
    """Away from 0 and 1, as far as the type can tell."""
    return np.clip(p, TINY, elements.rounded(np.asarray(1 - TINY), dtype))


def bce(p, t, logits, smoothing, dtype):
    t = t * (1 - smoothing) + smoothing / 2 if smoothing else t
    if logits:
        return (np.maximum(p, 0) - p * t + np.log1p(np.exp(-np.abs(p)))).mean(-1)
    p = clipped(p, dtype)
    return -(t * np.log(p + TINY) + (1 - t) * np.log(1 - p + TINY)).mean(-1)


def cce(p, t, logits, smoothing, dtype):
    t = t * (1 - smoothing) + smoothing / max(p.shape[-1], 1) if smoothing else t
    chosen = logs(p) if logits else np.log(clipped(p / p.sum(-1, keepdims=True), dtype))
    return -(t * chosen).sum(-1)


def huber(p, t, delta):
    e = np.abs(p - t)
    return np.where(e > delta, delta * e - delta ** 2 / 2, e * e / 2).mean(-1)


def cosine(p, t):
    unit = lambda v: v / np.sqrt(np.maximum((v * v).sum(-1, keepdims=True), 1e-12))
    return -(unit(p) * unit(t)).sum(-1)


def loss(b):
    p = b.pick(lambda t: t.dtype in ("f32", "f64") and t.shape and t.shape[-1] not in (0,))
    if not p:
        return
    r, dtype = b.random, p.dtype
    op = r.choice(["mse", "mae", "huber", "log_cosh", "hinge", "squared_hinge", "poisson", "kl_divergence",
                   "binary_cross_entropy", "categorical_cross_entropy", "cosine_similarity", "softmax_cross_entropy"])
    logits, smoothing, delta = r.random() < 0.5, r.choice([0, 0, 0.1]), r.choice([1.0, 0.5])
    if op == "cosine_similarity" or op == "kl_divergence" or (op == "poisson" or op.endswith("entropy")) and not logits:
        p = b.op("sigmoid {0}", [p], p.shape, p.dtype, lambda c, n, v: 1 / (1 + np.exp(-v)), "same")
    t = b.pick(lambda u: u.dtype == p.dtype and u.shape == p.shape)
    if op in ("kl_divergence", "binary_cross_entropy", "categorical_cross_entropy"):
        t = b.op("sigmoid {0}", [t], t.shape, t.dtype, lambda c, n, v: 1 / (1 + np.exp(-v)), "same")
    each = {"mse": lambda p, t: ((p - t) ** 2).mean(-1), "mae": lambda p, t: np.abs(p - t).mean(-1),
            "huber": lambda p, t: huber(p, t, delta),
            "log_cosh": lambda p, t: (p - t + np.logaddexp(0, -2 * (p - t)) - np.log(2)).mean(-1),
            "hinge": lambda p, t: np.maximum(1 - t * p, 0).mean(-1),
            "squared_hinge": lambda p, t: (np.maximum(1 - t * p, 0) ** 2).mean(-1),
            "poisson": lambda p, t: (p - t * np.log(p + TINY)).mean(-1),
            "kl_divergence": lambda p, t: (np.clip(t, TINY, 1) * np.log(np.clip(t, TINY, 1) / np.clip(p, TINY, 1))).sum(-1),
            "binary_cross_entropy": lambda p, t: bce(p, t, logits, smoothing, dtype),
            "categorical_cross_entropy": lambda p, t: cce(p, t, logits, smoothing, dtype),
            "cosine_similarity": cosine, "softmax_cross_entropy": lambda p, t: -(t * logs(p)).sum(-1)}[op]
    attrs = []
    if op == "huber":
        attrs.append(f"delta = {delta} : f64")
    if op in ("binary_cross_entropy", "categorical_cross_entropy"):
        attrs += ["from_logits"] * logits + [f"label_smoothing = {smoothing} : f64"] * bool(smoothing)
    kind = "mean" if op == "softmax_cross_entropy" else r.choice(["mean", "mean", "sum", "none"])
    if kind != "mean":
        attrs.append(f'reduction = "{kind}"')
    weights = None
    if op != "softmax_cross_entropy" and r.random() < 0.3:
        weights = b.pick(lambda w: w.dtype == p.dtype and (w.shape == p.shape[:-1] or w.shape == ()))

    def compute(c, n, p, t, w=None):
        made = each(p, t)
        size = np.abs(p).max(initial=0) + np.abs(t).max(initial=0) + np.abs(p * t).max(initial=0) + 1
        if op == "binary_cross_entropy" and not logits:     # near 1, 1 - p has few digits
            size += (np.abs(1 - t) / (1 - np.clip(p, TINY, 1 - TINY) + TINY)).max(initial=0)
        if w is not None:
            made, size = made * w, size * np.abs(w).max(initial=0)
        if kind == "mean":
            made = made.mean() if made.size else np.nan
        elif kind == "sum":
            size, made = size * max(made.size, 1), made.sum()
        return Scaled(np.asarray(made), np.where(np.isfinite(size), size * p.shape[-1], 1))
    text = f"{op} {{0}}, {{1}}{' weights({2})' if weights else ''}" + (f" {{{{{', '.join(attrs)}}}}}" if attrs else "")
    b.op(text, [p, t] + ([weights] if weights else []), p.shape[:-1] if kind == "none" else (), p.dtype, compute)


# ---------------------------------------------------------------- gradients

def paths(output, fed=()):
    """Float tensors that a gradient of `output` reaches, or None where a rule is missing on the way."""
    reached, stack = {output}, [output]
    while stack:
        t = stack.pop()
        for k, o in enumerate(t.node.operands if t.node.op != "stop_gradient" and t not in fed else ()):
            if k in t.node.apart or not t.is_float or not o.is_float or o in reached:
                continue
            if t.node.rule and t.index not in t.node.held:
                reached.add(o)
                stack.append(o)
    return None if any(isinstance(t.node, Effect) or t.node.barrier for t in reached if t not in fed) else reached


def weight(node):
    """How many ops a value takes."""
    seen, stack = {node}, [node]
    while stack:
        for t in stack.pop().operands:
            if t.node not in seen:
                seen.add(t.node)
                stack.append(t.node)
    return len(seen)


def deeper(b, x):
    """A function of x, most of the time: gradients of what has no rule on the way tell little."""
    for _ in range(b.random.choice([0, 1, 1, 2])):
        x = unary(b, x)
    return x


def total(b, x):
    if x.shape == () or b.random.random() < 0.3:
        return x
    return b.op("reduce_sum {0}", [x], (), x.dtype, lambda c, n, v: Scaled(np.sum(v), np.sum(np.abs(v))), exact="whole")


def has_gradients(node):
    stack, seen, deep = [node], {node}, 0
    while stack:
        n = stack.pop()
        deep += n.text.startswith("gradients")
        for t in n.operands:
            if t.node not in seen:
                seen.add(t.node)
                stack.append(t.node)
    return deep


def gradients(b):
    x = b.pick(lambda t: t.dtype in ("f32", "f64", "f32", "f16"))
    if not x:
        return
    before = has_gradients(x.node)
    if before > 1 or weight(x.node) > 40:
        return
    y = total(b, x if before else deeper(b, x))
    found = paths(y)
    limit = 12 if not before else 3
    targets = [t for t in b.tensors if found and t in found and t is not y and not t.sparse and b.most(t.shape) <= limit
               and not t.node.text.startswith("gradients")]
    if before:                                              # what a first derivative is written with is the rule's affair
        targets = [t for t in targets if t.node.kind != "op"]
    if not targets:
        return
    targets = b.random.sample(targets, min(len(targets), b.random.randint(1, 2)))
    seed = None
    if b.random.random() < 0.2:
        seed = b.pick(lambda t: t.shape == y.shape and t.dtype == y.dtype)
    text = f"gradients {{0}}, ({', '.join(f'{{{i + 1}}}' for i in range(len(targets)))})"
    if seed:
        text += f" seed({{{len(targets) + 1}}})"
    if before:                                              # of a first derivative little may depend on anything
        text += ' {{unused = "zeros"}}'
    made = b.ops(text, [y] + targets + ([seed] if seed else []), [(t.shape, t.dtype) for t in targets],
                 lambda c, n: compute_gradients(c, n))
    made[0].node.seeded = seed is not None


TABLE = {loss: 0.8, gradients: 1}
