#!/usr/bin/env python3
"""Branches and loops through generated objects against NumPy, gradients against finite differences: control.py FNC.

Ends with `N passed, N failed`.
"""
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

from checks import check, finish

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import Library  # noqa: E402

V, M, S, F, I = "tensor<3xf64>", "tensor<3x3xf64>", "tensor<f64>", "tensor<i1>", "tensor<i64>"
XS = "tensor<?x3xf64>"

GRAPH = f"""fn.graph @g {{
  %flag = fn.placeholder "flag" : {F}
  %x = fn.placeholder "x" : {V}
  %y = fn.placeholder "y" : {V}
  %w = fn.placeholder "w" : {M}
  %xs = fn.placeholder "xs" : {XS}
  %limit = fn.placeholder "limit" : {S}
  %n = fn.placeholder "n" : {I}
  %at = fn.placeholder "at" : tensor<?xi64>
  %a = fn.variable "a" : {V} = dense<[1.0, 2.0, 3.0]>
  %b = fn.variable "b" : {V} = dense<[4.0, 5.0, 6.0]>
  %zero = fn.constant dense<0> : {I}
  %one = fn.constant dense<1> : {I}
  %half = fn.constant dense<0.5> : {S}

  // A branch: of values, nested, of a variable as it is.
  %if = fn.if %flag : ({F}) -> {V} {{
    %p = fn.mul %x, %y : ({V}, {V}) -> {V}
    %q = fn.exp %p : {V}
    fn.yield %q : {V}
  }} else {{
    %p = fn.sub %x, %y : ({V}, {V}) -> {V}
    fn.yield %p : {V}
  }}
  %ifs = fn.reduce_sum %if : ({V}) -> {S}
  %ifdx, %ifdy = fn.gradients %ifs, (%x, %y) : ({S}, {V}, {V}) -> ({V}, {V})
  fn.function @branch as "f_branch" inputs(%flag : {F}, %x : {V}, %y : {V}) outputs("y" = %if : {V}, "dx" = %ifdx : {V}, "dy" = %ifdy : {V})

  %swap = fn.if %flag : ({F}) -> {V} {{
    fn.yield %b : {V}
  }} else {{
    fn.yield %a : {V}
  }}
  %back, %kept = fn.if %flag : ({F}) -> ({V}, {V}) {{
    fn.yield %a, %x : {V}, {V}
  }} else {{
    %inner = fn.if %flag : ({F}) -> {V} {{
      fn.yield %x : {V}
    }} else {{
      %twice = fn.add %b, %b : ({V}, {V}) -> {V}
      fn.yield %twice : {V}
    }}
    fn.yield %b, %inner : {V}, {V}
  }}
  fn.function @swap as "f_swap" inputs(%flag : {F}, %x : {V}) outputs("kept" = %kept : {V}) updates(%a = %swap : {V}, %b = %back : {V})

  // An output, or else what was there before it.
  %earlier = fn.add %x, %y : ({V}, {V}) -> {V}
  %stored = fn.neg %earlier : {V}
  %either = fn.if %flag : ({F}) -> {V} {{
    fn.yield %earlier : {V}
  }} else {{
    fn.yield %stored : {V}
  }}
  %chosen = fn.mul %either, %earlier : ({V}, {V}) -> {V}
  %deep = fn.if %flag : ({F}) -> {V} {{
    fn.yield %stored : {V}
  }} else {{
    %more = fn.greater %limit, %half : ({S}, {S}) -> {F}
    %in = fn.if %more : ({F}) -> {V} {{
      %made = fn.mul %earlier, %stored : ({V}, {V}) -> {V}
      fn.yield %made : {V}
    }} else {{
      fn.yield %earlier : {V}
    }}
    fn.yield %in : {V}
  }}
  fn.function @either as "f_either" inputs(%flag : {F}, %x : {V}, %y : {V}, %limit : {S}) outputs("chosen" = %chosen : {V}, "stored" = %stored : {V}, "deep" = %deep : {V})

  // A loop of as many rounds as it takes.
  %rounds, %grown = fn.while (%i = %zero, %v = %x) : {I}, {V} {{
    %sum = fn.reduce_sum %v : ({V}) -> {S}
    %go = fn.less %sum, %limit : ({S}, {S}) -> {F}
    fn.yield %go : {F}
  }} do {{
    %j = fn.add %i, %one : ({I}, {I}) -> {I}
    %u = fn.matmul %w, %v : ({M}, {V}) -> {V}
    fn.yield %j, %u : {I}, {V}
  }}
  fn.function @grow as "f_grow" inputs(%x : {V}, %w : {M}, %limit : {S}) outputs("rounds" = %rounds : {I}, "v" = %grown : {V}) updates(%a = %grown : {V})

  // States that change places.
  %fi, %fa, %fb = fn.while (%i = %zero, %p = %a, %q = %b) {{max_trips = 5 : i64}} : {I}, {V}, {V} {{
    %go = fn.less %i, %n : ({I}, {I}) -> {F}
    fn.yield %go : {F}
  }} do (%i, %p, %q) {{
    %j = fn.add %i, %one : ({I}, {I}) -> {I}
    fn.yield %j, %q, %p : {I}, {V}, {V}
  }}
  fn.function @places as "f_places" inputs(%n : {I}) outputs("i" = %fi : {I}) updates(%a = %fa : {V}, %b = %fb : {V})

  // A bounded loop has a gradient.
  %bi, %bv = fn.while (%i = %zero, %v = %x) {{max_trips = 6 : i64}} : {I}, {V} {{
    %sum = fn.reduce_sum %v : ({V}) -> {S}
    %go = fn.less %sum, %limit : ({S}, {S}) -> {F}
    fn.yield %go : {F}
  }} do {{
    %j = fn.add %i, %one : ({I}, {I}) -> {I}
    %u = fn.matmul %w, %v : ({M}, {V}) -> {V}
    %t = fn.mul %u, %y : ({V}, {V}) -> {V}
    fn.yield %j, %t : {I}, {V}
  }}
  %bs = fn.reduce_sum %bv : ({V}) -> {S}
  %bdx, %bdw, %bdy = fn.gradients %bs, (%x, %w, %y) : ({S}, {V}, {M}, {V}) -> ({V}, {M}, {V})
  fn.function @bounded as "f_bounded" inputs(%x : {V}, %w : {M}, %y : {V}, %limit : {S}) outputs("i" = %bi : {I}, "v" = %bv : {V}, "dx" = %bdx : {V}, "dw" = %bdw : {M}, "dy" = %bdy : {V})
  fn.function @bounded_value as "f_bounded_value" inputs(%x : {V}, %w : {M}, %y : {V}, %limit : {S}) outputs("i" = %bi : {I}, "v" = %bv : {V})

  // A scan, forwards and backwards, with a value of the state before and one that nothing changes.
  %last, %still, %all, %before = fn.scan (%h = %x, %k = %y) over (%s = %xs) : ({V}, {V}, {XS}) -> ({V}, {V}, {XS}, {XS}) {{
    %r = fn.matmul %w, %h : ({M}, {V}) -> {V}
    %z = fn.add %r, %s : ({V}, {V}) -> {V}
    %t = fn.tanh %z : {V}
    %o = fn.mul %t, %k : ({V}, {V}) -> {V}
    fn.yield %t, %k, %o, %h : {V}, {V}, {V}, {V}
  }}
  %rlast, %rall = fn.scan (%h = %x) over (%s = %all) {{reverse}} : ({V}, {XS}) -> ({V}, {XS}) {{
    %z = fn.mul %h, %s : ({V}, {V}) -> {V}
    %t = fn.add %z, %s : ({V}, {V}) -> {V}
    fn.yield %t, %z : {V}, {V}
  }}
  %l0 = fn.reduce_sum %rlast : ({V}) -> {S}
  %l1 = fn.mul %rall, %before : ({XS}, {XS}) -> {XS}
  %l2 = fn.reduce_sum %l1 : ({XS}) -> {S}
  %loss = fn.add %l0, %l2 : ({S}, {S}) -> {S}
  %sdx, %sdy, %sdw, %sdxs = fn.gradients %loss, (%x, %y, %w, %xs) : ({S}, {V}, {V}, {M}, {XS}) -> ({V}, {V}, {M}, {XS})
  fn.function @scan as "f_scan" inputs(%x : {V}, %y : {V}, %w : {M}, %xs : {XS}) outputs("loss" = %loss : {S}, "still" = %still : {V}, "dx" = %sdx : {V}, "dy" = %sdy : {V}, "dw" = %sdw : {M}, "dxs" = %sdxs : {XS})
  fn.function @scan_value as "f_scan_value" inputs(%x : {V}, %y : {V}, %w : {M}, %xs : {XS}) outputs("last" = %last : {V}, "all" = %all : {XS}, "rall" = %rall : {XS}) updates(%a = %last : {V})
  // Second order: the gradient's square.
  %sq = fn.mul %sdx, %sdx : ({V}, {V}) -> {V}
  %ssq = fn.reduce_sum %sq : ({V}) -> {S}
  %hx, %hw = fn.gradients %ssq, (%x, %w) : ({S}, {V}, {M}) -> ({V}, {M})
  fn.function @second as "f_second" inputs(%x : {V}, %y : {V}, %w : {M}, %xs : {XS}) outputs("sq" = %ssq : {S}, "hx" = %hx : {V}, "hw" = %hw : {M})

  // A loop in a loop, and a branch in that.
  %outer = fn.scan (%h = %x) over (%s = %xs) : ({V}, {XS}) -> {V} {{
    %inner = fn.scan (%g = %h) {{trips = 3 : i64}} : ({V}) -> {V} {{
      %m = fn.matmul %w, %g : ({M}, {V}) -> {V}
      %d = fn.reduce_sum %m : ({V}) -> {S}
      %big = fn.greater %d, %half : ({S}, {S}) -> {F}
      %c = fn.if %big : ({F}) -> {V} {{
        %p = fn.sin %m : {V}
        fn.yield %p : {V}
      }} else {{
        %p = fn.mul %m, %s : ({V}, {V}) -> {V}
        fn.yield %p : {V}
      }}
      fn.yield %c : {V}
    }}
    fn.yield %inner : {V}
  }}
  %os = fn.reduce_sum %outer : ({V}) -> {S}
  %odx, %odw, %odxs = fn.gradients %os, (%x, %w, %xs) : ({S}, {V}, {M}, {XS}) -> ({V}, {M}, {XS})
  fn.function @nested as "f_nested" inputs(%x : {V}, %w : {M}, %xs : {XS}) outputs("y" = %outer : {V}, "dx" = %odx : {V}, "dw" = %odw : {M}, "dxs" = %odxs : {XS})

  // Checks in regions fail the call, and only where the region runs.
  %picked = fn.scan (%h = %x) over (%i = %at) : ({V}, tensor<?xi64>) -> {V} {{
    %row = fn.gather %w, %i {{axis = 0 : i64}} : ({M}, {I}) -> {V}
    %t = fn.add %h, %row : ({V}, {V}) -> {V}
    fn.yield %t : {V}
  }}
  %maybe = fn.if %flag : ({F}) -> {V} {{
    %f = fn.check_finite %x, "x" : {V}
    %row = fn.gather %w, %n {{axis = 0 : i64}} : ({M}, {I}) -> {V}
    %t = fn.add %f, %row : ({V}, {V}) -> {V}
    fn.yield %t : {V}
  }} else {{
    fn.yield %x : {V}
  }}
  %ci, %cv = fn.while (%i = %zero, %v = %x) : {I}, {V} {{
    %row = fn.gather %w, %i {{axis = 0 : i64}} : ({M}, {I}) -> {V}
    %sum = fn.reduce_sum %row : ({V}) -> {S}
    %go = fn.less %sum, %limit : ({S}, {S}) -> {F}
    fn.yield %go : {F}
  }} do {{
    %j = fn.add %i, %one : ({I}, {I}) -> {I}
    %u = fn.add %v, %v : ({V}, {V}) -> {V}
    fn.yield %j, %u : {I}, {V}
  }}
  fn.function @pick as "f_pick" inputs(%x : {V}, %w : {M}, %at : tensor<?xi64>) outputs("y" = %picked : {V}) updates(%a = %picked : {V})
  fn.function @maybe as "f_maybe" inputs(%flag : {F}, %x : {V}, %w : {M}, %n : {I}) outputs("y" = %maybe : {V}) updates(%a = %maybe : {V})
  fn.function @search as "f_search" inputs(%x : {V}, %w : {M}, %limit : {S}) outputs("i" = %ci : {I}, "v" = %cv : {V}) updates(%a = %cv : {V})
}}
"""

