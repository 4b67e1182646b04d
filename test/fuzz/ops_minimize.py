"""Steps of optimizers: an effect that trains variables, by the formulas of Keras and of fn.minimize."""
import numpy as np

import elements
from evaluate import CallError, Scaled, slopes_of, unknown
from graph import Effect
from ops_training import deeper, has_gradients, paths, total, weight

# A step takes the variable, its gradient, its slots by name, the step's number from 1 on, the learning rate, and the slots
# that all variables of the instance share.


def rest(beta, s):
    """1 - beta as Keras has it, in the type of the slots."""
    return 1 - beta if s["type"] == "f64" else float(np.float32(1) - np.float32(beta))


def adam(w, g, s, t, lr, b1, b2, e, amsgrad, rest=rest):
    s["m"], s["v"] = b1 * s["m"] + rest(b1, s) * g, b2 * s["v"] + rest(b2, s) * g * g
    v = s["v"]
    if amsgrad:
        v = s["vhat"] = np.maximum(s["vhat"], s["v"])
    return w - lr * np.sqrt(1 - b2 ** t) / (1 - b1 ** t) * s["m"] / (np.sqrt(v) + e)


def rmsprop(w, g, s, t, lr, rho, momentum, e, centered):
    s["rms"] = rho * s["rms"] + rest(rho, s) * g * g
    r = s["rms"]
    if centered:
        s["mg"] = rho * s["mg"] + rest(rho, s) * g
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
    s["accum_grad"] = rho * s["accum_grad"] + rest(rho, s) * g * g
    step = np.sqrt(s["accum_var"] + e) / np.sqrt(s["accum_grad"] + e) * g
    s["accum_var"] = rho * s["accum_var"] + rest(rho, s) * step ** 2
    return w - lr * step


def adamax(w, g, s, t, lr, b1, b2, e):
    s["m"], s["v"] = b1 * s["m"] + rest(b1, s) * g, np.maximum(b2 * s["v"], np.abs(g))
    return w - lr / (1 - b1 ** t) * s["m"] / (s["v"] + e)


def lion(w, g, s, t, lr, b1, b2):
    step = np.sign(b1 * s["m"] + (1 - b1) * g)
    s["m"] = b2 * s["m"] + (1 - b2) * g
    return w - lr * step


def nadam(w, g, s, t, lr, b1, b2, e, shared):
    mu = lambda n: b1 * (1 - 0.5 * 0.96 ** (0.004 * n))
    product = shared["m_cache"] * mu(t)
    s["m"], s["v"] = b1 * s["m"] + rest(b1, s) * g, b2 * s["v"] + rest(b2, s) * g * g
    ahead = (1 - mu(t)) * g / (1 - product) + mu(t + 1) * s["m"] / (1 - product * mu(t + 1))
    s["shared"] = {"m_cache": product}
    return w - lr * ahead / (np.sqrt(s["v"] / (1 - b2 ** t)) + e)


def ftrl(w, g, s, t, lr, power, l1, l2, shrinkage, beta):
    before = s["accumulator"]
    after = s["accumulator"] = before + g * g
    s["linear"] = s["linear"] + g + 2 * shrinkage * w - (after ** power - before ** power) / lr * w
    slope = (after ** power + beta) / lr
    moved = (np.sign(s["linear"]) * l1 - s["linear"]) / (slope + 2 * l2)
    return np.where(np.abs(s["linear"]) > l1, moved, 0)


