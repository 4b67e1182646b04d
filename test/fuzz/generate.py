"""Random graphs: leaves, ops from every table, effects under control, functions on shared state."""
import random
import zlib

import numpy as np

import elements
import ops_contraction
import ops_control
import ops_elementwise
import ops_layers
import ops_random
import ops_shape
import ops_sparse
import ops_training
import ops_wide
from coo import Coo
from effects import make_effect, races
from graph import Dim, Effect, Function, Graph, Leaf, Node, Tensor

TABLE = {**ops_elementwise.TABLE, **ops_shape.TABLE, **ops_contraction.TABLE, **ops_training.TABLE, **ops_sparse.TABLE,
         **ops_random.TABLE, **ops_layers.TABLE, **ops_control.TABLE}
# Beside what the compiler fuses at sizes where it does.
WIDE = {**ops_wide.TABLE, ops_elementwise.unary: 1, ops_elementwise.binary: 1, ops_elementwise.cast: 0.3, ops_elementwise.where: 0.3,
        ops_elementwise.reduce: 0.7, ops_elementwise.softmax: 0.8, ops_layers.norm: 0.8, ops_layers.attention: 0.4,
        ops_training.loss: 0.4, ops_sparse.sparse: 0.8, ops_shape.transpose: 0.3, ops_shape.slice_: 0.2, ops_shape.pad: 0.2,
        ops_shape.concat: 0.2}
# What stands in no region, or is no constant for differences there.
OUTSIDE = {ops_training.gradients, ops_sparse.sparse, ops_elementwise.stop_gradient}
LARGEST = 17                                               # of a dynamic size


class NoPlace(Exception):
    """What was about to be made does not fit."""


