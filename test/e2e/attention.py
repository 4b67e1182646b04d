#!/usr/bin/env python3
"""Attention, which goes strip by strip over the rows of its scores, against NumPy in f64: attention.py FNC

Heads and batches, masks of every kind, keys that lie either way, lengths that are no multiple of a strip and such that
only the call knows. A function whose scores are fetched keeps them as a whole: the result has the same bits.
"""
import pathlib
import sys
import tempfile

import numpy as np

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "golden"))
import checks  # noqa: E402
from run import Library  # noqa: E402


def tensor(shape, element="f32"):
    return "tensor<" + "".join(f"{s}x" for s in shape) + element + ">"


class Form:
    """Queries [*lead, n, d], keys [*lead, m, d] or [*lead, d, m], values [*lead, m, e]; a mask of a shape of its own."""

    def __init__(self, lead, n, m, d, e, mask=None, kind="i1", causal=False, transposed=True, key_lead=None):
        self.lead, self.n, self.m, self.d, self.e = list(lead), n, m, d, e
        self.mask, self.kind, self.causal, self.transposed = mask, kind, causal, transposed
        self.key_lead = self.lead if key_lead is None else list(key_lead)

    def shapes(self):
        keys = [self.m, self.d] if self.transposed else [self.d, self.m]
        shapes = [[*self.lead, self.n, self.d], [*self.key_lead, *keys], [*self.key_lead, self.m, self.e]]
        return shapes + ([list(self.mask)] if self.mask is not None else [])

    def types(self):
        return [tensor(s, self.kind if i == 3 else "f32") for i, s in enumerate(self.shapes())]

    def result(self):
        return [*self.lead, self.n, self.e]

    def text(self):
        """One function with the op, one that keeps the scores, one that does not."""
        q, k, v, *m = self.types()
        scores, y = tensor([*self.lead, self.n, self.m]), tensor(self.result())
        lines = [f'%{name} = fn.placeholder "{name}" : {t}' for name, t in zip("qkvm", self.types())]
        lines.append(f"%scale = fn.constant dense<{self.d ** -0.5!r}> : tensor<f32>")
        lines.append(f"%s0 = fn.matmul %q, %k {'{transpose_b} ' if self.transposed else ''}: ({q}, {k}) -> {scores}")
        lines.append(f"%s1 = fn.mul %s0, %scale : ({scores}, tensor<f32>) -> {scores}")
        last = "s1"
        if m and self.kind == "i1":
            lines.append("%bottom = fn.constant dense<-3.4028235e+38> : tensor<f32>\n  %zero = fn.constant dense<0.0> : tensor<f32>")
            lines.append(f"%s2 = fn.where %m, %s1, %bottom : ({m[0]}, {scores}, tensor<f32>) -> {scores}")
            last = "s2"
        elif m:
            lines.append(f"%s2 = fn.add %s1, %m : ({scores}, {m[0]}) -> {scores}")
            last = "s2"
        lines.append(f"%p = fn.softmax %{last} {{axis = {len(self.lead) + 1} : i64}} : {scores}")
        shares = "p"
        if m and self.kind == "i1":
            lines.append(f"%p1 = fn.where %m, %p, %zero : ({m[0]}, {scores}, tensor<f32>) -> {scores}")
            shares = "p1"
        lines.append(f"%y = fn.matmul %{shares}, %v : ({scores}, {v}) -> {y}")
        inputs = ", ".join(f"%{name} : {t}" for name, t in zip("qkvm", self.types()))
        lines.append(f'fn.function @strips as "f_strips" inputs({inputs}) outputs("y" = %y : {y})')
        lines.append(f'fn.function @whole as "f_whole" inputs({inputs}) outputs("y" = %y : {y}, "p" = %{shares} : {scores})')
        if self.transposed:
            mask = " mask(%m)" if m else ""
            lines.append(f"%a = fn.attention %q, %k, %v{mask} {'{causal} ' if self.causal else ''}: ({', '.join(self.types())}) -> {y}")
            lines.append(f'fn.function @op as "f_op" inputs({inputs}) outputs("y" = %a : {y})')
        return "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n"

    def feeds(self, rng):
        feeds = [rng.standard_normal(s).astype(np.float32) for s in self.shapes()[:3]]
        if self.mask is not None:
            feeds.append(rng.random(self.mask) < 0.7 if self.kind == "i1" else
                         (rng.standard_normal(self.mask) * 2).astype(np.float32))
        return feeds

    def evaluate(self, feeds, causal):
        q, k, v, *mask = [x if x.dtype == np.bool_ else x.astype(np.float64) for x in feeds]
        scores = q @ (np.swapaxes(k, -1, -2) if self.transposed else k) / np.sqrt(self.d)
        seen = np.ones(scores.shape, np.bool_)
        if mask and self.kind == "i1":
            seen &= mask[0]
        elif mask:
            scores = scores + mask[0]
        if causal:
            seen &= np.tril(seen)
        with np.errstate(all="ignore"):
            e = np.where(seen, np.exp(scores - scores.max(-1, keepdims=True)), 0)
            shares = np.where(seen.any(-1, keepdims=True), e / e.sum(-1, keepdims=True), 0)
        return shares @ v


