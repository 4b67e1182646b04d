"""Random cases of losses, layers, sparse operands and control flow, for gradient_rules.py."""
import numpy as np

from gradient_cases import Case, Open, Operand, array, attrs, binary, cast, clamp, concat, conv, depthwise, expand
from gradient_cases import broadcast_to, gather, matmul, pad, pool, reduction, reshape, reverse, scatter, slice_, softmax, split
from gradient_cases import tile, transpose, unary, where
from run import Sparse

# ---------------------------------------------------------------- losses


def loss(m, op):
    shape = m.shape(1, 3)
    logits = op.endswith("entropy") and m.chance()
    more = ["from_logits" * (logits and op != "softmax_cross_entropy")]
    t = m.normal(shape)
    if op in ("kl_divergence", "binary_cross_entropy", "categorical_cross_entropy"):
        t = m.within(shape, 0.3, 0.9)
    p = m.within(shape, 0.2, 0.8) if (op.endswith("entropy") and not logits) or op in ("kl_divergence", "poisson") else m.normal(shape)
    if op == "sparse_categorical_cross_entropy":
        t = m.ints(shape[:-1], 0, shape[-1])
    elif op in ("binary_cross_entropy", "categorical_cross_entropy"):
        more.append(m.choice("", "label_smoothing = 0.1 : f64"))
    elif op == "huber":
        delta = m.choice(1.0, 0.6)
        more.append(f"delta = {delta} : f64")
    if op in ("mae", "huber"):
        gap = m.apart(shape, [0] if op == "mae" else [delta, -delta], scale=1.0)
        p.array = t.array + gap.array
    elif op in ("hinge", "squared_hinge"):
        t = Operand(m.rng.choice([-1.0, 1.0], shape), tuple(shape), wanted=False)
        p = m.apart(shape, [-1, 1])
    elif op == "cosine_similarity":
        p, t = m.apart(shape, [0]), m.apart(shape, [0])
    operands, weights = [p, t], ""
    reduction = m.choice("mean", "mean", "sum", "none")
    if m.chance(0.4):
        operands.append(m.within(shape[:m.choice(0, len(shape) - 1)], 0.5, 2))
        weights = " weights($2)"
    if reduction != "mean" or m.chance(0.2):
        more.append(f'reduction = "{reduction}"')
    out = shape[:-1] if reduction == "none" else ()
    return Case(f"fn.{op} $0, $1{weights}{attrs(*more)}", operands, [out])


def softmax_cross_entropy(m, op):
    shape = m.shape(1, 3)
    return Case(f"fn.{op} $0, $1", [m.normal(shape), m.normal(shape)], [()])


def regularizer(m, op):
    shape = m.shape(0, 3)
    ways = m.choice(["l1 = 0.3 : f64"], ["l2 = 0.2 : f64"], ["l1 = 0.3 : f64", "l2 = 0.2 : f64"])
    return Case(f"fn.regularizer $0{attrs(*ways)}", [m.apart(shape, [0])], [()])


def constrain(m, op):
    shape = m.shape(2, 3)
    axes = m.axes(shape)
    w = m.apart(shape, [0])
    norms = np.sqrt(np.sum(w.array ** 2, tuple(axes), keepdims=True))
    lengths = m.rng.choice([0.5, 1.5, 3.0], norms.shape)
    kind = m.choice("max_norm<max = 2.0", "min_max_norm<min = 1.0, max = 2.0", "min_max_norm<min = 1.0, max = 2.0, rate = 0.3",
                    "unit_norm<", "non_neg")
    if kind != "non_neg":
        w.array = w.array / norms * lengths
        kind += f"{'' if kind.endswith('<') else ', '}axes = [{', '.join(map(str, axes))}]>"
    return Case(f"fn.constrain $0 {{constraint = #fn.{kind}}}", [w], [shape])


# ---------------------------------------------------------------- layers

def optional(m, first, **given):
    """Some of the operands in clauses; all of their text."""
    operands, text = list(first), ""
    for name, operand in given.items():
        if m.chance(0.6):
            text += f" {name}(${len(operands)})"
            operands.append(operand)
    return operands, text


