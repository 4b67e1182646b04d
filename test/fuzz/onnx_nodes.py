"""Makers of random ONNX nodes for onnx_fuzz.py: each adds one node, with what it needs, to a graph."""
import numpy as np
from onnx import TensorProto, helper


class Skip(Exception):
    """A node that cannot be made here."""


MAKERS = []


def maker(weight=1):
    def register(function):
        MAKERS.extend([function] * weight)
        return function
    return register


def chance(g, p):
    return g.rng.random() < p


def among(g, *items):
    return items[int(g.rng.integers(len(items)))]


def shape(g, rank=None, most=6):
    rank = int(g.rng.integers(1, 5)) if rank is None else rank
    return tuple(int(g.rng.integers(1, most)) for _ in range(rank))


def floats(g, rank=None, dtype=np.float32):
    """A value of floats, of this rank where one is asked for."""
    name = None
    if chance(g, 0.75):
        name = g.pick(lambda v: v.dtype == dtype and v.size > 0 and (v.ndim == rank if rank is not None else v.ndim > 0))
    return name or g.feed(g.numbers(shape(g, rank), dtype))


def like(g, name):
    return g.values[name].shape


def ints(g, values):
    return g.constant(np.array(values, np.int64))


UNARY = ("Abs Neg Relu Sigmoid Tanh Exp Erf Softplus Softsign Sin Cos Atan Floor Ceil Round Sign Identity HardSigmoid "
         "HardSwish Elu Selu LeakyRelu Mish Gelu ThresholdedRelu Celu").split()


@maker(3)
def unary(g):
    op = among(g, *UNARY)
    if op == "HardSwish" and g.opset < 14 or op == "Mish" and g.opset < 18 or op == "Gelu" and g.opset < 20:
        raise Skip
    attributes = {"alpha": 0.3} if op in ("Elu", "LeakyRelu", "ThresholdedRelu") and chance(g, 0.5) else {}
    g.add(op, [floats(g)], **attributes)


@maker(4)
def binary(g):
    x = floats(g)
    sizes = [1 if chance(g, 0.3) else s for s in like(g, x)]
    y = g.given(g.numbers(sizes[int(g.rng.integers(len(sizes) + 1)):]))
    op = among(g, "Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu", "Less", "GreaterOrEqual", "Equal", "Pow", "Mod")
    if op == "Mod":
        g.add(op, [x, y], fmod=1)
    elif op == "Pow":
        g.add(op, [g.add("Abs", [x])[0], g.constant(np.float32(among(g, 2, 3, 0.5, -1)))])
    else:
        g.add(op, [x, y] if chance(g, 0.7) or op == "PRelu" else [y, x])


@maker()
def integers(g):
    kind = among(g, np.int32, np.int64, np.int8, np.uint8)
    s = shape(g)
    op = among(g, "Add", "Sub", "Mul", "Div", "Mod", "Max", "Min")
    y = g.numbers(s, kind)
    if op in ("Div", "Mod"):
        y = np.where(y == 0, 3, y).astype(kind)
    g.add(op, [g.feed(g.numbers(s, kind)), g.given(y)])


@maker(2)
def cast(g):
    x = g.pick(lambda v: v.dtype.kind in "fib" and v.size > 0) or floats(g)
    to = among(g, TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL, TensorProto.DOUBLE)
    g.add("Cast", [x], to=to)


@maker()
def where(g):
    x = floats(g)
    g.add("Where", [g.feed(g.numbers(like(g, x), bool)), x, g.given(g.numbers(like(g, x)))])


@maker()
def clip(g):
    g.add("Clip", [floats(g), g.constant(np.float32(-0.5)), among(g, "", g.constant(np.float32(1)))])


@maker(3)
def matmul(g):
    x = floats(g, among(g, 2, 3, 4))
    *batch, _, k = like(g, x)
    n = int(g.rng.integers(1, 20))
    y = g.given(g.numbers((k, n) if chance(g, 0.6) else (*[b if chance(g, 0.6) else 1 for b in batch], k, n)))
    out = g.add("MatMul", [x, y])[0]
    if chance(g, 0.4):
        g.add("Add", [out, g.constant(g.numbers((n,)))])