def layers(count, n, heads, d):
    """Attention of several layers, whose buffers bufferization shares: as a graph, and as NumPy has it."""
    width = heads * d
    x, w, split = tensor([n, width]), tensor([width, width]), tensor([n, heads, d])
    apart, keys, scores = tensor([heads, n, d]), tensor([heads, d, n]), tensor([heads, n, n])
    lines = [f'%x0 = fn.placeholder "x" : {x}', f'%w = fn.placeholder "w" : {w}']
    for i in range(count):
        # Products and their heads, one after another: the values come between the scores and their use.
        def head(name, perm, type):
            lines.append(f"%{name}m{i} = fn.matmul %x{i}, %w : ({x}, {w}) -> {x}")
            lines.append(f"%{name}r{i} = fn.reshape %{name}m{i} : ({x}) -> {split}")
            lines.append(f"%{name}{i} = fn.transpose %{name}r{i} {{perm = array<i64: {perm}>}} : ({split}) -> {type}")
        head("q", "1, 0, 2", apart)
        head("k", "1, 2, 0", keys)
        lines.append(f"%s{i} = fn.matmul %q{i}, %k{i} : ({apart}, {keys}) -> {scores}")
        lines.append(f"%p{i} = fn.softmax %s{i} {{axis = 2 : i64}} : {scores}")
        head("v", "1, 0, 2", apart)
        lines.append(f"%y{i} = fn.matmul %p{i}, %v{i} : ({scores}, {apart}) -> {apart}")
        lines.append(f"%z{i} = fn.transpose %y{i} {{perm = array<i64: 1, 0, 2>}} : ({apart}) -> {split}")
        lines.append(f"%f{i} = fn.reshape %z{i} : ({split}) -> {x}")
        lines.append(f"%x{i + 1} = fn.add %x{i}, %f{i} : ({x}, {x}) -> {x}")
    lines.append(f'fn.function @f as "f_f" inputs(%x0 : {x}, %w : {w}) outputs("y" = %x{count} : {x})')

    def evaluate(x, w):
        for _ in range(count):
            q = (x @ w).reshape(n, heads, d).transpose(1, 0, 2)
            e = np.exp(q @ q.transpose(0, 2, 1))
            x = x + (e / e.sum(-1, keepdims=True) @ q).transpose(1, 0, 2).reshape(n, width)
        return x

    return "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n", evaluate


def workspace(library, name):
    function = next(f for f in library.manifest["functions"] if f["symbol"].endswith("f_" + name))
    return function["workspace_bytes"]


