"""The benchmark's workloads, each defined once: inputs, weights, what is computed, expected outputs.

    python export.py --list
    python export.py --export DIR [NAME...]

writes for each workload

    DIR/NAME/meta.json              names, shapes, FLOPs, bytes, tolerance, number of checked calls, the layer list
    DIR/NAME/inputs/*.npy           what is fed at each call
    DIR/NAME/weights/*.npy          constants, and the entry values of the variables that a call updates
    DIR/NAME/expected/*.npy         outputs of the last checked call, and the variables after it
    DIR/NAME/model.onnx             opset 17, where the workload can be said in ONNX

All tensors are float32, images NHWC, filters HWIO, dense weights [in, out]. `model.onnx` is NCHW where it holds
convolutions: transpose 4-D inputs and outputs. Where a workload has state, the ONNX graph takes `h` and gives `h_out`.
The references are numpy in float64, written by hand (gradients too), rounded to float32 at the end.
Counts: one multiply-add is 2 FLOPs, a transcendental 1; bytes are compulsory traffic (each input, constant and output once,
each variable read and written once), whatever caches hold.
"""
import argparse
import json
import math
import pathlib
import zlib

import numpy as np

F = np.float32


def rng(*names):
    """A generator that depends on the names alone."""
    return np.random.Generator(np.random.Philox(key=zlib.crc32("/".join(names).encode())))


def normal(shape, scale, *names):
    return (rng(*names).standard_normal(shape) * scale).astype(F)


def uniform(shape, low, high, *names):
    return rng(*names).uniform(low, high, shape).astype(F)


def one_hot(rows, classes, *names):
    return np.eye(classes, dtype=F)[rng(*names).integers(0, classes, rows)]