@maker()
def gemm(g):
    a, b = chance(g, 0.5), chance(g, 0.5)
    x = floats(g, 2)
    k, m = like(g, x) if a else like(g, x)[::-1]
    n = int(g.rng.integers(1, 20))
    c = g.given(g.numbers(among(g, (n,), (1, n), (m, n), (m, 1))))
    g.add("Gemm", [x, g.given(g.numbers((n, k) if b else (k, n))), c], transA=int(a), transB=int(b),
          alpha=among(g, 1.0, 0.5), beta=among(g, 1.0, 2.0))


@maker(4)
def conv(g):
    spatial = among(g, 1, 2, 2, 2, 3)
    groups = among(g, 1, 1, 2, 4)
    channels = groups * int(g.rng.integers(1, 4))
    sizes = tuple(int(s) for s in g.rng.integers(3, 9 if spatial < 3 else 5, spatial))
    x = g.feed(g.numbers((among(g, 1, 2), channels, *sizes)))
    kernel = tuple(int(g.rng.integers(1, min(4, s + 1))) for s in sizes)
    attributes = {"group": groups}
    if chance(g, 0.5):
        attributes["strides"] = [int(g.rng.integers(1, 4)) for _ in sizes]
    if chance(g, 0.3):
        attributes["auto_pad"] = among(g, "SAME_UPPER", "SAME_LOWER", "VALID")
    elif chance(g, 0.6):
        attributes["pads"] = [int(g.rng.integers(0, k)) for k in kernel] * 2
    if chance(g, 0.2) and "auto_pad" not in attributes:
        attributes["dilations"] = [1 if k == 1 or s < 2 * k else 2 for k, s in zip(kernel, sizes)]
    out = groups * int(g.rng.integers(1, 5))
    if chance(g, 0.25):
        attributes.pop("auto_pad", None)
        w = g.constant(g.numbers((channels, out // groups, *kernel)))
        y = g.add("ConvTranspose", [x, w], **attributes)[0]
        out = like(g, y)[1]
    else:
        w = g.constant(g.numbers((out, channels // groups, *kernel)))
        y = g.add("Conv", [x, w] + ([g.constant(g.numbers((out,)))] if chance(g, 0.5) else []), **attributes)[0]
    if chance(g, 0.5):
        g.add("BatchNormalization", [y, *[g.constant(g.numbers((out,))) for _ in range(3)],
                                     g.constant(g.rng.random(out, np.float32) + 0.1)])


@maker(2)
def pool(g):
    x = g.feed(g.numbers((among(g, 1, 2), 3, *[int(s) for s in g.rng.integers(4, 9, among(g, 1, 2, 3))])))
    spatial = g.values[x].ndim - 2
    if chance(g, 0.2):
        g.add(among(g, "GlobalAveragePool", "GlobalMaxPool"), [x])
        return
    attributes = {"kernel_shape": [int(g.rng.integers(1, 4)) for _ in range(spatial)]}
    if chance(g, 0.6):
        attributes["strides"] = [int(g.rng.integers(1, 3)) for _ in range(spatial)]
    if chance(g, 0.5):
        attributes["pads"] = [k // 2 for k in attributes["kernel_shape"]] * 2
    op = among(g, "MaxPool", "AveragePool")
    if op == "AveragePool" and chance(g, 0.5):
        attributes["count_include_pad"] = 1
    if chance(g, 0.3) and op == "MaxPool":
        attributes["ceil_mode"] = 1
    g.add(op, [x], **attributes)


@maker(3)
def reduce(g):
    x = floats(g)
    rank = len(like(g, x))
    axes = sorted({int(a) for a in g.rng.integers(0, rank, int(g.rng.integers(1, rank + 1)))})
    op = among(g, "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp",
               "ReduceL1", "ReduceProd")
    keep = int(chance(g, 0.5))
    if op == "ReduceSum" or g.opset >= 18:
        g.add(op, [x, ints(g, axes)], keepdims=keep)
    else:
        g.add(op, [x], axes=axes, keepdims=keep)


@maker()
def arg(g):
    x = floats(g)
    axis = int(g.rng.integers(len(like(g, x))))
    if chance(g, 0.4):
        k = int(g.rng.integers(1, like(g, x)[axis] + 1))
        g.add("TopK", [x, ints(g, [k])], 2, axis=axis, largest=int(chance(g, 0.6)))
    else:
        g.add(among(g, "ArgMax", "ArgMin"), [x], axis=axis, keepdims=int(chance(g, 0.5)))


@maker(2)
def normalized(g):
    x = floats(g)
    axis = int(g.rng.integers(len(like(g, x))))
    kind = among(g, "Softmax", "LogSoftmax", "LayerNormalization", "LpNormalization")
    if kind == "LayerNormalization" and g.opset >= 17:
        s = like(g, x)[axis:]
        g.add(kind, [x, g.given(g.numbers(s)), g.given(g.numbers(s))], axis=axis - len(like(g, x)))
    elif kind != "LayerNormalization":
        g.add(kind, [x], axis=axis)


@maker(4)
def moved(g):
    x = floats(g)
    s = like(g, x)
    op = among(g, "Transpose", "Reshape", "Slice", "Concat", "Split", "Unsqueeze", "Flatten", "Expand", "Tile", "Squeeze")
    if op == "Transpose":
        g.add(op, [x], perm=[int(p) for p in g.rng.permutation(len(s))])
    elif op == "Reshape":
        g.add(op, [x, ints(g, among(g, [-1], [0, -1], [1, -1], [*s[:-1], 1, -1]))])
    elif op == "Slice":
        axis = int(g.rng.integers(len(s)))
        begin, end = sorted(int(i) for i in g.rng.integers(0, s[axis] + 1, 2))
        step = among(g, 1, 1, 2, -1)
        if step < 0:
            begin, end = end - 1, begin - 1 if begin else -1000
        g.add(op, [x, ints(g, [begin]), ints(g, [end]), ints(g, [axis - len(s)]), ints(g, [step])])
    elif op == "Concat":
        axis = int(g.rng.integers(len(s)))
        other = list(s)
        other[axis] = int(g.rng.integers(1, 4))
        g.add(op, [x, g.given(g.numbers(other)), x], axis=axis)
    elif op == "Split":
        axis = int(g.rng.integers(len(s)))
        if s[axis] < 2:
            raise Skip
        cut = int(g.rng.integers(1, s[axis]))
        g.add(op, [x, ints(g, [cut, s[axis] - cut])], 2, axis=axis)
    elif op == "Unsqueeze":
        g.add(op, [x, ints(g, [int(g.rng.integers(len(s) + 1))])])
    elif op == "Squeeze":
        ones = [i for i, n in enumerate(s) if n == 1]
        if not ones:
            raise Skip
        g.add(op, [x, ints(g, ones[:1])])
    elif op == "Flatten":
        g.add(op, [x], axis=int(g.rng.integers(len(s) + 1)))
    elif op == "Expand":
        g.add(op, [x, ints(g, [2, *s])])
    else:
        g.add(op, [x, ints(g, [int(t) for t in g.rng.integers(1, 3, len(s))])])


@maker(2)
def indexed(g):
    x = floats(g)
    s = like(g, x)
    axis = int(g.rng.integers(len(s)))
    op = among(g, "Gather", "GatherElements", "ScatterElements", "GatherND", "ScatterND", "CumSum", "OneHot", "Pad", "Trilu")
    if op == "Gather":
        g.add(op, [x, g.given(g.rng.integers(-s[axis], s[axis], shape(g, among(g, 0, 1, 2))))], axis=axis)
    elif op in ("GatherElements", "ScatterElements"):
        places = list(s)
        if op == "ScatterElements":                         # no place twice: the order would be open
            where_ = np.argsort(g.rng.random(s), axis)
            g.add(op, [x, g.given(where_), g.given(g.numbers(s))], axis=axis)
        else:
            places[axis] = int(g.rng.integers(1, 5))
            g.add(op, [x, g.given(g.rng.integers(0, s[axis], places))], axis=axis)
    elif op == "GatherND":
        depth = int(g.rng.integers(1, len(s) + 1))
        g.add(op, [x, g.given(np.stack([g.rng.integers(0, n, 4) for n in s[:depth]], -1))])
    elif op == "ScatterND":
        rows = g.rng.permutation(s[0])[: max(1, s[0] // 2)]
        g.add(op, [x, g.given(rows[:, None]), g.given(g.numbers((len(rows), *s[1:])))])
    elif op == "CumSum":
        g.add(op, [x, g.constant(np.int64(axis))], exclusive=int(chance(g, 0.3)), reverse=int(chance(g, 0.3)))
    elif op == "OneHot":
        g.add(op, [g.feed(g.rng.integers(-3, 3, shape(g, 2))), g.constant(np.int64(3)),
                   g.constant(np.array([0, 1], np.float32))], axis=-1)
    elif op == "Trilu":
        if len(s) < 2 or g.opset < 14:
            raise Skip
        g.add(op, [x, g.constant(np.int64(among(g, -1, 0, 1)))], upper=int(chance(g, 0.5)))
    else:
        mode = among(g, "constant", "edge", "reflect")
        pads = [int(p) for p in g.rng.integers(0, 2 if mode != "reflect" else 1 + (min(s) > 1), 2 * len(s))]
        g.add(op, [x, ints(g, pads)], mode=mode)


@maker()
def resize(g):
    x = g.feed(g.numbers((1, 2, int(g.rng.integers(2, 6)), int(g.rng.integers(2, 6)))))
    mode = among(g, "nearest", "linear", "cubic")
    coordinates = among(g, "half_pixel", "asymmetric", "align_corners")
    out = [1, 2, int(g.rng.integers(2, 9)), int(g.rng.integers(2, 9))]
    g.add("Resize", [x, "", "", ints(g, out)], mode=mode, coordinate_transformation_mode=coordinates)


@maker(2)
def recurrent(g):
    op, gates = among(g, ("LSTM", 4), ("GRU", 3), ("RNN", 1))
    steps, batch, size, hidden = int(g.rng.integers(1, 16)), int(g.rng.integers(1, 4)), 3, int(g.rng.integers(1, 9))
    direction = among(g, "forward", "reverse", "bidirectional")
    d = 2 if direction == "bidirectional" else 1
    inputs = [g.feed(g.numbers((steps, batch, size))), g.constant(g.numbers((d, gates * hidden, size))),
              g.constant(g.numbers((d, gates * hidden, hidden)))]
    inputs.append(g.constant(g.numbers((d, 2 * gates * hidden))) if chance(g, 0.7) else "")
    inputs.append(g.given(g.rng.integers(1, steps + 1, batch).astype(np.int32)) if chance(g, 0.4) else "")
    if chance(g, 0.5):
        inputs.append(g.feed(g.numbers((d, batch, hidden))))
    attributes = {"linear_before_reset": int(chance(g, 0.5))} if op == "GRU" else {}
    g.add(op, inputs, 2, hidden_size=hidden, direction=direction, **attributes)


@maker(2)
def quantized(g):
    x = floats(g)
    kind = among(g, np.uint8, np.int8)
    scale, zero = g.constant(np.float32(0.05)), g.constant(np.array(among(g, 0, 3), kind))
    q = g.add("QuantizeLinear", [x, scale, zero])[0]
    g.add("DequantizeLinear", [q, scale, zero])


@maker(3)
def bytes_(g):
    op = among(g, "MatMulInteger", "ConvInteger", "QLinearMatMul", "QLinearConv", "DynamicQuantizeLinear")
    a, b = among(g, (np.uint8, np.int8), (np.uint8, np.uint8))
    k, n = int(g.rng.integers(1, 300)), int(g.rng.integers(1, 20))
    zero = [g.constant(np.array(int(g.rng.integers(0, 20)), t)) for t in (a, b)]
    if op == "DynamicQuantizeLinear":
        g.add(op, [floats(g)], 3)
    elif op == "MatMulInteger":
        g.add(op, [g.feed(g.numbers((3, k), a)), g.given(g.numbers((k, n), b)), *zero])
    elif op == "QLinearMatMul":
        scale = [g.constant(np.float32(s)) for s in (0.02, 0.03, 0.5)]
        g.add(op, [g.feed(g.numbers((3, k), a)), scale[0], zero[0], g.given(g.numbers((k, n), b)), scale[1], zero[1],
                   scale[2], g.constant(np.array(7, a))])
    else:
        side = among(g, 1, 2, 3)
        x = g.feed(g.numbers((1, 4, 6, 6), a))
        w = g.constant(g.numbers((n, 4, side, side), b))
        attributes = {"pads": [side // 2] * 4, "strides": [among(g, 1, 2)] * 2}
        if op == "ConvInteger":
            g.add(op, [x, w, *zero], **attributes)
        else:
            scale = [g.constant(np.float32(s)) for s in (0.02, 0.03, 0.5)]
            g.add(op, [x, scale[0], zero[0], w, scale[1], zero[1], scale[2], g.constant(np.array(7, a))], **attributes)


def power(g, low, high):
    """A scale with which sums are exact, and so the bytes that they become."""
    return g.constant(np.float32(2.0 ** -int(g.rng.integers(low, high))))


def dequantized(g, array, scale, zero, **attributes):
    return g.add("DequantizeLinear", [g.constant(array) if attributes else g.feed(array), scale, zero], **attributes)[0]


@maker(3)
def qdq(g):
    """A product or convolution between quantized numbers, as exporters write it: all in floats."""
    kind = among(g, np.uint8, np.int8)
    zero = lambda: g.constant(np.array(int(g.rng.integers(0, 20)), kind))
    conv = chance(g, 0.5)
    n = int(g.rng.integers(1, 20))
    shape_ = (1, among(g, 1, 3, 4, 8), 6, 7) if conv else (int(g.rng.integers(1, 6)), int(g.rng.integers(1, 200)))
    x = dequantized(g, g.numbers(shape_, kind), power(g, 3, 6), zero())
    depthwise = conv and chance(g, 0.3)
    side = among(g, 1, 3)
    n = shape_[1] if depthwise else n
    w = g.numbers((n, 1 if depthwise else shape_[1], side, side) if conv else (shape_[1], n), np.int8)
    axis = 0 if conv else 1
    scales = 2.0 ** -g.rng.integers(3, 6, n if chance(g, 0.5) else ()).astype(np.float32)
    known = g.constant(np.zeros(scales.shape, np.int8))
    w = dequantized(g, w, g.constant(scales.astype(np.float32)), known, axis=axis)
    bias = [g.constant((g.rng.integers(-500, 500, n) / 64).astype(np.float32))] if chance(g, 0.6) else []
    if conv:
        y = g.add("Conv", [x, w, *bias], pads=[side // 2] * 4, strides=[among(g, 1, 2)] * 2, group=shape_[1] if depthwise else 1)[0]
    else:
        y = g.add("MatMul", [x, w])[0]
        y = g.add("Add", [y, *bias])[0] if bias else y
    if chance(g, 0.4):
        y = g.add("Relu", [y])[0]
    scale, point = power(g, -3, 3), zero()
    q = g.add("QuantizeLinear", [y, scale, point])[0]
    if chance(g, 0.5):
        g.add("DequantizeLinear", [q, scale, point])


@maker()
def einsum(g):
    equation, shapes = among(g, ("ij,jk->ik", ((3, 4), (4, 5))), ("bij,bkj->bik", ((2, 3, 4), (2, 5, 4))),
                             ("bhid,bhjd->bhij", ((1, 2, 3, 4), (1, 2, 5, 4))), ("ij->ji", ((3, 4),)),
                             ("i,j->ij", ((3,), (4,))), ("...ij,jk->...ik", ((2, 3, 4), (4, 2))))
    g.add("Einsum", [g.given(g.numbers(s)) for s in shapes], equation=equation)


def tensor(name, array):
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)


@maker(2)
def control(g):
    x = floats(g)
    value = g.values[x]
    op = among(g, "If", "Loop", "Scan")
    if op == "If":
        branches = [helper.make_graph([helper.make_node(among(g, "Neg", "Exp", "Abs"), [x], [f"{x}_{i}"])], "b", [],
                                      [tensor(f"{x}_{i}", value)]) for i in range(2)]
        g.add(op, [g.feed(g.numbers((), bool))], then_branch=branches[0], else_branch=branches[1])
        return
    if op == "Loop":
        trips = np.int64(among(g, 0, 1, 3, 12))
        out = chance(g, 0.5) and trips > 0
        nodes = [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Mul", ["s", g.constant(np.float32(0.7))], ["t"]),
                 helper.make_node("Add", ["t", x], ["u"])]
        ports = [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("go", TensorProto.BOOL, [])]
        body = helper.make_graph(nodes, "b", [*ports, tensor("s", value)],
                                 [helper.make_tensor_value_info("on", TensorProto.BOOL, []), tensor("u", value)]
                                 + ([tensor("t", value)] if out else []))
        g.add(op, [g.constant(trips) if out else g.given(trips), "", x], 1 + out, body=body)
        return
    rows = g.feed(g.numbers((among(g, 2, 20), *value.shape)))
    body = helper.make_graph([helper.make_node("Mul", ["s", "r"], ["p"]), helper.make_node("Tanh", ["p"], ["t"])], "b",
                             [tensor("s", value), tensor("r", value)], [tensor("t", value), tensor("p", value)])
    g.add(op, [x, rows], 2, body=body, num_scan_inputs=1, scan_input_directions=[int(chance(g, 0.3))],
          scan_output_directions=[int(chance(g, 0.3))])
