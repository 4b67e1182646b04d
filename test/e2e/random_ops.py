#!/usr/bin/env python3
"""Random ops against published vectors, NumPy and their distributions: random_ops.py FNC.

The generator in reference.py is checked against the known answers of Random123 (kat_vectors) before it judges anything.
Ends with `N passed, N failed`.
"""
import math
import pathlib
import sys
import tempfile

import numpy as np

import checks
import reference as ref
from checks import check, finish

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
from run import Library  # noqa: E402

KNOWN = [  # counter, key, answer
    ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    ([0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344], [0xA4093822, 0x299F31D0],
     [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]),
]
STATE = "tensor<3xi64>"
DTYPES = {"f16": np.float16, "f32": np.float32, "f64": np.float64, "i1": np.bool_, "i8": np.int8, "i32": np.int32,
          "i64": np.int64, "ui8": np.uint8, "ui16": np.uint16, "ui32": np.uint32, "ui64": np.uint64}

# name: op, attributes, result type, reference of a state
DRAWS = {
    "bits ui32": ("bits", "", "7x3xui32", lambda s: ref.bits(s, (7, 3), np.uint32)),
    "bits i8": ("bits", "", "9xi8", lambda s: ref.bits(s, (9,), np.int8)),
    "bits ui64": ("bits", "", "5xui64", lambda s: ref.bits(s, (5,), np.uint64)),
    "bits of nothing": ("bits", "", "0x3xui32", lambda s: ref.bits(s, (0, 3), np.uint32)),
    "bits of one": ("bits", "", "i32", lambda s: ref.bits(s, (), np.int32)),
    "uniform f32": ("uniform", "", "5x7xf32", lambda s: ref.uniform(s, (5, 7))),
    "uniform f64": ("uniform", "low = -2.0 : f64, high = 3.0 : f64", "33xf64",
                    lambda s: ref.uniform(s, (33,), np.float64, -2.0, 3.0)),
    "uniform f16": ("uniform", "low = 1.0 : f64, high = 1.25 : f64", "1000xf16",
                    lambda s: ref.uniform(s, (1000,), np.float16, 1.0, 1.25)),
    "normal f32": ("normal", "mean = 1.0 : f64, stddev = 2.0 : f64", "100xf32",
                   lambda s: ref.normal(s, (100,), np.float32, 1.0, 2.0)),
    "normal f64": ("normal", "", "101xf64", lambda s: ref.normal(s, (101,), np.float64)),
    "truncated f32": ("truncated_normal", "stddev = 0.5 : f64", "10x3xf32",
                      lambda s: ref.truncated_normal(s, (10, 3), np.float32, 0.0, 0.5)),
    "truncated f64": ("truncated_normal", "", "64xf64", lambda s: ref.truncated_normal(s, (64,), np.float64)),
    "bernoulli i1": ("bernoulli", "probability = 0.3 : f64", "50xi1", lambda s: ref.bernoulli(s, (50,), np.bool_, 0.3)),
    "bernoulli f32": ("bernoulli", "probability = 1.0 : f64", "50xf32",
                      lambda s: ref.bernoulli(s, (50,), np.float32, 1.0)),
    "integers i32": ("integers", "low = -3 : i64, high = 4 : i64", "101xi32",
                     lambda s: ref.integers(s, (101,), np.int32, -3, 4)),
    "integers ui8": ("integers", "high = 256 : i64", "40xui8", lambda s: ref.integers(s, (40,), np.uint8, 0, 256)),
    "integers i64": ("integers", f"low = {-2**62} : i64, high = {2**63 - 1} : i64", "40xi64",
                     lambda s: ref.integers(s, (40,), np.int64, -2**62, 2**63 - 1)),
    "permutation i32": ("permutation", "", "57xi32", lambda s: ref.permutation(s, 57)),
    "permutation of one": ("permutation", "", "1xi64", lambda s: ref.permutation(s, 1, np.int64)),
}
STATES = [np.array(x, np.uint64).astype(np.int64) for x in
          ([0, 0, 0], [2**64 - 1, 2**64 - 1, 2**64 - 1], [5, 0, 42], [2**64 - 2, 7, 2**63 + 9])]


