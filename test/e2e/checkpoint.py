#!/usr/bin/env python3
"""Gradients that compute forward values again, from checkpoints, against those that keep all: checkpoint.py FNC.

The same bits in outputs and variables, in a smaller workspace. Ends with `N passed, N failed`.
"""
import pathlib
import sys
import tempfile

import numpy as np

from checks import check, finish

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import Library  # noqa: E402


def t(*shape):
    return "tensor<" + "".join(f"{n}x" for n in shape) + "f32>"


def functions(inputs, loss, updates, kept, more=""):
    """@f_whole and @f_lean, of which the second has checkpoints."""
    head = f'inputs({inputs}) outputs("loss" = {loss} : {t()}{more}) updates({updates})'
    return [f'fn.function @whole as "f_whole" {head}',
            f'fn.function @lean as "f_lean" {head} checkpoint({", ".join(kept)})']


def mlp(layers=12, batch=32, width=64):
    """Dense layers with dropout, whose random numbers are drawn again."""
    x = t(batch, width)
    lines = [f'%x = fn.placeholder "x" : {x}', f'%y = fn.placeholder "y" : {x}',
             '%s = fn.variable "s" : tensor<3xi64> = dense<[5, 0, 9]>']
    h, state = "%x", "%s"
    for i in range(layers):
        lines += [f'%w{i} = fn.variable "w{i}" : {t(width, width)} = #fn.glorot_uniform<seed = {i + 1}>',
                  f'%b{i} = fn.variable "b{i}" : {t(width)} = dense<0.01>',
                  f'%p{i} = fn.matmul {h}, %w{i} : ({x}, {t(width, width)}) -> {x}',
                  f'%z{i} = fn.add %p{i}, %b{i} : ({x}, {t(width)}) -> {x}',
                  f'%a{i} = fn.gelu %z{i} : {x}',
                  f'%h{i}, %s{i} = fn.dropout %a{i}, {state} {{rate = 0.1 : f64}} : ({x}, tensor<3xi64>) -> ({x}, tensor<3xi64>)']
        h, state = f"%h{i}", f"%s{i}"
    names = [f"%{n}{i}" for i in range(layers) for n in "wb"]
    types = ", ".join([t(width, width), t(width)] * layers)
    lines += [f'%loss = fn.mse {h}, %y : ({x}, {x}) -> {t()}',
              f'%step = fn.minimize %loss, ({", ".join(names)}) {{optimizer = #fn.adam<learning_rate = 0.01>}} : {t()}, ({types})']
    lines += functions(f"%x : {x}, %y : {x}", "%loss", f"%s = {state} : tensor<3xi64>, %step",
                       [f"%h{i} : {x}, %s{i} : tensor<3xi64>" for i in range(3, layers - 1, 4)])
    return lines, [(batch, width)] * 2, [()], 0.6


def cnn(layers=9, batch=4, size=12, channels=8):
    """Residual blocks with batch normalization; one of the checkpoints is fed by an output."""
    x, k, c = t(batch, size, size, channels), t(3, 3, channels, channels), t(channels)
    lines = [f'%x = fn.placeholder "x" : {x}', '%epsilon = fn.constant dense<0.001> : tensor<f32>']
    h = "%x"
    for i in range(layers):
        lines += [f'%k{i} = fn.variable "k{i}" : {k} = #fn.glorot_uniform<seed = {i + 1}>',
                  f'%g{i} = fn.variable "g{i}" : {c} = #fn.ones',
                  f'%c{i} = fn.conv {h}, %k{i} {{padding = "same"}} : ({x}, {k}) -> {x}',
                  f'%m{i} = fn.reduce_mean %c{i} {{axes = array<i64: 0, 1, 2>}} : ({x}) -> {c}',
                  f'%d{i} = fn.sub %c{i}, %m{i} : ({x}, {c}) -> {x}',
                  f'%q{i} = fn.square %d{i} : {x}',
                  f'%v{i} = fn.reduce_mean %q{i} {{axes = array<i64: 0, 1, 2>}} : ({x}) -> {c}',
                  f'%e{i} = fn.add %v{i}, %epsilon : ({c}, tensor<f32>) -> {c}',
                  f'%i{i} = fn.rsqrt %e{i} : {c}',
                  f'%u{i} = fn.mul %i{i}, %g{i} : ({c}, {c}) -> {c}',
                  f'%n{i} = fn.mul %d{i}, %u{i} : ({x}, {c}) -> {x}',
                  f'%r{i} = fn.relu %n{i} : {x}',
                  f'%h{i} = fn.add %r{i}, {h} : ({x}, {x}) -> {x}']
        h = f"%h{i}"
    names = [f"%{n}{i}" for i in range(layers) for n in "kg"]
    lines += [f'%hh = fn.square {h} : {x}', f'%loss = fn.reduce_mean %hh : ({x}) -> {t()}',
              f'%step = fn.minimize %loss, ({", ".join(names)}) {{optimizer = #fn.sgd<learning_rate = 0.01, momentum = 0.9>}}'
              f' : {t()}, ({", ".join([k, c] * layers)})']
    lines += functions(f"%x : {x}", "%loss", "%step", [f"%h{i} : {x}" for i in range(2, layers - 1, 3)],
                       f', "h2" = %h2 : {x}')
    return lines, [(batch, size, size, channels)], [(), (batch, size, size, channels)], 0.7