class Builder:
    spatial_ranks = (1, 2, 2)

    def __init__(self, seed):
        self.random, self.numbers = random.Random(seed), np.random.default_rng(seed)
        self.graph, self.tensors, self.count = Graph(), [], 0
        self.inside = 0                                     # so many regions
        self.wide = seed % 5 in (2, 4)
        self.trained = {}                                   # new values of variables, by variable
        self.most_elements = 3000
        r = self.random
        self.bounded = r.random() < 0.5
        if self.wide:
            self.make_wide()
        else:
            self.make()
        for i in range(r.randint(1, 4)):
            self.function(i)

    def make(self):
        r = self.random
        # A graph of few element types finds more partners.
        self.dtypes = r.choice([["f32"], ["f32", "i32"], ["f64"], ["f32", "f64", "i64", "i1"], ["f16", "bf16", "f32", "i8"],
                                elements.ALL])
        self.symbols = [Dim("n"), Dim("m")] if r.random() < 0.4 else [Dim("n")]
        self.weights = {f: w * r.choice([0.2, 1, 1, 3]) for f, w in TABLE.items()}
        for _ in range(r.randint(1, 4)):
            known = self.graph.variables
            like = r.choice(known) if known and r.random() < 0.3 else None
            self.variable(like.shape if like else self.shape(True), like.dtype if like else r.choice(self.dtypes))
        for _ in range(r.randint(1, 3)):
            self.placeholder(self.shape(False), r.choice(self.dtypes))
        self.grow(r.choice([3, 8, 15, 25]))
        for _ in range(r.choice([0, 1, 3, 6])):
            self.attempt(make_effect)
            self.grow(r.choice([0, 0, 1, 3]))

    def make_wide(self):
        """Few ops, of sizes that fill registers and leave caches."""
        r = self.random
        self.most_elements = 1 << 19
        self.dtypes = r.choice([["f32"], ["f32"], ["f32"], ["f32", "bf16"], ["f32", "f16"], ["f64"]])
        self.symbols = [Dim("n")]
        self.weights = {f: w * r.choice([0.2, 1, 1, 3]) for f, w in WIDE.items()}
        self.variable((r.choice([4, 16]),), self.dtypes[0])
        self.grow(r.choice([1, 3, 6, 9]))

    def grow(self, count):
        for _ in range(count):
            make = self.random.choices(list(self.weights), list(self.weights.values()))[0]
            if not self.inside or make not in OUTSIDE:
                self.attempt(make)

    def attempt(self, make):
        """A generator that finds no operand of the kind it looks for adds nothing."""
        kept = len(self.graph.nodes)
        try:
            make(self)
        except (NoPlace, AttributeError) as error:
            if isinstance(error, AttributeError) and "'NoneType'" not in str(error):
                raise
            dead = {t for n in self.graph.nodes[kept:] for t in n.results}
            del self.graph.nodes[kept:]
            self.tensors = [t for t in self.tensors if t not in dead]

    # ------------------------------------------------------------ parts

    def symbol(self):
        return self.random.choice(self.symbols)

    def shape(self, fixed):
        shape = [self.random.choice([1, 2, 3, 3, 4]) for _ in range(self.random.choice([0, 1, 1, 2, 2, 3]))]
        if not fixed and self.random.random() < 0.5:
            shape = [self.symbol()] + shape[:2]
        if self.random.random() < 0.25:                     # axes taken for one another show in the numbers alone
            shape = shape[:1] * len(shape)
        return tuple(shape)

    def name(self, letter):
        self.count += 1
        return f"{letter}{self.count}"

    def most(self, shape):
        return int(np.prod([d if isinstance(d, int) else max(LARGEST * d.times + d.plus, 0) for d in shape], dtype=np.int64))

    def leaf(self, kind, tensor, data=None, bounds=None, more=""):
        self.graph.leaves.append(Leaf(kind, tensor, data, bounds, more))
        tensor.node = self.graph.leaves[-1]
        self.tensors.append(tensor)
        return tensor

    def variable(self, shape, dtype):
        data = elements.random_data(self.numbers, shape, dtype)
        more = " read_only" if self.random.random() < 0.1 else ""
        return self.leaf("variable", Tensor(self.name("v"), shape, dtype), elements.encode(data, dtype), more=more)

    def placeholder(self, shape, dtype, role=None, sparse=None, more=""):
        fixed = ops_shape.static(shape)
        data = None
        if fixed and not sparse and role is None and self.random.random() < 0.15:
            data = elements.encode(elements.random_data(self.numbers, shape, dtype), dtype)
        bounds = None if fixed or not self.bounded else [d.size({d.symbol: LARGEST}) if isinstance(d, Dim) else d for d in shape]
        tensor = self.leaf("placeholder", Tensor(self.name("p"), shape, dtype, sparse), data, bounds, more)
        tensor.node.role = role
        return tensor

    def constant(self, data, dtype):
        data = np.asarray(data)
        return self.leaf("constant", Tensor(self.name("c"), data.shape, dtype), elements.encode(data, dtype))

    def source(self, shape, dtype):
        """A tensor of just this type: one of the graph or a new leaf."""
        found = self.pick(lambda t: t.shape == tuple(shape) and t.dtype == dtype)
        if found and self.random.random() < 0.7:
            return found
        if self.most(shape) > self.most_elements:
            raise NoPlace
        return (self.variable if ops_shape.static(shape) and self.random.random() < 0.4 else self.placeholder)(tuple(shape), dtype)

    def pick(self, want=lambda t: True, sparse=False):
        found = [t for t in self.tensors if bool(t.sparse) == sparse and want(t)]
        if not found:
            return None
        return self.random.choice(found[-6:] if self.random.random() < 0.5 else found)

    def op(self, text, operands, shape, dtype, compute, signature="function", sparse=None, **options):
        return self.ops(text, operands, [(shape, dtype)], compute, signature, sparse, **options)[0]

    def ops(self, text, operands, results, compute, signature="function", sparse=None, **options):
        if any(o is None for o in operands) or any(self.most(s) > self.most_elements or len(s) > 6 for s, _ in results):
            raise NoPlace
        tensors = [Tensor(self.name("t"), s, d, sparse) for s, d in results]
        self.graph.nodes.append(Node(text, operands, tensors, compute, signature, **options))
        self.tensors += tensors
        return tensors

    def joined(self, a, b):
        """NumPy's broadcast, or None."""
        n, out = max(len(a), len(b)), []
        for p, q in zip((1,) * (n - len(a)) + tuple(a), (1,) * (n - len(b)) + tuple(b)):
            if p != q and 1 not in (p, q):
                return None
            out.append(q if p == 1 else p)
        return tuple(out)

    def sum_of(self, a, b):
        if isinstance(a, int) and isinstance(b, int):
            return a + b
        if isinstance(a, int):
            a, b = b, a
        if isinstance(b, int):
            return Dim(a.symbol, a.times, a.plus + b)
        if a.symbol == b.symbol:
            return Dim(a.symbol, a.times + b.times, a.plus + b.plus)
        raise NoPlace

    # ------------------------------------------------------------ functions

    def function(self, number):
        r = self.random
        for _ in range(10):
            # Mostly what nothing else takes, so that little is made in vain.
            ends = self.ends()
            outputs = [self.pick(ends.__contains__) or self.pick() if r.random() < 0.8 else self.pick()
                       for _ in range(r.choice([0, 1, 2, 3, 4, 6]))]
            outputs = [t for t in outputs if t]
            if outputs and r.random() < 0.3:
                outputs.append(outputs[0])
            pairs = []
            for variable in self.graph.variables:
                if variable.node.more or r.random() < 0.6:
                    continue
                value = self.trained.get(variable) if r.random() < 0.8 else None
                value = value or self.pick(lambda t: t.dtype == variable.dtype and t.shape == variable.shape)
                flag = self.pick(lambda t: t.dtype == "i1" and t.shape == ()) if r.random() < 0.3 else None
                pairs.append((variable, value, flag))
            if r.random() < 0.3:
                pairs = self.rotation() or pairs
            pool = [n for n in self.graph.nodes if isinstance(n, Effect)]
            effects = r.sample(pool, r.randint(0, min(len(pool), 3)))
            spec = Function(f"f{number}", [], outputs, pairs, effects)
            if not races(spec):
                break
        else:
            spec.effects, spec.pairs = [], []
            spec.outputs = [t for t in outputs if isinstance(t.node, Leaf)]
        if r.random() < 0.4:
            self.feed_inner(spec)
        complete(spec)
        missing = [n.results[0] for n in self.graph.leaves if n.kind == "placeholder" and n.results[0] not in spec.inputs]
        needed = {n for n in spec.reached()}
        spec.inputs += [t for t in missing if (t.node in needed and r.random() < 0.5) or r.random() < 0.1]
        r.shuffle(spec.inputs)
        if any(n.op in ("gradients", "minimize") for n in needed):
            spec.checkpoints = self.checkpoints(spec)
        self.graph.functions.append(spec)

    def checkpoints(self, spec):
        """Values after which what gradients need is computed again, now and then."""
        made = [t for n in spec.reached() for t in n.results if n.kind == "op" and not t.sparse and t not in spec.inputs]
        return self.random.sample(made, min(len(made), self.random.choice([0, 0, 1, 2])))

    def ends(self):
        """Results that nothing is made of and no function reaches."""
        taken = {t for n in self.graph.nodes for t in n.operands}
        reached = set().union(*(f.reached() for f in self.graph.functions))
        return {t for n in self.graph.nodes if n not in reached for t in n.results} - taken

    def rotation(self):
        """New values that are other variables' entry values, in a circle."""
        first = self.random.choice(self.graph.variables)
        alike = [v for v in self.graph.variables if not v.node.more and v.shape == first.shape and v.dtype == first.dtype]
        self.random.shuffle(alike)
        return [(v, w, None) for v, w in zip(alike, alike[1:] + alike[:1])] if len(alike) > 1 else []

    def feed_inner(self, spec):
        reached = [t for n in spec.reached() for t in n.results if n.kind not in ("constant", "placeholder")]
        known = {d.symbol for d in self.symbols}
        reached = [t for t in reached if not t.sparse and all(isinstance(d, int) or d.symbol in known for d in t.shape)]
        if not reached:
            return
        spec.inputs = [self.random.choice(reached)]
        if not valid(spec):
            spec.inputs = []