def optimizer(r, lr):
    """The attribute, its decay of weights, and its step."""
    small = r.choice(["1.0e-7", "1.0e-3"])
    e = float(small)
    rate = f"learning_rate = {lr}"
    return r.choice([
        (f"sgd<{rate}>", 0, lambda w, g, s, t, lr: sgd(w, g, s, t, lr, 0, False)),
        (f"sgd<{rate}, momentum = 0.9>", 0, lambda w, g, s, t, lr: sgd(w, g, s, t, lr, 0.9, False)),
        (f"sgd<{rate}, momentum = 0.5, nesterov = true>", 0, lambda w, g, s, t, lr: sgd(w, g, s, t, lr, 0.5, True)),
        (f"adam<{rate}, beta_1 = 0.8, beta_2 = 0.9, epsilon = {small}>", 0,
         lambda w, g, s, t, lr: adam(w, g, s, t, lr, 0.8, 0.9, e, False)),
        (f"adam<{rate}, amsgrad = true, epsilon = {small}>", 0, lambda w, g, s, t, lr: adam(w, g, s, t, lr, 0.9, 0.999, e, True)),
        (f"adamw<{rate}, weight_decay = 0.02, epsilon = {small}>", 0.02,
         lambda w, g, s, t, lr: adam(w, g, s, t, lr, 0.9, 0.999, e, False, lambda beta, s: 1 - beta)),
        (f"rmsprop<{rate}, epsilon = {small}>", 0, lambda w, g, s, t, lr: rmsprop(w, g, s, t, lr, 0.9, 0, e, False)),
        (f"rmsprop<{rate}, momentum = 0.5, centered = true, epsilon = 1.0e-3>", 0,
         lambda w, g, s, t, lr: rmsprop(w, g, s, t, lr, 0.9, 0.5, 1e-3, True)),
        (f"adagrad<{rate}>", 0, lambda w, g, s, t, lr: adagrad(w, g, s, t, lr, 1e-7)),
        (f"adadelta<{rate}, epsilon = 1.0e-3>", 0, lambda w, g, s, t, lr: adadelta(w, g, s, t, lr, 0.95, 1e-3)),
        (f"adamax<{rate}>", 0, lambda w, g, s, t, lr: adamax(w, g, s, t, lr, 0.9, 0.999, 1e-7)),
        (f"nadam<{rate}, epsilon = {small}>", 0, lambda w, g, s, t, lr: nadam(w, g, s, t, lr, 0.9, 0.999, e, s["shared"])),
        (f"ftrl<{rate}, l1 = 0.02, l2 = 0.1, beta = 0.4>", 0, lambda w, g, s, t, lr: ftrl(w, g, s, t, lr, 0.5, 0.02, 0.1, 0, 0.4)),
        (f"ftrl<{rate}, learning_rate_power = -0.7, l2_shrinkage = 0.03, initial_accumulator_value = 0.2>", 0,
         lambda w, g, s, t, lr: ftrl(w, g, s, t, lr, 0.7, 0, 0, 0.03, 0)),
        (f"lion<{rate}, weight_decay = 0.2>", 0.2, lambda w, g, s, t, lr: lion(w, g, s, t, lr, 0.9, 0.99)),
    ])


def schedule(r, lr):
    """A schedule and the rate after n steps; or none."""
    return r.choice([None, None, None] + [
        (f"exponential_decay<learning_rate = {lr}, decay_steps = 2.0, decay_rate = 0.5>", lambda n: lr * 0.5 ** (n / 2)),
        (f"inverse_time_decay<learning_rate = {lr}, decay_steps = 2.0, decay_rate = 0.5>", lambda n: lr / (1 + 0.5 * n / 2)),
        (f"cosine_decay<learning_rate = {lr}, decay_steps = 3.0>", lambda n: lr * (1 + np.cos(np.pi * min(n, 3) / 3)) / 2),
        (f"piecewise_constant<boundaries = [0, 1], values = [{lr}, 0.05, 0.02]>", lambda n: lr if n <= 0 else 0.05 if n <= 1 else 0.02),
        (f"warmup<steps = 2, start = 0.01, then = #fn.constant_rate<learning_rate = {lr}>>",
         lambda n: 0.01 + (lr - 0.01) * n / 2 if n < 2 else lr),
    ])


