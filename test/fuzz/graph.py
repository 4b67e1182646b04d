"""Graphs as data: tensors, nodes, effects and functions, and their text.

A dimension is an int or a `Dim`: a multiple of a symbol's size and a number, `?` in the text. Dimensions that are no such
form get a symbol of their own, which only a call knows.
"""
import dataclasses
import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import dense  # noqa: E402

import elements  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Dim:
    symbol: str
    times: int = 1
    plus: int = 0

    def scaled(self, times, plus=0):
        return Dim(self.symbol, self.times * times, self.plus * times + plus)

    def size(self, sizes):
        return self.times * sizes[self.symbol] + self.plus


def size_of(dim, sizes):
    return dim if isinstance(dim, int) else dim.size(sizes)


class Tensor:
    def __init__(self, name, shape, dtype, sparse=None):
        self.name, self.shape, self.dtype, self.sparse = name, tuple(shape), dtype, sparse
        self.node, self.index = None, 0

    @property
    def type(self):
        dims = "".join(("?" if isinstance(d, Dim) else str(d)) + "x" for d in self.shape)
        return f"tensor<{dims}{self.dtype}{', ' + self.sparse if self.sparse else ''}>"

    @property
    def is_float(self):
        return self.dtype in elements.FLOATS

    def __repr__(self):
        return f"%{self.name} : {self.type}"


class Node:
    """An op. `text` has {0}, {1}, .. for its operands; `compute(call, *arrays)` gives its results.

    signature: "function" writes types as (operands) -> results, "list" the operands' alone, "same" the first operand's.
    exact: results are rounded once. rule: differentiable by its float operands. held: results that pass no gradient. apart: places of operands that none
    reaches.
    """
    kind, barrier = "op", False                             # barrier: a gradient through it is an error

    def __init__(self, text, operands, results, compute, signature="function", exact=False, rule=True, held=(), apart=()):
        self.text, self.operands, self.results, self.compute = text, list(operands), list(results), compute
        self.signature, self.exact, self.rule, self.held, self.apart, self.after = signature, exact, rule, held, apart, []
        for i, result in enumerate(self.results):
            result.node, result.index = self, i

    @property
    def op(self):
        return self.text.split()[0] if self.text else self.kind

    def line(self):
        names = ", ".join("%" + r.name for r in self.results)
        body = self.text.format(*["%" + o.name for o in self.operands])
        operands, results = [o.type for o in self.operands], [r.type for r in self.results]
        if self.signature == "same":
            types = f" : {operands[0]}"
        elif self.signature == "list":
            types = " : " + ", ".join(operands)
        elif self.signature == "none":
            types = ""
        elif operands:
            outs = results[0] if len(results) == 1 else f"({', '.join(results)})"
            types = f" : ({', '.join(operands)}) -> {outs}"
        else:
            types = f" : {results[0]}"
        return f"{names} = fn.{body}{types}"

    def used(self):
        """The tensors whose values it takes."""
        return self.operands

    def parts(self):
        """The lists that say what it uses."""
        return [self.operands, self.after]


class Leaf(Node):
    """A placeholder or a variable. `data`: the initial or default value, encoded."""

    def __init__(self, kind, tensor, data=None, bounds=None, more=""):
        super().__init__("", [], [tensor], None)
        self.kind, self.data, self.bounds, self.more = kind, data, bounds, more

    def line(self):
        t = self.results[0]
        if self.kind == "constant":
            return f"%{t.name} = fn.constant {dense(self.data)} : {t.type}"
        bounds = f" bounds [{', '.join(map(str, self.bounds))}]" if self.bounds else ""
        data = "" if self.data is None else (" = " if self.kind == "variable" else " default ") + dense(self.data)
        return f'%{t.name} = fn.{self.kind} "{t.name}" as "{self.kind[0]}_{t.name}"{bounds}{self.more} : {t.type}{data}'


class Effect(Node):
    """A node with a control result `control`. Of a write or a read, operand 0 names the variable."""
    kind = "effect"

    def __init__(self, name, text, operands, results, after, apply=None, variables=(), writes=True, **options):
        super().__init__(text, operands, results, None, **options)
        self.name, self.after, self.apply = name, list(after), apply
        self.variables, self.writes = list(variables), writes

    @property
    def control(self):
        return f"%{self.name}"

    def line(self):
        after = ", ".join(e.control for e in self.after)
        after = (after if self.op == "group" else f" after({after})") if after else ""
        names = ", ".join(["%" + r.name for r in self.results] + [self.control])
        body = self.text.format(*["%" + o.name for o in self.operands], after=after)
        types = ", ".join(o.type for o in self.operands)
        if self.op == "minimize":
            types = f"{self.operands[0].type}, ({', '.join(o.type for o in self.operands[1:1 + len(self.variables)])})"
        return f"{names} = fn.{body}" + (f" : {types}" if types else "")

    def used(self):
        named = 1 if self.variables and self.op != "minimize" else 0
        return self.operands[named:]


@dataclasses.dataclass
class Function:
    name: str
    inputs: list
    outputs: list
    pairs: list                                             # (variable, value, condition or None)
    effects: list
    checkpoints: list = dataclasses.field(default_factory=list)

    def roots(self):
        pairs = itertools.chain.from_iterable(p[1:] for p in self.pairs)
        return self.outputs + [t for t in pairs if t is not None]

    def line(self):
        def fed(t):
            return ("" if isinstance(t.node, Leaf) else f'"{t.name}" = ') + repr(t)
        inputs = ", ".join(map(fed, self.inputs))
        outputs = ", ".join(f'"o{i}" = {t}' for i, t in enumerate(self.outputs))
        updates = [f"%{v.name} = %{n.name}{f' if %{c.name}' if c else ''} : {v.type}" for v, n, c in self.pairs]
        updates = ", ".join(updates + [e.control for e in self.effects])
        kept = f" checkpoint({', '.join(map(repr, self.checkpoints))})" if self.checkpoints else ""
        return f'fn.function @{self.name} as "f_{self.name}" inputs({inputs}) outputs({outputs}) updates({updates}){kept}'

    def reached(self):
        """Nodes that it needs, each after what it uses; what is fed cuts the way. Sets aside the fed leaves."""
        fed, seen, order = set(self.inputs), set(), []
        stack = [(t.node, False) for t in reversed(self.roots()) if t not in fed]
        stack = [(e, False) for e in reversed(self.effects)] + stack
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(t.node, False) for t in node.used() if t not in fed] + [(e, False) for e in node.after]
        return order


class Graph:
    def __init__(self):
        self.leaves, self.nodes, self.functions = [], [], []

    @property
    def variables(self):
        return [n.results[0] for n in self.leaves if n.kind == "variable"]

    def lines(self):
        needed = set().union(*(f.reached() for f in self.functions))
        for f in self.functions:
            needed |= {t.node for t in f.inputs} | {v.node for v, _, _ in f.pairs}
        todo = list(needed)
        while todo:                                         # what is fed stands in the text, and what makes it
            node = todo.pop()
            more = [t.node for t in node.operands] + list(node.after)
            todo += [n for n in more if n not in needed]
            needed |= set(more)
        everything = self.leaves + self.nodes
        return [n.line() for n in everything if n in needed] + [f.line() for f in self.functions]

    def text(self, shuffle=None):
        lines = self.lines()
        if shuffle:
            shuffle.shuffle(lines)
        return "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n"