def graph():
    lines = [f'%s = fn.placeholder "s" : {STATE}', f'%rng = fn.variable "rng" : {STATE} = dense<[0, 0, 7]>',
             '%x = fn.placeholder "x" : tensor<?x4xf32>', '%l = fn.placeholder "l" : tensor<?x5xf32>']
    for i, (op, attrs, result, _) in enumerate(DRAWS.values()):
        lines += [f"%v{i}, %n{i} = fn.random_{op} %s {{{attrs}}} : ({STATE}) -> (tensor<{result}>, {STATE})",
                  f'fn.function @d{i} as "f_d{i}" inputs(%s : {STATE}) outputs("v" = %v{i} : tensor<{result}>, '
                  f'"n" = %n{i} : {STATE})']
    lines += [
        f"%lu, %lun = fn.random_uniform %rng like(%x) : ({STATE}, tensor<?x4xf32>) -> (tensor<?x4xf32>, {STATE})",
        f"%lp, %lpn = fn.random_permutation %lun like(%lc) : ({STATE}, tensor<?xi64>) -> (tensor<?xi32>, {STATE})",
        f'%lc = fn.iota like(%lr) : (tensor<?xf32>) -> tensor<?xi64>',
        f'%lr = fn.reduce_sum %x {{axes = array<i64: 1>}} : (tensor<?x4xf32>) -> tensor<?xf32>',
        f'fn.function @like as "f_like" inputs(%x : tensor<?x4xf32>) outputs("u" = %lu : tensor<?x4xf32>, '
        f'"p" = %lp : tensor<?xi32>) updates(%rng = %lpn : {STATE})',
        f"%c, %cn = fn.random_categorical %s, %l : ({STATE}, tensor<?x5xf32>) -> (tensor<?xi32>, {STATE})",
        f"%cs, %csn = fn.random_categorical %s, %l {{samples = 3 : i64}} : ({STATE}, tensor<?x5xf32>) -> "
        f"(tensor<?x3xi64>, {STATE})",
        f'fn.function @cat as "f_cat" inputs(%s : {STATE}, %l : tensor<?x5xf32>) outputs("c" = %c : tensor<?xi32>, '
        f'"cs" = %cs : tensor<?x3xi64>, "n" = %csn : {STATE})',
        # Distributions, of many numbers.
        f"%bu, %bn0 = fn.random_uniform %s : ({STATE}) -> (tensor<40000xf32>, {STATE})",
        f"%bz, %bn1 = fn.random_normal %bn0 : ({STATE}) -> (tensor<40000xf32>, {STATE})",
        f"%bt, %bn2 = fn.random_truncated_normal %bn1 : ({STATE}) -> (tensor<40000xf32>, {STATE})",
        f"%bi, %bn3 = fn.random_integers %bn2 {{high = 6 : i64}} : ({STATE}) -> (tensor<40000xi32>, {STATE})",
        f"%bb, %bn4 = fn.random_bernoulli %bn3 {{probability = 0.25 : f64}} : ({STATE}) -> (tensor<40000xi1>, {STATE})",
        f'fn.function @many as "f_many" inputs(%s : {STATE}) outputs("u" = %bu : tensor<40000xf32>, '
        f'"z" = %bz : tensor<40000xf32>, "t" = %bt : tensor<40000xf32>, "i" = %bi : tensor<40000xi32>, '
        f'"b" = %bb : tensor<40000xi1>, "n" = %bn4 : {STATE})']
    return "fn.graph @g {\n  " + "\n  ".join(lines) + "\n}\n"


def same(got, want):
    if want.dtype.kind != "f" or want.dtype == np.float16:
        return np.array_equal(got, want)
    return np.allclose(got, want, rtol=1e-12 if want.dtype == np.float64 else 2e-6, atol=1e-12 if want.dtype == np.float64 else 2e-6)


