"""Generators of ops on sparse placeholders, which the evaluator holds as dense arrays."""
import numpy as np

from evaluate import Scaled
from ops_contraction import summed


def sparse(b):
    s = b.pick(sparse=True) if b.random.random() < 0.7 else None
    if s is None:
        dtype = b.random.choice(["f32", "f32", "f64", "i32"])
        shape = (b.symbol(), 3) if b.random.random() < 0.8 else (4, 3)
        index, most = b.random.choice(["", "<index = i32>"]), b.random.choice(["", " max_nnz 40"])
        s = b.placeholder(shape, dtype, sparse=f"#fn.coo{index}", more=most)
    total = lambda v, **k: Scaled(v.sum(**k), np.abs(v).sum(**k)) if s.is_float else v.sum(dtype=v.dtype, **k)
    op = b.random.choice(["to_dense", "reduce_sum", "left", "left", "right", "right", "add", "mul", "transpose", "concat"])
    if op == "to_dense":
        b.op("to_dense {0}", [s], s.shape, s.dtype, lambda c, n, v: v, exact="whole")
    elif op == "reduce_sum":
        axis = b.random.randrange(2)
        b.op(f"reduce_sum {{0}} {{{{axes = array<i64: {axis}>}}}}", [s], (s.shape[1 - axis],), s.dtype,
             lambda c, n, v: total(v, axis=axis), exact="whole")
    elif op == "transpose":
        b.op("transpose {0} {{perm = array<i64: 1, 0>}}", [s], s.shape[::-1], s.dtype, lambda c, n, v: v.T, sparse=s.sparse,
             exact=True)
    elif op == "concat":
        t = b.pick(lambda u: u.dtype == s.dtype and len(u.shape) == 2 and u.shape[0] == s.shape[0])
        if t:
            b.op("concat {0}, {1} {{axis = 1 : i64}}", [s, t], (s.shape[0], b.sum_of(s.shape[1], t.shape[1])), s.dtype,
                 lambda c, n, v, w: np.concatenate([v, w], 1), exact="whole")
    elif op in ("left", "right"):
        ts = b.random.random() < 0.5
        rows, inner = s.shape[::-1] if ts else s.shape
        if op == "right":
            rows, inner = inner, rows
        place = lambda tt: (1 if tt else 0) if op == "left" else (0 if tt else 1)
        tt = b.random.random() < 0.5
        t = b.pick(lambda u: u.dtype == s.dtype and len(u.shape) == 2 and u.shape[place(tt)] == inner)
        if not t:
            return
        turn = lambda v, flag: v.T if flag else v
        other = t.shape[1 - place(tt)]
        first, second = (s, t) if op == "left" else (t, s)
        fa, fb = (ts, tt) if op == "left" else (tt, ts)
        attrs = ", ".join(["transpose_a"] * fa + ["transpose_b"] * fb)
        b.op(f"matmul {{0}}, {{1}} {{{{{attrs}}}}}", [first, second], (rows, other) if op == "left" else (other, rows), s.dtype,
             lambda c, n, v, w: summed(np.matmul, turn(v, fa), turn(w, fb), s.is_float), exact="whole")
    else:
        t = b.pick(lambda u: u.dtype == s.dtype and u.shape == s.shape)
        if not t:
            return
        product = op == "mul"
        made = b.op(f"{op} {{0}}, {{1}}", [s, t], s.shape, s.dtype,
                    lambda c, n, v, w: np.where(v == 0, np.zeros_like(v), v * w) if product else v + w,
                    sparse=f"{s.sparse}" if product else None, exact="whole")
        if product:
            b.op("to_dense {0}", [made], s.shape, s.dtype, lambda c, n, v: v, exact="whole")


TABLE = {sparse: 0.7}