def check(library, form, rng, what):
    feeds = form.feeds(rng)
    y = np.zeros(form.result(), np.float32)
    p = np.zeros([*form.lead, form.n, form.m], np.float32)
    results = {}
    for name, outputs in {"strips": [y], "whole": [y, p], "op": [y]}.items():
        if name == "op" and not form.transposed:
            continue
        status, (results[name], *_) = library.call(name, feeds, outputs)
        checks.check(status.code == 0, f"{what}: status {status.code}")
        want = form.evaluate(feeds, form.causal and name == "op")
        good = np.allclose(results[name], want, rtol=2e-5, atol=2e-5)
        checks.check(good, f"{what}, {name}: differs by {np.abs(results[name] - want).max(initial=0)}")
    checks.check(results["strips"].tobytes() == results["whole"].tobytes(), f"{what}: other bits than without strips")


STATIC = [
    Form([], 520, 512, 32, 32),
    Form([], 331, 257, 16, 48, transposed=False),
    Form([12], 128, 128, 64, 64),
    Form([2, 3], 200, 300, 16, 8, mask=[2, 1, 1, 300]),
    Form([2, 3], 200, 136, 16, 24, mask=[200, 136], causal=True),
    Form([2, 3], 130, 136, 16, 24, mask=[2, 1, 130, 136], kind="f32"),
    Form([3, 2], 200, 200, 32, 32, causal=True, transposed=True, key_lead=[3, 1]),
    Form([40], 64, 48, 16, 16),
    Form([7, 5], 40, 48, 16, 3, mask=[7, 1, 1, 48]),
    Form([], 1, 70000, 8, 8),
    Form([], 70000, 2, 8, 8),
]
# Sizes of the call by a name; (form of the sizes, calls).
DYNAMIC = [
    (lambda n, m: Form([], n, m, 16, 16), [(1, 1), (1, 40), (40, 1), (16, 16), (17, 100), (150, 33), (0, 5)]),
    (lambda b, n: Form([b, 2], n, n, 16, 24, mask=[b, 1, 1, n], causal=True), [(1, 1), (2, 16), (3, 50), (1, 100)]),
    (lambda b, n: Form([b, 2], n, n, 16, 24, mask=[n, n], kind="f32", transposed=False), [(1, 1), (2, 32), (3, 50)]),
]


def main():
    rng = np.random.default_rng(7)
    with tempfile.TemporaryDirectory() as temporary:
        def compiled(form, *options):
            # A file of its own: a library is loaded once.
            return Library(sys.argv[1], form.text(), pathlib.Path(tempfile.mkdtemp(dir=temporary)), options)

        for number, form in enumerate(STATIC):
            for cpu in ("x86-64", "x86-64-v3", "native") if number < 3 else ("native",):
                what = f"{form.shapes()} {cpu}"
                library = compiled(form, "--cpu", cpu)
                check(library, form, rng, what)
                scores = 4 * int(np.prod(form.lead, dtype=int)) * form.n * form.m
                if form.n > 64 and form.m > 64:
                    checks.check(workspace(library, "strips") < scores, f"{what}: a workspace of {workspace(library, 'strips')} bytes")
        for make, calls in DYNAMIC:
            library = compiled(make("?", "?"))
            for sizes in calls:
                form = make(*sizes)
                check(library, form, rng, f"{form.shapes()} of the call")
        n, heads, d = 200, 3, 32
        text, evaluate = layers(3, n, heads, d)
        library = Library(sys.argv[1], text, pathlib.Path(tempfile.mkdtemp(dir=temporary)))
        x = rng.standard_normal((n, heads * d)).astype(np.float32)
        w = (rng.standard_normal((heads * d, heads * d)) * 0.05).astype(np.float32)
        status, (got,) = library.call("f", [x, w], [x])
        want = evaluate(x.astype(np.float64), w.astype(np.float64))
        checks.check(status.code == 0 and np.allclose(got, want, rtol=1e-4, atol=1e-4), f"layers: differs by {np.abs(got - want).max()}")
        checks.check(workspace(library, "f") < 2 * 4 * heads * n * n, f"layers: a workspace of {workspace(library, 'f')} bytes")
    checks.finish()


if __name__ == "__main__":
    main()
