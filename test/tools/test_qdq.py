"""Ops between DequantizeLinear and QuantizeLinear, computed in bytes: within one step of floats."""

import numpy as np

from test_run_onnx import graph, initializer, outputs_of

KINDS = {np.uint8: 2, np.int8: 3}


def dequantized(x, scale, zero, axis=0):
    def along(v):
        v = np.asarray(v)
        return v.reshape([-1 if d == axis else 1 for d in range(x.ndim)]) if v.ndim else v
    return (x.astype(np.float64) - along(zero)) * along(scale)


def quantized(y, scale, zero, kind):
    limits = np.iinfo(kind)
    return np.clip(np.rint(y / scale) + zero, limits.min, limits.max)


def pair(name, scale, zero, attributes=""):
    """Initializers of a scale and a zero point, and the node that dequantizes `name`."""
    return (initializer(f"{name}_s", np.asarray(scale, np.float32)) + initializer(f"{name}_z", zero) +
            f'node {{ op_type: "DequantizeLinear" input: ["{name}", "{name}_s", "{name}_z"] output: "{name}_f" {attributes} }}\n')


def ints(name, *values):
    return f'attribute {{ name: "{name}" type: INTS ' + " ".join(f"ints: {v}" for v in values) + " }"


def back(name, like):
    return f'node {{ op_type: "QuantizeLinear" input: ["{name}", "{like}_s", "{like}_z"] output: "{name}_q" }}\n'


def windows(x, size, pads, value):
    x = np.pad(x, ((0, 0), (0, 0), (pads, pads), (pads, pads)), constant_values=value)
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), (2, 3))


