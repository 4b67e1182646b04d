"""Generators of layers, by the definitions of the end-to-end tests' reference."""
import numpy as np

import elements
from evaluate import CallError, Scaled, unknown
from graph import Dim
from ops_random import ref, state
from ops_shape import ints, static


def conditioned(f, floats):
    """f's results with what small changes of its operands (their places in `floats`) make of them as their accuracy."""
    def compute(c, n, *values):
        made = f(*values)
        if c.noise is None or c.wide:
            return tuple(made)
        if not all(np.all(np.isfinite(values[i])) for i in floats):
            # How infinities and NaN mix on the way is left open.
            return tuple(unknown(c.noise, np.shape(y)) if np.asarray(y).dtype.kind == "f" else y for y in made)
        scales = [np.abs(y) for y in made]
        for _ in range(2):
            moved = list(values)
            for i in floats:
                size = np.max(np.abs(moved[i]), initial=0)
                moved[i] = moved[i] + c.noise.uniform(-1, 1, np.shape(moved[i])) * 1e-6 * (np.abs(moved[i]) + 0.1 * size)
            for k, (one, other) in enumerate(zip(f(*moved), made)):
                if np.asarray(other).dtype.kind == "f":
                    scales[k] = scales[k] + 4e6 * np.max(np.nan_to_num(np.abs(one - other)), initial=0)
        return tuple(Scaled(y, s) if np.asarray(y).dtype.kind == "f" else y for y, s in zip(made, scales))
    return compute


def optional(b, text, operands, **given):
    """Some of the operands in clauses: the text, and which ones there are, as a function of what follows."""
    names = []
    for name, make in given.items():
        if b.random.random() < 0.6:
            text += f" {name}({{{len(operands)}}})"
            operands.append(make())
            names.append(name)
    return text, lambda values: dict(zip(names, values))


def floats_of(b, least=2, low=("f16", "bf16")):
    kinds = ("f32", "f64") + tuple(low)
    return b.pick(lambda t: t.dtype in kinds and least <= len(t.shape) <= 4 and 0 not in t.shape)


def norm(b):
    """Of a feature axis whose size is known."""
    r, x = b.random, floats_of(b)
    if x is None or isinstance(x.shape[-1], Dim):
        return
    op = r.choice(["layer_norm", "layer_norm", "rms_norm", "group_norm", "instance_norm", "batch_norm", "batch_norm_training"])
    features, epsilon = x.shape[-1], r.choice([0.1, 0.001])
    more, options = [f"epsilon = {epsilon} : f64"], {"epsilon": epsilon}
    if op in ("layer_norm", "rms_norm"):
        axes = [i for i, d in enumerate(x.shape) if i and isinstance(d, int) and (r.random() < 0.3 or i == len(x.shape) - 1)]
        if len(axes) > 1:
            more.append(f"axes = {ints(axes)}")
        options["axes"] = axes
        parameter = tuple(x.shape[a] for a in axes)
    else:
        parameter = (features,)
    if op == "group_norm":
        groups = r.choice([g for g in range(1, features + 1) if features % g == 0])
        more.append(f"groups = {groups} : i64")
        options["groups"] = groups
    source = lambda: b.source(parameter, x.dtype)
    if op.startswith("batch"):
        square = lambda: b.op("square {0}", [source()], parameter, x.dtype, lambda c, n, v: v * v, "same", exact="whole")
        operands = [x, source(), square()]
        if op == "batch_norm_training":
            more.append("momentum = 0.75 : f64")
            options["momentum"] = 0.75
    else:
        operands = [x]
    text, named = optional(b, f"{op} " + ", ".join(f"{{{i}}}" for i in range(len(operands))), operands, scale=source, offset=source)
    count = 3 if op.startswith("batch") else 1
    rule = getattr(ref, op)

    def compute(*values):
        made = rule(*values[:count], **named(values[count:]), **options)
        return list(made) if isinstance(made, tuple) else [made]
    results = [(x.shape, x.dtype)] + [(parameter, x.dtype)] * (2 * (op == "batch_norm_training"))
    b.ops(f"{text} {{{{{', '.join(more)}}}}}", operands, results, conditioned(compute, range(len(operands))), held=(1, 2),
          apart=(1, 2) if op == "batch_norm_training" else ())


def dropout(b):
    x = floats_of(b, 1)
    if x is None:
        return
    s, rate = state(b), b.random.choice([0.0, 0.25, 0.5])
    axes = sorted(b.random.sample(range(len(x.shape)), b.random.randint(0, 1)))
    attrs = f"rate = {rate} : f64" + (f", shared_axes = {ints(axes)}" if axes else "")

    def compute(c, n, v, s):
        y, after = ref.dropout(v, s, rate, axes)
        return Scaled(y, np.abs(y)), after
    b.ops(f"dropout {{0}}, {{1}} {{{{{attrs}}}}}", [x, s], [(x.shape, x.dtype), ((3,), "i64")], compute)