def batch_norm(m, op):
    shape = m.shape(1, 4)
    axis = m.axis(shape)
    if isinstance(shape[axis], Open):
        shape = shape[:axis] + (3,) + shape[axis + 1:]
    features = [shape[axis]]
    training = op == "batch_norm_training"
    first = [m.normal(shape), m.normal(features, wanted=not training), m.within(features, 0.5, 2, wanted=not training)]
    operands, text = optional(m, first, scale=m.normal(features), offset=m.normal(features))
    more = [f"axis = {axis} : i64" if axis != len(shape) - 1 or m.chance() else "", f"epsilon = {m.choice(0.5, 1.0)} : f64"]
    if not training:
        return Case(f"fn.batch_norm $0, $1, $2{text}{attrs(*more)}", operands, [shape])
    more += [m.choice("", "momentum = 0.9 : f64"), m.choice("", "unbiased")]
    if int(np.prod(shape)) == shape[axis]:                  # of one element the unbiased variance is none
        more = [a for a in more if a != "unbiased"]
    return Case(f"fn.{op} $0, $1, $2{text}{attrs(*more)}", operands, [shape, features, features], held=(1, 2))


def norm(m, op):
    shape, more = m.shape(2, 4), [f"epsilon = {m.choice(0.5, 1.0)} : f64"]
    if op in ("layer_norm", "rms_norm"):
        axes = m.axes(shape)
        features = [shape[a] for a in axes]
        more.append(f"axes = {array(axes)}" if axes != [len(shape) - 1] or m.chance() else "")
    else:
        axis = 1 if m.chance(0.3) and len(shape) > 1 else len(shape) - 1
        groups, each = m.choice(1, 2), m.choice(1, 2)
        shape = shape[:axis] + (groups * each,) + shape[axis + 1:]
        features = [groups * each]
        more += [f"axis = {axis} : i64" if axis != len(shape) - 1 else "", f"groups = {groups} : i64" if op == "group_norm" else ""]
    operands, text = optional(m, [m.normal(shape)], scale=m.normal(features), offset=m.normal(features))
    return Case(f"fn.{op} $0{text}{attrs(*more)}", operands, [shape])


def state(m):
    return Operand(m.rng.integers(-2**62, 2**62, 3), (3,), "i64", False)


def dropout(m, op):
    shape = m.shape(1, 3)
    shared = f"shared_axes = {array(m.axes(shape))}" if m.chance(0.4) else ""
    return Case(f"fn.dropout $0, $1{attrs('rate = 0.4 : f64', shared)}", [m.normal(shape), state(m)], [shape, ((3,), "i64")])


def embedding_bag(m, op):
    rows, width, ids = m.size(2, 5), m.size(), m.shape(1, 3)
    operands, text = optional(m, [m.normal((rows, width)), m.ints(ids, 0, rows)], weights=m.within(ids, 0.5, 2))
    more = [f'combiner = "{m.choice("sum", "mean", "sqrtn")}"', m.choice("", "padding = 0 : i64")]
    return Case(f"fn.embedding_bag $0, $1{text}{attrs(*more)}", operands, [[*ids[:-1], width]])


def attention(m, op):
    batch, t, s, d, e = m.shape(0, 2), m.size(), m.size(), m.size(), m.size()
    (one, other, third), whole = m.broadcast(3) if m.chance(0.3) else ([batch] * 3, batch)
    if isinstance(d, Open):
        d = int(d)
    operands, text = [m.normal([*one, t, d]), m.normal([*other, s, d]), m.normal([*third, s, e])], ""
    kind = m.choice("", "", "flags", "bias")
    if kind:
        shape = m.choice([*whole, t, s], [t, s], [1, s])
        operands.append(m.flags(shape, 0.7) if kind == "flags" else m.normal(shape))
        text = " mask($3)"
    more = [m.choice("", "scale = 0.3 : f64"), m.choice("", "causal")]
    return Case(f"fn.attention $0, $1, $2{text}{attrs(*more)}", operands, [[*whole, t, e]])


GATES = {"rnn": 1, "lstm": 4, "gru": 3}
SMOOTH = ("tanh", "sigmoid", "softplus", "gelu", "silu", "linear")