def constraint(r, shape):
    """A constraint of weights and what it makes of them; or none."""
    norm = lambda w, axis: np.sqrt((w * w).sum(axis, keepdims=True))
    axis = r.randrange(len(shape)) if shape else 0
    options = [("#fn.non_neg", lambda w: np.maximum(w, 0))]
    if shape:
        options += [(f"#fn.max_norm<max = 1.5, axes = [{axis}]>",
                     lambda w: w * np.minimum(norm(w, axis), 1.5) / (1e-7 + norm(w, axis))),
                    (f"#fn.unit_norm<axes = [{axis}]>", lambda w: w / (1e-7 + norm(w, axis)))]
    return r.choice([("unit", lambda w: w)] + options)


class Training:
    """What one fn.minimize does in a call."""

    def __init__(self, b, instance, variables, flag):
        r = b.random
        self.instance, self.count, self.has_flag = instance, len(variables), bool(flag)
        rate = r.choice([0.1, 0.01])
        rule, self.decay, self.step = optimizer(r, rate)
        attrs = [f"optimizer = #fn.{rule}", f'name = "{instance}"']
        self.rate = lambda n: rate
        if found := schedule(r, rate):
            attrs.append(f"schedule = #fn.{found[0]}")
            self.rate = found[1]
        self.clip = r.choice([None, None, None, "clip_value", "clip_norm", "global_clip_norm"])
        attrs += [f"{self.clip} = 0.5 : f64"] * bool(self.clip)
        if more := r.choice([0, 0, 0.03]):
            attrs.append(f"weight_decay = {more} : f64")
            self.decay += more
        self.average = r.choice([None, None, 0.9])
        attrs += [f"average = {self.average} : f64"] * bool(self.average)
        self.accumulate = r.choice([1, 1, 1, 2])
        attrs += [f"accumulate = {self.accumulate} : i64"] * (self.accumulate > 1)
        self.scaled = r.random() < 0.15
        attrs += ["loss_scale = #fn.loss_scale<initial = 4.0, growth_steps = 2>"] * self.scaled
        self.check = not self.scaled and r.random() < 0.15
        attrs += ["check_finite"] * self.check
        self.constraints = None
        if r.random() < 0.25:
            made = [constraint(r, v.shape) for v in variables]
            attrs.append(f"constraints = [{', '.join(c for c, _ in made)}]")
            self.constraints = [c for _, c in made]
        self.attrs = "{{" + ", ".join(attrs) + "}}"

    def apply(self, call, node):
        y, variables, flags = node.operands[0], node.operands[1:1 + self.count], node.operands[1 + self.count:]
        if flags and not bool(call.value(flags[0])):
            return
        slopes, unknown = [], False
        for v in variables:
            g = slopes_of(call, (node, v), y, v)
            unknown |= bool(np.isnan(g).any())
            if call.noise is not None:
                size = np.max(np.nan_to_num(np.abs(g), posinf=0), initial=0)
                g = g + call.noise.uniform(-1, 1, g.shape) * (64 * elements.epsilon(v.dtype) + 1e-5) * (
                    1e-3 + size + np.abs(g))
            slopes.append(np.nan_to_num(g, nan=0) if call.noise is None else g)
        if unknown and call.noise is not None:
            # A kink, or a gradient that is not finite: then nothing is known of what follows.
            if self.check:
                raise CallError("gradient")
            self.forget(call, variables)
            return
        self.advance(call, variables, slopes)

    def forget(self, call, variables):
        names = [n for n in call.current if n.startswith(f"{self.instance}/") or f"/{self.instance}/" in n]
        for n in names + [v.name for v in variables]:
            old = np.asarray(call.current[n])
            call.current[n] = unknown(call.noise, old.shape) if old.dtype == np.float64 else old + call.noise.integers(1, 9)

    def advance(self, call, variables, slopes):
        name = lambda n: f"{self.instance}/{n}"
        if self.scaled:
            good = call.entry[name("good_steps")] + 1
            call.current[name("good_steps")] = good % 2
            call.current[name("loss_scale")] = call.entry[name("loss_scale")] * (2.0 if good == 2 else 1.0)
        sums = [f"{v.name}/{self.instance}/gradient" for v in variables]
        if self.accumulate > 1:
            calls = call.entry[name("calls")]
            last = calls == self.accumulate - 1
            call.current[name("calls")] = np.asarray(0 if last else calls + 1, np.int64)
            slopes = [call.entry[n] + g for n, g in zip(sums, slopes)]
            for n, g, v in zip(sums, slopes, variables):
                self.put(call, n, np.zeros_like(g) if last else g, v.dtype)
            if not last:
                return
            slopes = [g / self.accumulate for g in slopes]
        size = lambda g: np.sqrt(np.sum(g * g))
        if self.clip == "clip_value":
            slopes = [np.clip(g, -0.5, 0.5) for g in slopes]
        elif self.clip == "clip_norm":
            slopes = [g * 0.5 / max(size(g), 0.5) for g in slopes]
        elif self.clip:
            whole = np.sqrt(sum(size(g) ** 2 for g in slopes))
            slopes = [g * 0.5 / max(whole, 0.5) for g in slopes]
        done = int(call.entry[name("step")])
        call.current[name("step")] = np.asarray(done + 1, np.int64)
        lr = self.rate(done)
        shared = {n[len(name("")):]: a for n, a in call.entry.items() if n.startswith(name(""))}
        for i, (v, g) in enumerate(zip(variables, slopes)):
            prefix = f"{v.name}/{self.instance}/"
            slots = {n[len(prefix):]: a for n, a in call.entry.items() if n.startswith(prefix)}
            slots.pop("gradient", None)
            slots["shared"], slots["type"], w = shared, v.dtype, call.value(v)
            new = self.step(w, g, slots, float(done + 1), lr)
            if self.decay:
                new = new - lr * self.decay * w
            if self.constraints:
                new = self.constraints[i](new)
            if self.average:
                slots["average"] = self.average * slots["average"] + (1 - self.average) * new
            changed, _ = slots.pop("shared"), slots.pop("type")
            if changed is not shared:
                slots |= {f"\0{n}": a for n, a in changed.items()}
            for n, value in {**slots, "": new}.items():
                key = v.name if not n else name(n[1:]) if n[0] == "\0" else prefix + n
                self.put(call, key, value, v.dtype, new - w if n in ("", "average") else 0)

    @staticmethod
    def put(call, name, value, dtype, step=0.0):
        """1 - 0.999^t has lost three digits by the time that it scales a step."""
        value = elements.rounded(np.asarray(value, np.float64), dtype)
        if call.noise is not None:
            size = 1e-3 + np.abs(value) + 300 * np.abs(step)
            value = value + call.noise.uniform(-1, 1, np.shape(value)) * 8 * elements.epsilon(dtype) * size
        call.current[name] = value


