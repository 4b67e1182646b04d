#!/usr/bin/env python3
"""The same training in NumPy, in float64: prints the numbers that the example is checked against."""
import pathlib

import numpy as np

data = pathlib.Path(__file__).parent / "data"


def load(name):
    raw = np.fromfile(data / f"{name}.bin", np.uint8).reshape(-1, 65)
    return raw[:, :64] / 16.0, raw[:, 64].astype(int)


x, y = load("train")
x_test, y_test = load("test")
w, b = np.zeros((64, 10)), np.zeros(10)
for epoch in range(20):
    losses = []
    for i in range(0, len(x), 32):
        batch, target = x[i:i + 32], np.eye(10)[y[i:i + 32]]
        z = batch @ w + b
        z -= z.max(1, keepdims=True)
        p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        losses.append(-(target * np.log(p)).sum(1).mean())
        d = (p - target) / len(batch)
        w, b = w - 0.5 * batch.T @ d, b - 0.5 * d.sum(0)
right = ((x_test @ w + b).argmax(1) == y_test).sum()
print(f"mean loss of the last epoch {np.mean(losses):.6f}, {right} of {len(y_test)} right")
