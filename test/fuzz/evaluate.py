"""One call by the rules of the contract, in NumPy.

Numbers come with a sense of their accuracy: a call is computed once as it should be and again with every inexact result
a little off, in units of the last place. What then spreads is what a correct compiler may differ by; where a comparison
or a rounding tips over the spread is large, and nothing is asked of the element.
"""
import numpy as np

import elements
from coo import Coo
from graph import Effect, Leaf


# Which of 0 and -0 is larger is left open.
SIGNLESS = {"maximum", "minimum", "clamp", "reduce_max", "reduce_min", "max_pool", "scatter"}


class CallError(Exception):
    """The call returns a status."""


class Scaled:
    """A result and the size of the terms that it was summed from."""

    def __init__(self, value, scale):
        self.value, self.scale = value, scale


def unknown(noise, shape):
    """Numbers of which nothing is asked, for a noisy call: those of two calls differ, and so does what is made of them."""
    return np.where(noise.random(shape) < 0.5, np.nan, noise.normal(0, 10, shape))


def whole(x):
    """Multiples of 1/4 that every type holds."""
    return (np.abs(x) < 2 ** 11) & (x == np.rint(x * 4) / 4)


def exactly(node, value, scale, operands):
    """What whole numbers make is exact, and must not tip comparisons over. A sum can be whole by chance."""
    if node.exact != "whole" or scale is not None and not all(
            np.all(whole(x.values if isinstance(x, Coo) else x)) for x in operands):
        return np.zeros(np.shape(value), bool)
    return whole(value)


class Tilt:
    """What rounding does to the functions that differences are taken of: each result is a little off, in value and in slope,
    by the same for all places at which it is computed. So slopes that cancel are as inexact as what they are summed from."""

    def __init__(self, noise):
        self.noise, self.known = noise, {}

    def apply(self, node, result, value, scale, operands):
        if node.exact is True:
            return value
        if (result, value.shape) not in self.known:
            self.known[result, value.shape] = self.choose(node, result, value, scale, operands)
        factor, offset, slopes = self.known[result, value.shape]
        value = value * factor + offset
        for i, slope, at in slopes:
            moved = slope * (operands[i] - at)
            value = value + (moved if at.shape == value.shape else moved.sum(-1) if at.shape[:-1] == value.shape else np.sum(moved))
        return value

    def choose(self, node, result, value, scale, operands):
        draw = lambda shape: self.noise.uniform(-1, 1, shape) * 4 * elements.epsilon(result.dtype)
        free = np.isfinite(value) & ~exactly(node, value, scale, operands)
        offset = 0 if scale is None else np.where(free, draw(value.shape) * scale, 0)
        # A slope that comes of the result, as 1 - tanh(x)^2, is as accurate as the largest one.
        slopes = [] if node.exact else [
            (i, draw(x.shape), x) for i, (t, x) in enumerate(zip(node.operands, operands))
            if t.is_float and not t.sparse and value.shape in (x.shape, x.shape[:-1], ())]
        return 1 + np.where(free, draw(value.shape), 0), offset, slopes