def second_order(layers=8, batch=8, width=16):
    """The gradient of a gradient's norm."""
    x, w = t(batch, width), t(width, width)
    lines = [f'%x = fn.placeholder "x" : {x}']
    h = "%x"
    for i in range(layers):
        lines += [f'%w{i} = fn.variable "w{i}" : {w} = #fn.glorot_uniform<seed = {i + 1}>',
                  f'%p{i} = fn.matmul {h}, %w{i} : ({x}, {w}) -> {x}', f'%h{i} = fn.tanh %p{i} : {x}']
        h = f"%h{i}"
    lines += [f'%sum = fn.reduce_sum {h} : ({x}) -> {t()}',
              f'%dx = fn.gradients %sum, (%x) : ({t()}, {x}) -> {x}',
              f'%dd = fn.square %dx : {x}', f'%loss = fn.reduce_sum %dd : ({x}) -> {t()}',
              f'%step = fn.minimize %loss, (%w0, %w3) {{optimizer = #fn.sgd<learning_rate = 0.1>}} : {t()}, ({w}, {w})']
    lines += functions(f"%x : {x}", "%loss", "%step", [f"%h{i} : {x}" for i in (2, 5)], f', "dx" = %dx : {x}')
    return lines, [(batch, width)], [(), (batch, width)], None


def control(steps=6, width=4):
    """A loop and a branch before the checkpoint, and sizes that only the call knows."""
    x, xs, w = t(width), t("?", width), t(width, width)
    lines = [f'%xs = fn.placeholder "xs" : {xs}', f'%w = fn.variable "w" : {w} = #fn.glorot_uniform<seed = 1>',
             f'%h0 = fn.variable "h0" : {x} = dense<0.1>', '%zero = fn.constant dense<0.0> : tensor<f32>',
             f'%last, %all = fn.scan (%h = %h0) over (%s = %xs) : ({x}, {xs}) -> ({x}, {xs}) {{',
             f'  %r = fn.matmul %w, %h : ({w}, {x}) -> {x}', f'  %z = fn.add %r, %s : ({x}, {x}) -> {x}',
             f'  %t = fn.tanh %z : {x}', f'  fn.yield %t, %t : {x}, {x}', '}',
             f'%sum = fn.reduce_sum %last : ({x}) -> {t()}', f'%flag = fn.greater %sum, %zero : ({t()}, {t()}) -> tensor<i1>',
             f'%c = fn.if %flag : (tensor<i1>) -> {xs} {{', f'  %a = fn.matmul %all, %w : ({xs}, {w}) -> {xs}',
             f'  fn.yield %a : {xs}', '} else {', f'  %a = fn.sin %all : {xs}', f'  fn.yield %a : {xs}', '}',
             f'%e = fn.exp %c : {xs}', f'%loss = fn.reduce_mean %e : ({xs}) -> {t()}',
             f'%step = fn.minimize %loss, (%w, %h0) {{optimizer = #fn.adam<learning_rate = 0.1>}} : {t()}, ({w}, {x})']
    lines += functions(f"%xs : {xs}", "%loss", "%step", [f"%c : {xs}"])
    return lines, [(steps, width)], [()], None


def state(library):
    return {name: library.variable(name) for name in library.variables}


def main(fnc):
    rng = np.random.default_rng(1)
    for make in (mlp, cnn, second_order, control):
        lines, inputs, outputs, share = make()
        text = "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n"
        with tempfile.TemporaryDirectory() as folder:
            sides = []
            for name in ("whole", "lean"):
                (pathlib.Path(folder) / name).mkdir()
                sides.append((name, Library(fnc, text, pathlib.Path(folder) / name)))
            for step in range(3):
                feeds = [rng.standard_normal(shape).astype(np.float32) for shape in inputs]
                results = [library.call(name, feeds, [np.zeros(shape, np.float32) for shape in outputs])
                           for name, library in sides]
                check(all(status.code == 0 for status, _ in results), f"{make.__name__}: status of step {step}")
                for a, b in zip(results[0][1], results[1][1]):
                    check(a.tobytes() == b.tobytes() and np.isfinite(a).all(), f"{make.__name__}: output of step {step}")
                for name, value in state(sides[0][1]).items():
                    check(value.tobytes() == sides[1][1].variable(name).tobytes(),
                          f"{make.__name__}: {name} after step {step}")
            bytes_of = {f["name"]: f["workspace_bytes"] for f in sides[0][1].manifest["functions"]}
            if share:
                check(bytes_of["lean"] < share * bytes_of["whole"], f"{make.__name__}: workspace {bytes_of}")
    finish()


if __name__ == "__main__":
    main(sys.argv[1])