def minimize(b, name, instance):
    """An effect that trains one or two variables, or None."""
    r = b.random
    x = b.pick(lambda t: t.dtype in ("f32", "f64") and not has_gradients(t.node) and weight(t.node) < 40)
    if not x:
        return None
    y = total(b, deeper(b, x))
    if y.shape != ():
        y = b.op("reduce_sum {0}", [y], (), y.dtype, lambda c, n, v: Scaled(np.sum(v), np.sum(np.abs(v))), exact="whole")
    found = paths(y) or ()
    variables = [v for v in b.graph.variables if v in found and v.dtype in ("f32", "f64") and b.most(v.shape) <= 12
                 and not v.node.more]
    if not variables:
        return None
    variables = r.sample(variables, min(len(variables), r.randint(1, 2)))
    if len({v.dtype for v in variables}) > 1:               # shared slots are of the first one's type
        variables = variables[:1]
    flag = b.pick(lambda t: t.dtype == "i1" and t.shape == ()) if r.random() < 0.3 else None
    clause = f" if({{{len(variables) + 1}}} : tensor<i1>)" if flag else ""
    training = Training(b, instance, variables, flag)
    names = ", ".join(f"{{{i + 1}}}" for i in range(len(variables)))
    return Effect(name, f"minimize {{0}}, ({names}){clause}{{after}} {training.attrs}", [y] + variables + [flag] * bool(flag),
                  [], [], training.apply, variables)