class Call:
    def __init__(self, feeds, entry, sizes, noise=None, wide=False, known=None, tilt=None, doubts=None):
        """feeds: Tensor -> array; entry: name of a variable -> array. noise: a generator. wide: no rounding at all.
        doubts: which slopes the call without noise found unknown, for the noisy ones."""
        self.feeds, self.entry, self.current = dict(feeds), entry, dict(entry)
        self.sizes, self.noise, self.wide, self.tilt, self.doubts = sizes, noise, wide, tilt, doubts
        self.known = dict(known or {})
        self.done = set()

    def value(self, tensor):
        if tensor in self.feeds:
            return self.feeds[tensor]
        if tensor not in self.known:
            self.compute(tensor.node)
        return self.known[tensor]

    def compute(self, last):
        """Without recursion: chains may be long."""
        stack = [last]
        while stack:
            node = stack[-1]
            if isinstance(node, Effect):
                stack.pop()
                self.perform(node)
                continue
            if all(r in self.known for r in node.results):
                stack.pop()
                continue
            missing = [t.node for t in node.operands if t not in self.feeds and t not in self.known]
            if missing and node.op != "gradients":
                stack += missing
                continue
            stack.pop()
            if isinstance(node, Leaf):
                self.known[node.results[0]] = self.leaf(node)
                continue
            with np.errstate(all="ignore"):
                values = [] if node.op == "gradients" else [self.value(t) for t in node.operands]
                made = node.compute(self, node, *values)
            made = made if isinstance(made, tuple) else (made,)
            for result, value in zip(node.results, made):
                if result not in self.known:                # a constant for differences
                    self.known[result] = self.settle(node, result, value, values)

    def leaf(self, node):
        tensor = node.results[0]
        if node.kind == "variable":
            return self.entry[tensor.name]
        if node.data is None:
            raise AssertionError(f"{tensor.name} is not fed")
        return elements.decode(node.data, tensor.dtype)

    def inside(self, known):
        """A call of a region, which sees these values."""
        return Call({}, self.entry, self.sizes, self.noise, self.wide, known, self.tilt)

    def settle(self, node, result, value, operands):
        value, scale = (value.value, value.scale) if isinstance(value, Scaled) else (value, None)
        if isinstance(value, Coo):
            return value.map(lambda v: self.settle(node, result, v, operands))
        value = np.asarray(value)
        if not result.is_float:
            return value.astype(elements.STORAGE[result.dtype])
        value = value.astype(np.float64)
        if self.wide:
            return value if self.tilt is None else self.tilt.apply(node, result, value, scale, operands)
        near = elements.rounded(value, result.dtype)
        if self.noise is not None and node.op in SIGNLESS:
            near = np.where(near == 0, np.copysign(near, self.noise.uniform(-1, 1, near.shape)), near)
        if self.noise is None or node.exact is True:
            return near
        with np.errstate(all="ignore"):
            still = exactly(node, near, scale, operands)
            scale = np.abs(near) if scale is None else np.maximum(np.abs(near), np.broadcast_to(scale, near.shape))
            off = near + self.noise.uniform(-1, 1, near.shape) * scale * 4 * elements.epsilon(result.dtype)
            return np.where(np.isfinite(off) & ~(still & (near == value)), elements.rounded(off, result.dtype), near)

    def perform(self, effect):
        """The effect, after what it waits for."""
        stack = [effect]
        while stack:
            node = stack[-1]
            waiting = [e for e in node.after if e not in self.done]
            if waiting:
                stack += waiting
                continue
            stack.pop()
            if node in self.done:
                continue
            values = [self.value(t) for t in node.used()] if node.op != "minimize" else []
            # A read among what made the values may have done it.
            self.done.add(node)
            with np.errstate(all="ignore"):
                node.apply(self, node, *values)

    def run(self, function):
        outputs = [self.value(t) for t in function.outputs]
        for effect in function.effects:
            self.perform(effect)
        pairs = [(v, self.value(n), c is None or bool(self.value(c))) for v, n, c in function.pairs]
        for variable, value, holds in pairs:
            if holds:
                self.current[variable.name] = value
        return outputs, self.current


# ---------------------------------------------------------------- gradients by differences

def dependents(output, target, feeds):
    """Nodes between target and output."""
    found, seen = set(), {}

    def leads(node):
        stack = [(node, False)]
        while stack:
            n, done = stack.pop()
            if done:
                seen[n] = any(t is target or (t not in feeds and seen.get(t.node)) for t in n.operands)
                if seen[n]:
                    found.add(n)
            elif n not in seen:
                seen[n] = False
                stack.append((n, True))
                stack += [(t.node, False) for t in n.operands if t not in feeds and t is not target]
        return seen[node]
    if output is not target:
        leads(output.node)
    return found


