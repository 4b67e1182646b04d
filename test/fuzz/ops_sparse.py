"""Generators of ops on sparse placeholders, whose entries the evaluator holds (`Coo`)."""
import numpy as np

from evaluate import Scaled


def sparse(b):
    s = b.pick(sparse=True) if b.random.random() < 0.7 else None
    if s is None:
        dtype = b.random.choice(["f32", "f32", "f64", "i32"])
        shape = (b.symbol(), 3) if b.random.random() < 0.8 else (4, 3)
        index, most = b.random.choice(["", "<index = i32>"]), b.random.choice(["", " max_nnz 40"])
        s = b.placeholder(shape, dtype, sparse=f"#fn.coo{index}", more=most)
    # With the size of what is added up.
    scaled = lambda f, *v: Scaled(f(*v), f(*map(abs, v))) if s.is_float else f(*v)
    op = b.random.choice(["to_dense", "reduce_sum", "left", "left", "left", "right", "right", "add", "mul", "transpose", "concat"])
    if op == "to_dense":
        b.op("to_dense {0}", [s], s.shape, s.dtype, lambda c, n, v: scaled(lambda u: u.dense(), v), exact="whole")
    elif op == "reduce_sum":
        axis = b.random.randrange(2)
        b.op(f"reduce_sum {{0}} {{{{axes = array<i64: {axis}>}}}}", [s], (s.shape[1 - axis],), s.dtype,
             lambda c, n, v: scaled(lambda u: u.sum(axis), v), exact="whole")
    elif op == "transpose":
        b.op("transpose {0} {{perm = array<i64: 1, 0>}}", [s], s.shape[::-1], s.dtype, lambda c, n, v: v.T, sparse=s.sparse,
             exact=True)
    elif op == "concat":
        t = b.pick(lambda u: u.dtype == s.dtype and len(u.shape) == 2 and u.shape[0] == s.shape[0])
        if t:
            b.op("concat {0}, {1} {{axis = 1 : i64}}", [s, t], (s.shape[0], b.sum_of(s.shape[1], t.shape[1])), s.dtype,
                 lambda c, n, v, w: scaled(lambda p, q: np.concatenate([p.dense(), q], 1), v, w), exact="whole")
    elif op in ("left", "right"):
        ts = b.random.random() < 0.5
        rows, inner = s.shape[::-1] if ts else s.shape
        if op == "right":
            rows, inner = inner, rows
        place = lambda tt: (1 if tt else 0) if op == "left" else (0 if tt else 1)
        tt = b.random.random() < 0.5
        t = b.pick(lambda u: u.dtype == s.dtype and len(u.shape) == 2 and u.shape[place(tt)] == inner)
        if not t:
            shape = (inner, b.random.choice([2, 9, 24]))
            t = b.source(shape[::-1] if place(tt) else shape, s.dtype)
        turn = lambda v, flag: v.T if flag else v
        other = t.shape[1 - place(tt)]
        first, second = (s, t) if op == "left" else (t, s)
        fa, fb = (ts, tt) if op == "left" else (tt, ts)
        attrs = ", ".join(["transpose_a"] * fa + ["transpose_b"] * fb)
        product = (lambda v, w: v @ w) if op == "left" else (lambda v, w: (w.T @ v.T).T)
        b.op(f"matmul {{0}}, {{1}} {{{{{attrs}}}}}", [first, second], (rows, other) if op == "left" else (other, rows), s.dtype,
             lambda c, n, v, w: scaled(product, turn(v, fa), turn(w, fb)), exact="whole")
    else:
        t = b.pick(lambda u: u.dtype == s.dtype and u.shape == s.shape)
        if not t:
            return
        if op == "add":
            b.op("add {0}, {1}", [s, t], s.shape, s.dtype, lambda c, n, v, w: scaled(lambda p, q: p.dense() + q, v, w), exact="whole")
            return
        made = b.op("mul {0}, {1}", [s, t], s.shape, s.dtype, lambda c, n, v, w: v * w, sparse=s.sparse, exact="whole")
        b.op("to_dense {0}", [made], s.shape, s.dtype, lambda c, n, v: scaled(lambda u: u.dense(), v), exact="whole")


TABLE = {sparse: 0.7}
