#!/usr/bin/env python3
"""Differential fuzzer: random graphs through generated objects against NumPy, state included.

    fuzz.py --fnc PATH [--seeds FIRST:LAST[:STEP]] [--no-reduce] [--time-limit SECONDS]

A seed is a graph: ops of the whole dialect over all element types, static and dynamic sizes, several functions on shared
state, simultaneous updates, effects under control, gradients, optimizers, sparse feeds, feeds of inner values and variables.
Two of five have few ops of sizes at which the compiler fuses (`forms.py` counts what they become).
Each function is called several times, sometimes with infinities, empty batches or indices out of range; a call that must
return a status must change nothing. Every buffer lies between guard zones. A graph that does not compile is a failure.
A failing graph is made small and printed with what it was fed. Ends with `N passed, N failed`.
"""
import argparse
import os
import pathlib
import pickle
import re
import signal
import sys
import tempfile
import time
import zlib

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "golden"))
import elements  # noqa: E402
from coo import Coo  # noqa: E402
from evaluate import Call, CallError  # noqa: E402
from generate import LARGEST, Builder, feed  # noqa: E402
from graph import size_of  # noqa: E402
from reduce import reduce  # noqa: E402
from machine import machine  # noqa: E402
from run import Library, Sparse  # noqa: E402

RUNS, MORE = 4, 20                                          # the first without noise; more before a difference is one