def test_convolutions(tools):
    rng = np.random.default_rng(5)
    for kind, groups, bound, size in ((np.uint8, 1, "Relu", 3), (np.int8, 1, "Clip", 1), (np.int8, 6, "Relu", 3), (np.uint8, 2, None, 3)):
        limits, c, out = np.iinfo(kind), 6, 12
        x = rng.integers(limits.min, limits.max + 1, (1, c, 7, 5)).astype(kind)
        w = rng.integers(-127, 128, (out, c // groups, size, size)).astype(np.int8)
        bias = rng.integers(-3000, 3000, out).astype(np.int32)
        x_scale, w_scale = np.float32(0.02), rng.uniform(0.001, 0.01, out).astype(np.float32)
        x_zero, y_scale, y_zero = kind(limits.min + 100), np.float32(0.05), kind(limits.min + (0 if bound else 128))
        nodes = initializer("w", w) + initializer("b", bias.view(np.uint8)).replace("data_type: 2 dims: 48", "data_type: 6 dims: 12")
        nodes += pair("x", x_scale, x_zero) + pair("w", w_scale, np.zeros(out, np.int8), 'attribute { name: "axis" type: INT i: 0 }')
        nodes += initializer("b_s", x_scale * w_scale) + 'node { op_type: "DequantizeLinear" input: ["b", "b_s"] output: "b_f" attribute { name: "axis" type: INT i: 0 } }\n'
        pads = size // 2
        nodes += (f'node {{ op_type: "Conv" input: ["x_f", "w_f", "b_f"] output: "v" {ints("pads", *[pads] * 4)} '
                  f'attribute {{ name: "group" type: INT i: {groups} }} }}\n')
        low, high = initializer("low", np.float32(0.5)), initializer("high", np.float32(4))
        nodes += {"Relu": 'node { op_type: "Relu" input: "v" output: "y" }\n', None: 'node { op_type: "Identity" input: "v" output: "y" }\n',
                  "Clip": low + high + 'node { op_type: "Clip" input: ["v", "low", "high"] output: "y" }\n'}[bound]
        nodes += initializer("y_s", y_scale) + initializer("y_z", y_zero) + back("y", "y")
        got = outputs_of(tools, graph([("x", KINDS[kind], x.shape)], nodes, ["y_q"]), {"x": x})["y_q"]
        seen = windows(dequantized(x, x_scale, x_zero), size, pads, 0).reshape(1, groups, c // groups, 7, 5, size, size)
        filters = dequantized(w, w_scale, 0).reshape(groups, out // groups, c // groups, size, size)
        y = np.einsum("ngcyxij,gocij->ngoyx", seen, filters).reshape(1, out, 7, 5) + (bias * (x_scale * w_scale)).reshape(out, 1, 1)
        y = {"Relu": np.maximum(y, 0), "Clip": np.clip(y, 0.5, 4), None: y}[bound]
        assert np.abs(got.astype(float) - quantized(y, y_scale, y_zero, kind)).max() <= 1, (kind, groups, bound)


def test_products(tools):
    rng = np.random.default_rng(6)
    for kind, gemm in ((np.uint8, False), (np.int8, True)):
        limits = np.iinfo(kind)
        x, w = rng.integers(limits.min, limits.max + 1, (5, 37)).astype(kind), rng.integers(0, 256, (37, 20)).astype(np.uint8)
        w_scale, w_zero = rng.uniform(0.001, 0.01, 20).astype(np.float32), rng.integers(90, 150, 20).astype(np.uint8)
        stored = np.ascontiguousarray(w.T) if gemm else w
        nodes = initializer("w", stored) + pair("x", 0.03, kind(limits.min + 77))
        nodes += pair("w", w_scale, w_zero, f'attribute {{ name: "axis" type: INT i: {0 if gemm else 1} }}')
        nodes += ('node { op_type: "Gemm" input: ["x_f", "w_f"] output: "y" attribute { name: "transB" type: INT i: 1 } }\n' if gemm
                  else 'node { op_type: "MatMul" input: ["x_f", "w_f"] output: "y" }\n')
        nodes += initializer("y_s", np.float32(0.04)) + initializer("y_z", kind(limits.min + 128)) + back("y", "y")
        got = outputs_of(tools, graph([("x", KINDS[kind], x.shape)], nodes, ["y", "y_q"]), {"x": x})
        y = dequantized(x, np.float32(0.03), limits.min + 77) @ dequantized(w, w_scale, w_zero, 1)
        assert np.allclose(got["y"], y, rtol=1e-5, atol=1e-4)
        assert np.abs(got["y_q"].astype(float) - quantized(y, 0.04, limits.min + 128, kind)).max() <= 1


def test_moved_bytes(tools):
    """Bytes that only move, or of which the greatest are taken, come out as they are."""
    rng = np.random.default_rng(7)
    x = rng.integers(0, 256, (1, 4, 6, 6)).astype(np.uint8)
    nodes = pair("x", 0.1, np.uint8(9)) + f"""
      node {{ op_type: "MaxPool" input: "x_f" output: "m" {ints("kernel_shape", 2, 2)} {ints("strides", 2, 2)} {ints("pads", 1, 1, 1, 1)} }}
      node {{ op_type: "Transpose" input: "m" output: "t" {ints("perm", 0, 2, 3, 1)} }}
      node {{ op_type: "Concat" input: ["t", "t"] output: "c" attribute {{ name: "axis" type: INT i: 1 }} }}
    """ + back("c", "x")
    text = graph([("x", 2, x.shape)], nodes, ["c_q", "c"])
    got = outputs_of(tools, text, {"x": x})
    most = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))).reshape(1, 4, 4, 2, 4, 2).max((3, 5)).transpose(0, 2, 3, 1)
    assert np.array_equal(got["c_q"], np.concatenate([most, most], 1))
    assert np.allclose(got["c"], (np.concatenate([most, most], 1).astype(float) - 9) * 0.1, atol=1e-5)
    done = tools.run_fnc("import", "g.onnx", "-o", "-")
    assert "fn.max_pool" in done.stdout and "tensor<1x4x4x4xui8>" in done.stdout, done.stdout