# Bounded loops in bounded loops that begin with one value, and values that no result depends on.
MORE = f"""fn.graph @g {{
  %x = fn.placeholder "x" : {V}
  %xs = fn.placeholder "xs" : {XS}
  %n = fn.placeholder "n" : {I}
  %flag = fn.placeholder "flag" : {F}
  %k = fn.variable "k" : {I} = dense<7>
  %zero = fn.constant dense<0> : {I}
  %one = fn.constant dense<1> : {I}
  %e = fn.exp %x : {V}
  %i, %v, %j = fn.while (%a = %zero, %b = %e, %c = %k) {{max_trips = 2 : i64}} : {I}, {V}, {I} {{
    %go = fn.less %a, %n : ({I}, {I}) -> {F}
    fn.yield %go : {F}
  }} do {{
    %p, %q = fn.while (%d = %zero, %h = %e) {{max_trips = 3 : i64}} : {I}, {V} {{
      %go = fn.less %d, %n : ({I}, {I}) -> {F}
      fn.yield %go : {F}
    }} do {{
      %next = fn.add %d, %one : ({I}, {I}) -> {I}
      fn.yield %next, %h : {I}, {V}
    }}
    %next = fn.add %a, %one : ({I}, {I}) -> {I}
    %t = fn.mul %q, %b : ({V}, {V}) -> {V}
    fn.yield %next, %t, %p : {I}, {V}, {I}
  }}
  %g = fn.gradients %v, (%x) : ({V}, {V}) -> {V}
  fn.function @rounds as "f_rounds" inputs(%x : {V}, %n : {I}) outputs("v" = %v : {V}, "g" = %g : {V}) updates(%k = %j : {I})

  %dead = fn.div %x, %x : ({V}, {V}) -> {V}
  %last, %held = fn.scan (%s = %x, %u = %dead) over (%r = %xs) : ({V}, {V}, {XS}) -> ({V}, {V}) {{
    %t = fn.mul %s, %r : ({V}, {V}) -> {V}
    %w = fn.add %u, %t : ({V}, {V}) -> {V}
    fn.yield %t, %w : {V}, {V}
  }}
  %dl = fn.gradients %last, (%x) : ({V}, {V}) -> {V}
  fn.function @dead_state as "f_dead_state" inputs(%x : {V}, %xs : {XS}) outputs("g" = %dl : {V})
  %one_of, %other = fn.if %flag : ({F}) -> ({V}, {V}) {{
    %t = fn.add %x, %x : ({V}, {V}) -> {V}
    fn.yield %t, %dead : {V}, {V}
  }} else {{
    fn.yield %x, %dead : {V}, {V}
  }}
  %di = fn.gradients %one_of, (%x) : ({V}, {V}) -> {V}
  fn.function @dead_branch as "f_dead_branch" inputs(%x : {V}, %flag : {F}) outputs("g" = %di : {V})
}}
"""


