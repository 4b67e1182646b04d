"""Generators of losses, gradients and optimizer steps."""
import numpy as np

import elements
from evaluate import Scaled, compute_gradients, differences
from graph import Effect

TINY = 1e-7


def logs(p):
    return p - np.max(p, -1, keepdims=True, initial=-np.inf) - np.log(
        np.exp(p - np.max(p, -1, keepdims=True, initial=-np.inf)).sum(-1, keepdims=True))


def bce(p, t, logits, smoothing):
    t = t * (1 - smoothing) + smoothing / 2 if smoothing else t
    if logits:
        return (np.maximum(p, 0) - p * t + np.log1p(np.exp(-np.abs(p)))).mean(-1)
    p = np.clip(p, TINY, 1 - TINY)
    return -(t * np.log(p + TINY) + (1 - t) * np.log(1 - p + TINY)).mean(-1)


def cce(p, t, logits, smoothing):
    t = t * (1 - smoothing) + smoothing / p.shape[-1] if smoothing else t
    chosen = logs(p) if logits else np.log(np.clip(p / p.sum(-1, keepdims=True), TINY, 1 - TINY))
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
    r = b.random
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
            "log_cosh": lambda p, t: (np.logaddexp(p - t, t - p) - np.log(2)).mean(-1),
            "hinge": lambda p, t: np.maximum(1 - t * p, 0).mean(-1),
            "squared_hinge": lambda p, t: (np.maximum(1 - t * p, 0) ** 2).mean(-1),
            "poisson": lambda p, t: (p - t * np.log(p + TINY)).mean(-1),
            "kl_divergence": lambda p, t: (np.clip(t, TINY, 1) * np.log(np.clip(t, TINY, 1) / np.clip(p, TINY, 1))).sum(-1),
            "binary_cross_entropy": lambda p, t: bce(p, t, logits, smoothing),
            "categorical_cross_entropy": lambda p, t: cce(p, t, logits, smoothing),
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
        for o in t.node.operands if t.node.op != "stop_gradient" and t not in fed else ():
            if not t.is_float or not o.is_float or o in reached:
                continue
            if t.node.rule:
                reached.add(o)
                stack.append(o)
    return None if any(isinstance(t.node, Effect) for t in reached if t not in fed) else reached