def recurrent(m, op):
    kind, cell = op.removesuffix("_cell"), op.endswith("_cell")
    b, t, i, u = m.size(1, 2), m.size(1, 3), int(m.size(1, 2)), int(m.size(1, 2))
    gates, more = GATES[kind] * u, []
    if m.chance(0.4):
        more.append(f'activation = "{m.choice(*SMOOTH)}"')
        if kind != "rnn":
            more.append(f'recurrent_activation = "{m.choice(*SMOOTH)}"')
    after = kind == "gru" and m.chance()
    more.append("reset_after" * after)
    kernels = [m.normal((i, gates)), m.normal((u, gates))]
    bias = m.normal(((2,) if after else ()) + (gates,))
    states = {"hidden": m.normal((b, u)), **({"cell": m.normal((b, u))} if kind == "lstm" else {})}
    if cell:
        first = [m.normal((b, i)), *states.values(), *kernels]
        operands, text = optional(m, first, bias=bias)
        plain = ", ".join(f"${n}" for n in range(len(first)))
        return Case(f"fn.{op} {plain}{text}{attrs(*more)}", operands, [(b, u)] * len(states))
    more += ["go_backwards" * m.chance(), "zero_output_for_mask" * m.chance()]
    operands, text = optional(m, [m.normal((b, t, i)), *kernels], bias=bias, **states, mask=m.flags((b, t)))
    return Case(f"fn.{op} $0, $1, $2{text}{attrs(*more)}", operands, [(b, t, u)] + [(b, u)] * len(states))


# ---------------------------------------------------------------- sparse operands

def coo(m, rows, columns):
    count = int(m.rng.integers(0, 7)) if rows and columns else 0
    places = np.stack([m.rng.integers(0, n, count) for n in (rows, columns)], 1)
    return Operand(Sparse(places, m.rng.normal(size=count), (rows, columns)), (rows, columns), "f64, #fn.coo", False)


def to_dense(m, op):
    """What is made of a product with a dense tensor, which stays sparse."""
    rows, columns = m.size(), m.size()
    shape = (rows, columns)
    return Case("fn.to_dense $_p : ($t0) -> $r0", [coo(m, rows, columns), m.normal(shape)], [shape],
                before="$_p = fn.mul $0, $1 : ($t0, $t1) -> $t0")


def sparse_matmul(m, op):
    left, ta, tb = m.chance(), m.chance(), m.chance()
    a, k, b = m.size(), m.size(), m.size()
    one, other = ((k, a) if ta else (a, k)), ((b, k) if tb else (k, b))
    operands = [coo(m, *one), m.normal(other)] if left else [m.normal(one), coo(m, *other)]
    return Case(f"fn.matmul $0, $1{attrs('transpose_a' * ta, 'transpose_b' * tb)}", operands, [(a, b)])


def sparse_add(m, op):
    shape = (m.size(), m.size())
    return Case("fn.add $0, $1", [coo(m, *shape), m.normal(shape)], [shape])


# ---------------------------------------------------------------- control

def branch(m, op):
    """A branch of two values; one operand is used by either alone."""
    shape = m.shape(1, 2)
    flag = Operand(np.asarray(m.chance()), (), "i1", False)
    return Case("""fn.if $3 : ($t3) -> ($r0, $r1) {
    $_a = fn.mul $0, $1 : ($t0, $t1) -> $t0
    $_b = fn.sin $_a : $t0
    fn.yield $_b, $0 : $t0, $t0
  } else {
    $_c = fn.exp $1 : $t1
    $_d = fn.mul $_c, $2 : ($t1, $t2) -> $t0
    fn.yield $_d, $_c : $t0, $t0
  }""", [m.normal(shape), m.normal(shape), m.normal(shape), flag], [shape, shape])