def differences(f, arrays, i):
    g = np.zeros_like(arrays[i])
    for at in np.ndindex(g.shape):
        pair = []
        for step in (1e-6, -1e-6):
            moved = [a.copy() if j == i else a for j, a in enumerate(arrays)]
            moved[i][at] += step
            pair.append(f(*moved))
        g[at] = (pair[0] - pair[1]) / 2e-6
    return g


def scan(x, y, w, xs):
    h, alls, before = x, [], []
    for s in xs:
        before.append(h)
        h = np.tanh(w @ h + s)
        alls.append(h * y)
    g, rall = x, [None] * len(xs)
    for t in reversed(range(len(xs))):
        z = g * alls[t]
        g, rall[t] = z + alls[t], z
    shape = (len(xs), 3)
    return h, np.array(alls).reshape(shape), np.array(before).reshape(shape), g, np.array(rall).reshape(shape)


def scan_loss(*arrays):
    _, _, before, rlast, rall = scan(*arrays)
    return rlast.sum() + (rall * before).sum()


def nested(x, w, xs):
    for s in xs:
        for _ in range(3):
            m = w @ x
            x = np.sin(m) if m.sum() > 0.5 else m * s
    return x


def bounded(x, w, y, limit, bound=6):
    i = 0
    while x.sum() < limit and i < bound:
        x, i = (w @ x) * y, i + 1
    return i, x


