"""Makes a failing graph small: every part that it fails without goes."""
from generate import complete, valid
from graph import Dim, Leaf, Tensor


def snapshot(graph):
    return (list(graph.leaves), [(n, [list(p) for p in n.parts()]) for n in graph.nodes],
            [(f, list(f.inputs), list(f.outputs), list(f.pairs), list(f.effects), list(f.checkpoints)) for f in graph.functions])


def restore(graph, saved):
    graph.leaves, nodes, functions = list(saved[0]), saved[1], saved[2]
    for node, parts in nodes:
        for now, then in zip(node.parts(), parts):
            now[:] = then
    graph.functions = []
    for f, *parts in functions:
        f.inputs, f.outputs, f.pairs, f.effects, f.checkpoints = map(list, parts)
        graph.functions.append(f)


def cut(graph, tensor):
    """The tensor's uses take a new placeholder."""
    new = Tensor(tensor.name + "_", tensor.shape, tensor.dtype, tensor.sparse)
    leaf = Leaf("placeholder", new)
    leaf.role = getattr(tensor.node, "role", None)
    graph.leaves.append(leaf)
    swap = lambda t: new if t is tensor else t
    for node in graph.nodes:
        for i, part in enumerate(node.parts()):
            first = 1 if i == 0 and getattr(node, "variables", None) else 0
            part[first:] = [swap(t) for t in part[first:]]
    for f in graph.functions:
        f.inputs = [t for t in f.inputs if t is not tensor]
        f.outputs = [t for t in f.outputs if t is not tensor]
        f.checkpoints = [t for t in f.checkpoints if t is not tensor]
        f.pairs = [(v, swap(n), swap(c) if c else None) for v, n, c in f.pairs]


def edits(graph):
    """Functions that take something away."""
    for f in list(graph.functions):
        if len(graph.functions) > 1:
            yield lambda f=f: graph.functions.remove(f)
    for f in list(graph.functions):
        for part in ("outputs", "pairs", "effects", "inputs", "checkpoints"):
            for item in list(getattr(f, part)):
                yield lambda f=f, part=part, item=item: getattr(f, part).remove(item)
    reached = list(dict.fromkeys(n for f in graph.functions for n in f.reached()))
    for node in reversed(reached):
        for other in list(node.after):
            yield lambda node=node, other=other: node.after.remove(other)
        plain = node.kind == "op" and all(isinstance(d, int) or d.symbol in "nm" for t in node.results for d in t.shape)
        if plain:
            for t in node.results:
                yield lambda t=t: cut(graph, t)


def reduce(graph, failure_of, kind, limit=400):
    """`failure_of(graph)` runs it. Keeps the kind of failure."""
    tried, again = 0, True
    while again and tried < limit:
        again = False
        saved = snapshot(graph)
        for edit in list(edits(graph)):
            try:
                edit()
                for f in graph.functions:
                    complete(f)
                good = all(valid(f) for f in graph.functions)
            except ValueError:                              # already gone
                good = False
            tried += 1
            if good and tried < limit and failure_of(graph) == kind:
                saved, again = snapshot(graph), True
            else:
                restore(graph, saved)
    return graph
