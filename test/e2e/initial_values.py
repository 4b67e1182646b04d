#!/usr/bin/env python3
"""Initial values drawn by generated objects against Philox 4x32-10 in NumPy: initial_values.py FNC.

The generator here is checked against the published known-answer vectors of Random123 before it judges anything.
"""
import math
import pathlib
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import Library  # noqa: E402


def philox(counter, key):
    c, k = [np.uint64(x) for x in counter], [int(x) for x in key]
    mask = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), p1 & mask,
             (p0 >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), p0 & mask]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return [int(x) for x in c]


def words(count, seed):
    out = []
    for block in range(-(-count // 4)):
        out += philox([block, 0, 0, 0], [seed & 0xFFFFFFFF, seed >> 32])
    return np.array(out[:count], np.uint64)


def check(condition, what):
    if not condition:
        sys.exit(f"failed: {what}")


ones = 0xFFFFFFFF
check(philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8], "known answer 1")
check(philox([ones] * 4, [ones] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD], "known answer 2")
check(philox([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0]) ==
      [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1], "known answer 3")

GRAPH = """fn.graph @g {
  %u = fn.variable "u" : tensor<37x11xf32> = #fn.uniform<0.0, 1.0, seed = 12345678901>
  %n = fn.variable "n" : tensor<200x100xf32> = #fn.normal<1.0, 2.0, seed = 2>
  %t = fn.variable "t" : tensor<200x100xf32> = #fn.truncated_normal<0.0, 1.0, seed = 3>
  %gu = fn.variable "gu" : tensor<30x50xf32> = #fn.glorot_uniform<seed = 4>
  %same = fn.variable "same" : tensor<30x50xf32> = #fn.glorot_uniform<seed = 4>
  %hn = fn.variable "hn" : tensor<3x3x20x100xf32> = #fn.he_normal<seed = 5>
  %z = fn.variable "z" : tensor<5xi32> = #fn.ones
  fn.function @get outputs("z" = %z : tensor<5xi32>)
}
"""

with tempfile.TemporaryDirectory() as folder:
    library = Library(sys.argv[1], GRAPH, pathlib.Path(folder))
    v = library.variable
    uniform = ((words(37 * 11, 12345678901) >> np.uint64(8)) * 2.0 ** -24).astype(np.float32).reshape(37, 11)
    check(np.array_equal(v("u"), uniform), "uniform numbers are the upper 24 bits")
    check(abs(v("n").mean() - 1) < 0.05 and abs(v("n").std() - 2) < 0.05, "mean and deviation of normal")
    check(abs(v("t")).max() <= 2.0001 and abs(v("t").std() - 0.8796) < 0.02, "truncated normal stays in two deviations")
    limit = math.sqrt(6 / 80)
    glorot = ((words(1500, 4) >> np.uint64(8)) * 2.0 ** -24 * 2 * limit - limit).reshape(30, 50)
    check(np.allclose(v("gu"), glorot, rtol=1e-6, atol=1e-7), "Glorot's limit")
    check(np.array_equal(v("gu"), v("same")), "equal seeds give equal numbers")
    check(abs(v("hn").std() - math.sqrt(2 / 180)) < 0.003, "deviation by He")
    check((v("z") == 1).all(), "ones")
print("initial values are right")