def valid(spec):
    """Whether what is fed leaves every gradient its targets, every effect its order, and the sizes that it needs."""
    fed = set(spec.inputs)
    if races(spec):
        return False
    for node in spec.reached():
        if node.op in ("gradients", "minimize"):
            found = ops_training.paths(node.operands[0], fed)
            targets = node.operands[1:] if node.op == "gradients" else node.variables
            if node.op == "gradients" and node.seeded:
                targets = targets[:-1]
            if found is None or "unused" not in node.text and any(t not in found for t in targets):
                return False
            if node.op == "minimize" and any(t in fed for t in targets):
                return False
    return True


def complete(spec):
    """Feeds the placeholders that it needs."""
    for node in spec.reached():
        if node.kind == "placeholder" and node.data is None and node.results[0] not in spec.inputs:
            spec.inputs.append(node.results[0])


def feed(tensor, sizes, key, special):
    """What a call feeds: the same for the same key, however much of the graph is left."""
    rng = np.random.default_rng(zlib.crc32(f"{key}/{tensor.name}".encode()))
    shape = [d if isinstance(d, int) else d.size(sizes) for d in tensor.shape]
    role = getattr(tensor.node, "role", None)
    if tensor.sparse:
        nnz = int(rng.integers(0, 9)) if 0 not in shape else 0
        indices = np.stack([rng.integers(0, max(n, 1), nnz) for n in shape], 1)
        values = elements.random_data(rng, (nnz,), tensor.dtype, special)
        return Coo(indices.astype(np.int32 if "i32" in tensor.sparse else np.int64), values, shape)
    if role and role[0] == "index":
        high = role[1] + (rng.random() < 0.03)
        return rng.integers(0, max(high, 1), shape).astype(elements.INTS[tensor.dtype])
    if role and role[0] == "wide" and not special:
        return ops_wide.numbers(rng, shape, tensor.dtype)
    return elements.random_data(rng, shape, tensor.dtype, special)