rng = np.random.default_rng(4)
x, y, w = rng.uniform(0.5, 1.5, 3), rng.uniform(0.5, 1.5, 3), rng.normal(size=(3, 3))
xs = rng.normal(size=(4, 3))
on, off = np.bool_(True), np.bool_(False)


def result(name, inputs, wanted, tolerance=1e-10, gradients=0):
    """Calls it, and checks what it gives: gradients last."""
    status, got = library.call(name, [np.asarray(i) for i in inputs], [np.asarray(v) for v in wanted])
    check(status.code == 0, f"@{name}: status {status.code}")
    for k, (g, v) in enumerate(zip(got, wanted)):
        t = 1e-6 if k >= len(wanted) - gradients else tolerance
        check(np.allclose(g, v, rtol=t, atol=t), f"@{name}, result {k}:\n{g}\nexpected\n{v}")


with tempfile.TemporaryDirectory() as folder:
    library = Library(sys.argv[1], GRAPH, pathlib.Path(folder), sys.argv[2:])

    for flag, f, df in ((on, lambda a, b: np.exp(a * b), lambda a, b: (np.exp(a * b) * b, np.exp(a * b) * a)),
                        (off, lambda a, b: a - b, lambda a, b: (np.ones(3), -np.ones(3)))):
        result("branch", [flag, x, y], [f(x, y), *df(x, y)])
    a, b = library.variable("a"), library.variable("b")
    for flag in (on, on, off, on, off):
        kept = x if flag else 2 * b
        result("swap", [flag, x], [kept])
        a, b = (b, a) if flag else (a, b)
        check(np.array_equal(library.variable("a"), a) and np.array_equal(library.variable("b"), b), f"@swap {flag}")

    for flag in (on, off):
        for limit in (0.0, 1.0):
            before = x + y
            deep = -before if flag else -before * before if limit > 0.5 else before
            result("either", [flag, x, y, limit], [before * before if flag else -before * before, -before, deep])

    grow = np.eye(3) * 1.5
    for limit in (0.0, 10.0, 1000.0):
        i, v = bounded(x, grow, np.ones(3), limit, 100)
        result("grow", [x, grow, limit], [np.int64(i), v])
        check(np.allclose(library.variable("a"), v), "@grow updates its variable")
    for n in (0, 1, 2, 3, 9):
        a, b = library.variable("a"), library.variable("b")
        rounds = min(n, 5)
        result("places", [np.int64(n)], [np.int64(rounds)])
        a, b = (b, a) if rounds % 2 else (a, b)
        check(np.array_equal(library.variable("a"), a) and np.array_equal(library.variable("b"), b), f"@places {n}")
    for limit in (0.0, 8.0, 40.0, 1e9):
        w1 = np.abs(w) + 0.3
        i, v = bounded(x, w1, y, limit)
        total = lambda *arrays: bounded(*arrays, limit)[1].sum()  # noqa: E731
        result("bounded", [x, w1, y, limit], [np.int64(i), v, *(differences(total, [x, w1, y], k) for k in range(3))], gradients=3)
        result("bounded_value", [x, w1, y, limit], [np.int64(i), v])

    for rounds in (4, 1, 0):
        arrays = [x, y, w, xs[:rounds]]
        gradients = [differences(scan_loss, arrays, k) for k in range(4)]
        result("scan", arrays, [np.float64(scan_loss(*arrays)), y, *gradients], gradients=4)
        last, alls, _, _, rall = scan(*arrays)
        result("scan_value", arrays, [last, alls, rall])
        check(np.allclose(library.variable("a"), last), "@scan_value updates its variable")
    arrays = [x, y, w, xs]
    def first(x, y, w, xs):
        status, got = library.call("scan", [x, y, w, xs], [np.float64(0), y, x, y, w, xs])
        return (got[2] ** 2).sum()
    result("second", arrays, [np.float64(first(*arrays)), differences(first, arrays, 0), differences(first, arrays, 2)], gradients=2)

    arrays = [x, w, xs]
    result("nested", arrays, [nested(*arrays), *(differences(lambda *v: nested(*v).sum(), arrays, k) for k in range(3))], gradients=3)

    result("pick", [x, w, np.int64([0, 2, 1, 1])], [x + w[[0, 2, 1, 1]].sum(0)])
    held = library.variable("a").copy()
    for at, got in (([0, 3, 1, 7], 3), ([-1], -1)):
        status, _ = library.call("pick", [x, w, np.int64(at)], [x])
        check(status.code != 0 and status.got == got and status.expected == 3, f"@pick {at}: {status.code}, got {status.got}")
    nan = np.array([1.0, np.nan, 2.0])
    for flag, value, n, fails in ((on, x, 1, False), (off, nan, 9, False), (on, nan, 1, True), (on, x, 9, True)):
        status, got = library.call("maybe", [flag, value, w, np.int64(n)], [x])
        check((status.code != 0) == fails, f"@maybe {flag} {value} {n}: status {status.code}")
        if not fails:
            check(np.array_equal(got[0], value + w[n] if flag else value, equal_nan=True), "@maybe")
            held = library.variable("a").copy()
        check(np.array_equal(library.variable("a"), held, equal_nan=True), "@maybe leaves its variable after a failure")
    sums = np.eye(3) * [[1.0], [2.0], [3.0]]
    result("search", [x, sums, 2.5], [np.int64(2), 4 * x])
    held = library.variable("a").copy()
    status, _ = library.call("search", [x, sums, np.float64(9.0)], [np.int64(0), x])
    check(status.code != 0 and status.got == 3, f"@search: status {status.code}, got {status.got}")
    check(np.array_equal(library.variable("a"), held), "@search leaves its variable after a failure")

with tempfile.TemporaryDirectory() as folder:
    library = Library(sys.argv[1], MORE, pathlib.Path(folder), sys.argv[2:])
    for n in range(5):
        rounds, before = min(n, 2), library.variable("k")
        v = np.exp(x * (1 + rounds))
        result("rounds", [x, np.int64(n)], [v, (1 + rounds) * v])
        check(library.variable("k") == (min(n, 3) if n else before), f"@rounds {n}: {library.variable('k')}")
    none = np.zeros(3)                                      # over itself it is no number
    result("dead_state", [none, xs], [xs.prod(0)])
    for flag in (on, off):
        result("dead_branch", [none, flag], [np.full(3, 1.0 + flag)])
finish()
