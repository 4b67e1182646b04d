#!/usr/bin/env python3
"""Writes keras_layers.npz: what layers of Keras 3 (NumPy or JAX back end) give for random weights.

    KERAS_BACKEND=jax python keras_layers.py

A case NAME is op, attrs, clauses (how an operand stands in fnc's assembly), operands x0, x1, ... and results y0, y1, ...
"""
import pathlib

import keras
import numpy as np
from keras import layers, ops

rng = np.random.default_rng(3)
out = {}


def f32(*shape):
    return rng.normal(size=shape).astype(np.float32)


def record(name, op, attrs, operands, results):
    out[f"{name}/op"], out[f"{name}/attrs"] = np.array(op), np.array(attrs)
    out[f"{name}/clauses"] = np.array(",".join(clause for clause, _ in operands))
    for i, (_, x) in enumerate(operands):
        out[f"{name}/x{i}"] = np.asarray(x)
    for i, y in enumerate(results):
        out[f"{name}/y{i}"] = ops.convert_to_numpy(y)


def built(layer, x, weights):
    layer.build(x.shape)
    layer.set_weights(weights)
    return layer


def normalization():
    for axis, shape in ((-1, (6, 4)), (-1, (3, 5, 5, 4)), (1, (3, 4, 5, 5))):
        x, g, b, m, v = f32(*shape), f32(4), f32(4), f32(4), rng.uniform(0.5, 2, 4).astype(np.float32)
        layer = built(layers.BatchNormalization(axis=axis, momentum=0.9), x, [g, b, m, v])
        attrs = f"axis = {axis % len(shape)} : i64"
        operands = [("", x), ("", m), ("", v), ("scale", g), ("offset", b)]
        name = f"batch_norm_{len(shape)}_{axis % len(shape)}"
        record(name, "batch_norm", attrs, operands, [layer(x, training=False)])
        y = layer(x, training=True)
        record(name + "_training", "batch_norm_training", attrs + ", momentum = 0.9 : f64", operands,
               [y, layer.moving_mean, layer.moving_variance])
    x, g, b = f32(3, 5, 4), f32(4), f32(4)
    record("layer_norm", "layer_norm", "", [("", x), ("scale", g), ("offset", b)],
           [built(layers.LayerNormalization(), x, [g, b])(x)])
    record("rms_norm", "rms_norm", "", [("", x), ("scale", g)], [built(layers.RMSNormalization(), x, [g])(x)])
    x = f32(2, 3, 3, 6)
    g, b = f32(6), f32(6)
    for groups in (1, 2, 3, 6):
        record(f"group_norm_{groups}", "group_norm", f"groups = {groups} : i64", [("", x), ("scale", g), ("offset", b)],
               [built(layers.GroupNormalization(groups), x, [g, b])(x)])


def attention():
    q, k, v = f32(2, 5, 3, 4), f32(2, 7, 3, 4), f32(2, 7, 3, 4)
    mask = rng.integers(0, 2, (2, 1, 5, 7)).astype(bool)
    mask[..., 0] = True
    heads = [np.ascontiguousarray(x.transpose(0, 2, 1, 3)) for x in (q, k, v)]
    for name, options, attrs, operands in [
            ("attention", {}, "", []), ("attention_mask", {"mask": mask}, "", [("mask", mask)]),
            ("attention_causal", {"is_causal": True}, "causal", [])]:
        y = ops.dot_product_attention(q, k, v, **options)
        record(name, "attention", attrs, [("", x) for x in heads] + operands, [ops.transpose(y, (0, 2, 1, 3))])


def recurrent():
    x, mask = f32(3, 6, 4), np.array([[1, 1, 1, 1, 1, 1], [0, 1, 1, 0, 1, 1], [1, 1, 1, 0, 0, 0]], bool)
    for kind, gates, states in (("SimpleRNN", 1, 1), ("LSTM", 4, 2), ("GRU", 3, 1), ("GRU", 3, 1)):
        after = (kind == "GRU" and f"GRU_{True}" not in recurrent.done)
        recurrent.done.add(f"{kind}_{after}")
        k, r = f32(4, 5 * gates), f32(5, 5 * gates)
        b = f32(2, 5 * gates) if after else f32(5 * gates)
        initial = [f32(3, 5) for _ in range(states)]
        for backwards in (False, True):
            for masked in (False, True):
                options = {"reset_after": after} if kind == "GRU" else {}
                layer = getattr(layers, kind)(5, return_sequences=True, return_state=True, go_backwards=backwards, **options)
                layer = built(layer, x, [k, r, b])
                results = layer(x, initial_state=initial if states > 1 else initial[0], mask=mask if masked else None)
                attrs = ", ".join(a for a, on in (("reset_after", after), ("go_backwards", backwards)) if on)
                operands = [("", x), ("", k), ("", r), ("bias", b)] + list(zip(("hidden", "cell"), initial))
                name = f"{kind}{'_after' if after else ''}{'_backwards' if backwards else ''}{'_masked' if masked else ''}"
                record(name, {"SimpleRNN": "rnn"}.get(kind, kind.lower()), attrs,
                       operands + ([("mask", mask)] if masked else []), results)


recurrent.done = set()
normalization()
attention()
recurrent()
np.savez_compressed(pathlib.Path(__file__).resolve().parent / "keras_layers.npz", **out)
print(keras.__version__, keras.backend.backend(), len(out))