def cdf_distance(x, cdf):
    """Kolmogorov and Smirnov's distance times the root of the count: above 1.95 once in a thousand times."""
    x = np.sort(x.astype(np.float64))
    n = len(x)
    f = cdf(x)
    return max(np.abs(f - np.arange(n) / n).max(), np.abs(f - np.arange(1, n + 1) / n).max()) * math.sqrt(n)


phi = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))

for counter, key, answer in KNOWN:
    check([int(x) for x in ref.philox(counter, key)] == answer, f"known answer of {counter}")
if checks.failed:
    sys.exit("the reference is wrong")

with tempfile.TemporaryDirectory() as folder:
    library = Library(sys.argv[1], graph(), pathlib.Path(folder))
    for counter, key, answer in KNOWN:
        state = np.array([counter[0] | counter[1] << 32, counter[2] | counter[3] << 32, key[0] | key[1] << 32],
                         np.uint64).astype(np.int64)
        status, got = library.call("d0", [state], [np.zeros((7, 3), np.uint32), state])
        check(status.code == 0 and got[0].reshape(-1)[:4].tolist() == answer, f"known answer of {counter}, compiled")
    for i, (name, (_, _, result, reference)) in enumerate(DRAWS.items()):
        for state in STATES:
            want, after = reference(state)
            status, got = library.call(f"d{i}", [state], [want, after])
            exact = not name.startswith(("normal", "truncated"))
            ok = np.array_equal(got[0], want) if exact else same(got[0], want)
            check(status.code == 0 and ok, f"{name} from {state}: {got[0].reshape(-1)[:4]} want {want.reshape(-1)[:4]}")
            check(np.array_equal(got[1], after), f"{name} from {state}: next state {got[1]}, expected {after}")
    state = library.variable("rng")
    for n in (1, 6, 0, 3):
        u, state = ref.uniform(state, (n, 4))
        p, state = ref.permutation(state, n)
        status, got = library.call("like", [np.zeros((n, 4), np.float32)], [u, p])
        check(status.code == 0 and np.array_equal(got[0], u) and np.array_equal(got[1], p), f"draws in a variable's turn, {n}")
        check(np.array_equal(library.variable("rng"), state), "the variable holds the next state")
    logits = np.float32([[0, 1, 2, -np.inf, 0.5], [3, 3, 3, 3, 3], [-np.inf, -np.inf, 0, -np.inf, -np.inf]] * 50)
    one, _ = ref.categorical(STATES[2], logits)
    three, after = ref.categorical(STATES[2], logits, 3, np.int64)
    status, got = library.call("cat", [STATES[2], logits], [one, three, after])
    check(status.code == 0 and np.array_equal(got[0], one) and np.array_equal(got[1], three), "categorical")
    check((got[0][2::3] == 2).all() and not (got[1][0::3] == 3).any(), "categorical: what has no probability is not drawn")
    check(np.array_equal(got[2], after), "categorical: next state")
    shares = np.bincount(got[1][0::3].reshape(-1), minlength=5) / 150
    expected = np.exp(logits[0]) / np.exp(logits[0]).sum()
    check(np.abs(shares - expected).max() < 0.1, f"categorical: shares {shares}, expected {expected}")

    outs = [np.zeros(40000, np.float32)] * 3 + [np.zeros(40000, np.int32), np.zeros(40000, bool), STATES[2]]
    status, (u, z, t, i, b, _) = library.call("many", [STATES[2]], outs)
    check(u.min() >= 0 and u.max() < 1 and cdf_distance(u, lambda x: x) < 1.95, "uniform distribution")
    check(abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.02, "uniform numbers do not depend on the one before")
    check(cdf_distance(z, phi) < 1.95 and 3.5 < np.abs(z).max() < 5.5, "normal distribution")
    check(np.abs(t).max() <= 2 and cdf_distance(t, lambda x: (phi(x) - phi(-2)) / (phi(2) - phi(-2))) < 1.95,
          "truncated normal distribution")
    hits = np.bincount(i, minlength=6)
    check(len(hits) == 6 and ((hits - 40000 / 6) ** 2 / (40000 / 6)).sum() < 20.5, f"integers are equally likely: {hits}")
    check(abs(b.mean() - 0.25) < 0.01, "Bernoulli's probability")
finish()