def weight(node):
    """How many ops a value takes."""
    seen, stack = {node}, [node]
    while stack:
        for t in stack.pop().operands:
            if t.node not in seen:
                seen.add(t.node)
                stack.append(t.node)
    return len(seen)


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
    y = total(b, x)
    found = paths(y)
    limit = 12 if not before else 3
    targets = [t for t in b.tensors if found and t in found and t is not y and b.most(t.shape) <= limit
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


# ---------------------------------------------------------------- optimizers

def adam(w, g, s, t, lr, b1, b2, e, amsgrad):
    s["m"], s["v"] = b1 * s["m"] + (1 - b1) * g, b2 * s["v"] + (1 - b2) * g * g
    v = s["v"]
    if amsgrad:
        v = s["vhat"] = np.maximum(s["vhat"], s["v"])
    return w - lr * np.sqrt(1 - b2 ** t) / (1 - b1 ** t) * s["m"] / (np.sqrt(v) + e)


def rmsprop(w, g, s, t, lr, rho, momentum, e, centered):
    s["rms"] = rho * s["rms"] + (1 - rho) * g * g
    r = s["rms"]
    if centered:
        s["mg"] = rho * s["mg"] + (1 - rho) * g
        r = r - s["mg"] ** 2
    if not momentum:
        return w - lr * g / (np.sqrt(r) + e)
    s["momentum"] = momentum * s["momentum"] + lr * g / np.sqrt(r + e)
    return w - s["momentum"]


def sgd(w, g, s, t, lr, momentum, nesterov):
    if not momentum:
        return w - lr * g
    s["momentum"] = momentum * s["momentum"] - lr * g
    return w + (momentum * s["momentum"] - lr * g if nesterov else s["momentum"])


def adagrad(w, g, s, t, lr, e):
    s["accumulator"] = s["accumulator"] + g * g
    return w - lr * g / (np.sqrt(s["accumulator"]) + e)


def adadelta(w, g, s, t, lr, rho, e):
    s["accum_grad"] = rho * s["accum_grad"] + (1 - rho) * g * g
    step = np.sqrt(s["accum_var"] + e) / np.sqrt(s["accum_grad"] + e) * g
    s["accum_var"] = rho * s["accum_var"] + (1 - rho) * step ** 2
    return w - lr * step


def adamax(w, g, s, t, lr, b1, b2, e):
    s["m"], s["v"] = b1 * s["m"] + (1 - b1) * g, np.maximum(b2 * s["v"], np.abs(g))
    return w - lr / (1 - b1 ** t) * s["m"] / (s["v"] + e)


def lion(w, g, s, t, lr, b1, b2):
    step = np.sign(b1 * s["m"] + (1 - b1) * g)
    s["m"] = b2 * s["m"] + (1 - b2) * g
    return w - lr * step


def optimizer(r):
    lr = r.choice([0.1, 0.01])
    e = r.choice([1e-7, 1e-3])
    small = f"{e:.1e}"
    return r.choice([
        (f"sgd<learning_rate = {lr}>", lambda w, g, s, t: sgd(w, g, s, t, lr, 0, False)),
        (f"sgd<learning_rate = {lr}, momentum = 0.9>", lambda w, g, s, t: sgd(w, g, s, t, lr, 0.9, False)),
        (f"sgd<learning_rate = {lr}, momentum = 0.5, nesterov = true>", lambda w, g, s, t: sgd(w, g, s, t, lr, 0.5, True)),
        (f"adam<learning_rate = {lr}, beta_1 = 0.8, beta_2 = 0.9, epsilon = {small}>",
         lambda w, g, s, t: adam(w, g, s, t, lr, 0.8, 0.9, e, False)),
        (f"adam<learning_rate = {lr}, amsgrad = true, epsilon = {small}>", lambda w, g, s, t: adam(w, g, s, t, lr, 0.9, 0.999, e, True)),
        (f"adamw<learning_rate = {lr}, weight_decay = 0.02, epsilon = {small}>",
         lambda w, g, s, t: adam(w, g, s, t, lr, 0.9, 0.999, e, False) - lr * 0.02 * w),
        (f"rmsprop<learning_rate = {lr}, epsilon = {small}>", lambda w, g, s, t: rmsprop(w, g, s, t, lr, 0.9, 0, e, False)),
        (f"rmsprop<learning_rate = {lr}, momentum = 0.5, centered = true, epsilon = 1.0e-3>",
         lambda w, g, s, t: rmsprop(w, g, s, t, lr, 0.9, 0.5, 1e-3, True)),
        (f"adagrad<learning_rate = {lr}>", lambda w, g, s, t: adagrad(w, g, s, t, lr, 1e-7)),
        (f"adadelta<learning_rate = {lr}, epsilon = 1.0e-3>", lambda w, g, s, t: adadelta(w, g, s, t, lr, 0.95, 1e-3)),
        (f"adamax<learning_rate = {lr}>", lambda w, g, s, t: adamax(w, g, s, t, lr, 0.9, 0.999, 1e-7)),
        (f"lion<learning_rate = {lr}>", lambda w, g, s, t: lion(w, g, s, t, lr, 0.9, 0.99)),
    ])


def minimize(b, name, instance):
    """An effect that trains one or two variables, or None."""
    r = b.random
    x = b.pick(lambda t: t.dtype in ("f32", "f64") and not has_gradients(t.node) and weight(t.node) < 40)
    if not x:
        return None
    y = total(b, x)
    if y.shape != ():
        y = b.op("reduce_sum {0}", [y], (), y.dtype, lambda c, n, v: Scaled(np.sum(v), np.sum(np.abs(v))), exact="whole")
    found = paths(y) or ()
    variables = [v for v in b.graph.variables if v in found and v.dtype in ("f32", "f64") and b.most(v.shape) <= 12
                 and not v.node.more]
    if not variables:
        return None
    variables = r.sample(variables, min(len(variables), r.randint(1, 2)))
    rule, step = optimizer(r)
    clip, average = r.choice([None, None, 0.5]), r.choice([None, None, 0.9])
    decay = r.choice([None, None, 0.03])
    attrs = f'optimizer = #fn.{rule}, name = "{instance}"'
    attrs += f", clip_value = {clip} : f64" if clip else ""
    attrs += f", average = {average} : f64" if average else ""
    attrs += f", weight_decay = {decay} : f64" if decay and not rule.startswith("adamw") else ""
    rate = float(rule.split("learning_rate = ")[1].split(",")[0].split(">")[0])
    flag = b.pick(lambda t: t.dtype == "i1" and t.shape == ()) if r.random() < 0.3 else None
    clause = f" if({{{len(variables) + 1}}} : tensor<i1>)" if flag else ""

    count = len(variables)

    def apply(call, node):
        y, variables, flags = node.operands[0], node.operands[1:1 + count], node.operands[1 + count:]
        if flags and not bool(call.value(flags[0])):
            return
        slopes = []
        for v in variables:
            g = differences(call, y, v)
            if call.noise is not None:
                size = np.max(np.nan_to_num(np.abs(g), posinf=0), initial=0)
                g = g + call.noise.uniform(-1, 1, g.shape) * (64 * elements.epsilon(v.dtype) + 1e-5) * (
                    1e-3 + size + np.abs(g))
            slopes.append(np.nan_to_num(g, nan=0) if call.noise is None else g)
        at = call.entry[f"{instance}/step"] + 1
        call.current[f"{instance}/step"] = at
        for v, g in zip(variables, slopes):
            prefix = f"{v.name}/{instance}/"
            slots = {n[len(prefix):]: call.entry[n] for n in call.entry if n.startswith(prefix)}
            w = call.value(v)
            g = np.clip(g, -clip, clip) if clip else g
            new = step(w, g, slots, float(at))
            if decay and not rule.startswith("adamw"):
                new = new - rate * decay * w
            if average:
                slots["average"] = average * slots["average"] + (1 - average) * new
            spread = 0 if call.noise is None else 8 * elements.epsilon(v.dtype)
            for n, value in {**{prefix + s: a for s, a in slots.items()}, v.name: new}.items():
                value = elements.rounded(value, v.dtype)
                if spread:
                    value = value + call.noise.uniform(-1, 1, np.shape(value)) * spread * (1e-3 + np.abs(value))
                call.current[n] = value
    names = ", ".join(f"{{{i + 1}}}" for i in range(len(variables)))
    effect = Effect(name, f"minimize {{0}}, ({names}){clause}{{after}} {{{{{attrs}}}}}", [y] + variables + [flag] * bool(flag),
                    [], [], apply, variables)
    return effect


TABLE = {loss: 0.8, gradients: 1}
