"""Generators of branches and loops: bodies are small graphs of their own that see the tensors around them."""
import numpy as np

from graph import Dim, Node, Tensor, size_of
from ops_shape import static

DEEPEST = 2


class Argument(Node):
    """What a region's block takes."""
    kind = "argument"

    def __init__(self, tensor):
        super().__init__("", [], [tensor], None)


class Region:
    """Arguments, nodes in an order in which each follows what it uses, and what the region yields."""

    def __init__(self, arguments, nodes, yields):
        self.arguments, self.nodes, self.yields = arguments, nodes, yields

    def needed(self):
        """The nodes that yields need, in order."""
        own, seen = set(self.nodes), set()
        stack = [t.node for t in self.yields]
        while stack:
            node = stack.pop()
            if node in own and node not in seen:
                seen.add(node)
                stack += [t.node for t in node.operands]
        return [n for n in self.nodes if n in seen]

    def captured(self):
        """Tensors from outside, each once."""
        nodes = self.needed()
        own = {t for n in nodes for t in n.results} | set(self.arguments)
        used = [t for n in nodes for t in n.operands] + self.yields
        return list(dict.fromkeys(t for t in used if t not in own))

    def lines(self, indent):
        lines = []
        for node in self.needed():
            lines += node.line().split("\n")
        names, types = ", ".join(f"%{t.name}" for t in self.yields), ", ".join(t.type for t in self.yields)
        return "".join(f"{indent}  {line}\n" for line in lines + [f"fn.yield {names} : {types}"])

    def run(self, call, around, values):
        inner = call.inside({**around, **dict(zip(self.arguments, values))})
        return [inner.value(t) for t in self.yields]


class Control(Node):
    """An op with regions: its operands are `given` and what the regions see of the tensors around them."""

    def __init__(self, op, given, regions, results, text, run, barrier=False):
        self.name, self.given, self.regions, self.form, self.rounds = op, list(given), regions, text, run
        super().__init__(op, [], results, self.execute)
        self.barrier = barrier or any(n.barrier for r in regions for n in r.nodes)

    @property
    def operands(self):
        return list(dict.fromkeys(self.given + [t for r in self.regions for t in r.captured()]))

    @operands.setter
    def operands(self, _):
        """They follow from the parts."""

    def parts(self):
        return [self.given, self.after] + [p for r in self.regions for p in [r.yields] + [q for n in r.nodes for q in n.parts()]]

    def execute(self, call, node, *values):
        around = dict(zip(self.operands, values))
        return tuple(self.rounds(call, around, [around[t] for t in self.given]))

    def line(self):
        return f"{', '.join('%' + r.name for r in self.results)} = fn.{self.form(self)}"


def body(b, arguments, count):
    """Nodes grown from the tensors around and the arguments."""
    tensors, nodes = b.tensors, b.graph.nodes
    b.tensors, b.graph.nodes = [t for t in tensors if not t.sparse] + arguments * 2, []
    b.inside += 1
    b.grow(count)
    made = b.graph.nodes
    b.inside -= 1
    tensors += [t for n in b.graph.leaves for t in n.results if t not in set(tensors)]
    inner = [t for t in b.tensors if t not in set(tensors)]
    b.tensors, b.graph.nodes = tensors, nodes
    return made, inner


def like(b, made, inner, wanted):
    """A tensor of this type: one that the body made, where there is one, held small mostly; or one from around it as it is."""
    alike = lambda t: t.shape == wanted.shape and t.dtype == wanted.dtype and not t.sparse
    around = b.pick(alike) if b.random.random() < 0.25 else None
    found = [t for t in inner if alike(t) and t is not wanted]
    if around or not found:
        return around or wanted
    t = b.random.choice(found)
    if t.is_float and b.random.random() < 0.75:
        mixed = Tensor(b.name("t"), t.shape, t.dtype)
        made.append(Node("tanh {0}", [t], [mixed], lambda c, n, v: np.tanh(v), "same"))
        t = mixed
    return t


def argument(b, shape, dtype):
    tensor = Tensor(b.name("a"), shape, dtype)
    Argument(tensor)
    return tensor


def small(b):
    return b.pick(lambda t: b.most(t.shape) <= 60 and len(t.shape) < 4)


def scalar_flag(b):
    flag = b.pick(lambda t: t.dtype == "i1" and t.shape == ())
    if flag is None:
        x = b.pick(lambda t: t.shape == () and t.dtype != "i1")
        flag = b.op("less_equal {0}, {1}", [x, x], (), "i1", lambda c, n, v, w: v <= w)
    return flag


def branch(b):
    if b.inside >= DEEPEST:
        return
    flag, wanted = scalar_flag(b), [small(b) for _ in range(b.random.randint(1, 2))]
    if None in wanted:
        return
    regions = []
    for _ in range(2):
        made, inner = body(b, [], b.random.randint(1, 4))
        regions.append(Region([], made, [like(b, made, inner, w) for w in wanted]))
    results = [Tensor(b.name("t"), w.shape, w.dtype) for w in wanted]

    def run(call, around, given):
        return regions[0 if bool(given[0]) else 1].run(call, around, [])

    def text(node):
        return (f"if %{node.given[0].name} : (tensor<i1>) -> ({', '.join(t.type for t in results)}) {{\n"
                f"{regions[0].lines('    ')}  }} else {{\n{regions[1].lines('    ')}  }}")
    add(b, Control("if", [flag], regions, results, text, run))


def add(b, node):
    b.graph.nodes.append(node)
    b.tensors += node.results