class Workload:
    """name, inputs, weights, state (names of weights that a call updates), outputs; reference(values) -> (outputs, new state)."""

    def __init__(self, name, title, *, inputs, weights=None, state=(), reference, flops, bytes=None, rtol=1e-4, calls=1,
                 onnx=None, nodes=None, attrs=None, output_bytes=0):
        self.name, self.title = name, title
        self.inputs, self.weights, self.state = inputs, weights or {}, list(state)
        self.reference, self.flops, self.rtol, self.calls, self.onnx = reference, flops, rtol, calls, onnx
        self.nodes, self.attrs = nodes, attrs or {}
        sizes = [v.nbytes for v in self.inputs.values()] + [v.nbytes for v in self.weights.values()]
        self.bytes = bytes or sum(sizes) + sum(self.weights[s].nbytes for s in self.state) + output_bytes

    def expected(self):
        """Outputs of call number `calls` and the state after it, by name."""
        values = {k: v.astype(np.float64) if v.dtype == F else v for k, v in {**self.inputs, **self.weights}.items()}
        for _ in range(self.calls):
            outputs, new = self.reference(values)
            values.update(new)
        return {k: np.asarray(v).astype(F) for k, v in {**outputs, **new}.items()}

    def export(self, directory):
        root = pathlib.Path(directory) / self.name
        expected = self.expected()
        for folder, tensors in (("inputs", self.inputs), ("weights", self.weights), ("expected", expected)):
            (root / folder).mkdir(parents=True, exist_ok=True)
            for old in (root / folder).glob("*.npy"):
                old.unlink()
            for name, value in tensors.items():
                np.save(root / folder / f"{name}.npy", np.asarray(value, order="C"))
        if self.onnx:
            import onnx
            model = self.onnx(self)
            onnx.checker.check_model(model)
            onnx.save(model, str(root / "model.onnx"))
        meta = {"name": self.name, "title": self.title, "flops": self.flops, "bytes": self.bytes, "rtol": self.rtol,
                "calls": self.calls, "inputs": {k: list(v.shape) for k, v in self.inputs.items()},
                "weights": {k: list(v.shape) for k, v in self.weights.items()}, "state": self.state,
                "outputs": {k: list(v.shape) for k, v in expected.items() if k not in self.state},
                "attrs": self.attrs, "nodes": self.nodes}
        (root / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")


# --- numpy building blocks (float64) --------------------------------------------------------------------------------

def same_pads(size, kernel, stride):
    """TensorFlow's SAME: (before, after)."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def pad_hw(x, kernel, stride, value=0.0):
    (top, bottom), (left, right) = same_pads(x.shape[1], kernel, stride), same_pads(x.shape[2], kernel, stride)
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)


def taps(x, kernel, stride):
    """Yields (i, j, view) for each filter tap of a padded image."""
    height, width = (x.shape[1] - kernel) // stride + 1, (x.shape[2] - kernel) // stride + 1
    for i in range(kernel):
        for j in range(kernel):
            yield i, j, x[:, i:i + (height - 1) * stride + 1:stride, j:j + (width - 1) * stride + 1:stride]


def conv2d(x, w, stride=1, groups=1):
    out = 0.0
    for i, j, view in taps(pad_hw(x, w.shape[0], stride), w.shape[0], stride):
        out = out + (view @ w[i, j] if groups == 1 else view * w[i, j, 0])
    return out


def conv2d_gradients(x, w, dy, stride):
    padded = pad_hw(x, w.shape[0], stride)
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    for (i, j, view), (_, _, dview) in zip(taps(padded, w.shape[0], stride), taps(dx, w.shape[0], stride)):
        dw[i, j] = np.tensordot(view, dy, ((0, 1, 2), (0, 1, 2)))
        dview += dy @ w[i, j].T
    top, left = same_pads(x.shape[1], w.shape[0], stride)[0], same_pads(x.shape[2], w.shape[0], stride)[0]
    return dx[:, top:top + x.shape[1], left:left + x.shape[2]], dw


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def gelu(x):
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))


def layernorm(x, gamma, beta, eps):
    mean = x.mean(-1, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(-1, keepdims=True) + eps) * gamma + beta


# --- ONNX ----------------------------------------------------------------------------------------------------------

class Onnx:
    """Collects nodes and initializers; opset 17."""

    def __init__(self, name):
        self.name, self.nodes, self.initializers, self.count = name, [], [], 0

    def constant(self, name, value):
        from onnx import numpy_helper
        if all(t.name != name for t in self.initializers):
            self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def __call__(self, op, *inputs, out=None, **attributes):
        from onnx import helper
        self.count += 1
        out = out or f"{op.lower()}_{self.count}"
        outs = out if isinstance(out, list) else [out]
        self.nodes.append(helper.make_node(op, list(inputs), outs, name=outs[0], **attributes))
        return out

    def model(self, inputs, outputs):
        from onnx import helper, TensorProto
        info = lambda items: [helper.make_tensor_value_info(k, TensorProto.FLOAT, list(s)) for k, s in items.items()]
        graph = helper.make_graph(self.nodes, self.name, info(inputs), info(outputs), self.initializers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


# --- image networks: a layer list that numpy, ONNX and the peers interpret -------------------------------------------

class Net:
    """Nodes: conv (SAME, bias, groups 1 or depthwise), maxpool, mean (global), flatten, dense, add; act: relu, relu6, softmax.

    Batch norm counts as folded into the convolutions: each has a filter and a bias.
    """

    def __init__(self, name, shape):
        self.name, self.shapes, self.nodes, self.weights, self.flops = name, {"input": shape}, [], {}, 0
        self.input_shape = shape

    def node(self, op, name, inputs, shape, **attributes):
        self.nodes.append({"op": op, "name": name, "in": inputs, **attributes})
        self.shapes[name] = shape
        return name

    def conv(self, x, name, filters, kernel, stride=1, act=None, depthwise=False, gain=2.0):
        n, h, w, c = self.shapes[x]
        filters = c if depthwise else filters
        fan_in = kernel * kernel * (1 if depthwise else c)
        self.weights[name + ".w"] = normal((kernel, kernel, 1 if depthwise else c, filters), math.sqrt(gain / fan_in), self.name, name)
        self.weights[name + ".b"] = normal((filters,), 0.05, self.name, name, "b")
        shape = (n, -(-h // stride), -(-w // stride), filters)
        self.flops += 2 * math.prod(shape) * fan_in
        return self.node("conv", name, [x], shape, kernel=kernel, stride=stride, groups=c if depthwise else 1, act=act)

    def dense(self, x, name, units, act=None):
        n, c = self.shapes[x]
        self.weights[name + ".w"] = normal((c, units), math.sqrt((2.0 if act == "relu" else 1.0) / c), self.name, name)
        self.weights[name + ".b"] = normal((units,), 0.05, self.name, name, "b")
        self.flops += 2 * n * c * units
        return self.node("dense", name, [x], (n, units), act=act)

    def maxpool(self, x, name, kernel, stride):
        n, h, w, c = self.shapes[x]
        return self.node("maxpool", name, [x], (n, -(-h // stride), -(-w // stride), c), kernel=kernel, stride=stride)

    def mean(self, x, name="mean"):
        return self.node("mean", name, [x], (self.shapes[x][0], self.shapes[x][3]))

    def flatten(self, x, name="flatten"):
        return self.node("flatten", name, [x], (self.shapes[x][0], math.prod(self.shapes[x][1:])))

    def add(self, x, y, name, act=None):
        return self.node("add", name, [x, y], self.shapes[x], act=act)

    def reference(self, values):
        t = {"input": values["input"]}
        for node in self.nodes:
            x = t[node["in"][0]]
            if node["op"] == "conv":
                y = conv2d(x, values[node["name"] + ".w"], node["stride"], node["groups"]) + values[node["name"] + ".b"]
            elif node["op"] == "dense":
                y = x @ values[node["name"] + ".w"] + values[node["name"] + ".b"]
            elif node["op"] == "maxpool":
                y = -np.inf
                for _, _, view in taps(pad_hw(x, node["kernel"], node["stride"], -np.inf), node["kernel"], node["stride"]):
                    y = np.maximum(y, view)
            elif node["op"] == "mean":
                y = x.mean((1, 2))
            elif node["op"] == "flatten":
                y = x.reshape(len(x), -1)
            elif node["op"] == "add":
                y = x + t[node["in"][1]]
            act = node.get("act")
            t[node["name"]] = {None: lambda v: v, "relu": lambda v: np.maximum(v, 0), "relu6": lambda v: np.clip(v, 0, 6),
                               "softmax": softmax}[act](y)
        return {k: t[k] for k in self.outputs}, {}

    def onnx(self, workload):
        g, t = Onnx(self.name), {"input": "input"}
        nchw = lambda s: (s[0], s[3], s[1], s[2]) if len(s) == 4 else s
        for node in self.nodes:
            name, x, act = node["name"], t[node["in"][0]], node.get("act")
            source = self.shapes[node["in"][0]]
            if "kernel" in node:
                k, s = node["kernel"], node["stride"]
                (top, bottom), (left, right) = same_pads(source[1], k, s), same_pads(source[2], k, s)
                window = dict(kernel_shape=[k, k], strides=[s, s], pads=[top, left, bottom, right])
            out = name if act is None else name + ".pre"
            if node["op"] == "conv":
                w = g.constant(name + ".w", self.weights[name + ".w"].transpose(3, 2, 0, 1))
                y = g("Conv", x, w, g.constant(name + ".b", self.weights[name + ".b"]), out=out, group=node["groups"], **window)
            elif node["op"] == "dense":
                w = self.weights[name + ".w"]
                before = next((m for m in self.nodes if m["name"] == node["in"][0] and m["op"] == "flatten"), None)
                if before:  # the rows follow NHWC order; ONNX flattens NCHW
                    _, h, wd, c = self.shapes[before["in"][0]]
                    w = w.reshape(h, wd, c, -1).transpose(2, 0, 1, 3).reshape(h * wd * c, -1)
                y = g("Gemm", x, g.constant(name + ".w", w), g.constant(name + ".b", self.weights[name + ".b"]), out=out)
            elif node["op"] == "maxpool":
                y = g("MaxPool", x, out=out, **window)
            elif node["op"] == "mean":
                y = g("Flatten", g("GlobalAveragePool", x), out=out)
            elif node["op"] == "flatten":
                y = g("Flatten", x, out=out)
            elif node["op"] == "add":
                y = g("Add", x, t[node["in"][1]], out=out)
            if act == "relu":
                y = g("Relu", y, out=name)
            elif act == "relu6":
                y = g("Clip", y, g.constant("zero", np.array(0, F)), g.constant("six", np.array(6, F)), out=name)
            elif act == "softmax":
                y = g("Softmax", y, out=name, axis=-1)
            t[name] = y
        return g.model({"input": nchw(self.input_shape)}, {k: nchw(self.shapes[k]) for k in self.outputs})

    def workload(self, title, outputs, rtol=1e-3):
        self.outputs = outputs
        image = normal(self.input_shape, 1.0, self.name, "input")
        return Workload(self.name, title, inputs={"input": image}, weights=self.weights, reference=self.reference,
                        flops=self.flops, rtol=rtol, onnx=self.onnx, nodes=self.nodes,
                        output_bytes=4 * sum(math.prod(self.shapes[k]) for k in outputs))


def vgg16():
    net = Net("vgg16", (1, 224, 224, 3))
    x = "input"
    for block, (count, filters) in enumerate(((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)), 1):
        for i in range(1, count + 1):
            x = net.conv(x, f"block{block}_conv{i}", filters, 3, act="relu")
        x = net.maxpool(x, f"block{block}_pool", 2, 2)
    x = net.dense(net.dense(net.flatten(x), "fc1", 4096, "relu"), "fc2", 4096, "relu")
    net.dense(x, "predictions", 1000, "softmax")
    return net.workload("VGG16 1x224x224x3, fetching block5_conv3 and predictions", ["block5_conv3", "predictions"])


def resnet50():
    net = Net("resnet50", (1, 224, 224, 3))
    x = net.maxpool(net.conv("input", "conv1", 64, 7, 2, "relu"), "pool1", 3, 2)
    for stage, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), 2):
        for block in range(blocks):
            p, stride = f"conv{stage}_block{block + 1}", 2 if block == 0 and stage > 2 else 1
            short = net.conv(x, p + "_0", 4 * width, 1, stride, gain=1.0) if block == 0 else x
            y = net.conv(x, p + "_1", width, 1, 1, "relu")
            y = net.conv(y, p + "_2", width, 3, stride, "relu")
            x = net.add(net.conv(y, p + "_3", 4 * width, 1, gain=0.2), short, p + "_add", "relu")
    net.dense(net.mean(x), "predictions", 1000, "softmax")
    return net.workload("ResNet-50 v1.5 1x224x224x3, batch norm folded", ["predictions"])


def mobilenet_v2():
    net = Net("mobilenet_v2", (1, 224, 224, 3))
    x, channels = net.conv("input", "conv1", 32, 3, 2, "relu6"), 32
    index = 0
    for expand, filters, repeat, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(repeat):
            p, y, index = f"block{index}", x, index + 1
            if expand > 1:
                y = net.conv(y, p + "_expand", expand * channels, 1, 1, "relu6")
            y = net.conv(y, p + "_depthwise", None, 3, first if i == 0 else 1, "relu6", depthwise=True)
            y = net.conv(y, p + "_project", filters, 1, gain=1.0)
            x = net.add(x, y, p + "_add") if i > 0 else y
            channels = filters
    x = net.conv(x, "conv_last", 1280, 1, 1, "relu6")
    net.dense(net.mean(x), "predictions", 1000, "softmax")
    return net.workload("MobileNetV2 1.0 1x224x224x3, batch norm folded", ["predictions"])


# --- dense networks -------------------------------------------------------------------------------------------------

ADAM = {"lr": 1e-3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-7}


def mlp_train():
    name, batch, sizes = "mlp_train", 128, (784, 512, 512, 10)
    weights, state = {}, []
    for i in range(3):
        weights[f"w{i}"] = normal(sizes[i:i + 2], math.sqrt(2 / sizes[i]), name, f"w{i}")
        weights[f"b{i}"] = np.zeros(sizes[i + 1], F)
    params = list(weights)
    for p in params:
        weights["m_" + p], weights["v_" + p] = np.zeros_like(weights[p]), np.zeros_like(weights[p])
    weights["step"] = np.zeros((), F)
    state = list(weights)

    def reference(v):
        x, y = v["x"], v["y"]
        h0 = np.maximum(x @ v["w0"] + v["b0"], 0)
        h1 = np.maximum(h0 @ v["w1"] + v["b1"], 0)
        probs = softmax(h1 @ v["w2"] + v["b2"])
        loss = -(y * np.log(probs)).sum() / batch
        d2 = (probs - y) / batch
        d1 = (d2 @ v["w2"].T) * (h1 > 0)
        d0 = (d1 @ v["w1"].T) * (h0 > 0)
        grads = {"w0": x.T @ d0, "b0": d0.sum(0), "w1": h0.T @ d1, "b1": d1.sum(0), "w2": h1.T @ d2, "b2": d2.sum(0)}
        step = v["step"] + 1
        rate = ADAM["lr"] * np.sqrt(1 - ADAM["beta2"] ** step) / (1 - ADAM["beta1"] ** step)
        new = {"step": step}
        for p, g in grads.items():
            m = ADAM["beta1"] * v["m_" + p] + (1 - ADAM["beta1"]) * g
            s = ADAM["beta2"] * v["v_" + p] + (1 - ADAM["beta2"]) * g * g
            new.update({p: v[p] - rate * m / (np.sqrt(s) + ADAM["eps"]), "m_" + p: m, "v_" + p: s})
        return {"loss": loss}, new

    macs = sum(a * b for a, b in zip(sizes, sizes[1:]))
    count = sum(weights[p].size for p in params)
    return Workload(name, "one step: MLP 784-512-512-10, batch 128, cross entropy, Adam (Keras form), variables and slots in place",
                    inputs={"x": uniform((batch, 784), 0, 1, name, "x"), "y": one_hot(batch, 10, name, "y")},
                    weights=weights, state=state, reference=reference, calls=3, rtol=2e-3, attrs=ADAM,
                    flops=2 * batch * (3 * macs - sizes[0] * sizes[1]) + 12 * count)


def mlp_predict_tiny():
    name, sizes = "mlp_predict_tiny", (8, 16, 16, 4)
    weights = {}
    for i in range(3):
        weights[f"w{i}"] = normal(sizes[i:i + 2], math.sqrt(2 / sizes[i]), name, f"w{i}")
        weights[f"b{i}"] = normal(sizes[i + 1], 0.1, name, f"b{i}")

    def reference(v):
        h = np.maximum(v["x"] @ v["w0"] + v["b0"], 0)
        h = np.maximum(h @ v["w1"] + v["b1"], 0)
        return {"probs": softmax(h @ v["w2"] + v["b2"])}, {}

    def onnx(w):
        g, x = Onnx(name), "x"
        for i in range(3):
            x = g("Gemm", x, g.constant(f"w{i}", weights[f"w{i}"]), g.constant(f"b{i}", weights[f"b{i}"]))
            x = g("Relu", x) if i < 2 else g("Softmax", x, out="probs", axis=-1)
        return g.model({"x": (1, 8)}, {"probs": (1, 4)})

    return Workload(name, "MLP 8-16-16-4, relu, softmax, batch 1 (call overhead)", inputs={"x": normal((1, 8), 1, name, "x")},
                    weights=weights, reference=reference, onnx=onnx, output_bytes=16,
                    flops=2 * sum(a * b for a, b in zip(sizes, sizes[1:])))


def lstm_stream():
    name, n, u = "lstm_stream", 64, 128
    weights = {"w": normal((n, 4 * u), math.sqrt(1 / n), name, "w"), "u": normal((u, 4 * u), math.sqrt(1 / u), name, "u"),
               "b": normal(4 * u, 0.1, name, "b"), "h": np.zeros((1, u), F), "c": np.zeros((1, u), F)}

    def reference(v):
        i, f, g, o = np.split(v["x"] @ v["w"] + v["h"] @ v["u"] + v["b"], 4, -1)
        c = sigmoid(f) * v["c"] + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return {"y": h}, {"h": h, "c": c}

    def onnx(w):
        g = Onnx(name)
        both = np.concatenate([weights["w"], weights["u"]])
        z = g("Gemm", g("Concat", "x", "h", axis=1), g.constant("wu", both), g.constant("b", weights["b"]))
        i, f, c, o = g("Split", z, out=["i", "f", "g", "o"], axis=1)
        keep = g("Mul", g("Sigmoid", f), "c")
        g("Add", keep, g("Mul", g("Sigmoid", i), g("Tanh", c)), out="c_out")
        g("Mul", g("Sigmoid", o), g("Tanh", "c_out"), out="h_out")
        return g.model({"x": (1, n), "h": (1, u), "c": (1, u)}, {"h_out": (1, u), "c_out": (1, u)})

    return Workload(name, "one LSTM step, input 64, hidden 128, batch 1, h and c in place (gates i f g o)",
                    inputs={"x": normal((1, n), 1, name, "x")}, weights=weights, state=["h", "c"], reference=reference, calls=3,
                    onnx=onnx, output_bytes=4 * u, flops=2 * (n + u) * 4 * u + 9 * u)


def bert_encoder():
    name, layers, d, heads, ffn, seq, eps = "bert_encoder", 6, 384, 12, 1536, 128, 1e-12
    weights = {}
    for l in range(layers):
        for key, shape in (("q", (d, d)), ("k", (d, d)), ("v", (d, d)), ("o", (d, d)), ("up", (d, ffn)), ("down", (ffn, d))):
            weights[f"l{l}.{key}.w"] = normal(shape, math.sqrt(1 / shape[0]), name, f"l{l}.{key}.w")
            weights[f"l{l}.{key}.b"] = normal(shape[1], 0.05, name, f"l{l}.{key}.b")
        for key in ("ln1", "ln2"):
            weights[f"l{l}.{key}.gamma"] = 1 + normal(d, 0.05, name, f"l{l}.{key}.gamma")
            weights[f"l{l}.{key}.beta"] = normal(d, 0.05, name, f"l{l}.{key}.beta")

    def reference(v):
        x = v["embeddings"]
        split = lambda t: t.reshape(1, seq, heads, d // heads).transpose(0, 2, 1, 3)
        for l in range(layers):
            lin = lambda t, k: t @ v[f"l{l}.{k}.w"] + v[f"l{l}.{k}.b"]
            q, k, w = split(lin(x, "q")), split(lin(x, "k")), split(lin(x, "v"))
            a = softmax(q @ k.transpose(0, 1, 3, 2) / math.sqrt(d // heads)) @ w
            x = layernorm(x + lin(a.transpose(0, 2, 1, 3).reshape(1, seq, d), "o"), v[f"l{l}.ln1.gamma"], v[f"l{l}.ln1.beta"], eps)
            x = layernorm(x + lin(gelu(lin(x, "up")), "down"), v[f"l{l}.ln2.gamma"], v[f"l{l}.ln2.beta"], eps)
        return {"hidden": x}, {}

    def onnx(w):
        g, x = Onnx(name), "embeddings"
        shape4 = g.constant("shape4", np.array([1, seq, heads, d // heads]))
        shape3 = g.constant("shape3", np.array([1, seq, d]))
        const = lambda k, v: g.constant(k, np.array(v, F))
        for l in range(layers):
            weight = lambda k: g.constant(f"l{l}.{k}", weights[f"l{l}.{k}"])
            lin = lambda t, k: g("Add", g("MatMul", t, weight(k + ".w")), weight(k + ".b"))
            split = lambda t, perm: g("Transpose", g("Reshape", t, shape4), perm=perm)
            q, k, v = split(lin(x, "q"), [0, 2, 1, 3]), split(lin(x, "k"), [0, 2, 3, 1]), split(lin(x, "v"), [0, 2, 1, 3])
            scores = g("Div", g("MatMul", q, k), const("root", math.sqrt(d // heads)))
            a = g("Transpose", g("MatMul", g("Softmax", scores, axis=-1), v), perm=[0, 2, 1, 3])
            x = g("Add", x, lin(g("Reshape", a, shape3), "o"))
            x = g("LayerNormalization", x, weight("ln1.gamma"), weight("ln1.beta"), axis=-1, epsilon=eps)
            up = lin(x, "up")
            erf_ = g("Add", g("Erf", g("Div", up, const("sqrt2", math.sqrt(2)))), const("one", 1))
            y = lin(g("Mul", g("Mul", up, erf_), const("half", 0.5)), "down")
            x = g("LayerNormalization", g("Add", x, y), weight("ln2.gamma"), weight("ln2.beta"), axis=-1, epsilon=eps,
                  out="hidden" if l == layers - 1 else None)
        return g.model({"embeddings": (1, seq, d)}, {"hidden": (1, seq, d)})

    return Workload(name, "BERT encoder of MiniLM-L6 shape (hidden 384, 12 heads, ffn 1536, 128 tokens, batch 1), erf gelu, no mask",
                    inputs={"embeddings": normal((1, seq, d), 1, name, "x")}, weights=weights, reference=reference, rtol=1e-3,
                    onnx=onnx, output_bytes=4 * seq * d, attrs={"layers": layers, "heads": heads, "eps": eps},
                    flops=layers * 2 * seq * (4 * d * d + 2 * d * ffn + 2 * seq * d))


# --- memory-bound ---------------------------------------------------------------------------------------------------

def gelu_residual():
    name, n = "gelu_residual", 1024
    inputs = {"x": normal((n, n), 1, name, "x"), "residual": normal((n, n), 1, name, "r")}
    weights = {"a": 1 + normal(n, 0.1, name, "a"), "b": normal(n, 0.1, name, "b")}

    def onnx(w):
        g = Onnx(name)
        const = lambda k, v: g.constant(k, np.array(v, F))
        t = g("Add", g("Mul", "x", g.constant("a", weights["a"])), g.constant("b", weights["b"]))
        e = g("Add", g("Erf", g("Div", t, const("sqrt2", math.sqrt(2)))), const("one", 1))
        g("Add", g("Mul", g("Mul", t, e), const("half", 0.5)), "residual", out="y")
        return g.model({"x": (n, n), "residual": (n, n)}, {"y": (n, n)})

    return Workload(name, "gelu(x * a + b) + residual, 1024x1024, a and b [1024], erf form", inputs=inputs, weights=weights,
                    reference=lambda v: ({"y": gelu(v["x"] * v["a"] + v["b"]) + v["residual"]}, {}), onnx=onnx,
                    flops=8 * n * n, output_bytes=4 * n * n)


def softmax_1024():
    name, n = "softmax_1024", 1024

    def onnx(w):
        g = Onnx(name)
        g("Softmax", "x", out="y", axis=1)
        return g.model({"x": (n, n)}, {"y": (n, n)})

    return Workload(name, "softmax over axis 1, 1024x1024", inputs={"x": normal((n, n), 2, name, "x")},
                    reference=lambda v: ({"y": softmax(v["x"])}, {}), onnx=onnx, flops=5 * n * n, output_bytes=4 * n * n)


def layernorm_1024():
    name, n, eps = "layernorm_1024", 1024, 1e-5
    weights = {"gamma": 1 + normal(n, 0.1, name, "gamma"), "beta": normal(n, 0.1, name, "beta")}

    def onnx(w):
        g = Onnx(name)
        g("LayerNormalization", "x", g.constant("gamma", weights["gamma"]), g.constant("beta", weights["beta"]), out="y", axis=-1, epsilon=eps)
        return g.model({"x": (n, n)}, {"y": (n, n)})

    return Workload(name, "layer norm over axis 1, 1024x1024, gamma and beta [1024]", inputs={"x": normal((n, n), 2, name, "x")},
                    weights=weights, reference=lambda v: ({"y": layernorm(v["x"], v["gamma"], v["beta"], eps)}, {}), onnx=onnx,
                    flops=7 * n * n, output_bytes=4 * n * n, attrs={"eps": eps})


def spmm(name="spmm", shuffled=False):
    n, k, nnz = 10000, 64, 100000
    generator = rng("spmm", "indices")
    flat = np.sort(generator.choice(n * n, nnz, replace=False))
    if shuffled:
        generator.shuffle(flat)
    indices = np.stack([flat // n, flat % n], 1).astype(np.int64)
    inputs = {"indices": indices, "values": normal(nnz, 1, name, "values"), "dense": normal((n, k), 1, name, "dense")}

    def reference(v):
        y = np.zeros((n, k))
        np.add.at(y, v["indices"][:, 0], v["values"][:, None] * v["dense"][v["indices"][:, 1]])
        return {"y": y}, {}

    order = "any order" if shuffled else "row-major order"
    return Workload(name, f"COO sparse 10000x10000 (100,000 entries, {order}, int64 indices) times dense 10000x64", inputs=inputs,
                    reference=reference, flops=2 * nnz * k, output_bytes=4 * n * k, attrs={"shape": [n, n]})


def spmm_shuffled():
    return spmm("spmm_shuffled", shuffled=True)


# --- state ----------------------------------------------------------------------------------------------------------

SGD = {"lr": 0.01, "momentum": 0.9, "bn_momentum": 0.99, "bn_eps": 1e-3}


def cnn_bn_train():
    """ResNet8 of MLPerf Tiny without the convolutions' biases (batch norm follows) and without weight decay."""
    name, batch = "cnn_bn_train", 32
    convs = {"c0": (3, 3, 16, 1), "c1": (3, 16, 16, 1), "c2": (3, 16, 16, 1), "c3": (3, 16, 32, 2), "c4": (3, 32, 32, 1),
             "s2": (1, 16, 32, 2), "c5": (3, 32, 64, 2), "c6": (3, 64, 64, 1), "s3": (1, 32, 64, 2)}
    sizes = {"c0": 32, "c1": 32, "c2": 32, "c3": 16, "c4": 16, "s2": 16, "c5": 8, "c6": 8, "s3": 8}
    params = {}
    for key, (k, i, o, _) in convs.items():
        params[key + ".w"] = normal((k, k, i, o), math.sqrt(2 / (k * k * i)), name, key)
        if key[0] == "c":
            params[key + ".gamma"], params[key + ".beta"] = np.ones(o, F), np.zeros(o, F)
        else:
            params[key + ".b"] = np.zeros(o, F)
    params["fc.w"], params["fc.b"] = normal((64, 10), math.sqrt(1 / 64), name, "fc"), np.zeros(10, F)
    weights = dict(params)
    for p in params:
        weights["v_" + p] = np.zeros_like(params[p])
    for key, (_, _, o, _) in convs.items():
        if key[0] == "c":
            weights[key + ".mean"], weights[key + ".var"] = np.zeros(o, F), np.ones(o, F)

    def reference(v):
        grads, new = {}, {}

        def conv_bn(x, key):
            z = conv2d(x, v[key + ".w"], convs[key][3])
            mean, var = z.mean((0, 1, 2)), z.var((0, 1, 2))
            inv = 1 / np.sqrt(var + SGD["bn_eps"])
            zhat = (z - mean) * inv
            keep = SGD["bn_momentum"]
            new[key + ".mean"] = keep * v[key + ".mean"] + (1 - keep) * mean
            new[key + ".var"] = keep * v[key + ".var"] + (1 - keep) * var

            def back(dy):
                grads[key + ".gamma"], grads[key + ".beta"] = (dy * zhat).sum((0, 1, 2)), dy.sum((0, 1, 2))
                count = dy[..., 0].size
                dz = v[key + ".gamma"] * inv * (dy - grads[key + ".beta"] / count - zhat * grads[key + ".gamma"] / count)
                dx, grads[key + ".w"] = conv2d_gradients(x, v[key + ".w"], dz, convs[key][3])
                return dx
            return zhat * v[key + ".gamma"] + v[key + ".beta"], back

        relu = lambda t: np.maximum(t, 0)
        a0, b0 = conv_bn(v["x"], "c0")
        h0 = relu(a0)
        a1, b1 = conv_bn(h0, "c1")
        a2, b2 = conv_bn(relu(a1), "c2")
        h1 = relu(h0 + a2)
        a3, b3 = conv_bn(h1, "c3")
        a4, b4 = conv_bn(relu(a3), "c4")
        h2 = relu(a4 + conv2d(h1, v["s2.w"], 2) + v["s2.b"])
        a5, b5 = conv_bn(h2, "c5")
        a6, b6 = conv_bn(relu(a5), "c6")
        h3 = relu(a6 + conv2d(h2, v["s3.w"], 2) + v["s3.b"])
        pooled = h3.mean((1, 2))
        probs = softmax(pooled @ v["fc.w"] + v["fc.b"])
        loss = -(v["y"] * np.log(probs)).sum() / batch

        d = (probs - v["y"]) / batch
        grads["fc.w"], grads["fc.b"] = pooled.T @ d, d.sum(0)
        d3 = np.broadcast_to((d @ v["fc.w"].T)[:, None, None] / 64, h3.shape) * (h3 > 0)
        grads["s3.b"] = d3.sum((0, 1, 2))
        dshort, grads["s3.w"] = conv2d_gradients(h2, v["s3.w"], d3, 2)
        d2 = (b5(b6(d3) * (a5 > 0)) + dshort) * (h2 > 0)
        grads["s2.b"] = d2.sum((0, 1, 2))
        dshort, grads["s2.w"] = conv2d_gradients(h1, v["s2.w"], d2, 2)
        d1 = (b3(b4(d2) * (a3 > 0)) + dshort) * (h1 > 0)
        b0((b1(b2(d1) * (a1 > 0)) + d1) * (h0 > 0))
        for p, g in grads.items():
            new["v_" + p] = SGD["momentum"] * v["v_" + p] - SGD["lr"] * g
            new[p] = v[p] + new["v_" + p]
        return {"loss": loss}, new

    forward = sum(2 * batch * sizes[k] ** 2 * kk * kk * i * o for k, (kk, i, o, _) in convs.items())
    first = 2 * batch * 32 * 32 * 27 * 16
    return Workload(name, "one step: ResNet8 (MLPerf Tiny IC) 32x32x3, batch 32, batch norm training with moving averages, SGD momentum 0.9",
                    inputs={"x": normal((batch, 32, 32, 3), 1, name, "x"), "y": one_hot(batch, 10, name, "y")}, weights=weights,
                    state=list(weights), reference=reference, calls=3, rtol=1e-2, attrs={**SGD, "convs": convs},
                    flops=3 * forward - first)


def kalman():
    name, dt = "kalman", 0.1
    weights = {"F": np.array([[1, 0, dt, 0], [0, 1, 0, dt], [0, 0, 1, 0], [0, 0, 0, 1]], F),
               "H": np.array([[1, 0, 0, 0], [0, 1, 0, 0]], F), "Q": np.diag(np.array([.01, .01, .1, .1], F)) + F(0.001),
               "R": np.array([[.5, .1], [.1, .4]], F), "x": np.zeros((4, 1), F), "P": np.eye(4, dtype=F)}

    def reference(v):
        xp = v["F"] @ v["x"]
        pp = v["F"] @ v["P"] @ v["F"].T + v["Q"]
        hp = v["H"] @ pp
        (a, b), (c, d) = hp @ v["H"].T + v["R"]
        gain = hp.T @ (np.array([[d, -b], [-c, a]]) / (a * d - b * c))
        x = xp + gain @ (v["z"] - v["H"] @ xp)
        return {"estimate": x}, {"x": x, "P": (np.eye(4) - gain @ v["H"]) @ pp}

    def onnx(w):
        g = Onnx(name)
        k = {n: g.constant(n, weights[n]) for n in "FHQR"}
        ft, ht = g.constant("Ft", weights["F"].T), g.constant("Ht", weights["H"].T)
        xp = g("MatMul", k["F"], "x")
        pp = g("Add", g("MatMul", g("MatMul", k["F"], "P"), ft), k["Q"])
        pht = g("MatMul", pp, ht)
        s = g("Reshape", g("Add", g("MatMul", k["H"], pht), k["R"]), g.constant("four", np.array([4])))
        a, b, c, d = g("Split", s, out=["sa", "sb", "sc", "sd"], axis=0)
        det = g("Sub", g("Mul", a, d), g("Mul", b, c))
        adj = g("Concat", d, g("Neg", b), g("Neg", c), a, axis=0)
        inv = g("Reshape", g("Div", adj, det), g.constant("two_two", np.array([2, 2])))
        gain = g("MatMul", pht, inv)
        g("Add", xp, g("MatMul", gain, g("Sub", "z", g("MatMul", k["H"], xp))), out="x_out")
        g("MatMul", g("Sub", g.constant("I", np.eye(4, dtype=F)), g("MatMul", gain, k["H"])), pp, out="P_out")
        return g.model({"z": (2, 1), "x": (4, 1), "P": (4, 4)}, {"x_out": (4, 1), "P_out": (4, 4)})

    return Workload(name, "one Kalman filter step, 4 states, 2 measurements, x and P in place, 2x2 inverse in closed form",
                    inputs={"z": np.array([[1.0], [-0.5]], F)}, weights=weights, state=["x", "P"], reference=reference, calls=5,
                    onnx=onnx, output_bytes=16, flops=2 * (16 + 64 + 64 + 32 + 16 + 16 + 8 + 8 + 32 + 64) + 50)


ALL = {f.__name__: f for f in (vgg16, mlp_train, mlp_predict_tiny, lstm_stream, resnet50, mobilenet_v2, bert_encoder,
                               gelu_residual, softmax_1024, layernorm_1024, cnn_bn_train, spmm, spmm_shuffled, kalman)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--export", metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    print("| workload | MFLOP | MB | what |\n|---|--:|--:|---|")
    for name in args.names or ALL:
        w = ALL[name]()
        print(f"| {w.name} | {w.flops / 1e6:,.4g} | {w.bytes / 1e6:,.4g} | {w.title} |" if w.flops < 1e9 else
              f"| {w.name} | {w.flops / 1e6:,.0f} | {w.bytes / 1e6:,.4g} | {w.title} |", flush=True)
        if args.export:
            w.export(args.export)


if __name__ == "__main__":
    main()