def embedding_bag(b):
    r = b.random
    table = b.pick(lambda t: t.dtype in ("f32", "f64") and len(t.shape) == 2 and static(t.shape) and 0 not in t.shape)
    if table is None:
        return
    rows, width = table.shape
    shape, kind = r.choice([(3,), (2, 3), (b.symbol(), 2)]), r.choice(["i32", "i64"])
    ids = b.placeholder(shape, kind, ("index", rows))
    operands = [table, ids]
    text, named = optional(b, "embedding_bag {0}, {1}", operands, weights=lambda: b.source(shape, table.dtype))
    combiner, padding = r.choice(["sum", "mean", "sqrtn"]), r.choice([None, None, 0])
    attrs = f'combiner = "{combiner}"' + (f", padding = {padding} : i64" if padding is not None else "")

    def compute(t, i, *w):
        if np.any((i < 0) | (i >= rows)):
            raise CallError("index")
        return [ref.embedding_bag(t, i, combiner=combiner, padding=padding, **named(w))]
    b.ops(f"{text} {{{{{attrs}}}}}", operands, [(shape[:-1] + (width,), table.dtype)],
          conditioned(compute, [0] + [2] * (len(operands) > 2)))


def attention(b):
    r = b.random
    q = b.pick(lambda t: t.dtype in ("f32", "f64") and 2 <= len(t.shape) <= 4 and 0 not in t.shape and isinstance(t.shape[-1], int))
    if q is None:
        return
    lead, (t, d) = q.shape[:-2], q.shape[-2:]
    s, e = r.choice([2, 3, t]), r.randint(1, 3)
    attend(b, q, b.source(lead + (s, d), q.dtype), b.source(lead + (s, e), q.dtype))


def attend(b, q, k, v):
    r = b.random
    lead, t, s, e = q.shape[:-2], q.shape[-2], k.shape[-2], v.shape[-1]
    operands, mask = [q, k, v], r.choice(["", "", "flags", "bias"])
    text = "attention {0}, {1}, {2}"
    if mask:
        operands.append(b.source((t, s), "i1" if mask == "flags" else q.dtype))
        text += " mask({3})"
    causal, scale = r.random() < 0.4, r.choice([None, None, 0.25])
    attrs = ", ".join(["causal"] * causal + ([f"scale = {scale} : f64"] if scale else []))
    b.ops(f"{text} {{{{{attrs}}}}}", operands, [(lead + (t, e), q.dtype)],
          conditioned(lambda q, k, v, m=None: [ref.attention(q, k, v, m, scale, causal)], [0, 1, 2] + [3] * (mask == "bias")))


GATES = {"rnn": 1, "lstm": 4, "gru": 3}


def recurrent(b):
    """A cell, or a sequence of few steps."""
    r = b.random
    kind, dtype = r.choice(sorted(GATES)), r.choice(["f32", "f32", "f64"])
    x = b.pick(lambda t: t.dtype == dtype and len(t.shape) in (2, 3) and isinstance(t.shape[-1], int) and 0 < t.shape[-1] <= 4
               and 0 not in t.shape)
    if x is None:
        return
    cell, units = len(x.shape) == 2, r.randint(1, 2)
    gates, after = GATES[kind] * units, kind == "gru" and r.random() < 0.5
    options = {"reset_after": True} if after else {}
    more = ["reset_after"] * after
    if r.random() < 0.3:
        options["activation"] = r.choice(["softsign", "sigmoid", "linear"])
        more.append(f'activation = "{options["activation"]}"')
    source = lambda *shape: b.source(shape, dtype)
    batch, names = x.shape[0], ["hidden", "cell"][:1 + (kind == "lstm")]
    kernels = [source(x.shape[-1], gates), source(units, gates)]
    bias = lambda: source(*([2] if after else []), gates)
    rule, count = getattr(ref, f"{kind}_cell"), len(names)
    states = (batch, units)
    if cell:
        operands = [x] + [source(batch, units) for _ in names] + kernels
        text, named = optional(b, f"{kind}_cell " + ", ".join(f"{{{i}}}" for i in range(len(operands))), operands, bias=bias)

        def compute(x, *rest):
            return rule(x, list(rest[:count]), rest[count], rest[count + 1], named(rest[count + 2:]).get("bias"), **options)
        results = [(states, dtype)] * count
        floats = range(len(operands))
    else:
        operands = [x] + kernels
        given = {"bias": bias, **{n: lambda: source(batch, units) for n in names}}
        text, named = optional(b, f"{kind} {{0}}, {{1}}, {{2}}", operands, **given)
        floats = list(range(len(operands)))
        masked, backwards, zero = r.random() < 0.4, r.random() < 0.3, r.random() < 0.3
        if masked:
            text += f" mask({{{len(operands)}}})"
            operands.append(b.source(x.shape[:2], "i1"))
        more += ["go_backwards"] * backwards + ["zero_output_for_mask"] * (zero and masked)

        def compute(x, k, u, *rest):
            found = named(rest[:len(rest) - masked])
            first = [found.get(n, np.zeros((x.shape[0], units))) for n in names]
            y, last = ref.sequence(lambda x, s: rule(x, s, k, u, found.get("bias"), **options), x, first,
                                   rest[-1] if masked else None, backwards, zero and masked)
            return [y] + last
        results = [((*x.shape[:2], units), dtype)] + [(states, dtype)] * count
    attrs = f" {{{{{', '.join(more)}}}}}" if more else ""
    b.ops(text + attrs, operands, results, conditioned(compute, floats))


TABLE = {norm: 0.6, dropout: 0.3, embedding_bag: 0.2, attention: 0.25, recurrent: 0.35}
