#!/usr/bin/env python3
"""Writes cnn_bn_train.mlir: a training step of ResNet8 (MLPerf Tiny's image classifier) on 32x32x3, batch 32.

Batch norm with moving averages follows the 3x3 convolutions, those of the shortcuts have a bias; SGD with momentum.
"""
import sys

BATCH = 32
#        kernel, input channels, filters, stride
CONVS = {"c0": (3, 3, 16, 1), "c1": (3, 16, 16, 1), "c2": (3, 16, 16, 1), "c3": (3, 16, 32, 2), "c4": (3, 32, 32, 1),
         "s2": (1, 16, 32, 2), "c5": (3, 32, 64, 2), "c6": (3, 64, 64, 1), "s3": (1, 32, 64, 2)}
lines, sizes, parameters, averages = [], {}, [], []


def tensor(*shape):
    return "tensor<" + "".join(f"{n}x" for n in shape) + "f32>"


def variable(name, shape, value, trained=True):
    ident = name.replace(".", "_")
    lines.append(f'%{ident} = fn.variable "{name}" as "{ident}" : {tensor(*shape)} = dense<{value}>')
    sizes[ident] = shape
    if trained:
        parameters.append(ident)
    return ident


def op(name, kind, operands, shape, attrs=""):
    types = ", ".join(tensor(*sizes[o]) for o in operands)
    lines.append(f"%{name} = fn.{kind} {', '.join('%' + o for o in operands)}{attrs} : ({types}) -> {tensor(*shape)}")
    sizes[name] = shape
    return name


def unary(name, kind, x):
    lines.append(f"%{name} = fn.{kind} %{x} : {tensor(*sizes[x])}")
    sizes[name] = sizes[x]
    return name


def scalar(name, value):
    lines.append(f"%{name} = fn.constant dense<{value}> : tensor<f32>")
    sizes[name] = ()
    return name


def same(name, kind, *operands):
    return op(name, kind, operands, sizes[operands[0]])


def conv(x, key):
    kernel, inputs, filters, stride = CONVS[key]
    side = sizes[x][1] // stride
    w = variable(key + ".w", (kernel, kernel, inputs, filters), 0.0)
    return op(key + "_z", "conv", [x, w], (BATCH, side, side, filters),
              f' {{strides = array<i64: {stride}, {stride}>, padding = "same"}}')


def conv_bn(x, key):
    z = conv(x, key)
    filters = (CONVS[key][2],)
    gamma, beta = variable(key + ".gamma", filters, 1.0), variable(key + ".beta", filters, 0.0)
    over = " {axes = array<i64: 0, 1, 2>}"
    mean = op(key + "_m", "reduce_mean", [z], filters, over)
    centred = same(key + "_d", "sub", z, mean)
    var = op(key + "_v", "reduce_mean", [unary(key + "_dd", "square", centred)], filters, over)
    scale = unary(key + "_r", "rsqrt", same(key + "_ve", "add", var, "epsilon"))
    y = same(key + "_y", "add", same(key + "_g", "mul", same(key + "_n", "mul", centred, scale), gamma), beta)
    for name, value, start in (("mean", mean, 0.0), ("var", var, 1.0)):
        old = variable(f"{key}.{name}", filters, start, trained=False)
        averages.append((old, same(f"{old}_new", "add", same(f"{old}_kept", "mul", old, "keep"),
                                   same(f"{old}_put", "mul", value, "put"))))
    return y


def shortcut(x, key):
    return same(key + "_y", "add", conv(x, key), variable(key + ".b", (CONVS[key][2],), 0.0))


for name, shape in (("x", (BATCH, 32, 32, 3)), ("y", (BATCH, 10))):
    lines.append(f'%{name} = fn.placeholder "{name}" : {tensor(*shape)}')
    sizes[name] = shape
scalar("epsilon", "1.0e-3"), scalar("keep", 0.99), scalar("put", 0.01)
h0 = unary("h0", "relu", conv_bn("x", "c0"))
h1 = unary("h1", "relu", same("a1", "add", h0, conv_bn(unary("b1", "relu", conv_bn(h0, "c1")), "c2")))
h2 = unary("h2", "relu", same("a2", "add", conv_bn(unary("b2", "relu", conv_bn(h1, "c3")), "c4"), shortcut(h1, "s2")))
h3 = unary("h3", "relu", same("a3", "add", conv_bn(unary("b3", "relu", conv_bn(h2, "c5")), "c6"), shortcut(h2, "s3")))
pooled = op("pooled", "reduce_mean", [h3], (BATCH, 64), " {axes = array<i64: 1, 2>}")
w, b = variable("fc.w", (64, 10), 0.0), variable("fc.b", (10,), 0.0)
logits = same("logits", "add", op("product", "matmul", [pooled, w], (BATCH, 10)), b)
op("loss", "softmax_cross_entropy", [logits, "y"], ())
types = ", ".join(tensor(*sizes[p]) for p in parameters)
lines.append(f"%train = fn.minimize %loss, ({', '.join('%' + p for p in parameters)}) "
             f"{{optimizer = #fn.sgd<learning_rate = 0.01, momentum = 0.9>}} : tensor<f32>, ({types})")
updates = ", ".join(f"%{old} = %{new} : {tensor(*sizes[old])}" for old, new in averages)
lines.append(f'fn.function @step inputs(%x : {tensor(*sizes["x"])}, %y : {tensor(*sizes["y"])}) '
             f'outputs("loss" = %loss : tensor<f32>) updates(%train, {updates})')
text = "fn.graph @cnn_bn_train {\n" + "".join(f"  {line}\n" for line in lines) + "}\n"
sys.stdout.write(text) if len(sys.argv) < 2 else open(sys.argv[1], "w").write(text)