def loop(m, op):
    """Until a number that the values decide, or at most four rounds."""
    n = int(m.size(1, 3))
    limit = Operand(np.asarray(m.rng.integers(0, 6)), (), "i64", False)
    zero, one = (Operand(np.asarray(k, np.int64), (), "i64", False) for k in (0, 1))
    return Case("""fn.while ($_i = $3, $_x = $0) {max_trips = 4 : i64} : $t3, $t0 {
    $_go = fn.less $_i, $2 : ($t3, $t2) -> tensor<i1>
    fn.yield $_go : tensor<i1>
  } do {
    $_j = fn.add $_i, $4 : ($t3, $t4) -> $t3
    $_u = fn.matmul $1, $_x : ($t1, $t0) -> $t0
    $_t = fn.tanh $_u : $t0
    fn.yield $_j, $_t : $t3, $t0
  }""", [m.normal((n,)), m.normal((n, n)), limit, zero, one], [((), "i64"), (n,)])


def scan(m, op):
    """A state that moves, one that stays; stacks of what is made, of slices and of states; forwards or backwards."""
    rounds, n = m.size(0, 3), int(m.size(1, 3))
    return Case("fn.scan ($_h = $0, $_k = $3) over ($_s = $1)" + m.choice("", " {reverse}") +
                """ : ($t0, $t3, $t1) -> ($r0, $r1, $r2, $r3, $r4) {
    $_r = fn.matmul $2, $_h : ($t2, $t0) -> $t0
    $_z = fn.add $_r, $_s : ($t0, $t0) -> $t0
    $_t = fn.tanh $_z : $t0
    $_o = fn.mul $_t, $_k : ($t0, $t3) -> $t0
    fn.yield $_t, $_k, $_o, $_s, $_h : $t0, $t3, $t0, $t0, $t0
  }""", [m.normal((n,)), m.normal((rounds, n)), m.normal((n, n)), m.normal((n,))], [(n,), (n,)] + [(rounds, n)] * 3)


def check_finite(m, op):
    shape = m.shape()
    return Case('fn.check_finite $_y, "finite" : $t0', [m.normal(shape)], [shape], before="$_y = fn.sin $0 : $t0")


def stop_gradient(m, op):
    """The stopped factor is a constant."""
    shape = m.shape()
    return Case("fn.mul $_s, $1 : ($t0, $t1) -> $r0", [m.normal(shape, wanted=False), m.normal(shape)], [shape],
                before="$_s = fn.stop_gradient $0 : $t0")


NAMES = {
    unary: "abs acos acosh asin asinh atan atanh ceil cos cosh elu erf exp expm1 floor gelu hard_sigmoid hard_swish identity "
           "barrier leaky_relu log log1p log2 mish neg reciprocal relu relu6 round rsqrt selu sigmoid sign silu sin sinh softplus softsign "
           "sqrt square tan tanh trunc",
    binary: "add atan2 div floor_div maximum minimum mod mul pow rem squared_difference sub",
    where: "where", clamp: "clamp", cast: "cast",
    reduction: "logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum", softmax: "softmax log_softmax",
    matmul: "matmul", conv: "conv conv_transpose conv_filter_gradient", depthwise: "depthwise_conv", pool: "max_pool avg_pool",
    reshape: "reshape", broadcast_to: "broadcast_to", transpose: "transpose", expand: "expand squeeze", slice_: "slice",
    tile: "tile", reverse: "reverse", concat: "concat", split: "split", pad: "pad", gather: "gather", scatter: "scatter",
    loss: "mse mae huber log_cosh hinge squared_hinge kl_divergence poisson binary_cross_entropy categorical_cross_entropy "
          "sparse_categorical_cross_entropy cosine_similarity",
    softmax_cross_entropy: "softmax_cross_entropy", regularizer: "regularizer", constrain: "constrain",
    batch_norm: "batch_norm batch_norm_training", norm: "layer_norm rms_norm group_norm instance_norm", dropout: "dropout",
    embedding_bag: "embedding_bag", attention: "attention", recurrent: "rnn_cell lstm_cell gru_cell rnn lstm gru",
    to_dense: "to_dense", branch: "if", loop: "while", scan: "scan",
}
CASES = {name: make for make, names in NAMES.items() for name in names.split()}
# Composites of which no result depends on a float operand with a slope.
CASES |= {"random_categorical": None, "scheduled_rate": None}
# Ops in ways of their own, and ops that gradients pass through without a rule.
MORE = {"check_finite": check_finite, "stop_gradient": stop_gradient, "matmul of sparse": sparse_matmul, "add of sparse": sparse_add}
