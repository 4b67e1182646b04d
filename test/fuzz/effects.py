"""Random effects under control, and the rule of races by its definition."""
import numpy as np

import elements
import ops_minimize
from evaluate import CallError, Scaled
from graph import Effect, Tensor
from ops_shape import indices, scatter_rows, static


def set_current(call, variable, value):
    """A sum is off by a little in the noisy calls."""
    scale = None
    if isinstance(value, Scaled):
        value, scale = value.value, value.scale
    value = np.asarray(value)
    if variable.is_float:
        near = elements.rounded(value.astype(np.float64), variable.dtype)
        if call.noise is not None and scale is not None:
            near = near + call.noise.uniform(-1, 1, near.shape) * scale * 2 * elements.epsilon(variable.dtype)
        value = near
    else:
        value = value.astype(elements.STORAGE[variable.dtype])
    call.current[variable.name] = value


def write(b, name, variable, after):
    value = b.pick(lambda t: t.dtype == variable.dtype and b.joined(t.shape, variable.shape) == variable.shape)
    op = b.random.choice(["assign", "assign_add", "assign_sub"]) if variable.dtype != "i1" else "assign"

    def apply(call, node, new):
        old = call.current[node.operands[0].name]
        new = np.broadcast_to(new, old.shape)
        made = {"assign": lambda: new, "assign_add": lambda: old + new, "assign_sub": lambda: old - new}[op]()
        size = np.abs(old) + np.abs(new) if variable.is_float and op != "assign" else None
        set_current(call, node.operands[0], made if size is None else Scaled(made, size))
    return Effect(name, op + " {0}, {1}{after}", [variable, value], [], after, apply, [variable])


def scatter(b, name, variable, after):
    i = indices(b, variable.shape[0])
    if i is None or len(i.shape) != 1:
        return None
    rows = b.pick(lambda t: t.dtype == variable.dtype and t.shape == i.shape + variable.shape[1:])
    if rows is None:
        if not static(i.shape):
            rows = b.placeholder(i.shape + variable.shape[1:], variable.dtype)
        else:
            rows = b.constant(elements.random_data(b.numbers, i.shape + variable.shape[1:], variable.dtype), variable.dtype)
    kind = b.random.choice(["update", "add", "sub", "max", "min"])

    def apply(call, node, where, new):
        made, size = scatter_rows(call.current[node.operands[0].name], where, new, kind)
        set_current(call, node.operands[0], Scaled(made, size) if kind in ("add", "sub") and variable.is_float else made)
    return Effect(name, f"scatter_{kind} {{0}}, {{1}}, {{2}}{{after}}", [variable, i, rows], [], after, apply, [variable])


def read(b, name, variable, after):
    result = Tensor(b.name("r"), variable.shape, variable.dtype)

    def apply(call, node):
        call.known[node.results[0]] = call.current[node.operands[0].name]
    b.tensors.append(result)
    return Effect(name, "read {0}{after}", [variable], [result], after, apply, [variable], writes=False)


def check(b, name, after):
    flag = b.pick(lambda t: t.dtype == "i1")
    if flag is None:
        x = b.pick(lambda t: t.dtype != "i1")
        if x is None:
            return None
        flag = b.op("less_equal {0}, {1}", [x, x], x.shape, "i1", lambda c, n, v, w: v <= w)

    def apply(call, node, holds):
        if not np.all(holds):
            raise CallError("assert")
    return Effect(name, 'assert {0}, "it holds"{after}', [flag], [], after, apply, writes=False)


def show(b, name, after):
    return Effect(name, 'print "shown", {0}{after}', [b.pick()], [], after, lambda call, node, v: None,
                  writes=False)


def make_effect(b):
    r = b.random
    name = b.name("e")
    pool = [n for n in b.graph.nodes if isinstance(n, Effect)]
    variables = [v for v in b.graph.variables if not v.node.more]
    if not variables:
        return
    variable = r.choice(variables)
    kind = r.choice(["write", "write", "write", "scatter", "scatter", "read", "read", "check", "show", "group", "minimize", "minimize", "minimize"])
    after = set(r.sample(pool, r.choice([0, 0, min(1, len(pool)), min(2, len(pool))])))
    if r.random() < 0.95:
        after |= {n for n in pool if variable in n.variables}
    after = sorted(after, key=lambda n: n.name)
    if kind == "minimize":
        effect = ops_minimize.minimize(b, name, f"o{name}")
        if effect:
            after = set(after) | {n for n in pool if set(effect.variables) & set(n.variables)}
            if any(v in n.variables and n.writes for n in after for v in effect.variables):
                return
            effect.after = sorted(after, key=lambda n: n.name)
    elif kind == "group":
        effect = Effect(name, "group {after}", [], [], after, lambda call, node: None, writes=False) if after else None
    elif kind == "check":
        effect = check(b, name, after)
    elif kind == "show":
        effect = show(b, name, after)
    elif kind == "read":
        effect = read(b, name, variable, after)
    elif kind == "scatter" and variable.shape and variable.dtype != "i1":
        effect = scatter(b, name, variable, after)
    else:
        effect = write(b, name, variable, after)
    if effect:
        b.graph.nodes.append(effect)


def races(spec):
    """Two writes of a variable, or a write and a read, that no path of control or data joins."""
    fed, behind = set(spec.inputs), {}
    order = spec.reached()
    for node in order:
        before = [t.node for t in node.used() if t not in fed] + list(node.after)
        behind[node] = set().union(*(behind[n] | {n} for n in before)) if before else set()
    effects = [n for n in order if isinstance(n, Effect) and n.variables]
    for k, one in enumerate(effects):
        for other in effects[:k]:
            shared = set(one.variables) & set(other.variables)
            if shared and (one.writes or other.writes) and other not in behind[one] and one not in behind[other]:
                return True
    for variable, value, flag in spec.pairs:
        sources = [t for t in (value, flag) if t is not None and t not in fed]
        from_ = set().union(*(behind[t.node] | {t.node} for t in sources)) if sources else set()
        if any(variable in n.variables and (n.writes or n not in from_) for n in effects):
            return True
    return False