def scan(b):
    r = b.random
    if b.inside >= DEEPEST:
        return
    states = [small(b) for _ in range(r.randint(0, 2))]
    over = [b.pick(lambda t: t.shape and b.most(t.shape) <= 200 and (isinstance(t.shape[0], Dim) or t.shape[0] <= 4))]
    if None in states or r.random() < 0.2 and states:
        over = []
    states = [s for s in states if s]
    if None in over or not over and not states:
        return
    if over and r.random() < 0.4:
        over.append(b.pick(lambda t: t.shape and t.shape[0] == over[0].shape[0] and b.most(t.shape) <= 200))
    over = [t for t in over if t]
    trips = over[0].shape[0] if over else r.randint(0, 3)
    arguments = [argument(b, t.shape, t.dtype) for t in states] + [argument(b, t.shape[1:], t.dtype) for t in over]
    made, inner = body(b, arguments, r.randint(1, 5))
    yields = [like(b, made, [t for t in inner if t is not a], a) for a in arguments[:len(states)]]
    pool = [t for t in inner + arguments if len(t.shape) < 4 and b.most((trips,) + t.shape) <= b.most_elements]
    yields += [r.choice(pool) for _ in range(r.randint(0 if states else 1, 2)) if pool]
    if not yields:
        return
    results = [Tensor(b.name("t"), t.shape, t.dtype) for t in states]
    results += [Tensor(b.name("t"), (trips,) + t.shape, t.dtype) for t in yields[len(states):]]
    reverse, region, count = r.random() < 0.3, Region(arguments, made, yields), len(states)
    stacks = yields[count:]

    def run(call, around, given):
        now, inputs = given[:count], given[count:]
        n = len(inputs[0]) if inputs else trips
        rounds = [None] * n
        for t in range(n)[::-1] if reverse else range(n):
            out = region.run(call, around, list(now) + [x[t] for x in inputs])
            now, rounds[t] = out[:count], out[count:]
        made = []
        for k, t in enumerate(stacks):
            shape = [size_of(d, call.sizes) for d in t.shape] if not n else None
            made.append(np.stack([v[k] for v in rounds]) if n else np.zeros([0] + shape))
        return list(now) + made

    def text(node):
        bind = lambda names, tensors: ", ".join(f"%{a.name} = %{t.name}" for a, t in zip(names, tensors))
        attrs = ["reverse"] * reverse + ([f"trips = {trips} : i64"] if not over else [])
        given, outs = ", ".join(t.type for t in node.given), ", ".join(t.type for t in results)
        return (f"scan ({bind(arguments, node.given[:count])})" +
                (f" over ({bind(arguments[count:], node.given[count:])})" if over else "") +
                (f" {{{', '.join(attrs)}}}" if attrs else "") + f" : ({given}) -> ({outs}) {{\n{region.lines('    ')}  }}")
    add(b, Control("scan", states + over, [region], results, text, run))


def loop(b):
    """As long as a counter, and perhaps the state, say; at most so many rounds where there is a bound."""
    r = b.random
    states = [small(b) for _ in range(r.randint(1, 2))]
    if b.inside >= DEEPEST or None in states:
        return
    start, one = b.constant(np.int64(0), "i64"), b.constant(np.int64(1), "i64")
    most = r.choice([None, 2, 4])
    limit = b.constant(np.int64(r.randint(0, 4)), "i64")
    place = argument(b, (), "i64")
    arguments = [argument(b, t.shape, t.dtype) for t in states]
    go, after = Tensor(b.name("t"), (), "i1"), Tensor(b.name("t"), (), "i64")
    condition = [Node("less {0}, {1}", [place, limit], [go], lambda c, n, v, w: v < w)]
    watched = next((t for t in arguments if t.is_float and static(t.shape)), None)
    if watched and r.random() < 0.4:
        low, all_low, both = (Tensor(b.name("t"), s, "i1") for s in (watched.shape, (), ()))
        half = b.constant(np.asarray(0.5), watched.dtype)
        condition += [Node("less {0}, {1}", [watched, half], [low], lambda c, n, v, w: v < w),
                      Node("reduce_all {0}", [low], [all_low], lambda c, n, v: np.all(v)),
                      Node("logical_and {0}, {1}", [go, all_low], [both], lambda c, n, v, w: v & w)]
        go = both
    made, inner = body(b, arguments, r.randint(1, 5))
    made.append(Node("add {0}, {1}", [place, one], [after], lambda c, n, v, w: v + w))
    yields = [like(b, made, [t for t in inner if t is not a], a) for a in arguments]
    tests, step = Region([place] + arguments, condition, [go]), Region([place] + arguments, made, [after] + yields)
    results = [Tensor(b.name("t"), t.shape, t.dtype) for t in [place] + states]

    def run(call, around, given):
        rounds = 0
        while (most is None or rounds < most) and bool(tests.run(call, around, given)[0]):
            given, rounds = step.run(call, around, given), rounds + 1
        return given

    def text(node):
        bind = ", ".join(f"%{a.name} = %{t.name}" for a, t in zip([place] + arguments, node.given))
        bound = f" {{max_trips = {most} : i64}}" if most is not None else ""
        return (f"while ({bind}){bound} : {', '.join(t.type for t in results)} {{\n{tests.lines('    ')}  }} do {{\n"
                f"{step.lines('    ')}  }}")
    add(b, Control("while", [start] + states, [tests, step], results, text, run, barrier=most is None))


TABLE = {branch: 0.5, scan: 0.7, loop: 0.4}