class Failure(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind

    def __reduce__(self):
        return Failure, (self.kind, str(self))


def calls_of(graph, seed):
    """(function, number, sizes, special): the functions in turns."""
    rng = np.random.default_rng(seed)
    for number in range(3):
        for f in graph.functions:
            key = np.random.default_rng(zlib.crc32(f"{seed}/{f.name}/{number}".encode()))
            sizes = {s: int(key.choice([0, 1, 2, 3, 5, 8, 17], p=[.05, .15, .2, .2, .2, .1, .1])) for s in "nm"}
            while any(size_of(d, sizes) < 0 for t in f.inputs for d in t.shape):
                sizes = {s: min(n + 1, LARGEST) for s, n in sizes.items()}
            yield f, number, sizes, key.random() < 0.1


class References:
    """Outputs and state of a call as it should be, then of noisy ones; None where it fails."""

    def __init__(self, *call):
        self.call, self.made, self.doubts = call, [], {}
        self.add(RUNS)

    def add(self, count):
        function, feeds, state, sizes, key = self.call
        for run in range(len(self.made), len(self.made) + count):
            noise = np.random.default_rng([key, run]) if run else None
            try:
                self.made.append(Call(feeds, state, dict(sizes), noise, doubts=self.doubts).run(function))
            except CallError:
                self.made.append(None)


def differs(got, runs, dtype):
    """Where `got` is none of what a correct compiler may give."""
    base = runs[0]
    if got.shape != base.shape:
        return True
    if dtype not in elements.FLOATS:
        agreed = np.logical_and.reduce([r == base for r in runs]) if base.size else np.ones(base.shape, bool)
        return bool(np.any(agreed & (got != base)))
    with np.errstate(all="ignore"):
        finite = np.logical_and.reduce([np.isfinite(r) for r in runs])
        same = np.logical_and.reduce([(r == base) | (np.isnan(r) & np.isnan(base)) for r in runs]) & ~finite
        bound = 4 * np.max([np.abs(r - base) for r in runs], axis=0) + 2 * elements.epsilon(dtype) * np.abs(base)
        tiny = {"f32": 1e-36, "f64": 1e-300, "f16": 1e-6, "bf16": 1e-36}[dtype]
        wrong = finite & ~(np.abs(got - base) <= bound + tiny)
        wrong |= same & ~((got == base) | (np.isnan(got) & np.isnan(base)))
    return bool(np.any(wrong))


def show(name, got, runs):
    return (f"{name}:\n{got}\nexpected\n{runs[0]}\nspread\n"
            f"{np.max([np.abs(np.asarray(r, np.float64) - np.asarray(runs[0], np.float64)) for r in runs], axis=0)}")


def numbers(x):
    return repr(x) if isinstance(x, Coo) else np.array2string(np.asarray(x), threshold=200, separator=", ")


def current_state(library, graph):
    """Numbers and element types of all variables. Those that are read only lie in no state."""
    kinds = {n: re.sub("^u", "ui", v["dtype"]) for n, v in library.variables.items()}
    raw = {n: library.variable(n) for n in kinds if "offset" in library.variables[n]}
    raw |= {v.name: v.node.data for v in graph.variables if v.name not in raw}
    kinds |= {v.name: v.dtype for v in graph.variables}
    return {n: elements.decode(raw[n], kinds[n]) for n in kinds}, kinds


def compare(function, status, outputs, state, after, kinds, made):
    """The kind and the place of a difference, or None."""
    if not all(made):
        return ("no status", "should have failed") if not any(made) and not status.code else None
    if status.code:
        return "status", f"status {status.code}, expected {status.expected}, got {status.got}"
    for i, (t, value) in enumerate(zip(function.outputs, outputs)):
        runs = [m[0][i] for m in made]
        if differs(value, runs, t.dtype):
            return "output", show(f"output {i} ({t.name})", value, runs)
    for n in after:
        runs = [m[1][n] for m in made]
        same = runs[0] is state[n]
        if same and not np.array_equal(after[n], state[n], equal_nan=True) or differs(after[n], runs, kinds[n]):
            return "variable", show(f"variable {n}", after[n], runs)
    return None


def run(fnc, graph, text, seed, folder, options):
    try:
        library = Library(fnc, text, folder, options)
    except RuntimeError as error:
        line = next((l for l in str(error).splitlines() if "error:" in l), str(error))
        kind = re.sub(r"%\w+|@\w+|'[^']*'|\d+", "", line.split("error:")[-1])
        raise Failure(f"compile:{kind}", str(error))
    for f, number, sizes, special in calls_of(graph, seed):
        key = f"{seed}/{f.name}/{number}"
        feeds, arrays = {}, []
        for t in f.inputs:
            x = feeds[t] = feed(t, sizes, key, special)
            arrays.append(Sparse(x.indices, elements.encode(x.values, t.dtype), x.shape) if t.sparse
                          else elements.encode(x, t.dtype))
        state, kinds = current_state(library, graph)
        entry = library.state.bytes.copy()
        references = References(f, feeds, state, sizes, zlib.crc32(key.encode()))
        example = next((m for m in references.made if m), None)
        wanted = []
        for i, t in enumerate(f.outputs):
            # Of a call that fails: of any size that is large enough.
            wanted.append(np.zeros(4096 * 8, np.uint8) if example is None else elements.encode(example[0][i], t.dtype))
        note = f"call {number} of @{f.name}, sizes {sizes}" + "".join(
            f"\n  {t.name} = {numbers(x)}" for t, x in feeds.items()) + "".join(
            f"\n  state {n} = {numbers(x)}" for n, x in state.items())
        try:
            status, got = library.call(f.name, arrays, wanted)
        except RuntimeError as error:
            raise Failure("guard", f"{error}\n{note}")
        if status.code and not np.array_equal(entry, library.state.bytes):
            raise Failure("state after error", f"status {status.code}, and the state has changed\n{note}")
        after, _ = current_state(library, graph)

        def difference():
            return compare(f, status, [elements.decode(g, t.dtype) for g, t in zip(got, f.outputs)], state, after, kinds,
                           references.made)
        if difference():
            # A few noisy calls may all be near one another by chance.
            references.add(MORE)
            if found := difference():
                raise Failure(found[0], f"{found[1]}\n{note}")


def apart(work):
    """What a function returns, in a process of its own: generated code may bring it down."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        with os.fdopen(write, "wb") as pipe:
            pickle.dump(work(), pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        data = pipe.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return Failure("crash", f"killed by {signal.Signals(os.WTERMSIG(status)).name}")
    return pickle.loads(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fnc", required=True)
    parser.add_argument("--seeds", default="0:100")
    parser.add_argument("--no-reduce", action="store_true")
    parser.add_argument("--time-limit", type=float, help="no new seed after so many seconds")
    options = parser.parse_args()
    seeds = range(*map(int, options.seeds.split(":")))
    np.seterr(all="ignore")
    passed = failed = 0
    start = time.monotonic()
    for seed in seeds:
        if options.time_limit and time.monotonic() - start > options.time_limit:
            break
        builder = Builder(seed)
        graph = builder.graph
        level = ["-O0", "-O1", "-O2", "-O2", "-O3", "-Os"][seed % 6]
        more = [level] + ["--cpu", "native"] * (seed % 2 and not machine().options)

        def outcome(graph):
            # Lines in another order mean the same.
            text = graph.text(builder.random if seed % 3 == 0 else None)

            def work():
                try:
                    run(options.fnc, graph, text, seed, pathlib.Path(folder), more)
                except Failure as failure:
                    return failure
                except Exception as error:                  # whatever went wrong is the seed's failure
                    return Failure(type(error).__name__, repr(error))
                return None
            with tempfile.TemporaryDirectory() as folder:
                return apart(work), text
        failure, text = outcome(graph)
        passed += failure is None
        if failure is None:
            continue
        failed += 1
        if not options.no_reduce:
            print(f"seed {seed}: {failure.kind}", flush=True)

            def kind_of(graph):
                found = outcome(graph)[0]
                return found and found.kind
            reduce(graph, kind_of, failure.kind)
            failure, text = outcome(graph) if outcome(graph)[0] else (failure, text)
        print(f"seed {seed} ({' '.join(more)}), {failure.kind}: {failure}\n{text}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