def differences(call, output, target, seed=None):
    """d sum(output * seed) / d target and how far it can be trusted, NaN where it has a kink."""
    def leaves(tensor, array):
        if call.noise is None or not tensor.is_float or call.wide:
            return array
        if isinstance(array, Coo):
            return array.map(lambda v: leaves(tensor, v))
        return array * (1 + call.noise.uniform(-1, 1, array.shape) * elements.epsilon(tensor.dtype))
    entry = call.entry
    if call.noise is not None:
        entry = {n: (a * (1 + call.noise.uniform(-1, 1, a.shape) * 1e-7) if a.dtype == np.float64 else a)
                 for n, a in entry.items()}
    feeds = {t: leaves(t, a) for t, a in call.feeds.items()}
    reads = {t: a for t, a in call.known.items() if isinstance(t.node, Effect)}
    tilt = None if call.noise is None or call.wide else Tilt(call.noise)
    base = Call(feeds, entry, call.sizes, wide=True, known=call.known if call.wide else reads, tilt=tilt or call.tilt)
    at = np.array(base.value(target), np.float64)
    base.value(output)
    weights = 1.0 if seed is None else base.value(seed)
    moving = dependents(output, target, feeds)
    numbers = lambda v: v.values if isinstance(v, Coo) else v
    around = {t for n in moving for t in n.results + n.operands if t.is_float}
    if not all(np.all(np.isfinite(numbers(base.feeds.get(t, base.known.get(t, 0.0))))) for t in around):
        return np.full(at.shape, np.nan)                    # 0 times infinity: not what the limit is
    number = lambda t: base.feeds.get(t, base.known.get(t))
    if any(n.op == "atan2" and np.any((number(n.operands[0]) == 0) & (number(n.operands[1]) == 0)) for n in moving):
        return np.full(at.shape, np.nan)                    # 0 / 0 where it has no angle, though nothing may move
    held = {t: a for t, a in base.known.items()
            if t.node not in moving or t.node.op == "stop_gradient" or t.index in t.node.held}

    def total(x):
        with np.errstate(all="ignore"):
            moved = Call({**feeds, target: x}, entry, call.sizes, wide=True, known=held, tilt=base.tilt)
            return float(np.sum(moved.value(output) * weights))
    middle, slopes = total(at), np.zeros(at.shape)
    for i in np.ndindex(at.shape):
        def slope(h):
            x = at.copy()
            x[i] += h
            return (total(x) - middle) / h
        with np.errstate(all="ignore"):
            h = 1e-5 * max(1.0, abs(at[i]))
            up, down, wide_up, wide_down = slope(h), slope(-h), slope(3 * h), slope(-3 * h)
            slopes[i] = (up + down) / 2
            spread = max(abs(up - down), abs(wide_up - wide_down))
            bend = abs((up + down) - (wide_up + wide_down))
            lost = abs(middle) * 2.0 ** -52 / h             # in a large sum
            if not spread <= 2e-3 * (1 + abs(slopes[i])) or not max(bend, 0.1 * lost) <= 1e-4 * (1 + abs(slopes[i])):
                slopes[i] = np.nan
    return slopes


def slopes_of(call, key, output, target, seed=None):
    """`differences`, of which one that is unknown without noise is unknown."""
    if call.noise is not None and not call.wide:
        try:
            call.value(output)
        except CallError:                                   # a check on the way runs where its value is needed
            if call.noise.random() < 0.5:
                raise
    slopes = differences(call, output, target, seed)
    if call.wide:
        return slopes
    if call.noise is None:
        call.doubts[key] = np.isnan(slopes)
        if seed is not None and np.any(call.value(seed) == 0):  # 0 times a kink
            call.doubts[key] |= np.isnan(differences(call, output, target))
    return np.where(call.doubts.get(key, False), np.nan, slopes)


def compute_gradients(call, node):
    output, targets = node.operands[0], node.operands[1:]
    seed = None
    if node.seeded:
        targets, seed = targets[:-1], targets[-1]
    made = []
    for target, result in zip(targets, node.results):
        slopes = slopes_of(call, result, output, target, seed)
        if call.noise is not None and not call.wide:
            size = np.max(np.nan_to_num(np.abs(slopes), posinf=0), initial=0)
            error = (64 * elements.epsilon(result.dtype) + 1e-5) * (0.5 + size + np.abs(slopes))
            near = slopes + call.noise.uniform(-1, 1, slopes.shape) * error
            # What may be 0 may be just 0, at which functions have poles.
            slopes = np.where((np.abs(slopes) <= error) & (call.noise.random(slopes.shape) < 0.3), 0, near)
            slopes = np.where(np.isnan(slopes), unknown(call.noise, slopes.shape), slopes)
        elif not call.wide:
            slopes = np.where(np.isnan(slopes), 0, slopes)  # the noisy calls say that it is not known
        made.append(slopes)
    return tuple(made)
